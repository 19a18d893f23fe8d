/**
 * The shell's grammar: POSIX.1-2017 XCU 2.10, what bash adds to it (bash(1)), and the words in which dash 0.5.12 and
 * bash 5.2 refuse a text. As in both shells one line of commands is parsed at a time and run before the next is looked
 * at, which is why a parser for whole files does not do: output before a syntax error must appear, and an alias counts
 * from the next line on.
 */
import type { Assign, Condition, Node, ParamPart, Part, Redirect, Script, Simple, SyntaxFault, Word } from "./ast.ts";
import { isKeywordOf } from "./keywords.ts";
import { ansiCQuoted } from "./quote.ts";

export type Dialect = "dash" | "bash";

export interface ParserOptions {
  dialect: Dialect;
  /** Number of the first line. */
  line?: number;
  aliases?: ReadonlyMap<string, string> | undefined;
  extglob?: boolean;
  /** A whole program: bash reads it as if it ended in a newline. */
  program?: boolean;
  /** The text may go on: a here-document without its end is a fault (at the end) instead of a complete one. */
  mayContinue?: boolean;
  /** Told of what bash warns about. */
  warn?: (message: string, line: number) => void;
}

export type Parsed =
  | { kind: "commands"; script: Script }
  | { kind: "end" }
  /** `atEnd`: more text could mend it. */
  | { kind: "fault"; fault: SyntaxFault; atEnd: boolean };

/** Thrown inside the parser only. */
class Fault {
  readonly fault: SyntaxFault;
  constructor(fault: SyntaxFault) {
    this.fault = fault;
  }
}

const MAX_NESTING = 64;
export const MAX_LINE = 65536;

/** What ends a list (tokendlist of dash). */
const LIST_ENDS: ReadonlySet<string> = new Set([")", ";;", ";&", ";;&", "then", "else", "elif", "fi", "do", "done", "esac", "}"]);
const DECLARES: ReadonlySet<string> = new Set(["declare", "typeset", "local", "export", "readonly"]);
const DASH_SPECIAL: ReadonlySet<string> = new Set([".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times", "trap", "unset"]);
const UNARY_TESTS = "abcdefghknoprstuvwxzGLNORS";
const BINARY_TESTS: ReadonlySet<string> = new Set(["=", "==", "!=", "<", ">", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]);

interface Token {
  kind: "word" | "op" | "redirect" | "newline" | "end";
  /** Of an operator; of a redirection its operator. */
  text: string;
  word?: Word;
  /** The word is plain unquoted text. */
  plain: boolean;
  fd: number;
  variable?: string;
  start: number;
  /** Where the text goes on, and on which line. */
  end: number;
  line: number;
}

/** Which keyword a token is where keywords count, or "". */
function keywordOf(t: Token, dialect: Dialect): string {
  if (t.kind !== "word" || !t.plain) return "";
  const text = t.word!.raw;
  return isKeywordOf(dialect, text) ? text : "";
}

export class Parser {
  private src: string;
  private pos = 0;
  private line: number;
  private readonly o: ParserOptions;
  private readonly bash: boolean;
  private peeked: Token | undefined;
  private pendingHeredocs: Redirect[] = [];
  private depth = 0;
  /** Aliases being expanded: not again before `until`. */
  private expanding: { name: string; until: number }[] = [];
  private aliasNext = -1;
  private lineStart = 0;

  constructor(source: string, o: ParserOptions) {
    this.src = o.program && o.dialect === "bash" && !/(^|[^\\])(\\\\)*\\$|\n$/.test(source) ? `${source}\n` : source;
    this.o = { ...o };
    this.bash = o.dialect === "bash";
    this.line = o.line ?? 1;
  }

  /** The line that is read next. */
  get lineNumber(): number {
    return this.line;
  }
  /** What was not parsed yet. */
  get rest(): string {
    return this.src.slice(this.pos);
  }

  /** The line of commands that `next` returned last, as typed. */
  get lastText(): string {
    return this.src.slice(this.lineStart, this.pos);
  }
  useAliases(aliases: ReadonlyMap<string, string> | undefined, extglob: boolean): void {
    this.o.aliases = aliases;
    this.o.extglob = extglob;
  }

