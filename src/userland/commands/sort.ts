/** sort: coreutils 9.1, in the C locale. */
import { strerror } from "../../kernel/errno.ts";
import { choose } from "../getopt-choice.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteAlways, quoteName } from "../gnu-quote.ts";
import { bytesOf, compareOctets, type Octets, octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, Output, type Tool } from "../tool.ts";
import { compareBy, type Key, type KeyOptions, keyText, noOptions } from "./sort-keys.ts";

interface Settings {
  general: KeyOptions;
  keys: Key[];
  tab: string | undefined;
  unique: boolean;
  stable: boolean;
  merge: boolean;
  check: "" | "c" | "C";
  output: string | undefined;
  end: string;
  salt: number;
}

class SortError {
  readonly text: string;
  readonly usage: boolean;
  constructor(text: string, usage = false) {
    this.text = text;
    this.usage = usage;
  }
}

const ORDERS: Readonly<Record<string, KeyOptions["order"]>> = { n: "n", g: "g", h: "h", M: "M", V: "V", R: "R" };

/** One ordering letter; `end`: it stands after POS2, where only b differs. @returns whether it is one. */
function applyLetter(o: KeyOptions, seen: Set<string>, letter: string, where: "start" | "end" | "both"): boolean {
  if (letter === "b") {
    if (where !== "end") o.ignoreBlanksStart = true;
    if (where !== "start") o.ignoreBlanksEnd = true;
  } else if (letter === "d") o.dictionary = true;
  else if (letter === "f") o.fold = true;
  else if (letter === "i") o.printable = true;
  else if (letter === "r") o.reverse = true;
  else if (ORDERS[letter]) o.order = ORDERS[letter];
  else return false;
  seen.add(letter);
  return true;
}

/** Orders that exclude one another (incompatible_options of sort). */
function checkOrders(seen: ReadonlySet<string>): void {
  const numeric = [..."gnhMVR"].filter((l) => seen.has(l) && l !== "V" && l !== "R").length;
  const versions = seen.has("V") || seen.has("R") ? 1 : 0;
  const texts = seen.has("d") || seen.has("i") ? 1 : 0;
  if (numeric + versions + (numeric > 0 || versions > 0 ? texts : 0) <= 1 && !(numeric > 1)) return;
  if (numeric === 0 && versions === 1) return; // -dV is allowed
  throw new SortError(`options '-${[..."dfghiMnRV"].filter((l) => seen.has(l)).join("")}' are incompatible`);
}

function count(text: string, from: number, what: string): [n: number, next: number] {
  const digits = /^\d+/.exec(text.slice(from))?.[0];
  if (digits === undefined) throw new SortError(`${what}: invalid count at start of ${quote(text.slice(from))}`);
  return [Number(digits), from + digits.length];
}

function parseKey(spec: string): Key {
  const bad = (why: string): SortError => new SortError(`${why}: invalid field specification ${quote(spec)}`);
  const key: Key = { ...noOptions(), fromField: 0, fromChar: 0, toField: undefined, toChar: 0, bare: true, seen: new Set() };
  const seen = new Set<string>();
  let [n, i] = count(spec, 0, "invalid number at field start");
  if (n === 0) throw bad("field number is zero");
  key.fromField = n - 1;
  if (spec[i] === ".") {
    [n, i] = count(spec, i + 1, "invalid number after '.'");
    if (n === 0) throw bad("character offset is zero");
    key.fromChar = n - 1;
  }
  while (i < spec.length && applyLetter(key, seen, spec[i]!, "start")) i++;
  if (spec[i] === ",") {
    [n, i] = count(spec, i + 1, "invalid number after ','");
    if (n === 0) throw bad("field number is zero");
    key.toField = n - 1;
    if (spec[i] === ".") [key.toChar, i] = count(spec, i + 1, "invalid number after '.'");
    while (i < spec.length && applyLetter(key, seen, spec[i]!, "end")) i++;
  }
  if (i < spec.length) throw bad("stray character in field spec");
  key.bare = seen.size === 0;
  key.seen = seen;
  return key;
}

function tabOf(value: string, before: string | undefined): string {
  const text = octets(value);
  if (text === "") throw new SortError("empty tab");
  const tab = text === "\\0" ? "\0" : text;
  if (tab.length > 1) throw new SortError(`multi-character tab ${quote(value)}`);
  if (before !== undefined && before !== tab) throw new SortError("incompatible tabs");
  return tab;
}

