/**
 * Compares our tcpdump's text with the installed one's, line by line, on capture files.
 *   node tools/fidelity/tcpdump-diff.ts [--mutated N] [--filters N] [--seed N] [--show N] [FILE.pcap...]
 * Without files: the frames of test/wire/corpus.ts, and N (default 2000) mutations of them; filters: those of filters.ts and N (default 300) made at random.
 *   node tools/fidelity/tcpdump-diff.ts --golden DIR
 * writes what the installed one prints for the corpus, and what it says to each filter, for test/userland/commands/tcpdump.
 * Exit 0 when every line is equal, 1 when some differ, 2 when there is no tcpdump.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { concat, getU16, setU16 } from "../../src/base/bytes.ts";
import { compileFilter } from "../../src/userland/commands/tcpdump/filter/compile.ts";
import { PLAIN, type PrintOptions } from "../../src/userland/commands/tcpdump/dissector.ts";
import { PacketPrinter } from "../../src/userland/commands/tcpdump/print-packet.ts";
import { describe, type Layer } from "../../src/wire/describe.ts";
import { LINKTYPE, pcapFileHeader, pcapRecord, type PcapFile, readCapture } from "../../src/wire/pcap.ts";
import { FRAMES, lcg, mutate } from "../../test/wire/corpus.ts";
import { FILTERS, randomFilters } from "./filters.ts";

const OPTION_SETS = [
  "-nn", "-nn -e", "-nn -v", "-nn -vv", "-nn -vvv -e", "-nn -q", "-nn -q -e", "-nn -qq", "-nn -t -x", "-nn -xx", "-nn -X", "-nn -XX -e", "-nn -A", "-nn -AA", "-nn -S -v", "-nn -tt", "-nn -ttt", "-nn -tttt",
  "-nn -ttttt", "-nn -K -vv", "-nn -#", "-nn -vv -X", "-nn --nano",
];

function optionsOf(set: string): PrintOptions {
  const o: PrintOptions = { ...PLAIN };
  for (const word of set.split(" ")) {
    if (word === "--nano") o.nano = true;
    else if (word === "-#") o.number = true;
    else for (const letter of word.slice(1)) (o as unknown as Record<string, number>)[letter]!++;
  }
  return o;
}

const NO_NAMES = { host: () => undefined, host6: () => undefined, port: () => undefined, ifname: () => undefined };

function ours(file: PcapFile, options: PrintOptions, keep?: (data: Uint8Array, length: number) => boolean): string[] {
  const printer = new PacketPrinter({ options, names: NO_NAMES, conversations: new Map() }, file.linkType);
  let text = "";
  for (const p of file.packets) if (!keep || keep(p.data, p.wireLength)) text += printer.print(p);
  return text.split("\n");
}

/** What the machine's own files say, as far as the filters ask. */
const NAMES = {
  host: (name: string): number[] => (name === "localhost" ? [0x7f000001] : []),
  service: (name: string) => SERVICES.get(name),
  protocol: (name: string) => PROTOCOLS.get(name),
};
const SERVICES = new Map<string, { port: number; protocols: ("tcp" | "udp")[] }>([
  ["http", { port: 80, protocols: ["tcp"] }], ["domain", { port: 53, protocols: ["tcp", "udp"] }], ["ssh", { port: 22, protocols: ["tcp"] }], ["tftp", { port: 69, protocols: ["udp"] }],
]);
const PROTOCOLS = new Map([["icmp", 1], ["gre", 47], ["ospf", 89], ["tcp", 6]]);

interface Real {
  lines: string[];
  error: string;
}
function real(path: string, args: readonly string[]): Real {
  const r = spawnSync("tcpdump", ["-r", path, ...args], { encoding: "latin1", maxBuffer: 1 << 30, env: { ...process.env, TZ: "UTC" } });
  return { lines: r.stdout.split("\n"), error: r.stderr };
}

