/** xxd: 2022-01-14, as vim 9.0 of Debian 12 has it. Its options are not getopt's: -c8, -c 8, -cols 8 and --cols 8 are one. */
import { strerror } from "../../kernel/errno.ts";
import { type Command, defineCommand } from "../command.ts";
import { bytesOf, octets, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { type Input, Tool } from "../tool.ts";

const USAGE = `Usage:
       xxd [options] [infile [outfile]]
    or
       xxd -r [-s [-]offset] [-c cols] [-ps] [infile [outfile]]
Options:
    -a          toggle autoskip: A single '*' replaces nul-lines. Default off.
    -b          binary digit dump (incompatible with -ps,-i,-r). Default hex.
    -C          capitalize variable names in C include file style (-i).
    -c cols     format <cols> octets per line. Default 16 (-i: 12, -ps: 30).
    -E          show characters in EBCDIC. Default ASCII.
    -e          little-endian dump (incompatible with -ps,-i,-r).
    -g bytes    number of octets per group in normal output. Default 2 (-e: 4).
    -h          print this summary.
    -i          output in C include file style.
    -l len      stop after <len> octets.
    -n name     set the variable name used in C include output (-i).
    -o off      add <off> to the displayed file position.
    -ps         output in postscript plain hexdump style.
    -r          reverse operation: convert (or patch) hexdump into binary.
    -r -s off   revert with <off> added to file positions found in hexdump.
    -d          show offset in decimal instead of hex.
    -s [+][-]seek  start at <seek> bytes abs. (or +: rel.) infile offset.
    -u          use upper case hex letters.
    -v          show version: "xxd 2022-01-14 by Juergen Weigert et al.".
`;
const VERSION = "xxd 2022-01-14 by Juergen Weigert et al.\n";
const MAX_COLUMNS = 256;

interface Settings {
  form: "hex" | "bits" | "little" | "plain" | "include";
  reverse: boolean;
  autoskip: boolean;
  upper: boolean;
  capitals: boolean;
  decimal: boolean;
  columns: number | undefined;
  group: number | undefined;
  length: number;
  offset: number;
  /** As written: +3, -4, 10. */
  seek: string | undefined;
  name: string | undefined;
}

/** Options that are a letter, by what else may follow it in words. */
const VALUED: readonly (readonly [letter: string, rest: readonly string[]])[] = [
  ["c", ["ols"]], ["g", ["roup"]], ["o", ["ffset"]], ["s", ["eek", "kip"]], ["l", ["en"]], ["n", ["ame"]],
];

/** strtol with base 0: what is no number is 0. */
function number(text: string): number {
  const m = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|[0-9]+)/.exec(text);
  if (!m) return 0;
  const n = /^0[0-7]+$/.test(m[2]!) ? Number.parseInt(m[2]!, 8) : Number(m[2]);
  return m[1] === "-" ? -n : n;
}

function setValue(s: Settings, letter: string, value: string): void {
  if (letter === "c") s.columns = number(value);
  else if (letter === "g") s.group = number(value);
  else if (letter === "o") s.offset = number(value);
  else if (letter === "s") s.seek = value;
  else if (letter === "n") s.name = value;
  else s.length = number(value) < 0 ? Number.POSITIVE_INFINITY : number(value);
}

function setFlag(s: Settings, word: string): boolean {
  switch (word[1]) {
    case "a": s.autoskip = !s.autoskip; return true;
    case "b": s.form = "bits"; return true;
    case "e": s.form = "little"; return true;
    case "p": s.form = "plain"; return true;
    case "i": s.form = "include"; return true;
    case "u": s.upper = true; return true;
    case "C": s.capitals = true; return true;
    case "d": s.decimal = true; return true;
    case "r": s.reverse = true; return true;
    default: return false;
  }
}

/** @returns the operands, or what to do instead. */
function parse(args: readonly string[], s: Settings): string[] | "usage" | "version" | "ebcdic" {
  let i = 0;
  for (; i < args.length; i++) {
    const typed = args[i]!;
    if (!typed.startsWith("-") || typed === "-") break;
    if (typed === "--") {
      i++;
      break;
    }
    const word = typed.startsWith("--") ? typed.slice(1) : typed;
    const valued = VALUED.find(([letter]) => word[1] === letter);
    if (word.startsWith("-capitalize")) s.capitals = true;
    else if (valued) {
      const rest = word.slice(2);
      const attached = rest !== "" && !valued[1].some((w) => rest.startsWith(w));
      const value = attached ? rest : args[++i];
      if (value === undefined) return "usage";
      setValue(s, valued[0], value);
    } else if (word[1] === "v") return "version";
    else if (word[1] === "E") return "ebcdic";
    else if (!setFlag(s, word)) return "usage";
  }
  const operands = args.slice(i);
  return operands.length > 2 ? "usage" : operands;
}

