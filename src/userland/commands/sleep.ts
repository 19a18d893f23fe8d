/** sleep: coreutils 9.1. */
import { parseDuration } from "../duration.ts";
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const sleep = defineTool({
  name: "sleep",
  man: {
    summary: "delay for a specified amount of time",
    synopsis: ["sleep NUMBER[SUFFIX]...", "sleep OPTION"],
    emulated: ["NUMBER with a fraction and with s, m, h or d; several are added up.", "The time is the lab's: it passes as fast as the lab runs."],
    notEmulated: [],
    examples: ["sleep 0.5", "sleep 1m"],
  },
  shorts: "",
  *run(t, _options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    let total = 0;
    for (const text of operands) {
      const part = parseDuration(text);
      if (part === undefined) return yield* t.usage(`invalid time interval ${quote(text)}`);
      total += part;
    }
    const until = t.proc.now + total;
    // Virtual time has an end (2^53 ns): a longer sleep waits for a signal only.
    while (t.proc.now < until) yield until > Number.MAX_SAFE_INTEGER ? {} : { until };
    return 0;
  },
});
