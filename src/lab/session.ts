/**
 * A session: a network as (lab, seed) gives it, and what a learner did in it, as a log. The session is a function of
 * (lab, seed, log): an entry of time t takes effect after every event before t and before every event at t. Everything that is
 * saved, undone, checked, shared or graded is a replay of that log.
 */
import { encodeUtf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Cable, CableObserver } from "../sim/cable.ts";
import type { CaptureArena } from "../sim/capture.ts";
import type { Notice as SimNotice } from "../sim/simulation.ts";
import type { Skb } from "../sim/skb.ts";
import { SECOND, type Nanos } from "../sim/time.ts";
import type { Tty } from "../userland/tty.ts";
import { applyChange } from "./changes.ts";
import type { ResolvedLab } from "./load.ts";
import type { LogEntry } from "./log.ts";
import { Network, type NetworkSpec } from "./network.ts";
import { hashState } from "./state.ts";
import { Hasher } from "./state-digest.ts";
import { submissionHead } from "./submission.ts";

/** Told of what happens, in order. It must not change anything. */
export interface SessionObserver {
  output?(terminal: string, bytes: Uint8Array): void;
  frame?(cable: number, fromA: boolean, skb: Skb, start: Nanos, arrival: Nanos): void;
  cable?(cable: number, cut: boolean): void;
  notice?(notice: SimNotice): void;
}

export interface SessionOptions {
  observer?: SessionObserver;
  /** Keeps what `digest` needs. */
  digest?: boolean;
  /** Keeps frames for captures. */
  capture?: CaptureArena;
}

/** Output of a terminal that is kept, so that a face can show it again; what is older goes. */
const SCROLLBACK_OCTETS = 256 << 10;
const TERMINALS_MAX = 32;
/** A start-up line that takes more events than this is a fault of the lab. */
const START_BUDGET = 5_000_000;

export class Terminal {
  readonly name: string;
  readonly node: string;
  readonly tty: Tty;
  /** Of everything it ever showed; absent when no digest is asked for. */
  readonly hasher: Hasher | undefined;
  private parts: Uint8Array[] = [];
  private kept = 0;

  constructor(name: string, node: string, tty: Tty, hash: boolean) {
    this.name = name;
    this.node = node;
    this.tty = tty;
    this.hasher = hash ? new Hasher() : undefined;
  }

  show(bytes: Uint8Array): void {
    this.hasher?.raw(bytes);
    this.parts.push(bytes);
    this.kept += bytes.length;
    while (this.kept > 2 * SCROLLBACK_OCTETS) this.kept -= this.parts.shift()!.length;
  }

  /** What it showed lately. */
  get scrollback(): Uint8Array {
    const all = new Uint8Array(this.kept);
    let at = 0;
    for (const p of this.parts) {
      all.set(p, at);
      at += p.length;
    }
    this.parts = [all];
    return all.length > SCROLLBACK_OCTETS ? all.subarray(all.length - SCROLLBACK_OCTETS) : all;
  }

  /** The shell waits for a line (or its builtin for an answer) and has read everything typed so far. */
  get atPrompt(): boolean {
    const { tty } = this;
    const shell = tty.session;
    return shell !== undefined && tty.foreground === shell.pgid && shell.waitsFor?.read?.includes(tty) === true && !tty.readable;
  }
}

export class Session implements CableObserver {
  readonly resolved: ResolvedLab;
  readonly network: Network;
  readonly log: LogEntry[] = [];
  readonly terminals = new Map<string, Terminal>();
  /** Hints opened, by task. */
  readonly hints = new Map<string, number>();
  /** When the learner's time began. */
  readonly began: Nanos;
  observer: SessionObserver | undefined;
  /** Handed in: nothing follows. */
  ended = false;
  /** Why time does not go on any more; what was done before is intact. */
  stuck: string | undefined;
  /** The last run may have stopped in the middle of things at `now`. */
  private partial = false;
  private readonly frames: Hasher | undefined;
  private readonly cableIds = new Map<Cable, number>();

  /** Builds the network and runs its start-up. @returns why the lab cannot start: a fault of the lab. */
  static start(resolved: ResolvedLab, options: SessionOptions = {}): Result<Session, string> {
    const session = new Session(resolved, options);
    const failed = session.startUp();
    return failed === undefined ? ok(session) : err(failed);
  }

  private constructor(resolved: ResolvedLab, options: SessionOptions) {
    this.resolved = resolved;
    this.network = new Network(networkSpec(resolved));
    this.observer = options.observer;
    const { sim, cables } = this.network;
    sim.capture = options.capture;
    cables.forEach((c, i) => this.cableIds.set(c, i));
    this.frames = options.digest === true ? new Hasher() : undefined;
    if (this.frames !== undefined || options.observer?.frame !== undefined) sim.cableObserver = this;
    sim.onNotice = (n) => this.observer?.notice?.(n);
    this.began = 0;
  }

