/**
 * Elementary functions for awk and jq, made of the four operations and the square root: hosts differ in the last bit of Math.exp and its
 * like, and a replay must not. By series after reduction of the argument
 * (Abramowitz and Stegun, chapter 4); exponentials, logarithms and powers in twice the precision, so that the last digit is the C library's.
 */

const TWO_1000 = 1.0715086071862673e301;
const TWO_MINUS_900 = 1.1830521861667747e-271;
const LOG2E = Math.LOG2E;
const PI = Math.PI;
const QUARTER_PI = PI / 4;

const isNaNumber = (x: number): boolean => x !== x;

/** x · 2^n, rounded once: the steps before the last are exact. */
export function scale(x: number, n: number): number {
  let out = x;
  let k = n;
  for (; k > 1000; k -= 1000) out *= TWO_1000;
  for (; k < -900; k += 900) out *= TWO_MINUS_900;
  let factor = 1;
  for (; k > 0; k--) factor *= 2;
  for (; k < 0; k++) factor /= 2;
  return out * factor;
}

// -- pairs of doubles -------------------------------------------------------------------------------------------------------

/** high + low, of which low is less than half of the last place of high: about 106 bits (T. J. Dekker, Numerische Mathematik 18, 1971). */
type Pair = readonly [high: number, low: number];

const LN2: Pair = [Math.LN2, 2.3190468138462996e-17];
const LN10: Pair = [Math.LN10, -2.1707562233822494e-16];
const HALF_PI: Pair = [PI / 2, 6.123233995736766e-17];
const HALF_PI_THIRD = -1.4973849048591833e-33;
/** 2^27 + 1 cuts a double into two halves. */
const SPLITTER = 134217729;

function sum(a: number, b: number): Pair {
  const s = a + b;
  const t = s - a;
  return [s, a - (s - t) + (b - t)];
}

function product(a: number, b: number): Pair {
  const p = a * b;
  const ta = SPLITTER * a;
  const ah = ta - (ta - a);
  const al = a - ah;
  const tb = SPLITTER * b;
  const bh = tb - (tb - b);
  const bl = b - bh;
  return [p, ah * bh - p + ah * bl + al * bh + al * bl];
}

function add(a: Pair, b: Pair): Pair {
  const [s, e] = sum(a[0], b[0]);
  return sum(s, e + a[1] + b[1]);
}

function times(a: Pair, b: Pair): Pair {
  const [p, e] = product(a[0], b[0]);
  return sum(p, e + a[0] * b[1] + a[1] * b[0]);
}

function over(a: Pair, b: Pair): Pair {
  const q = a[0] / b[0];
  const rest = add(a, times([-q, 0], b));
  return sum(q, (rest[0] + rest[1]) / b[0]);
}

/** e^a as a pair and a power of two to scale it by; |a| is below 800. */
function expPair(a: Pair): [Pair, exponent: number] {
  const k = Math.round(a[0] * LOG2E);
  const r = add(a, times([-k, 0], LN2));
  // The argument is halved eight times, the result squared as often.
  const small: Pair = [r[0] / 256, r[1] / 256];
  let series: Pair = [1, 0];
  for (let n = 11; n > 0; n--) series = add([1, 0], over(times(small, series), [n, 0]));
  for (let n = 0; n < 8; n++) series = times(series, series);
  return [series, k];
}

/** Natural logarithm of a positive finite number. */
function logPair(x: number): Pair {
  let m = x;
  let e = 0;
  for (; m >= Math.SQRT2; m /= 2) e++;
  for (; m < Math.SQRT1_2; m *= 2) e--;
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  let series = 0;
  for (let n = 41; n > 0; n -= 2) series = series * s2 + 1 / n;
  const near = 2 * s * series;
  // One step from a double to a pair: y + 2 (m - e^y) / (m + e^y).
  const [ePair, k] = expPair([near, 0]);
  const power: Pair = [scale(ePair[0], k), scale(ePair[1], k)];
  const rest = over(add([m, 0], [-power[0], -power[1]]), add([m, 0], power));
  return add(times([e, 0], LN2), add([near, 0], [2 * rest[0], 2 * rest[1]]));
}

