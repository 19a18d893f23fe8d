/**
 * Binary floating point numbers to and from text exactly as C does it: %e %f %g %a of a double, or of an x87 long double, which is what
 * coreutils' printf and seq and bash's printf compute with. Integer arithmetic only, so that every host prints the same.
 */

/** value = ±m · 2^e. */
export interface Float {
  kind: "finite" | "inf" | "nan";
  negative: boolean;
  m: bigint;
  e: number;
}

/** Significant bits of a double and of an x87 long double. */
export const DOUBLE = 53;
export const LONG_DOUBLE = 64;

const zero = (negative: boolean): Float => ({ kind: "finite", negative, m: 0n, e: 0 });

export function bitLength(n: bigint): number {
  return n === 0n ? 0 : n.toString(2).length;
}

/** num/den rounded to `bits` significant bits, ties to even. */
function rounded(negative: boolean, num: bigint, den: bigint, bits: number): Float {
  if (num === 0n) return zero(negative);
  let e = bitLength(num) - bitLength(den) - bits;
  const scaled = (exp: number): [bigint, bigint] => (exp >= 0 ? [num, den << BigInt(exp)] : [num << BigInt(-exp), den]);
  let [n, d] = scaled(e);
  if (bitLength(n / d) > bits) [n, d] = scaled(++e);
  let m = n / d;
  const rest = 2n * (n - m * d);
  if (rest > d || (rest === d && m % 2n === 1n)) m++;
  return { kind: "finite", negative, m, e };
}

/** The exact value of a host number. */
export function floatOf(x: number): Float {
  if (x !== x) return { kind: "nan", negative: false, m: 0n, e: 0 };
  const negative = x < 0 || Object.is(x, -0);
  if (x === Infinity || x === -Infinity) return { kind: "inf", negative, m: 0n, e: 0 };
  let m = Math.abs(x);
  if (m === 0) return zero(negative);
  let e = 0;
  while (m !== Math.floor(m) && e > -1100) {
    m *= 2;
    e--;
  }
  while (m > Number.MAX_SAFE_INTEGER && m % 2 === 0) {
    m /= 2;
    e++;
  }
  return { kind: "finite", negative, m: BigInt(m), e };
}

const NUMBER = /^([+-]?)(?:0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?\d+))?|(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?|(inf(?:inity)?|nan(?:\([A-Za-z0-9_]*\))?))/i;
/** Exponents beyond this are infinity or nothing; without the bound 1e999999999 would be computed. */
const EXPONENT_MAX = 5000;

/** strtod(3) or strtold(3) of the start of `text`. @returns the number and how much of the text it is; undefined: none. */
export function parseFloatPrefix(text: string, bits: number): { value: Float; length: number } | undefined {
  const blanks = /^[ \t\n\v\f\r]*/.exec(text)![0].length;
  const m = NUMBER.exec(text.slice(blanks));
  if (!m) return undefined;
  const negative = m[1] === "-";
  const length = blanks + m[0].length;
  if (m[7] !== undefined) return { value: { kind: m[7][0] === "i" || m[7][0] === "I" ? "inf" : "nan", negative, m: 0n, e: 0 }, length };
  if (m[5] !== undefined) return { value: decimalFloat(negative, m[5], Number(m[6] ?? 0), bits), length };
  const digits = (m[2] ?? "") + (m[3] ?? "");
  // "0x" without digits is the number 0 and a letter.
  if (digits === "") return { value: zero(negative), length: blanks + m[1]!.length + 1 };
  const exp = clamp(Number(m[4] ?? 0)) - 4 * (m[3] ?? "").length;
  const num = BigInt(`0x${digits}`);
  return { value: exp >= 0 ? rounded(negative, num << BigInt(exp), 1n, bits) : rounded(negative, num, 1n << BigInt(-exp), bits), length };
}

const clamp = (n: number): number => Math.max(-20_000, Math.min(20_000, n));

function decimalFloat(negative: boolean, digits: string, exponent: number, bits: number): Float {
  const point = digits.indexOf(".");
  const all = digits.replace(".", "");
  const exp = exponent - (point < 0 ? 0 : digits.length - point - 1);
  const num = BigInt(all === "" ? "0" : all);
  if (num === 0n) return zero(negative);
  const magnitude = all.replace(/^0+/, "").length + exp;
  if (magnitude > EXPONENT_MAX || (bits === DOUBLE && magnitude > 309)) return { kind: "inf", negative, m: 0n, e: 0 };
  if (magnitude < -EXPONENT_MAX || (bits === DOUBLE && magnitude < -324)) return zero(negative);
  const value = exp >= 0 ? rounded(negative, num * 10n ** BigInt(exp), 1n, bits) : rounded(negative, num, 10n ** BigInt(-exp), bits);
  return bits === DOUBLE && value.e + bitLength(value.m) > 1024 ? { kind: "inf", negative, m: 0n, e: 0 } : value;
}

/** ⌊value · 10^places + ½⌋ as digits, ties to even. */
function scaledDigits(f: Float, places: number): string {
  let num = f.m;
  let den = 1n;
  if (f.e >= 0) num <<= BigInt(f.e);
  else den <<= BigInt(-f.e);
  if (places >= 0) num *= 10n ** BigInt(places);
  else den *= 10n ** BigInt(-places);
  let q = num / den;
  const rest = 2n * (num - q * den);
  if (rest > den || (rest === den && q % 2n === 1n)) q++;
  return q.toString();
}

