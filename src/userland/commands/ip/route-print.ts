/** A route, and the answer of a lookup, as `ip route` prints them. iproute2 6.1 ip/iproute.c print_route. */
import type { NexthopInfo, RouteAnswer, RouteInfo, RouteMetrics, RouteType } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { SCOPE_ID } from "./addr-print.ts";
import { formatPrefix } from "./prefix.ts";
import type { Printer } from "./print.ts";
import type { View } from "./tool.ts";

/** rtnetlink(7) RTN_*. */
export const ROUTE_TYPE_ID: Readonly<Record<RouteType, number>> = {
  unicast: 1, local: 2, broadcast: 3, anycast: 4, multicast: 5, blackhole: 6, unreachable: 7, prohibit: 8, throw: 9, nat: 10,
};
export const TABLE = { default: 253, main: 254, local: 255 } as const;
export const PROTO = { kernel: 2, boot: 3 } as const;

/** What a selector has fixed is not repeated in the lines. */
export interface Fixed {
  tos?: boolean; via?: boolean; dev?: boolean; table?: boolean; proto?: boolean; scope?: boolean; src?: boolean; metric?: boolean; type?: boolean;
}

function typeName(v: View, type: RouteType): string {
  return v.opts.numeric ? String(ROUTE_TYPE_ID[type]) : type;
}

function printVia(p: Printer, via: number): void {
  p.any("gateway", formatIpv4(via), `via ${formatIpv4(via)} `);
}

function printNexthopFlags(p: Printer, nh: Pick<NexthopInfo, "dead" | "onlink" | "linkdown"> | undefined): void {
  p.openArray("flags");
  for (const flag of ["dead", "onlink", "linkdown"] as const) if (nh?.[flag]) p.item(flag, `${flag} `);
  p.close();
}

/** In the order of RTAX_*; values with `lock` may not be changed by path MTU discovery. */
export function printMetrics(p: Printer, m: RouteMetrics): void {
  const keys = ["mtu", "window", "rtt", "advmss", "hoplimit", "initcwnd", "initrwnd", "quickack"] as const;
  if (!keys.some((k) => m[k] !== undefined)) return;
  p.openArray("metrics");
  p.open();
  for (const k of keys) {
    const value = m[k];
    if (value === undefined) continue;
    const shown = k !== "rtt" ? String(value) : value >= 1000 ? `${value / 1000}s` : `${value}ms`;
    p.any(k, value, `${k} ${k === "mtu" && m.mtuLock ? "lock " : ""}${shown} `);
  }
  p.close();
  p.close();
}

function printMultipath(p: Printer, nexthops: readonly NexthopInfo[], v: View): void {
  p.openArray("nexthops");
  for (const nh of nexthops) {
    p.open();
    p.nl();
    p.fp("\tnexthop ");
    if (nh.via !== undefined) printVia(p, nh.via);
    p.any("dev", v.ifname(nh.ifindex), `dev ${v.ifname(nh.ifindex)} `);
    p.any("weight", nh.weight, `weight ${nh.weight} `);
    printNexthopFlags(p, nh);
    p.close();
  }
  p.close();
}

function printTos(p: Printer, tos: number, v: View): void {
  if (tos !== 0) p.any("tos", v.names.dsfield(tos), `tos ${v.names.dsfield(tos)} `);
}

function printTable(p: Printer, table: number, v: View): void {
  if (table === 0 || (table === TABLE.main && v.opts.details === 0)) return;
  p.any("table", v.names.table(table), `table ${v.names.table(table)} `);
}

