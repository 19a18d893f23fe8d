/** The tests of find(1) that look at a file and change nothing. */
import { strerror } from "../../../kernel/errno.ts";
import { SECOND } from "../../../sim/time.ts";
import { parseDateText } from "../../date-text.ts";
import { applyMode, parseMode } from "../../file-mode.ts";
import { sizeOf } from "../../file-tools.ts";
import { quote } from "../../gnu-quote.ts";
import { foldCase, octets } from "../../octets.ts";
import type { Process } from "../../process.ts";
import { compileRegex, type Syntax } from "../../regex.ts";
import { matches, patternOf } from "../../shell/pattern.ts";
import { findUser, groupName, groups, userName } from "../../users.ts";
import { virtualTime, wallTime } from "../../wall-clock.ts";
import { type Entry, type Expression, fileSystemOf, lastName, typeLetter, type Walk } from "./entry.ts";

/** What the parser knows while it reads the command line. */
export interface Context {
  proc: Process;
  walk: Walk;
  regex: Syntax | "emacs";
  /** -daystart: days count from the last midnight. */
  dayStart: boolean;
  warn: boolean;
  warnings: string[];
}

/** A test from its argument, or what is wrong with that. */
type Maker = (arg: string, c: Context, name: string) => Expression | string;

const DAY = 86_400;

const bad = (arg: string, name: string): string => `invalid argument \`${arg}' to \`${name}'`;

/** +n, -n, n. */
function comparison(arg: string, digits = /^[0-9]+$/): { sign: string; n: number } | undefined {
  const m = /^([+-]?)(.*)$/s.exec(arg)!;
  return digits.test(m[2]!) ? { sign: m[1]!, n: Number(m[2]) } : undefined;
}

function compare(value: number, sign: string, n: number): boolean {
  return sign === "+" ? value > n : sign === "-" ? value < n : value === n;
}

function numeric(of: (e: Entry) => number): Maker {
  return (arg, _, name) => {
    const c = comparison(arg);
    return c ? (e) => compare(of(e), c.sign, c.n) : bad(arg, name);
  };
}

function glob(of: (e: Entry) => string | undefined, fold: boolean): Maker {
  return (arg) => {
    const pattern = patternOf(fold ? foldCase(arg) : arg);
    return (e) => {
      const text = of(e);
      return text !== undefined && matches(pattern, fold ? foldCase(text) : text);
    };
  };
}

/** -name looks at the last component only: a slash in the pattern never matches. */
function name(fold: boolean): Maker {
  const make = glob((e) => lastName(e.path), fold);
  return (arg, c, option) => {
    if (c.warn && arg.includes("/") && arg !== "/")
      c.warnings.push(`warning: ${quote(option)} matches against basenames only, but the given pattern contains a directory separator (${quote("/")}), thus the expression will evaluate to false all the time.  Did you mean ${quote(fold ? "-iwholename" : "-wholename")}?`);
    return make(arg, c, option);
  };
}

const linkTarget = (e: Entry): string | undefined => (e.inode.type === "symlink" ? e.inode.target : undefined);

/** Unescaped parentheses, bars and braces are themselves in the Emacs syntax; with a backslash they are operators. */
function fromEmacs(pattern: string): string {
  return pattern.replace(/\[\^?\]?[^\]]*\]|\\(.)|[(){}|]/gs, (whole, escaped: string | undefined) => {
    if (whole.startsWith("[")) return whole;
    if (escaped === undefined) return `\\${whole}`;
    return "()|".includes(escaped) ? escaped : whole;
  });
}

function regex(fold: boolean): Maker {
  return (arg, c) => {
    const syntax = c.regex === "emacs" ? "sed-ere" : c.regex;
    const compiled = compileRegex(octets(c.regex === "emacs" ? fromEmacs(arg) : arg), { syntax, ignoreCase: fold, whole: "line" });
    if (!compiled.ok) return `failed to compile regular expression '${arg}': ${compiled.error}`;
    return (e) => compiled.value.test(octets(e.path));
  };
}

const TYPES = "bcdpflsD";

