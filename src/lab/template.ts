/**
 * `${…}` in a lab's files: a small language without loops, in which every expression has a value or a message
 * (docs/lab-format.md, "Parameters and ${…}"). Nothing here knows what the values are used for.
 */
import { err, ok, type Result } from "../base/result.ts";

export interface PrefixValue {
  readonly t: "prefix";
  /** Network address. */
  readonly network: number;
  readonly length: number;
}
export interface AddressValue {
  readonly t: "address";
  readonly address: number;
}
export interface MacValue {
  readonly t: "mac";
  /** Six octets, lower case, colons. */
  readonly text: string;
}
export interface RecordValue {
  readonly t: "record";
  readonly fields: ReadonlyMap<string, Value>;
}
export type Value = number | string | readonly Value[] | PrefixValue | AddressValue | MacValue | RecordValue;

export interface Env {
  lookup(name: string): Value | undefined;
  /** MAC of "h1:eth0". */
  mac(end: string): string | undefined;
}

// -- values as text -------------------------------------------------------------------------------------------------------

export function formatIpv4(n: number): string {
  return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;
}

/** @returns the address, or undefined. */
export function parseIpv4(text: string): number | undefined {
  const m = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (m === null) return undefined;
  let n = 0;
  for (const part of m.slice(1)) {
    const octet = Number.parseInt(part, 10);
    if (octet > 255 || (part.length > 1 && part.startsWith("0"))) return undefined;
    n = n * 256 + octet;
  }
  return n;
}

/** "10.0.1.0/24". Bits behind the length are cleared. */
export function parsePrefix(text: string): PrefixValue | undefined {
  const [address, length, more] = text.split("/");
  const n = parseIpv4(address ?? "");
  if (n === undefined || length === undefined || more !== undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32) return undefined;
  return { t: "prefix", network: (n & maskOf(Number(length))) >>> 0, length: Number(length) };
}

export function maskOf(length: number): number {
  return length === 0 ? 0 : (0xffff_ffff << (32 - length)) >>> 0;
}

/** 2 to the n-th, n from 0 to 32. */
const powerOfTwo = (n: number): number => (n < 31 ? 1 << n : n === 31 ? 0x8000_0000 : 0x1_0000_0000);
export const sizeOf = (p: PrefixValue): number => powerOfTwo(32 - p.length);

/** Its n-th address; from the end for n < 0: -1 is the last that a host may have. */
export function hostOf(p: PrefixValue, n: number): number | undefined {
  const size = sizeOf(p);
  const at = n < 0 ? (p.length >= 31 ? size + n : size - 1 + n) : n;
  return at < 0 || at >= size ? undefined : (p.network + at) >>> 0;
}

export function overlaps(a: PrefixValue, b: PrefixValue): boolean {
  const mask = maskOf(Math.min(a.length, b.length));
  return (a.network & mask) >>> 0 === (b.network & mask) >>> 0;
}

export function formatValue(v: Value): Result<string, string> {
  if (typeof v === "string") return ok(v);
  if (typeof v === "number") return ok(String(v));
  if (isList(v)) return err("is a list; choose one item, or write .join(' ')");
  switch (v.t) {
    case "prefix":
      return ok(`${formatIpv4(v.network)}/${v.length}`);
    case "address":
      return ok(formatIpv4(v.address));
    case "mac":
      return ok(v.text);
    case "record":
      return err(`is a record; choose one of its fields: ${[...v.fields.keys()].join(", ")}`);
  }
}

export function isList(v: Value): v is readonly Value[] {
  return Array.isArray(v);
}

// -- expressions ----------------------------------------------------------------------------------------------------------

type Expr =
  | { k: "value"; value: number | string }
  | { k: "name"; name: string }
  | { k: "sum"; left: Expr; right: Expr; sign: 1 | -1 }
  | { k: "index"; of: Expr; at: Expr }
  | { k: "member"; of: Expr; name: string; args: readonly Expr[] | undefined }
  | { k: "call"; name: string; args: readonly Expr[] };

const TOKEN = /\s*(?:(\d{1,10})|'([^']*)'|([A-Za-z][A-Za-z0-9_]*)|([-+.()[\],]))/y;
const MAX_EXPRESSION = 200;

class ExpressionParser {
  private readonly tokens: { number?: number; text?: string; name?: string; sign?: string }[] = [];
  private at = 0;
  private depth = 0;

  static parse(text: string): Result<Expr, string> {
    if (text.length > MAX_EXPRESSION) return err(`is longer than ${MAX_EXPRESSION} characters`);
    const p = new ExpressionParser();
    TOKEN.lastIndex = 0;
    let end = 0;
    while (text.slice(end).trim() !== "") {
      TOKEN.lastIndex = end;
      const m = TOKEN.exec(text);
      if (m === null) return err(`cannot be read from "${text.slice(end).trim()}" on`);
      end = TOKEN.lastIndex;
      if (m[1] !== undefined) p.tokens.push({ number: Number(m[1]) });
      else if (m[2] !== undefined) p.tokens.push({ text: m[2] });
      else if (m[3] !== undefined) p.tokens.push({ name: m[3] });
      else p.tokens.push({ sign: m[4]! });
    }
    const e = p.sum();
    if (!e.ok) return e;
    return p.at < p.tokens.length ? err(`has something left over after its end`) : e;
  }

