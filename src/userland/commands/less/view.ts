/** What of a document is on the screen: positions by line and row, moving, finding. */
import type { Run } from "../../process.ts";
import type { Regex } from "../../regex.ts";
import { type Document, type Look, type Marks, rowsOf } from "./document.ts";
import type { Keyboard } from "./keyboard.ts";

export interface Position {
  line: number;
  row: number;
}

/** Lines read in one go; then others get their turn, and Ctrl-C is looked at. */
const TURN = 32;

export class View {
  readonly doc: Document;
  readonly name: string | undefined;
  top: Position = { line: 0, row: 0 };
  pattern: Regex | undefined;
  highlight = true;
  numbers = false;
  /** The first screen of a short file ends where its text ends. */
  squished = false;
  /** q was typed while it waited for text. */
  left = false;
  private readonly keys: Keyboard;
  private readonly look: () => Look;

  constructor(doc: Document, name: string | undefined, keys: Keyboard, look: () => Look) {
    this.doc = doc;
    this.name = name;
    this.keys = keys;
    this.look = look;
  }

  /** Makes sure that `line` was read. @returns whether it is there. */
  *reach(line: number): Run<boolean> {
    for (let n = 1; this.doc.lines.length <= line; n++) {
      if (this.keys.interrupted || this.left) return false;
      const got = this.doc.poll();
      if (got === "end") return this.doc.lines.length > line;
      if (got === "more") {
        if (n % TURN === 0) yield { until: 0 };
        continue;
      }
      const key = yield* this.keys.key(this.doc.source ? [this.doc.source] : []);
      if (key === "q" || key === "Q") this.left = true;
    }
    return true;
  }

  private prefix(line: number): string {
    return this.numbers ? `${String(line + 1).padStart(7)} ` : "";
  }

  marks(line: number): Marks {
    const text = this.doc.lines[line]!;
    const out: [number, number][] = [];
    if (!this.pattern || !this.highlight) return out;
    for (let at = 0; at <= text.length; ) {
      const m = this.pattern.exec(text, at);
      if (!m) break;
      const [from, to] = [m[0]!, m[1]!];
      if (to > from) out.push([from, to]);
      at = to > from ? to : to + 1;
    }
    return out;
  }

  /** Rows of a line that was read. */
  rows(line: number): string[] {
    return rowsOf(this.doc.lines[line]!, this.look(), this.prefix(line), this.marks(line));
  }

  *after(p: Position): Run<Position | undefined> {
    if (!(yield* this.reach(p.line))) return undefined;
    if (p.row + 1 < this.rows(p.line).length) return { line: p.line, row: p.row + 1 };
    return (yield* this.reach(p.line + 1)) ? { line: p.line + 1, row: 0 } : undefined;
  }

  before(p: Position): Position | undefined {
    if (p.row > 0) return { line: p.line, row: p.row - 1 };
    return p.line === 0 ? undefined : { line: p.line - 1, row: this.rows(p.line - 1).length - 1 };
  }

  text(p: Position): string {
    return this.rows(p.line)[p.row] ?? "";
  }

  /** Positions of the screen from the top on, `height` at most. */
  *screen(height: number): Run<Position[]> {
    const out: Position[] = [];
    let p: Position | undefined = (yield* this.reach(this.top.line)) ? this.top : undefined;
    while (p && out.length < height) {
      out.push(p);
      if (out.length < height) p = yield* this.after(p);
    }
    return out;
  }

  /** The top when the last line is at the bottom. */
  *lastTop(height: number): Run<Position> {
    while (yield* this.reach(this.doc.lines.length));
    const last = this.doc.lines.length - 1;
    if (last < 0) return { line: 0, row: 0 };
    let p: Position = { line: last, row: this.rows(last).length - 1 };
    for (let n = 1; n < height; n++) {
      const above = this.before(p);
      if (!above) break;
      p = above;
    }
    return p;
  }

  /** The next line that matches, from `line` on, forwards or backwards. */
  *find(pattern: Regex, line: number, step: 1 | -1, inverted: boolean): Run<number | undefined> {
    for (let n = 1; line >= 0 && (yield* this.reach(line)); line += step, n++) {
      if (pattern.test(this.doc.lines[line]!) !== inverted) return line;
      if (n % 1000 === 0) yield { until: 0 };
    }
    return undefined;
  }
}
