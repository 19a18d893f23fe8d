/** `ip -6 route`: what differs from IPv4, and how routes are printed. iproute2 6.1 ip/iproute.c. */
import { type NlMode, type Nexthop6Info, type Route6Answer, type Route6Info, type Route6Spec, type RouteMetrics, type RouteType, strerror } from "../../../kernel/api.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
import { Fail, Leave } from "./args.ts";
import { formatPrefix6, type Prefix, sameNet6, v6Of } from "./prefix.ts";
import type { Printer } from "./print.ts";
import { type Fixed, printMetrics, PROTO, ROUTE_TYPE_ID, TABLE } from "./route-print.ts";
import type { Tool, View } from "./tool.ts";

// -- printing ---------------------------------------------------------------------------------------------------------

function printVia(p: Printer, via: Uint8Array): void {
  p.any("gateway", formatIpv6(via), `via ${formatIpv6(via)} `);
}

function printFlags(p: Printer, nh: Nexthop6Info | undefined): void {
  p.openArray("flags");
  for (const flag of ["dead", "onlink", "linkdown"] as const) if (nh?.[flag]) p.item(flag, `${flag} `);
  p.close();
}

function printType(p: Printer, type: RouteType, v: View): void {
  const name = v.opts.numeric ? String(ROUTE_TYPE_ID[type]) : type;
  if (type !== "unicast" || v.opts.details > 0) p.any("type", name, `${name} `);
}

function printTable(p: Printer, table: number, v: View): void {
  if (table !== TABLE.main || v.opts.details > 0) p.any("table", v.names.table(table), `table ${v.names.table(table)} `);
}

function printTail(p: Printer, r: { expires?: number; metrics: RouteMetrics; pref: string }): void {
  if (r.expires !== undefined) p.any("expires", r.expires, `expires ${r.expires}sec `);
  printMetrics(p, r.metrics);
  p.any("pref", r.pref, `pref ${r.pref}`);
}

export function printRoute6(p: Printer, r: Route6Info, v: View, fixed: Fixed = {}): void {
  const { details } = v.opts;
  const single = r.nexthops.length === 1 ? r.nexthops[0] : undefined;
  p.open();
  printType(p, r.type, v);
  const dst = r.dstLen === 0 ? "default" : formatPrefix6(r.dst, r.dstLen);
  p.any("dst", dst, `${dst} `);
  if (single?.via !== undefined && !fixed.via) printVia(p, single.via);
  if (single && !fixed.dev) p.any("dev", v.ifname(single.ifindex), `dev ${v.ifname(single.ifindex)} `);
  if (!fixed.table) printTable(p, r.table, v);
  if ((r.proto !== PROTO.boot || details > 0) && !fixed.proto) p.any("protocol", v.names.proto(r.proto), `proto ${v.names.proto(r.proto)} `);
  if (details > 0 && !fixed.scope) p.any("scope", "global", "scope global ");
  if (r.prefsrc !== undefined && !fixed.src) p.any("prefsrc", formatIpv6(r.prefsrc), `src ${formatIpv6(r.prefsrc)} `);
  if (!fixed.metric) p.any("metric", r.priority, `metric ${r.priority} `);
  printFlags(p, single);
  printTail(p, r);
  if (r.nexthops.length > 1) printMultipath(p, r.nexthops, v);
  p.fp("\n");
  p.close();
}

function printMultipath(p: Printer, nexthops: readonly Nexthop6Info[], v: View): void {
  p.openArray("nexthops");
  for (const nh of nexthops) {
    p.open();
    p.nl();
    p.fp("\tnexthop ");
    if (nh.via !== undefined) printVia(p, nh.via);
    p.any("dev", v.ifname(nh.ifindex), `dev ${v.ifname(nh.ifindex)} `);
    p.any("weight", nh.weight, `weight ${nh.weight} `);
    printFlags(p, nh);
    p.close();
  }
  p.close();
}

