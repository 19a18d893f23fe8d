/** Keys from the terminal of a pager: raw while it shows something, as it was before when it leaves. */
import { decodeUtf8, encodeUtf8 } from "../../../base/bytes.ts";
import type { Waitable } from "../../../base/wait-queue.ts";
import type { Process, Run } from "../../process.ts";
import type { Tty, TtyMode } from "../../tty.ts";

const SEQUENCE = /^\x1b(?:[[O][0-9;]*[A-Za-z~]|.)/s;

const NAMES: Readonly<Record<string, string>> = {
  "[A": "up", OA: "up", "[B": "down", OB: "down", "[C": "right", OC: "right", "[D": "left", OD: "left", "[5~": "pgup", "[6~": "pgdn", "[H": "home", OH: "home", "[1~": "home", "[F": "end", OF: "end", "[4~": "end",
};

export class Keyboard {
  readonly tty: Tty;
  /** Ctrl-C was typed since it was last looked at. */
  interrupted = false;
  resized = false;
  private readonly proc: Process;
  private readonly before: TtyMode;
  private held = "";

  constructor(proc: Process, tty: Tty) {
    this.proc = proc;
    this.tty = tty;
    this.before = { ...tty.mode };
    this.raw();
    proc.onSignal("SIGINT", () => {
      this.interrupted = true;
    });
    proc.onSignal("SIGWINCH", () => {
      this.resized = true;
    });
  }

  private raw(): void {
    this.tty.mode = { ...this.before, canonical: false, echo: false };
  }

  /** What is not signals: the mode the terminal had. */
  restore(): void {
    this.tty.mode = { ...this.before };
  }

  *write(text: string): Run<void> {
    let rest = encodeUtf8(text);
    while (rest.length > 0) {
      const n = this.tty.write(rest);
      if (n === "EAGAIN") yield { write: [this.tty] };
      else if (typeof n === "string") return;
      else rest = rest.subarray(n);
    }
  }

  /** Gives a key back to be read again. */
  unread(key: string): void {
    this.held = (key.length === 1 ? key : "") + this.held;
  }

  private fill(): void {
    const bytes: number[] = [];
    while (this.tty.readable) {
      const got = this.tty.read(256);
      if (typeof got === "string") break;
      bytes.push(...got);
      // The end of the terminal: whoever shows something leaves.
      if (got.length === 0) this.held += "q";
      if (got.length === 0) break;
    }
    this.held += decodeUtf8(Uint8Array.from(bytes));
  }

  private next(): string | undefined {
    // A sequence that has only begun waits for its rest.
    if (this.held === "" || /^\x1b(?:[[O][0-9;]*)?$/.test(this.held)) return undefined;
    const m = this.held.startsWith("\x1b") ? SEQUENCE.exec(this.held) : undefined;
    const taken = m?.[0] ?? String.fromCodePoint(this.held.codePointAt(0)!);
    this.held = this.held.slice(taken.length);
    return m ? (NAMES[taken.slice(1)] ?? `ESC ${taken.slice(1)}`) : taken;
  }

  /** A key that is there already: "a", "up", "ESC v". */
  ready(): string | undefined {
    this.fill();
    return this.next();
  }

  /** Waits for a key, or for `also`. undefined: something else woke it (Ctrl-C, another size, `also`). */
  *key(also: readonly Waitable[] = []): Run<string | undefined> {
    const key = this.ready();
    if (key !== undefined) return key;
    yield { read: [this.tty, ...also] };
    return this.ready();
  }

  /** Ctrl-Z: the terminal goes back to the shell until this one goes on. */
  onStop(leave: () => string, enter: () => void): void {
    this.proc.onSignal("SIGTSTP", () => {
      this.tty.onOutput(encodeUtf8(leave()));
      this.restore();
      this.proc.onSignal("SIGTSTP", "default");
      this.proc.onSignal("SIGCONT", () => {
        this.raw();
        this.onStop(leave, enter);
        enter();
      });
      this.proc.signal("SIGTSTP");
    });
  }
}
