/**
 * Regular expressions in time linear in the text: no learner's pattern reaches the host's RegExp. The pattern becomes a program
 * (K. Thompson, CACM 11(6), 1968) that is simulated with one set of states for all paths (R. Pike's machine), so that (a+)+$ costs
 * no more than a+$. The match is the leftmost and, of those, the longest (XBD 9.1). Which text a group gets follows glibc, that is
 * the first alternative that leads to the longest match, not the sub-match rule of POSIX: sed prints what glibc finds.
 * Back-references have no such machine: they are tried one path at a time, within a budget of steps.
 */
import { err, ok, type Result } from "../base/result.ts";
import { charLength, codePointAt, type Octets } from "./octets.ts";
import { type CharSet, isWord } from "./regex-charset.ts";
import { type Assertion, type Node, type Parsed, parseRegex, type ParseOptions } from "./regex-parse.ts";

export type { Syntax } from "./regex-parse.ts";

/** Instructions of one program. x{1000} of something large ends here, with a message. */
const MAX_PROGRAM = 20_000;
/** Steps of one search with back-references. */
const BACKTRACK_BUDGET = 200_000;

const OP = { set: 0, jump: 1, split: 2, save: 3, assert: 4, match: 5, backref: 6, look: 7 } as const;

interface Inst {
  op: number;
  /** Next, or the preferred way of a split. */
  x: number;
  /** The other way of a split. */
  y: number;
  set?: CharSet;
  slot?: number;
  what?: Assertion;
  look?: Look;
}

interface Look {
  program: Program;
  negative: boolean;
  /** Characters to go back, for a look-behind. */
  back: number | undefined;
}

interface Program {
  code: Inst[];
  slots: number;
}

/** Assertions that make no sense of a first octet: they hold before any. */
const EMPTY_ANYWHERE: ReadonlySet<Assertion> = new Set(["eol", "eot", "not-word"]);

class TooLarge {}

class Compiler {
  readonly code: Inst[] = [];
  private readonly groups: number;
  constructor(groups: number) {
    this.groups = groups;
  }

  program(node: Node): Program {
    this.emitSave(0);
    this.node(node);
    this.emitSave(1);
    this.emit({ op: OP.match, x: 0, y: 0 });
    return { code: this.code, slots: 2 * (this.groups + 1) };
  }

  private emit(inst: Inst): number {
    if (this.code.length >= MAX_PROGRAM) throw new TooLarge();
    this.code.push(inst);
    return this.code.length - 1;
  }

  /** An instruction that goes on to the next one. */
  private then(inst: Omit<Inst, "x" | "y">): void {
    this.emit({ ...inst, x: this.code.length + 1, y: 0 });
  }

  private emitSave(slot: number): void {
    this.then({ op: OP.save, slot });
  }

  private node(n: Node): void {
    switch (n.kind) {
      case "empty":
        return;
      case "set":
        return this.then({ op: OP.set, set: n.set });
      case "assert":
        return this.then({ op: OP.assert, what: n.what });
      case "keep":
        return this.emitSave(0);
      case "backref":
        return this.then({ op: OP.backref, slot: 2 * n.index });
      case "look":
        return this.look(n);
      case "cat":
        for (const item of n.items) this.node(item);
        return;
      case "group":
        this.emitSave(2 * n.index);
        this.node(n.item);
        this.emitSave(2 * n.index + 1);
        return;
      case "alt":
        return this.alternatives(n.items);
      case "repeat":
        return this.repeat(n.item, n.min, n.max, n.lazy);
    }
  }

  private look(n: Node & { kind: "look" }): void {
    const program = new Compiler(this.groups).program(n.item);
    this.then({ op: OP.look, look: { program, negative: n.negative, back: n.behind ? fixedLength(n.item) : undefined } });
  }

  private alternatives(items: readonly Node[]): void {
    const ends: number[] = [];
    items.forEach((item, i) => {
      if (i === items.length - 1) {
        this.node(item);
        return;
      }
      const split = this.emit({ op: OP.split, x: this.code.length + 1, y: 0 });
      this.node(item);
      ends.push(this.emit({ op: OP.jump, x: 0, y: 0 }));
      this.code[split]!.y = this.code.length;
    });
    for (const e of ends) this.code[e]!.x = this.code.length;
  }

  private split(lazy: boolean): number {
    return this.emit({ op: OP.split, x: 0, y: lazy ? -1 : 0 });
  }

