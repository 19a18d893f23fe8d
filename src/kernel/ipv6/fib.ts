/**
 * IPv6 routing tables and rules: net/ipv6/ip6_fib.c, fib6_rules.c, and of route.c what judges and chooses routes.
 * A table is one hash a prefix length that is in use, as the IPv4 one.
 */
import { err, ok } from "../../base/result.ts";
import { SECOND, type Nanos } from "../../sim/time.ts";
import { formatIpv6 } from "../../wire/ipv6.ts";
import type { Errno, NlMode, NlResult, RouteMetrics, RouteType } from "../api.ts";
import type { Ipv6, Route6Info, Route6Spec, RouterPref, Rule6Info } from "../api6.ts";
import type { NetDevice } from "../netdev/device.ts";
import { ANY6, eq6, inPrefix6, isAny6, isLinkLocal6, isLoopback6, isMulticast6, Map6, prefixOf, same6 } from "./address.ts";
import type { Ipv6Stack } from "./stack.ts";

export const RT6_TABLE = { MAIN: 254, LOCAL: 255 } as const;
export const IP6_RT_PRIO = { USER: 1024, ADDRCONF: 256 } as const;
const RTPROT_BOOT = 3;

export interface Nexthop6 {
  via: Ipv6 | undefined;
  dev: NetDevice;
  weight: number;
  onlink: boolean;
  linkdown: boolean;
}

export class Fib6Entry {
  readonly dst: Ipv6;
  readonly dstLen: number;
  readonly type: RouteType;
  readonly table: number;
  readonly proto: number;
  readonly metric: number;
  prefsrc: Ipv6 | undefined;
  metrics: RouteMetrics;
  pref: RouterPref = "medium";
  nexthops: Nexthop6[];
  /** Virtual time; undefined: for ever. */
  expires: Nanos | undefined;
  /** RTF_ADDRCONF: made by an address, or by a router's advertisement. */
  addrconf = false;

  constructor(dst: Ipv6, dstLen: number, type: RouteType, table: number, proto: number, metric: number, nexthops: Nexthop6[], metrics: RouteMetrics = {}) {
    this.dst = dst;
    this.dstLen = dstLen;
    this.type = type;
    this.table = table;
    this.proto = proto;
    this.metric = metric;
    this.nexthops = nexthops;
    this.metrics = metrics;
  }
}

const REJECT: Partial<Record<RouteType, Errno>> = { blackhole: "EINVAL", unreachable: "EHOSTUNREACH", prohibit: "EACCES", throw: "EAGAIN" };

export class Fib6Table {
  readonly id: number;
  private readonly byLen: (Map6<Fib6Entry[]> | undefined)[] = new Array<Map6<Fib6Entry[]> | undefined>(129).fill(undefined);
  private lens: number[] = [];
  private readonly scratch = new Uint8Array(16);

  constructor(id: number) {
    this.id = id;
  }

  at(dst: Ipv6, len: number): Fib6Entry[] | undefined {
    return this.byLen[len]?.get(dst);
  }

  /** Behind those of the same metric, or in front of them. */
  insert(e: Fib6Entry, first = false): void {
    let map = this.byLen[e.dstLen];
    if (map === undefined) {
      map = new Map6();
      this.byLen[e.dstLen] = map;
      this.lens = [...this.lens, e.dstLen].sort((a, b) => b - a);
    }
    const list = map.get(e.dst);
    if (list === undefined) return map.set(e.dst, [e]);
    const at = list.findIndex((x) => (first ? x.metric >= e.metric : x.metric > e.metric));
    list.splice(at < 0 ? list.length : at, 0, e);
  }

  remove(e: Fib6Entry): void {
    const map = this.byLen[e.dstLen];
    const list = map?.get(e.dst);
    const at = list?.indexOf(e) ?? -1;
    if (map === undefined || at < 0) return;
    list!.splice(at, 1);
    if (list!.length > 0) return;
    map.delete(e.dst);
    if (map.size > 0) return;
    this.byLen[e.dstLen] = undefined;
    this.lens = this.lens.filter((l) => l !== e.dstLen);
  }

