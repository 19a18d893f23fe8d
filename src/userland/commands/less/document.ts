/** The text a pager shows: lines as they come, and the rows that a line takes on a screen. */
import { octetsOf, splitChars, textOf, type Octets } from "../../octets.ts";
import type { OpenFile } from "../../process.ts";
import { charWidth } from "../../shell/width.ts";

/** Read at a time; a pager asks for more only when it wants to show it. */
const CHUNK = 8192;
/** What a pager holds of an endless pipe; beyond it the text counts as ended. A file has a size of its own. */
const MAX_PIPED = 1024 * 1024;

/** Lines of a file or pipe, read as far as they were asked for. */
export class Document {
  readonly lines: Octets[] = [];
  /** Offset of the start of each line. */
  readonly offsets: number[] = [];
  ended = false;
  private readonly file: OpenFile | undefined;
  private partial: Octets = "";
  private read = 0;

  /** `file`: its descriptor is closed by who opened it. `text`: what is there already. */
  constructor(file: OpenFile | undefined, text: Octets = "") {
    this.file = file;
    this.ended = file === undefined;
    this.add(text);
    if (this.ended) this.flush();
  }

  /** Octets known so far; all of them when `ended`. */
  get size(): number {
    return this.read;
  }

  /** Size of a regular file, known before it is read. */
  get total(): number | undefined {
    return this.ended ? this.read : (this.file?.inode?.data?.length ?? undefined);
  }

  /** Offset just after a line. */
  endOf(line: number): number {
    return this.offsets[line + 1] ?? this.read - this.partial.length;
  }

  /** What to wait for when `poll` says so. */
  get source(): OpenFile | undefined {
    return this.file;
  }

  /** Reads once. @returns whether one must wait first. */
  poll(): "more" | "wait" | "end" {
    if (this.ended || !this.file) return "end";
    const got = this.file.inode?.data || this.read < MAX_PIPED ? this.file.read(CHUNK) : "";
    if (got === "EAGAIN") return "wait";
    if (typeof got === "string" || got.length === 0) {
      this.ended = true;
      this.flush();
      return "end";
    }
    this.add(octetsOf(got));
    return "more";
  }

  private add(text: Octets): void {
    const parts = (this.partial + text).split("\n");
    let at = this.read - this.partial.length;
    this.read += text.length;
    this.partial = parts.pop()!;
    for (const line of parts) {
      this.lines.push(line);
      this.offsets.push(at);
      at += line.length + 1;
    }
  }

  private flush(): void {
    if (this.partial === "") return;
    this.lines.push(this.partial);
    this.offsets.push(this.read - this.partial.length);
    this.partial = "";
  }
}

export interface Look {
  columns: number;
  /** -S: long lines are cut off, not wrapped. */
  chop: boolean;
  /** Columns that have gone out on the left. */
  shift: number;
  /** -R: colours pass through. */
  colours: boolean;
  tab: number;
}

/** One cell or more: what is written, its width, whether it stands out, and the octets it came from. */
interface Glyph {
  text: string;
  width: number;
  standout: boolean;
  from: number;
}

function glyphs(line: Octets, look: Look, start: number): Glyph[] {
  const out: Glyph[] = [];
  let column = start;
  let at = 0;
  const add = (text: string, width: number, standout: boolean, from: number): void => {
    out.push({ text, width, standout, from });
    column += width;
  };
  while (at < line.length) {
    const colour = look.colours ? /^\x1b\[[0-9;:]*[mK]/.exec(line.slice(at, at + 40))?.[0] : undefined;
    if (colour) {
      add(colour.endsWith("m") ? colour : "", 0, false, at);
      at += colour.length;
      continue;
    }
    const c = splitChars(line.slice(at, at + 4))[0]!;
    const code = c.charCodeAt(0);
    if (c === "\t") add(" ".repeat(look.tab - ((column - start) % look.tab)), look.tab - ((column - start) % look.tab), false, at);
    else if (c === "\r" && at === line.length - 1) add("^M", 2, true, at);
    else if (code < 32 || code === 127) {
      const name = code === 27 ? "ESC" : `^${String.fromCharCode(code ^ 64)}`;
      add(name, name.length, true, at);
    } else if (c.length === 1 && code >= 128) {
      const name = `<${code.toString(16).padStart(2, "0")}>`.replace(/[a-f]/g, (x) => String.fromCharCode(x.charCodeAt(0) - 32));
      add(name, 4, true, at);
    } else {
      const text = textOf(c);
      add(text, charWidth(text.codePointAt(0)!), false, at);
    }
    at += c.length;
  }
  return out;
}

const ON = "\x1b[7m";
const OFF = "\x1b[27m";

/** Found text, as start and end octets of the line. */
export type Marks = readonly (readonly [from: number, to: number])[];

/** The rows of a line, as written to the terminal. */
export function rowsOf(line: Octets, look: Look, prefix = "", marks: Marks = []): string[] {
  const rows: Glyph[][] = [[]];
  let width = prefix.length;
  for (const g of glyphs(line, look, prefix.length)) {
    if (width + g.width > look.columns && !look.chop) {
      rows.push([]);
      width = 0;
    }
    rows[rows.length - 1]!.push(g);
    width += g.width;
  }
  if (look.chop) rows[0] = chopped(rows[0]!, look, prefix.length);
  return rows.map((row, i) => (i === 0 ? prefix : "") + written(row, marks) + (look.colours && line.includes("\x1b[") ? "\x1b[m" : ""));
}

function chopped(row: readonly Glyph[], look: Look, used: number): Glyph[] {
  const out: Glyph[] = [];
  let [skipped, width] = [0, used];
  for (const [i, g] of row.entries()) {
    if (skipped < look.shift && g.width > 0) {
      skipped += g.width;
      continue;
    }
    const rest = row.slice(i).reduce((n, r) => n + r.width, 0);
    if (width + g.width > look.columns - (width + rest > look.columns ? 1 : 0)) {
      out.push({ text: ">", width: 1, standout: true, from: -1 });
      break;
    }
    out.push(g);
    width += g.width;
  }
  return out;
}

function written(row: readonly Glyph[], marks: Marks): string {
  let out = "";
  let on = false;
  for (const g of row) {
    const standout = g.standout || marks.some(([from, to]) => g.from >= from && g.from < to);
    if (standout !== on) out += standout ? ON : OFF;
    on = standout;
    out += g.text;
  }
  return on ? out + OFF : out;
}
