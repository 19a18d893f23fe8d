/** awk's files and pipes: those it reads by getline, those it prints to, and records by RS. */
import { type Octets, textOf } from "../../octets.ts";
import { type Errno, strerror } from "../../../kernel/errno.ts";
import { spawnCommand } from "../../exec.ts";
import { makePipe } from "../../pipe.ts";
import { type ExitState, type OpenFile, type Process, type Run, statusOf } from "../../process.ts";
import type { Regex } from "../../regex.ts";
import { Input, Output } from "../../tool.ts";

/** Ends awk with a message of its own. */
export class Fatal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Octets of one string. */
const MAX_STRING = 1 << 20;

/** The string itself, unless it is more than the machine has room for. */
export function bounded(s: Octets): Octets {
  if (s.length > MAX_STRING) throw new Fatal("out of memory");
  return s;
}

/** How records end: a character, blank lines, or an expression. */
export type Separator = { kind: "char"; char: string } | { kind: "paragraph" } | { kind: "regex"; regex: Regex };

/** Cuts an input into records. */
export class Records {
  readonly input: Input;
  private held: Octets = "";
  private ended = false;
  constructor(input: Input) {
    this.input = input;
  }

  private *more(): Run<boolean> {
    if (this.ended) return false;
    const chunk = yield* this.input.chunk();
    if (this.input.error) throw new Fatal(`read error (${strerror(this.input.error)})`);
    if (chunk === "") this.ended = true;
    this.held = bounded(this.held + chunk);
    return chunk !== "";
  }

  *next(separator: Separator): Run<Octets | undefined> {
    if (separator.kind === "paragraph") yield* this.skipNewlines();
    for (let from = 0; ; ) {
      const found = this.find(separator, from);
      // A match at the very end may go on in what has not been read yet.
      if (found && (found[1] < this.held.length || this.ended || separator.kind === "char")) {
        const record = this.held.slice(0, found[0]);
        this.held = this.held.slice(found[1]);
        return record;
      }
      if (separator.kind === "char") from = this.held.length;
      if (!(yield* this.more())) {
        if (this.find(separator, 0) && separator.kind !== "char") continue;
        return this.last(separator);
      }
    }
  }

  private last(separator: Separator): Octets | undefined {
    if (this.held === "") return undefined;
    const record = separator.kind === "paragraph" ? this.held.replace(/\n$/, "") : this.held;
    this.held = "";
    return record;
  }

  private *skipNewlines(): Run<void> {
    for (;;) {
      this.held = this.held.replace(/^\n+/, "");
      if (this.held !== "" || !(yield* this.more())) return;
    }
  }

  private find(separator: Separator, from: number): readonly [number, number] | undefined {
    if (separator.kind === "char") {
      const at = this.held.indexOf(separator.char, from);
      return at < 0 ? undefined : [at, at + 1];
    }
    if (separator.kind === "paragraph") {
      const at = this.held.indexOf("\n\n");
      if (at < 0) return undefined;
      let end = at + 2;
      while (this.held[end] === "\n") end++;
      return [at, end];
    }
    const m = separator.regex.exec(this.held);
    return m && m[1]! > m[0]! ? [m[0]!, m[1]!] : undefined;
  }
}

interface Writer {
  out: Output;
  fd: number;
  child: Process | undefined;
}

interface Reader {
  records: Records;
  child: Process | undefined;
}

/** wait_status() of mawk's files.c: the exit status, or 256 and the signal. */
function waitedFor(exit: ExitState): number {
  return "signal" in exit ? 128 + statusOf(exit) : statusOf(exit);
}

export class Streams {
  private readonly writers = new Map<string, Writer>();
  private readonly readers = new Map<string, Reader>();
  private readonly proc: Process;
  private readonly stdout: Output;

  constructor(proc: Process, stdout: Output) {
    this.proc = proc;
    this.stdout = stdout;
  }

  // -- printing ---------------------------------------------------------------------------------------------------------

  *writer(op: ">" | ">>" | "|", name: Octets): Run<Output> {
    const writer = this.writers.get(name) ?? (yield* op === "|" ? this.pipeTo(name) : this.fileFor(op, name));
    // The last one used is closed first: mawk's list of files moves what it finds to its front (files.c).
    this.writers.delete(name);
    this.writers.set(name, writer);
    return writer.out;
  }

