/**
 * The pcap filter language, pcap-filter(7): parsed by recursive descent, giving the same filters and the same refusals as libpcap's
 * grammar. An operand without qualifiers takes those of the primitive before it: `port 80 or 443`.
 */
import { err, ok, type Result } from "../../../../base/result.ts";
import { parseIpv6 } from "../../../../wire/ipv6.ts";
import { type Arith, and, arithmetic, compile, type Condition, not, or, type Predicate, rejectsAll, type Relation } from "./condition.ts";
import { type Direction, type FilterEnv, Generator, type Guarded, NOTHING, type Proto, type Qualifier } from "./generate.ts";
import { lex, type Token } from "./lexer.ts";

/** `message` is libpcap's; `notEmulated` names a word this filter does not know though the real one does. */
export type FilterError = { message: string } | { notEmulated: string };

const PROTOS: ReadonlySet<string> = new Set([
  "ether", "arp", "rarp", "ip", "sctp", "tcp", "udp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp", "ip6", "icmp6", "ah", "esp", "atalk", "aarp", "decnet", "lat", "sca", "moprc", "mopdl", "iso", "stp", "ipx",
  "netbeui",
]);
const NOT_EMULATED: ReadonlySet<string> = new Set([
  "radio", "esis", "isis", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "clnp", "protochain", "gateway", "type", "subtype", "dir", "addr1", "addr2", "addr3", "addr4", "ra", "ta", "mpls", "pppoed", "pppoes", "geneve",
  "lane", "metac", "bcc", "oam", "oamf4", "oamf4ec", "oamf4sc", "sc", "ilmic", "vpi", "vci", "connectmsg", "metaconnect", "on", "rset", "rnr", "srnr", "reason", "action", "fisu", "lssu", "msu", "hfisu", "hlssu",
  "hmsu", "sio", "opc", "dpc", "sls", "hsio", "hopc", "hdpc", "hsls", "AID",
]);
const AFTER_TERM: ReadonlySet<string> = new Set(["end", "and", "or", ")"]);
const ADDRESS_TYPES: ReadonlySet<string> = new Set(["host", "net", "port", "portrange"]);
const OPERANDS: ReadonlySet<string> = new Set(["ID", "HID", "HID6", "EID", "AID"]);
const RELATIONS: ReadonlyMap<string, readonly [Relation, negated: boolean]> = new Map([
  [">", [">", false]], [">=", [">=", false]], ["=", ["=", false]], ["<=", [">", true]], ["<", [">=", true]], ["!=", ["=", true]],
]);
/** libpcap's grammar gives % and ^ no rank: what follows them goes with their right side. */
const RANKS: ReadonlyMap<string, number> = new Map([["|", 1], ["&", 2], ["<<", 3], [">>", 3], ["+", 4], ["-", 4], ["*", 5], ["/", 5], ["%", 9], ["^", 9]]);
/** Parentheses and signs a filter may nest. */
const MAX_NESTING = 200;

/** What stands in a place where several things may: which of them it is, comes out on the way. */
type Unit =
  | { kind: "number"; value: number }
  | { kind: "arith"; value: Guarded }
  | { kind: "operand"; condition: Condition; q: Qualifier; simple: boolean }
  | { kind: "term"; condition: Condition; q: Qualifier };

class Parser {
  private readonly tokens: readonly Token[];
  private readonly lexError: string | undefined;
  private readonly g: Generator;
  private at = 0;
  private nesting = 0;
  notEmulated: string | undefined;

  constructor(text: string, g: Generator) {
    const lexed = lex(text, (t) => parseIpv6(t) !== undefined);
    this.tokens = lexed.tokens;
    this.lexError = lexed.error;
    this.g = g;
  }

  get failed(): boolean {
    return this.g.error !== undefined || this.notEmulated !== undefined;
  }

  private get kind(): string {
    return this.tokens[this.at]!.kind;
  }

  /** The token after this one. */
  private get following(): string {
    return this.tokens[this.at + 1]?.kind ?? "end";
  }

  private take(): Token {
    const t = this.tokens[this.at]!;
    if (this.at < this.tokens.length - 1) this.at++;
    return t;
  }

