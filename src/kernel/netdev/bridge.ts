/**
 * Linux bridge: learning, forwarding, flooding, ageing, ports with their flags. net/bridge/{br_input,br_forward,br_fdb,br_if}.c.
 * Spanning tree is in stp.ts. Not here: VLAN filtering, multicast snooping (groups are flooded), netfilter.
 */
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { ETH_LEN, formatMac, isBroadcast, macFromKey, macKey } from "../../wire/ethernet.ts";
import { BPDU_DST } from "../../wire/stp.ts";
import { type BridgeInfo, type BridgePortInfo, type FdbEntry, IFF, type LinkChange, type LinkInfo, type Lladdr, type NlResult, type StpState } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { NetDevice, PACKET, type RxHandler } from "./device.ts";
import { SpanningTree } from "./stp.ts";

const FDB_MAX = 4096;
/** 802.1Q tag: a port lets frames through that are this much longer than its MTU. is_skb_forwardable. */
const VLAN_HLEN = 4;
const BPDU_KEY = macKey(BPDU_DST as Uint8Array, 0);
/** The VLAN every port belongs to while filtering is off: shown beside the entry itself. */
const DEFAULT_PVID = 1;

interface FdbItem {
  key: number;
  vlan: number;
  /** undefined: the bridge itself. */
  port: BridgePort | undefined;
  local: boolean;
  static: boolean;
  sticky: boolean;
  externLearn: boolean;
  addedByUser: boolean;
  updated: Nanos;
  used: Nanos;
}

export class BridgePort implements RxHandler {
  readonly bridge: Bridge;
  readonly dev: NetDevice;
  readonly no: number;
  state: StpState = "disabled";
  priority = 32;
  cost: number;
  costByUser = false;
  hairpin = false;
  guard = false;
  rootBlock = false;
  fastLeave = false;
  learning = true;
  flood = true;
  mcastFlood = true;
  bcastFlood = true;
  isolated = false;
  neighSuppress = false;
  proxyArp = false;
  vlanTunnel = false;
  locked = false;
  mcastRouter = 1;

  constructor(bridge: Bridge, dev: NetDevice, no: number) {
    this.bridge = bridge;
    this.dev = dev;
    this.no = no;
    // port_cost(): by speed; a veth says 10 Gbit/s, a card here 1 Gbit/s.
    this.cost = dev.kind === "ethernet" ? 4 : dev.kind === "veth" ? 2 : 100;
  }

  get id(): number {
    return ((this.priority & 0x3f) << 10) | this.no;
  }

  handleFrame(skb: Skb): boolean {
    return this.bridge.handleFrame(skb, this);
  }
}

export class Bridge extends NetDevice {
  readonly kind = "bridge";
  readonly ports: BridgePort[] = [];
  readonly stp: SpanningTree;
  private readonly fdb = new Map<number, FdbItem>();
  /** Entries of VLAN 1, which nothing looks up while filtering is off. */
  private readonly fdbVlan = new Map<number, FdbItem>();
  ageingTime: Nanos = 300 * SECOND;
  groupFwdMask = 0;
  private addrByUser = false;
  /** Address in the bridge's id: zero until a port or a person gives one, whatever the device's own address is. */
  idKey = 0;
  private mtuByUser = false;
  mcastSnooping = 1;

  constructor(ns: NetNamespace, name: string, ifindex: number, addr: Lladdr, addrByUser: boolean) {
    super(ns, name, ifindex, addr);
    this.addrByUser = addrByUser;
    if (addrByUser) this.idKey = this.addrKey;
    this.carrier = false;
    this.stp = new SpanningTree(this);
    this.insertLocal(undefined, this.addrKey);
  }

  get clock() {
    return this.ns.sim.clock;
  }

  // -- forwarding database ------------------------------------------------------------------------------------------

  private holdTime(): Nanos {
    return this.stp.topologyChange ? this.stp.forwardDelay : this.ageingTime;
  }

  /** __br_set_topology_change: twice the forward delay meanwhile. */
  private shownAgeingTime(): Nanos {
    return this.stp.enabled && this.stp.topologyChange ? 2 * this.stp.forwardDelay : this.ageingTime;
  }

  private expired(f: FdbItem): boolean {
    return !f.static && !f.externLearn && !f.local && f.updated + this.holdTime() <= this.clock.now;
  }

