/** test and [, the programs: coreutils 9.1. Shells have theirs built in. */
import { type Command, defineCommand, type ManPage } from "../command.ts";
import { stat as statFile, lstat, sizeOf } from "../file-tools.ts";
import { quote } from "../gnu-quote.ts";
import { octets } from "../octets.ts";
import type { Process } from "../process.ts";
import { helpText, Tool } from "../tool.ts";

class TestError {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const UNARY = "bcdefgGhknNLoOprsStuvwxz";
const BINARY = new Set(["=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]);

/** Decimal integers of any length. */
function integer(text: string): bigint {
  const m = /^[ \t]*([+-]?)(\d+)[ \t]*$/.exec(text);
  if (!m) throw new TestError(`invalid integer ${quote(text)}`);
  return m[1] === "-" ? -BigInt(m[2]!) : BigInt(m[2]!);
}

class Evaluator {
  private pos = 0;
  private readonly args: readonly string[];
  private readonly proc: Process;

  constructor(proc: Process, args: readonly string[]) {
    this.proc = proc;
    this.args = args;
  }

  /** POSIX: what 1, 2, 3 and 4 arguments mean is fixed; more are an expression. */
  run(): boolean {
    const n = this.args.length;
    if (n === 0) return false;
    const value = this.posix(n);
    if (this.pos < n) throw new TestError(`extra argument ${quote(this.args[this.pos]!)}`);
    return value;
  }

  private posix(n: number): boolean {
    const at = (i: number): string => this.args[this.pos + i]!;
    switch (n) {
      case 1: return this.one();
      case 2: return this.two();
      case 3: return this.three();
      case 4:
        if (at(0) === "!") {
          this.pos++;
          return !this.posix(3);
        }
        if (at(0) === "(" && at(3) === ")") {
          this.pos++;
          const value = this.two();
          this.pos++;
          return value;
        }
        return this.expression();
      default: return this.expression();
    }
  }

  private one(): boolean {
    return this.args[this.pos++] !== "";
  }

  private two(): boolean {
    const first = this.args[this.pos]!;
    if (first === "!") {
      this.pos++;
      return !this.one();
    }
    if (/^-.$/.test(first)) {
      if (!UNARY.includes(first[1]!)) throw new TestError(`${quote(first)}: unary operator expected`);
      return this.unary();
    }
    throw this.beyond();
  }

  private beyond(): TestError {
    return new TestError(`missing argument after ${quote(this.args[this.args.length - 1]!)}`);
  }

  private three(): boolean {
    const [a, op, c] = this.args.slice(this.pos, this.pos + 3) as [string, string, string];
    if (BINARY.has(op)) return this.binary();
    if (a === "!") {
      this.pos++;
      return !this.two();
    }
    if (a === "(" && c === ")") {
      this.pos++;
      const value = this.one();
      this.pos++;
      return value;
    }
    if (op === "-a" || op === "-o") return this.expression();
    throw new TestError(`${quote(op)}: binary operator expected`);
  }

  private expression(): boolean {
    if (this.pos >= this.args.length) throw this.beyond();
    let value = this.and();
    while (this.args[this.pos] === "-o") {
      this.pos++;
      value = this.and() || value;
    }
    return value;
  }

  private and(): boolean {
    let value = this.term();
    while (this.args[this.pos] === "-a") {
      this.pos++;
      value = this.term() && value;
    }
    return value;
  }

  private term(): boolean {
    let negated = false;
    while (this.args[this.pos] === "!" && this.pos + 1 < this.args.length) {
      negated = !negated;
      this.pos++;
    }
    if (this.pos >= this.args.length) throw this.beyond();
    return this.factor() !== negated;
  }

  private factor(): boolean {
    const a = this.args[this.pos]!;
    if (a === "(") return this.parenthesis();
    const left = this.args.length - this.pos;
    if (left >= 4 && a === "-l" && BINARY.has(this.args[this.pos + 2]!)) return this.binary();
    if (left >= 3 && BINARY.has(this.args[this.pos + 1]!)) return this.binary();
    if (/^-.$/.test(a) && UNARY.includes(a[1]!)) return this.unary();
    if (/^-.$/.test(a) && left > 1) throw new TestError(`${quote(a)}: unary operator expected`);
    return this.one();
  }

  private parenthesis(): boolean {
    this.pos++;
    if (this.pos >= this.args.length) throw this.beyond();
    const value = this.expression();
    const close = this.args[this.pos];
    if (close === undefined) throw new TestError(`${quote(")")} expected`);
    if (close !== ")") throw new TestError(`${quote(")")} expected, found ${close}`);
    this.pos++;
    return value;
  }

  private unary(): boolean {
    const op = this.args[this.pos]![1]!;
    if (this.pos + 1 >= this.args.length) {
      // "-f" alone is a string.
      if (this.args.length === 1) return this.one();
      throw this.beyond();
    }
    const arg = this.args[this.pos + 1]!;
    this.pos += 2;
    if (op === "n") return arg !== "";
    if (op === "z") return arg === "";
    if (op === "t") return this.proc.fds.get(Number(integer(arg)))?.kind === "tty";
    return this.file(op, arg);
  }

  private file(op: string, path: string): boolean {
    const link = op === "h" || op === "L";
    const found = link ? lstat(this.proc, path) : statFile(this.proc, path);
    if (!found.ok) return false;
    const { value: inode } = found;
    const { fs } = this.proc.machine;
    switch (op) {
      case "e": return true;
      case "f": return inode.type === "file";
      case "d": return inode.type === "dir";
      case "h":
      case "L": return inode.type === "symlink";
      case "c": return inode.type === "device";
      case "s": return sizeOf(inode) > 0;
      case "r": return fs.access(inode, 4);
      case "w": return fs.access(inode, 2);
      case "x": return fs.access(inode, 1);
      case "u": return (inode.mode & 0o4000) !== 0;
      case "g": return (inode.mode & 0o2000) !== 0;
      case "k": return (inode.mode & 0o1000) !== 0;
      case "O": return inode.uid === this.proc.uid;
      case "G": return inode.gid === this.proc.gid;
      default: return false;
    }
  }

  private binary(): boolean {
    const lengthLeft = this.args[this.pos] === "-l";
    if (lengthLeft) this.pos++;
    const [a, op] = [this.args[this.pos]!, this.args[this.pos + 1]!];
    let b = this.args[this.pos + 2]!;
    this.pos += 3;
    const lengthRight = b === "-l" && this.args[this.pos] !== undefined;
    if (lengthRight) b = this.args[this.pos++]!;
    switch (op) {
      case "=":
      case "==": return a === b;
      case "!=": return a !== b;
      case "-nt":
      case "-ot":
      case "-ef": return this.compareFiles(a, op, b);
    }
    const x = lengthLeft ? BigInt(octets(a).length) : integer(a);
    const y = lengthRight ? BigInt(octets(b).length) : integer(b);
    return { "-eq": x === y, "-ne": x !== y, "-lt": x < y, "-le": x <= y, "-gt": x > y, "-ge": x >= y }[op]!;
  }

  private compareFiles(a: string, op: string, b: string): boolean {
    const [x, y] = [statFile(this.proc, a), statFile(this.proc, b)];
    if (op === "-ef") return x.ok && y.ok && x.value === y.value;
    const time = (f: typeof x): number => (f.ok ? f.value.mtime : -Infinity);
    return op === "-nt" ? time(x) > time(y) : time(x) < time(y);
  }
}

const man: ManPage = {
  summary: "check file types and compare values",
  synopsis: ["test EXPRESSION", "[ EXPRESSION ]"],
  emulated: ["-e -f -d -L -s -r -w -x -c ...: what a file is", "-n -z = !=: strings", "-eq -ne -lt -le -gt -ge: integers; -nt -ot -ef: files", "! ( ) -a -o"],
  notEmulated: [],
};

function make(name: string): Command {
  return defineCommand({
    name,
    man,
    *run(proc, args) {
      const t = new Tool(proc);
      let words = args;
      if (name === "[") {
        if (args.length === 1 && (args[0] === "--help" || args[0] === "--version")) {
          yield* t.say(args[0] === "--help" ? helpText(man) : "[ (GNU coreutils) 9.1\n");
          return yield* t.finish(0);
        }
        if (args[args.length - 1] !== "]") return yield* t.error(`missing ${quote("]")}`, 2);
        words = args.slice(0, -1);
      }
      try {
        return new Evaluator(proc, words).run() ? 0 : 1;
      } catch (e) {
        if (!(e instanceof TestError)) throw e;
        return yield* t.error(e.text, 2);
      }
    },
  });
}

export const test = make("test");
export const bracket = make("[");
