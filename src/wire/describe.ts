/**
 * A frame as layers and fields, for people: the packet inspector and the strips are drawn from this, and nothing here judges.
 * Names of fields are those of the RFC (or IEEE standard) that defines the header; positions are in bits from the frame's start, so that
 * a field, its octets and its place in a drawing are found from each other. Whatever the octets are, the result is a tree: a layer that
 * breaks off says so in `error`, and what lies behind it is its `rest`.
 */
import { getU16, getU32, hex, toHex } from "../base/bytes.ts";
import { ARP } from "./arp.ts";
import { finish, pseudoHeaderSum, sumWords } from "./checksum.ts";
import type { DecodeError } from "./cursor.ts";
import { ETH, ETH_LEN, ETH_MAX_LENGTH_FIELD, formatMac } from "./ethernet.ts";
import { ICMP, ICMP_LEN, ICMP_TYPE, isIcmpError } from "./icmp.ts";
import { ICMPV6, ICMPV6_LEN, ICMPV6_TYPE } from "./icmpv6.ts";
import { IGMP, IGMP_LEN, IGMP_TYPE } from "./igmp.ts";
import { formatIpv4, IPOPT, IPPROTO, IPV4, IPV4_MIN_LEN } from "./ipv4.ts";
import { formatIpv6, IPV6, IPV6_EXT, IPV6_LEN, pseudoHeaderSum6 } from "./ipv6.ts";
import { LLC_UI, LLCSAP } from "./llc.ts";
import { BPDU, BPDU_CONFIG_LEN, BPDU_TCN_LEN, BPDU_TYPE } from "./stp.ts";
import { TCP, TCP_MIN_LEN, TCPOPT } from "./tcp.ts";
import { UDP, UDP_LEN } from "./udp.ts";
import { VLAN, VLAN_LEN, VLAN_TPIDS } from "./vlan.ts";

export type Protocol = "ethernet" | "vlan" | "llc" | "stp" | "arp" | "ipv4" | "icmp" | "igmp" | "udp" | "tcp" | "vxlan" | "ipv6" | "ipv6-ext" | "icmpv6" | "data";

export interface Field {
  /** As in the standard: "Time to Live", "Protocol". */
  name: string;
  /** Bits from the frame's start, and how many. */
  bit: number;
  width: number;
  /** Up to 48 bits as a number; wider fields as hex digits. */
  value: number | string;
  /** As a person reads it: "10.0.0.1", "1 (ICMP)". */
  text: string;
  /** Parts of it: flags, options. */
  fields?: Field[];
  /** Of a checksum: whether it is right. Undefined: it could not be judged. */
  good?: boolean;
}

export interface Layer {
  protocol: Protocol;
  /** Octets from the frame's start, and how many of its header are there. */
  offset: number;
  length: number;
  fields: Field[];
  /** What it carries; of an ICMP error the packet it quotes. */
  inner?: Layer;
  /** Whether `inner` is a quotation, usually cut short: it is no part of this packet's way. */
  quotes?: boolean;
  /** Why the header could not be read to its end. */
  error?: DecodeError;
}

/** How deep packets may stand in packets. */
const MAX_DEPTH = 24;
const VXLAN_PORTS: readonly number[] = [4789, 8472];
const VXLAN_LEN = 8;

/** @param start what `frame` begins with. */
export function describe(frame: Uint8Array, start: "ether" | "ip" = "ether"): Layer {
  const all: Slice = { bytes: frame, at: 0, end: frame.length, depth: 0 };
  return start === "ether" ? ethernet(all) : ipPacket(all);
}

/** The layers from the outside in; what an ICMP error quotes is not among them. */
export function layersOf(first: Layer): Layer[] {
  const layers: Layer[] = [];
  for (let l: Layer | undefined = first; l; l = l.quotes ? undefined : l.inner) layers.push(l);
  return layers;
}

/** A part of the frame and how deep it lies. */
interface Slice {
  bytes: Uint8Array;
  at: number;
  end: number;
  depth: number;
}

/** Collects the fields of one layer. A field that is not there ends the layer; the ones after it are not asked for. */
class Reader {
  readonly layer: Layer;
  private readonly s: Slice;
  private list: Field[];

  constructor(s: Slice, protocol: Protocol) {
    this.s = s;
    this.layer = { protocol, offset: s.at, length: 0, fields: [] };
    this.list = this.layer.fields;
  }

  get ok(): boolean {
    return this.layer.error === undefined;
  }

  get left(): number {
    return this.s.end - this.s.at;
  }

