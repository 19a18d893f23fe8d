/** TCP as conntrack follows it, from the headers that pass: net/netfilter/nf_conntrack_proto_tcp.c; states after Guido van Rooij's paper. */
import { getU16, getU32 } from "../../base/bytes.ts";
import type { Conn, TcpEnd, TcpTrack } from "./entry.ts";

export const TCP_STATES = ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2"] as const;
export const TCPS = { NONE: 0, SYN_SENT: 1, SYN_RECV: 2, ESTABLISHED: 3, FIN_WAIT: 4, CLOSE_WAIT: 5, LAST_ACK: 6, TIME_WAIT: 7, CLOSE: 8, SYN_SENT2: 9 } as const;

/** Kinds of segment. */
const SEG = { SYN: 0, SYNACK: 1, FIN: 2, ACK: 3, RST: 4, NONE: 5 } as const;

/**
 * Where each state goes, by direction and kind of segment. A digit is the new state, "." a segment that state has no sense for
 * (invalid), "-" one that is let through and changes nothing. Columns: NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2.
 */
const NEXT: readonly (readonly string[])[] = [
  ["11-----119", "..2......2", "..446667" + "8.", "3.335577" + "8.", ".888888888", ".........."],
  [".9.....1.9", ".2-------2", "..446667" + "8.", ".-235577" + "8-", ".888888888", ".........."],
];

/** An acknowledgement may be this old at least. */
const MAX_ACK_WINDOW = 66_000;
/** A window scale above is not valid: RFC 7323 §2.3. */
const MAX_SCALE = 14;

const before = (a: number, b: number): boolean => ((a - b) | 0) < 0;
const after = (a: number, b: number): boolean => ((b - a) | 0) < 0;

function kindOf(flags: number): number {
  if ((flags & 4) !== 0) return SEG.RST;
  if ((flags & 2) !== 0) return (flags & 16) !== 0 ? SEG.SYNACK : SEG.SYN;
  if ((flags & 1) !== 0) return SEG.FIN;
  return (flags & 16) !== 0 ? SEG.ACK : SEG.NONE;
}

/** Combinations of flags that some stack sends: SYN, SYN|URG, SYN|ACK, RST, RST|ACK, FIN|ACK, FIN|ACK|URG, ACK, ACK|URG; PSH, ECE and CWR anywhere. */
const SENSIBLE: ReadonlySet<number> = new Set([0x02, 0x22, 0x12, 0x04, 0x14, 0x11, 0x31, 0x10, 0x30]);

/** The states a segment leads to. */
export const TCP_VERDICT = { OK: 0, INVALID: 1, REOPEN: 2, KILL: 3 } as const;

export interface TcpSettings {
  liberal: boolean;
  loose: boolean;
  maxRetrans: number;
  ignoreInvalidRst: boolean;
}

/** tcp_error: whether the header can be believed. `end` is the packet's end. */
export function tcpHeaderSane(b: Uint8Array, at: number, end: number): boolean {
  if (end - at < 20) return false;
  const offset = (b[at + 12]! >> 4) * 4;
  return offset >= 20 && at + offset <= end && SENSIBLE.has(b[at + 13]! & 0x37);
}

/** tcp_new. @returns whether a connection may begin with this segment. */
export function tcpNew(track: TcpTrack, b: Uint8Array, at: number, end: number, settings: TcpSettings): boolean {
  const kind = kindOf(b[at + 13]!);
  const code = NEXT[0]![kind]![TCPS.NONE]!;
  if (code === ".") return false;
  const [own, other] = track.ends;
  const seq = getU32(b, at + 4);
  if (Number(code) === TCPS.SYN_SENT) {
    own.end = endOf(b, at, end, seq);
    own.maxWin = getU16(b, at + 14) || 1;
    own.maxEnd = own.end;
    readOptions(own, b, at);
  } else {
    if (!settings.loose) return false;
    // Picked up in its midst: neither window scale is known, so be liberal.
    own.end = endOf(b, at, end, seq);
    own.maxWin = getU16(b, at + 14) || 1;
    own.maxEnd = (own.end + own.maxWin) >>> 0;
    own.sackPerm = true;
    other.sackPerm = true;
    own.liberal = true;
    other.liberal = true;
  }
  track.lastIndex = SEG.NONE;
  return true;
}