  private take(sign: string): boolean {
    if (this.tokens[this.at]?.sign !== sign) return false;
    this.at++;
    return true;
  }

  private sum(): Result<Expr, string> {
    if (++this.depth > 16) return err("is nested too deep");
    let left = this.postfix();
    while (left.ok) {
      const sign = this.take("+") ? 1 : this.take("-") ? -1 : undefined;
      if (sign === undefined) break;
      const right = this.postfix();
      if (!right.ok) return right;
      left = ok({ k: "sum", left: left.value, right: right.value, sign });
    }
    this.depth--;
    return left;
  }

  private args(): Result<Expr[], string> {
    const out: Expr[] = [];
    if (this.take(")")) return ok(out);
    for (;;) {
      const e = this.sum();
      if (!e.ok) return e;
      out.push(e.value);
      if (this.take(")")) return ok(out);
      if (!this.take(",")) return err("lacks a ')'");
    }
  }

  private postfix(): Result<Expr, string> {
    let e = this.primary();
    while (e.ok) {
      if (this.take("[")) {
        const at = this.sum();
        if (!at.ok) return at;
        if (!this.take("]")) return err("lacks a ']'");
        e = ok({ k: "index", of: e.value, at: at.value });
      } else if (this.take(".")) {
        const name = this.tokens[this.at++]?.name;
        if (name === undefined) return err("has nothing to name after '.'");
        const args = this.take("(") ? this.args() : undefined;
        if (args !== undefined && !args.ok) return args;
        e = ok({ k: "member", of: e.value, name, args: args?.value });
      } else break;
    }
    return e;
  }

  private primary(): Result<Expr, string> {
    const negative = this.take("-");
    const t = this.tokens[this.at++];
    if (t?.number !== undefined) return ok({ k: "value", value: negative ? -t.number : t.number });
    if (negative) return err("has a '-' that stands before no number");
    if (t?.text !== undefined) return ok({ k: "value", value: t.text });
    if (t?.name === undefined) return err("is incomplete");
    if (!this.take("(")) return ok({ k: "name", name: t.name });
    const args = this.args();
    return args.ok ? ok({ k: "call", name: t.name, args: args.value }) : args;
  }
}

function evaluate(e: Expr, env: Env): Result<Value, string> {
  switch (e.k) {
    case "value":
      return ok(e.value);
    case "name": {
      const v = env.lookup(e.name);
      return v === undefined ? err(`names '${e.name}', which is no parameter here`) : ok(v);
    }
    case "sum": {
      const a = evaluate(e.left, env);
      if (!a.ok) return a;
      const b = evaluate(e.right, env);
      if (!b.ok) return b;
      if (typeof a.value !== "number" || typeof b.value !== "number") return err(`adds what is not a number`);
      return ok(a.value + e.sign * b.value);
    }
    case "index": {
      const list = evaluate(e.of, env);
      if (!list.ok) return list;
      const at = evaluate(e.at, env);
      if (!at.ok) return at;
      if (typeof list.value !== "object" || !isList(list.value)) return err("takes an item of what is not a list");
      const item = typeof at.value === "number" ? list.value[at.value] : undefined;
      return item === undefined ? err(`takes item ${String(at.value)} of a list of ${list.value.length}; the first is 0`) : ok(item);
    }
    case "call":
      return callFunction(e.name, e.args, env);
    case "member": {
      const of = evaluate(e.of, env);
      if (!of.ok) return of;
      const args: Value[] = [];
      for (const a of e.args ?? []) {
        const v = evaluate(a, env);
        if (!v.ok) return v;
        args.push(v.value);
      }
      return member(of.value, e.name, args);
    }
  }
}

function callFunction(name: string, args: readonly Expr[], env: Env): Result<Value, string> {
  if (name !== "mac" || args.length !== 1) return err(`calls ${name}(), which is not there; only mac('node:interface') is`);
  const end = evaluate(args[0]!, env);
  if (!end.ok) return end;
  const mac = env.mac(String(end.value));
  return mac === undefined ? err(`asks for the MAC of ${String(end.value)}, which is no end of a cable`) : ok({ t: "mac", text: mac });
}

const no = (what: string, name: string, known: string): Result<Value, string> => err(`asks ${what} for .${name}; it has ${known}`);
const address = (n: number | undefined): Result<Value, string> => (n === undefined ? err("asks for an address outside the prefix") : ok({ t: "address", address: n }));

