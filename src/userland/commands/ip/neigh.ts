/** `ip neigh`: the neighbour table. iproute2 6.1 ip/ipneigh.c. */
import { type Neigh6Info, type NeighInfo, type NeighSpec, type NlMode, type NudState, strerror } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
import { type Args, duparg, duparg2, Fail, invarg, Leave, lladdr, matches, unsigned } from "./args.ts";
import { type Family, getAddr, getPrefix, inFilter, inFilter6, type Prefix, v6Of } from "./prefix.ts";
import type { Printer } from "./print.ts";
import { lladdrText, nlErrorText, type Tool, type View } from "./tool.ts";
import { NEIGH_USAGE } from "./usage.ts";

/** linux/neighbour.h NUD_*. */
const NUD: Readonly<Record<NudState, number>> = {
  INCOMPLETE: 0x01, REACHABLE: 0x02, STALE: 0x04, DELAY: 0x08, PROBE: 0x10, FAILED: 0x20, NOARP: 0x40, PERMANENT: 0x80, NONE: 0,
};
/** Asked for by `nud none`: entries without a state. */
const WITHOUT_STATE = 0x100;

export function doNeigh(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "change") || verb === "chg") return modify(tool, args, "change");
  if (matches(verb, "replace")) return modify(tool, args, "replace");
  if (matches(verb, "delete")) return modify(tool, args, "delete");
  if (matches(verb, "get")) return get(tool, args);
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (matches(verb, "flush")) return flush(tool, args);
  if (matches(verb, "help")) throw new Leave(255, NEIGH_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip neigh help".\n`);
}

// -- printing ---------------------------------------------------------------------------------------------------------

/** An entry of either family. */
type AnyNeigh = NeighInfo | Neigh6Info;

function dstText(n: AnyNeigh): string {
  return typeof n.dst === "number" ? formatIpv4(n.dst) : formatIpv6(n.dst);
}

/** @param withDevice false when one device was asked for. */
export function printNeigh(p: Printer, n: AnyNeigh, v: View, withDevice: boolean): void {
  p.open();
  if (v.opts.brief) printBrief(p, n, v, withDevice);
  else printLong(p, n, v, withDevice);
  p.fp("\n");
  p.close();
}

function printBrief(p: Printer, n: AnyNeigh, v: View, withDevice: boolean): void {
  p.any("dst", dstText(n), `${dstText(n).padEnd(39)} `);
  if (withDevice && n.ifindex !== 0) p.any("dev", v.ifname(n.ifindex), `${v.ifname(n.ifindex).padEnd(16)} `);
  if (n.lladdr) p.any("lladdr", lladdrText(n.lladdr), lladdrText(n.lladdr));
}

function printLong(p: Printer, n: AnyNeigh, v: View, withDevice: boolean): void {
  p.any("dst", dstText(n), `${dstText(n)} `);
  if (withDevice && n.ifindex !== 0) p.any("dev", v.ifname(n.ifindex), `dev ${v.ifname(n.ifindex)} `);
  if (n.lladdr) p.any("lladdr", lladdrText(n.lladdr), `lladdr ${lladdrText(n.lladdr)} `);
  for (const [flag, on] of [["router", n.router], ["proxy", n.proxy], ["managed", n.managed], ["extern_learn", n.externLearn]] as const) {
    if (on) p.any(flag, null, `${flag} `);
  }
  if (v.opts.stats > 0 && !n.proxy) {
    if (n.refcnt > 0) p.any("refcnt", n.refcnt, ` ref ${n.refcnt}`);
    p.any("used", n.used, ` used ${n.used}`);
    p.any("confirmed", n.confirmed, `/${n.confirmed}`);
    p.any("updated", n.updated, `/${n.updated}`);
    p.any("probes", n.probes, `probes ${n.probes} `);
  }
  if (n.state !== "NONE" && !n.proxy) {
    p.openArray("state");
    p.item(n.state, `${n.state} `);
    p.close();
  }
  if (n.proto !== 0) p.any("protocol", v.names.proto(n.proto), `proto ${v.names.proto(n.proto)} `);
}

// -- add, change, replace, delete -------------------------------------------------------------------------------------

/** @returns the bits; undefined when the word is none. */
function nudBits(text: string): number | undefined {
  if (matches(text, "permanent")) return NUD.PERMANENT;
  if (matches(text, "reachable")) return NUD.REACHABLE;
  for (const state of ["NOARP", "NONE", "STALE", "INCOMPLETE", "DELAY", "PROBE"] as const) if (text === state.toLowerCase()) return NUD[state];
  if (matches(text, "failed")) return NUD.FAILED;
  const n = unsigned(text);
  return n === undefined || n >= 0x100 || (n & (n - 1)) !== 0 ? undefined : n;
}

function stateOf(bits: number): NudState {
  return (Object.keys(NUD) as NudState[]).find((s) => NUD[s] === bits) ?? "NONE";
}

