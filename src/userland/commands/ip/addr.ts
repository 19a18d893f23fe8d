/** `ip address`: addresses of devices, and the listing that `ip link show` shares. iproute2 6.1 ip/ipaddress.c. */
import { type Addr6Info, IFA6, IFF, type AddrInfo, type LinkInfo, type NlMode } from "../../../kernel/api.ts";
import { strerror } from "../../../kernel/api.ts";
import { isLoopback, isMulticast, maskOf } from "../../../wire/ipv4.ts";
import { matches as matchesPattern, patternOf } from "../../shell/pattern.ts";
import { printAddr, printAddr6, SCOPE_ID, scopeOf } from "./addr-print.ts";
import { type Args, duparg, duparg2, Fail, invarg, Leave, matches, Refuse, unsigned } from "./args.ts";
import { printLink, printLinkBrief, printStats } from "./link-print.ts";
import { isLinkType } from "./link-types.ts";
import { type Family, getAddr, getPrefix, inFilter, inFilter6, type Prefix, v6Of } from "./prefix.ts";
import type { Tool } from "./tool.ts";
import { ADDRESS_USAGE, LINK_USAGE } from "./usage.ts";
import { vrfArg } from "./vrf.ts";

export function doAddress(tool: Tool, args: Args): number {
  if (args.done) return list(tool, args, "address");
  const verb = args.take();
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "change") || verb === "chg") return modify(tool, args, "change");
  if (matches(verb, "replace")) return modify(tool, args, "replace");
  if (matches(verb, "delete")) return modify(tool, args, "delete");
  if (matches(verb, "list") || matches(verb, "show") || matches(verb, "lst")) return list(tool, args, "address");
  if (matches(verb, "flush")) return flush(tool, args);
  for (const word of ["save", "showdump", "restore"]) if (matches(verb, word)) throw new Refuse(`ip address ${word}`);
  if (matches(verb, "help")) throw new Leave(255, ADDRESS_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip address help".\n`);
}

// -- add, change, replace, delete -------------------------------------------------------------------------------------

/** IFA_F_* that a user may name. Those of IPv6 alone do nothing for IPv4 but warn, as with the real tool. */
const FLAGS: Readonly<Record<string, "readonly" | "v6" | "set">> = {
  secondary: "readonly", temporary: "readonly", nodad: "v6", optimistic: "v6", dadfailed: "readonly", home: "v6", deprecated: "readonly", tentative: "readonly",
  permanent: "readonly", mngtmpaddr: "v6", noprefixroute: "set", autojoin: "set", "stable-privacy": "readonly",
};

interface AddrRequest {
  family: Family;
  dev?: string;
  local?: Prefix;
  localText: string;
  peer?: Prefix;
  broadcast?: number | "+" | "-";
  label?: string;
  scope?: number;
  metric?: number;
  validLft?: number;
  preferredLft?: number;
  flags: Set<string>;
}

function lifetime(text: string, message: string): number {
  const n = text === "forever" ? Number.POSITIVE_INFINITY : unsigned(text);
  if (n === undefined) invarg(message, text);
  return n === 0xffffffff ? Number.POSITIVE_INFINITY : n;
}

/** The address family settles with the first address that is read. */
function settle(r: AddrRequest, p: Prefix): Prefix {
  if (r.family === 0) r.family = p.family;
  return p;
}

function parse(tool: Tool, args: Args): AddrRequest {
  const r: AddrRequest = { family: tool.opts.family, localText: "", flags: new Set() };
  while (!args.done) {
    const word = args.take();
    if (word === "peer" || word === "remote") {
      const value = args.value();
      if (r.peer) duparg("peer", value);
      r.peer = settle(r, getPrefix(value, r.family));
    } else if (matches(word, "broadcast") || word === "brd") {
      const value = args.value();
      if (r.broadcast !== undefined) duparg("broadcast", value);
      r.broadcast = value === "+" || value === "-" ? value : settle(r, getAddr(value, r.family)).addr;
    } else if (word === "anycast") {
      settle(r, getAddr(args.value(), r.family)); // the kernel passes IFA_ANYCAST over
    } else if (word === "scope") {
      const value = args.value();
      r.scope = tool.names.scopeId(value) ?? invarg("invalid scope value.", value);
    } else if (word === "dev") r.dev = args.value();
    else if (word === "label") r.label = args.value();
    else if (matches(word, "metric") || matches(word, "priority") || matches(word, "preference")) {
      const value = args.value();
      r.metric = unsigned(value) ?? invarg('"metric" value is invalid\n', value);
    } else if (matches(word, "valid_lft")) {
      if (r.validLft !== undefined) duparg("valid_lft", word);
      r.validLft = lifetime(args.value(), "valid_lft value");
    } else if (matches(word, "preferred_lft")) {
      if (r.preferredLft !== undefined) duparg("preferred_lft", word);
      r.preferredLft = lifetime(args.value(), "preferred_lft value");
    } else if (Object.hasOwn(FLAGS, word)) parseFlag(tool, r, word);
    else parseLocal(r, word, args);
  }
  return r;
}

