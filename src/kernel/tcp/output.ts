/** Segments that go out: what they say, when data may leave, windows we offer. net/ipv4/tcp_output.c. */
import { setU16, setU32 } from "../../base/bytes.ts";
import { allocSkb } from "../../sim/skb.ts";
import { MILLISECOND, type Nanos } from "../../sim/time.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { TCP, TCP_FLAG, TCP_MIN_LEN } from "../../wire/tcp.ts";
import { armLossProbe, armRto } from "./timers.ts";
import { TIMESTAMP_LEN, writePaddedTimestamps, writeSack, type SynOptions } from "./options.ts";
import type { SentSegment } from "./scoreboard.ts";
import { after, before, distance, plus } from "./seq.ts";
import { ATO_MIN, RTO_MIN, SHUT_RD, TCP_MSS_DEFAULT, type TcpSocket } from "./socket.ts";

const MSS_MIN = 88;
const MAX_QUICKACKS = 16;
const DELACK_MAX: Nanos = 200 * MILLISECOND;

// -- maximum segment size ---------------------------------------------------------------------------------------------

/** What we tell the other end: the route's advmss, or the device's MTU without headers. */
export function advertisedMss(sk: TcpSocket): number {
  const path = sk.path!;
  const own = path.advmss ?? Math.max(sk.family.mtuOf(path) - sk.family.headerLength - TCP_MIN_LEN, sk.ns.sysctl.number("net.ipv4.route.min_adv_mss"));
  return sk.userMss > 0 && sk.userMss < own ? sk.userMss : Math.min(own, 65535 - 40);
}

/** tcp_sync_mss: the size of segments for a path of this MTU. */
export function syncMss(sk: TcpSocket, pmtu: number): void {
  sk.pmtu = pmtu;
  let mss = Math.min(pmtu - sk.family.headerLength - TCP_MIN_LEN, sk.mssClamp);
  mss = Math.max(mss, 48);
  if (sk.timestamps) mss -= TIMESTAMP_LEN;
  // tcp_bound_to_half_wnd: never more than half of the largest window the peer ever offered.
  const cutoff = sk.maxWindow > TCP_MSS_DEFAULT ? sk.maxWindow >> 1 : sk.maxWindow;
  if (cutoff > 0 && mss > cutoff) mss = Math.max(cutoff, 68 - sk.family.headerLength);
  sk.mssCache = mss;
}

function sackSpace(sk: TcpSocket): number {
  const blocks = sackBlocks(sk);
  return blocks === 0 ? 0 : 4 + 8 * blocks;
}
function sackBlocks(sk: TcpSocket): number {
  if (!sk.sackOk) return 0;
  const n = (sk.sackEdges.length >> 1) + (sk.dsack === undefined ? 0 : 1);
  return Math.min(n, sk.timestamps ? 3 : 4);
}

export function currentMss(sk: TcpSocket): number {
  const path = refreshedPath(sk);
  if (path !== undefined) {
    const mtu = sk.family.mtuOf(path);
    if (mtu !== sk.pmtu) syncMss(sk, mtu);
  }
  return sk.mssCache - sackSpace(sk);
}

function refreshedPath(sk: TcpSocket): TcpSocket["path"] {
  const r = sk.family.refresh(sk.path, sk.pathQuery());
  if (!r.ok) {
    sk.softError = r.error;
    return undefined;
  }
  sk.path = r.value;
  return r.value;
}

// -- the window we offer ----------------------------------------------------------------------------------------------

/** tcp_win_from_space with tcp_adv_win_scale 1: half of the buffer is for the kernel's own use. */
function windowOf(space: number): number {
  return space <= 0 ? 0 : Math.floor(space / 2);
}
/** What waiting data is charged: itself and a quarter for the kernel's headers. */
function charged(sk: TcpSocket): number {
  const n = sk.in.length + sk.oooBytes;
  return n + (n >> 2);
}
export function freeSpace(sk: TcpSocket): number {
  return windowOf(sk.rcvbuf - charged(sk));
}
export function fullSpace(sk: TcpSocket): number {
  return windowOf(sk.rcvbuf);
}

