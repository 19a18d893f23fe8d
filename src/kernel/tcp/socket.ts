/** A TCP socket: its transmission control block, and what programs may ask of it. net/ipv4/tcp.c, af_inet.c. */
import { WaitQueue } from "../../base/wait-queue.ts";
import { MILLISECOND, type Nanos, SECOND } from "../../sim/time.ts";
import type { Errno, TcpInfo, TcpOptions, TcpSock, TcpState } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { Cubic } from "./congestion.ts";
import type { IpAddress, PathQuery, TcpFamily, TcpPath } from "./family.ts";
import { closeListener, connect, finishConnectWait, shutdownSend, startListening } from "./connection.ts";
import { OctetRing } from "./octet-ring.ts";
import { cleanupAfterRead, pushPending, sendReset } from "./output.ts";
import type { TcpProtocol } from "./protocol.ts";
import type { Request } from "./request.ts";
import { Scoreboard } from "./scoreboard.ts";
import { distance } from "./seq.ts";
import { MovingTimer } from "./timer.ts";
import { delackTimeout, keepaliveTimeout, retransmitTimeout } from "./timers.ts";

export const TCP_MSS_DEFAULT = 536;
export const RTO_INITIAL: Nanos = SECOND;
export const RTO_MIN: Nanos = 200 * MILLISECOND;
export const RTO_MAX: Nanos = 120 * SECOND;
export const ATO_MIN: Nanos = 40 * MILLISECOND;
const INIT_CWND = 10;

export const SHUT_RD = 1;
export const SHUT_WR = 2;

export type CaState = "open" | "disorder" | "cwr" | "recovery" | "loss";

export class TcpSocket implements TcpSock {
  readonly kind = "tcp";
  readonly ns: NetNamespace;
  readonly tcp: TcpProtocol;
  readonly family: TcpFamily;
  readonly waiters = new WaitQueue();
  readonly inode: number;
  state: TcpState = "CLOSE";

  // -- ends
  localAddr: IpAddress;
  localPort = 0;
  remoteAddr: IpAddress;
  remotePort = 0;
  /** Given by bind(2): the source is not chosen by the route. */
  addrBound = false;
  portBound = false;
  boundIf = 0;
  reuseAddr = false;
  reusePort = false;
  /** In the table of bound ports, of connections; kept by TcpProtocol. */
  hashNext: TcpSocket | undefined;
  hashed = false;
  path: TcpPath | undefined;

  // -- options
  ttl = 0;
  tos = 0;
  mark = 0;
  noDelay = false;
  cork = false;
  keepAlive = false;
  keepIdle: Nanos | undefined;
  keepInterval: Nanos | undefined;
  keepCount: number | undefined;
  linger: Nanos | undefined;
  userTimeout: Nanos = 0;
  userMss = 0;
  deferAccept = false;
  synRetries: number | undefined;
  sndbufLocked = false;
  rcvbufLocked = false;

  // -- life
  /** No program holds it any more. */
  orphan = false;
  shut = 0;
  /** FIN arrived: reads end. */
  peerDone = false;
  error: Errno | undefined;
  softError: Errno | undefined;
  createdAt: Nanos;
  /** Ended, out of every table. */
  dead = false;

  // -- listening
  backlog = 0;
  readonly acceptQueue: TcpSocket[] = [];
  readonly requests = new Set<Request>();
  /** Of a connection that waits to be accepted. */
  listener: TcpSocket | undefined;

  // -- sending
  readonly out = new OctetRing();
  readonly board = new Scoreboard();
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  /** Behind the last octet that was written, FIN included. */
  writeSeq = 0;
  finQueued = false;
  sndWnd = 0;
  sndWl1 = 0;
  maxWindow = 0;
  sndWscale = 0;
  /** End of the last small segment: Minshall's variant of Nagle. */
  sndSml = 0;
  readonly pushMarks: number[] = [];
  mssClamp = TCP_MSS_DEFAULT;
  mssCache = TCP_MSS_DEFAULT;
  pmtu = 0;
  advmss = TCP_MSS_DEFAULT;
  sndbuf: number;
  id = 0;

  // -- receiving
  readonly in = new OctetRing();
  irs = 0;
  rcvNxt = 0;
  rcvWup = 0;
  rcvWnd = 0;
  rcvWscale = 0;
  rcvSsthresh = 0;
  windowClamp = 0;
  rcvMss = TCP_MSS_DEFAULT;
  rcvbuf: number;
  /** Sequence number of the next octet a program reads. */
  copiedSeq = 0;
  /** Data beyond gaps, as edges: left and right of each block, in order. */
  readonly gaps: number[] = [];
  oooBytes = 0;
  /** Blocks of the SACK option, the one changed last in front; and a duplicate to tell of. */
  readonly sackEdges: number[] = [];
  dsack: [number, number] | undefined;
  // dynamic right-sizing: tcp_rcv_space_adjust
  spaceCopied = 0;
  spaceTime: Nanos = 0;
  space = 0;
  rcvRtt: Nanos = 0;
  rcvRttSeq = 0;
  rcvRttTime: Nanos = 0;
  finSeq = -1;

