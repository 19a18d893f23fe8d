/** Pathname expansion (POSIX XCU 2.6.6): names sorted by code unit; a leading dot is matched by a written dot only. */
import type { Process } from "../process.ts";
import { compilePattern, matches, pieces, type Pattern, type PatternChar } from "./pattern.ts";

export interface GlobOptions {
  extglob: boolean;
  dotglob: boolean;
  globstar: boolean;
  /** `.*` does not match `.` and `..`. */
  skipDots: boolean;
  nocase: boolean;
}

const MAX_MATCHES = 4096;

/** Paths that match the pieces of a field; none: the caller keeps the word. */
export function glob(proc: Process, field: readonly { text: string; quoted: boolean }[], o: GlobOptions): string[] | "too many" {
  const chars: PatternChar[] = field.flatMap((p) => pieces(p.text, p.quoted));
  const components: PatternChar[][] = [[]];
  for (const c of chars) {
    if (c.c === "/") components.push([]);
    else components[components.length - 1]!.push(c);
  }
  const walk = new Walk(proc, o);
  walk.down("", components, 0);
  if (walk.overflow) return "too many";
  return walk.found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

class Walk {
  readonly found: string[] = [];
  overflow = false;
  private readonly proc: Process;
  private readonly o: GlobOptions;

  constructor(proc: Process, o: GlobOptions) {
    this.proc = proc;
    this.o = o;
  }

  /** `base` ends in a slash, or is empty. */
  down(base: string, components: readonly PatternChar[][], at: number): void {
    if (this.overflow) return;
    const component = components[at]!;
    const last = at === components.length - 1;
    if (component.length === 0) {
      // A leading, double or trailing slash.
      if (last) this.add(base);
      else this.down(`${base}/`, components, at + 1);
      return;
    }
    if (this.o.globstar && component.length === 2 && component.every((c) => c.c === "*" && !c.quoted)) {
      this.star(base, components, at, 0);
      return;
    }
    const pattern = compilePattern(component, this.o.extglob);
    for (const name of this.names(base, component, pattern)) {
      if (last) this.add(base + name);
      else if (this.isDirectory(base + name)) this.step(`${base}${name}`, components, at + 1);
    }
  }

  private step(path: string, components: readonly PatternChar[][], at: number): void {
    this.down(`${path}/`, components, at);
  }

  /** `**`: this directory and everything below it. */
  private star(base: string, components: readonly PatternChar[][], at: number, depth: number): void {
    const last = at === components.length - 1;
    if (last) {
      // The directory that was named keeps its slash, those below it have none.
      if (base !== "") this.add(depth > 0 ? base.slice(0, -1) : base);
    } else this.down(base, components, at + 1);
    if (depth > 64) return;
    for (const name of this.list(base)) {
      if (name.startsWith(".") && !this.o.dotglob) continue;
      const dir = this.isDirectory(base + name, false);
      if (dir) this.star(`${base}${name}/`, components, at, depth + 1);
      else if (last) this.add(base + name);
    }
  }

  private add(path: string): void {
    if (this.found.length >= MAX_MATCHES) this.overflow = true;
    else if (path !== "" && this.exists(path)) this.found.push(path);
  }

  private names(base: string, component: readonly PatternChar[], pattern: Pattern): string[] {
    if (pattern.literal !== undefined) return this.exists(base + pattern.literal) ? [pattern.literal] : [];
    const dots = component[0]!.c === ".";
    const fold = (s: string): string => (this.o.nocase ? s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32)) : s);
    const folded = this.o.nocase ? compilePattern(component.map((c) => ({ ...c, c: fold(c.c) })), this.o.extglob) : pattern;
    const all = dots && !this.o.skipDots ? [".", "..", ...this.list(base)] : this.list(base);
    return all.filter((name) => (name.startsWith(".") ? dots || this.o.dotglob : true) && matches(folded, fold(name)));
  }

  private list(base: string): string[] {
    const got = this.proc.machine.fs.readdir(base === "" ? "." : base);
    return got.ok ? got.value : [];
  }
  private exists(path: string): boolean {
    return this.proc.machine.fs.stat(path, { follow: false }).ok;
  }
  private isDirectory(path: string, follow = true): boolean {
    const got = this.proc.machine.fs.stat(path, { follow });
    return got.ok && got.value.type === "dir";
  }
}
