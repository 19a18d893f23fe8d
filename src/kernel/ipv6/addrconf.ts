/**
 * Addresses of devices and how they come about: net/ipv6/addrconf.c, RFC 4862. Link-local addresses by EUI-64, duplicate address
 * detection, lifetimes, router solicitation, prefixes from router advertisements.
 */
import { err, ok } from "../../base/result.ts";
import { SECOND, type Nanos, MILLISECOND } from "../../sim/time.ts";
import { formatIpv6 } from "../../wire/ipv6.ts";
import { IFF, type NlMode, type NlResult, type Scope } from "../api.ts";
import { type Addr6Info, type Addr6Spec, IFA6, type Ipv6 } from "../api6.ts";
import { copyParms, type NeighParms } from "../conf.ts";
import type { NetDevice } from "../netdev/device.ts";
import { ALL_NODES, ALL_ROUTERS, ANY6, commonBits, eq6, eui64, inPrefix6, INTERFACE_ALL_NODES, INTERFACE_ALL_ROUTERS, isAny6, isLoopback6, isMulticast6, LINK_LOCAL_PREFIX, LOOPBACK6, Map6, prefixOf, rtScope, same6, SCOPE6, scopeOf6, SITE_ALL_ROUTERS, solicitedNode } from "./address.ts";
import { copyConf6, type Ipv6Conf } from "./conf.ts";
import { type Fib6Entry, IP6_RT_PRIO, RT6_TABLE } from "./fib.ts";
import type { Ipv6Stack } from "./stack.ts";

const EVER = Number.POSITIVE_INFINITY;
const RTPROT_KERNEL = 2;
const IPV6_MIN_MTU = 1280;

export interface Ifa6 {
  readonly dev: NetDevice;
  readonly addr: Ipv6;
  readonly prefixLen: number;
  readonly peer: Ipv6 | undefined;
  readonly scope: Scope;
  flags: number;
  /** Seconds as they were set at `stamp`. */
  validLft: number;
  preferredLft: number;
  stamp: Nanos;
  metric: number;
  proto: number;
  /** Of duplicate address detection: solicitations still to be sent, its timer, what marks our own. */
  probes: number;
  timer: number;
  nonce: Uint8Array | undefined;
  /** Its route in the table "local", once the address may be used. */
  host: Fib6Entry | undefined;
  dead: boolean;
}

/** struct inet6_dev. */
export class Inet6Dev {
  readonly dev: NetDevice;
  readonly conf: Ipv6Conf;
  readonly parms: NeighParms;
  addrs: Ifa6[] = [];
  /** IF_READY: there was a carrier since it came up. */
  ready = false;
  /** Router solicitations sent since the link-local address is there; its timer and its interval. */
  rsSent = 0;
  rsTimer = 0;
  rsInterval: Nanos = 0;
  /** A router advertised itself: no more solicitations. */
  raReceived = false;

  constructor(dev: NetDevice, conf: Ipv6Conf, parms: NeighParms) {
    this.dev = dev;
    this.conf = conf;
    this.parms = parms;
  }
}

export class Addrconf {
  private readonly stack: Ipv6Stack;
  /** Every address of the namespace, with those who have it. */
  private readonly owned = new Map6<Ifa6[]>();
  private verifyTimer = 0;

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  private get clock() {
    return this.stack.ns.sim.clock;
  }

  // -- devices ------------------------------------------------------------------------------------------------------

  /** ipv6_add_dev, at NETDEV_REGISTER. */
  register(dev: NetDevice): void {
    const conf = copyConf6(this.stack.confDefault);
    const parms = copyParms(this.stack.parmsDefault);
    parms.drawReachableTime(this.stack.random);
    conf.mtu = dev.mtu;
    if ((dev.flags & IFF.LOOPBACK) !== 0) conf.accept_dad = -1;
    dev.inet6 = new Inet6Dev(dev, conf, parms);
    const { mcast } = this.stack;
    mcast.join(dev, INTERFACE_ALL_NODES);
    mcast.join(dev, ALL_NODES);
    if (conf.forwarding !== 0) this.joinRouterGroups(dev);
  }

  private joinRouterGroups(dev: NetDevice): void {
    if ((dev.flags & IFF.MULTICAST) === 0) return;
    for (const g of [ALL_ROUTERS, INTERFACE_ALL_ROUTERS, SITE_ALL_ROUTERS]) this.stack.mcast.join(dev, g);
  }

