/** numfmt: coreutils 9.1. */
import { formatFloat, LONG_DOUBLE, parseFloatPrefix } from "../float-format.ts";
import { choose } from "../getopt-choice.ts";
import { quote } from "../gnu-quote.ts";
import { octets, textOf } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { parseList } from "./cut.ts";

type Scale = "none" | "auto" | "si" | "iec" | "iec-i";
type Rounding = "up" | "down" | "from-zero" | "towards-zero" | "nearest";

interface Settings {
  from: Scale;
  to: Scale;
  fromUnit: number;
  toUnit: number;
  suffix: string;
  padding: number;
  rounding: Rounding;
  /** Digits after the point that --format asks for. */
  precision: number | undefined;
  before: string;
  after: string;
  width: number;
  left: boolean;
  delimiter: string | undefined;
  fields: readonly (readonly [number, number])[];
  header: number;
  invalid: "abort" | "fail" | "warn" | "ignore";
  end: string;
}

const UNITS = "KMGTPEZY";

class NumberError {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** "2K", "1.5Mi" → the number. */
function parse(text: string, s: Settings): number {
  const bare = s.suffix !== "" && text.endsWith(s.suffix) ? text.slice(0, -s.suffix.length) : text;
  const m = /^(-?\d+(?:\.\d+)?)(.*)$/.exec(bare);
  if (!m) throw new NumberError(`invalid number: ${quote(text)}`);
  let unit = m[2]!;
  let n = Number(m[1]);
  if (unit !== "") {
    const power = UNITS.indexOf(unit[0]!) + 1;
    if (power === 0) throw new NumberError(`invalid suffix in input: ${quote(text)}`);
    if (s.from === "none") throw new NumberError(`rejecting suffix in input: ${quote(text)} (consider using --from)`);
    unit = unit.slice(1);
    const withI = unit.startsWith("i") && (s.from === "auto" || s.from === "iec-i");
    if (s.from === "iec-i" && !withI) throw new NumberError(`missing 'i' suffix in input: ${quote(text)} (e.g Ki/Mi/Gi)`);
    if (withI) unit = unit.slice(1);
    if (unit !== "") throw new NumberError(`invalid suffix in input ${quote(text)}: ${quote(unit)}`);
    const base = s.from === "si" || (s.from === "auto" && !withI) ? 1000 : 1024;
    for (let i = 0; i < power; i++) n *= base;
  }
  return n * s.fromUnit;
}

function round(x: number, how: Rounding): number {
  switch (how) {
    case "up": return Math.ceil(x);
    case "down": return Math.floor(x);
    case "from-zero": return x < 0 ? Math.floor(x) : Math.ceil(x);
    case "towards-zero": return Math.trunc(x);
    case "nearest": return x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5);
  }
}

const fixed = (x: number, digits: number): string => formatFloat(parseFloatPrefix(String(x), LONG_DOUBLE)!.value, { conversion: "f", precision: digits, flags: "", width: 0 }, LONG_DOUBLE);

const tens = (digits: number): number => Number(`1e${digits}`);

function format(n: number, s: Settings): string {
  let x = n / s.toUnit;
  if (s.to === "none") {
    const digits = s.precision ?? 0;
    return fixed(round(x * tens(digits), s.rounding) / tens(digits), digits);
  }
  const base = s.to === "si" ? 1000 : 1024;
  let power = 0;
  while (Math.abs(x) >= base && power < UNITS.length) {
    x /= base;
    power++;
  }
  // One digit after the point for what is below ten, unless --format says how many.
  const digits = s.precision ?? (power > 0 && Math.abs(x) < 10 ? 1 : 0);
  x = round(x * tens(digits), s.rounding) / tens(digits);
  if (Math.abs(x) >= base) {
    x /= base;
    power++;
  }
  const shown = fixed(x, s.precision ?? (power > 0 && Math.abs(x) < 10 ? 1 : 0));
  return shown + (power > 0 ? UNITS[power - 1]! : "") + (s.to === "iec-i" && power > 0 ? "i" : "");
}

function converted(text: string, s: Settings): string {
  const body = s.before + pad(format(parse(text, s), s) + s.suffix, s.width, s.left) + s.after;
  return s.padding === 0 ? body : pad(body, Math.abs(s.padding), s.padding < 0);
}

const pad = (text: string, width: number, left: boolean): string => (left ? text.padEnd(width) : text.padStart(width));

function* line(t: Tool, text: string, s: Settings): Run<boolean> {
  const chosen = (n: number): boolean => s.fields.some(([a, b]) => n >= a && n <= b);
  // Fields between blanks keep the blanks before them; the first padded ones give way to a wider number.
  const parts = s.delimiter === undefined ? [...text.matchAll(/([ \t]*)([^ \t]+)/g)].map((m) => [m[1]!, m[2]!] as const) : text.split(s.delimiter).map((f, i) => [i > 0 ? s.delimiter! : "", f] as const);
  let out = "";
  let good = true;
  for (const [i, [before, field]] of parts.entries()) {
    if (!chosen(i + 1)) {
      out += before + field;
      continue;
    }
    try {
      const made = converted(field, s);
      const auto = s.delimiter === undefined && s.padding === 0 && before.length + (i > 0 ? 0 : 0) > 1;
      out += auto && i === 0 ? made.padStart(before.length + field.length) : auto ? ` ${made.padStart(before.length - 1 + field.length)}` : before + made;
    } catch (e) {
      if (!(e instanceof NumberError)) throw e;
      good = false;
      out += before + field;
      if (s.invalid !== "ignore") yield* t.warn(e.text);
      if (s.invalid === "abort") return false;
    }
  }
  yield* t.print(octets(out + s.end));
  return good;
}