/** Ports, protocols and EtherTypes whose content tcpdump decodes and ours does not. */
const OTHER_PORTS = new Set([
  21, 22, 23, 25, 43, 53, 67, 68, 69, 80, 88, 111, 123, 137, 138, 139, 161, 162, 179, 319, 320, 323, 445, 496, 500, 514, 520, 521, 525, 546, 547, 554, 639, 646, 654, 698, 701, 750, 921, 1589, 1645, 1646, 1700, 1701, 1723, 1812, 1813, 1985,
  2049, 2103, 2104, 3456, 3503, 3784, 3785, 3799, 4342, 4500, 4567, 4784, 4790, 5060, 5353, 5359, 6081, 6343, 6379, 6633, 6635, 6653, 6696, 6697, 6784, 7500, 8080, 8231, 8472, 8500, 8554, 10288, 12222, 12223, 17754, 30490, 49152,
]);
const OTHER_PROTOCOLS = new Set([8, 9, 33, 46, 47, 50, 51, 55, 77, 88, 89, 103, 108, 112, 113, 132, 143, 43, 62, 135]);
const OTHER_ETHERTYPES = new Set([
  0x6003, 0x809b, 0x80f3, 0x8137, 0xfefe, 0x8863, 0x8864, 0x3c12, 0x3c13, 0x888e, 0x8899, 0x880b, 0x8808, 0x8809, 0x8902, 0xabcd, 0x88cc, 0x894f, 0x9000, 0x8847, 0x8848, 0x88ca, 0x886f, 0x0707, 0x8947, 0x1111, 0x88a2, 0x88f7, 0x88e5, 0x8870,
  0xd28b,
]);
const OTHER_SAPS = new Set([0xe0, 0xe1, 0xf0, 0xf1, 0xfe, 0xff]);
const OTHER_ICMPV6 = new Set([138, 139, 140, 144, 145, 146, 147, 155]);

/** Whether everything in this frame, quoted packets too, has a printer of ours. */
function comparable(frame: Uint8Array): boolean {
  for (let l: Layer | undefined = describe(frame); l; l = l.inner) {
    const value = (name: string): number => Number(l!.fields.find((f) => f.name === name)?.value ?? -1);
    const ports = [value("Source Port"), value("Destination Port")];
    if (ports.some((p) => OTHER_PORTS.has(p) || (p >= 7000 && p <= 7009) || (p >= 200 && p <= 254))) return false;
    if (OTHER_PROTOCOLS.has(value("Protocol")) || OTHER_PROTOCOLS.has(value("Next Header"))) return false;
    if (OTHER_ETHERTYPES.has(value("EtherType")) || OTHER_ETHERTYPES.has(value("Protocol Identifier"))) return false;
    if (l.protocol === "llc" && (OTHER_SAPS.has(value("DSAP")) || OTHER_SAPS.has(value("SSAP")) || value("OUI") > 0)) return false;
    if (l.protocol === "stp" && value("Protocol Version Identifier") > 2) return false;
    if (l.protocol === "arp" && value("Hardware Type") !== 1) return false;
    if (l.protocol === "icmpv6" && OTHER_ICMPV6.has(value("Type"))) return false;
    if (l.protocol === "igmp" && [0x13, 0x14, 0x1e, 0x1f].includes(value("Type"))) return false;
  }
  return true;
}

interface Tally {
  lines: number;
  differ: number;
}

function compare(label: string, expected: string | undefined, actual: string | undefined, tally: Tally, show: number): void {
  tally.lines += (expected ?? "").split("\n").length;
  if (expected === actual) return;
  tally.differ++;
  if (tally.differ <= show) console.log(`${label}\n  tcpdump ${JSON.stringify(expected)}\n  ours    ${JSON.stringify(actual)}`);
}

/** Text of each packet by the number that -# puts before it. */
function byNumber(lines: readonly string[]): Map<number, string> {
  const packets = new Map<number, string>();
  let number = 0;
  for (const line of lines) {
    const start = /^ *([0-9]+) {2}/.exec(line);
    // A line of a dump may look like a number; only the next one begins a packet.
    if (start && Number(start[1]) === number + 1) packets.set(++number, line);
    else packets.set(number, `${packets.get(number) ?? ""}\n${line}`);
  }
  return packets;
}

