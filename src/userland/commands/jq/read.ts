/** JSON texts one after the other, octet by octet, with what jq 1.6 says of what is none. RFC 8259, and NaN and infinities as jq takes them. */
import { type Octets, textOf } from "../../octets.ts";
import type { Json } from "./value.ts";

/** Nesting that jq reads. */
const MAX_DEPTH = 256;
const BYTE_ORDER_MARK = "\xef\xbb\xbf";
const STRUCTURE = "[,]{:}";

/** Ends the reading; `text` without the place. */
class Mistake {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Read = { value: Json } | { error: string } | "more" | "end";

/** A container that is being filled. */
type Open = { items: Json[] } | { members: Map<string, Json>; key: string | undefined };

const FINITE = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The C library's reading of a whole token; undefined: it is no number. */
export function parseNumber(text: string): number | undefined {
  if (FINITE.test(text)) return Number(text);
  const m = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(text);
  if (!m) return undefined;
  return m[2] ? (m[1] === "-" ? -Infinity : Infinity) : Number.NaN;
}

export class JsonReader {
  private line = 1;
  private column = 0;
  private buffer: Octets = "";
  private at = 0;
  private token = "";
  private state: "normal" | "string" | "escape" = "normal";
  private next: Json | undefined;
  /** A value that is complete although the octet behind it was taken, too. */
  private before: Json | undefined;
  private stack: Open[] = [];
  private finished = false;
  private begun = false;

  feed(text: Octets): void {
    if (!this.begun && text.startsWith(BYTE_ORDER_MARK)) {
      this.begun = true;
      return this.feed(text.slice(BYTE_ORDER_MARK.length));
    }
    this.begun = true;
    this.buffer = this.at < this.buffer.length ? this.buffer.slice(this.at) + text : text;
    this.at = 0;
  }

  /** No more will come. */
  finish(): void {
    this.finished = true;
  }

  read(): Read {
    try {
      while (this.at < this.buffer.length) {
        this.scan(this.buffer[this.at++]!);
        const done = this.takeDone();
        if (done !== undefined) return { value: done };
      }
    } catch (e) {
      return this.fail(e, "");
    }
    return this.finished ? this.atEnd() : "more";
  }

  private fail(e: unknown, where: string): Read {
    if (!(e instanceof Mistake)) throw e;
    // What else was read with it is thrown away.
    this.at = this.buffer.length;
    this.token = "";
    this.state = "normal";
    this.next = undefined;
    this.before = undefined;
    this.stack = [];
    return { error: `${e.text}${where} at line ${this.line}, column ${this.column}` };
  }

  private atEnd(): Read {
    try {
      if (this.state !== "normal") throw new Mistake("Unfinished string");
      this.literal();
      if (this.stack.length > 0) throw new Mistake("Unfinished JSON term");
    } catch (e) {
      return this.fail(e, " at EOF");
    }
    const last = this.next;
    this.next = undefined;
    return last === undefined ? "end" : { value: last };
  }

  private takeDone(): Json | undefined {
    if (this.before !== undefined) {
      const value = this.before;
      this.before = undefined;
      return value;
    }
    if (this.stack.length > 0 || this.next === undefined) return undefined;
    const value = this.next;
    this.next = undefined;
    return value;
  }

  private scan(c: string): void {
    this.column++;
    if (c === "\n") {
      this.line++;
      this.column = 0;
    }
    if (this.state !== "normal") return this.inString(c);
    const structure = STRUCTURE.includes(c);
    if (!structure && c !== '"' && c !== " " && c !== "\t" && c !== "\r" && c !== "\n") {
      this.token += c;
      return;
    }
    this.literal();
    // A number ends with what follows it, which may begin the next text: 1[2].
    if (this.stack.length === 0 && this.next !== undefined) {
      this.before = this.next;
      this.next = undefined;
    }
    if (structure) this.structure(c);
    else if (c === '"') this.state = "string";
  }

  private inString(c: string): void {
    if (this.state === "string" && c === '"') {
      const text = unescape(this.token);
      this.token = "";
      this.state = "normal";
      this.value(text);
      return;
    }
    this.token += c;
    this.state = this.state === "string" && c === "\\" ? "escape" : "string";
  }

  private value(v: Json): void {
    if (this.next !== undefined) throw new Mistake("Expected separator between values");
    this.next = v;
  }

  /** What was gathered: true, false, null or a number. */
  private literal(): void {
    const text = this.token;
    if (text === "") return;
    this.token = "";
    const word = text[0] === "t" ? "true" : text[0] === "f" ? "false" : text[0] === "n" ? "null" : undefined;
    if (word !== undefined) {
      if (text !== word) throw new Mistake("Invalid literal");
      return this.value(word === "null" ? null : word === "true");
    }
    const n = parseNumber(text);
    if (n === undefined) throw new Mistake("Invalid numeric literal");
    this.value(n);
  }

