/** ICMP: RFC 792, RFC 950, RFC 1191, RFC 1256, RFC 1812; extensions RFC 4884. */
import { hex } from "../../../base/bytes.ts";
import { finish, sumWords } from "../../../wire/checksum.ts";
import { ICMP, ICMP_LEN, ICMP_TYPE, isIcmpError } from "../../../wire/icmp.ts";
import { IPPROTO, IPV4 } from "../../../wire/ipv4.ts";
import type { Dissector } from "./dissector.ts";
import { unknownData } from "./hex.ts";
import { printIpv4, type Segment, shouldBe, word } from "./print-ip.ts";

const TYPES: ReadonlyMap<number, string> = new Map([
  [0, "echo reply"], [4, "source quench"], [8, "echo request"], [10, "router solicitation"], [13, "time stamp request"], [14, "time stamp reply"], [15, "information request"], [16, "information reply"],
  [17, "address mask request"],
]);

export function printIcmp(d: Dissector, s: Segment): void {
  d.protocol = "icmp";
  const type = d.u8(s.at + ICMP.type);
  const code = d.u8(s.at + ICMP.code);
  const text = messageText(d, s.at, type, code);
  if (text === undefined) {
    d.truncated();
    return;
  }
  d.out(`ICMP ${text}, length ${s.length}`);
  if (d.o.v === 0) return;
  if (!s.fragmented && d.has(s.at, s.length)) {
    const sum = finish(sumWords(d.bytes, s.at, s.at + s.length));
    const there = d.u16(s.at + ICMP.checksum);
    if (sum !== 0) d.out(` (wrong icmp cksum ${there.toString(16)} (->${shouldBe(there, sum).toString(16)})!)`);
  }
  if (!isIcmpError(type)) return;
  const quoted = s.at + ICMP_LEN;
  d.out("\n\t");
  const quotedLength = d.u16(quoted + IPV4.totalLength);
  d.within(quoted, quotedLength, () => {
    if (d.need(quoted + IPV4.totalLength, 2)) printIpv4(d, quoted, quotedLength);
  });
  d.protocol = "icmp";
  if (type === ICMP_TYPE.DEST_UNREACH || type === ICMP_TYPE.TIME_EXCEEDED || type === ICMP_TYPE.PARAMETER_PROBLEM) printExtensions(d, s);
}

/** @returns undefined when the message is cut off where its text needs it. */
function messageText(d: Dissector, at: number, type: number, code: number): string | undefined {
  const dst = (): string => d.ip(at + ICMP_LEN + IPV4.dst);
  switch (type) {
    case ICMP_TYPE.ECHO:
    case ICMP_TYPE.ECHO_REPLY:
      return `echo ${type === ICMP_TYPE.ECHO ? "request" : "reply"}, id ${d.u16(at + ICMP.id)}, seq ${d.u16(at + ICMP.seq)}`;
    case ICMP_TYPE.DEST_UNREACH:
      return unreachableText(d, at, code);
    case ICMP_TYPE.REDIRECT: {
      const [words, to] = REDIRECTS[code] ?? [`redirect-#${code}`, ""];
      return `${words} ${dst()} to ${to}${d.ip(at + ICMP.gateway)}`;
    }
    case 9:
      return routerAdvertisement(d, at);
    case ICMP_TYPE.TIME_EXCEEDED:
      if (!d.has(at + ICMP_LEN + IPV4.dst, 4)) return undefined;
      return ["time exceeded in-transit", "ip reassembly time exceeded"][code] ?? `time exceeded-#${code}`;
    case ICMP_TYPE.PARAMETER_PROBLEM:
      return code !== 0 ? `parameter problem - code ${code}` : `parameter problem - octet ${d.u8(at + ICMP.rest)}`;
    case ICMP_TYPE.ADDRESS_REPLY:
      return `address mask is 0x${hex(d.u32(at + ICMP.data), 8)}`;
    case ICMP_TYPE.TIMESTAMP:
      return `time stamp query id ${d.u16(at + ICMP.id)} seq ${d.u16(at + ICMP.seq)}`;
    case ICMP_TYPE.TIMESTAMP_REPLY:
      if (!d.has(at + 16, 4)) return undefined;
      return `time stamp reply id ${d.u16(at + ICMP.id)} seq ${d.u16(at + ICMP.seq)}: org ${clock(d.u32(at + 8))}, recv ${clock(d.u32(at + 12))}, xmit ${clock(d.u32(at + 16))}`;
    default:
      return TYPES.get(type) ?? `type-#${type}`;
  }
}

const REDIRECTS: readonly (readonly [string, string])[] = [["redirect", "net "], ["redirect", "host "], ["redirect-tos", "net "], ["redirect-tos", "host "]];

/** Before and after the address that was not reached; 2, 3 and 4 say more. */
const UNREACHABLE: ReadonlyMap<number, readonly [string, string]> = new Map([
  [0, ["net ", " unreachable"]], [1, ["host ", " unreachable"]], [5, ["", " unreachable - source route failed"]], [6, ["net ", " unreachable - unknown"]], [7, ["host ", " unreachable - unknown"]],
  [8, ["", " unreachable - source host isolated"]], [9, ["net ", " unreachable - admin prohibited"]], [10, ["host ", " unreachable - admin prohibited"]], [11, ["net ", " unreachable - tos prohibited"]],
  [12, ["host ", " unreachable - tos prohibited"]], [13, ["host ", " unreachable - admin prohibited filter"]], [14, ["host ", " unreachable - host precedence violation"]],
  [15, ["host ", " unreachable - precedence cutoff"]],
]);

