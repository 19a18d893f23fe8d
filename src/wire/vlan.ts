/**
 * VLAN tag, between the source address and the type of what it carries: 4 octets. IEEE 802.1Q-2018 §9.6.
 *   |  TPID 16 (the EtherType before)  |  PCP 3 | DEI 1 |  VID 12  |  EtherType of the payload 16 |
 * Offsets are octets after the TPID.
 */
import { getU16, setU16 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const VLAN_LEN = 4;
export const VLAN = { tci: 0, type: 2 } as const;
/** 802.1Q, 802.1ad, and the two values older switches stack with. */
export const VLAN_TPIDS: readonly number[] = [0x8100, 0x88a8, 0x9100, 0x9200];
/** 0 carries only a priority, 4095 is reserved. */
export const VID_MAX = 4095;

/** View over at least VLAN_LEN octets. */
export class VlanView {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get tci(): number {
    return getU16(this.bytes, VLAN.tci);
  }
  set tci(v: number) {
    setU16(this.bytes, VLAN.tci, v);
  }
  get pcp(): number {
    return this.tci >> 13;
  }
  get dei(): number {
    return (this.tci >> 12) & 1;
  }
  get vid(): number {
    return this.tci & 0xfff;
  }
  get type(): number {
    return getU16(this.bytes, VLAN.type);
  }
  set type(v: number) {
    setU16(this.bytes, VLAN.type, v);
  }
}

/** `pcp` 0 to 7, `vid` 0 to 4095, `type` the EtherType (or length) of the payload. */
export interface VlanTag {
  pcp: number;
  dei: boolean;
  vid: number;
  type: number;
}

export function parseVlan(bytes: Uint8Array): Result<{ header: VlanTag; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(bytes, "vlan");
  const tci = c.u16();
  const type = c.u16();
  if (c.error) return err(c.error);
  return ok({ header: { pcp: tci >> 13, dei: (tci & 0x1000) !== 0, vid: tci & 0xfff, type }, payload: c.rest() });
}

/** Writes all VLAN_LEN octets of `out`. */
export function emitVlan(tag: VlanTag, out: Uint8Array): void {
  const view = new VlanView(out);
  view.tci = (tag.pcp << 13) | (tag.dei ? 0x1000 : 0) | tag.vid;
  view.type = tag.type;
}