function typeSet(arg: string, option: string): Set<string> | string {
  if (arg === "") return `Arguments to ${option} should contain at least one letter`;
  const types = new Set<string>();
  for (let i = 0; i < arg.length; i += 2) {
    const letter = arg[i]!;
    if (letter === "D") return `${option} D is not supported because Solaris doors are not supported on the platform find was compiled on.`;
    if (!TYPES.includes(letter)) return `Unknown argument to ${option}: ${letter}`;
    if (types.has(letter)) return `Duplicate file type '${letter}' in the argument list to ${option}.`;
    types.add(letter);
    if (i + 1 < arg.length && arg[i + 1] !== ",") return `Must separate multiple arguments to ${option} using: ','`;
    if (i + 2 === arg.length) return `Last file type in list argument to ${option} is missing, i.e., list is ending on: ','`;
  }
  return types;
}

/** -xtype: of a link the type of what it points to, with -L the other way round. */
function crossType(e: Entry, walk: Walk): string {
  const other = walk.proc.machine.fs.stat(e.path, { follow: walk.follow !== "always" });
  return typeLetter(other.ok ? other.value : e.inode);
}

const UNITS: Readonly<Record<string, number>> = { b: 512, c: 1, w: 2, k: 1024, M: 1024 * 1024, G: 1024 * 1024 * 1024 };

function size(arg: string): Expression | string {
  if (arg === "") return "invalid null argument to -size";
  const last = arg[arg.length - 1]!;
  const unit = /[0-9]/.test(last) ? 512 : UNITS[last];
  if (unit === undefined) return `invalid -size type \`${last}'`;
  const c = comparison(/[0-9]/.test(last) ? arg : arg.slice(0, -1));
  if (!c) return `Invalid argument \`${arg}' to -size`;
  // Rounded up to whole units: an empty file is 0, one octet is 1 of any.
  return (e) => compare(Math.ceil(sizeOf(e.inode) / unit), c.sign, c.n);
}

const FRACTION = /^(\d+\.?\d*|\.\d+)$/;

function seconds(at: number): number {
  const t = wallTime(at);
  return t.seconds + t.nanos / SECOND;
}

/** Seconds at which the count of days begins: now, or with -daystart the end of today. */
function origin(c: Context): number {
  const now = seconds(c.proc.now);
  return c.dayStart ? Math.floor(now / DAY) * DAY + DAY : now;
}

/** Age in whole units of `unit` seconds, the rest thrown away for days (-mtime) and counted for minutes (-mmin). */
function age(unit: number): Maker {
  return (arg, c, option) => {
    const given = comparison(arg, FRACTION);
    if (!given) return bad(arg, option);
    const from = origin(c);
    const slack = unit === DAY ? DAY : 0;
    const at = from - given.n * unit;
    if (given.sign === "+") return (e) => seconds(e.inode.mtime) < at - slack;
    // parse_time() of find moves the limit by a second less than a day.
    if (given.sign === "-") return (e) => seconds(e.inode.mtime) > (slack > 0 ? at - 1 : at);
    return (e) => {
      const later = seconds(e.inode.mtime) - (at - slack);
      return later > 0 && later <= unit;
    };
  };
}

function newer(arg: string, c: Context): Expression | string {
  const found = c.proc.machine.fs.stat(arg, { follow: c.walk.follow !== "never" });
  if (!found.ok) return `${quote(arg)}: ${strerror(found.error)}`;
  const { mtime } = found.value;
  return (e) => e.inode.mtime > mtime;
}

/** -newerXY: times of access, change and modification are one here. Y = t: the argument is a date. */
function newerXY(arg: string, c: Context, option: string): Expression | string {
  if (!option.endsWith("t")) return newer(arg, c);
  const when = parseDateText(arg, wallTime(c.proc.now));
  if (!when) return `I cannot figure out how to interpret ${quote(arg)} as a date or time`;
  const limit = virtualTime(when);
  return (e) => e.inode.mtime > limit;
}

function perm(arg: string): Expression | string {
  const kind = /^[-/]/.test(arg) ? arg[0]! : "";
  const text = arg.slice(kind.length);
  const change = /^\+[0-7]/.test(text) ? undefined : parseMode(text);
  if (!change) return `invalid mode ${quote(arg)}`;
  const want = (dir: boolean): number => applyMode(change, 0, dir, 0);
  return (e) => {
    const mode = want(e.inode.type === "dir");
    if (kind === "-") return (e.inode.mode & mode) === mode;
    return kind === "/" ? mode === 0 || (e.inode.mode & mode) !== 0 : e.inode.mode === mode;
  };
}

