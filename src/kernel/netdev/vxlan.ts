/** VXLAN: Ethernet frames in UDP, RFC 7348; drivers/net/vxlan/vxlan_core.c. Over IPv4, with one VNI a device. */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import { err, ok } from "../../base/result.ts";
import { allocSkb, type Skb } from "../../sim/skb.ts";
import { SECOND } from "../../sim/time.ts";
import { ARP, ARP_LEN, ARP_OP } from "../../wire/arp.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../wire/checksum.ts";
import { ETH_LEN, ETHERTYPE, formatMac, isGroup, macFromKey, macKey } from "../../wire/ethernet.ts";
import { formatIpv4, IP_DF, IPPROTO, IPV4, IPV4_MIN_LEN, isMulticast } from "../../wire/ipv4.ts";
import { UDP, UDP_LEN } from "../../wire/udp.ts";
import type { FdbEntry, FdbRequest, LinkAttrsSpec, LinkChange, LinkInfo, NlError, NlMode, NlResult, VxlanInfo } from "../api.ts";
import { ecnDrops, encapsulatedTos, innerTos, innerTtl, scrub, tunnelXmit } from "../ip-tunnel.ts";
import type { NetNamespace } from "../netns.ts";
import type { Route } from "../route.ts";
import { UdpSocket } from "../socket/udp.ts";
import { NetDevice, type LowerEvent, type UpperDevice } from "./device.ts";
import { flowHash } from "./flow-hash.ts";
import type { NewLink } from "./kinds.ts";
import { frameType } from "./tag.ts";
import { type Remote, same, type VxlanEntry, VxlanFdb } from "./vxlan-fdb.ts";

export const VXLAN_LEN = 8;
const HEADROOM = IPV4_MIN_LEN + UDP_LEN + VXLAN_LEN + ETH_LEN;
/** The flag that says there is a VNI. */
const VNI_FLAG = 0x08000000;
const DEFAULT_PORT = 8472;
const ALL_ZEROS = 0;
/** Least path MTU that a sender inside is told of: iptunnel_pmtud_check_icmp. */
const LEAST_TOLD_MTU = 576;

/** A UDP port of a namespace, shared by the devices that use it: vxlan_sock. */
class VxlanSock {
  readonly socket: UdpSocket;
  readonly byVni = new Map<number, VxlanDevice>();

  constructor(ns: NetNamespace) {
    this.socket = new UdpSocket(ns);
    this.socket.encap = (skb, dev) => this.receive(ns, skb, dev);
  }

  /** vxlan_rcv: `transport` is at the UDP header. */
  private receive(ns: NetNamespace, skb: Skb, dev: NetDevice): void {
    const b = skb.bytes;
    const at = skb.transport + UDP_LEN;
    const end = skb.transport + getU16(b, skb.transport + UDP.length);
    if (end - at < VXLAN_LEN + ETH_LEN) return ns.drop(skb, "tunnel", dev, "HDR_TRUNC");
    const flags = getU32(b, at);
    const word = getU32(b, at + 4);
    if (flags !== VNI_FLAG || (word & 255) !== 0) return ns.drop(skb, "tunnel", dev, "NOT_SPECIFIED", "reserved bits of the VXLAN header");
    const vxlan = this.byVni.get(word >>> 8);
    if (vxlan === undefined) return ns.drop(skb, "tunnel", dev, "NOT_SPECIFIED", `no VXLAN device with VNI ${word >>> 8}`);
    const from = getU32(b, skb.network + IPV4.src);
    const tos = b[skb.network + IPV4.tos]!;
    skb.tail = end;
    skb.data = at + VXLAN_LEN;
    vxlan.decapsulated(skb, from, tos, dev);
  }
}

/** Sockets of one namespace by port: struct vxlan_net. */
function socksOf(ns: NetNamespace): Map<number, VxlanSock> {
  let socks = ns.generic.get("vxlan") as Map<number, VxlanSock> | undefined;
  if (socks === undefined) {
    socks = new Map();
    ns.generic.set("vxlan", socks);
  }
  return socks;
}