  /** A word of the real language that has no meaning here, or a syntax error. */
  private unexpected(): Condition {
    if (!this.failed && NOT_EMULATED.has(this.kind)) this.notEmulated = this.tokens[this.at]!.text;
    if (this.kind === "error" && this.lexError !== undefined) return this.g.fail(this.lexError);
    return this.g.fail("can't parse filter expression: syntax error");
  }

  private expect(kind: string): void {
    if (this.kind === kind) this.take();
    else this.unexpected();
  }

  program(): Condition {
    if (this.kind === "end") return { kind: "constant", value: true };
    const c = this.expression(this.condition(this.unit(NOTHING, false), NOTHING, false));
    if (!this.failed && this.kind !== "end") this.unexpected();
    return c.condition;
  }

  /** `first`, then `and` and `or` with what follows, from left to right: they have one rank. */
  private expression(first: { condition: Condition; q: Qualifier }): { condition: Condition; q: Qualifier } {
    let { condition, q } = first;
    while (!this.failed && (this.kind === "and" || this.kind === "or")) {
      const join = this.take().kind === "and" ? and : or;
      const right = this.condition(this.unit(q, true), q, true);
      condition = join(condition, right.condition);
      q = right.q;
    }
    return { condition, q };
  }

  /** A unit as a condition: a number must be an operand, a calculation nothing at all. */
  private condition(u: Unit, q: Qualifier, operandAllowed: boolean): { condition: Condition; q: Qualifier } {
    if (u.kind === "term") return u;
    if (u.kind === "operand" && operandAllowed) return u;
    // A number may still turn out to begin a calculation: the grammar looks one token ahead.
    if (u.kind === "number" && operandAllowed && AFTER_TERM.has(this.kind)) return { condition: this.g.number(u.value, q), q };
    return { condition: this.unexpected(), q };
  }

  /** @param operandAllowed after `and` and `or` a bare operand may stand. */
  private unit(q: Qualifier, operandAllowed: boolean): Unit {
    if (this.nesting > MAX_NESTING) this.g.fail("can't parse filter expression: memory exhausted");
    if (this.failed) return { kind: "term", condition: { kind: "constant", value: false }, q };
    this.nesting++;
    const u = this.unitHere(q, operandAllowed);
    this.nesting--;
    return u;
  }

  private unitHere(q: Qualifier, operandAllowed: boolean): Unit {
    const kind = this.kind;
    if (kind === "!") {
      this.take();
      const u = this.unit(q, operandAllowed);
      const c = this.condition(u, q, operandAllowed);
      const negated = { condition: not(c.condition), q: c.q };
      return u.kind === "term" ? { kind: "term", ...negated } : { kind: "operand", ...negated, simple: true };
    }
    if (operandAllowed && OPERANDS.has(kind)) return { kind: "operand", condition: this.operand(q), q, simple: true };
    if (kind === "NUM" || kind === "-" || kind === "len" || kind === "(" || (PROTOS.has(kind) && this.following === "[")) return this.relationOf(this.arithUnit(q, operandAllowed));
    return { kind: "term", ...this.primitive() };
  }

  /** What begins like a calculation: it is one, when an operator or a relation follows. */
  private relationOf(u: Unit): Unit {
    if (this.failed || (u.kind !== "number" && u.kind !== "arith")) return u;
    const left = this.arithTail(u, 0);
    const relation = RELATIONS.get(this.kind);
    if (!relation || this.failed) return left;
    this.take();
    const right = this.guarded(this.arithOperand(0));
    const l = this.guarded(left);
    let condition = relate(l.arith, right.arith, relation[0]);
    if (relation[1]) condition = not(condition);
    const guard = l.guard && right.guard ? and(l.guard, right.guard) : (l.guard ?? right.guard);
    return { kind: "term", condition: guard ? and(guard, condition) : condition, q: NOTHING };
  }

  private guarded(u: Unit): Guarded {
    if (u.kind === "arith") return u.value;
    if (u.kind !== "number") this.unexpected();
    return { arith: { kind: "number", value: u.kind === "number" ? u.value : 0 }, guard: undefined };
  }

