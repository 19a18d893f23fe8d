/**
 * Spanning tree of a Linux bridge: IEEE 802.1D-1998 clause 8 as net/bridge/br_stp.c, br_stp_if.c and br_stp_timer.c do it.
 * With STP off the same procedures run, and every port that is up forwards at once.
 */
import { allocSkb, type Skb } from "../../sim/skb.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { ETH_LEN, formatMac } from "../../wire/ethernet.ts";
import { BPDU, BPDU_CONFIG_LEN, BPDU_DST, BPDU_FLAG, BPDU_TCN_LEN, BPDU_TYPE, LLC_LEN, LLC_STP } from "../../wire/stp.ts";
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import type { BridgePortInfo } from "../api.ts";
import type { Bridge, BridgePort } from "./bridge.ts";

/** Least time between two configuration BPDUs on a port: 802.1D table 8-3. */
const HOLD_TIME: Nanos = SECOND;
/** A bridge id is priority and address; compared as one 64-bit number, here as two exact ones. */
interface Id {
  priority: number;
  mac: number;
}

interface PortState {
  designatedRoot: Id;
  designatedCost: number;
  designatedBridge: Id;
  designatedPort: number;
  topologyChangeAck: boolean;
  configPending: boolean;
}

interface Config {
  root: Id;
  rootPathCost: number;
  bridge: Id;
  port: number;
  messageAge: Nanos;
  maxAge: Nanos;
  helloTime: Nanos;
  forwardDelay: Nanos;
  topologyChange: boolean;
  topologyChangeAck: boolean;
}

type TimerName = "hello" | "tcn" | "topologyChange" | "messageAge" | "forwardDelay" | "hold";

/** Timers by name, for the bridge and for each port. */
class Timers {
  private readonly running = new Map<TimerName, { id: number; at: Nanos }>();
  private readonly bridge: Bridge;

  constructor(bridge: Bridge) {
    this.bridge = bridge;
  }
  start(name: TimerName, delay: Nanos, fire: () => void): void {
    this.stop(name);
    const clock = this.bridge.clock;
    const id = clock.after(Math.max(delay, 0), () => {
      this.running.delete(name);
      fire();
    });
    this.running.set(name, { id, at: clock.now + Math.max(delay, 0) });
  }
  stop(name: TimerName): void {
    const t = this.running.get(name);
    if (t === undefined) return;
    this.bridge.clock.cancel(t.id);
    this.running.delete(name);
  }
  at(name: TimerName): Nanos {
    return this.running.get(name)?.at ?? 0;
  }
  pending(name: TimerName): boolean {
    return this.running.has(name);
  }
}

function compare(a: Id, b: Id): number {
  return a.priority - b.priority || a.mac - b.mac;
}

function writeId(b: Uint8Array, at: number, id: Id): void {
  setU16(b, at, id.priority);
  setU16(b, at + 2, Math.floor(id.mac / 0x1_0000_0000));
  setU32(b, at + 4, id.mac % 0x1_0000_0000);
}

function readId(b: Uint8Array, at: number): Id {
  return { priority: getU16(b, at), mac: getU16(b, at + 2) * 0x1_0000_0000 + getU32(b, at + 4) };
}

/** Times on the wire are in 1/256 s. */
const toWire = (t: Nanos): number => Math.min(Math.floor((t * 256) / SECOND), 0xffff);
const fromWire = (v: number): Nanos => Math.floor((v * SECOND) / 256);

export class SpanningTree {
  private readonly bridge: Bridge;
  enabled = false;
  priority = 0x8000;
  private root: Id;
  rootPathCost = 0;
  rootPort = 0;
  maxAge: Nanos = 20 * SECOND;
  helloTime: Nanos = 2 * SECOND;
  forwardDelay: Nanos = 15 * SECOND;
  private bridgeMaxAge: Nanos = 20 * SECOND;
  private bridgeHelloTime: Nanos = 2 * SECOND;
  private bridgeForwardDelay: Nanos = 15 * SECOND;
  topologyChange = false;
  topologyChangeDetected = false;
  private readonly timers: Timers;
  private readonly states = new Map<BridgePort, PortState>();
  private readonly portTimers = new Map<BridgePort, Timers>();

