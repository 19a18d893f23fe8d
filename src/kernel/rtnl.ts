/** Requests and dumps of rtnetlink(7) for one namespace: net/core/rtnetlink.c, and what it calls. */
import { err, ok } from "../base/result.ts";
import { SECOND } from "../sim/time.ts";
import { isGroup, macFromKey, macKey } from "../wire/ethernet.ts";
import {
  type AddrInfo, type AddrSpec, type FdbEntry, type FdbRequest, IFF, type LinkChange, type LinkInfo, type LinkSpec, type Lladdr, type NeighInfo, type NeighSpec, type Netns, type NhObject, type NlError, type NlMode, type NlResult, type RouteAnswer, type RouteInfo, type RouteQuery, type RouteSpec, type Rtnl, type RuleInfo,
} from "./api.ts";
import { RT_TABLE, routeInfo } from "./fib.ts";
import { addrInfo } from "./inet.ts";
import type { Errno, NudState, Rtnl6 } from "./api.ts";
import { Bridge } from "./netdev/bridge.ts";
import type { NetDevice } from "./netdev/device.ts";
import { Veth } from "./netdev/ethernet.ts";
import { LINK_KINDS } from "./netdev/kinds.ts";
import type { NetNamespace } from "./netns.ts";

const NAME_MAX = 15;
/** ETH_MIN_MTU and ETH_MAX_MTU: what a veth takes. */
const MIN_MTU = 68;
const MAX_MTU = 65535;
const failed = (errno: Errno, extack?: string): NlResult<never> => err(extack === undefined ? { errno } : { errno, extack });

export class RtnlSocket implements Rtnl {
  private readonly ns: NetNamespace;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  get ip6(): Rtnl6 {
    return this.ns.ip6.rtnl;
  }

  // -- links --------------------------------------------------------------------------------------------------------

  links(): LinkInfo[] {
    return this.ns.devices().map((d) => this.info(d));
  }

  link(nameOrIndex: string | number): LinkInfo | undefined {
    const d = typeof nameOrIndex === "string" ? this.ns.deviceByName(nameOrIndex) : this.ns.deviceByIndex(nameOrIndex);
    return d === undefined ? undefined : this.info(d);
  }

  private info(d: NetDevice): LinkInfo {
    const i = d.info();
    d.master?.describeSlave(d, i);
    return i;
  }

  linkAdd(spec: LinkSpec): NlResult<number> {
    const { ns } = this;
    const kernel = ns.kernel;
    if (!validName(spec.name)) return failed("EINVAL");
    const name = kernel.freeName(ns, spec.name);
    if (!name.ok) return name;
    if (spec.index !== undefined && spec.index !== 0 && ns.deviceByIndex(spec.index) !== undefined) return failed("EBUSY");
    if (spec.lladdr !== undefined && (isGroup(spec.lladdr, 0) || macKey(spec.lladdr, 0) === 0)) return failed("EADDRNOTAVAIL");
    const index = spec.index !== undefined && spec.index !== 0 ? spec.index : 0;
    if (spec.kind === "veth") return this.addVeth(spec, name.value, index);
    const ops = LINK_KINDS.find((k) => k.kind === spec.kind);
    if (ops === undefined) return failed("EOPNOTSUPP", "Unknown device type");
    const made = ops.create({ ns, name: name.value, index: () => index || ns.newIndex(), spec, linkNs: (spec.linkNetns as NetNamespace | undefined) ?? ns });
    if (!made.ok) return made;
    const dev = made.value;
    if (spec.mtu !== undefined) {
      const bad = mtuProblem(dev, spec.mtu);
      if (bad !== undefined) return bad;
      dev.setMtu(spec.mtu);
    }
    if (spec.txqlen !== undefined) dev.txqlen = spec.txqlen;
    ns.register(dev);
    dev.onRegister();
    return ok(dev.ifindex);
  }

