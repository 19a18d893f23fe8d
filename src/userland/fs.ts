/**
 * A node's file system: a tree of inodes in memory, walked as path_resolution(7) has it. A relative path starts at the
 * working directory of the process that runs. Limits: 16 MiB of data and 4,096 inodes a node.
 */
import { err, ok, type Result } from "../base/result.ts";
import { WaitQueue } from "../base/wait-queue.ts";
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
  /** The octets belong to other machines too: they are copied before they are written to. */
  shared?: true;
  /** Of a directory, in the order of creation; listings sort. */
  entries?: Map<string, Inode>;
  /** Of a directory whose entries are made when they are looked at, as in /proc. */
  dynamic?: DynamicDirectory;
  target?: string;
  /** The program this executable file is. */
  command?: Command;
  virtual?: VirtualFile;
  /** Opens a device (/dev/null, /dev/tty), or what a link in /proc/PID/fd stands for. */
  device?: (proc: Process) => OpenFile | Errno;
  /** Major and minor number of a device. */
  rdev?: readonly [number, number];
  /** Holds a namespace, as the bind mounts in /run/netns do. */
  nsfs?: unknown;
}

export interface DynamicDirectory {
  list(): string[];
  lookup(name: string): Inode | undefined;
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
  /** Woken when a file's content or a directory changed: what tail -f waits for, as with inotify(7). */
  readonly changes: WaitQueue;
  /** Follows symbolic links unless told not to. */
  stat(path: string, o?: { follow?: boolean }): FsResult<Inode>;
  open(proc: Process, path: string, flags: OpenFlags): FsResult<OpenFile>;
  readFile(proc: Process, path: string): FsResult<Uint8Array>;
  /** The path without symbolic links, `.` and `..`. ENOENT unless all of it is there. */
  realpath(path: string): FsResult<string>;
  /** access(2) for R_OK (4), W_OK (2) and X_OK (1), as the process that runs. */
  access(inode: Inode, bit: 1 | 2 | 4): boolean;
  /** A device file. */
  mknod(path: string, mode: number, rdev: readonly [number, number], device: NonNullable<Inode["device"]>): FsResult<Inode>;
  /** A directory whose entries come from code. */
  addDynamic(path: string, dynamic: DynamicDirectory, mode?: number): FsResult<Inode>;
  /** The file system's size and what of it is used, for df. */
  usage(): { bytes: number; maxBytes: number; inodes: number; maxInodes: number };
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
  /** A file that programs may open and whose octets come from code. */
  addVirtual(path: string, file: VirtualFile, mode?: number): FsResult<Inode>;
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

export const MAX_BYTES = 16 * 1024 * 1024;
export const MAX_INODES = 4096;
/** NAME_MAX, PATH_MAX (linux/limits.h), MAXSYMLINKS (linux/namei.h). */
const NAME_MAX = 255;
const PATH_MAX = 4096;
const MAX_LINKS = 40;

/** Where a path leads: the directory that holds the last name, and what is there. */
interface Found {
  dir: Inode;
  /** Empty for `/`, and for a path that ends in `.` or `..`. */
  name: string;
  inode: Inode | undefined;
  /** Names from the root to it. */
  names: readonly string[];
}

/** A file of the starting tree. */
export interface InstalledFile {
  name: string;
  mode: number;
  data: Uint8Array;
  command?: Command;
}

export interface FileSystemHost {
  now(): Nanos;
  /** Who runs now; undefined: the lab itself, as root in /. */
  current(): Process | undefined;
}

export class FileSystem implements FileSystemApi {
  readonly root: Inode;
  readonly changes = new WaitQueue();
  private readonly host: FileSystemHost;
  private nextIno = 2;
  private bytes = 0;
  private inodes = 0;

  constructor(host: FileSystemHost) {
    this.host = host;
    this.root = { ...this.newInode("dir", 0o755), ino: 1, entries: new Map(), nlink: 2 };
  }

  usage(): { bytes: number; maxBytes: number; inodes: number; maxInodes: number } {
    return { bytes: this.bytes, maxBytes: MAX_BYTES, inodes: this.inodes, maxInodes: MAX_INODES };
  }

