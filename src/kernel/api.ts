/**
 * What programs may ask of a node's network stack: netlink-like calls, sockets, sysctls. The only door from userland.
 * IPv4 addresses are unsigned 32-bit numbers; link-layer addresses are six octets; ifindex 0 means "none".
 */
import type { Result } from "../base/result.ts";
import type { Waitable } from "../base/wait-queue.ts";
import type { Nanos } from "../sim/time.ts";
import type { Conntrack } from "./conntrack/conntrack.ts";
import type { Raw6Sock, Rtnl6, Udp6Sock } from "./api6.ts";
import type { Errno } from "./errno.ts";
import type { NfControl } from "./netfilter/control.ts";
import type { IpSets } from "./netfilter/ipset.ts";
import type { BridgeVlan, LinkAttrs, LinkAttrsSpec } from "./link-kinds.ts";

export type { Errno } from "./errno.ts";
export type * from "./api6.ts";
export { IFA6 } from "./api6.ts";
export type * from "./link-kinds.ts";
export { errnoNumber, strerror } from "./errno.ts";

export type Ipv4 = number;
/** Six octets. */
export type Lladdr = Uint8Array;

/** A refused netlink request. With `extack` iproute2 prints "Error: <extack>.", without "RTNETLINK answers: <strerror>". */
export interface NlError {
  errno: Errno;
  extack?: string;
}
export type NlResult<T = void> = Result<T, NlError>;

// -- devices ----------------------------------------------------------------------------------------------------------

/** linux/if.h */
export const IFF = {
  UP: 0x1, BROADCAST: 0x2, LOOPBACK: 0x8, POINTOPOINT: 0x10, RUNNING: 0x40, NOARP: 0x80, PROMISC: 0x100, ALLMULTI: 0x200, MASTER: 0x400, SLAVE: 0x800,
  MULTICAST: 0x1000, LOWER_UP: 0x10000, DORMANT: 0x20000,
} as const;

export type LinkKind = "loopback" | "ethernet" | "veth" | "bridge" | "dummy"
  | "vlan" | "vxlan" | "macvlan" | "ipvlan" | "ipip" | "gre" | "gretap" | "vrf" | "bond" | "tun";
export type Operstate = "UNKNOWN" | "NOTPRESENT" | "DOWN" | "LOWERLAYERDOWN" | "TESTING" | "DORMANT" | "UP";

/** struct rtnl_link_stats64, those that can move here. Octets and packets. */
export interface LinkStats {
  rxPackets: number; rxBytes: number; rxErrors: number; rxDropped: number; rxOverErrors: number; multicast: number;
  txPackets: number; txBytes: number; txErrors: number; txDropped: number; collisions: number; txCarrierErrors: number;
}

export type StpState = "disabled" | "listening" | "learning" | "forwarding" | "blocking";

/** Bridge ids are 8 octets: 16 bits priority, then the MAC. Times of a bridge are in 1/100 s (USER_HZ), as netlink has them. */
export interface BridgeInfo {
  forwardDelay: number; helloTime: number; maxAge: number; ageingTime: number; stpState: number; priority: number;
  groupFwdMask: number; groupAddr: Lladdr; vlanFiltering: number; vlanProtocol: number; vlanDefaultPvid: number; mcastSnooping: number;
  bridgeId: Uint8Array; rootId: Uint8Array; rootPort: number; rootPathCost: number; topologyChange: number; topologyChangeDetected: number;
  helloTimer: number; tcnTimer: number; topologyChangeTimer: number; gcTimer: number;
}
export interface BridgePortInfo {
  state: StpState; priority: number; cost: number; hairpin: boolean; guard: boolean; rootBlock: boolean; fastLeave: boolean; learning: boolean; flood: boolean;
  mcastFlood: boolean; bcastFlood: boolean; isolated: boolean; neighSuppress: boolean; proxyArp: boolean; proxyArpWifi: boolean; vlanTunnel: boolean; locked: boolean;
  portId: number; portNo: number; designatedPort: number; designatedCost: number; designatedBridge: Uint8Array; designatedRoot: Uint8Array;
  holdTimer: number; messageAgeTimer: number; forwardDelayTimer: number; topologyChangeAck: number; configPending: number; mcastRouter: number;
}

