/** Building blocks of file systems whose files are made when they are looked at. */
import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import type { Errno } from "../kernel/errno.ts";
import type { Inode } from "./fs.ts";
import type { OpenFile, Process } from "./process.ts";

/** Entries of a directory: name and how its inode is made. */
export type Entries = ReadonlyMap<string, () => Inode>;

const PLAIN: Pick<Inode, "uid" | "gid" | "mtime"> = { uid: 0, gid: 0, mtime: 0 };

/** FNV-1a: the same path has the same inode number whenever it is looked at. */
function inoOf(path: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) h = Math.imul(h ^ path.charCodeAt(i), 0x01000193);
  return 0x10000000 + ((h >>> 0) & 0x0fffffff);
}

/** A file to read, and to write when `write` is given; that gets the text without its last newline. */
export function virtualFile(path: string, read: (proc: Process) => string | Uint8Array | { errno: Errno }, write?: (proc: Process, text: string) => undefined | Errno, mode?: number): Inode {
  return {
    ...PLAIN, ino: inoOf(path), type: "file", nlink: 1, mode: mode ?? (write ? 0o644 : 0o444),
    virtual: {
      read(proc) {
        const got = read(proc);
        if (typeof got === "string") return encodeUtf8(got);
        return got instanceof Uint8Array ? got : got.errno;
      },
      ...(write ? { write: (proc: Process, bytes: Uint8Array) => write(proc, decodeUtf8(bytes).replace(/\n$/, "")) } : {}),
    },
  };
}

export function virtualLink(path: string, target: string): Inode {
  return { ...PLAIN, ino: inoOf(path), type: "symlink", nlink: 1, mode: 0o777, target };
}

/** A link that opens what it stands for, whatever its target reads like: /proc/PID/fd/N. */
export function magicLink(path: string, target: string, open: () => OpenFile | Errno): Inode {
  return { ...virtualLink(path, target), device: open };
}

/** A directory whose entries are made anew at each look. */
export function virtualDirectory(path: string, entries: () => Entries, mode = 0o555): Inode {
  return {
    ...PLAIN, ino: inoOf(path), type: "dir", nlink: 2, mode,
    dynamic: { list: () => [...entries().keys()], lookup: (name) => entries().get(name)?.() },
  };
}