  // -- walking ------------------------------------------------------------------------------------------------------

  private walk(path: string, follow: boolean): FsResult<Found> {
    if (path === "") return err("ENOENT");
    if (path.length > PATH_MAX) return err("ENAMETOOLONG");
    const start = path.startsWith("/") ? path : `${this.host.current()?.cwd ?? ""}/${path}`;
    const todo = start.split("/").reverse();
    const stack: Inode[] = [this.root];
    const names: string[] = [];
    let links = 0;
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      const dir = stack[stack.length - 1]!;
      if (name === "" || name === ".") {
        if (dir.type !== "dir") return err("ENOTDIR");
        continue;
      }
      if (dir.type !== "dir") return err("ENOTDIR");
      if (name === "..") {
        if (stack.length > 1) {
          stack.pop();
          names.pop();
        }
        continue;
      }
      if (name.length > NAME_MAX) return err("ENAMETOOLONG");
      if (!this.may(dir, 1)) return err("EACCES");
      const child = this.entry(dir, name);
      const last = todo.length === 0;
      if (!child) {
        // "mkdir new/" may name a directory that is not there yet.
        if (todo.every((rest) => rest === "")) return ok({ dir, name, inode: undefined, names: [...names, name] });
        return err("ENOENT");
      }
      if (child.type === "symlink" && (!last || follow) && !child.device) {
        if (++links > MAX_LINKS) return err("ELOOP");
        const target = child.target ?? "";
        if (target === "") return err("ENOENT");
        if (target.startsWith("/")) {
          stack.length = 1;
          names.length = 0;
        }
        todo.push(...target.split("/").reverse());
        continue;
      }
      if (last) return ok({ dir, name, inode: child, names: [...names, name] });
      stack.push(child);
      names.push(name);
    }
    const inode = stack[stack.length - 1]!;
    return ok({ dir: stack[stack.length - 2] ?? this.root, name: "", inode, names });
  }

  private entry(dir: Inode, name: string): Inode | undefined {
    return dir.dynamic ? dir.dynamic.lookup(name) : dir.entries?.get(name);
  }

  /** Permission bits, as inode_permission() looks at them; root may do everything but run what has no x bit. */
  private may(inode: Inode, bit: 1 | 2 | 4): boolean {
    const proc = this.host.current();
    const uid = proc?.uid ?? 0;
    if (uid === 0) return true;
    const shift = uid === inode.uid ? 6 : proc?.gid === inode.gid ? 3 : 0;
    return ((inode.mode >> shift) & bit) !== 0;
  }

  access(inode: Inode, bit: 1 | 2 | 4): boolean {
    // Not even root runs what has no x bit.
    if (bit === 1 && inode.type !== "dir" && (inode.mode & 0o111) === 0) return false;
    return this.may(inode, bit);
  }

  stat(path: string, o: { follow?: boolean } = {}): FsResult<Inode> {
    const found = this.walk(path, o.follow ?? true);
    if (!found.ok) return found;
    return found.value.inode ? ok(found.value.inode) : err("ENOENT");
  }

  realpath(path: string): FsResult<string> {
    const found = this.walk(path, true);
    if (!found.ok) return found;
    return found.value.inode ? ok(`/${found.value.names.join("/")}`) : err("ENOENT");
  }

  readdir(path: string): FsResult<string[]> {
    const found = this.stat(path);
    if (!found.ok) return found;
    const dir = found.value;
    if (dir.type !== "dir") return err("ENOTDIR");
    if (!this.may(dir, 4)) return err("EACCES");
    return ok(sortedNames(dir.dynamic ? dir.dynamic.list() : [...dir.entries!.keys()]));
  }

  // -- making and removing ------------------------------------------------------------------------------------------

  private newInode(type: Inode["type"], mode: number): Inode {
    this.inodes++;
    const proc = this.host.current();
    return { ino: this.nextIno++, type, mode, uid: proc?.uid ?? 0, gid: proc?.gid ?? 0, nlink: type === "dir" ? 2 : 1, mtime: this.host.now() };
  }

