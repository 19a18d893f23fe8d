/** The machine on which test/golden/ip was recorded, as the network stack would tell of it; and a process that runs one command on it. */
import { concat, decodeUtf8, encodeUtf8 } from "../../../../src/base/bytes.ts";
import { err, ok } from "../../../../src/base/result.ts";
import {
  type AddrInfo, IFF, type LinkInfo, type NeighInfo, type Netns, type NhObject, type NlError, type NlResult, type RouteAnswer, type RouteInfo, type RouteQuery, type Rtnl, type RuleInfo,
} from "../../../../src/kernel/api.ts";
import type { Command } from "../../../../src/userland/command.ts";
import type { Process, Run, Wait } from "../../../../src/userland/process.ts";
import { parseMac } from "../../../../src/wire/ethernet.ts";
import { parseIpv4 } from "../../../../src/wire/ipv4.ts";

export const addr = (text: string): number => parseIpv4(text)!;
export const mac = (text: string): Uint8Array => parseMac(text)!;

const NO_STATS = {
  rxPackets: 0, rxBytes: 0, rxErrors: 0, rxDropped: 0, rxOverErrors: 0, multicast: 0, txPackets: 0, txBytes: 0, txErrors: 0, txDropped: 0, collisions: 0, txCarrierErrors: 0,
};
const { UP, BROADCAST, MULTICAST, RUNNING, LOWER_UP } = IFF;

export function link(l: Partial<LinkInfo> & Pick<LinkInfo, "ifindex" | "name">): LinkInfo {
  return {
    kind: "veth", flags: BROADCAST | MULTICAST, mtu: 1500, minMtu: 68, maxMtu: 65535, qdisc: "noqueue", operstate: "DOWN", group: 0, txqlen: 1000, lladdr: mac("02:00:00:00:00:00"),
    broadcast: mac("ff:ff:ff:ff:ff:ff"), arpType: "ether", promiscuity: 0, allmulti: 0, alias: "", carrier: true, master: 0, link: 0, altnames: [], stats: NO_STATS,
    addrGenMode: "eui64", ...l,
  };
}

const bridgePort = {
  state: "disabled", priority: 32, cost: 2, hairpin: false, guard: false, rootBlock: false, fastLeave: false, learning: true, flood: true, mcastFlood: true, bcastFlood: true,
  isolated: false, neighSuppress: false, proxyArp: false, proxyArpWifi: false, vlanTunnel: false, locked: false, portId: 0x8001, portNo: 1, designatedPort: 32769,
  designatedCost: 0, designatedBridge: Uint8Array.of(0x80, 0, 2, 0, 0, 0, 3, 1), designatedRoot: Uint8Array.of(0x80, 0, 2, 0, 0, 0, 3, 1), holdTimer: 0, messageAgeTimer: 0,
  forwardDelayTimer: 0, topologyChangeAck: 0, configPending: 0, mcastRouter: 1,
} as const;

const LINKS: LinkInfo[] = [
  link({
    ifindex: 1, name: "lo", kind: "loopback", flags: IFF.LOOPBACK | UP | RUNNING | LOWER_UP, mtu: 65536, minMtu: 0, maxMtu: 0, operstate: "UNKNOWN", arpType: "loopback",
    lladdr: mac("00:00:00:00:00:00"), broadcast: mac("00:00:00:00:00:00"),
  }),
  link({
    ifindex: 2, name: "eth0", flags: BROADCAST | MULTICAST | UP | RUNNING | LOWER_UP, operstate: "UP", lladdr: mac("02:00:00:00:01:01"), link: 2, linkNetnsid: 0, carrierChanges: 2,
  }),
  link({ ifindex: 3, name: "br0", kind: "bridge", flags: BROADCAST | MULTICAST | UP, lladdr: mac("02:00:00:00:03:01") }),
  link({ ifindex: 4, name: "eth2", qdisc: "noop", lladdr: mac("02:00:00:00:01:03"), link: 5 }),
  link({ ifindex: 5, name: "eth1", flags: BROADCAST | MULTICAST | UP, operstate: "LOWERLAYERDOWN", lladdr: mac("02:00:00:00:01:02"), link: 4, master: 3, bridgePort }),
  link({ ifindex: 8, name: "dummy0", kind: "bridge", qdisc: "noop", lladdr: mac("02:00:00:00:04:01"), group: 7, txqlen: 500, alias: "a spare one" }),
];

