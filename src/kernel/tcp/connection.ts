/** How connections begin and end: connect, listen, what a listener answers, FIN, TIME_WAIT. net/ipv4/tcp_minisocks.c, inet_connection_sock.c. */
import { SECOND } from "../../sim/time.ts";
import { TCP_FLAG } from "../../wire/tcp.ts";
import type { Errno } from "../api.ts";
import type { IpAddress } from "./family.ts";
import type { SegmentIn } from "./input.ts";
import { receive } from "./input.ts";
import { advertisedMss, pushPending, selectInitialWindow, sendReset, syncMss, timestampNow, transmitSyn } from "./output.ts";
import type { Request } from "./request.ts";
import { after, before, distance, doubled, plus } from "./seq.ts";
import { RTO_INITIAL, RTO_MAX, SHUT_RD, SHUT_WR, TcpSocket } from "./socket.ts";
import { TIMEWAIT_LEN } from "./time-wait.ts";
import { armRto } from "./timers.ts";

// -- active open ------------------------------------------------------------------------------------------------------

/** tcp_v4_connect and tcp_connect. */
export function connect(sk: TcpSocket, to: IpAddress, port: number): undefined | Errno {
  if (sk.state === "SYN_SENT" || sk.state === "SYN_RECV") return "EALREADY";
  if (sk.state === "LISTEN" || sk.state !== "CLOSE" || sk.remotePort !== 0) return "EISCONN";
  const { family, tcp } = sk;
  const dst = family.same(to, family.any) ? tcp.anyMeans(family) : to;
  const r = family.path({ dst, src: sk.localAddr, oif: sk.boundIf, tos: sk.tos, mark: sk.mark, sport: sk.localPort, dport: port });
  if (!r.ok) {
    if (r.error === "ENETUNREACH") tcp.ns.ip.counters.OutNoRoutes++;
    return r.error;
  }
  if (tcp.isGroup(dst)) return "ENETUNREACH";
  const before_ = { addr: sk.localAddr };
  if (!sk.addrBound) sk.localAddr = r.value.src;
  sk.remoteAddr = dst;
  sk.remotePort = port;
  const e = tcp.takeEphemeral(sk);
  if (e !== undefined) {
    sk.localAddr = before_.addr;
    sk.remoteAddr = family.any;
    sk.remotePort = 0;
    return e;
  }
  sk.path = r.value;
  sk.setState("SYN_SENT");
  sk.id = tcp.random.below(65536);
  sk.iss = tcp.random.u32();
  sk.tsOffset = tcp.random.u32();
  sk.sndUna = sk.iss;
  sk.sndNxt = plus(sk.iss, 1);
  sk.writeSeq = sk.sndNxt;
  sk.sndSml = sk.iss;
  sk.rackEnd = sk.iss;
  sk.highSacked = sk.iss;
  sk.timestamps = tcp.ns.sysctl.number("net.ipv4.tcp_timestamps") !== 0;
  sk.ca.cwnd = r.value.initcwnd ?? 10;
  sk.advmss = advertisedMss(sk);
  sk.mssClamp = sk.userMss > 0 ? Math.min(sk.userMss, 65535) : 65535;
  syncMss(sk, family.mtuOf(r.value));
  const w = selectInitialWindow(sk, sk.advmss, tcp.ns.sysctl.number("net.ipv4.tcp_window_scaling") !== 0, r.value.initrwnd);
  sk.rcvWnd = w.window;
  sk.rcvWscale = w.wscale;
  sk.windowClamp = Math.min(w.clamp, tcpFullSpace(sk));
  sk.rcvSsthresh = sk.rcvWnd;
  sk.rto = RTO_INITIAL;
  sk.board.push(sk.iss, sk.sndNxt, TCP_FLAG.SYN, sk.now);
  tcp.mib.ActiveOpens++;
  transmitSyn(sk, TCP_FLAG.SYN, "SYN");
  armRto(sk);
  return "EINPROGRESS";
}

function tcpFullSpace(sk: TcpSocket): number {
  return Math.floor(sk.rcvbuf / 2);
}

/** tcp_finish_connect and what tcp_init_transfer sets up. */
export function established(sk: TcpSocket): void {
  sk.setState("ESTABLISHED");
  sk.lastReceived = sk.now;
  sk.space = Math.min(sk.rcvWnd, 10 * sk.advmss);
  sk.spaceTime = sk.now;
  sk.windowClamp = Math.min(sk.windowClamp, tcpFullSpace(sk));
  if (!sk.sndbufLocked) sk.sndbuf = Math.max(sk.sndbuf, 2 * 10 * (sk.mssCache + 856));
  if (sk.keepAlive) sk.keepTimer.set(sk.now + sk.keepIdleTime);
  sk.highSacked = sk.sndUna;
  sk.sndSml = sk.sndUna;
  sk.waiters.wake();
}

