/** Builtins about variables: export, readonly, unset, set, shift, local, declare, let, read, getopts. */
import { decodeUtf8 } from "../../../base/bytes.ts";
import { SECOND } from "../../../sim/time.ts";
import type { Run } from "../../process.ts";
import { arithmetic, arrayIndex, assign, readOnly } from "../expand.ts";
import { isName } from "../parser.ts";
import { functionText } from "../print.ts";
import { dashQuote } from "../quote.ts";
import { Abort, OPTION_LETTERS, type Shell, type Variable } from "../shell.ts";
import { attributeFlags, declareLine, setLine } from "../variables.ts";
import type { Builtin } from "./index.ts";
import { complain, parseOptions, print } from "./options.ts";

function sortedVariables(sh: Shell): [string, Variable][] {
  return [...sh.variables].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
}

function fresh(): Variable {
  return { value: undefined, exported: false, readonly: false, integer: false };
}

/** `name`, `name=value`, `name+=value`, `name[i]=value`. */
function split(word: string): { name: string; subscript: string | undefined; append: boolean; value: string | undefined } {
  const found = /^([^=[+]*)(?:\[([^\]]*)\])?(\+?=)?([\s\S]*)$/.exec(word)!;
  if (!found[3]) return { name: word.replace(/\[[^\]]*\]$/, ""), subscript: found[2], append: false, value: undefined };
  return { name: found[1]!, subscript: found[2], append: found[3] === "+=", value: found[4]! };
}

function* badName(sh: Shell, word: string): Run<number> {
  if (!sh.bash) return yield* sh.fail(`${word.replace(/=.*/s, "")}: bad variable name`);
  yield* complain(sh, `\`${word}': not a valid identifier`);
  return 1;
}

// -- export, readonly -------------------------------------------------------------------------------------------------

function* mark(sh: Shell, args: readonly string[], kind: "export" | "readonly"): Run<number> {
  const letters = sh.bash ? (kind === "export" ? "fnp" : "aAfp") : "p";
  const given = yield* parseOptions(sh, args, letters, kind === "export" ? "export [-fn] [name[=value] ...] or export -p" : "readonly [-aAf] [name[=value] ...] or readonly -p");
  if (!given) {
    if (!sh.bash && !sh.interactive) throw new Abort("exit", 2);
    return 2;
  }
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  if (given.rest.length === 0) return yield* listMarked(sh, kind);
  let status = 0;
  for (const word of given.rest) {
    const { name, subscript, append, value } = split(word);
    if (!isName(name)) {
      status = yield* badName(sh, word);
      continue;
    }
    if (has("f")) {
      if (!sh.functions.has(name)) {
        yield* complain(sh, `${name}: not a function`);
        status = 1;
      }
      continue;
    }
    if (value !== undefined) yield* assign(sh, name, subscript, append ? (sh.get(name) ?? "") + value : value);
    const v = sh.variables.get(name) ?? fresh();
    sh.variables.set(name, v);
    if (has("A")) v.assoc ??= new Map();
    else if (has("a")) v.array ??= new Map();
    if (kind === "readonly") v.readonly = true;
    else v.exported = !has("n");
  }
  return status;
}

function* listMarked(sh: Shell, kind: "export" | "readonly"): Run<number> {
  let out = "";
  for (const [name, v] of sortedVariables(sh)) {
    if (!(kind === "export" ? v.exported : v.readonly)) continue;
    if (sh.bash) out += `${declareLine(name, v)}\n`;
    else out += `${kind} ${name}${v.value === undefined ? "" : `=${dashQuote(v.value)}`}\n`;
  }
  return yield* print(sh, out);
}

// -- unset ------------------------------------------------------------------------------------------------------------

