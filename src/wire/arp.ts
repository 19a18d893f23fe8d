/**
 * ARP for IPv4 over Ethernet: 28 octets. RFC 826; hardware type 1, protocol type 0x0800.
 *   |  htype 2  |  ptype 2  | hlen 1 | plen 1 |  oper 2  |
 *   |  sha 6  |  spa 4  |  tha 6  |  tpa 4  |
 */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const ARP_LEN = 28;
export const ARP = { htype: 0, ptype: 2, hlen: 4, plen: 5, oper: 6, sha: 8, spa: 14, tha: 18, tpa: 24 } as const;
export const ARP_OP = { REQUEST: 1, REPLY: 2, REVERSE_REQUEST: 3, REVERSE_REPLY: 4 } as const;
export const ARP_HTYPE_ETHERNET = 1;

// -- codec -------------------------------------------------------------------------------------------------------------

/** View over at least ARP_LEN octets. */
export class ArpView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get oper(): number {
    return getU16(this.bytes, ARP.oper);
  }
  set oper(v: number) {
    setU16(this.bytes, ARP.oper, v);
  }
  get sha(): Uint8Array {
    return this.bytes.subarray(ARP.sha, ARP.sha + 6);
  }
  set sha(v: Uint8Array) {
    this.bytes.set(v, ARP.sha);
  }
  get spa(): number {
    return getU32(this.bytes, ARP.spa);
  }
  set spa(v: number) {
    setU32(this.bytes, ARP.spa, v);
  }
  get tha(): Uint8Array {
    return this.bytes.subarray(ARP.tha, ARP.tha + 6);
  }
  set tha(v: Uint8Array) {
    this.bytes.set(v, ARP.tha);
  }
  get tpa(): number {
    return getU32(this.bytes, ARP.tpa);
  }
  set tpa(v: number) {
    setU32(this.bytes, ARP.tpa, v);
  }
}

/** ARP for IPv4 over Ethernet. It has a *target*, not a destination. */
export interface ArpPacket {
  oper: number;
  sha: Uint8Array;
  spa: number;
  tha: Uint8Array;
  tpa: number;
}

/** @returns the packet; its hardware addresses alias `bytes`. Padding after it is nobody's business. */
export function parseArp(bytes: Uint8Array): Result<ArpPacket, DecodeError> {
  const c = new Cursor(bytes, "arp");
  if (c.u16() !== ARP_HTYPE_ETHERNET) c.fail("hardware type is not Ethernet", ARP.htype);
  if (c.u16() !== 0x0800) c.fail("protocol type is not IPv4", ARP.ptype);
  if (c.u8() !== 6) c.fail("hardware address length is not 6", ARP.hlen);
  if (c.u8() !== 4) c.fail("protocol address length is not 4", ARP.plen);
  const packet = { oper: c.u16(), sha: c.take(6), spa: c.u32(), tha: c.take(6), tpa: c.u32() };
  return c.error ? err(c.error) : ok(packet);
}

/** Writes all ARP_LEN octets of `out`. */
export function emitArp(packet: ArpPacket, out: Uint8Array): void {
  setU16(out, ARP.htype, ARP_HTYPE_ETHERNET);
  setU16(out, ARP.ptype, 0x0800);
  out[ARP.hlen] = 6;
  out[ARP.plen] = 4;
  const view = new ArpView(out);
  view.oper = packet.oper;
  view.sha = packet.sha;
  view.spa = packet.spa;
  view.tha = packet.tha;
  view.tpa = packet.tpa;
}
