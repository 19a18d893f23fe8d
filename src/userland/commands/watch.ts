/** watch: procps-ng 4.0.2, on the terminal's alternate screen. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { strerror } from "../../kernel/errno.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { defineCommand } from "../command.ts";
import { spawnCommand } from "../exec.ts";
import { getopt } from "../getopt.ts";
import { Capture } from "../pipe.ts";
import { statusOf, type Process, type Run } from "../process.ts";
import { charWidth, textWidth } from "../shell/width.ts";
import { strftime, wallTime } from "../wall-clock.ts";

const USAGE = `
Usage:
 watch [options] command

Options:
  -b, --beep             beep if command has a non-zero exit
  -c, --color            interpret ANSI color and style sequences
  -d, --differences[=<permanent>]
                         highlight changes between updates
  -e, --errexit          exit if command has a non-zero exit
  -g, --chgexit          exit when output from command changes
  -q, --equexit <cycles>
                         exit when output from command does not change
  -n, --interval <secs>  seconds to wait between updates
  -p, --precise          attempt run command in precise intervals
  -r, --no-rerun         do not rerun program on window resize
  -t, --no-title         turn off header
  -w, --no-wrap          turn off line wrapping
  -x, --exec             pass command to exec instead of "sh -c"

 -h, --help     display this help and exit
 -v, --version  output version information and exit

For more details see watch(1).
`;

const ENTER = "\x1b[?1049h\x1b[22;0;0t\x1b[1;24r\x1b(B\x1b[m\x1b[4l\x1b[?7h\x1b[H\x1b[2J";
const LEAVE = "\x1b[24;1H\x1b[?1049l\x1b[23;0;0t\r\x1b[?1l\x1b>";

interface Settings {
  interval: Nanos;
  title: boolean;
  differences: boolean;
  permanent: boolean;
  errexit: boolean;
  chgexit: boolean;
  beep: boolean;
  wrap: boolean;
  color: boolean;
  exec: boolean;
  precise: boolean;
}

function* runOnce(proc: Process, words: readonly string[], s: Settings): Run<{ text: string; status: number } | string> {
  const output = new Capture(256 * 1024);
  const fds = new Map(proc.fds);
  fds.set(1, output);
  fds.set(2, output);
  const child = spawnCommand(proc, s.exec ? words : ["/bin/sh", "-c", words.join(" ")], { fds });
  if (typeof child === "string") return strerror(child);
  const ended = yield* proc.waitChild(child);
  return { text: decodeUtf8(output.bytes()), status: ended ? statusOf(ended.exit) : 1 };
}

/** Cuts text into rows of a screen; a tab goes to the next eighth column. */
function rowsOf(text: string, columns: number, wrap: boolean, color: boolean): string[] {
  const plain = color ? text : text.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "");
  const rows: string[] = [];
  for (const line of plain.replace(/\n$/, "").split("\n")) {
    let row = "";
    let width = 0;
    for (let i = 0; i < line.length; ) {
      const sequence = color ? /^\x1b\[[0-9;]*m/.exec(line.slice(i, i + 24))?.[0] : undefined;
      if (sequence) {
        row += sequence;
        i += sequence.length;
        continue;
      }
      const c = String.fromCodePoint(line.codePointAt(i)!);
      i += c.length;
      const piece = c === "\t" ? " ".repeat(8 - (width % 8)) : c >= " " ? c : "";
      const w = c === "\t" ? piece.length : charWidth(c.codePointAt(0)!);
      if (width + w > columns) {
        if (!wrap) break;
        rows.push(row);
        row = "";
        width = 0;
      }
      row += piece;
      width += w;
    }
    rows.push(row);
  }
  return rows;
}

/** Reverse video where a character is not what it was. */
function marked(row: string, before: string): string {
  let out = "";
  let on = false;
  for (const [i, c] of [...row].entries()) {
    const differs = [...before][i] !== c;
    if (differs !== on) out += differs ? "\x1b[7m" : "\x1b[27m";
    on = differs;
    out += c;
  }
  return on ? `${out}\x1b[27m` : out;
}

function header(proc: Process, words: readonly string[], s: Settings, columns: number): string {
  const right = `${proc.machine.hostname}: ${strftime("%a %b %e %H:%M:%S %Y", wallTime(proc.now))}`;
  const left = `Every ${(s.interval / SECOND).toFixed(1)}s: `;
  const room = columns - textWidth(right) - left.length - 2;
  const command = words.join(" ");
  const shown = textWidth(command) <= room ? command : room > 3 ? `${command.slice(0, room - 3)}...` : "";
  return `${(left + shown).padEnd(Math.max(0, columns - right.length))}${right}`;
}

