/** UDP: RFC 768, net/ipv4/udp.c. Sockets are found by port, then by how well they fit. */
import { getU16, getU32, setU16 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../wire/checksum.ts";
import { ICMP_TYPE, UNREACH } from "../../wire/icmp.ts";
import { IPPROTO, IPV4, isMulticast } from "../../wire/ipv4.ts";
import { UDP, UDP_LEN } from "../../wire/udp.ts";
import type { Errno, Ipv4, SocketInfo, UdpSock } from "../api.ts";
import { type NetDevice, PACKET } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { icmpErrno, InetSocket } from "./base.ts";

export class UdpSocket extends InetSocket implements UdpSock {
  readonly kind = "udp";
  localPort = 0;
  peer: { addr: Ipv4; port: number } | undefined;
  reuseAddr = false;
  private addrWasBound = false;
  /** Of the kernel's own sockets: takes what arrives, with `transport` at the UDP header (encap_rcv). Takes ownership. */
  encap: ((skb: Skb, dev: NetDevice) => void) | undefined;

  bind(addr: Ipv4, port: number, o?: { reuseAddr?: boolean }): undefined | Errno {
    if (this.localPort !== 0) return "EINVAL";
    const type = addr === 0 ? "local" : this.ns.fib.typeOf(addr);
    if (type !== "local" && type !== "broadcast" && type !== "multicast" && this.ns.sysctl.number("net.ipv4.ip_nonlocal_bind") === 0) return "EADDRNOTAVAIL";
    this.reuseAddr = o?.reuseAddr ?? false;
    const e = this.ns.udp_.take(this, addr, port);
    if (e !== undefined) return e;
    this.localAddr = addr;
    this.addrWasBound = addr !== 0;
    return undefined;
  }

  private autobind(): undefined | Errno {
    return this.localPort === 0 ? this.ns.udp_.take(this, this.localAddr, 0) : undefined;
  }

  connect(addr: Ipv4, port: number): undefined | Errno {
    const to = addr === 0 ? 0x7f000001 : addr;
    const route = this.ns.routes.output({ dst: to, src: this.localAddr, oif: this.boundIf, tos: this.tos, mark: this.mark, proto: IPPROTO.UDP });
    if (!route.ok) return route.error;
    if (route.value.type === "broadcast" && !this.broadcast) return "EACCES";
    const e = this.autobind();
    if (e !== undefined) return e;
    if (!this.addrWasBound) this.localAddr = route.value.src;
    this.peer = { addr: to, port };
    return undefined;
  }

  send(data: Uint8Array, to?: { addr: Ipv4; port: number }): number | Errno {
    const error = this.takeError();
    if (error !== undefined) return error;
    const target = to ?? this.peer;
    if (target === undefined) return "EDESTADDRREQ";
    if (target.port === 0) return "EINVAL";
    if (data.length > 0xffff - UDP_LEN - 20) return "EMSGSIZE";
    const dst = target.addr === 0 ? 0x7f000001 : target.addr;
    const multicast = isMulticast(dst);
    const oif = this.boundIf || (multicast ? this.multicastIf : 0);
    const route = this.ns.routes.output({ dst, src: this.localAddr, oif, tos: this.tos, mark: this.mark, proto: IPPROTO.UDP, dport: target.port });
    if (!route.ok) return route.error;
    if (route.value.type === "broadcast" && !this.broadcast) return "EACCES";
    const bound = this.autobind();
    if (bound !== undefined) return bound;
    const datagram = new Uint8Array(UDP_LEN + data.length);
    setU16(datagram, UDP.src, this.localPort);
    setU16(datagram, UDP.dst, target.port);
    setU16(datagram, UDP.length, datagram.length);
    datagram.set(data, UDP_LEN);
    const sum = finish(sumWords(datagram, 0, datagram.length, pseudoHeaderSum(route.value.src, dst, IPPROTO.UDP, datagram.length)));
    setU16(datagram, UDP.checksum, sum === 0 ? 0xffff : sum);
    const sent = this.ns.ip.send(route.value, dst, datagram, this.sendOptions(IPPROTO.UDP, multicast));
    if (sent !== undefined) {
      if (sent === "EMSGSIZE") this.localError("EMSGSIZE", this.ns.routes.mtuOf(route.value), data, dst, target.port);
      return sent;
    }
    this.ns.udp_.OutDatagrams++;
    return data.length;
  }

  /** How well a datagram fits this socket; negative: not at all. compute_score. */
  score(src: Ipv4, sport: number, dst: Ipv4, ifindex: number): number {
    let score = 0;
    if (this.localAddr !== 0 && (this.addrWasBound || this.peer !== undefined)) {
      if (this.localAddr !== dst) return -1;
      score += 4;
    }
    if (this.peer !== undefined) {
      if (this.peer.addr !== src || this.peer.port !== sport) return -1;
      score += 8;
    }
    if (this.boundIf !== 0) {
      if (this.boundIf !== ifindex) return -1;
      score += 4;
    }
    return score;
  }

  deliver(skb: Skb, src: Ipv4, sport: number, dst: Ipv4, dev: NetDevice): boolean {
    const b = skb.bytes;
    return this.enqueue({
      data: b.slice(skb.transport + UDP_LEN, skb.transport + getU16(b, skb.transport + UDP.length)),
      from: src, port: sport, to: dst, ifindex: dev.ifindex, ttl: b[skb.network + IPV4.ttl]!, tos: b[skb.network + IPV4.tos]!, at: this.ns.sim.clock.now,
    });
  }

  error(inner: Uint8Array, type: number, code: number, info: number, offender: Ipv4, ttl: number): void {
    const headerLength = (inner[0]! & 15) * 4;
    const { errno, fatal } = icmpErrno(type, code);
    const hard = fatal || (errno === "EMSGSIZE" && this.pmtudisc !== "dont");
    this.icmpError(
      { errno, origin: "icmp", type, code, offender, ttl, at: this.ns.sim.clock.now, info, data: inner.slice(headerLength + UDP_LEN), to: getU32(inner, IPV4.dst), port: getU16(inner, headerLength + UDP.dst) },
      hard,
      this.peer !== undefined,
    );
  }

  close(): void {
    this.closed = true;
    this.ns.udp_.release(this);
  }
}

export class UdpProtocol {
  private readonly ns: NetNamespace;
  private readonly ports = new Map<number, UdpSocket[]>();
  InDatagrams = 0;
  NoPorts = 0;
  InErrors = 0;
  OutDatagrams = 0;
  RcvbufErrors = 0;
  InCsumErrors = 0;
  /** Open sockets that have an `encap`. */
  encaps = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** udp_v4_get_port: takes a port, or with 0 finds one. */
  take(s: UdpSocket, addr: Ipv4, wanted: number): undefined | Errno {
    let port = wanted;
    if (port === 0) {
      const [low, high] = this.ns.sysctl.numbers("net.ipv4.ip_local_port_range") as [number, number];
      const count = high - low + 1;
      const start = this.ns.random.below(count);
      for (let i = 0; i < count && port === 0; i++) {
        const candidate = low + ((start + i) % count);
        if (!this.ports.has(candidate)) port = candidate;
      }
      if (port === 0) return "EAGAIN";
    } else if (this.ports.get(port)?.some((o) => conflicts(o, s, addr))) return "EADDRINUSE";
    s.localPort = port;
    const list = this.ports.get(port);
    if (list === undefined) this.ports.set(port, [s]);
    else list.push(s);
    return undefined;
  }

  release(s: UdpSocket): void {
    const list = this.ports.get(s.localPort)?.filter((o) => o !== s);
    if (list === undefined) return;
    if (list.length > 0) this.ports.set(s.localPort, list);
    else this.ports.delete(s.localPort);
  }

  /** Open sockets by port, for `ss` and /proc/net/udp. */
  sockets(): UdpSocket[] {
    return [...this.ports.values()].flat().sort((a, b) => a.localPort - b.localPort);
  }

  list(): SocketInfo[] {
    return this.sockets().map((s) => ({
      proto: "udp", state: s.peer === undefined ? "CLOSE" : "ESTABLISHED", localAddr: s.localAddr, localPort: s.localPort, remoteAddr: s.peer?.addr ?? 0, remotePort: s.peer?.port ?? 0, ifindex: s.boundIf, recvQueue: s.waiting, sendQueue: 0, inode: s.inode, drops: s.drops,
    }));
  }

  private best(src: Ipv4, sport: number, dst: Ipv4, dport: number, ifindex: number): UdpSocket | undefined {
    let best: UdpSocket | undefined;
    let bestScore = -1;
    for (const s of this.ports.get(dport) ?? []) {
      const score = s.score(src, sport, dst, ifindex);
      if (score > bestScore) {
        best = s;
        bestScore = score;
      }
    }
    return best;
  }

  /** udp_rcv. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    const b = skb.bytes;
    const at = skb.transport;
    const have = skb.tail - at;
    const length = have >= UDP_LEN ? getU16(b, at + UDP.length) : 0;
    if (length < UDP_LEN || length > have) {
      this.InErrors++;
      return ns.drop(skb, "deliver", dev, "PKT_TOO_SMALL");
    }
    const src = getU32(b, skb.network + IPV4.src);
    const dst = getU32(b, skb.network + IPV4.dst);
    if (getU16(b, at + UDP.checksum) !== 0 && finish(sumWords(b, at, at + length, pseudoHeaderSum(src, dst, IPPROTO.UDP, length))) !== 0) {
      this.InCsumErrors++;
      this.InErrors++;
      return ns.drop(skb, "deliver", dev, "UDP_CSUM");
    }
    const sport = getU16(b, at + UDP.src);
    const dport = getU16(b, at + UDP.dst);
    if (this.encaps !== 0) {
      const tunnel = this.ports.get(dport)?.find((s) => s.encap !== undefined);
      if (tunnel !== undefined) {
        this.InDatagrams++;
        return tunnel.encap!(skb, dev);
      }
    }
    if (skb.pktType === PACKET.BROADCAST || isMulticast(dst) || ns.fib.isBroadcast(dst)) {
      let any = false;
      for (const s of this.ports.get(dport) ?? []) {
        if (s.score(src, sport, dst, dev.ifindex) < 0 && !(s.localAddr !== dst && s.peer === undefined && s.localAddr === 0)) continue;
        if (s.deliver(skb, src, sport, dst, dev)) this.InDatagrams++;
        any = true;
      }
      return any ? ns.consume(skb, "socket", dev, `udp port ${dport}`) : ns.drop(skb, "socket", dev, "NO_SOCKET");
    }
    const s = this.best(src, sport, dst, dport, dev.ifindex);
    if (s !== undefined) {
      if (s.deliver(skb, src, sport, dst, dev)) {
        this.InDatagrams++;
        return ns.consume(skb, "socket", dev, `udp port ${dport}`);
      }
      this.RcvbufErrors++;
      this.InErrors++;
      return ns.drop(skb, "socket", dev, "SOCKET_RCVBUFF");
    }
    this.NoPorts++;
    ns.icmp.sendError(skb, dev, ICMP_TYPE.DEST_UNREACH, UNREACH.PORT, 0);
    ns.drop(skb, "socket", dev, "NO_SOCKET", `udp port ${dport}`);
  }

  /** udp_err: `inner` is the quoted packet, from its IP header on. */
  error(inner: Uint8Array, type: number, code: number, info: number, offender: Ipv4, dev: NetDevice, ttl: number): void {
    const headerLength = (inner[0]! & 15) * 4;
    if (inner.length < headerLength + UDP_LEN) return;
    const s = this.best(getU32(inner, IPV4.dst), getU16(inner, headerLength + UDP.dst), getU32(inner, IPV4.src), getU16(inner, headerLength + UDP.src), dev.ifindex);
    s?.error(inner, type, code, info, offender, ttl);
  }
}

function conflicts(other: UdpSocket, s: UdpSocket, addr: Ipv4): boolean {
  if (other.reuseAddr && s.reuseAddr) return false;
  if (other.boundIf !== 0 && s.boundIf !== 0 && other.boundIf !== s.boundIf) return false;
  return other.localAddr === 0 || addr === 0 || other.localAddr === addr;
}
