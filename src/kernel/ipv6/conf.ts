/** net.ipv6.conf.<dev>.*, as 6.1 has and starts them; Documentation/networking/ip-sysctl.rst. */
export class Ipv6Conf {
  accept_dad = 1;
  accept_ra = 1;
  accept_ra_defrtr = 1;
  accept_ra_from_local = 0;
  accept_ra_min_hop_limit = 1;
  accept_ra_mtu = 1;
  accept_ra_pinfo = 1;
  accept_ra_rt_info_max_plen = 0;
  accept_ra_rt_info_min_plen = 0;
  accept_ra_rtr_pref = 1;
  accept_redirects = 1;
  accept_source_route = 0;
  accept_untracked_na = 0;
  addr_gen_mode = 0;
  autoconf = 1;
  dad_transmits = 1;
  disable_ipv6 = 0;
  disable_policy = 0;
  drop_unicast_in_l2_multicast = 0;
  drop_unsolicited_na = 0;
  enhanced_dad = 1;
  force_mld_version = 0;
  force_tllao = 0;
  forwarding = 0;
  hop_limit = 64;
  ignore_routes_with_linkdown = 0;
  ioam6_enabled = 0;
  ioam6_id = 65535;
  ioam6_id_wide = 4294967295;
  keep_addr_on_down = 0;
  max_addresses = 16;
  max_desync_factor = 600;
  mc_forwarding = 0;
  mldv1_unsolicited_report_interval = 10000;
  mldv2_unsolicited_report_interval = 1000;
  mtu = 1280;
  ndisc_evict_nocarrier = 1;
  ndisc_notify = 0;
  ndisc_tclass = 0;
  optimistic_dad = 0;
  proxy_ndp = 0;
  ra_defrtr_metric = 1024;
  regen_max_retry = 3;
  router_probe_interval = 60;
  router_solicitation_delay = 1;
  router_solicitation_interval = 4;
  router_solicitation_max_interval = 3600;
  router_solicitations = -1;
  rpl_seg_enabled = 0;
  seg6_enabled = 0;
  seg6_require_hmac = 0;
  suppress_frag_ndisc = 1;
  temp_prefered_lft = 86400;
  temp_valid_lft = 604800;
  use_oif_addrs_only = 0;
  use_optimistic = 0;
  use_tempaddr = 0;
}
export type Ipv6ConfKey = keyof Ipv6Conf;

export function copyConf6(from: Ipv6Conf): Ipv6Conf {
  return Object.assign(new Ipv6Conf(), from);
}
