/**
 * Neighbour table with unreachability detection. RFC 4861 §7.3.3 and Linux net/core/neighbour.c.
 * Read both before changing a timer. Not modelled: probes by a user-space daemon (app_solicit), managed entries.
 */
import type { RandomStream } from "../sim/random.ts";
import type { Skb } from "../sim/skb.ts";
import { MILLISECOND, type Nanos, SECOND } from "../sim/time.ts";
import { ETH_LEN, ETHERTYPE, macKey } from "../wire/ethernet.ts";
import { formatIpv4, isMulticast } from "../wire/ipv4.ts";
import type { Errno, Ipv4, NeighInfo, NudState } from "./api.ts";
import type { NeighParms } from "./conf.ts";
import type { InDevice } from "./inet.ts";
import type { NetDevice } from "./netdev/device.ts";
import type { NetNamespace } from "./netns.ts";

const VALID: ReadonlySet<NudState> = new Set(["PERMANENT", "NOARP", "REACHABLE", "PROBE", "STALE", "DELAY"]);
const CONNECTED: ReadonlySet<NudState> = new Set(["PERMANENT", "NOARP", "REACHABLE"]);
const IN_TIMER: ReadonlySet<NudState> = new Set(["INCOMPLETE", "REACHABLE", "DELAY", "PROBE"]);

/** What a state does when its timer fires: the table of neigh_timer_handler. */
export type NudEvent = "timer" | "timer, confirmed lately" | "timer, used lately" | "tx" | "confirm";

/** Pure rows of the state machine; `probesLeft` counts solicitations that may still be sent. */
export function nudNext(from: NudState, event: NudEvent, probesLeft: number): NudState {
  switch (from) {
    case "REACHABLE":
      if (event === "timer") return "STALE";
      if (event === "timer, used lately") return "DELAY";
      return "REACHABLE";
    case "STALE":
      return event === "tx" ? "DELAY" : event === "confirm" ? "REACHABLE" : "STALE";
    case "DELAY":
      if (event === "timer, confirmed lately" || event === "confirm") return "REACHABLE";
      return event === "timer" ? "PROBE" : "DELAY";
    case "INCOMPLETE":
    case "PROBE":
      if (event === "confirm") return "REACHABLE";
      return event === "timer" && probesLeft <= 0 ? "FAILED" : from;
    case "NONE":
    case "FAILED":
      return event === "tx" ? "INCOMPLETE" : event === "confirm" ? "REACHABLE" : from;
    default:
      return from;
  }
}

export interface NeighUpdate {
  /** The new address may replace a known one (NEIGH_UPDATE_F_OVERRIDE). */
  override: boolean;
  /** A person asks (NEIGH_UPDATE_F_ADMIN). */
  admin: boolean;
  /** Where it may not replace a known one, that becomes doubtful (NEIGH_UPDATE_F_WEAK_OVERRIDE). */
  weakOverride?: boolean;
  /** The message says whether the neighbour routes (NEIGH_UPDATE_F_OVERRIDE_ISROUTER); undefined: nothing is said. */
  router?: boolean;
}

/** What an entry needs of its table. */
export interface NeighOwner {
  readonly ns: NetNamespace;
  readonly now: Nanos;
}

/** An entry of either family: the state machine, the queue, the timers. */
export abstract class NeighEntry {
  readonly table: NeighOwner;
  readonly dev: NetDevice;
  state: NudState = "NONE";
  readonly lladdr = new Uint8Array(6);
  hasLladdr = false;
  /** The Ethernet header of frames to it, ready to be copied. */
  readonly header = new Uint8Array(ETH_LEN);
  confirmed: Nanos;
  updated: Nanos;
  used: Nanos;
  probes = 0;
  router = false;
  externLearn = false;
  proto = 0;
  /** Those that wait for the address, oldest first. */
  private queue: Skb[] = [];
  private queueBytes = 0;
  private timer = 0;
  dead = false;

  constructor(table: NeighOwner, dev: NetDevice) {
    this.table = table;
    this.dev = dev;
    const now = table.now;
    this.confirmed = now - 2 * 30 * SECOND;
    this.updated = now;
    this.used = now;
  }

  protected abstract get parms(): NeighParms;
  protected abstract readonly ethertype: number;
  /** The address as text. */
  abstract get text(): string;
  /** Sends one solicitation, by unicast when `lladdr` is given. */
  protected abstract solicit(lladdr: Uint8Array | undefined, waiting: Skb | undefined): void;
  /** A packet that waited in vain. Takes ownership. */
  protected abstract linkFailure(skb: Skb): void;

  isValid(): boolean {
    return VALID.has(this.state);
  }

