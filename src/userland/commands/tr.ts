/** tr: coreutils 9.1. Works on octets, as it does there. */
import { quote } from "../gnu-quote.ts";
import { type Octets, octets } from "../octets.ts";
import { classSet } from "../regex-charset.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

type Item =
  | { kind: "chars"; codes: number[] }
  | { kind: "class"; name: string; codes: number[] }
  /** [c*n]; count undefined: as many as are needed. */
  | { kind: "repeat"; code: number; count: number | undefined };

class SetError {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const CLASSES = ["alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"];
const ESCAPES: Readonly<Record<string, number>> = { "\\": 92, a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11 };

interface Char {
  code: number;
  /** It was written with a backslash, and means only itself. */
  escaped: boolean;
}

function unescape(text: Octets, warnings: string[]): Char[] {
  const out: Char[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c !== "\\") {
      out.push({ code: c.charCodeAt(0), escaped: false });
      continue;
    }
    const octal = /^[0-7]{1,3}/.exec(text.slice(i + 1, i + 4))?.[0];
    if (octal) {
      const used = Number.parseInt(octal, 8) > 255 ? octal.slice(0, 2) : octal;
      if (used !== octal) warnings.push(`warning: the ambiguous octal escape \\${octal} is being\n\tinterpreted as the 2-byte sequence \\0${used}, ${octal[2]}`);
      out.push({ code: Number.parseInt(used, 8), escaped: true });
      i += used.length;
      continue;
    }
    const next = text[i + 1];
    if (next === undefined) {
      warnings.push("warning: an unescaped backslash at end of string is not portable");
      out.push({ code: 92, escaped: false });
    } else out.push({ code: ESCAPES[next] ?? next.charCodeAt(0), escaped: true });
    i++;
  }
  return out;
}

function classCodes(name: string): number[] {
  const set = classSet(name);
  const codes: number[] = [];
  for (let c = 0; c < 128; c++) if (set.has(c)) codes.push(c);
  return codes;
}

/** One octet as tr names it in messages. */
function shown(code: number): string {
  if (code >= 32 && code < 127) return code === 92 ? "\\\\" : String.fromCharCode(code);
  const named = Object.entries(ESCAPES).find(([, v]) => v === code)?.[0];
  return named ? `\\${named}` : `\\${code.toString(8).padStart(3, "0")}`;
}

class SetParser {
  private readonly chars: Char[];
  private readonly items: Item[] = [];
  constructor(text: Octets, warnings: string[]) {
    this.chars = unescape(text, warnings);
  }

  parse(): Item[] {
    for (let i = 0; i < this.chars.length; ) i = this.bracket(i) ?? this.range(i);
    return this.items;
  }

  private is(i: number, c: string): boolean {
    const at = this.chars[i];
    return at !== undefined && !at.escaped && at.code === c.charCodeAt(0);
  }

  private text(from: number, to: number): string {
    return this.chars.slice(from, to).map((c) => String.fromCharCode(c.code)).join("");
  }

  /** [:class:], [=c=] or [c*n]. @returns where it ends; undefined when there is none. */
  private bracket(i: number): number | undefined {
    if (!this.is(i, "[")) return undefined;
    for (const mark of [":", "="]) {
      if (!this.is(i + 1, mark)) continue;
      // The class must have its end; "[:" alone is two characters.
      for (let j = i + 2; j < this.chars.length - 1; j++) {
        if (!this.is(j, mark) || !this.is(j + 1, "]")) continue;
        // [=*=] may also be a repeat of "=".
        if (j === i + 2) {
          if (mark === ":") throw new SetError("missing character class name '[::]'");
          throw new SetError("missing equivalence class character '[==]'");
        }
        this.named(mark, this.text(i + 2, j));
        return j + 2;
      }
    }
    return this.repeat(i);
  }

  private named(mark: string, name: string): void {
    if (mark === ":") {
      if (!CLASSES.includes(name)) throw new SetError(`invalid character class ${quote(name)}`);
      this.items.push({ kind: "class", name, codes: classCodes(name) });
      return;
    }
    if (name.length !== 1) throw new SetError(`${name}: equivalence class operand must be a single character`);
    this.items.push({ kind: "chars", codes: [name.charCodeAt(0)] });
  }

