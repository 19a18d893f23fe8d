/** Labs on the disk. The engine knows no files: here they are read, with limits before anything is looked at. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { err, type Result } from "../base/result.ts";
import { type LabSource, loadLab } from "../lab/load.ts";
import type { Problem } from "../lab/problem.ts";
import { LIMITS, NAME } from "../lab/schema.ts";

export const LABS_DIR = fileURLToPath(new URL("../../labs", import.meta.url));

/** Ids of the labs of the book, sorted. */
export function labIds(): string[] {
  return readdirSync(LABS_DIR, { withFileTypes: true })
    .filter((e) => e.isDirectory())
    .map((e) => e.name)
    .sort();
}

/** The folder of a lab: an id of the book, or a path with a slash in it. */
export function labFolder(name: string, cwd: string): string | undefined {
  const dir = name.includes("/") ? resolve(cwd, name) : NAME.test(name) ? join(LABS_DIR, name) : undefined;
  return dir !== undefined && statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true ? dir : undefined;
}

/** @param seeds variants to look at; a lab that is only to be run needs its own. */
export function readLab(dir: string, cwd: string, options: { complete?: boolean; seeds?: readonly number[] } = {}): Result<LabSource, Problem[]> {
  const shown = relative(cwd, dir);
  const prefix = `${shown.startsWith("..") ? `labs/${basename(dir)}` : shown}/`;
  const files = new Map<string, string>();
  let octets = 0;
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, e.name);
    if (!e.isFile()) return err([{ file: prefix + e.name, line: 0, key: "", rule: "is no regular file", fix: "remove it" }]);
    octets += statSync(path).size;
    if (octets > LIMITS.labOctets) return err([{ file: prefix + e.name, line: 0, key: "", rule: `makes the lab larger than ${LIMITS.labOctets} octets`, fix: "make it smaller" }]);
    files.set(e.name, readFileSync(path, "utf8"));
  }
  return loadLab(basename(dir), files, { prefix, ...options });
}
