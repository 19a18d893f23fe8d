/**
 * Plays a conformance case on an emulated network and compares what it printed with what real machines printed. The
 * timing rules are those of tools/conformance/record.py; read both before changing one.
 */
import type { Nanos } from "../../sim/time.ts";
import { type ConformanceCase, hasOutcome, isSleep, isStart, isStop, type RunStep, type StartStep, type Step } from "./case.ts";
import { knownMacs, normaliseOutcome, type Outcome } from "./normalise.ts";

const MS: Nanos = 1e6;
const SECOND: Nanos = 1e9;

const SETTLE = 100 * MS; // from the last link up to the first step
const COMMAND_COST = 5 * MS; // what starting a shell and a tool takes on a real machine; frames in flight land meanwhile
const RUN_LIMIT = 90 * SECOND; // then SIGKILL
const TTY_LINGER = 300 * MS; // the session leader waits, so that nothing written last is lost to the hang-up
const START_WAIT = 500 * MS;
const DUMP_WAIT = 15 * SECOND; // at most, for "listening on"
const DUMP_SETTLE = 150 * MS;
const PATIENCE = 1300 * MS;
const PATIENCE_FINITE = 6 * SECOND; // for what is meant to end by itself
const SIGNAL_GRACE = 3 * SECOND;
const DRAIN_WAIT = 2 * SECOND;

/** A command line that was started on a node. */
export interface RunningCommand {
  /** Exit status of its shell as the shell's parent shows it (128 + signal), or undefined while it runs. */
  readonly exit: number | undefined;
  /** No process holds its standard output or standard error any more. */
  readonly drained: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** To those of its processes that have no child; with SIGKILL to all of them. */
  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
}

/** The network of one case, links up and files written. Virtual time passes only inside `advance`. */
export interface ConformanceEngine {
  readonly now: Nanos;
  /** Starts `/bin/sh -c cmd` as root in /root; with `tty` on an 80x24 terminal, whose output arrives in `stdout`. */
  spawn(node: string, cmd: string, options: { readonly tty: boolean }): RunningCommand;
  /** Lets time pass until `done` holds (asked after every event) or the clock shows `deadline`. */
  advance(deadline: Nanos, done?: () => boolean): void;
}

/** Builds a fresh network for one case. */
export type MakeEngine = (c: ConformanceCase) => ConformanceEngine;

export interface Difference {
  /** Index into the case's steps. */
  readonly step: number;
  readonly field: "exit" | "stdout" | "stderr";
  /** Both masked. */
  readonly expected: string;
  readonly actual: string;
}

export interface CaseResult {
  readonly id: string;
  readonly area: string;
  /** `error`: the emulator itself broke, and `because` says how. */
  readonly status: "pass" | "fail" | "error";
  readonly because?: string;
  readonly differences: readonly Difference[];
  /** What steps asked for and the emulator says it does not have, in the order met: "'ip xfrm' is not emulated". */
  readonly missing: readonly string[];
  /** Steps whose golden side prints something or fails, and how many of them agree. */
  readonly telling: { readonly total: number; readonly agreed: number };
}

/** A step that says something: set-up that succeeds in silence is compared but not counted. */
function isTelling(step: Step): boolean {
  return hasOutcome(step) && (step.exit !== 0 || step.stdout !== "" || step.stderr !== "");
}

export function runCase(c: ConformanceCase, makeEngine: MakeEngine): CaseResult {
  const outcomes = new Map<number, Outcome>();
  const broken = play(c, makeEngine, outcomes);
  const differences = compare(c, outcomes);
  const missing = missingFeatures(c, outcomes);
  const wrong = new Set(differences.map((d) => d.step));
  const telling = c.steps.flatMap((s, i) => (isTelling(s) ? [i] : []));
  return {
    id: c.id,
    area: c.area,
    status: broken !== undefined ? "error" : differences.length > 0 || missing.length > 0 ? "fail" : "pass",
    ...(broken === undefined ? {} : { because: broken }),
    differences,
    missing,
    telling: { total: telling.length, agreed: telling.filter((i) => outcomes.has(i) && !wrong.has(i)).length },
  };
}

/** Runs the steps into `outcomes`. @returns what was thrown, which is always our bug: this is the edge where it is caught. */
function play(c: ConformanceCase, makeEngine: MakeEngine, outcomes: Map<number, Outcome>): string | undefined {
  let at = -1;
  try {
    const player = new Player(makeEngine(c));
    c.steps.forEach((step, i) => {
      at = i;
      const outcome = player.step(step);
      if (outcome !== undefined) outcomes.set(i, outcome);
    });
    return undefined;
  } catch (e) {
    const where = at < 0 ? "building the network" : `step ${at}`;
    return `the emulator broke in ${where}: ${e instanceof Error ? e.message : String(e)}`;
  }
}

