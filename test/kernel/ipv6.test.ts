/** IPv6: addresses, duplicate detection, neighbours, routers, forwarding, errors, path MTU. What the recorded cases do not reach. */
import { describe, expect, test } from "vitest";
import { type Addr6Info, IFA6 } from "../../src/kernel/api.ts";
import { commonBits, eui64, inPrefix6, LINK_LOCAL_PREFIX, prefixOf, solicitedNode } from "../../src/kernel/ipv6/address.ts";
import { allocSkb } from "../../src/sim/skb.ts";
import { RandomStream } from "../../src/sim/random.ts";
import { formatIpv6, parseIpv6 } from "../../src/wire/ipv6.ts";
import { Lan, must } from "./lan.ts";

const ip6 = (text: string): Uint8Array => parseIpv6(text)!;

class Lan6 extends Lan {
  on(...nodes: string[]): this {
    for (const n of nodes) this.sysctl(n, "net.ipv6.conf.all.disable_ipv6", "0");
    return this;
  }
  address6(node: string, dev: string, text: string, flags: number = IFA6.NODAD): this {
    const [a, len] = text.split("/") as [string, string];
    must(this.node(node).initNetns.rtnl.ip6.addrAdd({ ifindex: this.dev(node, dev), local: ip6(a), prefixLen: Number(len), flags }, "add"));
    return this;
  }
  route6(node: string, to: string, via: string): this {
    const [a, len] = to === "default" ? ["::", "0"] : (to.split("/") as [string, string]);
    must(this.node(node).initNetns.rtnl.ip6.routeAdd({ dst: ip6(a!), dstLen: Number(len), nexthops: [{ via: ip6(via) }] }, "add"));
    return this;
  }
  addrs6(node: string, dev: string): Addr6Info[] {
    const { ip6: rtnl } = this.node(node).initNetns.rtnl;
    return rtnl.addrs().filter((a) => a.ifindex === this.dev(node, dev));
  }
  /** One echo request. @returns what came back, in words. */
  ping6(node: string, to: string, o: { size?: number; hops?: number; dev?: string; wait?: number; whole?: boolean } = {}): string[] {
    const s = this.node(node).initNetns.raw6(58);
    s.set({ recverr: true, ...(o.hops !== undefined && { hoplimit: o.hops }), ...(o.whole === true && { pmtudisc: "do" as const }) });
    s.setFilter([129]);
    const m = new Uint8Array(8 + (o.size ?? 56));
    m[0] = 128;
    const sent = s.send(m, ip6(to), o.dev === undefined ? 0 : this.dev(node, o.dev));
    const out: string[] = typeof sent === "string" ? [sent] : [];
    this.run(o.wait ?? 4);
    for (let e = s.recvError(); e !== undefined; e = s.recvError()) {
      s.recv();
      out.push(e.origin === "local" ? `local ${e.errno} ${e.info}` : `icmp ${e.type}/${e.code} from ${formatIpv6(e.offender!)}${e.type === 2 ? ` mtu ${e.info}` : ""}`);
    }
    for (let r = s.recv(); typeof r !== "string"; r = s.recv()) out.push(`reply hops ${r.hoplimit} length ${r.data.length}`);
    s.close();
    return out;
  }
}

/** h1 - r1 - h2, the second cable with an MTU of its own. */
function routed6(mtu = 1500): Lan6 {
  const lan = new Lan6();
  lan.cable("h1:eth0", "r1:eth0");
  lan.cable("r1:eth1", "h2:eth0");
  lan.on("h1", "r1", "h2").sysctl("r1", "net.ipv6.conf.all.forwarding", "1");
  for (const [n, d] of [["r1", "eth1"], ["h2", "eth0"]] as const) must(lan.node(n).initNetns.rtnl.linkSet(lan.dev(n, d), { mtu }));
  lan.address6("h1", "eth0", "2001:db8:1::2/64").address6("r1", "eth0", "2001:db8:1::1/64").address6("r1", "eth1", "2001:db8:2::1/64").address6("h2", "eth0", "2001:db8:2::2/64");
  return lan.route6("h1", "default", "2001:db8:1::1").route6("h2", "default", "2001:db8:2::1").run(3);
}