  private repeat(i: number): number | undefined {
    if (!this.is(i + 2, "*")) return undefined;
    let end = i + 3;
    while (end < this.chars.length && !this.is(end, "]")) end++;
    if (end >= this.chars.length) return undefined;
    const digits = this.text(i + 3, end);
    if (!/^\d*$/.test(digits)) {
      if (/^\d/.test(digits) || digits.length === 1 || digits !== "") throw new SetError(`invalid repeat count ${quote(digits)} in [c*n] construct`);
      return undefined;
    }
    const count = digits === "" ? 0 : Number.parseInt(digits, digits.startsWith("0") ? 8 : 10);
    this.items.push({ kind: "repeat", code: this.chars[i + 1]!.code, count: count === 0 ? undefined : count });
    return end + 1;
  }

  private range(i: number): number {
    const from = this.chars[i]!.code;
    if (!this.is(i + 1, "-") || i + 2 >= this.chars.length) {
      this.items.push({ kind: "chars", codes: [from] });
      return i + 1;
    }
    const to = this.chars[i + 2]!.code;
    if (to < from) throw new SetError(`range-endpoints of '${shown(from)}-${shown(to)}' are in reverse collating sequence order`);
    this.items.push({ kind: "chars", codes: Array.from({ length: to - from + 1 }, (_, k) => from + k) });
    return i + 3;
  }
}

function expand(items: readonly Item[], fill: number): number[] {
  return items.flatMap((item) => (item.kind === "repeat" ? new Array<number>(item.count ?? fill).fill(item.code) : item.codes));
}

const complementOf = (codes: readonly number[]): number[] => {
  const inside = new Set(codes);
  return Array.from({ length: 256 }, (_, c) => c).filter((c) => !inside.has(c));
};

const table = (codes: readonly number[]): Uint8Array => {
  const t = new Uint8Array(256);
  for (const c of codes) t[c] = 1;
  return t;
};

interface Settings {
  complement: boolean;
  delete: boolean;
  squeeze: boolean;
  truncate: boolean;
}

const isCase = (item: Item): item is Item & { kind: "class" } => item.kind === "class" && (item.name === "upper" || item.name === "lower");

/** Where each class of set 2 stands must be one of set 1: [:lower:] against [:upper:]. */
function checkCases(one: readonly Item[], two: readonly Item[], complement: boolean): void {
  if (two.some((item) => item.kind === "class" && !isCase(item)))
    throw new SetError("when translating, the only character classes that may appear in\nstring2 are 'upper' and 'lower'");
  const at = (items: readonly Item[]): Map<number, Item> => {
    const where = new Map<number, Item>();
    let n = 0;
    for (const item of items) {
      where.set(n, item);
      n += item.kind === "repeat" ? (item.count ?? 0) : item.codes.length;
    }
    return where;
  };
  if (complement) return;
  const first = at(one);
  for (const [n, item] of at(two)) {
    if (!isCase(item)) continue;
    const opposite = first.get(n);
    if (!opposite || !isCase(opposite)) throw new SetError("misaligned [:upper:] and/or [:lower:] construct");
  }
}

/** Set 2 made as long as set 1. */
function targets(one: readonly Item[], two: readonly Item[], from: number[], s: Settings): number[] {
  if (two.length === 0) {
    if (s.truncate) return [];
    throw new SetError("when not truncating set1, string2 must be non-empty");
  }
  checkCases(one, two, s.complement);
  const known = expand(two, 0).length;
  const to = expand(two, Math.max(0, from.length - known));
  if (s.truncate || to.length >= from.length) return to;
  const last = two[two.length - 1]!;
  if (last.kind === "class") throw new SetError("when translating with string1 longer than string2,\nthe latter string must not end with a character class");
  while (to.length < from.length) to.push(to[to.length - 1]!);
  return to;
}

