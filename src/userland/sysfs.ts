/**
 * /sys/class/net and what it leads to (Documentation/ABI/testing/sysfs-class-net, net/core/net-sysfs.c, net/bridge/br_sysfs_*.c):
 * the devices of the namespace of the process that looks.
 */
import type { BridgeInfo, BridgePortInfo, LinkChange, LinkInfo, NlResult, Rtnl } from "../kernel/api.ts";
import { IFF } from "../kernel/api.ts";
import type { Errno } from "../kernel/errno.ts";
import { bondingEntries } from "./bonding-fs.ts";
import type { Inode } from "./fs.ts";
import type { NodeMachine } from "./machine.ts";
import type { Process } from "./process.ts";
import { virtualDirectory, virtualFile, virtualLink, type Entries } from "./virtual.ts";

const DEVICES = "/sys/devices/virtual/net";

export function addSysfs(machine: NodeMachine): void {
  const rtnl = (): Rtnl => (machine.current?.netns ?? machine.kernel.initNetns).rtnl;
  for (const dir of ["/sys/class", "/sys/devices/virtual"]) machine.fs.mkdir(dir, { parents: true, mode: 0o755 });
  machine.fs.addDynamic("/sys/class/net", {
    list: () => rtnl().links().map((l) => l.name),
    lookup: (name) => (rtnl().link(name) ? virtualLink(`/sys/class/net/${name}`, `../../devices/virtual/net/${name}`) : undefined),
  });
  machine.fs.addDynamic(DEVICES, {
    list: () => rtnl().links().map((l) => l.name),
    lookup: (name) => (rtnl().link(name) ? virtualDirectory(`${DEVICES}/${name}`, () => deviceEntries(rtnl(), name), 0o755) : undefined),
  });
}

function hexMac(mac: Uint8Array): string {
  return [...mac].map((b) => b.toString(16).padStart(2, "0")).join(":");
}

function refused(r: NlResult): undefined | Errno {
  return r.ok ? undefined : r.error.errno;
}

/** A number as simple_strtoul reads it. */
function number(text: string): number | undefined {
  const t = text.trim();
  return /^(0[xX][0-9a-fA-F]+|[0-9]+)$/.test(t) ? Number(t) : undefined;
}

/** Attributes of one device; nothing when it is gone by the time of the look. */
function deviceEntries(rtnl: Rtnl, name: string): Entries {
  const link = rtnl.link(name);
  if (!link) return new Map();
  const at = `${DEVICES}/${name}`;
  const entries = new Map<string, () => Inode>();
  const now = (): LinkInfo => rtnl.link(link.ifindex) ?? link;
  const show = (attr: string, text: (l: LinkInfo) => string | { errno: Errno }): void => {
    entries.set(attr, () => virtualFile(`${at}/${attr}`, () => withNewline(text(now()))));
  };
  const store = (attr: string, text: (l: LinkInfo) => string | { errno: Errno }, change: (value: string) => LinkChange | Errno): void => {
    const write = (_: Process, value: string): undefined | Errno => {
      const wanted = change(value);
      return typeof wanted === "string" ? wanted : refused(rtnl.linkSet(link.ifindex, wanted));
    };
    entries.set(attr, () => virtualFile(`${at}/${attr}`, () => withNewline(text(now())), write));
  };
  const numeric = (key: "mtu" | "txqlen") => (value: string): LinkChange | Errno => {
    const n = number(value);
    return n === undefined ? "EINVAL" : { [key]: n };
  };
  const isUp = (l: LinkInfo): boolean => (l.flags & IFF.UP) !== 0;
  const invalid = { errno: "EINVAL" as const };
  show("addr_assign_type", (l) => (l.kind === "loopback" || l.kind === "ethernet" ? "0" : "3"));
  show("addr_len", (l) => String(l.lladdr.length));
  show("address", (l) => hexMac(l.lladdr));
  show("broadcast", (l) => hexMac(l.broadcast));
  store("carrier", (l) => (isUp(l) ? (l.carrier ? "1" : "0") : invalid), (v) => (number(v) === undefined ? "EINVAL" : { carrier: number(v) !== 0 }));
  show("dev_id", () => "0x0");
  show("dev_port", () => "0");
  show("dormant", (l) => (isUp(l) ? "0" : invalid));
  show("duplex", (l) => (l.kind === "loopback" || l.kind === "bridge" || l.kind === "dummy" || !isUp(l) ? (l.kind === "bridge" && isUp(l) ? "unknown" : invalid) : "full"));
  store("flags", (l) => `0x${(l.flags & 0xffff & ~IFF.RUNNING).toString(16)}`, (v) => (number(v) === undefined ? "EINVAL" : { up: (number(v)! & IFF.UP) !== 0 }));
  store("ifalias", (l) => l.alias, (v) => ({ alias: v }));
  show("ifindex", (l) => String(l.ifindex));
  show("iflink", (l) => String(l.link === 0 ? l.ifindex : l.link));
  show("link_mode", () => "0");
  store("mtu", (l) => String(l.mtu), numeric("mtu"));
  show("netdev_group", (l) => String(l.group));
  show("operstate", (l) => l.operstate.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32)));
  show("speed", (l) => (l.kind === "veth" || l.kind === "ethernet" ? (isUp(l) ? "10000" : invalid) : l.kind === "bridge" ? (isUp(l) && l.carrier ? "10000" : "-1") : invalid));
  store("tx_queue_len", (l) => String(l.txqlen), numeric("txqlen"));
  show("type", (l) => ({ loopback: "772", ether: "1", ipip: "768", gre: "778", none: "65534" })[l.arpType]);
  show("uevent", (l) => `${l.kind === "bridge" ? "DEVTYPE=bridge\n" : ""}INTERFACE=${l.name}\nIFINDEX=${l.ifindex}`);
  entries.set("statistics", () => virtualDirectory(`${at}/statistics`, () => statistics(now, `${at}/statistics`), 0o755));
  entries.set("subsystem", () => virtualLink(`${at}/subsystem`, "../../../../class/net"));
  relations(rtnl, link, at, entries);
  if (link.bridge) bridgeEntries(rtnl, now, at, entries);
  if (link.attrs?.bond) entries.set("bonding", () => virtualDirectory(`${at}/bonding`, () => bondingEntries(rtnl, now, `${at}/bonding`), 0o755));
  if (link.bridgePort) entries.set("brport", () => virtualDirectory(`${at}/brport`, () => portEntries(rtnl, now, `${at}/brport`), 0o755));
  return entries;
}