export interface LinkInfo {
  ifindex: number; name: string; kind: LinkKind; flags: number; mtu: number; minMtu: number; maxMtu: number; qdisc: string; operstate: Operstate; group: number; txqlen: number;
  lladdr: Lladdr; broadcast: Lladdr; permaddr?: Lladdr; arpType: "loopback" | "ether" | "ipip" | "gre" | "none"; promiscuity: number; allmulti: number; alias: string; carrier: boolean;
  /** ifindex of the bridge this is a port of, or 0. */
  master: number;
  /** ifindex of a veth's peer, in the namespace `linkNetnsid` (undefined: this one); 0: none. */
  link: number;
  linkNetnsid?: number;
  altnames: readonly string[];
  stats: LinkStats;
  /** Times the carrier came or went (IFLA_CARRIER_CHANGES): the column "transns" of `ip -s -s link`. */
  carrierChanges?: number;
  bridge?: BridgeInfo;
  bridgePort?: BridgePortInfo;
  /** What only this kind has, and what a master other than a bridge says of its slave. */
  attrs?: LinkAttrs;
  /** Of a bridge and of its ports: IFLA_BRIDGE_VLAN_INFO. */
  vlans?: readonly BridgeVlan[];
  /** IFLA_AF_SPEC of inet6: "eui64" | "none" | ...; shown by `ip -d link`. */
  addrGenMode: "eui64" | "none" | "stable_secret" | "random";
}

export interface LinkSpec {
  kind: LinkKind;
  name: string;
  lladdr?: Lladdr;
  mtu?: number;
  txqlen?: number;
  index?: number;
  /** Of a veth: its other end; without a name the kernel numbers it vethN. */
  peer?: { name?: string; lladdr?: Lladdr; netns?: Netns; mtu?: number };
  bridge?: Partial<BridgeInfo>;
  /** ifindex of the device it stands on, and the namespace that number belongs to (undefined: the request's). */
  link?: number;
  linkNetns?: Netns;
  attrs?: LinkAttrsSpec;
}

/** What `ip link set` and `bridge link set` may change; only what is given. */
export interface LinkChange {
  up?: boolean; name?: string; mtu?: number; lladdr?: Lladdr; broadcast?: Lladdr; txqlen?: number; promisc?: boolean; allmulticast?: boolean; multicast?: boolean; arp?: boolean;
  dynamic?: boolean; alias?: string; group?: number; netns?: Netns; carrier?: boolean; addrGenMode?: LinkInfo["addrGenMode"];
  /** ifindex of a bridge; 0: nomaster. */
  master?: number;
  bridge?: Partial<BridgeInfo>;
  bridgePort?: Partial<Pick<BridgePortInfo, "priority" | "cost" | "hairpin" | "guard" | "rootBlock" | "fastLeave" | "learning" | "flood" | "mcastFlood" | "bcastFlood" | "isolated" | "neighSuppress" | "proxyArp" | "vlanTunnel" | "locked" | "state" | "mcastRouter">>;
  attrs?: LinkAttrsSpec;
}

export interface FdbEntry {
  lladdr: Lladdr;
  /** The port it leads to, or the bridge itself. */
  ifindex: number;
  /** ifindex of the bridge; 0 for an entry of the device's own filter ("self"). */
  master: number;
  /** "permanent": local or NUD_PERMANENT; "static": NUD_NOARP, no ageing; "dynamic": learnt or added so; ages. */
  state: "permanent" | "static" | "dynamic" | "stale";
  extern_learn: boolean; sticky: boolean; offload: boolean; added_by_user: boolean; self: boolean;
  vlan?: number;
  /** Seconds since last used and updated, for -s. */
  used: number; updated: number;
  /** Of a VXLAN: where the encapsulated frames go, and by what port, VNI and device when not the device's own. */
  dst?: Ipv4; port?: number; vni?: number; via?: number; router?: boolean;
}
/** RTM_NEWNEIGH and RTM_DELNEIGH of family bridge. */
export interface FdbRequest {
  lladdr: Lladdr; ifindex: number; master: boolean; self: boolean; state: FdbEntry["state"]; vlan?: number; externLearn?: boolean; sticky?: boolean;
  dst?: Ipv4; port?: number; vni?: number; via?: number; router?: boolean;
}

// -- addresses, routes, rules, neighbours ------------------------------------------------------------------------------