  private startUp(): string | undefined {
    const { lab } = this.resolved;
    for (const [name, node] of Object.entries(lab.nodes)) {
      for (const { run } of node.start) {
        const failed = applyChange(this.network, { on: name, run, within: 60 }, START_BUDGET);
        if (failed !== undefined) return `start-up of ${name}: ${run}: ${failed}`;
      }
    }
    for (const change of lab.prepare) {
      const failed = applyChange(this.network, change, START_BUDGET);
      if (failed !== undefined) return `prepare: ${JSON.stringify(change)}: ${failed}`;
    }
    // The learner begins at a whole second: what start-up stirred up has settled, and times are easy to read.
    const begin = (Math.floor(this.now / SECOND) + 1) * SECOND;
    if (this.network.sim.clock.runBefore(begin, START_BUDGET) !== "reached") return "start-up does not come to rest";
    (this as { began: Nanos }).began = begin;
    return undefined;
  }

  get now(): Nanos {
    return this.network.now;
  }

  /** Events run so far. */
  get executed(): number {
    return this.network.sim.clock.executed;
  }

  // -- time -------------------------------------------------------------------------------------------------------------

  /** Runs events before `until`, at most about `budget` of them. The cut into slices changes nothing. */
  advance(until: Nanos, budget = Number.POSITIVE_INFINITY): "reached" | "budget" | "stuck" {
    if (this.stuck !== undefined) return "stuck";
    const end = this.network.sim.clock.runBefore(until, budget);
    this.partial = end !== "reached";
    if (end === "stuck") this.stuck = "millions of events happened in one instant";
    return end;
  }

  /** The time that an input gets now: everything before it has run, nothing at it has. */
  stamp(): Nanos {
    if (this.partial && this.stuck === undefined) {
      this.network.sim.clock.runBefore(this.now + 1, Number.POSITIVE_INFINITY);
      this.partial = false;
    }
    return this.now;
  }

  // -- inputs -----------------------------------------------------------------------------------------------------------

  /** Whether `apply` would take it; for those who must know before. */
  allows(entry: LogEntry): Result<void, string> {
    const [, what] = entry;
    if (this.ended) return err("comes after the end");
    if ((what === "key" || what === "size") && !this.terminals.has(entry[2])) return err(`names a terminal '${entry[2]}' that is not open`);
    if (what === "open") return this.mayOpen(entry[2], entry[3]);
    if (what === "cut" || what === "restore") return this.mayPlug(entry[2], what === "restore");
    if (what === "hint") return this.mayHint(entry[2]);
    if (what === "check" && entry[2] !== "*" && !this.resolved.lab.tasks.some((t) => t.id === entry[2])) return err(`names a task '${entry[2]}' that is not there`);
    return ok();
  }

  private mayOpen(name: string, node: string): Result<void, string> {
    if (this.terminals.has(name)) return err(`opens the terminal '${name}' twice`);
    if (this.terminals.size >= TERMINALS_MAX) return err(`opens more than ${TERMINALS_MAX} terminals`);
    return terminalNodes(this.resolved).includes(node) ? ok() : err(`opens a terminal on '${node}', which has none`);
  }

  private mayPlug(index: number, connected: boolean): Result<void, string> {
    const cable = this.network.cables[index];
    if (cable === undefined) return err(`names a cable ${index} that is not there`);
    return cable.connected !== connected ? ok() : err(connected ? "puts back a cable that is in its place" : "pulls a cable that is out already");
  }

  private mayHint(id: string): Result<void, string> {
    const task = this.resolved.lab.tasks.find((t) => t.id === id);
    if (task === undefined) return err(`names a task '${id}' that is not there`);
    return (this.hints.get(id) ?? 0) < task.hints.count ? ok() : err(`opens more hints than task '${id}' has`);
  }

  /** Applies an entry whose time is now (`stamp()`), and logs it. @returns why it cannot be, and nothing happened. */
  apply(entry: LogEntry): Result<void, string> {
    if (this.ended) return err("comes after the end");
    if (entry[0] < this.now) return err("goes back in time");
    if (entry[0] > this.now) return err("lies in the future");
    const allowed = this.allows(entry);
    if (!allowed.ok) return allowed;
    this.effect(entry);
    this.log.push(entry);
    return ok();
  }

  private effect(entry: LogEntry): void {
    switch (entry[1]) {
      case "key":
        return this.terminals.get(entry[2])!.tty.input(encodeUtf8(entry[3]));
      case "open":
        return this.open(entry[2], entry[3], entry[4], entry[5]);
      case "size":
        return this.terminals.get(entry[2])!.tty.resize(entry[3], entry[4]);
      case "cut":
      case "restore":
        this.network.cables[entry[2]]!.setConnected(entry[1] === "restore");
        this.observer?.cable?.(entry[2], entry[1] === "cut");
        return;
      case "hint":
        this.hints.set(entry[2], (this.hints.get(entry[2]) ?? 0) + 1);
        return;
      case "check":
        return;
      case "end":
        this.ended = true;
        return;
    }
  }

  private open(name: string, node: string, columns: number, rows: number): void {
    const tty = this.network.machine(node).openTerminal(columns, rows);
    const terminal = new Terminal(name, node, tty, this.frames !== undefined);
    tty.onOutput = (bytes) => {
      terminal.show(bytes);
      this.observer?.output?.(name, bytes);
    };
    this.terminals.set(name, terminal);
  }

