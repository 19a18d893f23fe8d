/**
 * The reason stream: every stage that looks at a packet says what it decided, on which entry, and what lost.
 * With nobody listening (`on` is false) a stage does not even build its report.
 */
import type { Nanos } from "./time.ts";

/** Where a decision is taken, in the kernel's own words. */
export type Stage =
  | "xmit" | "receive" | "bridge" | "fdb" | "stp" | "arp" | "neigh" | "route" | "rule" | "rp_filter" | "forward" | "fragment" | "reassemble" | "deliver" | "socket" | "icmp" | "cable" | "program" | "vlan" | "macvlan" | "tunnel" | "bond"
  | "netfilter" | "conntrack" | "nat" | "ipvs";
export type Verdict = "pass" | "drop" | "queue" | "flood" | "consume" | "clone" | "learn" | "reply";

export interface Decision {
  at: Nanos;
  /** The packet's number in this simulation; a copy or a fragment has its own, and names its parent. */
  packet: number;
  parent: number;
  node: string;
  /** "" is the initial namespace. */
  netns: string;
  /** Device the stage works for; "" where there is none. */
  dev: string;
  stage: Stage;
  verdict: Verdict;
  /** The entry it rests on, as the tool that lists such entries prints it: "10.0.2.0/24 via 10.0.1.1 dev eth0". */
  entry: string;
  /** Of a drop: the name in `enum skb_drop_reason` without its prefix: "IP_NOPROTO", "NEIGH_FAILED", "NO_TX_TARGET". */
  reason: string;
  /** Entries that were looked at and lost, and why, as a word of this list. */
  lost?: readonly { entry: string; why: "shorter-prefix" | "no-match" | "higher-metric" | "same-port" | "blocked" | "isolated" | "dead" | "other-vlan" | "later" }[];
  /** The frame or packet as it was then. Bytes are copied. */
  bytes: Uint8Array;
  /** What `bytes` begins with. */
  layer: "ether" | "ip";
}

export class Trace {
  /** Whether somebody listens. */
  on = false;
  private readonly listeners = new Set<(d: Decision) => void>();

  listen(f: (d: Decision) => void): () => void {
    this.listeners.add(f);
    this.on = true;
    return () => {
      this.listeners.delete(f);
      this.on = this.listeners.size > 0;
    };
  }

  emit(d: Decision): void {
    for (const f of this.listeners) f(d);
  }
}