function address(a: Partial<AddrInfo> & { ifindex: number; on: string; label: string; prefixLen: number }): AddrInfo {
  const { on, ...rest } = a;
  return {
    local: addr(on), address: addr(on), scope: "global", secondary: false, noprefixroute: false, metric: 0, validLft: Number.POSITIVE_INFINITY,
    preferredLft: Number.POSITIVE_INFINITY, dynamic: false, deprecated: false, ...rest,
  };
}

const ADDRS: AddrInfo[] = [
  address({ ifindex: 1, on: "127.0.0.1", prefixLen: 8, scope: "host", label: "lo" }),
  address({ ifindex: 2, on: "10.0.0.1", prefixLen: 24, broadcast: addr("10.0.0.255"), label: "eth0" }),
  address({ ifindex: 2, on: "10.3.0.1", address: addr("10.3.0.2"), prefixLen: 32, metric: 50, label: "eth0:p2p" }),
  address({ ifindex: 2, on: "10.0.0.2", prefixLen: 24, secondary: true, label: "eth0" }),
  address({ ifindex: 3, on: "10.9.0.1", prefixLen: 24, scope: "link", dynamic: true, noprefixroute: true, label: "br0", validLft: 3598, preferredLft: 1798 }),
];

type Hop = Partial<RouteInfo["nexthops"][number]> & { to?: string };
function hops(...list: Hop[]): RouteInfo["nexthops"] {
  return list.map(({ to, ...h }) => ({ ifindex: 2, weight: 1, onlink: false, dead: false, linkdown: false, ...(to === undefined ? {} : { via: addr(to) }), ...h }));
}
export function route(prefix: string, r: Partial<RouteInfo> = {}): RouteInfo {
  const [dst, len] = prefix === "default" ? ["0.0.0.0", "0"] : prefix.split("/");
  return { dst: addr(dst!), dstLen: Number(len ?? 32), tos: 0, type: "unicast", table: 254, proto: 3, scope: "global", priority: 0, nexthops: [], metrics: {}, ...r };
}
const connected = { proto: 2, scope: "link", nexthops: hops({}) } as const;
const local = { table: 255, proto: 2, scope: "host", type: "local" } as const;
const metrics = { mtu: 1400, window: 30000, rtt: 37, advmss: 1360, hoplimit: 7, initcwnd: 20 };

