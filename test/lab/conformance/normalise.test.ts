/**
 * The masking rules exist twice: tools/conformance/normalise.py for those who record, src/lab/conformance/normalise.ts
 * for the emulator. test/conformance/normalised.sha256 holds what the first makes of every case; the second must give
 * the same bytes. Made anew with `python3 tools/conformance/normalise.py --digests test/conformance`.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ConformanceCase, parseCase } from "../../../src/lab/conformance/case.ts";
import { knownMacs, normaliseCase, normaliseText } from "../../../src/lab/conformance/normalise.ts";
import { MASK_RULES, UNORDERED_COMMANDS } from "../../../src/lab/conformance/rules.ts";

const CASES = join(import.meta.dirname, "../../conformance");
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const asPython = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

const digests = readFileSync(join(CASES, "normalised.sha256"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.split("  ") as [string, string]);
const files = readdirSync(CASES, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".json"));

test("the table is the one that normalise.py prints with --rules", () => {
  expect(sha256(asPython({ rules: MASK_RULES, unordered: UNORDERED_COMMANDS }))).toBe(digests.find(([, name]) => name === "rules")?.[0]);
});

test("every case has a digest and every digest a case", () => {
  expect(digests.map(([, name]) => name).filter((name) => name !== "rules")).toEqual(files.sort());
});

test.each(files)("%s normalises to the bytes that normalise.py prints", (file) => {
  const text = readFileSync(join(CASES, file), "utf8");
  expect(parseCase(file, text)).toMatchObject({ ok: true });
  const raw = JSON.parse(text) as ConformanceCase; // the schema's copy may order keys otherwise
  expect(sha256(asPython(normaliseCase(raw)))).toBe(digests.find(([, name]) => name === file)?.[0]);
});

const macs = new Set(["02:00:00:00:01:01", "02:00:00:00:02:01"]);

test.each([
  ["ping -c 1 10.0.0.2", "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=0.05 ms", "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=<t> ms"],
  ["ip -br link", "eth0@if12        UP             02:00:00:00:01:01", "eth0@if<n> UP             02:00:00:00:01:01"],
  ["ip link", "3: br0: link/ether de:ad:be:ef:00:01", "<n>: br0: link/ether <mac1>"],
  ["bridge link", "4: eth2@eth1: <BROADCAST> mtu 1500", "<n>: eth2: <BROADCAST> mtu 1500"],
  ["ip neigh", "10.0.0.2 dev eth0 lladdr 02:00:00:00:02:01 PROBE ", "10.0.0.2 dev eth0 lladdr 02:00:00:00:02:01 DELAY "],
  ["ip -6 addr", "inet6 fe80::ff:fe00:101/64 and fe80::dcad:beff:feef:1/64", "inet6 fe80::ff:fe00:101/64 and <ll1>/64"],
  ["brctl show", "br0\t8000.deadbeef0001\tno", "br0\t<bridge-id1>\tno"],
  ["brctl show", "br0\t8000.020000000101\tno", "br0\t8000.020000000101\tno"],
  [
    "tcpdump -nn",
    "10:00:00.000001 IP 10.0.0.1.45678 > 10.0.0.2.80: Flags [S], seq 5, win 64240, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0",
    "<time> IP 10.0.0.1.<port1> > 10.0.0.2.80: Flags [S], seq <seq>, win <win>, options [mss 1460,sackOK,TS val <ts> ecr <ts>,nop,wscale <n>], length 0",
  ],
  [
    "tcpdump -nn",
    "10:00:00.000001 IP6 2001:db8::1.45678 > 2001:db8::2.80: Flags [.], ack 1, win 507, length 0",
    "<time> IP6 2001:db8::1.<port1> > 2001:db8::2.80: Flags [.], ack 1, win <win>, length 0",
  ],
  ["traceroute -n 10.0.0.9; tcpdump -r f", "IP 10.0.0.1.45678 > 10.0.0.9.33434: UDP", "IP 10.0.0.1.<port1> > 10.0.0.9.33434: UDP"],
  [
    "tcpdump -v",
    "(tos 0x0, ttl 64, id 7, offset 0) (tos 0x0, ttl 64, id 0, offset 0) (tos 0x0, ttl 64, id 7, offset 0)",
    "(tos 0x0, ttl 64, id <ip-id1>, offset 0) (tos 0x0, ttl 64, id 0, offset 0) (tos 0x0, ttl 64, id <ip-id1>, offset 0)",
  ],
  [
    "tcpdump -X",
    "\t0x0000:  4500 0024 f1c8 4000 4001 350e 0a00 0001  E..$..@.@.5.....\n\t0x0010:  0a00 0002 0800 9de2 001c 0001 5a00 0000  ............Z...",
    "\t0x0000:  4500 0024 .... 4000 4001 .... 0a00 0001  E..$..@.@.......\n\t0x0010:  0a00 0002 0800 .... .... 0001 5a00 0000  ............Z...",
  ],
  ["tcpdump -x", "\t0x0000:  0001 0800 0604 0001 ab", "\t0x0000:  0001 0800 0604 0001 ab"],
  ["conntrack -L", "tcp      6 119 TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=50090 dport=80", "tcp      6 <t> TIME_WAIT src=10.0.0.1 dst=10.0.0.2 sport=<port1> dport=80"],
  ["bash x.sh", "[1] 4711\nx.sh: line 3:    55 Killed                  sleep 5", "[1] <pid>\nx.sh: line 3: <pid> Killed                  sleep 5"],
  ["echo", "[1] 4711", "[1] 4711"],
])("what `%s` prints is masked: %j", (cmd, text, masked) => {
  expect(normaliseText(cmd, text, macs, false)).toBe(masked);
});

test("unordered lines are sorted by what they look like once masked, then numbered from the top", () => {
  const one = normaliseText("ip neigh", "10.0.0.3 lladdr 9e:00:00:00:00:03 STALE \n10.0.0.2 lladdr 8e:00:00:00:00:02 STALE \n", macs, true);
  const other = normaliseText("ip neigh", "10.0.0.2 lladdr 7e:00:00:00:00:aa STALE \n10.0.0.3 lladdr 6e:00:00:00:00:bb STALE \n", macs, true);
  expect(one).toBe("10.0.0.2 lladdr <mac1> STALE \n10.0.0.3 lladdr <mac2> STALE \n");
  expect(other).toBe(one);
});

test("a MAC address is known when a link, a command or a file names it, in any case of letters", () => {
  const c = {
    links: [{ a: "h1:eth0", b: "h2:eth0", macA: "02:00:00:00:01:01", macB: "02:00:00:00:02:01", mtu: 1500 }],
    nodes: { h1: { files: { "/etc/ethers": "h2 AE:00:00:00:00:01" } } },
    steps: [{ node: "h1", cmd: "arp -s 10.0.0.9 be:00:00:00:00:02", exit: 0, stdout: "", stderr: "ce:00:00:00:00:03" }],
  } as unknown as ConformanceCase;
  expect([...knownMacs(c)]).toEqual(["02:00:00:00:01:01", "02:00:00:00:02:01", "be:00:00:00:00:02", "ae:00:00:00:00:01"]);
});
