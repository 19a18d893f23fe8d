/** expr: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import { type Octets, octets, splitChars, textOf } from "../octets.ts";
import { compileRegex } from "../regex.ts";
import { defineTool } from "../tool.ts";

class ExprError {
  readonly text: string;
  readonly usage: boolean;
  readonly status: number;
  constructor(text: string, usage = false, status = 2) {
    this.text = text;
    this.usage = usage;
    this.status = status;
  }
}

type Value = { kind: "integer"; n: bigint } | { kind: "string"; s: Octets };

const str = (s: Octets): Value => ({ kind: "string", s });
const int = (n: bigint): Value => ({ kind: "integer", n });
const textOfValue = (v: Value): Octets => (v.kind === "integer" ? v.n.toString() : v.s);
const toInteger = (v: Value): bigint | undefined => (v.kind === "integer" ? v.n : /^-?\d+$/.test(v.s) ? BigInt(v.s) : undefined);
/** Empty, or zero with any number of zeros. */
const isNull = (v: Value): boolean => (v.kind === "integer" ? v.n === 0n : v.s === "" || /^-?0+$/.test(v.s));

class Parser {
  private pos = 0;
  private readonly args: readonly Octets[];
  constructor(args: readonly Octets[]) {
    this.args = args;
  }

  run(): Value {
    const v = this.or(true);
    if (this.pos < this.args.length) throw new ExprError(`syntax error: unexpected argument ${quote(textOf(this.args[this.pos]!))}`);
    return v;
  }

  private take(...words: string[]): string | undefined {
    const word = this.args[this.pos];
    if (word === undefined || !words.includes(word)) return undefined;
    this.pos++;
    return word;
  }

  /** `live`: its value matters, so that errors in it do. */
  private or(live: boolean): Value {
    let left = this.and(live);
    while (this.take("|")) {
      const right = this.and(live && isNull(left));
      if (isNull(left)) left = isNull(right) ? int(0n) : right;
    }
    return left;
  }

  private and(live: boolean): Value {
    let left = this.comparison(live);
    while (this.take("&")) {
      const right = this.comparison(live && !isNull(left));
      if (isNull(left) || isNull(right)) left = int(0n);
    }
    return left;
  }

  private comparison(live: boolean): Value {
    let left = this.sum(live);
    for (let op = this.take("<", "<=", "=", "==", "!=", ">=", ">"); op; op = this.take("<", "<=", "=", "==", "!=", ">=", ">")) {
      const right = this.sum(live);
      left = int(compare(left, op, right) ? 1n : 0n);
    }
    return left;
  }

  private sum(live: boolean): Value {
    let left = this.product(live);
    for (let op = this.take("+", "-"); op; op = this.take("+", "-")) left = this.arithmetic(left, op, this.product(live), live);
    return left;
  }

  private product(live: boolean): Value {
    let left = this.match(live);
    for (let op = this.take("*", "/", "%"); op; op = this.take("*", "/", "%")) left = this.arithmetic(left, op, this.match(live), live);
    return left;
  }

  private arithmetic(a: Value, op: string, b: Value, live: boolean): Value {
    if (!live) return int(0n);
    const [x, y] = [toInteger(a), toInteger(b)];
    if (x === undefined || y === undefined) throw new ExprError("non-integer argument");
    if ((op === "/" || op === "%") && y === 0n) throw new ExprError("division by zero");
    return int(op === "+" ? x + y : op === "-" ? x - y : op === "*" ? x * y : op === "/" ? x / y : x % y);
  }

  private match(live: boolean): Value {
    let left = this.keyword(live);
    while (this.take(":")) {
      const pattern = this.keyword(live);
      if (live) left = matchPattern(textOfValue(left), textOfValue(pattern));
    }
    return left;
  }

  private keyword(live: boolean): Value {
    switch (this.take("+", "length", "match", "index", "substr")) {
      case "+": return this.literal();
      case "length": return int(BigInt(splitChars(textOfValue(this.keyword(live))).length));
      case "match": {
        const text = textOfValue(this.keyword(live));
        const pattern = textOfValue(this.keyword(live));
        return live ? matchPattern(text, pattern) : int(0n);
      }
      case "index": {
        const text = splitChars(textOfValue(this.keyword(live)));
        const wanted = new Set(splitChars(textOfValue(this.keyword(live))));
        return int(BigInt(text.findIndex((c) => wanted.has(c)) + 1));
      }
      case "substr": return this.substring(live);
      default: return this.primary(live);
    }
  }

