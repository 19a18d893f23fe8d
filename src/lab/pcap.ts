/** Frames of cables as a pcapng file with an interface a cable's end (draft-ietf-opsawg-pcapng), times in nanoseconds. */
import { encodeUtf8 } from "../base/bytes.ts";
import type { Cable } from "../sim/cable.ts";
import type { CaptureArena } from "../sim/capture.ts";
import { LINKTYPE } from "../wire/pcap.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER = 0x1a2b3c4d;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const OPT_END = 0;
const IF_NAME = 2;
const IF_TSRESOL = 9;

class Writer {
  private bytes = new Uint8Array(1 << 16);
  private view = new DataView(this.bytes.buffer);
  at = 0;

  private need(n: number): void {
    if (this.at + n <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(2 * this.bytes.length, this.at + n));
    wider.set(this.bytes);
    this.bytes = wider;
    this.view = new DataView(wider.buffer);
  }
  u16(v: number): void {
    this.need(2);
    this.view.setUint16(this.at, v, true);
    this.at += 2;
  }
  u32(v: number): void {
    this.need(4);
    this.view.setUint32(this.at, v, true);
    this.at += 4;
  }
  /** Padded to four octets. */
  padded(b: Uint8Array): void {
    const room = (b.length + 3) & ~3;
    this.need(room);
    this.bytes.set(b, this.at);
    this.bytes.fill(0, this.at + b.length, this.at + room);
    this.at += room;
  }
  /** A block: type, length, body, length again. */
  block(type: number, body: () => void): void {
    const start = this.at;
    this.u32(type);
    this.u32(0);
    body();
    const length = this.at + 4 - start;
    this.u32(length);
    this.view.setUint32(start + 4, length, true);
  }
  option(code: number, value: Uint8Array): void {
    this.u16(code);
    this.u16(value.length);
    this.padded(value);
  }
  end(): Uint8Array {
    return this.bytes.slice(0, this.at);
  }
}

/** @param only index of one cable; all of them without it. */
export function pcapOf(arena: CaptureArena, cables: readonly Cable[], only?: number): Uint8Array {
  const w = new Writer();
  w.block(SECTION_HEADER, () => {
    w.u32(BYTE_ORDER);
    w.u16(1);
    w.u16(0);
    w.u32(0xffff_ffff); // length of the section: not given
    w.u32(0xffff_ffff);
  });
  const numbers = new Map<number, number>();
  for (const cable of only === undefined ? cables : cables.slice(only, only + 1)) {
    const [nameA, nameB] = cable.name.split(" ");
    for (const [point, name] of [[cable.a.point, nameA], [cable.b.point, nameB]] as const) {
      numbers.set(point, numbers.size);
      w.block(INTERFACE, () => {
        w.u16(LINKTYPE.ETHERNET);
        w.u16(0);
        w.u32(0); // no limit to what is kept
        w.option(IF_NAME, encodeUtf8(name ?? cable.name));
        w.option(IF_TSRESOL, Uint8Array.of(9));
        w.option(OPT_END, new Uint8Array(0));
      });
    }
  }
  for (let i = arena.oldest; i < arena.end; i++) {
    const f = arena.get(i);
    const number = f === undefined ? undefined : numbers.get(f.point);
    if (f === undefined || number === undefined) continue;
    w.block(ENHANCED_PACKET, () => {
      w.u32(number);
      w.u32(Math.floor(f.at / 0x1_0000_0000));
      w.u32(f.at >>> 0 === f.at ? f.at : f.at % 0x1_0000_0000);
      w.u32(f.bytes.length);
      w.u32(f.wireLen);
      w.padded(f.bytes);
    });
  }
  return w.end();
}
