/** A packet as tcpdump prints it: number, time, what is in it, dumps. */
import { LINKTYPE, MAX_SNAPLEN, type PcapPacket } from "../../../wire/pcap.ts";
import { Dissector, type PrintOptions, type Session } from "./dissector.ts";
import { asciiDump, hexAndAscii, hexOnly } from "./hex.ts";
import { printIpv4 } from "./print-ip.ts";
import { printIpv6 } from "./print-ip6.ts";
import { printEthernet, printSll, printSll2 } from "./print-link.ts";

/** Link types that have a printer here. */
export const PRINTABLE: readonly number[] = [LINKTYPE.ETHERNET, LINKTYPE.LINUX_SLL, LINKTYPE.LINUX_SLL2, LINKTYPE.RAW];

/** Prints packets of one capture, one after the other. */
export class PacketPrinter {
  private readonly session: Session;
  private readonly linkType: number;
  private readonly clock: PacketClock;
  private count = 0;

  constructor(session: Session, linkType: number) {
    this.session = session;
    this.linkType = linkType;
    this.clock = new PacketClock(session.options);
  }

  /** @returns the text, newline included. */
  print(packet: PcapPacket): string {
    this.count++;
    const o = this.session.options;
    const number = o.number ? `${String(this.count).padStart(5)}  ` : "";
    const invalid = headerProblem(packet);
    if (invalid !== undefined) return `${number}${invalid}]\n`;
    const d = new Dissector(this.session, packet.data);
    d.text = number + this.clock.text(packet);
    this.printLink(d, packet.wireLength);
    if (d.stuck) d.linkLength = 0;
    d.stuck = false;
    d.end = packet.data.length;
    dump(d, packet.data.length);
    return `${d.text}\n`;
  }

  private printLink(d: Dissector, length: number): void {
    const captured = d.bytes.length;
    if (this.linkType === LINKTYPE.ETHERNET) d.linkLength = printEthernet(d, 0, length, captured);
    else if (this.linkType === LINKTYPE.LINUX_SLL) printSll(d, length, captured);
    else if (this.linkType === LINKTYPE.LINUX_SLL2) printSll2(d, length, captured);
    else printRaw(d, length);
  }
}

function printRaw(d: Dissector, length: number): void {
  d.protocol = "raw";
  if (d.o.e > 0) d.out("ip: ");
  const version = d.u8(0) >> 4;
  if (version === 4) printIpv4(d, 0, length);
  else if (version === 6) printIpv6(d, 0, length);
  else d.out(`unknown ip ${version}`);
}

/** A header that no capture can have made; its text without the last bracket. */
function headerProblem(p: PcapPacket): string | undefined {
  const captured = p.data.length;
  const problems: string[] = [];
  if (captured === 0) problems.push("caplen==0");
  if (p.wireLength === 0) problems.push("len==0");
  else if (p.wireLength < captured) problems.push(`len(${p.wireLength}) < caplen(${captured})`);
  if (captured > MAX_SNAPLEN) problems.push(`caplen(${captured}) > ${MAX_SNAPLEN}`);
  if (p.wireLength > MAX_SNAPLEN) problems.push(`len(${p.wireLength}) > ${MAX_SNAPLEN}`);
  return problems.length === 0 ? undefined : `[Invalid header: ${problems.join(", ")}`;
}

function dump(d: Dissector, captured: number): void {
  const o = d.o;
  const kind = o.X > 0 ? o.X : o.x > 0 ? o.x : o.A;
  if (kind === 0) return;
  const from = kind > 1 ? 0 : d.linkLength;
  if (kind < 2 && captured <= from) return;
  if (o.X > 0) hexAndAscii(d, "\n\t", from, captured - from);
  else if (o.x > 0) hexOnly(d, "\n\t", from, captured - from);
  else asciiDump(d, from, captured - from);
}

/** The time before each packet, in the form -t's number asks for. */
class PacketClock {
  private readonly o: PrintOptions;
  private reference: { seconds: number; nanos: number } | undefined;

  constructor(o: PrintOptions) {
    this.o = o;
  }

  text(p: PcapPacket): string {
    switch (this.o.t) {
      case 1:
        return "";
      case 2:
        return (p.seconds & 0x80000000) !== 0 ? "[Error converting time] " : `${p.seconds}${this.fraction(p.nanos)} `;
      case 3:
      case 5:
        return this.since(p);
      default:
        if ((p.seconds & 0x80000000) !== 0) return "[Error converting time] ";
        return `${this.o.t === 4 ? `${dateOf(p.seconds)} ` : ""}${timeOfDay(p.seconds)}${this.fraction(p.nanos)} `;
    }
  }

  private fraction(nanos: number): string {
    return this.o.nano ? `.${String(nanos).padStart(9, "0")}` : `.${String(Math.floor(nanos / 1000)).padStart(6, "0")}`;
  }

  /** -ttt since the packet before, -ttttt since the first. */
  private since(p: PcapPacket): string {
    // Without -nano the reference is what the clock of microseconds saw.
    const nanos = this.o.nano ? p.nanos : Math.floor(p.nanos / 1000) * 1000;
    this.reference ??= { seconds: p.seconds, nanos };
    const r = this.reference;
    const negative = p.seconds < r.seconds || (p.seconds === r.seconds && nanos < r.nanos);
    let [s, n] = negative ? [r.seconds - p.seconds, r.nanos - nanos] : [p.seconds - r.seconds, nanos - r.nanos];
    if (n < 0) [s, n] = [s - 1, n + 1_000_000_000];
    if (this.o.t === 3) this.reference = { seconds: p.seconds, nanos };
    return `${negative ? "-" : " "}${(s & 0x80000000) !== 0 ? "[Error converting time]" : timeOfDay(s) + this.fraction(n)} `;
  }
}

const two = (n: number): string => String(n).padStart(2, "0");

/** "11:01:40", UTC: a lab has no other zone. */
export function timeOfDay(seconds: number): string {
  return `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** "2026-11-20" of seconds since 1970, by the civil calendar: eras of 400 years that begin in March. */
export function dateOf(seconds: number): string {
  const days = Math.floor(seconds / 86400) + 719468;
  const era = Math.floor(days / 146097);
  const dayOfEra = days - era * 146097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const m = Math.floor((5 * dayOfYear + 2) / 153);
  const month = m < 10 ? m + 3 : m - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${two(month)}-${two(dayOfYear - Math.floor((153 * m + 2) / 5) + 1)}`;
}
