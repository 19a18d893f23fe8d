/** Rules that iptables made, as nft 1.0.6 of Debian 12 shows them (by the translations of the extensions). Compared with the real one. */
import type { XtMatch, XtRule, XtTarget } from "../../../kernel/netfilter/types.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { addrListText, protocolText } from "../iptables/numbers.ts";
import { TCP_FLAGS } from "../iptables/matches.ts";

const ne = (inv: boolean): string => (inv ? "!= " : "");
const mark = (n: number): string => `0x${n.toString(16).padStart(8, "0")}`;
const STATES: readonly (readonly [string, number])[] = [["invalid", 1], ["new", 8], ["related", 4], ["established", 2], ["untracked", 64]];

const name = (n: string): string => `"${n.replace(/\+$/, "*")}"`;
const range = (r: { low: number; high: number }): string => (r.low === r.high ? String(r.low) : `${r.low}-${r.high}`);
const flags = (bits: number): string => (bits === 0 ? "0x0" : TCP_FLAGS.filter(([, b]) => (bits & b) !== 0).map(([n]) => n.toLowerCase()).join(","));

function matchText(m: XtMatch, rule: XtRule): string {
  switch (m.name) {
    case "tcp": {
      const out: string[] = [];
      if (m.spt !== undefined) out.push(`tcp sport ${ne(m.spt.inv)}${range(m.spt)}`);
      if (m.dpt !== undefined) out.push(`tcp dport ${ne(m.dpt.inv)}${range(m.dpt)}`);
      if (m.flags !== undefined) out.push(`tcp flags ${ne(m.flags.inv)}${flags(m.flags.cmp)} / ${flags(m.flags.mask)}`);
      return out.join(" ");
    }
    case "udp":
      return [m.spt === undefined ? "" : `udp sport ${ne(m.spt.inv)}${range(m.spt)}`, m.dpt === undefined ? "" : `udp dport ${ne(m.dpt.inv)}${range(m.dpt)}`].filter(Boolean).join(" ");
    case "icmp":
      return m.type === 255 ? "" : `icmp type ${ne(m.inv)}${({ 0: "echo-reply", 3: "destination-unreachable", 8: "echo-request", 11: "time-exceeded" } as Readonly<Record<number, string>>)[m.type] ?? m.type}${m.low === m.high ? ` icmp code ${m.low}` : ""}`;
    case "conntrack": case "state":
      return m.state === undefined ? `xt match "${m.name}"` : `ct state ${m.state.inv ? "! " : ""}${STATES.filter(([, b]) => (m.state!.bits & b) !== 0).map(([n]) => n).join(",")}`;
    case "multiport": {
      const proto = protocolText(rule.proto?.number ?? 6);
      return `${proto} ${m.side === "source" ? "sport" : "dport"} ${ne(m.inv)}{ ${m.ports.map(range).join(", ")} }`;
    }
    case "comment":
      return "";
    case "mark": case "connmark": {
      const key = m.name === "mark" ? "meta mark" : "ct mark";
      return m.mask === 0xffffffff ? `${key} ${ne(m.inv)}${mark(m.mark)}` : `${key} & ${mark(m.mask)} ${m.inv ? "!=" : "=="} ${mark(m.mark)}`;
    }
    case "addrtype":
      return [m.src === undefined ? "" : `fib saddr type ${ne(m.src.inv)}${m.src.types.join(",").toLowerCase()}`, m.dst === undefined ? "" : `fib daddr type ${ne(m.dst.inv)}${m.dst.types.join(",").toLowerCase()}`].filter(Boolean).join(" ");
    case "mac":
      return `ether saddr ${ne(m.inv)}${formatMac(m.addr)}`;
    case "limit":
      return `limit rate ${m.shown.replace("/min", "/minute").replace("/sec", "/second")}${m.burst === 5 ? "" : ` burst ${m.burst} packets`}`;
    case "iprange":
      return [m.src === undefined ? "" : `ip saddr ${ne(m.src.inv)}${formatIpv4(m.src.low)}-${formatIpv4(m.src.high)}`, m.dst === undefined ? "" : `ip daddr ${ne(m.dst.inv)}${formatIpv4(m.dst.low)}-${formatIpv4(m.dst.high)}`].filter(Boolean).join(" ");
    default:
      return `xt match "${m.name}"`;
  }
}

function targetText(t: XtTarget): string {
  switch (t.name) {
    case "": return "";
    case "ACCEPT": case "DROP": case "RETURN": return t.name.toLowerCase();
    case "jump": case "goto": return `${t.name} ${t.chain}`;
    case "REJECT": return t.with === "icmp-port-unreachable" ? "reject" : t.with === "tcp-reset" ? "reject with tcp reset" : `reject with icmp ${t.with.replace(/^icmp-/, "")}`;
    case "LOG": return `log${t.prefix === "" ? "" : ` prefix "${t.prefix}"`}`;
    case "MARK": return t.mask === 0xffffffff ? `meta mark set 0x${t.mark.toString(16)}` : t.mark === t.mask ? `meta mark set mark or 0x${t.mark.toString(16)}` : `meta mark set mark and 0x${(~t.mask >>> 0).toString(16)}${t.mark === 0 ? "" : ` xor 0x${t.mark.toString(16)}`}`;
    case "MASQUERADE": return `masquerade${t.nat.minPort === undefined ? "" : ` to :${t.nat.minPort}${t.nat.maxPort === t.nat.minPort ? "" : `-${t.nat.maxPort}`}`}${t.nat.random ? " random" : ""}${t.nat.fullyRandom ? " fully-random" : ""}`;
    case "REDIRECT": return `redirect${t.nat.minPort === undefined ? "" : ` to :${t.nat.minPort}`}`;
    case "SNAT": case "DNAT": {
      const n = t.nat;
      return `${t.name.toLowerCase()} to ${n.min === undefined ? "" : formatIpv4(n.min)}${n.max === undefined || n.max === n.min ? "" : `-${formatIpv4(n.max)}`}${n.minPort === undefined ? "" : `:${n.minPort}${n.maxPort === n.minPort ? "" : `-${n.maxPort}`}`}`;
    }
    default: return `xt target "${t.name}"`;
  }
}

export function xtText(r: XtRule, counter: { packets: number; bytes: number }): string {
  const out: string[] = [];
  if (r.iif !== undefined) out.push(`iifname ${ne(r.iif.inv)}${name(r.iif.name)}`);
  if (r.oif !== undefined) out.push(`oifname ${ne(r.oif.inv)}${name(r.oif.name)}`);
  if (r.src !== undefined) out.push(`ip saddr ${ne(r.src.inv)}${addrListText(r.src.addr, r.src.mask)}`);
  if (r.dst !== undefined) out.push(`ip daddr ${ne(r.dst.inv)}${addrListText(r.dst.addr, r.dst.mask)}`);
  const own = r.matches.some((m) => (m.name === "tcp" && (m.spt !== undefined || m.dpt !== undefined || m.flags !== undefined)) || (m.name === "udp" && (m.spt !== undefined || m.dpt !== undefined)));
  if (r.proto !== undefined && r.proto.number !== 0 && !own) out.push(`meta l4proto ${ne(r.proto.inv)}${protocolText(r.proto.number)}`);
  for (const m of r.matches) out.push(matchText(m, r));
  out.push(`counter packets ${counter.packets} bytes ${counter.bytes}`, targetText(r.target));
  return out.filter(Boolean).join(" ");
}
