/** jq: JSON processor 1.6, Debian's. */
import { strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { type Octets, octets, textOf } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { type Input, Tool } from "../tool.ts";
import { wallTime } from "../wall-clock.ts";
import { type Colors, dump, type DumpOptions } from "./jq/dump.ts";
import { libraryNames, makeLibrary } from "./jq/library.ts";
import { Halt, type Host, Machine } from "./jq/machine.ts";
import { nativeNames, NOT_EMULATED as REFUSED } from "./jq/natives.ts";
import { CompileErrors, Parser } from "./jq/parser.ts";
import { JsonReader, parseJson } from "./jq/read.ts";
import type { Node } from "./jq/syntax.ts";
import { bounded, type Json, JqError, OutOfMemory } from "./jq/value.ts";

const man = {
  summary: "Command-line JSON processor",
  synopsis: ["jq [options] filter [file ...]"],
  emulated: [
    "-n -r -j -a -s -c -C -M -S -e -R -f -h, --tab --indent n --arg --argjson --slurpfile --rawfile --args --jsonargs --unbuffered", "paths, slices, ?, .., pipes, commas, // and or not, if, try, reduce, foreach, label and break, def, ?//, destructuring, string interpolation, @text @json @csv @tsv @html @uri @sh @base64 @base64d",
    "assignment: = |= += -= *= /= %= //=", "the functions of 1.6; regular expressions without back-references take time linear in the text", "exit status 2 usage, 3 the filter, 4 input that is no JSON, 5 an error of the filter; with -e 1 when the last result was false or null",
  ],
  notEmulated: ["--stream, --stream-errors, --seq, --debug-dump-disasm, -L, import, include, module", "gamma lgamma tgamma erf erfc j0 j1 jn y0 y1 yn, modulemeta, get_search_list"],
  examples: ["ip -j addr | jq -r '.[].ifname'", "ip -j route | jq '.[] | select(.dst == \"default\")'", "ip -j -s link | jq '.[] | { ifname, rx: .stats64.rx.bytes }'"],
};

interface Settings {
  filter: string | undefined;
  fromFile: boolean;
  operands: string[];
  nullInput: boolean;
  raw: boolean;
  join: boolean;
  slurp: boolean;
  rawInput: boolean;
  exitStatus: boolean;
  dump: DumpOptions;
  colors: boolean;
  named: Map<string, Json>;
  positional: Json[];
}

/** Ends jq before it runs. */
class Refusal {
  readonly status: number;
  readonly text: string;
  constructor(status: number, text: string) {
    this.status = status;
    this.text = text;
  }
}

const DEFAULT_COLORS: Colors = { null: "\x1b[1;30m", false: "\x1b[0;39m", true: "\x1b[0;39m", number: "\x1b[0;39m", string: "\x1b[0;32m", array: "\x1b[1;39m", object: "\x1b[1;39m" };

const COLOR_LIST = /^[0-9;:]*$/;

/** JQ_COLORS="0;31:...": null, false, true, numbers, strings, arrays, objects. */
function colorsOf(spec: string | undefined): Colors {
  const out = { ...DEFAULT_COLORS };
  if (spec === undefined || !COLOR_LIST.test(spec)) return out;
  const names = ["null", "false", "true", "number", "string", "array", "object"] as const;
  spec.split(":").slice(0, 7).forEach((c, i) => (out[names[i]!] = `\x1b[${c}m`));
  return out;
}

const SHORT_USAGE = `Usage:\tjq [options] <jq filter> [file...]
\tjq [options] --args <jq filter> [strings...]
\tjq [options] --jsonargs <jq filter> [JSON_TEXTS...]
`;

const SEE_HELP = `Use jq --help for help with command-line options,\nor see the jq manpage, or online docs  at https://stedolan.github.io/jq\n`;

const refuse = (text: string): Refusal => new Refusal(2, `jq: ${text}\n${SEE_HELP}`);

const helpText = (): string => `jq - commandline JSON processor [version 1.6]\n\n${SHORT_USAGE}\n${man.emulated.map((l) => `  ${l}\n`).join("")}\nNot emulated:\n${man.notEmulated.map((l) => `  ${l}\n`).join("")}`;

/** Reads options as jq's main.c does: letters may stand together, long ones have other letters' meaning. */
class Options {
  readonly s: Settings;
  private readonly args: readonly string[];
  private readonly t: Tool;
  private i = 0;
  private further: "files" | "args" | "jsonargs" = "files";
  help = false;
  version = false;

  constructor(t: Tool, args: readonly string[]) {
    this.t = t;
    this.args = args;
    this.s = { filter: undefined, fromFile: false, operands: [], nullInput: false, raw: false, join: false, slurp: false, rawInput: false, exitStatus: false, dump: { indent: 2 }, colors: t.proc.fds.get(1)?.kind === "tty", named: new Map(), positional: [] };
  }

  *read(): Run<void> {
    let options = true;
    for (; this.i < this.args.length; this.i++) {
      const arg = this.args[this.i]!;
      if (options && arg === "--") {
        options = false;
      } else if (options && arg.startsWith("--")) yield* this.long(arg.slice(2));
      else if (options && /^-[A-Za-z]/.test(arg)) this.letters(arg.slice(1));
      else this.operand(arg);
    }
  }

  private operand(arg: string): void {
    if (this.s.filter === undefined) this.s.filter = arg;
    else if (this.further === "files") this.s.operands.push(arg);
    else if (this.further === "args") this.s.positional.push(arg);
    else {
      const parsed = parseJson(octets(arg));
      if (!("value" in parsed)) throw refuse("Invalid JSON text passed to --jsonargs");
      this.s.positional.push(parsed.value);
    }
  }

  private letters(letters: string): void {
    for (const c of letters) {
      switch (c) {
        case "s": this.s.slurp = true; break;
        case "r": this.s.raw = true; break;
        case "j": this.s.raw = this.s.join = true; break;
        case "a": this.s.dump.ascii = true; break;
        case "n": this.s.nullInput = true; break;
        case "c": this.s.dump.indent = undefined; break;
        case "C": this.s.colors = true; break;
        case "M": this.s.colors = false; break;
        case "S": this.s.dump.sortKeys = true; break;
        case "R": this.s.rawInput = true; break;
        case "e": this.s.exitStatus = true; break;
        case "f": this.s.fromFile = true; break;
        case "h": this.help = true; break;
        case "V": this.version = true; break;
        case "L": throw new Refusal(95, "packetwalk: 'jq -L' is not emulated\n");
        default: throw refuse(`Unknown option -${letters}`);
      }
    }
  }

  private *long(name: string): Run<void> {
    switch (name) {
      case "slurp": return this.letters("s");
      case "raw-output": return this.letters("r");
      case "join-output": return this.letters("j");
      case "ascii-output": return this.letters("a");
      case "null-input": return this.letters("n");
      case "compact-output": return this.letters("c");
      case "color-output": return this.letters("C");
      case "monochrome-output": return this.letters("M");
      case "sort-keys": return this.letters("S");
      case "raw-input": return this.letters("R");
      case "exit-status": return this.letters("e");
      case "from-file": return this.letters("f");
      case "help": return this.letters("h");
      case "version": return this.letters("V");
      case "unbuffered":
        this.t.out.unbuffered = true;
        return;
      case "tab":
        this.s.dump.indent = "tab";
        return;
      case "indent": return this.indent();
      case "args":
      case "jsonargs":
        this.further = name;
        return;
      case "arg":
      case "argjson":
      case "slurpfile":
      case "rawfile": return yield* this.named(name);
      case "stream":
      case "stream-errors":
      case "seq":
      case "debug-dump-disasm":
      case "debug-trace":
      case "run-tests": throw new Refusal(95, `packetwalk: 'jq --${name}' is not emulated\n`);
      default: throw refuse(`Unknown option --${name}`);
    }
  }

  private indent(): void {
    const text = this.args[++this.i];
    if (text === undefined) throw refuse("--indent takes one parameter");
    const n = Number.parseInt(text, 10) || 0;
    if (n < -1 || n > 7) throw refuse("--indent takes a number between -1 and 7");
    this.s.dump.indent = n < 0 ? "tab" : n === 0 ? undefined : n;
  }

  private *named(option: "arg" | "argjson" | "slurpfile" | "rawfile"): Run<void> {
    const [name, value] = [this.args[this.i + 1], this.args[this.i + 2]];
    const takes = option === "arg" ? "(e.g. --arg varname value)" : option === "argjson" ? "(e.g. --argjson varname text)" : `(e.g. --${option} varname filename)`;
    if (name === undefined || value === undefined) throw refuse(`--${option} takes two parameters ${takes}`);
    this.i += 2;
    if (this.s.named.has(name)) return;
    if (option === "arg") this.s.named.set(name, value);
    else if (option === "argjson") this.s.named.set(name, this.json(value));
    else this.s.named.set(name, yield* this.file(option, name, value));
  }

  private json(text: string): Json {
    const parsed = parseJson(octets(text));
    if ("value" in parsed) return parsed.value;
    throw refuse("invalid JSON text passed to --argjson");
  }

  private *file(option: "slurpfile" | "rawfile", name: string, path: string): Run<Json> {
    const bad = (why: string): Refusal => new Refusal(2, `jq: Bad JSON in --${option} ${name} ${path}: ${why}\n`);
    const input = this.t.open(path);
    if (typeof input === "string") throw bad(`Could not open ${path}: ${strerror(input)}`);
    const text = yield* input.all();
    input.close();
    if (option === "rawfile") return textOf(text);
    const reader = new JsonReader();
    reader.feed(text);
    reader.finish();
    const values: Json[] = [];
    for (;;) {
      const got = reader.read();
      if (got === "end" || got === "more") return values;
      if ("error" in got) throw bad(got.error);
      values.push(got.value);
    }
  }
}

/** A mistake of the input: the rest of it is not read. */
class BadInput {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The JSON texts, or lines, of all files one after the other. */
class Inputs {
  failed = false;
  private readonly reader = new JsonReader();
  private input: Input | undefined;
  private queue: string[];
  private file: string | undefined;
  private text: Octets = "";
  private lines = 0;
  private ended = false;
  private partial: Octets = "";
  private readonly t: Tool;
  private readonly s: Settings;
  private slurped = false;

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
    this.queue = s.operands.length > 0 ? [...s.operands] : ["-"];
  }

  /** As messages name it. */
  get place(): string {
    if (this.input === undefined && this.file === undefined) return "<unknown>";
    return `${this.file ?? "<stdin>"}:${this.lines}`;
  }
  get line(): number {
    return this.lines;
  }
  get name(): Json {
    return this.file ?? null;
  }

  /** The next line, with its end; undefined after the last file. jq reads by lines, and counts them as it reads. */
  private *nextLine(): Run<Octets | undefined> {
    for (;;) {
      const nl = this.text.indexOf("\n");
      if (nl >= 0) {
        const line = this.text.slice(0, nl + 1);
        this.text = this.text.slice(nl + 1);
        this.lines++;
        return line;
      }
      const chunk = this.input ? yield* this.input.chunk() : "";
      if (chunk !== "") {
        this.text = bounded(this.text + chunk);
        continue;
      }
      if (this.text !== "") {
        const rest = this.text;
        this.text = "";
        return rest;
      }
      if (!(yield* this.openNext())) return undefined;
    }
  }

  private *openNext(): Run<boolean> {
    if (this.input?.error) this.failed = true; // a directory: jq exits with 2 and says nothing
    this.input?.close();
    for (let name = this.queue.shift(); name !== undefined; name = this.queue.shift()) {
      const opened = this.s.operands.length > 0 ? this.t.openExactly(name) : this.t.open(name);
      if (typeof opened !== "string") {
        this.input = opened;
        this.file = this.s.operands.length > 0 ? name : undefined;
        this.lines = 0;
        return true;
      }
      yield* this.t.out.flush();
      yield* this.t.proc.warn(`jq: error: Could not open file ${name}: ${strerror(opened)}\n`);
      this.failed = true;
    }
    return false;
  }

  *next(): Run<Json | undefined> {
    if (this.s.slurp) return yield* this.slurp();
    return this.s.rawInput ? yield* this.rawLine() : yield* this.json();
  }

  private *rawLine(): Run<Json | undefined> {
    for (;;) {
      const line = yield* this.nextLine();
      if (line === undefined) {
        if (this.partial === "") return undefined;
        const rest = this.partial;
        this.partial = "";
        return textOf(rest);
      }
      this.partial += line;
      if (!line.endsWith("\n")) continue;
      const whole = this.partial.slice(0, -1);
      this.partial = "";
      return textOf(whole);
    }
  }

  private *slurp(): Run<Json | undefined> {
    if (this.slurped) return undefined;
    this.slurped = true;
    if (this.s.rawInput) {
      let text = "";
      for (let line = yield* this.nextLine(); line !== undefined; line = yield* this.nextLine()) text = bounded(text + line);
      return textOf(text);
    }
    const values: Json[] = [];
    for (let v = yield* this.json(); v !== undefined; v = yield* this.json()) {
      values.push(v);
      if (values.length % 1000 === 0) bounded([...values]);
    }
    return values;
  }

  private *json(): Run<Json | undefined> {
    for (;;) {
      const got = this.reader.read();
      if (typeof got !== "string") {
        if ("value" in got) return got.value;
        throw new BadInput(got.error);
      }
      if (got === "end" || this.ended) return undefined;
      const line = yield* this.nextLine();
      if (line !== undefined) this.reader.feed(line);
      else {
        this.reader.finish();
        // One more look: a number may have been waiting for its end.
        const last = this.reader.read();
        this.ended = true;
        if (typeof last === "string") return undefined;
        if ("value" in last) return last.value;
        throw new BadInput(last.error);
      }
    }
  }
}

class JqRun {
  private readonly t: Tool;
  private readonly s: Settings;
  private readonly inputs: Inputs;
  private readonly machine: Machine;
  private status = 0;
  /** The last result, for -e; undefined: none. */
  private last: Json | undefined;
  private used = false;

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
    this.inputs = new Inputs(t, s);
    this.machine = new Machine(t.proc, this.host());
  }

  private host(): Host {
    const { inputs } = this;
    const { proc } = this.t;
    const plain: DumpOptions = {};
    return {
      input: () => inputs.next(),
      warn: (text) => this.warn(text),
      env: () => new Map(proc.env),
      inputFile: () => inputs.name,
      inputLine: () => inputs.line,
      now: () => {
        const { seconds, nanos } = wallTime(proc.now);
        return seconds + Math.floor(nanos / 1000) / 1e6;
      },
      names: () => [...libraryNames(), ...nativeNames()],
      debugText: (v) => `${dump(["DEBUG:", v], plain)}\n`,
      plainText: (v) => dump(v, plain),
    };
  }

  private *warn(text: string): Run<void> {
    yield* this.t.out.flush();
    yield* this.t.proc.warn(text);
  }

  private compile(text: string): Node {
    const ids = { next: 1 };
    const library = makeLibrary(ids);
    const parser = new Parser(text, (name, arity) => {
      if (REFUSED.includes(`${name}/${arity}`)) throw new Refusal(95, `packetwalk: 'jq ${name}' is not emulated\n`);
      return library(name, arity);
    }, ids);
    const args = new Map<string, Json>([["positional", this.s.positional], ["named", this.s.named]]);
    const globals: [number, Json][] = [...this.s.named].map(([name, value]) => [parser.bindGlobal(name), value]);
    globals.push([parser.bindGlobal("ARGS"), args]);
    const program = parser.program();
    this.machine.globals(globals);
    return program;
  }

  *run(text: string): Run<number> {
    const program = this.compile(text);
    if (this.s.nullInput) yield* this.process(program, null);
    else yield* this.eachInput(program);
    if (this.inputs.failed) this.status = 2;
    if (this.status !== 0 || !this.s.exitStatus) return this.status;
    if (!this.used) return 0;
    return this.last === undefined ? 4 : this.last === null || this.last === false ? 1 : 0;
  }

  private *eachInput(program: Node): Run<void> {
    for (;;) {
      let v: Json | undefined;
      try {
        v = yield* this.inputs.next();
      } catch (e) {
        if (!(e instanceof BadInput)) throw e;
        yield* this.warn(`parse error: ${e.text}\n`);
        this.status = 4;
        return;
      }
      if (v === undefined) return;
      this.status = 0;
      yield* this.process(program, v);
    }
  }

  private *process(program: Node, input: Json): Run<void> {
    this.machine.start(program, input);
    this.used = true;
    this.last = undefined;
    try {
      for (let v = yield* this.machine.next(); v !== undefined; v = yield* this.machine.next()) {
        this.last = v;
        yield* this.print(v);
      }
    } catch (e) {
      if (!(e instanceof JqError)) throw e;
      this.status = 5;
      const text = typeof e.value === "string" ? `: ${e.value.split("\0")[0]}` : ` (not a string): ${dump(e.value)}`;
      yield* this.warn(`jq: error (at ${this.inputs.place})${text}\n`);
    }
  }

  private *print(v: Json): Run<void> {
    const text = this.s.raw && typeof v === "string" ? (this.s.dump.ascii ? dump(v, { ascii: true }) : v) : dump(v, this.s.dump);
    yield* this.t.say(this.s.join ? text : `${text}\n`);
  }
}

