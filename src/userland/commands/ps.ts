/** ps: procps-ng 4.0.2. Memory and processor use are not emulated: their columns are 0. */
import { SECOND } from "../../sim/time.ts";
import { defineCommand } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { groupName, userName } from "../users.ts";
import { strftime, wallTime } from "../wall-clock.ts";

interface Column {
  header: string;
  width: number;
  left?: boolean;
  value(p: Process, reader: Process): string;
}

function clockText(): string {
  return "00:00:00";
}

function ttyName(p: Process): string {
  return p.tty?.name ?? "?";
}

/** STAT: the state, then what else there is to say of it (ps(1) PROCESS STATE CODES). */
function stat(p: Process, reader: Process): string {
  const state = p.exit ? "Z" : p.state === "stopped" ? "T" : p === reader ? "R" : "S";
  const flags = (p.nice < 0 ? "<" : p.nice > 0 ? "N" : "") + (p.sid === p.pid ? "s" : "") + (p.tty && p.tty.foreground === p.pgid ? "+" : "");
  return state + flags;
}

function elapsed(p: Process, reader: Process): string {
  const s = Math.floor((reader.now - p.startedAt) / SECOND);
  const two = (n: number): string => String(n).padStart(2, "0");
  const days = Math.floor(s / 86400);
  const hours = Math.floor(s / 3600) % 24;
  return `${days > 0 ? `${days}-` : ""}${days > 0 || hours > 0 ? `${two(hours)}:` : ""}${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

function started(p: Process): string {
  return strftime("%H:%M", wallTime(p.startedAt));
}

function args(p: Process): string {
  return p.exit ? `[${p.comm}] <defunct>` : p.argv.length > 0 ? p.argv.join(" ") : `[${p.comm}]`;
}
function comm(p: Process): string {
  return p.exit ? `${p.comm} <defunct>` : p.comm;
}

function user(p: Process): string {
  const name = userName(p, p.uid) ?? String(p.uid);
  return name.length > 8 ? String(p.uid) : name;
}

const right = (header: string, width: number, value: Column["value"]): Column => ({ header, width, value });
const left = (header: string, width: number, value: Column["value"]): Column => ({ header, width, left: true, value });
const zero = (text: string) => (): string => text;

const COLUMNS: ReadonlyMap<string, Column> = new Map(Object.entries({
  pid: right("PID", 7, (p) => String(p.pid)),
  ppid: right("PPID", 7, (p) => String(p.pid === 1 ? 0 : (p.parent?.pid ?? 1))),
  pgid: right("PGID", 7, (p) => String(p.pgid)),
  pgrp: right("PGRP", 7, (p) => String(p.pgid)),
  sid: right("SID", 7, (p) => String(p.sid)),
  sess: right("SESS", 7, (p) => String(p.sid)),
  tpgid: right("TPGID", 7, (p) => String(p.tty?.foreground ?? -1)),
  uid: right("UID", 5, (p) => String(p.uid)),
  euid: right("EUID", 5, (p) => String(p.uid)),
  gid: right("GID", 5, (p) => String(p.gid)),
  UID: left("UID", 8, (p) => user(p)),
  user: left("USER", 8, (p) => user(p)),
  euser: left("EUSER", 8, (p) => user(p)),
  ruser: left("RUSER", 8, (p) => user(p)),
  group: left("GROUP", 8, (p) => groupName(p, p.gid) ?? String(p.gid)),
  c: right("C", 2, zero("0")),
  f: right("F", 1, zero("0")),
  s: left("S", 1, (p, r) => stat(p, r)[0]!),
  stat: left("STAT", 4, stat),
  tty: left("TT", 8, ttyName),
  tname: left("TTY", 8, ttyName),
  time: right("TIME", 8, clockText),
  bsdtime: right("TIME", 6, zero("0:00")),
  stime: right("STIME", 5, started),
  start: right("START", 5, started),
  bsdstart: right("START", 6, started),
  start_time: right("START", 5, started),
  started: right("STARTED", 8, (p) => strftime("%H:%M:%S", wallTime(p.startedAt))),
  lstart: right("STARTED", 24, (p) => strftime("%a %b %e %H:%M:%S %Y", wallTime(p.startedAt))),
  etime: right("ELAPSED", 11, elapsed),
  etimes: right("ELAPSED", 7, (p, r) => String(Math.floor((r.now - p.startedAt) / SECOND))),
  pri: right("PRI", 3, (p) => String(19 - p.nice)),
  opri: right("PRI", 3, (p) => String(80 + p.nice)),
  ni: right("NI", 3, (p) => String(p.nice)),
  addr: right("ADDR", 4, zero("-")),
  sz: right("SZ", 5, zero("0")),
  vsz: right("VSZ", 6, zero("0")),
  rss: right("RSS", 5, zero("0")),
  psr: right("PSR", 3, zero("0")),
  nlwp: right("NLWP", 4, zero("1")),
  pcpu: right("%CPU", 4, zero("0.0")),
  pmem: right("%MEM", 4, zero("0.0")),
  wchan: left("WCHAN", 6, zero("-")),
  netns: right("NETNS", 10, (p) => String(p.netns.inode)),
  comm: left("COMMAND", 15, comm),
  ucmd: left("CMD", 15, comm),
  args: left("COMMAND", 27, args),
  command: left("COMMAND", 27, args),
  cmd: left("CMD", 27, args),
}));
const ALIASES: Readonly<Record<string, string>> = { "%cpu": "pcpu", "%mem": "pmem", nice: "ni", state: "s", cputime: "time", tt: "tty", uname: "user", ucomm: "comm", vsize: "vsz", rssize: "rss", session: "sess", tgid: "pid", pgroup: "pgid", fname: "comm", sgi_p: "psr" };

const FORMATS: Readonly<Record<string, string>> = {
  default: "pid tname time ucmd",
  f: "UID pid ppid c stime tname time cmd",
  F: "UID pid ppid c sz rss psr stime tname time cmd",
  l: "f s uid pid ppid c opri ni addr sz wchan tname time ucmd",
  j: "pid pgid sid tname time ucmd",
  bsd: "pid tname stat bsdtime args",
  u: "user pid pcpu pmem vsz rss tname stat start bsdtime args",
  bsdj: "ppid pid pgid sid tname tpgid stat uid bsdtime args",
  bsdl: "f uid pid ppid opri ni vsz rss wchan stat tname bsdtime args",
  v: "pid tname stat bsdtime args",
};

const USAGE = `
Usage:
 ps [options]

 Try 'ps --help <simple|list|output|threads|misc|all>'
  or 'ps --help <s|l|o|t|m|a>'
 for additional help text.

For more details see ps(1).
`;

interface Shown {
  column: Column;
  header: string;
}

class Request {
  readonly tests: ((p: Process) => boolean)[] = [];
  all = false;
  withTty: boolean | undefined;
  notLeaders = false;
  bsdX = false;
  bsdA = false;
  bsd = false;
  negated = false;
  columns: Shown[] = [];
  format: string | undefined;
  forest = false;
  headers = true;
  sort: string[] = [];
  error: string | undefined;
  refused: string | undefined;

  fail(text: string): void {
    this.error ??= text;
  }
}

function listOf(text: string): string[] {
  return text.split(/[ ,]+/).filter((w) => w !== "");
}

function addColumns(r: Request, text: string): void {
  // "comm=,args=": each header may be renamed; an empty one goes, and with all of them the line.
  for (const word of text.includes("=") ? splitHeaders(text) : listOf(text)) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const column = COLUMNS.get(ALIASES[name] ?? name);
    if (!column) {
      r.fail(`unknown user-defined format specifier "${name}"`);
      return;
    }
    r.columns.push({ column, header: equals < 0 ? column.header : word.slice(equals + 1) });
  }
}

function splitHeaders(text: string): string[] {
  // Only an empty header may be followed by another column; a given one takes the rest.
  const out: string[] = [];
  let rest = text;
  while (rest !== "") {
    const plain = /^([^,= ]+)(?:[ ,]+|$)/.exec(rest);
    const empty = /^([^,= ]+=)(?:[ ,]+|$)/.exec(rest);
    const found = plain ?? empty;
    if (!found) {
      out.push(rest);
      break;
    }
    out.push(found[1]!);
    rest = rest.slice(found[0].length);
  }
  return out;
}

function pick(r: Request, kind: string, text: string): void {
  const words = listOf(text);
  const numbers = (): number[] => {
    if (words.length === 0 || words.some((w) => !/^[0-9]+$/.test(w))) r.fail(kind === "p" ? "process ID list syntax error" : "list member was not a number");
    return words.map(Number);
  };
  switch (kind) {
    case "p": {
      const pids = numbers();
      r.tests.push((p) => pids.includes(p.pid));
      break;
    }
    case "ppid": {
      const pids = numbers();
      r.tests.push((p) => pids.includes(p.pid === 1 ? 0 : (p.parent?.pid ?? 1)));
      break;
    }
    case "C":
      r.tests.push((p) => words.some((w) => w.slice(0, 15) === p.comm));
      break;
    case "t":
      r.tests.push((p) => words.some((w) => p.tty !== undefined && [p.tty.name, `/dev/${p.tty.name}`, p.tty.name.replace("pts/", "")].includes(w)));
      break;
    case "s":
    case "g": {
      const ids = numbers();
      r.tests.push((p) => ids.includes(p.sid));
      break;
    }
    default:
      r.tests.push((p) => words.some((w) => (/^[0-9]+$/.test(w) ? p.uid === Number(w) : userName(p, p.uid) === w)));
  }
}

/** Options with a dash. @returns how many more arguments were used. */
function sysv(r: Request, letters: string, next: string | undefined): number {
  for (let i = 0; i < letters.length; i++) {
    const c = letters[i]!;
    const argument = (): string | undefined => (i + 1 < letters.length ? letters.slice(i + 1) : next);
    const used = i + 1 < letters.length ? 0 : 1;
    switch (c) {
      case "A":
      case "e":
        r.all = true;
        break;
      case "a":
        r.withTty = true;
        r.notLeaders = true;
        break;
      case "d":
        r.all = true;
        r.notLeaders = true;
        break;
      case "f":
      case "F":
      case "l":
      case "j":
        r.format = c;
        break;
      case "H":
        r.forest = true;
        break;
      case "N":
        r.negated = true;
        break;
      case "w":
      case "y":
      case "c":
        break;
      case "V":
        r.refused = "V";
        return 0;
      case "o":
      case "O":
      case "p":
      case "C":
      case "u":
      case "U":
      case "t":
      case "s":
      case "g": {
        const text = argument();
        if (text === undefined) {
          r.fail({ o: "format specification must follow -o", p: "list of process IDs must follow -p", C: "list of command names must follow -C", t: "list of terminals (pty, tty...) must follow -t" }[c as "o"] ?? `list must follow -${c}`);
          return 0;
        }
        if (c === "o") addColumns(r, text);
        else if (c === "O") {
          addColumns(r, "pid");
          addColumns(r, text);
          addColumns(r, "state,tname,time,command");
        } else pick(r, c === "U" ? "u" : c, text);
        return used;
      }
      case "L":
      case "M":
      case "T":
      case "m":
      case "Z":
      case "G":
      case "q":
      case "n":
      case "P":
        r.refused = `-${c}`;
        return 0;
      default:
        r.fail("unsupported SysV option");
        return 0;
    }
  }
  return 0;
}

/** Options without a dash. */
function bsd(r: Request, letters: string, next: string | undefined): number {
  for (let i = 0; i < letters.length; i++) {
    const c = letters[i]!;
    const argument = i + 1 < letters.length ? letters.slice(i + 1) : next;
    const used = i + 1 < letters.length ? 0 : 1;
    r.bsd = true;
    switch (c) {
      case "a":
        r.bsdA = true;
        break;
      case "x":
        r.bsdX = true;
        break;
      case "u":
      case "v":
        r.format = c;
        break;
      case "j":
        r.format = "bsdj";
        break;
      case "l":
        r.format = "bsdl";
        break;
      case "f":
        r.forest = true;
        break;
      case "h":
        r.headers = false;
        break;
      case "w":
      case "c":
      case "e":
      case "n":
      case "S":
      case "g":
      case "r":
        break;
      case "T":
        r.bsdX = true;
        break;
      case "o":
      case "p":
      case "t":
      case "U":
        if (argument === undefined) r.fail(c === "o" ? "format specification must follow o" : `list must follow ${c}`);
        else if (c === "o") addColumns(r, argument);
        else pick(r, c === "U" ? "u" : c, argument);
        return used;
      case "k":
        if (argument !== undefined) r.sort.push(...listOf(argument));
        return used;
      case "H":
      case "m":
      case "L":
      case "s":
      case "X":
      case "Z":
      case "q":
      case "O":
        r.refused = c;
        return 0;
      default:
        r.fail("unsupported option (BSD syntax)");
        return 0;
    }
  }
  return 0;
}

function long(r: Request, arg: string): void {
  const [name, value] = arg.includes("=") ? [arg.slice(2, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)] : [arg.slice(2), undefined];
  switch (name) {
    case "no-headers":
    case "no-heading":
    case "no-headings":
    case "noheader":
    case "noheaders":
    case "noheading":
      r.headers = false;
      return;
    case "headers":
    case "cols":
    case "columns":
    case "width":
      return;
    case "forest":
      r.forest = true;
      return;
    case "deselect":
      r.negated = true;
      return;
    case "sort":
      r.sort.push(...listOf(value ?? ""));
      return;
    case "format":
      addColumns(r, value ?? "");
      return;
    case "pid":
      pick(r, "p", value ?? "");
      return;
    case "ppid":
      pick(r, "ppid", value ?? "");
      return;
    case "tty":
      pick(r, "t", value ?? "");
      return;
    case "user":
    case "User":
      pick(r, "u", value ?? "");
      return;
    case "version":
      r.refused = "V";
      return;
    default:
      r.fail("unknown gnu long option");
  }
}

function parse(words: readonly string[]): Request {
  const r = new Request();
  for (let i = 0; i < words.length && !r.error; i++) {
    const word = words[i]!;
    if (word.startsWith("--")) long(r, word);
    else if (word.startsWith("-") && word.length > 1) i += sysv(r, word.slice(1), words[i + 1]);
    else if (/^[0-9]/.test(word)) pick(r, "p", word);
    else i += bsd(r, word, words[i + 1]);
  }
  return r;
}

function chosen(proc: Process, r: Request): Process[] {
  const everyone = [...proc.machine.processes.values()].sort((a, b) => a.pid - b.pid);
  const explicit = r.tests.length > 0;
  const wanted = (p: Process): boolean => {
    if (explicit && r.tests.some((t) => t(p))) return true;
    if (r.all) return !r.notLeaders || p.sid !== p.pid;
    if (r.withTty) return p.tty !== undefined && (!r.notLeaders || p.sid !== p.pid);
    if (r.bsdA && r.bsdX) return true;
    if (r.bsdA) return p.tty !== undefined;
    if (r.bsdX) return p.uid === proc.uid;
    if (explicit) return false;
    return p.uid === proc.uid && (r.bsd ? p.tty !== undefined && p.tty === proc.tty : p.tty === proc.tty);
  };
  return everyone.filter((p) => wanted(p) !== r.negated);
}

function sorted(r: Request, found: Process[], reader: Process): Process[] {
  const keys = r.sort.map((k) => ({ down: k.startsWith("-"), column: COLUMNS.get(ALIASES[k.replace(/^[-+]/, "")] ?? k.replace(/^[-+]/, "")) }));
  if (keys.some((k) => !k.column)) r.fail("unknown sort specifier");
  const compare = (a: Process, b: Process): number => {
    for (const { down, column } of keys) {
      const [x, y] = [column!.value(a, reader), column!.value(b, reader)];
      const [nx, ny] = [Number(x), Number(y)];
      const order = !Number.isNaN(nx) && !Number.isNaN(ny) ? nx - ny : x < y ? -1 : x > y ? 1 : 0;
      if (order !== 0) return down ? -order : order;
    }
    return a.pid - b.pid;
  };
  return r.error ? found : found.sort(compare);
}

/** Parents before their children, indented. */
function forest(found: readonly Process[]): { p: Process; depth: number }[] {
  const out: { p: Process; depth: number }[] = [];
  const add = (p: Process, depth: number): void => {
    out.push({ p, depth });
    for (const c of found) if (c.parent === p) add(c, depth + 1);
  };
  for (const p of found) if (!p.parent || !found.includes(p.parent)) add(p, 0);
  return out;
}

function line(cells: readonly { text: string; column: Column }[]): string {
  return cells
    .map(({ text, column }, i) => (column.left ? (i === cells.length - 1 ? text : text.padEnd(column.width)) : text.padStart(column.width)))
    .join(" ");
}

function* print(proc: Process, r: Request): Run<number> {
  const columns = r.columns.length > 0 ? r.columns : FORMATS[r.format ?? (r.bsd ? "bsd" : "default")]!.split(" ").map((n): Shown => ({ column: COLUMNS.get(n)!, header: COLUMNS.get(n)!.header }));
  const found = sorted(r, chosen(proc, r), proc);
  const rows = r.forest ? forest(found) : found.map((p) => ({ p, depth: 0 }));
  const limit = proc.fds.get(1)?.tty?.columns ?? Number.MAX_SAFE_INTEGER;
  const out: string[] = [];
  if (r.headers && columns.some((c) => c.header !== "")) out.push(line(columns.map((c) => ({ text: c.header, column: { ...c.column, width: Math.max(c.column.width, c.header.length) } }))));
  for (const { p, depth } of rows) {
    const cells = columns.map(({ column, header }) => {
      const isCommand = /^(COMMAND|CMD)$/.test(column.header);
      const tree = isCommand && depth > 0 ? " ".repeat(2 * depth) + (r.bsd ? "\\_ " : "") : "";
      return { text: tree + column.value(p, proc), column: { ...column, width: Math.max(column.width, header.length) } };
    });
    out.push(line(cells));
  }
  for (const text of out) yield* proc.print(`${text.slice(0, limit)}\n`);
  return rows.length > 0 ? 0 : 1;
}

export const ps = defineCommand({
  name: "ps",
  man: {
    summary: "report a snapshot of the current processes",
    synopsis: ["ps [options]"],
    emulated: [
      "-e, -A, -a, -d, -f, -F, -l, -j, -H, -N, -o, -O, -p, -C, -u, -U, -t, -s, --ppid, --sort, --no-headers, --forest",
      "BSD style: a, x, u, j, l, f, h, o, p, t, U, k", "Columns: pid, ppid, pgid, sid, tty, stat, user, uid, comm, args, etime, lstart, ni, netns and more.",
    ],
    notEmulated: ["Memory and processor use: their columns are 0.", "Threads: -L, -T, m, H.", "-G, -Z, q, X"],
    examples: ["ps aux", "ps -ef", "ps -o pid,stat,args -C ping"],
  },
  *run(proc, words) {
    if (words[0] === "--help") {
      yield* proc.print(USAGE);
      return 0;
    }
    const r = parse(words);
    if (r.refused === "V") {
      yield* proc.print("ps from procps-ng 4.0.2\n");
      return 0;
    }
    if (r.error) {
      yield* proc.warn(`error: ${r.error}\n${USAGE}`);
      return 1;
    }
    if (r.refused) {
      yield* proc.warn(`packetwalk: 'ps ${r.refused}' is not emulated\n`);
      return 95;
    }
    return yield* print(proc, r);
  },
});
