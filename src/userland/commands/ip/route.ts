/** `ip route`: routes added, changed, deleted, listed, flushed and looked up. iproute2 6.1 ip/iproute.c. */
import { type NlMode, type RouteInfo, type RouteMetrics, type RouteQuery, type RouteSpec, type RouteType, strerror } from "../../../kernel/api.ts";
import { SCOPE_ID, scopeOf } from "./addr-print.ts";
import { type Args, duparg2, Fail, invarg, Leave, matches, Refuse, unsigned } from "./args.ts";
import { printNexthop } from "./nexthop.ts";
import { type Family, getAddr, getPrefix, type Prefix, sameNet, v6Of } from "./prefix.ts";
import { type Fixed, printAnswer, printRoute, PROTO, ROUTE_TYPE_ID, TABLE } from "./route-print.ts";
import { flushRoutes6, getRoute6, listRoutes6, modifyRoute6 } from "./route6.ts";
import type { Tool } from "./tool.ts";
import { vrfArg } from "./vrf.ts";
import { ROUTE_USAGE } from "./usage.ts";

export function doRoute(tool: Tool, args: Args): number {
  if (args.done) return list(tool, args);
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "change") || verb === "chg") return modify(tool, args, "change");
  if (matches(verb, "replace")) return modify(tool, args, "replace");
  if (matches(verb, "prepend")) return modify(tool, args, "prepend");
  if (matches(verb, "append")) return modify(tool, args, "append");
  if (matches(verb, "test")) throw new Refuse("ip route test");
  if (matches(verb, "delete")) return modify(tool, args, "delete");
  if (matches(verb, "list") || matches(verb, "show") || matches(verb, "lst")) return list(tool, args);
  if (matches(verb, "get")) return get(tool, args);
  if (matches(verb, "flush")) return flush(tool, args);
  for (const word of ["save", "restore", "showdump"]) if (matches(verb, word)) throw new Refuse(`ip route ${word}`);
  if (matches(verb, "help")) throw new Leave(255, ROUTE_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip route help".\n`);
}

// -- words ------------------------------------------------------------------------------------------------------------

const FAMILY_WORDS: Readonly<Record<string, Family | "other">> = { inet: 4, inet6: 6, link: "other", mpls: "other", bridge: "other" };

/** `via [FAMILY] ADDRESS`. */
function viaAddr(args: Args, family: Family, read: (text: string, family: Family) => Prefix): Prefix {
  const word = args.value();
  const named = Object.hasOwn(FAMILY_WORDS, word) ? FAMILY_WORDS[word] : undefined;
  if (named === "other") throw new Refuse(`ip route ... via ${word}`);
  return named === undefined ? read(word, family) : read(args.value(), named);
}

/** rtnl_rtntype_a2n: the order decides what "b" and "un" mean. */
export function routeTypeId(text: string): number | undefined {
  if (text === "local" || text === "nat") return ROUTE_TYPE_ID[text];
  if (text === "brd") return ROUTE_TYPE_ID.broadcast;
  for (const name of ["broadcast", "anycast", "multicast", "prohibit", "unreachable", "blackhole", "xresolve", "unicast"] as const) {
    if (matches(text, name)) return name === "xresolve" ? 11 : ROUTE_TYPE_ID[name];
  }
  return text === "throw" ? ROUTE_TYPE_ID.throw : unsigned(text, 255);
}

function routeType(id: number): RouteType {
  const found = (Object.keys(ROUTE_TYPE_ID) as RouteType[]).find((t) => ROUTE_TYPE_ID[t] === id);
  if (found === undefined) throw new Refuse(`ip route ... type ${id}`);
  return found;
}

function tosArg(tool: Tool, args: Args, message: string): number {
  const value = args.value();
  return tool.names.dsfieldId(value) ?? invarg(message, value);
}

function u32Arg(args: Args, message: string): number {
  const value = args.value();
  return unsigned(value) ?? invarg(message, value);
}

function isTos(word: string): boolean {
  return word === "tos" || matches(word, "dsfield");
}
function isMetric(word: string): boolean {
  return matches(word, "metric") || matches(word, "priority") || word === "preference";
}

