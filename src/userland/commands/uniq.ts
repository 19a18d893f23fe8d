/** uniq: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { choose } from "../getopt-choice.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteAlways, quoteName } from "../gnu-quote.ts";
import { parseSize } from "../numbers.ts";
import { foldCase, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, Output, type Tool } from "../tool.ts";

interface Settings {
  count: boolean;
  unique: boolean;
  repeated: boolean;
  /** -D: all lines of a group that repeats. */
  all: "" | "none" | "prepend" | "separate";
  group: "" | "prepend" | "append" | "separate" | "both";
  skipFields: number;
  skipChars: number;
  width: number;
  ignoreCase: boolean;
  end: string;
}

function keyOf(line: Octets, s: Settings): Octets {
  let i = 0;
  for (let n = 0; n < s.skipFields && i < line.length; n++) {
    while (i < line.length && (line[i] === " " || line[i] === "\t")) i++;
    while (i < line.length && line[i] !== " " && line[i] !== "\t") i++;
  }
  const key = line.slice(i + s.skipChars).slice(0, s.width);
  return s.ignoreCase ? foldCase(key) : key;
}

/** Lines that are alike, with how often they came. Prints each as it ends. */
class Groups {
  private first = true;
  private readonly out: Output;
  private readonly s: Settings;
  constructor(out: Output, s: Settings) {
    this.out = out;
    this.s = s;
  }

  *close(lines: readonly Octets[], count: number): Run<void> {
    const { s, out } = this;
    const repeats = count > 1;
    if (s.group !== "" || s.all !== "") {
      if (s.all !== "" && !repeats) return;
      const gap = s.group !== "" ? this.groupGap() : s.all === "prepend" || (s.all === "separate" && !this.first);
      if (gap) yield* out.put(s.end);
      this.first = false;
      for (const line of lines) yield* out.put(line + s.end);
      return;
    }
    if ((repeats && s.unique) || (!repeats && s.repeated)) return;
    yield* out.put(`${s.count ? `${String(count).padStart(7)} ` : ""}${lines[0]}${s.end}`);
  }

  private groupGap(): boolean {
    return this.s.group === "prepend" || this.s.group === "both" || !this.first;
  }

  *end(): Run<void> {
    if (!this.first && (this.s.group === "append" || this.s.group === "both")) yield* this.out.put(this.s.end);
  }
}

function* filter(input: Input, out: Output, s: Settings): Run<void> {
  const groups = new Groups(out, s);
  const keepAll = s.all !== "" || s.group !== "";
  let lines: Octets[] = [];
  let count = 0;
  let key: Octets | undefined;
  for (let line = yield* input.line(s.end); line; line = yield* input.line(s.end)) {
    const k = keyOf(line.text, s);
    if (k === key) {
      count++;
      if (keepAll) lines.push(line.text);
      continue;
    }
    if (key !== undefined) yield* groups.close(lines, count);
    key = k;
    lines = [line.text];
    count = 1;
  }
  if (key !== undefined) yield* groups.close(lines, count);
  yield* groups.end();
}

const NUMBERS = { f: "number of fields to skip", s: "number of bytes to skip", w: "number of bytes to compare" } as const;

function* number(t: Tool, o: GivenOption, s: Settings): Run<number | undefined> {
  const n = /^\d+$/.test(o.value!) ? parseSize(o.value!, "") : undefined;
  if (n === undefined) return yield* t.error(`${o.value}: invalid ${NUMBERS[o.key as "f"]}`);
  if (o.key === "f") s.skipFields = n;
  else if (o.key === "s") s.skipChars = n;
  else s.width = n;
  return undefined;
}

function* apply(t: Tool, o: GivenOption, s: Settings): Run<number | undefined> {
  switch (o.key) {
    case "c": s.count = true; return undefined;
    case "d": s.repeated = true; return undefined;
    case "u": s.unique = true; return undefined;
    case "i": s.ignoreCase = true; return undefined;
    case "z": s.end = "\0"; return undefined;
    case "D": {
      const method = choose("--all-repeated", o.value ?? "none", [["none"], ["prepend"], ["separate"]]);
      if (!method.ok) return yield* t.usage(method.error);
      s.all = method.value as Settings["all"];
      return undefined;
    }
    case "group": {
      const method = choose("--group", o.value ?? "separate", [["prepend"], ["append"], ["separate"], ["both"]]);
      if (!method.ok) return yield* t.usage(method.error);
      s.group = method.value as Settings["group"];
      return undefined;
    }
    default:
      return yield* number(t, o, s);
  }
}

export const uniq = defineTool({
  name: "uniq",
  man: {
    summary: "report or omit repeated lines",
    synopsis: ["uniq [OPTION]... [INPUT [OUTPUT]]"],
    emulated: ["-c: how often each came; -d: only what repeats; -D: all lines that repeat; -u: only what does not", "-i: ignore case; -f N: skip fields; -s N: skip octets; -w N: compare no more than N", "--group, -z"],
    notEmulated: [],
    examples: ["sort names | uniq -c"],
  },
  shorts: "cdDuif:s:w:z",
  longs: { count: "c", repeated: "d", "all-repeated": "D::", group: "group::", "skip-fields": "f:", "ignore-case": "i", "skip-chars": "s:", unique: "u", "zero-terminated": "z", "check-chars": "w:" },
  adapt: (args) => args.flatMap((a) => (/^-\d+$/.test(a) ? ["-f", a.slice(1)] : [a])),
  *run(t, options, operands) {
    const s: Settings = { count: false, unique: false, repeated: false, all: "", group: "", skipFields: 0, skipChars: 0, width: Infinity, ignoreCase: false, end: "\n" };
    for (const o of options) {
      const wrong = yield* apply(t, o, s);
      if (wrong !== undefined) return wrong;
    }
    if (operands.length > 2) return yield* t.usage(`extra operand ${quote(operands[2]!)}`);
    if (s.group !== "" && (s.count || s.repeated || s.all !== "" || s.unique)) return yield* t.usage("--group is mutually exclusive with -c/-d/-D/-u");
    if (s.all !== "" && s.count) return yield* t.usage("printing all duplicated lines and repeat counts is meaningless");
    return yield* runOn(t, s, operands[0] ?? "-", operands[1] ?? "-");
  },
});

function* runOn(t: Tool, s: Settings, from: string, to: string): Run<number> {
  const input = t.open(from);
  if (typeof input === "string") return yield* t.error(`${quoteName(from)}: ${strerror(input)}`);
  let out = t.out;
  if (to !== "-") {
    const fd = t.create(to);
    if (typeof fd === "string") return yield* t.error(`${quoteName(to)}: ${strerror(fd)}`);
    out = new Output(t.proc, fd);
  }
  yield* filter(input, out, s);
  yield* out.flush();
  if (input.error) return yield* t.error(`error reading ${quoteAlways(from)}`);
  return t.status;
}
