/** shuf: coreutils 9.1. Chance comes from the lab's seed: the same session gives the same order. */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteName } from "../gnu-quote.ts";
import { type Octets, octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

/** "3-7". A text: what is wrong with it. */
function range(text: string): readonly [number, number] | string {
  const m = /^([^-]*)-(.*)$/s.exec(text);
  const bad = (part: string): boolean => !/^[0-9]+$/.test(part) || Number(part) > Number.MAX_SAFE_INTEGER;
  if (!m || bad(m[1]!)) return `invalid input range: ${quote(m ? m[1]! : text)}`;
  if (bad(m[2]!)) return `invalid input range: ${quote(m[2]!)}`;
  return Number(m[1]) <= Number(m[2]) + 1 ? [Number(m[1]), Number(m[2])] : `invalid input range: ${quote(text)}`;
}

/** Most numbers that -i makes. */
const MAX_RANGE = 1_000_000;

function* lines(t: Tool, operands: readonly string[], end: string): Run<Octets[] | undefined> {
  if (operands.length > 1) return void (yield* t.usage(`extra operand ${quote(operands[1]!)}`));
  const out: Octets[] = [];
  const input = t.open(operands[0] ?? "-");
  if (typeof input === "string") return void (yield* t.error(`${quoteName(operands[0]!)}: ${strerror(input)}`));
  for (let l = yield* input.line(end); l; l = yield* input.line(end)) out.push(l.text);
  if (input.error) return void (yield* t.error(`read error: ${strerror(input.error)}`));
  input.close();
  return out;
}

export const shuf = defineTool({
  name: "shuf",
  man: {
    summary: "generate random permutations",
    synopsis: ["shuf [OPTION]... [FILE]", "shuf -e [OPTION]... [ARG]...", "shuf -i LO-HI [OPTION]..."],
    emulated: ["-n COUNT, -e, -i LO-HI, -r: with repetition, -o FILE, -z", "The order comes from the seed of the lab."],
    notEmulated: ["--random-source"],
    examples: ["seq 5 | shuf", "shuf -i 1024-65535 -n 1"],
  },
  shorts: "ei:n:o:rz",
  longs: { echo: "e", "input-range": "i:", "head-count": "n:", output: "o:", repeat: "r", "random-source": "random:", "zero-terminated": "z" },
  refused: ["random"],
  *run(t, options, operands) {
    const end = options.some((o) => o.key === "z") ? "\0" : "\n";
    let items: Octets[] | undefined;
    let count = Number.POSITIVE_INFINITY;
    for (const o of options.filter((x) => x.key === "n")) {
      if (!/^[0-9]+$/.test(o.value!)) return yield* t.error(`invalid line count: ${quote(o.value!)}`);
      count = Math.min(count, Number(o.value));
    }
    const given = options.findLast((o) => o.key === "i")?.value;
    if (given !== undefined) {
      const bounds = range(given);
      if (typeof bounds === "string") return yield* t.error(bounds);
      if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`);
      if (bounds[1] - bounds[0] >= MAX_RANGE) return yield* t.notEmulated("shuf -i of more than a million numbers");
      items = Array.from({ length: bounds[1] - bounds[0] + 1 }, (_, i) => String(bounds[0] + i));
    } else items = options.some((o) => o.key === "e") ? operands.map(octets) : yield* lines(t, operands, end);
    if (!items) return t.status;
    const random = t.proc.machine.random(`shuf ${t.proc.pid}`);
    const file = options.findLast((o) => o.key === "o")?.value;
    const fd = file === undefined ? undefined : t.create(file);
    if (typeof fd === "string") return yield* t.error(`${quoteName(file!)}: ${strerror(fd)}`);
    if (fd !== undefined) t.proc.setFd(1, t.proc.fds.get(fd)!);
    if (options.some((o) => o.key === "r")) {
      if (items.length === 0 && count > 0) return yield* t.error("no lines to repeat");
      for (let n = 0; n < count; n++) {
        yield* t.print(items[random.below(items.length)]! + end);
        if (t.out.error) break;
        if (n % 1024 === 1023) yield { until: t.proc.now };
      }
      return t.status;
    }
    for (let i = 0; i < items.length && i < count; i++) {
      const other = i + random.below(items.length - i);
      [items[i], items[other]] = [items[other]!, items[i]!];
      yield* t.print(items[i]! + end);
    }
    return t.status;
  },
});
