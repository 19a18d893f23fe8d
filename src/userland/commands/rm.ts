/** rm: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import type { Inode } from "../fs.ts";
import { choose } from "../getopt-choice.ts";
import { baseName, ask, directoryOrder, joinPath, lstat, typeName } from "../file-tools.ts";
import { quoteAlways } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

interface Settings {
  recursive: boolean;
  emptyDirs: boolean;
  force: boolean;
  ask: "never" | "once" | "always";
  verbose: boolean;
  preserveRoot: boolean;
}

/** @returns whether it is gone. */
function* remove(t: Tool, path: string, s: Settings): Run<boolean> {
  const found = lstat(t.proc, path);
  if (!found.ok) {
    if (!(s.force && (found.error === "ENOENT" || found.error === "ENOTDIR"))) yield* t.error(`cannot remove ${quoteAlways(path)}: ${strerror(found.error)}`);
    return false;
  }
  if (found.value.type === "dir") return yield* removeDirectory(t, path, s, found.value);
  if (s.ask === "always" && !(yield* ask(t, `remove ${typeName(found.value)} ${quoteAlways(path)}? `))) return false;
  const gone = t.proc.machine.fs.unlink(path);
  if (!gone.ok) yield* t.error(`cannot remove ${quoteAlways(path)}: ${strerror(gone.error)}`);
  else if (s.verbose) yield* t.say(`removed ${quoteAlways(path)}\n`);
  return gone.ok;
}

function* removeDirectory(t: Tool, path: string, s: Settings, dir: Inode): Run<boolean> {
  const names = directoryOrder(t.proc, path);
  if (!s.recursive && !(s.emptyDirs && names.length === 0)) {
    yield* t.error(`cannot remove ${quoteAlways(path)}: ${s.emptyDirs ? "Directory not empty" : "Is a directory"}`);
    return false;
  }
  if (names.length > 0 && s.ask === "always" && !(yield* ask(t, `descend into directory ${quoteAlways(path)}? `))) return false;
  let all = true;
  for (const name of names) if (!(yield* remove(t, joinPath(path, name), s))) all = false;
  if (!all && s.ask !== "always") return false;
  if (s.ask === "always" && !(yield* ask(t, `remove ${typeName(dir)} ${quoteAlways(path)}? `))) return false;
  const gone = t.proc.machine.fs.rmdir(path);
  if (!gone.ok) yield* t.error(`cannot remove ${quoteAlways(path)}: ${strerror(gone.error)}`);
  else if (s.verbose) yield* t.say(`removed directory ${quoteAlways(path)}\n`);
  return gone.ok;
}

function* guarded(t: Tool, path: string, s: Settings): Run<boolean> {
  const last = baseName(path);
  if (s.recursive && (last === "." || last === "..")) {
    yield* t.error(`refusing to remove '.' or '..' directory: skipping ${quoteAlways(path)}`);
    return true;
  }
  const found = lstat(t.proc, path);
  if (!s.recursive || !s.preserveRoot || !found.ok || found.value.ino !== 1) return false;
  yield* t.error(`it is dangerous to operate recursively on ${quoteAlways(path)}${path === "/" ? "" : " (same as '/')"}\n${t.name}: use --no-preserve-root to override this failsafe`);
  return true;
}

export const rm = defineTool({
  name: "rm",
  man: {
    summary: "remove files or directories",
    synopsis: ["rm [OPTION]... [FILE]..."],
    emulated: ["-r, -R: directories and what is in them", "-f: no questions, no error for what is not there", "-i, -I, --interactive[=WHEN]: asks", "-d: empty directories", "-v", "--no-preserve-root"],
    notEmulated: ["--one-file-system"],
  },
  shorts: "dfirvIR",
  longs: { dir: "d", force: "f", interactive: "interactive::", "one-file-system": "one", "no-preserve-root": "no-root", "preserve-root": "root::", recursive: "r", verbose: "v" },
  refused: ["one"],
  *run(t, options, operands) {
    const s: Settings = { recursive: false, emptyDirs: false, force: false, ask: "never", verbose: false, preserveRoot: true };
    for (const { key, value } of options) {
      if (key === "r" || key === "R") s.recursive = true;
      if (key === "d") s.emptyDirs = true;
      if (key === "v") s.verbose = true;
      if (key === "f") [s.force, s.ask] = [true, "never"];
      if (key === "i") [s.force, s.ask] = [false, "always"];
      if (key === "I") [s.force, s.ask] = [false, "once"];
      if (key === "no-root") s.preserveRoot = false;
      if (key === "interactive") {
        const chosen = choose("--interactive", value ?? "always", [["never", "no", "none"], ["once"], ["always", "yes"]]);
        if (!chosen.ok) return yield* t.usage(chosen.error);
        [s.force, s.ask] = [false, chosen.value as "never"];
      }
    }
    if (operands.length === 0) return s.force ? 0 : yield* t.usage("missing operand");
    if (s.ask === "once" && (operands.length > 3 || s.recursive)) {
      const n = operands.length;
      if (!(yield* ask(t, `remove ${n} argument${n === 1 ? "" : "s"}${s.recursive ? " recursively" : ""}? `))) return 0;
    }
    for (const path of operands) if (!(yield* guarded(t, path, s))) yield* remove(t, path, s);
    return t.status;
  },
});
