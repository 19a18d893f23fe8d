/**
 * Forwarding information base: tables with longest-prefix match, and the rules that choose a table.
 * After net/ipv4/fib_trie.c, fib_semantics.c, fib_rules.c. A table is one hash per prefix length that is in use:
 * for the sizes a node has it is as quick as a trie.
 */
import { err, ok } from "../base/result.ts";
import { formatIpv4, maskOf } from "../wire/ipv4.ts";
import type { Ipv4, NhObject, NlError, NlMode, NlResult, RouteInfo, RouteMetrics, RouteSpec, RouteType, RuleInfo, Scope } from "./api.ts";
import { SCOPE } from "./inet.ts";
import type { NetDevice } from "./netdev/device.ts";
import type { NetNamespace } from "./netns.ts";

export const RT_TABLE = { DEFAULT: 253, MAIN: 254, LOCAL: 255 } as const;
export const RTPROT = { REDIRECT: 1, KERNEL: 2, BOOT: 3, STATIC: 4 } as const;

/** What the route cache learnt about one destination behind a next hop: an ICMP redirect or a path MTU. */
export interface RouteException {
  gateway: Ipv4 | undefined;
  mtu: number;
  mtuLocked: boolean;
  /** Virtual time after which it counts no more. */
  expires: number;
}

export class FibNexthop {
  via: Ipv4 | undefined;
  dev: NetDevice | undefined;
  weight = 1;
  onlink = false;
  dead = false;
  linkdown = false;
  /** RT_SCOPE of the next hop itself: host when it is on the link. */
  scope = 253;
  exceptions: Map<Ipv4, RouteException> | undefined;
}

/** One route of a table. */
export class FibEntry {
  readonly dst: Ipv4;
  readonly dstLen: number;
  readonly tos: number;
  readonly type: RouteType;
  readonly table: number;
  readonly proto: number;
  readonly scope: number;
  readonly priority: number;
  readonly prefsrc: Ipv4 | undefined;
  readonly metrics: RouteMetrics;
  readonly nhid: number | undefined;
  nexthops: FibNexthop[];

  constructor(dst: Ipv4, dstLen: number, type: RouteType, table: number, scope: number, nexthops: FibNexthop[], o: { tos?: number; proto?: number; priority?: number; prefsrc?: Ipv4; metrics?: RouteMetrics; nhid?: number }) {
    this.dst = dst;
    this.dstLen = dstLen;
    this.tos = o.tos ?? 0;
    this.type = type;
    this.table = table;
    this.proto = o.proto ?? RTPROT.BOOT;
    this.scope = scope;
    this.priority = o.priority ?? 0;
    this.prefsrc = o.prefsrc;
    this.metrics = o.metrics ?? NO_METRICS;
    this.nhid = o.nhid;
    this.nexthops = nexthops;
  }
}

/** Most prefixes have one route: no list is made for it. */
type Slot = FibEntry | readonly FibEntry[];
function listOf(slot: Slot): readonly FibEntry[] {
  return slot instanceof FibEntry ? [slot] : slot;
}
const NO_METRICS: RouteMetrics = {};

export interface FibFlow {
  dst: Ipv4;
  src: Ipv4;
  oif: number;
  iif: number;
  tos: number;
  mark: number;
  scope: number;
  proto?: number;
  sport?: number;
  dport?: number;
}

/** Where a look-up writes its answer: one object, used again and again. */
export class FibResult {
  type: RouteType = "unicast";
  entry!: FibEntry;
  nh: FibNexthop | undefined;
  table = 0;
}

const ERRORS: Partial<Record<RouteType, "EINVAL" | "EHOSTUNREACH" | "EACCES" | "EAGAIN">> = { blackhole: "EINVAL", unreachable: "EHOSTUNREACH", prohibit: "EACCES", throw: "EAGAIN" };
export type FibError = "ENETUNREACH" | "EINVAL" | "EHOSTUNREACH" | "EACCES" | "EAGAIN";

export class FibTable {
  readonly id: number;
  /** By prefix length: the entries of each prefix, the best first (higher TOS, lower priority, earlier). */
  private readonly byLen: (Map<Ipv4, Slot> | undefined)[] = new Array<Map<Ipv4, Slot> | undefined>(33).fill(undefined);
  /** Prefix lengths in use, longest first. */
  private lens: number[] = [];

  constructor(id: number) {
    this.id = id;
  }

  at(dst: Ipv4, len: number): readonly FibEntry[] | undefined {
    const slot = this.byLen[len]?.get(dst);
    return slot === undefined ? undefined : listOf(slot);
  }

