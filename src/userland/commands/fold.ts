/** fold: coreutils 9.1. Columns are octets, as they are there. */
import { quote } from "../gnu-quote.ts";
import type { Octets } from "../octets.ts";
import { defineTool } from "../tool.ts";

function advance(column: number, c: string, bytes: boolean): number {
  if (bytes) return column + 1;
  if (c === "\b") return Math.max(0, column - 1);
  if (c === "\r") return 0;
  return c === "\t" ? column + 8 - (column % 8) : column + 1;
}

const measure = (s: Octets, bytes: boolean): number => [...s].reduce((column, c) => advance(column, c, bytes), 0);

function foldLine(text: Octets, width: number, bytes: boolean, spaces: boolean): Octets {
  let out = "";
  let line = "";
  let column = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    let next = advance(column, c, bytes);
    while (next > width && line !== "") {
      const at = spaces ? Math.max(line.lastIndexOf(" "), line.lastIndexOf("\t")) : -1;
      const cut = at >= 0 ? at + 1 : line.length;
      out += `${line.slice(0, cut)}\n`;
      line = line.slice(cut);
      column = measure(line, bytes);
      next = advance(column, c, bytes);
    }
    line += c;
    column = next;
  }
  return out + line;
}

export const fold = defineTool({
  name: "fold",
  man: { summary: "wrap each input line to fit in specified width", synopsis: ["fold [OPTION]... [FILE]..."], emulated: ["-w N: this many columns instead of 80", "-s: at blanks; -b: count octets"], notEmulated: [] },
  shorts: "bsw:0::1::2::3::4::5::6::7::8::9::",
  longs: { bytes: "b", spaces: "s", width: "w:" },
  *run(t, options, operands) {
    let width = 80;
    for (const { key, value } of options) {
      if (key !== "w" && !/\d/.test(key)) continue;
      const text = key === "w" ? value! : key + (value ?? "");
      if (!/^\d+$/.test(text)) return yield* t.error(`invalid number of columns: ${quote(text)}`);
      if (Number(text) === 0) return yield* t.error(`invalid number of columns: ${quote(text)}: Numerical result out of range`);
      width = Number(text);
    }
    const has = (key: string): boolean => options.some((o) => o.key === key);
    yield* t.eachInput(operands, function* (input) {
      for (let line = yield* input.line(); line; line = yield* input.line()) yield* t.print(foldLine(line.text, width, has("b"), has("s")) + (line.ended ? "\n" : ""));
    });
    return t.status;
  },
});

// -- expand and unexpand ---------------------------------------------------------------------------------------------------

/** Tab stops: a list, then multiples of `every` (0: none, a blank each). */
interface Stops {
  list: readonly number[];
  every: number;
}

function parseStops(text: string): Stops | string {
  const items = text.split(/[, \t]+/).filter((x) => x !== "");
  const list: number[] = [];
  for (const [i, item] of items.entries()) {
    const m = /^([/+]?)(\d+)$/.exec(item);
    if (!m) return `tab size contains invalid character(s): ${quote(item.replace(/^[/+]?\d*/, ""))}`;
    const n = Number(m[2]);
    if (m[1] !== "") return i === items.length - 1 ? { list, every: n } : `${quote(m[1]!)} specifier only allowed with the last value`;
    if (n === 0) return "tab size cannot be 0";
    if (list.length > 0 && n <= list[list.length - 1]!) return "tab sizes must be ascending";
    list.push(n);
  }
  return list.length === 1 ? { list: [], every: list[0]! } : { list, every: list.length === 0 ? 8 : 0 };
}

/** The stop after `column`; undefined: behind the last one. */
function nextStop(column: number, s: Stops): number | undefined {
  const listed = s.list.find((stop) => stop > column);
  if (listed !== undefined) return listed;
  return s.every > 0 ? column + s.every - (column % s.every) : undefined;
}

