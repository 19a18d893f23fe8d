/** What ifconfig and netstat -i show of devices and of address labels that look like devices ("eth0:1"). net-tools 2.10. */
import { type Addr6Info, type AddrInfo, IFF, type LinkInfo, type Rtnl } from "../../../kernel/api.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { formatIpv4, maskOf } from "../../../wire/ipv4.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";

/** A device, or a label of one of its addresses. */
export interface Interface {
  readonly name: string;
  readonly link: LinkInfo;
  readonly alias: boolean;
  /** The first address with this label: the one that the old calls know. */
  readonly addr: AddrInfo | undefined;
  /** Of the device itself, the oldest first; the kernel's table of them has no order worth the name. */
  readonly addrs6: readonly Addr6Info[];
}

/** By its name, as the old calls take it: "eth0", or "eth0:1" whether or not an address has that label. */
export function findInterface(rtnl: Rtnl, name: string): Interface | undefined {
  const link = rtnl.link(name.split(":")[0]!);
  if (link === undefined) return undefined;
  return { name, link, alias: name.includes(":"), addr: rtnl.addrs().find((a) => a.ifindex === link.ifindex && a.label === name), addrs6: name.includes(":") ? [] : rtnl.ip6.addrs().filter((a) => a.ifindex === link.ifindex).reverse() };
}

/** Every device and every label that has an address, in the order of their names with numbers as numbers. */
export function allInterfaces(rtnl: Rtnl): Interface[] {
  const names = new Set([...rtnl.links().map((l) => l.name), ...rtnl.addrs().map((a) => a.label)]);
  return [...names].flatMap((n) => findInterface(rtnl, n) ?? []).sort((a, b) => compareNatural(a.name, b.name));
}

function compareNatural(a: string, b: string): number {
  const parts = (s: string): string[] => s.match(/\d+|\D+/g) ?? [];
  const [pa, pb] = [parts(a), parts(b)];
  for (let i = 0; i < Math.min(pa.length, pb.length); i++) {
    const [x, y] = [pa[i]!, pb[i]!];
    if (x === y) continue;
    const bothNumbers = /^\d/.test(x) && /^\d/.test(y);
    return (bothNumbers ? Number(x) - Number(y) : 0) || (x < y ? -1 : 1);
  }
  return pa.length - pb.length;
}

export const isUp = (i: Interface): boolean => (i.link.flags & IFF.UP) !== 0;

const FLAG_NAMES: readonly (readonly [bit: number, name: string, letter: string])[] = [
  [IFF.UP, "UP", ""], [IFF.BROADCAST, "BROADCAST", "B"], [IFF.LOOPBACK, "LOOPBACK", "L"], [IFF.POINTOPOINT, "POINTOPOINT", "P"], [IFF.RUNNING, "RUNNING", "R"],
  [IFF.NOARP, "NOARP", "O"], [IFF.PROMISC, "PROMISC", "P"], [IFF.ALLMULTI, "ALLMULTI", "A"], [IFF.SLAVE, "SLAVE", "s"], [IFF.MASTER, "MASTER", "m"], [IFF.MULTICAST, "MULTICAST", "M"],
];
/** The order of the letters in a table row. */
const LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [IFF.ALLMULTI, "A"], [IFF.BROADCAST, "B"], [IFF.LOOPBACK, "L"], [IFF.MULTICAST, "M"], [IFF.NOARP, "O"], [IFF.POINTOPOINT, "P"], [IFF.PROMISC, "P"], [IFF.RUNNING, "R"],
  [IFF.SLAVE, "s"], [IFF.MASTER, "m"], [IFF.UP, "U"],
];

const SCOPE_IDS = { global: "0x0<global>", site: "0x40<site>", link: "0x20<link>", host: "0x10<host>", nowhere: "0x0<global>" } as const;

/** The long form of ifconfig, with the empty line after it. */
export function formatInterface(i: Interface): string {
  const { link, addr } = i;
  const names = FLAG_NAMES.filter(([bit]) => (link.flags & bit) !== 0).map(([, name]) => name);
  const lines = [`${i.name}: flags=${link.flags & 0xffff}<${names.join(",")}>  mtu ${link.mtu}`];
  if (addr !== undefined) lines.push(`        ${formatAddress(link, addr)}`);
  for (const a of i.addrs6) lines.push(`        inet6 ${formatIpv6(a.local)}  prefixlen ${a.prefixLen}  scopeid ${SCOPE_IDS[a.scope]}`);
  const loop = link.arpType === "loopback";
  lines.push(`        ${loop ? "loop" : `ether ${formatMac(link.lladdr)}`}  txqueuelen ${link.txqlen}  (${loop ? "Local Loopback" : "Ethernet"})`);
  if (!i.alias) lines.push(...formatStats(link));
  return `${lines.join("\n")}\n\n`;
}

function formatAddress(link: LinkInfo, a: AddrInfo): string {
  const broadcast = (link.flags & IFF.BROADCAST) !== 0 ? `  broadcast ${formatIpv4(a.broadcast ?? 0)}` : "";
  const peer = (link.flags & IFF.POINTOPOINT) !== 0 ? `  destination ${formatIpv4(a.address)}` : "";
  return `inet ${formatIpv4(a.local)}  netmask ${formatIpv4(maskOf(a.prefixLen))}${broadcast}${peer}`;
}

function formatStats({ stats: s }: LinkInfo): string[] {
  return [
    `        RX packets ${s.rxPackets}  bytes ${s.rxBytes} (${humanOctets(s.rxBytes)})`,
    `        RX errors ${s.rxErrors}  dropped ${s.rxDropped}  overruns ${s.rxOverErrors}  frame 0`,
    `        TX packets ${s.txPackets}  bytes ${s.txBytes} (${humanOctets(s.txBytes)})`,
    `        TX errors ${s.txErrors}  dropped ${s.txDropped} overruns 0  carrier ${s.txCarrierErrors}  collisions ${s.collisions}`,
  ];
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "118.2 KiB": one digit after the point, cut and not rounded. */
function humanOctets(octets: number): string {
  let unit = 0;
  let size = 1;
  while (unit < UNITS.length - 1 && octets > size * 1024) {
    size *= 1024;
    unit++;
  }
  const tenths = Math.floor((octets * 10) / size);
  return `${Math.floor(tenths / 10)}.${tenths % 10} ${UNITS[unit]!}`;
}

/** A row of `ifconfig -s` and `netstat -i`. */
export function formatInterfaceRow(i: Interface): string {
  const { stats: s, mtu, flags } = i.link;
  const letters = LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter).join("");
  const n = (value: number, width: number): string => String(value).padStart(width);
  const counters = i.alias
    ? "      - no statistics available -                       "
    : `${n(s.rxPackets, 9)}${n(s.rxErrors, 7)}${n(s.rxDropped, 7)} ${String(s.rxOverErrors).padEnd(6)}${n(s.txPackets, 9)}${n(s.txErrors, 7)}${n(s.txDropped, 7)}${n(0, 7)}`;
  return `${i.name.padEnd(16)}${n(mtu, 5)}${counters} ${letters}\n`;
}
