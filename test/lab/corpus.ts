/**
 * Sessions made by chance from a seed: several terminals, keys typed while commands run, cables pulled. Needs nothing but the engine,
 * so that a browser can make and replay the same ones: the digests must agree.
 */
import type { ResolvedLab } from "../../src/lab/load.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { replay, terminalNodes } from "../../src/lab/session.ts";
import { typed } from "../../src/lab/typist.ts";
import { RandomStream } from "../../src/sim/random.ts";
import { SECOND } from "../../src/sim/time.ts";

export interface Recorded {
  log: LogEntry[];
  until: number;
}

const LINES = [
  "ip -s link show", "cat /etc/hostname | tr a-z A-Z", "for i in 1 2 3; do echo $i; sleep 0.2; done", "ip neigh; ip route", "bridge fdb show", "sleep 3 & wait", "ping -c 2 10.0.0.9", "ls / | head -5 > /tmp/x; wc /tmp/x",
  "ip addr add 10.0.0.9/32 dev lo; ip -br addr", "tcpdump -c 3 -nn -i any & sleep 1; kill %1", "ip neigh flush all", "ip -d link | sed -n 1,9p", "echo $((RANDOM % 7)) | sort", "arping -c 1 -I eth0 10.0.0.1", "while :; do date; sleep 1; done", "history | tail -3", "ip netns add x; ip netns exec x ip link",
];

/** Begins with the lab's solution, when it came with one, so that there is a network to work in. */
export function recordSession(resolved: ResolvedLab, seed: number, acts = 40): Recorded {
  const made = typed(resolved, resolved.solution ?? []);
  if (!made.ok) throw new Error(made.error);
  const s = made.value;
  const chance = new RandomStream(seed, "typing");
  const nodes = terminalNodes(resolved);
  for (let i = 0; i < acts; i++) {
    s.advance(s.now + chance.below(800_000_000));
    const node = chance.pick(nodes);
    if (!s.terminals.has(node)) s.apply([s.stamp(), "open", node, node, 80, 24]);
    const what = chance.below(20);
    if (what === 0) s.apply([s.stamp(), "key", node, "\u0003"]);
    else if (what === 1) s.apply([s.stamp(), "size", node, 60 + chance.below(60), 24]);
    else if (what === 2) s.apply([s.stamp(), s.network.cables[0]!.connected ? "cut" : "restore", 0]);
    else if (what === 3) s.apply([s.stamp(), "key", node, chance.pick(["\t", "\u001b[A\r", "\u0012ip\r", "\u0015", "\u0004"])]);
    else for (const key of `${chance.pick(LINES)}\r`) {
      s.advance(s.now + chance.below(40_000_000));
      s.apply([s.stamp(), "key", node, key]);
    }
  }
  return { log: [...s.log], until: s.now + SECOND };
}

/** Of a replay, in slices of so many events; or why it could not be replayed. */
export function digestOf(resolved: ResolvedLab, { log, until }: Recorded, slice = Number.POSITIVE_INFINITY, student = ""): string {
  const r = replay(resolved, log, { digest: true, until, slice });
  return r.ok ? r.value.digest(student) : r.error.because;
}
