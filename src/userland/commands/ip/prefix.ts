/** Addresses and prefixes as iproute2 reads them (get_addr, get_prefix of lib/utils.c). */
import type { Ipv6 } from "../../../kernel/api.ts";
import { formatIpv4, maskOf } from "../../../wire/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../../../wire/ipv6.ts";
import { dottedQuad, Leave, unsigned } from "./args.ts";

/** 0: none was asked for. "link": AF_PACKET, `ip -0`. */
export type Family = 0 | 4 | 6 | "link";

export interface Prefix {
  /** Of "default", "all" and "any": the family that was asked for. */
  family: Family;
  addr: number;
  /** Of family 6: the address itself; `addr` is 0 then. */
  addr6?: Ipv6;
  len: number;
  /** "/N" stood there, or it is "default". */
  given: boolean;
  /** Octets of the address: 0 for "all" and "any", and for "default" without a family. */
  octets: number;
}

const FAMILY_NAME = { 0: "any valid", 4: "inet", 6: "inet6", link: "link" } as const;

/** inet_pton(AF_INET6, ...) takes it. */
export function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  let groups = 0;
  for (const half of halves) {
    if (half === "") {
      if (halves.length === 1) return false;
      continue;
    }
    const parts = half.split(":");
    for (let i = 0; i < parts.length; i++) {
      const last = half === halves[halves.length - 1] && i === parts.length - 1;
      if (last && /^\d{1,3}(\.\d{1,3}){3}$/.test(parts[i]!) && parts[i]!.split(".").every((o) => Number(o) <= 255)) groups += 2;
      else if (/^[0-9a-fA-F]{1,4}$/.test(parts[i]!)) groups++;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}

function parse(text: string, family: Family): Prefix | undefined {
  if (text === "default") return { family, addr: 0, len: 0, given: true, octets: family === 4 ? 4 : family === 6 ? 16 : 0 };
  if (text === "all" || text === "any") return { family, addr: 0, len: 0, given: false, octets: 0 };
  if (text.includes(":")) {
    if (family !== 0 && family !== 6) return undefined;
    return isIpv6(text) ? { family: 6, addr: 0, addr6: parseIpv6(text)!, len: 128, given: false, octets: 16 } : undefined;
  }
  if (family !== 0 && family !== 4) return undefined;
  const addr = dottedQuad(text);
  return addr === undefined ? undefined : { family: 4, addr, len: 32, given: false, octets: 4 };
}

/** A length, or a netmask in dotted form. */
function prefixLength(text: string): number | undefined {
  const n = unsigned(text);
  if (n !== undefined) return n;
  const mask = dottedQuad(text);
  if (mask === undefined) return undefined;
  const host = ~mask >>> 0;
  return (host & (host + 1)) === 0 ? Math.clz32(host) : undefined;
}

export function tryPrefix(text: string, family: Family): Prefix | undefined {
  const slash = text.indexOf("/");
  const p = parse(slash < 0 ? text : text.slice(0, slash), family);
  if (!p || slash < 0) return p;
  const len = prefixLength(text.slice(slash + 1));
  if (p.octets === 0 || (p.given && p.len === 0) || len === undefined || len > p.octets * 8) return undefined;
  return { ...p, len, given: true };
}

export function getPrefix(text: string, family: Family): Prefix {
  if (family === "link") throw new Leave(1, `Error: "${text}" may be inet prefix, but it is not allowed in this context.\n`);
  const p = tryPrefix(text, family);
  if (!p) throw new Leave(1, `Error: ${FAMILY_NAME[family]} prefix is expected rather than "${text}".\n`);
  return p;
}

export function getAddr(text: string, family: Family): Prefix {
  const p = parse(text, family);
  if (!p) throw new Leave(1, `Error: ${FAMILY_NAME[family]} address is expected rather than "${text}".\n`);
  return p;
}

/** The first `bits` bits agree. */
export function sameNet(a: number, b: number, bits: number): boolean {
  const mask = maskOf(bits);
  return ((a ^ b) & mask) === 0;
}

/** inet_addr_match_rta: a filter that was not given, or of length 0, lets everything through. */
export function inFilter(addr: number, filter: Prefix | undefined): boolean {
  return !filter || filter.family === 0 || filter.len <= 0 || sameNet(addr, filter.addr, filter.len);
}

/** The address of family 6; "default", "all" and "any" are ::. */
export function v6Of(p: Prefix): Ipv6 {
  return p.addr6 ?? new Uint8Array(16);
}

export function sameNet6(a: Ipv6, b: Ipv6, bits: number): boolean {
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  return (bits & 7) === 0 || ((a[whole]! ^ b[whole]!) & (0xff00 >> (bits & 7)) & 0xff) === 0;
}

/** inFilter for IPv6. */
export function inFilter6(addr: Ipv6, filter: Prefix | undefined): boolean {
  return !filter || filter.family === 0 || filter.len <= 0 || sameNet6(addr, v6Of(filter), filter.len);
}

export function formatPrefix6(addr: Ipv6, len: number): string {
  return len === 128 ? formatIpv6(addr) : `${formatIpv6(addr)}/${len}`;
}

/** "10.0.0.0/24"; a host without its length. */
export function formatPrefix(addr: number, len: number): string {
  return len === 32 ? formatIpv4(addr) : `${formatIpv4(addr)}/${len}`;
}