class Player {
  private readonly engine: ConformanceEngine;
  private readonly background = new Map<string, { cmd: string; running: RunningCommand }>();

  constructor(engine: ConformanceEngine) {
    this.engine = engine;
    this.pass(SETTLE);
  }

  step(step: Step): Outcome | undefined {
    if (isSleep(step)) {
      this.pass(Math.round(step.sleep * SECOND));
      return undefined;
    }
    if (isStart(step)) {
      this.start(step);
      return undefined;
    }
    return isStop(step) ? this.stop(step.stop) : this.run(step);
  }

  private pass(time: Nanos): void {
    this.engine.advance(this.engine.now + time);
  }

  /** @returns whether `done` came to hold in time. */
  private wait(limit: Nanos, done: () => boolean): boolean {
    if (!done()) this.engine.advance(this.engine.now + limit, done);
    return done();
  }

  private run(step: RunStep): Outcome {
    const tty = step.tty === true;
    const running = this.engine.spawn(step.node, step.cmd, { tty });
    // Without a terminal the recorder reads until nobody can write any more; on one, until the shell has ended.
    const ended = (): boolean => running.exit !== undefined && (tty || running.drained);
    const inTime = this.wait(RUN_LIMIT, ended);
    if (!inTime) {
      running.signal("SIGKILL");
      this.wait(DRAIN_WAIT, ended);
    }
    this.pass(tty ? TTY_LINGER : COMMAND_COST);
    return { exit: inTime ? running.exit! : 137, stdout: running.stdout, stderr: running.stderr };
  }

  private start({ node, start, cmd }: StartStep): void {
    const running = this.engine.spawn(node, cmd, { tty: false });
    this.background.set(start, { cmd, running });
    if (/\btcpdump\b/.test(cmd) && !cmd.includes(" -r ")) {
      this.wait(DUMP_WAIT, () => running.exit !== undefined || running.stderr.includes("listening on"));
      this.pass(DUMP_SETTLE);
    } else this.wait(START_WAIT, () => running.exit !== undefined);
  }

  private stop(name: string): Outcome {
    const { cmd, running } = this.background.get(name)!;
    this.background.delete(name);
    const finite = /\btcpdump\b.* -c ?\d/.test(cmd) || /\bcurl\b|\bping\b/.test(cmd);
    const ended = (): boolean => running.exit !== undefined;
    this.wait(finite ? PATIENCE_FINITE : PATIENCE, ended);
    for (const signal of ["SIGINT", "SIGTERM", "SIGKILL"] as const) {
      if (ended()) break;
      running.signal(signal);
      this.wait(SIGNAL_GRACE, ended);
    }
    this.wait(DRAIN_WAIT, () => running.drained);
    return { exit: running.exit ?? 137, stdout: running.stdout, stderr: running.stderr };
  }
}

function compare(c: ConformanceCase, outcomes: ReadonlyMap<number, Outcome>): Difference[] {
  const macs = knownMacs(c);
  return c.steps.flatMap((step, i) => {
    const outcome = outcomes.get(i);
    if (!hasOutcome(step) || outcome === undefined) return [];
    const expected = normaliseOutcome(c, step, step, macs);
    const actual = normaliseOutcome(c, step, outcome, macs);
    return (["exit", "stdout", "stderr"] as const)
      .filter((field) => expected[field] !== actual[field])
      .map((field) => ({ step: i, field, expected: String(expected[field]), actual: String(actual[field]) }));
  });
}

const NOT_EMULATED = /packetwalk: ('.*' is not emulated)/g;
const NOT_FOUND = /(?:^|: )([^\s:]+): (?:command )?not found$/gm;

/** Named by the emulator itself, or a command that the shell did not find although the real machine did. */
function missingFeatures(c: ConformanceCase, outcomes: ReadonlyMap<number, Outcome>): string[] {
  const found = new Set<string>();
  for (const [i, outcome] of outcomes) {
    const step = c.steps[i]!;
    if (!hasOutcome(step)) continue;
    const golden = step.stdout + step.stderr;
    const printed = `${outcome.stdout}\n${outcome.stderr}`;
    for (const m of printed.matchAll(NOT_EMULATED)) found.add(m[1]!);
    for (const m of printed.matchAll(NOT_FOUND)) if (!golden.includes(`${m[1]!}: not found`) && !golden.includes(`${m[1]!}: command not found`)) found.add(`the command '${m[1]!}' is not there`);
  }
  return [...found];
}
