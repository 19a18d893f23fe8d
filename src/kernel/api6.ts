/** The IPv6 side of what programs may ask: addresses are 16 octets, the rest is as in api.ts. */
import type { Waitable } from "../base/wait-queue.ts";
import type { Nanos } from "../sim/time.ts";
import type { Errno, NeighInfo, NeighSpec, NlMode, NlResult, RouteMetrics, RouteType, RuleInfo, Scope } from "./api.ts";

/** Sixteen octets. */
export type Ipv6 = Uint8Array;

/** linux/if_addr.h IFA_F_*, those of IPv6. */
export const IFA6 = {
  TEMPORARY: 0x01, NODAD: 0x02, OPTIMISTIC: 0x04, DADFAILED: 0x08, HOMEADDRESS: 0x10, DEPRECATED: 0x20, TENTATIVE: 0x40, PERMANENT: 0x80, MANAGETEMPADDR: 0x100, NOPREFIXROUTE: 0x200,
  MCAUTOJOIN: 0x400, STABLE_PRIVACY: 0x800,
} as const;

export interface Addr6Info {
  ifindex: number; local: Ipv6; peer?: Ipv6; prefixLen: number; scope: Scope; flags: number; metric: number; proto: number;
  /** Seconds; Infinity: for ever. */
  validLft: number; preferredLft: number;
}
export interface Addr6Spec {
  ifindex: number; local: Ipv6; peer?: Ipv6; prefixLen: number; flags?: number; metric?: number; proto?: number; validLft?: number; preferredLft?: number;
}

export interface Nexthop6Info {
  via?: Ipv6; ifindex: number; weight: number; onlink: boolean; dead: boolean; linkdown: boolean;
}
export type RouterPref = "low" | "medium" | "high";
export interface Route6Info {
  dst: Ipv6; dstLen: number; type: RouteType; table: number; proto: number; priority: number; prefsrc?: Ipv6; nexthops: readonly Nexthop6Info[]; metrics: RouteMetrics; pref: RouterPref;
  /** Seconds left of a route with a lifetime. */
  expires?: number;
}
export interface Route6Spec {
  dst: Ipv6; dstLen: number; type?: RouteType; table?: number; proto?: number; priority?: number; prefsrc?: Ipv6; metrics?: RouteMetrics; pref?: RouterPref; expires?: number;
  nexthops?: readonly { via?: Ipv6; ifindex?: number; weight?: number; onlink?: boolean }[];
}
export interface Route6Query {
  dst: Ipv6; src?: Ipv6; iif?: number; oif?: number; mark?: number; fibmatch?: boolean;
}
export interface Route6Answer extends Omit<Route6Info, "prefsrc" | "nexthops"> {
  src: Ipv6; prefsrc?: Ipv6; via?: Ipv6; oif: number; iif: number; mark: number;
  entry?: Route6Info;
}

export interface Rule6Info extends Omit<RuleInfo, "src" | "dst"> {
  src: Ipv6; dst: Ipv6;
}
export interface Neigh6Info extends Omit<NeighInfo, "dst"> {
  dst: Ipv6;
}
export interface Neigh6Spec extends Omit<NeighSpec, "dst"> {
  dst: Ipv6;
}
/** A group that a device has joined. */
export interface Maddr6Info {
  ifindex: number; group: Ipv6; users: number;
}
/** RFC 6724 §2.1. */
export interface AddrLabelInfo {
  prefix: Ipv6; prefixLen: number; ifindex: number; label: number;
}

/** rtnetlink(7), AF_INET6. */
export interface Rtnl6 {
  /** Device by device, each in the order of its list. */
  addrs(): Addr6Info[];
  addrAdd(spec: Addr6Spec, mode: NlMode): NlResult;
  addrDel(spec: { ifindex: number; local: Ipv6; prefixLen: number }): NlResult;
  /** Table by table (254, 255, then others by number), each as the tree is walked: what lies inside a prefix comes before it. */
  routes(): Route6Info[];
  routeAdd(spec: Route6Spec, mode: NlMode): NlResult;
  routeDel(spec: Route6Spec): NlResult;
  routeGet(q: Route6Query): NlResult<Route6Answer>;
  hasTable(table: number): boolean;
  /** Path MTUs and redirects that were learnt. */
  routeCache(): Route6Answer[];
  routeFlushCache(): void;
  rules(): Rule6Info[];
  ruleAdd(rule: Partial<Rule6Info>): NlResult;
  ruleDel(rule: Partial<Rule6Info>): NlResult;
  neighs(o?: { proxy?: boolean }): Neigh6Info[];
  neighAdd(spec: Neigh6Spec, mode: NlMode): NlResult;
  neighDel(spec: Neigh6Spec): NlResult;
  maddrs(): Maddr6Info[];
  labels(): AddrLabelInfo[];
}

// -- sockets ----------------------------------------------------------------------------------------------------------

export interface Options6 {
  hoplimit?: number; multicastHops?: number; tclass?: number; mark?: number; recverr?: boolean; bindToDevice?: number; multicastLoop?: boolean; multicastIf?: number;
  /** IPV6_MTU_DISCOVER; "dont" fragments to the device's MTU. */
  pmtudisc?: "dont" | "want" | "do" | "probe";
  flowLabel?: number;
}
/** An end of a connection; `scope` is the device of a link-local address, 0 when none was named. */
export interface End6 {
  addr: Ipv6; port: number; scope: number;
}
export interface Received6 {
  /** From the transport header on for raw sockets; the datagram's data for UDP. */
  data: Uint8Array; from: Ipv6; port: number; to: Ipv6; ifindex: number; hoplimit: number; tclass: number; at: Nanos;
}
export interface SockError6 {
  errno: Errno; origin: "local" | "icmp"; type?: number; code?: number; offender?: Ipv6; hoplimit?: number; at?: Nanos; info: number;
  /** What was sent, from the transport's data on (raw: from the transport header), as far as quoted; and to whom. */
  data: Uint8Array; to: Ipv6; port: number; ifindex: number;
}
interface Sock6 extends Waitable {
  close(): void;
  set(o: Options6): undefined | Errno;
  readonly localAddr: Ipv6;
  recv(): Received6 | Errno;
  recvError(): SockError6 | undefined;
}
export interface Udp6Sock extends Sock6 {
  readonly kind: "udp6";
  readonly localPort: number;
  readonly peer: End6 | undefined;
  bind(addr: Ipv6, port: number, o?: { reuseAddr?: boolean; scope?: number }): undefined | Errno;
  connect(to: End6): undefined | Errno;
  send(data: Uint8Array, to?: End6): number | Errno;
  /** IPV6_JOIN_GROUP. */
  join(group: Ipv6, ifindex: number): undefined | Errno;
}
export interface Raw6Sock extends Sock6 {
  readonly kind: "raw6";
  readonly protocol: number;
  /** ICMP6_FILTER: the types that are let through; undefined: all. */
  setFilter(types: readonly number[] | undefined): void;
  bind(addr: Ipv6, scope?: number): undefined | Errno;
  connect(to: Ipv6, scope: number): undefined | Errno;
  /** The transport's octets; the checksum of ICMPv6 is filled in. */
  send(data: Uint8Array, to?: Ipv6, scope?: number): number | Errno;
  join(group: Ipv6, ifindex: number): undefined | Errno;
}
