/**
 * Processes are generators that yield what they wait for, as poll(2) does, so that a whole machine runs synchronously
 * in virtual time. After Linux: process groups, sessions, signals with dispositions, wait status, file descriptors.
 * Each time a process wakes costs WAKE_COST of virtual time: two processes that feed each other for ever make time pass.
 */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import type { Waitable } from "../base/wait-queue.ts";
import type { Errno } from "../kernel/errno.ts";
import type { Netns } from "../kernel/api.ts";
import type { TimerId } from "../sim/scheduler.ts";
import { MICROSECOND, type Nanos } from "../sim/time.ts";
import type { Inode } from "./fs.ts";
import type { Machine } from "./machine.ts";
import type { Tty } from "./tty.ts";

/** Numbers of signal(7), x86. */
export const SIGNALS = {
  SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGILL: 4, SIGTRAP: 5, SIGABRT: 6, SIGBUS: 7, SIGFPE: 8, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11,
  SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGSTKFLT: 16, SIGCHLD: 17, SIGCONT: 18, SIGSTOP: 19, SIGTSTP: 20, SIGTTIN: 21, SIGTTOU: 22,
  SIGURG: 23, SIGXCPU: 24, SIGXFSZ: 25, SIGVTALRM: 26, SIGPROF: 27, SIGWINCH: 28, SIGIO: 29, SIGPWR: 30, SIGSYS: 31,
} as const;
export type Signal = keyof typeof SIGNALS;

const IGNORED_BY_DEFAULT: ReadonlySet<Signal> = new Set(["SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"]);
const STOPS: ReadonlySet<Signal> = new Set(["SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU"]);

/** What a process waits for: any of these. Nothing at all: only a signal wakes it. */
export interface Wait {
  read?: readonly Waitable[];
  write?: readonly Waitable[];
  /** An instant. One that is not in the future means: let others run, then go on. */
  until?: Nanos;
  /** A child ended: any, or this one. */
  child?: true | Process;
  /** A child that stopped or went on counts too (WUNTRACED, WCONTINUED); who asks clears `stateChanged`. */
  untraced?: boolean;
}
/** Why it woke. After "signal" a handler has run; the caller looks again at what it wanted. */
export type Wake = "ready" | "signal";
export type Run<T> = Generator<Wait, T, Wake>;
/** A program's main function. @returns its exit status, 0 to 255. */
export type Program = (proc: Process) => Run<number>;

/** One open file description, shared by copies of a descriptor and by children. */
export interface OpenFile extends Waitable {
  readonly kind: "file" | "directory" | "pipe" | "tty" | "null" | "socket";
  /** @returns at most `max` octets; none at the end of the file; EAGAIN when nothing is there yet. */
  read(max: number): Uint8Array | Errno;
  /** @returns how many octets were taken, from the start; EAGAIN when none can be now. */
  write(bytes: Uint8Array): number | Errno;
  /** The last descriptor was closed. */
  close(): void;
  /** Descriptors that refer to it, over all processes. Kept by Process. */
  refs: number;
  tty?: Tty;
  /** Path it was opened by, for `ls -l /proc/self/fd`. */
  path?: string;
  /** Of a regular file, as fstat(2) gives it; and lseek(2) with SEEK_SET. */
  inode?: Inode;
  offset?: number;
  seek?(to: number): void;
}

export type Disposition = "default" | "ignore" | (() => void);
export type ExitState = { code: number } | { signal: Signal };
/** As wait status of a shell: the code, or 128 + signal. */
export function statusOf(e: ExitState): number {
  return "code" in e ? e.code : 128 + SIGNALS[e.signal];
}

/** Virtual cost of a wake-up: the order of a context switch. */
const WAKE_COST: Nanos = MICROSECOND;
/** Virtual cost of an octet read or written, in bulk: 125 MB a second. */
const OCTET_COST: Nanos = 8;

export interface SpawnOptions {
  /** argv[0] is the name. */
  argv: readonly string[];
  program: Program;
  parent?: Process;
  env?: ReadonlyMap<string, string>;
  cwd?: string;
  /** Descriptors of the child; each is counted up. Default: the parent's. */
  fds?: ReadonlyMap<number, OpenFile>;
  netns?: Netns;
  /** 0: a group of its own, led by it. Default: the parent's. */
  pgid?: number;
  /** A session of its own, with this terminal (setsid and TIOCSCTTY). */
  session?: { tty: Tty | undefined };
}

