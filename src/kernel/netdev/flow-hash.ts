/**
 * Hash of the flow a frame belongs to: net/core/flow_dissector.c. Both directions of a flow have the same one. The kernel's is keyed
 * at random; here the key is constant, so that a session can be repeated.
 */
import { ETHERTYPE } from "../../wire/ethernet.ts";
import { IP_MF, IP_OFFSET_MASK, IPPROTO } from "../../wire/ipv4.ts";
import { getU16, getU32 } from "../../base/bytes.ts";

export function mix(h: number, v: number): number {
  let x = Math.imul(h ^ v, 0x85ebca6b);
  x ^= x >>> 13;
  x = Math.imul(x, 0xc2b2ae35);
  return x ^ (x >>> 16);
}

const hasPorts = (protocol: number): boolean => protocol === IPPROTO.TCP || protocol === IPPROTO.UDP || protocol === 132 || protocol === 33;

/** skb_get_hash of an Ethernet frame at `at`: 32 bits, never 0. */
export function flowHash(b: Uint8Array, at: number, end: number): number {
  let type = getU16(b, at + 12);
  let l3 = at + 14;
  let h = 0x9e3779b9;
  while ((type === ETHERTYPE.VLAN || type === ETHERTYPE.QINQ) && l3 + 4 <= end) {
    h = mix(h, getU16(b, l3) & 0xfff);
    type = getU16(b, l3 + 2);
    l3 += 4;
  }
  h = mix(h, type);
  if (type === ETHERTYPE.IPV4 && l3 + 20 <= end) h = ipv4Flow(b, l3, end, h);
  else if (type === ETHERTYPE.IPV6 && l3 + 40 <= end) h = ipv6Flow(b, l3, end, h);
  return h >>> 0 || 1;
}

function ports(b: Uint8Array, at: number, h: number, swap: boolean): number {
  const [x, y] = [getU16(b, at), getU16(b, at + 2)];
  return mix(h, swap ? ((y << 16) | x) >>> 0 : ((x << 16) | y) >>> 0);
}

/** __flow_hash_consistentify: the lower address first, and its port with it. */
function ipv4Flow(b: Uint8Array, l3: number, end: number, start: number): number {
  const [src, dst] = [getU32(b, l3 + 12), getU32(b, l3 + 16)];
  const protocol = b[l3 + 9]!;
  const l4 = l3 + (b[l3]! & 15) * 4;
  const isFragment = (getU16(b, l3 + 6) & (IP_MF | IP_OFFSET_MASK)) !== 0;
  const withPorts = !isFragment && hasPorts(protocol) && l4 + 4 <= end;
  const swap = dst < src || (dst === src && withPorts && getU16(b, l4 + 2) < getU16(b, l4));
  const h = mix(mix(mix(start, protocol), swap ? dst : src), swap ? src : dst);
  return withPorts ? ports(b, l4, h, swap) : h;
}

function ipv6Flow(b: Uint8Array, l3: number, end: number, start: number): number {
  let order = 0;
  for (let i = 0; i < 16 && order === 0; i++) order = b[l3 + 8 + i]! - b[l3 + 24 + i]!;
  const next = b[l3 + 6]!;
  let h = mix(start, next);
  for (let i = 0; i < 16; i += 4) h = mix(h, getU32(b, l3 + (order > 0 ? 24 : 8) + i));
  for (let i = 0; i < 16; i += 4) h = mix(h, getU32(b, l3 + (order > 0 ? 8 : 24) + i));
  return hasPorts(next) && l3 + 44 <= end ? ports(b, l3 + 40, h, order > 0) : h;
}
