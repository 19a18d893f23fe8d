/** Bonds: who sends, what happens when a link goes, and LACP. */
import { expect, test } from "vitest";
import type { LinkAttrsSpec } from "../../src/kernel/api.ts";
import { formatMac } from "../../src/wire/ethernet.ts";
import { Lan, must } from "./lan.ts";

type Spec = NonNullable<LinkAttrsSpec["bond"]>;

/** Two cables between h1 and h2, a bond at each end. */
function pair(a: Spec, b: Spec = a): Lan {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  lan.cable("h1:eth1", "h2:eth1");
  for (const [i, bond] of [a, b].entries()) {
    const node = `h${i + 1}`;
    const { rtnl } = lan.node(node).initNetns;
    must(rtnl.linkAdd({ kind: "bond", name: "bond0", attrs: { bond } }));
    for (const dev of ["eth0", "eth1"]) {
      must(rtnl.linkSet(lan.dev(node, dev), { up: false }));
      must(rtnl.linkSet(lan.dev(node, dev), { master: lan.dev(node, "bond0") }));
    }
    must(rtnl.linkSet(lan.dev(node, "bond0"), { up: true }));
    lan.address(node, "bond0", `10.0.0.${i + 1}/24`);
  }
  return lan.run(6);
}

const link = (lan: Lan, node: string, name: string) => lan.node(node).initNetns.rtnl.link(name)!;

test("active-backup sends by one, and by the other when that is gone", () => {
  const lan = pair({ mode: "active-backup", miimon: 100 });
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  expect(lan.frames.filter((f) => f.cable.startsWith("h1:eth1") && f.fromA)).toEqual([]);
  lan.cables.get("h1:eth0-h2:eth0")!.setConnected(false);
  lan.run(1);
  expect(link(lan, "h1", "bond0").attrs!.bond!.activeSlave).toBe(lan.dev("h1", "eth1"));
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  expect(link(lan, "h1", "eth0").attrs!.bondSlave).toMatchObject({ mii: "DOWN", linkFailures: 1, state: "BACKUP" });
  lan.cables.get("h1:eth1-h2:eth1")!.setConnected(false);
  lan.run(2);
  expect([link(lan, "h1", "bond0").carrier, link(lan, "h1", "bond0").operstate]).toEqual([false, "DOWN"]);
});

test("slaves have the bond's address, and their own back when they leave", () => {
  const lan = pair({ mode: "active-backup", miimon: 100 });
  const own = [1, 3].map((n) => `02:00:00:00:00:0${n}`);
  expect(["bond0", "eth0", "eth1"].map((n) => formatMac(link(lan, "h1", n).lladdr))).toEqual([own[0], own[0], own[0]]);
  must(lan.node("h1").initNetns.rtnl.linkSet(lan.dev("h1", "eth1"), { master: 0 }));
  expect([formatMac(link(lan, "h1", "eth1").lladdr), link(lan, "h1", "eth1").flags & 0x801]).toEqual([own[1], 0]);
});

test.each(["layer2", "layer3+4"] as const)("balance-xor with %s keeps a flow on one cable", (xmitHashPolicy) => {
  const lan = pair({ mode: "balance-xor", miimon: 100, xmitHashPolicy });
  for (let i = 0; i < 3; i++) expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  const sent = lan.frames.filter((f) => f.fromA && f.bytes[12] === 8 && f.bytes[13] === 0).map((f) => f.cable);
  expect(new Set(sent).size).toBe(1);
});

test("balance-rr takes turns", () => {
  const lan = pair({ mode: "balance-rr", miimon: 100 });
  for (let i = 0; i < 4; i++) lan.ping("h1", "10.0.0.2");
  const sent = lan.frames.filter((f) => f.fromA && f.bytes[12] === 8 && f.bytes[13] === 0).map((f) => f.cable);
  expect(new Set(sent).size).toBe(2);
});

test("802.3ad: both ports in one aggregator, all six state bits; a link that goes leaves it", () => {
  const lan = pair({ mode: "802.3ad", lacpRate: "fast" });
  const ad = (node: string) => link(lan, node, "bond0").attrs!.bond!.ad!;
  expect([ad("h1").ports, ad("h1").aggregator, formatMac(ad("h1").partnerMac)]).toEqual([2, 1, formatMac(link(lan, "h2", "bond0").lladdr)]);
  for (const dev of ["eth0", "eth1"]) expect(link(lan, "h1", dev).attrs!.bondSlave).toMatchObject({ aggregator: 1, actorState: 63, partnerState: 63, state: "ACTIVE" });
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  lan.cables.get("h1:eth1-h2:eth1")!.setConnected(false);
  lan.run(2);
  expect(ad("h1").ports).toBe(1);
  expect(lan.ping("h1", "10.0.0.2")).toEqual(["reply ttl 64"]);
  lan.cables.get("h1:eth1-h2:eth1")!.setConnected(true);
  lan.run(8);
  expect(ad("h2").ports).toBe(2);
});

test("802.3ad against two machines: only one of them carries the bond", () => {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  lan.cable("h1:eth1", "h3:eth0");
  for (const [node, devs] of [["h1", ["eth0", "eth1"]], ["h2", ["eth0"]], ["h3", ["eth0"]]] as const) {
    const { rtnl } = lan.node(node).initNetns;
    must(rtnl.linkAdd({ kind: "bond", name: "bond0", attrs: { bond: { mode: "802.3ad", lacpRate: "fast" } } }));
    for (const dev of devs) {
      must(rtnl.linkSet(lan.dev(node, dev), { up: false }));
      must(rtnl.linkSet(lan.dev(node, dev), { master: lan.dev(node, "bond0") }));
    }
    must(rtnl.linkSet(lan.dev(node, "bond0"), { up: true }));
  }
  lan.run(10);
  const slaves = ["eth0", "eth1"].map((d) => link(lan, "h1", d).attrs!.bondSlave!);
  expect(slaves.map((s) => [s.aggregator, s.state])).toEqual([[1, "ACTIVE"], [2, "BACKUP"]]);
});

test("what a bond refuses", () => {
  const lan = pair({ mode: "802.3ad" });
  const { rtnl } = lan.node("h1").initNetns;
  lan.cable("h1:eth2", "h2:eth2");
  const bond = lan.dev("h1", "bond0");
  expect(rtnl.linkSet(lan.dev("h1", "eth2"), { master: bond })).toMatchObject({ ok: false, error: { extack: "Device can not be enslaved while up" } });
  expect(rtnl.linkSet(bond, { attrs: { bond: { mode: "active-backup" } } })).toMatchObject({ ok: false, error: { extack: "unable to set option because the bond device has slaves" } });
});
