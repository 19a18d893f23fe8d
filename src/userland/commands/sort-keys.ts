/** Keys and orders of sort: POSIX XCU sort, GNU's -h, -V, -M, -R and -g. Lines are octet strings. */
import { foldCase, type Octets, upperCase } from "../octets.ts";

export interface KeyOptions {
  /** One of n g h M V R, or none. */
  order: "" | "n" | "g" | "h" | "M" | "V" | "R";
  ignoreBlanksStart: boolean;
  ignoreBlanksEnd: boolean;
  dictionary: boolean;
  printable: boolean;
  fold: boolean;
  reverse: boolean;
}

export interface Key extends KeyOptions {
  /** Fields and characters count from 0 here. `toField` undefined: to the end of the line. */
  fromField: number;
  fromChar: number;
  toField: number | undefined;
  /** 0: to the end of the field. */
  toChar: number;
  /** No option was written with the key: it takes the general ones. */
  bare: boolean;
  /** The letters written with it. */
  seen: ReadonlySet<string>;
}

export const noOptions = (): KeyOptions => ({ order: "", ignoreBlanksStart: false, ignoreBlanksEnd: false, dictionary: false, printable: false, fold: false, reverse: false });

const isBlank = (c: string | undefined): boolean => c === " " || c === "\t" || c === "\n";

/** Start of field `n` (from 0). A field without -t begins with the blanks before it. */
function fieldStart(line: Octets, n: number, tab: string | undefined): number {
  let i = 0;
  for (let f = 0; f < n && i < line.length; f++) {
    if (tab !== undefined) {
      const at = line.indexOf(tab, i);
      if (at < 0) return line.length;
      i = at + 1;
    } else {
      while (i < line.length && isBlank(line[i])) i++;
      while (i < line.length && !isBlank(line[i])) i++;
    }
  }
  return i;
}

function fieldEnd(line: Octets, start: number, tab: string | undefined): number {
  let i = start;
  if (tab !== undefined) {
    const at = line.indexOf(tab, i);
    return at < 0 ? line.length : at;
  }
  while (i < line.length && isBlank(line[i])) i++;
  while (i < line.length && !isBlank(line[i])) i++;
  return i;
}

/** The part of a line that a key compares. */
export function keyText(line: Octets, k: Key, tab: string | undefined): Octets {
  let from = fieldStart(line, k.fromField, tab);
  if (k.ignoreBlanksStart) while (from < line.length && isBlank(line[from])) from++;
  from = Math.min(line.length, from + k.fromChar);
  if (k.toField === undefined) return line.slice(from);
  let to = fieldStart(line, k.toField, tab);
  if (k.toChar === 0) to = fieldEnd(line, to, tab);
  else {
    if (k.ignoreBlanksEnd) while (to < line.length && isBlank(line[to])) to++;
    to = Math.min(line.length, to + k.toChar);
  }
  return line.slice(from, Math.max(from, to));
}

// -- orders -----------------------------------------------------------------------------------------------------------

interface Decimal {
  negative: boolean;
  whole: string;
  fraction: string;
}

function decimal(text: Octets): Decimal {
  const m = /^[ \t\n]*(-?)0*(\d*)(?:\.(\d*))?/.exec(text)!;
  const whole = m[2]!;
  const fraction = (m[3] ?? "").replace(/0+$/, "");
  return { negative: m[1] === "-" && (whole !== "" || fraction !== ""), whole, fraction };
}

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.negative !== b.negative) return a.negative ? -1 : 1;
  const size = a.whole.length - b.whole.length || compare(a.whole, b.whole) || compare(a.fraction, b.fraction);
  return a.negative ? -size : size;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function compareNumeric(a: Octets, b: Octets): number {
  return compareDecimals(decimal(a), decimal(b));
}

const UNITS = "KMGTPEZY";

/** -h: sign, then the size of the unit, then the number. */
function compareHuman(a: Octets, b: Octets): number {
  const rank = (text: Octets): number => {
    const m = /^[ \t\n]*(-?)\d*\.?\d*([kKMGTPEZY]?)/.exec(text)!;
    const unit = m[2] === "" ? 0 : UNITS.indexOf(m[2] === "k" ? "K" : m[2]!) + 1;
    const d = decimal(text);
    return d.whole === "" && d.fraction === "" ? 0 : d.negative ? -unit - 1 : unit + 1;
  };
  const ra = rank(a);
  const rb = rank(b);
  const zeroA = ra === 0 ? 0.5 : ra;
  const zeroB = rb === 0 ? 0.5 : rb;
  return zeroA - zeroB || compareNumeric(a, b);
}

