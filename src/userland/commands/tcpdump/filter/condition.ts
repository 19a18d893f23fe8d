/**
 * A filter as data: what libpcap compiles to a BPF program stands here as a tree. `compile` makes a function of it.
 * As in BPF, a load outside the captured octets rejects the packet at once, whatever the rest would say, and numbers have 32 bits.
 */

/** What a filter may look at besides the octets. */
export interface PacketMeta {
  /** linux/if_packet.h: 4 is outgoing. */
  packetType: number;
  ifindex: number;
}

/** Where a number is taken from. `iphl`: add the length of the IPv4 header that begins there. */
export type Load =
  | { from: "packet"; at: number; size: 1 | 2 | 4; iphl?: number }
  | { from: "length" }
  | { from: "packetType" }
  | { from: "ifindex" };

export type Arith =
  | { kind: "number"; value: number }
  /** `literal`: the number libpcap's code would load first, its index. */
  | { kind: "load"; load: Load; literal?: number }
  | { kind: "index"; base: number; iphl: number | undefined; size: 1 | 2 | 4; index: Arith }
  | { kind: "negate"; of: Arith }
  | { kind: "binary"; op: "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<<" | ">>"; left: Arith; right: Arith };

export type Relation = "=" | ">" | ">=" | "&";

export type Condition =
  | { kind: "constant"; value: boolean }
  | { kind: "not"; of: Condition }
  | { kind: "and" | "or"; left: Condition; right: Condition }
  | { kind: "test"; load: Load; mask: number; relation: Relation; value: number }
  | { kind: "compare"; left: Arith; right: Arith; relation: Relation };

export const and = (left: Condition, right: Condition): Condition => ({ kind: "and", left, right });
export const or = (left: Condition, right: Condition): Condition => ({ kind: "or", left, right });
export const not = (of: Condition): Condition => ({ kind: "not", of });

/** One packet under a filter. */
interface Machine {
  bytes: Uint8Array;
  length: number;
  meta: PacketMeta;
  rejected: boolean;
}
type Test = (m: Machine) => boolean;
type Value = (m: Machine) => number;

export type Predicate = (bytes: Uint8Array, wireLength: number, meta?: PacketMeta) => boolean;

const NO_META: PacketMeta = { packetType: 0, ifindex: 0 };

export function compile(c: Condition): Predicate {
  const test = compileCondition(c);
  return (bytes, length, meta = NO_META) => {
    const m: Machine = { bytes, length, meta, rejected: false };
    return test(m) && !m.rejected;
  };
}

function compileCondition(c: Condition): Test {
  switch (c.kind) {
    case "constant":
      return () => c.value;
    case "not": {
      const of = compileCondition(c.of);
      return (m) => !of(m);
    }
    case "and": {
      const [left, right] = [compileCondition(c.left), compileCondition(c.right)];
      return (m) => left(m) && !m.rejected && right(m);
    }
    case "or": {
      const [left, right] = [compileCondition(c.left), compileCondition(c.right)];
      return (m) => left(m) || (!m.rejected && right(m));
    }
    case "test": {
      const value = compileLoad(c.load);
      return related(c.relation, (m) => (value(m) & c.mask) >>> 0, () => c.value);
    }
    case "compare":
      return related(c.relation, compileArith(c.left), compileArith(c.right));
  }
}

function related(relation: Relation, left: Value, right: Value): Test {
  if (relation === "=") return (m) => left(m) === right(m);
  if (relation === ">") return (m) => left(m) > right(m);
  if (relation === ">=") return (m) => left(m) >= right(m);
  return (m) => (left(m) & right(m)) !== 0;
}

function read(m: Machine, at: number, size: 1 | 2 | 4): number {
  if (at < 0 || at + size > m.bytes.length) {
    m.rejected = true;
    return 0;
  }
  const b = m.bytes;
  if (size === 1) return b[at]!;
  if (size === 2) return (b[at]! << 8) | b[at + 1]!;
  return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0;
}

/** Four times the low half of the octet: BPF's LDX MSH. */
const ipHeaderLength = (m: Machine, at: number): number => (read(m, at, 1) & 15) * 4;

function compileLoad(load: Load): Value {
  if (load.from === "length") return (m) => m.length;
  if (load.from === "packetType") return (m) => m.meta.packetType;
  if (load.from === "ifindex") return (m) => m.meta.ifindex;
  const { at, size, iphl } = load;
  return iphl === undefined ? (m) => read(m, at, size) : (m) => read(m, at + ipHeaderLength(m, iphl), size);
}

function compileArith(a: Arith): Value {
  switch (a.kind) {
    case "number":
      return () => a.value;
    case "load":
      return compileLoad(a.load);
    case "index": {
      const index = compileArith(a.index);
      const { base, iphl, size } = a;
      return (m) => read(m, (index(m) + base + (iphl === undefined ? 0 : ipHeaderLength(m, iphl))) >>> 0, size);
    }
    case "negate": {
      const of = compileArith(a.of);
      return (m) => -of(m) >>> 0;
    }
    case "binary":
      return compileBinary(a.op, compileArith(a.left), compileArith(a.right));
  }
}

