/** What can be captured on, in libpcap's order of merit (get_figure_of_merit), and link types with their names. */
import type { LinkInfo, Netns } from "../../../kernel/api.ts";
import { LINKTYPE } from "../../../wire/pcap.ts";

export interface CaptureDevice {
  name: string;
  description?: string;
  up: boolean;
  running: boolean;
  loopback: boolean;
  wireless: boolean;
  connected: boolean | undefined;
}

const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;
/** Devices that the real library lists and that no packet comes from here. */
export const OTHER_SOURCES: ReadonlyMap<string, string> = new Map([
  ["bluetooth-monitor", "Bluetooth Linux Monitor"],
  ["nflog", "Linux netfilter log (NFLOG) interface"],
  ["nfqueue", "Linux netfilter queue (NFQUEUE) interface"],
  ["dbus-system", "D-Bus system bus"],
  ["dbus-session", "D-Bus session bus"],
]);

function fromLink(link: LinkInfo): CaptureDevice {
  const loopback = (link.flags & IFF_LOOPBACK) !== 0;
  const up = (link.flags & IFF_UP) !== 0;
  // ETHTOOL_GLINK: a dummy device does not say.
  const connected = loopback || link.kind === "dummy" ? undefined : up && link.carrier;
  return { name: link.name, up, running: (link.flags & IFF_RUNNING) !== 0, loopback, wireless: false, connected };
}

/** Lower is better. */
function merit(d: CaptureDevice): number {
  const disconnected = !d.wireless && d.connected === false;
  return (d.running ? 0 : 16) + (d.up ? 0 : 8) + (disconnected ? 4 : 0) + (d.loopback ? 2 : 0) + (d.name === "any" ? 1 : 0);
}

export function captureDevices(ns: Netns): CaptureDevice[] {
  const all = ns.rtnl.links().map(fromLink);
  all.push({ name: "any", description: "Pseudo-device that captures on all interfaces", up: true, running: true, loopback: false, wireless: false, connected: undefined });
  for (const [name, description] of OTHER_SOURCES) all.push({ name, description, up: false, running: false, loopback: false, wireless: name.startsWith("bluetooth"), connected: undefined });
  return all
    .map((d, i) => ({ d, i }))
    .sort((a, b) => merit(a.d) - merit(b.d) || a.i - b.i)
    .map(({ d }) => d);
}

/** As -D lists it. */
export function deviceLine(d: CaptureDevice, number: number): string {
  const flags = [d.up && "Up", d.running && "Running", d.loopback && "Loopback", d.wireless && "Wireless"].filter((f) => f !== false);
  const state = flags.length > 0 ? flags.join(", ") : "none";
  const connection = d.connected === undefined ? "" : d.connected ? ", Connected" : ", Disconnected";
  return `${number}.${d.name}${d.description === undefined ? "" : ` (${d.description})`} [${state}${connection}]\n`;
}

/** Names and descriptions of the link types this tcpdump can meet. */
const LINK_TYPES: ReadonlyMap<number, readonly [name: string, description: string]> = new Map([
  [LINKTYPE.ETHERNET, ["EN10MB", "Ethernet"]],
  [LINKTYPE.RAW, ["RAW", "Raw IP"]],
  [LINKTYPE.LINUX_SLL, ["LINUX_SLL", "Linux cooked v1"]],
  [LINKTYPE.LINUX_SLL2, ["LINUX_SLL2", "Linux cooked v2"]],
]);

/** "EN10MB (Ethernet)". */
export function linkTypeText(type: number): string {
  const known = LINK_TYPES.get(type);
  return known ? `${known[0]} (${known[1]})` : String(type);
}

export function linkTypesOf(device: string): string[] {
  const types = device === "any" ? [LINKTYPE.LINUX_SLL, LINKTYPE.LINUX_SLL2] : [LINKTYPE.ETHERNET];
  // libpcap offers DOCSIS on every Ethernet card: it might be a cable modem's (RFC 4639), and it cannot tell.
  const docsis = device === "any" || device === "lo" ? [] : ["  DOCSIS (DOCSIS) (printing not supported)"];
  return [...types.map((t) => `  ${linkTypeText(t)}`), ...docsis];
}
