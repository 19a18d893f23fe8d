/**
 * What TCP needs of the protocol below it, and no more: a way to the peer, a sum over the pseudo header, somebody who takes a segment.
 * As the kernel's inet_connection_sock_af_ops. IPv4 is `tcp-ipv4.ts`; IPv6 is another object of this kind.
 */
import type { Result } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import type { Errno, Ipv4 } from "../api.ts";

/** An address of the family at hand. */
export type IpAddress = Ipv4;

/** A way to the peer, kept by the socket until routes change. */
export interface TcpPath {
  readonly src: IpAddress;
  /** What the route says of it: `initcwnd`, `advmss` and the like. */
  readonly initcwnd: number | undefined;
  readonly initrwnd: number | undefined;
  readonly advmss: number | undefined;
  readonly quickack: boolean;
  /** Not reached through a device of ours, but this node itself. */
  readonly local: boolean;
}

export interface PathQuery {
  dst: IpAddress;
  src: IpAddress;
  oif: number;
  tos: number;
  mark: number;
  sport: number;
  dport: number;
}

/** How one segment is to be sent. */
export interface SegmentOut {
  src: IpAddress;
  dst: IpAddress;
  ttl: number;
  tos: number;
  mark: number;
  /** Identification; 0 where no connection counts. */
  id: number;
  /** Whether it may be fragmented on the way. */
  dontFragment: boolean;
  /** Why it is sent, for the reason stream; "" when nobody listens. */
  why: string;
}

export interface TcpFamily {
  readonly version: 4 | 6;
  /** Octets of its header. */
  readonly headerLength: number;
  readonly any: IpAddress;
  same(a: IpAddress, b: IpAddress): boolean;
  hash(a: IpAddress): number;
  format(a: IpAddress): string;
  isLocal(a: IpAddress): boolean;
  path(q: PathQuery): Result<TcpPath, Errno>;
  /** The same, while routes may have changed since. @returns the old one while it is good. */
  refresh(path: TcpPath | undefined, q: PathQuery): Result<TcpPath, Errno>;
  mtuOf(path: TcpPath): number;
  /** An ICMP error told of a narrower path. */
  learnMtu(dst: IpAddress, src: IpAddress, mtu: number): void;
  /** The peer answers: whom the path leads to is there. */
  confirm(path: TcpPath): void;
  pseudoSum(src: IpAddress, dst: IpAddress, length: number): number;
  /** Takes a segment whose TCP header stands at `data`. */
  transmit(skb: Skb, path: TcpPath, out: SegmentOut): void;
}
