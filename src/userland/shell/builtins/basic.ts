/** Builtins that print or change the process's surroundings: echo, printf, cd, pwd, umask, true ... */
import { strerror, type Errno } from "../../../kernel/errno.ts";
import { resolvePath } from "../../fs.ts";
import { bytesOf, type Octets, octets } from "../../octets.ts";
import type { Run } from "../../process.ts";
import { escapeOctets, format } from "../printf.ts";
import type { Shell } from "../shell.ts";
import { assign } from "../expand.ts";
import type { Builtin } from "./index.ts";
import { complain, parseOptions, print, usageLine } from "./options.ts";

function* succeed(): Run<number> {
  return 0;
}
function* fail(): Run<number> {
  return 1;
}

// -- echo, printf -----------------------------------------------------------------------------------------------------

function* echo(sh: Shell, args: readonly string[]): Run<number> {
  let newline = true;
  let escapes = !sh.bash || sh.shopts.has("xpg_echo");
  let i = 0;
  if (sh.bash) {
    for (; /^-[neE]+$/.test(args[i] ?? ""); i++) {
      for (const c of args[i]!.slice(1)) {
        if (c === "n") newline = false;
        else escapes = c === "e";
      }
    }
  } else if (args[0] === "-n") {
    newline = false;
    i = 1;
  }
  const text = args.slice(i).join(" ");
  if (!escapes) return yield* print(sh, newline ? `${text}\n` : text);
  const made = unescape(text, sh.bash);
  return yield* print(sh, bytesOf(made.stop || !newline ? made.text : `${made.text}\n`));
}

/** Escapes of echo: \c ends the output. */
function unescape(text: string, bash: boolean): { text: Octets; stop: boolean } {
  const given = octets(text);
  let out = "";
  for (let i = 0; i < given.length; ) {
    if (given[i] !== "\\") {
      out += given[i++]!;
      continue;
    }
    const made = escapeOctets(given, i, bash, "echo");
    if (!made) return { text: out, stop: true };
    out += made.text;
    i = made.end;
  }
  return { text: out, stop: false };
}

function* printf(sh: Shell, args: readonly string[]): Run<number> {
  const usage = "printf [-v var] format [arguments]";
  let i = 0;
  let variable: string | undefined;
  if (sh.bash && args[0] === "-v") {
    variable = args[1];
    if (variable === undefined) {
      yield* complain(sh, `-v: option requires an argument\n${usageLine(sh, usage)}`);
      return 2;
    }
    i = 2;
  }
  const option = /^-(.)/s.exec(args[i] ?? "")?.[1];
  if (args[i] === "--") i++;
  else if (option !== undefined && !sh.bash) {
    yield* sh.error(`Illegal option -${option}`);
    return 2;
  } else if (option !== undefined) {
    yield* complain(sh, `-${option}: invalid option`);
    yield* sh.proc.warn(`${usageLine(sh, usage)}\n`);
    return 2;
  }
  const form = args[i];
  if (form === undefined) {
    if (sh.bash) yield* sh.proc.warn(`${usageLine(sh, usage)}\n`);
    else yield* sh.error("usage: printf format [arg ...]");
    return 2;
  }
  const made = format(form, args.slice(i + 1), sh.dialect, sh.proc.now);
  for (const message of made.errors) yield* complain(sh, message);
  if (variable !== undefined) {
    const target = /^([A-Za-z_][A-Za-z0-9_]*)(?:\[(.+)\])?$/.exec(variable);
    if (!target) {
      yield* complain(sh, `\`${variable}': not a valid identifier`);
      return 2;
    }
    yield* assign(sh, target[1]!, target[2], made.text);
    return made.status;
  }
  const status = yield* print(sh, made.bytes);
  return status || made.status;
}

// -- directories ------------------------------------------------------------------------------------------------------

/** The logical working directory: $PWD when it still leads here. */
export function logicalCwd(sh: Shell): string {
  return sh.proc.cwd;
}

/** chdir with the bookkeeping of PWD and OLDPWD. */
export function changeDirectory(sh: Shell, to: string, physical: boolean): Errno | undefined {
  const { fs } = sh.proc.machine;
  // A logical "..": the name is taken off the path, unless it is a link's own (POSIX cd, step 8).
  let path = to.startsWith("/") ? to : `${sh.proc.cwd}/${to}`;
  const found = fs.stat(path);
  if (!found.ok && !fs.stat(resolvePath(sh.proc.cwd, to)).ok) return found.error;
  if (physical) {
    const real = fs.realpath(path);
    if (!real.ok) return real.error;
    path = real.value;
  } else path = resolvePath(sh.proc.cwd, to);
  const dir = fs.stat(path);
  if (!dir.ok) return dir.error;
  if (dir.value.type !== "dir") return "ENOTDIR";
  if (!fs.access(dir.value, 1)) return "EACCES";
  sh.set("OLDPWD", sh.proc.cwd);
  sh.proc.cwd = path;
  sh.set("PWD", path);
  if (sh.bash) sh.export("OLDPWD");
  return undefined;
}

