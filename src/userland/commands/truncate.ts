/** truncate: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import { sizeOf } from "../file-tools.ts";
import { MAX_BYTES } from "../fs.ts";
import { parseSize } from "../numbers.ts";
import { defineTool } from "../tool.ts";

/** The size that "+3", "<10", "%512" make of an old one. */
function changed(sign: string, n: number, old: number): number {
  switch (sign) {
    case "+": return old + n;
    case "-": return Math.max(0, old - n);
    case "<": return Math.min(old, n);
    case ">": return Math.max(old, n);
    case "/": return old - (old % n);
    case "%": return Math.ceil(old / n) * n;
    default: return n;
  }
}

export const truncate = defineTool({
  name: "truncate",
  man: {
    summary: "shrink or extend the size of a file to the specified size",
    synopsis: ["truncate OPTION... FILE..."],
    emulated: ["-s [+-<>/%]SIZE: to this size, or changed by it; -r FILE: to that file's size; -c: makes no file"],
    notEmulated: ["-o, --io-blocks"],
    examples: ["truncate -s 1K FILE"],
  },
  shorts: "cor:s:",
  longs: { "no-create": "c", "io-blocks": "o", reference: "r:", size: "s:" },
  refused: ["o"],
  *run(t, options, operands) {
    const { fs } = t.proc.machine;
    const size = options.findLast((o) => o.key === "s")?.value;
    const reference = options.findLast((o) => o.key === "r")?.value;
    const m = /^\s*([-+<>/%]?)(.*)$/s.exec(size ?? "0")!;
    const n = parseSize(m[2]!, "kKmMGTPEZY0");
    if (size !== undefined && n === undefined) return yield* t.error(`Invalid number: ${quote(m[2]!)}`);
    if (n === 0 && (m[1] === "/" || m[1] === "%")) return yield* t.error("division by zero");
    if (size === undefined && reference === undefined) return yield* t.usage(`you must specify either ${quote("--size")} or ${quote("--reference")}`);
    if (operands.length === 0) return yield* t.usage("missing file operand");
    const like = reference === undefined ? undefined : fs.stat(reference);
    if (like && !like.ok) return yield* t.error(`cannot stat ${quoteAlways(reference!)}: ${strerror(like.error)}`);
    for (const name of operands) {
      const there = fs.stat(name);
      if (!there.ok && there.error === "ENOENT" && options.some((o) => o.key === "c")) continue;
      const opened = fs.open(t.proc, name, { write: true, create: true });
      if (!opened.ok) {
        yield* t.error(`cannot open ${quoteAlways(name)} for writing: ${strerror(opened.error)}`);
        continue;
      }
      const old = fs.readFile(t.proc, name);
      const bytes = old.ok ? old.value : new Uint8Array(0);
      const base = like?.ok ? sizeOf(like.value) : bytes.length;
      const to = size === undefined ? base : changed(m[1]!, n!, base);
      const grown = new Uint8Array(Math.min(to, MAX_BYTES));
      grown.set(bytes.subarray(0, grown.length));
      const written = to > MAX_BYTES ? ({ ok: false, error: "EFBIG" } as const) : fs.writeFile(name, grown);
      if (!written.ok) yield* t.error(`failed to truncate ${quoteAlways(name)} at ${to} bytes: ${strerror(written.error)}`);
    }
    return t.status;
  },
});
