/**
 * Which frames are drawn, and how far along their cables they are.
 *
 * "By hop": real cables are too fast to see, so that time is stretched while a frame is under way and cut where nothing moves:
 * a cable takes 320 ms, a decision between two cables 160 ms, and the order of causes stays exact. The drawing may then be
 * behind the terminals; it catches up by going faster, and gives up single marks for counts when there are too many.
 * "By time": positions are elapsed / delay on the virtual clock itself, for slow motion and for a stopped clock.
 */
import type { Family } from "./families.ts";

export interface Flight {
  /** Number of the packet in the simulation. */
  readonly packet: number;
  /** Index of the cable, and whether it goes from its first end to its second. */
  readonly cable: number;
  readonly forward: boolean;
  /** Virtual nanoseconds. */
  readonly start: number;
  readonly arrival: number;
  readonly family: Family;
  /** Not an original but made by flooding. */
  readonly copy: boolean;
}

export interface Shown {
  readonly flight: Flight;
  /** From 0 to 1 along the cable in the direction of flight. */
  readonly at: number;
}

const HOP_MS = 320;
const DECISION_MS = 160;
/** More than this behind, and the drawing hurries. */
const CALM = 10;
const HURRY_MAX = 8;
/** More than this, and single frames are no longer drawn. */
export const CROWD = 120;

export class FlightPlayer {
  /** Ordered by start. */
  private waiting: Flight[] = [];
  private flying: Flight[] = [];
  /** The instant that is drawn. */
  private at = 0;
  private pause = 0;
  /** Frames that were not drawn since the last call of `takeSkipped`, a cable. */
  private skipped = new Map<number, number>();

  add(flights: readonly Flight[]): void {
    for (const flight of flights) {
      // Mostly in order already: cables report when a frame starts, and queued ones start later.
      let i = this.waiting.length;
      while (i > 0 && this.waiting[i - 1]!.start > flight.start) i--;
      this.waiting.splice(i, 0, flight);
    }
    const extra = this.waiting.length - CROWD;
    if (extra > 0) this.skip(this.waiting.splice(0, extra));
  }

  /** Frames that crossed a cable without being drawn. */
  addSkipped(cable: number, count: number): void {
    this.skipped.set(cable, (this.skipped.get(cable) ?? 0) + count);
  }

  takeSkipped(): ReadonlyMap<number, number> {
    const taken = this.skipped;
    this.skipped = new Map();
    return taken;
  }

  get idle(): boolean {
    return this.waiting.length === 0 && this.flying.length === 0;
  }

  clear(): void {
    this.waiting = [];
    this.flying = [];
    this.skipped.clear();
    this.pause = 0;
  }

  private skip(flights: readonly Flight[]): void {
    for (const flight of flights) this.addSkipped(flight.cable, 1);
  }

  /** Moves on by `elapsed` wall milliseconds, by hop. */
  play(elapsed: number): readonly Shown[] {
    const crowd = this.waiting.length + this.flying.length;
    let left = elapsed * Math.min(HURRY_MAX, Math.max(1, crowd / CALM));
    while (left > 0) {
      if (this.flying.length === 0) {
        const next = this.waiting[0];
        if (!next) break;
        if (this.pause > 0) {
          const part = Math.min(left, this.pause);
          this.pause -= part;
          left -= part;
          continue;
        }
        this.at = next.start;
        this.board();
        continue;
      }
      const slowest = Math.max(...this.flying.map((flight) => flight.arrival - flight.start));
      const rate = slowest / HOP_MS;
      const end = Math.min(...this.flying.map((flight) => flight.arrival), this.waiting[0]?.start ?? Number.POSITIVE_INFINITY);
      const need = Math.max(0, (end - this.at) / rate);
      if (need > left) {
        this.at += left * rate;
        break;
      }
      left -= need;
      this.at = end;
      const before = this.flying.length;
      this.flying = this.flying.filter((flight) => flight.arrival > this.at);
      if (this.flying.length === 0 && before > 0) this.pause = DECISION_MS;
      this.board();
    }
    return this.flying.map((flight) => ({ flight, at: (this.at - flight.start) / (flight.arrival - flight.start) }));
  }

  /** Those under way at `now` of the virtual clock. */
  underWay(now: number): readonly Shown[] {
    this.at = now;
    this.pause = 0;
    this.board();
    this.flying = this.flying.filter((flight) => flight.arrival > now);
    return this.flying.map((flight) => ({ flight, at: (now - flight.start) / (flight.arrival - flight.start) }));
  }

  /** Those that have started by now take off. */
  private board(): void {
    let n = 0;
    while (n < this.waiting.length && this.waiting[n]!.start <= this.at) n++;
    for (const flight of this.waiting.splice(0, n)) {
      if (flight.arrival > this.at) this.flying.push(flight);
      else this.addSkipped(flight.cable, 1);
    }
  }
}
