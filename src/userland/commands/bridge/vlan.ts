/**
 * `bridge vlan`: the membership every port has while filtering is off, the default VLAN of its bridge. Changes are not emulated.
 * iproute2 6.1 bridge/vlan.c.
 */
import type { LinkInfo } from "../../../kernel/api.ts";
import { type Args, duparg, Fail, Leave, matches, Refuse, unsigned } from "../ip/args.ts";
import type { Tool } from "../ip/tool.ts";
import { BRIDGE_VLAN_USAGE } from "../ip/usage.ts";

export function doVlan(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) throw new Refuse("bridge vlan add");
  if (matches(verb, "delete")) throw new Refuse("bridge vlan delete");
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (matches(verb, "tunnelshow")) throw new Refuse("bridge vlan tunnelshow");
  if (matches(verb, "set")) throw new Refuse("bridge vlan set");
  if (verb === "global") throw new Refuse("bridge vlan global");
  if (matches(verb, "help")) throw new Leave(255, BRIDGE_VLAN_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "bridge vlan help".\n`);
}

/** VLAN of a bridge or of one of its ports; undefined: none. */
function pvidOf(tool: Tool, l: LinkInfo): number | undefined {
  const bridge = l.bridge ?? (l.bridgePort && tool.rtnl.link(l.master)?.bridge);
  return bridge?.vlanDefaultPvid || undefined;
}

function show(tool: Tool, args: Args): number {
  let dev: string | undefined;
  let vid: number | undefined;
  while (!args.done) {
    const word = args.take();
    if (word === "dev") {
      const value = args.value();
      if (dev !== undefined) duparg("dev", value);
      dev = value;
    } else if (word === "vid") {
      const value = args.value();
      if (vid !== undefined) duparg("vid", value);
      vid = unsigned(value) ?? 0;
    }
  }
  const only = dev === undefined ? undefined : tool.link(dev);
  if (dev !== undefined && !only) throw new Fail(255, `Cannot find device "${dev}"\n`);
  const { out } = tool;
  out.begin();
  out.fp(`${"port".padEnd(16)}  vlan-id  \n`);
  for (const l of tool.rtnl.links()) {
    const pvid = pvidOf(tool, l);
    if (pvid === undefined || (only && l.ifindex !== only.ifindex) || (vid !== undefined && vid !== pvid)) continue;
    out.open();
    out.any("ifname", l.name, `${l.name.padEnd(16)}  `);
    out.openArray("vlans");
    out.open();
    out.any("vlan", pvid, String(pvid));
    out.openArray("flags");
    for (const flag of ["PVID", "Egress Untagged"]) out.item(flag, ` ${flag}`);
    out.close();
    out.close();
    out.close();
    out.close();
    out.nl();
  }
  out.end();
  return 0;
}
