/** wc: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quoteName } from "../gnu-quote.ts";
import { charLength, codePointAt, type Octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { charWidth } from "../shell/width.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

const KINDS = ["l", "w", "m", "c", "L"] as const;
type Kind = (typeof KINDS)[number];
type Counts = Record<Kind, number>;

/** Counts octets that come in pieces. A character that is cut at the end of one is completed by the next. */
class Counter {
  readonly counts: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
  private inWord = false;
  private column = 0;
  private cut: Octets = "";

  add(piece: Octets): void {
    this.counts.c += piece.length;
    const s = this.cut + piece;
    let i = 0;
    while (i < s.length) {
      const n = charLength(s, i);
      if (n === 0 && s.length - i < 4 && s.charCodeAt(i) >= 0xc2) break; // perhaps only cut
      this.character(n === 0 ? -1 : codePointAt(s, i, n));
      i += n || 1;
    }
    this.cut = s.slice(i);
  }

  end(): Counts {
    for (let i = 0; i < this.cut.length; i++) this.character(-1);
    this.cut = "";
    this.endLine();
    return this.counts;
  }

  private endLine(): void {
    if (this.column > this.counts.L) this.counts.L = this.column;
    this.column = 0;
  }

  /** -1: an octet that is no character. */
  private character(c: number): void {
    if (c < 0) {
      this.inWord = this.inWord || false;
      return;
    }
    this.counts.m++;
    if (c === 0x0a) this.counts.l++;
    if (c === 0x0a || c === 0x0d || c === 0x0c) this.endLine();
    else if (c === 0x09) this.column += 8 - (this.column % 8);
    else if (c >= 0x20 && c !== 0x7f) this.column += charWidth(c);
    if (c === 0x20 || (c >= 0x09 && c <= 0x0d) || c === 0xa0 || c === 0x3000) this.inWord = false;
    else if (!this.inWord && c >= 0x20 && c !== 0x7f) {
      this.inWord = true;
      this.counts.w++;
    }
  }
}

/** Columns are as wide as the sum of the sizes; 7 when one of the files has no size. */
function width(proc: Process, names: readonly string[], kinds: number): number {
  if (names.length === 1 && kinds === 1) return 1;
  let total = 0;
  let least = 1;
  for (const name of names) {
    const inode = name === "-" ? proc.fds.get(0)?.inode : proc.machine.fs.stat(name);
    const node = inode && "ok" in inode ? (inode.ok ? inode.value : undefined) : inode;
    if (!node && name !== "-") continue;
    if (node?.type === "file" && node.data) total += node.data.length;
    else least = 7;
  }
  return Math.max(String(total).length, least);
}

function* row(t: Tool, counts: Counts, kinds: readonly Kind[], columns: number, name: string): Run<void> {
  yield* t.say(`${kinds.map((k) => String(counts[k]).padStart(columns)).join(" ")}${name === "" ? "" : ` ${name}`}\n`);
}

function* count(input: Input): Run<Counts> {
  const counter = new Counter();
  for (let s = yield* input.chunk(); s !== ""; s = yield* input.chunk()) counter.add(s);
  return counter.end();
}

export const wc = defineTool({
  name: "wc",
  man: {
    summary: "print newline, word, and byte counts for each file",
    synopsis: ["wc [OPTION]... [FILE]...", "wc [OPTION]... --files0-from=F"],
    emulated: ["-l, -w, -c, -m: lines, words, octets, characters", "-L, --max-line-length: width of the widest line"],
    notEmulated: ["--files0-from"],
    examples: ["ip route | wc -l"],
  },
  shorts: "clLmw",
  longs: { bytes: "c", chars: "m", lines: "l", words: "w", "files0-from": "files0-from:", "max-line-length": "L" },
  refused: ["files0-from"],
  *run(t, options, operands) {
    const given = new Set(options.map((o) => o.key));
    const kinds = given.size === 0 ? (["l", "w", "c"] as const) : KINDS.filter((k) => given.has(k));
    const names = operands.length > 0 ? operands : ["-"];
    const columns = width(t.proc, names, kinds.length);
    const total: Counts = { l: 0, w: 0, m: 0, c: 0, L: 0 };
    for (const name of names) {
      const input = t.open(name);
      if (typeof input === "string") {
        yield* t.error(`${quoteName(name)}: ${strerror(input)}`);
        continue;
      }
      const counts = yield* count(input);
      if (input.error) yield* t.error(`${quoteName(name)}: ${strerror(input.error)}`);
      yield* row(t, counts, kinds, columns, operands.length > 0 ? quoteName(name) : "");
      for (const k of KINDS) total[k] = k === "L" ? Math.max(total.L, counts.L) : total[k] + counts[k];
      input.close();
    }
    if (names.length > 1) yield* row(t, total, kinds, columns, "total");
    return t.status;
  },
});