  fail(reason: string, offset: number): void {
    this.layer.error ??= { layer: this.layer.protocol, offset, reason };
  }

  /** Whether the header's first `n` octets are there; otherwise it ends here. */
  need(n: number): boolean {
    if (this.left >= n) return true;
    this.fail(`truncated: ${n} octets needed, ${this.left} there`, this.left);
    return false;
  }

  /** A field of whole octets at `offset` of the header; up to 6 of them are a number. */
  octets(name: string, offset: number, n: number, text?: (v: number) => string): number {
    return this.bits(name, offset * 8, n * 8, text);
  }

  /** A field of bits, the first one the highest of its octet. Not more than 48. */
  bits(name: string, from: number, width: number, text?: (v: number) => string): number {
    if (!this.ok || !this.need(Math.ceil((from + width) / 8))) return 0;
    const value = readBits(this.s.bytes, this.s.at * 8 + from, width);
    this.list.push({ name, bit: this.s.at * 8 + from, width, value, text: text ? text(value) : String(value) });
    return value;
  }

  /** A field that is no number: addresses of 16 octets, data. */
  wide(name: string, offset: number, n: number, text: (b: Uint8Array) => string): void {
    if (!this.ok || !this.need(offset + n)) return;
    const b = this.s.bytes.subarray(this.s.at + offset, this.s.at + offset + n);
    this.list.push({ name, bit: (this.s.at + offset) * 8, width: n * 8, value: toHex(b), text: text(b) });
  }

  mac(name: string, offset: number): void {
    this.octets(name, offset, 6, () => formatMac(this.s.bytes, this.s.at + offset));
  }

  ipv4(name: string, offset: number): number {
    return this.octets(name, offset, 4, formatIpv4);
  }

  ipv6(name: string, offset: number): void {
    this.wide(name, offset, 16, (b) => formatIpv6(b));
  }

  /** A checksum and whether it is right, as far as that can be said. */
  checksum(offset: number, good: boolean | undefined): void {
    const value = this.octets("Checksum", offset, 2, (v) => `0x${hex(v, 4)}${good === undefined ? "" : good ? " (right)" : " (wrong)"}`);
    const field = this.list.at(-1);
    if (field && field.value === value && good !== undefined && this.ok) field.good = good;
  }

  /** A field made of the ones `parts` reads. */
  group(name: string, from: number, width: number, text: (v: number) => string, parts: () => void): void {
    const value = this.bits(name, from, width, text);
    const field = this.list.at(-1);
    if (!this.ok || !field || field.value !== value) return;
    const outer = this.list;
    this.list = [];
    parts();
    if (this.list.length > 0) field.fields = this.list;
    this.list = outer;
  }

  /** The same for something longer than a number. */
  wideGroup(name: string, offset: number, n: number, text: (b: Uint8Array) => string, parts: () => void): void {
    this.wide(name, offset, n, text);
    const field = this.list.at(-1);
    if (!this.ok || !field) return;
    const outer = this.list;
    this.list = [];
    parts();
    if (this.list.length > 0) field.fields = this.list;
    this.list = outer;
  }

  /** Ends the header after `length` octets. @returns what follows it, up to `end` octets from its start. */
  payload(length: number, end = this.left): Slice {
    this.layer.length = Math.min(length, this.left);
    return { bytes: this.s.bytes, at: this.s.at + this.layer.length, end: Math.max(this.s.at + this.layer.length, Math.min(this.s.end, this.s.at + end)), depth: this.s.depth + 1 };
  }

  /** The layer when nothing follows, or something broke: what is left is data. */
  finish(length: number, next?: (s: Slice) => Layer, end?: number): Layer {
    const rest = this.payload(this.ok ? length : this.headerRead(), end);
    if (rest.at < rest.end) this.layer.inner = this.ok && next && rest.depth < MAX_DEPTH ? next(rest) : data(rest);
    return this.layer;
  }

  /** Octets the fields cover: how far a broken header was read. */
  private headerRead(): number {
    let last = this.s.at * 8;
    for (const f of this.layer.fields) last = Math.max(last, f.bit + f.width);
    return Math.ceil(last / 8) - this.s.at;
  }
}

function readBits(b: Uint8Array, from: number, width: number): number {
  let value = 0;
  let bit = from;
  let left = width;
  while (left > 0) {
    const room = 8 - (bit & 7);
    const take = Math.min(room, left);
    value = value * (1 << take) + (((b[bit >> 3]! >> (room - take)) & ((1 << take) - 1)));
    bit += take;
    left -= take;
  }
  return value;
}

