/**
 * TCP options as Linux writes and reads them: tcp_options_write and tcp_parse_options of net/ipv4. Which, in which order and how they
 * are padded is what a capture shows first, so it is kept to the octet.
 */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import { TCP_FLAG, TCPOPT } from "../../wire/tcp.ts";

/** RFC 7323 §2.3. */
const MAX_WSCALE = 14;
export const TIMESTAMP_LEN = 12;
const SACK_BLOCKS_MAX = 4;

/** What the last header that was read had. One object serves all: a segment allocates nothing. */
export class ReceivedOptions {
  mss = 0;
  /** -1: not there. */
  wscale = -1;
  sackOk = false;
  timestamps = false;
  tsval = 0;
  tsecr = 0;
  sackCount = 0;
  /** Edges of the blocks, left then right. */
  readonly sack = new Float64Array(2 * SACK_BLOCKS_MAX);

  /** Reads the options from `at` to `end`. Those of the handshake count in a SYN only. */
  parse(b: Uint8Array, at: number, end: number, flags: number): void {
    this.mss = 0;
    this.wscale = -1;
    this.sackOk = false;
    this.timestamps = false;
    this.sackCount = 0;
    if (at === end) return;
    const syn = (flags & TCP_FLAG.SYN) !== 0;
    for (let i = at; i < end; ) {
      const type = b[i]!;
      if (type === TCPOPT.EOL) return;
      if (type === TCPOPT.NOP) {
        i++;
        continue;
      }
      const length = i + 1 < end ? b[i + 1]! : 0;
      if (length < 2 || i + length > end) return;
      if (type === TCPOPT.TIMESTAMP && length === 10) {
        this.timestamps = true;
        this.tsval = getU32(b, i + 2);
        this.tsecr = getU32(b, i + 6);
      } else if (type === TCPOPT.SACK) this.readSack(b, i, length);
      else if (syn) this.handshake(b, i, type, length);
      i += length;
    }
  }

  private handshake(b: Uint8Array, i: number, type: number, length: number): void {
    if (type === TCPOPT.MSS && length === 4) this.mss = getU16(b, i + 2);
    else if (type === TCPOPT.WSCALE && length === 3) this.wscale = Math.min(b[i + 2]!, MAX_WSCALE);
    else if (type === TCPOPT.SACK_PERMITTED && length === 2) this.sackOk = true;
  }

  private readSack(b: Uint8Array, i: number, length: number): void {
    if (length < 10 || (length - 2) % 8 !== 0) return;
    const n = Math.min((length - 2) >> 3, SACK_BLOCKS_MAX);
    for (let k = 0; k < n; k++) {
      this.sack[2 * k] = getU32(b, i + 2 + 8 * k);
      this.sack[2 * k + 1] = getU32(b, i + 6 + 8 * k);
    }
    this.sackCount = n;
  }
}

/** What a SYN or SYN-ACK says. `wscale` -1: no such option. */
export interface SynOptions {
  mss: number;
  sackOk: boolean;
  timestamps: boolean;
  tsval: number;
  tsecr: number;
  wscale: number;
}

/** @returns octets written: MSS; SACK-permitted in front of the timestamps, or two NOPs there; NOP and window scale. */
export function writeSynOptions(b: Uint8Array, start: number, o: SynOptions): number {
  let at = start;
  b[at] = TCPOPT.MSS;
  b[at + 1] = 4;
  setU16(b, at + 2, o.mss);
  at += 4;
  if (o.timestamps) {
    b[at] = o.sackOk ? TCPOPT.SACK_PERMITTED : TCPOPT.NOP;
    b[at + 1] = o.sackOk ? 2 : TCPOPT.NOP;
    at = writeTimestamps(b, at + 2, o.tsval, o.tsecr);
  } else if (o.sackOk) {
    b[at] = TCPOPT.NOP;
    b[at + 1] = TCPOPT.NOP;
    b[at + 2] = TCPOPT.SACK_PERMITTED;
    b[at + 3] = 2;
    at += 4;
  }
  if (o.wscale >= 0) {
    b[at] = TCPOPT.NOP;
    b[at + 1] = TCPOPT.WSCALE;
    b[at + 2] = 3;
    b[at + 3] = o.wscale;
    at += 4;
  }
  return at - start;
}

export function synOptionsLength(o: SynOptions): number {
  return 4 + (o.timestamps ? 12 : o.sackOk ? 4 : 0) + (o.wscale >= 0 ? 4 : 0);
}

/** The option itself, ten octets. */
function writeTimestamps(b: Uint8Array, at: number, tsval: number, tsecr: number): number {
  b[at] = TCPOPT.TIMESTAMP;
  b[at + 1] = 10;
  setU32(b, at + 2, tsval);
  setU32(b, at + 6, tsecr);
  return at + 10;
}

/** Two NOPs and the timestamps. */
export function writePaddedTimestamps(b: Uint8Array, at: number, tsval: number, tsecr: number): number {
  b[at] = TCPOPT.NOP;
  b[at + 1] = TCPOPT.NOP;
  return writeTimestamps(b, at + 2, tsval, tsecr);
}

/** Two NOPs and the first `count` blocks. @returns where the next octet goes. */
export function writeSack(b: Uint8Array, start: number, edges: readonly number[], count: number): number {
  b[start] = TCPOPT.NOP;
  b[start + 1] = TCPOPT.NOP;
  b[start + 2] = TCPOPT.SACK;
  b[start + 3] = 2 + 8 * count;
  let at = start + 4;
  for (let i = 0; i < 2 * count; i++, at += 4) setU32(b, at, edges[i]!);
  return at;
}
