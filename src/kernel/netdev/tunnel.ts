/** IPIP (RFC 2003) and GRE (RFC 2784, 2890) tunnels over IPv4: net/ipv4/{ip_tunnel,ipip,ip_gre}.c. */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { ETH_LEN, ETHERTYPE } from "../../wire/ethernet.ts";
import { ICMP_TYPE, UNREACH } from "../../wire/icmp.ts";
import { formatIpv4, IP_DF, IPPROTO, IPV4, IPV4_MIN_LEN, isMulticast } from "../../wire/ipv4.ts";
import { IFF, type LinkChange, type LinkInfo, type NlError, type NlResult, type TunnelInfo } from "../api.ts";
import { ecnDrops, encapsulatedTos, innerTos, innerTtl, scrub, tunnelXmit } from "../ip-tunnel.ts";
import { Neighbour } from "../neigh.ts";
import type { NetNamespace } from "../netns.ts";
import { type LowerEvent, NetDevice, PACKET, type UpperDevice } from "./device.ts";
import type { NewLink } from "./kinds.ts";
import { frameType } from "./tag.ts";

type Kind = "ipip" | "gre" | "gretap";
/** Flags of the GRE header's first word. */
const GRE = { CSUM: 0x8000, KEY: 0x2000, SEQ: 0x1000, VERSION: 7 } as const;
/** Transparent Ethernet bridging: what a GRETAP carries. */
const ETH_P_TEB = 0x6558;
const MIN_MTU = 68;

/** Tunnels of one namespace: struct ip_tunnel_net. */
class TunnelTable {
  readonly ns: NetNamespace;
  readonly tunnels: TunnelDevice[] = [];

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  static of(ns: NetNamespace): TunnelTable {
    let t = ns.generic.get("tunnels") as TunnelTable | undefined;
    if (t === undefined) {
      t = new TunnelTable(ns);
      ns.generic.set("tunnels", t);
    }
    return t;
  }

  /** The module of a kind is there from its first device on. */
  register(kind: Kind): void {
    const protocol = kind === "ipip" ? IPPROTO.IPIP : IPPROTO.GRE;
    if (this.ns.ip.protocols.has(protocol)) return;
    this.ns.ip.protocols.set(protocol, kind === "ipip" ? (skb, dev) => this.receiveIpip(skb, dev) : (skb, dev) => this.receiveGre(skb, dev));
  }

  /** ip_tunnel_lookup: both ends, then one, then a tunnel to anywhere. */
  private find(kinds: readonly Kind[], remote: number, local: number, key: number | undefined, dev: NetDevice): TunnelDevice | undefined {
    let best: TunnelDevice | undefined;
    let bestScore = -1;
    for (const t of this.tunnels) {
      const c = t.cfg;
      if (!t.isUp || !kinds.includes(t.kind) || c.ikey !== key || (c.link !== 0 && c.link !== dev.ifindex)) continue;
      if (c.remote !== 0 && c.remote !== remote) continue;
      if (c.local !== 0 && c.local !== local && !(isMulticast(local) && c.remote === local)) continue;
      const score = (c.remote !== 0 ? 4 : 0) + (c.local !== 0 ? 2 : 0) + (c.link !== 0 ? 1 : 0);
      if (score > bestScore) [best, bestScore] = [t, score];
    }
    return best;
  }

  private unreachable(skb: Skb, dev: NetDevice, what: string): void {
    this.ns.icmp.sendError(skb, dev, ICMP_TYPE.DEST_UNREACH, UNREACH.PORT, 0);
    this.ns.drop(skb, "tunnel", dev, "IP_NOPROTO", what);
  }

  /** tunnel4_rcv, ipip_rcv: `transport` is at the inner header. */
  private receiveIpip(skb: Skb, dev: NetDevice): void {
    const b = skb.bytes;
    const [src, dst] = [getU32(b, skb.network + IPV4.src), getU32(b, skb.network + IPV4.dst)];
    const t = this.find(["ipip"], src, dst, undefined, dev);
    if (t === undefined) return this.unreachable(skb, dev, `no tunnel from ${formatIpv4(src)}`);
    t.decapsulated(skb, skb.transport, dev);
  }

