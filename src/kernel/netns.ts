/** A network namespace: devices, addresses, tables, protocols, sockets. net/core/net_namespace.c, net/ipv4/devinet.c. */
import type { RandomStream } from "../sim/random.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Skb } from "../sim/skb.ts";
import { SECOND } from "../sim/time.ts";
import type { Decision, Stage, Verdict } from "../sim/trace.ts";
import { maskOf } from "../wire/ipv4.ts";
import { macKey } from "../wire/ethernet.ts";
import { err, ok } from "../base/result.ts";
import { type AddrSpec, IFF, type Ipv4, type Netns, type NlMode, type NlResult, type PacketSock, type RawSock, type SocketInfo, type TcpSock, type UdpSock } from "./api.ts";
import { ArpProtocol } from "./arp.ts";
import { copyConf, copyParms, Ipv4Conf, NeighParms } from "./conf.ts";
import { Fib, RT_TABLE } from "./fib.ts";
import { IcmpProtocol } from "./icmp.ts";
import { type IfAddr, InDevice, matches, SCOPE } from "./inet.ts";
import { IpProtocol } from "./ip.ts";
import type { Raw6Sock, Udp6Sock } from "./api6.ts";
import { Raw6Socket, Udp6Socket } from "./ipv6/sockets.ts";
import { Ipv6Stack } from "./ipv6/stack.ts";
import type { LinuxKernel } from "./kernel.ts";
import { Conntrack } from "./conntrack/conntrack.ts";
import { BridgeNf } from "./netfilter/bridge-nf.ts";
import { NfControl } from "./netfilter/control.ts";
import { Hooks } from "./netfilter/hooks.ts";
import { IpSets } from "./netfilter/ipset.ts";
import { Nat } from "./netfilter/nat.ts";
import { RecentLists } from "./netfilter/recent.ts";
import { NeighTable } from "./neigh.ts";
import type { NetDevice } from "./netdev/device.ts";
import { Loopback } from "./netdev/loopback.ts";
import { Routes } from "./route.ts";
import { RtnlSocket } from "./rtnl.ts";
import { PacketSocket } from "./socket/packet.ts";
import { RawSocket, SocketTable } from "./socket/raw.ts";
import { UdpProtocol, UdpSocket } from "./socket/udp.ts";
import { SysctlTable } from "./sysctl.ts";
import { TcpProtocol } from "./tcp/protocol.ts";
import { tcpCounters } from "./tcp/counters.ts";

/** 01:00:5e:00:00:01, which 224.0.0.1 maps to. */
const ALL_HOSTS = macKey(new Uint8Array([1, 0, 0x5e, 0, 0, 1]), 0);

/** Tables for the routes of a device's addresses: those of its VRF when it is in one (fib_magic). */
function tablesOf(dev: NetDevice): readonly [local: number, main: number] {
  const vrf = dev.vrf;
  return vrf === undefined ? [RT_TABLE.LOCAL, RT_TABLE.MAIN] : [vrf.l3Table, vrf.l3Table];
}

export class NetNamespace implements Netns {
  readonly kernel: LinuxKernel;
  readonly sim: Simulation;
  readonly inode: number;
  /** How the reason stream calls it: "" for the initial one. */
  name = "";
  readonly random: RandomStream;
  readonly confAll = new Ipv4Conf();
  readonly confDefault = new Ipv4Conf();
  readonly parmsDefault = new NeighParms();
  readonly sysctl: SysctlTable;
  readonly fib: Fib;
  readonly routes: Routes;
  readonly neigh: NeighTable;
  readonly arp: ArpProtocol;
  readonly ip: IpProtocol;
  readonly icmp: IcmpProtocol;
  readonly udp_: UdpProtocol;
  readonly tcp_: TcpProtocol;
  readonly sockets: SocketTable;
  readonly ip6: Ipv6Stack;
  readonly rtnl: RtnlSocket;
  readonly loopback: Loopback;
  readonly hooks: Hooks;
  readonly conntrack: Conntrack;
  readonly nat: Nat;
  readonly ipsets: IpSets;
  readonly recent: RecentLists;
  readonly bridgeNf: BridgeNf;
  readonly nf: NfControl;
  readonly anyTaps = new Set<PacketSocket>();
  /** What kinds of devices keep for a namespace, by their names: net_generic. */
  readonly generic = new Map<string, unknown>();
  private readonly byIndex = new Map<number, NetDevice>();
  private readonly peerIds = new Map<NetNamespace, number>();
  private nextIndex = 2;
  /** Every address of every device, with how many devices have it. */
  private readonly ownAddresses = new Map<Ipv4, number>();