function* unset(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "fvn" : "fv", "unset [-f] [-v] [-n] [name ...]");
  if (!given) return 2;
  const functions = given.options.some((o) => o.letter === "f");
  const variables = given.options.some((o) => o.letter === "v");
  let status = 0;
  for (const word of given.rest) {
    const element = sh.bash ? /^([A-Za-z_][A-Za-z0-9_]*)\[(.*)\]$/.exec(word) : null;
    if (element && !functions) {
      yield* unsetElement(sh, element[1]!, element[2]!);
      continue;
    }
    if (functions || (sh.bash && !variables && !sh.variables.has(word) && sh.functions.has(word))) {
      sh.functions.delete(word);
      continue;
    }
    if (!isName(word)) {
      if (!sh.bash) status = yield* badName(sh, word);
      continue;
    }
    if (!sh.unset(word)) {
      if (!sh.bash) return yield* sh.fail(`${word}: is read only`);
      yield* complain(sh, `${word}: cannot unset: readonly variable`);
      status = 1;
    }
  }
  return status;
}

function* unsetElement(sh: Shell, name: string, subscript: string): Run<void> {
  const v = sh.find(name);
  if (!v) return;
  if (v.readonly) return yield* readOnly(sh, name);
  if (subscript === "@" || subscript === "*") sh.unset(name);
  else if (v.assoc) v.assoc.delete(subscript);
  else v.array?.delete(yield* arrayIndex(sh, name, v, subscript));
}

// -- set, shift -------------------------------------------------------------------------------------------------------

const SET_USAGE = "set [-abefhkmnptuvxBCEHPT] [-o option-name] [--] [-] [arg ...]";
const BASH_LETTERS: ReadonlyMap<string, string> = new Map([
  ["a", "allexport"], ["b", "notify"], ["e", "errexit"], ["f", "noglob"], ["h", "hashall"], ["k", "keyword"], ["m", "monitor"], ["n", "noexec"], ["p", "privileged"], ["t", "onecmd"], ["u", "nounset"],
  ["v", "verbose"], ["x", "xtrace"], ["B", "braceexpand"], ["C", "noclobber"], ["E", "errtrace"], ["H", "histexpand"], ["P", "physical"], ["T", "functrace"],
]);
const BASH_NAMES = [
  "allexport", "braceexpand", "emacs", "errexit", "errtrace", "functrace", "hashall", "histexpand", "history", "ignoreeof", "interactive-comments", "keyword", "monitor", "noclobber", "noexec", "noglob",
  "nolog", "notify", "nounset", "onecmd", "physical", "pipefail", "posix", "privileged", "verbose", "vi", "xtrace",
];
const DASH_NAMES = ["errexit", "noglob", "ignoreeof", "interactive", "monitor", "noexec", "stdin", "xtrace", "verbose", "vi", "emacs", "noclobber", "allexport", "notify", "nounset", "privileged", "nolog", "debug"];

export function letterOption(sh: Shell, letter: string): string | undefined {
  return (sh.bash ? BASH_LETTERS : OPTION_LETTERS).get(letter);
}
export function isOption(sh: Shell, name: string): boolean {
  return (sh.bash ? BASH_NAMES : DASH_NAMES).includes(name);
}

/** dash has no job control without a terminal, and says so. */
function* wantsTerminal(sh: Shell, name: string, on: boolean): Run<boolean> {
  if (sh.bash || name !== "monitor" || !on || sh.proc.tty) return false;
  yield* sh.error("can't access tty; job control turned off");
  return true;
}

export function setOption(sh: Shell, name: string, on: boolean): void {
  if (on) sh.options.add(name);
  else sh.options.delete(name);
  if (name === "monitor" && on && !sh.interactive) for (const sig of ["SIGTSTP", "SIGTTIN", "SIGTTOU"] as const) sh.proc.onSignal(sig, "ignore");
}

