/**
 * What a face is told of a running network: frames on cables, drops, storms, routing loops; and the decisions about recent packets.
 * It only looks. While a storm rages it looks less: decisions are not kept then, frames are counted and not described.
 */
import { byCodeUnit } from "../base/order.ts";
import type { Skb } from "../sim/skb.ts";
import type { Notice as SimNotice } from "../sim/simulation.ts";
import { SECOND, type Nanos } from "../sim/time.ts";
import type { Decision } from "../sim/trace.ts";
import type { ResolvedLab } from "./load.ts";
import type { Event, FrameEvent, WalkView } from "./protocol.ts";
import type { Session } from "./session.ts";
import { labelFrame } from "./walk.ts";

/** Frames described in one batch. */
const FRAMES_SHOWN = 256;
/** Decisions kept for walks. */
const DECISIONS_KEPT = 20_000;
/** Decisions in one batch from which on the reason stream is left alone for a while. */
const DECISIONS_BUSY = 20_000;
const DROPS_SHOWN = 64;
/** A packet that a router sends along one way for the so-many-th time runs in a circle: no network here is that long. */
const LOOP_CROSSINGS = 40;
const LOOP_SLOTS = 4096;
/** Enough frames to say how many there are a second. */
const RATE_FRAMES = 2_000;
const QUIET: Nanos = 2 * SECOND;

export class LiveWatch {
  private readonly post: (e: Event) => void;
  private readonly resolved: ResolvedLab;
  private session: Session | undefined;
  private stopTrace: (() => void) | undefined;
  private frames: FrameEvent[] = [];
  private readonly more = new Map<number, number>();
  private decisions: Decision[] = [];
  private inBatch = 0;
  private drops = 0;
  private raging: { cables: Set<number>; since: Nanos; last: Nanos; counted: number; countedSince: Nanos; rated: boolean } | undefined;
  private readonly loopPackets = new Float64Array(LOOP_SLOTS);
  private readonly loopCounts = new Int32Array(LOOP_SLOTS);
  private loopNodes = new Set<string>();
  private lastLoop = Number.NEGATIVE_INFINITY;

  constructor(resolved: ResolvedLab, post: (e: Event) => void) {
    this.resolved = resolved;
    this.post = post;
  }

  begin(session: Session): void {
    this.session = session;
    this.frames = [];
    this.more.clear();
    this.listen();
  }

  // -- frames -----------------------------------------------------------------------------------------------------------------

  frame(cable: number, fromA: boolean, skb: Skb, start: Nanos, arrival: Nanos): void {
    if (this.session === undefined) return; // a replay on its way to the present
    this.watchLoop(cable, skb, start);
    if (this.raging !== undefined) {
      this.raging.counted++;
      if (skb.hops > 64) this.raging.cables.add(cable);
    }
    if (this.frames.length >= FRAMES_SHOWN) {
      this.more.set(cable, (this.more.get(cable) ?? 0) + 1);
      return;
    }
    const { family, label } = labelFrame(skb.bytes, skb.data, skb.tail);
    const lost = !this.session.network.cables[cable]!.connected;
    this.frames.push({ packet: skb.id, cable, from: fromA ? 0 : 1, start, arrival, length: skb.tail - skb.data, family, label, lost });
  }

  /** A routed packet keeps its number from hop to hop; a bridge's copies do not, and storms are told otherwise. */
  private watchLoop(cable: number, skb: Skb, at: Nanos): void {
    const slot = skb.id % LOOP_SLOTS;
    if (this.loopPackets[slot] !== skb.id) {
      this.loopPackets[slot] = skb.id;
      this.loopCounts[slot] = 0;
    }
    const n = ++this.loopCounts[slot]!;
    if (n < LOOP_CROSSINGS - 8 || skb.hops > 8 || at - this.lastLoop < SECOND) return;
    for (const end of this.resolved.lab.cables[cable]!.ends) this.loopNodes.add(end.split(":")[0]!);
    if (n < LOOP_CROSSINGS) return;
    this.lastLoop = at;
    const nodes = [...this.loopNodes].filter((name) => this.resolved.lab.nodes[name]!.kind !== "switch").sort(byCodeUnit);
    this.loopNodes = new Set();
    this.post({ type: "notice", notice: { kind: "routing-loop", nodes, packet: skb.id, at, text: `A packet runs in a circle between ${nodes.join(", ")} until its TTL is used up. Look at their routes for its destination.` } });
  }

