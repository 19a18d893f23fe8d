/** `ip maddress` and `ip addrlabel`: groups that devices have joined, and the labels of RFC 6724. iproute2 6.1 ip/ipmaddr.c, ipaddrlabel.c. */
import { formatMac } from "../../../wire/ethernet.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
import { type Args, invarg, Leave, matches, Refuse } from "./args.ts";
import type { Tool } from "./tool.ts";

const MADDR_USAGE = "Usage: ip maddress [ add | del ] MULTIADDR dev STRING\n       ip maddress show [ dev STRING ]\n";

export function doMaddr(tool: Tool, args: Args): number {
  const verb = args.done ? "list" : args.take();
  for (const word of ["add", "delete"]) if (matches(verb, word)) throw new Refuse(`ip maddress ${word}`);
  if (matches(verb, "help")) throw new Leave(255, MADDR_USAGE);
  if (!matches(verb, "list") && !matches(verb, "show") && verb !== "lst") throw new Leave(255, `Command "${verb}" is unknown, try "ip maddr help".\n`);
  return list(tool, args);
}

/** Groups of the link layer are those of the device's own filter. */
function list(tool: Tool, args: Args): number {
  let dev: string | undefined;
  while (!args.done) {
    const word = args.take();
    const value = word === "dev" ? args.value() : word;
    if (matches(word, "help")) throw new Leave(255, MADDR_USAGE);
    if (dev !== undefined) invarg("duplicate \"dev\"", value);
    dev = value;
  }
  const { family } = tool.opts;
  const groups = tool.rtnl.ip6.maddrs();
  const filters = tool.rtnl.fdb();
  tool.out.begin();
  for (const l of tool.rtnl.links()) {
    if (dev !== undefined && l.name !== dev) continue;
    const own = groups.filter((g) => g.ifindex === l.ifindex);
    const link = filters.filter((f) => f.self && f.master === 0 && f.ifindex === l.ifindex && (f.lladdr[0]! & 1) === 1);
    const inet = l.flags & 1 ? ["224.0.0.1"] : [];
    const lines = (family === 0 || family === "link" ? link.length : 0) + (family === 0 || family === 4 ? inet.length : 0) + (family === 0 || family === 6 ? own.length : 0);
    if (lines === 0) continue;
    tool.out.open();
    tool.out.any("ifindex", l.ifindex, `${l.ifindex}:`);
    tool.out.any("ifname", l.name, `\t${l.name}\n`);
    tool.out.openArray("maddr");
    if (family === 0 || family === "link") for (const f of link) entry(tool, "link", formatMac(f.lladdr), "link");
    if (family === 0 || family === 4) for (const a of inet) entry(tool, "family", a, "inet");
    if (family === 0 || family === 6) for (const g of own) entry(tool, "family", formatIpv6(g.group), "inet6", g.users);
    tool.out.close();
    tool.out.close();
  }
  tool.out.end();
  return 0;
}

function entry(tool: Tool, key: "link" | "family", address: string, family: string, users = 1): void {
  const { out } = tool;
  out.open();
  if (key === "link") out.any("link", address, `\tlink  ${address}`);
  else {
    out.any("family", family, `\t${family.padEnd(5)} `);
    out.any("address", address, address);
  }
  if (users !== 1) out.any("users", users, ` users ${users}`);
  out.fp("\n");
  out.close();
}

const LABEL_USAGE = "Usage: ip addrlabel { add | del } prefix PREFIX [ dev DEV ] [ label LABEL ]\n       ip addrlabel [ list | flush | help ]\n";

export function doAddrlabel(tool: Tool, args: Args): number {
  const verb = args.done ? "list" : args.take();
  for (const word of ["add", "delete", "flush"]) if (matches(verb, word)) throw new Refuse(`ip addrlabel ${word}`);
  if (matches(verb, "help")) throw new Leave(255, LABEL_USAGE);
  if (!matches(verb, "list") && !matches(verb, "show")) throw new Leave(255, `Command "${verb}" is unknown, try "ip addrlabel help".\n`);
  tool.out.begin();
  for (const l of tool.rtnl.ip6.labels()) {
    tool.out.open();
    tool.out.any("address", formatIpv6(l.prefix), `prefix ${formatIpv6(l.prefix)}`);
    tool.out.any("prefixlen", l.prefixLen, `/${l.prefixLen} `);
    tool.out.any("label", l.label, `label ${l.label} `);
    tool.out.fp("\n");
    tool.out.close();
  }
  tool.out.end();
  return 0;
}
