/** JSON as jq 1.6 prints it. */
import { DOUBLE, floatOf, formatFloat } from "../../float-format.ts";
import { isArray, isObject, type Json, sortedKeys } from "./value.ts";

export interface DumpOptions {
  /** Blanks of one level; "tab"; undefined: all on one line. */
  indent?: number | "tab" | undefined;
  sortKeys?: boolean;
  ascii?: boolean;
  colors?: Colors | undefined;
}

/** Sequences, by kind. */
export interface Colors {
  null: string;
  false: string;
  true: string;
  number: string;
  string: string;
  array: string;
  object: string;
}

/** Nesting that is printed. */
const MAX_DEPTH = 256;

const RESET = "\x1b[0m";
const KEY_COLOR = "\x1b[34;1m";

/** Shortest digits that make the same number; exponents below -5 and above 17, of two digits at least. */
export function numberText(n: number): string {
  if (n !== n) return "null";
  if (n === Infinity || n === -Infinity) return numberText(n > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE);
  if (Object.is(n, -0)) return "-0";
  const plain = String(n);
  if (Math.abs(n) < 1e17 && !plain.includes("e") && Math.abs(n) >= 1e-3) return plain;
  const [digits, exponent] = digitsOf(n);
  const point = exponent + 1;
  const sign = n < 0 ? "-" : "";
  if (n === 0) return "0";
  if (point <= -4 || point > digits.length + 15) {
    const e = Math.abs(exponent);
    return `${sign}${digits[0]}${digits.length > 1 ? `.${digits.slice(1)}` : ""}e${exponent < 0 ? "-" : "+"}${e < 10 ? "0" : ""}${e}`;
  }
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return digits.length <= point ? sign + digits.padEnd(point, "0") : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Digits without zeros at the end, and the exponent of the first. */
function digitsOf(n: number): [digits: string, exponent: number] {
  for (let precision = 0; precision < 17; precision++) {
    const text = formatFloat(floatOf(Math.abs(n)), { conversion: "e", precision, flags: "", width: 0 }, DOUBLE);
    if (Number(text) !== Math.abs(n)) continue;
    const [mantissa, exponent] = text.split("e");
    return [mantissa!.replace(".", "").replace(/0+$/, "") || "0", Number(exponent)];
  }
  return ["0", 0];
}

const SHORT: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const unitEscape = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;

export function quoted(s: string, ascii = false): string {
  const plain = s.replace(/["\\\u0000-\u001f\u007f]/g, (c) => SHORT[c] ?? unitEscape(c));
  return `"${ascii ? plain.replace(/[\u0080-\uffff]/g, unitEscape) : plain}"`;
}

class Dumper {
  private readonly parts: string[] = [];
  private readonly o: DumpOptions;
  constructor(o: DumpOptions) {
    this.o = o;
  }

  text(v: Json): string {
    this.value(v, 0);
    return this.parts.join("");
  }

  private newline(depth: number): void {
    const { indent } = this.o;
    if (indent === undefined) return;
    this.parts.push("\n", indent === "tab" ? "\t".repeat(depth) : " ".repeat(indent * depth));
  }

  private value(v: Json, depth: number): void {
    if (depth > MAX_DEPTH) {
      this.parts.push("<stripped: exceeds max depth>");
      return;
    }
    if (isArray(v) || isObject(v)) return this.container(v, depth);
    const text = v === null ? "null" : typeof v === "number" ? numberText(v) : typeof v === "string" ? quoted(v, this.o.ascii) : String(v);
    const c = this.o.colors;
    if (!c) this.parts.push(text);
    else this.parts.push(v === null ? c.null : v === true ? c.true : v === false ? c.false : typeof v === "number" ? c.number : c.string, text, RESET);
  }

  /** jq writes more sequences than are needed; the same ones are written here. */
  private container(v: readonly Json[] | ReadonlyMap<string, Json>, depth: number): void {
    const list = isArray(v);
    const color = this.o.colors ? (list ? this.o.colors.array : this.o.colors.object) : "";
    const reset = this.o.colors ? RESET : "";
    const [open, close] = list ? ["[", "]"] : ["{", "}"];
    if ((list ? v.length : v.size) === 0) {
      this.parts.push(color, open, close, reset);
      return;
    }
    this.parts.push(color, open);
    if (list) this.elements(v, depth, color);
    else this.members(v, depth, color, reset);
    this.parts.push(color);
    this.newline(depth);
    this.parts.push(color, close, reset);
  }

  private elements(v: readonly Json[], depth: number, color: string): void {
    v.forEach((item, i) => {
      if (i > 0) this.parts.push(color, ",");
      this.newline(depth + 1);
      this.value(item, depth + 1);
    });
  }

  private members(v: ReadonlyMap<string, Json>, depth: number, color: string, reset: string): void {
    let first = true;
    for (const key of this.o.sortKeys ? sortedKeys(v) : v.keys()) {
      if (!first) this.parts.push(color, ",");
      first = false;
      this.newline(depth + 1);
      this.parts.push(reset, this.o.colors ? KEY_COLOR : "", quoted(key, this.o.ascii), reset, color, ":", this.o.indent === undefined ? "" : " ", reset);
      this.value(v.get(key)!, depth + 1);
    }
  }
}

export function dump(v: Json, o: DumpOptions = {}): string {
  return new Dumper(o).text(v);
}
