/** comm and join: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteName } from "../gnu-quote.ts";
import { compareOctets, foldCase, octets, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

function* openBoth(t: Tool, names: readonly string[]): Run<[Input, Input] | undefined> {
  const inputs: Input[] = [];
  for (const name of names) {
    const input = t.open(name);
    if (typeof input === "string") {
      yield* t.error(`${quoteName(name)}: ${strerror(input)}`);
      return undefined;
    }
    inputs.push(input);
  }
  return inputs as [Input, Input];
}

function* twoOperands(t: Tool, operands: readonly string[]): Run<number | undefined> {
  if (operands.length === 0) return yield* t.usage("missing operand");
  if (operands.length === 1) return yield* t.usage(`missing operand after ${quote(operands[0]!)}`);
  if (operands.length > 2) return yield* t.usage(`extra operand ${quote(operands[2]!)}`);
  return undefined;
}

/** A file whose lines should be sorted; says so once when they are not. */
class Sorted {
  line: Octets | undefined;
  complained = false;
  private readonly t: Tool;
  private readonly input: Input;
  private readonly number: 1 | 2;
  private readonly end: string;
  private readonly check: { on: boolean };

  constructor(t: Tool, input: Input, number: 1 | 2, end: string, check: { on: boolean }) {
    this.t = t;
    this.input = input;
    this.number = number;
    this.end = end;
    this.check = check;
  }

  private before: Octets | undefined;

  *next(): Run<void> {
    const earlier = this.before;
    this.before = this.line;
    this.line = (yield* this.input.line(this.end))?.text;
    // At the end the last two lines are looked at once more: only now may their order matter.
    const [a, b] = this.line === undefined ? [earlier, this.before] : [this.before, this.line];
    if (!this.check.on || this.complained || a === undefined || b === undefined || compareOctets(a, b) <= 0) return;
    this.complained = true;
    yield* this.t.error(`file ${this.number} is not in sorted order`);
  }
}

export const comm = defineTool({
  name: "comm",
  man: {
    summary: "compare two sorted files line by line",
    synopsis: ["comm [OPTION]... FILE1 FILE2"],
    emulated: ["-1, -2, -3: without lines only in FILE1, only in FILE2, in both", "--output-delimiter=STRING, --total, --check-order, --nocheck-order, -z"],
    notEmulated: [],
  },
  shorts: "123z",
  longs: { "check-order": "check", "nocheck-order": "nocheck", "output-delimiter": "delimiter:", total: "total", "zero-terminated": "z" },
  *run(t, options, operands) {
    const wrong = yield* twoOperands(t, operands);
    if (wrong !== undefined) return wrong;
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const inputs = yield* openBoth(t, operands);
    if (!inputs) return 1;
    const end = has("z") ? "\0" : "\n";
    const tab = octets(options.findLast((o) => o.key === "delimiter")?.value ?? "\t");
    // Order matters only once a line had no partner, unless --check-order.
    const check = { on: has("check") };
    const [a, b] = [new Sorted(t, inputs[0], 1, end, check), new Sorted(t, inputs[1], 2, end, check)];
    yield* a.next();
    yield* b.next();
    const counts = [0, 0, 0];
    while (a.line !== undefined || b.line !== undefined) {
      const order = a.line === undefined ? 1 : b.line === undefined ? -1 : compareOctets(a.line, b.line);
      const column = order < 0 ? 0 : order > 0 ? 1 : 2;
      const line = order > 0 ? b.line! : a.line!;
      counts[column]!++;
      if (column < 2 && !has("nocheck")) check.on = true;
      const before = (column > 0 && !has("1") ? tab : "") + (column > 1 && !has("2") ? tab : "");
      if (!has(String(column + 1))) yield* t.print(before + line + end);
      if (order <= 0) yield* a.next();
      if (order >= 0) yield* b.next();
      if (has("check") && (a.complained || b.complained)) return 1;
    }
    if (has("total")) yield* t.print(`${counts.join(tab)}${tab}total${end}`);
    return a.complained || b.complained ? yield* t.error("input is not in sorted order") : t.status;
  },
});

// -- join ---------------------------------------------------------------------------------------------------------------------

interface JoinSettings {
  key: [number, number];
  tab: string | undefined;
  unpaired: [boolean, boolean];
  paired: boolean;
  empty: Octets;
  format: readonly (readonly [side: 0 | 1 | 2, field: number])[] | "auto" | undefined;
  ignoreCase: boolean;
  header: boolean;
  end: string;
}

type Row = readonly Octets[];

function fieldsOf(line: Octets, tab: string | undefined): Row {
  if (tab === undefined) return line.split(/[ \t]+/).filter((f, i) => f !== "" || i > 0).filter((f, i, all) => f !== "" || i < all.length - 1);
  return tab === "\n" ? [line] : line.split(tab);
}

class Joiner {
  private readonly t: Tool;
  private readonly s: JoinSettings;
  private counts: [number, number] = [0, 0];
  constructor(t: Tool, s: JoinSettings) {
    this.t = t;
    this.s = s;
  }

  private key(row: Row, side: 0 | 1): Octets {
    const k = row[this.s.key[side]] ?? "";
    return this.s.ignoreCase ? foldCase(k) : k;
  }