  /** The peer is made first, in its own namespace. veth_newlink. */
  private addVeth(spec: LinkSpec, name: string, index: number): NlResult<number> {
    const { ns } = this;
    const kernel = ns.kernel;
    const peerNs = (spec.peer?.netns as NetNamespace | undefined) ?? ns;
    const wanted = spec.peer?.name;
    if (wanted !== undefined && !validName(wanted)) return failed("EINVAL");
    if (wanted === name && peerNs === ns) return failed("EEXIST");
    const peerName = kernel.freeName(peerNs, wanted ?? "veth%d");
    if (!peerName.ok) return peerName;
    for (const mtu of [spec.mtu, spec.peer?.mtu]) if (mtu !== undefined && (mtu < MIN_MTU || mtu > MAX_MTU)) return failed("EINVAL");
    const peer = new Veth(peerNs, peerName.value, peerNs.newIndex(), spec.peer?.lladdr ?? kernel.randomMac());
    peerNs.register(peer);
    const dev = new Veth(ns, name, index || ns.newIndex(), spec.lladdr ?? kernel.randomMac());
    ns.register(dev);
    if (spec.mtu !== undefined) dev.setMtu(spec.mtu);
    if (spec.peer?.mtu !== undefined) peer.setMtu(spec.peer.mtu);
    if (spec.txqlen !== undefined) dev.txqlen = spec.txqlen;
    kernel.joinVeth(dev, peer);
    if (peerNs !== ns) ns.idOf(peerNs); // its RTM_NEWLINK names the peer's namespace
    return ok(dev.ifindex);
  }

  linkSet(ifindex: number, c: LinkChange): NlResult {
    const { ns } = this;
    const dev = ns.deviceByIndex(ifindex);
    if (dev === undefined) return failed("ENODEV");
    if (c.netns !== undefined && c.netns !== ns) {
      const moved = this.move(dev, c.netns as NetNamespace, c.name);
      if (!moved.ok) return moved;
      const rest: LinkChange = { ...c };
      delete rest.netns;
      delete rest.name;
      return (c.netns as NetNamespace).rtnl.linkSet(dev.ifindex, rest);
    }
    if (c.lladdr !== undefined) {
      if (dev.kind === "loopback") return failed("EOPNOTSUPP");
      if (isGroup(c.lladdr, 0) || macKey(c.lladdr, 0) === 0) return failed("EADDRNOTAVAIL");
      const old = dev.addrKey;
      const set = dev.setAddress(c.lladdr);
      if (!set.ok) return set;
      ns.addressChanged(dev);
      dev.master?.slaveAddressChanged(dev, old);
    }
    if (c.mtu !== undefined) {
      const bad = mtuProblem(dev, c.mtu);
      if (bad !== undefined) return bad;
      dev.setMtu(c.mtu);
      if (dev.master instanceof Bridge) dev.master.updateMtu();
      ns.ip6.mtuChanged(dev);
    }
    if (c.name !== undefined && c.name !== dev.name) {
      const named = this.rename(dev, c.name);
      if (!named.ok) return named;
    }
    if (c.broadcast !== undefined) dev.broadcast.set(c.broadcast);
    if (c.txqlen !== undefined) dev.txqlen = c.txqlen;
    if (c.alias !== undefined) dev.alias = c.alias;
    if (c.group !== undefined) dev.group = c.group;
    if (c.addrGenMode !== undefined) dev.addrGenMode = c.addrGenMode;
    if (c.master !== undefined) {
      const set = this.setMaster(dev, c.master);
      if (!set.ok) return set;
    }
    if (c.bridge !== undefined) {
      if (!(dev instanceof Bridge)) return failed("EOPNOTSUPP");
      const set = dev.configure(c.bridge);
      if (!set.ok) return set;
    }
    if (c.bridgePort !== undefined) {
      const port = dev.master instanceof Bridge ? dev.master.port(dev) : undefined;
      if (port === undefined) return failed("EOPNOTSUPP");
      const set = port.bridge.configurePort(port, c.bridgePort);
      if (!set.ok) return set;
    }
    if (c.attrs !== undefined) {
      const target = c.attrs.bondSlave !== undefined ? dev.master : dev;
      const set = target?.changeLink(c, dev) ?? failed("EOPNOTSUPP");
      if (!set.ok) return set;
    }
    return this.setFlags(dev, c);
  }

