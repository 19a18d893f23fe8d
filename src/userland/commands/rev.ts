/** rev: util-linux 2.38. */
import { strerror } from "../../kernel/errno.ts";
import { splitChars } from "../octets.ts";
import { defineTool } from "../tool.ts";

export const rev = defineTool({
  name: "rev",
  man: { summary: "reverse lines characterwise", synopsis: ["rev [options] [<file> ...]"], emulated: ["each line back to front"], notEmulated: ["-0"] },
  shorts: "hV0",
  longs: { zero: "0" },
  refused: ["0"],
  suite: "util-linux",
  version: "2.38.1",
  *run(t, _options, operands) {
    for (const name of operands.length > 0 ? operands : [undefined]) {
      const input = name === undefined ? t.open("-") : t.openExactly(name);
      if (typeof input === "string") {
        yield* t.error(`cannot open ${name}: ${strerror(input)}`);
        continue;
      }
      let lines = 0;
      for (let line = yield* input.line(); line; line = yield* input.line()) {
        yield* t.print(splitChars(line.text).reverse().join("") + (line.ended ? "\n" : ""));
        lines++;
      }
      if (input.error) yield* t.error(`${name ?? "stdin"}: ${lines}: ${strerror(input.error)}`);
      input.close();
    }
    return t.status;
  },
});
