/** Builtins about commands themselves: type, command, builtin, hash, alias, unalias, help. */
import { findInPath, mayExecute } from "../../exec.ts";
import type { Run } from "../../process.ts";
import { isKeywordOf } from "../keywords.ts";
import { functionText } from "../print.ts";
import { dashQuote, singleQuote } from "../quote.ts";
import { forgiving, runExternal } from "../run.ts";
import type { Shell } from "../shell.ts";
import { allBuiltins, builtins, type Builtin } from "./index.ts";
import { complain, parseOptions, print, usageLine } from "./options.ts";

/** What a name would run. */
type Meaning = { kind: "alias"; text: string } | { kind: "keyword" } | { kind: "function" } | { kind: "builtin"; special: boolean } | { kind: "file"; path: string; hashed: boolean };

function meanings(sh: Shell, name: string, all: boolean, path = sh.get("PATH")): Meaning[] {
  const out: Meaning[] = [];
  const alias = !sh.bash || sh.shopts.has("expand_aliases") ? sh.aliases.get(name) : undefined;
  if (alias !== undefined) out.push({ kind: "alias", text: alias });
  if (isKeywordOf(sh.dialect, name)) out.push({ kind: "keyword" });
  if (sh.functions.has(name)) out.push({ kind: "function" });
  const builtin = builtins(sh.dialect).get(name);
  if (builtin) out.push({ kind: "builtin", special: builtin.special === true });
  if (out.length > 0 && !all) return out.slice(0, 1);
  for (const file of files(sh, name, path, all)) out.push(file);
  return all ? out : out.slice(0, 1);
}

function files(sh: Shell, name: string, path: string | undefined, all: boolean): Meaning[] {
  const { machine } = sh.proc;
  if (name.includes("/")) {
    const found = machine.fs.stat(name);
    return found.ok && mayExecute(machine, found.value) ? [{ kind: "file", path: name, hashed: false }] : [];
  }
  const known = sh.hashed.get(name);
  if (known && !all && path === sh.get("PATH")) return [{ kind: "file", path: known.path, hashed: true }];
  if (!all) {
    const found = findInPath(machine, name, path);
    return typeof found === "string" ? [] : [{ kind: "file", path: found.path, hashed: false }];
  }
  return (path ?? "").split(":").flatMap((dir): Meaning[] => {
    const found = findInPath(machine, name, dir);
    return typeof found === "string" ? [] : [{ kind: "file", path: found.path, hashed: false }];
  });
}

function sentence(sh: Shell, name: string, m: Meaning, tracked: boolean): string {
  switch (m.kind) {
    case "alias":
      return sh.bash ? `${name} is aliased to \`${m.text}'` : `${name} is an alias for ${m.text}`;
    case "keyword":
      return `${name} is a shell keyword`;
    case "function":
      return sh.bash ? `${name} is a function\n${functionText(name, sh.functions.get(name)!.body)}` : `${name} is a shell function`;
    case "builtin":
      return !sh.bash && m.special ? `${name} is a special shell builtin` : `${name} is a shell builtin`;
    case "file":
      if (m.hashed && tracked) return sh.bash ? `${name} is hashed (${m.path})` : `${name} is a tracked alias for ${m.path}`;
      return `${name} is ${m.path}`;
  }
}

function* type(sh: Shell, args: readonly string[]): Run<number> {
  const given = sh.bash ? yield* parseOptions(sh, args, "afptP", "type [-afptP] name [name ...]") : { options: [], rest: [...args] };
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  let status = 0;
  for (const name of given.rest) {
    let found = meanings(sh, name, has("a"));
    if (has("f")) found = found.filter((m) => m.kind !== "function");
    if (has("p") || has("P")) {
      const paths = has("P") ? files(sh, name, sh.get("PATH"), has("a")) : found.filter((m) => m.kind === "file");
      for (const m of paths) yield* print(sh, `${(m as { path: string }).path}\n`);
      if (paths.length === 0 && (has("P") || found.length === 0)) status = 1;
      continue;
    }
    if (found.length === 0) {
      status = sh.bash ? 1 : 127;
      if (has("t")) continue;
      if (sh.bash) yield* complain(sh, `${name}: not found`);
      else yield* print(sh, `${name}: not found\n`);
      continue;
    }
    for (const m of found) yield* print(sh, has("t") ? `${m.kind}\n` : `${sentence(sh, name, m, true)}\n`);
  }
  return status;
}

