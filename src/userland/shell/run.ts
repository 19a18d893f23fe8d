/**
 * Runs syntax trees. Subshells, pipeline members and background commands are real processes with a copy of the shell;
 * break, continue, return and exit travel as `sh.flow`, errors that end a line or the shell as `Abort`.
 */
import { decodeUtf8 } from "../../base/bytes.ts";
import { strerror, type Errno } from "../../kernel/errno.ts";
import { MICROSECOND, SECOND } from "../../sim/time.ts";
import { exec, findInPath, loadImage, type Image } from "../exec.ts";
import { makePipe } from "../pipe.ts";
import { SIGNALS, statusOf, type OpenFile, type Process, type Run, type Signal, type SpawnOptions } from "../process.ts";
import type { Assign, Condition, FunctionDef, Node, Part, Pipeline, Redirect, Script, Simple, Word } from "./ast.ts";
import { builtins, type Builtin } from "./builtins/index.ts";
import { evaluateCondition } from "./condition.ts";
import { arithmetic, assign, expandPattern, expandString, expandWords, readOnly } from "./expand.ts";
import { jobState, SIGNAL_TEXTS, type Job } from "./jobs.ts";
import { runScriptFile, runText } from "./program.ts";
import { matches } from "./pattern.ts";
import { commandText } from "./print.ts";
import { bashQuote } from "./quote.ts";
import { applyRedirects, keepRedirects, undoRedirects, type Saved } from "./redirect.ts";
import { Abort, MAX_FUNCTION_DEPTH, type Shell, type Variable } from "./shell.ts";
import { reportSyntaxFault } from "./syntax-fault.ts";

/** Nested commands that one process may be inside; far below what JavaScript's stack holds. */
const MAX_DEPTH = 400;
/** What a turn of a loop or a call costs: in Linux it is some microseconds of processor time. */
const LOOP_COST = 10 * MICROSECOND;
/** The most that a command substitution may put into a word. */
const MAX_SUBSTITUTION = 256 * 1024;

/** A command. `tail`: nothing follows it in this process, so a program may take the process over instead of forking. */
export function run(sh: Shell, node: Node, tail = false): Run<number> {
  switch (node.kind) {
    case "simple":
      return checked(sh, runSimple(sh, node, tail), node);
    case "pipeline":
      return checked(sh, runPipeline(sh, node), node);
    case "and":
    case "or":
      return runAndOr(sh, node, tail);
    case "list":
      return runList(sh, node, tail);
    case "subshell":
      return checked(sh, runSubshell(sh, node), node);
    case "function":
      return define(sh, node);
    case "arith":
    case "cond":
      return checked(sh, redirected(sh, node.redirects, () => runTest(sh, node)), node);
    default:
      if (node.redirects.length > 0) return redirected(sh, node.redirects, () => runCompound(sh, node, false));
      return runCompound(sh, node, tail);
  }
}

function runCompound(sh: Shell, node: Node, tail: boolean): Run<number> {
  switch (node.kind) {
    case "group":
      return runList(sh, node.body, tail);
    case "if":
      return runIf(sh, node, tail);
    case "while":
    case "until":
      return runWhile(sh, node);
    case "for":
      return runFor(sh, node);
    case "select":
      return runSelect(sh, node);
    case "arithfor":
      return runArithFor(sh, node);
    case "case":
      return runCase(sh, node, tail);
    default:
      throw new Error(`impossible command ${node.kind}`);
  }
}

/** Commands one after the other. */
export function* runList(sh: Shell, script: Script, tail = false): Run<number> {
  if (++sh.depth > MAX_DEPTH) yield* tooDeep(sh);
  const { items } = script;
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    sh.status = item.background ? yield* runBackground(sh, item.node) : yield* run(sh, item.node, tail && i === items.length - 1 && sh.traps.size === 0);
    if (sh.interrupted) yield* giveUpLine(sh);
    if (sh.pendingTraps.length > 0) yield* runTraps(sh);
    if (sh.flow) break;
  }
  sh.depth--;
  return sh.status;
}

function* tooDeep(sh: Shell): Run<never> {
  yield* sh.error(sh.bash ? "maximum nesting level of commands exceeded (packetwalk)" : "commands are nested too deeply (packetwalk)");
  throw new Abort(sh.interactive ? "discard" : "exit", sh.bash ? 1 : 2);
}

/** `set -e` and the ERR trap look at what failed. */
function* checked(sh: Shell, running: Run<number>, node: Node): Run<number> {
  const status = yield* running;
  if (status === 0 || sh.flow || sh.unchecked > 0 || (node.kind === "pipeline" && node.negated)) return status;
  sh.status = status;
  const trap = sh.traps.get("ERR");
  const inherited = sh.options.has("errtrace") || !sh.frames.some((f) => f.isFunction);
  if (trap && inherited && !sh.inTrap) yield* runTrap(sh, trap);
  if (sh.options.has("errexit")) sh.flow = { kind: "exit" };
  return status;
}

function* runAndOr(sh: Shell, node: Node & { kind: "and" | "or" }, tail: boolean): Run<number> {
  sh.unchecked++;
  const left = yield* run(sh, node.left);
  sh.unchecked--;
  sh.status = left;
  if (sh.flow || (node.kind === "and") !== (left === 0)) return left;
  return yield* run(sh, node.right, tail);
}

/** A condition of if, while, until: its failure is no failure. */
function* test(sh: Shell, script: Script): Run<number> {
  sh.unchecked++;
  const status = yield* runList(sh, script);
  sh.unchecked--;
  return status;
}

function* runIf(sh: Shell, node: Node & { kind: "if" }, tail: boolean): Run<number> {
  for (const clause of node.clauses) {
    const status = yield* test(sh, clause.test);
    if (sh.flow) return status;
    if (status === 0) return yield* runList(sh, clause.body, tail);
  }
  return node.otherwise ? yield* runList(sh, node.otherwise, tail) : 0;
}