/** @param nhInfo prints the nexthop object of a route that has one, for -d. */
export function printRoute(p: Printer, r: RouteInfo, v: View, fixed: Fixed = {}, nhInfo: (id: number) => void = () => {}): void {
  const { details } = v.opts;
  const single = r.nexthops.length === 1 ? r.nexthops[0] : undefined;
  p.open();
  if ((r.type !== "unicast" || details > 0)) p.any("type", typeName(v, r.type), `${typeName(v, r.type)} `);
  const dst = r.dstLen === 0 ? "default" : formatPrefix(r.dst, r.dstLen);
  p.any("dst", dst, `${dst} `);
  if (r.nhid !== undefined) p.any("nhid", r.nhid, `nhid ${r.nhid} `);
  if (!fixed.tos) printTos(p, r.tos, v);
  if (single?.via !== undefined && !fixed.via) printVia(p, single.via);
  if (single && single.ifindex !== 0 && !fixed.dev) p.any("dev", v.ifname(single.ifindex), `dev ${v.ifname(single.ifindex)} `);
  if (!fixed.table) printTable(p, r.table, v);
  if ((r.proto !== PROTO.boot || details > 0) && !fixed.proto) p.any("protocol", v.names.proto(r.proto), `proto ${v.names.proto(r.proto)} `);
  const scope = v.names.scope(SCOPE_ID[r.scope]);
  if ((r.scope !== "global" || details > 0) && !fixed.scope) p.any("scope", scope, `scope ${scope} `);
  if (r.prefsrc !== undefined && !fixed.src) p.any("prefsrc", formatIpv4(r.prefsrc), `src ${formatIpv4(r.prefsrc)} `);
  if (r.priority !== 0 && !fixed.metric) p.any("metric", r.priority, `metric ${r.priority} `);
  printNexthopFlags(p, single);
  printMetrics(p, r.metrics);
  if (r.nhid !== undefined && details > 0) nhInfo(r.nhid);
  if (r.nexthops.length > 1) printMultipath(p, r.nexthops, v);
  p.fp("\n");
  p.close();
}

/** Flags of a cached route in the order in which they are printed (RTCF_*). */
const CACHE_FLAGS = ["local", "reject", "mc", "brd", "dst-nat", "src-nat", "masq", "dst-direct", "src-direct", "redirected", "redirect", "fastroute", "notify", "proxy"];

/** The answer of `ip route get`. @param uid undefined: asked for a packet that comes in. */
export function printAnswer(p: Printer, a: RouteAnswer, v: View, uid: number | undefined): void {
  p.open();
  if (a.type !== "unicast" || v.opts.details > 0) p.any("type", typeName(v, a.type), `${typeName(v, a.type)} `);
  p.any("dst", formatIpv4(a.dst), `${formatIpv4(a.dst)} `);
  if (a.src !== undefined) p.any("from", formatIpv4(a.src), `from ${formatIpv4(a.src)} `);
  printTos(p, a.tos, v);
  if (a.via !== undefined) printVia(p, a.via);
  if (a.oif !== 0) p.any("dev", v.ifname(a.oif), `dev ${v.ifname(a.oif)} `);
  printTable(p, a.table, v);
  if (a.prefsrc !== undefined) p.any("prefsrc", formatIpv4(a.prefsrc), `src ${formatIpv4(a.prefsrc)} `);
  p.openArray("flags");
  // RTCF_MULTICAST of the cache has the bit that RTM_F_OFFLOAD_FAILED has in the table, and iproute2 takes it for that.
  if (a.cache.includes("mc")) p.item("rt_offload_failed", "rt_offload_failed ");
  p.close();
  if (a.mark !== 0) p.any("mark", a.mark, a.mark >= 16 ? `mark 0x${a.mark.toString(16)} ` : `mark ${a.mark} `);
  if (uid !== undefined) p.any("uid", uid, `uid ${uid} `);
  const flags = CACHE_FLAGS.filter((f) => a.cache.includes(f));
  p.nl();
  p.fp(`    cache ${flags.length > 0 ? `<${flags.join(",")}> ` : ""}`);
  p.openArray("cache");
  for (const f of flags) p.item(f, "");
  p.close();
  if (a.expires !== undefined) p.any("expires", a.expires, `expires ${a.expires}sec `);
  printMetrics(p, a.metrics);
  if (a.iif !== 0) p.any("iif", v.ifname(a.iif), `iif ${v.ifname(a.iif)} `);
  p.fp("\n");
  p.close();
}