export function printAnswer6(p: Printer, a: Route6Answer, v: View): void {
  p.open();
  printType(p, a.type, v);
  p.any("dst", formatIpv6(a.dst), `${formatIpv6(a.dst)} `);
  p.any("from", formatIpv6(a.src), `from ${formatIpv6(a.src)} `);
  if (a.via !== undefined) printVia(p, a.via);
  p.any("dev", v.ifname(a.oif), `dev ${v.ifname(a.oif)} `);
  printTable(p, a.table, v);
  if (a.proto !== PROTO.boot || v.opts.details > 0) p.any("protocol", v.names.proto(a.proto), `proto ${v.names.proto(a.proto)} `);
  if (a.prefsrc !== undefined) p.any("prefsrc", formatIpv6(a.prefsrc), `src ${formatIpv6(a.prefsrc)} `);
  p.any("metric", a.priority, `metric ${a.priority} `);
  printFlags(p, undefined);
  if (a.mark !== 0) p.any("mark", a.mark, a.mark >= 16 ? `mark 0x${a.mark.toString(16)} ` : `mark ${a.mark} `);
  printTail(p, a);
  p.fp("\n");
  p.close();
}

// -- add, change, replace, append, prepend, delete ---------------------------------------------------------------------

export interface Request6 {
  dst?: Prefix; type?: RouteType; prefsrc6?: Uint8Array; via?: Prefix; dev?: string; onlink: boolean; priority?: number; proto?: number; table?: number; metrics: RouteMetrics;
  nexthops?: readonly { via6?: Uint8Array; dev?: string; weight?: number; onlink?: boolean }[];
}

function hopOf(tool: Tool, nh: NonNullable<Request6["nexthops"]>[number]): NonNullable<Route6Spec["nexthops"]>[number] {
  const link = nh.dev === undefined ? undefined : tool.link(nh.dev);
  if (nh.dev !== undefined && !link) throw new Leave(255, `Cannot find device "${nh.dev}"\nError: cannot parse nexthop\n`);
  return { ...(nh.via6 ? { via: nh.via6 } : {}), ...(link ? { ifindex: link.ifindex } : {}), ...(nh.weight === undefined ? {} : { weight: nh.weight }), ...(nh.onlink ? { onlink: true } : {}) };
}

export function modifyRoute6(tool: Tool, r: Request6, verb: NlMode | "delete"): number {
  const link = r.dev === undefined ? undefined : tool.device(r.dev);
  const one = { ...(r.via ? { via: v6Of(r.via) } : {}), ...(link ? { ifindex: link.ifindex } : {}), ...(r.onlink ? { onlink: true } : {}) };
  const nexthops = r.nexthops ? r.nexthops.map((nh) => hopOf(tool, nh)) : Object.keys(one).length > 0 ? [one] : undefined;
  const localTable = r.type === "local" || r.type === "anycast" || r.type === "broadcast" || r.type === "nat";
  const proto = r.proto ?? (verb === "delete" ? undefined : PROTO.boot);
  const spec: Route6Spec = {
    dst: v6Of(r.dst!), dstLen: r.dst!.len, table: r.table ?? (localTable ? TABLE.local : TABLE.main), metrics: r.metrics, ...(r.type === undefined ? {} : { type: r.type }), ...(proto === undefined ? {} : { proto }),
    ...(r.priority === undefined ? {} : { priority: r.priority }), ...(r.prefsrc6 === undefined ? {} : { prefsrc: r.prefsrc6 }), ...(nexthops ? { nexthops } : {}),
  };
  return tool.answer(verb === "delete" ? tool.admin.ip6.routeDel(spec) : tool.admin.ip6.routeAdd(spec, verb));
}

// -- show, flush ------------------------------------------------------------------------------------------------------

export interface Filter6 {
  table: number; cache: boolean; proto?: number; type?: number; metric?: number; oif?: number; via?: Prefix; prefsrc?: Prefix; root?: Prefix; match?: Prefix;
}

const counts = (p: Prefix | undefined): p is Prefix => p !== undefined && (p.family !== 0 || p.given);

