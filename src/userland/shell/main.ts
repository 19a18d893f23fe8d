/** The programs sh (dash), dash and bash: options, startup files, where commands come from. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { strerror } from "../../kernel/errno.ts";
import { findInPath } from "../exec.ts";
import type { Process, Run } from "../process.ts";
import { isOption, letterOption, setOption } from "./builtins/variables.ts";
import { interact } from "./interactive.ts";
import { Parser, type Dialect } from "./parser.ts";
import { aliasesOf, readWhole, runMain, runText } from "./program.ts";
import { dashErrno } from "./redirect.ts";
import { exitTrap, runList, runTraps } from "./run.ts";
import { Abort, Shell } from "./shell.ts";
import { reportSyntaxFault } from "./syntax-fault.ts";

export const BASH_VERSION = "5.2.15(1)-release";

interface Invocation {
  /** After -c; undefined: a file or standard input. */
  command: string | undefined;
  commandWanted: boolean;
  readStdin: boolean;
  options: [name: string, on: boolean][];
  shopts: [name: string, on: boolean][];
  login: boolean;
  interactive: boolean;
  norc: boolean;
  noprofile: boolean;
  noediting: boolean;
  rcfile: string | undefined;
  operands: string[];
}

/** A process whose argv[0] is one of the shells' names. */
export function shellProgram(proc: Process): Run<number> {
  const name = proc.argv[0] ?? "sh";
  const base = name.slice(name.lastIndexOf("/") + 1).replace(/^-/, "");
  return shellMain(proc, base === "bash" || base === "rbash" ? "bash" : "dash", proc.argv.slice(1));
}

export function* shellMain(proc: Process, dialect: Dialect, args: readonly string[]): Run<number> {
  const name = proc.argv[0] ?? dialect;
  const call = dialect === "bash" ? yield* bashOptions(proc, name, args) : yield* dashOptions(proc, name, args);
  if (typeof call === "number") return call;
  const sh = new Shell(proc, dialect, name);
  importEnvironment(sh);
  if (call.login || name.startsWith("-")) {
    sh.login = true;
    sh.shopts.add("login_shell");
  }
  for (const [option, on] of call.options) setOption(sh, option, on);
  for (const [option, on] of call.shopts) if (on) sh.shopts.add(option);
  const status = yield* begin(sh, call);
  return yield* exitTrap(sh, status);
}

function* begin(sh: Shell, call: Invocation): Run<number> {
  const { operands } = call;
  if (call.command !== undefined) {
    sh.source = "string";
    if (operands[0] !== undefined) sh.arg0 = operands[0];
    sh.positional = operands.slice(1);
    if (call.interactive) sh.options.add("interactive");
    if (sh.login) yield* startupFiles(sh, call);
    return yield* runMain(sh, call.command, { context: "-c", tail: sh.bash });
  }
  const file = call.readStdin ? undefined : operands[0];
  if (file !== undefined) {
    sh.source = "file";
    sh.positional = operands.slice(1);
    return yield* runFile(sh, file);
  }
  sh.source = "stdin";
  sh.positional = call.readStdin ? operands : [];
  if (sh.bash ? call.readStdin : true) sh.options.add("stdin");
  const isTty = (fd: number): boolean => sh.proc.fds.get(fd)?.kind === "tty";
  if (call.interactive || (isTty(0) && isTty(2))) {
    becomeInteractive(sh);
    yield* startupFiles(sh, call);
    return yield* interact(sh, { editing: !call.noediting && isTty(0) && isTty(2) });
  }
  return yield* runInput(sh);
}

function* runFile(sh: Shell, file: string): Run<number> {
  const { proc } = sh;
  const content = yield* readWhole(proc, file);
  if (!content.ok) {
    if (!sh.bash) {
      yield* proc.warn(`${sh.arg0}: 0: cannot open ${file}: ${dashErrno(content.error, false)}\n`);
      return 2;
    }
    if (content.error === "EISDIR") {
      yield* proc.warn(`${file}: ${file}: Is a directory\n`);
      return 126;
    }
    yield* proc.warn(`${sh.arg0}: ${file}: ${strerror(content.error)}\n`);
    return content.error === "ENOENT" ? 127 : 126;
  }
  sh.arg0 = file;
  return yield* runMain(sh, decodeUtf8(content.value), { goesOn: sh.bash });
}