  constructor(bridge: Bridge) {
    this.bridge = bridge;
    this.timers = new Timers(bridge);
    this.root = this.id();
  }

  private id(): Id {
    return { priority: this.priority, mac: this.bridge.idKey };
  }

  private isRoot(): boolean {
    return compare(this.root, this.id()) === 0;
  }

  private state(p: BridgePort): PortState {
    let s = this.states.get(p);
    if (s === undefined) {
      s = { designatedRoot: this.root, designatedCost: 0, designatedBridge: this.id(), designatedPort: p.id, topologyChangeAck: false, configPending: false };
      this.states.set(p, s);
    }
    return s;
  }

  private timer(p: BridgePort): Timers {
    let t = this.portTimers.get(p);
    if (t === undefined) {
      t = new Timers(this.bridge);
      this.portTimers.set(p, t);
    }
    return t;
  }

  timerAt(name: "hello" | "tcn" | "topologyChange"): Nanos {
    return this.timers.at(name);
  }

  private isDesignated(p: BridgePort): boolean {
    const s = this.state(p);
    return compare(s.designatedBridge, this.id()) === 0 && s.designatedPort === p.id;
  }

  private portByNumber(no: number): BridgePort | undefined {
    return this.bridge.ports.find((p) => p.no === no);
  }

  // -- enabling -----------------------------------------------------------------------------------------------------

  /** br_stp_enable_bridge. */
  enableBridge(): void {
    if (this.enabled) this.timers.start("hello", this.helloTime, () => this.onHello());
    this.configBpduGeneration();
    for (const p of [...this.bridge.ports].reverse()) if (p.dev.isUp && p.dev.carrier) this.enablePort(p);
  }

  /** br_stp_disable_bridge. */
  disableBridge(): void {
    for (const p of this.bridge.ports) if (p.state !== "disabled") this.disablePort(p);
    this.topologyChange = false;
    this.topologyChangeDetected = false;
    for (const n of ["hello", "tcn", "topologyChange"] as const) this.timers.stop(n);
  }

  /** br_stp_enable_port. */
  enablePort(p: BridgePort): void {
    this.initPort(p);
    this.portStateSelection();
  }

  private initPort(p: BridgePort): void {
    const s = this.state(p);
    this.becomeDesignated(p);
    p.state = "blocking";
    s.topologyChangeAck = false;
    s.configPending = false;
  }

  /** br_stp_disable_port. */
  disablePort(p: BridgePort): void {
    const wasRoot = this.isRoot();
    this.becomeDesignated(p);
    p.state = "disabled";
    const s = this.state(p);
    s.topologyChangeAck = false;
    s.configPending = false;
    const t = this.timer(p);
    for (const n of ["messageAge", "forwardDelay", "hold"] as const) t.stop(n);
    this.configurationUpdate();
    this.portStateSelection();
    if (this.isRoot() && !wasRoot) this.becomeRoot();
  }

  /** br_stp_set_enabled. */
  setEnabled(on: boolean): void {
    if (this.enabled === on) return;
    if (on) {
      this.enabled = true;
      if (this.bridge.isUp) this.timers.start("hello", this.helloTime, () => this.onHello());
      // br_stp_start leaves the ports as they are; blocked ones are chosen anew.
      this.portStateSelection();
    } else {
      this.enabled = false;
      for (const n of ["hello", "tcn", "topologyChange"] as const) this.timers.stop(n);
      for (const p of this.bridge.ports) if (p.state !== "disabled" && p.dev.isUp && p.dev.carrier) p.state = "blocking";
      this.portStateSelection();
    }
  }

  setBridgePriority(priority: number): void {
    const wasRoot = this.isRoot();
    const old = this.id();
    this.priority = priority;
    for (const p of this.bridge.ports) {
      const s = this.state(p);
      if (p.state !== "disabled" && compare(s.designatedBridge, old) === 0 && s.designatedPort === p.id) s.designatedBridge = this.id();
    }
    this.afterChange(wasRoot);
  }

