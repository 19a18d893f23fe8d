/** sed's language: script text → commands. After GNU sed 4.9; positions in messages are those it gives. */
import type { Octets } from "../../octets.ts";
import { compileRegex, type Regex } from "../../regex.ts";

export type Address =
  | { kind: "line"; n: number }
  | { kind: "last" }
  /** undefined: the expression used last (//). */
  | { kind: "regex"; regex: Regex | undefined }
  /** first~step */
  | { kind: "step"; first: number; step: number }
  /** addr1,+N */
  | { kind: "plus"; n: number }
  /** addr1,~N */
  | { kind: "multiple"; n: number };

/** A piece of a replacement: text, or what a group matched, with the case that is asked for. */
export interface ReplacementPart {
  text: Octets;
  /** 0: the whole match; undefined: none, only text. */
  group: number | undefined;
  /** \U \L \E switch; \u \l are for the next character. */
  switchTo: "U" | "L" | "E" | undefined;
  once: "u" | "l" | undefined;
}

export interface Substitution {
  regex: Regex | undefined;
  parts: ReplacementPart[];
  global: boolean;
  print: boolean;
  nth: number;
  file: string | undefined;
}

export interface SedCommand {
  letter: string;
  from: Address | undefined;
  to: Address | undefined;
  negated: boolean;
  /** a i c: the text; b t T and ':': a label; r R w W: a file name. */
  text: Octets;
  /** q Q l L: the number given. */
  number: number | undefined;
  /** b t T: where to go; {: behind the block. */
  target: number;
  substitution: Substitution | undefined;
  /** y */
  map: ReadonlyMap<Octets, Octets> | undefined;
  /** Of a range: whether it is open, and up to which line for those with a number. Kept by the executor. */
  active: boolean;
  end: number;
  /** The range has been through: one that begins at a line number does not begin again. */
  closed: boolean;
}

/** Wrong script: `where` is "-e expression #1, char 3" or "file f line 2". */
export class ScriptError {
  readonly text: string;
  readonly status: number;
  constructor(text: string, status = 1) {
    this.text = text;
    this.status = status;
  }
}

/** Exists in the real sed and not here. */
export class NotEmulatedHere {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

interface Options {
  extended: boolean;
}

const SPACE = /[ \t\r\v\f]/;

/** One -e text or one -f file. */
class Source {
  at = 0;
  line = 1;
  readonly text: Octets;
  private readonly file: string | undefined;
  private readonly number: number;
  constructor(text: Octets, file: string | undefined, number: number) {
    this.text = text;
    this.file = file;
    this.number = number;
  }

  next(): string | undefined {
    const c = this.text[this.at];
    if (c === undefined) return undefined;
    this.at++;
    if (c === "\n") this.line++;
    return c;
  }

  back(c: string | undefined): void {
    if (c === undefined) return;
    this.at--;
    if (c === "\n") this.line--;
  }

  peek(): string | undefined {
    return this.text[this.at];
  }

  nextNonBlank(): string | undefined {
    let c = this.next();
    while (c !== undefined && SPACE.test(c)) c = this.next();
    return c;
  }

  fail(message: string, at = this.at): ScriptError {
    const where = this.file === undefined ? `-e expression #${this.number}, char ${at}` : `file ${this.file} line ${this.line}`;
    return new ScriptError(`${where}: ${message}`);
  }
}

export class ScriptParser {
  readonly commands: SedCommand[] = [];
  private readonly blocks: { index: number; source: Source }[] = [];
  private readonly labels = new Map<string, number>();
  private pendingText: SedCommand | undefined;
  private expressions = 0;
  /** The script begins with "#n": as -n. */
  quietByComment = false;
  private source!: Source;
  private readonly o: Options;

  constructor(o: Options) {
    this.o = o;
  }

  addExpression(text: Octets): void {
    this.add(new Source(text, undefined, ++this.expressions), this.expressions === 1);
  }

  addFile(text: Octets, name: string): void {
    this.add(new Source(text, name, 0), this.commands.length === 0);
  }

  private add(source: Source, first: boolean): void {
    this.source = source;
    if (this.pendingText) {
      this.readText(this.pendingText, true);
      if (source.peek() === undefined) return;
    }
    if (first && source.text.startsWith("#n") && (source.text.length === 2 || source.text[2] === "\n")) this.quietByComment = true;
    while (this.command());
  }

