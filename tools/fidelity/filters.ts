/** Filters for the comparison with the real tcpdump: the manual's, the common ones, the wrong ones, and a generator of both. */

export const FILTERS: readonly string[] = [
  "arp", "icmp", "ip", "ip6", "tcp", "udp", "igmp", "rarp", "stp", "icmp6", "ipx", "iso", "netbeui", "sctp", "esp", "vrrp", "pim", "aarp", "atalk", "lat",
  "host 10.0.0.1", "host 10.0.0", "host 10.1", "src 10.0.0.1", "dst 10.0.0.1", "src host 10.0.0.2", "src or dst 10.0.0.1", "src and dst 10.0.0.1", "src or dst host 10.0.0.2", "ip host 10.0.0.2", "arp host 10.0.0.2",
  "net 10", "net 10.0", "net 10.0.0.0/8", "net 10.0.0.0/24", "net 10.0.0.0 mask 255.255.255.0", "src net 224", "net 0", "net 0.0.0.0/0", "dst net 10.0.0.0/30 and icmp", "net 224.0.0.0/4",
  "port 8081", "src port 8081", "dst port 8081", "port 53 or 9999", "tcp port 8081", "udp port 9999", "udp src port 5000", "portrange 5000-5010", "portrange 9999-5000", "tcp portrange 8000-9000", "portrange 8081",
  "portrange http-domain", "port http", "port domain", "tcp port domain", "udp port http", "tcp port tftp", "udp port tftp", "port ssh or port http",
  "ether host 02:00:00:00:01:01", "ether src 02:00:00:00:01:01", "ether dst ff:ff:ff:ff:ff:ff", "ether host 2:0:0:0:2:1", "ether broadcast", "ether multicast", "broadcast", "multicast", "ip multicast", "ip broadcast",
  "ip6 multicast", "ether proto 0x0806", "ether proto \\ip", "ether proto \\arp", "ether proto \\stp", "ether proto 0x42", "ether proto 6", "ether proto \\loopback", "ip proto 1", "ip proto \\icmp", "ip proto \\tcp",
  "proto 17", "ip6 proto 58", "proto gre", "ip proto ospf", "ip proto nonsense", "ether proto nonsense",
  "less 60", "greater 100", "len <= 60", "len = 98", "length > 1000", "len != 42", "greater 0x10", "less 052",
  "icmp[icmptype] == icmp-echoreply", "icmp[icmptype] = icmp-echo or icmp[icmptype] = icmp-echoreply", "icmp[0] = 3 and icmp[1] = 3", "icmp[icmpcode] > 2", "icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply",
  "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[tcpflags] & tcp-syn != 0", "tcp[tcpflags] == tcp-syn", "tcp[13] = 18", "tcp[tcpflags] & (tcp-rst) != 0 and port 8081", "tcp[0:2] > 1024", "tcp[2:2] = 8081",
  "tcp port 8081 and (((ip[2:2] - ((ip[0]&0xf)<<2)) - ((tcp[12]&0xf0)>>2)) != 0)", "ip[0] & 0xf != 5", "ip[6:2] & 0x1fff != 0", "ip[6] & 0x40 != 0", "ip[8] < 5", "ip[8] = 64", "ip[1] & 0xfc >> 2 = 46", "ip[9] = 1",
  "ip[2:2] > 576", "udp[4:2] > 100", "ether[0] & 1 = 0 and ip[16] >= 224", "ether[12:2] = 0x806", "ip6[6] = 58", "icmp6[0] = 135", "icmp6[icmp6type] = icmp6-neighborsolicit", "arp[6:2] = 1", "arp[7] = 2",
  "igmp[0] = 0x16", "ip[12:4] = 0x0a000001", "ip[12:4] = ip[16:4]", "ip[8] + 1 = 65", "ip[8] - 1 > 62", "ip[8] * 2 = 128", "ip[8] / 2 = 32", "ip[8] % 3 = 1", "ip[8] ^ 0x40 = 0", "ip[8] << 1 = 128", "ip[8] >> 3 = 8",
  "-1 = ip[12:4]", "ip[ip[0] & 0xf] = 0", "1 = 1", "1 = 2", "2 + 3 * 4 = 14", "(2 + 3) * 4 = 20", "10 - 3 - 2 = 5", "1 << 2 + 1 = 8", "7 & 3 | 8 = 11", "10 % 4 + 1 = 0", "6 ^ 3 & 1 = 7", "ip[1000] = 0", "not ip[1000] = 0",
  "icmp or ip[60] = 1", "ip[60] = 1 or icmp", "ether[100:4] > 5", "ip[5-3:2] = 84",
  "vlan", "vlan 10", "vlan 100 and vlan 10", "vlan and ip", "vlan and arp", "ip or vlan", "vlan or ip", "vlan 10 and icmp", "not vlan", "vlan 4095", "vlan 4096", "vlan 10 and host 10.0.0.1", "vlan and vlan and icmp",
  "llc", "llc i", "llc s", "llc u", "llc ui", "llc xid", "llc nonsense", "llc rnr",
  "not arp", "not icmp and not arp", "! tcp", "not (tcp or udp)", "arp or icmp", "arp and icmp", "tcp and udp", "ip and not tcp and not udp", "icmp || arp", "icmp && arp", "(icmp)", "((icmp))", "not not icmp",
  "host 10.0.0.1 and 10.0.0.2", "host 10.0.0.1 or 10.0.0.9", "host 10.0.0.1 and not 10.0.0.9", "host 10.0.0.1 and (10.0.0.2 or 10.0.0.3)", "host (10.0.0.1 or 10.0.0.9)", "port (8081 or 9999)", "port 8081 or (9999)",
  "port (8081)", "port ((8081))", "host (10.0.0.1)", "host ((10.0.0.1))", "host (not 10.0.0.1)", "host not 10.0.0.1", "host (10.0.0.1 or not 10.0.0.2)", "(host 10.0.0.1) or 10.0.0.2", "(host 10.0.0.1 or 10.0.0.9) and icmp",
  "host 10.0.0.1 and port 8081 or 9999", "tcp port 8081 or udp port 9999", "src 10.0.0.1 and dst 10.0.0.2 and icmp", "icmp and host 10.0.0.1 or arp",
  "host 2001:db8::1", "src host fe80::ff:fe00:201", "net 2001:db8::/32", "ip6 host 2001:db8::1", "net fe80::/10", "host fe80::/10", "net fe80::1/10", "host 2001:db8::1/129", "ip host 2001:db8::1", "tcp host 2001:db8::1", "port 2001:db8::1",
  "host ::", "net ::/0", "host ::ffff:1.2.3.4", "byte 0 = 2", "byte 12 > 7", "byte 13 < 7",
  // refusals
  "host", "port 99999", "frobnicate", "host 10.0.0.300", "nosuch", "port", "icmp and", "tcp 80", "ping", "ip 10.0.0.1", "10.0.0.1", "eth0", "host nosuchhost", "port nosuchport", "portrange nosuch-80", "portrange 80-99999",
  "net 10.0.0.1/24", "net 10.0.0.0/33", "host 10.0.0.0/24", "net 10.0.0.0 mask 255.255.255.1000", "net 10.0.0.1 mask 255.0.0.0", "net nosuch", "ether host 1.2.3.4", "ether host 02:00:00:00:01", "ether host nosuch",
  "host 02:00:00:00:01:01", "tcp host 10.0.0.1", "udp net 10", "icmp host 10.0.0.1", "icmp port 80", "arp port 80", "ip port 80", "ether port 80", "ip6 host 10.0.0.1", "port 10.0.0.1", "proto 10.0.0.1", "tcp proto 6",
  "arp proto 1", "src proto 6", "ip src proto 6", "ether", "ether 80", "link", "and", "or", "not", "(", ")", "()", "(icmp", "icmp)", "icmp arp", "icmp and and arp", "icmp or", "or icmp", "host and port", "host 10.0.0.1 10.0.0.2", "port 80 90",
  "icmp[0", "icmp[]", "icmp[0:3] = 1", "icmp[0:] = 1", "icmp[0]", "icmp[0] =", "ip[0] = = 4", "stp[0] = 1", "ip[0] / 0 = 1", "ip[0] % 0 = 1", "ip[0] << 32 = 1", "ip[4] / ip[0] = 1", "1 +", "len", "5", "(5)", "5 = ",
  "port 089", "port 4294967296", "len > 99999999999", "icmp @ arp", "icmp; arp", "host 10.0.0.1/", "net 10/8", "net 10.0/16", "net 10.0.0.0/8 or 11.0.0.0/8", "inbound", "outbound", "ifindex 1", "less", "greater x",
  "broadcast and ip", "arp multicast", "tcp broadcast", "src broadcast", "tcp[tcpflags] & tcp-foo != 0", "tcp-syn", "icmp-echo", "ip proto icmp", "vlan vlan", "vlan x", "ip host 10.0.0.1 and ether host 02:00:00:00:01:01",
  "02:00:00:00:01:01", "ether host 0200.0000.0101", "ether host 02-00-00-00-01-01", "ether host 020000000101", "ether host 2:0:0:0:2", "host 1.2.3.4.5", "host 10.0.0.2.", "host -", "port -1", "portrange 5-", "dst", "src or", "src or src 10.0.0.1",
  "host localhost", "src host localhost and icmp", "not host localhost", "icmp and not", "tcp port", "tcp src", "tcp src 10.0.0.1", "udp dst portrange 1-2", "ip and tcp and host 10.0.0.1 and port 8081 and not port 22",
];

