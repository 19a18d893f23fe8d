/**
 * Named network namespaces: a name is a file of /run/netns that holds the namespace (ip-netns(8): a bind mount of nsfs). A namespace lives
 * as long as a name, a process or the machine itself holds it.
 */
import type { Netns } from "../kernel/api.ts";
import type { Inode } from "./fs.ts";
import type { Machine } from "./machine.ts";
import { resolvePath } from "./fs.ts";

export const NETNS_DIR = "/run/netns";

function held(inode: Inode | undefined): Netns | undefined {
  return inode?.nsfs as Netns | undefined;
}

function entries(machine: Machine): ReadonlyMap<string, Inode> {
  const dir = machine.fs.stat(NETNS_DIR);
  return (dir.ok ? dir.value.entries : undefined) ?? new Map();
}

/** Names with what they hold (undefined: an ordinary file), the newest first, as readdir(3) of a tmpfs gives them. */
export function netnsNames(machine: Machine): [name: string, ns: Netns | undefined][] {
  return [...entries(machine)].map(([name, inode]): [string, Netns | undefined] => [name, held(inode)]).reverse();
}

/** The namespace of a name, or of a path when there is a slash in it. */
export function netnsByName(machine: Machine, name: string): Netns | undefined {
  const found = machine.fs.stat(name.includes("/") ? resolvePath("/", name) : `${NETNS_DIR}/${name}`);
  return found.ok ? held(found.value) : undefined;
}

/** Name of a namespace; of two names the one that readdir gives last, as `ip netns identify` has it. */
export function nameOfNetns(machine: Machine, ns: Netns): string | undefined {
  let name: string | undefined;
  for (const [n, other] of netnsNames(machine)) if (other === ns) name = n;
  return name;
}

/** Lets the kernel take the namespace away when nobody holds it any longer. To be called after a name or a process has gone. */
export function releaseNetns(machine: Machine, ns: Netns): void {
  if (ns === machine.kernel.initNetns || nameOfNetns(machine, ns) !== undefined) return;
  for (const p of machine.processes.values()) if (p.netns === ns && p.state !== "zombie") return;
  if (machine.kernel.namespaces.includes(ns)) machine.kernel.destroyNetns(ns);
}