function member(of: Value, name: string, args: readonly Value[]): Result<Value, string> {
  if (typeof of === "number") return no("a number", name, "no members");
  if (typeof of === "string") return name === "length" ? ok(of.length) : no("a text", name, ".length");
  if (isList(of)) return listMember(of, name, args);
  switch (of.t) {
    case "record": {
      const v = of.fields.get(name);
      return v === undefined ? no("a record", name, [...of.fields.keys()].map((k) => `.${k}`).join(", ")) : ok(v);
    }
    case "prefix":
      return prefixMember(of, name, args);
    case "address": {
      const n = args[0];
      if (name === "plus" && typeof n === "number") return ok({ t: "address", address: (of.address + n) >>> 0 });
      if (name === "octet" && typeof n === "number" && n >= 1 && n <= 4) return ok((of.address >>> (32 - 8 * n)) & 255);
      return no("an address", name, ".plus(n), .octet(1 to 4)");
    }
    case "mac":
      return macMember(of, name, args[0]);
  }
}

function listMember(of: readonly Value[], name: string, args: readonly Value[]): Result<Value, string> {
  if (name === "length") return ok(of.length);
  if (name !== "join" || args.length !== 1) return no("a list", name, ".length, .join(' ')");
  const parts: string[] = [];
  for (const item of of) {
    const text = formatValue(item);
    if (!text.ok) return text;
    parts.push(text.value);
  }
  return ok(parts.join(String(args[0])));
}

function prefixMember(p: PrefixValue, name: string, args: readonly Value[]): Result<Value, string> {
  const n = args[0];
  if (name === "network") return address(p.network);
  if (name === "broadcast") return address((p.network | ~maskOf(p.length)) >>> 0);
  if (name === "mask") return address(maskOf(p.length));
  if (name === "length") return ok(p.length);
  if (name === "host" && typeof n === "number") return address(hostOf(p, n));
  if (name === "cidr" && typeof n === "number") {
    const host = hostOf(p, n);
    return host === undefined ? address(undefined) : ok(`${formatIpv4(host)}/${p.length}`);
  }
  const length = n;
  const at = args[1];
  if (name === "subnet" && typeof length === "number" && typeof at === "number") {
    if (length < p.length || length > 32 || at < 0 || at >= powerOfTwo(length - p.length)) return err("asks for a subnet that is not in the prefix");
    return ok({ t: "prefix", network: (p.network + at * powerOfTwo(32 - length)) >>> 0, length });
  }
  return no("a prefix", name, ".host(n), .cidr(n), .network, .broadcast, .mask, .length, .subnet(length, n)");
}

function macMember(mac: MacValue, name: string, n: Value | undefined): Result<Value, string> {
  const octets = mac.text.split(":").map((o) => Number.parseInt(o, 16));
  const two = (o: number): string => o.toString(16).padStart(2, "0");
  if (name === "octet" && typeof n === "number" && n >= 1 && n <= 6) return ok(two(octets[n - 1]!));
  if (name === "plus" && typeof n === "number" && n >= 0 && n < 0x100_0000) {
    let carry = n;
    for (let i = 5; i >= 3; i--) {
      carry += octets[i]!;
      octets[i] = carry % 256;
      carry = Math.floor(carry / 256);
    }
    return ok({ t: "mac", text: octets.map(two).join(":") });
  }
  return no("a MAC", name, ".plus(n), .octet(1 to 6)");
}

// -- templates ------------------------------------------------------------------------------------------------------------

/** @returns the value of one expression. */
export function evaluateText(text: string, env: Env): Result<Value, string> {
  const e = ExpressionParser.parse(text);
  if (!e.ok) return err(`\${${text}} ${e.error}`);
  const v = evaluate(e.value, env);
  return v.ok ? v : err(`\${${text}} ${v.error}`);
}

/** Where the expression that begins at `from` ends: a "}" outside quotes. -1: nowhere. */
function endOfExpression(text: string, from: number): number {
  let quoted = false;
  for (let i = from; i < text.length; i++) {
    if (text[i] === "'") quoted = !quoted;
    else if (text[i] === "}" && !quoted) return i;
    else if (text[i] === "\n") return -1;
  }
  return -1;
}

/** A scalar that is one `${…}` and nothing else gives its value; everything else gives text. */
export function substitute(text: string, env: Env): Result<Value, string> {
  if (!text.includes("${")) return ok(text);
  if (text.startsWith("${") && endOfExpression(text, 2) === text.length - 1) return evaluateText(text.slice(2, -1), env);
  let out = "";
  for (let i = 0; i < text.length; ) {
    if (text.startsWith("$${", i)) {
      out += "${";
      i += 3;
    } else if (text.startsWith("${", i)) {
      const end = endOfExpression(text, i + 2);
      if (end < 0) return err("has a ${ without its }; write $${ for a ${ that is meant as it stands");
      const v = evaluateText(text.slice(i + 2, end), env);
      if (!v.ok) return v;
      const printed = formatValue(v.value);
      if (!printed.ok) return err(`${text.slice(i, end + 1)} ${printed.error}`);
      out += printed.value;
      i = end + 1;
    } else out += text[i++]!;
  }
  return ok(out);
}

/** Text with every `${…}` printed into it. */
export function substituteText(text: string, env: Env): Result<string, string> {
  const v = substitute(text, env);
  if (!v.ok) return v;
  const printed = formatValue(v.value);
  return printed.ok ? printed : err(`${text} ${printed.error}`);
}
