/** Tab completion: commands, files, variables, and what a command knows of its own words. */
import { builtins } from "./builtins/index.ts";
import { isKeywordOf } from "./keywords.ts";
import type { Shell } from "./shell.ts";

export interface Completion {
  /** Where the word that is completed begins in the line. */
  start: number;
  /** What can stand there, quoted as it would be typed; those that end a word have a blank behind. */
  candidates: { insert: string; show: string }[];
}

/** The word before the cursor and what stands before it in its command. */
interface Context {
  words: string[];
  word: string;
  start: number;
  quote: string;
  /** After < or >. */
  redirect: boolean;
}

function contextOf(line: string): Context {
  let words: string[] = [];
  let word = "";
  let start = 0;
  let quote = "";
  let inWord = false;
  let redirect = false;
  const finish = (): void => {
    if (inWord && !redirect) words.push(word);
    if (inWord) redirect = false;
    word = "";
    inWord = false;
  };
  const begin = (i: number): void => {
    if (!inWord) start = i;
    inWord = true;
  };
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (quote) {
      if (c === quote) quote = "";
      else if (c === "\\" && quote === '"' && i + 1 < line.length && '"\\$`'.includes(line[i + 1]!)) word += line[++i]!;
      else word += c;
    } else if (c === "\\" && i + 1 < line.length) {
      begin(i);
      word += line[++i]!;
    } else if (c === "'" || c === '"') {
      begin(i);
      quote = c;
    } else if (c === " " || c === "\t" || c === "\n") finish();
    else if (";|&(){}`".includes(c) && !(c === "{" && line[i - 1] === "$") && !(c === "}" && inWord)) {
      finish();
      words = [];
      redirect = false;
    } else if (c === "<" || c === ">") {
      if (/^[0-9]+$/.test(word)) inWord = false;
      finish();
      redirect = true;
    } else {
      begin(i);
      word += c;
    }
  }
  // "if ", "then ", "do ", "!" and assignments stand before a command.
  while (words.length > 0 && (isKeywordOf("bash", words[0]!) || /^[A-Za-z_][A-Za-z0-9_]*=/.test(words[0]!))) words.shift();
  return { words, word, start: inWord ? start : line.length, quote, redirect };
}

/** Programs whose first operand is a command again. */
const PREFIXES: ReadonlySet<string> = new Set(["sudo", "nohup", "exec", "command", "builtin", "time", "watch", "xargs", "nice", "env", "timeout"]);

function commandWords(words: readonly string[]): string[] {
  let rest = [...words];
  while (rest.length > 0 && PREFIXES.has(rest[0]!)) {
    const limited = rest[0] === "timeout";
    rest = rest.slice(1);
    while (rest[0]?.startsWith("-") || /^[A-Za-z_]+=/.test(rest[0] ?? "")) rest = rest.slice(1);
    if (limited && rest.length > 0) rest = rest.slice(1);
  }
  return rest;
}

export function complete(sh: Shell, line: string): Completion {
  const c = contextOf(line);
  const variable = c.quote === "'" ? null : /^(.*)\$(\{?)([A-Za-z_][A-Za-z0-9_]*)?$/.exec(c.word);
  if (variable) return variables(sh, c, variable);
  const words = c.redirect ? ["x"] : commandWords(c.words);
  if (words.length === 0 && !c.redirect && !c.word.includes("/")) return made(c, commandNames(sh, c.word).map((name) => ({ text: name, end: " " })));
  const own = c.redirect ? undefined : sh.proc.machine.command(baseOf(words[0] ?? ""));
  if (own?.complete && words.length > 0) {
    const found = [...new Set(own.complete(sh.proc, words, c.word))].filter((t) => t.startsWith(c.word)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    if (found.length > 0) return made(c, found.map((text) => ({ text, end: /[=/]$/.test(text) ? "" : " " })));
  }
  return made(c, files(sh, c.word, words[0] === "cd" || words[0] === "pushd" || words[0] === "rmdir"));
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

interface Candidate {
  text: string;
  end: string;
}

function made(c: Context, found: readonly Candidate[]): Completion {
  return {
    start: c.start,
    candidates: found.map(({ text, end }) => ({ insert: quoted(text, c.quote, end), show: text.endsWith("/") ? `${baseOf(text.slice(0, -1))}/` : baseOf(text) || text })),
  };
}

function quoted(text: string, quote: string, end: string): string {
  if (quote === "'") return `'${text}${end === " " ? "' " : ""}`;
  if (quote === '"') return `"${text.replace(/["\\$`]/g, "\\$&")}${end === " " ? '" ' : ""}`;
  return text.replace(/[\s'"\\|&;()<>{}*[\]?$`!#]/g, "\\$&").replace(/^(\\?~)/, "~") + end;
}

function variables(sh: Shell, c: Context, found: RegExpExecArray): Completion {
  const [, head, brace, name] = found;
  const names = [...sh.variables.keys()].filter((n) => n.startsWith(name ?? "")).sort((a, b) => (a < b ? -1 : 1));
  return {
    start: c.start,
    candidates: names.map((n) => ({ insert: `${c.quote}${head}$${brace}${n}${brace ? "}" : ""}${c.quote ? "" : " "}`, show: n })),
  };
}

function commandNames(sh: Shell, word: string): string[] {
  const names = new Set<string>([...builtins(sh.dialect).keys(), ...sh.aliases.keys(), ...sh.functions.keys(), "if", "for", "while", "until", "case", "function", "select", "time", "then", "else", "done", "do", "fi", "esac"]);
  const { fs } = sh.proc.machine;
  for (const dir of (sh.get("PATH") ?? "").split(":")) {
    const list = dir === "" ? undefined : fs.readdir(dir);
    if (!list?.ok) continue;
    for (const name of list.value) {
      if (!name.startsWith(word)) continue;
      const found = fs.stat(`${dir}/${name}`);
      if (found.ok && found.value.type === "file" && fs.access(found.value, 1)) names.add(name);
    }
  }
  return [...names].filter((n) => n.startsWith(word) && (word !== "" || /^[A-Za-z]/.test(n))).sort((a, b) => (a < b ? -1 : 1));
}

function files(sh: Shell, word: string, onlyDirectories: boolean): Candidate[] {
  const slash = word.lastIndexOf("/");
  const dir = word.slice(0, slash + 1);
  const prefix = word.slice(slash + 1);
  const { fs } = sh.proc.machine;
  const home = sh.get("HOME") ?? "/root";
  const real = dir.startsWith("~/") ? home + dir.slice(1) : dir;
  const list = fs.readdir(real === "" ? "." : real);
  if (!list.ok) return [];
  const out: Candidate[] = [];
  for (const name of list.value) {
    if (!name.startsWith(prefix) || (name.startsWith(".") && !prefix.startsWith("."))) continue;
    const found = fs.stat(`${real}${name}`);
    const isDirectory = found.ok && found.value.type === "dir";
    if (onlyDirectories && !isDirectory) continue;
    out.push({ text: `${dir}${name}${isDirectory ? "/" : ""}`, end: isDirectory ? "" : " " });
  }
  return out;
}

/** What all of them begin with. */
export function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? "";
  for (const t of texts) while (!t.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}