  /** Puts a new inode where `path` says. EEXIST when something is there. */
  private create(path: string, type: Inode["type"], mode: number, follow = false): FsResult<Inode> {
    const found = this.walk(path, follow);
    if (!found.ok) return found;
    if (found.value.inode) return err("EEXIST");
    return this.createIn(found.value, type, mode);
  }

  private createIn(at: Found, type: Inode["type"], mode: number): FsResult<Inode> {
    const { dir, name } = at;
    if (dir.dynamic) return err("ENOENT");
    if (dir.nlink === 0) return err("ENOENT");
    if (!this.may(dir, 2)) return err("EACCES");
    if (this.inodes >= MAX_INODES) return err("ENOSPC");
    const inode = this.newInode(type, mode);
    if (type === "dir") {
      inode.entries = new Map();
      dir.nlink++;
    } else if (type === "file") inode.data = new Uint8Array(0);
    dir.entries!.set(name, inode);
    dir.mtime = this.host.now();
    this.changes.wake();
    return ok(inode);
  }

  private unmasked(mode: number): number {
    return mode & ~(this.host.current()?.umask ?? 0o022);
  }

  mkdir(path: string, o: { parents?: boolean; mode?: number } = {}): FsResult {
    const mode = o.mode === undefined ? this.unmasked(0o777) : this.unmasked(o.mode & 0o777) | (o.mode & 0o7000);
    if (o.parents) {
      const parts = path.split("/");
      for (let i = 1; i < parts.length; i++) {
        const above = parts.slice(0, i).join("/");
        if (above === "" || this.stat(above).ok) continue;
        const made = this.create(above, "dir", this.unmasked(0o777) | 0o300);
        if (!made.ok && made.error !== "EEXIST") return made;
      }
      const there = this.stat(path);
      if (there.ok) return there.value.type === "dir" ? ok() : err("EEXIST");
    }
    const made = this.create(path, "dir", mode);
    return made.ok ? ok() : made;
  }

  rmdir(path: string): FsResult {
    const found = this.walk(path, false);
    if (!found.ok) return found;
    const { dir, name, inode } = found.value;
    if (!inode) return err("ENOENT");
    if (inode.type !== "dir") return err("ENOTDIR");
    if (name === "") return err(path.endsWith("..") ? "ENOTEMPTY" : path.endsWith(".") ? "EINVAL" : "EBUSY");
    if (inode.dynamic || dir.dynamic) return err("EPERM");
    if (inode.entries!.size > 0) return err("ENOTEMPTY");
    if (!this.may(dir, 2)) return err("EACCES");
    dir.entries!.delete(name);
    dir.nlink--;
    inode.nlink = 0;
    this.inodes--;
    dir.mtime = this.host.now();
    this.changes.wake();
    return ok();
  }

  unlink(path: string): FsResult {
    const found = this.walk(path, false);
    if (!found.ok) return found;
    const { dir, name, inode } = found.value;
    if (!inode) return err("ENOENT");
    if (inode.type === "dir") return err("EISDIR");
    if (dir.dynamic) return err("EPERM");
    if (!this.may(dir, 2)) return err("EACCES");
    if (inode.nsfs !== undefined) return err("EBUSY"); // a mount point; `ip netns del` unmounts first
    dir.entries!.delete(name);
    dir.mtime = this.host.now();
    this.changes.wake();
    this.dropLink(inode);
    return ok();
  }

  private dropLink(inode: Inode): void {
    inode.nlink--;
    if (inode.nlink > 0) return;
    this.inodes--;
    this.release(inode);
  }

  /** Gives the space of a file back that has neither name nor descriptor. */
  private release(inode: Inode): void {
    if (inode.nlink > 0 || (this.opens.get(inode) ?? 0) > 0 || !inode.data) return;
    this.bytes -= inode.data.length;
    inode.data = new Uint8Array(0);
  }
  private readonly opens = new Map<Inode, number>();

