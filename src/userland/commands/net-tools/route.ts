/** route: the main routing table the older way. net-tools 2.10 over /proc/net/route and SIOCADDRT (net/ipv4/fib_frontend.c). */
import { type Errno, type Ipv4, type NlResult, type RouteInfo, type RouteMetrics, type RouteSpec, type Rtnl, strerror } from "../../../kernel/api.ts";
import { formatIpv4, maskOf, parseIpv4 } from "../../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../../command.ts";
import { getopt } from "../../getopt.ts";
import type { Process, Run } from "../../process.ts";
import { hostOf } from "../../resolver.ts";
import { hostAddress, hostError, networkAddress, networkName } from "./names.ts";
import { INET_ROUTE_USAGE, ROUTE_FAMILIES, ROUTE_USAGE, VERSION } from "./usage.ts";

const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
/** Exit statuses of net-tools. */
const E_USAGE = 3;
const E_LOOKUP = 6;
const E_SOCK = 7;

// -- listing --------------------------------------------------------------------------------------------------------------

/** Columns after the flags: metric and counters, metrics for TCP, or both. */
export type RouteColumns = "metric" | "tcp" | "all";

const HEADINGS: Readonly<Record<RouteColumns, string>> = {
  metric: "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface",
  tcp: "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface",
  all: "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface    MSS   Window irtt",
};

/** What `route` and `netstat -r` print. */
export function formatRoutes(proc: Process, columns: RouteColumns, numeric: boolean): string {
  const routes = proc.netns.rtnl.routes().filter((r) => r.table === RT_TABLE_MAIN && r.type !== "broadcast" && r.type !== "multicast");
  return `Kernel IP routing table\n${HEADINGS[columns]}\n${routes.map((r) => formatRoute(proc, r, columns, numeric)).join("")}`;
}

function formatRoute(proc: Process, r: RouteInfo, columns: RouteColumns, numeric: boolean): string {
  const reject = r.type === "unreachable" || r.type === "prohibit";
  const nexthop = r.nexthops[0];
  const iface = nexthop ? (proc.netns.rtnl.link(nexthop.ifindex)?.name ?? "*") : "*";
  const gateway = reject ? "-" : nexthop?.via === undefined ? "0.0.0.0" : showAddress(proc, nexthop.via, true, numeric);
  const head = [showDestination(proc, r, numeric), gateway, formatIpv4(maskOf(r.dstLen))].map((s) => s.padEnd(15)).join(" ");
  const flags = `${reject ? "!" : "U"}${nexthop?.via === undefined ? "" : "G"}${r.dstLen === 32 ? "H" : ""}`;
  return `${head} ${columnsOf(r, flags, iface, reject, columns)}\n`;
}

function columnsOf(r: RouteInfo, flags: string, iface: string, reject: boolean, columns: RouteColumns): string {
  // /proc/net/route shows the MSS as the MTU it stands for.
  const tcp = reject ? ["-", "-", "-"] : [r.metrics.advmss === undefined ? 0 : r.metrics.advmss + 40, r.metrics.window ?? 0, r.metrics.rtt ?? 0].map(String);
  const [mss, window, irtt] = tcp as [string, string, string];
  const device = reject ? "-" : iface;
  const metric = `${flags.padEnd(5)} ${String(r.priority).padEnd(6)} ${(reject ? "-" : "0").padEnd(2)} ${"0".padStart(7)}`;
  if (columns === "tcp") return `${flags.padEnd(5)} ${mss.padStart(5)} ${window.padEnd(5)} ${irtt.padStart(6)} ${device}`;
  return columns === "metric" ? `${metric} ${device}` : `${metric} ${device.padEnd(8)} ${mss.padEnd(5)} ${window.padEnd(6)} ${irtt}`;
}

function showDestination(proc: Process, r: RouteInfo, numeric: boolean): string {
  if (r.dst === 0 && r.dstLen === 0) return numeric ? "0.0.0.0" : "default";
  return showAddress(proc, r.dst, r.dstLen === 32, numeric);
}

function showAddress(proc: Process, address: Ipv4, host: boolean, numeric: boolean): string {
  return (numeric ? undefined : host ? hostOf(proc, address) : networkName(proc, address)) ?? formatIpv4(address);
}

// -- changing -------------------------------------------------------------------------------------------------------------

/** Why a request was not sent: what goes to standard error, and the status. */
interface Refusal {
  readonly text: string;
  readonly status: number;
}
const usage = (text = ""): Refusal => ({ text: text + INET_ROUTE_USAGE, status: E_USAGE });

