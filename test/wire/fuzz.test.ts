/**
 * Decoders, the packet tree, tcpdump's printer and its filters over mutated and random octets: a typed error or a value that makes sense,
 * never an exception. FUZZ_COUNT says how many inputs each decoder gets, FUZZ_SEED which.
 */
import { describe, expect, test } from "vitest";
import { concat, toHex } from "../../src/base/bytes.ts";
import type { Result } from "../../src/base/result.ts";
import { compileFilter } from "../../src/userland/commands/tcpdump/filter/compile.ts";
import { PLAIN, type PrintOptions } from "../../src/userland/commands/tcpdump/dissector.ts";
import { PacketPrinter } from "../../src/userland/commands/tcpdump/print-packet.ts";
import { parseArp } from "../../src/wire/arp.ts";
import type { DecodeError } from "../../src/wire/cursor.ts";
import { describe as describeFrame, type Field, type Layer, type Protocol } from "../../src/wire/describe.ts";
import { parseEthernet } from "../../src/wire/ethernet.ts";
import { parseIcmp } from "../../src/wire/icmp.ts";
import { parseIcmpv6 } from "../../src/wire/icmpv6.ts";
import { parseIgmp } from "../../src/wire/igmp.ts";
import { parseIpv4Options, parseIpv4Packet } from "../../src/wire/ipv4.ts";
import { parseIpv6Packet } from "../../src/wire/ipv6.ts";
import { parseLlc } from "../../src/wire/llc.ts";
import { CaptureStream, LINKTYPE, pcapFileHeader, pcapRecord, readCapture } from "../../src/wire/pcap.ts";
import { parseBpdu } from "../../src/wire/stp.ts";
import { parseTcp, parseTcpOptions } from "../../src/wire/tcp.ts";
import { parseUdp } from "../../src/wire/udp.ts";
import { parseVlan } from "../../src/wire/vlan.ts";
import { FILTERS, randomFilters } from "../../tools/fidelity/filters.ts";
import { FRAMES, lcg, mutate } from "./corpus.ts";

const COUNT = Number(process.env["FUZZ_COUNT"] ?? 100_000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

/** A number that is none, or a hole: what a decoder that reads past its input makes. */
function nonsense(value: unknown, path: string): string | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${path} is ${value}`;
  if (value === undefined) return `${path} is undefined`;
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = nonsense(inner, `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function errorProblem(e: DecodeError, length: number): string | undefined {
  if (e.layer === "" || e.reason === "") return "an error without layer or reason";
  if (!Number.isInteger(e.offset) || e.offset < 0 || e.offset > length) return `an error at ${e.offset} of ${length}`;
  return nonsense(e, "error");
}

/** Octets of each layer of this kind in the corpus, to its frame's end. */
function seedsOf(protocol: Protocol): Uint8Array[] {
  const seeds: Uint8Array[] = [];
  for (const frame of FRAMES) for (let l: Layer | undefined = describeFrame(frame); l; l = l.inner) if (l.protocol === protocol) seeds.push(frame.subarray(l.offset));
  return seeds;
}

/** Mutations of the seeds, and one input in eight that owes them nothing. */
function* inputs(seeds: readonly Uint8Array[], random: () => number, count = COUNT): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) {
    if (i % 8 === 0) yield Uint8Array.from({ length: Math.floor(random() * 96) }, () => Math.floor(random() * 256));
    else yield mutate(seeds[Math.floor(random() * seeds.length)]!, random);
  }
}

const ENDS = { src: 0x0a000001, dst: 0x0a000002 };
const ENDS6 = { src: new Uint8Array(16).fill(1), dst: new Uint8Array(16).fill(2) };
const ipOptions = (): Uint8Array[] => seedsOf("ipv4").map((b) => b.subarray(20, (b[0]! & 15) * 4)).filter((o) => o.length > 0);
const tcpOptions = (): Uint8Array[] => seedsOf("tcp").map((b) => b.subarray(20, (b[12]! >> 4) * 4)).filter((o) => o.length > 0);

