/**
 * IPv4 in, through and out: net/ipv4/ip_input.c, ip_forward.c, ip_output.c, ip_fragment.c, ip_options.c.
 * Works on the packet's octets by offset; a forwarded packet allocates nothing.
 */
import { getU32, setU16, setU32 } from "../base/bytes.ts";
import { allocSkb, type Skb } from "../sim/skb.ts";
import { SECOND } from "../sim/time.ts";
import { finish, sumWords } from "../wire/checksum.ts";
import { ICMP_TYPE, TIME_EXCEEDED, UNREACH } from "../wire/icmp.ts";
import { formatIpv4, IP_DF, IP_MF, IP_OFFSET_MASK, IPOPT, IPPROTO, IPV4, IPV4_MIN_LEN } from "../wire/ipv4.ts";
import type { Errno, Ipv4 } from "./api.ts";
import { describeEntry } from "./fib.ts";
import { NF } from "./netfilter/hooks.ts";
import { type NetDevice, PACKET } from "./netdev/device.ts";
import type { NetNamespace } from "./netns.ts";
import type { Route } from "./route.ts";
import type { SegmentOut } from "./tcp/family.ts";

/** What a sender may ask of one packet. */
export interface SendOptions {
  protocol: number;
  ttl: number;
  tos: number;
  /** Whether DF is set while the packet fits the path, and whether the packet may be fragmented here. */
  df: "unset" | "set" | "never-fragment";
  /** Known path MTUs are ignored (IP_PMTUDISC_PROBE, and INTERFACE). */
  ignorePathMtu?: boolean;
  options?: Uint8Array;
  /** Identification; undefined: from the generator. */
  id?: number;
  mark?: number;
  /** It answers this packet, and belongs to that one's connection (nf_ct_attach). */
  attach?: Skb;
}

interface Reassembly {
  parts: { from: number; to: number; data: Uint8Array }[];
  /** Octets in all, known when the last fragment is here. */
  total: number;
  first: Skb | undefined;
  timer: number;
}

export class IpCounters {
  InReceives = 0; InHdrErrors = 0; InAddrErrors = 0; ForwDatagrams = 0; InUnknownProtos = 0; InDiscards = 0; InDelivers = 0; OutRequests = 0; OutDiscards = 0; OutNoRoutes = 0;
  ReasmTimeout = 0; ReasmReqds = 0; ReasmOKs = 0; ReasmFails = 0; FragOKs = 0; FragFails = 0; FragCreates = 0;
}

export class IpProtocol {
  private readonly ns: NetNamespace;
  readonly counters = new IpCounters();
  /** Protocols that come and go with devices: tunnels. Each takes ownership; `transport` is at its header. */
  readonly protocols = new Map<number, (skb: Skb, dev: NetDevice) => void>();
  private readonly reassemblies = new Map<string, Reassembly>();
  private ids: Map<number, number> = new Map();

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  // -- in -----------------------------------------------------------------------------------------------------------

