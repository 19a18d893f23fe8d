/** whoami: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";
import { userName } from "../users.ts";

export const whoami = defineTool({
  name: "whoami",
  man: { summary: "print effective user name", synopsis: ["whoami [OPTION]..."], emulated: ["The name of the effective user."], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`);
    const name = userName(t.proc, t.proc.uid);
    if (name === undefined) return yield* t.error(`cannot find name for user ID ${t.proc.uid}: No such file or directory`);
    yield* t.say(`${name}\n`);
    return 0;
  },
});
