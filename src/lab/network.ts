/**
 * A network of Linux machines, built from a plain description: what a lab, a conformance case and a benchmark have in common.
 * Interfaces start down; an interface gets its number by its name, not by the cable that happens to be listed first.
 */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { WaitQueue } from "../base/wait-queue.ts";
import { LinuxKernel } from "../kernel/kernel.ts";
import { Ethernet } from "../kernel/netdev/ethernet.ts";
import { Cable, type CableEnd, type CableReceiver } from "../sim/cable.ts";
import { Simulation } from "../sim/simulation.ts";
import type { Nanos } from "../sim/time.ts";
import type { Command } from "../userland/command.ts";
import { COMMANDS } from "../userland/commands/index.ts";
import { type Machine, NodeMachine } from "../userland/machine.ts";
import { type OpenFile, type Process, statusOf } from "../userland/process.ts";
import { parseMac } from "../wire/ethernet.ts";

export interface NodeSpec {
  name: string;
  sysctls?: Readonly<Record<string, string>>;
  /** Path to content; missing directories are made. */
  files?: Readonly<Record<string, string | { text: string; mode: string }>>;
  /** Ethernet interfaces without a cable. */
  ports?: readonly { dev: string; mac: string }[];
}
export interface CableSpec {
  a: { node: string; dev: string; mac: string };
  b: { node: string; dev: string; mac: string };
  mtu?: number;
  delay?: Nanos;
  /** Bits a second; 0: as fast as you like. */
  rate?: number;
  queue?: number;
  lossPpm?: number;
  cut?: boolean;
}
export interface NetworkSpec {
  seed: number;
  nodes: readonly NodeSpec[];
  cables: readonly CableSpec[];
  /** Default: all that are emulated. */
  commands?: readonly Command[];
}

/** Why `runUntil` came back. */
export type RunEnd = "reached" | "done" | "budget" | "stuck";

/** A command line that was started on a node without a terminal. */
export interface RunningLine {
  readonly process: Process | undefined;
  /** As `$?` shows it; undefined while it runs. */
  readonly exit: number | undefined;
  /** Nobody holds its output any more: children in the background may go on writing after it ended. */
  readonly drained: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

export class Network {
  readonly sim: Simulation;
  /** In the order of the description. */
  readonly machines = new Map<string, Machine>();
  readonly cables: Cable[] = [];
  private readonly ends = new Map<string, Cable>();
  private readonly kernels = new Map<string, LinuxKernel>();

  constructor(spec: NetworkSpec) {
    this.sim = new Simulation(spec.seed);
    const interfaces = new Map<string, { dev: string; mac: string; mtu: number; end: CableEnd | undefined }[]>();
    for (const node of spec.nodes) interfaces.set(node.name, (node.ports ?? []).map((p) => ({ ...p, mtu: 1500, end: undefined })));
    for (const c of spec.cables) {
      const cable = this.addCable(c);
      for (const [side, end] of [[c.a, cable.a], [c.b, cable.b]] as const) interfaces.get(side.node)!.push({ dev: side.dev, mac: side.mac, mtu: c.mtu ?? 1500, end });
    }
    for (const node of spec.nodes) this.addMachine(node, interfaces.get(node.name)!, spec.commands ?? COMMANDS);
  }

  private addCable(c: CableSpec): Cable {
    const name = `${c.a.node}:${c.a.dev} ${c.b.node}:${c.b.dev}`;
    const cable = new Cable(this.sim, {
      name,
      ...(c.delay === undefined ? {} : { delay: c.delay }),
      ...(c.rate === undefined ? {} : { rate: c.rate }),
      ...(c.queue === undefined ? {} : { queue: c.queue }),
      ...(c.lossPpm === undefined ? {} : { lossPpm: c.lossPpm }),
    });
    if (c.cut === true) cable.setConnected(false);
    this.cables.push(cable);
    this.ends.set(`${c.a.node}:${c.a.dev}`, cable);
    this.ends.set(`${c.b.node}:${c.b.dev}`, cable);
    return cable;
  }

  private addMachine(node: NodeSpec, interfaces: { dev: string; mac: string; mtu: number; end: CableEnd | undefined }[], commands: readonly Command[]): void {
    const kernel = new LinuxKernel(this.sim, node.name);
    const machine = new NodeMachine({ name: node.name, kernel, clock: this.sim.clock, commands, seed: this.sim.seed });
    this.machines.set(node.name, machine);
    this.kernels.set(node.name, kernel);
    for (const i of [...interfaces].sort((a, b) => compareNames(a.dev, b.dev))) {
      const card = kernel.addEthernet(i.dev, parseMac(i.mac)!);
      card.setMtu(i.mtu);
      if (i.end !== undefined) card.attach(i.end);
    }
    for (const [key, value] of Object.entries(node.sysctls ?? {})) kernel.initNetns.sysctl.set(key, value);
    for (const [path, content] of Object.entries(node.files ?? {})) putFile(machine, path, content);
  }

  machine(node: string): Machine {
    const m = this.machines.get(node);
    if (m === undefined) throw new Error(`there is no node '${node}'`);
    return m;
  }

