/** What a diagram of this book must have, and what it may not use. Returns the problems as sentences. */

/** Mermaid types that jsdom can lay out. Mind maps and architecture want a canvas; time lines and quadrants give NaN. */
const TYPES = new Map([
  ["flowchart", "flowchart"],
  ["graph", "flowchart"],
  ["sequenceDiagram", "sequence"],
  ["stateDiagram", "state"],
  ["stateDiagram-v2", "state"],
  ["classDiagram", "class"],
  ["erDiagram", "er"],
  ["block", "block"],
  ["block-beta", "block"],
  ["packet", "packet"],
  ["packet-beta", "packet"],
]);
const NAMES = [...new Set(TYPES.values())].join(", ");

/** @param {string} text @returns {string[]} */
export function problemsOf(text) {
  const lines = text.split("\n").map((line) => line.trim());
  const head = lines.find((line) => line && !line.startsWith("%%")) ?? "";
  const type = head.split(/[\s;]/, 1)[0] ?? "";
  const problems = [];
  if (!TYPES.has(type)) problems.push(`the type '${type}' cannot be drawn at build time; use one of ${NAMES}.`);
  for (const key of ["accTitle", "accDescr"])
    if (!lines.some((line) => new RegExp(`^${key}\\s*(:\\s*\\S|\\{)`).test(line)))
      problems.push(`${key} is missing; write '${key}: …' in a line of its own.`);
  if (lines.some((line) => /^(classDef|style|linkStyle)\b.*#[0-9a-f]{3}/i.test(line)))
    problems.push("raw colours cannot be read in the dark theme; leave them out.");
  if (/\bfa[bsrl]?:fa-/.test(text)) problems.push("icons of an icon font are not loaded; write the word.");
  return problems;
}

/** What a diagram is called, for the box it scrolls in. @param {string} text @returns {string} */
export const titleOf = (text) => /^\s*accTitle\s*:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? "";
