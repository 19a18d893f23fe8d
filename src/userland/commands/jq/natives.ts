/** jq's functions that are not written in jq, with the messages of jq 1.6. */
import { acos, acosh, asin, asinh, atan, atan2, atanh, cbrt, cos, cosh, exp, expm1, log, log10, log1p, log2, pow, scale, sin, sinh, tan, tanh } from "../../elementary.ts";
import { charLength, octets, textOf } from "../../octets.ts";
import { compileRegex, type Match, type Regex } from "../../regex.ts";
import { applyFormat, tostring } from "./formats.ts";
import { dump } from "./dump.ts";
import { parseJson } from "./read.ts";
import { formatTime, gmtime, mktime, notANumber, strptime } from "./time.ts";
import { add, bounded, charCount, compare, deletePaths, described, equal, has, isArray, isObject, type Json, JqError, kindOf, OutOfMemory, setPath, sorted, sortedKeys, splitText } from "./value.ts";

export interface NativeContext {
  env(): Json;
  inputFile(): Json;
  inputLine(): number;
  now(): number;
  names(): string[];
  /** As `debug` and `stderr` write a value. */
  debugText(v: Json): string;
  plainText(v: Json): string;
}

type Native = (v: Json, args: readonly Json[], host: NativeContext) => Json;

const number = (v: Json): number => {
  if (typeof v !== "number") throw notANumber(v);
  return v;
};
const math1 = (f: (x: number) => number): Native => (v) => f(number(v));
const math2 = (f: (x: number, y: number) => number): Native => (_, [a, b]) => f(number(a!), number(b!));

/** To the nearest whole number, halves to the even one: what rint(3) does. */
function roundEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  const out = rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
  return out === 0 && (x < 0 || Object.is(x, -0)) ? -0 : out;
}

const isFinite = (x: number): boolean => x - x === 0;

/** Mantissa in [0.5, 1) and exponent. */
function frexp(x: number): [number, number] {
  if (!isFinite(x) || x === 0) return [x, 0];
  let e = 0;
  let m = x;
  for (; Math.abs(m) >= 1; m /= 2) e++;
  for (; Math.abs(m) < 0.5; m *= 2) e--;
  return [m, e];
}

function logb(x: number): number {
  if (x === 0) return -Infinity;
  return isFinite(x) ? frexp(x)[1] - 1 : Math.abs(x);
}

function modf(x: number): Json {
  const whole = Math.trunc(x);
  return [isFinite(x) ? x - whole : x === x ? 0 : x, whole];
}

/** The next double above or below. */
function nextAfter(x: number, y: number): number {
  if (x !== x || y !== y) return Number.NaN;
  if (x === y) return y;
  if (x === 0) return y > 0 ? 5e-324 : -5e-324;
  const [m, e] = frexp(x);
  const step = Math.max(scale(1, e - 53), 5e-324);
  const away = y > x === x > 0;
  // Towards zero the doubles below a power of two are twice as dense.
  return x + (away ? (x > 0 ? step : -step) : (x > 0 ? -1 : 1) * (Math.abs(m) === 0.5 ? Math.max(step / 2, 5e-324) : step));
}

const hypot = (x: number, y: number): number => {
  const [a, b] = [Math.max(Math.abs(x), Math.abs(y)), Math.min(Math.abs(x), Math.abs(y))];
  if (a === 0 || a === Infinity) return a;
  return a > 1e150 || b < 1e-150 ? a * Math.sqrt(1 + (b / a) * (b / a)) : Math.sqrt(a * a + b * b);
};

function dividedRemainder(x: number, y: number): number {
  const rest = x - roundEven(x / y) * y;
  return rest === 0 && x < 0 ? -0 : rest;
}

const scaled = (x: number, n: number): number => (x === 0 || !isFinite(x) ? x : scale(x, Math.max(-2200, Math.min(2200, Math.trunc(n)))));

