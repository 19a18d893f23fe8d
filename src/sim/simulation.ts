/** The world below Linux: one clock, one seed, cables, captures, the reason stream. */
import type { CableObserver } from "./cable.ts";
import type { CaptureArena } from "./capture.ts";
import { RandomStream } from "./random.ts";
import { Scheduler } from "./scheduler.ts";
import { Trace } from "./trace.ts";

/** Something the person should be told in words: the simulation goes on. */
export interface Notice {
  kind: "storm";
  /** The cable on which it was seen, and the packet that runs in a circle. */
  cable: string;
  packet: number;
  at: number;
}

export class Simulation {
  readonly seed: number;
  readonly clock = new Scheduler();
  readonly trace = new Trace();
  /** Where every cable's frames are kept, when somebody wants them. */
  capture: CaptureArena | undefined;
  cableObserver: CableObserver | undefined;
  /** Hears of each storm, once a virtual second at most. */
  onNotice: ((n: Notice) => void) | undefined;
  framesInFlight = 0;
  /** Capture points given out so far: two a cable, in the order cables were made. */
  capturePoints = 0;
  private packets = 0;
  private lastStorm = Number.NEGATIVE_INFINITY;

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

  noticeStorm(cable: string, packet: number): void {
    const at = this.clock.now;
    if (at - this.lastStorm < 1_000_000_000) return;
    this.lastStorm = at;
    this.onNotice?.({ kind: "storm", cable, packet, at });
  }
}