function* command(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "pVv", "command [-pVv] command [arg ...]");
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  const words = given.rest;
  if (words.length === 0) return 0;
  const path = has("p") ? "/usr/sbin:/usr/bin:/sbin:/bin" : sh.get("PATH");
  if (has("v") || has("V")) return yield* describe(sh, words, has("V"), path);
  const name = words[0]!;
  const builtin = builtins(sh.dialect).get(name);
  if (builtin) {
    sh.builtin = name;
    return yield* forgiving(sh, { ...builtin, special: false }, builtin.run(sh, words.slice(1)));
  }
  sh.builtin = "";
  return yield* runExternal(sh, words, path);
}

function* describe(sh: Shell, words: readonly string[], long: boolean, path: string | undefined): Run<number> {
  let found = 0;
  // dash looks at the first name only.
  for (const name of sh.bash ? words : words.slice(0, 1)) {
    const m = meanings(sh, name, false, path)[0];
    if (!m) {
      if (long) yield* sh.bash ? complain(sh, `${name}: not found`) : print(sh, `${name}: not found\n`);
      continue;
    }
    found++;
    if (long) yield* print(sh, `${sentence(sh, name, m, true)}\n`);
    else if (m.kind === "alias") yield* print(sh, `alias ${name}=${sh.bash ? singleQuote(m.text) : dashQuote(m.text)}\n`);
    else yield* print(sh, `${m.kind === "file" ? m.path : name}\n`);
  }
  return found > 0 ? 0 : sh.bash ? 1 : 127;
}

function* builtinCommand(sh: Shell, args: readonly string[]): Run<number> {
  const words = args[0] === "--" ? args.slice(1) : args;
  const name = words[0];
  if (name === undefined) return 0;
  const builtin = builtins(sh.dialect).get(name);
  if (!builtin) {
    yield* complain(sh, `${name}: not a shell builtin`);
    return 1;
  }
  sh.builtin = name;
  return yield* builtin.run(sh, words.slice(1));
}

function* hash(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "lrp:dt" : "rv", "hash [-lr] [-p pathname] [-dt] [name ...]");
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  if (has("r")) {
    sh.hashed.clear();
    return 0;
  }
  if (given.rest.length === 0) {
    if (sh.bash && sh.hashed.size === 0) return yield* print(sh, "hash: hash table empty\n");
    if (!sh.bash) return yield* print(sh, [...sh.hashed.values()].map((h) => `${h.path}\n`).join(""));
    return yield* print(sh, `hits\tcommand\n${[...sh.hashed.values()].map((h) => `${String(h.hits).padStart(4)}\t${h.path}\n`).join("")}`);
  }
  let status = 0;
  for (const name of given.rest) {
    if (has("d")) sh.hashed.delete(name);
    else if (has("t")) {
      const known = sh.hashed.get(name);
      if (known) yield* print(sh, `${known.path}\n`);
      else {
        yield* complain(sh, `${name}: not found`);
        status = 1;
      }
    } else {
      const found = findInPath(sh.proc.machine, name, sh.get("PATH"));
      const fixed = given.options.find((o) => o.letter === "p")?.value;
      if (fixed !== undefined) sh.hashed.set(name, { path: fixed, hits: 0 });
      else if (typeof found !== "string") sh.hashed.set(name, { path: found.path, hits: 0 });
      else if (!builtins(sh.dialect).has(name) && !sh.functions.has(name)) {
        yield* complain(sh, `${name}: not found`);
        status = 1;
      }
    }
  }
  return status;
}

// -- aliases ----------------------------------------------------------------------------------------------------------

function aliasLine(sh: Shell, name: string, text: string): string {
  return sh.bash ? `alias ${name}=${singleQuote(text)}\n` : `${name}=${dashQuote(text)}\n`;
}

function* alias(sh: Shell, args: readonly string[]): Run<number> {
  const given = sh.bash ? yield* parseOptions(sh, args, "p", "alias [-p] [name[=value] ... ]") : { options: [], rest: [...args] };
  if (!given) return 2;
  if (given.rest.length === 0) {
    const sorted = [...sh.aliases].sort((a, b) => (a[0] < b[0] ? -1 : 1));
    return yield* print(sh, sorted.map(([n, t]) => aliasLine(sh, n, t)).join(""));
  }
  let status = 0;
  for (const word of given.rest) {
    const equals = word.indexOf("=", 1);
    if (equals > 0) {
      sh.aliases.set(word.slice(0, equals), word.slice(equals + 1));
      continue;
    }
    const text = sh.aliases.get(word);
    if (text !== undefined) yield* print(sh, aliasLine(sh, word, text));
    else {
      if (sh.bash) yield* complain(sh, `${word}: not found`);
      else yield* sh.proc.warn(`alias: ${word} not found\n`);
      status = 1;
    }
  }
  return status;
}

