/** awk's words. Messages and the counting of parentheses are mawk 1.3.4's. */
import type { Octets } from "../../octets.ts";

export type TokenKind = "number" | "string" | "regex" | "name" | "function-name" | "builtin" | "keyword" | "op" | "newline" | "eof";

export interface Token {
  kind: TokenKind;
  /** As it is written; of a string its value. */
  text: string;
  value: number;
  line: number;
}

/** What mawk says at most of one program before it gives up. */
export const MAX_ERRORS = 5;

/** Mistakes in the program; each has its line in front. */
export class AwkError {
  readonly texts: readonly string[];
  constructor(texts: string | readonly string[]) {
    this.texts = typeof texts === "string" ? [texts] : texts;
  }
  get text(): string {
    return this.texts.join("\n");
  }
}

export const KEYWORDS: ReadonlySet<string> = new Set(["BEGIN", "END", "function", "if", "else", "while", "for", "do", "break", "continue", "next", "nextfile", "exit", "return", "delete", "in", "getline", "print", "printf"]);
export const BUILTINS: ReadonlySet<string> = new Set([
  "length", "substr", "index", "split", "sub", "gsub", "match", "sprintf", "sin", "cos", "atan2", "exp", "log", "sqrt", "int", "rand", "srand", "tolower", "toupper", "system", "close", "fflush", "strftime", "mktime", "systime",
]);

const OPERATORS = ["&&", "||", "==", "!=", "<=", ">=", "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", ">>", "!~", "{", "}", "(", ")", "[", "]", ";", ",", "+", "-", "*", "/", "%", "^", "!", "<", ">", "|", "?", ":", "~", "$", "="];
const SMALLEST_NORMAL = 2.2250738585072014e-308; // strtod(3) calls what is smaller a range error
const STRING_ESCAPES: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "\\/", a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Escapes of a string constant. mawk leaves a backslash before anything it does not know, and before a slash. */
export function awkString(text: Octets): Octets {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c !== "\\" || i + 1 >= text.length) {
      out += c;
      continue;
    }
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(text.slice(i + 1, i + 4));
    if (hex) {
      out += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      i += hex[0].length;
      continue;
    }
    const octal = /^[0-7]{1,3}/.exec(text.slice(i + 1, i + 4))?.[0];
    if (octal) {
      out += String.fromCharCode(Number.parseInt(octal, 8) & 255);
      i += octal.length;
      continue;
    }
    const next = text[++i]!;
    if (next === "\n") continue;
    out += STRING_ESCAPES[next] ?? `\\${next}`;
  }
  return out;
}

export class Lexer {
  line = 1;
  private pos = 0;
  parens = 0;
  braces = 0;
  private last: Token | undefined;
  private endGiven = false;
  /** The word behind a brace too many: mawk does not take a newline there. */
  afterExtra: Token | undefined;
  /** Mistakes that do not end the reading. */
  readonly mistakes: string[] = [];
  private readonly src: Octets;

  constructor(src: Octets) {
    this.src = src;
  }

  /** Notes a mistake and goes on, until there are too many. */
  report(text: string): void {
    this.mistakes.push(text);
    if (this.mistakes.length >= MAX_ERRORS) throw new AwkError("");
  }

  private token(kind: TokenKind, text: string, value = 0): Token {
    this.last = { kind, text, value, line: this.line };
    return this.last;
  }

  private skipBlanks(): void {
    for (;;) {
      const c = this.src[this.pos];
      if (c === " " || c === "\t" || c === "\r" || c === "\f" || c === "\v") this.pos++;
      else if (c === "\\" && /^\\\r?\n/.test(this.src.slice(this.pos, this.pos + 3))) {
        this.pos = this.src.indexOf("\n", this.pos) + 1;
        this.line++;
      } else if (c === "#") {
        const nl = this.src.indexOf("\n", this.pos);
        this.pos = nl < 0 ? this.src.length : nl;
      } else return;
    }
  }

