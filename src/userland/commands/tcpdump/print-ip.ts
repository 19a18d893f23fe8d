/** IPv4: header, options, and the hand-over to the next protocol. */
import { getU32, hex } from "../../../base/bytes.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../../wire/checksum.ts";
import { IP_DF, IP_MF, IP_OFFSET_MASK, IPOPT, IPPROTO, IPV4, IPV4_MIN_LEN } from "../../../wire/ipv4.ts";
import { bits, type Dissector, name } from "./dissector.ts";
import { IPPROTO_NAMES, protocolName } from "./names.ts";
import { printGre } from "./print-gre.ts";
import { printIcmp } from "./print-icmp.ts";
import { printIgmp } from "./print-igmp.ts";
import { printIcmpv6, printIpv6 } from "./print-ip6.ts";
import { printTcp } from "./print-tcp.ts";
import { printUdp } from "./print-udp.ts";

/** Packets in packets: more than anybody builds. A hostile one could nest thousands. */
const MAX_DEPTH = 32;
const FLAGS = [[IP_MF, "+"], [IP_DF, "DF"], [0x8000, "rsvd"]] as const;
const ECN: readonly string[] = ["", ",ECT(1)", ",ECT(0)", ",CE"];
/** Protocols whose printer shows the addresses together with its ports. */
const WITH_PORTS: readonly number[] = [IPPROTO.TCP, IPPROTO.UDP];

export function printIpv4(d: Dissector, at: number, length: number): void {
  d.protocol = "ip";
  if (d.depth >= MAX_DEPTH) {
    d.stick();
    return;
  }
  const version = d.u8(at) >> 4;
  if (version !== 4) {
    d.out(version === 6 ? "IP6, wrong link-layer encapsulation" : `IP${version}`);
    d.invalid();
    return;
  }
  if (d.o.e === 0) d.out("IP ");
  if (!d.has(at, IPV4_MIN_LEN)) {
    d.truncated();
    return;
  }
  if (length < IPV4_MIN_LEN) {
    d.out(`truncated-ip ${length}`);
    return;
  }
  const headerLength = (d.u8(at) & 15) * 4;
  if (headerLength < IPV4_MIN_LEN) {
    d.out(`bad-hlen ${headerLength}`);
    return;
  }
  const total = d.u16(at + IPV4.totalLength);
  if (length < total) d.out(`truncated-ip - ${total - length} bytes missing! `);
  if (total < headerLength) {
    d.out(`bad-len ${total}`);
    return;
  }
  d.depth++;
  d.within(at, total, () => printBody(d, at, headerLength, total - headerLength));
  d.depth--;
}

function printBody(d: Dissector, at: number, headerLength: number, payloadLength: number): void {
  const fragment = d.u16(at + IPV4.fragment);
  const protocol = d.u8(at + IPV4.protocol);
  if (d.o.v > 0) {
    const cut = printHeader(d, at, headerLength, fragment, protocol);
    d.out(")\n    ");
    if (cut) {
      d.out(`${addresses(d, at)}: `);
      d.truncated();
      return;
    }
  }
  if ((fragment & IP_OFFSET_MASK) === 0) {
    if (!WITH_PORTS.includes(protocol)) d.out(`${addresses(d, at)}: `);
    if (!d.has(at, headerLength)) {
      d.out(` [remaining caplen(${d.end - at}) < header length(${headerLength})]`);
      d.stick();
      return;
    }
    printNext(d, { at: at + headerLength, length: payloadLength, version: 4, fragmented: (fragment & IP_MF) !== 0, protocol, ip: at });
    return;
  }
  if (d.o.q > 1) return;
  d.out(`${addresses(d, at)}:`);
  d.out(` ${(d.o.n === 0 ? protocolName(protocol) : undefined) ?? `ip-proto-${protocol}`}`);
}

function addresses(d: Dissector, at: number): string {
  return `${d.ip(at + IPV4.src)} > ${d.ip(at + IPV4.dst)}`;
}

