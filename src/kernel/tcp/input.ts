/** Segments that come in: what is acceptable, what they acknowledge, what data they bring. net/ipv4/tcp_input.c, RFC 9293 §3.10.7. */
import type { Skb } from "../../sim/skb.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import type { Errno } from "../api.ts";
import { becomeTimeWait, established, finishConnectWait } from "./connection.ts";
import { ackSendCheck, checkProbeTimer, enterQuickAck, freeSpace, fullSpace, pushPending, raiseQuickAck, receiveWindow, sendAck, syncMss, transmitSyn, writeXmit } from "./output.ts";
import { alert, rackAdvance, retransmitLost, takeSack } from "./recovery.ts";
import { after, before, distance, plus } from "./seq.ts";
import { ATO_MIN, SHUT_RD, type TcpSocket } from "./socket.ts";
import { armLossProbe, armRto, measureRtt, stopRetransmit } from "./timers.ts";

/** RFC 7323 §5.5: a timestamp this old proves nothing. */
const PAWS_24DAYS: Nanos = 24 * 24 * 3600 * SECOND;

/** One segment, as its header was read. One object serves all. */
export class SegmentIn {
  skb!: Skb;
  seq = 0;
  ack = 0;
  flags = 0;
  window = 0;
  /** Where its data begins, and how many octets. */
  at = 0;
  length = 0;
  /** Behind its last number, SYN and FIN counted. */
  end = 0;
  /** Why it was refused, as enum skb_drop_reason has it; "": taken. */
  drop = "";

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
}

/** tcp_v4_do_rcv for a connection. */
export function receive(sk: TcpSocket, g: SegmentIn): void {
  sk.segsIn++;
  if (sk.state === "SYN_SENT") return synSent(sk, g);
  if (!acceptable(sk, g)) return;
  if (!g.has(TCP_FLAG.ACK)) {
    g.drop = "TCP_FLAGS";
    return;
  }
  if (sk.state === "SYN_RECV" && !simultaneousOpened(sk, g)) return;
  if (!acknowledged(sk, g)) return;
  if (closing(sk, g)) return;
  if (g.length > 0 || g.has(TCP_FLAG.FIN)) dataIn(sk, g);
  if (sk.dead) return;
  sendPossible(sk);
  ackSendCheck(sk);
}

/** tcp_data_snd_check. */
function sendPossible(sk: TcpSocket): void {
  pushPending(sk);
  checkSpace(sk);
}

function checkSpace(sk: TcpSocket): void {
  // tcp_sndbuf_expand: room for twice the window.
  if (!sk.sndbufLocked) {
    const perSegment = sk.mssCache + 856;
    const want = 2 * perSegment * Math.max(10, sk.ca.cwnd, sk.reordering + 1);
    if (want > sk.sndbuf) sk.sndbuf = Math.min(want, sk.ns.sysctl.numbers("net.ipv4.tcp_wmem")[2]!);
  }
}

// -- the handshake ----------------------------------------------------------------------------------------------------

/** tcp_rcv_synsent_state_process. */
function synSent(sk: TcpSocket, g: SegmentIn): void {
  if (g.has(TCP_FLAG.ACK)) {
    if (!after(g.ack, sk.sndUna) || after(g.ack, sk.sndNxt)) {
      sk.tcp.resetFor(g, sk.family);
      g.drop = "TCP_INVALID_ACK_SEQUENCE";
      return;
    }
    if (g.has(TCP_FLAG.RST)) return reset(sk);
    if (!g.has(TCP_FLAG.SYN)) {
      g.drop = "TCP_FLAGS";
      return;
    }
    takeSynOptions(sk, g);
    sk.sndWl1 = g.seq;
    sk.sndWnd = g.window;
    sk.maxWindow = Math.max(sk.maxWindow, sk.sndWnd);
    acknowledgeSyn(sk, g);
    established(sk);
    enterQuickAck(sk);
    sendAck(sk, "handshake");
    return;
  }
  if (g.has(TCP_FLAG.RST)) {
    g.drop = "TCP_RESET";
    return;
  }
  if (!g.has(TCP_FLAG.SYN)) {
    g.drop = "TCP_FLAGS";
    return;
  }
  // Both ends opened at once: RFC 9293 §3.5, figure 7.
  sk.setState("SYN_RECV");
  takeSynOptions(sk, g);
  sk.sndWnd = g.window;
  sk.sndWl1 = g.seq;
  sk.maxWindow = sk.sndWnd;
  const first = sk.board.first;
  if (first !== undefined) first.flags |= TCP_FLAG.ACK;
  transmitSyn(sk, TCP_FLAG.SYN | TCP_FLAG.ACK, "simultaneous open");
}