  /** dev_forward_change. */
  forwardingChanged(dev: NetDevice): void {
    const idev = dev.inet6;
    if (idev === undefined) return;
    if (idev.conf.forwarding !== 0) this.joinRouterGroups(dev);
    else for (const g of [ALL_ROUTERS, INTERFACE_ALL_ROUTERS, SITE_ALL_ROUTERS]) this.stack.mcast.leave(dev, g);
    for (const ifa of idev.addrs) {
      if ((ifa.flags & IFA6.TENTATIVE) !== 0) continue;
      if (idev.conf.forwarding !== 0) this.joinAnycast(ifa);
      else this.leaveAnycast(ifa);
    }
  }

  /** NETDEV_UP. */
  up(dev: NetDevice): void {
    const idev = dev.inet6;
    if (idev === undefined || idev.conf.disable_ipv6 !== 0) return;
    this.stack.mcast.deviceUp(dev);
    // The multicast route is there as soon as the device is: addrconf_add_mroute.
    if (!linkReady(dev)) return;
    this.ready(idev);
  }

  /** NETDEV_CHANGE. */
  change(dev: NetDevice): void {
    const idev = dev.inet6;
    if (idev === undefined || idev.conf.disable_ipv6 !== 0 || !dev.isUp) return;
    this.stack.fib.carrier(dev);
    if (!linkReady(dev)) return;
    if (idev.ready) return this.stack.mcast.report(dev);
    this.ready(idev);
  }

  private ready(idev: Inet6Dev): void {
    const { dev } = idev;
    idev.ready = true;
    idev.conf.mtu = dev.mtu; // it may have changed while the device was down
    if (dev.mtu < IPV6_MIN_MTU && (dev.flags & IFF.LOOPBACK) === 0) return;
    if ((dev.flags & IFF.LOOPBACK) !== 0) this.initLoopback(dev);
    else {
      // Addresses that were given before the link was there.
      for (const ifa of [...idev.addrs]) {
        this.prefixRoute(ifa);
        if ((ifa.flags & IFA6.TENTATIVE) !== 0 && (ifa.flags & IFA6.DADFAILED) === 0) this.dadStart(ifa);
      }
      this.multicastRoute(dev);
      this.initLinkLocal(idev);
    }
    this.stack.fib.carrier(dev);
  }

  private multicastRoute(dev: NetDevice): void {
    if ((dev.flags & IFF.MULTICAST) !== 0) this.stack.fib.addKernel("multicast", Uint8Array.of(0xff, ...new Uint8Array(15)), 8, dev, RT6_TABLE.LOCAL, IP6_RT_PRIO.ADDRCONF);
  }

  private initLoopback(dev: NetDevice): void {
    if (dev.inet6!.addrs.some((a) => isLoopback6(a.addr))) return;
    const ifa = this.insert(dev, { ifindex: dev.ifindex, local: LOOPBACK6, prefixLen: 128 }, IFA6.PERMANENT);
    this.usable(ifa);
  }

  /** addrconf_addr_gen: fe80::/64 and the EUI-64 of the MAC. */
  private initLinkLocal(idev: Inet6Dev): void {
    const { dev } = idev;
    if (dev.addrGenMode === "none" || idev.conf.addr_gen_mode === 1) return;
    // Without a link layer there is nothing to make it from; the master of a layer 3 domain has none either (addrconf_addr_gen).
    if (dev.headerLength === 0 || dev.kind === "vrf") return;
    const addr = eui64(LINK_LOCAL_PREFIX, dev.addr);
    if (idev.addrs.some((a) => same6(a.addr, addr))) return;
    const ifa = this.insert(dev, { ifindex: dev.ifindex, local: addr, prefixLen: 64 }, IFA6.PERMANENT | IFA6.TENTATIVE);
    this.prefixRoute(ifa);
    this.dadStart(ifa);
  }