// -- functions ------------------------------------------------------------------------------------------------------------------

const TOO_BIG = 709.782712893384; // the logarithm of the largest double
const TOO_SMALL = -745.1332191019412; // that of half the smallest

function expOf(a: Pair): number {
  if (a[0] > TOO_BIG + 1e-9) return Infinity; // also keeps infinity out of the series
  if (a[0] < TOO_SMALL - 1e-9) return 0;
  const [p, k] = expPair(a);
  return scale(p[0] + p[1], k);
}

export function exp(x: number): number {
  if (isNaNumber(x)) return x;
  return expOf([x, 0]);
}

/** e^x - 1 without the loss of digits near zero. */
export function expm1(x: number): number {
  if (isNaNumber(x) || x === 0 || x > 700 || x < -700) return isNaNumber(x) || x === 0 ? x : exp(x) - 1;
  if (Math.abs(x) < 1e-9) return x + (x * x) / 2;
  const [p, k] = expPair([x, 0]);
  const r = add([scale(p[0], k), scale(p[1], k)], [-1, 0]);
  return r[0] + r[1];
}

/** Zero, negative numbers, infinity and NaN; undefined for all others. */
const logEdge = (x: number): number | undefined => (isNaNumber(x) || x < 0 ? Number.NaN : x === 0 ? -Infinity : x === Infinity ? x : undefined);

export function log(x: number): number {
  return logEdge(x) ?? logPair(x)[0];
}

export function log2(x: number): number {
  return logEdge(x) ?? over(logPair(x), LN2)[0];
}

export function log10(x: number): number {
  return logEdge(x) ?? over(logPair(x), LN10)[0];
}

/** log(1 + x) */
export function log1p(x: number): number {
  if (isNaNumber(x) || x === 0 || x <= -1) return x === -1 ? -Infinity : x < -1 ? Number.NaN : x;
  if (Math.abs(x) < 1e-9) return x - (x * x) / 2;
  const [s, rest] = sum(1, x);
  return logEdge(s) ?? add(logPair(s), [rest / s, 0])[0];
}

/** Rest of a division by π/2, and the quotient's last two bits. Beyond 1e9 in whole numbers, with π to 1,200 bits. */
function reduce(x: number): [rest: Pair, quadrant: number] {
  if (Math.abs(x) > 1e9) return reduceLarge(x);
  const k = Math.round(x / HALF_PI[0]);
  const rest = add(add([x, 0], times([-k, 0], HALF_PI)), [-k * HALF_PI_THIRD, 0]);
  return [rest, ((k % 4) + 4) % 4];
}

const LARGE_BITS = 1300n;
/** Of these so many are kept of the rest, which is never below 2^-62. */
const REST_BITS = 200n;

/** 2^n · arctan(1/x) for a whole x. */
function wholeArctan(x: bigint): bigint {
  let term = (1n << LARGE_BITS) / x;
  let sum = term;
  for (let n = 3n; term !== 0n; n += 2n) {
    term = -term / (x * x);
    sum += term / n;
  }
  return sum;
}

function reduceLarge(x: number): [Pair, number] {
  const quarter = 2n * (4n * wholeArctan(5n) - wholeArctan(239n)); // J. Machin: π/4 = 4 arctan 1/5 - arctan 1/239
  // A number above 1e9 has at most 23 bits after the point.
  const scaled = Math.abs(x) < 1e200 ? BigInt(Math.abs(x) * 16777216) << (LARGE_BITS - 24n) : BigInt(Math.abs(x)) << LARGE_BITS;
  const k = (2n * scaled + quarter) / (2n * quarter);
  const rest = (scaled - k * quarter) >> (LARGE_BITS - REST_BITS);
  const first = Number(rest);
  const asDouble = scale(first, -Number(REST_BITS));
  const low = scale(Number(rest - BigInt(first)), -Number(REST_BITS));
  const quadrant = Number(k & 3n);
  return x > 0 ? [[asDouble, low], quadrant] : [[-asDouble, -low], (4 - quadrant) % 4];
}

