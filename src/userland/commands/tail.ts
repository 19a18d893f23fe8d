/** tail: coreutils 9.1. */
import type { WaitQueue, Waitable } from "../../base/wait-queue.ts";
import { SECOND } from "../../sim/time.ts";
import { strerror } from "../../kernel/errno.ts";
import type { Inode } from "../fs.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import { parseSize } from "../numbers.ts";
import { octets, type Octets, octetsOf } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

interface Settings {
  unit: "lines" | "bytes";
  count: number;
  /** From that line or octet on, counted from the start. */
  fromStart: boolean;
  headers: "several" | "always" | "never";
  end: string;
  follow: "" | "descriptor" | "name";
  retry: boolean;
  pid: number | undefined;
}

/** A file that is followed. */
interface Followed {
  name: string;
  shown: string;
  fd: number;
  inode: Inode | undefined;
  /** How much of it was printed. */
  at: number;
  gone: boolean;
}

// -- the last part -------------------------------------------------------------------------------------------------------

function* lastLines(t: Tool, input: Input, s: Settings): Run<void> {
  const held: Octets[] = [];
  for (let line = yield* input.line(s.end); line; line = yield* input.line(s.end)) {
    held.push(line.ended ? line.text + s.end : line.text);
    if (held.length > s.count) held.shift();
  }
  for (const line of held) yield* t.print(line);
}

function* lastBytes(t: Tool, input: Input, count: number): Run<void> {
  let held = "";
  for (let c = yield* input.chunk(); c !== ""; c = yield* input.chunk()) {
    held += c;
    if (held.length > count) held = count === 0 ? "" : held.slice(-count);
  }
  yield* t.print(held);
}

function* fromLine(t: Tool, input: Input, s: Settings): Run<void> {
  for (let n = 1; n < s.count; n++) if (!(yield* input.line(s.end))) return;
  for (let c = yield* input.chunk(); c !== ""; c = yield* input.chunk()) yield* t.print(c);
}

function* fromByte(t: Tool, input: Input, count: number): Run<void> {
  let skip = Math.max(0, count - 1);
  for (let c = yield* input.chunk(); c !== ""; c = yield* input.chunk()) {
    yield* t.print(c.slice(skip));
    skip = Math.max(0, skip - c.length);
  }
}

function* part(t: Tool, input: Input, s: Settings): Run<void> {
  if (s.fromStart) yield* s.unit === "lines" ? fromLine(t, input, s) : fromByte(t, input, s.count);
  else yield* s.unit === "lines" ? lastLines(t, input, s) : lastBytes(t, input, s.count);
}

// -- following -------------------------------------------------------------------------------------------------------------

class Follower {
  private readonly t: Tool;
  private readonly s: Settings;
  private readonly files: Followed[];
  private readonly headers: boolean;
  private last: Followed | undefined;

  constructor(t: Tool, s: Settings, files: Followed[], headers: boolean) {
    this.t = t;
    this.s = s;
    this.files = files;
    this.headers = headers;
    this.last = files.findLast((f) => f.fd >= 0);
  }

  *run(): Run<number> {
    const { t, s } = this;
    yield* t.out.flush();
    for (;;) {
      if (!this.files.some((f) => f.fd >= 0 || s.retry || s.follow === "name")) return yield* t.error("no files remaining");
      for (const f of this.files) yield* this.look(f);
      yield* t.out.flush();
      if (t.out.error) return 1;
      if (s.pid !== undefined && !t.proc.machine.processes.has(s.pid)) return t.status;
      if (!this.files.some((f) => f.fd >= 0 || s.retry || s.follow === "name")) continue;
      yield { read: [this.news()], ...(s.pid === undefined ? {} : { until: t.proc.now + SECOND }) };
    }
  }

  /** Ready when one of the files is not as it was printed. */
  private news(): Waitable {
    const changed = (): boolean => this.files.some((f) => this.changed(f));
    const waiters: WaitQueue = this.t.proc.machine.fs.changes;
    return { waiters, writable: false, get readable() { return changed(); } };
  }

  private current(f: Followed): Inode | undefined {
    const found = this.t.proc.machine.fs.stat(f.name);
    return found.ok ? found.value : undefined;
  }

  private changed(f: Followed): boolean {
    if (this.s.follow === "name" && this.current(f) !== f.inode) return true;
    return f.inode !== undefined && f.fd >= 0 && (f.inode.data?.length ?? 0) !== f.at;
  }

  private *look(f: Followed): Run<void> {
    if (this.s.follow === "name") yield* this.lookForName(f);
    const data = f.inode?.data;
    if (!data || f.fd < 0 || data.length === f.at) return;
    if (data.length < f.at) {
      yield* this.t.warn(`${f.shown}: file truncated`);
      f.at = 0;
      if (data.length === 0) return;
    }
    yield* this.header(f);
    yield* this.t.print(octetsOf(data.slice(f.at)));
    f.at = data.length;
  }

  private *header(f: Followed): Run<void> {
    if (this.headers && this.last !== f) yield* this.t.say(`\n==> ${f.shown} <==\n`);
    this.last = f;
  }

  /** -F: the name may come to stand for another file, or for none. */
  private *lookForName(f: Followed): Run<void> {
    const now = this.current(f);
    if (now === f.inode) return;
    const before = f.inode;
    f.inode = now;
    if (!now) {
      yield* this.t.warn(`${quoteAlways(f.name)} has become inaccessible: No such file or directory`);
      f.gone = true;
      return;
    }
    yield* this.t.warn(`${quoteAlways(f.name)} ${before && !f.gone ? "has been replaced" : "has appeared"};  following new file`);
    f.gone = false;
    f.at = 0;
    f.fd = Math.max(f.fd, 0);
  }
}

