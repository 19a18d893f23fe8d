/** The runner against a played engine: one that prints the golden transcript, and ones that print it wrong. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ConformanceCase, hasOutcome, isStart, isStop, parseCase } from "../../../src/lab/conformance/case.ts";
import type { Outcome } from "../../../src/lab/conformance/normalise.ts";
import { formatCase, formatFirstDiff, formatMissing, formatSummary, summarise, summariseMissing } from "../../../src/lab/conformance/report.ts";
import { type ConformanceEngine, type MakeEngine, runCase, type RunningCommand } from "../../../src/lab/conformance/runner.ts";

const SECOND = 1e9;

/** What a command does: its output as it comes, and its end. A signal that is named ends it with that outcome. */
interface Script {
  outcome: Outcome;
  endsAfter?: number;
  drainsAfter?: number;
  earlyStderr?: { after: number; text: string };
  on?: Partial<Record<"SIGINT" | "SIGTERM" | "SIGKILL", Outcome>>;
}

class PlayedCommand implements RunningCommand {
  exit: number | undefined;
  stdout = "";
  stderr = "";
  drained = false;
  readonly script: Script;
  readonly startedAt: number;

  constructor(script: Script, startedAt: number) {
    this.script = script;
    this.startedAt = startedAt;
  }

  /** Brings its state up to the instant `now`. @returns the next instant at which something happens. */
  catchUp(now: number): number {
    const { outcome, endsAfter = 0, earlyStderr } = this.script;
    const at = (after: number): number => this.startedAt + after * SECOND;
    if (earlyStderr && this.exit === undefined && now >= at(earlyStderr.after)) this.stderr = earlyStderr.text;
    if (this.exit === undefined && now >= at(endsAfter)) this.end(outcome);
    if (this.exit !== undefined && now >= at(this.script.drainsAfter ?? 0)) this.drained = true;
    return Math.min(...[earlyStderr?.after, endsAfter, this.script.drainsAfter].flatMap((t) => (t !== undefined && at(t) > now ? [at(t)] : [])));
  }

  end(o: Outcome): void {
    Object.assign(this, o);
  }

  signal(name: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    const o = this.script.on?.[name];
    if (o && this.exit === undefined) {
      this.end(o);
      this.script.drainsAfter = 0;
    }
  }
}

class PlayedEngine implements ConformanceEngine {
  now = 0;
  readonly log: string[] = [];
  private readonly commands: PlayedCommand[] = [];
  private readonly next: (node: string, cmd: string) => Script;

  constructor(next: (node: string, cmd: string) => Script) {
    this.next = next;
  }

  spawn(node: string, cmd: string, { tty }: { tty: boolean }): RunningCommand {
    this.log.push(`${(this.now / SECOND).toFixed(3)} ${node}${tty ? " tty" : ""} ${cmd}`);
    const command = new PlayedCommand(this.next(node, cmd), this.now);
    command.catchUp(this.now);
    this.commands.push(command);
    return command;
  }

  advance(deadline: number, done?: () => boolean): void {
    for (;;) {
      const next = Math.min(...this.commands.map((c) => c.catchUp(this.now)), Number.POSITIVE_INFINITY);
      if (done?.()) return;
      if (next > deadline) break;
      this.now = next;
    }
    this.now = deadline;
    for (const c of this.commands) c.catchUp(this.now);
  }
}

const quiet: Outcome = { exit: 0, stdout: "", stderr: "" };
const printed = (stdout: string): Outcome => ({ ...quiet, stdout });

/** Plays what `c` recorded, changed by `change`. */
function golden(c: ConformanceCase, change: (o: Outcome, step: number) => Outcome = (o) => o): MakeEngine {
  return () => {
    const ran = c.steps.flatMap((s, i) => (isStart(s) || (hasOutcome(s) && !isStop(s)) ? [i] : []));
    return new PlayedEngine(() => {
      const at = ran.shift()!;
      const step = c.steps[at]!;
      const end = isStart(step) ? c.steps.findIndex((s) => isStop(s) && s.stop === step.start) : at;
      const from = c.steps[end];
      return { outcome: from && hasOutcome(from) ? change({ exit: from.exit, stdout: from.stdout, stderr: from.stderr }, end) : quiet };
    });
  };
}

const cases = join(import.meta.dirname, "../../conformance");
const load = (file: string): ConformanceCase => {
  const r = parseCase(file, readFileSync(join(cases, file), "utf8"));
  if (!r.ok) throw new Error(JSON.stringify(r.error));
  return r.value;
};

const files = readdirSync(cases, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".json"));

