/** Routing decisions for packets that arrive and packets that we send: net/ipv4/route.c, without sockets' caches. */
import { err, ok, type Result } from "../base/result.ts";
import { SECOND } from "../sim/time.ts";
import { formatIpv4, isLoopback, isMulticast, isZeronet } from "../wire/ipv4.ts";
import type { Errno, Ipv4, RouteAnswer, RouteQuery, NlResult, RouteType } from "./api.ts";
import { describeEntry, type FibEntry, type FibFlow, type FibNexthop, type RouteException, RT_TABLE, routeInfo } from "./fib.ts";
import { SCOPE } from "./inet.ts";
import type { NetDevice } from "./netdev/device.ts";
import type { NetNamespace } from "./netns.ts";

/** A route for packets we send: struct rtable. */
export interface Route {
  type: RouteType;
  dev: NetDevice;
  /** Where the link layer sends it: the gateway, or the destination itself. */
  nexthop: Ipv4;
  gateway: Ipv4 | undefined;
  src: Ipv4;
  entry: FibEntry | undefined;
  nh: FibNexthop | undefined;
  /** Of an exception. */
  exception: RouteException | undefined;
  table: number;
  dst: Ipv4;
}

/** How a packet that arrived goes on. */
export type InputVerdict = "local" | "broadcast" | "forward" | "error" | "drop";

const MIN_PMTU = 552;

export class Routes {
  private readonly ns: NetNamespace;
  private readonly flow: FibFlow = { dst: 0, src: 0, oif: 0, iif: 0, tos: 0, mark: 0, scope: 0 };
  // What the last `input` decided, for the caller that asked: no object a packet.
  outDev: NetDevice | undefined;
  nexthop: Ipv4 = 0;
  gateway: Ipv4 | undefined;
  entry: FibEntry | undefined;
  nh: FibNexthop | undefined;
  error: Errno = "ENETUNREACH";
  reason = "";
  doRedirect = false;
  mtu = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** ip_route_input_slow. The rest of the answer is in this object's fields. */
  input(dst: Ipv4, src: Ipv4, tos: number, dev: NetDevice, mark: number): InputVerdict {
    const ns = this.ns;
    const inet = dev.inet!;
    this.doRedirect = false;
    this.entry = undefined;
    if (isMulticast(src) || src === 0xffffffff) return this.martian("IP_INVALID_SOURCE");
    const f = this.flow;
    if (dst === 0xffffffff || (src === 0 && dst === 0)) return this.broadcast(src, dev);
    if (isMulticast(dst)) return this.multicast(dst, dev);
    if (isZeronet(src)) return this.martian("IP_INVALID_SOURCE");
    if (isZeronet(dst)) return this.martian("IP_INVALID_DEST");
    if (isLoopback(dst) && (dev.flags & 8) === 0 && !inet.conf.route_localnet && !ns.confAll.route_localnet) return this.martian("IP_LOCALNET");
    if (isLoopback(src) && (dev.flags & 8) === 0 && !inet.conf.route_localnet && !ns.confAll.route_localnet) return this.martian("IP_LOCALNET");
    f.dst = dst;
    f.src = src;
    f.tos = tos & 0x1c;
    f.mark = mark;
    f.oif = 0;
    f.iif = dev.ifindex;
    f.scope = 0;
    const why = ns.fib.lookup(f);
    if (why !== undefined) {
      // Without forwarding nobody is told: ip_error drops in silence.
      this.error = ns.forwarding(inet) ? why : why === "ENETUNREACH" ? "EHOSTUNREACH" : why;
      this.entry = why === "ENETUNREACH" ? undefined : ns.fib.result.entry;
      this.reason = why === "EINVAL" ? "IP_INVALID_DEST" : "IP_OUTNOROUTES";
      if (why === "EINVAL") return "drop"; // blackhole
      return "error";
    }
    const { type, entry, nh } = ns.fib.result;
    this.entry = entry;
    this.nh = nh;
    if (type === "broadcast") return this.broadcast(src, dev);
    if (type === "local") return this.validateSource(src, dst, dev) ? "local" : "drop";
    if (!ns.forwarding(inet)) {
      this.error = "EHOSTUNREACH";
      this.reason = "IP_INADDRERRORS";
      return "error";
    }
    if (type !== "unicast") return this.martian("IP_INVALID_DEST");
    return this.forward(dst, src, dev, entry, nh!);
  }

