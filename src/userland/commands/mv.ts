/** mv: coreutils 9.1. A machine has one file system, so a move is a rename. */
import { strerror } from "../../kernel/errno.ts";
import { ask, lstat } from "../file-tools.ts";
import type { Inode } from "../fs.ts";
import { quoteAlways } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { destinations } from "./cp.ts";

interface Settings {
  existing: "replace" | "keep" | "ask";
  update: boolean;
  verbose: boolean;
  backup: boolean;
}

/** What stands in the way; false: the move is off, and was spoken of. */
function* mayReplace(t: Tool, from: string, to: string, source: Inode, target: Inode, s: Settings): Run<boolean> {
  if (source === target && source.type !== "dir" && source.nlink === 1) {
    yield* t.error(`${quoteAlways(from)} and ${quoteAlways(to)} are the same file`);
    return false;
  }
  if (s.existing === "keep" || (s.update && source.mtime <= target.mtime)) return false;
  if (s.existing === "ask" && !(yield* ask(t, `overwrite ${quoteAlways(to)}? `))) return false;
  if (source.type === "dir" && target.type !== "dir") {
    yield* t.error(`cannot overwrite non-directory ${quoteAlways(to)} with directory ${quoteAlways(from)}`);
    return false;
  }
  if (source.type !== "dir" && target.type === "dir") {
    yield* t.error(`cannot overwrite directory ${quoteAlways(to)} with non-directory`);
    return false;
  }
  return true;
}

function* move(t: Tool, from: string, to: string, s: Settings): Run<void> {
  const source = lstat(t.proc, from);
  if (!source.ok) return void (yield* t.error(`cannot stat ${quoteAlways(from)}: ${strerror(source.error)}`));
  const target = lstat(t.proc, to);
  if (target.ok && source.value === target.value && source.value.type === "dir") return void (yield* t.error(`${quoteAlways(from)} and ${quoteAlways(to)} are the same file`));
  if (target.ok && !(yield* mayReplace(t, from, to, source.value, target.value, s))) return;
  if (target.ok && s.backup) t.proc.machine.fs.rename(to, `${to}~`);
  const wrongSlash = to.endsWith("/") && source.value.type !== "dir" && !target.ok;
  const moved = wrongSlash ? ({ ok: false, error: "ENOTDIR" } as const) : t.proc.machine.fs.rename(from, to.replace(/(?<=.)\/+$/, ""));
  if (moved.ok) {
    if (s.verbose) yield* t.say(`renamed ${quoteAlways(from)} -> ${quoteAlways(to)}\n`);
  } else if (moved.error === "EINVAL") yield* t.error(`cannot move ${quoteAlways(from)} to a subdirectory of itself, ${quoteAlways(to)}`);
  else yield* t.error(`cannot move ${quoteAlways(from)} to ${quoteAlways(to)}: ${strerror(moved.error)}`);
}

export const mv = defineTool({
  name: "mv",
  man: {
    summary: "move (rename) files",
    synopsis: ["mv [OPTION]... [-T] SOURCE DEST", "mv [OPTION]... SOURCE... DIRECTORY", "mv [OPTION]... -t DIRECTORY SOURCE..."],
    emulated: ["-n, -i, -f, -u, -b: what to do with a file that is there", "-t DIRECTORY, -T, -v"],
    notEmulated: ["-S, -Z, --strip-trailing-slashes"],
  },
  shorts: "bfint:uvS:TZ",
  longs: { backup: "b::", force: "f", interactive: "i", "no-clobber": "n", "no-target-directory": "T", "strip-trailing-slashes": "strip", suffix: "S:", "target-directory": "t:", update: "u", verbose: "v", context: "Z" },
  refused: ["S", "Z", "strip"],
  *run(t, options, operands) {
    const s: Settings = { existing: "replace", update: false, verbose: false, backup: false };
    for (const { key } of options) {
      if (key === "n") s.existing = "keep";
      if (key === "i") s.existing = "ask";
      if (key === "f") s.existing = "replace";
      if (key === "u") s.update = true;
      if (key === "v") s.verbose = true;
      if (key === "b") s.backup = true;
    }
    const plan = yield* destinations(t, options, operands);
    if (typeof plan === "number") return plan;
    for (const { from, to } of plan) yield* move(t, from, to, s);
    return t.status;
  },
});