  private setFlags(dev: NetDevice, c: LinkChange): NlResult {
    const flag = (on: boolean | undefined, bit: number, inverted = false): void => {
      if (on === undefined) return;
      if (on !== inverted) dev.flags |= bit;
      else dev.flags &= ~bit;
    };
    flag(c.arp, IFF.NOARP, true);
    flag(c.multicast, IFF.MULTICAST);
    flag(c.dynamic, 0x8000);
    if (c.promisc !== undefined && c.promisc !== dev.userPromisc) {
      dev.userPromisc = c.promisc;
      dev.setPromiscuity(c.promisc ? 1 : -1);
    }
    if (c.allmulticast !== undefined && c.allmulticast !== dev.userAllmulti) {
      dev.userAllmulti = c.allmulticast;
      dev.allmulti += c.allmulticast ? 1 : -1;
    }
    if (c.arp !== undefined) this.ns.neigh.flushDevice(dev, false);
    if (c.up === true && !dev.isUp) {
      const refused = dev.openError();
      if (refused !== undefined) return err(refused);
    }
    if (c.up !== undefined) dev.setUp(c.up);
    return ok();
  }

  private rename(dev: NetDevice, name: string): NlResult {
    if (!validName(name)) return failed("EINVAL");
    if (this.ns.deviceByName(name) !== undefined) return failed("EEXIST");
    // Since 6.x a device that is up may be renamed too; 6.1 refuses unless the driver allows it.
    if (dev.isUp) return failed("EBUSY");
    for (const a of dev.inet?.addrs ?? []) if (a.label === dev.name || a.label.startsWith(`${dev.name}:`)) a.label = name + a.label.slice(dev.name.length);
    dev.name = name;
    return ok();
  }

  private setMaster(dev: NetDevice, master: number): NlResult {
    const bridge = master === 0 ? undefined : this.ns.deviceByIndex(master);
    if (master !== 0 && bridge === undefined) return failed("EINVAL", "Device does not exist");
    if (dev.master === bridge) return ok();
    // do_set_master takes it out of the old one before it asks whether the new one takes ports.
    this.release(dev);
    if (bridge === undefined) return ok();
    return bridge.enslave(dev);
  }

  /** Takes a device out of its bridge. */
  release(dev: NetDevice): void {
    dev.master?.releaseSlave(dev);
  }

  /** dev_change_net_namespace. */
  move(dev: NetDevice, to: NetNamespace, name?: string): NlResult {
    if (dev.kind === "loopback" || dev.kind === "bridge") return failed("EINVAL"); // NETIF_F_NETNS_LOCAL
    const target = name ?? dev.name;
    if (to.deviceByName(target) !== undefined) return failed("EEXIST");
    dev.setUp(false);
    this.release(dev);
    this.ns.idOf(to); // peernet2id_alloc: the message of its leaving says where it went
    this.ns.forgetDevice(dev);
    dev.name = target;
    if (to.deviceByIndex(dev.ifindex) !== undefined) dev.ifindex = to.newIndex();
    to.register(dev);
    if (dev.linkNetns !== undefined && dev.linkNetns !== to) to.idOf(dev.linkNetns);
    return ok();
  }

  linkDel(ifindex: number): NlResult {
    const dev = this.ns.deviceByIndex(ifindex);
    if (dev === undefined) return failed("ENODEV");
    if (dev.kind === "loopback" || dev.kind === "ethernet") return failed("EOPNOTSUPP");
    this.ns.deleteDevice(dev);
    return ok();
  }

  // -- fdb ----------------------------------------------------------------------------------------------------------

  fdb(): FdbEntry[] {
    const out: FdbEntry[] = [];
    for (const d of this.ns.devices()) {
      for (const key of d.hasOwnFdb ? [] : [...joinedGroups(d), ...(this.filters.get(d) ?? [])]) {
        out.push({ lladdr: macFromKey(key), ifindex: d.ifindex, master: 0, state: "permanent", extern_learn: false, sticky: false, offload: false, added_by_user: false, self: true, used: 0, updated: 0 });
      }
      out.push(...d.fdbDump());
    }
    return out;
  }

