/** ls, dir and vdir: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { modeString } from "../file-mode.ts";
import { blocksOf, joinPath, lstat, sizeOf, stat } from "../file-tools.ts";
import type { Inode } from "../fs.ts";
import { choose } from "../getopt-choice.ts";
import type { GivenOption } from "../getopt.ts";
import { quoteAlways, quoteC, quoteName } from "../gnu-quote.ts";
import { parseSize } from "../numbers.ts";
import { compareOctets, octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { matches, patternOf } from "../shell/pattern.ts";
import { textWidth } from "../shell/width.ts";
import { defineTool, type Tool } from "../tool.ts";
import { groupName, userName } from "../users.ts";
import { strftime, wallTime } from "../wall-clock.ts";
import { compareVersions } from "./sort-keys.ts";

interface Settings {
  format: "long" | "columns" | "across" | "one" | "commas";
  all: "" | "almost" | "all";
  directory: boolean;
  recursive: boolean;
  reverse: boolean;
  sort: "name" | "none" | "size" | "time" | "extension" | "version" | "width";
  indicator: "" | "slash" | "file-type" | "classify";
  follow: "never" | "named" | "always";
  inode: boolean;
  blocks: boolean;
  numeric: boolean;
  noOwner: boolean;
  noGroup: boolean;
  human: 0 | 1000 | 1024;
  quoting: "literal" | "shell" | "c" | "escape" | "shell-always";
  /** Control characters as ?. */
  hide: boolean;
  width: number;
  tab: number;
  color: boolean;
  timeStyle: string;
  fullTime: boolean;
  groupDirectoriesFirst: boolean;
  ignore: string[];
  kibibytes: boolean;
  zero: boolean;
}

interface Entry {
  /** As printed before quoting. */
  name: string;
  path: string;
  inode: Inode;
  /** What a symbolic link leads to. */
  target: Inode | undefined;
}

// -- one entry ----------------------------------------------------------------------------------------------------------

const isLinkTo = (e: Entry): boolean => e.inode.type === "symlink";

function indicator(inode: Inode, s: Settings): string {
  if (s.indicator === "") return "";
  if (inode.type === "dir") return "/";
  if (s.indicator === "slash") return "";
  if (inode.type === "symlink") return "@";
  return s.indicator === "classify" && inode.type === "file" && (inode.mode & 0o111) !== 0 ? "*" : "";
}

/** Colours of the built-in database of coreutils for file types. */
function colorOf(inode: Inode): string {
  switch (inode.type) {
    case "dir": return inode.mode & 0o1000 ? (inode.mode & 0o002 ? "30;42" : "37;44") : inode.mode & 0o002 ? "34;42" : "01;34";
    case "symlink": return "01;36";
    case "device": return "40;33;01";
    case "file": return inode.mode & 0o4000 ? "37;41" : inode.mode & 0o2000 ? "30;43" : inode.mode & 0o111 ? "01;32" : "";
  }
}

function shownName(name: string, s: Settings): string {
  switch (s.quoting) {
    case "c": return quoteC(name);
    case "escape": return quoteC(name).slice(1, -1).replaceAll('\\"', '"').replaceAll(" ", "\\ ");
    case "shell": return quoteName(name);
    case "shell-always": return quoteAlways(name);
    case "literal": return s.hide ? [...name].map((c) => (c < " " || c === "\x7f" ? "?" : c)).join("") : name;
  }
}

function painted(text: string, inode: Inode, s: Settings): string {
  const color = s.color ? colorOf(inode) : "";
  return color === "" ? text : `\x1b[${color}m${text}\x1b[0m`;
}

