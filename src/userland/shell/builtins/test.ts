/** test and [ (POSIX XCU test; -a, -o and parentheses as both shells have them), and the file tests that [[ shares. */
import type { Run } from "../../process.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";

/** A refusal, without the name in front. */
class TestFault {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export const FILE_TESTS = "abcdefghkprstuwxGLNOS";
const BINARY: ReadonlySet<string> = new Set(["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]);

/** -f, -d ... */
export function fileTest(sh: Shell, op: string, name: string): boolean {
  const { fs } = sh.proc.machine;
  if (op === "t") return /^[0-9]+$/.test(name) && sh.proc.fds.get(Number(name))?.kind === "tty";
  const found = fs.stat(name, { follow: op !== "h" && op !== "L" });
  if (!found.ok) return false;
  const inode = found.value;
  switch (op) {
    case "a":
    case "e":
      return true;
    case "f":
      return inode.type === "file";
    case "d":
      return inode.type === "dir";
    case "h":
    case "L":
      return inode.type === "symlink";
    case "b":
    case "p":
    case "S":
      return false;
    case "c":
      return inode.type === "device";
    case "s":
      return inode.type === "dir" || (inode.data?.length ?? 0) > 0;
    case "r":
      return fs.access(inode, 4);
    case "w":
      return fs.access(inode, 2);
    case "x":
      return fs.access(inode, 1);
    case "u":
      return (inode.mode & 0o4000) !== 0;
    case "g":
      return (inode.mode & 0o2000) !== 0;
    case "k":
      return (inode.mode & 0o1000) !== 0;
    case "O":
      return inode.uid === sh.proc.uid;
    case "G":
      return inode.gid === sh.proc.gid;
    default:
      return false;
  }
}

export function compareFiles(sh: Shell, op: string, a: string, b: string): boolean {
  const { fs } = sh.proc.machine;
  const [x, y] = [fs.stat(a), fs.stat(b)];
  if (op === "-ef") return x.ok && y.ok && x.value === y.value;
  const newer = op === "-nt" ? [x, y] : [y, x];
  if (!newer[0]!.ok) return false;
  return !newer[1]!.ok || newer[0]!.value.mtime > newer[1]!.value.mtime;
}

export function compareNumbers(op: string, a: bigint, b: bigint): boolean {
  switch (op) {
    case "-eq":
      return a === b;
    case "-ne":
      return a !== b;
    case "-lt":
      return a < b;
    case "-le":
      return a <= b;
    case "-gt":
      return a > b;
    default:
      return a >= b;
  }
}

class Evaluator {
  private readonly sh: Shell;
  private readonly words: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(sh: Shell, words: readonly string[]) {
    this.sh = sh;
    this.words = words;
  }

  run(): boolean {
    const { words } = this;
    // POSIX decides by the number of arguments, which is also what makes [ "$x" ] safe.
    const fixed = this.byCount(words);
    if (fixed !== undefined) return fixed;
    const value = this.or();
    if (this.at < words.length) throw new TestFault(this.sh.bash ? "too many arguments" : `${words[this.at - 1]}: unexpected operator`);
    return value;
  }

  private byCount(words: readonly string[]): boolean | undefined {
    const [a, b, c] = words;
    switch (words.length) {
      case 0:
        return false;
      case 1:
        return a !== "";
      case 2:
        if (a === "!") return b === "";
        if (this.isUnary(a!)) return this.unary(a!, b!);
        if (this.sh.bash) throw new TestFault(`${a}: unary operator expected`);
        return undefined;
      case 3:
        if (this.isBinary(b!)) return this.binary(a!, b!, c!);
        if (this.sh.bash && (b === "-a" || b === "-o")) return b === "-a" ? a !== "" && c !== "" : a !== "" || c !== "";
        if (a === "!") return !this.byCountOrFault([b!, c!]);
        if (a === "(" && c === ")") return b !== "";
        if (this.sh.bash) throw new TestFault(`${b}: binary operator expected`);
        return undefined;
      case 4:
        if (a === "!") {
          const rest = this.byCount(words.slice(1));
          return rest === undefined ? undefined : !rest;
        }
        if (a === "(" && words[3] === ")") return this.byCount(words.slice(1, 3));
        return undefined;
      default:
        return undefined;
    }
  }

  private byCountOrFault(words: readonly string[]): boolean {
    const value = this.byCount(words);
    if (value === undefined) throw new TestFault(`${words[0]}: unexpected operator`);
    return value;
  }

  private isUnary(op: string): boolean {
    if (op.length !== 2 || op[0] !== "-") return false;
    return op[1] === "n" || op[1] === "z" || (this.sh.bash ? "abcdefghkprstuwxGLNOSovR" : "bcdefghkprstuwxGLOS").includes(op[1]!);
  }

  private isBinary(op: string): boolean {
    return BINARY.has(op) && (this.sh.bash || op !== "==");
  }

  private or(): boolean {
    let value = this.and();
    while (this.words[this.at] === "-o") {
      this.at++;
      const right = this.and();
      value = value || right;
    }
    return value;
  }

  private and(): boolean {
    let value = this.not();
    while (this.words[this.at] === "-a") {
      this.at++;
      const right = this.not();
      value = value && right;
    }
    return value;
  }

  private not(): boolean {
    if (++this.depth > 64) throw new TestFault("expression is nested too deeply");
    let value: boolean;
    if (this.words[this.at] === "!") {
      this.at++;
      value = !this.not();
    } else value = this.primary();
    this.depth--;
    return value;
  }

  private primary(): boolean {
    const { words } = this;
    const a = words[this.at];
    if (a === undefined) {
      if (this.sh.bash) throw new TestFault("argument expected");
      return false;
    }
    const op = words[this.at + 1];
    if (op !== undefined && this.isBinary(op)) {
      if (words[this.at + 2] === undefined) throw new TestFault(this.sh.bash ? "argument expected" : `${op}: argument expected`);
      this.at += 3;
      return this.binary(a, op, words[this.at - 1]!);
    }
    if (a === "(") {
      this.at++;
      const value = this.or();
      if (words[this.at] !== ")") throw new TestFault(this.sh.bash ? "`)' expected" : "closing paren expected");
      this.at++;
      return value;
    }
    if (this.isUnary(a)) {
      if (op === undefined) {
        if (!this.sh.bash) throw new TestFault(`${a}: argument expected`);
        this.at++;
        return true;
      }
      this.at += 2;
      return this.unary(a, op);
    }
    // A two-word expression whose second word is an operator without its right side.
    if (!this.sh.bash && op !== undefined && this.at + 2 === words.length && this.isBinary(op)) throw new TestFault(`${op}: argument expected`);
    this.at++;
    return a !== "";
  }

  private unary(op: string, operand: string): boolean {
    const letter = op[1]!;
    if (letter === "n") return operand !== "";
    if (letter === "z") return operand === "";
    if (letter === "o") return this.sh.options.has(operand);
    if (letter === "v") return this.sh.get(operand) !== undefined;
    if (letter === "R") return this.sh.variables.get(operand)?.nameref === true;
    if (letter === "t" && !/^[0-9]+$/.test(operand)) {
      if (this.sh.bash) return false;
      throw new TestFault(`Illegal number: ${operand}`);
    }
    return fileTest(this.sh, letter, operand);
  }

  private binary(a: string, op: string, b: string): boolean {
    switch (op) {
      case "=":
      case "==":
        return a === b;
      case "!=":
        return a !== b;
      case "<":
        return a < b;
      case ">":
        return a > b;
      case "-nt":
      case "-ot":
      case "-ef":
        return compareFiles(this.sh, op, a, b);
      default:
        return compareNumbers(op, this.number(a), this.number(b));
    }
  }

  private number(text: string): bigint {
    const found = /^[ \t\n]*([-+]?[0-9]+)[ \t\n]*$/.exec(text);
    if (!found) throw new TestFault(this.sh.bash ? `${text}: integer expression expected` : `Illegal number: ${text}`);
    return BigInt.asIntN(64, BigInt(found[1]!.replace(/^\+/, "")));
  }
}

function* testCommand(sh: Shell, args: readonly string[]): Run<number> {
  let words = args;
  if (sh.builtin === "[") {
    if (args[args.length - 1] !== "]") {
      yield* sh.error(sh.bash ? "[: missing `]'" : "missing ]");
      return 2;
    }
    words = args.slice(0, -1);
  }
  try {
    return new Evaluator(sh, words).run() ? 0 : 1;
  } catch (e) {
    if (!(e instanceof TestFault)) throw e;
    yield* sh.error(sh.bash ? `${sh.builtin}: ${e.message}` : e.message);
    return 2;
  }
}

export const testBuiltins: readonly Builtin[] = [
  { name: "test", usage: "test [expr]", summary: "Evaluates a condition.", run: testCommand },
  { name: "[", usage: "[ arg... ]", summary: "Evaluates a condition; the last argument is ].", run: testCommand },
];