  /** gre_rcv, ipgre_rcv. */
  private receiveGre(skb: Skb, dev: NetDevice): void {
    const b = skb.bytes;
    const at = skb.transport;
    const flags = skb.tail - at >= 4 ? getU16(b, at) : GRE.VERSION;
    const length = 4 + ((flags & GRE.CSUM) !== 0 ? 4 : 0) + ((flags & GRE.KEY) !== 0 ? 4 : 0) + ((flags & GRE.SEQ) !== 0 ? 4 : 0);
    if ((flags & ~(GRE.CSUM | GRE.KEY | GRE.SEQ)) !== 0 || skb.tail - at < length) return this.ns.drop(skb, "tunnel", dev, "NOT_SPECIFIED", "GRE header");
    if ((flags & GRE.CSUM) !== 0 && finish(sumWords(b, at, skb.tail)) !== 0) return this.ns.drop(skb, "tunnel", dev, "NOT_SPECIFIED", "GRE checksum");
    let p = at + 4 + ((flags & GRE.CSUM) !== 0 ? 4 : 0);
    const key = (flags & GRE.KEY) !== 0 ? getU32(b, p) : undefined;
    if (key !== undefined) p += 4;
    const seq = (flags & GRE.SEQ) !== 0 ? getU32(b, p) : undefined;
    const [src, dst] = [getU32(b, skb.network + IPV4.src), getU32(b, skb.network + IPV4.dst)];
    const t = this.find(getU16(b, at + 2) === ETH_P_TEB ? ["gretap"] : ["gre"], src, dst, key, dev);
    if (t === undefined) return this.unreachable(skb, dev, `no tunnel from ${formatIpv4(src)}${key === undefined ? "" : ` with key ${key}`}`);
    if (!t.accepts((flags & GRE.CSUM) !== 0, seq)) return this.ns.drop(skb, "tunnel", t, "NOT_SPECIFIED", "sequence or checksum");
    t.decapsulated(skb, at + length, dev);
  }
}

export class TunnelDevice extends NetDevice implements UpperDevice {
  readonly kind: Kind;
  /** Where the outer packets live. */
  readonly outer: NetNamespace;
  readonly cfg: TunnelInfo;
  private oseqno = 0;
  private iseqno = 0;

  constructor(o: NewLink, kind: Kind, cfg: TunnelInfo) {
    super(o.ns, o.name, o.index(), kind === "gretap" ? (o.spec.lladdr ?? o.ns.kernel.randomMac()) : new Uint8Array(6));
    this.kind = kind;
    this.outer = o.linkNs;
    this.cfg = cfg;
    this.maxMtu = 0;
    if (kind !== "gretap") {
      this.headerLength = 0;
      this.minMtu = 0;
      this.flags = IFF.NOARP | (cfg.remote !== 0 && !isMulticast(cfg.remote) ? IFF.POINTOPOINT : 0);
    }
    this.mtu = this.bindMtu();
  }

  private get headerOctets(): number {
    const { cfg } = this;
    return this.kind === "ipip" ? 0 : 4 + (cfg.ocsum ? 4 : 0) + (cfg.okey !== undefined ? 4 : 0) + (cfg.oseq ? 4 : 0);
  }

  /** ip_tunnel_bind_dev: what the device towards the other end takes, less the headers. */
  private bindMtu(): number {
    const { cfg } = this;
    let base = 1500;
    const dev = cfg.link !== 0 ? this.outer.deviceByIndex(cfg.link) : undefined;
    if (dev !== undefined) base = dev.mtu;
    else if (cfg.remote !== 0) {
      const route = this.outer.routes.output({ dst: cfg.remote, src: this.outer.ownsAddress(cfg.local) ? cfg.local : 0 });
      if (route.ok && route.value.type === "unicast") base = route.value.dev.mtu;
    }
    return Math.max(Math.min(base, 65535) - IPV4_MIN_LEN - this.headerOctets - this.headerLength, MIN_MTU);
  }

  override onRegister(): void {
    const table = TunnelTable.of(this.outer);
    table.tunnels.push(this);
    table.register(this.kind);
    if (this.cfg.link !== 0) this.outer.deviceByIndex(this.cfg.link)?.addUpper(this);
  }

  override onDelete(): void {
    const { tunnels } = TunnelTable.of(this.outer);
    const at = tunnels.indexOf(this);
    if (at >= 0) tunnels.splice(at, 1);
    if (this.cfg.link !== 0) this.outer.deviceByIndex(this.cfg.link)?.removeUpper(this);
  }

  lowerEvent(_lower: NetDevice, event: LowerEvent): void {
    if (event === "unregister") this.ns.deleteDevice(this);
  }