  // -- options in use
  timestamps = false;
  sackOk = false;
  wscaleOk = false;
  tsOffset = 0;
  tsRecent = 0;
  tsRecentAt: Nanos = 0;
  tsValid = false;
  lastTsecr = 0;

  // -- acknowledgements we owe
  ackScheduled = false;
  ackPushed = 0;
  ackTimerPending = false;
  quick = 0;
  pingpong = false;
  ato: Nanos = 0;
  lastReceived: Nanos = 0;
  lastSent: Nanos = 0;
  lastAckReceived: Nanos = 0;

  // -- round trips, RFC 6298; srtt is in eighths of a nanosecond as the kernel has eighths of a microsecond
  srtt = 0;
  mdev = 0;
  mdevMax = 0;
  rttvar = 0;
  rttSeq = 0;
  rto: Nanos = RTO_INITIAL;
  minRtt: Nanos = Number.POSITIVE_INFINITY;
  backoff = 0;
  retransmits = 0;
  retransStamp: Nanos = 0;
  probesOut = 0;
  probesStart: Nanos = 0;
  keepProbes = 0;

  // -- congestion
  readonly ca = new Cubic();
  caState: CaState = "open";
  highSeq = 0;
  prrDelivered = 0;
  prrOut = 0;
  priorCwnd = 0;
  reordering = 3;
  reordSeen = false;
  /** The highest number a SACK block named. */
  highSacked = 0;
  dupacks = 0;
  maxPacketsOut = 0;
  cwndLimited = false;
  tlpHighSeq = 0;
  tlpActive = false;
  undoRetrans = 0;
  undoMarker = 0;
  priorSsthresh = 0;
  // RACK, RFC 8985
  rackTime: Nanos = 0;
  rackEnd = 0;
  rackRtt: Nanos = 0;
  rackAdvanced = false;
  delivered = 0;
  lost = 0;
  totalRetrans = 0;

  // -- counters for ss -i
  segsIn = 0;
  segsOut = 0;
  dataSegsIn = 0;
  dataSegsOut = 0;
  bytesSent = 0;
  bytesAcked = 0;
  bytesReceived = 0;
  bytesRetrans = 0;
  drops = 0;

  // -- timers
  readonly retransTimer: MovingTimer;
  /** What `retransTimer` is for: icsk_pending. */
  pending: "" | "rto" | "tlp" | "reo" | "probe" = "";
  readonly delackTimer: MovingTimer;
  readonly keepTimer: MovingTimer;

  constructor(tcp: TcpProtocol, family: TcpFamily) {
    this.tcp = tcp;
    this.ns = tcp.ns;
    this.family = family;
    this.localAddr = family.any;
    this.remoteAddr = family.any;
    this.inode = tcp.ns.kernel.newSocketInode();
    const { sysctl, sim } = tcp.ns;
    this.sndbuf = sysctl.numbers("net.ipv4.tcp_wmem")[1]!;
    this.rcvbuf = sysctl.numbers("net.ipv4.tcp_rmem")[1]!;
    this.ca.cwnd = INIT_CWND;
    this.createdAt = sim.clock.now;
    this.retransTimer = new MovingTimer(sim.clock, () => retransmitTimeout(this));
    this.delackTimer = new MovingTimer(sim.clock, () => delackTimeout(this));
    this.keepTimer = new MovingTimer(sim.clock, () => keepaliveTimeout(this));
    tcp.all.add(this);
  }

  get now(): Nanos {
    return this.ns.sim.clock.now;
  }

  /** Octets written and not yet sent. */
  get unsent(): number {
    return distance(this.writeSeq, this.sndNxt);
  }

  pathQuery(): PathQuery {
    return { dst: this.remoteAddr, src: this.addrBound || this.state !== "CLOSE" ? this.localAddr : this.family.any, oif: this.boundIf, tos: this.tos, mark: this.mark, sport: this.localPort, dport: this.remotePort };
  }

  // -- what programs see --------------------------------------------------------------------------------------------

  get peer(): { addr: IpAddress; port: number } | undefined {
    return this.remotePort === 0 ? undefined : { addr: this.remoteAddr, port: this.remotePort };
  }

  get readable(): boolean {
    if (this.state === "LISTEN") return this.acceptQueue.length > 0;
    return this.in.length > 0 || this.error !== undefined || this.peerDone || (this.shut & SHUT_RD) !== 0 || this.state === "CLOSE";
  }