  /** The lists that hold for an address, longest prefix first; stops when `visit` says so. */
  walk(b: Uint8Array, at: number, visit: (list: readonly Fib6Entry[]) => boolean): boolean {
    const { lens, scratch } = this;
    for (let i = 0; i < lens.length; i++) {
      const len = lens[i]!;
      const whole = len >> 3;
      for (let k = 0; k < 16; k++) scratch[k] = k < whole ? b[at + k]! : 0;
      if (whole < 16) scratch[whole] = b[at + whole]! & (0xff00 >> (len & 7));
      const list = this.byLen[len]!.get(scratch);
      if (list !== undefined && visit(list)) return true;
    }
    return false;
  }

  /** In the order of the kernel's walk: what lies inside a prefix before it, else by address. */
  entries(): Fib6Entry[] {
    const lists: Fib6Entry[][] = [];
    for (const len of this.lens) for (const { value } of this.byLen[len]!.entries()) lists.push(value);
    lists.sort((a, b) => compare(a[0]!, b[0]!));
    return lists.flat();
  }
}

function compare(a: Fib6Entry, b: Fib6Entry): number {
  if (a.dstLen > b.dstLen && inPrefix6(a.dst, 0, b.dst, b.dstLen)) return -1;
  if (b.dstLen > a.dstLen && inPrefix6(b.dst, 0, a.dst, a.dstLen)) return 1;
  for (let i = 0; i < 16; i++) if (a.dst[i] !== b.dst[i]) return a.dst[i]! - b.dst[i]!;
  return a.dstLen - b.dstLen;
}

export interface Flow6 {
  dst: Uint8Array;
  dstAt: number;
  src: Uint8Array;
  srcAt: number;
  oif: number;
  iif: number;
  mark: number;
  proto: number;
  sport: number;
  dport: number;
  /** RT6_LOOKUP_F_IFACE: only routes by this device. */
  strict: boolean;
}

const noExtack = (errno: Errno): NlResult<never> => err({ errno });
const refused = (errno: Errno, extack: string): NlResult<never> => err({ errno, extack });

