/** jq beside jq 1.6, and what a program without an end may do. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { makeMachine, Person, sh } from "./machine.ts";
import { type Recording, replay, wanted } from "./recorded.ts";

const recording = JSON.parse(readFileSync(new URL("../golden/jq.json", import.meta.url), "utf8")) as Recording;

describe(recording.recorded, () => {
  test.each(recording.cases.map((c) => [c.line, c] as const))("%s", (line, c) => expect(replay(recording, line)).toEqual(wanted(c)));
});

const run = (filter: string): { status: number; stdout: string; stderr: string } => sh(makeMachine(), `jq -nc '${filter}'`);

describe("limits", () => {
  test("Ctrl-C ends a program without an end", () => {
    const person = new Person(makeMachine());
    person.type("jq -n 'def f: f; f'\r");
    expect(person.type("\x03echo alive\r")).toContain("alive\n");
  });

  test.each(["def f: f; f", "0 | until(false; . + 1)", "last(range(infinite))", "[repeat(1) | empty]"])("others get their turn beside %s", (filter) => expect(sh(makeMachine(), `timeout 1 jq -n '${filter}'; echo "=$?"`).stdout).toBe("=124\n"));

  test.each(["[repeat(1)]", "def f: 1 + f; f", "\"x\" | until(false; . + .)", "\"x\" * 1e12", "null | .[1e12] = 1", "\"abc\" | gsub(\"\"; \"-\")", "def f: f, f; [limit(1; f)]", "reduce range(1e7) as $i ([]; . + [.])"])("%s is refused", (filter) =>
    expect(run(filter)).toEqual({ status: 134, stdout: "", stderr: "error: cannot allocate memory\n" }));

  test("a long recursion in the last place needs no memory", () => expect(run("def f: if . > 30000 then . else . + 1 | f end; 0 | f").stdout).toBe("30001\n"));

  test("nesting of a program is refused before the host's stack ends", () => {
    const got = run(`${"[".repeat(3000)}${"]".repeat(3000)}`);
    expect(got.status).toBe(3);
    expect(got.stderr).toContain("too deep");
  });

  test("values are compared and printed however deep they are", () => {
    expect(run("reduce range(1500) as $i (1; [.]) | . == .").stdout).toBe("true\n");
    expect(run("reduce range(1500) as $i (1; [.]) | tojson | length").stdout).toBe("543\n");
  });
});

describe("what is not emulated says so", () => {
  test.each(["jq --stream .", "jq --seq .", "jq -L dir .", "jq -n 'import \"a\" as a; 1'", "jq -n '1 | gamma'", "jq -n 'get_search_list'"])("%s", (line) => {
    const got = sh(makeMachine(), line);
    expect(got.status).toBe(95);
    expect(got.stderr).toMatch(/^packetwalk: 'jq .*' is not emulated\n$/);
  });
});

test("on a terminal there is colour", () => {
  const person = new Person(makeMachine());
  expect(person.type("echo '{\"a\":1}' | jq -c .\r")).toContain("\x1b[1;39m{\x1b[0m\x1b[34;1m\"a\"\x1b[0m\x1b[1;39m:\x1b[0m\x1b[0;39m1\x1b[0m\x1b[1;39m\x1b[1;39m}\x1b[0m\n");
});

test("input is taken as it comes", () => {
  const got = sh(makeMachine(), "(echo 1; sleep 1; echo 2) | jq --unbuffered '. + (now | floor) * 0'");
  expect(got.stdout).toBe("1\n2\n");
});
