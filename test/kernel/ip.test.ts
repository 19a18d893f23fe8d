import { describe, expect, test } from "vitest";
import { finish, sumWords } from "../../src/wire/checksum.ts";
import { ip, Lan, must, routed } from "./lan.ts";

describe("forwarding", () => {
  test("a router takes one off the TTL, keeps the IP addresses, changes both MACs, and mends the checksum", () => {
    const lan = routed();
    expect(lan.ping("h1", "10.0.2.2")).toEqual(["reply ttl 63"]);
    const [before] = lan.seen("h1:eth0-r1:eth0", 0x0800);
    const [after] = lan.seen("r1:eth1-h2:eth0", 0x0800);
    expect(after!.slice(26, 34)).toEqual(before!.slice(26, 34));
    expect(after!.slice(0, 12)).not.toEqual(before!.slice(0, 12));
    expect([before![22], after![22]]).toEqual([64, 63]);
    expect(finish(sumWords(after!, 14, 34))).toBe(0);
  });

  test.each([1, 2, 3, 63, 64, 128, 254, 255])("TTL %i: the checksum is right after one hop", (ttl) => {
    const lan = routed();
    const out = lan.ping("h1", "10.0.2.2", { ttl });
    if (ttl === 1) expect(out).toEqual(["icmp 11/0"]);
    else for (const f of lan.seen("r1:eth1-h2:eth0", 0x0800)) expect(finish(sumWords(f, 14, 34))).toBe(0);
  });

  test("a router without route says net unreachable twice in a second, a host says nothing", () => {
    const lan = routed();
    const out = [1, 2, 3].flatMap(() => lan.ping("h1", "172.31.0.1", { wait: 0.2 }));
    expect(out).toEqual(["icmp 3/0", "icmp 3/0"]);
    lan.sysctl("r1", "net.ipv4.ip_forward", "0");
    expect(lan.ping("h1", "10.0.2.2")).toEqual([]);
  });

  test.each([["blackhole", []], ["unreachable", ["icmp 3/1"]], ["prohibit", ["icmp 3/13"]]] as const)("a %s route", (type, answer) => {
    const lan = routed();
    must(lan.node("r1").initNetns.rtnl.routeAdd({ dst: ip("10.9.0.0"), dstLen: 16, type }, "add"));
    expect(lan.ping("h1", "10.9.0.1")).toEqual(answer);
  });

  test("two routers that point at each other end a packet by its TTL", () => {
    const lan = routed();
    lan.address("h2", "eth0", "10.0.2.3/24").sysctl("h2", "net.ipv4.ip_forward", "1").route("r1", "10.77.0.0/16", "10.0.2.2");
    expect(lan.ping("h1", "10.77.0.1", { wait: 1 })).toEqual(["icmp 11/0"]);
    expect(lan.seen("r1:eth1-h2:eth0", 0x0800).filter((f) => f[30] === 10 && f[31] === 77).length).toBeLessThanOrEqual(64);
  });
});

describe("longest prefix match", () => {
  test.each([
    ["10.0.0.1", "eth0"], ["10.1.2.3", "eth1"], ["10.1.9.9", "eth2"], ["10.1.9.1", "eth3"], ["192.0.2.1", "eth4"],
  ])("%s leaves by %s", (dst, dev) => {
    const lan = new Lan();
    for (let i = 0; i < 5; i++) {
      lan.cable(`r:eth${i}`, `x${i}:eth0`);
      lan.address("r", `eth${i}`, `172.16.${i}.1/24`);
    }
    lan.route("r", "10.0.0.0/8", "172.16.0.2").route("r", "10.1.0.0/16", "172.16.1.2").route("r", "10.1.9.0/24", "172.16.2.2").route("r", "10.1.9.1/32", "172.16.3.2").route("r", "default", "172.16.4.2");
    const a = lan.node("r").initNetns.rtnl.routeGet({ dst: ip(dst) });
    expect(a.ok && lan.node("r").initNetns.rtnl.link(a.value.oif)!.name).toBe(dev);
  });
});

describe("size", () => {
  test("too big for the next cable: fragmented, or refused with the MTU when it may not be", () => {
    const lan = routed();
    must(lan.node("r1").initNetns.rtnl.linkSet(lan.dev("r1", "eth1"), { mtu: 1000 }));
    expect(lan.ping("h1", "10.0.2.2", { size: 1400 })).toEqual(["reply ttl 63"]);
    expect(lan.seen("r1:eth1-h2:eth0", 0x0800).filter((f) => f[23] === 1 && f[28] === 1).length).toBe(2);
    expect(lan.ping("h1", "10.0.2.2", { size: 1400, df: true })).toEqual(["icmp 3/4"]);
    const learnt = lan.node("h1").initNetns.rtnl.routeGet({ dst: ip("10.0.2.2") });
    expect(learnt.ok && learnt.value.metrics.mtu).toBe(1000);
    expect(lan.ping("h1", "10.0.2.2", { size: 1400, df: true })).toEqual(["EMSGSIZE"]);
  });

  test("a fragment that never comes ends the reassembly after 30 s, and the sender is told", () => {
    const lan = routed();
    const cable = lan.cables.get("h1:eth0-r1:eth0")!;
    must(lan.node("h1").initNetns.rtnl.linkSet(2, { mtu: 1000 }));
    let count = 0;
    const observer = lan.sim.cableObserver!;
    lan.sim.cableObserver = { frameSent: (c, fromA, skb, s, a) => {
      observer.frameSent(c, fromA, skb, s, a);
      // The second fragment of the request is lost with its cable.
      if (c === cable && fromA && skb.tail - skb.data > 300 && ++count === 1) lan.sim.clock.after(skb.length * 8 + 2_000, () => { cable.setConnected(false); cable.setConnected(true); });
    } };
    lan.ping("h1", "10.0.1.1", { wait: 0.5 });
    count = 0;
    const answers = lan.ping("h1", "10.0.2.2", { size: 1400, wait: 40 });
    expect(answers).toEqual(["icmp 11/1"]);
  });
});

