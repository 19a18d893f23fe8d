/**
 * Regular expressions: text → syntax tree. POSIX basic and extended (XBD 9) with the GNU extensions as regex(7) and glibc
 * posix/regcomp.c take them, awk's, and the Perl-like subset of `grep -P` and jq. Patterns are octet strings.
 */
import { err, ok, type Result } from "../base/result.ts";
import { charLength, codePointAt, type Octets } from "./octets.ts";
import { addClass, CharSet, classSet, wordSet } from "./regex-charset.ts";

export type Syntax = "sed-bre" | "sed-ere" | "grep-bre" | "grep-ere" | "awk" | "perl";

export type Assertion = "bol" | "eol" | "bot" | "eot" | "word" | "not-word" | "word-start" | "word-end" | "no-word-before" | "no-word-after";

export type Node =
  | { kind: "empty" }
  | { kind: "set"; set: CharSet }
  | { kind: "cat"; items: Node[] }
  | { kind: "alt"; items: Node[] }
  | { kind: "repeat"; item: Node; min: number; max: number; lazy: boolean }
  | { kind: "group"; item: Node; index: number }
  | { kind: "assert"; what: Assertion }
  | { kind: "backref"; index: number }
  | { kind: "look"; item: Node; behind: boolean; negative: boolean }
  /** \K: the match starts here. */
  | { kind: "keep" };

export interface ParseOptions {
  syntax: Syntax;
  ignoreCase?: boolean;
  /** Octets, not UTF-8 characters: the C locale, and mawk always. */
  octetwise?: boolean;
  /** ^ and $ also at newlines within the text. */
  multiline?: boolean;
  /** `.` does not match a newline (perl). */
  dotStopsAtNewline?: boolean;
  /** Only matches that are a whole line (grep -x) or have no word character on either side (grep -w). */
  whole?: "line" | "word" | undefined;
}

export interface Parsed {
  node: Node;
  groups: number;
  /** Names of groups (perl), by index. */
  names: Map<number, string>;
  /** Nothing in it looks at characters as such: glibc then works octet by octet even in UTF-8 (optimize_utf8 of regcomp.c). */
  octetwise: boolean;
  /** What grep 3.8 warns of: "stray \ before d". */
  warnings: string[];
}

/** Nesting of parentheses; deeper is refused before the host's stack would be. */
const MAX_DEPTH = 200;
/** Repetitions of a repetition: a+?+?+?. */
const MAX_REPEATS = 5;
/** RE_DUP_MAX of regex.h. */
const DUP_MAX = 0x7fff;

const BAD_REPEAT = "Invalid preceding regular expression";
const UNMATCHED_BRACKET = "Unmatched [, [^, [:, [., or [=";

class PatternError {
  constructor(text: string) {
    this.text = text;
  }
  readonly text: string;
}

type Token =
  | { t: "end" | "(" | ")" | "|" | "." | "[" }
  | { t: "repeat"; op: "*" | "+" | "?" | "{"; text: Octets }
  | { t: "assert"; what: Assertion }
  | { t: "set"; set: CharSet }
  | { t: "backref"; index: number }
  | { t: "char"; code: number; text: Octets }
  | { t: "keep" };

class Parser {
  private pos = 0;
  private depth = 0;
  groups = 0;
  private closed = new Set<number>();
  readonly names = new Map<number, string>();
  readonly warnings: string[] = [];
  characterwise = false;
  private readonly p: Octets;
  private readonly o: ParseOptions;
  /** BRE: backslash before ( ) { } | + ?. */
  private readonly basic: boolean;
  private readonly perl: boolean;

  constructor(pattern: Octets, o: ParseOptions) {
    this.p = pattern;
    this.o = o;
    this.basic = o.syntax === "sed-bre" || o.syntax === "grep-bre";
    this.perl = o.syntax === "perl";
  }

  parse(): Node {
    const node = this.alternatives();
    if (this.pos < this.p.length) throw new PatternError(this.perl ? "unmatched closing parenthesis" : "Unmatched ) or \\)");
    return node;
  }

  // -- tokens ---------------------------------------------------------------------------------------------------------

