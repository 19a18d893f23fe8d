/** sed: GNU sed 4.9. */
import { strerror } from "../../kernel/errno.ts";
import { defineCommand } from "../command.ts";
import { getopt, type LongOptions } from "../getopt.ts";
import { parseSize } from "../numbers.ts";
import { octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { helpText, Tool } from "../tool.ts";
import { SedFault, SedMachine, type SedOptions } from "./sed/run.ts";
import { NotEmulatedHere, ScriptError, ScriptParser } from "./sed/script.ts";

const LONGS: LongOptions = {
  binary: "b", "regexp-extended": "E", debug: "debug", "in-place": "i::", expression: "e:", file: "f:", "line-length": "l:", "null-data": "z", "zero-terminated": "z", quiet: "n", posix: "p",
  silent: "n", sandbox: "sandbox", separate: "s", unbuffered: "u", version: "version", help: "help", "follow-symlinks": "follow",
};

const man = {
  summary: "stream editor for filtering and transforming text",
  synopsis: ["sed [OPTION]... {script-only-if-no-other-script} [input-file]..."],
  emulated: [
    "-n, -e SCRIPT, -f FILE, -E, -r, -s, -i[SUFFIX], -l N, -u, -z, --posix", "addresses: N, $, /re/I, \\cREc, first~step, A,B, A,+N, A,~N, 0,/re/, !",
    "commands: { } = a b c d D F g G h H i l n N p P q Q r R s t T v w W x y z :label #", "s flags: g p N I M w FILE; in the replacement & \\1 to \\9 \\n \\t \\U \\L \\u \\l \\E",
  ],
  notEmulated: ["e and s///e, which run commands", "--debug, --sandbox, --follow-symlinks"],
  examples: ["sed 's/eth0/eth1/' file", "sed -n '2,4p' file", "sed -i '/web/d' /etc/hosts"],
};

function* usage(t: Tool, text: string | undefined): Run<number> {
  if (text !== undefined) yield* t.warn(text);
  yield* t.out.flush();
  yield* t.proc.warn(helpText(man));
  return 1;
}

function* readScript(t: Tool, parser: ScriptParser, name: string): Run<boolean> {
  const input = t.open(name);
  if (typeof input === "string") {
    yield* t.error(`couldn't open file ${name}: ${strerror(input)}`, 4);
    return false;
  }
  const text = yield* input.all();
  input.close();
  parser.addFile(text.endsWith("\n") ? text.slice(0, -1) : text, name);
  return true;
}

function* sedMain(t: Tool, args: readonly string[]): Run<number> {
  const { options, operands, error } = getopt(args, "bsnrzuEe:f:l:i::", LONGS);
  const o: SedOptions = { quiet: false, separate: false, inPlace: undefined, wrap: 70, end: "\n", unbuffered: false, posix: false };
  const parser = new ScriptParser({ extended: options.some((x) => x.key === "E" || x.key === "r") });
  let given = false;
  for (const { key, value, typed } of options) {
    if (key === "help") {
      yield* t.say(helpText(man));
      return 0;
    }
    if (key === "version") {
      yield* t.say("sed (GNU sed) 4.9\n");
      return 0;
    }
    if (["debug", "sandbox", "follow"].includes(key)) return yield* t.notEmulated(`sed ${typed}`);
    if (key === "n") o.quiet = true;
    if (key === "s") o.separate = true;
    if (key === "i") o.inPlace = value ?? "";
    if (key === "z") o.end = "\0";
    if (key === "u") o.unbuffered = true;
    if (key === "p") o.posix = true;
    if (key === "l") {
      const n = parseSize(value!, "");
      if (n === undefined) return yield* usage(t, `invalid line length: ${value}`);
      o.wrap = n;
    }
    if (key === "e") parser.addExpression(octets(value!));
    if (key === "f" && !(yield* readScript(t, parser, value!))) return 4;
    given ||= key === "e" || key === "f";
  }
  if (error !== undefined) return yield* usage(t, error);
  const files = [...operands];
  if (!given) {
    const script = files.shift();
    if (script === undefined) return yield* usage(t, undefined);
    parser.addExpression(octets(script));
  }
  const script = parser.finish();
  if (parser.quietByComment) o.quiet = true;
  if (files.length === 0 && o.inPlace !== undefined) return yield* t.error("no input files", 4);
  const machine = new SedMachine(t, o, script, files.length > 0 ? files : ["-"]);
  machine.openSinks();
  return yield* machine.run();
}

export const sed = defineCommand({
  name: "sed",
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    let status: number;
    try {
      status = yield* sedMain(t, args);
    } catch (e) {
      if (e instanceof ScriptError) status = yield* t.error(e.text, e.status);
      else if (e instanceof SedFault) status = yield* t.error(e.text, e.status);
      else if (e instanceof NotEmulatedHere) status = yield* t.notEmulated(e.what);
      else throw e;
    }
    yield* t.out.flush();
    if (!t.out.error || t.out.error === "EBADF") return status;
    yield* proc.warn(`${t.name}: couldn't flush stdout: ${strerror(t.out.error)}\n`);
    return 4;
  },
});
