/**
 * Line editing on a terminal, as readline's emacs mode does it (bash(1) READLINE): keys in, a screen that shows the line
 * right in columns, wrapped lines and wide characters included.
 */
import { decodeUtf8 } from "../../base/bytes.ts";
import type { Run } from "../process.ts";
import type { Tty } from "../tty.ts";
import { commonPrefix, complete } from "./completion.ts";
import { historyWords } from "./history.ts";
import type { Shell } from "./shell.ts";
import { charWidth, textWidth } from "./width.ts";

/** Longest line (limits of the shell): more is not taken. */
const MAX_LINE = 65536;
const MAX_UNDO = 200;
/** Candidates beyond this are shown only when the person says so. */
const MANY = 100;

/** A key: a character that stands for itself, or a name. */
type Key = { text: string } | { name: string };

export class LineEditor {
  private readonly sh: Shell;
  private tty!: Tty;
  /** Characters of the line. */
  private line: string[] = [];
  private cursor = 0;
  /** Place of the screen's cursor: rows below the row where the prompt's last line begins. */
  private row = 0;
  private prompt = "";
  private kills: string[] = [];
  private lastKill = false;
  private undo: { line: string[]; cursor: number }[] = [];
  /** Lines of the history as they are being edited; the last one is new. */
  private entries: string[] = [];
  private entry = 0;
  private tabbed = false;
  private lastArgument = 0;
  private out = "";
  /** Where the line ends on the screen, while that is known. */
  private end: { row: number; column: number } | undefined;

  constructor(sh: Shell) {
    this.sh = sh;
  }

  /** A line with its newline; undefined at the end of the input (Ctrl-D on an empty line). */
  *readLine(prompt: string): Run<string | undefined | "interrupted"> {
    const file = this.sh.proc.fds.get(0);
    if (!file?.tty) return undefined;
    this.tty = file.tty;
    this.begin(prompt);
    const mode = this.tty.mode;
    this.tty.mode = { ...mode, canonical: false, echo: false, signals: false, crToNl: false };
    // No carriage return: what a command left on the line without a newline stays readable.
    this.out += `\x1b[?2004h${clean(this.prompt)}`;
    this.row = this.layout(0).row;
    this.end = undefined;
    try {
      for (;;) {
        yield* this.flush();
        const key = yield* this.readKey();
        if (key === undefined) return undefined;
        const done = yield* this.press(key);
        if (done === "accept") return `${this.finish("\n")}\n`;
        if (done === "end") {
          this.finish("\r");
          return undefined;
        }
        if (done === "interrupt") {
          this.out += "^C";
          this.finish("\n");
          return "interrupted";
        }
      }
    } finally {
      this.tty.mode = mode;
      yield* this.flush();
    }
  }

  private begin(prompt: string): void {
    // Only the prompt's last line is drawn again with each change.
    const nl = prompt.lastIndexOf("\n");
    this.out = clean(prompt.slice(0, nl + 1));
    this.prompt = prompt.slice(nl + 1);
    this.line = [];
    this.cursor = 0;
    this.row = 0;
    this.undo = [];
    this.entries = [...this.sh.history, ""];
    this.entry = this.entries.length - 1;
    this.lastKill = this.tabbed = false;
    this.lastArgument = 0;
  }

  /** Leaves the line on the screen. @returns its text. */
  private finish(end: string): string {
    if (this.cursor !== this.line.length) {
      this.cursor = this.line.length;
      this.place();
    }
    // After a full row the cursor is on a fresh one already.
    const { column, row } = this.layout(this.line.length);
    const fresh = column === 0 && row > 0 && this.line[this.line.length - 1] !== "\n";
    this.out += `${end === "\n" && !fresh ? "\n" : ""}\x1b[?2004l\r`;
    return this.line.join("");
  }

  private *flush(): Run<void> {
    if (this.out === "") return;
    const text = this.out;
    this.out = "";
    yield* this.sh.proc.warn(text);
  }

  // -- the screen ---------------------------------------------------------------------------------------------------

