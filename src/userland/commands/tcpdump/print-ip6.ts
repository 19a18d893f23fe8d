/** IPv6, its common extension headers, and ICMPv6 with neighbour discovery and MLD. RFC 8200, RFC 4443, RFC 4861, RFC 3810. */
import { hex } from "../../../base/bytes.ts";
import { finish, sumWords } from "../../../wire/checksum.ts";
import { ICMPV6_TYPE } from "../../../wire/icmpv6.ts";
import { IPPROTO } from "../../../wire/ipv4.ts";
import { IPV6, IPV6_EXT, IPV6_LEN, pseudoHeaderSum6 } from "../../../wire/ipv6.ts";
import { bits, type Dissector, name } from "./dissector.ts";
import { unknownData } from "./hex.ts";
import { IPPROTO_NAMES } from "./names.ts";
import { printNext, type Segment, shouldBe, word } from "./print-ip.ts";

const MAX_DEPTH = 32;
const WITH_PORTS: readonly number[] = [IPPROTO.TCP, IPPROTO.UDP];

export function printIpv6(d: Dissector, at: number, length: number): void {
  d.protocol = "ip6";
  if (d.depth >= MAX_DEPTH) {
    d.stick();
    return;
  }
  if (!d.has(at, IPV6_LEN)) {
    d.truncated();
    return;
  }
  if (length < IPV6_LEN) {
    d.out(`truncated-ip6 ${length}`);
    return;
  }
  if (d.o.e === 0) d.out("IP6 ");
  const version = d.u8(at) >> 4;
  if (version !== 6) {
    d.out(`version error: ${version} != 6`);
    return;
  }
  const payload = d.u16(at + IPV6.payloadLength);
  let total = payload + IPV6_LEN;
  if (payload !== 0) {
    if (length < total) d.out(`truncated-ip6 - ${total - length} bytes missing!`);
  } else total = length + IPV6_LEN; // a jumbogram, RFC 2675, or nothing at all
  const next = d.u8(at + IPV6.nextHeader);
  if (d.o.v > 0) printFixed(d, at, next, payload);
  d.depth++;
  d.within(at, total, () => printChain(d, at, total, payload, next));
  d.depth--;
}

function printFixed(d: Dissector, at: number, next: number, payload: number): void {
  const first = d.u32(at);
  const trafficClass = (first >>> 20) & 255;
  d.out("(");
  if (trafficClass !== 0) d.out(`class 0x${hex(trafficClass, 2)}, `);
  if ((first & 0xfffff) !== 0) d.out(`flowlabel 0x${hex(first & 0xfffff, 5)}, `);
  d.out(`hlim ${d.u8(at + IPV6.hopLimit)}, next-header ${name(IPPROTO_NAMES, next, "unknown")} (${next}) payload length: ${payload}) `);
}

/** Extension headers, then what they lead to. */
function printChain(d: Dissector, at: number, total: number, payload: number, firstHeader: number): void {
  let next = firstHeader;
  let p = at;
  let advance = IPV6_LEN;
  let left = total;
  let fragmented = false;
  let extended = false;
  let hopByHop = false;
  while (p < d.end && advance > 0 && !d.stuck) {
    if (left < advance) {
      d.truncated();
      return;
    }
    p += advance;
    left -= advance;
    if (p === at + IPV6_LEN && !WITH_PORTS.includes(next)) d.out(`${d.ip6(at + IPV6.src)} > ${d.ip6(at + IPV6.dst)}: `);
    // RFC 8200 §4.1: hop-by-hop options come first, and once.
    if (next === IPV6_EXT.HOP_BY_HOP && extended) {
      d.out(hopByHop ? "[The Hop-by-Hop Options header was already found]" : "[The Hop-by-Hop Options header don't follow the IPv6 header]");
      d.invalid();
      return;
    }
    hopByHop ||= next === IPV6_EXT.HOP_BY_HOP;
    if (next === IPV6_EXT.HOP_BY_HOP || next === IPV6_EXT.DEST_OPTS) advance = printOptionsHeader(d, p, next === IPV6_EXT.HOP_BY_HOP);
    else if (next === IPV6_EXT.FRAGMENT) {
      advance = printFragment(d, p, at, payload);
      if (advance < 0 || d.end <= p + advance) return;
      fragmented = true;
    } else {
      if (payload === 0) {
        if (extended) {
          d.truncated();
          return;
        }
        left = 0;
        d.end = Math.min(d.end, at + IPV6_LEN);
      }
      printNext(d, { at: p, length: left, version: 6, fragmented, protocol: next, ip: at });
      return;
    }
    if (advance < 0) return;
    extended = true;
    next = d.u8(p);
    d.protocol = "ip6";
  }
}

