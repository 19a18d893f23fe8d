/** Link layers: Ethernet with VLAN tags, 802.2 LLC and SNAP, and Linux cooked capture, which `-i any` gives. */
import { hex } from "../../../base/bytes.ts";
import { ETH_LEN, ETH_MAX_LENGTH_FIELD } from "../../../wire/ethernet.ts";
import { LLC_UI, LLCSAP } from "../../../wire/llc.ts";
import { VLAN_LEN, VLAN_TPIDS } from "../../../wire/vlan.ts";
import { type Dissector, name } from "./dissector.ts";
import { defaultPrint, hexAndAscii } from "./hex.ts";
import { ETHERTYPE_NAMES, OUI_NAMES, SAP_NAMES } from "./names.ts";
import { printSlow } from "./print-slow.ts";
import { printArp } from "./print-arp.ts";
import { printIpv4 } from "./print-ip.ts";
import { printIpv6 } from "./print-ip6.ts";
import { printStp } from "./print-stp.ts";

/** Where the link layer's addresses are; undefined when it has none that a printer could show. */
interface LinkAddresses {
  src: number;
  dst: number;
}

export function ethertypeText(d: Dissector, type: number): string {
  if (d.o.q > 0) return name(ETHERTYPE_NAMES, type, `Unknown Ethertype (0x${hex(type, 4)})`);
  return `ethertype ${name(ETHERTYPE_NAMES, type, "Unknown")} (0x${hex(type, 4)})`;
}

export function tciText(tci: number): string {
  return `vlan ${tci & 0xfff}, p ${tci >> 13}${(tci & 0x1000) !== 0 ? ", DEI" : ""}`;
}

/** A frame of `length` octets on the wire, `captured` of them here. @returns octets of link-layer header. */
export function printEthernet(d: Dissector, at: number, length: number, captured: number): number {
  d.protocol = "ether";
  if (length < captured) {
    d.out(`[length ${length} < caplen ${captured}]`);
    d.invalid();
    return length;
  }
  if (captured < ETH_LEN) {
    d.truncated();
    return captured;
  }
  const link = { dst: at, src: at + 6 };
  if (d.o.e > 0) d.out(`${d.mac(link.src)} > ${d.mac(link.dst)}, `);
  let p = at + ETH_LEN;
  let type = d.u16(at + 12);
  let said = false;
  while (VLAN_TPIDS.includes(type)) {
    if (Math.min(captured, length) - (p - at) < VLAN_LEN) {
      d.protocol = "vlan";
      d.truncated();
      return Math.min(captured, length);
    }
    if (d.o.e > 0) {
      d.out(`${ethertypeText(d, type)}, ${said ? "" : `length ${length}: `}${tciText(d.u16(p))}, `);
      said = true;
    }
    type = d.u16(p + 2);
    p += VLAN_LEN;
  }
  const left = length - (p - at);
  const leftCaptured = captured - (p - at);
  return p - at + printTyped(d, { p, type, length, left, captured: leftCaptured, said, link });
}

interface Typed {
  p: number; type: number; length: number; left: number; captured: number; said: boolean; link: LinkAddresses;
}

/** What follows the last type or length field. @returns octets of LLC header. */
function printTyped(d: Dissector, t: Typed): number {
  if (t.type <= ETH_MAX_LENGTH_FIELD) {
    const left = Math.min(t.left, t.type);
    let llc = 0;
    d.within(t.p, left, () => {
      if (d.o.e > 0) d.out(`802.3${t.said ? "" : `, length ${left}: `}`);
      llc = printLlc(d, t.p, left, Math.min(t.captured, left), t.link);
      if (llc < 0) defaultPrint(d, t.p, Math.min(t.captured, left));
    });
    return Math.abs(llc);
  }
  if (d.o.e > 0) d.out(`${ethertypeText(d, t.type)}, ${t.said ? "" : `length ${t.length}: `}`);
  if (!printByEthertype(d, t.type, t.p, t.left, t.captured)) {
    if (d.o.e === 0) d.out(`${d.mac(t.link.src)} > ${d.mac(t.link.dst)}, ${ethertypeText(d, t.type)}, length ${t.length}: `);
    defaultPrint(d, t.p, t.captured);
  }
  return 0;
}

