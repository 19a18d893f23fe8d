/** chmod, chown and chgrp: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import type { Command } from "../command.ts";
import { applyMode, type ModeChange, parseMode, permissionString } from "../file-mode.ts";
import { directoryOrder, joinPath, lstat, stat } from "../file-tools.ts";
import type { Inode } from "../fs.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import type { Process, Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { findUser, groupName, groups, userName } from "../users.ts";

interface Report {
  /** Say what was done: always, when it changed something, or never. */
  verbose: "v" | "c" | "";
  quiet: boolean;
  recursive: boolean;
}

function reportOf(options: readonly GivenOption[]): Report {
  const last = options.findLast((o) => o.key === "v" || o.key === "c")?.key;
  return { verbose: (last as "v" | "c" | undefined) ?? "", quiet: options.some((o) => o.key === "f"), recursive: options.some((o) => o.key === "R") };
}

/** A file and, with -R, all below it. Symbolic links met on the way are left alone. */
function* each(t: Tool, path: string, r: Report, use: (path: string, inode: Inode) => Run<void>, dangling: string): Run<void> {
  const found = stat(t.proc, path);
  if (!found.ok) {
    const link = lstat(t.proc, path);
    t.status = 1;
    const why = link.ok && link.value.type === "symlink" && found.error === "ENOENT" && dangling !== "" ? `${dangling} ${quoteAlways(path)}` : `cannot access ${quoteAlways(path)}: ${strerror(found.error)}`;
    if (!r.quiet) yield* t.error(why);
    if (r.verbose === "v") yield* t.say(`${quoteAlways(path)} could not be accessed\n`);
    return;
  }
  yield* below(t, path, found.value, r, use);
}

