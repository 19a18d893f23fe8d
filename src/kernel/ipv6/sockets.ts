/** Raw and UDP sockets of IPv6: net/ipv6/raw.c, udp.c, datagram.c. */
import { WaitQueue } from "../../base/wait-queue.ts";
import { getU16, setU16 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { IPV6, pseudoHeaderSum6 } from "../../wire/ipv6.ts";
import { UDP, UDP_LEN } from "../../wire/udp.ts";
import type { Errno } from "../api.ts";
import type { End6, Ipv6, Options6, Raw6Sock, Received6, SockError6, Udp6Sock } from "../api6.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { ANY6, eq6, isAny6, isLinkLocal6, isMulticast6, LOOPBACK6, same6, SCOPE6 } from "./address.ts";
import { icmp6Errno, sealIcmp6, UNREACH6 } from "./icmp.ts";
import type { SendOptions6 } from "./ip.ts";
import type { Route6 } from "./routes.ts";
import type { Ipv6Stack } from "./stack.ts";

const RECEIVE_BUFFER = 212_992;
const SKB_OVERHEAD = 768;
const ICMPV6 = 58;
const UDP_PROTO = 17;

abstract class Inet6Socket {
  readonly ns: NetNamespace;
  protected readonly stack: Ipv6Stack;
  readonly waiters = new WaitQueue();
  localAddr: Ipv6 = ANY6;
  boundIf = 0;
  protected hoplimit: number | undefined;
  protected multicastHops: number | undefined;
  protected tclass = 0;
  protected mark = 0;
  protected recverr = false;
  protected multicastIf = 0;
  protected multicastLoop = true;
  protected flowLabel: number | undefined;
  protected pmtudisc: "dont" | "want" | "do" | "probe" = "want";
  private readonly queue: Received6[] = [];
  private queued = 0;
  private readonly errors: SockError6[] = [];
  private pendingError: Errno | undefined;
  private readonly joined: { dev: NetDevice; group: Ipv6 }[] = [];
  drops = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.stack = ns.ip6;
  }

  get readable(): boolean {
    return this.queue.length > 0 || this.pendingError !== undefined || this.errors.length > 0;
  }
  get writable(): boolean {
    return true;
  }

  set(o: Options6): undefined | Errno {
    if ((o.hoplimit ?? 1) < 0 || (o.hoplimit ?? 1) > 255) return "EINVAL";
    if (o.bindToDevice !== undefined && o.bindToDevice !== 0 && this.ns.deviceByIndex(o.bindToDevice) === undefined) return "ENODEV";
    if (o.hoplimit !== undefined) this.hoplimit = o.hoplimit;
    if (o.multicastHops !== undefined) this.multicastHops = o.multicastHops;
    if (o.tclass !== undefined) this.tclass = o.tclass & 255;
    if (o.mark !== undefined) this.mark = o.mark >>> 0;
    if (o.recverr !== undefined) this.recverr = o.recverr;
    if (o.bindToDevice !== undefined) this.boundIf = o.bindToDevice;
    if (o.multicastLoop !== undefined) this.multicastLoop = o.multicastLoop;
    if (o.multicastIf !== undefined) this.multicastIf = o.multicastIf;
    if (o.pmtudisc !== undefined) this.pmtudisc = o.pmtudisc;
    if (o.flowLabel !== undefined) this.flowLabel = o.flowLabel & 0xfffff;
    return undefined;
  }

  /** IPV6_JOIN_GROUP. */
  join(group: Ipv6, ifindex: number): undefined | Errno {
    if (!isMulticast6(group)) return "EINVAL";
    const dev = ifindex === 0 ? this.ns.devices().find((d) => (d.flags & 8) === 0 && d.isUp) : this.ns.deviceByIndex(ifindex);
    if (dev?.inet6 === undefined) return "ENODEV";
    if (this.joined.some((j) => j.dev === dev && same6(j.group, group))) return "EADDRINUSE";
    this.joined.push({ dev, group: group.slice() });
    this.stack.mcast.join(dev, group);
    return undefined;
  }

  protected leaveAll(): void {
    for (const j of this.joined) this.stack.mcast.leave(j.dev, j.group);
    this.joined.length = 0;
  }

  /** Which device an address asks for. */
  protected outIf(dst: Ipv6, scope: number): number {
    if (this.boundIf !== 0) return this.boundIf;
    if (scope !== 0 && (isLinkLocal6(dst) || (isMulticast6(dst) && (dst[1]! & 15) <= SCOPE6.LINK))) return scope;
    return isMulticast6(dst) ? this.multicastIf : 0;
  }

  protected sendOptions(dst: Ipv6): SendOptions6 {
    const o: SendOptions6 = { hoplimit: isMulticast6(dst) ? (this.multicastHops ?? 1) : this.hoplimit, tclass: this.tclass, mark: this.mark, autoLabel: true, multicastLoop: this.multicastLoop };
    if (this.pmtudisc === "do" || this.pmtudisc === "probe") o.neverFragment = true;
    if (this.pmtudisc === "probe") o.ignorePathMtu = true;
    if (this.flowLabel !== undefined) o.flowLabel = this.flowLabel;
    return o;
  }

  protected enqueue(r: Received6): boolean {
    const cost = r.data.length + SKB_OVERHEAD;
    if (this.queued + cost > RECEIVE_BUFFER) {
      this.drops++;
      return false;
    }
    this.queued += cost;
    this.queue.push(r);
    this.waiters.wake();
    return true;
  }

  recv(): Received6 | Errno {
    const error = this.takeError();
    if (error !== undefined) return error;
    const r = this.queue.shift();
    if (r === undefined) return "EAGAIN";
    this.queued -= r.data.length + SKB_OVERHEAD;
    return r;
  }

  protected takeError(): Errno | undefined {
    const e = this.pendingError;
    this.pendingError = undefined;
    return e;
  }

  recvError(): SockError6 | undefined {
    return this.errors.shift();
  }

  /** ipv6_local_error. */
  protected tooBig(route: Route6, data: Uint8Array, to: Ipv6, port: number): void {
    if (!this.recverr) return;
    this.errors.push({ errno: "EMSGSIZE", origin: "local", info: this.stack.routes.mtuOf(route), data, to, port, ifindex: 0 });
    this.waiters.wake();
  }

  protected icmpError(e: SockError6, hard: boolean, connected: boolean): void {
    if (this.recverr) this.errors.push(e);
    else if (!hard || !connected) return;
    this.pendingError = e.errno;
    this.waiters.wake();
  }
}