function user(arg: string, c: Context): Expression | string {
  if (arg === "") return "The argument to -user should not be empty";
  const uid = findUser(c.proc, arg)?.uid ?? (/^[0-9]+$/.test(arg) ? Number(arg) : undefined);
  return uid === undefined ? `${quote(arg)} is not the name of a known user` : (e) => e.inode.uid === uid;
}

function group(arg: string, c: Context): Expression | string {
  if (arg === "") return "argument to -group is empty, but should be a group name";
  const gid = groups(c.proc).find((g) => g.name === arg)?.gid ?? (/^[0-9]+$/.test(arg) ? Number(arg) : undefined);
  if (gid !== undefined) return (e) => e.inode.gid === gid;
  return `${quote(arg)} is not the name of an existing group`;
}

function sameFile(arg: string, c: Context): Expression | string {
  const found = c.proc.machine.fs.stat(arg, { follow: c.walk.follow !== "never" });
  return found.ok ? (e) => e.inode === found.value : `${quote(arg)}: ${strerror(found.error)}`;
}

function isEmpty(e: Entry): boolean {
  if (e.inode.type === "dir") return (e.inode.entries?.size ?? e.inode.dynamic?.list().length ?? 0) === 0;
  return e.inode.type === "file" && sizeOf(e.inode) === 0;
}

function mayAccess(bit: 1 | 2 | 4): Expression {
  return (e, { proc }) => {
    const target = proc.machine.fs.stat(e.path);
    return target.ok && proc.machine.fs.access(target.value, bit);
  };
}

/** Tests with one argument. */
export const ARGUMENT_TESTS: Readonly<Record<string, Maker>> = {
  "-name": name(false),
  "-iname": name(true),
  "-path": glob((e) => e.path, false),
  "-wholename": glob((e) => e.path, false),
  "-ipath": glob((e) => e.path, true),
  "-iwholename": glob((e) => e.path, true),
  "-lname": glob(linkTarget, false),
  "-ilname": glob(linkTarget, true),
  "-regex": regex(false),
  "-iregex": regex(true),
  "-type": (arg) => {
    const types = typeSet(arg, "-type");
    return typeof types === "string" ? types : (e) => types.has(typeLetter(e.inode));
  },
  "-xtype": (arg) => {
    const types = typeSet(arg, "-xtype");
    return typeof types === "string" ? types : (e, walk) => types.has(crossType(e, walk));
  },
  "-size": size,
  "-links": numeric((e) => e.inode.nlink),
  "-inum": numeric((e) => e.inode.ino),
  "-uid": numeric((e) => e.inode.uid),
  "-gid": numeric((e) => e.inode.gid),
  "-mtime": age(DAY),
  "-atime": age(DAY),
  "-ctime": age(DAY),
  "-mmin": age(60),
  "-amin": age(60),
  "-cmin": age(60),
  "-newer": newer,
  "-anewer": newer,
  "-cnewer": newer,
  "-perm": perm,
  "-user": user,
  "-group": group,
  "-samefile": sameFile,
  "-fstype": (arg) => (e) => fileSystemOf(e.path) === arg,
};

/** -newermt and the like. */
export function newerTest(option: string): Maker | undefined {
  return /^-newer[acm][acmt]$/.test(option) ? newerXY : undefined;
}

/** Tests without an argument. */
export const PLAIN_TESTS: Readonly<Record<string, Expression>> = {
  "-true": () => true,
  "-false": () => false,
  "-empty": isEmpty,
  "-nouser": (e, { proc }) => userName(proc, e.inode.uid) === undefined,
  "-nogroup": (e, { proc }) => groupName(proc, e.inode.gid) === undefined,
  "-readable": mayAccess(4),
  "-writable": mayAccess(2),
  "-executable": mayAccess(1),
};

export const REGEX_TYPES: Readonly<Record<string, Syntax | "emacs">> = {
  "findutils-default": "emacs", ed: "sed-bre", emacs: "emacs", "gnu-awk": "sed-ere", grep: "sed-bre", "posix-awk": "sed-ere", awk: "sed-ere", "posix-basic": "sed-bre", "posix-egrep": "sed-ere",
  egrep: "sed-ere", "posix-extended": "sed-ere", "posix-minimal-basic": "sed-bre", sed: "sed-bre",
};