  private substring(live: boolean): Value {
    const text = splitChars(textOfValue(this.keyword(live)));
    const from = toInteger(this.keyword(live));
    const length = toInteger(this.keyword(live));
    if (from === undefined || length === undefined || from <= 0n || length <= 0n) return str("");
    return str(text.slice(Number(from) - 1, Number(from - 1n + length)).join(""));
  }

  private literal(): Value {
    const word = this.args[this.pos];
    if (word === undefined) throw this.missing();
    this.pos++;
    return str(word);
  }

  private missing(): ExprError {
    return new ExprError(`syntax error: missing argument after ${quote(textOf(this.args[this.pos - 1] ?? ""))}`);
  }

  private primary(live: boolean): Value {
    const word = this.args[this.pos];
    if (word === undefined) throw this.missing();
    this.pos++;
    if (word === ")") throw new ExprError("syntax error: unexpected ')'");
    if (word !== "(") return str(word);
    const v = this.or(live);
    if (this.take(")")) return v;
    const found = this.args[this.pos];
    throw new ExprError(found === undefined ? `syntax error: expecting ')' after ${quote(textOf(this.args[this.pos - 1]!))}` : `syntax error: expecting ')' instead of ${quote(textOf(found))}`);
  }
}

function compare(a: Value, op: string, b: Value): boolean {
  const [x, y] = [toInteger(a), toInteger(b)];
  const [s, u] = [textOfValue(a), textOfValue(b)];
  const order = x !== undefined && y !== undefined ? (x < y ? -1 : x > y ? 1 : 0) : s < u ? -1 : s > u ? 1 : 0;
  return { "<": order < 0, "<=": order <= 0, "=": order === 0, "==": order === 0, "!=": order !== 0, ">=": order >= 0, ">": order > 0 }[op]!;
}

/** STRING : REGEX, anchored at the start: the first group's text, or how many characters matched. */
function matchPattern(text: Octets, pattern: Octets): Value {
  const compiled = compileRegex(`^\\(${pattern}\\)`, { syntax: "grep-bre" });
  const own = compileRegex(pattern, { syntax: "sed-bre" });
  // re_compile_internal() gives expr the general words for an open bracket.
  if (!own.ok) throw new ExprError(own.error.startsWith("Unmatched [") ? "Invalid regular expression" : own.error);
  const whole = pattern.startsWith("^") ? own : compiled;
  if (!whole.ok) throw new ExprError(whole.error);
  const m = whole.value.exec(text);
  if (whole.value.exhausted) throw new ExprError("pattern too large");
  const groups = own.value.groups;
  // The wrapping group counts one.
  const first = whole === compiled ? 4 : 2;
  if (!m || m[0] !== 0) return groups > 0 ? str("") : int(0n);
  if (groups > 0) return str((m[first] ?? -1) < 0 ? "" : text.slice(m[first], m[first + 1]));
  return int(BigInt(splitChars(text.slice(0, m[1])).length));
}

export const expr = defineTool({
  name: "expr",
  man: {
    summary: "evaluate expressions",
    synopsis: ["expr EXPRESSION"],
    emulated: ["+ - * / %, = != < <= > >=, | &, ( )", "STRING : REGEX, match, substr, index, length, + TOKEN"],
    notEmulated: [],
    examples: ["expr 1 + 2", "expr \"$x\" : 'eth\\(.*\\)'"],
  },
  // Only a lone --help or --version is an option.
  shorts: "+",
  adapt: (args) => (args.length === 1 && (args[0] === "--help" || args[0] === "--version") ? args : ["--", ...(args[0] === "--" ? args.slice(1) : args)]),
  usageStatus: 2,
  *run(t, _options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand", 2);
    try {
      const v = new Parser(operands.map(octets)).run();
      yield* t.print(`${textOfValue(v)}\n`);
      return isNull(v) ? 1 : 0;
    } catch (e) {
      if (!(e instanceof ExprError)) throw e;
      return yield* e.usage ? t.usage(e.text, e.status) : t.error(e.text, e.status);
    }
  },
});