function* cd(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "LPe@" : "LP", "cd [-L|[-P [-e]] [-@]] [dir]");
  if (!given) return 2;
  const physical = given.options.findLast((o) => o.letter === "L" || o.letter === "P")?.letter === "P" || sh.options.has("physical");
  if (sh.bash && given.rest.length > 1) {
    yield* complain(sh, "too many arguments");
    return 1;
  }
  let target = given.rest[0];
  let show = false;
  if (target === undefined) {
    target = sh.get("HOME");
    if (target === undefined) {
      yield* complain(sh, "HOME not set");
      return sh.bash ? 1 : 2;
    }
  } else if (target === "-") {
    target = sh.get("OLDPWD");
    if (target === undefined && sh.bash) {
      yield* complain(sh, "OLDPWD not set");
      return 1;
    }
    target ??= sh.proc.cwd;
    show = true;
  }
  const refused = changeDirectoryAlong(sh, target, physical);
  if (refused.error === undefined) {
    if (show || refused.viaCdpath) yield* print(sh, `${sh.proc.cwd}\n`);
    return 0;
  }
  if (sh.bash) yield* complain(sh, `${target}: ${strerror(refused.error)}`);
  else yield* complain(sh, `can't cd to ${target}`);
  return sh.bash ? 1 : 2;
}

function changeDirectoryAlong(sh: Shell, target: string, physical: boolean): { error: Errno | undefined; viaCdpath: boolean } {
  const cdpath = sh.get("CDPATH");
  if (cdpath && !/^(\/|\.\.?(\/|$))/.test(target)) {
    for (const dir of cdpath.split(":")) {
      if (dir !== "" && changeDirectory(sh, `${dir}/${target}`, physical) === undefined) return { error: undefined, viaCdpath: true };
    }
  }
  if (target === "") return { error: undefined, viaCdpath: false };
  return { error: changeDirectory(sh, target, physical), viaCdpath: false };
}

function* pwd(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "LP", "pwd [-LP]");
  if (!given) return 2;
  const physical = given.options[given.options.length - 1]?.letter === "P";
  const real = physical ? sh.proc.machine.fs.realpath(sh.proc.cwd) : undefined;
  return yield* print(sh, `${real?.ok ? real.value : sh.proc.cwd}\n`);
}

// -- umask, times, ulimit ---------------------------------------------------------------------------------------------

function symbolicMask(mask: number): string {
  const part = (shift: number): string => ["r", "w", "x"].filter((_, i) => ((mask >> shift) & (4 >> i)) === 0).join("");
  return `u=${part(6)},g=${part(3)},o=${part(0)}`;
}

function* umask(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "Sp" : "S", "umask [-p] [-S] [mode]");
  if (!given) return 2;
  const symbolic = given.options.some((o) => o.letter === "S");
  const mode = given.rest[0];
  if (mode === undefined) {
    const reusable = given.options.some((o) => o.letter === "p") ? `umask ${symbolic ? "-S " : ""}` : "";
    return yield* print(sh, `${reusable}${symbolic ? symbolicMask(sh.proc.umask) : sh.proc.umask.toString(8).padStart(4, "0")}\n`);
  }
  if (/^[0-7]+$/.test(mode)) {
    sh.proc.umask = Number.parseInt(mode, 8) & 0o777;
    return 0;
  }
  const made = symbolicToMask(mode, sh.proc.umask);
  if (made === undefined) {
    yield* complain(sh, /^[0-9]/.test(mode) ? (sh.bash ? `${mode}: octal number out of range` : `Illegal number: ${mode}`) : sh.bash ? `\`${mode[0]}': invalid symbolic mode operator` : `Illegal mode: ${mode}`);
    return sh.bash ? 1 : 2;
  }
  sh.proc.umask = made;
  return 0;
}

