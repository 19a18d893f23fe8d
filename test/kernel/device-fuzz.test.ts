/** Frames by chance into a machine that has a device of every kind: no exception, no packet that runs for ever. */
import { expect, test } from "vitest";
import type { LinkAttrsSpec, LinkKind } from "../../src/kernel/api.ts";
import { ip, Lan, mac, must } from "./lan.ts";

function everything(): Lan {
  const lan = new Lan();
  lan.cable("h1:eth0", "h2:eth0");
  lan.cable("h1:eth1", "h2:eth1");
  lan.cable("h1:eth2", "h2:eth2");
  lan.address("h1", "eth0", "10.0.0.1/24").address("h2", "eth0", "10.0.0.2/24");
  const { rtnl } = lan.node("h1").initNetns;
  let n = 0;
  const add = (kind: LinkKind, attrs: LinkAttrsSpec, link?: string): void => {
    const name = `d${n++}`;
    must(rtnl.linkAdd({ kind, name, attrs, ...(link === undefined ? {} : { link: lan.dev("h1", link) }) }));
    must(rtnl.linkSet(lan.dev("h1", name), { up: true }));
    if (kind !== "vrf" && kind !== "bond") lan.address("h1", name, `10.${n}.0.1/24`);
  };
  const ends = { local: ip("10.0.0.1"), remote: ip("10.0.0.2") };
  add("vlan", { vlan: { id: 5 } }, "eth0");
  add("vlan", { vlan: { id: 6, protocol: 0x88a8 } }, "eth0");
  add("vlan", { vlan: { id: 7 } }, "d1");
  add("vxlan", { vxlan: { id: 5, dstport: 4789, remote: ip("10.0.0.2") } });
  add("ipip", { tunnel: ends });
  add("gre", { tunnel: ends });
  add("gre", { tunnel: { ...ends, ikey: 5, okey: 5, icsum: true, iseq: true } });
  add("gretap", { tunnel: ends });
  add("macvlan", { macvlan: { mode: "bridge" } }, "eth0");
  add("ipvlan", { ipvlan: { mode: "l2" } }, "d3");
  add("vrf", { vrf: { table: 10 } });
  add("bond", { bond: { mode: "802.3ad" } });
  must(rtnl.linkSet(lan.dev("h1", "eth1"), { up: false }));
  must(rtnl.linkSet(lan.dev("h1", "eth1"), { master: lan.dev("h1", "d11") }));
  lan.bridge("h1", ["eth2"], { bridge: { vlanFiltering: 1 } });
  lan.address("h1", "br0", "10.77.0.1/24");
  return lan.sysctl("h1", "net.ipv4.ip_forward", "1").run(3);
}

/** Beginnings from which frames are made: each is a valid start of one kind. */
function seeds(): number[][] {
  const eth = (type: number, dst = "02:00:00:00:00:01"): number[] => [...mac(dst), 2, 0, 0, 0, 0, 2, type >> 8, type & 255];
  const ipv4 = (protocol: number): number[] => [0x45, 0, 0, 100, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 2, 10, 0, 0, 1];
  const inner = [...eth(0x0800), ...ipv4(1), 8, 0, 0, 0];
  return [
    [...eth(0x8100), 0, 5, 8, 0, ...ipv4(1)], [...eth(0x88a8), 0, 6, 0x81, 0, 0, 7, 8, 0, ...ipv4(17)], [...eth(0x8809, "01:80:c2:00:00:02"), 1, 1, 1, 20], [...eth(0x0800), ...ipv4(4), ...ipv4(1)],
    [...eth(0x0800), ...ipv4(47), 0, 0, 8, 0, ...ipv4(1)], [...eth(0x0800), ...ipv4(47), 0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 5], [...eth(0x0800), ...ipv4(47), 0, 0, 0x65, 0x58, ...inner],
    [...eth(0x0800), ...ipv4(17), 0x12, 0x34, 0x12, 0xb5, 0, 80, 0, 0, 8, 0, 0, 0, 0, 0, 5, 0, ...inner], [...eth(0x8100, "ff:ff:ff:ff:ff:ff"), 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1],
  ];
}

test("20000 frames by chance", () => {
  const lan = everything();
  const starts = seeds();
  let state = 12345;
  const next = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * n);
  };
  const out = lan.node("h2").initNetns.packet();
  for (let i = 0; i < 20_000; i++) {
    const start = starts[next(starts.length)]!;
    const frame = new Uint8Array(Math.max(14, next(160) + 14));
    for (let k = 0; k < frame.length; k++) frame[k] = start[k] ?? next(256);
    for (let m = next(4); m > 0; m--) frame[next(frame.length)] = next(256);
    if (frame.length >= 34 && frame[12] === 8 && next(8) > 0) {
      frame[16] = (frame.length - 14) >> 8;
      frame[17] = frame.length - 14;
      frame[24] = 0;
      frame[25] = 0;
      let sum = 0;
      for (let k = 14; k < 34; k += 2) sum += (frame[k]! << 8) | frame[k + 1]!;
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
      frame[24] = (~sum >> 8) & 255;
      frame[25] = ~sum & 255;
    }
    out.send(frame, lan.dev("h2", `eth${next(3)}`));
    if (i % 500 === 0) lan.run(0.5);
  }
  lan.run(30);
  expect(lan.sim.framesInFlight).toBeLessThan(3); // LACPDUs
  // What was made reached the devices it was made for.
  const { rtnl } = lan.node("h1").initNetns;
  for (const name of ["d0", "d1", "d2", "d3", "d4", "d5", "d7", "br0"]) expect([name, rtnl.link(name)!.stats.rxPackets > 100]).toEqual([name, true]);
  expect(lan.ping("h2", "10.0.0.1")).toEqual(["reply ttl 64"]);
}, 60_000);
