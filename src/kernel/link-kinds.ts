/**
 * What each kind of device has besides what all have: IFLA_INFO_DATA and IFLA_INFO_SLAVE_DATA, as `ip -d link` shows it and
 * `ip link add ... type KIND` sets it. linux/if_link.h.
 */

/** 802.1Q and 802.1ad sub-interfaces. */
export interface VlanInfo {
  id: number;
  /** 0x8100 or 0x88a8. */
  protocol: number;
  reorderHdr: boolean; gvrp: boolean; mvrp: boolean; looseBinding: boolean; bridgeBinding: boolean;
  /** 802.1p priority to skb priority, and back. */
  ingressQos: readonly (readonly [number, number])[]; egressQos: readonly (readonly [number, number])[];
}

export interface VxlanInfo {
  id: number;
  /** Remote machine or multicast group; 0: none. */
  remote: number; local: number;
  /** Lower device; 0: none. */
  link: number;
  portMin: number; portMax: number; dstport: number;
  learning: boolean; proxy: boolean; rsc: boolean; l2miss: boolean; l3miss: boolean;
  /** 0: auto (multicast 1, else the route's); "inherit". */
  ttl: number | "inherit"; tos: number | "inherit"; df: "unset" | "set" | "inherit";
  /** Seconds; 0: none. */
  ageing: number;
  /** 0: no limit. */
  maxaddress: number;
  udpcsum: boolean; udp6zerocsumtx: boolean; udp6zerocsumrx: boolean; gbp: boolean;
}

export interface MacvlanInfo {
  mode: "private" | "vepa" | "bridge" | "passthru";
  nopromisc: boolean; bcqueuelen: number;
}

export interface IpvlanInfo {
  mode: "l2" | "l3" | "l3s"; flags: "bridge" | "private" | "vepa";
}

/** IPIP, GRE and GRETAP tunnels. */
export interface TunnelInfo {
  local: number; remote: number;
  /** Device the outer packets leave by; 0: any. */
  link: number;
  /** 0: inherit. */
  ttl: number; tos: number | "inherit"; pmtudisc: boolean; ignoreDf: boolean;
  /** GRE: undefined where there is none. */
  ikey?: number; okey?: number; icsum: boolean; ocsum: boolean; iseq: boolean; oseq: boolean;
}

export interface VrfInfo {
  table: number;
}

export interface BondInfo {
  mode: "balance-rr" | "active-backup" | "balance-xor" | "broadcast" | "802.3ad";
  miimon: number; updelay: number; downdelay: number; lacpRate: "slow" | "fast"; lacpActive: boolean; adSelect: "stable" | "bandwidth" | "count"; minLinks: number;
  xmitHashPolicy: "layer2" | "layer3+4" | "layer2+3"; numGratArp: number; allSlavesActive: boolean; packetsPerSlave: number; resendIgmp: number;
  /** ifindex; 0: none. */
  primary: number; activeSlave: number;
  failOverMac: "none" | "active" | "follow"; primaryReselect: "always" | "better" | "failure";
  /** What 802.3ad found; not settable. */
  ad?: { aggregator: number; ports: number; actorKey: number; partnerKey: number; partnerMac: Uint8Array };
  adActorSysPrio: number; adUserPortKey: number; adActorSystem: Uint8Array; lpInterval: number;
}

export interface BondSlaveInfo {
  state: "ACTIVE" | "BACKUP"; mii: "UP" | "GOING_DOWN" | "DOWN" | "GOING_BACK"; linkFailures: number; permHwaddr: Uint8Array; queueId: number; prio: number;
  aggregator?: number; actorState?: number; partnerState?: number;
  /** For /proc/net/bonding. */
  ad?: {
    churnActor: string; churnPartner: string; actorChurned: number; partnerChurned: number; actorSystem: Uint8Array; actorSystemPriority: number; actorKey: number; actorPriority: number; actorPort: number;
    partnerSystem: Uint8Array; partnerSystemPriority: number; partnerKey: number; partnerPriority: number; partnerPort: number;
  };
}

export interface TunInfo {
  type: "tun" | "tap"; pi: boolean; vnetHdr: boolean; multiQueue: boolean; persist: boolean; user?: number; group?: number;
}

/** By kind; at most one is there. */
export interface LinkAttrs {
  vlan?: VlanInfo; vxlan?: VxlanInfo; macvlan?: MacvlanInfo; ipvlan?: IpvlanInfo; tunnel?: TunnelInfo; vrf?: VrfInfo; bond?: BondInfo; tun?: TunInfo;
  /** Of a slave, said by its master. */
  bondSlave?: BondSlaveInfo; vrfSlave?: VrfInfo;
}
/** For a request: what is not given keeps its value, or gets the kernel's default. */
export type LinkAttrsSpec = { -readonly [K in keyof LinkAttrs]?: Partial<NonNullable<LinkAttrs[K]>> };

/** VLANs of a bridge or of one of its ports, ascending. */
export interface BridgeVlan {
  vid: number; pvid: boolean; untagged: boolean;
}
