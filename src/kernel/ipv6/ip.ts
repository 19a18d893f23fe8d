/**
 * IPv6 in, through and out: RFC 8200; net/ipv6/ip6_input.c, ip6_output.c, exthdrs.c, reassembly.c.
 * Works on the packet's octets by offset; a forwarded packet allocates nothing.
 */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import { allocSkb, type Skb } from "../../sim/skb.ts";
import { SECOND } from "../../sim/time.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { formatIpv6, IPV6, IPV6_EXT, IPV6_LEN, NO_NEXT_HEADER } from "../../wire/ipv6.ts";
import type { Errno } from "../api.ts";
import type { Ipv6 } from "../api6.ts";
import { type NetDevice, PACKET } from "../netdev/device.ts";
import { hash6, isAny6, isLinkLocal6, isLoopback6, isMulticast6 } from "./address.ts";
import { PARAM6, UNREACH6 } from "./icmp.ts";
import type { Route6 } from "./routes.ts";
import { describeEntry6 } from "./fib.ts";
import type { Ipv6Stack } from "./stack.ts";

const ICMPV6 = 58;
const UDP = 17;
const FRAGMENT_LEN = 8;
const MAX_PAYLOAD = 0xffff;
/** The order of a softirq. */
const OWN_COPY_LEAD = 5_000;

/** What a sender may ask of one packet. */
export interface SendOptions6 {
  hoplimit?: number | undefined;
  tclass?: number;
  mark?: number;
  /** A label made from the flow, as sockets have (net.ipv6.auto_flowlabels). */
  autoLabel?: boolean;
  flowLabel?: number;
  /** What is too big for the path is refused instead of being cut (IPV6_PMTUDISC_DO, PROBE). */
  neverFragment?: boolean;
  ignorePathMtu?: boolean;
  multicastLoop?: boolean;
}

export class Ip6Counters {
  InReceives = 0; InHdrErrors = 0; InTooBigErrors = 0; InNoRoutes = 0; InAddrErrors = 0; InUnknownProtos = 0; InTruncatedPkts = 0; InDiscards = 0; InDelivers = 0; OutForwDatagrams = 0; OutRequests = 0;
  OutDiscards = 0; OutNoRoutes = 0; ReasmTimeout = 0; ReasmReqds = 0; ReasmOKs = 0; ReasmFails = 0; FragOKs = 0; FragFails = 0; FragCreates = 0; InMcastPkts = 0; OutMcastPkts = 0;
}

interface Reassembly {
  parts: { from: number; to: number; data: Uint8Array }[];
  total: number;
  first: Skb | undefined;
  nextHeader: number;
  timer: number;
}