/** Between pipes the filter may be left out; before a person that is a question. */
function* noFilter(t: Tool): Run<string> {
  const tty = (fd: number): boolean => t.proc.fds.get(fd)?.kind === "tty";
  if (!tty(0) || !tty(1)) return ".";
  yield* t.proc.warn(helpText());
  throw new Refusal(2, "");
}

function* readFilter(t: Tool, s: Settings): Run<string> {
  const { filter } = s;
  if (filter === undefined) return yield* noFilter(t);
  if (!s.fromFile) return filter;
  const input = t.open(filter);
  if (typeof input === "string") throw new Refusal(2, `jq: Could not open ${filter}: ${strerror(input)}\n`);
  const text = textOf(yield* input.all());
  input.close();
  return text;
}

function* compileFailed(proc: Process, e: CompileErrors): Run<number> {
  const hidden = e.messages.find((m) => m.startsWith("\0"));
  if (hidden?.startsWith("\0jq ")) {
    yield* proc.warn(`packetwalk: '${hidden.slice(1)}' is not emulated\n`);
    return 95;
  }
  for (const m of e.messages) yield* proc.warn(`jq: error: ${m.replace("\0", "")}\n`);
  yield* proc.warn(`jq: ${e.messages.length} compile error${e.messages.length === 1 ? "" : "s"}\n`);
  return 3;
}