  /** The bridge's address, and so its id, changed. */
  idChanged(): void {
    const wasRoot = this.root.priority === this.priority && this.rootPort === 0;
    for (const p of this.bridge.ports) {
      const s = this.state(p);
      s.designatedBridge = this.id();
      if (wasRoot) s.designatedRoot = this.id();
    }
    if (wasRoot) this.root = this.id();
    this.afterChange(wasRoot);
  }

  setPortPriority(p: BridgePort, priority: number): void {
    const s = this.state(p);
    const designated = this.isDesignated(p);
    p.priority = priority;
    if (designated) s.designatedPort = p.id;
    if (compare(this.id(), s.designatedBridge) === 0 && p.id < s.designatedPort) this.becomeDesignated(p);
    this.reselect();
  }

  reselect(): void {
    const wasRoot = this.isRoot();
    this.afterChange(wasRoot);
  }

  private afterChange(wasRoot: boolean): void {
    this.configurationUpdate();
    this.portStateSelection();
    if (this.isRoot() && !wasRoot) this.becomeRoot();
  }

  setForwardDelay(t: Nanos): void {
    this.bridgeForwardDelay = t;
    if (this.isRoot()) this.forwardDelay = t;
  }
  setHelloTime(t: Nanos): void {
    this.bridgeHelloTime = t;
    if (this.isRoot()) this.helloTime = t;
  }
  setMaxAge(t: Nanos): void {
    this.bridgeMaxAge = t;
    if (this.isRoot()) this.maxAge = t;
  }

  // -- 802.1D procedures --------------------------------------------------------------------------------------------

  private becomeDesignated(p: BridgePort): void {
    const s = this.state(p);
    s.designatedRoot = this.root;
    s.designatedCost = this.rootPathCost;
    s.designatedBridge = this.id();
    s.designatedPort = p.id;
  }

  private configurationUpdate(): void {
    this.rootSelection();
    this.designatedPortSelection();
  }

  /** br_should_become_root_port. */
  private betterRootPort(p: BridgePort, best: BridgePort | undefined): boolean {
    if (p.state === "disabled" || this.isDesignated(p)) return false;
    const s = this.state(p);
    if (compare(this.id(), s.designatedRoot) <= 0) return false;
    if (best === undefined) return true;
    const b = this.state(best);
    let t = compare(s.designatedRoot, b.designatedRoot);
    if (t !== 0) return t < 0;
    t = s.designatedCost + p.cost - (b.designatedCost + best.cost);
    if (t !== 0) return t < 0;
    t = compare(s.designatedBridge, b.designatedBridge);
    if (t !== 0) return t < 0;
    if (s.designatedPort !== b.designatedPort) return s.designatedPort < b.designatedPort;
    return p.id < best.id;
  }

  private rootSelection(): void {
    let best: BridgePort | undefined;
    for (const p of this.bridge.ports) {
      if (!this.betterRootPort(p, best)) continue;
      if (p.rootBlock) continue;
      best = p;
    }
    this.rootPort = best?.no ?? 0;
    if (best === undefined) {
      this.root = this.id();
      this.rootPathCost = 0;
    } else {
      const s = this.state(best);
      this.root = s.designatedRoot;
      this.rootPathCost = s.designatedCost + best.cost;
    }
  }

  /** br_should_become_designated_port. */
  private shouldBeDesignated(p: BridgePort): boolean {
    const s = this.state(p);
    if (this.isDesignated(p)) return true;
    if (compare(s.designatedRoot, this.root) !== 0) return true;
    if (this.rootPathCost !== s.designatedCost) return this.rootPathCost < s.designatedCost;
    const t = compare(this.id(), s.designatedBridge);
    if (t !== 0) return t < 0;
    return p.id < s.designatedPort;
  }

  private designatedPortSelection(): void {
    for (const p of this.bridge.ports) if (p.state !== "disabled" && this.shouldBeDesignated(p)) this.becomeDesignated(p);
  }

  private becomeRoot(): void {
    this.maxAge = this.bridgeMaxAge;
    this.helloTime = this.bridgeHelloTime;
    this.forwardDelay = this.bridgeForwardDelay;
    this.topologyChangeDetection();
    this.timers.stop("tcn");
    if (this.bridge.isUp && this.enabled) {
      this.configBpduGeneration();
      this.timers.start("hello", this.helloTime, () => this.onHello());
    }
  }