// -- add, change, replace, append, prepend, delete ---------------------------------------------------------------------

interface RouteRequest {
  family: Family;
  dst?: Prefix;
  type?: RouteType;
  prefsrc?: number;
  prefsrc6?: Uint8Array;
  via?: Prefix;
  dev?: string;
  onlink: boolean;
  tos?: number;
  priority?: number;
  scope?: number;
  proto?: number;
  table?: number;
  nhid?: number;
  metrics: RouteMetrics;
  nexthops?: Nexthop[];
}
interface Nexthop {
  via?: number;
  via6?: Uint8Array;
  dev?: string;
  weight?: number;
  onlink?: boolean;
}

/** Metrics of a route: word, field, how it may be shortened, highest value, whether `lock` may stand before it. */
const METRICS: readonly (readonly [word: string, field: Exclude<keyof RouteMetrics, "mtuLock" | "rtt">, exact: boolean, max: number])[] = [
  ["mtu", "mtu", true, 0xffffffff], ["hoplimit", "hoplimit", true, 255], ["advmss", "advmss", true, 0xffffffff], ["window", "window", false, 0xffffffff],
  ["initcwnd", "initcwnd", false, 0xffffffff], ["initrwnd", "initrwnd", false, 0xffffffff], ["quickack", "quickack", false, 1],
];
const OTHER_EXACT: ReadonlySet<string> = new Set(["rto_min", "encap", "ttl-propagate", "as", "from", "expires"]);
const OTHER_ABBREVIATED = ["reordering", "cwnd", "features", "congctl", "rttvar", "ssthresh", "realms", "pref", "fastopen_no_cookie"];

/** Milliseconds. A bare number is what the kernel keeps: eighths. */
function rttArg(value: string): number | undefined {
  const t = /^(\d+)(ms|s|sec|secs|msec|msecs)?$/.exec(value);
  if (!t) return undefined;
  const n = Number(t[1]);
  return t[2] === undefined ? Math.floor(n / 8) : t[2].startsWith("s") ? n * 1000 : n;
}

function parseMetric(m: RouteMetrics, word: string, args: Args): boolean {
  if (word === "rtt") {
    const value = args.value();
    m.rtt = rttArg(value) ?? invarg('"rtt" value is invalid\n', value);
    return true;
  }
  const found = METRICS.find(([name, , exact]) => (exact ? word === name : matches(word, name)));
  if (!found) return false;
  const [name, field, , max] = found;
  let value = args.value();
  if (value === "lock" && name !== "quickack" && !name.startsWith("init")) {
    if (name !== "mtu") throw new Refuse(`ip route ... ${name} lock`);
    m.mtuLock = true;
    value = args.value();
  }
  if (field === "quickack" && (unsigned(value) ?? 0) > 1) invarg('"quickack" value should be 0 or 1\n', value);
  m[field] = unsigned(value, max) ?? invarg(`"${name === "advmss" ? "mss" : name}" value is invalid\n`, value);
  return true;
}

function settle(r: { family: Family }, p: Prefix): Prefix {
  if (r.family === 0) r.family = p.family;
  return p;
}

function parseWhere(tool: Tool, r: RouteRequest, word: string, args: Args): boolean {
  if (word === "src") {
    const p = settle(r, getAddr(args.value(), r.family));
    if (p.family === 6) r.prefsrc6 = v6Of(p);
    else r.prefsrc = p.addr;
  }
  else if (word === "via") {
    if (r.via) invarg("use nexthop syntax to specify multiple via\n", word);
    r.via = settle(r, viaAddr(args, r.family, getAddr));
  } else if (isTos(word)) r.tos = tosArg(tool, args, '"tos" value is invalid\n');
  else if (isMetric(word)) r.priority = u32Arg(args, '"metric" value is invalid\n');
  else if (word === "scope") {
    const value = args.value();
    r.scope = tool.names.scopeId(value) ?? invarg('invalid "scope" value\n', value);
  } else if (word === "dev" || word === "oif") r.dev = args.value();
  else if (word === "onlink") r.onlink = true;
  else if (word === "nhid") r.nhid = u32Arg(args, '"id" value is invalid\n');
  else return false;
  return true;
}