  protected override updateOperstate(): void {
    this.operstate = this.isUp ? "UNKNOWN" : "DOWN";
  }

  override get link(): number {
    return this.cfg.link;
  }
  override get linkNetns(): NetNamespace | undefined {
    return this.cfg.link === 0 ? undefined : this.outer;
  }

  override mtuError(mtu: number): NlError | undefined {
    return mtu < MIN_MTU || mtu > 65535 - IPV4_MIN_LEN - this.headerOctets - this.headerLength ? { errno: "EINVAL" } : undefined;
  }

  // -- out ------------------------------------------------------------------------------------------------------------

  /** What is inside, and where its network header is. */
  private innerType(skb: Skb): number {
    if (this.kind === "gretap") return frameType(skb);
    return skb.bytes[skb.data]! >> 4 === 6 ? ETHERTYPE.IPV6 : ETHERTYPE.IPV4;
  }

  /** ip_tunnel_xmit. */
  protected transmit(skb: Skb): void {
    const { cfg, ns, outer } = this;
    const b = skb.bytes;
    const type = this.innerType(skb);
    const l3 = skb.data + this.headerLength;
    const length = skb.tail - l3;
    // Without a remote of its own the tunnel leads to the packet's next hop: Calico's tunl0.
    const dst = cfg.remote !== 0 ? cfg.remote : skb.cb instanceof Neighbour ? skb.cb.ip : type === ETHERTYPE.IPV4 ? getU32(b, l3 + IPV4.dst) : 0;
    skb.cb = undefined;
    const inner = innerTos(b, l3, type);
    const tos = cfg.tos === "inherit" ? inner : cfg.tos;
    const found = dst === 0 ? undefined : outer.routes.output({ dst, src: cfg.local, oif: cfg.link, tos: tos & 0x1c, mark: skb.mark });
    if (found === undefined || !found.ok || found.value.dev === this) {
      this.txErrors++;
      this.txCarrierErrors++;
      return ns.drop(skb, "tunnel", this, "IP_OUTNOROUTES", `no route to ${formatIpv4(dst)}`);
    }
    const route = found.value;
    const innerDf = type === ETHERTYPE.IPV4 && (b[l3 + 6]! & (IP_DF >> 8)) !== 0;
    const df = cfg.pmtudisc || (innerDf && !cfg.ignoreDf);
    const mtu = df ? outer.routes.mtuOf(route) - IPV4_MIN_LEN - this.headerOctets - this.headerLength : this.mtu;
    if (innerDf && length > mtu) {
      this.txErrors++;
      skb.network = l3;
      if (this.headerLength === 0) ns.icmp.sendError(skb, this, ICMP_TYPE.DEST_UNREACH, UNREACH.FRAG_NEEDED, mtu);
      return ns.drop(skb, "tunnel", this, "PKT_TOO_BIG", `mtu ${mtu} to ${formatIpv4(dst)}`);
    }
    const ttl = cfg.ttl !== 0 ? cfg.ttl : innerTtl(b, l3, type) || outer.sysctl.number("net.ipv4.ip_default_ttl");
    this.txPackets++;
    this.txBytes += length;
    if (ns.sim.trace.on) ns.report(skb, "tunnel", "pass", this, `${this.kind} ${formatIpv4(route.src)} > ${formatIpv4(dst)}`, "");
    if (this.kind !== "ipip") this.pushGre(skb, this.kind === "gretap" ? ETH_P_TEB : type);
    scrub(skb, ns !== outer);
    tunnelXmit(outer, skb, route, { dst, src: cfg.local || route.src, protocol: this.kind === "ipip" ? IPPROTO.IPIP : IPPROTO.GRE, tos: encapsulatedTos(tos, inner), ttl, df });
  }

  /** gre_build_header. */
  private pushGre(skb: Skb, protocol: number): void {
    const { cfg } = this;
    const at = skb.push(this.headerOctets);
    const b = skb.bytes;
    setU16(b, at, (cfg.ocsum ? GRE.CSUM : 0) | (cfg.okey !== undefined ? GRE.KEY : 0) | (cfg.oseq ? GRE.SEQ : 0));
    setU16(b, at + 2, protocol);
    let p = at + 4;
    if (cfg.ocsum) {
      setU32(b, p, 0);
      p += 4;
    }
    if (cfg.okey !== undefined) {
      setU32(b, p, cfg.okey);
      p += 4;
    }
    if (cfg.oseq) setU32(b, p, this.oseqno++);
    if (cfg.ocsum) setU16(b, at + 4, finish(sumWords(b, at, skb.tail)));
  }

