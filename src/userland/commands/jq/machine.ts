/**
 * Runs a jq program: expressions give any number of results, one after the other. What to do with a result is a continuation; where to go
 * for the next one is a stack of choices, as in jq's own interpreter (execute.c), so that a recursion without an end costs memory that is
 * counted and never the host's stack.
 */
import { MICROSECOND } from "../../../sim/time.ts";
import type { Process, Run } from "../../process.ts";
import { applyFormat } from "./formats.ts";
import { FUNCTIONS, type NativeContext } from "./natives.ts";
import type { Definition, Node, Pattern, PatternMember } from "./syntax.ts";
import { type BinaryOperator, bounded, brief, described, get, identical, isArray, isObject, type Json, JqError, kindOf, operate, OutOfMemory, truthy } from "./value.ts";

/** How a value was reached from the input of `path(f)`. */
interface Path {
  up: Path | undefined;
  key: Json;
  value: Json;
}

interface Closure {
  node: Node;
  env: Env | undefined;
}

/** What names stand for, the innermost first. */
class Env {
  readonly id: number;
  readonly value: Json;
  readonly closure: Closure | undefined;
  readonly next: Env | undefined;
  constructor(id: number, value: Json, closure: Closure | undefined, next: Env | undefined) {
    this.id = id;
    this.value = value;
    this.closure = closure;
    this.next = next;
  }
}

interface Kont {
  run(v: Json, p: Path | undefined): void;
  depth: number;
}

/** A place to go back to. */
interface Choice {
  run(): void;
  /** Whether it takes an error. */
  raised?(e: unknown): boolean;
}

class Break {
  readonly label: number;
  constructor(label: number) {
    this.label = label;
  }
}

/** Ends the program. */
export class Halt {
  readonly status: number;
  readonly message: Json | undefined;
  constructor(status: number, message?: Json) {
    this.status = status;
    this.message = message;
  }
}

/** What natives cannot do by themselves. */
export interface Host extends NativeContext {
  /** The next input; undefined: there is none. */
  input(): Run<Json | undefined>;
  warn(text: string): Run<void>;
}

/** Steps between two looks at the clock, and about what they take here. */
const TURN = 4000;
const TURN_COST = 400 * MICROSECOND;
/** Continuations within one another, and choices left. */
const MAX_FRAMES = 200_000;

/** Results that one array gathers. */
const MAX_ITEMS = 400_000;

/** Octets of a value in messages about paths. */
const LONG = 29;

type Wanted = { input: Kont; path: Path | undefined } | { text: string; value: Json; k: Kont; path: Path | undefined };

export class Machine {
  private node: Node | undefined;
  private env: Env | undefined;
  private v: Json = null;
  private p: Path | undefined;
  private k: Kont;
  private readonly choices: Choice[] = [];
  private wanted: Wanted | undefined;
  private result: Json | undefined;
  private labels = 0;
  private done = false;
  private steps = 0;
  private readonly proc: Process;
  private readonly host: Host;
  private readonly end: Kont;

  constructor(proc: Process, host: Host) {
    this.proc = proc;
    this.host = host;
    this.end = { depth: 0, run: (v) => (this.result = v) };
    this.k = this.end;
  }

  /** Binds variables that are there from the start. */
  globals(values: readonly (readonly [id: number, value: Json])[]): void {
    for (const [id, value] of values) this.root = new Env(id, value, undefined, this.root);
  }
  private root: Env | undefined;

  start(program: Node, input: Json): void {
    this.choices.length = 0;
    this.done = false;
    this.go(program, this.root, input, undefined, this.end);
  }

  /** The next result; undefined: no more. Throws what is not caught. */
  *next(): Run<Json | undefined> {
    this.result = undefined;
    if (this.k === this.end && this.node === undefined && !this.done) this.fail();
    while (!this.done && this.result === undefined) {
      if (++this.steps >= TURN) {
        this.steps = 0;
        yield { until: this.proc.now + TURN_COST };
      }
      this.step();
      if (this.wanted) yield* this.serve();
    }
    return this.result;
  }

  private step(): void {
    try {
      const { node, k } = this;
      if (node === undefined) k.run(this.v, this.p);
      else this.evaluate(node, this.env, this.v, this.p, k);
    } catch (e) {
      if (e instanceof JqError || e instanceof Break) this.raise(e);
      else throw e;
    }
  }

