/** Hooks, conntrack and NAT on a router between two hosts, driven by raw packets. */
import { describe, expect, it } from "vitest";
import { setU16, setU32 } from "../../src/base/bytes.ts";
import type { RuleSpec, XtMatch, XtNat, XtTarget } from "../../src/kernel/netfilter/types.ts";
import { CT_STATE } from "../../src/kernel/netfilter/types.ts";
import type { NetNamespace } from "../../src/kernel/netns.ts";
import { describeConn } from "../../src/kernel/conntrack/text.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../src/wire/checksum.ts";
import { ip, type Lan, routed } from "./lan.ts";

const ns = (lan: Lan, node: string): NetNamespace => lan.node(node).initNetns as NetNamespace;

const HOOKS = { PREROUTING: ["prerouting", -100], POSTROUTING: ["postrouting", 100], FORWARD: ["forward", 0], INPUT: ["input", 0], OUTPUT: ["output", 0] } as const;

function rule(n: NetNamespace, table: string, chain: keyof typeof HOOKS, target: XtTarget, matches: XtMatch[] = [], o: Partial<NonNullable<RuleSpec["xt"]>> = {}): void {
  const failure = n.nf.batch(() => {
    const t = n.nf.addTable("ip", table);
    const [hook, priority] = HOOKS[chain];
    const c = t.chains.get(chain) ?? n.nf.addChain(t, chain, { type: table === "nat" ? "nat" : "filter", hook, priority });
    const r = n.nf.addRule(c, { xt: { matches, target, counters: { packets: 0, bytes: 0 }, ...o }, text: () => `-A ${chain} -j ${target.name}` });
    return r.ok ? undefined : r.error;
  });
  expect(failure).toBeUndefined();
}

const nat = (o: Partial<XtNat>): XtNat => ({ random: false, fullyRandom: false, persistent: false, ...o });

/** A segment with a right checksum, sent from a host's raw socket. */
function segment(n: NetNamespace, from: string, to: string, sport: number, dport: number, flags: number, seq: number, ack: number, data = 0, win = 1000): void {
  const b = new Uint8Array(20 + data);
  setU16(b, 0, sport);
  setU16(b, 2, dport);
  setU32(b, 4, seq);
  setU32(b, 8, ack);
  b[12] = 0x50;
  b[13] = flags;
  setU16(b, 14, win);
  setU16(b, 16, finish(sumWords(b, 0, b.length, pseudoHeaderSum(ip(from), ip(to), 6, b.length))));
  const s = n.raw(6);
  s.bind(ip(from));
  s.send(b, ip(to));
  s.close();
}

const SYN = 2, ACK = 16, FIN = 1, RST = 4;

/** h1 10.0.1.2 - r1 - h2 10.0.2.2, as `routed` builds it; ARP done. */
function net(): Lan {
  const lan = routed();
  lan.run(1);
  return lan;
}

function lines(n: NetNamespace): string[] {
  return n.conntrack.entries().map(describeConn);
}

describe("conntrack", () => {
  it("follows TCP from the headers to TIME_WAIT and throws out what lies outside of the window", () => {
    const lan = net();
    const [h1, h2, r1] = [ns(lan, "h1"), ns(lan, "h2"), ns(lan, "r1")];
    for (const h of [h1, h2]) rule(h, "filter", "INPUT", { name: "DROP" }, [], { proto: { number: 6, inv: false } }); // no stack answers
    rule(r1, "filter", "FORWARD", { name: "DROP" }, [{ name: "conntrack", state: { bits: CT_STATE.INVALID, inv: false } }]);
    const events: string[] = [];
    r1.conntrack.listen((e, ct) => events.push(`${e} ${describeConn(ct).split(" ")[1]}`));
    const A = "10.0.1.2", B = "10.0.2.2";
    segment(h1, A, B, 5000, 80, SYN, 100, 0);
    lan.run(2);
    segment(h2, B, A, 80, 5000, SYN | ACK, 900, 101);
    lan.run(2);
    segment(h1, A, B, 5000, 80, ACK, 101, 901);
    lan.run(2);
    expect(lines(r1)).toEqual(["tcp ESTABLISHED src=10.0.1.2 dst=10.0.2.2 sport=5000 dport=80 src=10.0.2.2 dst=10.0.1.2 sport=80 dport=5000 [ASSURED]"]);
    const invalid = r1.conntrack.stats.invalid;
    segment(h1, A, B, 5000, 80, ACK, 2_000_000, 901, 10);
    lan.run(2);
    expect(r1.conntrack.stats.invalid).toBe(invalid + 1);
    segment(h1, A, B, 5000, 80, FIN | ACK, 101, 901);
    lan.run(1);
    segment(h2, B, A, 80, 5000, FIN | ACK, 901, 102);
    lan.run(1);
    segment(h1, A, B, 5000, 80, ACK, 102, 902);
    lan.run(1);
    expect(events).toEqual(["new SYN_SENT", "update SYN_RECV", "update ESTABLISHED", "update FIN_WAIT", "update LAST_ACK", "update TIME_WAIT"]);
    lan.run(130);
    expect(lines(r1)).toEqual([]);
  });

  it("forgets a connection that is answered by a reset only", () => {
    const lan = net();
    const [h1, r1] = [ns(lan, "h1"), ns(lan, "r1")];
    rule(h1, "filter", "INPUT", { name: "DROP" }, [], { proto: { number: 6, inv: false } });
    rule(r1, "filter", "FORWARD", { name: "DROP" }, [{ name: "conntrack", state: { bits: CT_STATE.INVALID, inv: false } }]);
    segment(h1, "10.0.1.2", "10.0.2.2", 5000, 81, SYN, 100, 0);
    lan.run(2);
    expect(lines(r1)).toEqual([]);
    expect(RST).toBe(4);
  });
});