  /** Sends an IP packet to this neighbour; the packet's network header is at `data`. Takes ownership. */
  output(skb: Skb): void {
    const s = this.state;
    if (s !== "REACHABLE" && s !== "PERMANENT" && s !== "NOARP") {
      if (!this.eventSend(skb)) return;
    } else this.used = this.table.now;
    if (this.table.ns.sim.trace.on) this.table.ns.report(skb, "neigh", "pass", this.dev, this.describe(), "");
    this.emit(skb);
  }

  private emit(skb: Skb): void {
    if (this.dev.headerLength === 0) {
      skb.mac = -1; // neigh_direct_output
      skb.cb = this; // a tunnel without a remote leads to the next hop
      return this.dev.xmit(skb);
    }
    const at = skb.push(ETH_LEN);
    const { bytes } = skb;
    const h = this.header;
    for (let i = 0; i < ETH_LEN; i++) bytes[at + i] = h[i]!;
    skb.mac = at;
    this.dev.xmit(skb);
  }

  /** neigh_event_send. @returns whether `skb` may be sent now; otherwise it was queued or dropped. */
  private eventSend(skb: Skb): boolean {
    const ns = this.table.ns;
    const now = this.table.now;
    this.used = now;
    if (this.state === "STALE") {
      this.enter("DELAY", now + this.parms.delay_first_probe_time * SECOND);
      this.updated = now;
      return true;
    }
    if (this.state === "DELAY" || this.state === "PROBE") return true;
    const first = this.state !== "INCOMPLETE";
    if (first && !this.beginToAsk()) {
      ns.drop(skb, "neigh", this.dev, "NEIGH_FAILED");
      return false;
    }
    // The oldest are dropped when the queue is over its size in octets.
    while (this.queue.length > 0 && this.queueBytes + skb.block.bytes.length > this.parms.unres_qlen_bytes) {
      const old = this.queue.shift()!;
      this.queueBytes -= old.block.bytes.length;
      ns.drop(old, "neigh", this.dev, "NEIGH_QUEUEFULL");
    }
    this.queueBytes += skb.block.bytes.length;
    this.queue.push(skb);
    if (ns.sim.trace.on) ns.report(skb, "neigh", "queue", this.dev, this.describe(), "");
    if (first) this.probe();
    return false;
  }

  /** @returns false when nobody may be asked. */
  private beginToAsk(): boolean {
    if (this.parms.mcast_solicit + this.parms.app_solicit === 0) {
      this.enter("FAILED", 0);
      return false;
    }
    this.probes = this.parms.ucast_solicit;
    this.updated = this.table.now;
    this.enter("INCOMPLETE", this.table.now + this.retrans());
    return true;
  }

  /** neigh_event_send without a packet: asks for an address that is not known. */
  resolve(): void {
    this.used = this.table.now;
    if (!this.isValid() && this.state !== "INCOMPLETE" && this.beginToAsk()) this.probe();
  }

  private retrans(): Nanos {
    return Math.max(this.parms.retrans_time_ms, 10) * MILLISECOND;
  }

  /** The one place that enters a state: sets the timer that belongs to it. */
  private enter(state: NudState, timerAt: Nanos): void {
    this.stopTimer();
    this.state = state;
    if (IN_TIMER.has(state)) this.timer = this.table.ns.sim.clock.after(Math.max(timerAt - this.table.now, 0), () => this.onTimer());
  }

  private stopTimer(): void {
    if (this.timer !== 0) this.table.ns.sim.clock.cancel(this.timer);
    this.timer = 0;
  }

  private maxProbes(): number {
    const p = this.parms;
    return p.ucast_solicit + p.app_solicit + (this.state === "PROBE" ? p.mcast_resolicit : p.mcast_solicit);
  }

  private onTimer(): void {
    this.timer = 0;
    const now = this.table.now;
    const delay = this.parms.delay_first_probe_time * SECOND;
    if (this.state === "REACHABLE") {
      const end = this.confirmed + this.parms.reachableTime;
      if (now <= end) return this.enter("REACHABLE", end + 1);
      this.updated = now;
      if (now <= this.used + delay) this.enter(nudNext("REACHABLE", "timer, used lately", 0), now + delay);
      else this.enter(nudNext("REACHABLE", "timer", 0), 0);
      return;
    }
    if (this.state === "DELAY") {
      this.updated = now;
      if (now <= this.confirmed + delay) return this.enter("REACHABLE", this.confirmed + this.parms.reachableTime);
      this.probes = 0;
      this.enter("PROBE", now + this.retrans());
      this.probe();
      return;
    }
    if (nudNext(this.state, "timer", this.maxProbes() - this.probes) === "FAILED") {
      this.updated = now;
      this.enter("FAILED", 0);
      this.invalidate();
      return;
    }
    this.enter(this.state, now + this.retrans());
    this.probe();
  }

