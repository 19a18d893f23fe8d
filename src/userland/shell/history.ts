/** History of an interactive bash: what is kept, and history expansion (bash(1) HISTORY EXPANSION): !!, !n, !-n, !text, !?text?, !$, ^a^b^. */

export const HISTORY_SIZE = 500;

export function remember(history: string[], line: string): void {
  if (line.trim() === "") return;
  history.push(line);
  if (history.length > HISTORY_SIZE) history.shift();
}

/** Joins the lines of one command as `shopt -s cmdhist` does. `verbatim`: inside quotes or a here-document, where a newline counts. */
export function joinLine(before: string, line: string, verbatim: boolean): string {
  if (before === "") return line;
  if (verbatim) return `${before}\n${line}`;
  if (line.trim() === "") return before;
  const open = /(^|[\s;&|(])(do|then|else|elif|in|if|while|until|\{|\()\s*$|(\||&&|;|&|;;)\s*$/.test(before);
  if (before.endsWith("\\")) return before.slice(0, -1) + line;
  return `${before.trimEnd()}${open ? " " : "; "}${line.trimStart()}`;
}

export type Expanded = { kind: "same" } | { kind: "changed"; line: string; printOnly: boolean } | { kind: "missing"; event: string };

class Missing {
  readonly event: string;
  constructor(event: string) {
    this.event = event;
  }
}

export function expandHistory(line: string, history: readonly string[]): Expanded {
  try {
    const quick = /^\^([^^]*)\^([^^]*)\^?$/.exec(line);
    if (quick) {
      const last = history[history.length - 1];
      if (last === undefined || !last.includes(quick[1]!)) throw new Missing(`:s${line}`);
      return { kind: "changed", line: last.replace(quick[1]!, () => quick[2]!), printOnly: false };
    }
    return new Expander(line, history).run();
  } catch (e) {
    if (e instanceof Missing) return { kind: "missing", event: e.event };
    throw e;
  }
}

class Expander {
  private readonly line: string;
  private readonly history: readonly string[];
  private at = 0;
  private printOnly = false;

  constructor(line: string, history: readonly string[]) {
    this.line = line;
    this.history = history;
  }

  run(): Expanded {
    const { line } = this;
    let out = "";
    let changed = false;
    let double = false;
    while (this.at < line.length) {
      const c = line[this.at]!;
      if (c === "\\") {
        out += line.slice(this.at, this.at + 2);
        this.at += 2;
      } else if (c === "'" && !double) {
        const end = line.indexOf("'", this.at + 1);
        const stop = end < 0 ? line.length : end + 1;
        out += line.slice(this.at, stop);
        this.at = stop;
      } else if (c === "!" && !/^!([\s=(]|$)/.test(line.slice(this.at)) && !(double && line[this.at + 1] === '"') && !out.endsWith("${") && !out.endsWith("[")) {
        out += this.event(out);
        changed = true;
      } else {
        if (c === '"') double = !double;
        out += c;
        this.at++;
      }
    }
    return changed ? { kind: "changed", line: out, printOnly: this.printOnly } : { kind: "same" };
  }

  private take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.line.slice(this.at));
    if (found) this.at += found[0].length;
    return found ?? undefined;
  }

  private event(before: string): string {
    const start = this.at;
    const { history } = this;
    const last = history[history.length - 1];
    let command: string | undefined;
    let found: RegExpExecArray | undefined;
    if (this.take(/^!!/)) command = last;
    else if (this.take(/^!(?=[$^*:])/)) command = last;
    else if (this.take(/^!#/)) command = before;
    else if ((found = this.take(/^!(-?[0-9]+)/))) {
      const n = Number(found[1]);
      command = n < 0 ? history[history.length + n] : history[n - 1];
    } else if ((found = this.take(/^!\?([^?\n]*)\??/))) command = history.findLast((h) => h.includes(found![1]!));
    else if ((found = this.take(/^!([^\s:$^*;&|<>()"'-]+)/))) command = history.findLast((h) => h.startsWith(found![1]!));
    else {
      this.at++;
      return "!";
    }
    if (command === undefined) throw new Missing(this.line.slice(start, this.at));
    return this.modify(this.pick(command, start), start);
  }

  /** :0 :2 :^ :$ :* :2-4 :2* */
  private pick(command: string, start: number): string {
    const found = this.take(/^:?([$^*]|(?<=:)(?:[0-9]+(?:-[0-9$]*|\*)?|-[0-9]+))/) ?? this.takeNumber();
    if (!found) return command;
    const words = historyWords(command);
    const text = found[1]!;
    const end = words.length - 1;
    const index = (s: string): number => (s === "$" ? end : s === "^" ? 1 : Number(s));
    let range: [number, number];
    if (text === "*") range = [1, end];
    else if (text.endsWith("*")) range = [Number(text.slice(0, -1)), end];
    else if (text.includes("-")) {
      const [a, b] = text.split("-") as [string, string];
      range = [a === "" ? 0 : index(a), b === "" ? end - 1 : index(b)];
    } else range = [index(text), index(text)];
    if (text !== "*" && (range[0] > end || range[1] > end)) throw new Missing(`${this.line.slice(start, this.at)}: bad word specifier`.replace(": bad", ": bad"));
    return words.slice(range[0], range[1] + 1).join(" ");
  }

  private takeNumber(): RegExpExecArray | undefined {
    return this.take(/^:([0-9]+(?:-[0-9$]*|\*)?)/);
  }

  private modify(given: string, start: number): string {
    let text = given;
    for (;;) {
      const found = this.take(/^:(?:([pqxhtre])|(g?)s(.)([\s\S]*?)\3((?:(?!\3)[^\n])*)\3?)/);
      if (!found) return text;
      switch (found[1]) {
        case "p":
          this.printOnly = true;
          break;
        case "h":
          text = text.includes("/") ? text.slice(0, text.lastIndexOf("/")) : text;
          break;
        case "t":
          text = text.slice(text.lastIndexOf("/") + 1);
          break;
        case "r":
          text = text.replace(/\.[^./]*$/, "");
          break;
        case "e":
          text = /\.[^./]*$/.exec(text)?.[0] ?? "";
          break;
        case "q":
        case "x":
          text = `'${text.replaceAll("'", "'\\''")}'`;
          break;
        default: {
          const [, , all, , from, to] = found;
          if (!text.includes(from!)) throw new Missing(`${this.line.slice(start, this.at)}: substitution failed`);
          text = all ? text.split(from!).join(to!) : text.replace(from!, () => to!);
        }
      }
    }
  }
}

/** Words as history splits them: quotes hold together, operators stand alone. */
export function historyWords(command: string): string[] {
  return command.match(/(?:\\.|"(?:\\.|[^"])*"|'[^']*'|[^\s;&|<>()"'\\])+|&&|\|\||;;|[<>]+&?|[;&|()]/g) ?? [];
}
