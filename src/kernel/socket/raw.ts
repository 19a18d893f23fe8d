/** Raw IPv4 sockets: net/ipv4/raw.c. They hear every packet of their protocol that is delivered here, IP header included. */
import { getU32 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { ICMP_TYPE } from "../../wire/icmp.ts";
import { IPPROTO, IPV4, isMulticast } from "../../wire/ipv4.ts";
import type { Errno, IpOptions, Ipv4, RawSock, SocketInfo } from "../api.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { icmpErrno, InetSocket } from "./base.ts";

export class RawSocket extends InetSocket implements RawSock {
  readonly kind = "raw";
  readonly protocol: number;
  private hdrincl: boolean;
  private icmpFilter = 0;
  private peer: Ipv4 = 0;
  private bound: Ipv4 = 0;

  constructor(ns: NetNamespace, protocol: number) {
    super(ns);
    this.protocol = protocol;
    this.hdrincl = protocol === IPPROTO.RAW;
    ns.sockets.raw.add(this);
  }

  override set(o: IpOptions & { hdrincl?: boolean; icmpFilter?: number }): undefined | Errno {
    if (o.hdrincl !== undefined) this.hdrincl = o.hdrincl;
    if (o.icmpFilter !== undefined) this.icmpFilter = o.icmpFilter >>> 0;
    return super.set(o);
  }

  bind(addr: Ipv4): undefined | Errno {
    const type = this.ns.fib.typeOf(addr);
    if (addr !== 0 && type !== "local" && type !== "multicast" && type !== "broadcast") return "EADDRNOTAVAIL";
    this.bound = addr;
    this.localAddr = addr;
    return undefined;
  }

  connect(addr: Ipv4): undefined | Errno {
    const route = this.ns.routes.output({ dst: addr, src: this.bound, oif: this.boundIf, tos: this.tos, mark: this.mark, proto: this.protocol });
    if (!route.ok) return route.error;
    if (route.value.type === "broadcast" && !this.broadcast) return "EACCES";
    this.peer = addr;
    if (this.bound === 0) this.localAddr = route.value.src;
    return undefined;
  }

  send(data: Uint8Array, to?: Ipv4): number | Errno {
    const error = this.takeError();
    if (error !== undefined) return error;
    const dst = to ?? this.peer;
    // raw_sendmsg: not even an IP packet without options could carry it; nothing goes to the error queue.
    if (data.length > 0xffff) return "EMSGSIZE";
    if (dst === 0) return "EDESTADDRREQ";
    const multicast = isMulticast(dst);
    const oif = this.boundIf || (multicast ? this.multicastIf : 0);
    const route = this.ns.routes.output({ dst, src: this.bound !== 0 ? this.bound : this.peer === dst ? this.localAddr : 0, oif, tos: this.tos, mark: this.mark, proto: this.protocol });
    if (!route.ok) return route.error;
    if (route.value.type === "broadcast" && !this.broadcast) return "EACCES";
    let sent: Errno | undefined;
    if (this.hdrincl) sent = data.length < 20 ? "EINVAL" : this.ns.ip.sendRawHeader(route.value, data);
    else sent = this.ns.ip.send(route.value, dst, data, this.sendOptions(this.protocol, multicast));
    if (sent !== undefined) {
      if (sent === "EMSGSIZE") this.localError("EMSGSIZE", this.ns.routes.mtuOf(route.value), data, dst, 0);
      return sent;
    }
    return data.length;
  }

  /** raw_v4_match and icmp_filter. */
  wants(protocol: number, src: Ipv4, dst: Ipv4, ifindex: number): boolean {
    return this.protocol === protocol && (this.peer === 0 || this.peer === src) && (this.bound === 0 || this.bound === dst) && (this.boundIf === 0 || this.boundIf === ifindex);
  }

  deliver(skb: Skb, dev: NetDevice, src: Ipv4, dst: Ipv4): void {
    const b = skb.bytes;
    if (this.protocol === IPPROTO.ICMP && this.icmpFilter !== 0) {
      const type = b[skb.transport]!;
      if (type < 32 && ((1 << type) & this.icmpFilter) !== 0) return;
    }
    this.enqueue({
      data: b.slice(skb.network, skb.tail), from: src, port: 0, to: dst, ifindex: dev.ifindex, ttl: b[skb.network + IPV4.ttl]!, tos: b[skb.network + IPV4.tos]!, at: this.ns.sim.clock.now,
    });
  }

  /** raw_err: without IP_RECVERR only a connected socket hears of it. */
  error(inner: Uint8Array, type: number, code: number, info: number, offender: Ipv4, ttl: number): void {
    const { errno, fatal } = icmpErrno(type, code);
    const hard = fatal || (type === ICMP_TYPE.DEST_UNREACH && errno === "EMSGSIZE" && this.pmtudisc !== "dont");
    const headerLength = (inner[0]! & 15) * 4;
    this.icmpError({ errno, origin: "icmp", type, code, offender, ttl, at: this.ns.sim.clock.now, info, data: inner.slice(headerLength), to: getU32(inner, IPV4.dst), port: 0 }, hard, this.peer !== 0);
  }

  close(): void {
    this.closed = true;
    this.ns.sockets.raw.delete(this);
  }
}

/** Sockets of one namespace that are not found by a port. */
export class SocketTable {
  private readonly ns: NetNamespace;
  readonly raw = new Set<RawSocket>();

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** raw_local_deliver: a copy for each. @returns whether anybody took one. */
  deliverRaw(skb: Skb, dev: NetDevice, protocol: number): boolean {
    if (this.raw.size === 0) return false;
    const src = getU32(skb.bytes, skb.network + IPV4.src);
    const dst = getU32(skb.bytes, skb.network + IPV4.dst);
    let any = false;
    for (const s of this.raw) {
      if (!s.wants(protocol, src, dst, dev.ifindex)) continue;
      s.deliver(skb, dev, src, dst);
      any = true;
    }
    return any;
  }

  /** Open raw sockets, for `ss -w`. */
  list(): SocketInfo[] {
    return [...this.raw].map((s) => ({
      proto: "raw", state: "CLOSE", localAddr: s.localAddr, localPort: s.protocol, remoteAddr: 0, remotePort: 0, ifindex: s.boundIf, recvQueue: s.waiting, sendQueue: 0, inode: s.inode, drops: s.drops,
    }));
  }

  /** icmp_socket_deliver: `inner` is the quoted packet. */
  deliverError(inner: Uint8Array, type: number, code: number, info: number, offender: Ipv4, dev: NetDevice, ttl: number): void {
    const protocol = inner[IPV4.protocol]!;
    const src = getU32(inner, IPV4.src);
    const dst = getU32(inner, IPV4.dst);
    for (const s of this.raw) if (s.wants(protocol, dst, src, dev.ifindex)) s.error(inner, type, code, info, offender, ttl);
    if (protocol === IPPROTO.TCP) this.ns.tcp_.error(inner, type, code, info);
    if (protocol === IPPROTO.UDP) this.ns.udp_.error(inner, type, code, info, offender, dev, ttl);
  }
}
