/** sum: coreutils 9.1, the checksums of BSD (16 bits, rotating) and of System V. */
import type { Octets } from "../octets.ts";
import { octets } from "../octets.ts";
import { defineTool } from "../tool.ts";

function bsd(text: Octets): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (((sum >> 1) | ((sum & 1) << 15)) + text.charCodeAt(i)) & 0xffff;
  return sum;
}

function systemV(text: Octets): number {
  let sum = 0;
  for (let i = 0; i < text.length; i++) sum = (sum + text.charCodeAt(i)) >>> 0;
  const r = (sum & 0xffff) + (sum >>> 16);
  return (r & 0xffff) + (r >>> 16);
}

export const sum = defineTool({
  name: "sum",
  man: { summary: "checksum and count the blocks in a file", synopsis: ["sum [OPTION]... [FILE]..."], emulated: ["-r: the BSD sum with blocks of 1 KiB, as by itself; -s: the System V sum with blocks of 512 octets"], notEmulated: [] },
  shorts: "rs",
  longs: { sysv: "s" },
  *run(t, options, operands) {
    const sysv = options[options.length - 1]?.key === "s";
    yield* t.eachInput(operands, function* (input, name) {
      const text = yield* input.all();
      if (input.error) return;
      const label = operands.length > 0 ? ` ${octets(name)}` : "";
      if (sysv) yield* t.print(`${systemV(text)} ${Math.ceil(text.length / 512)}${label}\n`);
      else yield* t.print(`${String(bsd(text)).padStart(5, "0")} ${String(Math.ceil(text.length / 1024)).padStart(5)}${label}\n`);
    });
    return t.status;
  },
});