function parseTable(tool: Tool, r: RouteRequest, word: string, args: Args): boolean {
  if (matches(word, "protocol")) {
    const value = args.value();
    r.proto = tool.names.protoId(value) ?? invarg('"protocol" value is invalid\n', value);
  } else if (matches(word, "table")) {
    const value = args.value();
    r.table = tool.names.tableId(value) ?? invarg('"table" value is invalid\n', value);
  } else if (matches(word, "vrf")) r.table = vrfArg(tool, args.value(), "Invalid VRF\n").attrs!.vrf!.table;
  else return false;
  return true;
}

function parseDst(r: RouteRequest, first: string, args: Args): void {
  let word = first === "to" ? args.value() : first;
  const type = /^[0-9]/.test(word) ? undefined : routeTypeId(word);
  if (type !== undefined) {
    r.type = routeType(type);
    word = args.value();
  }
  if (matches(word, "help")) throw new Leave(255, ROUTE_USAGE);
  if (r.dst) duparg2("to", word);
  r.dst = settle(r, getPrefix(word, r.family));
}

function parse(tool: Tool, args: Args): RouteRequest {
  const r: RouteRequest = { family: tool.opts.family, onlink: false, metrics: {} };
  while (!args.done) {
    if (args.word === "nexthop") {
      r.nexthops = parseNexthops(r, args);
      break;
    }
    const word = args.take();
    if (parseWhere(tool, r, word, args) || parseMetric(r.metrics, word, args) || parseTable(tool, r, word, args)) continue;
    const other = OTHER_EXACT.has(word) ? word : OTHER_ABBREVIATED.find((w) => word !== "" && matches(word, w));
    if (other !== undefined) throw new Refuse(`ip route ... ${other}`);
    parseDst(r, word, args);
  }
  if (!r.dst) throw new Leave(255, ROUTE_USAGE);
  return r;
}

function parseNexthops(r: RouteRequest, args: Args): Nexthop[] {
  const out: Nexthop[] = [];
  while (!args.done) {
    if (args.word !== "nexthop") throw new Leave(255, `Error: "nexthop" or end of line is expected instead of "${args.word}"\n`);
    args.take();
    if (args.done) throw new Leave(255, 'Error: unexpected end of line after "nexthop"\n');
    const nh: Nexthop = {};
    while (!args.done && parseNexthopWord(r, nh, args)) ;
    out.push(nh);
  }
  return out;
}

function parseNexthopWord(r: RouteRequest, nh: Nexthop, args: Args): boolean {
  const { word } = args;
  if (!["via", "dev", "weight", "onlink"].includes(word)) {
    if (word === "encap" || word === "as" || (word !== "" && word !== "nexthop" && matches(word, "realms"))) throw new Refuse(`ip route ... nexthop ... ${word}`);
    return false;
  }
  args.take();
  if (word === "via") {
    const p = settle(r, viaAddr(args, r.family, getAddr));
    nh.via = p.addr;
    if (p.family === 6) nh.via6 = v6Of(p);
  }
  else if (word === "dev") nh.dev = args.value();
  else if (word === "onlink") nh.onlink = true;
  else {
    const value = args.value();
    const weight = unsigned(value);
    if (weight === undefined || weight === 0 || weight > 256) invarg('"weight" is invalid\n', value);
    nh.weight = weight;
  }
  return true;
}

/** The device of a nexthop that is not there ends the command, as does any other mistake in it. */
function nexthopSpec(tool: Tool, nh: Nexthop): NonNullable<RouteSpec["nexthops"]>[number] {
  const link = nh.dev === undefined ? undefined : tool.link(nh.dev);
  if (nh.dev !== undefined && !link) throw new Leave(255, `Cannot find device "${nh.dev}"\nError: cannot parse nexthop\n`);
  return {
    ...(nh.via === undefined ? {} : { via: nh.via }), ...(link ? { ifindex: link.ifindex } : {}), ...(nh.weight === undefined ? {} : { weight: nh.weight }),
    ...(nh.onlink ? { onlink: true } : {}),
  };
}

