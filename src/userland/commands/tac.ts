/** tac: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quoteAlways, quoteName } from "../gnu-quote.ts";
import { octets, type Octets } from "../octets.ts";
import { compileRegex } from "../regex.ts";
import { defineTool } from "../tool.ts";

/** Records with the separator at their end (or at their start, -b), last one first. */
function reversed(text: Octets, ends: readonly (readonly [from: number, to: number])[], before: boolean): Octets {
  const cuts = ends.map(([from, to]) => (before ? from : to));
  const pieces: Octets[] = [];
  let at = 0;
  for (const cut of cuts) {
    if (cut > at) pieces.push(text.slice(at, cut));
    at = cut;
  }
  if (at < text.length) pieces.push(text.slice(at));
  return pieces.reverse().join("");
}

export const tac = defineTool({
  name: "tac",
  man: {
    summary: "concatenate and print files in reverse",
    synopsis: ["tac [OPTION]... [FILE]..."],
    emulated: ["-s, --separator=STRING: what separates records, instead of a newline", "-b, --before: it stands before the record", "-r, --regex: it is a regular expression"],
    notEmulated: [],
  },
  shorts: "brs:",
  longs: { before: "b", regex: "r", separator: "s:" },
  *run(t, options, operands) {
    const separator = octets(options.findLast((o) => o.key === "s")?.value ?? "\n") || "\0";
    const compiled = options.some((o) => o.key === "r") ? compileRegex(separator, { syntax: "sed-bre", multiline: true }) : undefined;
    if (compiled && !compiled.ok) return yield* t.error(compiled.error);
    const next = (text: Octets, from: number): readonly number[] | undefined => {
      if (compiled?.ok) return compiled.value.exec(text, from);
      const at = text.indexOf(separator, from);
      return at < 0 ? undefined : [at, at + separator.length];
    };
    for (const name of operands.length > 0 ? operands : ["-"]) {
      const input = t.open(name);
      if (typeof input === "string") {
        yield* t.error(`failed to open ${quoteAlways(name)} for reading: ${strerror(input)}`);
        continue;
      }
      const text = yield* input.all();
      if (input.error) yield* t.error(`${quoteName(name)}: read error: ${strerror(input.error === "EISDIR" ? "EINVAL" : input.error)}`);
      const ends: [number, number][] = [];
      for (let m = next(text, 0); m; m = m[1]! > m[0]! ? next(text, m[1]!) : undefined) ends.push([m[0]!, m[1]!]);
      yield* t.print(reversed(text, ends, options.some((o) => o.key === "b")));
      input.close();
    }
    return t.status;
  },
});
