/** xargs: findutils 4.9.0. */
import { strerror } from "../../kernel/errno.ts";
import { spawnCommand } from "../exec.ts";
import type { GivenOption } from "../getopt.ts";
import { octets, textOf } from "../octets.ts";
import { statusOf, type Process, type Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

interface Settings {
  delimiter: string | undefined;
  eof: string | undefined;
  maxArgs: number;
  maxLines: number;
  maxChars: number;
  replace: string | undefined;
  parallel: number;
  noRunIfEmpty: boolean;
  trace: boolean;
  exitOnSize: boolean;
}

/** What a command line may hold (the default of -s on Linux). */
const MAX_CHARS = 131072;

class Runner {
  status = 0;
  /** xargs stops at once: a command said so, or could not be run. */
  fatal = false;
  private readonly t: Tool;
  private readonly s: Settings;
  private readonly running = new Set<Process>();

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
  }

  *start(words: readonly string[]): Run<void> {
    const { t, s } = this;
    while (this.running.size >= s.parallel) yield* this.one();
    if (this.fatal) return;
    if (s.trace) yield* t.proc.warn(`${words.join(" ")}\n`);
    // Standard input of the commands is /dev/null: what is left of the list is not theirs.
    const fds = new Map(t.proc.fds);
    const nothing = t.proc.machine.fs.open(t.proc, "/dev/null", { read: true });
    if (nothing.ok) fds.set(0, nothing.value);
    const child = spawnCommand(t.proc, words, { fds });
    if (typeof child !== "string") {
      this.running.add(child);
      if (s.parallel === 1) yield* this.one();
      return;
    }
    yield* t.warn(`${words[0]}: ${strerror(child)}`);
    this.status = child === "ENOENT" ? 127 : 126;
    this.fatal = true;
  }

  *tooLong(): Run<void> {
    yield* this.t.warn("argument line too long");
    this.status = 1;
    this.fatal = true;
  }

  /** Waits for one of them. */
  private *one(): Run<void> {
    for (;;) {
      const done = [...this.running].find((p) => p.exit);
      if (done) {
        this.running.delete(done);
        this.t.proc.reap(done);
        yield* this.note(done);
        return;
      }
      yield { child: true };
    }
  }

  private *note(child: Process): Run<void> {
    const exit = child.exit!;
    const name = child.argv[0]!;
    if ("signal" in exit) {
      yield* this.t.warn(`${name}: terminated by signal ${statusOf(exit) - 128}`);
      this.status = 125;
      this.fatal = true;
    } else if (exit.code === 255) {
      yield* this.t.warn(`${name}: exited with status 255; aborting`);
      this.status = 124;
      this.fatal = true;
    } else if (exit.code !== 0 && !this.fatal) this.status = 123;
  }

  *finish(): Run<number> {
    while (this.running.size > 0) yield* this.one();
    return this.status;
  }
}

/** A word of the input and whether a line ended after it. */
interface Item {
  word: string;
  lineEnd: boolean;
}

function* items(t: Tool, input: Input, s: Settings): Run<Item[] | undefined> {
  const text = textOf(yield* input.all());
  if (s.delimiter !== undefined) {
    const parts = text.split(s.delimiter);
    if (parts[parts.length - 1] === "") parts.pop();
    return parts.map((word) => ({ word, lineEnd: true }));
  }
  if (s.replace !== undefined) return yield* wholeLines(t, text, s);
  return yield* quotedWords(t, text, s);
}

/** With -I: lines, without leading blanks; quotes still count. */
function* wholeLines(t: Tool, text: string, s: Settings): Run<Item[] | undefined> {
  const out: Item[] = [];
  for (const line of text.split("\n")) {
    const word = yield* unquote(t, line.replace(/^[ \t]+/, ""));
    if (word === undefined) return undefined;
    if (word === s.eof) break;
    if (word !== "") out.push({ word, lineEnd: true });
  }
  return out;
}