function fixed(f: Float, precision: number, alternate: boolean): string {
  const digits = scaledDigits(f, precision).padStart(precision + 1, "0");
  const whole = digits.slice(0, digits.length - precision);
  return precision > 0 || alternate ? `${whole}.${digits.slice(digits.length - precision)}` : whole;
}

/** Decimal exponent and `precision + 1` digits. */
function scientific(f: Float, precision: number): [digits: string, exponent: number] {
  if (f.m === 0n) return ["0".repeat(precision + 1), 0];
  // An estimate of log10 that is at most one off: 1233/4096 is log10(2).
  let exp = Math.floor(((f.e + bitLength(f.m) - 1) * 1233) / 4096);
  for (;;) {
    const digits = scaledDigits(f, precision - exp);
    if (digits.length === precision + 1) return [digits, exp];
    exp += digits.length > precision + 1 ? 1 : -1;
  }
}

function exponential(f: Float, precision: number, alternate: boolean): string {
  const [digits, exp] = scientific(f, precision);
  const point = precision > 0 || alternate ? "." : "";
  return `${digits[0]}${point}${digits.slice(1)}e${exp < 0 ? "-" : "+"}${String(Math.abs(exp)).padStart(2, "0")}`;
}

function general(f: Float, precision: number, alternate: boolean): string {
  const p = precision === 0 ? 1 : precision;
  const [, exp] = scientific(f, p - 1);
  const text = exp < -4 || exp >= p ? exponential(f, p - 1, alternate) : fixed(f, p - 1 - exp, alternate);
  return alternate ? text : text.replace(/(\.\d*?)0+(?=e|$)/, "$1").replace(/\.(?=e|$)/, "");
}

/** %a: a double has one bit before the point, a long double four (glibc on x86). */
function hexadecimal(f: Float, precision: number | undefined, bits: number, alternate: boolean): string {
  if (f.m === 0n) return `0x0${precision ? `.${"0".repeat(precision)}` : alternate ? "." : ""}p+0`;
  const lead = bits === DOUBLE ? 1 : 4;
  const length = bitLength(f.m);
  // The mantissa as one leading part and whole hexadecimal digits.
  const fractionBits = bits === DOUBLE ? 52 : 60;
  const shift = fractionBits + lead - length;
  let m = shift >= 0 ? f.m << BigInt(shift) : f.m >> BigInt(-shift);
  let exp = f.e - shift + fractionBits;
  let digits = fractionBits / 4;
  if (precision !== undefined && precision < digits) {
    const drop = BigInt(4 * (digits - precision));
    const rest = m & ((1n << drop) - 1n);
    m >>= drop;
    const half = 1n << (drop - 1n);
    if (rest > half || (rest === half && m % 2n === 1n)) m++;
    digits = precision;
    if (bits === LONG_DOUBLE && m >> BigInt(4 * digits) > 15n) {
      m >>= 4n;
      exp += 4;
    }
  }
  const whole = (m >> BigInt(4 * digits)).toString(16);
  let fraction = digits === 0 ? "" : (m & ((1n << BigInt(4 * digits)) - 1n)).toString(16).padStart(digits, "0");
  fraction = precision === undefined ? fraction.replace(/0+$/, "") : fraction.padEnd(precision, "0");
  return `0x${whole}${fraction !== "" || alternate ? "." : ""}${fraction}p${exp < 0 ? "-" : "+"}${Math.abs(exp)}`;
}

export interface FloatSpec {
  /** One of e f g a and their capitals. */
  conversion: string;
  precision: number | undefined;
  /** Any of "-+ 0#'". */
  flags: string;
  width: number;
}

/** One floating-point conversion of printf(3). */
export function formatFloat(f: Float, s: FloatSpec, bits: number = DOUBLE): string {
  const kind = s.conversion.charCodeAt(0) < 97 ? String.fromCharCode(s.conversion.charCodeAt(0) + 32) : s.conversion;
  const upper = kind !== s.conversion;
  const precision = s.precision === undefined ? 6 : Math.min(s.precision, 1000);
  const alternate = s.flags.includes("#");
  let body: string;
  if (f.kind !== "finite") body = f.kind;
  else if (kind === "f") body = fixed(f, precision, alternate);
  else if (kind === "e") body = exponential(f, precision, alternate);
  else if (kind === "a") body = hexadecimal(f, s.precision === undefined ? undefined : precision, bits, alternate);
  else body = general(f, precision, alternate);
  if (upper) body = body.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
  const sign = f.negative ? "-" : s.flags.includes("+") ? "+" : s.flags.includes(" ") ? " " : "";
  return padNumber(sign, body, { ...s, flags: f.kind === "finite" ? s.flags : s.flags.replace("0", "") });
}

/** Sign, prefix and digits in their width. */
export function padNumber(sign: string, body: string, s: { flags: string; width: number }): string {
  const missing = s.width - sign.length - body.length;
  if (missing <= 0) return sign + body;
  if (s.flags.includes("-")) return sign + body + " ".repeat(missing);
  if (!s.flags.includes("0")) return " ".repeat(missing) + sign + body;
  const hex = /^0[xX]/.exec(body)?.[0] ?? "";
  return sign + hex + "0".repeat(missing) + body.slice(hex.length);
}
