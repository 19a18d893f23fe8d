/** GRE, RFC 2784 and 2890. */
import { hex } from "../../../base/bytes.ts";
import { ETHERTYPE } from "../../../wire/ethernet.ts";
import { bits, type Dissector, name } from "./dissector.ts";
import { ETHERTYPE_NAMES } from "./names.ts";
import { printIpv4 } from "./print-ip.ts";
import { printIpv6 } from "./print-ip6.ts";
import { printEthernet } from "./print-link.ts";

const FLAGS: readonly (readonly [number, string])[] = [
  [0x8000, "checksum present"], [0x4000, "routing present"], [0x2000, "key present"], [0x1000, "sequence# present"], [0x0800, "source routing present"], [0x0080, "ack present"],
];
const ETH_P_TEB = 0x6558;

export function printGre(d: Dissector, at: number, length: number): void {
  d.protocol = "gre";
  if (!d.need(at, 4)) return;
  const flags = d.u16(at);
  d.out(`GREv${flags & 7}`);
  if ((flags & 7) !== 0) return d.out((flags & 7) === 1 ? `, length ${length}` : " ERROR: unknown-version");
  if (d.o.v > 0) d.out(`, Flags [${bits(FLAGS, flags, "none")}]`);
  const type = d.u16(at + 2);
  let p = at + 4;
  if ((flags & 0xc000) !== 0) {
    if (!d.need(p, 4)) return;
    if (d.o.v > 0) d.out(`, sum 0x${hex(d.u16(p), 0)}, off 0x${hex(d.u16(p + 2), 0)}`);
    p += 4;
  }
  if ((flags & 0x2000) !== 0) {
    if (!d.need(p, 4)) return;
    d.out(`, key=0x${hex(d.u32(p), 0)}`);
    p += 4;
  }
  if ((flags & 0x1000) !== 0) {
    if (!d.need(p, 4)) return;
    d.out(`, seq ${d.u32(p)}`);
    p += 4;
  }
  if (d.o.e > 0) d.out(`, proto ${name(ETHERTYPE_NAMES, type, "unknown")} (0x${hex(type, 4)})`);
  d.out(`, length ${length}`);
  d.out(d.o.v < 1 ? ": " : "\n\t");
  const left = length - (p - at);
  if (type === ETHERTYPE.IPV4) return printIpv4(d, p, left);
  if (type === ETHERTYPE.IPV6) return printIpv6(d, p, left);
  if (type === ETH_P_TEB) return void printEthernet(d, p, left, d.end - p);
  d.out(`gre-proto-0x${hex(type, 0)}`);
}