/** @returns the header's length, or -1 when it is no use to go on. */
function printOptionsHeader(d: Dissector, at: number, hopByHop: boolean): number {
  d.protocol = hopByHop ? "hbhopt" : "dstopt";
  const length = (d.u8(at + 1) + 1) * 8;
  if (!d.has(at, length)) {
    d.truncated();
    return -1;
  }
  d.out(hopByHop ? "HBH " : "DSTOPT ");
  if ((hopByHop || d.o.v > 0) && !printOptions(d, at + 2, length - 2)) {
    d.truncated();
    return -1;
  }
  return length;
}

function printOptions(d: Dissector, start: number, total: number): boolean {
  for (let i = 0; i < total && !d.stuck; ) {
    const type = d.u8(start + i);
    if (type !== 0 && i + 1 >= total) return false;
    const length = type === 0 ? 1 : d.u8(start + i + 1) + 2;
    if (i + length > total) return false;
    if (d.o.v > 0) {
      if (type === 0) d.out("(pad1)");
      else if (type === 1) d.out("(padn)");
      else if (type === 5 && length === 4) d.out(`(rtalert: ${word(d.u16(start + i + 2))}) `);
      else d.out(`(opt_type 0x${hex(type, 2)}: len=${length - 2})`);
    }
    i += length;
  }
  if (d.o.v > 0) d.out(" ");
  return true;
}

function printFragment(d: Dissector, at: number, ip: number, payload: number): number {
  d.protocol = "frag6";
  const offset = d.u16(at + 2) & 0xfff8;
  const rest = IPV6_LEN + payload - (at - ip) - 8;
  d.out(d.o.v > 0 ? `frag (0x${hex(d.u32(at + 4), 8)}:${offset}|${rest})` : `frag (${offset}|${rest})`);
  if (offset !== 0) return -1;
  d.out(" ");
  return 8;
}

/** Pseudo-header sum of the packet a segment stands in; RFC 8200 §8.1. */
export function pseudoSum6(d: Dissector, s: Segment, length: number): number {
  return pseudoHeaderSum6(d.bytes.subarray(s.ip + IPV6.src, s.ip + IPV6.src + 16), d.bytes.subarray(s.ip + IPV6.dst, s.ip + IPV6.dst + 16), s.protocol, length);
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [1, "destination unreachable"], [2, "packet too big"], [3, "time exceeded in-transit"], [4, "parameter problem"], [128, "echo request"], [129, "echo reply"], [130, "multicast listener query"],
  [131, "multicast listener report"], [132, "multicast listener done"], [133, "router solicitation"], [134, "router advertisement"], [135, "neighbor solicitation"], [136, "neighbor advertisement"], [137, "redirect"],
  [138, "router renumbering"], [139, "node information query"], [140, "node information reply"], [141, "inverse neighbor solicitation"], [142, "inverse neighbor advertisement"],
  [143, "multicast listener report v2"], [144, "ha discovery request"], [145, "ha discovery reply"], [146, "mobile router solicitation"], [147, "mobile router advertisement"], [155, "RPL"],
  [200, "mtrace response"], [201, "mtrace message"],
]);
const LENGTH_FIRST: readonly number[] = [ICMPV6_TYPE.ROUTER_SOLICIT, ICMPV6_TYPE.ROUTER_ADVERT, ICMPV6_TYPE.NEIGHBOR_SOLICIT, ICMPV6_TYPE.NEIGHBOR_ADVERT, ICMPV6_TYPE.REDIRECT];

