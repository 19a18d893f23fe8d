/** Words that an option takes, as gnulib's argmatch reads them: unambiguous beginnings count, synonyms stand in one row. */
import { quote } from "./gnu-quote.ts";

/** Each row is one meaning with its names; the first is what `choose` returns. */
export type Choices = readonly (readonly string[])[];

/** @returns the first name of the row, or the message without the program's name. */
export function choose(option: string, value: string, rows: Choices): { ok: true; value: string } | { ok: false; error: string } {
  const exact = rows.find((row) => row.includes(value));
  if (exact) return { ok: true, value: exact[0]! };
  const near = value === "" ? [] : rows.filter((row) => row.some((n) => n.startsWith(value)));
  if (near.length === 1) return { ok: true, value: near[0]![0]! };
  const valid = rows.map((row) => `  - ${row.map(quote).join(", ")}`).join("\n");
  return { ok: false, error: `${near.length > 1 ? "ambiguous" : "invalid"} argument ${quote(value)} for ${quote(option)}\nValid arguments are:\n${valid}` };
}
