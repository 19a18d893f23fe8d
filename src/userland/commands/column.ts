/** column: util-linux 2.38. */
import { strerror } from "../../kernel/errno.ts";
import { textOf } from "../octets.ts";
import type { Run } from "../process.ts";
import { textWidth } from "../shell/width.ts";
import { defineTool, type Tool } from "../tool.ts";

interface Settings {
  table: boolean;
  across: boolean;
  width: number;
  separator: string | undefined;
  between: string;
  names: readonly string[];
  noHeadings: boolean;
  right: ReadonlySet<number>;
  hidden: ReadonlySet<number>;
  keepEmpty: boolean;
  limit: number;
}

/** Fields: runs of blanks separate and none is empty; with -s each separator counts. */
function fieldsOf(line: string, s: Settings): string[] {
  const out: string[] = [];
  let rest = s.separator === undefined ? line.replace(/^[ \t]+/, "") : line;
  const ends = (c: string): boolean => (s.separator ?? " \t").includes(c);
  while (rest !== "" || out.length === 0) {
    // With -l the last field is all that is left, behind one separator.
    if (out.length + 1 >= s.limit) return [...out, rest];
    const at = [...rest].findIndex(ends);
    if (at < 0) return [...out, rest];
    const field = [...rest].slice(0, at).join("");
    out.push(field);
    rest = rest.slice(field.length + 1);
    if (s.separator === undefined && out.length + 1 < s.limit) rest = rest.replace(/^[ \t]+/, "");
    else if (rest === "" && s.separator !== undefined) return [...out, ""];
  }
  return out;
}

function* table(t: Tool, lines: readonly string[], s: Settings): Run<void> {
  const rows = lines.map((l) => fieldsOf(l, s));
  if (s.names.length > 0 && !s.noHeadings) rows.unshift([...s.names]);
  const columns = Math.max(s.names.length, ...rows.map((r) => r.length));
  const shown = Array.from({ length: columns }, (_, c) => c).filter((c) => !s.hidden.has(c));
  const widths = shown.map((c) => Math.max(0, ...rows.map((r) => textWidth(r[c] ?? ""))));
  for (const row of rows) {
    const cells = shown.map((c, i) => {
      const text = row[c] ?? "";
      const pad = " ".repeat(widths[i]! - textWidth(text));
      if (s.right.has(c)) return pad + text;
      return i === shown.length - 1 ? text : text + pad;
    });
    yield* t.say(`${cells.join(s.between)}\n`);
  }
}

const TAB = 8;

/** Entries in columns as wide as the widest, rounded up to a tab. */
function* fill(t: Tool, entries: readonly string[], s: Settings): Run<void> {
  if (entries.length === 0) return;
  const longest = Math.max(...entries.map(textWidth));
  const width = (Math.floor(longest / TAB) + 1) * TAB;
  if (longest >= s.width || width >= s.width) {
    for (const e of entries) yield* t.say(`${e}\n`);
    return;
  }
  const columns = Math.max(1, Math.floor(s.width / width));
  const rows = Math.ceil(entries.length / columns);
  for (let r = 0; r < rows; r++) {
    let line = "";
    let at = 0;
    for (let c = 0; ; c++) {
      const i = s.across ? r * columns + c : c * rows + r;
      if (i >= entries.length || (s.across && c >= columns)) break;
      const entry = entries[i]!;
      line += entry;
      at += textWidth(entry);
      const next = s.across ? (c + 1 < columns && i + 1 < entries.length) : i + rows < entries.length;
      if (!next) break;
      const end = (c + 1) * width;
      while (Math.floor(at / TAB) * TAB + TAB <= end) {
        line += "\t";
        at = Math.floor(at / TAB) * TAB + TAB;
      }
    }
    yield* t.say(`${line}\n`);
  }
}

/** Columns by number or name. */
function columnList(text: string, names: readonly string[]): number[] | undefined {
  const out: number[] = [];
  for (const item of text.split(",")) {
    const n = /^[1-9]\d*$/.test(item) ? Number(item) - 1 : names.indexOf(item);
    if (n < 0) return undefined;
    out.push(n);
  }
  return out;
}

export const column = defineTool({
  name: "column",
  man: {
    summary: "columnate lists",
    synopsis: ["column [options] [<file>...]"],
    emulated: ["-t: a table; -s CHARS: fields are separated by these; -o STRING: between columns", "-N NAMES, -d, -R COLUMNS, -H COLUMNS, -l N, -L", "-c N, -x: entries in columns"],
    notEmulated: ["-J, -n, -C, -E, -O, -T, -W, -m, -r, -i, -p"],
    examples: ["mount | column -t", "column -t -s, data.csv"],
  },
  shorts: "c:C:dE:eH:hi:Jl:LN:n:mO:o:p:R:r:S:s:T:tVW:x",
  longs: {
    columns: "c:", json: "J", output: "o:", "output-separator": "o:", "output-width": "c:", separator: "s:", "keep-empty-lines": "L", table: "t", "table-columns": "N:", "table-column": "C:", "table-columns-limit": "l:",
    "table-empty-lines": "L", "table-header-repeat": "e", "table-hide": "H:", "table-name": "n:", "table-maxout": "m", "table-noextreme": "E:", "table-noheadings": "d", "table-order": "O:", "table-right": "R:", "table-truncate": "T:",
    "table-wrap": "W:", tree: "r:", "tree-id": "i:", "tree-parent": "p:", fillrows: "x",
  },
  refused: ["J", "n", "C", "E", "O", "T", "W", "m", "r", "i", "p", "e", "S"],
  suite: "util-linux",
  version: "2.38.1",
  *run(t, options, operands) {
    const value = (key: string): string | undefined => options.findLast((o) => o.key === key)?.value;
    const has = (key: string): boolean => options.some((o) => o.key === key);
    if (has("V")) {
      yield* t.say("column from util-linux 2.38.1\n");
      return 0;
    }
    const width = value("c");
    if (width !== undefined && width !== "unlimited" && !/^\d+$/.test(width)) return yield* t.error(`invalid columns argument: '${width}'`);
    const names = value("N")?.split(",") ?? [];
    const [right, hidden] = [columnList(value("R") ?? "", names), columnList(value("H") ?? "", names)];
    const s: Settings = {
      table: has("t"), across: has("x"), width: width === undefined ? (t.proc.fds.get(1)?.tty?.columns ?? 80) : width === "unlimited" ? Infinity : Number(width), separator: value("s"), between: value("o") ?? "  ", names, noHeadings: has("d"),
      right: new Set(right ?? []), hidden: new Set(hidden ?? []), keepEmpty: has("L"), limit: value("l") === undefined ? Infinity : Math.max(1, Number(value("l"))),
    };
    const lines: string[] = [];
    for (const name of operands.length > 0 ? operands : [undefined]) {
      const input = name === undefined ? t.open("-") : t.openExactly(name);
      if (typeof input === "string") {
        yield* t.error(`${name}: ${strerror(input)}`);
        continue;
      }
      for (let line = yield* input.line(); line; line = yield* input.line()) if (s.keepEmpty || line.text.trim() !== "") lines.push(textOf(line.text));
      if (input.error) yield* t.error(`read failed: ${strerror(input.error)}`);
      input.close();
    }
    if (lines.length === 0) return t.status;
    if (s.table) yield* table(t, lines, s);
    else yield* fill(t, lines, s);
    return t.status;
  },
});