/** @returns whether this EtherType has a printer here. */
export function printByEthertype(d: Dissector, type: number, at: number, length: number, captured: number): boolean {
  switch (type) {
    case 0x0800:
      printIpv4(d, at, length);
      return true;
    case 0x86dd:
      printIpv6(d, at, length);
      return true;
    case 0x0806:
    case 0x8035:
      printArp(d, at, length, captured);
      return true;
    case 0x8809:
      return printSlow(d, at, length);
    default:
      return false;
  }
}

const LLC_COMMANDS: ReadonlyMap<number, string> = new Map([
  [0x03, "ui"], [0xe3, "test"], [0xaf, "xid"], [0x63, "ua"], [0x43, "disc"], [0x0f, "dm"], [0x6f, "sabme"], [0x87, "frmr"],
]);
const LLC_FLAGS: ReadonlyMap<number, string> = new Map([
  [0, "Command"], [1, "Response"], [0x10, "Poll"], [0x11, "Final"], [0x100, "Poll"], [0x101, "Final"],
]);
const SUPERVISORY: readonly string[] = ["Receiver Ready", "Receiver not Ready", "Reject", "?"];

/** @returns octets of header; negative when the payload has no printer and shall be dumped. */
function printLlc(d: Dissector, at: number, length: number, captured: number, link: LinkAddresses | undefined): number {
  d.protocol = "llc";
  const tooShort = (n: number): boolean => {
    if (captured >= n && length >= n) return false;
    d.truncated();
    hexAndAscii(d, "\n\t", at, captured);
    return true;
  };
  if (tooShort(3)) return Math.min(captured, length);
  const dsapField = d.u8(at);
  const ssapField = d.u8(at + 1);
  let control = d.u8(at + 2);
  const unnumbered = (control & 3) === 3;
  if (!unnumbered) {
    if (tooShort(4)) return Math.min(captured, length);
    control |= d.u8(at + 3) << 8;
  }
  const header = unnumbered ? 3 : 4;
  const dsap = dsapField & 0xfe;
  const ssap = ssapField & 0xfe;
  if (d.o.e > 0) {
    const sap = (s: number): string => `${name(SAP_NAMES, s, "Unknown")} (0x${hex(s, 2)})`;
    d.out(`LLC, dsap ${sap(dsap)} ${(dsapField & 1) !== 0 ? "Group" : "Individual"}, ssap ${sap(ssap)} ${(ssapField & 1) !== 0 ? "Response" : "Command"}, ctrl 0x${hex(control, unnumbered ? 2 : 4)}: `);
  }
  const p = at + header;
  const left = length - header;
  const leftCaptured = captured - header;
  if (control === LLC_UI && dsap === ssap) {
    if (ssap === LLCSAP.SNAP) return printSnap(d, p, left, leftCaptured, link) ? header + 5 : -(header + 5);
    if (ssap === LLCSAP.STP) {
      printStp(d, p, left);
      return header;
    }
    if (ssap === LLCSAP.IP) {
      printIpv4(d, p, left);
      return header;
    }
  }
  if (d.o.e === 0) d.out(sapLine(d, dsap, ssap, link));
  return printLlcKind(d, { p, left, captured: leftCaptured, header, control, unnumbered, ssapField });
}

function sapLine(d: Dissector, dsap: number, ssap: number, link: LinkAddresses | undefined): string {
  const to = name(SAP_NAMES, dsap, `Unknown DSAP 0x${hex(dsap, 2)}`);
  const from = name(SAP_NAMES, ssap, `Unknown SSAP 0x${hex(ssap, 2)}`);
  if (!link) return ssap === dsap ? `${to} ` : `${from} > ${to} `;
  const [src, dst] = [d.mac(link.src), d.mac(link.dst)];
  return ssap === dsap ? `${src} > ${dst} ${to} ` : `${src} ${from} > ${dst} ${to} `;
}

interface LlcFrame {
  p: number; left: number; captured: number; header: number; control: number; unnumbered: boolean; ssapField: number;
}

