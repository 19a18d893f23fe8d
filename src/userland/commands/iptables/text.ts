/** How a rule is written: as -S and iptables-save have it, and as -L lists it. Compared with iptables 1.8.9 on Debian 12. */
import { formatMac } from "../../../wire/ethernet.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { CT_STATE, CT_STATUS, type PortRange, type XtMatch, type XtNat, type XtRule, type XtTarget } from "../../../kernel/netfilter/types.ts";
import type { Process } from "../../process.ts";
import { ICMP_NAMES, PKT_TYPES, TCP_FLAGS } from "./matches.ts";
import { addrListText, addrMaskText, hexText, portName, prefixLength, protocolText, saveString } from "./numbers.ts";
import { LOG_FLAGS } from "./targets.ts";

const not = (inv: boolean): string => (inv ? " !" : "");

// -- -S ---------------------------------------------------------------------------------------------------------------

function rangeText(r: { low: number; high: number }): string {
  return r.low === r.high ? String(r.low) : `${r.low}:${r.high}`;
}
function savePort(option: string, r: PortRange | undefined): string {
  return r === undefined ? "" : `${not(r.inv)} --${option} ${rangeText(r)}`;
}

function flagNames(bits: number): string {
  return bits === 0 ? "NONE" : TCP_FLAGS.filter(([, b]) => (bits & b) !== 0).map(([n]) => n).join(",");
}

const STATE_ORDER = ["INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT"] as const;
function stateNames(bits: number): string {
  return STATE_ORDER.filter((n) => (bits & CT_STATE[n]) !== 0).join(",");
}
const STATUS_ORDER = ["EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"] as const;
function statusNames(bits: number): string {
  return bits === CT_STATUS.NONE ? "NONE" : STATUS_ORDER.filter((n) => (bits & CT_STATUS[n]) !== 0).join(",");
}

function markText(mark: number, mask: number): string {
  return mask === 0xffffffff ? hexText(mark) : `${hexText(mark)}/${hexText(mask)}`;
}

/** Eleven digits, as the kernel's 31-bit fraction is shown. */
function probability(p: number): string {
  return (p / 0x80000000).toFixed(11);
}

type Conntrack = XtMatch & { name: "conntrack" | "state" };

/** The parts of -m conntrack, in the order in which both forms list them. `dash`: what stands before an option's name. */
function conntrackParts(m: Conntrack, dash: string): string {
  let s = "";
  const add = (inv: boolean, name: string, value: string): void => {
    s += `${not(inv)} ${dash}${name} ${value}`;
  };
  if (m.state !== undefined) add(m.state.inv, m.name === "state" ? "state" : "ctstate", stateNames(m.state.bits));
  if (m.proto !== undefined) add(m.proto.inv, "ctproto", String(m.proto.number));
  for (const [name, a] of [["ctorigsrc", m.origSrc], ["ctorigdst", m.origDst], ["ctreplsrc", m.replSrc], ["ctrepldst", m.replDst]] as const) if (a !== undefined) add(a.inv, name, addrListText(a.addr, a.mask));
  for (const [name, r] of [["ctorigsrcport", m.origSport], ["ctorigdstport", m.origDport], ["ctreplsrcport", m.replSport], ["ctrepldstport", m.replDport]] as const) if (r !== undefined) add(r.inv, name, rangeText(r));
  if (m.status !== undefined) add(m.status.inv, "ctstatus", statusNames(m.status.bits));
  if (m.expire !== undefined) add(m.expire.inv, "ctexpire", rangeText(m.expire));
  if (m.dir !== undefined) add(m.dir.inv, "ctdir", m.dir.reply ? "REPLY" : "ORIGINAL");
  return s;
}