type BinaryOp = Extract<Arith, { kind: "binary" }>["op"];

function compileBinary(op: BinaryOp, left: Value, right: Value): Value {
  return (m) => {
    const [x, y] = [left(m), right(m)];
    if ((op === "/" || op === "%") && y === 0) {
      m.rejected = true;
      return 0;
    }
    return arithmetic(op, x, y);
  };
}

export function arithmetic(op: BinaryOp, x: number, y: number): number {
  switch (op) {
    case "+":
      return (x + y) >>> 0;
    case "-":
      return (x - y) >>> 0;
    case "*":
      return Math.imul(x, y) >>> 0;
    case "/":
      return Math.floor(x / y);
    case "%":
      return x % y;
    case "&":
      return (x & y) >>> 0;
    case "|":
      return (x | y) >>> 0;
    case "^":
      return (x ^ y) >>> 0;
    case "<<":
      return y > 31 ? 0 : (x << y) >>> 0;
    case ">>":
      return y > 31 ? 0 : x >>> y;
  }
}

/** One test in the order of the program, and where it leads. */
interface Step {
  test: Extract<Condition, { kind: "test" | "compare" }>;
  then: number;
  otherwise: number;
}
const ACCEPT = -1;
const REJECT = -2;

/** Appends the steps of `c`, the last test first. @returns the step to begin with. */
function flatten(c: Condition, then: number, otherwise: number, steps: Step[]): number {
  switch (c.kind) {
    case "constant":
      return c.value ? then : otherwise;
    case "not":
      return flatten(c.of, otherwise, then, steps);
    case "and":
      return flatten(c.left, flatten(c.right, then, otherwise, steps), otherwise, steps);
    case "or":
      return flatten(c.left, then, flatten(c.right, then, otherwise, steps), steps);
    default:
      return steps.push({ test: c, then, otherwise }) - 1;
  }
}

/** What is known on a way: outcomes of tests, by the test; and numbers known to equal a value, by the number. */
interface Facts {
  outcome: ReadonlyMap<string, boolean>;
  equal: ReadonlyMap<string, number>;
}

/**
 * Whether no packet can pass, as far as libpcap's optimiser sees it; libpcap then refuses the filter: "expression rejects all packets".
 * A way whose outcome is known at a test goes past it; the others meet there, and what they do not all know is forgotten.
 */
export function rejectsAll(c: Condition): boolean {
  const steps: Step[] = [];
  const first = flatten(c, ACCEPT, REJECT, steps);
  const arriving: Facts[][] = steps.map(() => []);
  let accepted = false;
  const go = (to: number, facts: Facts): void => {
    if (to === ACCEPT) accepted = true;
    else if (to !== REJECT) arriving[to]!.push(facts);
  };
  go(first, { outcome: new Map(), equal: new Map() });
  for (let i = steps.length - 1; i >= 0; i--) {
    const step = steps[i]!;
    const open: Facts[] = [];
    for (const facts of arriving[i]!) {
      const known = outcomeOf(step.test, facts);
      if (known === undefined) open.push(facts);
      else go(known ? step.then : step.otherwise, facts);
    }
    if (open.length === 0) continue;
    const facts = open.reduce(common);
    go(step.then, learn(step.test, true, facts));
    go(step.otherwise, learn(step.test, false, facts));
  }
  return !accepted;
}

function common(a: Facts, b: Facts): Facts {
  return { outcome: new Map([...a.outcome].filter(([k, v]) => b.outcome.get(k) === v)), equal: new Map([...a.equal].filter(([k, v]) => b.equal.get(k) === v)) };
}

const subjectOf = (test: Step["test"]): string => JSON.stringify(test.kind === "test" ? [test.load, test.mask] : [test.left, test.right]);
const keyOf = (test: Step["test"]): string => `${test.relation} ${test.kind === "test" ? test.value : ""} ${subjectOf(test)}`;

function outcomeOf(test: Step["test"], facts: Facts): boolean | undefined {
  if (test.kind === "compare" && test.left.kind === "number" && test.right.kind === "number") {
    const [x, y] = [test.left.value, test.right.value];
    return test.relation === "=" ? x === y : test.relation === ">" ? x > y : test.relation === ">=" ? x >= y : (x & y) !== 0;
  }
  const equal = test.kind === "test" && test.relation === "=" ? facts.equal.get(subjectOf(test)) : undefined;
  return equal === undefined ? facts.outcome.get(keyOf(test)) : equal === (test as { value: number }).value;
}

function learn(test: Step["test"], outcome: boolean, facts: Facts): Facts {
  if (test.kind === "test" && test.relation === "=" && outcome) return { outcome: facts.outcome, equal: new Map(facts.equal).set(subjectOf(test), test.value) };
  return { outcome: new Map(facts.outcome).set(keyOf(test), outcome), equal: facts.equal };
}
