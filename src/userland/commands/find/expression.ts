/**
 * The command line of find(1): words → predicates → one function. Precedence: ( ), !, -a (also where none is written), -o and the
 * comma. Words of refusal are those of findutils 4.9.
 */
import { strerror } from "../../../kernel/errno.ts";
import { quote } from "../../gnu-quote.ts";
import type { Run } from "../../process.ts";
import { deleteAction, listAction, printAction, printfAction, Runner, type Sink } from "./actions.ts";
import type { Entry, Expression, Walk } from "./entry.ts";
import { compileFormat } from "./format.ts";
import { ARGUMENT_TESTS, type Context, newerTest, PLAIN_TESTS, REGEX_TYPES } from "./tests.ts";

/** A refusal in the tool's words; `notEmulated`: in ours, with status 95. */
export class Refusal {
  readonly text: string;
  readonly notEmulated: boolean;
  constructor(text: string, notEmulated = false) {
    this.text = text;
    this.notEmulated = notEmulated;
  }
}

type Item = { kind: "primary"; test: Expression } | { kind: "op"; op: "(" | ")" | "!" | "-a" | "-o" | ","; typed: string };

const OPERATORS: Readonly<Record<string, "(" | ")" | "!" | "-a" | "-o" | ",">> = {
  "(": "(", ")": ")", "!": "!", "-not": "!", "-a": "-a", "-and": "-a", "-o": "-o", "-or": "-o", ",": ",",
};

/** Options that count for the whole expression wherever they stand. */
const GLOBAL = new Set(["-maxdepth", "-mindepth", "-depth", "-d", "-xdev", "-mount", "-noleaf", "-ignore_readdir_race", "-noignore_readdir_race"]);
const NOT_EMULATED = new Set(["-used", "-files0-from"]);
const SYNONYM: Readonly<Record<string, string>> = { "-d": "-depth" };

const always: Expression = () => true;

export interface ParsedExpression {
  test: Expression;
  runners: readonly Runner[];
  warnings: readonly string[];
}

class Parser {
  private readonly words: readonly string[];
  private readonly c: Context;
  private at = 0;
  readonly items: Item[] = [];
  readonly runners: Runner[] = [];
  /** Some action was named: nothing is printed by itself. */
  acts = false;
  private last: string | undefined;
  /** The first predicate that is no option, for a warning. */
  private firstTest: string | undefined;
  private deletes = false;
  private depthAsked = false;
  private prunes = false;
  private readonly files = new Map<string, number>();

  constructor(words: readonly string[], c: Context) {
    this.words = words;
    this.c = c;
  }

  read(): void {
    while (this.at < this.words.length) this.word(this.words[this.at++]!);
    if (this.deletes && this.prunes && !this.depthAsked)
      throw new Refusal("The -delete action automatically turns on -depth, but -prune does nothing when -depth is in effect.  If you want to carry on anyway, just explicitly use the -depth option.");
  }

  private word(word: string): void {
    const op = OPERATORS[word];
    if (op) this.operator(op, word);
    else if (!word.startsWith("-")) this.strayPath(word);
    else {
      if (GLOBAL.has(word)) this.warnOfPosition(word);
      else if (!/^-(daystart|follow|warn|nowarn|regextype)$/.test(word)) this.firstTest ??= word;
      this.primary(this.predicate(word));
    }
    this.last = word;
  }

  private operator(op: Item & { kind: "op" } extends { op: infer O } ? O : never, typed: string): void {
    if (op === "(" || op === "!") this.implicitAnd();
    this.items.push({ kind: "op", op, typed });
  }

  private primary(test: Expression): void {
    this.implicitAnd();
    this.items.push({ kind: "primary", test });
  }

  private implicitAnd(): void {
    const before = this.items[this.items.length - 1];
    if (before && (before.kind === "primary" || before.op === ")")) this.items.push({ kind: "op", op: "-a", typed: "-a" });
  }

  private strayPath(word: string): never {
    const hint = this.last !== undefined && this.c.proc.machine.fs.stat(word).ok ? `\nfind: possible unquoted pattern after predicate \`${this.last}'?` : "";
    throw new Refusal(`paths must precede expression: \`${word}'${hint}`);
  }

  private warnOfPosition(option: string): void {
    if (this.firstTest === undefined || !this.c.warn) return;
    this.c.warnings.push(
      `warning: you have specified the global option ${option} after the argument ${this.firstTest}, but global options are not positional, i.e., ${option} affects tests specified before it as well as those specified after it.  Please specify global options before other arguments.`,
    );
  }

  private argument(name: string): string {
    const arg = this.words[this.at];
    if (arg === undefined) throw new Refusal(`missing argument to \`${name}'`);
    this.at++;
    return arg;
  }

