/** grep, egrep, fgrep: GNU grep 3.8. */
import { strerror } from "../../kernel/errno.ts";
import type { Inode } from "../fs.ts";
import { choose } from "../getopt-choice.ts";
import { type GivenOption, getopt, type LongOptions } from "../getopt.ts";
import { defineCommand } from "../command.ts";
import { parseSize } from "../numbers.ts";
import { charLength, octets, type Octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { compileRegex, type Regex, type Syntax } from "../regex.ts";
import { matches, patternOf } from "../shell/pattern.ts";
import { helpText, type Input, type Line, Tool } from "../tool.ts";

interface Settings {
  matcher: "G" | "E" | "F" | "P";
  patterns: Octets[];
  ignoreCase: boolean;
  invert: boolean;
  whole: "line" | "word" | undefined;
  count: boolean;
  list: "" | "l" | "L";
  quiet: boolean;
  silent: boolean;
  onlyMatching: boolean;
  number: boolean;
  offset: boolean;
  names: boolean | undefined;
  nullName: boolean;
  align: boolean;
  label: string;
  max: number;
  /** -A, -B or -C was given, be it with 0: groups are separated. */
  context: boolean;
  before: number;
  after: number;
  separator: string | undefined;
  binary: "binary" | "text" | "without-match";
  directories: "read" | "recurse" | "skip";
  include: string[];
  exclude: string[];
  excludeDir: string[];
  color: boolean;
  end: string;
}

class Mistake {
  readonly text: string;
  readonly usage: boolean;
  constructor(text: string, usage = false) {
    this.text = text;
    this.usage = usage;
  }
}

const SHORTS = "0123456789A:B:C:D:EFGHILPTUVX:abcd:e:f:hiLlm:noqRrsuvwxyZz";
const LONGS: LongOptions = {
  "basic-regexp": "G", "extended-regexp": "E", "fixed-regexp": "F", "fixed-strings": "F", "perl-regexp": "P", "after-context": "A:", "before-context": "B:", context: "C:",
  "group-separator": "separator:", "no-group-separator": "no-separator", "binary-files": "binary:", binary: "U", "byte-offset": "b", color: "color::", colour: "color::",
  count: "c", devices: "D:", directories: "d:", exclude: "exclude:", "exclude-from": "exclude-from:", "exclude-dir": "exclude-dir:", file: "f:", "files-with-matches": "l",
  "files-without-match": "L", include: "include:", "ignore-case": "i", "no-ignore-case": "case", "initial-tab": "T", label: "label:", "line-buffered": "line-buffered",
  "line-number": "n", "line-regexp": "x", "max-count": "m:", "no-filename": "h", "no-messages": "s", null: "Z", "null-data": "z", "only-matching": "o", quiet: "q", recursive: "r",
  "dereference-recursive": "R", regexp: "e:", "invert-match": "v", silent: "q", text: "a", "unix-byte-offsets": "u", version: "V", "with-filename": "H", "word-regexp": "w", help: "help",
};

const man = {
  summary: "print lines that match patterns",
  synopsis: ["grep [OPTION]... PATTERNS [FILE]...", "grep [OPTION]... -e PATTERNS ... [FILE]..."],
  emulated: [
    "-G (default), -E, -F: basic, extended, fixed strings; -P: the usual part of Perl's syntax", "-e PATTERN, -f FILE, -i, -v, -w, -x", "-c, -l, -L, -m N, -o, -q, -s: what is printed",
    "-b, -n, -H, -h, --label, -T, -Z: what stands before a line", "-A N, -B N, -C N, -N: context", "-r, -R, --include, --exclude, --exclude-dir, -d ACTION", "-a, -I, --binary-files, -z, --color, --line-buffered",
  ],
  notEmulated: ["--exclude-from", "-P: (?i) and other inline options, possessive quantifiers, conditions"],
  examples: ["ip addr | grep -w inet", "grep -rn 10.0.0.1 /etc"],
};

// -- options -----------------------------------------------------------------------------------------------------------

function contextLength(text: string): number {
  const n = parseSize(text, "");
  if (n === undefined) throw new Mistake(`${text}: invalid context length argument`);
  return n;
}

function setMatcher(s: Settings, given: Set<string>, m: Settings["matcher"]): void {
  if (m === "P" ? given.size > 0 && !given.has("P") : given.has("P")) throw new Mistake("conflicting matchers specified");
  if ((m === "F" && given.has("E")) || (m === "E" && given.has("F"))) throw new Mistake("conflicting matchers specified");
  given.add(m);
  s.matcher = m;
}

/** Simple switches: key → what it does. */
const SWITCHES: Readonly<Record<string, (s: Settings) => void>> = {
  H: (s) => (s.names = true), h: (s) => (s.names = false), i: (s) => (s.ignoreCase = true), y: (s) => (s.ignoreCase = true), case: (s) => (s.ignoreCase = false),
  v: (s) => (s.invert = true), w: (s) => (s.whole ??= "word"), x: (s) => (s.whole = "line"), c: (s) => (s.count = true), l: (s) => (s.list = "l"), L: (s) => (s.list = "L"),
  q: (s) => (s.quiet = true), s: (s) => (s.silent = true), o: (s) => (s.onlyMatching = true), n: (s) => (s.number = true), b: (s) => (s.offset = true), Z: (s) => (s.nullName = true),
  T: (s) => (s.align = true), z: (s) => (s.end = "\0"), a: (s) => (s.binary = "text"), I: (s) => (s.binary = "without-match"), r: (s) => (s.directories = "recurse"),
  R: (s) => (s.directories = "recurse"), "no-separator": (s) => (s.separator = undefined),
};

interface Context {
  digits: string;
  /** The argument that the digits stand in. */
  at: number;
  both: number;
  before: number;
  after: number;
}

function applyOption(t: Tool, s: Settings, o: GivenOption, given: Set<string>, c: Context): void {
  const { key } = o;
  const value = o.value ?? "";
  if (/^\d$/.test(key)) {
    c.digits = o.at === c.at ? c.digits + key : key;
    c.at = o.at;
    c.both = Number(c.digits);
    return;
  }
  c.digits = "";
  if ("GEFP".includes(key)) return setMatcher(s, given, key as "G");
  const simple = SWITCHES[key];
  if (simple) {
    simple(s);
    return;
  }
  switch (key) {
    case "A": c.after = contextLength(value); return;
    case "B": c.before = contextLength(value); return;
    case "C": c.both = contextLength(value); return;
    case "m": {
      const n = /^-\d+$/.test(value) ? Infinity : parseSize(value, "");
      if (n === undefined) throw new Mistake("invalid max count");
      s.max = n;
      return;
    }
    case "label": s.label = value; return;
    case "separator": s.separator = value; return;
    case "include": s.include.push(value); return;
    case "exclude": s.exclude.push(value); return;
    case "exclude-dir": s.excludeDir.push(value.replace(/(?<=.)\/+$/, "")); return;
    case "line-buffered": t.out.unbuffered = true; return;
    case "binary":
      if (!["binary", "text", "without-match"].includes(value)) throw new Mistake("unknown binary-files type");
      s.binary = value as "binary";
      return;
    case "D":
      if (value !== "read" && value !== "skip") throw new Mistake("unknown devices method");
      return;
    case "d": {
      const chosen = choose("--directories", value, [["read"], ["recurse"], ["skip"]]);
      if (!chosen.ok) throw new Mistake(chosen.error, true);
      s.directories = chosen.value as "read";
      return;
    }
    case "color": {
      const when = o.value ?? "auto";
      if (["always", "yes", "force"].includes(when)) s.color = true;
      else if (["never", "no", "none"].includes(when)) s.color = false;
      else if (["auto", "tty", "if-tty"].includes(when)) s.color = t.proc.fds.get(1)?.kind === "tty" && (t.proc.env.get("TERM") ?? "dumb") !== "dumb";
      else throw new Mistake("", true);
    }
  }
}

function defaults(name: string): Settings {
  return {
    matcher: name === "egrep" ? "E" : name === "fgrep" ? "F" : "G", patterns: [], ignoreCase: false, invert: false, whole: undefined, count: false, list: "", quiet: false, silent: false, onlyMatching: false,
    number: false, offset: false, names: undefined, nullName: false, align: false, label: "(standard input)", max: Infinity, context: false, before: 0, after: 0, separator: "--", binary: "binary", directories: "read",
    include: [], exclude: [], excludeDir: [], color: false, end: "\n",
  };
}

// -- patterns ----------------------------------------------------------------------------------------------------------

/** One expression of all patterns. Fixed strings become basic expressions with everything quoted. */
function compile(s: Settings): Regex {
  const syntax: Syntax = s.matcher === "E" ? "grep-ere" : s.matcher === "P" ? "perl" : "grep-bre";
  if (s.matcher === "P" && s.patterns.length > 1) throw new Mistake("the -P option only supports a single pattern");
  const texts = s.matcher === "F" ? s.patterns.map((p) => p.replace(/[\\[*.^$]/g, "\\$&")) : s.patterns;
  const compiled = compileRegex(texts.join("\n"), { syntax, ignoreCase: s.ignoreCase, whole: s.whole, ...(s.end === "\0" ? { multiline: true } : {}) });
  if (!compiled.ok) throw new Mistake(compiled.error);
  return compiled.value;
}

// -- printing ----------------------------------------------------------------------------------------------------------

const paint = (color: string, text: string): string => `\x1b[${color}m\x1b[K${text}\x1b[m\x1b[K`;

function hasBadEncoding(text: Octets): boolean {
  for (let i = 0; i < text.length; ) {
    const n = charLength(text, i);
    if (n === 0) return true;
    i += n;
  }
  return false;
}

/** What grep does with one file. */
class FileSearch {
  private selected = 0;
  private number = 0;
  private offset = 0;
  private lastPrinted = 0;
  private pendingAfter = 0;
  private readonly held: { line: Line; number: number; offset: number }[] = [];
  private binary = false;
  private stopped = false;
  private readonly t: Tool;
  private readonly s: Settings;
  private readonly regex: Regex;
  private readonly name: string;
  private readonly silentOutput: boolean;

  /** Something was printed, by this file or one before it. */
  private readonly shared: { used: boolean };

  constructor(t: Tool, s: Settings, regex: Regex, name: string, shared: { used: boolean }) {
    this.shared = shared;
    this.t = t;
    this.s = s;
    this.regex = regex;
    this.name = name;
    this.silentOutput = s.quiet || s.list !== "" || s.count;
  }

  /** @returns how many lines were selected. */
  *run(input: Input): Run<number> {
    const { s, t } = this;
    let looked = false;
    while (!this.stopped) {
      const line = yield* input.line(s.end);
      if (!line) break;
      if (!looked) {
        looked = true;
        this.binary = s.binary !== "text" && s.end === "\n" && (line.text.includes("\0") || input.peekHas("\0"));
        if (this.binary && s.binary === "without-match") return 0;
      }
      this.number++;
      yield* this.line(line);
      this.offset += line.text.length + 1;
      if (this.selected >= s.max && this.pendingAfter === 0) {
        input.unread();
        break;
      }
    }
    if (s.count && !s.quiet) yield* t.say(`${this.prefixName(":")}${this.selected}\n`);
    if (!s.quiet && s.list !== "" && (s.list === "l") === this.selected > 0) yield* t.say(this.listed());
    return this.selected;
  }

  private *line(line: Line): Run<void> {
    const { s } = this;
    const chosen = this.selected < s.max && this.regex.test(line.text) !== s.invert;
    if (this.regex.exhausted) throw new Mistake("pattern too large");
    if (chosen) return yield* this.choose(line);
    if (this.silentOutput) return;
    if (this.pendingAfter > 0) {
      this.pendingAfter--;
      yield* this.print(line, this.number, this.offset, "-");
    } else if (s.before > 0) {
      this.held.push({ line, number: this.number, offset: this.offset });
      if (this.held.length > s.before) this.held.shift();
    }
  }

  private *choose(line: Line): Run<void> {
    const { s } = this;
    this.selected++;
    if (s.quiet || s.list !== "") {
      this.stopped = true;
      return;
    }
    if (s.count) return;
    if (this.binary) {
      this.shared.used = true;
      return yield* this.binaryMatches();
    }
    const first = this.held[0]?.number ?? this.number;
    if (s.context && this.shared.used && (this.lastPrinted === 0 || first > this.lastPrinted + 1)) yield* this.gap();
    for (const h of this.held) yield* this.print(h.line, h.number, h.offset, "-");
    this.held.length = 0;
    yield* this.print(line, this.number, this.offset, ":");
    this.shared.used = true;
    this.pendingAfter = s.after;
  }

  private *gap(): Run<void> {
    const { separator, color } = this.s;
    if (separator !== undefined) yield* this.t.say(color ? `${paint("36", separator)}\n` : `${separator}\n`);
  }

  private *binaryMatches(): Run<void> {
    this.stopped = true;
    yield* this.t.out.flush();
    yield* this.t.proc.warn(`${this.t.name}: ${this.name}: binary file matches\n`);
  }

  private listed(): string {
    return `${this.s.color ? paint("35", this.name) : this.name}${this.s.nullName ? "\0" : "\n"}`;
  }

  private prefixName(sep: string): string {
    const { s } = this;
    if (!s.names) return "";
    const name = s.color ? paint("35", this.name) : this.name;
    return name + (s.nullName ? "\0" : s.color ? paint("36", sep) : sep);
  }

  private head(number: number, offset: number, sep: string): Octets {
    const { s } = this;
    const mark = s.color ? paint("36", sep) : sep;
    const width = s.align ? 2 : 0;
    let out = octets(this.prefixName(sep));
    if (s.number) out += (s.color ? paint("32", String(number).padStart(width)) : String(number).padStart(width)) + mark;
    if (s.offset) out += (s.color ? paint("32", String(offset).padStart(width)) : String(offset).padStart(width)) + mark;
    return s.align && out !== "" ? `${out}\t` : out;
  }

  private *print(line: Line, number: number, offset: number, sep: ":" | "-"): Run<void> {
    const { s } = this;
    if (s.binary !== "text" && hasBadEncoding(line.text)) {
      if (s.binary === "binary") yield* this.binaryMatches();
      this.stopped = true;
      return;
    }
    this.lastPrinted = number;
    if (s.onlyMatching) {
      if (sep === ":" && !s.invert) yield* this.printMatches(line, number, offset);
      return;
    }
    const text = s.color && (sep === ":") !== s.invert ? this.colored(line.text) : line.text;
    yield* this.t.print(this.head(number, offset, sep) + text + s.end);
  }

  private *printMatches(line: Line, number: number, offset: number): Run<void> {
    for (const [from, to] of this.spans(line.text)) {
      const text = line.text.slice(from, to);
      yield* this.t.print(this.head(number, offset + from, ":") + (this.s.color ? paint("01;31", text) : text) + this.s.end);
    }
  }

  private *spans(text: Octets): Generator<readonly [number, number], void, unknown> {
    for (let at = 0; at <= text.length; ) {
      const m = this.regex.exec(text, at);
      if (!m) return;
      const [from, to] = [m[0]!, m[1]!];
      if (to > from) yield [from, to];
      at = to > from ? to : from + 1;
    }
  }

  private colored(text: Octets): Octets {
    let out = "";
    let at = 0;
    for (const [from, to] of this.spans(text)) {
      out += text.slice(at, from) + paint("01;31", text.slice(from, to));
      at = to;
    }
    return out + text.slice(at);
  }
}

// -- files -------------------------------------------------------------------------------------------------------------

class Search {
  private readonly t: Tool;
  private readonly s: Settings;
  private readonly regex: Regex;
  private readonly outInode: Inode | undefined;
  matched = false;
  failed = false;
  used = false;

  constructor(t: Tool, s: Settings, regex: Regex) {
    this.t = t;
    this.s = s;
    this.regex = regex;
    this.outInode = t.proc.fds.get(1)?.inode;
  }

  get done(): boolean {
    return this.s.quiet && this.matched;
  }

  private *complain(text: string): Run<void> {
    this.failed = true;
    if (!this.s.silent) yield* this.t.warn(text);
  }

  /** A file of the command line, or one found below a directory. */
  *file(name: string, given: boolean): Run<void> {
    const { s, t } = this;
    const shown = name === "-" ? s.label : name;
    const inode = name === "-" ? undefined : t.proc.machine.fs.stat(name);
    if (inode?.ok && inode.value.type === "dir") {
      if (s.directories === "recurse") return yield* this.directory(name);
      if (s.directories === "skip") return;
    }
    if (given && inode?.ok && this.excluded(name, s.exclude, s.include)) return;
    if (!given && inode?.ok && inode.value.type === "device") return;
    const input = t.open(name);
    if (typeof input === "string") return yield* this.complain(`${shown}: ${strerror(input)}`);
    if (this.isOutput(t.proc, input)) yield* this.complain(`${shown}: input file is also the output`);
    else if ((yield* new FileSearch(t, s, this.regex, shown, this).run(input)) > 0) this.matched = true;
    if (input.error) yield* this.complain(`${shown}: ${strerror(input.error)}`);
    input.close();
  }

  private isOutput(proc: Process, input: Input): boolean {
    const { s } = this;
    return this.outInode !== undefined && !s.quiet && s.list === "" && s.max > 1 && proc.fds.get(input.fd)?.inode === this.outInode;
  }

  private excluded(name: string, exclude: readonly string[], include: readonly string[]): boolean {
    const base = name.slice(name.lastIndexOf("/") + 1);
    const hit = (globs: readonly string[]): boolean => globs.some((g) => matches(patternOf(g), base) || matches(patternOf(g), name));
    return hit(exclude) || (include.length > 0 && !hit(include));
  }

  /** Entries in the order in which the file system gives them: tmpfs has the newest first. */
  *directory(dir: string): Run<void> {
    const { s, t } = this;
    const where = dir === "" ? "." : dir;
    const found = t.proc.machine.fs.readdir(where);
    if (!found.ok) return yield* this.complain(`${where}: ${strerror(found.error)}`);
    const stat = t.proc.machine.fs.stat(where);
    const names = stat.ok && stat.value.entries ? [...stat.value.entries.keys()].reverse() : found.value;
    for (const name of names) {
      if (this.done) return;
      const path = dir === "" ? name : dir.endsWith("/") ? dir + name : `${dir}/${name}`;
      const inode = t.proc.machine.fs.stat(path, { follow: false });
      if (!inode.ok || inode.value.type === "symlink") continue;
      if (inode.value.type === "dir") {
        if (!s.excludeDir.some((g) => matches(patternOf(g), name))) yield* this.directory(path);
      } else if (!this.excluded(path, s.exclude, s.include)) yield* this.file(path, false);
    }
  }
}

// -- the command ---------------------------------------------------------------------------------------------------------

function* usage(t: Tool, text: string): Run<number> {
  yield* t.out.flush();
  if (text !== "") yield* t.proc.warn(`${t.name}: ${text}\n`);
  yield* t.proc.warn(`Usage: ${t.name} [OPTION]... PATTERNS [FILE]...\nTry '${t.name} --help' for more information.\n`);
  return 2;
}

function* readPatternFile(t: Tool, s: Settings, name: string): Run<boolean> {
  const input = t.open(name);
  if (typeof input === "string") {
    yield* t.warn(`${name}: ${strerror(input)}`);
    return false;
  }
  for (let line = yield* input.line(); line; line = yield* input.line()) s.patterns.push(line.text);
  input.close();
  return true;
}

function* grepMain(t: Tool, proc: Process, args: readonly string[]): Run<number> {
  const s = defaults(proc.name.slice(proc.name.lastIndexOf("/") + 1));
  const { options, operands, error } = getopt(args, SHORTS, LONGS);
  const given = new Set<string>();
  const context: Context = { digits: "", at: -1, both: -1, before: -1, after: -1 };
  let explicit = false;
  for (const o of options) {
    if (o.key === "help") {
      yield* t.say(helpText(man));
      return 0;
    }
    if (o.key === "V") {
      yield* t.say("grep (GNU grep) 3.8\n");
      return 0;
    }
    if (o.key === "exclude-from") return yield* t.notEmulated("grep --exclude-from");
    if (o.key === "e") s.patterns.push(...octets(o.value!).split("\n"));
    else if (o.key === "f") {
      if (!(yield* readPatternFile(t, s, o.value!))) return 2;
    } else applyOption(t, s, o, given, context);
    explicit ||= o.key === "e" || o.key === "f";
  }
  if (error !== undefined) return yield* usage(t, error);
  s.context = Math.max(context.before, context.after, context.both) >= 0;
  s.before = context.before >= 0 ? context.before : Math.max(0, context.both);
  s.after = context.after >= 0 ? context.after : Math.max(0, context.both);
  const files = [...operands];
  if (!explicit) {
    const pattern = files.shift();
    if (pattern === undefined) return yield* usage(t, "");
    s.patterns.push(...octets(pattern).split("\n"));
  }
  return yield* search(t, s, files);
}

function* search(t: Tool, s: Settings, files: readonly string[]): Run<number> {
  if (s.max === 0 || s.list !== "") s.count = s.count && s.list === "";
  const nothing = s.patterns.length === 0; // -f /dev/null: no pattern, no match
  const regex = compile(nothing ? { ...s, patterns: ["$^a"], matcher: "E" } : s);
  for (const w of regex.warnings) yield* t.warn(`warning: ${w}`);
  const recursive = s.directories === "recurse";
  s.names ??= files.length > 1 || (recursive && (files.length === 0 || isDirectory(t.proc, files[0]!)));
  if (s.max === 0 && !s.count && s.list === "") return 1;
  const job = new Search(t, s, regex);
  if (recursive && files.length === 0) yield* job.directory("");
  for (const name of files.length > 0 || recursive ? files : ["-"]) {
    if (job.done) break;
    yield* job.file(name, true);
  }
  return job.done ? 0 : job.failed ? 2 : job.matched ? 0 : 1;
}

function isDirectory(proc: Process, name: string): boolean {
  const found = proc.machine.fs.stat(name);
  return found.ok && found.value.type === "dir";
}

export const grep = defineCommand({
  name: "grep",
  aliases: ["egrep", "fgrep"],
  man,
  *run(proc, args) {
    // egrep and fgrep are scripts that run grep.
    const t = new Tool(proc, /^(.*\/)?[ef]grep$/.test(proc.name) ? "grep" : proc.name);
    let status: number;
    try {
      status = yield* grepMain(t, proc, args);
    } catch (e) {
      if (!(e instanceof Mistake)) throw e;
      if (e.usage) yield* usage(t, e.text);
      status = e.usage ? 1 : yield* t.error(e.text, 2);
    }
    yield* t.out.flush();
    if (!t.out.error || t.out.error === "EBADF") return status;
    yield* proc.warn(`${t.name}: write error: ${strerror(t.out.error)}\n`);
    return 2;
  },
});
