/** factor: coreutils 9.1. By trial division. */
import { quote } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

/** 2^44 takes two million divisions; beyond it the tab would be held up. */
const MOST = 17_592_186_044_416;

export function factors(n: number): number[] {
  const out: number[] = [];
  let rest = n;
  for (let p = 2; p * p <= rest; p += p === 2 ? 1 : 2) {
    while (rest % p === 0) {
      out.push(p);
      rest /= p;
    }
  }
  if (rest > 1) out.push(rest);
  return out;
}

function* print(t: Tool, text: string): Run<void> {
  const m = /^[ \t]*\+?(\d+)[ \t]*$/.exec(text);
  if (!m) return void (yield* t.error(`${quote(text)} is not a valid positive integer`));
  const n = Number(m[1]);
  if (n > MOST) return void (yield* t.notEmulated(`factor ${m[1]}`));
  yield* t.say(`${n}:${factors(n).map((f) => ` ${f}`).join("")}\n`);
  yield { until: t.proc.now };
}

export const factor = defineTool({
  name: "factor",
  man: { summary: "factor numbers", synopsis: ["factor [NUMBER]..."], emulated: ["prime factors of numbers up to 2^44, from the command line or standard input"], notEmulated: ["larger numbers", "-h"] },
  shorts: "h",
  longs: { exponents: "h" },
  refused: ["h"],
  *run(t, _options, operands) {
    for (const text of operands) yield* print(t, text);
    if (operands.length > 0) return t.status;
    const input = t.open("-");
    if (typeof input === "string") return 1;
    for (let line = yield* input.line(); line; line = yield* input.line()) for (const word of line.text.split(/[ \t]+/)) if (word !== "") yield* print(t, word);
    return t.status;
  },
});
