/** ICMP: answers to echo and timestamp, errors with their rate limits, redirects. RFC 792, RFC 1122, RFC 1812; net/ipv4/icmp.c. */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import type { Skb } from "../sim/skb.ts";
import { MILLISECOND, type Nanos, SECOND } from "../sim/time.ts";
import { finish, sumWords } from "../wire/checksum.ts";
import { ICMP_LEN, ICMP_TYPE, REDIRECT, UNREACH } from "../wire/icmp.ts";
import { formatIpv4, IP_OFFSET_MASK, IPOPT, IPPROTO, IPV4, IPV4_MIN_LEN, isMulticast } from "../wire/ipv4.ts";
import type { Ipv4 } from "./api.ts";
import { type NetDevice, PACKET } from "./netdev/device.ts";
import type { NetNamespace } from "./netns.ts";

/** What is remembered of a host that errors go to: inet_peer. One token bucket for ip_error, icmp errors and redirects. */
interface Peer {
  tokens: Nanos;
  last: Nanos;
  redirects: number;
}

const ERROR_COST: Nanos = SECOND; // net.ipv4.route.error_cost
const ERROR_BURST: Nanos = 5 * SECOND; // net.ipv4.route.error_burst
const XRLIM_BURST_FACTOR = 6; // net/ipv4/icmp.c
const REDIRECT_NUMBER = 9; // net.ipv4.route.redirect_number
const REDIRECT_LOAD: Nanos = 20 * MILLISECOND; // net.ipv4.route.redirect_load
const REDIRECT_SILENCE: Nanos = REDIRECT_LOAD * (1 << (REDIRECT_NUMBER + 1)); // net.ipv4.route.redirect_silence
/** Octets of an error at most, IP header included: RFC 1812 §4.3.2.3. */
const ERROR_MAX = 576;

export class IcmpProtocol {
  private readonly ns: NetNamespace;
  private readonly peers = new Map<Ipv4, Peer>();
  private credit = 50;
  private creditAt: Nanos = 0;
  /** By name, as /proc/net/snmp has them; InType and OutType by number. */
  InMsgs = 0;
  InErrors = 0;
  InCsumErrors = 0;
  OutMsgs = 0;
  OutErrors = 0;
  readonly inTypes = new Map<number, number>();
  readonly outTypes = new Map<number, number>();

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  private get now(): Nanos {
    return this.ns.sim.clock.now;
  }

  private peer(a: Ipv4): Peer {
    let p = this.peers.get(a);
    if (p === undefined) {
      if (this.peers.size > 4096) this.peers.clear();
      // Quiet for a minute, as inet_getpeer starts it.
      p = { tokens: 0, last: this.now - 60 * SECOND, redirects: 0 };
      this.peers.set(a, p);
    }
    return p;
  }

  /** ip_error's own bucket, which it shares with icmp errors. */
  allowError(to: Ipv4, _dev: NetDevice): boolean {
    const p = this.peer(to);
    p.tokens = Math.min(p.tokens + this.now - p.last, ERROR_BURST);
    p.last = this.now;
    if (p.tokens < ERROR_COST) return false;
    p.tokens -= ERROR_COST;
    return true;
  }

  /** inet_peer_xrlim_allow and the global limit. */
  private allowRate(to: Ipv4, type: number, code: number, dev: NetDevice): boolean {
    const mask = this.ns.sysctl.number("net.ipv4.icmp_ratemask");
    if (type > 18 || ((1 << type) & mask) === 0) return true;
    // Path MTU discovery is never limited.
    if (type === ICMP_TYPE.DEST_UNREACH && code === UNREACH.FRAG_NEEDED) return true;
    if ((dev.flags & 8) !== 0) return true; // nothing is limited towards ourselves
    const perSecond = this.ns.sysctl.number("net.ipv4.icmp_msgs_per_sec");
    const burst = this.ns.sysctl.number("net.ipv4.icmp_msgs_burst");
    const delta = Math.min(this.now - this.creditAt, SECOND);
    if (delta >= SECOND / 50) {
      this.credit = Math.min(this.credit + Math.floor((perSecond * delta) / SECOND), burst);
      this.creditAt = this.now;
    }
    if (this.credit <= 0) return false;
    this.credit--;
    const limit = this.ns.sysctl.number("net.ipv4.icmp_ratelimit") * MILLISECOND;
    if (limit === 0) return true;
    const p = this.peer(to);
    p.tokens = Math.min(p.tokens + this.now - p.last, XRLIM_BURST_FACTOR * limit);
    p.last = this.now;
    if (p.tokens < limit) return false;
    p.tokens -= limit;
    return true;
  }

