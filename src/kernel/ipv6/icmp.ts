/** ICMPv6: echo, errors with their rate limits, and the door to neighbour discovery and MLD. RFC 4443; net/ipv6/icmp.c. */
import { getU32, setU16, setU32 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { formatIpv6, IPV6, IPV6_LEN, pseudoHeaderSum6 } from "../../wire/ipv6.ts";
import type { Errno } from "../api.ts";
import type { Ipv6 } from "../api6.ts";
import { type NetDevice, PACKET } from "../netdev/device.ts";
import { isAny6, isLinkLocal6, isMulticast6, Map6 } from "./address.ts";
import type { Ipv6Stack } from "./stack.ts";

export const UNREACH6 = { NOROUTE: 0, ADM_PROHIBITED: 1, NOT_NEIGHBOUR: 2, ADDR: 3, PORT: 4, POLICY_FAIL: 5, REJECT_ROUTE: 6 } as const;
export const PARAM6 = { HEADER: 0, NEXT_HEADER: 1, OPTION: 2 } as const;
const ICMPV6 = 58;
/** An error with what it quotes fits the least MTU. */
const ERROR_MAX = 1280;
const XRLIM_BURST_FACTOR = 6;

/** Fills in the checksum. */
export function sealIcmp6(message: Uint8Array, src: Ipv6, dst: Ipv6): void {
  setU16(message, 2, 0);
  setU16(message, 2, finish(sumWords(message, 0, message.length, pseudoHeaderSum6(src, dst, ICMPV6, message.length))));
}

/** icmpv6_err_convert. */
export function icmp6Errno(type: number, code: number): { errno: Errno; fatal: boolean } {
  if (type === ICMPV6_TYPE.PACKET_TOO_BIG) return { errno: "EMSGSIZE", fatal: false };
  if (type === ICMPV6_TYPE.PARAMETER_PROBLEM) return { errno: "EPROTO", fatal: true };
  if (type !== ICMPV6_TYPE.DEST_UNREACH) return { errno: "EHOSTUNREACH", fatal: false };
  const table: readonly (readonly [Errno, boolean])[] = [
    ["ENETUNREACH", false], ["EACCES", true], ["EHOSTUNREACH", false], ["EHOSTUNREACH", false], ["ECONNREFUSED", true], ["EACCES", true], ["EACCES", true],
  ];
  const [errno, fatal] = table[code] ?? ["EPROTO", true];
  return { errno, fatal };
}

export class Icmp6Protocol {
  private readonly stack: Ipv6Stack;
  private readonly peers = new Map6<{ tokens: Nanos; last: Nanos }>();
  InMsgs = 0;
  InErrors = 0;
  InCsumErrors = 0;
  OutMsgs = 0;
  readonly inTypes = new Map<number, number>();
  readonly outTypes = new Map<number, number>();

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  countOut(type: number): void {
    this.OutMsgs++;
    this.outTypes.set(type, (this.outTypes.get(type) ?? 0) + 1);
  }

  /** icmpv6_xrlim_allow: one error a second to a host, six at once after a pause; none is kept from saying how big a packet may be. */
  allowRate(to: Ipv6, type: number): boolean {
    if (type === ICMPV6_TYPE.PACKET_TOO_BIG || (type >= 128 && type !== ICMPV6_TYPE.REDIRECT)) return true;
    const limit = (this.stack.settings.icmpRatelimit * SECOND) / 1000;
    if (limit === 0) return true;
    const { now } = this.stack;
    let p = this.peers.get(to);
    if (p === undefined) {
      if (this.peers.size > 4096) this.peers.clear();
      p = { tokens: 0, last: now - 60 * SECOND };
      this.peers.set(to, p);
    }
    p.tokens = Math.min(p.tokens + now - p.last, XRLIM_BURST_FACTOR * limit);
    p.last = now;
    if (p.tokens < limit) return false;
    p.tokens -= limit;
    return true;
  }

  /** icmpv6_send. `cause` stays the caller's; `info` is the MTU or the pointer. */
  sendError(cause: Skb, dev: NetDevice, type: number, code: number, info: number): void {
    const { stack } = this;
    const { ns, addrconf } = stack;
    const b = cause.bytes;
    const at = cause.network;
    if (cause.tail - at < IPV6_LEN) return;
    const src = b.slice(at + IPV6.src, at + IPV6.src + 16);
    const dst = b.slice(at + IPV6.dst, at + IPV6.dst + 16);
    if ((isMulticast6(dst) || (cause.mac >= 0 && cause.pktType !== PACKET.HOST)) && type !== ICMPV6_TYPE.PACKET_TOO_BIG && !(type === ICMPV6_TYPE.PARAMETER_PROBLEM && code === PARAM6.OPTION)) return;
    if (isAny6(src) || isMulticast6(src)) return;
    if (this.isError(b, at, cause.tail)) return;
    const own = addrconf.owns(dst, 0);
    const oif = isLinkLocal6(src) ? dev.ifindex : 0;
    const route = stack.routes.output({ dst: src, oif, proto: ICMPV6, ...(own && { src: dst }) });
    if (!route.ok) return;
    if (route.value.dev !== ns.loopback && !this.allowRate(src, type)) return;
    const quoted = b.subarray(at, Math.min(cause.tail, at + ERROR_MAX - IPV6_LEN - 8));
    const message = new Uint8Array(8 + quoted.length);
    message[0] = type;
    message[1] = code;
    setU32(message, 4, info);
    message.set(quoted, 8);
    sealIcmp6(message, route.value.src, src);
    this.countOut(type);
    if (ns.sim.trace.on) ns.report(cause, "icmp", "reply", dev, `type ${type} code ${code} to ${formatIpv6(src)}`, "");
    stack.ip.send(route.value, src, ICMPV6, message, { autoLabel: true });
  }

  /** is_ineligible: no error about an error, nor about what cannot be told. */
  private isError(b: Uint8Array, at: number, end: number): boolean {
    const t = this.stack.ip.transportOf(b, at, end);
    if (t === undefined) return true;
    if (t.protocol !== ICMPV6 || t.fragment) return false;
    return t.at >= end || b[t.at]! < 128 || b[t.at] === ICMPV6_TYPE.REDIRECT;
  }

  // -- in -----------------------------------------------------------------------------------------------------------

  /** icmpv6_rcv. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const { ns, ndisc, mcast } = this.stack;
    this.InMsgs++;
    const b = skb.bytes;
    const at = skb.transport;
    if (skb.tail - at < 8) {
      this.InErrors++;
      return ns.drop(skb, "icmp", dev, "HDR_TRUNC");
    }
    const src = b.subarray(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    const dst = b.subarray(skb.network + IPV6.dst, skb.network + IPV6.dst + 16);
    if (finish(sumWords(b, at, skb.tail, pseudoHeaderSum6(src, dst, ICMPV6, skb.tail - at))) !== 0) {
      this.InCsumErrors++;
      this.InErrors++;
      return ns.drop(skb, "icmp", dev, "ICMP_CSUM");
    }
    const type = b[at]!;
    this.inTypes.set(type, (this.inTypes.get(type) ?? 0) + 1);
    switch (type) {
      case ICMPV6_TYPE.ECHO:
        if (this.stack.settings.echoIgnoreAll !== 0 || (isMulticast6(dst) && this.stack.settings.echoIgnoreMulticast !== 0)) return ns.drop(skb, "icmp", dev, "NOT_SPECIFIED", "net.ipv6.icmp.echo_ignore");
        return this.echo(skb, dev);
      case ICMPV6_TYPE.DEST_UNREACH:
      case ICMPV6_TYPE.PACKET_TOO_BIG:
      case ICMPV6_TYPE.TIME_EXCEEDED:
      case ICMPV6_TYPE.PARAMETER_PROBLEM:
        return this.receiveError(skb, dev);
      case ICMPV6_TYPE.NEIGHBOR_SOLICIT:
      case ICMPV6_TYPE.NEIGHBOR_ADVERT:
      case ICMPV6_TYPE.ROUTER_SOLICIT:
      case ICMPV6_TYPE.ROUTER_ADVERT:
      case ICMPV6_TYPE.REDIRECT: {
        const why = ndisc.receive(skb, dev);
        if (why === "") return ns.consume(skb, "neigh", dev, `type ${type}`);
        return ns.drop(skb, "neigh", dev, why === "not ours" ? "IPV6_NDISC_NS_OTHERHOST" : "IPV6_NDISC_BAD_OPTIONS", why);
      }
      case ICMPV6_TYPE.MLD_QUERY:
        if (skb.tail - at >= 24) mcast.query(dev, b, at);
        return ns.consume(skb, "icmp", dev, `type ${type}`);
      default:
        ns.consume(skb, "icmp", dev, `type ${type}`);
    }
  }

  /** icmpv6_echo_reply. */
  private echo(skb: Skb, dev: NetDevice): void {
    const { stack } = this;
    const { ns, addrconf } = stack;
    const b = skb.bytes;
    const src = b.slice(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    const dst = b.slice(skb.network + IPV6.dst, skb.network + IPV6.dst + 16);
    const message = b.slice(skb.transport, skb.tail);
    message[0] = ICMPV6_TYPE.ECHO_REPLY;
    const oif = isLinkLocal6(src) ? stack.ip.inputDevice(skb, dev).ifindex : 0;
    const route = stack.routes.output({ dst: src, oif, proto: ICMPV6, ...(addrconf.owns(dst, 0) && { src: dst }) });
    if (!route.ok) return ns.drop(skb, "icmp", dev, "IP_OUTNOROUTES");
    sealIcmp6(message, route.value.src, src);
    this.countOut(ICMPV6_TYPE.ECHO_REPLY);
    if (ns.sim.trace.on) ns.report(skb, "icmp", "reply", dev, `type ${ICMPV6_TYPE.ECHO_REPLY} to ${formatIpv6(src)}`, "");
    const tclass = ((b[skb.network]! & 15) << 4) | (b[skb.network + 1]! >> 4);
    stack.ip.send(route.value, src, ICMPV6, message, { tclass, autoLabel: true });
    skb.free();
  }

  /** icmpv6_notify: to those who sent the quoted packet. */
  private receiveError(skb: Skb, dev: NetDevice): void {
    const { stack } = this;
    const b = skb.bytes;
    const at = skb.transport;
    const type = b[at]!;
    const code = b[at + 1]!;
    const inner = at + 8;
    if (skb.tail - inner < IPV6_LEN) {
      this.InErrors++;
      return stack.ns.drop(skb, "icmp", dev, "HDR_TRUNC");
    }
    const offender = b.slice(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    const info = getU32(b, at + 4);
    const quoted = b.slice(inner, skb.tail);
    const innerSrc = quoted.slice(IPV6.src, IPV6.src + 16);
    if (type === ICMPV6_TYPE.PACKET_TOO_BIG && stack.addrconf.owns(innerSrc, 0)) stack.routes.learnMtu(quoted.slice(IPV6.dst, IPV6.dst + 16), innerSrc, info, dev.ifindex);
    const t = stack.ip.transportOf(quoted, 0, quoted.length);
    if (t !== undefined) stack.sockets.deliverError(quoted, t.protocol, t.at, type, code, info, offender, stack.ip.inputDevice(skb, dev), b[skb.network + IPV6.hopLimit]!);
    stack.ns.consume(skb, "icmp", dev, `type ${type} code ${code} from ${formatIpv6(offender)}`);
  }
}