function withNewline(text: string | { errno: Errno }): string | { errno: Errno } {
  return typeof text === "string" ? `${text}\n` : text;
}

/** master, and upper_ and lower_ links of a bridge and its ports. */
function relations(rtnl: Rtnl, link: LinkInfo, at: string, entries: Map<string, () => Inode>): void {
  const master = link.master ? rtnl.link(link.master) : undefined;
  if (master) {
    entries.set("master", () => virtualLink(`${at}/master`, `../${master.name}`));
    entries.set(`upper_${master.name}`, () => virtualLink(`${at}/upper_${master.name}`, `../${master.name}`));
  }
  for (const port of rtnl.links()) if (port.master === link.ifindex) entries.set(`lower_${port.name}`, () => virtualLink(`${at}/lower_${port.name}`, `../${port.name}`));
}

function statistics(now: () => LinkInfo, at: string): Entries {
  const made = (s: LinkInfo["stats"]): Readonly<Record<string, number>> => ({
    collisions: s.collisions, multicast: s.multicast, rx_bytes: s.rxBytes, rx_compressed: 0, rx_crc_errors: 0, rx_dropped: s.rxDropped, rx_errors: s.rxErrors, rx_fifo_errors: 0, rx_frame_errors: 0,
    rx_length_errors: 0, rx_missed_errors: 0, rx_nohandler: 0, rx_over_errors: s.rxOverErrors, rx_packets: s.rxPackets, tx_aborted_errors: 0, tx_bytes: s.txBytes, tx_carrier_errors: s.txCarrierErrors,
    tx_compressed: 0, tx_dropped: s.txDropped, tx_errors: s.txErrors, tx_fifo_errors: 0, tx_heartbeat_errors: 0, tx_packets: s.txPackets, tx_window_errors: 0,
  });
  return new Map(Object.keys(made(now().stats)).map((name) => [name, () => virtualFile(`${at}/${name}`, () => `${made(now().stats)[name]}\n`)]));
}