  fdbAdd(e: FdbRequest, mode: NlMode): NlResult {
    const dev = this.ns.deviceByIndex(e.ifindex);
    if (dev === undefined) return failed("ENODEV");
    const zero = macKey(e.lladdr, 0) === 0; // no entry of a bridge, but a filter like any other
    const exclusive = mode === "add";
    const create = mode !== "change";
    if (e.master || (!e.self && dev.master !== undefined)) {
      if (!(dev.master instanceof Bridge)) return failed("EOPNOTSUPP");
      if (zero || isGroup(e.lladdr, 0)) return failed("EINVAL");
      const set = dev.master.fdbAdd(dev.master.port(dev), e, exclusive, create);
      if (!set.ok || !e.self) return set;
    }
    if (e.self) {
      if (dev instanceof Bridge && zero) return failed("EINVAL");
      if (dev instanceof Bridge) return dev.fdbAdd(undefined, { ...e, state: "permanent" }, exclusive, create);
      return dev.fdbChange(e, mode) ?? this.addFilter(dev, e.lladdr, e.state);
    }
    return ok();
  }

  /** ndo_dflt_fdb_add: an address of the device's own filter. */
  private addFilter(dev: NetDevice, lladdr: Lladdr, state: FdbEntry["state"]): NlResult {
    if (state !== "permanent") return failed("EINVAL", "FDB only supports static addresses");
    const keys = this.filters.get(dev) ?? new Set<number>();
    if (keys.has(macKey(lladdr, 0))) return failed("EEXIST");
    keys.add(macKey(lladdr, 0));
    this.filters.set(dev, keys);
    return ok();
  }
  private readonly filters = new Map<NetDevice, Set<number>>();

  fdbDel(e: Omit<FdbRequest, "state">): NlResult {
    const dev = this.ns.deviceByIndex(e.ifindex);
    if (dev === undefined) return failed("ENODEV");
    if (e.master || (!e.self && dev.master !== undefined)) {
      if (!(dev.master instanceof Bridge)) return failed("EOPNOTSUPP");
      return dev.master.fdbDelete(dev.master.port(dev), e.lladdr, e.vlan);
    }
    if (dev instanceof Bridge) return dev.fdbDelete(undefined, e.lladdr, e.vlan);
    const own = dev.fdbChange({ ...e, state: "permanent" }, "delete");
    if (own !== undefined) return own;
    return this.filters.get(dev)?.delete(macKey(e.lladdr, 0)) ? ok() : failed("ENOENT");
  }

  /** rtnl_bridge_setlink and rtnl_bridge_dellink: to the bridge unless "self" alone was asked for, then to the device. */
  vlanChange(ifindex: number, o: { add: boolean; first: number; last: number; pvid: boolean; untagged: boolean; self: boolean; master: boolean }): NlResult {
    const dev = this.ns.deviceByIndex(ifindex);
    if (dev === undefined) return failed("ENODEV");
    if (!o.self || o.master) {
      if (!(dev.master instanceof Bridge)) return failed("EOPNOTSUPP");
      const set = dev.master.vlanChange(dev.master.port(dev), o);
      if (!set.ok || !o.self) return set;
    }
    return dev instanceof Bridge ? dev.vlanChange(undefined, o) : failed("EOPNOTSUPP");
  }

  // -- addresses ----------------------------------------------------------------------------------------------------

  addrs(): AddrInfo[] {
    const now = Math.floor(this.ns.sim.clock.now / SECOND);
    return this.ns.devices().flatMap((d) => (d.inet?.addrs ?? []).map((a) => addrInfo(d, a, now)));
  }

  addrAdd(spec: AddrSpec, mode: NlMode): NlResult {
    return this.ns.addAddress(spec, mode);
  }

  addrDel(spec: { ifindex: number; local?: number; address?: number; prefixLen?: number; label?: string }): NlResult {
    const dev = this.ns.deviceByIndex(spec.ifindex);
    return dev === undefined ? failed("ENODEV") : this.ns.removeAddress(dev, spec);
  }

  // -- routes, rules ------------------------------------------------------------------------------------------------

