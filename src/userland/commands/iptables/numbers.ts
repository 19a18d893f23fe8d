/** Numbers, ports, addresses and names as iptables reads and writes them: libxtables/xtables.c. */
import { formatIpv4, maskOf, parseIpv4 } from "../../../wire/ipv4.ts";
import { protocolByName, serviceByName, serviceByPort } from "../../resolver.ts";
import type { Process } from "../../process.ts";
import { wrong } from "./fail.ts";

/** strtoul(3) with base 0, within bounds; undefined: not a number, or out of them. */
export function parseUint(text: string, max = 0xffffffff): number | undefined {
  const m = /^\s*\+?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(text);
  if (m === null) return undefined;
  const t = m[1]!;
  const n = /^0[0-7]+$/.test(t) ? Number.parseInt(t, 8) : Number(t);
  return n <= max ? n : undefined;
}

export function hexText(n: number): string {
  return `0x${(n >>> 0).toString(16)}`;
}

export function parsePort(proc: Process, text: string, protocol: "tcp" | "udp" | undefined): number {
  const n = parseUint(text, 65535);
  if (n !== undefined) return n;
  const s = serviceByName(proc, text, protocol);
  if (s !== undefined) return s;
  return wrong(`invalid port/service \`${text}' specified`);
}

export function parsePortRange(proc: Process, text: string, protocol: "tcp" | "udp" | undefined): { low: number; high: number } {
  const colon = text.indexOf(":");
  if (colon < 0) {
    const p = parsePort(proc, text, protocol);
    return { low: p, high: p };
  }
  const low = colon === 0 ? 0 : parsePort(proc, text.slice(0, colon), protocol);
  const high = colon === text.length - 1 ? 65535 : parsePort(proc, text.slice(colon + 1), protocol);
  if (low > high) wrong("invalid portrange (min > max)");
  return { low, high };
}

export function portName(proc: Process, port: number, protocol: number, numeric: boolean): string {
  const name = numeric || (protocol !== 6 && protocol !== 17) ? undefined : serviceByPort(proc, port, protocol === 6 ? "tcp" : "udp");
  return name ?? String(port);
}

/** Protocols that iptables knows by itself, whatever /etc/protocols says: xtables_chain_protos. */
const PROTOCOLS: readonly (readonly [string, number])[] = [
  ["tcp", 6], ["sctp", 132], ["udp", 17], ["udplite", 136], ["icmp", 1], ["icmpv6", 58], ["ipv6-icmp", 58], ["esp", 50], ["ah", 51], ["ipv6-mh", 135], ["mh", 135], ["all", 0],
];
/** Others of Debian's /etc/protocols. */
const MORE_PROTOCOLS: readonly (readonly [string, number])[] = [["igmp", 2], ["ipencap", 4], ["gre", 47], ["ospf", 89], ["dccp", 33], ["ipip", 94], ["pim", 103], ["vrrp", 112], ["l2tp", 115]];

export function parseProtocol(proc: Process, text: string): number {
  const n = parseUint(text, 255);
  if (n !== undefined) return n;
  const lower = text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
  const known = PROTOCOLS.find(([name]) => name === lower)?.[1] ?? protocolByName(proc, lower) ?? MORE_PROTOCOLS.find(([name]) => name === lower)?.[1];
  return known ?? wrong(`unknown protocol "${text}" specified`);
}

/** Of a rule in `-S` and without -n. */
export function protocolText(n: number): string {
  if (n === 0) return "all";
  return PROTOCOLS.find(([, p]) => p === n)?.[0] ?? MORE_PROTOCOLS.find(([, p]) => p === n)?.[0] ?? String(n);
}

/** "10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.1": the network and its mask. */
export function parseAddrMask(text: string): { addr: number; mask: number } {
  const slash = text.indexOf("/");
  const host = slash < 0 ? text : text.slice(0, slash);
  const tail = slash < 0 ? undefined : text.slice(slash + 1);
  let mask = 0xffffffff;
  if (tail !== undefined) {
    const bits = /^[0-9]+$/.test(tail) ? Number(tail) : undefined;
    const dotted = tail.includes(".") ? parseIpv4(tail) : undefined;
    if (bits !== undefined && bits <= 32) mask = maskOf(bits);
    else if (dotted !== undefined) mask = dotted;
    else wrong(`invalid mask \`${tail}' specified`);
  }
  const addr = host === "localhost" ? 0x7f000001 : parseLoose(host);
  if (addr === undefined) return wrong(`host/network \`${host}' not found`);
  return { addr: (addr & mask) >>> 0, mask: mask >>> 0 };
}

/** xtables_numeric_to_ipaddr and parse_ipaddr: missing octets are zero, as in "10/8". */
function parseLoose(text: string): number | undefined {
  if (!/^[0-9]+(\.[0-9]+){0,3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((p) => p > 255)) return undefined;
  while (parts.length < 4) parts.push(0);
  return ((parts[0]! << 24) | (parts[1]! << 16) | (parts[2]! << 8) | parts[3]!) >>> 0;
}

/** Bits of a mask; undefined: it has holes. */
export function prefixLength(mask: number): number | undefined {
  for (let i = 0; i <= 32; i++) if (maskOf(i) >>> 0 === mask >>> 0) return i;
  return undefined;
}

/** In -S: always with its mask. */
export function addrMaskText(addr: number, mask: number): string {
  return `${formatIpv4(addr)}/${prefixLength(mask) ?? formatIpv4(mask)}`;
}

/** In -L -n: without one when it is a single address. */
export function addrListText(addr: number, mask: number): string {
  const bits = prefixLength(mask);
  return bits === 32 ? formatIpv4(addr) : `${formatIpv4(addr)}/${bits ?? formatIpv4(mask)}`;
}

/** xtables_save_string: quoted when something in it asks for quotes. */
export function saveString(text: string): string {
  if (text !== "" && /^[-_0-9a-zA-Z]*$/.test(text)) return text;
  return `"${text.replace(/["\\']/g, (c) => `\\${c}`)}"`;
}