export class Ip6Protocol {
  private readonly stack: Ipv6Stack;
  readonly counters = new Ip6Counters();
  private readonly reassemblies = new Map<string, Reassembly>();
  private readonly label: number;

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
    this.label = stack.ns.inode;
  }

  // -- in -----------------------------------------------------------------------------------------------------------

  /** ipv6_rcv: the header is at `data`. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const { stack, counters: c } = this;
    const { ns } = stack;
    if (skb.pktType === PACKET.OTHERHOST) return ns.drop(skb, "receive", dev, "OTHERHOST");
    c.InReceives++;
    const idev = dev.inet6;
    if (idev === undefined || idev.conf.disable_ipv6 !== 0) {
      c.InDiscards++;
      return ns.drop(skb, "receive", dev, "IPV6DISABLED");
    }
    const b = skb.bytes;
    const at = skb.data;
    const have = skb.tail - at;
    if (have < IPV6_LEN || b[at]! >> 4 !== 6) return this.headerError(skb, dev, "IP_INHDR");
    const length = getU16(b, at + IPV6.payloadLength) + IPV6_LEN;
    if (length > have) {
      c.InTruncatedPkts++;
      return ns.drop(skb, "receive", dev, "PKT_TOO_SMALL");
    }
    skb.tail = at + length;
    skb.network = at;
    skb.transport = at + IPV6_LEN;
    if ((dev.flags & 8) === 0 && (isLoopback6(b, at + IPV6.src) || isLoopback6(b, at + IPV6.dst))) return this.headerError(skb, dev, "IP_INVALID_SOURCE");
    if (isMulticast6(b, at + IPV6.src)) return this.headerError(skb, dev, "IP_INVALID_SOURCE");
    if (isMulticast6(b, at + IPV6.dst)) {
      if ((b[at + IPV6.dst + 1]! & 15) === 0 || ((b[at + IPV6.dst + 1]! & 15) === 1 && skb.mac >= 0 && (dev.flags & 8) === 0 && skb.pktType !== PACKET.BROADCAST)) return this.headerError(skb, dev, "IP_INVALID_DEST");
      c.InMcastPkts++;
      // Those who did not join do not listen: ip6_mc_input.
      if (!stack.mcast.isMember(dev, b, at + IPV6.dst)) return ns.drop(skb, "route", dev, "IP_INADDRERRORS", `${formatIpv6(b, at + IPV6.dst)} dev ${dev.name}`);
      return this.deliver(skb, dev);
    }
    if (b[at + IPV6.nextHeader] === IPV6_EXT.HOP_BY_HOP && !this.options(skb, dev, at + IPV6_LEN)) return;
    const verdict = stack.routes.input(b, at, dev, skb.mark);
    if (verdict === "forward") return this.forward(skb, dev);
    if (ns.sim.trace.on) ns.report(skb, "route", verdict === "local" ? "pass" : "drop", dev, stack.routes.describe(b, at + IPV6.dst), verdict === "local" ? "" : "IP_OUTNOROUTES", stack.routes.losers(b, at + IPV6.dst, stack.routes.entry));
    if (verdict === "local") return this.deliver(skb, dev);
    this.routeError(skb, dev);
  }

  private headerError(skb: Skb, dev: NetDevice, reason: string): void {
    this.counters.InHdrErrors++;
    this.stack.ns.drop(skb, "receive", dev, reason);
  }

  /** ip6_pkt_drop: an unreachable one is told of; a blackhole is silent. */
  private routeError(skb: Skb, dev: NetDevice): void {
    const { routes, icmp } = this.stack;
    this.counters.InNoRoutes++;
    if (routes.error !== "EINVAL") icmp.sendError(skb, dev, ICMPV6_TYPE.DEST_UNREACH, routes.error === "EACCES" ? UNREACH6.ADM_PROHIBITED : UNREACH6.NOROUTE, 0);
    skb.free();
  }

  /** ip6_parse_tlv: options that are not known say themselves what to do with the packet. @returns whether it goes on. */
  private options(skb: Skb, dev: NetDevice, at: number): boolean {
    const b = skb.bytes;
    const end = at + 2 <= skb.tail ? at + (b[at + 1]! + 1) * 8 : skb.tail + 1;
    if (end > skb.tail) {
      this.headerError(skb, dev, "IP_INHDR");
      return false;
    }
    for (let i = at + 2; i < end; ) {
      const type = b[i]!;
      if (type === 0) {
        i++;
        continue;
      }
      const length = i + 1 < end ? b[i + 1]! + 2 : end + 1;
      if (i + length > end) {
        this.headerError(skb, dev, "IP_INHDR");
        return false;
      }
      const action = type >> 6;
      if (type !== 1 && type !== 5 && type !== 0xc9 && action !== 0) {
        const tell = action === 2 || (action === 3 && !isMulticast6(b, skb.network + IPV6.dst));
        if (tell) this.stack.icmp.sendError(skb, dev, ICMPV6_TYPE.PARAMETER_PROBLEM, PARAM6.OPTION, i - skb.network);
        this.headerError(skb, dev, "IP_INHDR");
        return false;
      }
      i += length;
    }
    return true;
  }

  /** Walks over extension headers. `fragment`: not the first one, so that there is no transport header. */
  transportOf(b: Uint8Array, at: number, end: number): { protocol: number; at: number; fragment: boolean } | undefined {
    let protocol = b[at + IPV6.nextHeader]!;
    let i = at + IPV6_LEN;
    while (protocol === IPV6_EXT.HOP_BY_HOP || protocol === IPV6_EXT.ROUTING || protocol === IPV6_EXT.DEST_OPTS || protocol === IPV6_EXT.FRAGMENT) {
      if (i + 8 > end) return undefined;
      if (protocol === IPV6_EXT.FRAGMENT) {
        if ((getU16(b, i + 2) & 0xfff8) !== 0) return { protocol: b[i]!, at: i + FRAGMENT_LEN, fragment: true };
        protocol = b[i]!;
        i += FRAGMENT_LEN;
        continue;
      }
      protocol = b[i]!;
      i += (b[i + 1]! + 1) * 8;
    }
    return { protocol, at: i, fragment: false };
  }

  /** The device a packet came by; one of ours through lo belongs to the device that has the address. */
  inputDevice(skb: Skb, dev: NetDevice): NetDevice {
    if (dev !== this.stack.ns.loopback) return dev;
    return this.stack.addrconf.findOn(skb.bytes, skb.network + IPV6.dst, undefined)?.dev ?? dev;
  }

  /** ip6_protocol_deliver_rcu. */
  private deliver(skb: Skb, dev: NetDevice): void {
    const { stack } = this;
    const { ns } = stack;
    const b = skb.bytes;
    let next = b[skb.network + IPV6.nextHeader]!;
    let at = skb.network + IPV6_LEN;
    let nextAt = skb.network + IPV6.nextHeader;
    while (next === IPV6_EXT.HOP_BY_HOP || next === IPV6_EXT.DEST_OPTS || next === IPV6_EXT.ROUTING || next === IPV6_EXT.FRAGMENT) {
      if (at + 8 > skb.tail) return this.headerError(skb, dev, "IP_INHDR");
      if (next === IPV6_EXT.FRAGMENT) {
        skb.transport = at;
        const whole = this.reassemble(skb, dev, nextAt);
        if (whole !== undefined) this.deliver(whole, dev);
        return;
      }
      if (next === IPV6_EXT.ROUTING) {
        if (b[at + 3] !== 0) {
          stack.icmp.sendError(skb, dev, ICMPV6_TYPE.PARAMETER_PROBLEM, PARAM6.HEADER, at + 2 - skb.network);
          return this.headerError(skb, dev, "IP_INHDR");
        }
      } else if (!this.options(skb, dev, at)) return;
      nextAt = at;
      next = b[at]!;
      at += (b[at + 1]! + 1) * 8;
    }
    if (at > skb.tail) return this.headerError(skb, dev, "IP_INHDR");
    skb.transport = at;
    if (ns.sim.trace.on) ns.report(skb, "deliver", "pass", dev, `protocol ${next}`, "");
    const raw = stack.sockets.deliverRaw(skb, dev, next);
    this.counters.InDelivers++;
    const handler = stack.protocols.get(next);
    if (next === ICMPV6) stack.icmp.receive(skb, dev);
    else if (next === UDP) stack.udp.receive(skb, dev);
    else if (handler !== undefined) handler(skb, dev);
    else if (raw || next === NO_NEXT_HEADER) ns.consume(skb, "deliver", dev, `protocol ${next}`);
    else {
      this.counters.InUnknownProtos++;
      stack.icmp.sendError(skb, dev, ICMPV6_TYPE.PARAMETER_PROBLEM, PARAM6.NEXT_HEADER, nextAt - skb.network);
      ns.drop(skb, "deliver", dev, "IP_NOPROTO");
    }
  }

  // -- through ------------------------------------------------------------------------------------------------------

  /** ip6_forward. Where to is in `routes`. */
  private forward(skb: Skb, dev: NetDevice): void {
    const { stack, counters: c } = this;
    const { ns, routes, icmp } = stack;
    const { bytes: b, network: at } = skb;
    const entry = routes.entry!;
    const nh = routes.nh!;
    const out = nh.dev;
    if (ns.sim.trace.on) ns.report(skb, "route", "pass", dev, describeEntry6(entry, nh), "", routes.losers(b, at + IPV6.dst, entry));
    if (stack.confAll.forwarding === 0) {
      c.InAddrErrors++;
      return ns.drop(skb, "forward", dev, "IP_INADDRERRORS", "net.ipv6.conf.all.forwarding");
    }
    if (skb.pktType !== PACKET.HOST) return ns.drop(skb, "forward", dev, "NOT_SPECIFIED");
    if (b[at + IPV6.hopLimit]! <= 1) {
      c.InHdrErrors++;
      icmp.sendError(skb, dev, ICMPV6_TYPE.TIME_EXCEEDED, 0, 0);
      return ns.drop(skb, "forward", dev, "IP_INHDR", "hop limit 1");
    }
    if (out === dev) {
      const target = nh.via ?? b.slice(at + IPV6.dst, at + IPV6.dst + 16);
      stack.ndisc.sendRedirect(skb, dev, target);
    } else {
      const src = at + IPV6.src;
      if (isAny6(b, src) || isLoopback6(b, src)) {
        c.InAddrErrors++;
        return ns.drop(skb, "forward", dev, "IP_INVALID_SOURCE");
      }
      // A link-local source does not leave its link: RFC 4443 §3.1.
      if (isLinkLocal6(b, src)) {
        icmp.sendError(skb, dev, ICMPV6_TYPE.DEST_UNREACH, UNREACH6.NOT_NEIGHBOUR, 0);
        c.InAddrErrors++;
        return ns.drop(skb, "forward", dev, "IP_INVALID_SOURCE");
      }
    }
    const mtu = Math.max(entry.metrics.mtu ?? out.inet6?.conf.mtu ?? out.mtu, 1280);
    if (skb.tail - at > mtu) {
      // Nobody cuts a packet on its way: RFC 8200 §5.
      icmp.sendError(skb, dev, ICMPV6_TYPE.PACKET_TOO_BIG, 0, mtu);
      c.InTooBigErrors++;
      c.FragFails++;
      return ns.drop(skb, "forward", dev, "PKT_TOO_BIG", `mtu ${mtu} dev ${out.name}`);
    }
    if (skb.block.refs > 1) skb.unshare();
    skb.bytes[skb.network + IPV6.hopLimit]!--;
    c.OutForwDatagrams++;
    skb.mac = -1;
    skb.hops = 0;
    if (ns.sim.trace.on) ns.report(skb, "forward", "pass", out, `hop limit ${skb.bytes[skb.network + IPV6.hopLimit]}`, "");
    if (nh.via !== undefined) this.toNeighbour(skb, out, nh.via, 0);
    else this.toNeighbour(skb, out, skb.bytes, skb.network + IPV6.dst);
  }

  /** ip6_finish_output2. */
  private toNeighbour(skb: Skb, out: NetDevice, b: Uint8Array, at: number): void {
    const { ns, neigh } = this.stack;
    skb.dev = out;
    skb.data = skb.network;
    if (out.inet6 === undefined || out.inet6.conf.disable_ipv6 !== 0) {
      this.counters.OutDiscards++;
      return ns.drop(skb, "xmit", out, "IPV6DISABLED");
    }
    const n = neigh.get(out, b, at);
    if (n === undefined) {
      this.counters.OutDiscards++;
      return ns.drop(skb, "neigh", out, "NEIGH_CREATEFAIL", "neighbour table overflow");
    }
    n.output(skb);
  }

  /** ip6_link_failure: nobody answered for the next hop. Takes ownership. */
  linkFailure(skb: Skb, dev: NetDevice, entry: string): void {
    this.stack.icmp.sendError(skb, dev, ICMPV6_TYPE.DEST_UNREACH, UNREACH6.ADDR, 0);
    this.stack.ns.drop(skb, "neigh", dev, "NEIGH_FAILED", entry);
  }

  // -- out ----------------------------------------------------------------------------------------------------------

  private build(src: Ipv6, dst: Ipv6, nextHeader: number, payload: Uint8Array, hoplimit: number, tclass: number, label: number): Skb {
    const skb = allocSkb(IPV6_LEN + payload.length, this.stack.ns.sim.nextPacket());
    const b = skb.bytes;
    const at = skb.data;
    setU32(b, at, (0x60000000 | (tclass << 20) | label) >>> 0);
    setU16(b, at + IPV6.payloadLength, payload.length);
    b[at + IPV6.nextHeader] = nextHeader;
    b[at + IPV6.hopLimit] = hoplimit;
    b.set(src, at + IPV6.src);
    b.set(dst, at + IPV6.dst);
    b.set(payload, at + IPV6_LEN);
    skb.network = at;
    skb.transport = at + IPV6_LEN;
    skb.pktType = PACKET.HOST;
    return skb;
  }

  /** Neighbour discovery and MLD: by this device, whatever the routes say. */
  sendDirect(dev: NetDevice, src: Ipv6, dst: Ipv6, nextHeader: number, payload: Uint8Array, hoplimit: number): void {
    const skb = this.build(src, dst, nextHeader, payload, hoplimit, 0, 0);
    this.counters.OutRequests++;
    this.countMulticast(dst);
    if (this.stack.addrconf.owns(dst, 0)) return this.toNeighbour(skb, this.stack.ns.loopback, dst, 0);
    this.toNeighbour(skb, dev, dst, 0);
  }

  private countMulticast(dst: Ipv6): void {
    if (isMulticast6(dst)) this.counters.OutMcastPkts++;
  }

  /** The 20 bits that tell flows apart, RFC 6437. */
  private flowLabel(src: Ipv6, dst: Ipv6, nextHeader: number, payload: Uint8Array): number {
    if (this.stack.settings.autoFlowlabels === 0) return 0;
    let h = hash6(src, 0) ^ Math.imul(hash6(dst, 0), 0x9e3779b1) ^ Math.imul(nextHeader + this.label, 0x85ebca6b);
    if (nextHeader !== ICMPV6 && payload.length >= 4) h ^= Math.imul(getU32(payload, 0), 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 15), 0x27d4eb2f);
    return ((h ^ (h >>> 13)) >>> 0) % 0xfffff + 1;
  }

  /** ip6_append_data and ip6_output: a packet of ours along a route. */
  send(route: Route6, dst: Ipv6, nextHeader: number, payload: Uint8Array, o: SendOptions6): Errno | undefined {
    const { stack } = this;
    const { ns, routes } = stack;
    const mtu = o.ignorePathMtu === true ? route.dev.mtu : routes.mtuOf(route);
    if (payload.length > MAX_PAYLOAD || (o.neverFragment === true && payload.length + IPV6_LEN > mtu)) return "EMSGSIZE";
    const multicast = isMulticast6(dst);
    const hoplimit = o.hoplimit ?? (multicast ? 1 : routes.hopLimitOf(route));
    const label = o.flowLabel ?? (o.autoLabel === true ? this.flowLabel(route.src, dst, nextHeader, payload) : 0);
    this.counters.OutRequests++;
    this.countMulticast(dst);
    const skb = this.build(route.src, dst, nextHeader, payload, hoplimit, o.tclass ?? 0, label);
    skb.mark = o.mark ?? 0;
    if (ns.sim.trace.on) ns.report(skb, "route", "pass", route.dev, route.entry === undefined ? `${formatIpv6(dst)} dev ${route.dev.name}` : describeEntry6(route.entry), "", routes.losers(dst, 0, route.entry));
    if (multicast && (route.dev.flags & 8) === 0 && o.multicastLoop !== false && stack.mcast.isMember(route.dev, dst, 0)) {
      // We are the first of the group to hear it.
      this.loopBack(skb, route.dev);
      ns.sim.clock.after(OWN_COPY_LEAD, () => this.transmit(skb, route, mtu));
      return undefined;
    }
    this.transmit(skb, route, mtu);
    return undefined;
  }

  private transmit(skb: Skb, route: Route6, mtu: number): void {
    if (skb.tail - skb.network > mtu) this.fragment(skb, route.dev, route.nexthop, mtu);
    else this.toNeighbour(skb, route.dev, route.nexthop, 0);
  }

  /** A copy of a multicast packet for our own sockets. */
  private loopBack(skb: Skb, dev: NetDevice): void {
    const { ns } = this.stack;
    const copy = skb.clone(ns.sim.nextPacket());
    copy.unshare();
    copy.pktType = PACKET.MULTICAST;
    copy.dev = dev;
    ns.sim.clock.after(0, () => {
      copy.network = copy.data;
      copy.mac = -1;
      this.deliver(copy, dev);
    });
  }

  /** ip6_fragment: a fragment header each, data in multiples of eight octets. */
  private fragment(skb: Skb, out: NetDevice, nexthop: Ipv6, mtu: number): void {
    const { ns } = this.stack;
    const b = skb.bytes;
    const at = skb.network;
    const step = (Math.max(mtu, 1280) - IPV6_LEN - FRAGMENT_LEN) & ~7;
    const dataLength = skb.tail - at - IPV6_LEN;
    const id = this.stack.random.below(0xffffffff) + 1;
    for (let from = 0; from < dataLength; from += step) {
      const to = Math.min(from + step, dataLength);
      const f = allocSkb(IPV6_LEN + FRAGMENT_LEN + to - from, ns.sim.nextPacket());
      f.parent = skb.id;
      f.mark = skb.mark;
      f.network = f.data;
      f.transport = f.data + IPV6_LEN + FRAGMENT_LEN;
      const fb = f.bytes;
      const h = f.data;
      fb.set(b.subarray(at, at + IPV6_LEN), h);
      setU16(fb, h + IPV6.payloadLength, FRAGMENT_LEN + to - from);
      fb[h + IPV6.nextHeader] = IPV6_EXT.FRAGMENT;
      fb[h + IPV6_LEN] = b[at + IPV6.nextHeader]!;
      fb[h + IPV6_LEN + 1] = 0;
      setU16(fb, h + IPV6_LEN + 2, from | (to < dataLength ? 1 : 0));
      setU32(fb, h + IPV6_LEN + 4, id);
      fb.set(b.subarray(at + IPV6_LEN + from, at + IPV6_LEN + to), h + IPV6_LEN + FRAGMENT_LEN);
      this.counters.FragCreates++;
      if (ns.sim.trace.on) ns.report(f, "fragment", "clone", out, `mtu ${mtu} offset ${from}`, "");
      this.toNeighbour(f, out, nexthop, 0);
    }
    this.counters.FragOKs++;
    skb.free();
  }

  // -- reassembly ---------------------------------------------------------------------------------------------------

  /** The fragment header is at `transport`; `nextAt` is the octet that names it. Takes ownership. */
  private reassemble(skb: Skb, dev: NetDevice, nextAt: number): Skb | undefined {
    const { ns, icmp } = this.stack;
    const c = this.counters;
    const b = skb.bytes;
    const at = skb.transport;
    c.ReasmReqds++;
    const word = getU16(b, at + 2);
    const from = word & 0xfff8;
    const more = (word & 1) !== 0;
    const data = b.slice(at + FRAGMENT_LEN, skb.tail);
    const to = from + data.length;
    if ((more && data.length % 8 !== 0) || to > MAX_PAYLOAD) {
      c.InHdrErrors++;
      icmp.sendError(skb, dev, ICMPV6_TYPE.PARAMETER_PROBLEM, PARAM6.HEADER, more && data.length % 8 !== 0 ? IPV6.payloadLength : at + 2 - skb.network);
      ns.drop(skb, "reassemble", dev, "IP_INHDR");
      return undefined;
    }
    const key = `${formatIpv6(b, skb.network + IPV6.src)}>${formatIpv6(b, skb.network + IPV6.dst)}#${getU32(b, at + 4)}`;
    let r = this.reassemblies.get(key);
    if (r === undefined) {
      if (this.reassemblies.size >= 256) {
        c.ReasmFails++;
        ns.drop(skb, "reassemble", dev, "FRAG_REASM_TIMEOUT");
        return undefined;
      }
      r = { parts: [], total: -1, first: undefined, nextHeader: 0, timer: 0 };
      this.reassemblies.set(key, r);
      r.timer = ns.sim.clock.after(this.stack.settings.fragTime * SECOND, () => this.expired(key, dev));
    }
    if (!more) r.total = to;
    // RFC 5722: what overlaps ends the whole packet; an exact repetition is passed over.
    const overlap = r.parts.find((p) => p.from < to && from < p.to);
    if (overlap !== undefined) {
      if (overlap.from !== from || overlap.to !== to) {
        c.ReasmFails++;
        this.forget(key, r);
      }
      ns.drop(skb, "reassemble", dev, "DUP_FRAG");
      return undefined;
    }
    r.parts.push({ from, to, data });
    if (from === 0) {
      r.first = skb;
      r.nextHeader = b[at]!;
      // The header before it names what follows it.
      skb.cbN = nextAt - skb.network;
    } else ns.consume(skb, "reassemble", dev, `offset ${from}`);
    const have = r.parts.reduce((n, p) => n + p.data.length, 0);
    if (r.total < 0 || have < r.total || r.first === undefined) return undefined;
    return this.assemble(key, r, r.first);
  }

  private assemble(key: string, r: Reassembly, first: Skb): Skb {
    const { ns } = this.stack;
    const headers = first.transport - first.network;
    const whole = allocSkb(headers + r.total, ns.sim.nextPacket());
    whole.parent = first.id;
    whole.network = whole.data;
    whole.transport = whole.data + headers;
    whole.pktType = first.pktType;
    whole.dev = first.dev;
    whole.bytes.set(first.bytes.subarray(first.network, first.transport), whole.data);
    for (const p of r.parts) whole.bytes.set(p.data, whole.transport + p.from);
    setU16(whole.bytes, whole.network + IPV6.payloadLength, headers - IPV6_LEN + r.total);
    whole.bytes[whole.network + first.cbN] = r.nextHeader;
    this.counters.ReasmOKs++;
    if (ns.sim.trace.on) ns.report(whole, "reassemble", "pass", whole.dev as NetDevice, `${r.parts.length} fragments`, "");
    this.forget(key, r);
    return whole;
  }

  private forget(key: string, r: Reassembly): void {
    this.stack.ns.sim.clock.cancel(r.timer);
    r.first?.free();
    r.first = undefined;
    this.reassemblies.delete(key);
  }

  private expired(key: string, dev: NetDevice): void {
    const r = this.reassemblies.get(key);
    if (r === undefined) return;
    this.counters.ReasmTimeout++;
    this.counters.ReasmFails++;
    if (r.first !== undefined) this.stack.icmp.sendError(r.first, dev, ICMPV6_TYPE.TIME_EXCEEDED, 1, 0);
    this.forget(key, r);
  }
}
