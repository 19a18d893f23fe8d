/** diff: diffutils 3.8. */
import { type Errno, strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { baseName, joinPath } from "../file-tools.ts";
import type { Inode } from "../fs.ts";
import { getopt, type GivenOption, type LongOptions } from "../getopt.ts";
import { quoteAlways, quoteName } from "../gnu-quote.ts";
import { foldCase, octets, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { matches, patternOf } from "../shell/pattern.ts";
import { helpText, Tool } from "../tool.ts";
import { strftime, wallTime } from "../wall-clock.ts";
import { compareLines, type Hunk, hunksOf } from "./diff/compare.ts";
import { context, normal, sideBySide, type Style, type Text, unified } from "./diff/print.ts";

interface Settings extends Style {
  output: "normal" | "unified" | "context" | "side";
  given: boolean;
  brief: boolean;
  same: boolean;
  ignoreCase: boolean;
  /** White space: as it is, at line ends (-Z), amount of it (-b), all of it (-w). */
  space: "" | "trailing" | "change" | "all";
  tabs: boolean;
  blankLines: boolean;
  text: boolean;
  stripCr: boolean;
  newFile: "" | "both" | "first";
  recursive: boolean;
  labels: string[];
  exclude: string[];
  /** Options as they were typed, for the line that names two files below directories. */
  typed: string;
}

const SHORTS = "0123456789abBcC:dD:eEfF:hHiI:lL:nNpPqrsS:tTuU:vwW:x:X:yZ";
const LONGS: LongOptions = {
  "ignore-blank-lines": "B", brief: "q", color: "color::", context: "C::", "exclude-from": "X:", exclude: "x:", "expand-tabs": "t", "from-file": "from:", help: "help", "ignore-all-space": "w", "ignore-case": "i",
  "ignore-file-name-case": "name-case", "ignore-matching-lines": "I:", "ignore-space-change": "b", "ignore-tab-expansion": "E", "ignore-trailing-space": "Z", "initial-tab": "T", label: "L:", "left-column": "left",
  minimal: "d", "new-file": "N", "no-dereference": "no-dereference", normal: "normal", paginate: "l", rcs: "n", recursive: "r", "report-identical-files": "s", "show-c-function": "p", "show-function-line": "F:",
  "side-by-side": "y", "speed-large-files": "H", "starting-file": "S:", "strip-trailing-cr": "strip", "suppress-common-lines": "suppress", tabsize: "tabsize:", text: "a", "to-file": "to:", unified: "U::",
  "unidirectional-new-file": "P", version: "v", width: "W:", ed: "e", ifdef: "D:",
};
const REFUSED = ["X", "from", "to", "name-case", "I", "l", "n", "p", "F", "S", "tabsize", "e", "f", "D", "no-dereference"];

const man = {
  summary: "compare files line by line",
  synopsis: ["diff [OPTION]... FILES"],
  emulated: [
    "normal output, -u, -U N, -c, -C N, -y (-W N, --left-column, --suppress-common-lines), -q, -s", "-i, -b, -w, -B, -E, -Z, --strip-trailing-cr: what is not looked at", "-r, -N, -x PATTERN: directories",
    "-L LABEL, -a, -t, -T, -d, --color",
  ],
  notEmulated: ["-e, -n, -D, -p, -F, -I, -l, -S, -X, --from-file, --to-file"],
  examples: ["diff -u old.conf new.conf"],
};

class Usage {
  readonly text: string;
  readonly hint: boolean;
  constructor(text: string, hint = true) {
    this.text = text;
    this.hint = hint;
  }
}

function setOutput(s: Settings, output: Settings["output"]): void {
  if (s.given && s.output !== output) throw new Usage("conflicting output style options");
  s.output = output;
  s.given = true;
}

function contextLength(text: string): number {
  if (!/^\d+$/.test(text)) throw new Usage(`invalid context length '${text}'`);
  return Number(text);
}

const SWITCHES: Readonly<Record<string, (s: Settings) => void>> = {
  q: (s) => (s.brief = true), s: (s) => (s.same = true), i: (s) => (s.ignoreCase = true), b: (s) => (s.space = s.space === "all" ? "all" : "change"), w: (s) => (s.space = "all"), E: (s) => (s.tabs = true),
  Z: (s) => (s.space = s.space === "" ? "trailing" : s.space), B: (s) => (s.blankLines = true), a: (s) => (s.text = true), strip: (s) => (s.stripCr = true), N: (s) => (s.newFile = "both"), P: (s) => (s.newFile = "first"),
  r: (s) => (s.recursive = true), t: (s) => (s.expandTabs = true), T: (s) => (s.initialTab = true), left: (s) => (s.leftColumn = true), suppress: (s) => (s.suppressCommon = true), y: (s) => setOutput(s, "side"),
  u: (s) => setOutput(s, "unified"), c: (s) => setOutput(s, "context"), normal: (s) => setOutput(s, "normal"),
};

function applyOption(t: Tool, s: Settings, { key, value }: GivenOption): void {
  const simple = SWITCHES[key];
  if (simple) {
    simple(s);
    return;
  }
  switch (key) {
    case "U":
    case "C":
      setOutput(s, key === "U" ? "unified" : "context");
      if (value !== undefined) s.context = contextLength(value);
      return;
    case "L":
      if (s.labels.length === 2) throw new Usage("too many file label options", false);
      s.labels.push(value!);
      return;
    case "W":
      if (!/^[1-9]\d*$/.test(value!)) throw new Usage(`invalid width '${value}'`);
      s.width = Number(value);
      return;
    case "x":
      s.exclude.push(value!);
      return;
    case "color":
      if (value !== undefined && !["always", "never", "auto"].includes(value)) throw new Usage(`invalid color '${value}'`);
      s.color = (value ?? "auto") === "always" || ((value ?? "auto") === "auto" && t.proc.fds.get(1)?.kind === "tty");
  }
}

// -- files -----------------------------------------------------------------------------------------------------------------

interface Side {
  name: string;
  inode: Inode | undefined;
  data: Octets;
  mtime: number;
}

function keyOf(line: Octets, s: Settings): string {
  let k = line;
  if (s.stripCr) k = k.replace(/\r$/, "");
  if (s.tabs) {
    let wide = "";
    for (const c of k) wide += c === "\t" ? " ".repeat(8 - (wide.length % 8)) : c;
    k = wide;
  }
  if (s.space === "all") k = k.replace(/[ \t\r\v\f]+/g, "");
  else if (s.space === "change") k = k.replace(/[ \t\r\v\f]+/g, " ").replace(/ $/, "");
  else if (s.space === "trailing") k = k.replace(/[ \t\r\v\f]+$/, "");
  return s.ignoreCase ? foldCase(k) : k;
}

function textOf(data: Octets, s: Settings): Text {
  if (data === "") return { lines: [], cut: false };
  const cut = !data.endsWith("\n");
  const lines = (cut ? data : data.slice(0, -1)).split("\n");
  return { lines: s.stripCr ? lines.map((l) => l.replace(/\r$/, "")) : lines, cut };
}

class Comparer {
  private readonly t: Tool;
  private readonly s: Settings;
  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
  }

  private *trouble(text: string): Run<number> {
    return yield* this.t.error(text, 2);
  }

  private *read(name: string): Run<Side | Errno> {
    const input = this.t.open(name);
    if (typeof input === "string") return input;
    const data = yield* input.all();
    const inode = this.t.proc.fds.get(input.fd)?.inode;
    input.close();
    if (input.error) return input.error;
    return { name, inode, data, mtime: inode?.mtime ?? this.t.proc.now };
  }

  private kind(name: string): "dir" | "file" | Errno {
    if (name === "-") return "file";
    const found = this.t.proc.machine.fs.stat(name);
    return found.ok ? (found.value.type === "dir" ? "dir" : "file") : found.error;
  }

  /** Two operands, or two entries of directories. @returns 0: same, 1: different, 2: trouble. */
  *compare(a: string, b: string, below: boolean): Run<number> {
    let [ka, kb] = [this.kind(a), this.kind(b)];
    let [left, right] = [a, b];
    if (!below && ka === "dir" && kb === "file" && b !== "-") [left, ka] = [joinPath(a, baseName(b)), this.kind(joinPath(a, baseName(b)))];
    else if (!below && kb === "dir" && ka === "file" && a !== "-") [right, kb] = [joinPath(b, baseName(a)), this.kind(joinPath(b, baseName(a)))];
    const missing = { a: ka === "ENOENT", b: kb === "ENOENT" };
    const excused = (this.s.newFile === "both" && missing.a !== missing.b) || (this.s.newFile === "first" && missing.a && !missing.b);
    if (!excused) {
      let status = 0;
      for (const [name, k] of [[left, ka], [right, kb]] as const) if (k !== "dir" && k !== "file") status = yield* this.trouble(`${quoteName(name)}: ${strerror(k)}`);
      if (status !== 0) return status;
    }
    if (ka === "dir" && kb === "dir") return yield* this.directories(left, right, below);
    if (ka === "dir" || kb === "dir") {
      if (excused) return yield* this.directories(left, right, below);
      const what = (k: typeof ka): string => (k === "dir" ? "a directory" : "a regular file");
      yield* this.t.say(`File ${quoteName(left)} is ${what(ka)} while file ${quoteName(right)} is ${what(kb)}\n`);
      return 1;
    }
    return yield* this.files(left, right, missing, below);
  }

  private *files(a: string, b: string, missing: { a: boolean; b: boolean }, below: boolean): Run<number> {
    const absent = (name: string): Side => ({ name, inode: undefined, data: "", mtime: Number.NaN });
    const left = missing.a ? absent(a) : yield* this.read(a);
    if (typeof left === "string") return yield* this.trouble(`${quoteName(a)}: ${strerror(left)}`);
    const right = missing.b ? absent(b) : yield* this.read(b);
    if (typeof right === "string") return yield* this.trouble(`${quoteName(b)}: ${strerror(right)}`);
    const status = yield* this.difference(left, right, below);
    if (status === 0 && this.s.same) yield* this.t.say(`Files ${quoteName(a)} and ${quoteName(b)} are identical\n`);
    return status;
  }

  private *difference(left: Side, right: Side, below: boolean): Run<number> {
    const { s, t } = this;
    if (left.data === right.data && s.output !== "side") return 0;
    const names = `${quoteName(left.name)} and ${quoteName(right.name)}`;
    if (!s.text && (left.data.includes("\0") || right.data.includes("\0"))) {
      if (left.data === right.data) return 0;
      yield* t.say(s.brief ? `Files ${names} differ\n` : `Binary files ${names} differ\n`);
      return 1;
    }
    const [x, y] = [textOf(left.data, s), textOf(right.data, s)];
    // Only with white space ignored is a missing newline no difference of its own.
    const keys = (text: Text): string[] => text.lines.map((l, i) => keyOf(l, s) + (s.space === "" && text.cut && i === text.lines.length - 1 ? "\0" : ""));
    const all = hunksOf(compareLines(keys(x), keys(y), s.output === "unified" || s.output === "context" ? s.context : 0));
    const telling = all.filter((h) => !this.ignorable(x, y, h));
    if (telling.length === 0 && s.output !== "side") return 0;
    if (s.brief && telling.length > 0) {
      yield* t.say(`Files ${names} differ\n`);
      return 1;
    }
    if (below && telling.length > 0) yield* t.say(`diff${s.typed} ${quoteName(left.name)} ${quoteName(right.name)}\n`);
    yield* t.print(this.printed(left, right, x, y, all, telling));
    return telling.length > 0 ? 1 : 0;
  }

  private ignorable(x: Text, y: Text, h: Hunk): boolean {
    if (!this.s.blankLines) return false;
    const blank = (line: Octets): boolean => keyOf(line, this.s) === "";
    return x.lines.slice(h.a, h.A).every(blank) && y.lines.slice(h.b, h.B).every(blank);
  }

  private printed(left: Side, right: Side, x: Text, y: Text, all: readonly Hunk[], telling: readonly Hunk[]): Octets {
    const { s } = this;
    const names: [string, string] = [this.header(left, 0), this.header(right, 1)];
    switch (s.output) {
      case "unified": return unified(x, y, telling, names, s);
      case "context": return context(x, y, telling, names, s);
      case "side": return sideBySide(x, y, all, s);
      case "normal": return normal(x, y, telling, s);
    }
  }

  private header(side: Side, n: 0 | 1): string {
    const label = this.s.labels[n];
    if (label !== undefined) return octets(label);
    const time = Number.isNaN(side.mtime) ? "1970-01-01 00:00:00.000000000 +0000" : strftime("%Y-%m-%d %H:%M:%S.%N %z", wallTime(side.mtime));
    return octets(`${quoteName(side.name)}\t${time}`);
  }

  private *directories(a: string, b: string, below: boolean): Run<number> {
    const { s, t } = this;
    if (below && !s.recursive) {
      yield* t.say(`Common subdirectories: ${quoteName(a)} and ${quoteName(b)}\n`);
      return 0;
    }
    const list = (dir: string): string[] => {
      const found = t.proc.machine.fs.readdir(dir);
      return found.ok ? found.value.filter((n) => !s.exclude.some((p) => matches(patternOf(p), n))) : [];
    };
    const [left, right] = [list(a), list(b)];
    let status = 0;
    for (const name of [...new Set([...left, ...right])].sort((x, y) => (x < y ? -1 : x > y ? 1 : 0))) {
      const [inA, inB] = [left.includes(name), right.includes(name)];
      const excused = s.newFile === "both" || (s.newFile === "first" && !inA);
      let one: number;
      if ((inA && inB) || excused) one = yield* this.compare(joinPath(a, name), joinPath(b, name), true);
      else {
        yield* t.say(`Only in ${quoteName(inA ? a : b)}: ${quoteName(name)}\n`);
        one = 1;
      }
      status = Math.max(status, one);
    }
    return status;
  }
}

function* usage(t: Tool, text: string): Run<number> {
  yield* t.warn(text);
  return yield* t.error(`Try '${t.name} --help' for more information.`, 2);
}

function* diffMain(t: Tool, args: readonly string[]): Run<number> {
  const { options, operands, error } = getopt(args, SHORTS, LONGS);
  const s: Settings = {
    context: 3, color: false, width: 130, expandTabs: false, leftColumn: false, suppressCommon: false, initialTab: false, output: "normal", given: false, brief: false, same: false, ignoreCase: false, space: "", tabs: false,
    blankLines: false, text: false, stripCr: false, newFile: "", recursive: false, labels: [], exclude: [], typed: "",
  };
  for (const o of options) {
    if (o.key === "help") {
      yield* t.say(helpText(man));
      return 0;
    }
    if (o.key === "v") {
      yield* t.say("diff (GNU diffutils) 3.8\n");
      return 0;
    }
    applyOption(t, s, o);
  }
  if (error !== undefined) return yield* usage(t, error);
  for (const o of options) if (REFUSED.includes(o.key)) return yield* t.notEmulated(`diff ${o.typed}`);
  const digits = options.filter((o) => /^\d$/.test(o.key)).map((o) => o.key).join("");
  if (digits !== "") s.context = Number(digits);
  if (operands.length < 2) return yield* usage(t, `missing operand after ${quoteAlways(args[args.length - 1] ?? t.name)}`);
  if (operands.length > 2) return yield* usage(t, `extra operand ${quoteAlways(operands[2]!)}`);
  s.typed = args.filter((a) => !operands.includes(a) || a.startsWith("-")).filter((a) => a !== "-" && a !== "--").map((a) => ` ${quoteName(a)}`).join("");
  return yield* new Comparer(t, s).compare(operands[0]!, operands[1]!, false);
}

export const diff = defineCommand({
  name: "diff",
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    let status: number;
    try {
      status = yield* diffMain(t, args);
    } catch (e) {
      if (!(e instanceof Usage)) throw e;
      status = yield* e.hint ? usage(t, e.text) : t.error(e.text, 2);
    }
    yield* t.out.flush();
    if (!t.out.error) return status;
    return yield* t.error(`write failed: ${strerror(t.out.error)}`, 2);
  },
});