export class VxlanDevice extends NetDevice implements UpperDevice {
  readonly kind = "vxlan";
  /** Where the outer packets live: the namespace it was made in, wherever the device goes. */
  readonly outer: NetNamespace;
  readonly cfg: VxlanInfo;
  private readonly fdb = new VxlanFdb();
  private sock: VxlanSock | undefined;
  readonly lower: NetDevice | undefined;

  constructor(o: NewLink, cfg: VxlanInfo, lower: NetDevice | undefined) {
    super(o.ns, o.name, o.index(), o.spec.lladdr ?? o.ns.kernel.randomMac());
    this.outer = o.linkNs;
    this.cfg = cfg;
    this.lower = lower;
    this.fdb.ageing = cfg.ageing;
    if (lower !== undefined) this.mtu = Math.max(lower.mtu - HEADROOM, 68);
    if (cfg.remote !== 0) this.fdb.put(ALL_ZEROS, "permanent", this.now).remotes.push({ ip: cfg.remote, port: 0, vni: 0, ifindex: cfg.link });
  }

  override onRegister(): void {
    this.lower?.addUpper(this);
    let all = this.outer.generic.get("vxlan devices") as Set<VxlanDevice> | undefined;
    if (all === undefined) this.outer.generic.set("vxlan devices", (all = new Set()));
    all.add(this);
  }

  private get now(): number {
    return this.ns.sim.clock.now;
  }

  lowerEvent(_lower: NetDevice, event: LowerEvent): void {
    if (event === "unregister") this.ns.deleteDevice(this);
  }

  override onDelete(): void {
    this.lower?.removeUpper(this);
    (this.outer.generic.get("vxlan devices") as Set<VxlanDevice>).delete(this);
  }

  protected override updateOperstate(): void {
    this.operstate = this.isUp ? "UNKNOWN" : "DOWN";
  }

  override mtuError(mtu: number): NlError | undefined {
    return this.lower !== undefined && mtu > this.lower.mtu - HEADROOM ? { errno: "EINVAL" } : undefined;
  }

  // -- its socket -----------------------------------------------------------------------------------------------------

  override openError(): NlError | undefined {
    const port = this.cfg.dstport;
    if (socksOf(this.outer).has(port) || !this.outer.udp_.sockets().some((s) => s.localPort === port && (s.localAddr === 0 || s.encap !== undefined))) return undefined;
    return { errno: "EADDRINUSE" };
  }

  /** vxlan_open. */
  protected override onUp(): void {
    const socks = socksOf(this.outer);
    let sock = socks.get(this.cfg.dstport);
    if (sock === undefined) {
      sock = new VxlanSock(this.outer);
      sock.socket.bind(0, this.cfg.dstport);
      socks.set(this.cfg.dstport, sock);
      this.outer.udp_.encaps++;
    }
    sock.byVni.set(this.cfg.id, this);
    this.sock = sock;
    if (isMulticast(this.cfg.remote)) this.lower?.addMulticast(groupKey(this.cfg.remote));
  }

  /** vxlan_stop: what was learnt is forgotten. */
  protected override onDown(): void {
    const sock = this.sock;
    this.sock = undefined;
    if (isMulticast(this.cfg.remote)) this.lower?.removeMulticast(groupKey(this.cfg.remote));
    for (const f of this.fdb.all(this.now)) if (f.state === "dynamic" && !f.externLearn) this.fdb.delete(f.key);
    if (sock === undefined) return;
    sock.byVni.delete(this.cfg.id);
    if (sock.byVni.size > 0) return;
    sock.socket.close();
    socksOf(this.outer).delete(this.cfg.dstport);
    this.outer.udp_.encaps--;
  }

  // -- out ------------------------------------------------------------------------------------------------------------