  /** A storm goes on. */
  get isStorming(): boolean {
    return this.raging !== undefined;
  }

  // -- storms -------------------------------------------------------------------------------------------------------------------

  storm(n: SimNotice): void {
    const { session } = this;
    if (session === undefined) return;
    const cable = session.network.cables.findIndex((c) => c.name === n.cable);
    if (this.raging !== undefined) {
      this.raging.last = n.at;
      if (cable >= 0) this.raging.cables.add(cable);
      return;
    }
    this.raging = { cables: new Set(cable < 0 ? [] : [cable]), since: n.at, last: n.at, counted: 0, countedSince: n.at, rated: false };
    this.quietTrace();
    this.tellStorm(false, n.at);
  }

  private tellStorm(over: boolean, at: Nanos): void {
    const r = this.raging!;
    const cables = [...r.cables].sort((a, b) => a - b);
    const seconds = (at - r.countedSince) / SECOND;
    const perSecond = seconds > 0 ? Math.round(r.counted / seconds) : 0;
    // Hosts get copies; what goes round, goes round between switches.
    const ring = cables.filter((c) => this.resolved.lab.cables[c]!.ends.every((end) => this.resolved.lab.nodes[end.split(":")[0]!]!.kind === "switch"));
    const names = (ring.length > 0 ? ring : cables).map((c) => this.resolved.lab.cables[c]!.ends.join(" - ")).join(", ");
    const text = over ? "The storm is over." : `Frames go round without end (a broadcast storm) on ${names}. Pull a cable of the loop, or take a port out of its bridge; spanning tree prevents this.`;
    this.post({ type: "notice", notice: { kind: "storm", cables, perSecond, since: r.since, over, text } });
  }

  // -- decisions ------------------------------------------------------------------------------------------------------------------

  private listen(): void {
    if (this.stopTrace !== undefined || this.session === undefined) return;
    this.stopTrace = this.session.network.sim.trace.listen((d) => this.decide(d));
  }

  private quietTrace(): void {
    this.stopTrace?.();
    this.stopTrace = undefined;
  }

  private decide(d: Decision): void {
    this.decisions.push({ ...d });
    if (this.decisions.length > 2 * DECISIONS_KEPT) this.decisions = this.decisions.slice(-DECISIONS_KEPT);
    if (++this.inBatch > DECISIONS_BUSY) this.quietTrace();
    // A copy for somebody else that a switch flooded is no loss, nor is what a neighbour says in IPv6 to who does not speak it.
    if (d.verdict !== "drop" || d.reason === "OTHERHOST" || d.reason === "UNHANDLED_PROTO" || d.reason === "IPV6DISABLED" || ++this.drops > DROPS_SHOWN) return;
    this.post({ type: "drop", packet: d.packet, node: d.node, dev: d.dev, stage: d.stage, reason: d.reason, at: d.at });
  }

  /** All that is kept about a packet, its ancestors and what it became; undefined when nothing is. */
  walk(packet: number): WalkView | undefined {
    const parents = new Map<number, number>();
    for (const d of this.decisions) if (d.parent !== 0) parents.set(d.packet, d.parent);
    let root = packet;
    for (let i = 0; i < 64 && parents.has(root); i++) root = parents.get(root)!;
    const related = new Set([root, packet]);
    for (const d of this.decisions) if (d.parent !== 0 && related.has(d.parent)) related.add(d.packet);
    const decisions = this.decisions.filter((d) => related.has(d.packet));
    return decisions.length === 0 ? undefined : { packet, decisions };
  }

  // -- batches ----------------------------------------------------------------------------------------------------------------------

  flush(now: Nanos): void {
    if (this.frames.length > 0 || this.more.size > 0) {
      this.post({ type: "frames", frames: this.frames, more: [...this.more].sort((a, b) => a[0] - b[0]) });
      this.frames = [];
      this.more.clear();
    }
    this.inBatch = 0;
    this.drops = 0;
    const r = this.raging;
    if (r === undefined) this.listen();
    else if (now - r.last > QUIET) {
      this.tellStorm(true, now);
      this.raging = undefined;
    } else if (now - r.countedSince > SECOND || (!r.rated && r.counted > RATE_FRAMES)) {
      r.rated = true;
      this.tellStorm(false, now);
      r.counted = 0;
      r.countedSince = now;
    }
  }
}
