/** tcpdump's command line: 4.99.3's options in their order, checked as they come, the first mistake ending it. */
import { LINKTYPE, MAX_SNAPLEN } from "../../../wire/pcap.ts";
import { getopt, type LongOptions } from "../../getopt.ts";
import { PLAIN, type PrintOptions } from "./dissector.ts";

export interface TcpdumpOptions {
  print: PrintOptions;
  device: string | undefined;
  count: number | undefined;
  /** 0: as much as there is. */
  snaplen: number;
  readFile: string | undefined;
  writeFile: string | undefined;
  filterFile: string | undefined;
  filter: string;
  direction: "in" | "out" | "inout";
  linkType: number | undefined;
  linkTypeName: string;
  timestampType: string | undefined;
  lineBuffered: boolean;
  packetBuffered: boolean;
  promiscuous: boolean;
  immediate: boolean;
  monitor: boolean;
  countOnly: boolean;
  printToo: boolean;
  listDevices: boolean;
  listLinkTypes: boolean;
  listTimestampTypes: boolean;
}

/** What the command line asks for; or text to print and leave with a status; or what is not emulated. */
export type Asked =
  | { kind: "run"; options: TcpdumpOptions; warnings: string }
  | { kind: "text"; out: string; warnings: string }
  | { kind: "error"; text: string; warnings: string }
  | { kind: "usage"; text: string; warnings: string }
  | { kind: "refused"; what: string; warnings: string };

const SHORTS = "aAbB:c:C:dDeE:fF:G:hHi:Ij:JKlLm:M:nNOpqQ:r:s:StT:uUvV:w:W:xXy:Yz:Z:#";
const LONGS: LongOptions = {
  "buffer-size": "B:", "list-interfaces": "D", help: "h", interface: "i:", "monitor-mode": "I", "time-stamp-type": "j:", "list-time-stamp-types": "J", micro: "micro", nano: "nano", "time-stamp-precision": "precision:",
  "dont-verify-checksums": "K", "list-data-link-types": "L", "no-optimize": "O", "no-promiscuous-mode": "p", direction: "Q:", "snapshot-length": "s:", "absolute-tcp-sequence-numbers": "S", "packet-buffered": "U", linktype: "y:",
  "immediate-mode": "immediate", "debug-filter-parser": "Y", "relinquish-privileges": "Z:", count: "count", "fp-type": "fp-type", number: "#", print: "print", version: "version",
};

export const VERSION = "tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\nOpenSSL 3.0.19 27 Jan 2026\n";
export const USAGE = `${VERSION}Usage: tcpdump [-AbdDefhHIJKlLnNOpqStuUvxX#] [ -B size ] [ -c count ] [--count]
\t\t[ -C file_size ] [ -E algo:secret ] [ -F file ] [ -G seconds ]
\t\t[ -i interface ] [ --immediate-mode ] [ -j tstamptype ]
\t\t[ -M secret ] [ --number ] [ --print ] [ -Q in|out|inout ]
\t\t[ -r file ] [ -s snaplen ] [ -T type ] [ --version ]
\t\t[ -V file ] [ -w file ] [ -W filecount ] [ -y datalinktype ]
\t\t[ --time-stamp-precision precision ] [ --micro ] [ --nano ]
\t\t[ -z postrotate-command ] [ -Z user ] [ expression ]
`;

const TIMESTAMP_TYPES: ReadonlySet<string> = new Set(["host", "host_lowprec", "host_hiprec", "host_hiprec_unsynced", "adapter", "adapter_unsynced"]);
const PACKET_TYPES: ReadonlySet<string> = new Set([
  "vat", "wb", "rpc", "rtp", "rtcp", "snmp", "cnfp", "tftp", "aodv", "carp", "radius", "zmtp1", "vxlan", "pgm", "pgm_zmtp1", "lmp", "resp", "ptp", "someip", "domain",
]);
/** Link types by name; -1: one that is known and that no device here has. */
const LINK_TYPES: ReadonlyMap<string, number> = new Map([
  ["EN10MB", LINKTYPE.ETHERNET], ["LINUX_SLL", LINKTYPE.LINUX_SLL], ["LINUX_SLL2", LINKTYPE.LINUX_SLL2],
  ...["RAW", "NULL", "LOOP", "PPP", "PPP_SERIAL", "PPP_ETHER", "SLIP", "FDDI", "IEEE802", "IEEE802_11", "IEEE802_11_RADIO", "PRISM_HEADER", "ARCNET", "DOCSIS", "ATM_RFC1483", "C_HDLC", "FRELAY", "IPV4", "IPV6", "NFLOG", "PFLOG", "USB_LINUX", "BLUETOOTH_HCI_H4"].map(
    (name): [string, number] => [name, -1],
  ),
]);
/** Options that change nothing here: AS numbers, mesh headers, checksums' and filters' insides, privileges. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(["a", "b", "H", "O", "u", "Y", "Z"]);
const lower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
const upper = (s: string): string => s.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
/** atoi(3), within 32 bits. */
const atoi = (s: string): number => Number(/^[ \t\n]*([+-]?[0-9]+)/.exec(s)?.[1] ?? 0) | 0;

/** strtol(3) with base 0 on a whole argument. */
function wholeNumber(s: string): number | undefined {
  const m = /^[ \t\n]*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)$/.exec(s);
  if (!m) return undefined;
  const digits = m[2]!;
  const value = digits.length > 1 && digits.startsWith("0") && !/^0[xX]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return m[1] === "-" ? -value : value;
}

type Problem = { error: string } | { refused: string };
const error = (text: string): Problem => ({ error: text });

