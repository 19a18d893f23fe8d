/** groups: coreutils 9.1. */
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";
import { findUser, groupIds, groupName } from "../users.ts";

export const groups = defineTool({
  name: "groups",
  man: { summary: "print the groups a user is in", synopsis: ["groups [OPTION]... [USERNAME]..."], emulated: ["Groups of the process, or of the users named."], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    const names = (ids: readonly number[]): string => ids.map((g) => groupName(t.proc, g) ?? String(g)).join(" ");
    if (operands.length === 0) {
      const user = findUser(t.proc, String(t.proc.uid));
      yield* t.say(`${names(user ? groupIds(t.proc, { ...user, gid: t.proc.gid }) : [t.proc.gid])}\n`);
    }
    for (const name of operands) {
      const user = findUser(t.proc, name);
      if (user) yield* t.say(`${name} : ${names(groupIds(t.proc, user))}\n`);
      else yield* t.error(`${quote(name)}: no such user`);
    }
    return t.status;
  },
});
