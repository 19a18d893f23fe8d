/** cat: coreutils 9.1. */
import type { Process, Run } from "../process.ts";
import { quoteName } from "../gnu-quote.ts";
import type { Octets } from "../octets.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

interface Style {
  number: "" | "all" | "nonblank";
  ends: boolean;
  tabs: boolean;
  nonprinting: boolean;
  squeeze: boolean;
}

/** What is carried from one chunk to the next. */
interface State {
  line: number;
  /** Newlines seen in a row; the start of the file counts as one. */
  newlines: number;
  /** A carriage return that may be the end of a line (-E shows it as ^M then). */
  heldReturn: boolean;
}

/** ^X and M-x, as cat -v shows octets. */
export function visible(code: number, tabs: boolean): string {
  if (code === 9 && !tabs) return "\t";
  if (code >= 128) return `M-${visible(code - 128, true)}`;
  if (code < 32) return `^${String.fromCharCode(code + 64)}`;
  return code === 127 ? "^?" : String.fromCharCode(code);
}

function decorate(text: Octets, style: Style, state: State): Octets {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (state.heldReturn) {
      state.heldReturn = false;
      out += code === 10 ? "^M" : "\r";
    }
    if (code === 10) {
      state.newlines++;
      if (style.squeeze && state.newlines > 2) {
        state.newlines = 3;
        continue;
      }
      if (state.newlines > 1 && style.number === "all") out += numbered(state);
      out += style.ends ? "$\n" : "\n";
      continue;
    }
    if (state.newlines > 0 && style.number) out += numbered(state);
    state.newlines = 0;
    if (code === 13 && style.ends && !style.nonprinting) state.heldReturn = true;
    else if (style.nonprinting) out += visible(code, style.tabs);
    else if (code === 9 && style.tabs) out += "^I";
    else out += text[i]!;
  }
  return out;
}

function numbered(state: State): string {
  return `${String(++state.line).padStart(6)}\t`;
}

function sameFile(proc: Process, input: Input): boolean {
  const out = proc.fds.get(1)?.inode;
  const from = proc.fds.get(input.fd);
  return out !== undefined && from?.inode === out && (from.offset ?? 0) < (out.data?.length ?? 0);
}

function* copy(t: Tool, input: Input, style: Style | undefined, state: State): Run<void> {
  for (let s = yield* input.chunk(); s !== ""; s = yield* input.chunk()) {
    yield* t.print(style ? decorate(s, style, state) : s);
    yield* t.out.flush(); // cat does not hold anything back
  }
}

export const cat = defineTool({
  name: "cat",
  man: {
    summary: "concatenate files and print on the standard output",
    synopsis: ["cat [OPTION]... [FILE]..."],
    emulated: ["-n, --number: number all lines", "-b, --number-nonblank: number lines that are not empty", "-s, --squeeze-blank: at most one empty line in a row", "-E, -T, -v: show ends of lines as $, tabs as ^I, other control characters as ^X and M-x", "-A, -e, -t: -vET, -vE, -vT", "-u: ignored"],
    notEmulated: [],
    examples: ["cat /etc/hosts", "cat -A file"],
  },
  shorts: "benstuvAET",
  longs: { "number-nonblank": "b", number: "n", "squeeze-blank": "s", "show-nonprinting": "v", "show-ends": "E", "show-tabs": "T", "show-all": "A" },
  *run(t, options, operands) {
    const style: Style = { number: "", ends: false, tabs: false, nonprinting: false, squeeze: false };
    for (const { key } of options) {
      if (key === "b") style.number = "nonblank";
      if (key === "n" && style.number === "") style.number = "all";
      if (key === "s") style.squeeze = true;
      if ("eEA".includes(key)) style.ends = true;
      if ("tTA".includes(key)) style.tabs = true;
      if ("vetA".includes(key)) style.nonprinting = true;
    }
    const plain = options.every((o) => o.key === "u");
    const state: State = { line: 0, newlines: 1, heldReturn: false };
    yield* t.eachInput(operands, function* (input, name) {
      if (sameFile(t.proc, input)) yield* t.error(`${quoteName(name)}: input file is output file`);
      else yield* copy(t, input, plain ? undefined : style, state);
    });
    if (state.heldReturn) yield* t.print("\r");
    return t.status;
  },
});
