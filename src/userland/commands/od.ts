/** od: coreutils 9.1, little-endian as x86 is. */
import { strerror } from "../../kernel/errno.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteName } from "../gnu-quote.ts";
import type { Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

/** How one datum is printed: `size` octets in `width` columns at least. */
interface Type {
  size: number;
  width: number;
  show(block: Octets, at: number): string;
  /** The octets as text at the end of the line. */
  trailer: boolean;
}

interface Address {
  width: number;
  show(offset: number): string;
}

const RADIX: Readonly<Record<string, Address>> = {
  o: { width: 7, show: (n) => n.toString(8).padStart(7, "0") },
  d: { width: 7, show: (n) => String(n).padStart(7, "0") },
  x: { width: 6, show: (n) => n.toString(16).padStart(6, "0") },
  n: { width: 0, show: () => "" },
};

const WIDTHS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  o: { 1: 3, 2: 6, 4: 11, 8: 22 },
  d: { 1: 4, 2: 6, 4: 11, 8: 20 },
  u: { 1: 3, 2: 5, 4: 10, 8: 20 },
  x: { 1: 2, 2: 4, 4: 8, 8: 16 },
};

/** Names of the C types after d, o, u, x and after f. */
const INT_SIZES: Readonly<Record<string, number>> = { C: 1, S: 2, I: 4, L: 8 };
const FLOAT_SIZES: Readonly<Record<string, number>> = { F: 4, D: 8, L: 16 };

const NAMES = [
  "nul", "soh", "stx", "etx", "eot", "enq", "ack", "bel", "bs", "ht", "nl", "vt", "ff", "cr", "so", "si", "dle", "dc1", "dc2", "dc3", "dc4", "nak", "syn", "etb", "can", "em", "sub", "esc", "fs", "gs", "rs", "us", "sp",
];
const ESCAPES: Readonly<Record<number, string>> = { 0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };

function namedCharacter(code: number): string {
  const c = code & 0x7f;
  return c === 0x7f ? "del" : (NAMES[c] ?? String.fromCharCode(c));
}

function character(code: number): string {
  return ESCAPES[code] ?? (code >= 32 && code < 127 ? String.fromCharCode(code) : code.toString(8).padStart(3, "0"));
}

function integer(block: Octets, at: number, size: number, big: boolean): bigint {
  let n = 0n;
  for (let i = 0; i < size; i++) n = (n << 8n) | BigInt(block.charCodeAt(big ? at + i : at + size - 1 - i) || 0);
  return n;
}

function integerType(letter: string, size: number, big: boolean): Type {
  const width = WIDTHS[letter]![size]!;
  const base = letter === "o" ? 8 : letter === "x" ? 16 : 10;
  const show = (block: Octets, at: number): string => {
    const n = integer(block, at, size, big);
    if (letter === "d") return BigInt.asIntN(8 * size, n).toString();
    return letter === "u" ? n.toString() : n.toString(base).padStart(width, "0");
  };
  return { size, width, show, trailer: false };
}

/** %.Ng with the fewest digits that give the number back (ftoastr of gnulib). */
function shortest(x: number, single: boolean): string {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "-inf" : "inf";
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  let digits = single ? 6 : 15;
  const same = (text: string): boolean => (single ? Math.fround(Number(text)) : Number(text)) === x;
  while (digits < 17 && !same(x.toPrecision(digits))) digits++;
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e") as [string, string];
  const e = Number(exponent);
  const bare = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  if (e < -4 || e >= digits) return `${bare}e${e < 0 ? "-" : "+"}${String(Math.abs(e)).padStart(2, "0")}`;
  const plain = x.toFixed(Math.max(0, digits - 1 - e));
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}

function floatType(size: number, big: boolean): Type {
  const show = (block: Octets, at: number): string => {
    const view = new DataView(new ArrayBuffer(8));
    for (let i = 0; i < size; i++) view.setUint8(i, block.charCodeAt(at + i) || 0);
    return shortest(size === 4 ? view.getFloat32(0, !big) : view.getFloat64(0, !big), size === 4);
  };
  return { size, width: size === 4 ? 15 : 24, show, trailer: false };
}

const characterType = (show: (code: number) => string): Type => ({ size: 1, width: 3, show: (b, at) => show(b.charCodeAt(at) || 0), trailer: false });