const MATH: Readonly<Record<string, Native>> = {
  "acos/0": math1(acos), "acosh/0": math1(acosh), "asin/0": math1(asin), "asinh/0": math1(asinh), "atan/0": math1(atan), "atanh/0": math1(atanh), "cbrt/0": math1(cbrt), "ceil/0": math1(Math.ceil), "cos/0": math1(cos), "cosh/0": math1(cosh), "exp/0": math1(exp),
  "exp10/0": math1((x) => pow(10, x)), "pow10/0": math1((x) => pow(10, x)), "exp2/0": math1((x) => pow(2, x)), "expm1/0": math1(expm1), "fabs/0": math1(Math.abs), "floor/0": math1(Math.floor), "log/0": math1(log), "log10/0": math1(log10), "log1p/0": math1(log1p), "log2/0": math1(log2), "logb/0": math1(logb),
  "nearbyint/0": math1(roundEven), "rint/0": math1(roundEven), "round/0": math1((x) => (x < 0 ? -Math.floor(0.5 - x) : Math.floor(x + 0.5))), "significand/0": math1((x) => (x === 0 || !isFinite(x) ? x : frexp(x)[0] * 2)), "sin/0": math1(sin), "sinh/0": math1(sinh), "sqrt/0": math1(Math.sqrt), "tan/0": math1(tan), "tanh/0": math1(tanh),
  "trunc/0": math1(Math.trunc), "frexp/0": (v) => frexp(number(v)), "modf/0": (v) => modf(number(v)),
  "atan2/2": math2(atan2), "copysign/2": math2((x, y) => (y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x))), "drem/2": math2(dividedRemainder), "remainder/2": math2(dividedRemainder), "fdim/2": math2((x, y) => (x > y ? x - y : 0)), "fmax/2": math2((x, y) => (x !== x ? y : y !== y ? x : Math.max(x, y))),
  "fmin/2": math2((x, y) => (x !== x ? y : y !== y ? x : Math.min(x, y))), "fmod/2": math2((x, y) => x % y), "hypot/2": math2(hypot), "ldexp/2": math2(scaled), "scalb/2": math2(scaled), "scalbln/2": math2(scaled), "nextafter/2": math2(nextAfter), "nexttoward/2": math2(nextAfter), "pow/2": math2(pow),
  "fma/3": (_, [a, b, c]) => number(a!) * number(b!) + number(c!),
};

/** Functions of jq 1.6 that are refused: nobody asked for a Bessel function of a network yet. */
export const NOT_EMULATED: readonly string[] = ["gamma/0", "lgamma/0", "lgamma_r/0", "tgamma/0", "erf/0", "erfc/0", "j0/0", "j1/0", "jn/2", "y0/0", "y1/0", "yn/2", "modulemeta/0", "get_jq_origin/0", "get_prog_origin/0", "get_search_list/0"];

// -- lists ------------------------------------------------------------------------------------------------------------------

function list(v: Json): readonly Json[] {
  if (!isArray(v)) throw new JqError(`${described(v)} cannot be sorted, as it is not an array`);
  return v;
}

/** Elements with their keys, in the order of the keys. */
function byKey(v: Json, keys: Json): (readonly [item: Json, key: Json])[] {
  if (!isArray(v)) throw new JqError(`${described(v)} and ${described(keys)} cannot be sorted, as they are not both arrays`);
  const pairs = v.map((item, i) => [item, (keys as readonly Json[])[i]!] as const);
  return pairs.sort((a, b) => compare(a[1], b[1]));
}

function grouped(v: Json, keys: Json): Json {
  const out: Json[][] = [];
  let last: Json | undefined;
  for (const [item, key] of byKey(v, keys)) {
    if (last === undefined || !equal(last, key)) out.push([]);
    out[out.length - 1]!.push(item);
    last = key;
  }
  return out;
}

function extreme(v: Json, keys: Json, sign: 1 | -1): Json {
  if (!isArray(v)) throw new JqError(`${described(v)} and ${described(keys)} cannot be iterated over`);
  const items = v;
  let best = -1;
  items.forEach((_, i) => {
    const c = best < 0 ? 0 : compare((keys as readonly Json[])[i]!, (keys as readonly Json[])[best]!) * sign;
    if (best < 0 || c > 0 || (c === 0 && sign > 0)) best = i;
  });
  return best < 0 ? null : items[best]!;
}