function saveMatch(m: XtMatch): string {
  switch (m.name) {
    case "tcp": {
      const flags = m.flags === undefined ? "" : `${not(m.flags.inv)} --tcp-flags ${flagNames(m.flags.mask)} ${flagNames(m.flags.cmp)}`;
      return `${savePort("sport", m.spt)}${savePort("dport", m.dpt)}${m.option === undefined ? "" : `${not(m.option.inv)} --tcp-option ${m.option.kind}`}${flags}`;
    }
    case "udp":
      return savePort("sport", m.spt) + savePort("dport", m.dpt);
    case "icmp":
      return `${not(m.inv)} --icmp-type ${m.type === 255 ? "any" : m.low === 0 && m.high === 255 ? m.type : `${m.type}/${m.low}`}`;
    case "conntrack": case "state":
      return conntrackParts(m, "--");
    case "multiport":
      return `${not(m.inv)} --${m.side === "source" ? "sports" : m.side === "dest" ? "dports" : "ports"} ${m.ports.map(rangeText).join(",")}`;
    case "comment":
      return ` --comment ${saveString(m.text)}`;
    case "mark": case "connmark":
      return `${not(m.inv)} --mark ${markText(m.mark, m.mask)}`;
    case "addrtype": {
      const part = (name: string, t: { types: readonly string[]; inv: boolean } | undefined): string => (t === undefined ? "" : `${not(t.inv)} --${name}-type ${t.types.join(",")}`);
      return part("src", m.src) + part("dst", m.dst) + (m.limit === undefined ? "" : ` --limit-iface-${m.limit}`);
    }
    case "mac":
      return `${not(m.inv)} --mac-source ${formatMac(m.addr)}`;
    case "limit":
      return ` --limit ${m.shown}${m.burst === 5 ? "" : ` --limit-burst ${m.burst}`}`;
    case "statistic":
      return m.mode === "random" ? ` --mode random${not(m.inv)} --probability ${probability(m.probability)}` : ` --mode nth${not(m.inv)} --every ${m.every} --packet ${m.packet}`;
    case "set":
      return `${not(m.inv)} --match-set ${m.set} ${m.dims.join(",")}`;
    case "physdev":
      return physdevParts(m);
    case "iprange": {
      const part = (name: string, r: { low: number; high: number; inv: boolean } | undefined): string => (r === undefined ? "" : `${not(r.inv)} --${name}-range ${formatIpv4(r.low)}-${formatIpv4(r.high)}`);
      return part("src", m.src) + part("dst", m.dst);
    }
    case "owner": {
      const part = (name: string, r: { low: number; high: number; inv: boolean } | undefined): string => (r === undefined ? "" : `${not(r.inv)} --${name}-owner ${r.low === r.high ? r.low : `${r.low}-${r.high}`}`);
      return (m.socket === undefined ? "" : `${not(m.socket.inv)} --socket-exists`) + part("uid", m.uid) + part("gid", m.gid);
    }
    case "recent":
      return `${not(m.inv)} --${m.command}${m.seconds > 0 ? ` --seconds ${m.seconds}` : ""}${m.reap ? " --reap" : ""}${m.hits > 0 ? ` --hitcount ${m.hits}` : ""}${m.rttl ? " --rttl" : ""} --name ${m.list} --mask ${formatIpv4(m.mask)} --r${m.side}`;
    case "ttl":
      return m.op === "ne" ? ` ! --ttl-eq ${m.ttl}` : ` --ttl-${m.op} ${m.ttl}`;
    case "length":
      return `${not(m.inv)} --length ${rangeText(m)}`;
    case "pkttype":
      return `${not(m.inv)} --pkt-type ${PKT_TYPES.find(([, t]) => t === m.type)?.[0] ?? ""}`;
    case "tos":
      return `${not(m.inv)} --tos ${hex2(m.value)}/${hex2(m.mask)}`;
    case "dscp":
      return `${not(m.inv)} --dscp ${hex2(m.value)}`;
    case "rpfilter":
      return `${m.loose ? " --loose" : ""}${m.validmark ? " --validmark" : ""}${m.acceptLocal ? " --accept-local" : ""}${m.inv ? " --invert" : ""}`;
  }
}

function hex2(n: number): string {
  return `0x${n.toString(16).padStart(2, "0")}`;
}

function physdevParts(m: XtMatch & { name: "physdev" }): string {
  let s = "";
  if (m.isIn !== undefined) s += `${not(m.isIn.inv)} --physdev-is-in`;
  if (m.in !== undefined) s += `${not(m.in.inv)} --physdev-in ${m.in.name}`;
  if (m.isOut !== undefined) s += `${not(m.isOut.inv)} --physdev-is-out`;
  if (m.out !== undefined) s += `${not(m.out.inv)} --physdev-out ${m.out.name}`;
  if (m.isBridged !== undefined) s += `${not(m.isBridged.inv)} --physdev-is-bridged`;
  return s;
}