const SCALES: readonly (readonly string[])[] = [["none"], ["si"], ["iec"], ["iec-i"]];

function* readFormat(t: Tool, text: string, s: Settings): Run<number | undefined> {
  const m = /^((?:[^%]|%%)*)%([-'0 ]*)(\d*)(?:\.(\d+))?f((?:[^%]|%%)*)$/.exec(text);
  if (!m) return yield* t.error(text.includes("%") ? `invalid format ${quote(text)}, directive must be %[0]['][-][N][.][N]f` : `format ${quote(text)} has no % directive`);
  s.before = m[1]!.replaceAll("%%", "%");
  s.after = m[5]!.replaceAll("%%", "%");
  s.width = Number(m[3] || 0);
  s.left = m[2]!.includes("-");
  s.precision = m[4] === undefined ? undefined : Number(m[4]);
  return undefined;
}

export const numfmt = defineTool({
  name: "numfmt",
  man: {
    summary: "convert numbers from/to human-readable strings",
    synopsis: ["numfmt [OPTION]... [NUMBER]..."],
    emulated: ["--to, --from: none, si, iec, iec-i, auto; --to-unit, --from-unit", "--round, --suffix, --padding, --format=%.2f, --field, -d, --header, --invalid, -z"],
    notEmulated: ["--grouping", "--debug"],
    examples: ["numfmt --to=iec 2048"],
  },
  shorts: "d:z",
  longs: { from: "from:", "from-unit": "from-unit:", to: "to:", "to-unit": "to-unit:", round: "round:", padding: "padding:", suffix: "suffix:", grouping: "grouping", delimiter: "d:", field: "field:", header: "header::", debug: "debug", format: "format:", invalid: "invalid:", "zero-terminated": "z" },
  refused: ["debug"],
  *run(t, options, operands) {
    const s: Settings = {
      from: "none", to: "none", fromUnit: 1, toUnit: 1, suffix: "", padding: 0, rounding: "from-zero", precision: undefined, before: "", after: "", width: 0, left: false, delimiter: undefined, fields: [[1, 1]], header: 0, invalid: "abort", end: "\n",
    };
    for (const { key, value } of options) {
      const text = value ?? "";
      const wrong = yield* readOption(t, key, text, s);
      if (wrong !== undefined) return wrong;
    }
    let good = true;
    for (const text of operands) if (!(yield* line(t, text, s))) good = false;
    if (operands.length > 0) return good || s.invalid === "warn" || s.invalid === "ignore" ? 0 : 2;
    const input = t.open("-");
    if (typeof input === "string") return 1;
    for (let l = yield* input.line(s.end), n = 0; l; l = yield* input.line(s.end), n++) {
      if (n < s.header) yield* t.print(l.text + s.end);
      else if (!(yield* line(t, textOf(l.text), s))) {
        good = false;
        if (s.invalid === "abort") return 2;
      }
    }
    return good || s.invalid === "warn" || s.invalid === "ignore" ? 0 : 2;
  },
});

function* readOption(t: Tool, key: string, text: string, s: Settings): Run<number | undefined> {
  switch (key) {
    case "from":
    case "to": {
      const chosen = choose(`--${key}`, text, key === "from" ? [...SCALES, ["auto"]] : SCALES);
      if (!chosen.ok) return yield* t.usage(chosen.error);
      s[key] = chosen.value as Scale;
      return undefined;
    }
    case "round": {
      const chosen = choose("--round", text, [["up"], ["down"], ["from-zero"], ["towards-zero"], ["nearest"]]);
      if (!chosen.ok) return yield* t.usage(chosen.error);
      s.rounding = chosen.value as Rounding;
      return undefined;
    }
    case "from-unit":
    case "to-unit": {
      if (!/^[1-9]\d*$/.test(text)) return yield* t.error(`invalid unit size: ${quote(text)}`);
      if (key === "from-unit") s.fromUnit = Number(text);
      else s.toUnit = Number(text);
      return undefined;
    }
    case "padding":
      if (!/^-?[1-9]\d*$/.test(text)) return yield* t.error(`invalid padding value ${quote(text)}`);
      s.padding = Number(text);
      return undefined;
    case "field": {
      const ranges = text === "-" ? ([[1, Infinity]] as [number, number][]) : parseList(text, true);
      if (typeof ranges === "string") return yield* t.usage(ranges);
      s.fields = ranges;
      return undefined;
    }
    case "suffix": s.suffix = text; return undefined;
    case "d": s.delimiter = text; return undefined;
    case "header": s.header = text === "" ? 1 : Number(text); return undefined;
    case "invalid": s.invalid = text as "warn"; return undefined;
    case "format": return yield* readFormat(t, text, s);
    case "z": s.end = "\0"; return undefined;
    default: return undefined;
  }
}
