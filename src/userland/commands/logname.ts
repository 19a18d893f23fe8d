/** logname: coreutils 9.1. Nobody logs in with a name here, so there is none to tell. */
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const logname = defineTool({
  name: "logname",
  man: { summary: "print user's login name", synopsis: ["logname [OPTION]"], emulated: ["There is no login record on these machines: it always says so."], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    if (operands.length > 0) return yield* t.usage(`extra operand ${quote(operands[0]!)}`);
    return yield* t.error("no login name");
  },
});
