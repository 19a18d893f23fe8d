/** Builtins that change where the program goes on: break, return, exit, eval, exec, `.` ... */
import { decodeUtf8 } from "../../../base/bytes.ts";
import { strerror } from "../../../kernel/errno.ts";
import type { Run } from "../../process.ts";
import { execProgram, locate } from "../run.ts";
import { readWhole, runText } from "../program.ts";
import { dashErrno } from "../redirect.ts";
import { Abort, type Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";
import { complain, parseOptions, usageLine } from "./options.ts";

/** A count or status given as an argument. dash: "Illegal number: x" ends the shell. bash: "numeric argument required". */
function* number(sh: Shell, text: string): Run<number | undefined> {
  if (/^[0-9]+$/.test(text) || (sh.bash && /^[-+]?[0-9]+$/.test(text))) return Number.parseInt(text, 10);
  if (!sh.bash) {
    yield* sh.error(`Illegal number: ${text}`);
    throw new Abort(sh.interactive ? "discard" : "exit", 2);
  }
  yield* complain(sh, `${text}: numeric argument required`);
  return undefined;
}

function* leaveLoop(sh: Shell, args: readonly string[], kind: "break" | "continue"): Run<number> {
  const levels = args[0] === undefined ? 1 : yield* number(sh, args[0]);
  if (levels === undefined) return 128;
  if (levels < 1) {
    if (!sh.bash) yield* sh.fail(`Illegal number: ${args[0]}`);
    yield* complain(sh, `${args[0]}: loop count out of range`);
    sh.flow = { kind: "break", levels: sh.loopDepth };
    return 1;
  }
  if (sh.loopDepth === 0) {
    if (sh.bash) yield* sh.error(`${kind}: only meaningful in a \`for', \`while', or \`until' loop`);
    return 0;
  }
  sh.flow = { kind, levels: Math.min(levels, sh.loopDepth) };
  return 0;
}

function* returnFrom(sh: Shell, args: readonly string[]): Run<number> {
  const status = args[0] === undefined ? sh.status : yield* number(sh, args[0]);
  if (sh.bash && sh.frames.length === 0 && sh.sourcing.length === 0) {
    yield* complain(sh, "can only `return' from a function or sourced script");
    return 2;
  }
  // In bash a sourced file without arguments has no frame of its own, so the flow is caught by `.` itself.
  sh.flow = { kind: "return" };
  return sh.status = (status ?? 2) & 255;
}

function* exitShell(sh: Shell, args: readonly string[]): Run<number> {
  if (sh.interactive) yield* sh.proc.warn(sh.login ? "logout\n" : sh.bash ? "exit\n" : "");
  let status: number | undefined = sh.status;
  if (args[0] !== undefined) status = yield* number(sh, args[0]);
  if (sh.bash && args.length > 1 && status !== undefined) {
    yield* complain(sh, "too many arguments");
    throw new Abort(sh.interactive ? "discard" : "exit", 1);
  }
  sh.status = (status ?? 2) & 255;
  sh.flow = { kind: "exit" };
  return sh.status;
}

function* logout(sh: Shell, args: readonly string[]): Run<number> {
  if (!sh.login) {
    yield* complain(sh, "not login shell: use `exit'");
    return 1;
  }
  return yield* exitShell(sh, args);
}

function* evaluate(sh: Shell, args: readonly string[]): Run<number> {
  const text = args.join(" ");
  if (text.trim() === "") return 0;
  const { builtin } = sh;
  if (sh.bash) sh.builtin = "";
  try {
    if (++sh.depth > 200) return yield* sh.fail("eval: nested too deeply (packetwalk)");
    const status = yield* runText(sh, text, { context: "eval", line: sh.bash ? sh.line : 1, goesOn: sh.bash });
    sh.depth--;
    return status;
  } finally {
    sh.builtin = builtin;
  }
}

function* execBuiltin(sh: Shell, args: readonly string[]): Run<number> {
  const given = sh.bash ? yield* parseOptions(sh, args, "cla:", "exec [-cl] [-a name] [command [argument ...]] [redirection ...]") : { options: [], rest: [...args] };
  if (!given) return 2;
  const words = given.rest;
  if (words.length === 0) return 0;
  const found = locate(sh, words[0]!);
  sh.builtin = "";
  if (typeof found === "string") {
    yield* sh.error(sh.bash ? `exec: ${words[0]}: not found` : `exec: ${words[0]}: ${found === "EACCES" ? strerror(found) : "not found"}`);
    const status = found === "EACCES" ? 126 : 127;
    if (sh.interactive || sh.shopts.has("execfail")) return status;
    throw new Abort("exit", status);
  }
  const name = given.options.find((o) => o.letter === "a")?.value;
  const status = yield* execProgram(sh, found.path, name === undefined ? words : [name, ...words.slice(1)]);
  sh.status = status;
  sh.traps.clear();
  sh.flow = { kind: "exit" };
  return status;
}

/** The file that `.` reads: along PATH when the name has no slash; bash falls back to the working directory. */
function sourcePath(sh: Shell, name: string): string | undefined {
  const { fs } = sh.proc.machine;
  if (name.includes("/")) return name;
  for (const dir of (sh.get("PATH") ?? "").split(":")) {
    const path = dir === "" ? `./${name}` : `${dir}/${name}`;
    const found = fs.stat(path);
    if (found.ok && found.value.type === "file") return path;
  }
  return sh.bash ? name : undefined;
}

function* source(sh: Shell, args: readonly string[]): Run<number> {
  const words = args[0] === "--" ? args.slice(1) : args;
  const name = words[0];
  if (name === undefined) {
    if (!sh.bash) return 0;
    yield* sh.error(`${sh.builtin}: filename argument required\n${usageLine(sh, `${sh.builtin} filename [arguments]`)}`);
    return 2;
  }
  const path = sourcePath(sh, name);
  if (path === undefined) return yield* missing(sh, `${name}: not found`);
  const content = yield* readWhole(sh.proc, path);
  if (!content.ok) {
    if (!sh.bash) return yield* missing(sh, `cannot open ${path}: ${dashErrno(content.error, false)}`);
    yield* sh.error(`${content.error === "EISDIR" ? `${sh.builtin}: ` : ""}${name}: ${content.error === "EISDIR" ? "is a directory" : strerror(content.error)}`);
    return 1;
  }
  return yield* runSourced(sh, sh.bash ? name : path, decodeUtf8(content.value), words.slice(1));
}

function* missing(sh: Shell, text: string): Run<number> {
  yield* sh.error(text);
  if (!sh.interactive) throw new Abort("exit", 2);
  return 2;
}

function* runSourced(sh: Shell, name: string, text: string, args: string[]): Run<number> {
  const { builtin, line, loopDepth } = sh;
  const framed = sh.bash && args.length > 0;
  sh.builtin = sh.bash ? "" : name;
  sh.sourcing.push(name);
  if (framed) sh.frames.push({ name, positional: args, hidden: new Map(), isFunction: false, line });
  try {
    if (++sh.depth > 200) return yield* sh.fail("files are sourced too deeply (packetwalk)");
    let status = yield* runText(sh, text, { goesOn: sh.bash });
    sh.depth--;
    if (sh.flow?.kind === "return") {
      sh.flow = undefined;
      status = sh.status;
    }
    return status;
  } finally {
    if (framed) sh.frames.pop();
    sh.sourcing.pop();
    Object.assign(sh, { builtin, line, loopDepth });
  }
}

export const flowBuiltins: readonly Builtin[] = [
  { name: "break", special: true, usage: "break [n]", summary: "Leaves a loop.", run: (sh, args) => leaveLoop(sh, args, "break") },
  { name: "continue", special: true, usage: "continue [n]", summary: "Goes on with the next turn of a loop.", run: (sh, args) => leaveLoop(sh, args, "continue") },
  { name: "return", special: true, usage: "return [n]", summary: "Leaves a function or a sourced file.", run: returnFrom },
  { name: "exit", special: true, usage: "exit [n]", summary: "Ends the shell.", run: exitShell },
  { name: "logout", only: "bash", usage: "logout [n]", summary: "Ends a login shell.", run: logout },
  { name: "eval", special: true, usage: "eval [arg ...]", summary: "Runs its arguments as a command.", run: evaluate },
  { name: "exec", special: true, keepsRedirects: true, usage: "exec [-cl] [-a name] [command [argument ...]] [redirection ...]", summary: "Replaces the shell with a command, or makes redirections last.", run: execBuiltin },
  { name: ".", special: true, usage: ". filename [arguments]", summary: "Runs a file in this shell.", run: source },
  { name: "source", only: "bash", usage: "source filename [arguments]", summary: "Runs a file in this shell.", run: source },
];