function parseFlag(tool: Tool, r: AddrRequest, word: string): void {
  if (FLAGS[word] === "readonly") tool.warn(`Warning: ${word} option is not mutable from userspace\n`);
  else if (FLAGS[word] === "v6" && r.family !== 6) tool.warn(`Warning: ${word} option can be set only for IPv6 addresses\n`);
  else r.flags.add(word);
}

function parseLocal(r: AddrRequest, word: string, args: Args): void {
  const value = word === "local" ? args.value() : word;
  if (matches(value, "help")) throw new Leave(255, ADDRESS_USAGE);
  if (r.local && r.local.octets > 0) duparg2("local", value);
  r.localText = value;
  r.local = settle(r, getPrefix(value, r.family));
}

/** `brd +`: all host bits one; `brd -`: all zero. Not for /31 and /32. */
function broadcastOf(choice: "+" | "-", p: Prefix): number | undefined {
  if (p.len > 30) return undefined;
  const mask = maskOf(p.len);
  return (choice === "+" ? p.addr | ~mask : p.addr & mask) >>> 0;
}

function modify(tool: Tool, args: Args, verb: NlMode | "delete"): number {
  const r = parse(tool, args);
  if (r.dev === undefined) throw new Fail(1, 'Not enough information: "dev" argument is required.\n');
  if (verb === "delete" && !r.peer && r.local && r.family === 4 && !r.local.given) return deleteAny(tool, r, r.local);
  const peer = r.peer ?? r.local;
  if (verb !== "delete" && (r.broadcast === "+" || r.broadcast === "-") && r.family !== 4) throw new Fail(1, "Broadcast can be set only for IPv4 addresses\n");
  const link = tool.device(r.dev);
  checkLate(r);
  if (r.family === 6) return modify6(tool, r, link, verb);
  if (r.family !== 4) return tool.answer({ ok: false, error: { errno: "EOPNOTSUPP" } });
  if (!r.local) return tool.answer({ ok: false, error: { errno: "EINVAL" } });
  if (verb === "delete") {
    return tool.answer(
      tool.admin.addrDel({ ifindex: link.ifindex, local: r.local.addr, address: peer!.addr, prefixLen: peer!.len, ...(r.label === undefined ? {} : { label: r.label }) }),
    );
  }
  return tool.answer(tool.admin.addrAdd(specOf(r, link, r.local, peer!), verb));
}

/** A user's words for IFA_F_*. */
const FLAGS6: Readonly<Record<string, number>> = {
  temporary: IFA6.TEMPORARY, secondary: IFA6.TEMPORARY, nodad: IFA6.NODAD, optimistic: IFA6.OPTIMISTIC, dadfailed: IFA6.DADFAILED, home: IFA6.HOMEADDRESS, deprecated: IFA6.DEPRECATED, tentative: IFA6.TENTATIVE, permanent: IFA6.PERMANENT,
  mngtmpaddr: IFA6.MANAGETEMPADDR, noprefixroute: IFA6.NOPREFIXROUTE, autojoin: IFA6.MCAUTOJOIN, "stable-privacy": IFA6.STABLE_PRIVACY,
};

function modify6(tool: Tool, r: AddrRequest, link: LinkInfo, verb: NlMode | "delete"): number {
  if (!r.local) return tool.answer({ ok: false, error: { errno: "EINVAL" } });
  const local = v6Of(r.local);
  const prefixLen = (r.peer ?? r.local).len;
  if (verb === "delete") return tool.answer(tool.admin.ip6.addrDel({ ifindex: link.ifindex, local, prefixLen }));
  let flags = 0;
  for (const word of r.flags) flags |= FLAGS6[word] ?? 0;
  const lives = r.validLft === undefined && r.preferredLft === undefined ? {} : { validLft: r.validLft ?? Number.POSITIVE_INFINITY, preferredLft: r.preferredLft ?? Number.POSITIVE_INFINITY };
  const peer = r.peer === undefined ? {} : { peer: v6Of(r.peer) };
  return tool.answer(tool.admin.ip6.addrAdd({ ifindex: link.ifindex, local, prefixLen, flags, ...peer, ...lives, ...(r.metric === undefined ? {} : { metric: r.metric }) }, verb));
}