function expandLine(text: Octets, stops: Stops, initial: boolean): Octets {
  let out = "";
  let column = 0;
  let convert = true;
  for (const c of text) {
    if (c === "\t" && convert) {
      const to = nextStop(column, stops) ?? column + 1;
      out += " ".repeat(to - column);
      column = to;
      continue;
    }
    out += c;
    column = c === "\b" ? Math.max(0, column - 1) : column + 1;
    if (initial && c !== " " && c !== "\t") convert = false;
  }
  return out;
}

function unexpandLine(text: Octets, stops: Stops, all: boolean): Octets {
  let out = "";
  let pending = "";
  let column = 0;
  let convert = true;
  let oneBlankBeforeStop = false;
  for (const c of text) {
    if (convert && (c === " " || c === "\t")) {
      const to = nextStop(column, stops);
      if (to === undefined) {
        convert = false;
      } else if (c === "\t") {
        column = to;
        // A single blank before a stop, then a tab: the blank becomes a tab as well.
        pending = oneBlankBeforeStop && pending !== "" ? `\t${pending.slice(1)}` : pending;
        out += pending.replace(/ +$/, "") + "\t";
        pending = "";
        oneBlankBeforeStop = false;
        continue;
      } else {
        column++;
        if (column === to) {
          if (pending !== "" || !all) {
            out += "\t";
            pending = "";
            oneBlankBeforeStop = false;
          } else {
            oneBlankBeforeStop = true;
            pending = " ";
          }
          continue;
        }
        if (oneBlankBeforeStop) {
          out += "\t";
          pending = "";
          oneBlankBeforeStop = false;
        }
        pending += " ";
        continue;
      }
    }
    out += pending + c;
    pending = "";
    oneBlankBeforeStop = false;
    column = c === "\b" ? Math.max(0, column - 1) : column + 1;
    if (!all && c !== " " && c !== "\t") convert = false;
  }
  return out + pending;
}

/** `-4` and `-4,8`: as -t. */
const oldStops = (args: readonly string[]): readonly string[] => args.flatMap((a) => (/^-\d[\d,]*$/.test(a) ? ["-t", a.slice(1)] : [a]));

export const expand = defineTool({
  name: "expand",
  man: { summary: "convert tabs to spaces", synopsis: ["expand [OPTION]... [FILE]..."], emulated: ["-t N or LIST: tab stops, 8 apart without it", "-i: only those at the start of a line"], notEmulated: [] },
  shorts: "it:",
  longs: { initial: "i", tabs: "t:" },
  adapt: oldStops,
  *run(t, options, operands) {
    const stops = parseStops(options.filter((o) => o.key === "t").map((o) => o.value).join(","));
    if (typeof stops === "string") return yield* t.error(stops);
    const initial = options.some((o) => o.key === "i");
    yield* t.eachInput(operands, function* (input) {
      for (let line = yield* input.line(); line; line = yield* input.line()) yield* t.print(expandLine(line.text, stops, initial) + (line.ended ? "\n" : ""));
    });
    return t.status;
  },
});

export const unexpand = defineTool({
  name: "unexpand",
  man: { summary: "convert spaces to tabs", synopsis: ["unexpand [OPTION]... [FILE]..."], emulated: ["-a: all blanks, not only those at the start; -t N or LIST (implies -a); --first-only"], notEmulated: [] },
  shorts: "at:",
  longs: { all: "a", "first-only": "first", tabs: "t:" },
  adapt: oldStops,
  *run(t, options, operands) {
    const given = options.filter((o) => o.key === "t").map((o) => o.value).join(",");
    const stops = parseStops(given);
    if (typeof stops === "string") return yield* t.error(stops);
    const all = (options.some((o) => o.key === "a") || given !== "") && !options.some((o) => o.key === "first");
    yield* t.eachInput(operands, function* (input) {
      for (let line = yield* input.line(); line; line = yield* input.line()) yield* t.print(unexpandLine(line.text, stops, all) + (line.ended ? "\n" : ""));
    });
    return t.status;
  },
});
