/** TCP: flags, sequence numbers relative to a conversation's first ones, options. RFC 9293, RFC 7323, RFC 2018. What it carries is not decoded. */
import { hex } from "../../../base/bytes.ts";
import { finish, sumWords } from "../../../wire/checksum.ts";
import { IPPROTO } from "../../../wire/ipv4.ts";
import { TCP, TCP_FLAG, TCP_MIN_LEN, TCPOPT } from "../../../wire/tcp.ts";
import { bits, type Dissector, name } from "./dissector.ts";
import { type Segment, segmentSum4, shouldBe, word } from "./print-ip.ts";
import { pseudoSum6 } from "./print-ip6.ts";

/** First sequence numbers of each conversation, in the order its ends are compared. */
export type TcpConversations = Map<string, { seq: number; ack: number }>;

/** Conversations remembered; beyond it numbers are absolute, as for one that was not seen. */
const MAX_CONVERSATIONS = 65536;
const FLAG_LETTERS = [
  [TCP_FLAG.FIN, "F"], [TCP_FLAG.SYN, "S"], [TCP_FLAG.RST, "R"], [TCP_FLAG.PSH, "P"], [TCP_FLAG.ACK, "."], [TCP_FLAG.URG, "U"], [TCP_FLAG.ECE, "E"], [TCP_FLAG.CWR, "W"],
] as const;
const OPTIONS: ReadonlyMap<number, string> = new Map([
  [0, "eol"], [1, "nop"], [2, "mss"], [3, "wscale"], [4, "sackOK"], [5, "sack"], [6, "echo"], [7, "echoreply"], [8, "TS"], [11, "cc"], [12, "ccnew"], [13, ""], [19, "md5"], [20, "scps"], [28, "uto"],
  [29, "tcp-ao"], [30, "mptcp"], [34, "tfo"], [254, "exp"],
]);

const FAST_OPEN = 34;
const EXPERIMENT = 254;
const MD5 = 19;
const AUTHENTICATION = 29;

const minus = (a: number, b: number): number => (a - b) >>> 0;

export function printTcp(d: Dissector, s: Segment): void {
  d.protocol = "tcp";
  if (!d.has(s.at + TCP.dst, 2)) {
    const [src, dst] = ends(d, s);
    d.out(`${src} > ${dst}:`);
    d.truncated();
    return;
  }
  const sport = d.u16(s.at + TCP.src);
  const dport = d.u16(s.at + TCP.dst);
  const ports = [d.port(sport, "tcp"), d.port(dport, "tcp")] as const;
  if (d.u8(s.ip + (s.version === 4 ? 9 : 6)) === IPPROTO.TCP) {
    const [src, dst] = ends(d, s);
    d.out(`${src}.${ports[0]} > ${dst}.${ports[1]}: `);
  } else d.out(`${ports[0]} > ${ports[1]}: `);
  if (!d.has(s.at, TCP_MIN_LEN)) {
    d.truncated();
    return;
  }
  const headerLength = (d.u8(s.at + TCP.offset) >> 4) * 4;
  if (headerLength < TCP_MIN_LEN) {
    d.out(` tcp ${minus(s.length, headerLength)} [bad hdr length ${headerLength} - too short, < 20]`);
    return;
  }
  if (d.o.q > 0) {
    d.out(`tcp ${minus(s.length, headerLength)}`);
    if (headerLength > s.length) d.out(` [bad hdr length ${headerLength} - too long, > ${s.length}]`);
    return;
  }
  printSegment(d, s, headerLength, sport, dport);
}

function ends(d: Dissector, s: Segment): readonly [string, string] {
  return s.version === 4 ? [d.ip(s.ip + 12), d.ip(s.ip + 16)] : [d.ip6(s.ip + 8), d.ip6(s.ip + 24)];
}

function printSegment(d: Dissector, s: Segment, headerLength: number, sport: number, dport: number): void {
  const flags = d.u8(s.at + TCP.flags);
  d.out(`Flags [${bits(FLAG_LETTERS, flags, "none", "")}]`);
  const relative = d.o.S === 0 && (flags & TCP_FLAG.ACK) !== 0 ? conversation(d, s, sport, dport, (flags & TCP_FLAG.SYN) !== 0) : { seq: 0, ack: 0, sackBase: 0 };
  const seq = minus(d.u32(s.at + TCP.seq), relative.seq);
  const ack = minus(d.u32(s.at + TCP.ack), relative.ack);
  if (headerLength > s.length) {
    d.out(` [bad hdr length ${headerLength} - too long, > ${s.length}]`);
    return;
  }
  if (d.o.v > 0 && d.o.K === 0 && !s.fragmented && d.has(s.at, s.length)) printChecksum(d, s);
  const length = s.length - headerLength;
  if (d.o.v > 1 || length > 0 || (flags & (TCP_FLAG.SYN | TCP_FLAG.FIN | TCP_FLAG.RST)) !== 0) d.out(`, seq ${seq}${length > 0 ? `:${(seq + length) >>> 0}` : ""}`);
  if ((flags & TCP_FLAG.ACK) !== 0) d.out(`, ack ${ack}`);
  d.out(`, win ${d.u16(s.at + TCP.window)}`);
  if ((flags & TCP_FLAG.URG) !== 0) d.out(`, urg ${d.u16(s.at + TCP.urgent)}`);
  if (headerLength > TCP_MIN_LEN && !printOptions(d, s.at + TCP.options, headerLength - TCP_MIN_LEN, relative.sackBase, d.has(s.at, s.length))) return;
  d.out(`, length ${length}`);
  if (length === 0) return;
  if (!d.has(s.at, headerLength)) {
    d.out(` [remaining caplen(${d.end - s.at}) < header length(${headerLength})]`);
    d.stick();
    return;
  }
  if ((flags & TCP_FLAG.RST) !== 0 && d.o.v > 0) printResetData(d, s.at + headerLength, length);
}

