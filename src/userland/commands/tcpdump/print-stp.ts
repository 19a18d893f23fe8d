/** Spanning tree: 802.1D configuration and topology change, 802.1w. MSTP and SPB: the first line only. */
import { getU16, hex } from "../../../base/bytes.ts";
import { bits, type Dissector, name } from "./dissector.ts";

const VERSIONS: ReadonlyMap<number, string> = new Map([[0, "802.1d"], [2, "802.1w"], [3, "802.1s"], [4, "802.1aq"]]);
const TYPES: ReadonlyMap<number, string> = new Map([[0, "Config"], [2, "Rapid STP"], [0x80, "Topology Change"]]);
const FLAGS = [[0x01, "Topology change"], [0x02, "Proposal"], [0x10, "Learn"], [0x20, "Forward"], [0x40, "Agreement"], [0x80, "Topology change ACK"]] as const;
const ROLES: readonly string[] = ["Unknown", "Alternate", "Root", "Designated"];
const CONFIG_LEN = 35;
const RAPID_LEN = 36;

export function printStp(d: Dissector, at: number, length: number): void {
  d.protocol = "stp";
  if (length < 4) {
    d.invalid();
    return;
  }
  if (d.u16(at) !== 0) {
    d.out(`unknown STP version, length ${length}`);
    return;
  }
  const version = d.u8(at + 2);
  d.out(`STP ${name(VERSIONS, version, `Unknown STP protocol (0x${hex(version, 2)})`)}`);
  if (!VERSIONS.has(version)) return;
  const type = d.u8(at + 3);
  d.out(`, ${name(TYPES, type, `Unknown BPDU Type (0x${hex(type, 2)})`)}`);
  if (type === 0) {
    if (length < CONFIG_LEN) d.invalid();
    else printConfig(d, at, length, version);
  } else if (type === 2 && version === 2) {
    if (length < RAPID_LEN) d.invalid();
    else printConfig(d, at, length, version);
  } else if (type === 2 && version > 2) {
    if (length < 102) d.invalid();
    else d.out(`, CIST Flags [${bits(FLAGS, d.u8(at + 4), "none")}], length ${length}`);
  }
}

function printConfig(d: Dissector, at: number, length: number, version: number): void {
  const flags = d.u8(at + 4);
  d.out(`, Flags [${bits(FLAGS, flags, "none")}]`);
  d.out(`, bridge-id ${bridgeId(d, at + 17)}.${hex(d.u16(at + 25), 4)}, length ${length}`);
  if (d.o.v === 0) return;
  d.out(`\n\tmessage-age ${seconds(d.u16(at + 27))}, max-age ${seconds(d.u16(at + 29))}, hello-time ${seconds(d.u16(at + 31))}, forwarding-delay ${seconds(d.u16(at + 33))}`);
  d.out(`\n\troot-id ${bridgeId(d, at + 5)}, root-pathcost ${d.u32(at + 13)}`);
  if (version === 2) d.out(`, port-role ${ROLES[(flags >> 2) & 3]}`);
}

/** "8000.02:00:00:00:02:01" */
function bridgeId(d: Dissector, at: number): string {
  if (!d.need(at, 8)) return "";
  return `${hex(getU16(d.bytes, at), 4)}.${Array.from(d.bytes.subarray(at + 2, at + 8), (b) => hex(b, 2)).join(":")}`;
}

/** 1/256 s with two digits, rounded half to even as printf does: 512 is "2.00s". */
function seconds(ticks: number): string {
  const scaled = ticks * 100;
  let hundredths = scaled >> 8;
  const rest = scaled & 255;
  if (rest > 128 || (rest === 128 && (hundredths & 1) === 1)) hundredths++;
  return `${Math.floor(hundredths / 100)}.${String(hundredths % 100).padStart(2, "0")}s`;
}
