/** Format strings of hexdump(1): `16/1 "%02x "` → units → conversions. The built-in forms (-C, -x ...) are such strings as well. */
import type { Octets } from "../../octets.ts";

/** One conversion with the text around it. */
interface Piece {
  before: string;
  after: string;
  kind: "address" | "total" | "char" | "print" | "name" | "byte" | "integer";
  flags: string;
  width: number;
  precision: number | undefined;
  /** d, o, x, X, u, i, c. */
  letter: string;
  /** Octets it takes. */
  size: number;
}

type Part = string | Piece;

interface Unit {
  times: number;
  explicit: boolean;
  size: number;
  parts: readonly Part[];
  /** The last blank, dropped after the last repetition. */
  trimmed: boolean;
}

export interface Format {
  units: Unit[];
  /** Octets of one round. */
  size: number;
}

export class BadFormat {
  readonly text: string;
  readonly notEmulated: boolean;
  constructor(text: string, notEmulated = false) {
    this.text = text;
    this.notEmulated = notEmulated;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };
const unescape = (s: string): string => s.replace(/\\(.)/gs, (_, c: string) => ESCAPES[c] ?? c);

function parts(text: string, bytes: number): Part[] {
  const out: Part[] = [];
  let plain = "";
  for (let i = 0; i < text.length; ) {
    if (text[i] !== "%") {
      plain += text[i++]!;
      continue;
    }
    if (text[i + 1] === "%") {
      plain += "%";
      i += 2;
      continue;
    }
    const m = /^%([-+ #0]*)([0-9]*)(?:\.([0-9]*))?(_[aA][dox]|_[cpu]|[diouxXc]|[eEfGgs])/.exec(text.slice(i));
    if (!m) throw new BadFormat(`bad conversion character ${text.slice(i, i + 2)}`);
    out.push(piece(plain, m, bytes));
    plain = "";
    i += m[0].length;
  }
  const last = out[out.length - 1];
  if (typeof last === "object") last.after = plain;
  else if (plain !== "") out.push(plain);
  return out;
}

const KINDS: Readonly<Record<string, Piece["kind"]>> = { _a: "address", _A: "total", _c: "char", _p: "print", _u: "name", c: "byte" };

function piece(before: string, m: RegExpExecArray, bytes: number): Piece {
  const code = m[4]!;
  if (/^[eEfGgs]/.test(code)) throw new BadFormat(`hexdump -e %${code}`, true);
  const kind = KINDS[code.startsWith("_") ? code.slice(0, 2) : code] ?? "integer";
  const size = kind === "address" || kind === "total" ? 0 : kind === "integer" ? bytes || 4 : 1;
  if (kind === "integer" && ![1, 2, 4, 8].includes(size)) throw new BadFormat(`bad byte count for conversion character ${code}`);
  const precision = m[3] === undefined ? undefined : Number(m[3] || 0);
  return { before, after: "", kind, flags: m[1]!, width: Number(m[2] || 0), precision, letter: code[code.length - 1]!, size };
}

/** @throws BadFormat */
export function parseFormat(text: string): Format {
  const units: Unit[] = [];
  const unit = /\s*(?:([0-9]+)(?=\s*[/"]))?\s*(?:\/\s*([0-9]+)\s*)?"((?:[^"\\]|\\.)*)"\s*/y;
  for (let at = 0; at < text.length; ) {
    unit.lastIndex = at;
    const m = unit.exec(text);
    if (!m) throw new BadFormat(`bad format {${text.trim()}}`);
    at = unit.lastIndex;
    const made = parts(unescape(m[3]!), Number(m[2] ?? 0));
    const needed = made.reduce((n, p) => n + (typeof p === "string" ? 0 : p.size), 0);
    const times = Number(m[1] ?? 1);
    const last = made[made.length - 1];
    units.push({ times, explicit: m[1] !== undefined, size: needed, parts: made, trimmed: typeof last === "object" && /\s$/.test(last.after) });
  }
  return { units, size: units.reduce((n, u) => n + u.times * u.size, 0) };
}

/** All forms go over blocks of the same size: the last unit of a shorter one is repeated when no count was written. */
export function stretch(formats: readonly Format[]): number {
  const size = Math.max(...formats.map((f) => f.size));
  for (const f of formats) {
    const last = f.units[f.units.length - 1];
    if (last && !last.explicit && last.size > 0 && f.size < size) last.times += Math.floor((size - f.size) / last.size);
    for (const u of f.units) u.trimmed &&= u.times > 1;
  }
  return size;
}

const NAMES = ["nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "lf", "vt", "ff", "cr", "so", "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us"];
const CHARACTERS: Readonly<Record<number, string>> = { 0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };
const isPrint = (c: number): boolean => c >= 32 && c < 127;

function integer(block: Octets, at: number, p: Piece): string {
  let n = 0n;
  for (let i = p.size - 1; i >= 0; i--) n = (n << 8n) | BigInt(block.charCodeAt(at + i) || 0);
  return digits(p.letter === "d" || p.letter === "i" ? BigInt.asIntN(8 * p.size, n) : n, p);
}

function digits(n: bigint, p: Piece): string {
  const base = p.letter === "o" ? 8 : p.letter === "x" || p.letter === "X" ? 16 : 10;
  let text = (n < 0n ? -n : n).toString(base);
  if (p.letter === "X") text = text.replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
  if (p.precision !== undefined) text = text.padStart(p.precision, "0");
  if (p.flags.includes("#") && n !== 0n) text = (base === 16 ? `0${p.letter}` : base === 8 ? "0" : "") + text;
  const sign = n < 0n ? "-" : p.flags.includes("+") ? "+" : p.flags.includes(" ") && base === 10 ? " " : "";
  if (p.flags.includes("0") && !p.flags.includes("-") && p.precision === undefined) text = text.padStart(p.width - sign.length, "0");
  return sign + text;
}

function shown(p: Piece, block: Octets, at: number, address: number): string {
  const c = block.charCodeAt(at) || 0;
  switch (p.kind) {
    case "address":
    case "total": return digits(BigInt(address), p);
    case "print": return isPrint(c) ? String.fromCharCode(c) : ".";
    case "char": return CHARACTERS[c] ?? (isPrint(c) ? String.fromCharCode(c) : c.toString(8).padStart(3, "0"));
    case "name": return NAMES[c] ?? (c === 127 ? "del" : isPrint(c) ? String.fromCharCode(c) : c.toString(16).padStart(2, "0"));
    case "byte": return String.fromCharCode(c);
    case "integer": return integer(block, at, p);
  }
}

/** One block of `length` octets at `address`. What lies beyond it is blank. */
export function render(format: Format, block: Octets, address: number, length: number): Octets {
  let out = "";
  let at = 0;
  for (const unit of format.units) {
    if (unit.parts.some((p) => typeof p === "object" && p.kind === "total")) continue;
    for (let i = unit.times; i > 0; i--) {
      for (const [k, p] of unit.parts.entries()) {
        if (typeof p === "string") {
          out += p;
          continue;
        }
        const after = i === 1 && unit.trimmed && k === unit.parts.length - 1 ? p.after.slice(0, -1) : p.after;
        const text = at < length || p.size === 0 ? shown(p, block, at, address + at) : "";
        out += p.before + (p.flags.includes("-") ? text.padEnd(p.width) : text.padStart(p.width)) + after;
        at += p.size;
      }
    }
  }
  return out;
}

/** What is printed once, after everything: %_A. */
export function renderEnd(formats: readonly Format[], address: number): Octets {
  const unit = formats.flatMap((f) => f.units).findLast((u) => u.parts.some((p) => typeof p === "object" && p.kind === "total"));
  if (!unit) return "";
  return unit.parts.map((p) => (typeof p === "string" ? p : p.before + digits(BigInt(address), p).padStart(p.width) + p.after)).join("");
}