/** struct rtentry, as the arguments fill it. */
interface Request {
  dst: Ipv4;
  host: boolean;
  mask?: number;
  maskText?: string;
  gateway?: Ipv4;
  metric?: number;
  metrics: RouteMetrics;
  reject: boolean;
  dev?: string;
}

function parseRequest(proc: Process, args: readonly string[]): Request | Refusal {
  const words = [...args];
  const kind = words[0] === "-net" || words[0] === "-host" ? words.shift() : undefined;
  const target = words.shift();
  if (target === undefined) return usage();
  const [name = "", prefix] = target.split("/");
  const resolved = resolveTarget(proc, name);
  if (resolved === undefined) return { text: `${hostError(name)}\n`, status: E_LOOKUP };
  const request: Request = { dst: resolved.address, host: kind === undefined ? !resolved.network && prefix === undefined : kind === "-host", metrics: {}, reject: false };
  if (prefix !== undefined) {
    request.mask = maskOf(Number(prefix) & 31 || (Number(prefix) === 32 ? 32 : 0));
    request.maskText = target;
  }
  const refusal = parseWords(proc, request, words);
  return refusal ?? checkMask(request) ?? request;
}

function resolveTarget(proc: Process, name: string): { address: Ipv4; network: boolean } | undefined {
  if (name === "default") return { address: 0, network: true };
  const literal = parseIpv4(name);
  if (literal !== undefined) return { address: literal, network: false };
  const network = networkAddress(proc, name);
  if (network !== undefined) return { address: network, network: true };
  const host = hostAddress(proc, name);
  return host === undefined ? undefined : { address: host, network: false };
}

/** The words after the target. */
function parseWords(proc: Process, request: Request, words: readonly string[]): Refusal | undefined {
  const number = (text: string): number => Math.trunc(Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0));
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "reject") request.reject = true;
    else if (word === "mod" || word === "dyn" || word === "reinstate") continue;
    else if (["metric", "netmask", "gw", "gateway", "mss", "window", "irtt", "dev", "device"].includes(word)) {
      const value = words[++i];
      if (value === undefined) return usage();
      if (word === "metric") request.metric = number(value);
      else if (word === "mss") request.metrics.advmss = number(value) - 40;
      else if (word === "window") request.metrics.window = number(value);
      else if (word === "irtt") request.metrics.rtt = number(value);
      else if (word === "dev" || word === "device") request.dev = value;
      else {
        const address = hostAddress(proc, value);
        if (address === undefined && word === "netmask") return { text: `route: bogus netmask ${value}\n${INET_ROUTE_USAGE}`, status: E_USAGE };
        if (address === undefined) return { text: `${value}: Unknown host\n`, status: E_LOOKUP };
        if (word === "netmask") [request.mask, request.maskText] = [address, value];
        else request.gateway = address;
      }
    } else if (request.dev === undefined) request.dev = word;
    else return usage();
  }
  return undefined;
}

function checkMask(request: Request): Refusal | undefined {
  const { mask, dst } = request;
  if (mask === undefined) return undefined;
  const rest = ~mask >>> 0;
  if (request.host && rest !== 0) return usage(`route: netmask ${rest.toString(16).padStart(8, "0")} doesn't make sense with host route\n`);
  if ((rest & (rest + 1)) !== 0) return usage(`route: bogus netmask ${request.maskText!}\n`);
  return (dst & rest) !== 0 ? usage("route: netmask doesn't match route address\n") : undefined;
}

/** rtentry_to_fib_config() of the kernel. */
function specOf(rtnl: Rtnl, request: Request, adding: boolean): RouteSpec | Errno {
  const mask = request.mask ?? (request.host ? 0xffffffff : 0);
  if ((request.dst & ~mask) !== 0) return "EINVAL";
  const spec: RouteSpec = { dst: request.dst, dstLen: Math.clz32(~mask >>> 0), table: RT_TABLE_MAIN };
  if (adding) [spec.proto, spec.metrics] = [RTPROT_BOOT, request.metrics];
  if (request.metric !== undefined && request.metric !== 0) spec.priority = request.metric;
  if (request.reject) return { ...spec, type: "unreachable", scope: "host" };
  const dev = request.dev === undefined ? undefined : rtnl.link(request.dev.split(":")[0]!);
  if (request.dev !== undefined && dev === undefined) return "ENODEV";
  if (adding) spec.scope = request.gateway !== undefined && !isLocal(rtnl, request.gateway) ? "global" : "link";
  if (dev !== undefined || request.gateway !== undefined)
    spec.nexthops = [{ ...(dev ? { ifindex: dev.ifindex } : {}), ...(request.gateway === undefined ? {} : { via: request.gateway }) }];
  return adding && spec.nexthops === undefined ? "ENODEV" : spec;
}