/** What to take off this segment's numbers. The first segment with ACK of a conversation, and each SYN, starts it anew. */
function conversation(d: Dissector, s: Segment, sport: number, dport: number, syn: boolean): { seq: number; ack: number; sackBase: number } {
  const seq = d.u32(s.at + TCP.seq);
  const ack = d.u32(s.at + TCP.ack);
  const addressLength = s.version === 4 ? 4 : 16;
  const src = Array.from(d.bytes.subarray(s.ip + (s.version === 4 ? 12 : 8), s.ip + (s.version === 4 ? 12 : 8) + addressLength), (b) => hex(b, 2)).join("");
  const dst = Array.from(d.bytes.subarray(s.ip + (s.version === 4 ? 16 : 24), s.ip + (s.version === 4 ? 16 : 24) + addressLength), (b) => hex(b, 2)).join("");
  const reverse = sport > dport || (sport === dport && src > dst);
  const key = reverse ? `${dst}.${dport}-${src}.${sport}` : `${src}.${sport}-${dst}.${dport}`;
  const known = d.conversations.get(key);
  if (!known || syn) {
    const first = reverse ? { ack: seq, seq: minus(ack, 1) } : { seq, ack: minus(ack, 1) };
    if (known || d.conversations.size < MAX_CONVERSATIONS) d.conversations.set(key, first);
    return { seq: 0, ack: 0, sackBase: reverse ? first.seq : first.ack };
  }
  return reverse ? { seq: known.ack, ack: known.seq, sackBase: known.seq } : { seq: known.seq, ack: known.ack, sackBase: known.ack };
}

function printChecksum(d: Dissector, s: Segment): void {
  const there = d.u16(s.at + TCP.checksum);
  const sum = s.version === 4 ? segmentSum4(d, s, s.length) : finish(sumWords(d.bytes, s.at, s.at + s.length, pseudoSum6(d, s, s.length)));
  d.out(`, cksum ${word(there)}${sum !== 0 ? ` (incorrect -> ${word(shouldBe(there, sum))})` : " (correct)"}`);
}

/** @returns false when the rest of the segment is not worth printing. */
function printOptions(d: Dissector, start: number, total: number, sackBase: number, whole: boolean): boolean {
  d.out(", options [");
  let at = start;
  let left = total;
  let separator = "";
  const bad = (): boolean => {
    d.out("[bad opt]");
    if (separator !== "") d.out("]");
    return false;
  };
  while (left > 0 && !d.stuck) {
    d.out(separator);
    const type = d.u8(at++);
    const single = type === TCPOPT.EOL || type === TCPOPT.NOP;
    const length = single ? 1 : d.u8(at++);
    if (!single && (length < 2 || length > left)) return bad();
    left -= single ? 1 : 2;
    d.out(name(OPTIONS, type, `unknown-${type}`));
    const used = printOption(d, { type, at, length, left, sackBase, whole });
    if (used === "bad") return bad();
    if (used === "cut") {
      d.truncated();
      if (separator !== "") d.out(">");
      return false;
    }
    at += used;
    left -= used;
    if (used + (single ? 1 : 2) !== length) d.out(`[len ${length}]`);
    separator = ",";
    if (type === TCPOPT.EOL) break;
  }
  d.out("]");
  return true;
}

interface Option {
  type: number;
  /** Of its data. */
  at: number;
  /** As its length octet says. */
  length: number;
  /** Octets of options that are left. */
  left: number;
  sackBase: number;
  /** Whether the whole segment was captured. */
  whole: boolean;
}