  /** Checks what can only be known at the end. */
  finish(): SedCommand[] {
    const open = this.blocks[0];
    if (open) throw open.source.fail("unmatched `{'", 0);
    for (const c of this.commands) {
      if (!"btT".includes(c.letter)) continue;
      const target = c.text === "" ? this.commands.length : this.labels.get(c.text);
      if (target === undefined) throw new ScriptError(`can't find label for jump to \`${c.text}'`, 4);
      c.target = target;
    }
    return this.commands;
  }

  // -- commands -------------------------------------------------------------------------------------------------------

  /** @returns false at the end of the source. */
  private command(): boolean {
    const s = this.source;
    let c = s.next();
    while (c !== undefined && (c === ";" || c === "\n" || SPACE.test(c))) c = s.next();
    if (c === undefined) return false;
    s.back(c);
    const command: SedCommand = { letter: "", from: undefined, to: undefined, negated: false, text: "", number: undefined, target: 0, substitution: undefined, map: undefined, active: false, end: 0, closed: false };
    this.addresses(command);
    c = s.nextNonBlank();
    if (c === "!") {
      command.negated = true;
      c = s.nextNonBlank();
      if (c === "!") throw s.fail("multiple `!'s");
    }
    if (c === undefined) throw s.fail("missing command");
    command.letter = c;
    this.body(command);
    return true;
  }

  private addresses(command: SedCommand): void {
    const s = this.source;
    command.from = this.address();
    if (!command.from) {
      const c = s.nextNonBlank();
      if (c === ",") throw s.fail("unexpected `,'");
      s.back(c);
      return;
    }
    if (command.from.kind === "plus" || command.from.kind === "multiple") throw s.fail("invalid usage of +N or ~N as first address");
    const c = s.nextNonBlank();
    if (c === ",") {
      const before = s.nextNonBlank();
      s.back(before);
      command.to = this.address();
      if (!command.to) throw s.fail("unexpected `,'");
    } else s.back(c);
    const isZero = command.from.kind === "line" && command.from.n === 0;
    if (!isZero || command.to?.kind === "regex") return;
    s.nextNonBlank(); // sed has read on when it notices
    throw s.fail("invalid usage of line address 0");
  }

  private number(first: string): number {
    const s = this.source;
    let digits = first;
    for (let c = s.next(); ; c = s.next()) {
      if (c === undefined || !/\d/.test(c)) {
        s.back(c);
        return Number(digits);
      }
      digits += c;
    }
  }

  private address(): Address | undefined {
    const s = this.source;
    const c = s.next();
    if (c === "/" || c === "\\") {
      const delimiter = c === "/" ? c : s.next();
      const text = delimiter === undefined ? undefined : this.delimited(delimiter, true);
      if (text === undefined) throw s.fail("unterminated address regex");
      let ignoreCase = false;
      let multiline = false;
      for (;;) {
        const f = s.nextNonBlank();
        if (f === "I") ignoreCase = true;
        else if (f === "M") multiline = true;
        else {
          s.back(f);
          return { kind: "regex", regex: this.regex(text, ignoreCase, multiline) };
        }
      }
    }
    if (c !== undefined && /\d/.test(c)) {
      const n = this.number(c);
      const tilde = s.nextNonBlank();
      if (tilde !== "~") {
        s.back(tilde);
        return { kind: "line", n };
      }
      return { kind: "step", first: n, step: this.optionalNumber() };
    }
    if (c === "+" || c === "~") return { kind: c === "+" ? "plus" : "multiple", n: this.optionalNumber() };
    if (c === "$") return { kind: "last" };
    s.back(c);
    return undefined;
  }

  private optionalNumber(): number {
    const c = this.source.nextNonBlank();
    if (c !== undefined && /\d/.test(c)) return this.number(c);
    this.source.back(c);
    return 0;
  }

  private body(c: SedCommand): void {
    const s = this.source;
    switch (c.letter) {
      case "#":
        if (c.from) throw s.fail("comments don't accept any addresses");
        while (s.peek() !== undefined && s.next() !== "\n");
        return;
      case "{":
        this.blocks.push({ index: this.commands.length, source: s });
        this.commands.push(c);
        return;
      case "}": {
        const open = this.blocks.pop();
        if (!open) throw s.fail("unexpected `}'");
        if (c.from) throw s.fail("} doesn't want any addresses");
        this.commands[open.index]!.target = this.commands.length;
        return this.endOfCommand();
      }
      case ":":
        return this.label(c);
      case "b":
      case "t":
      case "T":
        c.text = this.word(true);
        break;
      case "a":
      case "i":
      case "c":
        this.commands.push(c);
        return this.textCommand(c);
      case "r":
      case "R":
      case "w":
      case "W":
        c.text = this.fileName();
        break;
      case "q":
      case "Q":
      case "l":
      case "L":
        if ("qQ".includes(c.letter) && c.to) throw s.fail("command only uses one address");
        c.number = this.optionalGiven();
        this.endOfCommand();
        break;
      case "s":
        c.substitution = this.substitution();
        break;
      case "y":
        c.map = this.transliteration();
        break;
      case "e":
        throw new NotEmulatedHere("sed e");
      case "v":
        return this.version();
      default:
        if (!"=dDFgGhHnNpPxz".includes(c.letter)) throw s.fail(`unknown command: \`${c.letter}'`);
        this.endOfCommand();
    }
    this.commands.push(c);
  }

