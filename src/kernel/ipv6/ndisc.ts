/** Neighbour discovery: solicitations, advertisements, routers, redirects. RFC 4861; net/ipv6/ndisc.c. */
import { getU16, getU32 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { MILLISECOND, SECOND } from "../../sim/time.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { formatIpv6, IPV6, IPV6_LEN } from "../../wire/ipv6.ts";
import { IFF } from "../api.ts";
import { IFA6, type Ipv6, type RouterPref } from "../api6.ts";
import { type NetDevice, PACKET } from "../netdev/device.ts";
import { ALL_NODES, ALL_ROUTERS, ANY6, eq6, isAny6, isLinkLocal6, isMulticast6, Map6, solicitedNode } from "./address.ts";
import { type Fib6Entry, RT6_TABLE } from "./fib.ts";
import { sealIcmp6 } from "./icmp.ts";
import type { Ipv6Stack } from "./stack.ts";

const OPT = { SOURCE_LL: 1, TARGET_LL: 2, PREFIX: 3, REDIRECTED: 4, MTU: 5, NONCE: 14, ROUTE_INFO: 24 } as const;
const NA_FLAG = { ROUTER: 0x80, SOLICITED: 0x40, OVERRIDE: 0x20 } as const;
const RTPROT_RA = 9;
const HOP_LIMIT = 255;
const INFINITE = 0xffffffff;

/** Options of a message by type, the first of each; undefined: a length makes no sense. */
function optionsOf(b: Uint8Array, from: number, end: number): Map<number, Uint8Array[]> | undefined {
  const out = new Map<number, Uint8Array[]>();
  for (let at = from; at < end; ) {
    const length = at + 1 < end ? b[at + 1]! * 8 : 0;
    if (length === 0 || at + length > end) return undefined;
    const list = out.get(b[at]!);
    const option = b.slice(at, at + length);
    if (list === undefined) out.set(b[at]!, [option]);
    else list.push(option);
    at += length;
  }
  return out;
}

function lladdrOf(options: Map<number, Uint8Array[]>, type: number): Uint8Array | undefined {
  const o = options.get(type)?.[0];
  return o !== undefined && o.length === 8 ? o.slice(2) : undefined;
}

export class Ndisc {
  private readonly stack: Ipv6Stack;
  /** `ip -6 neigh add proxy`. */
  readonly proxies = new Map<NetDevice, Map6<true>>();

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  // -- out ----------------------------------------------------------------------------------------------------------

  private send(dev: NetDevice, src: Ipv6, dst: Ipv6, message: Uint8Array): void {
    sealIcmp6(message, src, dst);
    this.stack.icmp.countOut(message[0]!);
    this.stack.ip.sendDirect(dev, src, dst, 58, message, HOP_LIMIT);
  }

  /** ndisc_send_ns. */
  sendSolicit(dev: NetDevice, target: Ipv6, dst: Ipv6, src: Ipv6, nonce?: Uint8Array): void {
    const withLl = (dev.flags & IFF.LOOPBACK) === 0 && !isAny6(src);
    const message = new Uint8Array(24 + (withLl ? 8 : 0) + (nonce === undefined ? 0 : 8));
    message[0] = ICMPV6_TYPE.NEIGHBOR_SOLICIT;
    message.set(target, 8);
    if (withLl) putLl(message, 24, OPT.SOURCE_LL, dev.addr);
    if (nonce !== undefined) {
      const at = withLl ? 32 : 24;
      message[at] = OPT.NONCE;
      message[at + 1] = 1;
      message.set(nonce, at + 2);
    }
    this.send(dev, src, dst, message);
  }

  /** ndisc_solicit: for a neighbour, from the source of what waits if that is an address of this device. */
  solicit(dev: NetDevice, target: Ipv6, unicast: boolean, waiting: Skb | undefined): void {
    const { addrconf, ns } = this.stack;
    let src: Ipv6 | undefined;
    if (waiting !== undefined && addrconf.owns(waiting.bytes, waiting.network + IPV6.src, dev)) src = waiting.bytes.slice(waiting.network + IPV6.src, waiting.network + IPV6.src + 16);
    src ??= addrconf.linkLocal(dev);
    if (src === undefined) return;
    if (waiting !== undefined && ns.sim.trace.on) ns.report(waiting, "neigh", "queue", dev, `solicit ${formatIpv6(target)}`, "");
    this.sendSolicit(dev, target, unicast ? target : solicitedNode(target), src);
  }

  /** ndisc_send_na. */
  private sendAdvert(dev: NetDevice, dst: Ipv6, target: Ipv6, router: boolean, solicited: boolean, override: boolean, withLl: boolean): void {
    const { addrconf } = this.stack;
    const own = addrconf.findOn(target, 0, dev);
    const src = own !== undefined ? target : addrconf.source(dev, dst, 0);
    if (src === undefined) return;
    const message = new Uint8Array(withLl ? 32 : 24);
    message[0] = ICMPV6_TYPE.NEIGHBOR_ADVERT;
    message[4] = (router ? NA_FLAG.ROUTER : 0) | (solicited ? NA_FLAG.SOLICITED : 0) | (override && ((own?.flags ?? 0) & IFA6.OPTIMISTIC) === 0 ? NA_FLAG.OVERRIDE : 0);
    message.set(target, 8);
    if (withLl) putLl(message, 24, OPT.TARGET_LL, dev.addr);
    this.send(dev, src, dst, message);
  }

  /** ndisc_send_rs. */
  sendRouterSolicit(dev: NetDevice, src: Ipv6): void {
    const message = new Uint8Array(16);
    message[0] = ICMPV6_TYPE.ROUTER_SOLICIT;
    putLl(message, 8, OPT.SOURCE_LL, dev.addr);
    this.send(dev, src, ALL_ROUTERS, message);
  }

  /** ndisc_send_redirect: `cause` could have gone to `target` straight away. */
  sendRedirect(cause: Skb, dev: NetDevice, target: Ipv6): void {
    const { addrconf, neigh, ns, icmp } = this.stack;
    const b = cause.bytes;
    const at = cause.network;
    const src = addrconf.linkLocal(dev);
    const sender = b.slice(at + IPV6.src, at + IPV6.src + 16);
    const dst = b.slice(at + IPV6.dst, at + IPV6.dst + 16);
    if (src === undefined || (!isLinkLocal6(target) && !eq6(target, 0, dst, 0)) || !icmp.allowRate(sender, ICMPV6_TYPE.REDIRECT)) return;
    const n = neigh.find(dev, target, 0);
    const ll = n?.isValid() === true && n.hasLladdr ? 8 : 0;
    const room = 1280 - IPV6_LEN - 40 - ll - 8;
    const quoted = Math.min(cause.tail - at, room) & ~7;
    const message = new Uint8Array(40 + ll + 8 + quoted);
    message[0] = ICMPV6_TYPE.REDIRECT;
    message.set(target, 8);
    message.set(dst, 24);
    if (ll > 0) putLl(message, 40, OPT.TARGET_LL, n!.lladdr);
    message[40 + ll] = OPT.REDIRECTED;
    message[41 + ll] = (quoted + 8) >> 3;
    message.set(b.subarray(at, at + quoted), 48 + ll);
    if (ns.sim.trace.on) ns.report(cause, "icmp", "reply", dev, `redirect to ${formatIpv6(target)}`, "");
    this.send(dev, src, sender, message);
  }

  // -- in -----------------------------------------------------------------------------------------------------------

  /** ndisc_rcv. The caller frees the packet. @returns why it was refused, or "". */
  receive(skb: Skb, dev: NetDevice): string {
    const b = skb.bytes;
    const at = skb.transport;
    // Only a neighbour can have sent it: RFC 4861 §3.1.
    if (b[skb.network + IPV6.hopLimit] !== HOP_LIMIT || b[at + 1] !== 0) return "hop limit is not 255";
    switch (b[at]) {
      case ICMPV6_TYPE.NEIGHBOR_SOLICIT:
        return this.receiveSolicit(skb, dev, false);
      case ICMPV6_TYPE.NEIGHBOR_ADVERT:
        return this.receiveAdvert(skb, dev);
      case ICMPV6_TYPE.ROUTER_SOLICIT:
        return this.receiveRouterSolicit(skb, dev);
      case ICMPV6_TYPE.ROUTER_ADVERT:
        return this.receiveRouterAdvert(skb, dev);
      default:
        return this.receiveRedirect(skb, dev);
    }
  }

  /** ndisc_recv_ns. */
  private receiveSolicit(skb: Skb, dev: NetDevice, delayed: boolean): string {
    const { addrconf, neigh } = this.stack;
    const b = skb.bytes;
    const at = skb.transport;
    if (skb.tail - at < 24) return "too short";
    const src = b.slice(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    const dst = b.slice(skb.network + IPV6.dst, skb.network + IPV6.dst + 16);
    const target = b.slice(at + 8, at + 24);
    if (isMulticast6(target)) return "multicast target";
    const dad = isAny6(src);
    if (dad && !isSolicitedNode(dst)) return "detection, but not to the solicited-node group";
    const options = optionsOf(b, at + 24, skb.tail);
    if (options === undefined) return "options";
    const lladdr = lladdrOf(options, OPT.SOURCE_LL);
    if (dad && lladdr !== undefined) return "detection with a link-layer address";
    const inc = isMulticast6(dst);
    const own = addrconf.findOn(target, 0, dev);
    let router = dev.inet6!.conf.forwarding !== 0;
    if (own !== undefined) {
      if ((own.flags & (IFA6.TENTATIVE | IFA6.OPTIMISTIC)) !== 0) {
        if (!dad) return (own.flags & IFA6.OPTIMISTIC) !== 0 ? "" : "tentative address";
        // Our own solicitation that came back is no neighbour.
        const nonce = options.get(OPT.NONCE)?.[0]?.slice(2);
        if (nonce !== undefined && own.nonce !== undefined && nonce.every((x, i) => x === own.nonce![i])) return "our own";
        addrconf.dadFailed(own);
        return "";
      }
    } else {
      const anycast = addrconf.isAnycast(dev, target, 0);
      const proxied = router && Math.max(this.stack.confAll.proxy_ndp, dev.inet6!.conf.proxy_ndp) !== 0 && this.proxies.get(dev)?.get(target) === true;
      if (!anycast && !proxied) return "not ours";
      if (proxied && !anycast) router = false;
      const delay = dev.inet6!.parms.proxy_delay;
      if (!delayed && skb.pktType !== PACKET.HOST && inc && delay !== 0) {
        // An anycast address or a proxy: whoever has the address itself goes first.
        const copy = skb.clone(this.stack.ns.sim.nextPacket());
        this.stack.ns.sim.clock.after(this.stack.random.below(delay * 10) * MILLISECOND, () => {
          if (dev.inet6 !== undefined && dev.isUp) this.receiveSolicit(copy, dev, true);
          copy.free();
        });
        return "";
      }
    }
    if (dad) {
      this.sendAdvert(dev, ALL_NODES, target, router, false, own !== undefined, true);
      return "";
    }
    // Whoever asks will be spoken to: his address is learnt, as doubtful.
    const n = !inc || lladdr !== undefined ? neigh.get(dev, src, 0) : neigh.find(dev, src, 0);
    if (n === undefined) return "";
    n.update(lladdr, "STALE", { override: true, admin: false, weakOverride: true });
    this.sendAdvert(dev, src, target, router, true, own !== undefined && inc, inc);
    return "";
  }

  /** ndisc_recv_na. */
  private receiveAdvert(skb: Skb, dev: NetDevice): string {
    const { addrconf, neigh } = this.stack;
    const b = skb.bytes;
    const at = skb.transport;
    if (skb.tail - at < 24) return "too short";
    const target = b.slice(at + 8, at + 24);
    const flags = b[at + 4]!;
    const solicited = (flags & NA_FLAG.SOLICITED) !== 0;
    if (isMulticast6(target) || (solicited && isMulticast6(b, skb.network + IPV6.dst))) return "multicast";
    const options = optionsOf(b, at + 24, skb.tail);
    if (options === undefined) return "options";
    const lladdr = lladdrOf(options, OPT.TARGET_LL);
    const own = addrconf.findOn(target, 0, dev);
    if (own !== undefined) {
      if ((own.flags & IFA6.TENTATIVE) !== 0) addrconf.dadFailed(own);
      return "";
    }
    const n = neigh.find(dev, target, 0);
    if (n === undefined || n.state === "FAILED") return "nobody asked";
    const wasRouter = n.router;
    n.update(lladdr, solicited ? "REACHABLE" : "STALE", { override: (flags & NA_FLAG.OVERRIDE) !== 0, admin: false, weakOverride: true, router: (flags & NA_FLAG.ROUTER) !== 0 });
    if (wasRouter && !n.router) this.removeDefault(dev, target);
    return "";
  }

  /** ndisc_recv_rs: a router learns who asks; answering is the daemon's business. */
  private receiveRouterSolicit(skb: Skb, dev: NetDevice): string {
    const b = skb.bytes;
    const at = skb.transport;
    const src = b.slice(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    if (skb.tail - at < 8) return "too short";
    if (dev.inet6!.conf.forwarding === 0) return "not a router";
    if (isAny6(src)) return "";
    const options = optionsOf(b, at + 8, skb.tail);
    if (options === undefined) return "options";
    const lladdr = lladdrOf(options, OPT.SOURCE_LL);
    const n = this.stack.neigh.get(dev, src, 0);
    n?.update(lladdr, "STALE", { override: true, admin: false, weakOverride: true, router: false });
    return "";
  }

  // -- routers ------------------------------------------------------------------------------------------------------

  private defaultRoute(dev: NetDevice, from: Ipv6): Fib6Entry | undefined {
    return this.stack.fib.find(ANY6, 0, RT6_TABLE.MAIN, (e) => e.proto === RTPROT_RA && e.nexthops[0]?.dev === dev && e.nexthops[0].via !== undefined && eq6(e.nexthops[0].via, 0, from, 0));
  }
  private removeDefault(dev: NetDevice, from: Ipv6): void {
    this.stack.fib.remove(this.defaultRoute(dev, from));
  }

  /** ndisc_router_discovery. */
  private receiveRouterAdvert(skb: Skb, dev: NetDevice): string {
    const { addrconf, neigh, fib } = this.stack;
    const b = skb.bytes;
    const at = skb.transport;
    const idev = dev.inet6!;
    const { conf } = idev;
    const src = b.slice(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    if (!isLinkLocal6(src)) return "source is not link-local";
    if (skb.tail - at < 16) return "too short";
    const options = optionsOf(b, at + 16, skb.tail);
    if (options === undefined) return "options";
    const lladdr = lladdrOf(options, OPT.SOURCE_LL);
    if (addrconf.acceptsRa(idev)) {
      idev.raReceived = true;
      addrconf.stopRs(idev);
      if (conf.accept_ra_defrtr !== 0 && (conf.accept_ra_from_local !== 0 || !addrconf.owns(src, 0))) this.defaultRouter(dev, src, b, at);
      const reachable = getU32(b, at + 8);
      const retrans = getU32(b, at + 12);
      if (retrans !== 0 && retrans < 1_000_000_000) idev.parms.retrans_time_ms = Math.max(retrans, 10);
      if (reachable !== 0 && reachable < 3_600_000 && idev.parms.base_reachable_time_ms !== reachable) {
        idev.parms.base_reachable_time_ms = reachable;
        idev.parms.drawReachableTime(this.stack.random);
      }
    }
    neigh.get(dev, src, 0)?.update(lladdr, "STALE", { override: true, admin: false, weakOverride: true, router: true });
    if (!addrconf.acceptsRa(idev)) return "";
    if (conf.accept_ra_pinfo !== 0) for (const o of options.get(OPT.PREFIX) ?? []) this.prefixOption(dev, o);
    const mtu = options.get(OPT.MTU)?.[0];
    if (conf.accept_ra_mtu !== 0 && mtu !== undefined) {
      const value = getU32(mtu, 4);
      if (value >= 1280 && value <= dev.mtu) {
        conf.mtu = value;
        const e = this.defaultRoute(dev, src);
        if (e !== undefined) e.metrics = { mtu: value, ...(e.metrics.hoplimit === undefined ? {} : { hoplimit: e.metrics.hoplimit }) };
      }
    }
    fib.carrier(dev);
    return "";
  }

  private defaultRouter(dev: NetDevice, src: Ipv6, b: Uint8Array, at: number): void {
    const { fib } = this.stack;
    const { conf } = dev.inet6!;
    const lifetime = getU16(b, at + 6);
    const hops = b[at + 4]!;
    const bits = (b[at + 5]! >> 3) & 3;
    const pref: RouterPref = conf.accept_ra_rtr_pref === 0 ? "medium" : bits === 1 ? "high" : bits === 3 ? "low" : "medium";
    let e = this.defaultRoute(dev, src);
    if (e !== undefined && (lifetime === 0 || e.pref !== pref)) {
      fib.remove(e);
      e = undefined;
    }
    if (lifetime === 0) return;
    e ??= fib.addKernel("unicast", ANY6, 0, dev, RT6_TABLE.MAIN, conf.ra_defrtr_metric, { proto: RTPROT_RA, via: src, pref });
    e.expires = this.stack.now + lifetime * SECOND;
    if (hops >= conf.accept_ra_min_hop_limit && hops !== 0) {
      conf.hop_limit = hops;
      e.metrics = { ...e.metrics, hoplimit: hops };
    }
  }

  private prefixOption(dev: NetDevice, o: Uint8Array): void {
    if (o.length !== 32 || o[2]! > 128) return;
    const life = (at: number): number => (getU32(o, at) === INFINITE ? Number.POSITIVE_INFINITY : getU32(o, at));
    this.stack.addrconf.prefixReceived(dev, o.slice(16, 32), o[2]!, { onlink: (o[3]! & 0x80) !== 0, autonomous: (o[3]! & 0x40) !== 0, valid: life(4), preferred: life(8) });
  }

  /** ndisc_redirect_rcv and rt6_do_redirect: the router on the way says that there is a shorter one. */
  private receiveRedirect(skb: Skb, dev: NetDevice): string {
    const { neigh, routes } = this.stack;
    const b = skb.bytes;
    const at = skb.transport;
    const src = b.slice(skb.network + IPV6.src, skb.network + IPV6.src + 16);
    if (!isLinkLocal6(src)) return "source is not link-local";
    if (skb.tail - at < 40) return "too short";
    const target = b.slice(at + 8, at + 24);
    const dst = b.slice(at + 24, at + 40);
    const { conf } = dev.inet6!;
    if (isMulticast6(dst)) return "multicast";
    if (conf.forwarding !== 0 || conf.accept_redirects === 0) return "redirects are not accepted";
    const onlink = eq6(target, 0, dst, 0);
    if (!onlink && !isLinkLocal6(target)) return "target is not link-local";
    const options = optionsOf(b, at + 40, skb.tail);
    if (options === undefined) return "options";
    if (!routes.redirected(dst, src, onlink ? undefined : target, dev)) return "not from the router in use";
    neigh.get(dev, target, 0)?.update(lladdrOf(options, OPT.TARGET_LL), "STALE", { override: true, admin: false, weakOverride: true, ...(onlink ? {} : { router: true }) });
    return "";
  }

  // -- proxies ------------------------------------------------------------------------------------------------------

  addProxy(dev: NetDevice, a: Ipv6): void {
    let table = this.proxies.get(dev);
    if (table === undefined) {
      table = new Map6();
      this.proxies.set(dev, table);
    }
    if (table.get(a) === true) return;
    table.set(a, true);
    this.stack.mcast.join(dev, solicitedNode(a)); // pndisc_constructor
  }
  deleteProxy(dev: NetDevice, a: Ipv6): boolean {
    if (this.proxies.get(dev)?.delete(a) !== true) return false;
    this.stack.mcast.leave(dev, solicitedNode(a));
    return true;
  }
}

function putLl(message: Uint8Array, at: number, type: number, mac: Uint8Array): void {
  message[at] = type;
  message[at + 1] = 1;
  message.set(mac, at + 2);
}

function isSolicitedNode(a: Ipv6): boolean {
  return getU32(a, 0) === 0xff020000 && getU32(a, 4) === 0 && getU32(a, 8) === 1 && a[12] === 0xff;
}