function* unquote(t: Tool, line: string): Run<string | undefined> {
  let out = "";
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (c === "\\" && i + 1 < line.length) out += line[++i]!;
    else if (c === "'" || c === '"') {
      const end = line.indexOf(c, i + 1);
      if (end < 0) {
        yield* unmatched(t, c);
        return undefined;
      }
      out += line.slice(i + 1, end);
      i = end;
    } else out += c;
  }
  return out;
}

function* unmatched(t: Tool, c: string): Run<void> {
  yield* t.error(`unmatched ${c === "'" ? "single" : "double"} quote; by default quotes are special to xargs unless you use the -0 option`);
}

function* quotedWords(t: Tool, text: string, s: Settings): Run<Item[] | undefined> {
  const out: Item[] = [];
  let word: string | undefined;
  const finish = (lineEnd: boolean): boolean => {
    if (word !== undefined) out.push({ word, lineEnd });
    else if (lineEnd && out.length > 0) out[out.length - 1]!.lineEnd = true;
    const stop = word !== undefined && word === s.eof;
    word = undefined;
    return stop;
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === " " || c === "\t" || c === "\n") {
      // A trailing blank carries a line on (-L).
      const continued = c === "\n" && i > 0 && (text[i - 1] === " " || text[i - 1] === "\t");
      if (finish(c === "\n" && !continued)) {
        out.pop();
        return out;
      }
    } else if (c === "\\" && i + 1 < text.length) word = (word ?? "") + text[++i]!;
    else if (c === "'" || c === '"') {
      const nl = text.indexOf("\n", i);
      const end = text.indexOf(c, i + 1);
      // The words before it are still run.
      if (end < 0 || (nl >= 0 && nl < end)) {
        yield* unmatched(t, c);
        return out;
      }
      word = (word ?? "") + text.slice(i + 1, end);
      i = end;
    } else word = (word ?? "") + c;
  }
  if (finish(true)) out.pop();
  return out;
}

function* replaceEach(runner: Runner, command: readonly string[], list: readonly Item[], pattern: string): Run<void> {
  for (const { word } of list) {
    yield* runner.start(command.map((w, i) => (i === 0 && !w.includes(pattern) ? w : w.split(pattern).join(word))));
    if (runner.fatal) return;
  }
}

function* batches(runner: Runner, command: readonly string[], list: readonly Item[], s: Settings): Run<void> {
  const base = command.reduce((n, w) => n + octets(w).length + 1, 0);
  let words: string[] = [];
  let size = base;
  let linesSeen = 0;
  const flush = function* (): Run<void> {
    if (words.length > 0) yield* runner.start([...command, ...words]);
    words = [];
    size = base;
    linesSeen = 0;
  };
  for (const { word, lineEnd } of list) {
    const length = octets(word).length + 1;
    if (base + length > s.maxChars) {
      yield* flush();
      return void (yield* runner.tooLong());
    }
    if (words.length > 0 && size + length > s.maxChars) yield* flush();
    words.push(word);
    size += length;
    if (lineEnd) linesSeen++;
    if (words.length >= s.maxArgs || linesSeen >= s.maxLines) yield* flush();
    if (runner.fatal) return;
  }
  yield* flush();
}

function* number(t: Tool, o: GivenOption): Run<number | undefined> {
  const text = o.value ?? "1";
  if (!/^[0-9]+$/.test(text)) {
    yield* t.usage(`invalid number "${text}" for -${o.key} option`);
    return undefined;
  }
  if (Number(text) < 1 && o.key !== "P") {
    yield* t.usage(`value ${text} for -${o.key} option should be >= 1`);
    return undefined;
  }
  return Number(text);
}