  /** vxlan_xmit. */
  protected transmit(skb: Skb): void {
    const { ns } = this;
    const type = frameType(skb);
    if (this.cfg.proxy && type === ETHERTYPE.ARP) return this.answerArp(skb);
    const key = macKey(skb.bytes, skb.data);
    const f = this.fdb.use(key, this.now) ?? this.fdb.use(ALL_ZEROS, this.now);
    if (f === undefined) {
      this.txDropped++;
      return ns.drop(skb, "fdb", this, "NO_TX_TARGET", `no entry for ${formatMac(skb.bytes, skb.data)} dev ${this.name}`);
    }
    const last = f.remotes.length - 1;
    // The first one gets the frame itself, after the copies.
    for (let i = 1; i <= last; i++) this.xmitOne(skb.clone(ns.sim.nextPacket()), f, f.remotes[i]!);
    this.xmitOne(skb, f, f.remotes[0]!);
  }

  private describeRemote(f: VxlanEntry, r: Remote): string {
    return `${formatMac(macFromKey(f.key))} dev ${this.name} dst ${formatIpv4(r.ip)}`;
  }

  /** vxlan_xmit_one. */
  private xmitOne(skb: Skb, f: VxlanEntry, r: Remote): void {
    const { cfg, ns, outer } = this;
    if (ns.sim.trace.on) ns.report(skb, "fdb", "pass", this, this.describeRemote(f, r), "");
    if (r.ip === 0) {
      this.txErrors++;
      return ns.drop(skb, "tunnel", this, "NO_TX_TARGET");
    }
    const type = frameType(skb);
    const l3 = skb.data + ETH_LEN;
    const inner = innerTos(skb.bytes, l3, type);
    const tos = cfg.tos === "inherit" ? inner : cfg.tos;
    const found = outer.routes.output({ dst: r.ip, src: cfg.local, oif: r.ifindex, tos: tos & 0x1c, mark: skb.mark, proto: IPPROTO.UDP, dport: r.port || cfg.dstport });
    if (!found.ok || found.value.dev === this) {
      this.txErrors++;
      if (!found.ok) this.txCarrierErrors++;
      return ns.drop(skb, "tunnel", this, "IP_OUTNOROUTES", `no route to ${formatIpv4(r.ip)}`);
    }
    const route = found.value;
    if (route.type === "local") return this.bypass(skb, r, route);
    const mtu = outer.routes.mtuOf(route) - HEADROOM;
    if (skb.tail - l3 > mtu && this.master?.kind === "bridge" && this.tooBig(skb, l3, mtu)) return;
    const ttl = cfg.ttl === "inherit" ? innerTtl(skb.bytes, l3, type) || 64 : cfg.ttl || (isMulticast(r.ip) ? 1 : outer.sysctl.number("net.ipv4.ip_default_ttl"));
    const df = cfg.df === "set" || (cfg.df === "inherit" && (type === ETHERTYPE.IPV6 || (type === ETHERTYPE.IPV4 && (skb.bytes[l3 + 6]! & (IP_DF >> 8)) !== 0)));
    const sport = this.sourcePort(flowHash(skb.bytes, skb.data, skb.tail));
    this.txPackets++;
    this.txBytes += skb.tail - l3;
    this.encapsulate(skb, r, sport, route.src);
    scrub(skb, ns !== outer);
    tunnelXmit(outer, skb, route, { dst: r.ip, src: route.src, protocol: IPPROTO.UDP, tos: encapsulatedTos(tos, inner), ttl, df });
  }

  /** udp_flow_src_port. */
  private sourcePort(hash: number): number {
    let { portMin: low, portMax: high } = this.cfg;
    if (low >= high) [low, high] = this.outer.sysctl.numbers("net.ipv4.ip_local_port_range") as [number, number];
    const h = (hash ^ (hash << 16)) >>> 0;
    return Math.floor((h * (high - low)) / 0x1_0000_0000) + low;
  }

