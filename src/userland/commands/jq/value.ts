/** jq's values and what may be done with them. Arrays and objects are never changed: each operation makes a new one. After jq 1.6. */
import { dump } from "./dump.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** Keys in the order in which they came. */
export type JsonObject = ReadonlyMap<string, Json>;

/** An error that `try` catches. */
export class JqError {
  readonly value: Json;
  constructor(value: Json) {
    this.value = value;
  }
}

/** More than the machine has room for; nothing catches it. jq aborts with these words. */
export class OutOfMemory {}

/** Elements of an array, characters of a string, and values of all kinds within one value, each as often as it is in it. */
const MAX_ELEMENTS = 400_000;
const MAX_STRING = 1 << 22;
const MAX_WEIGHT = 1_000_000;

/** What was counted before. A memo only: values are never changed, so it stays true for all machines. */
const weights = new WeakMap<object, number>();

/** How many values are in it. The same array in a hundred places counts a hundred times: `. + [.]` doubles. */
function weigh(v: Json): number {
  if (v === null || typeof v !== "object") return 1;
  const known = weights.get(v);
  if (known !== undefined) return known;
  let weight = 1;
  for (const item of v.values()) weight += weigh(item);
  if (weight > MAX_WEIGHT) throw new OutOfMemory();
  weights.set(v, weight);
  return weight;
}

/** The value itself, unless it is more than there is room for. */
export function bounded<T extends Json>(v: T): T {
  if (typeof v === "string" ? v.length > MAX_STRING : isArray(v) && v.length > MAX_ELEMENTS) throw new OutOfMemory();
  weigh(v);
  return v;
}

export type Kind = "null" | "boolean" | "number" | "string" | "array" | "object";

export const isArray = (v: Json): v is readonly Json[] => Array.isArray(v);
export const isObject = (v: Json): v is JsonObject => v instanceof Map;

export function kindOf(v: Json): Kind {
  if (v === null) return "null";
  if (isArray(v)) return "array";
  const t = typeof v;
  return t === "boolean" || t === "number" || t === "string" ? t : "object";
}

export const truthy = (v: Json): boolean => v !== null && v !== false;

/** A value as messages show it: the first 11 octets. */
export function brief(v: Json, room = 14): string {
  const text = dump(v);
  return text.length > room ? `${text.slice(0, room - 3)}...` : text;
}

/** "number (1)" */
export const described = (v: Json): string => `${kindOf(v)} (${brief(v)})`;

// -- order ------------------------------------------------------------------------------------------------------------------

const RANK: Readonly<Record<Kind, number>> = { null: 0, boolean: 1, number: 3, string: 4, array: 5, object: 6 };

const rank = (v: Json): number => (v === true ? 2 : RANK[kindOf(v)]);

/** By code point, which is the order of the UTF-8 octets. */
export function compareText(a: string, b: string): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    let x = a.charCodeAt(i);
    let y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates stand for what is above all of U+E000 to U+FFFF.
    if (x >= 0xd800 && y >= 0xd800) {
      if (x >= 0xe000) x -= 0x2800;
      if (y >= 0xe000) y -= 0x2800;
    }
    return x - y;
  }
  return a.length - b.length;
}

/** Nesting that is looked into; deeper is refused before the host's stack would be. */
export const MAX_NESTING = 2000;

/** Negative, zero or positive. NaN is less than any number. */
export function compare(a: Json, b: Json, depth = 0): number {
  if (depth > MAX_NESTING) throw new OutOfMemory();
  const byKind = rank(a) - rank(b);
  if (byKind !== 0) return byKind;
  if (typeof a === "number" && typeof b === "number") return a !== a || a < b ? -1 : a === b ? 0 : 1;
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (isArray(a) && isArray(b)) return compareLists(a, b, depth);
  if (isObject(a) && isObject(b)) {
    const keys = sortedKeys(a);
    const byKeys = compareLists(keys, sortedKeys(b), depth);
    if (byKeys !== 0) return byKeys;
    for (const key of keys) {
      const c = compare(a.get(key)!, b.get(key)!, depth + 1);
      if (c !== 0) return c;
    }
  }
  return 0;
}

function compareLists(a: readonly Json[], b: readonly Json[], depth: number): number {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i++) {
    const c = compare(a[i]!, b[i]!, depth + 1);
    if (c !== 0) return c;
  }
  return a.length - b.length;
}

export const equal = (a: Json, b: Json): boolean => a === b || (typeof a === typeof b && compare(a, b) === 0);

/** The same thing, as jq tells it: one number, one array. */
export const identical = (a: Json, b: Json): boolean => a === b || (a !== a && b !== b);

export const sortedKeys = (o: JsonObject): string[] => [...o.keys()].sort(compareText);

export const sorted = (list: readonly Json[]): Json[] => [...list].sort((a, b) => compare(a, b));

/** Characters, not UTF-16 units. */
export function charCount(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length - 1; i++) if (isHigh(s.charCodeAt(i))) n--;
  return n;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;

