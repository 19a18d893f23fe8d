/** 802.1Q sub-interfaces, and bridges that filter by VLAN. */
import { expect, test } from "vitest";
import { formatMac } from "../../src/wire/ethernet.ts";
import { Lan, must } from "./lan.ts";

const tagOf = (b: Uint8Array): string => (b[12] === 0x81 && b[13] === 0 ? `q${((b[14]! & 15) << 8) | b[15]!}` : b[12] === 0x88 && b[13] === 0xa8 ? `ad${((b[14]! & 15) << 8) | b[15]!}` : "-");

function addVlan(lan: Lan, node: string, link: string, name: string, id: number, protocol = 0x8100): void {
  const { rtnl } = lan.node(node).initNetns;
  const made = rtnl.linkAdd({ kind: "vlan", name, link: lan.dev(node, link), attrs: { vlan: { id, protocol } } });
  must(made);
  must(rtnl.linkSet(lan.dev(node, name), { up: true }));
}

test("frames of a sub-interface carry its tag, in both directions", () => {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  for (const [n, a] of [["h1", "10.0.0.1/24"], ["h2", "10.0.0.2/24"]] as const) {
    addVlan(lan, n, "eth0", "eth0.10", 10);
    lan.address(n, "eth0.10", a);
  }
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  expect(lan.frames.map((f) => tagOf(f.bytes))).toEqual(["q10", "q10", "q10", "q10"]);
  const l = lan.node("h1").initNetns.rtnl.link("eth0.10")!;
  expect(l.stats).toMatchObject({ txPackets: 2, txBytes: 42 + 98, rxPackets: 2, rxBytes: 28 + 84 });
});

test("two tags, one in the other", () => {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  for (const [n, a] of [["h1", "10.0.0.1/24"], ["h2", "10.0.0.2/24"]] as const) {
    addVlan(lan, n, "eth0", "outer", 100, 0x88a8);
    addVlan(lan, n, "outer", "inner", 7);
    lan.address(n, "inner", a);
  }
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  const b = lan.frames[0]!.bytes;
  expect([tagOf(b), (b[16]! << 8) | b[17]!, b[19]]).toEqual(["ad100", 0x8100, 7]);
});