function comparePackets(path: string, file: PcapFile, tally: Tally, show: number): void {
  for (const set of OPTION_SETS) {
    const options = optionsOf(set);
    options.number = true;
    const expected = byNumber(real(path, [...set.split(" "), "-#"]).lines);
    const actual = byNumber(ours(file, options));
    for (let i = 0; i <= file.packets.length; i++) compare(set, expected.get(i), actual.get(i), tally, show);
  }
}

function compareFilters(path: string, file: PcapFile, tally: Tally, show: number, random: () => number, count: number): void {
  for (const filter of [...FILTERS, ...randomFilters(random, count)]) {
    const expected = real(path, ["-nn", "-t", "--", filter]);
    const compiled = compileFilter(filter, { linkType: file.linkType, savefile: true, ...NAMES });
    if (!compiled.ok) {
      const message = /^tcpdump: (.*)$/m.exec(expected.error)?.[1] ?? "(accepted)";
      if ("message" in compiled.error) compare(`filter ${filter}`, message, compiled.error.message, tally, show);
      else console.log(`filter ${filter}: not emulated: ${compiled.error.notEmulated}`);
      continue;
    }
    const options = optionsOf("-nn");
    options.t = 1;
    compare(`filter ${filter}`, expected.error.includes("tcpdump: ") ? expected.error : expected.lines.join("\n"), ours(file, options, compiled.value).join("\n"), tally, show);
  }
}

/** An Ethernet frame as a cooked socket has it. Index 0: no device has it on any machine. */
function cooked(frame: Uint8Array, version: 1 | 2, i: number): Uint8Array {
  const type = getU16(frame, 12);
  const header = new Uint8Array(version === 1 ? 16 : 20);
  setU16(header, version === 1 ? 14 : 0, type > 1500 ? type : 4);
  if (version === 1) {
    setU16(header, 0, i % 6);
    setU16(header, 2, 1);
    setU16(header, 4, i % 5 === 4 ? 0 : 6);
  } else {
    setU16(header, 8, 1);
    header[10] = i % 6;
    header[11] = i % 5 === 4 ? 0 : 6;
  }
  header.set(frame.subarray(6, 12), version === 1 ? 6 : 12);
  return concat([header, frame.subarray(14)]);
}

/** Filters get frames that are long enough: on others libpcap's optimiser decides which loads happen at all. */
const longEnough = (f: Uint8Array): Uint8Array => (f.length < 160 ? concat([f, new Uint8Array(160 - f.length)]) : f);

const FIRST_SECOND = 1_795_172_489;
function write(dir: string, name: string, frames: readonly Uint8Array[], linkType: number = LINKTYPE.ETHERNET, perSecond = 7): string {
  const records = frames.map((data, i) => pcapRecord({ seconds: FIRST_SECOND + Math.floor(i / perSecond), nanos: (i * 123_457_000) % 1_000_000_000, data, wireLength: data.length + (i % 11 === 10 ? 3 : 0) }));
  const path = join(dir, name);
  writeFileSync(path, concat([pcapFileHeader({ linkType, snapshotLength: 262144 }), ...records]));
  return path;
}

const GOLDEN_SETS = ["-nn", "-nn -e", "-nn -v", "-nn -vvv -e", "-nn -q", "-nn -xx", "-nn -A -tttt"];

/** Numbers of the frames that pass, or the refusal. */
function verdict(path: string, filter: string): number[] | string {
  const r = real(path, ["-nn", "-q", "-tt", "--", filter]);
  const refusal = /^tcpdump: (.*)$/m.exec(r.error)?.[1];
  return refusal ?? r.lines.flatMap((line) => /^17[0-9]{8}\./.exec(line) ? [Number(line.slice(0, 10)) - FIRST_SECOND] : []);
}

