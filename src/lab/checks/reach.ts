/** `reach`: a probe arrives, or fails in the named way. */
import type { Bench } from "../bench.ts";
import { startProbe, type TryResult } from "../probe.ts";
import type { WalkView, WrongHop } from "../protocol.ts";
import type { CheckOf, ReachResult } from "../schema.ts";
import type { Session } from "../session.ts";
import { firstWrong, WalkRecorder } from "../walk.ts";
import { senderOf } from "./netns.ts";
import { fact, type Verdict } from "./verdict.ts";

type Reach = CheckOf<"reach">;
interface Pair {
  from: string;
  to: string;
}

const RESULT_WORDS: Readonly<Record<ReachResult, string>> = {
  ok: "an answer", timeout: "silence", "net-unreachable": "Destination Net Unreachable", "host-unreachable": "Destination Host Unreachable", "port-unreachable": "Destination Port Unreachable",
  "protocol-unreachable": "Destination Protocol Unreachable", "frag-needed": "Fragmentation needed", prohibited: "Packet filtered", "ttl-exceeded": "Time to live exceeded", "no-route": "no route on the sender", "other-error": "another error",
};

export function judgeReach(check: Reach, bench: Bench): Verdict | undefined {
  const pairs = pairsOf(check);
  // Pairs share one copy: in a network where each reaches each, one's traffic hinders no other's.
  const session = bench.copy(check.if);
  if (session === undefined) return undefined;
  const who = check.between === undefined ? `${senderOf(check, check.from!)} > ${check.to}` : `${Object.keys(check.between).join(", ")}, each to each`;
  const by = check.by ?? check.mac;
  const expected = fact("reach.expected", { probe: check.with, result: check.expect, by: by ?? "", who }, `${who}: ${RESULT_WORDS[check.expect]}${by === undefined ? "" : ` from ${by}`}`);
  for (const pair of pairs) {
    const tried = probeWithWalk(check, pair, session, bench);
    if (tried === undefined) return undefined;
    const { results, hop, walk } = tried;
    if (isAsExpected(check, results)) continue;
    const shown = telling(results);
    const found = fact("reach.found", { from: pair.from, to: pair.to, result: shown.result, by: shown.by ?? "" }, `${senderOf(check, pair.from)} > ${pair.to}: ${words(shown)}`);
    return { pass: false, expected, found, ...(hop === undefined || shown.result === "ok" ? {} : { firstWrong: hop }), ...(walk === undefined ? {} : { walk }) };
  }
  return { pass: true, expected, found: fact("reach.as-expected", { pairs: pairs.length }, "as expected") };
}

function pairsOf(check: Reach): Pair[] {
  if (check.between === undefined) return [{ from: check.from!, to: check.to! }];
  const ends = Object.entries(check.between);
  return ends.flatMap(([from]) => ends.filter(([other]) => other !== from).map(([, to]) => ({ from, to })));
}

function isEnough(check: Reach): (r: TryResult) => boolean {
  if (check.expect === "timeout") return () => false;
  return (r) => r.result === check.expect && (check.by === undefined || r.by === check.by) && (check.mac === undefined || r.by === check.mac);
}

function isAsExpected(check: Reach, results: readonly TryResult[]): boolean {
  if (check.expect === "timeout") return results.length > 0 && results.every((r) => r.result === "timeout");
  if (check.expect !== "ok" && results.some((r) => r.result === "ok")) return false;
  return results.some(isEnough(check));
}

/** The result that says most: an answer, else the last error, else silence. */
function telling(results: readonly TryResult[]): TryResult {
  return results.find((r) => r.result === "ok") ?? results.findLast((r) => r.result !== "timeout") ?? results.at(-1) ?? { result: "other-error", sentAt: 0, detail: "the probe could not run" };
}

function words(r: TryResult): string {
  const by = r.by === undefined ? "" : ` from ${r.by.replaceAll(" ", " and ")}`;
  return `${RESULT_WORDS[r.result]}${by}${r.result === "other-error" && r.detail !== undefined ? ` (${r.detail})` : ""}`;
}

interface Probed {
  results: TryResult[];
  hop: WrongHop | undefined;
  walk: WalkView | undefined;
}

function probeWithWalk(check: Reach, pair: Pair, session: Session, bench: Bench): Probed | undefined {
  const { network } = session;
  const recorder = new WalkRecorder(network.sim.trace);
  const machine = network.machine(pair.from);
  const { process, results } = startProbe(machine, { ...check, to: pair.to }, isEnough(check));
  bench.runUntil(network, network.now + (check.tries * (1 + check.within) + 10) * 1e9, () => process === undefined || process.exit !== undefined);
  recorder.end();
  if (bench.spent !== undefined) return undefined;
  const decisions = recorder.of("there", "back", "error", "arp");
  const first = decisions[0];
  return { results, hop: localHop(pair, results) ?? firstWrong(recorder), walk: first === undefined ? undefined : { packet: first.packet, decisions: decisions.slice(0, 400) } };
}

/** The sender's own stack refused: no packet was made, so nothing could be traced. */
function localHop(pair: Pair, results: readonly TryResult[]): WrongHop | undefined {
  const refused = results.find((r) => r.result === "no-route");
  if (refused === undefined) return undefined;
  const text = `${pair.from}, route: no way to ${pair.to} (${refused.detail ?? ""}).`;
  return { node: pair.from, netns: "", dev: "", stage: "route", verdict: "drop", entry: "", reason: refused.detail === "ENETUNREACH" ? "IP_OUTNOROUTES" : (refused.detail ?? ""), text };
}
