/**
 * The pager on a terminal: keys, prompts and motion of less 590. Lines are written as less writes them: forwards below, backwards by
 * inserting at the top, so that without the alternate screen (-X) what was read stays.
 */
import { strerror } from "../../../kernel/errno.ts";
import { type Octets, octets } from "../../octets.ts";
import type { Process, Run } from "../../process.ts";
import { compileRegex, type Regex } from "../../regex.ts";
import type { Tty } from "../../tty.ts";
import { Document, type Look } from "./document.ts";
import { Keyboard } from "./keyboard.ts";
import { type Position, View } from "./view.ts";

export interface PagerSettings {
  /** Names to open; "-" is standard input. */
  names: readonly string[];
  /** A text that is there already, in place of names, and what it is called. */
  text?: Octets;
  chop: boolean;
  numbers: boolean;
  colours: boolean;
  /** "smart": capitals in the pattern count (-i). */
  ignoreCase: "no" | "smart" | "always";
  alternateScreen: boolean;
  /** -F, -E, -e. */
  quitIfShort: boolean;
  quitAtEnd: "no" | "first" | "second";
  highlight: boolean;
  squeeze: boolean;
  tab: number;
  /** Short (:), -m, -M, or the name of a manual page. */
  prompt: "short" | "medium" | "long" | { manual: string };
  /** Commands typed before the person's: +G, +/pattern. */
  first: string;
}

export const DEFAULTS: PagerSettings = {
  names: [], chop: false, numbers: false, colours: false, ignoreCase: "no", alternateScreen: true, quitIfShort: false, quitAtEnd: "no", highlight: true, squeeze: false, tab: 8, prompt: "short", first: "",
};

/** ti, ks, te and ke of xterm-256color. */
const ENTER = "\x1b[?1049h\x1b[22;0;0t";
const LEAVE = "\x1b[?1049l\x1b[23;0;0t";
const KEYPAD = "\x1b[?1h\x1b=";
const NO_KEYPAD = "\x1b[?1l\x1b>";
const CLEAR_LINE = "\r\x1b[K";
const HOME = "\x1b[H";
const CLEAR = "\x1b[H\x1b[2J";
const BELL = "\x07";
const TILDE = "\x1b[1m~\x1b[0m";

const standout = (text: string): string => `\x1b[7m${text}\x1b[27m`;

const HELP = `
                   SUMMARY OF COMMANDS

      A command marked with * may have a number before it: N.

  q                    Leave.
  h                    This page.

  j  DownArrow  RETURN *  One line forwards, or N.
  k  UpArrow           *  One line back, or N.
  SPACE  f  PageDown   *  One screen forwards, or N lines.
  b  PageUp            *  One screen back, or N lines.
  d                    *  Half a screen forwards.
  u                    *  Half a screen back.
  RightArrow LeftArrow *  Half a screen to the right, to the left.
  g  Home              *  To the first line, or line N.
  G  End               *  To the last line, or line N.
  p                    *  To N percent of the file.
  r                       Draw the screen again.

  /pattern             *  To the next line that matches; !pattern: that does not.
  ?pattern             *  To the line before that matches.
  n  N                 *  Again in the same, in the other direction.
  ESC u                   Marks of found text on and off.

  :n  :p               *  The next file, the one before.
  =                       Where in the file this is.
  ma  'a                  Remember a place, go back to it ('': where it was before).
  -N -S -i -I -R -M -m    Change an option.
`;

type Leave = { status: number };

class Pager {
  private readonly proc: Process;
  private readonly keys: Keyboard;
  private readonly s: PagerSettings;
  private names: string[];
  private index = 0;
  private view: View;
  /** A file behind the help page. */
  private behind: View | undefined;
  private firstPrompt = true;
  private shift = 0;
  private half: number | undefined;
  private pattern: Regex | undefined;
  private direction: 1 | -1 = 1;
  private inverted = false;
  private typed: string[];
  private message: string | undefined;
  private readonly places = new Map<string, Position>();
  /** The end was reached once before (-e). */
  private endSeen = false;
  private entered = false;
  private repaintAsked = false;

