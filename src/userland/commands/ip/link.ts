/** `ip link`: devices made, changed, deleted and shown. iproute2 6.1 ip/iplink.c and link_veth.c. */
import { err } from "../../../base/result.ts";
import type { LinkChange, LinkInfo, LinkKind, LinkSpec, Lladdr, Netns, NlResult } from "../../../kernel/api.ts";
import { list } from "./addr.ts";
import { type Args, duparg, duparg2, Fail, integer, invarg, isAltIfname, isIfname, Leave, lladdr, matches, onOff, Refuse } from "./args.ts";
import { parseBridge, parseBridgeSlave } from "./link-bridge.ts";
import { kindArgs } from "./link-kinds.ts";
import { isMade, isOnlyReal } from "./link-types.ts";
import { netnsByName } from "../../netns-names.ts";
import { nlErrorText, type Tool } from "./tool.ts";
import { vrfArg } from "./vrf.ts";
import { LINK_USAGE, TYPE_BRIDGE_SLAVE_USAGE, TYPE_BRIDGE_USAGE, TYPE_DUMMY_USAGE, TYPE_VETH_USAGE } from "./usage.ts";

const USAGE_OF_TYPE: Readonly<Record<string, string>> = { bridge: TYPE_BRIDGE_USAGE, bridge_slave: TYPE_BRIDGE_SLAVE_USAGE, dummy: TYPE_DUMMY_USAGE, veth: TYPE_VETH_USAGE };

export function doLink(tool: Tool, args: Args): number {
  if (args.done) return list(tool, args, "link");
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "set") || matches(verb, "change")) return modify(tool, args, "set");
  if (matches(verb, "replace")) return modify(tool, args, "replace");
  if (matches(verb, "delete")) return modify(tool, args, "delete");
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return list(tool, args, "link");
  if (matches(verb, "xstats")) throw new Refuse("ip link xstats");
  if (matches(verb, "afstats")) throw new Refuse("ip link afstats");
  if (matches(verb, "property")) return property(args);
  if (matches(verb, "help")) return help(tool, args);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip link help".\n`);
}

function help(tool: Tool, args: Args): number {
  const usage = Object.hasOwn(USAGE_OF_TYPE, args.word) ? USAGE_OF_TYPE[args.word] : kindArgs(args.word)?.usage;
  if (args.done || (usage === undefined && !isOnlyReal(args.word))) throw new Leave(255, LINK_USAGE);
  if (usage === undefined) throw new Refuse(`ip link help ${args.word}`);
  tool.print(usage);
  return 0;
}

// -- reading ----------------------------------------------------------------------------------------------------------

type Verb = "add" | "set" | "replace" | "delete";

/** What stands before `type`. */
interface LinkRequest {
  name?: string;
  dev?: string;
  index?: number;
  link?: string;
  address?: Lladdr;
  change: LinkChange;
  netns?: Netns;
  type?: string;
  group?: number;
}

/** A flag that is set by `keyword on` and cleared by `keyword off`. */
function flagArg(keyword: string, value: string): boolean {
  if (value === "on") return true;
  if (value === "off") return false;
  throw new Fail(1, `Error: argument of "${keyword}" must be "on" or "off", not "${value}"\n`);
}

/** `netns NAME` or a process id. */
function netnsArg(tool: Tool, value: string): Netns {
  const named = netnsByName(tool.proc.machine, value);
  if (named) return named;
  const pid = integer(value);
  if (pid === undefined) invarg('Invalid "netns" value\n', value);
  const proc = tool.proc.machine.processes.get(pid);
  if (!proc) throw new Fail(2, "RTNETLINK answers: No such process\n");
  return proc.netns;
}

const INTEGERS: readonly (readonly [string, readonly string[], "txqlen" | "mtu"])[] = [
  ["txqueuelen", ["txqueuelen", "qlen", "txqlen"], "txqlen"],
  ["mtu", ["mtu"], "mtu"],
];

const FLAGS: Readonly<Record<string, "multicast" | "allmulticast" | "promisc" | "arp" | "dynamic">> = {
  multicast: "multicast", allmulticast: "allmulticast", promisc: "promisc", arp: "arp",
};

/** Keywords whose effect is not emulated. */
const OTHER_WORDS: ReadonlySet<string> = new Set(
  "xdp xdpgeneric xdpdrv xdpoffload vf trailers mode state protodown protodown_reason gso_max_size gso_max_segs gro_max_size parentdev".split(" "),
);
const OTHER_ABBREVIATED = ["numtxqueues", "numrxqueues", "link-netns", "link-netnsid"];

