/**
 * The transcripts of real machines that the engine reproduces today: none may fall back, and one that newly agrees is
 * added to test/conformance/passing.txt. `packetwalk conformance --diff test/conformance` shows the rest.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseCase } from "../src/lab/conformance/case.ts";
import { makeEngine } from "../src/lab/conformance/engine.ts";
import { formatCase, formatFirstDiff } from "../src/lab/conformance/report.ts";
import { runCase } from "../src/lab/conformance/runner.ts";
import { formatProblem } from "../src/lab/problem.ts";

const ROOT = join(import.meta.dirname, "conformance");
const passing = readFileSync(join(ROOT, "passing.txt"), "utf8").trimEnd().split("\n");
const cases = readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".json")).map((f) => f.replace(/\.json$/, "")).sort();

/** @returns the case's line in a report, "ok ..." or "FAIL ..." with the first difference below it. */
function play(name: string): string {
  const file = `${name}.json`;
  const parsed = parseCase(file, readFileSync(join(ROOT, file), "utf8"));
  if (!parsed.ok) return parsed.error.map(formatProblem).join("\n");
  const result = runCase(parsed.value, makeEngine);
  return [formatCase(parsed.value, result), ...formatFirstDiff(result)].join("\n");
}

test("passing.txt lists cases that are there, in order and once", () => {
  expect(passing).toEqual(cases.filter((name) => passing.includes(name)));
});

describe("passes", () => {
  test.each(passing)("%s", (name) => {
    expect(play(name)).toBe(`ok ${name}`);
  });
});

test("every case that agrees is in passing.txt", () => {
  const newly = cases.filter((name) => !passing.includes(name) && play(name) === `ok ${name}`);
  expect(newly, "agree now: add them to test/conformance/passing.txt").toEqual([]);
}, 120_000);
