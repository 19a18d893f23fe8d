/** cmp: diffutils 3.8. */
import { strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import { quoteName } from "../gnu-quote.ts";
import { parseSize } from "../numbers.ts";
import type { Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { helpText, type Input, Tool } from "../tool.ts";
import { visible } from "./cat.ts";

const man = {
  summary: "compare two files byte by byte",
  synopsis: ["cmp [OPTION]... FILE1 [FILE2 [SKIP1 [SKIP2]]]"],
  emulated: ["-b: print the octets that differ; -l: all of them; -s: nothing", "-i SKIP, -n LIMIT"],
  notEmulated: [],
};

function* usage(t: Tool, text: string): Run<number> {
  yield* t.warn(text);
  return yield* t.error(`Try '${t.name} --help' for more information.`, 2);
}

interface Settings {
  bytes: boolean;
  list: boolean;
  silent: boolean;
}

const octal = (c: string): string => c.charCodeAt(0).toString(8).padStart(3);

function* report(t: Tool, names: readonly [string, string], a: Octets, b: Octets, s: Settings): Run<number> {
  const length = Math.min(a.length, b.length);
  let different = false;
  let line = 1;
  let lineOfEnd = 0;
  const width = String(length).length;
  for (let i = 0; i < length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x !== y) {
      different = true;
      if (s.silent) return 1;
      const shown = (c: string): string => visible(c.charCodeAt(0), true);
      if (!s.list) {
        const bytes = s.bytes ? ` is ${octal(x)} ${shown(x)} ${octal(y)} ${shown(y)}` : "";
        yield* t.say(`${names[0]} ${names[1]} differ: byte ${i + 1}, line ${line}${bytes}\n`);
        return 1;
      }
      const bytes = s.bytes ? `${octal(x)} ${shown(x).padEnd(4)} ${octal(y)} ${shown(y)}` : `${octal(x)} ${octal(y)}`;
      yield* t.say(`${String(i + 1).padStart(width)} ${bytes}\n`);
    }
    if (x === "\n") {
      line++;
      lineOfEnd = i + 1;
    }
  }
  if (a.length === b.length) return different ? 1 : 0;
  if (!s.silent) yield* endOf(t, a.length < b.length ? names[0] : names[1], length, line, lineOfEnd === length, s.list);
  return 1;
}

function* endOf(t: Tool, name: string, length: number, line: number, atLineEnd: boolean, list: boolean): Run<void> {
  const where = list ? "" : atLineEnd ? `, line ${line - 1}` : `, in line ${line}`;
  yield* t.warn(length === 0 ? `EOF on ${name} which is empty` : `EOF on ${name} after byte ${length}${where}`);
}

function* cmpMain(t: Tool, args: readonly string[]): Run<number> {
  const { options, operands, error } = getopt(args, "bci:ln:sv", { "print-bytes": "b", "ignore-initial": "i:", verbose: "l", bytes: "n:", silent: "s", quiet: "s", version: "v", help: "help" });
  const s: Settings = { bytes: false, list: false, silent: false };
  const skip: [number, number] = [0, 0];
  let limit = Infinity;
  for (const { key, value } of options) {
    if (key === "help" || key === "v") {
      yield* t.say(key === "v" ? "cmp (GNU diffutils) 3.8\n" : helpText(man));
      return 0;
    }
    if (key === "b" || key === "c") s.bytes = true;
    if (key === "l") s.list = true;
    if (key === "s") s.silent = true;
    if (key === "i") {
      const [first, second] = value!.split(":") as [string, string | undefined];
      const [a, b] = [parseSize(first, "kKMGTPEZY0"), parseSize(second ?? first, "kKMGTPEZY0")];
      if (a === undefined || b === undefined) return yield* usage(t, `invalid --ignore-initial value '${value}'`);
      skip[0] = a;
      skip[1] = b;
    }
    if (key === "n") {
      const n = parseSize(value!, "kKMGTPEZY0");
      if (n === undefined) return yield* usage(t, `invalid --bytes value '${value}'`);
      limit = n;
    }
  }
  if (error !== undefined) return yield* usage(t, error);
  if (s.list && s.silent) return yield* usage(t, "options -l and -s are incompatible");
  if (operands.length === 0) return yield* usage(t, `missing operand after '${args[args.length - 1] ?? t.name}'`);
  for (const [i, text] of operands.slice(2, 4).entries()) {
    const n = parseSize(text, "kKMGTPEZY0");
    if (n === undefined) return yield* usage(t, `invalid --ignore-initial value '${text}'`);
    skip[i as 0 | 1] = n;
  }
  if (operands.length > 4) return yield* usage(t, `extra operand '${operands[4]}'`);
  const names: [string, string] = [operands[0]!, operands[1] ?? "-"];
  const texts: Octets[] = [];
  for (const [i, name] of names.entries()) {
    const input: Input | string = t.open(name);
    const text = typeof input === "string" ? "" : yield* input.all();
    const failed = typeof input === "string" ? input : input.error;
    if (failed) {
      if (!s.silent) yield* t.error(`${quoteName(name)}: ${strerror(failed as "ENOENT")}`, 2);
      return 2;
    }
    texts.push(text.slice(skip[i as 0 | 1], limit === Infinity ? undefined : skip[i as 0 | 1] + limit));
  }
  return yield* report(t, names, texts[0]!, texts[1]!, s);
}

export const cmp = defineCommand({
  name: "cmp",
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    return yield* t.finish(yield* cmpMain(t, args));
  },
});