  insert(e: FibEntry, index: number): void {
    let map = this.byLen[e.dstLen];
    if (map === undefined) {
      map = new Map();
      this.byLen[e.dstLen] = map;
      this.lens = [...this.lens, e.dstLen].sort((a, b) => b - a);
    }
    const slot = map.get(e.dst);
    map.set(e.dst, slot === undefined ? e : listOf(slot).toSpliced(index, 0, e));
  }

  remove(e: FibEntry): void {
    const map = this.byLen[e.dstLen];
    const slot = map?.get(e.dst);
    if (map === undefined || slot === undefined) return;
    const left = listOf(slot).filter((x) => x !== e);
    if (left.length > 0) {
      map.set(e.dst, left.length === 1 ? left[0]! : left);
      return;
    }
    map.delete(e.dst);
    if (map.size > 0) return;
    this.byLen[e.dstLen] = undefined;
    this.lens = this.lens.filter((l) => l !== e.dstLen);
  }

  /** fib_table_lookup. @returns undefined when found (in `out`), else why not. */
  lookup(flow: FibFlow, out: FibResult, ignoreLinkdown: (dev: NetDevice) => boolean): FibError | undefined {
    const { dst } = flow;
    const lens = this.lens;
    for (let i = 0; i < lens.length; i++) {
      const len = lens[i]!;
      const slot = this.byLen[len]!.get(len === 0 ? 0 : (dst & (0xffffffff << (32 - len))) >>> 0);
      if (slot === undefined) continue;
      const list = slot instanceof FibEntry ? undefined : slot;
      const count = list === undefined ? 1 : list.length;
      for (let k = 0; k < count; k++) {
        const e = list === undefined ? (slot as FibEntry) : list[k]!;
        if (e.tos !== 0 && e.tos !== flow.tos) continue;
        if (e.scope < flow.scope) continue;
        const failure = ERRORS[e.type];
        if (failure !== undefined) {
          out.type = e.type;
          out.entry = e;
          out.nh = undefined;
          out.table = this.id;
          return failure;
        }
        for (let n = 0; n < e.nexthops.length; n++) {
          const nh = e.nexthops[n]!;
          if (nh.dead) continue;
          if (nh.linkdown && nh.dev !== undefined && ignoreLinkdown(nh.dev)) continue;
          if (flow.oif !== 0 && flow.oif !== nh.dev?.ifindex) continue;
          out.type = e.type;
          out.entry = e;
          out.nh = nh;
          out.table = this.id;
          return undefined;
        }
      }
    }
    return "EAGAIN";
  }

  /** Entries in the order of a dump: prefixes by address, of one address the longer prefix first, then TOS, priority. */
  entries(): FibEntry[] {
    const lists: (readonly FibEntry[])[] = [];
    for (const len of this.lens) for (const slot of this.byLen[len]!.values()) lists.push(listOf(slot));
    lists.sort((a, b) => a[0]!.dst - b[0]!.dst || b[0]!.dstLen - a[0]!.dstLen);
    return lists.flat();
  }

  /** Those that hold for `dst`, longest prefix first: for saying what lost. */
  covering(dst: Ipv4): FibEntry[] {
    const out: FibEntry[] = [];
    for (const len of this.lens) out.push(...(this.at((dst & maskOf(len)) >>> 0, len) ?? []));
    return out;
  }
}

/** Entries that lost are listed up to this many; a table may hold thousands. */
const LOSERS_SHOWN = 6;

const noExtack = (errno: NlError["errno"]): NlResult<never> => err({ errno });
const refused = (errno: NlError["errno"], extack: string): NlResult<never> => err({ errno, extack });