  private predicate(name: string): Expression {
    const plain = PLAIN_TESTS[name];
    if (plain) return plain;
    const made = (ARGUMENT_TESTS[name] ?? newerTest(name))?.(this.argument(name), this.c, name);
    if (typeof made === "string") throw new Refusal(made);
    return made ?? this.option(name) ?? this.action(name);
  }

  private option(name: string): Expression | undefined {
    const { walk } = this.c;
    switch (SYNONYM[name] ?? name) {
      case "-maxdepth":
        walk.maxDepth = this.depthLimit(name);
        return always;
      case "-mindepth":
        walk.minDepth = this.depthLimit(name);
        return always;
      case "-depth":
        walk.contentsFirst = this.depthAsked = true;
        return always;
      case "-xdev":
      case "-mount":
        walk.oneFileSystem = true;
        return always;
      case "-follow":
        walk.follow = "always";
        return always;
      case "-daystart":
        this.c.dayStart = true;
        return always;
      case "-warn":
      case "-nowarn":
        this.c.warn = name === "-warn";
        return always;
      case "-noleaf":
      case "-ignore_readdir_race":
      case "-noignore_readdir_race":
        return always;
      case "-regextype": {
        const type = this.argument(name);
        const syntax = REGEX_TYPES[type];
        if (!syntax) throw new Refusal(`Unknown regular expression type ${quote(type)}; valid types are ${Object.keys(REGEX_TYPES).map(quote).join(", ")}.`);
        this.c.regex = syntax;
        return always;
      }
      default:
        return undefined;
    }
  }

  private depthLimit(name: string): number {
    const arg = this.argument(name);
    if (!/^[0-9]+$/.test(arg)) throw new Refusal(`Expected a positive decimal integer argument to ${name}, but got ${quote(arg)}`);
    return Number(arg);
  }

  private action(name: string): Expression {
    switch (name) {
      case "-prune":
        this.prunes = true;
        return (_, walk) => {
          walk.pruned = true;
          return true;
        };
      case "-quit":
        return (_, walk) => {
          walk.stopped = true;
          return true;
        };
      case "-context":
        this.argument(name);
        throw new Refusal("invalid predicate -context: SELinux is not enabled.");
      default:
        if (NOT_EMULATED.has(name) || /^-newer(B.|.B)$/.test(name)) throw new Refusal(`find ${name}`, true);
        if (/^-newer../.test(name)) throw new Refusal(`invalid predicate \`${name}'`);
    }
    const made = this.printing(name) ?? this.doing(name);
    if (!made) throw new Refusal(`unknown predicate \`${name}'`);
    this.acts = true;
    return made;
  }

  private printing(name: string): Expression | undefined {
    switch (name) {
      case "-print": return printAction(undefined, "\n");
      case "-print0": return printAction(undefined, "\0");
      case "-fprint": return printAction(this.sink(name), "\n");
      case "-fprint0": return printAction(this.sink(name), "\0");
      case "-ls": return listAction(undefined);
      case "-fls": return listAction(this.sink(name));
      case "-printf": return this.formatted(name, undefined);
      case "-fprintf": return this.formatted(name, this.sink(name));
      default: return undefined;
    }
  }

  private formatted(name: string, sink: Sink): Expression {
    const format = compileFormat(this.argument(name));
    if (typeof format === "string") throw new Refusal(format);
    this.c.warnings.push(...format.warnings);
    return printfAction(sink, format);
  }

  private sink(name: string): Sink {
    const path = this.argument(name);
    if (path === "/dev/stdout") return undefined;
    const known = this.files.get(path);
    if (known !== undefined) return known;
    const fd = this.c.walk.t.create(path);
    if (typeof fd === "string") throw new Refusal(`${quote(path)}: ${strerror(fd)}`);
    this.files.set(path, fd);
    return fd;
  }

  private doing(name: string): Expression | undefined {
    if (name === "-delete") {
      this.c.walk.contentsFirst = this.deletes = true;
      return deleteAction;
    }
    if (name !== "-exec" && name !== "-execdir" && name !== "-ok" && name !== "-okdir") return undefined;
    const ask = name.startsWith("-ok");
    const { words, gather } = this.commandLine(name, !ask);
    const runner = new Runner({ words, gather, ask, inDirectory: name.endsWith("dir") });
    this.runners.push(runner);
    return runner.run;
  }

