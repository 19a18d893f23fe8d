/** IGMP versions 1 to 3. RFC 1112, RFC 2236, RFC 3376. */
import { finish, sumWords } from "../../../wire/checksum.ts";
import type { Dissector } from "./dissector.ts";

const RECORDS: readonly string[] = ["", "is_in", "is_ex", "to_in", "to_ex", "allow", "block"];

export function printIgmp(d: Dissector, at: number, length: number): void {
  d.protocol = "igmp";
  if (d.o.q > 0) {
    d.out("igmp");
    return;
  }
  const type = d.u8(at);
  if (type === 0x11) printQuery(d, at, length);
  else if (type === 0x12) d.out(`igmp v1 report ${d.ip(at + 4)}${length !== 8 ? ` [len ${length}]` : ""}`);
  else if (type === 0x16) d.out(`igmp v2 report ${d.ip(at + 4)}`);
  else if (type === 0x17) d.out(`igmp leave ${d.ip(at + 4)}`);
  else if (type === 0x22) {
    d.out("igmp v3 report");
    printReport(d, at, length);
  } else d.out(`igmp-${type}`);
  if (d.o.v > 0 && length >= 4 && d.has(at, length) && finish(sumWords(d.bytes, at, at + length)) !== 0) d.out(` bad igmp cksum ${d.u16(at + 2).toString(16)}!`);
}

function printQuery(d: Dissector, at: number, length: number): void {
  d.out("igmp query");
  if (length >= 12) {
    printQuery3(d, at, length);
    return;
  }
  const max = d.u8(at + 1);
  d.out(max === 0 ? " v1" : max === 100 ? " v2" : ` v2 [max resp time ${max}]`);
  if (d.u32(at + 4) !== 0) d.out(` [gaddr ${d.ip(at + 4)}]`);
  if (length !== 8) d.out(` [len ${length}]`);
}

function printQuery3(d: Dissector, at: number, length: number): void {
  d.out(" v3");
  if ((length & 3) !== 0) {
    d.out(` [invalid len ${length}]`);
    return;
  }
  const code = d.u8(at + 1);
  // RFC 3376 §4.1.1: from 128 on it is a floating-point number.
  const tenths = code < 128 ? code : ((code & 15) | 16) << (((code & 0x70) >> 4) + 3);
  if (code !== 100) d.out(` [max resp time ${tenths < 600 ? `${Math.floor(tenths / 10)}.${tenths % 10}s` : relativeTime(Math.floor(tenths / 10))}]`);
  if (d.u32(at + 4) === 0) return;
  d.out(` [gaddr ${d.ip(at + 4)}`);
  const n = d.u16(at + 10);
  if (n > 0) {
    if (length < 12 + n * 4) d.out(" [invalid number of sources]");
    else if (d.o.v > 1) printSources(d, at + 12, n);
    else d.out(`, ${n} source(s)`);
  }
  d.out("]");
}

function printSources(d: Dissector, at: number, n: number): void {
  d.out(" {");
  for (let i = 0; i < n && !d.stuck; i++) d.out(` ${d.ip(at + 4 * i)}`);
  d.out(" }");
}

/** "1m5s": units that are zero are left out. */
function relativeTime(seconds: number): string {
  let s = "";
  let left = seconds;
  for (const [unit, letter] of [[31536000, "y"], [604800, "w"], [86400, "d"], [3600, "h"], [60, "m"], [1, "s"]] as const) {
    if (left >= unit) s += `${Math.floor(left / unit)}${letter}`;
    left %= unit;
  }
  return s === "" ? "0s" : s;
}

function printReport(d: Dissector, at: number, length: number): void {
  if (length < 16 || (length & 3) !== 0) {
    d.out(` [invalid len ${length}]`);
    return;
  }
  const groups = d.u16(at + 6);
  d.out(`, ${groups} group record(s)`);
  if (d.o.v === 0) return;
  let p = 8;
  for (let i = 0; i < groups && !d.stuck; i++) {
    if (length < p + 8) {
      d.out(" [invalid number of groups]");
      return;
    }
    const type = d.u8(at + p);
    d.out(` [gaddr ${d.ip(at + p + 4)}`);
    d.out(` ${RECORDS[type] || ` [v3-report-#${type}]`}`);
    const n = d.u16(at + p + 2);
    if (length < p + 8 + n * 4) {
      d.out(` [invalid number of sources ${n}]`);
      return;
    }
    if (d.o.v === 1) d.out(`, ${n} source(s)`);
    else printSources(d, at + p + 8, n);
    p += 8 + n * 4;
    d.out("]");
  }
}