export function printIcmpv6(d: Dissector, s: Segment): void {
  d.protocol = "icmp6";
  if (s.length === 0) {
    d.out("ICMP6, length 0");
    d.invalid();
    return;
  }
  if (d.o.v > 0 && !s.fragmented && d.has(s.at, s.length)) {
    const there = d.u16(s.at + 2);
    const sum = finish(sumWords(d.bytes, s.at, s.at + s.length, pseudoSum6(d, s, s.length)));
    d.out(sum !== 0 ? `[bad icmp6 cksum ${word(there)} -> ${word(shouldBe(there, sum))}!] ` : "[icmp6 sum ok] ");
  }
  const type = d.u8(s.at);
  d.out(`ICMP6, ${name(TYPES, type, `unknown icmp6 type (${type})`)}`);
  if (d.o.v > 0 && LENGTH_FIRST.includes(type)) d.out(`, length ${s.length}`);
  const done = printMessage(d, s, type, d.u8(s.at + 1));
  if (done && d.o.v === 0) d.out(`, length ${s.length}`);
}

const UNREACHABLE: ReadonlyMap<number, string> = new Map([
  [0, "unreachable route"], [1, " unreachable prohibited"], [2, "beyond scope"], [3, "unreachable address"], [4, "unreachable port"],
]);

/** @returns whether the length follows without -v. */
function printMessage(d: Dissector, s: Segment, type: number, code: number): boolean {
  const quoted = s.at + 8;
  const dst = (): string => d.ip6(quoted + IPV6.dst);
  switch (type) {
    case ICMPV6_TYPE.DEST_UNREACH:
      return printUnreachable(d, s, code);
    case ICMPV6_TYPE.PACKET_TOO_BIG:
      d.out(`, mtu ${d.u32(s.at + 4)}`);
      return true;
    case ICMPV6_TYPE.TIME_EXCEEDED:
      d.out(code === 0 ? ` for ${dst()}` : code === 1 ? " (reassembly)" : `, unknown code (${code})`);
      return true;
    case ICMPV6_TYPE.PARAMETER_PROBLEM: {
      if (!d.has(quoted + IPV6.dst, 16)) {
        d.truncated();
        return false;
      }
      const what = ["erroneous", "next header", "option", "incomplete header chain"][code];
      d.out(what === undefined ? `, code-#${code}` : `, ${what} - octet ${d.u32(s.at + 4)}`);
      return true;
    }
    case ICMPV6_TYPE.ECHO:
    case ICMPV6_TYPE.ECHO_REPLY:
      d.out(`, id ${d.u16(s.at + 4)}, seq ${d.u16(s.at + 6)}`);
      return true;
    case ICMPV6_TYPE.MLD_QUERY:
      printMldQuery(d, s);
      return true;
    case ICMPV6_TYPE.MLD_REPORT:
    case ICMPV6_TYPE.MLD_DONE:
      printMld1(d, s.at);
      return true;
    case ICMPV6_TYPE.MLDV2_REPORT:
      printMld2Report(d, s);
      return true;
    default:
      return printDiscovery(d, s, type);
  }
}

function printUnreachable(d: Dissector, s: Segment, code: number): boolean {
  const quoted = s.at + 8;
  d.out(`, ${name(UNREACHABLE, code, `unknown unreach code (${code})`)}`);
  if (code === 0 || code === 1 || code === 3) d.out(` ${d.ip6(quoted + IPV6.dst)}`);
  else if (code === 2) d.out(` ${d.ip6(quoted + IPV6.dst)}, source address ${d.ip6(quoted + IPV6.src)}`);
  else if (code === 4) {
    const upper = upperLayer(d, quoted);
    if (upper === undefined) {
      d.truncated();
      return false;
    }
    const protocol = upper.protocol === IPPROTO.TCP ? "tcp" : "udp";
    d.out(`, ${d.ip6(quoted + IPV6.dst)} ${protocol} port ${d.port(d.u16(upper.at + 2), protocol)}`);
  } else if (d.o.v <= 1) {
    unknownData(d, "\n\t", s.at, s.length);
    return false;
  }
  return true;
}