export type Scope = "global" | "site" | "link" | "host" | "nowhere";
export interface AddrInfo {
  ifindex: number; local: Ipv4;
  /** The other end of a point-to-point address; equal to `local` otherwise. */
  address: Ipv4;
  prefixLen: number; broadcast?: Ipv4; scope: Scope; label: string; secondary: boolean; noprefixroute: boolean; metric: number;
  /** Seconds; Infinity: forever. */
  validLft: number; preferredLft: number; dynamic: boolean; deprecated: boolean; proto?: number;
}
export interface AddrSpec {
  ifindex: number; local: Ipv4; address?: Ipv4; prefixLen: number; broadcast?: Ipv4; scope?: Scope; label?: string; noprefixroute?: boolean; metric?: number; validLft?: number; preferredLft?: number; proto?: number;
}

export type RouteType = "unicast" | "local" | "broadcast" | "multicast" | "throw" | "unreachable" | "prohibit" | "blackhole" | "anycast" | "nat";
/** rtnetlink(7) RTPROT_*: 0 unspec, 1 redirect, 2 kernel, 3 boot, 4 static, 16 dhcp, 12 bird, 186 bgp ... */
export type RouteProto = number;

export interface NexthopInfo {
  via?: Ipv4; ifindex: number; weight: number; onlink: boolean; dead: boolean; linkdown: boolean;
}
export interface RouteMetrics {
  mtu?: number; mtuLock?: boolean; advmss?: number; hoplimit?: number; window?: number; rtt?: number; initcwnd?: number; initrwnd?: number; quickack?: number;
}
export interface RouteInfo {
  dst: Ipv4; dstLen: number; tos: number; type: RouteType; table: number; proto: RouteProto; scope: Scope; priority: number; prefsrc?: Ipv4;
  nexthops: readonly NexthopInfo[]; metrics: RouteMetrics;
  /** Id of a nexthop object, `ip route ... nhid N`. */
  nhid?: number;
}
export interface RouteSpec {
  dst: Ipv4; dstLen: number; tos?: number; type?: RouteType; table?: number; proto?: RouteProto; scope?: Scope; priority?: number; prefsrc?: Ipv4; metrics?: RouteMetrics;
  nexthops?: readonly { via?: Ipv4; ifindex?: number; weight?: number; onlink?: boolean }[];
  nhid?: number;
}
/** NLM_F_ flags of the verbs of `ip route`: add = create|excl, append = create|append, prepend = create, change = replace, replace = create|replace. */
export type NlMode = "add" | "append" | "prepend" | "change" | "replace";

export interface RouteQuery {
  dst: Ipv4; src?: Ipv4; iif?: number; oif?: number; tos?: number; mark?: number; ipproto?: number; sport?: number; dport?: number; uid?: number;
  /** RTM_F_FIB_MATCH: answer with the FIB entry. */
  fibmatch?: boolean;
}
/** As `ip route get` shows it. */
export interface RouteAnswer {
  dst: Ipv4; src?: Ipv4; prefsrc?: Ipv4; type: RouteType; table: number; via?: Ipv4; oif: number; iif: number; tos: number; mark: number;
  /** "cache" flags: "local", "brd", "mc", "redirected", "src-direct"... */
  cache: readonly string[];
  /** Of an exception (path MTU, redirect): seconds left. */
  expires?: number;
  metrics: RouteMetrics;
  entry?: RouteInfo;
}

export interface RuleInfo {
  priority: number; action: "lookup" | "blackhole" | "unreachable" | "prohibit" | "goto" | "nop"; table: number; goto?: number; invert: boolean;
  src: Ipv4; srcLen: number; dst: Ipv4; dstLen: number; iif?: string; oif?: string; fwmark?: number; fwmask?: number; tos: number; proto: number;
  ipproto?: number; sport?: readonly [number, number]; dport?: readonly [number, number]; uidrange?: readonly [number, number]; suppressPrefixLen?: number; suppressGroup?: number;
  /** The table is that of the VRF the packet is in. */
  l3mdev?: boolean;
}

export type NudState = "INCOMPLETE" | "REACHABLE" | "STALE" | "DELAY" | "PROBE" | "FAILED" | "NOARP" | "PERMANENT" | "NONE";
export interface NeighInfo {
  ifindex: number; dst: Ipv4; lladdr?: Lladdr; state: NudState; router: boolean; proxy: boolean; externLearn: boolean; managed: boolean; proto: number;
  /** For -s: references, seconds since used / confirmed / updated, probes sent. */
  refcnt: number; used: number; confirmed: number; updated: number; probes: number;
}
export interface NeighSpec {
  ifindex: number; dst: Ipv4; lladdr?: Lladdr; state?: NudState; router?: boolean; proxy?: boolean; externLearn?: boolean; use?: boolean; managed?: boolean; proto?: number;
}