  /** ip_rcv: the packet's IP header is at `data`. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    const c = this.counters;
    if (skb.pktType === PACKET.OTHERHOST) return ns.drop(skb, "receive", dev, "OTHERHOST");
    c.InReceives++;
    if (dev.inet === undefined) return ns.drop(skb, "receive", dev, "NOT_SPECIFIED");
    const b = skb.bytes;
    const at = skb.data;
    const have = skb.tail - at;
    const headerLength = have >= IPV4_MIN_LEN ? (b[at]! & 15) * 4 : 0;
    if (headerLength < IPV4_MIN_LEN || b[at]! >> 4 !== 4 || have < headerLength) return this.headerError(skb, dev, "IP_INHDR");
    if (finish(sumWords(b, at, at + headerLength)) !== 0) return this.headerError(skb, dev, "IP_CSUM");
    const totalLength = (b[at + 2]! << 8) | b[at + 3]!;
    if (totalLength > have || totalLength < headerLength) return this.headerError(skb, dev, totalLength > have ? "PKT_TOO_SMALL" : "IP_INHDR");
    skb.tail = at + totalLength; // the rest is padding of the link layer
    skb.network = at;
    skb.transport = at + headerLength;
    if (headerLength > IPV4_MIN_LEN && !this.receiveOptions(skb, dev, headerLength)) return this.headerError(skb, dev, "IP_INHDR");

    if (ns.hooks.pre.length !== 0 && !(skb.cb !== undefined && ns.bridgeNf.sawPrerouting(skb)) && !ns.hooks.pre.run(skb, NF.PRE_ROUTING, dev, undefined)) return;
    this.receiveFinish(skb, dev);
  }

  /** ip_rcv_finish: also where a bridge hands back what netfilter has seen there. */
  receiveFinish(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    if (dev.master !== undefined && dev.master.l3Table !== 0) {
      dev.master.receivedBy(skb); // l3mdev_ip_rcv
      return this.receiveFinish(skb, dev.master);
    }
    const c = this.counters;
    const b = skb.bytes;
    const at = skb.network;
    const headerLength = skb.transport - at;
    const dst = getU32(b, at + IPV4.dst);
    const src = getU32(b, at + IPV4.src);
    const verdict = ns.routes.input(dst, src, b[at + 1]!, dev, skb.mark);
    switch (verdict) {
      case "forward":
        return this.forward(skb, dev, dst);
      case "local":
      case "broadcast":
        if (ns.sim.trace.on) ns.report(skb, "route", "pass", dev, ns.routes.describe(dst), "", ns.fib.losers(dst, ns.routes.entry));
        if (headerLength > IPV4_MIN_LEN && verdict === "local") {
          skb.unshare();
          if (this.record(skb, dst, ns.sim.clock.now)) this.sealHeader(skb);
        }
        return this.deliver(skb, dev);
      case "drop":
        c.InAddrErrors++;
        return ns.drop(skb, ns.routes.reason === "IP_RPFILTER" ? "rp_filter" : "route", dev, ns.routes.reason, ns.routes.describe(dst));
      case "error":
        return this.routeError(skb, dev, src, dst);
    }
  }

  private headerError(skb: Skb, dev: NetDevice, reason: string): void {
    this.counters.InHdrErrors++;
    this.ns.drop(skb, "receive", dev, reason);
  }

  /** ip_error: there is no way for this packet; a router says so, a host does not. */
  private routeError(skb: Skb, dev: NetDevice, src: Ipv4, dst: Ipv4): void {
    const ns = this.ns;
    const why = ns.routes.error;
    if (ns.sim.trace.on) ns.report(skb, "route", "drop", dev, ns.routes.describe(dst), ns.routes.reason, ns.fib.losers(dst, undefined));
    if (!ns.forwarding(dev.inet!)) {
      if (why === "EHOSTUNREACH") this.counters.InAddrErrors++;
      skb.free();
      return;
    }
    if (why === "ENETUNREACH") this.counters.OutNoRoutes++;
    const code = why === "EHOSTUNREACH" ? UNREACH.HOST : why === "EACCES" ? UNREACH.PKT_FILTERED : UNREACH.NET;
    if (ns.icmp.allowError(src, dev)) ns.icmp.sendError(skb, dev, ICMP_TYPE.DEST_UNREACH, code, 0);
    skb.free();
  }

  /** ip_local_deliver. */
  private deliver(skb: Skb, dev: NetDevice): void {
    const b = skb.bytes;
    const fragment = (b[skb.network + 6]! << 8) | b[skb.network + 7]!;
    if ((fragment & (IP_MF | IP_OFFSET_MASK)) !== 0) {
      const whole = this.reassemble(skb, dev, fragment, "");
      if (whole === undefined) return;
      return this.deliverInput(whole, dev);
    }
    this.deliverInput(skb, dev);
  }

