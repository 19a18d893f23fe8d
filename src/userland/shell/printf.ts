/** printf(1): the format string over and over until the arguments are used up (POSIX XCU printf, bash's %q, %b and %(..)T). */
import { encodeUtf8 } from "../../base/bytes.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { START_OF_LAB, strftime } from "../wall-clock.ts";
import type { Dialect } from "./parser.ts";
import { backslashQuote, escapeAt } from "./quote.ts";

export interface Formatted {
  text: string;
  bytes: Uint8Array;
  /** Complaints, without the name in front. */
  errors: string[];
  fatal: boolean;
}

const MAX_OUTPUT = 1 << 20;

export function format(form: string, args: readonly string[], dialect: Dialect, now: Nanos): Formatted {
  const f = new Formatter(args, dialect, now);
  f.run(form);
  return { text: f.out, bytes: encodeUtf8(f.out), errors: f.errors, fatal: f.fatal };
}

class Formatter {
  out = "";
  readonly errors: string[] = [];
  /** dash leaves with 2 after a wrong format. */
  fatal = false;
  private readonly args: readonly string[];
  private readonly bash: boolean;
  private readonly now: Nanos;
  private next = 0;
  private stopped = false;

  constructor(args: readonly string[], dialect: Dialect, now: Nanos) {
    this.args = args;
    this.bash = dialect === "bash";
    this.now = now;
  }

  run(form: string): void {
    do {
      const before = this.next;
      this.once(form);
      if (this.next === before) break;
    } while (this.next < this.args.length && !this.stopped && this.out.length < MAX_OUTPUT);
  }

  private arg(): string | undefined {
    return this.args[this.next++];
  }

  private once(form: string): void {
    for (let i = 0; i < form.length && !this.stopped; ) {
      const c = form[i]!;
      if (c === "\\") {
        if (form[i + 1] === "c" && !this.bash) {
          this.stopped = true;
          return;
        }
        const made = escapeAt(form, i, 3);
        this.out += made.text;
        i = made.end;
      } else if (c !== "%") {
        this.out += c;
        i++;
      } else i = this.directive(form, i);
    }
  }

