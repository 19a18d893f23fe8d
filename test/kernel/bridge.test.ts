import { describe, expect, test } from "vitest";
import { formatMac } from "../../src/wire/ethernet.ts";
import { Lan, mac, must, switched } from "./lan.ts";

const IPV4 = 0x0800;
const learnt = (lan: Lan, node = "s1"): string[] =>
  lan.node(node).initNetns.rtnl.fdb().filter((e) => e.state === "dynamic").map((e) => `${formatMac(e.lladdr)} ${lan.node(node).initNetns.rtnl.link(e.ifindex)!.name}`).sort();

describe("learning", () => {
  test("a source is learnt, a known destination is not flooded", () => {
    const lan = switched(3);
    expect(lan.ping("h1", "10.0.0.2", { wait: 0.1 })).toEqual(["reply ttl 64"]);
    expect(learnt(lan)).toEqual(["02:00:00:00:00:01 eth1", "02:00:00:00:00:03 eth2"]);
    expect(lan.seen("h3:eth0-s1:eth3", IPV4)).toHaveLength(0);
    expect(lan.seen("h3:eth0-s1:eth3", 0x0806)).toHaveLength(1);
  });

  test("an entry is gone after the ageing time of silence, not before", () => {
    const lan = switched(2, { bridge: { ageingTime: 1000 } });
    lan.ping("h1", "10.0.0.2", { wait: 0 });
    lan.run(9.9);
    lan.node("h1").initNetns.deviceByName("eth0")!.setUp(false);
    const at = lan.sim.clock.now;
    lan.run(60);
    expect(learnt(lan)).toEqual([]);
    expect(at).toBeGreaterThan(0);
    const quiet = switched(2, { bridge: { ageingTime: 1000 } });
    const s = quiet.node("h1").initNetns.packet();
    s.send(new Uint8Array([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 0]), 2);
    quiet.run(9.99);
    expect(learnt(quiet)).toEqual(["02:00:00:00:00:01 eth1"]);
    quiet.run(0.02);
    expect(learnt(quiet)).toEqual([]);
  });

  test("a broadcast with no other port to go to is no loss: the bridge's own machine has it", () => {
    const lan = switched(1);
    const said: string[] = [];
    lan.sim.trace.listen((d) => void (d.node === "s1" && d.stage === "bridge" && said.push(`${d.verdict} ${d.entry} ${d.reason}`)));
    lan.node("h1").initNetns.packet().send(new Uint8Array([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 0]), 2);
    lan.run(0.1);
    expect(said).toEqual(["consume broadcast "]);
  });

  test("a station that moves is relearnt by its next frame", () => {
    const lan = switched(2);
    const frame = new Uint8Array([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 9, 9, 0x88, 0xb5, 0]);
    lan.node("h1").initNetns.packet().send(frame, 2);
    lan.run(0.1);
    expect(learnt(lan)).toEqual(["02:00:00:00:09:09 eth1"]);
    lan.node("h2").initNetns.packet().send(frame, 2);
    lan.run(0.1);
    expect(learnt(lan)).toEqual(["02:00:00:00:09:09 eth2"]);
  });

  test("a static entry is believed against the truth", () => {
    const lan = switched(3);
    must(lan.node("s1").initNetns.rtnl.fdbAdd({ lladdr: mac("02:00:00:00:00:03"), ifindex: lan.dev("s1", "eth3"), master: true, self: false, state: "static" }, "add"));
    must(lan.node("h1").initNetns.rtnl.neighAdd({ ifindex: 2, dst: 0x0a000002, lladdr: mac("02:00:00:00:00:03"), state: "PERMANENT" }, "add"));
    lan.node("h1").initNetns.udp().send(new Uint8Array(1), { addr: 0x0a000002, port: 9 });
    lan.run(0.1);
    expect(lan.seen("h2:eth0-s1:eth2", IPV4)).toHaveLength(0);
    expect(lan.seen("h3:eth0-s1:eth3", IPV4)).toHaveLength(1);
  });
});

