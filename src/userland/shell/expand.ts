/**
 * Word expansion, in the order of POSIX XCU 2.6: (bash's braces,) tilde, parameters, commands, arithmetic, field
 * splitting, pathnames, quote removal. A field is kept as pieces that know whether they were quoted.
 */
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import type { Run } from "../process.ts";
import { ArithFault, evaluate, type ArithVariables } from "./arith.ts";
import type { ParamPart, Part, Word } from "./ast.ts";
import { expandBraces } from "./braces.ts";
import { glob } from "./glob.ts";
import { textParts } from "./parser.ts";
import { compilePattern, matches, patternOf, pieces, replace, strip, type Pattern, type PatternChar } from "./pattern.ts";
import { declareQuote, escapeAt, valueQuote } from "./quote.ts";
import { commandSubstitution, processSubstitution } from "./run.ts";
import { Abort, asciiLower, asciiUpper, type Shell, type Variable } from "./shell.ts";
import { declareLine } from "./variables.ts";

export interface Piece {
  text: string;
  quoted: boolean;
}
export type Field = Piece[];

export const MAX_EXPANSION = 256 * 1024;
const MAX_FIELDS = 65536;

/** Collects fields. Without splitting there is one field in the end. */
class Fields {
  readonly out: Field[] = [];
  private current: Field | undefined;
  private size = 0;
  private readonly ifs: string;
  /** A field ended in IFS white space: one delimiter that is not white space still belongs to that end. */
  private afterSpace = false;

  constructor(ifs: string) {
    this.ifs = ifs;
  }

  add(text: string, quoted: boolean): void {
    this.current ??= [];
    if (text === "" && !quoted) return;
    this.size += text.length;
    if (this.size > MAX_EXPANSION) throw new TooLong();
    this.afterSpace = false;
    const last = this.current[this.current.length - 1];
    if (last && last.quoted === quoted) last.text += text;
    else this.current.push({ text, quoted });
  }

  /** The value of an unquoted expansion. */
  split(text: string): void {
    const { ifs } = this;
    let run = "";
    const flush = (): void => {
      if (run !== "") this.add(run, false);
      run = "";
    };
    for (const c of text) {
      if (!ifs.includes(c)) {
        run += c;
        continue;
      }
      flush();
      if (c === " " || c === "\t" || c === "\n") {
        if (this.current) {
          this.end();
          this.afterSpace = true;
        }
      } else if (this.afterSpace) this.afterSpace = false;
      else {
        this.current ??= [];
        this.end();
      }
    }
    flush();
  }

  /** The field is over, if one began. */
  end(): void {
    if (!this.current) return;
    this.out.push(this.current);
    if (this.out.length > MAX_FIELDS) throw new TooLong();
    this.current = undefined;
  }
  get begun(): boolean {
    return this.current !== undefined;
  }
}

class TooLong {}

interface Mode {
  /** Fields are split, "$@" makes several. */
  split: boolean;
  /** Inside ${x:-word}: the word's own unquoted text is split too. */
  inner?: boolean;
  quoted: boolean;
  /** Patterns: "$*" and such stay one string, quoting is kept. */
  fields: Fields;
}

// -- entry points -----------------------------------------------------------------------------------------------------

/** The words of a command. */
export function* expandWords(sh: Shell, words: readonly Word[]): Run<string[]> {
  const out: string[] = [];
  for (const word of words) {
    const simple = plainText(word);
    if (simple !== undefined) {
      out.push(simple);
      continue;
    }
    // bash expands tildes in every word that looks like an assignment.
    const assigns = sh.bash && word.parts[0]!.kind === "text" && /^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(word.parts[0]!.text);
    for (const alternative of sh.bash && sh.options.has("braceexpand") ? yield* braces(sh, word.parts) : [word.parts]) {
      for (const field of yield* expandFields(sh, alternative, assigns)) yield* addGlobbed(sh, field, out);
    }
    if (out.length > MAX_FIELDS) return yield* tooLong(sh);
  }
  return out;
}