/** @returns octets of data it took, "bad" when there are fewer in the header, "cut" when fewer were captured. */
function printOption(d: Dissector, o: Option): number | "bad" | "cut" {
  const fixed = FIXED.get(o.type);
  if (fixed) {
    const [length, text] = fixed;
    if (length > o.left) return "bad";
    if (!d.has(o.at, length)) return "cut";
    if (o.type === MD5) d.out(o.whole ? " shared secret not supplied with -M," : " snaplen too short,");
    d.out(text(d, o.at));
    return length;
  }
  if (o.type === TCPOPT.EOL || o.type === TCPOPT.NOP || o.type === TCPOPT.SACK_PERMITTED) return 0;
  const length = o.length - 2;
  if (o.type === TCPOPT.SACK) return printSack(d, o, length);
  if (o.type === AUTHENTICATION) return printAuthentication(d, o, length);
  if (o.type === FAST_OPEN || o.type === EXPERIMENT) return printFastOpen(d, o, length);
  if (length > 0) d.out(" 0x");
  for (let i = 0; i < length; i++) {
    if (i + 1 > o.left) return "bad";
    if (!d.has(o.at, i + 1)) return "cut";
    d.out(hex(d.u8(o.at + i), 2));
  }
  return length;
}

const FIXED: ReadonlyMap<number, readonly [number, (d: Dissector, at: number) => string]> = new Map([
  [TCPOPT.MSS, [2, (d, at) => ` ${d.u16(at)}`]],
  [TCPOPT.WSCALE, [1, (d, at) => ` ${d.u8(at)}`]],
  [TCPOPT.TIMESTAMP, [8, (d, at) => ` val ${d.u32(at)} ecr ${d.u32(at + 4)}`]],
  // RFC 2385; there is no -M here to give the secret.
  [MD5, [16, (d, at) => ` can't check - ${Array.from(d.bytes.subarray(at, at + 16), (b) => hex(b, 2)).join("")}`]],
  [20, [2, (d, at) => ` cap ${hex(d.u8(at), 2)} id ${d.u8(at + 1)}`]],
  [28, [2, (d, at) => userTimeout(d.u16(at))]],
  ...[6, 7, 11, 12, 13].map((type): [number, readonly [number, (d: Dissector, at: number) => string]] => [type, [4, (d, at) => ` ${d.u32(at)}`]]),
]);

/** RFC 7413, in an option of its own or in one for experiments (RFC 6994) with its magic number. */
function printFastOpen(d: Dissector, o: Option, length: number): number | "bad" | "cut" {
  if (length > o.left) return "bad";
  if (!d.has(o.at, length)) return "cut";
  if (o.type === FAST_OPEN) {
    d.out(` ${cookie(d, o.at, length)}`);
    return length;
  }
  if (length < 2) return "bad";
  const magic = d.u16(o.at);
  d.out(magic === 0xf989 ? `-tfo${cookie(d, o.at + 2, length - 2)}` : `-${hex(magic, 4)}`);
  return length;
}

function cookie(d: Dissector, at: number, length: number): string {
  if (length === 0) return " cookiereq";
  if (length % 2 !== 0 || length < 4 || length > 16) return " (invalid)";
  return ` cookie ${Array.from(d.bytes.subarray(at, at + length), (b) => hex(b, 2)).join("")}`;
}

/** RFC 5925 §2.2. */
function printAuthentication(d: Dissector, o: Option, length: number): number | "bad" | "cut" {
  if (length < 2) {
    d.invalid();
    return length;
  }
  if (length > o.left) return "bad";
  if (!d.has(o.at, length)) return "cut";
  d.out(` keyid ${d.u8(o.at)} rnextkeyid ${d.u8(o.at + 1)}${length > 2 ? ` mac 0x${Array.from(d.bytes.subarray(o.at + 2, o.at + length), (b) => hex(b, 2)).join("")}` : ""}`);
  return length;
}

/** RFC 5482: the first bit says minutes. */
function userTimeout(v: number): string {
  return ` 0x${v.toString(16)} ${(v & 1) !== 0 ? (v >> 1) * 60 : v >> 1}`;
}

function printSack(d: Dissector, o: Option, length: number): number | "bad" | "cut" {
  if (length % 8 !== 0) {
    d.out(" invalid sack");
    return length;
  }
  d.out(` ${length / 8} `);
  for (let i = 0; i < length; i += 8) {
    if (i + 8 > o.left) return "bad";
    if (!d.has(o.at + i, 8)) return "cut";
    d.out(`{${minus(d.u32(o.at + i), o.sackBase)}:${minus(d.u32(o.at + i + 4), o.sackBase)}}`);
  }
  return length;
}

const MAX_RESET_DATA = 30;

/** Words some stacks put into a reset, RFC 9293 §3.5.2. */
function printResetData(d: Dissector, at: number, length: number): void {
  let text = d.has(at, length) ? " [RST" : " [!RST";
  if (length > MAX_RESET_DATA) text += "+";
  text += " ";
  for (let i = 0; i < Math.min(length, MAX_RESET_DATA) && d.has(at + i, 1); i++) text += d.printable(d.u8(at + i));
  d.out(`${text}]`);
}