  /** A first operand of a calculation, or a parenthesis that holds something else. */
  private arithUnit(q: Qualifier, operandAllowed: boolean): Unit {
    const kind = this.kind;
    if (kind === "NUM") return { kind: "number", value: this.take().value };
    if (kind === "len") {
      this.take();
      return { kind: "arith", value: { arith: { kind: "load", load: { from: "length" } }, guard: undefined } };
    }
    if (kind === "-") {
      this.take();
      const of = this.guarded(this.arithPrimary());
      return { kind: "arith", value: { arith: { kind: "negate", of: of.arith }, guard: of.guard } };
    }
    if (kind === "(") return this.parenthesis(q, operandAllowed);
    return this.indexed();
  }

  /** `ip[0]`, `tcp[13:1]`. */
  private indexed(): Unit {
    const proto = this.take().kind as Proto;
    this.take();
    const index = this.guarded(this.arithOperand(0));
    let size = 1;
    if (this.kind === ":") {
      this.take();
      size = this.tokens[this.at]!.value;
      this.expect("NUM");
    }
    this.expect("]");
    return { kind: "arith", value: this.failed ? index : this.g.index(proto, index, size) };
  }

  /** An operand where only a calculation can be. */
  private arithPrimary(): Unit {
    const kind = this.kind;
    if (this.nesting > MAX_NESTING) this.g.fail("can't parse filter expression: memory exhausted");
    if (!this.failed && (kind === "NUM" || kind === "-" || kind === "len" || kind === "(" || (PROTOS.has(kind) && this.following === "["))) {
      this.nesting++;
      const u = this.arithUnit(NOTHING, false);
      this.nesting--;
      if (u.kind === "number" || u.kind === "arith") return u;
    }
    this.unexpected();
    return { kind: "number", value: 0 };
  }

  private arithOperand(rank: number): Unit {
    return this.arithTail(this.arithPrimary(), rank);
  }

  /** Operators of at least `rank` after `left`, left to right within a rank. */
  private arithTail(first: Unit, rank: number): Unit {
    let left = first;
    for (;;) {
      const op = this.kind;
      const own = RANKS.get(op);
      if (own === undefined || own < rank || this.failed) return left;
      this.take();
      const right = this.guarded(this.arithOperand(own === 9 ? 0 : own + 1));
      const l = this.guarded(left);
      const guard = l.guard && right.guard ? and(l.guard, right.guard) : (l.guard ?? right.guard);
      left = { kind: "arith", value: { arith: this.binary(op as BinaryOp, l.arith, right.arith), guard } };
    }
  }

  private binary(op: BinaryOp, left: Arith, right: Arith): Arith {
    const literal = firstNumber(right);
    if (op === "/" && literal === 0) this.g.fail("division by zero");
    if (op === "%" && literal === 0) this.g.fail("modulus by zero");
    if ((op === "<<" || op === ">>") && literal !== undefined && literal > 31) this.g.fail("shift by more than 31 bits");
    if (left.kind === "number" && right.kind === "number" && !this.failed) return { kind: "number", value: arithmetic(op, left.value, right.value) };
    return { kind: "binary", op, left, right };
  }

  /** In parentheses there may be an expression, operands joined by and/or (where one may stand), or a calculation. */
  private parenthesis(q: Qualifier, operandAllowed: boolean): Unit {
    this.take();
    // A second parenthesis can only begin an expression or a number.
    const u = this.unit(q, operandAllowed && this.kind !== "(");
    if (this.failed) return u;
    let inner: Unit = u;
    const joined = this.kind === "and" || this.kind === "or";
    if (u.kind === "term") inner = { kind: "term", condition: this.expression(u).condition, q };
    else if (u.kind === "operand" || (u.kind === "number" && joined && operandAllowed)) {
      if (u.kind === "operand" && !u.simple) this.unexpected();
      inner = { kind: "operand", condition: this.operandList(this.condition(u, q, true).condition, q), q, simple: false };
    }
    this.expect(")");
    return inner;
  }

