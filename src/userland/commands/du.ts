/** du: coreutils 9.1. Sizes are those of a tmpfs: whole pages for files, nothing for directories. */
import { strerror } from "../../kernel/errno.ts";
import { blocksOf, directoryOrder, joinPath, lstat, sizeOf } from "../file-tools.ts";
import type { Inode } from "../fs.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { humanSize } from "./ls.ts";

interface Settings {
  all: boolean;
  apparent: boolean;
  unit: number;
  human: 1000 | 1024 | undefined;
  depth: number;
  separate: boolean;
  end: string;
}

class Usage {
  private readonly t: Tool;
  private readonly s: Settings;
  /** Files with several names count once. */
  private readonly counted = new Set<Inode>();

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
  }

  private own(inode: Inode): number {
    if (this.s.apparent) return sizeOf(inode);
    return blocksOf(inode) * 512;
  }

  *line(size: number, name: string): Run<void> {
    const { s } = this;
    yield* this.t.say(`${s.human ? humanSize(size, s.human) : Math.ceil(size / s.unit)}\t${name}${s.end}`);
  }

  *walk(path: string, depth: number): Run<number> {
    const { s, t } = this;
    const found = lstat(t.proc, path);
    if (!found.ok) {
      yield* t.error(`cannot access ${quoteAlways(path)}: ${strerror(found.error)}`);
      return 0;
    }
    const inode = found.value;
    if (inode.type !== "dir") {
      if (this.counted.has(inode)) return 0;
      this.counted.add(inode);
      const size = this.own(inode);
      if (depth === 0 || (s.all && depth <= s.depth)) yield* this.line(size, path);
      return size;
    }
    let size = this.own(inode);
    const listed = t.proc.machine.fs.readdir(path);
    if (!listed.ok) yield* t.error(`cannot read directory ${quoteAlways(path)}: ${strerror(listed.error)}`);
    else {
      for (const name of directoryOrder(t.proc, path)) {
        const below = yield* this.walk(joinPath(path, name), depth + 1);
        const type = lstat(t.proc, joinPath(path, name));
        if (!s.separate || !type.ok || type.value.type !== "dir") size += below;
      }
      yield { until: t.proc.now };
    }
    if (depth <= s.depth) yield* this.line(size, path);
    return size;
  }
}

export const du = defineTool({
  name: "du",
  man: {
    summary: "estimate file space usage",
    synopsis: ["du [OPTION]... [FILE]..."],
    emulated: ["-a, -b, -c, -d N, -h, --si, -k, -m, -s, -S, -x, -0, --apparent-size", "Files take whole pages of 4 KiB, directories nothing, as in a tmpfs."],
    notEmulated: ["-B, -D, -L, -l, -t, -X, --exclude, --inodes, --time, --files0-from"],
    examples: ["du -sh /etc"],
  },
  shorts: "abcd:hkmsSx0B:DHLlPt:X:",
  longs: {
    all: "a", bytes: "b", total: "c", "max-depth": "d:", "human-readable": "h", si: "si", summarize: "s", "separate-dirs": "S", "one-file-system": "x", null: "0", "apparent-size": "apparent", "block-size": "B:", dereference: "L", "count-links": "l", "no-dereference": "P",
    threshold: "t:", "exclude-from": "X:", exclude: "exclude:", inodes: "inodes", time: "time::", "files0-from": "files0:",
  },
  refused: ["B", "D", "H", "L", "l", "t", "X", "exclude", "inodes", "time", "files0"],
  *run(t, options, operands) {
    const s: Settings = { all: false, apparent: false, unit: 1024, human: undefined, depth: Number.POSITIVE_INFINITY, separate: false, end: "\n" };
    let total = false;
    let summary = false;
    for (const { key, value } of options) {
      if (key === "a") s.all = true;
      else if (key === "b") [s.apparent, s.unit, s.human] = [true, 1, undefined];
      else if (key === "apparent") s.apparent = true;
      else if (key === "c") total = true;
      else if (key === "h") s.human = 1024;
      else if (key === "si") s.human = 1000;
      else if (key === "k") [s.unit, s.human] = [1024, undefined];
      else if (key === "m") [s.unit, s.human] = [1_048_576, undefined];
      else if (key === "s") summary = true;
      else if (key === "S") s.separate = true;
      else if (key === "0") s.end = "\0";
      else if (key === "d") {
        if (!/^[0-9]+$/.test(value!)) return yield* t.usage(`invalid maximum depth ${quote(value!)}`);
        s.depth = Number(value);
      }
    }
    if (summary && s.all) return yield* t.usage("cannot both summarize and show all entries");
    if (summary && s.depth !== Number.POSITIVE_INFINITY && s.depth !== 0) return yield* t.usage(`warning: summarizing conflicts with --max-depth=${s.depth}`);
    if (summary) s.depth = 0;
    const usage = new Usage(t, s);
    let sum = 0;
    for (const name of operands.length > 0 ? operands : ["."]) sum += yield* usage.walk(name, 0);
    if (total) yield* usage.line(sum, "total");
    return t.status;
  },
});