  private *rows(input: Input): Run<Row[]> {
    const out: Row[] = [];
    for (let line = yield* input.line(this.s.end); line; line = yield* input.line(this.s.end)) out.push(fieldsOf(line.text, this.s.tab));
    return out;
  }

  private *print(a: Row | undefined, b: Row | undefined): Run<void> {
    const { s } = this;
    const value = (row: Row | undefined, field: number): Octets => row?.[field] || s.empty;
    const key = (a ? a[s.key[0]] : b![s.key[1]]) || s.empty;
    let out: Octets[];
    if (Array.isArray(s.format)) out = s.format.map(([side, field]: readonly [number, number]) => (side === 0 ? key : value(side === 1 ? a : b, field)));
    else {
      const rest = (row: Row | undefined, side: 0 | 1): Octets[] => {
        const length = s.format === "auto" ? this.counts[side] : (row?.length ?? 0);
        return Array.from({ length }, (_, i) => i).filter((i) => i !== s.key[side]).map((i) => value(row, i));
      };
      out = [key, ...rest(a, 0), ...rest(b, 1)];
    }
    yield* this.t.print(out.join(s.tab ?? " ") + s.end);
  }

  *run(inputs: readonly [Input, Input]): Run<number> {
    const { s } = this;
    const [a, b] = [yield* this.rows(inputs[0]), yield* this.rows(inputs[1])];
    this.counts = [a[0]?.length ?? 0, b[0]?.length ?? 0];
    if (s.header && (a.length > 0 || b.length > 0)) yield* this.print(a.shift(), b.shift());
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      const order = i >= a.length ? 1 : j >= b.length ? -1 : compareOctets(this.key(a[i]!, 0), this.key(b[j]!, 1));
      if (order < 0) {
        if (s.unpaired[0]) yield* this.print(a[i], undefined);
        i++;
      } else if (order > 0) {
        if (s.unpaired[1]) yield* this.print(undefined, b[j]);
        j++;
      } else {
        const same = this.key(a[i]!, 0);
        const [i0, j0] = [i, j];
        while (i < a.length && this.key(a[i]!, 0) === same) i++;
        while (j < b.length && this.key(b[j]!, 1) === same) j++;
        if (s.paired) for (let x = i0; x < i; x++) for (let y = j0; y < j; y++) yield* this.print(a[x], b[y]);
      }
    }
    return this.t.status;
  }
}

function* readField(t: Tool, text: string): Run<number | undefined> {
  if (/^[1-9]\d*$/.test(text)) return Number(text) - 1;
  yield* t.error(`invalid field number: ${quote(text)}`);
  return undefined;
}

export const join = defineTool({
  name: "join",
  man: {
    summary: "join lines of two files on a common field",
    synopsis: ["join [OPTION]... FILE1 FILE2"],
    emulated: ["-1 N, -2 N, -j N: the field; -t C: fields end in C", "-a N, -v N: lines without a partner; -e TEXT, -o FORMAT, -i, --header, -z"],
    notEmulated: ["--check-order: input is taken to be sorted"],
  },
  shorts: "a:e:i1:2:j:o:t:v:z",
  longs: { "ignore-case": "i", "check-order": "check", "nocheck-order": "nocheck", header: "header", "zero-terminated": "z" },
  refused: ["check"],
  *run(t, options, operands) {
    const s: JoinSettings = { key: [0, 0], tab: undefined, unpaired: [false, false], paired: true, empty: "", format: undefined, ignoreCase: false, header: false, end: "\n" };
    for (const { key, value } of options) {
      if (key === "1" || key === "2" || key === "j") {
        const n = yield* readField(t, value!);
        if (n === undefined) return 1;
        if (key !== "2") s.key[0] = n;
        if (key !== "1") s.key[1] = n;
      }
      if (key === "a" || key === "v") {
        if (value !== "1" && value !== "2") return yield* t.error(`invalid field number: ${quote(value!)}`);
        s.unpaired[value === "1" ? 0 : 1] = true;
        if (key === "v") s.paired = false;
      }
      if (key === "t") {
        const tab = octets(value!);
        if (tab.length > 1 && tab !== "\\0") return yield* t.error(`multi-character tab ${quote(value!)}`);
        s.tab = tab === "" ? "\n" : tab === "\\0" ? "\0" : tab;
      }
      if (key === "e") s.empty = octets(value!);
      if (key === "i") s.ignoreCase = true;
      if (key === "header") s.header = true;
      if (key === "z") s.end = "\0";
      if (key === "o") {
        if (value === "auto") s.format = "auto";
        else {
          const list: [0 | 1 | 2, number][] = Array.isArray(s.format) ? [...s.format] : [];
          for (const item of value!.split(/[ ,\t]+/)) {
            const m = /^(0)$|^([12])\.([1-9]\d*)$/.exec(item);
            if (!m) return yield* t.error(/^[12]\./.test(item) ? `invalid field number: ${quote(item.slice(2))}` : `invalid file number in field spec: ${quote(item)}`);
            list.push(m[1] ? [0, 0] : [Number(m[2]) as 1 | 2, Number(m[3]) - 1]);
          }
          s.format = list;
        }
      }
    }
    const wrong = yield* twoOperands(t, operands);
    if (wrong !== undefined) return wrong;
    const inputs = yield* openBoth(t, operands);
    return inputs ? yield* new Joiner(t, s).run(inputs) : 1;
  },
});