  /** The VXLAN header and the UDP header in front of the frame. */
  private encapsulate(skb: Skb, r: Remote, sport: number, src: number): void {
    const at = skb.push(UDP_LEN + VXLAN_LEN);
    const b = skb.bytes;
    const length = skb.tail - at;
    setU16(b, at + UDP.src, sport);
    setU16(b, at + UDP.dst, r.port || this.cfg.dstport);
    setU16(b, at + UDP.length, length);
    setU16(b, at + UDP.checksum, 0);
    setU32(b, at + UDP_LEN, VNI_FLAG);
    setU32(b, at + UDP_LEN + 4, ((r.vni || this.cfg.id) << 8) >>> 0);
    if (!this.cfg.udpcsum) return;
    const sum = finish(sumWords(b, at, skb.tail, pseudoHeaderSum(src, r.ip, IPPROTO.UDP, length)));
    setU16(b, at + UDP.checksum, sum === 0 ? 0xffff : sum);
  }

  /** encap_bypass_if_local: the other end is a device of this machine. */
  private bypass(skb: Skb, r: Remote, route: Route): void {
    const vni = r.vni || this.cfg.id;
    const other = socksOf(this.outer).get(r.port || this.cfg.dstport)?.byVni.get(vni);
    if (other === undefined) {
      this.txErrors++;
      return this.ns.drop(skb, "tunnel", this, "NO_TX_TARGET", `no VXLAN device with VNI ${vni} at ${formatIpv4(r.ip)}`);
    }
    this.txPackets++;
    this.txBytes += skb.tail - skb.data;
    skb.unshare();
    this.ns.sim.clock.after(1_000, () => (other.isUp ? other.decapsulated(skb, route.src, 0, other) : skb.free()));
  }

  /** skb_tunnel_check_pmtu with iptunnel_pmtud_build_icmp: a bridge cannot say that a packet is too big, so the tunnel does in the receiver's name. */
  private tooBig(skb: Skb, l3: number, mtu: number): boolean {
    const { ns } = this;
    const b = skb.bytes;
    if (frameType(skb) !== ETHERTYPE.IPV4 || mtu <= LEAST_TOLD_MTU || getU16(b, l3 + 6) !== IP_DF) return false;
    const [src, dst] = [getU32(b, l3 + IPV4.src), getU32(b, l3 + IPV4.dst)];
    if (dst === 0xffffffff || isMulticast(dst) || isMulticast(src)) return false;
    if (b[l3 + IPV4.protocol] === IPPROTO.ICMP && b[l3 + (b[l3]! & 15) * 4] !== 8 && b[l3 + (b[l3]! & 15) * 4] !== 0) return false;
    const quoted = Math.min(skb.tail - l3, LEAST_TOLD_MTU - IPV4_MIN_LEN - 8);
    const reply = allocSkb(ETH_LEN + IPV4_MIN_LEN + 8 + quoted, ns.sim.nextPacket());
    reply.parent = skb.id;
    const o = reply.bytes;
    const at = reply.data;
    o.set(b.subarray(skb.data + 6, skb.data + 12), at);
    o.set(b.subarray(skb.data, skb.data + 6), at + 6);
    setU16(o, at + 12, ETHERTYPE.IPV4);
    const h = at + ETH_LEN;
    o.fill(0, h, h + IPV4_MIN_LEN + 8);
    o[h] = 0x45;
    setU16(o, h + 2, reply.tail - h);
    setU16(o, h + 6, IP_DF);
    o[h + 8] = b[l3 + 8]!;
    o[h + 9] = IPPROTO.ICMP;
    setU32(o, h + 12, dst);
    setU32(o, h + 16, src);
    setU16(o, h + 10, finish(sumWords(o, h, h + IPV4_MIN_LEN)));
    const icmp = h + IPV4_MIN_LEN;
    o[icmp] = 3;
    o[icmp + 1] = 4;
    setU16(o, icmp + 6, mtu);
    o.set(b.subarray(l3, l3 + quoted), icmp + 8);
    setU16(o, icmp + 2, finish(sumWords(o, icmp, reply.tail)));
    reply.mac = at;
    ns.drop(skb, "tunnel", this, "PKT_TOO_BIG", `mtu ${mtu} dev ${this.name}`);
    this.ns.sim.clock.after(1_000, () => (this.isUp ? this.receive(reply) : reply.free()));
    return true;
  }

