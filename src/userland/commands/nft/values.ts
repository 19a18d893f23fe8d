/** Values of nft's data types, read and written: src/datatype.c, src/ct.c, src/meta.c of nftables 1.0.6. */
import type { NftScalar, NftType, NftValue } from "../../../kernel/netfilter/nft.ts";
import { formatIpv4, parseIpv4 } from "../../../wire/ipv4.ts";
import type { Process } from "../../process.ts";
import { serviceByName } from "../../resolver.ts";
import { NftError, type Token } from "./lexer.ts";

type Names = readonly (readonly [string, number])[];

const NAMES: Partial<Record<NftType, Names>> = {
  inet_proto: [["ip", 0], ["icmp", 1], ["igmp", 2], ["tcp", 6], ["udp", 17], ["gre", 47], ["esp", 50], ["ah", 51], ["ipv6-icmp", 58], ["icmpv6", 58], ["ospf", 89], ["sctp", 132], ["udplite", 136]],
  ct_state: [["invalid", 1], ["established", 2], ["related", 4], ["new", 8], ["untracked", 64]],
  ct_dir: [["original", 0], ["reply", 1]],
  ct_status: [["expected", 1], ["seen-reply", 2], ["assured", 4], ["confirmed", 8], ["snat", 16], ["dnat", 32], ["dying", 512]],
  icmp_type: [["echo-reply", 0], ["destination-unreachable", 3], ["source-quench", 4], ["redirect", 5], ["echo-request", 8], ["router-advertisement", 9], ["router-solicitation", 10], ["time-exceeded", 11], ["parameter-problem", 12], ["timestamp-request", 13], ["timestamp-reply", 14], ["info-request", 15], ["info-reply", 16], ["address-mask-request", 17], ["address-mask-reply", 18]],
  icmp_code: [["net-unreachable", 0], ["host-unreachable", 1], ["prot-unreachable", 2], ["port-unreachable", 3], ["frag-needed", 4], ["net-prohibited", 9], ["host-prohibited", 10], ["admin-prohibited", 13]],
  pkt_type: [["host", 0], ["unicast", 0], ["broadcast", 1], ["multicast", 2], ["other", 3]],
  fib_addrtype: [["unspec", 0], ["unicast", 1], ["local", 2], ["broadcast", 3], ["anycast", 4], ["multicast", 5], ["blackhole", 6], ["unreachable", 7], ["prohibit", 8]],
  tcp_flag: [["fin", 1], ["syn", 2], ["rst", 4], ["psh", 8], ["ack", 16], ["urg", 32], ["ecn", 64], ["cwr", 128]],
  dscp: [["cs0", 0], ["cs1", 8], ["cs2", 16], ["cs3", 24], ["cs4", 32], ["cs5", 40], ["cs6", 48], ["cs7", 56], ["af11", 10], ["af12", 12], ["af13", 14], ["af21", 18], ["af22", 20], ["af23", 22], ["af31", 26], ["af32", 28], ["af33", 30], ["af41", 34], ["af42", 36], ["af43", 38], ["ef", 46]],
  ether_type: [["ip", 0x800], ["arp", 0x806], ["ip6", 0x86dd], ["vlan", 0x8100]],
  nf_proto: [["ipv4", 2], ["ipv6", 10]],
};

export const TYPES: ReadonlySet<string> = new Set(["ipv4_addr", "inet_proto", "inet_service", "ifname", "iface_index", "mark", "ct_state", "ct_dir", "ct_status", "icmp_type", "icmp_code", "integer", "ether_addr", "pkt_type", "fib_addrtype", "tcp_flag", "dscp", "ether_type"]);

const MAX: Partial<Record<NftType, number>> = { inet_proto: 255, inet_service: 65535, icmp_type: 255, icmp_code: 255, dscp: 63 };