/** "x1z", "d4o2c": types one after the other. @returns them, or what is wrong. */
function parseTypes(text: string, big: boolean): Type[] | string {
  const types: Type[] = [];
  for (let i = 0; i < text.length; ) {
    const letter = text[i++]!;
    let type: Type;
    if (letter === "a") type = characterType(namedCharacter);
    else if (letter === "c") type = characterType(character);
    else if ("doux".includes(letter) || letter === "f") {
      const m = /^(?:[CSIL](?![0-9])|[FDL](?![0-9])|[0-9]+)?/.exec(text.slice(i))![0];
      const named = letter === "f" ? FLOAT_SIZES : INT_SIZES;
      const taken = m === "" || /^[0-9]/.test(m) || named[m] !== undefined ? m : "";
      i += taken.length;
      const size = taken === "" ? (letter === "f" ? 8 : 4) : (named[taken] ?? Number(taken));
      const known = letter === "f" ? [4, 8, 16] : [1, 2, 4, 8];
      if (!known.includes(size)) return `invalid type string ${quote(text)};\nthis system doesn't provide a ${taken}-byte ${letter === "f" ? "floating point" : "integral"} type`;
      if (size === 16) return "";
      type = letter === "f" ? floatType(size, big) : integerType(letter, size, big);
    } else return `invalid character '${letter}' in type string ${quote(text)}`;
    if (text[i] === "z") {
      type.trailer = true;
      i++;
    }
    types.push(type);
  }
  return types;
}

/** What each old option stands for. */
const SHORT_TYPES: Readonly<Record<string, string>> = {
  a: "a", b: "o1", c: "c", d: "u2", D: "u4", e: "fD", F: "fD", f: "fF", h: "x2", x: "x2", H: "x4", X: "x4", i: "dI", I: "dL", L: "dL", l: "dL", o: "o2", B: "o2", O: "o4", s: "d2",
};

const SUFFIXES: Readonly<Record<string, number>> = { b: 512, kB: 1000, KB: 1000, k: 1024, K: 1024, KiB: 1024, MB: 1_000_000, m: 1_048_576, M: 1_048_576, MiB: 1_048_576, GB: 1_000_000_000, G: 1_073_741_824, GiB: 1_073_741_824 };

/** Decimal, 0x or 0 for octal, with a multiplier. */
function count(text: string): number | undefined {
  const m = /^(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)([A-Za-z]*)$/.exec(text);
  if (!m) return undefined;
  const n = /^0[0-7]+$/.test(m[1]!) ? Number.parseInt(m[1]!, 8) : Number(m[1]);
  const factor = m[2] === "" ? 1 : SUFFIXES[m[2]!];
  return factor === undefined ? undefined : n * factor;
}

/** "+17", "17.", "0x11", "2b": an offset as the last operand; octal unless it ends in a point. */
function oldOffset(text: string): number | undefined {
  const m = /^\+?(0[xX][0-9a-fA-F]+|[0-9]+)(\.?)(b?)$/.exec(text);
  if (!m) return undefined;
  const digits = m[1]!;
  const base = /^0[xX]/.test(digits) ? 16 : m[2] === "." ? 10 : 8;
  if (base === 8 && /[89]/.test(digits)) return undefined;
  return Number.parseInt(digits, base) * (m[3] === "b" ? 512 : 1);
}

interface Settings {
  types: readonly Type[];
  address: Address;
  skip: number;
  limit: number;
  perLine: number;
  /** Octets that all types divide. */
  unit: number;
  all: boolean;
}

class Dump {
  private readonly t: Tool;
  private readonly s: Settings;
  /** Columns that the widest type needs for a full line. */
  private readonly columns: number;
  private held: Octets = "";
  private offset: number;
  private skip: number;
  private left: number;
  private before: Octets | undefined;
  private starred = false;

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
    this.offset = s.skip;
    this.skip = s.skip;
    this.left = s.limit;
    this.columns = Math.max(...s.types.map((y) => ((y.width + 1) * s.perLine) / y.size));
  }

  *take(input: Input): Run<void> {
    while (this.left > 0) {
      let chunk = yield* input.chunk();
      if (chunk === "") return;
      const skipped = Math.min(this.skip, chunk.length);
      this.skip -= skipped;
      chunk = chunk.slice(skipped, skipped + this.left);
      this.left -= chunk.length;
      this.held += chunk;
      yield* this.fullLines();
    }
  }

  private *fullLines(): Run<void> {
    const { perLine } = this.s;
    let at = 0;
    for (; at + perLine <= this.held.length; at += perLine) yield* this.line(this.held.slice(at, at + perLine), perLine);
    this.held = this.held.slice(at);
  }

  private *line(block: Octets, length: number): Run<void> {
    const { s, t } = this;
    if (!s.all && block === this.before && length === s.perLine) {
      if (!this.starred) yield* t.print("*\n");
      this.starred = true;
    } else {
      for (const [i, type] of s.types.entries()) yield* t.print((i === 0 ? s.address.show(this.offset) : " ".repeat(s.address.width)) + this.fields(type, block, length));
      this.starred = false;
    }
    this.before = block;
    this.offset += length;
  }

  /** Columns of one type: spread so that all types of a line are equally wide. */
  private fields(type: Type, block: Octets, length: number): string {
    const fields = this.s.perLine / type.size;
    const blank = Math.floor((this.s.perLine - length) / type.size);
    const pad = this.columns - type.width * fields;
    let out = "";
    let left = pad;
    for (let i = fields; i > blank; i--) {
      const next = Math.floor((pad * (i - 1)) / fields);
      out += type.show(block, (fields - i) * type.size).padStart(left - next + type.width);
      left = next;
    }
    if (!type.trailer) return `${out}\n`;
    const gap = blank * type.width + Math.floor((pad * blank) / fields);
    return `${out}${" ".repeat(gap)}  >${block.slice(0, length).replace(/[^ -~]/g, ".")}<\n`;
  }

  *end(): Run<boolean> {
    if (this.skip > 0) return false;
    const length = this.held.length;
    if (length > 0) yield* this.line(this.held.padEnd(Math.ceil(length / this.s.unit) * this.s.unit, "\0"), length);
    if (this.s.address.width > 0) yield* this.t.print(`${this.s.address.show(this.offset)}\n`);
    return true;
  }
}