function addressAt(b: Uint8Array, at: number): Ipv6 {
  return b.slice(at, at + 16);
}
function tclassAt(b: Uint8Array, at: number): number {
  return ((b[at]! & 15) << 4) | (b[at + 1]! >> 4);
}

export class Raw6Socket extends Inet6Socket implements Raw6Sock {
  readonly kind = "raw6";
  readonly protocol: number;
  private filter: ReadonlySet<number> | undefined;
  private peer: Ipv6 | undefined;
  private peerScope = 0;
  private bound: Ipv6 | undefined;

  constructor(ns: NetNamespace, protocol: number) {
    super(ns);
    this.protocol = protocol;
    this.stack.sockets.raw.add(this);
  }

  setFilter(types: readonly number[] | undefined): void {
    this.filter = types === undefined ? undefined : new Set(types);
  }

  bind(addr: Ipv6, scope = 0): undefined | Errno {
    if (!isAny6(addr) && !isMulticast6(addr)) {
      if (isLinkLocal6(addr) && scope === 0 && this.boundIf === 0) return "EINVAL";
      if (!this.stack.addrconf.owns(addr, 0)) return "EADDRNOTAVAIL";
    }
    this.bound = isAny6(addr) ? undefined : addr.slice();
    this.localAddr = addr.slice();
    return undefined;
  }

  connect(to: Ipv6, scope: number): undefined | Errno {
    const route = this.stack.routes.output({ dst: to, oif: this.outIf(to, scope), mark: this.mark, proto: this.protocol, bound: this.boundIf !== 0, ...(this.bound !== undefined && { src: this.bound }) });
    if (!route.ok) return route.error;
    this.peer = to.slice();
    this.peerScope = scope;
    if (this.bound === undefined) this.localAddr = route.value.src;
    return undefined;
  }

  send(data: Uint8Array, to?: Ipv6, scope = 0): number | Errno {
    const error = this.takeError();
    if (error !== undefined) return error;
    const asked = to ?? this.peer;
    if (asked === undefined) return "EDESTADDRREQ";
    const dst = isAny6(asked) ? LOOPBACK6 : asked;
    const oif = this.outIf(dst, to === undefined ? this.peerScope : scope);
    const route = this.stack.routes.output({ dst, oif, mark: this.mark, proto: this.protocol, bound: this.boundIf !== 0, ...(this.bound !== undefined && !isMulticast6(this.bound) && { src: this.bound }) });
    if (!route.ok) return route.error;
    let message = data;
    if (this.protocol === ICMPV6 && data.length >= 4 && data.length <= 0xffff) {
      message = data.slice();
      sealIcmp6(message, route.value.src, dst);
    }
    const sent = this.stack.ip.send(route.value, dst, this.protocol, message, this.sendOptions(dst));
    if (sent !== undefined) {
      if (sent === "EMSGSIZE") this.tooBig(route.value, data, dst, 0);
      return sent;
    }
    if (this.protocol === ICMPV6) this.stack.icmp.countOut(data[0] ?? 0);
    return data.length;
  }

