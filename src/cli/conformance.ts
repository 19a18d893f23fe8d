/** `packetwalk conformance`: plays recorded transcripts of real machines in the engine and compares byte for byte. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, matchesGlob, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type ConformanceCase, parseCase } from "../lab/conformance/case.ts";
import { makeEngine } from "../lab/conformance/engine.ts";
import { fidelityMatrix } from "../lab/conformance/fidelity.ts";
import { formatCase, formatFirstDiff, formatMissing, formatSummary, summarise, summariseMissing } from "../lab/conformance/report.ts";
import { type CaseResult, type MakeEngine, runCase } from "../lab/conformance/runner.ts";
import { formatProblem } from "../lab/problem.ts";
import { COMMANDS } from "../userland/commands/index.ts";

/** Where a command of the command line writes, and the directory its caller stood in. */
export interface ConformanceIo {
  out(text: string): void;
  err(text: string): void;
  readonly cwd: string;
}

const USAGE = `usage: packetwalk conformance [--json | --fidelity] [--diff] [--only GLOB] [--area NAME] <dir|file...>

Plays conformance cases in the engine and compares what it prints with what real machines printed.
A line a case, what is not emulated by the number of cases that need it, a summary an area; the last line is
"N passed, M failed".

  --json        one JSON document instead: cases, areas, passed, failed
  --fidelity    the matrix of commands and options instead, in Markdown: docs/fidelity.md
  --diff        below a failing case the unified difference of its first differing step
  --only GLOB   only cases whose id matches, e.g. 'arp-*'; may be given more than once
  --area NAME   only cases of this area; may be given more than once

Exit status: 0 all passed, 1 some failed, 2 usage.
`;

interface Options {
  readonly json: boolean;
  readonly fidelity: boolean;
  readonly diff: boolean;
  readonly only: readonly string[];
  readonly areas: readonly string[];
  readonly paths: readonly string[];
}

/** A file that was read: a case, or why it is none. */
type Loaded = { readonly file: string; readonly c: ConformanceCase } | { readonly file: string; readonly problems: readonly string[] };

/** @param engine another engine than ours, for tests. @returns the exit status. */
export function run(argv: readonly string[], io: ConformanceIo, engine: MakeEngine = makeEngine): number {
  const usage = (message: string): number => {
    io.err(`packetwalk conformance: ${message}\n`);
    return 2;
  };
  if (argv.includes("--help") || argv.includes("-h")) {
    io.out(USAGE);
    return 0;
  }
  const options = readOptions(argv);
  if (typeof options === "string") return usage(options);
  const files: string[] = [];
  for (const path of options.paths) {
    const found = caseFiles(resolve(io.cwd, path));
    if (found === undefined) return usage(`${path}: no such file or directory`);
    files.push(...found);
  }
  const loaded = [...new Set(files)].map((file) => load(file, io.cwd)).filter((l) => isAskedFor(l, options));
  if (loaded.length === 0) return usage("no case to run; give a directory of cases or a case file");
  if (options.fidelity) return runAsMatrix(loaded, io, engine);
  return options.json ? runAsJson(loaded, io, engine) : runAsText(loaded, io, engine, options.diff);
}

/** @returns what is wrong with the arguments, in one line, when something is. */
function readOptions(argv: readonly string[]): Options | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: "boolean", default: false },
        fidelity: { type: "boolean", default: false },
        diff: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        area: { type: "string", multiple: true, default: [] },
      },
    });
    if (positionals.length === 0) return "missing <dir|file...>; see packetwalk conformance --help";
    return { json: values.json, fidelity: values.fidelity, diff: values.diff, only: values.only, areas: values.area, paths: positionals };
  } catch (e) {
    return (e as Error).message.split("\n")[0]!.replace(/\. .*$/, "");
  }
}

/** Case files at or below `path`, in the order of their names; undefined when there is nothing. */
function caseFiles(path: string): string[] | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (!stat.isDirectory()) return [path];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".json"));
  return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map((name) => join(path, name));
}

function load(file: string, cwd: string): Loaded {
  const shown = relative(cwd, file);
  const name = shown.startsWith("..") ? file : shown;
  const parsed = parseCase(name, readFileSync(file, "utf8"));
  return parsed.ok ? { file: name, c: parsed.value } : { file: name, problems: parsed.error.map(formatProblem) };
}

function isAskedFor(l: Loaded, o: Options): boolean {
  if (!("c" in l)) return true;
  return (o.areas.length === 0 || o.areas.includes(l.c.area)) && (o.only.length === 0 || o.only.some((glob) => matchesGlob(l.c.id, glob)));
}

function runAsText(loaded: readonly Loaded[], io: ConformanceIo, engine: MakeEngine, diff: boolean): number {
  const results: CaseResult[] = [];
  for (const l of loaded) {
    if (!("c" in l)) {
      io.out(`FAIL ${l.file}  is not a case\n`);
      for (const p of l.problems) io.err(`${p}\n`);
      continue;
    }
    const r = runCase(l.c, engine);
    results.push(r);
    io.out(`${[formatCase(l.c, r), ...(diff ? formatFirstDiff(r) : [])].join("\n")}\n`);
  }
  const missing = formatMissing(summariseMissing(results));
  if (missing.length > 0) io.out(`\n${missing.join("\n")}\n`);
  if (results.length > 0) io.out(`\n${formatSummary(summarise(results)).join("\n")}\n`);
  const passed = results.filter((r) => r.status === "pass").length;
  const failed = loaded.length - passed;
  io.out(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

function runAsMatrix(loaded: readonly Loaded[], io: ConformanceIo, engine: MakeEngine): number {
  const unreadable = loaded.flatMap((l) => ("c" in l ? [] : l.problems));
  for (const p of unreadable) io.err(`${p}\n`);
  io.out(fidelityMatrix(loaded.flatMap((l) => ("c" in l ? [{ c: l.c, r: runCase(l.c, engine) }] : [])), COMMANDS));
  return unreadable.length === 0 ? 0 : 1;
}

function runAsJson(loaded: readonly Loaded[], io: ConformanceIo, engine: MakeEngine): number {
  const results: CaseResult[] = [];
  const cases = loaded.map((l) => {
    if (!("c" in l)) return { file: l.file, status: "unreadable", problems: l.problems };
    const r = runCase(l.c, engine);
    results.push(r);
    return { file: l.file, ...r };
  });
  const passed = results.filter((r) => r.status === "pass").length;
  const failed = loaded.length - passed;
  io.out(`${JSON.stringify({ cases, areas: summarise(results), missing: summariseMissing(results), passed, failed }, null, 1)}\n`);
  return failed === 0 ? 0 : 1;
}