  /** addrconf_ifdown: every address goes, whoever gave it (keep_addr_on_down apart). */
  down(dev: NetDevice, unregister: boolean): void {
    const idev = dev.inet6;
    if (idev === undefined) return;
    this.stack.fib.deviceDown(dev);
    this.stack.neigh.flushDevice(dev, false);
    this.stopRs(idev);
    idev.ready = false;
    idev.raReceived = false;
    const keep = !unregister && Math.max(idev.conf.keep_addr_on_down, this.stack.confAll.keep_addr_on_down) > 0;
    for (const ifa of [...idev.addrs]) {
      if (keep && (ifa.flags & IFA6.PERMANENT) !== 0 && ifa.scope === "global") {
        this.clock.cancel(ifa.timer);
        ifa.timer = 0;
        ifa.host = undefined;
        if ((ifa.flags & IFA6.NODAD) === 0) ifa.flags |= IFA6.TENTATIVE;
      } else this.forget(ifa);
    }
    if (unregister) this.stack.mcast.deviceGone(dev);
    else this.stack.mcast.deviceDown(dev);
    // What the link had said is the device's own again.
    idev.conf.mtu = dev.mtu;
    idev.conf.hop_limit = this.stack.confDefault.hop_limit;
  }

  /** disable_ipv6 was written. */
  disableChanged(dev: NetDevice): void {
    const idev = dev.inet6;
    if (idev === undefined) return;
    if (idev.conf.disable_ipv6 !== 0) this.down(dev, false);
    else if (dev.isUp) this.up(dev);
  }

  /** NETDEV_CHANGEMTU. */
  mtuChanged(dev: NetDevice): void {
    const idev = dev.inet6;
    if (idev === undefined) return;
    idev.conf.mtu = dev.mtu;
    if (dev.mtu < IPV6_MIN_MTU && (dev.flags & IFF.LOOPBACK) === 0) this.down(dev, false);
    else if (!idev.ready && dev.isUp) this.up(dev);
  }

  // -- finding ------------------------------------------------------------------------------------------------------

  /** ipv6_chk_addr: whether an address of ours that may be used is this one. */
  owns(b: Uint8Array, at: number, dev?: NetDevice): boolean {
    const list = this.owned.get(b, at);
    if (list === undefined) return false;
    for (let i = 0; i < list.length; i++) if ((list[i]!.flags & IFA6.TENTATIVE) === 0 && (dev === undefined || list[i]!.dev === dev)) return true;
    return false;
  }

  /** ipv6_get_ifaddr: on this device, or on any. */
  findOn(b: Uint8Array, at: number, dev: NetDevice | undefined): Ifa6 | undefined {
    const list = this.owned.get(b, at);
    return dev === undefined ? list?.[0] : list?.find((a) => a.dev === dev);
  }

  /** ipv6_get_lladdr. */
  linkLocal(dev: NetDevice, banned: number = IFA6.TENTATIVE): Ipv6 | undefined {
    const { addrs } = dev.inet6 ?? { addrs: [] };
    for (let i = addrs.length - 1; i >= 0; i--) {
      const a = addrs[i]!;
      if (a.scope !== "link") break;
      if ((a.flags & banned) === 0) return a.addr;
    }
    return undefined;
  }

  infos(): Addr6Info[] {
    return this.stack.ns.devices().flatMap((d) => (d.inet6?.addrs ?? []).map((a) => this.info(a)));
  }

  private info(a: Ifa6): Addr6Info {
    const passed = Math.floor((this.stack.now - a.stamp) / SECOND);
    const left = (lft: number): number => (lft === EVER ? lft : Math.max(0, lft - passed));
    const forever = (a.flags & IFA6.PERMANENT) !== 0 && a.preferredLft === EVER;
    const i: Addr6Info = {
      ifindex: a.dev.ifindex, local: a.addr, prefixLen: a.prefixLen, scope: a.scope, flags: a.flags, metric: a.metric, proto: a.proto,
      validLft: forever ? EVER : left(a.validLft), preferredLft: forever ? EVER : left(a.preferredLft),
    };
    if (a.peer !== undefined) i.peer = a.peer;
    return i;
  }

  // -- adding, deleting ---------------------------------------------------------------------------------------------

