/**
 * jq's grammar: text → tree with all names resolved, and what jq 1.6 says of a program that is none. Operators from loose to tight:
 * | (right), "," (left), // (right), = |= += ... (none), or, and, comparisons (none), + -, * / %, then ? and try.
 */
import { KEYWORDS, Lexer, shown, type Token } from "./lexer.ts";
import { octets } from "../../octets.ts";
import { parseJson } from "./read.ts";
import { constant, type Definition, IDENTITY, type Node, type Param, type Pattern, type PatternMember } from "./syntax.ts";
import { type BinaryOperator, described, type Json, operate } from "./value.ts";

/** All that is wrong with a program, each with its place. */
export class CompileErrors {
  readonly messages: readonly string[];
  constructor(messages: readonly string[]) {
    this.messages = messages;
  }
}

class SyntaxFault {
  readonly token: Token;
  readonly expected: readonly string[];
  constructor(token: Token, expected: readonly string[]) {
    this.token = token;
    this.expected = expected;
  }
}

/** Nesting of a program; deeper is refused before the host's stack would be. */
const MAX_DEPTH = 150;

type Assoc = "left" | "right" | "none";
const BINARY: Readonly<Record<string, readonly [level: number, assoc: Assoc]>> = {
  "|": [0, "right"], ",": [1, "left"], "//": [2, "right"], "=": [3, "none"], "|=": [3, "none"], "+=": [3, "none"], "-=": [3, "none"], "*=": [3, "none"], "/=": [3, "none"], "%=": [3, "none"], "//=": [3, "none"],
  or: [4, "left"], and: [5, "left"], "==": [6, "none"], "!=": [6, "none"], "<": [6, "none"], "<=": [6, "none"], ">": [6, "none"], ">=": [6, "none"], "+": [7, "left"], "-": [7, "left"], "*": [8, "left"], "/": [8, "left"], "%": [8, "left"],
};
const TIGHTEST = 9;

/** What a name stands for where it is used. */
type Scope =
  | { s: "function"; name: string; arity: number; definition: Definition; next: Scope | undefined }
  | { s: "closure"; name: string; id: number; next: Scope | undefined }
  | { s: "variable"; name: string; id: number; next: Scope | undefined }
  | { s: "label"; name: string; id: number; next: Scope | undefined };

/** Finds what is not in the program: a definition of the library, or that the name is written in the host's language. */
export type Library = (name: string, arity: number) => Definition | "native" | undefined;

/** Places where reading could go on after an error; the innermost decides what else is said. */
type Context = { kind: "group" | "brace" | "member" | "then" | "catch" | "dot"; start: number };

export class Parser {
  private readonly lexer: Lexer;
  private readonly src: string;
  private readonly library: Library;
  private token: Token;
  private ids: { next: number };
  private scope: Scope | undefined;
  private depth = 0;
  private readonly contexts: Context[] = [];
  private readonly unresolved: string[] = [];
  private readonly faults: string[] = [];

  constructor(src: string, library: Library, ids: { next: number }) {
    this.src = src;
    this.library = library;
    this.ids = ids;
    this.lexer = new Lexer(src);
    this.token = this.lexer.next();
  }

  /** Variables that are there from the start. */
  bindGlobal(name: string): number {
    return this.bind(name);
  }

  program(): Node {
    try {
      const node = this.topLevel();
      if (this.faults.length + this.unresolved.length > 0) throw new CompileErrors([...this.faults, ...this.unresolved]);
      return node;
    } catch (e) {
      if (!(e instanceof SyntaxFault)) throw e;
      throw new CompileErrors([...this.faults, ...this.explain(e)]);
    }
  }

  /** One definition of the library. */
  libraryDefinition(): Definition {
    return this.definition(false);
  }

  // -- errors -----------------------------------------------------------------------------------------------------------

