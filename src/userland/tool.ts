/**
 * The frame of an ordinary Unix filter: options, --help and --version, messages with the program's name, buffered output as stdio
 * buffers it, and input by lines. Text is octet strings (octets.ts); names and messages are ordinary strings.
 */
import { type Errno, strerror } from "../kernel/errno.ts";
import { type Command, type ManPage, NOT_EMULATED } from "./command.ts";
import { getopt, type GivenOption, type LongOptions } from "./getopt.ts";
import { quoteName } from "./gnu-quote.ts";
import { bytesOf, type Octets, octets, octetsOf } from "./octets.ts";
import type { OpenFlags } from "./fs.ts";
import type { Process, Run } from "./process.ts";

/** st_blksize of pipes and files: what stdio holds back when it does not write to a terminal. */
const BUFFER = 4096;

/** Buffered output to a descriptor: by lines on a terminal, by blocks elsewhere, as stdio does. */
export class Output {
  /** The first error of a write; what follows is thrown away. */
  error: Errno | undefined;
  /** Write at once (grep --line-buffered, sed -u). */
  unbuffered = false;
  private held: Octets = "";
  private readonly proc: Process;
  private readonly fd: number;
  private readonly byLine: boolean;

  constructor(proc: Process, fd = 1) {
    this.proc = proc;
    this.fd = fd;
    this.byLine = proc.fds.get(fd)?.kind === "tty";
  }

  *put(s: Octets): Run<void> {
    this.held += s;
    if (this.held.length >= BUFFER || this.unbuffered || (this.byLine && s.includes("\n"))) yield* this.flush();
  }

  *flush(): Run<void> {
    if (this.held === "") return;
    const s = this.held;
    this.held = "";
    if (this.error) return;
    this.error = yield* this.proc.write(this.fd, bytesOf(s));
  }
}

/** A line without its end. `ended`: there was one (false for the last line of a file without a newline). */
export interface Line {
  text: Octets;
  ended: boolean;
}

/** Reads a descriptor by chunks or lines. After an error `error` says which, and there is no more. */
export class Input {
  error: Errno | undefined;
  private readonly proc: Process;
  readonly fd: number;
  private held: Octets = "";
  private at = 0;
  private ended = false;

  constructor(proc: Process, fd: number) {
    this.proc = proc;
    this.fd = fd;
  }

  /** What comes next, in the pieces in which it comes; empty at the end. */
  *chunk(max = 65536): Run<Octets> {
    if (this.at < this.held.length) {
      const rest = this.held.slice(this.at, this.at + max);
      this.at += rest.length;
      return rest;
    }
    if (this.ended) return "";
    const got = yield* this.proc.read(this.fd, max);
    if (typeof got === "string") this.error = got;
    if (typeof got === "string" || got.length === 0) {
      this.ended = true;
      return "";
    }
    return octetsOf(got);
  }

  *all(): Run<Octets> {
    let s = "";
    for (let c = yield* this.chunk(); c !== ""; c = yield* this.chunk()) s += c;
    return s;
  }

  /** The next line, up to `end` (a newline, or NUL with -z). */
  *line(end = "\n"): Run<Line | undefined> {
    for (let from = this.at; ; ) {
      const nl = this.held.indexOf(end, from);
      if (nl >= 0) {
        const text = this.held.slice(this.at, nl);
        this.at = nl + 1;
        return { text, ended: true };
      }
      if (this.ended) return this.last();
      const rest = this.held.slice(this.at);
      this.held = "";
      this.at = 0;
      const more = yield* this.chunk();
      this.held = rest + more;
      from = rest.length;
    }
  }

  private last(): Line | undefined {
    const text = this.held.slice(this.at);
    this.at = this.held.length;
    return text === "" ? undefined : { text, ended: false };
  }

  /** Whether nothing is left; waits for input to know. */
  *atEnd(): Run<boolean> {
    if (this.at < this.held.length) return false;
    if (this.ended) return true;
    this.held = yield* this.chunk();
    this.at = 0;
    return this.held === "";
  }

  /** Whether what was read ahead has this octet in it. */
  peekHas(c: string): boolean {
    return this.held.indexOf(c, this.at) >= 0;
  }

  /** Gives back to the descriptor what was read ahead, where it can be sought: `(head -1; cat) < file`. */
  unread(): void {
    const file = this.proc.fds.get(this.fd);
    const left = this.held.length - this.at;
    if (left > 0 && file?.seek && file.offset !== undefined) file.seek(file.offset - left);
    this.held = "";
    this.at = 0;
  }

  close(): void {
    if (this.fd > 2) this.proc.closeFd(this.fd);
  }
}

export class Tool {
  readonly proc: Process;
  /** As in its messages: what was typed. */
  readonly name: string;
  readonly out: Output;
  /** What it will exit with. */
  status = 0;

  constructor(proc: Process, name = proc.name) {
    this.proc = proc;
    this.name = name;
    this.out = new Output(proc);
  }

  *print(s: Octets): Run<void> {
    yield* this.out.put(s);
  }

  /** Text with characters above ASCII. */
  *say(text: string): Run<void> {
    yield* this.out.put(octets(text));
  }

  /** "name: text" on standard error, after what was printed so far. The tool will exit with `status`. */
  *error(text: string, status = 1): Run<number> {
    yield* this.warn(text);
    this.status = status;
    return status;
  }

  *warn(text: string): Run<void> {
    yield* this.out.flush();
    yield* this.proc.warn(`${this.name}: ${text}\n`);
  }