  private *serve(): Run<void> {
    const wanted = this.wanted!;
    this.wanted = undefined;
    if ("text" in wanted) {
      yield* this.host.warn(wanted.text);
      this.give(wanted.k, wanted.value, wanted.path);
      return;
    }
    try {
      const v = yield* this.host.input();
      if (v === undefined) this.raise(new JqError("break"));
      else this.give(wanted.input, v, wanted.path);
    } catch (e) {
      if (!(e instanceof JqError)) throw e;
      this.raise(e);
    }
  }

  // -- registers --------------------------------------------------------------------------------------------------------

  private go(node: Node, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    this.node = node;
    this.env = env;
    this.v = v;
    this.p = p;
    this.k = k;
  }

  private give(k: Kont, v: Json, p: Path | undefined): void {
    this.node = undefined;
    this.k = k;
    this.v = v;
    this.p = p;
  }

  private after(k: Kont, run: Kont["run"]): Kont {
    if (k.depth >= MAX_FRAMES) throw new OutOfMemory();
    return { run, depth: k.depth + 1 };
  }

  private choose(run: () => void, raised?: (e: unknown) => boolean): void {
    if (this.choices.length >= MAX_FRAMES) throw new OutOfMemory();
    this.choices.push(raised ? { run, raised } : { run });
  }

  /** Back to the last choice. */
  private fail(): void {
    const choice = this.choices.pop();
    if (choice) choice.run();
    else this.done = true;
  }

  private raise(e: JqError | Break): void {
    // error(null) is no error but the end of this branch.
    if (e instanceof JqError && e.value === null) return this.fail();
    for (let choice = this.choices.pop(); choice; choice = this.choices.pop()) if (choice.raised?.(e)) return;
    this.done = true;
    if (e instanceof Break) throw new JqError("break");
    throw e;
  }

  private lookup(env: Env | undefined, id: number): Env {
    let e = env;
    while (e && e.id !== id) e = e.next;
    if (!e) throw new Error(`jq: name ${id} is not bound`);
    return e;
  }

  // -- expressions --------------------------------------------------------------------------------------------------------

  private evaluate(node: Node, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    switch (node.n) {
      case "identity": return this.give(k, v, p);
      case "constant": return this.give(k, node.value, p);
      case "variable": return this.give(k, this.lookup(env, node.id).value, p);
      case "index": return this.indexing(node, env, v, p, k);
      case "slice": return this.slicing(node, env, v, p, k);
      case "iterate": return this.go(node.of, env, v, p, this.after(k, (t, tp) => this.each(t, tp, node.optional, k)));
      case "pipe": return this.go(node.left, env, v, p, this.after(k, (x, xp) => this.go(node.right, env, x, xp, k)));
      case "comma":
        this.choose(() => this.go(node.right, env, v, p, k));
        return this.go(node.left, env, v, p, k);
      case "negate": return this.go(node.of, env, v, p, this.after(k, (x, xp) => this.give(k, negated(x), xp)));
      case "binary": return this.go(node.right, env, v, undefined, this.after(k, (b) => this.go(node.left, env, v, undefined, this.after(k, (a) => this.give(k, this.operated(node.op, a, b), p)))));
      case "and":
      case "or": return this.logic(node, env, v, p, k);
      case "alternative": return this.alternative(node, env, v, p, k);
      case "update": return this.go(node.right, env, v, undefined, this.after(k, (x) => this.go(node.update, new Env(node.variable, x, undefined, env), v, p, k)));
      case "if": return this.go(node.test, env, v, undefined, this.after(k, (t) => this.go(truthy(t) ? node.yes : node.no, env, v, p, k)));
      case "try": return this.attempt(node, env, v, p, k);
      case "reduce": return this.reduce(node, env, v, p, k);
      case "foreach": return this.foreach(node, env, v, p, k);
      case "as": return this.go(node.source, env, v, undefined, this.after(k, (x) => this.bindAny(node.patterns, node.variables, x, env, k, (e) => this.go(node.body, e, v, p, k))));
      case "label": return this.label(node, env, v, p, k);
      case "break": throw new Break(this.lookup(env, node.id).value as number);
      case "define": return this.go(node.body, new Env(node.definition.id!, null, undefined, env), v, p, k);
      case "call": return this.call(node.definition, node.args, env, v, p, k);
      case "closure": {
        const { closure } = this.lookup(env, node.id);
        return this.go(closure!.node, closure!.env, v, p, k);
      }
      case "native": return this.native(node, env, v, p, k);
      case "array": return this.collect(node.body!, env, v, p, k);
      case "object": return this.object(node.members, 0, new Map(), env, v, p, k);
      case "format": return this.give(k, applyFormat(node.name, v), p);
    }
  }