/** Where the output goes: standard output, or a file that is written over. */
class Target {
  private readonly t: Tool;
  private readonly fd: number | undefined;
  constructor(t: Tool, fd: number | undefined) {
    this.t = t;
    this.fd = fd;
  }
  *put(s: Octets): Run<void> {
    if (this.fd === undefined) yield* this.t.print(s);
    else yield* this.t.proc.write(this.fd, bytesOf(s));
  }
}

const hex = (code: number, upper: boolean): string => {
  const text = code.toString(16).padStart(2, "0");
  return upper ? text.replace(/[a-f]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)) : text;
};

/** One line of a dump. Hex digits of octet `p` stand where its group begins; the text after the last group of a full line. */
function dumpLine(s: Settings, address: string, block: Octets, columns: number, group: number): string {
  const digits = s.form === "bits" ? 8 : 2;
  const groupWidth = digits * group + 1;
  const start = address.length + 1;
  const row: string[] = [];
  const put = (at: number, text: string): void => {
    for (let k = 0; k < text.length; k++) row[at + k] = text[k]!;
  };
  put(0, address);
  const text = start + Math.floor((groupWidth * columns - 1) / group) + 2;
  for (let p = 0; p < block.length; p++) {
    const code = block.charCodeAt(p);
    const place = s.form === "little" ? p ^ (group - 1) : p;
    put(start + Math.floor((groupWidth * place) / group), s.form === "bits" ? code.toString(2).padStart(8, "0") : hex(code, s.upper));
    row[text + p] = code >= 32 && code < 127 ? block[p]! : ".";
  }
  let out = "";
  for (let k = 0; k < row.length; k++) out += row[k] ?? " ";
  return `${out}\n`;
}

function* dump(out: Target, s: Settings, data: Octets, from: number): Run<void> {
  const columns = s.columns ?? (s.form === "bits" ? 6 : 16);
  const wanted = s.group ?? (s.form === "bits" ? 1 : s.form === "little" ? 4 : 2);
  const group = wanted < 1 || wanted > columns ? columns : wanted;
  // With -a the first line of zeros is shown, one more is held, and a star stands for three and more.
  let zeros = 0;
  let held = "";
  for (let at = 0; at < data.length; at += columns) {
    const block = data.slice(at, at + columns);
    const address = at + from + s.offset;
    const line = dumpLine(s, `${s.decimal ? String(address).padStart(8, "0") : address.toString(16).padStart(8, "0")}:`, block, columns, group);
    const last = at + columns >= data.length;
    if (!s.autoskip || /[^\0]/.test(block)) {
      if (zeros === 2) yield* out.put(held);
      if (zeros > 2) yield* out.put("*\n");
      zeros = 0;
      yield* out.put(line);
      continue;
    }
    zeros++;
    if (last && zeros > 2) yield* out.put(zeros === 3 ? held : "*\n");
    if (zeros === 1 || last) yield* out.put(line);
    held = line;
  }
}

function* plain(out: Target, s: Settings, data: Octets): Run<void> {
  const columns = s.columns ?? 30;
  const all = [...data].map((c) => hex(c.charCodeAt(0), s.upper)).join("");
  if (columns === 0) return void (all === "" || (yield* out.put(`${all}\n`)));
  for (let at = 0; at < all.length; at += 2 * columns) yield* out.put(`${all.slice(at, at + 2 * columns)}\n`);
}

function* include(out: Target, s: Settings, data: Octets, file: string | undefined): Run<void> {
  const columns = s.columns ?? 12;
  const given = s.name ?? file;
  const named = given === undefined ? undefined : (/^[0-9]/.test(given) ? "__" : "") + given.replace(/[^0-9A-Za-z]/g, "_");
  const name = s.capitals ? named?.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)) : named;
  const suffix = s.capitals ? "_LEN" : "_len";
  let text = name === undefined ? "" : `unsigned char ${name}[] = {\n`;
  for (let i = 0; i < data.length; i++) text += `${i % columns !== 0 ? ", " : i === 0 ? "  " : ",\n  "}0${s.upper ? "X" : "x"}${hex(data.charCodeAt(i), s.upper)}`;
  if (data.length > 0) text += "\n";
  if (name !== undefined) text += `};\nunsigned int ${name}${suffix} = ${data.length};\n`;
  yield* out.put(octets(text));
}

/** Hex digits of one line of a dump: up to two characters in a row that are none. */
function octetsOfLine(text: string, most: number): Octets {
  let out = "";
  let strange = 0;
  for (let i = 0; i < text.length && out.length < most; ) {
    const pair = /^[0-9a-fA-F]{2}/.exec(text.slice(i, i + 2));
    if (pair) {
      out += String.fromCharCode(Number.parseInt(pair[0], 16));
      i += 2;
      strange = 0;
    } else {
      if (++strange > 1) break;
      i++;
    }
  }
  return out;
}

