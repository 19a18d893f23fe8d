/** Routing decisions of IPv6 and what was learnt on the way: net/ipv6/route.c, ip6_output.c ip6_dst_lookup_tail. */
import { err, ok, type Result } from "../../base/result.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { formatIpv6 } from "../../wire/ipv6.ts";
import type { Errno, NlResult, RouteType } from "../api.ts";
import type { Ipv6, Route6Answer, Route6Query } from "../api6.ts";
import type { NetDevice } from "../netdev/device.ts";
import { ANY6, isAny6, isLinkLocal6, isMulticast6, Map6, needsDevice } from "./address.ts";
import { describeEntry6, type Fib6Entry, type Flow6, type Nexthop6, sameVia } from "./fib.ts";
import type { Ipv6Stack } from "./stack.ts";

/** A route for packets we send: struct rt6_info. */
export interface Route6 {
  type: RouteType;
  /** lo for addresses of ours. */
  dev: NetDevice;
  nexthop: Ipv6;
  via: Ipv6 | undefined;
  src: Ipv6;
  entry: Fib6Entry | undefined;
  exception: Exception6 | undefined;
}

/** Of one destination: a path MTU, or another next hop. */
export interface Exception6 {
  entry: Fib6Entry;
  mtu: number;
  redirect: { via: Ipv6 | undefined } | undefined;
  expires: Nanos;
}

export interface Query6 {
  dst: Ipv6; src?: Ipv6; oif?: number; mark?: number; proto?: number; sport?: number; dport?: number;
  /** The socket is bound to the device. */
  bound?: boolean;
}

export class Routes6 {
  private readonly stack: Ipv6Stack;
  private readonly exceptions = new Map6<Exception6>();
  private readonly flow: Flow6 = { dst: ANY6, dstAt: 0, src: ANY6, srcAt: 0, oif: 0, iif: 0, mark: 0, proto: 0, sport: 0, dport: 0, strict: false };
  // What the last `input` decided.
  entry: Fib6Entry | undefined;
  nh: Nexthop6 | undefined;
  error: Errno = "ENETUNREACH";

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  /** ip6_route_input for a packet at `at`. */
  input(b: Uint8Array, at: number, dev: NetDevice, mark: number): "local" | "forward" | "error" {
    const { stack, flow } = this;
    if (dev === stack.ns.loopback && stack.addrconf.owns(b, at + 24)) {
      this.entry = undefined;
      this.nh = undefined;
      return "local";
    }
    flow.dst = b;
    flow.dstAt = at + 24;
    flow.src = b;
    flow.srcAt = at + 8;
    flow.oif = dev.ifindex;
    flow.iif = dev.ifindex;
    flow.mark = mark;
    flow.proto = b[at + 6]!;
    flow.sport = 0;
    flow.dport = 0;
    flow.strict = needsDevice(b, at + 24);
    const found = stack.fib.lookup(flow);
    this.entry = stack.fib.entry;
    this.nh = stack.fib.nh;
    if (!found) {
      this.error = stack.fib.error;
      return "error";
    }
    const { type } = this.entry!;
    if (type === "local" || type === "anycast") return "local";
    if (this.entry!.nexthops.length > 1) this.nh = this.pick(this.entry!, this.nh!, b, at + 8, at + 24);
    return "forward";
  }

  /** fib6_select_path, policy 0: by the two addresses, weights respected. */
  private pick(entry: Fib6Entry, first: Nexthop6, b: Uint8Array, srcAt: number, dstAt: number): Nexthop6 {
    const alive = entry.nexthops.filter((n) => n.dev.isUp && !(n.linkdown && this.stack.confAll.ignore_routes_with_linkdown !== 0));
    if (alive.length < 2) return alive[0] ?? first;
    let h = 0x9e3779b9;
    for (let i = 0; i < 16; i++) h = Math.imul(h ^ b[srcAt + i]! ^ (b[dstAt + i]! << 8), 0x85ebca6b) ^ (h >>> 13);
    let left = (h >>> 0) % alive.reduce((a, n) => a + n.weight, 0);
    for (const n of alive) {
      left -= n.weight;
      if (left < 0) return n;
    }
    return first;
  }

