/** ICMP: type, code, checksum, 4 octets of rest, data. RFC 792; next-hop MTU in RFC 1191 §4; codes also RFC 1812 §5.2.7. */
export const ICMP_LEN = 8;
export const ICMP = { type: 0, code: 1, checksum: 2, rest: 4, id: 4, seq: 6, gateway: 4, mtu: 6, data: 8 } as const;
export const ICMP_TYPE = { ECHO_REPLY: 0, DEST_UNREACH: 3, SOURCE_QUENCH: 4, REDIRECT: 5, ECHO: 8, TIME_EXCEEDED: 11, PARAMETER_PROBLEM: 12, TIMESTAMP: 13, TIMESTAMP_REPLY: 14, ADDRESS: 17, ADDRESS_REPLY: 18 } as const;
/** Codes of destination unreachable. */
export const UNREACH = {
  NET: 0, HOST: 1, PROTOCOL: 2, PORT: 3, FRAG_NEEDED: 4, SR_FAILED: 5, NET_UNKNOWN: 6, HOST_UNKNOWN: 7, HOST_ISOLATED: 8, NET_ANO: 9, HOST_ANO: 10, NET_UNR_TOS: 11, HOST_UNR_TOS: 12, PKT_FILTERED: 13,
} as const;
export const TIME_EXCEEDED = { TTL: 0, REASSEMBLY: 1 } as const;
export const REDIRECT = { NET: 0, HOST: 1, NET_TOS: 2, HOST_TOS: 3 } as const;
