/** Segments that were sent and not yet acknowledged: tcp_rtx_queue with what SACK and RACK know of each. Segments are pooled. */
import type { Nanos } from "../../sim/time.ts";
import { distance } from "./seq.ts";

export class SentSegment {
  seq = 0;
  end = 0;
  /** Flags as they were sent: SYN, FIN, PSH. */
  flags = 0;
  sentAt: Nanos = 0;
  /** Receiver has it, by a SACK block. */
  sacked = false;
  /** Taken for lost, and not sent again yet. */
  lost = false;
  /** Sent again and not yet known to have arrived. */
  retransmitted = false;
  /** Was ever sent again: no round-trip time is taken of it (Karn). */
  everRetransmitted = false;
  /** Delivered octets when it was sent; for the rate sample. */
  delivered = 0;
}

/** In the order of their numbers, oldest first, in a ring of references. */
export class Scoreboard {
  private ring: (SentSegment | undefined)[] = new Array<SentSegment | undefined>(16).fill(undefined);
  private head = 0;
  private readonly free: SentSegment[] = [];
  length = 0;
  sackedOut = 0;
  lostOut = 0;
  retransOut = 0;

  get first(): SentSegment | undefined {
    return this.length === 0 ? undefined : this.ring[this.head];
  }
  get last(): SentSegment | undefined {
    return this.length === 0 ? undefined : this.at(this.length - 1);
  }

  at(i: number): SentSegment {
    return this.ring[(this.head + i) & (this.ring.length - 1)]!;
  }

  /** Packets the network is thought to hold: tcp_packets_in_flight. */
  get inFlight(): number {
    return this.length - this.sackedOut - this.lostOut + this.retransOut;
  }

  private grow(): void {
    const wider = new Array<SentSegment | undefined>(this.ring.length * 2).fill(undefined);
    for (let i = 0; i < this.length; i++) wider[i] = this.at(i);
    this.ring = wider;
    this.head = 0;
  }

  push(seq: number, end: number, flags: number, now: Nanos): SentSegment {
    if (this.length === this.ring.length) this.grow();
    const s = this.take(seq, end, flags, now);
    this.ring[(this.head + this.length++) & (this.ring.length - 1)] = s;
    return s;
  }

  private take(seq: number, end: number, flags: number, now: Nanos): SentSegment {
    const s = this.free.pop() ?? new SentSegment();
    s.seq = seq;
    s.end = end;
    s.flags = flags;
    s.sentAt = now;
    s.sacked = s.lost = s.retransmitted = s.everRetransmitted = false;
    s.delivered = 0;
    return s;
  }

  /** Takes the oldest out: it was acknowledged. */
  shift(): void {
    const s = this.ring[this.head]!;
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.length--;
    if (s.sacked) this.sackedOut--;
    if (s.lost) this.lostOut--;
    if (s.retransmitted) this.retransOut--;
    if (this.free.length < 1024) this.free.push(s);
  }

  markSacked(s: SentSegment): void {
    this.clearLost(s);
    this.clearRetransmitted(s);
    s.sacked = true;
    this.sackedOut++;
  }
  markLost(s: SentSegment): void {
    this.clearRetransmitted(s);
    if (s.lost || s.sacked) return;
    s.lost = true;
    this.lostOut++;
  }
  clearLost(s: SentSegment): void {
    if (!s.lost) return;
    s.lost = false;
    this.lostOut--;
  }
  markRetransmitted(s: SentSegment): void {
    this.clearLost(s);
    if (!s.retransmitted) this.retransOut++;
    s.retransmitted = true;
    s.everRetransmitted = true;
  }
  clearRetransmitted(s: SentSegment): void {
    if (!s.retransmitted) return;
    s.retransmitted = false;
    this.retransOut--;
  }
  clearSacked(s: SentSegment): void {
    if (!s.sacked) return;
    s.sacked = false;
    this.sackedOut--;
  }

  /** The path became narrower: cuts segment `i` after `octets`. @returns its first part. */
  split(i: number, octets: number): SentSegment {
    if (this.length === this.ring.length) this.grow();
    const whole = this.at(i);
    const mask = this.ring.length - 1;
    for (let k = this.length; k > i + 1; k--) this.ring[(this.head + k) & mask] = this.ring[(this.head + k - 1) & mask];
    const rest = this.take((whole.seq + octets) >>> 0, whole.end, whole.flags, whole.sentAt);
    rest.everRetransmitted = whole.everRetransmitted;
    this.ring[(this.head + i + 1) & mask] = rest;
    this.length++;
    whole.end = rest.seq;
    whole.flags &= ~0x09; // FIN and PSH go with the end
    if (whole.lost) this.markLost(rest);
    if (whole.sacked) this.markSacked(rest);
    if (whole.retransmitted) {
      rest.retransmitted = true;
      this.retransOut++;
    }
    return whole;
  }

  /** Index of the segment that holds or follows `seq`; found by halving. */
  indexOf(seq: number, una: number): number {
    const want = distance(seq, una);
    let low = 0;
    let high = this.length;
    while (low < high) {
      const mid = (low + high) >> 1;
      if (distance(this.at(mid).end, una) <= want) low = mid + 1;
      else high = mid;
    }
    return low;
  }

  clear(): void {
    while (this.length > 0) this.shift();
  }
}