const DECODERS: readonly (readonly [string, (b: Uint8Array) => Result<unknown, DecodeError>, () => Uint8Array[]])[] = [
  ["ethernet", parseEthernet, () => [...FRAMES]],
  ["vlan", parseVlan, () => seedsOf("vlan")],
  ["llc", parseLlc, () => seedsOf("llc")],
  ["stp", parseBpdu, () => seedsOf("stp")],
  ["arp", parseArp, () => seedsOf("arp")],
  ["ipv4", parseIpv4Packet, () => seedsOf("ipv4")],
  ["ipv4 options", parseIpv4Options, ipOptions],
  ["icmp", parseIcmp, () => seedsOf("icmp")],
  ["igmp", parseIgmp, () => seedsOf("igmp")],
  ["udp", (b) => parseUdp(b, ENDS), () => seedsOf("udp")],
  ["tcp", (b) => parseTcp(b, ENDS), () => seedsOf("tcp")],
  ["tcp options", parseTcpOptions, tcpOptions],
  ["ipv6", parseIpv6Packet, () => seedsOf("ipv6")],
  ["icmpv6", (b) => (b.length % 2 === 0 ? parseIcmpv6(b) : parseIcmpv6(b, ENDS6)), () => seedsOf("icmpv6")],
];

describe("decoders", () => {
  test.each(DECODERS)("%s ends with a value or a typed error", (_, parse, seeds) => {
    const random = lcg(SEED);
    const from = seeds();
    expect(from.some((seed) => parse(seed).ok)).toBe(true);
    for (const bytes of inputs(from, random)) {
      const r = parse(bytes);
      const problem = r.ok ? nonsense(r.value, "value") : errorProblem(r.error, bytes.length);
      if (problem !== undefined) expect.fail(`${problem}: ${toHex(bytes)}`);
    }
  });
});

