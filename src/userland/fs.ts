/**
 * A node's file system: a tree of inodes in memory. Paths are absolute here; Process.cwd is applied by `resolvePath`.
 * Limits as the limits table has them: 16 MiB of data and 4,096 inodes a node.
 */
import type { Result } from "../base/result.ts";
import type { Errno } from "../kernel/errno.ts";
import type { Nanos } from "../sim/time.ts";
import type { Command } from "./command.ts";
import type { OpenFile, Process } from "./process.ts";

export type FsResult<T = void> = Result<T, Errno>;

/** A file whose content is made when it is read, as in /proc. `proc` is who reads or writes: /proc/sys/net is its namespace's. */
export interface VirtualFile {
  read(proc: Process): Uint8Array | Errno;
  write?(proc: Process, bytes: Uint8Array): undefined | Errno;
}

export interface Inode {
  readonly ino: number;
  type: "file" | "dir" | "symlink" | "device";
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  mtime: Nanos;
  /** Of a regular file. */
  data?: Uint8Array;
  /** Of a directory, in the order of creation; listings sort. */
  entries?: Map<string, Inode>;
  target?: string;
  /** The program this executable file is. */
  command?: Command;
  virtual?: VirtualFile;
  /** Opens a device: /dev/null, /dev/tty. */
  device?: (proc: Process) => OpenFile | Errno;
  /** Holds a namespace, as the bind mounts in /run/netns do. */
  nsfs?: unknown;
}

export interface OpenFlags {
  read?: boolean;
  write?: boolean;
  append?: boolean;
  create?: boolean;
  truncate?: boolean;
  exclusive?: boolean;
  mode?: number;
}

/** What the tree offers; `FileSystem` below is it. Every path may be relative to `cwd` of the process that is passed. */
export interface FileSystemApi {
  /** Follows symbolic links unless told not to. */
  stat(path: string, o?: { follow?: boolean }): FsResult<Inode>;
  open(proc: Process, path: string, flags: OpenFlags): FsResult<OpenFile>;
  readFile(proc: Process, path: string): FsResult<Uint8Array>;
  /** Creates or replaces (or appends to) a regular file. */
  writeFile(path: string, data: Uint8Array, o?: { append?: boolean; mode?: number }): FsResult;
  mkdir(path: string, o?: { parents?: boolean; mode?: number }): FsResult;
  rmdir(path: string): FsResult;
  unlink(path: string): FsResult;
  rename(from: string, to: string): FsResult;
  symlink(target: string, path: string): FsResult;
  link(from: string, to: string): FsResult;
  /** Names, sorted by code unit. */
  readdir(path: string): FsResult<string[]>;
  touch(path: string): FsResult;
}

/** `path` made absolute against `cwd`, with `.`, `..` and double slashes taken out (not following links). */
export function resolvePath(cwd: string, path: string): string {
  const out: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") out.pop();
    else out.push(part);
  }
  return `/${out.join("/")}`;
}