function parse(tool: Tool, args: Args): LinkRequest {
  const r: LinkRequest = { change: {} };
  while (!args.done) {
    const word = args.take();
    if (parseName(r, word, args) || parseNumber(r, word, args) || parseFlag(r, word, args) || parseRelation(tool, r, word, args)) continue;
    if (matches(word, "type")) {
      r.type = args.value();
      return r;
    }
    const other = OTHER_WORDS.has(word) ? word : OTHER_ABBREVIATED.find((w) => matches(word, w));
    if (other !== undefined) throw new Refuse(`ip link ... ${other}`);
    parseDev(r, word, args);
  }
  return r;
}

function parseName(r: LinkRequest, word: string, args: Args): boolean {
  if (word === "up") r.change.up = true;
  else if (word === "down") r.change.up = false;
  else if (word === "name") {
    const value = args.value();
    if (r.name !== undefined) duparg("name", value);
    if (!isIfname(value)) invarg('"name" not a valid ifname', value);
    r.name = value;
    r.dev ??= value;
  } else if (word === "index") {
    const value = args.value();
    if (r.index) duparg("index", value);
    r.index = integer(value) ?? 0;
    if (r.index <= 0) invarg('Invalid "index" value', value);
  } else return false;
  return true;
}

function parseNumber(r: LinkRequest, word: string, args: Args): boolean {
  for (const [key, words, field] of INTEGERS) {
    if (!words.some((w) => (w === "mtu" || w === "qlen" ? word === w : matches(word, w)))) continue;
    const value = args.value();
    if (r.change[field] !== undefined) duparg(key, value);
    r.change[field] = integer(value) ?? invarg(`Invalid "${key}" value\n`, value);
    return true;
  }
  return false;
}

function parseFlag(r: LinkRequest, word: string, args: Args): boolean {
  if (Object.hasOwn(FLAGS, word)) r.change[FLAGS[word]!] = flagArg(word, args.value());
  else if (word === "carrier") r.change.carrier = onOff("carrier", args.value(), 22);
  else return false;
  return true;
}

/** The order is iproute2's: "a" is address, "l" is link, "n" nomaster. */
function parseRelation(tool: Tool, r: LinkRequest, word: string, args: Args): boolean {
  if (matches(word, "link")) r.link = args.value();
  else if (matches(word, "address")) {
    r.address = lladdr(args.value());
    r.change.lladdr = r.address;
  } else if (matches(word, "broadcast") || word === "brd") r.change.broadcast = lladdr(args.value());
  else if (word === "netns") {
    const value = args.value();
    if (r.netns) duparg("netns", value);
    r.netns = netnsArg(tool, value);
  } else if (matches(word, "master")) {
    const value = args.value();
    r.change.master = tool.link(value)?.ifindex ?? invarg("Device does not exist\n", value);
  } else if (word === "vrf") r.change.master = vrfArg(tool, args.value()).ifindex;
  else if (matches(word, "nomaster")) r.change.master = 0;
  else if (matches(word, "dynamic")) r.change.dynamic = flagArg("dynamic", args.value());
  else if (matches(word, "alias")) {
    const value = args.value();
    if (value.length >= 256) invarg("alias too long\n", value);
    r.change.alias = value;
  } else if (word === "group") {
    const value = args.value();
    if (r.group !== undefined) duparg("group", value);
    r.group = tool.names.groupId(value) ?? invarg('Invalid "group" value\n', value);
    r.change.group = r.group;
  } else if (matches(word, "addrgenmode")) r.change.addrGenMode = addrGenMode(args.value());
  else return false;
  return true;
}

function addrGenMode(value: string): NonNullable<LinkChange["addrGenMode"]> {
  const mode = (["eui64", "none", "stable_secret", "random"] as const).find((m) => m === value.toLowerCase());
  return mode ?? invarg("Invalid address generation mode\n", value);
}

function parseDev(r: LinkRequest, word: string, args: Args): void {
  if (matches(word, "help")) throw new Leave(255, LINK_USAGE);
  const value = word === "dev" ? args.value() : word;
  if (r.dev !== r.name) duparg2("dev", value);
  if (!isAltIfname(value)) invarg('"dev" not a valid ifname', value);
  r.dev = value;
}

// -- doing ------------------------------------------------------------------------------------------------------------

/** `ip link add NAME` and `ip link add dev NAME` are the same; so are `set NAME` and `set dev NAME`. */
function nameOf(r: LinkRequest): { name: string | undefined; dev: string | undefined } {
  return { name: r.name ?? r.dev, dev: r.dev ?? r.name };
}

