/**
 * Takes control strings out of what a lab prints, before the terminal sees it: OSC, DCS, APC, PM and SOS (ECMA-48 §8.3)
 * could set titles, links, the clipboard or answer queries. Works on a stream: a string may be split over many chunks.
 * Cursor movement, colours and everything else pass.
 */
const ESC = 0x1b;
const BEL = 0x07;
const CAN = 0x18;
const SUB = 0x1a;
/** Second octets of the opening: ESC P (DCS), X (SOS), ] (OSC), ^ (PM), _ (APC). */
const OPENERS = new Set([0x50, 0x58, 0x5d, 0x5e, 0x5f]);

type State = "text" | "escape" | "string" | "string-escape" | "utf8-c2";

export class TerminalFilter {
  private state: State = "text";

  /** @returns what may be shown of `chunk`, together with what earlier chunks left open. */
  pass(chunk: Uint8Array): Uint8Array {
    const out = new Uint8Array(chunk.length + 1);
    let n = 0;
    for (const byte of chunk) {
      switch (this.state) {
        case "text":
          if (byte === ESC) this.state = "escape";
          else if (byte === 0xc2) this.state = "utf8-c2";
          else out[n++] = byte;
          break;
        case "escape":
          if (OPENERS.has(byte)) this.state = "string";
          else if (byte === ESC) out[n++] = ESC;
          else {
            out[n++] = ESC;
            out[n++] = byte;
            this.state = "text";
          }
          break;
        // The C1 forms of the same openers, U+0090, 98, 9d, 9e and 9f, are C2 xx in UTF-8.
        case "utf8-c2":
          if (byte === 0x90 || byte === 0x98 || (byte >= 0x9d && byte <= 0x9f)) this.state = "string";
          else {
            out[n++] = 0xc2;
            if (byte === ESC) this.state = "escape";
            else if (byte !== 0xc2) {
              out[n++] = byte;
              this.state = "text";
            }
          }
          break;
        case "string":
          if (byte === BEL || byte === CAN || byte === SUB) this.state = "text";
          else if (byte === ESC) this.state = "string-escape";
          else if (byte === 0x9c) this.state = "text";
          break;
        case "string-escape":
          // ESC \ ends the string. Another escape ends it too and is one of its own.
          if (byte === 0x5c) this.state = "text";
          else if (OPENERS.has(byte)) this.state = "string";
          else if (byte !== ESC) {
            out[n++] = ESC;
            out[n++] = byte;
            this.state = "text";
          }
          break;
      }
    }
    return out.subarray(0, n);
  }
}
