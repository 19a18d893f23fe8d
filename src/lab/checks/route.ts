/** `route`: entries of a table, and what the kernel would choose. */
import type { Netns, RouteAnswer, RouteInfo } from "../../kernel/api.ts";
import { formatIpv4, parseIpv4 } from "../../wire/ipv4.ts";
import type { Bench } from "../bench.ts";
import type { CheckOf, RoutePattern } from "../schema.ts";
import { formatRoute, formatRouteTo, type Names, namesOf } from "../tables.ts";
import { judgeTable, sayPattern } from "./table.ts";
import { netnsOf, noNetns, placeOf } from "./netns.ts";
import { fact, type Verdict } from "./verdict.ts";

type Route = CheckOf<"route">;
type Get = Route["get"][number];

const TABLES: Readonly<Record<string, number>> = { main: 254, local: 255, default: 253 };

export function judgeRoute(check: Route, bench: Bench): Verdict | undefined {
  const session = bench.look(check.if);
  if (session === undefined) return undefined;
  const ns = netnsOf(session, check);
  if (ns === undefined) return noNetns(check);
  const names = namesOf(ns);
  for (const get of check.get) {
    const wrong = judgeGet(check.node, ns, names, get);
    if (wrong !== undefined) return wrong;
  }
  const table = typeof check.table === "number" ? check.table : TABLES[check.table]!;
  const entries = ns.rtnl.routes().filter((r) => r.table === table && (check.dev === undefined || r.nexthops.some((h) => names(h.ifindex) === check.dev)));
  const verdict = judgeTable("route", placeOf(check), check, entries, (r, p) => matches(r, p, names), (r) => formatRoute(r, names), sayPattern);
  if (check.has.length + check.lacks.length > 0 || check.only !== undefined) return verdict;
  return { ...verdict, expected: fact("route.get.expected", { node: check.node }, `${check.node}: ${check.get.map(sayGet).join("; ")}`) };
}

function matches(r: RouteInfo, p: RoutePattern, names: Names): boolean {
  return (
    (p.to === undefined || formatRouteTo(r) === normal(p.to)) &&
    (p.via === undefined || r.nexthops.some((h) => h.via !== undefined && formatIpv4(h.via) === p.via)) &&
    (p.dev === undefined || r.nexthops.some((h) => names(h.ifindex) === p.dev)) &&
    (p.src === undefined || (r.prefsrc !== undefined && formatIpv4(r.prefsrc) === p.src)) &&
    (p.type === undefined || r.type === p.type) &&
    (p.metric === undefined || r.priority === p.metric)
  );
}

/** 0.0.0.0/0 is the default route. */
const normal = (to: string): string => (to === "0.0.0.0/0" ? "default" : to);

function judgeGet(node: string, ns: Netns, names: Names, get: Get): Verdict | undefined {
  const expected = fact("route.get.expected", { node, to: get.to }, `${node}: ${sayGet(get)}`);
  const answer = ns.rtnl.routeGet({ dst: parseIpv4(get.to)!, ...(get.from === undefined ? {} : { src: parseIpv4(get.from)! }) });
  if (!answer.ok) {
    if (get.type !== undefined && (get.type === "none" || get.type === REFUSALS[answer.error.errno])) return undefined;
    return { pass: false, expected, found: fact("route.get.none", { node, to: get.to, errno: answer.error.errno }, `${node} has no route to ${get.to} (${answer.error.errno})`) };
  }
  const a = answer.value;
  const right =
    get.type !== "none" &&
    (get.type === undefined || a.type === get.type) &&
    (get.via === undefined || (a.via !== undefined && formatIpv4(a.via) === get.via)) &&
    (get.dev === undefined || names(a.oif) === get.dev) &&
    (get.src === undefined || formatIpv4(a.prefsrc ?? a.src ?? 0) === get.src);
  return right ? undefined : { pass: false, expected, found: fact("route.get.found", { node, to: get.to }, `${node}: ${showAnswer(a, names)}`) };
}

/** What `ip route get` answers for routes that refuse. */
const REFUSALS: Readonly<Record<string, string>> = { EHOSTUNREACH: "unreachable", EACCES: "prohibit", EINVAL: "blackhole" };

function showAnswer(a: RouteAnswer, names: Names): string {
  const parts = [a.type === "unicast" ? "" : a.type, formatIpv4(a.dst), a.via === undefined ? "" : `via ${formatIpv4(a.via)}`, `dev ${names(a.oif)}`, a.prefsrc === undefined ? "" : `src ${formatIpv4(a.prefsrc)}`];
  return parts.filter((p) => p !== "").join(" ");
}

function sayGet(get: Get): string {
  const { to, ...rest } = get;
  return `to ${to}: ${sayPattern(rest)}`;
}