function nameOf(e: Entry, s: Settings, align: boolean): string {
  const shown = shownName(e.name, s);
  const pad = align && !/^['"]/.test(shown) ? " " : "";
  return pad + painted(shown, e.inode, s);
}

/** A size with at most three digits before the unit, rounded up (human_readable() of gnulib). */
export function humanSize(bytes: number, base: 1000 | 1024): string {
  const units = base === 1024 ? ["", "K", "M", "G", "T"] : ["", "k", "M", "G", "T"];
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  if (unit === 0) return String(bytes);
  const tenths = Math.ceil(Math.round(value * 1e6) / 1e5);
  if (tenths < 100) return `${Math.floor(tenths / 10)}.${tenths % 10}${units[unit]}`;
  const whole = Math.ceil(Math.round(value * 1e6) / 1e6);
  return whole >= base ? `1.0${units[unit + 1]}` : `${whole}${units[unit]}`;
}

function blockCount(inode: Inode, s: Settings): string {
  const blocks = blocksOf(inode);
  return s.human ? humanSize(blocks * 512, s.human) : String(blocks / 2);
}

const SIX_MONTHS = 31_556_952 / 2;

function timeText(e: Entry, s: Settings, now: number): string {
  const t = wallTime(e.inode.mtime);
  const recent = t.seconds > now - SIX_MONTHS && t.seconds <= now;
  switch (s.timeStyle) {
    case "full-iso": return strftime("%Y-%m-%d %H:%M:%S.%N %z", t);
    case "long-iso": return strftime("%Y-%m-%d %H:%M", t);
    case "iso": return strftime(recent ? "%m-%d %H:%M" : "%Y-%m-%d ", t);
    case "locale": return strftime(recent ? "%b %e %H:%M" : "%b %e  %Y", t);
    default: {
      const [old, fresh] = s.timeStyle.slice(1).split("\n") as [string, string | undefined];
      return strftime(recent && fresh !== undefined ? fresh : old, t);
    }
  }
}

function sizeText(inode: Inode, s: Settings): string {
  if (inode.type === "device" && inode.rdev) return `${inode.rdev[0]}, ${inode.rdev[1]}`;
  const size = sizeOf(inode);
  return s.human ? humanSize(size, s.human) : String(size);
}

/** Numbers stand right, names left; the first `count` rows, as wide as all of them need. */
function table(rows: readonly (readonly string[])[], left: readonly boolean[], count: number): string[] {
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((r) => textWidth(r[c]!)))) ?? [];
  return rows.slice(0, count).map((r) => r.map((cell, c) => (left[c] ? cell + " ".repeat(widths[c]! - textWidth(cell)) : " ".repeat(widths[c]! - textWidth(cell)) + cell)).join(" "));
}

