/**
 * Shell patterns: `*`, `?`, brackets with ranges and classes (POSIX XCU 2.13.1), and bash's extended `@( )`, `!( )` ...
 * Own matcher, not RegExp: a learner's pattern must not be able to hang the page. Time is bounded by STEPS.
 */

/** A character with whether quoting took its meaning. */
export interface PatternChar {
  c: string;
  quoted: boolean;
}

type Token =
  | { kind: "char"; c: string }
  | { kind: "any" }
  | { kind: "star" }
  | { kind: "set"; negated: boolean; has: (c: string) => boolean }
  | { kind: "ext"; op: string; alternatives: Token[][] };

export interface Pattern {
  tokens: Token[];
  /** No wildcard in it: this is the one string it matches. */
  literal: string | undefined;
}

const STEPS = 200_000;

export function pieces(text: string, quoted: boolean): PatternChar[] {
  return [...text].map((c) => ({ c, quoted }));
}

export function compilePattern(chars: readonly PatternChar[], extglob: boolean): Pattern {
  const tokens = compile(chars, 0, chars.length, extglob);
  const literal = tokens.every((t) => t.kind === "char") ? tokens.map((t) => (t as { c: string }).c).join("") : undefined;
  return { tokens, literal };
}

/** A pattern of plain text, where a backslash quotes. */
export function patternOf(text: string, extglob = false): Pattern {
  const chars: PatternChar[] = [];
  const all = [...text];
  for (let i = 0; i < all.length; i++) {
    if (all[i] === "\\" && i + 1 < all.length) chars.push({ c: all[++i]!, quoted: true });
    else chars.push({ c: all[i]!, quoted: false });
  }
  return compilePattern(chars, extglob);
}

function compile(chars: readonly PatternChar[], from: number, to: number, extglob: boolean): Token[] {
  const out: Token[] = [];
  for (let i = from; i < to; ) {
    const { c, quoted } = chars[i]!;
    if (quoted) {
      out.push({ kind: "char", c });
      i++;
      continue;
    }
    if (c === "\\" && i + 1 < to) {
      // A backslash that came out of an expansion.
      out.push({ kind: "char", c: chars[i + 1]!.c });
      i += 2;
      continue;
    }
    if (extglob && "?*+@!".includes(c) && chars[i + 1]?.c === "(" && !chars[i + 1]!.quoted) {
      const close = closing(chars, i + 1, to);
      if (close > 0) {
        const bounds = [i + 1, ...bars(chars, i + 2, close), close];
        const alternatives = bounds.slice(1).map((end, k) => compile(chars, bounds[k]! + 1, end, extglob));
        out.push({ kind: "ext", op: c, alternatives });
        i = close + 1;
        continue;
      }
    }
    if (c === "*") {
      if (out[out.length - 1]?.kind !== "star") out.push({ kind: "star" });
      i++;
    } else if (c === "?") {
      out.push({ kind: "any" });
      i++;
    } else if (c === "[") {
      const set = bracket(chars, i, to);
      if (set) out.push(set.token);
      else out.push({ kind: "char", c });
      i = set ? set.end : i + 1;
    } else {
      out.push({ kind: "char", c });
      i++;
    }
  }
  return out;
}

function closing(chars: readonly PatternChar[], open: number, to: number): number {
  let level = 0;
  for (let i = open; i < to; i++) {
    if (chars[i]!.quoted) continue;
    if (chars[i]!.c === "(") level++;
    if (chars[i]!.c === ")" && --level === 0) return i;
  }
  return -1;
}

function bars(chars: readonly PatternChar[], from: number, to: number): number[] {
  const out: number[] = [];
  let level = 0;
  for (let i = from; i < to; i++) {
    if (chars[i]!.quoted) continue;
    if (chars[i]!.c === "(") level++;
    if (chars[i]!.c === ")") level--;
    if (chars[i]!.c === "|" && level === 0) out.push(i);
  }
  return out;
}