/** A nexthop object (`ip nexthop`). */
export interface NhObject {
  id: number; via?: Ipv4; ifindex: number; onlink: boolean; blackhole: boolean; fdb: boolean; proto: number; scope: Scope;
  /** Of a group: members with their weights. */
  group?: readonly { id: number; weight: number }[];
}

/** Requests and dumps of rtnetlink(7), within one namespace. Dumps are in the order the kernel gives them. */
export interface Rtnl {
  links(): LinkInfo[];
  link(nameOrIndex: string | number): LinkInfo | undefined;
  linkAdd(spec: LinkSpec): NlResult<number>;
  linkSet(ifindex: number, change: LinkChange): NlResult;
  linkDel(ifindex: number): NlResult;
  /** Bridge FDB entries and devices' own unicast and multicast filters, as `bridge fdb` dumps them. */
  fdb(): FdbEntry[];
  fdbAdd(e: FdbRequest, mode: NlMode): NlResult;
  fdbDel(e: Omit<FdbRequest, "state">): NlResult;
  /** `bridge vlan add` and `del`: of a port through its bridge (master), or of the bridge itself (self). */
  vlanChange(ifindex: number, o: { add: boolean; first: number; last: number; pvid: boolean; untagged: boolean; self: boolean; master: boolean }): NlResult;
  addrs(): AddrInfo[];
  addrAdd(spec: AddrSpec, mode: NlMode): NlResult;
  addrDel(spec: { ifindex: number; local?: Ipv4; address?: Ipv4; prefixLen?: number; label?: string }): NlResult;
  /** Every table's routes: table by table as the kernel's hash has them (255, 254, then others by number), each in FIB order. */
  routes(): RouteInfo[];
  routeAdd(spec: RouteSpec, mode: NlMode): NlResult;
  routeDel(spec: RouteSpec): NlResult;
  routeGet(q: RouteQuery): NlResult<RouteAnswer>;
  /** Whether the FIB has this table: its first route makes it, and it stays. */
  hasTable(table: number): boolean;
  /** Cached exceptions: redirects and path MTUs (`ip route show cache`). */
  routeCache(): RouteAnswer[];
  routeFlushCache(): void;
  rules(): RuleInfo[];
  ruleAdd(rule: Partial<RuleInfo>): NlResult;
  ruleDel(rule: Partial<RuleInfo>): NlResult;
  neighs(o?: { proxy?: boolean }): NeighInfo[];
  neighAdd(spec: NeighSpec, mode: NlMode): NlResult;
  neighDel(spec: NeighSpec): NlResult;
  nexthops(): NhObject[];
  nexthopAdd(spec: Partial<NhObject>, mode: NlMode): NlResult;
  nexthopDel(id: number): NlResult;
  /** The same of IPv6. */
  readonly ip6: Rtnl6;
  /** Other namespaces this one has given a number to (`ip netns list-id`). */
  netnsId(other: Netns): number | undefined;
  /** Gives it one; -1: the lowest that is free. EEXIST: it has one already, or the number is taken. */
  netnsIdSet(other: Netns, id: number): NlResult;
}

// -- sockets ----------------------------------------------------------------------------------------------------------

/** Closed when its last descriptor is. `readable` also when an error waits. */
export interface Sock extends Waitable {
  /** Number of its sockfs inode, for /proc and `ss -e`. */
  readonly inode?: number;
  close(): void;
}

/** From the socket's error queue (IP_RECVERR) or its pending error. */
export interface SockError {
  errno: Errno;
  origin: "local" | "icmp";
  /** Of an ICMP error. */
  type?: number; code?: number; offender?: Ipv4;
  /** Of an ICMP error: the TTL it arrived with (IP_RECVTTL), and when. */
  ttl?: number; at?: Nanos;
  /** Next-hop MTU, or the like (ee_info). */
  info: number;
  /** What was sent, from its payload on, as far as quoted; and to whom. */
  data: Uint8Array; to: Ipv4; port: number;
}
export interface IpOptions {
  ttl?: number; tos?: number; mark?: number; broadcast?: boolean; recverr?: boolean; bindToDevice?: number; multicastTtl?: number; multicastLoop?: boolean; multicastIf?: number;
  /** IP_MTU_DISCOVER: dont = clear DF; want = set it, fragment what is too big for the path; do = set it, refuse; probe = set it, ignore the known path MTU. */
  pmtudisc?: "dont" | "want" | "do" | "probe";
  /** Raw IP options, padded to four octets. */
  options?: Uint8Array;
}
export interface Received {
  data: Uint8Array; from: Ipv4; port: number; to: Ipv4; ifindex: number; ttl: number; tos: number; at: Nanos;
}