/** Ctrl-C while an interactive shell runs commands of its own: the whole line ends (throw_to_top_level() of bash). */
function* giveUpLine(sh: Shell): Run<void> {
  sh.interrupted = false;
  if (!sh.interactive) return;
  yield* sh.proc.warn("\n");
  throw new Abort("discard", 130);
}

/** After a turn of a loop: whether it goes on. Time passes, so that others and Ctrl-C get their turn. */
function* again(sh: Shell): Run<boolean> {
  yield { until: sh.proc.now + LOOP_COST };
  if (sh.interrupted) yield* giveUpLine(sh);
  if (sh.pendingTraps.length > 0) yield* runTraps(sh);
  const { flow } = sh;
  if (!flow) return true;
  if (flow.kind === "return" || flow.kind === "exit") return false;
  if (--flow.levels > 0) return false;
  sh.flow = undefined;
  return flow.kind === "continue";
}

function* runWhile(sh: Shell, node: Node & { kind: "while" | "until" }): Run<number> {
  let status = 0;
  sh.loopDepth++;
  for (;;) {
    const tested = yield* test(sh, node.test);
    if (!sh.flow) {
      if ((tested === 0) !== (node.kind === "while")) break;
      status = yield* runList(sh, node.body);
    }
    const interrupted = sh.flow?.kind === "return" || sh.flow?.kind === "exit";
    if (!(yield* again(sh))) {
      if (interrupted) status = sh.status;
      break;
    }
  }
  sh.loopDepth--;
  return status;
}

function* runFor(sh: Shell, node: Node & { kind: "for" | "select" }): Run<number> {
  sh.line = node.line;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(node.name)) {
    yield* sh.error(`\`${node.name}': not a valid identifier`);
    return 1;
  }
  const words = node.words ? yield* expandWords(sh, node.words) : [...sh.args];
  let status = 0;
  sh.loopDepth++;
  for (const word of words) {
    if (sh.bash && sh.options.has("xtrace")) yield* traceText(sh, `for ${node.name} in ${node.words?.map((w) => w.raw).join(" ") ?? '"$@"'}`);
    if (!sh.set(node.name, word)) {
      if (!sh.bash) yield* readOnly(sh, node.name);
      yield* sh.error(`${node.name}: readonly variable`);
      status = 1;
      break;
    }
    status = yield* runList(sh, node.body);
    if (!(yield* again(sh))) break;
  }
  sh.loopDepth--;
  return status;
}

/** bash: a menu on standard error, an answer from standard input. */
function* runSelect(sh: Shell, node: Node & { kind: "for" | "select" }): Run<number> {
  const words = node.words ? yield* expandWords(sh, node.words) : [...sh.args];
  if (words.length === 0) return 0;
  const menu = words.map((w, i) => `${i + 1}) ${w}\n`).join("");
  let status = 0;
  let shown = false;
  sh.loopDepth++;
  for (;;) {
    if (!shown) yield* sh.proc.warn(menu);
    shown = true;
    yield* sh.proc.warn(sh.get("PS3") ?? "#? ");
    const answer = yield* readLine(sh);
    if (answer === undefined) {
      yield* sh.proc.print("\n");
      status = 1;
      break;
    }
    if (answer === "") {
      shown = false;
      continue;
    }
    sh.set("REPLY", answer);
    const n = /^[0-9]+$/.test(answer) ? Number(answer) : 0;
    sh.set(node.name, words[n - 1] ?? "");
    status = yield* runList(sh, node.body);
    if (!(yield* again(sh))) break;
  }
  sh.loopDepth--;
  return status;
}

function* readLine(sh: Shell): Run<string | undefined> {
  const bytes: number[] = [];
  for (;;) {
    const got = yield* sh.proc.read(0, 1);
    if (typeof got === "string" || got.length === 0) return bytes.length > 0 ? decodeUtf8(Uint8Array.from(bytes)) : undefined;
    if (got[0] === 10) return decodeUtf8(Uint8Array.from(bytes));
    bytes.push(got[0]!);
  }
}

function* runArithFor(sh: Shell, node: Node & { kind: "arithfor" }): Run<number> {
  const value = function* (parts: Part[]): Run<bigint> {
    sh.line = node.line;
    return yield* arithmetic(sh, yield* expandString(sh, [{ kind: "double", parts }]));
  };
  let status = 0;
  yield* value(node.init);
  sh.loopDepth++;
  for (;;) {
    if (node.test.length > 0 && (yield* expandString(sh, node.test)).trim() !== "" && (yield* value(node.test)) === 0n) break;
    status = yield* runList(sh, node.body);
    if (!(yield* again(sh))) break;
    yield* value(node.step);
  }
  sh.loopDepth--;
  return status;
}

function* runCase(sh: Shell, node: Node & { kind: "case" }, tail: boolean): Run<number> {
  sh.line = node.line;
  if (sh.bash && sh.options.has("xtrace")) yield* traceText(sh, `case ${node.word.raw} in`);
  const word = yield* expandString(sh, node.word.parts);
  let through = false;
  let status = 0;
  for (const [i, clause] of node.clauses.entries()) {
    let hit = through;
    for (const pattern of hit ? [] : clause.patterns) {
      if (matches(yield* expandPattern(sh, pattern.parts), word)) {
        hit = true;
        break;
      }
    }
    if (!hit) continue;
    status = clause.body.items.length === 0 ? 0 : yield* runList(sh, clause.body, tail && clause.end === ";;");
    if (clause.end === ";;" || sh.flow || i === node.clauses.length - 1) return status;
    through = clause.end === ";&";
  }
  return status;
}

function* runTest(sh: Shell, node: Node & { kind: "arith" | "cond" }): Run<number> {
  sh.line = node.line;
  if (node.kind === "cond") {
    sh.builtin = "[[";
    try {
      return yield* evaluateCondition(sh, node.test as Condition);
    } finally {
      sh.builtin = "";
    }
  }
  const text = yield* expandString(sh, [{ kind: "double", parts: node.parts }]);
  if (sh.options.has("xtrace")) yield* traceText(sh, `((${/^\s/.test(text) ? "" : " "}${text}${/\s$/.test(text) ? "" : " "}))`);
  sh.builtin = "((";
  try {
    return (yield* arithmetic(sh, text)) === 0n ? 1 : 0;
  } catch (e) {
    if (e instanceof Abort && e.how === "discard") return 1;
    throw e;
  } finally {
    sh.builtin = "";
  }
}