/** Bad options are reported; undefined then. */
function* settings(t: Tool, options: readonly GivenOption[], skip: number | undefined): Run<Settings | undefined> {
  const big = options.findLast((o) => o.key === "endian")?.value?.startsWith("b") ?? false;
  const s = { types: [] as Type[], address: RADIX["o"]!, skip: skip ?? 0, limit: Number.POSITIVE_INFINITY, perLine: 16, unit: 1, all: false };
  let width: number | undefined;
  for (const o of options) {
    const types = o.key === "t" ? parseTypes(o.value!, big) : SHORT_TYPES[o.key] ? parseTypes(SHORT_TYPES[o.key]!, big) : undefined;
    if (types === "") return void (yield* t.notEmulated(`od -t ${o.value}`));
    if (typeof types === "string") return void (yield* t.error(types));
    if (types) s.types.push(...types);
    else if (o.key === "v") s.all = true;
    else if (o.key === "A") {
      const address = RADIX[o.value![0] ?? ""];
      if (!address) return void (yield* t.error(`invalid output address radix '${o.value![0] ?? ""}'; it must be one character from [doxn]`));
      s.address = address;
    } else if (o.key === "j" || o.key === "N" || o.key === "w") {
      const n = o.value === undefined ? 32 : count(o.value);
      if (n === undefined) return void (yield* t.error(`invalid ${o.key === "w" && o.typed.startsWith("--") ? "--width" : `-${o.key}`} argument '${o.value}'`));
      if (o.key === "j") s.skip = n;
      else if (o.key === "N") s.limit = n;
      else width = n;
    }
  }
  if (s.types.length === 0) s.types.push(integerType("o", 2, big));
  s.unit = Math.max(...s.types.map((y) => y.size));
  s.perLine = width ?? 16;
  if (width !== undefined && (width === 0 || width % s.unit !== 0)) {
    yield* t.warn(`warning: invalid width ${width}; using ${s.unit} instead`);
    s.perLine = s.unit;
  }
  return s;
}

export const od = defineTool({
  name: "od",
  man: {
    summary: "dump files in octal and other formats",
    synopsis: ["od [OPTION]... [FILE]...", "od [-abcdfilosx]... [FILE] [[+]OFFSET[.][b]]"],
    emulated: [
      "-t TYPE: a (named characters), c (characters), d u o x with 1 2 4 8 or C S I L, f with 4 8 or F D; z adds the text",
      "-A d, o, x, n: how offsets are written; -j: skip; -N: at most so many octets; -w: octets a line; -v: no * for equal lines; --endian",
      "-a -b -c -d -D -e -f -F -h -H -i -l -o -O -s -x -X",
    ],
    notEmulated: ["-S, --strings", "-t fL (floating point of 16 octets)"],
    examples: ["printf 'a\\tb\\n' | od -c", "printf hello | od -An -tx1"],
  },
  shorts: "A:aBbcDdeFfHhIij:LlN:OoS:st:vw::Xx",
  longs: { "address-radix": "A:", format: "t:", "output-duplicates": "v", "read-bytes": "N:", "skip-bytes": "j:", strings: "S::", traditional: "traditional", width: "w::", endian: "endian:" },
  refused: ["S", "traditional"],
  *run(t, options, operands) {
    const files = [...operands];
    let skip: number | undefined;
    const modern = options.some((o) => "AjNtvwS".includes(o.key));
    const last = files[files.length - 1];
    if (!modern && last !== undefined && ((files.length === 1 && last.startsWith("+")) || (files.length === 2 && /^[+0-9]/.test(last)))) {
      skip = oldOffset(last);
      if (skip !== undefined) files.pop();
    }
    const s = yield* settings(t, options, skip);
    if (!s) return t.status;
    const dump = new Dump(t, s);
    let opened = false;
    for (const name of files.length > 0 ? files : ["-"]) {
      const input = t.open(name);
      if (typeof input === "string") {
        yield* t.error(`${quoteName(name)}: ${strerror(input)}`);
        continue;
      }
      opened = true;
      yield* dump.take(input);
      if (input.error) yield* t.error(`${quoteName(name)}: ${strerror(input.error)}`);
      input.close();
    }
    if (opened && !(yield* dump.end())) yield* t.error("cannot skip past end of combined input");
    return t.status;
  },
});