const ROUTES: RouteInfo[] = [
  route("default", { table: 100, proto: 12, nexthops: hops({ to: "10.0.0.9" }) }),
  route("10.8.3.0/24", { table: 100, type: "throw" }),
  route("10.0.0.0/24", { ...connected, prefsrc: addr("10.0.0.1") }),
  route("10.3.0.2", { ...connected, prefsrc: addr("10.3.0.1"), priority: 50 }),
  route("10.4.0.0/16", { nexthops: hops({ to: "10.0.0.9" }) }),
  route("10.5.0.0/16", { nexthops: hops({ to: "10.0.0.9" }), priority: 100, metrics }),
  route("10.6.0.0/16", { proto: 4, scope: "link", nexthops: hops({}), prefsrc: addr("10.0.0.2"), metrics: { mtu: 1300, mtuLock: true } }),
  route("10.7.0.0/16", { nexthops: hops({ to: "10.0.0.9", weight: 2 }, { to: "10.0.0.10", onlink: true }) }),
  route("10.8.0.0/16", { type: "blackhole" }),
  route("10.8.1.0/24", { type: "unreachable", priority: 5 }),
  route("10.8.2.0/24", { type: "prohibit" }),
  route("10.44.0.0/16", { tos: 0x10, nexthops: hops({ to: "10.0.0.9" }) }),
  route("10.45.0.0/16", { nhid: 1, nexthops: hops({ to: "10.0.0.9" }) }),
  route("10.46.0.0/16", { nhid: 10, nexthops: hops({ to: "10.0.0.9", weight: 3 }, { to: "10.0.0.10", onlink: true }) }),
  route("10.47.0.0/16", { nhid: 3, type: "blackhole", nexthops: hops({ ifindex: 1 }) }),
  route("172.16.0.0/12", { nexthops: hops({ to: "192.168.77.1", onlink: true }) }),
  route("10.0.0.1", { ...local, prefsrc: addr("10.0.0.1"), nexthops: hops({}) }),
  route("10.0.0.2", { ...local, prefsrc: addr("10.0.0.1"), nexthops: hops({}) }),
  route("10.0.0.255", { ...local, type: "broadcast", scope: "link", prefsrc: addr("10.0.0.1"), nexthops: hops({}) }),
  route("10.3.0.1", { ...local, prefsrc: addr("10.3.0.1"), nexthops: hops({}) }),
  route("10.9.0.1", { ...local, prefsrc: addr("10.9.0.1"), nexthops: hops({ ifindex: 3 }) }),
  route("10.9.0.255", { ...local, type: "broadcast", scope: "link", prefsrc: addr("10.9.0.1"), nexthops: hops({ ifindex: 3, linkdown: true }) }),
  route("10.99.0.0/16", { ...local, proto: 3, nexthops: hops({ ifindex: 1 }) }),
  route("127.0.0.0/8", { ...local, prefsrc: addr("127.0.0.1"), nexthops: hops({ ifindex: 1 }) }),
  route("127.0.0.1", { ...local, prefsrc: addr("127.0.0.1"), nexthops: hops({ ifindex: 1 }) }),
  route("127.255.255.255", { ...local, type: "broadcast", scope: "link", prefsrc: addr("127.0.0.1"), nexthops: hops({ ifindex: 1 }) }),
];

/** Lookups of the recording. */
function lookup(q: RouteQuery): NlResult<RouteAnswer> {
  const base = { dst: q.dst, type: "unicast", table: 254, oif: 2, iif: 0, tos: q.tos ?? 0, mark: q.mark ?? 0, cache: [], metrics: {}, prefsrc: addr("10.0.0.1") } as const;
  const via = { ...base, via: addr("10.0.0.9") };
  const refused: Record<string, NlError["errno"]> = { "10.8.0.1": "EINVAL", "10.8.1.1": "EHOSTUNREACH", "10.8.2.1": "EACCES", "224.0.0.1": "ENETUNREACH", "99.9.9.9": "ENETUNREACH" };
  for (const [dst, errno] of Object.entries(refused)) if (q.dst === addr(dst)) return err({ errno });
  if (q.iif !== undefined) return err({ errno: "EHOSTUNREACH" });
  if (q.dst === addr("10.0.0.1")) return ok({ ...base, type: "local", oif: 1, cache: ["local"] });
  if (q.dst === addr("10.0.0.255")) return ok({ ...base, type: "broadcast", cache: ["brd", "local"] });
  if (q.dst === addr("10.5.1.1")) return ok({ ...via, metrics });
  if (q.src !== undefined) {
    const { prefsrc: _none, ...without } = via;
    return ok({ ...without, src: q.src });
  }
  return ok({ ...via, entry: ROUTES[4]! });
}