function natText(n: XtNat): string {
  let s = n.min === undefined ? "" : formatIpv4(n.min);
  if (n.max !== undefined && n.max !== n.min) s += `-${formatIpv4(n.max)}`;
  if (n.minPort !== undefined) s += `:${portsText(n)}`;
  return s;
}
function portsText(n: XtNat): string {
  const range = n.maxPort === undefined || n.maxPort === n.minPort ? String(n.minPort) : `${n.minPort}-${n.maxPort}`;
  return n.basePort === undefined ? range : `${range}/${n.basePort}`;
}

function saveTarget(t: XtTarget): string {
  switch (t.name) {
    case "":
      return "";
    case "jump":
      return ` -j ${t.chain}`;
    case "goto":
      return ` -g ${t.chain}`;
    case "REJECT":
      return ` -j REJECT --reject-with ${t.with}`;
    case "LOG":
      return ` -j LOG${t.prefix === "" ? "" : ` --log-prefix ${saveString(t.prefix)}`}${t.level === 4 ? "" : ` --log-level ${t.level}`}${LOG_FLAGS.filter(([n]) => t.flags.includes(n)).map(([n]) => ` --${n}`).join("")}`;
    case "MARK":
      return ` -j MARK --set-xmark ${hexText(t.mark)}/${hexText(t.mask)}`;
    case "CONNMARK":
      return t.mode === "set" ? ` -j CONNMARK --set-xmark ${hexText(t.mark)}/${hexText(t.mask)}` : ` -j CONNMARK --${t.mode}-mark --nfmask ${hexText(t.nfmask)} --ctmask ${hexText(t.ctmask)}`;
    case "SNAT":
      return ` -j SNAT --to-source ${natText(t.nat)}${natFlags(t.nat, "--")}`;
    case "DNAT":
      return ` -j DNAT --to-destination ${natText(t.nat)}${natFlags(t.nat, "--")}`;
    case "MASQUERADE": case "REDIRECT":
      return ` -j ${t.name}${t.nat.minPort === undefined ? "" : ` --to-ports ${portsText(t.nat)}`}${natFlags(t.nat, "--")}`;
    case "NETMAP":
      return ` -j NETMAP --to ${formatIpv4(t.addr)}/${prefixLength(t.mask) ?? formatIpv4(t.mask)}`;
    case "TCPMSS":
      return ` -j TCPMSS ${t.clamp ? "--clamp-mss-to-pmtu" : `--set-mss ${t.mss}`}`;
    case "CT":
      return ` -j CT${t.notrack ? " --notrack" : ""}${t.helper === "" ? "" : ` --helper ${t.helper}`}${t.zone === 0 ? "" : ` --zone ${t.zone}`}`;
    case "TTL":
      return ` -j TTL --ttl-${t.mode} ${t.value}`;
    case "TOS":
      return ` -j TOS --set-tos ${hex2(t.value)}/${hex2(t.mask)}`;
    case "DSCP":
      return ` -j DSCP --set-dscp ${hex2(t.value)}`;
    case "SET":
      return ` -j SET${t.add === undefined ? "" : ` --add-set ${t.add.set} ${t.add.dims.join(",")}${t.add.exist ? " --exist" : ""}${t.add.timeout === undefined ? "" : ` --timeout ${t.add.timeout}`}`}${t.del === undefined ? "" : ` --del-set ${t.del.set} ${t.del.dims.join(",")}`}`;
    default:
      return ` -j ${t.name}`;
  }
}

function natFlags(n: XtNat, dash: string): string {
  return `${n.random ? ` ${dash}random` : ""}${n.fullyRandom ? ` ${dash}random-fully` : ""}${n.persistent ? ` ${dash}persistent` : ""}`;
}

/** "-A INPUT -s 10.0.0.0/8 -j DROP"; with `counters` " -c packets bytes" before the target. */
export function saveRule(chain: string, r: XtRule, counters?: { packets: number; bytes: number }): string {
  let s = `-A ${chain}`;
  if (r.src !== undefined && (r.src.mask !== 0 || r.src.inv)) s += `${not(r.src.inv)} -s ${addrMaskText(r.src.addr, r.src.mask)}`;
  if (r.dst !== undefined && (r.dst.mask !== 0 || r.dst.inv)) s += `${not(r.dst.inv)} -d ${addrMaskText(r.dst.addr, r.dst.mask)}`;
  if (r.iif !== undefined) s += `${not(r.iif.inv)} -i ${r.iif.name}`;
  if (r.oif !== undefined) s += `${not(r.oif.inv)} -o ${r.oif.name}`;
  if (r.proto !== undefined && r.proto.number !== 0) s += `${not(r.proto.inv)} -p ${protocolText(r.proto.number)}`;
  if (r.frag !== undefined) s += `${not(r.frag.inv)} -f`;
  for (const m of r.matches) s += ` -m ${m.name}${saveMatch(m)}`;
  if (counters !== undefined) s += ` -c ${counters.packets} ${counters.bytes}`;
  return s + saveTarget(r.target);
}

