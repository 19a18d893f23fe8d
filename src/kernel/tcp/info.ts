/** What ss, netstat and /proc are told of TCP: tcp_get_info, inet_diag. */
import type { SocketInfo, TcpInfo } from "../api.ts";
import type { TcpProtocol } from "./protocol.ts";
import { distance } from "./seq.ts";
import { ATO_MIN, type TcpSocket } from "./socket.ts";

export function infoOf(sk: TcpSocket): TcpInfo {
  const { now } = sk;
  return {
    state: sk.state, timestamps: sk.timestamps, sack: sk.sackOk, wscale: sk.wscaleOk ? [sk.sndWscale, sk.rcvWscale] : undefined, rto: sk.rto, backoff: sk.backoff, srtt: Math.floor(sk.srtt / 8), rttvar: Math.floor(sk.mdev / 4),
    minRtt: sk.minRtt === Number.POSITIVE_INFINITY ? 0 : sk.minRtt, ato: sk.ato === 0 ? 0 : Math.max(sk.ato, ATO_MIN), mss: sk.mssCache, pmtu: sk.pmtu, rcvmss: sk.rcvMss, advmss: sk.advmss, cwnd: sk.ca.cwnd, ssthresh: sk.ca.ssthresh, caState: sk.caState,
    bytesSent: sk.bytesSent, bytesRetrans: sk.bytesRetrans, bytesAcked: sk.bytesAcked, bytesReceived: sk.bytesReceived, segsOut: sk.segsOut, segsIn: sk.segsIn, dataSegsOut: sk.dataSegsOut, dataSegsIn: sk.dataSegsIn,
    lastSnd: now - (sk.lastSent || sk.createdAt), lastRcv: now - (sk.lastReceived || sk.createdAt), lastAck: now - (sk.lastAckReceived || sk.createdAt), delivered: sk.delivered, unacked: sk.board.length, retrans: sk.board.retransOut, totalRetrans: sk.totalRetrans, lost: sk.board.lostOut, sacked: sk.board.sackedOut,
    rcvRtt: sk.rcvRtt, rcvSpace: sk.space, rcvSsthresh: sk.rcvSsthresh, notsent: sk.state === "ESTABLISHED" ? sk.unsent : 0, sndWnd: sk.sndWnd, rcvbuf: sk.rcvbuf, sndbuf: sk.sndbuf, congestion: "cubic",
  };
}

type Timer = NonNullable<SocketInfo["timer"]>;

function timerOf(sk: TcpSocket): Timer | undefined {
  const { now } = sk;
  if ((sk.pending === "rto" || sk.pending === "tlp" || sk.pending === "reo") && sk.retransTimer.armed) return { kind: "on", left: sk.retransTimer.deadline - now, count: sk.retransmits };
  if (sk.pending === "probe" && sk.retransTimer.armed) return { kind: "persist", left: sk.retransTimer.deadline - now, count: sk.probesOut };
  if (sk.keepTimer.armed) return { kind: "keepalive", left: sk.keepTimer.deadline - now, count: sk.keepProbes };
  return undefined;
}

function infoSocket(sk: TcpSocket): SocketInfo {
  const listening = sk.state === "LISTEN";
  const info: SocketInfo = {
    proto: "tcp", state: sk.state, localAddr: sk.localAddr, localPort: sk.localPort, remoteAddr: sk.remoteAddr, remotePort: sk.remotePort, ifindex: sk.boundIf,
    recvQueue: listening ? sk.acceptQueue.length : sk.in.length + (sk.peerDone && sk.state !== "TIME_WAIT" ? 1 : 0), sendQueue: listening ? sk.backlog : distance(sk.writeSeq, sk.sndUna),
    inode: sk.orphan || sk.listener !== undefined ? 0 : sk.inode, drops: sk.drops, tcp: infoOf(sk), memory: { rmem: sk.in.length, rcvbuf: sk.rcvbuf, wmem: 0, sndbuf: sk.sndbuf, forward: 0, wmemQueued: distance(sk.writeSeq, sk.sndUna) },
  };
  const t = timerOf(sk);
  if (t !== undefined) info.timer = t;
  return info;
}

/** Listeners, connections, what is asked for, what remains; in an order of our own. */
export function listSockets(tcp: TcpProtocol): SocketInfo[] {
  const out: SocketInfo[] = [];
  const now = tcp.ns.sim.clock.now;
  for (const sk of tcp.all) if (sk.state === "LISTEN") out.push(infoSocket(sk));
  for (const sk of tcp.all) {
    if (sk.state !== "LISTEN") continue;
    for (const r of sk.requests) {
      out.push({
        proto: "tcp", state: "SYN_RECV", localAddr: r.localAddr, localPort: r.localPort, remoteAddr: r.remoteAddr, remotePort: r.remotePort, ifindex: 0, recvQueue: 0, sendQueue: 0, inode: 0, drops: 0,
        timer: { kind: "on", left: r.expires - now, count: r.retransmits },
      });
    }
  }
  for (const sk of tcp.all) if (sk.state !== "LISTEN" && sk.state !== "CLOSE") out.push(infoSocket(sk));
  for (const w of tcp.timeWaits.values()) {
    out.push({
      proto: "tcp", state: w.state, localAddr: w.localAddr, localPort: w.localPort, remoteAddr: w.remoteAddr, remotePort: w.remotePort, ifindex: 0, recvQueue: 0, sendQueue: 0, inode: 0, drops: 0,
      timer: { kind: "timewait", left: Math.max(0, w.expires - now), count: 0 },
    });
  }
  return out;
}

