/** A capture that `tcpdump -w` writes inside a lab opens in the real tshark: nothing malformed, no bad checksum. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadLab } from "../../src/lab/load.ts";
import type { Network } from "../../src/lab/network.ts";
import { Session } from "../../src/lab/session.ts";

const LABS = resolve(import.meta.dirname, "../../labs");
const dir = mkdtempSync(join(tmpdir(), "packetwalk-tshark-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function network(id: string): Network {
  const source = loadLab(id, new Map(readdirSync(join(LABS, id)).map((n) => [n, readFileSync(join(LABS, id, n), "utf8")])), { seeds: [1] });
  const lab = source.ok ? source.value.resolve(1) : source;
  if (!lab.ok) throw new Error(JSON.stringify(lab.error));
  const session = Session.start(lab.value);
  if (!session.ok) throw new Error(session.error);
  return session.value.network;
}

function run(net: Network, node: string, line: string, seconds = 10): string {
  const r = net.start(node, line);
  net.runUntil(net.now + seconds * 1e9, () => r.exit !== undefined);
  return r.stdout + r.stderr;
}

function tshark(...args: string[]): string {
  const r = spawnSync("tshark", args, { encoding: "utf8" });
  if (r.error) throw new Error(`This test needs tshark: apt-get install -y tshark. ${r.error.message}`);
  if (r.status !== 0) throw new Error(r.stderr);
  return r.stdout;
}

const CHECKS = ["ip.check_checksum:TRUE", "udp.check_checksum:TRUE", "tcp.check_checksum:TRUE"].flatMap((o) => ["-o", o]);
const BAD = "_ws.malformed || _ws.short || ip.checksum.status == 0 || udp.checksum.status == 0 || icmp.checksum.status == 0";

test.each([
  ["fig-lan", "r1", ["h1: ping -c 2 -i 0.2 10.0.2.2", "h1: ping -c 1 -s 3000 10.0.2.2", "h1: ping -c 1 -R 10.0.2.2", "h1: traceroute -n 10.0.2.2", "h1: ping -c 1 -W 1 10.0.2.99", "srv: arping -c 2 -I eth0 10.0.2.1", "h1: ip link set eth0 mtu 1000", "h1: ping -c 1 -M do -s 2000 10.0.2.2"], 40],
  ["fig-ring-stp", "s1", ["h1: ping -c 2 -W 1 10.0.1.3"], 6],
] as const)("a capture on %s", (lab, node, lines, least) => {
  const net = network(lab);
  net.start(node, "tcpdump -i any -w /tmp/any.pcap");
  net.start(node, "tcpdump -i eth1 -w /tmp/eth.pcap");
  if (lab === "fig-ring-stp") net.runUntil(net.now + 40e9);
  for (const line of lines) {
    const [on, cmd] = line.split(": ") as [string, string];
    run(net, on, cmd);
  }
  run(net, node, "pkill -INT tcpdump; sleep 1");
  let frames = 0;
  for (const name of ["any", "eth"]) {
    const machine = net.machine(node);
    const inode = machine.fs.stat(`/tmp/${name}.pcap`);
    if (!inode.ok) throw new Error(`${name}: ${inode.error}`);
    const file = join(dir, `${lab}-${name}.pcap`);
    writeFileSync(file, inode.value.data!);
    frames += tshark("-r", file, ...CHECKS).trim().split("\n").length;
    expect(tshark("-r", file, ...CHECKS, "-Y", BAD)).toBe("");
  }
  expect(frames).toBeGreaterThan(least);
});
