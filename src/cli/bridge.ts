/**
 * `packetwalk bridge`: an emulated cable whose other end is a TAP device of this machine, in real time. socat(1) opens the device,
 * which Node cannot, and passes each frame as one UDP datagram over the loopback.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { existsSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import type { Network, RunningLine } from "../lab/network.ts";
import { Session } from "../lab/session.ts";
import type { CableEnd } from "../sim/cable.ts";
import { allocSkb, type Skb } from "../sim/skb.ts";
import { formatProblem } from "../lab/problem.ts";
import { type Io, plain, readArguments, readNumber, say, Usage } from "./io.ts";
import { labFolder, readLab } from "./lab-files.ts";

export const BRIDGE_USAGE = `usage: packetwalk bridge [--seed N] --attach NODE:INTERFACE=tap:NAME[,...] <id|folder>

Runs a lab's network in real time and joins interfaces of its machines to TAP devices of this machine. Needs Linux, root
and socat. The interface is made when the machine has none of that name; set it up with lines on standard input:

  h1$ ip addr add 192.168.7.1/24 dev eth9; ip link set eth9 up

Each line runs on that machine and its output is printed when it ends; a line that ends in & is not waited for. Ctrl-C, or the end
of standard input and of all that was started, ends the bridge and removes the devices.

  --attach A=B     h1:eth9=tap:pw0: eth9 of h1 and the device pw0; several are separated by commas
  --seed N         variant of the lab, default 1

Exit status: 0 ended, 1 the lab or a device cannot be had, 2 usage.
`;

interface Attachment {
  node: string;
  dev: string;
  tap: string;
}

/** Frames of at most a jumbo MTU and its header. */
const FRAME_MAX = 9_216;
/** Octets that wait for this process; a burst of a TCP window is larger than the default. */
const SOCKET_BUFFER = 8 << 20;
const EVENTS_AT_ONCE = 200_000;
const IDLE_MS = 20;
/** Output is looked at this often, not after every frame. */
const REPORT_MS = 10;

export function bridgeCommand(argv: readonly string[], io: Io): number | Usage | Promise<number | Usage> {
  const args = readArguments(argv, { seed: "value", attach: "value" });
  if (args instanceof Usage) return args;
  if (args.flags.has("help")) return say(io, BRIDGE_USAGE);
  const seed = readNumber(args, "seed", 1, 0, 0xffff_ffff);
  if (seed instanceof Usage) return seed;
  const [name, ...more] = args.rest;
  if (name === undefined) return new Usage("bridge needs a lab; see packetwalk bridge --help");
  if (more.length > 0) return new Usage(`bridge takes one lab; '${plain(more[0]!)}' is too much`);
  const attachments = readAttachments(args.values.get("attach"));
  if (attachments instanceof Usage) return attachments;
  const dir = labFolder(name, io.cwd);
  if (dir === undefined) return new Usage(`there is no lab '${plain(name)}'; see packetwalk lab list`);
  const source = readLab(dir, io.cwd, { seeds: [seed] });
  const resolved = source.ok ? source.value.resolve(seed) : source;
  if (!resolved.ok) {
    for (const p of resolved.error) io.err(`packetwalk: ${plain(formatProblem(p))}\n`);
    return 1;
  }
  const missing = whatIsMissing();
  if (missing !== undefined) {
    io.err(`packetwalk: bridge needs ${missing}\n`);
    return 1;
  }
  const session = Session.start(resolved.value);
  if (!session.ok) {
    io.err(`packetwalk: ${plain(session.error)}\n`);
    return 1;
  }
  return new LiveBridge(session.value.network, io).run(attachments);
}

function readAttachments(text: string | undefined): Attachment[] | Usage {
  if (text === undefined) return new Usage("bridge needs --attach NODE:INTERFACE=tap:NAME");
  const found: Attachment[] = [];
  for (const part of text.split(",")) {
    const m = /^([A-Za-z][A-Za-z0-9-]*):([^\s:/=]{1,15})=tap:([A-Za-z0-9_.-]{1,15})$/.exec(part);
    if (m === null) return new Usage(`'${plain(part)}' is no attachment; write h1:eth9=tap:pw0`);
    found.push({ node: m[1]!, dev: m[2]!, tap: m[3]! });
  }
  return found;
}

function whatIsMissing(): string | undefined {
  if (process.platform !== "linux" || !existsSync("/dev/net/tun")) return "Linux with /dev/net/tun";
  if (process.getuid?.() !== 0) return "root: it makes a network device";
  return spawnSync("socat", ["-V"], { stdio: "ignore" }).error === undefined ? undefined : "socat: apt-get install -y socat";
}

/** One TAP device and the end of the emulated cable that it is joined to. */
class Joint {
  readonly socket: Socket = createSocket("udp4");
  private socat: ChildProcess | undefined;
  private port = 0;
  inward: CableEnd | undefined;
  private readonly network: Network;
  private readonly advance: () => void;

  constructor(network: Network, advance: () => void) {
    this.network = network;
    this.advance = advance;
    this.socket.on("message", (frame) => this.take(frame));
  }

  /** Frames that leave the emulated machine. */
  receiveFrame(skb: Skb): void {
    this.socket.send(skb.bytes.slice(skb.data, skb.tail), this.port, "127.0.0.1");
    skb.free();
  }
  carrierChanged(): void {}

