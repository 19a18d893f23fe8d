/** Permission bits: -rwxr-xr-x, and the modes that chmod and mkdir -m take (POSIX XCU chmod). */
import type { Inode } from "./fs.ts";

const LETTER: Readonly<Record<string, string>> = { dir: "d", symlink: "l", file: "-", device: "c" };

/** As ls -l shows it. */
export function modeString(inode: Pick<Inode, "type" | "mode">): string {
  return LETTER[inode.type]! + permissionString(inode.mode);
}

/** "rwxr-xr-x" */
export function permissionString(mode: number): string {
  const triple = (shift: number, special: number, letter: string): string => {
    const x = (mode & (1 << shift)) !== 0;
    const s = (mode & special) !== 0;
    const last = s ? (x ? letter : letter === "s" ? "S" : "T") : x ? "x" : "-";
    return (mode & (4 << shift) ? "r" : "-") + (mode & (2 << shift) ? "w" : "-") + last;
  };
  return triple(6, 0o4000, "s") + triple(3, 0o2000, "s") + triple(0, 0o1000, "t");
}

interface Clause {
  /** Bits of u, g and o that it concerns; 0: none was written, the umask counts. */
  who: number;
  op: "+" | "-" | "=";
  bits: number;
  /** X: x only for directories and what has an x already. */
  conditional: boolean;
  /** u, g or o: as that one has it. */
  copy: "u" | "g" | "o" | undefined;
}

export type ModeChange = { octal: number; digits: number } | { clauses: readonly Clause[] };

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** "755" or "u+x,go-w"; undefined: neither. */
export function parseMode(text: string): ModeChange | undefined {
  if (/^[0-7]+$/.test(text)) {
    const octal = Number.parseInt(text, 8);
    return octal <= 0o7777 ? { octal, digits: text.length } : undefined;
  }
  const clauses: Clause[] = [];
  for (const part of text.split(",")) {
    const m = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]|[0-7]+))+)$/.exec(part);
    if (!m) return undefined;
    const who = [...m[1]!].reduce((bits, c) => bits | WHO[c]!, 0);
    for (const a of m[2]!.matchAll(/([-+=])([ugo]|[0-7]+|[rwxXst]*)/g)) clauses.push(clause(who, a[1] as "+", a[2]!));
  }
  return { clauses };
}

function clause(who: number, op: Clause["op"], what: string): Clause {
  if (/^[0-7]+$/.test(what)) return { who: who || 0o7777, op, bits: Number.parseInt(what, 8), conditional: false, copy: undefined };
  const copy = /^[ugo]$/.test(what) ? (what as "u") : undefined;
  const bits = copy ? 0 : [...what].reduce((b, c) => b | (BITS[c] ?? 0), 0);
  return { who, op, bits, conditional: what.includes("X"), copy };
}

const SHIFT = { u: 6, g: 3, o: 0 } as const;

/** The mode after a change. */
export function applyMode(change: ModeChange, old: number, isDir: boolean, umask: number): number {
  // An octal mode leaves the set-id bits of a directory alone unless it is written with five digits.
  if ("octal" in change) return isDir && change.digits < 5 ? change.octal | (old & 0o6000) : change.octal;
  let mode = old;
  for (const c of change.clauses) {
    let bits = c.bits;
    if (c.conditional && (isDir || (mode & 0o111) !== 0)) bits |= 0o111;
    if (c.copy) bits = ((mode >> SHIFT[c.copy]) & 7) * 0o111;
    const concerned = c.who === 0 ? 0o7777 & ~umask : c.who;
    bits &= concerned;
    if (c.op === "+") mode |= bits;
    else if (c.op === "-") mode &= ~bits;
    else {
      const keep = isDir ? 0o6000 : 0;
      mode = (mode & ~((c.who === 0 ? 0o7777 : c.who) & ~keep)) | bits;
    }
  }
  return mode & 0o7777;
}