function* settings(t: Tool, options: readonly GivenOption[]): Run<Settings | undefined> {
  const s: Settings = {
    delimiter: undefined, eof: undefined, maxArgs: Number.POSITIVE_INFINITY, maxLines: Number.POSITIVE_INFINITY, maxChars: MAX_CHARS, replace: undefined, parallel: 1, noRunIfEmpty: false, trace: false, exitOnSize: false,
  };
  const exclusive = function* (now: string, earlier: string): Run<void> {
    yield* t.warn(`warning: options ${now} and ${earlier} are mutually exclusive, ignoring previous ${earlier} value`);
  };
  for (const o of options) {
    if (o.key === "0") s.delimiter = "\0";
    else if (o.key === "d") s.delimiter = o.value === "\\n" ? "\n" : o.value === "\\t" ? "\t" : o.value === "\\0" ? "\0" : o.value![0]!;
    else if (o.key === "E" || o.key === "e") s.eof = o.value === "" ? undefined : o.value;
    else if (o.key === "I" || o.key === "i") {
      if (s.maxArgs !== Number.POSITIVE_INFINITY && s.replace === undefined) {
        yield* t.warn("warning: options --max-args and --replace/-I/-i are mutually exclusive, ignoring previous --max-args value");
        s.maxArgs = Number.POSITIVE_INFINITY;
      }
      s.replace = o.value ?? "{}";
    } else if (o.key === "r") s.noRunIfEmpty = true;
    else if (o.key === "t") s.trace = true;
    else if (o.key === "x") s.exitOnSize = true;
    else if (o.key === "n" || o.key === "L" || o.key === "l" || o.key === "s" || o.key === "P") {
      const n = yield* number(t, o);
      if (n === undefined) return undefined;
      if (o.key === "n") {
        if (s.replace !== undefined && n !== 1) {
          yield* exclusive("--replace", "--max-args");
          s.replace = undefined;
        }
        s.maxArgs = n;
      } else if (o.key === "s") s.maxChars = Math.min(n, MAX_CHARS);
      else if (o.key === "P") s.parallel = n === 0 ? 64 : n;
      else s.maxLines = n;
    }
  }
  return s;
}

export const xargs = defineTool({
  name: "xargs",
  suite: "GNU findutils",
  version: "4.9.0",
  man: {
    summary: "build and execute command lines from standard input",
    synopsis: ["xargs [OPTION]... COMMAND [INITIAL-ARGS]..."],
    emulated: ["-0, -d, -E, -I, -i, -L, -l, -n, -P, -r, -s, -t, -x, -a", "Exit status 123 to 127 as documented."],
    notEmulated: ["-p, -o, --process-slot-var, --show-limits"],
    examples: ["seq 3 | xargs -n1 echo", "printf '%s\\n' 10.0.0.1 10.0.0.2 | xargs -I{} ping -c1 {}"],
  },
  shorts: "+0a:d:E:e::I:i::L:l::n:P:prs:txo",
  longs: {
    null: "0", "arg-file": "a:", delimiter: "d:", eof: "e::", replace: "i::", "max-lines": "l::", "max-args": "n:", "max-procs": "P:", interactive: "p", "no-run-if-empty": "r", "max-chars": "s:", verbose: "t", exit: "x",
    "open-tty": "o", "show-limits": "limits", "process-slot-var": "slot:",
  },
  refused: ["p", "o", "limits", "slot"],
  *run(t, options, operands) {
    const s = yield* settings(t, options);
    if (!s) return t.status;
    const file = options.findLast((o) => o.key === "a")?.value;
    const input = t.open(file ?? "-");
    if (typeof input === "string") return yield* t.error(`Cannot open input file '${file}': ${strerror(input)}`);
    const list = yield* items(t, input, s);
    if (!list) return t.status;
    const command = operands.length > 0 ? operands : ["echo"];
    const runner = new Runner(t, s);
    if (s.replace !== undefined) yield* replaceEach(runner, command, list, s.replace);
    else if (list.length === 0) {
      if (!s.noRunIfEmpty && t.status === 0) yield* runner.start(command);
    } else yield* batches(runner, command, list, s);
    const status = yield* runner.finish();
    return status === 0 ? t.status : status;
  },
});
