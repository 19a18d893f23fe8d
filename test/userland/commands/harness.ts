/** Runs one command on a machine of its own, without a shell: argv in, octets out. */
import { decodeUtf8, encodeUtf8 } from "../../../src/base/bytes.ts";
import { WaitQueue } from "../../../src/base/wait-queue.ts";
import type { Kernel } from "../../../src/kernel/api.ts";
import { Scheduler } from "../../../src/sim/scheduler.ts";
import type { Command } from "../../../src/userland/command.ts";
import { addDevices } from "../../../src/userland/devices.ts";
import { FileSystem } from "../../../src/userland/fs.ts";
import type { NodeMachine } from "../../../src/userland/machine.ts";
import { Capture } from "../../../src/userland/pipe.ts";
import { type OpenFile, Process, type SpawnOptions, statusOf } from "../../../src/userland/process.ts";
import { RandomStream } from "../../../src/sim/random.ts";
import { makeTree } from "../../../src/userland/root-tree.ts";

export interface RunOptions {
  stdin?: string | Uint8Array;
  /** Text of each file; a name that ends in a slash is a directory. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  env?: Readonly<Record<string, string>>;
}

export interface Result {
  out: string;
  err: string;
  status: number;
  bytes: Uint8Array;
  fs: FileSystem;
}

/** The parts of a machine that programs use, without shell, terminals and kernel. */
export class Bench {
  readonly name = "h1";
  hostname = "h1";
  readonly kernel = { initNetns: undefined } as unknown as Kernel;
  readonly clock = new Scheduler();
  readonly processes = new Map<number, Process>();
  readonly terminals = [];
  current: Process | undefined;
  readonly fs: FileSystem;
  readonly commands: readonly Command[];
  private nextPid = 2;

  constructor(commands: readonly Command[]) {
    this.commands = commands;
    this.fs = new FileSystem({ now: () => this.clock.now, current: () => this.current });
    makeTree(this as unknown as NodeMachine);
    addDevices(this as unknown as NodeMachine);
  }

  put(path: string, text: string | Uint8Array, mode = 0o644): void {
    this.fs.writeFile(path, typeof text === "string" ? encodeUtf8(text) : text, { mode });
  }
  command(name: string): Command | undefined {
    return this.commands.find((c) => c.name === name || c.aliases?.includes(name));
  }
  random(consumer: string): RandomStream {
    return new RandomStream(1, consumer);
  }
  spawn(o: SpawnOptions): Process {
    const proc = new Process(this as unknown as NodeMachine, this.nextPid++, o);
    this.processes.set(proc.pid, proc);
    proc.start();
    return proc;
  }
  forget(p: Process): void {
    this.processes.delete(p.pid);
  }
  processEnded(): void {}
  signalGroup(): boolean {
    return false;
  }

  /** Starts a program by its name. */
  start(argv: readonly string[], fds: ReadonlyMap<number, OpenFile>, env: Readonly<Record<string, string>> = {}): Process {
    const command = this.command(argv[0]!.split("/").pop()!);
    if (!command) throw new Error(`no command ${argv[0]}`);
    const base = { PATH: "/usr/bin:/usr/sbin", HOME: "/root", LANG: "C.UTF-8", TERM: "dumb", TZ: "UTC", ...env };
    return this.spawn({ argv, program: (p) => command.run(p, argv.slice(1)), fds, env: new Map(Object.entries(base)), cwd: "/root" });
  }

  settle(limit = 300_000): void {
    for (let i = 0; i < limit; i++) if (!this.clock.step()) return;
    throw new Error("does not come to rest");
  }
}

/** Standard input that holds these octets, as a pipe whose writer is gone. */
export function input(bytes: Uint8Array): OpenFile {
  let at = 0;
  return {
    kind: "pipe",
    readable: true,
    writable: false,
    waiters: new WaitQueue(),
    refs: 0,
    read(max) {
      const got = bytes.slice(at, at + max);
      at += got.length;
      return got;
    },
    write: () => "EBADF",
    close: () => undefined,
  };
}

export function bench(commands: readonly Command[], files: RunOptions["files"] = {}): Bench {
  const machine = new Bench(commands);
  for (const [name, text] of Object.entries(files)) {
    const path = name.startsWith("/") ? name : `/root/${name}`;
    if (name.endsWith("/")) machine.fs.mkdir(path, { parents: true });
    else {
      machine.fs.mkdir(path.slice(0, path.lastIndexOf("/")), { parents: true });
      machine.put(path, text);
    }
  }
  return machine;
}

export function runOn(machine: Bench, argv: readonly string[], o: RunOptions = {}): Result {
  const out = new Capture();
  const err = new Capture();
  const stdin = typeof o.stdin === "string" ? encodeUtf8(o.stdin) : (o.stdin ?? new Uint8Array(0));
  const proc = machine.start(argv, new Map<number, OpenFile>([[0, input(stdin)], [1, out], [2, err]]), o.env);
  machine.settle();
  if (!proc.exit) throw new Error(`${argv.join(" ")} does not end`);
  return { out: decodeUtf8(out.bytes()), err: decodeUtf8(err.bytes()), status: statusOf(proc.exit), bytes: out.bytes(), fs: machine.fs };
}

export function run(commands: readonly Command[], argv: readonly string[], o: RunOptions = {}): Result {
  return runOn(bench(commands, o.files), argv, o);
}

