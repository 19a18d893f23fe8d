/** less: version 590. On a terminal a pager (less/pager.ts); elsewhere it copies, as cat does. */
import { strerror } from "../../kernel/errno.ts";
import { type Command, defineCommand } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { helpText, Tool } from "../tool.ts";
import { DEFAULTS, pagerTerminal, type PagerSettings, runPager } from "./less/pager.ts";

/** Options without a value that change nothing here. */
const IGNORED = "aABcCdfgJKLnqQrsuUwW";
const WITH_VALUE = "bDhjkoOpPtTxyz#";
const LONG: Readonly<Record<string, string>> = {
  "ignore-case": "i", "IGNORE-CASE": "I", "line-numbers": "n", "LINE-NUMBERS": "N", "chop-long-lines": "S", "RAW-CONTROL-CHARS": "R", "raw-control-chars": "r", "no-init": "X", "quit-if-one-screen": "F", "quit-at-eof": "e",
  "QUIT-AT-EOF": "E", "long-prompt": "m", "LONG-PROMPT": "M", "squeeze-blank-lines": "s", "HILITE-SEARCH": "G", "hilite-search": "g", pattern: "p", tabs: "x", quiet: "q", silent: "q", force: "f", help: "?", version: "V",
};

const NAMES: Readonly<Record<string, string>> = { p: "pattern", b: "buffers", h: "max-back-scroll", j: "jump-target", k: "lesskey-file", o: "log-file", O: "LOG-FILE", P: "prompt", t: "tag", T: "tag-file", x: "tabs", y: "max-forw-scroll", z: "window", D: "color", "#": "shift" };
const NUMERIC = "bhyz";

type Parsed = { settings: PagerSettings; warnings: string[] } | { error: string } | { show: "help" | "version" };

function flag(s: PagerSettings, c: string): boolean {
  switch (c) {
    case "N": s.numbers = true; return true;
    case "S": s.chop = true; return true;
    case "R": s.colours = true; return true;
    case "i": s.ignoreCase = "smart"; return true;
    case "I": s.ignoreCase = "always"; return true;
    case "X": s.alternateScreen = false; return true;
    case "F": s.quitIfShort = true; return true;
    case "E": s.quitAtEnd = "first"; return true;
    case "e": s.quitAtEnd = "second"; return true;
    case "m": s.prompt = "medium"; return true;
    case "M": s.prompt = "long"; return true;
    case "G": s.highlight = false; return true;
    default: return IGNORED.includes(c);
  }
}

/** Reads the words of the command line; the environment's LESS counts before them. */
function parse(proc: Process, args: readonly string[]): Parsed {
  const settings: PagerSettings = { ...DEFAULTS };
  const names: string[] = [];
  const warnings: string[] = [];
  const before = (proc.env.get("LESS") ?? "").split(/\s+/).filter((w) => w !== "").map((w) => (w.startsWith("-") ? w : `-${w}`));
  const words = [...before, ...args];
  for (let i = 0, plain = false; i < words.length; i++) {
    const word = words[i]!;
    if (plain || word === "-" || word === "" || !/^[-+]/.test(word)) names.push(word);
    else if (word === "--") plain = true;
    else if (word.startsWith("+")) settings.first = word.startsWith("++") ? word.slice(2) : word.slice(1);
    else {
      const letters = word.startsWith("--") ? longOption(word.slice(2), warnings) : word.slice(1);
      for (let k = 0; k < letters.length; k++) {
        const c = letters[k]!;
        if (c === "?") return { show: "help" };
        if (c === "V") return { show: "version" };
        if (WITH_VALUE.includes(c)) {
          const value = letters.slice(k + 1) || words[++i];
          if (value === undefined) return { error: `Value is required after -${c} (--${NAMES[c]})` };
          if (NUMERIC.includes(c) && !/^-?[0-9]+/.test(value)) warnings.push(`Number is required after -${c} (--${NAMES[c]})`);
          if (c === "p") settings.first = `/${value}\r`;
          else if (c === "x") settings.tab = Math.max(1, Number.parseInt(value, 10) || 8);
          break;
        }
        if (!flag(settings, c)) warnings.push(`There is no -${c} option ("less --help" for help)`);
      }
    }
  }
  if (/^[/?]/.test(settings.first) && !settings.first.endsWith("\r")) settings.first += "\r";
  // +20 is a line number: 20g.
  if (/^[0-9]+$/.test(settings.first)) settings.first += "g";
  settings.names = names;
  return { settings, warnings };
}

function longOption(text: string, warnings: string[]): string {
  const [name, value] = [text.replace(/=.*/s, ""), /=(.*)/s.exec(text)?.[1]];
  const exact = LONG[name];
  const begun = Object.keys(LONG).filter((l) => l.startsWith(name));
  const letter = exact ?? (begun.length === 1 ? LONG[begun[0]!] : undefined);
  if (letter !== undefined) return letter + (value ?? "");
  warnings.push(`There is no ${name} option ("less --help" for help)`);
  return "";
}

/** Without a terminal: the files one after the other; what cannot be opened is said on standard output. */
function* copy(t: Tool, names: readonly string[]): Run<number> {
  for (const name of names) {
    const isDirectory = t.proc.machine.fs.stat(name);
    if (name !== "-" && isDirectory.ok && isDirectory.value.type === "dir") {
      yield* t.say(`${name} is a directory\n`);
      continue;
    }
    const input = t.open(name);
    if (typeof input === "string") {
      yield* t.say(`${name}: ${strerror(input)}\n`);
      continue;
    }
    for (let c = yield* input.chunk(); c !== ""; c = yield* input.chunk()) yield* t.print(c);
    input.close();
  }
  return 0;
}

const man = {
  summary: "opposite of more",
  synopsis: ["less [-FIMNRSXEeGim] [-p pattern] [-x tab] [+command] [file]..."],
  emulated: [
    "Keys: SPACE b d u j k and arrows, g G Np, /pattern ?pattern n N, :n :p, h, =, m ', r, - with N S i I R M m, q",
    "-N line numbers, -S no wrapping, -R colours, -i -I case, -F, -X, -E, -e, -m, -M, -G, -p, -x; +G, +N, +/pattern; the variable LESS",
    "Reads a pipe only as far as it is shown.",
  ],
  notEmulated: ["F (follow), & (filter), v, !, |, s; -P, -t, lesskey, LESSOPEN, and other options, which have no effect"],
  examples: ["ip route | less", "less -N /etc/services"],
};

export const less: Command = defineCommand({
  name: "less",
  aliases: ["pager"],
  man,
  *run(proc, args) {
    const t = new Tool(proc);
    const parsed = parse(proc, args);
    if ("show" in parsed) {
      yield* t.say(parsed.show === "help" ? helpText(man) : "less 590 (GNU regular expressions)\n");
      return yield* t.finish(0);
    }
    if ("error" in parsed) {
      yield* proc.warn(`${parsed.error}\n`);
      return 0;
    }
    const { settings, warnings } = parsed;
    for (const w of warnings) yield* proc.warn(`${w}\n`);
    const tty = pagerTerminal(proc);
    if (settings.names.length === 0) {
      if (proc.fds.get(0)?.kind === "tty") {
        yield* proc.print('Missing filename ("less --help" for help)\n');
        return 0;
      }
      settings.names = ["-"];
    }
    return tty ? yield* runPager(proc, tty, settings) : yield* t.finish(yield* copy(t, settings.names));
  },
});
