/** `-batch FILE` of ip and bridge: lib/utils.c do_batch of iproute2. */
import { decodeUtf8 } from "../../../base/bytes.ts";
import { strerror } from "../../../kernel/api.ts";
import type { Run } from "../../process.ts";
import { Args, Leave } from "./args.ts";
import { runCommand, type Tool } from "./tool.ts";

/** A command a line, with comments, quotes and continued lines; -force goes on after a failure. */
export function* runBatch(tool: Tool, file: string, doObject: (tool: Tool, args: Args) => Run<number>): Run<number> {
  const { family } = tool.opts;
  let status = 0;
  for (const { argv, line } of yield* batchLines(tool, file)) {
    if (argv.length === 0) continue;
    tool.opts.family = family;
    const one = yield* runCommand(tool, () => doObject(tool, new Args(argv)));
    if (one === 0) continue;
    tool.warn(`Command failed ${file}:${line}\n`);
    status = 1;
    if (!tool.opts.force) break;
  }
  return status;
}

interface Line {
  argv: string[];
  /** Number of its last line, from 1. */
  line: number;
}

function* batchLines(tool: Tool, file: string): Run<Line[]> {
  if (file === "-") {
    const got = yield* tool.proc.readAll(0);
    return splitBatch(typeof got === "string" ? "" : decodeUtf8(got));
  }
  const got = tool.proc.machine.fs.readFile(tool.proc, file);
  if (!got.ok) throw new Leave(1, `Cannot open file "${file}" for reading: ${strerror(got.error)}\n`);
  return splitBatch(decodeUtf8(got.value));
}

/** Lines as getcmdline() and makeargs() of iproute2 split them. */
export function splitBatch(text: string): Line[] {
  const out: Line[] = [];
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  for (let i = 0; i < lines.length; i++) {
    let whole = uncommented(lines[i]!);
    while (whole.endsWith("\\") && i + 1 < lines.length) whole = whole.slice(0, -1) + uncommented(lines[++i]!);
    out.push({ argv: splitWords(whole), line: i + 1 });
  }
  return out;
}

function uncommented(line: string): string {
  const at = line.indexOf("#");
  return at < 0 ? line : line.slice(0, at);
}

function splitWords(line: string): string[] {
  const argv: string[] = [];
  const word = /[ \t\r]*(?:(['"])|([^ \t\r]+))/y;
  for (;;) {
    const m = word.exec(line);
    if (!m) return argv;
    if (m[2] !== undefined) {
      argv.push(m[2]);
      continue;
    }
    const end = line.indexOf(m[1]!, word.lastIndex);
    if (end < 0) throw new Leave(1, "Unterminated quoted string\n");
    argv.push(line.slice(word.lastIndex, end));
    word.lastIndex = end + 1;
  }
}
