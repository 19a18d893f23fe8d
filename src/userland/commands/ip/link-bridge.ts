/** Options of `type bridge` and `type bridge_slave`. iproute2 6.1 ip/iplink_bridge.c and iplink_bridge_slave.c. */
import type { BridgeInfo, LinkChange, StpState } from "../../../kernel/api.ts";
import { type Args, Fail, invarg, lladdr, matches, onOff, Refuse, unsigned } from "./args.ts";
import { TYPE_BRIDGE_SLAVE_USAGE, TYPE_BRIDGE_USAGE } from "./usage.ts";

type NumberField = { [K in keyof BridgeInfo]: BridgeInfo[K] extends number ? K : never }[keyof BridgeInfo];

const U8 = 255;
const U16 = 65535;
const U32 = 0xffffffff;

/** In the order in which iproute2 tries abbreviations: "m" is max_age. */
const BRIDGE_NUMBERS: readonly (readonly [string, NumberField, number])[] = [
  ["forward_delay", "forwardDelay", U32], ["hello_time", "helloTime", U32], ["max_age", "maxAge", U32], ["ageing_time", "ageingTime", U32],
  ["stp_state", "stpState", U32], ["priority", "priority", U16], ["vlan_filtering", "vlanFiltering", U8],
];
const BRIDGE_NUMBERS_LATER: readonly (readonly [string, NumberField, number])[] = [
  ["vlan_default_pvid", "vlanDefaultPvid", U16], ["mcast_snooping", "mcastSnooping", U8],
];
const BRIDGE_OTHERS = [
  "fdb_flush", "no_linklocal_learn", "vlan_stats_enabled", "vlan_stats_per_port", "mcast_router", "mcast_vlan_snooping", "mcast_query_use_ifaddr", "mcast_querier",
  "mcast_hash_elasticity", "mcast_hash_max", "mcast_last_member_count", "mcast_startup_query_count", "mcast_last_member_interval", "mcast_membership_interval",
  "mcast_querier_interval", "mcast_query_interval", "mcast_query_response_interval", "mcast_startup_query_interval", "mcast_stats_enabled", "mcast_igmp_version",
  "mcast_mld_version", "nf_call_iptables", "nf_call_ip6tables", "nf_call_arptables",
];

function bridgeNumber(b: Partial<BridgeInfo>, table: typeof BRIDGE_NUMBERS, word: string, args: Args): boolean {
  for (const [name, field, max] of table) {
    if (!matches(word, name)) continue;
    const value = args.value();
    b[field] = unsigned(value, max) ?? invarg(`invalid ${name}`, value);
    return true;
  }
  return false;
}

export function parseBridge(args: Args): Partial<BridgeInfo> {
  const b: Partial<BridgeInfo> = {};
  while (!args.done) {
    const word = args.take();
    if (bridgeNumber(b, BRIDGE_NUMBERS, word, args)) continue;
    if (matches(word, "vlan_protocol")) {
      const value = args.value().toLowerCase();
      b.vlanProtocol = value === "802.1q" ? 0x8100 : value === "802.1ad" ? 0x88a8 : invarg("invalid vlan_protocol", value);
    } else if (matches(word, "group_fwd_mask")) {
      const value = args.value();
      b.groupFwdMask = unsigned(value, U16) ?? invarg("invalid group_fwd_mask", value);
    } else if (matches(word, "group_address")) {
      b.groupAddr = lladdr(args.value());
    } else if (bridgeNumber(b, BRIDGE_NUMBERS_LATER, word, args)) continue;
    else if (matches(word, "help")) throw new Fail(1, TYPE_BRIDGE_USAGE);
    else {
      const known = BRIDGE_OTHERS.find((o) => matches(word, o));
      if (known !== undefined) throw new Refuse(`ip link ... type bridge ${known}`);
      throw new Fail(1, `bridge: unknown command "${word}"?\n${TYPE_BRIDGE_USAGE}`);
    }
  }
  return b;
}

type Port = NonNullable<LinkChange["bridgePort"]>;
type PortFlag = { [K in keyof Port]-?: NonNullable<Port[K]> extends boolean ? K : never }[keyof Port];

export const STP_STATES: readonly StpState[] = ["disabled", "listening", "learning", "forwarding", "blocking"];

const PORT_FLAGS: readonly (readonly [string, PortFlag])[] = [
  ["hairpin", "hairpin"], ["guard", "guard"], ["root_block", "rootBlock"], ["fastleave", "fastLeave"], ["learning", "learning"], ["flood", "flood"],
  ["mcast_flood", "mcastFlood"], ["bcast_flood", "bcastFlood"],
];
const PORT_FLAGS_LATER: readonly (readonly [string, PortFlag])[] = [
  ["mcast_fast_leave", "fastLeave"], ["neigh_suppress", "neighSuppress"], ["vlan_tunnel", "vlanTunnel"], ["isolated", "isolated"], ["locked", "locked"],
];
const PORT_OTHERS = ["fdb_flush", "mcast_to_unicast", "proxy_arp_wifi", "group_fwd_mask", "backup_port", "nobackup_port"];

function portFlag(port: Port, table: typeof PORT_FLAGS, word: string, args: Args): boolean {
  const found = table.find(([name]) => matches(word, name));
  if (!found) return false;
  port[found[1]] = onOff(found[0], args.value(), 1);
  return true;
}

function portNumber(port: Port, word: string, args: Args): boolean {
  if (matches(word, "state")) {
    const value = args.value();
    port.state = STP_STATES[unsigned(value, U8) ?? invarg("state is invalid", value)] ?? invarg("state is invalid", value);
  } else if (matches(word, "priority")) {
    const value = args.value();
    port.priority = unsigned(value, U16) ?? invarg("priority is invalid", value);
  } else if (matches(word, "cost")) {
    const value = args.value();
    port.cost = unsigned(value, U32) ?? invarg("cost is invalid", value);
  } else return false;
  return true;
}

export function parseBridgeSlave(args: Args): Port {
  const port: Port = {};
  while (!args.done) {
    const word = args.take();
    if (portNumber(port, word, args) || portFlag(port, PORT_FLAGS, word, args)) continue;
    if (word === "proxy_arp") port.proxyArp = onOff("proxy_arp", args.value(), 1);
    else if (matches(word, "mcast_router")) {
      const value = args.value();
      port.mcastRouter = unsigned(value, U8) ?? invarg("invalid mcast_router", value);
    } else if (portFlag(port, PORT_FLAGS_LATER, word, args)) continue;
    else if (matches(word, "help")) throw new Fail(1, TYPE_BRIDGE_SLAVE_USAGE);
    else {
      const known = PORT_OTHERS.find((o) => matches(word, o));
      if (known !== undefined) throw new Refuse(`ip link ... type bridge_slave ${known}`);
      throw new Fail(1, `bridge_slave: unknown option "${word}"?\n${TYPE_BRIDGE_SLAVE_USAGE}`);
    }
  }
  return port;
}