  /** br_port_state_selection. */
  portStateSelection(): void {
    for (const p of this.bridge.ports) {
      if (p.state === "disabled") continue;
      const s = this.state(p);
      if (!this.enabled || p.no === this.rootPort) {
        s.configPending = false;
        s.topologyChangeAck = false;
        this.makeForwarding(p);
      } else if (this.isDesignated(p)) {
        this.timer(p).stop("messageAge");
        this.makeForwarding(p);
      } else {
        s.configPending = false;
        s.topologyChangeAck = false;
        this.makeBlocking(p);
      }
    }
    this.bridge.updateCarrier();
  }

  private makeForwarding(p: BridgePort): void {
    if (p.state !== "blocking") return;
    if (!this.enabled || this.forwardDelay === 0) {
      p.state = "forwarding";
      this.topologyChangeDetection();
      this.timer(p).stop("forwardDelay");
    } else p.state = "listening";
    if (this.forwardDelay !== 0) this.timer(p).start("forwardDelay", this.forwardDelay, () => this.onForwardDelay(p));
  }

  private makeBlocking(p: BridgePort): void {
    if (p.state === "disabled" || p.state === "blocking") return;
    if (p.state === "forwarding" || p.state === "learning") this.topologyChangeDetection();
    p.state = "blocking";
    this.timer(p).stop("forwardDelay");
  }

  private onForwardDelay(p: BridgePort): void {
    if (p.state === "listening") {
      p.state = "learning";
      this.timer(p).start("forwardDelay", this.forwardDelay, () => this.onForwardDelay(p));
    } else if (p.state === "learning") {
      p.state = "forwarding";
      // Only a bridge that is designated somewhere else has something to tell.
      if (this.bridge.ports.some((o) => o.state !== "disabled" && this.isDesignated(o))) this.topologyChangeDetection();
      this.bridge.updateCarrier();
    }
  }

  private topologyChangeDetection(): void {
    if (!this.enabled) return;
    const isRoot = this.isRoot();
    if (isRoot) {
      this.setTopologyChange(true);
      this.timers.start("topologyChange", this.bridgeForwardDelay + this.bridgeMaxAge, () => {
        this.topologyChangeDetected = false;
        this.setTopologyChange(false);
      });
    } else if (!this.topologyChangeDetected) {
      this.transmitTcn();
      this.timers.start("tcn", this.bridgeHelloTime, () => this.onTcn());
    }
    this.topologyChangeDetected = true;
  }

  private setTopologyChange(on: boolean): void {
    this.topologyChange = on;
  }

  private onTcn(): void {
    if (this.isRoot() || !this.bridge.isUp) return;
    this.transmitTcn();
    this.timers.start("tcn", this.bridgeHelloTime, () => this.onTcn());
  }

  private onHello(): void {
    if (!this.bridge.isUp) return;
    this.configBpduGeneration();
    if (this.enabled) this.timers.start("hello", this.helloTime, () => this.onHello());
  }

  private configBpduGeneration(): void {
    for (const p of [...this.bridge.ports].reverse()) if (p.state !== "disabled" && this.isDesignated(p)) this.transmitConfig(p);
  }

  private transmitConfig(p: BridgePort): void {
    const s = this.state(p);
    const t = this.timer(p);
    if (t.pending("hold")) {
      s.configPending = true;
      return;
    }
    let messageAge: Nanos = 0;
    if (!this.isRoot()) {
      const rootPort = this.portByNumber(this.rootPort);
      // One second and a bit more than when it arrived: br_transmit_config adds MESSAGE_AGE_INCR.
      const left = rootPort === undefined ? 0 : this.timer(rootPort).at("messageAge") - this.bridge.clock.now;
      messageAge = Math.max(this.maxAge - left, 0) + Math.floor(SECOND / 256);
    }
    if (messageAge >= this.maxAge) return;
    this.sendConfig(p, {
      root: this.root, rootPathCost: this.rootPathCost, bridge: this.id(), port: p.id, messageAge, maxAge: this.maxAge, helloTime: this.helloTime, forwardDelay: this.forwardDelay,
      topologyChange: this.topologyChange, topologyChangeAck: s.topologyChangeAck,
    });
    s.topologyChangeAck = false;
    s.configPending = false;
    if (this.enabled) t.start("hold", HOLD_TIME, () => {
      if (s.configPending) this.transmitConfig(p);
    });
  }

