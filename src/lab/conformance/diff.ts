/** Unified differences of two short texts, in the form of diff(1) -u without its two header lines. */

const CONTEXT = 2; // lines kept around a change
const MAX_CELLS = 1 << 22; // larger tables are not searched: the middle is shown as replaced

interface Edit {
  readonly mark: " " | "-" | "+";
  readonly line: string;
}

const NO_NEWLINE = "\\ No newline at end of file";

/** @returns the lines of the hunks; none when the texts are equal. */
export function unifiedDiff(expected: string, actual: string): string[] {
  if (expected === actual) return [];
  const edits = editsOf(linesOf(expected), linesOf(actual));
  return hunksOf(edits);
}

/** Lines without their ends; a text that does not end in a newline says so on a line of its own, as diff(1) does. */
function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  else lines.push(NO_NEWLINE);
  return lines;
}

function editsOf(a: readonly string[], b: readonly string[]): Edit[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const same = (lines: readonly string[]): Edit[] => lines.map((line) => ({ mark: " ", line }));
  const middle = middleEdits(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))];
}

/** Longest common subsequence by dynamic programming. */
function middleEdits(a: readonly string[], b: readonly string[]): Edit[] {
  const width = b.length + 1;
  if (a.length * b.length > MAX_CELLS) return replaced(a, b);
  const longest = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      longest[i * width + j] =
        a[i] === b[j] ? longest[(i + 1) * width + j + 1]! + 1 : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const out: Edit[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      out.push({ mark: " ", line: a[i++]! });
      j++;
    } else if (longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!) out.push({ mark: "-", line: a[i++]! });
    else out.push({ mark: "+", line: b[j++]! });
  }
  return [...out, ...replaced(a.slice(i), b.slice(j))];
}

function replaced(a: readonly string[], b: readonly string[]): Edit[] {
  return [...a.map((line): Edit => ({ mark: "-", line })), ...b.map((line): Edit => ({ mark: "+", line }))];
}

function hunksOf(edits: readonly Edit[]): string[] {
  const out: string[] = [];
  const changed = edits.flatMap((e, i) => (e.mark === " " ? [] : [i]));
  for (let k = 0; k < changed.length; ) {
    const from = Math.max(0, changed[k]! - CONTEXT);
    let to = changed[k]!;
    while (k < changed.length && changed[k]! <= to + 2 * CONTEXT + 1) to = changed[k++]!;
    to = Math.min(edits.length, to + CONTEXT + 1);
    out.push(hunkHeader(edits, from, to), ...edits.slice(from, to).map((e) => (e.line === NO_NEWLINE ? e.line : e.mark + e.line)));
  }
  return out;
}

function hunkHeader(edits: readonly Edit[], from: number, to: number): string {
  const range = (other: "-" | "+"): string => {
    const counts = (e: Edit): boolean => e.mark !== other && e.line !== NO_NEWLINE;
    const before = edits.slice(0, from).filter(counts).length;
    const count = edits.slice(from, to).filter(counts).length;
    return `${count === 0 ? before : before + 1},${count}`;
  };
  return `@@ -${range("+")} +${range("-")} @@`;
}
