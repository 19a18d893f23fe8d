/**
 * Runs an awk program. What cannot wait is evaluated at once; what can (getline, system, calls of functions that may) is a generator, so that
 * a script over a large file is not slowed down by what it does not use.
 */
import { atan2, cos, exp, log, pow, sin } from "../../elementary.ts";
import { foldCase, type Octets, octets, textOf, upperCase } from "../../octets.ts";
import type { Process, Run } from "../../process.ts";
import { compileRegex, type Regex } from "../../regex.ts";
import { MICROSECOND } from "../../../sim/time.ts";
import { RandomStream } from "../../../sim/random.ts";
import { Input as FileInput, type Tool } from "../../tool.ts";
import { secondsOf, strftime, wallTime } from "../../wall-clock.ts";
import { strerror } from "../../../kernel/errno.ts";
import { AwkError, awkString } from "./lexer.ts";
import type { Expr, Place, Program, Rule, Statement } from "./parser.ts";
import { bounded, Fatal, Records, type Separator, Streams } from "./streams.ts";
import { AwkArray, compare, FormatError, Input, MAX_ELEMENTS, num, sprintf, str, truth, type Value } from "./values.ts";

/** A variable: a value, or an array. An unset one that was handed to a function becomes an array there and here. */
class Cell {
  value: Value;
  array: AwkArray | undefined;
  origin: Cell | undefined;
}

/** Octets that sprintf may make. */
const SPRINTF_BUFFER = 8192;

class LimitError {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/** exit in a function: ends all that was begun. */
class Exit {}

type Flow = "normal" | "next" | "nextfile" | "break" | "continue" | "return" | "exit";

/** Statements between two looks at the clock, and what they cost: about what this engine needs for them, so that a loop without an end lets time pass. */
const TURN = 3000;
const TURN_COST = 300 * MICROSECOND;
/** Calls of functions within one another: what mawk's evaluation stack of 1024 cells has room for. */
const MAX_CALLS = 510;

const SLOT = { NR: 0, NF: 1, FS: 2, OFS: 3, ORS: 4, RS: 5, FNR: 6, FILENAME: 7, SUBSEP: 8, RSTART: 9, RLENGTH: 10, CONVFMT: 11, OFMT: 12, ARGC: 13 } as const;

/** Whether evaluating it may have to wait. */
function waits(e: Expr): boolean {
  switch (e.e) {
    case "getline":
    case "call": return true;
    case "builtin": return e.name === "system" || e.name === "close" || e.name === "fflush" || e.args.some(waits);
    case "field": return waits(e.index);
    case "element":
    case "in": return e.key.some(waits);
    case "assign": return waits(e.target) || waits(e.value);
    case "step": return waits(e.target);
    case "unary": return waits(e.value);
    case "binary":
    case "concat":
    case "and":
    case "or":
    case "match": return waits(e.left) || waits(e.right);
    case "ternary": return waits(e.test) || waits(e.yes) || waits(e.no);
    case "group": return e.items.some(waits);
    default: return false;
  }
}

export class Interpreter {
  private readonly globals: Cell[];
  private frame: Cell[] = [];
  private calls = 0;
  private returned: Value;
  private exitStatus = 0;
  private exited = false;
  private record: Octets = "";
  private fields: Value[] | undefined;
  private recordStale = false;
  private readonly regexes = new Map<string, Regex>();
  private readonly waiting = new Map<Expr, boolean>();
  private main: Records | undefined;
  private argument = 1;
  private usedFile = false;
  private steps = 0;
  private random: RandomStream;
  private seed: number;
  private readonly streams: Streams;
  private readonly t: Tool;
  private readonly proc: Process;
  private readonly program: Program;
  private readonly slots: ReadonlyMap<string, number>;

