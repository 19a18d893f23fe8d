/** One Linux machine: a kernel, a file system, processes and terminals. */
import type { Kernel } from "../kernel/api.ts";
import { RandomStream } from "../sim/random.ts";
import type { Scheduler } from "../sim/scheduler.ts";
import type { Command } from "./command.ts";
import { addDevices } from "./devices.ts";
import { FileSystem } from "./fs.ts";
import type { FileSystemApi } from "./fs.ts";
import { releaseNetns } from "./netns-names.ts";
import { addProcfs } from "./procfs.ts";
import { Process, type Signal, type SpawnOptions } from "./process.ts";
import { makeTree } from "./root-tree.ts";
import { shellProgram } from "./shell/main.ts";
import { TtyDevice, type Tty } from "./tty.ts";

export interface MachineOptions {
  name: string;
  kernel: Kernel;
  clock: Scheduler;
  commands: readonly Command[];
  /** Of /dev/urandom, $RANDOM and the like. */
  seed?: number;
}

export interface Machine {
  readonly name: string;
  hostname: string;
  readonly kernel: Kernel;
  readonly clock: Scheduler;
  readonly fs: FileSystemApi;
  readonly commands: readonly Command[];
  readonly processes: ReadonlyMap<number, Process>;
  /** Who runs right now; undefined between two processes. Kept by Process. */
  current: Process | undefined;
  readonly terminals: readonly Tty[];
  /** Makes a process and lets it start. EAGAIN: 128 are there already. */
  spawn(o: SpawnOptions): Process | "EAGAIN";
  /** Runs `sh -c line` as root in /root with an environment of PATH, HOME, LANG=C.UTF-8, TERM=dumb, TZ=UTC. */
  sh(line: string, o?: { fds?: SpawnOptions["fds"]; tty?: Tty; env?: ReadonlyMap<string, string> }): Process | "EAGAIN";
  /** A new terminal with an interactive login shell on it; when that ends, another one begins. */
  openTerminal(columns: number, rows: number): Tty;
  /** A new terminal that nothing runs on yet. */
  makeTty(columns: number, rows: number): Tty;
  /** Takes a terminal away: who runs on it gets SIGHUP. */
  closeTerminal(tty: Tty): void;
  /** The program that a name stands for, as its file's content says it. */
  command(name: string): Command | undefined;
  /** A stream of chance of this machine; the same name gives the same stream. */
  random(consumer: string): RandomStream;
  /** To every process of a group. @returns whether there is one. */
  signalGroup(pgid: number, sig: Signal): boolean;
  /** Called by Process. */
  forget(p: Process): void;
  processEnded(p: Process): void;
}

