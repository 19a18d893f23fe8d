/** ln: coreutils 9.1. */
import { type Errno, strerror } from "../../kernel/errno.ts";
import { ask, baseName, isDirectory, joinPath, lstat, stat } from "../file-tools.ts";
import { resolvePath } from "../fs.ts";
import { quoteAlways, quoteName } from "../gnu-quote.ts";
import type { Process, Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";

interface Settings {
  symbolic: boolean;
  force: boolean;
  interactive: boolean;
  verbose: boolean;
  backup: boolean;
  relative: boolean;
}

/** `target` as seen from the directory of `link`. */
export function relativeTo(proc: Process, target: string, link: string): string {
  const from = resolvePath(proc.cwd, link).split("/").slice(1, -1);
  const to = resolvePath(proc.cwd, target).split("/").slice(1).filter((p) => p !== "");
  let same = 0;
  while (same < from.length && same < to.length && from[same] === to[same]) same++;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/") || ".";
}

function* makeLink(t: Tool, target: string, link: string, s: Settings): Run<void> {
  const { fs } = t.proc.machine;
  if (!s.symbolic) {
    const source = lstat(t.proc, target);
    if (!source.ok) return void (yield* t.error(`failed to access ${quoteAlways(target)}: ${strerror(source.error)}`));
    if (source.value.type === "dir") return void (yield* t.error(`${quoteName(target)}: hard link not allowed for directory`));
  }
  const there = lstat(t.proc, link);
  if (there.ok && (s.force || s.interactive || s.backup)) {
    if (there.value.type === "dir") return void (yield* t.error(`${quoteName(link)}: cannot overwrite directory`));
    const source = stat(t.proc, target);
    if (!s.symbolic && source.ok && source.value === there.value) return void (yield* t.error(`${quoteAlways(target)} and ${quoteAlways(link)} are the same file`));
    if (s.interactive && !(yield* ask(t, `replace ${quoteAlways(link)}? `))) return;
    if (s.backup) fs.rename(link, `${link}~`);
    else fs.unlink(link);
  }
  const made = s.symbolic ? fs.symlink(s.relative ? relativeTo(t.proc, target, link) : target, link) : fs.link(target, link);
  if (!made.ok) yield* t.error(`failed to create ${s.symbolic ? "symbolic" : "hard"} link ${quoteAlways(link)}${linkArrow(made.error, target, s)}: ${strerror(made.error)}`);
  else if (s.verbose) yield* t.say(`${quoteAlways(link)} ${s.symbolic ? "->" : "=>"} ${quoteAlways(target)}\n`);
}

/** coreutils names both ends of a hard link when what is wrong may lie at either. */
function linkArrow(error: Errno, target: string, s: Settings): string {
  return s.symbolic || error === "EEXIST" || error === "EMFILE" || error === "ENOSPC" || error === "EROFS" ? "" : ` => ${quoteAlways(target)}`;
}

export const ln = defineTool({
  name: "ln",
  man: {
    summary: "make links between files",
    synopsis: ["ln [OPTION]... [-T] TARGET LINK_NAME", "ln [OPTION]... TARGET", "ln [OPTION]... TARGET... DIRECTORY", "ln [OPTION]... -t DIRECTORY TARGET..."],
    emulated: ["-s: symbolic links", "-f, -i, -b: what to do with a name that is there", "-n, -T: a link to a directory, a directory is not entered", "-r: relative; -t DIRECTORY; -v"],
    notEmulated: ["-S, -L, -P, --backup=CONTROL"],
  },
  shorts: "bdfinrst:vFLPS:T",
  longs: { backup: "b::", directory: "d", "no-dereference": "n", "no-target-directory": "T", force: "f", interactive: "i", suffix: "S:", "target-directory": "t:", logical: "L", physical: "P", relative: "r", symbolic: "s", verbose: "v" },
  refused: ["S", "L", "P", "d", "F"],
  *run(t, options, operands) {
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const s: Settings = { symbolic: has("s"), force: has("f"), interactive: has("i"), verbose: has("v"), backup: has("b"), relative: has("r") };
    if (operands.length === 0) return yield* t.usage("missing file operand");
    const into = options.findLast((o) => o.key === "t")?.value;
    if (has("T")) {
      if (operands.length === 1) return yield* t.usage(`missing destination file operand after ${quoteAlways(operands[0]!)}`);
      if (operands.length > 2) return yield* t.usage(`extra operand ${quoteAlways(operands[2]!)}`);
    }
    const last = operands[operands.length - 1]!;
    const entered = (path: string): boolean => isDirectory(t.proc, path) && !(has("n") && isLink(t.proc, path));
    if (into !== undefined || (!has("T") && (operands.length > 2 || (operands.length === 2 && entered(last))))) {
      const dir = into ?? last;
      if (!isDirectory(t.proc, dir)) return yield* t.error(`${into !== undefined && !stat(t.proc, dir).ok ? "failed to access" : "target"} ${quoteAlways(dir)}: ${targetProblem(t.proc, dir)}`);
      for (const target of into === undefined ? operands.slice(0, -1) : operands) yield* makeLink(t, target, joinPath(dir, baseName(target)), s);
      return t.status;
    }
    yield* makeLink(t, operands[0]!, operands[1] ?? `./${baseName(operands[0]!)}`, s);
    return t.status;
  },
});

function isLink(proc: Process, path: string): boolean {
  const found = lstat(proc, path);
  return found.ok && found.value.type === "symlink";
}

/** Why a target is no directory. */
export function targetProblem(proc: Process, dir: string): string {
  const found = stat(proc, dir);
  return found.ok ? "Not a directory" : strerror(found.error);
}