function* screen(proc: Process, words: readonly string[], s: Settings): Run<number> {
  const tty = proc.fds.get(1)?.tty;
  let before: string[] | undefined;
  let first: string[] | undefined;
  let ended = false;
  let resized = false;
  for (const sig of ["SIGINT", "SIGTERM", "SIGHUP"] as const) proc.onSignal(sig, () => (ended = true));
  proc.onSignal("SIGWINCH", () => (resized = true));
  yield* proc.print(ENTER);
  let next = proc.now;
  for (;;) {
    const result = yield* runOnce(proc, words, s);
    if (typeof result === "string") {
      yield* proc.print(LEAVE);
      yield* proc.warn(`watch: unable to execute '${words[0]}': ${result}\n`);
      return 4;
    }
    const [columns, lines] = [tty?.columns ?? 80, tty?.rows ?? 24];
    const top = s.title ? [header(proc, words, s, columns), ""] : [];
    const rows = rowsOf(result.text, columns, s.wrap, s.color).slice(0, lines - top.length);
    const reference = s.permanent ? (first ??= rows) : before;
    const shown = s.differences && reference ? rows.map((r, i) => marked(r, reference[i] ?? "")) : rows;
    yield* proc.print(`\x1b[H\x1b[2J${[...top, ...shown].join("\n")}${s.beep && result.status !== 0 ? "\x07" : ""}`);
    const changed = before !== undefined && (before.length !== rows.length || rows.some((r, i) => r !== before![i]));
    if (s.errexit && result.status !== 0) {
      yield* proc.print(`\x1b[${lines};1Hcommand exit with a non-zero status, press a key to exit`);
      yield* anyKey(proc);
      yield* proc.print(LEAVE);
      return result.status;
    }
    if (ended || (s.chgexit && changed)) break;
    before = rows;
    next = s.precise ? next + s.interval : proc.now + s.interval;
    while (!ended && !resized && proc.now < next) yield { until: next };
    resized = false;
    if (ended) break;
  }
  yield* proc.print(LEAVE);
  return 0;
}

function* anyKey(proc: Process): Run<void> {
  const tty = proc.fds.get(0)?.tty;
  const mode = tty ? { ...tty.mode } : undefined;
  if (tty) tty.mode = { ...tty.mode, canonical: false, echo: false };
  yield* proc.read(0, 1);
  if (tty && mode) tty.mode = mode;
}

export const watch = defineCommand({
  name: "watch",
  man: {
    summary: "execute a program periodically, showing output fullscreen",
    synopsis: ["watch [options] command"],
    emulated: ["-n, -d, -t, -g, -e, -b, -c, -w, -x, -p; Ctrl-C ends it."],
    notEmulated: ["-q, keys other than Ctrl-C"],
    examples: ["watch -n1 ip neigh", "watch -d cat /proc/net/dev"],
  },
  *run(proc, args) {
    const s: Settings = {
      interval: 2 * SECOND, title: true, differences: false, permanent: false, errexit: false, chgexit: false, beep: false, wrap: true, color: false, exec: false, precise: false,
    };
    const parsed = getopt(args, "+bced::ghq:n:prtwxv", {
      beep: "b", color: "c", differences: "d::", errexit: "e", chgexit: "g", equexit: "q:", interval: "n:", precise: "p", "no-rerun": "r", "no-title": "t", "no-wrap": "w", exec: "x", help: "h", version: "v",
    });
    for (const o of parsed.options) {
      if (o.key === "h") {
        yield* proc.print(USAGE);
        return 0;
      }
      if (o.key === "v") {
        yield* proc.print("watch from procps-ng 4.0.2\n");
        return 0;
      }
      if (o.key === "q") {
        yield* proc.warn("packetwalk: 'watch -q' is not emulated\n");
        return 95;
      }
      if (o.key === "n") {
        const seconds = /^[0-9]*\.?[0-9]+$|^[0-9]+\.$/.test(o.value!) ? Number(o.value) : undefined;
        if (seconds === undefined) {
          yield* proc.warn(`watch: failed to parse argument: '${o.value}': Invalid argument\n`);
          return 1;
        }
        s.interval = Math.round(Math.max(0.1, Math.min(seconds, 2_678_400)) * SECOND);
      } else if (o.key === "d") {
        s.differences = true;
        s.permanent = o.value !== undefined;
      } else if (o.key === "t") s.title = false;
      else if (o.key === "g") s.chgexit = true;
      else if (o.key === "e") s.errexit = true;
      else if (o.key === "b") s.beep = true;
      else if (o.key === "w") s.wrap = false;
      else if (o.key === "c") s.color = true;
      else if (o.key === "x") s.exec = true;
      else if (o.key === "p") s.precise = true;
    }
    if (parsed.error !== undefined) {
      yield* proc.warn(`watch: ${parsed.error}\n${USAGE}`);
      return 1;
    }
    if (parsed.operands.length === 0) {
      yield* proc.warn(USAGE);
      return 1;
    }
    return yield* screen(proc, parsed.operands, s);
  },
});
