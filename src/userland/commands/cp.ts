/** cp: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { ask, baseName, directoryOrder, isDirectory, joinPath, lstat, stat } from "../file-tools.ts";
import { resolvePath, type Inode } from "../fs.ts";
import type { GivenOption } from "../getopt.ts";
import { quoteAlways } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { targetProblem } from "./ln.ts";

interface Settings {
  recursive: boolean;
  /** Symbolic links are followed: always, only those named on the command line, never. */
  follow: "always" | "named" | "never";
  preserve: { mode: boolean; owner: boolean; times: boolean };
  existing: "replace" | "keep" | "ask";
  update: boolean;
  verbose: boolean;
  link: "" | "hard" | "symbolic";
  backup: boolean;
  force: boolean;
  attributesOnly: boolean;
}

/** What a copy under way needs to know of its start. */
interface Job {
  s: Settings;
  named: boolean;
  /** Directories made by this run: not copied into themselves. */
  made: Set<Inode>;
}

function* copyOne(t: Tool, from: string, to: string, job: Job): Run<void> {
  const { s } = job;
  const follow = s.follow === "always" || (s.follow === "named" && job.named);
  const source = follow ? stat(t.proc, from) : lstat(t.proc, from);
  if (!source.ok) return void (yield* t.error(`cannot stat ${quoteAlways(from)}: ${strerror(source.error)}`));
  const inode = source.value;
  if (inode.type === "dir" && !s.recursive) return void (yield* t.error(`-r not specified; omitting directory ${quoteAlways(from)}`));
  const there = inode.type === "symlink" || s.link !== "" ? lstat(t.proc, to) : stat(t.proc, to);
  if (there.ok && !(yield* mayReplace(t, from, to, inode, there.value, s))) return;
  if (inode.type === "dir") return yield* copyDirectory(t, from, to, inode, there.ok, job);
  if (there.ok && s.backup) t.proc.machine.fs.rename(to, `${to}~`);
  const done = yield* copyContent(t, from, to, inode, there.ok && !s.backup, s);
  if (!done) return;
  if (s.verbose) yield* t.say(`${quoteAlways(from)} -> ${quoteAlways(to)}\n`);
  if (s.link === "") keepAttributes(t, inode, to, s);
}

function* mayReplace(t: Tool, from: string, to: string, source: Inode, target: Inode, s: Settings): Run<boolean> {
  if (source === target && s.link === "hard") return false;
  if (source === target) {
    if (source.type !== "dir" || s.recursive === false) {
      if (s.existing !== "keep") yield* t.error(`${quoteAlways(from)} and ${quoteAlways(to)} are the same file`);
      return false;
    }
    return true;
  }
  if (source.type === "dir" && target.type !== "dir") {
    yield* t.error(`cannot overwrite non-directory ${quoteAlways(to)} with directory ${quoteAlways(from)}`);
    return false;
  }
  if (source.type !== "dir" && target.type === "dir") {
    yield* t.error(`cannot overwrite directory ${quoteAlways(to)} with non-directory`);
    return false;
  }
  if (source.type === "dir") return true;
  if (s.existing === "keep" || (s.update && source.mtime <= target.mtime)) return false;
  return s.existing !== "ask" || (yield* ask(t, `overwrite ${quoteAlways(to)}? `));
}

function* copyContent(t: Tool, from: string, to: string, inode: Inode, exists: boolean, s: Settings): Run<boolean> {
  const { fs } = t.proc.machine;
  const failed = function* (what: string, error: Parameters<typeof strerror>[0]): Run<boolean> {
    yield* t.error(`${what}: ${strerror(error)}`);
    return false;
  };
  if (s.link !== "" || inode.type === "symlink") {
    if (exists && (s.force || inode.type === "symlink")) fs.unlink(to);
    const made = s.link === "hard" ? fs.link(from, to) : fs.symlink(s.link === "symbolic" ? from : (inode.target ?? ""), to);
    if (made.ok) return true;
    return yield* failed(s.link === "hard" ? `cannot create hard link ${quoteAlways(to)} to ${quoteAlways(from)}` : `cannot create symbolic link ${quoteAlways(to)}${s.link === "symbolic" ? ` to ${quoteAlways(from)}` : ""}`, made.error);
  }
  const read = fs.open(t.proc, from, { read: true });
  if (!read.ok) return yield* failed(`cannot open ${quoteAlways(from)} for reading`, read.error);
  if (to.endsWith("/")) return yield* failed(`cannot create regular file ${quoteAlways(to)}`, "ENOTDIR");
  const write = fs.open(t.proc, to, { write: true, create: true, truncate: true, mode: inode.mode & 0o777 });
  if (!write.ok) return yield* failed(exists ? `cannot open ${quoteAlways(to)} for writing` : `cannot create regular file ${quoteAlways(to)}`, write.error);
  if (s.attributesOnly) return true;
  return yield* pour(t, t.proc.addFd(read.value, 3), t.proc.addFd(write.value, 3), from, to, inode);
}

