/** Frames of every kind the wire layer and tcpdump know, made by our own emitters: seeds for fuzzing and for the comparison with the real tcpdump. */
import { concat, setU16, setU32 } from "../../src/base/bytes.ts";
import { emitArp } from "../../src/wire/arp.ts";
import { finish, sumWords } from "../../src/wire/checksum.ts";
import { emitEthernet } from "../../src/wire/ethernet.ts";
import { emitIcmp, icmpLength, type IcmpMessage } from "../../src/wire/icmp.ts";
import { emitIgmp, type IgmpMessage } from "../../src/wire/igmp.ts";
import { emitIpv4, emitIpv4Options, IPPROTO, type Ipv4Header, type Ipv4Option, parseIpv4 } from "../../src/wire/ipv4.ts";
import { emitIpv6, parseIpv6, pseudoHeaderSum6 } from "../../src/wire/ipv6.ts";
import { emitLlc, type LlcHeader, llcLength } from "../../src/wire/llc.ts";
import { bpduLength, type Bpdu, emitBpdu } from "../../src/wire/stp.ts";
import { emitTcp, TCP_FLAG, TCP_MIN_LEN } from "../../src/wire/tcp.ts";
import { emitUdp, UDP_LEN } from "../../src/wire/udp.ts";
import { emitVlan } from "../../src/wire/vlan.ts";

export const MAC_A = new Uint8Array([2, 0, 0, 0, 1, 1]);
export const MAC_B = new Uint8Array([2, 0, 0, 0, 2, 1]);
const ALL = new Uint8Array([255, 255, 255, 255, 255, 255]);
const A = parseIpv4("10.0.0.1")!;
const B = parseIpv4("10.0.0.2")!;
const GROUP = parseIpv4("224.0.0.251")!;
const A6 = parseIpv6("2001:db8::1")!;
const B6 = parseIpv6("fe80::ff:fe00:201")!;

const made = (length: number, write: (out: Uint8Array) => void): Uint8Array => {
  const out = new Uint8Array(length).fill(0xa5);
  write(out);
  return out;
};
const data = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7 + 0x20) & 255);
const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));

export function eth(type: number, payload: Uint8Array, dst = MAC_B): Uint8Array {
  return concat([made(14, (o) => emitEthernet({ dst, src: MAC_A, type }, o)), payload]);
}
export const tag = (vid: number, type: number, payload: Uint8Array, pcp = 0, dei = false): Uint8Array => concat([made(4, (o) => emitVlan({ pcp, dei, vid, type }, o)), payload]);

export function ip(protocol: number, payload: Uint8Array, o: Partial<Ipv4Header> = {}): Uint8Array {
  const h: Ipv4Header = { tos: 0, id: 0x1234, dontFragment: false, moreFragments: false, fragmentOffset: 0, ttl: 64, protocol, src: A, dst: B, options: new Uint8Array(0), ...o };
  return concat([made(20 + h.options.length, (out) => emitIpv4(h, payload.length, out)), payload]);
}
export const icmp = (m: IcmpMessage): Uint8Array => made(icmpLength(m), (o) => emitIcmp(m, o));
export const udp = (src: number, dst: number, payload: Uint8Array): Uint8Array => made(UDP_LEN + payload.length, (o) => emitUdp({ srcPort: src, dstPort: dst }, payload, { src: A, dst: B }, o));
export function tcp(flags: number, o: { seq?: number; ack?: number; options?: number[]; payload?: Uint8Array; back?: boolean; urgent?: number; sport?: number; dport?: number } = {}): Uint8Array {
  const [sport, dport] = [o.sport ?? 40000, o.dport ?? 8081];
  const payload = o.payload ?? new Uint8Array(0);
  const options = new Uint8Array(o.options ?? []);
  const header = { srcPort: o.back ? dport : sport, dstPort: o.back ? sport : dport, seq: o.seq ?? 1000, ack: o.ack ?? 0, flags, window: 512, urgent: o.urgent ?? 0, options };
  const segment = made(TCP_MIN_LEN + options.length + payload.length, (out) => emitTcp(header, payload, o.back ? { src: B, dst: A } : { src: A, dst: B }, out));
  return ip(IPPROTO.TCP, segment, o.back ? { src: B, dst: A } : {});
}
export const igmp = (m: IgmpMessage): Uint8Array => ip(IPPROTO.IGMP, emitIgmp(m), { ttl: 1, dst: GROUP, options: emitIpv4Options([{ kind: "alert", value: 0 }]) });
export function llc(h: LlcHeader, payload: Uint8Array, dst = MAC_B): Uint8Array {
  const body = concat([made(llcLength(h), (o) => emitLlc(h, o)), payload]);
  return eth(body.length, body, dst);
}
const STP_DST = new Uint8Array([1, 0x80, 0xc2, 0, 0, 0]);
export const bpdu = (b: Bpdu): Uint8Array => llc({ dsap: 0x42, ssap: 0x42, control: 3 }, made(bpduLength(b), (o) => emitBpdu(b, o)), STP_DST);