  private optionalGiven(): number | undefined {
    const c = this.source.nextNonBlank();
    if (c !== undefined && /\d/.test(c)) return this.number(c);
    this.source.back(c);
    return undefined;
  }

  private version(): void {
    const wanted = this.word(true).split(".").map(Number);
    if ((wanted[0] ?? 0) > 4 || (wanted[0] === 4 && (wanted[1] ?? 0) > 9)) throw this.source.fail("expected newer version of sed");
  }

  private endOfCommand(): void {
    const s = this.source;
    const c = s.nextNonBlank();
    if (c === "}" || c === "#") s.back(c);
    else if (c !== undefined && c !== "\n" && c !== ";") throw s.fail("extra characters after command");
  }

  private label(c: SedCommand): void {
    const s = this.source;
    if (c.from) throw s.fail(": doesn't want any addresses");
    const first = s.nextNonBlank();
    s.back(first);
    const name = this.word(false);
    if (name === "") throw s.fail('":" lacks a label');
    this.labels.set(name, this.commands.length);
  }

  /** A label: up to a blank or semicolon; of b, t and T also up to a closing brace. */
  private word(braceEnds: boolean): string {
    const s = this.source;
    let out = "";
    for (let c = s.nextNonBlank(); ; c = s.next()) {
      if (c === undefined || c === "\n") return out;
      if (SPACE.test(c) || c === ";" || (braceEnds && c === "}")) {
        if (c === ";" || c === "}") s.back(c);
        return out;
      }
      out += c;
    }
  }

  private fileName(): Octets {
    const s = this.source;
    let out = "";
    for (let c = s.nextNonBlank(); c !== undefined && c !== "\n"; c = s.next()) out += c;
    if (out === "") throw s.fail("missing filename in r/R/w/W commands");
    return out;
  }

  // -- a, i, c --------------------------------------------------------------------------------------------------------

  private textCommand(c: SedCommand): void {
    const s = this.source;
    const first = s.nextNonBlank();
    if (first === undefined) throw s.fail("expected \\ after `a', `c' or `i'");
    if (first === "\\") {
      const after = s.nextNonBlank();
      if (after === "\n") return this.readText(c, false);
      if (after === undefined) {
        this.pendingText = c; // the text is in the next -e
        return;
      }
      // "a\text": the blanks after the backslash stay.
      s.back(after);
      while (SPACE.test(s.text[s.at - 1]!)) s.at--;
      // The backslash has quoted what follows it.
      const quoted = s.next()!;
      return this.readText(c, false, quoted);
    }
    if (first === "\n") throw s.fail("expected \\ after `a', `c' or `i'");
    s.back(first);
    this.readText(c, false);
  }

  /** Text up to a line end without a backslash before it. */
  private readText(c: SedCommand, continued: boolean, start = ""): void {
    const s = this.source;
    this.pendingText = undefined;
    let out = continued ? c.text : start;
    for (let ch = s.next(); ; ch = s.next()) {
      if (ch === undefined || ch === "\n") break;
      if (ch !== "\\") {
        out += ch;
        continue;
      }
      const made = s.peek() === undefined ? undefined : characterEscape(s.text, s.at);
      if (made) {
        out += made.char;
        s.at = made.end;
        continue;
      }
      const next = s.next();
      if (next === undefined) {
        c.text = `${out}\n`;
        this.pendingText = c;
        return;
      }
      out += next === "n" ? "\n" : next;
    }
    c.text = `${out}\n`;
  }

  // -- s and y ---------------------------------------------------------------------------------------------------------