function* jqMain(t: Tool, args: readonly string[]): Run<number> {
  const options = new Options(t, args);
  yield* options.read();
  if (options.help) {
    yield* t.say(helpText());
    return 0;
  }
  if (options.version) {
    yield* t.say("jq-1.6\n");
    return 0;
  }
  const { s } = options;
  if (s.colors) {
    const spec = t.proc.env.get("JQ_COLORS");
    if (spec !== undefined && !COLOR_LIST.test(spec)) yield* t.proc.warn("Failed to set $JQ_COLORS\n");
    s.dump.colors = colorsOf(spec);
  }
  const filter = yield* readFilter(t, s);
  return yield* new JqRun(t, s).run(filter);
}

/** What ends jq from within. */
function* ended(t: Tool, e: unknown): Run<number> {
  if (e instanceof Refusal) {
    yield* t.proc.warn(e.text);
    return e.status;
  }
  if (e instanceof CompileErrors) return yield* compileFailed(t.proc, e);
  if (e instanceof OutOfMemory) {
    yield* t.proc.warn("error: cannot allocate memory\n");
    return 134;
  }
  if (e instanceof Halt) {
    if (e.message !== undefined && e.message !== null) yield* t.proc.warn(typeof e.message === "string" ? e.message : `${dump(e.message)}\n`);
    return e.status;
  }
  if (e instanceof BadInput) {
    yield* t.proc.warn(`parse error: ${e.text}\n`);
    return 4;
  }
  throw e;
}

export const jq = defineCommand({
  name: "jq",
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    let status: number;
    try {
      status = yield* jqMain(t, args);
    } catch (e) {
      yield* t.out.flush();
      status = yield* ended(t, e);
    }
    yield* t.out.flush();
    if (!t.out.error) return status;
    yield* proc.warn(`jq: error: writing output failed: ${strerror(t.out.error)}\n`);
    return 2;
  },
});