/** What iproute2 puts in where nothing was said. */
function scopeFor(r: RouteRequest, isDelete: boolean): number | undefined {
  if (r.scope !== undefined) return r.scope;
  if (r.type === "local" || r.type === "nat") return SCOPE_ID.host;
  if (r.type === "broadcast" || r.type === "multicast" || r.type === "anycast") return SCOPE_ID.link;
  if (isDelete) return undefined;
  const unicast = r.type === undefined || r.type === "unicast";
  return unicast && !r.via && !r.nexthops && r.nhid === undefined ? SCOPE_ID.link : SCOPE_ID.global;
}

function specOf(tool: Tool, r: RouteRequest, isDelete: boolean): RouteSpec {
  const link = r.dev === undefined ? undefined : tool.device(r.dev);
  const one = { ...(r.via ? { via: r.via.addr } : {}), ...(link ? { ifindex: link.ifindex } : {}), ...(r.onlink ? { onlink: true } : {}) };
  const nexthops = r.nexthops ? r.nexthops.map((nh) => nexthopSpec(tool, nh)) : Object.keys(one).length > 0 ? [one] : undefined;
  const localTable = r.type === "local" || r.type === "broadcast" || r.type === "nat" || r.type === "anycast";
  const scopeId = scopeFor(r, isDelete);
  const scope = scopeId === undefined || (isDelete && scopeId === SCOPE_ID.nowhere) ? undefined : scopeOf(scopeId);
  if (scopeId !== undefined && scope === undefined && !isDelete) throw new Refuse(`ip route ... scope ${scopeId}`);
  const type = r.type ?? (isDelete ? undefined : "unicast");
  const proto = r.proto ?? (isDelete ? undefined : PROTO.boot);
  return {
    dst: r.dst!.addr, dstLen: r.dst!.len, table: r.table ?? (localTable ? TABLE.local : TABLE.main), metrics: r.metrics,
    ...(r.tos === undefined ? {} : { tos: r.tos }), ...(type === undefined ? {} : { type }), ...(proto === undefined ? {} : { proto }), ...(scope === undefined ? {} : { scope }),
    ...(r.priority === undefined ? {} : { priority: r.priority }), ...(r.prefsrc === undefined ? {} : { prefsrc: r.prefsrc }), ...(nexthops ? { nexthops } : {}),
    ...(r.nhid === undefined ? {} : { nhid: r.nhid }),
  };
}

function modify(tool: Tool, args: Args, verb: NlMode | "delete"): number {
  const r = parse(tool, args);
  if (r.family === 6) {
    if (r.nhid !== undefined) throw new Refuse("ip -6 route ... nhid");
    return modifyRoute6(tool, r, verb);
  }
  const spec = specOf(tool, r, verb === "delete");
  return tool.answer(verb === "delete" ? tool.admin.routeDel(spec) : tool.admin.routeAdd(spec, verb));
}

// -- selecting --------------------------------------------------------------------------------------------------------

interface Filter {
  /** 0: all. */
  table: number;
  cache: boolean;
  /** `vrf NAME`: only what main would show of the VRF's table. */
  inVrf?: boolean;
  tos?: number; proto?: number; scope?: number; type?: number; metric?: number;
  oif?: number; iif?: number;
  via?: Prefix; prefsrc?: Prefix;
  /** Routes inside this prefix; routes that contain it. */
  root?: Prefix; match?: Prefix;
  from?: Prefix;
}

/** `all` where a number may stand: no filter. */
function orAll<T>(id: T | undefined, value: string, message: string): T | undefined {
  return id === undefined && value !== "all" ? invarg(message, value) : id;
}

