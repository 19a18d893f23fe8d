/** nice: coreutils 9.1. There is one processor's worth of virtual time and no scheduling to be nice in: the number is kept, nothing else. */
import { strerror } from "../../kernel/errno.ts";
import { exec, lookUp } from "../exec.ts";
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const nice = defineTool({
  name: "nice",
  man: {
    summary: "run a program with modified scheduling priority",
    synopsis: ["nice [OPTION] [COMMAND [ARG]...]"],
    emulated: ["-n, --adjustment: remembered and shown by a nested nice."],
    notEmulated: ["Priorities change nothing: all programs of a lab get their turn at once."],
  },
  shorts: "+n:",
  longs: { adjustment: "n:" },
  usageStatus: 125,
  adapt: (args) => (/^-[-+]?[0-9]+$/.test(args[0] ?? "") ? ["-n", args[0]!.slice(1), ...args.slice(1)] : args),
  *run(t, options, operands) {
    const given = options.findLast((o) => o.key === "n")?.value;
    if (given !== undefined && !/^[-+]?[0-9]+$/.test(given)) return yield* t.error(`invalid adjustment ${quote(given)}`, 125);
    if (operands.length === 0) {
      if (given !== undefined) return yield* t.usage("a command must be given with an adjustment", 125);
      yield* t.print(`${t.proc.nice}\n`);
      return 0;
    }
    t.proc.nice = Math.max(-20, Math.min(19, t.proc.nice + Number(given ?? "10")));
    const image = lookUp(t.proc, operands);
    if (typeof image === "string") return yield* t.error(`${quote(operands[0]!)}: ${strerror(image)}`, image === "ENOENT" ? 127 : 126);
    return yield* exec(t.proc, image);
  },
});
