/** Sequence numbers: modulo 2^32, RFC 9293 §3.4. All are unsigned numbers. */

export function before(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
export function after(a: number, b: number): boolean {
  return ((b - a) | 0) < 0;
}
export function plus(a: number, n: number): number {
  return (a + n) >>> 0;
}
/** How far `a` is beyond `b`. */
export function distance(a: number, b: number): number {
  return (a - b) >>> 0;
}
export function later(a: number, b: number): number {
  return before(a, b) ? b : a;
}

/** `x` doubled `times` times, as timers back off. */
export function doubled(x: number, times: number): number {
  let y = x;
  for (let i = 0; i < times && y < 0x1_0000_0000_0000; i++) y *= 2;
  return y;
}
