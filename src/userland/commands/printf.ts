/** printf, the program: coreutils 9.1. Integers have 64 bits, floating point is long double. */
import { strerror } from "../../kernel/errno.ts";
import { type Command, defineCommand } from "../command.ts";
import { formatFloat, LONG_DOUBLE, padNumber, parseFloatPrefix } from "../float-format.ts";
import { quote } from "../gnu-quote.ts";
import { charLength, codePointAt, type Octets, octets, textOf } from "../octets.ts";
import type { Run } from "../process.ts";
import { helpText, Tool } from "../tool.ts";

const SIMPLE: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", a: "\x07", b: "\b", e: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

class Stop {
  /** Printed before the error, and the error; undefined: \c. */
  readonly error: string | undefined;
  constructor(error?: string) {
    this.error = error;
  }
}

/** One escape at the backslash at `i`. In %b octal needs a leading 0 and may have one. */
function escape(s: Octets, i: number, inArgument: boolean): { text: Octets; end: number } {
  const c = s[i + 1];
  if (c === "c") throw new Stop();
  const octal = (inArgument && c === "0" ? /^[0-7]{0,3}/ : /^[0-7]{1,3}/).exec(s.slice(inArgument && c === "0" ? i + 2 : i + 1, i + 5));
  if (octal && (octal[0] !== "" || c === "0")) {
    const skip = inArgument && c === "0" ? 2 : 1;
    return { text: String.fromCharCode(Number.parseInt(octal[0] || "0", 8) & 255), end: i + skip + octal[0].length };
  }
  if (c === "x") {
    const hex = /^[0-9a-fA-F]{1,2}/.exec(s.slice(i + 2, i + 4));
    if (!hex) throw new Stop("missing hexadecimal number in escape");
    return { text: String.fromCharCode(Number.parseInt(hex[0], 16)), end: i + 2 + hex[0].length };
  }
  if (c === "u" || c === "U") {
    const length = c === "u" ? 4 : 8;
    const hex = s.slice(i + 2, i + 2 + length);
    if (!/^[0-9a-fA-F]+$/.test(hex) || hex.length < length) throw new Stop("missing hexadecimal number in escape");
    const code = Number.parseInt(hex, 16);
    // C has no \\u names for basic characters, but for $ @ and `.
    const basic = code < 0xa0 && code !== 0x24 && code !== 0x40 && code !== 0x60;
    if (basic || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new Stop(`invalid universal character name \\${c}${hex}`);
    return { text: octets(String.fromCodePoint(code)), end: i + 2 + length };
  }
  const simple = c === undefined ? undefined : SIMPLE[c];
  if (simple !== undefined) return { text: simple, end: i + 2 };
  return { text: c === undefined ? "\\" : `\\${c}`, end: i + (c === undefined ? 1 : 2) };
}

function escapedArgument(s: Octets): Octets {
  let out = "";
  for (let i = 0; i < s.length; ) {
    if (s[i] !== "\\") {
      out += s[i++]!;
      continue;
    }
    try {
      const e = escape(s, i, true);
      out += e.text;
      i = e.end;
    } catch (e) {
      if (e instanceof Stop) throw new Partial(out, e);
      throw e;
    }
  }
  return out;
}

/** What was made before a \c or an error inside an argument. */
class Partial {
  readonly text: Octets;
  readonly stop: Stop;
  constructor(text: Octets, stop: Stop) {
    this.text = text;
    this.stop = stop;
  }
}

/** 'it'\''s': quoted so that a shell reads it back (%q). */
function shellQuoted(s: Octets): Octets {
  if (s === "") return "''";
  if (/^[A-Za-z0-9_@%+:,./\x80-\xff-]+$/.test(s)) return s;
  if (!/[\x00-\x1f\x7f]/.test(s)) return s.includes("'") && !/[$`"\\!]/.test(s) ? `"${s}"` : `'${s.replaceAll("'", "'\\''")}'`;
  return `'${s.replaceAll("'", "'\\''").replace(/[\x00-\x1f\x7f]+/g, (run) => `'$'${[...run].map((c) => ({ "\n": "\\n", "\t": "\\t", "\r": "\\r", "\x1b": "\\033" })[c] ?? `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`).join("")}''`)}'`;
}

const INT_MIN = -(1n << 63n);
const INT_MAX = (1n << 63n) - 1n;
const UINT_MAX = (1n << 64n) - 1n;

class Printf {
  status = 0;
  private readonly t: Tool;
  private readonly format: Octets;
  private args: Octets[];

  constructor(t: Tool, format: Octets, args: Octets[]) {
    this.t = t;
    this.format = format;
    this.args = args;
  }

  *run(): Run<number> {
    try {
      do {
        const before = this.args.length;
        yield* this.once();
        if (this.args.length === before) break; // the format takes no argument
      } while (this.args.length > 0);
      if (this.args.length > 0) yield* this.t.warn(`warning: ignoring excess arguments, starting with ${quote(textOf(this.args[0]!))}`);
    } catch (e) {
      const stop = e instanceof Partial ? e.stop : e;
      if (e instanceof Partial) yield* this.t.print(e.text);
      if (!(stop instanceof Stop)) throw e;
      if (stop.error !== undefined) return yield* this.t.error(stop.error);
    }
    return this.status;
  }

  private *once(): Run<void> {
    const f = this.format;
    for (let i = 0; i < f.length; ) {
      if (f[i] === "\\") {
        const e = escape(f, i, false);
        yield* this.t.print(e.text);
        i = e.end;
      } else if (f[i] !== "%") yield* this.t.print(f[i++]!);
      else if (f[i + 1] === "%") {
        yield* this.t.print("%");
        i += 2;
      } else i = yield* this.directive(i);
    }
  }

  private next(): Octets | undefined {
    return this.args.shift();
  }

  private *directive(i: number): Run<number> {
    const m = /^%([-+ #0'I]*)(\*|\d*)(?:\.(\*|\d*))?(?:hh|h|ll|l|L|j|t|z)?(.?)/s.exec(this.format.slice(i))!;
    const conversion = m[4]!;
    if (!/^[bqcsdiouxXeEfFgGaA]$/.test(conversion) || ((conversion === "b" || conversion === "q") && m[0].length > 2) || !allowed(conversion, m[1]!, m[3])) throw new Stop(`${textOf(m[0])}: invalid conversion specification`);
    let flags = m[1]!;
    let width = m[2] === "*" ? yield* this.star("field width") : Number(m[2] || 0);
    if (width < 0) {
      flags += "-";
      width = -width;
    }
    let precision = m[3] === undefined ? undefined : m[3] === "*" ? yield* this.star("precision") : Number(m[3] || 0);
    if (precision !== undefined && precision < 0) precision = undefined;
    yield* this.t.print(yield* this.convert(conversion, flags, width, precision));
    return i + m[0].length;
  }

  private *star(what: string): Run<number> {
    const arg = this.next();
    const n = arg === undefined ? 0n : yield* this.integer(arg, true);
    if (n > 2147483647n || n < -2147483648n) throw new Stop(`invalid ${what}: ${quote(textOf(arg ?? ""))}`);
    return Number(n);
  }

  private *convert(c: string, flags: string, width: number, precision: number | undefined): Run<Octets> {
    const arg = this.next();
    const pad = (s: Octets): Octets => (flags.includes("-") ? s.padEnd(width) : s.padStart(width));
    switch (c) {
      case "b": return escapedArgument(arg ?? "");
      case "q": return shellQuoted(arg ?? "");
      case "c": return pad((arg ?? "").slice(0, 1) || "\0");
      case "s": return pad(precision === undefined ? (arg ?? "") : (arg ?? "").slice(0, precision));
      case "d":
      case "i": return formatInteger(arg === undefined ? 0n : yield* this.integer(arg, true), 10, flags, width, precision, false);
      case "o": return formatInteger(arg === undefined ? 0n : yield* this.integer(arg, false), 8, flags, width, precision, false);
      case "u": return formatInteger(arg === undefined ? 0n : yield* this.integer(arg, false), 10, flags.replace(/[+ ]/g, ""), width, precision, false);
      case "x":
      case "X": return formatInteger(arg === undefined ? 0n : yield* this.integer(arg, false), 16, flags, width, precision, c === "X");
      default: return yield* this.float(arg, c, flags, width, precision);
    }
  }

  /** A number that is not all of the argument is used as far as it goes, and the status becomes 1. */
  private *complain(arg: Octets, used: number): Run<void> {
    if (used === arg.length || arg === "") return;
    yield* this.t.warn(used === 0 ? `${quote(textOf(arg))}: expected a numeric value` : `${quote(textOf(arg))}: value not completely converted`);
    this.status = 1;
  }

  private *character(arg: Octets): Run<number | undefined> {
    if (!/^["']./s.test(arg)) return undefined;
    const n = charLength(arg, 1) || 1;
    if (arg.length > 1 + n) yield* this.t.warn(`warning: ${textOf(arg.slice(1 + n))}: character(s) following character constant have been ignored`);
    return codePointAt(arg, 1, n);
  }

  private *integer(arg: Octets, signed: boolean): Run<bigint> {
    const character = yield* this.character(arg);
    if (character !== undefined) return BigInt(character);
    const m = /^([ \t\n\v\f\r]*)([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(arg);
    if (!m) {
      yield* this.complain(arg, 0);
      return 0n;
    }
    const digits = m[3]!;
    const magnitude = /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
    let n = m[2] === "-" ? -magnitude : magnitude;
    const [min, max] = signed ? [INT_MIN, INT_MAX] : [-UINT_MAX, UINT_MAX];
    if (n < min || n > max) {
      n = n < min ? (signed ? min : UINT_MAX) : max;
      yield* this.t.warn(`${quote(textOf(arg))}: Numerical result out of range`);
      this.status = 1;
    } else yield* this.complain(arg, m[0].length);
    return signed ? n : BigInt.asUintN(64, n);
  }

  private *float(arg: Octets | undefined, conversion: string, flags: string, width: number, precision: number | undefined): Run<Octets> {
    const spec = { conversion, flags, width, precision };
    const character = arg === undefined ? undefined : yield* this.character(arg);
    const parsed = parseFloatPrefix(character === undefined ? (arg ?? "0") : String(character), LONG_DOUBLE);
    if (arg !== undefined && character === undefined) yield* this.complain(arg, parsed?.length ?? 0);
    return formatFloat(parsed?.value ?? { kind: "finite", negative: false, m: 0n, e: 0 }, spec, LONG_DOUBLE);
  }
}

/** Flags and a precision that make no sense of a conversion are refused, as print_formatted() of printf.c does. */
function allowed(conversion: string, flags: string, precision: string | undefined): boolean {
  if (flags.includes("#") && "cdisu".includes(conversion)) return false;
  if (flags.includes("0") && "cs".includes(conversion)) return false;
  if (flags.includes("'") && "aAceEosxX".includes(conversion)) return false;
  return precision === undefined || conversion !== "c";
}

function formatInteger(n: bigint, base: 8 | 10 | 16, flags: string, width: number, precision: number | undefined, upper: boolean): string {
  let digits = (n < 0n ? -n : n).toString(base);
  if (upper) digits = digits.replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
  if (precision === 0 && n === 0n) digits = "";
  if (precision !== undefined) digits = digits.padStart(precision, "0");
  if (flags.includes("#") && base === 8 && !digits.startsWith("0")) digits = `0${digits}`;
  if (flags.includes("#") && base === 16 && n !== 0n) digits = (upper ? "0X" : "0x") + digits;
  const sign = n < 0n ? "-" : base === 10 && flags.includes("+") ? "+" : base === 10 && flags.includes(" ") ? " " : "";
  return padNumber(sign, digits, { flags: precision === undefined ? flags : flags.replaceAll("0", ""), width });
}

const man = {
  summary: "format and print data",
  synopsis: ["printf FORMAT [ARGUMENT]..."],
  emulated: ["%d %i %o %u %x %X %c %s %e %f %g %a with flags, width and precision", "%b: the argument with escapes; %q: quoted for a shell", "\\n \\t \\NNN \\xHH \\uHHHH \\c; the format is used again while arguments are left"],
  notEmulated: [],
  examples: ["printf '%-6s %s\\n' eth0 up"],
};

export const printf: Command = defineCommand({
  name: "printf",
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    if (args.length === 1 && args[0] === "--help") {
      yield* t.say(helpText(man));
      return yield* t.finish(0);
    }
    if (args.length === 1 && args[0] === "--version") {
      yield* t.say("printf (GNU coreutils) 9.1\n");
      return yield* t.finish(0);
    }
    const words = args[0] === "--" ? args.slice(1) : args;
    if (words.length === 0) return yield* t.usage("missing operand");
    const status = yield* new Printf(t, octets(words[0]!), words.slice(1).map(octets)).run();
    yield* t.out.flush();
    if (!t.out.error) return status;
    return yield* t.error(`write error: ${strerror(t.out.error)}`);
  },
});