  private take(frame: Uint8Array): void {
    if (frame.length < 14 || frame.length > FRAME_MAX || this.inward === undefined) return;
    this.advance();
    const { sim } = this.network;
    const skb = allocSkb(frame.length, sim.nextPacket());
    skb.bytes.set(frame, skb.data);
    this.inward.send(skb);
    this.advance();
  }

  /** @returns in words why the device cannot be had. */
  async open(tap: string): Promise<string | undefined> {
    this.port = await freePort();
    await new Promise<void>((done) => this.socket.bind(0, "127.0.0.1", done));
    this.socket.setRecvBufferSize(SOCKET_BUFFER);
    this.socket.setSendBufferSize(SOCKET_BUFFER);
    const mine = (this.socket.address() as AddressInfo).port;
    const socat = spawn("socat", ["-b", "65536", `TUN,tun-type=tap,iff-no-pi,tun-name=${tap},iff-up`, `UDP4-DATAGRAM:127.0.0.1:${mine},bind=127.0.0.1:${this.port},rcvbuf=${SOCKET_BUFFER},sndbuf=${SOCKET_BUFFER}`], { stdio: ["ignore", "ignore", "pipe"] });
    this.socat = socat;
    let said = "";
    socat.stderr.on("data", (d: Buffer) => (said += d.toString()));
    const ended = new Promise<string>((done) => socat.on("exit", () => done(said.trim() || "socat ended")));
    for (let tries = 0; tries < 100; tries++) {
      if (existsSync(`/sys/class/net/${tap}`)) return undefined;
      const why = await Promise.race([ended, new Promise<undefined>((done) => setTimeout(done, 50, undefined))]);
      if (why !== undefined) return `${tap}: ${why}`;
    }
    return `${tap} does not appear`;
  }

  close(): void {
    this.socat?.kill();
    this.socket.close();
  }
}

async function freePort(): Promise<number> {
  const probe = createSocket("udp4");
  await new Promise<void>((done) => probe.bind(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise<void>((done) => probe.close(() => done()));
  return port;
}

class LiveBridge {
  private readonly network: Network;
  private readonly io: Io;
  private readonly joints: Joint[] = [];
  private readonly began = performance.now();
  private readonly virtualBegan: number;
  private timer: NodeJS.Timeout | undefined;
  private running: { node: string; line: RunningLine; shown: number; errors: number }[] = [];
  private queue: string[] = [];
  private inputEnded = false;
  private waiting = false;
  private reported = 0;
  private finish: ((status: number) => void) | undefined;

  constructor(network: Network, io: Io) {
    this.network = network;
    this.io = io;
    this.virtualBegan = network.now;
  }

  async run(attachments: readonly Attachment[]): Promise<number> {
    for (const a of attachments) {
      const joint = new Joint(this.network, () => this.advance());
      this.joints.push(joint);
      const end = this.network.leadOut(a.node, a.dev, joint);
      const why = typeof end === "string" ? end : await joint.open(a.tap);
      if (why !== undefined) {
        this.io.err(`packetwalk: ${plain(why)}\n`);
        this.close();
        return 1;
      }
      joint.inward = end as CableEnd;
      this.io.out(`${a.node}:${a.dev} = ${a.tap}\n`);
    }
    const input = createInterface({ input: process.stdin });
    input.on("line", (line) => this.queue.push(line));
    input.on("close", () => (this.inputEnded = true));
    const ended = new Promise<number>((done) => (this.finish = done));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => this.finish?.(0));
    this.advance();
    const status = await ended;
    this.close();
    input.close();
    return status;
  }

  private close(): void {
    clearTimeout(this.timer);
    for (const j of this.joints) j.close();
  }

  /** Brings virtual time to where real time is, then waits for the next event or frame. */
  private advance(): void {
    clearTimeout(this.timer);
    const { clock } = this.network.sim;
    const target = Math.floor(this.virtualBegan + (performance.now() - this.began) * 1e6);
    if (target > clock.now) clock.runBefore(target, EVENTS_AT_ONCE);
    if (performance.now() - this.reported >= REPORT_MS) {
      this.reported = performance.now();
      this.report();
      this.begin();
    }
    const wait = (clock.nextTime() - clock.now) / 1e6;
    this.timer = setTimeout(() => this.advance(), Math.max(0, Math.min(IDLE_MS, wait)));
  }

  /** The next lines of standard input, up to one that must end first. */
  private begin(): void {
    while (!this.waiting && this.queue.length > 0) {
      const text = this.queue.shift()!;
      if (text.trim() === "" || text.startsWith("#")) continue;
      const m = /^([A-Za-z][A-Za-z0-9-]*)\$ (.*?)(&?)$/.exec(text.trimEnd());
      if (m === null || !this.network.machines.has(m[1]!)) this.io.err(`packetwalk: '${plain(text)}' is no line NODE$ COMMAND of this lab\n`);
      else {
        this.running.push({ node: m[1]!, line: this.network.start(m[1]!, m[2]!), shown: 0, errors: 0 });
        this.waiting = m[3] === "";
      }
    }
    if (this.inputEnded && this.queue.length === 0 && this.running.length === 0) this.finish?.(0);
  }

  private report(): void {
    for (const r of this.running) {
      const { stdout, stderr } = r.line;
      if (stdout.length > r.shown) this.io.out(stdout.slice(r.shown));
      if (stderr.length > r.errors) this.io.err(stderr.slice(r.errors));
      r.shown = stdout.length;
      r.errors = stderr.length;
      if (r.line.exit !== undefined && r === this.running.at(-1)) this.waiting = false;
    }
    this.running = this.running.filter((r) => r.line.exit === undefined);
  }
}