  constructor(kernel: LinuxKernel, inode: number) {
    this.kernel = kernel;
    this.sim = kernel.sim;
    this.inode = inode;
    this.random = kernel.sim.random(`${kernel.node} netns ${inode}`);
    this.hooks = new Hooks(this);
    this.sysctl = new SysctlTable(this);
    this.conntrack = new Conntrack(this);
    this.nat = new Nat(this);
    this.ipsets = new IpSets(this);
    this.recent = new RecentLists();
    this.bridgeNf = new BridgeNf(this);
    this.nf = new NfControl(this);
    this.fib = new Fib(this);
    this.routes = new Routes(this);
    this.neigh = new NeighTable(this, this.random);
    this.arp = new ArpProtocol(this);
    this.ip = new IpProtocol(this);
    this.icmp = new IcmpProtocol(this);
    this.udp_ = new UdpProtocol(this);
    this.tcp_ = new TcpProtocol(this);
    this.sockets = new SocketTable(this);
    this.ip6 = new Ipv6Stack(this);
    this.rtnl = new RtnlSocket(this);
    this.loopback = new Loopback(this);
    this.register(this.loopback);
  }

  // -- sockets ------------------------------------------------------------------------------------------------------

  udp(): UdpSock {
    return new UdpSocket(this);
  }
  tcp(): TcpSock {
    return this.tcp_.socket();
  }
  socketList(): SocketInfo[] {
    return [...this.udp_.list(), ...this.tcp_.list(), ...this.sockets.list()];
  }
  raw(protocol: number): RawSock {
    return new RawSocket(this, protocol);
  }
  udp6(): Udp6Sock {
    return new Udp6Socket(this);
  }
  raw6(protocol: number): Raw6Sock {
    return new Raw6Socket(this, protocol);
  }
  packet(): PacketSock {
    return new PacketSocket(this);
  }

  // -- devices ------------------------------------------------------------------------------------------------------

  /** All devices by ifindex. */
  devices(): NetDevice[] {
    return [...this.byIndex.values()].sort((a, b) => a.ifindex - b.ifindex);
  }
  deviceByIndex(ifindex: number): NetDevice | undefined {
    return this.byIndex.get(ifindex);
  }
  deviceByName(name: string): NetDevice | undefined {
    for (const d of this.byIndex.values()) if (d.name === name || d.altnames.includes(name)) return d;
    return undefined;
  }

  newIndex(): number {
    while (this.byIndex.has(this.nextIndex)) this.nextIndex++;
    return this.nextIndex++;
  }

  /** register_netdevice. */
  register(dev: NetDevice): void {
    dev.ns = this;
    this.byIndex.set(dev.ifindex, dev);
    const inet = new InDevice(dev, copyConf(this.confDefault), copyParms(this.parmsDefault));
    this.neigh.drawReachableTime(inet);
    dev.inet = inet;
    this.ip6.register(dev);
    for (const t of this.anyTaps) t.deviceAdded(dev);
  }

  /** unregister_netdevice: everything that names it goes. */
  deleteDevice(dev: NetDevice): void {
    if (this.byIndex.get(dev.ifindex) !== dev) return;
    dev.tellUppers("unregister");
    dev.setUp(false);
    this.rtnl.release(dev);
    this.forgetDevice(dev);
    dev.onDelete();
  }

  /** Takes a device out, for deletion or for a move to another namespace. */
  forgetDevice(dev: NetDevice): void {
    for (const t of [...dev.taps]) if (t instanceof PacketSocket) t.deviceGone();
    dev.taps.length = 0;
    for (const a of dev.inet?.addrs ?? []) this.countAddress(a.local, -1);
    if (dev.inet !== undefined) dev.inet.addrs = [];
    this.conntrack.deviceGone(dev.ifindex);
    this.fib.deviceDown(dev, false);
    this.neigh.flushDevice(dev, false);
    this.arp.proxies.delete(dev);
    this.ip6.unregister(dev);
    dev.multicast.clear();
    this.byIndex.delete(dev.ifindex);
  }

