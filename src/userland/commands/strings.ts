/** strings: binutils 2.40, of any file as with -a. */
import { strerror } from "../../kernel/errno.ts";
import { octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";

interface Settings {
  least: number;
  names: boolean;
  radix: number | undefined;
}

function* show(t: Tool, input: Input, name: string, s: Settings): Run<void> {
  const text = yield* input.all();
  for (const m of text.matchAll(/[\t -~]+/g)) {
    if (m[0].length < s.least) continue;
    const at = s.radix === undefined ? "" : `${m.index.toString(s.radix).padStart(7)} `;
    yield* t.print(`${s.names ? `${octets(name)}: ` : ""}${at}${m[0]}\n`);
  }
}

export const strings = defineTool({
  name: "strings",
  suite: "GNU Binutils for Debian",
  version: "2.40",
  man: {
    summary: "print the sequences of printable characters in files",
    synopsis: ["strings [option(s)] [file(s)]"],
    emulated: ["-n NUMBER, -NUMBER: at least so many characters (4); -t d|o|x: where; -f: names of files; -a"],
    notEmulated: ["-d, -e, -s, -T, -U, -w"],
    examples: ["strings -n 8 capture.pcap"],
  },
  shorts: "an:ft:oe:ds:T:U:w",
  longs: { all: "a", bytes: "n:", "print-file-name": "f", radix: "t:", encoding: "e:", data: "d" },
  refused: ["e", "d", "s", "T", "U", "w"],
  adapt: (args) => args.map((a) => (/^-[0-9]+$/.test(a) ? `-n${a.slice(1)}` : a)),
  *run(t, options, operands) {
    const s: Settings = { least: 4, names: options.some((o) => o.key === "f"), radix: undefined };
    for (const o of options) {
      if (o.key === "n") {
        if (!/^[0-9]+$/.test(o.value!) || Number(o.value) < 1) return yield* t.error(`invalid minimum string length ${o.value}`);
        s.least = Number(o.value);
      } else if (o.key === "o") s.radix = 8;
      else if (o.key === "t") s.radix = { d: 10, o: 8, x: 16 }[o.value!];
    }
    if (operands.length === 0) yield* show(t, t.open("-") as Input, "{standard input}", s);
    for (const name of operands) {
      const input = t.openExactly(name);
      if (typeof input === "string") {
        yield* t.error(input === "ENOENT" ? `'${name}': No such file` : `${name}: ${strerror(input)}`);
        continue;
      }
      const found = t.proc.machine.fs.stat(name);
      if (found.ok && found.value.type === "dir") {
        yield* t.proc.warn(`${t.name}: Warning: '${name}' is a directory\n`);
        t.status = 1;
      } else yield* show(t, input, name, s);
      input.close();
    }
    return t.status;
  },
});
