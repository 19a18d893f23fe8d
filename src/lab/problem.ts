import { byCodeUnit } from "../base/order.ts";

/** One thing wrong with a file that somebody wrote. All of a folder's are reported in one run. */
export interface Problem {
  file: string;
  /** From 1; 0 when the file as a whole is meant. */
  line: number;
  /** "tasks[0].checks[1].from"; "" for the file as a whole. */
  key: string;
  /** What is wrong, as the rule that is broken. */
  rule: string;
  /** What to do. */
  fix: string;
}

/** "labs/x/lab.yaml:12: tasks[0].points: must be a number; write a whole number" */
export function formatProblem(p: Problem): string {
  const where = p.line > 0 ? `${p.file}:${p.line}` : p.file;
  const key = p.key === "" ? "" : `${p.key}: `;
  return `${where}: ${key}${p.rule}${p.fix === "" ? "" : `; ${p.fix}`}`;
}

/** In the order a reader wants: by file, line, key. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => byCodeUnit(a.file, b.file) || a.line - b.line || byCodeUnit(a.key, b.key) || byCodeUnit(a.rule, b.rule));
}