describe("reverse path", () => {
  test.each([["0", 1], ["1", 0], ["2", 1]] as const)("rp_filter=%s on an asymmetric path: %i reply", (mode, replies) => {
    const lan = new Lan();
    lan.cable("h1:eth0", "r1:eth0");
    lan.cable("h1:eth1", "r1:eth1");
    lan.cable("r1:eth2", "h2:eth0");
    lan.address("h1", "eth0", "10.0.1.2/24").address("h1", "eth1", "10.0.3.2/24").address("r1", "eth0", "10.0.1.1/24").address("r1", "eth1", "10.0.3.1/24").address("r1", "eth2", "10.0.2.1/24").address("h2", "eth0", "10.0.2.2/24");
    lan.route("h2", "default", "10.0.2.1").route("h1", "10.0.2.0/24", "10.0.3.1").sysctl("r1", "net.ipv4.ip_forward", "1").sysctl("r1", "net.ipv4.conf.all.rp_filter", mode);
    const s = lan.node("h1").initNetns.udp();
    s.bind(ip("10.0.1.2"), 0);
    const r = lan.node("h2").initNetns.udp();
    r.bind(0, 9);
    s.send(new Uint8Array(1), { addr: ip("10.0.2.2"), port: 9 });
    lan.run(1);
    expect(typeof r.recv() === "string" ? 0 : 1).toBe(replies);
  });
});

test("a redirect names the better gateway; once its address is known the next packet takes it", () => {
  const lan = new Lan();
  for (let i = 1; i <= 3; i++) lan.cable(`n${i}:eth0`, `s1:eth${i}`);
  lan.bridge("s1", ["eth1", "eth2", "eth3"]);
  for (let i = 1; i <= 3; i++) lan.address(`n${i}`, "eth0", `10.0.0.${i}/24`);
  lan.sysctl("n2", "net.ipv4.ip_forward", "1").route("n2", "10.33.0.0/24", "10.0.0.3").route("n1", "10.33.0.0/24", "10.0.0.2").address("n3", "lo", "10.33.0.1/32");
  // The first one makes the host ask for the gateway's address, the second one is believed: route-redirect of the conformance cases.
  for (let i = 0; i < 2; i++) expect(lan.ping("n1", "10.33.0.1")).toEqual(["icmp 5/1", "reply ttl 64"]);
  const a = lan.node("n1").initNetns.rtnl.routeGet({ dst: ip("10.33.0.1") });
  expect(a.ok && a.value).toMatchObject({ via: ip("10.0.0.3"), cache: ["redirected"] });
  lan.frames.length = 0;
  expect(lan.ping("n1", "10.33.0.1", { wait: 1 })).toEqual(["reply ttl 64"]);
  expect(lan.seen("n2:eth0-s1:eth2", 0x0800)).toHaveLength(0);
});

test("UDP to a closed port is answered by ICMP, and a connected socket hears it", () => {
  const lan = routed();
  const s = lan.node("h1").initNetns.udp();
  expect(s.connect(ip("10.0.2.2"), 9)).toBeUndefined();
  expect(s.send(new Uint8Array(3))).toBe(3);
  lan.run(1);
  expect(s.recv()).toBe("ECONNREFUSED");
  expect(s.recv()).toBe("EAGAIN");
});

test("the same seed gives the same frames", () => {
  const bytes = (seed: number): string => {
    const lan = routed(seed);
    lan.ping("h1", "10.0.2.2");
    lan.run(100);
    return lan.frames.map((f) => `${f.cable} ${[...f.bytes].join(" ")}`).join("\n");
  };
  expect(bytes(5)).toBe(bytes(5));
  expect(bytes(5)).not.toBe(bytes(6));
});

test("every decision names its stage and entry; dropped packets name the kernel's reason", () => {
  const lan = routed().trace();
  lan.ping("h1", "10.0.2.2");
  const route = lan.decisions.find((d) => d.node === "r1" && d.stage === "route");
  expect(route).toMatchObject({ verdict: "pass", entry: "10.0.2.0/24 dev eth1" });
  expect(lan.decisions.filter((d) => d.stage === "cable").length).toBe(lan.frames.length);
  lan.decisions.length = 0;
  lan.ping("h1", "10.0.2.77");
  expect(lan.decisions.find((d) => d.node === "r1" && d.verdict === "drop")).toMatchObject({ stage: "neigh", reason: "NEIGH_FAILED" });
});
