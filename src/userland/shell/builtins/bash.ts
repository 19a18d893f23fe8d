/** Builtins that only bash has: shopt, pushd, mapfile, history ... */
import { decodeUtf8 } from "../../../base/bytes.ts";
import { strerror } from "../../../kernel/errno.ts";
import { NOT_EMULATED } from "../../command.ts";
import type { Run } from "../../process.ts";
import type { Shell } from "../shell.ts";
import { changeDirectory } from "./basic.ts";
import { builtins, type Builtin } from "./index.ts";
import { complain, parseOptions, print } from "./options.ts";

/** Options that change something here. */
const SHOPTS = ["checkwinsize", "dotglob", "execfail", "expand_aliases", "extglob", "failglob", "globskipdots", "globstar", "inherit_errexit", "lastpipe", "login_shell", "nocaseglob", "nocasematch", "nullglob", "shift_verbose", "xpg_echo"];
/** Those that bash has besides, shown as they are by default. */
const FIXED: ReadonlyMap<string, boolean> = new Map([
  ["autocd", false], ["assoc_expand_once", false], ["cdable_vars", false], ["cdspell", false], ["checkhash", false], ["checkjobs", false], ["cmdhist", true], ["compat31", false], ["compat32", false],
  ["compat40", false], ["compat41", false], ["compat42", false], ["compat43", false], ["compat44", false], ["complete_fullquote", true], ["direxpand", false], ["dirspell", false], ["extdebug", false],
  ["extquote", true], ["force_fignore", true], ["globasciiranges", true], ["gnu_errfmt", false], ["histappend", false], ["histreedit", false], ["histverify", false], ["hostcomplete", true],
  ["huponexit", false], ["interactive_comments", true], ["lithist", false], ["localvar_inherit", false], ["localvar_unset", false], ["mailwarn", false], ["no_empty_cmd_completion", false],
  ["noexpand_translation", false], ["patsub_replacement", true], ["progcomp", true], ["progcomp_alias", false], ["promptvars", true], ["restricted_shell", false], ["sourcepath", true], ["varredir_close", false],
]);

function* shopt(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "pqsuo", "shopt [-pqsu] [-o] [optname ...]");
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  const isOn = (name: string): boolean => (SHOPTS.includes(name) ? sh.shopts.has(name) : FIXED.get(name) === true);
  const all = [...SHOPTS, ...FIXED.keys()].sort((a, b) => (a < b ? -1 : 1));
  const line = (name: string): string => (has("p") ? `shopt ${isOn(name) ? "-s" : "-u"} ${name}\n` : `${name.padEnd(15)}\t${isOn(name) ? "on" : "off"}\n`);
  if (given.rest.length === 0) {
    const shown = all.filter((n) => (has("s") ? isOn(n) : has("u") ? !isOn(n) : true));
    return has("q") ? 0 : yield* print(sh, shown.map(line).join(""));
  }
  let status = 0;
  for (const name of given.rest) {
    if (has("o")) {
      if (has("s")) sh.options.add(name);
      else if (has("u")) sh.options.delete(name);
      else if (!sh.options.has(name)) status = 1;
      continue;
    }
    if (!all.includes(name)) {
      yield* complain(sh, `${name}: invalid shell option name`);
      status = 1;
    } else if (has("s") || has("u")) {
      if (!SHOPTS.includes(name) && FIXED.get(name) !== has("s")) {
        yield* sh.proc.warn(`packetwalk: 'shopt ${has("s") ? "-s" : "-u"} ${name}' is not emulated\n`);
        status = NOT_EMULATED;
      } else if (has("s")) sh.shopts.add(name);
      else sh.shopts.delete(name);
    } else {
      if (!has("q")) yield* print(sh, line(name));
      if (!isOn(name)) status = 1;
    }
  }
  return status;
}

// -- the directory stack ----------------------------------------------------------------------------------------------

function tilded(sh: Shell, path: string): string {
  const home = sh.get("HOME") ?? "";
  return home !== "" && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path;
}

function* showStack(sh: Shell): Run<number> {
  return yield* print(sh, `${[sh.proc.cwd, ...sh.dirStack].map((d) => tilded(sh, d)).join(" ")}\n`);
}

function* goTo(sh: Shell, dir: string): Run<boolean> {
  const refused = changeDirectory(sh, dir, false);
  if (refused) yield* complain(sh, `${dir}: ${strerror(refused)}`);
  return !refused;
}

/** +N and -N count from the left and the right of `dirs`. */
function stackIndex(sh: Shell, word: string): number | undefined {
  const n = Number(word.slice(1));
  const size = sh.dirStack.length + 1;
  const at = word[0] === "+" ? n : size - 1 - n;
  return at >= 0 && at < size ? at : undefined;
}

