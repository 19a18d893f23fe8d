/**
 * From a log to points. Each check gives exactly one outcome, whatever happens: a score's denominator never moves. A task gives its
 * points when all its checks pass; opened hints cost what the lab says, and never more than the task gave.
 */
import type { Nanos } from "../sim/time.ts";
import { Bench, type BenchOptions } from "./bench.ts";
import { judge } from "./checks/index.ts";
import type { ResolvedLab } from "./load.ts";
import type { LogEntry } from "./log.ts";
import type { GradeView, Outcome, TaskResult } from "./protocol.ts";
import type { Check, Task } from "./schema.ts";

export interface GradeOptions extends BenchOptions {
  /** Only these tasks; the others are left out. */
  tasks?: readonly string[];
}

/** Judges the session that `log` makes, at the instant `at`. */
export function grade(resolved: ResolvedLab, log: readonly LogEntry[], at: Nanos, options: GradeOptions = {}): GradeView {
  const bench = new Bench(resolved, log.filter((e) => e[1] !== "end"), at, options);
  const tasks = resolved.lab.tasks.filter((t) => options.tasks === undefined || options.tasks.includes(t.id)).map((t) => gradeTask(t, log, bench));
  return { at, points: tasks.reduce((sum, t) => sum + t.points, 0), of: tasks.reduce((sum, t) => sum + t.of, 0), tasks };
}

function gradeTask(task: Task, log: readonly LogEntry[], bench: Bench): TaskResult {
  const hints = log.filter((e) => e[1] === "hint" && e[2] === task.id).length;
  const outcomes = task.checks.map((c) => outcomeOf(c, bench));
  const status = outcomes.some((o) => o.status === "error") ? "error" : outcomes.every((o) => o.status === "pass") ? "done" : "not-yet";
  const points = status === "done" ? Math.max(0, task.points - hints * task.hints.cost) : 0;
  return { task: task.id, status, points, of: task.points, hints, outcomes };
}

function outcomeOf(check: Check, bench: Bench): Outcome {
  const { id, kind } = check;
  // The edge at which our own mistakes are caught: they cost nobody anything but this check.
  try {
    bench.fault = undefined;
    const verdict = judge(check, bench);
    const because = bench.spent ?? bench.fault ?? (verdict === undefined ? "the check came to no end" : undefined);
    if (verdict === undefined || because !== undefined) return { check: id, kind, status: "error", because: because ?? "" };
    const { pass, expected, found, firstWrong, walk } = verdict;
    if (pass) return { check: id, kind, status: "pass", expected, found };
    return { check: id, kind, status: "fail", expected, found, ...(firstWrong === undefined ? {} : { firstWrong }), ...(walk === undefined ? {} : { walk }) };
  } catch (e) {
    return { check: id, kind, status: "error", because: `the engine made a mistake: ${e instanceof Error ? e.message : String(e)}` };
  }
}