function* setBuiltin(sh: Shell, args: readonly string[]): Run<number> {
  if (args.length === 0) return yield* listAll(sh);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      sh.args = args.slice(i + 1);
      return 0;
    }
    if (arg === "-") {
      sh.options.delete("xtrace");
      sh.options.delete("verbose");
      if (i + 1 < args.length) sh.args = args.slice(i + 1);
      return 0;
    }
    if (!/^[-+]./.test(arg)) {
      sh.args = args.slice(i);
      return 0;
    }
    const on = arg[0] === "-";
    for (const letter of arg.slice(1)) {
      if (letter === "o") {
        const name = args[i + 1];
        if (name === undefined) return yield* listOptions(sh, on);
        i++;
        if (!isOption(sh, name)) {
          if (!sh.bash) return yield* sh.fail(`Illegal option ${on ? "-" : "+"}o ${name}`);
          yield* complain(sh, `${name}: invalid option name`);
          return 2;
        }
        setOption(sh, name, on);
        continue;
      }
      const name = letterOption(sh, letter);
      if (!name) {
        if (!sh.bash) return yield* sh.fail(`Illegal option ${on ? "-" : "+"}${letter}`);
        yield* complain(sh, `${on ? "-" : "+"}${letter}: invalid option\nset: usage: ${SET_USAGE}`);
        return 2;
      }
      if (!(yield* wantsTerminal(sh, name, on))) setOption(sh, name, on);
    }
  }
  return 0;
}

function* listAll(sh: Shell): Run<number> {
  let out = "";
  for (const [name, v] of sortedVariables(sh)) {
    if (sh.bash) {
      const line = setLine(name, v);
      if (line !== undefined) out += `${line}\n`;
    } else if (v.value !== undefined) out += `${name}=${dashQuote(v.value)}\n`;
  }
  if (sh.bash) for (const [name, def] of sh.functions) out += `${functionText(name, def.body)}\n`;
  return yield* print(sh, out);
}

function* listOptions(sh: Shell, table: boolean): Run<number> {
  const on = (n: string): boolean => sh.options.has(n) || n === "interactive-comments";
  if (sh.bash) return yield* print(sh, BASH_NAMES.map((n) => (table ? `${n.padEnd(15)}\t${on(n) ? "on" : "off"}\n` : `set ${on(n) ? "-" : "+"}o ${n}\n`)).join(""));
  if (!table) return yield* print(sh, DASH_NAMES.map((n) => `set ${on(n) ? "-" : "+"}o ${n}\n`).join(""));
  return yield* print(sh, `Current option settings\n${DASH_NAMES.map((n) => `${n.padEnd(16)}${on(n) ? "on" : "off"}\n`).join("")}`);
}

function* shift(sh: Shell, args: readonly string[]): Run<number> {
  const text = args[0] ?? "1";
  if (!/^[0-9]+$/.test(text)) {
    if (!sh.bash) return yield* sh.fail(`Illegal number: ${text}`);
    yield* complain(sh, /^-[0-9]+$/.test(text) ? `${text}: shift count out of range` : `${text}: numeric argument required`);
    return 1;
  }
  const n = Number(text);
  if (n > sh.args.length) {
    if (!sh.bash) return yield* sh.fail("can't shift that many");
    if (sh.shopts.has("shift_verbose")) yield* complain(sh, `${text}: shift count out of range`);
    return 1;
  }
  const at = sh.getoptsAt;
  sh.args = sh.args.slice(n);
  sh.getoptsAt = at;
  return 0;
}

// -- local, declare, let ----------------------------------------------------------------------------------------------

const DECLARE_USAGE = "declare [-aAfFgiIlnrtux] [name[=value] ...] or declare -p [-aAfFilnrtux] [name ...]";

function* local(sh: Shell, args: readonly string[]): Run<number> {
  if (!sh.frames.some((f) => f.isFunction)) {
    if (!sh.bash) return yield* sh.fail("not in a function");
    yield* complain(sh, "can only be used in a function");
    return 1;
  }
  if (sh.bash) return yield* declare(sh, args, true);
  for (const word of args) {
    const { name, value } = split(word);
    if (!isName(name)) return yield* badName(sh, word);
    sh.hide(name);
    if (value !== undefined) yield* assign(sh, name, undefined, value);
  }
  return 0;
}

interface Attributes {
  on: Set<string>;
  off: Set<string>;
  words: string[];
}