  /** The number by which this namespace knows another; given when first needed. */
  idOf(other: NetNamespace): number {
    let id = this.peerIds.get(other);
    if (id === undefined) {
      id = 0;
      const taken = new Set(this.peerIds.values());
      while (taken.has(id)) id++;
      this.peerIds.set(other, id);
    }
    return id;
  }
  /** RTM_NEWNSID; -1: the lowest that is free. */
  setIdOf(other: NetNamespace, id: number): NlResult {
    if (this.peerIds.has(other) || (id >= 0 && [...this.peerIds.values()].includes(id))) return err({ errno: "EEXIST", extack: "Peer netns already has a nsid assigned" });
    if (id >= 0) this.peerIds.set(other, id);
    else this.idOf(other);
    return ok();
  }
  knownIdOf(other: NetNamespace): number | undefined {
    return this.peerIds.get(other);
  }

  /** NETDEV_UP. */
  deviceUp(dev: NetDevice): void {
    const inet = dev.inet;
    if (inet === undefined) return;
    if ((dev.flags & IFF.LOOPBACK) !== 0 && inet.addrs.length === 0 && dev === this.loopback) {
      this.insertAddress(dev, { ifindex: dev.ifindex, local: 0x7f000001, prefixLen: 8, scope: "host" });
    } else for (const a of inet.addrs) this.addAddressRoutes(dev, a);
    if ((dev.flags & IFF.MULTICAST) !== 0) dev.addMulticast(ALL_HOSTS);
    this.fib.deviceUp(dev);
    this.arp.announce(dev);
    this.ip6.up(dev);
  }

  /** NETDEV_DOWN. */
  deviceDown(dev: NetDevice): void {
    for (const t of [...dev.taps]) if (t instanceof PacketSocket && !this.anyTaps.has(t)) t.deviceGone();
    this.fib.deviceDown(dev, true);
    this.ip6.down(dev);
    this.conntrack.deviceGone(dev.ifindex);
    this.neigh.flushDevice(dev, false);
    dev.multicast.clear();
  }

  /** NETDEV_CHANGE: the carrier came or went, as linkwatch tells. */
  carrierEvent(dev: NetDevice): void {
    this.fib.carrier(dev);
    if (!dev.carrier && (dev.inet?.conf.arp_evict_nocarrier ?? 1) !== 0 && this.confAll.arp_evict_nocarrier !== 0) this.neigh.flushDevice(dev, true);
    if (dev.carrier) this.arp.announce(dev);
    this.ip6.carrier(dev);
  }

  /** NETDEV_CHANGEADDR: what was resolved through this device is asked for anew. */
  addressChanged(dev: NetDevice): void {
    this.neigh.addressChanged(dev);
    this.neigh.flushDevice(dev, true);
    this.ip6.addressChanged(dev);
  }

  // -- addresses ----------------------------------------------------------------------------------------------------

  private countAddress(a: Ipv4, by: number): void {
    const n = (this.ownAddresses.get(a) ?? 0) + by;
    if (n > 0) this.ownAddresses.set(a, n);
    else this.ownAddresses.delete(a);
  }

  /** inet_lookup_ifaddr: whether some device has this address. */
  ownsAddress(a: Ipv4): boolean {
    return this.ownAddresses.has(a);
  }

  /** ip_dev_find. */
  deviceWithAddress(a: Ipv4): NetDevice | undefined {
    if (!this.ownAddresses.has(a)) return undefined;
    return this.devices().find((d) => d.inet?.addrs.some((x) => x.local === a));
  }

  /** inet_select_addr: a source for packets to `dst` through `dev`, of at most this scope. */
  selectAddress(dev: NetDevice, dst: Ipv4, scope: number): Ipv4 {
    const inet = dev.inet;
    let first = 0;
    for (const a of inet?.addrs ?? []) {
      if (a.secondary || SCOPE[a.scope] > scope) continue;
      if (dst === 0 || matches(a, dst)) return a.local;
      if (first === 0) first = a.local;
    }
    if (first !== 0) return first;
    for (const d of this.devices()) {
      for (const a of d.inet?.addrs ?? []) if (!a.secondary && a.scope !== "link" && SCOPE[a.scope] <= scope) return a.local;
    }
    return 0;
  }