/** The last checks of ipaddr_modify. */
function checkLate(r: AddrRequest): void {
  if (r.validLft === 0) throw new Fail(1, "valid_lft is zero\n");
  if ((r.validLft ?? Number.POSITIVE_INFINITY) < (r.preferredLft ?? Number.POSITIVE_INFINITY)) throw new Fail(1, "preferred_lft is greater than valid_lft\n");
  if (!r.flags.has("autojoin")) return;
  if (!r.local || !isMulticast(r.local.addr)) throw new Fail(1, "autojoin needs multicast address\n");
  throw new Refuse("ip address add ... autojoin");
}

function specOf(r: AddrRequest, link: LinkInfo, local: Prefix, peer: Prefix) {
  const broadcast = r.broadcast === "+" || r.broadcast === "-" ? broadcastOf(r.broadcast, peer) : r.broadcast;
  const scopeId = r.scope ?? (isLoopback(local.addr) ? SCOPE_ID.host : SCOPE_ID.global);
  const scope = scopeOf(scopeId);
  if (scope === undefined) throw new Refuse(`ip address add ... scope ${scopeId}`);
  return {
    ifindex: link.ifindex, local: local.addr, address: peer.addr, prefixLen: peer.len, scope, noprefixroute: r.flags.has("noprefixroute"),
    ...(broadcast === undefined ? {} : { broadcast }), ...(r.label === undefined ? {} : { label: r.label }), ...(r.metric === undefined ? {} : { metric: r.metric }),
    ...(r.validLft === undefined && r.preferredLft === undefined
      ? {}
      : { validLft: r.validLft ?? Number.POSITIVE_INFINITY, preferredLft: r.preferredLft ?? Number.POSITIVE_INFINITY }),
  };
}

/** `ip addr del 10.0.0.1 dev eth0`: whatever the length is. */
function deleteAny(tool: Tool, r: AddrRequest, local: Prefix): number {
  tool.warn(
    `Warning: Executing wildcard deletion to stay compatible with old scripts.\n         Explicitly specify the prefix length (${r.localText}/32) to avoid this warning.\n` +
      "         This special behaviour is likely to disappear in further releases,\n         fix your scripts!\n",
  );
  const link = tool.device(r.dev ?? "");
  return tool.answer(tool.admin.addrDel({ ifindex: link.ifindex, local: local.addr, ...(r.label === undefined ? {} : { label: r.label }) }));
}

// -- selecting --------------------------------------------------------------------------------------------------------

interface Filter {
  family: Family;
  dev?: LinkInfo;
  to?: Prefix;
  scope?: number;
  up: boolean;
  label?: string;
  group?: number;
  /** ifindex of the master; -1: none. */
  master: number;
  kind?: string;
  slaveKind?: string;
  /** Flags that must be as given. */
  flags: Map<string, boolean>;
}

/** Flags of IPv4 addresses by the names of FLAGS; those of IPv6 alone are never set. */
function hasFlag(a: AddrInfo, flag: string): boolean {
  if (flag === "secondary" || flag === "temporary") return a.secondary;
  if (flag === "permanent") return !a.dynamic;
  if (flag === "deprecated") return a.deprecated;
  return flag === "noprefixroute" && a.noprefixroute;
}

function parseFlagFilter(f: Filter, word: string): boolean {
  const inverted = word.startsWith("-");
  let flag = inverted ? word.slice(1) : word;
  let wanted = !inverted;
  if (flag === "dynamic") [flag, wanted] = ["permanent", !wanted];
  else if (flag === "primary") [flag, wanted] = ["secondary", !wanted];
  if (!Object.hasOwn(FLAGS, flag)) return false;
  f.flags.set(flag, wanted);
  return true;
}