  private forward(dst: Ipv4, src: Ipv4, dev: NetDevice, entry: FibEntry, first: FibNexthop): InputVerdict {
    const ns = this.ns;
    const nh = entry.nexthops.length > 1 ? this.pick(entry, first, src, dst) : first;
    const out = nh.dev!;
    if (!this.validateSource(src, dst, dev)) return "drop";
    this.nh = nh;
    this.outDev = out;
    this.gateway = nh.via;
    this.nexthop = nh.via ?? dst;
    this.mtu = out.mtu;
    const fixed = entry.metrics.mtu;
    if (fixed !== undefined) this.mtu = entry.metrics.mtuLock === true ? fixed : Math.min(fixed, 65535);
    if (out === dev && ns.sendsRedirects(dev.inet!) && this.sourceOnLink(src, dev)) this.doRedirect = ns.sharedMedia(dev.inet!) || dev.inet!.onlink(src, this.nexthop);
    return "forward";
  }

  /** Whether the sender is a neighbour on `dev`: only such a one can use the better gateway (fib_validate_source's result). */
  private sourceOnLink(src: Ipv4, dev: NetDevice): boolean {
    const f = this.flow;
    const { dst, iif } = f;
    f.dst = src;
    f.iif = 1;
    const why = this.ns.fib.lookup(f);
    f.dst = dst;
    f.iif = iif;
    const nh = this.ns.fib.result.nh;
    return why === undefined && this.ns.fib.result.type === "unicast" && nh?.dev === dev && nh.scope >= SCOPE.host;
  }

  private broadcast(src: Ipv4, dev: NetDevice): InputVerdict {
    if (src !== 0 && !this.validateSource(src, 0, dev)) return "drop";
    return "broadcast";
  }

  private multicast(dst: Ipv4, dev: NetDevice): InputVerdict {
    // Only the all-hosts group is joined by itself; a socket may have joined others.
    if (dst === 0xe0000001 || dev.inet === undefined || this.ns.isMember(dev, dst)) return "broadcast";
    this.reason = "IP_INVALID_DEST";
    return "drop";
  }

  private martian(reason: string): InputVerdict {
    this.reason = reason;
    return "drop";
  }

  /** fib_validate_source: martian sources always, the reverse path when rp_filter says so. */
  private validateSource(src: Ipv4, dst: Ipv4, dev: NetDevice): boolean {
    const ns = this.ns;
    const inet = dev.inet!;
    const mode = Math.max(inet.conf.rp_filter, ns.confAll.rp_filter);
    const acceptLocal = inet.conf.accept_local !== 0 || ns.confAll.accept_local !== 0;
    if ((dev.flags & 8) !== 0) return true;
    if (!acceptLocal && ns.ownsAddress(src)) {
      this.reason = "IP_LOCAL_SOURCE";
      return false;
    }
    if (mode === 0) return true;
    const kept = [this.entry, this.nh] as const;
    const f = this.flow;
    const [oldDst, oldSrc, oldIif] = [f.dst, f.src, f.iif];
    f.dst = src;
    f.src = dst;
    f.iif = 1; // LOOPBACK_IFINDEX, as the reverse look-up has it
    const why = ns.fib.lookup(f);
    f.dst = oldDst;
    f.src = oldSrc;
    f.iif = oldIif;
    const r = ns.fib.result;
    const entry = r.entry;
    const [found, nexthops] = why === undefined ? [r.type, entry.nexthops] : [undefined, []];
    [this.entry, this.nh] = kept;
    if (found === "unicast" && nexthops.some((n) => n.dev === dev)) return true;
    if (found === undefined || found !== "unicast" || mode === 1) {
      this.reason = "IP_RPFILTER";
      return false;
    }
    return true; // loose: any way back will do
  }

