/** sed's machine: pattern space, hold space, and the cycle over the lines of the input. */
import { strerror } from "../../../kernel/errno.ts";
import { bytesOf, charLength, foldCase, octets, type Octets, textOf, upperCase } from "../../octets.ts";
import type { Run } from "../../process.ts";
import type { Match, Regex } from "../../regex.ts";
import { type Input, type Line, Output, type Tool } from "../../tool.ts";
import type { Address, ReplacementPart, SedCommand, Substitution } from "./script.ts";

export interface SedOptions {
  quiet: boolean;
  separate: boolean;
  /** -i: undefined not; "" without a copy. */
  inPlace: string | undefined;
  wrap: number;
  end: string;
  unbuffered: boolean;
  posix: boolean;
}

export class SedFault {
  readonly text: string;
  readonly status: number;
  constructor(text: string, status = 1) {
    this.text = text;
    this.status = status;
  }
}

/** The lines of all files as one stream; knows whether a line is the last. */
class Lines {
  number = 0;
  fileName = "-";
  private files: string[];
  private input: Input | undefined;
  private ahead: Line | undefined;
  private readonly t: Tool;
  private readonly o: SedOptions;
  private readonly m: SedMachine;

  constructor(t: Tool, o: SedOptions, files: readonly string[], m: SedMachine) {
    this.t = t;
    this.o = o;
    this.files = [...files];
    this.m = m;
  }

  private get perFile(): boolean {
    return this.o.separate || this.o.inPlace !== undefined;
  }

  *next(): Run<Line | undefined> {
    const line = this.ahead ?? (yield* this.read(true));
    this.ahead = undefined;
    if (line) this.number++;
    return line;
  }

  /** Whether the line that was read is the last one: of all files, or with -s and -i of its own. */
  *isLast(): Run<boolean> {
    this.ahead ??= yield* this.read(!this.perFile);
    return this.ahead === undefined;
  }

  /** No more input at all, in any file: what n and N ask. */
  *isEnd(): Run<boolean> {
    if (!(yield* this.isLast())) return false;
    return !this.perFile || this.files.length === 0;
  }

  private *read(mayOpen: boolean): Run<Line | undefined> {
    for (;;) {
      if (this.input) {
        const line = yield* this.input.line(this.o.end);
        if (line) return line;
        // Looking ahead with -s or -i: the file is not left before its last line is dealt with.
        if (!mayOpen) return undefined;
        yield* this.close();
      }
      if (!mayOpen) return undefined;
      const name = this.files.shift();
      if (name === undefined) return undefined;
      yield* this.open(name);
    }
  }

  private *open(name: string): Run<void> {
    const { t, o } = this;
    if (o.inPlace !== undefined && name !== "-") {
      const found = t.proc.machine.fs.stat(name);
      if (found.ok && found.value.type !== "file") {
        yield* t.error(`couldn't edit ${name}: not a regular file`, 4);
        return;
      }
    }
    const input = t.open(name);
    if (typeof input === "string") {
      yield* t.error(`can't read ${name}: ${strerror(input)}`, 2);
      return;
    }
    this.input = input;
    this.fileName = name;
    if (this.perFile) {
      this.number = 0;
      this.m.newFile();
    }
    if (o.inPlace !== undefined) this.m.editInPlace();
  }

  private *close(): Run<void> {
    const { input } = this;
    if (!input) return;
    if (input.error) throw new SedFault(`read error on ${this.fileName}: ${strerror(input.error)}`, 4);
    input.close();
    this.input = undefined;
    yield* this.m.endEdit(this.fileName);
  }

  /** After q: what is left of the input stays unread; a file that is edited in place ends here. */
  *leave(): Run<void> {
    if (!this.ahead) this.input?.unread();
    yield* this.close();
  }
}

/** A file that w writes, and whether its last line had no newline. */
interface Sink {
  out: Output;
  missingNewline: boolean;
}

/** Work between two looks at the clock: a script may loop without reading. */
const TURN = 2000;

