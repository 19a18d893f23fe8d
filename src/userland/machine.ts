/** One Linux machine: a kernel, a file system, processes and terminals. */
import type { Kernel } from "../kernel/api.ts";
import type { Scheduler } from "../sim/scheduler.ts";
import type { Command } from "./command.ts";
import type { FileSystemApi } from "./fs.ts";
import type { Process, SpawnOptions } from "./process.ts";
import type { Tty } from "./tty.ts";

export interface MachineOptions {
  name: string;
  kernel: Kernel;
  clock: Scheduler;
  commands: readonly Command[];
}

export interface Machine {
  readonly name: string;
  hostname: string;
  readonly kernel: Kernel;
  readonly clock: Scheduler;
  readonly fs: FileSystemApi;
  readonly commands: readonly Command[];
  readonly processes: ReadonlyMap<number, Process>;
  /** Makes a process and lets it start. EAGAIN: 128 are there already. */
  spawn(o: SpawnOptions): Process | "EAGAIN";
  /** Runs `sh -c line` as root in /root with an environment of PATH, HOME, LANG=C.UTF-8, TERM=dumb, TZ=UTC. */
  sh(line: string, o?: { fds?: SpawnOptions["fds"]; tty?: Tty; env?: ReadonlyMap<string, string> }): Process | "EAGAIN";
  /** A new terminal with an interactive login shell on it. */
  openTerminal(columns: number, rows: number): Tty;
  /** Called by Process. */
  forget(p: Process): void;
  processEnded(p: Process): void;
}
