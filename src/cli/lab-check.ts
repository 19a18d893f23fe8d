/** `packetwalk lab check`: proves of each lab what must be true before anybody is given it (src/lab/prove.ts). */
import { basename, join } from "node:path";
import { formatProblem } from "../lab/problem.ts";
import { type Finding, prove } from "../lab/prove.ts";
import { type Io, plain, readArguments, readNumber, say, Usage } from "./io.ts";
import { labFolder, labIds, LABS_DIR, readLab } from "./lab-files.ts";

export const CHECK_USAGE = `usage: packetwalk lab check [--seeds N] [--verbose] [--json] [<id|folder>...]

Proves of each lab (all of them when none is named): its files are right; untouched it fails every task; the
solution earns everything on N seeds; without any one step of it some task fails; another seed's solution does not
pass; listed wrong ways fail and other right ways pass; every check can fail. A folder is a path with a slash in it.

  --seeds N   variants that must be solvable, default 10
  --verbose   say what held as well
  --json      one JSON document instead

The last line is "N passed, M failed". Exit status: 0 all passed, 1 some failed, 2 usage.
`;

interface Checked {
  lab: string;
  problems: string[];
  findings: Finding[];
  ok: boolean;
}

export function check(argv: readonly string[], io: Io): number | Usage {
  const args = readArguments(argv, { json: "flag", verbose: "flag", seeds: "value" });
  if (args instanceof Usage) return args;
  if (args.flags.has("help")) return say(io, CHECK_USAGE);
  const seeds = readNumber(args, "seeds", 10, 1, 10_000);
  if (seeds instanceof Usage) return seeds;
  const folders: string[] = [];
  for (const name of args.rest.length > 0 ? args.rest : labIds()) {
    const dir = args.rest.length > 0 ? labFolder(name, io.cwd) : join(LABS_DIR, name);
    if (dir === undefined) return new Usage(`there is no lab '${plain(name)}'; see packetwalk lab list`);
    folders.push(dir);
  }
  const json = args.flags.has("json");
  const results = folders.map((dir) => checkOne(dir, seeds, io, json ? "nothing" : args.flags.has("verbose") ? "all" : "failures"));
  const passed = results.filter((r) => r.ok).length;
  const failed = results.length - passed;
  if (json) io.out(`${JSON.stringify({ labs: results, passed, failed }, null, 1)}\n`);
  else io.out(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

function checkOne(dir: string, seeds: number, io: Io, say: "all" | "failures" | "nothing"): Checked {
  const lab = basename(dir);
  const source = readLab(dir, io.cwd, { complete: true, seeds: Array.from({ length: seeds }, (_, i) => i + 1) });
  if (!source.ok) {
    const problems = source.error.map((p) => plain(formatProblem(p)));
    if (say !== "nothing") io.out(`FAIL ${lab}: ${problems.length} ${problems.length === 1 ? "problem" : "problems"} in its files\n${problems.map((p) => `  ${p}\n`).join("")}`);
    return { lab, problems, findings: [], ok: false };
  }
  const findings = prove(source.value, { seeds });
  const ok = findings.every((f) => f.ok);
  if (say !== "nothing") {
    io.out(`${ok ? "ok  " : "FAIL"} ${lab}: ${summary(findings)}\n`);
    for (const f of findings) if (!f.ok || say === "all") io.out(`  ${f.ok ? "ok  " : "FAIL"} ${f.law} ${f.of}${f.because === "" ? "" : `: ${plain(f.because)}`}\n`);
  }
  return { lab, problems: [], findings, ok };
}

const LAW_WORDS: readonly (readonly [Finding["law"], string])[] = [
  ["untouched", "untouched"], ["solution", "solved"], ["step", "steps"], ["other-seed", "other seeds"], ["wrong", "wrong ways"], ["also", "other ways"],
];

/** "untouched 10/10, solved 10/10, steps 4/4 ..." */
function summary(findings: readonly Finding[]): string {
  return LAW_WORDS.flatMap(([law, word]) => {
    const all = findings.filter((f) => f.law === law);
    return all.length === 0 ? [] : [`${word} ${all.filter((f) => f.ok).length}/${all.length}`];
  }).join(", ");
}
