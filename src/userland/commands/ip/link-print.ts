/**
 * A device as `ip link`, `ip addr` and their -br, -d, -s and -j print it. iproute2 6.1 ip/ipaddress.c, iplink_bridge.c and
 * iplink_bridge_slave.c say the order, the blanks and the JSON keys.
 */
import { IFF, type BridgeInfo, type BridgePortInfo, type LinkInfo, type LinkStats } from "../../../kernel/api.ts";
import { equalBytes } from "../../../base/bytes.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { KIND_ARGS, kindArgs } from "./link-kinds.ts";
import type { Printer } from "./print.ts";
import { printTun } from "./tuntap.ts";
import { lladdrText, type ToolOptions, type View } from "./tool.ts";

const FLAG_NAMES = [
  ["LOOPBACK", IFF.LOOPBACK], ["BROADCAST", IFF.BROADCAST], ["POINTOPOINT", IFF.POINTOPOINT], ["MULTICAST", IFF.MULTICAST], ["NOARP", IFF.NOARP],
  ["ALLMULTI", IFF.ALLMULTI], ["PROMISC", IFF.PROMISC], ["MASTER", IFF.MASTER], ["SLAVE", IFF.SLAVE], ["DEBUG", 0x4], ["DYNAMIC", 0x8000], ["AUTOMEDIA", 0x4000],
  ["PORTSEL", 0x2000], ["NOTRAILERS", 0x20], ["UP", IFF.UP], ["LOWER_UP", IFF.LOWER_UP], ["DORMANT", IFF.DORMANT], ["ECHO", 0x40000],
] as const;