  /** Work on large values counts for more than a step. */
  private charge(v: Json): void {
    if (isArray(v) || typeof v === "string") this.steps += v.length >> 4;
    else if (isObject(v)) this.steps += v.size >> 2;
  }

  private operated(op: BinaryOperator, a: Json, b: Json): Json {
    this.charge(a);
    this.charge(b);
    return operate(op, a, b);
  }

  private logic(node: Node & { n: "and" | "or" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const decides = node.n === "or";
    this.go(node.left, env, v, undefined, this.after(k, (a) => {
      if (truthy(a) === decides) this.give(k, decides, p);
      else this.go(node.right, env, v, undefined, this.after(k, (b) => this.give(k, truthy(b), p)));
    }));
  }

  private alternative(node: Node & { n: "alternative" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    let found = false;
    this.choose(() => (found ? this.fail() : this.go(node.right, env, v, p, k)));
    this.go(node.left, env, v, p, this.after(k, (x, xp) => {
      if (!truthy(x)) return this.fail();
      found = true;
      this.give(k, x, xp);
    }));
  }

  /** What is raised behind it is caught as well, as in jq 1.6: the choice stays until all results are out. */
  private attempt(node: Node & { n: "try" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    this.choose(() => this.fail(), (e) => {
      if (!(e instanceof JqError)) return false;
      if (node.handler) this.go(node.handler, env, e.value, p, k);
      else this.fail();
      return true;
    });
    this.go(node.body, env, v, p, k);
  }

  private label(node: Node & { n: "label" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const label = ++this.labels;
    this.choose(() => this.fail(), (e) => {
      if (!(e instanceof Break) || e.label !== label) return false;
      this.fail();
      return true;
    });
    this.go(node.body, new Env(node.id, label, undefined, env), v, p, k);
  }

  private reduce(node: Node & { n: "reduce" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    this.go(node.init, env, v, undefined, this.after(k, (init) => {
      let state = init;
      this.choose(() => this.give(k, state, p));
      const keep = this.after(k, (next) => {
        state = next;
        this.fail();
      });
      this.go(node.source, env, v, undefined, this.after(k, (item) => this.bindAny(node.patterns, node.variables, item, env, k, (e) => {
        const before = state;
        state = null; // an update without a result leaves null
        this.go(node.update, e, before, undefined, keep);
      })));
    }));
  }

  private foreach(node: Node & { n: "foreach" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    this.go(node.init, env, v, undefined, this.after(k, (init) => {
      let state = init;
      // The path is that of the source's result: path(limit(1; .a)) lives by that.
      this.go(node.source, env, v, p, this.after(k, (item, ip) => this.bindAny(node.patterns, node.variables, item, env, k, (e) => {
        const before = state;
        state = null;
        this.go(node.update, e, before, ip, this.after(k, (next, np) => {
          state = next;
          if (node.extract) this.go(node.extract, e, next, np, k);
          else this.give(k, next, np);
        }));
      })));
    }));
  }

  private collect(body: Node, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const items: Json[] = [];
    this.choose(() => this.give(k, bounded(items), p));
    this.go(body, env, v, undefined, this.after(k, (x) => {
      items.push(x);
      if (items.length > MAX_ITEMS) throw new OutOfMemory();
      this.fail();
    }));
  }

  private object(members: readonly { key: Node; value: Node }[], i: number, made: ReadonlyMap<string, Json>, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const member = members[i];
    if (!member) return this.give(k, bounded(made), p);
    this.go(member.key, env, v, undefined, this.after(k, (key) => this.go(member.value, env, v, undefined, this.after(k, (value) => {
      if (typeof key !== "string") throw new JqError(`Cannot use ${described(key)} as object key`);
      this.object(members, i + 1, new Map(made).set(key, value), env, v, p, k);
    }))));
  }

  // -- into values ------------------------------------------------------------------------------------------------------------

  private indexing(node: Node & { n: "index" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const withKey = (key: Json): void => this.go(node.of, env, v, p, this.after(k, (t, tp) => this.indexed(t, tp, key, node.optional, k)));
    if (node.key.n === "constant") withKey(node.key.value);
    else this.go(node.key, env, v, undefined, this.after(k, withKey));
  }

  private slicing(node: Node & { n: "slice" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const bound = (e: Node | undefined, use: (n: Json) => void): void => (e ? this.go(e, env, v, undefined, this.after(k, use)) : use(null));
    bound(node.from, (start) => bound(node.to, (end) => this.go(node.of, env, v, p, this.after(k, (t, tp) => this.indexed(t, tp, new Map<string, Json>([["start", start], ["end", end]]), node.optional, k)))));
  }

  private indexed(t: Json, p: Path | undefined, key: Json, optional: boolean, k: Kont): void {
    if (p && !identical(t, p.value)) throw new JqError(`Invalid path expression near attempt to access element ${brief(key)} of ${brief(t, LONG)}`);
    let value: Json;
    try {
      value = get(t, key);
    } catch (e) {
      if (optional && e instanceof JqError) return this.fail();
      throw e;
    }
    this.give(k, value, p && { up: p, key, value });
  }

  private each(t: Json, p: Path | undefined, optional: boolean, k: Kont): void {
    if (p && !identical(t, p.value)) throw new JqError(`Invalid path expression near attempt to iterate through ${brief(t, LONG)}`);
    if (isArray(t)) return this.elements(t, 0, p, k);
    if (isObject(t)) return this.members(t, [...t.keys()], 0, p, k);
    if (optional) return this.fail();
    throw new JqError(`Cannot iterate over ${described(t)}`);
  }

  private elements(t: readonly Json[], i: number, p: Path | undefined, k: Kont): void {
    if (i >= t.length) return this.fail();
    if (i + 1 < t.length) this.choose(() => this.elements(t, i + 1, p, k));
    this.give(k, t[i]!, p && { up: p, key: i, value: t[i]! });
  }

  private members(t: ReadonlyMap<string, Json>, keys: readonly string[], i: number, p: Path | undefined, k: Kont): void {
    if (i >= keys.length) return this.fail();
    if (i + 1 < keys.length) this.choose(() => this.members(t, keys, i + 1, p, k));
    const value = t.get(keys[i]!)!;
    this.give(k, value, p && { up: p, key: keys[i]!, value });
  }

  // -- patterns ---------------------------------------------------------------------------------------------------------------

  /** Binds by the first pattern; an error there or behind it tries the next. */
  private bindAny(patterns: readonly Pattern[], variables: readonly number[], v: Json, env: Env | undefined, k: Kont, then: (env: Env | undefined) => void): void {
    const [first, ...rest] = patterns;
    let base = env;
    if (rest.length > 0 || variables.length > 1) for (const id of variables) base = new Env(id, null, undefined, base);
    if (rest.length > 0) {
      this.choose(() => this.fail(), (e) => {
        if (!(e instanceof JqError)) return false;
        this.give(this.after(k, () => this.bindAny(rest, variables, v, env, k, then)), null, undefined);
        return true;
      });
    }
    this.bind([[first!, v]], base, k, then);
  }

  private bind(work: readonly (readonly [Pattern, Json])[], env: Env | undefined, k: Kont, then: (env: Env | undefined) => void): void {
    const [entry, ...rest] = work;
    if (!entry) return then(env);
    const [pattern, v] = entry;
    if (pattern.p === "variable") return this.bind(rest, new Env(pattern.id, v, undefined, env), k, then);
    if (pattern.p === "array") return this.bind([...pattern.items.map((item, i) => [item, get(v, i)] as const), ...rest], env, k, then);
    this.bindMembers(pattern.members, 0, v, rest, env, k, then);
  }

  private bindMembers(members: readonly PatternMember[], i: number, v: Json, rest: readonly (readonly [Pattern, Json])[], env: Env | undefined, k: Kont, then: (env: Env | undefined) => void): void {
    const member = members[i];
    if (!member) return this.bind(rest, env, k, then);
    this.go(member.key, env, v, undefined, this.after(k, (key) => {
      if (typeof key !== "string") throw new JqError(`Cannot index ${kindOf(v)} with ${kindOf(key)}`);
      const value = get(v, key);
      const bound = member.variable === undefined ? env : new Env(member.variable, value, undefined, env);
      const onward = (e: Env | undefined): void => this.bindMembers(members, i + 1, v, rest, e, k, then);
      if (member.value) this.bind([[member.value, value]], bound, k, onward);
      else onward(bound);
    }));
  }

  // -- functions --------------------------------------------------------------------------------------------------------------

  private call(definition: Definition, args: readonly Node[], env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    const home = definition.id === undefined ? this.root : this.lookup(env, definition.id);
    this.parameters(definition, args, 0, home, env, v, k, (inner) => this.go(definition.body, inner, v, p, k));
  }

  private parameters(definition: Definition, args: readonly Node[], i: number, inner: Env | undefined, env: Env | undefined, v: Json, k: Kont, then: (env: Env | undefined) => void): void {
    const param = definition.params[i];
    if (!param) return then(inner);
    const arg = args[i]!;
    // A parameter that is handed on stands for what it stood for, however deep the recursion.
    const closure = arg.n === "closure" ? this.lookup(env, arg.id).closure! : { node: arg, env };
    const bound = new Env(param.id, null, closure, inner);
    if (param.variable === undefined) return this.parameters(definition, args, i + 1, bound, env, v, k, then);
    const { variable } = param;
    this.go(closure.node, closure.env, v, undefined, this.after(k, (x) => this.parameters(definition, args, i + 1, new Env(variable, x, undefined, bound), env, v, k, then)));
  }

  private native(node: Node & { n: "native" }, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    switch (`${node.name}/${node.args.length}`) {
      case "empty/0": return this.fail();
      case "error/0": throw new JqError(v);
      case "error/1": return this.go(node.args[0]!, env, v, undefined, this.after(k, (x) => {
        throw new JqError(x);
      }));
      case "path/1": return this.path(node.args[0]!, env, v, p, k);
      case "getpath/1": return this.go(node.args[0]!, env, v, undefined, this.after(k, (path) => this.followed(path, v, p, k)));
      case "range/2": return this.go(node.args[0]!, env, v, undefined, this.after(k, (from) => this.go(node.args[1]!, env, v, undefined, this.after(k, (to) => this.range(from, to, p, k)))));
      case "input/0":
        this.wanted = { input: k, path: p };
        return;
      case "debug/0":
        this.wanted = { text: this.host.debugText(v), value: v, k, path: p };
        return;
      case "stderr/0":
        this.wanted = { text: this.host.plainText(v), value: v, k, path: p };
        return;
      case "halt/0": throw new Halt(0);
      case "halt_error/1": return this.go(node.args[0]!, env, v, undefined, this.after(k, (status) => {
        if (typeof status !== "number") throw new JqError(`${described(v)} halt_error/1: number required`);
        throw new Halt(Math.trunc(status) & 255, v);
      }));
      default: return this.apply(node, node.args.length - 1, [], env, v, p, k);
    }
  }

  /** Arguments from the last to the first: the first one varies fastest. */
  private apply(node: Node & { n: "native" }, i: number, values: readonly Json[], env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    if (i < 0) this.charge(v);
    if (i < 0) return this.give(k, FUNCTIONS[`${node.name}/${node.args.length}`]!(v, values, this.host), p);
    this.go(node.args[i]!, env, v, undefined, this.after(k, (x) => this.apply(node, i - 1, [x, ...values], env, v, p, k)));
  }

  private path(f: Node, env: Env | undefined, v: Json, p: Path | undefined, k: Kont): void {
    this.go(f, env, v, { up: undefined, key: null, value: v }, this.after(k, (x, xp) => {
      if (!identical(x, xp!.value)) throw new JqError(`Invalid path expression with result ${brief(x, LONG)}`);
      const keys: Json[] = [];
      for (let at = xp!; at.up; at = at.up) keys.push(at.key);
      this.give(k, keys.reverse(), p);
    }));
  }

  private followed(path: Json, v: Json, p: Path | undefined, k: Kont): void {
    if (!isArray(path)) throw new JqError("Path must be specified as an array");
    let at = v;
    let reached = p;
    for (const key of path) {
      at = at === null ? null : get(at, key);
      reached = reached && { up: reached, key, value: at };
    }
    if (p && !identical(v, p.value)) throw new JqError(`Invalid path expression with result ${brief(v, LONG)}`);
    this.give(k, at, reached);
  }

  private range(from: Json, to: Json, p: Path | undefined, k: Kont): void {
    if (typeof from !== "number" || typeof to !== "number") throw new JqError("Range bounds must be numeric");
    const next = (n: number): void => {
      if (!(n < to)) return this.fail();
      this.choose(() => next(n + 1));
      this.give(k, n, p);
    };
    next(from);
  }
}

function negated(v: Json): Json {
  if (typeof v !== "number") throw new JqError(`${described(v)} cannot be negated`);
  return -v;
}