  /** "text at <top-level>, line 1:", the line, and blanks as far as the place is into it. */
  private placed(text: string, start: number): string {
    const lineStart = this.src.lastIndexOf("\n", start - 1) + 1;
    const lineEnd = this.src.indexOf("\n", lineStart);
    let line = 1;
    for (let i = 0; i < lineStart; i++) if (this.src[i] === "\n") line++;
    return `${text} at <top-level>, line ${line}:\n${this.src.slice(lineStart, lineEnd < 0 ? undefined : lineEnd)}${" ".repeat(start - lineStart)}`;
  }

  private explain(fault: SyntaxFault): string[] {
    const expecting = fault.expected.length > 0 ? `, expecting ${fault.expected.join(" or ")}` : "";
    const first = this.placed(`syntax error, unexpected ${shown(fault.token)}${expecting} (Unix shell quoting issues?)`, fault.token.start);
    const context = this.contexts[this.contexts.length - 1];
    if (context?.kind === "then") return [first, this.placed("Possibly unterminated 'if' statement", context.start)];
    if (context?.kind === "catch") return [first, this.placed("Possibly unterminated 'try' statement", context.start)];
    if (context?.kind === "dot") return [first, this.placed('try .["field"] instead of .field for unusually named fields', context.start)];
    if ((context?.kind === "brace" || context?.kind === "member") && this.colonFollows(context.kind === "brace")) return [first, this.placed("May need parentheses around object key expression", context.start)];
    return [first];
  }

  private colonFollows(stopAtBrace: boolean): boolean {
    for (; this.token.kind !== "end"; this.token = this.lexer.next()) {
      if (this.is(":")) return true;
      if (stopAtBrace && this.is("}")) return false;
    }
    return false;
  }

  private wrong(...expected: string[]): SyntaxFault {
    return new SyntaxFault(this.token, expected);
  }

  private undefinedName(name: string, start: number): void {
    this.unresolved.push(this.placed(`${name} is not defined`, start));
  }

  // -- tokens -----------------------------------------------------------------------------------------------------------

  private advance(): Token {
    const t = this.token;
    this.token = this.lexer.next();
    return t;
  }

  private is(text: string): boolean {
    return (this.token.kind === "op" || this.token.kind === "keyword") && this.token.text === text;
  }