test.each(files)("%s passes on what it recorded itself, and fails on every telling step printed wrong", (file) => {
  const c = load(file);
  const r = runCase(c, golden(c));
  expect(r).toMatchObject({ status: "pass", differences: [], missing: [] });
  expect(r.telling.agreed).toBe(r.telling.total);

  const wrong = runCase(c, golden(c, (o) => ({ ...o, exit: o.exit ^ 1 })));
  expect(wrong.status).toBe("fail");
  expect(wrong.telling.agreed).toBe(0);
});

/** A case of one node with the given steps. */
function caseOf(...steps: ConformanceCase["steps"]): ConformanceCase {
  return { id: "x", title: "x", area: "test", needs: [], recorded: { kernel: "", tools: {} }, nodes: { h1: {} }, links: [], steps };
}
const run = (cmd: string, o: Partial<Outcome> = {}, more: object = {}) => ({ node: "h1", cmd, ...quiet, ...o, ...more });

/** Runs `c`; each command does what `scripts` says by its text. */
function play(c: ConformanceCase, scripts: Record<string, Script>) {
  const engine = new PlayedEngine((_, cmd) => structuredClone(scripts[cmd] ?? { outcome: quiet }));
  return { result: runCase(c, () => engine), log: engine.log, engine };
}

describe("time", () => {
  test("commands follow each other a few milliseconds apart, sleeps last what they say", () => {
    const { log } = play(caseOf(run("a"), { sleep: 1.5 }, run("b"), run("c")), { b: { outcome: quiet, endsAfter: 2 } });
    expect(log).toEqual(["0.100 h1 a", "1.605 h1 b", "3.610 h1 c"]);
  });

  test("a step waits until nobody can print into it any more", () => {
    const { log } = play(caseOf(run("(sleep 3; echo) &"), run("b")), { "(sleep 3; echo) &": { outcome: quiet, drainsAfter: 3 } });
    expect(log[1]).toBe("3.105 h1 b");
  });

  test("on a terminal it waits for the shell alone, and a moment for its last words", () => {
    const { log } = play(caseOf(run("a", {}, { tty: true }), run("b")), { a: { outcome: quiet, endsAfter: 1, drainsAfter: 9 } });
    expect(log).toEqual(["0.100 h1 tty a", "1.400 h1 b"]);
  });

  test("a command that never ends is killed after 90 s with status 137", () => {
    const { result, log } = play(caseOf(run("a", { exit: 137, stdout: "said\n" }), run("b")), {
      a: { outcome: quiet, endsAfter: 1e6, on: { SIGKILL: { exit: 137, stdout: "said\n", stderr: "" } } },
    });
    expect(result.status).toBe("pass");
    expect(log[1]).toBe("90.105 h1 b");
  });

  test("a background command gets half a second, or less when it ends", () => {
    const start = (name: string) => ({ node: "h1", start: name, cmd: name });
    const { log } = play(caseOf(start("slow"), start("quick"), run("b")), {
      slow: { outcome: quiet, endsAfter: 99 },
      quick: { outcome: quiet, endsAfter: 0.2 },
    });
    expect(log).toEqual(["0.100 h1 slow", "0.600 h1 quick", "0.800 h1 b"]);
  });

  test("tcpdump is ready when it says that it listens; reading a file it is like any other", () => {
    const listening = { after: 2, text: "listening on eth0" };
    const { log } = play(caseOf({ node: "h1", start: "a", cmd: "tcpdump" }, { node: "h1", start: "b", cmd: "tcpdump -r f" }, run("c")), {
      tcpdump: { outcome: quiet, endsAfter: 99, earlyStderr: listening },
      "tcpdump -r f": { outcome: quiet, endsAfter: 99, earlyStderr: listening },
    });
    expect(log).toEqual(["0.100 h1 tcpdump", "2.250 h1 tcpdump -r f", "2.750 h1 c"]);
  });
});

describe("stop", () => {
  const interrupted: Outcome = { exit: 130, stdout: "bye\n", stderr: "" };
  const stop = (cmd: string, o: Partial<Outcome> = {}) =>
    caseOf({ node: "h1", start: "bg", cmd }, { stop: "bg", ...quiet, ...o }, run("after"));

  test.each([
    ["nc -l 80", 0.6 + 1.3],
    ["tcpdump -i eth0", 0.35 + 1.3],
    ["tcpdump -c 3", 0.35 + 6],
    ["ping 10.0.0.1", 0.6 + 6],
    ["curl http://h2/", 0.6 + 6],
  ])("%s gets its patience, then SIGINT", (cmd, at) => {
    const early = { after: 0.1, text: "listening on" };
    const { result, log } = play(stop(cmd, interrupted), { [cmd]: { outcome: quiet, endsAfter: 1e6, earlyStderr: early, on: { SIGINT: interrupted } } });
    expect(result.status).toBe("pass");
    expect(log[1]).toBe(`${at.toFixed(3)} h1 after`);
  });

  test("what ends by itself in time is not interrupted", () => {
    const { result, log } = play(stop("sleep 1"), { "sleep 1": { outcome: quiet, endsAfter: 1, on: { SIGINT: interrupted } } });
    expect(result.status).toBe("pass");
    expect(log[1]).toBe("1.100 h1 after");
  });

  test("what ignores SIGINT meets SIGTERM and SIGKILL three seconds apart", () => {
    const killed: Outcome = { exit: 137, stdout: "", stderr: "" };
    const { result, log } = play(stop("stubborn", killed), { stubborn: { outcome: quiet, endsAfter: 1e6, on: { SIGKILL: killed } } });
    expect(result.status).toBe("pass");
    expect(log[1]).toBe(`${(0.6 + 1.3 + 6).toFixed(3)} h1 after`);
  });
});