// -- passive open -----------------------------------------------------------------------------------------------------

export function startListening(sk: TcpSocket, backlog: number): undefined | Errno {
  if (sk.state !== "CLOSE" && sk.state !== "LISTEN") return "EINVAL";
  if (sk.dead || sk.remotePort !== 0) return "EINVAL";
  const most = sk.ns.sysctl.number("net.core.somaxconn");
  // listen(2) compares as unsigned: a negative one is the largest.
  sk.backlog = backlog < 0 || backlog > most ? most : backlog;
  if (sk.state === "LISTEN") return undefined;
  if (sk.localPort === 0) {
    const e = sk.tcp.takePort(sk, sk.localAddr, 0);
    if (e !== undefined) return e;
  }
  if (sk.tcp.listenConflict(sk)) return "EADDRINUSE";
  sk.setState("LISTEN");
  sk.tcp.addListener(sk);
  return undefined;
}

/** inet_csk_listen_stop: those that nobody will accept are reset. */
export function closeListener(sk: TcpSocket): void {
  for (const r of [...sk.requests]) sk.tcp.dropRequest(r);
  for (const child of sk.acceptQueue.splice(0)) {
    child.listener = undefined;
    child.orphan = true;
    if (!child.dead) sendReset(child, "nobody accepts it any more");
    child.finish(undefined);
  }
  sk.tcp.removeListener(sk);
}

/** sk_acceptq_is_full: one more than the backlog. */
function queueFull(sk: TcpSocket): boolean {
  return sk.acceptQueue.length > sk.backlog;
}

/** tcp_rcv_state_process in LISTEN, tcp_conn_request. */
export function requested(listener: TcpSocket, g: SegmentIn, src: IpAddress, dst: IpAddress, sport: number): void {
  const { tcp, family } = listener;
  if (g.has(TCP_FLAG.RST)) {
    g.drop = "TCP_RESET";
    return;
  }
  if (g.has(TCP_FLAG.ACK)) {
    g.drop = "TCP_FLAGS";
    tcp.resetFor(g, family);
    return;
  }
  if (!g.has(TCP_FLAG.SYN) || g.has(TCP_FLAG.FIN)) {
    g.drop = "TCP_FLAGS";
    return;
  }
  if (queueFull(listener)) {
    tcp.mib.ListenOverflows++;
    tcp.mib.ListenDrops++;
    listener.drops++;
    g.drop = "SOCKET_BACKLOG";
    return;
  }
  const r = family.path({ dst: src, src: dst, oif: listener.boundIf, tos: listener.tos, mark: listener.mark, sport: listener.localPort, dport: sport });
  if (!r.ok) {
    g.drop = "IP_OUTNOROUTES";
    return;
  }
  const o = tcp.options;
  const { sysctl } = tcp.ns;
  const timestamps = o.timestamps && sysctl.number("net.ipv4.tcp_timestamps") !== 0;
  const wscaleOk = o.wscale >= 0 && sysctl.number("net.ipv4.tcp_window_scaling") !== 0;
  listener.path = r.value;
  const advmss = advertisedMss(listener);
  listener.path = undefined;
  const w = selectInitialWindow(listener, advmss - (timestamps ? 12 : 0), wscaleOk, r.value.initrwnd);
  const now = tcp.ns.sim.clock.now;
  const request: Request = {
    listener, localAddr: dst, localPort: listener.localPort, remoteAddr: src, remotePort: sport, irs: g.seq, iss: tcp.random.u32(), path: r.value,
    mss: o.mss > 0 ? o.mss : 536, wscale: wscaleOk ? o.wscale : -1, sackOk: o.sackOk && sysctl.number("net.ipv4.tcp_sack") !== 0, timestamps, tsOffset: tcp.random.u32(), tsRecent: timestamps ? o.tsval : 0,
    rcvWnd: w.window, rcvWscale: w.wscale, advmss, sentAt: now, retransmits: 0, timer: 0, expires: 0, mark: listener.mark,
  };
  tcp.addRequest(request);
  sendSynAck(request, "SYN-ACK");
  armRequest(request);
}