/** Series of sine and cosine for |x| ≤ π/4. */
function smallSine(x: Pair): Pair {
  const x2 = times(x, x);
  let series: Pair = [1, 0];
  for (let n = 27; n > 1; n -= 2) series = add([1, 0], over(times([-x2[0], -x2[1]], series), [n * (n - 1), 0]));
  return times(x, series);
}

function smallCosine(x: Pair): Pair {
  const x2 = times(x, x);
  let series: Pair = [1, 0];
  for (let n = 28; n > 0; n -= 2) series = add([1, 0], over(times([-x2[0], -x2[1]], series), [n * (n - 1), 0]));
  return series;
}

const negated = (x: Pair): Pair => [-x[0], -x[1]];

/** Sine of x + π/2 · turn. */
function sinePair(x: number, turn: number): Pair {
  const [r, q] = reduce(x);
  switch ((q + turn) % 4) {
    case 0: return smallSine(r);
    case 1: return smallCosine(r);
    case 2: return negated(smallSine(r));
    default: return negated(smallCosine(r));
  }
}

const isFinite = (x: number): boolean => x - x === 0;

export function sin(x: number): number {
  if (!isFinite(x)) return Number.NaN;
  return Math.abs(x) < 1e-9 ? x : sinePair(x, 0)[0];
}

export function cos(x: number): number {
  return isFinite(x) ? sinePair(x, 1)[0] : Number.NaN;
}

export function tan(x: number): number {
  if (!isFinite(x)) return Number.NaN;
  return Math.abs(x) < 1e-9 ? x : over(sinePair(x, 0), sinePair(x, 1))[0];
}

/** Arc tangent of a finite x by a series, then one step with sine and cosine in twice the precision. */
function atanPair(x: Pair): Pair {
  const half = (t: number): number => t / (1 + Math.sqrt(1 + t * t));
  const inverse = Math.abs(x[0]) > 1;
  // Two halvings bring the argument below 0.2.
  const t = half(half(inverse ? 1 / x[0] : x[0]));
  const t2 = t * t;
  let series = 0;
  for (let n = 27; n > 0; n -= 2) series = 1 / n - t2 * series;
  const near = inverse ? (x[0] > 0 ? HALF_PI[0] : -HALF_PI[0]) - 4 * t * series : 4 * t * series;
  const [s, c] = [sinePair(near, 0), sinePair(near, 1)];
  // tan(y - near) = (x cos - sin) / (cos + x sin); of what is so small the tangent is the angle.
  return add([near, 0], inverse ? over(add(c, negated(over(s, x))), add(over(c, x), s)) : over(add(times(x, c), negated(s)), add(c, times(x, s))));
}

export function atan(x: number): number {
  if (isNaNumber(x) || Math.abs(x) < 1e-9) return x;
  if (Math.abs(x) > 1e19) return x > 0 ? HALF_PI[0] : -HALF_PI[0];
  return atanPair([x, 0])[0];
}

export function atan2(y: number, x: number): number {
  if (isNaNumber(x) || isNaNumber(y)) return Number.NaN;
  const sign = y < 0 || Object.is(y, -0) ? -1 : 1;
  const back = x < 0 || Object.is(x, -0);
  if (y === 0) return back ? sign * PI : y;
  if (!isFinite(y)) return isFinite(x) ? sign * HALF_PI[0] : sign * (back ? 3 : 1) * QUARTER_PI;
  if (!isFinite(x)) return back ? sign * PI : sign * 0;
  if (x === 0) return sign * HALF_PI[0];
  const ratio = Math.abs(y / x);
  if (ratio > 1e19) return sign * HALF_PI[0];
  if (ratio < 1e-290) return back ? sign * PI : y / x;
  const tangent = over([Math.abs(y), 0], [Math.abs(x), 0]);
  const angle = ratio < 1e-9 ? tangent : atanPair(tangent);
  return sign * (back ? add(times(HALF_PI, [2, 0]), negated(angle))[0] : angle[0]);
}

// -- made of the above ------------------------------------------------------------------------------------------------------------

/** √(1 - x²) of |x| < 1. */
function complement(x: number): Pair {
  const square = add([1, 0], negated(product(x, x)));
  const root = Math.sqrt(square[0]);
  const rest = add(square, negated(product(root, root)));
  return sum(root, (rest[0] + rest[1]) / (2 * root));
}

