/**
 * The one event queue. Ordered by (time, sequence): events of one instant run in the order they were asked for.
 * A 4-ary heap over typed arrays; an event is a slot, so that posting one allocates nothing.
 */
import type { Nanos } from "./time.ts";

/** Receives an event. One object serves many events: `arg` and `n` say which. */
export interface Sink {
  fire(arg: unknown, n: number): void;
}

/** A pending event that can be taken back. Slot and generation in one number; 0 is never one. */
export type TimerId = number;

const GENERATIONS = 2 ** 20;
const FREE: Sink = { fire: () => undefined };

/** Calls a function once; for rare events, where a closure costs nothing that matters. */
class CallSink implements Sink {
  fire(arg: unknown): void {
    (arg as () => void)();
  }
}
const CALL = new CallSink();

export class Scheduler {
  /** The instant of the event that runs, or up to which time was advanced. */
  now: Nanos = 0;
  /** Events run so far. */
  executed = 0;

  private capacity = 1024;
  private times = new Float64Array(this.capacity);
  private seqs = new Float64Array(this.capacity);
  private heapSlots = new Int32Array(this.capacity);
  private sinks: (Sink | undefined)[] = new Array<Sink | undefined>(this.capacity).fill(undefined);
  private args: unknown[] = new Array<unknown>(this.capacity).fill(undefined);
  private ns = new Int32Array(this.capacity);
  private generations = new Int32Array(this.capacity);
  private freeSlots: number[] = [];
  private nextSlot = 0;
  private size = 0;
  private live = 0;
  private seq = 0;

  /** Events that wait, without those taken back. */
  get pending(): number {
    return this.live;
  }

  /** Asks for `sink.fire(arg, n)` at `at`, which is not before now. */
  post(at: Nanos, sink: Sink, arg: unknown, n: number): TimerId {
    const slot = this.freeSlots.pop() ?? this.nextSlot++;
    if (slot >= this.capacity || this.size >= this.capacity) this.grow();
    this.sinks[slot] = sink;
    this.args[slot] = arg;
    this.ns[slot] = n;
    this.push(at, slot);
    this.live++;
    return (slot + 1) * GENERATIONS + this.generations[slot]!;
  }

  /** Asks for `call()` after `delay`. */
  after(delay: Nanos, call: () => void): TimerId {
    return this.post(this.now + delay, CALL, call, 0);
  }

  /** Takes an event back; one that ran already, or was taken back, is left alone. */
  cancel(timer: TimerId): void {
    const slot = Math.floor(timer / GENERATIONS) - 1;
    if (slot < 0 || this.generations[slot] !== timer % GENERATIONS || this.sinks[slot] === undefined) return;
    if (this.sinks[slot] === FREE) return;
    this.sinks[slot] = FREE; // the heap entry stays and is thrown away when its time comes
    this.args[slot] = undefined;
    this.live--;
  }

  /** The instant of the next event, or Infinity. */
  nextTime(): Nanos {
    while (this.size > 0 && this.sinks[this.heapSlots[0]!] === FREE) this.release(this.pop());
    return this.size > 0 ? this.times[0]! : Number.POSITIVE_INFINITY;
  }

  /**
   * Runs every event before `end`, then stands at `end`. Stops early, at a boundary between two instants, when
   * `budget` events have run; and inside an instant when `instantBudget` of them had no end.
   */
  runBefore(end: Nanos, budget: number, instantBudget = 5_000_000): "reached" | "budget" | "stuck" {
    let left = budget;
    let atInstant = 0;
    for (;;) {
      const next = this.nextTime();
      if (next >= end) break;
      if (next > this.now) {
        if (left <= 0) return "budget";
        atInstant = 0;
        this.now = next;
      } else if (++atInstant > instantBudget) return "stuck";
      this.step();
      left--;
    }
    if (end > this.now && end !== Number.POSITIVE_INFINITY) this.now = end;
    return "reached";
  }

  /** Runs the next event. @returns false when there is none. */
  step(): boolean {
    if (this.nextTime() === Number.POSITIVE_INFINITY) return false;
    if (this.times[0]! > this.now) this.now = this.times[0]!;
    const slot = this.pop();
    const sink = this.sinks[slot]!;
    const arg = this.args[slot];
    const n = this.ns[slot]!;
    this.release(slot);
    this.live--;
    this.executed++;
    sink.fire(arg, n);
    return true;
  }

  private release(slot: number): void {
    this.sinks[slot] = undefined;
    this.args[slot] = undefined;
    this.generations[slot] = (this.generations[slot]! + 1) % GENERATIONS;
    this.freeSlots.push(slot);
  }

  private grow(): void {
    const capacity = this.capacity * 2;
    const wider = <T extends Float64Array | Int32Array>(old: T, fresh: T): T => {
      fresh.set(old as never);
      return fresh;
    };
    this.times = wider(this.times, new Float64Array(capacity));
    this.seqs = wider(this.seqs, new Float64Array(capacity));
    this.heapSlots = wider(this.heapSlots, new Int32Array(capacity));
    this.ns = wider(this.ns, new Int32Array(capacity));
    this.generations = wider(this.generations, new Int32Array(capacity));
    while (this.sinks.length < capacity) {
      this.sinks.push(undefined);
      this.args.push(undefined);
    }
    this.capacity = capacity;
  }

  private push(at: Nanos, slot: number): void {
    const { times, seqs, heapSlots } = this;
    const seq = this.seq++;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      // A new event has the highest sequence, so a tie leaves it below.
      if (times[parent]! <= at) break;
      times[i] = times[parent]!;
      seqs[i] = seqs[parent]!;
      heapSlots[i] = heapSlots[parent]!;
      i = parent;
    }
    times[i] = at;
    seqs[i] = seq;
    heapSlots[i] = slot;
  }

  private pop(): number {
    const { times, seqs, heapSlots } = this;
    const top = heapSlots[0]!;
    const last = --this.size;
    const at = times[last]!;
    const seq = seqs[last]!;
    const slot = heapSlots[last]!;
    let i = 0;
    for (;;) {
      const first = 4 * i + 1;
      if (first >= last) break;
      const end = first + 4 < last ? first + 4 : last;
      let best = first;
      for (let c = first + 1; c < end; c++) {
        if (times[c]! < times[best]! || (times[c] === times[best] && seqs[c]! < seqs[best]!)) best = c;
      }
      if (at < times[best]! || (at === times[best] && seq < seqs[best]!)) break;
      times[i] = times[best]!;
      seqs[i] = seqs[best]!;
      heapSlots[i] = heapSlots[best]!;
      i = best;
    }
    times[i] = at;
    seqs[i] = seq;
    heapSlots[i] = slot;
    return top;
  }
}