  constructor(proc: Process, tty: Tty, s: PagerSettings) {
    this.proc = proc;
    this.s = { ...s };
    this.names = [...s.names];
    this.keys = new Keyboard(proc, tty);
    this.typed = [...s.first];
    this.view = this.makeView(new Document(undefined, s.text ?? ""), undefined);
  }

  private makeView(doc: Document, name: string | undefined): View {
    const view = new View(doc, name, this.keys, () => this.look());
    view.numbers = this.s.numbers;
    view.highlight = this.s.highlight;
    view.pattern = this.pattern;
    return view;
  }

  private look(): Look {
    return { columns: this.keys.tty.columns, chop: this.s.chop || this.shift > 0, shift: this.shift, colours: this.s.colours, tab: this.s.tab };
  }

  private get height(): number {
    return Math.max(1, this.keys.tty.rows - 1);
  }

  private *write(text: string): Run<void> {
    yield* this.keys.write(text);
  }

  // -- files ----------------------------------------------------------------------------------------------------------

  /** Opens a file; what is wrong with it otherwise. */
  private open(name: string): View | string {
    const { fs } = this.proc.machine;
    if (name === "-") return this.makeView(new Document(this.proc.fds.get(0)), undefined);
    const found = fs.stat(name);
    if (!found.ok) return `${name}: ${strerror(found.error)}`;
    if (found.value.type === "dir") return `${name} is a directory`;
    const opened = fs.open(this.proc, name, { read: true });
    return opened.ok ? this.makeView(new Document(opened.value), name) : `${name}: ${strerror(opened.error)}`;
  }

  /** The first file that can be shown; messages of the others as less gives them before it starts. */
  private *start(): Run<number | undefined> {
    if (this.s.text !== undefined) return undefined;
    for (let i = 0; i < this.names.length; ) {
      const view = this.open(this.names[i]!);
      if (typeof view !== "string") {
        this.view = view;
        this.index = i;
        return undefined;
      }
      yield* this.write(`${view}\n`);
      this.names.splice(i, 1);
      if (i < this.names.length) {
        yield* this.write("Press RETURN to continue ");
        yield* this.anyKey();
        yield* this.write("\n");
      }
    }
    return 1;
  }

  private *anyKey(): Run<string> {
    for (;;) {
      const key = yield* this.keys.key();
      if (key !== undefined) return key;
      if (this.keys.interrupted) return "\r";
    }
  }

  // -- the whole ------------------------------------------------------------------------------------------------------

  *run(): Run<number> {
    const failed = yield* this.start();
    if (failed !== undefined) {
      this.keys.restore();
      return failed;
    }
    if (this.s.quitIfShort && (yield* this.fits())) return yield* this.justPrint();
    yield* this.write((this.s.alternateScreen ? ENTER : "") + KEYPAD);
    this.entered = true;
    this.keys.onStop(() => this.leaving(), () => {
      this.repaintAsked = true;
      this.keys.resized = true;
    });
    try {
      yield* this.firstScreen();
      for (;;) {
        if (this.view.left) break;
        if (this.s.quitAtEnd === "first" && (yield* this.atEnd()) && this.typed.length === 0 && !(yield* this.nextFile())) break;
        const done = yield* this.turn();
        if (done) return yield* this.end(done.status);
      }
      return yield* this.end(0);
    } finally {
      this.keys.restore();
    }
  }

  private leaving(): string {
    return CLEAR_LINE + NO_KEYPAD + (this.s.alternateScreen ? LEAVE : "");
  }

  private *end(status: number): Run<number> {
    if (this.entered) yield* this.write(this.leaving());
    this.entered = false;
    this.keys.restore();
    return status;
  }

  /** Whether all of it goes on one screen (-F). */
  private *fits(): Run<boolean> {
    if (this.names.length > 1) return false;
    const shown = yield* this.view.screen(this.height + 1);
    return shown.length <= this.height && this.view.doc.ended;
  }