/** The part in parentheses that -v shows. @returns whether the options were cut off. */
function printHeader(d: Dissector, at: number, headerLength: number, fragment: number, protocol: number): boolean {
  const tos = d.u8(at + IPV4.tos);
  const ttl = d.u8(at + IPV4.ttl);
  d.out(`(tos 0x${tos.toString(16)}${ECN[tos & 3]}${ttl >= 1 ? `, ttl ${ttl}` : ""}`);
  d.out(`, id ${d.u16(at + IPV4.id)}, offset ${(fragment & IP_OFFSET_MASK) * 8}, flags [${bits(FLAGS, fragment & 0xe000, "none")}], proto ${name(IPPROTO_NAMES, protocol, "unknown")} (${protocol})`);
  d.out(`, length ${d.u16(at + IPV4.totalLength)}`);
  let cut = false;
  if (headerLength > IPV4_MIN_LEN) {
    d.out(", options (");
    cut = !printOptions(d, at + IPV4_MIN_LEN, headerLength - IPV4_MIN_LEN);
    if (cut) d.out(" [truncated-option]");
    d.out(")");
  }
  if (d.o.K === 0 && d.has(at, headerLength)) {
    const sum = finish(sumWords(d.bytes, at, at + headerLength));
    const there = d.u16(at + IPV4.checksum);
    if (sum !== 0) d.out(`, bad cksum ${there.toString(16)} (->${shouldBe(there, sum).toString(16)})!`);
  }
  return cut;
}

/** What a checksum field should hold: it holds `there`, and the sum over everything came out as `sum` instead of 0. */
export function shouldBe(there: number, sum: number): number {
  let s = there + sum;
  s = (s & 0xffff) + (s >>> 16);
  return ((s & 0xffff) + (s >>> 16)) & 0xffff;
}

const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [IPOPT.EOL, "EOL"], [IPOPT.NOP, "NOP"], [IPOPT.TS, "timestamp"], [130, "security"], [IPOPT.RR, "RR"], [IPOPT.SSRR, "SSRR"], [IPOPT.LSRR, "LSRR"], [IPOPT.RA, "RA"], [82, "traceroute"],
]);

/** @returns false when an option was not captured. */
function printOptions(d: Dissector, start: number, total: number): boolean {
  let at = start;
  let left = total;
  let separator = "";
  while (left > 0 && !d.stuck) {
    d.out(separator);
    separator = ",";
    const code = d.u8(at);
    d.out(name(OPTION_NAMES, code, `unknown ${code}`));
    const single = code === IPOPT.NOP || code === IPOPT.EOL;
    const length = single ? 1 : d.u8(at + 1);
    if (length > left || (!single && length < 2)) {
      d.out(` [bad length ${length}]`);
      return true;
    }
    if (!d.has(at, length)) return false;
    if (code === IPOPT.EOL) return true;
    if (code === IPOPT.TS) printTimestamps(d, at, length);
    else if (code === IPOPT.RR || code === IPOPT.SSRR || code === IPOPT.LSRR) printRoute(d, at, length);
    else if (code === IPOPT.RA) printAlert(d, at, length);
    at += length;
    left -= length;
  }
  return true;
}

function printAlert(d: Dissector, at: number, length: number): void {
  if (length < 4) d.out(` [bad length ${length}]`);
  else if (d.u16(at + 2) !== 0) d.out(` value ${d.u16(at + 2)}`);
}

/** Addresses of a route option; those before the pointer are filled in and followed by a comma. */
function printRoute(d: Dissector, at: number, length: number): void {
  if (length < 3) {
    d.out(` [bad length ${length}]`);
    return;
  }
  if (((length + 1) & 3) !== 0) d.out(` [bad length ${length}]`);
  const pointer = d.u8(at + 2) - 1;
  if (pointer < 3 || ((pointer + 1) & 3) !== 0 || pointer > length + 1) d.out(` [bad ptr ${d.u8(at + 2)}]`);
  for (let p = 3; p < length && !d.stuck; p += 4) d.out(` ${d.ip(at + p)}${pointer > p || pointer < 0 ? "," : ""}`);
}