/** What is left of the window that was last offered: tcp_receive_window. */
export function receiveWindow(sk: TcpSocket): number {
  const w = (sk.rcvWup + sk.rcvWnd - sk.rcvNxt) | 0;
  return w < 0 ? 0 : w;
}

/** __tcp_select_window: what could be offered now. Silly windows are not: RFC 9293 §3.8.6.2.2. */
export function possibleWindow(sk: TcpSocket): number {
  const allowed = fullSpace(sk);
  const full = Math.min(sk.windowClamp, allowed);
  const mss = Math.min(sk.rcvMss, full);
  let free = freeSpace(sk);
  const unit = 1 << sk.rcvWscale;
  if (free < full >> 1) {
    sk.quick = 0;
    free -= free % unit;
    if (free < allowed >> 4 || free < mss) return 0;
  }
  if (free > sk.rcvSsthresh) free = sk.rcvSsthresh;
  if (sk.rcvWscale > 0) return Math.ceil(free / unit) * unit;
  const window = sk.rcvWnd;
  if (window <= free - mss || window > free) return free - (free % Math.max(mss, 1));
  if (mss === full && free > window + (full >> 1)) return free;
  return window;
}

/** tcp_select_window: never takes back what was offered. @returns the header's field. */
function selectWindow(sk: TcpSocket): number {
  const current = receiveWindow(sk);
  let w = possibleWindow(sk);
  if (w < current) {
    const unit = 1 << sk.rcvWscale;
    w = Math.ceil(current / unit) * unit;
  }
  sk.rcvWnd = w;
  sk.rcvWup = sk.rcvNxt;
  return Math.min(w >>> sk.rcvWscale, 65535);
}

/** tcp_select_initial_window. @returns the window of our SYN, in octets. */
export function selectInitialWindow(sk: TcpSocket, mss: number, wscaleOk: boolean, initial: number | undefined): { window: number; wscale: number; clamp: number } {
  const clamp = 65535 << 14;
  let space = Math.min(fullSpace(sk), clamp);
  if (space > mss) space -= space % mss;
  let wscale = 0;
  if (wscaleOk) {
    const { sysctl } = sk.ns;
    const most = Math.min(Math.max(space, sysctl.numbers("net.ipv4.tcp_rmem")[2]!, sysctl.number("net.core.rmem_max")), clamp);
    wscale = Math.min(Math.max(31 - Math.clz32(most) - 15, 0), 14);
  }
  let window = Math.min(space, 65535);
  if (initial !== undefined) window = Math.min(window, initial * mss);
  return { window, wscale, clamp: Math.min(65535 * (1 << wscale), clamp) };
}

// -- segments ---------------------------------------------------------------------------------------------------------

export function timestampNow(now: Nanos, offset: number): number {
  return (Math.floor(now / MILLISECOND) + offset) >>> 0;
}