  /** Up to `;`, or to a + that follows a word with {}. */
  private commandLine(name: string, mayGather: boolean): { words: readonly string[]; gather: boolean } {
    const from = this.at;
    for (; this.at < this.words.length; this.at++) {
      const word = this.words[this.at]!;
      const gather = mayGather && word === "+" && this.at > from && this.words[this.at - 1]!.includes("{}");
      if (word !== ";" && !gather) continue;
      const words = this.words.slice(from, this.at++);
      if (words.length === 0) throw new Refusal(`invalid argument \`;' to \`${name}'`);
      if (gather) this.checkGathering(name, words);
      return { words, gather };
    }
    throw new Refusal(`missing argument to \`${name}'`);
  }

  private checkGathering(name: string, words: readonly string[]): void {
    const last = words[words.length - 1]!;
    if (words.filter((w) => w.includes("{}")).length > 1) throw new Refusal(`Only one instance of {} is supported with ${name} ... +`);
    if (last !== "{}") throw new Refusal(`In ${quote(`${name} ... {} +`)} the ${quote("{}")} must appear by itself, but you specified ${quote(last)}`);
  }
}

/** Items → one function, by recursive descent. */
class Tree {
  private readonly items: readonly Item[];
  private at = 0;

  constructor(items: readonly Item[]) {
    this.items = items;
  }

  build(): Expression {
    const test = this.list();
    if (this.at < this.items.length) throw new Refusal("you have too many ')'");
    return test;
  }

  private peek(op: string): boolean {
    const item = this.items[this.at];
    return item?.kind === "op" && item.op === op;
  }

  private list(): Expression {
    let left = this.or();
    while (this.peek(",")) {
      const [a, b] = [left, this.right(() => this.or())];
      left = function* (e, walk) {
        yield* evaluate(a, e, walk);
        return walk.stopped ? false : yield* evaluate(b, e, walk);
      };
    }
    return left;
  }

  private or(): Expression {
    let left = this.and();
    while (this.peek("-o")) {
      const [a, b] = [left, this.right(() => this.and())];
      left = function* (e, walk) {
        return (yield* evaluate(a, e, walk)) || (!walk.stopped && (yield* evaluate(b, e, walk)));
      };
    }
    return left;
  }

  private and(): Expression {
    let left = this.operand();
    while (this.peek("-a")) {
      const [a, b] = [left, this.right(() => this.operand())];
      left = function* (e, walk) {
        return (yield* evaluate(a, e, walk)) && !walk.stopped && (yield* evaluate(b, e, walk));
      };
    }
    return left;
  }

  /** What follows an operator. */
  private right(operand: () => Expression): Expression {
    const op = this.items[this.at++] as Item & { kind: "op" };
    this.expectOperand(op.typed);
    return operand();
  }

  private expectOperand(after: string): void {
    const next = this.items[this.at];
    if (!next) throw new Refusal(`expected an expression after '${after}'`);
    if (next.kind === "op" && next.op === ")") throw new Refusal(`expected an expression between '${after}' and ')'`);
  }

  private operand(): Expression {
    const item = this.items[this.at++]!;
    if (item.kind === "primary") return item.test;
    if (item.op === "!") {
      this.expectOperand(item.typed);
      const test = this.operand();
      return function* (e, walk) {
        return !(yield* evaluate(test, e, walk));
      };
    }
    if (item.op === "(") return this.group();
    if (item.op === ")") throw new Refusal("you have too many ')'");
    throw new Refusal(`invalid expression; you have used a binary operator '${item.typed}' with nothing before it.`);
  }

  private group(): Expression {
    if (this.at === this.items.length) throw new Refusal("invalid expression; expected to find a ')' but didn't see one. Perhaps you need an extra predicate after '('");
    if (this.peek(")")) throw new Refusal("invalid expression; empty parentheses are not allowed.");
    const test = this.list();
    if (!this.peek(")")) throw new Refusal("invalid expression; I was expecting to find a ')' somewhere but did not see one.");
    this.at++;
    return test;
  }
}

export function* evaluate(test: Expression, e: Entry, walk: Walk): Run<boolean> {
  const result = test(e, walk);
  return typeof result === "boolean" ? result : yield* result;
}

/** @throws Refusal */
export function parseExpression(words: readonly string[], c: Context): ParsedExpression {
  const parser = new Parser(words, c);
  parser.read();
  const { runners } = parser;
  const { warnings } = c;
  const print = printAction(undefined, "\n");
  if (parser.items.length === 0) return { test: print, runners, warnings };
  const test = new Tree(parser.items).build();
  if (parser.acts) return { test, runners, warnings };
  const printed: Expression = function* (e, walk) {
    return (yield* evaluate(test, e, walk)) && !walk.stopped && (yield* evaluate(print, e, walk));
  };
  return { test: printed, runners, warnings };
}