  constructor(t: Tool, program: Program, args: readonly string[]) {
    this.t = t;
    this.proc = t.proc;
    this.program = program;
    this.streams = new Streams(t.proc, t.out);
    this.globals = program.globals.map(() => new Cell());
    this.slots = new Map(program.globals.map((name, i) => [name, i]));
    this.seed = t.proc.machine.random(`awk/${t.proc.pid}`).u32();
    this.random = new RandomStream(this.seed, "awk");
    const defaults: [number, Value][] = [[SLOT.NR, 0], [SLOT.FS, " "], [SLOT.OFS, " "], [SLOT.ORS, "\n"], [SLOT.RS, "\n"], [SLOT.FNR, 0], [SLOT.FILENAME, ""], [SLOT.SUBSEP, "\x1c"], [SLOT.RSTART, 0], [SLOT.RLENGTH, -1], [SLOT.CONVFMT, "%.6g"], [SLOT.OFMT, "%.6g"], [SLOT.ARGC, args.length]];
    for (const [slot, value] of defaults) this.globals[slot]!.value = value;
    const argv = this.globalArray("ARGV");
    args.forEach((a, i) => argv?.map.set(String(i), new Input(octets(a))));
    const environ = this.globalArray("ENVIRON");
    for (const [name, value] of this.proc.env) environ?.map.set(octets(name), new Input(octets(value)));
    this.args = args;
  }
  private readonly args: readonly string[];

  private globalArray(name: string): AwkArray | undefined {
    const slot = this.slots.get(name);
    return slot === undefined ? undefined : (this.globals[slot]!.array ??= new AwkArray());
  }

  /** Before the program runs: -v and -F. */
  assignFirst(name: string, value: Octets): void {
    const text = awkString(value);
    const compiled = (name === "FS" || name === "RS") && text.length > 1 ? compileRegex(text, { syntax: "awk", octetwise: true }) : undefined;
    if (compiled && !compiled.ok) throw new AwkError(`line 0: regular expression compile failed (${compiled.error})\n${text}`);
    this.assign(name, value);
  }

  /** Operands of the form name=value. */
  assign(name: string, value: Octets): void {
    const slot = this.slots.get(name);
    if (slot !== undefined) this.setGlobal(slot, new Input(awkString(value)));
  }

  // -- running --------------------------------------------------------------------------------------------------------------

  *run(): Run<number> {
    const rules = this.program.rules;
    const main = rules.filter((r) => r.kind !== "begin" && r.kind !== "end");
    const end = rules.filter((r) => r.kind === "end");
    try {
      for (const rule of rules) if (rule.kind === "begin" && !this.exited) yield* this.untilExit(this.exec(rule.body!));
      if (!this.exited && main.length + end.length > 0) yield* this.untilExit(this.mainLoop(main));
      // exit outside of END still runs END; exit inside ends it.
      this.exited = false;
      for (const rule of end) if (!this.exited) yield* this.untilExit(this.exec(rule.body!));
      yield* this.streams.closeAll();
      return this.exitStatus;
    } catch (e) {
      if (e instanceof FormatError) return yield* this.runtimeError(`run time error: ${e.text}`);
      if (e instanceof LimitError) return yield* this.runtimeError(`program limit exceeded: ${e.what}`);
      throw e;
    }
  }

  private *untilExit(run: Run<unknown>): Run<void> {
    try {
      yield* run;
    } catch (e) {
      if (!(e instanceof Exit)) throw e;
      this.frame = [];
      this.calls = 0;
    }
  }

  private *runtimeError(text: string): Run<number> {
    yield* this.streams.flush();
    const where = `\tFILENAME="${str(this.globals[SLOT.FILENAME]!.value, "%.6g")}" FNR=${str(this.globals[SLOT.FNR]!.value, "%.6g")} NR=${str(this.globals[SLOT.NR]!.value, "%.6g")}`;
    yield* this.proc.warn(`${this.t.name}: ${textOf(text)}\n${textOf(where)}\n`);
    return 2;
  }

  private *mainLoop(rules: readonly Rule[]): Run<void> {
    for (;;) {
      yield* this.turn();
      const record = yield* this.nextRecord();
      if (record === undefined) return;
      this.setRecord(record);
      const flow = yield* this.rules(rules);
      if (flow === "nextfile") this.closeMain();
      if (this.exited) return;
    }
  }

  private *rules(rules: readonly Rule[]): Run<Flow> {
    for (const rule of rules) {
      if (!(yield* this.selects(rule))) continue;
      const flow = rule.body ? yield* this.exec(rule.body) : yield* this.printRecord();
      if (flow === "next" || flow === "nextfile" || flow === "exit") return flow;
    }
    return "normal";
  }

  private *selects(rule: Rule): Run<boolean> {
    if (rule.kind === "always") return true;
    if (rule.kind === "pattern") return truth(yield* this.value(rule.pattern!));
    if (!rule.open && !truth(yield* this.value(rule.pattern!))) return false;
    rule.open = !truth(yield* this.value(rule.until!));
    return true;
  }