/** 8000.020000000101 */
function bridgeId(id: Uint8Array): string {
  const hex = [...id].map((b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 4)}.${hex.slice(4)}`;
}

function bridgeEntries(rtnl: Rtnl, now: () => LinkInfo, at: string, entries: Map<string, () => Inode>): void {
  entries.set("bridge", () => virtualDirectory(`${at}/bridge`, () => bridgeAttributes(rtnl, now, `${at}/bridge`), 0o755));
  entries.set("brif", () =>
    virtualDirectory(`${at}/brif`, () => {
      const { ifindex } = now();
      return new Map(rtnl.links().filter((l) => l.master === ifindex).map((l) => [l.name, () => virtualLink(`${at}/brif/${l.name}`, `../../${l.name}/brport`)]));
    }, 0o755),
  );
}

/** Numbers that can be set through netlink as well. */
const BRIDGE_NUMBERS: readonly (readonly [string, keyof BridgeInfo])[] = [
  ["ageing_time", "ageingTime"], ["default_pvid", "vlanDefaultPvid"], ["forward_delay", "forwardDelay"], ["group_fwd_mask", "groupFwdMask"], ["hello_time", "helloTime"], ["max_age", "maxAge"],
  ["multicast_snooping", "mcastSnooping"], ["priority", "priority"], ["stp_state", "stpState"], ["vlan_filtering", "vlanFiltering"],
];
const BRIDGE_READ_ONLY: readonly (readonly [string, keyof BridgeInfo])[] = [
  ["gc_timer", "gcTimer"], ["hello_timer", "helloTimer"], ["root_path_cost", "rootPathCost"], ["root_port", "rootPort"], ["tcn_timer", "tcnTimer"], ["topology_change", "topologyChange"],
  ["topology_change_detected", "topologyChangeDetected"], ["topology_change_timer", "topologyChangeTimer"],
];

function bridgeAttributes(rtnl: Rtnl, now: () => LinkInfo, at: string): Entries {
  const entries = new Map<string, () => Inode>();
  const info = (): BridgeInfo => now().bridge!;
  for (const [attr, key] of BRIDGE_NUMBERS) {
    const text = (): string => (attr === "group_fwd_mask" ? `0x${Number(info()[key]).toString(16)}\n` : `${info()[key]}\n`);
    entries.set(attr, () => virtualFile(`${at}/${attr}`, text, (_, value) => {
      const n = number(value);
      return n === undefined ? "EINVAL" : refused(rtnl.linkSet(now().ifindex, { bridge: { [key]: n } }));
    }));
  }
  for (const [attr, key] of BRIDGE_READ_ONLY) entries.set(attr, () => virtualFile(`${at}/${attr}`, () => `${info()[key]}\n`));
  entries.set("bridge_id", () => virtualFile(`${at}/bridge_id`, () => `${bridgeId(info().bridgeId)}\n`));
  entries.set("root_id", () => virtualFile(`${at}/root_id`, () => `${bridgeId(info().rootId)}\n`));
  entries.set("group_addr", () => virtualFile(`${at}/group_addr`, () => `${hexMac(info().groupAddr)}\n`));
  entries.set("vlan_protocol", () => virtualFile(`${at}/vlan_protocol`, () => `0x${info().vlanProtocol.toString(16)}\n`));
  return entries;
}

const PORT_FLAGS: readonly (readonly [string, keyof BridgePortInfo])[] = [
  ["bpdu_guard", "guard"], ["broadcast_flood", "bcastFlood"], ["hairpin_mode", "hairpin"], ["isolated", "isolated"], ["learning", "learning"], ["multicast_fast_leave", "fastLeave"],
  ["multicast_flood", "mcastFlood"], ["neigh_suppress", "neighSuppress"], ["proxyarp", "proxyArp"], ["root_block", "rootBlock"], ["unicast_flood", "flood"],
];
/** BR_STATE_* of linux/if_bridge.h. */
const PORT_STATES: readonly BridgePortInfo["state"][] = ["disabled", "listening", "learning", "forwarding", "blocking"];

function portEntries(rtnl: Rtnl, now: () => LinkInfo, at: string): Entries {
  const entries = new Map<string, () => Inode>();
  const info = (): BridgePortInfo => now().bridgePort!;
  const set = (change: LinkChange["bridgePort"]): undefined | Errno => refused(rtnl.linkSet(now().ifindex, { bridgePort: change! }));
  for (const [attr, key] of PORT_FLAGS) {
    entries.set(attr, () => virtualFile(`${at}/${attr}`, () => `${info()[key] ? 1 : 0}\n`, (_, value) => {
      const n = number(value);
      return n === undefined ? "EINVAL" : set({ [key]: n !== 0 });
    }));
  }
  for (const [attr, key] of [["path_cost", "cost"], ["priority", "priority"]] as const) {
    entries.set(attr, () => virtualFile(`${at}/${attr}`, () => `${info()[key]}\n`, (_, value) => {
      const n = number(value);
      return n === undefined ? "EINVAL" : set({ [key]: n });
    }));
  }
  const plain: readonly (readonly [string, (p: BridgePortInfo) => string])[] = [
    ["change_ack", (p) => (p.topologyChangeAck ? "1" : "0")], ["config_pending", (p) => (p.configPending ? "1" : "0")], ["designated_bridge", (p) => bridgeId(p.designatedBridge)],
    ["designated_cost", (p) => String(p.designatedCost)], ["designated_port", (p) => String(p.designatedPort)], ["designated_root", (p) => bridgeId(p.designatedRoot)],
    ["forward_delay_timer", (p) => String(p.forwardDelayTimer)], ["hold_timer", (p) => String(p.holdTimer)], ["message_age_timer", (p) => String(p.messageAgeTimer)],
    ["port_id", (p) => `0x${p.portId.toString(16)}`], ["port_no", (p) => `0x${p.portNo.toString(16)}`], ["state", (p) => String(PORT_STATES.indexOf(p.state))],
  ];
  for (const [attr, text] of plain) entries.set(attr, () => virtualFile(`${at}/${attr}`, () => `${text(info())}\n`));
  entries.set("bridge", () => virtualLink(`${at}/bridge`, `../../${rtnl.link(now().master)?.name ?? ""}`));
  return entries;
}
