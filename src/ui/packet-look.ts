/**
 * What a frame looks like at a glance: family, letters, one line of summary, and its headers as blocks with their lengths.
 * The full tree of fields is wire/describe.ts; this is for marks, strips and rows, where a thousand frames may be shown.
 */
import { getU16, getU32 } from "../base/bytes.ts";
import { ARP, ARP_LEN, ARP_OP } from "../wire/arp.ts";
import { ETH, ETH_LEN, ETHERTYPE, ETHERTYPE_MIN, formatMac } from "../wire/ethernet.ts";
import { ICMP, ICMP_LEN, ICMP_TYPE, TIME_EXCEEDED, UNREACH } from "../wire/icmp.ts";
import { formatIpv4, IP_MF, IP_OFFSET_MASK, IPPROTO, IPV4, IPV4_MIN_LEN } from "../wire/ipv4.ts";
import { BPDU, BPDU_TYPE, LLC_LEN, LLC_STP } from "../wire/stp.ts";
import { UDP, UDP_LEN } from "../wire/udp.ts";
import type { Family } from "./families.ts";

/** A stretch of octets that one header, or the payload, takes. */
export interface Block {
  /** "eth", "q", "arp", "ip", "icmp", "udp", "bpdu", "data", "pad": the letters in it. */
  readonly name: string;
  readonly family: Family;
  readonly octets: number;
}

export interface Look {
  readonly family: Family;
  /** "ARP", "ICMP": the column of a capture. */
  readonly protocol: string;
  /** Beside a mark: "who-has 10.0.1.3", "echo 1". */
  readonly letters: string;
  /** In a row: "who-has 10.0.1.3 tell 10.0.1.2". */
  readonly summary: string;
  readonly src: string;
  readonly dst: string;
  readonly blocks: readonly Block[];
}

const UNREACHABLE: Readonly<Record<number, string>> = {
  [UNREACH.NET]: "net unreachable",
  [UNREACH.HOST]: "host unreachable",
  [UNREACH.PROTOCOL]: "protocol unreachable",
  [UNREACH.PORT]: "port unreachable",
  [UNREACH.FRAG_NEEDED]: "need to frag",
  [UNREACH.PKT_FILTERED]: "admin prohibited",
};

interface Part {
  readonly family: Family;
  readonly protocol: string;
  readonly letters: string;
  readonly summary: string;
  readonly blocks: readonly Block[];
  readonly src?: string;
  readonly dst?: string;
}

const data = (octets: number, name = "data"): Block[] => (octets > 0 ? [{ name, family: "pay", octets }] : []);

function lookArp(b: Uint8Array, at: number): Part {
  const left = b.length - at;
  if (left < ARP_LEN) return { family: "arp", protocol: "ARP", letters: "ARP", summary: "truncated", blocks: data(left, "arp") };
  const sha = formatMac(b, at + ARP.sha);
  const spa = formatIpv4(getU32(b, at + ARP.spa));
  const tpa = formatIpv4(getU32(b, at + ARP.tpa));
  const blocks: Block[] = [{ name: "arp", family: "arp", octets: ARP_LEN }, ...data(left - ARP_LEN, "pad")];
  const op = getU16(b, at + ARP.oper);
  if (op === ARP_OP.REQUEST) return { family: "arp", protocol: "ARP", letters: `who-has ${tpa}`, summary: `who-has ${tpa} tell ${spa}`, blocks };
  if (op === ARP_OP.REPLY) return { family: "arp", protocol: "ARP", letters: `${spa} is-at`, summary: `${spa} is-at ${sha}`, blocks };
  return { family: "arp", protocol: "ARP", letters: `oper ${op}`, summary: `oper ${op}`, blocks };
}

function lookIcmp(b: Uint8Array, at: number, end: number): Part {
  const octets = end - at;
  const base = { family: "icmp", protocol: "ICMP" } as const;
  if (octets < ICMP_LEN) return { ...base, letters: "ICMP", summary: "truncated", blocks: data(octets, "icmp") };
  const blocks: Block[] = [{ name: "icmp", family: "icmp", octets: ICMP_LEN }, ...data(octets - ICMP_LEN)];
  const type = b[at + ICMP.type]!;
  const code = b[at + ICMP.code]!;
  const seq = getU16(b, at + ICMP.seq);
  const id = getU16(b, at + ICMP.id);
  const say = (letters: string, summary: string): Part => ({ ...base, letters, summary, blocks });
  switch (type) {
    case ICMP_TYPE.ECHO:
      return say(`echo ${seq}`, `echo request, id ${id}, seq ${seq}`);
    case ICMP_TYPE.ECHO_REPLY:
      return say(`reply ${seq}`, `echo reply, id ${id}, seq ${seq}`);
    case ICMP_TYPE.DEST_UNREACH:
      return say("unreachable", UNREACHABLE[code] ?? `unreachable, code ${code}`);
    case ICMP_TYPE.TIME_EXCEEDED:
      return say("ttl", code === TIME_EXCEEDED.TTL ? "time exceeded in-transit" : "reassembly time exceeded");
    case ICMP_TYPE.REDIRECT:
      return say("redirect", `redirect to ${formatIpv4(getU32(b, at + ICMP.gateway))}`);
    default:
      return say(`type ${type}`, `type ${type}, code ${code}`);
  }
}

