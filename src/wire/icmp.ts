/** ICMP: type, code, checksum, 4 octets of rest, data. RFC 792; next-hop MTU in RFC 1191 §4; codes also RFC 1812 §5.2.7. */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { finish, sumWords } from "./checksum.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const ICMP_LEN = 8;
export const ICMP = { type: 0, code: 1, checksum: 2, rest: 4, id: 4, seq: 6, gateway: 4, mtu: 6, data: 8 } as const;
export const ICMP_TYPE = { ECHO_REPLY: 0, DEST_UNREACH: 3, SOURCE_QUENCH: 4, REDIRECT: 5, ECHO: 8, TIME_EXCEEDED: 11, PARAMETER_PROBLEM: 12, TIMESTAMP: 13, TIMESTAMP_REPLY: 14, ADDRESS: 17, ADDRESS_REPLY: 18 } as const;
/** Codes of destination unreachable. */
export const UNREACH = {
  NET: 0, HOST: 1, PROTOCOL: 2, PORT: 3, FRAG_NEEDED: 4, SR_FAILED: 5, NET_UNKNOWN: 6, HOST_UNKNOWN: 7, HOST_ISOLATED: 8, NET_ANO: 9, HOST_ANO: 10, NET_UNR_TOS: 11, HOST_UNR_TOS: 12, PKT_FILTERED: 13,
} as const;
export const TIME_EXCEEDED = { TTL: 0, REASSEMBLY: 1 } as const;
export const REDIRECT = { NET: 0, HOST: 1, NET_TOS: 2, HOST_TOS: 3 } as const;

// -- codec -------------------------------------------------------------------------------------------------------------

/** View over at least ICMP_LEN octets. */
export class IcmpView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get type(): number {
    return this.bytes[ICMP.type]!;
  }
  set type(v: number) {
    this.bytes[ICMP.type] = v;
  }
  get code(): number {
    return this.bytes[ICMP.code]!;
  }
  set code(v: number) {
    this.bytes[ICMP.code] = v;
  }
  get checksum(): number {
    return getU16(this.bytes, ICMP.checksum);
  }
  set checksum(v: number) {
    setU16(this.bytes, ICMP.checksum, v);
  }
  /** The four octets whose meaning the type decides. */
  get rest(): number {
    return getU32(this.bytes, ICMP.rest);
  }
  set rest(v: number) {
    setU32(this.bytes, ICMP.rest, v);
  }
  get id(): number {
    return getU16(this.bytes, ICMP.id);
  }
  get seq(): number {
    return getU16(this.bytes, ICMP.seq);
  }
  get mtu(): number {
    return getU16(this.bytes, ICMP.mtu);
  }
}

/**
 * One message. Errors carry `quoted`: the IP header of what caused them and as much of its data as fitted. A type that is none of
 * these is "other", its four octets and data as they stand.
 */
export type IcmpMessage =
  | { kind: "echo"; reply: boolean; id: number; seq: number; data: Uint8Array }
  | { kind: "unreachable"; code: number; mtu: number; quoted: Uint8Array }
  | { kind: "redirect"; code: number; gateway: number; quoted: Uint8Array }
  | { kind: "time-exceeded"; code: number; quoted: Uint8Array }
  | { kind: "parameter-problem"; code: number; pointer: number; quoted: Uint8Array }
  | { kind: "other"; type: number; code: number; rest: number; data: Uint8Array };

/** @param bytes the whole IP payload: the checksum covers it. The message's data alias it. */
export function parseIcmp(bytes: Uint8Array): Result<IcmpMessage, DecodeError> {
  const c = new Cursor(bytes, "icmp");
  const type = c.u8();
  const code = c.u8();
  c.u16();
  const rest = c.u32();
  const data = c.rest();
  if (!c.error && finish(sumWords(bytes, 0, bytes.length)) !== 0) c.fail("checksum is wrong", ICMP.checksum);
  return c.error ? err(c.error) : ok(icmpMessage(type, code, rest, data));
}

function icmpMessage(type: number, code: number, rest: number, data: Uint8Array): IcmpMessage {
  const other: IcmpMessage = { kind: "other", type, code, rest, data };
  switch (type) {
    case ICMP_TYPE.ECHO:
    case ICMP_TYPE.ECHO_REPLY:
      return code === 0 ? { kind: "echo", reply: type === ICMP_TYPE.ECHO_REPLY, id: rest >>> 16, seq: rest & 0xffff, data } : other;
    case ICMP_TYPE.DEST_UNREACH:
      return rest >>> 16 === 0 ? { kind: "unreachable", code, mtu: rest & 0xffff, quoted: data } : other;
    case ICMP_TYPE.REDIRECT:
      return { kind: "redirect", code, gateway: rest, quoted: data };
    case ICMP_TYPE.TIME_EXCEEDED:
      return rest === 0 ? { kind: "time-exceeded", code, quoted: data } : other;
    case ICMP_TYPE.PARAMETER_PROBLEM:
      return (rest & 0xffffff) === 0 ? { kind: "parameter-problem", code, pointer: rest >>> 24, quoted: data } : other;
    default:
      return other;
  }
}

/** Type, code, rest and data of a message. */
function icmpParts(m: IcmpMessage): [type: number, code: number, rest: number, data: Uint8Array] {
  switch (m.kind) {
    case "echo":
      return [m.reply ? ICMP_TYPE.ECHO_REPLY : ICMP_TYPE.ECHO, 0, m.id * 0x10000 + m.seq, m.data];
    case "unreachable":
      return [ICMP_TYPE.DEST_UNREACH, m.code, m.mtu, m.quoted];
    case "redirect":
      return [ICMP_TYPE.REDIRECT, m.code, m.gateway, m.quoted];
    case "time-exceeded":
      return [ICMP_TYPE.TIME_EXCEEDED, m.code, 0, m.quoted];
    case "parameter-problem":
      return [ICMP_TYPE.PARAMETER_PROBLEM, m.code, m.pointer * 0x1000000, m.quoted];
    case "other":
      return [m.type, m.code, m.rest, m.data];
  }
}

export function icmpLength(m: IcmpMessage): number {
  return ICMP_LEN + icmpParts(m)[3].length;
}

/** Writes `icmpLength(m)` octets into `out`, checksum included. */
export function emitIcmp(m: IcmpMessage, out: Uint8Array): void {
  const [type, code, rest, data] = icmpParts(m);
  const view = new IcmpView(out);
  view.type = type;
  view.code = code;
  view.checksum = 0;
  view.rest = rest;
  out.set(data, ICMP.data);
  view.checksum = finish(sumWords(out, 0, ICMP_LEN + data.length));
}

/** Whether a message of this type quotes the packet that caused it. */
export function isIcmpError(type: number): boolean {
  return type === ICMP_TYPE.DEST_UNREACH || type === ICMP_TYPE.SOURCE_QUENCH || type === ICMP_TYPE.REDIRECT || type === ICMP_TYPE.TIME_EXCEEDED || type === ICMP_TYPE.PARAMETER_PROBLEM;
}
