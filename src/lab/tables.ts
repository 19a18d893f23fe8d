/** Kernel tables of one namespace as rows of text: for the page's tables, for the state digest, for what a check found. */
import type { AddrInfo, FdbEntry, LinkInfo, NeighInfo, Netns, RouteInfo } from "../kernel/api.ts";
import { IFF } from "../kernel/api.ts";
import { formatMac } from "../wire/ethernet.ts";
import { formatIpv4 } from "../wire/ipv4.ts";
import type { Table } from "./protocol.ts";

/** Interface names by number. */
export type Names = (ifindex: number) => string;

export function namesOf(ns: Netns): Names {
  const names = new Map(ns.rtnl.links().map((l) => [l.ifindex, l.name]));
  return (ifindex) => names.get(ifindex) ?? (ifindex === 0 ? "" : `if${ifindex}`);
}

export function formatRouteTo(r: RouteInfo): string {
  return r.dstLen === 0 ? "default" : `${formatIpv4(r.dst)}/${r.dstLen}`;
}

/** As `ip route` begins its lines, without protocol and scope. */
export function formatRoute(r: RouteInfo, names: Names): string {
  const to = r.dstLen === 32 ? formatIpv4(r.dst) : formatRouteTo(r);
  const hops = r.nexthops.map((h) => [h.via === undefined ? "" : `via ${formatIpv4(h.via)}`, h.ifindex === 0 ? "" : `dev ${names(h.ifindex)}`].filter((p) => p !== "").join(" "));
  const rest = [r.type === "unicast" ? "" : r.type, to, hops.join(" "), r.prefsrc === undefined ? "" : `src ${formatIpv4(r.prefsrc)}`, r.priority > 0 ? `metric ${r.priority}` : ""];
  return rest.filter((p) => p !== "").join(" ");
}

export function formatNeigh(n: NeighInfo, names: Names): string {
  return [formatIpv4(n.dst), `dev ${names(n.ifindex)}`, n.lladdr === undefined ? "" : `lladdr ${formatMac(n.lladdr)}`, n.state].filter((p) => p !== "").join(" ");
}

export function formatFdb(e: FdbEntry, names: Names): string {
  return [formatMac(e.lladdr), `dev ${names(e.ifindex)}`, e.dst === undefined ? "" : `dst ${formatIpv4(e.dst)}`, e.master === 0 ? "" : `master ${names(e.master)}`, e.state === "dynamic" ? "" : e.state].filter((p) => p !== "").join(" ");
}

export function formatAddr(a: AddrInfo): string {
  return `${formatIpv4(a.local)}/${a.prefixLen}`;
}

function linkRow(l: LinkInfo, names: Names): string[] {
  const state = (l.flags & IFF.UP) === 0 ? "down" : l.carrier ? "up" : "no carrier";
  const s = l.stats;
  return [l.name, l.kind, state, formatMac(l.lladdr), String(l.mtu), names(l.master), l.bridgePort?.state ?? "", String(s.rxPackets), String(s.txPackets), String(s.rxDropped + s.txDropped)];
}

/** Entries of bridges, and what a VXLAN has for its remote machines; the devices' own filters are left out. */
export function stationEntries(ns: Netns): FdbEntry[] {
  return ns.rtnl.fdb().filter((e) => e.dst !== undefined || (e.master !== 0 && !e.self));
}

export function tablesOf(ns: Netns): Table[] {
  const names = namesOf(ns);
  const { rtnl } = ns;
  const tables: Table[] = [
    { kind: "links", columns: ["device", "kind", "state", "mac", "mtu", "master", "stp", "rx packets", "tx packets", "dropped"], rows: rtnl.links().map((l) => linkRow(l, names)) },
    { kind: "addresses", columns: ["address", "device", "scope"], rows: rtnl.addrs().map((a) => [formatAddr(a), names(a.ifindex), a.scope]) },
    { kind: "routes", columns: ["destination", "via", "device", "source", "metric", "type", "table"], rows: rtnl.routes().filter((r) => r.table !== 255).map((r) => routeRow(r, names)) },
    { kind: "neigh", columns: ["address", "device", "mac", "state"], rows: rtnl.neighs().map((n) => [formatIpv4(n.dst), names(n.ifindex), n.lladdr === undefined ? "" : formatMac(n.lladdr), n.state]) },
  ];
  const fdb = stationEntries(ns);
  if (fdb.length > 0 || rtnl.links().some((l) => l.kind === "bridge" || l.kind === "vxlan"))
    tables.push({ kind: "fdb", columns: ["mac", "port", "destination", "bridge", "state"], rows: fdb.map((e) => [formatMac(e.lladdr), names(e.ifindex), e.dst === undefined ? "" : formatIpv4(e.dst), names(e.master), e.state === "dynamic" ? "learnt" : e.state]) });
  return tables;
}

function routeRow(r: RouteInfo, names: Names): string[] {
  const via = r.nexthops.flatMap((h) => (h.via === undefined ? [] : [formatIpv4(h.via)])).join(" ");
  const dev = r.nexthops.map((h) => names(h.ifindex)).join(" ");
  const table = r.table === 254 ? "main" : String(r.table);
  return [formatRouteTo(r), via, dev, r.prefsrc === undefined ? "" : formatIpv4(r.prefsrc), r.priority > 0 ? String(r.priority) : "", r.type, table];
}
