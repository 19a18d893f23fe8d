/** `ip nexthop`: nexthop objects and groups of them. iproute2 6.1 ip/ipnexthop.c. */
import type { NhObject, NlMode } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { SCOPE_ID } from "./addr-print.ts";
import { type Args, invarg, Leave, matches, Refuse, unsigned } from "./args.ts";
import { type Family, getAddr } from "./prefix.ts";
import type { Printer } from "./print.ts";
import type { Tool, View } from "./tool.ts";
import { NEXTHOP_USAGE } from "./usage.ts";

export function doNexthop(tool: Tool, args: Args): number {
  if (args.done) return listOrFlush(tool, args, "list");
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "replace")) return modify(tool, args, "replace");
  if (matches(verb, "delete")) return modify(tool, args, "delete");
  if (matches(verb, "list") || matches(verb, "show") || matches(verb, "lst")) return listOrFlush(tool, args, "list");
  if (matches(verb, "get")) return get(tool, args);
  if (matches(verb, "flush")) return listOrFlush(tool, args, "flush");
  if (matches(verb, "bucket")) throw new Refuse("ip nexthop bucket");
  if (matches(verb, "help")) throw new Leave(255, NEXTHOP_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip nexthop help".\n`);
}

/** Without the newline: a route with -d has it in the middle of its text. */
export function printNexthop(p: Printer, nh: NhObject, v: View, key?: string): void {
  p.open(key);
  p.any("id", nh.id, `id ${nh.id} `);
  if (nh.group) {
    p.openArray("group");
    p.fp("group ");
    for (const [i, member] of nh.group.entries()) {
      p.open();
      p.any("id", member.id, `${i > 0 ? "/" : ""}${member.id}`);
      if (member.weight > 1) p.any("weight", member.weight, `,${member.weight}`);
      p.close();
    }
    p.fp(" ");
    p.close();
  }
  if (nh.via !== undefined) p.any("gateway", formatIpv4(nh.via), `via ${formatIpv4(nh.via)} `);
  if (nh.ifindex !== 0) p.any("dev", v.ifname(nh.ifindex), `dev ${v.ifname(nh.ifindex)} `);
  const scope = v.names.scope(SCOPE_ID[nh.scope]);
  if (nh.scope !== "global" || v.opts.details > 0) p.any("scope", scope, `scope ${scope} `);
  if (nh.blackhole) p.any("blackhole", null, "blackhole ");
  if (nh.proto !== 0 || v.opts.details > 0) p.any("protocol", v.names.proto(nh.proto), `proto ${v.names.proto(nh.proto)} `);
  p.openArray("flags");
  if (nh.onlink) p.item("onlink", "onlink ");
  p.close();
  if (nh.fdb) p.any("fdb", null, "fdb");
  p.close();
}

function idArg(args: Args): number {
  const value = args.value();
  return unsigned(value) ?? invarg("invalid id value", value);
}

function devArg(tool: Tool, args: Args): number {
  const value = args.value();
  return tool.link(value)?.ifindex ?? invarg("Device does not exist\n", value);
}

/** "1/2,10": ids with weights. */
function groupArg(args: Args): NonNullable<NhObject["group"]> {
  const value = args.value();
  return value.split("/").map((part) => {
    const [id, weight] = part.split(",");
    const n = unsigned(id ?? "");
    // The real tool has cut its argument up by then.
    if (n === undefined) invarg('"group" value is invalid\n', value.split(/[/,]/, 1)[0]!);
    const w = weight === undefined ? 1 : unsigned(weight);
    if (w === undefined || w === 0 || w > 256) invarg('"weight" is invalid\n', weight ?? "");
    return { id: n, weight: w };
  });
}

