/** A timer that is moved far more often than it fires: moving it later costs nothing, the event in the queue is asked for anew when it comes too early. */
import type { Scheduler, Sink } from "../../sim/scheduler.ts";
import type { Nanos } from "../../sim/time.ts";

export class MovingTimer implements Sink {
  private readonly clock: Scheduler;
  private readonly onFire: () => void;
  /** Infinity: not armed. */
  deadline: Nanos = Number.POSITIVE_INFINITY;
  private pending: number | undefined;
  private pendingAt: Nanos = 0;

  constructor(clock: Scheduler, onFire: () => void) {
    this.clock = clock;
    this.onFire = onFire;
  }

  get armed(): boolean {
    return this.deadline !== Number.POSITIVE_INFINITY;
  }

  set(at: Nanos): void {
    this.deadline = at;
    if (this.pending !== undefined) {
      if (this.pendingAt <= at) return;
      this.clock.cancel(this.pending);
    }
    this.post(at);
  }

  private post(at: Nanos): void {
    this.pendingAt = Math.max(at, this.clock.now);
    this.pending = this.clock.post(this.pendingAt, this, undefined, 0);
  }

  stop(): void {
    this.deadline = Number.POSITIVE_INFINITY;
  }

  fire(): void {
    this.pending = undefined;
    if (this.deadline === Number.POSITIVE_INFINITY) return;
    if (this.deadline > this.clock.now) return this.post(this.deadline);
    this.deadline = Number.POSITIVE_INFINITY;
    this.onFire();
  }

  /** The socket is gone: nothing of it stays in the queue. */
  destroy(): void {
    this.stop();
    if (this.pending !== undefined) this.clock.cancel(this.pending);
    this.pending = undefined;
  }
}
