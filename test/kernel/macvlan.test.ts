/** macvlan and ipvlan: more stations, or more machines, on one device. */
import { expect, test } from "vitest";
import type { LinkAttrsSpec, Netns } from "../../src/kernel/api.ts";
import { formatMac } from "../../src/wire/ethernet.ts";
import { ip, Lan, must } from "./lan.ts";

/** A sub-device of h1:eth0 in a namespace of its own, up, with an address. */
function station(lan: Lan, name: string, kind: "macvlan" | "ipvlan", attrs: LinkAttrsSpec, address: string, lladdr?: number): Netns {
  const kernel = lan.node("h1");
  const ns = kernel.createNetns();
  must(ns.rtnl.linkAdd({ kind, name, link: lan.dev("h1", "eth0"), linkNetns: kernel.initNetns, attrs, ...(lladdr === undefined ? {} : { lladdr: new Uint8Array([2, 0xdd, 0, 0, 0, lladdr]) }) }));
  const { ifindex } = ns.rtnl.link(name)!;
  must(ns.rtnl.linkSet(ifindex, { up: true }));
  must(ns.rtnl.addrAdd({ ifindex, local: ip(address), prefixLen: 24 }, "add"));
  return ns;
}

/** One echo request from a namespace. @returns whether it was answered. */
function pings(lan: Lan, ns: Netns, to: string): boolean {
  const s = ns.raw(1);
  const sent = s.send(new Uint8Array([8, 0, 0xf7, 0xff, 0, 0, 0, 0]), ip(to));
  lan.run(4);
  let ok = false;
  for (let r = s.recv(); typeof r !== "string"; r = s.recv()) ok ||= r.data[20] === 0 && r.from === ip(to);
  s.close();
  return typeof sent === "number" && ok;
}

function base(): Lan {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  return lan.address("h1", "eth0", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
}

test.each([["bridge", true], ["private", false], ["vepa", false]] as const)("macvlan mode %s: stations reach each other: %s; the wire always, the parent never", (mode, among) => {
  const lan = base();
  const a = station(lan, "mv", "macvlan", { macvlan: { mode } }, "10.0.0.11", 1);
  const b = station(lan, "mv", "macvlan", { macvlan: { mode } }, "10.0.0.12", 2);
  expect([pings(lan, a, "10.0.0.12"), pings(lan, a, "10.0.0.2"), pings(lan, b, "10.0.0.2"), pings(lan, a, "10.0.0.1")]).toEqual([among, true, true, false]);
});

test("macvlan: addresses and the ends of the device below", () => {
  const lan = base();
  const { rtnl } = lan.node("h1").initNetns;
  const eth0 = lan.dev("h1", "eth0");
  const add = (name: string, mode: "bridge" | "passthru") => rtnl.linkAdd({ kind: "macvlan", name, link: eth0, attrs: { macvlan: { mode } } });
  must(add("a", "bridge"));
  must(add("b", "bridge"));
  const [a, b] = [rtnl.link("a")!, rtnl.link("b")!];
  must(rtnl.linkSet(a.ifindex, { up: true }));
  expect(rtnl.linkSet(b.ifindex, { lladdr: a.lladdr })).toMatchObject({ ok: false, error: { errno: "EADDRINUSE" } });
  expect(rtnl.linkSet(b.ifindex, { mtu: 1501 })).toMatchObject({ ok: false, error: { errno: "EINVAL" } });
  expect(add("c", "passthru")).toMatchObject({ ok: false, error: { errno: "EINVAL" } });
  expect(rtnl.linkAdd({ kind: "ipvlan", name: "i", link: eth0 })).toMatchObject({ ok: false, error: { errno: "EBUSY" } });
  must(rtnl.linkDel(a.ifindex));
  must(rtnl.linkDel(b.ifindex));
  must(add("c", "passthru"));
  expect(formatMac(rtnl.link("c")!.lladdr)).toBe(formatMac(rtnl.link("eth0")!.lladdr));
  expect(rtnl.link("eth0")!.promiscuity).toBe(1);
  must(rtnl.linkDel(lan.dev("h1", "c")));
  expect(rtnl.link("eth0")!.promiscuity).toBe(0);
});

test.each(["l2", "l3"] as const)("ipvlan mode %s: slaves reach each other and the wire", (mode) => {
  const lan = base();
  const [x, y] = mode === "l2" ? ["10.0.0.11", "10.0.0.12"] : ["10.7.1.2", "10.7.2.2"];
  const a = station(lan, "iv", "ipvlan", { ipvlan: { mode } }, x!);
  const b = station(lan, "iv", "ipvlan", { ipvlan: { mode } }, y!);
  if (mode === "l3") {
    for (const ns of [a, b]) must(ns.rtnl.routeAdd({ dst: 0, dstLen: 0, nexthops: [{ ifindex: ns.rtnl.link("iv")!.ifindex }] }, "add"));
    lan.route("h2", "10.7.0.0/16", "10.0.0.1");
  }
  expect([pings(lan, a, y!), pings(lan, a, "10.0.0.2"), pings(lan, b, "10.0.0.2")]).toEqual([true, true, true]);
  expect(a.rtnl.neighs().filter((n) => n.lladdr !== undefined && n.state !== "NOARP").length > 0).toBe(mode === "l2");
  expect(b.rtnl.addrAdd({ ifindex: b.rtnl.link("iv")!.ifindex, local: ip(x!), prefixLen: 24 }, "add")).toMatchObject({ ok: false, error: { errno: "EADDRINUSE" } });
  expect(formatMac(a.rtnl.link("iv")!.lladdr)).toBe(formatMac(lan.node("h1").initNetns.rtnl.link("eth0")!.lladdr));
});

test("ipvlan private: slaves do not reach each other", () => {
  const lan = base();
  const a = station(lan, "iv", "ipvlan", { ipvlan: { mode: "l2", flags: "private" } }, "10.0.0.11");
  station(lan, "iv", "ipvlan", { ipvlan: { mode: "l2" } }, "10.0.0.12");
  expect([pings(lan, a, "10.0.0.12"), pings(lan, a, "10.0.0.2")]).toEqual([false, true]);
});