export function rule(priority: number, r: Partial<RuleInfo>): RuleInfo {
  return { priority, action: "lookup", table: 0, invert: false, src: 0, srcLen: 0, dst: 0, dstLen: 0, tos: 0, proto: 0, ...r };
}
const RULES: RuleInfo[] = [
  rule(0, { table: 255, proto: 2 }),
  rule(40, { dst: addr("10.1.0.0"), dstLen: 16, iif: "eth0", table: 254 }),
  rule(50, { fwmark: 0x10, fwmask: 0xffffffff, table: 200 }),
  rule(51, { fwmark: 1, fwmask: 0xff, table: 200 }),
  rule(60, { invert: true, src: addr("10.2.0.1"), srcLen: 32, table: 99 }),
  rule(61, { oif: "nosuch", tos: 0x10, table: 98 }),
  rule(62, { ipproto: 6, dport: [80, 80], table: 97 }),
  rule(63, { ipproto: 17, sport: [100, 200], table: 97 }),
  rule(64, { uidrange: [0, 99], table: 97 }),
  rule(65, { table: 254, suppressPrefixLen: 0 }),
  rule(66, { src: addr("1.2.3.4"), srcLen: 32, action: "blackhole" }),
  rule(67, { action: "goto", goto: 32766 }),
  rule(68, { action: "goto", goto: 99999 }),
  rule(69, { action: "nop" }),
  rule(70, { src: addr("10.0.0.0"), srcLen: 8, action: "prohibit", proto: 4 }),
  rule(32765, { src: addr("10.0.0.0"), srcLen: 8, table: 100 }),
  rule(32766, { table: 254, proto: 2 }),
  rule(32767, { table: 253, proto: 2 }),
];

function neigh(dst: string, state: NeighInfo["state"], octet: string, n: Partial<NeighInfo> = {}): NeighInfo {
  return {
    ifindex: 2, dst: addr(dst), lladdr: mac(`02:00:00:00:${octet}:${octet}`), state, router: false, proxy: false, externLearn: false, managed: false, proto: 0, refcnt: 0, used: 0,
    confirmed: 0, updated: 0, probes: 0, ...n,
  };
}
const NEIGHS: NeighInfo[] = [
  neigh("10.0.0.10", "PERMANENT", "0a", { router: true }),
  neigh("224.0.0.22", "NOARP", "00", { ifindex: 3, lladdr: mac("01:00:5e:00:00:16") }),
  neigh("10.0.0.5", "PERMANENT", "05"),
  neigh("10.0.0.7", "NOARP", "07"),
  neigh("10.0.0.9", "REACHABLE", "09", { externLearn: true, proto: 11, refcnt: 1 }),
  neigh("10.0.0.6", "STALE", "06", { confirmed: 60 }),
];
const { lladdr: _none, ...bare } = neigh("10.0.0.8", "NONE", "00", { proxy: true });
const PROXIES: NeighInfo[] = [bare];

const NEXTHOPS: NhObject[] = [
  { id: 1, via: addr("10.0.0.9"), ifindex: 2, onlink: false, blackhole: false, fdb: false, proto: 0, scope: "link" },
  { id: 2, via: addr("10.0.0.10"), ifindex: 2, onlink: true, blackhole: false, fdb: false, proto: 4, scope: "link" },
  { id: 3, ifindex: 0, onlink: false, blackhole: true, fdb: false, proto: 0, scope: "global" },
  { id: 10, ifindex: 0, onlink: false, blackhole: false, fdb: false, proto: 0, scope: "global", group: [{ id: 1, weight: 3 }, { id: 2, weight: 1 }] },
];

// -- a process --------------------------------------------------------------------------------------------------------

/** What a command asked the network stack for. */
export interface Call {
  name: string;
  args: unknown[];
}

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
  calls: Call[];
}

/** Requests that change something: remembered, and answered with success or what `answers` says. */
function recorder(calls: Call[], answers: Readonly<Record<string, NlResult<unknown>>>, state: State): Partial<Rtnl> {
  const made: Record<string, unknown> = {};
  for (const name of ["linkAdd", "linkSet", "linkDel", "fdbAdd", "fdbDel", "addrAdd", "addrDel", "routeAdd", "routeDel", "routeFlushCache", "ruleAdd", "ruleDel", "neighAdd", "neighDel", "nexthopAdd", "nexthopDel", "netnsIdSet"]) {
    made[name] = (...args: unknown[]) => {
      calls.push({ name, args });
      state.deleted(name, args);
      return answers[name] ?? ok(name === "linkAdd" ? 9 : undefined);
    };
  }
  return made;
}

/** Tables that lose what is deleted from them. */
/** The recorded machine had no IPv6. */
const NO_IPV6 = {
  addrs: () => [], routes: () => [], rules: () => [], neighs: () => [], maddrs: () => [], labels: () => [], routeCache: () => [], hasTable: () => true,
} as unknown as Rtnl["ip6"];

