/** `bridge link`: ports of bridges. iproute2 6.1 bridge/link.c. */
import type { LinkChange, LinkInfo } from "../../../kernel/api.ts";
import { type Args, atoi, duparg, Fail, Leave, matches, onOff, Refuse } from "../ip/args.ts";
import { STP_STATES } from "../ip/link-bridge.ts";
import { printFlags, printNameAndLink } from "../ip/link-print.ts";
import type { Printer } from "../ip/print.ts";
import { nlErrorText, type Tool, type View } from "../ip/tool.ts";
import { BRIDGE_LINK_USAGE } from "../ip/usage.ts";

export function doLink(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "set") || matches(verb, "change")) return set(tool, args);
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (matches(verb, "help")) throw new Leave(255, BRIDGE_LINK_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "bridge link help".\n`);
}

// -- show -------------------------------------------------------------------------------------------------------------

export function printPort(p: Printer, l: LinkInfo, v: View): void {
  p.open();
  p.any("ifindex", l.ifindex, `${l.ifindex}: `);
  // br_fill_ifinfo tells the peer's number without its namespace, so that a device here with that number is named for it.
  const { linkNetnsid: _elsewhere, ...here } = l;
  printFlags(p, l.flags, printNameAndLink(p, { ...here, link: l.link === l.ifindex ? 0 : l.link }, v, (name) => `${name}: `));
  p.any("mtu", l.mtu, `mtu ${l.mtu} `);
  p.any("master", v.ifname(l.master), `master ${v.ifname(l.master)} `);
  const port = l.bridgePort!;
  p.any("state", port.state, `state ${port.state} `);
  p.any("priority", port.priority, `priority ${port.priority} `);
  p.any("cost", port.cost, `cost ${port.cost} `);
  if (v.opts.details > 0) printDetails(p, port);
  p.fp("\n");
  p.close();
}

function printDetails(p: Printer, port: NonNullable<LinkInfo["bridgePort"]>): void {
  p.nl();
  p.fp("    ");
  p.onOff("hairpin", port.hairpin);
  p.onOff("guard", port.guard);
  p.onOff("root_block", port.rootBlock);
  p.onOff("fastleave", port.fastLeave);
  p.onOff("learning", port.learning);
  p.onOff("flood", port.flood);
  p.onOff("mcast_flood", port.mcastFlood);
  p.onOff("bcast_flood", port.bcastFlood);
  p.any("mcast_router", port.mcastRouter, `mcast_router ${port.mcastRouter} `);
  p.onOff("mcast_to_unicast", false);
  p.onOff("neigh_suppress", port.neighSuppress);
  p.onOff("vlan_tunnel", port.vlanTunnel);
  p.onOff("isolated", port.isolated);
  p.onOff("locked", port.locked);
}

function show(tool: Tool, args: Args): number {
  let dev: string | undefined;
  while (!args.done) {
    if (args.take() !== "dev") continue; // the real tool passes other words over
    const value = args.value();
    if (dev !== undefined) duparg("dev", value);
    dev = value;
  }
  const only = dev === undefined ? undefined : tool.link(dev)?.ifindex;
  if (dev !== undefined && only === undefined) throw new Fail(255, `Cannot find device "${dev}"\n`);
  tool.out.begin();
  for (const l of tool.rtnl.links()) if (l.bridgePort && (only === undefined || l.ifindex === only)) printPort(tool.out, l, tool);
  tool.out.end();
  return 0;
}

// -- set --------------------------------------------------------------------------------------------------------------

type Port = NonNullable<LinkChange["bridgePort"]>;

const SWITCHES: Readonly<Record<string, "guard" | "hairpin" | "fastLeave" | "rootBlock" | "learning" | "flood" | "mcastFlood" | "bcastFlood" | "neighSuppress" | "vlanTunnel" | "isolated" | "locked">> = {
  guard: "guard", hairpin: "hairpin", fastleave: "fastLeave", root_block: "rootBlock", learning: "learning", flood: "flood", mcast_flood: "mcastFlood",
  bcast_flood: "bcastFlood", neigh_suppress: "neighSuppress", vlan_tunnel: "vlanTunnel", isolated: "isolated", locked: "locked",
};

/** EINVAL leaves the real tool as its exit status. */
const EINVAL = 22;

function parsePort(port: Port, word: string, args: Args): void {
  if (Object.hasOwn(SWITCHES, word)) port[SWITCHES[word]!] = onOff(word, args.value(), 256 - EINVAL);
  else if (word === "cost") {
    const cost = atoi(args.value());
    if (cost > 0) port.cost = cost;
  } else if (word === "priority") {
    const priority = atoi(args.value());
    if (priority >= 0) port.priority = priority;
  } else if (word === "mcast_router") port.mcastRouter = atoi(args.value());
  else if (word === "state") {
    const value = args.value();
    const state = /^[+-]?\d+$/.test(value) ? STP_STATES[Number(value)] : STP_STATES.find((s) => s === value);
    if (state === undefined && !/^[+-]?\d+$/.test(value)) throw new Fail(255, "Error: invalid STP port state\n");
    if (state === undefined) throw new Fail(255, nlErrorText({ errno: "EINVAL" }));
    port.state = state;
  } else if (["learning_sync", "mcast_to_unicast", "hwmode", "self", "backup_port", "nobackup_port"].includes(word)) throw new Refuse(`bridge link set ... ${word}`);
  else if (word !== "master") throw new Leave(255, BRIDGE_LINK_USAGE);
}

function set(tool: Tool, args: Args): number {
  const port: Port = {};
  let dev: string | undefined;
  while (!args.done) {
    const word = args.take();
    if (word === "dev") dev = args.value();
    else parsePort(port, word, args);
  }
  if (dev === undefined) throw new Fail(255, "Device is a required argument.\n");
  const link = tool.link(dev);
  if (!link) throw new Fail(255, `Cannot find bridge device "${dev}"\n`);
  return tool.answer(tool.admin.linkSet(link.ifindex, { bridgePort: port }), 255);
}