/** Reads the selectors of show and flush. */
function parseFilter(tool: Tool, args: Args, family: Family, usage: string): Filter {
  const f: Filter = { family, up: false, master: 0, flags: new Map() };
  let dev: string | undefined;
  while (!args.done) {
    const word = args.take();
    if (word === "to") {
      f.to = getPrefix(args.value(), f.family);
      if (f.family === 0) f.family = f.to.family;
    } else if (word === "scope") {
      const value = args.value();
      const id = tool.names.scopeId(value);
      if (id !== undefined) f.scope = id;
      else if (value !== "all") invarg('invalid "scope"\n', value);
    } else if (word === "up") f.up = true;
    else if (parseFlagFilter(f, word)) continue;
    else if (word === "label") f.label = args.value();
    else if (word === "group") {
      const value = args.value();
      f.group = tool.names.groupId(value) ?? invarg('Invalid "group" value\n', value);
    } else if (word === "master") {
      const value = args.value();
      f.master = tool.link(value)?.ifindex ?? invarg("Device does not exist\n", value);
    } else if (word === "vrf") f.master = vrfArg(tool, args.value()).ifindex;
    else if (word === "nomaster") f.master = -1;
    else if (word === "type") {
      const value = args.value();
      if (value.endsWith("_slave")) f.slaveKind = value.slice(0, -"_slave".length);
      else f.kind = value;
    } else {
      const value = word === "dev" ? args.value() : word;
      if (word !== "dev" && matches(word, "help")) throw new Leave(255, usage);
      if (dev !== undefined) duparg2("dev", value);
      dev = value;
    }
  }
  if (dev === undefined) return f;
  const link = tool.link(dev);
  if (!link) throw new Fail(1, `Device "${dev}" does not exist.\n`);
  return { ...f, dev: link };
}

function addrMatches(f: Filter, a: AddrInfo): boolean {
  if (f.dev && a.ifindex !== f.dev.ifindex) return false;
  if (f.scope !== undefined && f.scope !== SCOPE_ID[a.scope]) return false;
  for (const [flag, wanted] of f.flags) if (hasFlag(a, flag) !== wanted) return false;
  if (f.family !== 0 && f.family !== 4) return false;
  if (f.label !== undefined && !matchesPattern(patternOf(f.label), a.label)) return false;
  return inFilter(a.local, f.to);
}

function addrMatches6(f: Filter, a: Addr6Info, device: string): boolean {
  if (f.dev && a.ifindex !== f.dev.ifindex) return false;
  if (f.scope !== undefined && f.scope !== SCOPE_ID[a.scope]) return false;
  for (const [flag, wanted] of f.flags) if (((a.flags & (FLAGS6[flag] ?? 0)) !== 0) !== wanted) return false;
  if (f.family !== 0 && f.family !== 6) return false;
  if (f.label !== undefined && !matchesPattern(patternOf(f.label), device)) return false;
  return f.to === undefined || f.to.family === 0 || (f.to.family === 6 && inFilter6(a.local, f.to));
}

function kindOf(l: LinkInfo): string | undefined {
  return l.kind === "loopback" || l.kind === "ethernet" ? undefined : l.kind;
}

/** What the kernel leaves out of the dump by itself; of a type it has never heard of it leaves nothing out. */
function dumped(f: Filter, l: LinkInfo): boolean {
  if (f.kind !== undefined && isLinkType(f.kind) && kindOf(l) !== f.kind) return false;
  if (f.master > 0 && l.master !== f.master) return false;
  return f.master !== -1 || l.master === 0;
}

function linkMatches(f: Filter, l: LinkInfo): boolean {
  if (f.dev && l.ifindex !== f.dev.ifindex) return false;
  if (f.up && (l.flags & IFF.UP) === 0) return false;
  if (f.group !== undefined && l.group !== f.group) return false;
  if (f.master > 0 && l.master !== f.master) return false;
  if (f.kind !== undefined && kindOf(l) !== f.kind) return false;
  return f.slaveKind === undefined || (l.bridgePort !== undefined && f.slaveKind === "bridge");
}

// -- show -------------------------------------------------------------------------------------------------------------

/** `ip addr show` and, without addresses, `ip link show`. */
export function list(tool: Tool, args: Args, object: "address" | "link"): number {
  const f = object === "link" ? parseFilter(tool, args, "link", LINK_USAGE) : parseFilter(tool, args, tool.opts.family, ADDRESS_USAGE);
  const { out } = tool;
  out.begin();
  // A single device is asked for by name: filters that the dump would apply do not count then.
  const links = f.dev ? [tool.rtnl.link(f.dev.ifindex)!] : tool.rtnl.links().filter((l) => dumped(f, l));
  const addrs = f.family === "link" || f.family === 6 ? [] : tool.rtnl.addrs();
  const addrs6 = f.family === "link" || f.family === 4 ? [] : tool.rtnl.ip6.addrs();
  for (const l of links) {
    const own = addrs.filter((a) => a.ifindex === l.ifindex);
    const own6 = addrs6.filter((a) => a.ifindex === l.ifindex);
    const selected = own.some((a) => addrMatches(f, a)) || own6.some((a) => addrMatches6(f, a, l.name));
    if (f.family !== "link" && !selected && !(own.length === 0 && own6.length === 0 && f.family === 0)) continue;
    out.open();
    showLink(tool, f, l, own, own6, object);
    out.close();
  }
  out.end();
  return 0;
}