  routes(): RouteInfo[] {
    // fib_table_hash has 256 buckets and is walked from 0; "main" and "local" come as `ip route show table all` prints them.
    const ids = [...this.ns.fib.tables.keys()].sort((a, b) => (a % 256) - (b % 256) || a - b);
    return ids.flatMap((id) => this.ns.fib.tables.get(id)!.entries().map(routeInfo));
  }

  routeAdd(spec: RouteSpec, mode: NlMode): NlResult {
    return this.ns.fib.add(spec, mode);
  }
  routeDel(spec: RouteSpec): NlResult {
    return this.ns.fib.delete(spec);
  }
  routeGet(q: RouteQuery): NlResult<RouteAnswer> {
    return this.ns.routes.query(q);
  }
  hasTable(table: number): boolean {
    // Linux makes "main", "local" and "default" with their first route.
    const t = this.ns.fib.tables.get(table);
    return t !== undefined && (table < RT_TABLE.DEFAULT || table > RT_TABLE.LOCAL || t.entries().length > 0);
  }
  routeCache(): RouteAnswer[] {
    return this.ns.routes.cached();
  }
  routeFlushCache(): void {
    this.ns.routes.flushExceptions();
  }

  rules(): RuleInfo[] {
    return this.ns.fib.rules.map((r) => ({ ...r }));
  }

  ruleAdd(rule: Partial<RuleInfo>): NlResult {
    const rules = this.ns.fib.rules;
    // Without a number it goes in front of the second rule: fib_default_rule_pref.
    let priority = rule.priority;
    if (priority === undefined) {
      const second = rules[1];
      priority = second !== undefined && second.priority > 0 ? second.priority - 1 : 0;
    }
    const full: RuleInfo = { action: "lookup", table: RT_TABLE.MAIN, invert: false, src: 0, srcLen: 0, dst: 0, dstLen: 0, tos: 0, proto: 0, ...rule, priority };
    if (full.action === "goto" && (full.goto ?? 0) <= priority) return failed("EINVAL", "Backward goto not supported");
    if (rules.some((r) => sameRule(r, full))) return failed("EEXIST");
    let at = rules.findIndex((r) => r.priority > priority);
    if (at < 0) at = rules.length;
    rules.splice(at, 0, full);
    this.ns.fib.rulesChanged();
    return ok();
  }

  ruleDel(rule: Partial<RuleInfo>): NlResult {
    const rules = this.ns.fib.rules;
    const at = rules.findIndex((r) => (Object.keys(rule) as (keyof RuleInfo)[]).every((k) => rule[k] === undefined || k === "proto" || JSON.stringify(r[k]) === JSON.stringify(rule[k])));
    if (at < 0) return failed("ENOENT");
    rules.splice(at, 1);
    this.ns.fib.rulesChanged();
    return ok();
  }

  nexthops(): NhObject[] {
    return [...this.ns.fib.nexthopObjects.values()].sort((a, b) => a.id - b.id);
  }
  nexthopAdd(spec: Partial<NhObject>, mode: NlMode): NlResult {
    return this.ns.fib.nexthopAdd(spec, mode);
  }
  nexthopDel(id: number): NlResult {
    return this.ns.fib.nexthopDelete(id);
  }

  // -- neighbours ---------------------------------------------------------------------------------------------------

  neighs(o?: { proxy?: boolean }): NeighInfo[] {
    if (o?.proxy) {
      const out: NeighInfo[] = [];
      for (const [dev, set] of this.ns.arp.proxies) {
        for (const ip of set) out.push({ ifindex: dev.ifindex, dst: ip, state: "NONE", router: false, proxy: true, externLearn: false, managed: false, proto: 0, refcnt: 0, used: 0, confirmed: 0, updated: 0, probes: 0 });
      }
      return out;
    }
    return this.ns.neigh.all().map((n) => n.info());
  }