function checkRepeats(one: readonly Item[], two: readonly Item[], translating: boolean): void {
  const open = (items: readonly Item[]): number => items.filter((i) => i.kind === "repeat" && i.count === undefined).length;
  if (open(one) > 0) throw new SetError("the [c*] repeat construct may not appear in string1");
  if (open(two) > 1) throw new SetError("only one [c*] repeat construct may appear in string2");
  if (open(two) > 0 && !translating) throw new SetError("the [c*] construct may appear in string2 only when translating");
}

interface Plan {
  map: Uint8Array;
  drop: Uint8Array | undefined;
  squeeze: Uint8Array | undefined;
}

function plan(args: readonly Octets[], s: Settings, warnings: string[]): Plan {
  const one = new SetParser(args[0]!, warnings).parse();
  const two = args[1] === undefined ? undefined : new SetParser(args[1], warnings).parse();
  const translating = two !== undefined && !s.delete;
  checkRepeats(one, two ?? [], translating);
  const plain = expand(one, 0);
  const from = s.complement ? complementOf(plain) : plain;
  const map = Uint8Array.from({ length: 256 }, (_, c) => c);
  const to = translating ? targets(one, two, from, s) : [];
  if (translating) for (let i = 0; i < from.length && i < to.length; i++) map[from[i]!] = to[i]!;
  const squeezed = !s.squeeze ? undefined : table(two ? (translating ? to : expand(two, 0)) : from);
  return { map, drop: s.delete ? table(from) : undefined, squeeze: squeezed };
}

function* filter(t: Tool, p: Plan): Run<void> {
  const input = t.open("-");
  if (typeof input === "string") return;
  let previous = -1;
  for (let s = yield* input.chunk(); s !== ""; s = yield* input.chunk()) {
    let out = "";
    for (let i = 0; i < s.length; i++) {
      const code = s.charCodeAt(i);
      if (p.drop?.[code]) continue;
      const mapped = p.map[code]!;
      if (p.squeeze?.[mapped] && mapped === previous) continue;
      previous = mapped;
      out += String.fromCharCode(mapped);
    }
    yield* t.print(out);
  }
  if (input.error) yield* t.error("read error: Is a directory");
}

function operandError(operands: readonly string[], s: Settings): string | undefined {
  const least = 1 + (s.delete === s.squeeze ? 1 : 0);
  const most = 1 + (s.delete && !s.squeeze ? 0 : 1);
  if (operands.length < least) {
    if (operands.length === 0) return "missing operand";
    const why = s.squeeze ? "Two strings must be given when both deleting and squeezing repeats." : "Two strings must be given when translating.";
    return `missing operand after ${quote(operands[0]!)}\n${why}`;
  }
  if (operands.length > most) {
    const why = operands.length === 2 ? "\nOnly one string may be given when deleting without squeezing repeats." : "";
    return `extra operand ${quote(operands[most]!)}${why}`;
  }
  return undefined;
}

export const tr = defineTool({
  name: "tr",
  man: {
    summary: "translate or delete characters",
    synopsis: ["tr [OPTION]... STRING1 [STRING2]"],
    emulated: ["tr SET1 SET2: each of SET1 becomes its partner in SET2", "-d: delete; -s: squeeze repeats; -c, -C: all but SET1; -t: cut SET1 to the length of SET2", "sets: a-z, [:class:], [=c=], [c*n], \\n \\t \\NNN ..."],
    notEmulated: [],
    examples: ["tr a-z A-Z", "tr -s ' '", "tr -d :"],
  },
  shorts: "+cCdst",
  longs: { complement: "c", delete: "d", "squeeze-repeats": "s", "truncate-set1": "t" },
  *run(t, options, operands) {
    const has = (keys: string): boolean => options.some((o) => keys.includes(o.key));
    const s: Settings = { complement: has("cC"), delete: has("d"), squeeze: has("s"), truncate: has("t") };
    const wrong = operandError(operands, s);
    if (wrong !== undefined) return yield* t.usage(wrong);
    const warnings: string[] = [];
    try {
      const p = plan(operands.map(octets), s, warnings);
      for (const w of warnings) yield* t.warn(w);
      yield* filter(t, p);
    } catch (e) {
      if (!(e instanceof SetError)) throw e;
      return yield* t.error(e.text);
    }
    return t.status;
  },
});