  /** Fills in a split: `on` is taken first unless it is lazy (marked by y = -1). */
  private resolve(at: number, on: number, out: number): void {
    const inst = this.code[at]!;
    const lazy = inst.y === -1;
    inst.x = lazy ? out : on;
    inst.y = lazy ? on : out;
  }

  private repeat(item: Node, min: number, max: number, lazy: boolean): void {
    // x+ as "x, back": one copy less than x x*.
    const copies = max === Infinity && min > 0 ? min - 1 : min;
    const before = this.code.length;
    for (let i = 0; i < copies; i++) {
      this.node(item);
      if (this.code.length === before) return; // repetition of nothing
    }
    if (max === Infinity) {
      if (min > 0) {
        const start = this.code.length;
        this.node(item);
        this.resolve(this.split(lazy), start, this.code.length);
        return;
      }
      const split = this.split(lazy);
      this.node(item);
      this.emit({ op: OP.jump, x: split, y: 0 });
      this.resolve(split, split + 1, this.code.length);
      return;
    }
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      splits.push(this.split(lazy));
      this.node(item);
    }
    for (const s of splits) this.resolve(s, s + 1, this.code.length);
  }
}

/** Length in characters of everything a node matches, if that is one number; -1 otherwise (PCRE's rule for look-behind). */
function fixedLength(n: Node): number {
  switch (n.kind) {
    case "set":
      return 1;
    case "group":
      return fixedLength(n.item);
    case "cat": {
      const lengths = n.items.map(fixedLength);
      return lengths.includes(-1) ? -1 : lengths.reduce((a, b) => a + b, 0);
    }
    case "alt": {
      const lengths = new Set(n.items.map(fixedLength));
      return lengths.size === 1 ? [...lengths][0]! : -1;
    }
    case "repeat": {
      const one = n.min === n.max ? fixedLength(n.item) : -1;
      return one < 0 ? -1 : n.min * one;
    }
    case "backref":
      return -1;
    default:
      return 0;
  }
}

function hasNode(n: Node, test: (n: Node) => boolean): boolean {
  if (test(n)) return true;
  if (n.kind === "cat" || n.kind === "alt") return n.items.some((i) => hasNode(i, test));
  return (n.kind === "repeat" || n.kind === "group" || n.kind === "look") && hasNode(n.item, test);
}

/** The text that the whole pattern is, when it is nothing but characters. */
function literalOf(n: Node): Octets | undefined {
  if (n.kind === "empty") return "";
  if (n.kind === "set") {
    const c = n.set.single();
    return c === undefined ? undefined : String.fromCharCode(c);
  }
  if (n.kind !== "cat") return undefined;
  let s = "";
  for (const item of n.items) {
    const part = literalOf(item);
    if (part === undefined) return undefined;
    s += part;
  }
  return s;
}

/** Offsets in octets: start and end of the match, then of each group; -1 for a group that took no part. */
export type Match = readonly number[];

/** `at`, or the end of the character that it lies in. */
function characterStart(text: Octets, at: number): number {
  for (let back = 1; back <= 3 && back <= at; back++) {
    const length = charLength(text, at - back);
    if (length > 0) return length > back ? at - back + length : at;
  }
  return at;
}

/** A set of states that keeps the order in which they came. */
class States {
  readonly dense: Int32Array;
  private readonly sparse: Int32Array;
  size = 0;
  constructor(n: number) {
    this.dense = new Int32Array(n);
    this.sparse = new Int32Array(n);
  }
  /** @returns whether it is new. */
  add(pc: number): boolean {
    const at = this.sparse[pc]!;
    if (at < this.size && this.dense[at] === pc) return false;
    this.sparse[pc] = this.size;
    this.dense[this.size++] = pc;
    return true;
  }
}

export class Regex {
  readonly groups: number;
  readonly names: ReadonlyMap<number, string>;
  /** What grep warns of. */
  readonly warnings: readonly string[];
  /** Work done so far, in state visits: what tests bound. */
  steps = 0;
  /** A search with back-references was given up: its "no match" is not known to be true. */
  exhausted = false;
  private readonly program: Program;
  private readonly literal: Octets | undefined;
  private readonly octetwise: boolean;
  /** A match may start inside a character. */
  private readonly anyStart: boolean;
  private readonly multiline: boolean;
  private readonly perl: boolean;
  private readonly backrefs: boolean;
  /** Octets a match can begin with; undefined: anything, or it may be empty. */
  private readonly first: Uint8Array | undefined;
  private readonly anchored: boolean;