function parseFilter(tool: Tool, args: Args): Filter {
  const family: Family = tool.opts.family === "link" ? 0 : tool.opts.family;
  const f: Filter = { table: TABLE.main, cache: false };
  let iif: string | undefined;
  let oif: string | undefined;
  while (!args.done) {
    const word = args.take();
    if (matches(word, "table")) filterTable(tool, f, args.value());
    else if (matches(word, "vrf")) {
      const vrf = vrfArg(tool, args.value(), "Invalid VRF\n");
      filterTable(tool, f, String(vrf.attrs!.vrf!.table));
      f.inVrf = true;
    } else if (matches(word, "cached") || matches(word, "cloned")) f.cache = true;
    else if (isTos(word)) f.tos = tosArg(tool, args, "TOS value is invalid\n");
    else if (matches(word, "protocol")) assign(f, "proto", args, (v) => orAll(tool.names.protoId(v), v, 'invalid "protocol"\n'));
    else if (matches(word, "scope")) assign(f, "scope", args, (v) => orAll(tool.names.scopeId(v), v, 'invalid "scope"\n'));
    else if (matches(word, "type")) assign(f, "type", args, (v) => routeTypeId(v) ?? invarg("node type value is invalid\n", v));
    else if (word === "dev" || word === "oif") oif = args.value();
    else if (word === "iif") iif = args.value();
    else if (word === "mark") throw new Refuse("ip route show ... mark");
    else if (isMetric(word)) f.metric = u32Arg(args, '"metric" value is invalid\n');
    else if (word === "via") f.via = viaAddr(args, family, getPrefix);
    else if (word === "src") f.prefsrc = getPrefix(args.value(), family);
    else if (matches(word, "realms")) throw new Refuse("ip route show ... realms");
    else if (matches(word, "from")) f.from = getPrefix(fromPrefix(args), family);
    else filterTo(f, matches(word, "to") ? args.value() : word, args, family);
  }
  if (iif !== undefined) f.iif = tool.device(iif).ifindex;
  if (oif !== undefined) f.oif = tool.device(oif).ifindex;
  return f;
}

function assign<K extends "proto" | "scope" | "type">(f: Filter, key: K, args: Args, read: (value: string) => number | undefined): void {
  const id = read(args.value());
  if (id !== undefined) f[key] = id;
}

function filterTable(tool: Tool, f: Filter, value: string): void {
  const id = tool.names.tableId(value);
  if (id !== undefined) f.table = id;
  else if (value === "all") f.table = 0;
  else if (value === "cache") f.cache = true;
  else if (value === "help") throw new Leave(255, ROUTE_USAGE);
  else invarg("table id value is invalid\n", value);
}

function fromPrefix(args: Args): string {
  const word = args.value();
  return ["root", "match", "exact"].some((w) => matches(word, w)) ? args.value() : word;
}

function filterTo(f: Filter, word: string, args: Args, family: Family): void {
  if (matches(word, "root")) f.root = getPrefix(args.value(), family);
  else if (matches(word, "match")) f.match = getPrefix(args.value(), family);
  else {
    f.match = getPrefix(matches(word, "exact") ? args.value() : word, family);
    f.root = f.match;
  }
}

/** "all" and "any" select nothing out. */
function counts(p: Prefix | undefined): p is Prefix {
  return p !== undefined && (p.family !== 0 || p.given);
}

function selected(f: Filter, r: RouteInfo): boolean {
  const single = r.nexthops.length === 1 ? r.nexthops[0] : undefined;
  if (f.table !== 0 && f.table !== r.table) return false;
  if (f.inVrf && (r.type === "local" || r.type === "broadcast")) return false;
  if (f.proto !== undefined && f.proto !== r.proto) return false;
  if (f.scope !== undefined && f.scope !== SCOPE_ID[r.scope]) return false;
  if (f.type !== undefined && f.type !== ROUTE_TYPE_ID[r.type]) return false;
  if (f.tos !== undefined && f.tos !== r.tos) return false;
  if (f.metric !== undefined && f.metric !== r.priority) return false;
  if (f.oif !== undefined && f.oif !== (single?.ifindex ?? 0)) return false;
  if (f.iif !== undefined) return false;
  if (counts(f.root) && (f.root.len > r.dstLen || !sameNet(r.dst, f.root.addr, f.root.len))) return false;
  if (counts(f.match) && (f.match.len < r.dstLen || !sameNet(r.dst, f.match.addr, r.dstLen))) return false;
  if (counts(f.from) && f.from.len > 0) return false;
  if (f.via && f.via.family !== 0 && !sameNet(single?.via ?? 0, f.via.addr, f.via.len)) return false;
  return !f.prefsrc || f.prefsrc.family === 0 || sameNet(r.prefsrc ?? 0, f.prefsrc.addr, f.prefsrc.len);
}

