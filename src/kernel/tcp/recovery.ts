/** Losses: found by SACK and RACK or by duplicate acknowledgements, repaired by proportional rate reduction. net/ipv4/tcp_input.c, tcp_recovery.c; RFC 6675, 6937, 8985. */
import type { Nanos } from "../../sim/time.ts";
import { MILLISECOND } from "../../sim/time.ts";
import { armRto } from "./timers.ts";
import { retransmit } from "./output.ts";
import type { SentSegment } from "./scoreboard.ts";
import { after, before } from "./seq.ts";
import type { TcpSocket } from "./socket.ts";

const DUP_THRESHOLD = 3;
const TIMEOUT_MIN: Nanos = 8 * MILLISECOND;

// -- RACK -------------------------------------------------------------------------------------------------------------

/** tcp_rack_advance: a segment sent at this time has arrived. */
export function rackAdvance(sk: TcpSocket, s: SentSegment): void {
  const rtt = sk.now - s.sentAt;
  // An answer that comes sooner than any before was to the first copy.
  if (s.everRetransmitted && rtt < sk.minRtt) return;
  sk.rackAdvanced = true;
  sk.rackRtt = rtt;
  if (s.sentAt > sk.rackTime || (s.sentAt === sk.rackTime && after(s.end, sk.rackEnd))) {
    sk.rackTime = s.sentAt;
    sk.rackEnd = s.end;
  }
}

function reorderWindow(sk: TcpSocket): Nanos {
  if (!sk.reordSeen) {
    if (sk.caState === "recovery" || sk.caState === "loss") return 0;
    if (sk.board.sackedOut >= sk.reordering) return 0;
  }
  return Math.min(Math.floor((sk.minRtt === Number.POSITIVE_INFINITY ? 0 : sk.minRtt) / 4), Math.floor(sk.srtt / 8));
}

/** tcp_rack_detect_loss: what was sent well before something that has arrived is lost. */
export function detectLoss(sk: TcpSocket): void {
  if (!sk.rackAdvanced) return;
  sk.rackAdvanced = false;
  const window = reorderWindow(sk);
  const { board, now } = sk;
  let longest = 0;
  for (let i = 0; i < board.length; i++) {
    const s = board.at(i);
    if (s.sacked || (s.lost && !s.retransmitted)) continue;
    const sentBefore = sk.rackTime > s.sentAt || (sk.rackTime === s.sentAt && after(sk.rackEnd, s.end));
    if (!sentBefore) continue;
    const left = s.sentAt + sk.rackRtt + window - now;
    if (left <= 0) {
      board.markLost(s);
      sk.lost++;
    } else if (left > longest) longest = left;
  }
  if (longest === 0) return;
  sk.pending = "reo";
  sk.retransTimer.set(now + Math.max(longest, TIMEOUT_MIN));
  sk.rackAdvanced = true; // looked at again then
}

// -- SACK -------------------------------------------------------------------------------------------------------------

/** tcp_sacktag_write_queue: notes what the blocks of the last header say. @returns segments newly known to have arrived. */
export function takeSack(sk: TcpSocket, priorUna: number): number {
  const o = sk.tcp.options;
  let fresh = 0;
  for (let k = 0; k < o.sackCount; k++) {
    const start = o.sack[2 * k]!;
    const end = o.sack[2 * k + 1]!;
    if (!before(start, end)) continue;
    // RFC 2883: the first block below the acknowledgement tells of a duplicate.
    if (k === 0 && before(start, sk.sndUna)) {
      duplicateReported(sk, start, end, priorUna);
      continue;
    }
    if (before(start, sk.sndUna) || after(end, sk.sndNxt)) continue;
    fresh += takeBlock(sk, start, end);
  }
  for (let k = 0; k < o.sackCount; k++) {
    const end = o.sack[2 * k + 1]!;
    if (!after(end, sk.sndNxt) && after(end, sk.highSacked)) sk.highSacked = end;
  }
  return fresh;
}

