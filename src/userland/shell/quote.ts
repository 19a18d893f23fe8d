/** Quoting, in and out: $'..' of bash, and how each shell writes a value so that it can be read again. */
import { encodeUtf8, decodeUtf8 } from "../../base/bytes.ts";

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"], ["b", "\b"], ["e", "\x1b"], ["E", "\x1b"], ["f", "\f"], ["n", "\n"], ["r", "\r"], ["t", "\t"], ["v", "\v"], ["\\", "\\"], ["'", "'"], ['"', '"'], ["?", "?"],
]);

/** The text of $'..' that begins after the quote at `from`; undefined when it does not end. */
export function ansiCQuoted(src: string, from: number): { text: string; end: number } | undefined {
  let text = "";
  for (let i = from; i < src.length; i++) {
    const c = src[i]!;
    if (c === "'") return { text, end: i + 1 };
    if (c !== "\\") {
      text += c;
      continue;
    }
    const made = escapeAt(src, i, 3);
    text += made.text;
    i = made.end - 1;
  }
  return undefined;
}

/** The escape sequence at `at` (a backslash), as $'..' and echo -e know it. Octets of \x and octal sequences that make UTF-8 become the character. */
export function escapeAt(src: string, at: number, octalDigits: number): { text: string; end: number } {
  const c = src[at + 1] ?? "";
  const simple = SIMPLE.get(c);
  if (simple !== undefined) return { text: simple, end: at + 2 };
  if (c === "x" || (c >= "0" && c <= "7")) return octets(src, at, octalDigits);
  if (c === "u" || c === "U") {
    const digits = new RegExp(`[0-9a-fA-F]{1,${c === "u" ? 4 : 8}}`, "y");
    digits.lastIndex = at + 2;
    const found = digits.exec(src)?.[0];
    if (found) {
      const point = Number.parseInt(found, 16);
      return { text: point <= 0x10ffff ? String.fromCodePoint(point) : "\ufffd", end: at + 2 + found.length };
    }
  }
  if (c === "c" && src[at + 2] !== undefined) return { text: String.fromCharCode(src.charCodeAt(at + 2) & 31), end: at + 3 };
  return { text: `\\${c}`, end: at + 1 + c.length };
}

function octets(src: string, at: number, octalDigits: number): { text: string; end: number } {
  const bytes: number[] = [];
  let i = at;
  for (;;) {
    const one = new RegExp(`\\\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,${octalDigits}}))`, "y");
    one.lastIndex = i;
    const found = one.exec(src);
    if (!found) break;
    bytes.push(found[1] === undefined ? Number.parseInt(found[2]!, 8) & 255 : Number.parseInt(found[1], 16));
    i += found[0].length;
    if (bytes[bytes.length - 1]! < 0x80 && bytes.length === 1) break;
  }
  if (bytes.length === 0) return { text: src.slice(at, at + 2), end: at + 2 };
  return { text: decodeUtf8(Uint8Array.from(bytes)), end: i };
}

/** 'it'\''s' */
export function singleQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Always quoted: '..', or $'..' when there are control characters. */
export function valueQuote(text: string): string {
  return hasControl(text) ? ansiQuote(text) : singleQuote(text);
}

/** As dash writes values (single_quote() of dash): runs of quotes stand in double quotes. */
export function dashQuote(text: string): string {
  let out = "";
  let rest = text;
  do {
    const run = /^[^']*/.exec(rest)![0];
    out += `'${run}'`;
    rest = rest.slice(run.length);
    const quotes = /^'+/.exec(rest)?.[0] ?? "";
    if (quotes) out += `"${quotes}"`;
    rest = rest.slice(quotes.length);
  } while (rest !== "");
  return out;
}

/** As `set` and `trap -p` of bash write a value: bare when that is safe, $'..' for control characters. */
export function bashQuote(text: string): string {
  if (text === "") return "''";
  if (hasControl(text)) return ansiQuote(text);
  return /[^A-Za-z0-9_@%+=:,./-]/.test(text) || /^[~#]/.test(text) ? singleQuote(text) : text;
}

/** As printf %q and ${x@Q}-less contexts of bash write it: backslashes. */
export function backslashQuote(text: string): string {
  if (text === "") return "''";
  if (hasControl(text)) return ansiQuote(text);
  let out = "";
  for (const [i, c] of [...text].entries()) {
    const special = " \t'\"\\|&;()<>!{}*[]?^$`,".includes(c) || ((c === "#" || c === "~") && i === 0);
    out += special ? `\\${c}` : c;
  }
  return out;
}

/** In double quotes, as `declare -p` writes it. */
export function declareQuote(text: string): string {
  if (hasControl(text)) return ansiQuote(text);
  return `"${text.replace(/[$`"\\]/g, "\\$&")}"`;
}

export function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < 32 || c === 127) return true;
  }
  return false;
}

function ansiQuote(text: string): string {
  let out = "$'";
  for (const c of text) {
    const code = c.charCodeAt(0);
    const named = { "\x07": "\\a", "\b": "\\b", "\x1b": "\\E", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", "'": "\\'" }[c];
    if (named) out += named;
    else if (code < 32 || code === 127) out += `\\${code.toString(8).padStart(3, "0")}`;
    else out += c;
  }
  return `${out}'`;
}

/** Octets of a text; where escapes made octets that are no UTF-8, those octets. */
export function octetsOf(text: string): Uint8Array {
  return encodeUtf8(text);
}