export function ip6(nextHeader: number, payload: Uint8Array, o: { trafficClass?: number; flowLabel?: number; hopLimit?: number; dst?: Uint8Array } = {}): Uint8Array {
  return concat([made(40, (out) => emitIpv6({ trafficClass: 0, flowLabel: 0, nextHeader, hopLimit: 64, src: A6, dst: B6, ...o }, payload.length, out)), payload]);
}
export function icmp6(type: number, code: number, body: Uint8Array, dst = B6): Uint8Array {
  const m = concat([new Uint8Array([type, code, 0, 0]), body]);
  setU16(m, 2, finish(sumWords(m, 0, m.length, pseudoHeaderSum6(A6, dst, 58, m.length))));
  return ip6(58, m, { hopLimit: 255, dst });
}

const u32 = (v: number): Uint8Array => made(4, (o) => setU32(o, 0, v));
const ipOption = (...o: Ipv4Option[]): Uint8Array => emitIpv4Options(o);
const QUOTED_UDP = ip(IPPROTO.UDP, udp(33000, 33434, data(24)));
const QUOTED_TCP = tcp(TCP_FLAG.SYN);
const ECHO = icmp({ kind: "echo", reply: false, id: 0x1d, seq: 1, data: data(56) });
const BRIDGE = new Uint8Array([0x80, 0, 2, 0, 0, 0, 2, 1]);
const CONFIG: Bpdu = {
  kind: "config", topologyChange: true, topologyChangeAck: true, rootId: BRIDGE, rootPathCost: 4, bridgeId: BRIDGE, portId: 0x8001, messageAge: 257, maxAge: 5120, helloTime: 512, forwardDelay: 3840,
};
const TIMESTAMPS = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

/** The conversation of a small exchange, so that relative numbers show. */
const CONVERSATION: Uint8Array[] = [
  tcp(TCP_FLAG.SYN, { seq: 3628876378, options: [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 9] }),
  tcp(TCP_FLAG.SYN | TCP_FLAG.ACK, { seq: 3173436253, ack: 3628876379, back: true, options: [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 9, 1, 3, 3, 9] }),
  tcp(TCP_FLAG.ACK, { seq: 3628876379, ack: 3173436254, options: TIMESTAMPS }),
  tcp(TCP_FLAG.PSH | TCP_FLAG.ACK, { seq: 3628876379, ack: 3173436254, options: TIMESTAMPS, payload: text("hello\n") }),
  tcp(TCP_FLAG.ACK, { seq: 3173436254, ack: 3628876385, back: true, options: [1, 1, 5, 10, 0xd8, 0x4c, 0x4e, 0x10, 0xd8, 0x4c, 0x4e, 0x20] }),
  tcp(TCP_FLAG.FIN | TCP_FLAG.ACK, { seq: 3628876385, ack: 3173436254 }),
  tcp(TCP_FLAG.RST | TCP_FLAG.ACK, { seq: 3173436254, ack: 3628876386, back: true, payload: text("go away\u0001\u00e9") }),
];

