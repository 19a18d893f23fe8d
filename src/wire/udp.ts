/** UDP: source port, destination port, length, checksum; 8 octets. RFC 768. A checksum of 0 means none was made. */
import { getU16, setU16 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finish, pseudoHeaderSum, sumWords } from "./checksum.ts";
import { Cursor, type DecodeError } from "./cursor.ts";
import { IPPROTO } from "./ipv4.ts";

export const UDP_LEN = 8;
export const UDP = { src: 0, dst: 2, length: 4, checksum: 6 } as const;

/** View over at least UDP_LEN octets. */
export class UdpView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get srcPort(): number {
    return getU16(this.bytes, UDP.src);
  }
  set srcPort(v: number) {
    setU16(this.bytes, UDP.src, v);
  }
  get dstPort(): number {
    return getU16(this.bytes, UDP.dst);
  }
  set dstPort(v: number) {
    setU16(this.bytes, UDP.dst, v);
  }
  get length(): number {
    return getU16(this.bytes, UDP.length);
  }
  set length(v: number) {
    setU16(this.bytes, UDP.length, v);
  }
  get checksum(): number {
    return getU16(this.bytes, UDP.checksum);
  }
  set checksum(v: number) {
    setU16(this.bytes, UDP.checksum, v);
  }
}

export interface UdpHeader {
  srcPort: number;
  dstPort: number;
}

/** IPv4 addresses of the pseudo header. */
export interface Ends {
  src: number;
  dst: number;
}

/** @param ends given, the checksum is judged, unless it is 0 (none was made). @returns the header and its data (no copy). */
export function parseUdp(bytes: Uint8Array, ends?: Ends): Result<{ header: UdpHeader; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(bytes, "udp");
  const header = { srcPort: c.u16(), dstPort: c.u16() };
  const length = c.u16();
  const checksum = c.u16();
  if (length < UDP_LEN) c.fail(`length is ${length}`, UDP.length);
  const payload = c.take(length - UDP_LEN);
  if (c.error) return err(c.error);
  if (ends && checksum !== 0 && finish(sumWords(bytes, 0, length, pseudoHeaderSum(ends.src, ends.dst, IPPROTO.UDP, length))) !== 0) c.fail("checksum is wrong", UDP.checksum);
  return c.error ? err(c.error) : ok({ header, payload });
}

/** Writes header and payload into `out`, checksum included. */
export function emitUdp(header: UdpHeader, payload: Uint8Array, ends: Ends, out: Uint8Array): void {
  const length = UDP_LEN + payload.length;
  const view = new UdpView(out);
  view.srcPort = header.srcPort;
  view.dstPort = header.dstPort;
  view.length = length;
  view.checksum = 0;
  out.set(payload, UDP_LEN);
  // A sum of 0 is sent as all ones: 0 says there is none.
  view.checksum = finish(sumWords(out, 0, length, pseudoHeaderSum(ends.src, ends.dst, IPPROTO.UDP, length))) || 0xffff;
}
