/** Our own network as the conformance runner sees it: a machine a node, started as test/conformance/README.md says. */
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { WaitQueue } from "../../base/wait-queue.ts";
import { LinuxKernel } from "../../kernel/kernel.ts";
import type { Scheduler } from "../../sim/scheduler.ts";
import { Simulation } from "../../sim/simulation.ts";
import type { Nanos } from "../../sim/time.ts";
import { COMMANDS } from "../../userland/commands/index.ts";
import { type Machine, NodeMachine } from "../../userland/machine.ts";
import type { OpenFile, Process } from "../../userland/process.ts";
import { statusOf } from "../../userland/process.ts";
import { Capture } from "../../userland/pipe.ts";
import type { Tty } from "../../userland/tty.ts";
import { parseMac } from "../../wire/ethernet.ts";
import type { CaseLink, ConformanceCase } from "./case.ts";
import type { ConformanceEngine, MakeEngine, RunningCommand } from "./runner.ts";

/** Events of one wait; what needs more is a runaway. */
const EVENTS_MAX = 20_000_000;
const OUTPUT_MAX = 1 << 20;

/** Any will do: what chance decides is masked. */
const SEED = 1;

/** What every node starts with, whatever the kernel's defaults are; BASE_SYSCTLS of the recorder. */
const BASE_SYSCTLS: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "0",
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.conf.all.accept_redirects": "1",
  "net.ipv4.conf.default.accept_redirects": "1",
  "net.ipv4.conf.all.send_redirects": "1",
  "net.ipv4.conf.default.send_redirects": "1",
  "net.ipv4.conf.all.arp_notify": "0",
  "net.ipv4.conf.default.arp_notify": "0",
  "net.ipv4.conf.all.proxy_arp": "0",
  "net.ipv4.conf.default.proxy_arp": "0",
  "net.ipv6.conf.all.disable_ipv6": "1",
  "net.ipv6.conf.default.disable_ipv6": "1",
  "net.bridge.bridge-nf-call-iptables": "0",
};
/** A key of an interface that is there only when the links are. */
const OF_INTERFACE = /\.(eth|bond)\d/;

type Kill = "SIGINT" | "SIGTERM" | "SIGKILL";

interface Node {
  readonly kernel: LinuxKernel;
  readonly machine: Machine;
}

/** The network of `c`, in the order in which the recorder makes it: nodes, links, links up, their sysctls. */
export const makeEngine: MakeEngine = (c) => {
  const sim = new Simulation(SEED);
  const nodes = new Map<string, Node>();
  for (const [name, spec] of Object.entries(c.nodes)) nodes.set(name, makeNode(sim, name, spec));
  for (const link of c.links) join(nodes, link);
  for (const { a, b } of c.links) for (const end of [a, b]) deviceAt(nodes, end).setUp(true);
  for (const [name, { sysctls = {} }] of Object.entries(c.nodes)) setSysctls(nodes.get(name)!, sysctls, (key) => OF_INTERFACE.test(key));
  return new MachinesEngine(sim.clock, new Map([...nodes].map(([name, n]) => [name, n.machine])));
};

