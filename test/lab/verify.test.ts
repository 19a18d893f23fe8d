import { beforeAll, describe, expect, test } from "vitest";
import { type LabSource, loadLab } from "../../src/lab/load.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { formatSubmission, type Submission } from "../../src/lab/submission.ts";
import { typed } from "../../src/lab/typist.ts";
import { makeSubmission, type Verification, verify } from "../../src/lab/verify.ts";
import { RandomStream } from "../../src/sim/random.ts";

/** Small, so that hundreds of submissions can be recomputed. */
const LAB = `version: 1
id: pair
kind: build
chapter: arp
minutes: 5
parameters:
  lan: { prefix: 10.0.0.0/8, length: 24 }
  word: { pick: [red, green, blue, white, black] }
nodes:
  h1: { kind: host, at: [0, 0] }
  h2: { kind: host, at: [1, 0], start: [ "ip addr add \${lan.cidr(2)} dev eth0", ip link set eth0 up ] }
cables: [ [ "h1:eth0", "h2:eth0" ] ]
tasks:
  - { id: up, points: 1, fixed: true, checks: [ { id: up, kind: config, link: { node: h1, dev: eth0, up: true } } ] }
  - { id: talk, points: 4, hints: { count: 2, cost: 1 }, checks: [ { id: ping, kind: reach, from: h1, to: "\${lan.host(2)}", tries: 1 } ] }
  - { id: word, points: 5, checks: [ { id: word, kind: config, answer: { key: word, equals: "\${word}" } } ] }
`;
const SOLUTION = "# step: up\nh1$ ip link set eth0 up\n# step: address\nh1$ ip addr add ${lan.cidr(1)} dev eth0\n# step: word\nh1$ answer word ${word}\n";
const SEED = 3;
let source: LabSource;
let good: Submission;

/** A session with the last task left out: 5 points of 10. */
beforeAll(() => {
  const loaded = loadLab("pair", new Map([["lab.yaml", LAB], ["solution.sh", SOLUTION]]), { seeds: [SEED] });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  source = loaded.value;
  const resolved = source.resolve(SEED);
  if (!resolved.ok) throw new Error("did not resolve");
  const session = typed(resolved.value, resolved.value.solution!.slice(0, 2));
  if (!session.ok) throw new Error(session.error);
  const made = makeSubmission(resolved.value, session.value.log, session.value.now, "Ada");
  if (!made.ok) throw new Error(made.error);
  good = made.value.submission;
});

const check = (s: Submission | string): Verification => verify(typeof s === "string" ? s : formatSubmission(s), (id) => (id === source.id ? source : undefined));
const withLog = (log: LogEntry[]): Submission => ({ ...good, log });

test("an honest submission is VERIFIED with the points and the state that it claims", () => {
  const v = check(good);
  expect(v.reason).toBe("5 of 10 points");
  expect(v.verdict).toBe("VERIFIED");
  expect(v.digest).toBe(good.claimed.digest);
  expect(v.grade?.tasks.map((t) => t.points)).toEqual([1, 4, 0]);
  expect(good.claimed.tasks).toEqual({ up: 1, talk: 4, word: 0 });
});

