/** awk's grammar: text → tree, with what mawk 1.3.4 says of a program that is none. */
import type { Octets } from "../../octets.ts";
import { compileRegex, type Regex } from "../../regex.ts";
import { AwkError, Lexer, type Token } from "./lexer.ts";

/** Where a name's value lives. */
export type Place = { scope: "global" | "local"; slot: number; name: string };

export type Expr =
  | { e: "number"; value: number }
  | { e: "string"; value: Octets }
  | { e: "regex"; regex: Regex }
  | { e: "var"; place: Place }
  | { e: "field"; index: Expr }
  | { e: "element"; array: Place; key: Expr[] }
  | { e: "assign"; op: string; target: Expr; value: Expr }
  | { e: "step"; by: 1 | -1; prefix: boolean; target: Expr }
  | { e: "unary"; op: "!" | "-" | "+"; value: Expr }
  | { e: "binary"; op: string; left: Expr; right: Expr }
  | { e: "concat"; left: Expr; right: Expr }
  | { e: "and" | "or"; left: Expr; right: Expr }
  | { e: "match"; negated: boolean; left: Expr; right: Expr }
  | { e: "in"; key: Expr[]; array: Place }
  | { e: "ternary"; test: Expr; yes: Expr; no: Expr }
  | { e: "group"; items: Expr[] }
  | { e: "call"; name: string; args: Expr[]; line: number }
  | { e: "builtin"; name: string; args: Expr[] }
  | { e: "getline"; from: "main" | "file" | "command"; source: Expr | undefined; target: Expr | undefined };

export type Statement =
  | { s: "block"; body: Statement[] }
  | { s: "expr"; expr: Expr }
  | { s: "print"; format: boolean; args: Expr[]; to: { op: ">" | ">>" | "|"; target: Expr } | undefined }
  | { s: "if"; test: Expr; yes: Statement; no: Statement | undefined }
  | { s: "while"; test: Expr; body: Statement }
  | { s: "do"; test: Expr; body: Statement }
  | { s: "for"; init: Statement | undefined; test: Expr | undefined; step: Statement | undefined; body: Statement }
  | { s: "for-in"; target: Expr; array: Place; body: Statement }
  | { s: "next" | "nextfile" | "break" | "continue" }
  | { s: "exit" | "return"; value: Expr | undefined }
  | { s: "delete"; array: Place; key: Expr[] | undefined };

export interface Rule {
  kind: "begin" | "end" | "always" | "pattern" | "range";
  pattern: Expr | undefined;
  until: Expr | undefined;
  /** undefined: print. */
  body: Statement | undefined;
  /** Of a range: whether it is open. Kept by the interpreter. */
  open: boolean;
}

export interface FunctionDef {
  name: string;
  params: number;
  body: Statement;
}

export interface Program {
  rules: Rule[];
  functions: Map<string, FunctionDef>;
  globals: string[];
  /** Number of lines, for messages of regular expressions made at run time. */
  lines: number;
}

/** Arguments that a built-in function takes: at least, at most. */
const ARITY: Readonly<Record<string, readonly [number, number]>> = {
  length: [0, 1], substr: [2, 3], index: [2, 2], split: [2, 3], sub: [2, 3], gsub: [2, 3], match: [2, 2], sprintf: [1, 255], sin: [1, 1], cos: [1, 1], atan2: [2, 2], exp: [1, 1], log: [1, 1], sqrt: [1, 1], int: [1, 1], rand: [0, 0],
  srand: [0, 1], tolower: [1, 1], toupper: [1, 1], system: [1, 1], close: [1, 1], fflush: [0, 1], strftime: [0, 3], mktime: [1, 1], systime: [0, 0],
};

/** Nesting of expressions and statements; deeper is refused before the host's stack would be. */
const MAX_DEPTH = 250;

