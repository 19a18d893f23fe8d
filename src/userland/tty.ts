/** A terminal: line discipline, foreground process group, window size. After termios(3), tty_ioctl(4) and drivers/tty/n_tty.c. */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { WaitQueue } from "../base/wait-queue.ts";
import type { Errno } from "../kernel/errno.ts";
import type { Scheduler } from "../sim/scheduler.ts";
import { MICROSECOND, MILLISECOND, type Nanos } from "../sim/time.ts";
import type { OpenFile, Process, Signal } from "./process.ts";
import { charWidth } from "./shell/width.ts";

export interface TtyMode {
  /** Lines, erase and end-of-file characters (ICANON). */
  canonical: boolean;
  echo: boolean;
  /** Ctrl-C, Ctrl-\ and Ctrl-Z make signals (ISIG). */
  signals: boolean;
  /** Enter's carriage return is read as a newline (ICRNL). Unless false. */
  crToNl?: boolean;
  /** A newline that is written gets a carriage return (OPOST, ONLCR). Unless false. */
  nlToCrNl?: boolean;
}

export interface Tty extends OpenFile {
  readonly kind: "tty";
  /** "pts/0" */
  readonly name: string;
  columns: number;
  rows: number;
  mode: TtyMode;
  /** Who gets the keyboard's signals and may read. */
  foreground: number;
  session: Process | undefined;
  /** Keys typed by the person, as UTF-8 octets of what a terminal sends (`\r` for Enter, `\x03` for Ctrl-C). */
  input(bytes: Uint8Array): void;
  /** Where the screen's octets go (`\n` is already `\r\n`). */
  onOutput: (bytes: Uint8Array) => void;
  resize(columns: number, rows: number): void;
}

export interface TtyHost {
  readonly clock: Scheduler;
  readonly current: Process | undefined;
  signalGroup(pgid: number, sig: Signal): boolean;
}

/** Longest line in canonical mode (N_TTY_BUF_SIZE). */
const MAX_LINE = 4096;
/** What may wait unread; what is typed beyond it is lost. */
const MAX_QUEUE = 65536;
/** A screen takes 1 MB/s; a writer may be this far ahead of it. */
const OUTPUT_COST: Nanos = MICROSECOND;
const OUTPUT_AHEAD: Nanos = 64 * MILLISECOND;

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_R = 0x12;
const CTRL_U = 0x15;
const CTRL_V = 0x16;
const CTRL_W = 0x17;
const CTRL_Z = 0x1a;
const CTRL_BACKSLASH = 0x1c;

const SIGNAL_KEYS = new Map<number, Signal>([[CTRL_C, "SIGINT"], [CTRL_BACKSLASH, "SIGQUIT"], [CTRL_Z, "SIGTSTP"]]);

export class TtyDevice implements Tty {
  readonly kind = "tty";
  readonly name: string;
  readonly path: string;
  readonly waiters = new WaitQueue();
  refs = 0;
  columns: number;
  rows: number;
  private settings: TtyMode = { canonical: true, echo: true, signals: true };
  foreground = 0;
  session: Process | undefined;
  onOutput: (bytes: Uint8Array) => void = () => undefined;
  private readonly host: TtyHost;
  /** What can be read. In canonical mode a chunk is a line; an empty one is an end of file. */
  private queue: Uint8Array[] = [];
  private queued = 0;
  /** Chunks before this one were read. */
  private head = 0;
  /** Empty chunks among them. */
  private ends = 0;
  /** The line being typed, as characters of one to four octets. */
  private line: number[][] = [];
  /** Octets of a character that is not complete. */
  private partial: number[] = [];
  private literalNext = false;
  private hungUp = false;
  /** When the screen has shown everything written so far. */
  private shownAt: Nanos = 0;
  private waking = false;

  constructor(host: TtyHost, name: string, columns: number, rows: number) {
    this.host = host;
    this.name = name;
    this.path = `/dev/${name}`;
    this.columns = columns;
    this.rows = rows;
  }

  get tty(): Tty {
    return this;
  }

  get mode(): TtyMode {
    return this.settings;
  }

