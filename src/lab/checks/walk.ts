/** `walk`: which devices and stages a packet passes. The probe must be answered: a packet that gets nowhere avoids everything. */
import type { Decision } from "../../sim/trace.ts";
import type { Bench } from "../bench.ts";
import { startProbe, type TryResult } from "../probe.ts";
import type { CheckOf, Point } from "../schema.ts";
import { asHop, firstWrong, type Part, WalkRecorder } from "../walk.ts";
import { senderOf } from "./netns.ts";
import { fact, listing, type Verdict } from "./verdict.ts";

type Walk = CheckOf<"walk">;

export function judgeWalk(check: Walk, bench: Bench): Verdict | undefined {
  const session = bench.copy(check.if);
  if (session === undefined) return undefined;
  const { network } = session;
  const recorder = new WalkRecorder(network.sim.trace);
  // One more after the first that is answered: the first may have been flooded while nothing was learnt yet.
  const answered = new Set<TryResult>();
  const { process, results } = startProbe(network.machine(check.from), { ...check, tries: 4, within: 1 }, (r) => r.result === "ok" && answered.add(r).size >= 2);
  bench.runUntil(network, network.now + 20e9, () => process === undefined || process.exit !== undefined);
  recorder.end();
  if (bench.spent !== undefined) return undefined;
  const expected = fact("walk.expected", { from: check.from, to: check.to }, describe(check));
  const mine = recorder.of("there", "back");
  const walk = mine[0] === undefined ? {} : { walk: { packet: mine[0].packet, decisions: mine.slice(0, 400) } };
  if (!results.some((r) => r.result === "ok")) {
    const hop = firstWrong(recorder);
    return { pass: false, expected, found: fact("walk.lost", { from: check.from, to: check.to }, `no answer from ${check.to}`), ...(hop === undefined ? {} : { firstWrong: hop }), ...walk };
  }
  const settled = results.findLast((r) => r.result === "ok")!;
  const ways: Part[] = check.way === "both" ? ["there", "back"] : [check.way];
  for (const way of ways) {
    const wrong = judgeWay(check, recorder.of(way).filter((d) => d.at >= settled.sentAt));
    if (wrong !== undefined) return { pass: false, expected, ...wrong, ...walk };
  }
  return { pass: true, expected, found: fact("walk.as-expected", {}, "as expected"), ...walk };
}

function judgeWay(check: Walk, decisions: readonly Decision[]): Pick<Verdict, "found" | "firstWrong"> | undefined {
  let at = 0;
  for (const point of check.passes) {
    const next = decisions.findIndex((d, i) => i >= at && matches(d, point));
    if (next < 0) return { found: fact("walk.not-passed", { point: name(point) }, `does not pass ${name(point)}; it passes ${places(decisions)}`) };
    at = next + 1;
  }
  for (const point of check.avoids) {
    const hit = decisions.find((d) => matches(d, point));
    if (hit !== undefined) return { found: fact("walk.passed", { point: name(point) }, `passes ${name(point)}`), firstWrong: asHop(hit) };
  }
  const routers = new Set(decisions.filter((d) => d.stage === "forward" && d.verdict !== "drop").map((d) => d.node)).size;
  const { min, max } = check.routers ?? {};
  if ((min !== undefined && routers < min) || (max !== undefined && routers > max)) return { found: fact("walk.routers", { routers }, `is forwarded by ${routers} ${routers === 1 ? "router" : "routers"}; it passes ${places(decisions)}`) };
  return undefined;
}

function matches(d: Decision, p: Point): boolean {
  return (p.node === undefined || p.node === d.node) && (p.dev === undefined || p.dev === d.dev) && (p.stage === undefined || p.stage === d.stage) && (p.verdict === undefined || p.verdict === d.verdict);
}

function name(p: Point): string {
  return [p.node, p.dev, p.stage, p.verdict].filter((x) => x !== undefined).join(" ");
}

/** Nodes in the order in which they are passed. */
function places(decisions: readonly Decision[]): string {
  const nodes = decisions.map((d) => d.node).filter((n, i, all) => n !== all[i - 1]);
  return listing(nodes, "nothing").replaceAll(";", ",");
}

function describe(check: Walk): string {
  const parts = [
    check.passes.length > 0 ? `passes ${check.passes.map(name).join(", then ")}` : "",
    check.avoids.length > 0 ? `never touches ${check.avoids.map(name).join(", ")}` : "",
    check.routers?.max !== undefined ? `at most ${check.routers.max} routers` : "",
    check.routers?.min !== undefined ? `at least ${check.routers.min} routers` : "",
  ];
  return `${senderOf(check, check.from)} > ${check.to} ${parts.filter((p) => p !== "").join(", ")}`;
}