describe("comparison", () => {
  test("an unordered step compares lines as a multiset, an exit step only its status", () => {
    const c = caseOf(run("a", { stdout: "1\n2\n2\n" }, { match: "unordered" }), run("b", { stdout: "x\n" }, { match: "exit" }));
    expect(play(c, { a: { outcome: printed("2\n1\n2\n") }, b: { outcome: printed("y\n") } }).result.status).toBe("pass");
    expect(play(c, { a: { outcome: printed("2\n1\n1\n") }, b: { outcome: printed("y\n") } }).result.differences).toHaveLength(1);
  });

  test("the first difference is told by step, command and line", () => {
    const c = caseOf(run("ip link"), run("ip route", { stdout: "a\nb\nc\n" }));
    const { result } = play(c, { "ip route": { outcome: { exit: 2, stdout: "a\nX\nc\n", stderr: "" } } });
    expect(formatCase(c, result)).toBe("FAIL test/x  step 1 (h1$ ip route): exit status 2, expected 0");
    expect(formatFirstDiff(result)).toEqual(["    exit: -0 +2", "    stdout: -expected +found", "    @@ -1,3 +1,3 @@", "     a", "    -b", "    +X", "     c"]);
    const stdoutOnly = play(c, { "ip route": { outcome: printed("a\nb\n") } }).result;
    expect(formatCase(c, stdoutOnly)).toBe('FAIL test/x  step 1 (h1$ ip route): stdout line 3: found the end, expected "c"');
  });

  test.each([
    ["packetwalk: 'ip xfrm' is not emulated\n", "'ip xfrm' is not emulated"],
    ["/bin/sh: 1: nft: not found\n", "the command 'nft' is not there"],
    ["bash: line 1: nft: command not found\n", "the command 'nft' is not there"],
  ])("%j names the feature, even where only the status is compared", (stderr, named) => {
    const c = caseOf(run("x", { exit: 1 }, { match: "exit" }));
    const { result } = play(c, { x: { outcome: { exit: 1, stdout: "", stderr } } });
    expect(result).toMatchObject({ status: "fail", missing: [named], differences: [] });
    expect(formatCase(c, result)).toBe(`FAIL test/x  ${named}`);
  });

  test("a command that the real machine did not find either is no missing feature", () => {
    const o: Outcome = { exit: 127, stdout: "", stderr: "/bin/sh: 1: nmap: not found\n" };
    expect(play(caseOf(run("nmap", o)), { nmap: { outcome: o } }).result.status).toBe("pass");
  });

  test("what the emulator throws is its own fault, and the rest of the run goes on without the case", () => {
    const c = caseOf(run("a", { stdout: "x" }));
    const result = runCase(c, () => new PlayedEngine(() => { throw new Error("impossible value"); }));
    expect(result).toMatchObject({ status: "error", because: "the emulator broke in step 0: impossible value", telling: { total: 1, agreed: 0 } });
    expect(formatCase(c, result)).toBe("FAIL test/x  the emulator broke in step 0: impossible value");
  });
});

test("areas are summed up in columns", () => {
  const c = caseOf(run("a", { stdout: "x\n" }));
  const pass = play(c, { a: { outcome: printed("x\n") } }).result;
  const fail = play(c, {}).result;
  expect(formatSummary(summarise([pass, fail, { ...pass, area: "arp" }]))).toEqual(["arp   cases     1/1  steps       1/1", "test  cases     1/2  steps       1/2"]);
});

test("what is missing is counted by cases, the most wanted first", () => {
  const c = caseOf(run("a"), run("b"));
  const lacks = (...names: string[]) => play(c, { a: { outcome: { ...quiet, stderr: names.map((n) => `packetwalk: '${n}' is not emulated\n`).join("") } } }).result;
  expect(formatMissing(summariseMissing([lacks("ip xfrm"), lacks("ip tunnel", "ip xfrm"), lacks("ip maddr")]))).toEqual([
    "   2 cases: 'ip xfrm' is not emulated",
    "   1 case:  'ip maddr' is not emulated",
    "   1 case:  'ip tunnel' is not emulated",
  ]);
});
