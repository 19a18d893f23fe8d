/**
 * Writes test/determinism/logs.json: sessions of somebody who types, mistypes, completes, interrupts, pulls cables and waits.
 * node tools/determinism/record.ts [count]. The logs are kept: they must replay alike in every engine for ever.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadLab, type ResolvedLab } from "../../src/lab/load.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { Session } from "../../src/lab/session.ts";
import { RandomStream } from "../../src/sim/random.ts";
import type { RecordedLog } from "./replays.ts";

const LABS = fileURLToPath(new URL("../../labs/", import.meta.url));
const OUT = fileURLToPath(new URL("../../test/determinism/", import.meta.url));

const LINES = [
  "ip addr", "ip -br link", "ip -d link show", "ip route", "ip neigh", "ip -s -s neigh", "bridge fdb show", "bridge link", "ping -c 2 -i 0.3 ADDR", "ping -c 1 -W 1 ADDR", "ping -f -c 20 ADDR", "ping ADDR", "arping -c 1 -w 1 -I eth0 ADDR",
  "ip neigh flush all", "ip link set eth0 down", "ip link set eth0 up", "ip link add br0 type bridge", "ip link set br0 up", "ip link set eth1 master br0", "ip link set eth2 master br0", "ip link set br0 type bridge stp_state 1",
  "tcpdump -nn -c 3 -i eth0 &", "tcpdump -nn -e -i any -c 2", "for i in 1 2 3; do echo $i; sleep 0.1; done", "echo $RANDOM | wc -c", "ls -l /etc | head -3", "cat /etc/hosts | sort | uniq -c", "while :; do :; done", "yes | head -100 | md5sum", "seq 1 50 | grep 7 | tr 7 x",
  "sysctl net.ipv4.ip_forward", "sysctl -w net.ipv4.ip_forward=1", "ip netns add n1", "ip netns exec n1 ip addr", "traceroute -n ADDR", "nosuchcommand", "echo 'unclosed", "cat /proc/net/dev", "date", "history | tail -2", "f() { echo $1; }; f x", "sleep 30 & jobs", "kill %1", "ip route get ADDR",
  "ip addr add 10.9.9.9/24 dev eth0", "ip addr del 10.9.9.9/24 dev eth0",
];
const ADDRESSES = ["10.0.1.2", "10.0.1.3", "10.0.2.2", "10.0.1.77", "127.0.0.1"];

function resolve(id: string, seed: number): ResolvedLab {
  const files = new Map(readdirSync(LABS + id).map((n) => [n, readFileSync(`${LABS}${id}/${n}`, "utf8")]));
  const source = loadLab(id, files, { seeds: [seed] });
  const lab = source.ok ? source.value.resolve(seed) : source;
  if (!lab.ok) throw new Error(`${id}: ${JSON.stringify(lab.error)}`);
  return lab.value;
}

function record(id: string, n: number): RecordedLog {
  const random = new RandomStream(n, "typist");
  const seed = random.between(1, 1000);
  const started = Session.start(resolve(id, seed));
  if (!started.ok) throw new Error(started.error);
  const session = started.value;
  const nodes = [...session.network.machines.keys()];
  const own = [...session.network.machines.values()].flatMap((m) => m.kernel.initNetns.rtnl.addrs().filter((a) => a.ifindex > 1).map((a) => [a.local >>> 24, (a.local >>> 16) & 255, (a.local >>> 8) & 255, a.local & 255].join(".")));
  const apply = (...entry: unknown[]): void => void session.apply([session.stamp(), ...entry] as LogEntry);
  // A ring without spanning tree is a storm from its first broadcast: a little of it is enough.
  const pace = id === "switch-ring" ? 0.02 : 1;
  const pass = (seconds: number): void => void session.advance(session.now + Math.round(seconds * pace * 1e9), 300_000);
  const open = new Set<string>();
  const steps = random.between(8, 24);
  for (let i = 0; i < steps; i++) {
    const node = random.pick(nodes);
    if (!open.has(node)) {
      apply("open", node, node, random.pick([80, 132]), 24);
      open.add(node);
      pass(0.1);
    }
    const line = random.pick(LINES).replace("ADDR", random.pick([...own, ...ADDRESSES]));
    const kind = random.below(10);
    if (kind === 0) apply("cut", random.below(session.network.cables.length));
    else if (kind === 1) apply("restore", random.below(session.network.cables.length));
    else if (kind === 2) {
      apply("key", node, "\x1b[A\r");
      pass(0.01);
      apply("key", node, "\x03");
    }
    else if (kind === 3) {
      for (const c of line.slice(0, random.between(1, 6))) {
        apply("key", node, c);
        pass(0.05);
      }
      apply("key", node, "\t\t");
      pass(0.2);
      apply("key", node, "\x03");
    } else apply("key", node, `${line}\r`);
    const endless = /while|yes|ping [^-]|tcpdump -nn -e|sleep|unclosed/.test(line);
    pass(random.below(endless ? 30 : 3000) / 1000);
    if (endless) {
      apply("key", node, "\x03");
      pass(0.2);
    }
  }
  pass(2);
  apply("end");
  return { lab: id, seed, log: [...session.log] };
}

const count = Number(process.argv[2] ?? 200);
const ids = readdirSync(LABS).filter((id) => id !== "fig-ring").sort();
const logs = Array.from({ length: count }, (_, n) => record(ids[n % ids.length]!, n + 1));
mkdirSync(OUT, { recursive: true });
writeFileSync(`${OUT}logs.json`, `[\n${logs.map((l) => JSON.stringify(l)).join(",\n")}\n]\n`);
console.log(`${logs.length} logs, ${logs.reduce((a, l) => a + l.log.length, 0)} entries`);
