/** `fdb`: which MAC leads to which port. */
import type { FdbEntry } from "../../kernel/api.ts";
import { formatMac } from "../../wire/ethernet.ts";
import { formatIpv4 } from "../../wire/ipv4.ts";
import type { Bench } from "../bench.ts";
import type { CheckOf, FdbPattern } from "../schema.ts";
import { formatFdb, namesOf, stationEntries } from "../tables.ts";
import { judgeTable, sayPattern } from "./table.ts";
import { netnsOf, noNetns, placeOf } from "./netns.ts";
import type { Verdict } from "./verdict.ts";

export function judgeFdb(check: CheckOf<"fdb">, bench: Bench): Verdict | undefined {
  const session = bench.look(check.if);
  if (session === undefined) return undefined;
  const ns = netnsOf(session, check);
  if (ns === undefined) return noNetns(check);
  const names = namesOf(ns);
  const wantsOwn = [...check.has, ...check.lacks, ...(check.only ?? [])].some((p) => p.state?.includes("permanent"));
  const entries = stationEntries(ns).filter((e) => (check.bridge === undefined || names(e.master) === check.bridge) && (check.dev === undefined || names(e.ifindex) === check.dev) && (wantsOwn || e.state !== "permanent" || e.dst !== undefined));
  const matches = (e: FdbEntry, p: FdbPattern): boolean =>
    (p.mac === undefined || formatMac(e.lladdr) === p.mac) && (p.port === undefined || names(e.ifindex) === p.port) && (p.dst === undefined || (e.dst !== undefined && formatIpv4(e.dst) === p.dst)) && (p.state === undefined || p.state.some((s) => s === (e.state === "stale" ? "dynamic" : e.state)));
  return judgeTable("fdb", `${placeOf(check)}${check.bridge === undefined ? "" : ` ${check.bridge}`}`, check, entries, matches, (e) => formatFdb(e, names), sayPattern);
}