  /** A mistake on the command line. */
  *usage(text: string, status = 1): Run<number> {
    return yield* this.error(`${text}\nTry '${this.name} --help' for more information.`, status);
  }

  *notEmulated(what: string): Run<number> {
    yield* this.out.flush();
    yield* this.proc.warn(`packetwalk: '${what}' is not emulated\n`);
    this.status = NOT_EMULATED;
    return NOT_EMULATED;
  }

  /** A line of standard input, for answers; undefined at its end. */
  *stdinLine(): Run<Octets | undefined> {
    this.answers ??= new Input(this.proc, 0);
    return (yield* this.answers.line())?.text;
  }
  private answers: Input | undefined;

  /** Opens a file to read; "-" is standard input. */
  open(name: string): Input | Errno {
    if (name === "-") return new Input(this.proc, 0);
    return this.openExactly(name);
  }

  openExactly(name: string, flags: OpenFlags = { read: true }): Input | Errno {
    const opened = this.proc.machine.fs.open(this.proc, name, flags);
    return opened.ok ? new Input(this.proc, this.proc.addFd(opened.value, 3)) : opened.error;
  }

  /** Opens a file to write; the descriptor, or why not. */
  create(name: string, flags: OpenFlags = { write: true, create: true, truncate: true }): number | Errno {
    const opened = this.proc.machine.fs.open(this.proc, name, flags);
    return opened.ok ? this.proc.addFd(opened.value, 3) : opened.error;
  }

  /**
   * The files of a filter one after the other, "-" and no operand being standard input. One that cannot be opened or read is reported
   * in the common form and passed over.
   */
  *eachInput(operands: readonly string[], use: (input: Input, name: string) => Run<void>): Run<void> {
    for (const name of operands.length > 0 ? operands : ["-"]) {
      const input = this.open(name);
      if (typeof input === "string") {
        yield* this.error(`${quoteName(name)}: ${strerror(input)}`);
        continue;
      }
      yield* use(input, name);
      if (input.error) yield* this.error(`${quoteName(name)}: ${strerror(input.error)}`);
      input.close();
    }
  }

  /** Flushes; a failed write is reported as gnulib's close_stdout does. @returns the exit status. */
  *finish(status: number): Run<number> {
    yield* this.out.flush();
    if (!this.out.error || this.out.error === "EBADF") return status;
    yield* this.proc.warn(`${this.name}: write error: ${strerror(this.out.error)}\n`);
    return status === 0 ? 1 : status;
  }
}

export interface ToolSpec {
  name: string;
  aliases?: readonly string[];
  dir?: string;
  man: ManPage;
  /** As in C: "n:c:q". */
  shorts: string;
  longs?: LongOptions;
  /** Keys of options that exist and are refused with status 95. */
  refused?: readonly string[];
  /** For --version: "GNU coreutils" and 9.1. */
  suite?: string;
  version?: string;
  /** Exit status of a wrong option. */
  usageStatus?: number;
  /** A tool's own words for a wrong option. */
  usageText?(error: string): string;
  /** Old forms such as `head -5`, turned into options. */
  adapt?(args: readonly string[]): readonly string[];
  run(t: Tool, options: readonly GivenOption[], operands: readonly string[]): Run<number>;
  complete?: NonNullable<Command["complete"]>;
}

/** Help in our own words, from the manual page. */
export function helpText(man: ManPage): string {
  const usage = man.synopsis.map((line, i) => `${i === 0 ? "Usage:" : "  or: "} ${line}`).join("\n");
  const list = (title: string, lines: readonly string[]): string => (lines.length === 0 ? "" : `\n${title}\n${lines.map((l) => `  ${l}\n`).join("")}`);
  const summary = `${man.summary.charAt(0).toUpperCase()}${man.summary.slice(1)}.`;
  return `${usage}\n${summary}\n${list("Emulated:", man.emulated)}${list("Not emulated:", man.notEmulated)}`;
}

/** A command of the usual GNU form. */
export function defineTool(spec: ToolSpec): Command {
  const longs: LongOptions = { ...spec.longs, help: "help", version: "version" };
  const command: Command = {
    name: spec.name,
    ...(spec.aliases ? { aliases: spec.aliases } : {}),
    ...(spec.dir ? { dir: spec.dir } : {}),
    ...(spec.complete ? { complete: spec.complete } : {}),
    man: spec.man,
    *run(proc, args) {
      const tool = new Tool(proc);
      const status = yield* parseAndRun(tool, spec, longs, args);
      return yield* tool.finish(status);
    },
  };
  return command;
}

function* parseAndRun(tool: Tool, spec: ToolSpec, longs: LongOptions, args: readonly string[]): Run<number> {
  const parsed = getopt(spec.adapt ? spec.adapt(args) : args, spec.shorts, longs);
  for (const o of parsed.options) {
    if (o.key === "help") {
      yield* tool.say(helpText(spec.man));
      return 0;
    }
    if (o.key === "version") {
      yield* tool.say(`${spec.name} (${spec.suite ?? "GNU coreutils"}) ${spec.version ?? "9.1"}\n`);
      return 0;
    }
  }
  if (parsed.error !== undefined) return yield* tool.usage(spec.usageText?.(parsed.error) ?? parsed.error, spec.usageStatus ?? 1);
  for (const o of parsed.options) if (spec.refused?.includes(o.key)) return yield* tool.notEmulated(`${spec.name} ${o.typed}`);
  return yield* spec.run(tool, parsed.options, parsed.operands);
}
