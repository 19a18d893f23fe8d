/** All of TCP in one namespace: ports, who a segment is for, answers to those for nobody. net/ipv4/inet_hashtables.c, tcp_ipv4.c. */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import type { RandomStream } from "../../sim/random.ts";
import { allocSkb, type Skb } from "../../sim/skb.ts";
import type { Nanos } from "../../sim/time.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { ICMP_TYPE, UNREACH } from "../../wire/icmp.ts";
import { IPV4, isMulticast } from "../../wire/ipv4.ts";
import { TCP, TCP_FLAG, TCP_MIN_LEN } from "../../wire/tcp.ts";
import type { Errno, SocketInfo, TcpInfo } from "../api.ts";
import { type NetDevice, PACKET } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { icmpErrno } from "../socket/base.ts";
import { requested, requestSegment } from "./connection.ts";
import type { IpAddress, SegmentOut, TcpFamily, TcpPath } from "./family.ts";
import { receive, SegmentIn } from "./input.ts";
import { ReceivedOptions, type SynOptions, synOptionsLength, writePaddedTimestamps, writeSynOptions } from "./options.ts";
import { currentMss, timestampNow } from "./output.ts";
import { resendLarger } from "./recovery.ts";
import type { Request } from "./request.ts";
import { after, before } from "./seq.ts";
import { infoOf, listSockets } from "./info.ts";
import { TcpSocket } from "./socket.ts";
import { TcpIpv4 } from "./tcp-ipv4.ts";
import { type TimeWait, TIMEWAIT_LEN } from "./time-wait.ts";

/** /proc/net/snmp's Tcp and what of TcpExt moves here. */
export class TcpMib {
  ActiveOpens = 0; PassiveOpens = 0; AttemptFails = 0; EstabResets = 0; CurrEstab = 0; InSegs = 0; OutSegs = 0; RetransSegs = 0; InErrs = 0; OutRsts = 0; InCsumErrors = 0;
  SyncookiesSent = 0; EmbryonicRsts = 0; TW = 0; PAWSEstab = 0; DelayedACKs = 0; DelayedACKLost = 0; ListenOverflows = 0; ListenDrops = 0; TCPTimeouts = 0; TCPLossProbes = 0; TCPFastRetrans = 0; TCPDSACKRecv = 0;
  TCPAbortOnData = 0; TCPAbortOnClose = 0; TCPAbortOnTimeout = 0; TCPOFOQueue = 0; TCPChallengeACK = 0; TCPWinProbe = 0; TCPZeroWindowDrop = 0;
}

/** Connections, found by both ends: chains of an open hash, so that looking one up allocates nothing. */
class ConnectionTable {
  private buckets = new Array<TcpSocket | undefined>(64).fill(undefined);
  size = 0;

  private slot(f: TcpFamily, laddr: IpAddress, lport: number, raddr: IpAddress, rport: number): number {
    let h = f.hash(laddr) ^ Math.imul(f.hash(raddr), 31) ^ Math.imul((lport << 16) | rport, 0x85ebca6b);
    h ^= h >>> 15;
    return h & (this.buckets.length - 1);
  }

  find(f: TcpFamily, laddr: IpAddress, lport: number, raddr: IpAddress, rport: number): TcpSocket | undefined {
    let s = this.buckets[this.slot(f, laddr, lport, raddr, rport)];
    while (s !== undefined && !(s.localPort === lport && s.remotePort === rport && f.same(s.localAddr, laddr) && f.same(s.remoteAddr, raddr) && s.family === f)) s = s.hashNext;
    return s;
  }

  add(s: TcpSocket): void {
    if (s.hashed) return;
    if (this.size > this.buckets.length) this.grow();
    this.link(s);
    s.hashed = true;
    this.size++;
  }

  private link(s: TcpSocket): void {
    const at = this.slot(s.family, s.localAddr, s.localPort, s.remoteAddr, s.remotePort);
    s.hashNext = this.buckets[at];
    this.buckets[at] = s;
  }

  private grow(): void {
    const all: TcpSocket[] = [];
    for (const head of this.buckets) for (let s = head; s !== undefined; s = s.hashNext) all.push(s);
    this.buckets = new Array<TcpSocket | undefined>(this.buckets.length * 2).fill(undefined);
    for (const s of all) this.link(s);
  }