function takeSynOptions(sk: TcpSocket, g: SegmentIn): void {
  const o = sk.tcp.options;
  const { sysctl } = sk.ns;
  sk.irs = g.seq;
  sk.rcvNxt = plus(g.seq, 1);
  sk.rcvWup = sk.rcvNxt;
  sk.copiedSeq = sk.rcvNxt;
  sk.spaceCopied = sk.rcvNxt;
  sk.wscaleOk = o.wscale >= 0 && sysctl.number("net.ipv4.tcp_window_scaling") !== 0;
  if (sk.wscaleOk) sk.sndWscale = o.wscale;
  else {
    sk.sndWscale = 0;
    sk.rcvWscale = 0;
    sk.windowClamp = Math.min(sk.windowClamp, 65535);
  }
  sk.timestamps = o.timestamps && sysctl.number("net.ipv4.tcp_timestamps") !== 0;
  if (sk.timestamps) storeTimestamp(sk);
  sk.sackOk = o.sackOk && sysctl.number("net.ipv4.tcp_sack") !== 0;
  sk.mssClamp = o.mss > 0 ? Math.max(o.mss, 48) : 536;
  if (sk.userMss > 0) sk.mssClamp = Math.min(sk.mssClamp, sk.userMss);
  if (sk.timestamps) sk.advmss -= 12;
  syncMss(sk, sk.pmtu);
  sk.rcvMss = Math.max(Math.min(sk.advmss, sk.mssCache, sk.rcvWnd >> 1, 536), 88);
}

function acknowledgeSyn(sk: TcpSocket, g: SegmentIn): void {
  const syn = sk.board.first;
  if (syn !== undefined) {
    if (!syn.everRetransmitted) rttSample(sk, sk.now - syn.sentAt);
    sk.board.shift();
  }
  sk.sndUna = g.ack;
  sk.retransmits = 0;
  sk.backoff = 0;
  sk.retransStamp = 0;
  sk.tlpActive = false;
  stopRetransmit(sk);
  sk.lastAckReceived = sk.now;
}

/** @returns whether the segment is to be looked at further. */
function simultaneousOpened(sk: TcpSocket, g: SegmentIn): boolean {
  if (!after(g.ack, sk.sndUna) || after(g.ack, sk.sndNxt)) {
    sk.tcp.resetFor(g, sk.family);
    g.drop = "TCP_INVALID_ACK_SEQUENCE";
    return false;
  }
  acknowledgeSyn(sk, g);
  sk.sndWnd = g.window << sk.sndWscale;
  sk.sndWl1 = g.seq;
  established(sk);
  return true;
}

// -- acceptable or not ------------------------------------------------------------------------------------------------