const ATOMS = [
  "arp", "icmp", "ip", "ip6", "tcp", "udp", "igmp", "stp", "host 10.0.0.1", "src 10.0.0.2", "dst host 224.0.0.251", "net 10.0.0.0/24", "port 8081", "tcp port 8081", "udp port 9999", "portrange 5000-10000", "ether host 02:00:00:00:02:01",
  "broadcast", "multicast", "greater 80", "less 70", "ip[8] = 64", "ip[6:2] & 0x1fff = 0", "icmp[0] = 8", "tcp[13] & 2 != 0", "udp[4:2] > 20", "ether[0] & 1 = 1", "ip proto 1", "ether proto 0x806", "ip[0] & 15 > 5", "vlan", "len > 100",
  "ip[9] + 1 = 2", "icmp6", "icmp[8:4] > 0", "ip[40:4] = 0", "10.0.0.1", "8081", "host", "port", "\\icmp", "10.0.0.2 or 10.0.0.9",
];

/** Conditions joined, negated and bracketed at random; some of them nonsense. */
export function randomFilters(random: () => number, count: number): string[] {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)]!;
  const make = (depth: number): string => {
    const r = random();
    if (depth === 0 || r < 0.35) return pick(ATOMS);
    if (r < 0.5) return `not ${make(depth - 1)}`;
    if (r < 0.65) return `(${make(depth - 1)})`;
    return `${make(depth - 1)} ${pick(["and", "or", "and", "or", "&&", "||", ""])} ${make(depth - 1)}`;
  };
  return Array.from({ length: count }, () => make(3));
}
