/**
 * Shell arithmetic: signed 64-bit integers, C's operators and precedences (POSIX XCU 2.6.4, bash(1) ARITHMETIC EVALUATION).
 * The two shells refuse in different words; a fault carries what both need.
 */
import type { Dialect } from "./parser.ts";

export interface ArithVariables {
  /** Text of a variable or array element; undefined when it is not set. */
  get(name: string, subscript?: string): string | undefined;
  set(name: string, value: string, subscript?: string): void;
}

/** dash: `arithmetic expression: ${dash}: "${text}"`. bash: `${text}: ${bash} (error token is "${token}")`. */
export class ArithFault {
  readonly dash: string;
  readonly bash: string;
  readonly token: string;
  readonly text: string;
  constructor(dash: string, bash: string, token: string, text: string) {
    this.dash = dash;
    this.bash = bash;
    this.token = token;
    this.text = text;
  }
}

const MAX_DEPTH = 64;
const BINARY: readonly (readonly string[])[] = [
  ["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<=", ">=", "<", ">"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"], ["**"],
];
const OPERATORS = ["<<=", ">>=", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "++", "--", "+", "-", "*", "/", "%", "<", ">", "&", "|", "^", "!", "~", "?", ":", "=", "(", ")", ","];
const ASSIGNS: ReadonlySet<string> = new Set(["=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^="]);

interface Token {
  kind: "number" | "name" | "op" | "end";
  text: string;
  at: number;
  value: bigint;
  subscript?: string;
}

class Evaluator {
  private readonly text: string;
  private readonly vars: ArithVariables;
  private readonly bash: boolean;
  private readonly depth: number;
  private pos = 0;
  private token: Token;
  private before: Token;
  /** Inside what `&&`, `||` and `?:` skip. */
  private skipping = 0;
  private nesting = 0;

  constructor(text: string, vars: ArithVariables, dialect: Dialect, depth: number) {
    this.text = text;
    this.vars = vars;
    this.bash = dialect === "bash";
    this.depth = depth;
    this.token = { kind: "end", text: "", at: 0, value: 0n };
    this.before = this.token;
  }

  run(): bigint {
    this.advance();
    if (this.token.kind === "end") {
      if (this.bash) return 0n;
      this.fault("expecting primary", "", this.token);
    }
    const value = this.comma();
    this.expectEnd();
    return value;
  }

  private expectEnd(): void {
    const t = this.token;
    if (t.kind === "end") return;
    const known = t.kind !== "op" || OPERATORS.includes(t.text);
    this.fault("expecting EOF", !known ? "syntax error: invalid arithmetic operator" : ASSIGNS.has(t.text) ? "attempted assignment to non-variable" : "syntax error in expression", t);
  }

  private fault(dash: string, bash: string, at: Token): never {
    throw new ArithFault(dash, bash, this.text.slice(at.at), this.text);
  }

  /** Reads the next token. */
  private advance(): Token {
    this.before = this.token;
    this.scan();
    return this.token;
  }

  private scan(): void {
    const { text } = this;
    while (" \t\n\r".includes(text[this.pos] ?? "x")) this.pos++;
    const at = this.pos;
    const c = text[at];
    if (c === undefined) {
      this.token = { kind: "end", text: "", at, value: 0n };
      return;
    }
    if (c >= "0" && c <= "9") return this.number(at);
    const name = /[A-Za-z_][A-Za-z0-9_]*/y;
    name.lastIndex = at;
    const found = name.exec(text);
    if (found) {
      this.pos += found[0].length;
      this.token = { kind: "name", text: found[0], at, value: 0n };
      if (this.bash && text[this.pos] === "[") this.subscript();
      return;
    }
    const op = OPERATORS.find((o) => text.startsWith(o, at));
    if (!op || (!this.bash && (op === "**" || op === "++" || op === "--" || op === ","))) {
      // dash has neither ** nor ++: it reads the shorter operators.
      const short = OPERATORS.find((o) => o.length === 1 && text.startsWith(o, at) && (this.bash || o !== ","));
      if (!short) {
        // No operator at all; what is wrong with it hangs on where it stands.
        this.token = { kind: "op", text: c, at, value: 0n };
        this.pos++;
        return;
      }
      this.pos += 1;
      this.token = { kind: "op", text: short, at, value: 0n };
      return;
    }
    this.pos += op.length;
    this.token = { kind: "op", text: op, at, value: 0n };
  }

  private subscript(): void {
    let level = 0;
    for (let i = this.pos; i < this.text.length; i++) {
      if (this.text[i] === "[") level++;
      if (this.text[i] === "]" && --level === 0) {
        this.token.subscript = this.text.slice(this.pos + 1, i);
        this.pos = i + 1;
        return;
      }
    }
    this.fault("expecting primary", "bad array subscript", this.token);
  }

  private number(at: number): void {
    const form = /0[xX][0-9a-fA-F]*|[0-9]+#[0-9A-Za-z@_]+|[0-9][0-9A-Za-z_]*/y;
    form.lastIndex = at;
    const text = form.exec(this.text)![0];
    this.pos = at + text.length;
    this.token = { kind: "number", text, at, value: 0n };
    this.token.value = this.parseNumber(text);
  }

  private parseNumber(text: string): bigint {
    const based = /^([0-9]+)#(.+)$/.exec(text);
    if (based && this.bash) return this.basedNumber(BigInt(based[1]!), based[2]!);
    if (/^0[xX]$/.test(text) && this.bash) return 0n;
    if (/^0[xX][0-9a-fA-F]+$/.test(text)) return BigInt.asIntN(64, BigInt(text));
    if (/^0[0-7]*$/.test(text)) return BigInt.asIntN(64, BigInt(text === "0" ? 0 : `0o${text.slice(1)}`));
    if (/^[1-9][0-9]*$/.test(text)) return this.bash ? BigInt.asIntN(64, BigInt(text)) : clamp(BigInt(text));
    if (this.bash) throw new ArithFault("", /^0[0-9]+$/.test(text) ? "value too great for base" : "value too great for base", text, this.text);
    // dash reads as far as strtoimax goes and then meets a name.
    const digits = /^(0[0-7]*|[1-9][0-9]*)/.exec(text)![0];
    this.pos = this.token.at + digits.length;
    this.token.text = digits;
    return digits.startsWith("0") && digits.length > 1 ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
  }

  private basedNumber(base: bigint, digits: string): bigint {
    if (base < 2n || base > 64n) throw new ArithFault("", "invalid arithmetic base", `${base}#${digits}`, this.text);
    let value = 0n;
    for (const c of digits) {
      let d = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_".indexOf(c);
      if (base <= 36n && d >= 36 && d < 62) d -= 26;
      if (BigInt(d) >= base) throw new ArithFault("", "value too great for base", `${base}#${digits}`, this.text);
      value = value * base + BigInt(d);
    }
    return BigInt.asIntN(64, value);
  }

  private isOp(text: string): boolean {
    return this.token.kind === "op" && this.token.text === text;
  }

  private comma(): bigint {
    let value = this.assignment();
    while (this.bash && this.isOp(",")) {
      this.advance();
      value = this.assignment();
    }
    return value;
  }

  private assignment(): bigint {
    if (++this.nesting > MAX_DEPTH) this.fault("nested too deeply", "expression recursion level exceeded", this.token);
    const value = this.assignment_();
    this.nesting--;
    return value;
  }

  private assignment_(): bigint {
    if (this.token.kind === "name") {
      const name = this.token;
      const save = { pos: this.pos, token: this.token, before: this.before };
      const op = this.advance();
      if (op.kind === "op" && ASSIGNS.has(op.text)) {
        this.advance();
        const right = this.assignment();
        const value = op.text === "=" ? right : this.apply(op.text.slice(0, -1), this.read(name), right, this.before);
        this.write(name, value);
        return value;
      }
      Object.assign(this, save);
    }
    return this.ternary();
  }

  private ternary(): bigint {
    const test = this.binary(0);
    if (!this.isOp("?")) return test;
    this.advance();
    const yes = this.skipIf(test === 0n, () => this.comma());
    if (!this.isOp(":")) this.fault("expecting ':'", "`:' expected for conditional expression", this.token.kind === "end" ? this.before : this.token);
    this.advance();
    const no = this.skipIf(test !== 0n, () => this.assignment());
    return test !== 0n ? yes : no;
  }

  private skipIf(skip: boolean, run: () => bigint): bigint {
    if (skip) this.skipping++;
    const value = run();
    if (skip) this.skipping--;
    return value;
  }

  private binary(level: number): bigint {
    const ops = BINARY[level];
    if (!ops) return this.unary();
    let left = this.binary(level + 1);
    while (this.token.kind === "op" && ops.includes(this.token.text)) {
      const op = this.token.text;
      this.advance();
      if (op === "&&" || op === "||") {
        const decided = op === "&&" ? left === 0n : left !== 0n;
        const right = this.skipIf(decided, () => this.binary(level + 1));
        left = op === "&&" ? bool(left !== 0n && right !== 0n) : bool(left !== 0n || right !== 0n);
        continue;
      }
      const operand = this.token;
      const right = op === "**" ? this.binary(level) : this.binary(level + 1);
      left = this.apply(op, left, right, operand);
    }
    return left;
  }

  private apply(op: string, a: bigint, b: bigint, at: Token): bigint {
    if (this.skipping > 0) return 0n;
    switch (op) {
      case "|":
        return a | b;
      case "^":
        return a ^ b;
      case "&":
        return a & b;
      case "==":
        return bool(a === b);
      case "!=":
        return bool(a !== b);
      case "<":
        return bool(a < b);
      case ">":
        return bool(a > b);
      case "<=":
        return bool(a <= b);
      case ">=":
        return bool(a >= b);
      case "<<":
        return BigInt.asIntN(64, a << (b & 63n));
      case ">>":
        return a >> (b & 63n);
      case "+":
        return BigInt.asIntN(64, a + b);
      case "-":
        return BigInt.asIntN(64, a - b);
      case "*":
        return BigInt.asIntN(64, a * b);
      case "**":
        return this.power(a, b, at);
      default:
        if (b === 0n) this.fault("division by zero", "division by 0", at);
        return BigInt.asIntN(64, op === "/" ? a / b : a % b);
    }
  }

  private power(a: bigint, b: bigint, at: Token): bigint {
    if (b < 0n) this.fault("", "exponent less than 0", at);
    let result = 1n;
    let base = a;
    for (let e = b; e > 0n; e >>= 1n) {
      if (e & 1n) result = BigInt.asIntN(64, result * base);
      base = BigInt.asIntN(64, base * base);
    }
    return result;
  }

  private unary(): bigint {
    const t = this.token;
    if (t.kind === "op" && ["-", "+", "!", "~", "++", "--"].includes(t.text)) {
      this.advance();
      if (++this.nesting > MAX_DEPTH) this.fault("nested too deeply", "expression recursion level exceeded", t);
      if ((t.text === "++" || t.text === "--") && this.token.kind === "name") {
        const name = this.token;
        this.advance();
        const value = this.read(name) + (t.text === "++" ? 1n : -1n);
        this.write(name, value);
        this.nesting--;
        return value;
      }
      const value = this.unary();
      this.nesting--;
      switch (t.text) {
        case "-":
          return BigInt.asIntN(64, -value);
        case "!":
          return bool(value === 0n);
        case "~":
          return ~value;
        default:
          return value;
      }
    }
    return this.primary();
  }

  private primary(): bigint {
    const t = this.token;
    if (t.kind === "number") {
      this.advance();
      return t.value;
    }
    if (t.kind === "name") {
      this.advance();
      const value = this.read(t);
      if (this.bash && (this.isOp("++") || this.isOp("--"))) {
        this.write(t, value + (this.token.text === "++" ? 1n : -1n));
        this.advance();
      }
      return value;
    }
    if (this.isOp("(")) {
      this.advance();
      const value = this.comma();
      if (!this.isOp(")")) this.fault("expecting ')'", "missing `)'", this.token.kind === "end" ? this.before : this.token);
      this.advance();
      return value;
    }
    return this.fault("expecting primary", "syntax error: operand expected", t.kind === "end" && this.before.kind === "op" ? this.before : t);
  }

  private read(t: Token): bigint {
    if (this.skipping > 0) return 0n;
    const text = this.vars.get(t.text, t.subscript)?.trim();
    if (text === undefined || text === "") return 0n;
    if (!this.bash) {
      if (!/^[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(text)) throw new ArithFault("", "", text, "");
      const sign = text.startsWith("-") ? -1n : 1n;
      return sign * this.parseNumber(text.replace(/^[-+]/, ""));
    }
    if (/^-?[1-9][0-9]{0,17}$/.test(text)) return BigInt(text);
    if (this.depth >= MAX_DEPTH) throw new ArithFault("", "expression recursion level exceeded", t.text, text);
    return new Evaluator(text, this.vars, "bash", this.depth + 1).run();
  }

  private write(t: Token, value: bigint): void {
    if (this.skipping === 0) this.vars.set(t.text, BigInt.asIntN(64, value).toString(), t.subscript);
  }
}

function bool(b: boolean): bigint {
  return b ? 1n : 0n;
}
function clamp(n: bigint): bigint {
  const max = 2n ** 63n - 1n;
  return n > max ? max : n;
}

/** Throws ArithFault. */
export function evaluate(text: string, vars: ArithVariables, dialect: Dialect): bigint {
  return new Evaluator(text, vars, dialect, 0).run();
}
