import { describe, expect, test } from "vitest";
import { type NudEvent, nudNext } from "../../src/kernel/neigh.ts";
import type { NudState } from "../../src/kernel/api.ts";
import { ip, Lan, mac, must, switched } from "./lan.ts";

const ARP = 0x0806;

const TRANSITIONS: readonly (readonly [NudState, NudEvent, number, NudState, string])[] = [
  ["NONE", "tx", 3, "INCOMPLETE", "the first packet asks"],
  ["INCOMPLETE", "timer", 1, "INCOMPLETE", "a second may be asked"],
  ["INCOMPLETE", "timer", 0, "FAILED", "mcast_solicit requests went unanswered"],
  ["INCOMPLETE", "confirm", 2, "REACHABLE", "the reply came"],
  ["REACHABLE", "timer", 3, "STALE", "reachable time is over"],
  ["REACHABLE", "timer, used lately", 3, "DELAY", "reachable time is over, and packets still go out"],
  ["STALE", "tx", 3, "DELAY", "a packet used the old lladdr"],
  ["DELAY", "timer", 3, "PROBE", "nobody confirmed it"],
  ["DELAY", "timer, confirmed lately", 3, "REACHABLE", "somebody confirmed it"],
  ["PROBE", "confirm", 1, "REACHABLE", "it still answers"],
  ["PROBE", "timer", 0, "FAILED", "ucast_solicit probes went unanswered"],
  ["FAILED", "tx", 3, "INCOMPLETE", "the next packet asks again"],
  ["PERMANENT", "timer", 0, "PERMANENT", "nothing moves it"],
];

test.each(TRANSITIONS)("NUD %s + %s (%i left) -> %s: %s", (from, event, left, to) => expect(nudNext(from, event, left)).toBe(to));

function pair(): Lan {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  return lan.address("h1", "eth0", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
}

describe("resolution", () => {
  test("the first packet waits for one request and one reply", () => {
    const lan = pair();
    expect(lan.ping("h1", "10.0.0.2", { wait: 0.1 })).toEqual(["reply ttl 64"]);
    expect(lan.seen("h1:eth0-h2:eth0", ARP)).toHaveLength(2);
    expect(lan.neigh("h1", "10.0.0.2")?.state).toBe("REACHABLE");
  });

  test("who is asked learns the asker as STALE, and uses it", () => {
    const lan = pair();
    lan.ping("h1", "10.0.0.2", { wait: 0.1 });
    expect(lan.neigh("h2", "10.0.0.1")?.state).toBe("DELAY");
  });

  test("an unanswered request ends FAILED after 3 tries one second apart, and the waiting packet comes back as host unreachable", () => {
    const lan = pair();
    expect(lan.ping("h1", "10.0.0.9", { wait: 2.9 })).toEqual([]);
    expect(lan.neigh("h1", "10.0.0.9")?.state).toBe("INCOMPLETE");
    expect(lan.seen("h1:eth0-h2:eth0", ARP)).toHaveLength(3);
    const other = pair();
    expect(other.ping("h1", "10.0.0.9", { wait: 3.1 })).toEqual(["icmp 3/1"]);
    expect(other.neigh("h1", "10.0.0.9")).toMatchObject({ state: "FAILED" });
    expect(other.neigh("h1", "10.0.0.9")?.lladdr).toBeUndefined();
  });

  test("REACHABLE goes STALE within 15 to 45 s and is checked by unicast 5 s after it is used", () => {
    const lan = pair();
    lan.ping("h1", "10.0.0.2", { wait: 0.1 });
    lan.run(50);
    expect(lan.neigh("h1", "10.0.0.2")?.state).toBe("STALE");
    lan.frames.length = 0;
    lan.ping("h1", "10.0.0.2", { wait: 0.1 });
    expect(lan.neigh("h1", "10.0.0.2")?.state).toBe("DELAY");
    lan.run(5.1);
    expect(lan.neigh("h1", "10.0.0.2")?.state).toBe("REACHABLE");
    const requests = lan.seen("h1:eth0-h2:eth0", ARP).filter((f) => f[21] === 1 && f[11] === 1);
    expect(requests.map((f) => f[0])).toEqual([2]); // to 02:..., not to ff:...
  });

  test("a permanent entry is used without asking, even when it is wrong", () => {
    const lan = pair();
    must(lan.node("h1").initNetns.rtnl.neighAdd({ ifindex: 2, dst: ip("10.0.0.2"), lladdr: mac("02:00:00:00:00:77"), state: "PERMANENT" }, "add"));
    expect(lan.ping("h1", "10.0.0.2")).toEqual([]);
    expect(lan.seen("h1:eth0-h2:eth0", ARP)).toHaveLength(0);
  });
});

describe("gratuitous ARP", () => {
  test("corrects an entry, makes none, unless arp_accept says so", () => {
    const lan = switched(3);
    lan.ping("h1", "10.0.0.3", { wait: 0.1 });
    lan.run(2);
    const announce = (): void => lan.node("h2").initNetns.arp.send(1, lan.node("h2").initNetns.deviceByName("eth0")!, ip("10.0.0.3"), ip("10.0.0.3"), mac("ff:ff:ff:ff:ff:ff"), undefined);
    announce();
    lan.run(0.1);
    expect([...(lan.neigh("h1", "10.0.0.3")?.lladdr ?? [])]).toEqual([...lan.node("h2").initNetns.deviceByName("eth0")!.addr]);
    lan.node("h1").initNetns.neigh.flushDevice(lan.node("h1").initNetns.deviceByName("eth0")!, false);
    announce();
    lan.run(0.1);
    expect(lan.neigh("h1", "10.0.0.3")).toBeUndefined();
    lan.sysctl("h1", "net.ipv4.conf.all.arp_accept", "1");
    announce();
    lan.run(0.1);
    expect(lan.neigh("h1", "10.0.0.3")?.state).toBe("STALE");
  });
});

test("proxy ARP answers for what it can forward, after a delay below 0.8 s", () => {
  const lan = new Lan();
  lan.cable("h1:eth0", "r1:eth0");
  lan.cable("r1:eth1", "h2:eth0");
  lan.address("h1", "eth0", "10.0.1.2/16").address("r1", "eth0", "10.0.1.1/24").address("r1", "eth1", "10.0.2.1/24").address("h2", "eth0", "10.0.2.2/24");
  lan.route("h2", "default", "10.0.2.1").sysctl("r1", "net.ipv4.ip_forward", "1");
  expect(lan.ping("h1", "10.0.2.2")).toEqual(["icmp 3/1"]);
  lan.sysctl("r1", "net.ipv4.conf.eth0.proxy_arp", "1");
  expect(lan.ping("h1", "10.0.2.2", { wait: 0.9 })).toEqual(["reply ttl 63"]);
});

test("the table is full at gc_thresh3", () => {
  const lan = pair();
  lan.sysctl("h1", "net.ipv4.neigh.default.gc_thresh3", "4").sysctl("h1", "net.ipv4.neigh.default.gc_thresh1", "4");
  const s = lan.node("h1").initNetns.udp();
  for (let i = 10; i < 20; i++) s.send(new Uint8Array(1), { addr: ip(`10.0.0.${i}`), port: 9 });
  expect(lan.node("h1").initNetns.rtnl.neighs()).toHaveLength(4);
});