// -- options ----------------------------------------------------------------------------------------------------------

function invocation(): Invocation {
  return {
    command: undefined, commandWanted: false, readStdin: false, options: [], shopts: [], login: false, interactive: false, norc: false, noprofile: false, noediting: false, rcfile: undefined, operands: [],
  };
}

function* dashOptions(proc: Process, name: string, args: readonly string[]): Run<Invocation | number> {
  const call = invocation();
  const probe = new Shell(proc, "dash", name);
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--" || arg === "-") {
      i++;
      break;
    }
    if (!/^[-+]./.test(arg)) break;
    const on = arg[0] === "-";
    for (const letter of arg.slice(1)) {
      if (letter === "c" && on) call.commandWanted = true;
      else if (letter === "s" && on) call.readStdin = true;
      else if (letter === "i" && on) call.interactive = true;
      else if (letter === "l" && on) call.login = true;
      else if (letter === "o") {
        const option = args[++i];
        if (option === undefined || !isOption(probe, option)) {
          yield* proc.warn(`${name}: 0: Illegal option ${on ? "-" : "+"}o ${option ?? ""}\n`);
          return 2;
        }
        call.options.push([option, on]);
      } else {
        const option = letterOption(probe, letter);
        if (!option) {
          yield* proc.warn(`${name}: 0: Illegal option ${on ? "-" : "+"}${letter}\n`);
          return 2;
        }
        call.options.push([option, on]);
      }
    }
  }
  if (call.commandWanted) {
    if (args[i] === undefined) {
      yield* proc.warn(`${name}: 0: -c requires an argument\n`);
      return 2;
    }
    call.command = args[i++];
  }
  call.operands = args.slice(i);
  return call;
}

const BASH_LONG = [
  "debug", "debugger", "dump-po-strings", "dump-strings", "help", "init-file", "login", "noediting", "noprofile", "norc", "posix", "pretty-print", "rcfile", "restricted", "verbose", "version",
];

function* bashOptions(proc: Process, name: string, args: readonly string[]): Run<Invocation | number> {
  const call = invocation();
  const shown = name.replace(/^-/, "");
  const probe = new Shell(proc, "bash", name);
  let i = 0;
  for (; i < args.length && /^--?[a-z]/.test(args[i]!) && BASH_LONG.includes(args[i]!.replace(/^--?/, "")) ; i++) {
    const done = yield* bashLong(proc, shown, call, args[i]!.replace(/^--?/, ""), args[i + 1]);
    if (typeof done === "number") return done;
    if (done === "took a value") i++;
  }
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--" || arg === "-") {
      i++;
      break;
    }
    if (!/^[-+]./.test(arg)) break;
    if (arg.startsWith("--")) {
      yield* proc.warn(`${shown}: ${arg}: invalid option\n${bashUsage(shown)}`);
      return 2;
    }
    const on = arg[0] === "-";
    for (const letter of arg.slice(1)) {
      if (letter === "c" && on) call.commandWanted = true;
      else if (letter === "s" && on) call.readStdin = true;
      else if (letter === "i" && on) call.interactive = true;
      else if (letter === "l") call.login = on;
      else if (letter === "r") call.shopts.push(["restricted_shell", on]);
      else if (letter === "O") call.shopts.push([args[++i] ?? "", on]);
      else if (letter === "o") {
        const option = args[++i] ?? "";
        if (!isOption(probe, option)) {
          yield* proc.warn(`${shown}: line 0: ${shown}: ${option}: invalid option name\n`);
          return 2;
        }
        call.options.push([option, on]);
      } else {
        const option = letterOption(probe, letter);
        if (!option) {
          yield* proc.warn(`${shown}: ${arg[0]}${letter}: invalid option\n${bashUsage(shown)}`);
          return 2;
        }
        call.options.push([option, on]);
      }
    }
  }
  if (call.commandWanted) {
    if (args[i] === undefined) {
      yield* proc.warn(`${shown}: -c: option requires an argument\n`);
      return 2;
    }
    call.command = args[i++];
  }
  call.operands = args.slice(i);
  return call;
}