function* attributes(sh: Shell, args: readonly string[]): Run<Attributes | undefined> {
  const out: Attributes = { on: new Set(), off: new Set(), words: [] };
  let i = 0;
  for (; i < args.length && /^[-+]./.test(args[i]!) && args[i] !== "--"; i++) {
    for (const letter of args[i]!.slice(1)) {
      if (!"aAfFgiIlnrtuxp".includes(letter)) {
        yield* complain(sh, `${args[i]![0]}${letter}: invalid option\n${sh.builtin}: usage: ${sh.builtin === "local" ? "local [option] name[=value] ..." : DECLARE_USAGE.replaceAll("declare", sh.builtin)}`);
        return undefined;
      }
      (args[i]![0] === "-" ? out.on : out.off).add(letter);
    }
  }
  if (args[i] === "--") i++;
  out.words = args.slice(i);
  return out;
}

function* declare(sh: Shell, args: readonly string[], isLocal: boolean): Run<number> {
  const a = yield* attributes(sh, args);
  if (!a) return 2;
  if (a.on.has("f") || a.on.has("F")) return yield* declareFunctions(sh, a);
  if (a.on.has("p") || (a.words.length === 0 && !isLocal)) return yield* declarePrint(sh, a);
  const inFunction = sh.frames.some((f) => f.isFunction) && !a.on.has("g");
  let status = 0;
  for (const word of a.words) {
    const { name, subscript, append, value } = split(word);
    if (!isName(name)) {
      status = yield* badName(sh, word);
      continue;
    }
    if (inFunction && !sh.frames[sh.frames.length - 1]!.hidden.has(name)) {
      sh.hide(name);
      if (!append) sh.variables.delete(name);
    }
    status = (yield* setAttributes(sh, name, a)) || status;
    if (value === undefined) continue;
    const array = /^\(([\s\S]*)\)$/.exec(value);
    const v = sh.variables.get(name)!;
    if (array && (v.array || v.assoc)) continue;
    const frozen = v.readonly;
    v.readonly = false;
    yield* assign(sh, name, subscript, append ? (sh.get(name) ?? "") + value : value);
    v.readonly = frozen;
  }
  return status;
}

function* setAttributes(sh: Shell, name: string, a: Attributes): Run<number> {
  const v = sh.variables.get(name) ?? fresh();
  if (v.readonly && a.off.has("r")) {
    yield* complain(sh, `${name}: readonly variable`);
    return 1;
  }
  sh.variables.set(name, v);
  if (a.on.has("A") && !v.assoc) {
    if (v.array) {
      yield* complain(sh, `${name}: cannot convert indexed to associative array`);
      return 1;
    }
    v.assoc = new Map(v.value === undefined ? [] : [["0", v.value]]);
    v.value = undefined;
  }
  if (a.on.has("a") && !v.array && !v.assoc) {
    v.array = new Map(v.value === undefined ? [] : [[0, v.value]]);
    v.value = undefined;
  }
  if (a.on.has("i")) v.integer = true;
  if (a.off.has("i")) v.integer = false;
  if (a.on.has("l")) v.fold = "lower";
  if (a.on.has("u")) v.fold = "upper";
  if (a.off.has("l") || a.off.has("u")) delete v.fold;
  if (a.on.has("x")) v.exported = true;
  if (a.off.has("x")) v.exported = false;
  if (a.on.has("n")) v.nameref = true;
  if (a.off.has("n")) v.nameref = false;
  if (a.on.has("r")) v.readonly = true;
  return 0;
}

function* declareFunctions(sh: Shell, a: Attributes): Run<number> {
  let status = 0;
  const names = a.words.length > 0 ? a.words : [...sh.functions.keys()].sort((x, y) => (x < y ? -1 : 1));
  for (const name of names) {
    const def = sh.functions.get(name);
    if (!def) status = 1;
    else yield* print(sh, a.on.has("F") ? (a.words.length > 0 ? `${name}\n` : `declare -f ${name}\n`) : `${functionText(name, def.body)}\n`);
  }
  return status;
}

function* declarePrint(sh: Shell, a: Attributes): Run<number> {
  let status = 0;
  const flags = [...a.on].filter((l) => l !== "p" && l !== "g");
  const shown = (v: Variable): boolean => flags.every((l) => attributeFlags(v).includes(l));
  if (a.words.length === 0) {
    return yield* print(sh, sortedVariables(sh).filter(([, v]) => shown(v)).map(([name, v]) => `${declareLine(name, v)}\n`).join(""));
  }
  for (const name of a.words) {
    const v = sh.variables.get(name);
    if (v) yield* print(sh, `${declareLine(name, v)}\n`);
    else {
      yield* complain(sh, `${name}: not found`);
      status = 1;
    }
  }
  return status;
}