export class Fib {
  private readonly ns: NetNamespace;
  readonly tables = new Map<number, FibTable>();
  readonly rules: RuleInfo[];
  /** Only the three rules every namespace starts with. */
  private plainRules = true;
  readonly nexthopObjects = new Map<number, NhObject>();
  readonly result = new FibResult();
  private readonly flow: FibFlow = { dst: 0, src: 0, oif: 0, iif: 0, tos: 0, mark: 0, scope: 0 };
  private local: FibTable;
  private main: FibTable;
  private default_: FibTable;
  private readonly ignoreLinkdown = (dev: NetDevice): boolean => this.ns.confAll.ignore_routes_with_linkdown !== 0 || dev.inet?.conf.ignore_routes_with_linkdown === 1;
  /** VRF devices of this namespace. */
  vrfs = 0;
  /** Raised at every change: routes held elsewhere look at it. */
  generation = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.local = this.table(RT_TABLE.LOCAL);
    this.main = this.table(RT_TABLE.MAIN);
    this.default_ = this.table(RT_TABLE.DEFAULT);
    this.rules = [
      defaultRule(0, RT_TABLE.LOCAL),
      defaultRule(32766, RT_TABLE.MAIN),
      defaultRule(32767, RT_TABLE.DEFAULT),
    ];
  }

  table(id: number): FibTable {
    let t = this.tables.get(id);
    if (t === undefined) {
      t = new FibTable(id);
      this.tables.set(id, t);
    }
    return t;
  }

  rulesChanged(): void {
    const r = this.rules;
    this.plainRules = r.length === 3 && r[0]!.table === 255 && r[1]!.table === 254 && r[2]!.table === 253 && r.every((x) => x.action === "lookup" && isPlain(x));
    this.merged &&= this.plainRules;
    this.generation++;
  }

  /** Until the first rule of its own a namespace has "local" in the trie of "main": what is found there says "main". fib_unmerge. */
  merged = true;

  get hasCustomRules(): boolean {
    return !this.plainRules;
  }

  /** fib_lookup over all rules. The answer is in `result`. */
  lookup(flow: FibFlow): FibError | undefined {
    const out = this.result;
    if (this.plainRules) {
      let why = this.local.lookup(flow, out, this.ignoreLinkdown);
      if (why === "EAGAIN") why = this.main.lookup(flow, out, this.ignoreLinkdown);
      if (why === "EAGAIN") why = this.default_.lookup(flow, out, this.ignoreLinkdown);
      return why === "EAGAIN" ? "ENETUNREACH" : why;
    }
    if (this.vrfs === 0) return this.lookupRules(flow, 0);
    // l3mdev_update_flow: a VRF as outgoing device says which table, not which next hop.
    const oif = this.ns.deviceByIndex(flow.oif);
    const table = (oif?.vrf ?? this.ns.deviceByIndex(flow.iif)?.vrf)?.l3Table ?? 0;
    if (oif === undefined || oif.l3Table === 0) return this.lookupRules(flow, table);
    const kept = flow.oif;
    flow.oif = 0;
    const why = this.lookupRules(flow, table);
    flow.oif = kept;
    return why;
  }

  /** @param vrfTable of the VRF the packet is in; 0: none. */
  private lookupRules(flow: FibFlow, vrfTable: number): FibError | undefined {
    const out = this.result;
    for (let i = 0; i < this.rules.length; i++) {
      const r = this.rules[i]!;
      if (r.l3mdev === true && vrfTable === 0) continue;
      if (!this.ruleMatches(r, flow)) continue;
      if (r.action === "goto") {
        const target = this.rules.findIndex((x) => x.priority === r.goto);
        if (target > i) i = target - 1;
        continue;
      }
      if (r.action === "nop") continue;
      if (r.action !== "lookup") return ({ blackhole: "EINVAL", unreachable: "ENETUNREACH", prohibit: "EACCES" } as const)[r.action];
      const table = this.tables.get(r.l3mdev === true ? vrfTable : r.table);
      if (table === undefined) continue;
      const why = table.lookup(flow, out, this.ignoreLinkdown);
      if (why === "EAGAIN") continue;
      if (why === undefined && r.suppressPrefixLen !== undefined && out.entry.dstLen <= r.suppressPrefixLen) continue;
      return why;
    }
    return "ENETUNREACH";
  }

  private ruleMatches(r: RuleInfo, flow: FibFlow): boolean {
    let hit = true;
    if (r.iif !== undefined && this.ns.deviceByIndex(flow.iif)?.name !== r.iif) hit = false;
    else if (r.oif !== undefined && this.ns.deviceByIndex(flow.oif)?.name !== r.oif) hit = false;
    else if (r.fwmark !== undefined && ((flow.mark ^ r.fwmark) & (r.fwmask ?? 0xffffffff)) !== 0) hit = false;
    else if (((flow.src ^ r.src) & maskOf(r.srcLen)) !== 0 || ((flow.dst ^ r.dst) & maskOf(r.dstLen)) !== 0) hit = false;
    else if (r.tos !== 0 && r.tos !== flow.tos) hit = false;
    else if (r.ipproto !== undefined && r.ipproto !== flow.proto) hit = false;
    else if (r.sport !== undefined && (flow.sport === undefined || flow.sport < r.sport[0] || flow.sport > r.sport[1])) hit = false;
    else if (r.dport !== undefined && (flow.dport === undefined || flow.dport < r.dport[0] || flow.dport > r.dport[1])) hit = false;
    else if (r.uidrange !== undefined && (r.uidrange[0] > 0 || r.uidrange[1] < 0)) hit = false; // everybody here is root
    return hit !== r.invert;
  }

  private simpleFlow(dst: Ipv4, oif = 0): FibFlow {
    const f = this.flow;
    f.dst = dst;
    f.src = 0;
    f.oif = oif;
    f.iif = 0;
    f.tos = 0;
    f.mark = 0;
    f.scope = 0;
    return f;
  }

  /** Whether an address is one of ours, in the local table. */
  isLocal(a: Ipv4): boolean {
    return this.local.lookup(this.simpleFlow(a), this.result, this.ignoreLinkdown) === undefined && this.result.type === "local";
  }

  isBroadcast(a: Ipv4): boolean {
    return this.local.lookup(this.simpleFlow(a), this.result, this.ignoreLinkdown) === undefined && this.result.type === "broadcast";
  }

  /** inet_addr_type: what an address is to us; in the local table, as seen by `dev` when given. */
  typeOf(a: Ipv4, dev?: NetDevice): RouteType {
    if (a === 0 || a === 0xffffffff) return "broadcast";
    if (a >>> 28 === 0xe) return "multicast";
    const r = this.result;
    if (this.local.lookup(this.simpleFlow(a), r, this.ignoreLinkdown) === undefined && (dev === undefined || r.nh?.dev === dev)) return r.type;
    return "unicast";
  }

  // -- changing -----------------------------------------------------------------------------------------------------

  /** fib_create_info: whether a route makes sense, and its next hops resolved. */
  private create(spec: RouteSpec): NlResult<FibEntry> {
    const type = spec.type ?? "unicast";
    const table = spec.table ?? RT_TABLE.MAIN;
    const hasVia = spec.nexthops?.some((n) => n.via !== undefined) ?? false;
    const scope = SCOPE[spec.scope ?? defaultScope(type, hasVia || spec.nhid !== undefined || (spec.nexthops?.length ?? 0) > 1)];
    const entry = (nexthops: FibNexthop[], as: RouteType = type): FibEntry => new FibEntry(spec.dst, spec.dstLen, as, table, scope, nexthops, spec);
    if (spec.dstLen > 32) return refused("EINVAL", "Invalid prefix length");
    if ((spec.dst & ~maskOf(spec.dstLen)) >>> 0 !== 0) return refused("EINVAL", "Invalid prefix for given prefix length");
    if (scope > SCOPE.host) return refused("EINVAL", "Invalid scope");
    if (spec.nhid !== undefined) {
      if ((spec.nexthops ?? []).some((n) => n.via !== undefined || (n.ifindex ?? 0) !== 0)) return refused("EINVAL", "Nexthop specification and nexthop id are mutually exclusive");
      const nexthops = this.fromObject(spec.nhid);
      if (nexthops === undefined) return refused("EINVAL", "Nexthop id does not exist");
      const object = this.nexthopObjects.get(spec.nhid)!;
      return ok(entry(nexthops, object.blackhole ? "blackhole" : type));
    }
    if (type === "unreachable" || type === "prohibit" || type === "blackhole" || type === "throw") {
      if (spec.nexthops?.some((n) => n.via !== undefined || (n.ifindex ?? 0) !== 0)) return refused("EINVAL", "Gateway, device and multipath can not be specified for this route type");
      return ok(entry([]));
    }
    if (type === "nat") return refused("EINVAL", "Invalid route type");
    const wanted = spec.nexthops ?? [];
    if (scope === SCOPE.host) {
      if (wanted.length !== 1) return wanted.length === 0 ? noExtack("ENODEV") : refused("EINVAL", "Route with host scope can not have multiple nexthops");
      if (wanted[0]!.via !== undefined) return refused("EINVAL", "Route with host scope can not have a gateway");
      const dev = this.ns.deviceByIndex(wanted[0]!.ifindex ?? 0);
      if (dev === undefined) return noExtack("ENODEV");
      const nh = new FibNexthop();
      nh.dev = dev;
      nh.scope = SCOPE.nowhere;
      return this.withPrefsrc(entry([nh]));
    }
    if (wanted.length === 0) return noExtack("ENODEV");
    const nexthops: FibNexthop[] = [];
    for (const w of wanted) {
      const nh = this.resolve(w, scope, table);
      if (!nh.ok) return nh;
      nexthops.push(nh.value);
    }
    return this.withPrefsrc(entry(nexthops));
  }

  private withPrefsrc(e: FibEntry): NlResult<FibEntry> {
    if (e.prefsrc !== undefined && this.typeOf(e.prefsrc) !== "local") {
      const ownRoute = e.type === "local" && e.dst === e.prefsrc;
      if (!ownRoute) return refused("EINVAL", "Invalid prefsrc address");
    }
    return ok(e);
  }

  /** fib_check_nh: a gateway must be reached directly, by a device that is up. */
  resolve(w: { via?: Ipv4; ifindex?: number; weight?: number; onlink?: boolean }, scope: number, table: number): NlResult<FibNexthop> {
    const nh = new FibNexthop();
    nh.weight = w.weight ?? 1;
    nh.onlink = w.onlink ?? false;
    if (w.via === undefined || w.via === 0) {
      if (nh.onlink) return refused("EINVAL", "Invalid flags for nexthop - PERVASIVE and ONLINK can not be set");
      const dev = this.ns.deviceByIndex(w.ifindex ?? 0);
      if (dev?.inet === undefined) return noExtack("ENODEV");
      if (!dev.isUp) return refused("ENETDOWN", "Device for nexthop is not up");
      nh.dev = dev;
      nh.scope = SCOPE.host;
      nh.linkdown = !dev.carrier;
      return ok(nh);
    }
    nh.via = w.via;
    if (nh.onlink) {
      if (scope >= SCOPE.link) return refused("EINVAL", "Nexthop has invalid scope");
      const dev = this.ns.deviceByIndex(w.ifindex ?? 0);
      if (dev === undefined) return refused("ENODEV", "Nexthop device required for onlink");
      if (!dev.isUp) return refused("ENETDOWN", "Nexthop device is not up");
      if (this.typeOf(w.via, dev) !== "unicast") return refused("EINVAL", "Nexthop has invalid gateway");
      nh.dev = dev;
      nh.scope = SCOPE.link;
      nh.linkdown = !dev.carrier;
      return ok(nh);
    }
    const flow = this.simpleFlow(w.via, w.ifindex ?? 0);
    flow.scope = scope + 1 < SCOPE.link ? SCOPE.link : scope + 1;
    let why: FibError | undefined = "EAGAIN";
    const own = table !== RT_TABLE.MAIN && table !== RT_TABLE.LOCAL ? this.tables.get(table) : undefined;
    if (own !== undefined) why = own.lookup(flow, this.result, this.ignoreLinkdown);
    if (why !== undefined) why = this.lookup(flow);
    if (why !== undefined) return refused("ENETUNREACH", "Nexthop has invalid gateway");
    const r = this.result;
    if (r.type !== "unicast" && r.type !== "local") return refused("EINVAL", "Nexthop has invalid gateway");
    const dev = r.nh?.dev;
    if (dev === undefined) return refused("EINVAL", "No egress device for nexthop");
    if (!dev.isUp) return refused("ENETDOWN", "Nexthop device is not up");
    // A gateway that is our own address is reached "by" lo or its device, but never forwards: the kernel lets it be.
    nh.dev = w.ifindex !== undefined && w.ifindex !== 0 ? (this.ns.deviceByIndex(w.ifindex) ?? dev) : dev;
    nh.scope = r.entry.scope;
    nh.linkdown = !nh.dev.carrier;
    return ok(nh);
  }

  private fromObject(id: number): FibNexthop[] | undefined {
    const o = this.nexthopObjects.get(id);
    if (o === undefined) return undefined;
    if (o.group !== undefined) {
      const out: FibNexthop[] = [];
      for (const member of o.group) {
        const nh = this.fromObject(member.id)?.[0];
        if (nh === undefined) continue;
        nh.weight = member.weight;
        out.push(nh);
      }
      return out;
    }
    const nh = new FibNexthop();
    nh.via = o.via;
    nh.dev = o.blackhole ? this.ns.loopback : this.ns.deviceByIndex(o.ifindex); // nh_create_ipv4: what is thrown away goes to lo
    nh.onlink = o.onlink;
    nh.linkdown = nh.dev !== undefined && !nh.dev.carrier;
    return [nh];
  }

  /** fib_table_insert with the netlink flags of the verbs of `ip route`. */
  add(spec: RouteSpec, mode: NlMode): NlResult {
    const table = this.table(spec.table ?? RT_TABLE.MAIN); // it stays when the route is refused (inet_rtm_newroute)
    const made = this.create(spec);
    if (!made.ok) return made;
    const e = made.value;
    const list = table.at(e.dst, e.dstLen) ?? [];
    // Where entries of this TOS and priority begin.
    let index = list.findIndex((x) => x.tos < e.tos || (x.tos === e.tos && x.priority >= e.priority));
    if (index < 0) index = list.length;
    const peers = list.filter((x) => x.tos === e.tos && x.priority === e.priority);
    if (peers.length > 0) {
      if (mode === "add") return noExtack("EEXIST");
      const twin = peers.find((x) => x.type === e.type && sameInfo(x, e));
      if (mode === "replace" || mode === "change") {
        const first = peers[0]!;
        if (twin !== undefined) return twin === first ? ok() : noExtack("EEXIST");
        table.remove(first);
        table.insert(e, Math.min(index, table.at(e.dst, e.dstLen)?.length ?? 0));
        this.changed();
        return ok();
      }
      if (twin !== undefined) return noExtack("EEXIST");
      if (mode === "append") index += peers.length;
    } else if (mode === "change") return noExtack("ENOENT");
    table.insert(e, index);
    this.changed();
    return ok();
  }

  /** fib_table_delete: only what is given must agree. */
  delete(spec: RouteSpec): NlResult {
    if ((spec.dst & ~maskOf(spec.dstLen)) >>> 0 !== 0) return refused("EINVAL", "Invalid prefix for given prefix length");
    const table = this.tables.get(spec.table ?? RT_TABLE.MAIN);
    const list = table?.at(spec.dst, spec.dstLen);
    if (table === undefined || list === undefined) return noExtack("ESRCH");
    for (const e of list) {
      if (e.tos !== (spec.tos ?? 0)) continue;
      if (spec.type !== undefined && spec.type !== e.type) continue;
      if (spec.scope !== undefined && SCOPE[spec.scope] !== e.scope) continue;
      if (spec.prefsrc !== undefined && spec.prefsrc !== e.prefsrc) continue;
      if (spec.proto !== undefined && spec.proto !== e.proto) continue;
      if (spec.priority !== undefined && spec.priority !== e.priority) continue;
      if (spec.nhid !== undefined && spec.nhid !== e.nhid) continue;
      if (spec.nexthops !== undefined && !spec.nexthops.every((w, i) => nexthopFits(w, e.nexthops[i]))) continue;
      table.remove(e);
      this.changed();
      return ok();
    }
    return noExtack("ESRCH");
  }

  /** Puts in a route of the kernel's own, without the checks of netlink. */
  addKernel(type: RouteType, dst: Ipv4, dstLen: number, dev: NetDevice, prefsrc: Ipv4, table: number, scope: Scope, priority: number): void {
    const nh = new FibNexthop();
    nh.dev = dev;
    nh.scope = type === "unicast" || type === "broadcast" ? SCOPE.host : SCOPE.nowhere;
    nh.linkdown = !dev.carrier;
    const e = new FibEntry(dst, dstLen, type, table, SCOPE[scope], [nh], { proto: RTPROT.KERNEL, priority, prefsrc });
    const t = this.table(table);
    const list = t.at(dst, dstLen) ?? [];
    if (list.some((x) => x.tos === 0 && x.priority === priority && x.type === type && sameInfo(x, e))) return;
    let index = list.findIndex((x) => x.tos === 0 && x.priority > priority);
    if (index < 0) index = list.length; // NLM_F_APPEND
    t.insert(e, index);
    this.changed();
  }

  removeKernel(type: RouteType, dst: Ipv4, dstLen: number, dev: NetDevice, prefsrc: Ipv4, table: number): void {
    const t = this.tables.get(table);
    const e = t?.at(dst, dstLen)?.find((x) => x.type === type && x.proto === RTPROT.KERNEL && x.nexthops[0]?.dev === dev && x.prefsrc === prefsrc);
    if (t === undefined || e === undefined) return;
    t.remove(e);
    this.changed();
  }

  /** fib_sync_down_addr: routes that prefer a source address that is no longer ours. */
  removePrefsrc(a: Ipv4): void {
    this.removeWhere((e) => e.prefsrc === a);
  }

  /** fib_sync_down_dev: the device went down (its routes die) or away (they are removed). */
  deviceDown(dev: NetDevice, keepMultipath: boolean): void {
    for (const t of this.tables.values()) {
      for (const e of t.entries()) {
        const mine = e.nexthops.filter((nh) => nh.dev === dev);
        if (mine.length === 0) continue;
        for (const nh of mine) {
          nh.dead = true;
          nh.linkdown = true;
        }
        if (e.nexthops.every((nh) => nh.dead) || !keepMultipath) t.remove(e);
      }
    }
    for (const o of [...this.nexthopObjects.values()]) if (o.ifindex === dev.ifindex) this.nexthopDelete(o.id);
    this.changed();
  }

  /** fib_sync_up: dead next hops of routes that stayed come back. */
  deviceUp(dev: NetDevice): void {
    this.eachNexthop(dev, (nh) => {
      nh.dead = false;
      nh.linkdown = !dev.carrier;
    });
  }

  carrier(dev: NetDevice): void {
    this.eachNexthop(dev, (nh) => {
      nh.linkdown = !dev.carrier;
    });
  }

  private eachNexthop(dev: NetDevice, f: (nh: FibNexthop) => void): void {
    for (const t of this.tables.values()) for (const e of t.entries()) for (const nh of e.nexthops) if (nh.dev === dev) f(nh);
    this.changed();
  }

  private removeWhere(gone: (e: FibEntry) => boolean): void {
    for (const t of this.tables.values()) for (const e of t.entries()) if (gone(e)) t.remove(e);
    this.changed();
  }

  private changed(): void {
    this.generation++;
  }

  // -- nexthop objects ----------------------------------------------------------------------------------------------

  nexthopAdd(spec: Partial<NhObject>, mode: NlMode): NlResult {
    let id = spec.id ?? 0;
    if (id === 0) {
      id = 1;
      while (this.nexthopObjects.has(id)) id++;
    }
    const known = this.nexthopObjects.get(id);
    if (known !== undefined && mode === "add") return noExtack("EEXIST");
    if (known === undefined && mode === "change") return noExtack("ENOENT");
    const o: NhObject = { id, ifindex: spec.ifindex ?? 0, onlink: spec.onlink ?? false, blackhole: spec.blackhole ?? false, fdb: spec.fdb ?? false, proto: spec.proto ?? 0, scope: "link" };
    if (spec.group !== undefined) {
      if (spec.group.length === 0) return refused("EINVAL", "Invalid length for nexthop group attribute");
      for (const [i, m] of spec.group.entries()) {
        const member = this.nexthopObjects.get(m.id);
        if (member === undefined) return refused("EINVAL", "Invalid nexthop id");
        if (spec.group.findIndex((x) => x.id === m.id) !== i) return refused("EINVAL", "Nexthop id can not be used twice in a group");
        if (member.group !== undefined) return refused("EINVAL", "Hash-threshold group can not be a nexthop within a group");
        if (member.blackhole && spec.group.length > 1) return refused("EINVAL", "Blackhole nexthop can not be used in a group with more than 1 path");
      }
      o.group = spec.group;
      o.scope = "global";
    } else if (!o.blackhole) {
      const nh = this.resolve({ ...(spec.via !== undefined && { via: spec.via }), ifindex: o.ifindex, onlink: o.onlink }, 0, RT_TABLE.MAIN);
      if (!nh.ok) return nh;
      if (spec.via !== undefined) o.via = spec.via;
      o.ifindex = nh.value.dev?.ifindex ?? o.ifindex;
      o.scope = scopeName(nh.value.scope);
    } else o.scope = "global";
    this.nexthopObjects.set(id, o);
    this.refreshObjectRoutes();
    return ok();
  }

  nexthopDelete(id: number): NlResult {
    if (!this.nexthopObjects.delete(id)) return noExtack("ENOENT");
    for (const o of [...this.nexthopObjects.values()]) {
      if (o.group === undefined || !o.group.some((m) => m.id === id)) continue;
      const group = o.group.filter((m) => m.id !== id);
      if (group.length === 0) this.nexthopDelete(o.id);
      else o.group = group;
    }
    this.refreshObjectRoutes();
    return ok();
  }

  private refreshObjectRoutes(): void {
    for (const t of this.tables.values()) {
      for (const e of t.entries()) {
        if (e.nhid === undefined) continue;
        const nexthops = this.fromObject(e.nhid);
        if (nexthops === undefined) t.remove(e);
        else e.nexthops = nexthops;
      }
    }
    this.changed();
  }

  /** Entries that were looked at for `dst` and lost against `chosen`, in this namespace's order of tables. */
  losers(dst: Ipv4, chosen: FibEntry | undefined): { entry: string; why: "shorter-prefix" | "no-match" | "higher-metric" }[] {
    const out: { entry: string; why: "shorter-prefix" | "no-match" | "higher-metric" }[] = [];
    for (const t of [this.main, this.default_]) {
      for (const e of t.covering(dst)) {
        if (e !== chosen) out.push({ entry: describeEntry(e), why: chosen !== undefined && e.dstLen === chosen.dstLen ? "higher-metric" : "shorter-prefix" });
      }
      const others = t.entries().filter((e) => e !== chosen && ((dst ^ e.dst) & maskOf(e.dstLen)) !== 0);
      for (const e of others.slice(0, Math.max(LOSERS_SHOWN - out.length, 0))) out.push({ entry: describeEntry(e), why: "no-match" });
    }
    return out;
  }
}