/** tcp_validate_incoming. */
function acceptable(sk: TcpSocket, g: SegmentIn): boolean {
  const o = sk.tcp.options;
  if (sk.timestamps && o.timestamps && sk.tsValid && before(o.tsval, sk.tsRecent) && sk.now - sk.tsRecentAt < PAWS_24DAYS && !g.has(TCP_FLAG.RST)) {
    if (!isPureAckOfSameSeq(sk, g)) {
      sk.tcp.mib.PAWSEstab++;
      g.drop = "TCP_RFC7323_PAWS";
      if (!g.has(TCP_FLAG.SYN)) sendDuplicateAck(sk, g);
      return false;
    }
  }
  const window = receiveWindow(sk);
  if (before(g.end, sk.rcvWup) || after(g.seq, plus(sk.rcvNxt, window))) {
    g.drop = before(g.end, sk.rcvWup) ? "TCP_OLD_SEQUENCE" : "TCP_INVALID_SEQUENCE";
    if (!g.has(TCP_FLAG.RST)) {
      if (g.has(TCP_FLAG.SYN)) challenge(sk);
      else sendDuplicateAck(sk, g);
    }
    return false;
  }
  if (g.has(TCP_FLAG.RST)) {
    g.drop = "TCP_RESET";
    if (g.seq === sk.rcvNxt) reset(sk);
    else challenge(sk); // RFC 5961 §3.2
    return false;
  }
  if (g.has(TCP_FLAG.SYN)) {
    g.drop = "TCP_INVALID_SYN";
    challenge(sk); // RFC 5961 §4.2
    return false;
  }
  return true;
}

/** tcp_disordered_ack: an old acknowledgement that merely came late. */
function isPureAckOfSameSeq(sk: TcpSocket, g: SegmentIn): boolean {
  return g.length === 0 && !g.has(TCP_FLAG.FIN) && g.seq === sk.rcvNxt && g.ack === sk.sndUna;
}

function challenge(sk: TcpSocket): void {
  sk.tcp.mib.TCPChallengeACK++;
  sendAck(sk, "challenge ACK");
}

/** tcp_send_dupack: at once, with the duplicate named when SACK may. */
function sendDuplicateAck(sk: TcpSocket, g: SegmentIn): void {
  if (g.length > 0 && before(g.seq, sk.rcvNxt)) {
    sk.tcp.mib.DelayedACKLost++;
    enterQuickAck(sk);
    if (sk.sackOk) sk.dsack = [g.seq, before(sk.rcvNxt, g.end) ? sk.rcvNxt : g.end];
  }
  sendAck(sk, "duplicate ACK");
}

/** tcp_reset: the other end knows nothing of this connection. */
function reset(sk: TcpSocket): void {
  const e: Errno | undefined = sk.state === "SYN_SENT" ? "ECONNREFUSED" : sk.state === "CLOSE_WAIT" ? "EPIPE" : "ECONNRESET";
  sk.finish(e);
}

function storeTimestamp(sk: TcpSocket): void {
  sk.tsRecent = sk.tcp.options.tsval;
  sk.tsRecentAt = sk.now;
  sk.tsValid = true;
}

// -- what it acknowledges ---------------------------------------------------------------------------------------------

function rttSample(sk: TcpSocket, rtt: Nanos): void {
  measureRtt(sk, rtt);
  if (rtt < sk.minRtt) sk.minRtt = rtt;
}