/** The words for a frame whose payload is unknown. */
function printLlcKind(d: Dissector, f: LlcFrame): number {
  const flags = (poll: number): string => LLC_FLAGS.get((f.ssapField & 1) | (f.control & poll)) ?? "?";
  const total = f.left + f.header;
  if (!f.unnumbered) {
    const nr = (f.control >> 9) & 0x7f;
    if ((f.control & 1) === 1) {
      d.out(`Supervisory, ${SUPERVISORY[(f.control >> 2) & 3]}, rcv seq ${nr}, Flags [${flags(0x100)}], length ${total}`);
      return f.header;
    }
    d.out(`Information, send seq ${(f.control >> 1) & 0x7f}, rcv seq ${nr}, Flags [${flags(0x100)}], length ${total}`);
    return -f.header;
  }
  d.out(`Unnumbered, ${name(LLC_COMMANDS, f.control & 0xef, hex(f.control & 0xef, 2))}, Flags [${flags(0x10)}], length ${total}`);
  if ((f.control & 0xef) !== 0xaf) return -f.header;
  // XID: exchange of identification; format 0x81 is the basic one.
  if (f.left === 0) return f.header;
  if (f.captured < 1) {
    d.truncated();
    return f.header;
  }
  if (d.u8(f.p) !== 0x81) return -f.header;
  if (f.captured < 3 || f.left < 3) {
    d.truncated();
    hexAndAscii(d, "\n\t", f.p, f.captured);
  } else d.out(`: ${hex(d.u8(f.p + 1), 2)} ${hex(d.u8(f.p + 2), 2)}`);
  return f.header;
}

const CISCO_PIDS: ReadonlyMap<number, string> = new Map([[0x2000, "CDP"], [0x2003, "VTP"], [0x2004, "DTP"], [0x0111, "UDLD"], [0x010b, "PVST"], [0x010c, "VLAN Bridge"]]);
const BRIDGED_PIDS: ReadonlyMap<number, string> = new Map([
  [1, "Ethernet + FCS"], [7, "Ethernet w/o FCS"], [2, "802.4 + FCS"], [8, "802.4 w/o FCS"], [3, "Token Ring + FCS"], [9, "Token Ring w/o FCS"], [4, "FDDI + FCS"], [0xa, "FDDI w/o FCS"], [5, "802.6 + FCS"],
  [0xb, "802.6 w/o FCS"], [0xe, "BPDU"],
]);
const NO_NAMES: ReadonlyMap<number, string> = new Map();
const PID_NAMES: ReadonlyMap<number, ReadonlyMap<number, string>> = new Map([
  [0x000000, ETHERTYPE_NAMES], [0x0000f8, ETHERTYPE_NAMES], [0x080007, ETHERTYPE_NAMES], [0x00000c, CISCO_PIDS], [0x0080c2, BRIDGED_PIDS],
]);

/** @returns whether the payload had a printer. */
function printSnap(d: Dissector, at: number, length: number, captured: number, link: LinkAddresses | undefined): boolean {
  d.protocol = "snap";
  if (!d.has(at, 5) || captured < 5 || length < 5) {
    d.truncated();
    return true;
  }
  const oui = d.u24(at);
  const pid = d.u16(at + 3);
  const left = length - 5;
  const pidText = `${name(PID_NAMES.get(oui) ?? NO_NAMES, pid, "Unknown")} (0x${hex(pid, 4)})`;
  const ouiText = `${name(OUI_NAMES, oui, "Unknown")} (0x${hex(oui, 6)})`;
  if (d.o.e > 0) d.out(`oui ${ouiText}, ${oui === 0 ? "ethertype" : "pid"} ${pidText}, length ${left}: `);
  if ((oui === 0 || oui === 0xf8) && printByEthertype(d, pid, at + 5, left, captured - 5)) return true;
  if ((oui === 0x00000c && (pid === 0x010b || pid === 0x010c)) || (oui === 0x0080c2 && pid === 0xe)) {
    printStp(d, at + 5, left);
    return true;
  }
  if (d.o.e === 0) {
    if (link) d.out(`${d.mac(link.src)} > ${d.mac(link.dst)} `);
    d.out(oui === 0 ? `SNAP, ethertype ${pidText}, length ${left}: ` : `SNAP, oui ${ouiText}, pid ${pidText}, length ${left}: `);
  }
  return false;
}