  // -- in -------------------------------------------------------------------------------------------------------------

  /** ip_tunnel_rcv: a tunnel that wants checksums or numbers takes no packet without. */
  accepts(hasChecksum: boolean, seq: number | undefined): boolean {
    const fine = this.cfg.icsum === hasChecksum && (!this.cfg.iseq || (seq !== undefined && (this.iseqno === 0 || seq - this.iseqno >= 0)));
    if (!fine) this.rxErrors++;
    else if (this.cfg.iseq) this.iseqno = seq! + 1;
    return fine;
  }

  /** The inner packet begins at `at`. Takes ownership. */
  decapsulated(skb: Skb, at: number, dev: NetDevice): void {
    const { ns } = this;
    const tos = skb.bytes[skb.network + IPV4.tos]!;
    const from = getU32(skb.bytes, skb.network + IPV4.src);
    skb.data = at;
    const type = skb.tail - at >= this.headerLength + IPV4_MIN_LEN ? this.innerType(skb) : 0;
    if (ecnDrops(tos, innerTos(skb.bytes, at + this.headerLength, type))) {
      this.rxErrors++;
      return ns.drop(skb, "tunnel", this, "IP_TUNNEL_ECN");
    }
    scrub(skb, ns !== this.outer);
    skb.hops = 0;
    skb.mac = this.headerLength === 0 ? -1 : at;
    if (ns.sim.trace.on) ns.report(skb, "tunnel", "pass", this, `${this.kind} from ${formatIpv4(from)} by ${dev.name}`, "");
    this.receive(skb);
    this.rxBytes -= this.headerLength;
  }

  protected override classify(skb: Skb, bytes: Uint8Array, data: number): void {
    if (this.headerLength === ETH_LEN) return super.classify(skb, bytes, data);
    skb.mac = -1;
    skb.pktType = PACKET.HOST;
    skb.protocol = this.innerType(skb);
  }

  // -- netlink ----------------------------------------------------------------------------------------------------------

  override changeLink(c: LinkChange): NlResult {
    const v = c.attrs?.tunnel;
    if (v === undefined) return err({ errno: "EOPNOTSUPP" });
    const next = { ...this.cfg, ...v };
    if (TunnelTable.of(this.outer).tunnels.some((t) => t !== this && t.kind === this.kind && sameEnds(t.cfg, next))) return err({ errno: "EEXIST" });
    const pointToPoint = this.cfg.remote !== 0;
    if (this.headerLength === 0 && pointToPoint !== (next.remote !== 0)) return err({ errno: "EINVAL" });
    Object.assign(this.cfg, v);
    return ok();
  }

  override describe(info: LinkInfo): void {
    info.attrs = { tunnel: { ...this.cfg } };
    if (this.kind === "gretap") return;
    info.arpType = this.kind;
    info.lladdr = quad(this.cfg.local);
    info.broadcast = quad(this.cfg.remote);
  }
}

function quad(a: number): Uint8Array {
  return Uint8Array.of(a >>> 24, (a >>> 16) & 255, (a >>> 8) & 255, a & 255);
}

/** ip_tunnel_find: no two tunnels of a kind join the same ends. */
function sameEnds(a: TunnelInfo, b: TunnelInfo): boolean {
  return a.local === b.local && a.remote === b.remote && a.link === b.link && a.ikey === b.ikey;
}

const DEFAULTS: TunnelInfo = { local: 0, remote: 0, link: 0, ttl: 0, tos: 0, pmtudisc: true, ignoreDf: false, icsum: false, ocsum: false, iseq: false, oseq: false };

/** ip_tunnel_newlink. */
export function newTunnel(kind: Kind): (o: NewLink) => NlResult<NetDevice> {
  return (o) => {
    const cfg: TunnelInfo = { ...DEFAULTS, ...o.spec.attrs?.tunnel };
    if (cfg.ttl !== 0 && !cfg.pmtudisc) return err({ errno: "EINVAL" });
    if (TunnelTable.of(o.linkNs).tunnels.some((t) => t.kind === kind && sameEnds(t.cfg, cfg))) return err({ errno: "EEXIST" });
    return ok(new TunnelDevice(o, kind, cfg));
  };
}
