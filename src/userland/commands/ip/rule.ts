/** `ip rule`: the rules that choose a routing table. iproute2 6.1 ip/iprule.c. */
import type { Rule6Info, RuleInfo } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
import { type Args, Fail, invarg, isIfname, Leave, matches, Refuse, unsigned } from "./args.ts";
import { type Family, getPrefix, type Prefix, sameNet, sameNet6, v6Of } from "./prefix.ts";
import type { Printer } from "./print.ts";
import { PROTO, ROUTE_TYPE_ID, TABLE } from "./route-print.ts";
import { routeTypeId } from "./route.ts";
import type { Tool, View } from "./tool.ts";
import { RULE_USAGE } from "./usage.ts";

export function doRule(tool: Tool, args: Args): number {
  if (args.done) return list(tool, args);
  const verb = args.take();
  if (matches(verb, "list") || matches(verb, "lst") || matches(verb, "show")) return list(tool, args);
  for (const word of ["save", "restore"]) if (matches(verb, word)) throw new Refuse(`ip rule ${word}`);
  if (matches(verb, "add")) return modify(tool, args, "add");
  if (matches(verb, "delete")) return modify(tool, args, "del");
  if (matches(verb, "flush")) return flush(tool, args);
  if (matches(verb, "help")) throw new Leave(255, RULE_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip rule help".\n`);
}

// -- printing ---------------------------------------------------------------------------------------------------------

/** What of a rule depends on what else there is: its devices, and the rule it goes to. */
export interface RuleState {
  iifDetached: boolean;
  oifDetached: boolean;
  unresolved: boolean;
}

function printRange(p: Printer, key: string, range: readonly [number, number]): void {
  if (range[0] === range[1]) p.any(key, range[0], ` ${key} ${range[0]}`);
  else {
    p.any(`${key}_start`, range[0], ` ${key} ${range[0]}`);
    p.any(`${key}_end`, range[1], `-${range[1]}`);
  }
}

/** A rule of either family. */
type AnyRule = RuleInfo | Rule6Info;

function addrText(a: number | Uint8Array): string {
  return typeof a === "number" ? formatIpv4(a) : formatIpv6(a);
}

function printMatch(p: Printer, r: AnyRule, v: View, state: RuleState): void {
  const full = typeof r.src === "number" ? 32 : 128;
  if (r.invert) p.any("not", null, "not ");
  const src = r.srcLen === 0 ? "all" : addrText(r.src);
  p.any("src", src, `from ${src}`);
  if (r.srcLen !== 0 && r.srcLen !== full) p.any("srclen", r.srcLen, `/${r.srcLen}`);
  if (r.dstLen !== 0) {
    p.any("dst", addrText(r.dst), ` to ${addrText(r.dst)}`);
    if (r.dstLen !== full) p.any("dstlen", r.dstLen, `/${r.dstLen}`);
  }
  if (r.tos !== 0) p.any("tos", v.names.dsfield(r.tos), ` tos ${v.names.dsfield(r.tos)}`);
  if (r.fwmark || (r.fwmask ?? 0) !== 0) {
    p.hex("fwmark", r.fwmark ?? 0, " fwmark ", "");
    if (r.fwmask !== undefined && r.fwmask !== 0xffffffff) p.hex("fwmask", r.fwmask, "/", "");
  }
  if (r.iif !== undefined) p.any("iif", r.iif, ` iif ${r.iif}`);
  if (r.iif !== undefined && state.iifDetached) p.any("iif_detached", null, " [detached]");
  if (r.oif !== undefined) p.any("oif", r.oif, ` oif ${r.oif}`);
  if (r.oif !== undefined && state.oifDetached) p.any("oif_detached", null, " [detached]");
  if (r.uidrange) {
    p.any("uid_start", r.uidrange[0], ` uidrange ${r.uidrange[0]}`);
    p.any("uid_end", r.uidrange[1], `-${r.uidrange[1]}`);
  }
  if (r.ipproto) p.any("ipproto", v.names.ipproto(r.ipproto), ` ipproto ${v.names.ipproto(r.ipproto)}`);
  if (r.sport) printRange(p, "sport", r.sport);
  if (r.dport) printRange(p, "dport", r.dport);
}

/** A refusal is named as the route type is, whose number it has (FR_ACT_*). */
function actionName(action: "blackhole" | "unreachable" | "prohibit", v: View): string {
  return v.opts.numeric ? String(ROUTE_TYPE_ID[action]) : action;
}

export function printRule(p: Printer, r: AnyRule, v: View, state: RuleState): void {
  p.open();
  p.any("priority", r.priority, `${r.priority}:\t`);
  printMatch(p, r, v, state);
  if (r.l3mdev === true) p.any("l3mdev", null, " lookup [l3mdev-table]");
  if (r.table !== 0 && r.action === "lookup") {
    p.any("table", v.names.table(r.table), ` lookup ${v.names.table(r.table)}`);
    if (r.suppressPrefixLen !== undefined && r.suppressPrefixLen >= 0) p.any("suppress_prefixlen", r.suppressPrefixLen, ` suppress_prefixlength ${r.suppressPrefixLen}`);
    if (r.suppressGroup !== undefined && r.suppressGroup >= 0) p.any("suppress_ifgroup", v.names.group(r.suppressGroup), ` suppress_ifgroup ${v.names.group(r.suppressGroup)}`);
  }
  if (r.action === "goto") {
    p.any("goto", r.goto ?? 0, ` goto ${r.goto ?? 0}`);
    if (state.unresolved) p.any("unresolved", null, " [unresolved]");
  } else if (r.action === "nop") p.any("nop", null, " nop");
  else if (r.action !== "lookup") p.any("action", actionName(r.action, v), ` ${actionName(r.action, v)}`);
  if ((r.proto !== 0 && r.proto !== PROTO.kernel) || v.opts.details > 0) p.any("protocol", v.names.proto(r.proto), ` proto ${v.names.proto(r.proto)}`);
  p.fp("\n");
  p.close();
}

function stateOf(tool: Tool, r: AnyRule, rules: readonly AnyRule[]): RuleState {
  const gone = (name: string | undefined): boolean => name !== undefined && !tool.rtnl.link(name);
  return { iifDetached: gone(r.iif), oifDetached: gone(r.oif), unresolved: r.action === "goto" && !rules.some((other) => other.priority === r.goto) };
}

// -- words ------------------------------------------------------------------------------------------------------------

function fwmarkArg(r: Partial<RuleInfo>, args: Args): void {
  const value = args.value();
  const [mark, mask] = [value.split("/", 1)[0]!, value.includes("/") ? value.slice(value.indexOf("/") + 1) : undefined];
  r.fwmark = unsigned(mark) ?? invarg("fwmark value is invalid\n", mark);
  if (mask !== undefined) r.fwmask = unsigned(mask) ?? invarg("fwmask value is invalid\n", mask);
}

/** sscanf("%hu-%hu"): what follows the numbers is passed over. */
function portsArg(args: Args, message: string): readonly [number, number] {
  const value = args.value();
  const m = /^[ \t]*\+?(\d+)(?:-(\d+))?/.exec(value);
  if (!m) invarg(message, value);
  const start = Number(m[1]) & 0xffff;
  return [start, m[2] === undefined ? start : Number(m[2]) & 0xffff];
}

function uidsArg(args: Args): readonly [number, number] {
  const value = args.value();
  const m = /^[ \t]*\+?(\d+)-(\d+)/.exec(value);
  return m ? [Number(m[1]), Number(m[2])] : invarg("invalid UID range\n", value);
}

function ifnameArg(args: Args, message: string): string {
  const value = args.value();
  return isIfname(value) ? value : invarg(message, value);
}

function isPref(word: string): boolean {
  return matches(word, "preference") || matches(word, "order") || matches(word, "priority");
}

/** What show and change read alike. */
function parseShared(tool: Tool, r: Partial<RuleInfo>, word: string, args: Args): boolean {
  if (word === "not") r.invert = true;
  else if (isPref(word)) {
    const value = args.value();
    r.priority = unsigned(value) ?? invarg("preference value is invalid\n", value);
  } else if (word === "fwmark") fwmarkArg(r, args);
  else if (word === "dev" || word === "iif") r.iif = ifnameArg(args, '"iif"/"dev" not a valid ifname');
  else if (word === "oif") r.oif = ifnameArg(args, '"oif" not a valid ifname');
  else if (word === "l3mdev") r.l3mdev = true;
  else if (word === "uidrange") r.uidrange = uidsArg(args);
  else if (word === "ipproto") {
    const value = args.value();
    r.ipproto = tool.names.ipprotoId(value) ?? invarg('Invalid "ipproto" value\n', value);
  } else if (word === "sport") r.sport = portsArg(args, "invalid port range\n");
  else if (word === "dport") r.dport = portsArg(args, "invalid dport range\n");
  else return false;
  return true;
}

function tosArg(tool: Tool, args: Args): number {
  const value = args.value();
  return tool.names.dsfieldId(value) ?? invarg("TOS value is invalid\n", value);
}

// -- add, delete ------------------------------------------------------------------------------------------------------

function parseModify(tool: Tool, args: Args, verb: "add" | "del"): { rule: Partial<RuleInfo>; ends: Partial<Pick<Rule6Info, "src" | "dst">>; family: Family } {
  const ends: Partial<Pick<Rule6Info, "src" | "dst">> = {};
  const rule: Partial<RuleInfo> = verb === "add" ? { action: "lookup" } : {};
  const family: Family = tool.opts.family === "link" ? 0 : tool.opts.family;
  let seen: Family = family;
  const prefix = (): Prefix => {
    const p = getPrefix(args.value(), family);
    if (p.family !== 0) seen = p.family;
    return p;
  };
  let tableOk = false;
  while (!args.done) {
    const word = args.take();
    if (word === "from") {
      const p = prefix();
      if (p.len > 0) Object.assign(rule, { src: p.addr, srcLen: p.len });
      if (p.len > 0 && p.family === 6) ends.src = v6Of(p);
    } else if (word === "to") {
      const p = prefix();
      if (p.len > 0) Object.assign(rule, { dst: p.addr, dstLen: p.len });
      if (p.len > 0 && p.family === 6) ends.dst = v6Of(p);
    } else if (parseShared(tool, rule, word, args)) continue;
    else if (word === "tos" || matches(word, "dsfield")) rule.tos = tosArg(tool, args);
    else if (matches(word, "realms") || matches(word, "tun_id")) throw new Refuse(`ip rule ... ${matches(word, "realms") ? "realms" : "tun_id"}`);
    else if (matches(word, "protocol")) {
      const value = args.value();
      rule.proto = tool.names.protoId(value) ?? invarg('"protocol" value is invalid\n', value);
    } else if (matches(word, "table") || word === "lookup") {
      const value = args.value();
      rule.table = tool.names.tableId(value) ?? invarg("invalid table ID\n", value);
      tableOk = true;
    } else if (parseSuppressor(tool, rule, word, args)) continue;
    else if (word === "nat" || matches(word, "map-to")) throw new Refuse("ip rule ... nat");
    else {
      parseAction(rule, word === "type" ? args.value() : word, args);
      tableOk = true;
    }
  }
  if (!tableOk && verb === "add") rule.table = TABLE.main;
  return { rule, ends, family: seen };
}

function parseSuppressor(tool: Tool, rule: Partial<RuleInfo>, word: string, args: Args): boolean {
  if (matches(word, "suppress_prefixlength") || word === "sup_pl") {
    const value = args.value();
    rule.suppressPrefixLen = unsigned(value, 0x7fffffff) ?? invarg("suppress_prefixlength value is invalid\n", value);
  } else if (matches(word, "suppress_ifgroup") || word === "sup_group") {
    const value = args.value();
    rule.suppressGroup = tool.names.groupId(value) ?? invarg('Invalid "suppress_ifgroup" value\n', value);
  } else return false;
  return true;
}

/** Actions by their RTN_ number, as the kernel takes them (FR_ACT_*). */
const ACTIONS: Readonly<Record<number, RuleInfo["action"]>> = { 1: "lookup", 6: "blackhole", 7: "unreachable", 8: "prohibit" };

function parseAction(rule: Partial<RuleInfo>, word: string, args: Args): void {
  if (matches(word, "help")) throw new Leave(255, RULE_USAGE);
  if (matches(word, "goto")) {
    const value = args.value();
    rule.goto = unsigned(value) ?? invarg("invalid target\n", value);
    rule.action = "goto";
  } else if (matches(word, "nop")) rule.action = "nop";
  else {
    const id = routeTypeId(word) ?? invarg("Failed to parse rule type", word);
    const action = ACTIONS[id];
    if (action === undefined) throw new Refuse(`ip rule ... type ${word}`);
    rule.action = action;
  }
}

function modify(tool: Tool, args: Args, verb: "add" | "del"): number {
  if (args.done) throw new Fail(1, `"ip rule ${verb}" requires arguments.\n`);
  const { rule, ends, family } = parseModify(tool, args, verb);
  if (family === 6) {
    const { src: _src, dst: _dst, ...rest } = rule;
    return tool.answer(verb === "add" ? tool.admin.ip6.ruleAdd({ ...rest, ...ends }) : tool.admin.ip6.ruleDel({ ...rest, ...ends }));
  }
  return tool.answer(verb === "add" ? tool.admin.ruleAdd(rule) : tool.admin.ruleDel(rule));
}

// -- list, flush ------------------------------------------------------------------------------------------------------

interface Filter {
  rule: Partial<RuleInfo>;
  src?: Prefix;
  dst?: Prefix;
  proto?: number;
}

function parseFilter(tool: Tool, args: Args): Filter {
  const family: Family = tool.opts.family === 6 ? 6 : 4;
  const f: Filter = { rule: {} };
  while (!args.done) {
    const word = args.take();
    if (parseShared(tool, f.rule, word, args)) continue;
    if (word === "tos" || word === "dsfield") f.rule.tos = tosArg(tool, args);
    else if (matches(word, "tun_id")) throw new Refuse("ip rule show ... tun_id");
    else if (matches(word, "lookup") || matches(word, "table")) {
      const value = args.value();
      f.rule.table = tool.names.tableId(value) ?? invarg("table id value is invalid\n", value);
    } else if (matches(word, "from") || matches(word, "src")) f.src = getPrefix(args.value(), family);
    else if (matches(word, "protocol")) {
      const value = args.value();
      const id = tool.names.protoId(value);
      if (id === undefined && value !== "all") invarg('invalid "protocol"\n', value);
      if (id !== undefined) f.proto = id;
    } else f.dst = getPrefix(matches(word, "dst") || matches(word, "to") ? args.value() : word, family);
  }
  return f;
}

function sameRange(wanted: readonly [number, number] | undefined, has: readonly [number, number] | undefined): boolean {
  return wanted === undefined || wanted[0] === 0 || (has !== undefined && has[0] === wanted[0] && has[1] === wanted[1]);
}

function inside(wanted: Prefix | undefined, a: number | Uint8Array, len: number): boolean {
  if (!wanted) return true;
  if (wanted.len > len) return false;
  return wanted.len === 0 || (typeof a === "number" ? sameNet(a, wanted.addr, wanted.len) : sameNet6(a, v6Of(wanted), wanted.len));
}

function selected(f: Filter, r: AnyRule): boolean {
  const w = f.rule;
  if (w.priority !== undefined && w.priority !== r.priority) return false;
  if (w.invert && !r.invert) return false;
  if (!inside(f.src, r.src, r.srcLen) || !inside(f.dst, r.dst, r.dstLen)) return false;
  if (w.tos !== undefined && w.tos !== r.tos) return false;
  if (w.fwmark && w.fwmark !== (r.fwmark ?? 0)) return false;
  if (w.fwmask && w.fwmask !== (r.fwmask ?? 0)) return false;
  if ((w.iif !== undefined && w.iif !== r.iif) || (w.oif !== undefined && w.oif !== r.oif)) return false;
  if (w.uidrange && !sameRange(w.uidrange, r.uidrange)) return false;
  if (w.ipproto && w.ipproto !== r.ipproto) return false;
  if (!sameRange(w.sport, r.sport) || !sameRange(w.dport, r.dport)) return false;
  return !w.table || w.table === r.table;
}

function list(tool: Tool, args: Args): number {
  const f = parseFilter(tool, args);
  const rules: readonly AnyRule[] = tool.opts.family === 6 ? tool.rtnl.ip6.rules() : tool.rtnl.rules();
  tool.out.begin();
  for (const r of rules) if (selected(f, r)) printRule(tool.out, r, tool, stateOf(tool, r, rules));
  tool.out.end();
  return 0;
}

function isRule6(r: AnyRule): r is Rule6Info {
  return typeof r.src !== "number";
}

/** Every rule but those of priority 0: a request without a priority deletes nothing. */
function flush(tool: Tool, args: Args): number {
  const f = parseFilter(tool, args);
  const rules: readonly AnyRule[] = tool.opts.family === 6 ? tool.rtnl.ip6.rules() : tool.rtnl.rules();
  for (const r of rules) {
    if (!selected(f, r) || r.priority === 0 || (f.proto !== undefined && f.proto !== r.proto)) continue;
    if (tool.answer(isRule6(r) ? tool.admin.ip6.ruleDel(r) : tool.admin.ruleDel(r)) === 0) continue;
    tool.warn("Dump terminated\n");
    return 255;
  }
  return 0;
}