function* define(sh: Shell, node: FunctionDef): Run<number> {
  sh.functions.set(node.name, { ...node, source: sh.sourceName });
  return 0;
}

/** Runs something with redirections that are taken back afterwards. */
function* redirected(sh: Shell, redirects: readonly Redirect[], body: () => Run<number>): Run<number> {
  if (redirects.length === 0) return yield* body();
  const saved: Saved = [];
  try {
    if (!(yield* applyRedirects(sh, redirects, saved))) return sh.bash ? 1 : 2;
    return yield* body();
  } finally {
    undoRedirects(sh, saved);
  }
}

// -- simple commands --------------------------------------------------------------------------------------------------

const DASH_DECLARES: ReadonlySet<string> = new Set(["export", "readonly", "local"]);
const BASH_DECLARES: ReadonlySet<string> = new Set(["declare", "typeset", "export", "readonly", "local"]);

function* runSimple(sh: Shell, node: Simple, tail: boolean): Run<number> {
  sh.line = node.line;
  if (sh.options.has("noexec") && !sh.interactive) return 0;
  sh.substitutionStatus = undefined;
  const arrays: Assign[] = [];
  const argv = yield* commandWords(sh, node.words, arrays);
  const name = argv[0];
  if (sh.processSubstitutions.length > 0) return yield* closing(sh, dispatch(sh, node, argv, arrays, false));
  if (name === undefined) return yield* onlyAssignments(sh, node);
  return yield* dispatch(sh, node, argv, arrays, tail);
}

/** Process substitutions of a command end with it. */
function* closing(sh: Shell, running: Run<number>): Run<number> {
  try {
    return yield* running;
  } finally {
    for (const fd of sh.processSubstitutions) sh.proc.closeFd(fd);
    sh.processSubstitutions = [];
  }
}

function* commandWords(sh: Shell, words: readonly Word[], arrays: Assign[]): Run<string[]> {
  const first = words[0];
  if (!first || !(sh.bash ? BASH_DECLARES : DASH_DECLARES).has(first.raw)) return yield* expandWords(sh, words);
  const out: string[] = [first.raw];
  for (const word of words.slice(1)) {
    const text = word.parts[0];
    if (word.assign) {
      arrays.push(word.assign);
      out.push(word.assign.name);
    } else if (text?.kind === "text" && /^[A-Za-z_][A-Za-z0-9_]*(\[[^\]]*\])?\+?=/.test(text.text)) out.push(yield* expandString(sh, word.parts, true));
    else out.push(...(yield* expandWords(sh, [word])));
  }
  return out;
}

function* onlyAssignments(sh: Shell, node: Simple): Run<number> {
  const saved: Saved = [];
  const good = yield* applyRedirects(sh, node.redirects, saved);
  undoRedirects(sh, saved);
  if (!good) return sh.bash ? 1 : 2;
  const values: string[] = [];
  for (const a of node.assigns) {
    values.push(yield* performAssign(sh, a));
    if (sh.bash && sh.options.has("xtrace")) yield* traceText(sh, values.pop()!);
  }
  if (values.length > 0 && sh.options.has("xtrace")) yield* traceText(sh, values.join(" "));
  return sh.substitutionStatus ?? 0;
}

/** name=value, name+=value, name[i]=value, name=(..). @returns what `set -x` shows of it. */
export function* performAssign(sh: Shell, a: Assign): Run<string> {
  if (a.array) {
    yield* assignArray(sh, a, a.array);
    return a.raw;
  }
  let text = yield* expandString(sh, a.value, true);
  const subscript = a.subscript ? yield* expandString(sh, a.subscript) : undefined;
  const shown = `${a.name}${subscript === undefined ? "" : `[${subscript}]`}${a.append ? "+" : ""}=${sh.bash ? bashQuote(text).replace(/^''$/, "") : text}`;
  if (a.append) {
    const v = sh.find(a.name);
    const old = subscript === undefined ? sh.get(a.name) : v?.assoc ? v.assoc.get(subscript) : v?.array?.get(Number(yield* arithmetic(sh, subscript)));
    text = v?.integer ? (yield* arithmetic(sh, `(${old ?? "0"}) + (${text})`)).toString() : (old ?? "") + text;
  }
  yield* assign(sh, a.name, subscript, text);
  return shown;
}

function* assignArray(sh: Shell, a: Assign, items: NonNullable<Assign["array"]>): Run<void> {
  const old = sh.find(a.name);
  if (old?.readonly) yield* readOnly(sh, a.name);
  const values: { key: string | undefined; text: string; append: boolean }[] = [];
  for (const item of items) {
    if (item.key) values.push({ key: yield* expandString(sh, item.key), text: yield* expandString(sh, item.value.parts, true), append: item.append ?? false });
    else for (const text of yield* expandWords(sh, [item.value])) values.push({ key: undefined, text, append: false });
  }
  const v: Variable = old ?? { value: undefined, exported: false, readonly: false, integer: false };
  if (v.assoc) {
    if (!a.append) v.assoc.clear();
    for (const [i, item] of values.entries()) {
      if (item.key !== undefined) v.assoc.set(item.key, item.append ? (v.assoc.get(item.key) ?? "") + item.text : item.text);
      else if (i % 2 === 0) v.assoc.set(item.text, values[i + 1]?.text ?? "");
    }
    return;
  }
  const array = a.append ? (v.array ?? new Map<number, string>(v.value === undefined ? [] : [[0, v.value]])) : new Map<number, string>();
  let next = Math.max(-1, ...array.keys()) + 1;
  for (const item of values) {
    if (item.key !== undefined) next = Number(yield* arithmetic(sh, item.key));
    array.set(next, v.integer ? (yield* arithmetic(sh, item.text)).toString() : item.append ? (array.get(next) ?? "") + item.text : item.text);
    next++;
  }
  v.value = undefined;
  v.array = array;
  sh.variables.set(a.name, v);
}