  /** inet6_rtm_newaddr. */
  add(spec: Addr6Spec, mode: NlMode): NlResult {
    const dev = this.stack.ns.deviceByIndex(spec.ifindex);
    if (spec.prefixLen > 128) return err({ errno: "EINVAL" });
    const valid = spec.validLft ?? EVER;
    const preferred = spec.preferredLft ?? EVER;
    if (valid === 0 || preferred > valid) return err({ errno: "EINVAL" });
    if (dev?.inet6 === undefined) return err({ errno: "ENODEV" });
    const idev = dev.inet6;
    const old = this.findOn(spec.local, 0, dev);
    if (old !== undefined) {
      if (mode === "add") return err({ errno: "EEXIST" });
      return this.modify(old, valid, preferred, spec);
    }
    if (idev.conf.disable_ipv6 !== 0) return err({ errno: "EACCES" });
    const a = spec.local;
    if (isAny6(a) || isMulticast6(a) || (isLoopback6(a) && (dev.flags & IFF.LOOPBACK) === 0)) return err({ errno: "EADDRNOTAVAIL" });
    const flags = (spec.flags ?? 0) & (IFA6.NODAD | IFA6.HOMEADDRESS | IFA6.MANAGETEMPADDR | IFA6.NOPREFIXROUTE | IFA6.OPTIMISTIC);
    const ifa = this.insert(dev, spec, flags | ((flags & IFA6.NODAD) === 0 ? IFA6.TENTATIVE : 0) | (valid === EVER ? IFA6.PERMANENT : 0));
    this.prefixRoute(ifa);
    this.dadStart(ifa);
    this.scheduleVerify();
    return ok();
  }

  private modify(ifa: Ifa6, valid: number, preferred: number, spec: Addr6Spec): NlResult {
    const settable = IFA6.HOMEADDRESS | IFA6.MANAGETEMPADDR | IFA6.NOPREFIXROUTE;
    const had = (ifa.flags & IFA6.NOPREFIXROUTE) === 0;
    ifa.flags = (ifa.flags & ~(settable | IFA6.PERMANENT | IFA6.DEPRECATED)) | ((spec.flags ?? 0) & settable) | (valid === EVER ? IFA6.PERMANENT : 0) | (preferred === 0 ? IFA6.DEPRECATED : 0);
    if (had) this.removePrefixRoute(ifa);
    ifa.validLft = valid;
    ifa.preferredLft = preferred;
    ifa.stamp = this.stack.now;
    if (spec.metric !== undefined) ifa.metric = spec.metric;
    this.prefixRoute(ifa);
    this.scheduleVerify();
    return ok();
  }

  /** ipv6_add_addr and ipv6_link_dev_addr: in front of those of its scope, which come after those of a wider one. */
  private insert(dev: NetDevice, spec: Addr6Spec, flags: number): Ifa6 {
    const preferred = spec.preferredLft ?? EVER;
    const ifa: Ifa6 = {
      dev, addr: spec.local.slice(), prefixLen: spec.prefixLen, peer: spec.peer, scope: rtScope(spec.local), flags: flags | (preferred === 0 ? IFA6.DEPRECATED : 0), validLft: spec.validLft ?? EVER, preferredLft: preferred,
      stamp: this.stack.now, metric: spec.metric ?? 0, proto: spec.proto ?? 0, probes: 0, timer: 0, nonce: undefined, host: undefined, dead: false,
    };
    const { addrs } = dev.inet6!;
    const at = addrs.findIndex((a) => scopeOf6(ifa.addr) >= scopeOf6(a.addr));
    addrs.splice(at < 0 ? addrs.length : at, 0, ifa);
    const list = this.owned.get(ifa.addr);
    if (list === undefined) this.owned.set(ifa.addr, [ifa]);
    else list.push(ifa);
    return ifa;
  }

  /** inet6_addr_del. */
  del(ifindex: number, local: Ipv6, prefixLen: number): NlResult {
    const dev = this.stack.ns.deviceByIndex(ifindex);
    if (prefixLen > 128) return err({ errno: "EINVAL" });
    if (dev?.inet6 === undefined) return err({ errno: "ENODEV" });
    const ifa = dev.inet6.addrs.find((a) => a.prefixLen === prefixLen && same6(a.addr, local));
    if (ifa === undefined) return err({ errno: "EADDRNOTAVAIL" });
    this.remove(ifa);
    return ok();
  }

  private remove(ifa: Ifa6): void {
    this.forget(ifa);
    this.removePrefixRoute(ifa);
  }

  /** Takes an address out, its route, its groups. */
  private forget(ifa: Ifa6): void {
    const { dev } = ifa;
    const idev = dev.inet6!;
    ifa.dead = true;
    this.clock.cancel(ifa.timer);
    ifa.timer = 0;
    idev.addrs = idev.addrs.filter((a) => a !== ifa);
    const list = (this.owned.get(ifa.addr) ?? []).filter((a) => a !== ifa);
    if (list.length > 0) this.owned.set(ifa.addr, list);
    else this.owned.delete(ifa.addr);
    if (idev.conf.forwarding !== 0 && (ifa.flags & IFA6.TENTATIVE) === 0) this.leaveAnycast(ifa);
    this.leaveSolicited(ifa);
    this.stack.fib.remove(ifa.host);
    ifa.host = undefined;
    if (list.length === 0) this.stack.fib.removePrefsrc(ifa.addr);
  }