  private directive(form: string, at: number): number {
    const spec = this.bash ? /%([-+ #0]*)(\*|[0-9]+)?(?:\.(\*|-?[0-9]*))?(?:hh|h|ll|l|L|j|z|t)?(\(([^)]*)\)T|.)?/sy : /%([-+ #0]*)(\*|[0-9]+)?(?:\.(\*|-?[0-9]*))?(.)?/sy;
    spec.lastIndex = at;
    const found = spec.exec(form)!;
    const end = at + found[0].length;
    const [, flagText, widthText, precisionText, conversion] = found;
    if (conversion === "%") {
      this.out += "%";
      return end;
    }
    let flags = flagText ?? "";
    let width = 0;
    if (widthText === "*") {
      width = Number(this.integer(this.arg() ?? "0"));
      if (width < 0) {
        flags += "-";
        width = -width;
      }
    } else if (widthText) width = Number(widthText);
    width = Math.min(width, 65536);
    let precision = precisionText === undefined ? undefined : precisionText === "*" ? Number(this.integer(this.arg() ?? "0")) : Number(precisionText || "0");
    if (precision !== undefined) precision = precision < 0 ? undefined : Math.min(precision, 1000);
    if (conversion === undefined || !/^([diouxXeEfFgGaAcsbq]|\()/.test(conversion) || (!this.bash && /[q(]/.test(conversion))) {
      this.errors.push(conversion === undefined ? (this.bash ? `\`${found[0]}': missing format character` : "missing format character") : this.bash ? `\`${conversion}': invalid format character` : `${found[0]}: invalid directive`);
      this.fatal = !this.bash;
      this.stopped = true;
      return end;
    }
    this.out += pad(this.convert(conversion, flags, precision, found[5]), flags, width, /[diouxXeEfFgGaA]/.test(conversion) && !(precision !== undefined && /[diouxX]/.test(conversion)));
    return end;
  }

  private convert(conversion: string, flags: string, precision: number | undefined, time: string | undefined): string {
    switch (conversion[0]) {
      case "s": {
        const text = this.arg() ?? "";
        return precision === undefined ? text : [...text].slice(0, precision).join("");
      }
      case "c":
        return [...(this.arg() ?? "")][0] ?? "";
      case "b":
        return this.escaped(this.arg() ?? "");
      case "q":
        return backslashQuote(this.arg() ?? "");
      case "(": {
        const given = this.arg();
        const seconds = given === undefined || given === "-1" || given === "-2" ? START_OF_LAB + Math.floor(this.now / SECOND) : Number(this.integer(given));
        return strftime(time || "%X", { seconds, nanos: 0 });
      }
      case "d":
      case "i":
        return integerText(this.integer(this.arg() ?? "0"), flags, precision);
      case "u":
        return digits(BigInt.asUintN(64, this.integer(this.arg() ?? "0")).toString(), precision);
      case "o": {
        const text = digits(BigInt.asUintN(64, this.integer(this.arg() ?? "0")).toString(8), precision);
        return flags.includes("#") && !text.startsWith("0") ? `0${text}` : text;
      }
      case "x":
      case "X": {
        const n = BigInt.asUintN(64, this.integer(this.arg() ?? "0"));
        let text = digits(n.toString(16), precision);
        if (flags.includes("#") && n !== 0n) text = `0x${text}`;
        return conversion === "X" ? text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)) : text;
      }
      default:
        return this.float(conversion, flags, precision);
    }
  }

  private escaped(text: string): string {
    let out = "";
    for (let i = 0; i < text.length; ) {
      if (text[i] !== "\\" || i + 1 === text.length) out += text[i++]!;
      else if (text[i + 1] === "c") {
        this.stopped = true;
        return out;
      } else {
        const octal = /^\\0?([0-7]{1,3})/.exec(text.slice(i, i + 5));
        if (octal) {
          out += String.fromCharCode(Number.parseInt(octal[1]!, 8) & 255);
          i += octal[0].length;
          continue;
        }
        const made = escapeAt(text, i, 3);
        out += made.text;
        i = made.end;
      }
    }
    return out;
  }

  /** As strtoimax(3) and the shells' complaints about what it leaves over. */
  private integer(text: string): bigint {
    const quote = /^["'](.)/su.exec(text);
    if (quote) return BigInt(quote[1]!.codePointAt(0)!);
    const found = /^[ \t]*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)?/.exec(text)!;
    const rest = text.slice(found[0].length);
    if (found[2] === undefined) {
      if (text !== "") this.errors.push(this.bash ? `${text}: invalid number` : `${text}: expected numeric value`);
      return 0n;
    }
    if (rest !== "") this.errors.push(this.bash ? `${text}: invalid number` : `${text}: not completely converted`);
    const magnitude = /^0[0-7]+$/.test(found[2]) ? BigInt(`0o${found[2].slice(1)}`) : BigInt(found[2]);
    return found[1] === "-" ? -magnitude : magnitude;
  }

  private float(conversion: string, flags: string, precision: number | undefined): string {
    const text = this.arg() ?? "0";
    const value = /^[ \t]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/.test(text) ? Number(text) : Number.NaN;
    let n = value;
    if (Number.isNaN(value)) {
      const head = /^[ \t]*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)/.exec(text)?.[0];
      if (text !== "") this.errors.push(this.bash ? `${text}: invalid number` : head ? `${text}: not completely converted` : `${text}: expected numeric value`);
      n = Number(head ?? "0");
    }
    const sign = n < 0 || Object.is(n, -0) ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
    return sign + floatText(Math.abs(n), conversion, precision ?? 6, flags.includes("#"));
  }
}

function floatText(n: number, conversion: string, precision: number, keepZeros: boolean): string {
  const lower = conversion.replace(/[A-Z]/, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
  const p = Math.min(precision, 100);
  const exponential = (digitsAfter: number): string => n.toExponential(digitsAfter).replace(/e([-+])([0-9])$/, "e$10$2");
  let text: string;
  if (lower === "f") text = n.toFixed(p);
  else if (lower === "e") text = exponential(p);
  else {
    const significant = p === 0 ? 1 : p;
    const exponent = n === 0 ? 0 : Number(n.toExponential(significant - 1).split("e")[1]);
    text = exponent < -4 || exponent >= significant ? exponential(significant - 1) : n.toFixed(significant - 1 - exponent);
    if (!keepZeros && text.includes(".")) text = text.replace(/0+(e|$)/, "$1").replace(/\.(e|$)/, "$1");
  }
  return conversion === lower ? text : text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
}

function digits(text: string, precision: number | undefined): string {
  return precision === undefined ? text : text.padStart(precision, "0");
}

function integerText(n: bigint, flags: string, precision: number | undefined): string {
  const sign = n < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return sign + digits((n < 0n ? -n : n).toString(), precision);
}

function pad(text: string, flags: string, width: number, numeric: boolean): string {
  // Both shells' printf counts octets.
  const missing = width - encodeUtf8(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (numeric && flags.includes("0")) {
    const head = /^[-+ ]?(0[xX])?/.exec(text)![0];
    return head + "0".repeat(missing) + text.slice(head.length);
  }
  return " ".repeat(missing) + text;
}
