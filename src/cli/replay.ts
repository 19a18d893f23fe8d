/** `packetwalk replay`: recomputes what was handed in. */
import { readFileSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import type { LabSource } from "../lab/load.ts";
import type { TaskResult } from "../lab/protocol.ts";
import { LIMITS } from "../lab/schema.ts";
import { type Verification, verify } from "../lab/verify.ts";
import { type Io, plain, readArguments, readNumber, say, Usage } from "./io.ts";
import { labFolder, readLab } from "./lab-files.ts";

export const REPLAY_USAGE = `usage: packetwalk replay [--json] [--limit SECONDS] <submission...>

Replays a submission and recomputes its grade; what the file claims is compared, never believed.

  VERIFIED     the replay gives what is claimed
  DIFFERS      it gives something else, which is what counts
  MALFORMED    no session could have made this file
  WRONG-LAB    it is of a lab that is not here, or of another version of it
  OVER-BUDGET  it would take too long

  --json           one JSON document; of several files an array
  --limit SECONDS  wall time for one file, default 10

Exit status: 0 all VERIFIED, 1 otherwise, 2 usage.
`;

export function replayCommand(argv: readonly string[], io: Io): number | Usage {
  const args = readArguments(argv, { json: "flag", limit: "value" });
  if (args instanceof Usage) return args;
  if (args.flags.has("help")) return say(io, REPLAY_USAGE);
  const limit = readNumber(args, "limit", 10, 1, 3_600);
  if (limit instanceof Usage) return limit;
  if (args.rest.length === 0) return new Usage("replay needs a submission; see packetwalk replay --help");
  const results: { file: string; v: Verification }[] = [];
  for (const name of args.rest) {
    const path = resolve(io.cwd, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) return new Usage(`${plain(name)}: no such file`);
    results.push({ file: name, v: verifyFile(path, stat.size, limit, io) });
  }
  if (args.flags.has("json")) {
    const all = results.map(asJson);
    io.out(`${JSON.stringify(all.length === 1 ? all[0] : all, null, 1)}\n`);
  } else for (const r of results) io.out(asText(r.file, r.v));
  return results.every((r) => r.v.verdict === "VERIFIED") ? 0 : 1;
}

function verifyFile(path: string, size: number, limit: number, io: Io): Verification {
  if (size > LIMITS.submissionOctets) return { verdict: "MALFORMED", reason: `is larger than ${LIMITS.submissionOctets} octets` };
  const until = performance.now() + limit * 1000;
  return verify(readFileSync(path, "utf8"), (id) => labOf(id, io), { goOn: () => performance.now() < until });
}

function labOf(id: string, io: Io): LabSource | undefined {
  const dir = labFolder(id, io.cwd);
  const source = dir === undefined || id.includes("/") ? undefined : readLab(dir, io.cwd, { seeds: [] });
  return source?.ok === true ? source.value : undefined;
}

function asText(file: string, v: Verification): string {
  const s = v.submission;
  const head = s === undefined ? plain(basename(file)) : `${s.lab}, seed ${s.seed}${s.student === "" ? "" : `, ${plain(s.student)}`}`;
  const lines = [`${v.verdict} ${head}: ${plain(v.reason)}`];
  for (const t of v.grade?.tasks ?? []) lines.push(`  ${taskLine(t)}`);
  if (v.grade !== undefined) lines.push(`  ${v.grade.points} of ${v.grade.of} points at ${(v.grade.at / 1e9).toFixed(6)} s`);
  if (v.digest !== undefined) lines.push(`  state ${v.digest}`);
  return `${lines.join("\n")}\n`;
}

export function taskLine(t: TaskResult): string {
  const hints = t.hints === 0 ? "" : `, ${t.hints} ${t.hints === 1 ? "hint" : "hints"}`;
  return `${t.status === "done" ? "done   " : t.status === "error" ? "error  " : "not yet"}  ${t.task.padEnd(20)} ${t.points} of ${t.of}${hints}`;
}

function asJson({ file, v }: { file: string; v: Verification }): object {
  const s = v.submission;
  const tasks = v.grade?.tasks.map((t) => ({
    task: t.task, status: t.status, points: t.points, of: t.of, hints: t.hints,
    checks: t.outcomes.map((o) => (o.status === "error" ? { check: o.check, status: o.status, because: o.because } : { check: o.check, status: o.status, expected: o.expected.text, found: o.found.text, ...(o.status === "fail" && o.firstWrong !== undefined ? { firstWrong: o.firstWrong } : {}) })),
  }));
  return {
    file, verdict: v.verdict, reason: v.reason,
    ...(s === undefined ? {} : { lab: s.lab, seed: s.seed, student: s.student, engine: s.engine, claimed: s.claimed }),
    ...(v.grade === undefined ? {} : { at: v.grade.at, points: v.grade.points, of: v.grade.of, tasks }),
    ...(v.digest === undefined ? {} : { digest: v.digest }),
  };
}