  wants(protocol: number, src: Uint8Array, srcAt: number, dst: Uint8Array, dstAt: number, ifindex: number): boolean {
    if (this.protocol !== protocol || (this.boundIf !== 0 && this.boundIf !== ifindex)) return false;
    if (this.peer !== undefined && !eq6(this.peer, 0, src, srcAt)) return false;
    return this.bound === undefined || eq6(this.bound, 0, dst, dstAt) || isMulticast6(dst, dstAt);
  }

  deliver(skb: Skb, dev: NetDevice): void {
    const b = skb.bytes;
    if (this.filter !== undefined && !this.filter.has(b[skb.transport]!)) return;
    this.enqueue({
      data: b.slice(skb.transport, skb.tail), from: addressAt(b, skb.network + IPV6.src), port: 0, to: addressAt(b, skb.network + IPV6.dst), ifindex: dev.ifindex, hoplimit: b[skb.network + IPV6.hopLimit]!,
      tclass: tclassAt(b, skb.network), at: this.ns.sim.clock.now,
    });
  }

  error(inner: Uint8Array, transport: number, type: number, code: number, info: number, offender: Ipv6, ifindex: number, hoplimit: number): void {
    const { errno, fatal } = icmp6Errno(type, code);
    const hard = fatal || (errno === "EMSGSIZE" && this.pmtudisc === "do");
    this.icmpError({ errno, origin: "icmp", type, code, offender, hoplimit, at: this.ns.sim.clock.now, info, data: inner.slice(transport), to: addressAt(inner, IPV6.dst), port: 0, ifindex }, hard, this.peer !== undefined);
  }

  close(): void {
    this.leaveAll();
    this.stack.sockets.raw.delete(this);
  }
}

export class Udp6Socket extends Inet6Socket implements Udp6Sock {
  readonly kind = "udp6";
  localPort = 0;
  peer: End6 | undefined;
  reuseAddr = false;
  private addrWasBound = false;

  bind(addr: Ipv6, port: number, o?: { reuseAddr?: boolean; scope?: number }): undefined | Errno {
    if (this.localPort !== 0) return "EINVAL";
    if (!isAny6(addr) && !isMulticast6(addr)) {
      if (isLinkLocal6(addr) && (o?.scope ?? 0) === 0 && this.boundIf === 0) return "EINVAL";
      if (!this.stack.addrconf.owns(addr, 0)) return "EADDRNOTAVAIL";
    }
    this.reuseAddr = o?.reuseAddr ?? false;
    const e = this.stack.udp.take(this, addr, port);
    if (e !== undefined) return e;
    this.localAddr = addr.slice();
    this.addrWasBound = !isAny6(addr);
    return undefined;
  }

  private autobind(): undefined | Errno {
    return this.localPort === 0 ? this.stack.udp.take(this, this.localAddr, 0) : undefined;
  }

  private route(to: End6) {
    const dst = isAny6(to.addr) ? LOOPBACK6 : to.addr;
    const src = isAny6(this.localAddr) || isMulticast6(this.localAddr) ? undefined : this.localAddr;
    return this.stack.routes.output({ dst, oif: this.outIf(dst, to.scope), mark: this.mark, proto: UDP_PROTO, sport: this.localPort, dport: to.port, bound: this.boundIf !== 0, ...(src !== undefined && { src }) });
  }

  connect(to: End6): undefined | Errno {
    if (isLinkLocal6(to.addr) && to.scope === 0 && this.boundIf === 0) return "EINVAL";
    const route = this.route(to);
    if (!route.ok) return route.error;
    const e = this.autobind();
    if (e !== undefined) return e;
    if (!this.addrWasBound) this.localAddr = route.value.src;
    this.peer = { addr: isAny6(to.addr) ? LOOPBACK6 : to.addr.slice(), port: to.port, scope: to.scope };
    return undefined;
  }