function modify(tool: Tool, args: Args, verb: Verb): number {
  const r = parse(tool, args);
  return verb === "add" || verb === "replace" ? create(tool, args, r, verb) : change(tool, args, r, verb);
}

function garbage(args: Args): Leave | Fail {
  if (matches(args.word, "help")) return new Leave(255, LINK_USAGE);
  return new Fail(1, `Garbage instead of arguments "${args.word} ...". Try "ip link help".\n`);
}

function change(tool: Tool, args: Args, r: LinkRequest, verb: "set" | "delete"): number {
  const { name, dev } = nameOf(r);
  const have = dev === undefined || !r.address ? undefined : tool.link(dev)?.lladdr.length;
  if (have !== undefined && have !== r.address!.length) throw new Fail(1, `Invalid address length ${r.address!.length} - must be ${have} bytes\n`);
  if (r.index !== undefined && !r.netns) throw new Leave(255, "index can be used only when creating devices or when moving device to another netns.\n");
  if (dev === undefined && r.group !== undefined) return changeGroup(tool, args, r, verb);
  if (dev === undefined) throw new Leave(255, 'Not enough information: "dev" argument is required.\n');
  const link = tool.device(dev);
  const type = parseType(tool, args, r.type, verb, link);
  if (verb === "delete") return tool.answer(tool.admin.linkDel(link.ifindex));
  if (r.index !== undefined) throw new Refuse("ip link set ... netns ... index");
  const renamed = name === undefined || name === dev ? {} : { name };
  return tool.answer(tool.admin.linkSet(link.ifindex, { ...r.change, ...renamed, ...(r.netns ? { netns: r.netns } : {}), ...type }));
}

/** `ip link set group N up`: every device of the group. */
function changeGroup(tool: Tool, args: Args, r: LinkRequest, verb: "set" | "delete"): number {
  if (!args.done) throw new Leave(255, `Garbage instead of arguments "${args.word} ...". Try "ip link help".\n`);
  const members = tool.rtnl.links().filter((l) => l.group === r.group);
  const { group: _same, ...rest } = r.change;
  for (const l of members) {
    const status = tool.answer(verb === "delete" ? tool.admin.linkDel(l.ifindex) : tool.admin.linkSet(l.ifindex, rest));
    if (status !== 0) return status;
  }
  return 0;
}

/** The options after `type KIND` of a change. */
function parseType(tool: Tool, args: Args, type: string | undefined, verb: Verb, link: LinkInfo): Pick<LinkChange, "bridge" | "bridgePort" | "attrs"> {
  if (type === undefined) return {};
  if (isOnlyReal(type)) throw new Refuse(`ip link ${verb} type ${type}`);
  if (args.done) return {};
  const unsupported = new Fail(2, nlErrorText({ errno: "EOPNOTSUPP" }));
  if (type === "bridge") {
    const bridge = parseBridge(args);
    if (link.kind !== "bridge") throw unsupported;
    if (bridge.groupAddr && bridge.groupAddr.length !== 6) throw new Fail(2, nlErrorText({ errno: "EINVAL" }));
    return { bridge };
  }
  if (type === "bridge_slave") {
    const bridgePort = parseBridgeSlave(args);
    if (!link.bridgePort) throw unsupported;
    return { bridgePort };
  }
  const kind = kindArgs(type);
  if (kind !== undefined) {
    const attrs = kind.parse(tool, args, { verb, hasLink: false });
    if (link.kind !== type) throw unsupported;
    return { attrs };
  }
  if (type !== "veth") throw garbage(args);
  const peer = nameOf(parsePeer(tool, args)).name;
  if (peer !== undefined) tool.device(peer);
  throw unsupported;
}

function vethUsage(tool: Tool): Fail {
  tool.print(TYPE_VETH_USAGE);
  return new Fail(1);
}

function create(tool: Tool, args: Args, r: LinkRequest, verb: "add" | "replace"): number {
  const { name, dev } = nameOf(r);
  if (dev === undefined && r.group !== undefined) {
    if (!args.done) throw new Leave(255, `Garbage instead of arguments "${args.word} ...". Try "ip link help".\n`);
    throw new Leave(255, "group cannot be used when creating devices.\n");
  }
  if (name !== dev) throw new Leave(255, 'both "name" and "dev" cannot be used when creating devices.\n');
  if (r.link !== undefined) tool.device(r.link);
  if (r.type === undefined) throw new Fail(1, 'Not enough information: "type" argument is required\n');
  if (isOnlyReal(r.type)) throw new Refuse(`ip link add type ${r.type}`);
  if (r.type === "tun") return tool.answer(err({ errno: "EOPNOTSUPP", extack: "tun/tap creation via rtnetlink is not supported" }));
  if (!isMade(r.type)) {
    if (!args.done) throw garbage(args);
    return tool.answer(err({ errno: "EOPNOTSUPP", extack: "Unknown device type" }));
  }
  const there = verb === "replace" && name !== undefined ? tool.link(name) : undefined;
  if (there) return tool.answer(tool.admin.linkSet(there.ifindex, { ...r.change, ...parseType(tool, args, r.type, verb, there) }));
  return make(tool, args, r, r.type, name);
}