  private *justPrint(): Run<number> {
    for (const p of yield* this.view.screen(this.height)) yield* this.write(`${this.view.text(p)}\n`);
    this.keys.restore();
    return 0;
  }

  private *firstScreen(): Run<void> {
    yield* this.write("\r");
    const shown = yield* this.view.screen(this.height);
    this.view.squished = shown.length < this.height;
    for (const p of shown) yield* this.write(`${this.view.text(p)}\n`);
  }

  /** One command. */
  private *turn(): Run<Leave | undefined> {
    if (this.keys.interrupted) {
      this.keys.interrupted = false;
      yield* this.write(BELL);
    }
    if (this.keys.resized) {
      this.keys.resized = false;
      if (this.repaintAsked) yield* this.write((this.s.alternateScreen ? ENTER : "") + KEYPAD);
      this.repaintAsked = false;
      yield* this.repaint();
    }
    yield* this.prompt();
    let count = "";
    for (;;) {
      const given = this.typed.length > 0;
      const key = yield* this.command();
      if (key === undefined) return undefined;
      if (this.message !== undefined) {
        this.message = undefined;
        if (key === "\r" || key === "\n" || key === " ") return undefined;
      }
      if (/^[0-9]$/.test(key)) {
        if (count === "") yield* this.write(`${CLEAR_LINE}:`);
        count += key;
        yield* this.write(key);
        continue;
      }
      if (!given) this.firstPrompt = false;
      return yield* this.obey(key, count === "" ? undefined : Math.min(Number(count), 1_000_000_000));
    }
  }

  private *command(): Run<string | undefined> {
    return this.typed.shift() ?? (yield* this.keys.key());
  }

  // -- prompts --------------------------------------------------------------------------------------------------------

  private *prompt(): Run<void> {
    if (this.typed.length > 0) return;
    if (this.message !== undefined) {
      yield* this.write(CLEAR_LINE + standout(this.cut(`${this.message}  (press RETURN)`)));
      return;
    }
    const text = yield* this.promptText();
    yield* this.write(CLEAR_LINE + (text === "" ? ":" : standout(this.cut(text))) + "\x1b[K");
  }

  /** What does not fit goes off on the left. */
  private cut(text: string): string {
    const room = this.keys.tty.columns - 1;
    return text.length <= room ? text : text.slice(text.length - room);
  }

  private *atEnd(): Run<boolean> {
    const shown = yield* this.view.screen(this.height);
    const last = shown[shown.length - 1];
    // One line more is asked for only when it is there without waiting: a pipe's end shows when it comes.
    if (last && this.view.doc.lines.length === last.line + 1 && !this.view.doc.ended) this.view.doc.poll();
    if (!last) return this.view.doc.ended;
    if (last.row + 1 < this.view.rows(last.line).length) return false;
    return this.view.doc.ended && last.line + 1 >= this.view.doc.lines.length;
  }

  private *promptText(): Run<string> {
    const ended = yield* this.atEnd();
    const { prompt } = this.s;
    if (this.behind) return ended ? "HELP -- END -- Press g to see it again, or q when done" : "HELP -- Press RETURN for more, or q when done";
    if (typeof prompt === "object") return yield* this.manualPrompt(prompt.manual, ended);
    const parts = [this.firstPrompt || prompt === "long" ? this.title(this.firstPrompt) : "", prompt === "long" ? yield* this.lineRange() : "", ended ? this.endText() : prompt !== "short" ? yield* this.percent() : ""];
    return parts.filter((p) => p !== "").join(" ");
  }

  private title(full: boolean): string {
    const { name } = this.view;
    const files = full && this.names.length > 1 ? `(file ${this.index + 1} of ${this.names.length})` : "";
    return [name ?? "", files].filter((p) => p !== "").join(" ");
  }

  private endText(): string {
    const next = this.names[this.index + 1];
    return next === undefined || this.behind ? "(END)" : `(END) - Next: ${next}`;
  }

