/** id: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { findUser, groupIds, groupName, userName, type User } from "../users.ts";

function* one(t: Tool, user: User, has: (key: string) => boolean): Run<number> {
  const { proc } = t;
  const end = has("z") ? "\0" : "\n";
  const uid = (n: number): string => (has("n") ? (userName(proc, n) ?? String(n)) : String(n));
  const gid = (n: number): string => (has("n") ? (groupName(proc, n) ?? String(n)) : String(n));
  const named = (n: number, name: string | undefined): string => (name === undefined ? String(n) : `${n}(${name})`);
  const ids = groupIds(proc, user);
  if (has("u")) yield* t.say(uid(user.uid) + end);
  else if (has("g")) yield* t.say(gid(user.gid) + end);
  else if (has("G")) yield* t.say(ids.map(gid).join(has("z") ? "\0" : " ") + end);
  else yield* t.say(`uid=${named(user.uid, userName(proc, user.uid))} gid=${named(user.gid, groupName(proc, user.gid))} groups=${ids.map((g) => named(g, groupName(proc, g))).join(",")}\n`);
  return 0;
}

/** The process's own identity. */
function self(t: Tool): User {
  const { uid, gid } = t.proc;
  const known = findUser(t.proc, String(uid));
  return { name: known?.name ?? "", uid, gid, comment: "", home: "/", shell: "/bin/sh" };
}

export const id = defineTool({
  name: "id",
  man: {
    summary: "print real and effective user and group IDs",
    synopsis: ["id [OPTION]... [USER]..."],
    emulated: ["-u, -g, -G: only the user, the group, all groups", "-n: names instead of numbers", "-r: the real id (the same here)", "-z: end with NUL"],
    notEmulated: ["-Z: there is no SELinux."],
  },
  shorts: "agGnruzZ",
  longs: { context: "Z", group: "g", groups: "G", name: "n", real: "r", user: "u", zero: "z" },
  *run(t, options, operands) {
    const has = (key: string): boolean => options.some((o) => o.key === key);
    if (has("Z")) return yield* t.error("--context (-Z) works only on an SELinux-enabled kernel");
    const kinds = ["u", "g", "G"].filter(has).length;
    if (kinds > 1) return yield* t.error('cannot print "only" of more than one choice');
    if (kinds === 0 && (has("n") || has("r"))) return yield* t.error("cannot print only names or real IDs in default format");
    if (kinds === 0 && has("z")) return yield* t.error("option --zero not permitted in default format");
    if (operands.length === 0) return yield* one(t, self(t), has);
    for (const name of operands) {
      const user = findUser(t.proc, name);
      if (user) yield* one(t, user, has);
      else yield* t.error(`${quote(name)}: no such user`);
    }
    return t.status;
  },
});