const IPV4_PACKETS: Uint8Array[] = [
  ip(IPPROTO.ICMP, ECHO),
  ip(IPPROTO.ICMP, icmp({ kind: "echo", reply: true, id: 0x1d, seq: 65535, data: data(56) }), { tos: 0xc0, ttl: 1, dontFragment: true }),
  ip(IPPROTO.ICMP, ECHO, { tos: 0x01, id: 0 }),
  ip(IPPROTO.ICMP, ECHO, { tos: 0x02 }),
  ip(IPPROTO.ICMP, ECHO, { tos: 0xbb, ttl: 0 }),
  ...Array.from({ length: 17 }, (_, code) => ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code, mtu: code === 4 ? 1400 : 0, quoted: QUOTED_UDP }), { tos: 0xc0 })),
  ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code: 4, mtu: 0, quoted: QUOTED_UDP })),
  ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code: 3, mtu: 0, quoted: QUOTED_TCP })),
  ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code: 3, mtu: 0, quoted: QUOTED_UDP.slice(0, 28) })),
  ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code: 3, mtu: 0, quoted: ip(200, data(12)) })),
  ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code: 1, mtu: 0, quoted: ip(IPPROTO.ICMP, ECHO) })),
  ip(IPPROTO.ICMP, icmp({ kind: "unreachable", code: 2, mtu: 0, quoted: ip(254, data(16)) })),
  ...[0, 1, 2, 3, 4].map((code) => ip(IPPROTO.ICMP, icmp({ kind: "redirect", code, gateway: B, quoted: ip(IPPROTO.ICMP, ECHO) }))),
  ...[0, 1, 2].map((code) => ip(IPPROTO.ICMP, icmp({ kind: "time-exceeded", code, quoted: QUOTED_UDP }))),
  ip(IPPROTO.ICMP, icmp({ kind: "parameter-problem", code: 0, pointer: 20, quoted: QUOTED_UDP })),
  ip(IPPROTO.ICMP, icmp({ kind: "parameter-problem", code: 1, pointer: 0, quoted: QUOTED_UDP })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 4, code: 0, rest: 0, data: QUOTED_UDP })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 9, code: 0, rest: 0x02020708, data: concat([u32(A), u32(0), u32(B), u32(5)]) })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 9, code: 0, rest: 0x01030030, data: new Uint8Array(0) })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 9, code: 0, rest: 0x0102000a, data: new Uint8Array(4) })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 10, code: 0, rest: 0, data: new Uint8Array(0) })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 13, code: 0, rest: 0x00050006, data: concat([u32(45000123), u32(0), u32(0)]) })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 14, code: 0, rest: 0x00050006, data: concat([u32(45000123), u32(86399999), u32(1)]) })),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 14, code: 0, rest: 0x00050006, data: u32(45000123) })),
  ...[15, 16, 17, 19, 40, 253].map((type) => ip(IPPROTO.ICMP, icmp({ kind: "other", type, code: 1, rest: 7, data: u32(0xffffff00) }))),
  ip(IPPROTO.ICMP, icmp({ kind: "other", type: 18, code: 0, rest: 7, data: u32(0xffffff00) })),
  // Extensions of RFC 4884: an MPLS label behind a datagram padded to 128 octets.
  ip(IPPROTO.ICMP, withExtensions(0), {}),
  ip(IPPROTO.ICMP, withExtensions(32), {}),
  ip(IPPROTO.ICMP, new Uint8Array([8, 0, 1, 2])),
  ip(IPPROTO.ICMP, wrongSum(ECHO, 2)),
  ip(IPPROTO.ICMP, ECHO.slice(0, 40), { moreFragments: true }),
  ip(IPPROTO.ICMP, data(40), { fragmentOffset: 1480 }),
  ip(IPPROTO.UDP, data(40), { fragmentOffset: 1480, moreFragments: true, id: 7 }),
  ip(253, data(40), { fragmentOffset: 8 }),
  wrongSum(ip(IPPROTO.ICMP, ECHO), 10),
  ip(IPPROTO.ICMP, ECHO, { options: ipOption({ kind: "route", type: 7, pointer: 8, slots: [A, 0, 0, 0, 0, 0, 0, 0, 0] }) }),
  ip(IPPROTO.ICMP, ECHO, { options: ipOption({ kind: "route", type: 131, pointer: 4, slots: [A, B] }) }),
  ip(IPPROTO.UDP, udp(1, 2, data(3)), { options: ipOption({ kind: "route", type: 137, pointer: 12, slots: [A, B] }) }),
  ip(IPPROTO.ICMP, ECHO, { options: ipOption({ kind: "timestamp", pointer: 9, overflow: 0, flag: 0, slots: [{ address: 0, time: 1234 }, { address: 0, time: 0 }] }) }),
  ip(IPPROTO.ICMP, ECHO, { options: ipOption({ kind: "timestamp", pointer: 21, overflow: 3, flag: 1, slots: [{ address: A, time: 1234 }, { address: B, time: 5 }] }) }),
  ip(IPPROTO.ICMP, ECHO, { options: ipOption({ kind: "timestamp", pointer: 5, overflow: 0, flag: 3, slots: [{ address: A, time: 0 }] }) }),
  ip(IPPROTO.ICMP, ECHO, { options: new Uint8Array([68, 8, 5, 2, 1, 1, 1, 1]) }),
  ip(IPPROTO.ICMP, ECHO, { options: ipOption({ kind: "nop" }, { kind: "alert", value: 5 }, { kind: "other", type: 130, data: data(9) }) }),
  ip(IPPROTO.ICMP, ECHO, { options: new Uint8Array([7, 1, 0, 0]) }),
  ip(IPPROTO.ICMP, ECHO, { options: new Uint8Array([7, 40, 4, 0, 1, 2, 3, 4]) }),
  ip(IPPROTO.ICMP, ECHO, { options: new Uint8Array([7, 6, 9, 0, 1, 2, 0, 0]) }),
  ip(IPPROTO.UDP, udp(5000, 5005, text("two\n"))),
  ip(IPPROTO.UDP, udp(6800, 5005, new Uint8Array(0))),
  ip(IPPROTO.UDP, noSum(udp(40000, 9999, text("x")))),
  ip(IPPROTO.UDP, wrongSum(udp(40000, 9999, text("x")), 6)),
  ip(IPPROTO.UDP, udp(40000, 9999, data(300)).slice(0, 100)),
  ip(IPPROTO.UDP, udp(40000, 9999, data(30)).slice(0, 6)),
  ip(IPPROTO.UDP, made(8, (o) => o.set([0, 1, 0, 2, 0, 3, 0, 0]))),
  ip(IPPROTO.UDP, udp(40000, 9999, data(1400)), { moreFragments: true }),
  ip(IPPROTO.UDP, udp(50000, 4789, concat([new Uint8Array([8, 0, 0, 0, 0, 0, 42, 0]), eth(0x0800, ip(IPPROTO.ICMP, ECHO))]))),
  ip(IPPROTO.UDP, udp(50000, 4789, new Uint8Array([0, 0, 0]))),
  ...CONVERSATION,
  tcp(TCP_FLAG.SYN | TCP_FLAG.ECE | TCP_FLAG.CWR | TCP_FLAG.URG, { urgent: 9, options: [19, 18, ...data(16), 0, 0] }),
  tcp(0, { options: [254, 4, 0xf9, 0x89] }),
  tcp(TCP_FLAG.ACK, { options: [34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1] }),
  tcp(TCP_FLAG.ACK, { options: [77, 4, 1, 2] }),
  tcp(TCP_FLAG.ACK, { options: [2, 9, 1, 2] }),
  tcp(TCP_FLAG.ACK, { options: [3, 1, 1, 2] }),
  tcp(TCP_FLAG.ACK, { options: [0, 1, 1, 2], dport: 40000 }),
  tcp(TCP_FLAG.ACK, { seq: 5, ack: 9, payload: data(1460), sport: 40001, dport: 40001 }),
  igmp({ kind: "group", type: 0x11, maxResp: 0, group: 0, rest: new Uint8Array(0) }),
  igmp({ kind: "group", type: 0x11, maxResp: 100, group: 0, rest: new Uint8Array(0) }),
  igmp({ kind: "group", type: 0x11, maxResp: 10, group: GROUP, rest: new Uint8Array(0) }),
  igmp({ kind: "group", type: 0x11, maxResp: 100, group: 0, rest: new Uint8Array([2, 125, 0, 0]) }),
  igmp({ kind: "group", type: 0x11, maxResp: 10, group: GROUP, rest: new Uint8Array([2, 125, 0, 1, 10, 0, 0, 9]) }),
  igmp({ kind: "group", type: 0x11, maxResp: 0xf7, group: GROUP, rest: new Uint8Array([2, 125, 0, 3, 10, 0, 0, 9]) }),
  igmp({ kind: "group", type: 0x12, maxResp: 0, group: GROUP, rest: new Uint8Array(0) }),
  igmp({ kind: "group", type: 0x16, maxResp: 0, group: GROUP, rest: new Uint8Array(0) }),
  igmp({ kind: "group", type: 0x17, maxResp: 0, group: GROUP, rest: new Uint8Array(0) }),
  igmp({ kind: "group", type: 0x99, maxResp: 0, group: GROUP, rest: new Uint8Array(0) }),
  igmp({ kind: "report3", records: [{ type: 4, group: GROUP, sources: [] }, { type: 1, group: GROUP, sources: [A, B] }, { type: 9, group: GROUP, sources: [] }] }),
  ip(IPPROTO.IPIP, ip(IPPROTO.ICMP, ECHO)),
  ip(IPPROTO.IPV6, icmp6(128, 0, concat([u32(0x00010002), data(16)]))),
  ip(253, data(20)),
  ip(200, data(20)),
  ip(58, data(20)),
  new Uint8Array([0x55, ...ip(IPPROTO.ICMP, ECHO).slice(1)]),
  new Uint8Array([0x42, ...ip(IPPROTO.ICMP, ECHO).slice(1)]),
  new Uint8Array([0x65, ...ip(IPPROTO.ICMP, ECHO).slice(1)]),
  ip(IPPROTO.ICMP, ECHO).slice(0, 60),
  made(40, (o) => {
    o.set(ip(IPPROTO.ICMP, ECHO).slice(0, 40));
    setU16(o, 2, 10);
  }),
];