function endOf(b: Uint8Array, at: number, end: number, seq: number): number {
  const flags = b[at + 13]!;
  return (seq + (end - at - (b[at + 12]! >> 4) * 4) + ((flags & 2) !== 0 ? 1 : 0) + ((flags & 1) !== 0 ? 1 : 0)) >>> 0;
}

function readOptions(end: TcpEnd, b: Uint8Array, at: number): void {
  end.scale = 0;
  end.windowScale = false;
  end.sackPerm = false;
  const stop = at + (b[at + 12]! >> 4) * 4;
  for (let i = at + 20; i < stop; ) {
    const kind = b[i]!;
    if (kind === 0) return;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = i + 1 < stop ? b[i + 1]! : 0;
    if (length < 2 || i + length > stop) return;
    if (kind === 4 && length === 2) end.sackPerm = true;
    if (kind === 3 && length === 3) {
      end.scale = b[i + 2]! > MAX_SCALE ? MAX_SCALE : b[i + 2]!;
      end.windowScale = true;
    }
    i += length;
  }
}

/** The highest edge that SACK blocks acknowledge; `ack` without any. */
function sackEdge(b: Uint8Array, at: number, ack: number): number {
  const stop = at + (b[at + 12]! >> 4) * 4;
  let edge = ack;
  for (let i = at + 20; i < stop; ) {
    const kind = b[i]!;
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = i + 1 < stop ? b[i + 1]! : 0;
    if (length < 2 || i + length > stop) break;
    if (kind === 5 && length >= 10 && (length - 2) % 8 === 0) {
      for (let k = i + 2; k + 8 <= i + length; k += 8) {
        const right = getU32(b, k + 4);
        if (after(right, edge)) edge = right;
      }
    }
    i += length;
  }
  return edge;
}