  private hasSolicited(ifa: Ifa6): boolean {
    return (ifa.dev.flags & (IFF.LOOPBACK | IFF.NOARP)) === 0;
  }
  private leaveSolicited(ifa: Ifa6): void {
    if (this.hasSolicited(ifa)) this.stack.mcast.leave(ifa.dev, solicitedNode(ifa.addr));
  }

  private expiry(lft: number): Nanos | undefined {
    return lft === EVER ? undefined : this.stack.now + lft * SECOND;
  }

  /** addrconf_prefix_route. */
  private prefixRoute(ifa: Ifa6): void {
    if ((ifa.flags & IFA6.NOPREFIXROUTE) !== 0 || !ifa.dev.isUp) return;
    const e = this.stack.fib.addKernel("unicast", ifa.peer ?? ifa.addr, ifa.prefixLen, ifa.dev, RT6_TABLE.MAIN, ifa.metric || IP6_RT_PRIO.ADDRCONF);
    e.expires = this.expiry(ifa.validLft);
  }

  /** cleanup_prefix_route: it stays while another address lies in the prefix. */
  private removePrefixRoute(ifa: Ifa6): void {
    if ((ifa.flags & IFA6.NOPREFIXROUTE) !== 0) return;
    for (const b of ifa.dev.inet6!.addrs) {
      if (b === ifa || b.prefixLen !== ifa.prefixLen || (b.flags & IFA6.NOPREFIXROUTE) !== 0 || !inPrefix6(b.addr, 0, ifa.addr, ifa.prefixLen)) continue;
      return;
    }
    const e = this.stack.fib.find(ifa.peer ?? ifa.addr, ifa.prefixLen, RT6_TABLE.MAIN, (x) => x.addrconf && x.nexthops[0]?.dev === ifa.dev && x.nexthops[0].via === undefined && x.metric === (ifa.metric || IP6_RT_PRIO.ADDRCONF));
    this.stack.fib.remove(e);
  }

  // -- subnet-router anycast ------------------------------------------------------------------------------------------

  /** The prefix itself is an address of every router in it: RFC 4291 §2.6.1. */
  private anycastOf(ifa: Ifa6): Ipv6 | undefined {
    if (ifa.prefixLen >= 127) return undefined;
    const a = prefixOf(ifa.addr, ifa.prefixLen);
    return isAny6(a) ? undefined : a;
  }
  private joinAnycast(ifa: Ifa6): void {
    const a = this.anycastOf(ifa);
    if (a === undefined || this.stack.fib.find(a, 128, RT6_TABLE.LOCAL, (e) => e.type === "anycast" && e.nexthops[0]?.dev === ifa.dev) !== undefined) return;
    this.stack.fib.addKernel("anycast", a, 128, ifa.dev, RT6_TABLE.LOCAL, 0);
    if (this.hasSolicited(ifa)) this.stack.mcast.join(ifa.dev, solicitedNode(a));
  }
  private leaveAnycast(ifa: Ifa6): void {
    const a = this.anycastOf(ifa);
    if (a === undefined || ifa.dev.inet6!.addrs.some((b) => b !== ifa && b.prefixLen === ifa.prefixLen && inPrefix6(b.addr, 0, ifa.addr, ifa.prefixLen))) return;
    const e = this.stack.fib.find(a, 128, RT6_TABLE.LOCAL, (x) => x.type === "anycast" && x.nexthops[0]?.dev === ifa.dev);
    if (e === undefined) return;
    this.stack.fib.remove(e);
    if (this.hasSolicited(ifa)) this.stack.mcast.leave(ifa.dev, solicitedNode(a));
  }
  /** ipv6_chk_acast_addr. */
  isAnycast(dev: NetDevice, b: Uint8Array, at: number): boolean {
    if (this.stack.confAll.forwarding === 0 && dev.inet6?.conf.forwarding !== 1) return false;
    return this.stack.fib.find(b.slice(at, at + 16), 128, RT6_TABLE.LOCAL, (e) => e.type === "anycast" && e.nexthops[0]?.dev === dev) !== undefined;
  }