function withExtensions(words: number): Uint8Array {
  const quoted = new Uint8Array(128);
  quoted.set(QUOTED_UDP);
  const ext = new Uint8Array([0x20, 0, 0, 0, 0, 8, 1, 1, 0x00, 0x06, 0x41, 0x01, 0, 6, 2, 9, 1, 2]);
  setU16(ext, 2, finish(sumWords(ext, 0, ext.length)));
  return icmp({ kind: "other", type: 11, code: 0, rest: words * 0x10000, data: concat([quoted, ext]) });
}
function wrongSum(b: Uint8Array, at: number): Uint8Array {
  const out = b.slice();
  out[at]! ^= 0x5a;
  return out;
}
function noSum(b: Uint8Array): Uint8Array {
  const out = b.slice();
  setU16(out, 6, 0);
  return out;
}

const IPV6_PACKETS: Uint8Array[] = [
  icmp6(128, 0, concat([u32(0x001d0001), data(56)])),
  icmp6(129, 0, concat([u32(0x001d0001), data(56)])),
  icmp6(135, 0, concat([u32(0), B6, new Uint8Array([1, 1, ...MAC_A])])),
  icmp6(136, 0, concat([u32(0x60000000), B6, new Uint8Array([2, 1, ...MAC_B])])),
  icmp6(133, 0, concat([u32(0), new Uint8Array([1, 1, ...MAC_A])])),
  icmp6(134, 0, concat([u32(0x40c80708), u32(1), u32(2), new Uint8Array([1, 1, ...MAC_A, 5, 1, 0, 0, 0, 0, 5, 0xdc, 3, 4, 64, 0xc0, 0, 1, 0x51, 0x80, 255, 255, 255, 255, 0, 0, 0, 0]), A6])),
  icmp6(137, 0, concat([u32(0), B6, A6, new Uint8Array([4, 2, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8])])),
  ...[0, 1, 2, 3, 4, 7].map((code) => icmp6(1, code, concat([u32(0), ip6(17, udp(1000, 2000, data(8)))]))),
  icmp6(1, 4, concat([u32(0), ip6(58, data(8))])),
  icmp6(2, 0, concat([u32(1400), ip6(17, udp(1000, 2000, data(8)))])),
  ...[0, 1, 2].map((code) => icmp6(3, code, concat([u32(0), ip6(17, udp(1000, 2000, data(8)))]))),
  ...[0, 1, 2, 9].map((code) => icmp6(4, code, concat([u32(40), ip6(17, udp(1000, 2000, data(8)))]))),
  icmp6(130, 0, concat([u32(0x27100000), new Uint8Array(16)])),
  icmp6(130, 0, concat([u32(0x27100000), A6, new Uint8Array([2, 125, 0, 0])])),
  icmp6(131, 0, concat([u32(0), B6])),
  icmp6(143, 0, concat([u32(2), new Uint8Array([4, 0, 0, 0]), B6, new Uint8Array([1, 0, 0, 1]), B6, A6])),
  icmp6(200, 0, data(12)),
  ip6(0, concat([new Uint8Array([58, 0, 5, 2, 0, 0, 1, 0]), icmp6(143, 0, concat([u32(1), new Uint8Array([4, 0, 0, 0]), B6])).slice(40)]), { hopLimit: 1 }),
  ip6(60, concat([new Uint8Array([17, 0, 1, 4, 0, 0, 0, 0]), udp(1000, 2000, data(8))])),
  ip6(44, concat([new Uint8Array([17, 0, 0, 1, 0, 0, 0, 9]), udp(1000, 2000, data(80)).slice(0, 64)])),
  ip6(44, concat([new Uint8Array([17, 0, 0x05, 0xa8, 0, 0, 0, 9]), data(40)])),
  ip6(17, udp(1000, 2000, data(8)), { trafficClass: 0xb8, flowLabel: 0x12345 }),
  ip6(6, tcp(TCP_FLAG.SYN).slice(20)),
  ip6(59, new Uint8Array(0)),
  ip6(1, data(8)),
  ip6(253, data(8)),
  ip6(17, udp(1000, 2000, data(80)), {}).slice(0, 70),
];

