/** The world below Linux: one clock, one seed, cables, captures, the reason stream. */
import type { CaptureArena } from "./capture.ts";
import { RandomStream } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Trace } from "./trace.ts";

export class Simulation {
  readonly seed: number;
  readonly clock = new Scheduler();
  readonly trace = new Trace();
  /** Where every cable's frames are kept, when somebody wants them. */
  capture: CaptureArena | undefined;
  private packets = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A stream of its own for each consumer; the same name gives the same stream. */
  random(consumer: string): RandomStream {
    return new RandomStream(this.seed, consumer);
  }

  /** Numbers packets from 1. */
  nextPacket(): number {
    return ++this.packets;
  }
}