  private *fileFor(op: ">" | ">>", name: Octets): Run<Writer> {
    if (name === "/dev/stdout" || name === "-") return { out: this.stdout, fd: -1, child: undefined };
    if (name === "/dev/stderr") {
      const out = new Output(this.proc, 2);
      out.unbuffered = true;
      return { out, fd: -1, child: undefined };
    }
    const opened = this.proc.machine.fs.open(this.proc, textOf(name), op === ">" ? { write: true, create: true, truncate: true } : { append: true, create: true });
    if (!opened.ok) throw new Fatal(`cannot open "${textOf(name)}" for output (${strerror(opened.error)})`);
    const fd = this.proc.addFd(opened.value, 3);
    return { out: new Output(this.proc, fd), fd, child: undefined };
  }

  private *pipeTo(command: Octets): Run<Writer> {
    yield* this.stdout.flush();
    const [read, write] = makePipe(this.proc.pid);
    const fd = this.proc.addFd(write, 3);
    const child = this.spawn(command, new Map([...this.inherited(), [0, read]]));
    return { out: new Output(this.proc, fd), fd, child };
  }

  /** Standard descriptors only: our pipes must not be held open by children. */
  private inherited(): [number, OpenFile][] {
    return [...this.proc.fds].filter(([fd]) => fd <= 2);
  }

  private spawn(command: Octets, fds: ReadonlyMap<number, OpenFile>): Process {
    const child = spawnCommand(this.proc, ["/bin/sh", "-c", textOf(command)], { fds });
    if (typeof child === "string") throw new Fatal(`could not fork (${strerror(child as Errno)})`);
    return child;
  }

  *flush(): Run<void> {
    yield* this.stdout.flush();
    for (const w of this.writers.values()) yield* w.out.flush();
  }

  *fflush(name: Octets | undefined): Run<number> {
    if (name === undefined) {
      yield* this.stdout.flush();
      return 0;
    }
    const w = name === "/dev/stdout" ? { out: this.stdout } : this.writers.get(name);
    if (!w) return -1;
    yield* w.out.flush();
    return 0;
  }

  *system(command: Octets): Run<number> {
    yield* this.flush();
    const child = this.spawn(command, new Map(this.inherited()));
    const ended = yield* this.proc.waitChild(child);
    return ended ? waitedFor(ended.exit) : -1;
  }

  // -- reading ------------------------------------------------------------------------------------------------------------

  /** undefined: it cannot be opened. */
  *reader(from: "file" | "command", name: Octets): Run<Records | undefined> {
    const known = this.readers.get(name);
    if (known) return known.records;
    if (from === "command") {
      yield* this.flush();
      const [read, write] = makePipe(this.proc.pid);
      const fd = this.proc.addFd(read, 3);
      const child = this.spawn(name, new Map([...this.inherited(), [1, write]]));
      return this.addReader(name, new Input(this.proc, fd), child);
    }
    if (name === "-" || name === "/dev/stdin") return this.addReader(name, new Input(this.proc, 0), undefined);
    const opened = this.proc.machine.fs.open(this.proc, textOf(name), { read: true });
    return opened.ok ? this.addReader(name, new Input(this.proc, this.proc.addFd(opened.value, 3)), undefined) : undefined;
  }

  private addReader(name: Octets, input: Input, child: Process | undefined): Records {
    const records = new Records(input);
    this.readers.set(name, { records, child });
    return records;
  }

  // -- closing ------------------------------------------------------------------------------------------------------------

  *close(name: Octets): Run<number> {
    let status = -1;
    const reader = this.readers.get(name);
    if (reader) {
      this.readers.delete(name);
      reader.records.input.close();
      status = yield* this.waitFor(reader.child);
    }
    const writer = this.writers.get(name);
    if (writer) {
      this.writers.delete(name);
      yield* writer.out.flush();
      if (writer.fd >= 0) this.proc.closeFd(writer.fd);
      status = yield* this.waitFor(writer.child);
    }
    return status;
  }

  private *waitFor(child: Process | undefined): Run<number> {
    if (!child) return 0;
    const ended = yield* this.proc.waitChild(child);
    return ended ? waitedFor(ended.exit) : -1;
  }

  /** At the end: the last one used first, and standard output after all others, unless it was named. */
  *closeAll(): Run<void> {
    for (const name of [...this.writers.keys()].reverse()) yield* this.close(name);
    yield* this.stdout.flush();
    for (const { records } of this.readers.values()) records.input.close();
  }
}