  private *printRecord(): Run<Flow> {
    yield* this.t.out.put(this.wholeRecord() + this.ors());
    return "normal";
  }

  // -- input ----------------------------------------------------------------------------------------------------------------

  private separator(): Separator {
    const rs = str(this.globals[SLOT.RS]!.value, this.convfmt());
    if (rs === "") return { kind: "paragraph" };
    if (rs.length === 1) return { kind: "char", char: rs };
    return { kind: "regex", regex: this.regexOf(rs) };
  }

  private closeMain(): void {
    this.main?.input.close();
    this.main = undefined;
  }

  /** The next record of the main input, across files; counts it. */
  private *nextRecord(): Run<Octets | undefined> {
    for (;;) {
      if (!this.main && !this.openNext()) return undefined;
      const record = yield* this.main!.next(this.separator());
      if (record !== undefined) {
        this.count(SLOT.NR);
        this.count(SLOT.FNR);
        return record;
      }
      this.closeMain();
    }
  }

  private count(slot: number): void {
    const cell = this.globals[slot]!;
    cell.value = num(cell.value) + 1;
  }

  /** Opens the next operand that is a file; assignments on the way are made. */
  private openNext(): boolean {
    const argc = num(this.globals[SLOT.ARGC]!.value);
    while (this.argument < argc) {
      const n = this.argument++;
      const listed = this.slots.has("ARGV") ? this.globalArray("ARGV")!.map.get(String(n)) : this.args[n] === undefined ? undefined : octets(this.args[n]!);
      const name = str(listed, "%.6g");
      if (name === "") continue;
      const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(name);
      if (assignment) {
        this.assign(assignment[1]!, assignment[2]!);
        continue;
      }
      this.usedFile = true;
      this.open(name);
      return true;
    }
    if (this.usedFile) return false;
    this.usedFile = true;
    this.open("-");
    return true;
  }

  private open(name: Octets): void {
    if (name === "-" || name === "/dev/stdin") this.main = new Records(new FileInput(this.proc, 0));
    else {
      const opened = this.proc.machine.fs.open(this.proc, textOf(name), { read: true });
      if (!opened.ok) throw new Fatal(`cannot open ${textOf(name)} (${strerror(opened.error)})`);
      this.main = new Records(new FileInput(this.proc, this.proc.addFd(opened.value, 3)));
    }
    this.globals[SLOT.FILENAME]!.value = name === "-" ? "" : new Input(name);
    this.globals[SLOT.FNR]!.value = 0;
  }

  // -- fields ---------------------------------------------------------------------------------------------------------------

  private setRecord(record: Octets): void {
    this.record = record;
    this.fields = undefined;
    this.recordStale = false;
  }

  private wholeRecord(): Octets {
    if (this.recordStale) {
      const ofs = str(this.globals[SLOT.OFS]!.value, this.convfmt());
      this.record = this.fields!.map((f) => str(f, this.convfmt())).join(ofs);
      this.recordStale = false;
    }
    return this.record;
  }

  private split(): Value[] {
    if (!this.fields) {
      const fs = str(this.globals[SLOT.FS]!.value, this.convfmt());
      this.fields = this.pieces(this.record, fs).map((s) => new Input(s));
      this.globals[SLOT.NF]!.value = this.fields.length;
    }
    return this.fields;
  }

  private pieces(text: Octets, fs: Octets): Octets[] {
    if (text === "") return [];
    if (fs === " ") return text.split(/[ \t\n]+/).filter((f) => f !== "");
    if (fs === "") return [...text];
    return fs.length === 1 ? text.split(fs) : this.splitBy(text, this.regexOf(fs));
  }

  private splitBy(text: Octets, regex: Regex): Octets[] {
    const out: Octets[] = [];
    let at = 0;
    for (let from = 0; from <= text.length; ) {
      const m = regex.exec(text, from);
      if (!m) break;
      const [start, end] = [m[0]!, m[1]!];
      if (end === start) {
        from = end + 1;
        continue;
      }
      out.push(text.slice(at, start));
      at = from = end;
    }
    return [...out, text.slice(at)];
  }

  private field(index: number): Value {
    const n = Math.trunc(index);
    if (n < 0) throw new FormatError(`negative field index $${n}`);
    return n === 0 ? new Input(this.wholeRecord()) : this.split()[n - 1];
  }