/** tcp_ack. @returns whether the rest of the segment counts. */
function acknowledged(sk: TcpSocket, g: SegmentIn): boolean {
  const o = sk.tcp.options;
  const { board } = sk;
  const priorUna = sk.sndUna;
  const { ack } = g;
  if (before(ack, priorUna)) {
    // Old, but its SACK blocks may tell something; too old, and it is an attack: RFC 5961 §5.2.
    if (before(ack, (priorUna - Math.max(sk.maxWindow, 1)) >>> 0)) {
      challenge(sk);
      g.drop = "TCP_TOO_OLD_ACK";
      return false;
    }
    if (sk.sackOk && o.sackCount > 0 && board.length > 0) {
      const fresh = takeSack(sk, priorUna);
      sk.delivered += fresh;
      alert(sk, fresh, true, false);
      retransmitLost(sk);
    }
    return true;
  }
  if (after(ack, sk.sndNxt)) {
    g.drop = "TCP_ACK_UNSENT_DATA";
    return false;
  }
  if (o.timestamps && sk.timestamps && !after(g.seq, sk.rcvWup) && (!sk.tsValid || !before(o.tsval, sk.tsRecent))) storeTimestamp(sk);
  const advanced = after(ack, priorUna);
  if (advanced) {
    sk.retransmits = 0;
    sk.bytesAcked += distance(ack, priorUna);
  }
  const windowChanged = updateWindow(sk, g);
  sk.softError = undefined;
  sk.probesOut = 0;
  sk.keepProbes = 0;
  sk.lastAckReceived = sk.now;
  if (board.length === 0) {
    sk.sndUna = ack;
    probeAcked(sk);
    return true;
  }
  const inFlight = board.length;
  const sackedBefore = board.sackedOut;
  let fresh = cleanQueue(sk, ack, priorUna);
  if (sk.sackOk && o.sackCount > 0) fresh += takeSack(sk, priorUna);
  sk.delivered += fresh;
  if (sk.tlpActive && !before(ack, sk.tlpHighSeq)) probeAnswered(sk);
  const duplicate = !advanced && g.length === 0 && !windowChanged && board.length > 0;
  const troubled = board.sackedOut > 0 || sackedBefore > 0 || board.lostOut > 0 || board.retransOut > 0 || duplicate || sk.caState !== "open";
  if (advanced) {
    sk.backoff = 0;
    armRto(sk);
    confirmPath(sk);
  }
  if (troubled) alert(sk, fresh, duplicate, advanced);
  if (sk.pending === "rto" && (sk.caState === "open" || sk.caState === "cwr") && advanced) armLossProbe(sk);
  if (sk.caState !== "recovery" && sk.caState !== "cwr" && fresh > 0 && (sk.caState !== "disorder" || advanced)) grow(sk, fresh, inFlight);
  retransmitLost(sk);
  if (advanced && sk.caState === "loss") writeXmit(sk);
  if (advanced && sk.unsent === 0 && board.length === 0 && sk.pending === "rto") stopRetransmit(sk);
  if (advanced) sk.waiters.wake();
  return true;
}

function confirmPath(sk: TcpSocket): void {
  if (sk.path !== undefined) sk.family.confirm(sk.path);
}

/** tcp_ack_update_window. @returns whether it changed. */
function updateWindow(sk: TcpSocket, g: SegmentIn): boolean {
  const window = g.window * (1 << sk.sndWscale);
  if (!(after(g.ack, sk.sndUna) || after(g.seq, sk.sndWl1) || (g.seq === sk.sndWl1 && window > sk.sndWnd))) return false;
  sk.sndWl1 = g.seq;
  if (sk.sndWnd === window) return false;
  sk.sndWnd = window;
  if (window > sk.maxWindow) {
    sk.maxWindow = window;
    syncMss(sk, sk.pmtu);
  }
  return true;
}

/** tcp_ack_probe: the window opened, or stays shut. */
function probeAcked(sk: TcpSocket): void {
  if (sk.unsent === 0) return;
  if (!after(plus(sk.sndNxt, Math.min(sk.unsent, sk.mssCache)), plus(sk.sndUna, sk.sndWnd))) {
    sk.backoff = 0;
    sk.probesStart = 0;
    if (sk.pending === "probe") {
      sk.pending = "";
      sk.retransTimer.stop();
    }
  } else if (sk.pending !== "probe") checkProbeTimer(sk);
}

function probeAnswered(sk: TcpSocket): void {
  sk.tlpActive = false;
}