/** `<...> `. @param lowerDown the device below it in this namespace is not up. */
export function printFlags(p: Printer, flags: number, lowerDown: boolean): void {
  const names: string[] = [];
  if ((flags & IFF.UP) !== 0 && (flags & IFF.RUNNING) === 0) names.push("NO-CARRIER");
  let rest = flags & ~IFF.RUNNING;
  for (const [name, bit] of FLAG_NAMES) {
    if ((rest & bit) !== 0) names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push((rest >>> 0).toString(16));
  if (lowerDown) names.push("M-DOWN");
  p.openArray("flags");
  p.fp("<");
  for (const [i, name] of names.entries()) p.item(name, i === 0 ? name : `,${name}`);
  p.fp("> ");
  p.close();
}

/** "eth0@if2", padded when brief. @returns whether M-DOWN is to follow among the flags. */
export function printNameAndLink(p: Printer, l: LinkInfo, v: View, show: (name: string) => string): boolean {
  let name = l.name;
  let lowerDown = false;
  if (l.attrs?.tunnel !== undefined && l.link === 0 && l.kind !== "gretap") {
    p.only("link", null); // IFLA_LINK is 0
    name += "@NONE";
  } else if (l.link !== 0) {
    if (l.linkNetnsid !== undefined) {
      p.only("link_index", l.link);
      name += `@if${l.link}`;
    } else {
      p.only("link", v.ifname(l.link));
      name += `@${v.ifname(l.link)}`;
      lowerDown = (v.flagsOf(l.link) & IFF.UP) === 0;
    }
  }
  p.any("ifname", l.name, show(name));
  return lowerDown;
}

export interface LinkFormat {
  /** `ip link`, not `ip addr`. */
  link: boolean;
  /** The line with the addresses of the link layer: not when a family was asked for. */
  lladdr: boolean;
  /** As IPv6 tells of a link: without queue discipline and group. */
  inet6?: boolean;
}

/** All of a device but the newline that ends it when brief. */
export function printLink(p: Printer, l: LinkInfo, v: View, how: LinkFormat): void {
  const { details } = v.opts;
  p.any("ifindex", l.ifindex, `${l.ifindex}: `);
  printFlags(p, l.flags, printNameAndLink(p, l, v, (name) => `${name}: `));
  p.any("mtu", l.mtu, `mtu ${l.mtu} `);
  if (how.inet6 !== true) p.any("qdisc", l.qdisc, `qdisc ${l.qdisc} `);
  if (l.master !== 0) p.any("master", v.ifname(l.master), `master ${v.ifname(l.master)} `);
  p.any("operstate", l.operstate, `state ${l.operstate} `);
  if (how.link) p.any("linkmode", "DEFAULT", "mode DEFAULT ");
  if (how.inet6 !== true) p.any("group", v.names.group(l.group), `group ${v.names.group(l.group)} `);
  if (l.txqlen !== 0) p.any("txqlen", l.txqlen, `qlen ${l.txqlen}`);
  if (how.lladdr || details > 0) printLladdr(p, l);
  if (l.linkNetnsid !== undefined) {
    const named = v.netnsName(l.linkNetnsid);
    p.only("link_netnsid", l.linkNetnsid);
    p.fp(named === undefined ? ` link-netnsid ${l.linkNetnsid}` : ` link-netns ${named}`);
  }
  if (details > 0) printDetails(p, l, v, how.link);
  if (l.alias !== "" && (how.link || details > 0)) {
    p.nl();
    p.any("ifalias", l.alias, `    alias ${l.alias}`);
  }
  if (how.link && v.opts.stats > 0) {
    p.nl();
    printStats(p, l, v.opts);
  }
  if (l.altnames.length > 0) {
    p.openArray("altnames");
    for (const name of l.altnames) {
      p.nl();
      p.item(name, `    altname ${name}`);
    }
    p.close();
  }
  p.fp("\n");
}

function printLladdr(p: Printer, l: LinkInfo): void {
  p.nl();
  p.any("link_type", l.arpType, `    link/${l.arpType} `);
  if (l.lladdr.length === 0) return;
  p.any("address", lladdrText(l.lladdr), lladdrText(l.lladdr));
  p.fp((l.flags & IFF.POINTOPOINT) !== 0 ? " peer " : " brd ");
  if ((l.flags & IFF.POINTOPOINT) !== 0) p.only("link_pointtopoint", true);
  p.any("broadcast", lladdrText(l.broadcast), lladdrText(l.broadcast));
  if (l.permaddr && !equalBytes(l.permaddr, l.lladdr)) p.any("permaddr", lladdrText(l.permaddr), ` permaddr ${lladdrText(l.permaddr)}`);
}

/** `%-16s %-14s `, then what `ip -br link` adds. */
export function printLinkBrief(p: Printer, l: LinkInfo, v: View, how: LinkFormat): void {
  const lowerDown = printNameAndLink(p, l, v, (name) => `${name.padEnd(16)} `);
  p.any("operstate", l.operstate, `${l.operstate.padEnd(14)} `);
  if (!how.link) return;
  if (l.lladdr.length > 0) p.any("address", lladdrText(l.lladdr), `${lladdrText(l.lladdr)} `);
  printFlags(p, l.flags, lowerDown);
  p.fp("\n");
}

/** Of a device with nothing to offload to: 64 KiB; of a veth: more; one that stands on another has what that has. Linux 6.1. */
function tsoMaxSize(l: LinkInfo, v: View): number {
  if (l.kind === "veth" || l.kind === "bridge" || l.kind === "loopback") return 524280;
  const below = l.linkNetnsid !== undefined ? undefined : v.linkInfo(l.attrs?.vxlan?.link ?? l.link);
  if (l.kind === "vlan" || l.kind === "macvlan" || l.kind === "ipvlan" || l.attrs?.vxlan?.link) return below === undefined ? 524280 : tsoMaxSize(below, v);
  return 65536;
}

function printDetails(p: Printer, l: LinkInfo, v: View, link: boolean): void {
  p.any("promiscuity", l.promiscuity, ` promiscuity ${l.promiscuity} `);
  p.any("allmulti", l.allmulti, ` allmulti ${l.allmulti} `);
  p.any("min_mtu", l.minMtu, `minmtu ${l.minMtu} `);
  p.any("max_mtu", l.maxMtu, `maxmtu ${l.maxMtu} `);
  printLinkInfo(p, l, v);
  if (link) p.any("inet6_addr_gen_mode", l.addrGenMode, `addrgenmode ${l.addrGenMode} `);
  p.any("num_tx_queues", 1, "numtxqueues 1 ");
  p.any("num_rx_queues", 1, "numrxqueues 1 ");
  p.any("gso_max_size", 65536, "gso_max_size 65536 ");
  p.any("gso_max_segs", 65535, "gso_max_segs 65535 ");
  p.any("tso_max_size", tsoMaxSize(l, v), `tso_max_size ${tsoMaxSize(l, v)} `);
  p.any("tso_max_segs", 65535, "tso_max_segs 65535 ");
  p.any("gro_max_size", 65536, "gro_max_size 65536 ");
}

function printLinkInfo(p: Printer, l: LinkInfo, v: View): void {
  const kind = l.kind === "loopback" || l.kind === "ethernet" ? undefined : l.kind;
  if (kind === undefined && !l.bridgePort && !l.attrs?.bondSlave && !l.attrs?.vrfSlave) return;
  p.open("linkinfo");
  if (kind !== undefined) {
    p.nl();
    p.any("info_kind", kind, `    ${kind} `);
    if (l.bridge) {
      p.open("info_data");
      printBridge(p, l.bridge);
      p.close();
    }
    if (l.attrs?.tun !== undefined) {
      p.open("info_data");
      printTun(p, l);
      p.close();
    }
    const own = kindArgs(kind);
    if (own !== undefined && l.attrs !== undefined) {
      p.open("info_data");
      own.print(p, l, v);
      p.close();
    }
  }
  if (l.bridgePort) {
    p.nl();
    p.any("info_slave_kind", "bridge", "    bridge_slave ");
    p.open("info_slave_data");
    printBridgeSlave(p, l.bridgePort);
    p.close();
  } else for (const k of KIND_ARGS) if (k.printSlave?.(p, l, v)) break;
  p.close();
}

/** "8000.2:0:0:0:2:1": ether_ntoa(3) leaves leading zeros out. */
export function bridgeIdText(id: Uint8Array): string {
  const octets = Array.from(id.subarray(2, 8), (o) => o.toString(16)).join(":");
  return `${Array.from(id.subarray(0, 2), (o) => o.toString(16).padStart(2, "0")).join("")}.${octets}`;
}

function printUint(p: Printer, key: string, value: number, label = key): void {
  p.any(key, value, `${label} ${value} `);
}

/** @param t 1/100 s. */
function printTimer(p: Printer, key: string, t: number): void {
  const frac = String(t % 100).padStart(2, "0");
  const sec = String((t - (t % 100)) / 100);
  p.any(key, { raw: `${sec}.${frac}` }, `${key} ${sec.padStart(4)}.${frac} `);
}

/** Multicast and per-VLAN statistics are not emulated: what a fresh bridge has of them. */
const MCAST_DEFAULTS: readonly (readonly [string, number, string?])[] = [
  ["mcast_vlan_snooping", 0], ["mcast_router", 1], ["mcast_query_use_ifaddr", 0], ["mcast_querier", 0], ["mcast_hash_elasticity", 16], ["mcast_hash_max", 4096],
  ["mcast_last_member_cnt", 2, "mcast_last_member_count"], ["mcast_startup_query_cnt", 2, "mcast_startup_query_count"],
  ["mcast_last_member_intvl", 100, "mcast_last_member_interval"], ["mcast_membership_intvl", 26000, "mcast_membership_interval"],
  ["mcast_querier_intvl", 25500, "mcast_querier_interval"], ["mcast_query_intvl", 12500, "mcast_query_interval"],
  ["mcast_query_response_intvl", 1000, "mcast_query_response_interval"], ["mcast_startup_query_intvl", 3124, "mcast_startup_query_interval"],
  ["mcast_stats_enabled", 0], ["mcast_igmp_version", 2], ["mcast_mld_version", 1], ["nf_call_iptables", 0], ["nf_call_ip6tables", 0], ["nf_call_arptables", 0],
];

function printBridge(p: Printer, b: BridgeInfo): void {
  printUint(p, "forward_delay", b.forwardDelay);
  printUint(p, "hello_time", b.helloTime);
  printUint(p, "max_age", b.maxAge);
  printUint(p, "ageing_time", b.ageingTime);
  printUint(p, "stp_state", b.stpState);
  printUint(p, "priority", b.priority);
  printUint(p, "vlan_filtering", b.vlanFiltering);
  const proto = b.vlanProtocol === 0x88a8 ? "802.1ad" : "802.1Q";
  p.any("vlan_protocol", proto, `vlan_protocol ${proto} `);
  p.any("bridge_id", bridgeIdText(b.bridgeId), `bridge_id ${bridgeIdText(b.bridgeId)} `);
  // iproute2 6.1 prints the bridge's own id here, whatever the root is.
  p.any("root_id", bridgeIdText(b.bridgeId), `designated_root ${bridgeIdText(b.bridgeId)} `);
  printUint(p, "root_port", b.rootPort);
  printUint(p, "root_path_cost", b.rootPathCost);
  printUint(p, "topology_change", b.topologyChange);
  printUint(p, "topology_change_detected", b.topologyChangeDetected);
  printTimer(p, "hello_timer", b.helloTimer);
  printTimer(p, "tcn_timer", b.tcnTimer);
  printTimer(p, "topology_change_timer", b.topologyChangeTimer);
  printTimer(p, "gc_timer", b.gcTimer);
  printUint(p, "vlan_default_pvid", b.vlanDefaultPvid);
  printUint(p, "vlan_stats_enabled", 0);
  printUint(p, "vlan_stats_per_port", 0);
  p.hex("group_fwd_mask", b.groupFwdMask, "group_fwd_mask ", " ");
  p.any("group_addr", formatMac(b.groupAddr), `group_address ${formatMac(b.groupAddr)} `);
  printUint(p, "mcast_snooping", b.mcastSnooping);
  printUint(p, "no_linklocal_learn", 0);
  for (const [key, value, label] of MCAST_DEFAULTS) printUint(p, key, value, label ?? key);
}

function printBridgeSlave(p: Printer, s: BridgePortInfo): void {
  p.any("state", s.state, `state ${s.state} `);
  printUint(p, "priority", s.priority);
  printUint(p, "cost", s.cost);
  p.onOff("hairpin", s.hairpin);
  p.onOff("guard", s.guard);
  p.onOff("root_block", s.rootBlock);
  p.onOff("fastleave", s.fastLeave);
  p.onOff("learning", s.learning);
  p.onOff("flood", s.flood);
  p.hex("id", s.portId, "port_id ", " ");
  p.hex("no", s.portNo, "port_no ", " ");
  printUint(p, "designated_port", s.designatedPort);
  printUint(p, "designated_cost", s.designatedCost);
  p.any("bridge_id", bridgeIdText(s.designatedBridge), `designated_bridge ${bridgeIdText(s.designatedBridge)} `);
  p.any("root_id", bridgeIdText(s.designatedRoot), `designated_root ${bridgeIdText(s.designatedRoot)} `);
  printTimer(p, "hold_timer", s.holdTimer);
  printTimer(p, "message_age_timer", s.messageAgeTimer);
  printTimer(p, "forward_delay_timer", s.forwardDelayTimer);
  printUint(p, "topology_change_ack", s.topologyChangeAck);
  printUint(p, "config_pending", s.configPending);
  p.onOff("proxy_arp", s.proxyArp);
  p.onOff("proxy_arp_wifi", s.proxyArpWifi);
  printUint(p, "multicast_router", s.mcastRouter, "mcast_router");
  p.fp(`mcast_fast_leave ${s.fastLeave ? "on" : "off"} `);
  p.onOff("mcast_flood", s.mcastFlood);
  p.onOff("bcast_flood", s.bcastFlood);
  p.onOff("mcast_to_unicast", false);
  p.onOff("neigh_suppress", s.neighSuppress);
  p.hex("group_fwd_mask", 0, "group_fwd_mask ", " ");
  p.any("group_fwd_mask_str", "0x0", "group_fwd_mask_str 0x0 ");
  p.onOff("vlan_tunnel", s.vlanTunnel);
  p.onOff("isolated", s.isolated);
  p.onOff("locked", s.locked);
}

// -- statistics -------------------------------------------------------------------------------------------------------

/** "1.5k", as -h prints it; base 1024 and an "i" with -iec. */
function humanNumber(n: number, iec: boolean): string {
  const base = iec ? 1024 : 1000;
  if (n < base) return String(n);
  const prefixes = "kMGTPE";
  let unit = base;
  let i = 0;
  while (n / base >= unit && i + 1 < prefixes.length) {
    unit *= base;
    i++;
  }
  const value = n / unit;
  const precision = value < 10 ? 2 : value < 100 ? 1 : 0;
  return `${value.toFixed(precision)}${prefixes[i]!}${iec ? "i" : ""}`;
}

/** Widths of the eight columns: the widest header or number of each. */
function columns(rows: readonly (readonly number[])[], human: boolean): number[] {
  const width = [10, 7, 6, 7, 7, 7, 10, 9];
  if (!human) for (const row of rows) for (const [i, n] of row.entries()) width[i] = Math.max(width[i]!, String(n).length);
  return width;
}

/** The RX and TX tables, without a newline at the end. */
export function printStats(p: Printer, l: LinkInfo, opts: Readonly<ToolOptions>): void {
  if (p.isJson) printStatsJson(p, l.stats, l.carrierChanges ?? 0, opts.stats > 1);
  else printStatsText(p, l.stats, l.carrierChanges ?? 0, opts);
}

function printStatsText(p: Printer, s: LinkStats, carrierChanges: number, opts: Readonly<ToolOptions>): void {
  const more = opts.stats > 1;
  const rx = [s.rxBytes, s.rxPackets, s.rxErrors, s.rxDropped, 0, s.multicast];
  const tx = [s.txBytes, s.txPackets, s.txErrors, s.txDropped, s.txCarrierErrors, s.collisions];
  const rxErrors = [0, 0, 0, 0, s.rxOverErrors];
  const txErrors = [0, 0, 0, 0, carrierChanges];
  const w = columns(more ? [rx, tx, [0, ...rxErrors], [0, ...txErrors]] : [rx, tx], opts.human);
  const head = (names: readonly string[]): string => names.map((n, i) => n.padStart(w[i]! - (i === 0 ? 4 : 0))).join(" ");
  const num = (n: number, i: number): string => `${(opts.human ? humanNumber(n, opts.iec) : String(n)).padStart(w[i]!)} `;
  const table = (dir: string, names: readonly string[], row: readonly number[], errorNames: readonly string[], errors: readonly number[]): void => {
    p.fp(`    ${dir}: ${head(names)} ${"".padStart(w[6]!)}`);
    p.nl();
    p.fp(`    ${row.map(num).join("")}`);
    if (!more) return;
    p.nl();
    p.fp(`    ${dir} errors:${"".padStart(w[0]! - 10)} ${errorNames.map((n, i) => n.padStart(w[i + 1]!)).join(" ")}`);
    p.nl();
    p.fp(`${"".padStart(w[0]! + 5)}${errors.map((n, i) => num(n, i + 1)).join("")}`);
  };
  table("RX", ["bytes", "packets", "errors", "dropped", "missed", "mcast"], rx, ["length", "crc", "frame", "fifo", "overrun"], rxErrors);
  p.nl();
  table("TX", ["bytes", "packets", "errors", "dropped", "carrier", "collsns"], tx, ["aborted", "fifo", "window", "heartbt", "transns"], txErrors);
}

function printStatsJson(p: Printer, s: LinkStats, carrierChanges: number, more: boolean): void {
  const put = (pairs: readonly (readonly [string, number])[]): void => {
    for (const [key, value] of pairs) p.only(key, value);
  };
  p.open("stats64");
  p.open("rx");
  put([["bytes", s.rxBytes], ["packets", s.rxPackets], ["errors", s.rxErrors], ["dropped", s.rxDropped], ["over_errors", s.rxOverErrors], ["multicast", s.multicast]]);
  if (more) put([["length_errors", 0], ["crc_errors", 0], ["frame_errors", 0], ["fifo_errors", 0], ["missed_errors", 0]]);
  p.close();
  p.open("tx");
  put([["bytes", s.txBytes], ["packets", s.txPackets], ["errors", s.txErrors], ["dropped", s.txDropped], ["carrier_errors", s.txCarrierErrors], ["collisions", s.collisions]]);
  if (more) put([["aborted_errors", 0], ["fifo_errors", 0], ["window_errors", 0], ["heartbeat_errors", 0], ["carrier_changes", carrierChanges]]);
  p.close();
  p.close();
}
