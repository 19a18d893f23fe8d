/** Quoting of names in messages, after gnulib's quotearg: ‘x’ in prose, shell quotes around file names. */

const NAMED: Readonly<Record<string, string>> = { "\x07": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v" };

const isControl = (c: string): boolean => c < " " || c === "\x7f";

function escapeControl(c: string): string {
  return NAMED[c] ?? `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}`;
}

/** ‘x’: quote() in a UTF-8 locale. */
export function quote(text: string): string {
  let s = "";
  for (const c of text) s += c === "\\" ? "\\\\" : isControl(c) ? escapeControl(c) : c;
  return `‘${s}’`;
}

/** Characters that shells and gnulib leave bare anywhere. */
const SAFE = /^[A-Za-z0-9%+,\-./:@\]_]$/;

/** 'x', always quoted: quoteaf(), as in "cannot access 'x'". */
export function quoteAlways(name: string): string {
  const chars = [...name];
  if (chars.includes("'") && chars.every((c) => c === "'" || c === " " || SAFE.test(c) || c >= "\x80")) return `"${name}"`;
  let s = "'";
  for (let i = 0; i < chars.length; i++) {
    const c = chars[i]!;
    if (c === "'") s += "'\\''";
    else if (!isControl(c)) s += c;
    else {
      s += "'$'";
      while (i < chars.length && isControl(chars[i]!)) s += escapeControl(chars[i++]!);
      i--;
      s += "''";
    }
  }
  return `${s}'`;
}

/** Quoted only when a shell would need it: quotef(), as in "cat: x: No such file". */
export function quoteName(name: string): string {
  const bare = [...name].every((c, i) => SAFE.test(c) || c >= "\x80" || ((c === "#" || c === "~") && i > 0) || ((c === "{" || c === "}") && name.length > 1));
  return bare && name !== "" ? name : quoteAlways(name);
}

/** "x" with C escapes: ls -Q, and names of od and cmp. */
export function quoteC(text: string): string {
  let s = "";
  for (const c of text) s += c === "\\" || c === '"' ? `\\${c}` : isControl(c) ? escapeControl(c) : c;
  return `"${s}"`;
}
