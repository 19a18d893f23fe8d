/** mkdir and rmdir: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { applyMode, parseMode } from "../file-mode.ts";
import { isDirectory } from "../file-tools.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

function* make(t: Tool, path: string, mode: number | undefined, verbose: boolean): Run<boolean> {
  const made = t.proc.machine.fs.mkdir(path);
  if (!made.ok) {
    yield* t.error(`cannot create directory ${quote(path)}: ${strerror(made.error)}`);
    return false;
  }
  const inode = t.proc.machine.fs.stat(path);
  if (mode !== undefined && inode.ok) inode.value.mode = mode;
  if (verbose) yield* t.say(`${t.name}: created directory ${quoteAlways(path)}\n`);
  return true;
}

/** Each directory on the way that is not there; the mode is for the last one. */
function* makeParents(t: Tool, path: string, mode: number | undefined, verbose: boolean): Run<void> {
  const parts = path.replace(/(?<=[^/])\/+$/, "").split("/");
  for (let i = 1; i <= parts.length; i++) {
    const here = parts.slice(0, i).join("/");
    if (here === "" || parts[i - 1] === "" || isDirectory(t.proc, here)) continue;
    const there = t.proc.machine.fs.stat(here);
    if (there.ok) {
      yield* t.error(`cannot create directory ${quote(here)}: ${i === parts.length ? "File exists" : "Not a directory"}`);
      return;
    }
    if (!(yield* make(t, here, i === parts.length ? mode : undefined, verbose))) return;
  }
}

export const mkdir = defineTool({
  name: "mkdir",
  man: {
    summary: "make directories",
    synopsis: ["mkdir [OPTION]... DIRECTORY..."],
    emulated: ["-p: parents too, and no error when it is there", "-m MODE: as in chmod", "-v: says what it makes"],
    notEmulated: ["-Z, --context (SELinux)"],
  },
  shorts: "pm:vZ",
  longs: { mode: "m:", parents: "p", verbose: "v", context: "Z::" },
  refused: ["Z"],
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const text = options.findLast((o) => o.key === "m")?.value;
    const change = text === undefined ? undefined : parseMode(text);
    if (text !== undefined && !change) return yield* t.error(`invalid mode ${quote(text)}`);
    const mode = change && applyMode(change, 0o777, true, t.proc.umask);
    for (const path of operands) {
      if (has("p") && path !== "") yield* makeParents(t, path, mode, has("v"));
      else yield* make(t, path, mode, has("v"));
    }
    return t.status;
  },
});

export const rmdir = defineTool({
  name: "rmdir",
  man: {
    summary: "remove empty directories",
    synopsis: ["rmdir [OPTION]... DIRECTORY..."],
    emulated: ["-p: its parents as well", "-v", "--ignore-fail-on-non-empty"],
    notEmulated: [],
  },
  shorts: "pv",
  longs: { "ignore-fail-on-non-empty": "ignore", parents: "p", verbose: "v" },
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    const has = (key: string): boolean => options.some((o) => o.key === key);
    for (const path of operands) {
      const bare = path.replace(/(?<=.)\/+$/, "");
      for (let p = bare, first = true; ; first = false) {
        if (has("v")) yield* t.say(`${t.name}: removing directory, ${quoteAlways(first ? path : p)}\n`);
        const gone = t.proc.machine.fs.rmdir(p);
        if (!gone.ok) {
          if (has("ignore") && gone.error === "ENOTEMPTY") break;
          yield* t.error(`failed to remove ${first ? "" : "directory "}${quoteAlways(first ? path : p)}: ${strerror(gone.error)}`);
          break;
        }
        if (!has("p") || !p.includes("/")) break;
        p = p.slice(0, p.lastIndexOf("/")).replace(/\/+$/, "");
        if (p === "") break;
      }
    }
    return t.status;
  },
});