  /**
   * icmp_send: tells the sender of `cause` about it. `info`: the next-hop MTU of "fragmentation needed", the gateway of a redirect.
   * `cause` stays the caller's. Not for errors about errors, fragments but the first, group addresses.
   */
  sendError(cause: Skb, dev: NetDevice, type: number, code: number, info: number): void {
    const ns = this.ns;
    const b = cause.bytes;
    const at = cause.network;
    if (cause.tail - at < IPV4_MIN_LEN) return;
    const src = getU32(b, at + IPV4.src);
    const dst = getU32(b, at + IPV4.dst);
    if (cause.pktType !== PACKET.HOST && cause.mac >= 0) return;
    if (isMulticast(dst) || dst === 0xffffffff || ns.fib.isBroadcast(dst) || isMulticast(src) || src === 0 || src === 0xffffffff) return;
    if ((getU16(b, at + 6) & IP_OFFSET_MASK) !== 0) return;
    const headerLength = (b[at]! & 15) * 4;
    if (b[at + IPV4.protocol] === IPPROTO.ICMP) {
      const inner = b[at + headerLength];
      const isError = inner === 3 || inner === 4 || inner === 5 || inner === 11 || inner === 12;
      if (isError || inner === undefined) return;
    }
    // From the address it was sent to when that is ours; else whatever the route back prefers.
    const vrf = dev.vrf;
    const from = (ns.fib.isLocal(dst) && ns.fib.typeOf(dst) === "local") || (vrf !== undefined && ns.ownsAddress(dst)) ? dst : 0;
    const route = ns.routes.output({ dst: src, src: from, oif: vrf?.ifindex ?? 0 });
    if (!route.ok) return;
    if (!this.allowRate(src, type, code, route.value.dev)) return;
    const room = Math.min(ERROR_MAX, ns.routes.mtuOf(route.value)) - IPV4_MIN_LEN - ICMP_LEN;
    const quoted = b.subarray(at, Math.min(cause.tail, at + room));
    const message = new Uint8Array(ICMP_LEN + quoted.length);
    message[0] = type;
    message[1] = code;
    setU32(message, 4, info);
    message.set(quoted, ICMP_LEN);
    this.seal(message);
    // RFC 1812 §4.3.2.5: errors have precedence "internetwork control".
    const tos = type === ICMP_TYPE.REDIRECT || type === ICMP_TYPE.DEST_UNREACH || type === ICMP_TYPE.TIME_EXCEEDED || type === ICMP_TYPE.PARAMETER_PROBLEM ? (b[at + 1]! & 0x1e) | 0xc0 : b[at + 1]!;
    this.count(this.outTypes, type);
    this.OutMsgs++;
    if (ns.sim.trace.on) ns.report(cause, "icmp", "reply", dev, `type ${type} code ${code} to ${formatIpv4(src)}`, "");
    ns.ip.send(route.value, src, message, { protocol: IPPROTO.ICMP, ttl: ns.sysctl.number("net.ipv4.ip_default_ttl"), tos, df: "unset" });
  }