function* letBuiltin(sh: Shell, args: readonly string[]): Run<number> {
  if (args.length === 0) {
    yield* complain(sh, "expression expected");
    return 1;
  }
  let value = 0n;
  for (const text of args) {
    try {
      value = yield* arithmetic(sh, text);
    } catch (e) {
      if (e instanceof Abort && e.how === "discard") return 1;
      throw e;
    }
  }
  return value === 0n ? 1 : 0;
}

// -- read -------------------------------------------------------------------------------------------------------------

const READ_USAGE = "read [-ers] [-a array] [-d delim] [-i text] [-n nchars] [-N nchars] [-p prompt] [-t timeout] [-u fd] [name ...]";

function* read(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "ersa:d:i:n:N:p:t:u:" : "rp:", READ_USAGE);
  if (!given) return 2;
  const option = (l: string): string | undefined => given.options.findLast((o) => o.letter === l)?.value;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  const names = given.rest;
  if (!sh.bash && names.length === 0) {
    yield* sh.error("arg count");
    return 2;
  }
  for (const name of names) {
    if (isName(sh.bash ? name.replace(/\[.*\]$/, "") : name)) continue;
    yield* sh.error(sh.bash ? `read: \`${name}': not a valid identifier` : `${name.replace(/=.*/s, "")}: bad variable name`);
    return sh.bash ? 1 : 2;
  }
  const fd = Number(option("u") ?? "0");
  const file = sh.proc.fds.get(fd);
  if (!file) {
    yield* complain(sh, sh.bash ? `${fd}: invalid file descriptor: Bad file descriptor` : "Bad file descriptor");
    return sh.bash ? 1 : 2;
  }
  const prompt = option("p");
  if (prompt !== undefined && file.tty) yield* sh.proc.warn(prompt);
  const silent = has("s") && file.tty ? file.tty : undefined;
  const mode = silent ? { ...silent.mode } : undefined;
  if (silent) silent.mode = { ...silent.mode, echo: false };
  try {
    return yield* readInto(sh, fd, names, {
      raw: has("r"), array: option("a"), delimiter: option("d"), count: option("N") ?? option("n"), exact: has("N"), timeout: option("t"),
    });
  } finally {
    if (silent && mode) silent.mode = mode;
  }
}

interface ReadHow {
  raw: boolean;
  array: string | undefined;
  delimiter: string | undefined;
  count: string | undefined;
  exact: boolean;
  timeout: string | undefined;
}

/** A character that was read, with whether a backslash quoted it. */
interface ReadChar {
  c: string;
  quoted: boolean;
}

function* readInto(sh: Shell, fd: number, names: readonly string[], how: ReadHow): Run<number> {
  const got = yield* readChars(sh, fd, how);
  const { chars, status } = got;
  if (how.array !== undefined) {
    const words = splitFields(sh, chars, Number.MAX_SAFE_INTEGER).map((w) => w.text);
    sh.variables.set(how.array, { value: undefined, array: new Map(words.map((w, i) => [i, w])), exported: false, readonly: false, integer: false });
    return status;
  }
  if (names.length === 0) {
    yield* assign(sh, "REPLY", undefined, chars.map((c) => c.c).join(""));
    return status;
  }
  if (how.exact) {
    yield* assignRead(sh, names[0]!, chars.map((c) => c.c).join(""));
    for (const name of names.slice(1)) yield* assignRead(sh, name, "");
    return status;
  }
  const words = splitFields(sh, chars, names.length);
  for (const [i, name] of names.entries()) yield* assignRead(sh, name, words[i]?.text ?? "");
  return status;
}

function* assignRead(sh: Shell, name: string, text: string): Run<void> {
  const element = /^(.*)\[(.*)\]$/.exec(name);
  yield* assign(sh, element?.[1] ?? name, element?.[2], text);
}