  /** inet_rtm_newaddr and __inet_insert_ifa. */
  addAddress(spec: AddrSpec, mode: NlMode): NlResult {
    const dev = this.byIndex.get(spec.ifindex);
    if (dev?.inet === undefined) return err({ errno: "ENODEV" });
    if ((spec.label?.length ?? 0) > 15) return err({ errno: "ERANGE", extack: "Attribute failed policy validation" });
    if (spec.prefixLen > 32) return err({ errno: "EINVAL" });
    if (spec.validLft === 0 || (spec.preferredLft ?? 0) > (spec.validLft ?? Number.POSITIVE_INFINITY)) return err({ errno: "EINVAL" });
    const same = dev.inet.addrs.find((a) => a.local === spec.local && a.prefixLen === spec.prefixLen && a.address === (spec.address ?? spec.local));
    if (same !== undefined) {
      if (mode === "add") return err({ errno: "EEXIST" });
      same.validLft = spec.validLft ?? Number.POSITIVE_INFINITY;
      same.preferredLft = spec.preferredLft ?? Number.POSITIVE_INFINITY;
      same.stamp = this.seconds();
      this.scheduleLifetime(dev, same);
      return ok();
    }
    if (mode === "change") return err({ errno: "ENODEV" });
    const refused = dev.addressError(spec.local);
    if (refused !== undefined) return err(refused);
    return this.insertAddress(dev, spec);
  }

  private seconds(): number {
    return Math.floor(this.sim.clock.now / SECOND);
  }

  private insertAddress(dev: NetDevice, spec: AddrSpec): NlResult {
    if (spec.local === 0) return ok(); // Linux says yes, and forgets it
    const inet = dev.inet!;
    const a: IfAddr = {
      local: spec.local, address: spec.address ?? spec.local, prefixLen: spec.prefixLen, broadcast: spec.broadcast, scope: spec.scope ?? "global", label: spec.label ?? dev.name, secondary: false,
      noprefixroute: spec.noprefixroute ?? false, metric: spec.metric ?? 0, validLft: spec.validLft ?? Number.POSITIVE_INFINITY, preferredLft: spec.preferredLft ?? Number.POSITIVE_INFINITY,
      stamp: this.seconds(), proto: spec.proto ?? 0,
    };
    let lastPrimary = 0;
    for (const [i, b] of inet.addrs.entries()) {
      if (!b.secondary && SCOPE[a.scope] <= SCOPE[b.scope]) lastPrimary = i + 1;
      if (b.prefixLen === a.prefixLen && matches(b, a.address)) {
        if (b.local === a.local) return err({ errno: "EEXIST" });
        if (b.scope !== a.scope) return err({ errno: "EINVAL" });
        a.secondary = true;
      }
    }
    if (a.secondary) inet.addrs.push(a);
    else inet.addrs.splice(lastPrimary, 0, a);
    this.countAddress(a.local, 1);
    this.addAddressRoutes(dev, a);
    this.scheduleLifetime(dev, a);
    if (dev.isUp && Math.max(inet.conf.arp_notify, this.confAll.arp_notify) !== 0) this.arp.announce(dev);
    return ok();
  }

  private scheduleLifetime(dev: NetDevice, a: IfAddr): void {
    if (a.validLft === Number.POSITIVE_INFINITY) return;
    this.sim.clock.after(a.validLft * SECOND, () => {
      if (dev.inet?.addrs.includes(a) && a.stamp + a.validLft <= this.seconds()) this.deleteAddress(dev, a);
    });
  }

  /** fib_add_ifaddr. */
  private addAddressRoutes(dev: NetDevice, a: IfAddr): void {
    if (!dev.isUp) return;
    const prim = a.secondary ? (dev.inet!.addrs.find((b) => !b.secondary && b.prefixLen === a.prefixLen && matches(b, a.address))?.local ?? a.local) : a.local;
    const mask = maskOf(a.prefixLen);
    const [local, main] = tablesOf(dev);
    const prefix = (a.address & mask) >>> 0;
    this.fib.addKernel("local", a.local, 32, dev, prim, local, "host", 0);
    if (a.broadcast !== undefined && a.broadcast !== 0xffffffff) this.fib.addKernel("broadcast", a.broadcast, 32, dev, prim, local, "link", 0);
    if (prefix >>> 24 === 0 || a.secondary || !(prefix !== a.local || a.prefixLen < 32)) return;
    const loopback = (dev.flags & IFF.LOOPBACK) !== 0;
    if (!a.noprefixroute) this.fib.addKernel(loopback ? "local" : "unicast", prefix, a.prefixLen, dev, prim, loopback ? local : main, loopback ? "host" : "link", a.metric);
    if (a.prefixLen < 31) this.fib.addKernel("broadcast", (prefix | ~mask) >>> 0, 32, dev, prim, local, "link", 0);
  }

