/**
 * Linux bridge: learning, forwarding, flooding, ageing, ports with their flags. net/bridge/{br_input,br_forward,br_fdb,br_if}.c.
 * Spanning tree is in stp.ts, VLAN membership in bridge-vlan.ts. Not here: multicast snooping (groups are flooded), netfilter.
 */
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { ETH_LEN, formatMac, isBroadcast, macFromKey, macKey } from "../../wire/ethernet.ts";
import { BPDU_DST } from "../../wire/stp.ts";
import { type BridgeInfo, type BridgePortInfo, type FdbEntry, IFF, type LinkChange, type LinkInfo, type Lladdr, type NlResult, type StpState } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { egressVlan, ingressVlan, NOT_ALLOWED, TPID, validVid, VlanMembers } from "./bridge-vlan.ts";
import { NetDevice, PACKET, type RxHandler } from "./device.ts";
import { SpanningTree } from "./stp.ts";
import { frameTci, frameType, VID_MASK } from "./tag.ts";

const FDB_MAX = 4096;
/** 802.1Q tag: a port lets frames through that are this much longer than its MTU. is_skb_forwardable. */
const VLAN_HLEN = 4;
const BPDU_KEY = macKey(BPDU_DST as Uint8Array, 0);
/** The VLAN ports join when they come: br_vlan_init. */
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
  /** Order in which entries came: a dump begins with the last (hlist_add_head). */
  seq: number;
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
  readonly vlans = new VlanMembers();

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
  /** Entries without a VLAN: the only ones that are looked up while filtering is off. */
  private readonly fdb = new Map<number, FdbItem>();
  private readonly fdbOfVlan = new Map<number, Map<number, FdbItem>>();
  private fdbSize = 0;
  private fdbSeq = 0;
  /** VLANs the bridge itself is in. */
  readonly vlans = new VlanMembers();
  vlanFiltering = false;
  private vlanProtocol: number = TPID.Q;
  private defaultPvid = DEFAULT_PVID;
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
    this.insertLocal(undefined, this.addrKey, 0);
    this.addVlan(undefined, DEFAULT_PVID, true, true);
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

  private table(vid: number): Map<number, FdbItem> {
    if (vid === 0) return this.fdb;
    let t = this.fdbOfVlan.get(vid);
    if (t === undefined) {
      t = new Map();
      this.fdbOfVlan.set(vid, t);
    }
    return t;
  }

  private *tables(): Generator<Map<number, FdbItem>> {
    yield* this.fdbOfVlan.values();
    yield this.fdb;
  }

  private insert(f: FdbItem): void {
    const t = this.table(f.vlan);
    if (!t.has(f.key)) this.fdbSize++;
    f.seq = ++this.fdbSeq;
    t.set(f.key, f);
  }

  private remove(f: FdbItem): void {
    if (this.table(f.vlan).delete(f.key)) this.fdbSize--;
  }

  /** An entry that has not aged out. */
  private find(key: number, vid: number): FdbItem | undefined {
    const f = vid === 0 ? this.fdb.get(key) : this.fdbOfVlan.get(vid)?.get(key);
    if (f === undefined) return undefined;
    if (!this.expired(f)) return f;
    this.remove(f);
    return undefined;
  }

  /** br_fdb_update: learns where a source address is. @returns what changed, for the reason stream. */
  private learn(key: number, vid: number, port: BridgePort): "new" | "moved" | "" {
    const now = this.clock.now;
    const f = this.find(key, vid);
    if (f !== undefined) {
      if (f.local) return ""; // "received packet on eth1 with own address as source address"
      f.updated = now;
      if (f.port === port) return "";
      if (f.sticky) return "";
      f.port = port;
      f.externLearn = false;
      return "moved";
    }
    if (this.fdbSize >= FDB_MAX) {
      for (const t of this.tables()) for (const old of [...t.values()]) if (this.expired(old)) this.remove(old);
      if (this.fdbSize >= FDB_MAX) return "";
    }
    this.insert(newItem(key, vid, port, now));
    return "new";
  }

  /** fdb_add_local; an address that is local already stays with its first owner. */
  private insertLocal(port: BridgePort | undefined, key: number, vid: number): void {
    const old = this.table(vid).get(key);
    if (old?.local) return;
    if (old !== undefined) this.remove(old);
    this.insert({ ...newItem(key, vid, port, this.clock.now), local: true, static: true });
  }

  /** br_fdb_changeaddr and br_fdb_change_mac_address: without a VLAN, and in each it is in. */
  private insertLocals(port: BridgePort | undefined, key: number): void {
    this.insertLocal(port, key, 0);
    for (const vid of (port ?? this).vlans.vids) this.insertLocal(port, key, vid);
  }

  /** fdb_delete_local: another port, or the bridge, with the same address takes the entry over. */
  private deleteLocal(port: BridgePort | undefined, key: number, vid?: number): void {
    for (const table of this.tables()) {
      const f = table.get(key);
      if (f === undefined || !f.local || f.port !== port || f.addedByUser || (vid !== undefined && f.vlan !== vid)) continue;
      const heir = this.ports.find((p) => p !== port && p.dev.addrKey === key && (f.vlan === 0 || p.vlans.has(f.vlan)));
      if (heir !== undefined) f.port = heir;
      else if (port !== undefined && this.addrKey === key && (f.vlan === 0 || this.vlans.has(f.vlan))) f.port = undefined;
      else this.remove(f);
    }
  }

  /** Forgets what was learnt on a port (all: static entries too); of one VLAN when told. */
  flushPort(port: BridgePort, all: boolean, vid?: number): void {
    for (const table of this.tables()) {
      for (const f of [...table.values()]) {
        if (f.port === port && (vid === undefined || f.vlan === vid) && (all || !f.static) && !(f.local && !all)) this.remove(f);
      }
    }
  }

  /** `ip link set br0 type bridge fdb_flush`, `brctl`. */
  flushLearned(): void {
    for (const t of this.tables()) for (const f of [...t.values()]) if (!f.static) this.remove(f);
  }

  override fdbDump(): FdbEntry[] {
    const seconds = (t: Nanos): number => Math.floor((this.clock.now - t) / SECOND);
    const all = [...this.tables()].flatMap((t) => [...t.values()]).filter((f) => !this.expired(f)).sort((a, b) => b.seq - a.seq);
    return all.map((f) => {
      const e: FdbEntry = {
        lladdr: macFromKey(f.key), ifindex: f.port?.dev.ifindex ?? this.ifindex, master: this.ifindex, state: f.local ? "permanent" : f.static ? "static" : "dynamic",
        extern_learn: f.externLearn, sticky: f.sticky, offload: false, added_by_user: f.addedByUser, self: false, used: seconds(f.used), updated: seconds(f.updated),
      };
      if (f.vlan !== 0) e.vlan = f.vlan;
      return e;
    });
  }

  /** br_fdb_add: `state` as `bridge fdb add` names it. Without a VLAN the entry holds in each the port is in. */
  fdbAdd(port: BridgePort | undefined, e: { lladdr: Lladdr; state: FdbEntry["state"]; vlan?: number; externLearn?: boolean; sticky?: boolean }, exclusive: boolean, create: boolean): NlResult {
    const key = macKey(e.lladdr, 0);
    const members = (port ?? this).vlans;
    if (e.vlan !== undefined && e.vlan !== 0 && !members.has(e.vlan)) return err({ errno: "EINVAL" });
    const vlans = e.vlan !== undefined && e.vlan !== 0 ? [e.vlan] : [0, ...members.vids];
    for (const vlan of vlans) {
      const old = this.table(vlan).get(key);
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
      if (old === undefined) this.insert(item);
    }
    return ok();
  }

  fdbDelete(port: BridgePort | undefined, lladdr: Lladdr, vlan: number | undefined): NlResult {
    const key = macKey(lladdr, 0);
    let found = false;
    for (const vid of vlan === undefined || vlan === 0 ? [0, ...(port ?? this).vlans.vids] : [vlan]) {
      const f = this.table(vid).get(key);
      if (f === undefined || f.port !== port) continue;
      this.remove(f);
      found = true;
    }
    return found ? ok() : err({ errno: "ENOENT" });
  }

  // -- VLANs --------------------------------------------------------------------------------------------------------

  /** br_vlan_add and nbp_vlan_add: undefined is the bridge itself. */
  private addVlan(port: BridgePort | undefined, vid: number, pvid: boolean, untagged: boolean): void {
    if ((port ?? this).vlans.set(vid, pvid, untagged)) this.insertLocal(port, (port?.dev ?? this).addrKey, vid);
  }

  /** __vlan_del: what the port learnt in it goes too. */
  private deleteVlan(port: BridgePort | undefined, vid: number): void {
    if (!(port ?? this).vlans.delete(vid)) return;
    this.deleteLocal(port, (port?.dev ?? this).addrKey, vid);
    if (port !== undefined) this.flushPort(port, true, vid);
  }

  /** br_process_vlan_info. */
  vlanChange(port: BridgePort | undefined, o: { add: boolean; first: number; last: number; pvid: boolean; untagged: boolean }): NlResult {
    if (!validVid(o.first) || !validVid(o.last)) return err({ errno: "EINVAL", extack: "bridge: Vlan id is invalid" });
    for (let vid = o.first; vid <= o.last; vid++) {
      if (o.add) this.addVlan(port, vid, o.pvid, o.untagged);
      else this.deleteVlan(port, vid);
    }
    return ok();
  }

  /** __br_vlan_set_default_pvid: ports that are still in the old one as they came move to the new one. */
  private setDefaultPvid(vid: number): void {
    const old = this.defaultPvid;
    this.defaultPvid = vid;
    if (vid === old) return;
    for (const p of [undefined, ...this.ports]) {
      const members = (p ?? this).vlans;
      const untouched = old !== 0 && members.pvid === old && members.leavesUntagged(old);
      if (old !== 0 && !untouched) continue;
      if (vid !== 0 && members.has(vid)) continue; // a person put it there
      if (vid !== 0) this.addVlan(p, vid, true, true);
      if (old !== 0) this.deleteVlan(p, old);
    }
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
    let vid = 0;
    if (this.vlanFiltering) {
      vid = ingressVlan(skb, this.vlanProtocol, port.vlans);
      if (vid === NOT_ALLOWED) {
        ns.drop(skb, "vlan", port.dev, "NOT_SPECIFIED", this.refusalText(skb, port.vlans, port.dev.name));
        return true;
      }
    }
    if (port.learning && !port.locked) {
      const news = this.learn(srcKey, vid, port);
      if (news !== "" && ns.sim.trace.on) ns.report(skb, "fdb", "learn", port.dev, `${formatMac(macFromKey(srcKey))} dev ${port.dev.name}${vid === 0 ? "" : ` vlan ${vid}`} ${news}`, "");
    }
    if (port.state === "learning") {
      ns.drop(skb, "stp", port.dev, "NOT_SPECIFIED", `${port.dev.name} learning`);
      return true;
    }
    this.forward(skb, port, dstKey, vid);
    return true;
  }

  /** Why a frame may not come in: for the reason stream. */
  private refusalText(skb: Skb, members: VlanMembers, name: string): string {
    if (members.pvid === 0 && frameType(skb) !== this.vlanProtocol) return `untagged, and ${name} has no PVID`;
    return `VLAN ${frameTci(skb) & VID_MASK} is not allowed on ${name}`;
  }

  /** br_handle_frame_finish. `vid` is 0 while filtering is off. */
  private forward(skb: Skb, from: BridgePort, dstKey: number, vid: number): void {
    if (!this.ns.bridgeNf.enabled) return this.forwardFinish(skb, from, dstKey, vid);
    if (this.ns.bridgeNf.preRouting(skb, this, from.dev)) this.forwardFinish(skb, from, macKey(skb.bytes, skb.data), vid);
  }

  private forwardFinish(skb: Skb, from: BridgePort, dstKey: number, vid: number): void {
    const { bytes, data } = skb;
    const ns = this.ns;
    if ((bytes[data]! & 1) === 1) {
      const broadcast = isBroadcast(bytes, data);
      const up = skb.clone(ns.sim.nextPacket());
      this.flood(skb, from, broadcast ? "broadcast" : "multicast", false, vid);
      this.passUp(up, vid);
      return;
    }
    const f = this.find(dstKey, vid);
    if (f?.local) {
      if (ns.sim.trace.on) ns.report(skb, "fdb", "pass", from.dev, this.entryText(f), "");
      this.passUp(skb, vid);
      return;
    }
    if (this.promiscuity > 0) this.passUp(skb.clone(ns.sim.nextPacket()), vid);
    if (f === undefined) return this.flood(skb, from, "unknown unicast", false, vid);
    f.used = this.clock.now;
    const to = f.port;
    if (to === undefined) return ns.drop(skb, "bridge", this, "NO_TX_TARGET");
    const refusal = this.refuses(to, from, skb, vid);
    if (refusal !== undefined) {
      if (ns.sim.trace.on) ns.report(skb, "fdb", "drop", this, this.entryText(f), "NO_TX_TARGET", [{ entry: to.dev.name, why: refusal }]);
      skb.free();
      return;
    }
    if (ns.sim.trace.on) ns.report(skb, "fdb", "pass", this, this.entryText(f), "");
    this.send(skb, to, vid);
  }

  /** br_dev_queue_push_xmit. */
  private send(skb: Skb, to: BridgePort, vid: number): void {
    if (skb.cb !== undefined && !this.ns.bridgeNf.forward(skb, this, to.dev)) return;
    if (vid !== 0) egressVlan(skb, this.vlanProtocol, to.vlans, vid);
    to.dev.xmit(skb);
  }

  private entryText(f: FdbItem): string {
    return `${formatMac(macFromKey(f.key))} dev ${f.port?.dev.name ?? this.name}${f.vlan === 0 ? "" : ` vlan ${f.vlan}`} master ${this.name}${f.local ? " permanent" : f.static ? " static" : ""}`;
  }

  /** should_deliver, and what the frame's size and the port's state have to say. */
  private refuses(to: BridgePort, from: BridgePort | undefined, skb: Skb, vid: number): "same-port" | "blocked" | "isolated" | "dead" | "other-vlan" | undefined {
    if (to === from && !to.hairpin) return "same-port";
    if (vid !== 0 && !to.vlans.has(vid)) return "other-vlan";
    if (to.state !== "forwarding") return "blocked";
    if (to.isolated && from?.isolated) return "isolated";
    if (!to.dev.isUp || skb.tail - skb.data > to.dev.mtu + ETH_LEN + VLAN_HLEN) return "dead";
    return undefined;
  }

  /** br_flood: a copy for every port that lets this kind through. Takes ownership. */
  private flood(skb: Skb, from: BridgePort | undefined, kind: "broadcast" | "multicast" | "unknown unicast", fromUs: boolean, vid: number): void {
    const ns = this.ns;
    const targets: BridgePort[] = [];
    const lost: { entry: string; why: "same-port" | "blocked" | "isolated" | "dead" | "other-vlan" }[] = [];
    for (const p of this.ports) {
      if (kind === "unknown unicast" && !p.flood) continue;
      if (kind === "multicast" && !p.mcastFlood && !fromUs) continue;
      if (kind === "broadcast" && !p.bcastFlood && !fromUs) continue;
      const why = this.refuses(p, from, skb, vid);
      if (why === undefined) targets.push(p);
      else if (ns.sim.trace.on) lost.push({ entry: p.dev.name, why });
    }
    if (targets.length === 0) {
      // This machine gets a copy of its own of what is for all (local_rcv of br_flood): no other port is no loss then.
      const taken = kind !== "unknown unicast" && !fromUs && this.isUp;
      if (ns.sim.trace.on) ns.report(skb, "bridge", taken ? "consume" : "drop", this, kind, taken ? "" : "NO_TX_TARGET", lost);
      skb.free();
      return;
    }
    if (ns.sim.trace.on) ns.report(skb, "bridge", "flood", this, `${kind}: ${targets.map((p) => p.dev.name).join(" ")}`, "", lost);
    // In the list's order; the last one gets the frame itself.
    const last = targets.pop()!;
    for (const p of targets) {
      const copy = skb.clone(ns.sim.nextPacket());
      copy.cb = skb.cb;
      this.send(copy, p, vid);
    }
    this.send(skb, last, vid);
  }

  /** br_pass_frame_up: for this machine itself, as if br0 had received it. */
  private passUp(skb: Skb, vid: number): void {
    if (!this.isUp) {
      skb.free();
      return;
    }
    if (vid !== 0) {
      if (!this.vlans.has(vid)) return this.ns.drop(skb, "vlan", this, "NOT_SPECIFIED", `VLAN ${vid} is not allowed on ${this.name}`);
      egressVlan(skb, this.vlanProtocol, this.vlans, vid);
    }
    this.rxPackets++;
    this.rxBytes += skb.tail - skb.data - ETH_LEN;
    skb.dev = this;
    skb.mac = skb.data;
    this.classify(skb, skb.bytes, skb.data);
    if (this.taps.length > 0) this.tapAll(skb, false);
    this.demux(skb);
  }

  /** br_dev_xmit: a frame of our own. */
  protected transmit(skb: Skb): void {
    this.txPackets++;
    this.txBytes += skb.tail - skb.data - ETH_LEN;
    skb.pktType = PACKET.OUTGOING;
    let vid = 0;
    if (this.vlanFiltering) {
      vid = ingressVlan(skb, this.vlanProtocol, this.vlans);
      if (vid === NOT_ALLOWED) return this.ns.drop(skb, "vlan", this, "NOT_SPECIFIED", this.refusalText(skb, this.vlans, this.name));
    }
    const { bytes, data } = skb;
    if ((bytes[data]! & 1) === 1) return this.flood(skb, undefined, isBroadcast(bytes, data) ? "broadcast" : "multicast", true, vid);
    const f = this.find(macKey(bytes, data), vid);
    if (f === undefined) return this.flood(skb, undefined, "unknown unicast", true, vid);
    if (f.local || f.port === undefined || this.refuses(f.port, undefined, skb, vid) !== undefined) {
      if (this.ns.sim.trace.on) this.ns.report(skb, "fdb", "drop", this, this.entryText(f), "NO_TX_TARGET");
      skb.free();
      return;
    }
    if (this.ns.sim.trace.on) this.ns.report(skb, "fdb", "pass", this, this.entryText(f), "");
    this.send(skb, f.port, vid);
  }

  // -- ports --------------------------------------------------------------------------------------------------------

  /** br_add_if. */
  override enslave(dev: NetDevice): NlResult {
    if (dev.kind === "bridge") return err({ errno: "ELOOP", extack: "Can not enslave a bridge to a bridge" });
    if (dev.headerLength === 0 || (dev.flags & IFF.LOOPBACK) !== 0) return err({ errno: "EINVAL" });
    if (dev.rxHandler !== undefined) return err({ errno: "EBUSY" });
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
    this.insertLocal(port, dev.addrKey, 0);
    if (this.defaultPvid !== 0) this.addVlan(port, this.defaultPvid, true, true);
    this.recalculateId();
    if (this.isUp && dev.isUp && dev.carrier) this.stp.enablePort(port);
    this.updateMtu();
    this.updateCarrier();
    return ok();
  }

  /** br_del_if. */
  override releaseSlave(dev: NetDevice): void {
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
  override slaveAddressChanged(dev: NetDevice, oldKey: number): void {
    const port = this.port(dev);
    if (port === undefined) return;
    this.deleteLocal(port, oldKey);
    this.insertLocals(port, dev.addrKey);
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
    this.insertLocals(undefined, this.addrKey);
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
    for (const p of [...this.ports]) this.releaseSlave(p.dev);
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
    if (b.vlanProtocol !== undefined) {
      if (b.vlanProtocol !== TPID.Q && b.vlanProtocol !== TPID.AD) return err({ errno: "EPROTONOSUPPORT" });
      this.vlanProtocol = b.vlanProtocol;
    }
    if (b.vlanFiltering !== undefined) this.vlanFiltering = b.vlanFiltering !== 0;
    if (b.vlanDefaultPvid !== undefined) {
      if (b.vlanDefaultPvid >= VID_MASK) return err({ errno: "EINVAL" });
      this.setDefaultPvid(b.vlanDefaultPvid);
    }
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
      groupFwdMask: this.groupFwdMask, groupAddr: (BPDU_DST as Uint8Array).slice(), vlanFiltering: this.vlanFiltering ? 1 : 0, vlanProtocol: this.vlanProtocol, vlanDefaultPvid: this.defaultPvid, mcastSnooping: this.mcastSnooping,
      bridgeId: s.bridgeId(), rootId: s.rootId(), rootPort: s.rootPort, rootPathCost: s.rootPathCost, topologyChange: s.topologyChange ? 1 : 0,
      topologyChangeDetected: s.topologyChangeDetected ? 1 : 0, helloTimer: left(s.timerAt("hello")), tcnTimer: left(s.timerAt("tcn")), topologyChangeTimer: left(s.timerAt("topologyChange")),
      gcTimer: this.isUp ? ticks(this.holdTime()) : 0,
    };
    info.vlans = this.vlans.list();
  }

  override describeSlave(dev: NetDevice, info: LinkInfo): void {
    const port = this.port(dev);
    if (port === undefined) return;
    info.bridgePort = this.describePort(port);
    info.vlans = port.vlans.list();
  }

  /** What `bridge link` and `ip -d link` show of a port. */
  describePort(port: BridgePort): BridgePortInfo {
    return { ...this.stp.describePort(port), state: port.state, priority: port.priority, cost: port.cost, hairpin: port.hairpin, guard: port.guard, rootBlock: port.rootBlock, fastLeave: port.fastLeave,
      learning: port.learning, flood: port.flood, mcastFlood: port.mcastFlood, bcastFlood: port.bcastFlood, isolated: port.isolated, neighSuppress: port.neighSuppress, proxyArp: port.proxyArp,
      proxyArpWifi: false, vlanTunnel: port.vlanTunnel, locked: port.locked, portId: port.id, portNo: port.no, mcastRouter: port.mcastRouter };
  }
}

function newItem(key: number, vlan: number, port: BridgePort | undefined, now: Nanos): FdbItem {
  return { key, vlan, port, local: false, static: false, sticky: false, externLearn: false, addedByUser: false, updated: now, used: now, seq: 0 };
}
