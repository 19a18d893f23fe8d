/** base64 and base32: coreutils 9.1 (RFC 4648). */
import { strerror } from "../../kernel/errno.ts";
import type { Command } from "../command.ts";
import { quote, quoteName } from "../gnu-quote.ts";
import type { Octets } from "../octets.ts";
import { defineTool } from "../tool.ts";

interface Base {
  alphabet: string;
  /** Bits of a character, characters of a group, octets of a group. */
  bits: number;
  group: number;
  octets: number;
}

export const BASE64: Base = { alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", bits: 6, group: 4, octets: 3 };
const BASE32: Base = { alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, group: 8, octets: 5 };

export function encodeBase(text: Octets, base: Base): string {
  let out = "";
  for (let i = 0; i < text.length; i += base.octets) {
    const part = text.slice(i, i + base.octets);
    let bits = "";
    for (const c of part) bits += c.charCodeAt(0).toString(2).padStart(8, "0");
    let group = "";
    for (let b = 0; b < bits.length; b += base.bits) group += base.alphabet[Number.parseInt(bits.slice(b, b + base.bits).padEnd(base.bits, "0"), 2)];
    out += group.padEnd(base.group, "=");
  }
  return out;
}

/** What could be decoded, and whether that was all. */
export function decodeBase(text: Octets, base: Base, ignore: boolean): { out: Octets; good: boolean } {
  let out = "";
  let group = "";
  for (const c of text) {
    if (c === "\n") continue;
    if (!base.alphabet.includes(c) && c !== "=") {
      if (ignore) continue;
      return { out: out + decodeGroup(group, base, true), good: false };
    }
    group += c;
    if (group.length < base.group) continue;
    const padding = /=*$/.exec(group)![0].length;
    if (group.slice(0, base.group - padding).includes("=") || padding === base.group) return { out, good: false };
    out += decodeGroup(group, base, false);
    group = "";
  }
  return group === "" ? { out, good: true } : { out: out + decodeGroup(group, base, true), good: false };
}

function decodeGroup(group: string, base: Base, partial: boolean): Octets {
  let bits = "";
  for (const c of group) {
    if (c === "=") break;
    bits += base.alphabet.indexOf(c).toString(2).padStart(base.bits, "0");
  }
  let out = "";
  for (let b = 0; b + 8 <= bits.length; b += 8) out += String.fromCharCode(Number.parseInt(bits.slice(b, b + 8), 2));
  return partial && group.length < 2 ? "" : out;
}

function make(name: string, base: Base): Command {
  return defineTool({
    name,
    man: {
      summary: `${name} encode/decode data and print to standard output`,
      synopsis: [`${name} [OPTION]... [FILE]`],
      emulated: ["-d: decode; -i: leave out what is not of the alphabet", "-w N: lines of N characters instead of 76; 0: one line"],
      notEmulated: [],
    },
    shorts: "diw:",
    longs: { decode: "d", "ignore-garbage": "i", wrap: "w:" },
    *run(t, options, operands) {
      const wrap = options.findLast((o) => o.key === "w")?.value ?? "76";
      if (!/^\d+$/.test(wrap)) return yield* t.error(`invalid wrap size: ${quote(wrap)}`);
      if (operands.length > 1) return yield* t.usage(`extra operand ${quote(operands[1]!)}`);
      const name = operands[0] ?? "-";
      const input = t.open(name);
      if (typeof input === "string") return yield* t.error(`${quoteName(name)}: ${strerror(input)}`);
      const text = yield* input.all();
      if (input.error) return yield* t.error(`read error: ${strerror(input.error)}`);
      if (options.some((o) => o.key === "d")) {
        const { out, good } = decodeBase(text, base, options.some((o) => o.key === "i"));
        yield* t.print(out);
        return good ? 0 : yield* t.error("invalid input");
      }
      const encoded = encodeBase(text, base);
      const width = Number(wrap);
      if (width === 0) yield* t.print(encoded);
      else for (let i = 0; i < encoded.length; i += width) yield* t.print(`${encoded.slice(i, i + width)}\n`);
      return 0;
    },
  });
}

export const base64 = make("base64", BASE64);
export const base32 = make("base32", BASE32);