function lookUdp(b: Uint8Array, at: number, end: number): Part {
  const octets = end - at;
  if (octets < UDP_LEN) return { family: "udp", protocol: "UDP", letters: "UDP", summary: "truncated", blocks: data(octets, "udp") };
  const src = getU16(b, at + UDP.src);
  const dst = getU16(b, at + UDP.dst);
  return {
    family: "udp",
    protocol: "UDP",
    letters: `port ${dst}`,
    summary: `${src} > ${dst}, length ${octets - UDP_LEN}`,
    blocks: [{ name: "udp", family: "udp", octets: UDP_LEN }, ...data(octets - UDP_LEN)],
  };
}

const PROTOCOL_NAMES: Readonly<Record<number, string>> = { [IPPROTO.TCP]: "TCP", [IPPROTO.IGMP]: "IGMP", [IPPROTO.IPIP]: "IPIP", [IPPROTO.GRE]: "GRE", [IPPROTO.OSPF]: "OSPF" };

function lookIpv4(b: Uint8Array, at: number): Part {
  const left = b.length - at;
  const headerLen = left > 0 ? (b[at]! & 15) * 4 : 0;
  if (left < IPV4_MIN_LEN || headerLen < IPV4_MIN_LEN || headerLen > left) return { family: "ip", protocol: "IPv4", letters: "IPv4", summary: "truncated", blocks: data(left, "ip") };
  const total = getU16(b, at + IPV4.totalLength);
  const end = at + Math.min(left, Math.max(headerLen, total));
  const addresses = { src: formatIpv4(getU32(b, at + IPV4.src)), dst: formatIpv4(getU32(b, at + IPV4.dst)) };
  const header: Block = { name: "ip", family: "ip", octets: headerLen };
  const trailer = data(b.length - end, "pad");
  const fragment = getU16(b, at + IPV4.fragment);
  const offset = (fragment & IP_OFFSET_MASK) * 8;
  if (offset > 0 || (fragment & IP_MF) !== 0) {
    const summary = `fragment, offset ${offset}, id ${getU16(b, at + IPV4.id)}${fragment & IP_MF ? ", more follow" : ""}`;
    return { family: "ip", protocol: "IPv4", letters: "fragment", summary, blocks: [header, ...data(end - at - headerLen), ...trailer], ...addresses };
  }
  const protocol = b[at + IPV4.protocol]!;
  const inner = at + headerLen;
  const part: Part =
    protocol === IPPROTO.ICMP
      ? lookIcmp(b, inner, end)
      : protocol === IPPROTO.UDP
        ? lookUdp(b, inner, end)
        : { family: "ip", protocol: PROTOCOL_NAMES[protocol] ?? "IPv4", letters: PROTOCOL_NAMES[protocol] ?? `proto ${protocol}`, summary: `protocol ${protocol}, length ${end - inner}`, blocks: data(end - inner) };
  return { ...part, blocks: [header, ...part.blocks, ...trailer], ...addresses };
}

function lookLlc(b: Uint8Array, at: number): Part {
  const length = getU16(b, at - 2);
  const end = Math.min(b.length, at + length);
  const pad = data(b.length - end, "pad");
  const bpdu = at + LLC_LEN;
  if (end - at < LLC_LEN + 4 || b[at] !== LLC_STP) return { family: "eth", protocol: "802.3", letters: "LLC", summary: `LLC, length ${length}`, blocks: [...data(end - at, "llc"), ...pad] };
  const type = b[bpdu + BPDU.type]!;
  const name = type === BPDU_TYPE.CONFIG ? "Config" : type === BPDU_TYPE.TCN ? "Topology change" : "Rapid";
  const cost = type === BPDU_TYPE.CONFIG && end - bpdu > BPDU.rootPathCost + 4 ? `, root ${formatMac(b, bpdu + BPDU.rootId + 2)}, cost ${getU32(b, bpdu + BPDU.rootPathCost)}` : "";
  return {
    family: "arp",
    protocol: "STP",
    letters: "BPDU",
    summary: `${name}${cost}`,
    blocks: [{ name: "llc", family: "eth", octets: LLC_LEN }, { name: "bpdu", family: "arp", octets: end - bpdu }, ...pad],
  };
}

/** @param layer what the octets begin with, as a decision of the reason stream has it. */
export function lookAt(b: Uint8Array, layer: "ether" | "ip" = "ether"): Look {
  if (layer === "ip") return { src: "", dst: "", ...lookIpv4(b, 0) };
  if (b.length < ETH_LEN) return { family: "eth", protocol: "Ethernet", letters: "frame", summary: "truncated", src: "", dst: "", blocks: data(b.length, "eth") };
  let at = ETH_LEN;
  let type = getU16(b, ETH.type);
  const headers: Block[] = [{ name: "eth", family: "eth", octets: ETH_LEN }];
  while ((type === ETHERTYPE.VLAN || type === ETHERTYPE.QINQ) && b.length >= at + 4) {
    headers.push({ name: "q", family: "eth", octets: 4 });
    type = getU16(b, at + 2);
    at += 4;
  }
  const part: Part =
    type === ETHERTYPE.ARP
      ? lookArp(b, at)
      : type === ETHERTYPE.IPV4
        ? lookIpv4(b, at)
        : type < ETHERTYPE_MIN
          ? lookLlc(b, at)
          : { family: "eth", protocol: "Ethernet", letters: `0x${type.toString(16).padStart(4, "0")}`, summary: `ethertype 0x${type.toString(16).padStart(4, "0")}, length ${b.length}`, blocks: data(b.length - at) };
  return { src: formatMac(b, ETH.src), dst: formatMac(b, ETH.dst), ...part, blocks: [...headers, ...part.blocks] };
}
