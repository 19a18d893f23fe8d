/** `ip tunnel`: IPIP and GRE tunnels by the older call. iproute2 6.1 ip/iptunnel.c. */
import { type LinkInfo, strerror } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { type Args, duparg2, dottedQuad, Fail, invarg, Leave, matches, Refuse, unsigned } from "./args.ts";
import { keyArg, type TunnelSpec } from "./link-tunnel.ts";
import { printStats } from "./link-print.ts";
import type { Tool } from "./tool.ts";
import { TUNNEL_USAGE } from "./usage-kinds.ts";

type Mode = "ipip" | "gre";

export function doTunnel(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "change")) return modify(tool, args, "change");
  if (matches(verb, "delete")) return remove(tool, args);
  if (matches(verb, "show") || matches(verb, "list") || matches(verb, "lst")) return show(tool, args);
  if (matches(verb, "prl") || matches(verb, "6rd")) throw new Refuse(`ip tunnel ${verb}`);
  if (matches(verb, "help")) throw new Leave(255, TUNNEL_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip tunnel help"\n`);
}

interface Request {
  mode: Mode | undefined;
  name: string | undefined;
  spec: TunnelSpec;
}

function address(text: string): number {
  if (text === "any") return 0;
  const a = dottedQuad(text);
  if (a === undefined) throw new Leave(1, `Error: an IP address is expected rather than "${text}"\n`);
  return a;
}

function mode(text: string): Mode {
  if (text === "ipip" || text === "ip/ip") return "ipip";
  if (text === "gre" || text === "gre/ip") return "gre";
  if (["sit", "ipv6/ip", "isatap", "vti"].includes(text)) throw new Refuse(`ip tunnel ... mode ${text}`);
  throw new Leave(255, `Unknown tunnel mode "${text}"\n`);
}

function parse(tool: Tool, args: Args): Request {
  const r: Request = { mode: undefined, name: undefined, spec: {} };
  const s = r.spec;
  while (!args.done) {
    const word = args.take();
    if (word === "mode") {
      if (r.mode !== undefined) throw new Leave(255, "You managed to ask for more than one tunnel mode.\n");
      r.mode = mode(args.value());
    } else if (word === "key" || word === "ikey" || word === "okey") {
      const key = keyArg(word, args.value());
      if (word !== "okey") s.ikey = key;
      if (word !== "ikey") s.okey = key;
    } else if (word === "seq") [s.iseq, s.oseq] = [true, true];
    else if (word === "iseq" || word === "oseq" || word === "icsum" || word === "ocsum") s[word] = true;
    else if (word === "csum") [s.icsum, s.ocsum] = [true, true];
    else if (word === "nopmtudisc" || word === "pmtudisc") s.pmtudisc = word === "pmtudisc";
    else if (word === "remote") s.remote = address(args.value());
    else if (word === "local") s.local = address(args.value());
    else if (word === "dev") {
      const name = args.value();
      s.link = tool.link(name)?.ifindex ?? missing(name);
    } else if (word === "ttl" || word === "hoplimit" || word === "hlim") {
      const value = args.value();
      s.ttl = value === "inherit" ? 0 : (unsigned(value, 255) ?? invarg("invalid TTL\n", value));
    } else if (word === "tos" || word === "tclass" || matches(word, "dsfield")) {
      const value = args.value();
      s.tos = value === "inherit" ? "inherit" : (unsigned(value, 255, 16) ?? invarg("bad TOS value", value));
    } else {
      const value = word === "name" ? args.value() : word;
      if (matches(value, "help")) throw new Leave(255, TUNNEL_USAGE);
      if (r.name !== undefined) duparg2("name", value);
      r.name = value;
    }
  }
  return r;
}

function missing(name: string): never {
  throw new Fail(1, `Cannot find device "${name}"\n`);
}

function modify(tool: Tool, args: Args, verb: "add" | "change"): number {
  const r = parse(tool, args);
  const there = r.name === undefined ? undefined : tool.link(r.name);
  const m = r.mode ?? (verb === "change" && (there?.kind === "ipip" || there?.kind === "gre") ? there.kind : undefined);
  if (m === undefined) throw new Fail(1, "cannot determine tunnel mode (ipip, gre, vti or sit)\n");
  if (m === "ipip" && (r.spec.ikey !== undefined || r.spec.okey !== undefined)) throw new Fail(1, "Keys are not allowed with ipip and sit tunnels\n");
  if (r.spec.ttl && r.spec.pmtudisc === false) throw new Fail(1, "ttl != 0 and nopmtudisc are incompatible\n");
  const name = r.name ?? freeName(tool, m);
  const done =
    verb === "add" ? tool.admin.linkAdd({ kind: m, name, attrs: { tunnel: r.spec } }) : tool.admin.linkSet(there?.ifindex ?? 0, { attrs: { tunnel: r.spec } });
  if (done.ok) return 0;
  throw new Fail(1, `${verb} tunnel "${r.name ?? (m === "ipip" ? "tunl0" : "gre0")}" failed: ${strerror(done.error.errno)}\n`);
}

