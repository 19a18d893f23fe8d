/** parse(emit(v)) is v, for values at random and at their limits; emitters write every octet of theirs and none beyond. */
import { describe, expect, test } from "vitest";
import type { Result } from "../../src/base/result.ts";
import { ARP_LEN, type ArpPacket, emitArp, parseArp } from "../../src/wire/arp.ts";
import { emitEthernet, type EthernetHeader, parseEthernet } from "../../src/wire/ethernet.ts";
import { emitIcmp, icmpLength, type IcmpMessage, parseIcmp } from "../../src/wire/icmp.ts";
import { emitIgmp, type IgmpMessage, parseIgmp } from "../../src/wire/igmp.ts";
import { emitIpv4, emitIpv4Options, formatIpv4, type Ipv4Header, type Ipv4Option, parseIpv4, parseIpv4Options, parseIpv4Packet } from "../../src/wire/ipv4.ts";
import { emitIpv6, formatIpv6, type Ipv6Header, parseIpv6, parseIpv6Packet } from "../../src/wire/ipv6.ts";
import { emitLlc, type LlcHeader, llcLength, parseLlc } from "../../src/wire/llc.ts";
import { type Bpdu, bpduLength, emitBpdu, parseBpdu } from "../../src/wire/stp.ts";
import { emitTcp, parseTcp, type TcpHeader } from "../../src/wire/tcp.ts";
import { emitUdp, parseUdp } from "../../src/wire/udp.ts";
import { emitVlan, parseVlan, type VlanTag } from "../../src/wire/vlan.ts";
import { lcg } from "./corpus.ts";

const random = lcg(7);
const below = (n: number): number => Math.floor(random() * n);
/** Often a limit, else anything. */
const number = (bits: number): number => {
  const top = 2 ** bits;
  return random() < 0.3 ? [0, 1, top / 2, top - 1][below(4)]! : below(top);
};
const octets = (n: number): Uint8Array => Uint8Array.from({ length: n }, () => below(256));
const yes = (): boolean => random() < 0.5;
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
const many = <T>(max: number, make: () => T): T[] => Array.from({ length: below(max + 1) }, make);

const ENDS = { src: 0xc0000201, dst: 0x0a000001 };
const GUARD = 8;

/** The octets that `write` makes, of which there are `length`; it must not touch what is behind. */
function emitted(length: number, write: (out: Uint8Array) => void): Uint8Array {
  const out = new Uint8Array(length + GUARD).fill(0xa5);
  write(out);
  expect(out.subarray(length)).toEqual(new Uint8Array(GUARD).fill(0xa5));
  return out.slice(0, length);
}

/** Twice into different buffers: an octet that was not written would differ. */
function emittedFully(length: number, write: (out: Uint8Array) => void): Uint8Array {
  const first = emitted(length, write);
  const second = new Uint8Array(length).fill(0x5a);
  write(second);
  expect(second).toEqual(first);
  return first;
}

function value<T>(r: Result<T, unknown>): T {
  if (!r.ok) throw new Error(JSON.stringify(r.error));
  return r.value;
}

const icmpMessage = (): IcmpMessage =>
  pick<() => IcmpMessage>([
    () => ({ kind: "echo", reply: yes(), id: number(16), seq: number(16), data: octets(below(80)) }),
    () => ({ kind: "unreachable", code: below(16), mtu: number(16), quoted: octets(28) }),
    () => ({ kind: "redirect", code: below(4), gateway: number(32), quoted: octets(28) }),
    () => ({ kind: "time-exceeded", code: below(2), quoted: octets(below(60)) }),
    () => ({ kind: "parameter-problem", code: below(3), pointer: number(8), quoted: octets(28) }),
    () => ({ kind: "other", type: pick([9, 10, 13, 14, 17, 200]), code: number(8), rest: number(32), data: octets(below(20)) }),
  ])();

const ipv4Option = (): Ipv4Option =>
  pick<() => Ipv4Option>([
    () => ({ kind: "nop" }),
    () => ({ kind: "route", type: pick([7, 131, 137] as const), pointer: number(8), slots: many(3, () => number(32)) }),
    () => ({ kind: "timestamp", pointer: number(8), overflow: number(4), flag: 0, slots: many(2, () => ({ address: 0, time: number(32) })) }),
    () => ({ kind: "timestamp", pointer: number(8), overflow: number(4), flag: pick([1, 3] as const), slots: many(1, () => ({ address: number(32), time: number(32) })) }),
    () => ({ kind: "alert", value: number(16) }),
    () => ({ kind: "other", type: 130, data: octets(below(9)) }),
  ])();