describe("addresses as octets", () => {
  test.each([["2001:db8::1", "2001:db8::", 64, true], ["2001:db8:0:1::1", "2001:db8::", 64, false], ["2001:db8:0:1::1", "2001:db8::", 63, true], ["fe80::1", "::", 0, true], ["ff02::1", "ff00::", 8, true], ["7f00::", "ff00::", 1, false]])("%s in %s/%i: %s", (a, p, len, inside) => {
    expect(inPrefix6(ip6(a), 0, ip6(p), len)).toBe(inside);
    expect(formatIpv6(prefixOf(ip6(a), len)) === formatIpv6(prefixOf(ip6(p), len))).toBe(inside);
    expect(commonBits(ip6(a), 0, ip6(p), 0) >= len).toBe(inside);
  });

  test("EUI-64 and the solicited-node group", () => {
    expect(formatIpv6(eui64(LINK_LOCAL_PREFIX, Uint8Array.of(2, 0, 0, 0, 1, 1)))).toBe("fe80::ff:fe00:101");
    expect(formatIpv6(solicitedNode(ip6("2001:db8::12:3456")))).toBe("ff02::1:ff12:3456");
  });
});

describe("a machine where IPv6 is off", () => {
  test("sends nothing when its devices come up, has no address, and hears nothing", () => {
    const lan = new Lan6();
    lan.cable("h1:eth0", "h2:eth0");
    lan.on("h2").run(5);
    expect(lan.addrs6("h1", "eth0")).toEqual([]);
    expect(lan.frames.filter((f) => f.fromA)).toEqual([]);
    expect(lan.node("h1").initNetns.counters().get("Ip6")!.get("Ip6InDelivers")).toBe(0);
  });

  test("a namespace that is made later has it on", () => {
    const lan = new Lan6();
    const ns = lan.node("h1").createNetns();
    must(ns.rtnl.linkSet(1, { up: true }));
    expect(ns.rtnl.ip6.addrs().map((a) => formatIpv6(a.local))).toEqual(["::1"]);
    expect(lan.node("h1").initNetns.rtnl.ip6.addrs()).toEqual([]);
  });

  test("switching it off takes addresses and routes away, switching it on makes the link-local address anew", () => {
    const lan = new Lan6();
    lan.cable("h1:eth0", "h2:eth0");
    lan.on("h1").address6("h1", "eth0", "2001:db8::1/64").run(3);
    expect(lan.addrs6("h1", "eth0").map((a) => a.scope)).toEqual(["global", "link"]);
    lan.sysctl("h1", "net.ipv6.conf.eth0.disable_ipv6", "1");
    expect([lan.addrs6("h1", "eth0").length, lan.node("h1").initNetns.rtnl.ip6.routes().filter((r) => r.table === 254).length]).toEqual([0, 0]);
    lan.sysctl("h1", "net.ipv6.conf.eth0.disable_ipv6", "0").run(3);
    expect(lan.addrs6("h1", "eth0").map((a) => [a.scope, a.flags])).toEqual([["link", IFA6.PERMANENT]]);
  });
});

describe("duplicate address detection", () => {
  test("an address is tentative until nobody answered, and cannot be sent from before", () => {
    const lan = new Lan6();
    lan.cable("h1:eth0", "h2:eth0");
    lan.on("h1", "h2").address6("h1", "eth0", "2001:db8::1/64", 0);
    expect(lan.addrs6("h1", "eth0").map((a) => (a.flags & IFA6.TENTATIVE) !== 0)).toEqual([true, true]);
    lan.run(2.1);
    expect(lan.addrs6("h1", "eth0").map((a) => (a.flags & IFA6.TENTATIVE) !== 0)).toEqual([false, false]);
  });

  test("two that try the same address at once: whoever hears the other's question first gives up", () => {
    const lan = new Lan6();
    lan.cable("h1:eth0", "h2:eth0");
    lan.on("h1", "h2").run(3).address6("h1", "eth0", "2001:db8::1/64", 0).address6("h2", "eth0", "2001:db8::1/64", 0).run(3);
    const failed = ["h1", "h2"].map((n) => (lan.addrs6(n, "eth0")[0]!.flags & IFA6.DADFAILED) !== 0);
    expect(failed).toContain(true);
  });
});