export interface UdpSock extends Sock {
  readonly kind: "udp";
  readonly localAddr: Ipv4; readonly localPort: number; readonly peer: { addr: Ipv4; port: number } | undefined;
  set(o: IpOptions): undefined | Errno;
  bind(addr: Ipv4, port: number, o?: { reuseAddr?: boolean }): undefined | Errno;
  connect(addr: Ipv4, port: number): undefined | Errno;
  /** To `to`, or the connected peer. A pending error is returned (and cleared) first. */
  send(data: Uint8Array, to?: { addr: Ipv4; port: number }): number | Errno;
  /** EAGAIN: nothing there. Another errno: the pending error, cleared by this. */
  recv(): Received | Errno;
  recvError(): SockError | undefined;
}
export interface RawSock extends Sock {
  readonly kind: "raw";
  readonly protocol: number;
  set(o: IpOptions & { hdrincl?: boolean; icmpFilter?: number }): undefined | Errno;
  bind(addr: Ipv4): undefined | Errno;
  connect(addr: Ipv4): undefined | Errno;
  /** Of the connected socket: the source address the kernel chose. */
  readonly localAddr: Ipv4;
  /** The transport payload; with hdrincl the whole IP packet. */
  send(data: Uint8Array, to?: Ipv4): number | Errno;
  /** `data` begins with the IP header. */
  recv(): Received | Errno;
  recvError(): SockError | undefined;
}
/** net/tcp_states.h; of a UDP or raw socket CLOSE or, connected, ESTABLISHED. */
export type TcpState = "ESTABLISHED" | "SYN_SENT" | "SYN_RECV" | "FIN_WAIT1" | "FIN_WAIT2" | "TIME_WAIT" | "CLOSE" | "CLOSE_WAIT" | "LAST_ACK" | "LISTEN" | "CLOSING";

