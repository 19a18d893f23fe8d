/**
 * Octets of a stream between a program and the network, in a ring that grows by doubling. Positions are counted from the oldest octet
 * held. Copies between packets and the ring go octet by octet: a view object for each segment would be garbage for each segment.
 */
const SMALLEST = 4096;

export class OctetRing {
  private bytes = new Uint8Array(0);
  private head = 0;
  /** Octets held from the oldest on, without what lies beyond a gap. */
  length = 0;

  /** Makes room for `n` octets counted from the oldest. */
  private reserve(n: number): void {
    if (n <= this.bytes.length) return;
    let size = Math.max(SMALLEST, this.bytes.length);
    while (size < n) size *= 2;
    const wider = new Uint8Array(size);
    // All of the old ring: out-of-order data lies beyond `length`.
    wider.set(this.bytes.subarray(this.head), 0);
    wider.set(this.bytes.subarray(0, this.head), this.bytes.length - this.head);
    this.bytes = wider;
    this.head = 0;
  }

  /** Behind the last octet. */
  append(data: Uint8Array): void {
    this.reserve(this.length + data.length);
    const size = this.bytes.length;
    const at = (this.head + this.length) & (size - 1);
    const first = Math.min(data.length, size - at);
    this.bytes.set(first === data.length ? data : data.subarray(0, first), at);
    if (first < data.length) this.bytes.set(data.subarray(first), 0);
    this.length += data.length;
  }

  /** Puts octets of a packet at a position, which may lie beyond the last octet held; `length` stays. */
  put(position: number, b: Uint8Array, from: number, n: number): void {
    this.reserve(position + n);
    const ring = this.bytes;
    const mask = ring.length - 1;
    let at = (this.head + position) & mask;
    if (at + n <= ring.length) for (let i = 0; i < n; i++) ring[at + i] = b[from + i]!;
    else
      for (let i = 0; i < n; i++) {
        ring[at] = b[from + i]!;
        at = (at + 1) & mask;
      }
  }

  /** Copies octets into a packet. @returns their sum in 16-bit words, for the checksum: `to` counts as the first, high octet. */
  copyAndSum(position: number, b: Uint8Array, to: number, n: number): number {
    const ring = this.bytes;
    const mask = ring.length - 1;
    let at = (this.head + position) & mask;
    let sum = 0;
    let i = 0;
    if (at + n <= ring.length) {
      const even = n & ~1;
      for (; i < even; i += 2) {
        const high = ring[at + i]!;
        const low = ring[at + i + 1]!;
        b[to + i] = high;
        b[to + i + 1] = low;
        sum += (high << 8) | low;
      }
      if (i < n) {
        b[to + i] = ring[at + i]!;
        sum += ring[at + i]! << 8;
      }
      return sum;
    }
    for (; i < n; i++) {
      const octet = ring[at]!;
      b[to + i] = octet;
      sum += (i & 1) === 0 ? octet << 8 : octet;
      at = (at + 1) & mask;
    }
    return sum;
  }

  /** The oldest octets as a copy, at most `max`. */
  peek(max: number): Uint8Array {
    const n = Math.min(max, this.length);
    const size = this.bytes.length;
    if (this.head + n <= size) return this.bytes.slice(this.head, this.head + n);
    const out = new Uint8Array(n);
    const first = size - this.head;
    out.set(this.bytes.subarray(this.head), 0);
    out.set(this.bytes.subarray(0, n - first), first);
    return out;
  }

  /** Lets go of the oldest octets. */
  drop(n: number): void {
    this.length -= n;
    if (this.bytes.length > 0) this.head = (this.head + n) & (this.bytes.length - 1);
  }

  clear(): void {
    this.bytes = new Uint8Array(0);
    this.head = 0;
    this.length = 0;
  }
}
