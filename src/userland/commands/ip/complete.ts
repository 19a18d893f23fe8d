/** Completion for `ip`: objects, verbs, keywords, names of devices and namespaces. */
import type { Process } from "../../process.ts";
import { KIND_ARGS } from "./link-kinds.ts";
import { netnsNames } from "../../netns-names.ts";

const OBJECTS = ["address", "link", "neigh", "netns", "nexthop", "route", "rule", "tunnel", "tuntap", "vrf"] as const;
const OPTIONS = ["-4", "-6", "-all", "-batch", "-brief", "-details", "-force", "-human", "-iec", "-json", "-netns", "-Numeric", "-oneline", "-pretty", "-statistics", "-Version"];

const VERBS: Readonly<Record<string, readonly string[]>> = {
  address: ["add", "change", "delete", "flush", "help", "replace", "show"],
  link: ["add", "delete", "help", "set", "show"],
  neigh: ["add", "change", "delete", "flush", "get", "help", "replace", "show"],
  netns: ["add", "attach", "delete", "exec", "help", "identify", "list", "list-id", "pids", "set"],
  nexthop: ["add", "delete", "flush", "get", "help", "list", "replace"],
  route: ["add", "append", "change", "delete", "flush", "get", "help", "replace", "show"],
  rule: ["add", "delete", "flush", "help", "show"],
  tunnel: ["add", "change", "delete", "help", "show"],
  tuntap: ["add", "delete", "help", "show"],
  vrf: ["help", "identify", "pids", "show"],
};

const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  address: ["broadcast", "dev", "label", "noprefixroute", "peer", "scope", "to", "up"],
  link: ["address", "alias", "arp", "dev", "down", "group", "master", "mtu", "multicast", "name", "netns", "nomaster", "peer", "promisc", "txqueuelen", "type", "up"],
  neigh: ["dev", "lladdr", "nud", "proxy", "to"],
  netns: [],
  nexthop: ["blackhole", "dev", "group", "id", "via"],
  route: ["blackhole", "default", "dev", "from", "iif", "mark", "match", "metric", "mtu", "nexthop", "oif", "onlink", "prohibit", "proto", "root", "scope", "src", "table", "throw", "tos", "type", "unreachable", "via", "weight"],
  rule: ["from", "fwmark", "goto", "iif", "lookup", "nop", "not", "oif", "priority", "prohibit", "suppress_prefixlength", "table", "to", "tos", "unreachable"],
};

/** After one of these a device's name stands. */
const BEFORE_DEVICE: ReadonlySet<string> = new Set(["dev", "iif", "oif", "master", "link"]);
const AFTER: Readonly<Record<string, readonly string[]>> = {
  type: ["bridge", "bridge_slave", "dummy", "veth", ...KIND_ARGS.map((k) => k.kind)], nud: ["delay", "failed", "incomplete", "noarp", "permanent", "probe", "reachable", "stale"],
  scope: ["global", "host", "link"], table: ["all", "default", "local", "main"], lookup: ["default", "local", "main"], arp: ["off", "on"], promisc: ["off", "on"], multicast: ["off", "on"],
};

/** Words after the options: where the object stands. */
function objectAt(words: readonly string[]): number {
  let i = 1;
  while (words[i]?.startsWith("-")) i += words[i] === "-n" || words[i] === "-netns" || words[i] === "-b" || words[i] === "-batch" ? 2 : 1;
  return i;
}

export function completeIp(proc: Process, words: readonly string[], word: string): readonly string[] {
  const devices = (): string[] => proc.netns.rtnl.links().map((l) => l.name);
  const names = (): string[] => netnsNames(proc.machine).map(([n]) => n);
  const before = words[words.length - 1] ?? "";
  if (before === "netns" && words.length > 3) return names();
  if (before === "-n" || before === "-netns") return names();
  const at = objectAt(words);
  if (at >= words.length) return word.startsWith("-") ? OPTIONS : OBJECTS;
  const object = OBJECTS.find((o) => o.startsWith(words[at]!)) ?? "";
  if (object === "") return [];
  if (at + 1 === words.length) return VERBS[object] ?? [];
  if (object === "netns") return names();
  if (BEFORE_DEVICE.has(before)) return devices();
  if (Object.hasOwn(AFTER, before)) return AFTER[before]!;
  const first = at + 2 === words.length;
  const takesDevice = object === "link" || ((object === "address" || object === "neigh") && /^(s|sh|sho|show|l|list|flush)$/.test(words[at + 1]!));
  return [...(KEYWORDS[object] ?? []), ...(first && takesDevice ? devices() : [])];
}
