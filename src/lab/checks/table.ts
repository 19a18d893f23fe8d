/** `has`, `lacks`, `only`: what the checks of kernel tables have in common. */
import type { Fact } from "../protocol.ts";
import { fact, listing, type Verdict } from "./verdict.ts";

export interface TableCheck<P> {
  has: readonly P[];
  lacks: readonly P[];
  only?: readonly P[] | undefined;
}

/** `entries` are those that count; `show` prints one as the tool does, `say` prints a pattern. */
export function judgeTable<E, P>(kind: string, where: string, check: TableCheck<P>, entries: readonly E[], matches: (e: E, p: P) => boolean, show: (e: E) => string, say: (p: P) => string): Verdict {
  const expected = expectation(kind, where, check, say);
  const all = listing(entries.map(show), "no entry");
  const found = (code: string, text: string): Fact => fact(`${kind}.${code}`, { where, entries: all }, text);
  const missing = [...check.has, ...(check.only ?? [])].find((p) => !entries.some((e) => matches(e, p)));
  if (missing !== undefined) return { pass: false, expected, found: found("missing", `${where}: no entry ${say(missing)}; there is ${all}`) };
  for (const p of check.lacks) {
    const hit = entries.find((e) => matches(e, p));
    if (hit !== undefined) return { pass: false, expected, found: found("present", `${where}: ${show(hit)}`) };
  }
  const extra = check.only === undefined ? undefined : entries.find((e) => !check.only!.some((p) => matches(e, p)));
  if (extra !== undefined) return { pass: false, expected, found: found("extra", `${where}: ${show(extra)} as well`) };
  return { pass: true, expected, found: found("as-expected", "as expected") };
}

function expectation<P>(kind: string, where: string, check: TableCheck<P>, say: (p: P) => string): Fact {
  const parts = [
    check.has.length > 0 ? listing(check.has.map(say), "") : "",
    check.lacks.length > 0 ? `without ${listing(check.lacks.map(say), "")}` : "",
    check.only === undefined ? "" : check.only.length === 0 ? "no entry" : `only ${listing(check.only.map(say), "")}`,
  ].filter((p) => p !== "");
  return fact(`${kind}.expected`, { where }, `${where}: ${parts.join("; ")}`);
}

/** "mac 02:.. port eth1 state dynamic" */
export function sayPattern(p: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(p).filter(([, v]) => v !== undefined).map(([k, v]) => `${k} ${Array.isArray(v) ? v.join(" or ") : String(v)}`);
  return parts.length === 0 ? "of any kind" : parts.join(" ");
}