function defaultRule(priority: number, table: number): RuleInfo {
  return { priority, action: "lookup", table, invert: false, src: 0, srcLen: 0, dst: 0, dstLen: 0, tos: 0, proto: RTPROT.KERNEL };
}

function isPlain(r: RuleInfo): boolean {
  return r.srcLen === 0 && r.dstLen === 0 && r.iif === undefined && r.oif === undefined && r.fwmark === undefined && r.tos === 0 && !r.invert && r.ipproto === undefined && r.sport === undefined && r.dport === undefined && r.l3mdev === undefined && r.suppressPrefixLen === undefined && r.uidrange === undefined;
}

/** iproute2's choice when no scope is given, which the kernel takes as it comes. */
function defaultScope(type: RouteType, hasGateway: boolean): Scope {
  if (type === "local" || type === "nat") return "host";
  if (type === "broadcast" || type === "multicast" || type === "anycast") return "link";
  if (type === "unicast" && !hasGateway) return "link";
  return "global";
}

/** Same fib_info: equal in everything but prefix, TOS and type. */
function sameInfo(a: FibEntry, b: FibEntry): boolean {
  return (
    a.proto === b.proto && a.scope === b.scope && a.prefsrc === b.prefsrc && a.nhid === b.nhid && a.nexthops.length === b.nexthops.length && JSON.stringify(a.metrics) === JSON.stringify(b.metrics) &&
    a.nexthops.every((n, i) => {
      const m = b.nexthops[i]!;
      return n.via === m.via && n.dev === m.dev && n.weight === m.weight && n.onlink === m.onlink;
    })
  );
}