  /** Whether the text is whole; "quoted": it ends inside quotes or a here-document. */
  complete(): "complete" | "open" | "quoted" {
    for (;;) {
      const parsed = this.next();
      if (parsed.kind === "end") return "complete";
      if (parsed.kind === "commands") continue;
      if (!parsed.atEnd) return "complete";
      return this.inHeredoc || (parsed.fault.kind === "unclosed" && /["'`]/.test(parsed.fault.open)) ? "quoted" : "open";
    }
  }
  private inHeredoc = false;

  /** The next line of commands. */
  next(): Parsed {
    this.peeked = undefined;
    this.depth = 0;
    this.lineStart = this.pos;
    try {
      for (;;) {
        const t = this.peek();
        if (t.kind === "end") return { kind: "end" };
        if (t.kind !== "newline") break;
        this.take();
      }
      return { kind: "commands", script: this.line_() };
    } catch (e) {
      if (!(e instanceof Fault)) throw e;
      const { fault } = e;
      const atEnd = fault.kind === "eof" || fault.kind === "unclosed";
      // Nothing after the line with the error is looked at again.
      this.peeked = undefined;
      this.pendingHeredocs = [];
      const nl = this.src.indexOf("\n", this.pos);
      this.skipTo(nl < 0 ? this.src.length : nl + 1);
      return { kind: "fault", fault, atEnd };
    }
  }

  private skipTo(end: number): void {
    for (let i = this.pos; i < end; i++) if (this.src[i] === "\n") this.line++;
    this.pos = end;
  }

  // -- faults -------------------------------------------------------------------------------------------------------

  /** The token that is here does not fit. */
  private unexpected(expecting?: string, keywords = true): never {
    const t = this.peek();
    if (t.kind === "end") throw new Fault({ kind: "eof", line: t.line, ...(expecting ? { expecting } : {}) });
    const keyword = keywords ? keywordOf(t, this.o.dialect) : "";
    const token = t.kind === "newline" ? "newline" : t.kind === "redirect" ? "redirection" : t.kind === "op" ? `"${t.text}"` : keyword ? `"${keyword}"` : "word";
    const text = t.kind === "newline" ? "newline" : t.kind === "word" ? t.word!.raw : t.text;
    throw new Fault({ kind: "token", token, text, line: t.kind === "newline" ? t.line - 1 : t.line, source: this.sourceLine(t.start), ...(expecting ? { expecting } : {}) });
  }

  private sourceLine(at: number): string {
    const from = this.src.lastIndexOf("\n", at - 1) + 1;
    const to = this.src.indexOf("\n", at);
    return this.src.slice(from, to < 0 ? this.src.length : to);
  }

  private unclosed(open: string, line: number): never {
    throw new Fault({ kind: "unclosed", open, line, endLine: this.line });
  }

  private other(message: string, source?: string): never {
    throw new Fault({ kind: "other", message, line: this.line, ...(source === undefined ? {} : { source }) });
  }

  private enter(): void {
    if (++this.depth > MAX_NESTING) this.other(`nested deeper than ${MAX_NESTING}`);
  }

  // -- tokens -------------------------------------------------------------------------------------------------------

  private peek(): Token {
    if (!this.peeked) {
      this.peeked = this.readToken();
    }
    return this.peeked;
  }

  private take(): Token {
    const t = this.peek();
    this.peeked = undefined;
    if (t.kind === "newline") this.readHeredocs();
    return t;
  }

  /** The token that was looked at is to be read again, another way. */
  private unread(t: Token): void {
    for (let i = t.start; i < this.pos; i++) if (this.src[i] === "\n") this.line--;
    this.pos = t.start;
    this.peeked = undefined;
  }

  private skipNewlines(): void {
    while (this.peek().kind === "newline") this.take();
  }

  private isOp(text: string): boolean {
    const t = this.peek();
    return t.kind === "op" && t.text === text;
  }

  private keyword(): string {
    return keywordOf(this.peek(), this.o.dialect);
  }

  private expectKeyword(word: string): void {
    if (this.keyword() !== word) this.unexpected(`"${word}"`);
    this.take();
  }

  private readToken(): Token {
    this.skipBlanks();
    const start = this.pos;
    const { line } = this;
    const c = this.src[start];
    const made = (kind: Token["kind"], text: string, length: number): Token => {
      this.pos += length;
      return { kind, text, plain: false, fd: -1, start, end: this.pos, line: this.line };
    };
    if (c === undefined) return made("end", "", 0);
    if (c === "\n") {
      this.line++;
      return made("newline", "newline", 1);
    }
    const op = this.operatorAt(start);
    if (op) return made(op.redirect ? "redirect" : "op", op.text, op.text.length);
    const number = this.redirectNumber();
    if (number) return number;
    const word = this.readWord();
    const plain = word.parts.length === 1 && word.parts[0]!.kind === "text";
    return { kind: "word", text: "", word, plain, fd: -1, start, end: this.pos, line };
  }

  /** Blanks, comments and continued lines. */
  private skipBlanks(): void {
    for (;;) {
      const c = this.src[this.pos];
      if (c === " " || c === "\t") this.pos++;
      else if (c === "\\" && this.src[this.pos + 1] === "\n") {
        this.pos += 2;
        this.line++;
        if (this.o.mayContinue && this.pos >= this.src.length) throw new Fault({ kind: "eof", line: this.line });
      } else if (c === "#") {
        const nl = this.src.indexOf("\n", this.pos);
        this.pos = nl < 0 ? this.src.length : nl;
      } else return;
    }
  }

  private operatorAt(at: number): { text: string; redirect: boolean } | undefined {
    const { src, bash } = this;
    const c = src[at]!;
    if (!";&|<>()".includes(c)) return undefined;
    if (bash && (c === "<" || c === ">") && src[at + 1] === "(") return undefined; // process substitution: a word
    const redirects = bash ? ["&>>", "<<<", "<<-", "<<", ">>", "<&", ">&", ">|", "<>", "&>", "<", ">"] : ["<<-", "<<", ">>", "<&", ">&", ">|", "<>", "<", ">"];
    const text = redirects.find((r) => src.startsWith(r, at));
    if (text) return { text, redirect: true };
    const ops = bash ? [";;&", ";;", ";&", "&&", "||", "|&", ";", "&", "|", "(", ")"] : [";;", "&&", "||", ";", "&", "|", "(", ")"];
    return { text: ops.find((r) => src.startsWith(r, at))!, redirect: false };
  }

  /** `2>` or bash's `{fd}>`. dash takes one digit only. */
  private redirectNumber(): Token | undefined {
    const match = (this.bash ? /([0-9]{1,9}|\{[A-Za-z_][A-Za-z0-9_]*\})(?=[<>])/y : /([0-9])(?=[<>])/y);
    match.lastIndex = this.pos;
    const found = match.exec(this.src);
    if (!found) return undefined;
    const start = this.pos;
    const name = found[1]!;
    const op = this.operatorAt(start + name.length);
    if (!op) return undefined;
    this.pos = start + name.length + op.text.length;
    const token: Token = { kind: "redirect", text: op.text, plain: false, fd: -1, start, end: this.pos, line: this.line };
    if (name.startsWith("{")) token.variable = name.slice(1, -1);
    else token.fd = Number(name);
    return token;
  }

  // -- lists --------------------------------------------------------------------------------------------------------

  /** One line of commands, up to and with its newline. */
  private line_(): Script {
    const script: Script = { kind: "list", items: [] };
    for (;;) {
      const t = this.peek();
      if (t.kind === "newline") {
        this.take();
        return script;
      }
      if (t.kind === "end") {
        this.readHeredocs();
        return script;
      }
      const ended = this.item(script);
      const after = this.peek();
      if (after.kind !== "newline" && after.kind !== "end" && !ended) this.unexpected();
    }
  }

  /** A command with what ends it. @returns whether `;` or `&` did. */
  private item(script: Script): boolean {
    const node = this.andOr();
    const background = this.isOp("&");
    const ended = background || this.isOp(";");
    if (ended) this.take();
    script.items.push({ node, background });
    return ended;
  }

  /** Commands over several lines, up to something that ends a list. */
  private list(mayBeEmpty = false): Script {
    this.enter();
    const script: Script = { kind: "list", items: [] };
    let first = !mayBeEmpty;
    for (;;) {
      this.skipNewlines();
      const t = this.peek();
      if (t.kind === "end") break;
      if (!first && (LIST_ENDS.has(t.text) && t.kind === "op" || LIST_ENDS.has(this.keyword()))) break;
      first = false;
      const ended = this.item(script);
      if (!ended && this.peek().kind !== "newline") break;
    }
    this.depth--;
    return script;
  }

  private andOr(): Node {
    let left = this.pipeline();
    for (;;) {
      const kind = this.isOp("&&") ? "and" : this.isOp("||") ? "or" : undefined;
      if (!kind) return left;
      this.take();
      this.skipNewlines();
      left = { kind, left, right: this.pipeline() };
    }
  }

  private pipeline(): Node {
    const { line } = this.peek();
    let negated = false;
    let timed: "bash" | "posix" | undefined;
    for (;;) {
      if (this.keyword() === "!") negated = this.bash ? !negated : true;
      else if (this.keyword() === "time") timed = "bash";
      else break;
      const was = this.keyword();
      this.take();
      if (was === "time" && this.peek().kind === "word" && this.peek().word!.raw === "-p") {
        timed = "posix";
        this.take();
      }
      if (!this.bash) break;
    }
    const commands: Node[] = [];
    const nothing = this.bash && (negated || timed) && ["newline", "end"].includes(this.peek().kind) || (timed && this.isOp(";"));
    if (nothing) commands.push({ kind: "simple", line, assigns: [], words: [], redirects: [] });
    else commands.push(this.command());
    while (this.isOp("|") || this.isOp("|&")) {
      const both = this.take().text === "|&";
      if (both) addErrorRedirect(commands[commands.length - 1]!);
      this.skipNewlines();
      commands.push(this.command());
    }
    if (commands.length === 1 && !negated && !timed) return commands[0]!;
    return { kind: "pipeline", line, commands, negated, ...(timed ? { timed } : {}) };
  }

  // -- commands -----------------------------------------------------------------------------------------------------

  private command(): Node {
    this.enter();
    const node = this.command_();
    this.depth--;
    return node;
  }

  private command_(): Node {
    this.aliasNext = -1;
    this.expandAlias();
    const t = this.peek();
    const { line } = t;
    switch (this.keyword()) {
      case "if":
        return this.withRedirects(this.if_(line));
      case "while":
      case "until":
        return this.withRedirects(this.while_(line));
      case "for":
        return this.withRedirects(this.for_(line));
      case "select":
        return this.withRedirects(this.for_(line));
      case "case":
        return this.withRedirects(this.case_(line));
      case "{":
        this.take();
        return this.withRedirects({ kind: "group", line, redirects: [], body: this.closed(this.list(), "}") });
      case "[[":
        return this.withRedirects(this.cond(line));
      case "function":
        return this.function_();
      case "coproc":
        return this.coproc(line);
      case "":
        break;
      default:
        this.unexpected();
    }
    if (t.kind === "op" && t.text === "(") {
      if (this.bash && this.src[this.pos] === "(") {
        const arith = this.arithCommand(line);
        if (arith) return this.withRedirects(arith);
      }
      this.take();
      const body = this.list();
      if (!this.isOp(")")) this.unexpected('")"');
      this.take();
      return this.withRedirects({ kind: "subshell", line, redirects: [], body });
    }
    if (t.kind === "word" || t.kind === "redirect") return this.simple(line);
    return this.unexpected();
  }

  /** Parsed for its errors; what it would run is a builtin that refuses. */
  private coproc(line: number): Node {
    const word = this.take().word!;
    if (this.peek().kind !== "word" && !this.isOp("(")) this.unexpected();
    this.command();
    return { kind: "simple", line, assigns: [], words: [word], redirects: [] };
  }

  private closed(body: Script, keyword: string): Script {
    this.expectKeyword(keyword);
    return body;
  }

  private withRedirects<T extends Node & { redirects: Redirect[] }>(node: T): T {
    while (this.peek().kind === "redirect") node.redirects.push(this.redirect());
    return node;
  }

  private if_(line: number): Node & { redirects: Redirect[] } {
    const clauses: { test: Script; body: Script }[] = [];
    let otherwise: Script | undefined;
    do {
      this.take();
      const test = this.list();
      this.expectKeyword("then");
      clauses.push({ test, body: this.list() });
    } while (this.keyword() === "elif");
    if (this.keyword() === "else") {
      this.take();
      otherwise = this.list();
    }
    this.expectKeyword("fi");
    return { kind: "if", line, redirects: [], clauses, ...(otherwise ? { otherwise } : {}) };
  }

  private while_(line: number): Node & { redirects: Redirect[] } {
    const kind = this.take().word!.raw === "while" ? "while" : "until";
    const test = this.list();
    this.expectKeyword("do");
    const body = this.closed(this.list(), "done");
    return { kind, line, redirects: [], test, body };
  }

  private for_(line: number): Node & { redirects: Redirect[] } {
    const kind = this.take().word!.raw === "for" ? "for" : "select";
    if (this.bash && kind === "for" && this.isOp("(") && this.src[this.pos] === "(") return this.arithFor(line);
    const t = this.peek();
    if (t.kind !== "word" || (!this.bash && (!t.plain || !isName(t.word!.raw)))) {
      if (this.bash) this.unexpected();
      this.other("Bad for loop variable");
    }
    const name = this.take().word!.raw;
    this.skipNewlines();
    let words: Word[] | undefined;
    if (this.keyword() === "in") {
      this.take();
      words = [];
      while (this.peek().kind === "word") words.push(this.take().word!);
      if (!this.isOp(";") && this.peek().kind !== "newline") this.unexpected();
      this.take();
    } else if (this.isOp(";")) this.take();
    this.skipNewlines();
    const body = this.loopBody();
    return { kind, line, redirects: [], name, body, ...(words ? { words } : {}) };
  }

  private loopBody(): Script {
    if (this.bash && this.keyword() === "{") {
      this.take();
      return this.closed(this.list(), "}");
    }
    this.expectKeyword("do");
    return this.closed(this.list(), "done");
  }

  private arithFor(line: number): Node & { redirects: Redirect[] } {
    const start = this.peek().start;
    this.unread(this.peek());
    const text = this.balanced(this.pos + 2);
    if (text === undefined) this.unclosed("(", line);
    const raw = this.src.slice(start, this.pos);
    const thirds = splitSemicolons(text);
    if (thirds.length !== 3) {
      throw new Fault({ kind: "other", message: "syntax error: arithmetic expression required", line, source: `syntax error: \`${raw}'` });
    }
    const [init, test, step] = thirds.map((third) => this.subParts(third, "arith")) as [Part[], Part[], Part[]];
    if (this.isOp(";")) this.take();
    this.skipNewlines();
    return { kind: "arithfor", line, redirects: [], init, test, step, raw, body: this.loopBody() };
  }

  private case_(line: number): Node & { redirects: Redirect[] } {
    this.take();
    if (this.peek().kind !== "word") this.unexpected("word");
    const word = this.take().word!;
    this.skipNewlines();
    this.expectKeyword("in");
    const clauses: { patterns: Word[]; body: Script; end: ";;" | ";&" | ";;&" }[] = [];
    for (;;) {
      this.skipNewlines();
      if (this.keyword() === "esac") break;
      if (this.isOp("(")) this.take();
      const patterns: Word[] = [];
      for (;;) {
        const t = this.peek();
        if (t.kind !== "word") this.unexpected(this.bash ? undefined : '")"');
        patterns.push(this.take().word!);
        if (!this.isOp("|")) break;
        this.take();
      }
      if (!this.isOp(")")) this.unexpected('")"');
      this.take();
      const body = this.list(true);
      const end = this.peek();
      const ends = end.kind === "op" && (end.text === ";;" || end.text === ";&" || end.text === ";;&");
      clauses.push({ patterns, body, end: ends ? (end.text as ";;") : ";;" });
      this.skipNewlines();
      if (this.keyword() === "esac") break;
      if (!ends) this.unexpected('";;"');
      this.take();
    }
    this.take();
    return { kind: "case", line, redirects: [], word, clauses };
  }

  private function_(): Node {
    const { line } = this.take();
    const t = this.peek();
    if (t.kind !== "word") this.unexpected();
    const name = this.take().word!.raw;
    if (this.isOp("(")) {
      this.take();
      if (!this.isOp(")")) this.unexpected();
      this.take();
    }
    return this.functionBody(name, line);
  }

  private functionBody(name: string, line: number): Node {
    this.skipNewlines();
    if (this.bash) {
      const t = this.peek();
      const compound = ["{", "if", "while", "until", "for", "case", "[[", "select"].includes(this.keyword()) || (t.kind === "op" && t.text === "(");
      if (!compound) this.unexpected();
    }
    return { kind: "function", line, name, body: this.command() };
  }

  private simple(line: number): Node {
    const node: Simple = { kind: "simple", line, assigns: [], words: [], redirects: [] };
    let declares = false;
    for (;;) {
      if (node.words.length === 0) this.expandAlias();
      else if (this.aliasNext >= 0 && this.peek().start >= this.aliasNext) {
        this.aliasNext = -1;
        this.expandAlias();
      }
      const t = this.peek();
      if (t.kind === "redirect") {
        node.redirects.push(this.redirect());
        continue;
      }
      if (t.kind === "word") {
        if (node.words.length === 0 || declares) {
          const assign = this.assignment(t, node.words.length === 0);
          if (assign && node.words.length === 0) {
            node.assigns.push(assign);
            continue;
          }
          if (assign?.array) {
            node.words.push({ parts: [{ kind: "text", text: assign.raw }], raw: assign.raw, assign });
            continue;
          }
        }
        const { word } = this.take();
        if (node.words.length === 0 && this.bash && DECLARES.has(word!.raw)) declares = true;
        node.words.push(word!);
        continue;
      }
      if (t.kind === "op" && t.text === "(" && node.words.length === 1 && node.assigns.length === 0 && node.redirects.length === 0) {
        const name = node.words[0]!.raw;
        this.take();
        if (!this.isOp(")")) this.unexpected(this.bash ? undefined : '")"', false);
        this.take();
        if (!this.bash && (!isName(name) || DASH_SPECIAL.has(name))) this.other("Bad function name");
        return this.functionBody(name, line);
      }
      return node;
    }
  }

  /** `name=value`, `name[i]+=value`, `name=(..)`: taken and returned, or left alone. */
  private assignment(t: Token, command: boolean): Assign | undefined {
    const match = this.bash ? /([A-Za-z_][A-Za-z0-9_]*)(\[|\+?=)/y : /([A-Za-z_][A-Za-z0-9_]*)(=)/y;
    match.lastIndex = t.start;
    const found = match.exec(this.src);
    if (!found || found.index + found[1]!.length > t.end) return undefined;
    const name = found[1]!;
    const save = { pos: this.pos, line: this.line, peeked: this.peeked };
    this.unread(t);
    this.pos = t.start + name.length;
    let subscript: Part[] | undefined;
    if (this.src[this.pos] === "[") {
      const close = this.matching(this.pos, "[", "]");
      if (close === undefined || !/^\+?=/.test(this.src.slice(close + 1, close + 3))) {
        Object.assign(this, save);
        return undefined;
      }
      subscript = this.subParts(this.src.slice(this.pos + 1, close), "subscript");
      this.skipTo(close + 1);
    }
    const append = this.src[this.pos] === "+";
    this.pos += append ? 2 : 1;
    const base = { name, append, ...(subscript ? { subscript } : {}) };
    if (this.bash && this.src[this.pos] === "(" && !subscript) {
      const array = this.arrayValue();
      return { ...base, value: [], array, raw: this.src.slice(t.start, this.pos) };
    }
    if (!command) {
      Object.assign(this, save);
      return undefined;
    }
    const value = this.readParts();
    return { ...base, value, raw: this.src.slice(t.start, this.pos) };
  }

  private arrayValue(): NonNullable<Assign["array"]> {
    const { line } = this;
    this.pos++;
    const items: NonNullable<Assign["array"]> = [];
    for (;;) {
      const t = this.peek();
      if (t.kind === "end") this.unclosed("(", line);
      if (t.kind === "newline") {
        this.take();
        continue;
      }
      if (t.kind === "op" && t.text === ")") {
        this.take();
        return items;
      }
      if (t.kind !== "word") this.unexpected();
      if (t.word!.raw.startsWith("[")) {
        const close = this.matching(t.start, "[", "]");
        const equals = close === undefined ? undefined : /^\+?=/.exec(this.src.slice(close + 1, close + 3))?.[0];
        if (close !== undefined && equals) {
          this.unread(t);
          const key = this.subParts(this.src.slice(t.start + 1, close), "subscript");
          this.skipTo(close + 1 + equals.length);
          const at = this.pos;
          const parts = this.readParts();
          items.push({ key, append: equals === "+=", value: { parts, raw: this.src.slice(at, this.pos) } });
          continue;
        }
      }
      items.push({ value: this.take().word! });
    }
  }

  /** Replaces an alias at the start of a command in the text itself, as both shells do. */
  private expandAlias(): void {
    const { aliases } = this.o;
    if (!aliases || aliases.size === 0) return;
    for (let count = 0; count < 100; count++) {
      const t = this.peek();
      if (t.kind !== "word" || !t.plain) return;
      const name = t.word!.raw;
      const value = aliases.get(name);
      this.expanding = this.expanding.filter((e) => t.start < e.until);
      if (value === undefined || this.expanding.some((e) => e.name === name)) return;
      if (this.src.length + value.length > 4 * MAX_LINE) this.other("alias expansion is too long");
      const tail = value.endsWith(" ") || value.endsWith("\t");
      this.unread(t);
      const shift = value.length - (t.end - t.start);
      for (const e of this.expanding) e.until += shift;
      this.src = this.src.slice(0, t.start) + value + this.src.slice(t.end);
      this.expanding.push({ name, until: t.start + value.length });
      if (tail) this.aliasNext = t.start + value.length;
    }
  }

  // -- redirections -------------------------------------------------------------------------------------------------

  private redirect(): Redirect {
    const t = this.take();
    const op = t.text as Redirect["op"];
    if (this.peek().kind !== "word") this.unexpected();
    const target = this.take().word!;
    const made: Redirect = { fd: t.fd, op, target, ...(t.variable ? { variable: t.variable } : {}) };
    if (op === "<<" || op === "<<-") this.pendingHeredocs.push(made);
    else if (!this.bash && (op === ">&" || op === "<&")) {
      const text = target.parts.length === 1 && target.parts[0]!.kind === "text" ? target.parts[0]!.text : undefined;
      if (text !== undefined && !/^([0-9]|-)$/.test(text)) this.other("Bad fd number");
    }
    return made;
  }

  private readHeredocs(): void {
    const pending = this.pendingHeredocs;
    this.pendingHeredocs = [];
    for (const r of pending) this.readHeredoc(r);
  }

  private readHeredoc(r: Redirect): void {
    const quoted = r.target.parts.some((p) => p.kind !== "text") || r.target.raw.includes("\\");
    const end = r.target.parts.map(literalText).join("");
    const begun = this.line - 1;
    let body = "";
    for (;;) {
      if (this.pos >= this.src.length) {
        if (this.o.mayContinue) {
          this.inHeredoc = true;
          throw new Fault({ kind: "eof", line: this.line });
        }
        this.o.warn?.(`here-document at line ${begun} delimited by end-of-file (wanted \`${end}')`, this.line - (this.src.endsWith("\n") ? 1 : 0));
        break;
      }
      let nl = this.src.indexOf("\n", this.pos);
      // An unquoted backslash joins lines before the end is looked for.
      while (!quoted && nl > 0 && nl + 1 < this.src.length && backslashes(this.src, nl) % 2 === 1) nl = this.src.indexOf("\n", nl + 1) < 0 ? this.src.length : this.src.indexOf("\n", nl + 1);
      const stop = nl < 0 ? this.src.length : nl;
      let text = this.src.slice(this.pos, stop);
      if (r.op === "<<-") text = text.replace(/^\t+/, "");
      this.skipTo(nl < 0 ? this.src.length : Math.min(nl + 1, this.src.length));
      if (text === end) break;
      body += nl < 0 && !this.src.endsWith("\n") ? text : `${text}\n`;
    }
    r.body = quoted ? [{ kind: "quoted", text: body }] : this.subParts(body, "heredoc");
  }

  // -- words --------------------------------------------------------------------------------------------------------

  private readWord(): Word {
    const start = this.pos;
    const parts = this.readParts();
    return { parts, raw: this.src.slice(start, this.pos) };
  }

  /** A word's parts from here on, up to a blank or an operator. */
  private readParts(): Part[] {
    const parts: Part[] = [];
    for (;;) {
      const c = this.src[this.pos];
      if (c === undefined || c === " " || c === "\t" || c === "\n") break;
      if (";&|()".includes(c)) break;
      if (c === "<" || c === ">") {
        if (!this.bash || this.src[this.pos + 1] !== "(" || parts.length > 0) break;
        parts.push(this.processSubstitution(c));
        continue;
      }
      if (this.bash && this.o.extglob && "?*+@!".includes(c) && this.src[this.pos + 1] === "(") {
        this.extglob(parts);
        continue;
      }
      this.readPart(parts, c);
    }
    return parts;
  }

  /** An extended pattern is one piece of unquoted text, with what is quoted or expanded in it. */
  private extglob(parts: Part[]): void {
    const { line } = this;
    addText(parts, this.src.slice(this.pos, this.pos + 2));
    this.pos += 2;
    this.enter();
    for (let level = 1; level > 0; ) {
      const c = this.src[this.pos];
      if (c === undefined) this.unclosed("(", line);
      if (c === "(" || c === ")") level += c === "(" ? 1 : -1;
      if ("()|<>&; \t\n".includes(c)) {
        if (c === "\n") this.line++;
        addText(parts, c);
        this.pos++;
      } else this.readPart(parts, c);
    }
    this.depth--;
  }

  private readPart(parts: Part[], c: string): void {
    switch (c) {
      case "\\": {
        const after = this.src[this.pos + 1];
        if (after === "\n") {
          this.pos += 2;
          this.line++;
          if (this.o.mayContinue && this.pos >= this.src.length) throw new Fault({ kind: "eof", line: this.line });
          return;
        }
        parts.push({ kind: "quoted", text: after ?? "\\" });
        this.pos += after === undefined ? 1 : 2;
        return;
      }
      case "'":
        parts.push(this.singleQuoted());
        return;
      case '"':
        parts.push(this.doubleQuoted());
        return;
      case "$":
        this.dollar(parts, false);
        return;
      case "`":
        parts.push(this.backquoted(false));
        return;
      default: {
        let end = this.pos + 1;
        while (end < this.src.length && !" \t\n;&|()<>\\'\"$`".includes(this.src[end]!) && !(this.o.extglob && "?*+@!".includes(this.src[end]!))) end++;
        addText(parts, this.src.slice(this.pos, end));
        this.pos = end;
      }
    }
  }

  private singleQuoted(): Part {
    const end = this.src.indexOf("'", this.pos + 1);
    if (end < 0) {
      const { line } = this;
      this.skipTo(this.src.length);
      this.unclosed("'", line);
    }
    const text = this.src.slice(this.pos + 1, end);
    this.skipTo(end + 1);
    return { kind: "quoted", text };
  }

  private doubleQuoted(): Part {
    const { line } = this;
    this.pos++;
    const parts: Part[] = [];
    for (;;) {
      const c = this.src[this.pos];
      if (c === undefined) this.unclosed('"', line);
      if (c === '"') {
        this.pos++;
        return { kind: "double", parts };
      }
      this.quotedPart(parts, c, '$`"\\');
    }
  }

  /** Inside double quotes, here-documents and arithmetic: `escapable` is what a backslash quotes. */
  private quotedPart(parts: Part[], c: string, escapable: string): void {
    if (c === "\\") {
      const after = this.src[this.pos + 1];
      if (after === "\n") {
        this.pos += 2;
        this.line++;
      } else if (after !== undefined && escapable.includes(after)) {
        parts.push({ kind: "quoted", text: after });
        this.pos += 2;
      } else {
        addQuoted(parts, "\\");
        this.pos++;
      }
    } else if (c === "$") this.dollar(parts, true);
    else if (c === "`") parts.push(this.backquoted(true));
    else {
      let end = this.pos + 1;
      while (end < this.src.length && !"\\$`\"}':/()[]\n".includes(this.src[end]!)) end++;
      addQuoted(parts, this.src.slice(this.pos, end));
      this.skipTo(end);
    }
  }

  private dollar(parts: Part[], inDouble: boolean): void {
    const after = this.src[this.pos + 1] ?? "";
    if (after === "(") {
      parts.push(this.src[this.pos + 2] === "(" ? this.arithmeticOrCommand() : this.commandSubstitution());
      return;
    }
    if (after === "{") {
      parts.push(this.braces(inDouble));
      return;
    }
    if (this.bash && !inDouble && after === "'") {
      const { line } = this;
      const made = ansiCQuoted(this.src, this.pos + 2);
      if (!made) {
        this.skipTo(this.src.length);
        this.unclosed("'", line);
      }
      this.skipTo(made.end);
      parts.push({ kind: "quoted", text: made.text });
      return;
    }
    if (this.bash && !inDouble && after === '"') {
      this.pos++;
      parts.push(this.doubleQuoted());
      return;
    }
    const name = /[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]/y;
    name.lastIndex = this.pos + 1;
    const found = name.exec(this.src);
    if (!found) {
      if (inDouble) addQuoted(parts, "$");
      else addText(parts, "$");
      this.pos++;
      return;
    }
    this.pos += 1 + found[0].length;
    parts.push({ kind: "param", name: found[0] });
  }

  private commandSubstitution(): Part {
    const start = this.pos;
    this.pos += 2;
    return { kind: "command", body: this.nested(), source: this.src.slice(start, this.pos) };
  }

  /** Commands up to a closing parenthesis, inside a word. */
  private nested(): Script {
    this.enter();
    const outer = { peeked: this.peeked, pending: this.pendingHeredocs, lineStart: this.lineStart };
    this.peeked = undefined;
    this.pendingHeredocs = [];
    const body = this.list(true);
    if (!this.isOp(")")) {
      const t = this.peek();
      if (this.bash && t.kind === "end") throw new Fault({ kind: "unclosed", open: "(", line: t.line + (this.src.endsWith("\n") ? 0 : 1), endLine: t.line });
      this.unexpected('")"');
    }
    this.take();
    this.readHeredocs();
    this.peeked = outer.peeked;
    this.pendingHeredocs = outer.pending;
    this.depth--;
    return body;
  }

  private processSubstitution(direction: "<" | ">"): Part {
    this.pos += 2;
    return { kind: "process", direction, body: this.nested() };
  }

  /** `$((`: arithmetic when it ends in `))`, in bash else a command substitution that begins with a subshell. */
  private arithmeticOrCommand(): Part {
    const save = { pos: this.pos, line: this.line, depth: this.depth };
    try {
      return this.arithmetic();
    } catch (e) {
      if (!this.bash || !(e instanceof Fault) || e.fault.kind !== "unclosed" || e.fault.open !== "((") throw e;
      const arithFault = e;
      Object.assign(this, save);
      try {
        return this.commandSubstitution();
      } catch (inner) {
        if (!(inner instanceof Fault)) throw inner;
        Object.assign(this, save);
        throw new Fault({ ...(arithFault.fault as SyntaxFault & { kind: "unclosed" }), open: "(" });
      }
    }
  }

  private arithmetic(): Part {
    const { line } = this;
    this.pos += 3;
    this.enter();
    const parts: Part[] = [];
    for (let level = 0; ; ) {
      const c = this.src[this.pos];
      if (c === undefined) this.unclosed("((", line);
      if (c === "(") level++;
      else if (c === ")") {
        if (level === 0) {
          if (this.src[this.pos + 1] !== ")") this.unclosed("((", line);
          this.pos += 2;
          this.depth--;
          return { kind: "arith", parts };
        }
        level--;
      }
      this.arithmeticPart(parts, c);
    }
  }

  private arithmeticPart(parts: Part[], c: string): void {
    if (c === '"' && this.bash) {
      // bash takes quotes away; to dash they are characters.
      this.pos++;
      return;
    }
    this.quotedPart(parts, c, '$`"\\');
  }

  private arithCommand(line: number): (Node & { redirects: Redirect[] }) | undefined {
    const save = { pos: this.pos, line: this.line, peeked: this.peeked };
    const start = this.peek().start;
    this.unread(this.peek());
    const text = this.balanced(this.pos + 2);
    if (text === undefined) {
      const closed = this.pos < this.src.length;
      Object.assign(this, save);
      if (!closed) {
        if (this.matching(start, "(", ")") === undefined) this.unclosed("(", line);
      }
      return undefined;
    }
    return { kind: "arith", line, redirects: [], parts: this.subParts(text, "arith"), raw: this.src.slice(start, this.pos) };
  }

  /** The text from `from` to the `))` that closes it, which is skipped; undefined when it closes otherwise (then `pos` is there, or at the end). */
  private balanced(from: number): string | undefined {
    let level = 0;
    for (let i = from; i < this.src.length; i++) {
      const c = this.src[i]!;
      if (c === "\\") i++;
      else if (c === "'" || c === '"') {
        const close = this.src.indexOf(c, i + 1);
        if (close < 0) break;
        i = close;
      } else if (c === "(") level++;
      else if (c === ")" && level-- === 0) {
        if (this.src[i + 1] !== ")") {
          this.pos = i;
          return undefined;
        }
        const text = this.src.slice(from, i);
        this.skipTo(i + 2);
        return text;
      }
    }
    this.pos = this.src.length;
    return undefined;
  }

  /** Where the bracket at `at` closes; quotes count. */
  private matching(at: number, open: string, close: string): number | undefined {
    let level = 0;
    for (let i = at; i < this.src.length; i++) {
      const c = this.src[i]!;
      if (c === "\\") i++;
      else if (c === "\n" && open === "[") return undefined;
      else if (c === "'" || c === '"') {
        const end = this.src.indexOf(c, i + 1);
        if (end < 0) return undefined;
        i = end;
      } else if (c === open) level++;
      else if (c === close && --level === 0) return i;
    }
    return undefined;
  }

  private backquoted(inDouble: boolean): Part {
    const { line } = this;
    const start = this.pos;
    let text = "";
    let i = this.pos + 1;
    for (; ; i++) {
      const c = this.src[i];
      if (c === undefined) {
        this.skipTo(this.src.length);
        this.unclosed("`", line);
      }
      if (c === "`") break;
      const after = this.src[i + 1];
      if (c === "\\" && after !== undefined && (after === "$" || after === "`" || after === "\\" || (inDouble && after === '"'))) {
        text += after;
        i++;
      } else text += c;
    }
    this.skipTo(i + 1);
    const source = this.src.slice(start, this.pos);
    this.enter();
    const inner = new Parser(text, { ...this.o, line, mayContinue: false, program: false });
    inner.depth = this.depth;
    const body: Script = { kind: "list", items: [] };
    try {
      const whole = inner.list(true);
      if (this.bash && inner.peek().kind !== "end") inner.unexpected();
      body.items = whole.items;
      inner.readHeredocs();
    } catch (e) {
      if (!(e instanceof Fault)) throw e;
      // dash parses the inside at once, bash when it is run.
      if (!this.bash) throw e;
      this.depth--;
      return { kind: "command", body, error: e.fault, source };
    }
    this.depth--;
    return { kind: "command", body, source };
  }

  // -- ${ } ---------------------------------------------------------------------------------------------------------

  private braces(inDouble: boolean): ParamPart {
    const { line } = this;
    const start = this.pos;
    this.pos += 2;
    this.enter();
    const part = this.bracesInner(inDouble, line);
    if (part) {
      this.depth--;
      return part;
    }
    // Not a substitution: it is told when it is expanded. Its end still has to be found.
    this.pos = start + 2;
    this.untilBrace(inDouble, line, "");
    this.depth--;
    return { kind: "param", name: "", bad: this.src.slice(start, this.pos) };
  }

  private bracesInner(inDouble: boolean, line: number): ParamPart | undefined {
    const { src } = this;
    const part: ParamPart = { kind: "param", name: "" };
    if (/^#([A-Za-z0-9_@*$!]|[-?#]\})/.test(src.slice(this.pos, this.pos + 3))) {
      part.length = true;
      this.pos++;
    } else if (this.bash && src[this.pos] === "!" && /[A-Za-z0-9_@*#]/.test(src[this.pos + 1] ?? "")) {
      part.indirect = true;
      this.pos++;
    }
    const name = /[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]/y;
    name.lastIndex = this.pos;
    const found = name.exec(src);
    if (!found) {
      if (this.pos >= src.length) this.unclosed("}", line);
      return undefined;
    }
    part.name = found[0];
    this.pos += found[0].length;
    if (this.bash && src[this.pos] === "[" && isName(part.name)) {
      const close = this.matching(this.pos, "[", "]");
      if (close === undefined) return undefined;
      part.subscript = this.subParts(src.slice(this.pos + 1, close), "subscript");
      this.skipTo(close + 1);
    }
    if (src[this.pos] === "}") {
      this.pos++;
      return part;
    }
    if (this.pos >= src.length) this.unclosed("}", line);
    if (part.length) return undefined;
    return this.operation(part, inDouble, line);
  }

  private operation(part: ParamPart, inDouble: boolean, line: number): ParamPart | undefined {
    const { src } = this;
    const rest = src.slice(this.pos, this.pos + 2);
    if (part.indirect && /^[*@]\}/.test(rest)) {
      part.op = `names${rest[0]}`;
      this.pos += 2;
      return part;
    }
    const common = /^(:[-=?+]|[-=?+]|##|#|%%|%)/.exec(rest)?.[0];
    if (common) {
      part.op = common;
      this.pos += common.length;
      // Patterns in double quotes have quotes of their own; other words are as in double quotes.
      part.arg = this.untilBrace(inDouble && !common.includes("#") && !common.includes("%"), line, "");
      return part;
    }
    if (!this.bash) return undefined;
    if (rest[0] === ":") {
      part.op = ":";
      this.pos++;
      part.arg = this.untilBrace(true, line, ":");
      if (src[this.pos - 1] === ":") part.arg2 = this.untilBrace(true, line, "");
      return part;
    }
    if (rest[0] === "/") {
      part.op = /^\/[/#%]/.test(rest) ? rest : "/";
      this.pos += part.op.length;
      part.arg = this.untilBrace(false, line, "/");
      if (src[this.pos - 1] === "/") part.arg2 = this.untilBrace(inDouble, line, "");
      return part;
    }
    const fold = /^(\^\^|\^|,,|,)/.exec(rest)?.[0];
    if (fold) {
      part.op = fold;
      this.pos += fold.length;
      part.arg = this.untilBrace(false, line, "");
      return part;
    }
    if (rest[0] === "@" && /^@[UuLQEPAKak]\}/.test(src.slice(this.pos, this.pos + 3))) {
      part.op = `@${src[this.pos + 1]}`;
      this.pos += 3;
      return part;
    }
    return undefined;
  }

  /** Parts up to the closing brace, which is skipped, or up to `stop` at the top level, which is skipped as well. */
  private untilBrace(inDouble: boolean, line: number, stop: string): Part[] {
    const parts: Part[] = [];
    let brackets = 0;
    for (;;) {
      const c = this.src[this.pos];
      if (c === undefined) this.unclosed("}", line);
      if (c === "}" || (c === stop && brackets <= 0)) {
        // `${x/` + first slash: an empty pattern may begin with the slash itself.
        this.pos++;
        return parts;
      }
      if (stop === ":" && (c === "(" || c === ")" || c === "?")) brackets += c === ")" ? -1 : 1;
      if (inDouble && c !== '"') this.quotedPart(parts, c, '$`"\\}');
      else if (c === '"') parts.push(this.doubleQuoted());
      else if (c === "\\" || c === "'" || c === "$" || c === "`") this.readPart(parts, c);
      else {
        let end = this.pos + 1;
        while (end < this.src.length && !"}\\'\"$`:/()?".includes(this.src[end]!)) end++;
        addText(parts, this.src.slice(this.pos, end));
        this.skipTo(end);
      }
    }
  }

  /** The whole source as text in double quotes; what does not parse stays as it is. */
  asText(): Part[] {
    try {
      return this.subParts(this.src, "heredoc");
    } catch (e) {
      if (!(e instanceof Fault)) throw e;
      return [{ kind: "quoted", text: this.src }];
    }
  }

  /** Parts of a text that was cut out of the source: here-document bodies, subscripts, arithmetic. */
  private subParts(text: string, as: "heredoc" | "arith" | "subscript"): Part[] {
    const inner = new Parser(text, { ...this.o, line: this.line, program: false });
    inner.depth = this.depth;
    const parts: Part[] = [];
    while (inner.pos < text.length) {
      const c = text[inner.pos]!;
      if (as === "heredoc") inner.quotedPart(parts, c, "$`\\");
      else if (as === "arith") inner.arithmeticPart(parts, c);
      else if (c === '"') parts.push(inner.doubleQuoted());
      else if (c === "'" || c === "\\" || c === "$" || c === "`") inner.readPart(parts, c);
      else {
        addQuoted(parts, c);
        inner.pos++;
      }
    }
    return parts;
  }

  // -- [[ ]] --------------------------------------------------------------------------------------------------------

  private cond(line: number): Node & { redirects: Redirect[] } {
    this.take();
    const test = this.condOr(line);
    this.skipNewlines();
    if (this.peek().kind === "end") this.condUnclosed();
    if (this.keyword() !== "]]") this.condUnexpected();
    this.take();
    return { kind: "cond", line, redirects: [], test };
  }

  private condUnclosed(): never {
    throw new Fault({ kind: "unclosed", open: "[[", line: this.line, endLine: this.line });
  }
  private condUnexpected(): never {
    const t = this.peek();
    const text = t.kind === "word" ? t.word!.raw : t.text;
    throw new Fault({ kind: "other", message: t.kind === "word" ? "syntax error in conditional expression" : `syntax error in conditional expression: unexpected token \`${text}'`, line: t.line });
  }

  private condOr(line: number): Condition {
    let left = this.condAnd(line);
    while (this.condOp("||")) left = { kind: "or", left, right: this.condAnd(line) };
    return left;
  }
  private condAnd(line: number): Condition {
    let left = this.condNot(line);
    while (this.condOp("&&")) left = { kind: "and", left, right: this.condNot(line) };
    return left;
  }
  private condOp(text: string): boolean {
    this.skipNewlines();
    if (!this.isOp(text)) return false;
    this.take();
    return true;
  }

  private condNot(line: number): Condition {
    this.skipNewlines();
    if (this.keyword() === "!") {
      this.take();
      this.enter();
      const operand = this.condNot(line);
      this.depth--;
      return { kind: "not", operand };
    }
    if (this.isOp("(")) {
      this.take();
      this.enter();
      const operand = this.condOr(line);
      this.skipNewlines();
      if (!this.isOp(")")) this.condUnexpected();
      this.take();
      this.depth--;
      return { kind: "group", operand };
    }
    return this.condPrimary();
  }

  private condPrimary(): Condition {
    const t = this.peek();
    if (t.kind === "end") this.condUnclosed();
    if (t.kind !== "word" || this.keyword() === "]]") this.condUnexpected();
    const first = this.take().word!;
    const op = t.plain ? first.raw : "";
    if (op.length === 2 && op[0] === "-" && UNARY_TESTS.includes(op[1]!)) {
      const operand = this.peek();
      if (operand.kind === "word" && !this.condBinary(operand)) {
        if (this.keyword() === "]]") this.other("unexpected argument `]]' to conditional unary operator");
        return { kind: "unary", op, operand: this.take().word! };
      }
      if (operand.kind !== "word") this.other(`unexpected argument \`${operand.text === "" ? "newline" : operand.text}' to conditional unary operator`);
    }
    const second = this.peek();
    const binary = this.condBinary(second);
    if (!binary) {
      if (second.kind === "word" && this.keyword() !== "]]") this.other("conditional binary operator expected");
      return { kind: "word", word: first };
    }
    this.take();
    if (binary === "=~") return { kind: "binary", op: binary, left: first, right: this.regexWord() };
    const save = this.o.extglob;
    this.o.extglob = binary === "=" || binary === "==" || binary === "!=" ? true : save ?? false;
    const right = this.peek();
    this.o.extglob = save ?? false;
    if (right.kind !== "word") this.other(`unexpected argument \`${right.kind === "end" ? "newline" : right.text}' to conditional binary operator`);
    return { kind: "binary", op: binary, left: first, right: this.take().word! };
  }

  private condBinary(t: Token): string | undefined {
    if (t.kind === "redirect" && t.fd < 0 && (t.text === "<" || t.text === ">")) return t.text;
    if (t.kind === "word" && t.plain && BINARY_TESTS.has(t.word!.raw)) return t.word!.raw;
    return undefined;
  }

  /** After =~ parentheses and bars belong to the word. */
  private regexWord(): Word {
    this.skipBlanks();
    const start = this.pos;
    const parts: Part[] = [];
    for (let level = 0; ; ) {
      const c = this.src[this.pos];
      if (c === undefined) this.condUnclosed();
      if (c === "(") level++;
      else if (c === ")") {
        if (level === 0) break;
        level--;
      } else if (" \t\n".includes(c) && level === 0) break;
      if ("()|<>&; \t\n".includes(c)) {
        if (c === "&" && level === 0) break;
        if (c === "\n") this.line++;
        addText(parts, c);
        this.pos++;
      } else this.readPart(parts, c);
    }
    return { parts, raw: this.src.slice(start, this.pos) };
  }
}

// -- small things ---------------------------------------------------------------------------------------------------

export function isName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

function addText(parts: Part[], text: string): void {
  const last = parts[parts.length - 1];
  if (last?.kind === "text") last.text += text;
  else parts.push({ kind: "text", text });
}

function addQuoted(parts: Part[], text: string): void {
  const last = parts[parts.length - 1];
  if (last?.kind === "quoted") last.text += text;
  else parts.push({ kind: "quoted", text });
}

/** What quoting leaves of a word that is not expanded: the end of a here-document. */
function literalText(part: Part): string {
  switch (part.kind) {
    case "text":
    case "quoted":
      return part.text;
    case "double":
      return part.parts.map(literalText).join("");
    case "param":
      return part.bad ?? `$${part.name}`;
    case "command":
      return part.source;
    default:
      return "";
  }
}

function backslashes(text: string, before: number): number {
  let n = 0;
  while (text[before - 1 - n] === "\\") n++;
  return n;
}

function splitSemicolons(text: string): string[] {
  const out = [""];
  let level = 0;
  for (const c of text) {
    if (c === "(") level++;
    if (c === ")") level--;
    if (c === ";" && level === 0) out.push("");
    else out[out.length - 1] += c;
  }
  return out;
}

/** `|&` is `2>&1 |`. */
function addErrorRedirect(node: Node): void {
  if ("redirects" in node) node.redirects.push({ fd: 2, op: ">&", target: { parts: [{ kind: "text", text: "1" }], raw: "1" } });
}

/** Parts of a text as they would be in double quotes. */
export function textParts(text: string, dialect: Dialect): Part[] {
  return new Parser(text, { dialect }).asText();
}