/** `others`: directories of the command line, which count for the widths of the files before them. */
function longLines(proc: Process, entries: readonly Entry[], s: Settings, others: readonly Entry[]): string[] {
  const now = wallTime(proc.now).seconds;
  const align = s.quoting === "shell" && entries.some((e) => /^['"]/.test(shownName(e.name, s)));
  // Major and minor numbers of devices share the column of sizes: the column after the comma is as wide as the minor numbers.
  const left: boolean[] = [];
  const rows = [...entries, ...others].map((e) => {
    const cells: [string, boolean][] = [];
    if (s.inode) cells.push([String(e.inode.ino), false]);
    if (s.blocks) cells.push([blockCount(e.inode, s), false]);
    cells.push([modeString(e.inode), true], [String(e.inode.nlink), false]);
    const owner = s.numeric ? undefined : userName(proc, e.inode.uid);
    const group = s.numeric ? undefined : groupName(proc, e.inode.gid);
    if (!s.noOwner) cells.push([owner ?? String(e.inode.uid), owner !== undefined]);
    if (!s.noGroup) cells.push([group ?? String(e.inode.gid), group !== undefined]);
    cells.push([sizeText(e.inode, s), false], [timeText(e, s, now), true]);
    if (left.length === 0) left.push(...cells.map((c) => c[1]));
    return cells.map((c) => c[0]);
  });
  return table(rows, left, entries.length).map((head, i) => `${head} ${nameOf(entries[i]!, s, align)}${longTail(entries[i]!, s)}`);
}

function longTail(e: Entry, s: Settings): string {
  if (!isLinkTo(e)) return indicator(e.inode, s);
  const to = shownName(e.inode.target ?? "", s);
  if (!e.target) return ` -> ${to}`;
  return ` -> ${painted(to, e.target, s)}${indicator(e.target, s)}`;
}

// -- columns --------------------------------------------------------------------------------------------------------------

interface Cell {
  text: string;
  width: number;
}

/** As many columns as fit into the width; each as wide as its widest name and two blanks. */
function columnWidths(cells: readonly Cell[], width: number, across: boolean): number[] {
  for (let columns = Math.min(cells.length, Math.max(1, Math.floor(width / 3))); columns > 1; columns--) {
    const rows = Math.ceil(cells.length / columns);
    const widths = new Array<number>(columns).fill(3);
    cells.forEach((cell, i) => {
      const c = across ? i % columns : Math.floor(i / rows);
      const need = cell.width + (c === columns - 1 ? 0 : 2);
      if (need > widths[c]!) widths[c] = need;
    });
    if (widths.reduce((a, b) => a + b, 0) < width) return widths;
  }
  return [Math.max(0, ...cells.map((c) => c.width))];
}

/** Blanks from one column to another, with tabs where they save something (indent() of ls). */
function indent(from: number, to: number, tab: number): string {
  let out = "";
  let at = from;
  while (at < to) {
    if (tab !== 0 && Math.floor(to / tab) > Math.floor((at + 1) / tab)) {
      out += "\t";
      at += tab - (at % tab);
    } else {
      out += " ";
      at++;
    }
  }
  return out;
}

function columnLines(cells: readonly Cell[], s: Settings): string[] {
  const across = s.format === "across";
  const widths = s.width === 0 ? cells.map((c) => c.width + 2) : columnWidths(cells, s.width, across);
  const columns = widths.length;
  const rows = Math.ceil(cells.length / columns);
  const lines: string[] = [];
  for (let r = 0; r < rows; r++) {
    let line = "";
    let position = 0;
    for (let c = 0; c < columns; c++) {
      const cell = cells[across ? r * columns + c : c * rows + r];
      if (!cell) break;
      const more = cells[across ? r * columns + c + 1 : (c + 1) * rows + r] !== undefined && c < columns - 1;
      line += cell.text;
      if (!more) break;
      const start = widths.slice(0, c).reduce((a, b) => a + b, 0);
      position = start + widths[c]!;
      line += indent(start + cell.width, position, s.tab);
    }
    lines.push(line);
  }
  return lines;
}

function commaLines(cells: readonly Cell[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  let at = 0;
  cells.forEach((cell, i) => {
    if (i > 0) {
      if (width === 0 || at + cell.width + 2 < width) {
        line += ", ";
        at += 2;
      } else {
        lines.push(`${line},`);
        line = "";
        at = 0;
      }
    }
    line += cell.text;
    at += cell.width;
  });
  return [...lines, line];
}

function cellsOf(entries: readonly Entry[], s: Settings): Cell[] {
  const align = s.quoting === "shell" && (s.format === "columns" || s.format === "across") && entries.some((e) => /^['"]/.test(shownName(e.name, s)));
  const widest = (f: (e: Entry) => string): number => Math.max(0, ...entries.map((e) => f(e).length));
  const inodes = s.inode && s.format !== "commas" ? widest((e) => String(e.inode.ino)) : 0;
  const blocks = s.blocks && s.format !== "commas" ? widest((e) => blockCount(e.inode, s)) : 0;
  return entries.map((e) => {
    const before = (s.inode ? `${String(e.inode.ino).padStart(inodes)} ` : "") + (s.blocks ? `${blockCount(e.inode, s).padStart(blocks)} ` : "");
    const after = indicator(e.inode, s);
    const plain = nameOf(e, { ...s, color: false }, align);
    return { text: before + nameOf(e, s, align) + after, width: textWidth(before) + textWidth(plain) + after.length };
  });
}

// -- listing ----------------------------------------------------------------------------------------------------------------

class Listing {
  private readonly t: Tool;
  private readonly s: Settings;
  /** A colour was printed: before the first one everything is reset. */
  private colored = false;
  private printed = false;

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
  }

  private *complain(text: string, serious: boolean): Run<void> {
    const before = this.t.status;
    yield* this.t.error(text);
    this.t.status = serious ? 2 : Math.max(1, before);
  }

  private *entry(name: string, path: string, named: boolean): Run<Entry | undefined> {
    const { s, t } = this;
    const followed = s.follow === "always" || (named && s.follow === "named");
    let found = followed ? stat(t.proc, path) : lstat(t.proc, path);
    // With -H a dangling link is shown as the link that it is.
    if (!found.ok && followed && s.follow === "named") found = lstat(t.proc, path);
    if (!found.ok) {
      yield* this.complain(`cannot access ${quoteAlways(path)}: ${strerror(found.error)}`, named);
      return undefined;
    }
    const target = found.value.type === "symlink" ? stat(t.proc, path) : undefined;
    return { name, path, inode: found.value, target: target?.ok ? target.value : undefined };
  }

  private compare(a: Entry, b: Entry): number {
    const { s } = this;
    if (s.groupDirectoriesFirst) {
      const dir = (e: Entry): number => ((e.target ?? e.inode).type === "dir" ? 0 : 1);
      if (dir(a) !== dir(b)) return dir(a) - dir(b);
    }
    const order = this.order(a, b) || compareOctets(octets(a.name), octets(b.name));
    return s.reverse ? -order : order;
  }

  private order(a: Entry, b: Entry): number {
    const extension = (name: string): string => (name.includes(".") ? name.slice(name.lastIndexOf(".")) : "");
    switch (this.s.sort) {
      case "size": return sizeOf(b.inode) - sizeOf(a.inode);
      case "time": return b.inode.mtime - a.inode.mtime;
      case "extension": return compareOctets(octets(extension(a.name)), octets(extension(b.name)));
      case "version": return compareVersions(octets(a.name), octets(b.name));
      case "width": return textWidth(a.name) - textWidth(b.name);
      default: return 0;
    }
  }

  private sorted(entries: Entry[]): Entry[] {
    if (this.s.sort === "none") return this.s.reverse ? entries.reverse() : entries;
    return entries.sort((a, b) => this.compare(a, b));
  }

  private *print(entries: readonly Entry[], others: readonly Entry[] = []): Run<void> {
    const { s, t } = this;
    if (entries.length === 0) return;
    const end = s.zero ? "\0" : "\n";
    let lines: string[];
    if (s.format === "long") lines = longLines(t.proc, entries, s, others);
    else {
      const cells = cellsOf(entries, s);
      lines = s.format === "one" ? cells.map((c) => c.text) : s.format === "commas" ? commaLines(cells, s.width) : columnLines(cells, s);
    }
    for (const line of lines) {
      const first = !this.colored && s.color && line.includes("\x1b[");
      this.colored ||= first;
      yield* t.say((first ? line.replace("\x1b[", "\x1b[0m\x1b[") : line) + end);
    }
    this.printed = true;
  }

  *run(operands: readonly string[]): Run<number> {
    const { s } = this;
    const files: Entry[] = [];
    const dirs: Entry[] = [];
    for (const name of operands) {
      const e = yield* this.entry(name, name, true);
      if (!e) continue;
      // A link to a directory on the command line is entered, but with -l, -d or -F it is not.
      const entered = e.inode.type === "dir" || (isLinkTo(e) && e.target?.type === "dir" && s.format !== "long" && s.indicator !== "classify" && s.follow === "never");
      (entered && !s.directory ? dirs : files).push(e);
    }
    yield* this.print(this.sorted(files), dirs);
    for (const d of this.sorted(dirs)) yield* this.directory(d.path, operands.length > 1 || s.recursive, true, new Set());
    return this.t.status;
  }

  private *directory(path: string, header: boolean, named: boolean, above: ReadonlySet<Inode>): Run<void> {
    const { s, t } = this;
    const listed = t.proc.machine.fs.readdir(path);
    if (!listed.ok) return yield* this.complain(`cannot open directory ${quoteAlways(path)}: ${strerror(listed.error)}`, named);
    const here = stat(t.proc, path);
    if (here.ok && above.has(here.value)) return;
    if (header) yield* t.say(`${this.printed ? "\n" : ""}${s.quoting === "c" ? quoteC(path) : s.quoting === "shell" ? quoteName(path) : path}:\n`);
    this.printed = true;
    const entries: Entry[] = [];
    const names = s.sort === "none" && here.ok && here.value.entries ? [...here.value.entries.keys()].reverse() : listed.value;
    for (const name of s.all === "all" ? [".", "..", ...names] : names) {
      if (s.all === "" && name.startsWith(".")) continue;
      if (s.ignore.some((pattern) => matches(patternOf(pattern), name))) continue;
      const e = yield* this.entry(name, joinPath(path, name), false);
      if (e) entries.push(e);
    }
    this.sorted(entries);
    if (s.format === "long" || s.blocks) {
      const total = entries.reduce((sum, e) => sum + blocksOf(e.inode), 0);
      yield* t.say(`total ${s.human ? humanSize(total * 512, s.human) : total / 2}\n`);
    }
    yield* this.print(entries);
    if (!s.recursive) return;
    const inside = new Set(above);
    if (here.ok) inside.add(here.value);
    for (const e of entries) if (e.inode.type === "dir" && e.name !== "." && e.name !== "..") yield* this.directory(e.path, true, false, inside);
  }
}

// -- options -----------------------------------------------------------------------------------------------------------------

const SORTS = [["none"], ["time"], ["size"], ["extension"], ["version"], ["width"]] as const;
const QUOTINGS = [["literal"], ["shell"], ["shell-always"], ["shell-escape"], ["shell-escape-always"], ["c"], ["c-maybe"], ["escape"], ["locale"], ["clocale"]] as const;

/** Letters that only set one thing. */
const SWITCHES: Readonly<Record<string, (s: Settings) => void>> = {
  a: (s) => (s.all = "all"), A: (s) => (s.all = s.all === "all" ? "all" : "almost"), d: (s) => (s.directory = true), l: (s) => (s.format = "long"), C: (s) => (s.format = "columns"),
  x: (s) => (s.format = "across"), m: (s) => (s.format = "commas"), "1": (s) => (s.format = s.format === "long" ? "long" : "one"), r: (s) => (s.reverse = true), R: (s) => (s.recursive = true),
  t: (s) => (s.sort = "time"), S: (s) => (s.sort = "size"), X: (s) => (s.sort = "extension"), U: (s) => (s.sort = "none"), v: (s) => (s.sort = "version"), p: (s) => (s.indicator = "slash"),
  L: (s) => (s.follow = "always"), H: (s) => (s.follow = "named"), i: (s) => (s.inode = true), s: (s) => (s.blocks = true), h: (s) => (s.human = 1024), si: (s) => (s.human = 1000),
  Q: (s) => (s.quoting = "c"), N: (s) => (s.quoting = "literal"), b: (s) => (s.quoting = "escape"), q: (s) => (s.hide = true), "show-control": (s) => (s.hide = false),
  B: (s) => void s.ignore.push("*~", ".*~"), "directories-first": (s) => (s.groupDirectoriesFirst = true), "file-type": (s) => (s.indicator = "file-type"),
  zero: (s) => Object.assign(s, { zero: true, format: s.format === "long" ? "long" : "one", quoting: "literal", color: false }),
  n: (s) => Object.assign(s, { numeric: true, format: "long" }), g: (s) => Object.assign(s, { noOwner: true, format: "long" }), o: (s) => Object.assign(s, { noGroup: true, format: "long" }),
  G: (s) => (s.noGroup = true), "full-time": (s) => Object.assign(s, { format: "long", timeStyle: "full-iso" }), f: (s) => Object.assign(s, { all: "all", sort: "none", color: false }),
};

type Wrong = { usage: string } | { error: string };

function applyOption(t: Tool, s: Settings, { key, value }: GivenOption): Wrong | undefined {
  const simple = SWITCHES[key];
  if (simple) {
    simple(s);
    return undefined;
  }
  const tty = t.proc.fds.get(1)?.kind === "tty";
  const chosen = (option: string, rows: readonly (readonly string[])[], use: (v: string) => void): Wrong | undefined => {
    const c = choose(option, value ?? rows[0]![0]!, rows);
    if (!c.ok) return { usage: c.error };
    use(c.value);
    return undefined;
  };
  const WHEN = [["always", "yes", "force"], ["never", "no", "none"], ["auto", "tty", "if-tty"]] as const;
  switch (key) {
    case "F": return chosen("--classify", WHEN, (v) => v === "always" || (v === "auto" && tty) ? (s.indicator = "classify") : undefined);
    case "color": return chosen("--color", WHEN, (v) => (s.color = v === "always" || (v === "auto" && tty)));
    case "sort": return chosen("--sort", SORTS, (v) => (s.sort = v as Settings["sort"]));
    case "format": return chosen("--format", [["verbose", "long"], ["commas"], ["horizontal", "across"], ["vertical"], ["single-column"]], (v) => (s.format = ({ verbose: "long", commas: "commas", horizontal: "across", vertical: "columns", "single-column": "one" } as const)[v as "verbose"]));
    case "indicator": return chosen("--indicator-style", [["none"], ["slash"], ["file-type"], ["classify"]], (v) => (s.indicator = v === "none" ? "" : (v as "slash")));
    case "quoting": return chosen("--quoting-style", QUOTINGS, (v) => (s.quoting = v.startsWith("shell") ? (v.endsWith("always") ? "shell-always" : "shell") : v.startsWith("c") ? "c" : v === "escape" ? "escape" : "literal"));
    case "time-style":
      s.timeStyle = value!.replace(/^posix-/, "");
      return undefined;
    case "w": {
      const n = parseSize(value!, "");
      if (n === undefined) return { error: `invalid line width: ${quoteC(value!).replace(/^"(.*)"$/, "‘$1’")}` };
      s.width = n;
      return undefined;
    }
    case "T": {
      const n = parseSize(value!, "");
      if (n === undefined) return { error: `invalid tab size: ‘${value}’` };
      s.tab = n;
      return undefined;
    }
    case "I":
    case "hide":
      if (key === "I" || s.all === "") s.ignore.push(value!);
      return undefined;
    default:
      return undefined;
  }
}

/** What is wrong with a time style: it is looked at only when times are shown. */
function checkTimeStyle(style: string): string | undefined {
  if (style.startsWith("+") || ["full-iso", "long-iso", "iso", "locale"].includes(style)) return undefined;
  return `invalid argument ‘${style}’ for ‘time style’\nValid arguments are:\n  - [posix-]full-iso\n  - [posix-]long-iso\n  - [posix-]iso\n  - [posix-]locale\n  - +FORMAT (e.g., +%H:%M) for a 'date'-style format`;
}

/** Terminals of the built-in database of dircolors. */
function hasColors(term: string | undefined): boolean {
  return term !== undefined && /color|^(ansi|Eterm|linux|putty|screen|tmux|vt100|xterm|rxvt|konsole|alacritty|cygwin|jfbterm|kitty|mlterm|st|terminator|hurd|gnome|console|con\d+x\d+|dtterm)/.test(term);
}

export const ls = defineTool({
  name: "ls",
  aliases: ["dir", "vdir"],
  man: {
    summary: "list directory contents",
    synopsis: ["ls [OPTION]... [FILE]..."],
    emulated: [
      "-l, -n, -g, -o, -C, -x, -m, -1: how names are laid out; -w COLS, -T COLS", "-a, -A, -B, -I PATTERN, --hide: which names; -d, -R, -L, -H", "-t, -S, -X, -v, -U, -f, -r, --sort, --group-directories-first", "-F, -p, --file-type, --indicator-style, --color, -Q, -N, -b, -q, --quoting-style",
      "-i, -s, -h, --si, --time-style, --full-time, --zero", "a file has one time here: -c and -u show it too",
    ],
    notEmulated: ["-D, -Z, --author, --block-size, --hyperlink, -k, --time=birth"],
    examples: ["ls -l /etc", "ls -la"],
  },
  shorts: "abcdfghiklmnopqrstuvw:xABCDFGHI:LNQRST:UXZ1",
  longs: {
    all: "a", "almost-all": "A", author: "author", escape: "b", "block-size": "block-size:", "ignore-backups": "B", color: "color::", directory: "d", dired: "D", classify: "F::", "file-type": "file-type", format: "format:",
    "full-time": "full-time", "group-directories-first": "directories-first", "no-group": "G", "human-readable": "h", si: "si", "dereference-command-line": "H", "dereference-command-line-symlink-to-dir": "H",
    hide: "hide:", hyperlink: "hyperlink::", "indicator-style": "indicator:", inode: "i", ignore: "I:", kibibytes: "k", dereference: "L", "numeric-uid-gid": "n", literal: "N", "hide-control-chars": "q",
    "show-control-chars": "show-control", "quote-name": "Q", "quoting-style": "quoting:", reverse: "r", recursive: "R", size: "s", sort: "sort:", time: "time:", "time-style": "time-style:", tabsize: "T:", width: "w:", context: "Z", zero: "zero",
  },
  refused: ["D", "Z", "author", "block-size", "hyperlink", "k"],
  usageStatus: 2,
  *run(t, options, operands) {
    const name = t.name.slice(t.name.lastIndexOf("/") + 1);
    const out = t.proc.fds.get(1);
    const tty = out?.kind === "tty" && name === "ls";
    const s: Settings = {
      format: name === "vdir" ? "long" : tty || name === "dir" ? "columns" : "one", all: "", directory: false, recursive: false, reverse: false, sort: "name", indicator: "", follow: "never", inode: false, blocks: false,
      numeric: false, noOwner: false, noGroup: false, human: 0, quoting: tty ? "shell" : name === "ls" ? "literal" : "escape", hide: tty, width: screenWidth(t.proc), tab: 8, color: false, timeStyle: "locale", fullTime: false,
      groupDirectoriesFirst: false, ignore: [], kibibytes: false, zero: false,
    };
    for (const o of options) {
      const wrong = applyOption(t, s, o);
      if (wrong) return yield* "usage" in wrong ? t.usage(wrong.usage, 1) : t.error(wrong.error, 2);
    }
    if (s.format === "long") {
      const wrong = checkTimeStyle(s.timeStyle);
      if (wrong !== undefined) return yield* t.usage(wrong, 2);
    }
    if (!hasColors(t.proc.env.get("TERM"))) s.color = false;
    if (s.color) s.tab = 0; // tabs and escape sequences do not go together on every terminal
    return yield* new Listing(t, s).run(operands.length > 0 ? operands : ["."]);
  },
});

function screenWidth(proc: Process): number {
  const columns = Number(proc.env.get("COLUMNS") ?? "");
  if (columns > 0) return columns;
  return proc.fds.get(1)?.tty?.columns ?? 80;
}
