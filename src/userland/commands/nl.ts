/** nl: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import type { GivenOption } from "../getopt.ts";
import { octets, type Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { compileRegex, type Regex } from "../regex.ts";
import { defineTool, type Tool } from "../tool.ts";

type Style = "a" | "t" | "n" | Regex;
type Section = "h" | "b" | "f";

interface Settings {
  styles: Record<Section, Style>;
  start: number;
  increment: number;
  blank: number;
  width: number;
  separator: Octets;
  format: "ln" | "rn" | "rz";
  renumber: boolean;
  delimiter: Octets;
}

const NUMBERS = {
  v: ["invalid starting line number", -Infinity],
  i: ["invalid line number increment", -Infinity],
  l: ["invalid line number of blank lines", 1],
  w: ["invalid line number field width", 1],
} as const;

const SECTIONS: Readonly<Record<string, string>> = { h: "header", b: "body", f: "footer" };

function* readOption(t: Tool, s: Settings, { key, value }: GivenOption): Run<number | undefined> {
  const text = value ?? "";
  if (key === "h" || key === "b" || key === "f") {
    if (/^[atn]$/.test(text)) s.styles[key] = text as "a";
    else if (text.startsWith("p")) {
      const compiled = compileRegex(octets(text.slice(1)), { syntax: "grep-bre" });
      if (!compiled.ok) return yield* t.error(compiled.error);
      s.styles[key] = compiled.value;
    } else return yield* t.usage(`invalid ${SECTIONS[key]} numbering style: ${quote(text)}`);
  } else if (key === "v" || key === "i" || key === "l" || key === "w") {
    const [what, least] = NUMBERS[key];
    if (!/^[+-]?\d+$/.test(text)) return yield* t.error(`${what}: ${quote(text)}`);
    const n = Number(text);
    if (n < least) return yield* t.error(`${what}: ${quote(text)}: Numerical result out of range`);
    if (key === "v") s.start = n;
    else if (key === "i") s.increment = n;
    else if (key === "l") s.blank = n;
    else s.width = n;
  } else if (key === "n") {
    if (text !== "ln" && text !== "rn" && text !== "rz") return yield* t.usage(`invalid line numbering format: ${quote(text)}`);
    s.format = text;
  } else if (key === "s") s.separator = octets(text);
  else if (key === "d") s.delimiter = octets(text).length === 1 ? `${octets(text)}:` : octets(text);
  else if (key === "p") s.renumber = false;
  return undefined;
}

function numbered(n: number, s: Settings): string {
  const text = String(Math.abs(n));
  const sign = n < 0 ? "-" : "";
  if (s.format === "ln") return (sign + text).padEnd(s.width);
  return s.format === "rn" ? (sign + text).padStart(s.width) : sign + text.padStart(s.width - sign.length, "0");
}

export const nl = defineTool({
  name: "nl",
  man: {
    summary: "number lines of files",
    synopsis: ["nl [OPTION]... [FILE]..."],
    emulated: ["-b, -h, -f STYLE: a all, t not empty, n none, pBRE", "-v, -i, -l, -w N; -n ln|rn|rz; -s STRING; -p; -d CC"],
    notEmulated: [],
  },
  shorts: "h:b:f:v:i:pl:s:w:n:d:",
  longs: {
    "header-numbering": "h:", "body-numbering": "b:", "footer-numbering": "f:", "starting-line-number": "v:", "line-increment": "i:", "no-renumber": "p", "join-blank-lines": "l:", "number-separator": "s:", "number-width": "w:",
    "number-format": "n:", "section-delimiter": "d:",
  },
  *run(t, options, operands) {
    const s: Settings = { styles: { h: "n", b: "t", f: "n" }, start: 1, increment: 1, blank: 1, width: 6, separator: "\t", format: "rn", renumber: true, delimiter: "\\:" };
    for (const o of options) {
      const wrong = yield* readOption(t, s, o);
      if (wrong !== undefined) return wrong;
    }
    let n = s.start;
    let section: Section = "b";
    let blanks = 0;
    const delimiters = new Map<Octets, Section>(s.delimiter === "" ? [] : [[s.delimiter, "f"], [s.delimiter.repeat(2), "b"], [s.delimiter.repeat(3), "h"]]);
    const pad = " ".repeat(s.width + s.separator.length);
    yield* t.eachInput(operands, function* (input) {
      for (let line = yield* input.line(); line; line = yield* input.line()) {
        const next = delimiters.get(line.text);
        if (next) {
          section = next;
          if (s.renumber) n = s.start;
          yield* t.print("\n");
          continue;
        }
        const style = s.styles[section];
        let counts = style === "a" || (style === "t" && line.text !== "") || (typeof style === "object" && style.test(line.text));
        if (style === "a" && s.blank > 1) {
          blanks = line.text === "" ? blanks + 1 : 0;
          counts = line.text !== "" || blanks === s.blank;
          if (counts) blanks = 0;
        }
        yield* t.print(`${counts ? numbered(n, s) + s.separator : pad}${line.text}\n`);
        if (counts) n += s.increment;
      }
    });
    return t.status;
  },
});
