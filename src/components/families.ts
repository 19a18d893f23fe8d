/** The ten families of ui/README: a header's name, its colour family, and the letters that stand beside the colour. */
export interface Header {
  readonly family: "eth" | "ip" | "arp" | "icmp" | "udp" | "tcp" | "app" | "tun" | "enc" | "rtg" | "pay";
  /** Letters in the block. */
  readonly short: string;
  /** For the description: "Ethernet 14, IPv4 20". */
  readonly long: string;
}

const h = (family: Header["family"], short: string, long: string): Header => ({ family, short, long });

export const HEADERS: Readonly<Record<string, Header>> = {
  eth: h("eth", "eth", "Ethernet"),
  llc: h("eth", "llc", "LLC"),
  q: h("eth", "q", "802.1Q tag"),
  vlan: h("eth", "q", "802.1Q tag"),
  fcs: h("eth", "fcs", "frame check sequence"),
  pre: h("eth", "pre", "preamble"),
  ip: h("ip", "ip", "IPv4"),
  ip6: h("ip", "ip6", "IPv6"),
  arp: h("arp", "arp", "ARP"),
  nd: h("arp", "nd", "neighbour discovery"),
  stp: h("arp", "bpdu", "STP"),
  lacp: h("arp", "lacp", "LACP"),
  icmp: h("icmp", "icmp", "ICMP"),
  udp: h("udp", "udp", "UDP"),
  dns: h("udp", "dns", "DNS"),
  dhcp: h("udp", "dhcp", "DHCP"),
  tcp: h("tcp", "tcp", "TCP"),
  http: h("app", "http", "HTTP"),
  vxlan: h("tun", "vx", "VXLAN"),
  geneve: h("tun", "gnv", "Geneve"),
  ipip: h("tun", "4in4", "IPv4 in IPv4"),
  gre: h("tun", "gre", "GRE"),
  wg: h("enc", "wg", "WireGuard"),
  esp: h("enc", "esp", "ESP"),
  tls: h("enc", "tls", "TLS"),
  bgp: h("rtg", "bgp", "BGP"),
  ospf: h("rtg", "ospf", "OSPF"),
  rip: h("rtg", "rip", "RIP"),
  data: h("pay", "data", "data"),
  pad: h("pay", "pad", "padding"),
};

export interface Block {
  readonly name: string;
  readonly header: Header;
  readonly octets: number;
}

/** The header that a name such as `ip`, `ip2` or `eth2` stands for. */
export function headerOf(name: string, where: string): Header {
  const header = HEADERS[name] ?? HEADERS[name.replace(/\d$/, "")];
  if (header) return header;
  throw new Error(`${where}: '${name}' is not a header; known are ${Object.keys(HEADERS).join(", ")}`);
}

/** "eth 14, arp 28" */
export function parseBlocks(text: string, where: string): Block[] {
  return text.split(",").map((piece) => {
    const [name = "", count = "", ...rest] = piece.trim().split(/\s+/);
    const octets = Number(count);
    if (rest.length || !Number.isInteger(octets) || octets < 1) throw new Error(`${where}: '${piece.trim()}' is not 'header octets', as in 'eth 14'`);
    return { name, header: headerOf(name, where), octets };
  });
}

export const totalOf = (blocks: readonly Block[]): number => blocks.reduce((sum, block) => sum + block.octets, 0);

/** The text twin of a strip: "Ethernet 14, ARP 28: 42 octets". */
export const describeBlocks = (blocks: readonly Block[], octets: (n: number) => string): string =>
  `${blocks.map((block) => `${block.header.long} ${block.octets}`).join(", ")}: ${octets(totalOf(blocks))}`;
