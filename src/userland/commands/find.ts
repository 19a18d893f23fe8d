/** find: findutils 4.9.0. The expression is read in find/expression.ts; here the tree is walked, in the order of fts(3). */
import { strerror } from "../../kernel/errno.ts";
import { type Command, defineCommand } from "../command.ts";
import { directoryOrder, joinPath } from "../file-tools.ts";
import { type Inode, resolvePath } from "../fs.ts";
import { quote } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { helpText, Tool } from "../tool.ts";
import { type Entry, type Expression, fileSystemOf, type Walk } from "./find/entry.ts";
import { evaluate, parseExpression, Refusal } from "./find/expression.ts";
import type { Context } from "./find/tests.ts";

/** Entries after which others get their turn. */
const TURN = 64;

class Walker {
  private readonly walk: Walk;
  private readonly test: Expression;
  private seen = 0;
  /** Directories on the way down, to see a loop of links. */
  private readonly above: { inode: Inode; path: string }[] = [];

  constructor(walk: Walk, test: Expression) {
    this.walk = walk;
    this.test = test;
  }

  *start(path: string): Run<void> {
    const { proc, follow } = this.walk;
    const found = proc.machine.fs.stat(path, { follow: false });
    if (!found.ok) return void (yield* this.complain(path, strerror(found.error)));
    const inode = follow === "never" ? found.value : this.target(path, found.value);
    yield* this.visit({ path, start: path, depth: 0, inode: path.endsWith("/") ? this.target(path, inode) : inode });
  }

  /** What a link leads to, or the link itself when that is nowhere. */
  private target(path: string, link: Inode): Inode {
    if (link.type !== "symlink") return link;
    const found = this.walk.proc.machine.fs.stat(path);
    return found.ok ? found.value : link;
  }

  private *complain(path: string, why: string): Run<void> {
    yield* this.walk.t.error(`${quote(path)}: ${why}`);
  }

  private *visit(entry: Entry): Run<void> {
    const { walk } = this;
    if (++this.seen % TURN === 0) yield { until: walk.proc.now };
    const isDir = entry.inode.type === "dir";
    const loop = isDir ? this.above.find((a) => a.inode === entry.inode) : undefined;
    if (loop) {
      yield* walk.t.error(`File system loop detected; ${quote(entry.path)} is part of the same file system loop as ${quote(loop.path)}.`);
      return;
    }
    const descend = isDir && entry.depth < walk.maxDepth && !(walk.oneFileSystem && this.crosses(entry));
    if (!walk.contentsFirst) yield* this.apply(entry);
    if (descend && !walk.stopped && (walk.contentsFirst || !walk.pruned)) yield* this.contents(entry);
    if (walk.contentsFirst && !walk.stopped) yield* this.apply(entry);
  }

  private *apply(entry: Entry): Run<void> {
    this.walk.pruned = false;
    if (entry.depth >= this.walk.minDepth) yield* evaluate(this.test, entry, this.walk);
  }

  private crosses(entry: Entry): boolean {
    const { cwd } = this.walk.proc;
    return fileSystemOf(resolvePath(cwd, entry.path)) !== fileSystemOf(resolvePath(cwd, entry.start));
  }

  private *contents(entry: Entry): Run<void> {
    const { proc, follow } = this.walk;
    const { fs } = proc.machine;
    const listed = fs.readdir(entry.path);
    if (!listed.ok) return void (yield* this.complain(entry.path, strerror(listed.error)));
    this.above.push({ inode: entry.inode, path: entry.path });
    for (const name of directoryOrder(proc, entry.path)) {
      const path = joinPath(entry.path, name);
      const found = fs.stat(path, { follow: false });
      if (found.ok) {
        const inode = follow === "always" ? this.target(path, found.value) : found.value;
        yield* this.visit({ path, start: entry.start, depth: entry.depth + 1, inode });
      } else if (found.error !== "ENOENT") yield* this.complain(path, strerror(found.error));
      if (this.walk.stopped) break;
    }
    this.above.pop();
  }
}