  constructor({ node, groups, names, warnings, octetwise }: Parsed, o: ParseOptions) {
    this.groups = groups;
    this.names = names;
    this.warnings = warnings;
    this.anyStart = octetwise;
    this.program = new Compiler(groups).program(node);
    this.literal = literalOf(node);
    this.octetwise = o.octetwise ?? false;
    this.multiline = o.multiline ?? false;
    this.perl = o.syntax === "perl";
    this.backrefs = hasNode(node, (n) => n.kind === "backref");
    this.first = this.firstOctets();
    this.anchored = !this.multiline && node.kind === "cat" && node.items[0]?.kind === "assert" && (node.items[0].what === "bol" || node.items[0].what === "bot");
  }

  /** Whether it matches anywhere in `text`. */
  test(text: Octets): boolean {
    if (this.literal !== undefined) {
      this.steps++;
      return text.includes(this.literal);
    }
    if (this.backrefs) return this.exec(text) !== undefined;
    return this.simulate(text, 0, true) !== undefined;
  }

  /** The leftmost match that starts at `from` or later. What lies before `from` is context for anchors. */
  exec(text: Octets, start = 0): Match | undefined {
    const from = this.anyStart || this.octetwise ? start : characterStart(text, start);
    if (this.literal !== undefined) {
      this.steps++;
      const at = text.indexOf(this.literal, from);
      return at < 0 ? undefined : [at, at + this.literal.length];
    }
    if (this.backrefs) return this.backtrack(text, from);
    if (this.perl) return this.captures(this.program, text, from, undefined);
    const span = this.simulate(text, from, false);
    if (!span) return undefined;
    return this.groups === 0 ? span : this.captures(this.program, text, span[0]!, span[1]);
  }

  // -- where it matches -----------------------------------------------------------------------------------------------

  /** Leftmost-longest span. `any`: one that exists is enough. */
  private simulate(text: Octets, from: number, any: boolean): number[] | undefined {
    const { code } = this.program;
    let now = new States(code.length);
    let next = new States(code.length);
    let starts = new Int32Array(code.length);
    let nextStarts = new Int32Array(code.length);
    const stack: number[] = [];
    let best: number[] | undefined;
    const n = text.length;
    for (let pos = from; ; ) {
      if (now.size === 0) {
        if (best || (this.anchored && pos > 0)) break;
        if (this.first) {
          while (pos < n && this.first[text.charCodeAt(pos)] === 0) pos++;
          if (pos >= n) break;
        }
      }
      if (!best && !(this.anchored && pos > 0)) this.follow(0, pos, text, now, starts, pos, stack);
      const length = pos < n ? this.lengthAt(text, pos) : 0;
      const c = length > 0 ? codePointAt(text, pos, length) : -1;
      const after = pos + (length || 1);
      for (let i = 0; i < now.size; i++) {
        const pc = now.dense[i]!;
        const inst = code[pc]!;
        const start = starts[pc]!;
        if (best && start > best[0]!) break; // states are in the order of their starts
        this.steps++;
        if (inst.op === OP.match) {
          if (any) return [start, pos];
          best = [start, pos];
        } else if (inst.op === OP.set && c >= 0 && inst.set!.has(c)) this.follow(inst.x, after, text, next, nextStarts, start, stack);
      }
      if (pos >= n) break;
      pos = after;
      [now, next] = [next, now];
      [starts, nextStarts] = [nextStarts, starts];
      next.size = 0;
    }
    return best;
  }

  /** Adds a state and all that is reached from it without a character. The first to come has the smallest start and keeps it. */
  private follow(pc: number, pos: number, text: Octets, into: States, starts: Int32Array, start: number, stack: number[]): void {
    stack.push(pc);
    while (stack.length > 0) {
      const at = stack.pop()!;
      if (!into.add(at)) continue;
      this.steps++;
      starts[at] = start;
      const inst = this.program.code[at]!;
      switch (inst.op) {
        case OP.jump:
        case OP.save:
          stack.push(inst.x);
          break;
        case OP.split:
          stack.push(inst.y, inst.x);
          break;
        case OP.assert:
          if (this.holds(inst.what!, text, pos)) stack.push(inst.x);
          break;
        case OP.look:
          if (this.looks(inst.look!, text, pos)) stack.push(inst.x);
          break;
      }
    }
  }

  private lengthAt(text: Octets, pos: number): number {
    return this.octetwise ? 1 : charLength(text, pos);
  }