  next(): Token {
    this.skipBlanks();
    const c = this.src[this.pos];
    if (c === undefined) return this.atEnd();
    if (c === "\n") {
      this.pos++;
      const t = this.token("newline", "end of line");
      this.line++;
      return t;
    }
    if (c === '"') return this.string();
    const rest = this.src.slice(this.pos, this.pos + 400);
    const number = /^(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/.exec(rest)?.[0];
    if (number !== undefined) {
      this.pos += number.length;
      const value = Number(number);
      if (value === Infinity || (value !== 0 && value < SMALLEST_NORMAL)) this.report(`line ${this.line}: ${number} : decimal overflow`);
      return this.token("number", number, value);
    }
    const name = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest)?.[0];
    if (name !== undefined) return this.word(name);
    return this.operator(rest);
  }

  /** A newline, as the text has none of its own at its end, and then the end. */
  private atEnd(): Token {
    if (!this.endGiven) {
      this.endGiven = true;
      const t = this.token("newline", "end of line");
      this.line++;
      return t;
    }
    return this.token("eof", "end of file");
  }

  private word(name: string): Token {
    this.pos += name.length;
    if (name === "func") {
      // mawk knows only "function".
      return this.token("name", name);
    }
    if (KEYWORDS.has(name)) return this.token("keyword", name);
    if (BUILTINS.has(name)) return this.token("builtin", name);
    return this.token(this.src[this.pos] === "(" ? "function-name" : "name", name);
  }

  private operator(rest: string): Token {
    const op = OPERATORS.find((o) => rest.startsWith(o));
    if (op === undefined) throw new AwkError(`${this.line}: unexpected character '${rest[0]}'`);
    this.pos += op.length;
    if (op === "(") this.parens++;
    else if (op === "{") this.braces++;
    else if ((op === ")" && --this.parens < 0) || (op === "}" && --this.braces < 0)) {
      // Passed over.
      if (op === ")") this.parens = 0;
      else this.braces = 0;
      this.report(`line ${this.line}: extra '${op}'`);
      this.afterExtra = this.next();
      return this.afterExtra;
    }
    return this.token("op", op);
  }

  private string(): Token {
    let i = this.pos + 1;
    for (; i < this.src.length && this.src[i] !== '"'; i++) {
      if (this.src[i] === "\n") break;
      if (this.src[i] === "\\") i++;
    }
    if (this.src[i] !== '"') throw new AwkError(`line ${this.line}: runaway string constant ${this.src.slice(this.pos, this.pos + 10).split("\n")[0]} ...`);
    const raw = this.src.slice(this.pos + 1, i);
    this.pos = i + 1;
    const t = this.token("string", awkString(raw));
    for (const c of raw) if (c === "\n") this.line++;
    return t;
  }

  /** Whether, newlines aside, this word comes next. */
  nextWordIs(word: string): boolean {
    const m = /^(?:[ \t\r\n]|\\\r?\n|#[^\n]*)*([A-Za-z_][A-Za-z0-9_]*)?/.exec(this.src.slice(this.pos));
    return m?.[1] === word;
  }

  /** Whether a comma or the closing parenthesis comes next. */
  nextIsListEnd(ends = ",)"): boolean {
    const next = /^(?:[ \t\r]|\\\r?\n)*([,)])/.exec(this.src.slice(this.pos, this.pos + 200));
    return next !== null && ends.includes(next[1]!);
  }

  /** After a `/` where an operand is due: the rest of a regular expression. A slash in brackets does not end it. */
  regex(start: "/" | "/="): Token {
    const from = this.pos - (start.length - 1);
    let i = from;
    for (; i < this.src.length && this.src[i] !== "/" && this.src[i] !== "\n"; i++) {
      if (this.src[i] === "\\") i++;
      else if (this.src[i] === "[") i = this.bracketEnd(i);
    }
    if (this.src[i] !== "/") throw new AwkError(`line ${this.line}: runaway regular expression /${this.src.slice(from, from + 10).split("\n")[0]} ...`);
    const raw = this.src.slice(from, i);
    this.pos = i + 1;
    return this.token("regex", raw.replaceAll("\\/", "/"));
  }

  /** The last character of a bracket expression; the end of the line when there is none. */
  private bracketEnd(at: number): number {
    let i = at + 1;
    if (this.src[i] === "^") i++;
    if (this.src[i] === "]") i++;
    for (; i < this.src.length && this.src[i] !== "\n"; i++) {
      if (this.src[i] === "]") return i;
      if (this.src[i] === "\\") i++;
    }
    return i - 1;
  }
}
