/** ARP and RARP. RFC 826, RFC 903, RFC 2390 (inverse). */
import { type Dissector, name } from "./dissector.ts";
import { hexAndAscii } from "./hex.ts";
import { ETHERTYPE_NAMES } from "./names.ts";
import { hex } from "../../../base/bytes.ts";

const OPERATIONS: ReadonlyMap<number, string> = new Map([
  [1, "Request"], [2, "Reply"], [3, "Reverse Request"], [4, "Reverse Reply"], [8, "Inverse Request"], [9, "Inverse Reply"], [10, "NACK Reply"],
]);
const HARDWARE: ReadonlyMap<number, string> = new Map([
  [1, "Ethernet"], [6, "TokenRing"], [7, "ArcNet"], [15, "FrameRelay"], [23, "Strip"], [24, "IEEE 1394"], [19, "ATM"], [32, "InfiniBand"],
]);
const IP_TYPES: readonly number[] = [0x0800, 0x1000];

export function printArp(d: Dissector, at: number, length: number, captured: number): void {
  d.protocol = "arp";
  if (!d.need(at, 8)) return;
  const [hrd, pro, hln, pln, op] = [d.u16(at), d.u16(at + 2), d.u8(at + 4), d.u8(at + 5), d.u16(at + 6)];
  const sha = at + 8;
  const spa = sha + hln;
  const tha = spa + pln;
  const tpa = tha + hln;
  if (!d.need(tpa, pln)) return;
  if (d.o.e === 0) d.out("ARP, ");
  if (!IP_TYPES.includes(pro) || pln !== 4 || hln === 0 || d.o.v > 0) {
    d.out(`${name(HARDWARE, hrd, `Unknown Hardware (${hrd})`)} (len ${hln}), ${name(ETHERTYPE_NAMES, pro, `Unknown Protocol (0x${hex(pro, 4)})`)} (len ${pln})`);
    if (d.o.v === 0) {
      d.out(`, length ${length}`);
      return;
    }
  }
  d.out(`${d.o.v > 0 ? ", " : ""}${name(OPERATIONS, op, `Unknown (${op})`)} `);
  const ip = (p: number): string => (!IP_TYPES.includes(pro) ? "<wrong proto type>" : pln !== 4 ? "<wrong len>" : d.ip(p));
  const body = operationText(d, op, { sha, spa, tha, tpa, hln, ip });
  if (body === undefined) hexAndAscii(d, "\n\t", at, captured);
  else d.out(`${body}, length ${length}`);
}

interface Fields {
  sha: number; spa: number; tha: number; tpa: number; hln: number; ip: (at: number) => string;
}

function operationText(d: Dissector, op: number, f: Fields): string | undefined {
  switch (op) {
    case 1: {
      // A target's hardware address is meant to be empty in a request; when it is not, it is shown.
      const full = d.bytes.subarray(f.tha, f.tha + f.hln).some((b) => b !== 0);
      return `who-has ${f.ip(f.tpa)}${full ? ` (${d.linkAddress(f.tha, f.hln)})` : ""} tell ${f.ip(f.spa)}`;
    }
    case 2:
      return `${f.ip(f.spa)} is-at ${d.linkAddress(f.sha, f.hln)}`;
    case 3:
    case 8:
      return `who-is ${d.linkAddress(f.tha, f.hln)} tell ${d.linkAddress(f.sha, f.hln)}`;
    case 4:
      return `${d.linkAddress(f.tha, f.hln)} at ${f.ip(f.tpa)}`;
    case 9:
      return `${d.linkAddress(f.sha, f.hln)} at ${f.ip(f.spa)}`;
    default:
      return undefined;
  }
}