function symbolicToMask(text: string, mask: number): number | undefined {
  let allowed = ~mask & 0o777;
  for (const clause of text.split(",")) {
    const form = /^([ugoa]*)([-+=])([rwx]*)$/.exec(clause);
    if (!form) return undefined;
    const who = form[1] === "" || form[1]!.includes("a") ? "ugo" : form[1]!;
    let bits = 0;
    for (const c of form[3]!) bits |= { r: 4, w: 2, x: 1 }[c as "r"];
    for (const w of who) {
      const shift = { u: 6, g: 3, o: 0 }[w as "u"];
      if (form[2] === "=") allowed = (allowed & ~(7 << shift)) | (bits << shift);
      else if (form[2] === "+") allowed |= bits << shift;
      else allowed &= ~(bits << shift);
    }
  }
  return ~allowed & 0o777;
}

function* times(sh: Shell): Run<number> {
  return yield* print(sh, sh.bash ? "0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n" : "0m0.000000s 0m0.000000s\n0m0.000000s 0m0.000000s\n");
}

/** What limits this machine has, with bash's letters and units. */
const LIMITS: readonly (readonly [letter: string, label: string, unit: string, value: string])[] = [
  ["c", "core file size", "blocks", "0"], ["f", "file size", "blocks", "unlimited"], ["n", "open files", "", "1024"], ["s", "stack size", "kbytes", "8192"], ["t", "cpu time", "seconds", "unlimited"],
  ["u", "max user processes", "", "128"], ["v", "virtual memory", "kbytes", "unlimited"],
];

/** The same in dash's order and words. */
const DASH_LIMITS: readonly (readonly [letter: string, label: string, value: string])[] = [
  ["t", "time(seconds)", "unlimited"], ["f", "file(blocks)", "unlimited"], ["d", "data(kbytes)", "unlimited"], ["s", "stack(kbytes)", "8192"], ["c", "coredump(blocks)", "0"], ["m", "memory(kbytes)", "unlimited"],
  ["l", "locked memory(kbytes)", "8192"], ["p", "process", "128"], ["n", "nofiles", "1024"], ["v", "vmemory(kbytes)", "unlimited"], ["w", "locks", "unlimited"], ["r", "rtprio", "0"],
];

function* ulimit(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "HSacfnstuvdmlqrixbeRTkpP" : "HSatfdscmlpnvwr", "ulimit [-SHabcdefiklmnpqrstuvxPRT] [limit]");
  if (!given) return 2;
  const letters = given.options.map((o) => o.letter).filter((l) => l !== "H" && l !== "S");
  if (!sh.bash && given.rest[0] !== undefined && !/^([0-9]+|unlimited)$/.test(given.rest[0])) return yield* sh.fail("bad number");
  if (given.rest.length > 0) {
    yield* complain(sh, "packetwalk: the limits of a machine are fixed");
    return 95;
  }
  if (letters.includes("a")) {
    if (!sh.bash) return yield* print(sh, DASH_LIMITS.map(([, label, v]) => `${label.padEnd(20)} ${v}\n`).join(""));
    return yield* print(sh, LIMITS.map(([l, label, unit, v]) => `${label.padEnd(28)}(${unit === "" ? "" : `${unit}, `}-${l}) ${v}\n`).join(""));
  }
  if (!sh.bash) return yield* print(sh, `${DASH_LIMITS.find(([l]) => l === (letters[0] ?? "f"))?.[2] ?? "unlimited"}\n`);
  const limit = LIMITS.find(([l]) => l === (letters[0] ?? "f"));
  return yield* print(sh, `${limit?.[3] ?? "unlimited"}\n`);
}


export const basicBuiltins: readonly Builtin[] = [
  { name: ":", special: true, usage: ":", summary: "Does nothing, successfully; its arguments are expanded.", run: succeed },
  { name: "true", usage: "true", summary: "Does nothing, successfully.", run: succeed },
  { name: "false", usage: "false", summary: "Does nothing, unsuccessfully.", run: fail },
  { name: "echo", usage: "echo [-neE] [arg ...]", summary: "Prints its arguments, a blank between them.", run: echo },
  { name: "printf", usage: "printf [-v var] format [arguments]", summary: "Prints arguments in a form.", run: printf },
  { name: "cd", usage: "cd [-L|[-P [-e]] [-@]] [dir]", summary: "Changes the working directory.", run: cd },
  { name: "pwd", usage: "pwd [-LP]", summary: "Prints the working directory.", run: pwd },
  { name: "umask", usage: "umask [-p] [-S] [mode]", summary: "Shows or sets the permission bits that new files do not get.", run: umask },
  { name: "times", special: true, usage: "times", summary: "Prints used processor time.", run: times },
  { name: "ulimit", usage: "ulimit [-SHacfnstuv] [limit]", summary: "Shows the limits of processes.", run: ulimit },
];