function* bashLong(proc: Process, shown: string, call: Invocation, option: string, value: string | undefined): Run<number | "took a value" | undefined> {
  switch (option) {
    case "norc":
      call.norc = true;
      return undefined;
    case "noprofile":
      call.noprofile = true;
      return undefined;
    case "noediting":
      call.noediting = true;
      return undefined;
    case "login":
      call.login = true;
      return undefined;
    case "verbose":
      call.options.push(["verbose", true]);
      return undefined;
    case "rcfile":
    case "init-file":
      if (value === undefined) {
        yield* proc.warn(`${shown}: --${option}: option requires an argument\n`);
        return 2;
      }
      call.rcfile = value;
      return "took a value";
    case "version":
      yield* proc.print(`GNU bash, version ${BASH_VERSION} (x86_64-pc-linux-gnu)\nPacketwalk's own shell, which does as this version of bash does.\n`);
      return 0;
    case "help":
      yield* proc.print(`GNU bash, version ${BASH_VERSION}-(x86_64-pc-linux-gnu)\n${bashUsage(shown)}`);
      return 0;
    default:
      yield* proc.warn(`packetwalk: 'bash --${option}' is not emulated\n`);
      return 95;
  }
}

function bashUsage(name: string): string {
  return `Usage:\t${name} [GNU long option] [option] ...\n\t${name} [GNU long option] [option] script-file ...\nGNU long options:\n${BASH_LONG.map((o) => `\t--${o}\n`).join("")}Shell options:\n\t-ilrsD or -c command or -O shopt_option\t\t(invocation only)\n\t-abefhkmnptuvxBCEHPT or -o option\n`;
}

// -- the start --------------------------------------------------------------------------------------------------------

function importEnvironment(sh: Shell): void {
  const { proc } = sh;
  const add = (name: string, value: string, exported = false): void => {
    sh.variables.set(name, { value, exported, readonly: false, integer: false });
  };
  for (const [name, value] of proc.env) if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) add(name, value, true);
  const missing = (name: string, value: string, exported = false): void => {
    if (!sh.variables.has(name)) add(name, value, exported);
  };
  add("IFS", " \t\n");
  missing("PS4", "+ ");
  add("OPTIND", "1");
  add("PPID", String(proc.parent?.pid ?? 1));
  const pwd = sh.get("PWD");
  const { fs } = proc.machine;
  const [there, here] = [pwd?.startsWith("/") ? fs.stat(pwd) : undefined, fs.stat(proc.cwd)];
  if (pwd !== undefined && there?.ok && here.ok && there.value === here.value) proc.cwd = pwd;
  add("PWD", proc.cwd, sh.variables.get("PWD")?.exported ?? sh.bash);
  missing("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  if (!sh.bash) {
    missing("PS1", proc.uid === 0 ? "# " : "$ ");
    missing("PS2", "> ");
    return;
  }
  for (const option of ["hashall", "braceexpand"]) sh.options.add(option);
  for (const option of ["checkwinsize", "globskipdots"]) sh.shopts.add(option);
  const found = sh.arg0.startsWith("-") ? undefined : findInPath(proc.machine, sh.arg0, sh.get("PATH"));
  add("BASH", typeof found === "object" ? found.path : "/bin/bash");
  add("BASH_VERSION", BASH_VERSION);
  sh.variables.set("BASH_VERSINFO", { value: undefined, array: new Map(["5", "2", "15", "1", "release", "x86_64-pc-linux-gnu"].map((v, i) => [i, v])), exported: false, readonly: true, integer: false });
  add("HOSTNAME", proc.machine.hostname);
  add("HOSTTYPE", "x86_64");
  add("MACHTYPE", "x86_64-pc-linux-gnu");
  add("OSTYPE", "linux-gnu");
  for (const name of ["UID", "EUID"]) sh.variables.set(name, { value: String(proc.uid), exported: false, readonly: true, integer: true });
  sh.variables.set("PPID", { value: String(proc.parent?.pid ?? 1), exported: false, readonly: true, integer: true });
  add("RANDOM", "");
  add("SECONDS", "0");
  missing("TERM", "dumb");
  const level = Number.parseInt(sh.get("SHLVL") ?? "0", 10);
  add("SHLVL", String(Number.isNaN(level) ? 1 : level + 1), true);
  missing("PS2", "> ");
}