  private deliverInput(skb: Skb, dev: NetDevice): void {
    const hooks = this.ns.hooks;
    if (hooks.input.length !== 0 && !hooks.input.run(skb, NF.LOCAL_IN, dev, undefined)) return;
    this.deliverWhole(skb, dev);
  }

  private deliverWhole(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    const protocol = skb.bytes[skb.network + IPV4.protocol]!;
    if (ns.sim.trace.on) ns.report(skb, "deliver", "pass", dev, `protocol ${protocol}`, "");
    const raw = ns.sockets.deliverRaw(skb, dev, protocol);
    this.counters.InDelivers++;
    switch (protocol) {
      case IPPROTO.ICMP:
        return ns.icmp.receive(skb, dev);
      case IPPROTO.UDP:
        return ns.udp_.receive(skb, dev);
      case IPPROTO.TCP:
        return ns.tcp_.receive(skb, dev);
      default:
        if (this.protocols.size !== 0) {
          const tunnel = this.protocols.get(protocol);
          if (tunnel !== undefined) return tunnel(skb, dev);
        }
        if (raw) return ns.consume(skb, "deliver", dev, `protocol ${protocol}`);
        this.counters.InUnknownProtos++;
        ns.icmp.sendError(skb, dev, ICMP_TYPE.DEST_UNREACH, UNREACH.PROTOCOL, 0);
        ns.drop(skb, "deliver", dev, "IP_NOPROTO");
    }
  }

  // -- through ------------------------------------------------------------------------------------------------------

  /** ip_forward. Where to is in `ns.routes`. */
  private forward(skb: Skb, dev: NetDevice, dst: Ipv4): void {
    const ns = this.ns;
    const routes = ns.routes;
    const out = routes.outDev!;
    const nexthop = routes.nexthop;
    if (ns.sim.trace.on) ns.report(skb, "route", "pass", dev, routes.describe(dst), "", ns.fib.losers(dst, routes.entry));
    if (skb.pktType !== PACKET.HOST) return ns.drop(skb, "forward", dev, "NOT_SPECIFIED");
    const at = skb.network;
    if (skb.bytes[at + IPV4.ttl]! <= 1) {
      this.counters.InHdrErrors++;
      ns.icmp.sendError(skb, dev, ICMP_TYPE.TIME_EXCEEDED, TIME_EXCEEDED.TTL, 0);
      return ns.drop(skb, "forward", dev, "IP_INHDR", "ttl 1");
    }
    const length = skb.tail - at;
    const mtu = routes.mtu;
    const df = (skb.bytes[at + 6]! & (IP_DF >> 8)) !== 0;
    if (length > mtu && df) {
      this.counters.FragFails++;
      ns.icmp.sendError(skb, dev, ICMP_TYPE.DEST_UNREACH, UNREACH.FRAG_NEEDED, mtu);
      return ns.drop(skb, "forward", dev, "PKT_TOO_BIG", `mtu ${mtu} dev ${out.name}`);
    }
    if (routes.doRedirect && skb.bytes[at]! === 0x45) ns.icmp.sendRedirect(skb, dev, nexthop);
    if (skb.block.refs > 1) skb.unshare();
    const b = skb.bytes;
    const h = skb.network;
    // The TTL is the high octet of its word: RFC 1141's shortcut for minus one.
    const sum = ((b[h + 10]! << 8) | b[h + 11]!) + 0x100;
    const folded = sum > 0xffff ? (sum & 0xffff) + 1 : sum === 0xffff ? 0xffff : sum;
    b[h + 10] = folded >> 8;
    b[h + 11] = folded;
    b[h + 8] = b[h + 8]! - 1;
    this.counters.ForwDatagrams++;
    if (b[h]! !== 0x45) this.forwardOptions(skb, out);
    skb.mac = -1;
    skb.hops = 0;
    if (ns.sim.trace.on) ns.report(skb, "forward", "pass", out, `ttl ${b[h + 8]}`, "");
    const hooks = ns.hooks;
    if (hooks.forward.length !== 0 && !hooks.forward.run(skb, NF.FORWARD, dev, out)) return;
    if (hooks.post.length !== 0) {
      skb.dev = out;
      if (!hooks.post.run(skb, NF.POST_ROUTING, undefined, out)) return;
    }
    if (skb.tail - skb.network > mtu) return this.fragment(skb, out, nexthop, mtu);
    this.toNeighbour(skb, out, nexthop);
  }