/** Characters `from` to `to`. */
export function sliceText(s: string, from: number, to: number): string {
  if (charCount(s) === s.length) return s.slice(from, to);
  return [...s].slice(from, to).join("");
}

// -- looking into a value ------------------------------------------------------------------------------------------------------

const isSliceKey = (k: Json): k is JsonObject => isObject(k) && k.has("start") && k.has("end");

/** v[k] */
export function get(v: Json, k: Json): Json {
  if (isObject(v) && typeof k === "string") return v.get(k) ?? null;
  if (isArray(v) && typeof k === "number") return k !== k ? null : (v[index(v.length, k)] ?? null);
  if (isArray(v) && isObject(k)) return slice(v, k);
  if (typeof v === "string" && isObject(k)) return slice(v, k);
  if (isArray(v) && isArray(k)) return indexesOf(v, k);
  if (v === null && (typeof k === "string" || typeof k === "number" || k === null || isObject(k))) return null;
  if (typeof k === "string") throw new JqError(`Cannot index ${kindOf(v)} with string "${k}"`);
  throw new JqError(`Cannot index ${kindOf(v)} with ${kindOf(k)}`);
}

function index(length: number, k: number): number {
  const i = Math.trunc(k);
  return i < 0 ? i + length : i;
}

/** The bounds that a key {"start", "end"} means, the start rounded down and the end up. */
function bounds(length: number, key: JsonObject): [number, number] {
  const [start, end] = [key.get("start"), key.get("end")];
  if (start === undefined || end === undefined || (start !== null && typeof start !== "number") || (end !== null && typeof end !== "number")) throw new JqError("Start and end indices of an array slice must be numbers");
  const clamp = (n: number): number => Math.max(0, Math.min(length, n < 0 ? n + length : n));
  const from = Math.floor(clamp(start ?? 0));
  const to = Math.ceil(clamp(end ?? length));
  return [from, Math.max(from, to)];
}

function slice(v: readonly Json[] | string, key: JsonObject): Json {
  const [from, to] = bounds(typeof v === "string" ? charCount(v) : v.length, key);
  return typeof v === "string" ? sliceText(v, from, to) : v.slice(from, to);
}

/** Where a list stands in another. */
export function indexesOf(v: readonly Json[], part: readonly Json[]): Json[] {
  const out: Json[] = [];
  if (part.length === 0) return out;
  for (let i = 0; i < v.length; i++) if (part.every((p, j) => i + j < v.length && equal(v[i + j]!, p))) out.push(i);
  return out;
}

/** v with v[k] = item. */
export function set(v: Json, k: Json, item: Json): Json {
  if (typeof k === "string" && (v === null || isObject(v))) return bounded(new Map(v).set(k, item));
  if (typeof k === "number" && (v === null || isArray(v))) return setElement(v ?? [], k, item);
  if (isObject(k) && (v === null || isArray(v))) return setSlice(v ?? [], k, item);
  if (isObject(k) && !isArray(v)) throw new JqError("Cannot update field at object index of " + (isObject(v) ? "object" : kindOf(v)));
  if (isArray(v) && isArray(k)) throw new JqError("Cannot update field at array index of array");
  if (typeof k === "string" && !isArray(v)) throw new JqError(`Cannot index ${kindOf(v)} with "${k}"`);
  throw new JqError(`Cannot index ${kindOf(v)} with ${typeof k === "string" ? `"${k}"` : kindOf(k)}`);
}

function setElement(v: readonly Json[], k: number, item: Json): Json {
  const i = index(v.length, k);
  if (i < 0) throw new JqError("Out of bounds negative array index");
  if (i >= MAX_ELEMENTS) throw new OutOfMemory();
  const out = [...v];
  while (out.length < i) out.push(null);
  out[i] = item;
  return bounded(out);
}

function setSlice(v: readonly Json[], k: JsonObject, item: Json): Json {
  if (!isSliceKey(k)) throw new JqError("Start and end indices of an array slice must be numbers");
  const [from, to] = bounds(v.length, k);
  if (!isArray(item)) throw new JqError("A slice of an array can only be assigned another array");
  return bounded([...v.slice(0, from), ...item, ...v.slice(to)]);
}

export function has(v: Json, k: Json): boolean {
  if (isObject(v) && typeof k === "string") return v.has(k);
  if (isArray(v) && typeof k === "number") return k >= 0 && k < v.length;
  if (v === null && (typeof k === "string" || typeof k === "number")) return false;
  throw new JqError(`Cannot check whether ${kindOf(v)} has a ${kindOf(k)} key`);
}

export function getPath(v: Json, path: readonly Json[]): Json {
  let at = v;
  for (const k of path) {
    if (at === null) return null;
    at = get(at, k);
  }
  return at;
}

export function setPath(v: Json, path: readonly Json[], item: Json, from = 0): Json {
  if (from > MAX_NESTING) throw new OutOfMemory();
  if (from === path.length) return item;
  const k = path[from]!;
  return set(v, k, setPath(get(v, k), path, item, from + 1));
}

