import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSubmission, parseSubmission, type Submission } from "../../src/lab/submission.ts";

const good: Submission = {
  format: 1,
  lab: "switch-by-hand",
  labDigest: "0".repeat(64),
  engine: "0.1.0",
  seed: 7,
  student: "Ada",
  log: [[1_000_000_000, "open", "h1", "h1", 80, 24], [2_000_000_000, "key", "h1", "ping -c 1 10.0.0.2\r"], [3_000_000_000, "hint", "one-bridge"], [4_000_000_000, "end"]],
  claimed: { points: 5, of: 20, tasks: { "one-bridge": 5 }, digest: "a".repeat(64) },
};

const reason = (text: string): string => {
  const r = parseSubmission(text);
  return r.ok ? "" : r.error;
};
const changed = (change: (s: Record<string, unknown>) => void): string => {
  const copy = JSON.parse(formatSubmission(good)) as Record<string, unknown>;
  change(copy);
  return JSON.stringify(copy);
};

test("a submission is written one entry a line and read back", () => {
  const text = formatSubmission(good);
  expect(text.split("\n")).toContain('  [2000000000,"key","h1","ping -c 1 10.0.0.2\\r"],');
  expect(parseSubmission(text)).toEqual({ ok: true, value: good });
  expect(formatSubmission(JSON.parse(text) as Submission)).toBe(text);
});

describe("what is none", () => {
  test.each([
    ["", "is not JSON, or was cut off"],
    [formatSubmission(good).slice(0, 200), "is not JSON, or was cut off"],
    ["[]", /must be a mapping/],
    [changed((s) => (s.format = 2)), "format: must be 1"],
    [changed((s) => (s.extra = 1)), "extra: is not a key here"],
    [changed((s) => delete s.seed), /^seed: /],
    [changed((s) => (s.seed = -1)), /^seed: /],
    [changed((s) => (s.seed = 1.5)), /^seed: /],
    [changed((s) => (s.lab = "../../etc/passwd")), /^lab: /],
    [changed((s) => (s.student = "x\u202ey")), /^student: /],
    [changed((s) => (s.labDigest = "A".repeat(64))), /^labDigest: /],
    [changed((s) => (s.log = [[1, "root", "h1"]])), /^log\[0\]: must be \[time/],
    [changed((s) => (s.log = [[1.5, "end"]])), /^log\[0\]/],
    [changed((s) => (s.log = [[-1, "end"]])), /^log\[0\]/],
    [changed((s) => (s.log = [[1, "key", "H1", "x"]])), /^log\[0\]/],
    [changed((s) => (s.log = [[1, "key", "h1", ""]])), /^log\[0\]/],
    [changed((s) => (s.log = [[1, "key", "h1", "x", "y"]])), /^log\[0\]/],
    [changed((s) => (s.log = Array.from({ length: 20_001 }, () => [1, "end"]))), /^log: /],
    [changed((s) => ((s.claimed as { points: number }).points = -5)), /^claimed\.points: /],
    [`${"[".repeat(100)}${"]".repeat(100)}`, "is nested deeper than 32"],
    [`{"a":"${"x".repeat(3 << 20)}"}`, /larger than/],
    [formatSubmission(good).replace('"format"', '"__proto__": {"polluted": 1}, "format"'), /__proto__: is not a key here/],
  ])("%.60s", (text, why) => expect(reason(text)).toMatch(why));

  test("nothing is polluted by a hostile key", () => {
    parseSubmission(formatSubmission(good).replace('"tasks": {', '"tasks": {"__proto__": 9, '));
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test("any text ends in a value or one line of reason", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.tuple(fc.nat(600), fc.string({ maxLength: 3 })).map(([at, s]) => formatSubmission(good).slice(0, at) + s + formatSubmission(good).slice(at + 1))), (text) => {
        const r = parseSubmission(text);
        if (!r.ok) expect(r.error).not.toMatch(/\n|undefined|TypeError/);
      }),
      { numRuns: 2_000, seed: 1 },
    );
  });
});