/** linux/if_packet.h PACKET_HOST ... PACKET_OUTGOING, as tcpdump shows them. */
const PACKET_TYPES: readonly string[] = ["In", "B", "M", "P", "Out"];
/** What Linux gives as protocol of a frame with an LLC header (ETH_P_802_2). */
const SLL_802_2 = 4;

/** Cooked capture, by version: where its header has what. */
interface Cooked {
  protocol: string;
  length: number;
  typeAt: number;
  addressLength(d: Dissector): number;
  addressAt: number;
  /** What stands before the address in the line of -e. */
  start(d: Dissector): string;
}
/** Packet type 2, hardware type 2, address length 2, address 8, protocol 2. */
const SLL: Cooked = { protocol: "sll", length: 16, typeAt: 14, addressLength: (d) => d.u16(4), addressAt: 6, start: (d) => `${(PACKET_TYPES[d.u16(0)] ?? "?").padStart(3)} ` };
/** Protocol 2, reserved 2, ifindex 4, hardware type 2, packet type 1, address length 1, address 8. */
const SLL2: Cooked = { protocol: "sll2", length: 20, typeAt: 0, addressLength: (d) => d.u8(11), addressAt: 12, start: (d) => `ifindex ${d.u32(4)} ` };

/** Cooked capture of a chosen link type (-y LINUX_SLL), or when no device but `any` is fit to capture on. */
export function printSll(d: Dissector, length: number, captured: number): void {
  d.protocol = "sll";
  if (d.need(0, SLL.length)) printCooked(d, SLL, length, captured);
}

/** Cooked capture as `-i any` gives it: each line begins with the device. */
export function printSll2(d: Dissector, length: number, captured: number): void {
  d.protocol = "sll2";
  if (!d.need(0, SLL2.length)) return;
  d.out(`${(d.names.ifname(d.u32(4)) ?? "?").padEnd(5)} ${(PACKET_TYPES[d.u8(10)] ?? "?").padEnd(3)} `);
  printCooked(d, SLL2, length, captured);
}

function printCooked(d: Dissector, c: Cooked, length: number, captured: number): void {
  if (d.o.e > 0) d.out(cookedLine(d, c, length));
  let type = d.u16(c.typeAt);
  let p = c.length;
  while (type === 0x8100) {
    if (captured - p < VLAN_LEN) {
      d.protocol = "vlan";
      d.truncated();
      d.linkLength = captured;
      return;
    }
    if (d.o.e > 0) d.out(`${tciText(d.u16(p))}, `);
    type = d.u16(p + 2);
    if (type <= ETH_MAX_LENGTH_FIELD) type = SLL_802_2;
    if (d.o.q === 0) d.out(`ethertype ${name(ETHERTYPE_NAMES, type, "Unknown")}, `);
    p += VLAN_LEN;
  }
  d.linkLength = p + printCookedPayload(d, c, type, p, length, captured);
}

function printCookedPayload(d: Dissector, c: Cooked, type: number, p: number, length: number, captured: number): number {
  if (type <= ETH_MAX_LENGTH_FIELD) {
    const llc = type === SLL_802_2 ? printLlc(d, p, length - p, captured - p, undefined) : -1;
    if (llc < 0) defaultPrint(d, p, captured - p);
    return Math.max(llc, 0);
  }
  if (!printByEthertype(d, type, p, length - p, captured - p)) {
    if (d.o.e === 0) d.out(cookedLine(d, c, length - p + c.length));
    defaultPrint(d, p, captured - p);
  }
  return 0;
}

function cookedLine(d: Dissector, c: Cooked, length: number): string {
  const type = d.u16(c.typeAt);
  let s = `${c.start(d)}${c.addressLength(d) === 6 ? `${d.mac(c.addressAt)} ` : ""}`;
  if (d.o.q > 0) return s;
  if (type > ETH_MAX_LENGTH_FIELD) s += `ethertype ${name(ETHERTYPE_NAMES, type, "Unknown")} (0x${hex(type, 4)})`;
  else s += type === SLL_802_2 ? "802.2" : type === 1 ? "802.3" : `ethertype Unknown (0x${hex(type, 4)})`;
  return `${s}, length ${length}: `;
}
