/** link and unlink: coreutils 9.1, one system call each. */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

export const link = defineTool({
  name: "link",
  man: { summary: "call the link function to create a link to a file", synopsis: ["link FILE1 FILE2"], emulated: ["FILE2 becomes another name of FILE1."], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    const [from, to, extra] = operands;
    if (from === undefined) return yield* t.usage("missing operand");
    if (to === undefined) return yield* t.usage(`missing operand after ${quote(from)}`);
    if (extra !== undefined) return yield* t.usage(`extra operand ${quote(extra)}`);
    const made = t.proc.machine.fs.link(from, to);
    return made.ok ? 0 : yield* t.error(`cannot create link ${quoteAlways(to)} to ${quoteAlways(from)}: ${strerror(made.error)}`);
  },
});

export const unlink = defineTool({
  name: "unlink",
  man: { summary: "call the unlink function to remove the specified file", synopsis: ["unlink FILE"], emulated: ["Removes one name."], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    const [name, extra] = operands;
    if (name === undefined) return yield* t.usage("missing operand");
    if (extra !== undefined) return yield* t.usage(`extra operand ${quote(extra)}`);
    const gone = t.proc.machine.fs.unlink(name);
    return gone.ok ? 0 : yield* t.error(`cannot unlink ${quoteAlways(name)}: ${strerror(gone.error)}`);
  },
});