function fixedBy(f: Filter): Fixed {
  return {
    tos: f.tos !== undefined, via: f.via?.len === 32, dev: f.oif !== undefined, table: f.table !== 0, proto: f.proto !== undefined, scope: f.scope !== undefined,
    src: f.prefsrc?.len === 32, metric: f.metric !== undefined,
  };
}

const NO_TABLE = { errno: "ENOENT", extack: "ipv4: FIB table does not exist" } as const;

/** Filters of IPv6, or none: with a table asked for the family is IPv4. */
function isIpv6(tool: Tool): boolean {
  return tool.opts.family === 6;
}

function list(tool: Tool, args: Args): number {
  const f = parseFilter(tool, args);
  const { out } = tool;
  out.begin();
  if (isIpv6(tool)) return listRoutes6(tool, f);
  if (f.cache) return listCache(tool, f);
  if (f.table !== 0 && f.table !== TABLE.main && !tool.rtnl.hasTable(f.table)) {
    out.abandon();
    tool.refused(NO_TABLE);
    tool.warn("Dump terminated\n");
    return 2;
  }
  const fixed = fixedBy(f);
  for (const r of tool.rtnl.routes()) if (selected(f, r)) printRoute(out, r, tool, fixed, (id) => nhInfo(tool, id));
  out.end();
  return 0;
}

/** Exceptions to routes: path MTUs and redirects. */
function listCache(tool: Tool, f: Filter): number {
  for (const a of tool.rtnl.routeCache()) {
    const outside = (counts(f.root) && !sameNet(a.dst, f.root.addr, f.root.len)) || (counts(f.match) && (f.match.len < 32 || a.dst !== f.match.addr));
    if (!outside && (f.oif === undefined || f.oif === a.oif)) printAnswer(tool.out, a, tool, undefined);
  }
  tool.out.end();
  return 0;
}

/** `nh_info`, with -d: the nexthop object in a line of its own. */
function nhInfo(tool: Tool, id: number): void {
  const nh = tool.rtnl.nexthops().find((n) => n.id === id);
  if (!nh) return;
  tool.out.fp("\n\tnh_info ");
  printNexthop(tool.out, nh, tool, "nh_info");
}

// -- flush ------------------------------------------------------------------------------------------------------------

function flush(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, '"ip route flush" requires arguments.\n');
  const f = parseFilter(tool, args);
  const { stats } = tool.opts;
  if (isIpv6(tool)) return flushRoutes6(tool, f);
  if (f.cache) {
    tool.admin.routeFlushCache();
    if (stats > 0) tool.print("*** IPv4 routing cache is flushed.\n");
    return 0;
  }
  for (let round = 0; ; round++) {
    if (round === 0 && f.table !== 0 && !tool.rtnl.hasTable(f.table)) {
      tool.refused(NO_TABLE);
      tool.warn("Flush terminated\n");
      return 2;
    }
    const found = tool.rtnl.routes().filter((r) => selected(f, r));
    if (found.length === 0) {
      if (stats > 0) tool.print(round === 0 ? "Nothing to flush.\n" : `*** Flush is complete after ${round} round${round > 1 ? "s" : ""} ***\n`);
      return 0;
    }
    if (stats > 1) for (const r of found) printRoute(tool.out, r, tool, fixedBy(f));
    for (const r of found) {
      const done = tool.admin.routeDel(exactly(r));
      if (done.ok) continue;
      throw new Fail(2, `Failed to send flush request: ${strerror(done.error.errno)}\n`);
    }
    if (stats > 0) tool.print(`\n*** Round ${round + 1}, deleting ${found.length} entries ***\n`);
  }
}

/** The request that deletes just this route. */
function exactly(r: RouteInfo): RouteSpec {
  return {
    dst: r.dst, dstLen: r.dstLen, tos: r.tos, type: r.type, table: r.table, proto: r.proto, scope: r.scope, priority: r.priority, metrics: r.metrics,
    ...(r.prefsrc === undefined ? {} : { prefsrc: r.prefsrc }), ...(r.nhid === undefined ? {} : { nhid: r.nhid }),
    ...(r.nexthops.length === 0 || r.nhid !== undefined
      ? {}
      : { nexthops: r.nexthops.map((nh) => ({ ...(nh.via === undefined ? {} : { via: nh.via }), ifindex: nh.ifindex, weight: nh.weight, onlink: nh.onlink })) }),
  };
}

