/** tree: version 2.1.0, as Debian 12 has it. */
import { strerror } from "../../kernel/errno.ts";
import { joinPath, lstat, sizeOf } from "../file-tools.ts";
import { modeString } from "../file-mode.ts";
import type { Inode } from "../fs.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { matches, patternOf } from "../shell/pattern.ts";

interface Settings {
  all: boolean;
  dirsOnly: boolean;
  fullPath: boolean;
  noIndent: boolean;
  classify: boolean;
  modes: boolean;
  sizes: boolean;
  depth: number;
  pattern: string | undefined;
  ignore: string | undefined;
  dirsFirst: boolean;
}

class Walk {
  dirs = 0;
  files = 0;
  private readonly t: Tool;
  private readonly s: Settings;

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
  }

  private label(inode: Inode, name: string, path: string): string {
    const { s } = this;
    const parts = [s.modes ? modeString(inode) : "", s.sizes ? String(sizeOf(inode)).padStart(11) : ""].filter((p) => p !== "");
    const sign = s.classify ? (inode.type === "dir" ? "/" : inode.type === "file" && (inode.mode & 0o111) !== 0 ? "*" : "") : "";
    const arrow = inode.type === "symlink" ? ` -> ${inode.target}${s.classify && this.isDirectory(inode, path) ? "/" : ""}` : "";
    return `${parts.length > 0 ? `[${parts.join(" ")}]  ` : ""}${s.fullPath ? path : name}${sign}${arrow}`;
  }

  /** A link to a directory counts as one, though it is not entered. */
  private isDirectory(inode: Inode, path: string): boolean {
    if (inode.type !== "symlink") return inode.type === "dir";
    const target = this.t.proc.machine.fs.stat(path);
    return target.ok && target.value.type === "dir";
  }

  private wanted(name: string, inode: Inode, path: string): boolean {
    const { s } = this;
    if (!s.all && name.startsWith(".")) return false;
    if (s.ignore !== undefined && s.ignore.split("|").some((p) => matches(patternOf(p), name))) return false;
    if (inode.type === "dir" || (s.pattern === undefined && this.isDirectory(inode, path))) return true;
    return !s.dirsOnly && (s.pattern === undefined || s.pattern.split("|").some((p) => matches(patternOf(p), name)));
  }

  *root(path: string): Run<void> {
    const found = this.t.proc.machine.fs.stat(path);
    if (!found.ok || found.value.type !== "dir") {
      yield* this.t.say(`${path}  [error opening dir]\n`);
      if (found.ok) this.files++;
      else this.t.status = 2;
      return;
    }
    yield* this.t.say(`${this.s.modes || this.s.sizes || this.s.classify ? this.label(found.value, path, path) : path}\n`);
    const { dirs, files } = this;
    yield* this.below(path, "", 1);
    if (this.dirs > dirs || this.files > files) this.dirs++;
  }

  private *below(path: string, indent: string, depth: number): Run<void> {
    if (depth > this.s.depth) return;
    const listed = this.t.proc.machine.fs.readdir(path);
    if (!listed.ok) return void (yield* this.t.warn(`${path}: ${strerror(listed.error)}`));
    const entries: [string, Inode][] = [];
    for (const name of listed.value) {
      const found = lstat(this.t.proc, joinPath(path, name));
      if (found.ok && this.wanted(name, found.value, joinPath(path, name))) entries.push([name, found.value]);
    }
    if (this.s.dirsFirst) entries.sort((a, b) => Number(this.isDirectory(b[1], joinPath(path, b[0]))) - Number(this.isDirectory(a[1], joinPath(path, a[0]))) || (a[0] < b[0] ? -1 : 1));
    for (const [i, [name, inode]] of entries.entries()) {
      const last = i === entries.length - 1;
      const at = joinPath(path, name);
      yield* this.t.say(`${this.s.noIndent ? "" : `${indent}${last ? "└── " : "├── "}`}${this.label(inode, name, at)}\n`);
      if (this.isDirectory(inode, at)) this.dirs++;
      else this.files++;
      if (inode.type === "dir") {
        yield* this.below(at, `${indent}${last ? "    " : "│\u00a0\u00a0 "}`, depth + 1);
      }
    }
    yield { until: this.t.proc.now };
  }
}

export const tree = defineTool({
  name: "tree",
  suite: "tree",
  version: "2.1.0",
  man: {
    summary: "list contents of directories in a tree-like format",
    synopsis: ["tree [options] [directory ...]"],
    emulated: ["-a, -d, -f, -i, -F, -p, -s, -L LEVEL, -P PATTERN, -I PATTERN, --dirsfirst, --noreport"],
    notEmulated: ["All other options."],
    examples: ["tree -L 2 /etc"],
  },
  shorts: "adfiFpsL:P:I:CnlxugDhQqNtcUvrAS",
  longs: { noreport: "noreport", dirsfirst: "dirsfirst" },
  refused: [..."CnlxugDhQqNtcUvrAS"].filter((c) => c !== "n"),
  *run(t, options, operands) {
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const value = (key: string): string | undefined => options.findLast((o) => o.key === key)?.value;
    const depth = value("L");
    if (depth !== undefined && !/^[1-9][0-9]*$/.test(depth)) return yield* t.error("Invalid level, must be greater than 0.");
    const s: Settings = {
      all: has("a"), dirsOnly: has("d"), fullPath: has("f"), noIndent: has("i"), classify: has("F"), modes: has("p"), sizes: has("s"), depth: depth === undefined ? Number.POSITIVE_INFINITY : Number(depth), pattern: value("P"), ignore: value("I"), dirsFirst: has("dirsfirst"),
    };
    const walk = new Walk(t, s);
    for (const name of operands.length > 0 ? operands : ["."]) yield* walk.root(name);
    const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
    if (!has("noreport")) yield* t.say(`\n${count(walk.dirs, "directory", "directories")}${s.dirsOnly ? "" : `, ${count(walk.files, "file", "files")}`}\n`);
    return t.status;
  },
});