function total(v: Json): Json {
  if (!isArray(v) && !isObject(v)) throw new JqError(`Cannot iterate over ${described(v)}`);
  const items = isArray(v) ? v : [...v.values()];
  // Texts and lists are joined at once: one by one would copy what is there again and again.
  if (items.length > 1 && items.every((x) => typeof x === "string")) return bounded(items.join(""));
  if (items.length > 1 && items.every(isArray)) return bounded((items as (readonly Json[])[]).flat());
  if (items.length > 1 && items.every(isObject)) return bounded(new Map(items.flatMap((o) => [...o])));
  return items.reduce((a, b) => add(a, b), null);
}

function keys(v: Json): string[] | number[] {
  if (isObject(v)) return sortedKeys(v);
  if (isArray(v)) return v.map((_, i) => i);
  throw new JqError(`${described(v)} has no keys`);
}

function length(v: Json): number {
  if (v === null) return 0;
  if (typeof v === "boolean") throw new JqError(`${described(v)} has no length`);
  if (typeof v === "number") return Math.abs(v);
  return typeof v === "string" ? charCount(v) : isArray(v) ? v.length : (v as ReadonlyMap<string, Json>).size;
}

function contains(a: Json, b: Json): boolean {
  if (isObject(a) && isObject(b)) return [...b].every(([k, x]) => a.has(k) && contains(a.get(k)!, x));
  if (isArray(a) && isArray(b)) return b.every((x) => a.some((y) => kindOf(x) === kindOf(y) && contains(y, x)));
  if (typeof a === "string" && typeof b === "string") return a.includes(b);
  if (kindOf(a) === kindOf(b)) return equal(a, b);
  throw new JqError(`${described(a)} and ${described(b)} cannot have their containment checked`);
}

// -- texts ------------------------------------------------------------------------------------------------------------------

function affix(name: string, test: (s: string, part: string) => boolean): Native {
  return (v, [part]) => {
    if (typeof v !== "string" || typeof part !== "string") throw new JqError(`${name}() requires string inputs`);
    return test(v, part);
  };
}

function toNumber(v: Json): Json {
  if (typeof v === "number") return v;
  if (typeof v !== "string") throw new JqError(`${described(v)} cannot be parsed as a number`);
  const parsed = fromJson(v);
  return parsed;
}

function fromJson(v: Json): Json {
  if (typeof v !== "string") throw new JqError(`${described(v)} only strings can be parsed`);
  const parsed = parseJson(octets(v));
  if ("value" in parsed) return parsed.value;
  if (parsed.error === "") throw new JqError(`Expected JSON value (while parsing '${v}')`);
  throw new JqError(`${parsed.error} (while parsing '${v}')`);
}

function explode(v: Json): Json {
  if (typeof v !== "string") throw new JqError("explode input must be a string");
  return [...v].map((c) => c.codePointAt(0)!);
}

function implode(v: Json): Json {
  if (!isArray(v)) throw new JqError("implode input must be an array");
  // jq itself aborts by an assertion here.
  if (!v.every((x) => typeof x === "number" && x >= 0 && x <= 0x10ffff)) throw new JqError("Unicode codepoint must be numeric");
  return (v as readonly number[]).map((x) => String.fromCodePoint(x >= 0xd800 && x < 0xe000 ? 0xfffd : Math.trunc(x))).join("");
}

/** Where it stands, in octets: so does jq 1.6. */
function textIndices(text: string, part: string): Json {
  const [t, p] = [octets(text), octets(part)];
  const out: number[] = [];
  if (p !== "") for (let at = t.indexOf(p); at >= 0; at = t.indexOf(p, at + 1)) out.push(at);
  return out;
}

// -- regular expressions --------------------------------------------------------------------------------------------------------

const FLAGS = "gimnpslx";

