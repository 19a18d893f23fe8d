/**
 * IPv4 header: 20 to 60 octets. RFC 791 §3.1, TOS as RFC 2474 DS field and RFC 3168 ECN.
 *   |ver 4|ihl 4|  tos 8  |     total length 16      |
 *   |   identification 16 |flags 3| fragment off. 13 |
 *   |  ttl 8  | protocol 8|     header checksum      |
 *   |               source address                   |
 *   |             destination address                |
 */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finish, sumWords } from "./checksum.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const IPV4_MIN_LEN = 20;
export const IPV4 = { verIhl: 0, tos: 1, totalLength: 2, id: 4, fragment: 6, ttl: 8, protocol: 9, checksum: 10, src: 12, dst: 16, options: 20 } as const;
/** Bits of the flags-and-offset word. */
export const IP_DF = 0x4000;
export const IP_MF = 0x2000;
export const IP_OFFSET_MASK = 0x1fff;

export const IPPROTO = { ICMP: 1, IGMP: 2, IPIP: 4, TCP: 6, UDP: 17, IPV6: 41, GRE: 47, ICMPV6: 58, OSPF: 89, VRRP: 112, RAW: 255 } as const;
/** RFC 791 options: type octets with their copy bit. */
export const IPOPT = { EOL: 0, NOP: 1, RR: 7, TS: 68, LSRR: 131, SSRR: 137, RA: 148 } as const;

export function formatIpv4(a: number): string {
  return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
}

/** Exactly four decimal numbers from 0 to 255; undefined when it is anything else. */
export function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let a = 0;
  for (const p of parts) {
    if (!/^[0-9]{1,3}$/.test(p) || Number(p) > 255) return undefined;
    a = a * 256 + Number(p);
  }
  return a;
}

/** The mask of a prefix length, 0 to 32. */
export function maskOf(prefixLen: number): number {
  return prefixLen === 0 ? 0 : (0xffffffff << (32 - prefixLen)) >>> 0;
}

export const INADDR_ANY = 0;
export const INADDR_BROADCAST = 0xffffffff;
export function isMulticast(a: number): boolean {
  return a >>> 28 === 0xe;
}
export function isLoopback(a: number): boolean {
  return a >>> 24 === 127;
}
export function isZeronet(a: number): boolean {
  return a >>> 24 === 0;
}
/** 169.254.0.0/16, RFC 3927. */
export function isLinkLocal(a: number): boolean {
  return a >>> 16 === 0xa9fe;
}

// -- codec -------------------------------------------------------------------------------------------------------------

/** View over a whole header; nothing is judged. */
export class Ipv4View {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get version(): number {
    return this.bytes[IPV4.verIhl]! >> 4;
  }
  /** Octets, as the IHL field says. */
  get headerLength(): number {
    return (this.bytes[IPV4.verIhl]! & 15) * 4;
  }
  get tos(): number {
    return this.bytes[IPV4.tos]!;
  }
  set tos(v: number) {
    this.bytes[IPV4.tos] = v;
  }
  get totalLength(): number {
    return getU16(this.bytes, IPV4.totalLength);
  }
  set totalLength(v: number) {
    setU16(this.bytes, IPV4.totalLength, v);
  }
  get id(): number {
    return getU16(this.bytes, IPV4.id);
  }
  set id(v: number) {
    setU16(this.bytes, IPV4.id, v);
  }
  get fragment(): number {
    return getU16(this.bytes, IPV4.fragment);
  }
  set fragment(v: number) {
    setU16(this.bytes, IPV4.fragment, v);
  }
  get ttl(): number {
    return this.bytes[IPV4.ttl]!;
  }
  set ttl(v: number) {
    this.bytes[IPV4.ttl] = v;
  }
  get protocol(): number {
    return this.bytes[IPV4.protocol]!;
  }
  set protocol(v: number) {
    this.bytes[IPV4.protocol] = v;
  }
  get checksum(): number {
    return getU16(this.bytes, IPV4.checksum);
  }
  set checksum(v: number) {
    setU16(this.bytes, IPV4.checksum, v);
  }
  get src(): number {
    return getU32(this.bytes, IPV4.src);
  }
  set src(v: number) {
    setU32(this.bytes, IPV4.src, v);
  }
  get dst(): number {
    return getU32(this.bytes, IPV4.dst);
  }
  set dst(v: number) {
    setU32(this.bytes, IPV4.dst, v);
  }
}

/** `fragmentOffset` is in octets, a multiple of 8. `options` is 0 to 40 octets, a multiple of 4. */
export interface Ipv4Header {
  tos: number;
  id: number;
  dontFragment: boolean;
  moreFragments: boolean;
  fragmentOffset: number;
  ttl: number;
  protocol: number;
  src: number;
  dst: number;
  options: Uint8Array;
}

/** @returns the header and its payload, cut to the total length (link padding goes); both alias `bytes`. */
export function parseIpv4Packet(bytes: Uint8Array): Result<{ header: Ipv4Header; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(bytes, "ipv4");
  const verIhl = c.u8();
  const headerLength = (verIhl & 15) * 4;
  if (verIhl >> 4 !== 4) c.fail(`version is ${verIhl >> 4}`, IPV4.verIhl);
  if (headerLength < IPV4_MIN_LEN) c.fail(`header length is ${headerLength} octets`, IPV4.verIhl);
  const tos = c.u8();
  const totalLength = c.u16();
  if (totalLength < headerLength) c.fail(`total length ${totalLength} is less than the header's ${headerLength}`, IPV4.totalLength);
  if (totalLength > bytes.length) c.fail(`total length ${totalLength} is more than the ${bytes.length} octets there`, IPV4.totalLength);
  const id = c.u16();
  const fragment = c.u16();
  const ttl = c.u8();
  const protocol = c.u8();
  c.u16();
  const header: Ipv4Header = {
    tos, id, dontFragment: (fragment & IP_DF) !== 0, moreFragments: (fragment & IP_MF) !== 0, fragmentOffset: (fragment & IP_OFFSET_MASK) * 8, ttl, protocol, src: c.u32(), dst: c.u32(),
    options: c.take(headerLength - IPV4_MIN_LEN),
  };
  if (c.error) return err(c.error);
  if (finish(sumWords(bytes, 0, headerLength)) !== 0) c.fail("header checksum is wrong", IPV4.checksum);
  if (c.error) return err(c.error);
  return ok({ header, payload: bytes.subarray(headerLength, totalLength) });
}

