/**
 * TCP header: 20 to 60 octets. RFC 9293 §3.1; options RFC 9293 §3.2, RFC 7323 (window scale, timestamps), RFC 2018 (SACK).
 *   |      source port 16     |   destination port 16   |
 *   |               sequence number 32                  |
 *   |            acknowledgment number 32               |
 *   |doff 4| rsvd 4|  flags 8 |        window 16        |
 *   |       checksum 16       |    urgent pointer 16    |
 */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finish, pseudoHeaderSum, sumWords } from "./checksum.ts";
import { Cursor, type DecodeError } from "./cursor.ts";
import { IPPROTO } from "./ipv4.ts";
import type { Ends } from "./udp.ts";

export const TCP_MIN_LEN = 20;
export const TCP = { src: 0, dst: 2, seq: 4, ack: 8, offset: 12, flags: 13, window: 14, checksum: 16, urgent: 18, options: 20 } as const;
export const TCP_FLAG = { FIN: 0x01, SYN: 0x02, RST: 0x04, PSH: 0x08, ACK: 0x10, URG: 0x20, ECE: 0x40, CWR: 0x80 } as const;
export const TCPOPT = { EOL: 0, NOP: 1, MSS: 2, WSCALE: 3, SACK_PERMITTED: 4, SACK: 5, TIMESTAMP: 8 } as const;

/** View over a whole header; nothing is judged. */
export class TcpView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get srcPort(): number {
    return getU16(this.bytes, TCP.src);
  }
  get dstPort(): number {
    return getU16(this.bytes, TCP.dst);
  }
  get seq(): number {
    return getU32(this.bytes, TCP.seq);
  }
  get ack(): number {
    return getU32(this.bytes, TCP.ack);
  }
  /** Octets, as the data offset says. */
  get headerLength(): number {
    return (this.bytes[TCP.offset]! >> 4) * 4;
  }
  get flags(): number {
    return this.bytes[TCP.flags]!;
  }
  get window(): number {
    return getU16(this.bytes, TCP.window);
  }
  get checksum(): number {
    return getU16(this.bytes, TCP.checksum);
  }
  get urgent(): number {
    return getU16(this.bytes, TCP.urgent);
  }
}

/** `flags` are TCP_FLAG bits; `options` are 0 to 40 octets, a multiple of 4. */
export interface TcpHeader {
  srcPort: number;
  dstPort: number;
  seq: number;
  ack: number;
  flags: number;
  window: number;
  urgent: number;
  options: Uint8Array;
}

/** @param ends given, the checksum is judged. @returns the header and its data (no copy). */
export function parseTcp(bytes: Uint8Array, ends?: Ends): Result<{ header: TcpHeader; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(bytes, "tcp");
  const srcPort = c.u16();
  const dstPort = c.u16();
  const seq = c.u32();
  const ack = c.u32();
  const offset = c.u8();
  const headerLength = (offset >> 4) * 4;
  if (headerLength < TCP_MIN_LEN) c.fail(`data offset is ${headerLength} octets`, TCP.offset);
  if ((offset & 15) !== 0) c.fail("reserved bits are set", TCP.offset);
  const flags = c.u8();
  const window = c.u16();
  c.u16(); // the checksum, verified below
  const header: TcpHeader = { srcPort, dstPort, seq, ack, flags, window, urgent: c.u16(), options: c.take(headerLength - TCP_MIN_LEN) };
  const payload = c.rest();
  if (c.error) return err(c.error);
  if (ends && finish(sumWords(bytes, 0, bytes.length, pseudoHeaderSum(ends.src, ends.dst, IPPROTO.TCP, bytes.length))) !== 0) c.fail("checksum is wrong", TCP.checksum);
  return c.error ? err(c.error) : ok({ header, payload });
}

/** Writes header and payload into `out`, checksum included. */
export function emitTcp(h: TcpHeader, payload: Uint8Array, ends: Ends, out: Uint8Array): void {
  const headerLength = TCP_MIN_LEN + h.options.length;
  const length = headerLength + payload.length;
  setU16(out, TCP.src, h.srcPort);
  setU16(out, TCP.dst, h.dstPort);
  setU32(out, TCP.seq, h.seq);
  setU32(out, TCP.ack, h.ack);
  out[TCP.offset] = (headerLength >> 2) << 4;
  out[TCP.flags] = h.flags;
  setU16(out, TCP.window, h.window);
  setU16(out, TCP.checksum, 0);
  setU16(out, TCP.urgent, h.urgent);
  out.set(h.options, TCP.options);
  out.set(payload, headerLength);
  setU16(out, TCP.checksum, finish(sumWords(out, 0, length, pseudoHeaderSum(ends.src, ends.dst, IPPROTO.TCP, length))));
}

export type TcpOption =
  | { kind: "nop" }
  | { kind: "mss"; value: number }
  | { kind: "wscale"; shift: number }
  | { kind: "sackOK" }
  | { kind: "sack"; blocks: { left: number; right: number }[] }
  | { kind: "timestamps"; value: number; echo: number }
  | { kind: "other"; type: number; data: Uint8Array };

/** The options up to EOL or the end. */
export function parseTcpOptions(bytes: Uint8Array): Result<TcpOption[], DecodeError> {
  const c = new Cursor(bytes, "tcp-options");
  const options: TcpOption[] = [];
  while (c.left > 0 && !c.error) {
    const start = c.at;
    const type = c.u8();
    if (type === TCPOPT.EOL) break;
    if (type === TCPOPT.NOP) {
      options.push({ kind: "nop" });
      continue;
    }
    const length = c.u8();
    if (length < 2) c.fail(`option ${type} has length ${length}`, start + 1);
    const data = c.take(length - 2);
    if (!c.error) options.push(tcpOption(type, data));
  }
  return c.error ? err(c.error) : ok(options);
}

/** One whose length does not fit its type is "other": it means nothing. */
function tcpOption(type: number, data: Uint8Array): TcpOption {
  if (type === TCPOPT.MSS && data.length === 2) return { kind: "mss", value: getU16(data, 0) };
  if (type === TCPOPT.WSCALE && data.length === 1) return { kind: "wscale", shift: data[0]! };
  if (type === TCPOPT.SACK_PERMITTED && data.length === 0) return { kind: "sackOK" };
  if (type === TCPOPT.TIMESTAMP && data.length === 8) return { kind: "timestamps", value: getU32(data, 0), echo: getU32(data, 4) };
  if (type === TCPOPT.SACK && data.length > 0 && data.length % 8 === 0) {
    const blocks: { left: number; right: number }[] = [];
    for (let at = 0; at < data.length; at += 8) blocks.push({ left: getU32(data, at), right: getU32(data, at + 4) });
    return { kind: "sack", blocks };
  }
  return { kind: "other", type, data };
}