interface NeighRequest {
  dst?: Prefix;
  dev?: string;
  lladdr?: string;
  spec: Omit<NeighSpec, "ifindex" | "dst">;
}

function parseModify(tool: Tool, args: Args): NeighRequest {
  const family: Family = tool.opts.family === "link" ? 0 : tool.opts.family;
  const r: NeighRequest = { spec: { state: "PERMANENT" } };
  while (!args.done) {
    const word = args.take();
    if (matches(word, "lladdr")) {
      const value = args.value();
      if (r.lladdr !== undefined) duparg("lladdr", value);
      r.lladdr = value;
    } else if (word === "nud") {
      const value = args.value();
      r.spec.state = stateOf(nudBits(value) ?? invarg("nud state is bad", value));
    } else if (matches(word, "proxy")) {
      const value = args.value();
      if (matches(value, "help")) throw new Leave(255, NEIGH_USAGE);
      if (r.dst) duparg("address", value);
      r.dst = getAddr(value, family);
      r.spec.proxy = true;
    } else if (word === "router") r.spec.router = true;
    else if (word === "use") r.spec.use = true;
    else if (word === "managed") Object.assign(r.spec, { managed: true, state: "NONE" });
    else if (matches(word, "extern_learn")) r.spec.externLearn = true;
    else if (word === "dev") r.dev = args.value();
    else if (matches(word, "protocol")) {
      const value = args.value();
      r.spec.proto = tool.names.protoId(value) ?? invarg('"protocol" value is invalid\n', value);
    } else {
      const value = word === "to" || matches(word, "help") ? args.value() : word;
      if (r.dst) duparg2("to", value);
      r.dst = getAddr(value, family);
    }
  }
  return r;
}

function modify(tool: Tool, args: Args, verb: NlMode | "delete"): number {
  const { dst, dev, lladdr: address, spec } = parseModify(tool, args);
  if ((dev === undefined && !spec.proxy) || !dst || dst.family === 0) throw new Leave(255, "Device and destination are required arguments.\n");
  const a = address === undefined || address === "null" ? {} : { lladdr: lladdr(address) };
  const ifindex = dev === undefined ? 0 : tool.device(dev).ifindex;
  if (dst.family === 6) {
    const full6 = { ...spec, ...a, ifindex, dst: v6Of(dst) };
    const r6 = verb === "delete" ? tool.admin.ip6.neighDel(full6) : tool.admin.ip6.neighAdd(full6, verb);
    if (!r6.ok) throw new Leave(2, nlErrorText(r6.error));
    return 0;
  }
  const full = { ...spec, ...a, ifindex, dst: dst.addr };
  const r = verb === "delete" ? tool.admin.neighDel(full) : tool.admin.neighAdd(full, verb);
  if (!r.ok) throw new Leave(2, nlErrorText(r.error));
  return 0;
}

// -- show, flush ------------------------------------------------------------------------------------------------------

interface Filter {
  family: Family;
  states: number;
  ifindex: number;
  /** -1: devices without a master. */
  master: number;
  proxy: boolean;
  unused: boolean;
  proto: number;
  to?: Prefix;
}

function parseFilter(tool: Tool, args: Args, isFlush: boolean): Filter {
  const family: Family = tool.opts.family === "link" ? 0 : tool.opts.family;
  const f: Filter = { family, states: isFlush ? ~(NUD.PERMANENT | NUD.NOARP) : 0xff & ~NUD.NOARP, ifindex: 0, master: 0, proxy: false, unused: false, proto: 0 };
  let dev: string | undefined;
  let stateGiven = false;
  while (!args.done) {
    const word = args.take();
    if (word === "dev") {
      const value = args.value();
      if (dev !== undefined) duparg("dev", value);
      dev = value;
    } else if (word === "master") {
      const value = args.value();
      f.master = tool.link(value)?.ifindex ?? invarg("Device does not exist\n", value);
    } else if (word === "vrf") invarg("Not a valid VRF name\n", args.value());
    else if (word === "nomaster") f.master = -1;
    else if (word === "unused") f.unused = true;
    else if (word === "nud") {
      if (!stateGiven) f.states = 0;
      stateGiven = true;
      f.states |= filterState(args.value(), isFlush);
    } else if (word === "proxy") f.proxy = true;
    else if (matches(word, "protocol")) {
      const value = args.value();
      const id = tool.names.protoId(value);
      if (id === undefined && value !== "all") invarg('invalid "protocol"\n', value);
      f.proto = id ?? 0;
    } else {
      const value = word === "to" ? args.value() : word;
      if (matches(value, "help")) throw new Leave(255, NEIGH_USAGE);
      f.to = getPrefix(value, f.family);
      if (f.family === 0) f.family = f.to.family;
    }
  }
  if (dev !== undefined) f.ifindex = tool.device(dev).ifindex;
  return f;
}

