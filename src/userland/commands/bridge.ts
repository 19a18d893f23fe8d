/** `bridge`: ports, forwarding tables and VLANs of bridges. iproute2 6.1 bridge/bridge.c. */
import { defineCommand } from "../command.ts";
import type { Process, Run } from "../process.ts";
import { doFdb } from "./bridge/fdb.ts";
import { doLink } from "./bridge/link.ts";
import { doVlan } from "./bridge/vlan.ts";
import { Args, invarg, Leave, matches, Refuse } from "./ip/args.ts";
import { runBatch } from "./ip/batch.ts";
import { nameOfNsid, switchTo } from "./ip/netns.ts";
import { isColor, noColor, runCommand, runTool, Tool } from "./ip/tool.ts";
import { BRIDGE_USAGE } from "./ip/usage.ts";

type Handler = (tool: Tool, args: Args) => number;

const OBJECTS: readonly (readonly [string, Handler | undefined])[] = [
  ["link", doLink], ["fdb", doFdb], ["mdb", undefined], ["vlan", doVlan], ["vni", undefined], ["monitor", undefined], ["help", usage],
];

function usage(): never {
  throw new Leave(255, BRIDGE_USAGE);
}

function parseFamily(tool: Tool, args: Args): void {
  if (args.done || args.word === "help") usage();
  const word = args.take();
  tool.opts.family = word === "inet" ? 4 : word === "inet6" ? 6 : invarg("invalid protocol family", word);
}

/** @returns false: there is no such option. */
function parseOption(tool: Tool, option: string, args: Args): boolean {
  const { opts } = tool;
  if (matches(option, "-help")) usage();
  if (matches(option, "-stats") || matches(option, "-statistics")) opts.stats++;
  else if (matches(option, "-details")) opts.details++;
  else if (matches(option, "-oneline")) opts.oneline = true;
  else if (matches(option, "-timestamp")) return true; // of monitor alone
  else if (matches(option, "-family")) parseFamily(tool, args);
  else if (option === "-4" || option === "-6") opts.family = option === "-4" ? 4 : 6;
  else if (matches(option, "-netns")) tool.netns = switchTo(tool, args.done ? undefined : args.take());
  else if (isColor(option)) noColor("bridge", option);
  else if (matches(option, "-compressvlans")) opts.compressVlans = true;
  else if (matches(option, "-force")) opts.force = true;
  else if (matches(option, "-json")) opts.json = true;
  else if (matches(option, "-pretty")) opts.pretty = true;
  else if (matches(option, "-batch")) opts.batch = args.done ? usage() : args.take();
  else return false;
  return true;
}

function* doObject(tool: Tool, args: Args): Run<number> {
  const typed = args.take();
  const found = OBJECTS.find(([name]) => matches(typed, name));
  if (!found) {
    tool.warn(`Object "${typed}" is unknown, try "bridge help".\n`);
    return 255;
  }
  const [name, handler] = found;
  if (!handler) throw new Refuse(`bridge ${name}`);
  return handler(tool, args);
}

function* main(tool: Tool, args: Args): Run<number> {
  while (!args.done && args.word.startsWith("-")) {
    let option = args.take();
    if (option === "--") break;
    if (option.startsWith("--")) option = option.slice(1);
    if (matches(option, "-Version") && !matches(option, "-help")) {
      tool.print("bridge utility, 6.1.0\n");
      return 0;
    }
    if (!parseOption(tool, option, args)) throw new Leave(255, `Option "${option}" is unknown, try "bridge help".\n`);
  }
  if (tool.opts.batch !== undefined) return yield* runBatch(tool, tool.opts.batch, doObject);
  if (args.done) usage();
  return yield* doObject(tool, args);
}

const VERBS: Readonly<Record<string, readonly string[]>> = { link: ["help", "set", "show"], fdb: ["add", "append", "delete", "get", "help", "replace", "show"], vlan: ["add", "delete", "help", "show"] };

export const bridge = defineCommand({
  name: "bridge",
  dir: "/usr/sbin",
  man: {
    summary: "show and change ports and forwarding tables of bridges",
    synopsis: ["bridge [ -s | -d | -o | -j | -p | -n NAME ] { link | fdb | vlan } { COMMAND | help }"],
    emulated: [
      "link: show, set. cost, priority, state, hairpin, guard, root_block, fastleave, learning, flood, mcast_flood, bcast_flood, neigh_suppress, isolated, locked.",
      "fdb: show, add, append, replace, del, get. Tables of bridges (master) and the devices' own filters (self).",
      "vlan: add, del, show, with pvid, untagged, self, master and ranges; -d, -compressvlans.",
    ],
    notEmulated: ["mdb, vni, monitor; vlan set, global and tunnel_info; fdb flush; hwmode, backup_port; -color."],
    examples: ["bridge link", "bridge fdb show br br0", "bridge link set dev eth1 hairpin on"],
  },
  run(proc: Process, words: readonly string[]): Run<number> {
    const tool = new Tool(proc);
    tool.nameOfNsid = (id) => nameOfNsid(tool, id);
    return runTool(tool, () => runCommand(tool, () => main(tool, new Args(words))));
  },
  complete(proc, words) {
    const rest = words.slice(1).filter((w) => !w.startsWith("-"));
    if (rest.length === 0) return Object.keys(VERBS);
    if (rest.length === 1) return VERBS[rest[0]!] ?? [];
    const links = proc.netns.rtnl.links();
    const before = words[words.length - 1];
    if (before === "br") return links.filter((l) => l.bridge).map((l) => l.name);
    if (before === "dev" || before === "brport") return links.map((l) => l.name);
    return rest[0] === "fdb" ? ["br", "brport", "dev", "dynamic", "master", "self", "static", "vlan"] : ["dev", "cost", "hairpin", "isolated", "learning", "priority", "state"];
  },
});