  /** inet_rtm_deladdr: the first that agrees with all that is given. */
  removeAddress(dev: NetDevice, want: { local?: Ipv4; address?: Ipv4; prefixLen?: number; label?: string }): NlResult {
    for (const a of dev.inet?.addrs ?? []) {
      if (want.local !== undefined && want.local !== a.local) continue;
      if (want.label !== undefined && want.label !== a.label) continue;
      if (want.address !== undefined && (want.prefixLen !== undefined && want.prefixLen !== a.prefixLen || !matches(a, want.address))) continue;
      if (want.address === undefined && want.prefixLen !== undefined && want.prefixLen !== a.prefixLen) continue;
      this.deleteAddress(dev, a);
      return ok();
    }
    return err({ errno: "EADDRNOTAVAIL" });
  }

  /** __inet_del_ifa: a primary takes its secondaries along, or is followed by one of them (promote_secondaries). */
  private deleteAddress(dev: NetDevice, a: IfAddr): void {
    const inet = dev.inet!;
    let promoted: IfAddr | undefined;
    const mates = a.secondary ? [] : inet.addrs.filter((b) => b.secondary && b.prefixLen === a.prefixLen && matches(b, a.address));
    const promote = inet.conf.promote_secondaries !== 0 || this.confAll.promote_secondaries !== 0;
    if (mates.length > 0) {
      if (promote) promoted = mates[0];
      else for (const m of mates) this.dropAddress(dev, m);
    }
    this.dropAddress(dev, a);
    if (promoted === undefined) return;
    inet.addrs = inet.addrs.filter((b) => b !== promoted);
    promoted.secondary = false;
    let at = 0;
    for (const [i, b] of inet.addrs.entries()) if (!b.secondary) at = i + 1;
    inet.addrs.splice(at, 0, promoted);
    for (const m of [promoted, ...mates.slice(1)]) {
      this.removeAddressRoutes(dev, m, a.local);
      this.addAddressRoutes(dev, m);
    }
  }

  private dropAddress(dev: NetDevice, a: IfAddr): void {
    const inet = dev.inet!;
    const primary = a.secondary ? (inet.addrs.find((b) => !b.secondary && b.prefixLen === a.prefixLen && matches(b, a.address))?.local ?? a.local) : a.local;
    inet.addrs = inet.addrs.filter((b) => b !== a);
    this.countAddress(a.local, -1);
    this.removeAddressRoutes(dev, a, primary);
  }

  /** fib_del_ifaddr. */
  private removeAddressRoutes(dev: NetDevice, a: IfAddr, primary: Ipv4): void {
    const mask = maskOf(a.prefixLen);
    const [local, main] = tablesOf(dev);
    const prefix = (a.address & mask) >>> 0;
    const rest = dev.inet!.addrs;
    const loopback = (dev.flags & IFF.LOOPBACK) !== 0;
    if (!a.secondary) {
      this.fib.removeKernel(loopback ? "local" : "unicast", prefix, a.prefixLen, dev, primary, loopback ? local : main);
      this.fib.removeKernel("broadcast", (prefix | ~mask) >>> 0, 32, dev, primary, local);
    }
    if (a.broadcast !== undefined) this.fib.removeKernel("broadcast", a.broadcast, 32, dev, primary, local);
    if (rest.some((b) => b.local === a.local)) return;
    this.fib.removeKernel("local", a.local, 32, dev, primary, local);
    if (!this.ownsAddress(a.local)) this.fib.removePrefsrc(a.local);
  }

  isMember(dev: NetDevice, group: Ipv4): boolean {
    return group === 0xe0000001 || dev.multicast.has(macKey(new Uint8Array([1, 0, 0x5e, (group >>> 16) & 0x7f, (group >>> 8) & 255, group & 255]), 0));
  }

  // -- knobs --------------------------------------------------------------------------------------------------------