function filterState(value: string, isFlush: boolean): number {
  const bits = nudBits(value);
  if (bits === undefined && value !== "all") invarg("nud state is bad", value);
  if (bits === undefined) return isFlush ? ~NUD.NOARP : ~0;
  return bits === 0 ? WITHOUT_STATE : bits;
}

function selected(tool: Tool, f: Filter): AnyNeigh[] {
  const what = f.proxy ? { proxy: true } : {};
  const all: AnyNeigh[] = [...(f.family === 6 ? [] : tool.rtnl.neighs(what)), ...(f.family === 4 ? [] : tool.rtnl.ip6.neighs(what))];
  return all.filter((n) => {
    if (f.ifindex !== 0 && n.ifindex !== f.ifindex) return false;
    const master = f.master === 0 ? 0 : (tool.rtnl.link(n.ifindex)?.master ?? 0);
    if (f.master > 0 ? master !== f.master : f.master < 0 && master !== 0) return false;
    const bits = n.proxy ? 0 : NUD[n.state];
    if ((f.states & bits) === 0 && !n.proxy && !n.externLearn && (bits !== 0 || (f.states & WITHOUT_STATE) === 0)) return false;
    if (!(typeof n.dst === "number" ? inFilter(n.dst, f.to) : inFilter6(n.dst, f.to)) || (f.proto !== 0 && f.proto !== n.proto)) return false;
    return !f.unused || n.refcnt === 0;
  });
}

function show(tool: Tool, args: Args): number {
  const f = parseFilter(tool, args, false);
  tool.out.begin();
  for (const n of selected(tool, f)) printNeigh(tool.out, n, tool, f.ifindex === 0);
  tool.out.end();
  return 0;
}

const MAX_ROUNDS = 10;

function flush(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, "Flush requires arguments.\n");
  const f = parseFilter(tool, args, true);
  const { stats } = tool.opts;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const found = selected(tool, f);
    if (found.length === 0) {
      if (stats > 0) tool.print(round === 0 ? "Nothing to flush.\n" : `*** Flush is complete after ${round} round${round > 1 ? "s" : ""} ***\n`);
      return 0;
    }
    if (stats > 1) for (const n of found) printNeigh(tool.out, n, tool, f.ifindex === 0);
    for (const n of found) {
      const proxy = n.proxy ? { proxy: true } : {};
      const r = typeof n.dst === "number" ? tool.admin.neighDel({ ifindex: n.ifindex, dst: n.dst, ...proxy }) : tool.admin.ip6.neighDel({ ifindex: n.ifindex, dst: n.dst, ...proxy });
      if (!r.ok) throw new Leave(1, `Failed to send flush request: ${strerror(r.error.errno)}\n`);
    }
    if (stats > 0) tool.print(`\n*** Round ${round + 1}, deleting ${found.length} entries ***\n`);
    // An entry that is still referred to stays, as FAILED.
    f.states &= ~NUD.FAILED;
  }
  tool.print(`*** Flush not complete bailing out after ${MAX_ROUNDS} rounds\n`);
  return 255;
}

// -- get --------------------------------------------------------------------------------------------------------------

function get(tool: Tool, args: Args): number {
  const family: Family = tool.opts.family === "link" ? 0 : tool.opts.family;
  let dst: Prefix | undefined;
  let dev: string | undefined;
  let proxy = false;
  while (!args.done) {
    const word = args.take();
    if (word === "dev") dev = args.value();
    else {
      const isProxy = matches(word, "proxy");
      const value = isProxy || word === "to" ? args.value() : word;
      if (matches(value, "help")) throw new Leave(255, NEIGH_USAGE);
      if (dst && isProxy) duparg("address", value);
      if (dst) duparg2("to", value);
      dst = getAddr(value, family);
      proxy ||= isProxy;
    }
  }
  if ((dev === undefined && !proxy) || !dst || dst.family === 0) throw new Fail(1, "Device and address are required arguments.\n");
  const ifindex = dev === undefined ? 0 : tool.device(dev).ifindex;
  const n: AnyNeigh | undefined = dst.family === 6
    ? tool.rtnl.ip6.neighs({ proxy }).find((e) => formatIpv6(e.dst) === formatIpv6(v6Of(dst)) && e.proxy === proxy && (ifindex === 0 || e.ifindex === ifindex))
    : tool.rtnl.neighs({ proxy }).find((e) => e.dst === dst.addr && e.proxy === proxy && (ifindex === 0 || e.ifindex === ifindex));
  if (!n) return tool.answer({ ok: false, error: { errno: "ENOENT", extack: `${proxy ? "Proxy neighbour" : "Neighbour"} entry not found` } });
  printNeigh(tool.out, n, tool, true); // plain text even with -j, as the real tool does
  return 0;
}