  // -- duplicate address detection --------------------------------------------------------------------------------------

  /** addrconf_dad_begin: RFC 4862 §5.4, after a random delay so that not all speak at once. */
  private dadStart(ifa: Ifa6): void {
    const { dev } = ifa;
    const idev = dev.inet6!;
    if (!dev.isUp) return;
    if (this.hasSolicited(ifa)) this.stack.mcast.join(dev, solicitedNode(ifa.addr));
    const skip = (dev.flags & (IFF.NOARP | IFF.LOOPBACK)) !== 0 || (this.stack.confAll.accept_dad < 1 && idev.conf.accept_dad < 1) || (ifa.flags & IFA6.TENTATIVE) === 0 || (ifa.flags & IFA6.NODAD) !== 0;
    if (skip) {
      ifa.flags &= ~(IFA6.TENTATIVE | IFA6.OPTIMISTIC | IFA6.DADFAILED);
      return this.dadDone(ifa);
    }
    if (!idev.ready) {
      // Kept tentative until there is a link.
      if (this.hasSolicited(ifa)) this.stack.mcast.leave(dev, solicitedNode(ifa.addr));
      return;
    }
    const { random } = this.stack;
    ifa.probes = idev.conf.dad_transmits;
    if (Math.max(idev.conf.enhanced_dad, this.stack.confAll.enhanced_dad) !== 0) ifa.nonce = Uint8Array.from({ length: 6 }, () => random.below(256));
    const spread = Math.max(idev.conf.router_solicitation_delay * 1000, 1);
    this.clock.cancel(ifa.timer);
    ifa.timer = this.clock.after(random.below(spread) * MILLISECOND, () => this.dadTimer(ifa));
  }

  private dadTimer(ifa: Ifa6): void {
    ifa.timer = 0;
    if (ifa.dead || (ifa.flags & IFA6.TENTATIVE) === 0) return;
    const idev = ifa.dev.inet6!;
    if (!ifa.dev.isUp || !idev.ready) return;
    if (ifa.probes <= 0) {
      ifa.flags &= ~(IFA6.TENTATIVE | IFA6.OPTIMISTIC | IFA6.DADFAILED);
      return this.dadDone(ifa);
    }
    ifa.probes--;
    this.stack.ndisc.sendSolicit(ifa.dev, ifa.addr, solicitedNode(ifa.addr), ANY6, ifa.nonce);
    ifa.timer = this.clock.after(Math.max(idev.parms.retrans_time_ms, 10) * MILLISECOND, () => this.dadTimer(ifa));
  }

  /** Somebody else has it, or wants it at the same time: addrconf_dad_failure. */
  dadFailed(ifa: Ifa6): void {
    this.clock.cancel(ifa.timer);
    ifa.timer = 0;
    ifa.flags |= IFA6.TENTATIVE | IFA6.DADFAILED;
    this.leaveSolicited(ifa);
    // Of an address that was made by itself nothing is left.
    if ((ifa.flags & IFA6.PERMANENT) === 0 && (ifa.flags & IFA6.MANAGETEMPADDR) !== 0) this.remove(ifa);
  }

  private dadDone(ifa: Ifa6): void {
    this.usable(ifa);
    const { dev } = ifa;
    const idev = dev.inet6!;
    if (ifa.scope !== "link" || (dev.flags & IFF.LOOPBACK) !== 0) return;
    this.stack.mcast.sourceKnown(dev);
    if (!this.acceptsRa(idev) || idev.conf.router_solicitations === 0 || idev.rsTimer !== 0 || idev.raReceived) return;
    idev.rsSent = 1;
    this.stack.ndisc.sendRouterSolicit(dev, ifa.addr);
    idev.rsInterval = this.backoff(idev.conf.router_solicitation_interval * SECOND);
    idev.rsTimer = this.clock.after(idev.rsInterval, () => this.rsAgain(idev));
  }

  /** From now on the address is one of ours: RTM_NEWADDR. */
  private usable(ifa: Ifa6): void {
    ifa.host ??= this.stack.fib.addKernel("local", ifa.addr, 128, ifa.dev, RT6_TABLE.LOCAL, 0);
    if (ifa.dev.inet6!.conf.forwarding !== 0) this.joinAnycast(ifa);
  }