  /** ip_rt_send_redirect: now and then, and less often the more it is ignored. */
  sendRedirect(cause: Skb, dev: NetDevice, gateway: Ipv4): void {
    const p = this.peer(getU32(cause.bytes, cause.network + IPV4.src));
    if (this.now > p.last + REDIRECT_SILENCE) p.redirects = 0;
    if (p.redirects >= REDIRECT_NUMBER) {
      p.last = this.now;
      return;
    }
    if (p.redirects !== 0 && this.now <= p.last + REDIRECT_LOAD * (1 << p.redirects)) return;
    this.sendError(cause, dev, ICMP_TYPE.REDIRECT, REDIRECT.HOST, gateway);
    p.last = this.now;
    p.redirects++;
  }

  private seal(message: Uint8Array): void {
    setU16(message, 2, 0);
    setU16(message, 2, finish(sumWords(message, 0, message.length)));
  }

  private count(of: Map<number, number>, type: number): void {
    of.set(type, (of.get(type) ?? 0) + 1);
  }

  // -- in -----------------------------------------------------------------------------------------------------------

  /** icmp_rcv. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    this.InMsgs++;
    const b = skb.bytes;
    const at = skb.transport;
    if (skb.tail - at < ICMP_LEN) {
      this.InErrors++;
      return ns.drop(skb, "icmp", dev, "HDR_TRUNC");
    }
    if (finish(sumWords(b, at, skb.tail)) !== 0) {
      this.InCsumErrors++;
      this.InErrors++;
      return ns.drop(skb, "icmp", dev, "ICMP_CSUM");
    }
    const type = b[at]!;
    this.count(this.inTypes, type);
    const dst = getU32(b, skb.network + IPV4.dst);
    if (skb.pktType === PACKET.BROADCAST || skb.pktType === PACKET.MULTICAST || ns.fib.isBroadcast(dst) || isMulticast(dst)) {
      const request = type === ICMP_TYPE.ECHO || type === ICMP_TYPE.TIMESTAMP;
      if (request && ns.sysctl.number("net.ipv4.icmp_echo_ignore_broadcasts") !== 0) return ns.drop(skb, "icmp", dev, "NOT_SPECIFIED", "icmp_echo_ignore_broadcasts");
    }
    switch (type) {
      case ICMP_TYPE.ECHO:
        if (ns.sysctl.number("net.ipv4.icmp_echo_ignore_all") !== 0) return ns.drop(skb, "icmp", dev, "NOT_SPECIFIED", "icmp_echo_ignore_all");
        this.answer(skb, dev, ICMP_TYPE.ECHO_REPLY);
        return;
      case ICMP_TYPE.TIMESTAMP:
        this.answer(skb, dev, ICMP_TYPE.TIMESTAMP_REPLY);
        return;
      case ICMP_TYPE.DEST_UNREACH:
      case ICMP_TYPE.TIME_EXCEEDED:
      case ICMP_TYPE.PARAMETER_PROBLEM:
      case ICMP_TYPE.SOURCE_QUENCH:
        this.receiveError(skb, dev);
        return;
      case ICMP_TYPE.REDIRECT:
        this.receiveRedirect(skb, dev);
        return;
      default:
        ns.consume(skb, "icmp", dev, `type ${type}`);
    }
  }

  /** icmp_reply: back to the sender, from the address it asked (a broadcast is answered from our own). */
  private answer(skb: Skb, dev: NetDevice, type: number): void {
    const ns = this.ns;
    const b = skb.bytes;
    const net = skb.network;
    const src = getU32(b, net + IPV4.src);
    const dst = getU32(b, net + IPV4.dst);
    const message = b.slice(skb.transport, skb.tail);
    message[0] = type;
    if (type === ICMP_TYPE.TIMESTAMP_REPLY) {
      const ms = Math.floor(this.now / MILLISECOND) % 86_400_000;
      setU32(message, 12, ms);
      setU32(message, 16, ms);
    }
    this.seal(message);
    const vrf = dev.vrf;
    const from = ns.fib.isLocal(dst) || (vrf !== undefined && ns.ownsAddress(dst)) ? dst : 0;
    const route = ns.routes.output({ dst: src, src: from, oif: vrf?.ifindex ?? 0, tos: b[net + 1]! & 0x1c });
    if (!route.ok) return ns.drop(skb, "icmp", dev, "IP_OUTNOROUTES");
    this.count(this.outTypes, type);
    this.OutMsgs++;
    const options = echoOptions(skb);
    const trace = ns.sim.trace.on;
    if (trace) ns.report(skb, "icmp", "reply", dev, `type ${type} to ${formatIpv4(src)}`, "");
    ns.ip.send(route.value, src, message, {
      protocol: IPPROTO.ICMP, ttl: ns.sysctl.number("net.ipv4.ip_default_ttl"), tos: b[net + 1]!, df: "unset", mark: 0, ...(options !== undefined && { options }),
    });
    skb.free();
  }

