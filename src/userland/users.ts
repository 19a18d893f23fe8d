/** Who is who: /etc/passwd and /etc/group as a process reads them (passwd(5), group(5)). */
import { decodeUtf8 } from "../base/bytes.ts";
import type { Process } from "./process.ts";

export interface User {
  name: string;
  uid: number;
  gid: number;
  comment: string;
  home: string;
  shell: string;
}
export interface Group {
  name: string;
  gid: number;
  members: readonly string[];
}

function lines(proc: Process, path: string): string[][] {
  const file = proc.machine.fs.readFile(proc, path);
  if (!file.ok) return [];
  return decodeUtf8(file.value).split("\n").filter((l) => l !== "" && !l.startsWith("#")).map((l) => l.split(":"));
}

export function users(proc: Process): User[] {
  return lines(proc, "/etc/passwd").map((f) => ({ name: f[0]!, uid: Number(f[2]), gid: Number(f[3]), comment: f[4] ?? "", home: f[5] ?? "/", shell: f[6] ?? "/bin/sh" }));
}

export function groups(proc: Process): Group[] {
  return lines(proc, "/etc/group").map((f) => ({ name: f[0]!, gid: Number(f[2]), members: (f[3] ?? "").split(",").filter((m) => m !== "") }));
}

/** By name, or by number as ids are also given. */
export function findUser(proc: Process, name: string): User | undefined {
  const all = users(proc);
  return all.find((u) => u.name === name) ?? (/^[0-9]+$/.test(name) ? all.find((u) => u.uid === Number(name)) : undefined);
}

export function userName(proc: Process, uid: number): string | undefined {
  return users(proc).find((u) => u.uid === uid)?.name;
}
export function groupName(proc: Process, gid: number): string | undefined {
  return groups(proc).find((g) => g.gid === gid)?.name;
}

/** The primary group and those that name the user, as initgroups(3) has them. */
export function groupIds(proc: Process, user: User): number[] {
  const out = [user.gid];
  for (const g of groups(proc)) if (g.members.includes(user.name) && !out.includes(g.gid)) out.push(g.gid);
  return out;
}
