/** What happens when nothing happens: net/ipv4/tcp_timer.c, and RFC 6298's arithmetic of round trips. */
import { MILLISECOND, type Nanos, SECOND } from "../../sim/time.ts";
import { retransmit, sendAck, sendReset, transmit, writeWakeup, writeXmit } from "./output.ts";
import { detectLoss, enterLoss, retransmitLost } from "./recovery.ts";
import { before, doubled } from "./seq.ts";
import { ATO_MIN, RTO_MAX, RTO_MIN, type TcpSocket } from "./socket.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";

/** The kernel counts in jiffies of 4 ms (CONFIG_HZ=250): timeouts are whole ones. */
const JIFFY: Nanos = 4 * MILLISECOND;
const jiffies = (t: Nanos): Nanos => Math.ceil(t / JIFFY) * JIFFY;

// -- round trips ------------------------------------------------------------------------------------------------------

/** tcp_rtt_estimator and tcp_set_rto. */
export function measureRtt(sk: TcpSocket, rtt: Nanos): void {
  let m = Math.max(rtt, 1);
  if (sk.srtt !== 0) {
    m -= Math.floor(sk.srtt / 8);
    sk.srtt += m;
    if (m < 0) {
      m = 0 - m;
      m -= Math.floor(sk.mdev / 4);
      if (m > 0) m = Math.floor(m / 8); // a shorter one is no reason to wait longer
    } else m -= Math.floor(sk.mdev / 4);
    sk.mdev += m;
    if (sk.mdev > sk.mdevMax) {
      sk.mdevMax = sk.mdev;
      if (sk.mdevMax > sk.rttvar) sk.rttvar = sk.mdevMax;
    }
    if (!before(sk.sndUna, sk.rttSeq)) {
      if (sk.mdevMax < sk.rttvar) sk.rttvar -= Math.floor((sk.rttvar - sk.mdevMax) / 4);
      sk.rttSeq = sk.sndNxt;
      sk.mdevMax = RTO_MIN;
    }
  } else {
    sk.srtt = m * 8;
    sk.mdev = m * 2;
    sk.rttvar = Math.max(sk.mdev, RTO_MIN);
    sk.mdevMax = sk.rttvar;
    sk.rttSeq = sk.sndNxt;
  }
  setRto(sk);
}

export function setRto(sk: TcpSocket): void {
  sk.rto = Math.min(jiffies(Math.floor(sk.srtt / 8) + sk.rttvar), RTO_MAX);
}

export function armRto(sk: TcpSocket): void {
  if (sk.board.length === 0) return stopRetransmit(sk);
  sk.pending = "rto";
  sk.retransTimer.set(sk.now + Math.min(sk.rto, RTO_MAX));
}

export function stopRetransmit(sk: TcpSocket): void {
  if (sk.pending !== "probe") {
    sk.pending = "";
    sk.retransTimer.stop();
  }
}

/** tcp_schedule_loss_probe: the tail of a burst has nothing behind it that would tell of its loss. RFC 8985 §7. */
export function armLossProbe(sk: TcpSocket): void {
  if (sk.board.length === 0 || !sk.sackOk || (sk.caState !== "open" && sk.caState !== "cwr") || sk.board.sackedOut > 0 || sk.tlpActive) return;
  if (sk.state === "SYN_SENT" || sk.state === "SYN_RECV") return;
  let wait: Nanos = SECOND;
  if (sk.srtt > 0) wait = Math.floor(sk.srtt / 4) + (sk.board.length === 1 ? RTO_MIN : 2 * JIFFY);
  const rtoAt = sk.now + sk.rto;
  const at = sk.now + jiffies(wait);
  if (at >= rtoAt) return;
  sk.pending = "tlp";
  sk.retransTimer.set(at);
}

// -- the retransmission timer and its other uses ----------------------------------------------------------------------

export function retransmitTimeout(sk: TcpSocket): void {
  const what = sk.pending;
  sk.pending = "";
  switch (what) {
    case "rto":
      return rtoExpired(sk);
    case "tlp":
      return lossProbe(sk);
    case "reo":
      return reorderExpired(sk);
    case "probe":
      return windowProbe(sk);
    default:
  }
}

/** tcp_model_timeout: how long `boundary` doublings from `base` last. */
function modelTimeout(boundary: number, base: Nanos): Nanos {
  const doubling = 31 - Math.clz32(Math.floor(RTO_MAX / base));
  if (boundary <= doubling) return (doubled(2, boundary) - 1) * base;
  return (doubled(2, doubling) - 1) * base + (boundary - doubling) * RTO_MAX;
}

function gaveUp(sk: TcpSocket): void {
  sk.tcp.mib.TCPAbortOnTimeout++;
  sk.finish(sk.softError ?? "ETIMEDOUT");
}

