/** `type ipip`, `gre` and `gretap`. iproute2 6.1 ip/link_iptnl.c and link_gre.c. */
import type { LinkAttrsSpec, LinkInfo, TunnelInfo } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { type Args, dottedQuad, Fail, invarg, Leave, matches, Refuse, unsigned } from "./args.ts";
import type { LinkKindArgs } from "./link-kind.ts";
import type { Printer } from "./print.ts";
import type { Tool, View } from "./tool.ts";
import { TYPE_GRE_USAGE, TYPE_GRETAP_USAGE, TYPE_IPIP_USAGE } from "./usage-kinds.ts";

export type TunnelSpec = NonNullable<LinkAttrsSpec["tunnel"]>;

/** get_addr_rta of a family that is known. */
function address(text: string): number {
  if (text === "any" || text === "all" || text === "default") return 0;
  const a = dottedQuad(text);
  if (a === undefined) throw new Leave(1, `Error: inet address is expected rather than "${text}".\n`);
  return a;
}

/** tnl_parse_key: a dotted quad or a number. */
export function keyArg(name: string, text: string): number {
  if (text.includes(".")) return dottedQuad(text) ?? badKey(name, text);
  return unsigned(text) ?? badKey(name, text);
}

function badKey(name: string, text: string): never {
  throw new Leave(255, `invalid value for "${name}": "${text}"; it should be an unsigned integer\n`);
}

function ttlArg(text: string): number {
  return text === "inherit" ? 0 : (unsigned(text, 255) ?? invarg("invalid TTL\n", text));
}

const NOT_HERE = ["6rd-prefix", "6rd-relay_prefix", "6rd-reset", "encap-sport", "encap-dport", "encap-csum", "noencap-csum", "encap-udp6-csum", "noencap-udp6-csum", "encap-remcsum", "noencap-remcsum", "external", "fwmark", "encap"];

function common(tool: Tool, v: TunnelSpec, word: string, args: Args): boolean {
  if (matches(word, "remote")) v.remote = address(args.value());
  else if (matches(word, "local")) v.local = address(args.value());
  else if (matches(word, "dev")) {
    const name = args.value();
    const link = tool.link(name);
    if (!link) throw new Fail(255, `Cannot find device "${name}"\n`);
    v.link = link.ifindex;
  } else if (matches(word, "ttl") || matches(word, "hoplimit") || word === "hlim") v.ttl = ttlArg(args.value());
  else if (word === "tos" || word === "tclass" || matches(word, "dsfield")) {
    const value = args.value();
    v.tos = value === "inherit" ? "inherit" : (unsigned(value, 255, 16) ?? invarg("bad TOS value", value));
  } else if (word === "nopmtudisc") v.pmtudisc = false;
  else if (word === "pmtudisc") v.pmtudisc = true;
  else if (word === "noencap") return true;
  else if (NOT_HERE.includes(word)) throw new Refuse(`ip link ... ${word}`);
  else return false;
  return true;
}

function greOption(v: TunnelSpec, word: string, args: Args): boolean {
  if (matches(word, "key")) {
    v.ikey = keyArg("key", args.value());
    v.okey = v.ikey;
  } else if (matches(word, "ikey")) v.ikey = keyArg("ikey", args.value());
  else if (matches(word, "okey")) v.okey = keyArg("okey", args.value());
  else if (word === "seq" || word === "noseq") [v.iseq, v.oseq] = [word === "seq", word === "seq"];
  else if (word === "iseq" || word === "noiseq") v.iseq = word === "iseq";
  else if (word === "oseq" || word === "nooseq") v.oseq = word === "oseq";
  else if (word === "csum" || word === "nocsum") [v.icsum, v.ocsum] = [word === "csum", word === "csum"];
  else if (word === "icsum" || word === "noicsum") v.icsum = word === "icsum";
  else if (word === "ocsum" || word === "noocsum") v.ocsum = word === "ocsum";
  else if (word === "ignore-df" || word === "noignore-df") v.ignoreDf = word === "ignore-df";
  else return false;
  return true;
}

function parse(tool: Tool, args: Args, gre: boolean, usage: string): TunnelSpec {
  const v: TunnelSpec = {};
  while (!args.done) {
    const word = args.take();
    if (common(tool, v, word, args) || (gre && greOption(v, word, args))) continue;
    if (!gre && word === "mode") {
      const value = args.value();
      if (value === "any" || value === "ipip" || value === "ip4ip4" || value === "ipv4/ipv4") continue;
      if (value === "mplsip" || value === "mpls/ipv4") throw new Refuse("ip link ... type ipip mode mplsip");
      invarg("Cannot guess tunnel mode.", value);
    }
    throw new Fail(1, usage);
  }
  if (v.ttl && v.pmtudisc === false) throw new Fail(1, "ttl != 0 and nopmtudisc are incompatible\n");
  return v;
}

function printEnds(p: Printer, t: TunnelInfo, v: View): void {
  for (const key of ["remote", "local"] as const) {
    const text = t[key] === 0 ? "any" : formatIpv4(t[key]);
    p.any(key, text, `${key} ${text} `);
  }
  if (t.link !== 0) p.any("link", v.ifname(t.link), `dev ${v.ifname(t.link)} `);
  if (t.ttl !== 0) p.any("ttl", t.ttl, `ttl ${t.ttl} `);
  else p.fp("ttl inherit ");
  if (t.tos === "inherit") p.any("tos", "inherit", "tos inherit ");
  else if (t.tos !== 0) p.any("tos", `0x${t.tos.toString(16)}`, `tos 0x${t.tos.toString(16)} `);
}

function printIpip(p: Printer, l: LinkInfo, v: View): void {
  const t = l.attrs?.tunnel;
  if (t === undefined) return;
  p.any("proto", "any", "any ");
  printEnds(p, t, v);
  p.any("pmtudisc", t.pmtudisc, t.pmtudisc ? "pmtudisc " : "nopmtudisc ");
}

function printGre(p: Printer, l: LinkInfo, v: View): void {
  const t = l.attrs?.tunnel;
  if (t === undefined) return;
  printEnds(p, t, v);
  p.any("pmtudisc", t.pmtudisc, t.pmtudisc ? "" : "nopmtudisc ");
  if (t.ignoreDf) p.any("ignore_df", true, "ignore-df ");
  if (t.ikey !== undefined) p.any("ikey", formatIpv4(t.ikey), `ikey ${formatIpv4(t.ikey)} `);
  if (t.okey !== undefined) p.any("okey", formatIpv4(t.okey), `okey ${formatIpv4(t.okey)} `);
  for (const key of ["iseq", "oseq", "icsum", "ocsum"] as const) if (t[key]) p.any(key, true, `${key} `);
}

export const IPIP: LinkKindArgs = { kind: "ipip", usage: TYPE_IPIP_USAGE, parse: (tool, args) => ({ tunnel: parse(tool, args, false, TYPE_IPIP_USAGE) }), print: printIpip };
export const GRE: LinkKindArgs = { kind: "gre", usage: TYPE_GRE_USAGE, parse: (tool, args) => ({ tunnel: parse(tool, args, true, TYPE_GRE_USAGE) }), print: printGre };
export const GRETAP: LinkKindArgs = { kind: "gretap", usage: TYPE_GRETAP_USAGE, parse: (tool, args) => ({ tunnel: parse(tool, args, true, TYPE_GRETAP_USAGE) }), print: printGre };