export function sendSynAck(r: Request, why: string): void {
  const { tcp, family } = r.listener;
  const now = tcp.ns.sim.clock.now;
  const skb = tcp.buildSyn(family, r.localAddr, r.localPort, r.remoteAddr, r.remotePort, r.iss, plus(r.irs, 1), TCP_FLAG.SYN | TCP_FLAG.ACK, Math.min(r.rcvWnd, 65535), {
    mss: r.advmss, sackOk: r.sackOk, timestamps: r.timestamps, tsval: timestampNow(now, r.tsOffset), tsecr: r.tsRecent, wscale: r.wscale >= 0 ? r.rcvWscale : -1,
  });
  tcp.mib.OutSegs++;
  tcp.sendBare(skb, family, r.path, r.localAddr, r.remoteAddr, r.listener.tos, r.mark, `tcp SYN_RECV ${why}`);
}

function armRequest(r: Request): void {
  const { clock } = r.listener.ns.sim;
  const wait = Math.min(doubled(RTO_INITIAL, r.retransmits), RTO_MAX);
  r.expires = clock.now + wait;
  r.timer = clock.after(wait, () => {
    if (r.retransmits >= r.listener.ns.sysctl.number("net.ipv4.tcp_synack_retries")) return r.listener.tcp.dropRequest(r);
    r.retransmits++;
    r.listener.tcp.mib.RetransSegs++;
    r.listener.tcp.mib.TCPTimeouts++;
    sendSynAck(r, `SYN-ACK again, ${r.retransmits}`);
    armRequest(r);
  });
}

/** tcp_check_req: the segment that follows a SYN-ACK. */
export function requestSegment(r: Request, g: SegmentIn): void {
  const { listener } = r;
  const { tcp } = listener;
  const o = tcp.options;
  if (r.timestamps && o.timestamps && before(o.tsval, r.tsRecent)) {
    g.drop = "TCP_RFC7323_PAWS";
    if (!g.has(TCP_FLAG.RST)) sendSynAck(r, "SYN-ACK again");
    return;
  }
  if (g.seq === r.irs && g.has(TCP_FLAG.SYN) && !g.has(TCP_FLAG.ACK) && !g.has(TCP_FLAG.RST)) {
    g.drop = "TCP_OLD_SEQUENCE";
    return sendSynAck(r, "SYN-ACK again, for the SYN came again");
  }
  if (g.has(TCP_FLAG.ACK) && g.ack !== plus(r.iss, 1)) {
    g.drop = "TCP_INVALID_ACK_SEQUENCE";
    return tcp.resetFor(g, listener.family);
  }
  if (before(g.end, plus(r.irs, 1)) || after(g.seq, plus(r.irs, 1 + r.rcvWnd))) {
    g.drop = "TCP_INVALID_SEQUENCE";
    return;
  }
  if (g.has(TCP_FLAG.RST) || g.has(TCP_FLAG.SYN)) {
    g.drop = g.has(TCP_FLAG.RST) ? "TCP_RESET" : "TCP_INVALID_SYN";
    if (g.has(TCP_FLAG.SYN)) tcp.resetFor(g, listener.family);
    tcp.mib.EmbryonicRsts++;
    return tcp.dropRequest(r);
  }
  if (!g.has(TCP_FLAG.ACK)) {
    g.drop = "TCP_FLAGS";
    return;
  }
  if (queueFull(listener)) {
    tcp.mib.ListenOverflows++;
    tcp.mib.ListenDrops++;
    listener.drops++;
    g.drop = "SOCKET_BACKLOG";
    if (tcp.ns.sysctl.number("net.ipv4.tcp_abort_on_overflow") !== 0) {
      tcp.resetFor(g, listener.family);
      tcp.dropRequest(r);
    }
    return;
  }
  const child = makeChild(r, g);
  listener.acceptQueue.push(child);
  receive(child, g);
  listener.waiters.wake();
}

