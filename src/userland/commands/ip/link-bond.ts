/** `type bond` and `bond_slave`. iproute2 6.1 ip/iplink_bond.c and iplink_bond_slave.c. */
import type { BondInfo, LinkAttrsSpec, LinkInfo } from "../../../kernel/api.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { type Args, Fail, invarg, lladdr, matches, Refuse, unsigned } from "./args.ts";
import { type LinkKindArgs, unknownOption } from "./link-kind.ts";
import type { Printer } from "./print.ts";
import type { Tool, View } from "./tool.ts";
import { TYPE_BOND_USAGE } from "./usage-kinds.ts";

type Spec = NonNullable<LinkAttrsSpec["bond"]>;

/** Choices by their numbers; what is not emulated is named so. */
const CHOICES = {
  mode: ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"],
  xmit_hash_policy: ["layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac"],
  lacp_rate: ["slow", "fast"], lacp_active: ["off", "on"], ad_select: ["stable", "bandwidth", "count"], fail_over_mac: ["none", "active", "follow"], primary_reselect: ["always", "better", "failure"],
} as const;
const NOT_HERE: ReadonlySet<string> = new Set(["balance-tlb", "balance-alb", "encap2+3", "encap3+4", "vlan+srcmac"]);
const NUMBERS: readonly (readonly [string, "miimon" | "updelay" | "downdelay" | "minLinks" | "resendIgmp" | "numGratArp" | "lpInterval" | "packetsPerSlave" | "adActorSysPrio" | "adUserPortKey", number])[] = [
  ["miimon", "miimon", 0xffffffff], ["updelay", "updelay", 0xffffffff], ["downdelay", "downdelay", 0xffffffff], ["min_links", "minLinks", 0xffffffff], ["resend_igmp", "resendIgmp", 0xffffffff], ["num_grat_arp", "numGratArp", 255],
  ["num_unsol_na", "numGratArp", 255], ["lp_interval", "lpInterval", 0xffffffff], ["packets_per_slave", "packetsPerSlave", 0xffffffff], ["ad_actor_sys_prio", "adActorSysPrio", 65535], ["ad_user_port_key", "adUserPortKey", 65535],
];
const OTHERS = ["peer_notify_delay", "use_carrier", "arp_interval", "arp_validate", "arp_all_targets", "arp_ip_target", "ns_ip6_target", "tlb_dynamic_lb", "arp_missed_max", "clear_active_slave"];

function choice(key: keyof typeof CHOICES, text: string): string {
  const all: readonly string[] = CHOICES[key];
  const n = unsigned(text);
  const found = all.includes(text) ? text : n !== undefined ? all[n] : undefined;
  if (found === undefined) return invarg(`invalid ${key}`, text);
  if (NOT_HERE.has(found)) throw new Refuse(`ip link ... type bond ${key} ${found}`);
  return found;
}

function slaveIndex(tool: Tool, name: string): number {
  const l = tool.link(name);
  if (!l) throw new Fail(1, `Cannot find device "${name}"\n`);
  return l.ifindex;
}

function option(tool: Tool, v: Spec, word: string, args: Args): boolean {
  const number = NUMBERS.find(([name]) => matches(word, name));
  if (matches(word, "mode")) v.mode = choice("mode", args.value()) as BondInfo["mode"];
  else if (matches(word, "active_slave")) v.activeSlave = slaveIndex(tool, args.value());
  else if (number) {
    const value = args.value();
    v[number[1]] = unsigned(value, number[2]) ?? invarg(`invalid ${number[0]}`, value);
  } else if (matches(word, "primary")) v.primary = slaveIndex(tool, args.value());
  else if (matches(word, "primary_reselect")) v.primaryReselect = choice("primary_reselect", args.value()) as BondInfo["primaryReselect"];
  else if (matches(word, "fail_over_mac")) {
    const mac = choice("fail_over_mac", args.value());
    if (mac !== "none") throw new Refuse(`ip link ... type bond fail_over_mac ${mac}`);
  } else if (matches(word, "xmit_hash_policy")) v.xmitHashPolicy = choice("xmit_hash_policy", args.value()) as BondInfo["xmitHashPolicy"];
  else if (matches(word, "all_slaves_active")) {
    const value = args.value();
    v.allSlavesActive = (unsigned(value, 255) ?? invarg("invalid all_slaves_active", value)) !== 0;
  } else if (matches(word, "lacp_active")) v.lacpActive = choice("lacp_active", args.value()) === "on";
  else if (matches(word, "lacp_rate")) v.lacpRate = choice("lacp_rate", args.value()) as BondInfo["lacpRate"];
  else if (matches(word, "ad_select")) v.adSelect = choice("ad_select", args.value()) as BondInfo["adSelect"];
  else if (matches(word, "ad_actor_system")) v.adActorSystem = lladdr(args.value());
  else return false;
  return true;
}