export class Process {
  readonly pid: number;
  readonly machine: Machine;
  parent: Process | undefined;
  pgid: number;
  sid: number;
  tty: Tty | undefined;
  argv: readonly string[];
  env: Map<string, string>;
  cwd: string;
  umask = 0o022;
  /** Effective user and group. */
  uid = 0;
  gid = 0;
  /** Niceness; without effect. */
  nice = 0;
  /** /proc/PID/comm: the program file's name, 15 characters at most. */
  comm: string;
  netns: Netns;
  readonly fds = new Map<number, OpenFile>();
  readonly children = new Set<Process>();
  readonly startedAt: Nanos;
  state: "running" | "stopped" | "zombie" = "running";
  exit: ExitState | undefined;
  /** Since the parent last asked: for waitpid with WUNTRACED, WCONTINUED. */
  stateChanged: "stopped" | "continued" | undefined;
  stopSignal: Signal | undefined;
  private readonly dispositions = new Map<Signal, Disposition>();
  private readonly pending: Signal[] = [];
  private readonly blocked = new Set<Signal>();
  private body: Run<number>;
  private wait: Wait | undefined;
  private unsubscribe: (() => void)[] = [];
  private timer: TimerId = 0;
  private resumeTimer: TimerId = 0;

  constructor(machine: Machine, pid: number, o: SpawnOptions) {
    this.machine = machine;
    this.pid = pid;
    const p = o.parent;
    this.parent = p;
    this.pgid = o.pgid === 0 || o.session ? pid : (o.pgid ?? p?.pgid ?? pid);
    this.sid = o.session ? pid : (p?.sid ?? pid);
    this.tty = o.session ? o.session.tty : p?.tty;
    this.argv = o.argv;
    this.comm = commOf(o.argv);
    this.uid = p?.uid ?? 0;
    this.gid = p?.gid ?? 0;
    this.nice = p?.nice ?? 0;
    this.env = new Map(o.env ?? p?.env);
    this.cwd = o.cwd ?? p?.cwd ?? "/root";
    this.umask = p?.umask ?? 0o022;
    this.netns = o.netns ?? p?.netns ?? machine.kernel.initNetns;
    for (const [fd, file] of o.fds ?? p?.fds ?? []) this.setFd(fd, file);
    if (p) {
      // A handler does not survive exec; "ignore" does.
      for (const [sig, d] of p.dispositions) if (d === "ignore") this.dispositions.set(sig, "ignore");
      p.children.add(this);
    }
    this.startedAt = machine.clock.now;
    this.body = o.program(this);
  }

  get name(): string {
    return this.argv[0] ?? "";
  }

  get now(): Nanos {
    return this.machine.clock.now;
  }

  /** What it waits for: tells whether a shell sits at its prompt. */
  get waitsFor(): Wait | undefined {
    return this.state === "running" ? this.wait : undefined;
  }

  // -- descriptors --------------------------------------------------------------------------------------------------

  /** dup2: `fd` now refers to `file`. */
  setFd(fd: number, file: OpenFile): void {
    file.refs++;
    this.closeFd(fd);
    this.fds.set(fd, file);
  }

  /** The lowest free descriptor from `from` on now refers to `file`. */
  addFd(file: OpenFile, from = 0): number {
    let fd = from;
    while (this.fds.has(fd)) fd++;
    this.setFd(fd, file);
    return fd;
  }

  closeFd(fd: number): boolean {
    const file = this.fds.get(fd);
    if (!file) return false;
    this.fds.delete(fd);
    if (--file.refs === 0) file.close();
    return true;
  }

  /** Reads from a descriptor; waits for data. An empty result is the end of the file. */
  *read(fd: number, max = 65536): Run<Uint8Array | Errno> {
    const file = this.fds.get(fd);
    if (!file) return "EBADF";
    for (;;) {
      const got = file.read(max);
      if (got !== "EAGAIN") {
        if (typeof got !== "string") yield* this.transferred(got.length);
        return got;
      }
      yield { read: [file] };
    }
  }

  /** A program that does nothing but read /dev/zero or write to /dev/null must let time pass as well. */
  private *transferred(octets: number): Run<void> {
    this.moved += octets;
    if (this.moved <= 65536) return;
    const cost = this.moved * OCTET_COST;
    this.moved = 0;
    yield { until: this.now + cost };
  }
  private moved = 0;

  /** Writes everything; waits while a pipe is full. A pipe without reader raises SIGPIPE. */
  *write(fd: number, data: string | Uint8Array): Run<undefined | Errno> {
    const file = this.fds.get(fd);
    if (!file) return "EBADF";
    let rest = typeof data === "string" ? encodeUtf8(data) : data;
    while (rest.length > 0) {
      const n = file.write(rest);
      if (n === "EAGAIN") yield { write: [file] };
      else if (n === "EPIPE") {
        this.signal("SIGPIPE");
        yield { until: this.now }; // dies here unless SIGPIPE is ignored or handled
        return "EPIPE";
      } else if (typeof n === "string") return n;
      else {
        rest = rest.subarray(n);
        yield* this.transferred(n);
      }
    }
    return undefined;
  }