  // -- routers ------------------------------------------------------------------------------------------------------

  /** ipv6_accept_ra: a router listens to others only when told to. */
  acceptsRa(idev: Inet6Dev): boolean {
    return idev.conf.forwarding !== 0 ? idev.conf.accept_ra === 2 : idev.conf.accept_ra !== 0;
  }

  /** RFC 8415 §15: a tenth more or less. */
  private backoff(base: Nanos): Nanos {
    return Math.round((base * (900_000 + this.stack.random.below(200_001))) / 1_000_000);
  }

  private rsAgain(idev: Inet6Dev): void {
    idev.rsTimer = 0;
    const { dev, conf } = idev;
    if (!dev.isUp || !idev.ready || idev.raReceived || !this.acceptsRa(idev)) return;
    const from = this.linkLocal(dev);
    if (from === undefined || (conf.router_solicitations >= 0 && idev.rsSent >= conf.router_solicitations)) return;
    idev.rsSent++;
    this.stack.ndisc.sendRouterSolicit(dev, from);
    const most = conf.router_solicitation_max_interval * SECOND;
    idev.rsInterval = this.backoff(Math.min(idev.rsInterval * 2, most));
    idev.rsTimer = this.clock.after(idev.rsInterval, () => this.rsAgain(idev));
  }

  stopRs(idev: Inet6Dev): void {
    this.clock.cancel(idev.rsTimer);
    idev.rsTimer = 0;
  }

  /** addrconf_prefix_rcv: a prefix information option, RFC 4862 §5.5.3. Times in seconds; Infinity: for ever. */
  prefixReceived(dev: NetDevice, prefix: Ipv6, len: number, o: { onlink: boolean; autonomous: boolean; valid: number; preferred: number }): void {
    const idev = dev.inet6!;
    if (isMulticast6(prefix) || scopeOf6(prefix) === SCOPE6.LINK || o.preferred > o.valid) return;
    if (o.onlink) this.prefixOnLink(dev, prefix, len, o.valid);
    if (!o.autonomous || idev.conf.autoconf === 0 || len !== 64) return;
    const addr = eui64(prefix, dev.addr);
    const old = this.findOn(addr, 0, dev);
    if (old === undefined) {
      if (o.valid === 0 || idev.addrs.length >= idev.conf.max_addresses) return;
      const ifa = this.insert(dev, { ifindex: dev.ifindex, local: addr, prefixLen: 64, validLft: o.valid, preferredLft: o.preferred }, IFA6.TENTATIVE | IFA6.MANAGETEMPADDR | (o.valid === EVER ? IFA6.PERMANENT : 0));
      this.dadStart(ifa);
    } else if ((old.flags & IFA6.MANAGETEMPADDR) !== 0) {
      // RFC 4862 §5.5.3 e: nobody may shorten a life to less than two hours.
      const left = old.validLft === EVER ? EVER : old.validLft - Math.floor((this.stack.now - old.stamp) / SECOND);
      const two = 7200;
      old.validLft = o.valid > two || o.valid > left ? o.valid : left <= two ? left : two;
      old.preferredLft = Math.min(o.preferred, old.validLft);
      old.stamp = this.stack.now;
      old.flags = (old.flags & ~(IFA6.DEPRECATED | IFA6.PERMANENT)) | (old.preferredLft === 0 ? IFA6.DEPRECATED : 0);
    }
    this.scheduleVerify();
  }

  private prefixOnLink(dev: NetDevice, prefix: Ipv6, len: number, valid: number): void {
    const { fib } = this.stack;
    const own = fib.find(prefix, len, RT6_TABLE.MAIN, (e) => e.addrconf && e.nexthops[0]?.dev === dev && e.nexthops[0].via === undefined);
    if (own !== undefined) {
      if (valid === 0) fib.remove(own);
      else own.expires = this.expiry(valid);
    } else if (valid > 0) {
      const e = fib.addKernel("unicast", prefix, len, dev, RT6_TABLE.MAIN, IP6_RT_PRIO.ADDRCONF, { proto: RTPROT_KERNEL });
      e.expires = this.expiry(valid);
    }
  }

  // -- lifetimes ----------------------------------------------------------------------------------------------------