function nexthopFits(w: { via?: Ipv4; ifindex?: number; weight?: number }, nh: FibNexthop | undefined): boolean {
  if (nh === undefined) return (w.via === undefined || w.via === 0) && (w.ifindex ?? 0) === 0;
  if (w.via !== undefined && w.via !== 0 && w.via !== nh.via) return false;
  return w.ifindex === undefined || w.ifindex === 0 || w.ifindex === nh.dev?.ifindex;
}

const SCOPE_NAMES = new Map<number, Scope>([[0, "global"], [200, "site"], [253, "link"], [254, "host"], [255, "nowhere"]]);

export function scopeName(n: number): Scope {
  return SCOPE_NAMES.get(n) ?? "global";
}

export function routeInfo(e: FibEntry): RouteInfo {
  const i: RouteInfo = {
    dst: e.dst, dstLen: e.dstLen, tos: e.tos, type: e.type, table: e.table, proto: e.proto, scope: scopeName(e.scope), priority: e.priority,
    nexthops: e.nexthops.map((n) => ({ ...(n.via !== undefined && { via: n.via }), ifindex: n.dev?.ifindex ?? 0, weight: n.weight, onlink: n.onlink, dead: n.dead, linkdown: n.linkdown })),
    metrics: e.metrics,
  };
  if (e.prefsrc !== undefined) i.prefsrc = e.prefsrc;
  if (e.nhid !== undefined) i.nhid = e.nhid;
  return i;
}

/** One line, as `ip route` prints its first words: what the reason stream shows. */
export function describeEntry(e: FibEntry): string {
  const dst = e.dstLen === 0 ? "default" : e.dstLen === 32 ? formatIpv4(e.dst) : `${formatIpv4(e.dst)}/${e.dstLen}`;
  const nh = e.nexthops[0];
  const parts = [e.type === "unicast" ? "" : e.type, dst, nh?.via !== undefined ? `via ${formatIpv4(nh.via)}` : "", nh?.dev !== undefined ? `dev ${nh.dev.name}` : "", e.priority > 0 ? `metric ${e.priority}` : ""];
  return parts.filter((p) => p !== "").join(" ");
}