  /** sk_stream_is_writeable: a third of the buffer is free. */
  get writable(): boolean {
    if (this.error !== undefined || (this.shut & SHUT_WR) !== 0 || this.state === "CLOSE") return true;
    if (this.state === "SYN_SENT" || this.state === "SYN_RECV" || this.state === "LISTEN") return false;
    const used = this.out.length;
    return this.sndbuf - used >= used >> 1;
  }

  set(o: TcpOptions): undefined | Errno {
    if (o.ttl !== undefined) {
      if (o.ttl < 1 || o.ttl > 255) return "EINVAL";
      this.ttl = o.ttl;
    }
    if (o.tos !== undefined) this.tos = o.tos & 0xff;
    if (o.mark !== undefined) this.mark = o.mark >>> 0;
    if (o.bindToDevice !== undefined) {
      if (o.bindToDevice !== 0 && this.ns.deviceByIndex(o.bindToDevice) === undefined) return "ENODEV";
      this.boundIf = o.bindToDevice;
    }
    if (o.reuseAddr !== undefined) this.reuseAddr = o.reuseAddr;
    if (o.reusePort !== undefined) this.reusePort = o.reusePort;
    if (o.linger !== undefined) this.linger = o.linger < 0 ? undefined : o.linger;
    if (o.userTimeout !== undefined) this.userTimeout = o.userTimeout;
    if (o.synRetries !== undefined) this.synRetries = o.synRetries;
    if (o.maxSegment !== undefined) {
      if (o.maxSegment !== 0 && (o.maxSegment < 88 || o.maxSegment > 32767)) return "EINVAL";
      this.userMss = o.maxSegment;
    }
    if (o.noDelay !== undefined) this.noDelay = o.noDelay;
    if (o.cork !== undefined) this.cork = o.cork;
    if ((o.noDelay === true || o.cork === false) && this.state !== "CLOSE" && this.state !== "LISTEN") pushPending(this);
    // The kernel doubles what it is given, for its own overhead.
    if (o.sendBuffer !== undefined) {
      this.sndbuf = Math.max(2 * Math.min(o.sendBuffer, this.ns.sysctl.number("net.core.wmem_max")), 4608);
      this.sndbufLocked = true;
    }
    if (o.receiveBuffer !== undefined) {
      this.rcvbuf = Math.max(2 * Math.min(o.receiveBuffer, this.ns.sysctl.number("net.core.rmem_max")), 2304);
      this.rcvbufLocked = true;
    }
    if (o.keepIdle !== undefined) this.keepIdle = o.keepIdle;
    if (o.keepInterval !== undefined) this.keepInterval = o.keepInterval;
    if (o.keepCount !== undefined) this.keepCount = o.keepCount;
    if (o.keepAlive !== undefined) {
      this.keepAlive = o.keepAlive;
      if (this.state !== "CLOSE" && this.state !== "LISTEN") {
        if (o.keepAlive) this.keepTimer.set(this.now + this.keepIdleTime);
        else this.keepTimer.stop();
      }
    }
    return undefined;
  }

  get keepIdleTime(): Nanos {
    return this.keepIdle ?? this.ns.sysctl.number("net.ipv4.tcp_keepalive_time") * SECOND;
  }

  bind(addr: IpAddress, port: number, o?: { reuseAddr?: boolean }): undefined | Errno {
    if (this.state !== "CLOSE" || this.localPort !== 0) return "EINVAL";
    if (o?.reuseAddr !== undefined) this.reuseAddr = o.reuseAddr;
    if (!this.family.isLocal(addr) && this.ns.sysctl.number("net.ipv4.ip_nonlocal_bind") === 0) return "EADDRNOTAVAIL";
    const e = this.tcp.takePort(this, addr, port);
    if (e !== undefined) return e;
    this.localAddr = addr;
    this.addrBound = !this.family.same(addr, this.family.any);
    this.portBound = port !== 0;
    return undefined;
  }

  listen(backlog: number): undefined | Errno {
    return startListening(this, backlog);
  }

  accept(): TcpSocket | Errno {
    if (this.state !== "LISTEN") return "EINVAL";
    const child = this.acceptQueue.shift();
    if (child === undefined) return "EAGAIN";
    child.listener = undefined;
    return child;
  }

  connect(addr: IpAddress, port: number): undefined | Errno {
    return connect(this, addr, port);
  }

  takeError(): Errno | undefined {
    const e = this.error;
    this.error = undefined;
    return e;
  }

