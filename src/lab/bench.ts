/**
 * Copies of a learner's session for checks to work on. A copy is a replay of the log: what is done to it is seen by nobody else.
 * Checks that only look share one copy. All copies of one grading draw on one budget of events.
 */
import { err, ok, type Result } from "../base/result.ts";
import { SECOND } from "../sim/time.ts";
import type { Nanos } from "../sim/time.ts";
import { applyChange, type LineResult, runLine } from "./changes.ts";
import type { ResolvedLab } from "./load.ts";
import type { LogEntry } from "./log.ts";
import type { Network, RunEnd } from "./network.ts";
import type { Change } from "./schema.ts";
import { replay, type ReplayFailure, type Session, type SessionOptions } from "./session.ts";

/** Events of one check's own doing: probes, idle time, commands. A sound network takes a hundredth of it. */
export const CHECK_BUDGET = 3_000_000;

export interface BenchOptions {
  /** Events in all. */
  budget?: number;
  /** Asked now and then whether there is still time. */
  goOn?: () => boolean;
}

export class Bench {
  readonly resolved: ResolvedLab;
  readonly log: readonly LogEntry[];
  /** Instant that is judged. */
  readonly at: Nanos;
  /** Why the bench cannot go on; then no outcome of it is worth anything. */
  spent: string | undefined;
  /** Why the check that is being judged cannot be: set by what it does, cleared by who asks. */
  fault: string | undefined;
  private readonly budget: number;
  private readonly goOn: (() => boolean) | undefined;
  private used = 0;
  private readonly live: Session[] = [];
  private looking: Session | undefined;

  constructor(resolved: ResolvedLab, log: readonly LogEntry[], at: Nanos, options: BenchOptions = {}) {
    this.resolved = resolved;
    this.log = log;
    this.at = at;
    this.budget = options.budget ?? Number.POSITIVE_INFINITY;
    this.goOn = options.goOn;
  }

  /** A copy that the caller may change. */
  copy(changes: readonly Change[], options: SessionOptions = {}): Session | undefined {
    return this.changed(this.make(this.log, this.at, options), changes);
  }

  /** The copy that everybody looks at and nobody changes; with changes it is one's own. */
  look(changes: readonly Change[]): Session | undefined {
    if (changes.length > 0) return this.copy(changes);
    this.looking ??= this.make(this.log, this.at, {});
    return this.looking;
  }

  /** The lab as this seed gives it, with nothing done. */
  fresh(changes: readonly Change[]): Session | undefined {
    return this.changed(this.make([], undefined, {}), changes);
  }

  private make(log: readonly LogEntry[], until: Nanos | undefined, options: SessionOptions): Session | undefined {
    this.settle();
    if (this.goOn !== undefined && !this.goOn()) this.spent ??= "takes too long";
    if (this.spent !== undefined) return undefined;
    const made: Result<Session, ReplayFailure> = replay(this.resolved, log, {
      ...options,
      budget: this.budget - this.used,
      ...(until === undefined ? {} : { until }),
      ...(this.goOn === undefined ? {} : { goOn: this.goOn }),
    });
    if (!made.ok) {
      this.spent = made.error.because;
      return undefined;
    }
    this.live.push(made.value);
    return made.value;
  }

  private changed(session: Session | undefined, changes: readonly Change[]): Session | undefined {
    for (const c of changes) {
      if (session === undefined || this.spent !== undefined) return undefined;
      this.note(applyChange(session.network, c, CHECK_BUDGET));
      if (this.goOn !== undefined && !this.goOn()) this.spent = "takes too long";
    }
    return this.spent === undefined ? session : undefined;
  }

  /** A command that fails is a finding of what follows; one that does not exist is a fault of the lab, and no events left is the end. */
  note(failure: string | undefined): void {
    if (failure === "takes too many events") this.spent ??= failure;
    else if (failure !== undefined && /^exit status (95|127)\b/.test(failure)) this.fault ??= failure;
  }

  /** Counts what finished copies have cost. */
  private settle(): void {
    for (const s of this.live) if (s !== this.looking) this.used += s.executed;
    this.live.length = 0;
    if (this.used > this.budget) this.spent ??= `takes more than ${this.budget} events`;
  }

  /** Runs a line on a copy. */
  run(session: Session, node: string, line: string, within: number): LineResult {
    const result = runLine(session.network, node, line, Math.round(within * SECOND), CHECK_BUDGET);
    if (result.overBudget) this.note("takes too many events");
    return result;
  }

  /** Lets time pass on a copy. */
  runUntil(network: Network, deadline: Nanos, done?: () => boolean): RunEnd {
    const end = network.runUntil(deadline, done, CHECK_BUDGET);
    if (end === "budget" || end === "stuck") this.spent ??= "takes too many events";
    return end;
  }
}

/** For callers that want a reason rather than nothing. */
export function need(bench: Bench, session: Session | undefined): Result<Session, string> {
  return session === undefined ? err(bench.spent ?? "could not be replayed") : ok(session);
}