/** PS4 and the words, quoted so that they could be typed. */
function* trace(sh: Shell, words: readonly string[]): Run<void> {
  const quote = sh.bash ? bashQuote : (w: string): string => w;
  yield* traceText(sh, words.map(quote).join(" "));
}

export function* traceText(sh: Shell, text: string): Run<void> {
  const ps4 = sh.get("PS4") ?? "+ ";
  yield* sh.proc.warn(`${sh.bash ? (ps4[0] ?? "").repeat(Math.min(sh.subshell, 8)) + ps4 : ps4}${text}\n`);
}

function* dispatch(sh: Shell, node: Simple, argv: string[], arrays: readonly Assign[], tail: boolean): Run<number> {
  const name = argv[0];
  if (name === undefined) return yield* onlyAssignments(sh, node);
  if (sh.options.has("xtrace")) {
    if (sh.bash) for (const a of node.assigns) yield* trace(sh, [a.raw]);
    yield* trace(sh, sh.bash ? argv : [...node.assigns.map((a) => a.raw), ...argv]);
  }
  const builtin = builtins(sh.dialect).get(name);
  if (builtin?.special && !sh.bash) return yield* runBuiltin(sh, builtin, node, argv, arrays);
  const body = sh.functions.get(name);
  if (body) return yield* withAssigns(sh, node.assigns, redirected(sh, node.redirects, () => callFunction(sh, body, argv)));
  if (builtin) return yield* runBuiltin(sh, builtin, node, argv, arrays);
  return yield* external(sh, node, argv, tail);
}

/** Assignments before a function or builtin hold while it runs. */
function* withAssigns(sh: Shell, assigns: readonly Assign[], running: Run<number>): Run<number> {
  if (assigns.length === 0) return yield* running;
  const before = new Map<string, Variable | undefined>();
  for (const a of assigns) {
    const v = sh.variables.get(a.name);
    if (!before.has(a.name)) before.set(a.name, v ? { ...v } : undefined);
    yield* tolerant(performAssign(sh, a));
    if (!v?.readonly) sh.export(a.name);
  }
  try {
    return yield* running;
  } finally {
    for (const [name, v] of before) {
      if (v) sh.variables.set(name, v);
      else sh.variables.delete(name);
    }
  }
}

function* runBuiltin(sh: Shell, builtin: Builtin, node: Simple, argv: string[], arrays: readonly Assign[]): Run<number> {
  const persists = builtin.special && !sh.bash;
  if (persists) for (const a of node.assigns) yield* performAssign(sh, a);
  const saved: Saved = [];
  const outer = sh.builtin;
  try {
    if (!(yield* applyRedirects(sh, node.redirects, saved))) {
      // A special builtin's failure ends dash.
      if (persists && !sh.interactive) throw new Abort("exit", 2);
      return sh.bash ? 1 : 2;
    }
    sh.builtin = argv[0]!;
    const running = forgiving(sh, builtin, builtin.run(sh, argv.slice(1)));
    const status = persists ? yield* running : yield* withAssigns(sh, node.assigns, running);
    sh.builtin = outer;
    for (const a of arrays) yield* performAssign(sh, a);
    if (builtin.keepsRedirects) keepRedirects(saved);
    return status;
  } finally {
    sh.builtin = outer;
    undoRedirects(sh, saved);
  }
}

/** What ends a special builtin, and dash with it, is only a failure of any other builtin. */
export function* forgiving(sh: Shell, builtin: Builtin, running: Run<number>): Run<number> {
  const { depth } = sh;
  try {
    return yield* running;
  } catch (e) {
    if (!(e instanceof Abort)) throw e;
    const fatal = sh.bash ? !e.soft : builtin.special === true || e.status === 127 || e.status === 126;
    if (fatal) throw e;
    sh.depth = depth;
    return e.status;
  }
}

export function* callFunction(sh: Shell, def: FunctionDef, argv: readonly string[]): Run<number> {
  if (sh.frames.filter((f) => f.isFunction).length >= MAX_FUNCTION_DEPTH) {
    yield* sh.error(sh.bash ? `${def.name}: maximum function nesting level exceeded (${MAX_FUNCTION_DEPTH})` : `${def.name}: functions are nested deeper than ${MAX_FUNCTION_DEPTH} (packetwalk)`);
    throw new Abort(sh.interactive || sh.bash ? "discard" : "exit", sh.bash ? 1 : 2);
  }
  yield { until: sh.proc.now + LOOP_COST };
  const frame = { name: def.name, positional: argv.slice(1), hidden: new Map<string, Variable | undefined>(), isFunction: true, line: sh.line };
  const { loopDepth, getoptsAt, builtin } = sh;
  sh.frames.push(frame);
  if (sh.bash) sh.sourcing.push(def.source ?? sh.arg0);
  sh.loopDepth = 0;
  if (sh.bash) sh.builtin = "";
  try {
    const status = yield* run(sh, def.body);
    if (sh.flow?.kind === "return") {
      sh.flow = undefined;
      return sh.status;
    }
    return status;
  } finally {
    sh.frames.pop();
    if (sh.bash) sh.sourcing.pop();
    sh.unhide(frame);
    sh.loopDepth = loopDepth;
    sh.getoptsAt = getoptsAt;
    sh.builtin = builtin;
  }
}

/** In bash a read-only variable before a command is told and passed over. */
function* tolerant(running: Run<string>): Run<void> {
  try {
    yield* running;
  } catch (e) {
    if (!(e instanceof Abort) || !e.soft) throw e;
  }
}

// -- programs ---------------------------------------------------------------------------------------------------------

/** Where the shell finds a command: remembered, or along PATH. */
export function locate(sh: Shell, name: string): { path: string } | Errno {
  if (name.includes("/")) return { path: name };
  const known = sh.hashed.get(name);
  if (known) {
    known.hits++;
    return { path: known.path };
  }
  const found = findInPath(sh.proc.machine, name, sh.get("PATH") ?? "");
  if (typeof found !== "string" && found.path.startsWith("/")) sh.hashed.set(name, { path: found.path, hits: 1 });
  return found;
}