const WORDS = { sort: [["general-numeric", "g"], ["human-numeric", "h"], ["month", "M"], ["numeric", "n"], ["random", "R"], ["version", "V"]] } as const;

function readOptions(options: readonly GivenOption[], s: Settings): void {
  const seen = new Set<string>();
  for (const o of options) {
    const { key, value } = o;
    if (key === "k") s.keys.push(parseKey(value!));
    else if (key === "t") s.tab = tabOf(value!, s.tab);
    else if (key === "u") s.unique = true;
    else if (key === "s") s.stable = true;
    else if (key === "m") s.merge = true;
    else if (key === "c") s.check = checkMode(value);
    else if (key === "C") s.check = "C";
    else if (key === "o") {
      if (s.output !== undefined && s.output !== value) throw new SortError("multiple output files specified");
      s.output = value!;
    } else if (key === "z") s.end = "\0";
    else if (key === "sort") applyLetter(s.general, seen, sortWord(value!), "both");
    else if (key.length === 1) applyLetter(s.general, seen, key, "both");
  }
  if (s.keys.length === 0) checkOrders(seen);
  for (const k of s.keys) {
    checkOrders(k.bare ? seen : k.seen);
    if (k.bare) Object.assign(k, s.general);
  }
}

function sortWord(value: string): string {
  const chosen = choose("--sort", value, WORDS.sort.map(([w]) => [w]));
  if (!chosen.ok) throw new SortError(chosen.error, true);
  return WORDS.sort.find(([w]) => w === chosen.value)![1];
}

function checkMode(value: string | undefined): "c" | "C" {
  if (value === undefined) return "c";
  const chosen = choose("--check", value, [["quiet", "silent"], ["diagnose-first"]]);
  if (!chosen.ok) throw new SortError(chosen.error, true);
  return chosen.value === "quiet" ? "C" : "c";
}

/** The order of whole lines. `last`: equal keys are told apart by the line itself. */
function comparator(s: Settings): (a: Octets, b: Octets) => number {
  const last = !s.stable && !s.unique;
  const sign = (n: number, reverse: boolean): number => (reverse ? -n : n);
  const whole = (a: Octets, b: Octets): number => (last ? sign(compareOctets(a, b), s.general.reverse) : 0);
  if (s.keys.length === 0) {
    const blanks = s.general.ignoreBlanksStart ? (t: Octets): Octets => t.replace(/^[ \t\n]+/, "") : (t: Octets): Octets => t;
    return (a, b) => sign(compareBy(blanks(a), blanks(b), s.general, s.salt), s.general.reverse) || whole(a, b);
  }
  return (a, b) => {
    for (const k of s.keys) {
      const order = sign(compareBy(keyText(a, k, s.tab), keyText(b, k, s.tab), k, s.salt), k.reverse);
      if (order !== 0) return order;
    }
    return whole(a, b);
  };
}

/** The lines of each file. */
function* readLines(t: Tool, names: readonly string[], end: string): Run<Octets[][] | undefined> {
  const files: Octets[][] = [];
  for (const name of names) {
    const lines: Octets[] = [];
    const input = t.open(name);
    if (typeof input === "string") {
      yield* t.error(`cannot read: ${quoteName(name)}: ${strerror(input)}`, 2);
      return undefined;
    }
    for (let line = yield* input.line(end); line; line = yield* input.line(end)) lines.push(line.text);
    if (input.error) {
      yield* t.error(`read failed: ${quoteName(name)}: ${strerror(input.error)}`, 2);
      return undefined;
    }
    input.close();
    files.push(lines);
  }
  return files;
}

/** -m: the files are taken to be sorted; the smallest of their next lines comes out. */
function merged(files: readonly Octets[][], compare: (a: Octets, b: Octets) => number): Octets[] {
  const heads = files.map(() => 0);
  const out: Octets[] = [];
  for (;;) {
    let best = -1;
    for (let f = 0; f < files.length; f++) {
      const line = files[f]![heads[f]!];
      if (line !== undefined && (best < 0 || compare(line, files[best]![heads[best]!]!) < 0)) best = f;
    }
    if (best < 0) return out;
    out.push(files[best]![heads[best]!++]!);
  }
}

