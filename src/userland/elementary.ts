/**
 * Elementary functions for awk and jq, made of the four operations and the square root: hosts differ in the last bit of Math.exp and its
 * like, and a replay must not. Accurate to about 1e-15, by series after reduction of the argument (Abramowitz and Stegun, chapter 4).
 */

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LOG2E = Math.LOG2E;
const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_LOW = 6.077100506506192e-11;
export const PI = Math.PI;

const isNaNumber = (x: number): boolean => x !== x;

/** x · 2^n */
export function scale(x: number, n: number): number {
  let out = x;
  for (let k = n; k > 0; k--) out *= 2;
  for (let k = n; k < 0; k++) out /= 2;
  return out;
}

export function exp(x: number): number {
  if (isNaNumber(x)) return x;
  if (x > 709.79) return Infinity;
  if (x < -745.2) return 0;
  const k = Math.round(x * LOG2E);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 18; n > 0; n--) sum = 1 + (r / n) * sum;
  return scale(sum, k);
}

export function log(x: number): number {
  if (isNaNumber(x) || x < 0) return Number.NaN;
  if (x === 0) return -Infinity;
  if (x === Infinity) return x;
  let m = x;
  let e = 0;
  while (m >= Math.SQRT2) {
    m /= 2;
    e++;
  }
  while (m < Math.SQRT1_2) {
    m *= 2;
    e--;
  }
  const s = (m - 1) / (m + 1);
  const s2 = s * s;
  let sum = 0;
  for (let n = 27; n > 0; n -= 2) sum = sum * s2 + 1 / n;
  return e * LN2_HIGH + (2 * s * sum + e * LN2_LOW);
}

/** Series of sine and cosine for |x| ≤ π/4. */
function sinSmall(x: number): number {
  const x2 = x * x;
  let sum = 1;
  for (let n = 19; n > 1; n -= 2) sum = 1 - (x2 / (n * (n - 1))) * sum;
  return x * sum;
}

function cosSmall(x: number): number {
  const x2 = x * x;
  let sum = 1;
  for (let n = 20; n > 0; n -= 2) sum = 1 - (x2 / (n * (n - 1))) * sum;
  return sum;
}

function reduce(x: number): [rest: number, quadrant: number] {
  const k = Math.round(x / (PI / 2));
  return [x - k * HALF_PI_HIGH - k * HALF_PI_LOW, ((k % 4) + 4) % 4];
}

export function sin(x: number): number {
  if (isNaNumber(x) || x === Infinity || x === -Infinity) return Number.NaN;
  const [r, q] = reduce(x);
  return q === 0 ? sinSmall(r) : q === 1 ? cosSmall(r) : q === 2 ? -sinSmall(r) : -cosSmall(r);
}

export function cos(x: number): number {
  if (isNaNumber(x) || x === Infinity || x === -Infinity) return Number.NaN;
  const [r, q] = reduce(x);
  return q === 0 ? cosSmall(r) : q === 1 ? -sinSmall(r) : q === 2 ? -cosSmall(r) : sinSmall(r);
}

export function atan(x: number): number {
  if (isNaNumber(x)) return x;
  if (x < 0) return -atan(-x);
  if (x > 1) return PI / 2 - atan(1 / x);
  // Two halvings bring the argument below 0.2.
  const half = (t: number): number => t / (1 + Math.sqrt(1 + t * t));
  const t = half(half(x));
  const t2 = t * t;
  let sum = 0;
  for (let n = 27; n > 0; n -= 2) sum = 1 / n - t2 * sum;
  return 4 * t * sum;
}

export function atan2(y: number, x: number): number {
  if (isNaNumber(x) || isNaNumber(y)) return Number.NaN;
  if (x > 0) return atan(y / x);
  if (x < 0) return y < 0 || Object.is(y, -0) ? atan(y / x) - PI : atan(y / x) + PI;
  if (y === 0) return Object.is(x, -0) ? (Object.is(y, -0) ? -PI : PI) : y;
  return y > 0 ? PI / 2 : -PI / 2;
}

/** Whole exponents by multiplication, so that 2^10 and 10^15 are exact. */
export function pow(x: number, y: number): number {
  if (y === 0 || x === 1) return 1;
  if (isNaNumber(x) || isNaNumber(y)) return Number.NaN;
  if (y === Math.floor(y) && Math.abs(y) <= 2048) {
    let out = 1;
    let base = x;
    for (let n = Math.abs(y); n > 0; n = Math.floor(n / 2)) {
      if (n % 2 === 1) out *= base;
      base *= base;
    }
    return y < 0 ? 1 / out : out;
  }
  if (x === 0) return y > 0 ? 0 : Infinity;
  if (x < 0 && y !== Math.floor(y)) return Number.NaN;
  const magnitude = exp(y * log(Math.abs(x)));
  return x < 0 && y % 2 !== 0 ? -magnitude : magnitude;
}