function* unalias(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "a", "unalias [-a] name [name ...]");
  if (!given) return 2;
  if (given.options.length > 0) sh.aliases.clear();
  else if (given.rest.length === 0 && sh.bash) {
    yield* sh.proc.warn(`${usageLine(sh, "unalias [-a] name [name ...]")}\n`);
    return 2;
  }
  let status = 0;
  for (const name of given.rest) {
    if (sh.aliases.delete(name)) continue;
    if (sh.bash) yield* complain(sh, `${name}: not found`);
    else yield* sh.proc.warn(`unalias: ${name} not found\n`);
    status = 1;
  }
  return status;
}

// -- help -------------------------------------------------------------------------------------------------------------

/** bash's help, and what commands this machine has: a learner's first question. */
function* help(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "dms", "help [-dms] [pattern ...]");
  if (!given) return 2;
  if (given.rest.length === 0) return yield* print(sh, helpOverview(sh));
  const short = given.options.some((o) => o.letter === "s");
  const described = given.options.some((o) => o.letter === "d");
  let found = 0;
  for (const topic of given.rest) {
    const builtin = builtins(sh.dialect).get(topic);
    const tool = sh.proc.machine.command(topic);
    if (builtin) {
      found++;
      yield* print(sh, described ? `${builtin.name} - ${builtin.summary}\n` : short ? `${builtin.name}: ${builtin.usage}\n` : `${builtin.name}: ${builtin.usage}\n    ${builtin.summary}\n`);
    } else if (tool) {
      found++;
      yield* print(sh, `${topic}: ${tool.man.summary}\n    This is a program, not a builtin: see \`man ${topic}'.\n`);
    }
  }
  if (found > 0) return 0;
  const last = given.rest[given.rest.length - 1]!;
  yield* sh.error(`help: no help topics match \`${last}'.  Try \`help help' or \`man -k ${last}' or \`info ${last}'.`);
  return 1;
}

function helpOverview(sh: Shell): string {
  const columns = sh.proc.tty?.columns ?? 80;
  const own = allBuiltins().filter((b) => !b.only || b.only === sh.dialect).map((b) => b.usage);
  const tools = sh.proc.machine.commands.flatMap((c) => [c.name, ...(c.aliases ?? [])]).sort((a, b) => (a < b ? -1 : 1));
  return `${sh.bash ? "GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu), as Packetwalk emulates it" : "dash 0.5.12, as Packetwalk emulates it"}
These shell commands are defined internally.  Type \`help name' to find out more about the command \`name'.

${twoColumns(own.sort((a, b) => (a < b ? -1 : 1)), columns)}
Programs of this machine.  Type \`man name' to find out what is emulated and what is not.

${packed(tools, columns)}`;
}

function twoColumns(items: readonly string[], columns: number): string {
  const half = Math.ceil(items.length / 2);
  const width = Math.max(20, Math.floor((columns - 2) / 2));
  const cut = (s: string): string => (s.length > width - 2 ? `${s.slice(0, width - 3)}>` : s);
  let out = "";
  for (let i = 0; i < half; i++) out += ` ${cut(items[i]!).padEnd(width)}${cut(items[i + half] ?? "")}`.trimEnd() + "\n";
  return out;
}

function packed(items: readonly string[], columns: number): string {
  let out = "";
  let line = "";
  for (const item of items) {
    if (line !== "" && line.length + item.length + 2 > columns - 1) {
      out += ` ${line}\n`;
      line = "";
    }
    line += line === "" ? item : `  ${item}`;
  }
  return line === "" ? out : `${out} ${line}\n`;
}

export const commandBuiltins: readonly Builtin[] = [
  { name: "type", usage: "type [-afptP] name [name ...]", summary: "Says what a name would run.", run: type },
  { name: "command", usage: "command [-pVv] command [arg ...]", summary: "Runs a command past functions, or says what it is.", run: command },
  { name: "builtin", only: "bash", usage: "builtin [shell-builtin [arg ...]]", summary: "Runs a builtin past functions.", run: builtinCommand },
  { name: "hash", usage: "hash [-lr] [-p pathname] [-dt] [name ...]", summary: "Shows or forgets where commands were found.", run: hash },
  { name: "alias", usage: "alias [-p] [name[=value] ... ]", summary: "Makes or shows aliases.", run: alias },
  { name: "unalias", usage: "unalias [-a] name [name ...]", summary: "Removes aliases.", run: unalias },
  { name: "help", only: "bash", usage: "help [-dms] [pattern ...]", summary: "Shows what builtins and programs there are.", run: help },
];
