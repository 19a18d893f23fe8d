/** What a conformance run says: a line a case, a summary an area, and the same as data. */
import { type ConformanceCase, isStop, type Step } from "./case.ts";
import { unifiedDiff } from "./diff.ts";
import type { CaseResult, Difference } from "./runner.ts";

const MAX_SHOWN = 90; // characters of a command or a line in a one-line report
const MAX_DIFF = 40; // lines

/** `h1$ ip neigh`, or `stop cap` for the end of a background command. */
export function describeStep(step: Step): string {
  if ("sleep" in step) return `sleep ${step.sleep}`;
  if (isStop(step)) return `stop ${step.stop}`;
  return `${step.node}${"start" in step ? "&" : "$"} ${step.cmd}`;
}

function shorten(text: string): string {
  const line = text.replaceAll("\n", "\\n");
  return line.length <= MAX_SHOWN ? line : `${line.slice(0, MAX_SHOWN - 3)}...`;
}

/** One line: `ok area/id`, or `FAIL area/id  step N (node$ command): what is wrong`. */
export function formatCase(c: ConformanceCase, r: CaseResult): string {
  const name = `${r.area}/${r.id}`;
  if (r.status === "pass") return `ok ${name}`;
  const reasons = r.missing.length > 0 ? [r.missing.join(", ")] : [];
  const first = r.differences[0];
  if (first !== undefined) reasons.push(`step ${first.step} (${shorten(describeStep(c.steps[first.step]!))}): ${formatDifference(first)}`);
  if (r.because !== undefined) reasons.unshift(r.because);
  return `FAIL ${name}  ${reasons.join("; ")}`;
}

/** Where two outputs part, in a few words. */
function formatDifference(d: Difference): string {
  if (d.field === "exit") return `exit status ${d.actual}, expected ${d.expected}`;
  if (d.actual === "") return `${d.field} is empty, expected ${quoteLine(d.expected, 0)}`;
  if (d.expected === "") return `${d.field} should be empty, found ${quoteLine(d.actual, 0)}`;
  const a = d.expected.split("\n");
  const b = d.actual.split("\n");
  const at = a.findIndex((line, i) => line !== b[i]);
  const line = at < 0 ? a.length : at;
  return `${d.field} line ${line + 1}: found ${quoteLine(d.actual, line)}, expected ${quoteLine(d.expected, line)}`;
}

function quoteLine(text: string, line: number): string {
  const lines = text.split("\n");
  return line >= lines.length || (line === lines.length - 1 && lines[line] === "") ? "the end" : JSON.stringify(shorten(lines[line]!));
}

/** The unified difference of every field of the first step that differs, indented below its line. */
export function formatFirstDiff(r: CaseResult): string[] {
  const first = r.differences[0];
  if (first === undefined) return [];
  return r.differences
    .filter((d) => d.step === first.step)
    .flatMap((d) => {
      if (d.field === "exit") return [`    exit: -${d.expected} +${d.actual}`];
      const lines = unifiedDiff(d.expected, d.actual);
      const more = lines.length > MAX_DIFF ? [`... ${lines.length - MAX_DIFF} more lines`] : [];
      return [`${d.field}: -expected +found`, ...lines.slice(0, MAX_DIFF), ...more].map((l) => `    ${l}`);
    });
}

export interface AreaSummary {
  readonly area: string;
  readonly passed: number;
  readonly cases: number;
  readonly stepsAgreed: number;
  readonly steps: number;
}

/** One row an area, in the order of its name. */
export function summarise(results: readonly CaseResult[]): AreaSummary[] {
  const areas = [...new Set(results.map((r) => r.area))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return areas.map((area) => {
    const of = results.filter((r) => r.area === area);
    return {
      area,
      passed: of.filter((r) => r.status === "pass").length,
      cases: of.length,
      stepsAgreed: of.reduce((n, r) => n + r.telling.agreed, 0),
      steps: of.reduce((n, r) => n + r.telling.total, 0),
    };
  });
}

/** `area  cases 3/13  steps 40/70`, in columns. */
export function formatSummary(rows: readonly AreaSummary[]): string[] {
  const width = Math.max(...rows.map((r) => r.area.length));
  return rows.map(
    (r) =>
      `${r.area.padEnd(width)}  cases ${`${r.passed}/${r.cases}`.padStart(7)}  steps ${`${r.stepsAgreed}/${r.steps}`.padStart(9)}`,
  );
}

/** What failing cases ask for and the emulator does not have, the most wanted first. */
export function summariseMissing(results: readonly CaseResult[]): { feature: string; cases: number }[] {
  const wanted = new Map<string, number>();
  for (const r of results) for (const feature of r.missing) wanted.set(feature, (wanted.get(feature) ?? 0) + 1);
  const rows = [...wanted].map(([feature, cases]) => ({ feature, cases }));
  return rows.sort((a, b) => b.cases - a.cases || (a.feature < b.feature ? -1 : a.feature > b.feature ? 1 : 0));
}

export function formatMissing(rows: readonly { feature: string; cases: number }[]): string[] {
  return rows.map((r) => `${String(r.cases).padStart(4)} ${r.cases === 1 ? "case: " : "cases:"} ${r.feature}`);
}
