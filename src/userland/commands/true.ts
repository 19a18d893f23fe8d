/** true and false: coreutils 9.1. Arguments mean nothing, but for a single --help or --version. */
import { type Command, defineCommand, type ManPage } from "../command.ts";
import { helpText, Tool } from "../tool.ts";

function constant(name: string, status: number, man: ManPage): Command {
  return defineCommand({
    name,
    man,
    *run(proc, args) {
      const t = new Tool(proc);
      if (args.length === 1 && args[0] === "--help") yield* t.say(helpText(man));
      if (args.length === 1 && args[0] === "--version") yield* t.say(`${name} (GNU coreutils) 9.1\n`);
      return yield* t.finish(status);
    },
  });
}

export const trueCommand = constant("true", 0, {
  summary: "do nothing, successfully",
  synopsis: ["true [ignored command line arguments]"],
  emulated: ["exits with status 0"],
  notEmulated: [],
});

export const falseCommand = constant("false", 1, {
  summary: "do nothing, unsuccessfully",
  synopsis: ["false [ignored command line arguments]"],
  emulated: ["exits with status 1"],
  notEmulated: [],
});
