/** Hex and ASCII dumps: -x, -X, -A, and what is printed of a packet nobody can decode. */
import { hex } from "../../../base/bytes.ts";
import type { Dissector } from "./dissector.ts";

const isGraph = (c: number): boolean => c > 32 && c < 127;

/** "\n\t0x0000:  4500 0054 ...  E..T" for `length` octets at `at`; what was not captured ends the packet. */
export function hexAndAscii(d: Dissector, indent: string, at: number, length: number): void {
  const n = Math.min(length, Math.max(0, d.end - at));
  for (let row = 0; row < n; row += 16) {
    const end = Math.min(row + 16, n);
    let ascii = "";
    for (let i = row; i < end; i++) ascii += isGraph(d.bytes[at + i]!) ? String.fromCharCode(d.bytes[at + i]!) : ".";
    d.out(`${indent}0x${hex(row, 4)}: ${words(d, at + row, end - row).padEnd(40)}  ${ascii}`);
  }
  if (n < length) d.stick();
}

export function hexOnly(d: Dissector, indent: string, at: number, length: number): void {
  const n = Math.min(length, Math.max(0, d.end - at));
  for (let row = 0; row < n; row += 16) d.out(`${indent}0x${hex(row, 4)}: ${words(d, at + row, Math.min(16, n - row))}`);
  if (n < length) d.stick();
}

/** " 4500 0054 8a" */
function words(d: Dissector, at: number, length: number): string {
  let s = "";
  for (let i = 0; i < length; i++) s += (i % 2 === 0 ? " " : "") + hex(d.bytes[at + i]!, 2);
  return s;
}

/** -A: graphic characters, blanks, tabs and newlines as they are; a carriage return before a newline goes, anything else is a dot. */
export function asciiDump(d: Dissector, at: number, length: number): void {
  d.protocol = "ascii";
  const n = Math.min(length, Math.max(0, d.end - at));
  let s = "\n";
  for (let i = 0; i < n; i++) {
    const c = d.bytes[at + i]!;
    const left = n - i - 1;
    if (c === 13) s += left > 1 && d.bytes[at + i + 1] !== 10 ? "." : "";
    else s += isGraph(c) || c === 9 || c === 32 || c === 10 ? String.fromCharCode(c) : ".";
  }
  d.out(s);
  if (n < length) d.stick();
}

/** What is printed of octets that have no printer. -q and the dumps switch it off: they print the packet, or do not want it. */
export function defaultPrint(d: Dissector, at: number, length: number): void {
  if (d.o.q === 0 && d.o.x === 0 && d.o.X === 0) hexAndAscii(d, "\n\t", at, length);
}

/** Octets of an unknown option, as far as they are there. */
export function unknownData(d: Dissector, indent: string, at: number, length: number): void {
  hexOnly(d, indent, at, Math.min(length, Math.max(0, d.end - at)));
}