function printTimestamps(d: Dissector, at: number, length: number): void {
  if (length < 4) {
    d.out(`[bad length ${length}]`);
    return;
  }
  d.out(" TS{");
  const flag = d.u8(at + 3) & 15;
  const step = flag === 0 ? 4 : 8;
  if (((length - 4) & (step - 1)) !== 0) d.out(`[bad length ${length}]`);
  const pointer = d.u8(at + 2) - 1;
  if (pointer < 4 || ((pointer - 4) & (step - 1)) !== 0 || pointer > length + 1) d.out(`[bad ptr ${d.u8(at + 2)}]`);
  const kind = ["TSONLY", "TS+ADDR", undefined, "PRESPEC"][flag];
  d.out(kind ?? `[bad ts type ${flag}]`);
  let p = 0;
  if (kind !== undefined) {
    let mark = " ";
    for (p = 4; p < length && !d.stuck; p += step) {
      if (pointer === p) mark = " ^ ";
      if (!d.need(at + p, step)) return;
      d.out(`${mark}${d.u32(at + p + step - 4)}@${step === 8 ? d.ip(at + p) : ""}`);
      mark = " ";
    }
  }
  d.out(pointer === p ? " ^ " : "");
  const missed = d.u8(at + 3) >> 4;
  d.out(missed > 0 ? ` [${missed} hops not recorded]} ` : "}");
}

/** A transport packet and the IP header it stands behind. */
export interface Segment {
  at: number;
  /** As the IP header says; not all of it need be captured. */
  length: number;
  version: 4 | 6;
  fragmented: boolean;
  protocol: number;
  /** Where the IP header is. */
  ip: number;
}

export function printNext(d: Dissector, s: Segment): void {
  switch (s.protocol) {
    case IPPROTO.TCP:
      return printTcp(d, s);
    case IPPROTO.UDP:
      return printUdp(d, s);
    case IPPROTO.ICMP:
      if (s.version === 4) return printIcmp(d, s);
      break;
    case IPPROTO.ICMPV6:
      if (s.version === 6) return printIcmpv6(d, s);
      break;
    case IPPROTO.IGMP:
      if (s.version === 4) return printIgmp(d, s.at, s.length);
      break;
    case IPPROTO.GRE:
      return printGre(d, s.at, s.length);
    case IPPROTO.IPIP:
      return printIpv4(d, s.at, s.length);
    case IPPROTO.IPV6:
      return printIpv6(d, s.at, s.length);
    case 59:
      return d.out("no next header");
    default:
      d.out(` ${(d.o.n === 0 ? protocolName(s.protocol) : undefined) ?? `ip-proto-${s.protocol}`}`);
      return d.out(` ${s.length}`);
  }
  d.out(`[${name(IPPROTO_NAMES, s.protocol, "unknown")} requires IPv${s.version === 4 ? 6 : 4}]`);
  d.invalid();
}

/** The checksum over pseudo header and segment: 0 when it is right. */
export function segmentSum4(d: Dissector, s: Segment, length: number): number {
  const destination = finalDestination(d, s.ip);
  return finish(sumWords(d.bytes, s.at, s.at + length, pseudoHeaderSum(getU32(d.bytes, s.ip + IPV4.src), destination, s.protocol, length)));
}

/** With a source route the last hop is who the checksum is for. */
function finalDestination(d: Dissector, ip: number): number {
  const options = (d.bytes[ip]! & 15) * 4 - IPV4_MIN_LEN;
  let at = ip + IPV4_MIN_LEN;
  for (let left = options; left > 0; ) {
    const code = d.bytes[at]!;
    if (code === IPOPT.EOL) break;
    const length = code === IPOPT.NOP ? 1 : (d.bytes[at + 1] ?? 0);
    if (length < 1 || (code !== IPOPT.NOP && length < 2) || length > left || !d.has(at, length)) break;
    if ((code === IPOPT.SSRR || code === IPOPT.LSRR) && length >= 7) return getU32(d.bytes, at + length - 4);
    at += length;
    left -= length;
  }
  return getU32(d.bytes, ip + IPV4.dst);
}

/** "0x1a2b" */
export function word(v: number): string {
  return `0x${hex(v, 4)}`;
}