  private *lastLine(): Run<number> {
    const shown = yield* this.view.screen(this.height);
    return (shown[shown.length - 1]?.line ?? -1) + 1;
  }

  private *lineRange(): Run<string> {
    const last = yield* this.lastLine();
    if (last === 0) return "";
    yield* this.countLines();
    return `lines ${this.view.top.line + 1}-${last}${this.view.doc.ended ? `/${this.view.doc.lines.length}` : ""}`;
  }

  /** A file is read to its end to tell how many lines it has; a pipe is not. */
  private *countLines(): Run<void> {
    if (this.view.name === undefined) return;
    while (yield* this.view.reach(this.view.doc.lines.length));
  }

  private *percent(): Run<string> {
    const { total } = this.view.doc;
    const last = yield* this.lastLine();
    const at = last === 0 ? 0 : this.view.doc.endOf(last - 1);
    return total === undefined || total === 0 ? `byte ${at}` : `${Math.floor((at * 100) / total)}%`;
  }

  private *manualPrompt(name: string, ended: boolean): Run<string> {
    const { doc, top } = this.view;
    const lines = `line ${top.line + 1}${this.endSeen ? `/${doc.lines.length}` : ""}`;
    if (ended) this.endSeen = true;
    const where = ended ? " (END)" : this.endSeen ? ` ${yield* this.percent()}` : "";
    return ` Manual page ${name} ${lines}${where} (press h for help or q to quit)`;
  }

