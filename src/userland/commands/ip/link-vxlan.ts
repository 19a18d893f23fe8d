/** `type vxlan`. iproute2 6.1 ip/iplink_vxlan.c. */
import type { LinkAttrsSpec, LinkInfo, VxlanInfo } from "../../../kernel/api.ts";
import { formatIpv4, isMulticast } from "../../../wire/ipv4.ts";
import { type Args, duparg2, Fail, invarg, matches, Refuse, unsigned } from "./args.ts";
import { type KindRequest, type LinkKindArgs, unknownOption } from "./link-kind.ts";
import { ipv4Arg } from "./link-address.ts";
import type { Printer } from "./print.ts";
import type { Tool, View } from "./tool.ts";
import { TYPE_VXLAN_USAGE } from "./usage-kinds.ts";

type Spec = NonNullable<LinkAttrsSpec["vxlan"]>;
type Flag = { [K in keyof VxlanInfo]: VxlanInfo[K] extends boolean ? K : never }[keyof VxlanInfo];

/** Words that stand alone, each with a "no" form. */
const FLAGS: readonly (readonly [string, Flag])[] = [
  ["learning", "learning"], ["proxy", "proxy"], ["rsc", "rsc"], ["l2miss", "l2miss"], ["l3miss", "l3miss"], ["udpcsum", "udpcsum"], ["udp6zerocsumtx", "udp6zerocsumtx"], ["udp6zerocsumrx", "udp6zerocsumrx"],
];
const NOT_HERE = ["remcsumtx", "noremcsumtx", "remcsumrx", "noremcsumrx", "external", "noexternal", "collect_metadata", "vnifilter", "novnifilter", "gpe", "flowlabel"];

/** What was typed and has no place in the request. */
interface Seen {
  id: boolean;
  group: boolean;
  remote: boolean;
  dev: string | undefined;
  dstport: boolean;
}

function u(args: Args, message: string, max: number): number {
  const value = args.value();
  return unsigned(value, max) ?? invarg(message, value);
}

function ttl(text: string): number | "inherit" {
  if (text === "inherit") return "inherit";
  if (text === "auto") return 0;
  const n = unsigned(text) ?? invarg("invalid TTL", text);
  return n > 255 ? invarg("TTL must be <= 255", text) : n;
}

function address(v: Spec, seen: Seen, word: string, args: Args): boolean {
  if (matches(word, "group")) {
    if (seen.group) duparg2("group", args.word);
    const text = args.value();
    v.remote = ipv4Arg(text);
    if (!isMulticast(v.remote)) invarg("invalid group address", text);
    seen.group = true;
  } else if (matches(word, "remote")) {
    if (seen.remote) duparg2("remote", args.word);
    const text = args.value();
    v.remote = ipv4Arg(text);
    if (isMulticast(v.remote) || v.remote === 0) invarg("invalid remote address", text);
    seen.remote = true;
  } else if (matches(word, "local")) {
    const text = args.value();
    v.local = ipv4Arg(text);
    if (isMulticast(v.local) || v.local === 0) invarg("invalid local address", text);
  } else return false;
  return true;
}

function number(v: Spec, seen: Seen, word: string, args: Args): boolean {
  if (matches(word, "ttl") || matches(word, "hoplimit")) v.ttl = ttl(args.value());
  else if (matches(word, "tos") || matches(word, "dsfield")) {
    const value = args.value();
    v.tos = value === "inherit" ? "inherit" : (unsigned(value, 255) ?? invarg("bad TOS value", value));
  } else if (matches(word, "df")) {
    const value = args.value();
    v.df = value === "unset" || value === "set" || value === "inherit" ? value : invarg("DF must be 'unset', 'set' or 'inherit'", value);
  } else if (matches(word, "ageing")) {
    const value = args.value();
    v.ageing = value === "none" ? 0 : (unsigned(value) ?? invarg("ageing timer", value));
  } else if (matches(word, "maxaddress")) {
    const value = args.value();
    v.maxaddress = value === "unlimited" ? 0 : (unsigned(value) ?? invarg("max addresses", value));
  } else if (matches(word, "port") || matches(word, "srcport")) {
    v.portMin = u(args, "min port", 65535);
    v.portMax = u(args, "max port", 65535);
  } else if (matches(word, "dstport")) {
    v.dstport = u(args, "dst port", 65535);
    seen.dstport = true;
  } else return false;
  return true;
}

function flag(v: Spec, word: string): boolean {
  for (const [name, key] of FLAGS) {
    if (!matches(word, name) && !matches(word, `no${name}`)) continue;
    v[key] = matches(word, name);
    return true;
  }
  if (word !== "gbp") return false;
  v.gbp = true;
  return true;
}

