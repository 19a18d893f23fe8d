/** free: procps-ng 4.0.2, from /proc/meminfo. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { defineTool } from "../tool.ts";

/** "1.8Gi", "15Mi", "0B": three digits at most, cut off and not rounded up, as procps scales. */
function scaled(kib: number, si: boolean): string {
  if (kib === 0) return "0B";
  const base = si ? 1000 : 1024;
  let value = si ? (kib * 1024) / 1000 : kib;
  for (const unit of ["K", "M", "G", "T", "P"]) {
    if (value < base || unit === "P") {
      const tenths = Math.floor(value * 10) / 10;
      return `${tenths < 10 && unit !== "K" ? tenths.toFixed(1) : Math.floor(value)}${unit}${si ? "" : "i"}`;
    }
    value /= base;
  }
  return "";
}

const UNITS: Readonly<Record<string, number>> = { b: 1 / 1024, k: 1, m: 1024, g: 1_048_576 };

export const free = defineTool({
  name: "free",
  suite: "procps-ng",
  version: "4.0.2",
  man: {
    summary: "display amount of free and used memory in the system",
    synopsis: ["free [options]"],
    emulated: ["-b, -k, -m, -g, -h, --si, -t, -w", "The memory of a machine of a lab is what its file system takes."],
    notEmulated: ["-l, -s, -c, -v, --kilo, --mega, --giga and the larger ones"],
    examples: ["free -h"],
  },
  shorts: "bkmghlts:c:wvV",
  longs: { bytes: "b", kibi: "k", mebi: "m", gibi: "g", human: "h", si: "si", total: "t", wide: "w", lohi: "l", seconds: "s:", count: "c:", committed: "v" },
  refused: ["l", "s", "c", "v"],
  *run(t, options, operands) {
    if (operands.length > 0) return yield* t.usage(`unexpected argument ${operands[0]}`);
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const read = t.proc.machine.fs.readFile(t.proc, "/proc/meminfo");
    const info = new Map(read.ok ? [...decodeUtf8(read.value).matchAll(/^(\w+):\s+([0-9]+)/gm)].map((m) => [m[1]!, Number(m[2])] as const) : []);
    const kib = (name: string): number => info.get(name) ?? 0;
    const unit = options.findLast((o) => UNITS[o.key] !== undefined)?.key ?? "k";
    const show = (n: number): string => (has("h") ? scaled(n, has("si")) : String(Math.floor(n / UNITS[unit]!)));
    const cache = kib("Cached");
    const total = kib("MemTotal");
    const memory = [total, total - kib("MemAvailable"), kib("MemFree"), kib("Shmem"), ...(has("w") ? [kib("Buffers"), cache] : [kib("Buffers") + cache]), kib("MemAvailable")];
    const swap = [kib("SwapTotal"), kib("SwapTotal") - kib("SwapFree"), kib("SwapFree")];
    const line = (name: string, cells: readonly number[]): string => `${name.padEnd(8)}${cells.map((n) => show(n).padStart(12)).join("").slice(0)}\n`;
    const head = ["total", "used", "free", "shared", ...(has("w") ? ["buffers", "cache"] : ["buff/cache"]), "available"];
    yield* t.print(`${" ".repeat(8)}${head.map((h) => h.padStart(12)).join("")}\n`);
    yield* t.print(line("Mem:", memory) + line("Swap:", swap));
    if (has("t")) yield* t.print(line("Total:", memory.slice(0, 3).map((n, i) => n + swap[i]!)));
    return 0;
  },
});
