import { describe, expect, test } from "vitest";
import { describeBlocks, parseBlocks, totalOf } from "../../src/components/families.ts";
import { rowsOf, splitFields } from "../../src/components/packet-bytes-layout.ts";

const octets = (n: number): string => `${n} octets`;

describe("blocks of a strip", () => {
  test("are described in words, with their sum", () => {
    const blocks = parseBlocks("eth 14, ip 20, icmp 8, data 56", "x");
    expect(totalOf(blocks)).toBe(98);
    expect(describeBlocks(blocks, octets)).toBe("Ethernet 14, IPv4 20, ICMP 8, data 56: 98 octets");
  });
  test("a second header of the same kind has its family", () => {
    expect(parseBlocks("ip2 20", "x")[0]?.header.family).toBe("ip");
  });
  test.each(["eth", "eth x", "eth 0", "eth 1.5", "eth 14 15", "ether 14", ""])("'%s' is refused", (text) => {
    expect(() => parseBlocks(text, "chapter <Strip>")).toThrow(/^chapter <Strip>: /);
  });
});

describe("octets of a frame", () => {
  const hex = "ff ff ff ff ff ff 02 00 00 00 01 02 08 06 00 01 08 00";
  const parts = splitFields(hex, [["eth.dst", 6, "destination"], ["eth.src", 6, "source"], ["eth.type", 2, "type", "ARP"], ["arp.hw", 2, "hw"], ["arp.proto", 2, "proto"]], "x");

  test("are cut into fields at their offsets", () => {
    expect(parts.map((part) => [part.key, part.offset, part.octets.join("")])).toEqual([
      ["eth.dst", 0, "ffffffffffff"], ["eth.src", 6, "020000000102"], ["eth.type", 12, "0806"], ["arp.hw", 14, "0001"], ["arp.proto", 16, "0800"],
    ]);
  });
  test.each([16, 8, 1, 64])("rows of %i hold every octet once, in order", (width) => {
    const rows = rowsOf(parts, width);
    expect(rows.flatMap((row) => row.pieces.map((piece) => piece.text)).join(" ")).toBe(hex);
    expect(rows.map((row) => row.offset)).toEqual(rows.map((_, i) => i * width));
  });
  test("a field that crosses a row stands in both, under one key", () => {
    expect(rowsOf(parts, 8).map((row) => row.pieces.map((piece) => piece.key))).toEqual([["eth.dst", "eth.src"], ["eth.src", "eth.type", "arp.hw"], ["arp.proto"]]);
  });
  test("fields that do not add up, and odd digits, are refused", () => {
    expect(() => splitFields("aa bb", [["eth.dst", 3, "d"]], "p")).toThrow("p: the fields add up to 3 octets, hex has 2");
    expect(() => splitFields("aa b", [["eth.dst", 1, "d"]], "p")).toThrow(/not a pair/);
    expect(() => splitFields("aa zz", [["eth.dst", 2, "d"]], "p")).toThrow(/not a pair/);
  });
});