  private setField(index: number, value: Value): void {
    const n = Math.trunc(index);
    if (n < 0) throw new FormatError(`negative field index $${n}`);
    if (n > MAX_ELEMENTS) throw new Fatal("out of memory");
    if (n === 0) {
      this.setRecord(str(value, this.convfmt()));
      return;
    }
    const fields = this.split();
    while (fields.length < n) fields.push("");
    fields[n - 1] = value;
    this.globals[SLOT.NF]!.value = fields.length;
    this.recordStale = true;
  }

  private setCount(value: Value): void {
    const n = Math.trunc(num(value));
    if (n < 0) throw new FormatError("negative value assigned to NF");
    if (n > MAX_ELEMENTS) throw new Fatal("out of memory");
    const fields = this.split();
    fields.length = Math.min(fields.length, n);
    while (fields.length < n) fields.push("");
    this.globals[SLOT.NF]!.value = n;
    this.recordStale = true;
  }

  // -- variables ---------------------------------------------------------------------------------------------------------------

  private cell(place: Place): Cell {
    return place.scope === "local" ? this.frame[place.slot]! : this.globals[place.slot]!;
  }

  private array(place: Place): AwkArray {
    const arrayOf = (cell: Cell): AwkArray => (cell.array ??= cell.origin ? arrayOf(cell.origin) : new AwkArray());
    return arrayOf(this.cell(place));
  }

  private get(place: Place): Value {
    if (place.scope === "local") return this.frame[place.slot]!.value;
    if (place.slot === SLOT.NF) this.split();
    return this.globals[place.slot]!.value;
  }

  private setGlobal(slot: number, value: Value): void {
    if (slot === SLOT.NF) this.setCount(value);
    else if (slot === SLOT.FS) {
      // The record at hand is still split the old way.
      this.split();
      this.globals[slot]!.value = value;
    } else this.globals[slot]!.value = value;
  }

  private set(place: Place, value: Value): void {
    if (place.scope === "local") this.frame[place.slot]!.value = value;
    else this.setGlobal(place.slot, value);
  }

  private convfmt(): string {
    const v = this.globals[SLOT.CONVFMT]!.value;
    return typeof v === "string" ? v : str(v, "%.6g");
  }

  private ors(): Octets {
    return str(this.globals[SLOT.ORS]!.value, this.convfmt());
  }

  private text(v: Value): Octets {
    return typeof v === "string" ? v : str(v, this.convfmt());
  }

  private key(values: readonly Value[]): Octets {
    if (values.length === 1) return this.text(values[0]);
    return values.map((v) => this.text(v)).join(this.text(this.globals[SLOT.SUBSEP]!.value));
  }

  private regexOf(pattern: Octets): Regex {
    const known = this.regexes.get(pattern);
    if (known) return known;
    const compiled = compileRegex(pattern, { syntax: "awk", octetwise: true });
    if (!compiled.ok) throw new FormatError(`regular expression compile failed (${compiled.error})\n${pattern}`);
    if (this.regexes.size > 500) this.regexes.clear();
    this.regexes.set(pattern, compiled.value);
    return compiled.value;
  }

  /** The expression that an operand of ~ stands for. */
  private pattern(e: Expr, value: () => Value): Regex {
    return e.e === "regex" ? e.regex : this.regexOf(this.text(value()));
  }

  // -- statements ------------------------------------------------------------------------------------------------------------------

  private *turn(): Run<void> {
    if (++this.steps % TURN === 0) yield { until: this.proc.now + TURN_COST };
  }

  private *exec(s: Statement): Run<Flow> {
    yield* this.turn();
    switch (s.s) {
      case "block": return yield* this.block(s.body);
      case "expr":
        yield* this.value(s.expr);
        return "normal";
      case "print":
        yield* this.print(s);
        return "normal";
      case "if":
        if (truth(yield* this.value(s.test))) return yield* this.exec(s.yes);
        return s.no ? yield* this.exec(s.no) : "normal";
      case "while":
      case "do":
      case "for": return yield* this.loop(s);
      case "for-in": return yield* this.forIn(s);
      case "next":
      case "nextfile":
      case "break":
      case "continue": return s.s;
      case "exit":
        if (s.value) this.exitStatus = Math.trunc(num(yield* this.value(s.value))) & 255;
        this.exited = true;
        return "exit";
      case "return":
        this.returned = s.value ? yield* this.value(s.value) : undefined;
        return "return";
      case "delete": {
        const array = this.array(s.array);
        if (!s.key) array.map.clear();
        else array.map.delete(this.key(yield* this.values(s.key)));
        return "normal";
      }
    }
  }