/** tcp(7), socket(7), ip(7). Times are nanoseconds; a negative `linger` turns it off. */
export interface TcpOptions {
  ttl?: number; tos?: number; mark?: number; bindToDevice?: number; reuseAddr?: boolean; reusePort?: boolean; noDelay?: boolean; cork?: boolean; linger?: number; userTimeout?: number; synRetries?: number; maxSegment?: number;
  sendBuffer?: number; receiveBuffer?: number; keepAlive?: boolean; keepIdle?: number; keepInterval?: number; keepCount?: number;
}
/** struct tcp_info, as `ss -i` shows it. Times are nanoseconds. */
export interface TcpInfo {
  state: TcpState; timestamps: boolean; sack: boolean; wscale: readonly [send: number, receive: number] | undefined; rto: Nanos; backoff: number; srtt: Nanos; rttvar: Nanos; minRtt: Nanos; ato: Nanos; mss: number; pmtu: number; rcvmss: number;
  advmss: number; cwnd: number; ssthresh: number; caState: string; bytesSent: number; bytesRetrans: number; bytesAcked: number; bytesReceived: number; segsOut: number; segsIn: number; dataSegsOut: number; dataSegsIn: number; lastSnd: Nanos;
  lastRcv: Nanos; lastAck: Nanos; delivered: number; unacked: number; retrans: number; totalRetrans: number; lost: number; sacked: number; rcvRtt: Nanos; rcvSpace: number; rcvSsthresh: number; notsent: number; sndWnd: number; rcvbuf: number; sndbuf: number; congestion: string;
}
export interface TcpSock extends Sock {
  readonly kind: "tcp";
  readonly state: TcpState;
  readonly localAddr: Ipv4; readonly localPort: number; readonly peer: { addr: Ipv4; port: number } | undefined;
  set(o: TcpOptions): undefined | Errno;
  bind(addr: Ipv4, port: number, o?: { reuseAddr?: boolean }): undefined | Errno;
  listen(backlog: number): undefined | Errno;
  /** EAGAIN: nobody is there. */
  accept(): TcpSock | Errno;
  /** EINPROGRESS: `writable` says when it is over, `takeError` how. */
  connect(addr: Ipv4, port: number): undefined | Errno;
  /** SO_ERROR: the pending error, once. */
  takeError(): Errno | undefined;
  /** Takes as many octets as the buffer has room for. EAGAIN: none. EPIPE: sending is over. */
  send(data: Uint8Array): number | Errno;
  /** EAGAIN: nothing there. No octets: the other end has finished. */
  recv(max: number, o?: { peek?: boolean }): Uint8Array | Errno;
  shutdown(how: "read" | "write" | "both"): undefined | Errno;
  info(): TcpInfo;
}
/** One line of ss, netstat or /proc/net/tcp. */
export interface SocketInfo {
  proto: "tcp" | "udp" | "raw"; state: TcpState; localAddr: Ipv4; localPort: number; remoteAddr: Ipv4; remotePort: number;
  /** SO_BINDTODEVICE; 0: none. */
  ifindex: number;
  /** Octets; of a listener: connections that wait, and how many may. */
  recvQueue: number; sendQueue: number;
  /** 0: no program holds it. */
  inode: number; drops: number;
  timer?: { kind: "on" | "keepalive" | "timewait" | "persist"; left: Nanos; count: number };
  tcp?: TcpInfo;
  memory?: { rmem: number; rcvbuf: number; wmem: number; sndbuf: number; forward: number; wmemQueued: number };
}
/** linux/if_packet.h PACKET_HOST ... PACKET_OUTGOING */
export type PacketType = "host" | "broadcast" | "multicast" | "otherhost" | "outgoing";
export interface Frame {
  /** From the link-layer header on. */
  data: Uint8Array;
  /** Length on the wire, where `data` was cut to the snapshot length. */
  wireLen: number; ifindex: number; type: PacketType; ethertype: number; at: Nanos;
}
export interface PacketSock extends Sock {
  readonly kind: "packet";
  /** ifindex 0: every device. ethertype 0x0003 (ETH_P_ALL): everything, outgoing too. */
  bind(ifindex: number, ethertype: number): undefined | Errno;
  /** Runs on each frame before it is queued: how many octets to keep, 0 to pass over. */
  setFilter(filter: (frame: Uint8Array, wireLen: number, type: PacketType, ifindex: number) => number): void;
  setPromiscuous(on: boolean): undefined | Errno;
  recv(): Frame | Errno;
  /** A whole frame, link-layer header included. */
  send(frame: Uint8Array, ifindex: number): number | Errno;
  /** Frames that passed the filter, and those of them the queue had no room for. */
  readonly stats: { received: number; dropped: number };
}

// -- namespace, kernel -------------------------------------------------------------------------------------------------

export interface Sysctls {
  /** "net.ipv4.ip_forward" -> text of the value. undefined: there is no such key. */
  get(key: string): string | undefined;
  set(key: string, value: string): undefined | Errno;
  /** Every key, sorted as `sysctl -a` does. */
  keys(): string[];
  isReadOnly(key: string): boolean;
}

export interface Netns {
  readonly kernel: Kernel;
  /** Inode number of its nsfs file. */
  readonly inode: number;
  readonly rtnl: Rtnl;
  readonly sysctl: Sysctls;
  /** Tables of iptables and nft, connections, sets: what their netlink families offer. */
  readonly nf: NfControl;
  readonly conntrack: Conntrack;
  readonly ipsets: IpSets;
  udp(): UdpSock;
  tcp(): TcpSock;
  /** Every socket of TCP, UDP and raw IP, connections that only the kernel holds included. */
  socketList(): SocketInfo[];
  raw(protocol: number): RawSock;
  udp6(): Udp6Sock;
  raw6(protocol: number): Raw6Sock;
  packet(): PacketSock;
  /** SNMP counters: "Ip" -> InReceives ..., for /proc/net/snmp and netstat -s. */
  counters(): ReadonlyMap<string, ReadonlyMap<string, number>>;
}

export interface Kernel {
  readonly node: string;
  readonly initNetns: Netns;
  /** A fresh namespace: lo is down, nothing else. */
  createNetns(): Netns;
  /** The last reference is gone: devices are deleted, physical ones go back to the initial namespace. */
  destroyNetns(ns: Netns): void;
  /** Every namespace, the initial one first. */
  readonly namespaces: readonly Netns[];
}
