/** awk beside mawk 1.3.4, and what a program without an end may do. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cos, exp, log, log1p, pow, sin, tanh } from "../../src/userland/elementary.ts";
import { bash, makeMachine, Person, sh } from "./machine.ts";
import { type Recording, replay, wanted } from "./recorded.ts";

const recording = JSON.parse(readFileSync(new URL("../golden/awk.json", import.meta.url), "utf8")) as Recording;

describe(recording.recorded, () => {
  test.each(recording.cases.map((c) => [c.line, c] as const))("%s", (line, c) => expect(replay(recording, line)).toEqual(wanted(c)));
});

describe("limits", () => {
  test("Ctrl-C ends a loop without an end", () => {
    const person = new Person(makeMachine());
    person.type("awk 'BEGIN { while (1) x++ }'\r");
    expect(person.type("\x03echo alive\r")).toContain("alive\n");
  });

  test.each([
    "BEGIN { for (;;); }", "BEGIN { do { } while (1) }", "function f() { while (1) ; } BEGIN { f() }", "BEGIN { while ((getline x < \"/dev/zero\") >= 0) ; }",
  ])("others get their turn beside %s", (program) => {
    const m = makeMachine();
    expect(sh(m, `timeout 1 awk '${program}'; echo "=$?"`).stdout).toMatch(/=(124|2)\n/);
  });

  test.each([
    ["a string", "BEGIN { s = \"x\"; while (1) s = s s }"], ["a substitution", "BEGIN { s = \"x\"; while (1) gsub(/x/, \"xx\", s) }"], ["an array", "BEGIN { while (1) a[i++] }"], ["fields", "BEGIN { $1000000000 = 1 }"], ["NF", "BEGIN { NF = 1e9 }"],
    ["a record", "BEGIN { RS = \"never\"; while ((getline x < \"/dev/zero\") > 0) ; }"],
  ])("%s that grows without end is refused", (_, program) => expect(sh(makeMachine(), `awk '${program}'`)).toEqual({ status: 2, stdout: "", stderr: "awk: out of memory\n" }));

  test("recursion without an end is refused", () =>
    expect(sh(makeMachine(), "awk 'function f(n) { return 1 + f(n + 1) } BEGIN { f(1) }'")).toEqual({ status: 2, stdout: "", stderr: "awk: program limit exceeded: eval stack size=1024\n" }));

  test("nesting is refused before the host's stack ends", () => {
    const deep = "(".repeat(5000);
    expect(sh(makeMachine(), `awk 'BEGIN { print ${deep}1 }'`).stderr).toMatch(/too deep/);
  });
});

describe("options that are not emulated say so", () => {
  test.each(["dump", "sprintf=100", "posix_space", "random=1"])("-W %s", (word) => {
    const got = sh(makeMachine(), `awk -W ${word} 'BEGIN {}'`);
    expect(got.status).toBe(95);
    expect(got.stderr).toContain("is not emulated");
  });
});

test("what is printed goes out before a command is run", () => expect(bash(makeMachine(), "awk 'BEGIN { printf \"a\"; system(\"printf b\"); printf \"c\" }'").stdout).toBe("abc"));

describe("elementary functions, beside glibc 2.36", () => {
  test.each<readonly [string, number, number]>([
    ["e", exp(1), Math.E], ["e^10", exp(10), 22026.465794806718], ["e^-745", exp(-745), 5e-324], ["e^710", exp(710), Infinity], ["log 2", log(2), Math.LN2], ["log 10", log(10), Math.LN10],
    ["log1p 0.5", log1p(0.5), 0.4054651081081644], ["2^0.5", pow(2, 0.5), Math.SQRT2], ["10^22", pow(10, 22), 1e22], ["10^-3", pow(10, -3), 0.001], ["(-2)^3", pow(-2, 3), -8], ["(-8)^(1/3)", pow(-8, 1 / 3), Number.NaN],
    ["2^-1074", pow(2, -1074), 5e-324], ["0^-1", pow(0, -1), Infinity], ["sin 1", sin(1), 0.8414709848078965], ["sin 1e22", sin(1e22), -0.8522008497671888], ["cos 1e22", cos(1e22), 0.523214785395139], ["tanh 1", tanh(1), 0.7615941559557649],
  ])("%s", (_, got, want) => expect(got).toBe(want));
});
