/** cut: coreutils 9.1. Characters are octets, as they are there. */
import type { GivenOption } from "../getopt.ts";
import { quote } from "../gnu-quote.ts";
import { type Octets, octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

/** Numbered from 1, ends included, sorted and apart from one another. */
type Range = readonly [from: number, to: number];

interface Settings {
  fields: boolean;
  ranges: readonly Range[];
  delimiter: Octets;
  between: Octets | undefined;
  onlyDelimited: boolean;
  end: string;
}

/** A list such as "1,3-5,7-". @returns the ranges, or what is wrong with it. */
export function parseList(list: string, fields: boolean): Range[] | string {
  const ranges: Range[] = [];
  const zero = fields ? "fields are numbered from 1" : "byte/character positions are numbered from 1";
  for (const item of list.split(/[, \t]/)) {
    const bad = /[^0-9-]/.exec(item);
    if (bad) return fields ? `invalid field value ${quote(item.slice(bad.index))}` : `invalid byte/character position ${quote(item.slice(bad.index))}`;
    const parts = item.split("-");
    if (parts.length > 2) return fields ? "invalid field range" : "invalid byte or character range";
    for (const p of parts)
      if (p !== "" && Number(p) > Number.MAX_SAFE_INTEGER) return fields ? `field number ${quote(p)} is too large` : `byte/character offset ${quote(p)} is too large`;
    const [first, last] = parts as [string, string | undefined];
    if (last === undefined && (first === "" || Number(first) === 0)) return zero;
    if (last !== undefined && first !== "" && Number(first) === 0) return zero;
    if (last === "" && first === "") return "invalid range with no endpoint: -";
    const from = first === "" ? 1 : Number(first);
    const to = last === undefined ? from : last === "" ? Infinity : Number(last);
    if (to < from) return "invalid decreasing range";
    ranges.push([from, to]);
  }
  return merge(ranges);
}

function merge(ranges: Range[]): Range[] {
  ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const out: Range[] = [];
  for (const r of ranges) {
    const last = out[out.length - 1];
    // Ranges that only touch stay apart: an --output-delimiter goes between them.
    if (last && r[0] <= last[1]) out[out.length - 1] = [last[0], Math.max(last[1], r[1])];
    else out.push(r);
  }
  return out;
}

function complement(ranges: readonly Range[]): Range[] {
  const out: Range[] = [];
  let from = 1;
  for (const [a, b] of ranges) {
    if (a > from) out.push([from, a - 1]);
    from = b + 1;
  }
  if (from !== Infinity) out.push([from, Infinity]);
  return out;
}

function cutOctets(line: Octets, s: Settings): Octets {
  const parts = s.ranges.map(([a, b]) => line.slice(a - 1, b)).filter((p, i) => p !== "" || s.ranges[i]![0] <= line.length);
  return parts.join(s.between ?? "");
}

/** undefined: the line is not printed at all. */
function cutFields(line: Octets, s: Settings): Octets | undefined {
  if (!line.includes(s.delimiter)) return s.onlyDelimited ? undefined : line;
  const fields = line.split(s.delimiter);
  const parts: Octets[] = [];
  for (const [a, b] of s.ranges) for (let i = a; i <= b && i <= fields.length; i++) parts.push(fields[i - 1]!);
  return parts.join(s.between ?? s.delimiter);
}

function* cutAll(t: Tool, input: Input, s: Settings): Run<void> {
  for (let line = yield* input.line(s.end); line; line = yield* input.line(s.end)) {
    const cut = s.fields ? cutFields(line.text, s) : cutOctets(line.text, s);
    if (cut !== undefined) yield* t.print(cut + s.end);
  }
}

/** What is wrong with the options as a whole. */
function conflict(options: readonly GivenOption[], delimiter: string | undefined): string | undefined {
  const lists = options.filter((o) => "bcf".includes(o.key));
  const fields = lists[0]?.key === "f";
  if (lists.length > 1) return "only one list may be specified";
  if (delimiter !== undefined && octets(delimiter).length > 1) return "the delimiter must be a single character";
  if (lists.length === 0) return "you must specify a list of bytes, characters, or fields";
  if (!fields && delimiter !== undefined) return "an input delimiter may be specified only when operating on fields";
  if (!fields && options.some((o) => o.key === "s")) return "suppressing non-delimited lines makes sense\n\tonly when operating on fields";
  return undefined;
}

export const cut = defineTool({
  name: "cut",
  man: {
    summary: "remove sections from each line of files",
    synopsis: ["cut OPTION... [FILE]..."],
    emulated: ["-f LIST: these fields; -d C: they end in C instead of a tab; -s: no lines without it", "-b LIST, -c LIST: these octets", "--complement: the others; --output-delimiter=STRING; -z: lines end in NUL", "LIST: 3, 2-5, 4-, -2, joined by commas"],
    notEmulated: [],
    examples: ["cut -d: -f1,7 /etc/passwd"],
  },
  shorts: "b:c:d:f:nsz",
  longs: { bytes: "b:", characters: "c:", fields: "f:", delimiter: "d:", "only-delimited": "s", "output-delimiter": "o:", complement: "x", "zero-terminated": "z" },
  *run(t, options, operands) {
    const delimiter = options.findLast((o) => o.key === "d")?.value;
    const wrong = conflict(options, delimiter);
    if (wrong !== undefined) return yield* t.usage(wrong);
    const list = options.find((o) => "bcf".includes(o.key))!;
    const ranges = parseList(list.value!, list.key === "f");
    if (typeof ranges === "string") return yield* t.usage(ranges);
    const between = options.findLast((o) => o.key === "o")?.value;
    const s: Settings = {
      fields: list.key === "f",
      ranges: options.some((o) => o.key === "x") ? complement(ranges) : ranges,
      delimiter: delimiter === undefined ? "\t" : octets(delimiter) || "\0",
      between: between === undefined ? undefined : octets(between) || "\0",
      onlyDelimited: options.some((o) => o.key === "s"),
      end: options.some((o) => o.key === "z") ? "\0" : "\n",
    };
    yield* t.eachInput(operands, (input) => cutAll(t, input, s));
    return t.status;
  },
});