  private structure(c: string): void {
    switch (c) {
      case "[": return this.open({ items: [] });
      case "{": return this.open({ members: new Map(), key: undefined });
      case ":": return this.colon();
      case ",": return this.comma();
      case "]": return this.closeArray();
      default: return this.closeObject();
    }
  }

  private open(o: Open): void {
    if (this.stack.length >= MAX_DEPTH) throw new Mistake("Exceeds depth limit for parsing");
    if (this.next !== undefined) throw new Mistake("Expected separator between values");
    this.stack.push(o);
  }

  private colon(): void {
    const top = this.stack[this.stack.length - 1];
    if (this.next === undefined) throw new Mistake("Expected string key before ':'");
    if (!top || !("members" in top) || top.key !== undefined) throw new Mistake("':' not as part of an object");
    if (typeof this.next !== "string") throw new Mistake("Object keys must be strings");
    top.key = this.next;
    this.next = undefined;
  }

  private comma(): void {
    const top = this.stack[this.stack.length - 1];
    if (this.next === undefined) throw new Mistake("Expected value before ','");
    if (!top) throw new Mistake("',' not as part of an object or array");
    this.store(top, this.next);
  }

  private store(top: Open, v: Json): void {
    if ("items" in top) top.items.push(v);
    else {
      if (top.key === undefined) throw new Mistake("Objects must consist of key:value pairs");
      top.members.set(top.key, v);
      top.key = undefined;
    }
    this.next = undefined;
  }

  private closeArray(): void {
    const top = this.stack[this.stack.length - 1];
    if (!top || !("items" in top)) throw new Mistake("Unmatched ']'");
    if (this.next !== undefined) this.store(top, this.next);
    else if (top.items.length > 0) throw new Mistake("Expected another array element");
    this.stack.pop();
    this.next = top.items;
  }

  private closeObject(): void {
    const top = this.stack[this.stack.length - 1];
    if (!top) throw new Mistake("Unmatched '}'");
    if (this.next !== undefined) {
      if (!("members" in top)) throw new Mistake("Objects must consist of key:value pairs");
      this.store(top, this.next);
    } else {
      if (!("members" in top) || top.key !== undefined) throw new Mistake("Unmatched '}'");
      if (top.members.size > 0) throw new Mistake("Expected another key-value pair");
    }
    this.stack.pop();
    this.next = (top as { members: Map<string, Json> }).members;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\", '"': '"', "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

/** A string between its quotes. */
function unescape(raw: Octets): string {
  let out = "";
  let plain = 0;
  for (let i = 0; i < raw.length; i++) {
    const c = raw.charCodeAt(i);
    if (c > 0 && c < 0x1f) throw new Mistake("Invalid string: control characters from U+0000 through U+001F must be escaped");
    if (c !== 0x5c) continue;
    out += textOf(raw.slice(plain, i));
    const e = raw[++i];
    if (e === "u") {
      const [text, length] = unicodeEscape(raw, i + 1);
      out += text;
      i += length;
    } else {
      const meant = e === undefined ? undefined : ESCAPES[e];
      if (meant === undefined) throw new Mistake("Invalid escape");
      out += meant;
    }
    plain = i + 1;
  }
  return out + textOf(raw.slice(plain));
}

/** Four digits; for a character beyond U+FFFF the escape of the other half as well. */
function unicodeEscape(raw: Octets, at: number): [text: string, length: number] {
  if (at + 4 > raw.length) throw new Mistake("Invalid \\uXXXX escape");
  const hex = raw.slice(at, at + 4);
  if (!/^[0-9a-fA-F]{4}$/.test(hex)) throw new Mistake("Invalid characters in \\uXXXX escape");
  const unit = Number.parseInt(hex, 16);
  if (unit >= 0xdc00 && unit < 0xe000) return ["\ufffd", 4];
  if (unit < 0xd800 || unit >= 0xe000) return [String.fromCharCode(unit), 4];
  const low = /^\\u([dD][c-fC-F][0-9a-fA-F]{2})/.exec(raw.slice(at + 4, at + 10));
  if (!low) throw new Mistake("Invalid \\uXXXX\\uXXXX surrogate pair escape");
  return [String.fromCharCode(unit, Number.parseInt(low[1]!, 16)), 10];
}

/** One text; `error` has the place. */
export function parseJson(text: Octets): { value: Json } | { error: string } {
  const reader = new JsonReader();
  reader.feed(text);
  reader.finish();
  const first = reader.read();
  if (first === "end" || first === "more") return { error: "" };
  if ("error" in first) return first;
  const second = reader.read();
  if (second === "end" || second === "more") return first;
  return "error" in second ? second : { error: "Unexpected extra JSON values" };
}
