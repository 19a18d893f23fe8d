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

export type PcapProblem = "not-a-capture" | "version" | "truncated-header" | "truncated-record" | "truncated-packet" | "bad-length" | "bad-block" | "link-types-differ" | "no-interface";
/** `offset`: octets from the start of the file. */
export interface PcapError {
  problem: PcapProblem;
  offset: number;
  reason: string;
  /** Of what is truncated: octets that belong there, and those that are there. Of a bad length: the length. */
  wanted?: number;
  got?: number;
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
  if (bytes.length < 4) return err({ ...problem("truncated-header", 0, `${bytes.length} octets`), wanted: 4, got: bytes.length });
  if (view.getUint32(0) === NG_SECTION) return readNg(bytes, view);
  for (const little of [true, false]) {
    const magic = view.getUint32(0, little);
    if (magic === MAGIC_MICRO || magic === MAGIC_NANO) return readClassic(bytes, view, little, magic === MAGIC_NANO);
  }
  return err(problem("not-a-capture", 0, "no known magic number"));
}

function readClassic(bytes: Uint8Array, view: DataView, little: boolean, nanos: boolean): Result<PcapFile, PcapError> {
  const header = classicHeader(bytes, view, little, nanos);
  if (!header.ok) return header;
  const file = header.value;
  for (let at = PCAP_FILE_HEADER_LEN; at < bytes.length && file.error === undefined; ) {
    const r = classicRecord(file, bytes, view, at, little);
    if (r.ok) file.packets.push(r.value);
    else file.error = r.error;
    at += PCAP_RECORD_HEADER_LEN + (r.ok ? view.getUint32(at + 8, little) : 0);
  }
  return ok(file);
}

function classicHeader(bytes: Uint8Array, view: DataView, little: boolean, nanos: boolean): Result<PcapFile, PcapError> {
  const { length } = bytes;
  if (length < PCAP_FILE_HEADER_LEN) return err({ ...problem("truncated-header", length, "the file header is cut off"), wanted: PCAP_FILE_HEADER_LEN, got: length });
  const major = view.getUint16(4, little);
  if (major !== 2) return err(problem("version", 4, `version ${major}.${view.getUint16(6, little)}`));
  const snapshot = view.getUint32(16, little);
  // The upper bits of the link type tell about a frame check sequence.
  return ok({ linkType: view.getUint32(20, little) & 0x03ffffff, snapshotLength: snapshot === 0 || snapshot > 0x7fffffff ? MAX_SNAPLEN : snapshot, nanos, packets: [] });
}

/** The packet whose header is at `at`. One longer than the snapshot length is cut to it, as libpcap does. */
function classicRecord(file: PcapFile, bytes: Uint8Array, view: DataView, at: number, little: boolean): Result<PcapPacket, PcapError> {
  const start = at + PCAP_RECORD_HEADER_LEN;
  if (bytes.length < start) return err({ ...problem("truncated-record", at, "a packet's header is cut off"), wanted: PCAP_RECORD_HEADER_LEN, got: bytes.length - at });
  const fraction = view.getUint32(at + 4, little);
  const length = view.getUint32(at + 8, little);
  if (length > MAX_SNAPLEN) return err({ ...problem("bad-length", at + 8, `a packet of ${length} octets`), got: length });
  const got = bytes.length - start;
  if (length > got) return err({ ...problem("truncated-packet", start, "a packet is cut off"), wanted: length > file.snapshotLength && got < file.snapshotLength ? file.snapshotLength : length, got });
  const data = bytes.subarray(start, start + Math.min(length, file.snapshotLength));
  return ok({ seconds: view.getUint32(at, little), nanos: file.nanos ? fraction : fraction * 1000, wireLength: view.getUint32(at + 12, little), data });
}

/** Reads a capture while its octets still come, as from a pipe. pcapng is read when its end is there. */
export class CaptureStream {
  /** Once the file header is there; its packets come from `next`. */
  file: PcapFile | undefined;
  error: PcapError | undefined;
  private held = new Uint8Array(0);
  private ended = false;
  private little = true;
  /** Of pcapng, which is read as a whole. */
  private ready: PcapPacket[] | undefined;

  push(bytes: Uint8Array): void {
    const all = new Uint8Array(this.held.length + bytes.length);
    all.set(this.held);
    all.set(bytes, this.held.length);
    this.held = all;
    this.start();
  }

  /** There is no more. */
  end(): void {
    this.ended = true;
    this.start();
  }

  /** undefined: more octets are needed, or this was the last one, or `error` says why there is none. */
  next(): PcapPacket | undefined {
    if (this.ready) return this.ready.shift();
    if (!this.file || this.held.length === 0) return undefined;
    const view = new DataView(this.held.buffer, this.held.byteOffset, this.held.byteLength);
    const r = classicRecord(this.file, this.held, view, 0, this.little);
    if (r.ok) {
      this.held = this.held.subarray(PCAP_RECORD_HEADER_LEN + view.getUint32(8, this.little));
      return r.value;
    }
    if (this.ended || (r.error.problem !== "truncated-packet" && r.error.problem !== "truncated-record")) this.error = r.error;
    return undefined;
  }

  private start(): void {
    if (this.file || this.error) return;
    const view = new DataView(this.held.buffer, this.held.byteOffset, this.held.byteLength);
    const magic = this.held.length >= 4 ? view.getUint32(0) : undefined;
    const native = magic === undefined ? undefined : [true, false].find((little) => [MAGIC_MICRO, MAGIC_NANO].includes(view.getUint32(0, little)));
    if (native !== undefined && (this.ended || this.held.length >= PCAP_FILE_HEADER_LEN)) {
      this.little = native;
      const header = classicHeader(this.held, view, native, view.getUint32(0, native) === MAGIC_NANO);
      if (header.ok) this.file = header.value;
      else this.error = header.error;
      this.held = this.held.subarray(PCAP_FILE_HEADER_LEN);
    } else if (native === undefined && (this.ended || (magic !== undefined && magic !== NG_SECTION))) {
      const read = readCapture(this.held);
      if (!read.ok) this.error = read.error;
      else {
        this.file = read.value;
        this.ready = [...read.value.packets];
        this.error = read.value.error;
      }
    }
  }
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