function* reverse(t: Tool, out: Target, s: Settings, data: Octets): Run<number> {
  if (s.form === "plain") {
    for (const line of data.split("\n")) {
      const digits = /^[0-9a-fA-F \t\r]*/.exec(line)![0].replace(/[ \t\r]/g, "");
      yield* out.put(octetsOfLine(digits, Number.POSITIVE_INFINITY));
    }
    return 0;
  }
  let at = 0;
  const base = s.seek === undefined ? 0 : number(s.seek);
  for (const line of data.split("\n")) {
    const m = /^[ \t]*([0-9a-fA-F]+):?[ \t]*/.exec(line);
    if (!m) continue;
    const bytes = octetsOfLine(line.slice(m[0].length), s.columns ?? 16);
    if (bytes === "") continue;
    const to = Number.parseInt(m[1]!, 16) + base;
    if (to < at) {
      yield* t.warn("sorry, cannot seek backwards.");
      return 5;
    }
    yield* out.put("\0".repeat(Math.min(to - at, 1 << 20)) + bytes);
    at = to + bytes.length;
  }
  return 0;
}

/** What of the input is shown; "seek": it cannot be sought as asked. */
function* selected(t: Tool, input: Input, s: Settings): Run<{ data: Octets; from: number } | "seek"> {
  const all = yield* input.all();
  const seek = s.seek === undefined ? 0 : number(s.seek);
  if (seek < 0 && t.proc.fds.get(input.fd)?.seek === undefined) return "seek";
  const from = seek < 0 ? all.length + seek : seek;
  if (from < 0) return "seek";
  return { data: all.slice(from, from + s.length), from };
}

function* xxdRun(t: Tool, args: readonly string[]): Run<number> {
  const s: Settings = {
    form: "hex", reverse: false, autoskip: false, upper: false, capitals: false, decimal: false, columns: undefined, group: undefined, length: Number.POSITIVE_INFINITY, offset: 0, seek: undefined, name: undefined,
  };
  const operands = parse(args, s);
  if (operands === "ebcdic") return yield* t.notEmulated("xxd -E");
  if (typeof operands === "string") {
    yield* t.proc.warn(operands === "usage" ? USAGE : VERSION);
    return operands === "usage" ? 1 : 0;
  }
  const dumps = s.form === "hex" || s.form === "bits" || s.form === "little";
  if (s.columns !== undefined && ((s.columns < 1 && !(s.form === "plain" && s.columns === 0)) || (dumps && s.columns > MAX_COLUMNS))) return yield* t.error(`invalid number of columns (max. ${MAX_COLUMNS}).`);
  if (s.form === "little" && s.group !== undefined && (s.group & (s.group - 1)) !== 0) return yield* t.error("number of octets per group must be a power of 2 with -e.");
  const [name, outName] = operands;
  const input = t.open(name ?? "-");
  if (typeof input === "string") return yield* t.error(`${name}: ${strerror(input)}`, 2);
  const fd = outName === undefined || outName === "-" ? undefined : t.create(outName, { write: true, create: true, truncate: !s.reverse });
  if (typeof fd === "string") return yield* t.error(`${outName}: ${strerror(fd)}`, 3);
  const out = new Target(t, fd);
  if (s.reverse) return yield* reverse(t, out, s, yield* input.all());
  const part = yield* selected(t, input, s);
  if (input.error) return yield* t.error(`${name ?? "stdin"}: ${strerror(input.error)}`, 2);
  if (part === "seek") return yield* t.error("Sorry, cannot seek.", 4);
  if (s.form === "plain") yield* plain(out, s, part.data);
  else if (s.form === "include") yield* include(out, s, part.data, name === "-" ? undefined : name);
  else yield* dump(out, s, part.data, part.from);
  return t.status;
}

export const xxd: Command = defineCommand({
  name: "xxd",
  man: {
    summary: "make a hex dump or do the reverse",
    synopsis: ["xxd [options] [infile [outfile]]", "xxd -r [-s offset] [-c cols] [-p] [infile [outfile]]"],
    emulated: ["-p: hex digits only; -r: from hex to octets; -b: bits; -e: little-endian; -i: as a C array (-n, -C)", "-c columns, -g octets a group, -l length, -s start, -o added to addresses, -d decimal addresses, -u capitals, -a: * for lines of zeros"],
    notEmulated: ["-E"],
    examples: ["printf hello | xxd", "printf 'c0a80001' | xxd -r -p | od -tu1"],
  },
  *run(proc, args) {
    const t = new Tool(proc);
    return yield* t.finish(yield* xxdRun(t, args));
  },
});
