/**
 * The headers of a packet as a tree of fields, each with its octets: what the inspector shows. Octets of any shape are taken;
 * what does not fit a header is data. Layouts and names of fields are those of wire/ and its RFCs.
 */
import { getU16, getU32 } from "../base/bytes.ts";
import { ARP, ARP_LEN, ARP_OP } from "../wire/arp.ts";
import { finish, pseudoHeaderSum, sumWords } from "../wire/checksum.ts";
import { ETH, ETH_LEN, ETHERTYPE, ETHERTYPE_MIN, formatMac, isBroadcast, isGroup } from "../wire/ethernet.ts";
import { ICMP, ICMP_LEN, ICMP_TYPE } from "../wire/icmp.ts";
import { formatIpv4, IP_DF, IP_MF, IP_OFFSET_MASK, IPPROTO, IPV4, IPV4_MIN_LEN } from "../wire/ipv4.ts";
import { LLC } from "../wire/llc.ts";
import { BPDU, BPDU_CONFIG_LEN, BPDU_FLAG, BPDU_TCN_LEN, BPDU_TYPE, LLC_LEN, LLC_STP } from "../wire/stp.ts";
import { UDP, UDP_LEN } from "../wire/udp.ts";
import type { Family } from "./families.ts";
import { lookAt } from "./packet-look.ts";
import { text } from "./text.ts";

export interface Field {
  readonly name: string;
  /** From the start of the octets. */
  readonly offset: number;
  readonly length: number;
  readonly value: string;
  readonly note?: string;
  /** A checksum that does not hold. */
  readonly bad?: boolean;
}
export interface Header {
  /** As in Block: "eth", "arp", "ip". */
  readonly name: string;
  readonly family: Family;
  readonly offset: number;
  readonly length: number;
  readonly summary: string;
  readonly fields: readonly Field[];
}

const f = text.fields;
const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;