  /** neigh_probe: one solicitation, for the packet that waits first. */
  private probe(): void {
    const waiting = this.queue[this.queue.length - 1];
    const probe = this.probes - this.parms.ucast_solicit;
    // Unicast to the address last known, then by broadcast.
    const target = probe < 0 && this.hasLladdr ? this.lladdr : undefined;
    this.probes++;
    this.solicit(target, waiting);
  }

  /** neigh_invalidate: the packets that waited go back with an error. */
  private invalidate(): void {
    const failed = this.queue;
    this.queue = [];
    this.queueBytes = 0;
    for (const skb of failed) this.linkFailure(skb);
  }

  /** __neigh_update: something said that this neighbour is at `lladdr`. */
  update(lladdr: Uint8Array | undefined, wanted: NudState, how: NeighUpdate): Errno | undefined {
    const now = this.table.now;
    const old = this.state;
    let next = wanted;
    if (this.dead) return "ENOENT";
    if (!how.admin && (old === "NOARP" || old === "PERMANENT")) return "EPERM";
    if (!VALID.has(next)) {
      this.enter(next, 0);
      if ((old === "INCOMPLETE" || old === "PROBE") && next === "FAILED") this.invalidate();
      return undefined;
    }
    const same = lladdr === undefined || (this.hasLladdr && VALID.has(old) && macKey(lladdr, 0) === macKey(this.lladdr, 0));
    if (lladdr === undefined && !VALID.has(old) && !(this.dev.flags & 0x88)) return "EINVAL";
    if (CONNECTED.has(next)) this.confirmed = now;
    let changes = !same;
    if (VALID.has(old)) {
      if (!same && !how.override) {
        if (how.weakOverride !== true || !CONNECTED.has(old)) return undefined;
        changes = false;
        next = "STALE";
      } else {
        if (same && next === "STALE" && !how.admin) next = old;
        if (how.router !== undefined) this.router = how.router;
      }
    } else if (how.router !== undefined) this.router = how.router;
    if (next !== old || changes) this.updated = now;
    if (next !== old) {
      if (next === "PROBE") this.probes = 0;
      this.enter(next, now + (next === "REACHABLE" ? this.parms.reachableTime : 0));
    }
    if (changes) {
      this.lladdr.set(lladdr!);
      this.hasLladdr = true;
      if (!CONNECTED.has(next)) this.confirmed = now - 2 * this.parms.base_reachable_time_ms * MILLISECOND;
    }
    this.makeHeader();
    if (!VALID.has(old)) this.flushQueue();
    return undefined;
  }

  private makeHeader(): void {
    this.header.set(this.lladdr, 0);
    this.header.set(this.dev.addr, 6);
    this.header[12] = this.ethertype >> 8;
    this.header[13] = this.ethertype & 255;
  }

  /** The device's own address changed. */
  addressChanged(): void {
    if (this.hasLladdr) this.makeHeader();
  }

  private flushQueue(): void {
    const waiting = this.queue;
    this.queue = [];
    this.queueBytes = 0;
    for (const skb of waiting) this.output(skb);
  }

  /** An upper layer had an answer (MSG_CONFIRM, dst_confirm). */
  confirm(): void {
    this.confirmed = this.table.now;
  }

  /** Taken out of the table. */
  destroy(): void {
    this.dead = true;
    this.stopTimer();
    for (const skb of this.queue) this.table.ns.drop(skb, "neigh", this.dev, "NEIGH_FAILED");
    this.queue = [];
  }

  describe(): string {
    const ll = this.hasLladdr ? ` lladdr ${[...this.lladdr].map((b) => b.toString(16).padStart(2, "0")).join(":")}` : "";
    return `${this.text} dev ${this.dev.name}${ll} ${this.state}`;
  }

  /** All but the address, for a listing. */
  protected infoWithout(): Omit<NeighInfo, "dst"> {
    const since = (t: Nanos): number => Math.floor((this.table.now - t) / SECOND);
    const i: Omit<NeighInfo, "dst"> = {
      ifindex: this.dev.ifindex, state: this.state, router: this.router, proxy: false, externLearn: this.externLearn, managed: false, proto: this.proto, refcnt: IN_TIMER.has(this.state) ? 1 : 0,
      used: since(this.used), confirmed: since(this.confirmed), updated: since(this.updated), probes: this.probes,
    };
    if (VALID.has(this.state) && this.hasLladdr) i.lladdr = this.lladdr.slice();
    return i;
  }
}