export class Fib6 {
  private readonly stack: Ipv6Stack;
  readonly tables = new Map<number, Fib6Table>();
  rules: Rule6Info[];
  // What the last look-up found.
  entry: Fib6Entry | undefined;
  nh: Nexthop6 | undefined;
  error: Errno = "ENETUNREACH";
  private flow!: Flow6;
  private readonly visit = (list: readonly Fib6Entry[]): boolean => this.choose(list, this.flow);

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
    this.table(RT6_TABLE.MAIN);
    this.table(RT6_TABLE.LOCAL);
    this.rules = [defaultRule(0, RT6_TABLE.LOCAL), defaultRule(32766, RT6_TABLE.MAIN)];
  }

  table(id: number): Fib6Table {
    let t = this.tables.get(id);
    if (t === undefined) {
      t = new Fib6Table(id);
      this.tables.set(id, t);
    }
    return t;
  }

  // -- looking up ---------------------------------------------------------------------------------------------------

  /** fib6_rule_lookup. @returns whether there is a usable route, in `entry` and `nh`; else `error` says why, and `entry` which route said so. */
  lookup(flow: Flow6): boolean {
    this.entry = undefined;
    this.nh = undefined;
    this.error = "ENETUNREACH";
    this.flow = flow;
    for (let i = 0; i < this.rules.length; i++) {
      const r = this.rules[i]!;
      if (!this.ruleMatches(r, flow)) continue;
      if (r.action === "goto") {
        const target = this.rules.findIndex((x) => x.priority === r.goto);
        if (target > i) i = target - 1;
        continue;
      }
      if (r.action === "nop") continue;
      if (r.action !== "lookup") {
        this.error = r.action === "blackhole" ? "EINVAL" : r.action === "prohibit" ? "EACCES" : "ENETUNREACH";
        return false;
      }
      const table = this.tables.get(r.table);
      if (table === undefined || !table.walk(flow.dst, flow.dstAt, this.visit)) continue;
      const e = this.entry!;
      const why = REJECT[(e as Fib6Entry).type];
      if (why === "EAGAIN") continue;
      if (r.suppressPrefixLen !== undefined && (e as Fib6Entry).dstLen <= r.suppressPrefixLen) continue;
      if (why === undefined) return true;
      this.error = why;
      return false;
    }
    this.entry = undefined;
    return false;
  }

  /** find_rr_leaf: the best of the lowest metric that can be used. Puts it into `entry` and `nh`. */
  private choose(list: readonly Fib6Entry[], flow: Flow6): boolean {
    for (let i = 0; i < list.length; ) {
      const metric = list[i]!.metric;
      let best = -1;
      for (; i < list.length && list[i]!.metric === metric; i++) {
        const e = list[i]!;
        if (e.expires !== undefined && e.expires <= this.stack.now) continue;
        if (REJECT[e.type] !== undefined) {
          if (best >= 0) continue;
          best = 0;
          this.entry = e;
          this.nh = undefined;
          continue;
        }
        for (let n = 0; n < e.nexthops.length; n++) {
          const nh = e.nexthops[n]!;
          const score = this.score(e, nh, flow);
          if (score <= best) continue;
          best = score;
          this.entry = e;
          this.nh = nh;
        }
      }
      if (best >= 0) return true;
    }
    return false;
  }

  /** rt6_score_route; negative: it cannot be used. */
  private score(e: Fib6Entry, nh: Nexthop6, flow: Flow6): number {
    if (!nh.dev.isUp) return -1;
    if (nh.linkdown && (this.stack.confAll.ignore_routes_with_linkdown !== 0 || nh.dev.inet6?.conf.ignore_routes_with_linkdown === 1)) return -1;
    const match = flow.oif === 0 || nh.dev.ifindex === flow.oif;
    if (!match && flow.strict) return -1;
    let score = (match ? 2 : 0) + (e.pref === "high" ? 8 : e.pref === "medium" ? 4 : 0);
    // A host passes over a gateway that does not answer while there is another one.
    if (nh.via !== undefined && this.stack.confAll.forwarding === 0 && this.stack.neigh.find(nh.dev, nh.via, 0)?.state === "FAILED") score = 0;
    return score + 1;
  }

  private ruleMatches(r: Rule6Info, flow: Flow6): boolean {
    let hit = true;
    if (r.srcLen > 0 && !inPrefix6(flow.src, flow.srcAt, r.src, r.srcLen)) hit = false;
    else if (r.dstLen > 0 && !inPrefix6(flow.dst, flow.dstAt, r.dst, r.dstLen)) hit = false;
    else if (r.iif !== undefined && this.stack.ns.deviceByIndex(flow.iif)?.name !== r.iif) hit = false;
    else if (r.oif !== undefined && this.stack.ns.deviceByIndex(flow.oif)?.name !== r.oif) hit = false;
    else if (r.fwmark !== undefined && ((flow.mark ^ r.fwmark) & (r.fwmask ?? 0xffffffff)) !== 0) hit = false;
    else if (r.tos !== 0) hit = false;
    else if (r.ipproto !== undefined && r.ipproto !== flow.proto) hit = false;
    else if (r.sport !== undefined && (flow.sport < r.sport[0] || flow.sport > r.sport[1])) hit = false;
    else if (r.dport !== undefined && (flow.dport < r.dport[0] || flow.dport > r.dport[1])) hit = false;
    else if (r.uidrange !== undefined && r.uidrange[0] > 0) hit = false; // everybody here is root
    return hit !== r.invert;
  }

  /** The prefixes that hold for an address, longest first: for saying what lost. */
  covering(b: Uint8Array, at: number): Fib6Entry[] {
    const out: Fib6Entry[] = [];
    for (const t of this.tables.values()) {
      t.walk(b, at, (list) => {
        out.push(...list);
        return false;
      });
    }
    return out;
  }

  // -- changing -----------------------------------------------------------------------------------------------------

  /** ip6_route_info_create. */
  private create(spec: Route6Spec): NlResult<Fib6Entry> {
    const { ns } = this.stack;
    const type = spec.type ?? "unicast";
    if (spec.dstLen > 128) return refused("EINVAL", "Invalid prefix length");
    const dst = prefixOf(spec.dst, spec.dstLen);
    const local = type === "local" || type === "anycast";
    const make = (nexthops: Nexthop6[]): Fib6Entry => {
      const e = new Fib6Entry(dst, spec.dstLen, type, spec.table ?? (local ? RT6_TABLE.LOCAL : RT6_TABLE.MAIN), spec.proto ?? RTPROT_BOOT, spec.priority === undefined || spec.priority === 0 ? IP6_RT_PRIO.USER : spec.priority, nexthops, { ...spec.metrics });
      e.prefsrc = spec.prefsrc;
      e.pref = spec.pref ?? "medium";
      if (spec.expires !== undefined) e.expires = this.stack.now + spec.expires * SECOND;
      return e;
    };
    if (REJECT[type] !== undefined) return ok(make([{ via: undefined, dev: ns.loopback, weight: 1, onlink: false, linkdown: false }]));
    const wanted = spec.nexthops ?? [];
    if (wanted.length === 0) return noExtack("ENODEV");
    const nexthops: Nexthop6[] = [];
    for (const w of wanted) {
      const nh = this.resolve(w, type, spec.table ?? RT6_TABLE.MAIN);
      if (!nh.ok) return nh;
      nexthops.push(nh.value);
    }
    if (spec.prefsrc !== undefined && !this.stack.addrconf.owns(spec.prefsrc, 0)) return refused("EINVAL", "Invalid source address");
    return ok(make(nexthops));
  }

  /** fib6_nh_init and ip6_validate_gw. */
  private resolve(w: NonNullable<Route6Spec["nexthops"]>[number], type: RouteType, table: number): NlResult<Nexthop6> {
    const { ns } = this.stack;
    let dev = w.ifindex === undefined || w.ifindex === 0 ? undefined : ns.deviceByIndex(w.ifindex);
    if (w.ifindex !== undefined && w.ifindex !== 0 && dev === undefined) return noExtack("ENODEV");
    if (w.via !== undefined) {
      if (this.stack.addrconf.findOn(w.via, 0, isLinkLocal6(w.via) ? dev : undefined) !== undefined) return refused("EINVAL", "Gateway can not be a local address");
      if (isMulticast6(w.via) || isAny6(w.via) || isLoopback6(w.via)) return refused("EINVAL", "Invalid gateway address");
      if (isLinkLocal6(w.via)) {
        if (dev === undefined) return refused("EINVAL", "Egress device not specified");
      } else if (w.onlink === true) {
        if (dev === undefined) return refused("EINVAL", "Nexthop device required for onlink");
      } else {
        const found = this.gatewayDevice(w.via, dev, table);
        if (found === undefined) return noExtack("EHOSTUNREACH");
        dev = found;
      }
    }
    if (dev === undefined) return noExtack("ENODEV");
    if (dev.inet6 === undefined || dev.inet6.conf.disable_ipv6 !== 0) return refused("EACCES", "IPv6 is disabled on nexthop device");
    if (!dev.isUp && type !== "local") return refused("ENETDOWN", "Nexthop device is not up");
    if (w.via !== undefined && dev === ns.loopback) return refused("EINVAL", "Egress device can not be loopback device for this route");
    return ok({ via: w.via, dev, weight: w.weight ?? 1, onlink: w.onlink ?? false, linkdown: !dev.carrier });
  }

  /** ip6_route_check_nh: by which device a gateway is a neighbour. */
  private gatewayDevice(via: Ipv6, dev: NetDevice | undefined, table: number): NetDevice | undefined {
    const flow: Flow6 = { dst: via, dstAt: 0, src: ANY6, srcAt: 0, oif: dev?.ifindex ?? 0, iif: 1, mark: 0, proto: 0, sport: 0, dport: 0, strict: dev !== undefined };
    this.flow = flow;
    const own = this.tables.get(table);
    if (own?.walk(via, 0, this.visit) === true && this.entry!.type === "unicast" && this.nh!.via === undefined) return this.nh!.dev;
    if (!this.lookup(flow) || this.entry!.type !== "unicast" || this.nh!.via !== undefined) return undefined;
    return dev === undefined || this.nh!.dev === dev ? this.nh!.dev : undefined;
  }

  /** inet6_rtm_newroute and fib6_add_rt2node. */
  add(spec: Route6Spec, mode: NlMode): NlResult {
    const made = this.create(spec);
    if (!made.ok) return made;
    const e = made.value;
    const table = this.table(e.table);
    const list = table.at(e.dst, e.dstLen) ?? [];
    const same = list.find((x) => x.metric === e.metric);
    if (mode === "add" && same !== undefined) return noExtack("EEXIST");
    if ((mode === "change" || mode === "replace") && same !== undefined) {
      for (const x of list.filter((y) => y.metric === e.metric)) table.remove(x);
      table.insert(e, true);
      this.stack.routesChanged();
      return ok();
    }
    if (mode === "change") return noExtack("ENOENT");
    if (same !== undefined) {
      const twin = list.find((x) => x.metric === e.metric && x.nexthops.some((a) => e.nexthops.some((b) => a.dev === b.dev && sameVia(a.via, b.via))));
      if (twin !== undefined) return noExtack("EEXIST");
      // Routes by gateways with one metric become one route of several ways.
      const mate = list.find((x) => x.metric === e.metric && !x.addrconf && x.nexthops.every((n) => n.via !== undefined));
      if (mate !== undefined && e.nexthops.every((n) => n.via !== undefined)) {
        mate.nexthops = [...mate.nexthops, ...e.nexthops];
        this.stack.routesChanged();
        return ok();
      }
    }
    table.insert(e);
    this.stack.routesChanged();
    return ok();
  }

  /** Routes of the kernel's own: silently nothing when there is one already. */
  addKernel(type: RouteType, dst: Ipv6, dstLen: number, dev: NetDevice, table: number, metric: number, o: { proto?: number; via?: Ipv6; expires?: Nanos; metrics?: RouteMetrics; pref?: RouterPref } = {}): Fib6Entry {
    const prefix = prefixOf(dst, dstLen);
    const old = this.table(table).at(prefix, dstLen)?.find((x) => x.metric === metric && x.nexthops.length === 1 && x.nexthops[0]!.dev === dev && sameVia(x.nexthops[0]!.via, o.via));
    if (old !== undefined) return old;
    const e = new Fib6Entry(prefix, dstLen, type, table, o.proto ?? 2, metric, [{ via: o.via, dev, weight: 1, onlink: false, linkdown: !dev.carrier }], o.metrics ?? {});
    e.addrconf = true;
    e.expires = o.expires;
    e.pref = o.pref ?? "medium";
    this.table(table).insert(e);
    this.stack.routesChanged();
    return e;
  }

  find(dst: Ipv6, dstLen: number, table: number, want: (e: Fib6Entry) => boolean): Fib6Entry | undefined {
    return this.tables.get(table)?.at(prefixOf(dst, dstLen), dstLen)?.find(want);
  }

  remove(e: Fib6Entry | undefined): void {
    if (e === undefined) return;
    this.tables.get(e.table)?.remove(e);
    this.stack.routesChanged();
  }

  /** ip6_route_del. */
  del(spec: Route6Spec): NlResult {
    const local = spec.type === "local" || spec.type === "anycast";
    const table = this.tables.get(spec.table ?? (local ? RT6_TABLE.LOCAL : RT6_TABLE.MAIN));
    if (table === undefined) return refused("ESRCH", "FIB table does not exist");
    for (const e of table.at(prefixOf(spec.dst, spec.dstLen), spec.dstLen) ?? []) {
      if (spec.priority !== undefined && spec.priority !== 0 && spec.priority !== e.metric) continue;
      if (spec.proto !== undefined && spec.proto !== 0 && spec.proto !== e.proto) continue;
      const wanted = spec.nexthops ?? [];
      const left = e.nexthops.filter((n) => !wanted.some((w) => (w.ifindex === undefined || w.ifindex === 0 || w.ifindex === n.dev.ifindex) && (w.via === undefined || (n.via !== undefined && same6(w.via, n.via)))));
      if (wanted.length > 0 && left.length === e.nexthops.length) continue;
      if (wanted.length === 0 || left.length === 0) table.remove(e);
      else e.nexthops = left;
      this.stack.routesChanged();
      return ok();
    }
    return noExtack("ESRCH");
  }

  // -- devices ------------------------------------------------------------------------------------------------------

  /** rt6_disable_ip and rt6_sync_down_dev: routes by a device that is down go. */
  deviceDown(dev: NetDevice): void {
    for (const t of this.tables.values()) {
      for (const e of t.entries()) {
        if (REJECT[e.type] !== undefined) continue;
        const left = e.nexthops.filter((n) => n.dev !== dev);
        if (left.length === e.nexthops.length) continue;
        if (left.length === 0) t.remove(e);
        else e.nexthops = left;
      }
    }
    this.stack.routesChanged();
  }

  carrier(dev: NetDevice): void {
    for (const t of this.tables.values()) for (const e of t.entries()) for (const n of e.nexthops) if (n.dev === dev) n.linkdown = !dev.carrier;
    this.stack.routesChanged();
  }

  /** An address went: routes that prefer it as a source let go of it. */
  removePrefsrc(a: Ipv6): void {
    for (const t of this.tables.values()) for (const e of t.entries()) if (e.prefsrc !== undefined && same6(e.prefsrc, a)) e.prefsrc = undefined;
  }

  info(e: Fib6Entry): Route6Info {
    const i: Route6Info = {
      dst: e.dst, dstLen: e.dstLen, type: e.type, table: e.table, proto: e.proto, priority: e.metric, metrics: e.metrics, pref: e.pref,
      nexthops: e.nexthops.map((n) => ({ ...(n.via === undefined ? {} : { via: n.via }), ifindex: n.dev.ifindex, weight: n.weight, onlink: n.onlink, dead: false, linkdown: n.linkdown })),
    };
    if (e.prefsrc !== undefined) i.prefsrc = e.prefsrc;
    if (e.expires !== undefined) i.expires = Math.max(0, Math.floor((e.expires - this.stack.now) / SECOND));
    return i;
  }

  // -- rules --------------------------------------------------------------------------------------------------------

  ruleAdd(rule: Partial<Rule6Info>): NlResult {
    const r: Rule6Info = { ...defaultRule(0, 0), ...rule, proto: rule.proto ?? 0 };
    if (rule.table === undefined) r.table = r.action === "lookup" ? RT6_TABLE.MAIN : 0;
    if (rule.priority === undefined) {
      const second = this.rules[1];
      r.priority = second === undefined ? 0 : Math.max(second.priority - 1, 0);
    }
    if (r.action === "goto" && (r.goto ?? 0) <= r.priority) return refused("EINVAL", "Backward goto not supported");
    if (this.rules.some((x) => sameRule(x, r))) return noExtack("EEXIST");
    if (r.action === "lookup") this.table(r.table);
    const at = this.rules.findIndex((x) => x.priority > r.priority);
    this.rules.splice(at < 0 ? this.rules.length : at, 0, r);
    this.stack.routesChanged();
    return ok();
  }

  ruleDel(want: Partial<Rule6Info>): NlResult {
    const at = this.rules.findIndex((r) => (Object.keys(want) as (keyof Rule6Info)[]).every((k) => (k === "proto" && want.proto === undefined) || sameValue(want[k], r[k])));
    if (at < 0) return noExtack("ENOENT");
    this.rules.splice(at, 1);
    this.stack.routesChanged();
    return ok();
  }
}

