/** How variables are written: `declare -p`, `set`, `export -p`. */
import { bashQuote, declareQuote } from "./quote.ts";
import type { Variable } from "./shell.ts";

/** `-x`, `-A` ... or `--`. */
export function attributeFlags(v: Variable): string {
  const flags = (v.array ? "a" : "") + (v.assoc ? "A" : "") + (v.integer ? "i" : "") + (v.nameref ? "n" : "") + (v.readonly ? "r" : "") + (v.fold === "lower" ? "l" : "") + (v.fold === "upper" ? "u" : "") + (v.exported ? "x" : "");
  return `-${flags === "" ? "-" : flags}`;
}

/** `declare -i n="7"` */
export function declareLine(name: string, v: Variable): string {
  const value = v.array || v.assoc ? arrayText(v) : v.value === undefined ? undefined : declareQuote(v.value);
  return `declare ${attributeFlags(v)} ${name}${value === undefined ? "" : `=${value}`}`;
}

export function arrayText(v: Variable): string {
  if (v.assoc) return `(${[...v.assoc].map(([k, t]) => `[${/^[A-Za-z0-9_./:-]+$/.test(k) ? k : declareQuote(k)}]=${declareQuote(t)} `).join("")})`;
  const items = [...v.array!.entries()].sort((a, b) => a[0] - b[0]);
  return `(${items.map(([k, t]) => `[${k}]=${declareQuote(t)}`).join(" ")})`;
}

/** As `set` without arguments shows it in bash. */
export function setLine(name: string, v: Variable): string | undefined {
  if (v.array || v.assoc) return `${name}=${arrayText(v)}`;
  return v.value === undefined ? undefined : `${name}=${bashQuote(v.value)}`;
}
