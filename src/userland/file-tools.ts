/** What the tools that make, copy and remove files share: joining names, size of a file, asking before they do it. */
import type { FsResult, Inode } from "./fs.ts";
import type { Process, Run } from "./process.ts";
import type { Tool } from "./tool.ts";

export function lstat(proc: Process, path: string): FsResult<Inode> {
  return proc.machine.fs.stat(path, { follow: false });
}

export function stat(proc: Process, path: string): FsResult<Inode> {
  return proc.machine.fs.stat(path);
}

export function isDirectory(proc: Process, path: string): boolean {
  const found = stat(proc, path);
  return found.ok && found.value.type === "dir";
}

/** `dir/name` with one slash between them. */
export function joinPath(dir: string, name: string): string {
  return dir.endsWith("/") ? dir + name : `${dir}/${name}`;
}

/** The last component, without slashes at its end. */
export function baseName(path: string): string {
  const bare = path.replace(/\/+$/, "");
  return bare === "" ? (path === "" ? "" : "/") : bare.slice(bare.lastIndexOf("/") + 1);
}

/** Names in the order in which the file system gives them to programs that do not sort: tmpfs has the newest first. */
export function directoryOrder(proc: Process, path: string): string[] {
  const found = stat(proc, path);
  if (!found.ok || found.value.type !== "dir") return [];
  if (found.value.entries) return [...found.value.entries.keys()].reverse();
  const listed = proc.machine.fs.readdir(path);
  return listed.ok ? listed.value : [];
}

/** st_size: a directory of tmpfs counts 20 octets an entry, `.` and `..` included. */
export function sizeOf(inode: Inode): number {
  if (inode.type === "symlink") return encodedLength(inode.target ?? "");
  if (inode.type === "dir") return inode.entries ? 20 * (inode.entries.size + 2) : 0;
  return inode.data?.length ?? 0;
}

function encodedLength(text: string): number {
  let n = 0;
  for (const c of text) {
    const code = c.codePointAt(0)!;
    n += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return n;
}

/** st_blocks: 512 octets each, in pages of 4 KiB. */
export function blocksOf(inode: Inode): number {
  return inode.type === "file" && inode.data ? Math.ceil(inode.data.length / 4096) * 8 : 0;
}

/** "regular empty file", "symbolic link" ... as stat and rm say it. */
export function typeName(inode: Inode): string {
  switch (inode.type) {
    case "dir": return "directory";
    case "symlink": return "symbolic link";
    case "device": return "character special file";
    case "file": return sizeOf(inode) === 0 ? "regular empty file" : "regular file";
  }
}

/** Asks on standard error; yes is an answer that begins with y or Y. */
export function* ask(t: Tool, question: string): Run<boolean> {
  yield* t.out.flush();
  yield* t.proc.warn(`${t.name}: ${question}`);
  const answer = yield* t.stdinLine();
  return answer !== undefined && /^[yY]/.test(answer);
}
