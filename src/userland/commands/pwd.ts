/** pwd, the program: coreutils 9.1. The shells have their own. */
import { defineTool } from "../tool.ts";

export const pwd = defineTool({
  name: "pwd",
  man: { summary: "print name of current/working directory", synopsis: ["pwd [OPTION]..."], emulated: ["-L: PWD from the environment when it leads here; -P: without symbolic links, as by itself"], notEmulated: [] },
  shorts: "LP",
  longs: { logical: "L", physical: "P" },
  *run(t, options, operands) {
    const { proc } = t;
    if (operands.length > 0) yield* t.warn("ignoring non-option arguments");
    const { fs } = proc.machine;
    const here = fs.realpath(".");
    const named = proc.env.get("PWD");
    const logical = options[options.length - 1]?.key === "L" && named !== undefined && /^\/(?!.*(^|\/)\.\.?(\/|$))/.test(named);
    const same = logical ? fs.realpath(named) : undefined;
    yield* t.say(`${same?.ok && here.ok && same.value === here.value ? named! : here.ok ? here.value : proc.cwd}\n`);
    return 0;
  },
});