/** -g: as strtold(3); what is no number comes first, then NaN, then the numbers. */
function compareGeneral(a: Octets, b: Octets): number {
  const value = (text: Octets): number | undefined => {
    const m = /^[ \t\n\v\f\r]*([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]+|inf(?:inity)?|nan))/i.exec(text);
    if (!m) return undefined;
    const word = foldCase(m[1]!).replace(/^\+/, "");
    if (word.includes("nan")) return Number.NaN;
    if (word.includes("inf")) return word.startsWith("-") ? -Infinity : Infinity;
    return word.startsWith("-") ? -Number(word.slice(1)) : Number(word);
  };
  const [x, y] = [value(a), value(b)];
  const rank = (v: number | undefined): number => (v === undefined ? 0 : v !== v ? 1 : 2);
  if (rank(x) !== rank(y)) return rank(x) - rank(y);
  return rank(x) === 2 ? (x! < y! ? -1 : x! > y! ? 1 : 0) : 0;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

function monthOf(text: Octets): number {
  return MONTHS.indexOf(upperCase(text.replace(/^[ \t\n]+/, "").slice(0, 3))) + 1;
}

/** filevercmp() of gnulib, which is dpkg's order of versions with the file's suffix put aside. */
export function compareVersions(a: Octets, b: Octets): number {
  if (a === b) return 0;
  const special = (s: Octets): number => (s === "" ? 0 : s === "." ? 1 : s === ".." ? 2 : s.startsWith(".") ? 3 : 4);
  const [sa, sb] = [special(a), special(b)];
  if (sa !== sb) return sa - sb;
  const base = (s: Octets): Octets => /^(.*?)(?:\.[A-Za-z~][A-Za-z0-9~]*)*$/s.exec(s)![1]!;
  const [ba, bb] = [base(a) || a, base(b) || b];
  const byBase = verrevcmp(ba, bb);
  return ba === bb || byBase === 0 ? verrevcmp(a, b) : byBase;
}

function verrevcmp(a: Octets, b: Octets): number {
  const order = (c: string | undefined): number => {
    if (c === undefined) return -1;
    if (c >= "0" && c <= "9") return 0;
    if (/[A-Za-z]/.test(c)) return c.charCodeAt(0);
    return c === "~" ? -2 : c.charCodeAt(0) + 256;
  };
  const digit = (c: string | undefined): boolean => c !== undefined && c >= "0" && c <= "9";
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !digit(a[i])) || (j < b.length && !digit(b[j]))) {
      const diff = order(a[i]) - order(b[j]);
      if (diff !== 0) return diff;
      i++;
      j++;
    }
    while (a[i] === "0") i++;
    while (b[j] === "0") j++;
    let first = 0;
    while (digit(a[i]) && digit(b[j])) {
      if (first === 0) first = a.charCodeAt(i) - b.charCodeAt(j);
      i++;
      j++;
    }
    if (digit(a[i])) return 1;
    if (digit(b[j])) return -1;
    if (first !== 0) return first;
  }
  return 0;
}

/** FNV-1a with a salt: -R puts equal keys together, in an order of chance. */
function hash(text: Octets, salt: number): number {
  let h = (0x811c9dc5 ^ salt) >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d) >>> 0;
}

function transform(text: Octets, o: KeyOptions): Octets {
  let s = text;
  if (o.dictionary) s = s.replace(/[^A-Za-z0-9 \t\n]/g, "");
  if (o.printable) s = s.replace(/[^ -~]/g, "");
  return o.fold ? upperCase(s) : s;
}

/** How two texts compare under these options, `reverse` not looked at. */
export function compareBy(a: Octets, b: Octets, o: KeyOptions, salt: number): number {
  const x = transform(a, o);
  const y = transform(b, o);
  switch (o.order) {
    case "n": return compareNumeric(x, y);
    case "g": return compareGeneral(x, y);
    case "h": return compareHuman(x, y);
    case "M": return monthOf(x) - monthOf(y);
    case "V": return compareVersions(x, y);
    case "R": return hash(x, salt) - hash(y, salt) || compare(x, y);
    default: return compare(x, y);
  }
}