/** tcp_clean_rtx_queue: takes out what is acknowledged. @returns segments that were not known to have arrived. */
function cleanQueue(sk: TcpSocket, ack: number, priorUna: number): number {
  const { board, now } = sk;
  let fresh = 0;
  let octets = distance(ack, priorUna);
  let firstSent = -1;
  let lastSent = -1;
  let retransAcked = false;
  for (let s = board.first; s !== undefined && before(s.seq, ack); s = board.first) {
    if (after(s.end, ack)) {
      s.seq = ack; // a part of it
      break;
    }
    if (s.everRetransmitted) retransAcked = true;
    else if (!s.sacked) {
      if (firstSent < 0) firstSent = s.sentAt;
      lastSent = s.sentAt;
      if (before(s.seq, sk.highSacked) && board.sackedOut > 0) sk.reordSeen = true;
    }
    if (!s.sacked) {
      fresh++;
      rackAdvance(sk, s);
    }
    if ((s.flags & TCP_FLAG.FIN) !== 0 || (s.flags & TCP_FLAG.SYN) !== 0) octets--;
    board.shift();
  }
  sk.sndUna = ack;
  if (octets > 0) sk.out.drop(Math.min(octets, sk.out.length));
  if (firstSent >= 0 && !retransAcked) {
    rttSample(sk, now - firstSent);
    sk.ca.measured(now - lastSent, sk.sndUna, sk.sndNxt, now);
  } else if (retransAcked && sk.timestamps && sk.tcp.options.timestamps && sk.tcp.options.tsecr !== 0) {
    // Karn's doubt is settled by the echoed timestamp: RFC 7323 §4.1.
    const ms = (Math.floor(now / 1_000_000) + sk.tsOffset - sk.tcp.options.tsecr) | 0;
    if (ms >= 0 && ms < 0x7fffffff / 1000) measureRtt(sk, Math.max(ms, 1) * 1_000_000);
  }
  return fresh;
}

/** tcp_cong_avoid, when the window was what held us back. */
function grow(sk: TcpSocket, fresh: number, inFlight: number): void {
  const limited = sk.ca.inSlowStart ? sk.ca.cwnd < 2 * Math.max(sk.maxPacketsOut, inFlight) : sk.cwndLimited;
  if (limited) sk.ca.grow(fresh, sk.now);
}

// -- closing ----------------------------------------------------------------------------------------------------------

/** What an acknowledged FIN changes: tcp_rcv_state_process, step 5. @returns whether that was all. */
function closing(sk: TcpSocket, g: SegmentIn): boolean {
  const finAcked = sk.finQueued && sk.sndUna === sk.writeSeq;
  switch (sk.state) {
    case "FIN_WAIT1":
      if (finAcked) {
        sk.setState("FIN_WAIT2");
        sk.waiters.wake();
        if (sk.orphan && !g.has(TCP_FLAG.FIN)) finishConnectWait(sk);
        if (sk.dead) return true;
      }
      break;
    case "CLOSING":
      if (finAcked) {
        becomeTimeWait(sk, "TIME_WAIT");
        return true;
      }
      break;
    case "LAST_ACK":
      if (finAcked) {
        sk.finish(undefined);
        return true;
      }
      break;
    default:
  }
  // Nobody is there to read: data means the other end does not know.
  if ((sk.state === "FIN_WAIT1" || sk.state === "FIN_WAIT2") && (sk.shut & SHUT_RD) !== 0 && g.length > 0 && after(plus(g.seq, g.length), sk.rcvNxt)) {
    sk.tcp.mib.TCPAbortOnData++;
    sk.tcp.resetFor(g, sk.family);
    g.drop = "TCP_ABORT_ON_DATA";
    sk.finish("ECONNRESET");
    return true;
  }
  return false;
}

/** tcp_fin. */
function finIn(sk: TcpSocket): void {
  sk.ackScheduled = true;
  sk.shut |= SHUT_RD;
  sk.peerDone = true;
  sk.rcvNxt = plus(sk.rcvNxt, 1);
  sk.gaps.length = 0;
  sk.sackEdges.length = 0;
  sk.oooBytes = 0;
  switch (sk.state) {
    case "SYN_RECV":
    case "ESTABLISHED":
      sk.setState("CLOSE_WAIT");
      sk.pingpong = true;
      break;
    case "FIN_WAIT1":
      // Both closed at once.
      sendAck(sk, "ACK of FIN");
      sk.setState("CLOSING");
      break;
    case "FIN_WAIT2":
      sendAck(sk, "ACK of FIN");
      becomeTimeWait(sk, "TIME_WAIT");
      break;
    default:
  }
  sk.waiters.wake();
}

// -- data -------------------------------------------------------------------------------------------------------------