function duplicateReported(sk: TcpSocket, start: number, end: number, priorUna: number): void {
  sk.tcp.mib.TCPDSACKRecv++;
  if (sk.undoMarker !== 0 && sk.undoRetrans > 0 && !after(end, priorUna) && after(end, sk.undoMarker)) sk.undoRetrans--;
  // A duplicate of a loss probe: the original had arrived.
  if (sk.tlpActive && start !== end) sk.tlpActive = false;
}

function takeBlock(sk: TcpSocket, start: number, end: number): number {
  const { board } = sk;
  let fresh = 0;
  for (let i = board.indexOf(start, sk.sndUna); i < board.length; i++) {
    const s = board.at(i);
    if (!before(s.seq, end)) break;
    if (s.sacked || before(s.seq, start) || after(s.end, end)) continue;
    if (!s.everRetransmitted && before(s.seq, sk.highSacked)) sk.reordSeen = true;
    rackAdvance(sk, s);
    board.markSacked(s);
    fresh++;
  }
  return fresh;
}

// -- states -----------------------------------------------------------------------------------------------------------

/** tcp_fastretrans_alert. `fresh`: segments newly delivered; `lostBefore`: lost ones that were known. */
export function alert(sk: TcpSocket, fresh: number, isDuplicate: boolean, advanced: boolean): void {
  const { board } = sk;
  const lostBefore = sk.lost;
  // Is the end of what was under way at the loss reached?
  if ((sk.caState === "recovery" || sk.caState === "loss" || sk.caState === "cwr") && !before(sk.sndUna, sk.highSeq) && (sk.caState !== "cwr" || sk.sndUna !== sk.highSeq)) endRecovery(sk);
  if (!sk.sackOk) countDuplicates(sk, isDuplicate, advanced);
  if (sk.sackOk) {
    if (board.sackedOut > 0 || board.lostOut > 0 || board.retransOut > 0) detectLoss(sk);
  } else if (sk.dupacks >= DUP_THRESHOLD || ((sk.caState === "recovery" || sk.caState === "loss") && advanced)) markFirstLost(sk);
  if (sk.caState !== "recovery" && sk.caState !== "loss") {
    if (board.lostOut > 0) enterRecovery(sk);
    else if (sk.caState !== "cwr") sk.caState = board.sackedOut > 0 || sk.dupacks > 0 ? "disorder" : "open";
  }
  if (sk.caState === "recovery" || sk.caState === "cwr") reduceWindow(sk, fresh, sk.lost - lostBefore, advanced);
}

/** tcp_add_reno_sack and tcp_remove_reno_sacks: without SACK each duplicate stands for a segment that left the network. */
function countDuplicates(sk: TcpSocket, isDuplicate: boolean, advanced: boolean): void {
  if (advanced) sk.dupacks = 0;
  else if (isDuplicate) sk.dupacks++;
}

function markFirstLost(sk: TcpSocket): void {
  const { first } = sk.board;
  if (first === undefined || first.lost || (first.retransmitted && sk.now - first.sentAt < sk.minRtt)) return;
  sk.board.markLost(first);
  sk.lost++;
}

function startReduction(sk: TcpSocket): void {
  sk.highSeq = sk.sndNxt;
  sk.priorCwnd = sk.ca.cwnd;
  sk.priorSsthresh = sk.ca.ssthresh;
  sk.prrDelivered = 0;
  sk.prrOut = 0;
  sk.ca.ssthresh = sk.ca.lossThreshold();
  sk.undoMarker = sk.sndUna;
  sk.undoRetrans = 0;
}

function enterRecovery(sk: TcpSocket): void {
  sk.tcp.mib.TCPFastRetrans++;
  startReduction(sk);
  sk.caState = "recovery";
}