function writeGolden(dir: string, scratch: string): void {
  const corpus = write(scratch, "corpus.pcap", FRAMES);
  const { stdout } = spawnSync("tcpdump", ["--version"], { encoding: "utf8" });
  const tool = stdout.split("\n").slice(0, 2).join(", ");
  for (const set of GOLDEN_SETS) {
    const name = `${set.replaceAll(/[^a-zA-Z]+/g, "-").slice(1)}.txt`;
    writeFileSync(join(dir, name), `# ${tool}: tcpdump -r corpus.pcap ${set}\n${real(corpus, set.split(" ")).lines.join("\n")}`, "latin1");
  }
  const long = FRAMES.map(longEnough);
  const [ethernet, cookedFile] = [
    write(scratch, "long.pcap", long, LINKTYPE.ETHERNET, 1),
    write(scratch, "any.pcap", long.map((f, i) => cooked(f, 2, i)), LINKTYPE.LINUX_SLL2, 1),
  ];
  const filters = FILTERS.map((filter) => ({ filter, ethernet: verdict(ethernet, filter), any: verdict(cookedFile, filter) }));
  writeFileSync(join(dir, "filters.json"), `{\n "tool": ${JSON.stringify(tool)},\n "filters": [\n${filters.map((f) => `  ${JSON.stringify(f)}`).join(",\n")}\n ]\n}\n`);
}

function main(argv: readonly string[]): number {
  const option = (name: string, otherwise: number): number => {
    const at = argv.indexOf(name);
    return at < 0 ? otherwise : Number(argv[at + 1]);
  };
  if (spawnSync("tcpdump", ["--version"]).error) {
    console.error("tcpdump is not installed: apt-get install tcpdump");
    return 2;
  }
  const show = option("--show", 10);
  const random = lcg(option("--seed", 1));
  const dir = mkdtempSync(join(tmpdir(), "tcpdump-diff-"));
  const golden = argv.indexOf("--golden");
  if (golden >= 0) {
    writeGolden(argv[golden + 1]!, dir);
    return 0;
  }
  const filterFiles: string[] = [];
  const files = argv.filter((a, i) => !a.startsWith("--") && !argv[i - 1]?.startsWith("--"));
  if (files.length === 0) {
    const mutated = Array.from({ length: option("--mutated", 2000) }, () => mutate(FRAMES[Math.floor(random() * FRAMES.length)]!, random));
    const long = FRAMES.map(longEnough);
    const sll = (version: 1 | 2, frames: readonly Uint8Array[]): string =>
      write(dir, `sll${version}-${frames === long ? "long" : "corpus"}.pcap`, frames.filter((f) => f.length >= 14).map((f, i) => cooked(f, version, i)), version === 1 ? LINKTYPE.LINUX_SLL : LINKTYPE.LINUX_SLL2);
    filterFiles.push(write(dir, "long.pcap", long), sll(1, long), sll(2, long));
    files.push(write(dir, "corpus.pcap", FRAMES), write(dir, "mutated.pcap", mutated.filter((m) => m.length > 0 && comparable(m))), sll(1, FRAMES), sll(2, FRAMES));
  }
  let differ = 0;
  for (const path of [...files, ...filterFiles]) {
    const read = readCapture(readFileSync(path));
    if (!read.ok) {
      console.error(`${path}: ${read.error.reason}`);
      return 2;
    }
    const runs = [["packets", comparePackets], ["filters", compareFilters]] as const;
    for (const [what, run] of filterFiles.length === 0 ? runs : filterFiles.includes(path) ? runs.slice(1) : runs.slice(0, 1)) {
      const tally: Tally = { lines: 0, differ: 0 };
      run(path, read.value, tally, show, random, option("--filters", 300));
      differ += tally.differ;
      console.log(`${path} ${what}: ${tally.lines} lines, ${tally.differ} differ`);
    }
  }
  rmSync(dir, { recursive: true });
  return differ === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