const hexText = (digits: number) => (v: number): string => `0x${hex(v, digits)}`;
const named = (names: ReadonlyMap<number, string>, plain: (v: number) => string = String) => (v: number): string => {
  const n = names.get(v);
  return n === undefined ? plain(v) : `${plain(v)} (${n})`;
};
const flag = (set: string, clear = "not set") => (v: number): string => (v === 1 ? set : clear);

function data(s: Slice): Layer {
  const length = s.end - s.at;
  return { protocol: "data", offset: s.at, length, fields: [{ name: "Data", bit: s.at * 8, width: length * 8, value: length <= 6 ? readBits(s.bytes, s.at * 8, length * 8) : toHex(s.bytes.subarray(s.at, s.end)), text: `${length} octets` }] };
}

// -- link layer --------------------------------------------------------------------------------------------------------

const ETHERTYPES: ReadonlyMap<number, string> = new Map([[0x0800, "IPv4"], [0x0806, "ARP"], [0x8100, "802.1Q"], [0x88a8, "802.1ad"], [0x86dd, "IPv6"], [0x8035, "RARP"], [0x88cc, "LLDP"], [0x8847, "MPLS"]]);

function ethernet(s: Slice): Layer {
  const r = new Reader(s, "ethernet");
  r.mac("Destination Address", ETH.dst);
  r.mac("Source Address", ETH.src);
  return r.ok ? typeField(r, s, ETH.type, ETH_LEN) : r.finish(0);
}

/** The field that is a type or a length, and what follows. */
function typeField(r: Reader, s: Slice, offset: number, headerLength: number): Layer {
  const isLength = s.at + offset + 2 <= s.end && getU16(s.bytes, s.at + offset) <= ETH_MAX_LENGTH_FIELD;
  const type = r.octets(isLength ? "Length" : "EtherType", offset, 2, isLength ? (v) => `${v} octets` : named(ETHERTYPES, hexText(4)));
  return r.finish(headerLength, isLength ? llc : byEthertype(type), isLength ? headerLength + type : undefined);
}

function byEthertype(type: number): (s: Slice) => Layer {
  if (VLAN_TPIDS.includes(type)) return vlan;
  if (type === 0x0800) return ipv4;
  if (type === 0x86dd) return ipv6;
  return type === 0x0806 || type === 0x8035 ? arp : data;
}

function vlan(s: Slice): Layer {
  const r = new Reader(s, "vlan");
  r.bits("PCP", 0, 3);
  r.bits("DEI", 3, 1, flag("drop eligible"));
  r.bits("VID", 4, 12);
  return r.ok ? typeField(r, s, VLAN.type, VLAN_LEN) : r.finish(0);
}

const SAPS: ReadonlyMap<number, string> = new Map([[0x42, "Spanning Tree"], [0xaa, "SNAP"], [0x06, "IP"], [0xe0, "IPX"], [0xf0, "NetBEUI"], [0xfe, "ISO"], [0xff, "global"]]);

function llc(s: Slice): Layer {
  const r = new Reader(s, "llc");
  const dsap = r.octets("DSAP", 0, 1, named(SAPS, hexText(2)));
  const ssap = r.octets("SSAP", 1, 1, named(SAPS, hexText(2)));
  const short = s.at + 2 < s.end && (s.bytes[s.at + 2]! & 3) === 3;
  const control = r.octets("Control", 2, short ? 1 : 2, hexText(short ? 2 : 4));
  if (dsap === LLCSAP.SNAP && ssap === LLCSAP.SNAP && control === LLC_UI) {
    const oui = r.octets("OUI", 3, 3, hexText(6));
    const pid = r.octets("Protocol Identifier", 6, 2, named(ETHERTYPES, hexText(4)));
    return r.finish(8, oui === 0 ? byEthertype(pid) : data);
  }
  return r.finish(short ? 3 : 4, dsap === LLCSAP.STP && ssap === LLCSAP.STP && control === LLC_UI ? stp : data);
}

const BPDU_TYPES: ReadonlyMap<number, string> = new Map([[BPDU_TYPE.CONFIG, "configuration"], [BPDU_TYPE.TCN, "topology change notification"], [BPDU_TYPE.RST, "rapid spanning tree"]]);
const ticks = (v: number): string => `${Math.floor((v * 1000) / 256) / 1000} s`;