function unreachableText(d: Dissector, at: number, code: number): string | undefined {
  const quoted = at + ICMP_LEN;
  const dst = (): string => d.ip(quoted + IPV4.dst);
  if (code === 2) return `${dst()} protocol ${d.u8(quoted + IPV4.protocol)} unreachable`;
  if (code === 3) {
    if (!d.has(quoted + IPV4.protocol, 1)) return undefined;
    const port = d.u16(quoted + (d.u8(quoted) & 15) * 4 + 2);
    const protocol = d.u8(quoted + IPV4.protocol);
    if (protocol === IPPROTO.TCP) return `${dst()} tcp port ${d.port(port, "tcp")} unreachable`;
    if (protocol === IPPROTO.UDP) return `${dst()} udp port ${d.port(port, "udp")} unreachable`;
    return `${dst()} protocol ${protocol} port ${port} unreachable`;
  }
  if (code === 4) {
    const mtu = d.u16(at + ICMP.mtu);
    return `${dst()} unreachable - need to frag${mtu !== 0 ? ` (mtu ${mtu})` : ""}`;
  }
  const words = UNREACHABLE.get(code);
  return words ? `${words[0]}${dst()}${words[1]}` : `${dst()} unreachable - #${code}`;
}

/** RFC 1256: number of addresses, words each, lifetime; then address and preference each. */
function routerAdvertisement(d: Dissector, at: number): string | undefined {
  if (!d.has(at + 4, 4)) return undefined;
  const lifetime = d.u16(at + 6);
  const two = (n: number): string => String(n).padStart(2, "0");
  const [h, m, sec] = [Math.floor(lifetime / 3600), Math.floor(lifetime / 60) % 60, lifetime % 60];
  let text = `router advertisement lifetime ${lifetime < 60 ? lifetime : lifetime < 3600 ? `${m}:${two(sec)}` : `${h}:${two(m)}:${two(sec)}`}`;
  const count = d.u8(at + 4);
  const size = d.u8(at + 5);
  text += ` ${count}:`;
  if (size !== 2) return `${text} [size ${size}]`;
  for (let i = 0; i < count; i++) {
    const p = at + 8 + 8 * i;
    if (!d.has(p, 8)) return undefined;
    text += ` {${d.ip(p)} ${d.u32(p + 4)}}`;
  }
  return text;
}

/** Milliseconds since midnight. */
function clock(ms: number): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const s = Math.floor(ms / 1000);
  return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}.${String(ms % 1000).padStart(3, "0")}`;
}

/** Octets of an ICMP message before extensions of the old kind: 8 and a datagram padded to 128. */
const EXTENSIONS_AT = 136;

function printExtensions(d: Dissector, s: Segment): void {
  const at = s.at + EXTENSIONS_AT;
  const length = s.length - EXTENSIONS_AT;
  if (length <= 0) return;
  if (!d.has(s.at, EXTENSIONS_AT + 5)) {
    d.truncated();
    return;
  }
  const whole = d.has(at, length);
  const sum = whole ? finish(sumWords(d.bytes, at, at + length)) : 0;
  // Without a length of its own, only a right checksum tells that there are extensions.
  if (d.u8(s.at + 5) === 0 && whole && sum !== 0) return;
  const version = d.u8(at) >> 4;
  d.out(`\n\tICMP Multi-Part extension v${version}`);
  if (version !== 2) {
    d.out(" packet not supported");
    return;
  }
  if (whole) d.out(`, checksum ${word(d.u16(at + 2))} (${sum !== 0 ? "in" : ""}correct), length ${length}`);
  printObjects(d, at + 4, length - 4);
}

const OBJECTS: ReadonlyMap<number, string> = new Map([[1, "MPLS Stack Entry"], [2, "Interface Identification"]]);

function printObjects(d: Dissector, start: number, total: number): void {
  let at = start;
  let left = total;
  while (left > 4 && !d.stuck) {
    if (!d.has(at, 4)) {
      d.truncated();
      return;
    }
    const length = d.u16(at);
    const kind = d.u8(at + 2);
    d.out(`\n\t  ${OBJECTS.get(kind) ?? "unknown"} Object (${kind}), Class-Type: ${d.u8(at + 3)}, length ${length}`);
    left -= 4;
    if (kind === 0 || length < 4) return;
    const body = length - 4;
    if (kind === 1 && d.u8(at + 3) === 1) printLabel(d, d.u32(at + 4));
    else unknownData(d, "\n\t    ", at + 4, body);
    if (left < body) return;
    left -= body;
    at += length;
  }
}

function printLabel(d: Dissector, entry: number): void {
  d.out(`\n\t    label ${entry >>> 12}, tc ${(entry >>> 9) & 7}${(entry & 0x100) !== 0 ? ", [S]" : ""}, ttl ${entry & 255}`);
}