  send(data: Uint8Array): number | Errno {
    const e = this.takeError();
    if (e !== undefined) return e;
    if ((this.shut & SHUT_WR) !== 0) return "EPIPE";
    switch (this.state) {
      case "ESTABLISHED":
      case "CLOSE_WAIT":
        break;
      case "SYN_SENT":
      case "SYN_RECV":
        return "EAGAIN";
      default:
        return this.remotePort === 0 ? "ENOTCONN" : "EPIPE";
    }
    const room = this.sndbuf - this.out.length;
    if (room <= 0) return "EAGAIN";
    const n = Math.min(data.length, room);
    if (n === 0) return 0;
    this.out.append(n === data.length ? data : data.subarray(0, n));
    this.writeSeq = (this.writeSeq + n) >>> 0;
    if (!this.cork) this.pushMarks.push(this.writeSeq);
    pushPending(this);
    return n;
  }

  recv(max: number, o?: { peek?: boolean }): Uint8Array | Errno {
    if (this.state === "LISTEN") return "ENOTCONN";
    if (this.in.length > 0) {
      const data = this.in.peek(max);
      if (o?.peek !== true) this.consumed(data.length);
      return data;
    }
    if (this.error !== undefined && !this.peerDone) return this.takeError()!;
    if (this.peerDone || (this.shut & SHUT_RD) !== 0) return new Uint8Array(0);
    if (this.state === "CLOSE") return this.remotePort === 0 ? "ENOTCONN" : new Uint8Array(0);
    return "EAGAIN";
  }

  private consumed(n: number): void {
    this.in.drop(n);
    this.copiedSeq = (this.copiedSeq + n) >>> 0;
    cleanupAfterRead(this, n);
  }

  shutdown(how: "read" | "write" | "both"): undefined | Errno {
    if (this.state === "LISTEN") {
      if (how === "write") return undefined;
      closeListener(this);
      this.setState("CLOSE");
      return undefined;
    }
    if (this.state === "SYN_SENT") {
      this.finish(undefined);
      return undefined;
    }
    if (this.state === "CLOSE" || this.state === "TIME_WAIT") return "ENOTCONN";
    if (how !== "write") this.shut |= SHUT_RD;
    if (how !== "read" && (this.shut & SHUT_WR) === 0) {
      this.shut |= SHUT_WR;
      if (this.state === "ESTABLISHED" || this.state === "CLOSE_WAIT" || this.state === "SYN_RECV") shutdownSend(this);
    }
    this.waiters.wake();
    return undefined;
  }

  /** tcp_close: what the program left unread makes a reset of the goodbye. */
  close(): void {
    if (this.orphan) return;
    this.orphan = true;
    if (this.state === "LISTEN") {
      closeListener(this);
      return this.finish(undefined);
    }
    const unread = this.in.length > 0;
    const wasShut = (this.shut & SHUT_WR) !== 0;
    this.shut = SHUT_RD | SHUT_WR;
    switch (this.state) {
      case "CLOSE":
      case "SYN_SENT":
        return this.finish(undefined);
      case "TIME_WAIT":
        return;
      default:
    }
    if (unread || this.linger === 0) {
      sendReset(this, unread ? "unread data" : "linger 0");
      this.tcp.mib.TCPAbortOnClose++;
      return this.finish(undefined);
    }
    if (!wasShut && (this.state === "ESTABLISHED" || this.state === "CLOSE_WAIT" || this.state === "SYN_RECV")) shutdownSend(this);
    if (this.state === "FIN_WAIT2") finishConnectWait(this);
  }

  // -- life ---------------------------------------------------------------------------------------------------------

  setState(s: TcpState): void {
    const { mib } = this.tcp;
    if (s === "ESTABLISHED") mib.CurrEstab++;
    else if (this.state === "ESTABLISHED" && s !== "CLOSE_WAIT") mib.CurrEstab--;
    else if (this.state === "CLOSE_WAIT") mib.CurrEstab--;
    if (s === "CLOSE" && (this.state === "ESTABLISHED" || this.state === "CLOSE_WAIT")) mib.EstabResets++;
    this.state = s;
  }

  stopTimers(): void {
    this.pending = "";
    this.retransTimer.destroy();
    this.delackTimer.destroy();
    this.keepTimer.destroy();
  }

  /** tcp_done: out of all tables. The program, if there is one, still reads what came, and the error. */
  finish(error: Errno | undefined): void {
    if (this.dead) return;
    if (error !== undefined) this.error = error;
    if (this.state === "SYN_SENT" || this.state === "SYN_RECV") this.tcp.mib.AttemptFails++;
    this.setState("CLOSE");
    this.stopTimers();
    this.shut = SHUT_RD | SHUT_WR;
    this.board.clear();
    this.out.clear();
    this.dead = true;
    this.tcp.release(this);
    this.waiters.wake();
  }

  info(): TcpInfo {
    return this.tcp.infoOf(this);
  }
}