export class SedMachine {
  private space = "";
  /** The line in the pattern space had a newline. */
  private ended = true;
  private hold = "";
  /** The same of the hold space: x, g, G, h and H carry it along. */
  private holdEnded = true;
  private readonly appended: ({ text: Octets } | { file: string } | { line: string })[] = [];
  private replaced = false;
  private lastRegex: Regex | undefined;
  private readonly sinks = new Map<string, Sink>();
  private readonly readers = new Map<string, Input | undefined>();
  private readonly stdout: Sink;
  private main: Sink;
  private edited: Octets[] | undefined;
  private steps = 0;
  private readonly t: Tool;
  private readonly o: SedOptions;
  private readonly script: readonly SedCommand[];
  private readonly lines: Lines;

  constructor(t: Tool, o: SedOptions, script: readonly SedCommand[], files: readonly string[]) {
    this.t = t;
    this.o = o;
    this.script = script;
    this.stdout = { out: t.out, missingNewline: false };
    this.main = this.stdout;
    t.out.unbuffered = o.unbuffered;
    this.lines = new Lines(t, o, files, this);
    this.newFile();
    this.sinks.set("/dev/stdout", this.stdout);
    this.sinks.set("/dev/stderr", { out: new Output(t.proc, 2), missingNewline: false });
  }

  /** Opens what w and s///w write, before the first line, as sed does. */
  openSinks(): void {
    for (const c of this.script) {
      const name = "wW".includes(c.letter) ? c.text : c.substitution?.file;
      if (name === undefined || this.sinks.has(name)) continue;
      const fd = this.t.create(textOf(name));
      if (typeof fd === "string") throw new SedFault(`couldn't open file ${textOf(name)}: ${strerror(fd)}`, 4);
      const out = new Output(this.t.proc, fd);
      out.unbuffered = true;
      this.sinks.set(name, { out, missingNewline: false });
    }
  }

  // -- in place --------------------------------------------------------------------------------------------------------

  /** Ranges begin anew; 0,/re/ is open from the start, so that the expression may match in the first line. */
  newFile(): void {
    for (const c of this.script) {
      c.active = c.from?.kind === "line" && c.from.n === 0;
      c.closed = false;
      c.end = Infinity;
    }
  }

  editInPlace(): void {
    this.edited = [];
    this.main = { out: this.t.out, missingNewline: false };
  }

  /** The new text takes the place of the file; with a suffix the old one stays beside it. */
  *endEdit(name: string): Run<void> {
    if (!this.edited) return;
    const { fs } = this.t.proc.machine;
    const text = this.edited.join("");
    this.edited = undefined;
    this.main = this.stdout;
    const old = fs.stat(name);
    const mode = old.ok ? old.value.mode : 0o644;
    if (this.o.inPlace) {
      const dir = name.includes("/") ? name.slice(0, name.lastIndexOf("/") + 1) : "";
      const base = name.slice(dir.length);
      const copy = this.o.inPlace.includes("*") ? this.o.inPlace.replaceAll("*", base) : base + this.o.inPlace;
      fs.rename(name, copy.includes("/") ? copy : dir + copy);
    } else fs.unlink(name);
    const made = fs.writeFile(name, bytesOf(text), { mode });
    if (!made.ok) yield* this.t.error(`couldn't write ${text.length} items to ${name}: ${strerror(made.error)}`, 4);
  }

  // -- output ------------------------------------------------------------------------------------------------------------

  private *write(sink: Sink, text: Octets, ended: boolean): Run<void> {
    if (sink === this.main && this.edited) {
      if (sink.missingNewline) this.edited.push(this.o.end);
      this.edited.push(ended ? text + this.o.end : text);
    } else yield* sink.out.put((sink.missingNewline ? this.o.end : "") + (ended ? text + this.o.end : text));
    sink.missingNewline = !ended;
  }

  *put(text: Octets, ended: boolean): Run<void> {
    yield* this.write(this.main, text, ended);
  }

  /** Text that has its own newlines: of i, c, = and what a and r append. */
  private *raw(text: Octets): Run<void> {
    const missing = this.main.missingNewline ? this.o.end : "";
    this.main.missingNewline = false;
    if (this.edited) this.edited.push(missing + text);
    else yield* this.main.out.put(missing + text);
  }