  /** arp_reduce: answers from the neighbour table what would otherwise be flooded. */
  private answerArp(skb: Skb): void {
    const { ns } = this;
    const b = skb.bytes;
    const at = skb.data + ETH_LEN;
    const tip = skb.tail - at >= ARP_LEN ? getU32(b, at + ARP.tpa) : 0;
    const n = tip === 0 || getU16(b, at + ARP.oper) !== ARP_OP.REQUEST ? undefined : ns.neigh.find(this, tip);
    if (n === undefined || !n.isValid()) return ns.drop(skb, "arp", this, "NOT_SPECIFIED", `proxy: no neighbour ${formatIpv4(tip)}`);
    const reply = allocSkb(ETH_LEN + ARP_LEN, ns.sim.nextPacket());
    reply.parent = skb.id;
    const o = reply.bytes;
    const eth = reply.data;
    const arp = eth + ETH_LEN;
    o.set(b.subarray(at + ARP.sha, at + ARP.sha + 6), eth);
    o.set(n.lladdr, eth + 6);
    setU16(o, eth + 12, ETHERTYPE.ARP);
    o.set(b.subarray(at, at + 8), arp);
    setU16(o, arp + ARP.oper, ARP_OP.REPLY);
    o.set(n.lladdr, arp + ARP.sha);
    setU32(o, arp + ARP.spa, tip);
    o.set(b.subarray(at + ARP.sha, at + ARP.sha + 6), arp + ARP.tha);
    setU32(o, arp + ARP.tpa, getU32(b, at + ARP.spa));
    reply.mac = eth;
    ns.consume(skb, "arp", this, `${formatIpv4(tip)} is-at ${formatMac(n.lladdr)}`);
    ns.sim.clock.after(1_000, () => (this.isUp ? this.receive(reply) : reply.free()));
  }

  // -- in -------------------------------------------------------------------------------------------------------------

  /** The inner frame is at `data`. Takes ownership. */
  decapsulated(skb: Skb, from: number, outerTos: number, dev: NetDevice): void {
    const { ns } = this;
    const b = skb.bytes;
    skb.mac = skb.data;
    const src = macKey(b, skb.data + 6);
    const l3 = skb.data + ETH_LEN;
    if (src === this.addrKey) return ns.drop(skb, "tunnel", this, "NOT_SPECIFIED", "own address as source address");
    if (this.cfg.learning && !this.learn(skb, src, from)) return ns.drop(skb, "fdb", this, "NOT_SPECIFIED", `${formatMac(b, skb.data + 6)} is not behind ${formatIpv4(from)}`);
    if (ecnDrops(outerTos, innerTos(b, l3, frameType(skb)))) {
      this.rxErrors++;
      return ns.drop(skb, "tunnel", this, "IP_TUNNEL_ECN");
    }
    scrub(skb, ns !== this.outer);
    skb.hops = 0;
    if (ns.sim.trace.on) ns.report(skb, "tunnel", "pass", this, `vni ${this.cfg.id} from ${formatIpv4(from)} by ${dev.name}`, "");
    this.receive(skb);
    // gro_cells count what stands behind the Ethernet header.
    this.rxBytes -= ETH_LEN;
  }