function becomeInteractive(sh: Shell): void {
  sh.interactive = true;
  sh.options.add("interactive");
  if (sh.bash) {
    sh.options.add("histexpand");
    sh.options.add("history");
    sh.shopts.add("expand_aliases");
    if (sh.get("PS1") === undefined) sh.set("PS1", "\\s-\\v\\$ ");
  }
  for (const sig of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGTSTP", "SIGTTIN", "SIGTTOU"] as const) sh.guard(sig);
  const { tty } = sh.proc;
  if (tty && [0, 1, 2].some((fd) => sh.proc.fds.get(fd)?.kind === "tty")) {
    sh.options.add("monitor");
    if (sh.proc.pgid !== sh.proc.pid) sh.proc.pgid = sh.proc.pid;
    tty.foreground = sh.proc.pgid;
  }
}

function* startupFiles(sh: Shell, call: Invocation): Run<void> {
  const home = sh.get("HOME") ?? "/root";
  const files: string[] = [];
  if (sh.login) {
    if (call.noprofile) return;
    files.push("/etc/profile");
    const { fs } = sh.proc.machine;
    const own = (sh.bash ? [".bash_profile", ".bash_login", ".profile"] : [".profile"]).map((f) => `${home}/${f}`).find((f) => fs.stat(f).ok);
    if (own) files.push(own);
  } else if (sh.bash && sh.interactive && !call.norc) files.push(...(call.rcfile === undefined ? ["/etc/bash.bashrc", `${home}/.bashrc`] : [call.rcfile]));
  for (const file of files) {
    const content = sh.proc.machine.fs.readFile(sh.proc, file);
    if (!content.ok) continue;
    sh.sourcing.push(file);
    try {
      yield* runText(sh, decodeUtf8(content.value), { goesOn: true });
    } catch (e) {
      if (!(e instanceof Abort)) throw e;
    }
    sh.sourcing.pop();
    if (sh.flow?.kind !== "exit") sh.flow = undefined;
  }
  sh.status = 0;
}

// -- commands from standard input -------------------------------------------------------------------------------------

/** A script on standard input, read a line at a time so that its commands can read the rest. */
function* runInput(sh: Shell): Run<number> {
  let held = "";
  let line = 1;
  for (;;) {
    const next = yield* inputLine(sh);
    const ended = next === undefined;
    held += next ?? "";
    if (ended && held === "") break;
    const parser = new Parser(held, { dialect: sh.dialect, line, aliases: aliasesOf(sh), extglob: sh.shopts.has("extglob"), mayContinue: !ended, program: true });
    const parsed = parser.next();
    if (parsed.kind === "fault") {
      if (parsed.atEnd && !ended) continue;
      yield* reportSyntaxFault(sh, parsed.fault);
      sh.status = 2;
      if (!sh.bash || ended) return 2;
    } else if (parsed.kind === "commands") {
      try {
        sh.status = yield* runList(sh, parsed.script);
      } catch (e) {
        if (!(e instanceof Abort)) throw e;
        sh.status = e.status;
        sh.depth = sh.loopDepth = sh.unchecked = 0;
        if (e.how === "exit") return sh.status;
      }
      if (sh.pendingTraps.length > 0) yield* runTraps(sh);
      if (sh.flow) {
        sh.flow = undefined;
        return sh.status;
      }
    }
    line += held.split("\n").length - 1;
    held = "";
    if (ended) break;
  }
  return sh.status;
}

/** One line with its newline; undefined at the end. */
export function* inputLine(sh: Shell): Run<string | undefined> {
  const octets: number[] = [];
  for (;;) {
    const got = yield* sh.proc.read(0, 1);
    if (typeof got === "string" || got.length === 0) return octets.length > 0 ? decodeUtf8(Uint8Array.from(octets)) : undefined;
    octets.push(got[0]!);
    if (got[0] === 10) return decodeUtf8(Uint8Array.from(octets));
  }
}
