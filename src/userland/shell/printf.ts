/**
 * printf(1) of dash 0.5.12 and bash 5.2: the format string over and over until the arguments are used up. Text is octet strings: both
 * shells count octets, and \377 is one. Escapes differ: dash has no \x, \u and \", bash no \c outside of %b.
 */
import { SECOND, type Nanos } from "../../sim/time.ts";
import { DOUBLE, formatFloat, LONG_DOUBLE, padNumber, parseFloatPrefix } from "../float-format.ts";
import { bytesOf, charLength, codePointAt, type Octets, octets, textOf } from "../octets.ts";
import { START_OF_LAB, strftime } from "../wall-clock.ts";
import type { Dialect } from "./parser.ts";
import { backslashQuote } from "./quote.ts";

export interface Formatted {
  text: string;
  bytes: Uint8Array;
  /** Complaints, without the name in front. */
  errors: string[];
  /** Exit status. */
  status: number;
}

const MAX_OUTPUT = 1 << 20;

const SIMPLE: Readonly<Record<string, string>> = { a: "\x07", b: "\b", e: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\" };

/** An escape at the backslash at `at`; undefined: \c, nothing follows. */
export function escapeOctets(s: Octets, at: number, bash: boolean, where: "format" | "argument" | "echo"): { text: Octets; end: number } | undefined {
  const c = s[at + 1];
  if (c === undefined) return { text: "\\", end: at + 1 };
  if (c === "c" && where !== "format") return undefined;
  const octal = octalAt(s, at, bash, where);
  if (octal) return octal;
  const simple = SIMPLE[c];
  if (simple !== undefined) return { text: simple, end: at + 2 };
  if (bash) {
    if (c === "E" || (where === "format" && /['"?]/.test(c))) return { text: c === "E" ? "\x1b" : c, end: at + 2 };
    const m = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(s.slice(at + 1, at + 10));
    if (m) return { text: m[1] === undefined ? codePoint(Number.parseInt((m[2] ?? m[3])!, 16)) : String.fromCharCode(Number.parseInt(m[1], 16)), end: at + 1 + m[0].length };
  }
  return { text: `\\${c}`, end: at + 2 };
}

/** \nnn; a 0 before three digits is passed over in %b and echo. echo of bash wants that 0. */
function octalAt(s: Octets, at: number, bash: boolean, where: "format" | "argument" | "echo"): { text: Octets; end: number } | undefined {
  const form = where === "format" ? /^[0-7]{1,3}/ : bash && where === "echo" ? /^0[0-7]{0,3}/ : /^(?:0[0-7]{0,3}|[1-7][0-7]{0,2})/;
  const digits = form.exec(s.slice(at + 1, at + 5))?.[0];
  return digits === undefined ? undefined : { text: String.fromCharCode(Number.parseInt(digits, 8) & 255), end: at + 1 + digits.length };
}

function codePoint(n: number): Octets {
  return octets(n <= 0x10ffff && (n < 0xd800 || n > 0xdfff) ? String.fromCodePoint(n) : "\ufffd");
}

export function format(form: string, args: readonly string[], dialect: Dialect, now: Nanos): Formatted {
  const f = new Formatter(args.map(octets), dialect, now);
  f.run(octets(form));
  return { text: textOf(f.out), bytes: bytesOf(f.out), errors: f.errors, status: f.status };
}

interface Spec {
  flags: string;
  width: number;
  precision: number | undefined;
}

const INT_MAX = (1n << 63n) - 1n;
const UINT_MAX = (1n << 64n) - 1n;

class Formatter {
  out: Octets = "";
  readonly errors: string[] = [];
  status = 0;
  private readonly args: readonly Octets[];
  private readonly bash: boolean;
  private readonly now: Nanos;
  private next = 0;
  private stopped = false;

  constructor(args: readonly Octets[], dialect: Dialect, now: Nanos) {
    this.args = args;
    this.bash = dialect === "bash";
    this.now = now;
  }

  run(form: Octets): void {
    do {
      const before = this.next;
      this.once(form);
      if (this.next === before) break;
    } while (this.next < this.args.length && !this.stopped && this.out.length < MAX_OUTPUT);
  }

  private arg(): Octets | undefined {
    return this.args[this.next++];
  }

  private once(form: Octets): void {
    for (let i = 0; i < form.length && !this.stopped; ) {
      const c = form[i]!;
      if (c === "\\") {
        const made = escapeOctets(form, i, this.bash, "format")!;
        this.out += made.text;
        i = made.end;
      } else if (c !== "%") {
        this.out += c;
        i++;
      } else if (form[i + 1] === "%") {
        this.out += "%";
        i += 2;
      } else i = this.directive(form, i);
    }
  }

  private directive(form: Octets, at: number): number {
    const modifiers = this.bash ? "(?:hh|h|ll|l|L|j|z|t)?(\\(([^)]*)\\)T|.)?" : "(.)?";
    const found = new RegExp(`^%([-+ #0]*)(\\*|[0-9]+)?(?:\\.(\\*|-?[0-9]*))?${modifiers}`, "s").exec(form.slice(at))!;
    const conversion = found[4];
    const spec = this.spec(found);
    const known = conversion !== undefined && /^([diouxXeEfFgGaAcsb]$|\()/.test(conversion);
    if (!known && !(this.bash && conversion === "q")) this.refuse(found[0], conversion);
    else this.convert(conversion, spec, found[5]);
    return at + found[0].length;
  }

  private refuse(whole: Octets, conversion: Octets | undefined): void {
    if (conversion === undefined) this.errors.push(this.bash ? `\`${textOf(whole)}': missing format character` : "missing format character");
    else this.errors.push(this.bash ? `\`${textOf(conversion)}': invalid format character` : `${textOf(whole)}: invalid directive`);
    this.status = this.bash ? 1 : 2;
    this.stopped = true;
  }

  private spec(found: RegExpExecArray): Spec {
    let flags = found[1]!;
    let width = found[2] === "*" ? Number(this.integer(this.arg() ?? "0", true)) : Number(found[2] ?? 0);
    if (width < 0) {
      flags += "-";
      width = -width;
    }
    const precision = found[3] === undefined ? undefined : found[3] === "*" ? Number(this.integer(this.arg() ?? "0", true)) : Number(found[3] || "0");
    return { flags, width: Math.min(width, 65536), precision: precision === undefined || precision < 0 ? undefined : Math.min(precision, 1000) };
  }

  private convert(conversion: Octets, spec: Spec, time: Octets | undefined): void {
    switch (conversion[0]) {
      case "s": return this.put(this.arg() ?? "", spec);
      // The first octet of the argument, which is the NUL at its end when it is empty.
      case "c": return this.put((this.arg() ?? "").slice(0, 1) || "\0", { ...spec, precision: undefined });
      case "b": return this.put(this.escaped(this.arg() ?? ""), spec);
      case "q": return this.put(octets(backslashQuote(textOf(this.arg() ?? ""))), spec);
      case "(": return this.put(octets(this.time(time ?? "")), spec);
      case "d":
      case "i": {
        const n = this.integer(this.arg() ?? "0", true);
        this.out += integerText(n, 10, spec, n < 0n ? "-" : spec.flags.includes("+") ? "+" : spec.flags.includes(" ") ? " " : "");
        return;
      }
      case "u":
      case "o":
      case "x":
      case "X": {
        const text = integerText(this.integer(this.arg() ?? "0", false), conversion === "u" ? 10 : conversion === "o" ? 8 : 16, spec, "");
        this.out += conversion === "X" ? text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)) : text;
        return;
      }
      default: this.out += this.float(conversion, spec);
    }
  }

  private put(text: Octets, { flags, width, precision }: Spec): void {
    const cut = precision === undefined ? text : text.slice(0, precision);
    this.out += flags.includes("-") ? cut.padEnd(width) : cut.padStart(width);
  }

  private time(form: Octets): string {
    const given = this.arg();
    const seconds = given === undefined || given === "-1" || given === "-2" ? START_OF_LAB + Math.floor(this.now / SECOND) : Number(this.integer(given, true));
    return strftime(textOf(form) || "%X", { seconds, nanos: 0 });
  }

  private escaped(text: Octets): Octets {
    let out = "";
    for (let i = 0; i < text.length; ) {
      if (text[i] !== "\\") {
        out += text[i++]!;
        continue;
      }
      const made = escapeOctets(text, i, this.bash, "argument");
      if (!made) {
        this.stopped = true;
        return out;
      }
      out += made.text;
      i = made.end;
    }
    return out;
  }

  private complain(text: Octets, dash: string, bash: string, counts = true): void {
    this.errors.push(this.bash ? (counts ? `${textOf(text)}: ${bash}` : `warning: ${textOf(text)}: ${bash}`) : `${textOf(text)}: ${dash}`);
    if (counts || !this.bash) this.status = 1;
  }

  /** As strtoimax(3) and strtoumax(3), and the shells' complaints about what these leave over. */
  private integer(text: Octets, signed: boolean): bigint {
    if (/^["']./s.test(text)) return BigInt(codePointAt(text, 1, charLength(text, 1) || 1));
    const found = /^[ \t\n]*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)?/.exec(text)!;
    if (found[2] === undefined) {
      if (text !== "") this.complain(text, "expected numeric value", "invalid number");
      return 0n;
    }
    const magnitude = /^0[0-7]+$/.test(found[2]) ? BigInt(`0o${found[2]}`) : BigInt(found[2]);
    const n = found[1] === "-" ? -magnitude : magnitude;
    const [min, max] = signed ? [-INT_MAX - 1n, INT_MAX] : [-UINT_MAX, UINT_MAX];
    if (n < min || n > max) {
      this.complain(text, "Numerical result out of range", "Numerical result out of range", false);
      return signed && n < min ? min : max;
    }
    const rest = text.slice(found[0].length);
    if (rest !== "") this.complain(text, "not completely converted", found[2].startsWith("0") && /^[89]/.test(rest) ? "invalid octal number" : "invalid number");
    return signed ? n : BigInt.asUintN(64, n);
  }

  private float(conversion: string, spec: Spec): string {
    const text = this.arg() ?? "0";
    // bash computes with long double, dash with double.
    const bits = this.bash ? LONG_DOUBLE : DOUBLE;
    const character = /^["']./s.test(text) ? String(codePointAt(text, 1, charLength(text, 1) || 1)) : undefined;
    const parsed = parseFloatPrefix(character ?? text, bits);
    if (character === undefined && text !== "") {
      if (!parsed) this.complain(text, "expected numeric value", "invalid number");
      else if (parsed.length < text.length) this.complain(text, "not completely converted", "invalid number");
    }
    return formatFloat(parsed?.value ?? { kind: "finite", negative: false, m: 0n, e: 0 }, { conversion, ...spec }, bits);
  }
}

function integerText(n: bigint, base: 8 | 10 | 16, { flags, width, precision }: Spec, sign: string): string {
  let digits = n === 0n && precision === 0 ? "" : (n < 0n ? -n : n).toString(base);
  if (precision !== undefined) digits = digits.padStart(precision, "0");
  if (flags.includes("#") && base === 8 && !digits.startsWith("0")) digits = `0${digits}`;
  if (flags.includes("#") && base === 16 && n !== 0n) digits = `0x${digits}`;
  return padNumber(sign, digits, { flags: precision === undefined ? flags : flags.replaceAll("0", ""), width });
}
