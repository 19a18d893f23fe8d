/** -printf and -ls of find(1): directives and escapes, compiled once. */
import { modeString } from "../../file-mode.ts";
import { blocksOf, sizeOf } from "../../file-tools.ts";
import type { Process } from "../../process.ts";
import { groupName, userName } from "../../users.ts";
import { strftime, wallTime } from "../../wall-clock.ts";
import { type Entry, fileSystemOf, lastName, typeLetter } from "./entry.ts";

/** st_dev of the one file system. */
const DEVICE = "25";

type Piece = string | ((entry: Entry, proc: Process) => string);

export interface Format {
  pieces: readonly Piece[];
  /** \c: nothing after this, and the output is flushed. */
  warnings: readonly string[];
}

const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\" };

/** The directory part: what %h prints. */
function leading(path: string): string {
  const bare = path.replace(/(?<=.)\/+$/, "");
  const slash = bare.lastIndexOf("/");
  if (slash < 0) return bare === path ? "." : bare;
  return bare.slice(0, slash);
}

/** %f keeps a slash that was typed at the end. */
function base(path: string): string {
  return path === "/" ? path : lastName(path) + (/\/+$/.exec(path)?.[0] ?? "");
}

/** Below its starting point: %P. */
function below(entry: Entry): string {
  return entry.path.slice(entry.start.length).replace(/^\//, "");
}

/** Nanoseconds as find prints them: nine digits and a zero. */
function fraction(nanos: number): string {
  return `.${String(nanos).padStart(9, "0")}0`;
}

function timeText(letter: string, at: number): string | undefined {
  const t = wallTime(at);
  switch (letter) {
    case "@": return `${t.seconds}${fraction(t.nanos)}`;
    case "+": return strftime("%Y-%m-%d+%H:%M:%S", t) + fraction(t.nanos);
    case "S": return strftime("%S", t) + fraction(t.nanos);
    case "T":
    case "X": return strftime("%H:%M:%S", t) + fraction(t.nanos);
    default: return /[HIklMprZaAbBcdDhjmUwWxyYs]/.test(letter) ? strftime(`%${letter}`, t) : undefined;
  }
}

function ctime(at: number): string {
  const t = wallTime(at);
  return strftime("%a %b %e %H:%M:%S", t) + fraction(t.nanos) + strftime(" %Y", t);
}

function targetType(entry: Entry, proc: Process): string {
  if (entry.inode.type !== "symlink") return typeLetter(entry.inode);
  const target = proc.machine.fs.stat(entry.path);
  return target.ok ? typeLetter(target.value) : target.error === "ELOOP" ? "L" : "N";
}

function sparseness(entry: Entry): string {
  const size = sizeOf(entry.inode);
  if (size === 0) return blocksOf(entry.inode) === 0 ? "1" : "inf";
  return String(Number(((blocksOf(entry.inode) * 512) / size).toPrecision(6)));
}

type Directive = (entry: Entry, proc: Process) => string;

const DIRECTIVES: Readonly<Record<string, Directive>> = {
  a: (e) => ctime(e.inode.mtime),
  c: (e) => ctime(e.inode.mtime),
  t: (e) => ctime(e.inode.mtime),
  b: (e) => String(blocksOf(e.inode)),
  d: (e) => String(e.depth),
  D: () => DEVICE,
  f: (e) => base(e.path),
  F: (e) => fileSystemOf(e.path),
  g: (e, proc) => groupName(proc, e.inode.gid) ?? String(e.inode.gid),
  G: (e) => String(e.inode.gid),
  h: (e) => leading(e.path),
  H: (e) => e.start,
  i: (e) => String(e.inode.ino),
  k: (e) => String(Math.ceil(blocksOf(e.inode) / 2)),
  l: (e) => (e.inode.type === "symlink" ? (e.inode.target ?? "") : ""),
  m: (e) => e.inode.mode.toString(8),
  M: (e) => modeString(e.inode),
  n: (e) => String(e.inode.nlink),
  p: (e) => e.path,
  P: below,
  s: (e) => String(sizeOf(e.inode)),
  S: sparseness,
  u: (e, proc) => userName(proc, e.inode.uid) ?? String(e.inode.uid),
  U: (e) => String(e.inode.uid),
  y: (e) => typeLetter(e.inode),
  Y: targetType,
};

function padded(text: string, flags: string, width: number, precision: number | undefined): string {
  const cut = precision === undefined ? text : text.slice(0, precision);
  return flags.includes("-") ? cut.padEnd(width) : cut.padStart(width);
}

/** @returns the format, or what is wrong with it. */
export function compileFormat(text: string): Format | string {
  const pieces: Piece[] = [];
  const warnings: string[] = [];
  for (let i = 0; i < text.length; ) {
    const c = text[i]!;
    if (c === "\\") {
      const octal = /^[0-7]{1,3}/.exec(text.slice(i + 1));
      const next = text[i + 1];
      if (octal) pieces.push(String.fromCharCode(Number.parseInt(octal[0], 8) & 255));
      else if (next === "c") break;
      else if (next === undefined) {
        warnings.push("warning: escape `\\' followed by nothing at all");
        pieces.push("\\");
      } else if (ESCAPES[next] !== undefined) pieces.push(ESCAPES[next]);
      else {
        warnings.push(`warning: unrecognized escape \`\\${next}'`);
        pieces.push(`\\${next}`);
      }
      i += octal ? 1 + octal[0].length : 2;
    } else if (c !== "%") {
      pieces.push(c);
      i++;
    } else {
      const m = /^%([-+ #0]*)(\d*)(?:\.(\d*))?(.?)(.?)/s.exec(text.slice(i))!;
      const letter = m[4]!;
      if (letter === "") return "error: % at end of format string";
      if (letter === "%") {
        pieces.push("%");
        i += m[0].length - m[5]!.length;
        continue;
      }
      const isTime = /[ABCT]/.test(letter);
      const whole = m[0].slice(0, m[0].length - (isTime ? 0 : m[5]!.length));
      i += whole.length;
      if (isTime && m[5] === "") {
        warnings.push(`warning: format directive \`%${letter}' should be followed by another character`);
        pieces.push(whole);
        continue;
      }
      const make: Directive | undefined = isTime ? (timeText(m[5]!, 0) === undefined ? () => `%${m[5]!}` : (e) => timeText(m[5]!, e.inode.mtime)!) : DIRECTIVES[letter];
      if (!make) {
        warnings.push(`warning: unrecognized format directive \`%${letter}'`);
        pieces.push(whole);
        continue;
      }
      const [flags, width, precision] = [m[1]!, Number(m[2] || 0), m[3] === undefined ? undefined : Number(m[3])];
      const prefix = letter === "m" && flags.includes("#") ? "0" : "";
      pieces.push((e, proc) => padded(prefix + make(e, proc), flags, width, precision));
    }
  }
  return { pieces, warnings };
}

export function expandFormat(format: Format, entry: Entry, proc: Process): string {
  let out = "";
  for (const piece of format.pieces) out += typeof piece === "string" ? piece : piece(entry, proc);
  return out;
}

const HALF_A_YEAR = 15_778_476; // seconds; six months of ls

/** A line of -ls. */
export function listLine(entry: Entry, proc: Process): string {
  const { inode, path } = entry;
  const t = wallTime(inode.mtime);
  const age = wallTime(proc.now).seconds - t.seconds;
  const when = strftime(age >= 0 && age <= HALF_A_YEAR ? "%b %e %H:%M" : "%b %e  %Y", t);
  const size = inode.rdev ? `${String(inode.rdev[0]).padStart(3)}, ${String(inode.rdev[1]).padStart(3)}` : String(sizeOf(inode)).padStart(8);
  const owner = (userName(proc, inode.uid) ?? String(inode.uid)).padEnd(8);
  const group = (groupName(proc, inode.gid) ?? String(inode.gid)).padEnd(8);
  const name = escaped(path) + (inode.type === "symlink" ? ` -> ${escaped(inode.target ?? "")}` : "");
  return `${String(inode.ino).padStart(9)} ${String(Math.ceil(blocksOf(inode) / 2)).padStart(6)} ${modeString(inode)} ${String(inode.nlink).padStart(3)} ${owner} ${group} ${size} ${when} ${name}\n`;
}

/** -ls writes awkward characters of names as in C. */
function escaped(name: string): string {
  return name.replace(/[\\ "\x00-\x1f\x7f]/g, (c) => (c === "\n" ? "\\n" : c === "\t" ? "\\t" : c < " " || c === "\x7f" ? `\\${c.charCodeAt(0).toString(8).padStart(3, "0")}` : `\\${c}`));
}
