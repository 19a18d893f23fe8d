/**
 * `ip`: options, objects, batches and completion. iproute2 6.1 ip/ip.c. One file an object; what they share is in `tool.ts` (a run),
 * `args.ts` and `prefix.ts` (reading), `print.ts` (text and JSON from one description).
 */
import { defineCommand } from "../../command.ts";
import type { Process, Run } from "../../process.ts";
import { doAddress } from "./addr.ts";
import { runBatch } from "./batch.ts";
import { Args, atoi, invarg, Leave, matches, Refuse, unsigned } from "./args.ts";
import { completeIp } from "./complete.ts";
import { doLink } from "./link.ts";
import { IP_MAN } from "./man.ts";
import { doAddrlabel, doMaddr } from "./maddr.ts";
import { doNeigh } from "./neigh.ts";
import { doNetns, nameOfNsid, switchTo } from "./netns.ts";
import { doNexthop } from "./nexthop.ts";
import { doRoute } from "./route.ts";
import { doRule } from "./rule.ts";
import { doTunnel } from "./tunnel.ts";
import { doTuntap } from "./tuntap.ts";
import { doVrf } from "./vrf.ts";
import { isColor, noColor, runCommand, runTool, Tool } from "./tool.ts";
import { IP_USAGE } from "./usage.ts";

type Handler = (tool: Tool, args: Args) => number | Run<number>;

/** In the order in which iproute2 tries abbreviations: "n" is neighbor. Those without a handler are not emulated. */
const OBJECTS: readonly (readonly [string, Handler | undefined])[] = [
  ["address", doAddress], ["addrlabel", doAddrlabel], ["maddress", doMaddr], ["route", doRoute], ["rule", doRule], ["neighbor", doNeigh], ["neighbour", doNeigh],
  ["ntable", undefined], ["ntbl", undefined], ["link", doLink], ["l2tp", undefined], ["fou", undefined], ["ila", undefined], ["macsec", undefined],
  ["tunnel", doTunnel], ["tunl", doTunnel], ["tuntap", doTuntap], ["tap", doTuntap], ["token", undefined], ["tcpmetrics", undefined], ["tcp_metrics", undefined],
  ["monitor", undefined], ["xfrm", undefined], ["mroute", undefined], ["mrule", undefined], ["netns", doNetns], ["netconf", undefined], ["vrf", doVrf],
  ["sr", undefined], ["nexthop", doNexthop], ["mptcp", undefined], ["ioam", undefined], ["help", usage], ["stats", undefined],
];

function usage(): never {
  throw new Leave(255, IP_USAGE);
}

// -- options ----------------------------------------------------------------------------------------------------------

const FAMILIES: Readonly<Record<string, 4 | 6 | "link">> = { inet: 4, inet6: 6, link: "link" };

/** Options that take no value, in the order in which iproute2 tries abbreviations. "=": no abbreviation. */
const SWITCHES: readonly (readonly [string, (tool: Tool) => void])[] = [
  ["=-4", (t) => (t.opts.family = 4)],
  ["=-6", (t) => (t.opts.family = 6)],
  ["=-0", (t) => (t.opts.family = "link")],
  ["=-M", () => refuse("ip -M")],
  ["=-B", () => refuse("ip -B")],
  ["-human-readable", (t) => (t.opts.human = true)],
  ["-iec", (t) => (t.opts.iec = true)],
  ["-stats", (t) => t.opts.stats++],
  ["-statistics", (t) => t.opts.stats++],
  ["-details", (t) => t.opts.details++],
  ["-resolve", () => refuse("ip -resolve")],
  ["-oneline", (t) => (t.opts.oneline = true)],
  ["-timestamp", () => {}],
  ["-tshort", () => {}],
];

function refuse(what: string): never {
  throw new Refuse(what);
}

function parseFamily(tool: Tool, args: Args): void {
  if (args.done || args.word === "help") usage();
  const word = args.take();
  if (word === "mpls" || word === "bridge") refuse(`ip -family ${word}`);
  tool.opts.family = Object.hasOwn(FAMILIES, word) ? FAMILIES[word]! : invarg("invalid protocol family", word);
}

/** @returns false: there is no such option. */
function parseLater(tool: Tool, option: string, args: Args): boolean {
  const { opts } = tool;
  if (matches(option, "-force")) opts.force = true;
  else if (matches(option, "-batch")) opts.batch = args.done ? usage() : args.take();
  else if (matches(option, "-brief")) opts.brief = true;
  else if (matches(option, "-json")) opts.json = true;
  else if (matches(option, "-pretty")) opts.pretty = true;
  else if (matches(option, "-rcvbuf")) {
    if (args.done) usage();
    const size = args.take();
    if (unsigned(size) === undefined) throw new Leave(255, `Invalid rcvbuf size '${size}'\n`);
  } else if (isColor(option)) noColor("ip", option);
  else if (matches(option, "-help")) usage();
  else if (matches(option, "-netns")) tool.netns = switchTo(tool, args.done ? undefined : args.take());
  else if (matches(option, "-Numeric")) tool.names.numeric = tool.opts.numeric = true;
  else if (matches(option, "-all")) opts.all = true;
  else if (option === "-echo") refuse("ip -echo");
  else return false;
  return true;
}

/** What Debian 12 prints; libbpf is what iproute2 was built with. */
const VERSION = "ip utility, iproute2-6.1.0, libbpf 1.1.2\n";

/** Reads the options before the object. @returns false after -V. */
function parseOptions(tool: Tool, args: Args): boolean {
  while (!args.done && args.word.startsWith("-")) {
    let option = args.take();
    if (option === "--") break;
    if (option.startsWith("--")) option = option.slice(1);
    if (matches(option, "-loops")) {
      if (args.done) usage();
      tool.opts.loops = atoi(args.take());
      continue;
    }
    if (matches(option, "-family")) {
      parseFamily(tool, args);
      continue;
    }
    const found = SWITCHES.find(([name]) => (name.startsWith("=") ? name.slice(1) === option : matches(option, name)));
    if (found) found[1](tool);
    else if (matches(option, "-Version")) {
      tool.print(VERSION);
      return false;
    } else if (!parseLater(tool, option, args)) throw new Leave(255, `Option "${option}" is unknown, try "ip -help".\n`);
  }
  return true;
}

// -- objects ----------------------------------------------------------------------------------------------------------

function* doObject(tool: Tool, args: Args): Run<number> {
  const typed = args.take();
  const found = OBJECTS.find(([name]) => matches(typed, name));
  if (!found) {
    tool.warn(`Object "${typed}" is unknown, try "ip help".\n`);
    return 1;
  }
  const [name, handler] = found;
  if (!handler) throw new Refuse(`ip ${name}`);
  const r = handler(tool, args);
  return typeof r === "number" ? r : yield* r;
}

function* main(tool: Tool, args: Args): Run<number> {
  if (!parseOptions(tool, args)) return 0;
  if (tool.opts.batch !== undefined) return yield* runBatch(tool, tool.opts.batch, doObject);
  if (args.done) usage();
  return yield* doObject(tool, args);
}

export const ip = defineCommand({
  name: "ip",
  dir: "/usr/sbin",
  man: IP_MAN,
  run(proc: Process, words: readonly string[]): Run<number> {
    const tool = new Tool(proc);
    tool.nameOfNsid = (id) => nameOfNsid(tool, id);
    return runTool(tool, () => runCommand(tool, () => main(tool, new Args(words))));
  },
  complete: completeIp,
});
