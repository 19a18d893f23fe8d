/** Text and filters against what the real tcpdump said about the same frames (tools/fidelity/tcpdump-diff.ts --golden). */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { concat, setU16 } from "../../../../src/base/bytes.ts";
import { PLAIN, type PrintOptions } from "../../../../src/userland/commands/tcpdump/dissector.ts";
import { compileFilter } from "../../../../src/userland/commands/tcpdump/filter/compile.ts";
import { dateOf, PacketPrinter, timeOfDay } from "../../../../src/userland/commands/tcpdump/print-packet.ts";
import { LINKTYPE, type PcapPacket } from "../../../../src/wire/pcap.ts";
import { FRAMES } from "../../../wire/corpus.ts";

const GOLDEN = resolve(import.meta.dirname, "../../../golden/tcpdump");
const NO_NAMES = { host: () => undefined, host6: () => undefined, port: () => undefined, ifname: () => undefined };

/** As the fidelity tool writes them into its capture. */
const PACKETS: readonly PcapPacket[] = FRAMES.map((data, i) => ({
  seconds: 1_795_172_489 + Math.floor(i / 7), nanos: Math.floor(((i * 123_457_000) % 1_000_000_000) / 1000) * 1000, data, wireLength: data.length + (i % 11 === 10 ? 3 : 0),
}));

function printed(o: Partial<PrintOptions>): string {
  const printer = new PacketPrinter({ options: { ...PLAIN, ...o }, names: NO_NAMES, conversations: new Map() }, LINKTYPE.ETHERNET);
  return PACKETS.map((p) => printer.print(p)).join("");
}

test.each<[string, Partial<PrintOptions>]>([
  ["nn", { n: 2 }], ["nn-e", { n: 2, e: 1 }], ["nn-v", { n: 2, v: 1 }], ["nn-vvv-e", { n: 2, v: 3, e: 1 }], ["nn-q", { n: 2, q: 1 }], ["nn-xx", { n: 2, x: 2 }], ["nn-A-tttt", { n: 2, A: 1, t: 4 }],
])("every frame of the corpus is printed as tcpdump does: %s", (name, options) => {
  const golden = readFileSync(join(GOLDEN, `${name}.txt`), "latin1");
  expect(printed(options)).toBe(golden.slice(golden.indexOf("\n") + 1));
});

interface Verdict {
  filter: string;
  ethernet: number[] | string;
  any: number[] | string;
}
const { filters } = JSON.parse(readFileSync(join(GOLDEN, "filters.json"), "utf8")) as { filters: Verdict[] };
const long = FRAMES.map((f) => (f.length < 160 ? concat([f, new Uint8Array(160 - f.length)]) : f));

function cooked(frame: Uint8Array, i: number): Uint8Array {
  const type = frame[12]! * 256 + frame[13]!;
  const header = new Uint8Array(20);
  setU16(header, 0, type > 1500 ? type : 4);
  setU16(header, 8, 1);
  header[10] = i % 6;
  header[11] = i % 5 === 4 ? 0 : 6;
  header.set(frame.subarray(6, 12), 12);
  return concat([header, frame.subarray(14)]);
}

/** Of /etc/services and /etc/protocols what the filters ask for. */
const SERVICES = new Map<string, { port: number; protocols: ("tcp" | "udp")[] }>([
  ["http", { port: 80, protocols: ["tcp"] }], ["domain", { port: 53, protocols: ["tcp", "udp"] }], ["ssh", { port: 22, protocols: ["tcp"] }], ["tftp", { port: 69, protocols: ["udp"] }],
]);
const PROTOCOLS = new Map([["icmp", 1], ["gre", 47], ["ospf", 89], ["tcp", 6]]);

function verdict(filter: string, linkType: number, frames: readonly Uint8Array[]): number[] | string {
  const r = compileFilter(filter, {
    linkType, savefile: true, host: (name) => (name === "localhost" ? [0x7f000001] : []), service: (name) => SERVICES.get(name), protocol: (name) => PROTOCOLS.get(name),
  });
  if (!r.ok) return "message" in r.error ? r.error.message : `not emulated: ${r.error.notEmulated}`;
  return frames.flatMap((f, i) => (r.value(f, f.length + (i % 11 === 10 ? 3 : 0)) ? [i] : []));
}

describe("filters pass the frames that libpcap passes, or are refused in its words", () => {
  const wrong = (linkType: number, frames: readonly Uint8Array[], golden: (v: Verdict) => number[] | string): unknown[] =>
    filters.flatMap((v) => {
      const ours = verdict(v.filter, linkType, frames);
      return JSON.stringify(ours) === JSON.stringify(golden(v)) ? [] : [{ filter: v.filter, ours, real: golden(v) }];
    });
  test("on Ethernet", () => expect(wrong(LINKTYPE.ETHERNET, long, (v) => v.ethernet)).toEqual([]));
  test("on the device any", () => expect(wrong(LINKTYPE.LINUX_SLL2, long.map(cooked), (v) => v.any)).toEqual([]));
  test.each(["mpls", "ip protochain 6", "pppoed", "geneve", "gateway h1"])("%s is said to be not emulated", (filter) => expect(verdict(filter, LINKTYPE.ETHERNET, [])).toMatch(/^not emulated: /));
});

describe("times", () => {
  const at = (seconds: number, nanos: number): PcapPacket => ({ seconds, nanos, data: FRAMES[0]!, wireLength: FRAMES[0]!.length });
  const times = (t: number, nano: boolean, packets: readonly PcapPacket[]): string[] => {
    const printer = new PacketPrinter({ options: { ...PLAIN, n: 2, t, nano }, names: NO_NAMES, conversations: new Map() }, LINKTYPE.ETHERNET);
    return packets.map((p) => printer.print(p).split("ARP")[0]!);
  };
  const three = [at(1_767_603_600, 999_999_999), at(1_767_603_602, 500), at(1_767_603_601, 0)];
  test.each([
    [0, false, ["09:00:00.999999 ", "09:00:02.000000 ", "09:00:01.000000 "]],
    [1, false, ["", "", ""]],
    [2, false, ["1767603600.999999 ", "1767603602.000000 ", "1767603601.000000 "]],
    [3, false, [" 00:00:00.000000 ", " 00:00:01.000001 ", "-00:00:01.000000 "]],
    [3, true, [" 00:00:00.000000000 ", " 00:00:01.000000501 ", "-00:00:01.000000500 "]],
    [4, false, ["2026-01-05 09:00:00.999999 ", "2026-01-05 09:00:02.000000 ", "2026-01-05 09:00:01.000000 "]],
    [5, true, [" 00:00:00.000000000 ", " 00:00:01.000000501 ", " 00:00:00.000000001 "]],
  ])("-t %i times, nanoseconds %s", (t, nano, expected) => expect(times(t, nano, three)).toEqual(expected));
  test.each([[0, "1970-01-01"], [951_782_400, "2000-02-29"], [1_767_603_600, "2026-01-05"], [4_107_542_399, "2100-02-28"], [4_107_542_400, "2100-03-01"]])("%i s are of %s", (seconds, date) => expect(dateOf(seconds)).toBe(date));
  test("the hour of day goes round", () => expect([timeOfDay(86_399), timeOfDay(86_400)]).toEqual(["23:59:59", "00:00:00"]));
});