class State {
  addrs = [...ADDRS];
  routes = [...ROUTES];
  neighs = [...NEIGHS];
  deleted(name: string, args: unknown[]): void {
    const a = args[0] as { local?: number; dst?: number };
    if (name === "addrDel") this.addrs = this.addrs.filter((x) => x.local !== a.local && !(x.secondary && a.local === addr("10.0.0.1")));
    if (name === "routeDel") this.routes = this.routes.filter((x) => x.dst !== a.dst || x.dst === 0);
    if (name === "neighDel") this.neighs = this.neighs.filter((x) => x.dst !== a.dst);
  }
}

export interface World {
  links?: LinkInfo[];
  answers?: Readonly<Record<string, NlResult<unknown>>>;
  files?: Readonly<Record<string, string>>;
  uid?: number;
  fdb?: ReturnType<Rtnl["fdb"]>;
}

function fakeRtnl(w: World, calls: Call[], red: Netns): Rtnl {
  const state = new State();
  const links = w.links ?? LINKS;
  const reads: Partial<Rtnl> = {
    links: () => links,
    link: (which) => links.find((l) => (typeof which === "number" ? l.ifindex === which : l.name === which)),
    fdb: () => w.fdb ?? [],
    addrs: () => state.addrs,
    routes: () => state.routes,
    hasTable: (t) => ROUTES.some((r) => r.table === t),
    routeCache: () => [],
    routeGet: lookup,
    rules: () => RULES,
    neighs: (o) => (o?.proxy ? PROXIES : state.neighs),
    ip6: NO_IPV6,
    nexthops: () => NEXTHOPS,
    netnsId: (ns) => (ns === red ? 0 : undefined),
  };
  return { ...reads, ...recorder(calls, w.answers ?? {}, state) } as Rtnl;
}

/** Runs a command to its end; it may not wait. */
export function run(command: Command, argv: readonly string[], w: World = {}): Outcome {
  const calls: Call[] = [];
  const red = { inode: 2 } as Netns;
  const netns = { inode: 1 } as Netns;
  Object.assign(netns, { rtnl: fakeRtnl(w, calls, red), sysctl: { get: (key: string) => (key === "kernel.osrelease" ? "6.1.0-test" : undefined) } });
  Object.assign(red, { rtnl: fakeRtnl(w, calls, red) });
  const files: Record<string, string> = { ...w.files };
  const entries = new Map([["red", { nsfs: red }]]);
  const fs = {
    stat: (path: string) => (path === "/run/netns" ? ok({ type: "dir", entries }) : path === "/run/netns/red" ? ok({ nsfs: red }) : files[path] === undefined ? err("ENOENT") : ok({})),
    readFile: (_proc: Process, path: string) => (files[path] === undefined ? err("ENOENT") : ok(encodeUtf8(files[path]))),
    readdir: () => err("ENOENT"),
    unlink: (path: string) => (path === "/run/netns/red" ? ok() : err("ENOENT")),
    mkdir: () => err("EEXIST"),
    writeFile: () => ok(),
  };
  const out: Record<number, Uint8Array[]> = { 1: [], 2: [] };
  const write = function* (fd: number, data: string | Uint8Array): Run<undefined> {
    out[fd]!.push(typeof data === "string" ? encodeUtf8(data) : data);
    return undefined;
  };
  const proc = {
    argv, uid: w.uid ?? 0, netns, write, print: (d: string) => write(1, d), warn: (d: string) => write(2, d), now: 0,
    machine: { fs, processes: new Map(), kernel: { namespaces: [netns, red], initNetns: netns } },
  } as unknown as Process;
  const body = command.run(proc, argv.slice(1));
  for (;;) {
    const step: IteratorResult<Wait, number> = body.next("ready");
    if (step.done) return { status: step.value, stdout: decodeUtf8(concat(out[1]!)), stderr: decodeUtf8(concat(out[2]!)), calls };
  }
}