const arp = (oper: number, o: { spa?: number; tpa?: number; tha?: Uint8Array } = {}): Uint8Array => made(28, (out) => emitArp({ oper, sha: MAC_A, spa: o.spa ?? A, tha: o.tha ?? new Uint8Array(6), tpa: o.tpa ?? B }, out));
const altered = (b: Uint8Array, at: number, ...v: number[]): Uint8Array => {
  const out = b.slice();
  out.set(v, at);
  return out;
};

/** Every frame, from the Ethernet header on. */
export const FRAMES: readonly Uint8Array[] = [
  eth(0x0806, arp(1), ALL),
  eth(0x0806, concat([arp(2, { tha: MAC_B }), new Uint8Array(18)])),
  eth(0x0806, arp(1, { spa: 0 }), ALL),
  eth(0x0806, arp(1, { spa: B, tha: ALL }), ALL),
  ...[3, 4, 8, 9, 10, 77].map((op) => eth(0x0806, arp(op, { tha: MAC_B }))),
  eth(0x8035, arp(3), ALL),
  eth(0x0806, altered(arp(1), 0, 0, 6)),
  eth(0x0806, altered(arp(1), 2, 0x86, 0xdd)),
  eth(0x0806, altered(arp(1), 4, 4)),
  eth(0x0806, altered(arp(2), 4, 0)),
  eth(0x0806, altered(arp(1), 5, 6)),
  eth(0x0806, arp(1).slice(0, 20)),
  ...IPV4_PACKETS.map((p) => eth(0x0800, p)),
  ...IPV6_PACKETS.map((p) => eth(0x86dd, p)),
  eth(0x8100, tag(10, 0x0800, ip(IPPROTO.ICMP, ECHO))),
  eth(0x8100, tag(4095, 0x0806, arp(1), 7, true)),
  eth(0x88a8, tag(100, 0x8100, tag(10, 0x0800, ip(IPPROTO.ICMP, ECHO), 3))),
  eth(0x8100, tag(10, 0x86dd, IPV6_PACKETS[0]!)),
  eth(0x8100, new Uint8Array([0, 10])),
  eth(0x9100, tag(1, 0x1234, data(10))),
  eth(0x1234, data(40)),
  eth(0x1234, data(41), ALL),
  eth(0x88b5, new Uint8Array(0)),
  eth(0x0800, new Uint8Array(0)),
  bpdu(CONFIG),
  concat([bpdu({ ...CONFIG, topologyChange: false, topologyChangeAck: false, messageAge: 0 }), new Uint8Array(8)]),
  bpdu({ kind: "tcn" }),
  llc({ dsap: 0x42, ssap: 0x42, control: 3 }, concat([new Uint8Array([0, 0, 2, 2, 0x7e]), BRIDGE, u32(20000), BRIDGE, new Uint8Array([0x80, 2, 0, 0, 20, 0, 2, 0, 15, 0, 0])]), STP_DST),
  llc({ dsap: 0x42, ssap: 0x42, control: 3 }, new Uint8Array([0, 0, 0, 0, 1, 2]), STP_DST),
  llc({ dsap: 0x42, ssap: 0x42, control: 3 }, new Uint8Array([0, 1, 0, 0, 1, 2]), STP_DST),
  llc({ dsap: 0x42, ssap: 0x42, control: 3 }, new Uint8Array([0, 0, 9, 0, 1, 2]), STP_DST),
  llc({ dsap: 0x42, ssap: 0x42, control: 3 }, new Uint8Array([0, 0, 0, 7, 1, 2]), STP_DST),
  llc({ dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0, protocol: 0x0800 } }, ip(IPPROTO.ICMP, ECHO)),
  llc({ dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0x00000c, protocol: 0x010b } }, made(35, (o) => emitBpdu(CONFIG, o))),
  llc({ dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0, protocol: 0x1234 } }, data(10)),
  llc({ dsap: 0xaa, ssap: 0xaa, control: 3, snap: { oui: 0x123456, protocol: 0x1234 } }, data(10)),
  llc({ dsap: 0x06, ssap: 0x06, control: 3 }, ip(IPPROTO.ICMP, ECHO)),
  llc({ dsap: 0x04, ssap: 0x05, control: 0xbf }, new Uint8Array([0x81, 1, 2])),
  llc({ dsap: 0x04, ssap: 0x04, control: 0xaf }, new Uint8Array(0)),
  llc({ dsap: 0x10, ssap: 0x04, control: 0xe3 }, data(6)),
  llc({ dsap: 0x0e, ssap: 0x0e, control: 0x0401 }, new Uint8Array(0)),
  llc({ dsap: 0x0f, ssap: 0x0e, control: 0x0502 }, data(9)),
  eth(2, new Uint8Array([0x42, 0x42])),
  eth(60, data(20)),
  eth(0x0800, ip(IPPROTO.ICMP, ECHO)).slice(0, 12),
];

/** A small generator of our own: tests must not depend on Math.random. */
export function lcg(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 0x1_0000_0000;
  };
}

/** A copy with some octets changed, cut or added: what a hostile or broken sender makes of it. */
export function mutate(frame: Uint8Array, random: () => number): Uint8Array {
  const kind = random();
  if (kind < 0.15) return frame.slice(0, Math.floor(random() * (frame.length + 1)));
  const out = kind < 0.25 ? concat([frame, Uint8Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256))]) : frame.slice();
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes && out.length > 0; i++) {
    const at = Math.floor(random() * out.length);
    const how = random();
    out[at] = how < 0.3 ? Math.floor(random() * 256) : how < 0.6 ? out[at]! ^ (1 << Math.floor(random() * 8)) : how < 0.8 ? [0, 1, 0x7f, 0x80, 0xff][Math.floor(random() * 5)]! : out[at]! + (random() < 0.5 ? 1 : -1);
  }
  return out;
}
