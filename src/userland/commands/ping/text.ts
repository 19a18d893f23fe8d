/** Texts of ping about what came back: ICMP errors, IP options, the quoted header, times. */
import { getU32, hex } from "../../../base/bytes.ts";
import { ICMP_TYPE } from "../../../wire/icmp.ts";
import { formatIpv4, IPOPT } from "../../../wire/ipv4.ts";

const UNREACHABLE: readonly string[] = [
  "Destination Net Unreachable", "Destination Host Unreachable", "Destination Protocol Unreachable", "Destination Port Unreachable", "", "Source Route Failed", "Destination Net Unknown", "Destination Host Unknown",
  "Source Host Isolated", "Destination Net Prohibited", "Destination Host Prohibited", "Destination Net Unreachable for Type of Service", "Destination Host Unreachable for Type of Service", "Packet filtered",
  "Precedence Violation", "Precedence Cutoff",
];
const REDIRECT: readonly string[] = ["Redirect Network", "Redirect Host", "Redirect Type of Service and Network", "Redirect Type of Service and Host"];
const OTHERS: ReadonlyMap<number, string> = new Map([
  [0, "Echo Reply"], [4, "Source Quench"], [8, "Echo Request"], [13, "Timestamp"], [14, "Timestamp Reply"], [15, "Information Request"], [16, "Information Reply"], [17, "Address Mask Request"],
  [18, "Address Mask Reply"],
]);

/** @param info the MTU, the pointer, or a redirect's gateway. @param name an address as ping shows it. */
export function icmpText(type: number, code: number, info: number, name: (address: number) => string): string {
  switch (type) {
    case ICMP_TYPE.DEST_UNREACH:
      if (code === 4) return `Frag needed and DF set (mtu = ${info})`;
      return UNREACHABLE[code] ?? `Dest Unreachable, Bad Code: ${code}`;
    case ICMP_TYPE.REDIRECT:
      return `${REDIRECT[code] ?? `Redirect, Bad Code: ${code}`}(New nexthop: ${name(info)})`;
    case ICMP_TYPE.TIME_EXCEEDED:
      return ["Time to live exceeded", "Frag reassembly time exceeded"][code] ?? `Time exceeded, Bad Code: ${code}`;
    case ICMP_TYPE.PARAMETER_PROBLEM:
      return `Parameter problem: pointer = ${info}`;
    default:
      return OTHERS.get(type) ?? `Bad ICMP type: ${type}`;
  }
}

/** The quoted IP header, as -v shows it. Numbers of two octets are shown as a little-endian machine has them in memory. */
export function headerText(ip: Uint8Array, name: (address: number) => string): string {
  const swapped = (at: number): number => (ip[at + 1]! << 8) | ip[at]!;
  const fragment = swapped(6);
  const head =
    ` ${(ip[0]! >> 4).toString(16)}  ${(ip[0]! & 15).toString(16)}  ${hex(ip[1]!, 2)} ${hex(swapped(2), 4)} ${hex(swapped(4), 4)}   ${((fragment & 0xe000) >> 13).toString(16)} ${hex(fragment & 0x1fff, 4)}` +
    `  ${hex(ip[8]!, 2)}  ${hex(ip[9]!, 2)} ${hex(swapped(10), 4)} ${formatIpv4(getU32(ip, 12))}  ${formatIpv4(getU32(ip, 16))} \n`;
  return `Vr HL TOS  Len   ID Flg  off TTL Pro  cks      Src      Dst Data\n${head}${new OptionPrinter().text(ip.subarray(20, Math.max(20, (ip[0]! & 15) * 4)), name, false)}`;
}

/** IP options of answers. Keeps the last recorded route: the same one again is not listed. */
export class OptionPrinter {
  private lastRoute: Uint8Array | undefined;