  neighAdd(spec: NeighSpec, mode: NlMode): NlResult {
    const { ns } = this;
    const dev = ns.deviceByIndex(spec.ifindex);
    if (dev === undefined) return failed("ENODEV");
    if (spec.proxy) {
      const set = ns.arp.proxies.get(dev) ?? new Set<number>();
      set.add(spec.dst);
      ns.arp.proxies.set(dev, set);
      return ok();
    }
    if (spec.lladdr !== undefined && spec.lladdr.length < 6) return failed("EINVAL", "Invalid link address");
    let n = ns.neigh.find(dev, spec.dst);
    if (n === undefined) {
      if (mode === "change") return failed("ENOENT");
      n = ns.neigh.get(dev, spec.dst);
      if (n === undefined) return failed("ENOBUFS");
    } else if (mode === "add") return failed("EEXIST");
    // NEIGH_UPDATE_F_OVERRIDE is there unless the entry existed and NLM_F_REPLACE was not asked.
    const override = mode !== "append";
    const state: NudState = spec.state ?? "PERMANENT";
    const e = n.update(spec.lladdr, state, { override, admin: true });
    // A new entry that is refused stays, in no state at all, until the collector takes it: a second try finds that it exists.
    if (e !== undefined) return failed(e, e === "EINVAL" ? "No link layer address given" : undefined);
    if (spec.router !== undefined) n.router = spec.router;
    if (spec.externLearn !== undefined) n.externLearn = spec.externLearn;
    if (spec.proto !== undefined) n.proto = spec.proto;
    return ok();
  }

  /** neigh_delete: the entry is first made FAILED, and then goes. */
  neighDel(spec: NeighSpec): NlResult {
    const dev = this.ns.deviceByIndex(spec.ifindex);
    if (dev === undefined) return failed("ENODEV");
    if (spec.proxy) return this.ns.arp.proxies.get(dev)?.delete(spec.dst) ? ok() : failed("ENOENT");
    const n = this.ns.neigh.find(dev, spec.dst);
    if (n === undefined) return failed("ENOENT");
    n.update(undefined, "FAILED", { override: true, admin: true });
    this.ns.neigh.remove(n);
    return ok();
  }

  netnsId(other: Netns): number | undefined {
    return this.ns.knownIdOf(other as NetNamespace);
  }

  netnsIdSet(other: Netns, id: number): NlResult {
    return this.ns.setIdOf(other as NetNamespace, id);
  }
}

const ALL_NODES6 = 0x333300000001;
const ALL_SNOOPERS4 = 0x01005e00006a;
const ALL_SNOOPERS6 = 0x33330000006a;

/** Link-layer groups a device listens to. Linux joins ff02::1 even where IPv6 is switched off; a bridge that snoops joins the snoopers' groups. */
function joinedGroups(d: NetDevice): number[] {
  if (d.kind === "loopback") return [...d.multicast.keys()];
  const snoopers = d instanceof Bridge && d.isUp && d.info().bridge?.mcastSnooping === 1 ? [ALL_SNOOPERS4, ALL_SNOOPERS6] : [];
  return [ALL_NODES6, ...snoopers, ...d.multicast.keys()];
}

/** dev_valid_name. */
function validName(name: string): boolean {
  return name !== "" && name.length <= NAME_MAX && name !== "." && name !== ".." && !/[\s/:]/.test(name);
}

function mtuProblem(dev: NetDevice, mtu: number): NlResult<never> | undefined {
  const own = mtuRange(dev, mtu) ?? dev.mtuError(mtu);
  return own === undefined ? undefined : err(own);
}

function mtuRange(dev: NetDevice, mtu: number): NlError | undefined {
  if (mtu < dev.minMtu) return { errno: "EINVAL", extack: "mtu less than device minimum" };
  if (dev.maxMtu > 0 && mtu > dev.maxMtu) return { errno: "EINVAL", extack: "mtu greater than device maximum" };
  return undefined;
}

function sameRule(a: RuleInfo, b: RuleInfo): boolean {
  const keys: (keyof RuleInfo)[] = ["priority", "action", "table", "goto", "invert", "src", "srcLen", "dst", "dstLen", "iif", "oif", "fwmark", "fwmask", "tos", "ipproto", "sport", "dport", "uidrange", "suppressPrefixLen", "l3mdev"];
  return keys.every((k) => JSON.stringify(a[k]) === JSON.stringify(b[k]));
}
