/** `bridge vlan`: VLANs of bridges and their ports. iproute2 6.1 bridge/vlan.c. */
import type { BridgeVlan, LinkInfo } from "../../../kernel/api.ts";
import { type Args, atoi, duparg, Fail, Leave, matches, Refuse, unsigned } from "../ip/args.ts";
import type { Tool } from "../ip/tool.ts";
import { BRIDGE_VLAN_USAGE } from "../ip/usage.ts";

export function doVlan(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, true);
  if (matches(verb, "delete")) return modify(tool, args, false);
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (matches(verb, "tunnelshow")) throw new Refuse("bridge vlan tunnelshow");
  if (matches(verb, "set")) throw new Refuse("bridge vlan set");
  if (verb === "global") throw new Refuse("bridge vlan global");
  if (matches(verb, "help")) throw new Leave(255, BRIDGE_VLAN_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "bridge vlan help".\n`);
}

// -- add, del ---------------------------------------------------------------------------------------------------------

interface VlanRequest {
  dev?: string;
  /** atoi() of what was typed, as 16 bits. */
  first?: number;
  last?: number;
  pvid: boolean;
  untagged: boolean;
  self: boolean;
  master: boolean;
}

/** N or N-M; numbers as atoi(3) reads them. */
function vidRange(r: VlanRequest, text: string): void {
  const dash = text.indexOf("-");
  r.first = (dash < 0 ? atoi(text) : atoi(text.slice(0, dash))) & 0xffff;
  if (dash >= 0) r.last = atoi(text.slice(dash + 1));
}

function parseModify(args: Args): VlanRequest {
  const r: VlanRequest = { pvid: false, untagged: false, self: false, master: false };
  while (!args.done) {
    const word = args.take();
    if (word === "dev") r.dev = args.value();
    else if (word === "vid") vidRange(r, args.value());
    else if (word === "self") r.self = true;
    else if (word === "master") r.master = true;
    else if (word === "pvid") r.pvid = true;
    else if (word === "untagged") r.untagged = true;
    else if (word === "tunnel_info") throw new Refuse("bridge vlan ... tunnel_info");
    else if (matches(word, "help")) throw new Leave(255, BRIDGE_VLAN_USAGE);
  }
  return r;
}

function modify(tool: Tool, args: Args, add: boolean): number {
  const r = parseModify(args);
  if (r.dev === undefined || r.first === undefined) throw new Fail(255, "Device and VLAN ID are required arguments.\n");
  const link = tool.link(r.dev);
  if (!link) throw new Fail(255, `Cannot find bridge device "${r.dev}"\n`);
  if (r.first >= 4096) throw new Fail(255, `Invalid VLAN ID "${r.first}"\n`);
  if (r.last !== undefined) {
    if (r.last >= 4096 || r.last <= r.first) throw new Fail(255, `Invalid VLAN range "${r.first}-${r.last}"\n`);
    if (r.pvid) throw new Fail(255, "pvid cannot be configured for a vlan range\n");
  }
  const { pvid, untagged, self, master } = r;
  return tool.answer(tool.admin.vlanChange(link.ifindex, { add, first: r.first, last: r.last ?? r.first, pvid, untagged, self, master }), 255);
}

// -- show -------------------------------------------------------------------------------------------------------------

/** VLANs as they are printed: alone, or a range of equal ones. */
interface Shown extends BridgeVlan {
  end: number;
}

/** br_fill_ifvlaninfo_compressed: neighbours with the same flags make a range; the PVID stands alone. */
function compressed(vlans: readonly BridgeVlan[]): Shown[] {
  const out: Shown[] = [];
  for (const v of vlans) {
    const last = out[out.length - 1];
    if (last && !last.pvid && !v.pvid && last.end + 1 === v.vid && last.untagged === v.untagged) last.end = v.vid;
    else out.push({ ...v, end: v.vid });
  }
  return out;
}

function shownVlans(tool: Tool, l: LinkInfo, vid: number | undefined): Shown[] {
  const all = l.vlans ?? [];
  const ranges = tool.opts.compressVlans || tool.opts.details > 0 ? compressed(all) : all.map((v) => ({ ...v, end: v.vid }));
  return vid === undefined ? ranges : ranges.filter((v) => v.vid <= vid && vid <= v.end);
}

function printVlan(tool: Tool, v: Shown, first: boolean): void {
  const { out } = tool;
  if (!first) out.fp(`${"".padEnd(16)}  `);
  out.open();
  out.any("vlan", v.vid, String(v.vid));
  if (v.end !== v.vid) out.any("vlanEnd", v.end, `-${v.end}`);
  out.openArray("flags");
  if (v.pvid) out.item("PVID", " PVID");
  if (v.untagged) out.item("Egress Untagged", " Egress Untagged");
  out.close();
  if (tool.opts.details > 0) {
    // Per-VLAN state and multicast router are what a VLAN gets when it is made: they cannot be set here.
    out.nl();
    out.fp(`${"".padEnd(16)}    `);
    out.any("state", "forwarding", "state forwarding ");
    out.any("mcast_router", 1, "mcast_router 1 ");
  }
  out.close();
  out.nl();
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
    if (only && l.ifindex !== only.ifindex) continue;
    const vlans = shownVlans(tool, l, vid);
    if (vlans.length === 0) continue;
    out.open();
    out.any("ifname", l.name, `${l.name.padEnd(16)}  `);
    out.openArray("vlans");
    for (const [i, v] of vlans.entries()) printVlan(tool, v, i === 0);
    out.close();
    out.close();
  }
  out.end();
  return 0;
}
