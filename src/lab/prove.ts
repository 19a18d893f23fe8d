/**
 * What must be true of a lab before anybody is given it: untouched it fails every task, the solution earns everything on many seeds,
 * every step of it matters, no seed's solution is another's, listed wrong ways fail and other right ways pass, and each check
 * can fail. `packetwalk lab check` and test/labs.test.ts both ask this.
 */
import { grade } from "./grade.ts";
import type { LabSource, ResolvedLab } from "./load.ts";
import type { LogEntry } from "./log.ts";
import { formatProblem } from "./problem.ts";
import type { GradeView } from "./protocol.ts";
import { Session } from "./session.ts";
import type { Step } from "./script.ts";
import { typed } from "./typist.ts";

export interface Finding {
  /** What was proved or not: "untouched", "solution", "step", "other-seed", "wrong", "also", "checks". */
  law: "resolve" | "untouched" | "solution" | "step" | "other-seed" | "wrong" | "also" | "checks";
  /** Of which: "seed 3", "step bridge". */
  of: string;
  ok: boolean;
  /** Why not, in one line. */
  because: string;
}

export interface ProveOptions {
  /** Variants that must be solvable. */
  seeds?: number;
  /** Told of each finding as it is made. */
  report?: (f: Finding) => void;
}

const DEFAULT_SEEDS = 10;
/** Seeds on which wrong and other right ways are tried, of those on which they exist. */
const WAY_SEEDS = 2;

export function prove(source: LabSource, options: ProveOptions = {}): Finding[] {
  return new Prover(source, options).run();
}

class Prover {
  private readonly findings: Finding[] = [];
  private readonly source: LabSource;
  private readonly options: ProveOptions;
  private readonly labs: ResolvedLab[] = [];
  /** "task/check" of every check, and of those that were seen to fail. */
  private readonly checks = new Set<string>();
  private readonly failedOnce = new Set<string>();

  constructor(source: LabSource, options: ProveOptions) {
    this.source = source;
    this.options = options;
  }

  run(): Finding[] {
    const seeds = this.options.seeds ?? DEFAULT_SEEDS;
    for (let seed = 1; seed <= seeds; seed++) {
      const r = this.source.resolve(seed);
      if (r.ok) this.labs.push(r.value);
      else this.find("resolve", `seed ${seed}`, formatProblem(r.error[0]!));
    }
    for (const lab of this.labs) this.untouched(lab);
    for (const lab of this.labs) this.solution(lab);
    if (this.labs[0]?.lab.kind === "figure") return this.findings; // nothing to earn: that it starts is all
    this.steps();
    this.otherSeeds();
    this.wrongWays();
    this.alsoWays();
    for (const c of this.checks) if (!this.failedOnce.has(c)) this.find("checks", c, "was never seen to fail; list a wrong solution that it refuses");
    if ([...this.checks].every((c) => this.failedOnce.has(c))) this.find("checks", "all", "");
    return this.findings;
  }

  private find(law: Finding["law"], of: string, because: string): void {
    const f = { law, of, ok: because === "", because };
    this.findings.push(f);
    this.options.report?.(f);
  }

  /** Grades and remembers which checks failed. */
  private grade(lab: ResolvedLab, log: readonly LogEntry[], at: number): GradeView {
    const view = grade(lab, log, at);
    for (const t of view.tasks)
      for (const o of t.outcomes) {
        this.checks.add(`${t.task}/${o.check}`);
        if (o.status === "fail") this.failedOnce.add(`${t.task}/${o.check}`);
      }
    return view;
  }

  private untouched(lab: ResolvedLab): void {
    const of = `seed ${lab.seed}`;
    const session = Session.start(lab);
    if (!session.ok) return this.find("untouched", of, session.error);
    const view = this.grade(lab, [], session.value.now);
    const done = view.tasks.filter((t) => t.status === "done").map((t) => t.task);
    this.find("untouched", of, errorIn(view) ?? (done.length > 0 ? `earns ${done.join(", ")} with nothing done` : ""));
  }

  private play(lab: ResolvedLab, steps: readonly Step[]): { view: GradeView } | { failed: string } {
    const session = typed(lab, steps);
    if (!session.ok) return { failed: session.error };
    return { view: this.grade(lab, session.value.log, session.value.now) };
  }