  private get wide(): boolean {
    return !this.o.octetwise;
  }

  private chars(set: CharSet): CharSet {
    return this.o.ignoreCase ? set.foldCase() : set;
  }

  /** The token at `pos`, and where the next one starts. `first`: at the start of a branch, where some are ordinary. */
  private peek(first: boolean): [Token, number] {
    const p = this.p;
    const i = this.pos;
    if (i >= p.length) return [{ t: "end" }, i];
    const c = p[i]!;
    if (c === "\\") return this.escape(i);
    switch (c) {
      case "[":
      case ".":
        return [{ t: c }, i + 1];
      case "*":
        return [{ t: "repeat", op: "*", text: c }, i + 1];
      case "^":
        if (!this.basic || first || (this.o.syntax === "grep-bre" && p[i - 1] === "\n")) return [{ t: "assert", what: this.perl && !this.o.multiline ? "bot" : "bol" }, i + 1];
        break;
      case "$":
        if (!this.basic || this.branchEndsAt(i + 1)) return [{ t: "assert", what: "eol" }, i + 1];
        break;
      case "\n":
        if (this.o.syntax === "grep-bre" || this.o.syntax === "grep-ere") return [{ t: "|" }, i + 1];
        break;
      case "+":
      case "?":
        if (!this.basic) return [{ t: "repeat", op: c, text: c }, i + 1];
        break;
      case "{":
        if (!this.basic && this.o.syntax !== "awk" && !(this.perl && !this.isPerlInterval(i))) return [{ t: "repeat", op: "{", text: c }, i + 1];
        break;
      case "(":
      case ")":
      case "|":
        if (!this.basic) return [{ t: c }, i + 1];
        break;
    }
    return this.literal(i, i);
  }

  private branchEndsAt(i: number): boolean {
    return i >= this.p.length || this.p.startsWith("\\)", i) || this.p.startsWith("\\|", i) || (this.o.syntax === "grep-bre" && this.p[i] === "\n");
  }

  private isPerlInterval(i: number): boolean {
    return /^\{\d+(,\d*)?\}/.test(this.p.slice(i, i + 16));
  }

  private literal(i: number, from: number): [Token, number] {
    const n = this.wide ? charLength(this.p, i) || 1 : 1;
    this.characterwise ||= n > 1;
    return [{ t: "char", code: codePointAt(this.p, i, n), text: this.p.slice(from, i + n) }, i + n];
  }

  private escape(i: number): [Token, number] {
    const c = this.p[i + 1];
    if (c === undefined) throw new PatternError(this.perl ? "\\ at end of pattern" : "Trailing backslash");
    if (this.perl) return this.perlEscape(i, c);
    if (this.o.syntax === "awk") return this.awkEscape(i, c);
    if (this.basic) {
      if (c === "(" || c === ")" || c === "|") return [{ t: c }, i + 2];
      if (c === "{" || c === "+" || c === "?") return [{ t: "repeat", op: c, text: c }, i + 2];
    }
    const special = this.gnuEscape(c);
    if (special) {
      this.characterwise ||= special.t === "set" || (special.t === "assert" && c !== "`" && c !== "'");
      return [special, i + 2];
    }
    if (c >= "1" && c <= "9") return [{ t: "backref", index: c.charCodeAt(0) - 48 }, i + 2];
    return this.literal(i + 1, i + 1);
  }

  private gnuEscape(c: string): Token | undefined {
    switch (c) {
      case "w": return { t: "set", set: wordSet(this.wide) };
      case "W": return { t: "set", set: wordSet(this.wide).negate() };
      case "s": return { t: "set", set: classSet("space") };
      case "S": return { t: "set", set: classSet("space").negate() };
      case "b": return { t: "assert", what: "word" };
      case "B": return { t: "assert", what: "not-word" };
      case "<": return { t: "assert", what: "word-start" };
      case ">": return { t: "assert", what: "word-end" };
      case "`": return { t: "assert", what: "bot" };
      case "'": return { t: "assert", what: "eot" };
      default: return undefined;
    }
  }