/** TCP or UDP of a quoted packet. */
function upperLayer(d: Dissector, ip: number): { protocol: number; at: number } | undefined {
  if (!d.has(ip + IPV6.nextHeader, 1)) return undefined;
  let next = d.u8(ip + IPV6.nextHeader);
  let p = ip + IPV6_LEN;
  while (p < d.end) {
    if (next === IPPROTO.TCP || next === IPPROTO.UDP) return d.has(p + 2, 2) ? { protocol: next, at: p } : undefined;
    if (next !== IPV6_EXT.HOP_BY_HOP && next !== IPV6_EXT.DEST_OPTS && next !== IPV6_EXT.ROUTING && next !== IPV6_EXT.FRAGMENT) return undefined;
    if (!d.has(p, 2)) return undefined;
    const length = next === IPV6_EXT.FRAGMENT ? 8 : (d.u8(p + 1) + 1) * 8;
    next = d.u8(p);
    p += length;
  }
  return undefined;
}

const RA_FLAGS = [[0x80, "managed"], [0x40, "other stateful"], [0x20, "home agent"], [0x02, "ipv6 only"]] as const;
const NA_FLAGS = [[0x80, "router"], [0x40, "solicited"], [0x20, "override"]] as const;
const PREFERENCES: readonly string[] = ["medium", "high", "rsv", "low"];

function printDiscovery(d: Dissector, s: Segment, type: number): boolean {
  const options = (fixed: number): boolean => {
    if (d.o.v === 0 || printNdOptions(d, s.at + fixed, s.length - fixed)) return true;
    d.truncated();
    return false;
  };
  switch (type) {
    case ICMPV6_TYPE.ROUTER_SOLICIT:
      return options(8);
    case ICMPV6_TYPE.ROUTER_ADVERT:
      if (d.o.v > 0) {
        const flags = d.u8(s.at + 5);
        d.out(
          `\n\thop limit ${d.u8(s.at + 4)}, Flags [${bits(RA_FLAGS, flags, "none")}], pref ${PREFERENCES[(flags >> 3) & 3]}, router lifetime ${d.u16(s.at + 6)}s, reachable time ${d.u32(s.at + 8)}ms, retrans timer ${d.u32(s.at + 12)}ms`,
        );
      }
      return options(16);
    case ICMPV6_TYPE.NEIGHBOR_SOLICIT:
      d.out(`, who has ${d.ip6(s.at + 8)}`);
      return options(24);
    case ICMPV6_TYPE.NEIGHBOR_ADVERT:
      d.out(`, tgt is ${d.ip6(s.at + 8)}`);
      if (d.o.v > 0) d.out(`, Flags [${bits(NA_FLAGS, d.u8(s.at + 4), "none")}]`);
      return options(24);
    case ICMPV6_TYPE.REDIRECT:
      d.out(`, ${d.ip6(s.at + 24)}`);
      d.out(` to ${d.ip6(s.at + 8)}`);
      return options(40);
    case 141:
    case 142:
      return true;
    default:
      d.out(`, length ${s.length}`);
      if (d.o.v <= 1) unknownData(d, "\n\t", s.at, s.length);
      return false;
  }
}

const ND_OPTIONS: ReadonlyMap<number, string> = new Map([
  [1, "source link-address"], [2, "destination link-address"], [3, "prefix info"], [4, "redirected header"], [5, "mtu"], [25, "rdnss"], [31, "dnssl"], [7, "advertisement interval"], [8, "homeagent information"],
  [24, "route info"],
]);
const PREFIX_FLAGS = [[0x80, "onlink"], [0x40, "auto"], [0x20, "router"]] as const;

const lifetime = (v: number): string => (v === 0xffffffff ? "infinity" : `${v}s`);

/** @returns false when an option is cut off or empty. */
function printNdOptions(d: Dissector, start: number, total: number): boolean {
  let at = start;
  let left = total;
  while (at < d.end && !d.stuck) {
    if (!d.has(at + 1, 1)) return false;
    if (left <= 0) return true;
    const type = d.u8(at);
    const units = d.u8(at + 1);
    const length = units * 8;
    if (units === 0 || at + length > d.end) return false;
    d.out(`\n\t  ${name(ND_OPTIONS, type, "unknown")} option (${type}), length ${length} (${units}): `);
    if (!printNdOption(d, type, at, length, start)) return true;
    if (d.o.v > 1) unknownData(d, "\n\t    ", at + 2, length - 2);
    at += length;
    left -= length;
  }
  return true;
}

