/** IGMP: type, maximum response, checksum, group. RFC 1112 (v1), RFC 2236 (v2), RFC 3376 §4 (v3). */
import { err, ok, type Result } from "../base/result.ts";
import { finish, sumWords } from "./checksum.ts";
import { Cursor, type DecodeError } from "./cursor.ts";
import { setU16, setU32 } from "../base/bytes.ts";

export const IGMP_LEN = 8;
export const IGMP = { type: 0, maxResp: 1, checksum: 2, group: 4, flags: 8, qqic: 9, sources: 10 } as const;
export const IGMP_TYPE = { QUERY: 0x11, V1_REPORT: 0x12, V2_REPORT: 0x16, V2_LEAVE: 0x17, V3_REPORT: 0x22 } as const;

/** Queries of v3 carry more than `group`; it is in `rest`, as it stands. Of a v3 report `records` are its group records. */
export type IgmpMessage =
  | { kind: "group"; type: number; maxResp: number; group: number; rest: Uint8Array }
  | { kind: "report3"; records: { type: number; group: number; sources: number[] }[] };

/** @param bytes the whole IP payload: the checksum covers it. */
export function parseIgmp(bytes: Uint8Array): Result<IgmpMessage, DecodeError> {
  const c = new Cursor(bytes, "igmp");
  const type = c.u8();
  const maxResp = c.u8();
  c.u16();
  const message: IgmpMessage = type === IGMP_TYPE.V3_REPORT ? { kind: "report3", records: parseRecords(c) } : { kind: "group", type, maxResp, group: c.u32(), rest: c.rest() };
  if (!c.error && finish(sumWords(bytes, 0, bytes.length)) !== 0) c.fail("checksum is wrong", IGMP.checksum);
  return c.error ? err(c.error) : ok(message);
}

function parseRecords(c: Cursor): { type: number; group: number; sources: number[] }[] {
  c.u16();
  const count = c.u16();
  const records: { type: number; group: number; sources: number[] }[] = [];
  for (let i = 0; i < count && !c.error; i++) {
    const type = c.u8();
    const aux = c.u8();
    const n = c.u16();
    const group = c.u32();
    const sources: number[] = [];
    for (let k = 0; k < n && !c.error; k++) sources.push(c.u32());
    c.take(aux * 4);
    records.push({ type, group, sources });
  }
  return records;
}

/** The message's octets, checksum included. */
export function emitIgmp(m: IgmpMessage): Uint8Array {
  const out = m.kind === "group" ? emitGroup(m) : emitReport(m.records);
  setU16(out, IGMP.checksum, finish(sumWords(out, 0, out.length)));
  return out;
}

function emitGroup(m: Extract<IgmpMessage, { kind: "group" }>): Uint8Array {
  const out = new Uint8Array(IGMP_LEN + m.rest.length);
  out[IGMP.type] = m.type;
  out[IGMP.maxResp] = m.maxResp;
  setU32(out, IGMP.group, m.group);
  out.set(m.rest, IGMP_LEN);
  return out;
}

function emitReport(records: readonly { type: number; group: number; sources: number[] }[]): Uint8Array {
  const out = new Uint8Array(records.reduce((n, r) => n + 8 + 4 * r.sources.length, IGMP_LEN));
  out[IGMP.type] = IGMP_TYPE.V3_REPORT;
  setU16(out, 6, records.length);
  let at = IGMP_LEN;
  for (const r of records) {
    out[at] = r.type;
    setU16(out, at + 2, r.sources.length);
    setU32(out, at + 4, r.group);
    r.sources.forEach((s, i) => setU32(out, at + 8 + 4 * i, s));
    at += 8 + 4 * r.sources.length;
  }
  return out;
}