/** A syntax error: reading goes on behind the statement. */
class SyntaxFault {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

class Parser {
  private readonly lexer: Lexer;
  private token: Token;
  private readonly globals: string[] = [];
  private readonly slots = new Map<string, number>();
  /** How a global name is used: an array and a plain variable cannot be one. */
  private readonly uses = new Map<string, "array" | "scalar">();
  private locals: string[] = [];
  private localUses = new Map<string, "array" | "scalar">();
  private inFunction = false;
  private loops = 0;
  private section: "begin" | "end" | "main" | "function" = "main";
  private depth = 0;
  private readonly calls: { name: string; args: number; line: number }[] = [];
  private readonly functions = new Map<string, FunctionDef>();

  constructor(lexer: Lexer) {
    this.lexer = lexer;
    for (const name of ["NR", "NF", "FS", "OFS", "ORS", "RS", "FNR", "FILENAME", "SUBSEP", "RSTART", "RLENGTH", "CONVFMT", "OFMT", "ARGC"]) this.slotOf(name);
    this.token = this.lexer.next();
  }

  private slotOf(name: string): number {
    const known = this.slots.get(name);
    if (known !== undefined) return known;
    const slot = this.globals.length;
    this.globals.push(name);
    this.slots.set(name, slot);
    return slot;
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

  private expect(text: string): void {
    if (!this.take(text)) throw this.wrong();
  }

  private error(text: string, line = this.token.line): AwkError {
    return new AwkError(`line ${line}: ${text}`);
  }

  /** A mistake that does not keep the rest from being read. */
  private report(text: string, line = this.token.line): void {
    this.lexer.report(`line ${line}: ${text}`);
  }

  private wrong(): SyntaxFault {
    const { kind, text, line } = this.token;
    const shown = kind === "regex" ? `/${text}/` : kind === "string" ? `"${text}"` : text;
    const closes = kind === "newline" || kind === "eof" || text === "}" || text === ";";
    if (closes && this.lexer.parens > 0 && kind !== "string") return new SyntaxFault(`line ${line}: missing ) near ${shown}`);
    if (kind === "eof" && this.lexer.braces > 0) return new SyntaxFault(`line ${line}: missing } near end of file`);
    return new SyntaxFault(`line ${line}: syntax error at or near ${shown}`);
  }

  /** After a syntax error: on to one of `stops`. At the end of the text there is no going on. */
  private recover(fault: unknown, stops: readonly string[]): void {
    if (!(fault instanceof SyntaxFault)) throw fault;
    this.lexer.report(fault.text);
    while (!stops.includes(this.token.text) || this.token.kind === "string") {
      if (this.token.kind === "eof") throw new AwkError("");
      this.advance();
    }
    this.lexer.parens = 0;
    this.depth = 0;
    this.noGreater = 0;
  }

  private skipNewlines(): void {
    while (this.token.kind === "newline") this.advance();
  }

  private enter(): void {
    if (++this.depth > MAX_DEPTH) throw this.error("program too deep");
  }

  // -- program -----------------------------------------------------------------------------------------------------------

  program(): Program {
    const rules: Rule[] = [];
    for (;;) {
      const stray = this.token.kind === "newline" && this.token === this.lexer.afterExtra;
      if (!stray) this.skipNewlines();
      if (this.token.kind === "eof") break;
      try {
        if (stray) throw this.wrong();
        if (this.is("function")) this.definition();
        else rules.push(this.rule());
        if (this.is(";")) this.advance();
      } catch (fault) {
        this.recover(fault, ["{"]);
        this.block();
      }
    }
    if (this.lexer.mistakes.length === 0) this.checkCalls();
    if (this.lexer.mistakes.length > 0) throw new AwkError("");
    return { rules, functions: this.functions, globals: this.globals, lines: this.lexer.line - 1 };
  }

  private checkCalls(): void {
    for (const call of this.calls) {
      const f = this.functions.get(call.name);
      if (f && call.args > f.params) this.report(`too many arguments in call to ${call.name}`, call.line);
    }
    if (this.lexer.mistakes.length > 0) return;
    const undefinedNames = new Set(this.calls.filter((call) => !this.functions.has(call.name)).map((call) => call.name));
    for (const name of [...undefinedNames].reverse()) this.report(`function ${name} never defined`);
  }

  private rule(): Rule {
    const rule: Rule = { kind: "always", pattern: undefined, until: undefined, body: undefined, open: false };
    if (this.is("BEGIN") || this.is("END")) {
      rule.kind = this.advance().text === "BEGIN" ? "begin" : "end";
      this.section = rule.kind;
      if (!this.is("{")) throw this.wrong();
      rule.body = this.block();
      this.section = "main";
      return rule;
    }
    if (!this.is("{")) {
      rule.pattern = this.expression();
      rule.kind = "pattern";
      if (this.take(",")) {
        this.skipNewlines();
        rule.until = this.expression();
        rule.kind = "range";
      }
    }
    if (this.is("{")) rule.body = this.block();
    else if (this.token.kind !== "newline" && this.token.kind !== "eof" && !this.is(";")) throw this.wrong();
    return rule;
  }

  private definition(): void {
    this.advance();
    if (this.token.kind !== "name" && this.token.kind !== "function-name") throw this.wrong();
    const name = this.advance().text;
    if (this.functions.has(name)) throw this.error(`redefinition of ${name}`);
    if (this.uses.has(name)) this.report(`illegal reference to ${this.uses.get(name) === "array" ? "array" : "variable"} ${name}`);
    this.expect("(");
    const params: string[] = [];
    while (!this.is(")")) {
      if (this.token.kind !== "name") throw this.wrong();
      if (params.includes(this.token.text)) this.report(`${this.token.text} is duplicated in argument list`);
      params.push(this.advance().text);
      if (!this.take(",")) break;
      this.skipNewlines();
    }
    this.expect(")");
    this.skipNewlines();
    this.locals = params;
    this.localUses = new Map();
    this.inFunction = true;
    this.section = "function";
    // Known before its body is read: it may call itself.
    const def: FunctionDef = { name, params: params.length, body: { s: "block", body: [] } };
    this.functions.set(name, def);
    if (!this.is("{")) throw this.wrong();
    def.body = this.block();
    this.locals = [];
    this.inFunction = false;
    this.section = "main";
  }

  // -- statements -----------------------------------------------------------------------------------------------------------

  private block(): Statement {
    this.enter();
    this.expect("{");
    const body: Statement[] = [];
    for (;;) {
      while (this.token.kind === "newline" || this.is(";")) this.advance();
      if (this.take("}")) break;
      const depth = this.depth;
      try {
        body.push(this.statement());
      } catch (fault) {
        this.recover(fault, ["end of line", ";", "}"]);
        this.depth = depth;
      }
    }
    this.depth--;
    return { s: "block", body };
  }

  /** After a simple statement: a separator, or the brace that closes. */
  private endStatement(): void {
    if (this.token.kind === "newline" || this.is(";")) {
      this.advance();
      return;
    }
    if (!this.is("}")) throw this.wrong();
  }

  /** The statement under an if, for or while: newlines may come first. */
  private body(): Statement {
    this.skipNewlines();
    if (this.take(";")) return { s: "block", body: [] };
    return this.statement();
  }

  private loopBody(): Statement {
    this.loops++;
    const body = this.body();
    this.loops--;
    return body;
  }

  private statement(): Statement {
    this.enter();
    const s = this.statementInner();
    this.depth--;
    return s;
  }

  private statementInner(): Statement {
    if (this.is("{")) return this.block();
    if (this.token.kind === "keyword") {
      switch (this.token.text) {
        case "if": return this.ifStatement();
        case "while": {
          const test = this.condition();
          return { s: "while", test, body: this.loopBody() };
        }
        case "do": return this.doStatement();
        case "for": return this.forStatement();
        case "function":
        case "else":
        case "in":
          throw this.wrong();
      }
    }
    const simple = this.simple();
    this.endStatement();
    return simple;
  }

  private condition(): Expr {
    this.advance();
    this.expect("(");
    const test = this.expression();
    this.expect(")");
    return test;
  }

  private ifStatement(): Statement {
    const test = this.condition();
    const yes = this.body();
    // An else may follow after newlines.
    while (this.token.kind === "newline") {
      if (!this.elseFollows()) return { s: "if", test, yes, no: undefined };
      this.advance();
    }
    if (!this.take("else")) return { s: "if", test, yes, no: undefined };
    return { s: "if", test, yes, no: this.body() };
  }

  /** Looks over separators for an else, by a copy of the lexer's place. */
  private elseFollows(): boolean {
    return this.lexer.nextWordIs("else");
  }

  private doStatement(): Statement {
    this.advance();
    const body = this.loopBody();
    while (this.token.kind === "newline" || this.is(";")) this.advance();
    if (!this.is("while")) throw this.wrong();
    const test = this.condition();
    this.endStatement();
    return { s: "do", test, body };
  }

  private forStatement(): Statement {
    this.advance();
    this.expect("(");
    if (this.is(";")) return this.forRest(undefined);
    const init = this.simple();
    if (this.is(")") && init.s === "expr" && init.expr.e === "in" && init.expr.key.length === 1) {
      const target = init.expr.key[0]!;
      if (target.e === "var" || target.e === "element" || target.e === "field") {
        this.advance();
        return { s: "for-in", target, array: init.expr.array, body: this.loopBody() };
      }
    }
    return this.forRest(init);
  }

  private forRest(init: Statement | undefined): Statement {
    this.expect(";");
    this.skipNewlines();
    const test = this.is(";") ? undefined : this.expression();
    this.expect(";");
    this.skipNewlines();
    const step = this.is(")") ? undefined : this.simple();
    this.expect(")");
    return { s: "for", init, test, step, body: this.loopBody() };
  }

  private simple(): Statement {
    if (this.token.kind !== "keyword") return { s: "expr", expr: this.expression() };
    const { text, line } = this.token;
    switch (text) {
      case "print":
      case "printf":
        this.advance();
        return this.print(text === "printf", line);
      case "next":
      case "nextfile":
        if (this.section !== "main") this.report(`improper use of ${text}`);
        this.advance();
        return { s: text };
      case "break":
      case "continue":
        if (this.loops === 0) this.report(`${text} statement outside of loop`);
        this.advance();
        return { s: text };
      case "exit":
      case "return": {
        if (text === "return" && !this.inFunction) this.report("return outside function body");
        this.advance();
        return { s: text, value: this.endsHere() ? undefined : this.expression() };
      }
      case "delete": return this.deleteStatement();
      default:
        return { s: "expr", expr: this.expression() };
    }
  }

  private endsHere(): boolean {
    return this.token.kind === "newline" || this.is(";") || this.is("}");
  }

  private deleteStatement(): Statement {
    this.advance();
    if (this.token.kind !== "name" && this.token.kind !== "function-name") throw this.wrong();
    const array = this.place(this.advance().text, "array");
    if (!this.take("[")) return { s: "delete", array, key: undefined };
    const key = this.list("]");
    this.expect("]");
    return { s: "delete", array, key };
  }

  private print(format: boolean, line: number): Statement {
    let args: Expr[] = [];
    if (this.is("(") && this.lexer.nextIsListEnd(")")) {
      this.advance();
      this.advance();
    } else if (!this.endsHere() && !this.is(">") && !this.is(">>") && !this.is("|")) {
      this.noGreater++;
      args = [this.expression()];
      while (this.take(",")) {
        this.skipNewlines();
        args.push(this.expression());
      }
      this.noGreater--;
      const only = args[0]!;
      if (args.length === 1 && only.e === "group") args = only.items;
    }
    if (format && args.length === 0) this.report("no arguments in call to printf", line);
    const op = this.token.text;
    // To the lexer of mawk this is the redirection and a sign behind it.
    if (this.is(">=")) throw new SyntaxFault(`line ${this.token.line}: syntax error at or near =`);
    if (!this.is(">") && !this.is(">>") && !this.is("|")) return { s: "print", format, args, to: undefined };
    this.advance();
    return { s: "print", format, args, to: { op: op as ">", target: this.expression() } };
  }
  /** Inside print without parentheses `>` is a redirection. */
  private noGreater = 0;

  // -- expressions ----------------------------------------------------------------------------------------------------------

  private list(close: string): Expr[] {
    const saved = this.noGreater;
    this.noGreater = 0;
    const out: Expr[] = [];
    while (!this.is(close)) {
      out.push(this.expression());
      if (!this.take(",")) break;
      this.skipNewlines();
    }
    this.noGreater = saved;
    return out;
  }

  private expression(): Expr {
    this.enter();
    const left = this.ternary();
    const assigns = this.token.kind === "op" && /^([-+*/%^]?=)$/.test(this.token.text);
    if (assigns) {
      if (left.e !== "var" && left.e !== "field" && left.e !== "element") throw this.wrong();
      const op = this.advance().text;
      const value = this.expression();
      this.depth--;
      return { e: "assign", op: op.slice(0, -1), target: left, value };
    }
    this.depth--;
    return left;
  }

  private ternary(): Expr {
    const test = this.or();
    if (!this.take("?")) return test;
    const yes = this.expression();
    this.expect(":");
    return { e: "ternary", test, yes, no: this.expression() };
  }

  private or(): Expr {
    let left = this.and();
    while (this.take("||")) {
      this.skipNewlines();
      left = { e: "or", left, right: this.and() };
    }
    return left;
  }

  private and(): Expr {
    let left = this.membership();
    while (this.take("&&")) {
      this.skipNewlines();
      left = { e: "and", left, right: this.membership() };
    }
    return left;
  }

  private membership(): Expr {
    let left = this.matching();
    while (this.is("in")) {
      this.advance();
      if (this.token.kind !== "name" && this.token.kind !== "function-name") throw this.wrong();
      left = { e: "in", key: left.e === "group" ? left.items : [left], array: this.place(this.advance().text, "array") };
    }
    return left;
  }

  private matching(): Expr {
    let left = this.comparison();
    while (this.is("~") || this.is("!~")) {
      const negated = this.advance().text === "!~";
      left = { e: "match", negated, left, right: this.asPattern(this.comparison()) };
    }
    return left;
  }

  private comparison(): Expr {
    let left = this.concatenation();
    while (this.token.kind === "op" && /^(<|<=|==|!=|>=|>)$/.test(this.token.text) && !(this.token.text.startsWith(">") && this.noGreater > 0)) {
      const op = this.advance().text;
      left = { e: "binary", op, left, right: this.concatenation() };
    }
    return left;
  }

  /** Whether the token can begin an operand of a concatenation. */
  private beginsOperand(): boolean {
    const { kind, text } = this.token;
    if (kind === "number" || kind === "string" || kind === "name" || kind === "function-name" || kind === "builtin") return true;
    if (kind === "keyword") return false;
    return kind === "op" && ["$", "!", "(", "-", "+", "++", "--"].includes(text);
  }

  private concatenation(): Expr {
    let left = this.additive();
    while (this.beginsOperand() && !this.is("in")) left = { e: "concat", left, right: this.additive() };
    return left;
  }

  private additive(): Expr {
    let left = this.multiplicative();
    while (this.is("+") || this.is("-")) {
      const op = this.advance().text;
      left = { e: "binary", op, left, right: this.multiplicative() };
    }
    return left;
  }

  private multiplicative(): Expr {
    let left = this.unary();
    while (this.is("*") || this.is("/") || this.is("%")) {
      const op = this.advance().text;
      left = { e: "binary", op, left, right: this.unary() };
    }
    return left;
  }

  private unary(): Expr {
    if (this.is("!") || this.is("-") || this.is("+")) {
      this.enter();
      const op = this.advance().text as "!";
      const value = this.unary();
      this.depth--;
      return { e: "unary", op, value };
    }
    return this.piped();
  }

  /** "cmd" | getline binds as tightly as a primary does. */
  private piped(): Expr {
    let left = this.power();
    while (this.is("|") && this.lexer.nextWordIs("getline")) {
      this.advance();
      this.advance();
      left = { e: "getline", from: "command", source: left, target: this.getlineTarget() };
    }
    return left;
  }

  private power(): Expr {
    const base = this.postfix();
    if (!this.take("^")) return base;
    this.enter();
    // Right-associative, and a sign may stand before the exponent.
    const exponent = this.is("-") || this.is("+") || this.is("!") ? this.unary() : this.power();
    this.depth--;
    return { e: "binary", op: "^", left: base, right: exponent };
  }

  private postfix(): Expr {
    const target = this.primary();
    const assignable = target.e === "var" || target.e === "field" || target.e === "element";
    if (assignable && (this.is("++") || this.is("--"))) return { e: "step", by: this.advance().text === "++" ? 1 : -1, prefix: false, target };
    return target;
  }

  private primary(): Expr {
    const t = this.token;
    switch (t.kind) {
      case "number":
        this.advance();
        return { e: "number", value: t.value };
      case "string":
        this.advance();
        return { e: "string", value: t.text };
      case "name":
        this.advance();
        return this.name(t.text);
      case "function-name": return this.call();
      case "builtin": return this.builtin();
      case "keyword":
        if (t.text === "getline") return this.simpleGetline();
        throw this.wrong();
      case "op": return this.operatorPrimary(t.text);
      default: throw this.wrong();
    }
  }

  private operatorPrimary(op: string): Expr {
    switch (op) {
      case "/":
      case "/=": {
        const raw = this.lexer.regex(op);
        const regex = this.compile(raw.text, raw.line);
        this.advance();
        return { e: "regex", regex };
      }
      case "$": {
        this.advance();
        this.enter();
        // $NF-- is $(NF--), unlike $i--.
        const index = this.token.kind === "name" && this.token.text === "NF" ? this.postfix() : this.is("++") || this.is("--") || this.is("-") || this.is("+") || this.is("!") ? this.prefixed() : this.primary();
        this.depth--;
        return { e: "field", index };
      }
      case "++":
      case "--": return this.prefixed();
      case "(": return this.parenthesized();
      default: throw this.wrong();
    }
  }

  private prefixed(): Expr {
    if (this.is("-") || this.is("+") || this.is("!")) return { e: "unary", op: this.advance().text as "-", value: this.primary() };
    const by = this.advance().text === "++" ? 1 : -1;
    const target = this.primary();
    if (target.e !== "var" && target.e !== "field" && target.e !== "element") throw this.wrong();
    return { e: "step", by, prefix: true, target };
  }

  private parenthesized(): Expr {
    this.advance();
    const items = this.list(")");
    if (items.length === 0 || !this.is(")")) throw this.wrong();
    this.advance();
    // (a, b) is a list for print, or the key before "in".
    if (items.length > 1) {
      if (this.is("(")) throw this.wrong();
      return { e: "group", items };
    }
    const only = items[0]!;
    // Parentheses keep an assignment from being taken for a target, and x in (a) ...
    return only.e === "group" || only.e === "var" || only.e === "field" || only.e === "element" ? { e: "group", items: [only] } : only;
  }

  private compile(pattern: Octets, line: number): Regex {
    const compiled = compileRegex(pattern, { syntax: "awk", octetwise: true });
    if (compiled.ok) return compiled.value;
    this.report(`regular expression compile failed (${compiled.error})\n${pattern}`, line);
    return this.compile("", line);
  }

  /** A string constant in the place of an expression is compiled with the program. */
  private asPattern(e: Expr): Expr {
    return e.e === "string" ? { e: "regex", regex: this.compile(e.value, this.token.line) } : e;
  }

  /** "length": of an array if it is known to be one, else of a plain variable. */
  private place(name: string, wanted: "array" | "scalar" | "unknown" | "length"): Place {
    const local = this.locals.indexOf(name);
    const uses = local >= 0 ? this.localUses : this.uses;
    const before = uses.get(name);
    const use = wanted !== "length" ? wanted : local >= 0 || before === "array" ? "unknown" : "scalar";
    if (use !== "unknown") {
      if (before !== undefined && before !== use) this.report(`illegal reference to ${local >= 0 ? "local " : ""}${before === "array" ? "array" : "variable"} ${name}`);
      else uses.set(name, use);
    }
    return local >= 0 ? { scope: "local", slot: local, name } : { scope: "global", slot: this.slotOf(name), name };
  }

  private name(name: string): Expr {
    if (this.take("[")) {
      const array = this.place(name, "array");
      const key = this.list("]");
      if (key.length === 0) throw this.wrong();
      this.expect("]");
      return { e: "element", array, key };
    }
    return { e: "var", place: this.place(name, "scalar") };
  }

  private call(): Expr {
    const { text, line } = this.advance();
    // "x (y)" is a concatenation; "f(x)" with the parenthesis right behind is a call.
    if (this.locals.includes(text)) return this.name(text);
    this.expect("(");
    const args = this.arguments();
    this.expect(")");
    this.calls.push({ name: text, args: args.length, line });
    return { e: "call", name: text, args, line };
  }

  /** Arguments of a user's function: a bare name may be an array. */
  private arguments(bare: "unknown" | "length" = "unknown"): Expr[] {
    const saved = this.noGreater;
    this.noGreater = 0;
    const out: Expr[] = [];
    while (!this.is(")")) {
      if (this.token.kind === "name" && this.lexer.nextIsListEnd()) out.push({ e: "var", place: this.place(this.advance().text, bare) });
      else out.push(this.expression());
      if (!this.take(",")) break;
      this.skipNewlines();
    }
    this.noGreater = saved;
    return out;
  }

  private builtin(): Expr {
    const { text: name, line } = this.advance();
    if (name === "length" && !this.is("(")) return { e: "builtin", name, args: [] };
    this.expect("(");
    const args = name === "split" ? this.splitArguments() : name === "length" ? this.arguments("length") : this.list(")");
    if (!this.is(")")) throw this.wrong();
    this.advance();
    const pattern = name === "match" ? 1 : name === "sub" || name === "gsub" ? 0 : -1;
    if (args[pattern]) args[pattern] = this.asPattern(args[pattern]);
    const [least, most] = ARITY[name]!;
    if (args.length < least || args.length > most) this.report(`wrong number of arguments in call to ${name}`, line);
    return { e: "builtin", name, args };
  }

  private splitArguments(): Expr[] {
    const saved = this.noGreater;
    this.noGreater = 0;
    const out: Expr[] = [this.expression()];
    for (let n = 1; this.take(","); n++) {
      this.skipNewlines();
      if (n === 1) {
        if (this.token.kind !== "name" && this.token.kind !== "function-name") throw this.wrong();
        out.push({ e: "var", place: this.place(this.advance().text, "array") });
      } else out.push(this.expression());
    }
    this.noGreater = saved;
    return out;
  }

  // -- getline ----------------------------------------------------------------------------------------------------------------

  private getlineTarget(): Expr | undefined {
    if (this.is("$")) return this.primary();
    if (this.token.kind !== "name") return undefined;
    return this.name(this.advance().text);
  }

  private simpleGetline(): Expr {
    this.advance();
    const target = this.getlineTarget();
    if (!this.take("<")) return { e: "getline", from: "main", source: undefined, target };
    return { e: "getline", from: "file", source: this.postfix(), target };
  }
}

/** @throws AwkError with all that mawk would say of the text, a mistake a line. */
export function parseAwk(src: Octets): Program {
  const lexer = new Lexer(src);
  try {
    return new Parser(lexer).program();
  } catch (e) {
    // Some mistakes end the reading at once; those before them are told, too.
    const last = e instanceof SyntaxFault || e instanceof AwkError ? e.text : undefined;
    if (last === undefined) throw e;
    throw new AwkError([...lexer.mistakes, ...(last === "" ? [] : [last])]);
  }
}