describe("forwarding", () => {
  test("takes one off the hop limit; both ends reach each other", () => {
    const lan = routed6();
    expect(lan.ping6("h1", "2001:db8:2::2")).toEqual(["reply hops 63 length 64"]);
    const { ip6: rtnl } = lan.node("h1").initNetns.rtnl;
    expect(rtnl.neighs().map((n) => [formatIpv6(n.dst), n.router])).toContainEqual(["2001:db8:1::1", true]);
  });

  test.each([[1, "icmp 3/0 from 2001:db8:1::1"], [2, "reply hops 63 length 64"]] as const)("a hop limit of %i", (hops, answer) => {
    expect(routed6().ping6("h1", "2001:db8:2::2", { hops })).toEqual([answer]);
  });

  test.each([["unreachable", "icmp 1/0 from 2001:db8:1::1"], ["prohibit", "icmp 1/1 from 2001:db8:1::1"]] as const)("a route of type %s", (type, answer) => {
    const lan = routed6();
    must(lan.node("r1").initNetns.rtnl.ip6.routeAdd({ dst: ip6("2001:db8:9::"), dstLen: 48, type }, "add"));
    expect(lan.ping6("h1", "2001:db8:9::1")).toEqual([answer]);
  });

  test("a blackhole is silent, a neighbour that is not there is told of after three questions", () => {
    const lan = routed6();
    must(lan.node("r1").initNetns.rtnl.ip6.routeAdd({ dst: ip6("2001:db8:9::"), dstLen: 48, type: "blackhole" }, "add"));
    expect(lan.ping6("h1", "2001:db8:9::1")).toEqual([]);
    expect(lan.ping6("h1", "2001:db8:2::9", { wait: 5 })).toEqual(["icmp 1/3 from 2001:db8:1::1"]);
  });

  test("a link-local source stays on its link", () => {
    const lan = routed6();
    const s = lan.node("h1").initNetns.raw6(58);
    expect(s.bind(lan.addrs6("h1", "eth0").at(-1)!.local, lan.dev("h1", "eth0"))).toBeUndefined();
    s.set({ recverr: true });
    s.send(Uint8Array.of(128, 0, 0, 0, 0, 0, 0, 0), ip6("2001:db8:2::2"));
    lan.run(3);
    const e = s.recvError();
    expect([e?.type, e?.code]).toEqual([1, 2]);
  });
});

describe("path MTU", () => {
  test("a router says packet too big; the next one is cut by its sender", () => {
    const lan = routed6(1400);
    expect(lan.ping6("h1", "2001:db8:2::2", { size: 1400 })).toEqual(["icmp 2/0 from 2001:db8:1::1 mtu 1400"]);
    expect(lan.ping6("h1", "2001:db8:2::2", { size: 1400 })).toEqual(["reply hops 63 length 1408"]);
    expect(lan.ping6("h1", "2001:db8:2::2", { size: 1400, whole: true })).toEqual(["EMSGSIZE", "local EMSGSIZE 1400"]);
    expect(lan.node("h1").initNetns.rtnl.ip6.routeCache().map((r) => r.metrics.mtu)).toEqual([1400]);
  });

  test("fragments are put together whatever their order, overlaps are not", () => {
    const lan = routed6();
    expect(lan.ping6("h1", "2001:db8:2::2", { size: 5000 })).toEqual(["reply hops 63 length 5008"]);
    const c = lan.node("h2").initNetns.ip6.ip.counters;
    expect([c.ReasmReqds, c.ReasmOKs, c.ReasmFails]).toEqual([4, 1, 0]);
  });
});

