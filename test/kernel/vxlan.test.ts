/** VXLAN: what goes into a tunnel, what comes out, and which machine a frame goes to. */
import { expect, test } from "vitest";
import type { LinkAttrsSpec } from "../../src/kernel/api.ts";
import { getU16 } from "../../src/base/bytes.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../src/wire/checksum.ts";
import { formatIpv4 } from "../../src/wire/ipv4.ts";
import { ip, Lan, mac, must } from "./lan.ts";

type Spec = NonNullable<LinkAttrsSpec["vxlan"]>;

/** h1 and h2 on one cable, each with a VXLAN device of its own. */
function pair(a: Spec, b: Spec = a): Lan {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  lan.address("h1", "eth0", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
  for (const [i, spec] of [a, b].entries()) {
    const node = `h${i + 1}`;
    const { rtnl } = lan.node(node).initNetns;
    must(rtnl.linkAdd({ kind: "vxlan", name: "vx0", lladdr: new Uint8Array([2, 0xfe, 0, 0, 0, i + 1]), attrs: { vxlan: { id: 42, dstport: 4789, link: lan.dev(node, "eth0"), ...spec } } }));
    must(rtnl.linkSet(lan.dev(node, "vx0"), { up: true }));
    lan.address(node, "vx0", `172.16.0.${i + 1}/24`);
  }
  return lan;
}

const fdb = (lan: Lan, node: string): string[] =>
  lan.node(node).initNetns.rtnl.fdb().filter((e) => e.dst !== undefined).map((e) => `${e.lladdr[5]} ${formatIpv4(e.dst!)} ${e.state}`);

test("a ping crosses the tunnel; both sides learn", () => {
  const lan = pair({ remote: ip("10.0.0.2") }, { remote: ip("10.0.0.1") });
  expect(lan.ping("h1", "172.16.0.2")).toEqual(["reply ttl 64"]);
  expect(fdb(lan, "h1")).toEqual(["0 10.0.0.2 permanent", "2 10.0.0.2 dynamic"]);
  const l = lan.node("h1").initNetns.rtnl.link("vx0")!;
  expect(l).toMatchObject({ mtu: 1450, operstate: "UNKNOWN", stats: { txPackets: 2, txBytes: 28 + 84, rxPackets: 2, rxBytes: 28 + 84 } });
});

test("the outer packet: ports, VNI, checksum, TTL, no DF", () => {
  const lan = pair({ remote: ip("10.0.0.2") }, { remote: ip("10.0.0.1") });
  lan.ping("h1", "172.16.0.2");
  const udp = lan.seen("h1:eth0-h2:eth0", 0x0800).filter((b) => b[23] === 17);
  expect(udp.length).toBe(4);
  const sports = udp.map((b) => getU16(b, 34));
  expect(sports[0]).toBe(sports[1]); // ARP both ways
  expect(sports[2]).toBe(sports[3]); // ICMP both ways
  for (const b of udp) {
    expect([getU16(b, 36), b[22], getU16(b, 20) & 0x4000, b[42], (b[46]! << 16) | (b[47]! << 8) | b[48]!]).toEqual([4789, 64, 0, 8, 42]);
    expect(getU16(b, 40)).not.toBe(0);
    const src = ((b[26]! << 24) | (b[27]! << 16) | (b[28]! << 8) | b[29]!) >>> 0;
    const dst = ((b[30]! << 24) | (b[31]! << 16) | (b[32]! << 8) | b[33]!) >>> 0;
    expect(finish(sumWords(b, 34, b.length, pseudoHeaderSum(src, dst, 17, b.length - 34)))).toBe(0);
  }
});

test("noudpcsum leaves the checksum out; ttl, tos and df are as asked", () => {
  const lan = pair({ remote: ip("10.0.0.2"), udpcsum: false, ttl: 7, tos: 0x20, df: "set" }, { remote: ip("10.0.0.1") });
  expect(lan.ping("h1", "172.16.0.2")).toEqual(["reply ttl 64"]);
  const b = lan.seen("h1:eth0-h2:eth0", 0x0800).find((x) => x[23] === 17)!;
  expect([getU16(b, 40), b[22], b[15], getU16(b, 20) & 0x4000]).toEqual([0, 7, 0x20, 0x4000]);
});

test("another VNI is nobody's, and the reason names it", () => {
  const lan = pair({ remote: ip("10.0.0.2") }, { remote: ip("10.0.0.1"), id: 43 }).trace();
  expect(lan.ping("h1", "172.16.0.2")).toEqual(["icmp 3/1"]);
  expect(lan.decisions.find((d) => d.node === "h2" && d.verdict === "drop")).toMatchObject({ stage: "tunnel", entry: "no VXLAN device with VNI 42" });
});

test("without an entry nothing leaves; several destinations get a copy each", () => {
  const lan = pair({ learning: false }).trace();
  expect(lan.ping("h1", "172.16.0.2")).toEqual(["icmp 3/1"]);
  expect(lan.decisions.find((d) => d.stage === "fdb" && d.verdict === "drop")).toMatchObject({ reason: "NO_TX_TARGET", entry: "no entry for ff:ff:ff:ff:ff:ff dev vx0" });
  for (const [i, node] of ["h1", "h2"].entries()) {
    const { rtnl } = lan.node(node).initNetns;
    const zero = { lladdr: mac("00:00:00:00:00:00"), ifindex: lan.dev(node, "vx0"), master: false, self: true, state: "permanent" } as const;
    must(rtnl.neighAdd({ ifindex: lan.dev(node, "eth0"), dst: ip("10.0.0.77"), lladdr: mac("02:00:00:00:00:77"), state: "PERMANENT" }, "add"));
    must(rtnl.fdbAdd({ ...zero, dst: ip(`10.0.0.${2 - i}`) }, "append"));
    must(rtnl.fdbAdd({ ...zero, dst: ip("10.0.0.77") }, "append"));
    must(rtnl.fdbAdd({ ...zero, dst: ip("10.0.0.77") }, "append"));
    expect(rtnl.fdbAdd({ ...zero, dst: ip("10.0.0.77") }, "add")).toMatchObject({ ok: false, error: { errno: "EEXIST" } });
    expect(rtnl.fdbAdd({ ...zero, dst: ip("10.0.0.77") }, "replace")).toMatchObject({ ok: false, error: { extack: "Cannot replace non-unicast fdb entries" } });
  }
  lan.node("h1").initNetns.rtnl.neighDel({ ifindex: lan.dev("h1", "vx0"), dst: ip("172.16.0.2") });
  expect(lan.ping("h1", "172.16.0.2")).toEqual(["reply ttl 64"]);
  expect(fdb(lan, "h1")).toEqual(["0 10.0.0.2 permanent", "0 10.0.0.77 permanent"]); // nolearning
});

test("learnt entries age, permanent ones do not; going down forgets", () => {
  const lan = pair({ remote: ip("10.0.0.2"), ageing: 30 }, { remote: ip("10.0.0.1") });
  lan.ping("h1", "172.16.0.2");
  lan.run(25);
  expect(fdb(lan, "h1").length).toBe(2);
  lan.run(20);
  expect(fdb(lan, "h1")).toEqual(["0 10.0.0.2 permanent"]);
  expect(fdb(lan, "h2").length).toBe(2);
  must(lan.node("h2").initNetns.rtnl.linkSet(lan.dev("h2", "vx0"), { up: false }));
  expect(fdb(lan, "h2")).toEqual(["0 10.0.0.1 permanent"]);
});

test("a multicast group finds the others, with TTL 1", () => {
  const lan = pair({ remote: ip("239.1.1.1") });
  expect(lan.ping("h1", "172.16.0.2")).toEqual(["reply ttl 64"]);
  const first = lan.seen("h1:eth0-h2:eth0", 0x0800).find((x) => x[23] === 17)!;
  expect([formatIpv4(((first[30]! << 24) | (first[31]! << 16) | (first[32]! << 8) | first[33]!) >>> 0), first[22]]).toEqual(["239.1.1.1", 1]);
});

test("proxy answers ARP from the neighbour table", () => {
  const lan = pair({ remote: ip("10.0.0.2"), proxy: true }, { remote: ip("10.0.0.1"), proxy: true });
  for (const [node, other] of [["h1", 2], ["h2", 1]] as const)
    must(lan.node(node).initNetns.rtnl.neighAdd({ ifindex: lan.dev(node, "vx0"), dst: ip(`172.16.0.${other}`), lladdr: mac(`02:fe:00:00:00:0${other}`), state: "STALE" }, "add"));
  expect(lan.ping("h1", "172.16.0.2", { wait: 9 })).toEqual(["reply ttl 64"]);
  const frames = lan.seen("h1:eth0-h2:eth0", 0x0800).filter((b) => b[23] === 17);
  expect(frames.map((b) => getU16(b, 62))).toEqual([0x0800, 0x0800]);
});

test("two devices of one port share a socket; the port is taken for programs", () => {
  const lan = pair({ remote: ip("10.0.0.2") }, { remote: ip("10.0.0.1") });
  const ns = lan.node("h1").initNetns;
  must(ns.rtnl.linkAdd({ kind: "vxlan", name: "vx1", attrs: { vxlan: { id: 43, dstport: 4789 } } }));
  must(ns.rtnl.linkSet(lan.dev("h1", "vx1"), { up: true }));
  expect(ns.udp().bind(0, 4789)).toBe("EADDRINUSE");
  expect(ns.rtnl.linkAdd({ kind: "vxlan", name: "vx2", attrs: { vxlan: { id: 43, dstport: 4789 } } })).toMatchObject({ ok: false, error: { errno: "EEXIST" } });
  must(ns.rtnl.linkDel(lan.dev("h1", "vx0")));
  expect(ns.udp().bind(0, 4789)).toBe("EADDRINUSE");
  must(ns.rtnl.linkDel(lan.dev("h1", "vx1")));
  expect(ns.udp().bind(0, 4789)).toBeUndefined();
});