/** A field lies within the frame, and its number within its width. */
function fieldProblem(f: Field, bits: number): string | undefined {
  if (f.name === "" || typeof f.text !== "string" || /NaN|undefined|Infinity/.test(f.text)) return `${f.name}: ${f.text}`;
  if (f.bit < 0 || f.width < 0 || f.bit + f.width > bits) return `${f.name} at ${f.bit}+${f.width} of ${bits}`;
  if (typeof f.value === "number" && !(Number.isFinite(f.value) && f.value >= 0 && f.value < 2 ** Math.max(f.width, 1))) return `${f.name} is ${f.value} in ${f.width} bits`;
  for (const part of f.fields ?? []) {
    const problem = fieldProblem(part, bits);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

test("a frame's tree has only fields that lie in the frame", () => {
  const random = lcg(SEED + 1);
  for (const bytes of inputs(FRAMES, random)) {
    let end = 0;
    for (let l: Layer | undefined = describeFrame(bytes); l; l = l.inner) {
      const bad: string | undefined = l.fields.map((f) => fieldProblem(f, bytes.length * 8)).find((p) => p !== undefined) ?? (l.error ? errorProblem(l.error, bytes.length) : undefined);
      if (bad !== undefined) expect.fail(`${l.protocol}: ${bad}: ${toHex(bytes)}`);
      if (l.offset < end || l.offset + l.length > bytes.length) expect.fail(`${l.protocol} at ${l.offset}+${l.length} after ${end}: ${toHex(bytes)}`);
      end = l.offset;
    }
  }
});

const OPTION_SETS: readonly Partial<PrintOptions>[] = [{ n: 2 }, { n: 2, e: 1 }, { n: 2, v: 1 }, { n: 2, v: 3, e: 1 }, { n: 2, q: 1 }, { n: 2, v: 2, X: 1 }, { x: 2 }, { A: 1, t: 5 }, { n: 2, S: 1, v: 1, t: 3, number: true }];
const NO_NAMES = { host: () => undefined, host6: () => undefined, port: () => undefined, ifname: () => undefined };

test("tcpdump prints anything", () => {
  const random = lcg(SEED + 2);
  const conversations = new Map();
  const links = [LINKTYPE.ETHERNET, LINKTYPE.ETHERNET, LINKTYPE.ETHERNET, LINKTYPE.RAW, LINKTYPE.LINUX_SLL2, LINKTYPE.LINUX_SLL];
  const printers = OPTION_SETS.flatMap((o) => links.map((link) => new PacketPrinter({ options: { ...PLAIN, ...o }, names: NO_NAMES, conversations }, link)));
  let i = 0;
  for (const data of inputs(FRAMES, random)) {
    const text = printers[i++ % printers.length]!.print({ seconds: 1_795_172_489, nanos: i * 1000, data, wireLength: data.length + (i % 5 === 0 ? 40 : 0) });
    if (!text.endsWith("\n") || /NaN|undefined|Infinity|\[object/.test(text)) expect.fail(`${text}: ${toHex(data)}`);
  }
});

const WORDS = ["host", "net", "port", "portrange", "src", "dst", "ether", "ip", "ip6", "arp", "tcp", "udp", "icmp", "vlan", "and", "or", "not", "(", ")", "[", "]", ":", "&", "|", "+", "-", "*", "/", "<<", ">>", "=", "!=", "<", ">=", "less", "greater", "len", "broadcast", "multicast", "proto", "mask", "10.0.0.1", "10.0.0.0/24", "fe80::1", "02:00:00:00:01:01", "80", "0x800", "4294967296", "1-2", "http", "icmptype", "tcp-syn", "inbound", "\\tcp", "'", "\\", "stp", "llc", "ifindex", "99999999999999999999"];

/** A filter that somebody mistyped: one of ours with letters changed, or words in any order. */
function filterText(random: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  if (random() < 0.5) return Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(WORDS)).join(random() < 0.8 ? " " : "");
  const base = pick(FILTERS);
  const at = Math.floor(random() * base.length);
  return base.slice(0, at) + (random() < 0.5 ? String.fromCharCode(32 + Math.floor(random() * 95)) : "") + base.slice(at + (random() < 0.5 ? 1 : 0));
}

test("a filter compiles to a predicate that always answers, or says in words why not", () => {
  const random = lcg(SEED + 3);
  const samples = FRAMES.filter((_, i) => i % 23 === 0).map((f) => mutate(f, random));
  const texts = randomFilters(random, 500);
  for (let i = 0; i < COUNT / 4; i++) {
    const text = i < texts.length ? texts[i]! : filterText(random);
    const linkType = i % 3 === 0 ? LINKTYPE.LINUX_SLL2 : LINKTYPE.ETHERNET;
    const r = compileFilter(text, { linkType, savefile: i % 2 === 0, host: () => [0x0a000001], service: (name) => (name === "http" ? { port: 80, protocols: ["tcp"] } : undefined), protocol: () => undefined });
    if (!r.ok) {
      const said = "message" in r.error ? r.error.message : r.error.notEmulated;
      if (said === "" || /NaN|undefined/.test(said)) expect.fail(`${text}: ${said}`);
    } else for (const s of samples) if (typeof r.value(s, s.length) !== "boolean") expect.fail(text);
  }
});

test("a damaged capture file gives its good packets and a typed error, whole or in pieces", () => {
  const random = lcg(SEED + 4);
  const packets = FRAMES.slice(0, 6).map((data, i) => ({ seconds: i, nanos: 1000 * i, data, wireLength: data.length }));
  const whole = concat([pcapFileHeader({ linkType: LINKTYPE.ETHERNET, snapshotLength: 1500 }), ...packets.map((p) => pcapRecord(p))]);
  for (const bytes of inputs([whole], random, COUNT / 4)) {
    const r = readCapture(bytes);
    const error = r.ok ? r.value.error : r.error;
    if (error && (error.reason === "" || error.offset > bytes.length || error.offset < 0)) expect.fail(`${error.reason}: ${toHex(bytes)}`);
    if (r.ok) for (const p of r.value.packets) if (nonsense(p, "packet") !== undefined) expect.fail(toHex(bytes));
    const stream = new CaptureStream();
    const half = Math.floor(random() * bytes.length);
    let count = 0;
    stream.push(bytes.subarray(0, half));
    while (stream.next()) count++;
    stream.push(bytes.subarray(half));
    stream.end();
    while (stream.next()) count++;
    if (count !== (r.ok ? r.value.packets.length : 0) || (stream.error === undefined) !== (error === undefined)) expect.fail(`in pieces at ${half}: ${count} packets, ${stream.error?.reason}: ${toHex(bytes)}`);
  }
});
