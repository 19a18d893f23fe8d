/** What IPv4 sockets share: options, receive queue, error queue. net/ipv4/ip_sockglue.c. */
import { WaitQueue } from "../../base/wait-queue.ts";
import { ICMP_TYPE, UNREACH } from "../../wire/icmp.ts";
import type { Errno, IpOptions, Ipv4, Received, SockError } from "../api.ts";
import type { SendOptions } from "../ip.ts";
import type { NetNamespace } from "../netns.ts";

/** Octets a receive queue holds: net.core.rmem_default. */
const RECEIVE_BUFFER = 212_992;
/** What the kernel charges for a packet beyond its data (struct sk_buff and rounding). */
const SKB_OVERHEAD = 768;

export abstract class InetSocket {
  readonly ns: NetNamespace;
  readonly inode: number;
  readonly waiters = new WaitQueue();
  ttl = 0; // 0: net.ipv4.ip_default_ttl
  tos = 0;
  mark = 0;
  broadcast = false;
  recverr = false;
  boundIf = 0;
  multicastTtl = 1;
  multicastLoop = true;
  multicastIf = 0;
  pmtudisc: "dont" | "want" | "do" | "probe" = "want";
  options: Uint8Array | undefined;
  closed = false;
  localAddr: Ipv4 = 0;
  protected readonly queue: Received[] = [];
  private queued = 0;
  protected readonly errors: SockError[] = [];
  protected pendingError: Errno | undefined;
  /** Datagrams the queue had no room for. */
  drops = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.inode = ns.kernel.newSocketInode();
  }

  /** Octets that wait to be read, as the receive queue of `ss` and `netstat` counts them. */
  get waiting(): number {
    return this.queued;
  }

  get readable(): boolean {
    return this.queue.length > 0 || this.pendingError !== undefined || this.errors.length > 0;
  }
  get writable(): boolean {
    return true;
  }

  set(o: IpOptions): undefined | Errno {
    if (o.ttl !== undefined) {
      if (o.ttl < 1 || o.ttl > 255) return "EINVAL";
      this.ttl = o.ttl;
    }
    if (o.tos !== undefined) this.tos = o.tos & 255;
    if (o.mark !== undefined) this.mark = o.mark >>> 0;
    if (o.broadcast !== undefined) this.broadcast = o.broadcast;
    if (o.recverr !== undefined) this.recverr = o.recverr;
    if (o.bindToDevice !== undefined) {
      if (o.bindToDevice !== 0 && this.ns.deviceByIndex(o.bindToDevice) === undefined) return "ENODEV";
      this.boundIf = o.bindToDevice;
    }
    if (o.multicastTtl !== undefined) this.multicastTtl = o.multicastTtl;
    if (o.multicastLoop !== undefined) this.multicastLoop = o.multicastLoop;
    if (o.multicastIf !== undefined) this.multicastIf = o.multicastIf;
    if (o.pmtudisc !== undefined) this.pmtudisc = o.pmtudisc;
    if (o.options !== undefined) {
      if (o.options.length > 40 || o.options.length % 4 !== 0) return "EINVAL";
      this.options = o.options.length > 0 ? o.options : undefined;
    }
    return undefined;
  }

  protected sendOptions(protocol: number, multicast: boolean): SendOptions {
    const o: SendOptions = {
      protocol,
      ttl: multicast ? this.multicastTtl : this.ttl || this.ns.sysctl.number("net.ipv4.ip_default_ttl"),
      tos: this.tos,
      df: this.pmtudisc === "dont" ? "unset" : this.pmtudisc === "want" ? "set" : "never-fragment",
      mark: this.mark,
    };
    if (this.pmtudisc === "probe") o.ignorePathMtu = true;
    if (this.options !== undefined) o.options = this.options;
    if (this.pmtudisc === "do" || this.pmtudisc === "probe") o.id = 0;
    return o;
  }

  protected enqueue(r: Received): boolean {
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

  recv(): Received | Errno {
    const error = this.takeError();
    if (error !== undefined) return error;
    const r = this.queue.shift();
    if (r === undefined) return "EAGAIN";
    this.queued -= r.data.length + SKB_OVERHEAD;
    return r;
  }

  /** The pending error, once. */
  protected takeError(): Errno | undefined {
    const e = this.pendingError;
    this.pendingError = undefined;
    return e;
  }

  recvError(): SockError | undefined {
    return this.errors.shift();
  }

  /** Errors found on sending, for those who asked (IP_RECVERR). */
  protected localError(errno: Errno, info: number, data: Uint8Array, to: Ipv4, port: number): void {
    if (!this.recverr) return;
    this.errors.push({ errno, origin: "local", info, data, to, port });
    this.waiters.wake();
  }

  /** An ICMP error about something this socket sent. `hard`: it ends a connected socket's send as well. */
  protected icmpError(e: SockError, hard: boolean, connected: boolean): void {
    if (this.recverr) this.errors.push(e);
    else if (!hard || !connected) return;
    this.pendingError = e.errno;
    this.waiters.wake();
  }
}

/** icmp_err_convert: the errno of an ICMP error, and whether it is final. */
export function icmpErrno(type: number, code: number): { errno: Errno; fatal: boolean } {
  if (type === ICMP_TYPE.TIME_EXCEEDED) return { errno: "EHOSTUNREACH", fatal: false };
  if (type === ICMP_TYPE.PARAMETER_PROBLEM) return { errno: "EPROTO", fatal: true };
  if (type !== ICMP_TYPE.DEST_UNREACH) return { errno: "EHOSTUNREACH", fatal: false };
  switch (code) {
    case UNREACH.NET:
      return { errno: "ENETUNREACH", fatal: false };
    case UNREACH.HOST:
      return { errno: "EHOSTUNREACH", fatal: false };
    case UNREACH.PROTOCOL:
      return { errno: "ENOPROTOOPT", fatal: true };
    case UNREACH.PORT:
      return { errno: "ECONNREFUSED", fatal: true };
    case UNREACH.FRAG_NEEDED:
      return { errno: "EMSGSIZE", fatal: false };
    case UNREACH.SR_FAILED:
      return { errno: "EOPNOTSUPP", fatal: false };
    case UNREACH.NET_UNKNOWN:
    case UNREACH.NET_ANO:
      return { errno: "ENETUNREACH", fatal: true };
    case UNREACH.NET_UNR_TOS:
      return { errno: "ENETUNREACH", fatal: false };
    case UNREACH.HOST_UNKNOWN:
      return { errno: "EHOSTDOWN", fatal: true };
    case UNREACH.HOST_UNR_TOS:
      return { errno: "EHOSTUNREACH", fatal: false };
    default:
      return { errno: "EHOSTUNREACH", fatal: true };
  }
}