function makeNode(sim: Simulation, name: string, { sysctls = {}, files = {} }: ConformanceCase["nodes"][string]): Node {
  const kernel = new LinuxKernel(sim, name);
  const machine = new NodeMachine({ name, kernel, clock: sim.clock, commands: COMMANDS, seed: sim.seed });
  const node = { kernel, machine };
  setSysctls(node, { ...BASE_SYSCTLS, ...sysctls }, (key) => !OF_INTERFACE.test(key));
  for (const [path, text] of Object.entries(files)) {
    machine.fs.mkdir(path.slice(0, path.lastIndexOf("/")), { parents: true });
    machine.fs.writeFile(path, encodeUtf8(text), { mode: /\.sh$|\/bin\//.test(path) ? 0o755 : 0o644 });
  }
  return node;
}

/** One that this kernel does not have is passed over, as the recorder does. */
function setSysctls({ kernel }: Node, values: Readonly<Record<string, string>>, which: (key: string) => boolean): void {
  for (const [key, value] of Object.entries(values)) if (which(key)) kernel.initNetns.sysctl.set(key, value);
}

/** A link is a veth pair with one end on each node. */
function join(nodes: ReadonlyMap<string, Node>, { a, b, macA, macB, mtu }: CaseLink): void {
  const end = (name: string, mac: string) => {
    const [node = "", dev = ""] = name.split(":");
    const veth = nodes.get(node)!.kernel.addVethEnd(dev, parseMac(mac)!);
    veth.mtu = mtu;
    return veth;
  };
  const [deviceA, deviceB] = [end(a, macA), end(b, macB)];
  nodes.get(a.split(":")[0]!)!.kernel.joinVeth(deviceA, deviceB);
}

function deviceAt(nodes: ReadonlyMap<string, Node>, end: string) {
  const [node = "", dev = ""] = end.split(":");
  return nodes.get(node)!.kernel.initNetns.deviceByName(dev)!;
}

export class MachinesEngine implements ConformanceEngine {
  private readonly clock: Scheduler;
  private readonly machines: ReadonlyMap<string, Machine>;

  constructor(clock: Scheduler, machines: ReadonlyMap<string, Machine>) {
    this.clock = clock;
    this.machines = machines;
  }

  get now(): Nanos {
    return this.clock.now;
  }

  spawn(node: string, cmd: string, { tty }: { readonly tty: boolean }): RunningCommand {
    const machine = this.machines.get(node);
    if (machine === undefined) throw new Error(`no node ${node}`);
    return tty ? spawnOnTerminal(machine, cmd) : spawnCollected(machine, cmd);
  }

  advance(deadline: Nanos, done: () => boolean = () => false): void {
    const { clock } = this;
    for (let events = 0; !done(); events++) {
      if (events === EVENTS_MAX) throw new Error(`more than ${EVENTS_MAX} events before ${deadline} ns`);
      if (clock.nextTime() > deadline) {
        clock.runBefore(deadline, 0);
        return;
      }
      clock.step();
    }
  }
}

/** A shell line and what it printed. `held` are the files that its processes may still write to. */
class ShellLine implements RunningCommand {
  private readonly shell: Process;
  private readonly out: Capture;
  private readonly error: Capture;
  private readonly held: readonly OpenFile[];

  constructor(shell: Process, out: Capture, error: Capture, held: readonly OpenFile[]) {
    this.shell = shell;
    this.out = out;
    this.error = error;
    this.held = held;
  }

  get exit(): number | undefined {
    return this.shell.exit && statusOf(this.shell.exit);
  }

  get drained(): boolean {
    return this.held.every((file) => file.refs === 0);
  }

  get stdout(): string {
    return decodeUtf8(this.out.bytes());
  }

  get stderr(): string {
    return decodeUtf8(this.error.bytes());
  }

  signal(name: Kill): void {
    signalBelow(this.shell, name);
  }
}

/** Standard input is /dev/null, the outputs are pipes that are always read. */
function spawnCollected(machine: Machine, cmd: string): RunningCommand {
  const out = new Capture(OUTPUT_MAX);
  const error = new Capture(OUTPUT_MAX);
  const shell = machine.sh(cmd, { fds: new Map<number, OpenFile>([[0, devNull()], [1, out], [2, error]]) });
  if (shell === "EAGAIN") return REFUSED;
  return new ShellLine(shell, out, error, [out, error]);
}

function devNull(): OpenFile {
  const nothing = (): Uint8Array => new Uint8Array(0);
  const everything = (bytes: Uint8Array): number => bytes.length;
  return { kind: "null", path: "/dev/null", readable: true, writable: true, waiters: new WaitQueue(), refs: 0, read: nothing, write: everything, close: () => undefined };
}

/** An 80x24 terminal of its own. Its line ends are CR LF; the recorder's terminals are read with LF alone. */
function spawnOnTerminal(machine: Machine, cmd: string): RunningCommand {
  const tty: Tty = machine.makeTty(80, 24);
  const screen = new Capture(OUTPUT_MAX);
  const nothing = new Capture(0);
  tty.onOutput = (bytes) => screen.write(bytes);
  const shell = machine.sh(cmd, { tty });
  if (shell === "EAGAIN") return REFUSED;
  return new TerminalLine(shell, screen, nothing, [tty]);
}

class TerminalLine extends ShellLine {
  override get stdout(): string {
    return super.stdout.replaceAll("\r\n", "\n");
  }
}

/** What nsenter(1) says when there is no room for another process. */
const REFUSED: RunningCommand = {
  exit: 1,
  drained: true,
  stdout: "",
  stderr: "nsenter: fork failed: Resource temporarily unavailable\n",
  signal: () => undefined,
};

/** To the processes below `root` that have no child, as a keyboard would reach them; SIGKILL to all of them. */
function signalBelow(root: Process, name: Kill): void {
  const alive = (p: Process): Process[] => [...p.children].filter((c) => c.exit === undefined);
  const all = (p: Process): Process[] => [p, ...alive(p).flatMap(all)];
  const leaves = (p: Process): Process[] => (alive(p).length === 0 ? [p] : alive(p).flatMap(leaves));
  for (const p of name === "SIGKILL" ? all(root) : leaves(root)) p.signal(name);
}
