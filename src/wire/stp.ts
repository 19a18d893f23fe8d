/**
 * Bridge protocol data units of the spanning tree, IEEE 802.1D-1998 clause 9, behind an LLC header (42 42 03) in an 802.3 frame.
 * Offsets are octets after LLC. Times are in 1/256 s.
 */
import { getU16, getU32, setU16, setU32 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const BPDU_DST: Readonly<Uint8Array> = new Uint8Array([0x01, 0x80, 0xc2, 0, 0, 0]);
export const LLC_LEN = 3;
export const LLC_STP = 0x42;
export const BPDU_CONFIG_LEN = 35;
export const BPDU_TCN_LEN = 4;
export const BPDU = { protocol: 0, version: 2, type: 3, flags: 4, rootId: 5, rootPathCost: 13, bridgeId: 17, portId: 25, messageAge: 27, maxAge: 29, helloTime: 31, forwardDelay: 33 } as const;
export const BPDU_TYPE = { CONFIG: 0, TCN: 0x80, RST: 2 } as const;
export const BPDU_FLAG = { TOPOLOGY_CHANGE: 0x01, TOPOLOGY_CHANGE_ACK: 0x80 } as const;

// -- codec -------------------------------------------------------------------------------------------------------------

/** View over at least BPDU_CONFIG_LEN octets. */
export class BpduView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get type(): number {
    return this.bytes[BPDU.type]!;
  }
  get flags(): number {
    return this.bytes[BPDU.flags]!;
  }
  get rootId(): Uint8Array {
    return this.bytes.subarray(BPDU.rootId, BPDU.rootId + 8);
  }
  get rootPathCost(): number {
    return getU32(this.bytes, BPDU.rootPathCost);
  }
  get bridgeId(): Uint8Array {
    return this.bytes.subarray(BPDU.bridgeId, BPDU.bridgeId + 8);
  }
  get portId(): number {
    return getU16(this.bytes, BPDU.portId);
  }
}

/** Bridge ids are 8 octets: 16 bits of priority, then the MAC. Times are in 1/256 s. */
export type Bpdu =
  | { kind: "tcn" }
  | {
      kind: "config"; topologyChange: boolean; topologyChangeAck: boolean; rootId: Uint8Array; rootPathCost: number; bridgeId: Uint8Array; portId: number;
      messageAge: number; maxAge: number; helloTime: number; forwardDelay: number;
    };

/** @param bytes what follows the LLC header. RSTP and later versions are refused: they are not what 802.1D-1998 bridges speak. */
export function parseBpdu(bytes: Uint8Array): Result<Bpdu, DecodeError> {
  const c = new Cursor(bytes, "stp");
  if (c.u16() !== 0) c.fail("protocol identifier is not 0", BPDU.protocol);
  if (c.u8() !== 0) c.fail("protocol version is not 0", BPDU.version);
  const type = c.u8();
  if (c.error) return err(c.error);
  if (type === BPDU_TYPE.TCN) return ok({ kind: "tcn" });
  if (type !== BPDU_TYPE.CONFIG) c.fail(`BPDU type ${type} is unknown`, BPDU.type);
  const flags = c.u8();
  const bpdu: Bpdu = {
    kind: "config", topologyChange: (flags & BPDU_FLAG.TOPOLOGY_CHANGE) !== 0, topologyChangeAck: (flags & BPDU_FLAG.TOPOLOGY_CHANGE_ACK) !== 0, rootId: c.take(8), rootPathCost: c.u32(), bridgeId: c.take(8),
    portId: c.u16(), messageAge: c.u16(), maxAge: c.u16(), helloTime: c.u16(), forwardDelay: c.u16(),
  };
  return c.error ? err(c.error) : ok(bpdu);
}

export function bpduLength(b: Bpdu): number {
  return b.kind === "tcn" ? BPDU_TCN_LEN : BPDU_CONFIG_LEN;
}

/** Writes `bpduLength(b)` octets of `out`. */
export function emitBpdu(b: Bpdu, out: Uint8Array): void {
  out.fill(0, 0, bpduLength(b));
  if (b.kind === "tcn") {
    out[BPDU.type] = BPDU_TYPE.TCN;
    return;
  }
  out[BPDU.flags] = (b.topologyChange ? BPDU_FLAG.TOPOLOGY_CHANGE : 0) | (b.topologyChangeAck ? BPDU_FLAG.TOPOLOGY_CHANGE_ACK : 0);
  out.set(b.rootId, BPDU.rootId);
  setU32(out, BPDU.rootPathCost, b.rootPathCost);
  out.set(b.bridgeId, BPDU.bridgeId);
  setU16(out, BPDU.portId, b.portId);
  setU16(out, BPDU.messageAge, b.messageAge);
  setU16(out, BPDU.maxAge, b.maxAge);
  setU16(out, BPDU.helloTime, b.helloTime);
  setU16(out, BPDU.forwardDelay, b.forwardDelay);
}