  /**
   * What stands before the next delimiter (match_slash() of sed). In a regular expression a bracket expression hides it, `\n` is a newline,
   * and a backslash before the delimiter goes away.
   */
  private delimited(delimiter: string, isRegex: boolean): Octets | undefined {
    const s = this.source;
    let out = "";
    for (let c = s.next(); c !== undefined; c = s.next()) {
      if (c === delimiter) return out;
      if (c === "\n" && isRegex) {
        s.back(c);
        return undefined;
      }
      if (isRegex && c === "[" && delimiter !== "[") {
        out += this.bracket();
        continue;
      }
      if (c !== "\\") {
        out += c;
        continue;
      }
      const next = s.next();
      if (next === undefined) return undefined;
      if (next === delimiter) out += next;
      else if (next === "n" && isRegex) out += "\n";
      else if (next === "\n" && isRegex) out += "\n";
      else out += `\\${next}`;
    }
    return undefined;
  }

  /** A bracket expression as it stands, `\n` in it made a newline. */
  private bracket(): Octets {
    const s = this.source;
    let out = "[";
    const take = (): string | undefined => {
      const c = s.next();
      if (c !== undefined) out += c;
      return c;
    };
    if (s.peek() === "^") take();
    if (s.peek() === "]") take();
    for (;;) {
      const c = s.peek();
      if (c === undefined || c === "\n") return out;
      if (c === "\\" && s.text[s.at + 1] === "n") {
        s.next();
        s.next();
        out += "\n";
        continue;
      }
      take();
      if (c === "]") return out;
      const kind = c === "[" ? s.peek() : undefined;
      if (kind === ":" || kind === "." || kind === "=") {
        const end = s.text.indexOf(`${kind}]`, s.at + 1);
        if (end < 0) continue;
        while (s.at < end + 2) take();
      }
    }
  }

  private regex(text: Octets, ignoreCase: boolean, multiline: boolean): Regex | undefined {
    if (text === "") {
      if (ignoreCase || multiline) throw this.source.fail("no previous regular expression");
      return undefined;
    }
    const compiled = compileRegex(escapes(text, true), { syntax: this.o.extended ? "sed-ere" : "sed-bre", ignoreCase, multiline });
    if (!compiled.ok) throw this.source.fail(compiled.error);
    return compiled.value;
  }

  private substitution(): Substitution {
    const s = this.source;
    const delimiter = s.next();
    const text = delimiter === undefined || delimiter === "\n" || delimiter === "\\" ? undefined : this.delimited(delimiter, true);
    const replacement = text === undefined ? undefined : this.delimited(delimiter!, false);
    if (text === undefined || replacement === undefined) throw s.fail("unterminated `s' command");
    const sub: Substitution = { regex: undefined, parts: parseReplacement(replacement), global: false, print: false, nth: 0, file: undefined };
    const flags = this.flags(sub);
    sub.regex = this.regex(text, flags.ignoreCase, flags.multiline);
    const most = Math.max(0, ...sub.parts.map((p) => p.group ?? 0));
    if (sub.regex && most > sub.regex.groups) throw s.fail(`invalid reference \\${most} on \`s' command's RHS`);
    return sub;
  }

  private flags(sub: Substitution): { ignoreCase: boolean; multiline: boolean } {
    const s = this.source;
    let ignoreCase = false;
    let multiline = false;
    for (;;) {
      const c = s.next();
      switch (c) {
        case "i":
        case "I":
          ignoreCase = true;
          break;
        case "m":
        case "M":
          multiline = true;
          break;
        case "e":
          throw new NotEmulatedHere("sed s///e");
        case "p":
          if (sub.print) throw s.fail("multiple `p' options to `s' command");
          sub.print = true;
          break;
        case "g":
          if (sub.global) throw s.fail("multiple `g' options to `s' command");
          sub.global = true;
          break;
        case "w":
          sub.file = this.fileName();
          return { ignoreCase, multiline };
        case "}":
        case "#":
          s.back(c);
          return { ignoreCase, multiline };
        case undefined:
        case "\n":
        case ";":
          return { ignoreCase, multiline };
        case "\r":
          if (s.peek() === "\n" || s.peek() === undefined) break;
          throw s.fail("unknown option to `s'");
        default:
          if (/\d/.test(c)) this.nth(sub, c);
          else if (!SPACE.test(c)) throw s.fail("unknown option to `s'");
      }
    }
  }

  private nth(sub: Substitution, first: string): void {
    const s = this.source;
    if (sub.nth !== 0) throw s.fail("multiple number options to `s' command");
    sub.nth = this.number(first);
    if (sub.nth === 0) throw s.fail("number option to `s' command may not be zero");
  }