  text(options: Uint8Array, name: (address: number) => string, flood: boolean): string {
    let s = "";
    for (let at = 0; at < options.length; ) {
      const type = options[at]!;
      if (type === IPOPT.EOL) break;
      if (type === IPOPT.NOP) {
        s += "\nNOP";
        at++;
        continue;
      }
      const length = options[at + 1] ?? 0;
      if (length < 2 || length > options.length - at) break;
      const option = options.subarray(at, at + length);
      if (type === IPOPT.RR) s += this.route(option, name, flood);
      else if (type === IPOPT.LSRR || type === IPOPT.SSRR) s += sourceRoute(option, name);
      else if (type === IPOPT.TS) s += timestamps(option, name);
      else s += `\nunknown option ${type.toString(16)}`;
      at += length;
    }
    return s;
  }

  private route(option: Uint8Array, name: (address: number) => string, flood: boolean): string {
    const filled = Math.min(option[2] ?? 0, option[1]!) - 4;
    if (filled <= 0) return "";
    const now = option.slice(2, 2 + filled);
    if (this.lastRoute !== undefined && !flood && now.length === this.lastRoute.length && now.every((b, i) => b === this.lastRoute![i])) return "\t(same route)";
    this.lastRoute = now;
    let s = "\nRR: ";
    for (let at = 3; at < 3 + filled && at + 4 <= option.length; at += 4) s += `\t${address(option, at, name)}\n`;
    return s;
  }
}

function address(b: Uint8Array, at: number, name: (address: number) => string): string {
  const a = getU32(b, at);
  return a === 0 ? "0.0.0.0" : name(a);
}

function sourceRoute(option: Uint8Array, name: (address: number) => string): string {
  let s = `\n${option[0] === IPOPT.SSRR ? "S" : "L"}SRR: `;
  for (let left = option[1]!, at = 3; left > 4 && at + 4 <= option.length; left -= 4, at += 4) s += `\t${address(option, at, name)}\n`;
  return s;
}

function timestamps(option: Uint8Array, name: (address: number) => string): string {
  let left = Math.min(option[2] ?? 0, option[1]!) - 5;
  if (left <= 0 || option.length < 4) return "";
  const withAddress = (option[3]! & 15) !== 0;
  let s = "\nTS: ";
  let first = 0;
  let odd = 0;
  for (let at = 4; at + 4 <= option.length; ) {
    if (withAddress) {
      s += `\t${address(option, at, name)}`;
      at += 4;
      left -= 4;
      if (left <= 0 || at + 4 > option.length) break;
    }
    const t = getU32(option, at);
    at += 4;
    if (t > 0x7fffffff) {
      s += odd === 0 ? `\t${t - 0x80000000} absolute not-standard` : `\t${t - 0x80000000 - odd} not-standard`;
      odd = t - 0x80000000;
    } else {
      s += first === 0 ? `\t${t} absolute` : `\t${t - first}`;
      first = t;
    }
    left -= 4;
    s += "\n";
    if (left <= 0) break;
  }
  const missed = option[3]! >> 4;
  return missed > 0 ? `${s}Unrecorded hops: ${missed}\n` : s;
}

/** " time=0.123 ms": fewer digits the longer it takes. Microseconds, in integers. */
export function timeText(us: number): string {
  const digits = (n: number, width: number): string => String(n).padStart(width, "0");
  if (us >= 100_000 - 50) return ` time=${Math.floor((us + 500) / 1000)} ms`;
  if (us >= 10_000 - 5) return ` time=${Math.floor((us + 50) / 1000)}.${Math.floor(((us + 50) % 1000) / 100)} ms`;
  if (us >= 1000) return ` time=${Math.floor((us + 5) / 1000)}.${digits(Math.floor(((us + 5) % 1000) / 10), 2)} ms`;
  return ` time=0.${digits(us, 3)} ms`;
}

/** "12.345": milliseconds of microseconds. */
export function ms3(us: number): string {
  return `${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, "0")}`;
}

/** printf's %g of a share in percent, as a float has it: six significant digits, no trailing zeros. */
export function percent(part: number, whole: number): string {
  const v = Math.fround((part * 100) / whole);
  if (v === 0) return "0";
  if (Math.abs(v) < 0.0001) {
    const [mantissa, exponent] = v.toExponential(5).split("e") as [string, string];
    return `${mantissa.replace(/\.?0+$/, "")}e-${exponent.slice(1).padStart(2, "0")}`;
  }
  const s = v.toPrecision(6);
  return s.includes(".") ? s.replace(/\.?0+$/, "") : s;
}

