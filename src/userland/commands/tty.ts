/** tty: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const tty = defineTool({
  name: "tty",
  man: { summary: "print the file name of the terminal connected to standard input", synopsis: ["tty [OPTION]..."], emulated: ["-s: print nothing, only the exit status"], notEmulated: [] },
  shorts: "s",
  longs: { silent: "s", quiet: "s" },
  usageStatus: 2,
  *run(t, options, operands) {
    if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`, 2);
    const file = t.proc.fds.get(0);
    const name = file?.tty && file.kind === "tty" ? `/dev/${file.tty.name}` : undefined;
    if (options.length === 0) yield* t.say(`${name ?? "not a tty"}\n`);
    return name === undefined ? 1 : 0;
  },
});
