/** env: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { exec, lookUp } from "../exec.ts";
import { quote } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

/** -S: words as a #! line has them, with quotes and ${VAR}. */
function splitWords(text: string, env: ReadonlyMap<string, string>): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoteMark = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    const variable = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}/.exec(text.slice(i));
    if (c === quoteMark) quoteMark = "";
    else if (quoteMark === "" && (c === "'" || c === '"')) {
      quoteMark = c;
      word ??= "";
    } else if (variable && quoteMark !== "'") {
      word = (word ?? "") + (env.get(variable[1]!) ?? "");
      i += variable[0].length - 1;
    } else if (c === "\\" && quoteMark !== "'" && i + 1 < text.length) word = (word ?? "") + text[++i]!;
    else if (quoteMark === "" && (c === " " || c === "\t" || c === "\n")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + c;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function* show(t: Tool, env: ReadonlyMap<string, string>, end: string): Run<number> {
  for (const [name, value] of env) yield* t.say(`${name}=${value}${end}`);
  return 0;
}

export const env = defineTool({
  name: "env",
  man: {
    summary: "run a program in a modified environment",
    synopsis: ["env [OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]"],
    emulated: ["-i, --ignore-environment: start with an empty environment", "-u, --unset: remove a variable", "-0, --null: end lines with NUL", "-C, --chdir", "-S, --split-string"],
    notEmulated: ["--block-signal, --default-signal, --ignore-signal, --list-signal-handling"],
    examples: ["env LANG=C ls", "env -i sh -c env"],
  },
  shorts: "+iu:0C:S:v",
  longs: {
    "ignore-environment": "i", unset: "u:", null: "0", chdir: "C:", "split-string": "S:", debug: "v", "block-signal": "signal::", "default-signal": "signal::", "ignore-signal": "signal::", "list-signal-handling": "signal",
  },
  refused: ["signal"],
  usageStatus: 125,
  *run(t, options, operands) {
    const { proc } = t;
    const made = new Map(options.some((o) => o.key === "i") || operands[0] === "-" ? [] : proc.env);
    let words = operands[0] === "-" ? operands.slice(1) : [...operands];
    for (const o of options) {
      if (o.key === "u") made.delete(o.value!);
      else if (o.key === "S") words = [...splitWords(o.value!, proc.env), ...words];
    }
    while (words[0] !== undefined && words[0].indexOf("=") > 0) {
      const at = words[0].indexOf("=");
      made.set(words[0].slice(0, at), words[0].slice(at + 1));
      words = words.slice(1);
    }
    const end = options.some((o) => o.key === "0") ? "\0" : "\n";
    const dir = options.findLast((o) => o.key === "C")?.value;
    if (words.length === 0) {
      if (dir !== undefined) return yield* t.usage("must specify command with --chdir (-C)", 125);
      return yield* show(t, made, end);
    }
    if (end === "\0") return yield* t.usage("cannot specify --null (-0) with command", 125);
    if (dir !== undefined) {
      const found = proc.machine.fs.realpath(dir);
      const inode = found.ok ? proc.machine.fs.stat(found.value) : found;
      if (!found.ok || !inode.ok || inode.value.type !== "dir") return yield* t.error(`cannot change directory to ${quote(dir)}: ${strerror(found.ok ? "ENOTDIR" : found.error)}`, 125);
      proc.cwd = found.value;
    }
    const image = lookUp(proc, words, made.get("PATH"));
    if (typeof image === "string") return yield* t.error(`${quote(words[0]!)}: ${strerror(image)}`, image === "ENOENT" ? 127 : 126);
    return yield* exec(proc, image, made);
  },
});
