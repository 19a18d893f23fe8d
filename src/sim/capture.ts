/** Captures: one ring of octets for a whole simulation, so that keeping a frame is a copy within memory that is there already. */
import type { Nanos } from "./time.ts";

/** A kept frame, as handed out (a copy). */
export interface CapturedFrame {
  /** Counts from 0 over all that were kept. */
  index: number;
  at: Nanos;
  /** The capture point's number, as registered. */
  point: number;
  /** The packet's number in the simulation. */
  packet: number;
  bytes: Uint8Array;
  wireLen: number;
}

export class CaptureArena {
  private readonly ring: Uint8Array;
  private readonly slots: number;
  private readonly at: Float64Array;
  private readonly points: Int32Array;
  private readonly packets: Float64Array;
  private readonly starts: Int32Array;
  private readonly lengths: Int32Array;
  private readonly wireLengths: Int32Array;
  private head = 0;
  private first = 0;
  private next = 0;
  private readonly snaplen: number;

  /** `size`: octets of the ring. `slots`: frames it can hold at most. */
  constructor(size = 16 * 1024 * 1024, slots = 131_072, snaplen = 65_536) {
    this.ring = new Uint8Array(size);
    this.slots = slots;
    this.snaplen = snaplen < size ? snaplen : size;
    this.at = new Float64Array(slots);
    this.points = new Int32Array(slots);
    this.packets = new Float64Array(slots);
    this.starts = new Int32Array(slots);
    this.lengths = new Int32Array(slots);
    this.wireLengths = new Int32Array(slots);
  }

  /** Frames from `oldest` to `end` - 1 are still there. */
  get oldest(): number {
    return this.first;
  }
  get end(): number {
    return this.next;
  }

  keep(at: Nanos, point: number, packet: number, bytes: Uint8Array, from: number, to: number): void {
    const wireLen = to - from;
    const length = wireLen < this.snaplen ? wireLen : this.snaplen;
    let start = this.head;
    if (start + length > this.ring.length) start = 0; // a frame is never split
    const end = start + length;
    // Frames whose octets are overwritten are gone; those behind the head at the ring's end go when the head wraps.
    while (this.first < this.next) {
      const s = this.first % this.slots;
      const from0 = this.starts[s]!;
      const overlaps = from0 < end && from0 + this.lengths[s]! > start;
      const skipped = start === 0 && this.head > 0 && from0 >= this.head;
      if (!overlaps && !skipped && this.next - this.first < this.slots) break;
      this.first++;
    }
    const slot = this.next++ % this.slots;
    if (length < 256) for (let i = 0; i < length; i++) this.ring[start + i] = bytes[from + i]!;
    else this.ring.set(bytes.subarray(from, from + length), start);
    this.at[slot] = at;
    this.points[slot] = point;
    this.packets[slot] = packet;
    this.starts[slot] = start;
    this.lengths[slot] = length;
    this.wireLengths[slot] = wireLen;
    this.head = end;
  }

  /** undefined: it was overwritten, or is not there yet. */
  get(index: number): CapturedFrame | undefined {
    if (index < this.first || index >= this.next) return undefined;
    const s = index % this.slots;
    const start = this.starts[s]!;
    return {
      index,
      at: this.at[s]!,
      point: this.points[s]!,
      packet: this.packets[s]!,
      bytes: this.ring.slice(start, start + this.lengths[s]!),
      wireLen: this.wireLengths[s]!,
    };
  }
}