interface CommandLine {
  paths: string[];
  words: readonly string[];
}

/** Whether a word begins the expression: -x, ( and !. A lone - is a path, and so are ) and a comma here. */
const beginsExpression = (word: string): boolean => (word.length > 1 && word.startsWith("-")) || word === "(" || word === "!";

function splitCommandLine(args: readonly string[], walk: Walk): CommandLine {
  let at = 0;
  for (; at < args.length; at++) {
    const word = args[at]!;
    if (word === "-H") walk.follow = "arguments";
    else if (word === "-L") walk.follow = "always";
    else if (word === "-P") walk.follow = "never";
    else if (word === "-D") throw new Refusal("find -D", true);
    else if (/^-O/.test(word)) {
      if (!/^-O[0-9]+$/.test(word)) throw new Refusal("The -O option must be immediately followed by a decimal integer");
    } else {
      if (word === "--") at++;
      break;
    }
  }
  const rest = args.slice(at);
  const end = rest.findIndex(beginsExpression);
  return { paths: end < 0 ? rest : rest.slice(0, end), words: end < 0 ? [] : rest.slice(end) };
}

function* findAll(t: Tool, args: readonly string[]): Run<number> {
  const { proc } = t;
  const walk: Walk = {
    t, proc, follow: "never", minDepth: 0, maxDepth: Number.POSITIVE_INFINITY, contentsFirst: false, oneFileSystem: false, pruned: false, stopped: false,
  };
  try {
    const { paths, words } = splitCommandLine(args, walk);
    if (words.some((w) => w === "-help" || w === "--help")) {
      yield* t.say(helpText(MAN));
      return 0;
    }
    if (words.some((w) => w === "-version" || w === "--version")) {
      yield* t.say("find (GNU findutils) 4.9.0\n");
      return 0;
    }
    // Warnings are for people: only when standard input is a terminal.
    const context: Context = { proc, walk, regex: "emacs", dayStart: false, warn: proc.fds.get(0)?.kind === "tty", warnings: [] };
    const { test, runners, warnings } = parseExpression(words, context);
    for (const w of warnings) yield* t.warn(w);
    const walker = new Walker(walk, test);
    for (const path of paths.length > 0 ? paths : ["."]) {
      yield* walker.start(path);
      if (walk.stopped) break;
    }
    for (const runner of runners) yield* runner.finish(walk);
    return t.status;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    return e.notEmulated ? yield* t.notEmulated(e.text) : yield* t.error(e.text);
  }
}

const MAN = {
  summary: "search for files in a directory hierarchy",
  synopsis: ["find [-H] [-L] [-P] [path...] [expression]"],
  emulated: [
    "Tests: -name -iname -path -ipath -wholename -regex -iregex -lname -type -xtype -size -empty -perm -user -group -uid -gid -nouser -nogroup -links -inum -samefile -newer -newerXY -mtime -mmin (-atime, -ctime, -amin, -cmin: a file has one time here) -fstype -readable -writable -executable -true -false",
    "Options: -maxdepth -mindepth -depth -xdev -mount -follow -daystart -regextype -warn -nowarn",
    "Actions: -print -print0 -printf -ls -fprint -fprint0 -fprintf -fls -exec ... \\; and {} +, -execdir, -ok, -okdir, -delete, -prune, -quit",
    "Operators: ( ) ! -not -a -and -o -or and the comma",
  ],
  notEmulated: ["-used, -files0-from, -newerBX, -D"],
  examples: ["find /etc -name '*.conf'", "find . -type f -size +1k -exec ls -l {} \\;", "find /proc/sys/net -name '*forward*'"],
};

export const find: Command = defineCommand({
  name: "find",
  man: MAN,
  *run(proc, args) {
    const t = new Tool(proc);
    return yield* t.finish(yield* findAll(t, args));
  },
});