/** The first name of the pattern that no device has: "veth0". @param taken one more that is not free. */
function freeName(ns: Netns, stem: string, taken?: string): string {
  for (let n = 0; ; n++) if (`${stem}${n}` !== taken && !ns.rtnl.link(`${stem}${n}`)) return `${stem}${n}`;
}

/** `peer [name] NAME [netns NS] [address MAC] ...` of a veth, or nothing. */
function parsePeer(tool: Tool, args: Args): LinkRequest {
  if (args.done) return { change: {} };
  if (args.word !== "peer") throw vethUsage(tool);
  args.take();
  const r = parse(tool, args);
  if (r.type !== undefined) duparg("type", r.type);
  return r;
}

function specOf(r: LinkRequest, kind: LinkKind, name: string): LinkSpec {
  const { mtu, txqlen } = r.change;
  return {
    kind, name, ...(r.address ? { lladdr: r.address } : {}), ...(mtu === undefined ? {} : { mtu }), ...(txqlen === undefined ? {} : { txqlen }),
    ...(r.index === undefined ? {} : { index: r.index }),
  };
}

/** What is left to set once the device is there. */
function rest(change: LinkChange): LinkChange {
  const { mtu: _mtu, txqlen: _txqlen, lladdr: _lladdr, master: _master, ...others } = change;
  return others;
}

/**
 * Makes the device in its namespace, then sets flags, then its master: the order of rtnl_newlink_create, whose failure takes the device
 * away again. A veth's peer is made first (veth_newlink), so that it gets the lower number of two.
 */
function make(tool: Tool, args: Args, r: LinkRequest, kind: LinkKind, wanted: string | undefined): number {
  tool.mustBeRoot();
  const ns = r.netns ?? tool.netns;
  const bridge = kind === "bridge" ? parseBridge(args) : undefined;
  if (kind === "dummy" && !args.done) throw garbage(args);
  const peer = kind === "veth" ? parsePeer(tool, args) : undefined;
  const attrs = kindArgs(kind)?.parse(tool, args, { verb: "add", hasLink: r.link !== undefined });
  const lower = r.link === undefined ? {} : { link: tool.device(r.link).ifindex, linkNetns: tool.netns };
  const peerNs = peer?.netns ?? tool.netns;
  const peerName = peer && (nameOf(peer).name ?? freeName(peerNs, "veth"));
  const name = wanted ?? freeName(ns, kind === "bridge" ? "bridge" : kind, peerNs === ns ? peerName : undefined);
  const peerSpec = peer && peerName !== undefined ? { peer: { ...specOf(peer, kind, peerName), netns: peerNs } } : {};
  const made = ns.rtnl.linkAdd({ ...specOf(r, kind, name), ...(bridge ? { bridge } : {}), ...peerSpec, ...(attrs ? { attrs, linkNetns: tool.netns } : {}), ...lower });
  if (!made.ok) return tool.answer(made);
  if (peer && peerName !== undefined && Object.keys(rest(peer.change)).length > 0) {
    const index = peerNs.rtnl.link(peerName)?.ifindex ?? 0;
    peerNs.rtnl.linkSet(index, rest(peer.change));
  }
  let after: NlResult = Object.keys(rest(r.change)).length > 0 ? ns.rtnl.linkSet(made.value, rest(r.change)) : { ok: true, value: undefined };
  if (after.ok && r.change.master !== undefined) after = ns.rtnl.linkSet(made.value, { master: r.change.master });
  if (!after.ok) ns.rtnl.linkDel(made.value);
  return tool.answer(after);
}

// -- alternative names ------------------------------------------------------------------------------------------------

function property(args: Args): number {
  if (args.done) throw new Leave(255, LINK_USAGE);
  const verb = args.take();
  if (matches(verb, "help")) throw new Leave(255, LINK_USAGE);
  if (!matches(verb, "add") && !matches(verb, "del")) throw new Leave(255, "Operator required\n");
  throw new Refuse(`ip link property ${verb}`);
}
