/** Per-device knobs of IPv4 and of neighbour tables, as net.ipv4.conf.* and net.ipv4.neigh.* have them. Defaults: kernel 6.1. */
import type { RandomStream } from "../sim/random.ts";
import { MILLISECOND, type Nanos } from "../sim/time.ts";

/** net.ipv4.conf.<dev>.*, net/ipv4/devinet.c. */
export class Ipv4Conf {
  forwarding = 0;
  mc_forwarding = 0;
  bc_forwarding = 0;
  accept_redirects = 1;
  secure_redirects = 1;
  shared_media = 1;
  rp_filter = 0;
  send_redirects = 1;
  accept_source_route = 1;
  accept_local = 0;
  src_valid_mark = 0;
  proxy_arp = 0;
  medium_id = 0;
  bootp_relay = 0;
  log_martians = 0;
  tag = 0;
  arp_filter = 0;
  arp_announce = 0;
  arp_ignore = 0;
  arp_accept = 0;
  arp_notify = 0;
  arp_evict_nocarrier = 1;
  proxy_arp_pvlan = 0;
  force_igmp_version = 0;
  igmpv2_unsolicited_report_interval = 10000;
  igmpv3_unsolicited_report_interval = 1000;
  ignore_routes_with_linkdown = 0;
  drop_unicast_in_l2_multicast = 0;
  drop_gratuitous_arp = 0;
  promote_secondaries = 0;
  route_localnet = 0;
  disable_policy = 0;
  disable_xfrm = 0;
}

export type Ipv4ConfKey = keyof Ipv4Conf;

export function copyConf(from: Ipv4Conf): Ipv4Conf {
  return Object.assign(new Ipv4Conf(), from);
}

/** net.ipv4.neigh.<dev>.*, net/core/neighbour.c neigh_parms; times in milliseconds unless the name says seconds. */
export class NeighParms {
  mcast_solicit = 3;
  ucast_solicit = 3;
  app_solicit = 0;
  mcast_resolicit = 0;
  retrans_time_ms = 1000;
  base_reachable_time_ms = 30000;
  /** seconds */
  delay_first_probe_time = 5;
  /** seconds */
  gc_stale_time = 60;
  /** octets */
  unres_qlen_bytes = 212992;
  /** packets; a view of unres_qlen_bytes */
  unres_qlen = 101;
  proxy_qlen = 64;
  /** 1/100 s */
  anycast_delay = 100;
  /** 1/100 s */
  proxy_delay = 80;
  /** 1/100 s */
  locktime = 100;
  interval_probe_time_ms = 5000;
  /** Random around base_reachable_time, drawn again now and then. */
  reachableTime: Nanos = 30_000 * MILLISECOND;

  /** Uniform in (1/2 ... 3/2) of the base, RFC 4861 §6.3.2. */
  drawReachableTime(random: RandomStream): void {
    const base = this.base_reachable_time_ms;
    this.reachableTime = base === 0 ? 0 : (random.below(base) + (base >> 1)) * MILLISECOND;
  }
}

export function copyParms(from: NeighParms): NeighParms {
  return Object.assign(new NeighParms(), from);
}