  private *flushAppended(): Run<void> {
    for (const a of this.appended.splice(0)) {
      if ("text" in a) yield* this.raw(a.text);
      else if ("file" in a) yield* this.appendFile(a.file);
      else yield* this.appendLine(a.line);
    }
  }

  private *appendFile(name: string): Run<void> {
    const input = this.t.open(name === "/dev/stdin" ? "-" : name);
    if (typeof input === "string") return; // a file that is not there is not an error
    for (let s = yield* input.chunk(); s !== ""; s = yield* input.chunk()) yield* this.raw(s);
    input.close();
  }

  private *appendLine(name: string): Run<void> {
    if (!this.readers.has(name)) {
      const input = this.t.open(name === "/dev/stdin" ? "-" : name);
      this.readers.set(name, typeof input === "string" ? undefined : input);
    }
    const line = yield* this.readLine(name);
    if (line) yield* this.put(line.text, line.ended);
  }

  private *readLine(name: string): Run<Line | undefined> {
    const input = this.readers.get(name);
    return input ? yield* input.line(this.o.end) : undefined;
  }

  // -- the cycle ---------------------------------------------------------------------------------------------------------

  *run(): Run<number> {
    let fresh = true;
    for (;;) {
      if (fresh && !(yield* this.nextLine())) break;
      fresh = true;
      const how = yield* this.cycle();
      if (typeof how === "number") return how;
      if (how === "restart") fresh = false;
    }
    return this.t.status;
  }

  private *nextLine(): Run<boolean> {
    const line = yield* this.lines.next();
    if (!line) return false;
    this.space = line.text;
    this.ended = line.ended;
    this.replaced = false;
    return true;
  }

  private *endCycle(print: boolean): Run<void> {
    if (print && !this.o.quiet) yield* this.put(this.space, this.ended);
    yield* this.flushAppended();
  }

  /** Once through the script. @returns an exit status after q and Q; "restart": D, without reading a line. */
  private *cycle(): Run<number | "next" | "restart"> {
    for (let pc = 0; pc < this.script.length; ) {
      if (++this.steps % TURN === 0) yield { until: this.t.proc.now };
      const c = this.script[pc]!;
      const chosen = (yield* this.selects(c)) !== c.negated;
      if (!chosen) {
        pc = c.letter === "{" ? c.target : pc + 1;
        continue;
      }
      const went = yield* this.execute(c);
      if (went === "quit") return yield* this.quit(c, c.letter === "q");
      if (went === "end") return yield* this.finishInput();
      if (went === "delete") {
        yield* this.endCycle(false);
        return "next";
      }
      if (went === "restart") {
        yield* this.endCycle(false);
        return "restart";
      }
      pc = went === "jump" ? c.target : pc + 1;
    }
    yield* this.endCycle(true);
    return "next";
  }

  private *quit(c: SedCommand, print: boolean): Run<number> {
    if (print) {
      yield* this.endCycle(true);
      if (this.main.missingNewline) yield* this.raw(""); // q ends the line, as sed 4.9 does
    }
    yield* this.lines.leave();
    return c.number ?? this.t.status;
  }

  /** n or N found no more input: GNU prints the pattern space and ends. */
  private *finishInput(): Run<number> {
    yield* this.endCycle(true);
    yield* this.lines.leave();
    return this.t.status;
  }

  // -- addresses -----------------------------------------------------------------------------------------------------------

  private *matches(a: Address): Run<boolean> {
    switch (a.kind) {
      case "line": return this.lines.number === a.n;
      case "last": return yield* this.lines.isLast();
      case "regex": return this.test(a.regex);
      case "step": return a.step <= 0 ? this.lines.number === a.first : this.lines.number >= a.first && (this.lines.number - a.first) % a.step === 0;
      default: return false;
    }
  }