// -- options ---------------------------------------------------------------------------------------------------------------

function* setCount(t: Tool, s: Settings, o: GivenOption): Run<number | undefined> {
  s.unit = o.key === "n" ? "lines" : "bytes";
  s.fromStart = o.value!.startsWith("+");
  const text = o.value!.replace(/^[-+]/, "");
  const n = parseSize(text, "bkKmMGTPEZY0");
  if (n === undefined) return yield* t.error(`invalid number of ${s.unit}: ${quote(o.value!.startsWith("-") ? text : o.value!)}`);
  s.count = n;
  return undefined;
}

/** `-5`, `-5f`, `+3c`: the old form, as the first of one or two arguments. */
function oldForm(args: readonly string[]): readonly string[] {
  const m = /^([-+])(\d*)([bcl]?)(f?)$/.exec(args[0] ?? "");
  const files = args.slice(1).filter((a) => a !== "--");
  if (!m || args[0] === "-" || args[0] === "+" || files.length > 1 || (m[1] === "-" && /^-[bcf]?$/.test(args[0]!) && m[2] === "")) return args;
  if (m[1] === "-" && m[2] === "" && m[3] === "l") return args;
  const count = (m[2] || "10") + (m[3] === "b" ? "b" : "");
  return [m[3] === "b" || m[3] === "c" ? "-c" : "-n", `${m[1] === "+" ? "+" : ""}${count}`, ...(m[4] ? ["-f"] : []), ...args.slice(1)];
}

export const tail = defineTool({
  name: "tail",
  man: {
    summary: "output the last part of files",
    synopsis: ["tail [OPTION]... [FILE]..."],
    emulated: ["-n, --lines=[+]NUM: the last NUM lines (10 without it); with +, from that line on", "-c, --bytes=[+]NUM: the same in octets", "-f: go on when the file grows; -F: also when its name comes to stand for another file; --retry, --pid=PID", "-q, -v, -z; -NUM and +NUM as in old versions"],
    notEmulated: [],
    examples: ["tail -n 2 log", "tail -f log"],
  },
  shorts: "c:n:fFqs:vz0123456789",
  longs: { bytes: "c:", follow: "follow::", lines: "n:", "max-unchanged-stats": "max:", pid: "pid:", quiet: "q", retry: "retry", silent: "q", "sleep-interval": "s:", verbose: "v", "zero-terminated": "z" },
  adapt: oldForm,
  *run(t, options, operands) {
    const s: Settings = { unit: "lines", count: 10, fromStart: false, headers: "several", end: "\n", follow: "", retry: false, pid: undefined };
    for (const o of options) {
      const { key, value } = o;
      if (/^\d$/.test(key)) return yield* t.error(`option used in invalid context -- ${key}`);
      const wrong = key === "n" || key === "c" ? yield* setCount(t, s, o) : undefined;
      if (wrong !== undefined) return wrong;
      if (key === "f") s.follow = "descriptor";
      if (key === "F") [s.follow, s.retry] = ["name", true];
      if (key === "follow") {
        if (value !== undefined && !["descriptor", "name"].some((w) => w.startsWith(value))) return yield* t.usage(`invalid argument ${quote(value)} for ${quote("--follow")}\nValid arguments are:\n  - ${quote("descriptor")}\n  - ${quote("name")}`);
        s.follow = value?.startsWith("n") ? "name" : "descriptor";
      }
      if (key === "retry") s.retry = true;
      if (key === "q") s.headers = "never";
      if (key === "v") s.headers = "always";
      if (key === "z") s.end = "\0";
      if (key === "s" && !/^\d*\.?\d+$/.test(value!)) return yield* t.error(`invalid number of seconds: ${quote(value!)}`);
      if (key === "pid") {
        if (!/^\d+$/.test(value!)) return yield* t.error(`invalid PID: ${quote(value!)}`);
        s.pid = Number(value);
      }
    }
    return yield* tailFiles(t, s, operands.length > 0 ? operands : ["-"]);
  },
});

function* tailFiles(t: Tool, s: Settings, names: readonly string[]): Run<number> {
  const headers = s.headers === "always" || (s.headers === "several" && names.length > 1);
  const followed: Followed[] = [];
  let first = true;
  for (const name of names) {
    const shown = name === "-" ? "standard input" : name;
    const input = t.open(name);
    if (typeof input === "string") {
      yield* t.error(`cannot open ${quoteAlways(name)} for reading: ${strerror(input)}`);
      followed.push({ name, shown, fd: -1, inode: undefined, at: 0, gone: true });
      continue;
    }
    if (headers) yield* t.print(octets(`${first ? "" : "\n"}==> ${shown} <==\n`));
    first = false;
    yield* part(t, input, s);
    if (input.error) {
      yield* t.error(`error reading ${quoteAlways(shown)}: ${strerror(input.error)}`);
      if (s.follow !== "") yield* t.error(`${shown}: cannot follow end of this type of file; giving up on this name`);
      continue;
    }
    if (s.follow === "") input.close();
    else if (follows(t.proc, input.fd)) followed.push(entry(t.proc, name, shown, input.fd));
  }
  return s.follow === "" || followed.length === 0 ? t.status : yield* new Follower(t, s, followed, headers).run();
}

/** A pipe on standard input is read to its end and not followed (POSIX). */
function follows(proc: Process, fd: number): boolean {
  return fd !== 0 || proc.fds.get(0)?.kind !== "pipe";
}

function entry(proc: Process, name: string, shown: string, fd: number): Followed {
  const found = name === "-" ? undefined : proc.machine.fs.stat(name);
  const inode = proc.fds.get(fd)?.inode ?? (found?.ok ? found.value : undefined);
  return { name, shown, fd, inode, at: inode?.data?.length ?? 0, gone: false };
}