  send(data: Uint8Array, to?: End6): number | Errno {
    const error = this.takeError();
    if (error !== undefined) return error;
    const target = to ?? this.peer;
    if (target === undefined) return "EDESTADDRREQ";
    if (target.port === 0) return "EINVAL";
    const dst = isAny6(target.addr) ? LOOPBACK6 : target.addr;
    const route = this.route(target);
    if (!route.ok) return route.error;
    const bound = this.autobind();
    if (bound !== undefined) return bound;
    if (data.length > 0xffff - UDP_LEN) {
      this.tooBig(route.value, data, dst, target.port);
      return "EMSGSIZE";
    }
    const datagram = new Uint8Array(UDP_LEN + data.length);
    setU16(datagram, UDP.src, this.localPort);
    setU16(datagram, UDP.dst, target.port);
    setU16(datagram, UDP.length, datagram.length);
    datagram.set(data, UDP_LEN);
    const sum = finish(sumWords(datagram, 0, datagram.length, pseudoHeaderSum6(route.value.src, dst, UDP_PROTO, datagram.length)));
    setU16(datagram, UDP.checksum, sum === 0 ? 0xffff : sum);
    const sent = this.stack.ip.send(route.value, dst, UDP_PROTO, datagram, this.sendOptions(dst));
    if (sent !== undefined) {
      if (sent === "EMSGSIZE") this.tooBig(route.value, data, dst, target.port);
      return sent;
    }
    this.stack.udp.OutDatagrams++;
    return data.length;
  }

  /** compute_score; negative: not for this socket. */
  score(src: Uint8Array, srcAt: number, sport: number, dst: Uint8Array, dstAt: number, ifindex: number): number {
    let score = 0;
    if (!isAny6(this.localAddr)) {
      if (!eq6(this.localAddr, 0, dst, dstAt)) return -1;
      score++;
    }
    if (this.peer !== undefined) {
      if (this.peer.port !== sport || !eq6(this.peer.addr, 0, src, srcAt)) return -1;
      score += 2;
    }
    if (this.boundIf !== 0) {
      if (this.boundIf !== ifindex) return -1;
      score++;
    }
    return score;
  }

  deliver(skb: Skb, dev: NetDevice): boolean {
    const b = skb.bytes;
    return this.enqueue({
      data: b.slice(skb.transport + UDP_LEN, skb.transport + getU16(b, skb.transport + UDP.length)), from: addressAt(b, skb.network + IPV6.src), port: getU16(b, skb.transport + UDP.src), to: addressAt(b, skb.network + IPV6.dst),
      ifindex: dev.ifindex, hoplimit: b[skb.network + IPV6.hopLimit]!, tclass: tclassAt(b, skb.network), at: this.ns.sim.clock.now,
    });
  }

  error(inner: Uint8Array, transport: number, type: number, code: number, info: number, offender: Ipv6, ifindex: number, hoplimit: number): void {
    const { errno, fatal } = icmp6Errno(type, code);
    const hard = fatal || (errno === "EMSGSIZE" && this.pmtudisc === "do");
    this.icmpError(
      { errno, origin: "icmp", type, code, offender, hoplimit, at: this.ns.sim.clock.now, info, data: inner.slice(transport + UDP_LEN), to: addressAt(inner, IPV6.dst), port: getU16(inner, transport + UDP.dst), ifindex },
      hard,
      this.peer !== undefined,
    );
  }

  close(): void {
    this.leaveAll();
    this.stack.udp.release(this);
  }
}

/** udp_table of IPv6: ports to sockets. */
export class Udp6Protocol {
  private readonly stack: Ipv6Stack;
  private readonly ports = new Map<number, Udp6Socket[]>();
  InDatagrams = 0;
  NoPorts = 0;
  InErrors = 0;
  OutDatagrams = 0;
  RcvbufErrors = 0;
  InCsumErrors = 0;

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  take(s: Udp6Socket, addr: Ipv6, wanted: number): undefined | Errno {
    const { ns } = this.stack;
    let port = wanted;
    if (port === 0) {
      const [low, high] = ns.sysctl.numbers("net.ipv4.ip_local_port_range") as [number, number];
      const count = high - low + 1;
      const start = this.stack.random.below(count);
      for (let i = 0; i < count && port === 0; i++) if (!this.ports.has(low + ((start + i) % count))) port = low + ((start + i) % count);
      if (port === 0) return "EAGAIN";
    } else if (this.ports.get(port)?.some((o) => !(o.reuseAddr && s.reuseAddr) && (isAny6(o.localAddr) || isAny6(addr) || same6(o.localAddr, addr))) === true) return "EADDRINUSE";
    s.localPort = port;
    this.ports.set(port, [...(this.ports.get(port) ?? []), s]);
    return undefined;
  }

  release(s: Udp6Socket): void {
    const left = this.ports.get(s.localPort)?.filter((o) => o !== s) ?? [];
    if (left.length > 0) this.ports.set(s.localPort, left);
    else this.ports.delete(s.localPort);
  }