export function asin(x: number): number {
  if (!(Math.abs(x) < 1)) return x === 1 ? HALF_PI[0] : x === -1 ? -HALF_PI[0] : Number.NaN;
  return Math.abs(x) < 1e-9 ? x : atanPair(over([x, 0], complement(x)))[0];
}

export function acos(x: number): number {
  if (!(Math.abs(x) < 1)) return x === 1 ? 0 : x === -1 ? PI : Number.NaN;
  const fromSine = Math.abs(x) < 1e-9 ? ([x, 0] as const) : atanPair(over([x, 0], complement(x)));
  return add(HALF_PI, negated(fromSine))[0];
}

/** e^x and e^-x halved, |x| ≤ 700. */
function halves(x: number): [Pair, Pair] {
  const [p, k] = expPair([x, 0]);
  const up: Pair = [scale(p[0], k), scale(p[1], k)];
  return [times(up, [0.5, 0]), over([0.5, 0], up)];
}

/** Half of e^x where the other half is too small to be seen. */
const halfExp = (x: number): number => expOf(add([x, 0], negated(LN2)));

export function sinh(x: number): number {
  if (!isFinite(x) || Math.abs(x) < 1e-9) return x;
  if (Math.abs(x) > 40) return x > 0 ? halfExp(x) : -halfExp(-x);
  const [up, down] = halves(x);
  return add(up, negated(down))[0];
}

export function cosh(x: number): number {
  if (isNaNumber(x)) return x;
  if (Math.abs(x) > 40) return halfExp(Math.abs(x));
  return add(...halves(x))[0];
}

export function tanh(x: number): number {
  if (isNaNumber(x) || Math.abs(x) < 1e-9) return x;
  if (Math.abs(x) > 40) return x > 0 ? 1 : -1;
  const [up, down] = halves(x);
  return over(add(up, negated(down)), add(up, down))[0];
}

export function asinh(x: number): number {
  if (!isFinite(x) || x === 0) return x;
  const a = Math.abs(x);
  const out = a > 1e9 ? log(a) + LN2[0] : log1p(a + (a * a) / (1 + Math.sqrt(1 + a * a)));
  return x > 0 ? out : -out;
}

export function acosh(x: number): number {
  if (x > 1e9) return log(x) + LN2[0];
  const t = x - 1;
  return x < 1 ? Number.NaN : log1p(t + Math.sqrt(2 * t + t * t));
}

export function atanh(x: number): number {
  if (!(Math.abs(x) < 1)) return x === 1 ? Infinity : x === -1 ? -Infinity : Number.NaN;
  if (Math.abs(x) < 1e-5) return x + (x * x * x) / 3;
  const [up, upRest] = sum(1, x);
  const [down, downRest] = sum(1, -x);
  const difference = add(add(logPair(up), [upRest / up, 0]), negated(add(logPair(down), [downRest / down, 0])));
  return difference[0] / 2;
}

export function cbrt(x: number): number {
  if (!isFinite(x) || x === 0) return x;
  const root = expOf(over(logPair(Math.abs(x)), [3, 0]));
  return x > 0 ? root : -root;
}

/** x^y, with the special cases of pow(3). */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (isNaNumber(x) || isNaNumber(y)) return Number.NaN;
  const whole = y === Math.floor(y);
  const odd = whole && Math.abs(y) < 9007199254740992 && y % 2 !== 0;
  const sign = odd && (x < 0 || Object.is(x, -0)) ? -1 : 1;
  const base = Math.abs(x);
  if (base === 1 && (y === Infinity || y === -Infinity)) return 1;
  if (base === 0 || base === Infinity || y === Infinity || y === -Infinity) return sign * (base > 1 === y > 0 ? Infinity : 0);
  if (x < 0 && !whole) return Number.NaN;
  const logarithm = logPair(base);
  if (Math.abs(logarithm[0] * y) > 1e6) return sign * (logarithm[0] > 0 === y > 0 ? Infinity : 0);
  return sign * expOf(times(logarithm, [y, 0]));
}