/** tcp_data_queue. */
function dataIn(sk: TcpSocket, g: SegmentIn): void {
  switch (sk.state) {
    case "CLOSE_WAIT":
    case "CLOSING":
    case "LAST_ACK":
      // RFC 9293: after its FIN the other end has nothing to say; a repeated FIN is acknowledged again.
      if (before(g.seq, sk.rcvNxt)) {
        g.drop = "TCP_OLD_DATA";
        enterQuickAck(sk);
        sk.ackScheduled = true;
      }
      return;
    default:
  }
  let { seq, at, length } = g;
  const end = plus(seq, length);
  if (g.seq !== sk.rcvNxt && !before(sk.rcvNxt, g.end)) {
    // All of it was here before.
    g.drop = "TCP_OLD_DATA";
    sk.tcp.mib.DelayedACKLost++;
    if (sk.sackOk) sk.dsack = [g.seq, g.end];
    enterQuickAck(sk);
    sk.ackScheduled = true;
    return;
  }
  if (before(seq, sk.rcvNxt)) {
    const known = distance(sk.rcvNxt, seq);
    at += known;
    length -= known;
    seq = sk.rcvNxt;
    if (sk.sackOk) sk.dsack = [g.seq, sk.rcvNxt];
  }
  const window = receiveWindow(sk);
  if (window === 0 && length > 0) {
    g.drop = "TCP_ZEROWINDOW";
    sk.tcp.mib.TCPZeroWindowDrop++;
    enterQuickAck(sk);
    sk.ackScheduled = true;
    return;
  }
  if (after(end, plus(sk.rcvNxt, window))) {
    // Beyond what was offered: the rest is thrown away, and comes again.
    const over = distance(end, plus(sk.rcvNxt, window));
    if (over >= length) {
      g.drop = "TCP_OVERWINDOW";
      enterQuickAck(sk);
      sk.ackScheduled = true;
      return;
    }
    length -= over;
  }
  const whole = plus(seq, length) === end;
  if (seq === sk.rcvNxt) inOrder(sk, g, at, length, whole);
  else outOfOrder(sk, g, seq, at, length, whole);
}

function inOrder(sk: TcpSocket, g: SegmentIn, at: number, length: number, whole: boolean): void {
  if (length > 0) {
    sk.in.put(sk.in.length, g.skb.bytes, at, length);
    sk.in.length += length;
    sk.rcvNxt = plus(sk.rcvNxt, length);
    sk.bytesReceived += length;
    sk.dataSegsIn++;
    eventReceived(sk, g, length);
  }
  if (sk.gaps.length > 0) closeGaps(sk);
  if ((g.has(TCP_FLAG.FIN) && whole) || sk.finSeq === sk.rcvNxt) finIn(sk);
  else if (length > 0) sk.waiters.wake();
}

/** Blocks that the filled gap has joined to the stream: tcp_ofo_queue. */
function closeGaps(sk: TcpSocket): void {
  const { gaps } = sk;
  while (gaps.length > 0 && !after(gaps[0]!, sk.rcvNxt)) {
    const [left, right] = gaps.splice(0, 2) as [number, number];
    sk.oooBytes -= distance(right, left);
    if (!after(right, sk.rcvNxt)) continue;
    const n = distance(right, sk.rcvNxt);
    sk.in.length += n;
    sk.rcvNxt = right;
    sk.bytesReceived += n;
  }
  dropOldEdges(sk);
}

/** tcp_sack_remove. */
function dropOldEdges(sk: TcpSocket): void {
  const e = sk.sackEdges;
  for (let i = e.length - 2; i >= 0; i -= 2) if (!after(e[i]!, sk.rcvNxt) || sk.gaps.length === 0) e.splice(i, 2);
}

/** tcp_data_queue_ofo: keeps what lies beyond a gap where it will be needed, and tells at once what is there. */
function outOfOrder(sk: TcpSocket, g: SegmentIn, seq: number, at: number, length: number, whole: boolean): void {
  sk.ackScheduled = true;
  sk.tcp.mib.TCPOFOQueue++;
  const end = plus(seq, length);
  if (g.has(TCP_FLAG.FIN) && whole) sk.finSeq = end;
  if (length === 0) return;
  sk.lastReceived = sk.now;
  sk.in.put(sk.in.length + distance(seq, sk.rcvNxt), g.skb.bytes, at, length);
  insertBlock(sk, seq, end);
}

