/** `capture`: what a wire carries, or what a capture file holds. The filter language is tcpdump's own. */
import type { Skb } from "../../sim/skb.ts";
import { LINKTYPE, readCapture } from "../../wire/pcap.ts";
import { compileFilter } from "../../userland/commands/tcpdump/filter/compile.ts";
import type { Predicate } from "../../userland/commands/tcpdump/filter/condition.ts";
import { type Bench, CHECK_BUDGET } from "../bench.ts";
import { applyChange } from "../changes.ts";
import type { CheckOf } from "../schema.ts";
import type { Session } from "../session.ts";
import { fact, type Verdict } from "./verdict.ts";

type Capture = CheckOf<"capture">;
type Count = NonNullable<Capture["others"]>;

/** One place's frames so far. */
interface Tally {
  readonly place: string;
  matching: number;
  others: number;
}

export function judgeCapture(check: Capture, bench: Bench): Verdict | undefined {
  if (check.file !== undefined) return judgeFile(check, check.file, bench);
  const filter = compiled(check.filter, LINKTYPE.ETHERNET, false);
  if (typeof filter === "string") return badFilter(check, filter);
  const places = check.on === "cables" ? bench.resolved.lab.cables.map((c) => c.ends[0]) : check.on!;
  const tallies = places.map((place): Tally => ({ place, matching: 0, others: 0 }));
  const count = (tally: Tally, bytes: Uint8Array): void => {
    if (filter(bytes, bytes.length)) tally.matching++;
    else tally.others++;
  };
  const session = listen(check, tallies, count, bench);
  if (session === undefined) return undefined;
  for (const change of check.during) {
    bench.note(applyChange(session.network, change, CHECK_BUDGET));
    if (bench.spent !== undefined) return undefined;
  }
  return judge(check, tallies);
}

/** A copy in which frames are counted from the moment that the check names. */
function listen(check: Capture, tallies: readonly Tally[], count: (t: Tally, bytes: Uint8Array) => void, bench: Bench): Session | undefined {
  let on = check.since === "start";
  let began = Number.POSITIVE_INFINITY;
  const byCable = new Map<number, { tally: Tally; fromA: boolean | undefined }[]>();
  bench.resolved.lab.cables.forEach((cable, i) => {
    const here = tallies.flatMap((tally) => {
      const side = cable.ends.indexOf(tally.place);
      if (side < 0) return [];
      return [{ tally, fromA: check.direction === "any" ? undefined : (side === 0) === (check.direction === "out") }];
    });
    if (here.length > 0) byCable.set(i, here);
  });
  const frame = (cable: number, fromA: boolean, skb: Skb, start: number): void => {
    if (!on || start < began) return;
    for (const { tally, fromA: wanted } of byCable.get(cable) ?? []) if (wanted === undefined || wanted === fromA) count(tally, skb.bytes.subarray(skb.data, skb.tail));
  };
  if (check.since === "start") began = beginningOf(bench);
  else began = 0;
  const session = bench.copy(check.if, { observer: { frame } });
  if (session === undefined) return undefined;
  on = true;
  for (const tally of tallies) if (!bench.resolved.lab.cables.some((c) => c.ends.includes(tally.place))) tap(check, session, tally, count);
  return session;
}

/** When the learner's time begins: what start-up sent is not theirs. */
function beginningOf(bench: Bench): number {
  return bench.look([])?.began ?? 0;
}

/** An interface inside a node: what a packet socket on it sees. */
function tap(check: Capture, session: Session, tally: Tally, count: (t: Tally, bytes: Uint8Array) => void): void {
  const [node, dev] = tally.place.split(":") as [string, string];
  const ns = session.network.machine(node).kernel.initNetns;
  const link = ns.rtnl.link(dev);
  if (link === undefined) return;
  const sock = ns.packet();
  sock.bind(link.ifindex, 0x0003);
  const own = link.lladdr;
  sock.setFilter((frame) => {
    // A packet socket's filter is not told the direction; the source address tells it.
    const out = own.every((octet, i) => frame[6 + i] === octet);
    if (check.direction === "any" || (check.direction === "out") === out) count(tally, frame);
    return 0;
  });
}

function compiled(text: string, linkType: number, savefile: boolean): Predicate | string {
  const made = compileFilter(text, { linkType, savefile });
  if (made.ok) return made.value;
  return "message" in made.error ? made.error.message : `${made.error.notEmulated} is not emulated`;
}

function badFilter(check: Capture, why: string): Verdict {
  const args = { filter: check.filter };
  return { pass: false, expected: fact("capture.expected", args, describe(check)), found: fact("capture.bad-filter", args, `the filter cannot be used: ${why}`) };
}

function judgeFile(check: Capture, file: { node: string; path: string }, bench: Bench): Verdict | undefined {
  const session = bench.look(check.if);
  if (session === undefined) return undefined;
  const where = `${file.node}:${file.path}`;
  const expected = fact("capture.expected", { where, filter: check.filter }, describe(check));
  const failed = (code: string, text: string): Verdict => ({ pass: false, expected, found: fact(code, { where }, text) });
  const found = session.network.machine(file.node).fs.stat(file.path);
  if (!found.ok || found.value.type !== "file") return failed("capture.no-file", `there is no file ${where}`);
  const read = readCapture(found.value.data ?? new Uint8Array(0));
  if (!read.ok) return failed("capture.not-a-capture", `${where} is no capture file: ${read.error.reason}`);
  const filter = compiled(check.filter, read.value.linkType, true);
  if (typeof filter === "string") return badFilter(check, filter);
  const matching = read.value.packets.filter((p) => filter(p.data, p.wireLength)).length;
  return judge(check, [{ place: where, matching, others: read.value.packets.length - matching }]);
}

function judge(check: Capture, tallies: readonly Tally[]): Verdict {
  const expected = fact("capture.expected", { filter: check.filter }, describe(check));
  for (const t of tallies) {
    const args = { where: t.place, matching: t.matching, others: t.others };
    if (!within(t.matching, check.count)) return { pass: false, expected, found: fact("capture.count", args, `${t.place}: ${frames(t.matching)}`) };
    if (check.others !== undefined && !within(t.others, check.others)) return { pass: false, expected, found: fact("capture.others", args, `${t.place}: ${frames(t.others)} of another kind`) };
  }
  return { pass: true, expected, found: fact("capture.as-expected", {}, "as expected") };
}

const within = (n: number, c: Count): boolean => (c.min === undefined || n >= c.min) && (c.max === undefined || n <= c.max);
const frames = (n: number): string => (n === 0 ? "no frame" : n === 1 ? "1 frame" : `${n} frames`);

function range(c: Count): string {
  if (c.max === 0) return "no frame";
  if (c.min !== undefined && c.min === c.max) return `exactly ${frames(c.min)}`;
  if (c.min === undefined) return `at most ${frames(c.max!)}`;
  return c.max === undefined ? `at least ${frames(c.min)}` : `${c.min} to ${c.max} frames`;
}

function describe(check: Capture): string {
  const where = check.file !== undefined ? `${check.file.node}:${check.file.path}` : check.on === "cables" ? "each cable" : check.on!.join(", ");
  return `${where}: ${range(check.count)}${check.filter === "" ? "" : ` of "${check.filter}"`}${check.others === undefined ? "" : `, ${range(check.others)} of another kind`}`;
}
