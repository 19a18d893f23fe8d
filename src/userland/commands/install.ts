/** install: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { applyMode, parseMode } from "../file-mode.ts";
import { baseName, isDirectory, joinPath } from "../file-tools.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { findUser, groups } from "../users.ts";

interface Owner {
  uid: number | undefined;
  gid: number | undefined;
}

function* copyOne(t: Tool, from: string, to: string, mode: number, owner: Owner, verbose: boolean): Run<void> {
  const { fs } = t.proc.machine;
  if (isDirectory(t.proc, from)) return void (yield* t.error(`omitting directory ${quoteAlways(from)}`));
  const read = fs.readFile(t.proc, from);
  if (!read.ok) return void (yield* t.error(`cannot ${read.error === "ENOENT" ? "stat" : "open"} ${quoteAlways(from)}${read.error === "ENOENT" ? "" : " for reading"}: ${strerror(read.error)}`));
  const source = fs.stat(from);
  // The old file is taken away first: other names of it keep what they had.
  if (fs.stat(to, { follow: false }).ok) fs.unlink(to);
  const written = fs.writeFile(to, read.value, { mode: 0o600 });
  if (!written.ok) return void (yield* t.error(`cannot create regular file ${quoteAlways(to)}: ${strerror(written.error)}`));
  const made = fs.stat(to);
  if (made.ok) {
    made.value.mode = mode;
    made.value.uid = owner.uid ?? made.value.uid;
    made.value.gid = owner.gid ?? made.value.gid;
    if (source.ok && source.value.command) made.value.command = source.value.command;
  }
  if (verbose) yield* t.say(`${quoteAlways(from)} -> ${quoteAlways(to)}\n`);
}

function* directories(t: Tool, names: readonly string[], mode: number, verbose: boolean): Run<void> {
  const { fs } = t.proc.machine;
  for (const name of names) {
    const there = fs.stat(name).ok;
    const made = fs.mkdir(name, { parents: true });
    const found = fs.stat(name);
    if (!made.ok) yield* t.error(`cannot create directory ${quoteAlways(name)}: ${strerror(made.error)}`);
    else if (found.ok) found.value.mode = mode;
    if (made.ok && verbose && !there) yield* t.say(`install: creating directory ${quoteAlways(name)}\n`);
  }
}

export const install = defineTool({
  name: "install",
  man: {
    summary: "copy files and set attributes",
    synopsis: ["install [OPTION]... [-T] SOURCE DEST", "install [OPTION]... SOURCE... DIRECTORY", "install [OPTION]... -t DIRECTORY SOURCE...", "install [OPTION]... -d DIRECTORY..."],
    emulated: ["-m MODE (0755 unless given), -o OWNER, -g GROUP, -d, -D, -t, -T, -v; -c, -s and -p have no effect"],
    notEmulated: ["-b, -C, -S, --backup, --preserve-context, -Z"],
    examples: ["install -m 644 FILE /etc/sysctl.d/"],
  },
  shorts: "bcCdDg:m:o:pst:TvS:Z",
  longs: { compare: "C", directory: "d", group: "g:", mode: "m:", owner: "o:", "preserve-timestamps": "p", strip: "s", "target-directory": "t:", "no-target-directory": "T", verbose: "v", backup: "backup::", suffix: "S:", context: "Z" },
  refused: ["b", "C", "S", "backup", "Z"],
  *run(t, options, operands) {
    const { fs } = t.proc.machine;
    const value = (key: string): string | undefined => options.findLast((o) => o.key === key)?.value;
    const has = (key: string): boolean => options.some((o) => o.key === key);
    const given = value("m");
    const change = given === undefined ? undefined : parseMode(given);
    if (given !== undefined && !change) return yield* t.error(`invalid mode ${quote(given)}`);
    const mode = change ? applyMode(change, 0, false, 0) : 0o755;
    const [user, group] = [value("o"), value("g")];
    const owner: Owner = {
      uid: user === undefined ? undefined : (findUser(t.proc, user)?.uid ?? (/^[0-9]+$/.test(user) ? Number(user) : -1)),
      gid: group === undefined ? undefined : (groups(t.proc).find((g) => g.name === group)?.gid ?? (/^[0-9]+$/.test(group) ? Number(group) : -1)),
    };
    if (owner.uid === -1) return yield* t.error(`invalid user ${quote(user!)}`);
    if (owner.gid === -1) return yield* t.error(`invalid group ${quote(group!)}`);
    if (operands.length === 0) return yield* t.usage("missing file operand");
    if (has("d")) {
      yield* directories(t, operands, mode, has("v"));
      return t.status;
    }
    const files = [...operands];
    const into = value("t") ?? (files.length === 1 ? undefined : files.pop());
    if (into === undefined) return yield* t.usage(`missing destination file operand after ${quoteAlways(files[0]!)}`);
    const isDir = value("t") !== undefined || (!has("T") && isDirectory(t.proc, into));
    if (!isDir && files.length > 1 && !fs.stat(into).ok) return yield* t.error(`target ${quoteAlways(into)}: ${strerror("ENOENT")}`);
    if (!isDir && files.length > 1) return yield* t.error(`target ${quoteAlways(into)} is not a directory`);
    if (has("D")) {
      const parent = value("t") ?? into.replace(/\/?[^/]*\/*$/, "");
      if (parent !== "") fs.mkdir(parent, { parents: true });
    }
    for (const from of files) yield* copyOne(t, from, isDir ? joinPath(into, baseName(from)) : into, mode, owner, has("v"));
    return t.status;
  },
});
