/**
 * Sockets that trace a path, of either family behind one face: an address is a number (IPv4) or sixteen octets' text (IPv6), so that two
 * of them compare with ===.
 */
import type { Waitable } from "../base/wait-queue.ts";
import type { Errno, Netns } from "../kernel/api.ts";
import type { Nanos } from "../sim/time.ts";
import { ICMP_TYPE, UNREACH } from "../wire/icmp.ts";
import { ICMPV6_TYPE } from "../wire/icmpv6.ts";
import { formatIpv4, IPPROTO } from "../wire/ipv4.ts";
import { formatIpv6, parseIpv6 } from "../wire/ipv6.ts";

export type ProbeAddr = number | string;

export function probeAddrText(a: ProbeAddr): string {
  return typeof a === "number" ? formatIpv4(a) : a;
}

export type Objection = "exceeded" | "net" | "host" | "port" | "protocol" | "prohibited" | "too-big" | "other";

export interface ProbeError {
  errno: Errno; origin: "local" | "icmp"; what: Objection; type: number; code: number; offender: ProbeAddr | undefined; info: number; at: Nanos | undefined; hops: number | undefined;
  /** From the transport header on for ICMP sockets. */
  data: Uint8Array; port: number;
}
export interface ProbeReply {
  from: ProbeAddr; at: Nanos;
  /** From the transport header on for ICMP sockets. */
  data: Uint8Array;
}
export interface ProbeSocket extends Waitable {
  readonly icmp: boolean;
  set(o: { ttl?: number; tos?: number; mark?: number; recverr?: boolean; bindToDevice?: number; pmtudisc?: "dont" | "want" | "do" | "probe" }): undefined | Errno;
  bind(a: ProbeAddr): undefined | Errno;
  connect(a: ProbeAddr, port: number): undefined | Errno;
  send(data: Uint8Array, to?: { addr: ProbeAddr; port: number }): number | Errno;
  recv(): ProbeReply | Errno;
  recvError(): ProbeError | undefined;
  close(): void;
}

export function probeSocket(netns: Netns, family: 4 | 6, icmp: boolean): ProbeSocket {
  return family === 4 ? socket4(netns, icmp) : socket6(netns, icmp);
}

function objection4(type: number, code: number): Objection {
  if (type === ICMP_TYPE.TIME_EXCEEDED && code === 0) return "exceeded";
  if (type !== ICMP_TYPE.DEST_UNREACH) return "other";
  switch (code) {
    case UNREACH.PORT: return "port";
    case UNREACH.NET: return "net";
    case UNREACH.HOST: return "host";
    case UNREACH.PROTOCOL: return "protocol";
    case UNREACH.FRAG_NEEDED: return "too-big";
    case UNREACH.PKT_FILTERED: return "prohibited";
    default: return "other";
  }
}

function socket4(netns: Netns, icmp: boolean): ProbeSocket {
  const sock = icmp ? netns.raw(IPPROTO.ICMP) : netns.udp();
  const headerOf = (b: Uint8Array): number => (b[0]! & 15) * 4;
  return {
    icmp,
    waiters: sock.waiters,
    get readable() { return sock.readable; },
    get writable() { return sock.writable; },
    set: (o) => sock.set(o),
    bind: (a) => (sock.kind === "raw" ? sock.bind(a as number) : sock.bind(a as number, 0)),
    connect: (a, port) => (sock.kind === "raw" ? sock.connect(a as number) : sock.connect(a as number, port)),
    send: (data, to) => (sock.kind === "raw" ? sock.send(data) : sock.send(data, to && { addr: to.addr as number, port: to.port })),
    recv() {
      const r = sock.recv();
      return typeof r === "string" ? r : { from: r.from, at: r.at, data: icmp ? r.data.subarray(headerOf(r.data)) : r.data };
    },
    recvError() {
      const e = sock.recvError();
      if (e === undefined) return undefined;
      const [type, code] = [e.type ?? 0, e.code ?? 0];
      return { errno: e.errno, origin: e.origin, what: e.origin === "local" ? "other" : objection4(type, code), type, code, offender: e.offender, info: e.info, at: e.at, hops: e.ttl, data: e.data, port: e.port };
    },
    close: () => sock.close(),
  };
}

function objection6(type: number, code: number): Objection {
  if (type === ICMPV6_TYPE.TIME_EXCEEDED && code === 0) return "exceeded";
  if (type === ICMPV6_TYPE.PACKET_TOO_BIG) return "too-big";
  if (type === ICMPV6_TYPE.PARAMETER_PROBLEM && code === 1) return "protocol";
  if (type !== ICMPV6_TYPE.DEST_UNREACH) return "other";
  return (["net", "prohibited", "host", "host", "port"] as const)[code] ?? "other";
}

function socket6(netns: Netns, icmp: boolean): ProbeSocket {
  const sock = icmp ? netns.raw6(IPPROTO.ICMPV6) : netns.udp6();
  if (sock.kind === "raw6") sock.setFilter([ICMPV6_TYPE.ECHO_REPLY]);
  const octets = (a: ProbeAddr): Uint8Array => parseIpv6(a as string)!;
  return {
    icmp,
    waiters: sock.waiters,
    get readable() { return sock.readable; },
    get writable() { return sock.writable; },
    set: ({ ttl, tos, ...rest }) => sock.set({ ...rest, ...(ttl === undefined ? {} : { hoplimit: ttl, multicastHops: ttl }), ...(tos === undefined ? {} : { tclass: tos }) }),
    bind: (a) => (sock.kind === "raw6" ? sock.bind(octets(a)) : sock.bind(octets(a), 0)),
    connect: (a, port) => (sock.kind === "raw6" ? sock.connect(octets(a), 0) : sock.connect({ addr: octets(a), port, scope: 0 })),
    send: (data, to) => (sock.kind === "raw6" ? sock.send(data) : sock.send(data, to && { addr: octets(to.addr), port: to.port, scope: 0 })),
    recv() {
      const r = sock.recv();
      return typeof r === "string" ? r : { from: formatIpv6(r.from), at: r.at, data: r.data };
    },
    recvError() {
      const e = sock.recvError();
      if (e === undefined) return undefined;
      const [type, code] = [e.type ?? 0, e.code ?? 0];
      const offender = e.offender === undefined ? undefined : formatIpv6(e.offender);
      return { errno: e.errno, origin: e.origin, what: e.origin === "local" ? "other" : objection6(type, code), type, code, offender, info: e.info, at: e.at, hops: e.hoplimit, data: e.data, port: e.port };
    },
    close: () => sock.close(),
  };
}