function stp(s: Slice): Layer {
  const r = new Reader(s, "stp");
  r.octets("Protocol Identifier", BPDU.protocol, 2, hexText(4));
  r.octets("Protocol Version Identifier", BPDU.version, 1);
  const type = r.octets("BPDU Type", BPDU.type, 1, named(BPDU_TYPES, hexText(2)));
  if (type === BPDU_TYPE.TCN) return r.finish(BPDU_TCN_LEN);
  r.group("Flags", BPDU.flags * 8, 8, hexText(2), () => {
    r.bits("Topology Change Acknowledgment", BPDU.flags * 8, 1, flag("set"));
    r.bits("Topology Change", BPDU.flags * 8 + 7, 1, flag("set"));
  });
  bridgeId(r, "Root Identifier", BPDU.rootId);
  r.octets("Root Path Cost", BPDU.rootPathCost, 4);
  bridgeId(r, "Bridge Identifier", BPDU.bridgeId);
  r.octets("Port Identifier", BPDU.portId, 2, hexText(4));
  r.octets("Message Age", BPDU.messageAge, 2, ticks);
  r.octets("Max Age", BPDU.maxAge, 2, ticks);
  r.octets("Hello Time", BPDU.helloTime, 2, ticks);
  r.octets("Forward Delay", BPDU.forwardDelay, 2, ticks);
  return r.finish(BPDU_CONFIG_LEN);
}

function bridgeId(r: Reader, name: string, offset: number): void {
  r.wideGroup(name, offset, 8, (b) => `${hex(getU16(b, 0), 4)}.${formatMac(b, 2)}`, () => {
    r.octets("Priority", offset, 2);
    r.mac("Bridge Address", offset + 2);
  });
}

// -- ARP ---------------------------------------------------------------------------------------------------------------

const HARDWARE: ReadonlyMap<number, string> = new Map([[1, "Ethernet"]]);
const OPERATIONS: ReadonlyMap<number, string> = new Map([[1, "request"], [2, "reply"], [3, "reverse request"], [4, "reverse reply"]]);

function arp(s: Slice): Layer {
  const r = new Reader(s, "arp");
  r.octets("Hardware Type", ARP.htype, 2, named(HARDWARE));
  r.octets("Protocol Type", ARP.ptype, 2, named(ETHERTYPES, hexText(4)));
  const hln = r.octets("Hardware Address Length", ARP.hlen, 1);
  const pln = r.octets("Protocol Address Length", ARP.plen, 1);
  r.octets("Operation", ARP.oper, 2, named(OPERATIONS));
  let at = 8;
  for (const who of ["Sender", "Target"]) {
    if (hln === 6) r.mac(`${who} Hardware Address`, at);
    else if (hln > 0) r.wide(`${who} Hardware Address`, at, hln, toHex);
    at += hln;
    if (pln === 4) r.ipv4(`${who} Protocol Address`, at);
    else if (pln > 0) r.wide(`${who} Protocol Address`, at, pln, toHex);
    at += pln;
  }
  return r.finish(at);
}

// -- IPv4 --------------------------------------------------------------------------------------------------------------

const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, "ICMP"], [2, "IGMP"], [4, "IPv4"], [6, "TCP"], [17, "UDP"], [41, "IPv6"], [47, "GRE"], [50, "ESP"], [51, "AH"], [58, "ICMPv6"], [89, "OSPF"], [112, "VRRP"], [132, "SCTP"],
]);
const ECN: ReadonlyMap<number, string> = new Map([[0, "Not-ECT"], [1, "ECT(1)"], [2, "ECT(0)"], [3, "CE"]]);

function ipPacket(s: Slice): Layer {
  return s.at < s.end && s.bytes[s.at]! >> 4 === 6 ? ipv6(s) : ipv4(s);
}

