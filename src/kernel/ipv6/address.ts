/** IPv6 addresses as the stack handles them: sixteen octets anywhere in a block, compared and hashed in place. RFC 4291. */
import { getU32, setU32 } from "../../base/bytes.ts";
import type { Scope } from "../api.ts";
import type { Ipv6 } from "../api6.ts";

const bytes = (...b: number[]): Ipv6 => {
  const out = new Uint8Array(16);
  // Before the gap, then after it: the last number fills the end.
  for (let i = 0; i < b.length - 1; i++) out[i] = b[i]!;
  out[15] = b[b.length - 1]!;
  return out;
};
export const ANY6 = new Uint8Array(16);
export const LOOPBACK6 = bytes(0, 1);
export const ALL_NODES = bytes(0xff, 0x02, 1);
export const INTERFACE_ALL_NODES = bytes(0xff, 0x01, 1);
export const ALL_ROUTERS = bytes(0xff, 0x02, 2);
export const INTERFACE_ALL_ROUTERS = bytes(0xff, 0x01, 2);
export const SITE_ALL_ROUTERS = bytes(0xff, 0x05, 2);
export const ALL_MLDV2_ROUTERS = bytes(0xff, 0x02, 0x16);
export const LINK_LOCAL_PREFIX = bytes(0xfe, 0x80, 0);

/** Scopes of RFC 4291 §2.7, which RFC 6724 compares. */
export const SCOPE6 = { NODE: 1, LINK: 2, SITE: 5, GLOBAL: 14 } as const;

export function eq6(a: Uint8Array, at: number, b: Uint8Array, bt: number): boolean {
  for (let i = 15; i >= 0; i--) if (a[at + i] !== b[bt + i]) return false;
  return true;
}
export function same6(a: Ipv6, b: Ipv6): boolean {
  return eq6(a, 0, b, 0);
}
/** A number for a table. */
export function hash6(b: Uint8Array, at: number): number {
  return Math.imul(getU32(b, at) ^ Math.imul(getU32(b, at + 4), 0x9e3779b1), 0x85ebca6b) ^ Math.imul(getU32(b, at + 8) ^ Math.imul(getU32(b, at + 12), 0xc2b2ae35), 0x27d4eb2f);
}

export function isAny6(b: Uint8Array, at = 0): boolean {
  return eq6(b, at, ANY6, 0);
}
export function isLoopback6(b: Uint8Array, at = 0): boolean {
  return eq6(b, at, LOOPBACK6, 0);
}
export function isMulticast6(b: Uint8Array, at = 0): boolean {
  return b[at] === 0xff;
}
export function isLinkLocal6(b: Uint8Array, at = 0): boolean {
  return b[at] === 0xfe && (b[at + 1]! & 0xc0) === 0x80;
}
/** Needs a device to mean anything: rt6_need_strict. */
export function needsDevice(b: Uint8Array, at = 0): boolean {
  return isLinkLocal6(b, at) || (isMulticast6(b, at) && (b[at + 1]! & 15) <= SCOPE6.LINK) || isLoopback6(b, at);
}
/** ::ffff:0:0/96. */
export function isMapped6(b: Uint8Array, at = 0): boolean {
  return getU32(b, at) === 0 && getU32(b, at + 4) === 0 && getU32(b, at + 8) === 0xffff;
}

/** ipv6_addr_src_scope. */
export function scopeOf6(b: Uint8Array, at = 0): number {
  if (isMulticast6(b, at)) return b[at + 1]! & 15;
  if (isLinkLocal6(b, at) || isLoopback6(b, at)) return isLoopback6(b, at) ? SCOPE6.NODE : SCOPE6.LINK;
  if (b[at] === 0xfe && (b[at + 1]! & 0xc0) === 0xc0) return SCOPE6.SITE;
  return SCOPE6.GLOBAL;
}
/** rt_scope: as netlink names it. */
export function rtScope(a: Ipv6): Scope {
  const s = scopeOf6(a);
  return s === SCOPE6.NODE ? "host" : s === SCOPE6.LINK ? "link" : s === SCOPE6.SITE ? "site" : "global";
}