// -- -L ---------------------------------------------------------------------------------------------------------------

function listMatch(m: XtMatch, proc: Process, rule: XtRule, numeric: boolean): string {
  const name = (p: number): string => portName(proc, p, rule.proto?.number ?? 0, numeric);
  const range = (r: { low: number; high: number }): string => (r.low === r.high ? name(r.low) : `${name(r.low)}:${name(r.high)}`);
  const port = (what: string, r: PortRange | undefined): string => (r === undefined ? "" : ` ${what}${r.low === r.high ? "" : "s"}:${r.inv ? "!" : ""}${range(r)}`);
  switch (m.name) {
    case "tcp": {
      const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(2, "0")}`;
      const flags = m.flags === undefined ? "" : ` flags:${m.flags.inv ? "!" : ""}${numeric ? `${hex(m.flags.mask)}/${hex(m.flags.cmp)}` : `${flagNames(m.flags.mask)}/${flagNames(m.flags.cmp)}`}`;
      return ` tcp${port("spt", m.spt)}${port("dpt", m.dpt)}${m.option === undefined ? "" : ` option=${m.option.inv ? "!" : ""}${m.option.kind}`}${flags}`;
    }
    case "udp":
      return ` udp${port("spt", m.spt)}${port("dpt", m.dpt)}`;
    case "icmp": {
      if (!numeric) {
        const known = ICMP_NAMES.find(([, t, lo, hi]) => t === m.type && lo === m.low && hi === m.high)?.[0];
        if (known !== undefined) return ` icmp ${m.inv ? "!" : ""}${known}`;
      }
      const code = m.low === m.high ? ` code ${m.low}` : m.low !== 0 || m.high !== 255 ? ` codes ${m.low}-${m.high}` : "";
      return m.inv ? ` icmp !type ${m.type}${code}` : ` icmptype ${m.type}${code}`;
    }
    case "conntrack": case "state":
      return conntrackParts(m, "");
    case "multiport":
      return ` multiport ${m.side === "source" ? "sports" : m.side === "dest" ? "dports" : "ports"} ${m.inv ? " !" : ""}${m.ports.map(range).join(",")}`;
    case "comment":
      return ` /* ${m.text} */`;
    case "mark":
      return ` mark match${not(m.inv)} ${markText(m.mark, m.mask)}`;
    case "connmark":
      return ` connmark match ${m.inv ? "!" : ""} ${markText(m.mark, m.mask)}`;
    case "addrtype": {
      const part = (what: string, t: { types: readonly string[]; inv: boolean } | undefined): string => (t === undefined ? "" : ` ${what}-type ${t.inv ? "!" : ""}${t.types.join(",")}`);
      return ` ADDRTYPE match${part("src", m.src)}${part("dst", m.dst)}${m.limit === undefined ? "" : ` limit-${m.limit}`}`;
    }
    case "mac":
      return ` MAC${not(m.inv)} ${formatMac(m.addr)}`;
    case "limit":
      return ` limit: avg ${m.shown} burst ${m.burst}`;
    case "statistic":
      return m.mode === "random" ? ` statistic mode random${not(m.inv)} probability ${probability(m.probability)}` : ` statistic mode nth${not(m.inv)} every ${m.every}${m.packet === 0 ? "" : ` packet ${m.packet}`}`;
    case "set":
      return `${not(m.inv)} match-set ${m.set} ${m.dims.join(",")}`;
    case "physdev":
      return ` PHYSDEV match${physdevParts(m)}`;
    case "iprange": {
      const part = (what: string, r: { low: number; high: number; inv: boolean } | undefined): string => (r === undefined ? "" : ` ${what} IP range${not(r.inv)} ${formatIpv4(r.low)}-${formatIpv4(r.high)}`);
      return part("source", m.src) + part("destination", m.dst);
    }
    case "owner": {
      const part = (what: string, r: { low: number; high: number; inv: boolean } | undefined): string => (r === undefined ? "" : `${not(r.inv)} owner ${what} match ${r.low === r.high ? (numeric || r.low !== 0 ? r.low : "root") : `${r.low}-${r.high}`}`);
      return (m.socket === undefined ? "" : `${not(m.socket.inv)} owner socket exists`) + part("UID", m.uid) + part("GID", m.gid);
    }
    case "recent":
      return `${not(m.inv)} recent: ${m.command === "rcheck" ? "CHECK" : m.command === "set" ? "SET" : m.command === "update" ? "UPDATE" : "REMOVE"}${m.seconds > 0 ? ` seconds: ${m.seconds}` : ""}${m.reap ? " reap" : ""}${m.hits > 0 ? ` hit_count: ${m.hits}` : ""}${m.rttl ? " TTL-Match" : ""} name: ${m.list} side: ${m.side} mask: ${formatIpv4(m.mask)}`;
    case "ttl":
      return ` TTL match TTL ${m.op === "eq" ? "==" : m.op === "ne" ? "!=" : m.op === "lt" ? "<" : ">"} ${m.ttl}`;
    case "length":
      return ` length ${m.inv ? "!" : ""}${rangeText(m)}`;
    case "pkttype":
      return ` PKTTYPE ${m.inv ? "!" : ""}= ${PKT_TYPES.find(([, t]) => t === m.type)?.[0] ?? ""}`;
    case "tos":
      return ` tos match${m.inv ? "!" : ""}${hex2(m.value)}/${hex2(m.mask)}`;
    case "dscp":
      return ` DSCP match ${m.inv ? "!" : ""}${hex2(m.value)}`;
    case "rpfilter":
      return ` rpfilter${m.loose ? " loose" : ""}${m.validmark ? " validmark" : ""}${m.acceptLocal ? " accept-local" : ""}${m.inv ? " invert" : ""}`;
  }
}

const LEVEL_NAMES = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"] as const;

function listTarget(t: XtTarget, numeric: boolean): string {
  switch (t.name) {
    case "goto":
      return "[goto] ";
    case "REJECT":
      return ` reject-with ${t.with}`;
    case "LOG": {
      const bits = LOG_FLAGS.reduce((n, [name, , bit]) => n | (t.flags.includes(name) ? bit : 0), 0);
      const prefix = t.prefix === "" ? "" : ` prefix "${t.prefix}"`;
      if (numeric) return ` LOG flags ${bits} level ${t.level}${prefix}`;
      return ` LOG level ${LEVEL_NAMES[t.level] ?? t.level}${LOG_FLAGS.filter(([n]) => t.flags.includes(n)).map(([, n]) => ` ${n}`).join("")}${prefix}`;
    }
    case "MARK": {
      if (t.mark === 0) return ` MARK and ${hexText(~t.mask)}`;
      if (t.mark === t.mask) return ` MARK or ${hexText(t.mark)}`;
      if (t.mask === 0) return ` MARK xor ${hexText(t.mark)}`;
      return t.mask === 0xffffffff ? ` MARK set ${hexText(t.mark)}` : ` MARK xset ${hexText(t.mark)}/${hexText(t.mask)}`;
    }
    case "CONNMARK": {
      if (t.mode === "set") {
        if (t.mark === 0) return ` CONNMARK and ${hexText(~t.mask)}`;
        if (t.mark === t.mask) return ` CONNMARK or ${hexText(t.mark)}`;
        if (t.mask === 0) return ` CONNMARK xor ${hexText(t.mark)}`;
        return t.mask === 0xffffffff ? ` CONNMARK set ${hexText(t.mark)}` : ` CONNMARK xset ${hexText(t.mark)}/${hexText(t.mask)}`;
      }
      if (t.nfmask === 0xffffffff && t.ctmask === 0xffffffff) return ` CONNMARK ${t.mode}`;
      return t.nfmask === t.ctmask ? ` CONNMARK ${t.mode} mask ${hexText(t.nfmask)}` : ` CONNMARK ${t.mode} nfmask ${hexText(t.nfmask)} ctmask ~${hexText(t.ctmask)}`;
    }
    case "SNAT": case "DNAT":
      return ` to:${natText(t.nat)}${natFlags(t.nat, "")}`;
    case "MASQUERADE":
      return `${t.nat.minPort === undefined ? "" : ` masq ports: ${portsText(t.nat)}`}${natFlags(t.nat, "")}`;
    case "REDIRECT":
      return `${t.nat.minPort === undefined ? "" : ` redir ports ${portsText(t.nat)}`}${natFlags(t.nat, "")}`;
    case "NETMAP":
      return ` to:${formatIpv4(t.addr)}/${prefixLength(t.mask) ?? formatIpv4(t.mask)}`;
    case "TCPMSS":
      return ` TCPMSS ${t.clamp ? "clamp to PMTU" : `set ${t.mss}`}`;
    case "CT":
      return ` CT${t.notrack ? " notrack" : ""}${t.helper === "" ? "" : ` helper ${t.helper}`}${t.zone === 0 ? "" : ` zone ${t.zone}`}`;
    case "NOTRACK":
      return " NOTRACK";
    case "TTL":
      return ` TTL ${t.mode === "set" ? "set to" : t.mode === "inc" ? "increment by" : "decrement by"} ${t.value}`;
    case "TOS":
      return ` TOS set ${hex2(t.value)}/${hex2(t.mask)}`;
    case "DSCP":
      return ` DSCP set ${hex2(t.value)}`;
    case "SET":
      return `${t.add === undefined ? "" : ` add-set ${t.add.set} ${t.add.dims.join(",")}${t.add.exist ? " exist" : ""}${t.add.timeout === undefined ? "" : ` timeout ${t.add.timeout}`}`}${t.del === undefined ? "" : ` del-set ${t.del.set} ${t.del.dims.join(",")}`}`;
    default:
      return "";
  }
}

export interface ListFormat { numeric: boolean; verbose: boolean; exact: boolean; lineNumbers: boolean }

/** xtables_print_num: with K, M, G, T above 99999 unless exact. */
export function countText(n: number, exact: boolean): string {
  if (exact) return `${String(n).padStart(8)} `;
  if (n <= 99_999) return `${String(n).padStart(5)} `;
  let v = n;
  for (const unit of ["K", "M", "G"]) {
    v = Math.floor((v + 500) / 1000);
    if (v <= 9999) return `${String(v).padStart(4)}${unit} `;
  }
  return `${String(Math.floor((v + 500) / 1000)).padStart(4)}T `;
}

export function listHeader(f: ListFormat): string {
  let s = f.lineNumbers ? "num  " : "";
  if (f.verbose) s += f.exact ? "    pkts      bytes " : " pkts bytes ";
  s += `${"target".padEnd(9)}  prot opt`;
  if (f.verbose) s += " in     out    ";
  return `${s} ${"source".padEnd(19)}  ${"destination".padEnd(19)} \n`;
}

export function listRule(r: XtRule, counter: { packets: number; bytes: number }, number: number, f: ListFormat, proc: Process): string {
  let s = f.lineNumbers ? `${String(number).padEnd(4)} ` : "";
  if (f.verbose) s += countText(counter.packets, f.exact) + countText(counter.bytes, f.exact);
  const t = r.target;
  s += `${(t.name === "jump" || t.name === "goto" ? t.chain : t.name === "NOTRACK" ? "CT" : t.name).padEnd(9)} `;
  const proto = r.proto?.number ?? 0;
  s += `${r.proto?.inv === true && proto !== 0 ? "!" : " "}${(f.numeric ? String(proto) : protocolText(proto)).padEnd(4)} `;
  s += r.frag === undefined ? "-- " : r.frag.inv ? "!f " : "-f ";
  if (f.verbose) {
    const name = (n: { name: string; inv: boolean } | undefined): string => (n === undefined ? (f.numeric ? "*" : "any") : `${n.inv ? "!" : ""}${n.name}`).padEnd(6);
    s += ` ${name(r.iif)} ${name(r.oif)} `;
  }
  const address = (a: XtRule["src"]): string => `${a?.inv === true ? "!" : " "}${(a === undefined || (a.mask === 0 && !a.inv) ? (f.numeric ? "0.0.0.0/0" : "anywhere") : addrListText(a.addr, a.mask)).padEnd(19)} `;
  s += address(r.src) + address(r.dst);
  for (const m of r.matches) s += listMatch(m, proc, r, f.numeric);
  return `${s}${listTarget(t, f.numeric)}\n`;
}
