/** Bonds in /sys/class/net/BOND/bonding and /proc/net/bonding: drivers/net/bonding/{bond_sysfs,bond_procfs}.c. Read only. */
import type { BondInfo, LinkInfo, Netns, Rtnl } from "../kernel/api.ts";
import { formatMac } from "../wire/ethernet.ts";
import type { Inode } from "./fs.ts";
import { virtualFile, type Entries } from "./virtual.ts";

const MODES: readonly (readonly [BondInfo["mode"], string])[] = [
  ["balance-rr", "load balancing (round-robin)"], ["active-backup", "fault-tolerance (active-backup)"], ["balance-xor", "load balancing (xor)"], ["broadcast", "fault-tolerance (broadcast)"],
  ["802.3ad", "IEEE 802.3ad Dynamic link aggregation"],
];
const POLICIES = ["layer2", "layer3+4", "layer2+3"] as const;
const SELECTS = ["stable", "bandwidth", "count"] as const;
const RESELECTS = ["always", "better", "failure"] as const;

function slavesOf(rtnl: Rtnl, bond: LinkInfo): LinkInfo[] {
  return rtnl.links().filter((l) => l.master === bond.ifindex && l.attrs?.bondSlave !== undefined);
}

const nameOf = (rtnl: Rtnl, ifindex: number): string => (ifindex === 0 ? "" : (rtnl.link(ifindex)?.name ?? ""));

export function bondingEntries(rtnl: Rtnl, now: () => LinkInfo, at: string): Entries {
  const b = (): BondInfo => now().attrs!.bond!;
  const index = <T>(all: readonly T[], one: T): string => `${one} ${all.indexOf(one)}`;
  const ad = (of: (a: NonNullable<BondInfo["ad"]>) => string): string => (b().ad === undefined ? "" : of(b().ad!));
  const made: readonly (readonly [string, () => string])[] = [
    ["mode", () => index(MODES.map(([m]) => m), b().mode)], ["slaves", () => slavesOf(rtnl, now()).map((l) => l.name).join(" ")], ["active_slave", () => nameOf(rtnl, b().activeSlave)],
    ["mii_status", () => (now().carrier ? "up" : "down")], ["miimon", () => String(b().miimon)], ["updelay", () => String(b().updelay)], ["downdelay", () => String(b().downdelay)],
    ["xmit_hash_policy", () => index(POLICIES, b().xmitHashPolicy)], ["lacp_rate", () => index(["slow", "fast"], b().lacpRate)], ["ad_select", () => index(SELECTS, b().adSelect)],
    ["primary", () => nameOf(rtnl, b().primary)], ["primary_reselect", () => index(RESELECTS, b().primaryReselect)], ["fail_over_mac", () => index(["none", "active", "follow"], b().failOverMac)],
    ["min_links", () => String(b().minLinks)], ["num_grat_arp", () => String(b().numGratArp)], ["all_slaves_active", () => (b().allSlavesActive ? "1" : "0")], ["use_carrier", () => "1"], ["arp_interval", () => "0"],
    ["ad_aggregator", () => ad((a) => String(a.aggregator))], ["ad_num_ports", () => ad((a) => String(a.ports))], ["ad_actor_key", () => ad((a) => String(a.actorKey))],
    ["ad_partner_key", () => ad((a) => String(a.partnerKey))], ["ad_partner_mac", () => ad((a) => formatMac(a.partnerMac))],
  ];
  // What is empty has no line at all: sysfs_emit of nothing.
  return new Map<string, () => Inode>(made.map(([name, text]) => [name, () => virtualFile(`${at}/${name}`, () => (text() === "" ? "" : `${text()}\n`))]));
}

