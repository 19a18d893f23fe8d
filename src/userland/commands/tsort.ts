/** tsort: coreutils 9.1. Items without an order between them come as its tree of words gives them: sorted, then by release. */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteName } from "../gnu-quote.ts";
import { compareOctets, textOf, type Octets } from "../octets.ts";
import { defineTool } from "../tool.ts";

interface Item {
  name: Octets;
  before: number;
  /** The newest first, as the list is built at its head. */
  after: Item[];
}

/** One way round a loop, beginning with what stands first. */
function loopOf(left: readonly Item[]): Item[] {
  const seen: Item[] = [];
  const into = (item: Item): Item | undefined => left.find((other) => other.after.includes(item));
  for (let at: Item | undefined = left[0]; at && !seen.includes(at); at = into(at)) seen.unshift(at);
  const end = into(seen[0]!)!;
  const loop = seen.slice(0, seen.indexOf(end) + 1);
  return [loop.pop()!, ...loop];
}

export const tsort = defineTool({
  name: "tsort",
  man: { summary: "perform topological sort", synopsis: ["tsort [OPTION] [FILE]"], emulated: ["Pairs of words: the first before the second."], notEmulated: [], examples: ["printf 'a b\\nb c\\n' | tsort"] },
  shorts: "",
  *run(t, _options, operands) {
    const [file = "-", extra] = operands;
    if (extra !== undefined) return yield* t.usage(`extra operand ${quote(extra)}`);
    const input = t.open(file);
    if (typeof input === "string") return yield* t.error(`${quoteName(file)}: ${strerror(input)}`);
    const words = (yield* input.all()).split(/[ \t\n]+/).filter((w) => w !== "");
    if (words.length % 2 === 1) return yield* t.error(`${quoteName(file)}: input contains an odd number of tokens`);
    const items = new Map<Octets, Item>();
    const item = (name: Octets): Item => {
      const known = items.get(name) ?? { name, before: 0, after: [] };
      items.set(name, known);
      return known;
    };
    for (let i = 0; i < words.length; i += 2) {
      const [a, b] = [item(words[i]!), item(words[i + 1]!)];
      if (a === b) continue;
      b.before++;
      a.after.unshift(b);
    }
    let left = [...items.values()].sort((a, b) => compareOctets(a.name, b.name));
    while (left.length > 0) {
      const ready = left.filter((x) => x.before === 0);
      for (let next = ready.shift(); next; next = ready.shift()) {
        yield* t.print(`${next.name}\n`);
        left = left.filter((x) => x !== next);
        for (const x of next.after) if (--x.before === 0) ready.push(x);
      }
      if (left.length === 0) break;
      const loop = loopOf(left);
      yield* t.error(`${quoteName(file)}: input contains a loop:`);
      for (const x of loop) yield* t.warn(textOf(x.name));
      // The loop is cut where it closes.
      const [first, last] = [loop[0]!, loop[loop.length - 1]!];
      last.after.splice(last.after.indexOf(first), 1);
      first.before--;
    }
    return t.status;
  },
});
