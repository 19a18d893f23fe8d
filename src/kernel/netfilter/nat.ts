/**
 * Address translation over conntrack: net/netfilter/nf_nat_core.c, nf_nat_proto.c, nf_nat_masquerade.c, nf_nat_redirect.c.
 * A connection's answer tuple is changed when it begins; every packet after that follows from the two tuples.
 */
import { getU16, setU16, setU32 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { finish, sumWords, updated } from "../../wire/checksum.ts";
import { formatIpv4, IPPROTO, IPV4 } from "../../wire/ipv4.ts";
import { type Conn, CTINFO, directionOf, icmpAnswer, IPS, IPS_NAT_MASK, type Tuple, TupleKey } from "../conntrack/entry.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { type HookFn, NF, NF_PRI } from "./hooks.ts";

/** enum nf_nat_manip_type */
export const MANIP = { SRC: 0, DST: 1 } as const;

/** struct nf_nat_range2. Without `min` addresses stay; without `minPort` ports are kept where possible. */
export interface NatRange {
  min?: number;
  max?: number;
  minPort?: number;
  maxPort?: number;
  /** --random, --random-fully: never the port it has. */
  random?: boolean;
  persistent?: boolean;
  /** NETMAP: only the network part is replaced. */
  netmask?: number;
  /** With port ranges: shifted, first port of the original range (--to-destination a:x-y/base). */
  basePort?: number;
}

export function manipOf(hook: number): number {
  return hook === NF.POST_ROUTING || hook === NF.LOCAL_IN ? MANIP.SRC : MANIP.DST;
}

/** A hook at which connections are set up: a chain of type nat. @returns whether the packet goes on. */
export type NatChain = (skb: Skb, hook: number, indev: NetDevice | undefined, outdev: NetDevice | undefined) => boolean;

export class Nat {
  private readonly ns: NetNamespace;
  /** Chains of type nat, by hook, each with its priority. */
  private readonly chains: { priority: number; run: NatChain }[][] = [[], [], [], [], []];
  private users = 0;
  private readonly key = new TupleKey();

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** nf_nat_register_fn: the first chain brings the hooks of all four places. */
  add(hook: number, priority: number, run: NatChain): void {
    const list = this.chains[hook]!;
    let at = list.length;
    while (at > 0 && list[at - 1]!.priority > priority) at--;
    list.splice(at, 0, { priority, run });
    if (this.users++ > 0) return;
    const h = this.ns.hooks;
    h.pre.add(NF_PRI.NAT_DST, this.hook);
    h.post.add(NF_PRI.NAT_SRC, this.hook);
    h.output.add(NF_PRI.NAT_DST, this.hook);
    h.input.add(NF_PRI.NAT_SRC, this.hook);
  }

  remove(hook: number, run: NatChain): void {
    const list = this.chains[hook]!;
    const at = list.findIndex((c) => c.run === run);
    if (at < 0) return;
    list.splice(at, 1);
    if (--this.users > 0) return;
    const h = this.ns.hooks;
    for (const l of [h.pre, h.post, h.output, h.input]) l.remove(this.hook);
  }

  /** nf_nat_inet_fn with the wrappers of nf_nat_proto.c. */
  private readonly hook: HookFn = (skb, hook, indev, outdev) => {
    const ct = skb.nfct as Conn | undefined;
    if (ct === undefined) return true;
    const info = skb.nfctinfo;
    const manip = manipOf(hook);
    const related = info === CTINFO.RELATED || info === CTINFO.RELATED + CTINFO.IS_REPLY;
    if (related && skb.bytes[skb.network + IPV4.protocol] === IPPROTO.ICMP) return this.translateError(ct, info, skb, hook, indev ?? outdev);
    if (info === CTINFO.NEW) {
      const done = manip === MANIP.SRC ? IPS.SRC_NAT_DONE : IPS.DST_NAT_DONE;
      if ((ct.status & done) === 0) {
        const list = this.chains[hook]!;
        for (let i = 0; i < list.length; i++) {
          if (!list[i]!.run(skb, hook, indev, outdev)) return false;
          if ((ct.status & done) !== 0) break;
        }
        if ((ct.status & done) === 0 && !this.nullBinding(ct, manip)) {
          this.ns.drop(skb, "nat", indev ?? outdev, "NETFILTER_DROP", "no free port");
          return false;
        }
      }
    }
    this.translate(ct, info, skb, hook, indev ?? outdev);
    return true;
  };

  /** nf_nat_packet. */
  private translate(ct: Conn, info: number, skb: Skb, hook: number, dev: NetDevice | undefined): void {
    const manip = manipOf(hook);
    let bit = manip === MANIP.SRC ? IPS.SRC_NAT : IPS.DST_NAT;
    const dir = directionOf(info);
    if (dir === 1) bit ^= IPS_NAT_MASK;
    if ((ct.status & bit) === 0) return;
    const other = dir === 0 ? ct.reply : ct.original;
    // The packet shall look like the other direction turned round.
    const traced = this.ns.sim.trace.on ? endsOf(skb) : "";
    skb.unshare();
    const changed = manip === MANIP.SRC ? rewrite(skb, skb.network, skb.tail, MANIP.SRC, other.dst, sourcePort(other), ct.protocol) : rewrite(skb, skb.network, skb.tail, MANIP.DST, other.src, targetPort(other), ct.protocol);
    if (changed && hook === NF.LOCAL_OUT) this.ns.hooks.reroute = true;
    if (changed && this.ns.sim.trace.on) this.ns.report(skb, "nat", "pass", dev, `${manip === MANIP.SRC ? "source" : "destination"} ${traced} becomes ${endsOf(skb)}`, "");
  }

  // -- setting up ---------------------------------------------------------------------------------------------------

  private nullBinding(ct: Conn, manip: number): boolean {
    return this.setup(ct, manip === MANIP.SRC ? { min: ct.reply.dst, max: ct.reply.dst } : { min: ct.reply.src, max: ct.reply.src }, manip);
  }

  /** nf_nat_setup_info. @returns false when no tuple is free. */
  setup(ct: Conn, range: NatRange, manip: number): boolean {
    const done = manip === MANIP.SRC ? IPS.SRC_NAT_DONE : IPS.DST_NAT_DONE;
    if ((ct.status & done) !== 0 || ct.confirmed) return false;
    // What the packet looks like now: the answers, turned round.
    const now = this.now(ct);
    const before = { src: now.src, dst: now.dst, sport: now.sport, dport: now.dport };
    if (!this.unique(ct, now, range, manip)) return false;
    if (now.src !== before.src || now.dst !== before.dst || now.sport !== before.sport || now.dport !== before.dport) {
      const r = ct.reply;
      r.src = now.dst;
      r.dst = now.src;
      if (ct.protocol === IPPROTO.ICMP) {
        r.sport = now.sport;
        r.dport = (icmpAnswer(now.dport >> 8) << 8) | (now.dport & 255);
      } else {
        r.sport = now.dport;
        r.dport = now.sport;
      }
      ct.status |= manip === MANIP.SRC ? IPS.SRC_NAT : IPS.DST_NAT;
    }
    ct.status |= done;
    return true;
  }

  private now(ct: Conn): TupleKey {
    const r = ct.reply;
    const k = this.key;
    if (ct.protocol === IPPROTO.ICMP) k.set(r.dst, r.src, r.sport, (icmpAnswer(r.dport >> 8) << 8) | (r.dport & 255), ct.protocol);
    else k.set(r.dst, r.src, r.dport, r.sport, ct.protocol);
    return k;
  }

  private readonly answer = new TupleKey();
  /** nf_nat_used_tuple: whether the answers to `k` are somebody else's. */
  private used(k: TupleKey, ct: Conn): boolean {
    const a = this.answer;
    if (k.protocol === IPPROTO.ICMP) a.set(k.dst, k.src, k.sport, (icmpAnswer(k.dport >> 8) << 8) | (k.dport & 255), k.protocol);
    else a.set(k.dst, k.src, k.dport, k.sport, k.protocol);
    return this.ns.conntrack.taken(a, ct);
  }

  /** get_unique_tuple. */
  private unique(ct: Conn, k: TupleKey, range: NatRange, manip: number): boolean {
    if (manip === MANIP.SRC && range.random !== true) {
      if (this.sourceInRange(k, range)) {
        if (!this.used(k, ct)) return true;
      } else {
        // The same source gets what it had towards others, if there is such a thing.
        const kept = { src: k.src, sport: k.sport };
        if (this.sameSource(ct, k, range) && !this.used(k, ct)) return true;
        k.src = kept.src;
        k.sport = kept.sport;
      }
    }
    this.bestAddress(k, range, manip);
    if (range.random !== true) {
      if (range.minPort !== undefined) {
        if (range.basePort === undefined && portInRange(k, manip, range) && (range.minPort === range.maxPort || !this.used(k, ct))) return true;
      } else if (!this.used(k, ct)) return true;
    }
    return this.uniquePort(ct, k, range, manip);
  }

  private sourceInRange(k: TupleKey, range: NatRange): boolean {
    if (range.min !== undefined && range.netmask === undefined && !between(k.src, range.min, range.max!)) return false;
    return range.minPort === undefined || portInRange(k, MANIP.SRC, range);
  }

  /** find_appropriate_src. */
  private sameSource(ct: Conn, k: TupleKey, range: NatRange): boolean {
    const o = ct.original;
    const t = this.ns.conntrack.sourceMate(o, ct);
    if (t === undefined) return false;
    k.src = t.reply.dst;
    if (ct.protocol === IPPROTO.ICMP) k.sport = t.reply.sport;
    else k.sport = t.reply.dport;
    return this.sourceInRange(k, range);
  }

  /** find_best_ips_proto: spread over the range by source and destination. */
  private bestAddress(k: TupleKey, range: NatRange, manip: number): void {
    if (range.min === undefined) return;
    let address = range.min;
    if (range.netmask !== undefined) {
      const old = manip === MANIP.SRC ? k.src : k.dst;
      address = (old & ~range.netmask) | (range.min & range.netmask);
    } else if (range.min !== range.max) {
      const low = range.min >>> 0;
      const span = (range.max! >>> 0) - low + 1;
      const j = jhash2(k.src, range.persistent === true ? 0 : k.dst);
      address = (low + Math.floor((j / 0x1_0000_0000) * span)) | 0;
    }
    if (manip === MANIP.SRC) k.src = address | 0;
    else k.dst = address | 0;
  }

  /** nf_nat_l4proto_unique_tuple. */
  private uniquePort(ct: Conn, k: TupleKey, range: NatRange, manip: number): boolean {
    const protocol = k.protocol;
    const onPort = protocol === IPPROTO.TCP || protocol === IPPROTO.UDP || protocol === 33 || protocol === 132 || protocol === 136;
    if (!onPort && protocol !== IPPROTO.ICMP) return true;
    const icmp = protocol === IPPROTO.ICMP;
    let min: number;
    let size: number;
    if (range.minPort !== undefined) {
      min = range.minPort;
      size = range.maxPort! - min + 1;
    } else if (icmp) {
      min = 0;
      size = 65536;
    } else {
      if (manip === MANIP.DST) return true; // a destination port is never changed unasked
      const port = k.sport;
      if (port < 512) [min, size] = [1, 511];
      else if (port < 1024) [min, size] = [600, 424];
      else [min, size] = [1024, 64512];
    }
    const asSource = icmp || manip === MANIP.SRC;
    const random = this.ns.random;
    let off = range.basePort !== undefined ? (asSource ? k.sport : k.dport) - range.basePort : random.below(65536);
    let attempts = size > 128 ? 128 : size;
    for (;;) {
      for (let i = 0; i < attempts; i++, off++) {
        const port = min + (((off % size) + size) % size);
        if (asSource) k.sport = port;
        else k.dport = port;
        if (!this.used(k, ct)) return true;
      }
      if (attempts >= size || attempts < 16) return true; // Linux goes on with the last: the clash shows when it is confirmed
      attempts = attempts >> 1;
      off = random.below(65536);
    }
  }

  // -- errors -------------------------------------------------------------------------------------------------------

  /** nf_nat_icmp_reply_translation: the quoted packet is turned back to what its sender sent. */
  private translateError(ct: Conn, info: number, skb: Skb, hook: number, dev: NetDevice | undefined): boolean {
    const manip = manipOf(hook);
    const dir = directionOf(info);
    let bit = manip === MANIP.SRC ? IPS.SRC_NAT : IPS.DST_NAT;
    if (dir === 1) bit ^= IPS_NAT_MASK;
    if (skb.bytes[skb.transport] === 5 && (ct.status & IPS_NAT_MASK) !== 0) {
      this.ns.drop(skb, "nat", dev, "NETFILTER_DROP", "a redirect about a translated connection");
      return false;
    }
    if ((ct.status & bit) === 0) return true;
    const other = dir === 0 ? ct.reply : ct.original;
    skb.unshare();
    const b = skb.bytes;
    const inner = skb.transport + 8;
    const traced = this.ns.sim.trace.on ? endsOf(skb) : "";
    // Inside, what was the source is the destination: the opposite manipulation, with the other direction's own ends.
    if (manip === MANIP.SRC) rewrite(skb, inner, skb.tail, MANIP.DST, other.dst, ct.protocol === IPPROTO.ICMP ? other.sport : other.dport, ct.protocol);
    else rewrite(skb, inner, skb.tail, MANIP.SRC, other.src, other.sport, ct.protocol);
    setU16(b, skb.transport + 2, 0);
    setU16(b, skb.transport + 2, finish(sumWords(b, skb.transport, skb.tail)));
    const address = manip === MANIP.SRC ? other.dst : other.src;
    // The outer header: addresses only, an error has no ports.
    rewriteAddress(b, skb.network, manip, address);
    if (hook === NF.LOCAL_OUT && manip === MANIP.DST) this.ns.hooks.reroute = true;
    if (this.ns.sim.trace.on) this.ns.report(skb, "nat", "pass", dev, `error ${traced} becomes ${endsOf(skb)}, the quoted packet with it`, "");
    return true;
  }
}

function between(a: number, min: number, max: number): boolean {
  const v = a >>> 0;
  return v >= min >>> 0 && v <= max >>> 0;
}

function portInRange(k: TupleKey, manip: number, range: NatRange): boolean {
  const port = manip === MANIP.SRC || k.protocol === IPPROTO.ICMP ? k.sport : k.dport;
  return port >= range.minPort! && port <= range.maxPort!;
}

/** Source port (or ICMP id) of packets that `other` answers. */
function sourcePort(other: Tuple): number {
  return other.ct.protocol === IPPROTO.ICMP ? other.sport : other.dport;
}
function targetPort(other: Tuple): number {
  return other.sport;
}

/** nf_nat_ipv4_manip_pkt and nf_nat_l4proto's: one end of a packet, with the checksums that cover it. @returns whether anything changed. */
function rewrite(skb: Skb, network: number, end: number, manip: number, address: number, port: number, protocol: number): boolean {
  const b = skb.bytes;
  const addressAt = network + (manip === MANIP.SRC ? IPV4.src : IPV4.dst);
  const old = ((b[addressAt]! << 24) | (b[addressAt + 1]! << 16) | (b[addressAt + 2]! << 8) | b[addressAt + 3]!) | 0;
  const transport = network + (b[network]! & 15) * 4;
  const fragmented = ((b[network + 6]! & 0x1f) | b[network + 7]!) !== 0;
  let portAt = -1;
  let sumAt = -1;
  if (!fragmented) {
    if (protocol === IPPROTO.TCP || protocol === IPPROTO.UDP) {
      portAt = transport + (manip === MANIP.SRC ? 0 : 2);
      sumAt = protocol === IPPROTO.TCP ? transport + 16 : transport + 6;
    } else if (protocol === IPPROTO.ICMP) {
      portAt = transport + 4;
      sumAt = transport + 2;
    } else if (protocol === 132 || protocol === 33 || protocol === 136) portAt = transport + (manip === MANIP.SRC ? 0 : 2);
  }
  if (portAt >= 0 && portAt + 2 > end) portAt = -1;
  if (sumAt >= 0 && sumAt + 2 > end) sumAt = -1; // a quoted packet may end before
  let oldPort = portAt >= 0 ? getU16(b, portAt) : 0;
  if (portAt < 0) oldPort = port;
  if (old === address && oldPort === port) return false;
  rewriteAddress(b, network, manip, address);
  if (portAt >= 0 && oldPort !== port) setU16(b, portAt, port);
  if (sumAt < 0) return true;
  let sum = getU16(b, sumAt);
  if (protocol === IPPROTO.UDP && sum === 0) return true;
  if (protocol !== IPPROTO.ICMP) {
    sum = updated(sum, old >>> 16, address >>> 16);
    sum = updated(sum, old & 0xffff, address & 0xffff);
  }
  if (portAt >= 0) sum = updated(sum, oldPort, port);
  if (protocol === IPPROTO.UDP && sum === 0) sum = 0xffff;
  setU16(b, sumAt, sum);
  return true;
}

function rewriteAddress(b: Uint8Array, network: number, manip: number, address: number): void {
  const at = network + (manip === MANIP.SRC ? IPV4.src : IPV4.dst);
  let sum = getU16(b, network + IPV4.checksum);
  sum = updated(sum, getU16(b, at), address >>> 16);
  sum = updated(sum, getU16(b, at + 2), address & 0xffff);
  setU16(b, network + IPV4.checksum, sum);
  setU32(b, at, address);
}

function endsOf(skb: Skb): string {
  const b = skb.bytes;
  const at = skb.network;
  const protocol = b[at + IPV4.protocol];
  const ports = protocol === IPPROTO.TCP || protocol === IPPROTO.UDP;
  const ip = (o: number): string => formatIpv4(((b[at + o]! << 24) | (b[at + o + 1]! << 16) | (b[at + o + 2]! << 8) | b[at + o + 3]!) >>> 0);
  const port = (o: number): string => (ports ? `:${getU16(b, skb.transport + o)}` : "");
  return `${ip(12)}${port(0)} > ${ip(16)}${port(2)}`;
}

/** Bob Jenkins' hash of one word, as the kernel's jhash2 (lookup3). */
function jhash2(word: number, initval: number): number {
  let a = (0xdeadbeef + 4 + initval) | 0;
  let b = a;
  let c = a;
  const rol = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  a = (a + word) | 0;
  c = ((c ^ b) - rol(b, 14)) | 0;
  a = ((a ^ c) - rol(c, 11)) | 0;
  b = ((b ^ a) - rol(a, 25)) | 0;
  c = ((c ^ b) - rol(b, 16)) | 0;
  a = ((a ^ c) - rol(c, 4)) | 0;
  b = ((b ^ a) - rol(a, 14)) | 0;
  c = ((c ^ b) - rol(b, 24)) | 0;
  return c >>> 0;
}