function* readChars(sh: Shell, fd: number, how: ReadHow): Run<{ chars: ReadChar[]; status: number }> {
  const stop = how.delimiter === undefined ? "\n" : (how.delimiter[0] ?? "\0");
  const limit = how.count === undefined ? Number.POSITIVE_INFINITY : Number(how.count);
  const deadline = how.timeout === undefined ? undefined : sh.proc.now + Math.round(Number(how.timeout) * SECOND);
  const chars: ReadChar[] = [];
  let escaped = false;
  while (chars.length < limit) {
    const c = yield* readChar(sh, fd, deadline);
    if (c === "late") return { chars, status: 142 };
    if (c === undefined) return { chars, status: 1 };
    if (escaped) {
      escaped = false;
      if (c !== "\n") chars.push({ c, quoted: true });
    } else if (c === "\\" && !how.raw) escaped = true;
    else if (c === stop && !how.exact) return { chars, status: 0 };
    else if (c !== "\0") chars.push({ c, quoted: false });
  }
  return { chars, status: 0 };
}

/** One character, as the octets come: what follows belongs to the next reader. */
function* readChar(sh: Shell, fd: number, deadline: number | undefined): Run<string | "late" | undefined> {
  const octets: number[] = [];
  const file = sh.proc.fds.get(fd);
  if (!file) return undefined;
  for (;;) {
    const got = file.read(1);
    if (got === "EAGAIN") {
      if (deadline !== undefined && sh.proc.now >= deadline) return "late";
      const why = yield { read: [file], ...(deadline === undefined ? {} : { until: deadline }) };
      if (why === "signal" && sh.pendingTraps.length > 0) return undefined;
      continue;
    }
    if (typeof got === "string" || got.length === 0) return octets.length > 0 ? decodeUtf8(Uint8Array.from(octets)) : undefined;
    octets.push(got[0]!);
    const need = octets[0]! < 0xc0 ? 1 : octets[0]! < 0xe0 ? 2 : octets[0]! < 0xf0 ? 3 : 4;
    if (octets.length >= need) return decodeUtf8(Uint8Array.from(octets));
  }
}

/** Field splitting of `read`: the last of `count` fields takes what is left. */
function splitFields(sh: Shell, chars: readonly ReadChar[], count: number): { text: string }[] {
  const ifs = sh.get("IFS") ?? " \t\n";
  const isSpace = (c: ReadChar | undefined): boolean => c !== undefined && !c.quoted && " \t\n".includes(c.c) && ifs.includes(c.c);
  const isDelimiter = (c: ReadChar | undefined): boolean => c !== undefined && !c.quoted && ifs.includes(c.c);
  const out: { text: string }[] = [];
  let i = 0;
  while (isSpace(chars[i])) i++;
  while (i < chars.length) {
    if (out.length === count - 1) {
      out.push({ text: lastField(chars.slice(i), isSpace, isDelimiter) });
      return out;
    }
    let text = "";
    while (i < chars.length && !isDelimiter(chars[i])) text += chars[i++]!.c;
    out.push({ text });
    while (isSpace(chars[i])) i++;
    if (isDelimiter(chars[i])) {
      i++;
      while (isSpace(chars[i])) i++;
    }
  }
  return out;
}

/** Trailing white space goes; a single delimiter at the end of a single field goes too. */
function lastField(chars: ReadChar[], isSpace: (c: ReadChar) => boolean, isDelimiter: (c: ReadChar) => boolean): string {
  let end = chars.length;
  while (end > 0 && isSpace(chars[end - 1]!)) end--;
  if (end > 0 && isDelimiter(chars[end - 1]!) && !chars.slice(0, end - 1).some((c) => isDelimiter(c) && !isSpace(c))) {
    end--;
    while (end > 0 && isSpace(chars[end - 1]!)) end--;
  }
  return chars.slice(0, end).map((c) => c.c).join("");
}

// -- getopts ----------------------------------------------------------------------------------------------------------