  private *selects(c: SedCommand): Run<boolean> {
    if (!c.from) return true;
    if (!c.to) return yield* this.matches(c.from);
    const { number } = this.lines;
    if (!c.active) {
      // A range that begins at a line number begins late when the command was passed over on that line, but only once.
      const late = c.from.kind === "line" && !(c.to.kind === "line" && number > c.to.n);
      const begins = late && c.from.kind === "line" ? !c.closed && number >= c.from.n : yield* this.matches(c.from);
      if (!begins) return false;
      this.openRange(c, c.to, number);
      return true;
    }
    yield* this.closeRange(c, c.to, number);
    // A line beyond the end of a numbered range is not in it (n or N may have passed the end by); after +N and ~N it still is.
    return c.to.kind !== "line" || number <= c.end;
  }

  private openRange(c: SedCommand, to: Address, number: number): void {
    c.active = true;
    c.end = to.kind === "line" ? to.n : to.kind === "plus" ? number + to.n : to.kind === "multiple" ? (to.n <= 0 ? number : (Math.floor(number / to.n) + 1) * to.n) : Infinity;
    if (c.end <= number) this.close(c);
  }

  private close(c: SedCommand): void {
    c.active = false;
    c.closed = true;
  }

  private *closeRange(c: SedCommand, to: Address, number: number): Run<void> {
    if (c.end !== Infinity) {
      if (number >= c.end) this.close(c);
      return;
    }
    if (yield* this.matches(to)) this.close(c);
  }

  private use(regex: Regex | undefined): Regex {
    const r = regex ?? this.lastRegex;
    if (!r) throw new SedFault("-e expression #1, char 0: no previous regular expression");
    this.lastRegex = r;
    return r;
  }

  private test(regex: Regex | undefined): boolean {
    const r = this.use(regex);
    const found = r.test(this.space);
    if (r.exhausted) throw new SedFault("pattern too large");
    return found;
  }

  // -- commands -------------------------------------------------------------------------------------------------------------

  private *execute(c: SedCommand): Run<"" | "jump" | "delete" | "restart" | "quit" | "end"> {
    switch (c.letter) {
      case "{": return "";
      case "=": yield* this.raw(`${this.lines.number}\n`); return "";
      case "a":
        if (c.text !== "") this.appended.push({ text: c.text });
        return "";
      case "i": yield* this.raw(this.withEnd(c.text)); return "";
      case "c":
        // Of a range the text comes once, at its end.
        if (c.negated || !c.to || !c.active) yield* this.raw(this.withEnd(c.text));
        return "delete";
      case "b": return "jump";
      case "t":
      case "T": {
        const jump = this.replaced === (c.letter === "t");
        this.replaced = false;
        return jump ? "jump" : "";
      }
      case "d": return "delete";
      case "D": return this.deleteFirst();
      case "F": yield* this.raw(octets(this.lines.fileName) + this.o.end); return "";
      case "g":
      case "G":
        this.space = c.letter === "g" ? this.hold : this.space + this.o.end + this.hold;
        this.ended = this.holdEnded;
        return "";
      case "h":
      case "H":
        this.hold = c.letter === "h" ? this.space : this.hold + this.o.end + this.space;
        this.holdEnded = this.ended;
        return "";
      case "x":
        [this.space, this.hold] = [this.hold, this.space];
        [this.ended, this.holdEnded] = [this.holdEnded, this.ended];
        return "";
      case "l": yield* this.raw(this.listing(c.number ?? this.o.wrap)); return "";
      case "n": return yield* this.takeNext(false);
      case "N": return yield* this.takeNext(true);
      case "p": yield* this.put(this.space, this.ended); return "";
      case "P": yield* this.printFirst(this.main); return "";
      case "q":
      case "Q": return "quit";
      case "r": this.appended.push({ file: textOf(c.text) }); return "";
      case "R": this.appended.push({ line: textOf(c.text) }); return "";
      case "s": return yield* this.substitute(c.substitution!);
      case "w": yield* this.write(this.sinks.get(c.text)!, this.space, this.ended); return "";
      case "W": yield* this.printFirst(this.sinks.get(c.text)!); return "";
      case "y": this.space = translate(this.space, c.map!); return "";
      case "z": this.space = ""; return "";
      default: return "";
    }
  }

