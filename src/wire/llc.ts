/**
 * 802.2 LLC, 3 octets (4 with a two-octet control field), and the 5 octets of SNAP behind SAP 0xaa. IEEE 802.2-1998 §3.2, IEEE 802-2014 §9.
 *   | DSAP 8 | SSAP 8 | control 8 or 16 | then, for SNAP, OUI 24 | protocol 16 |
 */
import { err, ok, type Result } from "../base/result.ts";
import { Cursor, type DecodeError } from "./cursor.ts";

export const LLC = { dsap: 0, ssap: 1, control: 2 } as const;
export const LLC_SNAP_LEN = 5;
export const LLCSAP = { NULL: 0x00, GLOBAL: 0xff, IP: 0x06, STP: 0x42, SNAP: 0xaa, IPX: 0xe0, NETBEUI: 0xf0, ISONS: 0xfe } as const;
/** Unnumbered information. */
export const LLC_UI = 0x03;

/** `control` is one octet for unnumbered frames, else the two octets as a little-endian number. */
export interface LlcHeader {
  dsap: number;
  ssap: number;
  control: number;
  snap?: { oui: number; protocol: number };
}

export function parseLlc(bytes: Uint8Array): Result<{ header: LlcHeader; headerLength: number; payload: Uint8Array }, DecodeError> {
  const c = new Cursor(bytes, "llc");
  const header: LlcHeader = { dsap: c.u8(), ssap: c.u8(), control: c.u8() };
  if ((header.control & 3) !== 3) header.control |= c.u8() << 8;
  if (header.dsap === LLCSAP.SNAP && header.ssap === LLCSAP.SNAP && header.control === LLC_UI) header.snap = { oui: c.u24(), protocol: c.u16() };
  const headerLength = c.at;
  const payload = c.rest();
  return c.error ? err(c.error) : ok({ header, headerLength, payload });
}

export function llcLength(h: LlcHeader): number {
  return ((h.control & 3) === 3 ? 3 : 4) + (h.snap ? LLC_SNAP_LEN : 0);
}

/** Writes `llcLength(h)` octets of `out`. */
export function emitLlc(h: LlcHeader, out: Uint8Array): void {
  let at = 0;
  const put = (v: number): void => {
    out[at++] = v;
  };
  put(h.dsap);
  put(h.ssap);
  put(h.control);
  if ((h.control & 3) !== 3) put(h.control >> 8);
  if (h.snap) for (const v of [h.snap.oui >> 16, h.snap.oui >> 8, h.snap.oui, h.snap.protocol >> 8, h.snap.protocol]) put(v);
}