function* getopts(sh: Shell, args: readonly string[]): Run<number> {
  const [letters, name, ...given] = args;
  if (letters === undefined || name === undefined) {
    if (!sh.bash) return yield* sh.fail("Usage: getopts optstring var [arg...]");
    yield* sh.proc.warn("getopts: usage: getopts optstring name [arg ...]\n");
    return 2;
  }
  const words = given.length > 0 ? given : sh.args;
  const quiet = letters.startsWith(":");
  const at = sh.getoptsAt;
  let index = Number.parseInt(sh.get("OPTIND") ?? "1", 10) || 1;
  let offset = at;
  const word = words[index - 1];
  const set = function* (letter: string, argument: string | undefined, next: number, nextOffset: number): Run<void> {
    sh.set("OPTIND", String(next));
    sh.getoptsAt = nextOffset;
    if (argument === undefined) sh.unset("OPTARG");
    else sh.set("OPTARG", argument);
    yield* assign(sh, name, undefined, letter);
  };
  if (offset === 0) {
    if (word === undefined || !word.startsWith("-") || word === "-") {
      yield* set("?", undefined, index, 0);
      return 1;
    }
    if (word === "--") {
      yield* set("?", undefined, index + 1, 0);
      return 1;
    }
    offset = 1;
  }
  const letter = word?.[offset] ?? "";
  offset++;
  const more = offset < (word?.length ?? 0);
  const found = letter === ":" ? -1 : letters.indexOf(letter);
  if (found < 0) {
    if (!quiet) yield* sh.proc.warn(sh.bash ? `${sh.arg0}: illegal option -- ${letter}\n` : `Illegal option -${letter}\n`);
    yield* set("?", quiet ? letter : undefined, more ? index : index + 1, more ? offset : 0);
    return 0;
  }
  if (letters[found + 1] !== ":") {
    yield* set(letter, undefined, more ? index : index + 1, more ? offset : 0);
    return 0;
  }
  if (more) {
    yield* set(letter, word!.slice(offset), index + 1, 0);
    return 0;
  }
  index++;
  const argument = words[index - 1];
  if (argument === undefined) {
    if (!quiet) yield* sh.proc.warn(sh.bash ? `${sh.arg0}: option requires an argument -- ${letter}\n` : `No arg for -${letter} option\n`);
    yield* set(quiet ? ":" : "?", quiet ? letter : undefined, index, 0);
    return 0;
  }
  yield* set(letter, argument, index + 1, 0);
  return 0;
}

export const variableBuiltins: readonly Builtin[] = [
  { name: "export", special: true, usage: "export [-fn] [name[=value] ...] or export -p", summary: "Gives variables to the commands that are started.", run: (sh, args) => mark(sh, args, "export") },
  { name: "readonly", special: true, usage: "readonly [-aAf] [name[=value] ...] or readonly -p", summary: "Makes variables unchangeable.", run: (sh, args) => mark(sh, args, "readonly") },
  { name: "unset", special: true, usage: "unset [-f] [-v] [-n] [name ...]", summary: "Removes variables or functions.", run: unset },
  { name: "set", special: true, usage: SET_USAGE, summary: "Sets options and positional parameters, or shows variables.", run: setBuiltin },
  { name: "shift", special: true, usage: "shift [n]", summary: "Drops the first positional parameters.", run: shift },
  { name: "local", special: true, usage: "local [option] name[=value] ...", summary: "Makes variables of a function.", run: local },
  { name: "declare", only: "bash", usage: DECLARE_USAGE, summary: "Sets values and attributes of variables.", run: (sh, args) => declare(sh, args, false) },
  { name: "typeset", only: "bash", usage: DECLARE_USAGE.replaceAll("declare", "typeset"), summary: "The same as declare.", run: (sh, args) => declare(sh, args, false) },
  { name: "let", only: "bash", usage: "let arg [arg ...]", summary: "Evaluates arithmetic.", run: letBuiltin },
  { name: "read", usage: READ_USAGE, summary: "Reads a line into variables.", run: read },
  { name: "getopts", usage: "getopts optstring name [arg ...]", summary: "Takes options from the arguments, one a call.", run: getopts },
];
