/** Workloads of the lab core: from a lab's files to the first reply, and the replay of an hour of typing. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadLab, type ResolvedLab } from "../../src/lab/load.ts";
import { replay, Session } from "../../src/lab/session.ts";
import { Typist } from "../../src/lab/typist.ts";
import { cpuSince, type Figure, round } from "./workloads.ts";

const LABS = fileURLToPath(new URL("../../labs/", import.meta.url));

function files(id: string): Map<string, string> {
  return new Map(readdirSync(LABS + id).map((name) => [name, readFileSync(`${LABS}${id}/${name}`, "utf8")]));
}

export function open(id: string, content = files(id)): ResolvedLab {
  const source = loadLab(id, content, { seeds: [1] });
  if (!source.ok) throw new Error(JSON.stringify(source.error));
  const lab = source.value.resolve(1);
  if (!lab.ok) throw new Error(JSON.stringify(lab.error));
  return lab.value;
}

function must<T>(r: { ok: true; value: T } | { ok: false; error: unknown }): T {
  if (!r.ok) throw new Error(JSON.stringify(r.error));
  return r.value;
}

/** The network of W4, as the script of the peers lays it: two hosts and the router between them. */
export const TWO_HOSTS = `version: 1
id: two-hosts
kind: figure
chapter: arp
minutes: 1
nodes:
  h1: { kind: host, at: [0, 0], start: [ip addr add 10.0.1.2/24 dev eth0, ip link set eth0 up, ip route add default via 10.0.1.1] }
  r1: { kind: router, at: [1, 0], start: [ip addr add 10.0.1.1/24 dev eth0, ip addr add 10.0.2.1/24 dev eth1, ip link set eth0 up, ip link set eth1 up] }
  h2: { kind: host, at: [2, 0], start: [ip addr add 10.0.2.2/24 dev eth0, ip link set eth0 up, ip route add default via 10.0.2.1] }
cables:
  - ["h1:eth0", "r1:eth0"]
  - ["h2:eth0", "r1:eth1"]
`;

/** W4: reads and checks a lab's file, builds two hosts and a router, and pings through it. Wall time, this process. */
export function labStart(): Figure {
  const content = new Map([["lab.yaml", TWO_HOSTS]]);
  const cpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  const { network } = must(Session.start(open("two-hosts", content)));
  const line = network.start("h1", "ping -c 1 -W 1 10.0.2.2");
  network.runUntil(network.now + 2e9, () => line.exit !== undefined);
  const wall = Number(process.hrtime.bigint() - from) / 1e6;
  if (line.exit !== 0) throw new Error(`no reply: ${line.stdout}${line.stderr}`);
  return { bench: "w4", wall_ms: round(wall), cpu_s: round(cpuSince(cpu)) };
}

/** An hour in which 300 commands are typed, one every twelve seconds. */
export function labReplay(): Figure {
  const lab = open("fig-lan");
  const session = must(Session.start(lab));
  const typist = new Typist(session);
  const lines: [string, string][] = [
    ["h1", "ping -c 3 -i 0.2 10.0.2.2"], ["h1", "ip neigh"], ["h2", "ip -br addr"], ["s1", "bridge fdb show br br0"], ["r1", "ip route"], ["srv", "ping -c 1 10.0.1.3"], ["h1", "for i in 1 2 3; do echo $i; done | wc -l"], ["h1", "ip neigh flush all"], ["h2", "ping -c 2 10.0.1.2"], ["r1", "ip -s link show eth0"],
  ];
  for (let i = 0; i < 300; i++) {
    const [node, line] = lines[i % lines.length]!;
    const next = session.now + 12e9;
    must(typist.type(node, line));
    if (session.now < next) must(typist.pass(next - session.now));
  }
  const cpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  const again = must(replay(lab, session.log, { until: session.now }));
  const wall = Number(process.hrtime.bigint() - from) / 1e6;
  return { bench: "replay", wall_ms: round(wall), cpu_s: round(cpuSince(cpu)), virtual_s: Math.round(again.now / 1e9), log_entries: session.log.length, events: again.executed };
}
