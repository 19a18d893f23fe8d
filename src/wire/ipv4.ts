/**
 * IPv4 header: 20 to 60 octets. RFC 791 §3.1, TOS as RFC 2474 DS field and RFC 3168 ECN.
 *   |ver 4|ihl 4|  tos 8  |     total length 16      |
 *   |   identification 16 |flags 3| fragment off. 13 |
 *   |  ttl 8  | protocol 8|     header checksum      |
 *   |               source address                   |
 *   |             destination address                |
 */
export const IPV4_MIN_LEN = 20;
export const IPV4 = { verIhl: 0, tos: 1, totalLength: 2, id: 4, fragment: 6, ttl: 8, protocol: 9, checksum: 10, src: 12, dst: 16, options: 20 } as const;
/** Bits of the flags-and-offset word. */
export const IP_DF = 0x4000;
export const IP_MF = 0x2000;
export const IP_OFFSET_MASK = 0x1fff;

export const IPPROTO = { ICMP: 1, IGMP: 2, IPIP: 4, TCP: 6, UDP: 17, IPV6: 41, GRE: 47, ICMPV6: 58, OSPF: 89, VRRP: 112, RAW: 255 } as const;
/** RFC 791 options: type octets with their copy bit. */
export const IPOPT = { EOL: 0, NOP: 1, RR: 7, TS: 68, LSRR: 131, SSRR: 137, RA: 148 } as const;

export function formatIpv4(a: number): string {
  return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
}

/** Exactly four decimal numbers from 0 to 255; undefined when it is anything else. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let a = 0;
  for (const p of parts) {
    if (!/^[0-9]{1,3}$/.test(p) || Number(p) > 255) return undefined;
    a = a * 256 + Number(p);
  }
  return a;
}

/** The mask of a prefix length, 0 to 32. */
export function maskOf(prefixLen: number): number {
  return prefixLen === 0 ? 0 : (0xffffffff << (32 - prefixLen)) >>> 0;
}

export const INADDR_ANY = 0;
export const INADDR_BROADCAST = 0xffffffff;
export function isMulticast(a: number): boolean {
  return a >>> 28 === 0xe;
}
export function isLoopback(a: number): boolean {
  return a >>> 24 === 127;
}
export function isZeronet(a: number): boolean {
  return a >>> 24 === 0;
}
/** 169.254.0.0/16, RFC 3927. */
export function isLinkLocal(a: number): boolean {
  return a >>> 16 === 0xa9fe;
}
