/**
 * Ethernet II: destination 6, source 6, EtherType 2, then the payload. IEEE 802.3 clause 3; EtherTypes from IANA.
 * A value below 1536 in the type field is a length, and an LLC header follows (802.3).
 */
import { getU16, setU16 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const ETH_LEN = 14;
/** Least octets of a frame without its check sequence. */
export const ETH_MIN = 60;
export const ETH = { dst: 0, src: 6, type: 12 } as const;

export const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806, VLAN: 0x8100, IPV6: 0x86dd, QINQ: 0x88a8, LOOPBACK: 0x9000, LLDP: 0x88cc } as const;
/** Smallest value that is a type and not a length. */
export const ETHERTYPE_MIN = 0x0600;
/** Greatest value that is a length. */
export const ETH_MAX_LENGTH_FIELD = 1500;

export const BROADCAST_MAC: Readonly<Uint8Array> = new Uint8Array([255, 255, 255, 255, 255, 255]);

/** Whether the address at `at` is a group address (its first octet's low bit). Broadcast is one. */
export function isGroup(b: Uint8Array, at: number): boolean {
  return (b[at]! & 1) === 1;
}

export function isBroadcast(b: Uint8Array, at: number): boolean {
  return (b[at]! & b[at + 1]! & b[at + 2]! & b[at + 3]! & b[at + 4]! & b[at + 5]!) === 255;
}

/** The 48-bit address as one number, exact below 2^53: a key for tables. */
export function macKey(b: Uint8Array, at: number): number {
  return ((b[at]! << 8) | b[at + 1]!) * 0x1_0000_0000 + (((b[at + 2]! << 24) | (b[at + 3]! << 16) | (b[at + 4]! << 8) | b[at + 5]!) >>> 0);
}

export function macFromKey(key: number): Uint8Array {
  const high = Math.floor(key / 0x1_0000_0000);
  const low = key % 0x1_0000_0000;
  return new Uint8Array([high >>> 8, high & 255, low >>> 24, (low >>> 16) & 255, (low >>> 8) & 255, low & 255]);
}

/** "02:00:00:00:01:01" */
export function formatMac(b: Uint8Array, at = 0): string {
  let s = "";
  for (let i = 0; i < 6; i++) s += (i > 0 ? ":" : "") + (b[at + i]! < 16 ? "0" : "") + b[at + i]!.toString(16);
  return s;
}

/** Six groups of one or two hex digits between colons; undefined when it is anything else. */
export function parseMac(text: string): Uint8Array | undefined {
  const parts = text.split(":");
  if (parts.length !== 6) return undefined;
  const out = new Uint8Array(6);
  for (let i = 0; i < 6; i++) {
    if (!/^[0-9a-fA-F]{1,2}$/.test(parts[i]!)) return undefined;
    out[i] = Number.parseInt(parts[i]!, 16);
  }
  return out;
}

// -- codec -------------------------------------------------------------------------------------------------------------

/** View over at least ETH_LEN octets. */
export class EthernetView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get dst(): Uint8Array {
    return this.bytes.subarray(ETH.dst, ETH.dst + 6);
  }
  set dst(v: Uint8Array) {
    this.bytes.set(v, ETH.dst);
  }
  get src(): Uint8Array {
    return this.bytes.subarray(ETH.src, ETH.src + 6);
  }
  set src(v: Uint8Array) {
    this.bytes.set(v, ETH.src);
  }
  get type(): number {
    return getU16(this.bytes, ETH.type);
  }
  set type(v: number) {
    setU16(this.bytes, ETH.type, v);
  }
}

/** `type` below ETHERTYPE_MIN is the length of an 802.3 payload. */
export interface EthernetHeader {
  dst: Uint8Array;
  src: Uint8Array;
  type: number;
}

/** @returns the header and what follows it (no copy); of an 802.3 frame as many octets as its length field says. */
export function parseEthernet(frame: Uint8Array): Result<{ header: EthernetHeader; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(frame, "ethernet");
  const header = { dst: c.take(6), src: c.take(6), type: c.u16() };
  // 802.3 leaves 1501 to 1535 undefined; Linux and libpcap take 1500 as the greatest length.
  const is8023 = header.type <= ETH_MAX_LENGTH_FIELD;
  if (is8023 && header.type > c.left) c.fail(`length ${header.type} is more than the ${c.left} octets there`, ETH.type);
  if (c.error) return err(c.error);
  return ok({ header, payload: is8023 ? c.take(header.type) : c.rest() });
}

/** Writes all ETH_LEN octets of `out`. */
export function emitEthernet(header: EthernetHeader, out: Uint8Array): void {
  const view = new EthernetView(out);
  view.dst = header.dst;
  view.src = header.src;
  view.type = header.type;
}
