/** echo, the program: coreutils 9.1. Shells have one of their own. */
import { defineCommand } from "../command.ts";
import { type Octets, octets } from "../octets.ts";
import { helpText, Tool } from "../tool.ts";

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\", a: "\x07", b: "\b", e: "\x1b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v" };

/** Escapes of echo -e. `stop`: \c was met. */
export function echoEscapes(text: Octets): { text: Octets; stop: boolean } {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c !== "\\" || i + 1 >= text.length) {
      out += c;
      continue;
    }
    const next = text[++i]!;
    if (next === "c") return { text: out, stop: true };
    const number = next === "0" ? /^[0-7]{1,3}/.exec(text.slice(i + 1, i + 4)) : next === "x" ? /^[0-9a-fA-F]{1,2}/.exec(text.slice(i + 1, i + 3)) : /^[1-7][0-7]{0,2}/.exec(text.slice(i, i + 3));
    if (number) {
      out += String.fromCharCode(Number.parseInt(number[0], next === "x" ? 16 : 8) & 255);
      i += number[0].length - (next === "0" || next === "x" ? 0 : 1);
    } else if (next === "0") out += "\0";
    else out += ESCAPES[next] ?? `\\${next}`;
  }
  return { text: out, stop: false };
}

const man = {
  summary: "display a line of text",
  synopsis: ["echo [SHORT-OPTION]... [STRING]..."],
  emulated: ["-n: no newline at the end", "-e: escapes such as \\n \\t \\0NNN \\xHH \\c; -E: none (as without it)"],
  notEmulated: [],
};

export const echo = defineCommand({
  name: "echo",
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    if (args.length === 1 && (args[0] === "--help" || args[0] === "--version")) {
      yield* t.say(args[0] === "--help" ? helpText(man) : "echo (GNU coreutils) 9.1\n");
      return yield* t.finish(0);
    }
    let newline = true;
    let escapes = false;
    let i = 0;
    for (; i < args.length && /^-[neE]+$/.test(args[i]!); i++) {
      for (const c of args[i]!.slice(1)) {
        if (c === "n") newline = false;
        else escapes = c === "e";
      }
    }
    for (let k = i; k < args.length; k++) {
      const one = escapes ? echoEscapes(octets(args[k]!)) : { text: octets(args[k]!), stop: false };
      yield* t.print((k > i ? " " : "") + one.text);
      if (one.stop) return yield* t.finish(0);
    }
    yield* t.print(newline ? "\n" : "");
    return yield* t.finish(0);
  },
});