describe("NAT", () => {
  it("gives two hosts behind one address different ports, and turns the answers back", () => {
    const lan = net();
    const [h1, h2, r1] = [ns(lan, "h1"), ns(lan, "h2"), ns(lan, "r1")];
    rule(r1, "nat", "POSTROUTING", { name: "MASQUERADE", nat: nat({}) });
    const h1b = ip("10.0.1.3");
    h1.rtnl.addrAdd({ ifindex: h1.deviceByName("eth0")!.ifindex, local: h1b, prefixLen: 24 }, "add");
    const server = h2.udp();
    server.bind(0, 7000);
    const clients = ["10.0.1.2", "10.0.1.3"].map((a) => {
      const s = h1.udp();
      s.bind(ip(a), 5555);
      s.send(new Uint8Array([1]), { addr: ip("10.0.2.2"), port: 7000 });
      return s;
    });
    lan.run(2);
    const ports = [0, 1].map(() => {
      const got = server.recv();
      if (typeof got === "string") throw new Error(got);
      expect(got.from).toBe(ip("10.0.2.1"));
      server.send(got.data, { addr: got.from, port: got.port });
      return got.port;
    });
    expect(ports[0]).toBe(5555);
    expect(ports[1]).not.toBe(5555);
    lan.run(2);
    for (const c of clients) {
      const got = c.recv();
      if (typeof got === "string") throw new Error(got);
      expect([got.from, got.port]).toEqual([ip("10.0.2.2"), 7000]);
    }
  });

  it("turns back what an ICMP error quotes, with right checksums", () => {
    const lan = net();
    const [h1, r1] = [ns(lan, "h1"), ns(lan, "r1")];
    rule(r1, "nat", "PREROUTING", { name: "DNAT", nat: nat({ min: ip("10.0.2.2"), minPort: 9 }) }, [], { dst: { addr: ip("10.0.1.99"), mask: 0xffffffff, inv: false }, proto: { number: 17, inv: false } });
    h1.rtnl.routeAdd({ dst: ip("10.0.1.99"), dstLen: 32, nexthops: [{ via: ip("10.0.1.1") }] }, "add");
    const c = h1.udp();
    c.set({ recverr: true });
    c.connect(ip("10.0.1.99"), 53);
    c.send(new Uint8Array([1, 2, 3]));
    lan.run(2);
    const e = c.recvError();
    expect([e?.errno, e?.offender, e?.to, e?.port]).toEqual(["ECONNREFUSED", ip("10.0.1.99"), ip("10.0.1.99"), 53]);
  });

  it("says in the reason stream which rule decided", () => {
    const lan = net();
    const [h1, r1] = [ns(lan, "h1"), ns(lan, "r1")];
    rule(r1, "filter", "FORWARD", { name: "DROP" });
    const entries: string[] = [];
    lan.sim.trace.listen((d) => {
      if (d.stage === "netfilter") entries.push(`${d.verdict} ${d.reason} ${d.entry}`);
    });
    const c = h1.udp();
    c.send(new Uint8Array([1]), { addr: ip("10.0.2.2"), port: 9 });
    lan.run(1);
    expect(entries).toEqual(["drop NETFILTER_DROP filter FORWARD 1 (forward): -A FORWARD -j DROP"]);
  });

  it("gathers fragments before it looks, and cuts again behind", () => {
    const lan = net();
    const [h1, h2, r1] = [ns(lan, "h1"), ns(lan, "h2"), ns(lan, "r1")];
    rule(r1, "nat", "POSTROUTING", { name: "MASQUERADE", nat: nat({}) });
    const server = h2.udp();
    server.bind(0, 7000);
    const c = h1.udp();
    c.send(new Uint8Array(3000).fill(7), { addr: ip("10.0.2.2"), port: 7000 });
    lan.run(2);
    const got = server.recv();
    if (typeof got === "string") throw new Error(got);
    expect([got.data.length, got.from]).toEqual([3000, ip("10.0.2.1")]);
  });
});