export function sameVia(a: Ipv6 | undefined, b: Ipv6 | undefined): boolean {
  return a === undefined || b === undefined ? a === b : eq6(a, 0, b, 0);
}

function sameValue(a: unknown, b: unknown): boolean {
  return JSON.stringify(a instanceof Uint8Array ? [...a] : a) === JSON.stringify(b instanceof Uint8Array ? [...b] : b);
}

function sameRule(a: Rule6Info, b: Rule6Info): boolean {
  const keys: (keyof Rule6Info)[] = ["priority", "action", "table", "goto", "invert", "src", "srcLen", "dst", "dstLen", "iif", "oif", "fwmark", "fwmask", "tos", "ipproto", "sport", "dport", "uidrange", "suppressPrefixLen"];
  return keys.every((k) => sameValue(a[k], b[k]));
}

function defaultRule(priority: number, table: number): Rule6Info {
  return { priority, action: "lookup", table, invert: false, src: ANY6, srcLen: 0, dst: ANY6, dstLen: 0, tos: 0, proto: 2 };
}

export function prefixText(dst: Ipv6, len: number): string {
  return len === 0 ? "default" : len === 128 ? formatIpv6(dst) : `${formatIpv6(dst)}/${len}`;
}

/** The reason stream's name of a route, as `ip -6 route` prints it. */
export function describeEntry6(e: Fib6Entry, nh?: Nexthop6): string {
  const n = nh ?? e.nexthops[0];
  const type = e.type === "unicast" ? "" : `${e.type} `;
  return `${type}${prefixText(e.dst, e.dstLen)}${n?.via === undefined ? "" : ` via ${formatIpv6(n.via)}`}${n === undefined ? "" : ` dev ${n.dev.name}`} metric ${e.metric}`;
}
