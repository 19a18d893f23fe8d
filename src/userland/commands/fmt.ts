/**
 * fmt: coreutils 9.1. A paragraph's line breaks are those of least cost: lines near the goal, of like length, ending at sentences
 * (D. E. Knuth and M. F. Plass, Breaking paragraphs into lines, 1981, with the weights of GNU fmt).
 */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import type { Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

const square = (n: number): number => n * n;
const LINE_COST = square(70);
const SENTENCE_BONUS = square(50);
const NOBREAK_COST = square(600);
const PAREN_BONUS = square(40);
const PUNCT_BONUS = square(40);
const widow = (length: number): number => Math.floor(square(200) / (length + 2));
const orphan = (length: number): number => Math.floor(square(150) / (length + 2));
const short = (n: number): number => square(n * 10);
const ragged = (n: number): number => Math.floor(short(n) / 2);
/** The goal lies this much below the width, in per cent. */
const LEEWAY = 7;

interface Word {
  text: Octets;
  space: number;
  paren: boolean;
  period: boolean;
  punct: boolean;
  final: boolean;
  best: number;
  next: number;
  lineLength: number;
}

interface Settings {
  width: number;
  goal: number;
  uniform: boolean;
  split: boolean;
}

function wordOf(text: Octets, space: number, atEnd: boolean, uniform: boolean): Word {
  const bare = text.replace(/[)\]'"]+$/, "");
  const last = (bare === "" ? text : bare).slice(-1);
  const period = ".?!".includes(last);
  const final = period && (atEnd || space > 1);
  return { text, space: atEnd || uniform ? (final ? 2 : 1) : space, paren: "([`'\"".includes(text[0]!), period, punct: /[!-/:-@[-`{-~]/.test(text.slice(-1)), final, best: 0, next: 0, lineLength: 0 };
}

function wordsOf(line: Octets, s: Settings): Word[] {
  const words: Word[] = [];
  const body = line.trimEnd();
  for (const m of body.matchAll(/([^ \t]+)([ \t]*)/g)) words.push(wordOf(m[1]!, m[2]!.length, m.index + m[1]!.length === body.length, s.uniform));
  return words;
}

/** Cost of breaking before word `i`, whatever comes before. */
function baseCost(words: readonly Word[], i: number): number {
  const word = words[i]!;
  const before = words[i - 1];
  let cost = LINE_COST;
  if (before) {
    if (before.period) cost += before.final ? -SENTENCE_BONUS : NOBREAK_COST;
    else if (before.punct) cost -= PUNCT_BONUS;
    else if (i > 1 && words[i - 2]!.final) cost += widow(before.text.length);
  }
  if (word.paren) cost -= PAREN_BONUS;
  else if (word.final) cost += orphan(word.text.length);
  return cost;
}

function lineCost(words: readonly Word[], next: number, length: number, s: Settings): number {
  if (next === words.length) return 0;
  const following = words[next]!;
  const cost = short(s.goal - length);
  return following.next === words.length ? cost : cost + ragged(length - following.lineLength);
}

function breakLines(words: Word[], indent: number, s: Settings): void {
  for (let start = words.length - 1; start >= 0; start--) {
    const word = words[start]!;
    let best = Infinity;
    let length = indent + word.text.length;
    for (let i = start + 1; ; i++) {
      const cost = lineCost(words, i, length, s) + (words[i]?.best ?? 0);
      if (cost < best) {
        best = cost;
        word.next = i;
        word.lineLength = length;
      }
      if (i >= words.length) break;
      length += words[i - 1]!.space + words[i]!.text.length;
      if (length >= s.width) break;
    }
    word.best = best + baseCost(words, start);
  }
}

function formatted(words: Word[], indent: number, s: Settings): Octets {
  breakLines(words, indent, s);
  let out = "";
  for (let i = 0; i < words.length; i = words[i]!.next) {
    const line = words.slice(i, words[i]!.next);
    out += `${" ".repeat(indent)}${line.map((w, k) => w.text + (k < line.length - 1 ? " ".repeat(w.space) : "")).join("")}\n`;
  }
  return out;
}

const indentOf = (line: Octets): number => [.../^[ \t]*/.exec(line)![0]].reduce((n, c) => (c === "\t" ? n + 8 - (n % 8) : n + 1), 0);

function* format(t: Tool, input: Input, s: Settings): Run<void> {
  let words: Word[] = [];
  let indent = 0;
  const flush = function* (): Run<void> {
    if (words.length > 0) yield* t.print(formatted(words, indent, s));
    words = [];
  };
  for (let line = yield* input.line(); line; line = yield* input.line()) {
    if (line.text.trim() === "") {
      yield* flush();
      yield* t.print("\n");
      continue;
    }
    const own = indentOf(line.text);
    if (words.length > 0 && (own !== indent || s.split)) yield* flush();
    if (words.length === 0) indent = own;
    words.push(...wordsOf(line.text, s));
  }
  yield* flush();
}

export const fmt = defineTool({
  name: "fmt",
  man: { summary: "simple optimal text formatter", synopsis: ["fmt [-WIDTH] [OPTION]... [FILE]..."], emulated: ["-w N: this many columns at most instead of 75; -g N: the goal", "-u: one blank between words; -s: only split long lines"], notEmulated: ["-c, -t, -p"] },
  shorts: "0123456789cstuw:p:g:",
  longs: { "crown-margin": "c", prefix: "p:", "split-only": "s", "tagged-paragraph": "t", "uniform-spacing": "u", width: "w:", goal: "g:" },
  refused: ["c", "t", "p"],
  adapt: (args) => (/^-\d+$/.test(args[0] ?? "") ? ["-w", args[0]!.slice(1), ...args.slice(1)] : args),
  *run(t, options, operands) {
    const number = (key: string): string | undefined => options.findLast((o) => o.key === key)?.value;
    const [w, g] = [number("w"), number("g")];
    if (w !== undefined && (!/^\d+$/.test(w) || Number(w) > 2500)) return yield* t.error(`invalid width: ${quote(w)}`);
    if (g !== undefined && !/^\d+$/.test(g)) return yield* t.error(`invalid width: ${quote(g)}`);
    const width = w !== undefined ? Number(w) : g !== undefined ? Number(g) + 10 : 75;
    const goal = g !== undefined ? Number(g) : Math.floor((width * (2 * (100 - LEEWAY) + 1)) / 200);
    const s: Settings = { width, goal, uniform: options.some((o) => o.key === "u"), split: options.some((o) => o.key === "s") };
    for (const name of operands.length > 0 ? operands : ["-"]) {
      const input = t.open(name);
      if (typeof input === "string") {
        yield* t.error(`cannot open ${quoteAlways(name)} for reading: ${strerror(input)}`);
        continue;
      }
      yield* format(t, input, s);
      input.close();
    }
    return t.status;
  },
});
