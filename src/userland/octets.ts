/**
 * Octet strings: text as tools see it, one UTF-16 unit (0 to 255) for each octet. They keep invalid UTF-8 as it came, compare in the
 * order of the C locale, and let `indexOf` and `slice` do the work. Names, arguments and messages stay ordinary strings.
 */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";

/** One unit an octet. */
export type Octets = string;

const CHUNK = 8192; // arguments of one fromCharCode call

export function octetsOf(bytes: Uint8Array): Octets {
  let s = "";
  for (let i = 0; i < bytes.length; i += CHUNK) s += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return s;
}

export function bytesOf(s: Octets): Uint8Array {
  const out = new Uint8Array(s.length);
  for (let i = 0; i < s.length; i++) out[i] = s.charCodeAt(i);
  return out;
}

const isAscii = (s: string): boolean => {
  for (let i = 0; i < s.length; i++) if (s.charCodeAt(i) >= 0x80) return false;
  return true;
};

/** The UTF-8 octets of a text. */
export function octets(text: string): Octets {
  return isAscii(text) ? text : octetsOf(encodeUtf8(text));
}

/** The text of UTF-8 octets. */
export function textOf(s: Octets): string {
  return isAscii(s) ? s : decodeUtf8(bytesOf(s));
}

/** Octets of the character that starts at `i`: 1 to 4, and 0 when no valid character does (RFC 3629 §4). */
export function charLength(s: Octets, i: number): number {
  const b = s.charCodeAt(i);
  if (b < 0x80) return 1;
  const need = b >= 0xc2 && b <= 0xdf ? 1 : b >= 0xe0 && b <= 0xef ? 2 : b >= 0xf0 && b <= 0xf4 ? 3 : 0;
  if (need === 0) return 0;
  for (let k = 1; k <= need; k++) {
    const c = s.charCodeAt(i + k); // NaN after the end
    if (!((c & 0xc0) === 0x80)) return 0;
  }
  const second = s.charCodeAt(i + 1);
  if ((b === 0xe0 && second < 0xa0) || (b === 0xed && second > 0x9f) || (b === 0xf0 && second < 0x90) || (b === 0xf4 && second > 0x8f)) return 0;
  return need + 1;
}

/** The code point of a character of `length` octets at `i`. */
export function codePointAt(s: Octets, i: number, length: number): number {
  const b = s.charCodeAt(i);
  if (length <= 1) return b;
  let c = length === 2 ? b & 31 : length === 3 ? b & 15 : b & 7;
  for (let k = 1; k < length; k++) c = (c << 6) | (s.charCodeAt(i + k) & 63);
  return c;
}

/** Characters, each octet of an invalid sequence counting as one. */
export function splitChars(s: Octets): Octets[] {
  const out: Octets[] = [];
  for (let i = 0; i < s.length; ) {
    const n = charLength(s, i) || 1;
    out.push(s.slice(i, i + n));
    i += n;
  }
  return out;
}

/** Order of the C locale: by octet. */
export function compareOctets(a: Octets, b: Octets): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** ASCII letters in lower case. */
export function foldCase(s: Octets): Octets {
  return s.replace(/[A-Z]+/g, (upper) => String.fromCharCode(...[...upper].map((c) => c.charCodeAt(0) + 32)));
}

/** ASCII letters in upper case. */
export function upperCase(s: Octets): Octets {
  return s.replace(/[a-z]+/g, (lower) => String.fromCharCode(...[...lower].map((c) => c.charCodeAt(0) - 32)));
}