function* pour(t: Tool, from: number, to: number, fromName: string, toName: string, inode: Inode): Run<boolean> {
  let wrong = "";
  for (;;) {
    const got = yield* t.proc.read(from);
    if (typeof got === "string") wrong = `error reading ${quoteAlways(fromName)}: ${strerror(got)}`;
    if (typeof got === "string" || got.length === 0) break;
    const failed = yield* t.proc.write(to, got);
    if (failed) {
      wrong = `error writing ${quoteAlways(toName)}: ${strerror(failed)}`;
      break;
    }
  }
  t.proc.closeFd(from);
  t.proc.closeFd(to);
  const made = stat(t.proc, toName);
  // A copied program is that program still.
  if (made.ok && inode.command) made.value.command = inode.command;
  if (wrong !== "") yield* t.error(wrong);
  return wrong === "";
}

function keepAttributes(t: Tool, from: Inode, to: string, s: Settings): void {
  const made = lstat(t.proc, to);
  if (!made.ok) return;
  if (s.preserve.owner) Object.assign(made.value, { uid: from.uid, gid: from.gid });
  if (s.preserve.mode && from.type !== "symlink") made.value.mode = from.mode;
  if (s.preserve.times) made.value.mtime = from.mtime;
}

function* copyDirectory(t: Tool, from: string, to: string, inode: Inode, exists: boolean, job: Job): Run<void> {
  const source = resolvePath(t.proc.cwd, from);
  const target = resolvePath(t.proc.cwd, to);
  if (job.named && target !== source && target.startsWith(source === "/" ? "/" : `${source}/`)) {
    // The real cp makes the directory before it sees that.
    yield* copyInto(t, from, to, inode, exists, job);
    return void (yield* t.error(`cannot copy a directory, ${quoteAlways(from)}, into itself, ${quoteAlways(to)}`));
  }
  if (target === source) return void (yield* t.error(`${quoteAlways(from)} and ${quoteAlways(to)} are the same file`));
  yield* copyInto(t, from, to, inode, exists, job);
}

function* copyInto(t: Tool, from: string, to: string, inode: Inode, exists: boolean, job: Job): Run<void> {
  // savedir() of gnulib gives the names in the order of their inodes.
  const ino = (name: string): number => {
    const found = lstat(t.proc, joinPath(from, name));
    return found.ok ? found.value.ino : 0;
  };
  const names = directoryOrder(t.proc, from).sort((a, b) => ino(a) - ino(b));
  if (!exists) {
    const made = t.proc.machine.fs.mkdir(to, { mode: inode.mode & 0o777 });
    if (!made.ok) return void (yield* t.error(`cannot create directory ${quoteAlways(to)}: ${strerror(made.error)}`));
    const dir = stat(t.proc, to);
    if (dir.ok) job.made.add(dir.value);
    if (job.s.verbose) yield* t.say(`${quoteAlways(from)} -> ${quoteAlways(to)}\n`);
  }
  for (const name of names) {
    const child = lstat(t.proc, joinPath(from, name));
    if (child.ok && job.made.has(child.value)) continue;
    yield* copyOne(t, joinPath(from, name), joinPath(to, name), { ...job, named: false });
  }
  keepAttributes(t, inode, to, job.s);
}

function settingsOf(options: readonly GivenOption[]): Settings {
  const s: Settings = { recursive: false, follow: "always", preserve: { mode: false, owner: false, times: false }, existing: "replace", update: false, verbose: false, link: "", backup: false, force: false, attributesOnly: false };
  const keepAll = (): void => void (s.preserve = { mode: true, owner: true, times: true });
  let followGiven = false;
  for (const { key, value } of options) {
    if ("HLP".includes(key) || key === "d" || key === "a") {
      s.follow = key === "H" ? "named" : key === "L" ? "always" : "never";
      followGiven = true;
    }
    if (key === "r" || key === "R" || key === "a") s.recursive = true;
    if (key === "a" || key === "p") keepAll();
    if (key === "preserve") {
      for (const what of (value ?? "mode,ownership,timestamps").split(",")) {
        if (what === "mode" || what === "all") s.preserve.mode = true;
        if (what === "ownership" || what === "all") s.preserve.owner = true;
        if (what === "timestamps" || what === "all") s.preserve.times = true;
      }
    }
    if (key === "n") s.existing = "keep";
    if (key === "i") s.existing = "ask";
    if (key === "f") s.force = true;
    if (key === "u") s.update = true;
    if (key === "v") s.verbose = true;
    if (key === "l") s.link = "hard";
    if (key === "s") s.link = "symbolic";
    if (key === "b") s.backup = true;
    if (key === "attributes") s.attributesOnly = true;
  }
  if (s.recursive && !followGiven) s.follow = "never";
  return s;
}