function parse(tool: Tool, args: Args, r: KindRequest): Spec {
  const v: Spec = {};
  const seen: Seen = { id: false, group: false, remote: false, dev: undefined, dstport: false };
  while (!args.done) {
    const word = args.take();
    if (matches(word, "id") || matches(word, "vni")) {
      if (seen.id) duparg2("id", args.value());
      v.id = u(args, "invalid id", 0xffffff);
      seen.id = true;
    } else if (address(v, seen, word, args)) continue;
    else if (matches(word, "dev")) {
      seen.dev = args.value();
      const dev = tool.link(seen.dev);
      if (!dev) throw new Fail(255, `Cannot find device "${seen.dev}"\n`);
      v.link = dev.ifindex;
    } else if (number(v, seen, word, args) || flag(v, word)) continue;
    else if (NOT_HERE.some((w) => word === w)) throw new Refuse(`ip link ... type vxlan ${word}`);
    else unknownOption("vxlan", TYPE_VXLAN_USAGE, word);
  }
  if (r.verb !== "set" && !seen.id) throw new Fail(1, "vxlan: missing virtual network identifier\n");
  if (seen.group && seen.remote) throw new Fail(1, "vxlan: both group and remote cannot be specified\n");
  if (seen.group && seen.dev === undefined) throw new Fail(1, "vxlan: 'group' requires 'dev' to be specified\n");
  if (r.verb !== "set" && !seen.dstport)
    tool.warn("vxlan: destination port not specified\nWill use Linux kernel default (non-standard value)\nUse 'dstport 4789' to get the IANA assigned value\nUse 'dstport 0' to get default and quiet this message\n");
  return v;
}

function printAddresses(p: Printer, x: VxlanInfo, v: View): void {
  p.any("id", x.id, `id ${x.id} `);
  if (x.remote !== 0) {
    const key = isMulticast(x.remote) ? "group" : "remote";
    p.any(key, formatIpv4(x.remote), `${key} ${formatIpv4(x.remote)} `);
  }
  if (x.local !== 0) p.any("local", formatIpv4(x.local), `local ${formatIpv4(x.local)} `);
  if (x.link !== 0) p.any("link", v.ifname(x.link), `dev ${v.ifname(x.link)} `);
  if (p.isJson) {
    p.open("port_range");
    p.only("low", x.portMin);
    p.only("high", x.portMax);
    p.close();
  } else p.fp(`srcport ${x.portMin} ${x.portMax} `);
  p.any("port", x.dstport, `dstport ${x.dstport} `);
}

function printFlag(p: Printer, key: string, on: boolean, text: string): void {
  p.any(key, on, on ? `${text} ` : `no${text} `);
}

function print(p: Printer, l: LinkInfo, v: View): void {
  const x = l.attrs?.vxlan;
  if (x === undefined) return;
  printAddresses(p, x, v);
  p.any("learning", x.learning, x.learning ? "" : "nolearning ");
  for (const key of ["proxy", "rsc", "l2miss", "l3miss"] as const) if (x[key]) p.any(key, true, `${key} `);
  if (x.tos === "inherit") p.any("tos", "0x1", "tos inherit ");
  else if (x.tos !== 0) p.any("tos", `0x${x.tos.toString(16)}`, `tos 0x${x.tos.toString(16)} `);
  if (x.ttl === "inherit") p.fp("ttl inherit ");
  else p.any("ttl", x.ttl, x.ttl === 0 ? "ttl auto " : `ttl ${x.ttl} `);
  p.any("df", x.df, x.df === "unset" ? "" : `df ${x.df} `);
  p.any("ageing", x.ageing, x.ageing === 0 ? "ageing none " : `ageing ${x.ageing} `);
  if (x.maxaddress !== 0) p.any("limit", x.maxaddress, `maxaddr ${x.maxaddress} `);
  printFlag(p, "udp_csum", x.udpcsum, "udpcsum");
  printFlag(p, "udp_zero_csum6_tx", x.udp6zerocsumtx, "udp6zerocsumtx");
  printFlag(p, "udp_zero_csum6_rx", x.udp6zerocsumrx, "udp6zerocsumrx");
  if (x.gbp) p.any("gbp", true, "gbp ");
}

export const VXLAN: LinkKindArgs = { kind: "vxlan", usage: TYPE_VXLAN_USAGE, parse: (tool, args, r) => ({ vxlan: parse(tool, args, r) }), print };