/** Joins a block with those it touches; the result is the first that SACK names. */
function insertBlock(sk: TcpSocket, seq: number, end: number): void {
  const { gaps } = sk;
  let left = seq;
  let right = end;
  let i = 0;
  while (i < gaps.length && before(gaps[i + 1]!, left)) i += 2;
  let j = i;
  while (j < gaps.length && !after(gaps[j]!, right)) {
    // A second copy of what is already there.
    if (!before(seq, gaps[j]!) && !after(end, gaps[j + 1]!) && sk.sackOk) sk.dsack = [seq, end];
    if (before(gaps[j]!, left)) left = gaps[j]!;
    if (after(gaps[j + 1]!, right)) right = gaps[j + 1]!;
    sk.oooBytes -= distance(gaps[j + 1]!, gaps[j]!);
    j += 2;
  }
  gaps.splice(i, j - i, left, right);
  sk.oooBytes += distance(right, left);
  const e = sk.sackEdges;
  for (let k = e.length - 2; k >= 0; k -= 2) if (!before(e[k]!, left) && !after(e[k + 1]!, right)) e.splice(k, 2);
  e.unshift(left, right);
  if (e.length > 8) e.length = 8;
}

/** tcp_event_data_recv: how the peer sends decides how we acknowledge. */
function eventReceived(sk: TcpSocket, g: SegmentIn, length: number): void {
  const { now } = sk;
  sk.ackScheduled = true;
  measureReceivedMss(sk, g, length);
  measureReceiverRtt(sk);
  if (sk.ato === 0) {
    raiseQuickAck(sk, 16);
    sk.ato = ATO_MIN;
  } else {
    const m = now - sk.lastReceived;
    if (m <= ATO_MIN / 2) sk.ato = Math.floor(sk.ato / 2) + ATO_MIN / 2;
    else if (m < sk.ato) sk.ato = Math.min(Math.floor(sk.ato / 2) + m, sk.rto);
    else if (m > sk.rto) raiseQuickAck(sk, 16);
  }
  sk.lastReceived = now;
  if (length >= 128) growReceiveThreshold(sk, length);
}

function measureReceivedMss(sk: TcpSocket, g: SegmentIn, length: number): void {
  if (length >= sk.rcvMss) sk.rcvMss = Math.min(length, sk.advmss);
  else if (g.has(TCP_FLAG.PSH)) sk.ackPushed++;
}

/** tcp_rcv_rtt_measure: from offering a window until it has been used. */
function measureReceiverRtt(sk: TcpSocket): void {
  const o = sk.tcp.options;
  if (sk.timestamps && o.timestamps && o.tsecr !== 0 && o.tsecr !== sk.lastTsecr) {
    sk.lastTsecr = o.tsecr;
    const ms = (Math.floor(sk.now / 1_000_000) + sk.tsOffset - o.tsecr) | 0;
    if (ms >= 0) {
      const rtt = Math.max(ms, 1) * 1_000_000;
      if (sk.rcvRtt === 0 || rtt < sk.rcvRtt) sk.rcvRtt = rtt;
      else sk.rcvRtt += Math.floor((rtt - sk.rcvRtt) / 8);
    }
  }
}

/** tcp_grow_window: rcv_ssthresh follows segments that use their memory well. */
function growReceiveThreshold(sk: TcpSocket, length: number): void {
  const room = Math.min(sk.windowClamp, freeSpace(sk)) - sk.rcvSsthresh;
  if (room <= 0) return;
  const most = Math.max(length >= 1152 ? 2 * sk.advmss : 0, 2 * length);
  sk.rcvSsthresh = Math.min(sk.rcvSsthresh + Math.min(room, most), fullSpace(sk));
}