  private onMessageAge(p: BridgePort): void {
    if (p.state === "disabled") return;
    const wasRoot = this.isRoot();
    this.becomeDesignated(p);
    this.afterChange(wasRoot);
  }

  // -- frames -------------------------------------------------------------------------------------------------------

  private frame(p: BridgePort, length: number): { skb: Skb; at: number } {
    const ns = this.bridge.ns;
    const skb = allocSkb(ETH_LEN + LLC_LEN + length, ns.sim.nextPacket());
    const b = skb.bytes;
    b.fill(0, skb.data, skb.tail);
    b.set(BPDU_DST as Uint8Array, skb.data);
    b.set(p.dev.addr, skb.data + 6);
    setU16(b, skb.data + 12, LLC_LEN + length);
    b[skb.data + 14] = LLC_STP;
    b[skb.data + 15] = LLC_STP;
    b[skb.data + 16] = 3; // unnumbered information
    skb.mac = skb.data;
    return { skb, at: skb.data + ETH_LEN + LLC_LEN };
  }

  private sendConfig(p: BridgePort, c: Config): void {
    if (!this.enabled) return;
    const { skb, at } = this.frame(p, BPDU_CONFIG_LEN);
    const b = skb.bytes;
    b[at + BPDU.type] = BPDU_TYPE.CONFIG;
    b[at + BPDU.flags] = (c.topologyChange ? BPDU_FLAG.TOPOLOGY_CHANGE : 0) | (c.topologyChangeAck ? BPDU_FLAG.TOPOLOGY_CHANGE_ACK : 0);
    writeId(b, at + BPDU.rootId, c.root);
    setU32(b, at + BPDU.rootPathCost, c.rootPathCost);
    writeId(b, at + BPDU.bridgeId, c.bridge);
    setU16(b, at + BPDU.portId, c.port);
    setU16(b, at + BPDU.messageAge, toWire(c.messageAge));
    setU16(b, at + BPDU.maxAge, toWire(c.maxAge));
    setU16(b, at + BPDU.helloTime, toWire(c.helloTime));
    setU16(b, at + BPDU.forwardDelay, toWire(c.forwardDelay));
    this.send(p, skb);
  }

  private transmitTcn(): void {
    const p = this.portByNumber(this.rootPort);
    if (p === undefined || !this.enabled) return;
    const { skb, at } = this.frame(p, BPDU_TCN_LEN);
    skb.bytes[at + BPDU.type] = BPDU_TYPE.TCN;
    this.send(p, skb);
  }

  private send(p: BridgePort, skb: Skb): void {
    const ns = this.bridge.ns;
    if (ns.sim.trace.on) ns.report(skb, "stp", "pass", p.dev, `root ${formatId(this.root)} cost ${this.rootPathCost}`, "");
    p.dev.xmit(skb);
  }

  /** A BPDU arrived on a port; `data` is at the Ethernet header. br_stp_rcv. The frame stays the caller's. */
  receive(skb: Skb, p: BridgePort): void {
    const b = skb.bytes;
    const at = skb.data + ETH_LEN + LLC_LEN;
    const have = skb.tail - at;
    if (have < BPDU_TCN_LEN || b[at - 3] !== LLC_STP || b[at] !== 0 || b[at + 1] !== 0 || b[at + BPDU.version] !== 0) return;
    if (p.state === "disabled" || !this.bridge.isUp) return;
    if (p.guard) {
      this.disablePort(p);
      return;
    }
    if (b[at + BPDU.type] === BPDU_TYPE.TCN) this.receivedTcn(p);
    else if (b[at + BPDU.type] === BPDU_TYPE.CONFIG && have >= BPDU_CONFIG_LEN) {
      const flags = b[at + BPDU.flags]!;
      const c: Config = {
        root: readId(b, at + BPDU.rootId), rootPathCost: getU32(b, at + BPDU.rootPathCost), bridge: readId(b, at + BPDU.bridgeId), port: getU16(b, at + BPDU.portId),
        messageAge: fromWire(getU16(b, at + BPDU.messageAge)), maxAge: fromWire(getU16(b, at + BPDU.maxAge)), helloTime: fromWire(getU16(b, at + BPDU.helloTime)),
        forwardDelay: fromWire(getU16(b, at + BPDU.forwardDelay)), topologyChange: (flags & BPDU_FLAG.TOPOLOGY_CHANGE) !== 0, topologyChangeAck: (flags & BPDU_FLAG.TOPOLOGY_CHANGE_ACK) !== 0,
      };
      if (c.messageAge > c.maxAge) return;
      this.receivedConfig(p, c);
    }
  }