function rtoExpired(sk: TcpSocket): void {
  const first = sk.board.first;
  if (first === undefined) return;
  const handshake = sk.state === "SYN_SENT" || sk.state === "SYN_RECV";
  const { sysctl } = sk.ns;
  if (handshake) {
    if (sk.retransmits >= (sk.synRetries ?? sysctl.number("net.ipv4.tcp_syn_retries"))) return gaveUp(sk);
  } else {
    let most = sysctl.number("net.ipv4.tcp_retries2");
    if (sk.orphan) most = sysctl.number("net.ipv4.tcp_orphan_retries") || 8;
    if (sk.retransmits > 0 && sk.retransStamp > 0) {
      const limit = sk.userTimeout > 0 ? sk.userTimeout : modelTimeout(most, RTO_MIN);
      if (sk.now - sk.retransStamp >= limit) return gaveUp(sk);
    }
  }
  sk.tcp.mib.TCPTimeouts++;
  if (handshake) sk.retransmits++;
  else {
    enterLoss(sk);
    sk.retransmits++;
  }
  retransmit(sk, 0, `retransmission ${sk.retransmits}, after ${Math.round(sk.rto / MILLISECOND)} ms`);
  sk.backoff++;
  sk.rto = Math.min(sk.rto * 2, RTO_MAX);
  armRto(sk);
}

/** tcp_send_loss_probe: new data, or the last segment again. */
function lossProbe(sk: TcpSocket): void {
  if (sk.board.length === 0) return;
  sk.tcp.mib.TCPLossProbes++;
  const had = sk.sndNxt;
  if (sk.unsent > 0) writeXmit(sk, true);
  if (sk.sndNxt === had) {
    retransmit(sk, sk.board.length - 1, "tail loss probe");
    sk.tlpHighSeq = sk.sndNxt;
    sk.tlpActive = true;
  } else {
    sk.tlpHighSeq = sk.sndNxt;
    sk.tlpActive = true;
  }
  armRto(sk);
}

function reorderExpired(sk: TcpSocket): void {
  detectLoss(sk);
  retransmitLost(sk);
  if (sk.pending === "") armRto(sk);
}

/** tcp_probe_timer. */
function windowProbe(sk: TcpSocket): void {
  if (sk.board.length > 0 || sk.unsent === 0) {
    sk.probesOut = 0;
    sk.probesStart = 0;
    return;
  }
  const { sysctl } = sk.ns;
  const most = sk.orphan ? sysctl.number("net.ipv4.tcp_orphan_retries") || 8 : sysctl.number("net.ipv4.tcp_retries2");
  if (sk.probesOut >= most || (sk.userTimeout > 0 && sk.now - sk.probesStart >= sk.userTimeout)) return gaveUp(sk);
  sk.tcp.mib.TCPWinProbe++;
  const sent = writeWakeup(sk);
  if (sk.board.length > 0 || sk.unsent === 0) {
    sk.probesOut = 0;
    sk.backoff = 0;
    return;
  }
  sk.probesOut++;
  if (!sent && sk.backoff < most) sk.backoff++;
  sk.pending = "probe";
  sk.retransTimer.set(sk.now + Math.min(doubled(Math.max(sk.rto, RTO_MIN), sk.backoff), RTO_MAX));
}

// -- acknowledgements -------------------------------------------------------------------------------------------------

/** tcp_delack_timer_handler. */
export function delackTimeout(sk: TcpSocket): void {
  if (sk.state === "CLOSE" || sk.state === "LISTEN" || !sk.ackTimerPending) return;
  sk.ackTimerPending = false;
  if (!sk.ackScheduled) return;
  if (sk.pingpong) {
    sk.pingpong = false;
    sk.ato = ATO_MIN;
  } else sk.ato = Math.min(sk.ato * 2, sk.rto);
  sk.tcp.mib.DelayedACKs++;
  sendAck(sk, "delayed ACK");
}

// -- keepalive --------------------------------------------------------------------------------------------------------

/** tcp_keepalive_timer: also the end of a FIN_WAIT2 that nobody waits for. */
export function keepaliveTimeout(sk: TcpSocket): void {
  if (sk.state === "FIN_WAIT2" && sk.orphan) {
    sendReset(sk, "FIN_WAIT2 is over");
    return sk.finish(undefined);
  }
  if (!sk.keepAlive || sk.state === "CLOSE" || sk.state === "SYN_SENT") return;
  const { sysctl } = sk.ns;
  const idleTime = sk.keepIdleTime;
  if (sk.board.length > 0 || sk.unsent > 0) return sk.keepTimer.set(sk.now + idleTime);
  const idle = sk.now - Math.max(sk.lastReceived, sk.lastAckReceived);
  if (idle < idleTime) return sk.keepTimer.set(sk.now + idleTime - idle);
  const most = sk.keepCount ?? sysctl.number("net.ipv4.tcp_keepalive_probes");
  if (sk.keepProbes >= most) {
    sendReset(sk, "keepalive probes unanswered");
    return sk.finish(sk.softError ?? "ETIMEDOUT");
  }
  transmit(sk, (sk.sndUna - 1) >>> 0, TCP_FLAG.ACK, 0, "keepalive probe");
  sk.keepProbes++;
  sk.keepTimer.set(sk.now + (sk.keepInterval ?? sysctl.number("net.ipv4.tcp_keepalive_intvl") * SECOND));
}

