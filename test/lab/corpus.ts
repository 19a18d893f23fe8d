/**
 * Sessions made by chance from a seed: several terminals, keys typed while commands run, cables pulled. Needs nothing but the engine,
 * so that a browser can make and replay the same ones: the digests must agree.
 */
import type { ResolvedLab } from "../../src/lab/load.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { replay, type Session, terminalNodes } from "../../src/lab/session.ts";
import { typed } from "../../src/lab/typist.ts";
import { RandomStream } from "../../src/sim/random.ts";

export interface Recorded {
  log: LogEntry[];
  until: number;
}

const LINES = [
  "ip addr", "ip -br link", "ip -s link show", "ip -d link | sed -n 1,9p", "ip route", "ip neigh; ip route", "ip -s -s neigh", "ip neigh flush all", "ip route get ADDR", "bridge fdb show", "bridge link",
  "ping -c 2 -i 0.3 ADDR", "ping -c 1 -W 1 ADDR", "ping -f -c 20 ADDR", "ping ADDR", "arping -c 1 -w 1 -I eth0 ADDR", "traceroute -n ADDR", "tcpdump -nn -e -i any -c 2", "tcpdump -c 3 -nn -i any & sleep 1; kill %1",
  "ip link set eth0 down", "ip link set eth0 up", "ip link add br0 type bridge; ip link set br0 up", "ip link set eth1 master br0; ip link set eth2 master br0", "ip link set br0 type bridge stp_state 1",
  "ip addr add 10.9.9.9/24 dev eth0", "ip addr del 10.9.9.9/24 dev eth0", "ip netns add x; ip netns exec x ip link", "sysctl -w net.ipv4.ip_forward=1", "cat /proc/net/dev",
  "for i in 1 2 3; do echo $i; sleep 0.2; done", "sleep 3 & wait", "ls / | head -5 > /tmp/x; wc /tmp/x", "ls -l /etc | head -3", "cat /etc/hostname | tr a-z A-Z", "echo $((RANDOM % 7)) | sort", "yes | head -100 | md5sum", "seq 1 50 | grep 7 | tr 7 x",
  "while :; do date; sleep 1; done", "history | tail -3", "f() { echo $1; }; f x", "nosuchcommand", "echo 'unclosed", "date | awk '{ print $4 }'",
];
const KEYS = ["\t", "\t\t", "\u001b[A\r", "\u0012ip\r", "\u0015", "\u0004"];
/** A storm is soon as long as a day of typing: a session ends early when so much has happened. */
const MAX_EVENTS = 20_000;

/** IPv4 addresses that are there, and one that is not. */
function addresses(s: Session): string[] {
  const there = [...s.network.machines.values()].flatMap((m) => m.kernel.initNetns.rtnl.addrs().map((a) => a.local));
  return [...there.map((a) => [a >>> 24, (a >>> 16) & 255, (a >>> 8) & 255, a & 255].join(".")), "10.0.0.77"];
}

/** @param solved: begins with the lab's solution, when it came with one, so that there is a network to work in. */
export function recordSession(resolved: ResolvedLab, seed: number, o: { acts?: number; solved?: boolean } = {}): Recorded {
  const made = typed(resolved, o.solved === false ? [] : (resolved.solution ?? []));
  if (!made.ok) throw new Error(made.error);
  const s = made.value;
  const chance = new RandomStream(seed, "typing");
  const nodes = terminalNodes(resolved);
  const hosts = addresses(s);
  const most = s.executed + MAX_EVENTS;
  const pass = (time: number): void => void s.advance(s.now + time, 5_000);
  const key = (node: string, keys: string): void => void s.apply([s.stamp(), "key", node, keys]);
  for (let i = 0; i < (o.acts ?? 40) && s.executed < most; i++) {
    pass(chance.below(800_000_000));
    const node = chance.pick(nodes);
    if (!s.terminals.has(node)) s.apply([s.stamp(), "open", node, node, 80, 24]);
    const what = chance.below(20);
    const cable = chance.below(s.network.cables.length);
    if (what <= 1) key(node, "\u0003");
    else if (what === 2) s.apply([s.stamp(), "size", node, 60 + chance.below(60), 24]);
    else if (what === 3) s.apply([s.stamp(), s.network.cables[cable]!.connected ? "cut" : "restore", cable]);
    else if (what <= 5) key(node, chance.pick(KEYS));
    else {
      const line = chance.pick(LINES).replace("ADDR", chance.pick(hosts));
      for (const c of chance.below(4) !== 0 ? [`${line}\r`] : `${line}\r`) {
        pass(chance.below(40_000_000));
        key(node, c);
      }
    }
  }
  return { log: [...s.log], until: s.now };
}

/** Of a replay, in slices of so many events; or why it could not be replayed. */
export function digestOf(resolved: ResolvedLab, { log, until }: Recorded, slice = Number.POSITIVE_INFINITY, student = ""): string {
  const r = replay(resolved, log, { digest: true, until, slice });
  return r.ok ? r.value.digest(student) : r.error.because;
}