  /** addrconf_verify: deprecates and deletes when their time has come. */
  private scheduleVerify(): void {
    this.clock.cancel(this.verifyTimer);
    this.verifyTimer = 0;
    let next = EVER;
    for (const d of this.stack.ns.devices()) {
      for (const a of d.inet6?.addrs ?? []) {
        if (a.validLft !== EVER) next = Math.min(next, a.stamp + a.validLft * SECOND);
        if (a.preferredLft !== EVER && (a.flags & IFA6.DEPRECATED) === 0) next = Math.min(next, a.stamp + a.preferredLft * SECOND);
      }
    }
    if (next !== EVER) this.verifyTimer = this.clock.after(Math.max(next - this.stack.now, 0), () => this.verify());
  }

  private verify(): void {
    this.verifyTimer = 0;
    const { now } = this.stack;
    for (const d of this.stack.ns.devices()) {
      for (const a of [...(d.inet6?.addrs ?? [])]) {
        if (a.validLft !== EVER && now >= a.stamp + a.validLft * SECOND) this.remove(a);
        else if (a.preferredLft !== EVER && now >= a.stamp + a.preferredLft * SECOND) a.flags |= IFA6.DEPRECATED;
      }
    }
    this.scheduleVerify();
  }

  // -- source address selection -----------------------------------------------------------------------------------------

  /** ipv6_dev_get_saddr, RFC 6724 §5. undefined: there is none. */
  source(dev: NetDevice | undefined, dst: Uint8Array, dstAt: number): Ipv6 | undefined {
    const dstScope = isMulticast6(dst, dstAt) ? dst[dstAt + 1]! & 15 : Math.max(scopeOf6(dst, dstAt), SCOPE6.LINK);
    const dstLabel = this.stack.labels.of(dst, dstAt);
    const onlyDev = dev !== undefined && (dstScope <= SCOPE6.LINK || isMulticast6(dst, dstAt) || dev.inet6?.conf.use_oif_addrs_only === 1);
    let best: Ifa6 | undefined;
    const devices = onlyDev ? [dev] : this.stack.ns.devices();
    for (const d of devices) {
      for (const a of d.inet6?.addrs ?? []) {
        if ((a.flags & IFA6.TENTATIVE) !== 0 && (a.flags & IFA6.OPTIMISTIC) === 0) continue;
        if (best === undefined || this.better(a, best, dst, dstAt, dstScope, dstLabel, dev)) best = a;
      }
    }
    return best?.addr;
  }

  /** Whether `a` is the better source: the rules in their order. */
  private better(a: Ifa6, b: Ifa6, dst: Uint8Array, at: number, dstScope: number, dstLabel: number, dev: NetDevice | undefined): boolean {
    const same = (x: Ifa6): number => (eq6(x.addr, 0, dst, at) ? 1 : 0);
    if (same(a) !== same(b)) return same(a) > same(b);
    const [sa, sb] = [sourceScope(a), sourceScope(b)];
    if (sa !== sb) return sa < sb ? sa >= dstScope : sb < dstScope;
    const preferred = (x: Ifa6): number => ((x.flags & (IFA6.DEPRECATED | IFA6.OPTIMISTIC)) === 0 ? 1 : 0);
    if (preferred(a) !== preferred(b)) return preferred(a) > preferred(b);
    const outgoing = (x: Ifa6): number => (dev === undefined || x.dev === dev ? 1 : 0);
    if (outgoing(a) !== outgoing(b)) return outgoing(a) > outgoing(b);
    const label = (x: Ifa6): number => (this.stack.labels.of(x.addr, 0) === dstLabel ? 1 : 0);
    if (label(a) !== label(b)) return label(a) > label(b);
    const isPublic = (x: Ifa6): number => ((x.flags & IFA6.TEMPORARY) === 0 ? 1 : 0);
    if (isPublic(a) !== isPublic(b)) return isPublic(a) > isPublic(b);
    // As many bits as agree, but no more than the prefix has.
    const bits = (x: Ifa6): number => Math.min(commonBits(x.addr, 0, dst, at), x.prefixLen);
    return bits(a) > bits(b);
  }

  describe(a: Ifa6): string {
    return `${formatIpv6(a.addr)}/${a.prefixLen} dev ${a.dev.name}`;
  }
}

function sourceScope(a: Ifa6): number {
  return scopeOf6(a.addr);
}

/** netif_oper_up. */
function linkReady(dev: NetDevice): boolean {
  return dev.isUp && (dev.operstate === "UP" || dev.operstate === "UNKNOWN");
}