/** Sends one segment of a connection: `length` octets of the stream from `seq`. The header is tcp_established_options. */
export function transmit(sk: TcpSocket, seq: number, flags: number, length: number, why: string): void {
  const { family, ns } = sk;
  const path = refreshedPath(sk);
  if (path === undefined) return; // as a lost segment: the timer tries again
  const blocks = (flags & TCP_FLAG.SYN) === 0 ? sackBlocks(sk) : 0;
  const headerLength = TCP_MIN_LEN + (sk.timestamps ? TIMESTAMP_LEN : 0) + (blocks > 0 ? 4 + 8 * blocks : 0);
  const total = headerLength + length;
  const skb = allocSkb(total, ns.sim.nextPacket());
  const b = skb.bytes;
  const at = skb.data;
  skb.transport = at;
  setU16(b, at + TCP.src, sk.localPort);
  setU16(b, at + TCP.dst, sk.remotePort);
  setU32(b, at + TCP.seq, seq);
  setU32(b, at + TCP.ack, sk.rcvNxt);
  b[at + TCP.offset] = (headerLength >> 2) << 4;
  b[at + TCP.flags] = flags;
  setU16(b, at + TCP.window, selectWindow(sk));
  setU16(b, at + TCP.checksum, 0);
  setU16(b, at + TCP.urgent, 0);
  let o = at + TCP.options;
  if (sk.timestamps) o = writePaddedTimestamps(b, o, timestampNow(sk.now, sk.tsOffset), sk.tsRecent);
  if (blocks > 0) writeBlocks(sk, b, o, blocks);
  let sum = family.pseudoSum(sk.localAddr, sk.remoteAddr, total);
  if (length > 0) sum += sk.out.copyAndSum(distance(seq, sk.sndUna), b, at + headerLength, length);
  setU16(b, at + TCP.checksum, finish(sumWords(b, at, at + headerLength, sum)));
  if ((flags & TCP_FLAG.ACK) !== 0) ackSent(sk);
  if (length > 0) {
    sk.dataSegsOut++;
    sk.bytesSent += length;
    dataSent(sk);
  }
  sk.segsOut++;
  sk.tcp.mib.OutSegs++;
  sendSegment(sk, skb, why);
}

function writeBlocks(sk: TcpSocket, b: Uint8Array, o: number, blocks: number): void {
  const edges = sk.dsack === undefined ? sk.sackEdges : [...sk.dsack, ...sk.sackEdges];
  writeSack(b, o, edges, blocks);
  sk.dsack = undefined;
}

function sendSegment(sk: TcpSocket, skb: ReturnType<typeof allocSkb>, why: string): void {
  const { ns } = sk;
  skb.mark = sk.mark;
  const id = sk.id;
  sk.id = (id + 1) & 0xffff;
  const out = sk.tcp.scratchOut;
  out.src = sk.localAddr;
  out.dst = sk.remoteAddr;
  out.ttl = sk.ttl || ns.sysctl.number("net.ipv4.ip_default_ttl");
  out.tos = sk.tos;
  out.mark = sk.mark;
  out.id = id;
  out.dontFragment = true;
  out.why = ns.sim.trace.on ? `tcp ${sk.state} ${why}` : "";
  sk.family.transmit(skb, sk.path!, out);
}

/** tcp_event_ack_sent. */
function ackSent(sk: TcpSocket): void {
  if (sk.quick > 0) {
    sk.quick--;
    if (sk.quick === 0) sk.ato = ATO_MIN;
  }
  sk.ackScheduled = false;
  sk.ackPushed = 0;
  sk.ackTimerPending = false;
  sk.delackTimer.stop();
}

/** tcp_event_data_sent: an answer within the time of a delayed acknowledgement makes it a conversation. */
function dataSent(sk: TcpSocket): void {
  const { now } = sk;
  if (sk.board.length === 0 && now - sk.lastSent > sk.rto && sk.lastSent > 0) restartWindow(sk, now - sk.lastSent);
  sk.lastSent = now;
  if (now - sk.lastReceived < sk.ato) sk.pingpong = true;
}

/** tcp_cwnd_restart: after an idle time the window is what the path may still bear. RFC 2861. */
function restartWindow(sk: TcpSocket, idle: Nanos): void {
  if (sk.ns.sysctl.number("net.ipv4.tcp_slow_start_after_idle") === 0) return;
  const restart = Math.min(10, sk.ca.cwnd);
  sk.ca.ssthresh = Math.max(sk.ca.ssthresh, (sk.ca.cwnd >> 1) + (sk.ca.cwnd >> 2));
  let left = idle;
  let cwnd = sk.ca.cwnd;
  while ((left -= sk.rto) > 0 && cwnd > restart) cwnd >>= 1;
  sk.ca.idled(idle, sk.now);
  sk.ca.cwnd = Math.max(cwnd, restart);
}

