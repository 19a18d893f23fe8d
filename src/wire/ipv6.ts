/**
 * IPv6 header: 40 octets. RFC 8200 §3. Text of addresses: RFC 4291 §2.2, written as RFC 5952 §4 says.
 *   | ver 4 | traffic class 8 |      flow label 20      |
 *   |   payload length 16     | next header 8 | hop limit 8 |
 *   |                source address 128                 |
 *   |             destination address 128               |
 * Extension headers are payload here: the kernel speaks IPv4, and a capture needs no more than their names.
 */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Cursor, type DecodeError } from "./cursor.ts";
import { formatIpv4, parseIpv4 } from "./ipv4.ts";

export const IPV6_LEN = 40;
export const IPV6 = { first: 0, payloadLength: 4, nextHeader: 6, hopLimit: 7, src: 8, dst: 24 } as const;
/** Next headers that are extension headers. RFC 8200 §4. */
export const IPV6_EXT = { HOP_BY_HOP: 0, ROUTING: 43, FRAGMENT: 44, DEST_OPTS: 60 } as const;
export const NO_NEXT_HEADER = 59;

/** View over at least IPV6_LEN octets. */
export class Ipv6View {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get version(): number {
    return this.bytes[0]! >> 4;
  }
  get trafficClass(): number {
    return (getU16(this.bytes, 0) >> 4) & 255;
  }
  get flowLabel(): number {
    return getU32(this.bytes, 0) & 0xfffff;
  }
  get payloadLength(): number {
    return getU16(this.bytes, IPV6.payloadLength);
  }
  get nextHeader(): number {
    return this.bytes[IPV6.nextHeader]!;
  }
  get hopLimit(): number {
    return this.bytes[IPV6.hopLimit]!;
  }
  get src(): Uint8Array {
    return this.bytes.subarray(IPV6.src, IPV6.src + 16);
  }
  get dst(): Uint8Array {
    return this.bytes.subarray(IPV6.dst, IPV6.dst + 16);
  }
}

/** Addresses are 16 octets. */
export interface Ipv6Header {
  trafficClass: number;
  flowLabel: number;
  nextHeader: number;
  hopLimit: number;
  src: Uint8Array;
  dst: Uint8Array;
}

/** @returns the header and its payload, cut to the payload length; both alias `bytes`. Jumbograms (RFC 2675) are refused. */
export function parseIpv6Packet(bytes: Uint8Array): Result<{ header: Ipv6Header; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(bytes, "ipv6");
  const first = c.u32();
  if (first >>> 28 !== 6) c.fail(`version is ${first >>> 28}`, IPV6.first);
  const length = c.u16();
  const header = { trafficClass: (first >>> 20) & 255, flowLabel: first & 0xfffff, nextHeader: c.u8(), hopLimit: c.u8(), src: c.take(16), dst: c.take(16) };
  const payload = c.take(length);
  return c.error ? err(c.error) : ok({ header, payload });
}

/** Writes all IPV6_LEN octets of `out`. */
export function emitIpv6(h: Ipv6Header, payloadLength: number, out: Uint8Array): void {
  setU32(out, IPV6.first, (0x60000000 | (h.trafficClass << 20) | h.flowLabel) >>> 0);
  setU16(out, IPV6.payloadLength, payloadLength);
  out[IPV6.nextHeader] = h.nextHeader;
  out[IPV6.hopLimit] = h.hopLimit;
  out.set(h.src, IPV6.src);
  out.set(h.dst, IPV6.dst);
}

/** Sum over the pseudo header of RFC 8200 §8.1. */
export function pseudoHeaderSum6(src: Uint8Array, dst: Uint8Array, nextHeader: number, length: number): number {
  let sum = (length >>> 16) + (length & 0xffff) + nextHeader;
  for (let i = 0; i < 16; i += 2) sum += getU16(src, i) + getU16(dst, i);
  return sum;
}

/** "2001:db8::1". The longest run of two or more zero groups is shortened, the first of equals. */
export function formatIpv6(b: Uint8Array, at = 0): string {
  const groups = Array.from({ length: 8 }, (_, i) => getU16(b, at + 2 * i));
  let best = 0;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) [best, bestLength] = [i, n];
  }
  // ::ffff:a.b.c.d and ::a.b.c.d, as glibc's inet_ntop(3) writes them.
  if (best === 0 && (bestLength === 6 || (bestLength === 5 && groups[5] === 0xffff)))
    return `::${bestLength === 5 ? "ffff:" : ""}${formatIpv4(getU32(b, at + 12))}`;
  const hex = (from: number, to: number): string => groups.slice(from, to).map((g) => g.toString(16)).join(":");
  return bestLength < 2 ? hex(0, 8) : `${hex(0, best)}::${hex(best + bestLength, 8)}`;
}

/** Any form of RFC 4291 §2.2, without a zone; undefined when it is none. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const out = new Uint8Array(16);
  [...head, ...new Array<number>(missing).fill(0), ...tail].forEach((g, i) => setU16(out, 2 * i, g));
  return out;
}

/** Groups between colons; the last one may be dotted decimal when `dotted`. */
function groupsOf(text: string, dotted: boolean): number[] | undefined {
  if (text === "") return [];
  const out: number[] = [];
  const parts = text.split(":");
  for (let i = 0; i < parts.length; i++) {
    const p = parts[i]!;
    if (dotted && i === parts.length - 1 && p.includes(".")) {
      const a = parseIpv4(p);
      if (a === undefined) return undefined;
      out.push(a >>> 16, a & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(p)) out.push(Number.parseInt(p, 16));
    else return undefined;
  }
  return out;
}