class Reader {
  readonly o: TcpdumpOptions = {
    print: { ...PLAIN }, device: undefined, count: undefined, snaplen: 0, readFile: undefined, writeFile: undefined, filterFile: undefined, filter: "", direction: "inout", linkType: undefined, linkTypeName: "",
    timestampType: undefined, lineBuffered: false, packetBuffered: false, promiscuous: true, immediate: false, monitor: false, countOnly: false, printToo: false, listDevices: false, listLinkTypes: false,
    listTimestampTypes: false,
  };
  warnings = "";

  take(key: string, value: string): Problem | undefined {
    return this.flag(key) ? undefined : this.valued(key, value);
  }

  /** @returns whether it was one without a value that is done here. */
  private flag(key: string): boolean {
    const { o } = this;
    if (key === "A" || key === "e" || key === "K" || key === "n" || key === "N" || key === "q" || key === "S" || key === "t" || key === "v" || key === "x" || key === "X") o.print[key]++;
    else if (key === "#") o.print.number = true;
    else if (key === "D") o.listDevices = true;
    else if (key === "L") o.listLinkTypes = true;
    else if (key === "J") o.listTimestampTypes = true;
    else if (key === "I") o.monitor = true;
    else if (key === "l") o.lineBuffered = true;
    else if (key === "U") o.packetBuffered = true;
    else if (key === "p") o.promiscuous = false;
    else if (key === "immediate") o.immediate = true;
    else if (key === "count") o.countOnly = true;
    else if (key === "print") o.printToo = true;
    else if (key === "micro" || key === "nano") o.print.nano = key === "nano";
    else return WITHOUT_EFFECT.has(key);
    return true;
  }

  private valued(key: string, value: string): Problem | undefined {
    const { o } = this;
    switch (key) {
      case "B":
        return atoi(value) <= 0 ? error(`invalid packet buffer size ${value}`) : undefined;
      case "c":
        o.count = atoi(value);
        return o.count <= 0 ? error(`invalid packet count ${value}`) : undefined;
      case "F":
        o.filterFile = value;
        return undefined;
      case "i":
        o.device = value;
        return undefined;
      case "j":
        o.timestampType = lower(value);
        return TIMESTAMP_TYPES.has(o.timestampType) ? undefined : error(`invalid time stamp type ${value}`);
      case "m":
        this.warnings += `tcpdump: ignoring option \`-m ${value}' (no libsmi support)\n`;
        return undefined;
      case "Q":
        if (!["in", "out", "inout"].includes(lower(value))) return error(`unknown capture direction \`${value}'`);
        o.direction = lower(value) as "in" | "out" | "inout";
        return undefined;
      case "r":
        o.readFile = value;
        return undefined;
      case "s":
        return this.snaplen(value);
      case "w":
        o.writeFile = value;
        return undefined;
      case "y":
        return this.linkType(value);
      case "precision":
        if (!["micro", "nano"].includes(lower(value))) return error("unsupported time stamp precision");
        o.print.nano = lower(value) === "nano";
        return undefined;
      default:
        return refusal(key, value);
    }
  }

  private snaplen(value: string): Problem | undefined {
    const n = wholeNumber(value);
    if (n === undefined || n < 0 || n > MAX_SNAPLEN) return error(`invalid snaplen ${value} (must be >= 0 and <= ${MAX_SNAPLEN})`);
    this.o.snaplen = n;
    return undefined;
  }

  private linkType(value: string): Problem | undefined {
    this.o.linkType = LINK_TYPES.get(upper(value));
    this.o.linkTypeName = upper(value);
    return this.o.linkType === undefined ? error(`invalid data link type ${value}`) : undefined;
  }
}

/** Options whose values are checked as ever, and that are not emulated. */
function refusal(key: string, value: string): Problem {
  if (key === "C" && !(/^[ \t\n]*\+?[0-9]+$/.test(value) && Number(value) > 0)) return error(`invalid file size ${value}`);
  if (key === "G" && atoi(value) < 0) return error(`invalid number of seconds ${value}`);
  if (key === "W" && atoi(value) <= 0) return error(`invalid number of output files ${value}`);
  if (key === "T" && !PACKET_TYPES.has(lower(value))) return error(`unknown packet type \`${value}'`);
  return { refused: key.length === 1 ? `tcpdump -${key}` : `tcpdump --${key}` };
}

export function parseTcpdump(args: readonly string[]): Asked {
  const parsed = getopt(args, SHORTS, LONGS);
  const r = new Reader();
  for (const { key, value } of parsed.options) {
    if (key === "h") return { kind: "text", out: USAGE, warnings: r.warnings };
    if (key === "version") return { kind: "text", out: VERSION, warnings: r.warnings };
    const bad = r.take(key, value ?? "");
    if (bad === undefined) continue;
    return "error" in bad ? { kind: "error", text: bad.error, warnings: r.warnings } : { kind: "refused", what: bad.refused, warnings: r.warnings };
  }
  if (parsed.error !== undefined) return { kind: "usage", text: parsed.error, warnings: r.warnings };
  if (r.o.listDevices) return { kind: "run", options: r.o, warnings: r.warnings };
  if (r.o.print.t > 5) return { kind: "error", text: "only -t, -tt, -ttt, -tttt and -ttttt are supported", warnings: r.warnings };
  if (r.o.device?.startsWith("any")) r.o.linkType ??= LINKTYPE.LINUX_SLL2;
  if (r.o.linkType === LINKTYPE.LINUX_SLL2 && r.o.linkTypeName === "") r.o.linkTypeName = "LINUX_SLL2";
  r.o.filter = parsed.operands.join(" ");
  return { kind: "run", options: r.o, warnings: r.warnings };
}
