/** Plain descriptions of rules, as a tool hands them to the kernel and gets them back when it lists. */

import type { NftStmt } from "./nft.ts";

export type Family = "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev";
export const FAMILIES: readonly Family[] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];

/** Of a base chain. */
export interface ChainSpec {
  type: "filter" | "nat" | "route";
  hook: "prerouting" | "input" | "forward" | "output" | "postrouting";
  priority: number;
}

/** A rule: an iptables one, or a list of nft statements. */
export interface RuleSpec {
  /** As its tool lists it, for the reason stream. */
  text(): string;
  xt?: XtRule;
  nft?: readonly NftStmt[];
  comment?: string;
}

// -- iptables ---------------------------------------------------------------------------------------------------------

export interface PortRange { low: number; high: number; inv: boolean }
export interface AddrMask { addr: number; mask: number; inv: boolean }
export interface NameMatch { name: string; inv: boolean }

export interface XtRule {
  src?: AddrMask;
  dst?: AddrMask;
  iif?: NameMatch;
  oif?: NameMatch;
  proto?: { number: number; inv: boolean };
  frag?: { inv: boolean };
  matches: readonly XtMatch[];
  target: XtTarget;
  counters: { packets: number; bytes: number };
}

export const CT_STATE = { INVALID: 1, ESTABLISHED: 2, RELATED: 4, NEW: 8, UNTRACKED: 64, SNAT: 256, DNAT: 512 } as const;
export const CT_STATUS = { NONE: 1, EXPECTED: 2, SEEN_REPLY: 4, ASSURED: 8, CONFIRMED: 16 } as const;

export type XtMatch =
  | { name: "tcp"; spt?: PortRange; dpt?: PortRange; flags?: { mask: number; cmp: number; inv: boolean }; option?: { kind: number; inv: boolean } }
  | { name: "udp"; spt?: PortRange; dpt?: PortRange }
  | { name: "icmp"; type: number; low: number; high: number; inv: boolean }
  | {
      name: "conntrack" | "state"; state?: { bits: number; inv: boolean }; status?: { bits: number; inv: boolean }; proto?: { number: number; inv: boolean };
      origSrc?: AddrMask; origDst?: AddrMask; replSrc?: AddrMask; replDst?: AddrMask; origSport?: PortRange; origDport?: PortRange; replSport?: PortRange; replDport?: PortRange;
      dir?: { reply: boolean; inv: boolean }; expire?: { low: number; high: number; inv: boolean };
    }
  | { name: "multiport"; side: "source" | "dest" | "either"; ports: readonly { low: number; high: number }[]; inv: boolean }
  | { name: "comment"; text: string }
  | { name: "mark" | "connmark"; mark: number; mask: number; inv: boolean }
  | { name: "addrtype"; src?: { types: readonly string[]; inv: boolean }; dst?: { types: readonly string[]; inv: boolean }; limit?: "in" | "out" }
  | { name: "mac"; addr: Uint8Array; inv: boolean }
  /** `period`: nanoseconds a packet costs. */
  | { name: "limit"; period: number; burst: number; shown: string }
  | { name: "statistic"; mode: "random"; probability: number; inv: boolean }
  | { name: "statistic"; mode: "nth"; every: number; packet: number; inv: boolean }
  | { name: "set"; set: string; dims: readonly ("src" | "dst")[]; inv: boolean }
  | { name: "physdev"; in?: NameMatch; out?: NameMatch; isIn?: { inv: boolean }; isOut?: { inv: boolean }; isBridged?: { inv: boolean } }
  | { name: "iprange"; src?: { low: number; high: number; inv: boolean }; dst?: { low: number; high: number; inv: boolean } }
  | { name: "owner"; uid?: { low: number; high: number; inv: boolean }; gid?: { low: number; high: number; inv: boolean }; socket?: { inv: boolean } }
  | { name: "recent"; command: "set" | "rcheck" | "update" | "remove"; list: string; inv: boolean; seconds: number; hits: number; reap: boolean; rttl: boolean; mask: number; side: "source" | "dest" }
  | { name: "ttl"; op: "eq" | "lt" | "gt" | "ne"; ttl: number }
  | { name: "length"; low: number; high: number; inv: boolean }
  | { name: "pkttype"; type: number; inv: boolean }
  | { name: "tos"; value: number; mask: number; inv: boolean }
  | { name: "dscp"; value: number; inv: boolean }
  | { name: "rpfilter"; loose: boolean; validmark: boolean; acceptLocal: boolean; inv: boolean };

export interface XtNat { min?: number; max?: number; minPort?: number; maxPort?: number; basePort?: number; random: boolean; fullyRandom: boolean; persistent: boolean }

export type XtTarget =
  | { name: "" }
  | { name: "ACCEPT" | "DROP" | "RETURN" }
  | { name: "jump" | "goto"; chain: string }
  | { name: "REJECT"; with: string }
  | { name: "LOG"; prefix: string; level: number; flags: readonly string[] }
  | { name: "MARK"; mark: number; mask: number }
  | { name: "CONNMARK"; mode: "set" | "save" | "restore"; mark: number; mask: number; nfmask: number; ctmask: number }
  | { name: "SNAT" | "DNAT" | "MASQUERADE" | "REDIRECT"; nat: XtNat }
  | { name: "NETMAP"; addr: number; mask: number }
  | { name: "TCPMSS"; clamp: boolean; mss: number }
  | { name: "CT"; notrack: boolean; zone: number; helper: string }
  | { name: "NOTRACK" }
  | { name: "TTL"; mode: "set" | "inc" | "dec"; value: number }
  | { name: "TOS"; value: number; mask: number }
  | { name: "DSCP"; value: number }
  | { name: "SET"; add?: { set: string; dims: readonly ("src" | "dst")[]; exist: boolean; timeout?: number }; del?: { set: string; dims: readonly ("src" | "dst")[] } };
