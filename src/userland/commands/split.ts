/** split: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteAlways, quoteName } from "../gnu-quote.ts";
import { parseSize } from "../numbers.ts";
import { bytesOf, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

interface Settings {
  prefix: string;
  digits: "alpha" | "decimal" | "hex";
  length: number;
  /** The length was asked for: names do not get longer. */
  fixed: boolean;
  first: number;
  extra: string;
  verbose: boolean;
  elide: boolean;
}

const DIGITS = { alpha: "abcdefghijklmnopqrstuvwxyz", decimal: "0123456789", hex: "0123456789abcdef" } as const;

/** Name number `n`; undefined: they are used up. aa..yz, then zaaa.. unless the length is fixed. */
function nameOf(n: number, s: Settings): string | undefined {
  const letters = DIGITS[s.digits];
  const base = letters.length;
  let rest = n + s.first;
  let width = s.length;
  let lead = "";
  if (!s.fixed) {
    const last = letters[base - 1]!;
    for (let room = (base - 1) * power(base, width - 1); rest >= room; room = (base - 1) * power(base, width - 1)) {
      rest -= room;
      lead += last;
      width++;
    }
  } else if (rest >= power(base, width)) return undefined;
  let text = "";
  for (let i = 0; i < width; i++) {
    text = letters[rest % base]! + text;
    rest = Math.floor(rest / base);
  }
  return s.prefix + lead + text + s.extra;
}

function power(base: number, n: number): number {
  let p = 1;
  for (let i = 0; i < n; i++) p *= base;
  return p;
}

function* writeParts(t: Tool, parts: readonly Octets[], s: Settings): Run<number> {
  let n = 0;
  for (const part of parts) {
    if (part === "" && s.elide) continue;
    const name = nameOf(n++, s);
    if (name === undefined) return yield* t.error("output file suffixes exhausted");
    if (s.verbose) yield* t.say(`creating file ${quoteAlways(name)}\n`);
    const made = t.proc.machine.fs.writeFile(name, bytesOf(part));
    if (!made.ok) return yield* t.error(`${quoteName(name)}: ${strerror(made.error)}`);
  }
  return 0;
}

function byLines(text: Octets, count: number, end: string): Octets[] {
  const out: Octets[] = [];
  let from = 0;
  let lines = 0;
  for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + 1)) {
    if (++lines % count !== 0) continue;
    out.push(text.slice(from, at + 1));
    from = at + 1;
  }
  if (from < text.length) out.push(text.slice(from));
  return out;
}

function byBytes(text: Octets, size: number): Octets[] {
  const out: Octets[] = [];
  for (let i = 0; i < text.length; i += size) out.push(text.slice(i, i + size));
  return out;
}

function intoChunks(text: Octets, count: number): Octets[] {
  const size = Math.floor(text.length / count);
  return Array.from({ length: count }, (_, i) => text.slice(i * size, i === count - 1 ? undefined : (i + 1) * size));
}

export const split = defineTool({
  name: "split",
  man: {
    summary: "split a file into pieces",
    synopsis: ["split [OPTION]... [FILE [PREFIX]]"],
    emulated: ["-l N lines, -b SIZE octets, -n N pieces", "-a N, -d, -x, --additional-suffix: names; --verbose, -e"],
    notEmulated: ["-C, --filter, -n with letters, -t, -u"],
  },
  shorts: "0123456789C:a:b:del:n:t:ux",
  longs: { bytes: "b:", lines: "l:", "line-bytes": "C:", "suffix-length": "a:", "additional-suffix": "extra:", number: "n:", "elide-empty-files": "e", unbuffered: "u", "numeric-suffixes": "d::", "hex-suffixes": "x::", filter: "filter:", verbose: "verbose", separator: "t:" },
  refused: ["C", "filter", "t", "u"],
  adapt: (args) => args.flatMap((a) => (/^-\d+$/.test(a) ? ["-l", a.slice(1)] : [a])),
  *run(t, options, operands) {
    const s: Settings = { prefix: operands[1] ?? "x", digits: "alpha", length: 2, fixed: false, first: 0, extra: "", verbose: false, elide: false };
    let how: "lines" | "bytes" | "chunks" = "lines";
    let size = 1000;
    const WORDS = { l: ["lines", "number of lines"], b: ["bytes", "number of bytes"], n: ["chunks", "number of chunks"] } as const;
    for (const { key, value } of options) {
      if (key === "l" || key === "b" || key === "n") {
        const n = parseSize(value!, key === "b" ? "bkKmMGTPEZY0" : "");
        if (n === undefined && key === "n" && /^[lr]\//.test(value!)) return yield* t.notEmulated(`split -n ${value}`);
        if (n === undefined) return yield* t.error(`invalid ${WORDS[key][1]}: ${quote(value!)}`);
        if (n === 0) return yield* t.error(`invalid ${WORDS[key][1]}: ${quote(value!)}: Numerical result out of range`);
        [how, size] = [WORDS[key][0], n];
      }
      if (key === "a") {
        if (!/^\d+$/.test(value!)) return yield* t.error(`invalid suffix length: ${quote(value!)}`);
        s.length = Number(value) || 2;
        s.fixed = Number(value) > 0;
      }
      if (key === "d" || key === "x") {
        s.digits = key === "d" ? "decimal" : "hex";
        s.first = value === undefined ? 0 : Number.parseInt(value, key === "d" ? 10 : 16);
        if (value !== undefined) s.fixed = true;
      }
      if (key === "extra") s.extra = value!;
      if (key === "verbose") s.verbose = true;
      if (key === "e") s.elide = true;
    }
    if (operands.length > 2) return yield* t.usage(`extra operand ${quote(operands[2]!)}`);
    const name = operands[0] ?? "-";
    const input = t.open(name);
    if (typeof input === "string") return yield* t.error(`cannot open ${quoteAlways(name)} for reading: ${strerror(input)}`);
    const text = yield* input.all();
    if (input.error) return yield* t.error(`${quoteName(name)}: ${strerror(input.error)}`);
    return yield* writeParts(t, how === "lines" ? byLines(text, size, "\n") : how === "bytes" ? byBytes(text, size) : intoChunks(text, size), s);
  },
});
