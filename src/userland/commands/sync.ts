/** sync: coreutils 9.1. Files of a lab lie in memory: there is nothing to write back. */
import { strerror } from "../../kernel/errno.ts";
import { quoteAlways } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const sync = defineTool({
  name: "sync",
  man: { summary: "synchronize cached writes to persistent storage", synopsis: ["sync [OPTION] [FILE]..."], emulated: ["There is nothing to synchronize; files that are not there are complained of."], notEmulated: [] },
  shorts: "df",
  longs: { data: "d", "file-system": "f" },
  *run(t, options, operands) {
    if (operands.length === 0 && options.some((o) => o.key === "d")) return yield* t.usage("--data needs at least one argument");
    for (const name of operands) {
      const found = t.proc.machine.fs.stat(name);
      if (!found.ok) yield* t.error(`error opening ${quoteAlways(name)}: ${strerror(found.error)}`);
    }
    return t.status;
  },
});