function compile(pattern: string, flags: string): Regex {
  const extended = flags.includes("x") ? pattern.replace(/\\[\s\S]|\[(?:\\[\s\S]|[^\]])*\]|\s+|#[^\n]*/g, (m) => (/^[\s#]/.test(m) ? "" : m)) : pattern;
  const compiled = compileRegex(octets(extended), { syntax: "perl", ignoreCase: flags.includes("i"), dotStopsAtNewline: !flags.includes("p") });
  if (!compiled.ok) throw new JqError(`Regex failure: ${ONIGURUMA[compiled.error] ?? compiled.error}`);
  return compiled.value;
}

/** The library's words for what is said otherwise elsewhere. */
const ONIGURUMA: Readonly<Record<string, string>> = {
  "missing closing parenthesis": "end pattern with unmatched parenthesis", "unmatched closing parenthesis": "unmatched close parenthesis", "quantifier does not follow a repeatable item": "target of repeat operator is not specified",
  "missing terminating ] for character class": "premature end of char-class", "range out of order in character class": "empty range in char class", "\\ at end of pattern": "end pattern at escape", "reference to non-existent subpattern": "invalid backref number/name",
  "numbers out of order in {} quantifier": "upper is smaller than lower in repeat range", "lookbehind assertion is not fixed length": "invalid pattern in look-behind",
};

/** Counts characters before an octet; asked for growing offsets. */
class Places {
  private at = 0;
  private count = 0;
  private readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  of(offset: number): number {
    if (offset < this.at) this.at = this.count = 0;
    while (this.at < offset) {
      this.at += charLength(this.text, this.at) || 1;
      this.count++;
    }
    return this.count;
  }
}

function matchObject(text: string, m: Match, regex: Regex, places: Places): Json {
  const [start, end] = [m[0]!, m[1]!];
  const string = textOf(text.slice(start, end));
  const captures: Json[] = [];
  if (end > start) for (let g = 1; g <= regex.groups; g++) captures.push(capture(text, m[2 * g] ?? -1, m[2 * g + 1] ?? -1, regex.names.get(g) ?? null, places));
  return new Map<string, Json>([["offset", places.of(start)], ["length", charCount(string)], ["string", string], ["captures", captures]]);
}

function capture(text: string, start: number, end: number, name: string | null, places: Places): Json {
  if (start === end) return new Map<string, Json>([["offset", start < 0 ? -1 : places.of(start)], ["string", start < 0 ? null : ""], ["length", 0], ["name", name]]);
  const string = textOf(text.slice(start, end));
  return new Map<string, Json>([["offset", places.of(start)], ["length", charCount(string)], ["string", string], ["name", name]]);
}

function match(v: Json, pattern: Json, flags: Json, testOnly: boolean): Json {
  if (typeof v !== "string") throw new JqError(`${described(v)} cannot be matched, as it is not a string`);
  if (typeof pattern !== "string") throw new JqError(`${described(pattern)} cannot be matched, as it is not a string`);
  if (flags !== null && typeof flags !== "string") throw new JqError(`${described(flags)} is not a string`);
  if (flags && [...flags].some((c) => !FLAGS.includes(c))) throw new JqError(`${flags} is not a valid modifier string`);
  const regex = compile(pattern, flags ?? "");
  const text = octets(v);
  if (testOnly) return regex.test(text);
  const places = new Places(text);
  const out: Json[] = [];
  // After an empty match the search goes on one octet further than it began, wherever the match was: so does jq 1.6.
  for (let from = 0; ; ) {
    const m = regex.exec(text, from);
    if (!m) break;
    out.push(matchObject(text, m, regex, places));
    from = m[1]! > m[0]! ? m[1]! : from + 1;
    if (!flags?.includes("g") || from >= text.length) break;
  }
  return bounded(out);
}

// -- the table ----------------------------------------------------------------------------------------------------------------