function ipv4(s: Slice): Layer {
  const r = new Reader(s, "ipv4");
  const version = r.bits("Version", 0, 4);
  const ihl = r.bits("IHL", 4, 4, (v) => `${v} (${v * 4} octets)`);
  if (r.ok && version !== 4) r.fail(`version is ${version}`, 0);
  if (r.ok && ihl < 5) r.fail(`header length is ${ihl * 4} octets`, 0);
  const headerLength = ihl * 4;
  r.group("Type of Service", 8, 8, hexText(2), () => {
    r.bits("DSCP", 8, 6);
    r.bits("ECN", 14, 2, named(ECN));
  });
  const total = r.octets("Total Length", IPV4.totalLength, 2, (v) => `${v} octets`);
  r.octets("Identification", IPV4.id, 2, (v) => `${v} (0x${hex(v, 4)})`);
  r.group("Flags", IPV4.fragment * 8, 3, flagsText, () => {
    r.bits("Reserved", IPV4.fragment * 8, 1, flag("set"));
    r.bits("Don't Fragment", IPV4.fragment * 8 + 1, 1, flag("set"));
    r.bits("More Fragments", IPV4.fragment * 8 + 2, 1, flag("set"));
  });
  const fragmentOffset = r.bits("Fragment Offset", IPV4.fragment * 8 + 3, 13, (v) => `${v} (${v * 8} octets)`);
  r.octets("Time to Live", IPV4.ttl, 1);
  const protocol = r.octets("Protocol", IPV4.protocol, 1, named(PROTOCOLS));
  r.checksum(IPV4.checksum, r.left >= headerLength && headerLength >= IPV4_MIN_LEN ? finish(sumWords(s.bytes, s.at, s.at + headerLength)) === 0 : undefined);
  const src = r.ipv4("Source Address", IPV4.src);
  const dst = r.ipv4("Destination Address", IPV4.dst);
  if (headerLength > IPV4_MIN_LEN) ipv4Options(r, s, headerLength);
  if (r.ok && total < headerLength) r.fail(`total length ${total} is less than the header's ${headerLength}`, IPV4.totalLength);
  const moreFragments = r.ok && (getU16(s.bytes, s.at + IPV4.fragment) & 0x2000) !== 0;
  const upper: Upper = { protocol, first: fragmentOffset === 0, whole: fragmentOffset === 0 && !moreFragments, expected: total - headerLength, sum: (length) => pseudoHeaderSum(src, dst, protocol, length) };
  return r.finish(headerLength, (rest) => transport(rest, upper), total);
}

function flagsText(v: number): string {
  const names = ["Reserved", "DF", "MF"].filter((_, i) => ((v >> (2 - i)) & 1) === 1);
  return names.length > 0 ? names.join(", ") : "none";
}

const OPTIONS: ReadonlyMap<number, string> = new Map([
  [IPOPT.EOL, "End of Option List"], [IPOPT.NOP, "No Operation"], [IPOPT.RR, "Record Route"], [IPOPT.TS, "Internet Timestamp"], [IPOPT.LSRR, "Loose Source Route"], [IPOPT.SSRR, "Strict Source Route"],
  [IPOPT.RA, "Router Alert"],
]);

function ipv4Options(r: Reader, s: Slice, headerLength: number): void {
  r.wideGroup("Options", IPV4.options, headerLength - IPV4_MIN_LEN, (b) => `${b.length} octets`, () => {
    options(s, IPV4.options, headerLength, (type, offset, length) => {
      const route = type === IPOPT.RR || type === IPOPT.LSRR || type === IPOPT.SSRR;
      r.wideGroup(OPTIONS.get(type) ?? `Option ${type}`, offset, length, (b) => (b.length > 1 ? `${b.length} octets` : "1 octet"), () => {
        if (!route || length < 3) return;
        r.octets("Pointer", offset + 2, 1);
        for (let p = offset + 3; p + 4 <= offset + length; p += 4) r.ipv4("Route Data", p);
      });
    });
  });
}

/** Calls `each` for each option of a list of type, length, data; what is malformed ends the list. */
function options(s: Slice, from: number, to: number, each: (type: number, offset: number, length: number) => void): void {
  for (let offset = from; offset < to && s.at + offset < s.end; ) {
    const type = s.bytes[s.at + offset]!;
    const single = type === 0 || type === 1;
    const length = single ? 1 : (s.bytes[s.at + offset + 1] ?? 0);
    if (length < (single ? 1 : 2) || offset + length > to || s.at + offset + length > s.end) return;
    each(type, offset, length);
    if (type === 0) return;
    offset += length;
  }
}

/** What the network layer tells about its payload. */
interface Upper {
  protocol: number;
  /** It is the first fragment, or not fragmented: a header is there. */
  first: boolean;
  whole: boolean;
  /** Octets of payload as the header says. */
  expected: number;
  /** The pseudo header's sum for a segment of this length. */
  sum: (length: number) => number;
}

function transport(s: Slice, u: Upper): Layer {
  if (!u.first) return data(s);
  const complete = u.whole && s.end - s.at >= u.expected;
  switch (u.protocol) {
    case IPPROTO.ICMP:
      return icmp(s, complete);
    case IPPROTO.IGMP:
      return igmp(s, complete);
    case IPPROTO.UDP:
      return udp(s, u, complete);
    case IPPROTO.TCP:
      return tcp(s, u, complete);
    case IPPROTO.IPIP:
      return ipv4(s);
    case IPPROTO.IPV6:
      return ipv6(s);
    case IPPROTO.ICMPV6:
      return icmpv6(s, u, complete);
    default:
      return data(s);
  }
}