  rename(from: string, to: string): FsResult {
    const a = this.walk(from, false);
    if (!a.ok) return a;
    const b = this.walk(to, false);
    if (!b.ok) return b;
    const src = a.value;
    const dst = b.value;
    if (!src.inode) return err("ENOENT");
    if (src.name === "" || dst.name === "") return err("EBUSY");
    if (src.dir.dynamic || dst.dir.dynamic) return err(src.dir.dynamic && dst.dir.dynamic ? "EPERM" : "EXDEV");
    if (!this.may(src.dir, 2) || !this.may(dst.dir, 2)) return err("EACCES");
    if (src.inode === dst.inode) return ok();
    if (src.inode.type === "dir" && startsWith(dst.names, src.names)) return err("EINVAL");
    if (dst.inode) {
      if (dst.inode.type === "dir") {
        if (src.inode.type !== "dir") return err("EISDIR");
        if (dst.inode.entries!.size > 0) return err("ENOTEMPTY");
        dst.dir.nlink--;
        dst.inode.nlink = 0;
        this.inodes--;
      } else if (src.inode.type === "dir") return err("ENOTDIR");
      else this.dropLink(dst.inode);
    }
    src.dir.entries!.delete(src.name);
    dst.dir.entries!.set(dst.name, src.inode);
    if (src.inode.type === "dir") {
      src.dir.nlink--;
      dst.dir.nlink++;
    }
    src.dir.mtime = dst.dir.mtime = this.host.now();
    this.changes.wake();
    return ok();
  }

  symlink(target: string, path: string): FsResult {
    const made = this.create(path, "symlink", 0o777);
    if (!made.ok) return made;
    made.value.target = target;
    return ok();
  }

  link(from: string, to: string): FsResult {
    const a = this.stat(from, { follow: false });
    if (!a.ok) return a;
    if (a.value.type === "dir") return err("EPERM");
    const b = this.walk(to, false);
    if (!b.ok) return b;
    if (b.value.inode) return err("EEXIST");
    if (b.value.dir.dynamic) return err("EXDEV");
    if (!this.may(b.value.dir, 2)) return err("EACCES");
    b.value.dir.entries!.set(b.value.name, a.value);
    b.value.dir.mtime = this.host.now();
    this.changes.wake();
    a.value.nlink++;
    return ok();
  }

  touch(path: string): FsResult {
    const found = this.walk(path, true);
    if (!found.ok) return found;
    if (found.value.inode) {
      found.value.inode.mtime = this.host.now();
      return ok();
    }
    const made = this.createIn(found.value, "file", this.unmasked(0o666));
    return made.ok ? ok() : made;
  }

  mknod(path: string, mode: number, rdev: readonly [number, number], device: NonNullable<Inode["device"]>): FsResult<Inode> {
    const made = this.create(path, "device", mode);
    if (made.ok) Object.assign(made.value, { device, rdev });
    return made;
  }

  addVirtual(path: string, file: VirtualFile, mode = 0o644): FsResult<Inode> {
    const made = this.create(path, "file", mode);
    if (!made.ok) return made;
    delete made.value.data;
    made.value.virtual = file;
    return made;
  }

  addDynamic(path: string, dynamic: DynamicDirectory, mode = 0o555): FsResult<Inode> {
    const made = this.create(path, "dir", mode);
    if (!made.ok) return made;
    delete made.value.entries;
    made.value.dynamic = dynamic;
    return made;
  }

  // -- content ------------------------------------------------------------------------------------------------------

  open(proc: Process, path: string, flags: OpenFlags): FsResult<OpenFile> {
    const found = this.walk(path, !flags.exclusive);
    if (!found.ok) return found;
    let inode = found.value.inode;
    if (inode && flags.create && flags.exclusive) return err("EEXIST");
    const write = flags.write === true || flags.append === true;
    const read = flags.read ?? !write;
    if (!inode) {
      if (!flags.create) return err("ENOENT");
      if (path.endsWith("/")) return err("EISDIR");
      const made = this.createIn(found.value, "file", this.unmasked(flags.mode ?? 0o666));
      if (!made.ok) return made;
      inode = made.value;
    } else {
      if ((read && !this.may(inode, 4)) || (write && !this.may(inode, 2))) return err("EACCES");
      if (inode.type === "dir" && (write || flags.create)) return err("EISDIR");
    }
    const where = `/${found.value.names.join("/")}`;
    if (inode.device) {
      const file = inode.device(proc);
      return typeof file === "string" ? err(file) : ok(file);
    }
    if (inode.virtual) {
      if (write && !inode.virtual.write) return err("EACCES");
      return ok(new VirtualOpen(proc, inode.virtual, where));
    }
    if (inode.type === "dir") return ok(new DirectoryOpen(where));
    if (flags.truncate && write) this.setData(inode, new Uint8Array(0));
    return ok(new RegularOpen(this, inode, where, read, write, flags.append === true));
  }