/** Whether the first `len` bits agree. */
export function inPrefix6(b: Uint8Array, at: number, prefix: Uint8Array, len: number): boolean {
  const whole = len >> 3;
  for (let i = 0; i < whole; i++) if (b[at + i] !== prefix[i]) return false;
  const rest = len & 7;
  return rest === 0 || ((b[at + whole]! ^ prefix[whole]!) & (0xff00 >> rest) & 0xff) === 0;
}
/** How many leading bits agree: ipv6_addr_diff. */
export function commonBits(a: Uint8Array, at: number, b: Uint8Array, bt: number): number {
  for (let i = 0; i < 16; i += 4) {
    const x = (getU32(a, at + i) ^ getU32(b, bt + i)) >>> 0;
    if (x !== 0) return i * 8 + Math.clz32(x);
  }
  return 128;
}
export function prefixOf(a: Ipv6, len: number): Ipv6 {
  const out = a.slice();
  for (let i = 0; i < 4; i++) {
    const bits = Math.min(Math.max(len - 32 * i, 0), 32);
    if (bits === 0) setU32(out, 4 * i, 0);
    else if (bits < 32) setU32(out, 4 * i, (getU32(out, 4 * i) & (0xffffffff << (32 - bits))) >>> 0);
  }
  return out;
}

/** RFC 4291 §2.7.1. */
export function solicitedNode(a: Uint8Array, at = 0): Ipv6 {
  const out = bytes(0xff, 0x02, 0);
  out[11] = 1;
  out[12] = 0xff;
  out.set(a.subarray(at + 13, at + 16), 13);
  return out;
}
/** RFC 4291 appendix A. */
export function eui64(prefix: Ipv6, mac: Uint8Array): Ipv6 {
  const out = prefix.slice();
  out.set([mac[0]! ^ 2, mac[1]!, mac[2]!, 0xff, 0xfe, mac[3]!, mac[4]!, mac[5]!], 8);
  return out;
}
/** 33:33 and the last four octets, RFC 2464 §7. */
export function groupMac(a: Uint8Array, at = 0): Uint8Array {
  return Uint8Array.of(0x33, 0x33, a[at + 12]!, a[at + 13]!, a[at + 14]!, a[at + 15]!);
}

/** Values by address, found without making a key. */
export class Map6<V> {
  private readonly chains = new Map<number, { key: Ipv6; value: V }[]>();
  size = 0;

  get(b: Uint8Array, at = 0): V | undefined {
    const chain = this.chains.get(hash6(b, at));
    if (chain !== undefined) for (let i = 0; i < chain.length; i++) if (eq6(chain[i]!.key, 0, b, at)) return chain[i]!.value;
    return undefined;
  }
  set(key: Ipv6, value: V): void {
    const h = hash6(key, 0);
    const chain = this.chains.get(h);
    const old = chain?.find((e) => same6(e.key, key));
    if (old !== undefined) old.value = value;
    else {
      this.size++;
      if (chain === undefined) this.chains.set(h, [{ key: key.slice(), value }]);
      else chain.push({ key: key.slice(), value });
    }
  }
  delete(key: Uint8Array): boolean {
    const h = hash6(key, 0);
    const chain = this.chains.get(h);
    const at = chain?.findIndex((e) => same6(e.key, key)) ?? -1;
    if (at < 0) return false;
    chain!.splice(at, 1);
    if (chain!.length === 0) this.chains.delete(h);
    this.size--;
    return true;
  }
  clear(): void {
    this.chains.clear();
    this.size = 0;
  }
  entries(): { key: Ipv6; value: V }[] {
    return [...this.chains.values()].flat();
  }
}
