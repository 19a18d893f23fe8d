/** The loop of an interactive shell: job notices, prompt, a command over as many lines as it needs, run it. */
import type { Run } from "../process.ts";
import { inputLine } from "./main.ts";
import { expandHistory, joinLine, remember } from "./history.ts";
import { Parser } from "./parser.ts";
import { aliasesOf } from "./program.ts";
import { promptText } from "./prompt.ts";
import { giveTerminal, notifyJobs, runList, runTraps } from "./run.ts";
import { Abort, type Shell } from "./shell.ts";
import { reportSyntaxFault } from "./syntax-fault.ts";
import { LineEditor } from "./line-editor.ts";

export interface InteractiveOptions {
  /** Lines are edited on the terminal. */
  editing: boolean;
}

export function* interact(sh: Shell, o: InteractiveOptions): Run<number> {
  const editor = o.editing ? new LineEditor(sh) : undefined;
  let held = "";
  /** The same as history keeps it. */
  let kept = "";
  /** Inside quotes or a here-document. */
  let verbatim = false;
  let warned = false;
  for (;;) {
    if (held === "") yield* beforePrompt(sh);
    if (sh.flow?.kind === "exit") break;
    const prompt = yield* promptText(sh, held === "" ? (sh.get("PS1") ?? "") : (sh.get("PS2") ?? ""));
    let line = editor ? yield* editor.readLine(prompt) : yield* plainLine(sh, prompt);
    if (line !== undefined && line !== "interrupted" && editor) line = yield* fromHistory(sh, line);
    if (line === "interrupted") {
      held = kept = "";
      sh.status = 130;
      continue;
    }
    if (line === undefined) {
      if (held !== "") {
        yield* runHeld(sh, held, true);
        held = kept = "";
        continue;
      }
      if (sh.jobs.jobs.some((j) => j.processes.some((p) => p.state === "stopped")) && !warned) {
        yield* sh.proc.warn(`${sh.login ? "logout" : "exit"}\nThere are stopped jobs.\n`);
        warned = true;
        continue;
      }
      yield* sh.proc.warn(sh.login ? "logout\n" : sh.bash ? "exit\n" : "\n");
      break;
    }
    warned = false;
    held += line;
    kept = joinLine(kept, line.replace(/\n$/, ""), verbatim);
    const parsed = new Parser(held, { dialect: sh.dialect, extglob: sh.shopts.has("extglob"), mayContinue: true, program: true }).complete();
    verbatim = parsed === "quoted";
    if (parsed !== "complete") continue;
    if (editor) remember(sh.history, kept);
    yield* runHeld(sh, held, false);
    held = kept = "";
    verbatim = false;
  }
  giveBack(sh);
  sh.flow = undefined;
  return sh.status;
}

function giveBack(sh: Shell): void {
  // The terminal goes back to who started this shell; a job-control parent takes it itself, another parent cannot.
  const parent = sh.proc.parent;
  if (parent && parent.sid === sh.proc.sid) giveTerminal(sh, parent.pgid);
}

function* beforePrompt(sh: Shell): Run<void> {
  yield* notifyJobs(sh);
  if (sh.pendingTraps.length > 0) yield* runTraps(sh);
  sh.interrupted = false;
  const { tty } = sh.proc;
  if (tty && sh.shopts.has("checkwinsize")) {
    sh.set("LINES", String(tty.rows));
    sh.set("COLUMNS", String(tty.columns));
  }
}

function* plainLine(sh: Shell, prompt: string): Run<string | undefined | "interrupted"> {
  if (prompt !== "") yield* sh.proc.warn(prompt);
  return yield* inputLine(sh);
}

/** !! and its like; what comes of it is shown. */
function* fromHistory(sh: Shell, line: string): Run<string | "interrupted"> {
  if (!sh.options.has("histexpand")) return line;
  const made = expandHistory(line.replace(/\n$/, ""), sh.history);
  if (made.kind === "same") return line;
  if (made.kind === "missing") {
    yield* sh.error(`${made.event}${/: (bad|subst)/.test(made.event) ? "" : ": event not found"}`);
    return "interrupted";
  }
  yield* sh.proc.warn(`${made.line}\n`);
  if (!made.printOnly) return `${made.line}\n`;
  remember(sh.history, made.line);
  return "interrupted";
}

function* runHeld(sh: Shell, text: string, ended: boolean): Run<void> {
  const parser = new Parser(text, { dialect: sh.dialect, aliases: aliasesOf(sh), extglob: sh.shopts.has("extglob"), mayContinue: !ended, program: true });
  for (;;) {
    parser.useAliases(aliasesOf(sh), sh.shopts.has("extglob"));
    const parsed = parser.next();
    if (parsed.kind === "end") return;
    if (parsed.kind === "fault") {
      yield* reportSyntaxFault(sh, parsed.fault);
      sh.status = 2;
      return;
    }
    try {
      sh.status = yield* runList(sh, parsed.script);
    } catch (e) {
      if (!(e instanceof Abort)) throw e;
      sh.status = e.status;
      sh.depth = sh.loopDepth = sh.unchecked = 0;
      sh.frames = [];
      sh.builtin = "";
      sh.sourcing = [];
      if (e.how === "exit") {
        sh.flow = { kind: "exit" };
        return;
      }
    }
    sh.commandNumber++;
    if (sh.flow?.kind === "exit") return;
    sh.flow = undefined;
  }
}
