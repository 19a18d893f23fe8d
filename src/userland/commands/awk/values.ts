/** awk's values: numbers, strings, and input that is a number when it looks like one. After mawk 1.3.4. */
import { DOUBLE, floatOf, formatFloat, padNumber } from "../../float-format.ts";
import type { Octets } from "../../octets.ts";

/** A field, a line read, an argument: a string that compares as a number if it looks like one. */
export class Input {
  readonly text: Octets;
  private known = false;
  private value: number | undefined;
  constructor(text: Octets) {
    this.text = text;
  }
  /** The number that it looks like. */
  get number(): number | undefined {
    if (!this.known) {
      this.known = true;
      this.value = looksNumeric(this.text);
    }
    return this.value;
  }
}

/** undefined: never set, both "" and 0. */
export type Value = number | Octets | Input | undefined;

/** Integers up to this are printed whole; what is larger goes through OFMT. */
const MAX_INT = 2147483647;
const MAX_UNSIGNED = 4294967295;

const PREFIX = /^[ \t\n\v\f\r]*([+-]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN]))/;

function numberOf(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const bare = text.replace(/^[+-]/, "");
  if (/^[iI]/.test(bare)) return sign * Infinity;
  if (/^[nN]/.test(bare)) return Number.NaN;
  return sign * Number(bare);
}

/** strtod(3): the number at the start; 0 when there is none. */
export function toNumber(text: Octets): number {
  // Most are plain integers.
  const c = text.charCodeAt(0);
  if (text.length < 10 && c >= 48 && c <= 57) {
    let n = 0;
    let i = 0;
    for (; i < text.length; i++) {
      const d = text.charCodeAt(i) - 48;
      if (d < 0 || d > 9) break;
      n = n * 10 + d;
    }
    if (i === text.length) return n;
  }
  const m = PREFIX.exec(text);
  return m ? numberOf(m[1]!) : 0;
}

function looksNumeric(text: Octets): number | undefined {
  const m = PREFIX.exec(text);
  if (!m || !/^[ \t\n\v\f\r]*$/.test(text.slice(m[0].length))) return undefined;
  return numberOf(m[1]!);
}

export function num(v: Value): number {
  if (typeof v === "number") return v;
  if (typeof v === "string") return toNumber(v);
  return v === undefined ? 0 : (v.number ?? toNumber(v.text));
}

/** `format`: CONVFMT, or OFMT for print. */
export function str(v: Value, format: string): Octets {
  if (typeof v === "string") return v;
  if (typeof v === "number") return numberText(v, format);
  return v === undefined ? "" : v.text;
}

function numberText(n: number, format: string): Octets {
  if (n === Math.trunc(n) && n <= MAX_INT && n >= -MAX_INT) return String(n === 0 ? 0 : n);
  if (n !== n) return "-nan"; // what x86 makes of 0/0; the sign of "nan"+0 is lost on this host
  return format === "%.6g" ? formatFloat(floatOf(n), { conversion: "g", precision: 6, flags: "", width: 0 }) : sprintf(format, [n], format);
}

export function truth(v: Value): boolean {
  if (typeof v === "number") return v !== 0;
  if (typeof v === "string") return v !== "";
  if (v === undefined) return false;
  return v.number === undefined ? v.text !== "" : v.number !== 0;
}

/** As a number when both are, or one is and the other looks like one or was never set; as strings otherwise. */
export function compare(a: Value, b: Value, format: string): number {
  const numeric = (v: Value): number | undefined => (typeof v === "number" ? v : typeof v === "string" ? undefined : v === undefined ? 0 : v.number);
  const [x, y] = [numeric(a), numeric(b)];
  if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : x === y ? 0 : 1;
  const [s, t] = [str(a, format), str(b, format)];
  return s < t ? -1 : s > t ? 1 : 0;
}

// -- arrays -----------------------------------------------------------------------------------------------------------------

/** FNV-1a, which mawk's hash tables go by: `for (k in a)` gives the keys in the order of their buckets. */
function hash(key: Octets): number {
  let h = 2166136261;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 16777619) >>> 0;
  return h;
}

/** Elements of one array. */
export const MAX_ELEMENTS = 250_000;

export class AwkArray {
  readonly map = new Map<Octets, Value>();

  /** Keys as mawk lists them: 64 buckets to begin with, doubled when they hold 12 each; the newest of a bucket first. */
  keys(): Octets[] {
    let size = 64;
    while (this.map.size > size * 12) size *= 2;
    const buckets: Octets[][] = Array.from({ length: size }, () => []);
    for (const key of this.map.keys()) buckets[hash(key) & (size - 1)]!.push(key);
    return buckets.flatMap((b) => b.reverse());
  }
}