  private isWordAt(text: Octets, pos: number): boolean {
    if (pos < 0 || pos >= text.length) return false;
    const n = this.lengthAt(text, pos);
    return n > 0 && isWord(codePointAt(text, pos, n));
  }

  private isWordBefore(text: Octets, pos: number): boolean {
    let start = pos - 1;
    while (!this.octetwise && start > 0 && start > pos - 4 && (text.charCodeAt(start) & 0xc0) === 0x80) start--;
    return this.isWordAt(text, start);
  }

  private holds(what: Assertion, text: Octets, pos: number): boolean {
    switch (what) {
      case "bot":
        return pos === 0;
      case "eot":
        return pos === text.length;
      case "bol":
        return pos === 0 || (this.multiline && text[pos - 1] === "\n");
      case "eol":
        return pos === text.length || (this.multiline && text[pos] === "\n") || (this.perl && pos === text.length - 1 && text[pos] === "\n");
      case "word":
        return this.isWordBefore(text, pos) !== this.isWordAt(text, pos);
      case "not-word":
        return this.isWordBefore(text, pos) === this.isWordAt(text, pos);
      case "word-start":
        return !this.isWordBefore(text, pos) && this.isWordAt(text, pos);
      case "word-end":
        return this.isWordBefore(text, pos) && !this.isWordAt(text, pos);
      case "no-word-before":
        return !this.isWordBefore(text, pos);
      case "no-word-after":
        return !this.isWordAt(text, pos);
    }
  }

  private looks(look: Look, text: Octets, pos: number): boolean {
    let from: number | undefined = pos;
    for (let k = 0; k < (look.back ?? 0) && from !== undefined; k++) from = this.before(text, from);
    const found = from !== undefined && this.captures(look.program, text, from, look.back === undefined ? undefined : pos, true) !== undefined;
    return found !== look.negative;
  }

  /** Start of the character that ends at `pos`. */
  private before(text: Octets, pos: number): number | undefined {
    if (pos <= 0) return undefined;
    for (let k = 1; k <= 4 && !this.octetwise; k++) if (pos - k >= 0 && charLength(text, pos - k) === k) return pos - k;
    return pos - 1;
  }

  // -- what the groups got -------------------------------------------------------------------------------------------

  /**
   * Runs with a list of offsets a state, preferring the first way of each split. With `end`, the match starts at `from` and ends
   * there; without, it is the first that a Perl-like matcher finds. `here`: only at `from`.
   */
  private captures(program: Program, text: Octets, from: number, end: number | undefined, here = end !== undefined): number[] | undefined {
    const { code } = program;
    let now = new States(code.length);
    let next = new States(code.length);
    let held: number[][] = [];
    let nextHeld: number[][] = [];
    let best: number[] | undefined;
    const limit = end ?? text.length;
    for (let pos = from; pos <= limit; ) {
      if (!best && (pos === from || !here)) this.followHolding(program, 0, pos, text, now, held, new Array<number>(program.slots).fill(-1));
      if (now.size === 0 && (here || best)) break;
      const length = pos < limit ? this.lengthAt(text, pos) : 0;
      const c = length > 0 ? codePointAt(text, pos, length) : -1;
      const after = pos + (length || 1);
      for (let i = 0; i < now.size; i++) {
        const pc = now.dense[i]!;
        const inst = code[pc]!;
        this.steps++;
        if (inst.op === OP.match) {
          if (end !== undefined && pos !== end) continue;
          best = held[pc]!;
          break; // those behind it are second choice
        }
        if (inst.op === OP.set && c >= 0 && inst.set!.has(c)) this.followHolding(program, inst.x, after, text, next, nextHeld, held[pc]!);
      }
      pos = after;
      [now, next] = [next, now];
      [held, nextHeld] = [nextHeld, held];
      next.size = 0;
    }
    return best;
  }

  private followHolding(program: Program, from: number, pos: number, text: Octets, into: States, held: number[][], caps: number[]): void {
    const stack: [number, number[]][] = [[from, caps]];
    while (stack.length > 0) {
      const [pc, c] = stack.pop()!;
      if (!into.add(pc)) continue;
      this.steps++;
      held[pc] = c;
      const inst = program.code[pc]!;
      switch (inst.op) {
        case OP.jump:
          stack.push([inst.x, c]);
          break;
        case OP.split:
          stack.push([inst.y, c], [inst.x, c]);
          break;
        case OP.save:
          stack.push([inst.x, c.with(inst.slot!, pos)]);
          break;
        case OP.assert:
          if (this.holds(inst.what!, text, pos)) stack.push([inst.x, c]);
          break;
        case OP.look:
          if (this.looks(inst.look!, text, pos)) stack.push([inst.x, c]);
          break;
      }
    }
  }

