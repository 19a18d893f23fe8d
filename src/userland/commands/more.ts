/** more: util-linux 2.38. On a terminal a screen at a time; elsewhere it copies. */
import { strerror } from "../../kernel/errno.ts";
import { octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { compileRegex, type Regex } from "../regex.ts";
import { defineTool, helpText, type Tool } from "../tool.ts";
import type { Tty } from "../tty.ts";
import { Document, type Look, rowsOf } from "./less/document.ts";
import { Keyboard } from "./less/keyboard.ts";

const RULE = "::::::::::::::\n";
const CLEAR_LINE = "\r\x1b[K";

const HELP = `A command may have a number k before it.
-------------------------------------------------------------------------------
<space>                 The next k lines [a screen]
<return>                The next k lines [1]
d or ctrl-D             The next k lines [11]
b or ctrl-B             Back k screens [1]
f                       On k screens without showing them [1]
s                       On k lines without showing them [1]
/<regular expression>   To the kth line that matches [1]
n                       The same again
=                       The number of the line
:n  :p                  The next file, the one before
:f                      The name of the file and the line
q or Q or <interrupt>   Leave
-------------------------------------------------------------------------------
`;

interface Settings {
  lines: number | undefined;
  quitAtEnd: boolean;
  squeeze: boolean;
  /** +N and +/pattern. */
  from: number;
  pattern: string | undefined;
}

/** One file on a terminal. */
class Screen {
  private readonly t: Tool;
  private readonly keys: Keyboard;
  private readonly tty: Tty;
  private readonly doc: Document;
  private readonly name: string | undefined;
  private readonly s: Settings;
  /** The next line, and the next row of it. */
  private line = 0;
  private row = 0;
  private pattern: Regex | undefined;

  constructor(t: Tool, keys: Keyboard, tty: Tty, doc: Document, name: string | undefined, s: Settings) {
    this.t = t;
    this.keys = keys;
    this.tty = tty;
    this.doc = doc;
    this.name = name;
    this.s = s;
  }

  private get height(): number {
    return Math.max(1, this.s.lines ?? this.tty.rows - 1);
  }

  private look(): Look {
    return { columns: this.tty.columns, chop: false, shift: 0, colours: true, tab: 8 };
  }

  private *write(text: string): Run<void> {
    yield* this.keys.write(text);
  }

  private *reach(line: number): Run<boolean> {
    for (let n = 1; this.doc.lines.length <= line; n++) {
      if (this.keys.interrupted) return false;
      const got = this.doc.poll();
      if (got === "end") return this.doc.lines.length > line;
      if (got === "wait") {
        const key = yield* this.keys.key(this.doc.source ? [this.doc.source] : []);
        if (key === "q" || key === "Q") this.keys.interrupted = true;
      } else if (n % 32 === 0) yield { until: this.t.proc.now };
    }
    return true;
  }

  /** The next row of text without moving on. */
  private *nextRow(): Run<string | undefined> {
    while (this.s.squeeze && this.row === 0 && this.line > 0 && (yield* this.reach(this.line)) && this.doc.lines[this.line] === "" && this.doc.lines[this.line - 1] === "") this.line++;
    if (!(yield* this.reach(this.line))) return undefined;
    return rowsOf(this.doc.lines[this.line]!, this.look())[this.row] ?? "";
  }

  private advance(): void {
    const rows = rowsOf(this.doc.lines[this.line]!, this.look()).length;
    if (this.row + 1 < rows) this.row++;
    else {
      this.row = 0;
      this.line++;
    }
  }

  private *show(count: number): Run<void> {
    for (let n = 0; n < count; n++) {
      const text = yield* this.nextRow();
      if (this.keys.interrupted) return;
      if (text === undefined) {
        if (this.s.quitAtEnd) return;
        yield* this.write("\n");
        continue;
      }
      yield* this.write(`${n === 0 ? `\r${text}\x1b[K` : text}\n`);
      this.advance();
    }
  }

  private *ended(): Run<boolean> {
    if (this.line === this.doc.lines.length && !this.doc.ended) this.doc.poll();
    return this.doc.ended && this.line >= this.doc.lines.length;
  }

  private *prompt(): Run<void> {
    if (yield* this.ended()) return void (yield* this.write("\x1b[7m--More--\r\x1b[K(END)\x1b[27m"));
    const total = this.doc.source?.inode?.data?.length;
    const at = this.line === 0 ? 0 : this.doc.endOf(this.line - 1);
    yield* this.write(`\x1b[7m--More--${total ? `(${Math.floor((at * 100) / total)}%)` : ""}\x1b[27m`);
  }

  /** @returns where to go: another file, or out. */
  *run(header: number): Run<number | "quit" | "end"> {
    if (this.s.pattern !== undefined) yield* this.search(this.s.pattern, 1);
    else this.line = Math.max(0, this.s.from - 1);
    yield* this.show(this.height - header);
    let count = "";
    for (let fresh = true; ; ) {
      if (this.keys.interrupted) return "quit";
      if (this.s.quitAtEnd && (yield* this.ended())) return "end";
      if (fresh) yield* this.prompt();
      fresh = false;
      const key = yield* this.keys.key();
      if (key === undefined) continue;
      if (/^[0-9]$/.test(key)) {
        count += key;
        continue;
      }
      const n = count === "" ? undefined : Math.min(Number(count), 1_000_000);
      count = "";
      const went = yield* this.obey(key, n);
      if (went === "quit" || typeof went === "number") return went;
      fresh = went;
    }
  }

  /** @returns whether the prompt is shown again; where to go. */
  private *obey(key: string, n: number | undefined): Run<boolean | number | "quit"> {
    switch (key) {
      case "q": case "Q":
        yield* this.write(CLEAR_LINE);
        return "quit";
      case " ": case "z": case "pgdn": yield* this.show(n ?? this.height); return true;
      case "\n": case "\r": case "down": yield* this.show(n ?? 1); return true;
      case "d": case "\x04": yield* this.show(n ?? 11); return true;
      case "b": case "\x02": case "pgup": yield* this.back(n ?? 1); return true;
      case "s": yield* this.skip(n ?? 1); return true;
      case "f": yield* this.skip((n ?? 1) * this.height); return true;
      case "=": yield* this.write(`${CLEAR_LINE}${this.line}`); return false;
      case "/": yield* this.ask(n ?? 1); return true;
      case "n": yield* this.again(n ?? 1); return true;
      case "h": case "?": yield* this.write(`${CLEAR_LINE}${HELP}`); return true;
      case ":": return yield* this.colon(n ?? 1);
      case "\x0c": yield* this.back(0); return true;
      case "!": case "v": case "'": case ".":
        yield* this.write(`${CLEAR_LINE}packetwalk: 'more ${key}' is not emulated\n`);
        return true;
      default: return false;
    }
  }

  private *back(screens: number): Run<void> {
    if (screens > 0) yield* this.write(`${CLEAR_LINE}...back ${screens} page${screens === 1 ? "" : "s"}\n`);
    this.line = Math.max(0, this.line - this.height * (screens + 1));
    this.row = 0;
    yield* this.show(this.height);
  }

  private *skip(lines: number): Run<void> {
    yield* this.write(`${CLEAR_LINE}\n...skipping ${lines} line${lines === 1 ? "" : "s"}\n\n`);
    yield* this.reach(this.line + lines);
    this.line = Math.min(this.line + lines, this.doc.lines.length);
    this.row = 0;
    yield* this.show(this.height);
  }

  private *ask(n: number): Run<void> {
    yield* this.write(`${CLEAR_LINE}/`);
    let text = "";
    for (;;) {
      const key = yield* this.keys.key();
      if (this.keys.interrupted) return;
      if (key === "\r" || key === "\n") break;
      if (key === "\x7f" || key === "\b") {
        if (text === "") return;
        text = text.slice(0, -1);
      } else if (key !== undefined && key >= " " && [...key].length === 1) text += key;
      yield* this.write(`${CLEAR_LINE}/${text}`);
    }
    if (text === "") yield* this.again(n);
    else yield* this.search(text, n);
  }

  private *search(text: string, n: number): Run<void> {
    const compiled = compileRegex(octets(text), { syntax: "sed-bre" });
    if (!compiled.ok) return void (yield* this.write(`${CLEAR_LINE}${compiled.error}`));
    this.pattern = compiled.value;
    yield* this.again(n);
  }

  /** Two lines of context stand before what was found. */
  private *again(n: number): Run<void> {
    if (!this.pattern) return void (yield* this.write(`${CLEAR_LINE}No previous regular expression\n`));
    let at = this.line;
    for (let left = n; yield* this.reach(at); at++) {
      if (!this.pattern.test(this.doc.lines[at]!) || --left > 0) continue;
      yield* this.write(`${CLEAR_LINE}...skipping\n`);
      this.line = Math.max(0, at - 2);
      this.row = 0;
      return void (yield* this.show(this.height - 1));
    }
    yield* this.write(`${CLEAR_LINE}Pattern not found\n`);
  }

  private *colon(n: number): Run<boolean | number | "quit"> {
    yield* this.write(`${CLEAR_LINE}:`);
    for (;;) {
      const key = yield* this.keys.key();
      if (this.keys.interrupted || key === "q") return "quit";
      if (key === "n") return n;
      if (key === "p") return -n;
      if (key === "f") yield* this.write(`${CLEAR_LINE}"${this.name ?? "[Not a file]"}" line ${this.line}`);
      if (key !== undefined) return key !== "f";
    }
  }
}

function* onTerminal(t: Tool, tty: Tty, names: readonly string[], s: Settings): Run<number> {
  const keys = new Keyboard(t.proc, tty);
  try {
    const files = names.length > 0 ? names : [undefined];
    for (let i = 0; i < files.length && i >= 0; ) {
      const name = files[i];
      const doc = yield* openFile(t, name);
      if (!doc) {
        i++;
        continue;
      }
      const header = files.length > 1;
      if (header) yield* keys.write(`${RULE}${name}\n${RULE}`);
      const went = yield* new Screen(t, keys, tty, doc, name, s).run(header ? 3 : 0);
      if (went === "quit") break;
      i = went === "end" ? i + 1 : Math.max(0, i + went);
    }
  } finally {
    keys.restore();
  }
  return t.status;
}

/** What is no file to show is said, and passed over. */
function* openFile(t: Tool, name: string | undefined): Run<Document | undefined> {
  if (name === undefined) return new Document(t.proc.fds.get(0));
  const opened = t.proc.machine.fs.open(t.proc, name, { read: true });
  if (!opened.ok) {
    yield* t.warn(`cannot open ${name}: ${strerror(opened.error)}`);
    return undefined;
  }
  if (opened.value.kind !== "directory") return new Document(opened.value);
  yield* t.say(`\n*** ${name}: directory ***\n\n`);
  yield* t.out.flush();
  return undefined;
}

function* copy(t: Tool, names: readonly string[]): Run<number> {
  // A file's name stands before it also when standard input is no terminal.
  const headers = names.length > 1 || t.proc.fds.get(0)?.kind !== "tty";
  for (const name of names.length > 0 ? names : [undefined]) {
    const doc = yield* openFile(t, name);
    if (!doc) continue;
    if (name !== undefined && headers) yield* t.say(`${RULE}${name}\n${RULE}`);
    yield* copyText(t, doc);
  }
  return t.status;
}

function* copyText(t: Tool, doc: Document): Run<void> {
  const file = doc.source;
  for (;;) {
    const got = file?.read(65536) ?? new Uint8Array(0);
    if (got === "EAGAIN") {
      yield { read: [file!] };
      continue;
    }
    if (typeof got === "string" || got.length === 0) return;
    yield* t.out.flush();
    yield* t.proc.print(got);
    yield { until: t.proc.now };
  }
}

/** -20 and +20 and +/text, as words of their own. */
function old(args: readonly string[]): { rest: string[]; s: Partial<Settings> } {
  const s: Partial<Settings> = {};
  const rest = args.filter((word) => {
    if (/^-[0-9]+$/.test(word)) s.lines = Number(word.slice(1));
    else if (/^\+[0-9]+$/.test(word)) s.from = Number(word.slice(1));
    else if (word.startsWith("+/")) s.pattern = word.slice(2);
    else return true;
    return false;
  });
  return { rest, s };
}

const MAN = {
  summary: "file perusal filter for crt viewing",
  synopsis: ["more [options] file ..."],
  emulated: ["Keys: SPACE, RETURN, d, b, f, s, /, n, =, :n, :p, :f, h, q", "-NUMBER, -n NUMBER: lines a screen; +NUMBER, +/PATTERN: where to begin; -s: one empty line for several; -e: leave at the end", "-d, -l, -f, -p, -c, -u: no effect"],
  notEmulated: ["!, v, ' and ."],
  examples: ["ip addr | more"],
};

export const more = defineTool({
  name: "more",
  suite: "util-linux",
  version: "2.38.1",
  man: MAN,
  shorts: "defclpsun:hV",
  longs: { silent: "d", logical: "f", "exit-on-eof": "e", "no-pause": "l", "print-over": "c", "clean-print": "p", squeeze: "s", plain: "u", lines: "n:" },
  adapt: (args) => args.filter((a) => !/^-[0-9]+$|^\+[0-9]+$|^\+\//.test(a)),
  *run(t, options, operands) {
    if (options.some((o) => o.key === "V")) {
      yield* t.say("more from util-linux 2.38.1\n");
      return 0;
    }
    if (options.some((o) => o.key === "h")) {
      yield* t.say(helpText(MAN));
      return 0;
    }
    const { s } = old(t.proc.argv.slice(1));
    const lines = options.findLast((o) => o.key === "n")?.value;
    const settings: Settings = {
      lines: lines === undefined ? s.lines : Number(lines), from: s.from ?? 1, pattern: s.pattern, quitAtEnd: options.some((o) => o.key === "e"), squeeze: options.some((o) => o.key === "s"),
    };
    if (operands.length === 0 && t.proc.fds.get(0)?.kind === "tty") return yield* t.usage("bad usage");
    const tty = t.proc.fds.get(1)?.tty;
    return tty ? yield* onTerminal(t, tty, operands, settings) : yield* copy(t, operands);
  },
});