/** Writes the header (20 + options octets) into `out`, checksum included. */
export function emitIpv4(header: Ipv4Header, payloadLength: number, out: Uint8Array): void {
  const length = IPV4_MIN_LEN + header.options.length;
  const view = new Ipv4View(out);
  out[IPV4.verIhl] = 0x40 | (length >> 2);
  view.tos = header.tos;
  view.totalLength = length + payloadLength;
  view.id = header.id;
  view.fragment = (header.dontFragment ? IP_DF : 0) | (header.moreFragments ? IP_MF : 0) | (header.fragmentOffset >> 3);
  view.ttl = header.ttl;
  view.protocol = header.protocol;
  view.checksum = 0;
  view.src = header.src;
  view.dst = header.dst;
  out.set(header.options, IPV4.options);
  view.checksum = finish(sumWords(out, 0, length));
}

/** One option. `data` is what follows the type, length and (of route and timestamp options) pointer octets. */
export type Ipv4Option =
  | { kind: "nop" }
  | { kind: "route"; type: 7 | 131 | 137; pointer: number; slots: number[] }
  | { kind: "timestamp"; pointer: number; overflow: number; flag: 0 | 1 | 3; slots: { address: number; time: number }[] }
  | { kind: "alert"; value: number }
  | { kind: "other"; type: number; data: Uint8Array };

/** The options up to EOL or the end. RFC 791 §3.1; router alert: RFC 2113. */
export function parseIpv4Options(bytes: Uint8Array): Result<Ipv4Option[], DecodeError> {
  const c = new Cursor(bytes, "ipv4-options");
  const options: Ipv4Option[] = [];
  while (c.left > 0 && !c.error) {
    const start = c.at;
    const type = c.u8();
    if (type === IPOPT.EOL) break;
    if (type === IPOPT.NOP) {
      options.push({ kind: "nop" });
      continue;
    }
    const length = c.u8();
    if (length < 2) c.fail(`option ${type} has length ${length}`, start + 1);
    const data = c.take(length - 2);
    if (c.error) break;
    const option = parseOption(type, data);
    if (option === undefined) c.fail(`option ${type} is malformed`, start);
    else options.push(option);
  }
  return c.error ? err(c.error) : ok(options);
}

function parseOption(type: number, data: Uint8Array): Ipv4Option | undefined {
  if (type === IPOPT.RR || type === IPOPT.LSRR || type === IPOPT.SSRR) {
    if (data.length < 1 || (data.length - 1) % 4 !== 0) return undefined;
    const slots: number[] = [];
    for (let at = 1; at < data.length; at += 4) slots.push(getU32(data, at));
    return { kind: "route", type: type as 7 | 131 | 137, pointer: data[0]!, slots };
  }
  if (type === IPOPT.TS) return parseTimestamp(data);
  if (type === IPOPT.RA) return data.length === 2 ? { kind: "alert", value: getU16(data, 0) } : undefined;
  return { kind: "other", type, data };
}

function parseTimestamp(data: Uint8Array): Ipv4Option | undefined {
  if (data.length < 2) return undefined;
  const flag = data[1]! & 15;
  if (flag !== 0 && flag !== 1 && flag !== 3) return undefined;
  const step = flag === 0 ? 4 : 8;
  if ((data.length - 2) % step !== 0) return undefined;
  const slots: { address: number; time: number }[] = [];
  for (let at = 2; at < data.length; at += step) slots.push({ address: step === 8 ? getU32(data, at) : 0, time: getU32(data, at + step - 4) });
  return { kind: "timestamp", pointer: data[0]!, overflow: data[1]! >> 4, flag, slots };
}

/** The options' octets, padded with EOL to a multiple of four. */
export function emitIpv4Options(options: readonly Ipv4Option[]): Uint8Array {
  const out: number[] = [];
  for (const o of options) {
    const body = optionBody(o);
    if (o.kind === "nop") out.push(IPOPT.NOP);
    else out.push(optionType(o), body.length + 2, ...body);
  }
  while (out.length % 4 !== 0) out.push(IPOPT.EOL);
  return new Uint8Array(out);
}

function optionType(o: Ipv4Option): number {
  if (o.kind === "route" || o.kind === "other") return o.type;
  return o.kind === "timestamp" ? IPOPT.TS : o.kind === "alert" ? IPOPT.RA : IPOPT.NOP;
}

const octets32 = (v: number): number[] => [v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255];

function optionBody(o: Ipv4Option): number[] {
  switch (o.kind) {
    case "nop":
      return [];
    case "route":
      return [o.pointer, ...o.slots.flatMap(octets32)];
    case "timestamp":
      return [o.pointer, (o.overflow << 4) | o.flag, ...o.slots.flatMap((s) => (o.flag === 0 ? octets32(s.time) : [...octets32(s.address), ...octets32(s.time)]))];
    case "alert":
      return [o.value >> 8, o.value & 255];
    case "other":
      return [...o.data];
  }
}
