/** arch: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const arch = defineTool({
  name: "arch",
  man: { summary: "print machine hardware name (same as uname -m)", synopsis: ["arch [OPTION]..."], emulated: ["x86_64"], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`);
    yield* t.print("x86_64\n");
    return 0;
  },
});