/** A SYN or SYN-ACK of a socket. */
export function transmitSyn(sk: TcpSocket, flags: number, why: string): void {
  const path = refreshedPath(sk);
  if (path === undefined) return;
  const { sysctl } = sk.ns;
  const ack = (flags & TCP_FLAG.ACK) !== 0;
  const o: SynOptions = {
    mss: sk.advmss, sackOk: ack ? sk.sackOk : sysctl.number("net.ipv4.tcp_sack") !== 0, timestamps: ack ? sk.timestamps : sysctl.number("net.ipv4.tcp_timestamps") !== 0,
    tsval: timestampNow(sk.now, sk.tsOffset), tsecr: ack ? sk.tsRecent : 0, wscale: ack && !sk.wscaleOk ? -1 : sysctl.number("net.ipv4.tcp_window_scaling") !== 0 ? sk.rcvWscale : -1,
  };
  const skb = sk.tcp.buildSyn(sk.family, sk.localAddr, sk.localPort, sk.remoteAddr, sk.remotePort, sk.iss, ack ? sk.rcvNxt : 0, flags, Math.min(sk.rcvWnd, 65535), o);
  sk.segsOut++;
  sk.tcp.mib.OutSegs++;
  sendSegment(sk, skb, why);
}


/** A bare acknowledgement. */
export function sendAck(sk: TcpSocket, why = "ACK"): void {
  if (sk.state === "CLOSE") return;
  transmit(sk, sk.sndNxt, TCP_FLAG.ACK, 0, why);
}

/** tcp_send_active_reset. */
export function sendReset(sk: TcpSocket, why: string): void {
  sk.tcp.mib.OutRsts++;
  transmit(sk, sk.sndNxt, TCP_FLAG.RST | TCP_FLAG.ACK, 0, `RST: ${why}`);
}

// -- data -------------------------------------------------------------------------------------------------------------

/** Sends what may be sent, and looks after the timers: __tcp_push_pending_frames. */
export function pushPending(sk: TcpSocket): void {
  if (sk.unsent > 0 && writeXmit(sk)) checkProbeTimer(sk);
}

export function checkProbeTimer(sk: TcpSocket): void {
  if (sk.board.length === 0 && sk.unsent > 0 && sk.pending === "") {
    sk.pending = "probe";
    sk.retransTimer.set(sk.now + Math.max(sk.rto, RTO_MIN));
    if (sk.probesStart === 0) sk.probesStart = sk.now;
  }
}

/** tcp_write_xmit. @returns whether nothing is under way and something waits. */
export function writeXmit(sk: TcpSocket, probe = false): boolean {
  const mss = currentMss(sk);
  let sent = 0;
  let cwndLimited = false;
  for (;;) {
    const waiting = distance(sk.writeSeq, sk.sndNxt);
    if (waiting === 0) break;
    if (!probe && sk.board.inFlight >= sk.ca.cwnd) {
      cwndLimited = true;
      break;
    }
    // The FIN takes a number at the very end, and travels with the last data.
    const data = waiting - (sk.finQueued ? 1 : 0);
    const length = data < mss ? data : mss;
    const last = length === data;
    const octets = length + (last && sk.finQueued ? 1 : 0);
    if (after(plus(sk.sndNxt, octets), plus(sk.sndUna, sk.sndWnd))) {
      // A lone FIN is not held by a closed window: tcp_snd_wnd_test looks at data.
      if (!(length === 0 && last)) break;
    }
    if (length < mss && !(last && sk.finQueued) && nagleHolds(sk, probe)) break;
    sendNew(sk, length, octets, last && sk.finQueued);
    sent++;
    if (probe) break;
  }
  if (sent === 0) return sk.board.length === 0 && sk.unsent > 0;
  sk.cwndLimited = cwndLimited || sk.board.inFlight >= sk.ca.cwnd;
  if (sk.board.length > sk.maxPacketsOut || cwndLimited) sk.maxPacketsOut = sk.board.length;
  if (!probe) armLossProbe(sk);
  return false;
}