  /** icmp_unreach: hands the news to those who sent the quoted packet. */
  private receiveError(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    const b = skb.bytes;
    const at = skb.transport;
    const type = b[at]!;
    const code = b[at + 1]!;
    const inner = at + ICMP_LEN;
    if (skb.tail - inner < IPV4_MIN_LEN || (b[inner]! & 15) < 5) {
      this.InErrors++;
      return ns.drop(skb, "icmp", dev, "HDR_TRUNC");
    }
    const offender = getU32(b, skb.network + IPV4.src);
    const innerSrc = getU32(b, inner + IPV4.src);
    const innerDst = getU32(b, inner + IPV4.dst);
    let info = 0;
    if (type === ICMP_TYPE.DEST_UNREACH && code === UNREACH.FRAG_NEEDED) {
      info = getU16(b, at + 6);
      if (info === 0) info = guessMtu(getU16(b, inner + 2));
      if (ns.sysctl.number("net.ipv4.ip_no_pmtu_disc") === 0 && ns.fib.isLocal(innerSrc)) ns.routes.learnMtu(innerDst, innerSrc, info);
    }
    ns.sockets.deliverError(b.slice(inner, skb.tail), type, code, info, offender, dev, b[skb.network + IPV4.ttl]!);
    ns.consume(skb, "icmp", dev, `type ${type} code ${code} from ${formatIpv4(offender)}`);
  }

  private receiveRedirect(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    const b = skb.bytes;
    const at = skb.transport;
    const inner = at + ICMP_LEN;
    if (skb.tail - inner < IPV4_MIN_LEN) {
      this.InErrors++;
      return ns.drop(skb, "icmp", dev, "HDR_TRUNC");
    }
    const gateway = getU32(b, at + 4);
    const from = getU32(b, skb.network + IPV4.src);
    ns.routes.learnRedirect(getU32(b, inner + IPV4.dst), getU32(b, inner + IPV4.src), from, gateway, dev);
    ns.consume(skb, "icmp", dev, `redirect to ${formatIpv4(gateway)}`);
  }
}

/** RFC 1191 §7: plateaus, for routers that do not tell the MTU. */
function guessMtu(oldLength: number): number {
  const plateaus = [32000, 17914, 8166, 4352, 2002, 1492, 576, 296, 216, 128, 68];
  return plateaus.find((p) => oldLength > p) ?? 68;
}

/** __ip_options_echo: record route and timestamp go back as they came, without what stood around them. */
function echoOptions(skb: Skb): Uint8Array | undefined {
  const length = (skb.bytes[skb.network]! & 15) * 4;
  const options = skb.bytes.subarray(skb.network + IPV4_MIN_LEN, skb.network + length);
  const kept = [IPOPT.RR, IPOPT.TS].flatMap((type) => optionOf(options, type));
  if (kept.length === 0) return undefined;
  while (kept.length % 4 !== 0) kept.push(IPOPT.EOL);
  return Uint8Array.from(kept);
}

/** The octets of an option of this type; none when it is not there. */
function optionOf(options: Uint8Array, wanted: number): number[] {
  for (let i = 0; i < options.length && options[i] !== IPOPT.EOL; ) {
    const length = options[i] === IPOPT.NOP ? 1 : Math.max(2, options[i + 1] ?? 2);
    if (options[i] === wanted) return [...options.subarray(i, i + length)];
    i += length;
  }
  return [];
}