  // -- observers ----------------------------------------------------------------------------------------------------------

  frameSent(cable: Cable, fromA: boolean, skb: Skb, start: Nanos, arrival: Nanos): void {
    const id = this.cableIds.get(cable);
    if (id === undefined) return; // a veth: no cable of the lab, it lies inside a machine
    if (this.frames !== undefined) {
      this.frames.number(start);
      this.frames.number(fromA ? 2 * id : 2 * id + 1);
      this.frames.bytes(skb.bytes, skb.data, skb.tail);
    }
    this.observer?.frame?.(id, fromA, skb, start, arrival);
  }

  cableId(cable: Cable): number {
    return this.cableIds.get(cable)!;
  }

  /** Hex of SHA-256 over all that was typed, shown, carried, and is now. The session must have been made with `digest`. */
  digest(student: string): string {
    const all = new Hasher();
    all.text(submissionHead({ lab: this.resolved.id, labDigest: this.resolved.digest, seed: this.resolved.seed, student, log: this.log }));
    all.number(this.now);
    for (const t of this.terminals.values()) {
      all.text(t.name);
      all.text(t.hasher?.digest() ?? "");
    }
    all.text(this.frames?.digest() ?? "");
    for (const machine of this.network.machines.values()) hashState(machine, all);
    return all.digest();
  }
}

/** Nodes that a terminal can be opened on. */
export function terminalNodes(resolved: ResolvedLab): readonly string[] {
  return resolved.lab.terminals ?? Object.keys(resolved.lab.nodes);
}

/** A machine starts with IPv6 off, as those of the conformance cases do. */
function ipv6On(kind: string): Record<string, string> {
  return { "net.ipv6.conf.all.disable_ipv6": "0", "net.ipv6.conf.default.disable_ipv6": "0", ...(kind === "router" ? { "net.ipv6.conf.all.forwarding": "1" } : {}) };
}

function networkSpec(resolved: ResolvedLab): NetworkSpec {
  const { lab, macs, seed } = resolved;
  const end = (text: string): { node: string; dev: string; mac: string } => {
    const [node, dev] = text.split(":") as [string, string];
    return { node, dev, mac: macs.get(text)! };
  };
  return {
    seed,
    nodes: Object.entries(lab.nodes).map(([name, node]) => ({
      name,
      sysctls: { ...(node.kind === "router" ? { "net.ipv4.ip_forward": "1" } : {}), ...(node.ipv6 ?? lab.ipv6 ? ipv6On(node.kind) : {}), ...node.sysctls },
      files: node.files,
      ports: node.ports.map((dev) => ({ dev, mac: macs.get(`${name}:${dev}`)! })),
    })),
    cables: lab.cables.map((c) => ({ a: end(c.ends[0]), b: end(c.ends[1]), mtu: c.mtu, delay: c.delay, rate: c.rate, queue: c.queue, lossPpm: c.loss, cut: c.cut })),
  };
}

// -- replay ---------------------------------------------------------------------------------------------------------------

export interface ReplayOptions extends SessionOptions {
  /** Events in all, start-up included. */
  budget?: number;
  /** Stands at this instant at the end, when it lies behind the last entry. */
  until?: Nanos;
  /** Called when start-up is done and nothing was typed yet. */
  onStart?: (session: Session) => void;
  /** Runs in slices of so many events; asked between two whether to go on. */
  slice?: number;
  goOn?: () => boolean;
}

export type ReplayFailure =
  | { kind: "lab"; because: string }
  /** The log is none that a session could have made. */
  | { kind: "log"; entry: number; because: string }
  | { kind: "budget"; because: string };

/** A session in which `log` has happened. */
export function replay(resolved: ResolvedLab, log: readonly LogEntry[], options: ReplayOptions = {}): Result<Session, ReplayFailure> {
  const started = Session.start(resolved, options);
  if (!started.ok) return err({ kind: "lab", because: started.error });
  const session = started.value;
  options.onStart?.(session);
  for (const [i, entry] of log.entries()) {
    const late = runTo(session, entry[0], options);
    if (late !== undefined) return err({ kind: "budget", because: late });
    const done = session.apply(entry);
    if (!done.ok) return err({ kind: "log", entry: i, because: `log[${i}] ${done.error}` });
  }
  const late = options.until === undefined ? undefined : runTo(session, options.until, options);
  return late === undefined ? ok(session) : err({ kind: "budget", because: late });
}

function runTo(session: Session, until: Nanos, o: ReplayOptions): string | undefined {
  const budget = o.budget ?? Number.POSITIVE_INFINITY;
  while (session.now < until) {
    const left = budget - session.executed;
    if (left <= 0) return `takes more than ${budget} events`;
    const end = session.advance(until, Math.min(left, o.slice ?? 1_000_000));
    if (end === "stuck") return session.stuck ?? "stands still";
    if (end === "budget" && o.goOn !== undefined && !o.goOn()) return "takes too long";
  }
  return undefined;
}