function modify(tool: Tool, args: Args, verb: NlMode | "delete"): number {
  const spec: Partial<NhObject> = {};
  let family: Family = tool.opts.family;
  while (!args.done) {
    const word = args.take();
    if (word === "id") spec.id = idArg(args);
    else if (word === "dev") {
      spec.ifindex = devArg(tool, args);
      if (family === 0) family = 4;
    } else if (word === "via") {
      let value = args.value();
      if (value === "inet" || value === "inet6") [family, value] = [value === "inet" ? 4 : 6, args.value()];
      const p = getAddr(value, family);
      if (family !== 0 && family !== p.family) invarg("address family mismatch\n", value);
      family = p.family;
      spec.via = p.addr;
    } else if (word === "blackhole") spec.blackhole = true;
    else if (word === "fdb") spec.fdb = true;
    else if (word === "onlink") spec.onlink = true;
    else if (word === "group") spec.group = groupArg(args);
    else if (word === "encap") throw new Refuse("ip nexthop ... encap");
    else if (word === "type") {
      const value = args.value();
      if (value === "resilient") throw new Refuse("ip nexthop ... type resilient");
      if (value !== "mpath") invarg('"type" value is invalid\n', value);
    } else if (matches(word, "protocol")) {
      const value = args.value();
      spec.proto = tool.names.protoId(value) ?? invarg('"protocol" value is invalid\n', value);
    } else if (word === "help") throw new Leave(255, NEXTHOP_USAGE);
    else invarg("", word);
  }
  if (family === 6) throw new Refuse(`ip -6 nexthop ${verb}`);
  return tool.answer(verb === "delete" ? tool.admin.nexthopDel(spec.id ?? 0) : tool.admin.nexthopAdd(spec, verb));
}

function show(tool: Tool, objects: readonly NhObject[]): number {
  tool.out.begin();
  for (const nh of objects) {
    printNexthop(tool.out, nh, tool);
    tool.out.fp("\n");
  }
  tool.out.end();
  return 0;
}

function showId(tool: Tool, id: number): number {
  const nh = tool.rtnl.nexthops().find((n) => n.id === id);
  if (id === 0) return tool.answer({ ok: false, error: { errno: "EINVAL", extack: "Invalid nexthop id" } });
  if (!nh) return tool.answer({ ok: false, error: { errno: "ENOENT" } });
  return show(tool, [nh]);
}

function get(tool: Tool, args: Args): number {
  let id = 0;
  while (!args.done) {
    if (args.take() !== "id") throw new Leave(255, NEXTHOP_USAGE);
    id = idArg(args);
  }
  if (id === 0) throw new Leave(255, NEXTHOP_USAGE);
  return showId(tool, id);
}

interface Filter {
  ifindex: number;
  groups: boolean;
  master: number;
  proto: number;
  fdb: boolean;
  id: number | undefined;
}

function parseFilter(tool: Tool, args: Args): Filter {
  const f: Filter = { ifindex: 0, groups: false, master: 0, proto: 0, fdb: false, id: undefined };
  while (!args.done) {
    const word = args.take();
    if (matches(word, "dev")) f.ifindex = devArg(tool, args);
    else if (matches(word, "groups")) f.groups = true;
    else if (matches(word, "master")) f.master = devArg(tool, args);
    else if (matches(word, "vrf")) invarg("Invalid VRF\n", args.value());
    else if (word === "id") {
      f.id = idArg(args);
      return f;
    } else if (matches(word, "protocol")) {
      const value = args.value();
      f.proto = unsigned(value) ?? invarg("invalid protocol value", value);
    } else if (matches(word, "fdb")) f.fdb = true;
    else if (matches(word, "help")) throw new Leave(255, NEXTHOP_USAGE);
    else invarg("", word);
  }
  return f;
}

function selected(tool: Tool, f: Filter): NhObject[] {
  if (tool.opts.family === 6) return [];
  return tool.rtnl.nexthops().filter((nh) => {
    if (f.ifindex !== 0 && nh.ifindex !== f.ifindex) return false;
    if (f.groups && !nh.group) return false;
    if (f.master !== 0 && tool.rtnl.link(nh.ifindex)?.master !== f.master) return false;
    if (f.proto !== 0 && nh.proto !== f.proto) return false;
    return !f.fdb || nh.fdb;
  });
}

function listOrFlush(tool: Tool, args: Args, action: "list" | "flush"): number {
  const all = args.done;
  const f = parseFilter(tool, args);
  if (f.id !== undefined) return action === "list" ? showId(tool, f.id) : tool.answer(tool.admin.nexthopDel(f.id), 1);
  if (action === "list") return show(tool, selected(tool, f));
  let flushed = 0;
  // Groups first: a member that goes takes itself out of them.
  for (const groups of all ? [true, false] : [f.groups]) {
    for (const nh of selected(tool, { ...f, groups })) if (tool.answer(tool.admin.nexthopDel(nh.id)) === 0) flushed++;
  }
  tool.print(flushed === 0 ? "Nothing to flush\n" : `Flushed ${flushed} nexthops\n`);
  return 0;
}