  private transliteration(): ReadonlyMap<Octets, Octets> {
    const s = this.source;
    const delimiter = s.next();
    const from = delimiter === undefined ? undefined : this.delimited(delimiter, false);
    const to = from === undefined ? undefined : this.delimited(delimiter!, false);
    if (from === undefined || to === undefined) throw s.fail("unterminated `y' command");
    const a = characters(from);
    const b = characters(to);
    if (a.length !== b.length) throw s.fail("strings for `y' command are different lengths");
    this.endOfCommand();
    const map = new Map<Octets, Octets>();
    a.forEach((c, i) => {
      if (!map.has(c)) map.set(c, b[i]!);
    });
    return map;
  }
}

/** Characters of y's strings: \\ is a backslash, \n a newline. */
function characters(text: Octets): Octets[] {
  const out: Octets[] = [];
  const t = escapes(text, false);
  for (let i = 0; i < t.length; i++) {
    if (t[i] !== "\\") {
      let n = 1;
      while (t.charCodeAt(i) >= 0xc0 && (t.charCodeAt(i + n) & 0xc0) === 0x80) n++;
      out.push(t.slice(i, i + n));
      i += n - 1;
      continue;
    }
    const next = t[++i];
    if (next === "\\") out.push("\\");
    else if (next === "n" || next === "\n") out.push("\n");
    else if (next === undefined) out.push("\\");
    else out.push("\\", next);
  }
  return out;
}

const NAMED: Readonly<Record<string, string>> = { a: "\x07", f: "\f", t: "\t", v: "\v", r: "\r" };

/** GNU's escapes for characters: \t \f \v \a \r \cX \dNNN \oNNN \xHH. One that makes a special character makes it an ordinary one. */
export function escapes(text: Octets, isRegex: boolean): Octets {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    const next = text[i + 1];
    if (c !== "\\" || next === undefined) {
      out += c;
      continue;
    }
    const made = characterEscape(text, i + 1);
    if (!made) {
      out += c + next;
      i++;
      continue;
    }
    const special = made.numeric && (isRegex ? /[\\^$.*[\]]/ : /[&\\]/).test(made.char);
    out += special ? `\\${made.char}` : made.char;
    i = made.end - 1;
  }
  return out;
}

function characterEscape(text: Octets, at: number): { char: string; end: number; numeric: boolean } | undefined {
  const c = text[at]!;
  const named = NAMED[c];
  if (named !== undefined) return { char: named, end: at + 1, numeric: false };
  if (c === "c" && text[at + 1] !== undefined) {
    const code = text.charCodeAt(at + 1);
    const upper = code >= 97 && code <= 122 ? code - 32 : code;
    return { char: String.fromCharCode(upper ^ 0x40), end: at + 2, numeric: false };
  }
  const rest = text.slice(at + 1, at + 4);
  const digits = c === "d" ? /^\d{1,3}/.exec(rest) : c === "o" ? /^[0-7]{1,3}/.exec(rest) : c === "x" ? /^[0-9a-fA-F]{1,2}/.exec(rest) : null;
  if (!digits) return undefined;
  const code = Number.parseInt(digits[0], c === "d" ? 10 : c === "o" ? 8 : 16) & 255;
  return { char: String.fromCharCode(code), end: at + 1 + digits[0].length, numeric: true };
}

/** & and \1, case switches and text. */
function parseReplacement(text: Octets): ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let held = "";
  let switchTo: ReplacementPart["switchTo"];
  let once: ReplacementPart["once"];
  const flush = (group: number | undefined): void => {
    if (held !== "" || switchTo !== undefined || once !== undefined) {
      if (held !== "") {
        parts.push({ text: held, group: undefined, switchTo, once });
        switchTo = once = undefined;
      }
      held = "";
    }
    if (group !== undefined) {
      parts.push({ text: "", group, switchTo, once });
      switchTo = once = undefined;
    }
  };
  const t = escapes(text, false);
  for (let i = 0; i < t.length; i++) {
    const c = t[i]!;
    if (c === "&") {
      flush(0);
      continue;
    }
    if (c !== "\\" || i + 1 >= t.length) {
      held += c;
      continue;
    }
    const next = t[++i]!;
    if (/\d/.test(next)) flush(Number(next));
    else if ("ULE".includes(next)) {
      flush(undefined);
      switchTo = next as "U";
      once = undefined;
    } else if (next === "u" || next === "l") {
      flush(undefined);
      once = next;
    } else if (next === "n") held += "\n";
    else held += next;
  }
  flush(undefined);
  return parts;
}