// -- get --------------------------------------------------------------------------------------------------------------

interface GetRequest extends Omit<RouteQuery, "dst"> {
  family: Family;
  dst?: number;
  dst6?: Uint8Array;
  src6?: Uint8Array;
  iifName?: string;
  oifName?: string;
}

function parseGet(tool: Tool, args: Args): GetRequest {
  const q: GetRequest = { family: tool.opts.family };
  while (!args.done) {
    const word = args.take();
    if (isTos(word)) q.tos = tosArg(tool, args, "TOS value is invalid\n");
    else if (matches(word, "from")) {
      const value = args.value();
      if (matches(value, "help")) throw new Leave(255, ROUTE_USAGE);
      const p = settle(q, getPrefix(value, q.family));
      if (p.family === 6) q.src6 = v6Of(p);
      else if (p.octets > 0) q.src = p.addr;
    } else if (matches(word, "iif")) q.iifName = args.value();
    else if (matches(word, "mark")) q.mark = u32Arg(args, "invalid mark value");
    else if (matches(word, "oif") || word === "dev") q.oifName = args.value();
    else if (matches(word, "notify") || matches(word, "connected") || word === "as") throw new Refuse(`ip route get ... ${word}`);
    else if (matches(word, "vrf")) q.oif = vrfArg(tool, args.value(), "Invalid VRF\n").ifindex;
    else if (matches(word, "uid")) q.uid = u32Arg(args, "invalid UID\n");
    else if (matches(word, "fibmatch")) q.fibmatch = true;
    else if (matches(word, "sport")) q.sport = portArg(args, "invalid sport\n");
    else if (matches(word, "dport")) q.dport = portArg(args, "invalid dport\n");
    else if (matches(word, "ipproto")) {
      const value = args.value();
      q.ipproto = tool.names.ipprotoId(value) ?? invarg('Invalid "ipproto" value\n', value);
    } else getTo(tool, q, word === "to" ? args.value() : word);
  }
  return q;
}

function portArg(args: Args, message: string): number {
  const value = args.value();
  return unsigned(value, 65535) ?? invarg(message, value);
}

function getTo(tool: Tool, q: GetRequest, word: string): void {
  if (matches(word, "help")) throw new Leave(255, ROUTE_USAGE);
  const p = settle(q, getPrefix(word, q.family));
  const full = q.family === 6 ? 128 : 32;
  if (p.len !== full && (q.family === 4 || q.family === 6)) tool.warn(`Warning: /${p.len} as prefix is invalid, only /${full} (or none) is supported.\n`);
  q.dst = p.addr;
  if (q.family === 6) q.dst6 = v6Of(p);
}

function get(tool: Tool, args: Args): number {
  const q = parseGet(tool, args);
  if (q.dst === undefined) throw new Fail(1, "need at least a destination address\n");
  const iif = q.iifName === undefined ? undefined : tool.device(q.iifName).ifindex;
  const oif = q.oifName === undefined ? undefined : tool.device(q.oifName).ifindex;
  if (q.family === 6) return getRoute6(tool, { ...q, dst6: q.dst6 ?? new Uint8Array(16), ...(iif === undefined ? {} : { iif }), ...(oif === undefined ? {} : { oif }) });
  const { family: _family, iifName: _iif, oifName: _oif, dst6: _dst6, src6: _src6, dst, ...rest } = q;
  const r = tool.rtnl.routeGet({ ...rest, dst, ...(iif === undefined ? {} : { iif }), ...(oif === undefined ? {} : { oif }) });
  if (!r.ok) return tool.answer(r);
  tool.out.begin();
  if (q.fibmatch && r.value.entry) printRoute(tool.out, r.value.entry, tool, {}, (id) => nhInfo(tool, id));
  else printAnswer(tool.out, r.value, tool, q.uid ?? (iif === undefined ? 0 : undefined));
  tool.out.end();
  return 0;
}