  remove(s: TcpSocket): void {
    if (!s.hashed) return;
    const at = this.slot(s.family, s.localAddr, s.localPort, s.remoteAddr, s.remotePort);
    let p = this.buckets[at];
    if (p === s) this.buckets[at] = s.hashNext;
    else {
      while (p !== undefined && p.hashNext !== s) p = p.hashNext;
      if (p !== undefined) p.hashNext = s.hashNext;
    }
    s.hashNext = undefined;
    s.hashed = false;
    this.size--;
  }
}

export class TcpProtocol {
  readonly ns: NetNamespace;
  readonly ipv4: TcpIpv4;
  readonly random: RandomStream;
  readonly mib = new TcpMib();
  readonly options = new ReceivedOptions();
  /** Every socket that a program or the kernel still holds. */
  readonly all = new Set<TcpSocket>();
  readonly timeWaits = new Map<string, TimeWait>();
  readonly scratchOut: SegmentOut = { src: 0, dst: 0, ttl: 64, tos: 0, mark: 0, id: 0, dontFragment: true, why: "" };
  private readonly connections = new ConnectionTable();
  private readonly listeners = new Map<number, TcpSocket[]>();
  private readonly requests = new Map<string, Request>();
  /** Sockets bound to a port, connections and listeners alike. */
  private readonly bound = new Map<number, Set<TcpSocket>>();
  private readonly segment = new SegmentIn();

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.random = ns.kernel.sim.random(`${ns.kernel.node} netns ${ns.inode} tcp`);
    this.ipv4 = new TcpIpv4(ns);
  }

  socket(): TcpSocket {
    return new TcpSocket(this, this.ipv4);
  }

  /** Where a connection to "any" goes. */
  anyMeans(f: TcpFamily): IpAddress {
    return f.version === 4 ? 0x7f000001 : f.any;
  }
  isGroup(a: IpAddress): boolean {
    return isMulticast(a) || a === 0xffffffff || this.ns.fib.isBroadcast(a);
  }

  private key(f: TcpFamily, laddr: IpAddress, lport: number, raddr: IpAddress, rport: number): string {
    return `${f.format(laddr)}:${lport}-${f.format(raddr)}:${rport}`;
  }

  // -- ports --------------------------------------------------------------------------------------------------------

  /** inet_csk_get_port. Port 0: an odd one of the range first; connections prefer the even ones. */
  takePort(s: TcpSocket, addr: IpAddress, wanted: number): undefined | Errno {
    if (wanted !== 0) {
      if (this.bindConflict(s, addr, wanted)) return "EADDRINUSE";
      this.occupy(s, wanted);
      return undefined;
    }
    const [low, high] = this.ns.sysctl.numbers("net.ipv4.ip_local_port_range") as [number, number];
    for (const parity of [1, 0]) {
      const count = Math.floor((high - low + 2 - parity) / 2);
      if (count <= 0) continue;
      const start = this.random.below(count);
      for (let i = 0; i < count; i++) {
        const port = low + parity + 2 * ((start + i) % count);
        if (port > high || this.bindConflict(s, addr, port)) continue;
        this.occupy(s, port);
        return undefined;
      }
    }
    return "EADDRINUSE";
  }

  private occupy(s: TcpSocket, port: number): void {
    s.localPort = port;
    let set = this.bound.get(port);
    if (set === undefined) {
      set = new Set();
      this.bound.set(port, set);
    }
    set.add(s);
  }

  private bindConflict(s: TcpSocket, addr: IpAddress, port: number): boolean {
    const any = s.family.any;
    const overlaps = (other: IpAddress, boundIf: number): boolean => (s.family.same(other, addr) || s.family.same(other, any) || s.family.same(addr, any)) && (boundIf === 0 || s.boundIf === 0 || boundIf === s.boundIf);
    for (const o of this.bound.get(port) ?? []) {
      if (o === s || (o.reuseAddr && s.reuseAddr && o.state !== "LISTEN") || (o.reusePort && s.reusePort)) continue;
      if (overlaps(o.addrBound ? o.localAddr : any, o.boundIf)) return true;
    }
    for (const t of this.timeWaits.values()) if (t.localPort === port && !(t.reuse && s.reuseAddr) && overlaps(t.localAddr, t.boundIf)) return true;
    return false;
  }

  /** Two with SO_REUSEADDR may be bound alike; only one of them may listen. */
  listenConflict(s: TcpSocket): boolean {
    return (this.listeners.get(s.localPort) ?? []).some((o) => o !== s && !(o.reusePort && s.reusePort) && (s.family.same(o.localAddr, s.localAddr) || s.family.same(o.localAddr, s.family.any) || s.family.same(s.localAddr, s.family.any)) && (o.boundIf === s.boundIf));
  }

  /** __inet_hash_connect: a port so that no other connection has the same two ends. */
  takeEphemeral(s: TcpSocket): undefined | Errno {
    const f = s.family;
    const taken = (port: number): boolean => {
      if (this.connections.find(f, s.localAddr, port, s.remoteAddr, s.remotePort) !== undefined) return true;
      return this.timeWaits.has(this.key(f, s.localAddr, port, s.remoteAddr, s.remotePort));
    };
    if (s.localPort !== 0) {
      const w = this.timeWaits.get(this.key(f, s.localAddr, s.localPort, s.remoteAddr, s.remotePort));
      if (w !== undefined || taken(s.localPort)) return "EADDRNOTAVAIL";
      this.connections.add(s);
      return undefined;
    }
    const [low, high] = this.ns.sysctl.numbers("net.ipv4.ip_local_port_range") as [number, number];
    for (const parity of [0, 1]) {
      const count = Math.floor((high - low + 2 - parity) / 2);
      if (count <= 0) continue;
      const start = this.random.below(count);
      for (let i = 0; i < count; i++) {
        const port = low + parity + 2 * ((start + i) % count);
        if (port > high) continue;
        // A port that somebody bound by number is not taken for others.
        const holders = this.bound.get(port);
        if (holders !== undefined && [...holders].some((o) => o.portBound || o.state === "LISTEN")) continue;
        if (taken(port)) continue;
        this.occupy(s, port);
        this.connections.add(s);
        return undefined;
      }
    }
    return "EADDRNOTAVAIL";
  }

  addConnection(s: TcpSocket): void {
    this.occupy(s, s.localPort);
    this.connections.add(s);
  }

  addListener(s: TcpSocket): void {
    const list = this.listeners.get(s.localPort);
    if (list === undefined) this.listeners.set(s.localPort, [s]);
    else list.push(s);
  }

  removeListener(s: TcpSocket): void {
    const list = this.listeners.get(s.localPort)?.filter((o) => o !== s) ?? [];
    if (list.length > 0) this.listeners.set(s.localPort, list);
    else this.listeners.delete(s.localPort);
  }

  /** A socket is over. */
  release(s: TcpSocket): void {
    this.connections.remove(s);
    const set = this.bound.get(s.localPort);
    if (set !== undefined) {
      set.delete(s);
      if (set.size === 0) this.bound.delete(s.localPort);
    }
    this.all.delete(s);
    const l = s.listener;
    if (l !== undefined) {
      // It was reset before anybody accepted it: accept(2) still returns it.
      if (s.orphan) l.acceptQueue.splice(l.acceptQueue.indexOf(s), 1);
    }
  }

  addRequest(r: Request): void {
    this.requests.set(this.key(r.listener.family, r.localAddr, r.localPort, r.remoteAddr, r.remotePort), r);
    r.listener.requests.add(r);
  }

  dropRequest(r: Request): void {
    this.ns.sim.clock.cancel(r.timer);
    this.requests.delete(this.key(r.listener.family, r.localAddr, r.localPort, r.remoteAddr, r.remotePort));
    r.listener.requests.delete(r);
  }

  addTimeWait(w: TimeWait, wait: Nanos): void {
    this.timeWaits.set(this.key(w.family, w.localAddr, w.localPort, w.remoteAddr, w.remotePort), w);
    this.mib.TW++;
    this.armTimeWait(w, wait);
  }

  private armTimeWait(w: TimeWait, wait: Nanos): void {
    const { clock } = this.ns.sim;
    clock.cancel(w.timer);
    w.expires = clock.now + wait;
    w.timer = clock.after(wait, () => this.dropTimeWait(w));
  }

  private dropTimeWait(w: TimeWait): void {
    this.ns.sim.clock.cancel(w.timer);
    this.timeWaits.delete(this.key(w.family, w.localAddr, w.localPort, w.remoteAddr, w.remotePort));
  }

  // -- in -----------------------------------------------------------------------------------------------------------

  /** inet_lookup_listener: the one that fits best. */
  private listenerFor(f: TcpFamily, dst: IpAddress, port: number, ifindex: number): TcpSocket | undefined {
    let best: TcpSocket | undefined;
    let bestScore = -1;
    for (const s of this.listeners.get(port) ?? []) {
      if (s.family !== f) continue;
      let score = 0;
      if (s.addrBound) {
        if (!f.same(s.localAddr, dst)) continue;
        score += 2;
      }
      if (s.boundIf !== 0) {
        if (s.boundIf !== ifindex) continue;
        score++;
      }
      if (score > bestScore) {
        best = s;
        bestScore = score;
      }
    }
    return best;
  }

  /** tcp_v4_rcv. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const { bytes: b, network } = skb;
    this.receiveFrom(this.ipv4, skb, dev, getU32(b, network + IPV4.src), getU32(b, network + IPV4.dst));
  }

  receiveFrom(f: TcpFamily, skb: Skb, dev: NetDevice, src: IpAddress, dst: IpAddress): void {
    const { ns, mib } = this;
    const b = skb.bytes;
    const at = skb.transport;
    if (skb.pktType !== PACKET.HOST) return ns.drop(skb, "socket", dev, "NOT_SPECIFIED");
    mib.InSegs++;
    const have = skb.tail - at;
    const headerLength = have >= TCP_MIN_LEN ? (b[at + TCP.offset]! >> 4) * 4 : 0;
    if (headerLength < TCP_MIN_LEN || headerLength > have) {
      mib.InErrs++;
      return ns.drop(skb, "socket", dev, "PKT_TOO_SMALL");
    }
    if (finish(sumWords(b, at, skb.tail, f.pseudoSum(src, dst, have))) !== 0) {
      mib.InCsumErrors++;
      mib.InErrs++;
      return ns.drop(skb, "socket", dev, "TCP_CSUM");
    }
    const g = this.segment;
    const flags = b[at + TCP.flags]!;
    g.skb = skb;
    g.seq = getU32(b, at + TCP.seq);
    g.ack = getU32(b, at + TCP.ack);
    g.flags = flags;
    g.window = getU16(b, at + TCP.window);
    g.at = at + headerLength;
    g.length = have - headerLength;
    g.end = (g.seq + g.length + ((flags & TCP_FLAG.SYN) !== 0 ? 1 : 0) + ((flags & TCP_FLAG.FIN) !== 0 ? 1 : 0)) >>> 0;
    g.drop = "";
    this.options.parse(b, at + TCP_MIN_LEN, at + headerLength, flags);
    const what = this.dispatch(f, g, src, dst, getU16(b, at + TCP.src), getU16(b, at + TCP.dst), dev);
    if (g.drop !== "") ns.drop(skb, "socket", dev, g.drop, ns.sim.trace.on ? what : "");
    else ns.consume(skb, "socket", dev, ns.sim.trace.on ? what : "");
  }

  /** @returns whom it was for, for the reason stream. */
  private dispatch(f: TcpFamily, g: SegmentIn, src: IpAddress, dst: IpAddress, sport: number, dport: number, dev: NetDevice): string {
    const sk = this.connections.find(f, dst, dport, src, sport);
    const trace = this.ns.sim.trace.on;
    if (sk !== undefined && (sk.boundIf === 0 || sk.boundIf === dev.ifindex)) {
      const before_ = sk.state;
      receive(sk, g);
      return trace ? `tcp port ${dport} ${before_}${sk.state === before_ ? "" : ` > ${sk.dead ? "closed" : sk.state}`}` : "";
    }
    // Maps by text only where a connection is not there yet or any more.
    if (this.requests.size > 0) {
      const r = this.requests.get(this.key(f, dst, dport, src, sport));
      if (r !== undefined) {
        requestSegment(r, g);
        return trace ? `tcp port ${dport} SYN_RECV` : "";
      }
    }
    if (this.timeWaits.size > 0) {
      const w = this.timeWaits.get(this.key(f, dst, dport, src, sport));
      if (w !== undefined && !this.timeWaitSegment(w, g)) return trace ? `tcp port ${dport} TIME_WAIT` : "";
    }
    const l = this.listenerFor(f, dst, dport, dev.ifindex);
    if (l !== undefined) {
      requested(l, g, src, dst, sport);
      return trace ? `tcp port ${dport} LISTEN` : "";
    }
    if (!g.has(TCP_FLAG.RST)) this.resetFor(g, f);
    g.drop = "NO_SOCKET";
    return `tcp port ${dport}`;
  }

  /** tcp_timewait_state_process. @returns whether the segment may begin a new connection. */
  private timeWaitSegment(w: TimeWait, g: SegmentIn): boolean {
    const o = this.options;
    const { now } = this.ns.sim.clock;
    const old = w.timestamps && o.timestamps && before(o.tsval, w.tsRecent);
    if (g.has(TCP_FLAG.RST)) {
      g.drop = "TCP_RESET";
      if (g.seq === w.rcvNxt && this.ns.sysctl.number("net.ipv4.tcp_rfc1337") === 0) this.dropTimeWait(w);
      return false;
    }
    if (g.has(TCP_FLAG.SYN) && !g.has(TCP_FLAG.ACK) && !old && (after(g.seq, w.rcvNxt) || (w.timestamps && o.timestamps && ((w.tsRecent - o.tsval) | 0) < 0))) {
      this.dropTimeWait(w);
      return true;
    }
    if (w.state === "FIN_WAIT2" && !old && g.end !== g.seq) {
      if (g.length > 0 && after(g.end, w.rcvNxt) && !(g.has(TCP_FLAG.FIN) && g.length === 0)) {
        this.resetFor(g, w.family);
        this.dropTimeWait(w);
        g.drop = "TCP_ABORT_ON_DATA";
        return false;
      }
      if (g.has(TCP_FLAG.FIN) && g.seq === w.rcvNxt) {
        w.state = "TIME_WAIT";
        w.rcvNxt = g.end;
        if (o.timestamps) w.tsRecent = o.tsval;
        this.armTimeWait(w, TIMEWAIT_LEN);
        this.timeWaitAck(w, "ACK of FIN");
        return false;
      }
    }
    if (g.end === g.seq && !old && g.seq === w.rcvNxt) {
      g.drop = "";
      if (o.timestamps) {
        w.tsRecent = o.tsval;
        w.tsRecentAt = now;
      }
      if (w.state === "TIME_WAIT") this.armTimeWait(w, TIMEWAIT_LEN);
      return false;
    }
    g.drop = "TCP_OLD_DATA";
    if (g.has(TCP_FLAG.ACK)) {
      if (w.state === "TIME_WAIT") this.armTimeWait(w, TIMEWAIT_LEN);
      this.timeWaitAck(w, "ACK from TIME_WAIT");
    }
    return false;
  }

  private timeWaitAck(w: TimeWait, why: string): void {
    if (w.path === undefined) return;
    const f = w.family;
    const length = TCP_MIN_LEN + (w.timestamps ? 12 : 0);
    const skb = this.header(length, w.localPort, w.remotePort, w.sndNxt, w.rcvNxt, TCP_FLAG.ACK, Math.min(w.rcvWnd >>> w.rcvWscale, 65535));
    if (w.timestamps) writePaddedTimestamps(skb.bytes, skb.data + TCP.options, timestampNow(this.ns.sim.clock.now, w.tsOffset), w.tsRecent);
    this.seal(skb, f, w.localAddr, w.remoteAddr);
    this.mib.OutSegs++;
    const r = f.refresh(w.path, { dst: w.remoteAddr, src: w.localAddr, oif: w.boundIf, tos: w.tos, mark: w.mark, sport: w.localPort, dport: w.remotePort });
    if (r.ok) this.sendBare(skb, f, r.value, w.localAddr, w.remoteAddr, w.tos, w.mark, `tcp ${w.state} ${why}`);
    else skb.free();
  }

  /** tcp_v4_send_reset: nobody knows of this segment. RFC 9293 §3.10.7.1. */
  resetFor(g: SegmentIn, f: TcpFamily): void {
    if (g.has(TCP_FLAG.RST)) return;
    const b = g.skb.bytes;
    const net = g.skb.network;
    const src = getU32(b, net + IPV4.src);
    const dst = getU32(b, net + IPV4.dst);
    const at = g.skb.transport;
    const [sport, dport] = [getU16(b, at + TCP.src), getU16(b, at + TCP.dst)];
    const r = f.path({ dst: src, src: dst, oif: 0, tos: 0, mark: 0, sport: dport, dport: sport });
    if (!r.ok) return;
    const ack = g.has(TCP_FLAG.ACK);
    const skb = this.header(TCP_MIN_LEN, dport, sport, ack ? g.ack : 0, ack ? 0 : g.end, ack ? TCP_FLAG.RST : TCP_FLAG.RST | TCP_FLAG.ACK, 0);
    this.seal(skb, f, dst, src);
    this.mib.OutSegs++;
    this.mib.OutRsts++;
    this.sendBare(skb, f, r.value, dst, src, 0, 0, `tcp RST: port ${dport}`);
  }

  // -- segments without a connection ----------------------------------------------------------------------------------

  private header(length: number, sport: number, dport: number, seq: number, ack: number, flags: number, window: number): Skb {
    const skb = allocSkb(length, this.ns.sim.nextPacket());
    const b = skb.bytes;
    const at = skb.data;
    skb.transport = at;
    setU16(b, at + TCP.src, sport);
    setU16(b, at + TCP.dst, dport);
    setU32(b, at + TCP.seq, seq);
    setU32(b, at + TCP.ack, ack);
    b[at + TCP.offset] = (length >> 2) << 4;
    b[at + TCP.flags] = flags;
    setU16(b, at + TCP.window, window);
    setU16(b, at + TCP.checksum, 0);
    setU16(b, at + TCP.urgent, 0);
    return skb;
  }

  private seal(skb: Skb, f: TcpFamily, src: IpAddress, dst: IpAddress): void {
    setU16(skb.bytes, skb.data + TCP.checksum, finish(sumWords(skb.bytes, skb.data, skb.tail, f.pseudoSum(src, dst, skb.tail - skb.data))));
  }

  buildSyn(f: TcpFamily, laddr: IpAddress, lport: number, raddr: IpAddress, rport: number, seq: number, ack: number, flags: number, window: number, o: SynOptions): Skb {
    const skb = this.header(TCP_MIN_LEN + synOptionsLength(o), lport, rport, seq, ack, flags, window);
    writeSynOptions(skb.bytes, skb.data + TCP.options, o);
    this.seal(skb, f, laddr, raddr);
    return skb;
  }

  /** Sends what no connection sends: identification 0, as the kernel's control sockets do. */
  sendBare(skb: Skb, f: TcpFamily, path: TcpPath, src: IpAddress, dst: IpAddress, tos: number, mark: number, why: string): void {
    const out = this.scratchOut;
    out.src = src;
    out.dst = dst;
    out.ttl = this.ns.sysctl.number("net.ipv4.ip_default_ttl");
    out.tos = tos;
    out.mark = mark;
    out.id = 0;
    out.dontFragment = true;
    out.why = this.ns.sim.trace.on ? why : "";
    skb.mark = mark;
    f.transmit(skb, path, out);
  }

  // -- errors of the network ----------------------------------------------------------------------------------------

  /** tcp_v4_err: `inner` is the quoted packet, from its IP header on. */
  error(inner: Uint8Array, type: number, code: number, info: number): void {
    const headerLength = (inner[0]! & 15) * 4;
    if (inner.length < headerLength + 8) return;
    const f = this.ipv4;
    const local = getU32(inner, IPV4.src);
    const remote = getU32(inner, IPV4.dst);
    const sk = this.connections.find(f, local, getU16(inner, headerLength + TCP.src), remote, getU16(inner, headerLength + TCP.dst));
    if (sk === undefined || sk.state === "CLOSE") return;
    const seq = getU32(inner, headerLength + TCP.seq);
    if (before(seq, sk.sndUna) || after(seq, sk.sndNxt)) return;
    if (type === ICMP_TYPE.DEST_UNREACH && code === UNREACH.FRAG_NEEDED) return this.narrowed(sk, info);
    const { errno } = icmpErrno(type, code);
    if (type === ICMP_TYPE.SOURCE_QUENCH) return;
    if (sk.state === "SYN_SENT" || sk.state === "SYN_RECV") sk.finish(errno);
    else sk.softError = errno;
  }

  /** tcp_v4_mtu_reduced. The route has learnt it already. */
  private narrowed(sk: TcpSocket, mtu: number): void {
    if (sk.state === "LISTEN" || sk.pmtu <= mtu) return;
    sk.path = undefined;
    const mss = currentMss(sk);
    resendLarger(sk, mss);
  }

  // -- for programs -------------------------------------------------------------------------------------------------

  infoOf(sk: TcpSocket): TcpInfo {
    return infoOf(sk);
  }

  list(): SocketInfo[] {
    return listSockets(this);
  }

  /** A namespace goes: nothing of it stays in the event queue. */
  destroy(): void {
    for (const s of [...this.all]) s.finish(undefined);
    for (const w of [...this.timeWaits.values()]) this.dropTimeWait(w);
  }
}
