/** net.netfilter.nf_conntrack_*: Documentation/networking/nf_conntrack-sysctl.rst, defaults of 6.1. */
const NATURAL: readonly [number, number] = [0, 2147483647];
const BYTE: readonly [number, number] = [0, 255];
const BOOL: readonly [number, number] = [0, 1];

export const CONNTRACK_SYSCTLS: readonly (readonly [string, string, readonly [number, number]])[] = [
  ["acct", "0", BOOL], ["buckets", "65536", NATURAL], ["checksum", "1", BOOL], ["dccp_loose", "1", BOOL],
  ["dccp_timeout_closereq", "64", NATURAL], ["dccp_timeout_closing", "64", NATURAL], ["dccp_timeout_open", "43200", NATURAL], ["dccp_timeout_partopen", "480", NATURAL],
  ["dccp_timeout_request", "240", NATURAL], ["dccp_timeout_respond", "480", NATURAL], ["dccp_timeout_timewait", "240", NATURAL],
  ["events", "2", BYTE], ["expect_max", "1024", NATURAL], ["frag6_high_thresh", "4194304", NATURAL], ["frag6_low_thresh", "3145728", NATURAL], ["frag6_timeout", "60", NATURAL],
  ["generic_timeout", "600", NATURAL], ["gre_timeout", "30", NATURAL], ["gre_timeout_stream", "180", NATURAL],
  ["icmp_timeout", "30", NATURAL], ["icmpv6_timeout", "30", NATURAL], ["log_invalid", "0", BYTE], ["max", "262144", NATURAL],
  ["sctp_timeout_closed", "10", NATURAL], ["sctp_timeout_cookie_echoed", "3", NATURAL], ["sctp_timeout_cookie_wait", "3", NATURAL], ["sctp_timeout_established", "210", NATURAL],
  ["sctp_timeout_heartbeat_sent", "30", NATURAL], ["sctp_timeout_shutdown_ack_sent", "3", NATURAL], ["sctp_timeout_shutdown_recd", "3", NATURAL], ["sctp_timeout_shutdown_sent", "3", NATURAL],
  ["tcp_be_liberal", "0", BOOL], ["tcp_ignore_invalid_rst", "0", BOOL], ["tcp_loose", "1", BOOL], ["tcp_max_retrans", "3", BYTE],
  ["tcp_timeout_close", "10", NATURAL], ["tcp_timeout_close_wait", "60", NATURAL], ["tcp_timeout_established", "432000", NATURAL], ["tcp_timeout_fin_wait", "120", NATURAL],
  ["tcp_timeout_last_ack", "30", NATURAL], ["tcp_timeout_max_retrans", "300", NATURAL], ["tcp_timeout_syn_recv", "60", NATURAL], ["tcp_timeout_syn_sent", "120", NATURAL],
  ["tcp_timeout_time_wait", "120", NATURAL], ["tcp_timeout_unacknowledged", "300", NATURAL],
  ["timestamp", "0", BOOL], ["udp_timeout", "30", NATURAL], ["udp_timeout_stream", "120", NATURAL],
];
