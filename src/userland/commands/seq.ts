/** seq: coreutils 9.1, in long double arithmetic. */
import { type Float, formatFloat, LONG_DOUBLE, parseFloatPrefix } from "../float-format.ts";
import { quote } from "../gnu-quote.ts";
import { octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

/** A number as seq reads it: exact, with how it was written. */
interface Operand {
  /** value = num / 10^scale (decimals, which all learners' numbers are). */
  num: bigint;
  /** Digits after the point that the output needs; undefined: not decimal, print with %Lg. */
  precision: number;
  /** Width before the point, sign included. */
  wholeWidth: number;
  infinite: -1 | 0 | 1;
}

interface Format {
  before: string;
  flags: string;
  width: number;
  precision: number | undefined;
  conversion: string;
  after: string;
}

const DECIMAL = /^[ \t]*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** @returns undefined when it is no number, "nan" for one that seq refuses. */
function parseOperand(text: string): Operand | undefined | "nan" {
  const whole = parseFloatPrefix(text, LONG_DOUBLE);
  if (!whole || whole.length !== text.length) return undefined;
  if (whole.value.kind === "nan") return "nan";
  if (whole.value.kind === "inf") return { num: 0n, precision: 0, wholeWidth: 3 + (whole.value.negative ? 1 : 0), infinite: whole.value.negative ? -1 : 1 };
  const m = DECIMAL.exec(text);
  if (!m) return hexOperand(whole.value);
  const exponent = Number(m[4] ?? 0);
  const fraction = m[3] ?? "";
  const precision = Math.max(0, fraction.length - exponent);
  if (precision > 500 || exponent > 500) return undefined;
  const digits = BigInt(m[2]! + fraction || "0");
  const shift = precision - fraction.length + exponent;
  const num = digits * 10n ** BigInt(Math.max(0, shift));
  const signed = m[1] === "-" ? -num : num;
  const printed = (num / 10n ** BigInt(precision)).toString();
  return { num: signed, precision, wholeWidth: (m[4] === undefined ? Math.max(1, m[2]!.length) : printed.length) + (m[1] === "-" ? 1 : 0), infinite: 0 };
}

function hexOperand(f: Float): Operand | undefined {
  if (f.e < 0 && f.m % (1n << BigInt(-f.e)) !== 0n) return undefined;
  const n = f.e >= 0 ? f.m << BigInt(f.e) : f.m >> BigInt(-f.e);
  return { num: f.negative ? -n : n, precision: 0, wholeWidth: n.toString().length, infinite: 0 };
}

/** Checks -f: one floating conversion. @returns what is wrong, or its parts. */
function parseFormat(text: string): Format | string {
  const m = /^((?:[^%]|%%)*)%([-+#0 ']*)(\d*)(?:\.(\d*))?/.exec(text);
  if (!m) return `format ${quote(text)} has no % directive`;
  const rest = text.slice(m[0].length).replace(/^L/, "");
  const conversion = rest[0];
  if (conversion === undefined) return `format ${quote(text)} ends in %`;
  if (!"efgaEFGA".includes(conversion)) return `format ${quote(text)} has unknown %${conversion} directive`;
  const after = rest.slice(1);
  if (/^(?:[^%]|%%)*$/.exec(after) === null) return `format ${quote(text)} has too many % directives`;
  const plain = (s: string): string => s.replaceAll("%%", "%");
  return { before: plain(m[1]!), flags: m[2]!, width: Number(m[3] || 0), precision: m[4] === undefined ? undefined : Number(m[4] || 0), conversion, after: plain(after) };
}

function decimalText(n: bigint, precision: number): string {
  const digits = (n < 0n ? -n : n).toString().padStart(precision + 1, "0");
  const sign = n < 0n ? "-" : "";
  return precision === 0 ? sign + digits : `${sign}${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

interface Series {
  first: Operand;
  step: Operand;
  last: Operand;
}

interface Settings {
  format: Format | undefined;
  separator: string;
  equalWidth: boolean;
}

function* print(t: Tool, { first, step, last }: Series, s: Settings): Run<number> {
  const precision = Math.max(first.precision, step.precision, last.precision);
  const out = Math.max(first.precision, step.precision);
  const scaled = (o: Operand): bigint => o.num * 10n ** BigInt(precision - o.precision);
  const end = scaled(last);
  const increment = scaled(step);
  // The width of the last number that is printed, whatever was written for it.
  const widest = (): number => {
    if (!s.equalWidth) return 0;
    const point = out > 0 ? out + 1 : 0;
    return Math.max(first.wholeWidth, last.wholeWidth) + point;
  };
  const width = widest();
  const separator = octets(s.separator);
  let any = false;
  for (let n = scaled(first); last.infinite !== 0 ? true : increment >= 0n ? n <= end : n >= end; n += increment) {
    if (last.infinite !== 0 && last.infinite > 0 !== increment >= 0n) break;
    yield* t.print(any ? separator : "");
    any = true;
    yield* t.print(octets(formatted(n, precision, out, width, s.format)));
    if (t.out.error) return 1;
  }
  if (any) yield* t.print("\n");
  return 0;
}

function formatted(n: bigint, precision: number, out: number, width: number, format: Format | undefined): string {
  if (!format) {
    const text = decimalText(n / 10n ** BigInt(precision - out), out);
    return text.startsWith("-") ? `-${text.slice(1).padStart(width - 1, "0")}` : text.padStart(width, "0");
  }
  const value = parseFloatPrefix(decimalText(n, precision), LONG_DOUBLE)!.value;
  return format.before + formatFloat(value, format, LONG_DOUBLE) + format.after;
}

function* operandsOf(t: Tool, texts: readonly string[]): Run<Operand[] | number> {
  const out: Operand[] = [];
  for (const text of texts) {
    const o = parseOperand(text);
    if (o === undefined) return yield* t.usage(`invalid floating point argument: ${quote(text)}`);
    if (o === "nan") return yield* t.usage(`invalid ${quote("not-a-number")} argument: ${quote(text)}`);
    out.push(o);
  }
  return out;
}

/** A negative number is no option: puts `--` before the first operand when that is one. */
function beforeNegative(args: readonly string[]): readonly string[] {
  for (let i = 0; i < args.length; i++) {
    const a = args[i]!;
    if (/^-[.\d]/.test(a)) return [...args.slice(0, i), "--", ...args.slice(i)];
    if (!a.startsWith("-") || a === "-" || a === "--") return args;
    if (/^-w*[fs]$|^--(f|fo|for|form|forma|format|s|se|sep|separ|separa|separat|separato|separator)$/.test(a)) i++;
  }
  return args;
}

const ONE: Operand = { num: 1n, precision: 0, wholeWidth: 1, infinite: 0 };

export const seq = defineTool({
  name: "seq",
  man: {
    summary: "print a sequence of numbers",
    synopsis: ["seq [OPTION]... LAST", "seq [OPTION]... FIRST LAST", "seq [OPTION]... FIRST INCREMENT LAST"],
    emulated: ["-f FORMAT: a printf format with one of %e %f %g %a", "-s STRING: between the numbers, instead of a newline", "-w: equal width, padded with zeros"],
    notEmulated: ["an infinite first number or step"],
    examples: ["seq -f 10.0.0.%g 3", "for i in $(seq 3); do echo $i; done"],
  },
  shorts: "+f:s:w",
  longs: { "equal-width": "w", format: "f:", separator: "s:" },
  adapt: beforeNegative,
  *run(t, options, operands) {
    const formatText = options.findLast((o) => o.key === "f")?.value;
    const s: Settings = { format: undefined, separator: options.findLast((o) => o.key === "s")?.value ?? "\n", equalWidth: options.some((o) => o.key === "w") };
    if (operands.length === 0) return yield* t.usage("missing operand");
    if (operands.length > 3) return yield* t.usage(`extra operand ${quote(operands[3]!)}`);
    if (formatText !== undefined) {
      const format = parseFormat(formatText);
      if (typeof format === "string") return yield* t.error(format);
      s.format = format;
      if (s.equalWidth) return yield* t.usage("format string may not be specified when printing equal width strings");
    }
    const numbers = yield* operandsOf(t, operands);
    if (typeof numbers === "number") return numbers;
    const series: Series = { first: numbers.length > 1 ? numbers[0]! : ONE, step: numbers.length > 2 ? numbers[1]! : ONE, last: numbers[numbers.length - 1]! };
    if (series.first.infinite !== 0 || series.step.infinite !== 0) return yield* t.notEmulated("seq inf");
    if (series.step.num === 0n) return yield* t.usage(`invalid Zero increment value: ${quote(operands[1]!)}`);
    return yield* print(t, series, s);
  },
});