/** tcp_enter_loss, after a timeout: everything that is not known to have arrived is lost. */
export function enterLoss(sk: TcpSocket): void {
  const { board } = sk;
  if (sk.caState !== "loss" || !after(sk.highSeq, sk.sndUna) || sk.retransmits === 0) {
    sk.priorCwnd = sk.ca.cwnd;
    sk.priorSsthresh = sk.ca.ssthresh;
    sk.ca.ssthresh = sk.ca.lossThreshold();
    sk.ca.reset();
    sk.undoMarker = sk.sndUna;
    sk.undoRetrans = 0;
  }
  for (let i = 0; i < board.length; i++) {
    const s = board.at(i);
    if (s.sacked) continue;
    // With RACK's clock, what was sent only now is given its time.
    if (i > 0 && sk.sackOk && s.sentAt + sk.rackRtt > sk.now) continue;
    board.markLost(s);
    sk.lost++;
  }
  sk.ca.cwnd = board.inFlight + 1;
  sk.caState = "loss";
  sk.highSeq = sk.sndNxt;
  sk.tlpActive = false;
}

function endRecovery(sk: TcpSocket): void {
  if (sk.caState !== "loss") {
    // Everything that was sent again was told of as a duplicate: nothing had been lost.
    if (sk.undoMarker !== 0 && sk.undoRetrans === 0 && sk.caState === "recovery") {
      sk.ca.cwnd = Math.max(sk.ca.cwnd, sk.priorCwnd);
      sk.ca.ssthresh = Math.max(sk.ca.ssthresh, sk.priorSsthresh);
    } else if (sk.ca.ssthresh < 0x7fffffff) sk.ca.cwnd = sk.ca.ssthresh;
  }
  sk.caState = "open";
  sk.undoMarker = 0;
  sk.retransStamp = 0;
  sk.dupacks = 0;
}

/** tcp_cwnd_reduction: RFC 6937 with its bound for slow start. */
function reduceWindow(sk: TcpSocket, fresh: number, newlyLost: number, advanced: boolean): void {
  if (fresh <= 0 || sk.priorCwnd === 0) return;
  sk.prrDelivered += fresh;
  const inFlight = sk.board.inFlight;
  const delta = sk.ca.ssthresh - inFlight;
  let send: number;
  if (delta < 0) send = Math.floor((sk.ca.ssthresh * sk.prrDelivered + sk.priorCwnd - 1) / sk.priorCwnd) - sk.prrOut;
  else {
    send = Math.max(sk.prrDelivered - sk.prrOut, fresh);
    if (advanced && newlyLost === 0) send++;
    send = Math.min(delta, send);
  }
  // At least the first segment is sent again.
  send = Math.max(send, sk.prrOut > 0 ? 0 : 1);
  sk.ca.cwnd = inFlight + send;
}

/** tcp_xmit_retransmit_queue: what is marked as lost goes out again, as the window allows. */
export function retransmitLost(sk: TcpSocket): void {
  const { board } = sk;
  if (board.lostOut === 0) return;
  let again = false;
  for (let i = 0; i < board.length && board.lostOut > 0; i++) {
    const s = board.at(i);
    if (!s.lost || s.sacked) continue;
    if (board.inFlight >= sk.ca.cwnd) break;
    const before_ = sk.totalRetrans;
    retransmit(sk, i, sk.caState === "loss" ? "retransmission" : "fast retransmission");
    if (sk.totalRetrans === before_) break;
    if (sk.caState === "recovery" || sk.caState === "cwr") sk.prrOut++;
    if (i === 0) again = true;
  }
  if (again && sk.pending !== "reo") armRto(sk);
}

/** tcp_simple_retransmit: the path became narrower, what is larger goes out again in smaller pieces. Not a sign of congestion. */
export function resendLarger(sk: TcpSocket, mss: number): void {
  const { board } = sk;
  for (let i = 0; i < board.length; i++) {
    const s = board.at(i);
    if (((s.end - s.seq) | 0) > mss) board.markLost(s);
  }
  if (board.lostOut === 0) return;
  if (sk.caState !== "loss") {
    sk.highSeq = sk.sndNxt;
    sk.ca.ssthresh = Math.min(sk.ca.ssthresh, sk.ca.cwnd);
    sk.undoMarker = 0;
    sk.caState = "loss";
  }
  retransmitLost(sk);
}