  /** ip_finish_output2. */
  toNeighbour(skb: Skb, out: NetDevice, nexthop: Ipv4): void {
    skb.dev = out;
    const n = this.ns.neigh.get(out, nexthop);
    if (n === undefined) {
      this.counters.OutDiscards++;
      return this.ns.drop(skb, "neigh", out, "NEIGH_CREATEFAIL", "neighbour table overflow");
    }
    n.output(skb);
  }

  /** ipv4_link_failure: nobody at the next hop answered. */
  linkFailure(skb: Skb, dev: NetDevice, entry: string): void {
    this.ns.icmp.sendError(skb, dev, ICMP_TYPE.DEST_UNREACH, UNREACH.HOST, 0);
    this.ns.drop(skb, "neigh", dev, "NEIGH_FAILED", entry);
  }

  // -- out ----------------------------------------------------------------------------------------------------------

  /** Identification: a counter a destination, started at random; packets that may not be fragmented carry 0. */
  nextId(dst: Ipv4, src: Ipv4, protocol: number): number {
    const key = (Math.imul(dst, 31) ^ Math.imul(src, 17) ^ protocol) >>> 0;
    const bucket = key % 2048;
    const id = this.ids.get(bucket) ?? this.ns.random.below(65536);
    this.ids.set(bucket, (id + 1) & 0xffff);
    return id;
  }

  /**
   * Builds and sends a packet of ours: `payload` is everything behind the IP header. Larger than the path, it is fragmented or refused.
   * @returns EMSGSIZE when it may not be fragmented.
   */
  send(route: Route, dst: Ipv4, payload: Uint8Array, o: SendOptions): Errno | undefined {
    const optionsLength = o.options?.length ?? 0;
    const headerLength = IPV4_MIN_LEN + optionsLength;
    const total = headerLength + payload.length;
    if (total > 0xffff) return "EMSGSIZE";
    const mtu = o.ignorePathMtu === true ? route.dev.mtu : this.ns.routes.mtuOf(route);
    if (total > mtu && o.df === "never-fragment") return "EMSGSIZE";
    const skb = allocSkb(total, this.ns.sim.nextPacket());
    const at = skb.data;
    const b = skb.bytes;
    b[at] = 0x40 | (headerLength >> 2);
    b[at + 1] = o.tos;
    setU16(b, at + 2, total);
    const df = o.df === "never-fragment" || (o.df === "set" && total <= mtu);
    setU16(b, at + 4, o.id ?? this.nextId(dst, route.src, o.protocol));
    setU16(b, at + 6, df ? IP_DF : 0);
    b[at + 8] = o.ttl;
    b[at + 9] = o.protocol;
    setU16(b, at + 10, 0);
    setU32(b, at + 12, route.src);
    setU32(b, at + 16, dst);
    if (o.options !== undefined) b.set(o.options, at + IPV4_MIN_LEN);
    b.set(payload, at + headerLength);
    skb.network = at;
    skb.transport = at + headerLength;
    skb.mark = o.mark ?? 0;
    if (o.attach?.nfct !== undefined) {
      skb.nfct = o.attach.nfct;
      skb.nfctinfo = o.attach.nfctinfo >= 3 ? 1 : 4; // IP_CT_RELATED, IP_CT_RELATED_REPLY
    }
    if (o.options !== undefined) this.record(skb, route.src, this.ns.sim.clock.now); // our own address goes in first
    this.sealHeader(skb);
    return this.outputRoute(skb, route, mtu);
  }

