/** nproc: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const nproc = defineTool({
  name: "nproc",
  man: { summary: "print the number of processing units available", synopsis: ["nproc [OPTION]..."], emulated: ["A machine has one processor.", "--all, --ignore=N"], notEmulated: [] },
  shorts: "",
  longs: { all: "all", ignore: "ignore:" },
  *run(t, options, operands) {
    if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`);
    const ignored = options.findLast((o) => o.key === "ignore")?.value;
    if (ignored !== undefined && !/^[0-9]+$/.test(ignored)) return yield* t.error(`${quote(ignored)}: invalid number`);
    yield* t.print("1\n");
    return 0;
  },
});