  /** Where the cursor is after the prompt and so many characters. */
  private layout(count: number, prompt = this.prompt): { row: number; column: number } {
    const { columns } = this.tty;
    let row = 0;
    let column = 0;
    const put = (width: number): void => {
      if (column + width > columns) {
        row++;
        column = 0;
      }
      column += width;
    };
    for (const c of visible(prompt)) put(charWidth(c.codePointAt(0)!));
    for (let i = 0; i < count; i++) {
      const c = this.line[i]!;
      if (c === "\n") {
        row++;
        column = 0;
      } else for (const shown of shownAs(c, column)) put(charWidth(shown.codePointAt(0)!));
    }
    // A full row: the cursor stands at the start of the next.
    if (column >= columns) {
      row++;
      column = 0;
    }
    return { row, column };
  }

  /** Draws the prompt's last line and the line anew. */
  private draw(prompt = this.prompt): void {
    this.out += `\r${this.row > 0 ? `\x1b[${this.row}A` : ""}`;
    this.out += clean(prompt) + this.shown(prompt);
    const end = this.layout(this.line.length, prompt);
    this.end = prompt === this.prompt ? end : undefined;
    // The terminal wraps only when something follows: make it so.
    if (end.column === 0 && end.row > 0 && this.line[this.line.length - 1] !== "\n") this.out += " \r";
    this.out += "\x1b[J";
    this.row = end.row;
    this.place(prompt);
  }

  private shown(prompt: string): string {
    let column = this.layout(0, prompt).column;
    let out = "";
    for (const c of this.line) {
      const text = c === "\n" ? "\n" : shownAs(c, column);
      out += text;
      column = c === "\n" ? 0 : column + textWidth(text);
    }
    return out;
  }

  /** Moves the screen's cursor to the line's. */
  private place(prompt = this.prompt): void {
    const to = this.layout(this.cursor, prompt);
    if (to.row < this.row) this.out += `\x1b[${this.row - to.row}A`;
    else if (to.row > this.row) this.out += `\x1b[${to.row - this.row}B`;
    this.out += `\r${to.column > 0 ? `\x1b[${to.column}C` : ""}`;
    this.row = to.row;
  }

  private bell(): void {
    this.out += "\x07";
  }

  // -- keys ---------------------------------------------------------------------------------------------------------

  private *byte(): Run<number | undefined> {
    const { proc } = this.sh;
    let resized = false;
    proc.onSignal("SIGWINCH", () => (resized = true));
    for (;;) {
      const got = this.tty.read(1);
      if (got === "EAGAIN") {
        yield { read: [this.tty] };
        if (resized) {
          resized = false;
          this.sh.set("LINES", String(this.tty.rows));
          this.sh.set("COLUMNS", String(this.tty.columns));
          this.draw();
          yield* this.flush();
        }
        continue;
      }
      return typeof got === "string" ? undefined : got[0];
    }
  }

  private *readKey(): Run<Key | undefined> {
    const first = yield* this.byte();
    if (first === undefined) return undefined;
    if (first === 27) return yield* this.escapeSequence();
    if (first === 127) return { name: "backspace" };
    if (first < 32) return { name: `C-${String.fromCharCode(first + 96)}` };
    if (first < 0x80) return { text: String.fromCharCode(first) };
    const need = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const octets = [first];
    while (octets.length < need) {
      const next = yield* this.byte();
      if (next === undefined) return undefined;
      octets.push(next);
    }
    return { text: decodeUtf8(Uint8Array.from(octets)) };
  }

  private *escapeSequence(): Run<Key | undefined> {
    const next = yield* this.byte();
    if (next === undefined) return undefined;
    const c = String.fromCharCode(next);
    if (c === "O") {
      const last = yield* this.byte();
      return last === undefined ? undefined : { name: CURSOR_KEYS[String.fromCharCode(last)] ?? "none" };
    }
    if (c !== "[") return { name: next === 127 ? "M-backspace" : next < 32 ? `M-C-${String.fromCharCode(next + 96)}` : `M-${c}` };
    let parameters = "";
    for (;;) {
      const b = yield* this.byte();
      if (b === undefined) return undefined;
      if (b >= 0x40 && b <= 0x7e) return { name: this.csi(parameters, String.fromCharCode(b)) };
      parameters += String.fromCharCode(b);
      if (parameters.length > 32) return { name: "none" };
    }
  }

  private csi(parameters: string, last: string): string {
    const modified = /^1;([2-8])$/.exec(parameters);
    const name = last === "~" ? (TILDE_KEYS[parameters.split(";")[0]!] ?? "none") : (CURSOR_KEYS[last] ?? "none");
    // Ctrl or Alt with an arrow moves by words.
    if (modified && (name === "left" || name === "right")) return name === "left" ? "M-b" : "M-f";
    return name;
  }

  /** What a key does. Says when the line is done. */
  private *press(key: Key): Run<"accept" | "end" | "interrupt" | undefined> {
    const name = "name" in key ? key.name : "";
    const wasKill = this.lastKill;
    const wasTab = this.tabbed;
    this.lastKill = this.tabbed = false;
    if (name !== "M-." && name !== "M-_") this.lastArgument = 0;
    if ("text" in key) {
      this.insert(key.text);
      this.typing = true;
      return undefined;
    }
    this.typing = false;
    switch (name) {
      case "C-m":
      case "C-j":
        return "accept";
      case "C-c":
        return "interrupt";
      case "C-d":
        if (this.line.length > 0) {
          this.remove(this.cursor, this.cursor + 1);
          return undefined;
        }
        return "end";
      case "C-i":
        yield* this.tab(wasTab);
        return undefined;
      case "C-r":
      case "C-s":
        return yield* this.search(name === "C-r" ? -1 : 1);
      case "C-v":
      case "C-q": {
        const next = yield* this.byte();
        if (next !== undefined) this.insert(String.fromCharCode(next));
        return undefined;
      }
      case "paste":
        yield* this.paste();
        return undefined;
      case "M-C-m":
        this.insert("\n");
        return undefined;
    }
    this.move(name, wasKill);
    return undefined;
  }

  private move(name: string, wasKill: boolean): void {
    const { line } = this;
    switch (name) {
      case "C-a":
      case "home":
        return this.goTo(0);
      case "C-e":
      case "end":
        return this.goTo(line.length);
      case "C-b":
      case "left":
        return this.goTo(this.cursor - 1);
      case "C-f":
      case "right":
        return this.goTo(this.cursor + 1);
      case "M-b":
        return this.goTo(this.wordStart());
      case "M-f":
        return this.goTo(this.wordEnd());
      case "C-p":
      case "up":
        return this.recall(this.entry - 1);
      case "C-n":
      case "down":
        return this.recall(this.entry + 1);
      case "M-<":
        return this.recall(0);
      case "M->":
        return this.recall(this.entries.length - 1);
      case "C-h":
      case "backspace":
        return this.cursor > 0 ? this.remove(this.cursor - 1, this.cursor) : this.bell();
      case "delete":
        return this.cursor < line.length ? this.remove(this.cursor, this.cursor + 1) : this.bell();
      case "C-k":
        return this.kill(this.cursor, line.length, wasKill);
      case "C-u":
        return this.kill(0, this.cursor, wasKill);
      case "C-w":
        return this.kill(this.blankWordStart(), this.cursor, wasKill);
      case "M-backspace":
      case "M-C-h":
        return this.kill(this.wordStart(), this.cursor, wasKill);
      case "M-d":
        return this.kill(this.cursor, this.wordEnd(), wasKill);
      case "C-y":
        return this.kills.length > 0 ? this.insert(this.kills[this.kills.length - 1]!) : this.bell();
      case "C-l":
        this.out += "\x1b[H\x1b[2J";
        this.row = 0;
        return this.draw();
      case "C-t":
        return this.transpose();
      case "C-\x7f": // Ctrl-_
        return this.takeBack();
      case "M-.":
      case "M-_":
        return this.lastArgumentBack();
      case "M-u":
      case "M-l":
      case "M-c":
        return this.changeCase(name[2]!);
      case "M-#":
        this.goTo(0);
        return this.insert("#");
      default:
    }
  }

  // -- changing the line --------------------------------------------------------------------------------------------

  private save(): void {
    const last = this.undo[this.undo.length - 1];
    // What is typed on at the end is taken back as a whole.
    if (last && this.cursor === this.line.length && this.cursor > last.cursor && last.cursor === last.line.length && this.typing) return;
    this.undo.push({ line: [...this.line], cursor: this.cursor });
    if (this.undo.length > MAX_UNDO) this.undo.shift();
  }
  private typing = false;

  private takeBack(): void {
    const before = this.undo.pop();
    if (!before) return this.bell();
    this.line = before.line;
    this.cursor = before.cursor;
    this.draw();
  }

  private insert(text: string): void {
    const chars = [...text];
    if (this.line.length + chars.length > MAX_LINE) return this.bell();
    this.save();
    if (this.cursor === this.line.length && chars.every((c) => c >= " " && c !== "\x7f")) {
      this.append(chars);
      return;
    }
    this.line.splice(this.cursor, 0, ...chars);
    this.cursor += chars.length;
    this.draw();
  }

  /** The common case costs what is typed, however long the line is. */
  private append(chars: readonly string[]): void {
    const { columns } = this.tty;
    let { row, column } = this.end ?? this.layout(this.line.length);
    for (const c of chars) {
      const width = charWidth(c.codePointAt(0)!);
      if (column + width > columns) {
        row++;
        column = 0;
      }
      this.line.push(c);
      this.out += c;
      column += width;
      if (column < columns) continue;
      // The terminal wraps only when something follows: make it so.
      this.out += " \r";
      row++;
      column = 0;
    }
    this.cursor = this.line.length;
    this.end = { row, column };
    this.row = row;
  }

  private remove(from: number, to: number): void {
    if (from >= to || from >= this.line.length) return this.bell();
    this.save();
    const atEnd = to === this.line.length && this.cursor === to;
    const [gone] = this.line.slice(from, to);
    const before = this.layout(this.cursor);
    this.line.splice(from, to - from);
    this.cursor = from;
    this.end = undefined;
    const after = this.layout(this.cursor);
    if (atEnd && to - from === 1 && before.row === after.row && before.column > 0 && gone! >= " ") this.out += `${"\b".repeat(before.column - after.column)}\x1b[K`;
    else this.draw();
  }

  private kill(from: number, to: number, append: boolean): void {
    this.lastKill = true;
    if (from >= to) return;
    const text = this.line.slice(from, to).join("");
    const backwards = to === this.cursor && from !== this.cursor;
    const last = append ? this.kills.pop() : undefined;
    this.kills.push(last === undefined ? text : backwards ? text + last : last + text);
    if (this.kills.length > 10) this.kills.shift();
    this.save();
    this.line.splice(from, to - from);
    this.cursor = from;
    this.draw();
  }

  private transpose(): void {
    if (this.cursor === 0 || this.line.length < 2) return this.bell();
    this.save();
    const at = this.cursor === this.line.length ? this.cursor - 1 : this.cursor;
    [this.line[at - 1], this.line[at]] = [this.line[at]!, this.line[at - 1]!];
    this.cursor = at + 1;
    this.draw();
  }

  private changeCase(how: string): void {
    const end = this.wordEnd();
    this.save();
    let started = false;
    for (let i = this.cursor; i < end; i++) {
      const c = this.line[i]!;
      const upper = how === "u" || (how === "c" && !started && isWord(c));
      if (isWord(c)) started = true;
      if (upper && c >= "a" && c <= "z") this.line[i] = String.fromCharCode(c.charCodeAt(0) - 32);
      if (!upper && c >= "A" && c <= "Z") this.line[i] = String.fromCharCode(c.charCodeAt(0) + 32);
    }
    this.cursor = end;
    this.draw();
  }

  private goTo(to: number): void {
    if (to < 0 || to > this.line.length) return this.bell();
    this.cursor = to;
    this.place();
  }

  private wordStart(): number {
    let i = this.cursor;
    while (i > 0 && !isWord(this.line[i - 1]!)) i--;
    while (i > 0 && isWord(this.line[i - 1]!)) i--;
    return i;
  }
  private wordEnd(): number {
    let i = this.cursor;
    while (i < this.line.length && !isWord(this.line[i]!)) i++;
    while (i < this.line.length && isWord(this.line[i]!)) i++;
    return i;
  }
  private blankWordStart(): number {
    let i = this.cursor;
    while (i > 0 && /\s/.test(this.line[i - 1]!)) i--;
    while (i > 0 && !/\s/.test(this.line[i - 1]!)) i--;
    return i;
  }

  private setLine(text: string): void {
    this.line = [...text];
    this.cursor = this.line.length;
    this.undo = [];
    this.draw();
  }

  private *paste(): Run<void> {
    const chars: string[] = [];
    const end = "\x1b[201~";
    while (chars.length <= MAX_LINE && !(chars[chars.length - 1] === "~" && chars.slice(-end.length).join("") === end)) {
      const c = yield* this.readKeyRaw();
      if (c === undefined) break;
      chars.push(c);
    }
    this.insert(chars.join("").replace(/\x1b\[201~$/, "").replace(/\r\n?/g, "\n"));
  }

  /** A character as it comes, escape sequences and all. */
  private *readKeyRaw(): Run<string | undefined> {
    const first = yield* this.byte();
    if (first === undefined) return undefined;
    const need = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const octets = [first];
    while (octets.length < need) {
      const next = yield* this.byte();
      if (next === undefined) return undefined;
      octets.push(next);
    }
    return decodeUtf8(Uint8Array.from(octets));
  }

  // -- history ------------------------------------------------------------------------------------------------------

  private recall(to: number): void {
    if (to < 0 || to >= this.entries.length) return this.bell();
    this.entries[this.entry] = this.line.join("");
    this.entry = to;
    this.setLine(this.entries[to]!);
  }

  /** Alt-. puts the last word of the line before; again, of the one before that. */
  private lastArgumentBack(): void {
    const { history } = this.sh;
    const n = this.lastArgument;
    const word = (back: number): string | undefined => historyWords(history[history.length - back] ?? "").at(-1);
    const next = word(n + 1);
    if (next === undefined) return this.bell();
    if (n > 0) {
      const length = [...(word(n) ?? "")].length;
      this.line.splice(this.cursor - length, length);
      this.cursor -= length;
    }
    this.lastArgument = n + 1;
    this.line.splice(this.cursor, 0, ...next);
    this.cursor += [...next].length;
    this.draw();
  }

  /** Incremental search: typing narrows it, the same key again goes on, any other key takes the line. */
  private *search(direction: 1 | -1): Run<"accept" | "interrupt" | undefined> {
    const original = { line: [...this.line], cursor: this.cursor };
    let text = "";
    let at = this.entries.length - 1;
    let failed = false;
    let way: 1 | -1 = direction;
    const find = (from: number): boolean => {
      for (let i = from; i >= 0 && i < this.entries.length; i += way) {
        const where = this.entries[i]!.lastIndexOf(text);
        if (where < 0) continue;
        at = i;
        this.line = [...this.entries[i]!];
        this.cursor = [...this.entries[i]!.slice(0, where)].length;
        return true;
      }
      return false;
    };
    for (;;) {
      this.draw(`(${failed ? "failed " : ""}${way < 0 ? "reverse-" : ""}i-search)\`${text}': `);
      yield* this.flush();
      const key = yield* this.readKey();
      if (key === undefined) return undefined;
      if ("text" in key) {
        text += key.text;
        failed = !find(at);
      } else if (key.name === "backspace" || key.name === "C-h") {
        text = [...text].slice(0, -1).join("");
        at = this.entries.length - 1;
        failed = text !== "" && !find(at);
      } else if (key.name === "C-r" || key.name === "C-s") {
        way = key.name === "C-r" ? -1 : 1;
        failed = !find(at + way);
      } else {
        if (key.name === "C-g") {
          this.line = original.line;
          this.cursor = original.cursor;
        } else this.entry = at;
        this.draw();
        if (key.name === "C-g" || key.name === "M-[") return undefined;
        const done = yield* this.press(key);
        return done === "end" ? undefined : done;
      }
    }
  }

  // -- completion ---------------------------------------------------------------------------------------------------

  private *tab(again: boolean): Run<void> {
    const before = this.line.slice(0, this.cursor).join("");
    const { start, candidates } = complete(this.sh, before);
    if (candidates.length === 0) return this.bell();
    const common = commonPrefix(candidates.map((c) => c.insert));
    const typed = before.slice(start);
    const whole = candidates.length === 1 ? candidates[0]!.insert : common.trimEnd();
    if (whole !== typed && whole.length >= typed.length - 1 && (candidates.length === 1 || whole.length > typed.length)) {
      const chars = [...typed].length;
      // A blank that is there already is not typed twice.
      const text = whole.endsWith(" ") && this.line[this.cursor] === " " ? whole.slice(0, -1) : whole;
      this.save();
      this.line.splice(this.cursor - chars, chars, ...text);
      this.cursor += [...text].length - chars;
      this.draw();
      if (candidates.length > 1) this.bell();
      return;
    }
    this.tabbed = true;
    if (!again) return this.bell();
    yield* this.list(candidates.map((c) => c.show));
  }

  private *list(shown: readonly string[]): Run<void> {
    const { cursor } = this;
    this.cursor = this.line.length;
    this.place();
    this.out += "\n";
    if (shown.length > MANY) {
      this.out += `Display all ${shown.length} possibilities? (y or n)`;
      yield* this.flush();
      for (;;) {
        const b = yield* this.byte();
        const c = b === undefined ? "n" : String.fromCharCode(b);
        if ("yY ".includes(c)) {
          this.out += "\n";
          break;
        }
        if ("nN\x7f\x03\x07".includes(c)) {
          this.out += "\n";
          return this.redrawBelow(cursor);
        }
        this.bell();
        yield* this.flush();
      }
    }
    this.out += inColumns(shown, this.tty.columns);
    this.redrawBelow(cursor);
  }

  private redrawBelow(cursor: number): void {
    this.row = 0;
    this.cursor = cursor;
    this.draw();
  }
}

const CURSOR_KEYS: Readonly<Record<string, string>> = { A: "up", B: "down", C: "right", D: "left", H: "home", F: "end" };
const TILDE_KEYS: Readonly<Record<string, string>> = { 1: "home", 7: "home", 4: "end", 8: "end", 3: "delete", 5: "M-<", 6: "M->", 200: "paste" };

function isWord(c: string): boolean {
  return /[0-9A-Za-z]/.test(c) || c > "\x7f";
}

/** A control character is shown as ^X, a tab as blanks. */
function shownAs(c: string, column: number): string {
  if (c === "\t") return " ".repeat(8 - (column % 8));
  const code = c.charCodeAt(0);
  return code < 32 || code === 127 ? `^${String.fromCharCode(code ^ 64)}` : c;
}

/** A prompt without the marks \[ and \] leave. */
function clean(prompt: string): string {
  return prompt.replace(/[\x01\x02]/g, "");
}

/** The characters of a prompt that take room. */
function visible(prompt: string): string {
  return prompt.replace(/\x01[^\x02]*\x02/g, "").replace(/\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07/g, "");
}

/** Down the columns, as readline and ls list. */
function inColumns(items: readonly string[], columns: number): string {
  const width = Math.max(...items.map(textWidth)) + 2;
  const across = Math.max(1, Math.floor(columns / width));
  const down = Math.ceil(items.length / across);
  let out = "";
  for (let r = 0; r < down; r++) {
    let line = "";
    for (let c = r; c < items.length; c += down) line += c + down < items.length ? items[c]! + " ".repeat(width - textWidth(items[c]!)) : items[c]!;
    out += `${line}\n`;
  }
  return out;
}
