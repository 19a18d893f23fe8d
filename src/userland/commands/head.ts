/** head: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import { parseSize } from "../numbers.ts";
import type { Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

interface Settings {
  unit: "lines" | "bytes";
  count: number;
  /** All but the last `count`. */
  fromEnd: boolean;
  headers: "several" | "always" | "never";
  end: string;
}

function* headLines(t: Tool, input: Input, count: number, end: string): Run<void> {
  for (let n = 0; n < count; n++) {
    const line = yield* input.line(end);
    if (!line) return;
    yield* t.print(line.ended ? line.text + end : line.text);
  }
  input.unread();
}

function* headBytes(t: Tool, input: Input, count: number): Run<void> {
  for (let left = count; left > 0; ) {
    const s = yield* input.chunk(left < 8192 ? left : 8192);
    if (s === "") return;
    yield* t.print(s);
    left -= s.length;
  }
}

function* allButLines(t: Tool, input: Input, count: number, end: string): Run<void> {
  const held: Octets[] = [];
  for (;;) {
    const line = yield* input.line(end);
    if (!line) return;
    held.push(line.ended ? line.text + end : line.text);
    if (held.length > count) yield* t.print(held.shift()!);
  }
}

function* allButBytes(t: Tool, input: Input, count: number): Run<void> {
  let held = "";
  for (let s = yield* input.chunk(); s !== ""; s = yield* input.chunk()) {
    held += s;
    if (held.length <= count) continue;
    yield* t.print(held.slice(0, held.length - count));
    held = held.slice(held.length - count);
  }
}

/** `-5`, `-5c`, `-20qv`: the old form, only as the first argument. @returns options, or what is wrong with it. */
function* oldForm(t: Tool, arg: string, s: Settings): Run<number | undefined> {
  const m = /^-(\d+)(.*)$/.exec(arg)!;
  let factor = "";
  s.unit = "lines";
  for (const c of m[2]!) {
    if (c === "c") {
      s.unit = "bytes";
      factor = "";
    } else if (c === "b" || c === "k" || c === "m") {
      s.unit = "bytes";
      factor = c;
    } else if (c === "l") s.unit = "lines";
    else if (c === "q") s.headers = "never";
    else if (c === "v") s.headers = "always";
    else if (c === "z") s.end = "\0";
    else return yield* t.usage(`invalid trailing option -- ${c}`);
  }
  s.count = parseSize(m[1]! + factor, "bkm") ?? 0;
  return undefined;
}

function* setCount(t: Tool, s: Settings, o: GivenOption): Run<number | undefined> {
  s.unit = o.key === "n" ? "lines" : "bytes";
  s.fromEnd = o.value!.startsWith("-");
  const text = s.fromEnd ? o.value!.slice(1) : o.value!;
  const n = parseSize(text, "bkKmMGTPEZY0");
  if (n === undefined) return yield* t.error(`invalid number of ${s.unit}: ${quote(text)}`);
  s.count = n;
  return undefined;
}

export const head = defineTool({
  name: "head",
  man: {
    summary: "output the first part of files",
    synopsis: ["head [OPTION]... [FILE]..."],
    emulated: ["-n, --lines=[-]NUM: the first NUM lines (10 without it); with -, all but the last NUM", "-c, --bytes=[-]NUM: the same in octets; suffixes b kB K MB M ...", "-q, -v: never or always print headers with file names", "-z: lines end in NUL", "-NUM: as -n NUM"],
    notEmulated: [],
    examples: ["head -n 3 /etc/passwd", "ip addr | head -2"],
  },
  shorts: "c:n:qvz",
  longs: { bytes: "c:", lines: "n:", quiet: "q", silent: "q", verbose: "v", "zero-terminated": "z", "\0old": "old:" },
  // The old form is looked at by run(), which sees it as the pseudo-option below.
  usageText: (error) => error.replace(/^invalid option -- '(\d)'$/, "invalid trailing option -- $1"),
  adapt: (args) => (/^-\d/.test(args[0] ?? "") ? [`--\0old=${args[0]}`, ...args.slice(1)] : args),
  *run(t, options, operands) {
    const s: Settings = { unit: "lines", count: 10, fromEnd: false, headers: "several", end: "\n" };
    for (const o of options) {
      const wrong = o.key === "old" ? yield* oldForm(t, o.value!, s) : "nc".includes(o.key) ? yield* setCount(t, s, o) : undefined;
      if (wrong !== undefined) return wrong;
      if (o.key === "q") s.headers = "never";
      if (o.key === "v") s.headers = "always";
      if (o.key === "z") s.end = "\0";
    }
    return yield* headFiles(t, s, operands.length > 0 ? operands : ["-"]);
  },
});

function* headFiles(t: Tool, s: Settings, names: readonly string[]): Run<number> {
  let first = true;
  for (const name of names) {
    const shown = name === "-" ? "standard input" : name;
    const input = t.open(name);
    if (typeof input === "string") {
      yield* t.error(`cannot open ${quoteAlways(name)} for reading: ${strerror(input)}`);
      continue;
    }
    if (s.headers === "always" || (s.headers === "several" && names.length > 1)) {
      yield* t.say(`${first ? "" : "\n"}==> ${shown} <==\n`);
      first = false;
    }
    if (s.unit === "lines") yield* s.fromEnd ? allButLines(t, input, s.count, s.end) : headLines(t, input, s.count, s.end);
    else yield* s.fromEnd ? allButBytes(t, input, s.count) : headBytes(t, input, s.count);
    if (input.error) yield* t.error(`error reading ${quoteAlways(shown)}: ${strerror(input.error)}`);
    input.close();
  }
  return t.status;
}