  /** vxlan_snoop. @returns false: it says to be what is known to be elsewhere. */
  private learn(skb: Skb, key: number, from: number): boolean {
    const f = this.fdb.find(key, this.now);
    if (f !== undefined) {
      const r = f.remotes[0]!;
      if (r.ip === from) {
        f.used = this.now;
        return true;
      }
      if (f.state !== "dynamic" || f.externLearn) return false;
      r.ip = from;
      f.updated = this.now;
    } else {
      if (isGroup(skb.bytes, skb.data + 6) || key === 0 || (this.cfg.maxaddress !== 0 && this.fdb.size >= this.cfg.maxaddress)) return true;
      this.fdb.put(key, "dynamic", this.now).remotes.push({ ip: from, port: 0, vni: 0, ifindex: 0 });
    }
    if (this.ns.sim.trace.on) this.ns.report(skb, "fdb", "learn", this, `${formatMac(skb.bytes, skb.data + 6)} dev ${this.name} dst ${formatIpv4(from)}`, "");
    return true;
  }

  // -- netlink ----------------------------------------------------------------------------------------------------------

  override readonly hasOwnFdb = true;

  override fdbDump(): FdbEntry[] {
    const seconds = (t: number): number => Math.floor((this.now - t) / SECOND);
    return this.fdb.all(this.now).flatMap((f) =>
      f.remotes.map((r) => {
        const e: FdbEntry = {
          lladdr: macFromKey(f.key), ifindex: this.ifindex, master: 0, state: f.state, extern_learn: f.externLearn, sticky: false, offload: false, added_by_user: f.state !== "dynamic", self: true,
          used: seconds(f.used), updated: seconds(f.updated),
        };
        if (r.ip !== 0) e.dst = r.ip;
        if (r.port !== 0 && r.port !== this.cfg.dstport) e.port = r.port;
        if (r.vni !== 0 && r.vni !== this.cfg.id) e.vni = r.vni;
        if (r.ifindex !== 0) e.via = r.ifindex;
        if (f.router) e.router = true;
        return e;
      }),
    );
  }

  /** vxlan_fdb_add, vxlan_fdb_delete. */
  override fdbChange(e: FdbRequest, mode: NlMode | "delete"): NlResult {
    const key = macKey(e.lladdr, 0);
    const r: Remote = { ip: e.dst ?? 0, port: e.port ?? 0, vni: e.vni ?? 0, ifindex: e.via ?? 0 };
    if (r.port === this.cfg.dstport) r.port = 0;
    if (r.vni === this.cfg.id) r.vni = 0;
    const f = this.fdb.find(key, this.now);
    if (mode === "delete") return this.fdbRemove(key, f, r, e.dst !== undefined);
    if (e.dst === undefined) return err({ errno: "EINVAL" });
    if (e.via !== undefined && this.outer.deviceByIndex(e.via) === undefined) return err({ errno: "EADDRNOTAVAIL" });
    return this.fdbSet(key, f, r, e, mode);
  }

  private fdbRemove(key: number, f: VxlanEntry | undefined, r: Remote, one: boolean): NlResult {
    if (f === undefined) return err({ errno: "ENOENT" });
    if (one) {
      const at = f.remotes.findIndex((x) => same(x, r));
      if (at < 0) return err({ errno: "ENOENT" });
      if (f.remotes.length > 1) {
        f.remotes.splice(at, 1);
        return ok();
      }
    }
    this.fdb.delete(key);
    return ok();
  }

  private fdbSet(key: number, old: VxlanEntry | undefined, r: Remote, e: FdbRequest, mode: NlMode): NlResult {
    const now = this.now;
    const unicast = key !== 0 && !isGroup(e.lladdr, 0);
    if (old === undefined) {
      if (mode === "change") return err({ errno: "ENOENT" });
      if (mode === "replace" && !unicast) return err({ errno: "EOPNOTSUPP", extack: "Cannot replace non-unicast fdb entries" });
      if (this.cfg.maxaddress !== 0 && this.fdb.size >= this.cfg.maxaddress) return err({ errno: "ENOSPC" });
      const f = this.fdb.put(key, e.state, now);
      f.externLearn = e.externLearn ?? false;
      f.router = e.router ?? false;
      f.remotes.push(r);
      return ok();
    }
    if (mode === "add") return err({ errno: "EEXIST" });
    if (mode === "replace") {
      if (!unicast) return err({ errno: "EOPNOTSUPP", extack: "Cannot replace non-unicast fdb entries" });
      old.remotes = [r];
    } else if (mode === "append" && !old.remotes.some((x) => same(x, r))) old.remotes.push(r);
    old.state = e.state;
    old.externLearn = e.externLearn ?? false;
    old.router = e.router ?? false;
    old.updated = now;
    old.used = now;
    return ok();
  }