function parse(tool: Tool, args: Args): Spec {
  const v: Spec = {};
  while (!args.done) {
    const word = args.take();
    if (option(tool, v, word, args)) continue;
    const other = OTHERS.find((o) => matches(word, o));
    if (other !== undefined) throw new Refuse(`ip link ... type bond ${other}`);
    unknownOption("bond", TYPE_BOND_USAGE, word);
  }
  return v;
}

function print(p: Printer, l: LinkInfo, v: View): void {
  const b = l.attrs?.bond;
  if (b === undefined) return;
  const put = (key: string, value: string | number): void => p.any(key, value, `${key} ${value} `);
  put("mode", b.mode);
  if (b.activeSlave !== 0) put("active_slave", v.ifname(b.activeSlave));
  put("miimon", b.miimon);
  put("updelay", b.updelay);
  put("downdelay", b.downdelay);
  put("peer_notify_delay", 0);
  put("use_carrier", 1);
  put("arp_interval", 0);
  put("arp_missed_max", 2);
  p.any("arp_validate", null, "arp_validate none ");
  put("arp_all_targets", "any");
  if (b.primary !== 0) put("primary", v.ifname(b.primary));
  put("primary_reselect", b.primaryReselect);
  put("fail_over_mac", b.failOverMac);
  put("xmit_hash_policy", b.xmitHashPolicy);
  put("resend_igmp", b.resendIgmp);
  p.any("num_peer_notif", b.numGratArp, `num_grat_arp ${b.numGratArp} `);
  put("all_slaves_active", b.allSlavesActive ? 1 : 0);
  put("min_links", b.minLinks);
  put("lp_interval", b.lpInterval);
  put("packets_per_slave", b.packetsPerSlave);
  put("lacp_active", b.lacpActive ? "on" : "off");
  put("lacp_rate", b.lacpRate);
  put("ad_select", b.adSelect);
  if (b.ad !== undefined) {
    p.open("ad_info");
    p.any("aggregator", b.ad.aggregator, `ad_aggregator ${b.ad.aggregator} `);
    p.any("num_ports", b.ad.ports, `ad_num_ports ${b.ad.ports} `);
    p.any("actor_key", b.ad.actorKey, `ad_actor_key ${b.ad.actorKey} `);
    p.any("partner_key", b.ad.partnerKey, `ad_partner_key ${b.ad.partnerKey} `);
    p.any("partner_mac", formatMac(b.ad.partnerMac), `ad_partner_mac ${formatMac(b.ad.partnerMac)} `);
    p.close();
  }
  if (b.mode === "802.3ad") {
    put("ad_actor_sys_prio", b.adActorSysPrio);
    put("ad_user_port_key", b.adUserPortKey);
    put("ad_actor_system", formatMac(b.adActorSystem));
  }
  put("tlb_dynamic_lb", 1);
}

const PORT_STATES: readonly (readonly [number, string])[] = [
  [1, "active"], [2, "short_timeout"], [4, "aggregating"], [8, "in_sync"], [16, "collecting"], [32, "distributing"], [64, "defaulted"], [128, "expired"],
];

function printState(p: Printer, key: string, state: number): void {
  p.any(key, state, `${key} ${state} `);
  const set = PORT_STATES.filter(([bit]) => (state & bit) !== 0).map(([, name]) => name);
  p.openArray(`${key}_str`);
  p.fp(`${key}_str <`);
  for (const [i, name] of set.entries()) p.item(name, i === 0 ? name : `,${name}`);
  p.fp("> ");
  p.close();
}

export const BOND: LinkKindArgs = {
  kind: "bond",
  usage: TYPE_BOND_USAGE,
  parse: (tool, args) => ({ bond: parse(tool, args) }),
  print,
  printSlave(p, l) {
    const s = l.attrs?.bondSlave;
    if (s === undefined) return false;
    p.nl();
    p.any("info_slave_kind", "bond", "    bond_slave ");
    p.open("info_slave_data");
    const put = (key: string, value: string | number): void => p.any(key, value, `${key} ${value} `);
    put("state", s.state);
    put("mii_status", s.mii);
    put("link_failure_count", s.linkFailures);
    put("perm_hwaddr", formatMac(s.permHwaddr));
    put("queue_id", s.queueId);
    put("prio", s.prio);
    if (s.aggregator !== undefined) {
      put("ad_aggregator_id", s.aggregator);
      printState(p, "ad_actor_oper_port_state", s.actorState ?? 0);
      printState(p, "ad_partner_oper_port_state", s.partnerState ?? 0);
    }
    p.close();
    return true;
  },
};