function isLocal(rtnl: Rtnl, address: Ipv4): boolean {
  return rtnl.addrs().some((a) => a.local === address);
}

function* change(proc: Process, verb: "add" | "del", args: readonly string[]): Run<number> {
  if (args.length === 0) {
    yield* proc.print(INET_ROUTE_USAGE);
    return 0;
  }
  const request = parseRequest(proc, args);
  if ("text" in request) {
    yield* proc.warn(request.text);
    return request.status;
  }
  const { rtnl } = proc.netns;
  const spec = specOf(rtnl, request, verb === "add");
  const errno = typeof spec === "string" ? spec : errnoOf(verb === "add" ? rtnl.routeAdd(spec, "prepend") : rtnl.routeDel(spec));
  if (errno === undefined) return 0;
  yield* proc.warn(`${verb === "add" ? "SIOCADDRT" : "SIOCDELRT"}: ${strerror(errno)}\n`);
  return E_SOCK;
}

function errnoOf(r: NlResult): Errno | undefined {
  return r.ok ? undefined : r.error.errno;
}

// -- the command ----------------------------------------------------------------------------------------------------------

const LONGS = { extend: "e", verbose: "v", version: "V", numeric: "n", symbolic: "N", protocol: "A:", cache: "C", fib: "F", help: "h", inet: "4", inet6: "6" } as const;

function* list(proc: Process, keys: readonly string[]): Run<number> {
  if (keys.includes("C")) {
    yield* proc.print("Kernel IP routing cache\nSource          Destination     Gateway         Flags Metric Ref    Use Iface\n");
    return 0;
  }
  const extended = keys.filter((k) => k === "e").length;
  yield* proc.print(formatRoutes(proc, extended === 0 ? "metric" : extended === 1 ? "tcp" : "all", keys.includes("n")));
  return 0;
}

export const route = defineCommand({
  name: "route",
  dir: "/usr/sbin",
  man: {
    summary: "show and change the routing table (the older tool; see ip route)",
    synopsis: ["route [-ne]", "route add [-net|-host] TARGET[/LEN] [netmask M] [gw GW] [metric N] [[dev] IF]", "route del [-net|-host] TARGET[/LEN] [netmask M] [gw GW] [metric N] [[dev] IF]"],
    emulated: ["listing the main table: -n without names, -e and -ee with the columns for TCP", "add and del with gw, netmask, metric, mss, window, irtt, reject, dev"],
    notEmulated: ["IPv6 (-6, -A inet6)"],
    examples: ["route -n", "route add default gw 10.0.0.254", "route del -net 10.9.0.0/16"],
  },
  *run(proc, args): Run<number> {
    const split = args.findIndex((a) => ["add", "del", "delete", "flush", "change"].includes(a));
    const { options, operands, error } = getopt(split < 0 ? args : args.slice(0, split), "A:eCFhnN46Vv?", LONGS);
    if (error !== undefined) {
      yield* proc.warn(`route: ${error}\n`);
      yield* proc.print(ROUTE_USAGE);
      yield* proc.warn(ROUTE_FAMILIES);
      return 0;
    }
    for (const o of options) {
      if (o.key === "6") return yield* notEmulated(proc, `route ${o.typed}`);
      if (o.key === "A" && o.value !== "inet") {
        if (o.value === "inet6") return yield* notEmulated(proc, "route -A inet6");
        yield* proc.warn(`Unknown address family \`${o.value ?? ""}'.\n`);
        return 1;
      }
      if (o.key === "V" || o.key === "h" || o.key === "?") {
        yield* proc.print(o.key === "V" ? VERSION : ROUTE_USAGE);
        if (o.key !== "V") yield* proc.warn(ROUTE_FAMILIES);
        return 0;
      }
    }
    if (operands.length > 0) {
      yield* proc.warn(ROUTE_USAGE + ROUTE_FAMILIES);
      return E_USAGE;
    }
    if (split < 0) return yield* list(proc, options.map((o) => o.key));
    const [verb = "", ...rest] = args.slice(split);
    if (verb === "add" || verb.startsWith("del")) return yield* change(proc, verb === "add" ? "add" : "del", rest);
    yield* proc.warn(`${verb === "flush" ? "Flushing" : "Modifying"} \`inet' routing ${verb === "flush" ? "table" : "cache"} not supported\n${INET_ROUTE_USAGE}`);
    return E_USAGE;
  },
  complete(proc, words) {
    if (words.length === 1) return ["add", "del"];
    const last = words.at(-1);
    if (last === "add" || last === "del") return ["default", "-net", "-host"];
    return last === "dev" ? proc.netns.rtnl.links().map((l) => l.name) : ["gw", "netmask", "metric", "dev", "reject"];
  },
});