/** @returns false when nothing more shall be printed. */
function printNdOption(d: Dissector, type: number, at: number, length: number, first: number): boolean {
  if (type === 1 || type === 2) d.out(Array.from(d.bytes.subarray(at + 2, at + length), (b) => hex(b, 2)).join(":"));
  else if (type === 3) {
    d.out(`${d.ip6(at + 16)}/${d.u8(at + 2)}${length !== 32 ? "badlen" : ""}, Flags [${bits(PREFIX_FLAGS, d.u8(at + 3), "none")}], valid time ${lifetime(d.u32(at + 4))}`);
    d.out(`, pref. time ${lifetime(d.u32(at + 8))}`);
  } else if (type === 4) unknownData(d, "\n\t    ", first, length);
  else if (type === 5) d.out(` ${d.u32(at + 4)}${length !== 8 ? "bad option length" : ""}`);
  else if (type === 7) d.out(` ${d.u32(at + 4)}ms`);
  else if (type === 25) {
    d.out(` lifetime ${d.u32(at + 4)}s,`);
    for (let i = 8; i + 16 <= length; i += 16) d.out(` addr: ${d.ip6(at + i)}`);
  } else if (d.o.v <= 1) {
    unknownData(d, "\n\t  ", at + 2, length - 2);
    return false;
  }
  return true;
}

function printMld1(d: Dissector, at: number): void {
  if (!d.has(at, 24)) return;
  d.out(`max resp delay: ${d.u16(at + 4)} addr: ${d.ip6(at + 8)}`);
}

function printMldQuery(d: Dissector, s: Segment): void {
  if (s.length === 24) return printMld1(d, s.at);
  if (s.length < 28) return d.out(` unknown-version (len ${s.length}) `);
  d.out(" v2");
  const code = d.u16(s.at + 4);
  const delay = code < 32768 ? code : ((code & 0xfff) | 0x1000) << (((code & 0x7000) >> 12) + 3);
  if (d.o.v > 0) d.out(` [max resp delay=${delay}]`);
  d.out(` [gaddr ${d.ip6(s.at + 8)}`);
  if (d.o.v > 0) {
    const flags = d.u8(s.at + 24);
    const qqic = d.u8(s.at + 25);
    if ((flags & 8) !== 0) d.out(" sflag");
    if ((flags & 7) !== 0) d.out(` robustness=${flags & 7}`);
    d.out(` qqi=${qqic < 128 ? qqic : ((qqic & 15) | 16) << (((qqic & 0x70) >> 4) + 3)}`);
  }
  const n = d.u16(s.at + 26);
  if (n > 0) {
    if (s.length < 28 + n * 16) d.out(" [invalid number of sources]");
    else if (d.o.v > 1) printSources(d, s.at + 28, n);
    else d.out(`, ${n} source(s)`);
  }
  d.out("]");
}

function printSources(d: Dissector, at: number, n: number): void {
  d.out(" {");
  for (let i = 0; i < n && !d.stuck; i++) d.out(` ${d.ip6(at + 16 * i)}`);
  d.out(" }");
}

const RECORDS: readonly string[] = ["", "is_in", "is_ex", "to_in", "to_ex", "allow", "block"];

function printMld2Report(d: Dissector, s: Segment): void {
  if (s.length < 8) return d.out(` [invalid len ${s.length}]`);
  const groups = d.u16(s.at + 6);
  d.out(`, ${groups} group record(s)`);
  if (d.o.v === 0) return;
  let p = 8;
  for (let i = 0; i < groups && !d.stuck; i++) {
    if (s.length < p + 20) return d.out(" [invalid number of groups]");
    const type = d.u8(s.at + p);
    d.out(` [gaddr ${d.ip6(s.at + p + 4)}`);
    d.out(` ${RECORDS[type] || ` [v2-report-#${type}]`}`);
    const n = d.u16(s.at + p + 2);
    if (s.length < p + 20 + n * 16) return d.out(` [invalid number of sources ${n}]`);
    if (d.o.v === 1) d.out(`, ${n} source(s)`);
    else printSources(d, s.at + p + 20, n);
    p += 20 + n * 16;
    d.out("]");
  }
}