function* external(sh: Shell, node: Simple, argv: string[], tail: boolean): Run<number> {
  // `PATH=/x cmd` is looked for along /x, which is known when the child has made its assignments.
  const ownPath = !argv[0]!.includes("/") && node.assigns.some((a) => a.name === "PATH");
  const found = ownPath ? { path: argv[0]! } : locate(sh, argv[0]!);
  if (typeof found === "string") {
    return yield* redirected(sh, node.redirects, () => commandMissing(sh, argv[0]!, found));
  }
  const become = function* (child: Shell): Run<number> {
    const saved: Saved = [];
    if (!(yield* applyRedirects(child, node.redirects, saved))) return child.bash ? 1 : 2;
    keepRedirects(saved);
    for (const a of node.assigns) {
      yield* tolerant(performAssign(child, a));
      if (!child.find(a.name)?.readonly) child.export(a.name);
    }
    const place = ownPath ? findInPath(child.proc.machine, argv[0]!, child.get("PATH") ?? "") : found;
    if (typeof place === "string") return yield* commandMissing(child, argv[0]!, place);
    return yield* execProgram(child, place.path, argv);
  };
  for (const a of node.assigns) if (!sh.bash && sh.find(a.name)?.readonly) yield* readOnly(sh, a.name);
  if (tail && !sh.interactive) return yield* become(sh);
  return yield* foreground(sh, [become], node);
}

/** A program that a builtin (command) runs. */
export function* runExternal(sh: Shell, argv: readonly string[], path: string | undefined): Run<number> {
  const found = argv[0]!.includes("/") ? { path: argv[0]! } : findInPath(sh.proc.machine, argv[0]!, path);
  if (typeof found === "string") return yield* commandMissing(sh, argv[0]!, found);
  const words: Word[] = argv.map((text) => ({ parts: [{ kind: "quoted", text }], raw: text }));
  return yield* foreground(sh, [(child) => execProgram(child, found.path, argv)], { kind: "simple", line: sh.line, assigns: [], words, redirects: [] });
}

function* commandMissing(sh: Shell, name: string, why: Errno): Run<number> {
  if (sh.bash) {
    const handler = sh.functions.get("command_not_found_handle");
    if (handler) return yield* callFunction(sh, handler, ["command_not_found_handle", name]);
    yield* sh.error(why === "EACCES" ? `${name}: Permission denied` : `${name}: command not found`);
    return why === "EACCES" ? 126 : 127;
  }
  yield* sh.error(`${name}: ${name === "" || why === "EACCES" ? "Permission denied" : "not found"}`);
  return 127;
}

/** execve(2) with the shell's words for what goes wrong. */
export function* execProgram(sh: Shell, path: string, argv: readonly string[]): Run<number> {
  const { machine } = sh.proc;
  const image: Image | Errno = loadImage(machine, path, argv);
  if (typeof image !== "string") {
    const env = sh.environment();
    env.set("_", path);
    return yield* exec(sh.proc, image, env);
  }
  if (image === "ENOEXEC") return yield* runScriptFile(sh, path, argv);
  return yield* execFailed(sh, path, argv[0]!, image);
}

function* execFailed(sh: Shell, path: string, name: string, why: Errno): Run<number> {
  const found = sh.proc.machine.fs.stat(path);
  const missing = ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(why);
  if (!sh.bash) {
    yield* sh.error(`${name}: ${why === "ENOENT" || why === "ENOTDIR" ? "not found" : strerror(why)}`);
    return missing ? 127 : 126;
  }
  if (found.ok && found.value.type === "dir") yield* sh.error(`${name}: ${strerror("EISDIR")}`);
  else if (found.ok && why === "ENOENT") {
    yield* sh.error(`${name}: cannot execute: required file not found`);
    return 127;
  } else yield* sh.error(`${name}: ${strerror(why)}`);
  return why === "ENOENT" ? 127 : 126;
}

// -- processes --------------------------------------------------------------------------------------------------------

type Body = (child: Shell) => Run<number>;

interface Placement {
  fds?: SpawnOptions["fds"];
  pgid?: number;
  /** Started with & and no job control: the keyboard's signals pass it by. */
  shielded?: boolean;
  name?: string;
}

/** A child with a copy of this shell. */
export function* spawnShell(sh: Shell, body: Body, at: Placement = {}): Run<Process> {
  for (let attempt = 0; ; attempt++) {
    const child = sh.fork();
    child.depth = 0;
    const made = sh.proc.machine.spawn({
      argv: sh.proc.argv, parent: sh.proc, env: sh.proc.env, ...(at.fds ? { fds: at.fds } : {}), ...(at.pgid === undefined ? {} : { pgid: at.pgid }),
      program: (proc) => asProcess(child, proc, body),
    });
    if (made !== "EAGAIN") {
      made.comm = sh.proc.comm;
      settleSignals(sh, made, at.shielded ?? false);
      return made;
    }
    yield* forkRefused(sh, attempt);
  }
}

/** bash tries again after 1, 2, 4 and 8 seconds (FORKSLEEP_MAX), dash gives up. */
function* forkRefused(sh: Shell, attempt: number): Run<void> {
  if (!sh.bash) {
    yield* sh.proc.warn(`${sh.arg0}: 0: Cannot fork\n`);
    throw new Abort(sh.interactive ? "discard" : "exit", 2);
  }
  const name = sh.prefix().replace(/line [0-9]+: $/, "");
  yield* sh.proc.warn(`${name}fork: ${attempt < 4 ? "retry: " : ""}${strerror("EAGAIN")}\n`);
  if (attempt >= 4) throw new Abort("discard", 254);
  if (yield* sh.proc.sleep((1 << attempt) * SECOND)) return;
  yield* giveUpLine(sh);
  throw new Abort("discard", 130);
}