  /** A transport's segment that stands at `data` with room in front: puts the header there, no copy. ip_queue_xmit. */
  sendSegment(skb: Skb, route: Route, protocol: number, o: SegmentOut): void {
    const at = skb.push(IPV4_MIN_LEN);
    const b = skb.bytes;
    b[at] = 0x45;
    b[at + 1] = o.tos;
    setU16(b, at + 2, skb.tail - at);
    setU16(b, at + 4, o.id);
    setU16(b, at + 6, o.dontFragment ? IP_DF : 0);
    b[at + 8] = o.ttl;
    b[at + 9] = protocol;
    setU32(b, at + 12, o.src);
    setU32(b, at + 16, o.dst);
    skb.network = at;
    skb.transport = at + IPV4_MIN_LEN;
    this.sealHeader(skb);
    if (o.why !== "") this.ns.report(skb, "socket", "pass", route.dev, o.why, "");
    this.outputRoute(skb, route, this.ns.routes.mtuOf(route));
  }

  /** A packet whose IP header somebody else wrote (IP_HDRINCL), checksum and empty fields filled in by us. */
  sendRawHeader(route: Route, packet: Uint8Array): Errno | undefined {
    if (packet.length > route.dev.mtu) return "EMSGSIZE";
    const skb = allocSkb(packet.length, this.ns.sim.nextPacket());
    const at = skb.data;
    skb.bytes.set(packet, at);
    skb.network = at;
    skb.transport = at + (packet[0]! & 15) * 4;
    setU16(skb.bytes, at + 2, packet.length);
    if (getU32(skb.bytes, at + 12) === 0) setU32(skb.bytes, at + 12, route.src);
    if (skb.bytes[at + 4] === 0 && skb.bytes[at + 5] === 0) setU16(skb.bytes, at + 4, this.nextId(getU32(skb.bytes, at + 16), route.src, skb.bytes[at + 9]!));
    this.sealHeader(skb);
    return this.outputRoute(skb, route, route.dev.mtu);
  }

  sealHeader(skb: Skb): void {
    const at = skb.network;
    const b = skb.bytes;
    setU16(b, at + IPV4.checksum, 0);
    setU16(b, at + IPV4.checksum, finish(sumWords(b, at, at + (b[at]! & 15) * 4)));
  }

  /**
   * ip_output: broadcasts and multicasts are also for ourselves; the rest goes to a neighbour or back in through lo.
   * @returns EPERM when a hook let it go no further.
   */
  outputRoute(skb: Skb, first: Route, firstMtu: number): Errno | undefined {
    const ns = this.ns;
    this.counters.OutRequests++;
    const hooks = ns.hooks;
    let route = first;
    let mtu = firstMtu;
    if (hooks.output.length !== 0) {
      hooks.reroute = false;
      skb.dev = route.dev;
      if (!hooks.output.run(skb, NF.LOCAL_OUT, undefined, route.dev)) return "EPERM";
      if (hooks.reroute) {
        const again = this.routeMeHarder(skb);
        if (again === undefined) {
          ns.drop(skb, "route", route.dev, "IP_OUTNOROUTES");
          return "EHOSTUNREACH";
        }
        route = again;
        mtu = ns.routes.mtuOf(route);
      }
    }
    const b = skb.bytes;
    if (ns.sim.trace.on) {
      const dst = getU32(b, skb.network + 16);
      ns.report(skb, "route", "pass", route.dev, route.entry !== undefined ? describeEntry(route.entry) : `${route.type} ${formatIpv4(dst)} dev ${route.dev.name}`, "", ns.fib.losers(dst, route.entry));
    }
    if (route.type === "broadcast" || (route.type === "multicast" && ns.isMember(route.dev, getU32(b, skb.network + 16)))) this.loopBack(skb, route.dev);
    const { dev, nexthop } = route;
    if (hooks.post.length !== 0) {
      skb.dev = dev;
      if (!hooks.post.run(skb, NF.POST_ROUTING, undefined, dev)) return "EPERM";
    }
    if (skb.tail - skb.network > mtu) this.fragment(skb, dev, nexthop, mtu);
    else this.toNeighbour(skb, dev, nexthop);
    return undefined;
  }