  /** `a or b and c`, operands only. */
  private operandList(first: Condition, q: Qualifier): Condition {
    let condition = first;
    while (!this.failed && (this.kind === "and" || this.kind === "or")) {
      const join = this.take().kind === "and" ? and : or;
      condition = join(condition, this.operandAfter(q));
    }
    return condition;
  }

  /** What a head is about: `host` → the address after it. */
  private operandAfter(q: Qualifier): Condition {
    if (this.nesting > MAX_NESTING) this.g.fail("can't parse filter expression: memory exhausted");
    if (this.failed) return { kind: "constant", value: false };
    this.nesting++;
    const c = this.operandHere(q);
    this.nesting--;
    return c;
  }

  private operandHere(q: Qualifier): Condition {
    const kind = this.kind;
    if (kind === "NUM") return this.g.number(this.take().value, q);
    if (kind === "!") {
      this.take();
      return not(this.operandAfter(q));
    }
    if (kind === "(") {
      const number = this.numberInParentheses();
      if (number !== undefined) return this.g.number(number, q);
      this.take();
      // The first of a list has no parentheses of its own, unless it is a number.
      if (this.kind === "(" && this.numberInParentheses(true) === undefined) return this.unexpected();
      const c = this.operandList(this.operandAfter(q), q);
      this.expect(")");
      return c;
    }
    if (OPERANDS.has(kind)) return this.operand(q);
    return this.unexpected();
  }

  /** `((80))`: a number is one in any parentheses. @param look do not take it. */
  private numberInParentheses(look = false): number | undefined {
    let depth = 0;
    let p = this.at;
    while (this.tokens[p]?.kind === "(") {
      depth++;
      p++;
    }
    const number = this.tokens[p];
    if (number?.kind !== "NUM") return undefined;
    for (let i = 1; i <= depth; i++) if (this.tokens[p + i]?.kind !== ")") return undefined;
    if (!look) this.at = p + depth + 1;
    return number.value;
  }

  /** A name or address. */
  private operand(q: Qualifier): Condition {
    const t = this.take();
    if (t.kind === "ID") return this.g.name(t.text, q);
    if (t.kind === "EID") return this.g.macAddress(macOf(t.text), q);
    if (t.kind === "HID") {
      if (this.kind === "/") {
        this.take();
        const length = this.tokens[this.at]!.value;
        this.expect("NUM");
        return this.failed ? this.unexpected() : this.g.network(t.text, { length }, q);
      }
      if (this.kind === "mask") {
        this.take();
        const mask = this.tokens[this.at]!.text;
        this.expect("HID");
        return this.failed ? this.unexpected() : this.g.network(t.text, { text: mask }, q);
      }
      return this.g.dotted(t.text, q);
    }
    if (t.kind === "HID6") {
      let length = 128;
      if (this.kind === "/") {
        this.take();
        length = this.tokens[this.at]!.value;
        this.expect("NUM");
      }
      return this.failed ? this.unexpected() : this.g.network6(t.text, parseIpv6(t.text)!, length, q);
    }
    this.at--;
    return this.unexpected();
  }

  /** A primitive that begins with a keyword. */
  private primitive(): { condition: Condition; q: Qualifier } {
    const plain = (condition: Condition): { condition: Condition; q: Qualifier } => ({ condition, q: NOTHING });
    const kind = this.kind;
    if (kind === "less" || kind === "greater") {
      this.take();
      const n = this.number();
      return plain(kind === "less" ? not(this.g.length(">", n)) : this.g.length(">=", n));
    }
    if (kind === "byte") return plain(this.byteTest());
    if (kind === "inbound" || kind === "outbound") {
      this.take();
      return plain(this.g.direction(kind === "outbound"));
    }
    if (kind === "ifindex") {
      this.take();
      return plain(this.g.ifindex(this.number()));
    }
    if (kind === "vlan") {
      this.take();
      const vid = this.kind === "NUM" ? this.take().value : this.kind === "(" ? this.numberInParentheses() : undefined;
      return plain(this.g.vlan(vid));
    }
    if (kind === "llc") {
      this.take();
      return plain(this.g.llc(this.kind === "ID" || this.kind === "rnr" ? this.take().text : undefined));
    }
    return this.qualified();
  }