/** tcp_in_window. */
function inWindow(track: TcpTrack, dir: number, kind: number, b: Uint8Array, at: number, stop: number, settings: TcpSettings): boolean {
  const sender = track.ends[dir]!;
  const receiver = track.ends[1 - dir]!;
  const flags = b[at + 13]!;
  const syn = (flags & 2) !== 0;
  const acks = (flags & 16) !== 0;
  let seq = getU32(b, at + 4);
  let ack = getU32(b, at + 8);
  let win = getU16(b, at + 14);
  let end = endOf(b, at, stop, seq);
  const raw = win;
  let sack = acks && receiver.sackPerm ? sackEdge(b, at, ack) : ack;
  if (sender.maxWin === 0) {
    if (syn) {
      readOptions(sender, b, at);
      sender.end = end;
      sender.maxEnd = end;
      sender.maxWin = win === 0 ? 1 : win;
      if (!(sender.windowScale && receiver.windowScale)) {
        sender.scale = 0;
        receiver.scale = 0;
      }
      if (!acks) return true;
    } else {
      sender.end = end;
      const scaled = win * (1 << sender.scale);
      sender.maxWin = scaled === 0 ? 1 : scaled;
      sender.maxEnd = (end + sender.maxWin) >>> 0;
      if (receiver.maxWin === 0) {
        receiver.end = sack;
        receiver.maxEnd = sack;
      } else if (sack === ((receiver.end + 1) >>> 0)) receiver.end = sack; // its probe with one octet was acknowledged
    }
  } else if (((track.state === TCPS.SYN_SENT && dir === 0) || (track.state === TCPS.SYN_RECV && dir === 1)) && after(end, sender.end)) {
    // A SYN sent again with another number.
    sender.end = end;
    sender.maxEnd = end;
    sender.maxWin = win === 0 ? 1 : win;
    readOptions(sender, b, at);
  }
  if (!acks || ((flags & 0x14) === 0x14 && ack === 0)) {
    ack = receiver.end;
    sack = ack;
  }
  if ((flags & 4) !== 0 && seq === 0 && track.state === TCPS.SYN_SENT) {
    seq = sender.end;
    end = seq;
  }
  const inReceiverWindow = receiver.maxWin === 0 || after(end, sender.end - receiver.maxWin - 1);
  const ackWindow = sender.maxWin > MAX_ACK_WINDOW ? sender.maxWin : MAX_ACK_WINDOW;
  const fits = before(seq, sender.maxEnd + 1) && inReceiverWindow && before(sack, receiver.end + 1) && after(sack, receiver.end - ackWindow - 1);
  if (!fits) return settings.liberal || sender.liberal || receiver.liberal;
  if (!syn) win *= 1 << sender.scale;
  const grown = win + ((sack - ack) >>> 0);
  if (sender.maxWin < grown) sender.maxWin = grown;
  if (after(end, sender.end)) {
    sender.end = end;
    sender.dataUnacked = true;
  }
  if (acks && (!sender.maxAckSet || after(ack, sender.maxAck))) {
    sender.maxAck = ack;
    sender.maxAckSet = true;
  }
  if (receiver.maxWin !== 0 && after(end, sender.maxEnd)) receiver.maxWin += (end - sender.maxEnd) >>> 0;
  const edge = (sack + win) >>> 0;
  if (after(edge, receiver.maxEnd - 1)) receiver.maxEnd = win === 0 ? (edge + 1) >>> 0 : edge;
  if (ack === receiver.end) receiver.dataUnacked = false;
  if (kind === SEG.ACK) {
    if (track.lastDir === dir && track.lastSeq === seq && track.lastAck === ack && track.lastEnd === end && track.lastWin === raw) track.retrans++;
    else {
      track.lastDir = dir;
      track.lastSeq = seq;
      track.lastAck = ack;
      track.lastEnd = end;
      track.lastWin = raw;
      track.retrans = 0;
    }
  }
  return true;
}

/** nf_conntrack_tcp_packet: follows one segment. `ct.tcp.state` is the new state afterwards. */
export function tcpPacket(ct: Conn, dir: number, b: Uint8Array, at: number, stop: number, settings: TcpSettings): number {
  const track = ct.tcp!;
  const kind = kindOf(b[at + 13]!);
  const old = track.state;
  const code = NEXT[dir]![kind]!.charCodeAt(old);
  if (code === 0x2e) return TCP_VERDICT.INVALID;
  if (code === 0x2d) {
    track.lastIndex = kind;
    track.lastDir = dir;
    track.lastSeq = getU32(b, at + 4);
    track.lastEnd = endOf(b, at, stop, track.lastSeq);
    return TCP_VERDICT.OK;
  }
  const next = code - 0x30;
  if (next === TCPS.SYN_SENT && old >= TCPS.TIME_WAIT && old !== TCPS.SYN_SENT2) {
    // The old connection is over and its ports begin anew.
    if (track.ends[dir]!.closeInit || (track.lastDir === dir && track.lastIndex === SEG.RST) || old === TCPS.CLOSE) return TCP_VERDICT.REOPEN;
  }
  if (kind === SEG.RST) {
    const peer = track.ends[1 - dir]!;
    // RFC 5961: a reset before what its receiver has acknowledged belongs to something older.
    if (peer.maxAckSet && before(getU32(b, at + 4), peer.maxAck) && !settings.liberal && !settings.ignoreInvalidRst) return TCP_VERDICT.INVALID;
  }
  if (!inWindow(track, dir, kind, b, at, stop, settings)) return TCP_VERDICT.INVALID;
  track.lastIndex = kind;
  track.lastDir = dir;
  if (kind === SEG.FIN) track.ends[dir]!.closeInit = true;
  track.state = next;
  return TCP_VERDICT.OK;
}

export function segmentIsReset(b: Uint8Array, at: number): boolean {
  return (b[at + 13]! & 4) !== 0;
}