const CASES: readonly (readonly [string, () => void])[] = [
  ["ethernet", () => {
    const v: EthernetHeader = { dst: octets(6), src: octets(6), type: 0x0600 + below(0xfa00) };
    expect(value(parseEthernet(emittedFully(14, (o) => emitEthernet(v, o)))).header).toEqual(v);
  }],
  ["vlan", () => {
    const v: VlanTag = { pcp: number(3), dei: yes(), vid: number(12), type: number(16) };
    expect(value(parseVlan(emittedFully(4, (o) => emitVlan(v, o)))).header).toEqual(v);
  }],
  ["llc", () => {
    const snap = yes();
    const v: LlcHeader = snap ? { dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: number(24), protocol: number(16) } } : { dsap: 0x42, ssap: number(8), control: pick([0x03, 0xf3, 0x0100, 0x0201, 0xfe00]) };
    const r = value(parseLlc(emittedFully(llcLength(v), (o) => emitLlc(v, o))));
    expect(r.header).toEqual(v);
    expect(r.headerLength).toBe(llcLength(v));
  }],
  ["stp", () => {
    const v: Bpdu = yes()
      ? { kind: "tcn" }
      : { kind: "config", topologyChange: yes(), topologyChangeAck: yes(), rootId: octets(8), rootPathCost: number(32), bridgeId: octets(8), portId: number(16), messageAge: number(16), maxAge: number(16), helloTime: number(16), forwardDelay: number(16) };
    expect(value(parseBpdu(emittedFully(bpduLength(v), (o) => emitBpdu(v, o))))).toEqual(v);
  }],
  ["arp", () => {
    const v: ArpPacket = { oper: number(16), sha: octets(6), spa: number(32), tha: octets(6), tpa: number(32) };
    expect(value(parseArp(emittedFully(ARP_LEN, (o) => emitArp(v, o))))).toEqual(v);
  }],
  ["ipv4", () => {
    const options = octets(4 * below(11));
    const payload = octets(below(40));
    const v: Ipv4Header = { tos: number(8), id: number(16), dontFragment: yes(), moreFragments: yes(), fragmentOffset: number(13) * 8, ttl: number(8), protocol: number(8), src: number(32), dst: number(32), options };
    const header = emittedFully(20 + options.length, (o) => emitIpv4(v, payload.length, o));
    // Octets behind the total length are the link's padding.
    const r = value(parseIpv4Packet(Uint8Array.from([...header, ...payload, ...octets(below(10))])));
    expect(r).toEqual({ header: v, payload });
  }],
  ["ipv4 options", () => {
    const v = many(3, ipv4Option);
    const parsed = value(parseIpv4Options(emitIpv4Options(v)));
    expect(parsed).toEqual(v);
  }],
  ["icmp", () => {
    const v = icmpMessage();
    expect(value(parseIcmp(emittedFully(icmpLength(v), (o) => emitIcmp(v, o))))).toEqual(v);
  }],
  ["igmp", () => {
    const v: IgmpMessage = yes()
      ? { kind: "group", type: pick([0x11, 0x12, 0x16, 0x17]), maxResp: number(8), group: number(32), rest: octets(below(12)) }
      : { kind: "report3", records: many(4, () => ({ type: 1 + below(6), group: number(32), sources: many(3, () => number(32)) })) };
    expect(value(parseIgmp(emitIgmp(v)))).toEqual(v);
  }],
  ["udp", () => {
    const v = { srcPort: number(16), dstPort: number(16) };
    const payload = octets(below(60));
    expect(value(parseUdp(emittedFully(8 + payload.length, (o) => emitUdp(v, payload, ENDS, o)), ENDS))).toEqual({ header: v, payload });
  }],
  ["tcp", () => {
    const v: TcpHeader = { srcPort: number(16), dstPort: number(16), seq: number(32), ack: number(32), flags: number(8), window: number(16), urgent: number(16), options: octets(4 * below(11)) };
    const payload = octets(below(60));
    expect(value(parseTcp(emittedFully(20 + v.options.length + payload.length, (o) => emitTcp(v, payload, ENDS, o)), ENDS))).toEqual({ header: v, payload });
  }],
  ["ipv6", () => {
    const v: Ipv6Header = { trafficClass: number(8), flowLabel: number(20), nextHeader: number(8), hopLimit: number(8), src: octets(16), dst: octets(16) };
    const payload = octets(below(40));
    const header = emittedFully(40, (o) => emitIpv6(v, payload.length, o));
    expect(value(parseIpv6Packet(Uint8Array.from([...header, ...payload])))).toEqual({ header: v, payload });
  }],
];

describe("parse(emit(v)) is v", () => {
  test.each(CASES)("%s", (_, once) => {
    for (let i = 0; i < 400; i++) once();
  });
});

describe("addresses as text", () => {
  test("every IPv4 address is read as it was written", () => {
    for (let i = 0; i < 2000; i++) {
      const a = number(32);
      expect(parseIpv4(formatIpv4(a))).toBe(a);
    }
  });

  test("every IPv6 address is read as it was written, with and without zeros to leave out", () => {
    for (let i = 0; i < 2000; i++) {
      const a = octets(16).map((b) => (random() < 0.6 ? 0 : b));
      expect(parseIpv6(formatIpv6(a)), formatIpv6(a)).toEqual(a);
    }
  });

  test.each([["1.2.3"], ["1.2.3.4.5"], ["256.0.0.1"], ["1.2.3.-4"], ["1..2.3"], [""], ["a.b.c.d"], [" 1.2.3.4"]])("%j is no IPv4 address", (text) => expect(parseIpv4(text)).toBeUndefined());
  test.each([["1::2::3"], [":"], ["1:2:3:4:5:6:7"], ["1:2:3:4:5:6:7:8:9"], ["12345::"], ["::g"], [""], ["1:2:3:4:5:6:7:8::"], ["::1.2.3"]])("%j is no IPv6 address", (text) => expect(parseIpv6(text)).toBeUndefined());
  // RFC 5952 §4: the longest run of zeros goes, the first of equals, never a single one.
  test.each([["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], ["2001:0db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], ["0:0:0:0:0:0:0:0", "::"], ["0:0:0:0:0:0:0:1", "::1"], ["1:0:0:0:0:0:0:0", "1::"], ["FE80::0A", "fe80::a"]])("%s is written %s", (text, written) =>
    expect(formatIpv6(parseIpv6(text)!)).toBe(written),
  );
});