function* pushd(sh: Shell, args: readonly string[]): Run<number> {
  const word = args.find((a) => a !== "-n" && a !== "--");
  if (word === undefined) {
    const top = sh.dirStack.shift();
    if (top === undefined) {
      yield* complain(sh, "no other directory");
      return 1;
    }
    sh.dirStack.unshift(sh.proc.cwd);
    if (!(yield* goTo(sh, top))) return 1;
    return yield* showStack(sh);
  }
  if (/^[-+][0-9]+$/.test(word)) {
    const at = stackIndex(sh, word);
    if (at === undefined) {
      yield* complain(sh, sh.dirStack.length === 0 ? "directory stack empty" : `${word}: directory stack index out of range`);
      return 1;
    }
    const all = [sh.proc.cwd, ...sh.dirStack];
    const turned = [...all.slice(at), ...all.slice(0, at)];
    if (!(yield* goTo(sh, turned[0]!))) return 1;
    sh.dirStack = turned.slice(1);
    return yield* showStack(sh);
  }
  const before = sh.proc.cwd;
  if (!(yield* goTo(sh, word))) return 1;
  sh.dirStack.unshift(before);
  return yield* showStack(sh);
}

function* popd(sh: Shell, args: readonly string[]): Run<number> {
  const word = args.find((a) => a !== "-n" && a !== "--");
  if (sh.dirStack.length === 0) {
    yield* complain(sh, "directory stack empty");
    return 1;
  }
  const at = word === undefined ? 0 : /^[-+][0-9]+$/.test(word) ? stackIndex(sh, word) : undefined;
  if (at === undefined) {
    yield* complain(sh, `${word}: ${/^[-+][0-9]+$/.test(word!) ? "directory stack index out of range" : "invalid argument"}`);
    return 1;
  }
  if (at > 0) sh.dirStack.splice(at - 1, 1);
  else if (!(yield* goTo(sh, sh.dirStack.shift()!))) return 1;
  return yield* showStack(sh);
}

function* dirs(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args.filter((a) => !/^[-+][0-9]+$/.test(a)), "clpv", "dirs [-clpv] [+N] [-N]");
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  if (has("c")) {
    sh.dirStack = [];
    return 0;
  }
  const all = [sh.proc.cwd, ...sh.dirStack].map((d) => (has("l") ? d : tilded(sh, d)));
  if (has("v")) return yield* print(sh, all.map((d, i) => `${String(i).padStart(2)}  ${d}\n`).join(""));
  return yield* print(sh, has("p") ? all.map((d) => `${d}\n`).join("") : `${all.join(" ")}\n`);
}

// -- mapfile, history, caller -----------------------------------------------------------------------------------------

function* mapfile(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "d:n:O:s:tu:C:c:", "mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [-C callback] [-c quantum] [array]");
  if (!given) return 2;
  const option = (l: string): string | undefined => given.options.findLast((o) => o.letter === l)?.value;
  const chop = given.options.some((o) => o.letter === "t");
  const all = yield* sh.proc.readAll(Number(option("u") ?? "0"));
  if (typeof all === "string") {
    yield* complain(sh, `${option("u") ?? "0"}: invalid file descriptor: ${strerror(all)}`);
    return 1;
  }
  const delimiter = option("d")?.[0] ?? (option("d") === "" ? "\0" : "\n");
  const lines = decodeUtf8(all).split(delimiter);
  if (lines[lines.length - 1] === "") lines.pop();
  const ended = lines.map((l, i) => (chop || (i === lines.length - 1 && !decodeUtf8(all).endsWith(delimiter)) ? l : l + delimiter));
  const skip = Number(option("s") ?? "0");
  const count = Number(option("n") ?? "0") || ended.length;
  const origin = Number(option("O") ?? "0");
  const name = given.rest[0] ?? "MAPFILE";
  const old = option("O") === undefined ? undefined : sh.variables.get(name)?.array;
  const array = new Map(old ?? []);
  for (const [i, text] of ended.slice(skip, skip + count).entries()) array.set(origin + i, text);
  sh.variables.set(name, { value: undefined, array, exported: false, readonly: false, integer: false });
  return 0;
}