  /** br_supersedes_port_info. */
  private supersedes(p: BridgePort, c: Config): boolean {
    const s = this.state(p);
    let t = compare(c.root, s.designatedRoot);
    if (t !== 0) return t < 0;
    if (c.rootPathCost !== s.designatedCost) return c.rootPathCost < s.designatedCost;
    t = compare(c.bridge, s.designatedBridge);
    if (t !== 0) return t < 0;
    if (compare(c.bridge, this.id()) !== 0) return true;
    return c.port <= s.designatedPort;
  }

  private receivedConfig(p: BridgePort, c: Config): void {
    const wasRoot = this.isRoot();
    if (this.supersedes(p, c)) {
      const s = this.state(p);
      s.designatedRoot = c.root;
      s.designatedCost = c.rootPathCost;
      s.designatedBridge = c.bridge;
      s.designatedPort = c.port;
      this.timer(p).start("messageAge", c.maxAge - c.messageAge, () => this.onMessageAge(p));
      this.configurationUpdate();
      this.portStateSelection();
      if (!this.isRoot() && wasRoot) {
        this.timers.stop("hello");
        if (this.topologyChangeDetected) {
          this.timers.stop("topologyChange");
          this.transmitTcn();
          this.timers.start("tcn", this.bridgeHelloTime, () => this.onTcn());
        }
      }
      if (p.no === this.rootPort) {
        this.maxAge = c.maxAge;
        this.helloTime = c.helloTime;
        this.forwardDelay = c.forwardDelay;
        this.setTopologyChange(c.topologyChange);
        this.configBpduGeneration();
        if (c.topologyChangeAck) {
          this.topologyChangeDetected = false;
          this.timers.stop("tcn");
        }
      }
    } else if (this.isDesignated(p)) this.transmitConfig(p);
  }

  private receivedTcn(p: BridgePort): void {
    if (!this.isDesignated(p)) return;
    this.topologyChangeDetection();
    this.state(p).topologyChangeAck = true;
    this.transmitConfig(p);
  }

  // -- description --------------------------------------------------------------------------------------------------

  bridgeId(): Uint8Array {
    return idBytes(this.id());
  }
  rootId(): Uint8Array {
    return idBytes(this.root);
  }

  describePort(p: BridgePort): Pick<BridgePortInfo, "designatedPort" | "designatedCost" | "designatedBridge" | "designatedRoot" | "holdTimer" | "messageAgeTimer" | "forwardDelayTimer" | "topologyChangeAck" | "configPending"> {
    const s = this.state(p);
    const t = this.timer(p);
    const left = (n: TimerName): number => (t.at(n) === 0 ? 0 : Math.round(Math.max(t.at(n) - this.bridge.clock.now, 0) / (SECOND / 100)));
    return {
      designatedPort: s.designatedPort, designatedCost: s.designatedCost, designatedBridge: idBytes(s.designatedBridge), designatedRoot: idBytes(s.designatedRoot), holdTimer: left("hold"),
      messageAgeTimer: left("messageAge"), forwardDelayTimer: left("forwardDelay"), topologyChangeAck: s.topologyChangeAck ? 1 : 0, configPending: s.configPending ? 1 : 0,
    };
  }
}

function idBytes(id: Id): Uint8Array {
  const b = new Uint8Array(8);
  writeId(b, 0, id);
  return b;
}

function formatId(id: Id): string {
  return `${id.priority.toString(16).padStart(4, "0")}.${formatMac(idBytes(id), 2)}`;
}