function freeName(tool: Tool, m: Mode): string {
  const stem = m === "ipip" ? "tunl" : "gre";
  for (let n = 0; ; n++) if (!tool.link(`${stem}${n}`)) return `${stem}${n}`;
}

function remove(tool: Tool, args: Args): number {
  const r = parse(tool, args);
  const link = r.name === undefined ? undefined : tool.link(r.name);
  const done = link?.attrs?.tunnel === undefined ? undefined : tool.admin.linkDel(link.ifindex);
  if (done?.ok) return 0;
  throw new Fail(1, `delete tunnel "${r.name ?? "tunl0"}" failed: ${strerror(done === undefined ? "ENODEV" : done.error.errno)}\n`);
}

function printTunnel(tool: Tool, l: LinkInfo): void {
  const t = l.attrs!.tunnel!;
  const { out } = tool;
  const end = (a: number): string => (a === 0 ? "any" : formatIpv4(a));
  out.open();
  out.any("ifname", l.name, `${l.name}: `);
  out.any("mode", l.kind === "ipip" ? "any/ip" : "gre/ip", l.kind === "ipip" ? "any/ip" : "gre/ip");
  out.any("remote", end(t.remote), ` remote ${end(t.remote)}`);
  out.any("local", end(t.local), ` local ${end(t.local)}`);
  if (t.link !== 0) out.any("dev", tool.ifname(t.link), ` dev ${tool.ifname(t.link)}`);
  if (t.ttl !== 0) out.any("ttl", t.ttl, ` ttl ${t.ttl}`);
  else out.fp(" ttl inherit");
  if (t.tos === "inherit") out.any("tos", "inherit", " tos inherit");
  else if (t.tos !== 0) out.any("tos", `0x${t.tos.toString(16)}`, ` tos 0x${t.tos.toString(16)}`);
  if (!t.pmtudisc) out.any("pmtudisc", false, " nopmtudisc");
  if (t.ikey !== undefined && t.ikey === t.okey) out.any("key", formatKey(t.ikey), ` key ${formatKey(t.ikey)}`);
  else {
    if (t.ikey !== undefined) out.any("ikey", formatKey(t.ikey), ` ikey ${formatKey(t.ikey)}`);
    if (t.okey !== undefined) out.any("okey", formatKey(t.okey), ` okey ${formatKey(t.okey)}`);
  }
  const nl = (): void => out.nl();
  for (const [on, key, text] of [[t.iseq, "iseq", "  Drop packets out of sequence."], [t.icsum, "icsum", "  Checksum in received packet is required."], [t.oseq, "oseq", "  Sequence packets on output."], [t.ocsum, "ocsum", "  Checksum output packets."]] as const) {
    if (!on) continue;
    nl();
    out.any(key, true, text);
  }
  if (tool.opts.stats > 0) {
    nl();
    printStats(out, l, tool.opts);
  }
  out.fp("\n");
  out.close();
}

function formatKey(key: number): string {
  return String(key);
}

function show(tool: Tool, args: Args): number {
  const r = parse(tool, args);
  const only = r.name === undefined ? undefined : tool.link(r.name);
  if (r.name !== undefined && only?.attrs?.tunnel === undefined) throw new Fail(r.mode === undefined ? 0 : 1, `get tunnel "${r.name}" failed: ${strerror(only === undefined ? "ENODEV" : "EINVAL")}\n`);
  tool.out.begin();
  for (const l of tool.rtnl.links()) {
    if (l.attrs?.tunnel === undefined || (l.kind !== "ipip" && l.kind !== "gre") || (only !== undefined && l.ifindex !== only.ifindex)) continue;
    if (r.mode !== undefined && l.kind !== r.mode) continue;
    if ((r.spec.remote ?? l.attrs.tunnel.remote) !== l.attrs.tunnel.remote || (r.spec.local ?? l.attrs.tunnel.local) !== l.attrs.tunnel.local) continue;
    printTunnel(tool, l);
  }
  tool.out.end();
  return 0;
}