  /** An entry that has not aged out. */
  private find(key: number): FdbItem | undefined {
    const f = this.fdb.get(key);
    if (f === undefined) return undefined;
    if (!this.expired(f)) return f;
    this.fdb.delete(key);
    return undefined;
  }

  /** br_fdb_update: learns where a source address is. @returns what changed, for the reason stream. */
  private learn(key: number, port: BridgePort): "new" | "moved" | "" {
    const now = this.clock.now;
    const f = this.find(key);
    if (f !== undefined) {
      if (f.local) return ""; // "received packet on eth1 with own address as source address"
      f.updated = now;
      if (f.port === port) return "";
      if (f.sticky) return "";
      f.port = port;
      f.externLearn = false;
      return "moved";
    }
    if (this.fdb.size >= FDB_MAX) {
      for (const old of this.fdb.values()) if (this.expired(old)) this.fdb.delete(old.key);
      if (this.fdb.size >= FDB_MAX) return "";
    }
    this.fdb.set(key, newItem(key, 0, port, now));
    return "new";
  }

  /** fdb_add_local for VLAN 0 and the default VLAN; an address that is local already stays with its first owner. */
  private insertLocal(port: BridgePort | undefined, key: number): void {
    const put = (table: Map<number, FdbItem>, vlan: number): void => {
      const old = table.get(key);
      if (old?.local) return;
      table.set(key, { ...newItem(key, vlan, port, this.clock.now), local: true, static: true });
    };
    put(this.fdb, 0);
    put(this.fdbVlan, DEFAULT_PVID);
  }

  /** fdb_delete_local: another port, or the bridge, with the same address takes the entry over. */
  private deleteLocal(port: BridgePort | undefined, key: number): void {
    const heir = this.ports.find((p) => p !== port && p.dev.addrKey === key);
    for (const table of [this.fdb, this.fdbVlan]) {
      const f = table.get(key);
      if (f === undefined || !f.local || f.port !== port || f.addedByUser) continue;
      if (heir !== undefined) f.port = heir;
      else if (port !== undefined && this.addrKey === key) f.port = undefined;
      else table.delete(key);
    }
  }

  /** Forgets what was learnt on a port (all: static entries too). */
  flushPort(port: BridgePort, all: boolean): void {
    for (const table of [this.fdb, this.fdbVlan]) {
      for (const f of [...table.values()]) if (f.port === port && (all || !f.static) && !(f.local && !all)) table.delete(f.key);
    }
  }

  /** `ip link set br0 type bridge fdb_flush`, `brctl`. */
  flushLearned(): void {
    for (const f of [...this.fdb.values()]) if (!f.static) this.fdb.delete(f.key);
  }

  fdbEntries(): FdbEntry[] {
    const out: FdbEntry[] = [];
    const seconds = (t: Nanos): number => Math.floor((this.clock.now - t) / SECOND);
    for (const table of [this.fdbVlan, this.fdb]) {
      for (const f of table.values()) {
        if (this.expired(f)) continue;
        const e: FdbEntry = {
          lladdr: macFromKey(f.key), ifindex: f.port?.dev.ifindex ?? this.ifindex, master: this.ifindex, state: f.local ? "permanent" : f.static ? "static" : "dynamic",
          extern_learn: f.externLearn, sticky: f.sticky, offload: false, added_by_user: f.addedByUser, self: false, used: seconds(f.used), updated: seconds(f.updated),
        };
        if (f.vlan !== 0) e.vlan = f.vlan;
        out.push(e);
      }
    }
    return out;
  }

  /** br_fdb_add: `state` as `bridge fdb add` names it. */
  fdbAdd(port: BridgePort | undefined, e: { lladdr: Lladdr; state: FdbEntry["state"]; vlan?: number; externLearn?: boolean; sticky?: boolean }, exclusive: boolean, create: boolean): NlResult {
    const key = macKey(e.lladdr, 0);
    const tables: [Map<number, FdbItem>, number][] = e.vlan === undefined ? [[this.fdb, 0], [this.fdbVlan, DEFAULT_PVID]] : [[this.fdbVlan, e.vlan]];
    for (const [table, vlan] of tables) {
      const old = table.get(key);
      if (old === undefined && !create) return err({ errno: "ENOENT" });
      if (old !== undefined && exclusive) return err({ errno: "EEXIST" });
      const now = this.clock.now;
      const item = old ?? newItem(key, vlan, port, now);
      item.port = port;
      item.local = e.state === "permanent";
      item.static = e.state !== "dynamic" && e.state !== "stale";
      item.sticky = e.sticky ?? false;
      item.externLearn = e.externLearn ?? false;
      item.addedByUser = true;
      item.updated = now;
      item.used = now;
      table.set(key, item);
    }
    return ok();
  }