  /** ip_route_me_harder: a hook changed what the packet is routed by. */
  private routeMeHarder(skb: Skb): Route | undefined {
    const ns = this.ns;
    const at = skb.network;
    const src = getU32(skb.bytes, at + IPV4.src);
    const r = ns.routes.output({ dst: getU32(skb.bytes, at + IPV4.dst), src: ns.fib.isLocal(src) ? src : 0, tos: skb.bytes[at + 1]! & 0x1c, mark: skb.mark });
    return r.ok ? r.value : undefined;
  }

  /** ip_mc_output: a copy for our own sockets, as if it had arrived by the device. */
  private loopBack(skb: Skb, dev: NetDevice): void {
    const copy = skb.clone(this.ns.sim.nextPacket());
    copy.unshare();
    copy.pktType = PACKET.BROADCAST;
    copy.dev = dev;
    this.ns.sim.clock.after(1_000, () => {
      copy.network = copy.data;
      copy.transport = copy.data + (copy.bytes[copy.data]! & 15) * 4;
      this.deliver(copy, dev);
    });
  }

  /** ip_do_fragment: data in multiples of eight octets; the first keeps all options, the others those with the copy bit. */
  private fragment(skb: Skb, out: NetDevice, nexthop: Ipv4, mtu: number): void {
    const ns = this.ns;
    const at = skb.network;
    const b = skb.bytes;
    const headerLength = (b[at]! & 15) * 4;
    const word = (b[at + 6]! << 8) | b[at + 7]!;
    if ((word & IP_DF) !== 0) {
      this.counters.FragFails++;
      ns.icmp.sendError(skb, out, ICMP_TYPE.DEST_UNREACH, UNREACH.FRAG_NEEDED, mtu);
      return ns.drop(skb, "fragment", out, "PKT_TOO_BIG");
    }
    const step = (mtu - headerLength) & ~7;
    if (step <= 0) return ns.drop(skb, "fragment", out, "PKT_TOO_BIG");
    const dataLength = skb.tail - at - headerLength;
    const more = word & IP_MF;
    const offset = word & IP_OFFSET_MASK;
    for (let from = 0; from < dataLength; from += step) {
      const to = from + step < dataLength ? from + step : dataLength;
      const f = allocSkb(headerLength + to - from, ns.sim.nextPacket());
      f.parent = skb.id;
      f.mark = skb.mark;
      f.nfct = skb.nfct;
      f.nfctinfo = skb.nfctinfo;
      f.network = f.data;
      f.transport = f.data + headerLength;
      const fb = f.bytes;
      fb.set(b.subarray(at, at + headerLength), f.data);
      if (from > 0 && headerLength > IPV4_MIN_LEN) blankUncopiedOptions(fb, f.data + IPV4_MIN_LEN, f.data + headerLength);
      fb.set(b.subarray(at + headerLength + from, at + headerLength + to), f.data + headerLength);
      setU16(fb, f.data + 2, headerLength + to - from);
      setU16(fb, f.data + 6, (to < dataLength ? IP_MF : more) | (offset + (from >> 3)));
      this.sealHeader(f);
      this.counters.FragCreates++;
      if (ns.sim.trace.on) ns.report(f, "fragment", "clone", out, `mtu ${mtu} offset ${(offset + (from >> 3)) * 8}`, "");
      this.toNeighbour(f, out, nexthop);
    }
    this.counters.FragOKs++;
    skb.free();
  }

  // -- reassembly ---------------------------------------------------------------------------------------------------

