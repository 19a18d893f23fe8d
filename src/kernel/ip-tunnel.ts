/** What tunnels over IPv4 share: the outer header, its TOS, and what becomes of ECN. net/ipv4/ip_tunnel_core.c, include/net/inet_ecn.h. */
import { setU16, setU32 } from "../base/bytes.ts";
import type { Skb } from "../sim/skb.ts";
import { ETHERTYPE } from "../wire/ethernet.ts";
import { IP_DF, IPV4_MIN_LEN } from "../wire/ipv4.ts";
import type { NetNamespace } from "./netns.ts";
import type { Route } from "./route.ts";

const ECN_MASK = 3;
const ECN_CE = 3;

/** DS field of the packet inside: IPv4 or IPv6 at `at`; 0 of anything else. */
export function innerTos(b: Uint8Array, at: number, type: number): number {
  if (type === ETHERTYPE.IPV4) return b[at + 1]!;
  if (type === ETHERTYPE.IPV6) return ((b[at]! & 15) << 4) | (b[at + 1]! >> 4);
  return 0;
}

export function innerTtl(b: Uint8Array, at: number, type: number): number {
  return type === ETHERTYPE.IPV4 ? b[at + 8]! : type === ETHERTYPE.IPV6 ? b[at + 7]! : 0;
}

/** INET_ECN_encapsulate: congestion that was felt inside is not told outside. RFC 6040. */
export function encapsulatedTos(outer: number, inner: number): number {
  const ecn = inner & ECN_MASK;
  return (outer & ~ECN_MASK) | (ecn === ECN_CE ? 2 : ecn);
}

/** __INET_ECN_decapsulate. @returns whether the packet is to be dropped: congestion outside, and the inside cannot say so. */
export function ecnDrops(outer: number, inner: number): boolean {
  return (outer & ECN_MASK) === ECN_CE && (inner & ECN_MASK) === 0;
}

/** iptunnel_xmit: puts the outer header on what stands at `data`, and sends it. Takes ownership. */
export function tunnelXmit(ns: NetNamespace, skb: Skb, route: Route, o: { dst: number; src: number; protocol: number; tos: number; ttl: number; df: boolean }): void {
  const at = skb.push(IPV4_MIN_LEN);
  const b = skb.bytes;
  b[at] = 0x45;
  b[at + 1] = o.tos;
  setU16(b, at + 2, skb.tail - at);
  setU16(b, at + 4, ns.ip.nextId(o.dst, o.src, o.protocol));
  setU16(b, at + 6, o.df ? IP_DF : 0);
  b[at + 8] = o.ttl;
  b[at + 9] = o.protocol;
  setU32(b, at + 12, o.src);
  setU32(b, at + 16, o.dst);
  skb.network = at;
  skb.transport = at + IPV4_MIN_LEN;
  skb.mac = -1;
  skb.hops = 0;
  skb.protocol = ETHERTYPE.IPV4;
  ns.ip.sealHeader(skb);
  ns.ip.outputRoute(skb, route, ns.routes.mtuOf(route));
}

/** skb_scrub_packet: what a packet was to the world outside means nothing to the one inside. */
export function scrub(skb: Skb, crossesNamespaces: boolean): void {
  skb.nfct = undefined;
  skb.dst = undefined;
  if (crossesNamespaces) skb.mark = 0;
}