  fdbDelete(port: BridgePort | undefined, lladdr: Lladdr, vlan: number | undefined): NlResult {
    const key = macKey(lladdr, 0);
    let found = false;
    for (const table of vlan === undefined ? [this.fdb, this.fdbVlan] : [this.fdbVlan]) {
      const f = table.get(key);
      if (f === undefined || f.port !== port) continue;
      table.delete(key);
      found = true;
    }
    return found ? ok() : err({ errno: "ENOENT" });
  }

  // -- frames -------------------------------------------------------------------------------------------------------

  /** br_handle_frame: a frame came in by `port`. `data` is at the Ethernet header. @returns whether it was taken. */
  handleFrame(skb: Skb, port: BridgePort): boolean {
    const { bytes, data } = skb;
    const ns = this.ns;
    const srcKey = macKey(bytes, data + 6);
    if ((bytes[data + 6]! & 1) === 1 || srcKey === 0) {
      ns.drop(skb, "bridge", port.dev, "NOT_SPECIFIED", "source address is a group");
      return true;
    }
    const dstKey = macKey(bytes, data);
    // 01:80:c2:00:00:0X stays on its link, IEEE 802.1D §7.12.6.
    if (dstKey >= BPDU_KEY && dstKey <= BPDU_KEY + 15) {
      const last = dstKey - BPDU_KEY;
      const forwards = (this.groupFwdMask & (1 << last)) !== 0;
      if (last === 1) {
        ns.drop(skb, "bridge", port.dev, "NOT_SPECIFIED", "pause frame");
        return true;
      }
      if (last === 0 && this.stp.enabled && !forwards) {
        if (ns.sim.trace.on) ns.report(skb, "stp", "consume", port.dev, `BPDU on ${port.dev.name} ${port.state}`, "");
        this.stp.receive(skb, port);
        skb.free();
        return true;
      }
      if (last !== 0 && !forwards) return false;
    }
    if (port.state !== "forwarding" && port.state !== "learning") {
      ns.drop(skb, "stp", port.dev, "NOT_SPECIFIED", `${port.dev.name} ${port.state}`);
      return true;
    }
    if (port.learning && !port.locked) {
      const news = this.learn(srcKey, port);
      if (news !== "" && ns.sim.trace.on) ns.report(skb, "fdb", "learn", port.dev, `${formatMac(bytes, data + 6)} dev ${port.dev.name} ${news}`, "");
    }
    if (port.state === "learning") {
      ns.drop(skb, "stp", port.dev, "NOT_SPECIFIED", `${port.dev.name} learning`);
      return true;
    }
    this.forward(skb, port, dstKey);
    return true;
  }

  /** br_handle_frame_finish. */
  private forward(skb: Skb, from: BridgePort, dstKey: number): void {
    const { bytes, data } = skb;
    const ns = this.ns;
    if ((bytes[data]! & 1) === 1) {
      const broadcast = isBroadcast(bytes, data);
      const up = skb.clone(ns.sim.nextPacket());
      this.flood(skb, from, broadcast ? "broadcast" : "multicast", false);
      this.passUp(up);
      return;
    }
    const f = this.find(dstKey);
    if (f?.local) {
      if (ns.sim.trace.on) ns.report(skb, "fdb", "pass", from.dev, this.entryText(f), "");
      this.passUp(skb);
      return;
    }
    if (this.promiscuity > 0) this.passUp(skb.clone(ns.sim.nextPacket()));
    if (f === undefined) return this.flood(skb, from, "unknown unicast", false);
    f.used = this.clock.now;
    const to = f.port;
    if (to === undefined) return ns.drop(skb, "bridge", this, "NO_TX_TARGET");
    const refusal = this.refuses(to, from, skb);
    if (refusal !== undefined) {
      if (ns.sim.trace.on) ns.report(skb, "fdb", "drop", this, this.entryText(f), "NO_TX_TARGET", [{ entry: to.dev.name, why: refusal }]);
      skb.free();
      return;
    }
    if (ns.sim.trace.on) ns.report(skb, "fdb", "pass", this, this.entryText(f), "");
    to.dev.xmit(skb);
  }

  private entryText(f: FdbItem): string {
    return `${formatMac(macFromKey(f.key))} dev ${f.port?.dev.name ?? this.name} master ${this.name}${f.local ? " permanent" : f.static ? " static" : ""}`;
  }

