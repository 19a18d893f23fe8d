/** IPIP and GRE tunnels. */
import { expect, test } from "vitest";
import { getU16, getU32 } from "../../src/base/bytes.ts";
import type { LinkAttrsSpec } from "../../src/kernel/api.ts";
import { ip, Lan, must } from "./lan.ts";

type Spec = NonNullable<LinkAttrsSpec["tunnel"]>;
type Kind = "ipip" | "gre" | "gretap";

function pair(kind: Kind, a: Spec = {}, b: Spec = a): Lan {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  lan.address("h1", "eth0", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
  for (const [i, spec] of [a, b].entries()) {
    const node = `h${i + 1}`;
    const { rtnl } = lan.node(node).initNetns;
    must(rtnl.linkAdd({ kind, name: "t0", attrs: { tunnel: { local: ip(`10.0.0.${i + 1}`), remote: ip(`10.0.0.${2 - i}`), ...spec } } }));
    must(rtnl.linkSet(lan.dev(node, "t0"), { up: true }));
    lan.address(node, "t0", `10.9.0.${i + 1}/24`);
  }
  return lan;
}

test.each([["ipip", 4, 1480], ["gre", 47, 1476], ["gretap", 47, 1462]] as const)("%s: protocol %i, MTU %i", (kind, protocol, mtu) => {
  const lan = pair(kind);
  expect(lan.ping("h1", "10.9.0.2")).toEqual(["reply ttl 64"]);
  const outer = lan.seen("h1:eth0-h2:eth0", 0x0800).filter((b) => b[23] === protocol);
  expect(outer.length).toBe(kind === "gretap" ? 4 : 2); // ARP goes through a GRETAP too
  const l = lan.node("h1").initNetns.rtnl.link("t0")!;
  expect([l.mtu, l.operstate]).toEqual([mtu, "UNKNOWN"]);
  if (kind !== "gretap") expect(l.stats).toMatchObject({ txPackets: 1, txBytes: 84, rxPackets: 1, rxBytes: 84 });
});

test("keys, checksums and numbers of GRE are in the header, and are asked for", () => {
  const lan = pair("gre", { ikey: 7, okey: 7, icsum: true, ocsum: true, iseq: true, oseq: true });
  expect([lan.ping("h1", "10.9.0.2"), lan.ping("h1", "10.9.0.2")]).toEqual([["reply ttl 64"], ["reply ttl 64"]]);
  const outer = lan.seen("h1:eth0-h2:eth0", 0x0800).filter((b) => b[23] === 47);
  expect(outer.map((b) => [getU16(b, 34), getU32(b, 42), getU32(b, 46)])).toEqual([[0xb000, 7, 0], [0xb000, 7, 0], [0xb000, 7, 1], [0xb000, 7, 1]]);
});

test("another key is nobody's: the sender is told so", () => {
  const lan = pair("gre", { ikey: 7, okey: 7 }, { ikey: 8, okey: 8 }).trace();
  lan.ping("h1", "10.9.0.2");
  expect(lan.decisions.find((d) => d.node === "h2" && d.stage === "tunnel" && d.verdict === "drop")).toMatchObject({ entry: "no tunnel from 10.0.0.1 with key 7" });
});

test("without a remote the tunnel leads to the packet's next hop", () => {
  const lan = pair("ipip", { remote: 0 });
  for (const [node, other] of [["h1", 2], ["h2", 1]] as const) {
    const { rtnl } = lan.node(node).initNetns;
    must(rtnl.addrAdd({ ifindex: lan.dev(node, "t0"), local: ip(`10.7.${3 - other}.1`), prefixLen: 32 }, "add"));
    must(rtnl.routeAdd({ dst: ip(`10.7.${other}.0`), dstLen: 24, prefsrc: ip(`10.7.${3 - other}.1`), nexthops: [{ via: ip(`10.0.0.${other}`), ifindex: lan.dev(node, "t0"), onlink: true }] }, "add"));
  }
  expect(lan.ping("h1", "10.7.2.1")).toEqual(["reply ttl 64"]);
});

test("a packet that does not fit and may not be cut: the sender hears the tunnel's MTU", () => {
  const lan = pair("ipip");
  must(lan.node("h1").initNetns.rtnl.linkSet(lan.dev("h1", "t0"), { mtu: 1500 }));
  expect(lan.ping("h1", "10.9.0.2", { size: 1465, df: true })).toEqual(["icmp 3/4"]);
  expect(lan.ping("h1", "10.9.0.2", { size: 1465 })).toEqual(["reply ttl 64"]);
});

test("two tunnels of a kind between the same ends are refused", () => {
  const lan = pair("gre");
  const { rtnl } = lan.node("h1").initNetns;
  const ends = { local: ip("10.0.0.1"), remote: ip("10.0.0.2") };
  expect(rtnl.linkAdd({ kind: "gre", name: "t1", attrs: { tunnel: ends } })).toMatchObject({ ok: false, error: { errno: "EEXIST" } });
  must(rtnl.linkAdd({ kind: "gre", name: "t1", attrs: { tunnel: { ...ends, ikey: 5, okey: 5 } } }));
  must(rtnl.linkAdd({ kind: "ipip", name: "t2", attrs: { tunnel: ends } }));
  expect(rtnl.linkAdd({ kind: "ipip", name: "t3", attrs: { tunnel: { ttl: 5, pmtudisc: false } } })).toMatchObject({ ok: false, error: { errno: "EINVAL" } });
});