// -- ICMP, IGMP --------------------------------------------------------------------------------------------------------

const ICMP_TYPES: ReadonlyMap<number, string> = new Map([
  [0, "echo reply"], [3, "destination unreachable"], [4, "source quench"], [5, "redirect"], [8, "echo"], [9, "router advertisement"], [10, "router solicitation"], [11, "time exceeded"], [12, "parameter problem"],
  [13, "timestamp"], [14, "timestamp reply"], [17, "address mask request"], [18, "address mask reply"],
]);
const ICMP_CODES: ReadonlyMap<number, ReadonlyMap<number, string>> = new Map([
  [3, new Map([[0, "net unreachable"], [1, "host unreachable"], [2, "protocol unreachable"], [3, "port unreachable"], [4, "fragmentation needed and DF set"], [5, "source route failed"], [13, "administratively prohibited"]])],
  [5, new Map([[0, "for the network"], [1, "for the host"], [2, "for type of service and network"], [3, "for type of service and host"]])],
  [11, new Map([[0, "time to live exceeded in transit"], [1, "fragment reassembly time exceeded"]])],
  [12, new Map([[0, "pointer indicates the error"]])],
]);
const NO_NAMES: ReadonlyMap<number, string> = new Map();

function icmp(s: Slice, complete: boolean): Layer {
  const r = new Reader(s, "icmp");
  const type = r.octets("Type", ICMP.type, 1, named(ICMP_TYPES));
  const code = r.octets("Code", ICMP.code, 1, named(ICMP_CODES.get(type) ?? NO_NAMES));
  r.checksum(ICMP.checksum, complete ? finish(sumWords(s.bytes, s.at, s.end)) === 0 : undefined);
  if (type === ICMP_TYPE.ECHO || type === ICMP_TYPE.ECHO_REPLY || type === ICMP_TYPE.TIMESTAMP || type === ICMP_TYPE.TIMESTAMP_REPLY || type === ICMP_TYPE.ADDRESS || type === ICMP_TYPE.ADDRESS_REPLY) {
    r.octets("Identifier", ICMP.id, 2);
    r.octets("Sequence Number", ICMP.seq, 2);
  } else if (type === ICMP_TYPE.REDIRECT) r.ipv4("Gateway Internet Address", ICMP.gateway);
  else if (type === ICMP_TYPE.PARAMETER_PROBLEM) {
    r.octets("Pointer", ICMP.rest, 1);
    r.octets("Unused", ICMP.rest + 1, 3);
  } else if (type === ICMP_TYPE.DEST_UNREACH && code === 4) {
    r.octets("Unused", ICMP.rest, 2);
    r.octets("Next-Hop MTU", ICMP.mtu, 2);
  } else r.octets(isIcmpError(type) ? "Unused" : "Rest of Header", ICMP.rest, 4, hexText(8));
  const quotes = r.ok && isIcmpError(type);
  const layer = r.finish(ICMP_LEN, quotes ? ipv4 : data);
  if (quotes && layer.inner) layer.quotes = true;
  return layer;
}

const IGMP_TYPES: ReadonlyMap<number, string> = new Map([
  [IGMP_TYPE.QUERY, "membership query"], [IGMP_TYPE.V1_REPORT, "version 1 membership report"], [IGMP_TYPE.V2_REPORT, "version 2 membership report"], [IGMP_TYPE.V2_LEAVE, "leave group"],
  [IGMP_TYPE.V3_REPORT, "version 3 membership report"],
]);

function igmp(s: Slice, complete: boolean): Layer {
  const r = new Reader(s, "igmp");
  const type = r.octets("Type", IGMP.type, 1, named(IGMP_TYPES, hexText(2)));
  r.octets(type === IGMP_TYPE.V3_REPORT ? "Reserved" : "Max Resp Code", IGMP.maxResp, 1);
  r.checksum(IGMP.checksum, complete ? finish(sumWords(s.bytes, s.at, s.end)) === 0 : undefined);
  if (type === IGMP_TYPE.V3_REPORT) {
    r.octets("Reserved", 4, 2);
    r.octets("Number of Group Records", 6, 2);
  } else r.ipv4("Group Address", IGMP.group);
  return r.finish(IGMP_LEN);
}

// -- UDP, TCP ----------------------------------------------------------------------------------------------------------

