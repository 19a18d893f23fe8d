import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Usage } from "../../src/cli/io.ts";
import { dispatch } from "../../src/cli/main.ts";
import { ENGINE_VERSION } from "../../src/lab/version.ts";

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "packetwalk-"));
});
afterAll(() => rmSync(dir, { recursive: true }));

async function cli(...argv: string[]): Promise<{ status: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const status = await dispatch(argv, { out: (t) => void (out += t), err: (t) => void (err += t), cwd: dir });
  return status instanceof Usage ? { status: 2, out, err: `${err}packetwalk: ${status.message}\n` } : { status, out, err };
}

describe("usage", () => {
  test.each([
    [[], "a command is missing"],
    [["walk"], "unknown command 'walk'"],
    [["lab"], "lab needs list, check or run"],
    [["lab", "eat"], "unknown command 'lab eat'"],
    [["lab", "list", "--jsn"], "unknown option --jsn"],
    [["lab", "list", "x"], "takes no argument 'x'"],
    [["lab", "check", "nothing"], "there is no lab 'nothing'"],
    [["lab", "check", "./none"], "there is no lab './none'"],
    [["lab", "check", "--seeds", "many"], "option --seeds must be a whole number from 1 to 10000, not 'many'"],
    [["lab", "run"], "lab run needs a lab"],
    [["lab", "run", "nothing"], "there is no lab 'nothing'"],
    [["lab", "run", "switch-by-hand", "switch-by-hand"], "takes one lab"],
    [["lab", "run", "switch-by-hand", "--seed", "-1"], "option --seed must be a whole number"],
    [["lab", "run", "switch-by-hand", "--script", "no.such"], "no.such: no such file"],
    [["lab", "run", "switch-by-hand", "--seed"], "option --seed needs a value"],
    [["lab", "list", "--json=yes"], "option --json takes no value"],
    [["replay"], "replay needs a submission"],
    [["replay", "no.such"], "no.such: no such file"],
    [["conformance"], "missing <dir|file...>"],
    [["\u001b[31mred"], "unknown command '\\u001b[31mred'"],
  ])("%j says so in one line, status 2", async (argv, why) => {
    const r = await cli(...argv);
    expect(r.status).toBe(2);
    expect(r.err).toContain(why);
    expect(r.err).toMatch(/^packetwalk[^\n]*: [^\n]*\n$/);
    expect(r.out).toBe("");
  });

  test.each([[["--help"]], [["lab", "--help"]], [["lab", "list", "--help"]], [["lab", "check", "-h"]], [["lab", "run", "--help"]], [["replay", "--help"]], [["conformance", "--help"]]])("%j", async (argv) => {
    const r = await cli(...argv);
    expect([r.status, r.err]).toEqual([0, ""]);
    expect(r.out).toMatch(/^usage: packetwalk /);
  });

  test("the version is the package's", async () => {
    const { version } = JSON.parse(readFileSync(fileURLToPath(new URL("../../package.json", import.meta.url)), "utf8")) as { version: string };
    expect(ENGINE_VERSION).toBe(version);
    expect((await cli("--version")).out).toBe(`packetwalk ${version}\n`);
  });
});

test("lab list names every lab with its size", async () => {
  const r = await cli("lab", "list");
  expect(r.status).toBe(0);
  expect(r.out).toMatch(/^switch-by-hand +build +15 min +20 points +A switch by hand$/m);
  const rows = JSON.parse((await cli("lab", "list", "--json")).out) as { id: string; tasks: number }[];
  expect(rows.find((x) => x.id === "switch-by-hand")).toMatchObject({ tasks: 4, points: 20, kind: "build" });
});

describe("lab check", () => {
  test("names every problem of a folder that is wrong", async () => {
    mkdirSync(join(dir, "bad"));
    writeFileSync(join(dir, "bad/lab.yaml"), "version: 1\nid: bad\nkind: bild\nminutes: 10\nnodes: {}\ntasks: []\n");
    const r = await cli("lab", "check", "./bad");
    expect(r.status).toBe(1);
    expect(r.out.split("\n")).toEqual([
      "FAIL bad: 4 problems in its files",
      "  bad/lab.yaml:1: chapter: is missing; add it: a text",
      "  bad/lab.yaml:3: kind: must be one of build, break-fix, investigate, predict, design, figure; found \"bild\"; choose one of them",
      "  bad/solution.sh: is missing; write it; see docs/lab-format.md",
      "  bad/text.en.yaml: is missing; write it; see docs/lab-format.md",
      "0 passed, 1 failed",
      "",
    ]);
  });

  test("a folder with something else than files in it is refused", async () => {
    mkdirSync(join(dir, "odd/inner"), { recursive: true });
    expect((await cli("lab", "check", "./odd")).out).toContain("odd/inner: is no regular file; remove it");
  });
});

