/** What find looks at: one name of the tree, and what all tests and actions share. */
import type { Inode } from "../../fs.ts";
import type { Process, Run } from "../../process.ts";
import type { Tool } from "../../tool.ts";

/** When symbolic links are followed: never (-P), those on the command line (-H), always (-L). */
export type Follow = "never" | "arguments" | "always";

export interface Entry {
  /** As printed: starting point and what lies below. */
  readonly path: string;
  /** The starting point it was reached from. */
  readonly start: string;
  readonly depth: number;
  /** What tests see: with -L the target of a link, unless it leads nowhere. */
  readonly inode: Inode;
}

/** Set by actions while a tree is walked. */
export interface Walk {
  readonly t: Tool;
  readonly proc: Process;
  follow: Follow;
  minDepth: number;
  maxDepth: number;
  /** Contents before the directory itself (-depth, -delete). */
  contentsFirst: boolean;
  /** Not into other file systems. */
  oneFileSystem: boolean;
  /** -prune: do not go down here. */
  pruned: boolean;
  /** -quit. */
  stopped: boolean;
}

/** A node of the expression. */
export type Expression = (entry: Entry, walk: Walk) => boolean | Run<boolean>;

/** The file's own name: "f" of "d/f", slashes at the end not counting. */
export function lastName(path: string): string {
  const bare = path.replace(/\/+$/, "");
  return bare === "" ? (path === "" ? "" : "/") : bare.slice(bare.lastIndexOf("/") + 1);
}

/** Letters of -type. */
export function typeLetter(inode: Inode): string {
  return { dir: "d", symlink: "l", file: "f", device: "c" }[inode.type];
}

/** Which file system a path lies in, as far as these machines have several. */
export function fileSystemOf(path: string): string {
  if (/^\/proc(\/|$)/.test(path)) return "proc";
  if (/^\/sys(\/|$)/.test(path)) return "sysfs";
  return "tmpfs";
}
