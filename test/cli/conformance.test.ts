import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConformanceIo, run } from "../../src/cli/conformance.ts";
import type { MakeEngine } from "../../src/lab/conformance/runner.ts";

/** An engine whose every command prints its own text and ends at once. */
const echo: MakeEngine = () => ({
  now: 0,
  spawn: (_, cmd) => ({ exit: 0, drained: true, stdout: `${cmd}\n`, stderr: "", signal: () => undefined }),
  advance: () => undefined,
});
const caseOf = (id: string, area: string, stdout: string): string =>
  JSON.stringify({
    id, title: id, area, needs: [], recorded: { kernel: "", tools: {} }, nodes: { h1: {} }, links: [],
    steps: [{ node: "h1", cmd: "a", exit: 0, stdout, stderr: "" }],
  });

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "conformance-"));
  for (const area of ["arp", "ping"]) mkdirSync(join(dir, "cases", area), { recursive: true });
  writeFileSync(join(dir, "cases/arp/arp-a.json"), caseOf("arp-a", "arp", "a\n"));
  writeFileSync(join(dir, "cases/arp/arp-b.json"), caseOf("arp-b", "arp", "b\n"));
  writeFileSync(join(dir, "cases/ping/ping-a.json"), caseOf("ping-a", "ping", "a\n"));
  writeFileSync(join(dir, "broken.json"), '{"id": 1}');
  mkdirSync(join(dir, "empty"));
});
afterAll(() => rmSync(dir, { recursive: true }));

function call(...argv: string[]): { status: number; out: string; err: string } {
  const written = { out: "", err: "" };
  const io: ConformanceIo = { out: (t) => void (written.out += t), err: (t) => void (written.err += t), cwd: dir };
  return { status: run(argv, io, echo), ...written };
}

test("a directory: a line a case, a line an area, the count last, status 1 when one failed", () => {
  const r = call("cases");
  expect(r).toMatchObject({ status: 1, err: "" });
  expect(r.out.split("\n")).toEqual([
    "ok arp/arp-a",
    'FAIL arp/arp-b  step 0 (h1$ a): stdout line 1: found "a", expected "b"',
    "ok ping/ping-a",
    "",
    "arp   cases     1/2  steps       1/2",
    "ping  cases     1/1  steps       1/1",
    "2 passed, 1 failed",
    "",
  ]);
});

test("files anywhere, each once, status 0 when all pass", () => {
  const r = call("cases/arp/arp-a.json", join(dir, "cases/ping"), "cases/ping/ping-a.json");
  expect(r.status).toBe(0);
  expect(r.out).toMatch(/^ok arp\/arp-a\nok ping\/ping-a\n[\s\S]*\n2 passed, 0 failed\n$/);
});

test("--diff shows the first difference below its case", () => {
  expect(call("--diff", "cases/arp/arp-b.json").out).toContain("\n    @@ -1,1 +1,1 @@\n    -b\n    +a\n");
});

test.each([
  [["--area", "ping", "cases"], "1 passed, 0 failed\n"],
  [["--only", "*-a", "cases"], "2 passed, 0 failed\n"],
  [["--only", "arp-b", "--only", "ping-*", "cases"], "1 passed, 1 failed\n"],
])("%j chooses cases", (argv, last) => {
  expect(call(...argv).out.endsWith(last)).toBe(true);
});

test("--json is one document with the same figures", () => {
  const r = call("--json", "cases", "broken.json");
  expect(r.status).toBe(1);
  expect(JSON.parse(r.out)).toMatchObject({
    passed: 2,
    failed: 2,
    areas: [{ area: "arp", passed: 1, cases: 2 }, { area: "ping", passed: 1, cases: 1 }],
    cases: [
      { file: "cases/arp/arp-a.json", id: "arp-a", status: "pass" },
      { id: "arp-b", status: "fail", differences: [{ step: 0, field: "stdout", expected: "b\n", actual: "a\n" }] },
      { id: "ping-a", status: "pass" },
      { file: "broken.json", status: "unreadable" },
    ],
  });
});

test("a file that is no case counts as failed, and every problem is a line", () => {
  const r = call("broken.json");
  expect(r).toMatchObject({ status: 1, out: "FAIL broken.json  is not a case\n0 passed, 1 failed\n" });
  expect(r.err).toContain("broken.json: id: Invalid input: expected string, received number\n");
  expect(r.err.trimEnd().split("\n")).toHaveLength(8);
});

describe("usage", () => {
  test("--help explains itself", () => {
    expect(call("--help")).toMatchObject({ status: 0, err: "" });
    expect(call("--help").out).toMatch(/^usage: packetwalk conformance /);
  });

  test.each([
    [[], "packetwalk conformance: missing <dir|file...>; see packetwalk conformance --help\n"],
    [["nowhere"], "packetwalk conformance: nowhere: no such file or directory\n"],
    [["--frobnicate", "cases"], "packetwalk conformance: Unknown option '--frobnicate'\n"],
    [["--only"], "packetwalk conformance: Option '--only <value>' argument missing\n"],
    [["empty"], "packetwalk conformance: no case to run; give a directory of cases or a case file\n"],
    [["--area", "nosuch", "cases"], "packetwalk conformance: no case to run; give a directory of cases or a case file\n"],
  ])("%j is refused in one line", (argv, err) => {
    expect(call(...argv)).toEqual({ status: 2, out: "", err });
  });
});