  /** `user`: who gathers (enum ip_defrag_users); each has queues of its own. @returns the whole packet, once all is here. */
  reassemble(skb: Skb, dev: NetDevice, word: number, user: string): Skb | undefined {
    const ns = this.ns;
    const at = skb.network;
    const b = skb.bytes;
    this.counters.ReasmReqds++;
    const key = `${user}${getU32(b, at + 12)}>${getU32(b, at + 16)}/${b[at + 9]}#${(b[at + 4]! << 8) | b[at + 5]!}`;
    const from = (word & IP_OFFSET_MASK) * 8;
    const data = b.slice(skb.transport, skb.tail);
    const to = from + data.length;
    const more = (word & IP_MF) !== 0;
    if (to > 0xffff || (more && data.length % 8 !== 0)) {
      this.counters.ReasmFails++;
      ns.drop(skb, "reassemble", dev, "IP_INHDR");
      return undefined;
    }
    let r = this.reassemblies.get(key);
    if (r === undefined) {
      if (this.reassemblies.size >= 256) {
        this.counters.ReasmFails++;
        ns.drop(skb, "reassemble", dev, "FRAG_REASM_TIMEOUT");
        return undefined;
      }
      r = { parts: [], total: -1, first: undefined, timer: 0 };
      this.reassemblies.set(key, r);
      r.timer = ns.sim.clock.after(ns.sysctl.number("net.ipv4.ipfrag_time") * SECOND, () => this.reassemblyTimeout(key, dev));
    }
    // Overlaps are not put together: the whole queue goes, as RFC 5722 asks and Linux does for IPv4 too.
    const overlaps = r.parts.some((p) => p.from < to && from < p.to && !(p.from === from && p.to === to));
    const twice = r.parts.some((p) => p.from === from && p.to === to);
    if (!more) r.total = to;
    if (overlaps) {
      this.counters.ReasmFails++;
      this.forget(key, r);
      ns.drop(skb, "reassemble", dev, "DUP_FRAG");
      return undefined;
    }
    if (twice) {
      ns.drop(skb, "reassemble", dev, "DUP_FRAG");
      return undefined;
    }
    r.parts.push({ from, to, data });
    if (from === 0) r.first = skb;
    else ns.consume(skb, "reassemble", dev, `offset ${from}`);
    const have = r.parts.reduce((n, p) => n + p.data.length, 0);
    if (r.total < 0 || have < r.total || r.first === undefined) return undefined;
    return this.assemble(key, r);
  }

  private assemble(key: string, r: Reassembly): Skb {
    const ns = this.ns;
    const first = r.first!;
    const headerLength = first.transport - first.network;
    const whole = allocSkb(headerLength + r.total, ns.sim.nextPacket());
    whole.parent = first.id;
    whole.network = whole.data;
    whole.transport = whole.data + headerLength;
    whole.pktType = first.pktType;
    whole.mark = first.mark;
    whole.dev = first.dev;
    whole.bytes.set(first.bytes.subarray(first.network, first.transport), whole.data);
    for (const p of r.parts) whole.bytes.set(p.data, whole.transport + p.from);
    setU16(whole.bytes, whole.network + 2, Math.min(headerLength + r.total, 0xffff));
    setU16(whole.bytes, whole.network + 6, 0);
    this.sealHeader(whole);
    this.counters.ReasmOKs++;
    r.first = undefined;
    if (ns.sim.trace.on) ns.report(whole, "reassemble", "pass", whole.dev as NetDevice, `${r.parts.length} fragments`, "");
    first.free();
    this.forget(key, r);
    return whole;
  }

  private forget(key: string, r: Reassembly): void {
    this.ns.sim.clock.cancel(r.timer);
    r.first?.free();
    r.first = undefined;
    this.reassemblies.delete(key);
  }

