/** A connection as /proc/net/nf_conntrack and the reason stream write it: net/netfilter/nf_conntrack_standalone.c. */
import { formatIpv4, IPPROTO } from "../../wire/ipv4.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { type Conn, IPS, type Tuple } from "./entry.ts";
import { TCP_STATES } from "./tcp.ts";

export function protocolName(protocol: number): string {
  switch (protocol) {
    case IPPROTO.ICMP: return "icmp";
    case IPPROTO.TCP: return "tcp";
    case IPPROTO.UDP: return "udp";
    case 33: return "dccp";
    case 47: return "gre";
    case 58: return "icmpv6";
    case 132: return "sctp";
    case 136: return "udplite";
    default: return "unknown";
  }
}

export function tupleText(t: Tuple): string {
  const addresses = `src=${formatIpv4(t.src >>> 0)} dst=${formatIpv4(t.dst >>> 0)}`;
  switch (t.ct.protocol) {
    case IPPROTO.ICMP:
      return `${addresses} type=${t.dport >> 8} code=${t.dport & 255} id=${t.sport}`;
    case IPPROTO.TCP: case IPPROTO.UDP: case 33: case 132: case 136:
      return `${addresses} sport=${t.sport} dport=${t.dport}`;
    default:
      return addresses;
  }
}

export function stateText(ct: Conn): string {
  return ct.tcp === undefined ? "" : TCP_STATES[ct.tcp.state]!;
}

/** A line of /proc/net/nf_conntrack: ct_seq_show(). */
export function procLine(ct: Conn, now: Nanos): string {
  const state = stateText(ct);
  const left = Math.max(0, Math.floor((ct.expires - now) / SECOND));
  return `ipv4     2 ${protocolName(ct.protocol).padEnd(8)} ${ct.protocol} ${left} ${state === "" ? "" : `${state} `}${tupleText(ct.original)} ${(ct.status & IPS.SEEN_REPLY) === 0 ? "[UNREPLIED] " : ""}${tupleText(ct.reply)} ${(ct.status & IPS.ASSURED) !== 0 ? "[ASSURED] " : ""}mark=${ct.mark} zone=${ct.zone} use=2`;
}

/** Without what time changes. */
export function describeConn(ct: Conn): string {
  const state = stateText(ct);
  return `${protocolName(ct.protocol)} ${state === "" ? "" : `${state} `}${tupleText(ct.original)} ${(ct.status & IPS.SEEN_REPLY) === 0 ? "[UNREPLIED] " : ""}${tupleText(ct.reply)}${(ct.status & IPS.ASSURED) !== 0 ? " [ASSURED]" : ""}${ct.mark !== 0 ? ` mark=${ct.mark}` : ""}`;
}
