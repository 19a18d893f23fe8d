/** yes: coreutils 9.1. */
import { octets } from "../octets.ts";
import { defineTool } from "../tool.ts";

export const yes = defineTool({
  name: "yes",
  man: {
    summary: "output a string repeatedly until killed",
    synopsis: ["yes [STRING]..."],
    emulated: ["prints its arguments, or y, for ever; a pipe that nobody reads ends it"],
    notEmulated: [],
    examples: ["yes | head -3"],
  },
  shorts: "+",
  *run(t, _options, operands) {
    const line = octets(`${operands.length > 0 ? operands.join(" ") : "y"}\n`);
    const block = line.repeat(Math.max(1, Math.floor(4096 / line.length)));
    while (!t.out.error) {
      yield* t.print(block);
      yield* t.out.flush();
    }
    // gnulib: close_stdout is not what reports here.
    yield* t.error(`standard output: ${t.out.error === "ENOSPC" ? "No space left on device" : "Broken pipe"}`);
    t.out.error = undefined;
    return 1;
  },
});
