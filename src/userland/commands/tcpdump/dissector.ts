/**
 * What every printer of tcpdump works with: the packet, how far it was captured, and the text so far.
 * A read past the captured octets ends the packet: tcpdump prints " [|protocol]" and jumps out. Here the dissector falls silent
 * instead: reads give 0, `out` writes nothing, and loops that ask `stuck` stop. So no printer needs an exception.
 */
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
import { formatMac } from "../../../wire/ethernet.ts";
import { getU16, getU32, hex } from "../../../base/bytes.ts";
import { OUI_NAMES } from "./names.ts";
import type { TcpConversations } from "./print-tcp.ts";

/** Names for numbers; undefined: there is none, or -n was given. */
export interface Names {
  host(address: number): string | undefined;
  host6(address: Uint8Array): string | undefined;
  port(port: number, protocol: "tcp" | "udp"): string | undefined;
  ifname(ifindex: number): string | undefined;
}

/** How often each option was given. */
export interface PrintOptions {
  n: number; e: number; v: number; q: number; S: number; t: number; x: number; X: number; A: number; K: number; N: number;
  /** -#: number the packets. */
  number: boolean;
  /** Times have nanoseconds. */
  nano: boolean;
}

export const PLAIN: PrintOptions = { n: 0, e: 0, v: 0, q: 0, S: 0, t: 0, x: 0, X: 0, A: 0, K: 0, N: 0, number: false, nano: false };

/** What lasts from packet to packet. */
export interface Session {
  options: PrintOptions;
  names: Names;
  conversations: TcpConversations;
}

export class Dissector {
  readonly o: PrintOptions;
  readonly names: Names;
  readonly conversations: TcpConversations;
  readonly bytes: Uint8Array;
  /** Octets up to here may be read: the capture's end, or that of the packet being printed (ndo_snapend). */
  end: number;
  text = "";
  /** Named when the packet ends too early. */
  protocol = "";
  stuck = false;
  /** Octets of link-layer headers, which -x leaves out. */
  linkLength = 0;
  /** Depth of packets within packets: 8 are printed, then it is given up as too deep. */
  depth = 0;

  constructor(session: Session, bytes: Uint8Array) {
    this.o = session.options;
    this.names = session.names;
    this.conversations = session.conversations;
    this.bytes = bytes;
    this.end = bytes.length;
  }

  out(text: string): void {
    if (!this.stuck) this.text += text;
  }

  /** Prints that the packet ends here; the printer that found out goes on as it likes. */
  truncated(): void {
    this.out(` [|${this.protocol}]`);
  }

  invalid(): void {
    this.out(" (invalid)");
  }

  /** Whether `n` octets at `at` were captured. */
  has(at: number, n: number): boolean {
    return at >= 0 && at + n <= this.end;
  }

  /** The same, but ends the packet when not. */
  need(at: number, n: number): boolean {
    if (this.has(at, n)) return true;
    this.stick();
    return false;
  }

  stick(): void {
    if (this.stuck) return;
    this.truncated();
    this.stuck = true;
  }

  u8(at: number): number {
    return this.need(at, 1) ? this.bytes[at]! : 0;
  }

  u16(at: number): number {
    return this.need(at, 2) ? getU16(this.bytes, at) : 0;
  }

  u24(at: number): number {
    return this.need(at, 3) ? getU16(this.bytes, at) * 256 + this.bytes[at + 2]! : 0;
  }

  u32(at: number): number {
    return this.need(at, 4) ? getU32(this.bytes, at) : 0;
  }

  /** As long as `print` runs the packet ends at `at + length`, if it reaches so far. */
  within(at: number, length: number, print: () => void): void {
    const saved = this.end;
    if (at + length < saved) this.end = at + length;
    print();
    this.end = saved;
  }

  ip(at: number): string {
    if (!this.need(at, 4)) return "";
    const address = getU32(this.bytes, at);
    return (this.o.n > 0 ? undefined : this.shorten(this.names.host(address))) ?? formatIpv4(address);
  }

  ip6(at: number): string {
    if (!this.need(at, 16)) return "";
    const address = this.bytes.subarray(at, at + 16);
    return (this.o.n > 0 ? undefined : this.shorten(this.names.host6(address))) ?? formatIpv6(address);
  }

  /** -N: without the domain. */
  private shorten(name: string | undefined): string | undefined {
    return name !== undefined && this.o.N > 0 ? name.split(".")[0] : name;
  }

  port(port: number, protocol: "tcp" | "udp"): string {
    return (this.o.n > 0 ? undefined : this.names.port(port, protocol)) ?? String(port);
  }

  mac(at: number): string {
    if (!this.need(at, 6)) return "";
    const text = formatMac(this.bytes, at);
    if (this.o.n > 0) return text;
    return `${text} (oui ${OUI_NAMES.get((getU16(this.bytes, at) << 8) | this.bytes[at + 2]!) ?? "Unknown"})`;
  }

  /** An address of any length: six octets as a MAC. */
  linkAddress(at: number, length: number): string {
    if (length === 0) return "<empty>";
    if (length === 6) return this.mac(at);
    if (!this.need(at, length)) return "";
    return Array.from(this.bytes.subarray(at, at + length), (b) => hex(b, 2)).join(":");
  }

  /** tcpdump's safeputchar: control characters as ^X, others above ASCII as M-x. */
  printable(c: number): string {
    let s = "";
    if (c >= 128) {
      c &= 127;
      s = "M-";
    }
    if (c < 32 || c === 127) {
      c ^= 64;
      s += "^";
    }
    return s + String.fromCharCode(c);
  }
}

/** "a, b" for the bits that are set; bits without a name are not shown. */
export function bits(table: readonly (readonly [number, string])[], value: number, none: string, separator = ", "): string {
  const names = table.filter(([bit]) => (value & bit) === bit).map(([, name]) => name);
  return names.length === 0 ? none : names.join(separator);
}

export function name(table: ReadonlyMap<number, string>, value: number, otherwise: string): string {
  return table.get(value) ?? otherwise;
}