  /** fib_select_multipath by the layer-3 hash (net.ipv4.fib_multipath_hash_policy 0), weights respected. */
  pick(entry: FibEntry, first: FibNexthop, src: Ipv4, dst: Ipv4): FibNexthop {
    const alive = entry.nexthops.filter((n) => !n.dead && !(n.linkdown && this.ns.ignoresLinkdown(n.dev!)));
    if (alive.length < 2) return alive[0] ?? first;
    const total = alive.reduce((a, n) => a + n.weight, 0);
    let h = Math.imul(src ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(dst, 0xc2b2ae35);
    h ^= h >>> 15;
    h = Math.imul(h, 0x27d4eb2f);
    let at = ((h ^ (h >>> 13)) >>> 0) % total;
    for (const n of alive) {
      at -= n.weight;
      if (at < 0) return n;
    }
    return first;
  }

  /** ip_route_output_key: device, next hop and source for a packet of ours. */
  output(q: { dst: Ipv4; src?: Ipv4; oif?: number; tos?: number; mark?: number; proto?: number; sport?: number; dport?: number }): Result<Route, Errno> {
    const ns = this.ns;
    const src = q.src ?? 0;
    let dst = q.dst;
    let oif = q.oif ?? 0;
    if (src !== 0) {
      if (isMulticast(src) || src === 0xffffffff || isZeronet(src)) return err("EINVAL");
      // Broadcast and multicast leave by the device that has the source address.
      if (oif === 0 && (isMulticast(dst) || dst === 0xffffffff)) {
        const dev = ns.deviceWithAddress(src);
        if (dev === undefined) return err("ENETUNREACH");
        oif = dev.ifindex;
      } else if (ns.deviceWithAddress(src) === undefined && !isLoopback(src) && !ns.fib.isLocal(src)) return err("ENETUNREACH");
    }
    const oifDev = oif !== 0 ? ns.deviceByIndex(oif) : undefined;
    if (oif !== 0) {
      if (oifDev === undefined) return err("ENODEV");
      if (!oifDev.isUp || oifDev.inet === undefined) return err("ENETUNREACH");
      if (dst >>> 8 === 0xe00000 || dst === 0xffffffff) {
        return ok(this.direct(isMulticast(dst) ? "multicast" : "broadcast", oifDev, dst, src || ns.selectAddress(oifDev, 0, SCOPE.link)));
      }
    }
    if (dst === 0) {
      dst = src !== 0 ? src : 0x7f000001;
      return ok(this.direct("local", ns.loopback, dst, src || dst));
    }
    const f = this.flow;
    f.dst = dst;
    f.src = src;
    f.oif = oif;
    f.iif = 1;
    f.tos = (q.tos ?? 0) & 0x1c;
    f.mark = q.mark ?? 0;
    f.scope = 0;
    const why = ns.fib.lookup(f);
    if (why !== undefined) {
      if (oifDev !== undefined && oifDev.vrf === undefined && why === "ENETUNREACH") {
        // With a device given, an address without route is taken to be on its link.
        return ok(this.direct("unicast", oifDev, dst, src || ns.selectAddress(oifDev, dst, SCOPE.link)));
      }
      return err(why === "EAGAIN" ? "ENETUNREACH" : why);
    }
    const { type, entry, nh, table } = ns.fib.result;
    if (type === "local") {
      const r = this.direct("local", nh?.dev?.vrf ?? ns.loopback, dst, src || entry.prefsrc || dst);
      r.entry = entry;
      r.table = table;
      return ok(r);
    }
    const chosen = entry.nexthops.length > 1 && (oif === 0 || oifDev?.l3Table !== 0) ? this.pick(entry, nh!, src, dst) : nh!;
    const dev = chosen.dev!;
    // __mkroute_output: these two are never handed to a gateway.
    if (dst === 0xffffffff || isMulticast(dst)) return ok(this.direct(isMulticast(dst) ? "multicast" : "broadcast", dev, dst, src || this.preferredSource(entry, chosen)));
    const exception = this.exceptionFor(chosen, dst);
    const gateway = exception?.gateway ?? chosen.via;
    return ok({
      type, dev, nexthop: gateway ?? dst, gateway, src: src || this.preferredSource(entry, chosen), entry, nh: chosen, exception, table, dst,
    });
  }

  private direct(type: RouteType, dev: NetDevice, dst: Ipv4, src: Ipv4): Route {
    return { type, dev, nexthop: dst, gateway: undefined, src, entry: undefined, nh: undefined, exception: undefined, table: 0, dst };
  }

  private preferredSource(entry: FibEntry, nh: FibNexthop): Ipv4 {
    return entry.prefsrc ?? this.ns.selectAddress(nh.dev!, nh.via ?? 0, entry.scope);
  }

  exceptionFor(nh: FibNexthop, dst: Ipv4): RouteException | undefined {
    const x = nh.exceptions?.get(dst);
    if (x === undefined) return undefined;
    if (x.expires <= this.ns.sim.clock.now) {
      nh.exceptions!.delete(dst);
      return undefined;
    }
    return x;
  }

  /** The largest packet this route takes: its own MTU metric, what the path taught, the device. */
  mtuOf(r: Route): number {
    if (r.entry?.metrics.mtu !== undefined && r.entry.metrics.mtuLock === true) return r.entry.metrics.mtu;
    if (r.exception !== undefined && r.exception.mtu > 0) return Math.min(r.exception.mtu, r.dev.mtu);
    return Math.min(r.entry?.metrics.mtu ?? r.dev.mtu, 65535);
  }

  /** A router said "fragmentation needed": __ip_rt_update_pmtu. */
  learnMtu(dst: Ipv4, src: Ipv4, mtu: number): void {
    const r = this.output({ dst, src: this.ns.fib.isLocal(src) ? src : 0 });
    if (!r.ok || r.value.nh === undefined) return;
    const nh = r.value.nh;
    if (r.value.entry?.metrics.mtuLock === true || this.mtuOf(r.value) < mtu) return;
    const locked = mtu < MIN_PMTU;
    const value = locked ? Math.min(this.mtuOf(r.value), MIN_PMTU) : mtu;
    nh.exceptions ??= new Map();
    const old = nh.exceptions.get(dst);
    nh.exceptions.set(dst, { gateway: old?.gateway, mtu: value, mtuLocked: locked, expires: this.ns.sim.clock.now + 600 * SECOND });
  }

  /** __ip_do_redirect: `from` says that `gateway` is the better next hop for `dst`. */
  learnRedirect(dst: Ipv4, src: Ipv4, from: Ipv4, gateway: Ipv4, dev: NetDevice): boolean {
    const ns = this.ns;
    const inet = dev.inet!;
    if (gateway === from || !ns.acceptsRedirects(inet) || isMulticast(gateway) || gateway === 0xffffffff || isZeronet(gateway)) return false;
    const r = this.output({ dst, src: ns.fib.isLocal(src) ? src : 0 });
    if (!r.ok || r.value.nh === undefined || r.value.gateway !== from || r.value.dev !== dev) return false;
    if (!ns.sharedMedia(inet)) {
      if (!inet.onlink(gateway, from)) return false;
    } else if (ns.fib.typeOf(gateway) !== "unicast") return false;
    // A gateway that is not known yet is only asked for: the next redirect is believed (__ip_do_redirect).
    const neigh = ns.neigh.get(dev, gateway);
    if (neigh === undefined || !neigh.isValid()) {
      neigh?.resolve();
      return false;
    }
    const nh = r.value.nh;
    nh.exceptions ??= new Map();
    const old = nh.exceptions.get(dst);
    nh.exceptions.set(dst, { gateway, mtu: old?.mtu ?? 0, mtuLocked: false, expires: ns.sim.clock.now + 300 * SECOND });
    return true;
  }

  /** Every exception that still counts, as `ip route show cache` lists them. */
  cached(): RouteAnswer[] {
    const out: RouteAnswer[] = [];
    for (const t of this.ns.fib.tables.values()) {
      for (const e of t.entries()) {
        for (const nh of e.nexthops) {
          for (const dst of [...(nh.exceptions?.keys() ?? [])]) {
            if (this.exceptionFor(nh, dst) === undefined) continue;
            const a = this.query({ dst });
            if (!a.ok) continue;
            const { src: _, prefsrc: __, ...answer } = a.value; // fib_dump_info_fnhe tells no source
            out.push(answer);
          }
        }
      }
    }
    return out;
  }

  flushExceptions(): void {
    for (const t of this.ns.fib.tables.values()) for (const e of t.entries()) for (const nh of e.nexthops) nh.exceptions = undefined;
  }

  /** RTM_GETROUTE. */
  query(q: RouteQuery): NlResult<RouteAnswer> {
    const ns = this.ns;
    if (q.iif !== undefined && q.iif !== 0) {
      const dev = ns.deviceByIndex(q.iif);
      if (dev === undefined) return err({ errno: "ENODEV" });
      const verdict = this.input(q.dst, q.src ?? 0, q.tos ?? 0, dev, q.mark ?? 0);
      if (verdict === "drop") return err({ errno: this.reason === "IP_RPFILTER" ? "EXDEV" : "EINVAL" });
      if (verdict === "error") return err({ errno: this.error });
      const out = verdict === "forward" ? this.outDev! : ns.loopback;
      const a: RouteAnswer = {
        dst: q.dst, type: verdict === "forward" ? "unicast" : verdict, table: this.tableShown(this.entry?.table ?? RT_TABLE.LOCAL), oif: out.ifindex, iif: q.iif, tos: q.tos ?? 0, mark: q.mark ?? 0,
        cache: verdict === "forward" ? (this.doRedirect ? ["redirect"] : []) : verdict === "local" ? ["local"] : ["local", "brd"], metrics: {},
      };
      if (q.src !== undefined) a.src = q.src;
      if (verdict === "forward" && this.gateway !== undefined) a.via = this.gateway;
      return ok(a);
    }
    const r = this.output({ dst: q.dst, ...(q.src !== undefined && { src: q.src }), ...(q.oif !== undefined && { oif: q.oif }), tos: q.tos ?? 0, mark: q.mark ?? 0 });
    if (!r.ok) return err({ errno: r.error });
    const v = r.value;
    const a: RouteAnswer = {
      dst: q.dst, type: v.type, table: this.tableShown(v.table), oif: v.dev.ifindex, iif: 0, tos: q.tos ?? 0, mark: q.mark ?? 0,
      cache: v.type === "local" ? ["local"] : v.type === "broadcast" ? ["local", "brd"] : v.type === "multicast" ? (ns.isMember(v.dev, q.dst) ? ["local", "mc"] : ["mc"]) : v.exception?.gateway !== undefined ? ["redirected"] : [], metrics: { ...v.entry?.metrics },
    };
    if (q.src !== undefined) a.src = q.src;
    else a.prefsrc = v.src; // rt_fill_info leaves it out when it is the source that was asked for
    if (v.gateway !== undefined) a.via = v.gateway;
    if (v.exception !== undefined) {
      a.expires = Math.floor((v.exception.expires - ns.sim.clock.now) / SECOND);
      if (v.exception.mtu > 0) a.metrics = { ...a.metrics, mtu: v.exception.mtu, ...(v.exception.mtuLocked && { mtuLock: true }) };
    }
    if (q.fibmatch === true && v.entry !== undefined) a.entry = { ...routeInfo(v.entry), table: this.tableShown(v.entry.table) };
    return ok(a);
  }

  private tableShown(table: number): number {
    return table === RT_TABLE.LOCAL && this.ns.fib.merged ? RT_TABLE.MAIN : table;
  }

  /** The reason stream's entry for the last `input`. */
  describe(dst: Ipv4): string {
    return this.entry === undefined ? `no route to ${formatIpv4(dst)}` : describeEntry(this.entry);
  }
}