export const FUNCTIONS: Readonly<Record<string, Native>> = {
  ...MATH,
  "length/0": (v) => length(v),
  "utf8bytelength/0": (v) => {
    if (typeof v !== "string") throw new JqError(`${described(v)} only strings have UTF-8 byte length`);
    return octets(v).length;
  },
  "not/0": (v) => v === null || v === false,
  "keys/0": (v) => keys(v),
  "keys_unsorted/0": (v) => (isObject(v) ? [...v.keys()] : keys(v)),
  "type/0": (v) => kindOf(v),
  "add/0": (v) => total(v),
  "has/1": (v, [k]) => has(v, k!),
  "contains/1": (v, [x]) => contains(v, x!),
  "setpath/2": (v, [path, x]) => {
    if (!isArray(path!)) throw new JqError("Path must be specified as an array");
    return setPath(v, path, x!);
  },
  "delpaths/1": (v, [paths]) => {
    if (!isArray(paths!)) throw new JqError("Paths must be specified as an array");
    return deletePaths(v, paths);
  },
  "sort/0": (v) => sorted(list(v)),
  "min/0": (v) => extreme(v, v, -1),
  "max/0": (v) => extreme(v, v, 1),
  "_sort_by/1": (v, [k]) => byKey(v, k!).map(([item]) => item),
  "_group_by/1": (v, [k]) => grouped(v, k!),
  "_min_by/1": (v, [k]) => extreme(v, k!, -1),
  "_max_by/1": (v, [k]) => extreme(v, k!, 1),
  "_indices/1": (v, [part]) => textIndices(v as string, part as string),
  "_match/3": (v, [pattern, flags, testOnly]) => match(v, pattern!, flags!, testOnly === true),
  // gsub of what matches nothing at the start goes on for ever in jq 1.6.
  "_endless/0": () => {
    throw new OutOfMemory();
  },
  "tostring/0": (v) => tostring(v),
  "tojson/0": (v) => dump(v),
  "fromjson/0": (v) => fromJson(v),
  "tonumber/0": (v) => toNumber(v),
  "format/1": (v, [name]) => {
    if (typeof name !== "string") throw new JqError(`${described(name!)} is not a valid format`);
    return applyFormat(name, v);
  },
  "explode/0": (v) => explode(v),
  "implode/0": (v) => implode(v),
  "startswith/1": affix("startswith", (s, part) => s.startsWith(part)),
  "endswith/1": affix("endswith", (s, part) => s.endsWith(part)),
  "ltrimstr/1": (v, [part]) => (typeof v === "string" && typeof part === "string" && v.startsWith(part) ? v.slice(part.length) : v),
  "rtrimstr/1": (v, [part]) => (typeof v === "string" && typeof part === "string" && part !== "" && v.endsWith(part) ? v.slice(0, v.length - part.length) : v),
  "split/1": (v, [by]) => {
    if (typeof v !== "string" || typeof by !== "string") throw new JqError("split input and separator must be strings");
    return splitText(v, by);
  },
  "infinite/0": () => Infinity,
  "nan/0": () => Number.NaN,
  "isinfinite/0": (v) => Math.abs(number(v)) === Infinity,
  "isnan/0": (v) => number(v) !== number(v),
  "isnormal/0": (v) => isFinite(number(v)) && Math.abs(number(v)) >= 2.2250738585072014e-308,
  "now/0": (_v, _a, host) => host.now(),
  "env/0": (_v, _a, host) => host.env(),
  "input_filename/0": (_v, _a, host) => host.inputFile(),
  "input_line_number/0": (_v, _a, host) => host.inputLine(),
  "builtins/0": (_v, _a, host) => host.names(),
  "gmtime/0": (v) => gmtime(v),
  "localtime/0": (v) => gmtime(v),
  "mktime/0": (v) => mktime(v),
  "strftime/1": (v, [format]) => formatTime(v, format!, "strftime/1"),
  "strflocaltime/1": (v, [format]) => formatTime(v, format!, "strflocaltime/1"),
  "strptime/1": (v, [format]) => strptime(v, format!),
};

/** Those that the machine itself runs. */
const SPECIAL: readonly string[] = ["empty/0", "error/0", "error/1", "path/1", "getpath/1", "range/2", "input/0", "debug/0", "stderr/0", "halt/0", "halt_error/1"];

export const isNative = (key: string): boolean => Object.hasOwn(FUNCTIONS, key) || SPECIAL.includes(key);
export const nativeNames = (): string[] => [...Object.keys(FUNCTIONS), ...SPECIAL].filter((name) => !name.startsWith("_"));