// -- sprintf ------------------------------------------------------------------------------------------------------------------

/** What is wrong with a format, in mawk's words. */
export class FormatError {
  readonly text: string;
  /** What was made before it was noticed: printf prints that. */
  readonly partial: Octets;
  constructor(text: string, partial: Octets = "") {
    this.text = text;
    this.partial = partial;
  }
}

const clamp = (n: number, low: number, high: number): number => (n !== n ? low : n < low ? low : n > high ? high : n < 0 ? Math.ceil(n) : Math.floor(n));

function integer(n: number, conversion: string, flags: string, width: number, precision: number | undefined): string {
  const signed = conversion === "d" || conversion === "i";
  const value = signed ? clamp(n, -MAX_INT, MAX_INT) : clamp(n, 0, MAX_UNSIGNED);
  let digits = Math.abs(value).toString(conversion === "o" ? 8 : conversion === "x" || conversion === "X" ? 16 : 10);
  if (conversion === "X") digits = digits.replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
  if (precision === 0 && value === 0) digits = "";
  if (precision !== undefined) digits = digits.padStart(precision, "0");
  if (flags.includes("#") && conversion === "o" && !digits.startsWith("0")) digits = `0${digits}`;
  if (flags.includes("#") && value !== 0 && (conversion === "x" || conversion === "X")) digits = `0${conversion}${digits}`;
  const sign = value < 0 ? "-" : signed && flags.includes("+") ? "+" : signed && flags.includes(" ") ? " " : "";
  return padNumber(sign, digits, { flags: precision === undefined ? flags : flags.replaceAll("0", ""), width });
}

/** sprintf(3) over awk's values. */
export function sprintf(format: Octets, args: readonly Value[], convfmt: string): Octets {
  let out = "";
  let next = 0;
  let conversions = 0;
  const take = (): Value => {
    if (next >= args.length) throw new FormatError("not enough arguments passed to", out);
    return args[next++];
  };
  for (let i = 0; i < format.length; i++) {
    const c = format[i]!;
    if (c !== "%") {
      out += c;
      continue;
    }
    if (format[i + 1] === "%") {
      out += "%";
      i++;
      continue;
    }
    conversions++;
    const m = /^%([-+ #0']*)(\*|\d*)(?:\.(\*|\d*))?[hl]?(.?)/s.exec(format.slice(i, i + 100))!;
    let flags = m[1]!.replaceAll("'", "");
    let width = m[2] === "*" ? Math.trunc(num(take())) : Number(m[2] || 0);
    if (width < 0) {
      flags += "-";
      width = -width;
    }
    if (width > 8192) width = 8192; // the size of mawk's buffer
    const precision = m[3] === undefined ? undefined : m[3] === "*" ? Math.trunc(num(take())) : Number(m[3] || 0);
    out += convert(m[4]!, flags, width, precision, take, conversions, convfmt, out);
    i += m[0].length - 1;
  }
  return out;
}

function convert(conversion: string, flags: string, width: number, precision: number | undefined, take: () => Value, n: number, convfmt: string, before: Octets): Octets {
  const pad = (s: Octets): Octets => (flags.includes("-") ? s.padEnd(width) : s.padStart(width));
  switch (conversion) {
    case "c": {
      const v = take();
      const code = typeof v === "number" ? v : v instanceof Input ? v.number : undefined;
      // A number is a character; of a string it is the first one.
      return pad(code === undefined ? str(v, convfmt).slice(0, 1) || "\0" : String.fromCharCode(clamp(code, 0, MAX_INT) & 255));
    }
    case "s": {
      const s = str(take(), convfmt);
      return pad(precision === undefined ? s : s.slice(0, precision));
    }
    case "d":
    case "i":
    case "o":
    case "u":
    case "x":
    case "X": return integer(num(take()), conversion, flags, width, precision);
    case "e":
    case "E":
    case "f":
    case "g":
    case "G": {
      const value = num(take());
      return formatFloat(value !== value ? { kind: "nan", negative: true, m: 0n, e: 0 } : floatOf(value), { conversion, precision, flags, width }, DOUBLE);
    }
    default: {
      take(); // mawk wants an argument first, also for %5%
      throw new FormatError(`improper conversion(number ${n}) in`, before);
    }
  }
}