/** Text without anything to expand, the common case. */
function plainText(word: Word): string | undefined {
  if (word.parts.length !== 1) return undefined;
  const part = word.parts[0]!;
  if (part.kind === "quoted") return part.text;
  if (part.kind !== "text" || /[*?[{~\\(]/.test(part.text)) return undefined;
  return part.text;
}

function* braces(sh: Shell, parts: Part[]): Run<Part[][]> {
  const made = expandBraces(parts);
  if (made) return made;
  yield* sh.error("brace expansion: more than 10000 words");
  throw new Abort("discard", 1);
}

function* tooLong(sh: Shell): Run<never> {
  return yield* sh.fail("expansion is too long");
}

function* addGlobbed(sh: Shell, field: Field, out: string[]): Run<void> {
  const text = fieldText(field);
  if (sh.options.has("noglob") || !mayGlob(field, sh.shopts.has("extglob"))) {
    out.push(unescaped(field, sh));
    return;
  }
  const found = glob(sh.proc, field, { extglob: sh.shopts.has("extglob"), dotglob: sh.shopts.has("dotglob"), globstar: sh.shopts.has("globstar"), skipDots: sh.shopts.has("globskipdots"), nocase: sh.shopts.has("nocaseglob") });
  if (found === "too many") return yield* tooLong(sh);
  if (found.length > 0) out.push(...found);
  else if (sh.shopts.has("failglob")) {
    yield* sh.error(`no match: ${text}`);
    throw new Abort("discard", 1);
  } else if (!sh.shopts.has("nullglob")) out.push(unescaped(field, sh));
}

function fieldText(field: Field): string {
  return field.map((p) => p.text).join("");
}

/** dash takes backslashes out of a pattern that matched nothing only where they quoted. */
function unescaped(field: Field, _sh: Shell): string {
  return fieldText(field);
}

function mayGlob(field: Field, extglob: boolean): boolean {
  return field.some((p) => !p.quoted && (extglob ? /[*?[(]/ : /[*?[]/).test(p.text));
}

export function* expandFields(sh: Shell, parts: readonly Part[], assigns = false): Run<Field[]> {
  const fields = new Fields(sh.get("IFS") ?? " \t\n");
  try {
    yield* expandParts(sh, assigns ? tildeAssign(sh, parts) : tilde(sh, parts, false), { split: true, quoted: false, fields });
  } catch (e) {
    if (e instanceof TooLong) return yield* tooLong(sh);
    throw e;
  }
  fields.end();
  return fields.out;
}

/** One string: assignments, here-documents, redirections, `case` words. `assign`: tildes count after colons as well. */
export function* expandString(sh: Shell, parts: readonly Part[], assign = false): Run<string> {
  return fieldText(yield* expandOne(sh, parts, assign));
}

function* expandOne(sh: Shell, parts: readonly Part[], assign: boolean): Run<Field> {
  const only = parts.length === 1 ? parts[0]! : undefined;
  if (only?.kind === "quoted") return [{ text: only.text, quoted: true }];
  const fields = new Fields("");
  try {
    yield* expandParts(sh, tilde(sh, parts, assign), { split: false, quoted: false, fields });
  } catch (e) {
    if (e instanceof TooLong) return yield* tooLong(sh);
    throw e;
  }
  fields.end();
  return fields.out[0] ?? [];
}

/** A pattern: what was quoted is literal. */
export function* expandPattern(sh: Shell, parts: readonly Part[], extglob = sh.shopts.has("extglob")): Run<Pattern> {
  const chars: PatternChar[] = [];
  for (const piece of yield* expandOne(sh, parts, false)) chars.push(...pieces(piece.text, piece.quoted));
  return compilePattern(chars, extglob);
}

/** The pieces of a word with their quoting, for =~. */
export function* expandPieces(sh: Shell, parts: readonly Part[]): Run<Field> {
  return yield* expandOne(sh, parts, false);
}

// -- parts ------------------------------------------------------------------------------------------------------------

function* expandParts(sh: Shell, parts: readonly Part[], mode: Mode): Run<void> {
  const { fields } = mode;
  for (const part of parts) {
    switch (part.kind) {
      case "text":
        if (mode.inner && mode.split && !mode.quoted) fields.split(part.text);
        else fields.add(part.text, mode.quoted);
        break;
      case "quoted":
        fields.add(part.text, true);
        break;
      case "double":
        if (part.parts.length === 0) fields.add("", true);
        yield* expandParts(sh, part.parts, { ...mode, quoted: true });
        break;
      case "command":
        value(yield* commandSubstitution(sh, part), mode);
        break;
      case "arith":
        value((yield* arithmetic(sh, yield* arithText(sh, part.parts))).toString(), mode);
        break;
      case "process":
        fields.add(yield* processSubstitution(sh, part.direction, part.body), true);
        break;
      case "param":
        yield* parameter(sh, part, mode);
        break;
    }
  }
}

function value(text: string, mode: Mode): void {
  if (mode.quoted) mode.fields.add(text, true);
  else if (mode.split) mode.fields.split(text);
  else mode.fields.add(text, false);
}

function* arithText(sh: Shell, parts: readonly Part[]): Run<string> {
  return yield* expandString(sh, [{ kind: "double", parts: [...parts] }]);
}

// -- tilde ------------------------------------------------------------------------------------------------------------

function tilde(sh: Shell, parts: readonly Part[], assign: boolean): readonly Part[] {
  const first = parts[0];
  if (first?.kind !== "text" || !first.text.includes("~")) {
    if (!assign || !parts.some((p) => p.kind === "text" && p.text.includes(":~"))) return parts;
  }
  return parts.flatMap((part, i) => {
    if (part.kind !== "text" || !part.text.includes("~") || (i > 0 && !assign)) return [part];
    return tildeText(sh, part.text, i === 0, assign, i === parts.length - 1);
  });
}

/** name=~/x: the tilde after the equals sign. */
function tildeAssign(sh: Shell, parts: readonly Part[]): readonly Part[] {
  const first = parts[0] as Part & { kind: "text" };
  const equals = first.text.indexOf("=") + 1;
  return [{ kind: "text", text: first.text.slice(0, equals) }, ...tilde(sh, [{ kind: "text", text: first.text.slice(equals) }, ...parts.slice(1)], true)];
}

function tildeText(sh: Shell, text: string, first: boolean, assign: boolean, last: boolean): Part[] {
  const out: Part[] = [];
  const segments = assign ? text.split(":") : [text];
  for (const [i, segment] of segments.entries()) {
    if (i > 0) out.push({ kind: "text", text: ":" });
    const slash = segment.indexOf("/");
    const name = segment.slice(1, slash < 0 ? segment.length : slash);
    const complete = slash >= 0 || i < segments.length - 1 || last;
    const home = segment.startsWith("~") && (i > 0 || first) && complete ? homeOf(sh, name) : undefined;
    if (home === undefined) out.push({ kind: "text", text: segment });
    else out.push({ kind: "quoted", text: home }, { kind: "text", text: slash < 0 ? "" : segment.slice(slash) });
  }
  return out;
}

function homeOf(sh: Shell, name: string): string | undefined {
  if (name === "") return sh.get("HOME") ?? "/root";
  if (sh.bash && name === "+") return sh.get("PWD") ?? sh.proc.cwd;
  if (sh.bash && name === "-") return sh.get("OLDPWD");
  const passwd = sh.proc.machine.fs.readFile(sh.proc, "/etc/passwd");
  if (!passwd.ok) return undefined;
  for (const line of decodeUtf8(passwd.value).split("\n")) {
    const field = line.split(":");
    if (field[0] === name) return field[5];
  }
  return undefined;
}

// -- parameters -------------------------------------------------------------------------------------------------------

/** What a parameter is: unset, one string, or several (`$@`, `${a[@]}`). */
type Value = { kind: "unset" } | { kind: "one"; text: string } | { kind: "many"; items: string[]; star: boolean };

function* parameter(sh: Shell, part: ParamPart, mode: Mode): Run<void> {
  if (part.bad !== undefined) {
    yield* sh.error(sh.bash ? `${part.bad}: bad substitution` : "Bad substitution");
    throw new Abort(sh.bash || sh.interactive ? "discard" : "exit", sh.bash ? 1 : 2);
  }
  if (part.op === "names*" || part.op === "names@") {
    const names = [...sh.variables.keys()].filter((n) => n.startsWith(part.name)).sort((a, b) => (a < b ? -1 : 1));
    emit(sh, { kind: "many", items: names, star: part.op === "names*" }, mode);
    return;
  }
  if (part.indirect && part.subscript && (yield* subscriptText(sh, part.subscript)).match(/^[@*]$/)) {
    const v = sh.find(part.name);
    emit(sh, { kind: "many", items: keysOf(v), star: fieldText([{ text: (part.subscript[0] as { text: string }).text, quoted: true }]) === "*" }, mode);
    return;
  }
  let named = part;
  if (part.indirect) {
    const target = sh.get(part.name) ?? positional(sh, part.name);
    if (target === undefined || target === "") return yield* sh.fail(`${part.name}: invalid indirect expansion`);
    const form = /^([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])(?:\[(.+)\])?$/.exec(target);
    if (!form) return yield* sh.fail(`${target}: invalid variable name`);
    named = { ...part, name: form[1]!, indirect: false };
    if (form[2] !== undefined) named.subscript = [{ kind: "quoted", text: form[2] }];
  }
  const got = yield* lookUp(sh, named);
  if (part.length) {
    emit(sh, { kind: "one", text: String(yield* lengthOf(sh, named, got)) }, mode);
    return;
  }
  if (part.op) yield* operate(sh, named, part.op, got, mode);
  else {
    if (got.kind === "unset") yield* checkUnset(sh, named);
    emit(sh, got, mode);
  }
}

function positional(sh: Shell, name: string): string | undefined {
  const v = special(sh, name);
  return v?.kind === "one" ? v.text : undefined;
}

function special(sh: Shell, name: string): Value | undefined {
  const one = (text: string): Value => ({ kind: "one", text });
  if (/^[0-9]+$/.test(name)) {
    const n = Number(name);
    if (n === 0) return one(sh.arg0);
    const text = sh.args[n - 1];
    return text === undefined ? { kind: "unset" } : one(text);
  }
  switch (name) {
    case "@":
    case "*":
      return { kind: "many", items: [...sh.args], star: name === "*" };
    case "#":
      return one(String(sh.args.length));
    case "?":
      return one(String(sh.status));
    case "$":
      return one(String(sh.pid));
    case "!":
      return sh.lastBackground === 0 ? { kind: "unset" } : one(String(sh.lastBackground));
    case "-":
      return one(sh.flags());
    default:
      return undefined;
  }
}

export function* subscriptText(sh: Shell, parts: readonly Part[]): Run<string> {
  return yield* expandString(sh, parts);
}

function keysOf(v: Variable | undefined): string[] {
  if (v?.assoc) return [...v.assoc.keys()];
  if (v?.array) return [...v.array.keys()].sort((a, b) => a - b).map(String);
  return v?.value === undefined ? [] : ["0"];
}

export function valuesOf(v: Variable | undefined): string[] {
  if (v?.assoc) return [...v.assoc.values()];
  if (v?.array) return [...v.array.entries()].sort((a, b) => a[0] - b[0]).map(([, text]) => text);
  return v?.value === undefined ? [] : [v.value];
}

function* lookUp(sh: Shell, part: ParamPart): Run<Value> {
  const fixed = special(sh, part.name);
  if (fixed) return fixed;
  if (!part.subscript) {
    const text = sh.get(part.name);
    return text === undefined ? { kind: "unset" } : { kind: "one", text };
  }
  const key = yield* subscriptText(sh, part.subscript);
  const v = sh.find(part.name) ?? callStack(sh, part.name);
  if (key === "@" || key === "*") {
    const items = valuesOf(v);
    return { kind: "many", items, star: key === "*" };
  }
  const text = yield* element(sh, part.name, v, key);
  return text === undefined ? { kind: "unset" } : { kind: "one", text };
}

/** bash's arrays about the calls that run, the innermost first. */
function callStack(sh: Shell, name: string): Variable | undefined {
  if (!sh.bash || (name !== "FUNCNAME" && name !== "BASH_SOURCE")) return undefined;
  const functions = sh.frames.filter((f) => f.isFunction).reverse();
  if (functions.length === 0) return undefined;
  const values = name === "FUNCNAME" ? functions.map((f) => f.name) : functions.map((f) => sh.functions.get(f.name)?.source ?? sh.arg0);
  if (sh.source === "file") values.push(name === "FUNCNAME" ? "main" : sh.arg0);
  return { value: undefined, array: new Map(values.map((t, i) => [i, t])), exported: false, readonly: false, integer: false };
}

function* element(sh: Shell, name: string, v: Variable | undefined, key: string): Run<string | undefined> {
  if (v?.assoc) return v.assoc.get(key);
  const index = yield* arrayIndex(sh, name, v, key);
  if (v?.array) return v.array.get(index);
  return index === 0 ? sh.get(name) : undefined;
}

/** A subscript of an indexed array; a negative one counts from the end. */
export function* arrayIndex(sh: Shell, name: string, v: Variable | undefined, key: string): Run<number> {
  const n = Number(yield* arithmetic(sh, key));
  if (n >= 0) return n;
  const end = v?.array ? Math.max(-1, ...v.array.keys()) + 1 : v?.value === undefined ? 0 : 1;
  if (end + n < 0) return yield* sh.fail(`${name}: bad array subscript`);
  return end + n;
}

function* checkUnset(sh: Shell, part: ParamPart): Run<void> {
  if (!sh.options.has("nounset") || part.name === "@" || part.name === "*") return;
  yield* sh.error(sh.bash ? `${part.name}: unbound variable` : `${part.name}: parameter not set`);
  throw new Abort(sh.interactive ? "discard" : "exit", sh.bash ? (sh.interactive || sh.options.has("errexit") ? 1 : 127) : 2);
}

/** Puts a value into the fields. */
function emit(sh: Shell, got: Value, mode: Mode): void {
  const { fields } = mode;
  if (got.kind === "unset") {
    if (mode.quoted) fields.add("", true);
    return;
  }
  if (got.kind === "one") {
    value(got.text, mode);
    return;
  }
  const ifs = sh.get("IFS");
  if (got.star && mode.quoted) {
    fields.add(got.items.join(ifs === undefined ? " " : (ifs[0] ?? "")), true);
    return;
  }
  if (!mode.split) {
    fields.add(got.items.join(got.star && ifs !== undefined ? (ifs[0] ?? "") : " "), mode.quoted);
    return;
  }
  for (const [i, item] of got.items.entries()) {
    if (i > 0) fields.end();
    if (mode.quoted) fields.add(item, true);
    else fields.split(item);
  }
}

function* lengthOf(sh: Shell, part: ParamPart, got: Value): Run<number> {
  if (got.kind === "unset") {
    yield* checkUnset(sh, part);
    return 0;
  }
  if (got.kind === "many") {
    if (sh.bash) return got.items.length;
    return got.items.join(" ").length;
  }
  return sh.bash ? [...got.text].length : encodeUtf8(got.text).length;
}

function* operate(sh: Shell, part: ParamPart, op: string, got: Value, mode: Mode): Run<void> {
  const isEmpty = got.kind === "unset" || (got.kind === "one" ? got.text === "" : got.items.length === 0 || (got.items.length === 1 && got.items[0] === ""));
  const missing = op.startsWith(":") && op.length === 2 ? isEmpty : got.kind === "unset" || (got.kind === "many" && got.items.length === 0);
  switch (op) {
    case "-":
    case ":-":
      if (missing) yield* expandParts(sh, tilde(sh, part.arg!, false), { ...mode, inner: true });
      else emit(sh, got, mode);
      return;
    case "+":
    case ":+":
      if (!missing) yield* expandParts(sh, tilde(sh, part.arg!, false), { ...mode, inner: true });
      else if (mode.quoted) mode.fields.add("", true);
      return;
    case "=":
    case ":=":
      if (missing) value(yield* assignDefault(sh, part), mode);
      else emit(sh, got, mode);
      return;
    case "?":
    case ":?":
      if (missing) yield* complain(sh, part, op);
      emit(sh, got, mode);
      return;
  }
  if (got.kind === "unset") yield* checkUnset(sh, part);
  if (op === ":" && (got.kind === "many" || got.kind === "one")) {
    emit(sh, yield* substring(sh, part, got), mode);
    return;
  }
  if (op.startsWith("@")) {
    emit(sh, transform(sh, part, op[1]!, got), mode);
    return;
  }
  const change = yield* operation(sh, part, op);
  if (got.kind === "many") emit(sh, { ...got, items: got.items.map(change) }, mode);
  else if (got.kind === "one") value(change(got.text), mode);
  else if (mode.quoted) mode.fields.add("", true);
}

function* assignDefault(sh: Shell, part: ParamPart): Run<string> {
  const text = yield* expandString(sh, part.arg!);
  if (!/^[A-Za-z_]/.test(part.name)) {
    return yield* sh.fail(sh.bash ? `$${part.name}: cannot assign in this way` : `${part.name}: bad variable name`);
  }
  yield* assign(sh, part.name, part.subscript ? yield* subscriptText(sh, part.subscript) : undefined, text);
  return text;
}

function* complain(sh: Shell, part: ParamPart, op: string): Run<never> {
  let text = yield* expandString(sh, part.arg!);
  if (text === "") text = sh.bash ? `parameter ${op === ":?" ? "null or " : ""}not set` : `parameter not set${op === ":?" ? " or null" : ""}`;
  yield* sh.error(`${part.name}: ${text}`);
  throw new Abort(sh.interactive ? "discard" : "exit", sh.bash ? (sh.interactive ? 1 : 127) : 2);
}

/** What `#`, `%`, `/`, `^` and `,` do to one string. */
function* operation(sh: Shell, part: ParamPart, op: string): Run<(text: string) => string> {
  if (op[0] === "#" || op[0] === "%") {
    const p = yield* expandPattern(sh, part.arg!);
    return (text) => strip(op, text, p);
  }
  if (op[0] === "/") {
    const p = yield* expandPattern(sh, part.arg!);
    const by = yield* expandString(sh, part.arg2 ?? []);
    return (text) => replace(op, text, p, () => by);
  }
  const p = part.arg!.length > 0 ? yield* expandPattern(sh, part.arg!) : patternOf("?");
  const fold = op[0] === "^" ? asciiUpper : asciiLower;
  return (text) => {
    const chars = [...text];
    return chars.map((c, i) => ((op.length === 2 || i === 0) && matches(p, c) ? fold(c) : c)).join("");
  };
}

function* substring(sh: Shell, part: ParamPart, got: Value & { kind: "one" | "many" }): Run<Value> {
  const offset = Number(yield* arithmetic(sh, yield* expandString(sh, part.arg!), `${part.name}: `));
  const lengthText = part.arg2 ? yield* expandString(sh, part.arg2) : undefined;
  const length = lengthText === undefined ? undefined : Number(yield* arithmetic(sh, lengthText));
  const cut = <T>(items: readonly T[]): T[] | undefined => {
    const from = offset < 0 ? items.length + offset : offset;
    if (from < 0 || from > items.length) return [];
    const to = length === undefined ? items.length : length < 0 ? items.length + length : Math.min(items.length, from + length);
    return to < from ? undefined : items.slice(from, to);
  };
  if (got.kind === "many") {
    // ${@:0} begins with $0.
    const items = part.name === "@" || part.name === "*" ? [sh.arg0, ...got.items] : got.items;
    return { kind: "many", star: got.star, items: cut(items) ?? [] };
  }
  const text = cut([...got.text]);
  if (!text) return yield* sh.fail(`${lengthText ?? ""}: substring expression < 0`);
  return { kind: "one", text: text.join("") };
}

function transform(sh: Shell, part: ParamPart, op: string, got: Value): Value {
  if (got.kind === "unset") return got;
  const one = (text: string): string => {
    switch (op) {
      case "U":
        return asciiUpper(text);
      case "u":
        return asciiUpper(text.slice(0, 1)) + text.slice(1);
      case "L":
        return asciiLower(text);
      case "Q":
        return valueQuote(text);
      case "E":
        return unescapeAnsi(text);
      case "A": {
        const v = sh.find(part.name);
        if (!v) return text;
        if (v.array || v.assoc) return declareLine(part.name, v);
        return attributesOf(v) === "" ? `${part.name}=${valueQuote(text)}` : `declare -${attributesOf(v)} ${part.name}=${valueQuote(text)}`;
      }
      case "a":
        return attributesOf(sh.find(part.name));
      case "K":
      case "k":
        return declareQuote(text);
      default:
        return text;
    }
  };
  return got.kind === "many" ? { ...got, items: got.items.map(one) } : { kind: "one", text: one(got.text) };
}

function unescapeAnsi(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; ) {
    if (text[i] === "\\") {
      const made = escapeAt(text, i, 3);
      out += made.text;
      i = made.end;
    } else out += text[i++]!;
  }
  return out;
}

function attributesOf(v: Variable | undefined): string {
  if (!v) return "";
  return (v.array ? "a" : "") + (v.assoc ? "A" : "") + (v.integer ? "i" : "") + (v.fold === "lower" ? "l" : "") + (v.nameref ? "n" : "") + (v.readonly ? "r" : "") + (v.fold === "upper" ? "u" : "") + (v.exported ? "x" : "");
}

// -- arithmetic and assignment ----------------------------------------------------------------------------------------

/** The value of an expression, or the shell's complaint. */
export function* arithmetic(sh: Shell, text: string, context = sh.builtin ? `${sh.builtin}: ` : ""): Run<bigint> {
  const refused: string[] = [];
  const vars: ArithVariables = {
    get(name, subscript) {
      if (subscript === undefined) {
        const got = sh.get(name);
        if (got === undefined && sh.options.has("nounset")) throw new ArithFault(`${name}: parameter not set`, "unbound variable", name, name);
        return got;
      }
      const v = sh.find(name);
      if (v?.assoc) return v.assoc.get(subscript);
      const index = Number(evaluate(subscript, vars, "bash"));
      return v?.array ? v.array.get(index < 0 ? Math.max(-1, ...v.array.keys()) + 1 + index : index) : index === 0 ? sh.get(name) : undefined;
    },
    set(name, given, subscript) {
      const v = sh.find(name);
      const at = subscript === undefined ? undefined : v?.assoc ? subscript : Number(evaluate(subscript, vars, "bash"));
      if (!sh.setElement(name, at, given)) refused.push(name);
    },
  };
  let result: bigint;
  try {
    result = evaluate(text, vars, sh.dialect);
  } catch (e) {
    if (!(e instanceof ArithFault)) throw e;
    return yield* arithmeticFault(sh, e, context);
  }
  if (refused.length > 0) return yield* readOnly(sh, refused[0]!);
  return result;
}

function* arithmeticFault(sh: Shell, e: ArithFault, context: string): Run<never> {
  if (!sh.bash) {
    if (e.dash === "" && e.text === "") return yield* sh.fail(`Illegal number: ${e.token}`);
    if (e.dash.endsWith("parameter not set")) return yield* sh.fail(e.dash);
    return yield* sh.fail(`arithmetic expression: ${e.dash}: "${e.text}"`);
  }
  if (e.bash === "unbound variable") {
    yield* sh.error(`${e.token}: unbound variable`);
    throw new Abort(sh.interactive ? "discard" : "exit", sh.interactive ? 1 : 127);
  }
  return yield* sh.fail(`${context}${e.text}: ${e.bash} (error token is "${e.token}")`);
}

export function* readOnly(sh: Shell, name: string): Run<never> {
  if (!sh.bash) return yield* sh.fail(`${name}: is read only`);
  yield* sh.error(`${sh.builtin === "declare" || sh.builtin === "typeset" || sh.builtin === "local" ? `${sh.builtin}: ` : ""}${name}: readonly variable`);
  throw new Abort("discard", 1, true);
}

/** name[subscript]=text, with the arithmetic of integer variables. */
export function* assign(sh: Shell, name: string, subscript: string | undefined, text: string): Run<void> {
  const v = sh.find(name);
  const given = v?.integer ? (yield* arithmetic(sh, text)).toString() : text;
  const at = subscript === undefined ? undefined : v?.assoc ? subscript : yield* arrayIndex(sh, name, v, subscript);
  if (!sh.setElement(name, at, given)) return yield* readOnly(sh, name);
}


/** A text that is expanded as if it stood in double quotes: prompts. */
export function* expandText(sh: Shell, text: string): Run<string> {
  return yield* expandString(sh, [{ kind: "double", parts: textParts(text, sh.dialect) }]);
}
