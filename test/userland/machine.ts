/** A machine for tests of userland: the real one, on the real kernel, without a network. */
import { decodeUtf8, encodeUtf8 } from "../../src/base/bytes.ts";
import type { Kernel } from "../../src/kernel/api.ts";
import { Scheduler } from "../../src/sim/scheduler.ts";
import { SECOND } from "../../src/sim/time.ts";
import { COMMANDS } from "../../src/userland/commands/index.ts";
import { NodeMachine } from "../../src/userland/machine.ts";
import { Capture } from "../../src/userland/pipe.ts";
import { statusOf } from "../../src/userland/process.ts";
import type { Tty } from "../../src/userland/tty.ts";

/** What userland needs of a kernel when no packet moves. */
function quietKernel(node: string): Kernel {
  const kernel = { node, createNetns: () => ns, destroyNetns: () => undefined } as unknown as { -readonly [K in keyof Kernel]: Kernel[K] };
  const ns = {
    kernel, inode: 4026531840, counters: () => new Map(),
    sysctl: { get: () => undefined, set: () => "ENOENT", keys: () => [], isReadOnly: () => false },
    rtnl: { links: () => [], link: () => undefined, addrs: () => [], routes: () => [], neighs: () => [] },
  } as unknown as Kernel["initNetns"];
  kernel.initNetns = ns;
  kernel.namespaces = [ns];
  return kernel;
}

export function makeMachine(name = "h1"): NodeMachine {
  return new NodeMachine({ name, kernel: quietKernel(name), clock: new Scheduler(), commands: COMMANDS, seed: 1 });
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Events after which a line counts as one without an end. */
const BUDGET = 400_000;

/** Runs `sh -c line` to its end. Status -1: it did not end within the budget. */
export function sh(m: NodeMachine, line: string): Outcome {
  const [out, err] = [new Capture(), new Capture()];
  const opened = m.fs.open(m.processes.get(1)!, "/dev/null", { read: true });
  if (!opened.ok) throw new Error("no /dev/null");
  const proc = m.sh(line, { fds: new Map([[0, opened.value], [1, out], [2, err]]) });
  if (proc === "EAGAIN") throw new Error("no process");
  for (let n = 0; !proc.exit && n < BUDGET && m.clock.step(); n++);
  return { status: proc.exit ? statusOf(proc.exit) : -1, stdout: decodeUtf8(out.bytes()), stderr: decodeUtf8(err.bytes()) };
}

/** The same in bash. */
export function bash(m: NodeMachine, line: string): Outcome {
  return sh(m, `exec bash -c '${line.replaceAll("'", "'\\''")}'`);
}

/** A person at a terminal of the machine. */
export class Person {
  readonly tty: Tty;
  seen = "";
  private readonly m: NodeMachine;

  constructor(m: NodeMachine, columns = 80, rows = 24) {
    this.m = m;
    this.tty = m.openTerminal(columns, rows);
    this.tty.onOutput = (bytes) => (this.seen += decodeUtf8(bytes));
    this.wait(0.1);
  }

  /** Types, and lets half a second pass. @returns what appeared meanwhile, without the sequences of the line editor. */
  type(keys: string, seconds = 0.5): string {
    const before = this.seen.length;
    this.tty.input(encodeUtf8(keys));
    this.wait(seconds);
    return plain(this.seen.slice(before));
  }

  wait(seconds: number): void {
    this.m.clock.runBefore(this.m.clock.now + seconds * SECOND, 4_000_000);
  }
}

export function plain(text: string): string {
  return text.replace(/\x1b\[\?2004[hl]\r?/g, "").replace(/\r\n/g, "\n");
}