export const MAX_PROCESSES = 128;
/** pid_max of a machine without much memory. */
const PID_MAX = 32768;
const BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export class NodeMachine implements Machine {
  readonly name: string;
  hostname: string;
  readonly kernel: Kernel;
  readonly clock: Scheduler;
  readonly fs: FileSystem;
  readonly commands: readonly Command[];
  readonly processes = new Map<number, Process>();
  readonly terminals: Tty[] = [];
  current: Process | undefined;
  private readonly byName = new Map<string, Command>();
  private readonly seed: number;
  private readonly init: Process;
  private nextPid = 1;
  private logins = new Map<Process, Tty>();

  constructor(o: MachineOptions) {
    this.name = o.name;
    this.hostname = o.name;
    this.kernel = o.kernel;
    this.clock = o.clock;
    this.commands = o.commands;
    this.seed = o.seed ?? 0;
    for (const command of o.commands) for (const name of [command.name, ...(command.aliases ?? [])]) this.byName.set(name, command);
    this.fs = new FileSystem({ now: () => this.clock.now, current: () => this.current });
    makeTree(this);
    addDevices(this);
    addProcfs(this);
    this.init = this.startInit();
  }

  /** The first process: it does nothing but adopt orphans, and no signal ends it. */
  private startInit(): Process {
    const init = new Process(this, this.nextPid++, { argv: ["sh"], env: this.environment("dumb"), cwd: "/", fds: new Map(), program: waitForEver });
    for (const sig of ["SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM"] as const) init.onSignal(sig, "ignore");
    this.processes.set(init.pid, init);
    return init;
  }

  command(name: string): Command | undefined {
    return this.byName.get(name);
  }

  random(consumer: string): RandomStream {
    return new RandomStream(this.seed, `${this.name}/${consumer}`);
  }

  spawn(o: SpawnOptions): Process | "EAGAIN" {
    if (this.processes.size > MAX_PROCESSES) return "EAGAIN"; // init is not counted
    return this.add(o);
  }

  private add(o: SpawnOptions): Process {
    while (this.processes.has(this.nextPid)) this.nextPid = (this.nextPid % (PID_MAX - 1)) + 1;
    const pid = this.nextPid;
    this.nextPid = (pid % (PID_MAX - 1)) + 1;
    const proc = new Process(this, pid, o);
    this.processes.set(pid, proc);
    const tty = o.session?.tty;
    if (tty) {
      tty.session = proc;
      tty.foreground = proc.pgid;
    }
    proc.start();
    return proc;
  }

  private environment(term: string): Map<string, string> {
    return new Map([["PATH", BASE_PATH], ["HOME", "/root"], ["LANG", "C.UTF-8"], ["TERM", term], ["TZ", "UTC"]]);
  }

  sh(line: string, o: { fds?: SpawnOptions["fds"]; tty?: Tty; env?: ReadonlyMap<string, string> } = {}): Process | "EAGAIN" {
    const env = this.environment("dumb");
    for (const [name, value] of o.env ?? []) env.set(name, value);
    const { tty } = o;
    const fds = o.fds ?? (tty ? new Map([[0, tty], [1, tty], [2, tty]]) : this.nullFds());
    return this.spawn({ argv: ["/bin/sh", "-c", line], program: shellProgram, env, cwd: "/root", fds, pgid: 0, ...(tty ? { session: { tty } } : {}) });
  }

  private nullFds(): NonNullable<SpawnOptions["fds"]> {
    const opened = this.fs.open(this.init, "/dev/null", { read: true, write: true });
    if (!opened.ok) return new Map();
    return new Map([[0, opened.value], [1, opened.value], [2, opened.value]]);
  }

  // -- terminals ----------------------------------------------------------------------------------------------------

  makeTty(columns: number, rows: number): TtyDevice {
    let n = 0;
    while (this.terminals.some((t) => t.name === `pts/${n}`)) n++;
    const tty = new TtyDevice(this, `pts/${n}`, columns, rows);
    this.terminals.push(tty);
    return tty;
  }

  openTerminal(columns: number, rows: number): Tty {
    const tty = this.makeTty(columns, rows);
    this.login(tty);
    return tty;
  }

  /** As a getty that logs root in without asking. Beyond the limit of processes, so that a fork bomb does not lock its author out. */
  private login(tty: Tty): void {
    const env = this.environment("xterm-256color");
    for (const [name, value] of [["USER", "root"], ["LOGNAME", "root"], ["SHELL", "/bin/bash"]] as const) env.set(name, value);
    const shell = this.add({ argv: ["-bash"], program: shellProgram, env, cwd: "/root", fds: new Map([[0, tty], [1, tty], [2, tty]]), session: { tty } });
    this.logins.set(shell, tty);
  }

  closeTerminal(tty: Tty): void {
    const at = this.terminals.indexOf(tty);
    if (at < 0) return;
    this.terminals.splice(at, 1);
    const { session } = tty;
    if (session) this.logins.delete(session);
    (tty as TtyDevice).hangup();
  }

  signalGroup(pgid: number, sig: Signal): boolean {
    let any = false;
    for (const p of [...this.processes.values()]) {
      if (p.pgid !== pgid || p === this.init) continue;
      p.signal(sig);
      any = true;
    }
    return any;
  }

  // -- called by Process --------------------------------------------------------------------------------------------

  forget(p: Process): void {
    this.processes.delete(p.pid);
  }

  processEnded(p: Process): void {
    releaseNetns(this, p.netns);
    const { tty } = p;
    if (!tty || tty.session !== p) return;
    // The session's leader is gone: who is left in the foreground is told (disassociate_ctty() of the kernel).
    this.signalGroup(tty.foreground, "SIGHUP");
    this.signalGroup(tty.foreground, "SIGCONT");
    tty.session = undefined;
    for (const other of this.processes.values()) if (other.sid === p.sid) other.tty = undefined;
    if (this.logins.delete(p)) {
      tty.mode = { canonical: true, echo: true, signals: true };
      this.login(tty);
    }
  }

}

function* waitForEver(): Generator<object, number, unknown> {
  for (;;) yield {};
}