  private deleteFirst(): "delete" | "restart" {
    const nl = this.space.indexOf(this.o.end);
    if (nl < 0) return "delete";
    this.space = this.space.slice(nl + 1);
    return "restart";
  }

  private *printFirst(sink: Sink): Run<void> {
    const nl = this.space.indexOf(this.o.end);
    if (nl < 0) yield* this.write(sink, this.space, this.ended);
    else yield* this.write(sink, this.space.slice(0, nl), true);
  }

  private *takeNext(append: boolean): Run<"" | "end" | "delete"> {
    if (yield* this.lines.isEnd()) return "end";
    if (!append && !this.o.quiet) yield* this.put(this.space, this.ended);
    yield* this.flushAppended();
    const line = yield* this.lines.next();
    if (!line) return "end";
    this.space = append ? this.space + this.o.end + line.text : line.text;
    this.ended = line.ended;
    return "";
  }

  private *substitute(s: Substitution): Run<""> {
    const regex = this.use(s.regex);
    let out = "";
    let at = 0;
    let count = 0;
    let done = false;
    let previousEnd = -1;
    for (let from = 0; from <= this.space.length; ) {
      const m = regex.exec(this.space, from);
      if (regex.exhausted) throw new SedFault("pattern too large");
      if (!m) break;
      const [start, end] = [m[0]!, m[1]!];
      // An empty match right behind a match is none. After it sed goes on by one octet, even inside a character.
      if (start < end || start !== previousEnd) {
        count++;
        if (count >= (s.nth || 1)) {
          out += this.space.slice(at, start) + replacement(this.space, m, s.parts);
          at = end;
          done = true;
          if (!s.global) break;
        }
      }
      previousEnd = end;
      from = end > start ? end : end + 1;
    }
    if (!done) return "";
    this.space = out + this.space.slice(at);
    this.replaced = true;
    if (s.print) yield* this.put(this.space, this.ended);
    if (s.file !== undefined) yield* this.write(this.sinks.get(s.file)!, this.space, this.ended);
    return "";
  }
  /** l: visible, lines broken at `width` with a backslash (1 and 0: never). */
  private listing(width: number): Octets {
    const most = width > 1 ? width - 1 : Infinity;
    let out = "";
    let column = 0;
    for (const c of this.space) {
      const shown = visible(c);
      if (column + shown.length > most) {
        out += "\\\n";
        column = 0;
      }
      out += shown;
      column += shown.length;
    }
    return `${out}$${this.o.end}`;
  }

  /** With -z the text of i and c ends in NUL. */
  private withEnd(text: Octets): Octets {
    return this.o.end === "\n" ? text : text.slice(0, -1) + this.o.end;
  }
}

const NAMED: Readonly<Record<string, string>> = { "\\": "\\\\", "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" };

function visible(c: string): string {
  const named = NAMED[c];
  if (named) return named;
  return c >= " " && c <= "~" ? c : `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

function translate(text: Octets, map: ReadonlyMap<Octets, Octets>): Octets {
  let out = "";
  for (let i = 0; i < text.length; ) {
    const n = charLength(text, i) || 1;
    const c = text.slice(i, i + n);
    out += map.get(c) ?? c;
    i += n;
  }
  return out;
}

function replacement(text: Octets, m: Match, parts: readonly ReplacementPart[]): Octets {
  let out = "";
  let mode: "U" | "L" | "E" = "E";
  let once: "u" | "l" | undefined;
  for (const p of parts) {
    if (p.switchTo) {
      mode = p.switchTo;
      once = undefined;
    }
    if (p.once) once = p.once;
    let piece = p.text;
    if (p.group !== undefined) {
      const [from, to] = [m[2 * p.group] ?? -1, m[2 * p.group + 1] ?? -1];
      piece = from < 0 || to < 0 ? "" : text.slice(from, to);
    }
    if (piece === "") continue;
    piece = mode === "U" ? upperCase(piece) : mode === "L" ? foldCase(piece) : piece;
    if (once) piece = (once === "u" ? upperCase(piece[0]!) : foldCase(piece[0]!)) + piece.slice(1);
    once = undefined;
    out += piece;
  }
  return out;
}