function udp(s: Slice, u: Upper, complete: boolean): Layer {
  const r = new Reader(s, "udp");
  const src = r.octets("Source Port", UDP.src, 2);
  const dst = r.octets("Destination Port", UDP.dst, 2);
  const length = r.octets("Length", UDP.length, 2, (v) => `${v} octets`);
  const there = s.end - s.at >= UDP_LEN ? getU16(s.bytes, s.at + UDP.checksum) : 0;
  const judged = complete && there !== 0 && length >= UDP_LEN && length <= s.end - s.at;
  r.checksum(UDP.checksum, judged ? finish(sumWords(s.bytes, s.at, s.at + length, u.sum(length))) === 0 : undefined);
  if (r.ok && length < UDP_LEN) r.fail(`length is ${length}`, UDP.length);
  return r.finish(UDP_LEN, VXLAN_PORTS.includes(dst) || VXLAN_PORTS.includes(src) ? vxlan : data, length);
}

/** RFC 7348 §5. */
function vxlan(s: Slice): Layer {
  const r = new Reader(s, "vxlan");
  r.group("Flags", 0, 8, hexText(2), () => r.bits("I", 4, 1, flag("VNI is valid", "VNI is not valid")));
  r.octets("Reserved", 1, 3);
  r.octets("VXLAN Network Identifier", 4, 3);
  r.octets("Reserved", 7, 1);
  return r.finish(VXLAN_LEN, ethernet);
}

const TCP_FLAGS = ["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"] as const;
const TCP_OPTIONS: ReadonlyMap<number, string> = new Map([
  [TCPOPT.EOL, "End of Option List"], [TCPOPT.NOP, "No-Operation"], [TCPOPT.MSS, "Maximum Segment Size"], [TCPOPT.WSCALE, "Window Scale"], [TCPOPT.SACK_PERMITTED, "SACK Permitted"], [TCPOPT.SACK, "SACK"],
  [TCPOPT.TIMESTAMP, "Timestamps"],
]);

function tcp(s: Slice, u: Upper, complete: boolean): Layer {
  const r = new Reader(s, "tcp");
  r.octets("Source Port", TCP.src, 2);
  r.octets("Destination Port", TCP.dst, 2);
  r.octets("Sequence Number", TCP.seq, 4);
  r.octets("Acknowledgment Number", TCP.ack, 4);
  const offset = r.bits("Data Offset", TCP.offset * 8, 4, (v) => `${v} (${v * 4} octets)`);
  if (r.ok && offset < 5) r.fail(`data offset is ${offset * 4} octets`, TCP.offset);
  r.bits("Reserved", TCP.offset * 8 + 4, 4);
  r.group("Control Bits", TCP.flags * 8, 8, (v) => TCP_FLAGS.filter((_, i) => ((v >> (7 - i)) & 1) === 1).join(", ") || "none", () => {
    TCP_FLAGS.forEach((name, i) => r.bits(name, TCP.flags * 8 + i, 1, flag("set")));
  });
  r.octets("Window", TCP.window, 2);
  const length = s.end - s.at;
  r.checksum(TCP.checksum, complete ? finish(sumWords(s.bytes, s.at, s.end, u.sum(length))) === 0 : undefined);
  r.octets("Urgent Pointer", TCP.urgent, 2);
  if (offset > 5)
    r.wideGroup("Options", TCP.options, offset * 4 - TCP_MIN_LEN, (b) => `${b.length} octets`, () => {
      options(s, TCP.options, offset * 4, (type, at, n) => tcpOption(r, s, type, at, n));
    });
  return r.finish(offset * 4);
}

function tcpOption(r: Reader, s: Slice, type: number, at: number, n: number): void {
  const p = s.at + at + 2;
  let text = `${n} octets`;
  if (type === TCPOPT.MSS && n === 4) text = String(getU16(s.bytes, p));
  else if (type === TCPOPT.WSCALE && n === 3) text = `shift ${s.bytes[p]}`;
  else if (type === TCPOPT.TIMESTAMP && n === 10) text = `value ${getU32(s.bytes, p)}, echo ${getU32(s.bytes, p + 4)}`;
  r.wide(TCP_OPTIONS.get(type) ?? `Option ${type}`, at, n, () => text);
}

// -- IPv6 --------------------------------------------------------------------------------------------------------------