/** Without the paths, the last one first so that those before it keep their meaning. */
export function deletePaths(v: Json, paths: readonly Json[]): Json {
  let out = v;
  for (const path of sorted(paths).reverse()) {
    if (!isArray(path)) throw new JqError("Path must be specified as an array");
    out = deletePath(out, path, 0);
  }
  return out;
}

function deletePath(v: Json, path: readonly Json[], from: number): Json {
  if (v === null || path.length === 0) return null;
  const k = path[from]!;
  if (from === path.length - 1) return without(v, k);
  const inner = get(v, k);
  return inner === null ? v : set(v, k, deletePath(inner, path, from + 1));
}

function without(v: Json, k: Json): Json {
  if (v === null) return null;
  if (isObject(v) && typeof k === "string") {
    const out = new Map(v);
    out.delete(k);
    return out;
  }
  if (isArray(v) && typeof k === "number") {
    const i = index(v.length, k);
    return v.filter((_, n) => n !== i);
  }
  if (isArray(v) && isObject(k)) {
    const [from, to] = bounds(v.length, k);
    return [...v.slice(0, from), ...v.slice(to)];
  }
  if (isObject(v)) throw new JqError(`Cannot delete ${kindOf(k)} field of object`);
  if (isArray(v)) throw new JqError(`Cannot delete ${kindOf(k)} element of array`);
  throw new JqError(`Cannot delete fields from ${kindOf(v)}`);
}

// -- arithmetic -------------------------------------------------------------------------------------------------------------

const refused = (a: Json, b: Json, what: string): JqError => new JqError(`${described(a)} and ${described(b)} cannot be ${what}`);

export function add(a: Json, b: Json): Json {
  if (a === null) return b;
  if (b === null) return a;
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "string" && typeof b === "string") return bounded(a + b);
  if (isArray(a) && isArray(b)) return bounded([...a, ...b]);
  if (isObject(a) && isObject(b)) return bounded(new Map([...a, ...b]));
  throw refused(a, b, "added");
}

function subtract(a: Json, b: Json): Json {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (isArray(a) && isArray(b)) return a.filter((x) => !b.some((y) => equal(x, y)));
  throw refused(a, b, "subtracted");
}

function multiply(a: Json, b: Json): Json {
  if (typeof a === "number" && typeof b === "number") return a * b;
  if ((typeof a === "string" && typeof b === "number") || (typeof a === "number" && typeof b === "string")) {
    const [text, n] = (typeof a === "string" ? [a, b] : [b, a]) as [string, number];
    if (text.length * Math.max(n, 1) > MAX_STRING) throw new OutOfMemory();
    return n > 0 ? text.repeat(Math.max(0, Math.trunc(n - 1)) + 1) : null;
  }
  if (isObject(a) && isObject(b)) return merge(a, b, 0);
  throw refused(a, b, "multiplied");
}

function merge(a: JsonObject, b: JsonObject, depth: number): Json {
  if (depth > MAX_NESTING) throw new OutOfMemory();
  const out = new Map(a);
  for (const [k, v] of b) {
    const old = a.get(k);
    out.set(k, old !== undefined && isObject(old) && isObject(v) ? merge(old, v, depth + 1) : v);
  }
  return bounded(out);
}

function divide(a: Json, b: Json): Json {
  if (typeof a === "number" && typeof b === "number") {
    if (b === 0) throw refused(a, b, "divided because the divisor is zero");
    return a / b;
  }
  if (typeof a === "string" && typeof b === "string") return splitText(a, b);
  throw refused(a, b, "divided");
}

export function splitText(text: string, by: string): Json[] {
  if (text === "") return [];
  return by === "" ? [...text] : text.split(by);
}

const TWO_63 = 2147483648 * 4294967296;

/** C's intmax_t of a double on x86. */
function whole(n: number): bigint {
  if (n !== n || n >= TWO_63 || n < -TWO_63) return -9223372036854775808n;
  return BigInt(Math.trunc(n));
}

function remainder(a: Json, b: Json): Json {
  if (typeof a !== "number" || typeof b !== "number") throw refused(a, b, "divided (remainder)");
  const [x, y] = [whole(a), whole(b)];
  if (y === 0n) throw refused(a, b, "divided (remainder) because the divisor is zero");
  const magnitude = (x < 0n ? -x : x) % (y < 0n ? -y : y);
  return Number(x < 0n ? -magnitude : magnitude);
}

export type BinaryOperator = "+" | "-" | "*" | "/" | "%" | "==" | "!=" | "<" | "<=" | ">" | ">=";

export function operate(op: BinaryOperator, a: Json, b: Json): Json {
  switch (op) {
    case "+": return add(a, b);
    case "-": return subtract(a, b);
    case "*": return multiply(a, b);
    case "/": return divide(a, b);
    case "%": return remainder(a, b);
    case "==": return equal(a, b);
    case "!=": return !equal(a, b);
    case "<": return compare(a, b) < 0;
    case "<=": return compare(a, b) <= 0;
    case ">": return compare(a, b) > 0;
    case ">=": return compare(a, b) >= 0;
  }
}