  /** should_deliver, and what the frame's size and the port's state have to say. */
  private refuses(to: BridgePort, from: BridgePort | undefined, skb: Skb): "same-port" | "blocked" | "isolated" | "dead" | undefined {
    if (to === from && !to.hairpin) return "same-port";
    if (to.state !== "forwarding") return "blocked";
    if (to.isolated && from?.isolated) return "isolated";
    if (!to.dev.isUp || skb.tail - skb.data > to.dev.mtu + ETH_LEN + VLAN_HLEN) return "dead";
    return undefined;
  }

  /** br_flood: a copy for every port that lets this kind through. Takes ownership. */
  private flood(skb: Skb, from: BridgePort | undefined, kind: "broadcast" | "multicast" | "unknown unicast", fromUs: boolean): void {
    const ns = this.ns;
    const targets: BridgePort[] = [];
    const lost: { entry: string; why: "same-port" | "blocked" | "isolated" | "dead" }[] = [];
    for (const p of this.ports) {
      if (kind === "unknown unicast" && !p.flood) continue;
      if (kind === "multicast" && !p.mcastFlood && !fromUs) continue;
      if (kind === "broadcast" && !p.bcastFlood && !fromUs) continue;
      const why = this.refuses(p, from, skb);
      if (why === undefined) targets.push(p);
      else if (ns.sim.trace.on) lost.push({ entry: p.dev.name, why });
    }
    if (targets.length === 0) {
      if (ns.sim.trace.on) ns.report(skb, "bridge", "drop", this, kind, "NO_TX_TARGET", lost);
      skb.free();
      return;
    }
    if (ns.sim.trace.on) ns.report(skb, "bridge", "flood", this, `${kind}: ${targets.map((p) => p.dev.name).join(" ")}`, "", lost);
    // In the list's order; the last one gets the frame itself.
    const last = targets.pop()!;
    for (const p of targets) p.dev.xmit(skb.clone(ns.sim.nextPacket()));
    last.dev.xmit(skb);
  }

  /** br_pass_frame_up: for this machine itself, as if br0 had received it. */
  private passUp(skb: Skb): void {
    if (!this.isUp) {
      skb.free();
      return;
    }
    this.rxPackets++;
    this.rxBytes += skb.tail - skb.data - ETH_LEN;
    skb.dev = this;
    skb.mac = skb.data;
    this.classify(skb, skb.bytes, skb.data);
    if (this.taps.length > 0) this.tapAll(skb, false);
    this.deliver(skb);
  }

  /** br_dev_xmit: a frame of our own. */
  protected transmit(skb: Skb): void {
    const { bytes, data } = skb;
    this.txPackets++;
    this.txBytes += skb.tail - data - ETH_LEN;
    skb.pktType = PACKET.OUTGOING;
    if ((bytes[data]! & 1) === 1) return this.flood(skb, undefined, isBroadcast(bytes, data) ? "broadcast" : "multicast", true);
    const f = this.find(macKey(bytes, data));
    if (f === undefined) return this.flood(skb, undefined, "unknown unicast", true);
    if (f.local || f.port === undefined || this.refuses(f.port, undefined, skb) !== undefined) {
      if (this.ns.sim.trace.on) this.ns.report(skb, "fdb", "drop", this, this.entryText(f), "NO_TX_TARGET");
      skb.free();
      return;
    }
    if (this.ns.sim.trace.on) this.ns.report(skb, "fdb", "pass", this, this.entryText(f), "");
    f.port.dev.xmit(skb);
  }

  // -- ports --------------------------------------------------------------------------------------------------------

  /** br_add_if. */
  addPort(dev: NetDevice): NlResult {
    if (dev.kind === "bridge") return err({ errno: "ELOOP", extack: "Can not enslave a bridge to a bridge" });
    if (dev.kind === "loopback" || (dev.flags & IFF.LOOPBACK) !== 0) return err({ errno: "EINVAL" });
    if (this.ports.length >= 1023) return err({ errno: "EXFULL" });
    let no = 1;
    while (this.ports.some((p) => p.no === no)) no++;
    const port = new BridgePort(this, dev, no);
    this.ports.unshift(port); // the list is walked newest first
    dev.master = this;
    dev.rxHandler = port;
    dev.setPromiscuity(1);
    dev.allmulti++;
    dev.onPortChange = () => this.portChanged(port);
    this.insertLocal(port, dev.addrKey);
    this.recalculateId();
    if (this.isUp && dev.isUp && dev.carrier) this.stp.enablePort(port);
    this.updateMtu();
    this.updateCarrier();
    return ok();
  }

