/** `output`: what a command prints. */
import type { Bench } from "../bench.ts";
import type { CheckOf } from "../schema.ts";
import { fact, type Verdict } from "./verdict.ts";

type Output = CheckOf<"output">;

export function judgeOutput(check: Output, bench: Bench): Verdict | undefined {
  const session = bench.copy(check.if);
  if (session === undefined) return undefined;
  const ran = bench.run(session, check.on, check.run, check.within);
  if (bench.spent !== undefined) return undefined;
  const expected = fact("output.expected", { node: check.on, command: check.run }, `${check.on}: ${check.run}: ${describe(check)}`);
  const wrong = whatIsWrong(check, ran.stdout, ran.exit);
  const printed = cut(ran.stdout.trim() === "" ? ran.stderr : ran.stdout);
  return wrong === undefined ? { pass: true, expected, found: fact("output.as-expected", {}, "as expected") } : { pass: false, expected, found: fact("output.found", { output: printed, exit: ran.exit ?? -1 }, `${wrong}; it printed: ${printed}`) };
}

function whatIsWrong(check: Output, stdout: string, exit: number | undefined): string | undefined {
  if (exit === undefined) return `it did not end within ${check.within} s`;
  if (check.exit !== undefined && exit !== check.exit) return `exit status ${exit}`;
  if (check.equals !== undefined && lines(stdout) !== lines(check.equals)) return "something else";
  const missing = check.contains?.find((part) => !stdout.includes(part));
  if (missing !== undefined) return `nothing with "${missing}"`;
  const extra = check.lacks?.find((part) => stdout.includes(part));
  return extra === undefined ? undefined : `"${extra}" is in it`;
}

/** Blanks at line ends and empty lines at the end do not count. */
export function lines(text: string): string {
  return text.split("\n").map((l) => l.trimEnd()).join("\n").trim();
}

export function cut(text: string): string {
  const t = lines(text);
  return t === "" ? "nothing" : t.length > 400 ? `${t.slice(0, 400)} …` : t;
}

function describe(check: Output): string {
  const parts = [
    check.exit === undefined ? "" : `exit status ${check.exit}`,
    check.equals === undefined ? "" : `prints ${cut(check.equals)}`,
    check.contains === undefined ? "" : `prints ${check.contains.map((c) => `"${c}"`).join(", ")}`,
    check.lacks === undefined ? "" : `does not print ${check.lacks.map((c) => `"${c}"`).join(", ")}`,
  ];
  return parts.filter((p) => p !== "").join("; ");
}
