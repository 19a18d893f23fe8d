/** VRF: two tenants with the same addresses on one router. */
import { expect, test } from "vitest";
import { ip, Lan, must } from "./lan.ts";

function tenants(): Lan {
  const lan = new Lan();
  for (const [i, name] of ["red", "blue"].entries()) {
    lan.cable(`h${i + 1}:eth0`, `r1:eth${i}`);
    lan.cable(`s${i + 1}:eth0`, `r1:srv${i}`);
    const { rtnl } = lan.node("r1").initNetns;
    must(rtnl.linkAdd({ kind: "vrf", name, attrs: { vrf: { table: 10 * (i + 1) } } }));
    must(rtnl.linkSet(lan.dev("r1", name), { up: true }));
    for (const dev of [`eth${i}`, `srv${i}`]) must(rtnl.linkSet(lan.dev("r1", dev), { master: lan.dev("r1", name) }));
    lan.address("r1", `eth${i}`, "10.0.0.1/24").address("r1", `srv${i}`, "10.0.1.1/24");
    lan.address(`h${i + 1}`, "eth0", "10.0.0.2/24").address(`s${i + 1}`, "eth0", "10.0.1.2/24");
    lan.route(`h${i + 1}`, "default", "10.0.0.1").route(`s${i + 1}`, "default", "10.0.1.1");
  }
  return lan.sysctl("r1", "net.ipv4.ip_forward", "1");
}

test("each tenant reaches the router and its own server, by the table of its VRF", () => {
  const lan = tenants();
  for (const h of ["h1", "h2"]) {
    expect(lan.ping(h, "10.0.0.1")).toEqual(["reply ttl 64"]);
    expect(lan.ping(h, "10.0.1.2")).toEqual(["reply ttl 63"]);
  }
  for (const s of ["s1", "s2"]) expect(lan.seen(`${s}:eth0-r1:srv${Number(s[1]) - 1}`, 0x0800).length).toBe(2);
});

test("the router itself has no way but through a VRF", () => {
  const lan = tenants();
  expect(lan.ping("r1", "10.0.1.2")).toEqual(["ENETUNREACH"]);
  const { rtnl } = lan.node("r1").initNetns;
  expect(rtnl.routeGet({ dst: ip("10.0.1.2"), oif: lan.dev("r1", "blue") })).toMatchObject({ ok: true, value: { oif: lan.dev("r1", "srv1"), table: 20 } });
  expect(rtnl.routes().filter((r) => r.table === 254)).toEqual([]);
  expect(rtnl.rules().map((r) => [r.priority, r.l3mdev ?? false])).toEqual([[0, false], [1000, true], [32766, false], [32767, false]]);
});

test("a device that leaves its VRF takes its routes along", () => {
  const lan = tenants();
  const { rtnl } = lan.node("r1").initNetns;
  must(rtnl.linkSet(lan.dev("r1", "srv0"), { master: 0 }));
  expect(rtnl.routes().filter((r) => r.table === 254).map((r) => r.dst)).toEqual([ip("10.0.1.0")]);
  expect(lan.ping("h1", "10.0.1.2")).toEqual([]); // there by the rule of main, but main knows no way back
  must(rtnl.linkDel(lan.dev("r1", "blue")));
  expect(rtnl.routes().filter((r) => r.table === 20)).toEqual([]);
});

test.each([[{}, "VRF table id is missing"], [{ table: 254 }, "Invalid VRF table id"]])("%j is refused", (vrf, extack) => {
  const { rtnl } = new Lan().node("r1").initNetns;
  expect(rtnl.linkAdd({ kind: "vrf", name: "red", attrs: { vrf } })).toEqual({ ok: false, error: { errno: "EINVAL", extack } });
});