describe("whatever is edited is seen", () => {
  test("the claimed points", () => {
    const v = check({ ...good, claimed: { ...good.claimed, points: 10 } });
    expect([v.verdict, v.reason, v.grade?.points]).toEqual(["DIFFERS", "claims 10 of 10 points, the replay gives 5 of 10", 5]);
  });
  test("the points of a task", () => {
    const v = check({ ...good, claimed: { ...good.claimed, tasks: { ...good.claimed.tasks, word: 5 } } });
    expect([v.verdict, v.reason]).toEqual(["DIFFERS", "claims 5 for task word, the replay gives 0"]);
  });
  test("the student, so that a file cannot be passed on", () => {
    const v = check({ ...good, student: "Bob" });
    expect([v.verdict, v.reason.slice(0, 16)]).toEqual(["DIFFERS", "claims the state"]);
  });
  test("the seed: the work is worth what it is worth there", () => {
    const v = check({ ...good, seed: SEED + 1 });
    expect(v.verdict).toBe("DIFFERS");
    expect(v.grade!.points).toBeLessThanOrEqual(1);
  });
  test("the lab's version, or another lab", () => {
    expect(check({ ...good, labDigest: "0".repeat(64) }).verdict).toBe("WRONG-LAB");
    expect(check({ ...good, lab: "first-ping" })).toMatchObject({ verdict: "WRONG-LAB", reason: "there is no lab 'first-ping' here" });
  });
  test("a key, a time, an order, a missing entry, an entry too many", () => {
    const at = good.log.findIndex((e) => e[1] === "key");
    const key = good.log[at] as [number, "key", string, string];
    const edits: LogEntry[][] = [
      good.log.with(at, [key[0], "key", key[2], key[3].replace("eth0", "eth1")]),
      good.log.with(at, [key[0] + 1, "key", key[2], key[3]]),
      good.log.toSpliced(at, 1),
      good.log.toSpliced(at, 0, key),
      good.log.toSpliced(at + 1, 0, [key[0], "hint", "talk"]),
      good.log.with(-1, [good.log.at(-1)![0] + 1_000_000_000, "end"]),
    ];
    for (const log of edits) expect(check(withLog(log)).verdict, JSON.stringify(log[at])).toBe("DIFFERS");
  });
  test("what no session could have done is MALFORMED", () => {
    const edits: [LogEntry[], RegExp][] = [
      [good.log.slice(0, -1), /no end/],
      [[], /no end/],
      [[...good.log, [good.log.at(-1)![0], "check", "*"]], /no end/],
      [good.log.with(1, [1, ...good.log[1]!.slice(1)] as LogEntry), /log\[1\] goes back in time/],
      [[[0, "open", "h1", "h1", 80, 24], ...good.log.slice(1)], /log\[0\] goes back in time/],
      [good.log.slice(1), /log\[0\] names a terminal 'h1' that is not open/],
      [good.log.with(0, [good.log[0]![0], "open", "h1", "nowhere", 80, 24]), /log\[0\] opens a terminal on 'nowhere'/],
      [good.log.toSpliced(-1, 0, [good.log.at(-1)![0], "hint", "nothing"]), /names a task 'nothing'/],
    ];
    for (const [log, why] of edits) {
      const v = check(withLog(log));
      expect(v.verdict).toBe("MALFORMED");
      expect(v.reason).toMatch(why);
    }
  });
  test("a log that lasts longer than a day is OVER-BUDGET", () => {
    expect(check(withLog(good.log.with(-1, [90_000e9, "end"])))).toMatchObject({ verdict: "OVER-BUDGET" });
  });
  test("a session that takes too many events, or too long, is OVER-BUDGET", () => {
    const text = formatSubmission(good);
    const find = (): LabSource => source;
    expect(verify(text, find, { events: 3 }).verdict).toBe("OVER-BUDGET");
    expect(verify(text, find, { events: 10_000_000, goOn: () => false }).verdict).toBe("OVER-BUDGET");
  });

  test("any one byte of the log or of the claim: never VERIFIED with other points", () => {
    const text = formatSubmission(good);
    const chance = new RandomStream(11, "bytes");
    const from = text.indexOf('"log"');
    for (let i = 0; i < 300; i++) {
      const at = from + chance.below(text.length - from - 3);
      const byte = String.fromCharCode(32 + chance.below(95));
      if (text[at] === byte || /\s/.test(text[at]!) || byte === " ") continue;
      const v = check(text.slice(0, at) + byte + text.slice(at + 1));
      expect(v.verdict, `${text.slice(at - 20, at)}[${text[at]} > ${byte}]${text.slice(at + 1, at + 20)}`).not.toBe("VERIFIED");
      expect(v.verdict).not.toBe("ERROR");
      expect(v.reason).not.toContain("\n");
    }
  });
});
