/** What the real tools of Debian 12 printed for many command lines, against ours: status, standard output and standard error. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeMachine, type Outcome, sh } from "./machine.ts";

interface Recorded extends Outcome {
  cmd: string;
}
interface Golden {
  recorded: string;
  setup: string;
  commands: Recorded[];
}

const DIR = join(import.meta.dirname, "../golden/tools");

describe.each(readdirSync(DIR).sort())("%s", (file) => {
  const golden = JSON.parse(readFileSync(join(DIR, file), "utf8")) as Golden;
  test.each(golden.commands)("$cmd", ({ cmd, ...expected }) => {
    const m = makeMachine();
    expect(sh(m, golden.setup)).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(sh(m, cmd)).toEqual(expected);
  });
});