  readFile(proc: Process, path: string): FsResult<Uint8Array> {
    const found = this.stat(path);
    if (!found.ok) return found;
    const inode = found.value;
    if (inode.type === "dir") return err("EISDIR");
    if (!this.may(inode, 4)) return err("EACCES");
    if (inode.virtual) {
      const got = inode.virtual.read(proc);
      return typeof got === "string" ? err(got) : ok(got);
    }
    if (inode.device) return readDevice(inode.device(proc));
    return inode.data ? ok(inode.data.slice()) : err("EINVAL");
  }

  writeFile(path: string, data: Uint8Array, o: { append?: boolean; mode?: number } = {}): FsResult {
    const found = this.walk(path, true);
    if (!found.ok) return found;
    let inode = found.value.inode;
    if (inode?.virtual) {
      const proc = this.host.current();
      if (!inode.virtual.write || !proc) return err("EACCES");
      const refused = inode.virtual.write(proc, data);
      return refused ? err(refused) : ok();
    }
    if (inode && inode.type !== "file") return err(inode.type === "dir" ? "EISDIR" : "EINVAL");
    if (inode && !this.may(inode, 2)) return err("EACCES");
    if (!inode) {
      const made = this.createIn(found.value, "file", o.mode ?? this.unmasked(0o666));
      if (!made.ok) return made;
      inode = made.value;
    } else if (o.mode !== undefined) inode.mode = o.mode;
    const at = o.append ? inode.data!.length : 0;
    if (!o.append) this.setData(inode, new Uint8Array(0));
    const n = this.writeAt(inode, at, data);
    return typeof n === "number" && n === data.length ? ok() : err(typeof n === "number" ? "ENOSPC" : n);
  }

  /** Puts new files into one directory, as the lab itself: what a machine starts with. */
  install(directory: string, files: Iterable<InstalledFile>): void {
    const found = this.stat(directory);
    if (!found.ok || !found.value.entries) throw new Error(`${directory} is no directory to install into`);
    for (const file of files) {
      if (found.value.entries.has(file.name)) throw new Error(`${directory}/${file.name} is there already`);
      const inode = this.newInode("file", file.mode);
      inode.data = file.data;
      inode.shared = true;
      if (file.command) inode.command = file.command;
      this.bytes += file.data.length;
      found.value.entries.set(file.name, inode);
    }
  }

  /** Replaces the content. @returns false when there is no room. */
  setData(inode: Inode, data: Uint8Array): boolean {
    const grown = this.bytes - (inode.data?.length ?? 0) + data.length;
    if (grown > MAX_BYTES) return false;
    this.bytes = grown;
    inode.data = data;
    delete inode.shared;
    inode.mtime = this.host.now();
    this.changes.wake();
    delete inode.command;
    return true;
  }

  /** @returns how many octets were written: fewer than given when the disk is full, ENOSPC when none. */
  writeAt(inode: Inode, at: number, bytes: Uint8Array): number | Errno {
    const old = inode.data ?? new Uint8Array(0);
    const room = MAX_BYTES - this.bytes + old.length - at;
    const n = Math.min(bytes.length, room);
    if (n <= 0 && bytes.length > 0) return "ENOSPC";
    const end = Math.max(old.length, at + n);
    this.bytes += end - old.length;
    inode.data = grow(inode.shared ? old.slice() : old, end);
    delete inode.shared;
    inode.data.set(n === bytes.length ? bytes : bytes.subarray(0, n), at);
    inode.mtime = this.host.now();
    this.changes.wake();
    delete inode.command;
    return n;
  }