  /** Device, next hop and source for a packet of ours. */
  output(q: Query6): Result<Route6, Errno> {
    const { stack, flow } = this;
    const { ns } = stack;
    const src = q.src !== undefined && !isAny6(q.src) ? q.src : undefined;
    flow.dst = q.dst;
    flow.dstAt = 0;
    flow.src = src ?? ANY6;
    flow.srcAt = 0;
    flow.oif = q.oif ?? 0;
    flow.iif = 1;
    flow.mark = q.mark ?? 0;
    flow.proto = q.proto ?? 0;
    flow.sport = q.sport ?? 0;
    flow.dport = q.dport ?? 0;
    flow.strict = q.bound === true || needsDevice(q.dst) || ((q.oif ?? 0) !== 0 && src === undefined);
    const found = stack.fib.lookup(flow);
    const entry = stack.fib.entry;
    const first = stack.fib.nh;
    const why = stack.fib.error;
    const chosen = found && entry!.nexthops.length > 1 ? this.pick(entry!, first!, concat(flow.src, q.dst), 0, 16) : first;
    // The source is looked for first: without any address that is the error.
    const from = src ?? (found ? entry!.prefsrc : undefined) ?? stack.addrconf.source(found ? chosen!.dev : undefined, q.dst, 0);
    if (from === undefined) return err("EADDRNOTAVAIL");
    if (!found) return err(why);
    if (entry!.type === "local" || entry!.type === "anycast") return ok({ type: "local", dev: ns.loopback, nexthop: q.dst, via: undefined, src: from, entry, exception: undefined });
    const exception = this.exceptionFor(q.dst, entry!);
    const via = exception?.redirect !== undefined ? exception.redirect.via : chosen!.via;
    return ok({ type: isMulticast6(q.dst) ? "multicast" : "unicast", dev: chosen!.dev, nexthop: via ?? q.dst, via, src: from, entry, exception });
  }

  exceptionFor(dst: Ipv6, entry: Fib6Entry): Exception6 | undefined {
    if (this.exceptions.size === 0) return undefined;
    const x = this.exceptions.get(dst);
    if (x === undefined || x.entry !== entry) return undefined;
    if (x.expires > this.stack.now) return x;
    this.exceptions.delete(dst);
    return undefined;
  }

  /** ip6_mtu: what was learnt, what the route says, what the device takes. */
  mtuOf(r: Route6): number {
    const own = r.entry?.metrics.mtu ?? r.dev.inet6?.conf.mtu ?? r.dev.mtu;
    return r.exception !== undefined && r.exception.mtu > 0 ? Math.min(own, r.exception.mtu) : own;
  }
  hopLimitOf(r: Route6): number {
    return r.entry?.metrics.hoplimit ?? r.dev.inet6?.conf.hop_limit ?? 64;
  }

  /** ip6_update_pmtu: a router said "packet too big". */
  learnMtu(dst: Ipv6, src: Ipv6, mtu: number, oif: number): void {
    const r = this.output({ dst, src, oif: isLinkLocal6(dst) ? oif : 0 });
    if (!r.ok || r.value.entry === undefined || mtu >= this.mtuOf(r.value)) return;
    if (r.value.entry.metrics.mtuLock === true) return;
    this.exceptions.set(dst, { entry: r.value.entry, mtu: Math.max(mtu, 1280), redirect: r.value.exception?.redirect, expires: this.stack.now + 600 * SECOND });
  }

  /** rt6_do_redirect: `from` is the router that the route uses; undefined `via`: the destination is a neighbour. */
  redirected(dst: Ipv6, from: Ipv6, via: Ipv6 | undefined, dev: NetDevice): boolean {
    const r = this.output({ dst, oif: isLinkLocal6(dst) ? dev.ifindex : 0 });
    if (!r.ok || r.value.entry === undefined || r.value.dev !== dev || !sameVia(r.value.via, from)) return false;
    this.exceptions.set(dst, { entry: r.value.entry, mtu: r.value.exception?.mtu ?? 0, redirect: { via }, expires: this.stack.now + 300 * SECOND });
    return true;
  }

