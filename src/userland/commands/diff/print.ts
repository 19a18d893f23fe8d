/** How differences are printed: normal, unified, context, side by side. */
import type { Octets } from "../../octets.ts";
import type { Hunk } from "./compare.ts";

export interface Text {
  lines: readonly Octets[];
  /** The last line has no newline. */
  cut: boolean;
}

export interface Style {
  context: number;
  color: boolean;
  width: number;
  expandTabs: boolean;
  leftColumn: boolean;
  suppressCommon: boolean;
  /** -T: a tab after the mark, so that tabs in lines align. */
  initialTab: boolean;
}

const paint = (style: Style, code: string, text: string): string => (style.color ? `\x1b[${code}m${text}\x1b[0m` : text);

/** A line with its mark; the last one may say that it has no newline. */
function marked(text: Text, i: number, mark: string, code: string, style: Style): Octets {
  const line = text.lines[i]!;
  const body = mark + (style.expandTabs ? expanded(line) : line);
  const colored = code === "" ? body : paint(style, code, body);
  return text.cut && i === text.lines.length - 1 ? `${colored}\n\\ No newline at end of file\n` : `${colored}\n`;
}

function expanded(line: Octets): Octets {
  let out = "";
  for (const c of line) out += c === "\t" ? " ".repeat(8 - (out.length % 8)) : c;
  return out;
}

// -- normal -----------------------------------------------------------------------------------------------------------------

const range = (from: number, to: number): string => (to - from <= 1 ? String(to) : `${from + 1},${to}`);

export function normal(left: Text, right: Text, hunks: readonly Hunk[], style: Style): Octets {
  let out = "";
  const [less, more] = style.initialTab ? ["<\t", ">\t"] : ["< ", "> "];
  for (const h of hunks) {
    const letter = h.a === h.A ? "a" : h.b === h.B ? "d" : "c";
    out += `${paint(style, "36", range(h.a, h.A) + letter + range(h.b, h.B))}\n`;
    for (let i = h.a; i < h.A; i++) out += marked(left, i, less, "31", style);
    if (letter === "c") out += "---\n";
    for (let j = h.b; j < h.B; j++) out += marked(right, j, more, "32", style);
  }
  return out;
}

// -- unified and context ----------------------------------------------------------------------------------------------------

/** Hunks whose contexts touch, together. */
function groups(hunks: readonly Hunk[], context: number): Hunk[][] {
  const out: Hunk[][] = [];
  for (const h of hunks) {
    const last = out[out.length - 1];
    if (last && h.a - last[last.length - 1]!.A <= 2 * context) last.push(h);
    else out.push([h]);
  }
  return out;
}

/** What a group covers on both sides, context included. */
function span(group: readonly Hunk[], left: Text, right: Text, context: number): Hunk {
  const first = group[0]!;
  const last = group[group.length - 1]!;
  const before = Math.min(context, first.a, first.b);
  const after = Math.min(context, left.lines.length - last.A, right.lines.length - last.B);
  return { a: first.a - before, A: last.A + after, b: first.b - before, B: last.B + after };
}

const unifiedRange = (from: number, to: number): string => (to - from === 1 ? String(to) : `${to === from ? from : from + 1},${to - from}`);

export function unified(left: Text, right: Text, hunks: readonly Hunk[], names: readonly [string, string], style: Style): Octets {
  let out = `${paint(style, "1", `--- ${names[0]}`)}\n${paint(style, "1", `+++ ${names[1]}`)}\n`;
  const [minus, plus, blank] = style.initialTab ? ["-\t", "+\t", "\t"] : ["-", "+", " "];
  for (const group of groups(hunks, style.context)) {
    const s = span(group, left, right, style.context);
    out += `${paint(style, "36", `@@ -${unifiedRange(s.a, s.A)} +${unifiedRange(s.b, s.B)} @@`)}\n`;
    let i = s.a;
    for (const h of group) {
      for (; i < h.a; i++) out += marked(left, i, blank, "", style);
      for (; i < h.A; i++) out += marked(left, i, minus, "31", style);
      for (let j = h.b; j < h.B; j++) out += marked(right, j, plus, "32", style);
    }
    for (; i < s.A; i++) out += marked(left, i, blank, "", style);
  }
  return out;
}

const contextRange = (from: number, to: number): string => (to - from <= 1 ? String(to) : `${from + 1},${to}`);

/** One side of a group: nothing but its range when the group only changes the other side. */
function side(text: Text, from: number, to: number, parts: readonly (readonly [number, number, string])[], code: string, style: Style): Octets {
  if (parts.every(([a, b]) => a === b)) return "";
  let out = "";
  let i = from;
  for (const [a, b, mark] of parts) {
    for (; i < a; i++) out += marked(text, i, style.initialTab ? " \t" : "  ", "", style);
    for (; i < b; i++) out += marked(text, i, mark + (style.initialTab ? "\t" : " "), code, style);
  }
  for (; i < to; i++) out += marked(text, i, style.initialTab ? " \t" : "  ", "", style);
  return out;
}