  /** What waits unread is taken as if it were typed now, when lines are edited again: the rest of a paste that a line editor left. */
  set mode(to: TtyMode) {
    const recook = to.canonical && !this.settings.canonical && this.head < this.queue.length;
    this.settings = to;
    if (!recook) return;
    const waiting = this.queue.slice(this.head);
    this.empty();
    // It was echoed, or not, when it came.
    this.settings = { ...to, echo: false };
    for (const chunk of waiting) for (const byte of chunk) this.key(byte);
    this.settings = to;
    this.waiters.wake();
  }

  // -- the program's side -------------------------------------------------------------------------------------------

  get readable(): boolean {
    if (!this.mode.canonical) this.uncook();
    return this.head < this.queue.length || this.hungUp;
  }

  get writable(): boolean {
    return this.hungUp || this.shownAt - this.host.clock.now < OUTPUT_AHEAD;
  }

  read(max: number): Uint8Array | Errno {
    const refused = this.checkBackground();
    if (refused) return refused;
    if (this.hungUp) return new Uint8Array(0);
    if (!this.mode.canonical) this.uncook();
    const first = this.queue[this.head];
    if (!first) return "EAGAIN";
    const got = first.subarray(0, max);
    if (first.length === 0) this.ends--;
    if (got.length === first.length) this.head++;
    else this.queue[this.head] = first.subarray(max);
    if (this.head > 1024) {
      this.queue.splice(0, this.head);
      this.head = 0;
    }
    this.queued -= got.length;
    return got;
  }

  /** A process of the background that reads is stopped (__tty_check_change of the kernel). */
  private checkBackground(): Errno | undefined {
    const proc = this.host.current;
    if (!proc || proc.tty !== this || proc.pgid === this.foreground) return undefined;
    if (proc.disposition("SIGTTIN") === "ignore") return "EIO";
    this.host.signalGroup(proc.pgid, "SIGTTIN");
    return "EAGAIN";
  }

  write(bytes: Uint8Array): number | Errno {
    if (this.hungUp) return "EIO";
    if (!this.writable) {
      this.wakeWriters();
      return "EAGAIN";
    }
    const { now } = this.host.clock;
    const room = Math.floor((OUTPUT_AHEAD - Math.max(0, this.shownAt - now)) / OUTPUT_COST);
    const taken = bytes.subarray(0, Math.max(1, room));
    this.shownAt = Math.max(this.shownAt, now) + taken.length * OUTPUT_COST;
    this.onOutput(this.mode.nlToCrNl === false ? taken.slice() : nlToCrNl(taken));
    return taken.length;
  }

  private wakeWriters(): void {
    if (this.waking) return;
    this.waking = true;
    this.host.clock.after(this.shownAt - this.host.clock.now - OUTPUT_AHEAD / 2, () => {
      this.waking = false;
      this.waiters.wake();
    });
  }

  close(): void {}