/** tcp_nagle_check: a small segment waits while another small one is not acknowledged. */
function nagleHolds(sk: TcpSocket, probe: boolean): boolean {
  if (probe) return false;
  if (sk.cork) return true;
  if (sk.noDelay || sk.board.length === 0) return false;
  return after(sk.sndSml, sk.sndUna) && !after(sk.sndSml, sk.sndNxt);
}

function sendNew(sk: TcpSocket, length: number, octets: number, fin: boolean): void {
  const seq = sk.sndNxt;
  const end = plus(seq, octets);
  let flags: number = TCP_FLAG.ACK;
  if (fin) flags |= TCP_FLAG.FIN;
  if (takePushMarks(sk, plus(seq, length)) && length > 0) flags |= TCP_FLAG.PSH;
  if (length > 0 && length < sk.mssCache) sk.sndSml = end;
  const wasEmpty = sk.board.length === 0;
  const { now } = sk;
  transmit(sk, seq, flags, length, fin ? "FIN" : "data");
  const s = sk.board.push(seq, end, flags, now);
  s.delivered = sk.delivered;
  sk.sndNxt = end;
  if (wasEmpty || sk.pending === "tlp") armRto(sk);
}

/** Whether the end of some write lies before `end`; such marks are used up. */
function takePushMarks(sk: TcpSocket, end: number): boolean {
  const marks = sk.pushMarks;
  let n = 0;
  while (n < marks.length && !after(marks[n]!, end)) n++;
  if (n === 0) return false;
  if (n === marks.length) marks.length = 0;
  else marks.splice(0, n);
  return true;
}

/** Sends segment `i` of the scoreboard again; cut first, when the path has become too narrow for it. */
export function retransmit(sk: TcpSocket, i: number, why: string): void {
  let s: SentSegment = sk.board.at(i);
  if ((s.flags & TCP_FLAG.SYN) !== 0) {
    transmitSyn(sk, s.flags, why);
  } else {
    const mss = Math.max(currentMss(sk), MSS_MIN);
    const fin = (s.flags & TCP_FLAG.FIN) !== 0 ? 1 : 0;
    if (distance(s.end, s.seq) - fin > mss) s = sk.board.split(i, mss);
    const length = distance(s.end, s.seq) - ((s.flags & TCP_FLAG.FIN) !== 0 ? 1 : 0);
    // A shrunken window: only the first segment is forced through.
    if (i > 0 && after(s.end, plus(sk.sndUna, sk.sndWnd))) return;
    sk.bytesRetrans += length;
    transmit(sk, s.seq, s.flags, length, why);
  }
  s.sentAt = sk.now;
  s.delivered = sk.delivered;
  sk.board.markRetransmitted(s);
  sk.totalRetrans++;
  sk.undoRetrans++;
  sk.tcp.mib.RetransSegs++;
  if (sk.retransStamp === 0) sk.retransStamp = s.sentAt;
}

/** tcp_write_wakeup: asks for a window. @returns whether data could be sent. */
export function writeWakeup(sk: TcpSocket): boolean {
  if (sk.unsent > 0 && before(sk.sndNxt, plus(sk.sndUna, sk.sndWnd))) {
    const room = distance(plus(sk.sndUna, sk.sndWnd), sk.sndNxt);
    const data = distance(sk.writeSeq, sk.sndNxt) - (sk.finQueued ? 1 : 0);
    const length = Math.min(room, data, currentMss(sk));
    if (length > 0 || sk.finQueued) {
      const fin = length === data && sk.finQueued;
      sendNew(sk, length, length + (fin ? 1 : 0), fin);
      return true;
    }
  }
  transmit(sk, (sk.sndUna - 1) >>> 0, TCP_FLAG.ACK, 0, "window probe");
  return false;
}

// -- acknowledgements -------------------------------------------------------------------------------------------------

export function inQuickAck(sk: TcpSocket): boolean {
  return sk.path?.quickack === true || (sk.quick > 0 && !sk.pingpong);
}

