/** Recomputes a submission: the grade is what a replay of its log gives, whatever it claims. */
import { err, ok, type Result } from "../base/result.ts";
import { grade } from "./grade.ts";
import type { LabSource, ResolvedLab } from "./load.ts";
import type { LogEntry } from "./log.ts";
import { formatProblem } from "./problem.ts";
import type { GradeView } from "./protocol.ts";
import { replay } from "./session.ts";
import { parseSubmission, type Submission, SUBMISSION_FORMAT } from "./submission.ts";
import { ENGINE_VERSION } from "./version.ts";

/**
 * VERIFIED: the replay gives what is claimed. DIFFERS: it gives something else, which then counts. MALFORMED: no session could have
 * made this file. WRONG-LAB: it is of a lab that is not here, or of another version of it. OVER-BUDGET: it would take too long.
 */
export type VerdictName = "VERIFIED" | "DIFFERS" | "MALFORMED" | "WRONG-LAB" | "OVER-BUDGET" | "ERROR";

export interface Verification {
  verdict: VerdictName;
  /** One line. */
  reason: string;
  submission?: Submission;
  /** Recomputed; absent where no replay was possible. */
  grade?: GradeView;
  digest?: string;
}

export interface VerifyOptions {
  /** Events of one replay; reliability.md H-6. */
  events?: number;
  /** Asked now and then whether there is time left. */
  goOn?: () => boolean;
}

const EVENTS = 50_000_000;
/** Virtual time of a submission: a day. */
const MAX_TIME = 86_400e9;

export function verify(text: string, lab: (id: string) => LabSource | undefined, options: VerifyOptions = {}): Verification {
  const parsed = parseSubmission(text);
  if (!parsed.ok) return { verdict: "MALFORMED", reason: parsed.error };
  const submission = parsed.value;
  const source = lab(submission.lab);
  if (source === undefined) return { verdict: "WRONG-LAB", reason: `there is no lab '${submission.lab}' here`, submission };
  if (source.digest !== submission.labDigest) return { verdict: "WRONG-LAB", reason: `it was made with another version of '${submission.lab}' (${submission.labDigest.slice(0, 12)}, here ${source.digest.slice(0, 12)})`, submission };
  const resolved = source.resolve(submission.seed);
  if (!resolved.ok) return { verdict: "ERROR", reason: `the lab has a fault: ${formatProblem(resolved.error[0]!)}`, submission };
  const shape = shapeOf(submission.log);
  if (shape !== undefined) return { verdict: shape.startsWith("log lasts") ? "OVER-BUDGET" : "MALFORMED", reason: shape, submission };
  return recompute(submission, resolved.value, options);
}

/** What a log must be whatever the lab is. */
function shapeOf(log: readonly LogEntry[]): string | undefined {
  if (log.length === 0 || log.at(-1)![1] !== "end") return "log has no end: it was cut off";
  let before = 0;
  for (const [i, entry] of log.entries()) {
    if (entry[0] < before) return `log[${i}] goes back in time`;
    if (entry[1] === "end" && i < log.length - 1) return `log[${i + 1}] comes after the end`;
    before = entry[0];
  }
  return before > MAX_TIME ? "log lasts longer than a day" : undefined;
}

function recompute(submission: Submission, resolved: ResolvedLab, options: VerifyOptions): Verification {
  const made = recomputed(resolved, submission.log, submission.student, options);
  if (!made.ok) return { verdict: made.error.verdict, reason: made.error.reason, submission };
  const { grade: view, digest } = made.value;
  const difference = differenceOf(submission, view, digest);
  const engine = submission.engine === ENGINE_VERSION ? "" : ` (made with engine ${submission.engine}, this is ${ENGINE_VERSION})`;
  if (difference !== undefined) return { verdict: "DIFFERS", reason: difference + engine, submission, grade: view, digest };
  return { verdict: "VERIFIED", reason: `${view.points} of ${view.of} points${engine}`, submission, grade: view, digest };
}

interface Recomputed {
  grade: GradeView;
  digest: string;
}

function recomputed(resolved: ResolvedLab, log: readonly LogEntry[], student: string, options: VerifyOptions): Result<Recomputed, { verdict: VerdictName; reason: string }> {
  const budget = options.events ?? EVENTS;
  const goOn = options.goOn === undefined ? {} : { goOn: options.goOn };
  const session = replay(resolved, log, { digest: true, budget, ...goOn });
  if (!session.ok) {
    const words = { lab: "ERROR", log: "MALFORMED", budget: "OVER-BUDGET" } as const;
    return err({ verdict: words[session.error.kind], reason: session.error.because });
  }
  const view = grade(resolved, log, session.value.now, { budget: budget * 10, ...goOn });
  const broken = view.tasks.flatMap((t) => t.outcomes).find((o) => o.status === "error");
  if (broken !== undefined && broken.status === "error") {
    const late = /^takes (more|too)/.test(broken.because);
    return err({ verdict: late ? "OVER-BUDGET" : "ERROR", reason: `${broken.check}: ${broken.because}` });
  }
  return ok({ grade: view, digest: session.value.digest(student) });
}

function differenceOf(s: Submission, view: GradeView, digest: string): string | undefined {
  const { claimed } = s;
  if (claimed.points !== view.points || claimed.of !== view.of) return `claims ${claimed.points} of ${claimed.of} points, the replay gives ${view.points} of ${view.of}`;
  for (const t of view.tasks) if (claimed.tasks[t.task] !== t.points) return `claims ${claimed.tasks[t.task] ?? "nothing"} for task ${t.task}, the replay gives ${t.points}`;
  const unknown = Object.keys(claimed.tasks).find((id) => !view.tasks.some((t) => t.task === id));
  if (unknown !== undefined) return `claims points for '${unknown}', which is no task`;
  return claimed.digest === digest ? undefined : `claims the state ${claimed.digest.slice(0, 12)}, the replay gives ${digest.slice(0, 12)}`;
}

/** The file to hand in. What it claims is what a replay gives, so that an honest one is always VERIFIED. */
export function makeSubmission(resolved: ResolvedLab, log: readonly LogEntry[], at: number, student: string, options: VerifyOptions = {}): Result<{ submission: Submission; grade: GradeView }, string> {
  const whole: LogEntry[] = log.at(-1)?.[1] === "end" ? [...log] : [...log, [at, "end"]];
  const made = recomputed(resolved, whole, student, options);
  if (!made.ok) return err(`${made.error.verdict}: ${made.error.reason}`);
  const { grade: view, digest } = made.value;
  const tasks = Object.fromEntries(view.tasks.map((t) => [t.task, t.points]));
  const claimed = { points: view.points, of: view.of, tasks, digest };
  return ok({ submission: { format: SUBMISSION_FORMAT, lab: resolved.id, labDigest: resolved.digest, engine: ENGINE_VERSION, seed: resolved.seed, student, log: whole, claimed }, grade: view });
}