function masterText(rtnl: Rtnl, l: LinkInfo, release: string): string {
  const b = l.attrs!.bond!;
  const lines = [`Ethernet Channel Bonding Driver: v${release}`, "", `Bonding Mode: ${MODES.find(([m]) => m === b.mode)![1]}`];
  if (b.mode === "balance-xor" || b.mode === "802.3ad") lines.push(`Transmit Hash Policy: ${b.xmitHashPolicy} (${POLICIES.indexOf(b.xmitHashPolicy)})`);
  if (b.mode === "active-backup") {
    lines.push(`Primary Slave: ${b.primary === 0 ? "None" : `${nameOf(rtnl, b.primary)} (primary_reselect ${b.primaryReselect})`}`);
    lines.push(`Currently Active Slave: ${nameOf(rtnl, b.activeSlave) || "None"}`);
  }
  lines.push(`MII Status: ${l.carrier ? "up" : "down"}`, `MII Polling Interval (ms): ${b.miimon}`, `Up Delay (ms): ${b.updelay}`, `Down Delay (ms): ${b.downdelay}`, "Peer Notification Delay (ms): 0");
  if (b.mode !== "802.3ad") return `${lines.join("\n")}\n`;
  lines.push("", "802.3ad info", `LACP active: ${b.lacpActive ? "on" : "off"}`, `LACP rate: ${b.lacpRate}`, `Min links: ${b.minLinks}`, `Aggregator selection policy (ad_select): ${b.adSelect}`);
  lines.push(`System priority: ${b.adActorSysPrio}`, `System MAC address: ${formatMac(l.lladdr)}`);
  if (b.ad === undefined) lines.push(`bond ${l.name} has no active aggregator`);
  else lines.push("Active Aggregator Info:", `\tAggregator ID: ${b.ad.aggregator}`, `\tNumber of ports: ${b.ad.ports}`, `\tActor Key: ${b.ad.actorKey}`, `\tPartner Key: ${b.ad.partnerKey}`, `\tPartner Mac Address: ${formatMac(b.ad.partnerMac)}`);
  return `${lines.join("\n")}\n`;
}

const MII: Readonly<Record<string, string>> = { UP: "up", GOING_DOWN: "going down", DOWN: "down", GOING_BACK: "going back" };

function slaveText(l: LinkInfo): string {
  const s = l.attrs!.bondSlave!;
  const up = l.carrier;
  const lines = [
    "", `Slave Interface: ${l.name}`, `MII Status: ${MII[s.mii]}`, up ? "Speed: 10000 Mbps" : "Speed: Unknown", `Duplex: ${up ? "full" : "Unknown"}`, `Link Failure Count: ${s.linkFailures}`,
    `Permanent HW addr: ${formatMac(s.permHwaddr)}`, `Slave queue ID: ${s.queueId}`,
  ];
  const { ad } = s;
  if (ad !== undefined) {
    lines.push(`Aggregator ID: ${s.aggregator}`, `Actor Churn State: ${ad.churnActor}`, `Partner Churn State: ${ad.churnPartner}`, `Actor Churned Count: ${ad.actorChurned}`, `Partner Churned Count: ${ad.partnerChurned}`);
    lines.push("details actor lacp pdu:", `    system priority: ${ad.actorSystemPriority}`, `    system mac address: ${formatMac(ad.actorSystem)}`, `    port key: ${ad.actorKey}`, `    port priority: ${ad.actorPriority}`, `    port number: ${ad.actorPort}`, `    port state: ${s.actorState}`);
    lines.push("details partner lacp pdu:", `    system priority: ${ad.partnerSystemPriority}`, `    system mac address: ${formatMac(ad.partnerSystem)}`, `    oper key: ${ad.partnerKey}`, `    port priority: ${ad.partnerPriority}`, `    port number: ${ad.partnerPort}`, `    port state: ${s.partnerState}`);
  }
  return `${lines.join("\n")}\n`;
}

/** One file a bond; undefined: the module is not loaded, so that there is no such directory. */
export function procBonding(ns: Netns, at: string): Entries | undefined {
  const bonds = ns.rtnl.links().filter((l) => l.kind === "bond");
  if (bonds.length === 0) return undefined;
  const release = ns.sysctl.get("kernel.osrelease") ?? "";
  const text = (name: string): string => {
    const l = ns.rtnl.link(name);
    return l?.attrs?.bond === undefined ? "" : masterText(ns.rtnl, l, release) + slavesOf(ns.rtnl, l).map(slaveText).join("");
  };
  return new Map<string, () => Inode>(bonds.map((l) => [l.name, () => virtualFile(`${at}/${l.name}`, () => text(l.name))]));
}
