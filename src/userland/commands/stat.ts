/** stat: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { modeString } from "../file-mode.ts";
import { blocksOf, lstat, sizeOf, stat as statFile, typeName } from "../file-tools.ts";
import type { Inode } from "../fs.ts";
import { quoteAlways } from "../gnu-quote.ts";
import { octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { groupName, userName } from "../users.ts";
import { strftime, wallTime } from "../wall-clock.ts";
import { echoEscapes } from "./echo.ts";

/** The number that statfs gives a tmpfs has no device file; the minor is that of the first anonymous one. */
const DEVICE = [0, 25] as const;

const FILE_TYPE: Readonly<Record<Inode["type"], number>> = { dir: 0o040000, symlink: 0o120000, file: 0o100000, device: 0o020000 };

interface Subject {
  proc: Process;
  name: string;
  inode: Inode;
}

function timeOf(inode: Inode): string {
  return strftime("%Y-%m-%d %H:%M:%S.%N %z", wallTime(inode.mtime));
}

/** One directive; undefined: there is none of that letter. */
function directive(letter: string, { proc, name, inode }: Subject): string | undefined {
  const seconds = String(wallTime(inode.mtime).seconds);
  switch (letter) {
    case "a": return inode.mode.toString(8);
    case "A": return modeString(inode);
    case "b": return String(blocksOf(inode));
    case "B": return "512";
    case "C": return "?";
    case "d": return String(DEVICE[0] * 256 + DEVICE[1]);
    case "D": return (DEVICE[0] * 256 + DEVICE[1]).toString(16);
    case "f": return (FILE_TYPE[inode.type] | inode.mode).toString(16);
    case "F": return typeName(inode);
    case "g": return String(inode.gid);
    case "G": return groupName(proc, inode.gid) ?? "UNKNOWN";
    case "h": return String(inode.nlink);
    case "i": return String(inode.ino);
    case "m": return "/";
    case "n": return name;
    case "N": return inode.type === "symlink" ? `${quoteAlways(name)} -> ${quoteAlways(inode.target ?? "")}` : quoteAlways(name);
    case "o": return "4096";
    case "r": return String((inode.rdev?.[0] ?? 0) * 256 + (inode.rdev?.[1] ?? 0));
    case "R": return ((inode.rdev?.[0] ?? 0) * 256 + (inode.rdev?.[1] ?? 0)).toString(16);
    case "s": return String(sizeOf(inode));
    case "t": return (inode.rdev?.[0] ?? 0).toString(16);
    case "T": return (inode.rdev?.[1] ?? 0).toString(16);
    case "u": return String(inode.uid);
    case "U": return userName(proc, inode.uid) ?? "UNKNOWN";
    case "w": return "-";
    case "W": return "0";
    case "x":
    case "y":
    case "z": return timeOf(inode);
    case "X":
    case "Y":
    case "Z": return seconds;
    default: return undefined;
  }
}

/** Flags, width and precision as printf has them: %-10s, %05s, %.3n. */
function padded(text: string, flags: string, width: number): string {
  if (flags.includes("-")) return text.padEnd(width);
  return text.padStart(width, flags.includes("0") && /^[0-9]+$/.test(text) ? "0" : " ");
}

function expand(format: string, subject: Subject): string {
  return format.replace(/%([-+ #0']*)(\d*)(?:\.(\d+))?(%|[HL][drRtT]|[a-zA-Z]|$)/g, (_, flags: string, width: string, precision: string | undefined, letter: string) => {
    if (letter === "%" || letter === "") return "%";
    const text = letter.length === 2 ? deviceNumber(letter, subject.inode) : (directive(letter, subject) ?? "?");
    return padded(precision === undefined ? text : text.slice(0, Number(precision)), flags, Number(width || 0));
  });
}

function deviceNumber(letters: string, inode: Inode): string {
  const pair = letters[1] === "d" ? DEVICE : (inode.rdev ?? [0, 0]);
  return String(letters[0] === "H" ? pair[0] : pair[1]);
}

function full(subject: Subject): string {
  const { inode, name, proc } = subject;
  const title = inode.type === "symlink" ? `${name} -> ${inode.target}` : name;
  const size = String(sizeOf(inode)).padEnd(10);
  const blocks = String(blocksOf(inode)).padEnd(10);
  const device = `${DEVICE[0]},${DEVICE[1]}`;
  const special = inode.rdev ? `Links: ${String(inode.nlink).padEnd(5)} Device type: ${inode.rdev[0]},${inode.rdev[1]}` : `Links: ${inode.nlink}`;
  const time = timeOf(inode);
  const owner = (id: number, known: string | undefined): string => `${String(id).padStart(5)}/${(known ?? "UNKNOWN").padStart(8)}`;
  return `  File: ${title}
  Size: ${size}\tBlocks: ${blocks} IO Block: ${String(4096).padEnd(6)} ${typeName(inode)}
Device: ${device}\tInode: ${String(inode.ino).padEnd(11)} ${special}
Access: (${inode.mode.toString(8).padStart(4, "0")}/${modeString(inode)})  Uid: (${owner(inode.uid, userName(proc, inode.uid))})   Gid: (${owner(inode.gid, groupName(proc, inode.gid))})
Access: ${time}
Modify: ${time}
Change: ${time}
 Birth: -
`;
}

function terse(s: Subject): string {
  return `${[s.name, ..."sbfugDihtTXYZWo"].map((l, i) => (i === 0 ? l : directive(l, s)!)).join(" ")}\n`;
}

function* show(t: Tool, name: string, follow: boolean, print: (s: Subject) => string): Run<void> {
  const found = follow ? statFile(t.proc, name) : lstat(t.proc, name);
  if (!found.ok) return void (yield* t.error(`cannot statx ${quoteAlways(name)}: ${strerror(found.error)}`));
  yield* t.print(print({ proc: t.proc, name, inode: found.value }));
}

export const stat = defineTool({
  name: "stat",
  man: {
    summary: "display file or file system status",
    synopsis: ["stat [OPTION]... FILE..."],
    emulated: ["-c FORMAT, --printf=FORMAT: %n %s %a %A %u %U %g %G %F %i %h %y %Y ...", "-L: follow symbolic links; -t: one line", "a file has one time here: access, modify and change are the same"],
    notEmulated: ["-f, --file-system", "--cached"],
    examples: ["stat -c '%a %U %n' /etc/passwd"],
  },
  shorts: "c:fLt",
  longs: { dereference: "L", "file-system": "f", format: "c:", printf: "printf:", terse: "t", cached: "cached:" },
  refused: ["f", "cached"],
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    const format = options.findLast((o) => o.key === "c" || o.key === "printf");
    const follow = options.some((o) => o.key === "L");
    const short = options.some((o) => o.key === "t");
    const print = (s: Subject): string => {
      if (!format) return octets(short ? terse(s) : full(s));
      if (format.key === "c") return octets(`${expand(format.value!, s)}\n`);
      return octets(expand(echoEscapes(format.value!).text, s));
    };
    for (const name of operands) yield* show(t, name, follow, print);
    return t.status;
  },
});
