/**
 * Capture files. Classic pcap: a 24-octet file header, then 16 octets before each packet, in the byte order of whoever wrote it
 * (draft-ietf-opsawg-pcap); times in micro- or nanoseconds, told by the magic number. pcapng (draft-ietf-opsawg-pcapng): blocks; read only.
 * Every length is doubted: a reader of hostile files ends with a typed error and never looks outside the file.
 */
import { err, ok, type Result } from "../base/result.ts";

export const PCAP_FILE_HEADER_LEN = 24;
export const PCAP_RECORD_HEADER_LEN = 16;
const MAGIC_MICRO = 0xa1b2c3d4;
const MAGIC_NANO = 0xa1b23c4d;
const NG_SECTION = 0x0a0d0d0a;
const NG_BYTE_ORDER = 0x1a2b3c4d;
/** LINKTYPE_ values of the pcap link-type registry. */
export const LINKTYPE = { ETHERNET: 1, RAW: 101, LINUX_SLL: 113, LINUX_SLL2: 276 } as const;
/** libpcap's MAXIMUM_SNAPLEN: no packet is longer. */
export const MAX_SNAPLEN = 262144;

export type PcapProblem = "not-a-capture" | "version" | "truncated-header" | "truncated-packet" | "bad-length" | "bad-block" | "link-types-differ" | "no-interface";
/** `offset`: octets from the start of the file. */
export interface PcapError {
  problem: PcapProblem;
  offset: number;
  reason: string;
}

export interface PcapPacket {
  /** Whole seconds since 1970, and nanoseconds within the second. */
  seconds: number;
  nanos: number;
  data: Uint8Array;
  /** Length on the wire. */
  wireLength: number;
}
export interface PcapFile {
  linkType: number;
  snapshotLength: number;
  /** Whether times have nanoseconds. */
  nanos: boolean;
  packets: PcapPacket[];
  /** Why reading stopped before the end of the file; the packets before it are good. */
  error?: PcapError;
}

const problem = (p: PcapProblem, offset: number, reason: string): PcapError => ({ problem: p, offset, reason });

/** Either kind. An error without packets: this is no capture file; with a file whose `error` is set: it is one, and it is damaged. */
export function readCapture(bytes: Uint8Array): Result<PcapFile, PcapError> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) return err(problem("truncated-header", 0, `${bytes.length} octets`));
  if (view.getUint32(0) === NG_SECTION) return readNg(bytes, view);
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC_MICRO || magic === MAGIC_NANO) return readClassic(bytes, view, little, magic === MAGIC_NANO);
  }
  return err(problem("not-a-capture", 0, "no known magic number"));
}

function readClassic(bytes: Uint8Array, view: DataView, little: boolean, nanos: boolean): Result<PcapFile, PcapError> {
  if (bytes.length < PCAP_FILE_HEADER_LEN) return err(problem("truncated-header", bytes.length, `${bytes.length} octets of the ${PCAP_FILE_HEADER_LEN} of the file header`));
  const major = view.getUint16(4, little);
  if (major !== 2) return err(problem("version", 4, `version ${major}.${view.getUint16(6, little)}`));
  // The upper bits of the link type tell about a frame check sequence.
  const file: PcapFile = { linkType: view.getUint32(20, little) & 0x03ffffff, snapshotLength: view.getUint32(16, little), nanos, packets: [] };
  let at = PCAP_FILE_HEADER_LEN;
  while (at < bytes.length && file.error === undefined) {
    if (bytes.length - at < PCAP_RECORD_HEADER_LEN) {
      file.error = problem("truncated-packet", at, `${bytes.length - at} octets of a packet's header`);
      break;
    }
    const fraction = view.getUint32(at + 4, little);
    const length = view.getUint32(at + 8, little);
    const start = at + PCAP_RECORD_HEADER_LEN;
    if (length > Math.max(file.snapshotLength, MAX_SNAPLEN)) file.error = problem("bad-length", at + 8, `a packet of ${length} octets`);
    else if (length > bytes.length - start) file.error = problem("truncated-packet", start, `${bytes.length - start} of a packet's ${length} octets`);
    else {
      file.packets.push({ seconds: view.getUint32(at, little), nanos: nanos ? fraction : fraction * 1000, wireLength: view.getUint32(at + 12, little), data: bytes.subarray(start, start + length) });
      at = start + length;
    }
  }
  return ok(file);
}

interface NgInterface {
  linkType: number;
  snapshotLength: number;
  /** Ticks of its clock in a second: a power of 10 or of 2. */
  ticks: number;
  offset: number;
}