function selected(f: Filter6, r: Route6Info): boolean {
  const single = r.nexthops.length === 1 ? r.nexthops[0] : undefined;
  if (f.table !== 0 && f.table !== r.table) return false;
  if (f.proto !== undefined && f.proto !== r.proto) return false;
  if (f.type !== undefined && f.type !== ROUTE_TYPE_ID[r.type]) return false;
  if (f.metric !== undefined && f.metric !== r.priority) return false;
  if (f.oif !== undefined && f.oif !== (single?.ifindex ?? 0)) return false;
  if (counts(f.root) && (f.root.len > r.dstLen || !sameNet6(r.dst, v6Of(f.root), f.root.len))) return false;
  if (counts(f.match) && (f.match.len < r.dstLen || !sameNet6(r.dst, v6Of(f.match), r.dstLen))) return false;
  if (f.via && f.via.family !== 0 && (single?.via === undefined || !sameNet6(single.via, v6Of(f.via), f.via.len))) return false;
  return !f.prefsrc || f.prefsrc.family === 0 || (r.prefsrc !== undefined && sameNet6(r.prefsrc, v6Of(f.prefsrc), f.prefsrc.len));
}

function fixedBy(f: Filter6): Fixed {
  return { via: f.via?.len === 128, dev: f.oif !== undefined, table: f.table !== 0, proto: f.proto !== undefined, src: f.prefsrc?.len === 128, metric: f.metric !== undefined };
}

/** The kernel ends a dump, or a flush, of a table that is not there. */
function noTable(tool: Tool, f: Filter6, what: "Dump" | "Flush"): boolean {
  if (f.table === 0 || tool.rtnl.ip6.hasTable(f.table)) return false;
  tool.refused({ errno: "ENOENT", extack: "ipv6: FIB table does not exist" });
  tool.warn(`${what} terminated\n`);
  return true;
}

export function listRoutes6(tool: Tool, f: Filter6): number {
  const { out } = tool;
  if (!f.cache && noTable(tool, f, "Dump")) {
    out.abandon();
    return 2;
  }
  if (f.cache) for (const a of tool.rtnl.ip6.routeCache()) printAnswer6(out, a, tool);
  else for (const r of tool.rtnl.ip6.routes()) if (selected(f, r)) printRoute6(out, r, tool, fixedBy(f));
  out.end();
  return 0;
}

export function flushRoutes6(tool: Tool, f: Filter6): number {
  const { stats } = tool.opts;
  if (f.cache) {
    tool.admin.ip6.routeFlushCache();
    return 0;
  }
  if (noTable(tool, f, "Flush")) return 2;
  for (let round = 0; ; round++) {
    const found = tool.rtnl.ip6.routes().filter((r) => selected(f, r));
    if (found.length === 0) {
      if (stats > 0) tool.print(round === 0 ? "Nothing to flush.\n" : `*** Flush is complete after ${round} round${round > 1 ? "s" : ""} ***\n`);
      return 0;
    }
    if (stats > 1) for (const r of found) printRoute6(tool.out, r, tool, fixedBy(f));
    for (const r of found) {
      const done = tool.admin.ip6.routeDel({
        dst: r.dst, dstLen: r.dstLen, type: r.type, table: r.table, proto: r.proto, priority: r.priority, nexthops: r.nexthops.map((n) => ({ ...(n.via === undefined ? {} : { via: n.via }), ifindex: n.ifindex })),
      });
      if (!done.ok) throw new Fail(2, `Failed to send flush request: ${strerror(done.error.errno)}\n`);
    }
    if (stats > 0) tool.print(`\n*** Round ${round + 1}, deleting ${found.length} entries ***\n`);
  }
}

// -- get --------------------------------------------------------------------------------------------------------------

export function getRoute6(tool: Tool, q: { dst6: Uint8Array; src6?: Uint8Array; iif?: number; oif?: number; mark?: number; fibmatch?: boolean }): number {
  const r = tool.rtnl.ip6.routeGet({
    dst: q.dst6, ...(q.src6 === undefined ? {} : { src: q.src6 }), ...(q.iif === undefined ? {} : { iif: q.iif }), ...(q.oif === undefined ? {} : { oif: q.oif }), ...(q.mark === undefined ? {} : { mark: q.mark }),
    ...(q.fibmatch ? { fibmatch: true } : {}),
  });
  if (!r.ok) return tool.answer(r);
  tool.out.begin();
  if (r.value.entry) printRoute6(tool.out, r.value.entry, tool);
  else printAnswer6(tool.out, r.value, tool);
  tool.out.end();
  return 0;
}