/** Headers found so far in one packet. */
class Tree {
  readonly bytes: Uint8Array;
  readonly headers: Header[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  field(name: string, offset: number, length: number, value: string, extra: { note?: string | undefined; bad?: boolean } = {}): Field {
    return { name, offset, length, value, ...(extra.note ? { note: extra.note } : {}), ...(extra.bad ? { bad: true } : {}) };
  }

  push(name: string, family: Family, offset: number, length: number, summary: string, fields: readonly Field[]): void {
    if (length > 0) this.headers.push({ name, family, offset, length, summary, fields });
  }

  /** Octets that no header explains. */
  data(name: "data" | "pad", offset: number, end: number): void {
    const length = end - offset;
    if (length <= 0) return;
    const shown = this.bytes.subarray(offset, Math.min(end, offset + 24));
    const letters = [...shown].map((b) => (b >= 0x20 && b < 0x7f ? String.fromCharCode(b) : ".")).join("");
    this.push(name, "pay", offset, length, text.octets(length), [this.field(text.headerNames[name] ?? name, offset, length, length > 24 ? `${letters} ...` : letters)]);
  }

  mac(at: number): { value: string; note?: string | undefined } {
    return { value: formatMac(this.bytes, at), note: isBroadcast(this.bytes, at) ? f.broadcast : isGroup(this.bytes, at) ? f.multicast : undefined };
  }
}

const ETHERTYPES: Readonly<Record<number, string>> = { [ETHERTYPE.IPV4]: "IPv4", [ETHERTYPE.ARP]: "ARP", [ETHERTYPE.VLAN]: "802.1Q", [ETHERTYPE.IPV6]: "IPv6", [ETHERTYPE.QINQ]: "802.1ad", [ETHERTYPE.LLDP]: "LLDP", [ETHERTYPE.LOOPBACK]: "Loopback" };
const PROTOCOLS: Readonly<Record<number, string>> = { [IPPROTO.ICMP]: "ICMP", [IPPROTO.IGMP]: "IGMP", [IPPROTO.IPIP]: "IPIP", [IPPROTO.TCP]: "TCP", [IPPROTO.UDP]: "UDP", [IPPROTO.GRE]: "GRE", [IPPROTO.OSPF]: "OSPF" };

function ethernet(t: Tree): void {
  const b = t.bytes;
  if (b.length < ETH_LEN) {
    t.data("data", 0, b.length);
    return;
  }
  let type = getU16(b, ETH.type);
  const typeName = type < ETHERTYPE_MIN ? f.length : f.type;
  const dst = t.mac(ETH.dst);
  t.push("eth", "eth", 0, ETH_LEN, `${formatMac(b, ETH.src)} > ${dst.value}`, [
    t.field(f.destination, ETH.dst, 6, dst.value, dst),
    t.field(f.source, ETH.src, 6, formatMac(b, ETH.src)),
    t.field(typeName, ETH.type, 2, type < ETHERTYPE_MIN ? String(type) : hex(type, 4), { note: ETHERTYPES[type] }),
  ]);
  let at = ETH_LEN;
  while ((type === ETHERTYPE.VLAN || type === ETHERTYPE.QINQ) && b.length >= at + 4) {
    const tci = getU16(b, at);
    const next = getU16(b, at + 2);
    t.push("q", "eth", at, 4, `VLAN ${tci & 0xfff}`, [
      t.field(f.priority, at, 2, String(tci >> 13)),
      t.field("DEI", at, 2, String((tci >> 12) & 1)),
      t.field("VID", at, 2, String(tci & 0xfff)),
      t.field(f.type, at + 2, 2, hex(next, 4), { note: ETHERTYPES[next] }),
    ]);
    type = next;
    at += 4;
  }
  if (type === ETHERTYPE.ARP) arp(t, at);
  else if (type === ETHERTYPE.IPV4) ipv4(t, at);
  else if (type < ETHERTYPE_MIN) llc(t, at, type);
  else t.data("data", at, b.length);
}

function arp(t: Tree, at: number): void {
  const b = t.bytes;
  if (b.length < at + ARP_LEN) {
    t.data("data", at, b.length);
    return;
  }
  const op = getU16(b, at + ARP.oper);
  const ip = (offset: number): string => formatIpv4(getU32(b, at + offset));
  t.push("arp", "arp", at, ARP_LEN, lookAt(b).summary, [
    t.field(f.htype, at + ARP.htype, 2, String(getU16(b, at + ARP.htype)), { note: getU16(b, at + ARP.htype) === 1 ? "Ethernet" : undefined }),
    t.field(f.ptype, at + ARP.ptype, 2, hex(getU16(b, at + ARP.ptype), 4), { note: ETHERTYPES[getU16(b, at + ARP.ptype)] }),
    t.field(f.hlen, at + ARP.hlen, 1, String(b[at + ARP.hlen])),
    t.field(f.plen, at + ARP.plen, 1, String(b[at + ARP.plen])),
    t.field(f.oper, at + ARP.oper, 2, String(op), { note: op === ARP_OP.REQUEST ? f.request : op === ARP_OP.REPLY ? f.reply : undefined }),
    t.field(f.sha, at + ARP.sha, 6, formatMac(b, at + ARP.sha)),
    t.field(f.spa, at + ARP.spa, 4, ip(ARP.spa)),
    t.field(f.tha, at + ARP.tha, 6, formatMac(b, at + ARP.tha)),
    t.field(f.tpa, at + ARP.tpa, 4, ip(ARP.tpa)),
  ]);
  t.data("pad", at + ARP_LEN, b.length);
}

function ipv4(t: Tree, at: number): void {
  const b = t.bytes;
  const left = b.length - at;
  const length = left > 0 ? (b[at]! & 15) * 4 : 0;
  if (left < IPV4_MIN_LEN || length < IPV4_MIN_LEN || length > left || b[at]! >> 4 !== 4) {
    t.data("data", at, b.length);
    return;
  }
  const total = getU16(b, at + IPV4.totalLength);
  const end = at + Math.min(left, Math.max(length, total));
  const fragment = getU16(b, at + IPV4.fragment);
  const protocol = b[at + IPV4.protocol]!;
  const src = getU32(b, at + IPV4.src);
  const dst = getU32(b, at + IPV4.dst);
  const flags = [fragment & IP_DF ? "DF" : "", fragment & IP_MF ? "MF" : ""].filter(Boolean).join(", ");
  t.push("ip", "ip", at, length, `${formatIpv4(src)} > ${formatIpv4(dst)} ttl ${b[at + IPV4.ttl]}`, [
    t.field(f.version, at, 1, String(b[at]! >> 4)),
    t.field(f.headerLength, at, 1, String(b[at]! & 15), { note: text.octets(length) }),
    t.field("DSCP", at + IPV4.tos, 1, String(b[at + IPV4.tos]! >> 2)),
    t.field("ECN", at + IPV4.tos, 1, String(b[at + IPV4.tos]! & 3)),
    t.field(f.totalLength, at + IPV4.totalLength, 2, String(total)),
    t.field(f.id, at + IPV4.id, 2, String(getU16(b, at + IPV4.id))),
    t.field(f.flags, at + IPV4.fragment, 2, hex(fragment >> 13, 1), { note: flags || undefined }),
    t.field(f.fragmentOffset, at + IPV4.fragment, 2, String((fragment & IP_OFFSET_MASK) * 8)),
    t.field("TTL", at + IPV4.ttl, 1, String(b[at + IPV4.ttl])),
    t.field(f.protocol, at + IPV4.protocol, 1, String(protocol), { note: PROTOCOLS[protocol] }),
    t.field(f.checksum, at + IPV4.checksum, 2, hex(getU16(b, at + IPV4.checksum), 4), { bad: finish(sumWords(b, at, at + length)) !== 0 }),
    t.field(f.source, at + IPV4.src, 4, formatIpv4(src)),
    t.field(f.destination, at + IPV4.dst, 4, formatIpv4(dst)),
    ...(length > IPV4_MIN_LEN ? [t.field(f.options, at + IPV4.options, length - IPV4_MIN_LEN, text.octets(length - IPV4_MIN_LEN))] : []),
  ]);
  const inner = at + length;
  const whole = total <= left && (fragment & (IP_MF | IP_OFFSET_MASK)) === 0;
  if ((fragment & IP_OFFSET_MASK) !== 0) t.data("data", inner, end);
  else if (protocol === IPPROTO.ICMP) icmp(t, inner, end, whole);
  else if (protocol === IPPROTO.UDP) udp(t, inner, end, whole ? { src, dst } : undefined);
  else t.data("data", inner, end);
  t.data("pad", end, b.length);
}

const ICMP_NAMES: Readonly<Record<number, string>> = {
  [ICMP_TYPE.ECHO_REPLY]: "echo reply",
  [ICMP_TYPE.DEST_UNREACH]: "destination unreachable",
  [ICMP_TYPE.REDIRECT]: "redirect",
  [ICMP_TYPE.ECHO]: "echo request",
  [ICMP_TYPE.TIME_EXCEEDED]: "time exceeded",
  [ICMP_TYPE.PARAMETER_PROBLEM]: "parameter problem",
  [ICMP_TYPE.TIMESTAMP]: "timestamp request",
  [ICMP_TYPE.TIMESTAMP_REPLY]: "timestamp reply",
};

function icmp(t: Tree, at: number, end: number, whole: boolean): void {
  const b = t.bytes;
  if (end - at < ICMP_LEN) {
    t.data("data", at, end);
    return;
  }
  const type = b[at + ICMP.type]!;
  const echo = type === ICMP_TYPE.ECHO || type === ICMP_TYPE.ECHO_REPLY;
  const id = getU16(b, at + ICMP.id);
  const seq = getU16(b, at + ICMP.seq);
  const name = ICMP_NAMES[type] ?? `type ${type}`;
  t.push("icmp", "icmp", at, ICMP_LEN, echo ? `${name}, id ${id}, seq ${seq}` : name, [
    t.field(f.type, at + ICMP.type, 1, String(type), { note: ICMP_NAMES[type] }),
    t.field(f.code, at + ICMP.code, 1, String(b[at + ICMP.code])),
    t.field(f.checksum, at + ICMP.checksum, 2, hex(getU16(b, at + ICMP.checksum), 4), { bad: whole && finish(sumWords(b, at, end)) !== 0 }),
    ...(echo
      ? [t.field(f.id, at + ICMP.id, 2, String(id)), t.field(f.sequence, at + ICMP.seq, 2, String(seq))]
      : type === ICMP_TYPE.REDIRECT
        ? [t.field(f.gateway, at + ICMP.gateway, 4, formatIpv4(getU32(b, at + ICMP.gateway)))]
        : [t.field(f.unused, at + ICMP.rest, 2, hex(getU16(b, at + ICMP.rest), 4)), t.field("MTU", at + ICMP.mtu, 2, String(getU16(b, at + ICMP.mtu)))]),
  ]);
  const quotes = type === ICMP_TYPE.DEST_UNREACH || type === ICMP_TYPE.TIME_EXCEEDED || type === ICMP_TYPE.REDIRECT || type === ICMP_TYPE.PARAMETER_PROBLEM;
  if (quotes && t.headers.length < 8) quoted(t, at + ICMP_LEN, end);
  else t.data("data", at + ICMP_LEN, end);
}

/** The head of the packet that an ICMP error is about. */
function quoted(t: Tree, at: number, end: number): void {
  const inner = new Tree(t.bytes.subarray(0, end));
  ipv4(inner, at);
  for (const header of inner.headers) t.push(header.name, header.family, header.offset, header.length, text.quoted(header.summary), header.fields.map(({ bad: _, ...rest }) => rest));
}

function udp(t: Tree, at: number, end: number, addresses: { src: number; dst: number } | undefined): void {
  const b = t.bytes;
  if (end - at < UDP_LEN) {
    t.data("data", at, end);
    return;
  }
  const length = getU16(b, at + UDP.length);
  const checksum = getU16(b, at + UDP.checksum);
  const bad = addresses !== undefined && checksum !== 0 && length === end - at && finish(sumWords(b, at, end, pseudoHeaderSum(addresses.src, addresses.dst, IPPROTO.UDP, length))) !== 0;
  t.push("udp", "udp", at, UDP_LEN, `${getU16(b, at)} > ${getU16(b, at + UDP.dst)} len ${length}`, [
    t.field(f.sourcePort, at + UDP.src, 2, String(getU16(b, at + UDP.src))),
    t.field(f.destinationPort, at + UDP.dst, 2, String(getU16(b, at + UDP.dst))),
    t.field(f.length, at + UDP.length, 2, String(length)),
    t.field(f.checksum, at + UDP.checksum, 2, hex(checksum, 4), { bad }),
  ]);
  t.data("data", at + UDP_LEN, end);
}

/** Times in a BPDU are in 1/256 s. */
const BPDU_SECOND = 256;
function llc(t: Tree, at: number, length: number): void {
  const b = t.bytes;
  const end = Math.min(b.length, at + length);
  if (end - at < LLC_LEN || b[at + LLC.dsap] !== LLC_STP) {
    t.data("data", at, end);
    t.data("pad", end, b.length);
    return;
  }
  t.push("llc", "eth", at, LLC_LEN, "STP", [t.field("DSAP", at + LLC.dsap, 1, hex(b[at]!, 2)), t.field("SSAP", at + LLC.ssap, 1, hex(b[at + LLC.ssap]!, 2)), t.field(f.control, at + LLC.control, 1, hex(b[at + LLC.control]!, 2), { note: "UI" })]);
  bpdu(t, at + LLC_LEN, end);
  t.data("pad", end, b.length);
}

function bpdu(t: Tree, at: number, end: number): void {
  const b = t.bytes;
  if (end - at < BPDU_TCN_LEN) {
    t.data("data", at, end);
    return;
  }
  const type = b[at + BPDU.type]!;
  const config = type === BPDU_TYPE.CONFIG && end - at >= BPDU_CONFIG_LEN;
  const bridge = (offset: number): string => `${getU16(b, at + offset).toString(16).padStart(4, "0")}.${formatMac(b, at + offset + 2)}`;
  const seconds = (offset: number): string => `${getU16(b, at + offset) / BPDU_SECOND} s`;
  const head = [
    t.field(f.protocol, at + BPDU.protocol, 2, String(getU16(b, at + BPDU.protocol))),
    t.field(f.version, at + BPDU.version, 1, String(b[at + BPDU.version])),
    t.field(f.type, at + BPDU.type, 1, hex(type, 2), { note: type === BPDU_TYPE.CONFIG ? f.configuration : type === BPDU_TYPE.TCN ? f.topologyChange : undefined }),
  ];
  if (!config) {
    t.push("bpdu", "arp", at, end - at, type === BPDU_TYPE.TCN ? f.topologyChange : "BPDU", head);
    return;
  }
  const flags = b[at + BPDU.flags]!;
  const names = [flags & BPDU_FLAG.TOPOLOGY_CHANGE ? f.topologyChange : "", flags & BPDU_FLAG.TOPOLOGY_CHANGE_ACK ? f.acknowledged : ""].filter(Boolean).join(", ");
  t.push("bpdu", "arp", at, end - at, `root ${bridge(BPDU.rootId)} cost ${getU32(b, at + BPDU.rootPathCost)}`, [
    ...head,
    t.field(f.flags, at + BPDU.flags, 1, hex(flags, 2), { note: names || undefined }),
    t.field(f.rootId, at + BPDU.rootId, 8, bridge(BPDU.rootId)),
    t.field(f.rootPathCost, at + BPDU.rootPathCost, 4, String(getU32(b, at + BPDU.rootPathCost))),
    t.field(f.bridgeId, at + BPDU.bridgeId, 8, bridge(BPDU.bridgeId)),
    t.field(f.portId, at + BPDU.portId, 2, hex(getU16(b, at + BPDU.portId), 4)),
    t.field(f.messageAge, at + BPDU.messageAge, 2, seconds(BPDU.messageAge)),
    t.field(f.maxAge, at + BPDU.maxAge, 2, seconds(BPDU.maxAge)),
    t.field(f.helloTime, at + BPDU.helloTime, 2, seconds(BPDU.helloTime)),
    t.field(f.forwardDelay, at + BPDU.forwardDelay, 2, seconds(BPDU.forwardDelay)),
  ]);
}

/** @param layer what the octets begin with. */
export function headersOf(bytes: Uint8Array, layer: "ether" | "ip"): readonly Header[] {
  const tree = new Tree(bytes);
  if (layer === "ip") ipv4(tree, 0);
  else ethernet(tree);
  return tree.headers;
}
