/** printenv: coreutils 9.1. */
import { defineTool } from "../tool.ts";

export const printenv = defineTool({
  name: "printenv",
  man: {
    summary: "print all or part of environment",
    synopsis: ["printenv [OPTION]... [VARIABLE]..."],
    emulated: ["-0, --null: end lines with NUL"],
    notEmulated: [],
  },
  shorts: "+0",
  longs: { null: "0" },
  usageStatus: 2,
  *run(t, options, operands) {
    const end = options.length > 0 ? "\0" : "\n";
    if (operands.length === 0) for (const [name, value] of t.proc.env) yield* t.say(`${name}=${value}${end}`);
    let missing = false;
    for (const name of operands) {
      const value = name.includes("=") ? undefined : t.proc.env.get(name);
      if (value === undefined) missing = true;
      else yield* t.say(value + end);
    }
    return missing ? 1 : 0;
  },
});
