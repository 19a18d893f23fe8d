/** `bridge fdb`: forwarding tables, and the devices' own address filters. iproute2 6.1 bridge/fdb.c. */
import type { FdbEntry, LinkInfo, NlMode } from "../../../kernel/api.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { type Args, atoi, duparg, duparg2, Fail, invarg, Leave, matches, Refuse, unsigned } from "../ip/args.ts";
import { ipv4Arg } from "../ip/link-address.ts";
import type { Printer } from "../ip/print.ts";
import type { Tool, View } from "../ip/tool.ts";
import { BRIDGE_FDB_USAGE } from "../ip/usage.ts";

export function doFdb(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "append")) return modify(tool, args, "append");
  if (matches(verb, "replace")) return modify(tool, args, "replace");
  if (matches(verb, "delete")) return modify(tool, args, "delete");
  if (matches(verb, "get")) return get(tool, args);
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (verb === "flush") throw new Refuse("bridge fdb flush");
  if (matches(verb, "help")) throw new Leave(255, BRIDGE_FDB_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "bridge fdb help".\n`);
}

// -- printing ---------------------------------------------------------------------------------------------------------

const STATE_TEXT: Readonly<Record<FdbEntry["state"], string>> = { permanent: "permanent", static: "static", dynamic: "", stale: "stale" };

/** @param withDevice false when one device was asked for. */
export function printFdb(p: Printer, e: FdbEntry, v: View, withDevice: boolean): void {
  p.open();
  p.any("mac", formatMac(e.lladdr), `${formatMac(e.lladdr)} `);
  if (withDevice) p.any("ifname", v.ifname(e.ifindex), `dev ${v.ifname(e.ifindex)} `);
  if (e.dst !== undefined) p.any("dst", formatIpv4(e.dst), `dst ${formatIpv4(e.dst)} `);
  if (e.vlan) p.any("vlan", e.vlan, `vlan ${e.vlan} `);
  if (e.port !== undefined) p.any("port", e.port, `port ${e.port} `);
  if (e.vni !== undefined) p.any("vni", e.vni, `vni ${e.vni} `);
  if (e.via !== undefined) p.any("viaIf", v.ifname(e.via), `via ${v.ifname(e.via)} `);
  if (v.opts.stats > 0 && (e.master !== 0 || e.dst !== undefined)) {
    p.only("used", e.used);
    p.only("updated", e.updated);
    p.fp(`used ${e.used}/${e.updated} `);
  }
  p.openArray("flags");
  for (const [flag, on] of [["self", e.self], ["router", e.router ?? false], ["extern_learn", e.extern_learn], ["offload", e.offload], ["sticky", e.sticky]] as const) if (on) p.item(flag, `${flag} `);
  p.close();
  if (e.master !== 0) p.any("master", v.ifname(e.master), `master ${v.ifname(e.master)} `);
  p.any("state", STATE_TEXT[e.state], `${STATE_TEXT[e.state]}\n`);
  p.close();
}

// -- show -------------------------------------------------------------------------------------------------------------

interface Filter {
  dev?: LinkInfo;
  bridge?: LinkInfo;
  vlan: number;
  /** States asked for; empty: all. */
  states: FdbEntry["state"][];
  dynamic: boolean;
}

function stateArg(text: string): FdbEntry["state"][] {
  if (matches(text, "permanent")) return ["permanent"];
  if (matches(text, "static") || matches(text, "temp")) return ["static"];
  if (matches(text, "stale")) return ["stale"];
  if (matches(text, "reachable") || matches(text, "dynamic")) return ["dynamic"];
  if (text === "all") return [];
  return unsigned(text) === undefined ? invarg("invalid state", text) : [];
}

function parseShow(tool: Tool, args: Args): Filter {
  const f: Filter = { vlan: 0, states: [], dynamic: false };
  let dev: string | undefined;
  let bridge: string | undefined;
  while (!args.done) {
    const word = args.take();
    if (word === "brport" || word === "dev") dev = args.value();
    else if (word === "br") bridge = args.value();
    else if (word === "vlan") {
      const value = args.value();
      if (f.vlan !== 0) duparg("vlan", value);
      f.vlan = atoi(value);
    } else if (word === "state") f.states.push(...stateArg(args.value()));
    else if (word === "dynamic") f.dynamic = true;
    else if (matches(word, "help")) throw new Leave(255, BRIDGE_FDB_USAGE);
  }
  if (bridge !== undefined) f.bridge = bridgeDevice(tool, bridge);
  if (dev !== undefined) f.dev = device(tool, dev);
  return f;
}

/** nodev() of the real tool, whose -1 is its exit status. */
function device(tool: Tool, name: string): LinkInfo {
  const l = tool.link(name);
  if (!l) throw new Fail(255, `Cannot find device "${name}"\n`);
  return l;
}

function bridgeDevice(tool: Tool, name: string): LinkInfo {
  const l = tool.link(name);
  if (!l) throw new Fail(255, `Cannot find bridge device "${name}"\n`);
  return l;
}

/** Entries in the order of rtnl_fdb_dump: device by device; of a port the bridge's table before its own filter, of a bridge the other way round. */
function dumped(tool: Tool, f: Filter): FdbEntry[] {
  const all = tool.rtnl.fdb();
  const out: FdbEntry[] = [];
  for (const l of tool.rtnl.links()) {
    if (f.dev && l.ifindex !== f.dev.ifindex) continue;
    if (f.bridge && l.ifindex !== f.bridge.ifindex && l.master !== f.bridge.ifindex) continue;
    const own = all.filter((e) => e.ifindex === l.ifindex);
    const learnt = own.filter((e) => !e.self);
    const filter = own.filter((e) => e.self);
    out.push(...(l.kind === "bridge" ? [...filter, ...learnt] : [...learnt, ...filter]));
  }
  return out;
}

function show(tool: Tool, args: Args): number {
  const f = parseShow(tool, args);
  tool.out.begin();
  for (const e of dumped(tool, f)) {
    if (f.states.length > 0 && !f.states.includes(e.state)) continue;
    if (f.vlan !== 0 && f.vlan !== e.vlan) continue;
    if (f.dynamic && e.state === "permanent") continue;
    printFdb(tool.out, e, tool, f.dev === undefined);
  }
  tool.out.end();
  return 0;
}

// -- add, append, replace, delete, get --------------------------------------------------------------------------------

const OTHER_WORDS: ReadonlySet<string> = new Set(["nhid", "src_vni"]);

interface FdbRequest {
  addr?: string;
  dev?: string;
  vlan?: number;
  self: boolean;
  master: boolean;
  externLearn: boolean;
  sticky: boolean;
  permanent: boolean;
  reachable: boolean;
  noarp: boolean;
  router: boolean;
  /** Of a VXLAN. */
  remote: { dst?: number; port?: number; vni?: number; via?: number };
}

/** `dst`, `port`, `vni` and `via` of a VXLAN's entry. */
function parseRemote(tool: Tool, r: FdbRequest, word: string, args: Args): boolean {
  const number = (max: number, what: string): number => {
    const value = args.value();
    return unsigned(value, max) ?? invarg(`invalid ${what}\n`, value);
  };
  if (word === "dst") {
    if (r.remote.dst !== undefined) duparg2("dst", word);
    r.remote.dst = ipv4Arg(args.value());
  } else if (word === "port") r.remote.port = number(65535, "port");
  else if (word === "vni") r.remote.vni = number(0xffffff, "VNI");
  else if (word === "via") r.remote.via = device(tool, args.value()).ifindex;
  else return false;
  return true;
}

function parseModify(tool: Tool, args: Args): FdbRequest {
  const r: FdbRequest = { self: false, master: false, externLearn: false, sticky: false, permanent: false, reachable: false, noarp: true, router: false, remote: {} };
  while (!args.done) {
    const word = args.take();
    if (word === "dev") r.dev = args.value();
    else if (parseRemote(tool, r, word, args)) continue;
    else if (OTHER_WORDS.has(word)) throw new Refuse(`bridge fdb ... ${word}`);
    else if (word === "self") r.self = true;
    else if (matches(word, "master")) r.master = true;
    else if (matches(word, "router")) r.router = true;
    else if (matches(word, "local") || matches(word, "permanent")) r.permanent = true;
    else if (matches(word, "temp") || matches(word, "static")) r.reachable = true;
    else if (matches(word, "dynamic")) Object.assign(r, { reachable: true, noarp: false });
    else if (matches(word, "vlan")) {
      if (r.vlan !== undefined) duparg2("vlan", word);
      r.vlan = atoi(args.value());
    } else if (matches(word, "use")) throw new Refuse("bridge fdb ... use");
    else if (matches(word, "extern_learn")) r.externLearn = true;
    else if (matches(word, "sticky")) r.sticky = true;
    else {
      const value = word === "to" ? args.value() : word;
      if (matches(value, "help")) throw new Leave(255, BRIDGE_FDB_USAGE);
      if (r.addr !== undefined) duparg2("to", value);
      r.addr = value;
    }
  }
  return r;
}

/** sscanf("%hhx:%hhx:...") must find six. */
function macArg(text: string): Uint8Array {
  const m = /^\s*([0-9a-fA-F]+):([0-9a-fA-F]+):([0-9a-fA-F]+):([0-9a-fA-F]+):([0-9a-fA-F]+):([0-9a-fA-F]+)/.exec(text);
  if (!m) throw new Fail(255, `Invalid mac address ${text}\n`);
  return Uint8Array.from(m.slice(1), (part) => Number.parseInt(part, 16) & 255);
}

function modify(tool: Tool, args: Args, verb: NlMode | "delete"): number {
  const r = parseModify(tool, args);
  if (r.dev === undefined || r.addr === undefined) throw new Fail(255, "Device and address are required arguments.\n");
  const self = r.self || !r.master;
  const permanent = r.permanent || !r.reachable;
  const lladdr = macArg(r.addr);
  const { ifindex } = device(tool, r.dev);
  const where = { lladdr, ifindex, master: r.master, self, ...(r.vlan === undefined ? {} : { vlan: r.vlan }), ...r.remote };
  if (verb === "delete") return tool.answer(tool.admin.fdbDel(where), 255);
  const state = permanent ? "permanent" : r.noarp ? "static" : "dynamic";
  return tool.answer(tool.admin.fdbAdd({ ...where, state, externLearn: r.externLearn, sticky: r.sticky, ...(r.router ? { router: true } : {}) }, verb), 255);
}

function get(tool: Tool, args: Args): number {
  let [dev, bridge, addr]: (string | undefined)[] = [];
  let vlan: number | undefined;
  let self = false;
  while (!args.done) {
    const word = args.take();
    if (word === "brport" || word === "dev") dev = args.value();
    else if (word === "br") bridge = args.value();
    else if (word === "vni") throw new Refuse("bridge fdb get ... vni");
    else if (word === "self") self = true;
    else if (matches(word, "master") || matches(word, "dynamic")) continue;
    else if (matches(word, "vlan")) {
      if (vlan !== undefined) duparg2("vlan", word);
      vlan = atoi(args.value());
    } else {
      const value = word === "to" ? args.value() : word;
      if (matches(value, "help")) throw new Leave(255, BRIDGE_FDB_USAGE);
      if (addr !== undefined) duparg2("to", value);
      addr = value;
    }
  }
  if ((dev === undefined && bridge === undefined) || addr === undefined) throw new Fail(255, "Device or master and address are required arguments.\n");
  const mac = formatMac(macArg(addr));
  const port = dev === undefined ? undefined : device(tool, dev);
  const master = bridge === undefined ? port?.master : bridgeDevice(tool, bridge).ifindex;
  const found = tool.rtnl.fdb().find((e) => formatMac(e.lladdr) === mac && (e.vlan ?? 0) === (vlan ?? 0) && (self ? e.self && e.ifindex === port?.ifindex : e.master !== 0 && e.master === master));
  if (!found) return tool.answer({ ok: false, error: { errno: "ENOENT", extack: "Fdb entry not found" } }, 254);
  tool.out.begin();
  printFdb(tool.out, found, tool, true);
  tool.out.end();
  return 0;
}