  // -- back-references ------------------------------------------------------------------------------------------------

  private backtrack(text: Octets, from: number): number[] | undefined {
    let budget = BACKTRACK_BUDGET;
    for (let start = from; start <= text.length; start++) {
      if (this.first && (start >= text.length || this.first[text.charCodeAt(start)] === 0)) continue;
      const stack: [number, number, number[]][] = [[0, start, new Array<number>(this.program.slots).fill(-1)]];
      let best: number[] | undefined;
      while (stack.length > 0) {
        this.steps++;
        if (--budget < 0) {
          this.exhausted = true;
          return undefined;
        }
        const [pc, pos, caps] = stack.pop()!;
        const inst = this.program.code[pc]!;
        if (inst.op === OP.match) {
          if (!best || (!this.perl && pos > best[1]!)) best = caps;
          if (this.perl || pos === text.length) break; // nothing is longer
        } else this.tryOne(inst, text, pos, caps, stack);
      }
      if (best) return best;
    }
    return undefined;
  }

  private tryOne(inst: Inst, text: Octets, pos: number, caps: number[], stack: [number, number, number[]][]): void {
    switch (inst.op) {
      case OP.set: {
        const length = pos < text.length ? this.lengthAt(text, pos) : 0;
        if (length > 0 && inst.set!.has(codePointAt(text, pos, length))) stack.push([inst.x, pos + length, caps]);
        return;
      }
      case OP.jump:
        stack.push([inst.x, pos, caps]);
        return;
      case OP.split:
        stack.push([inst.y, pos, caps], [inst.x, pos, caps]);
        return;
      case OP.save:
        // A loop that takes nothing would go round for ever: the same place with the same offset is left alone.
        if (inst.slot! % 2 === 1 && inst.slot! > 1 && caps[inst.slot! - 1] === pos && caps[inst.slot!] === pos) return;
        stack.push([inst.x, pos, caps.with(inst.slot!, pos)]);
        return;
      case OP.assert:
        if (this.holds(inst.what!, text, pos)) stack.push([inst.x, pos, caps]);
        return;
      case OP.look:
        if (this.looks(inst.look!, text, pos)) stack.push([inst.x, pos, caps]);
        return;
      case OP.backref: {
        const from = caps[inst.slot!]!;
        const to = caps[inst.slot! + 1]!;
        if (from < 0 || to < from) return;
        const taken = text.slice(from, to);
        if (text.startsWith(taken, pos)) stack.push([inst.x, pos + taken.length, caps]);
      }
    }
  }

  // -- preparation -----------------------------------------------------------------------------------------------------

  /** Octets that a match can start with, by following the program to its first characters. */
  private firstOctets(): Uint8Array | undefined {
    const table = new Uint8Array(256);
    const seen = new States(this.program.code.length);
    const stack = [0];
    while (stack.length > 0) {
      const pc = stack.pop()!;
      if (!seen.add(pc)) continue;
      const inst = this.program.code[pc]!;
      if (inst.op === OP.match || inst.op === OP.look || inst.op === OP.backref) return undefined;
      if (inst.op === OP.assert && EMPTY_ANYWHERE.has(inst.what!)) return undefined;
      if (inst.op === OP.set) {
        for (let c = 0; c < 128; c++) if (inst.set!.has(c)) table[c] = 1;
        if (inst.set!.hasHigh()) table.fill(1, 128);
      } else {
        stack.push(inst.x);
        if (inst.op === OP.split) stack.push(inst.y);
      }
    }
    return table;
  }
}

/** @returns the expression, or the message of the real tool: "Unmatched ( or \\(". */
export function compileRegex(pattern: Octets, o: ParseOptions): Result<Regex, string> {
  const parsed = parseRegex(pattern, o);
  if (!parsed.ok) return parsed;
  const { node } = parsed.value;
  if (hasNode(node, (n) => n.kind === "look" && n.behind && fixedLength(n.item) < 0)) return err("lookbehind assertion is not fixed length");
  try {
    return ok(new Regex(parsed.value, o));
  } catch (e) {
    if (e instanceof TooLarge) return err("pattern too large");
    throw e;
  }
}