describe("run, save, replay", () => {
  test("the reference solution earns everything; its submission is VERIFIED; an edited one is not", async () => {
    const run = await cli("lab", "run", "switch-by-hand", "--seed", "5", "--script", "solution", "--save", "mine.json", "--student", "Ada");
    expect(run.err).toBe("");
    expect(run.out).toContain("root@s1:~# ip link add br0 type bridge\n");
    expect(run.out).toMatch(/20 of 20 points\n$/);
    expect(run.status).toBe(0);
    const verified = await cli("replay", "--limit", "300", "mine.json");
    expect(verified.out).toMatch(/^VERIFIED switch-by-hand, seed 5, Ada: 20 of 20 points\n( {2}done .*5 of 5\n){4} {2}20 of 20 points at [\d.]+ s\n {2}state [0-9a-f]{64}\n$/);
    expect(verified.status).toBe(0);
    const text = readFileSync(join(dir, "mine.json"), "utf8");
    writeFileSync(join(dir, "edited.json"), text.replace("type bridge\\r", "type dummy\\r"));
    const edited = JSON.parse((await cli("replay", "--limit", "300", "--json", "edited.json")).out) as { verdict: string; reason: string; points: number; tasks: { checks: { status: string }[] }[] };
    expect(edited.verdict).toBe("DIFFERS");
    expect(edited.reason).toBe(`claims 20 of 20 points, the replay gives ${edited.points} of 20`);
    expect(edited.tasks.flatMap((t) => t.checks).some((c) => c.status === "fail")).toBe(true);
    writeFileSync(join(dir, "cut.json"), text.slice(0, 400));
    const both = await cli("replay", "--limit", "300", "mine.json", "cut.json");
    expect(both.out).toContain("MALFORMED cut.json: is not JSON, or was cut off\n");
    expect(both.status).toBe(1);
  });

  test("a script of one's own is played, graded, and its faults are named", async () => {
    writeFileSync(join(dir, "script"), "s1$ ip link add br0 type bridge\ns1$ for p in eth1 eth2 eth3; do x=${p}; ip link set $p master br0; ip link set $p up; done\n# wait: 1\ns1$ ip link set br0 up\n");
    const r = await cli("lab", "run", "switch-by-hand", "--script", "script");
    expect(r.out).toMatch(/^done +one-bridge +5 of 5$/m);
    expect(r.out).toMatch(/^not yet +own-address +0 of 5$/m);
    expect(r.out).toMatch(/Expected: .*\n {4}Found: .*/);
    expect(r.status).toBe(1);
    writeFileSync(join(dir, "script"), "s1$ true\nping h1\nh1$\n");
    const bad = await cli("lab", "run", "switch-by-hand", "--script", "script");
    expect(bad.status).toBe(2);
    expect(bad.err.split("\n").length).toBe(3);
    writeFileSync(join(dir, "script"), "h9$ true\n");
    expect((await cli("lab", "run", "switch-by-hand", "--script", "script")).err).toBe("packetwalk: script line 1: 'h9' has no terminal; there are h1, h2, h3, s1\n");
  });

  test("Node runs the command line as it is; a script may come from a pipe", () => {
    const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
    const r = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, "lab", "run", "switch-by-hand", "--quiet"], { input: "s1$ true\n", encoding: "utf8", env: { ...process.env, PACKETWALK_CWD: dir } });
    expect(r.stderr).toBe("");
    expect(r.stdout).toMatch(/0 of 20 points\n$/);
    expect(r.status).toBe(1);
    const usage = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", main, "fly"], { encoding: "utf8" });
    expect([usage.status, usage.stderr]).toEqual([2, "packetwalk: unknown command 'fly'; see packetwalk --help\n"]);
  });
});