function* checkOrder(t: Tool, s: Settings, name: string, lines: readonly Octets[]): Run<number> {
  const compare = comparator(s);
  for (let i = 1; i < lines.length; i++) {
    const order = compare(lines[i - 1]!, lines[i]!);
    if (order < 0 || (order === 0 && !s.unique)) continue;
    // The line goes to standard error with its own octets.
    if (s.check === "c") yield* t.proc.write(2, bytesOf(`${octets(`${t.name}: ${quoteName(name)}:${i + 1}: disorder: `)}${lines[i]}\n`));
    return 1;
  }
  return 0;
}

export const sort = defineTool({
  name: "sort",
  man: {
    summary: "sort lines of text files",
    synopsis: ["sort [OPTION]... [FILE]..."],
    emulated: ["-n, -g, -h, -M, -V, -R: by number, float, 2K 1G, month, version, at random; -r: reversed", "-b, -d, -f, -i: ignore leading blanks, punctuation, case, control characters", "-k POS1[,POS2]: by this key; -t C: fields are separated by C", "-u: one of equal lines; -s: stable; -c, -C: check only; -m: merge; -o FILE; -z", "-S, -T, --parallel, --batch-size, --compress-program: taken, without effect"],
    notEmulated: ["--debug, --files0-from, --random-source"],
    examples: ["sort -t: -k3,3n /etc/passwd", "sort names | uniq -c | sort -rn"],
  },
  shorts: "bcCdfghik:mMno:rRsS:t:T:uVy::z",
  longs: {
    "ignore-leading-blanks": "b", check: "c::", "compress-program": "ignored:", debug: "debug", "dictionary-order": "d", "ignore-case": "f", "files0-from": "files0-from:",
    "general-numeric-sort": "g", "ignore-nonprinting": "i", key: "k:", merge: "m", "month-sort": "M", "numeric-sort": "n", "human-numeric-sort": "h", "version-sort": "V",
    "random-sort": "R", "random-source": "random-source:", sort: "sort:", output: "o:", reverse: "r", stable: "s", "batch-size": "ignored:", "buffer-size": "S:", "field-separator": "t:",
    "temporary-directory": "T:", unique: "u", "zero-terminated": "z", parallel: "ignored:",
  },
  refused: ["debug", "files0-from", "random-source"],
  usageStatus: 2,
  *run(t, options, operands) {
    const salt = options.some((o) => o.key === "R" || o.key === "sort") ? t.proc.machine.random(`sort/${t.proc.pid}`).u32() : 0;
    const s: Settings = { general: noOptions(), keys: [], tab: undefined, unique: false, stable: false, merge: false, check: "", output: undefined, end: "\n", salt };
    try {
      readOptions(options, s);
      if (s.check && s.output !== undefined) throw new SortError(`options '-${s.check}o' are incompatible`);
      if (s.check && operands.length > 1) throw new SortError(`extra operand ${quoteAlways(operands[1]!)} not allowed with -${s.check}`);
    } catch (e) {
      if (!(e instanceof SortError)) throw e;
      return yield* e.usage ? t.usage(e.text, 1) : t.error(e.text, 2);
    }
    return yield* sortFiles(t, s, operands.length > 0 ? operands : ["-"]);
  },
});

function* sortFiles(t: Tool, s: Settings, names: readonly string[]): Run<number> {
  const files = yield* readLines(t, names, s.end);
  if (!files) return 2;
  if (s.check) return yield* checkOrder(t, s, names[0]!, files[0]!);
  const compare = comparator(s);
  const lines = s.merge ? merged(files, compare) : files.flat().sort(compare);
  let out = t.out;
  if (s.output !== undefined) {
    const fd = t.create(s.output);
    if (typeof fd === "string") return yield* t.error(`open failed: ${quoteName(s.output)}: ${strerror(fd)}`, 2);
    out = new Output(t.proc, fd);
  }
  for (let i = 0; i < lines.length; i++) if (!s.unique || i === 0 || compare(lines[i - 1]!, lines[i]!) !== 0) yield* out.put(lines[i]! + s.end);
  yield* out.flush();
  if (out !== t.out && out.error) return yield* t.error(`write failed: ${quoteName(s.output!)}: ${strerror(out.error)}`, 2);
  return 0;
}