  forwarding(inet: InDevice): boolean {
    return inet.conf.forwarding !== 0;
  }
  sendsRedirects(inet: InDevice): boolean {
    return inet.conf.send_redirects !== 0 || this.confAll.send_redirects !== 0;
  }
  sharedMedia(inet: InDevice): boolean {
    return inet.conf.shared_media !== 0 || this.confAll.shared_media !== 0;
  }
  acceptsRedirects(inet: InDevice): boolean {
    const [own, all] = [inet.conf.accept_redirects !== 0, this.confAll.accept_redirects !== 0];
    return this.forwarding(inet) ? own && all : own || all;
  }
  ignoresLinkdown(dev: NetDevice): boolean {
    return this.confAll.ignore_routes_with_linkdown !== 0 || dev.inet?.conf.ignore_routes_with_linkdown === 1;
  }

  // -- reasons ------------------------------------------------------------------------------------------------------

  /** Reports a decision. Call only when `sim.trace.on`. */
  report(skb: Skb, stage: Stage, verdict: Verdict, dev: NetDevice | undefined, entry: string, reason: string, lost?: Decision["lost"]): void {
    const start = skb.mac >= 0 && skb.mac <= skb.data ? skb.mac : skb.data;
    const d: Decision = {
      at: this.sim.clock.now, packet: skb.id, parent: skb.parent, node: this.kernel.node, netns: this.name, dev: dev?.name ?? "", stage, verdict, entry, reason,
      bytes: skb.bytes.slice(start, skb.tail), layer: skb.mac >= 0 && skb.mac <= skb.data ? "ether" : "ip",
    };
    if (lost !== undefined && lost.length > 0) d.lost = lost;
    this.sim.trace.emit(d);
  }

  /** The end of a packet: dropped, and why. */
  drop(skb: Skb, stage: Stage, dev: NetDevice | undefined, reason: string, entry = ""): void {
    if (this.sim.trace.on) this.report(skb, stage, "drop", dev, entry, reason);
    skb.free();
  }

  /** The end of a packet that did what it came for. */
  consume(skb: Skb, stage: Stage, dev: NetDevice | undefined, entry: string): void {
    if (this.sim.trace.on) this.report(skb, stage, "consume", dev, entry, "");
    skb.free();
  }

  /** /proc/net/snmp. */
  counters(): ReadonlyMap<string, ReadonlyMap<string, number>> {
    const ip = new Map<string, number>([["Forwarding", this.confAll.forwarding !== 0 ? 1 : 2], ["DefaultTTL", this.sysctl.number("net.ipv4.ip_default_ttl")]]);
    const c = this.ip.counters;
    for (const k of ["InReceives", "InHdrErrors", "InAddrErrors", "ForwDatagrams", "InUnknownProtos", "InDiscards", "InDelivers", "OutRequests", "OutDiscards", "OutNoRoutes", "ReasmTimeout", "ReasmReqds", "ReasmOKs", "ReasmFails", "FragOKs", "FragFails", "FragCreates"] as const) ip.set(k, c[k]);
    const i = this.icmp;
    const inType = (t: number): number => i.inTypes.get(t) ?? 0;
    const outType = (t: number): number => i.outTypes.get(t) ?? 0;
    const names: [string, number][] = [["DestUnreachs", 3], ["TimeExcds", 11], ["ParmProbs", 12], ["SrcQuenchs", 4], ["Redirects", 5], ["Echos", 8], ["EchoReps", 0], ["Timestamps", 13], ["TimestampReps", 14], ["AddrMasks", 17], ["AddrMaskReps", 18]];
    const icmp = new Map<string, number>([["InMsgs", i.InMsgs], ["InErrors", i.InErrors], ["InCsumErrors", i.InCsumErrors]]);
    for (const [n, t] of names) icmp.set(`In${n}`, inType(t));
    icmp.set("OutMsgs", i.OutMsgs).set("OutErrors", i.OutErrors).set("OutRateLimitGlobal", 0).set("OutRateLimitHost", 0);
    for (const [n, t] of names) icmp.set(`Out${n}`, outType(t));
    const u = this.udp_;
    const udp = new Map<string, number>([["InDatagrams", u.InDatagrams], ["NoPorts", u.NoPorts], ["InErrors", u.InErrors], ["OutDatagrams", u.OutDatagrams], ["RcvbufErrors", u.RcvbufErrors], ["SndbufErrors", 0], ["InCsumErrors", u.InCsumErrors], ["IgnoredMulti", 0], ["MemErrors", 0]]);
    return new Map([["Ip", ip], ["Icmp", icmp], ["Tcp", tcpCounters(this.tcp_.mib)], ["Udp", udp], ["Ip6", new Map(this.ip6.counters())]]);
  }
}