/** What the child does about signals: an interactive shell's own settings are not for its children. */
function settleSignals(sh: Shell, child: Process, shielded: boolean): void {
  const ignored = (sig: Signal): boolean => sh.traps.get(sig.slice(3)) === "";
  if (sh.options.has("interactive")) {
    for (const sig of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU"] as const) if (!ignored(sig)) child.onSignal(sig, "default");
  } else if (sh.options.has("monitor")) for (const sig of ["SIGTSTP", "SIGTTIN", "SIGTTOU"] as const) if (!ignored(sig)) child.onSignal(sig, "default");
  if (shielded) for (const sig of ["SIGINT", "SIGQUIT"] as const) child.onSignal(sig, "ignore");
}

function* asProcess(sh: Shell, proc: Process, body: Body): Run<number> {
  sh.proc = proc;
  let status: number;
  try {
    status = yield* body(sh);
  } catch (e) {
    if (!(e instanceof Abort)) throw e;
    status = e.status;
  }
  if (sh.flow?.kind === "exit" || sh.flow?.kind === "return") status = sh.status;
  sh.flow = undefined;
  return yield* exitTrap(sh, status);
}

/** The EXIT trap, at the end of a shell process. */
export function* exitTrap(sh: Shell, status: number): Run<number> {
  const action = sh.traps.get("EXIT");
  if (!action) return status;
  sh.traps.delete("EXIT");
  sh.status = status;
  sh.line = 1;
  try {
    yield* runText(sh, action);
  } catch (e) {
    if (!(e instanceof Abort)) throw e;
    return e.status;
  }
  return (sh.flow as { kind: string } | undefined)?.kind === "exit" ? sh.status : status;
}

/** Runs processes as one job in the foreground and waits for it. The last one's status counts. */
function* foreground(sh: Shell, bodies: readonly Body[], node: Node): Run<number> {
  const processes = yield* startPipeline(sh, bodies, false);
  const job = sh.jobs.add(processes, commandText(node), false, sh.proc.cwd);
  return yield* waitForeground(sh, job);
}

/** Job control is not inherited: children of a subshell stay in its process group (bash's without_job_control, dash's forkchild). */
const controlsJobs = (sh: Shell): boolean => sh.options.has("monitor") && sh.subshell === 0;

/** Starts members of a pipeline, connected. */
function* startPipeline(sh: Shell, bodies: readonly Body[], background: boolean): Run<Process[]> {
  const monitor = controlsJobs(sh);
  const processes: Process[] = [];
  let input: OpenFile | undefined;
  try {
    for (const [i, body] of bodies.entries()) {
      const fds = new Map(sh.proc.fds);
      let output: [OpenFile, OpenFile] | undefined;
      if (input) fds.set(0, input);
      else if (background && !monitor) {
        const nothing = sh.proc.machine.fs.open(sh.proc, "/dev/null", { read: true });
        if (nothing.ok) fds.set(0, nothing.value);
      }
      if (i < bodies.length - 1) {
        output = makePipe(nextPipe(sh));
        fds.set(1, output[1]);
        hold(output[0]);
        hold(output[1]);
      }
      const pgid = monitor ? (processes[0]?.pid ?? 0) : undefined;
      const child = yield* spawnShell(sh, body, { fds, ...(pgid === undefined ? {} : { pgid }), shielded: background && !monitor });
      processes.push(child);
      if (monitor && i === 0 && !background) giveTerminal(sh, child.pid);
      if (input) drop(input);
      if (output) drop(output[1]);
      input = output?.[0];
    }
  } finally {
    if (input) drop(input);
  }
  return processes;
}

function hold(file: OpenFile): void {
  file.refs++;
}
function drop(file: OpenFile): void {
  if (--file.refs === 0) file.close();
}

/** Numbers of pipes are for eyes only; they follow from the process and the instant, so that a replay sees the same. */
function nextPipe(sh: Shell): number {
  return 20_000 + ((sh.proc.pid * 64 + (sh.proc.now % 64)) % 1_000_000);
}

/** tcsetpgrp(3). */
export function giveTerminal(sh: Shell, pgid: number): void {
  const { tty } = sh.proc;
  if (tty && tty.session && sh.proc.sid === tty.session.sid) tty.foreground = pgid;
}

/** Takes ended children off the process table; their jobs keep what became of them. */
export function reap(sh: Shell): void {
  for (const child of [...sh.proc.children]) {
    if (child.stateChanged) {
      child.stateChanged = undefined;
      for (const job of sh.jobs.jobs) if (job.processes.includes(child)) job.notified = false;
    }
    if (child.exit) sh.proc.reap(child);
  }
}

/** Waits until a job has ended or stopped. @returns its status. */
export function* waitForeground(sh: Shell, job: Job): Run<number> {
  const monitor = controlsJobs(sh);
  let interrupted = false;
  const watching = sh.bash && !sh.options.has("interactive") && !sh.traps.has("INT") && sh.proc.disposition("SIGINT") === "default";
  // bash learns from its child whether an interrupt was meant to end the script (wait_sigint_handler of bash's jobs.c).
  if (watching) sh.proc.onSignal("SIGINT", () => (interrupted = true));
  try {
    for (;;) {
      reap(sh);
      const state = jobState(job);
      if (state.kind !== "running") break;
      yield { child: true, untraced: true };
    }
  } finally {
    if (watching) sh.proc.onSignal("SIGINT", "default");
  }
  if (monitor) giveTerminal(sh, sh.proc.pgid);
  const state = jobState(job);
  if (state.kind === "stopped") return yield* stoppedInForeground(sh, job, state.signal);
  if (state.kind !== "done") return 0;
  sh.jobs.remove(job);
  yield* reportSignal(sh, job, state.signal);
  if (sh.bash && !sh.interactive && sh.jobs.jobs.length > 0) yield* notifyJobs(sh);
  if (interrupted && state.signal === "SIGINT") {
    sh.proc.signal("SIGINT");
    yield { until: sh.proc.now };
  }
  if (sh.bash) sh.variables.set("PIPESTATUS", pipeStatus(job));
  if (sh.options.has("pipefail")) {
    const failed = job.processes.map((p) => statusOf(p.exit!)).findLast((s) => s !== 0);
    return failed ?? 0;
  }
  return state.status;
}

function pipeStatus(job: Job): Variable {
  return { value: undefined, array: new Map(job.processes.map((p, i) => [i, String(statusOf(p.exit!))])), exported: false, readonly: false, integer: false };
}

function* stoppedInForeground(sh: Shell, job: Job, sig: Signal): Run<number> {
  job.background = true;
  sh.jobs.touch(job);
  job.notified = true;
  yield* sh.proc.warn(`\n${jobLine(sh, job)}`);
  return 128 + SIGNALS[sig];
}

/** What both shells say when a signal ended the command. */
function* reportSignal(sh: Shell, job: Job, sig: Signal | undefined): Run<void> {
  if (!sig) return;
  if (sh.interactive && sig === "SIGINT") {
    yield* sh.proc.warn("\n");
    // A loop or list ends with its command, as if the shell had been interrupted itself: wait_for() of bash, waitforjob() of dash.
    if (!sh.traps.has("INT")) throw new Abort("discard", 130);
    return;
  }
  if (sig === "SIGINT" || sig === "SIGPIPE") return;
  if (sh.bash && !sh.interactive && sig !== "SIGTERM") {
    yield* sh.proc.warn(`${sh.prefix()}${diedLine(job, sig)}`);
  } else yield* sh.proc.warn(`${SIGNAL_TEXTS[sig]}\n`);
}

/**
 * Tells of jobs whose state changed and drops those that ended: before a prompt, and in bash after each command that ran in
 * the foreground. Without job control only a death by an unusual signal is worth a line (notify_of_job_status() of bash).
 */
export function* notifyJobs(sh: Shell): Run<void> {
  reap(sh);
  const monitor = sh.options.has("monitor");
  const changed: { job: Job; line: string }[] = [];
  for (const job of [...sh.jobs.jobs].sort((a, b) => a.id - b.id)) {
    const state = jobState(job);
    if (state.kind === "running" || job.notified || !job.processes.some((p) => p.parent === sh.proc || p.exit)) continue;
    if (state.kind === "stopped") changed.push({ job, line: sh.bash ? `\n${jobLine(sh, job)}` : jobLine(sh, job) });
    else if (monitor) changed.push({ job, line: jobLine(sh, job) });
    else if (sh.bash && state.signal && !["SIGINT", "SIGTERM", "SIGPIPE"].includes(state.signal)) changed.push({ job, line: `${sh.prefix()}${diedLine(job, state.signal)}` });
    else if (sh.bash) changed.push({ job, line: "" });
  }
  for (const { job, line } of changed) {
    if (line) yield* sh.proc.warn(line);
    job.notified = true;
    if (jobState(job).kind === "done" && (monitor || line !== "")) sh.jobs.remove(job);
  }
}

function diedLine(job: Job, sig: Signal): string {
  const last = job.processes[job.processes.length - 1]!;
  return `${String(last.pid).padStart(5)} ${SIGNAL_TEXTS[sig].padEnd(23)} ${job.text}\n`;
}

/** `[1]+  Running                 sleep 30 &` */
export function jobLine(sh: Shell, job: Job, pids = false): string {
  const state = jobState(job);
  let text: string;
  if (state.kind === "running") text = "Running";
  else if (state.kind === "stopped") text = state.signal === "SIGSTOP" && sh.bash ? "Stopped" : state.signal === "SIGTTIN" ? (sh.bash ? "Stopped" : SIGNAL_TEXTS.SIGTTIN) : SIGNAL_TEXTS[state.signal];
  else if (state.signal) text = SIGNAL_TEXTS[state.signal];
  else text = state.status === 0 ? "Done" : sh.bash ? `Exit ${state.status}` : `Done(${state.status})`;
  const mark = sh.jobs.mark(job);
  const pid = pids ? `${job.processes[0]!.pid} ` : "";
  const command = state.kind === "running" && sh.bash ? `${job.text} &` : job.text;
  return sh.bash ? `[${job.id}]${mark}  ${pid}${text.padEnd(23)} ${command}\n` : `[${job.id}] ${mark} ${pid}${text.padEnd(26)} ${command}\n`;
}

function* runBackground(sh: Shell, node: Node): Run<number> {
  sh.line = "line" in node ? node.line : sh.line;
  const bodies: Body[] = node.kind === "pipeline" && !node.negated && !node.timed ? node.commands.map((c) => (child: Shell) => run(child, c, true)) : [(child: Shell) => run(child, node, true)];
  const processes = yield* startPipeline(sh, bodies, true);
  const job = sh.jobs.add(processes, commandText(node), true, sh.proc.cwd);
  sh.lastBackground = processes[processes.length - 1]!.pid;
  if (sh.interactive) yield* sh.proc.warn(sh.bash ? `[${job.id}] ${sh.lastBackground}\n` : "");
  return 0;
}

function* runPipeline(sh: Shell, node: Pipeline): Run<number> {
  if (node.negated) sh.unchecked++;
  const begun = sh.proc.now;
  let status: number;
  if (node.commands.length === 1) status = yield* run(sh, node.commands[0]!);
  else if (sh.bash && sh.shopts.has("lastpipe") && !sh.options.has("monitor")) status = yield* lastInShell(sh, node);
  else status = yield* foreground(sh, node.commands.map((c) => (child: Shell) => run(child, c, true)), node);
  if (node.negated) sh.unchecked--;
  if (node.timed) {
    const s = (sh.proc.now - begun) / SECOND;
    const form = sh.get("TIMEFORMAT") ?? "\nreal\t%3lR\nuser\t%3lU\nsys\t%3lS";
    yield* sh.proc.warn(node.timed === "posix" ? `real ${s.toFixed(2)}\nuser 0.00\nsys 0.00\n` : form === "" ? "" : `${timeText(form, s)}\n`);
  }
  return node.negated ? (status === 0 ? 1 : 0) : status;
}

/** TIMEFORMAT of bash: %R, %U and %S, with a precision and `l` for minutes; %P and %%. Processor time is none. */
function timeText(form: string, real: number): string {
  return form.replace(/%([0-3])?(l)?([RUSP%])/g, (_, digits: string | undefined, long: string | undefined, what: string) => {
    if (what === "%") return "%";
    if (what === "P") return "0.00";
    const seconds = what === "R" ? real : 0;
    const places = digits === undefined ? 3 : Number(digits);
    return long ? `${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(places)}s` : seconds.toFixed(places);
  });
}

/** shopt lastpipe: the last member runs in the shell itself. */
function* lastInShell(sh: Shell, node: Pipeline): Run<number> {
  const [reading, writing] = makePipe(nextPipe(sh));
  hold(reading);
  hold(writing);
  const out = sh.proc.fds.get(1);
  if (out) hold(out);
  sh.proc.setFd(1, writing);
  const started = yield* startPipeline(sh, node.commands.slice(0, -1).map((c) => (child: Shell) => run(child, c, true)), false);
  if (out) {
    sh.proc.setFd(1, out);
    drop(out);
  }
  drop(writing);
  const input = sh.proc.fds.get(0);
  const saved: Saved = [{ fd: 0, file: input }];
  if (input) hold(input);
  sh.proc.setFd(0, reading);
  drop(reading);
  const status = yield* run(sh, node.commands[node.commands.length - 1]!);
  undoRedirects(sh, saved);
  yield* waitForeground(sh, sh.jobs.add(started, commandText(node), false, sh.proc.cwd));
  return status;
}

function* runSubshell(sh: Shell, node: Node & { kind: "group" | "subshell" }): Run<number> {
  sh.line = node.line;
  const body = function* (child: Shell): Run<number> {
    const saved: Saved = [];
    if (!(yield* applyRedirects(child, node.redirects, saved))) return child.bash ? 1 : 2;
    keepRedirects(saved);
    return yield* runList(child, node.body, true);
  };
  return yield* foreground(sh, [body], node);
}

// -- substitutions ----------------------------------------------------------------------------------------------------

export function* commandSubstitution(sh: Shell, part: Part & { kind: "command" }): Run<string> {
  if (part.error) {
    yield* reportSyntaxFault(sh, part.error, "command substitution");
    sh.substitutionStatus = 2;
    return "";
  }
  const [reading, writing] = makePipe(nextPipe(sh));
  hold(reading);
  hold(writing);
  const fds = new Map(sh.proc.fds);
  fds.set(1, writing);
  const file = sh.bash ? readFileForm(part.body) : undefined;
  const body = function* (child: Shell): Run<number> {
    child.options.delete("monitor");
    if (!child.bash || !child.shopts.has("inherit_errexit")) if (child.bash) child.options.delete("errexit");
    if (file) return yield* copyFile(child, file);
    return yield* runList(child, part.body, true);
  };
  let process: Process;
  try {
    process = yield* spawnShell(sh, body, { fds });
  } finally {
    drop(writing);
  }
  const text = yield* drain(reading);
  drop(reading);
  while (!process.exit) yield { child: process };
  sh.proc.reap(process);
  sh.substitutionStatus = statusOf(process.exit);
  // In dash $? changes only when a command ends: `echo $(false) $?` says 0.
  if (sh.bash) sh.status = sh.substitutionStatus;
  if (text === undefined) return yield* sh.fail(`command substitution: more than ${MAX_SUBSTITUTION / 1024} KiB`);
  if (sh.bash && text.includes("\0")) yield* sh.error("warning: command substitution: ignored null byte in input");
  return text.replaceAll("\0", "").replace(/\n+$/, "");
}

/** bash's $(< file). */
function readFileForm(script: Script): Redirect | undefined {
  const only = script.items.length === 1 ? script.items[0]!.node : undefined;
  if (only?.kind !== "simple" || only.words.length > 0 || only.assigns.length > 0 || only.redirects.length !== 1) return undefined;
  return only.redirects[0]!.op === "<" ? only.redirects[0] : undefined;
}

function* copyFile(sh: Shell, r: Redirect): Run<number> {
  const saved: Saved = [];
  if (!(yield* applyRedirects(sh, [r], saved))) return 1;
  const all = yield* sh.proc.readAll(0);
  if (typeof all !== "string") yield* sh.proc.print(all);
  return 0;
}

function* drain(file: OpenFile): Run<string | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const got = file.read(65536);
    if (got === "EAGAIN") {
      yield { read: [file] };
      continue;
    }
    if (typeof got === "string" || got.length === 0) break;
    length += got.length;
    if (length > MAX_SUBSTITUTION) return undefined;
    parts.push(got);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return decodeUtf8(all);
}