describe("port flags", () => {
  test("isolated ports do not reach each other, but reach the rest", () => {
    const lan = switched(3);
    for (const p of ["eth1", "eth2"]) must(lan.node("s1").initNetns.rtnl.linkSet(lan.dev("s1", p), { bridgePort: { isolated: true } }));
    expect(lan.ping("h1", "10.0.0.2")).toEqual(["icmp 3/1"]);
    expect(lan.ping("h1", "10.0.0.3")).toEqual(["reply ttl 64"]);
  });

  test("a port without flood hears no unknown unicast", () => {
    const lan = switched(3);
    must(lan.node("s1").initNetns.rtnl.linkSet(lan.dev("s1", "eth3"), { bridgePort: { flood: false } }));
    lan.node("h1").initNetns.packet().send(new Uint8Array([2, 0, 0, 0, 8, 8, 2, 0, 0, 0, 0, 1, 0x88, 0xb5, 0]), 2);
    lan.run(0.1);
    expect(lan.seen("h2:eth0-s1:eth2", 0x88b5)).toHaveLength(1);
    expect(lan.seen("h3:eth0-s1:eth3", 0x88b5)).toHaveLength(0);
  });
});

test("the bridge answers on br0, has the lowest port address, and no carrier without ports", () => {
  const lan = switched(2);
  const br = lan.node("s1").initNetns.rtnl.link("br0")!;
  expect(formatMac(br.lladdr)).toBe("02:00:00:00:00:02");
  expect(br.carrier).toBe(true);
  lan.address("s1", "br0", "10.0.0.254/24");
  expect(lan.ping("h1", "10.0.0.254")).toEqual(["reply ttl 64"]);
  const empty = new Lan();
  empty.bridge("s1", []);
  expect(empty.node("s1").initNetns.rtnl.link("br0")!.carrier).toBe(false);
});

function ring(stp: boolean): Lan {
  const lan = new Lan();
  for (const [a, b] of [["s1:eth1", "s2:eth2"], ["s2:eth1", "s3:eth2"], ["s3:eth1", "s1:eth2"]] as const) lan.cable(a, b);
  for (const i of [1, 2, 3]) {
    lan.cable(`h${i}:eth0`, `s${i}:eth3`);
    lan.bridge(`s${i}`, ["eth1", "eth2", "eth3"], { bridge: { stpState: stp ? 1 : 0, priority: 0x1000 * i } });
    lan.address(`h${i}`, "eth0", `10.0.0.${i}/24`);
  }
  return lan;
}

describe("a ring of three switches", () => {
  test("without spanning tree a single broadcast never ends, and is named as a storm", () => {
    const lan = ring(false);
    const notices: string[] = [];
    lan.sim.onNotice = (n) => void notices.push(n.kind);
    lan.node("h1").initNetns.udp().send(new Uint8Array(1), { addr: 0x0a000002, port: 9 });
    lan.run(0.01);
    expect(lan.frames.length).toBeGreaterThan(5_000);
    expect(notices).toEqual(["storm"]);
  });

  test("with spanning tree one port blocks, the lowest id is root, and all reach each other", () => {
    const lan = ring(true);
    lan.run(40);
    const states = [1, 2, 3].map((i) => lan.node(`s${i}`).initNetns.rtnl.links().filter((l) => l.bridgePort).map((l) => l.bridgePort!.state));
    expect(states.flat().filter((s) => s === "blocking")).toHaveLength(1);
    expect(states[2]).toContain("blocking");
    expect(lan.node("s2").initNetns.rtnl.link("br0")!.bridge!.rootId[0]).toBe(0x10);
    lan.frames.length = 0;
    expect(lan.ping("h2", "10.0.0.3")).toEqual(["reply ttl 64"]);
    expect(lan.seen("h1:eth0-s1:eth3", 0x0806)).toHaveLength(1);
  });

  test("a cut cable heals within 50 s", () => {
    const lan = ring(true);
    lan.run(40);
    expect(lan.ping("h2", "10.0.0.1")).toEqual(["reply ttl 64"]);
    lan.cables.get("s1:eth1-s2:eth2")!.setConnected(false);
    lan.run(50);
    expect(lan.ping("h2", "10.0.0.1")).toEqual(["reply ttl 64"]);
    lan.cables.get("s1:eth1-s2:eth2")!.setConnected(true);
    lan.run(50);
    lan.frames.length = 0;
    expect(lan.ping("h2", "10.0.0.1", { wait: 1 })).toEqual(["reply ttl 64"]);
    expect(lan.frames.length).toBeLessThan(100);
  });
});
