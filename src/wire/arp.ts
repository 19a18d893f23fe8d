/**
 * ARP for IPv4 over Ethernet: 28 octets. RFC 826; hardware type 1, protocol type 0x0800.
 *   |  htype 2  |  ptype 2  | hlen 1 | plen 1 |  oper 2  |
 *   |  sha 6  |  spa 4  |  tha 6  |  tpa 4  |
 */
export const ARP_LEN = 28;
export const ARP = { htype: 0, ptype: 2, hlen: 4, plen: 5, oper: 6, sha: 8, spa: 14, tha: 18, tpa: 24 } as const;
export const ARP_OP = { REQUEST: 1, REPLY: 2 } as const;
export const ARP_HTYPE_ETHERNET = 1;