  /** br_del_if. */
  removePort(dev: NetDevice): void {
    const at = this.ports.findIndex((p) => p.dev === dev);
    if (at < 0) return;
    const port = this.ports[at]!;
    this.stp.disablePort(port);
    this.ports.splice(at, 1);
    dev.master = undefined;
    dev.rxHandler = undefined;
    dev.onPortChange = undefined;
    dev.setPromiscuity(-1);
    dev.allmulti--;
    this.deleteLocal(port, dev.addrKey);
    this.flushPort(port, true);
    this.recalculateId();
    this.updateMtu();
    this.updateCarrier();
  }

  port(dev: NetDevice): BridgePort | undefined {
    return this.ports.find((p) => p.dev === dev);
  }

  /** br_port_carrier_check. */
  private portChanged(port: BridgePort): void {
    if (!this.isUp) return;
    if (port.dev.isUp && port.dev.carrier) {
      if (port.state === "disabled") this.stp.enablePort(port);
    } else if (port.state !== "disabled") {
      this.stp.disablePort(port);
      this.flushPort(port, false);
    }
    this.updateCarrier();
  }

  /** A port's own address was changed. */
  portAddressChanged(dev: NetDevice, oldKey: number): void {
    const port = this.port(dev);
    if (port === undefined) return;
    this.deleteLocal(port, oldKey);
    this.insertLocal(port, dev.addrKey);
    this.recalculateId();
  }

  /** br_port_state_selection: the bridge has a carrier while some port forwards. */
  updateCarrier(): void {
    this.setCarrier(this.ports.some((p) => p.state === "forwarding"));
  }

  protected override mediumUp(): boolean {
    return this.ports.some((p) => p.state === "forwarding");
  }

  protected override onUp(): void {
    this.stp.enableBridge();
  }

  protected override onDown(): void {
    this.stp.disableBridge();
    this.setCarrier(false);
  }

  /** br_stp_recalculate_bridge_id: the lowest address of the ports, unless a person set one. */
  recalculateId(): void {
    if (this.addrByUser) return;
    let lowest: NetDevice | undefined;
    for (const p of this.ports) if (lowest === undefined || p.dev.addrKey < lowest.addrKey) lowest = p.dev;
    if (lowest === undefined) this.changeAddress(new Uint8Array(6));
    else if (lowest.addrKey !== this.idKey) this.changeAddress(lowest.addr);
  }

  private changeAddress(addr: Uint8Array): void {
    const old = this.addrKey;
    const key = macKey(addr, 0);
    if (key === old && key === this.idKey) return;
    this.addr.set(addr);
    this.addrKey = key;
    this.idKey = key;
    this.deleteLocal(undefined, old);
    this.insertLocal(undefined, this.addrKey);
    this.stp.idChanged();
    this.ns.addressChanged(this);
  }

  override setAddress(addr: Lladdr): NlResult {
    this.addrByUser = true;
    this.changeAddress(addr);
    return ok();
  }

  override setMtu(mtu: number): void {
    this.mtuByUser = true;
    super.setMtu(mtu);
  }

  /** br_mtu_auto_adjust: the smallest MTU of the ports, unless a person set one. */
  updateMtu(): void {
    if (this.mtuByUser || this.ports.length === 0) return;
    this.mtu = Math.min(...this.ports.map((p) => p.dev.mtu));
  }

  override onDelete(): void {
    for (const p of [...this.ports]) this.removePort(p.dev);
    this.stp.disableBridge();
  }

  // -- netlink ------------------------------------------------------------------------------------------------------

