/** ICMPv6: type, code, checksum over a pseudo header, body. RFC 4443 §2.1; neighbour discovery RFC 4861 §4. Enough for display. */
import { getU16 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finish, sumWords } from "./checksum.ts";
import { Cursor, type DecodeError } from "./cursor.ts";
import { pseudoHeaderSum6 } from "./ipv6.ts";

export const ICMPV6_LEN = 4;
export const ICMPV6 = { type: 0, code: 1, checksum: 2, body: 4 } as const;
export const ICMPV6_TYPE = {
  DEST_UNREACH: 1, PACKET_TOO_BIG: 2, TIME_EXCEEDED: 3, PARAMETER_PROBLEM: 4, ECHO: 128, ECHO_REPLY: 129, MLD_QUERY: 130, MLD_REPORT: 131, MLD_DONE: 132, ROUTER_SOLICIT: 133, ROUTER_ADVERT: 134,
  NEIGHBOR_SOLICIT: 135, NEIGHBOR_ADVERT: 136, REDIRECT: 137, MLDV2_REPORT: 143,
} as const;
const NEXT_HEADER = 58;

/** View over at least ICMPV6_LEN octets. */
export class Icmpv6View {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get type(): number {
    return this.bytes[ICMPV6.type]!;
  }
  get code(): number {
    return this.bytes[ICMPV6.code]!;
  }
  get checksum(): number {
    return getU16(this.bytes, ICMPV6.checksum);
  }
}

export interface Icmpv6Message {
  type: number;
  code: number;
  body: Uint8Array;
}

/** @param ends given (16 octets each), the checksum is judged. */
export function parseIcmpv6(bytes: Uint8Array, ends?: { src: Uint8Array; dst: Uint8Array }): Result<Icmpv6Message, DecodeError> {
  const c = new Cursor(bytes, "icmpv6");
  const type = c.u8();
  const code = c.u8();
  c.u16();
  const body = c.rest();
  if (!c.error && ends && finish(sumWords(bytes, 0, bytes.length, pseudoHeaderSum6(ends.src, ends.dst, NEXT_HEADER, bytes.length))) !== 0) c.fail("checksum is wrong", ICMPV6.checksum);
  return c.error ? err(c.error) : ok({ type, code, body });
}