  private *block(body: readonly Statement[]): Run<Flow> {
    for (const s of body) {
      const flow = yield* this.exec(s);
      if (flow !== "normal") return flow;
    }
    return "normal";
  }

  private *loop(s: Statement & { s: "while" | "do" | "for" }): Run<Flow> {
    if (s.s === "for" && s.init) yield* this.exec(s.init);
    for (let first = true; ; first = false) {
      yield* this.turn();
      if (!(first && s.s === "do") && s.test && !truth(yield* this.value(s.test))) return "normal";
      const flow = yield* this.exec(s.body);
      if (flow === "break") return "normal";
      if (flow !== "normal" && flow !== "continue") return flow;
      if (s.s === "for" && s.step) yield* this.exec(s.step);
    }
  }

  private *forIn(s: Statement & { s: "for-in" }): Run<Flow> {
    // The keys as they are now: the body may add and delete.
    for (const key of this.array(s.array).keys()) {
      yield* this.store(s.target, new Input(key));
      const flow = yield* this.exec(s.body);
      if (flow === "break") return "normal";
      if (flow !== "normal" && flow !== "continue") return flow;
    }
    return "normal";
  }

  private *print(s: Statement & { s: "print" }): Run<void> {
    const values = yield* this.values(s.args);
    let text: Octets;
    if (s.format) {
      const format = this.text(values[0]);
      try {
        text = sprintf(format, values.slice(1), this.convfmt());
      } catch (e) {
        if (!(e instanceof FormatError)) throw e;
        yield* this.t.out.put(e.partial);
        throw new FormatError(`${e.text} printf("${format}")`);
      }
    } else text = this.printed(values) + this.ors();
    const out = s.to ? yield* this.streams.writer(s.to.op, this.text(yield* this.value(s.to.target))) : this.t.out;
    yield* out.put(text);
  }

  private printed(values: readonly Value[]): Octets {
    if (values.length === 0) return this.wholeRecord();
    const ofmt = str(this.globals[SLOT.OFMT]!.value, "%.6g");
    if (values.length === 1) return str(values[0], ofmt);
    return values.map((v) => str(v, ofmt)).join(this.text(this.globals[SLOT.OFS]!.value));
  }

  // -- expressions: those that may wait ------------------------------------------------------------------------------------------------

  private mayWait(e: Expr): boolean {
    const known = this.waiting.get(e);
    if (known !== undefined) return known;
    const does = waits(e);
    this.waiting.set(e, does);
    return does;
  }

  private *values(list: readonly Expr[]): Run<Value[]> {
    const out: Value[] = [];
    for (const e of list) out.push(yield* this.value(e));
    return out;
  }

  private *value(e: Expr): Run<Value> {
    if (!this.mayWait(e)) return this.now(e);
    switch (e.e) {
      case "getline": return yield* this.getline(e);
      case "call": return yield* this.call(e.name, e.args);
      case "builtin": return yield* this.waitingBuiltin(e.name, e.args);
      case "field": return this.field(num(yield* this.value(e.index)));
      case "element": return this.element(e.array, this.key(yield* this.values(e.key)));
      case "in": return this.array(e.array).map.has(this.key(yield* this.values(e.key))) ? 1 : 0;
      case "assign": return yield* this.assignment(e);
      case "step": return yield* this.stepping(e);
      case "unary": return this.unary(e.op, yield* this.value(e.value));
      case "binary": return this.binary(e.op, yield* this.value(e.left), yield* this.value(e.right));
      case "concat": return bounded(this.text(yield* this.value(e.left)) + this.text(yield* this.value(e.right)));
      case "and": return truth(yield* this.value(e.left)) && truth(yield* this.value(e.right)) ? 1 : 0;
      case "or": return truth(yield* this.value(e.left)) || truth(yield* this.value(e.right)) ? 1 : 0;
      case "match": {
        const text = this.text(yield* this.value(e.left));
        const right = e.right.e === "regex" ? undefined : yield* this.value(e.right);
        return this.pattern(e.right, () => right).test(text) !== e.negated ? 1 : 0;
      }
      case "ternary": return yield* this.value(truth(yield* this.value(e.test)) ? e.yes : e.no);
      case "group": return e.items.length === 1 ? yield* this.value(e.items[0]!) : this.key(yield* this.values(e.items));
      default: return this.now(e);
    }
  }