export class Neighbour extends NeighEntry {
  readonly ip: Ipv4;
  protected readonly ethertype = ETHERTYPE.IPV4;

  constructor(table: NeighTable, dev: NetDevice, ip: Ipv4) {
    super(table, dev);
    this.ip = ip;
  }

  protected get parms(): NeighParms {
    return this.dev.inet!.parms;
  }
  get text(): string {
    return formatIpv4(this.ip);
  }
  protected solicit(lladdr: Uint8Array | undefined, waiting: Skb | undefined): void {
    this.table.ns.arp.solicit(this.dev, this.ip, lladdr, waiting);
  }
  protected linkFailure(skb: Skb): void {
    this.table.ns.ip.linkFailure(skb, this.dev, this.describe());
  }
  info(): NeighInfo {
    return { ...this.infoWithout(), dst: this.ip };
  }
}

/** Entries of one namespace, found by device and address. */
export class NeighTable {
  readonly ns: NetNamespace;
  private readonly byDev = new Map<NetDevice, Map<Ipv4, Neighbour>>();
  private readonly random: RandomStream;
  /** net.ipv4.neigh.default.gc_thresh3 */
  gcThresh3 = 1024;
  gcThresh2 = 512;
  gcThresh1 = 128;
  private count = 0;

  constructor(ns: NetNamespace, random: RandomStream) {
    this.ns = ns;
    this.random = random;
  }

  get now(): Nanos {
    return this.ns.sim.clock.now;
  }

  find(dev: NetDevice, ip: Ipv4): Neighbour | undefined {
    return this.byDev.get(dev)?.get(ip);
  }

  /** Found or made. undefined: the table is full ("neighbour table overflow"). */
  get(dev: NetDevice, ip: Ipv4): Neighbour | undefined {
    let table = this.byDev.get(dev);
    if (table === undefined) {
      table = new Map();
      this.byDev.set(dev, table);
    }
    const known = table.get(ip);
    if (known !== undefined) return known;
    if (this.count >= this.gcThresh1) this.collect();
    if (this.count >= this.gcThresh3) return undefined;
    const n = new Neighbour(this, dev, ip);
    table.set(ip, n);
    this.count++;
    this.construct(n);
    return n;
  }

  /** arp_constructor: addresses that need no asking. */
  private construct(n: Neighbour): void {
    const dev = n.dev;
    if (n.ip === 0xffffffff || this.ns.fib.isBroadcast(n.ip)) n.update(dev.broadcast, "NOARP", { override: true, admin: true });
    else if (isMulticast(n.ip)) n.update(new Uint8Array([1, 0, 0x5e, (n.ip >>> 16) & 0x7f, (n.ip >>> 8) & 255, n.ip & 255]), "NOARP", { override: true, admin: true });
    else if (!dev.needsNeigh) n.update(dev.flags & 8 ? new Uint8Array(6) : dev.addr, "NOARP", { override: true, admin: true });
  }

  /** Forced collection when the table is large: unused entries, oldest first. */
  private collect(): void {
    for (const [, table] of this.byDev) {
      for (const n of table.values()) {
        if (n.state === "PERMANENT" || IN_TIMER.has(n.state)) continue;
        if (n.state === "FAILED" || this.now - n.used > 60 * SECOND || this.count >= this.gcThresh2) {
          if (this.now - n.updated > 5 * SECOND || n.state === "FAILED") this.remove(n);
        }
      }
    }
  }

  remove(n: Neighbour): void {
    const table = this.byDev.get(n.dev);
    if (table?.get(n.ip) !== n) return;
    table.delete(n.ip);
    this.count--;
    n.destroy();
  }

  /** neigh_ifdown, neigh_carrier_down: entries of a device go; permanent ones stay when only the carrier went. */
  flushDevice(dev: NetDevice, keepPermanent: boolean): void {
    const table = this.byDev.get(dev);
    if (table === undefined) return;
    for (const n of [...table.values()]) if (!(keepPermanent && n.state === "PERMANENT")) this.remove(n);
  }

  addressChanged(dev: NetDevice): void {
    for (const n of this.byDev.get(dev)?.values() ?? []) n.addressChanged();
  }

  /** All entries: devices by ifindex, addresses in the order they came. */
  all(): Neighbour[] {
    const devs = [...this.byDev.keys()].sort((a, b) => a.ifindex - b.ifindex);
    return devs.flatMap((d) => [...this.byDev.get(d)!.values()]);
  }

  drawReachableTime(inet: InDevice): void {
    inet.parms.drawReachableTime(this.random);
  }
}