/** Makes the directories of `path` below `dir`, for --parents. */
function* makeParents(t: Tool, dir: string, path: string): Run<boolean> {
  const parts = path.split("/").slice(0, -1);
  const first = parts.find((p) => p !== "");
  const source = first === undefined ? undefined : stat(t.proc, path.startsWith("/") ? `/${first}` : first);
  if (source && !source.ok) {
    yield* t.error(`failed to get attributes of ${quoteAlways(first!)}: ${strerror(source.error)}`);
    return false;
  }
  let here = dir;
  for (const part of parts) {
    if (part === "") continue;
    here = joinPath(here, part);
    if (!isDirectory(t.proc, here)) t.proc.machine.fs.mkdir(here);
  }
  return true;
}

export const cp = defineTool({
  name: "cp",
  man: {
    summary: "copy files and directories",
    synopsis: ["cp [OPTION]... [-T] SOURCE DEST", "cp [OPTION]... SOURCE... DIRECTORY", "cp [OPTION]... -t DIRECTORY SOURCE..."],
    emulated: ["-r, -R, -a: directories; -d, -P, -L, -H: symbolic links", "-p, --preserve[=LIST]: mode, ownership, time", "-n, -i, -f, -u, -b: what to do with a file that is there", "-l, -s: links instead of copies", "-t DIRECTORY, -T, -v, --parents, --attributes-only"],
    notEmulated: ["-S, -x, -Z, --no-preserve, --reflink, --sparse, --strip-trailing-slashes, --remove-destination, --copy-contents"],
  },
  shorts: "abdfHilLnprst:uvxPRS:TZ",
  longs: {
    archive: "a", "attributes-only": "attributes", backup: "b::", "copy-contents": "contents", dereference: "L", force: "f", interactive: "i", link: "l", "no-clobber": "n", "no-dereference": "P",
    "no-preserve": "no-preserve:", "no-target-directory": "T", "one-file-system": "x", parents: "parents", preserve: "preserve::", recursive: "r", "remove-destination": "remove", reflink: "reflink::",
    sparse: "sparse:", "strip-trailing-slashes": "strip", suffix: "S:", "symbolic-link": "s", "target-directory": "t:", update: "u", verbose: "v", context: "Z::",
  },
  refused: ["S", "x", "Z", "no-preserve", "reflink", "sparse", "strip", "remove", "contents"],
  *run(t, options, operands) {
    const s = settingsOf(options);
    const parents = options.some((o) => o.key === "parents");
    const plan = yield* destinations(t, options, operands);
    if (typeof plan === "number") return plan;
    if (parents && plan.some((p) => p.dir === undefined)) return yield* t.usage("with --parents, the destination must be a directory");
    for (const { from, to, dir } of plan) {
      if (parents && dir !== undefined && !(yield* makeParents(t, dir, from))) continue;
      yield* copyOne(t, from, parents && dir !== undefined ? joinPath(dir, from) : to, { s, named: true, made: new Set() });
    }
    return t.status;
  },
});

export interface Destination {
  from: string;
  to: string;
  dir: string | undefined;
}

/** Which file goes where, for cp and mv; a status: the operands were wrong. */
export function* destinations(t: Tool, options: readonly GivenOption[], operands: readonly string[]): Run<Destination[] | number> {
  const into = options.findLast((o) => o.key === "t")?.value;
  const plain = options.some((o) => o.key === "T");
  if (operands.length === 0) return yield* t.usage("missing file operand");
  if (operands.length === 1 && into === undefined) return yield* t.usage(`missing destination file operand after ${quoteAlways(operands[0]!)}`);
  if (plain && operands.length > 2) return yield* t.usage(`extra operand ${quoteAlways(operands[2]!)}`);
  const last = operands[operands.length - 1]!;
  const sources = into === undefined ? operands.slice(0, -1) : operands;
  if (into !== undefined && !isDirectory(t.proc, into)) return yield* t.error(`target directory ${quoteAlways(into)}: ${targetProblem(t.proc, into)}`);
  if (into === undefined && last.endsWith("/") && lstat(t.proc, sources[0]!).ok) {
    const there = t.proc.machine.fs.stat(last.replace(/(?<=.)\/+$/, ""));
    if (there.ok && there.value.type !== "dir") return yield* t.error(`${t.name === "mv" ? "target" : "cannot stat"} ${quoteAlways(last)}: Not a directory`);
  }
  const dir = into ?? (!plain && isDirectory(t.proc, last) ? last : undefined);
  if (dir === undefined && sources.length > 1) return yield* t.error(`target ${quoteAlways(last)}: ${targetProblem(t.proc, last)}`);
  return sources.map((from) => ({ from, dir, to: dir === undefined ? last : joinPath(dir, baseName(from)) }));
}