test("a tag that no sub-interface has is nobody's, and the reason says which", () => {
  const lan = new Lan().trace();
  lan.cable("h1:eth0", "h2:eth0");
  addVlan(lan, "h1", "eth0", "eth0.20", 20);
  lan.address("h1", "eth0.20", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
  lan.ping("h1", "10.0.0.2");
  expect(lan.decisions.find((d) => d.node === "h2" && d.verdict === "drop")).toMatchObject({ reason: "OTHERHOST", entry: "no sub-interface for VLAN 20" });
});

test("sub-interfaces follow the device below: state, MTU, address, end", () => {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  addVlan(lan, "h1", "eth0", "eth0.10", 10);
  const { rtnl } = lan.node("h1").initNetns;
  const eth0 = lan.dev("h1", "eth0");
  const sub = () => rtnl.link("eth0.10")!;
  expect(rtnl.linkSet(sub().ifindex, { mtu: 1501 })).toMatchObject({ ok: false, error: { errno: "ERANGE" } });
  must(rtnl.linkSet(eth0, { mtu: 1400 }));
  expect(sub().mtu).toBe(1400);
  must(rtnl.linkSet(eth0, { lladdr: new Uint8Array([2, 9, 9, 9, 9, 9]) }));
  expect(formatMac(sub().lladdr)).toBe("02:09:09:09:09:09");
  must(rtnl.linkSet(eth0, { up: false }));
  expect(sub().flags & 1).toBe(0);
  expect(rtnl.linkSet(sub().ifindex, { up: true })).toMatchObject({ ok: false, error: { errno: "ENETDOWN" } });
  must(rtnl.linkSet(eth0, { up: true }));
  expect([sub().flags & 1, sub().operstate]).toEqual([1, "UP"]);
});

test.each([
  [{ id: 4095 }, "eth0", "ERANGE", "8021q: Invalid VLAN id"],
  [{}, "eth0", "EINVAL", "8021q: VLAN id not specified"],
  [{ id: 5 }, undefined, "EINVAL", "8021q: link not specified"],
  [{ id: 10 }, "eth0", "EEXIST", "8021q: VLAN device already exists"],
  [{ id: 10 }, "lo", "EOPNOTSUPP", "8021q: VLANs not supported on device"],
])("%j on %s is refused: %s", (vlan, link, errno, extack) => {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  addVlan(lan, "h1", "eth0", "eth0.10", 10);
  const made = lan.node("h1").initNetns.rtnl.linkAdd({ kind: "vlan", name: "x", attrs: { vlan }, ...(link === undefined ? {} : { link: lan.dev("h1", link) }) });
  expect(made).toEqual({ ok: false, error: { errno, extack } });
});

/** h1 and h2 are access ports of VLANs 10 and 20, h3 too of 10; all on one switch. */
function accessPorts(): Lan {
  const lan = new Lan();
  for (const [i, h] of ["h1", "h2", "h3"].entries()) {
    lan.cable(`${h}:eth0`, `s1:p${i + 1}`);
    lan.address(h, "eth0", `10.0.0.${i + 1}/24`);
  }
  lan.bridge("s1", ["p1", "p2", "p3"], { bridge: { vlanFiltering: 1 } });
  const { rtnl } = lan.node("s1").initNetns;
  for (const [port, vid] of [["p1", 10], ["p2", 20], ["p3", 10]] as const) {
    const o = { first: vid, last: vid, pvid: true, untagged: true, self: false, master: false };
    must(rtnl.vlanChange(lan.dev("s1", port), { add: true, ...o }));
    must(rtnl.vlanChange(lan.dev("s1", port), { add: false, ...o, first: 1, last: 1 }));
  }
  return lan;
}

test("ports of one VLAN hear each other, and no one else", () => {
  const lan = accessPorts().trace();
  expect(lan.ping("h1", "10.0.0.3")).toEqual(["reply ttl 64"]);
  expect(lan.frames.filter((f) => f.cable.startsWith("h2") && !f.fromA)).toEqual([]);
  expect(lan.decisions.find((d) => d.verdict === "flood")?.lost).toContainEqual({ entry: "p2", why: "other-vlan" });
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["icmp 3/1"]);
  expect(lan.frames.every((f) => tagOf(f.bytes) === "-")).toBe(true);
  const learnt = lan.node("s1").initNetns.rtnl.fdb().filter((e) => e.state === "dynamic").map((e) => e.vlan);
  expect(learnt).toEqual([10, 10]);
});

test("a frame whose VLAN the port is not in stays outside, and the reason says so", () => {
  const lan = accessPorts().trace();
  addVlan(lan, "h1", "eth0", "eth0.20", 20);
  lan.address("h1", "eth0.20", "10.9.0.1/24");
  lan.ping("h1", "10.9.0.2");
  expect(lan.decisions.find((d) => d.node === "s1" && d.verdict === "drop")).toMatchObject({ stage: "vlan", entry: "VLAN 20 is not allowed on p1" });
});

test("the default VLAN of a bridge moves with its untouched ports", () => {
  const lan = new Lan();
  lan.cable("h1:eth0", "s1:p1");
  lan.cable("h2:eth0", "s1:p2");
  const br = lan.bridge("s1", ["p1", "p2"]);
  const { rtnl } = lan.node("s1").initNetns;
  const vlans = (name: string): string => rtnl.link(name)!.vlans!.map((v) => `${v.vid}${v.pvid ? "P" : ""}${v.untagged ? "U" : ""}`).join(" ");
  must(rtnl.vlanChange(lan.dev("s1", "p2"), { add: true, first: 5, last: 6, pvid: false, untagged: false, self: false, master: false }));
  expect([vlans("p1"), vlans("p2"), vlans("br0")]).toEqual(["1PU", "1PU 5 6", "1PU"]);
  must(rtnl.linkSet(br, { bridge: { vlanDefaultPvid: 5 } }));
  expect([vlans("p1"), vlans("p2"), vlans("br0")]).toEqual(["5PU", "1PU 5 6", "5PU"]);
  expect(rtnl.vlanChange(br, { add: true, first: 7, last: 7, pvid: false, untagged: false, self: false, master: false })).toMatchObject({ ok: false, error: { errno: "EOPNOTSUPP" } });
  expect(rtnl.vlanChange(br, { add: true, first: 4095, last: 4095, pvid: false, untagged: false, self: true, master: false })).toMatchObject({ ok: false, error: { extack: "bridge: Vlan id is invalid" } });
});
