/** df: coreutils 9.1. One file system has a size here: the root, a tmpfs with the limits of the lab. */
import { strerror } from "../../kernel/errno.ts";
import { quoteName } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";
import { humanSize } from "./ls.ts";

/** As df prints: text left, numbers right, widths as needed; the first and the type column at least 14 and 4 wide. */
function layout(rows: readonly (readonly string[])[], left: readonly boolean[]): string {
  const widths = rows[0]!.map((_, c) => Math.max(left[c] && c === 0 ? 14 : c > 0 && !left[c] ? 5 : 4, ...rows.map((r) => r[c]!.length)));
  return rows.map((r) => `${r.map((cell, c) => (c === r.length - 1 ? cell : left[c] ? cell.padEnd(widths[c]!) : cell.padStart(c === 4 + (left[1] ? 1 : 0) ? 4 : widths[c]!))).join(" ")}\n`).join("");
}

export const df = defineTool({
  name: "df",
  man: {
    summary: "report file system disk space usage",
    synopsis: ["df [OPTION]... [FILE]..."],
    emulated: ["-h, -H, -k, -m, -T, -i", "The root file system, a tmpfs: 16 MiB and 4096 inodes a machine."],
    notEmulated: ["-a, -B, -l, -P, -t, -x, --output, --sync, --total"],
    examples: ["df -h"],
  },
  shorts: "aB:hHiklmPt:Tx:v",
  longs: { all: "a", "block-size": "B:", "human-readable": "h", si: "H", inodes: "i", local: "l", portability: "P", type: "t:", "print-type": "T", "exclude-type": "x:", output: "output::", sync: "sync", total: "total" },
  refused: ["a", "B", "l", "P", "t", "x", "output", "sync", "total"],
  *run(t, options, operands) {
    const { fs } = t.proc.machine;
    const has = (key: string): boolean => options.some((o) => o.key === key);
    let rows = operands.length > 0 ? 0 : 1;
    for (const name of operands) {
      const found = fs.stat(name);
      if (found.ok) rows++;
      else yield* t.error(`${quoteName(name)}: ${strerror(found.error)}`);
    }
    if (rows === 0) return t.status;
    const { bytes, maxBytes, inodes, maxInodes } = fs.usage();
    const scale = options.findLast((o) => "hHkm".includes(o.key))?.key ?? "k";
    const shown = (n: number): string => (scale === "h" ? humanSize(n, 1024) : scale === "H" ? humanSize(n, 1000) : String(Math.ceil(n / (scale === "m" ? 1_048_576 : 1024))));
    const count = (n: number): string => (scale === "h" || scale === "H" ? humanSize(n, scale === "h" ? 1024 : 1000) : String(n));
    const [size, used, show] = has("i") ? [maxInodes, inodes, count] : [maxBytes, Math.ceil(bytes / 4096) * 4096, shown];
    const percent = `${Math.ceil((used * 100) / size)}%`;
    const names = has("i") ? ["Inodes", "IUsed", "IFree", "IUse%"] : [scale === "h" || scale === "H" ? "Size" : scale === "m" ? "1M-blocks" : "1K-blocks", "Used", scale === "h" || scale === "H" ? "Avail" : "Available", "Use%"];
    const type = has("T");
    const head = ["Filesystem", ...(type ? ["Type"] : []), ...names, "Mounted on"];
    const row = ["tmpfs", ...(type ? ["tmpfs"] : []), show(size), show(used), show(Math.max(0, size - used)), percent, "/"];
    const left = [true, ...(type ? [true] : []), false, false, false, false, true];
    yield* t.say(layout([head, ...Array.from({ length: rows }, () => row)], left));
    return t.status;
  },
});
