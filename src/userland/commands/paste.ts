/** paste: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { quoteC, quoteName } from "../gnu-quote.ts";
import { octets, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

const ESCAPES: Readonly<Record<string, string>> = { "0": "", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\" };

/** The list of delimiters; undefined: it ends in a backslash. */
function delimiters(text: Octets): Octets[] | undefined {
  const chars = [...text]; // octets, as coreutils takes them
  const out: Octets[] = [];
  for (let i = 0; i < chars.length; i++) {
    if (chars[i] !== "\\") {
      out.push(chars[i]!);
      continue;
    }
    const next = chars[++i];
    if (next === undefined) return undefined;
    out.push(ESCAPES[next] ?? next);
  }
  return out.length > 0 ? out : [""];
}

/** A line of each file in turn; files that are at their end give empty ones. */
function* parallel(t: Tool, inputs: readonly Input[], between: readonly Octets[], end: string): Run<void> {
  const open = new Set(inputs);
  for (;;) {
    let row = "";
    let any = false;
    for (let i = 0; i < inputs.length; i++) {
      const line = open.has(inputs[i]!) ? yield* inputs[i]!.line(end) : undefined;
      if (line) any = true;
      else open.delete(inputs[i]!);
      row += (line?.text ?? "") + (i < inputs.length - 1 ? between[i % between.length]! : "");
    }
    if (!any) return;
    yield* t.print(row + end);
  }
}

function* serial(t: Tool, input: Input, between: readonly Octets[], end: string): Run<void> {
  let n = 0;
  for (let line = yield* input.line(end); line; line = yield* input.line(end)) {
    yield* t.print((n > 0 ? between[(n - 1) % between.length]! : "") + line.text);
    n++;
  }
  yield* t.print(end);
}

export const paste = defineTool({
  name: "paste",
  man: {
    summary: "merge lines of files",
    synopsis: ["paste [OPTION]... [FILE]..."],
    emulated: ["-d LIST: these characters in turn instead of tabs", "-s: one file after the other, each on one line", "-z: lines end in NUL"],
    notEmulated: [],
    examples: ["seq 4 | paste -sd,", "seq 4 | paste - -"],
  },
  shorts: "d:sz",
  longs: { delimiters: "d:", serial: "s", "zero-terminated": "z" },
  *run(t, options, operands) {
    const list = options.findLast((o) => o.key === "d")?.value ?? "\t";
    const between = delimiters(octets(list));
    if (!between) return yield* t.error(`delimiter list ends with an unescaped backslash: ${quoteC(list).slice(1, -1).replaceAll("\\\\", "\\")}`);
    const end = options.some((o) => o.key === "z") ? "\0" : "\n";
    const one = options.some((o) => o.key === "s");
    const inputs: Input[] = [];
    let stdin: Input | undefined;
    for (const name of operands.length > 0 ? operands : ["-"]) {
      const input = name === "-" ? (stdin ??= t.open("-") as Input) : t.open(name);
      if (typeof input === "string") {
        yield* t.error(`${quoteName(name)}: ${strerror(input)}`);
        if (!one) return 1;
        continue;
      }
      if (one) yield* serial(t, input, between, end);
      if (one && input.error) yield* t.error(`${quoteName(name)}: ${strerror(input.error)}`);
      inputs.push(input);
    }
    if (!one) {
      yield* parallel(t, inputs, between, end);
      for (let i = 0; i < inputs.length; i++) if (inputs[i]!.error) yield* t.error(`${quoteName(operands[i] ?? "-")}: ${strerror(inputs[i]!.error!)}`);
    }
    return t.status;
  },
});
