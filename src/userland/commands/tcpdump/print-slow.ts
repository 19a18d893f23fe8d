/** Slow protocols, IEEE 802.3 annex 57A: LACP and the marker protocol, 802.1AX §6.4. */
import { hex } from "../../../base/bytes.ts";
import { bits, type Dissector } from "./dissector.ts";

const SUBTYPES: readonly string[] = ["", "LACP", "MARKER", "OAM"];
const TLVS: readonly string[] = ["Terminator", "Actor Information", "Partner Information", "Collector Information"];
const STATE: readonly (readonly [number, string])[] = [
  [1, "Activity"], [2, "Timeout"], [4, "Aggregation"], [8, "Synchronization"], [16, "Collecting"], [32, "Distributing"], [64, "Default"], [128, "Expired"],
];

/** @returns false when it is none that is known here. */
export function printSlow(d: Dissector, at: number, length: number): boolean {
  d.protocol = "slow";
  if (!d.has(at, 2) || d.u8(at) !== 1) return false;
  d.out(`${SUBTYPES[1]}v${d.u8(at + 1)}, length ${length}`);
  if (d.o.v === 0 || d.u8(at + 1) !== 1) return true;
  for (let p = at + 2; p + 2 <= at + length; ) {
    if (!d.need(p, 2)) return true;
    const [type, size] = [d.u8(p), d.u8(p + 1)];
    d.out(`\n\t${TLVS[type] ?? "Unknown"} TLV (0x${hex(type, 2)}), length ${size}`);
    if (type === 0 || size < 2) return true;
    if (!d.need(p, size)) return true;
    if ((type === 1 || type === 2) && size === 20) {
      d.out(`\n\t  System ${d.mac(p + 4)}, System Priority ${d.u16(p + 2)}, Key ${d.u16(p + 10)}, Port ${d.u16(p + 14)}, Port Priority ${d.u16(p + 12)}`);
      d.out(`\n\t  State Flags [${bits(STATE, d.u8(p + 16), "none")}]`);
    } else if (type === 3) d.out(`\n\t  Max Delay ${d.u16(p + 2)}`);
    p += size;
  }
  return true;
}