function* below(t: Tool, path: string, inode: Inode, r: Report, use: (path: string, inode: Inode) => Run<void>): Run<void> {
  yield* use(path, inode);
  if (!r.recursive || inode.type !== "dir") return;
  for (const name of directoryOrder(t.proc, path)) {
    const child = lstat(t.proc, joinPath(path, name));
    if (!child.ok) continue;
    if (child.value.type !== "symlink") yield* below(t, joinPath(path, name), child.value, r, use);
    else if (r.verbose === "v") yield* t.say(`neither symbolic link ${quoteAlways(joinPath(path, name))} nor referent has been changed\n`);
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

function* changeMode(t: Tool, path: string, inode: Inode, change: ModeChange, r: Report): Run<void> {
  const old = inode.mode;
  inode.mode = applyMode(change, old, inode.type === "dir", t.proc.umask);
  const now = `${octal(inode.mode)} (${permissionString(inode.mode)})`;
  if (old !== inode.mode && r.verbose !== "") yield* t.say(`mode of ${quoteAlways(path)} changed from ${octal(old)} (${permissionString(old)}) to ${now}\n`);
  else if (r.verbose === "v") yield* t.say(`mode of ${quoteAlways(path)} retained as ${now}\n`);
}

/** `chmod -x file`: a mode that looks like options. */
function protectMode(args: readonly string[]): readonly string[] {
  const at = args.findIndex((a) => /^-[rwxXstugo0-7][rwxXstugoa0-7,=+-]*$/.test(a) && a !== "-R");
  const end = args.indexOf("--");
  return at < 0 || (end >= 0 && end < at) ? args : [...args.slice(0, at), ...args.slice(at + 1).filter((a) => /^-[Rvcf]+$/.test(a) || a.startsWith("--")), "--", args[at]!, ...args.slice(at + 1).filter((a) => !/^-[Rvcf]+$/.test(a) && !a.startsWith("--"))];
}

export const chmod = defineTool({
  name: "chmod",
  man: {
    summary: "change file mode bits",
    synopsis: ["chmod [OPTION]... MODE[,MODE]... FILE...", "chmod [OPTION]... OCTAL-MODE FILE...", "chmod [OPTION]... --reference=RFILE FILE..."],
    emulated: ["MODE: 644, u+x, go-w, a=r, +X ...", "-R, -v, -c, -f, --reference=FILE"],
    notEmulated: [],
    examples: ["chmod +x script.sh"],
  },
  shorts: "Rcfv",
  longs: { changes: "c", recursive: "R", "no-preserve-root": "ignored", "preserve-root": "ignored", quiet: "f", silent: "f", reference: "reference:", verbose: "v" },
  adapt: protectMode,
  *run(t, options, operands) {
    const r = reportOf(options);
    const reference = options.findLast((o) => o.key === "reference")?.value;
    const files = [...operands];
    let change: ModeChange | undefined;
    if (reference !== undefined) {
      const found = stat(t.proc, reference);
      if (!found.ok) return yield* t.error(`failed to get attributes of ${quoteAlways(reference)}: ${strerror(found.error)}`);
      change = { octal: found.value.mode, digits: 5 };
    } else {
      const mode = files.shift();
      if (mode === undefined) return yield* t.usage("missing operand");
      if (files.length === 0) return yield* t.usage(`missing operand after ${quote(mode)}`);
      change = parseMode(mode);
      if (!change) return yield* t.usage(`invalid mode: ${quote(mode)}`);
    }
    if (files.length === 0) return yield* t.usage("missing operand");
    for (const path of files) yield* each(t, path, r, (p, inode) => changeMode(t, p, inode, change, r), "cannot operate on dangling symlink");
    return t.status;
  },
});

interface Owner {
  uid: number | undefined;
  gid: number | undefined;
}

/** A group by name or number. */
function findGroup(proc: Process, text: string): number | undefined {
  return groups(proc).find((g) => g.name === text)?.gid ?? (/^\d+$/.test(text) ? Number(text) : undefined);
}

/** A user by name or number; a number need not be in /etc/passwd. */
function account(proc: Process, text: string): { uid: number; gid: number | undefined } | undefined {
  return findUser(proc, text) ?? (/^\d+$/.test(text) ? { uid: Number(text), gid: undefined } : undefined);
}

/** "user", "user:group", ":group", "user:"; a text: what is wrong. */
function parseOwner(proc: Process, text: string): Owner | string {
  const [user, group] = text.includes(":") ? [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)] : [text, undefined];
  const owner = user === "" ? undefined : account(proc, user!);
  if (user !== "" && !owner) return `invalid user: ${quote(text)}`;
  if (group === undefined) return { uid: owner?.uid, gid: undefined };
  if (group === "") return { uid: owner?.uid, gid: owner?.gid };
  const gid = findGroup(proc, group);
  return gid === undefined ? `invalid group: ${quote(text)}` : { uid: owner?.uid, gid };
}

function* changeOwner(t: Tool, path: string, inode: Inode, owner: Owner, r: Report): Run<void> {
  const shown = (uid: number, gid: number): string => {
    const user = userName(t.proc, uid) ?? String(uid);
    const group = groupName(t.proc, gid) ?? String(gid);
    return owner.uid === undefined ? group : owner.gid === undefined ? user : `${user}:${group}`;
  };
  const before = shown(inode.uid, inode.gid);
  const changes = (owner.uid !== undefined && owner.uid !== inode.uid) || (owner.gid !== undefined && owner.gid !== inode.gid);
  inode.uid = owner.uid ?? inode.uid;
  inode.gid = owner.gid ?? inode.gid;
  const what = owner.uid === undefined ? "group" : "ownership";
  const after = shown(inode.uid, inode.gid);
  if (changes && r.verbose !== "") yield* t.say(`changed ${what} of ${quoteAlways(path)} from ${before} to ${after}\n`);
  else if (r.verbose === "v") yield* t.say(`${what} of ${quoteAlways(path)} retained as ${after}\n`);
}

function ownerTool(name: string, summary: string, synopsis: string, parse: (proc: Process, text: string) => Owner | string): Command {
  return defineTool({
    name,
    man: { summary, synopsis: [synopsis], emulated: ["-R, -v, -c, -f"], notEmulated: ["--from, --reference", "-h, -H, -L, -P"] },
    shorts: "HLPRcfhv",
    longs: { recursive: "R", changes: "c", dereference: "ignored", from: "from:", "no-dereference": "h", quiet: "f", silent: "f", reference: "reference:", verbose: "v" },
    refused: ["from", "reference", "h", "H", "L", "P"],
    *run(t, options, operands) {
      const [text, ...files] = operands;
      if (text === undefined) return yield* t.usage("missing operand");
      if (files.length === 0) return yield* t.usage(`missing operand after ${quote(text)}`);
      const owner = parse(t.proc, text);
      if (typeof owner === "string") return yield* t.error(owner);
      const r = reportOf(options);
      for (const path of files) yield* each(t, path, r, (p, inode) => changeOwner(t, p, inode, owner, r), "");
      return t.status;
    },
  });
}

export const chown = ownerTool("chown", "change file owner and group", "chown [OPTION]... [OWNER][:[GROUP]] FILE...", parseOwner);

export const chgrp = ownerTool("chgrp", "change group ownership", "chgrp [OPTION]... GROUP FILE...", (proc, text) => {
  const gid = findGroup(proc, text);
  return gid === undefined ? `invalid group: ${quote(text)}` : { uid: undefined, gid };
});