  private *assignment(e: Expr & { e: "assign" }): Run<Value> {
    const right = yield* this.value(e.value);
    const value = e.op === "" ? right : this.binary(e.op, yield* this.value(e.target), right);
    yield* this.store(e.target, value);
    return value;
  }

  private *stepping(e: Expr & { e: "step" }): Run<Value> {
    const old = num(yield* this.value(e.target));
    yield* this.store(e.target, old + e.by);
    return e.prefix ? old + e.by : old;
  }

  private *store(target: Expr, value: Value): Run<void> {
    if (target.e === "var") this.set(target.place, value);
    else if (target.e === "field") this.setField(num(yield* this.value(target.index)), value);
    else if (target.e === "element") this.put(target.array, this.key(yield* this.values(target.key)), value);
  }

  private *call(name: string, args: readonly Expr[]): Run<Value> {
    const f = this.program.functions.get(name)!;
    if (++this.calls > MAX_CALLS) throw new Fatal("program limit exceeded: eval stack size=1024");
    const frame: Cell[] = [];
    for (const arg of args) {
      const cell = new Cell();
      if (arg.e === "var") {
        const given = this.cell(arg.place);
        cell.array = given.array;
        cell.value = this.get(arg.place);
        if (!given.array && cell.value === undefined) cell.origin = given;
      } else cell.value = yield* this.value(arg);
      frame.push(cell);
    }
    while (frame.length < f.params) frame.push(new Cell());
    const saved = this.frame;
    this.frame = frame;
    this.returned = undefined;
    if ((yield* this.exec(f.body)) === "exit") throw new Exit();
    this.frame = saved;
    this.calls--;
    const value = this.returned;
    this.returned = undefined;
    return value;
  }

  private *waitingBuiltin(name: string, args: readonly Expr[]): Run<Value> {
    if (name === "system") return yield* this.streams.system(this.text(yield* this.value(args[0]!)));
    if (name === "close") return yield* this.streams.close(this.text(yield* this.value(args[0]!)));
    if (name === "fflush") return yield* this.streams.fflush(args[0] ? this.text(yield* this.value(args[0])) : undefined);
    // An argument waits: evaluate all of them first, then go on with their values.
    const constants: Expr[] = [];
    for (const [i, a] of args.entries()) {
      const keep = a.e === "regex" || (name === "split" && i === 1) || ((name === "sub" || name === "gsub") && i === 2) || !this.mayWait(a);
      constants.push(keep ? a : constant(yield* this.value(a)));
    }
    return this.builtin(name, constants);
  }

  private *getline(e: Expr & { e: "getline" }): Run<Value> {
    let record: Octets | undefined;
    if (e.from === "main") record = yield* this.nextRecord();
    else {
      const records = yield* this.streams.reader(e.from, this.text(yield* this.value(e.source!)));
      if (!records) return -1;
      record = yield* records.next(this.separator());
    }
    if (record === undefined) return 0;
    if (e.target) yield* this.store(e.target, new Input(record));
    else this.setRecord(record);
    return 1;
  }

  // -- expressions: at once ---------------------------------------------------------------------------------------------------------------

  private now(e: Expr): Value {
    switch (e.e) {
      case "number":
      case "string": return e.value;
      case "regex": return e.regex.test(this.wholeRecord()) ? 1 : 0;
      case "var": return this.get(e.place);
      case "field": return this.field(num(this.now(e.index)));
      case "element": return this.element(e.array, this.keyNow(e.key));
      case "in": return this.array(e.array).map.has(this.keyNow(e.key)) ? 1 : 0;
      case "assign": {
        const right = this.now(e.value);
        const value = e.op === "" ? right : this.binary(e.op, this.now(e.target), right);
        this.storeNow(e.target, value);
        return value;
      }
      case "step": {
        const old = num(this.now(e.target));
        this.storeNow(e.target, old + e.by);
        return e.prefix ? old + e.by : old;
      }
      case "unary": return this.unary(e.op, this.now(e.value));
      case "binary": return this.binary(e.op, this.now(e.left), this.now(e.right));
      case "concat": return bounded(this.text(this.now(e.left)) + this.text(this.now(e.right)));
      case "and": return truth(this.now(e.left)) && truth(this.now(e.right)) ? 1 : 0;
      case "or": return truth(this.now(e.left)) || truth(this.now(e.right)) ? 1 : 0;
      case "match": return this.pattern(e.right, () => this.now(e.right)).test(this.text(this.now(e.left))) !== e.negated ? 1 : 0;
      case "ternary": return this.now(truth(this.now(e.test)) ? e.yes : e.no);
      case "group": return e.items.length === 1 ? this.now(e.items[0]!) : this.keyNow(e.items);
      case "builtin": return this.builtin(e.name, e.args);
      default: throw new Error(`${e.e} may wait`);
    }
  }

