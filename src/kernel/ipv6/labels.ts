/** The policy table of RFC 6724 §2.1 as the kernel has it: net/ipv6/addrlabel.c. */
import { parseIpv6 } from "../../wire/ipv6.ts";
import type { AddrLabelInfo, Ipv6 } from "../api6.ts";
import { inPrefix6 } from "./address.ts";

/** In the order of the kernel's list, which is that of `ip addrlabel`: the longer prefixes first. */
const INITIAL: readonly (readonly [string, number, number])[] = [
  ["::1", 128, 0], ["::", 96, 3], ["::ffff:0:0", 96, 4], ["2001::", 32, 6], ["2001:10::", 28, 7], ["3ffe::", 16, 12], ["2002::", 16, 2], ["fec0::", 10, 11], ["fc00::", 7, 5], ["::", 0, 1],
];

export class AddrLabels {
  private readonly table: { prefix: Ipv6; len: number; label: number }[] = INITIAL.map(([p, len, label]) => ({ prefix: parseIpv6(p)!, len, label }));

  of(b: Uint8Array, at: number): number {
    for (const l of this.table) if (inPrefix6(b, at, l.prefix, l.len)) return l.label;
    return -1;
  }
  infos(): AddrLabelInfo[] {
    return this.table.map((l) => ({ prefix: l.prefix, prefixLen: l.len, ifindex: 0, label: l.label }));
  }
}
