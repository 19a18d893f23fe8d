/**
 * Arguments as iproute2 reads them: a cursor over argv, abbreviations, numbers as strtoul(3) takes them, and the refusals every
 * object shares. iproute2 6.1 lib/utils.c says the texts and the exit statuses.
 */

/**
 * The real tool's exit(3): it leaves from any depth of parsing, a batch included. Thrown here, caught in one place (`runTool`); not an
 * error of ours.
 */
export class Leave {
  readonly status: number;
  /** For standard error, newline included. */
  readonly text: string;
  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }
}

/** The command returns `status` where the real tool's function does: a batch with -force goes on after it. */
export class Fail {
  readonly status: number;
  readonly text: string;
  constructor(status: number, text = "") {
    this.status = status;
    this.text = text;
  }
}

/** Part of the real tool that is not emulated; `what` is what was typed. */
export class Refuse {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/** A beginning of `word`, of one character at least: iproute2's matches(). */
export function matches(typed: string, word: string): boolean {
  return typed !== "" && word.startsWith(typed);
}

export function invarg(message: string, arg: string): never {
  throw new Leave(255, `Error: argument "${arg}" is wrong: ${message}\n`);
}

export function duparg(key: string, arg: string): never {
  throw new Leave(255, `Error: duplicate "${key}": "${arg}" is the second value.\n`);
}

export function duparg2(key: string, arg: string): never {
  throw new Leave(255, `Error: either "${key}" is duplicate, or "${arg}" is a garbage.\n`);
}

export function missarg(key: string): never {
  throw new Leave(255, `Error: argument "${key}" is required\n`);
}

/** Words still to be read. */
export class Args {
  readonly words: readonly string[];
  at: number;
  constructor(words: readonly string[], at = 0) {
    this.words = words;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.words.length;
  }

  get left(): number {
    return this.words.length - this.at;
  }

  /** The word under the cursor; "" at the end. */
  get word(): string {
    return this.words[this.at] ?? "";
  }

  /** Takes the word under the cursor. */
  take(): string {
    return this.words[this.at++] ?? "";
  }

  /** Takes the value that must follow a keyword just taken. */
  value(): string {
    if (this.done) throw new Leave(255, 'Command line is not complete. Try option "help"\n');
    return this.take();
  }

  rest(): Args {
    return new Args(this.words.slice(this.at));
  }
}

/** strtoul(3) with base 0 (or 10, 16): digits, an optional 0x or 0 in front; a sign wraps round. @returns undefined when something is left over. */
function strtoul(text: string, base: 0 | 10 | 16): number | undefined {
  const m = /^[ \t\n]*([+-]?)(0[xX](?=[0-9a-fA-F]))?([0-9a-fA-F]+)$/.exec(text);
  if (!m) return undefined;
  const prefixed = m[2] !== undefined;
  const digits = m[3]!;
  if (prefixed && base === 10) return undefined;
  const b = prefixed || base === 16 ? 16 : base === 0 && digits.startsWith("0") && digits.length > 1 ? 8 : 10;
  if (b === 8 ? !/^[0-7]+$/.test(digits) : b === 10 && !/^[0-9]+$/.test(digits)) return undefined;
  const n = Number.parseInt(digits, b);
  return m[1] === "-" ? -n : n;
}

/** get_unsigned, get_u32, get_u16, get_u8 of iproute2: undefined where those return -1. */
export function unsigned(text: string, max = 0xffffffff, base: 0 | 10 | 16 = 0): number | undefined {
  const n = strtoul(text, base);
  return n === undefined || n < 0 || n > max ? undefined : n;
}

/** get_integer of iproute2. */
export function integer(text: string): number | undefined {
  const n = strtoul(text, 0);
  return n === undefined || n < -0x80000000 || n > 0x7fffffff ? undefined : n;
}

/** atoi(3): what cannot be read is 0. */
export function atoi(text: string): number {
  const m = /^[ \t\n]*([+-]?[0-9]+)/.exec(text);
  return m ? Number.parseInt(m[1]!, 10) | 0 : 0;
}

/** "on" or "off" or a beginning of one; otherwise the command ends with `status`. */
export function onOff(key: string, text: string, status: number): boolean {
  if (matches(text, "off")) return false;
  if (matches(text, "on")) return true;
  throw new Fail(status, `Error: argument of "${key}" must be one of "off", "on", not "${text}"\n`);
}

/** Link-layer address: hex numbers between colons, as ll_addr_a2n reads them; a dotted quad makes four octets. */
export function lladdr(text: string): Uint8Array {
  const bad = (part: string): never => {
    throw new Fail(1, `"${part}" is invalid lladdr.\n`);
  };
  if (text.includes(".")) {
    const quad = dottedQuad(text);
    if (quad === undefined) return bad(text);
    return Uint8Array.of(quad >>> 24, quad >>> 16, quad >>> 8, quad);
  }
  const out: number[] = [];
  for (const part of text.split(":")) {
    // sscanf("%x"): leading hex digits are enough.
    const m = /^[ \t]*(0[xX])?([0-9a-fA-F]+)/.exec(part);
    const n = m ? Number.parseInt(m[2]!, 16) : Number.NaN;
    if (!(n >= 0 && n <= 255)) return bad(part);
    out.push(n);
    if (out.length === 20) break;
  }
  return Uint8Array.from(out);
}

/** One to four numbers between dots, each decimal, octal or hex; missing octets are zero (get_addr_ipv4). */
export function dottedQuad(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length > 4) return undefined;
  let address = 0;
  for (let i = 0; i < 4; i++) {
    const n = parts[i] === undefined ? 0 : unsigned(parts[i]!, 255);
    if (n === undefined) return undefined;
    address = address * 256 + n;
  }
  return address;
}

/** What the kernel allows for a device's name (dev_valid_name), as iproute2 checks it. */
export function isIfname(name: string): boolean {
  return name.length < 16 && isAltIfname(name);
}

export function isAltIfname(name: string): boolean {
  return name.length > 0 && !/[/ \t\n\v\f\r]/.test(name);
}