function showLink(tool: Tool, f: Filter, l: LinkInfo, own: readonly AddrInfo[], own6: readonly Addr6Info[], object: "address" | "link"): void {
  const { out, opts } = tool;
  // Without a device iproute2 asks IPv6 for the links, which knows less of them: inet6_fill_ifinfo.
  const inet6 = f.family === 6 && f.dev === undefined;
  const how = { link: object === "link", lladdr: f.family === 0 || f.family === "link", inet6 };
  const header = opts.brief || !opts.oneline || f.family === "link";
  if (header && !linkMatches(f, l)) return;
  if (header && f.label === undefined) {
    if (opts.brief) printLinkBrief(out, inet6 ? withoutPeer(l) : l, tool, { ...how, link: f.family === "link" });
    else printLink(out, inet6 ? withoutPeer(l) : l, tool, how);
  }
  if (f.family !== "link") showAddrs(tool, f, l, own, own6);
  if (header && !opts.brief && f.label === undefined && !how.link && opts.stats > 0) {
    printStats(out, l, opts);
    out.nl();
  }
}

/** What IPv6 tells of a link: no namespace of the peer, and no peer with the link's own number. */
function withoutPeer(l: LinkInfo): LinkInfo {
  const { linkNetnsid: _, altnames: __, ...rest } = l;
  return { ...rest, altnames: [], link: l.link === l.ifindex ? 0 : l.link };
}

function showAddrs(tool: Tool, f: Filter, l: LinkInfo, own: readonly AddrInfo[], own6: readonly Addr6Info[]): void {
  const { out, opts } = tool;
  out.openArray("addr_info");
  for (const a of own) {
    if ((f.family !== 0 && f.family !== 4) || (f.up && (l.flags & IFF.UP) === 0)) continue;
    out.open(); // one that is filtered out leaves an empty object, as with the real tool
    if (addrMatches(f, a)) printAddr(out, a, tool, opts.oneline);
    out.close();
  }
  for (const a of own6) {
    if (f.up && (l.flags & IFF.UP) === 0) continue;
    out.open();
    if (addrMatches6(f, a, l.name)) printAddr6(out, a, tool, opts.oneline);
    out.close();
  }
  out.close();
  if (opts.brief) out.fp("\n");
}

// -- flush ------------------------------------------------------------------------------------------------------------

function flush(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, "Flush requires arguments.\n");
  if (tool.opts.family === "link") throw new Fail(1, "Cannot flush link addresses.\n");
  const f = parseFilter(tool, args, tool.opts.family, ADDRESS_USAGE);
  const { stats, loops } = tool.opts;
  const onlyPrimary = f.flags.get("secondary") === false;
  for (let round = 0; loops === 0 || round < loops; round++) {
    const found = f.family === 6 ? [] : tool.rtnl.addrs().filter((a) => addrMatches(f, a));
    const found6 = f.family === 4 ? [] : tool.rtnl.ip6.addrs().filter((a) => addrMatches6(f, a, tool.ifname(a.ifindex)));
    if (found.length + found6.length === 0) return flushDone(tool, round);
    if (stats > 1) for (const a of found) printAddr(tool.out, a, tool, true);
    if (stats > 1) for (const a of found6) printAddr6(tool.out, a, tool, true);
    for (const a of found6) tool.admin.ip6.addrDel({ ifindex: a.ifindex, local: a.local, prefixLen: a.prefixLen });
    for (const a of found) {
      const r = tool.admin.addrDel({ ifindex: a.ifindex, local: a.local, address: a.address, prefixLen: a.prefixLen, label: a.label });
      // Deleting a primary address takes its secondaries along.
      if (r.ok || r.error.errno === "EADDRNOTAVAIL") continue;
      tool.warn(`Failed to send flush request: ${strerror(r.error.errno)}\n`);
      return 255;
    }
    if (stats > 0) tool.print(`\n*** Round ${round + 1}, deleting ${found.length + found6.length} addresses ***\n`);
    if (onlyPrimary) return flushDone(tool, round + 1);
  }
  tool.warn(`*** Flush remains incomplete after ${loops} rounds. ***\n`);
  return 255;
}

function flushDone(tool: Tool, rounds: number): number {
  if (tool.opts.stats === 0) return 0;
  tool.print(rounds === 0 ? "Nothing to flush.\n" : `*** Flush is complete after ${rounds} round${rounds > 1 ? "s" : ""} ***\n`);
  return 0;
}
