/** `neigh`: which address is at which MAC. */
import type { NeighInfo } from "../../kernel/api.ts";
import { formatMac } from "../../wire/ethernet.ts";
import { formatIpv4 } from "../../wire/ipv4.ts";
import type { Bench } from "../bench.ts";
import type { CheckOf, NeighPattern } from "../schema.ts";
import { formatNeigh, namesOf } from "../tables.ts";
import { judgeTable, sayPattern } from "./table.ts";
import { netnsOf, noNetns, placeOf } from "./netns.ts";
import type { Verdict } from "./verdict.ts";

/** Entries that name no MAC: they are attempts. */
const WITHOUT_MAC: ReadonlySet<string> = new Set(["INCOMPLETE", "FAILED", "NONE"]);

export function judgeNeigh(check: CheckOf<"neigh">, bench: Bench): Verdict | undefined {
  const session = bench.look(check.if);
  if (session === undefined) return undefined;
  const ns = netnsOf(session, check);
  if (ns === undefined) return noNetns(check);
  const names = namesOf(ns);
  const asked = new Set([...check.has, ...check.lacks, ...(check.only ?? [])].flatMap((p) => p.state ?? []));
  const entries = ns.rtnl.neighs().filter((n) => n.state !== "NOARP" || asked.has("NOARP")).filter((n) => !WITHOUT_MAC.has(n.state) || asked.has(n.state as "FAILED"));
  const counted = entries.filter((n) => check.dev === undefined || names(n.ifindex) === check.dev);
  const matches = (n: NeighInfo, p: NeighPattern): boolean =>
    (p.address === undefined || formatIpv4(n.dst) === p.address) &&
    (p.dev === undefined || names(n.ifindex) === p.dev) &&
    (p.mac === undefined || (n.lladdr !== undefined && formatMac(n.lladdr) === p.mac)) &&
    (p.state === undefined || p.state.some((s) => s === n.state));
  return judgeTable("neigh", placeOf(check), check, counted, matches, (n) => formatNeigh(n, names), sayPattern);
}
