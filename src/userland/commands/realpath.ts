/** realpath and readlink: coreutils 9.1. */
import { type Errno, strerror } from "../../kernel/errno.ts";
import { lstat } from "../file-tools.ts";
import { type FsResult, resolvePath } from "../fs.ts";
import { quoteName } from "../gnu-quote.ts";
import type { Process } from "../process.ts";
import { defineTool } from "../tool.ts";
import { relativeTo } from "./ln.ts";

type Mode = "existing" | "last-may-miss" | "all-may-miss";

/** canonicalize_filename_mode() of gnulib. */
function canonical(proc: Process, path: string, mode: Mode): FsResult<string> {
  const { fs } = proc.machine;
  const whole = fs.realpath(path);
  if (whole.ok || mode === "existing" || path === "") return whole;
  if (whole.error !== "ENOENT" && mode !== "all-may-miss") return whole;
  const missing: string[] = [];
  let at = path.startsWith("/") ? path : `${proc.cwd}/${path}`;
  for (let links = 0; ; ) {
    at = at.replace(/(?<=.)\/+$/, "");
    const slash = at.lastIndexOf("/");
    const name = at.slice(slash + 1);
    const link = lstat(proc, at);
    // A dangling link: what it points to is what is missing.
    if (link.ok && link.value.type === "symlink" && link.value.target !== undefined && ++links < 40) {
      at = link.value.target.startsWith("/") ? link.value.target : `${at.slice(0, slash)}/${link.value.target}`;
    } else {
      missing.unshift(name);
      at = at.slice(0, slash) || "/";
    }
    const above = fs.realpath(at);
    if (above.ok) return mode === "last-may-miss" && missing.length > 1 ? { ok: false, error: "ENOENT" } : { ok: true, value: resolvePath(above.value, missing.join("/")) };
    if (mode === "last-may-miss" && missing.length > 1) return { ok: false, error: above.error as Errno };
    if (at === "/") return above;
  }
}

const MODES: Readonly<Record<string, Mode>> = { e: "existing", f: "last-may-miss", m: "all-may-miss" };

export const realpath = defineTool({
  name: "realpath",
  man: {
    summary: "print the resolved path",
    synopsis: ["realpath [OPTION]... FILE..."],
    emulated: ["-e: all of it must be there; -m: nothing need be", "-s: symbolic links are not followed", "--relative-to=DIR, --relative-base=DIR", "-q, -z"],
    notEmulated: ["-L"],
  },
  shorts: "eLmPqsz",
  longs: { "canonicalize-existing": "e", "canonicalize-missing": "m", logical: "L", physical: "P", quiet: "q", "relative-base": "base:", "relative-to": "to:", strip: "s", "no-symlinks": "s", zero: "z" },
  refused: ["L"],
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const mode = MODES[options.findLast((o) => o.key === "e" || o.key === "m")?.key ?? "f"]!;
    const resolve = (path: string): FsResult<string> => (has("s") ? { ok: true, value: resolvePath(t.proc.cwd, path) } : canonical(t.proc, path, mode));
    const to = options.findLast((o) => o.key === "to")?.value;
    const base = options.findLast((o) => o.key === "base")?.value;
    const within = base === undefined ? undefined : resolvePath(t.proc.cwd, base);
    for (const path of operands) {
      const found = resolve(path);
      if (!found.ok) {
        if (!has("q")) yield* t.error(`${quoteName(path)}: ${strerror(found.error)}`);
        t.status = 1;
        continue;
      }
      const relative = (to !== undefined || within !== undefined) && (within === undefined || `${found.value}/`.startsWith(`${within}/`));
      const start = to === undefined ? within : resolvePath(t.proc.cwd, to);
      yield* t.say((relative ? relativeTo(t.proc, found.value, `${start}/x`) : found.value) + (has("z") ? "\0" : "\n"));
    }
    return t.status;
  },
});

export const readlink = defineTool({
  name: "readlink",
  man: {
    summary: "print resolved symbolic links or canonical file names",
    synopsis: ["readlink [OPTION]... FILE..."],
    emulated: ["without options: what a symbolic link holds", "-f, -e, -m: the canonical path; the last part, nothing or everything of it may be missing", "-n: no newline; -v: say what is wrong; -q, -s, -z"],
    notEmulated: [],
  },
  shorts: "efmnqsvz",
  longs: { canonicalize: "f", "canonicalize-existing": "e", "canonicalize-missing": "m", "no-newline": "n", quiet: "q", silent: "s", verbose: "v", zero: "z" },
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("missing operand");
    const key = options.findLast((o) => "efm".includes(o.key))?.key;
    const verbose = options.findLast((o) => "qsv".includes(o.key))?.key === "v";
    const bare = options.some((o) => o.key === "n") && operands.length === 1;
    const end = bare ? "" : options.some((o) => o.key === "z") ? "\0" : "\n";
    for (const path of operands) {
      const found = key ? canonical(t.proc, path, MODES[key]!) : held(t.proc, path);
      if (found.ok) yield* t.say(found.value + end);
      else {
        if (verbose) yield* t.error(`${quoteName(path)}: ${strerror(found.error)}`);
        t.status = 1;
      }
    }
    return t.status;
  },
});

function held(proc: Process, path: string): FsResult<string> {
  const found = lstat(proc, path);
  if (!found.ok) return found;
  return found.value.type === "symlink" ? { ok: true, value: found.value.target ?? "" } : { ok: false, error: "EINVAL" };
}