  /** The cable that has this end, "h1:eth0". */
  cableAt(end: string): Cable | undefined {
    return this.ends.get(end);
  }

  /**
   * Gives a machine an interface whose cable leads out of this network. What leaves goes to `outside`; what `send` of the end that
   * is returned takes, arrives. A port without a cable is used, else an interface is made. Not for a session that is recorded: the
   * outside is in no log. @returns in words why not.
   */
  leadOut(node: string, dev: string, outside: CableReceiver): CableEnd | string {
    const kernel = this.kernels.get(node);
    if (kernel === undefined) return `there is no node '${node}'`;
    if (this.ends.has(`${node}:${dev}`)) return `${node}:${dev} has a cable already`;
    const there = kernel.initNetns.deviceByName(dev);
    if (there !== undefined && !(there instanceof Ethernet)) return `${node}:${dev} is no Ethernet interface`;
    const cable = new Cable(this.sim, { name: `${node}:${dev} outside`, rate: 0 });
    this.ends.set(`${node}:${dev}`, cable);
    cable.b.receiver = outside;
    cable.b.setEnabled(true);
    (there ?? kernel.addEthernet(dev)).attach(cable.a);
    return cable.b;
  }

  get now(): Nanos {
    return this.sim.clock.now;
  }

  /** Starts `sh -c line` as root in /root. Its standard input is empty. */
  start(node: string, line: string): RunningLine {
    const out = new Sink();
    const errors = new Sink();
    const process = this.machine(node).sh(line, { fds: new Map<number, OpenFile>([[0, new EmptyInput()], [1, out], [2, errors]]) });
    return {
      process: process === "EAGAIN" ? undefined : process,
      get exit() {
        if (process === "EAGAIN") return 126;
        return process.exit === undefined ? undefined : statusOf(process.exit);
      },
      get drained() {
        return out.closed && errors.closed;
      },
      get stdout() {
        return out.text();
      },
      get stderr() {
        return errors.text();
      },
    };
  }

  /**
   * Runs events before `deadline`, until `done` holds (asked after each event); then stands at `deadline`, or where it was done.
   * At most `budget` events. Unlike `Scheduler.runBefore` it may stop inside an instant: for copies and tests, not for a session with a log.
   */
  runUntil(deadline: Nanos, done?: () => boolean, budget = Number.POSITIVE_INFINITY): RunEnd {
    const { clock } = this.sim;
    if (done === undefined) return clock.runBefore(deadline, budget);
    if (done()) return "done";
    let left = budget;
    let instant = clock.now;
    let inInstant = 0;
    while (clock.nextTime() < deadline) {
      if (left-- <= 0) return "budget";
      clock.step();
      if (done()) return "done";
      if (clock.now !== instant) [instant, inInstant] = [clock.now, 0];
      else if (++inInstant > 5_000_000) return "stuck";
    }
    clock.runBefore(deadline, 1);
    return "reached";
  }
}

/** eth2 before eth10. */
export function compareNames(a: string, b: string): number {
  const split = (s: string): [string, number] => {
    const m = /^(.*?)(\d{0,9})$/.exec(s)!;
    return [m[1]!, m[2] === "" ? -1 : Number(m[2])];
  };
  const [textA, numberA] = split(a);
  const [textB, numberB] = split(b);
  return textA < textB ? -1 : textA > textB ? 1 : numberA - numberB || (a < b ? -1 : a > b ? 1 : 0);
}

function putFile(machine: Machine, path: string, content: string | { text: string; mode: string }): void {
  const { text, mode } = typeof content === "string" ? { text: content, mode: "0644" } : content;
  const dir = path.slice(0, path.lastIndexOf("/"));
  if (dir !== "") machine.fs.mkdir(dir, { parents: true });
  machine.fs.writeFile(path, encodeUtf8(text), { mode: Number.parseInt(mode, 8) });
}

/** What a program writes is kept, up to a limit; more is taken and forgotten. */
const KEPT_OUTPUT = 1 << 20;

class Sink implements OpenFile {
  readonly kind = "pipe";
  readonly waiters = new WaitQueue();
  readonly readable = true;
  readonly writable = true;
  refs = 0;
  closed = false;
  private readonly parts: Uint8Array[] = [];
  private length = 0;

  read(): Uint8Array {
    return new Uint8Array(0);
  }
  write(bytes: Uint8Array): number {
    const room = KEPT_OUTPUT - this.length;
    if (room > 0) {
      const part = bytes.slice(0, room);
      this.parts.push(part);
      this.length += part.length;
    }
    return bytes.length;
  }
  close(): void {
    this.closed = true;
  }
  text(): string {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const p of this.parts) {
      all.set(p, at);
      at += p.length;
    }
    return decodeUtf8(all);
  }
}

class EmptyInput implements OpenFile {
  readonly kind = "null";
  readonly waiters = new WaitQueue();
  readonly readable = true;
  readonly writable = true;
  refs = 0;
  read(): Uint8Array {
    return new Uint8Array(0);
  }
  write(bytes: Uint8Array): number {
    return bytes.length;
  }
  close(): void {}
}