export function context(left: Text, right: Text, hunks: readonly Hunk[], names: readonly [string, string], style: Style): Octets {
  let out = `${paint(style, "1", `*** ${names[0]}`)}\n${paint(style, "1", `--- ${names[1]}`)}\n`;
  for (const group of groups(hunks, style.context)) {
    const s = span(group, left, right, style.context);
    out += "***************\n";
    out += `${paint(style, "36", `*** ${contextRange(s.a, s.A)} ****`)}\n`;
    out += side(left, s.a, s.A, group.map((h) => [h.a, h.A, h.b === h.B ? "-" : "!"] as const), "31", style);
    out += `${paint(style, "36", `--- ${contextRange(s.b, s.B)} ----`)}\n`;
    out += side(right, s.b, s.B, group.map((h) => [h.b, h.B, h.a === h.A ? "+" : "!"] as const), "32", style);
  }
  return out;
}

// -- side by side -----------------------------------------------------------------------------------------------------------

const TAB = 8;

class Columns {
  private readonly half: number;
  private readonly second: number;
  private readonly style: Style;

  constructor(style: Style) {
    this.style = style;
    const t = style.expandTabs ? 1 : TAB;
    const offset = Math.floor((style.width + t + 3) / (2 * t)) * t;
    this.half = Math.max(0, Math.min(offset - 3, style.width - offset));
    this.second = this.half > 0 ? offset : style.width;
  }

  /** As much of a line as fits into half the width. @returns the text and the column it ends in. */
  private halfLine(line: Octets, indent: number): [text: string, column: number] {
    let out = "";
    let at = 0;
    let shown = 0;
    for (const c of line) {
      if (c === "\t") {
        const spaces = TAB - (at % TAB);
        if (at === shown) {
          const stop = shown + spaces;
          if (this.style.expandTabs) {
            for (; shown < Math.min(stop, this.half); shown++) out += " ";
          } else if (stop < this.half) {
            shown = stop;
            out += "\t";
          }
        }
        at += spaces;
      } else if (c === "\r") {
        out += `\r${this.fill(0, indent)}`;
        at = shown = 0;
      } else {
        const printable = c >= " " && c !== "\x7f";
        if (at++ < this.half) {
          if (printable) shown = at;
          out += c;
        }
      }
    }
    return [out, shown];
  }

  private fill(from: number, to: number): string {
    let out = "";
    let at = from;
    if (!this.style.expandTabs) {
      for (let stop = at + TAB - (at % TAB); stop <= to; stop += TAB) {
        out += "\t";
        at = stop;
      }
    }
    return out + " ".repeat(Math.max(0, to - at));
  }

  row(left: Text | undefined, i: number, sep: string, right: Text | undefined, j: number): Octets {
    const complete = (t: Text, n: number): boolean => !(t.cut && n === t.lines.length - 1);
    let newline = false;
    let out = "";
    let column = 0;
    let mark = sep;
    if (left) {
      newline ||= complete(left, i);
      [out, column] = this.halfLine(left.lines[i]!, 0);
    }
    if (sep !== " ") {
      const middle = Math.floor((this.half + this.second - 1) / 2);
      out += this.fill(column, middle);
      column = Math.max(column, middle) + 1;
      if (mark === "|" && right && newline !== complete(right, j)) mark = newline ? "/" : "\\";
      out += mark;
    }
    if (right) {
      newline ||= complete(right, j);
      const line = right.lines[j]!;
      if (line !== "") out += this.fill(column, this.second) + this.halfLine(line, this.second)[0];
    }
    return newline ? `${out}\n` : out;
  }
}

export function sideBySide(left: Text, right: Text, hunks: readonly Hunk[], style: Style): Octets {
  const columns = new Columns(style);
  let out = "";
  let i = 0;
  let j = 0;
  const common = (to: number): void => {
    for (; i < to; i++, j++) {
      if (style.suppressCommon) continue;
      out += style.leftColumn ? columns.row(left, i, "(", undefined, 0) : columns.row(left, i, " ", right, j);
    }
  };
  for (const h of hunks) {
    common(h.a);
    for (; i < h.A && j < h.B; i++, j++) out += columns.row(left, i, "|", right, j);
    for (; j < h.B; j++) out += columns.row(undefined, 0, ">", right, j);
    for (; i < h.A; i++) out += columns.row(left, i, "<", undefined, 0);
  }
  common(left.lines.length);
  return out;
}