export function enterQuickAck(sk: TcpSocket, most = MAX_QUICKACKS): void {
  raiseQuickAck(sk, most);
  sk.pingpong = false;
  sk.ato = ATO_MIN;
}

export function raiseQuickAck(sk: TcpSocket, most: number): void {
  let n = Math.floor(sk.rcvWnd / (2 * sk.rcvMss));
  if (n === 0) n = 2;
  n = Math.min(n, most);
  if (n > sk.quick) sk.quick = n;
}

/** tcp_send_delayed_ack. */
export function sendDelayedAck(sk: TcpSocket): void {
  let { ato } = sk;
  if (ato > ATO_MIN) {
    let most = sk.pingpong || sk.ackPushed > 0 ? DELACK_MAX : 500 * MILLISECOND;
    if (sk.srtt > 0) most = Math.min(most, Math.max(sk.srtt / 8, ATO_MIN));
    ato = Math.min(ato, most);
  }
  ato = Math.min(Math.max(ato, ATO_MIN), DELACK_MAX);
  let at = sk.now + ato;
  if (sk.ackTimerPending && sk.delackTimer.armed) {
    if (sk.delackTimer.deadline <= sk.now + ato / 4) return sendAck(sk, "delayed ACK");
    at = Math.min(at, sk.delackTimer.deadline);
  }
  sk.ackScheduled = true;
  sk.ackTimerPending = true;
  sk.delackTimer.set(at);
}

/** __tcp_ack_snd_check: every second full segment, out of order or quickly wanted: now; else a little later. */
export function ackSendCheck(sk: TcpSocket): void {
  if (!sk.ackScheduled) return;
  const owed = distance(sk.rcvNxt, sk.rcvWup);
  if ((owed > sk.rcvMss && possibleWindow(sk) >= sk.rcvWnd) || inQuickAck(sk) || sk.gaps.length > 0) return sendAck(sk);
  sendDelayedAck(sk);
}

/** tcp_cleanup_rbuf: the program has read; it may be time to say so. */
export function cleanupAfterRead(sk: TcpSocket, copied: number): void {
  if (sk.state === "CLOSE" || sk.state === "LISTEN") return;
  let now = false;
  if (sk.ackScheduled && (distance(sk.rcvNxt, sk.rcvWup) > sk.rcvMss || (copied > 0 && (sk.ackPushed > 1 || (sk.ackPushed > 0 && !sk.pingpong)) && sk.in.length === 0))) now = true;
  if (copied > 0 && !now && (sk.shut & SHUT_RD) === 0) {
    const window = receiveWindow(sk);
    if (2 * window <= sk.windowClamp) {
      const fresh = possibleWindow(sk);
      if (fresh > 0 && fresh >= 2 * window) now = true;
    }
  }
  if (copied > 0) adjustSpace(sk);
  if (now) sendAck(sk, "ACK after a read");
}

/** tcp_rcv_space_adjust: the buffer grows with what the program takes in a round trip. */
function adjustSpace(sk: TcpSocket): void {
  const rtt = sk.rcvRtt;
  if (rtt === 0 || sk.now - sk.spaceTime < rtt) return;
  const copied = distance(sk.copiedSeq, sk.spaceCopied);
  sk.spaceCopied = sk.copiedSeq;
  sk.spaceTime = sk.now;
  if (copied <= sk.space) return;
  if (!sk.rcvbufLocked && sk.ns.sysctl.number("net.ipv4.tcp_moderate_rcvbuf") !== 0) {
    let window = 2 * copied + 16 * sk.advmss;
    const grow = Math.floor((window * (copied - sk.space)) / Math.max(sk.space, 1));
    window += grow * 2;
    const most = sk.ns.sysctl.numbers("net.ipv4.tcp_rmem")[2]!;
    const rcvbuf = Math.min(window * 2, most);
    if (rcvbuf > sk.rcvbuf) {
      sk.rcvbuf = rcvbuf;
      sk.windowClamp = windowOf(rcvbuf);
    }
  }
  sk.space = copied;
}