/** tcp_create_openreq_child. */
function makeChild(r: Request, g: SegmentIn): TcpSocket {
  const { listener } = r;
  const { tcp } = listener;
  const sk = new TcpSocket(tcp, listener.family);
  tcp.dropRequest(r);
  sk.listener = listener;
  for (const k of ["ttl", "tos", "mark", "noDelay", "cork", "keepAlive", "keepIdle", "keepInterval", "keepCount", "linger", "userTimeout", "userMss", "reuseAddr", "reusePort", "boundIf", "sndbuf", "sndbufLocked", "rcvbuf", "rcvbufLocked"] as const) (sk as unknown as Record<string, unknown>)[k] = listener[k];
  sk.localAddr = r.localAddr;
  sk.localPort = r.localPort;
  sk.remoteAddr = r.remoteAddr;
  sk.remotePort = r.remotePort;
  sk.addrBound = true;
  sk.path = r.path;
  sk.id = tcp.random.below(65536);
  sk.iss = r.iss;
  sk.sndUna = sk.sndNxt = sk.writeSeq = plus(r.iss, 1);
  sk.rackEnd = sk.sndUna;
  sk.irs = r.irs;
  sk.rcvNxt = sk.rcvWup = sk.copiedSeq = sk.spaceCopied = plus(r.irs, 1);
  sk.tsOffset = r.tsOffset;
  sk.timestamps = r.timestamps;
  sk.tsRecent = r.tsRecent;
  sk.tsRecentAt = sk.now;
  sk.tsValid = r.timestamps;
  sk.sackOk = r.sackOk;
  sk.wscaleOk = r.wscale >= 0;
  sk.sndWscale = Math.max(r.wscale, 0);
  sk.rcvWscale = r.rcvWscale;
  sk.rcvWnd = r.rcvWnd;
  sk.rcvSsthresh = r.rcvWnd;
  sk.windowClamp = Math.min(65535 * (1 << r.rcvWscale), tcpFullSpace(sk));
  sk.advmss = r.advmss - (r.timestamps ? 12 : 0);
  sk.mssClamp = sk.userMss > 0 ? Math.min(sk.userMss, Math.max(r.mss, 48)) : Math.max(r.mss, 48);
  sk.sndWnd = g.window * (1 << sk.sndWscale);
  sk.maxWindow = sk.sndWnd;
  sk.sndWl1 = g.seq;
  syncMss(sk, sk.family.mtuOf(r.path));
  sk.rcvMss = Math.max(Math.min(sk.advmss, sk.mssCache, sk.rcvWnd >> 1, 536), 88);
  sk.ca.cwnd = r.path.initcwnd ?? 10;
  sk.state = "SYN_RECV";
  tcp.addConnection(sk);
  established(sk);
  tcp.mib.PassiveOpens++;
  if (r.retransmits === 0) {
    const rtt = sk.now - r.sentAt;
    sk.minRtt = rtt;
    sk.srtt = rtt * 8;
    sk.mdev = rtt * 2;
    sk.rttvar = Math.max(sk.mdev, 200_000_000);
    sk.mdevMax = sk.rttvar;
    sk.rttSeq = sk.sndNxt;
    sk.rto = Math.ceil((rtt + sk.rttvar) / 4_000_000) * 4_000_000;
  }
  return sk;
}

// -- the end ----------------------------------------------------------------------------------------------------------

/** tcp_send_fin, and the state that follows. */
export function shutdownSend(sk: TcpSocket): void {
  sk.shut |= SHUT_WR;
  sk.setState(sk.state === "CLOSE_WAIT" ? "LAST_ACK" : "FIN_WAIT1");
  sk.cork = false;
  sk.finQueued = true;
  sk.writeSeq = plus(sk.writeSeq, 1);
  pushPending(sk);
}

/** FIN_WAIT2 that no program waits for: it lasts as long as net.ipv4.tcp_fin_timeout. */
export function finishConnectWait(sk: TcpSocket): void {
  const wait = sk.ns.sysctl.number("net.ipv4.tcp_fin_timeout") * SECOND;
  if (wait > TIMEWAIT_LEN) return sk.keepTimer.set(sk.now + wait - TIMEWAIT_LEN);
  becomeTimeWait(sk, "FIN_WAIT2", wait);
}

/** tcp_time_wait: a small remainder takes the connection's place. */
export function becomeTimeWait(sk: TcpSocket, state: "TIME_WAIT" | "FIN_WAIT2", wait = TIMEWAIT_LEN): void {
  const { tcp } = sk;
  tcp.addTimeWait(
    {
      family: sk.family, state, localAddr: sk.localAddr, localPort: sk.localPort, remoteAddr: sk.remoteAddr, remotePort: sk.remotePort, path: sk.path, sndNxt: sk.sndNxt, rcvNxt: sk.rcvNxt, rcvWnd: Math.max(0, distance(plus(sk.rcvWup, sk.rcvWnd), sk.rcvNxt) | 0), rcvWscale: sk.rcvWscale,
      timestamps: sk.timestamps, tsOffset: sk.tsOffset, tsRecent: sk.tsRecent, tsRecentAt: sk.tsRecentAt, tos: sk.tos, mark: sk.mark, reuse: sk.reuseAddr, boundIf: sk.boundIf, timer: 0, expires: 0,
    },
    wait,
  );
  sk.shut = SHUT_RD | SHUT_WR;
  sk.finish(undefined);
}