  /** Times arrive in 1/100 s. */
  configure(b: Partial<BridgeInfo>): NlResult {
    const ticks = (n: number): Nanos => n * (SECOND / 100);
    if (b.forwardDelay !== undefined) {
      if (this.stp.enabled && (b.forwardDelay < 200 || b.forwardDelay > 3000)) return err({ errno: "ERANGE" });
      this.stp.setForwardDelay(ticks(b.forwardDelay));
    }
    if (b.helloTime !== undefined) {
      if (b.helloTime < 100 || b.helloTime > 1000) return err({ errno: "ERANGE" });
      this.stp.setHelloTime(ticks(b.helloTime));
    }
    if (b.maxAge !== undefined) {
      if (b.maxAge < 600 || b.maxAge > 4000) return err({ errno: "ERANGE" });
      this.stp.setMaxAge(ticks(b.maxAge));
    }
    if (b.ageingTime !== undefined) this.ageingTime = ticks(b.ageingTime);
    if (b.priority !== undefined) this.stp.setBridgePriority(b.priority & 0xffff);
    if (b.stpState !== undefined) this.stp.setEnabled(b.stpState !== 0);
    if (b.groupFwdMask !== undefined) {
      if ((b.groupFwdMask & 7) !== 0) return err({ errno: "EINVAL" });
      this.groupFwdMask = b.groupFwdMask;
    }
    if (b.mcastSnooping !== undefined) this.mcastSnooping = b.mcastSnooping;
    return ok();
  }

  configurePort(port: BridgePort, c: NonNullable<LinkChange["bridgePort"]>): NlResult {
    if (c.state !== undefined) {
      if (this.stp.enabled) return err({ errno: "EBUSY" });
      if (!port.dev.isUp || (!port.dev.carrier && c.state !== "disabled")) return err({ errno: "ENETDOWN" });
      port.state = c.state;
      this.stp.portStateSelection(); // a port set to blocking goes on forwarding at once
    }
    if (c.cost !== undefined) {
      if (c.cost < 1 || c.cost > 65535) return err({ errno: "ERANGE" });
      port.cost = c.cost;
      port.costByUser = true;
      this.stp.reselect();
    }
    if (c.priority !== undefined) {
      if (c.priority > 63) return err({ errno: "ERANGE" });
      this.stp.setPortPriority(port, c.priority);
    }
    const flags = ["hairpin", "guard", "rootBlock", "fastLeave", "learning", "flood", "mcastFlood", "bcastFlood", "isolated", "neighSuppress", "proxyArp", "vlanTunnel", "locked"] as const;
    for (const f of flags) {
      const v = c[f];
      if (v !== undefined) port[f] = v;
    }
    if (c.mcastRouter !== undefined) port.mcastRouter = c.mcastRouter;
    return ok();
  }

  override describe(info: LinkInfo): void {
    const s = this.stp;
    const ticks = (t: Nanos): number => Math.round(t / (SECOND / 100));
    const left = (at: Nanos): number => (at === 0 ? 0 : ticks(Math.max(at - this.clock.now, 0)));
    info.bridge = {
      forwardDelay: ticks(s.forwardDelay), helloTime: ticks(s.helloTime), maxAge: ticks(s.maxAge), ageingTime: ticks(this.shownAgeingTime()), stpState: s.enabled ? 1 : 0, priority: s.priority,
      groupFwdMask: this.groupFwdMask, groupAddr: (BPDU_DST as Uint8Array).slice(), vlanFiltering: 0, vlanProtocol: 0x8100, vlanDefaultPvid: DEFAULT_PVID, mcastSnooping: this.mcastSnooping,
      bridgeId: s.bridgeId(), rootId: s.rootId(), rootPort: s.rootPort, rootPathCost: s.rootPathCost, topologyChange: s.topologyChange ? 1 : 0,
      topologyChangeDetected: s.topologyChangeDetected ? 1 : 0, helloTimer: left(s.timerAt("hello")), tcnTimer: left(s.timerAt("tcn")), topologyChangeTimer: left(s.timerAt("topologyChange")),
      gcTimer: this.isUp ? ticks(this.holdTime()) : 0,
    };
  }

  /** What `bridge link` and `ip -d link` show of a port. */
  describePort(port: BridgePort): BridgePortInfo {
    return { ...this.stp.describePort(port), state: port.state, priority: port.priority, cost: port.cost, hairpin: port.hairpin, guard: port.guard, rootBlock: port.rootBlock, fastLeave: port.fastLeave,
      learning: port.learning, flood: port.flood, mcastFlood: port.mcastFlood, bcastFlood: port.bcastFlood, isolated: port.isolated, neighSuppress: port.neighSuppress, proxyArp: port.proxyArp,
      proxyArpWifi: false, vlanTunnel: port.vlanTunnel, locked: port.locked, portId: port.id, portNo: port.no, mcastRouter: port.mcastRouter };
  }
}

function newItem(key: number, vlan: number, port: BridgePort | undefined, now: Nanos): FdbItem {
  return { key, vlan, port, local: false, static: false, sticky: false, externLearn: false, addedByUser: false, updated: now, used: now };
}
