/** `packetwalk lab run`: a lab in this terminal in real time, or a script of lines `node$ command`. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { decodeUtf8 } from "../base/bytes.ts";
import { grade } from "../lab/grade.ts";
import type { LabSource, ResolvedLab } from "../lab/load.ts";
import { formatProblem } from "../lab/problem.ts";
import type { GradeView } from "../lab/protocol.ts";
import { LIMITS } from "../lab/schema.ts";
import { parseScript } from "../lab/script.ts";
import { Session, terminalNodes } from "../lab/session.ts";
import { formatSubmission } from "../lab/submission.ts";
import { Typist } from "../lab/typist.ts";
import { makeSubmission } from "../lab/verify.ts";
import { type Io, plain, readArguments, readNumber, say, Usage } from "./io.ts";
import { labFolder, readLab } from "./lab-files.ts";
import { runInteractive } from "./lab-terminal.ts";
import { taskLine } from "./replay.ts";

export const RUN_USAGE = `usage: packetwalk lab run [--seed N] [--script FILE] [--save FILE] [--student NAME] [--quiet] <id|folder>

Without --script: the lab in this terminal, in real time. Ctrl-] opens a menu: a number or ":node NAME" goes to
another machine, ":check" grades, ":hint TASK", ":undo", ":save FILE", ":quit".

  --seed N         variant, default 1
  --script FILE    types these lines instead ("-": standard input), prints what the terminals show, then grades:
                     h1$ ping -c 1 10.0.0.2     typed in h1's terminal; the next line waits for the prompt
                     h1& ping 10.0.0.2          does not wait
                     h1^C                       Ctrl-C
                     # wait: 5                  five seconds pass
                   "solution": the reference solution of the lab
  --save FILE      writes the submission
  --student NAME   goes into the submission
  --quiet          prints the grade only

Exit status of a script: 0 all tasks done, 1 not all, 2 usage.
`;

export function runLab(argv: readonly string[], io: Io): number | Usage | Promise<number | Usage> {
  const args = readArguments(argv, { seed: "value", script: "value", save: "value", student: "value", quiet: "flag" });
  if (args instanceof Usage) return args;
  if (args.flags.has("help")) return say(io, RUN_USAGE);
  const seed = readNumber(args, "seed", 1, 0, 0xffff_ffff);
  if (seed instanceof Usage) return seed;
  const [name, ...more] = args.rest;
  if (name === undefined) return new Usage("lab run needs a lab; see packetwalk lab list");
  if (more.length > 0) return new Usage(`lab run takes one lab; '${plain(more[0]!)}' is too much`);
  const dir = labFolder(name, io.cwd);
  if (dir === undefined) return new Usage(`there is no lab '${plain(name)}'; see packetwalk lab list`);
  const source = readLab(dir, io.cwd, { seeds: [seed] });
  const resolved = source.ok ? source.value.resolve(seed) : source;
  if (!resolved.ok || !source.ok) {
    for (const p of resolved.ok ? [] : resolved.error) io.err(`packetwalk: ${plain(formatProblem(p))}\n`);
    return 1;
  }
  const script = args.values.get("script") ?? (process.stdin.isTTY ? undefined : "-");
  const handIn = { file: args.values.get("save"), student: args.values.get("student") ?? "" };
  if (script === undefined) return runInteractive(dir, resolved.value, handIn, io);
  const text = readScriptFile(script, io, source.value, resolved.value);
  return text instanceof Usage ? text : play(resolved.value, text, handIn, args.flags.has("quiet"), io);
}

function readScriptFile(script: string, io: Io, _source: LabSource, resolved: ResolvedLab): string | undefined | Usage {
  if (script === "solution") return resolved.solution === undefined ? new Usage("this lab has no solution.sh") : undefined;
  const path = script === "-" ? 0 : resolve(io.cwd, script);
  if (typeof path === "string") {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) return new Usage(`${plain(script)}: no such file`);
    if (stat.size > LIMITS.labOctets) return new Usage(`${plain(script)}: is larger than ${LIMITS.labOctets} octets`);
  }
  return readFileSync(path, "utf8");
}

interface HandIn {
  file: string | undefined;
  student: string;
}

/** @param text of the script; undefined is the reference solution. */
function play(resolved: ResolvedLab, text: string | undefined, handIn: HandIn, quiet: boolean, io: Io): number | Usage {
  const nothing = { lookup: () => undefined, mac: () => undefined };
  const parsed = text === undefined ? { steps: resolved.solution!, problems: [] } : parseScript(text.replaceAll("${", () => "$${"), nothing);
  for (const p of parsed.problems) io.err(`packetwalk: script line ${p.line}: ${plain(p.rule)}; ${p.fix}\n`);
  const unknown = parsed.steps.flatMap((s) => s.actions).find((a) => "node" in a && !terminalNodes(resolved).includes(a.node));
  if (unknown !== undefined && "node" in unknown) return new Usage(`script line ${unknown.line}: '${unknown.node}' has no terminal; there are ${terminalNodes(resolved).join(", ")}`);
  if (parsed.problems.length > 0) return 2;
  const session = Session.start(resolved, { observer: quiet ? {} : { output: transcript(io) } });
  if (!session.ok) {
    io.err(`packetwalk: ${plain(session.error)}\n`);
    return 1;
  }
  const played = new Typist(session.value).play(parsed.steps, resolved.solution ?? []);
  if (!quiet) io.out("\n");
  if (!played.ok) io.err(`packetwalk: script ${plain(played.error)}\n`);
  const view = grade(resolved, session.value.log, session.value.now);
  printGrade(view, io);
  const saved = handIn.file === undefined ? undefined : save(resolved, session.value, handIn, io);
  return saved ?? (played.ok && view.points === view.of ? 0 : 1);
}

/** What terminals show, each change of terminal on a line of its own. */
function transcript(io: Io): (terminal: string, bytes: Uint8Array) => void {
  let shown = "";
  return (terminal, bytes) => {
    if (terminal !== shown) io.out(`${shown === "" ? "" : "\n"}--- ${terminal}\n`);
    shown = terminal;
    io.out(withoutEscapes(decodeUtf8(bytes)));
  };
}

/** Text without the sequences that only a screen understands. */
function withoutEscapes(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g, "").replaceAll("\r\n", "\n").replaceAll("\r", "");
}

export function printGrade(view: GradeView, io: Io): void {
  for (const t of view.tasks) {
    io.out(`${taskLine(t)}\n`);
    for (const o of t.outcomes) {
      if (o.status === "error") io.out(`  ${o.check}: ${plain(o.because)}\n`);
      if (o.status !== "fail") continue;
      io.out(`  ${o.check}\n    Expected: ${plain(o.expected.text)}\n    Found: ${plain(o.found.text)}\n`);
      if (o.firstWrong !== undefined) io.out(`    First wrong hop: ${plain(o.firstWrong.text)}\n`);
    }
  }
  io.out(`${view.points} of ${view.of} points\n`);
}

/** @returns an exit status when it could not be written. */
function save(resolved: ResolvedLab, session: Session, handIn: HandIn, io: Io): number | undefined {
  const made = makeSubmission(resolved, session.log, session.stamp(), handIn.student);
  if (!made.ok) {
    io.err(`packetwalk: ${plain(made.error)}\n`);
    return 1;
  }
  writeFileSync(resolve(io.cwd, handIn.file!), formatSubmission(made.value.submission));
  return undefined;
}