  private static readonly CONTROL: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, e: 27 };

  private awkEscape(i: number, c: string): [Token, number] {
    const control = c === "e" ? undefined : Parser.CONTROL[c];
    if (control !== undefined) return [{ t: "char", code: control, text: c }, i + 2];
    const hex = /^x[0-9a-fA-F]{1,2}/.exec(this.p.slice(i + 1, i + 4))?.[0];
    if (hex) return [{ t: "char", code: Number.parseInt(hex.slice(1), 16), text: hex }, i + 1 + hex.length];
    const octal = /^[0-7]{1,3}/.exec(this.p.slice(i + 1, i + 4))?.[0];
    if (octal) return [{ t: "char", code: Number.parseInt(octal, 8) & 255, text: octal }, i + 1 + octal.length];
    return this.literal(i + 1, i + 1);
  }

  private perlEscape(i: number, c: string): [Token, number] {
    const set = (s: CharSet): [Token, number] => [{ t: "set", set: s }, i + 2];
    switch (c) {
      case "d": return set(classSet("digit"));
      case "D": return set(classSet("digit").negate());
      case "w": return set(wordSet(this.wide));
      case "W": return set(wordSet(this.wide).negate());
      case "s": return set(classSet("space"));
      case "S": return set(classSet("space").negate());
      case "h": return set(classSet("blank"));
      case "H": return set(classSet("blank").negate());
      case "N": return set(new CharSet().add(10).negate());
      case "b": return [{ t: "assert", what: "word" }, i + 2];
      case "B": return [{ t: "assert", what: "not-word" }, i + 2];
      case "A": return [{ t: "assert", what: "bot" }, i + 2];
      case "z": return [{ t: "assert", what: "eot" }, i + 2];
      case "Z": return [{ t: "assert", what: "eol" }, i + 2];
      case "K": return [{ t: "keep" }, i + 2];
      case "x": return this.hexEscape(i);
    }
    const control = c === "b" ? undefined : Parser.CONTROL[c];
    if (control !== undefined) return [{ t: "char", code: control, text: c }, i + 2];
    if (c >= "1" && c <= "9") return [{ t: "backref", index: c.charCodeAt(0) - 48 }, i + 2];
    if (/[A-Za-z]/.test(c)) throw new PatternError(`unrecognized character follows \\`);
    return this.literal(i + 1, i + 1);
  }

  private hexEscape(i: number): [Token, number] {
    const m = /^\\x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{1,2}))/.exec(this.p.slice(i, i + 12));
    if (!m) return [{ t: "char", code: 0, text: "\0" }, i + 2];
    return [{ t: "char", code: Number.parseInt(m[1] ?? m[2]!, 16), text: m[0] }, i + m[0].length];
  }

  // -- grammar --------------------------------------------------------------------------------------------------------

  private alternatives(): Node {
    if (++this.depth > MAX_DEPTH) throw new PatternError("pattern too large");
    // A branch may refer back to its own groups and to those before the alternatives, not to a sister's (parse_reg_exp of regcomp.c).
    const before = new Set(this.closed);
    const all = new Set<number>();
    const items = [this.branch()];
    for (;;) {
      for (const index of this.closed) all.add(index);
      const [token, next] = this.peek(false);
      if (token.t !== "|") break;
      this.pos = next;
      if (!this.perl) this.closed = new Set(before);
      items.push(this.branch());
    }
    this.closed = all;
    this.depth--;
    return items.length === 1 ? items[0]! : { kind: "alt", items };
  }

  private branch(): Node {
    const items: Node[] = [];
    let first = true;
    for (;;) {
      const [token, next] = this.peek(first);
      if (token.t === "end" || token.t === "|") break;
      if (token.t === ")") {
        if (this.depth > 1) break;
        if (this.o.syntax !== "grep-ere" && this.o.syntax !== "awk") throw new PatternError(this.perl ? "unmatched closing parenthesis" : "Unmatched ) or \\)");
      }
      const piece = this.piece(token, next, first);
      if (piece) items.push(piece);
      if (piece) first = false;
    }
    // mawk: "a||b" and "()" lack an operand, the empty expression does not.
    if (items.length === 0 && this.o.syntax === "awk" && this.p !== "") throw new PatternError(this.depth > 1 && this.pos >= this.p.length ? "missing ')'" : "missing operand");
    return items.length === 0 ? { kind: "empty" } : items.length === 1 ? items[0]! : { kind: "cat", items };
  }

  /** One expression with its repetitions; undefined for a token that is left out (grep -E '*a'). */
  private piece(token: Token, next: number, first: boolean): Node | undefined {
    this.pos = next;
    let node: Node;
    if (token.t === "repeat" && first) {
      const leading = this.leadingRepeat(token);
      if (!leading) return undefined;
      node = leading;
    } else if (token.t === "repeat") {
      node = this.leadingRepeat(token) ?? { kind: "empty" }; // after an anchor
    } else node = this.atom(token);
    // regcomp.c: an anchor takes no repetition in POSIX syntax.
    if (node.kind === "assert" && !this.perl && this.o.syntax !== "awk" && !this.isWordAssertion(node.what)) {
      if (!this.basic && this.o.syntax === "grep-ere") this.skipRepeats();
      return node;
    }
    return this.repeats(node);
  }

  private isWordAssertion(what: Assertion): boolean {
    return what === "word" || what === "not-word";
  }

  private skipRepeats(): void {
    for (;;) {
      const [token, next] = this.peek(false);
      if (token.t !== "repeat" || token.op === "{") return;
      this.warnings.push(`${token.text} at start of expression`);
      this.pos = next;
    }
  }

  /** A repetition with nothing before it: ordinary in BRE, an error in sed -E, left out by grep -E. */
  private leadingRepeat(token: Token & { t: "repeat" }): Node | undefined {
    switch (this.o.syntax) {
      case "sed-bre":
        if (token.op === "{") throw new PatternError(BAD_REPEAT);
        return this.setOf(token.text.charCodeAt(0));
      case "grep-ere":
        if (token.op === "{" && !this.bounds(token, this.pos)) return this.setOf(0x7b);
        this.warnings.push(`${token.op === "{" ? "{...}" : token.text} at start of expression`);
        return undefined;
      case "sed-ere":
        throw new PatternError(BAD_REPEAT);
      case "perl":
        throw new PatternError("quantifier does not follow a repeatable item");
      default:
        throw new PatternError("missing operand");
    }
  }

  private setOf(code: number): Node {
    return { kind: "set", set: this.chars(new CharSet().add(code)) };
  }

  private atom(token: Token): Node {
    switch (token.t) {
      case "(":
        return this.group();
      case ".":
        return { kind: "set", set: this.dot() };
      case "[":
        return { kind: "set", set: this.bracket() };
      case "set":
        return { kind: "set", set: token.set };
      case "assert":
        return { kind: "assert", what: token.what };
      case "keep":
        return { kind: "keep" };
      case "backref":
        if (!this.closed.has(token.index)) throw new PatternError(this.perl ? "reference to non-existent subpattern" : "Invalid back reference");
        return { kind: "backref", index: token.index };
      case "char":
        return this.setOf(token.code);
      case ")":
        return this.setOf(0x29); // grep -E ')'
      default:
        return { kind: "empty" };
    }
  }

  private dot(): CharSet {
    const set = new CharSet();
    if (this.o.dotStopsAtNewline) set.add(10);
    return set.negate();
  }

  private group(): Node {
    if (this.perl && this.p[this.pos] === "?") return this.perlGroup();
    const index = ++this.groups;
    const item = this.alternatives();
    this.close();
    this.closed.add(index);
    return { kind: "group", item, index };
  }

  private close(): void {
    const [token, next] = this.peek(false);
    if (token.t !== ")") throw new PatternError(this.perl ? "missing closing parenthesis" : this.o.syntax === "awk" ? "missing ')'" : "Unmatched ( or \\(");
    this.pos = next;
  }

  private perlGroup(): Node {
    const rest = this.p.slice(this.pos, this.pos + 40);
    const m = /^\?(?:(:|=|!|<=|<!)|P?<([A-Za-z_]\w*)>)/.exec(rest);
    if (!m) throw new PatternError("unrecognized character after (? or (?-");
    this.pos += m[0].length;
    const name = m[2];
    const index = name === undefined ? 0 : ++this.groups;
    if (name !== undefined) this.names.set(index, name);
    const item = this.alternatives();
    this.close();
    if (name !== undefined) {
      this.closed.add(index);
      return { kind: "group", item, index };
    }
    if (m[1] === ":") return item;
    return { kind: "look", item, behind: m[1]!.startsWith("<"), negative: m[1]!.endsWith("!") };
  }

  private repeats(item: Node): Node {
    let node = item;
    let nested = 0;
    for (let count = 0; ; count++) {
      const [token, next] = this.peek(false);
      if (token.t !== "repeat") return node;
      if (count > 0 && this.o.syntax === "sed-bre" && (token.op === "*" || token.op === "{")) throw new PatternError(BAD_REPEAT);
      if (count > 0 && this.perl && token.op !== "?") throw new PatternError("quantifier does not follow a repeatable item");
      const bounds = this.bounds(token, next);
      if (!bounds) return node;
      let lazy = false;
      if (this.perl && this.p[this.pos] === "?") {
        lazy = true;
        this.pos++;
      }
      const again = node.kind === "repeat" && bounds.min === 0 && bounds.max === Infinity && node.min === 0 && node.max === Infinity;
      if (again) continue; // a** is a*
      if (++nested > MAX_REPEATS) throw new PatternError("pattern too large");
      node = { kind: "repeat", item: node, ...bounds, lazy };
    }
  }

  /** Bounds of a repetition, with `pos` after it. undefined: the brace is an ordinary character (grep -E 'a{1a'), nothing is taken. */
  private bounds(token: Token & { t: "repeat" }, next: number): { min: number; max: number } | undefined {
    if (token.op === "*") return this.take(next, 0, Infinity);
    if (token.op === "+") return this.take(next, 1, Infinity);
    if (token.op === "?") return this.take(next, 0, 1);
    const close = this.basic ? "\\}" : "}";
    const at = this.p.indexOf(close, next);
    const body = at < 0 ? this.p.slice(next) : this.p.slice(next, at);
    const m = /^(\d*)(,?)(\d*)$/.exec(body);
    if (at < 0 || !m || (m[1] === "" && m[2] === "")) {
      if (this.o.syntax === "grep-ere") return undefined;
      throw new PatternError(at < 0 ? "Unmatched \\{" : "Invalid content of \\{\\}");
    }
    const min = m[1] === "" ? 0 : Number(m[1]);
    const max = m[2] === "" ? min : m[3] === "" ? Infinity : Number(m[3]);
    if (min > max) throw new PatternError(this.perl ? "numbers out of order in {} quantifier" : "Invalid content of \\{\\}");
    if (min > DUP_MAX || (max !== Infinity && max > DUP_MAX)) throw new PatternError("Regular expression too big");
    return this.take(at + close.length, min, max);
  }

  private take(next: number, min: number, max: number): { min: number; max: number } {
    this.pos = next;
    return { min, max };
  }

  // -- bracket expressions ----------------------------------------------------------------------------------------------

  private get unmatchedBracket(): string {
    return this.o.syntax === "awk" ? "bad class -- [], [^] or [" : UNMATCHED_BRACKET;
  }

  /** After the `[`. */
  private bracket(): CharSet {
    const set = new CharSet();
    const start = this.pos;
    let negated = false;
    if (this.p[this.pos] === "^") {
      negated = true;
      this.characterwise = true;
      this.pos++;
    }
    for (let first = true; ; first = false) {
      const c = this.p[this.pos];
      // Nothing at all after the bracket is another mistake to glibc.
      if (c === undefined && first && this.o.syntax.startsWith("grep")) throw new PatternError("Invalid regular expression");
      if (c === undefined) throw new PatternError(this.perl ? "missing terminating ] for character class" : this.unmatchedBracket);
      if (c === "]" && !first) break;
      this.bracketItem(set);
    }
    this.pos++;
    this.refuseNakedClass(start);
    this.chars(set);
    // What grep sees never has a newline in it; elsewhere [^a] matches one.
    return negated ? set.negate() : set;
  }

  /** `[:space:]` outside brackets is a mistake that grep names. */
  private refuseNakedClass(start: number): void {
    const text = this.p.slice(start, this.pos - 1);
    if (this.o.syntax.startsWith("grep") && text.length > 1 && text.startsWith(":") && text.endsWith(":"))
      throw new PatternError("character class syntax is [[:space:]], not [:space:]");
  }

  private bracketItem(set: CharSet): void {
    const kind = this.p[this.pos] === "[" ? this.p[this.pos + 1] : undefined;
    this.characterwise ||= kind === ":" || kind === "=" || kind === ".";
    if (kind === ":") return this.namedClass(set);
    if ((this.perl || this.o.syntax === "awk") && this.p[this.pos] === "\\" && this.escapeInBracket(set)) return;
    const lo = this.endpoint();
    if (this.p[this.pos] !== "-" || this.p[this.pos + 1] === "]" || this.pos + 1 >= this.p.length) {
      set.add(lo);
      return;
    }
    this.pos++;
    this.characterwise = true;
    const hi = this.endpoint();
    if (hi < lo) throw new PatternError(this.perl ? "range out of order in character class" : "Invalid range end");
    set.add(lo, hi);
  }

  private namedClass(set: CharSet): void {
    const end = this.p.indexOf(":]", this.pos + 2);
    if (end < 0) {
      if (this.o.syntax === "awk") {
        set.add(0x5b);
        this.pos++;
        return;
      }
      throw new PatternError(UNMATCHED_BRACKET);
    }
    if (!addClass(set, this.p.slice(this.pos + 2, end), this.wide)) throw new PatternError(this.perl ? "unknown POSIX class name" : this.o.syntax === "awk" ? this.unmatchedBracket : "Invalid character class name");
    this.pos = end + 2;
  }

  /** A class such as \d inside brackets. @returns whether there was one. */
  private escapeInBracket(set: CharSet): boolean {
    const i = this.pos;
    const c = this.p[i + 1];
    if (c === undefined) return false;
    if (c === "b") {
      set.add(8);
      this.pos += 2;
      return true;
    }
    const [token, next] = this.perl && !/[dDwWsShHN]/.test(c) ? [undefined, 0] : this.escape(i);
    if (token?.t !== "set") return false;
    set.addSet(token.set);
    this.pos = next;
    return true;
  }

  private endpoint(): number {
    const p = this.p;
    const kind = p[this.pos] === "[" ? p[this.pos + 1] : undefined;
    if (kind === "." || kind === "=") {
      const end = p.indexOf(`${kind}]`, this.pos + 2);
      if (end < 0) throw new PatternError(UNMATCHED_BRACKET);
      const [token, next] = this.literal(this.pos + 2, this.pos + 2);
      if (next !== end) throw new PatternError("Invalid collation character");
      this.pos = end + 2;
      return (token as { code: number }).code;
    }
    if (p[this.pos] === "\\" && (this.perl || this.o.syntax === "awk")) {
      const [token, next] = this.escape(this.pos);
      this.pos = next;
      return token.t === "char" ? token.code : p.charCodeAt(next - 1);
    }
    if (this.pos >= p.length) throw new PatternError(UNMATCHED_BRACKET);
    const [token, next] = this.literal(this.pos, this.pos);
    this.pos = next;
    return (token as { code: number }).code;
  }
}

function wrap(node: Node, whole: "line" | "word" | undefined): Node {
  if (whole === undefined) return node;
  const [before, after]: [Assertion, Assertion] = whole === "line" ? ["bol", "eol"] : ["no-word-before", "no-word-after"];
  return { kind: "cat", items: [{ kind: "assert", what: before }, node, { kind: "assert", what: after }] };
}

/** @returns the tree, or the message of the real tool. */
export function parseRegex(pattern: Octets, o: ParseOptions): Result<Parsed, string> {
  const parser = new Parser(pattern, o);
  try {
    const node = parser.parse();
    return ok({ node: wrap(node, o.whole), groups: parser.groups, names: parser.names, octetwise: !parser.characterwise, warnings: parser.warnings });
  } catch (e) {
    if (e instanceof PatternError) return err(e.text);
    throw e;
  }
}