  /** To standard output. */
  *print(text: string | Uint8Array): Run<undefined | Errno> {
    return yield* this.write(1, text);
  }

  /** To standard error. */
  *warn(text: string): Run<undefined | Errno> {
    return yield* this.write(2, text);
  }

  /** Everything up to the end of the file. */
  *readAll(fd: number): Run<Uint8Array | Errno> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const got = yield* this.read(fd);
      if (typeof got === "string") return got;
      if (got.length === 0) break;
      parts.push(got);
      length += got.length;
    }
    const out = new Uint8Array(length);
    let at = 0;
    for (const p of parts) {
      out.set(p, at);
      at += p.length;
    }
    return out;
  }

  /** Lines of a descriptor as text, one at a time, without the newline; undefined at the end. Keeps what follows for the next call. */
  lineReader(fd: number): () => Run<{ line: string; ended: boolean } | undefined | Errno> {
    let held = new Uint8Array(0);
    let eof = false;
    const self = this;
    return function* next() {
      for (;;) {
        const nl = held.indexOf(10);
        if (nl >= 0) {
          const line = decodeUtf8(held.subarray(0, nl));
          held = held.slice(nl + 1);
          return { line, ended: true };
        }
        if (eof) {
          if (held.length === 0) return undefined;
          const line = decodeUtf8(held);
          held = new Uint8Array(0);
          return { line, ended: false };
        }
        const got = yield* self.read(fd);
        if (typeof got === "string") return got;
        if (got.length === 0) eof = true;
        else {
          const both = new Uint8Array(held.length + got.length);
          both.set(held);
          both.set(got, held.length);
          held = both;
        }
      }
    };
  }

  // -- waiting ------------------------------------------------------------------------------------------------------

  /** Sleeps; a handled signal ends it early. @returns whether the whole time passed. */
  *sleep(delay: Nanos): Run<boolean> {
    const until = this.now + delay;
    for (;;) {
      const why = yield { until };
      if (why === "signal") return false;
      if (this.now >= until) return true;
    }
  }

  /** Waits until one child (or any) has ended, and takes its status. undefined: there is no such child. */
  *waitChild(which?: Process): Run<{ child: Process; exit: ExitState } | undefined> {
    for (;;) {
      const candidates = which ? [which] : [...this.children];
      if (candidates.length === 0 || (which && !this.children.has(which))) return undefined;
      for (const child of candidates) {
        if (child.exit) {
          this.reap(child);
          return { child, exit: child.exit };
        }
      }
      yield { child: which ?? true };
    }
  }

  /** Removes an ended child from the process table. */
  reap(child: Process): void {
    this.children.delete(child);
    this.machine.forget(child);
  }

  // -- signals ------------------------------------------------------------------------------------------------------

  onSignal(sig: Signal, d: Disposition): void {
    this.dispositions.set(sig, d);
  }

  disposition(sig: Signal): Disposition {
    return this.dispositions.get(sig) ?? "default";
  }

  /**
   * execve(2): another program in this process. Handlers fall back to the default action; "ignore" stays.
   * The caller goes on as that program: `return yield* command.run(proc, args)`.
   */
  becomes(argv: readonly string[], env?: ReadonlyMap<string, string>): void {
    this.argv = argv;
    this.comm = commOf(argv);
    if (env) this.env = new Map(env);
    for (const [sig, d] of this.dispositions) if (typeof d === "function") this.dispositions.delete(sig);
  }

  /** Holds a signal back until `unblock`. */
  block(sig: Signal): void {
    this.blocked.add(sig);
  }

  unblock(sig: Signal): void {
    this.blocked.delete(sig);
    if (this.pending.includes(sig)) this.schedule();
  }

  /** Sends a signal to this process; it is acted on when the process next runs. */
  signal(sig: Signal): void {
    if (this.state === "zombie") return;
    if (sig === "SIGCONT" || sig === "SIGKILL") {
      if (this.state === "stopped") {
        this.state = "running";
        this.stateChanged = "continued";
        this.parent?.childChanged();
        this.schedule();
      }
      for (let i = this.pending.length - 1; i >= 0; i--) if (STOPS.has(this.pending[i]!)) this.pending.splice(i, 1);
    }
    const d = this.disposition(sig);
    if (sig !== "SIGKILL" && sig !== "SIGSTOP") {
      if (d === "ignore" || (d === "default" && IGNORED_BY_DEFAULT.has(sig))) return;
    }
    if (!this.pending.includes(sig)) this.pending.push(sig);
    this.schedule();
  }

  /** Acts on what is pending. @returns "gone" when that ended or stopped it. */
  private takeSignals(): "none" | "handled" | "gone" {
    let handled: "none" | "handled" = "none";
    for (let i = 0; i < this.pending.length; ) {
      const sig = this.pending[i]!;
      if (this.blocked.has(sig) && sig !== "SIGKILL" && sig !== "SIGSTOP") {
        i++;
        continue;
      }
      this.pending.splice(i, 1);
      const d = sig === "SIGKILL" || sig === "SIGSTOP" ? "default" : this.disposition(sig);
      if (typeof d === "function") {
        d();
        handled = "handled";
      } else if (d === "default" && STOPS.has(sig)) {
        this.state = "stopped";
        this.stopSignal = sig;
        this.stateChanged = "stopped";
        this.parent?.childChanged();
        return "gone";
      } else if (d === "default" && !IGNORED_BY_DEFAULT.has(sig)) {
        this.finish({ signal: sig });
        return "gone";
      }
    }
    return handled;
  }

  // -- running ------------------------------------------------------------------------------------------------------

  /** Starts it: it runs for the first time one wake-up later. */
  start(): void {
    this.schedule();
  }

  private schedule(): void {
    if (this.resumeTimer !== 0 || this.state === "zombie") return;
    this.resumeTimer = this.machine.clock.after(WAKE_COST, () => {
      this.resumeTimer = 0;
      this.resume();
    });
  }

  private resume(): void {
    if (this.state !== "running") {
      if (this.state === "stopped" && this.pending.includes("SIGKILL")) this.takeSignals();
      return;
    }
    const took = this.takeSignals();
    if (took === "gone") return;
    if (took === "none" && this.wait && !this.isReady(this.wait)) return; // a wake-up for nothing
    this.endWait();
    const before = this.machine.current;
    this.machine.current = this;
    let step: IteratorResult<Wait, number>;
    try {
      step = this.body.next(took === "handled" ? "signal" : "ready");
    } finally {
      this.machine.current = before;
    }
    if (this.exit) return; // it ended itself on the way
    if (step.done) {
      this.finish({ code: step.value & 255 });
      return;
    }
    this.beginWait(step.value);
  }

  private isReady(w: Wait): boolean {
    if (w.until !== undefined && this.now >= w.until) return true;
    if (w.read?.some((f) => f.readable) || w.write?.some((f) => f.writable)) return true;
    const changed = (c: Process): boolean => c.exit !== undefined || (w.untraced === true && c.stateChanged !== undefined);
    if (w.child === true) for (const c of this.children) if (changed(c)) return true;
    return typeof w.child === "object" && changed(w.child);
  }

  private beginWait(w: Wait): void {
    this.wait = w;
    if (this.pending.some((s) => !this.blocked.has(s)) || this.isReady(w)) {
      this.schedule();
      return;
    }
    const wake = (): void => this.schedule();
    for (const f of w.read ?? []) this.unsubscribe.push(f.waiters.add(wake));
    for (const f of w.write ?? []) this.unsubscribe.push(f.waiters.add(wake));
    if (w.until !== undefined) {
      // The wake-up itself is part of the wait, so that sleep 1 takes one second and not a microsecond more.
      this.timer = this.machine.clock.after(w.until - this.now, () => {
        this.timer = 0;
        this.resume();
      });
    }
  }

  private endWait(): void {
    this.wait = undefined;
    for (const u of this.unsubscribe) u();
    this.unsubscribe = [];
    if (this.timer) this.machine.clock.cancel(this.timer);
    this.timer = 0;
  }

  /** A child ended, stopped or went on. */
  childChanged(): void {
    this.signal("SIGCHLD");
    if (this.wait?.child) this.schedule();
  }

  /** Ends it now. Descriptors are closed, `finally` blocks of the program run, children go to init. */
  finish(exit: ExitState): void {
    if (this.exit) return;
    this.exit = exit;
    this.state = "zombie";
    this.endWait();
    if (this.resumeTimer) this.machine.clock.cancel(this.resumeTimer);
    this.resumeTimer = 0;
    try {
      this.body.return(0);
    } catch (e) {
      // A generator that is running cannot be returned; its own return follows. Anything else is our bug.
      if (!(e instanceof TypeError)) throw e;
    }
    for (const fd of [...this.fds.keys()]) this.closeFd(fd);
    for (const child of this.children) {
      child.parent = undefined;
      if (child.exit) this.machine.forget(child);
    }
    this.children.clear();
    this.machine.processEnded(this);
    if (this.parent) this.parent.childChanged();
    else this.machine.forget(this);
  }
}

/** As /proc/PID/comm: the file's name, 15 characters at most (TASK_COMM_LEN). */
function commOf(argv: readonly string[]): string {
  const path = (argv[0] ?? "").replace(/^-/, "");
  return path.slice(path.lastIndexOf("/") + 1).slice(0, 15);
}