  private keyNow(list: readonly Expr[]): Octets {
    return list.length === 1 ? this.text(this.now(list[0]!)) : this.key(list.map((e) => this.now(e)));
  }

  private storeNow(target: Expr, value: Value): void {
    if (target.e === "var") this.set(target.place, value);
    else if (target.e === "field") this.setField(num(this.now(target.index)), value);
    else if (target.e === "element") this.put(target.array, this.keyNow(target.key), value);
  }

  /** Looking at an element makes it. */
  private element(place: Place, key: Octets): Value {
    const { map } = this.array(place);
    const value = map.get(key);
    if (value === undefined && !map.has(key)) this.put(place, key, undefined);
    return value;
  }

  private put(place: Place, key: Octets, value: Value): void {
    const { map } = this.array(place);
    map.set(key, value);
    if (map.size > MAX_ELEMENTS) throw new Fatal("out of memory");
  }

  private unary(op: "!" | "-" | "+", v: Value): Value {
    if (op === "!") return truth(v) ? 0 : 1;
    return op === "-" ? -num(v) : num(v);
  }

  private binary(op: string, a: Value, b: Value): Value {
    switch (op) {
      case "+": return num(a) + num(b);
      case "-": return num(a) - num(b);
      case "*": return num(a) * num(b);
      case "/": return num(a) / num(b);
      case "%": return num(a) % num(b);
      case "^": return pow(num(a), num(b));
      case "<": return compare(a, b, this.convfmt()) < 0 ? 1 : 0;
      case "<=": return compare(a, b, this.convfmt()) <= 0 ? 1 : 0;
      case "==": return compare(a, b, this.convfmt()) === 0 ? 1 : 0;
      case "!=": return compare(a, b, this.convfmt()) !== 0 ? 1 : 0;
      case ">=": return compare(a, b, this.convfmt()) >= 0 ? 1 : 0;
      default: return compare(a, b, this.convfmt()) > 0 ? 1 : 0;
    }
  }

  // -- built-in functions -----------------------------------------------------------------------------------------------------------------

  private builtin(name: string, args: readonly Expr[]): Value {
    const number = (i: number): number => num(this.now(args[i]!));
    const text = (i: number): Octets => this.text(this.now(args[i]!));
    switch (name) {
      case "length": return this.length(args[0]);
      case "substr": return substr(text(0), number(1), args[2] ? number(2) : undefined);
      case "index": return text(0).indexOf(text(1)) + 1;
      case "split": return this.splitInto(text(0), args);
      case "sub":
      case "gsub": return this.substitute(name === "gsub", args);
      case "match": return this.match(text(0), this.pattern(args[1]!, () => this.now(args[1]!)));
      case "sprintf": return this.format(args);
      case "sin": return sin(number(0));
      case "cos": return cos(number(0));
      case "atan2": return atan2(number(0), number(1));
      case "exp": return exp(number(0));
      case "log": return log(number(0));
      case "sqrt": return Math.sqrt(number(0));
      case "int": return Math.trunc(number(0));
      case "rand": return this.random.u32() / 4294967296;
      case "srand": return this.reseed(args[0] ? number(0) : undefined);
      case "tolower": return foldCase(text(0));
      case "toupper": return upperCase(text(0));
      case "systime": return wallTime(this.proc.now).seconds;
      case "strftime": return octets(strftime(textOf(args[0] ? text(0) : "%c"), { seconds: args[1] ? Math.floor(number(1)) : wallTime(this.proc.now).seconds, nanos: 0 }));
      case "mktime": return mktime(text(0));
      default: throw new Error(`builtin ${name}`);
    }
  }

  private length(arg: Expr | undefined): number {
    if (!arg) return this.wholeRecord().length;
    if (arg.e === "var") {
      const cell = this.cell(arg.place);
      if (cell.array ?? cell.origin?.array) return this.array(arg.place).map.size;
    }
    return this.text(this.now(arg)).length;
  }