function readNg(bytes: Uint8Array, view: DataView): Result<PcapFile, PcapError> {
  const file: PcapFile = { linkType: -1, snapshotLength: 0, nanos: false, packets: [] };
  let little = true;
  let interfaces: NgInterface[] = [];
  let at = 0;
  let error: PcapError | undefined;
  while (at < bytes.length && error === undefined) {
    if (bytes.length - at < 12) {
      error = problem("truncated-packet", at, "a block's header is cut off");
      break;
    }
    if (view.getUint32(at) === NG_SECTION) {
      if (view.getUint32(at + 8, true) === NG_BYTE_ORDER) little = true;
      else if (view.getUint32(at + 8, false) === NG_BYTE_ORDER) little = false;
      else return at === 0 ? err(problem("not-a-capture", 8, "no byte-order magic")) : ok({ ...file, error: problem("bad-block", at + 8, "no byte-order magic") });
      interfaces = [];
    }
    const type = view.getUint32(at, little);
    const length = view.getUint32(at + 4, little);
    if (length < 12 || length % 4 !== 0 || length > bytes.length - at) {
      error = problem(length > bytes.length - at ? "truncated-packet" : "bad-length", at + 4, `a block of ${length} octets`);
      break;
    }
    if (view.getUint32(at + length - 4, little) !== length) error = problem("bad-block", at + length - 4, "the block's two lengths differ");
    else if (type === 1) error = ngInterface(file, interfaces, view, at, length, little);
    else if (type === 6 || type === 3 || type === 2) error = ngPacket(file, interfaces, bytes, view, at, length, little, type);
    at += length;
  }
  if (file.linkType < 0) return err(error ?? problem("no-interface", bytes.length, "no interface is described"));
  return ok(error ? { ...file, error } : file);
}

function ngInterface(file: PcapFile, interfaces: NgInterface[], view: DataView, at: number, length: number, little: boolean): PcapError | undefined {
  if (length < 20) return problem("bad-length", at + 4, "an interface description is cut off");
  const i: NgInterface = { linkType: view.getUint16(at + 8, little), snapshotLength: view.getUint32(at + 12, little), ticks: 1_000_000, offset: 0 };
  // Options: code, length, value padded to four octets; 9 is if_tsresol, 14 if_tsoffset.
  for (let o = at + 16; o + 4 <= at + length - 4; ) {
    const code = view.getUint16(o, little);
    const n = view.getUint16(o + 2, little);
    if (code === 0 || o + 4 + n > at + length - 4) break;
    if (code === 9 && n === 1) i.ticks = ticksOf(view.getUint8(o + 4));
    if (code === 14 && n === 8) i.offset = view.getUint32(o + (little ? 4 : 8), little);
    o += 4 + n + ((4 - (n % 4)) % 4);
  }
  if (file.linkType >= 0 && file.linkType !== i.linkType) return problem("link-types-differ", at + 8, `link type ${i.linkType} after ${file.linkType}`);
  file.linkType = i.linkType;
  file.snapshotLength = i.snapshotLength === 0 ? MAX_SNAPLEN : i.snapshotLength;
  if (i.ticks > 1_000_000) file.nanos = true;
  interfaces.push(i);
  return undefined;
}

/** if_tsresol: a negative power of 10, or of 2 when the top bit is set. What is finer than a nanosecond counts as one. */
function ticksOf(resolution: number): number {
  let ticks = 1;
  const base = (resolution & 0x80) !== 0 ? 2 : 10;
  for (let i = 0; i < (resolution & 0x7f) && ticks < 1_000_000_000; i++) ticks *= base;
  return ticks;
}

function ngPacket(file: PcapFile, interfaces: NgInterface[], bytes: Uint8Array, view: DataView, at: number, length: number, little: boolean, type: number): PcapError | undefined {
  const simple = type === 3;
  if (length < (simple ? 16 : 32)) return problem("bad-length", at + 4, "a packet block is cut off");
  const number = simple ? 0 : type === 2 ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
  const from = interfaces[number];
  if (!from) return problem("no-interface", at + 8, `interface ${number} is not described`);
  const wireLength = view.getUint32(at + (simple ? 8 : 24), little);
  const captured = simple ? Math.min(wireLength, file.snapshotLength) : view.getUint32(at + 20, little);
  const start = at + (simple ? 12 : 28);
  if (captured > at + length - 4 - start) return problem("bad-length", at + (simple ? 8 : 20), `a packet of ${captured} octets in a block of ${length}`);
  const [seconds, nanos] = simple ? [0, 0] : splitTime(view.getUint32(at + 12, little), view.getUint32(at + 16, little), from);
  file.packets.push({ seconds, nanos, wireLength, data: bytes.subarray(start, start + captured) });
  return undefined;
}

/** Two 32-bit halves of a count of ticks; beyond 2^53 ticks the last digits go. */
function splitTime(high: number, low: number, from: NgInterface): [seconds: number, nanos: number] {
  const count = high * 0x1_0000_0000 + low;
  const seconds = Math.floor(count / from.ticks);
  const nanos = Math.floor(((count - seconds * from.ticks) * 1_000_000_000) / from.ticks);
  return [(seconds + from.offset) % 0x1_0000_0000, nanos];
}

/** The file header, little-endian, version 2.4, as libpcap writes it on x86. */
export function pcapFileHeader(o: { linkType: number; snapshotLength: number; nanos?: boolean }): Uint8Array {
  const out = new Uint8Array(PCAP_FILE_HEADER_LEN);
  const view = new DataView(out.buffer);
  view.setUint32(0, o.nanos ? MAGIC_NANO : MAGIC_MICRO, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, o.snapshotLength, true);
  view.setUint32(20, o.linkType, true);
  return out;
}

/** A packet with its record header. */
export function pcapRecord(p: PcapPacket, nanos = false): Uint8Array {
  const out = new Uint8Array(PCAP_RECORD_HEADER_LEN + p.data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, p.seconds, true);
  view.setUint32(4, nanos ? p.nanos : Math.floor(p.nanos / 1000), true);
  view.setUint32(8, p.data.length, true);
  view.setUint32(12, p.wireLength, true);
  out.set(p.data, PCAP_RECORD_HEADER_LEN);
  return out;
}