  override changeLink(c: LinkChange): NlResult {
    const v = c.attrs?.vxlan;
    if (v === undefined) return err({ errno: "EOPNOTSUPP" });
    if (v.id !== undefined && v.id !== this.cfg.id) return err({ errno: "EOPNOTSUPP", extack: "Cannot change VNI" });
    if (v.dstport !== undefined) return err({ errno: "EOPNOTSUPP", extack: "Cannot change port" });
    if (v.portMin !== undefined) return err({ errno: "EOPNOTSUPP", extack: "Cannot change port range" });
    if (v.link !== undefined && v.link !== this.cfg.link) return err({ errno: "EOPNOTSUPP" });
    if (v.remote !== undefined && v.remote !== this.cfg.remote) {
      const f = this.fdb.find(ALL_ZEROS, this.now) ?? this.fdb.put(ALL_ZEROS, "permanent", this.now);
      f.remotes = f.remotes.filter((x) => x.ip !== this.cfg.remote || x.port !== 0 || x.vni !== 0);
      if (v.remote !== 0) f.remotes.push({ ip: v.remote, port: 0, vni: 0, ifindex: this.cfg.link });
      if (f.remotes.length === 0) this.fdb.delete(ALL_ZEROS);
    }
    Object.assign(this.cfg, v);
    this.fdb.ageing = this.cfg.ageing;
    return ok();
  }

  override describe(info: LinkInfo): void {
    info.attrs = { vxlan: { ...this.cfg } };
  }
}

/** ip_eth_mc_map, as a key. */
function groupKey(group: number): number {
  return 0x01005e000000 + (group & 0x7fffff);
}

const DEFAULTS: VxlanInfo = {
  id: 0, remote: 0, local: 0, link: 0, portMin: 0, portMax: 0, dstport: DEFAULT_PORT, learning: true, proxy: false, rsc: false, l2miss: false, l3miss: false, ttl: 0, tos: 0, df: "unset", ageing: 300,
  maxaddress: 0, udpcsum: true, udp6zerocsumtx: false, udp6zerocsumrx: false, gbp: false,
};

/** vxlan_newlink: vxlan_nl2conf and vxlan_config_validate. */
export function newVxlan(o: NewLink): NlResult<NetDevice> {
  const spec: NonNullable<LinkAttrsSpec["vxlan"]> = o.spec.attrs?.vxlan ?? {};
  const cfg: VxlanInfo = { ...DEFAULTS, ...spec };
  if (cfg.dstport === 0) cfg.dstport = DEFAULT_PORT;
  const lower = cfg.link === 0 ? undefined : o.linkNs.deviceByIndex(cfg.link);
  if (cfg.link !== 0 && lower === undefined) return err({ errno: "ENODEV", extack: "Invalid local interface, device not found" });
  if (isMulticast(cfg.remote) && lower === undefined) return err({ errno: "EINVAL", extack: "Local interface required for multicast remote destination" });
  const all = o.linkNs.generic.get("vxlan devices") as Set<VxlanDevice> | undefined;
  for (const d of all ?? []) {
    if (d.cfg.id === cfg.id && d.cfg.dstport === cfg.dstport) return err({ errno: "EEXIST", extack: "A VXLAN device with the specified VNI already exists" });
  }
  return ok(new VxlanDevice(o, cfg, lower));
}
