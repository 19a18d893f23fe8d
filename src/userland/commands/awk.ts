/** awk: mawk 1.3.4 20200120, Debian's default. Octets, not characters; integers up to 2^31-1 print whole. */
import { strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { octets, type Octets, textOf } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { Tool } from "../tool.ts";
import { Interpreter } from "./awk/interpreter.ts";
import { AwkError } from "./awk/lexer.ts";
import { parseAwk } from "./awk/parser.ts";
import { Fatal } from "./awk/streams.ts";

const man = {
  summary: "pattern scanning and text processing language",
  synopsis: ["mawk [Options] [Program] [file ...]"],
  emulated: [
    "-F value, -v var=value, -f program-file, -W exec file, -W interactive; operands that are files or assignments", "patterns, ranges, BEGIN, END; if else while do for next nextfile exit delete print printf getline, functions",
    "length substr index split sub gsub match sprintf tolower toupper int sqrt exp log sin cos atan2 rand srand system close fflush strftime mktime systime", "mawk's ways: no {n,m} in expressions, no gensub, octets instead of characters, 2147483648 prints as 2.14748e+09",
  ],
  notEmulated: ["-W dump, -W sprintf, -W posix_space, -W random"],
  examples: ["awk '{print $1}' file", "awk -F: '$3 >= 1000 {print $1}' /etc/passwd", "ip -4 -o addr | awk '{print $2, $4}'"],
};

interface Options {
  program: Octets | undefined;
  assignments: [string, Octets][];
  operands: string[];
  unbuffered: boolean;
}

class UsageError {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function* readProgram(proc: Process, name: string): Run<Octets> {
  const t = new Tool(proc);
  const input = t.open(name);
  if (typeof input === "string") throw new Fatal(`cannot open ${name} (${strerror(input)})`);
  const text = yield* input.all();
  if (input.error) throw new Fatal(`read error (${strerror(input.error)})`);
  input.close();
  return text;
}

function assignment(text: string): [string, Octets] {
  const m = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text);
  if (!m) throw new UsageError(`improper assignment: -v ${text}`);
  return [m[1]!, octets(m[2]!)];
}

/** mawk's own reading of options. "version" and "usage" end it at once, "nothing" is what a command line without a program asks for. */
function* parseOptions(proc: Process, args: readonly string[]): Run<Options | "usage" | "version" | "nothing"> {
  const o: Options = { program: undefined, assignments: [], operands: [], unbuffered: false };
  if (args.length === 0) return "usage";
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      i++;
      break;
    }
    if (!arg.startsWith("-") || arg === "-") break;
    const letter = arg[1]!;
    if (!"FvfW".includes(letter)) throw new UsageError(`not an option: ${arg}`);
    const value = arg.length > 2 ? arg.slice(2) : args[++i];
    if (value === undefined) throw new UsageError(`option -${letter} lacks argument`);
    if (letter === "F") o.assignments.push(["FS", octets(value)]);
    else if (letter === "v") o.assignments.push(assignment(value));
    else if (letter === "f") o.program = (o.program === undefined ? "" : `${o.program}\n`) + (yield* readProgram(proc, value));
    else {
      const word = value.split("=")[0]!;
      if (word !== "" && "version".startsWith(word)) return "version";
      if (word !== "" && ("help".startsWith(word) || "usage".startsWith(word))) return "usage";
      const known = ["dump", "exec", "interactive", "sprintf", "posix_space", "random"].find((w) => word !== "" && w.startsWith(word));
      if (known === "exec" && args[i + 1] !== undefined) {
        // The program is in a file, and what follows are operands.
        o.program = yield* readProgram(proc, args[++i]!);
        i++;
        break;
      }
      if (known === "interactive") {
        o.unbuffered = true;
        continue;
      }
      if (known !== undefined) throw new UsageError(`\0awk -W ${word}`);
      yield* proc.warn(`${programName(proc)}: vacuous option: -W ${value}\n`);
    }
  }
  o.operands = args.slice(i);
  if (o.program === undefined) {
    const text = o.operands.shift();
    if (text === undefined) return "nothing";
    o.program = octets(text);
  }
  return o;
}

const programName = (proc: Process): string => proc.name.slice(proc.name.lastIndexOf("/") + 1);

function usageText(): string {
  return `Usage: mawk [Options] [Program] [file ...]\n\n${man.emulated.map((l) => `    ${l}\n`).join("")}`;
}

function* awkMain(proc: Process, t: Tool, args: readonly string[]): Run<number> {
  const o = yield* parseOptions(proc, args);
  if (o === "version") {
    yield* t.say("mawk 1.3.4 20200120\n");
    return 0;
  }
  if (o === "usage") {
    yield* proc.warn(usageText());
    return 0;
  }
  if (o === "nothing") return 0;
  t.out.unbuffered = o.unbuffered;
  const program = parseAwk(o.program!);
  const interpreter = new Interpreter(t, program, [programName(proc), ...o.operands]);
  for (const [name, value] of o.assignments) interpreter.assignFirst(name, value);
  return yield* interpreter.run();
}

function* complain(t: Tool, e: AwkError): Run<number> {
  for (const text of e.texts) yield* t.warn(textOf(text));
  return 2;
}

export const awk = defineCommand({
  name: "awk",
  aliases: ["mawk"],
  man,
  *run(proc, args) {
    const t = new Tool(proc, programName(proc));
    let status: number;
    try {
      status = yield* awkMain(proc, t, args);
    } catch (e) {
      if (e instanceof UsageError && e.text.startsWith("\0")) status = yield* t.notEmulated(e.text.slice(1));
      else if (e instanceof AwkError) status = yield* complain(t, e);
      else if (e instanceof Fatal || e instanceof UsageError) status = yield* t.error(e.text, 2);
      else throw e;
    }
    yield* t.out.flush();
    if (!t.out.error) return status;
    return yield* t.error(`write failure (${strerror(t.out.error)})\n${t.name}: close failure on file /dev/stdout`, 2);
  },
});