  private take(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  private expect(text: string, ...expected: string[]): void {
    if (!this.take(text)) throw this.wrong(...expected);
  }

  private within<T>(kind: Context["kind"], start: number, read: () => T): T {
    this.contexts.push({ kind, start });
    const out = read();
    this.contexts.pop();
    return out;
  }

  // -- names ------------------------------------------------------------------------------------------------------------

  private bind(name: string): number {
    const id = this.ids.next++;
    this.scope = { s: "variable", name, id, next: this.scope };
    return id;
  }

  /** Reads something with names bound that end with it. */
  private scoped<T>(read: () => T): T {
    const saved = this.scope;
    const out = read();
    this.scope = saved;
    return out;
  }

  private variable(name: string, start: number): Node {
    for (let s = this.scope; s; s = s.next) if (s.s === "variable" && s.name === name) return { n: "variable", id: s.id };
    if (name === "ENV") return { n: "native", name: "env", args: [] };
    this.undefinedName(`$${name}`, start);
    return IDENTITY;
  }

  private functionCall(name: string, args: Node[], start: number): Node {
    for (let s = this.scope; s; s = s.next) {
      if (s.s === "closure" && s.name === name && args.length === 0) return { n: "closure", id: s.id };
      if (s.s === "function" && s.name === name && s.arity === args.length) return { n: "call", definition: s.definition, args };
    }
    const found = this.library(name, args.length);
    if (found === "native") return { n: "native", name, args };
    if (found) return { n: "call", definition: found, args };
    this.undefinedName(`${name}/${args.length}`, start);
    return IDENTITY;
  }

  // -- program ------------------------------------------------------------------------------------------------------------

  private topLevel(): Node {
    if (this.token.kind === "end") return IDENTITY;
    if (!this.beginsExpression()) throw this.wrong("$end");
    const node = this.sequence(true);
    if (!this.atEnd()) throw this.wrong("$end");
    return node;
  }

  private atEnd(): boolean {
    return this.token.kind === "end";
  }

  private beginsExpression(): boolean {
    const { kind, text } = this.token;
    if (kind === "op") return ["-", ".", "..", "(", "[", "{", "$"].includes(text);
    if (kind === "keyword") return ["def", "if", "reduce", "foreach", "try", "label", "break", "import", "include", "module"].includes(text);
    return kind === "ident" || kind === "field" || kind === "literal" || kind === "format" || kind === "quote";
  }

  /** Definitions, and an expression; at the top a program may be definitions only. */
  private sequence(top: boolean): Node {
    if (top && (this.is("import") || this.is("include") || this.is("module"))) this.module();
    if (top && this.is("def")) {
      const definition = this.definition(true);
      const saved = this.scope;
      this.scope = { s: "function", name: definition.name, arity: definition.params.length, definition, next: saved };
      const body = this.atEnd() ? IDENTITY : this.sequence(true);
      this.scope = saved;
      return { n: "define", definition, body };
    }
    return this.expression();
  }

  private module(): never {
    const { text } = this.advance();
    if (text !== "module" && this.token.kind !== "quote" && this.token.kind !== "format") throw this.wrong("FORMAT", "QQSTRING_START");
    throw new CompileErrors([`\0jq ${text}`]);
  }

  private definition(local: boolean): Definition {
    this.advance();
    if (this.token.kind !== "ident") throw this.wrong("IDENT");
    const name = this.advance().text;
    const id = local ? this.ids.next++ : undefined;
    return this.scoped(() => {
      const params = this.is("(") ? this.parameters() : [];
      this.expect(":", ...(params.length > 0 ? ["':'"] : ["'('", "':'"]));
      const definition: Definition = { name, params, body: IDENTITY, id };
      this.scope = { s: "function", name, arity: params.length, definition, next: this.scope };
      for (const p of params) {
        this.scope = { s: "closure", name: p.name, id: p.id, next: this.scope };
        if (p.variable !== undefined) this.scope = { s: "variable", name: p.name, id: p.variable, next: this.scope };
      }
      definition.body = this.sequence(true);
      this.expect(";");
      return definition;
    });
  }

  private parameters(): Param[] {
    const params: Param[] = [];
    do {
      this.advance();
      const isValue = this.take("$");
      if (this.token.kind !== "ident" && !(isValue && this.token.kind === "keyword" && this.token.text === "__loc__")) throw isValue ? this.wrong("IDENT") : this.wrong("IDENT", "'$'");
      params.push({ name: this.advance().text, id: this.ids.next++, variable: isValue ? this.ids.next++ : undefined });
    } while (this.is(";"));
    this.expect(")", "';'", "')'");
    return params;
  }

  // -- expressions ----------------------------------------------------------------------------------------------------------

  private expression(level = 0): Node {
    if (++this.depth > MAX_DEPTH) throw new CompileErrors(["\0program too deep"]);
    const start = this.token.start;
    let left = this.operand();
    for (;;) {
      const entry = this.token.kind === "op" || this.token.kind === "keyword" ? BINARY[this.token.text] : undefined;
      if (!entry || entry[0] < level) break;
      const op = this.advance().text;
      const right = this.expression(entry[1] === "right" ? entry[0] : entry[0] + 1);
      left = this.combine(op, left, right, start);
      const again = this.token.kind === "op" ? BINARY[this.token.text] : undefined;
      if (entry[1] === "none" && again && again[0] === entry[0]) throw this.wrong();
    }
    this.depth--;
    return left;
  }

  private combine(op: string, left: Node, right: Node, start: number): Node {
    switch (op) {
      case "|": return { n: "pipe", left, right };
      case ",": return { n: "comma", left, right };
      case "//": return { n: "alternative", left, right };
      case "=": return this.functionCall("_assign", [left, right], start);
      case "|=": return this.functionCall("_modify", [left, right], start);
      case "and":
      case "or": return { n: op, left, right };
    }
    if (op.length > 1 && op.endsWith("=") && !["==", "!=", "<=", ">="].includes(op)) return this.update(op.slice(0, -1), left, right, start);
    return this.arithmetic(op as BinaryOperator, left, right, start);
  }

  private update(op: string, left: Node, right: Node, start: number): Node {
    const variable = this.ids.next++;
    const value: Node = { n: "variable", id: variable };
    const changed: Node = op === "//" ? { n: "alternative", left: IDENTITY, right: value } : { n: "binary", op: op as BinaryOperator, left: IDENTITY, right: value };
    return { n: "update", left, right, variable, update: this.functionCall("_modify", [left, changed], start) };
  }

  /** Two numbers are computed at once. */
  private arithmetic(op: BinaryOperator, left: Node, right: Node, start: number): Node {
    if (left.n !== "constant" || right.n !== "constant" || op === "%") return { n: "binary", op, left, right };
    if (op === "/" && typeof left.value === "number" && left.value !== 0 && right.value === 0) {
      this.unresolved.push(this.placed("Division by zero?", start));
      return IDENTITY;
    }
    if (typeof left.value === "number" && typeof right.value === "number") return constant(op === "/" ? left.value / right.value : operate(op, left.value, right.value));
    return { n: "binary", op, left, right };
  }

  private operand(): Node {
    if (this.is("-")) {
      this.advance();
      return { n: "negate", of: this.expression(8) };
    }
    let node = this.special() ?? this.afterTerm(this.term());
    while (this.take("?")) node = { n: "try", body: node, handler: undefined };
    return node;
  }

  /** `term as $x | body`, or the term. */
  private afterTerm(source: Node): Node {
    if (!this.take("as")) return source;
    return this.scoped(() => {
      const { patterns, variables } = this.patterns();
      this.expect("|", ...(patterns.length > 0 ? ["'|'"] : []));
      return { n: "as", source, patterns, variables, body: this.expression() };
    });
  }

  private special(): Node | undefined {
    if (this.token.kind !== "keyword") return undefined;
    switch (this.token.text) {
      case "def": return this.localDefinition();
      case "if": return this.conditional();
      case "try": return this.attempt();
      case "reduce": return this.reduction();
      case "foreach": return this.iteration();
      case "label": return this.label();
      default: return undefined;
    }
  }

  private localDefinition(): Node {
    const definition = this.definition(true);
    return this.scoped(() => {
      this.scope = { s: "function", name: definition.name, arity: definition.params.length, definition, next: this.scope };
      return { n: "define", definition, body: this.expression() };
    });
  }

  private conditional(): Node {
    const { start } = this.advance();
    const test = this.expression();
    this.expect("then");
    return this.within("then", start, () => {
      const yes = this.expression();
      if (this.is("elif")) return { n: "if", test, yes, no: this.elif() };
      this.expect("else");
      const no = this.expression();
      this.expect("end");
      return { n: "if", test, yes, no };
    });
  }

  private elif(): Node {
    this.advance();
    const test = this.expression();
    this.expect("then");
    const yes = this.expression();
    if (this.is("elif")) return { n: "if", test, yes, no: this.elif() };
    this.expect("else");
    const no = this.expression();
    this.expect("end");
    return { n: "if", test, yes, no };
  }

  private attempt(): Node {
    const { start } = this.advance();
    const body = this.expression(TIGHTEST);
    if (!this.take("catch")) return { n: "try", body, handler: undefined };
    return this.within("catch", start, () => ({ n: "try", body, handler: this.expression(TIGHTEST) }));
  }

  private reduction(): Node {
    this.advance();
    const source = this.term();
    this.expect("as", "as");
    return this.scoped(() => {
      const outer = this.scope;
      const { patterns, variables } = this.patterns();
      this.expect("(", "'('");
      const init = this.inScope(outer, () => this.expression());
      this.expect(";");
      const update = this.expression();
      this.expect(")");
      return { n: "reduce", source, patterns, variables, init, update };
    });
  }

  private iteration(): Node {
    this.advance();
    const source = this.term();
    this.expect("as", "as");
    return this.scoped(() => {
      const outer = this.scope;
      const { patterns, variables } = this.patterns();
      this.expect("(", "'('");
      const init = this.inScope(outer, () => this.expression());
      this.expect(";");
      const update = this.expression();
      const extract = this.take(";") ? this.expression() : undefined;
      this.expect(")");
      return { n: "foreach", source, patterns, variables, init, update, extract };
    });
  }

  private inScope<T>(scope: Scope | undefined, read: () => T): T {
    const saved = this.scope;
    this.scope = scope;
    const out = read();
    this.scope = saved;
    return out;
  }

  private label(): Node {
    this.advance();
    this.expect("$", "'$'");
    if (this.token.kind !== "ident") throw this.wrong("IDENT");
    const name = this.advance().text;
    this.expect("|", "'|'");
    return this.scoped(() => {
      const id = this.ids.next++;
      this.scope = { s: "label", name, id, next: this.scope };
      return { n: "label", id, body: this.expression() };
    });
  }

  // -- patterns -------------------------------------------------------------------------------------------------------------

  private patterns(): { patterns: Pattern[]; variables: number[] } {
    const bound = new Map<string, number>();
    const patterns = [this.pattern(bound)];
    while (this.take("?//")) patterns.push(this.pattern(bound));
    return { patterns, variables: [...bound.values()] };
  }

  private patternVariable(bound: Map<string, number>): number {
    if (this.token.kind !== "ident") throw this.wrong("IDENT");
    const { text } = this.advance();
    const known = bound.get(text);
    if (known !== undefined) return known;
    const id = this.bind(text);
    bound.set(text, id);
    return id;
  }

  private pattern(bound: Map<string, number>): Pattern {
    if (this.take("$")) return { p: "variable", id: this.patternVariable(bound) };
    if (this.take("[")) {
      const items = [this.pattern(bound)];
      while (this.take(",")) items.push(this.pattern(bound));
      this.expect("]", "','", "']'");
      return { p: "array", items };
    }
    if (!this.take("{")) throw this.wrong("'$'", "'['", "'{'");
    const members = [this.patternMember(bound)];
    while (this.take(",")) members.push(this.patternMember(bound));
    this.expect("}", "','", "'}'");
    return { p: "object", members };
  }

  private patternMember(bound: Map<string, number>): PatternMember {
    if (this.take("$")) {
      const name = this.token.text;
      const variable = this.patternVariable(bound);
      return { key: constant(name), variable, value: this.take(":") ? this.pattern(bound) : undefined };
    }
    let key: Node;
    if (this.token.kind === "ident" || this.token.kind === "keyword") key = constant(this.advance().text);
    else if (this.token.kind === "quote" || this.token.kind === "format") key = this.string();
    else if (this.is("(")) key = this.keyExpression();
    else throw this.wrong();
    this.expect(":", "':'");
    return { key, variable: undefined, value: this.pattern(bound) };
  }

  // -- terms ------------------------------------------------------------------------------------------------------------------

  private term(): Node {
    let node = this.primary();
    for (;;) {
      if (this.token.kind === "field") {
        const key = constant(this.advance().text.slice(1));
        node = { n: "index", of: node, key, optional: this.take("?") };
      } else if (this.is(".")) {
        this.advance();
        if (this.token.kind !== "quote" && this.token.kind !== "format") throw this.wrong("FORMAT", "QQSTRING_START");
        const key = this.string();
        node = { n: "index", of: node, key, optional: this.take("?") };
      } else if (this.is("[")) node = this.brackets(node);
      else return node;
    }
  }

  private brackets(of: Node): Node {
    const { start } = this.advance();
    return this.within("group", start, () => {
      if (this.take("]")) return { n: "iterate", of, optional: this.take("?") };
      if (this.take(":")) {
        const to = this.expression();
        this.expect("]");
        return { n: "slice", of, from: undefined, to, optional: this.take("?") };
      }
      const key = this.expression();
      if (this.take(":")) {
        const to = this.is("]") ? undefined : this.expression();
        this.expect("]");
        return { n: "slice", of, from: key, to, optional: this.take("?") };
      }
      this.expect("]");
      return { n: "index", of, key, optional: this.take("?") };
    });
  }

  private primary(): Node {
    const t = this.token;
    switch (t.kind) {
      case "literal":
        this.advance();
        return this.number(t);
      case "quote":
      case "format":
        return this.formatOrString();
      case "field":
        this.advance();
        return { n: "index", of: IDENTITY, key: constant(t.text.slice(1)), optional: this.take("?") };
      case "ident":
        this.advance();
        return this.named(t);
      case "keyword":
        if (t.text === "break") return this.breakOut();
        throw this.wrong();
      case "op": return this.operatorPrimary(t);
      default: throw this.wrong();
    }
  }

  private number(t: Token): Node {
    const parsed = parseJson(t.text);
    if ("value" in parsed) return constant(parsed.value);
    this.faults.push(this.placed(`${parsed.error} (while parsing '${t.text}')`, t.start));
    return constant(null);
  }

  private named(t: Token): Node {
    if (t.text === "null" || t.text === "true" || t.text === "false") {
      if (!this.is("(")) return constant(t.text === "null" ? null : t.text === "true");
    }
    const args: Node[] = [];
    if (this.is("(")) {
      do {
        this.advance();
        args.push(this.expression());
      } while (this.is(";"));
      this.expect(")", "';'", "')'");
    }
    return this.functionCall(t.text, args, t.start);
  }

  private breakOut(): Node {
    const { start } = this.advance();
    if (!this.take("$")) {
      this.faults.push(...this.explain(this.wrong("'$'")));
      throw new CompileErrors([...this.faults, this.placed("break requires a label to break to", start)]);
    }
    if (this.token.kind !== "ident") throw this.wrong("IDENT");
    const name = this.advance().text;
    for (let s = this.scope; s; s = s.next) if (s.s === "label" && s.name === name) return { n: "break", id: s.id };
    this.undefinedName(`$*label-${name}`, start);
    return IDENTITY;
  }

  private operatorPrimary(t: Token): Node {
    switch (t.text) {
      case ".":
        this.advance();
        return this.within("dot", t.start, () => {
          if (this.token.kind === "quote" || this.token.kind === "format") return { n: "index", of: IDENTITY, key: this.string(), optional: this.take("?") };
          if (this.mayFollowTerm()) return IDENTITY;
          // ". a" is found wrong one word later, and the place is still that of the name.
          const { start } = this.token;
          if (this.token.kind === "ident") this.advance();
          throw new SyntaxFault({ ...this.token, start }, []);
        });
      case "..":
        this.advance();
        return this.functionCall("recurse", [], t.start);
      case "(": return this.parenthesized();
      case "[":
        this.advance();
        return this.within("group", t.start, () => {
          if (this.take("]")) return constant([]);
          const body = this.expression();
          this.expect("]");
          return { n: "array", body };
        });
      case "{": return this.object();
      case "$": return this.dollar();
      default: throw this.wrong();
    }
  }

  private mayFollowTerm(): boolean {
    const { kind, text } = this.token;
    if (kind === "op") return !["(", "{", "$", ".."].includes(text);
    if (kind === "keyword") return ["as", "then", "else", "elif", "end", "and", "or", "catch"].includes(text);
    return kind === "field" || kind === "end";
  }

  private parenthesized(): Node {
    const { start } = this.advance();
    return this.within("group", start, () => {
      const node = this.expression();
      this.expect(")");
      return node;
    });
  }

  private dollar(): Node {
    const { start } = this.advance();
    if (this.take("__loc__")) return constant(this.location(start));
    if (this.token.kind !== "ident") throw this.wrong("IDENT", "__loc__");
    return this.variable(this.advance().text, start);
  }

  private location(start: number): Json {
    let line = 1;
    for (let i = 0; i < start; i++) if (this.src[i] === "\n") line++;
    return new Map<string, Json>([["file", "<top-level>"], ["line", line]]);
  }

  // -- objects ----------------------------------------------------------------------------------------------------------------

  private object(): Node {
    const members: { key: Node; value: Node }[] = [];
    this.advance();
    for (let kind: Context["kind"] = "brace"; !this.is("}"); kind = "member") {
      const more = this.within(kind, this.token.start, () => {
        members.push(this.member());
        if (!this.is(",") && !this.is("}")) throw this.wrong("'}'");
        return this.take(",");
      });
      if (!more) break;
    }
    this.expect("}", "'}'");
    return members.length === 0 ? constant(new Map()) : { n: "object", members };
  }

  private member(): { key: Node; value: Node } {
    const t = this.token;
    if (t.kind === "ident" || t.kind === "keyword") {
      this.advance();
      const key = constant(t.text);
      if (this.take(":")) return { key, value: this.memberValue() };
      if (t.kind === "keyword" && KEYWORDS.has(t.text)) throw this.wrong("':'");
      return { key, value: { n: "index", of: IDENTITY, key, optional: false } };
    }
    if (t.kind === "quote" || t.kind === "format") {
      const key = this.string();
      return { key, value: this.take(":") ? this.memberValue() : { n: "index", of: IDENTITY, key, optional: false } };
    }
    if (this.take("$")) {
      if (this.take("__loc__")) return { key: constant("__loc__"), value: constant(this.location(t.start)) };
      if (this.token.kind !== "ident") throw this.wrong("IDENT", "__loc__");
      const name = this.advance().text;
      return { key: constant(name), value: this.variable(name, t.start) };
    }
    if (!this.is("(")) throw this.wrong();
    const key = this.keyExpression();
    this.expect(":", "':'");
    return { key, value: this.memberValue() };
  }

  /** (key) */
  private keyExpression(): Node {
    const { start } = this.token;
    const key = this.parenthesized();
    if (key.n === "constant" && typeof key.value !== "string") this.unresolved.push(this.placed(`Cannot use ${described(key.value)} as object key`, start));
    return key;
  }

  /** Terms and pipes: a comma would end it. */
  private memberValue(): Node {
    if (this.take("-")) return { n: "negate", of: this.memberValue() };
    const left = this.term();
    return this.take("|") ? { n: "pipe", left, right: this.memberValue() } : left;
  }

  // -- strings ----------------------------------------------------------------------------------------------------------------

  /** @base64 alone formats the input; before a string it formats what is put into it. */
  private formatOrString(): Node {
    const t = this.token;
    if (t.kind === "quote") return this.string();
    this.advance();
    return this.is('"') || (this.token.kind as string) === "quote" ? this.quoted(t.text.slice(1)) : { n: "format", name: t.text.slice(1) };
  }

  private string(): Node {
    if (this.token.kind !== "format") return this.quoted("text");
    const format = this.advance().text.slice(1);
    if ((this.token.kind as string) !== "quote") throw this.wrong("QQSTRING_START");
    return this.quoted(format);
  }

  private quoted(format: string): Node {
    this.advance();
    let node: Node | undefined;
    const append = (part: Node): void => {
      node = node ? { n: "binary", op: "+", left: node, right: part } : part;
    };
    for (;;) {
      const t = this.token;
      if (t.kind === "text") {
        append(constant(this.unescaped(t)));
        this.advance();
      } else if (t.kind === "interpolation") {
        if (!node) node = constant("");
        append(this.interpolation(format));
      } else if (t.kind === "endquote") break;
      else throw this.wrong("QQSTRING_TEXT", "QQSTRING_INTERP_START", "QQSTRING_END");
    }
    this.advance();
    return node ?? constant("");
  }

  private interpolation(format: string): Node {
    this.advance();
    const value = this.expression();
    this.expect(")");
    return { n: "pipe", left: value, right: { n: "format", name: format } };
  }

  private unescaped(t: Token): string {
    const raw = octets(t.text);
    // What a JSON text may not hold, a program's string may.
    const parsed = parseJson(`"${raw.replace(/[\u0001-\u001e]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`);
    if ("value" in parsed) return parsed.value as string;
    this.faults.push(this.placed(`${parsed.error} (while parsing '"${t.text}"')`, t.start));
    return "";
  }
}
