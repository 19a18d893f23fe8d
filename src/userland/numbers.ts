/** Numbers as the coreutils take them from the command line: decimal with a multiplier suffix (xstrtoumax of gnulib). */

const UNITS = "KMGTPEZY";

/** The number, or undefined when `text` is none. Numbers beyond 2^53 become Infinity: "as much as there is". */
export function parseSize(text: string, suffixes: string): number | undefined {
  const m = /^[ \t]*\+?(\d+)(.*)$/.exec(text);
  if (!m) return undefined;
  const factor = multiplier(m[2]!, suffixes);
  if (factor === undefined) return undefined;
  const n = Number(m[1]) * factor;
  return n > Number.MAX_SAFE_INTEGER ? Infinity : n;
}

/** `suffixes`: letters allowed, as gnulib has them: "bkKMGTPEZY0"; 0 allows kB and KiB beside K. */
function multiplier(suffix: string, suffixes: string): number | undefined {
  if (suffix === "") return 1;
  const letter = suffix[0]!;
  if (!suffixes.includes(letter)) return undefined;
  const rest = suffix.slice(1);
  if (letter === "b") return rest === "" ? 512 : undefined;
  if (letter === "c") return rest === "" ? 1 : undefined;
  if (letter === "w") return rest === "" ? 2 : undefined;
  const base = rest === "" || (rest === "iB" && suffixes.includes("0")) ? 1024 : (rest === "B" || rest === "D") && suffixes.includes("0") ? 1000 : undefined;
  const power = UNITS.indexOf(letter === "k" ? "K" : letter === "m" ? "M" : letter) + 1;
  if (base === undefined || power === 0) return undefined;
  let n = 1;
  for (let i = 0; i < power; i++) n *= base;
  return n;
}