  // -- the person's side --------------------------------------------------------------------------------------------

  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return;
    this.columns = columns;
    this.rows = rows;
    this.host.signalGroup(this.foreground, "SIGWINCH");
  }

  /** The line is cut: readers see the end of the file, the session gets SIGHUP. */
  hangup(): void {
    this.hungUp = true;
    const { session } = this;
    if (session) {
      session.signal("SIGHUP");
      session.signal("SIGCONT");
    }
    this.host.signalGroup(this.foreground, "SIGHUP");
    this.host.signalGroup(this.foreground, "SIGCONT");
    this.waiters.wake();
  }

  input(bytes: Uint8Array): void {
    for (const byte of bytes) this.key(byte);
    this.waiters.wake();
  }

  private key(typed: number): void {
    const { mode } = this;
    const byte = typed === 13 && mode.crToNl !== false ? 10 : typed;
    if (this.literalNext) {
      this.literalNext = false;
      this.add(byte);
      return;
    }
    const sig = mode.signals ? SIGNAL_KEYS.get(byte) : undefined;
    if (sig) {
      this.empty();
      this.line = [];
      if (mode.echo) this.show(`^${String.fromCharCode(byte + 64)}`);
      this.host.signalGroup(this.foreground, sig);
      return;
    }
    if (!mode.canonical) {
      this.uncook();
      this.push(Uint8Array.of(byte));
      if (mode.echo) this.echo([byte]);
      return;
    }
    this.cookedKey(byte);
  }

  private cookedKey(byte: number): void {
    switch (byte) {
      case 0x08:
      case 0x7f:
        return this.eraseCharacter();
      case CTRL_W:
        return this.eraseWord();
      case CTRL_U:
        while (this.line.length > 0) this.eraseCharacter();
        return;
      case CTRL_D:
        return this.endLine();
      case CTRL_R:
        if (this.mode.echo) this.show("^R\n");
        for (const c of this.line) this.echo(c);
        return;
      case CTRL_V:
        this.literalNext = true;
        if (this.mode.echo) this.show("^\b");
        return;
      case 10:
        this.line.push([10]);
        if (this.mode.echo) this.show("\n");
        return this.endLine();
      default:
        return this.add(byte);
    }
  }

  private add(byte: number): void {
    this.partial.push(byte);
    const need = byteCount(this.partial[0]!);
    if (this.partial.length < need && (this.partial.length === 1 || (byte & 0xc0) === 0x80)) return;
    const character = this.partial;
    this.partial = [];
    if (this.line.length >= MAX_LINE - 1) {
      this.show("\x07");
      return;
    }
    this.line.push(character);
    if (this.mode.echo) this.echo(character);
  }

  private endLine(): void {
    this.push(Uint8Array.from(this.line.flat()));
    this.line = [];
  }

  private push(bytes: Uint8Array): void {
    if (this.queued + bytes.length > MAX_QUEUE) return;
    this.queue.push(bytes);
    this.queued += bytes.length;
    if (bytes.length === 0) this.ends++;
  }

  private empty(): void {
    this.queue = [];
    this.queued = this.head = this.ends = 0;
  }

  /** What was typed ahead as a line becomes readable when the mode is no longer canonical. */
  private uncook(): void {
    if (this.line.length > 0) this.endLine();
    if (this.ends === 0) return;
    this.queue = this.queue.slice(this.head).filter((chunk) => chunk.length > 0);
    this.head = this.ends = 0;
  }

  private eraseCharacter(): void {
    const gone = this.line.pop();
    if (!gone || !this.mode.echo) return;
    if (gone[0] === 9) {
      // A tab's width hangs on what is before it: write the line anew, as n_tty does by counting columns.
      const before = this.column();
      this.line.push(gone);
      const after = this.column();
      this.line.pop();
      this.show("\b".repeat(after - before));
      return;
    }
    const width = echoWidth(gone);
    this.show("\b \b".repeat(width));
  }

  private eraseWord(): void {
    const isWord = (c: number[] | undefined): boolean => c !== undefined && (c.length > 1 || /[0-9A-Za-z_]/.test(String.fromCharCode(c[0]!)));
    while (this.line.length > 0 && !isWord(this.line[this.line.length - 1])) this.eraseCharacter();
    while (isWord(this.line[this.line.length - 1])) this.eraseCharacter();
  }

  private column(): number {
    let column = 0;
    for (const c of this.line) column = c[0] === 9 ? column + 8 - (column % 8) : column + echoWidth(c);
    return column;
  }

  private echo(character: readonly number[]): void {
    const c = character[0]!;
    if (character.length === 1 && c !== 9 && c !== 10 && (c < 32 || c === 127)) this.show(`^${String.fromCharCode(c ^ 64)}`);
    else this.onOutput(c === 10 ? Uint8Array.of(13, 10) : Uint8Array.from(character));
  }

  private show(text: string): void {
    this.onOutput(nlToCrNl(encodeUtf8(text)));
  }
}

function byteCount(first: number): number {
  return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function echoWidth(character: readonly number[]): number {
  if (character.length === 1) return character[0]! < 32 || character[0] === 127 ? 2 : 1;
  return charWidth(decodeUtf8(Uint8Array.from(character)).codePointAt(0) ?? 0);
}

function nlToCrNl(bytes: Uint8Array): Uint8Array {
  let newlines = 0;
  for (const b of bytes) if (b === 10) newlines++;
  if (newlines === 0) return bytes.slice();
  const out = new Uint8Array(bytes.length + newlines);
  let at = 0;
  for (const b of bytes) {
    if (b === 10) out[at++] = 13;
    out[at++] = b;
  }
  return out;
}
