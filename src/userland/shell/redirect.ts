/** Redirections (POSIX XCU 2.7): opening what they name, and taking them back after a builtin. */
import { encodeUtf8 } from "../../base/bytes.ts";
import { WaitQueue } from "../../base/wait-queue.ts";
import { strerror, type Errno } from "../../kernel/errno.ts";
import type { OpenFlags } from "../fs.ts";
import type { OpenFile, Run } from "../process.ts";
import type { Redirect } from "./ast.ts";
import { expandString, expandWords } from "./expand.ts";
import type { Shell } from "./shell.ts";

/** What a descriptor was before. */
export type Saved = { fd: number; file: OpenFile | undefined }[];

/** Descriptors that {name}> hands out begin here. */
const FIRST_FREE = 10;

/** Opens and sets all of them in order. @returns false after saying what is wrong; `saved` tells what to undo. */
export function* applyRedirects(sh: Shell, redirects: readonly Redirect[], saved: Saved): Run<boolean> {
  for (const r of redirects) if (!(yield* apply(sh, r, saved))) return false;
  return true;
}

/** Takes them back, the last first. */
export function undoRedirects(sh: Shell, saved: Saved): void {
  for (const { fd, file } of saved.reverse()) {
    if (file) {
      sh.proc.setFd(fd, file);
      file.refs--; // the one that kept it open
    } else sh.proc.closeFd(fd);
  }
  saved.length = 0;
}

/** Makes them last (exec >file): what was kept for undoing is let go. */
export function keepRedirects(saved: Saved): void {
  for (const { file } of saved) if (file && --file.refs === 0) file.close();
  saved.length = 0;
}

function set(sh: Shell, fd: number, file: OpenFile, saved: Saved): void {
  remember(sh, fd, saved);
  sh.proc.setFd(fd, file);
}

function remember(sh: Shell, fd: number, saved: Saved): void {
  const file = sh.proc.fds.get(fd);
  if (file) file.refs++;
  saved.push({ fd, file });
}

function* apply(sh: Shell, r: Redirect, saved: Saved): Run<boolean> {
  if (r.body) return here(sh, r, yield* expandString(sh, [{ kind: "double", parts: r.body }]), saved);
  if (r.op === "<<<") return here(sh, r, `${yield* expandString(sh, r.target.parts)}\n`, saved);
  const target = yield* targetText(sh, r);
  if (target === undefined) return false;
  if (r.op === ">&" || r.op === "<&") {
    if (/^[0-9]+-?$/.test(target) || target === "-") return yield* duplicate(sh, r, target, saved);
    if (r.op === ">&" && sh.bash && r.fd < 0) return yield* both(sh, target, "&>", saved);
    yield* sh.error(sh.bash ? `${r.target.raw}: ambiguous redirect` : "Bad fd number");
    return false;
  }
  if (r.op === "&>" || r.op === "&>>") return yield* both(sh, target, r.op, saved);
  const file = yield* openTarget(sh, r.op, target);
  if (!file) return false;
  set(sh, fdOf(sh, r), file, saved);
  return true;
}

function here(sh: Shell, r: Redirect, text: string, saved: Saved): boolean {
  set(sh, fdOf(sh, r), new HereDocument(encodeUtf8(text)), saved);
  return true;
}

function fdOf(sh: Shell, r: Redirect): number {
  if (r.variable) {
    let fd = FIRST_FREE;
    while (sh.proc.fds.has(fd)) fd++;
    sh.set(r.variable, String(fd));
    return fd;
  }
  if (r.fd >= 0) return r.fd;
  return r.op.startsWith("<") ? 0 : 1;
}

function* targetText(sh: Shell, r: Redirect): Run<string | undefined> {
  if (!sh.bash) return yield* expandString(sh, r.target.parts);
  const words = yield* expandWords(sh, [r.target]);
  if (words.length === 1) return words[0]!;
  yield* sh.error(`${r.target.raw}: ambiguous redirect`);
  return undefined;
}

function* duplicate(sh: Shell, r: Redirect, target: string, saved: Saved): Run<boolean> {
  const fd = r.fd >= 0 ? r.fd : r.variable ? Number(sh.get(r.variable) ?? "-1") : r.op === "<&" ? 0 : 1;
  if (target === "-") {
    remember(sh, fd, saved);
    sh.proc.closeFd(fd);
    return true;
  }
  const from = Number(target.replace("-", ""));
  const file = sh.proc.fds.get(from);
  if (!file) {
    yield* sh.error(`${from}: ${strerror("EBADF")}`);
    return false;
  }
  set(sh, r.variable ? fdOf(sh, r) : fd, file, saved);
  if (target.endsWith("-")) sh.proc.closeFd(from);
  return true;
}

function* both(sh: Shell, target: string, op: "&>" | "&>>", saved: Saved): Run<boolean> {
  const file = yield* openTarget(sh, op === "&>" ? ">" : ">>", target);
  if (!file) return false;
  set(sh, 1, file, saved);
  set(sh, 2, file, saved);
  return true;
}

const FLAGS: Readonly<Record<string, OpenFlags>> = {
  "<": { read: true },
  ">": { write: true, create: true, truncate: true },
  ">|": { write: true, create: true, truncate: true },
  ">>": { append: true, create: true },
  "<>": { read: true, write: true, create: true },
};

function* openTarget(sh: Shell, op: string, target: string): Run<OpenFile | undefined> {
  const { fs } = sh.proc.machine;
  const creating = op !== "<";
  if (op === ">" && sh.options.has("noclobber")) {
    const there = fs.stat(target);
    if (there.ok && there.value.type === "file") {
      yield* sh.error(sh.bash ? `${target}: cannot overwrite existing file` : `cannot create ${target}: File exists`);
      return undefined;
    }
  }
  const opened = fs.open(sh.proc, target, FLAGS[op]!);
  if (opened.ok) return opened.value;
  yield* sh.error(sh.bash ? `${target}: ${strerror(opened.error)}` : `cannot ${creating ? "create" : "open"} ${target}: ${dashErrno(opened.error, creating)}`);
  return undefined;
}

/** errmsg() of dash. */
export function dashErrno(e: Errno, creating: boolean): string {
  if (e === "ENOENT" || e === "ENOTDIR") return creating ? "Directory nonexistent" : "No such file";
  return strerror(e);
}

/** A here-document: read once, from the start. */
class HereDocument implements OpenFile {
  readonly kind = "pipe";
  readonly readable = true;
  readonly writable = false;
  readonly waiters = new WaitQueue();
  refs = 0;
  private readonly data: Uint8Array;
  private at = 0;

  constructor(data: Uint8Array) {
    this.data = data;
  }
  read(max: number): Uint8Array {
    const got = this.data.subarray(this.at, this.at + max);
    this.at += got.length;
    return got;
  }
  write(): Errno {
    return "EBADF";
  }
  close(): void {}
}