  flush(): void {
    this.exceptions.clear();
  }

  cached(): Route6Answer[] {
    return this.exceptions.entries().flatMap(({ key, value }) => {
      const a = this.query({ dst: key });
      return a.ok && value.expires > this.stack.now ? [a.value] : [];
    });
  }

  /** RTM_GETROUTE, inet6_rtm_getroute. */
  query(q: Route6Query): NlResult<Route6Answer> {
    const { stack } = this;
    const { ns, fib } = stack;
    if (q.oif !== undefined && q.oif !== 0 && ns.deviceByIndex(q.oif) === undefined) return err({ errno: "ENODEV" });
    const iif = q.iif ?? 0;
    if (iif !== 0 && ns.deviceByIndex(iif) === undefined) return err({ errno: "ENODEV" });
    const { flow } = this;
    flow.dst = q.dst;
    flow.dstAt = 0;
    flow.src = q.src ?? ANY6;
    flow.srcAt = 0;
    flow.oif = iif !== 0 ? iif : (q.oif ?? 0);
    flow.iif = iif !== 0 ? iif : 1;
    flow.mark = q.mark ?? 0;
    flow.proto = 0;
    flow.sport = 0;
    flow.dport = 0;
    flow.strict = needsDevice(q.dst) || (iif === 0 && (q.oif ?? 0) !== 0 && (q.src === undefined || isAny6(q.src)));
    if (!fib.lookup(flow)) return err({ errno: fib.error });
    const entry = fib.entry!;
    const nh = fib.nh!;
    const local = entry.type === "local" || entry.type === "anycast";
    const dev = local ? ns.loopback : nh.dev;
    const exception = local ? undefined : this.exceptionFor(q.dst, entry);
    const via = exception?.redirect !== undefined ? exception.redirect.via : nh.via;
    const a: Route6Answer = {
      dst: q.dst, dstLen: 128, src: q.src ?? ANY6, type: entry.type, table: entry.table, proto: entry.proto, priority: entry.metric, metrics: { ...entry.metrics }, pref: entry.pref, oif: dev.ifindex, iif, mark: q.mark ?? 0,
    };
    if (via !== undefined) a.via = via;
    const prefsrc = entry.prefsrc ?? stack.addrconf.source(nh.dev, q.dst, 0);
    if (prefsrc !== undefined) a.prefsrc = prefsrc;
    if (exception !== undefined) {
      a.expires = Math.floor((exception.expires - stack.now) / SECOND);
      if (exception.mtu > 0) a.metrics = { ...a.metrics, mtu: exception.mtu };
    }
    if (q.fibmatch === true) a.entry = fib.info(entry);
    return ok(a);
  }

  /** The reason stream's entry for the last `input`. */
  describe(b: Uint8Array, at: number): string {
    return this.entry === undefined ? (this.stack.addrconf.owns(b, at) ? `local ${formatIpv6(b, at)}` : `no route to ${formatIpv6(b, at)}`) : describeEntry6(this.entry, this.nh);
  }
  /** Entries that lost against the one that was taken. */
  losers(b: Uint8Array, at: number, taken: Fib6Entry | undefined): { entry: string; why: "shorter-prefix" | "higher-metric" }[] {
    return this.stack.fib
      .covering(b, at)
      .filter((e) => e !== taken && taken !== undefined)
      .slice(0, 6)
      .map((e) => ({ entry: describeEntry6(e), why: e.dstLen < taken!.dstLen ? ("shorter-prefix" as const) : ("higher-metric" as const) }));
  }
}

function concat(a: Ipv6, b: Ipv6): Uint8Array {
  const out = new Uint8Array(32);
  out.set(a, 0);
  out.set(b, 16);
  return out;
}
