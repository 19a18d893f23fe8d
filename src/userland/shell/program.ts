/** Programs as texts: parsed a line of commands at a time and run at once, as both shells do. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Errno } from "../../kernel/errno.ts";
import type { Process, Run } from "../process.ts";
import { Parser } from "./parser.ts";
import { runList } from "./run.ts";
import { Abort, Shell } from "./shell.ts";
import { reportSyntaxFault } from "./syntax-fault.ts";

/** dash expands aliases always, bash for people. */
export function aliasesOf(sh: Shell): ReadonlyMap<string, string> | undefined {
  return !sh.bash || sh.shopts.has("expand_aliases") ? sh.aliases : undefined;
}

export interface TextOptions {
  /** How bash names the text in a syntax error: "-c", "eval". */
  context?: string;
  line?: number;
  /** Nothing follows in this process: the last command may take it over. */
  tail?: boolean;
  /** A line that is left by an error is no reason not to run the next one (bash's script files). */
  goesOn?: boolean;
}

/** Runs all of a text in this shell. A syntax error gives 2 and ends it; dash ends with it unless the text is `eval`'s in an interactive shell. */
export function* runText(sh: Shell, text: string, o: TextOptions = {}): Run<number> {
  const parser = new Parser(text, {
    dialect: sh.dialect, aliases: aliasesOf(sh), extglob: sh.shopts.has("extglob"), line: o.line ?? 1, program: true,
    warn: (message, line) => warnings.push({ message, line }),
  });
  const warnings: { message: string; line: number }[] = [];
  let ran = false;
  for (;;) {
    parser.useAliases(aliasesOf(sh), sh.shopts.has("extglob"));
    const parsed = parser.next();
    if (sh.bash) for (const w of warnings.splice(0)) yield* sh.proc.warn(`${sh.arg0}: line ${w.line}: warning: ${w.message}\n`);
    if (parsed.kind === "end") return ran ? sh.status : (sh.status = 0);
    ran = true;
    if (parsed.kind === "fault") {
      yield* reportSyntaxFault(sh, parsed.fault, o.context);
      sh.status = 2;
      if (!sh.bash) throw new Abort(sh.interactive ? "discard" : "exit", 2);
      return 2;
    }
    if (sh.options.has("verbose")) yield* sh.proc.warn(parser.lastText);
    if (sh.options.has("noexec")) continue;
    const depth = sh.depth;
    try {
      sh.status = yield* runList(sh, parsed.script, o.tail === true && parser.rest.trim() === "" && !sh.interactive);
    } catch (e) {
      if (!(e instanceof Abort)) throw e;
      sh.depth = depth;
      sh.status = e.status;
      if (e.how === "exit" || (!sh.bash && !o.goesOn)) throw e;
      sh.loopDepth = 0;
      sh.unchecked = 0;
    }
    if (sh.flow) return sh.status;
  }
}

/** A file's octets, waiting for them where it is a pipe or a terminal. */
export function* readWhole(proc: Process, path: string): Run<Result<Uint8Array, Errno>> {
  const opened = proc.machine.fs.open(proc, path, { read: true });
  if (!opened.ok) return opened;
  const fd = proc.addFd(opened.value, 10);
  const all = yield* proc.readAll(fd);
  proc.closeFd(fd);
  return typeof all === "string" ? err(all) : ok(all);
}

/** A file without a format of its own that was executed: this shell runs it, in what is already a process of its own. */
export function* runScriptFile(sh: Shell, path: string, argv: readonly string[]): Run<number> {
  const { proc } = sh;
  proc.becomes(argv, sh.environment());
  const fresh = new Shell(proc, sh.dialect, argv[0]!.includes("/") ? argv[0]! : path);
  fresh.source = "file";
  fresh.shopts = new Set(sh.shopts);
  fresh.options = new Set([...sh.options].filter((o) => o === "hashall" || o === "braceexpand"));
  for (const [name, value] of proc.env) fresh.variables.set(name, { value, exported: true, readonly: false, integer: false });
  fresh.positional = argv.slice(1);
  const content = proc.machine.fs.readFile(proc, path);
  if (!content.ok) return 126;
  const status = yield* runMain(fresh, decodeUtf8(content.value), { goesOn: true });
  Object.assign(sh, { flow: undefined, status });
  return status;
}

/** The main text of a shell process: errors that end the shell end here. */
export function* runMain(sh: Shell, text: string, o: TextOptions): Run<number> {
  try {
    yield* runText(sh, text, o);
  } catch (e) {
    if (!(e instanceof Abort)) throw e;
    sh.status = e.status;
  }
  sh.flow = undefined;
  return sh.status;
}