  /** Called by an open file: it came, it went. */
  opened(inode: Inode): void {
    this.opens.set(inode, (this.opens.get(inode) ?? 0) + 1);
  }
  closed(inode: Inode): void {
    const left = (this.opens.get(inode) ?? 1) - 1;
    if (left > 0) this.opens.set(inode, left);
    else {
      this.opens.delete(inode);
      this.release(inode);
    }
  }
}

/** What a device gives at once; one without an end is cut. */
function readDevice(file: OpenFile | Errno): FsResult<Uint8Array> {
  if (typeof file === "string") return err(file);
  const got = file.read(65536);
  return typeof got === "string" ? err(got) : ok(got);
}

/** A view of `length` octets that begins with `old`. Capacity doubles, so that a file written line by line is copied seldom. */
function grow(old: Uint8Array, length: number): Uint8Array {
  if (length === old.length) return old;
  if (old.byteOffset === 0 && length <= old.buffer.byteLength) return new Uint8Array(old.buffer, 0, length);
  const buffer = new ArrayBuffer(old.length === 0 ? length : Math.max(length, 2 * old.length));
  const data = new Uint8Array(buffer, 0, length);
  data.set(old);
  return data;
}

function startsWith(names: readonly string[], head: readonly string[]): boolean {
  return names.length > head.length && head.every((name, i) => names[i] === name);
}

/** By code unit, as the C locale sorts. */
export function sortedNames(names: string[]): string[] {
  return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** What all open files share that never block. */
abstract class NeverBlocks {
  readonly readable = true;
  readonly writable = true;
  readonly waiters = new WaitQueue();
  refs = 0;
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  close(): void {}
}

class RegularOpen extends NeverBlocks implements OpenFile {
  readonly kind = "file";
  readonly inode: Inode;
  private readonly fs: FileSystem;
  private at = 0;
  private readonly mayRead: boolean;
  private readonly mayWrite: boolean;
  private readonly append: boolean;

  constructor(fs: FileSystem, inode: Inode, path: string, read: boolean, write: boolean, append: boolean) {
    super(path);
    this.fs = fs;
    this.inode = inode;
    this.mayRead = read;
    this.mayWrite = write;
    this.append = append;
    fs.opened(inode);
  }

  read(max: number): Uint8Array | Errno {
    if (!this.mayRead) return "EBADF";
    const data = this.inode.data ?? new Uint8Array(0);
    // A copy: the file may change while a pipe still holds what was read.
    const got = data.slice(this.at, this.at + max);
    this.at += got.length;
    return got;
  }

  write(bytes: Uint8Array): number | Errno {
    if (!this.mayWrite) return "EBADF";
    if (this.append) this.at = this.inode.data?.length ?? 0;
    const n = this.fs.writeAt(this.inode, this.at, bytes);
    if (typeof n === "number") this.at += n;
    return n;
  }

  /** lseek(2) with SEEK_SET. */
  seek(to: number): void {
    this.at = to;
  }
  get offset(): number {
    return this.at;
  }
  get size(): number {
    return this.inode.data?.length ?? 0;
  }

  override close(): void {
    this.fs.closed(this.inode);
  }
}

class DirectoryOpen extends NeverBlocks implements OpenFile {
  readonly kind = "directory";
  read(): Errno {
    return "EISDIR";
  }
  write(): Errno {
    return "EBADF";
  }
}

class VirtualOpen extends NeverBlocks implements OpenFile {
  readonly kind = "file";
  private readonly proc: Process;
  private readonly file: VirtualFile;
  /** Made at the first read, as a seq_file is. */
  private content: Uint8Array | undefined;
  private at = 0;

  constructor(proc: Process, file: VirtualFile, path: string) {
    super(path);
    this.proc = proc;
    this.file = file;
  }

  read(max: number): Uint8Array | Errno {
    if (!this.content) {
      const made = this.file.read(this.proc);
      if (typeof made === "string") return made;
      this.content = made;
    }
    const got = this.content.subarray(this.at, this.at + max);
    this.at += got.length;
    return got;
  }

  write(bytes: Uint8Array): number | Errno {
    if (!this.file.write) return "EBADF";
    return this.file.write(this.proc, bytes) ?? bytes.length;
  }
}
