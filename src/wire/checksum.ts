/** The Internet checksum: RFC 1071, updated in place by RFC 1624 eqn. 3. */

/** One's-complement sum of 16-bit words, not folded. An odd last octet is padded with zero. `start` continues a sum. */
export function sumWords(b: Uint8Array, from: number, to: number, start = 0): number {
  let sum = start;
  const even = to - ((to - from) & 1);
  for (let i = from; i < even; i += 2) sum += (b[i]! << 8) | b[i + 1]!;
  if (even < to) sum += b[even]! << 8;
  return sum;
}

/** Folds a sum to 16 bits and complements it: the value for the checksum field. */
export function finish(sum: number): number {
  let s = sum;
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x10000);
  return ~s & 0xffff;
}

/** Sum over the IPv4 pseudo header, RFC 768. `length` is that of the transport header and data. */
export function pseudoHeaderSum(src: number, dst: number, protocol: number, length: number): number {
  return (src >>> 16) + (src & 0xffff) + (dst >>> 16) + (dst & 0xffff) + protocol + length;
}

/** The checksum field after one 16-bit word changed from `old` to `now`. */
export function updated(checksum: number, old: number, now: number): number {
  let s = (~checksum & 0xffff) + (~old & 0xffff) + now;
  s = (s & 0xffff) + (s >>> 16);
  s = (s & 0xffff) + (s >>> 16);
  return ~s & 0xffff;
}