function ipv6(s: Slice): Layer {
  const r = new Reader(s, "ipv6");
  const version = r.bits("Version", 0, 4);
  if (r.ok && version !== 6) r.fail(`version is ${version}`, 0);
  r.bits("Traffic Class", 4, 8, hexText(2));
  r.bits("Flow Label", 12, 20, hexText(5));
  const length = r.octets("Payload Length", IPV6.payloadLength, 2, (v) => `${v} octets`);
  const next = r.octets("Next Header", IPV6.nextHeader, 1, named(PROTOCOLS));
  r.octets("Hop Limit", IPV6.hopLimit, 1);
  r.ipv6("Source Address", IPV6.src);
  r.ipv6("Destination Address", IPV6.dst);
  const [src, dst] = r.ok ? [s.bytes.subarray(s.at + IPV6.src, s.at + IPV6.src + 16), s.bytes.subarray(s.at + IPV6.dst, s.at + IPV6.dst + 16)] : [s.bytes, s.bytes];
  const upper: Upper = { protocol: next, first: true, whole: true, expected: length, sum: (n) => pseudoHeaderSum6(src, dst, next, n) };
  return r.finish(IPV6_LEN, (rest) => upperV6(rest, upper, { src, dst }), IPV6_LEN + length);
}

interface Ends6 {
  src: Uint8Array;
  dst: Uint8Array;
}

function upperV6(s: Slice, u: Upper, ends: Ends6): Layer {
  const extension = u.protocol === IPV6_EXT.HOP_BY_HOP || u.protocol === IPV6_EXT.DEST_OPTS || u.protocol === IPV6_EXT.ROUTING || u.protocol === IPV6_EXT.FRAGMENT;
  if (!extension) return u.protocol === IPPROTO.ICMP || u.protocol === IPPROTO.IGMP ? data(s) : transport(s, u);
  const r = new Reader(s, "ipv6-ext");
  const next = r.octets("Next Header", 0, 1, named(PROTOCOLS));
  let length = 8;
  let first = u.first;
  if (u.protocol === IPV6_EXT.FRAGMENT) {
    r.octets("Reserved", 1, 1);
    first = r.bits("Fragment Offset", 16, 13, (v) => `${v} (${v * 8} octets)`) === 0;
    r.bits("Res", 29, 2);
    r.bits("M", 31, 1, flag("more fragments", "last fragment"));
    r.octets("Identification", 4, 4);
  } else {
    length = (r.octets("Hdr Ext Len", 1, 1, (v) => `${v} (${(v + 1) * 8} octets)`) + 1) * 8;
    r.wide("Options", 2, length - 2, (b) => `${b.length} octets`);
  }
  const upper: Upper = { protocol: next, first, whole: u.whole && u.protocol !== IPV6_EXT.FRAGMENT, expected: u.expected - length, sum: (n) => pseudoHeaderSum6(ends.src, ends.dst, next, n) };
  return r.finish(length, (rest) => upperV6(rest, upper, ends));
}

const ICMPV6_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "destination unreachable"], [2, "packet too big"], [3, "time exceeded"], [4, "parameter problem"], [128, "echo request"], [129, "echo reply"], [130, "multicast listener query"], [131, "multicast listener report"],
  [132, "multicast listener done"], [133, "router solicitation"], [134, "router advertisement"], [135, "neighbor solicitation"], [136, "neighbor advertisement"], [137, "redirect"], [143, "multicast listener report v2"],
]);

function icmpv6(s: Slice, u: Upper, complete: boolean): Layer {
  const r = new Reader(s, "icmpv6");
  const type = r.octets("Type", ICMPV6.type, 1, named(ICMPV6_TYPES));
  r.octets("Code", ICMPV6.code, 1);
  r.checksum(ICMPV6.checksum, complete ? finish(sumWords(s.bytes, s.at, s.end, u.sum(s.end - s.at))) === 0 : undefined);
  if (type === ICMPV6_TYPE.ECHO || type === ICMPV6_TYPE.ECHO_REPLY) {
    r.octets("Identifier", 4, 2);
    r.octets("Sequence Number", 6, 2);
    return r.finish(8);
  }
  if (type < 128) {
    r.octets(type === ICMPV6_TYPE.PACKET_TOO_BIG ? "MTU" : type === ICMPV6_TYPE.PARAMETER_PROBLEM ? "Pointer" : "Unused", 4, 4);
    const layer = r.finish(8, ipv6);
    if (layer.inner && r.ok) layer.quotes = true;
    return layer;
  }
  if (type === ICMPV6_TYPE.NEIGHBOR_SOLICIT || type === ICMPV6_TYPE.NEIGHBOR_ADVERT) {
    r.octets(type === ICMPV6_TYPE.NEIGHBOR_ADVERT ? "Flags and Reserved" : "Reserved", 4, 4, hexText(8));
    r.ipv6("Target Address", 8);
    return r.finish(24);
  }
  return r.finish(ICMPV6_LEN);
}