/** One plain value. `max`: of the field it is for. */
export function scalar(proc: Process, type: NftType, t: Token, max?: number): NftScalar {
  const number = t.kind === "number" ? Number(t.text) : undefined;
  switch (type) {
    case "ipv4_addr": {
      const a = t.kind === "ip" ? parseIpv4(t.text) : undefined;
      if (a === undefined) throw new NftError("Could not resolve hostname: Name or service not known", t);
      return a;
    }
    case "ifname":
      return t.text;
    case "iface_index": {
      const link = proc.netns.rtnl.link(t.text);
      if (link === undefined) throw new NftError("Interface does not exist", t);
      return link.ifindex;
    }
    case "ether_addr":
      if (t.kind !== "mac") throw new NftError("Expected Ethernet address", t);
      return t.text.toLowerCase();
    default: {
      const named = number ?? NAMES[type]?.find(([n]) => n === t.text)?.[1];
      if (named !== undefined) {
        const top = MAX[type];
        if (type === "inet_service" && named > 65535) throw new NftError("Service out of range", t);
        const limit = top ?? max;
        if (limit !== undefined && named > limit) throw new NftError(`Value ${named} exceeds valid range 0-${limit}`, t);
        return named;
      }
      if (type === "inet_service") {
        const s = serviceByName(proc, t.text);
        if (s === undefined) throw new NftError("Could not resolve service: Servname not supported for ai_socktype", t);
        return s;
      }
      if (type === "inet_proto") throw new NftError("Could not resolve protocol name", t);
      if (type === "mark" || type === "integer") throw new NftError("Could not parse integer", t);
      throw new NftError(`Could not parse ${type}`, t);
    }
  }
}

export function scalarText(proc: Process, type: NftType, v: NftScalar, numeric: boolean): string {
  if (type === "ipv4_addr") return formatIpv4(v as number);
  if (type === "ifname") return `"${v}"`;
  if (type === "iface_index") return `"${proc.netns.rtnl.link(v as number)?.name ?? v}"`;
  if (type === "mark") return `0x${(v as number).toString(16).padStart(8, "0")}`;
  if (typeof v === "string") return v;
  if (numeric) return type === "ct_state" || type === "tcp_flag" ? `0x${v.toString(16)}` : String(v);
  const named = NAMES[type]?.find(([, n]) => n === v)?.[0];
  if (named !== undefined) return named;
  return type === "dscp" ? `0x${v.toString(16).padStart(2, "0")}` : String(v);
}

export function valueText(proc: Process, type: NftType, v: NftValue, numeric: boolean): string {
  switch (v.k) {
    case "value": return scalarText(proc, type, v.v, numeric);
    case "range": return `${scalarText(proc, type, v.lo, numeric)}-${scalarText(proc, type, v.hi, numeric)}`;
    case "prefix": return `${formatIpv4(v.addr)}/${v.len}`;
    case "name": return `"${v.prefix}*"`;
  }
}

/** Names of the bits, in their order. */
export function flagsText(type: NftType, bits: number, numeric: boolean): string {
  if (numeric) return `0x${bits.toString(16)}`;
  return (NAMES[type] ?? []).filter(([, b]) => (bits & b) !== 0).map(([n]) => n).join(",");
}

/** "1h", "1d2h3m4s" in seconds. */
export function parseTime(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text);
  if (!/^(\d+[wdhms])+$/.test(text)) return undefined;
  const unit: Readonly<Record<string, number>> = { w: 604800, d: 86400, h: 3600, m: 60, s: 1 };
  return [...text.matchAll(/(\d+)([wdhms])/g)].reduce((n, m) => n + Number(m[1]) * unit[m[2]!]!, 0);
}

export function timeText(seconds: number): string {
  let s = seconds;
  let out = "";
  for (const [letter, n] of [["d", 86400], ["h", 3600], ["m", 60]] as const) {
    if (s >= n) out += `${Math.floor(s / n)}${letter}`;
    s %= n;
  }
  return s > 0 || out === "" ? `${out}${s}s` : out;
}
