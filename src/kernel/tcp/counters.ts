/** /proc/net/snmp's line of TCP, in the kernel's order. */
import type { TcpMib } from "./protocol.ts";

export function tcpCounters(m: TcpMib): Map<string, number> {
  const out = new Map<string, number>([["RtoAlgorithm", 1], ["RtoMin", 200], ["RtoMax", 120000], ["MaxConn", -1]]);
  for (const k of ["ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "CurrEstab", "InSegs", "OutSegs", "RetransSegs", "InErrs", "OutRsts", "InCsumErrors"] as const) out.set(k, m[k]);
  return out;
}