  private *info(): Run<string> {
    const last = yield* this.lastLine();
    const { total } = this.view.doc;
    const range = yield* this.lineRange();
    const byte = `byte ${last === 0 ? 0 : this.view.doc.endOf(last - 1)}${total === undefined ? "" : `/${total}`}`;
    return [this.title(true), range, byte, (yield* this.atEnd()) ? this.endText() : total === undefined ? "" : yield* this.percent()].filter((p) => p !== "").join(" ").replace(/(?<!\))$/, " ").trimEnd();
  }

  // -- drawing --------------------------------------------------------------------------------------------------------

  private *repaint(): Run<void> {
    this.view.squished = false;
    yield* this.write(CLEAR);
    yield* this.rowsBelow();
  }

  /** All rows of the screen, tildes where there is no text. */
  private *rowsBelow(): Run<void> {
    const shown = yield* this.view.screen(this.height);
    for (let i = 0; i < this.height; i++) yield* this.write(`${shown[i] ? this.view.text(shown[i]!) : TILDE}\n`);
  }

  private *forward(count: number): Run<void> {
    const screen = yield* this.view.screen(this.height);
    let last = screen[screen.length - 1];
    yield* this.write(CLEAR_LINE);
    for (let n = 0; n < count; n++) {
      const next = last && screen.length === this.height ? yield* this.view.after(last) : undefined;
      if (this.keys.interrupted || this.view.left) return;
      if (!next) {
        if (n === 0) yield* this.bellAtEnd();
        return;
      }
      yield* this.write(`${this.view.text(next)}\n`);
      last = next;
      this.view.top = (yield* this.view.after(this.view.top)) ?? this.view.top;
    }
  }

  private *bellAtEnd(): Run<void> {
    if (this.s.quitAtEnd !== "no" && (yield* this.atEnd())) {
      if (!(yield* this.nextFile())) this.view.left = true;
    } else yield* this.write(BELL);
  }

  private *back(count: number): Run<void> {
    let above = this.view.before(this.view.top);
    if (!above) return void (yield* this.write(BELL));
    if (this.view.squished) yield* this.repaint();
    yield* this.write(CLEAR_LINE);
    for (let n = 0; n < count && above; n++) {
      yield* this.write(`${HOME}\x1bM${this.view.text(above)}\n`);
      this.view.top = above;
      above = this.view.before(above);
    }
    yield* this.write(`\x1b[${this.height + 1};1H`);
  }

  /** Another place: shown from its line on. */
  private *jump(to: Position): Run<void> {
    this.places.set("'", this.view.top);
    this.view.top = to;
    this.view.squished = false;
    yield* this.write(`${CLEAR_LINE}...skipping...\n`);
    yield* this.rowsBelow();
  }

  // -- commands -------------------------------------------------------------------------------------------------------

  private *obey(key: string, n: number | undefined): Run<Leave | undefined> {
    switch (key) {
      case "q":
      case "Q":
        if (!this.behind) return { status: 0 };
        return void (yield* this.leaveHelp());
      case "Z":
        return (yield* this.keys.key()) === "Z" ? { status: 0 } : void (yield* this.write(BELL));
      case "j": case "e": case "\r": case "\n": case "\x0e": case "\x05": case "down": return void (yield* this.forward(n ?? 1));
      case "k": case "y": case "\x19": case "\x0b": case "\x10": case "up": return void (yield* this.back(n ?? 1));
      case " ": case "f": case "z": case "\x06": case "\x16": case "pgdn": return void (yield* this.forward(n ?? this.height));
      case "b": case "w": case "\x02": case "pgup": case "ESC v": return void (yield* this.back(n ?? this.height));
      case "d": case "\x04": return void (yield* this.forward((this.half = n ?? this.half ?? Math.ceil(this.height / 2))));
      case "u": case "\x15": return void (yield* this.back((this.half = n ?? this.half ?? Math.ceil(this.height / 2))));
      case "g": case "<": case "home": case "ESC <": return void (yield* this.toLine(n ?? 1));
      case "G": case ">": case "end": case "ESC >": return void (yield* n === undefined ? this.toEnd() : this.toLine(n));
      case "p": case "%": return void (yield* this.toPercent(n ?? 0));
      case "right": case "left": case "ESC )": case "ESC (": return void (yield* this.sideways(key === "right" || key === "ESC )" ? 1 : -1, n));
      case "r": case "R": case "\x0c": return void (yield* this.repaint());
      case "/": case "?": return void (yield* this.search(key, n ?? 1));
      case "n": case "N": return void (yield* this.again(key === "n" ? this.direction : this.direction === 1 ? -1 : 1, n ?? 1));
      case "ESC u": return void (yield* this.toggleMarks());
      case ":": return yield* this.colon(n ?? 1);
      case "=": case "\x07": this.message = yield* this.info(); return undefined;
      case "h": case "H": return void (yield* this.help());
      case "m": return void (yield* this.remember());
      case "'": return void (yield* this.goBack());
      case "-": return void (yield* this.option());
      case "V": this.message = "less 590"; return undefined;
      case "F": case "&": case "!": case "|": case "v": case "s": this.message = `packetwalk: 'less ${key}' is not emulated`; return undefined;
      default: return void (yield* this.write(BELL));
    }
  }

  private *toLine(line: number): Run<void> {
    const there = yield* this.view.reach(line - 1);
    if (this.view.left) return;
    if (!there && line > 1) {
      this.message = `Cannot seek to line number ${line}`;
      return;
    }
    yield* this.goTo(Math.max(0, line - 1));
  }

  /** To a line: by scrolling back when that is near, as less does. */
  private *goTo(line: number): Run<void> {
    const { top } = this.view;
    if (line > top.line || top.line - line > this.height) return void (yield* this.jump({ line, row: 0 }));
    let steps = 0;
    for (let p: Position | undefined = top; p && (p.line > line || p.row > 0); p = this.view.before(p)) steps++;
    if (steps > 0) {
      this.places.set("'", top);
      yield* this.back(steps);
    }
  }

  private *toEnd(): Run<void> {
    const to = yield* this.view.lastTop(this.height);
    if (this.view.left || (to.line === this.view.top.line && to.row === this.view.top.row)) return;
    yield* this.jump(to);
  }

  private *toPercent(percent: number): Run<void> {
    while (yield* this.view.reach(this.view.doc.lines.length));
    const { doc } = this.view;
    const at = Math.floor((doc.size * Math.min(100, percent)) / 100);
    let line = 0;
    while (line + 1 < doc.lines.length && doc.offsets[line + 1]! <= at) line++;
    if (percent >= 100) yield* this.toEnd();
    else yield* this.goTo(line);
  }

  private *sideways(step: 1 | -1, n: number | undefined): Run<void> {
    this.shift = Math.max(0, this.shift + step * (n ?? Math.floor(this.keys.tty.columns / 2)));
    yield* this.repaint();
  }

  private *help(): Run<void> {
    if (this.behind) return;
    this.behind = this.view;
    this.view = this.makeView(new Document(undefined, octets(HELP)), undefined);
    yield* this.write(`${CLEAR_LINE}...skipping...\n`);
    yield* this.rowsBelow();
  }

  private *leaveHelp(): Run<void> {
    this.view = this.behind!;
    this.behind = undefined;
    this.firstPrompt = true;
    yield* this.write(`${CLEAR_LINE}...skipping...\n`);
    yield* this.rowsBelow();
  }

  private *colon(n: number): Run<Leave | undefined> {
    yield* this.write(`${CLEAR_LINE} :`);
    const key = yield* this.anyKey();
    if (key === "q" || key === "Q") return { status: 0 };
    if (key === "n") {
      if (!(yield* this.toFile(this.index + n))) this.message ??= "No next file";
    } else if (key === "p") {
      if (!(yield* this.toFile(this.index - n))) this.message ??= "No previous file";
    } else if (key === "x") yield* this.toFile(0);
    else if (key === "f") this.message = yield* this.info();
    else yield* this.write(BELL);
    return undefined;
  }

  private *nextFile(): Run<boolean> {
    return yield* this.toFile(this.index + 1);
  }

  private *toFile(index: number): Run<boolean> {
    const name = this.names[index];
    if (name === undefined) return false;
    const view = this.open(name);
    if (typeof view === "string") {
      this.message = view;
      this.names.splice(index, 1);
      return true;
    }
    this.index = index;
    this.view = view;
    this.firstPrompt = true;
    this.endSeen = false;
    yield* this.write(`${CLEAR_LINE}...skipping...\n`);
    yield* this.rowsBelow();
    return true;
  }

  private *remember(): Run<void> {
    yield* this.write(`${CLEAR_LINE}set mark: `);
    const key = yield* this.anyKey();
    if (/^[A-Za-z]$/.test(key)) this.places.set(key, this.view.top);
    else yield* this.write(BELL);
  }

  private *goBack(): Run<void> {
    yield* this.write(`${CLEAR_LINE}goto mark: `);
    const key = yield* this.anyKey();
    if (key === "^") return void (yield* this.toLine(1));
    if (key === "$") return void (yield* this.toEnd());
    const place = this.places.get(key);
    if (place) yield* this.jump(place);
    else if (key === "'") yield* this.toLine(1);
    else this.message = "Mark not set";
  }

  /** -N and the like, typed while the text is shown. */
  private *option(): Run<void> {
    yield* this.write(`${CLEAR_LINE}-`);
    const key = yield* this.anyKey();
    const { s } = this;
    const told: Readonly<Record<string, () => string>> = {
      N: () => ((s.numbers = this.view.numbers = !s.numbers) ? "Display line numbers" : "Don't use line numbers"),
      S: () => ((s.chop = !s.chop) ? "Chop long lines" : "Fold long lines"),
      i: () => ((s.ignoreCase = s.ignoreCase === "smart" ? "no" : "smart") === "smart" ? "Ignore case in searches" : "Case is significant in searches"),
      I: () => ((s.ignoreCase = s.ignoreCase === "always" ? "no" : "always") === "always" ? "Ignore case in searches and in patterns" : "Case is significant in searches"),
      R: () => ((s.colours = !s.colours) ? "Display ANSI sequences directly, other control characters as ^X" : "Display control characters as ^X"),
      M: () => ((s.prompt = s.prompt === "long" ? "short" : "long") === "long" ? "Long prompt" : "Short prompt"),
      m: () => ((s.prompt = s.prompt === "medium" ? "short" : "medium") === "medium" ? "Medium prompt" : "Short prompt"),
      G: () => ((this.view.highlight = !this.view.highlight) ? "Highlight matches" : "Don't highlight search matches"),
    };
    const change = told[key];
    if (!change) {
      this.message = key === "\r" || key.length > 1 ? undefined : `There is no ${key} option ("less --help" for help)`;
      return;
    }
    const message = change();
    yield* this.repaint();
    this.message = message;
  }

  private *toggleMarks(): Run<void> {
    this.view.highlight = !this.view.highlight;
    yield* this.repaint();
  }

  // -- searching ------------------------------------------------------------------------------------------------------

  /** A line typed after / or ?. undefined: given up. */
  private *ask(sign: string): Run<string | undefined> {
    yield* this.write(CLEAR_LINE + sign);
    let text = "";
    for (;;) {
      const key = this.typed.shift() ?? (yield* this.keys.key());
      if (this.keys.interrupted) {
        this.keys.interrupted = false;
        return undefined;
      }
      if (key === "\r" || key === "\n") return text;
      if (key === "\x7f" || key === "\b") {
        if (text === "") return undefined;
        text = [...text].slice(0, -1).join("");
      } else if (key === "\x15") text = "";
      else if (key !== undefined && key >= " " && [...key].length === 1) text += key;
      yield* this.write(CLEAR_LINE + sign + text);
    }
  }

  private *search(sign: string, n: number): Run<void> {
    const asked = yield* this.ask(sign);
    if (asked === undefined) return;
    this.direction = sign === "/" ? 1 : -1;
    const inverted = asked.startsWith("!");
    const text = inverted ? asked.slice(1) : asked;
    if (text !== "") {
      this.inverted = inverted;
      const smart = this.s.ignoreCase === "smart" && !/[A-Z]/.test(text);
      const compiled = compileRegex(octets(text), { syntax: "sed-ere", ignoreCase: smart || this.s.ignoreCase === "always" });
      if (!compiled.ok) {
        this.message = `Invalid pattern: ${compiled.error}`;
        return;
      }
      this.pattern = compiled.value;
    } else if (!this.pattern) {
      this.message = "No previous regular expression";
      return;
    }
    yield* this.again(this.direction, n);
  }

  private *again(step: 1 | -1, n: number): Run<void> {
    const { pattern, view } = this;
    if (!pattern) {
      this.message = "No previous regular expression";
      return;
    }
    const fresh = view.pattern !== pattern || !view.highlight;
    view.pattern = this.inverted ? undefined : pattern;
    view.highlight = this.s.highlight;
    let found: number | undefined = view.top.line;
    for (let i = 0; i < n && found !== undefined; i++) found = yield* view.find(pattern, found + step, step, this.inverted);
    if (view.left) return;
    if (found === undefined) {
      this.message = this.keys.interrupted ? undefined : "Pattern not found";
      this.keys.interrupted = false;
      return;
    }
    this.places.set("'", view.top);
    view.top = { line: found, row: 0 };
    if (fresh || step < 0) yield* this.repaint();
    else yield* this.jump(view.top);
  }
}

/** The terminal a pager talks to: what it writes on. undefined: it does not, and copies. */
export function pagerTerminal(proc: Process): Tty | undefined {
  return proc.fds.get(1)?.tty;
}

export function* runPager(proc: Process, tty: Tty, s: PagerSettings): Run<number> {
  return yield* new Pager(proc, tty, s).run();
}

/** The page of a manual, on a terminal. */
export function* showManual(proc: Process, tty: Tty, name: string, text: string): Run<number> {
  return yield* runPager(proc, tty, { ...DEFAULTS, text: octets(text), ignoreCase: "smart", colours: true, prompt: { manual: name } });
}