  private format(args: readonly Expr[]): Octets {
    const [format, ...values] = args.map((a) => this.now(a));
    try {
      const made = sprintf(this.text(format), values, this.convfmt());
      if (made.length < SPRINTF_BUFFER) return made;
    } catch (e) {
      if (e instanceof FormatError) throw new FormatError(`${e.text} sprintf("${this.text(format)}")`);
      throw e;
    }
    throw new LimitError(`sprintf buffer size=${SPRINTF_BUFFER}`);
  }

  private splitInto(text: Octets, args: readonly Expr[]): number {
    const by = args[2];
    let parts: Octets[];
    if (by?.e === "regex") parts = text === "" ? [] : this.splitBy(text, by.regex);
    else parts = this.pieces(text, by ? this.text(this.now(by)) : this.text(this.globals[SLOT.FS]!.value));
    const { map } = this.array((args[1] as Expr & { e: "var" }).place);
    map.clear();
    if (parts.length > MAX_ELEMENTS) throw new Fatal("out of memory");
    parts.forEach((p, i) => map.set(String(i + 1), new Input(p)));
    return parts.length;
  }

  private match(text: Octets, regex: Regex): number {
    const m = regex.exec(text);
    this.globals[SLOT.RSTART]!.value = m ? m[0]! + 1 : 0;
    this.globals[SLOT.RLENGTH]!.value = m ? m[1]! - m[0]! : -1;
    return m ? m[0]! + 1 : 0;
  }

  private substitute(all: boolean, args: readonly Expr[]): number {
    const regex = this.pattern(args[0]!, () => this.now(args[0]!));
    const parts = replacement(this.text(this.now(args[1]!)));
    const target: Expr = args[2] ?? { e: "field", index: { e: "number", value: 0 } };
    const text = this.text(this.now(target));
    let out = "";
    let at = 0;
    let count = 0;
    let previousEnd = -1;
    for (let from = 0; from <= text.length; ) {
      const m = regex.exec(text, from);
      if (!m) break;
      const [start, end] = [m[0]!, m[1]!];
      if (start < end || start !== previousEnd) {
        count++;
        out += text.slice(at, start) + parts.map((p) => p ?? text.slice(start, end)).join("");
        at = end;
        if (!all) break;
      }
      previousEnd = end;
      from = end > start ? end : end + 1;
    }
    if (count > 0 && (target.e === "var" || target.e === "field" || target.e === "element")) this.storeNow(target, bounded(out + text.slice(at)));
    return count;
  }

  private reseed(seed: number | undefined): number {
    const before = this.seed;
    this.seed = seed ?? wallTime(this.proc.now).seconds;
    this.random = new RandomStream(Math.abs(Math.trunc(this.seed)) >>> 0, "awk");
    return before;
  }
}

function constant(v: Value): Expr {
  if (typeof v === "number") return { e: "number", value: v };
  return { e: "string", value: str(v, "%.6g") };
}

/** mawk 20200120 cuts both numbers to integers; a start below 1 makes the piece longer by as much. */
function substr(s: Octets, start: number, length: number | undefined): Octets {
  if (start !== start) return length === undefined ? s : "";
  const from = Math.trunc(start);
  if (length === undefined) return s.slice(Math.max(0, from - 1));
  const n = Math.trunc(from < 1 ? length - start : length);
  return n > 0 ? s.slice(Math.max(0, from - 1), Math.max(0, from - 1) + n) : "";
}

/** The text of a replacement: undefined stands for what matched. \& is an ampersand, \\& a backslash and what matched. */
function replacement(text: Octets): (Octets | undefined)[] {
  const parts: (Octets | undefined)[] = [];
  let held = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\" && text[i + 1] === "&") {
      held += "&";
      i++;
    } else if (c === "\\" && text[i + 1] === "\\") {
      held += "\\";
      i++;
    } else if (c === "&") {
      parts.push(held, undefined);
      held = "";
    } else held += c;
  }
  return [...parts, held];
}

/** "YYYY MM DD HH MM SS" */
function mktime(text: Octets): number {
  const parts = text.trim().split(/[ \t]+/).map(Number);
  if (parts.length < 6 || parts.some((p) => p !== p)) return -1;
  const [year, month, day, hour, minute, second] = parts as [number, number, number, number, number, number];
  return secondsOf({ year, month, day, hour, minute, second });
}