function* history(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "cd:anrwps", "history [-c] [-d offset] [n] or history -anrw [filename] or history -ps arg [arg...]");
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  if (has("c")) {
    sh.history.length = 0;
    return 0;
  }
  const at = given.options.find((o) => o.letter === "d")?.value;
  if (at !== undefined) {
    const n = Number(at);
    if (!(n >= 1 && n <= sh.history.length)) {
      yield* complain(sh, `${at}: history position out of range`);
      return 1;
    }
    sh.history.splice(n - 1, 1);
    return 0;
  }
  if (has("s")) {
    sh.history.push(given.rest.join(" "));
    return 0;
  }
  if (has("a") || has("n") || has("r") || has("w")) {
    yield* sh.proc.warn(`packetwalk: 'history ${args[0]}' is not emulated\n`);
    return NOT_EMULATED;
  }
  const limit = given.rest[0];
  if (limit !== undefined && !/^[0-9]+$/.test(limit)) {
    yield* complain(sh, `${limit}: numeric argument required`);
    return 1;
  }
  const from = limit === undefined ? 0 : Math.max(0, sh.history.length - Number(limit));
  return yield* print(sh, sh.history.slice(from).map((line, i) => `${String(from + i + 1).padStart(5)}  ${line}\n`).join(""));
}

function* caller(sh: Shell, args: readonly string[]): Run<number> {
  const functions = sh.frames.filter((f) => f.isFunction);
  const n = Number(args[0] ?? "0");
  const frame = functions[functions.length - 1 - n];
  if (!frame) return 1;
  const outer = functions[functions.length - 2 - n]?.name ?? "main";
  return yield* print(sh, args[0] === undefined ? `${frame.line} NULL\n` : `${frame.line} ${outer} ${sh.arg0}\n`);
}

function* enable(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "adnpsf:", "enable [-a] [-dnps] [-f filename] [name ...]");
  if (!given) return 2;
  const refused = given.options.find((o) => "dnf".includes(o.letter));
  if (refused) {
    yield* sh.proc.warn(`packetwalk: 'enable -${refused.letter}' is not emulated\n`);
    return NOT_EMULATED;
  }
  const all = builtins("bash");
  if (given.rest.length === 0) {
    const special = given.options.some((o) => o.letter === "s");
    const names = [...all.values()].filter((b) => !special || b.special).map((b) => b.name).sort((a, b) => (a < b ? -1 : 1));
    return yield* print(sh, names.map((n) => `enable ${n}\n`).join(""));
  }
  let status = 0;
  for (const name of given.rest) {
    if (all.has(name)) continue;
    yield* complain(sh, `${name}: not a shell builtin`);
    status = 1;
  }
  return status;
}

function refusing(name: string): Builtin["run"] {
  return function* (sh) {
    yield* sh.proc.warn(`packetwalk: '${name}' is not emulated\n`);
    return NOT_EMULATED;
  };
}

/** Builtins of bash that are not here: they say so. */
const MISSING: readonly (readonly [string, string])[] = [
  ["coproc", "coproc [NAME] command [redirections]"],
  ["bind", "bind [-lpsvPSVX] [-m keymap] [-f filename] [-q name] [-u name] [-r keyseq] [-x keyseq:shell-command]"], ["compgen", "compgen [-abcdefgjksuv] [-o option] [-A action] [word]"],
  ["complete", "complete [-abcdefgjksuv] [-pr] [-DEI] [-o option] [-A action] [name ...]"], ["compopt", "compopt [-o|+o option] [-DEI] [name ...]"], ["fc", "fc [-e ename] [-lnr] [first] [last] or fc -s [pat=rep] [command]"],
];

export const bashBuiltins: readonly Builtin[] = [
  { name: "shopt", only: "bash", usage: "shopt [-pqsu] [-o] [optname ...]", summary: "Shows or sets options of the shell.", run: shopt },
  { name: "pushd", only: "bash", usage: "pushd [-n] [+N | -N | dir]", summary: "Changes the directory and remembers the old one on a stack.", run: pushd },
  { name: "popd", only: "bash", usage: "popd [-n] [+N | -N]", summary: "Goes back to the directory on top of the stack.", run: popd },
  { name: "dirs", only: "bash", usage: "dirs [-clpv] [+N] [-N]", summary: "Shows the stack of directories.", run: dirs },
  { name: "mapfile", only: "bash", usage: "mapfile [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [array]", summary: "Reads lines into an array.", run: mapfile },
  { name: "readarray", only: "bash", usage: "readarray [-d delim] [-n count] [-O origin] [-s count] [-t] [-u fd] [array]", summary: "The same as mapfile.", run: mapfile },
  { name: "history", only: "bash", usage: "history [-c] [-d offset] [n]", summary: "Shows the lines typed so far.", run: history },
  { name: "caller", only: "bash", usage: "caller [expr]", summary: "Says where the function was called.", run: caller },
  { name: "enable", only: "bash", usage: "enable [-a] [name ...]", summary: "Lists the builtins.", run: enable },
  ...MISSING.map(([name, usage]): Builtin => ({ name, only: "bash", usage, summary: "Not emulated.", run: refusing(name) })),
];