  private solution(lab: ResolvedLab): void {
    const of = `seed ${lab.seed}`;
    const played = this.play(lab, lab.solution ?? []);
    this.find("solution", of, "failed" in played ? played.failed : notDone(played.view));
  }

  private steps(): void {
    const seen = new Set<string>();
    for (const lab of this.labs)
      for (const step of lab.solution ?? []) {
        if (seen.has(step.name)) continue;
        seen.add(step.name);
        const played = this.play(lab, lab.solution!.filter((s) => s !== step));
        // A script that cannot even be played to its end has failed as well.
        const done = "view" in played && played.view.tasks.every((t) => t.status === "done");
        this.find("step", `${step.name}, seed ${lab.seed}`, done ? "does not matter: all tasks pass without it" : "view" in played ? (errorIn(played.view) ?? "") : "");
      }
  }

  /** What one seed's solution types must not earn another seed's tasks. */
  private otherSeeds(): void {
    const labs = this.labs.slice(0, 4);
    const random = labs[0]?.lab.tasks.filter((t) => !t.fixed).map((t) => t.id) ?? [];
    if (labs.length < 2) return;
    const refused = new Set<string>();
    for (const [i, lab] of labs.entries()) {
      const other = labs[(i + 1) % labs.length]!;
      const played = this.play(lab, other.solution ?? []);
      const failing = "failed" in played ? random : played.view.tasks.filter((t) => t.status !== "done").map((t) => t.task);
      for (const t of failing) refused.add(t);
      const of = `seed ${other.seed}'s solution on seed ${lab.seed}`;
      this.find("other-seed", of, random.length === 0 ? "every task is fixed; draw something from the seed" : random.some((t) => failing.includes(t)) ? "" : "passes every task that the seed is said to vary");
    }
    const never = random.filter((t) => !refused.has(t));
    if (never.length > 0) this.find("other-seed", never.join(", "), "is earned by every other seed's solution; mark it `fixed: true` or draw something for it");
  }

  private wrongWays(): void {
    for (const id of idsOf(this.labs.flatMap((l) => l.wrong)))
      for (const lab of this.labs.filter((l) => l.wrong.some((w) => w.id === id)).slice(0, WAY_SEEDS)) {
        const way = lab.wrong.find((w) => w.id === id)!;
        const of = `${id}, seed ${lab.seed}`;
        const played = this.play(lab, way.steps);
        if ("failed" in played) {
          this.find("wrong", of, played.failed);
          continue;
        }
        const passing = way.fails.filter((t) => played.view.tasks.some((r) => r.task === t && r.status === "done"));
        this.find("wrong", of, errorIn(played.view) ?? (passing.length > 0 ? `passes ${passing.join(", ")}, which it should fail` : ""));
      }
  }

  private alsoWays(): void {
    for (const id of idsOf(this.labs.flatMap((l) => l.also)))
      for (const lab of this.labs.filter((l) => l.also.some((w) => w.id === id)).slice(0, WAY_SEEDS)) {
        const played = this.play(lab, lab.also.find((w) => w.id === id)!.steps);
        this.find("also", `${id}, seed ${lab.seed}`, "failed" in played ? played.failed : notDone(played.view));
      }
  }
}

function idsOf(ways: readonly { id: string }[]): string[] {
  return [...new Set(ways.map((w) => w.id))];
}

function errorIn(view: GradeView): string | undefined {
  for (const t of view.tasks) for (const o of t.outcomes) if (o.status === "error") return `${t.task}/${o.check}: ${o.because}`;
  return undefined;
}

/** Why not everything is done; "" when it is. */
function notDone(view: GradeView): string {
  for (const t of view.tasks)
    for (const o of t.outcomes) {
      if (o.status === "error") return `${t.task}/${o.check}: ${o.because}`;
      if (o.status === "fail") return `${t.task}/${o.check}: expected ${o.expected.text}; found ${o.found.text}${o.firstWrong === undefined ? "" : `; first wrong hop: ${o.firstWrong.text}`}`;
    }
  return view.points === view.of ? "" : `earns ${view.points} of ${view.of} points`;
}
