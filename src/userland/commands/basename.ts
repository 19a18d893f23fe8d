/** basename and dirname: coreutils 9.1. */
import { baseName } from "../file-tools.ts";
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

function strip(name: string, suffix: string): string {
  return suffix !== "" && name !== suffix && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
}

export const basename = defineTool({
  name: "basename",
  man: {
    summary: "strip directory and suffix from filenames",
    synopsis: ["basename NAME [SUFFIX]", "basename OPTION... NAME..."],
    emulated: ["-a: each operand is a name", "-s SUFFIX: remove it, implies -a", "-z: lines end in NUL"],
    notEmulated: [],
  },
  shorts: "+as:z",
  longs: { multiple: "a", suffix: "s:", zero: "z" },
  *run(t, options, operands) {
    const many = options.some((o) => o.key === "a" || o.key === "s");
    if (operands.length === 0) return yield* t.usage("missing operand");
    if (!many && operands.length > 2) return yield* t.usage(`extra operand ${quote(operands[2]!)}`);
    const suffix = many ? (options.findLast((o) => o.key === "s")?.value ?? "") : (operands[1] ?? "");
    const end = options.some((o) => o.key === "z") ? "\0" : "\n";
    for (const name of many ? operands : operands.slice(0, 1)) yield* t.say(strip(baseName(name), suffix) + end);
    return 0;
  },
});

/** Everything before the last component; "." when there is nothing. */
function dirOf(path: string): string {
  const bare = path.replace(/\/+$/, "");
  if (bare === "") return path === "" ? "." : "/";
  const slash = bare.lastIndexOf("/");
  if (slash < 0) return ".";
  return bare.slice(0, slash).replace(/\/+$/, "") || "/";
}

export const dirname = defineTool({
  name: "dirname",
  man: {
    summary: "strip last component from file name",
    synopsis: ["dirname [OPTION] NAME..."],
    emulated: ["-z: lines end in NUL"],
    notEmulated: [],
  },
  shorts: "+z",
  longs: { zero: "z" },
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    const end = options.some((o) => o.key === "z") ? "\0" : "\n";
    for (const name of operands) yield* t.say(dirOf(name) + end);
    return 0;
  },
});