  sockets(): Udp6Socket[] {
    return [...this.ports.values()].flat().sort((a, b) => a.localPort - b.localPort);
  }

  private best(src: Uint8Array, srcAt: number, sport: number, dst: Uint8Array, dstAt: number, dport: number, ifindex: number): Udp6Socket | undefined {
    let best: Udp6Socket | undefined;
    let most = -1;
    for (const s of this.ports.get(dport) ?? []) {
      const score = s.score(src, srcAt, sport, dst, dstAt, ifindex);
      if (score > most) [best, most] = [s, score];
    }
    return best;
  }

  /** udpv6_rcv. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const { ns, icmp, ip } = this.stack;
    const b = skb.bytes;
    const at = skb.transport;
    const length = skb.tail - at >= UDP_LEN ? getU16(b, at + UDP.length) : 0;
    if (length < UDP_LEN || length > skb.tail - at) {
      this.InErrors++;
      return ns.drop(skb, "deliver", dev, "PKT_TOO_SMALL");
    }
    const [srcAt, dstAt] = [skb.network + IPV6.src, skb.network + IPV6.dst];
    // Without a checksum nothing is taken: RFC 8200 §8.1.
    if (getU16(b, at + UDP.checksum) === 0 || finish(sumWords(b, at, at + length, pseudoHeaderSum6(b.subarray(srcAt, srcAt + 16), b.subarray(dstAt, dstAt + 16), UDP_PROTO, length))) !== 0) {
      this.InCsumErrors++;
      this.InErrors++;
      return ns.drop(skb, "deliver", dev, "UDP_CSUM");
    }
    const sport = getU16(b, at + UDP.src);
    const dport = getU16(b, at + UDP.dst);
    const from = ip.inputDevice(skb, dev);
    if (isMulticast6(b, dstAt)) {
      const all = (this.ports.get(dport) ?? []).filter((s) => s.score(b, srcAt, sport, b, dstAt, from.ifindex) >= 0);
      for (const s of all) if (s.deliver(skb, from)) this.InDatagrams++;
      return all.length > 0 ? ns.consume(skb, "socket", dev, `udp port ${dport}`) : ns.drop(skb, "socket", dev, "NO_SOCKET", `udp port ${dport}`);
    }
    const s = this.best(b, srcAt, sport, b, dstAt, dport, from.ifindex);
    if (s === undefined) {
      this.NoPorts++;
      icmp.sendError(skb, dev, ICMPV6_TYPE.DEST_UNREACH, UNREACH6.PORT, 0);
      return ns.drop(skb, "socket", dev, "NO_SOCKET", `udp port ${dport}`);
    }
    if (s.deliver(skb, from)) {
      this.InDatagrams++;
      return ns.consume(skb, "socket", dev, `udp port ${dport}`);
    }
    this.RcvbufErrors++;
    this.InErrors++;
    ns.drop(skb, "socket", dev, "SOCKET_RCVBUFF");
  }

  error(inner: Uint8Array, transport: number, type: number, code: number, info: number, offender: Ipv6, ifindex: number, hoplimit: number): void {
    if (inner.length < transport + UDP_LEN) return;
    this.best(inner, IPV6.dst, getU16(inner, transport + UDP.dst), inner, IPV6.src, getU16(inner, transport + UDP.src), ifindex)?.error(inner, transport, type, code, info, offender, ifindex, hoplimit);
  }
}

/** Raw sockets of a namespace, and where errors go. */
export class Socket6Table {
  private readonly stack: Ipv6Stack;
  readonly raw = new Set<Raw6Socket>();

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  deliverRaw(skb: Skb, dev: NetDevice, protocol: number): boolean {
    if (this.raw.size === 0) return false;
    const from = this.stack.ip.inputDevice(skb, dev);
    let any = false;
    for (const s of this.raw) {
      if (!s.wants(protocol, skb.bytes, skb.network + IPV6.src, skb.bytes, skb.network + IPV6.dst, from.ifindex)) continue;
      s.deliver(skb, from);
      any = true;
    }
    return any;
  }

  deliverError(inner: Uint8Array, protocol: number, transport: number, type: number, code: number, info: number, offender: Ipv6, dev: NetDevice, hoplimit: number): void {
    for (const s of this.raw) if (s.wants(protocol, inner, IPV6.dst, inner, IPV6.src, dev.ifindex)) s.error(inner, transport, type, code, info, offender, dev.ifindex, hoplimit);
    if (protocol === UDP_PROTO) this.stack.udp.error(inner, transport, type, code, info, offender, dev.ifindex, hoplimit);
  }
}