const CLASSES: ReadonlyMap<string, (c: string) => boolean> = new Map(
  Object.entries({
    alnum: /[0-9A-Za-z]/, alpha: /[A-Za-z]/, blank: /[ \t]/, cntrl: /[\x00-\x1f\x7f]/, digit: /[0-9]/, graph: /[!-~]/, lower: /[a-z]/, print: /[ -~]/,
    punct: /[!-/:-@[-`{-~]/, space: /[ \t-\r]/, upper: /[A-Z]/, xdigit: /[0-9A-Fa-f]/, word: /[0-9A-Za-z_]/,
  }).map(([name, test]) => [name, (c: string) => test.test(c)]),
);

function bracket(chars: readonly PatternChar[], at: number, to: number): { token: Token; end: number } | undefined {
  let i = at + 1;
  const negated = i < to && !chars[i]!.quoted && (chars[i]!.c === "!" || chars[i]!.c === "^");
  if (negated) i++;
  const tests: ((c: string) => boolean)[] = [];
  for (let first = true; ; first = false) {
    if (i >= to) return undefined;
    const { c, quoted } = chars[i]!;
    if (c === "]" && !quoted && !first) break;
    if (c === "/" && !quoted) return undefined;
    if (c === "[" && !quoted && chars[i + 1]?.c === ":") {
      const end = findClass(chars, i + 2, to);
      if (end > 0) {
        const test = CLASSES.get(chars.slice(i + 2, end).map((p) => p.c).join(""));
        if (test) {
          tests.push(test);
          i = end + 2;
          continue;
        }
      }
    }
    if (c === "\\" && !quoted && i + 1 < to) {
      const { c: escaped } = chars[i + 1]!;
      tests.push((x) => x === escaped);
      i += 2;
      continue;
    }
    const dash = chars[i + 1];
    const high = chars[i + 2];
    if (dash?.c === "-" && !dash.quoted && high && i + 2 < to && !(high.c === "]" && !high.quoted)) {
      const [low, top] = [c.codePointAt(0)!, high.c.codePointAt(0)!];
      tests.push((x) => x.codePointAt(0)! >= low && x.codePointAt(0)! <= top);
      i += 3;
    } else {
      tests.push((x) => x === c);
      i++;
    }
  }
  return { token: { kind: "set", negated, has: (c) => tests.some((t) => t(c)) }, end: i + 1 };
}

function findClass(chars: readonly PatternChar[], from: number, to: number): number {
  for (let i = from; i + 1 < to; i++) {
    if (chars[i]!.c === ":" && chars[i + 1]!.c === "]") return i;
    if (!/[a-z]/.test(chars[i]!.c)) return -1;
  }
  return -1;
}

/** Whether the whole text matches. */
export function matches(p: Pattern, text: string): boolean {
  if (p.literal !== undefined) return p.literal === text;
  const budget = { steps: STEPS };
  return matchAt(p.tokens, 0, [...text], 0, budget);
}

function one(t: Token, c: string): boolean {
  switch (t.kind) {
    case "char":
      return t.c === c;
    case "any":
      return true;
    case "set":
      return t.has(c) !== t.negated;
    default:
      return false;
  }
}

/** Backtracks to the last star only, which is enough as long as no extended pattern is met. */
function matchAt(tokens: readonly Token[], tokenFrom: number, text: readonly string[], textFrom: number, budget: { steps: number }): boolean {
  let ti = tokenFrom;
  let si = textFrom;
  let starToken = -1;
  let starText = 0;
  for (;;) {
    if (--budget.steps < 0) return false;
    const t = tokens[ti];
    if (t?.kind === "ext") {
      if (matchExtended(tokens, ti, t, text, si, budget)) return true;
    } else if (t?.kind === "star") {
      starToken = ++ti;
      starText = si;
      continue;
    } else if (t && si < text.length && one(t, text[si]!)) {
      ti++;
      si++;
      continue;
    } else if (!t && si === text.length) return true;
    if (starToken < 0 || starText >= text.length) return false;
    ti = starToken;
    si = ++starText;
  }
}

function matchExtended(tokens: readonly Token[], ti: number, t: Token & { kind: "ext" }, text: readonly string[], si: number, budget: { steps: number }): boolean {
  const rest = (from: number): boolean => matchAt(tokens, ti + 1, text, from, budget);
  const single = (from: number, to: number): boolean => t.alternatives.some((a) => matchAt(a, 0, text.slice(from, to), 0, budget));
  const repeated = (from: number, to: number): boolean => {
    if (from === to) return true;
    for (let mid = from + 1; mid <= to; mid++) if (--budget.steps > 0 && single(from, mid) && repeated(mid, to)) return true;
    return false;
  };
  for (let to = si; to <= text.length; to++) {
    if (--budget.steps < 0) return false;
    let good: boolean;
    if (t.op === "!") good = !single(si, to);
    else if (t.op === "@") good = single(si, to);
    else if (t.op === "?") good = to === si || single(si, to);
    else if (t.op === "*") good = repeated(si, to);
    else good = to === si ? single(si, to) : repeated(si, to);
    if (good && rest(to)) return true;
  }
  return false;
}

/** Removes the smallest or largest matching prefix or suffix: `#`, `##`, `%`, `%%`. */
export function strip(op: string, text: string, p: Pattern): string {
  const chars = [...text];
  const n = chars.length;
  const prefix = op[0] === "#";
  const longest = op.length === 2;
  for (let k = 0; k <= n; k++) {
    const length = longest ? n - k : k;
    const part = prefix ? chars.slice(0, length) : chars.slice(n - length);
    if (matches(p, part.join(""))) return (prefix ? chars.slice(length) : chars.slice(0, n - length)).join("");
  }
  return text;
}

/** Where the longest match begins and ends, from `from` on; in characters. */
function longestAt(p: Pattern, chars: readonly string[], from: number, anchoredEnd: boolean): number {
  for (let to = chars.length; to >= from; to--) {
    if (matches(p, chars.slice(from, to).join(""))) return to;
    if (anchoredEnd) return -1;
  }
  return -1;
}

/** ${x/pattern/with}. `op` is "/", "//", "/#" or "/%". */
export function replace(op: string, text: string, p: Pattern, by: (matched: string) => string): string {
  const chars = [...text];
  if (p.literal === "" && op !== "/#" && op !== "/%") return text;
  if (p.literal !== undefined && op === "//") return text.split(p.literal).join(by(p.literal));
  if (op === "/#") {
    const to = longestAt(p, chars, 0, false);
    return to < 0 ? text : by(chars.slice(0, to).join("")) + chars.slice(to).join("");
  }
  if (op === "/%") {
    for (let from = 0; from <= chars.length; from++) {
      if (longestAt(p, chars, from, true) >= 0) return chars.slice(0, from).join("") + by(chars.slice(from).join(""));
    }
    return text;
  }
  let out = "";
  for (let i = 0; i < chars.length; ) {
    const to = longestAt(p, chars, i, false);
    if (to > i) {
      out += by(chars.slice(i, to).join(""));
      i = to;
      if (op === "/") return out + chars.slice(i).join("");
    } else out += chars[i++]!;
  }
  return out;
}