/** <( ) and >( ): a process, and the name of the pipe to it. */
export function* processSubstitution(sh: Shell, direction: "<" | ">", body: Script): Run<string> {
  const [reading, writing] = makePipe(nextPipe(sh));
  hold(reading);
  hold(writing);
  const fds = new Map(sh.proc.fds);
  fds.set(direction === "<" ? 1 : 0, direction === "<" ? writing : reading);
  yield* spawnShell(sh, (child) => runList(child, body, true), { fds });
  let fd = 63;
  while (sh.proc.fds.has(fd)) fd--;
  sh.proc.setFd(fd, direction === "<" ? reading : writing);
  drop(reading);
  drop(writing);
  sh.processSubstitutions.push(fd);
  return `/dev/fd/${fd}`;
}

// -- traps and text ---------------------------------------------------------------------------------------------------

export function* runTraps(sh: Shell): Run<void> {
  while (sh.pendingTraps.length > 0) {
    const sig = sh.pendingTraps.shift()!;
    const action = sh.traps.get(sig.replace(/^SIG/, ""));
    if (action) yield* runTrap(sh, action);
    if (sh.flow) return;
  }
}

function* runTrap(sh: Shell, action: string): Run<void> {
  const { status, inTrap, builtin } = sh;
  sh.inTrap = true;
  sh.builtin = "";
  try {
    yield* runText(sh, action);
  } finally {
    sh.inTrap = inTrap;
    sh.builtin = builtin;
  }
  if (!sh.flow) sh.status = status;
}