  private number(): number {
    const value = this.tokens[this.at]!.value;
    this.expect("NUM");
    return value;
  }

  private byteTest(): Condition {
    this.take();
    const at = this.number();
    const op = this.kind;
    if (op !== "=" && op !== "<" && op !== ">") {
      if (op === "&" || op === "|") this.notEmulated ??= `byte ... ${op}`;
      return this.unexpected();
    }
    this.take();
    const value = this.number();
    return this.g.byte(at, op, value);
  }

  /** [protocol] [direction] [type] operand, or a protocol alone. */
  private qualified(): { condition: Condition; q: Qualifier } {
    const q: Qualifier = {};
    if (PROTOS.has(this.kind)) q.proto = this.take().kind as Proto;
    if (this.kind === "broadcast" || this.kind === "multicast") {
      const what = this.take().kind;
      return { condition: what === "broadcast" ? this.g.broadcast(q.proto) : this.g.multicast(q.proto), q: NOTHING };
    }
    const dir = this.direction();
    if (dir !== undefined) q.dir = dir;
    if (ADDRESS_TYPES.has(this.kind)) q.addr = this.take().kind as "host" | "net" | "port" | "portrange";
    else if (this.kind === "proto" && dir === undefined) {
      this.take();
      q.addr = "proto";
    } else if (dir === undefined) {
      if (q.proto === undefined || !AFTER_TERM.has(this.kind)) return { condition: this.unexpected(), q };
      return { condition: this.g.named(q.proto), q: NOTHING };
    }
    return { condition: this.operandAfter(q), q };
  }

  private direction(): Direction | undefined {
    if (this.kind !== "src" && this.kind !== "dst") return undefined;
    const first = this.take().kind as "src" | "dst";
    const join: string = this.tokens[this.at]!.kind;
    if (join !== "or" && join !== "and") return first;
    this.take();
    const other = first === "src" ? "dst" : "src";
    this.expect(other);
    return join;
  }
}

type BinaryOp = Extract<Arith, { kind: "binary" }>["op"];

/** libpcap looks at the first number its code would load: of `ip[0]` that is the 0. */
function firstNumber(a: Arith): number | undefined {
  for (let n = a; ; ) {
    if (n.kind === "number") return n.value;
    if (n.kind === "binary") n = n.left;
    else if (n.kind === "negate") n = n.of;
    else if (n.kind === "index") n = n.index;
    else return n.literal;
  }
}

/** A comparison of a load, masked or not, with a number is a simple test. */
function relate(left: Arith, right: Arith, relation: Relation): Condition {
  if (right.kind === "number") {
    if (left.kind === "load") return { kind: "test", load: left.load, mask: 0xffffffff, relation, value: right.value };
    if (left.kind === "binary" && left.op === "&" && left.left.kind === "load" && left.right.kind === "number")
      return { kind: "test", load: left.left.load, mask: left.right.value, relation, value: right.value };
  }
  return { kind: "compare", left, right, relation };
}

function macOf(text: string): Uint8Array {
  const digits = /[:.-]/.test(text) && !/^[0-9A-Fa-f]{4}\./.test(text) ? text.split(/[:.-]/).map((p) => p.padStart(2, "0")).join("") : text.replace(/\./g, "");
  return Uint8Array.from({ length: 6 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** The condition of a filter, or why it is none. */
export function parseFilter(text: string, env: FilterEnv): Result<Condition, FilterError> {
  const g = new Generator(env);
  const parser = new Parser(text, g);
  const condition = parser.program();
  if (parser.notEmulated !== undefined) return err({ notEmulated: parser.notEmulated });
  if (g.error !== undefined) return err({ message: g.error });
  if (rejectsAll(condition)) return err({ message: "expression rejects all packets" });
  return ok(condition);
}

/** The function that says whether a packet passes. */
export function compileFilter(text: string, env: FilterEnv): Result<Predicate, FilterError> {
  const parsed = parseFilter(text, env);
  return parsed.ok ? ok(compile(parsed.value)) : parsed;
}
