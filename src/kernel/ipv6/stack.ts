/** IPv6 of a namespace: its tables, protocols and settings, and what happens to them when devices come and go. */
import type { RandomStream } from "../../sim/random.ts";
import type { Skb } from "../../sim/skb.ts";
import { NeighParms } from "../conf.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { Addrconf } from "./addrconf.ts";
import { Ipv6Conf } from "./conf.ts";
import { Fib6 } from "./fib.ts";
import { Icmp6Protocol } from "./icmp.ts";
import { Ip6Protocol } from "./ip.ts";
import { AddrLabels } from "./labels.ts";
import { Multicast6 } from "./mcast.ts";
import { Ndisc } from "./ndisc.ts";
import { NeighTable6 } from "./neigh.ts";
import { Routes6 } from "./routes.ts";
import { Rtnl6Socket } from "./rtnl.ts";
import { Socket6Table, Udp6Protocol } from "./sockets.ts";
import { Sysctl6 } from "./sysctl.ts";

/** A transport protocol that somebody else brings: takes ownership of what is delivered, its header at `transport`. */
export type Handler6 = (skb: Skb, dev: NetDevice) => void;

export class Ipv6Stack {
  readonly ns: NetNamespace;
  /** Of its own, so that IPv6 changes nothing where it is off. */
  readonly random: RandomStream;
  readonly sysctl: Sysctl6;
  readonly confAll = new Ipv6Conf();
  readonly confDefault = new Ipv6Conf();
  readonly parmsDefault = new NeighParms();
  /** What the packet path asks for; sysctl.ts names and changes them. */
  readonly settings = { icmpRatelimit: 1000, echoIgnoreAll: 0, echoIgnoreMulticast: 0, autoFlowlabels: 1, fragTime: 60, bindv6only: 0 };
  readonly labels = new AddrLabels();
  readonly fib: Fib6;
  readonly routes: Routes6;
  readonly neigh: NeighTable6;
  readonly mcast: Multicast6;
  readonly ndisc: Ndisc;
  readonly addrconf: Addrconf;
  readonly ip: Ip6Protocol;
  readonly icmp: Icmp6Protocol;
  readonly udp: Udp6Protocol;
  readonly sockets: Socket6Table;
  readonly rtnl: Rtnl6Socket;
  /** By number, those beside ICMPv6 and UDP. */
  readonly protocols = new Map<number, Handler6>();

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.random = ns.sim.random(`${ns.kernel.node} netns ${ns.inode} ipv6`);
    this.sysctl = new Sysctl6(this);
    this.confAll.accept_dad = 0;
    this.fib = new Fib6(this);
    this.routes = new Routes6(this);
    this.neigh = new NeighTable6(this);
    this.mcast = new Multicast6(this);
    this.ndisc = new Ndisc(this);
    this.addrconf = new Addrconf(this);
    this.ip = new Ip6Protocol(this);
    this.icmp = new Icmp6Protocol(this);
    this.udp = new Udp6Protocol(this);
    this.sockets = new Socket6Table(this);
    this.rtnl = new Rtnl6Socket(this);
  }

  get now(): number {
    return this.ns.sim.clock.now;
  }

  routesChanged(): void {
    // Exceptions name the route they belong to: one that is gone is found no more.
  }

  /** A packet that arrived, its header at `data`. Takes ownership. */
  receive(skb: Skb, dev: NetDevice): void {
    this.ip.receive(skb, dev);
  }

  // -- devices: what netns.ts tells -----------------------------------------------------------------------------------

  register(dev: NetDevice): void {
    this.addrconf.register(dev);
  }
  unregister(dev: NetDevice): void {
    this.addrconf.down(dev, true);
    this.ndisc.proxies.delete(dev);
    dev.inet6 = undefined;
  }
  up(dev: NetDevice): void {
    this.addrconf.up(dev);
  }
  down(dev: NetDevice): void {
    this.addrconf.down(dev, false);
  }
  carrier(dev: NetDevice): void {
    if (!dev.carrier && dev.inet6?.conf.ndisc_evict_nocarrier !== 0 && this.confAll.ndisc_evict_nocarrier !== 0) this.neigh.flushDevice(dev, true);
    this.addrconf.change(dev);
  }
  mtuChanged(dev: NetDevice): void {
    this.addrconf.mtuChanged(dev);
  }
  addressChanged(dev: NetDevice): void {
    this.neigh.addressChanged(dev);
    this.neigh.flushDevice(dev, true);
  }

  /** net.ipv6.conf.all.forwarding and default: everything follows. */
  setForwarding(on: number): void {
    this.confAll.forwarding = on;
    this.confDefault.forwarding = on;
    for (const d of this.ns.devices()) this.setDeviceForwarding(d, on);
  }
  setDeviceForwarding(dev: NetDevice, on: number): void {
    const { inet6 } = dev;
    if (inet6 === undefined || inet6.conf.forwarding === on) return;
    const changed = (inet6.conf.forwarding === 0) !== (on === 0);
    inet6.conf.forwarding = on;
    if (!changed) return;
    this.addrconf.forwardingChanged(dev);
    // A router has no routers: what others advertised goes (rt6_purge_dflt_routers).
    if (on !== 0 && !this.addrconf.acceptsRa(inet6)) for (const t of this.fib.tables.values()) for (const e of t.entries()) if (e.addrconf && e.proto === 9 && e.nexthops[0]?.dev === dev) this.fib.remove(e);
  }

  /** net.ipv6.conf.all.disable_ipv6: default and every device too. */
  setDisabled(on: number): void {
    this.confAll.disable_ipv6 = on;
    this.confDefault.disable_ipv6 = on;
    for (const d of this.ns.devices()) this.setDeviceDisabled(d, on);
  }
  setDeviceDisabled(dev: NetDevice, on: number): void {
    const { inet6 } = dev;
    if (inet6 === undefined || inet6.conf.disable_ipv6 === on) return;
    const changed = (inet6.conf.disable_ipv6 === 0) !== (on === 0);
    inet6.conf.disable_ipv6 = on;
    if (changed) this.addrconf.disableChanged(dev);
  }

  /** /proc/net/snmp6, in its order. */
  counters(): readonly (readonly [string, number])[] {
    const c = this.ip.counters;
    const i = this.icmp;
    const u = this.udp;
    const out: [string, number][] = (
      ["InReceives", "InHdrErrors", "InTooBigErrors", "InNoRoutes", "InAddrErrors", "InUnknownProtos", "InTruncatedPkts", "InDiscards", "InDelivers", "OutForwDatagrams", "OutRequests", "OutDiscards", "OutNoRoutes", "ReasmTimeout", "ReasmReqds", "ReasmOKs", "ReasmFails", "FragOKs", "FragFails", "FragCreates", "InMcastPkts", "OutMcastPkts"] as const
    ).map((k) => [`Ip6${k}`, c[k]]);
    const types: readonly (readonly [string, number])[] = [
      ["DestUnreachs", 1], ["PktTooBigs", 2], ["TimeExcds", 3], ["ParmProblems", 4], ["Echos", 128], ["EchoReplies", 129], ["GroupMembQueries", 130], ["GroupMembResponses", 131], ["GroupMembReductions", 132], ["RouterSolicits", 133],
      ["RouterAdvertisements", 134], ["NeighborSolicits", 135], ["NeighborAdvertisements", 136], ["Redirects", 137], ["MLDv2Reports", 143],
    ];
    out.push(["Icmp6InMsgs", i.InMsgs], ["Icmp6InErrors", i.InErrors], ["Icmp6OutMsgs", i.OutMsgs], ["Icmp6OutErrors", 0], ["Icmp6InCsumErrors", i.InCsumErrors]);
    for (const [n, t] of types) out.push([`Icmp6In${n}`, i.inTypes.get(t) ?? 0]);
    for (const [n, t] of types) out.push([`Icmp6Out${n}`, i.outTypes.get(t) ?? 0]);
    out.push(["Udp6InDatagrams", u.InDatagrams], ["Udp6NoPorts", u.NoPorts], ["Udp6InErrors", u.InErrors], ["Udp6OutDatagrams", u.OutDatagrams], ["Udp6RcvbufErrors", u.RcvbufErrors], ["Udp6SndbufErrors", 0], ["Udp6InCsumErrors", u.InCsumErrors], ["Udp6IgnoredMulti", 0], ["Udp6MemErrors", 0]);
    return out;
  }
}