  private reassemblyTimeout(key: string, dev: NetDevice): void {
    const r = this.reassemblies.get(key);
    if (r === undefined) return;
    this.counters.ReasmTimeout++;
    this.counters.ReasmFails++;
    // Only the first fragment tells who sent it: RFC 792.
    if (r.first !== undefined) this.ns.icmp.sendError(r.first, dev, ICMP_TYPE.TIME_EXCEEDED, TIME_EXCEEDED.REASSEMBLY, 0);
    this.forget(key, r);
  }

  // -- options ------------------------------------------------------------------------------------------------------

  /** Walks the options of a received header. @returns whether they make sense. */
  private receiveOptions(skb: Skb, dev: NetDevice, headerLength: number): boolean {
    const end = skb.network + headerLength;
    let i = skb.network + IPV4_MIN_LEN;
    while (i < end) {
      const type = skb.bytes[i]!;
      if (type === IPOPT.EOL) break;
      if (type === IPOPT.NOP) {
        i++;
        continue;
      }
      const length = i + 1 < end ? skb.bytes[i + 1]! : 0;
      if (length < 2 || i + length > end) return false;
      if ((type === IPOPT.LSRR || type === IPOPT.SSRR) && !(dev.inet!.conf.accept_source_route && this.ns.confAll.accept_source_route)) return false;
      i += length;
    }
    return true;
  }

  /** A forwarded packet records our outgoing address: ip_forward_options. */
  private forwardOptions(skb: Skb, out: NetDevice): void {
    if (this.record(skb, this.ns.selectAddress(out, 0, 253), this.ns.sim.clock.now)) this.sealHeader(skb);
  }

  /** Writes an address (and a time) into record-route and timestamp options. @returns whether anything changed. */
  record(skb: Skb, address: Ipv4, now: number): boolean {
    const b = skb.bytes;
    const end = skb.network + (b[skb.network]! & 15) * 4;
    let changed = false;
    for (let i = skb.network + IPV4_MIN_LEN; i < end; ) {
      const type = b[i]!;
      if (type === IPOPT.EOL) break;
      if (type === IPOPT.NOP) {
        i++;
        continue;
      }
      const length = b[i + 1]!;
      if (length < 2) break;
      const pointer = b[i + 2]!;
      if (type === IPOPT.RR && pointer + 3 <= length) {
        setU32(b, i + pointer - 1, address);
        b[i + 2] = pointer + 4;
        changed = true;
      } else if (type === IPOPT.TS) changed = recordTimestamp(b, i, length, address, now) || changed;
      i += length;
    }
    return changed;
  }
}

/** RFC 791 timestamp option: milliseconds since midnight, alone, with addresses, or at prescribed addresses. */
function recordTimestamp(b: Uint8Array, i: number, length: number, address: Ipv4, now: number): boolean {
  const pointer = b[i + 2]!;
  const flag = b[i + 3]! & 15;
  const need = flag === 0 ? 4 : 8;
  if (pointer + need - 1 > length) {
    const overflow = b[i + 3]! >> 4;
    if (overflow < 15) b[i + 3] = ((overflow + 1) << 4) | flag;
    return true;
  }
  if (flag === 3 && getU32(b, i + pointer - 1) !== address) return false;
  const ms = Math.floor(now / 1_000_000) % 86_400_000;
  if (flag !== 0) setU32(b, i + pointer - 1, address);
  setU32(b, i + pointer - 1 + need - 4, ms);
  b[i + 2] = pointer + need;
  return true;
}

/** In all but the first fragment, options without the copy bit become no-ops: ip_options_fragment. */
function blankUncopiedOptions(b: Uint8Array, from: number, end: number): void {
  for (let i = from; i < end; ) {
    const type = b[i]!;
    if (type === IPOPT.EOL) return;
    const length = type === IPOPT.NOP ? 1 : Math.max(b[i + 1]!, 2);
    if ((type & 0x80) === 0) b.fill(IPOPT.NOP, i, Math.min(i + length, end));
    i += length;
  }
}