describe("sources and rules", () => {
  test("what lies nearest to the destination is the source; a deprecated one comes last", () => {
    const lan = new Lan6();
    lan.cable("h1:eth0", "h2:eth0");
    lan.on("h1", "h2").address6("h1", "eth0", "2001:db8:1::1/64").address6("h1", "eth0", "2001:db8:2::1/64").run(3);
    const { ip6: rtnl } = lan.node("h1").initNetns.rtnl;
    const source = (to: string): string => {
      const a = rtnl.routeGet({ dst: ip6(to) });
      return a.ok ? formatIpv6(a.value.prefsrc!) : a.error.errno;
    };
    expect([source("2001:db8:1::9"), source("2001:db8:2::9")]).toEqual(["2001:db8:1::1", "2001:db8:2::1"]);
    must(rtnl.addrAdd({ ifindex: lan.dev("h1", "eth0"), local: ip6("2001:db8:2::1"), prefixLen: 64, preferredLft: 0 }, "replace"));
    expect(source("2001:db8:2::9")).toBe("2001:db8:1::1");
  });

  test("an address goes when its life ends, its route with it", () => {
    const lan = new Lan6();
    lan.cable("h1:eth0", "h2:eth0");
    lan.on("h1").run(1);
    const { ip6: rtnl } = lan.node("h1").initNetns.rtnl;
    must(rtnl.addrAdd({ ifindex: lan.dev("h1", "eth0"), local: ip6("2001:db8::5"), prefixLen: 64, flags: IFA6.NODAD, validLft: 20, preferredLft: 10 }, "add"));
    const state = (): unknown => lan.addrs6("h1", "eth0").filter((a) => a.scope === "global").map((a) => (a.flags & IFA6.DEPRECATED) !== 0);
    expect(state()).toEqual([false]);
    lan.run(11);
    expect(state()).toEqual([true]);
    lan.run(10);
    expect([state(), rtnl.routes().filter((r) => formatIpv6(r.dst) === "2001:db8::").length]).toEqual([[], 0]);
  });
});

test("what a route decided is in the reason stream", () => {
  const lan = routed6().trace();
  lan.ping6("h1", "2001:db8:2::2");
  const r1 = lan.decisions.filter((d) => d.node === "r1" && d.stage === "route").map((d) => d.entry);
  expect(r1).toContain("2001:db8:2::/64 dev eth1 metric 256");
});

test("octets by chance after an IPv6 header make no exception", () => {
  const lan = routed6();
  const random = new RandomStream(7, "ipv6 fuzz");
  const dev = lan.node("r1").initNetns.deviceByName("eth0")!;
  const [own, peer] = [ip6("2001:db8:1::1"), ip6("2001:db8:1::2")];
  for (let i = 0; i < 20_000; i++) {
    const length = random.below(120);
    const skb = allocSkb(14 + 40 + length, lan.sim.nextPacket());
    for (let k = 0; k < 14 + 40 + length; k++) skb.bytes[skb.data + k] = random.below(256);
    const at = skb.data;
    skb.bytes.set(random.below(2) === 0 ? dev.addr : [0x33, 0x33, 0, 0, 0, 1], at);
    skb.bytes.set([0x86, 0xdd, 0x60], at + 12);
    skb.bytes.set([0, random.below(length + 1), [0, 6, 17, 43, 44, 58, 59, 60, 200][random.below(9)]!, random.below(4) === 0 ? 1 : 255], at + 18);
    skb.bytes.set([peer, ip6("fe80::2"), ip6("::"), ip6("ff02::1")][random.below(4)]!, at + 22);
    skb.bytes.set([own, ip6("ff02::1"), ip6("2001:db8:2::2"), ip6("2001:db8:77::1"), ip6("ff02::1:ff00:1")][random.below(5)]!, at + 38);
    dev.receiveFrame(skb);
    if (i % 500 === 0) lan.run(0.01);
  }
  lan.run(100);
  expect(lan.ping6("h1", "2001:db8:2::2")).toEqual(["reply hops 63 length 64"]);
});
