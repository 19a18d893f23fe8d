/** What decoders say about octets that are no packet: which layer, where, why. */
import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import type { Result } from "../../src/base/result.ts";
import { parseArp } from "../../src/wire/arp.ts";
import { Cursor, type DecodeError } from "../../src/wire/cursor.ts";
import { parseEthernet } from "../../src/wire/ethernet.ts";
import { parseIcmp } from "../../src/wire/icmp.ts";
import { parseIgmp } from "../../src/wire/igmp.ts";
import { parseIpv4Options, parseIpv4Packet } from "../../src/wire/ipv4.ts";
import { parseIpv6Packet } from "../../src/wire/ipv6.ts";
import { parseLlc } from "../../src/wire/llc.ts";
import { parseBpdu } from "../../src/wire/stp.ts";
import { parseTcp, parseTcpOptions } from "../../src/wire/tcp.ts";
import { parseUdp } from "../../src/wire/udp.ts";
import { parseVlan } from "../../src/wire/vlan.ts";

const octets = (text: string): Uint8Array => fromHex(text.replaceAll(" ", ""))!;
const IP = "4500001c 12340000 40110000 0a000001 0a000002";
const TCP = "9c401f91 000003e8 00000000 50020200 00000000";

type Parse = (b: Uint8Array) => Result<unknown, DecodeError>;
const BAD: readonly (readonly [string, Parse, string, string, number, RegExp])[] = [
  ["an empty frame", parseEthernet, "", "ethernet", 0, /truncated/],
  ["a frame of 13 octets", parseEthernet, "020000000201 020000000101 08", "ethernet", 12, /truncated/],
  ["an 802.3 frame longer than it is", parseEthernet, "0180c2000000 020000000101 0027 4242", "ethernet", 12, /length 39/],
  ["half a VLAN tag", parseVlan, "200a", "vlan", 2, /truncated/],
  ["half a SNAP header", parseLlc, "aaaa03 0000", "llc", 4, /truncated/],
  ["a supervisory frame without its second control octet", parseLlc, "424201", "llc", 3, /truncated/],
  ["another protocol's BPDU", parseBpdu, "00010000", "stp", 0, /identifier/],
  ["an RSTP BPDU", parseBpdu, "00000202", "stp", 2, /version/],
  ["an unknown BPDU", parseBpdu, "00000007", "stp", 3, /type 7/],
  ["a cut BPDU", parseBpdu, "00000000 00 8000020000000201 00", "stp", 13, /truncated/],
  ["ARP for a token ring", parseArp, "0006080006040001 020000000101 0a000001 000000000000 0a000002", "arp", 0, /hardware type/],
  ["ARP for IPv6", parseArp, "000186dd06040001 020000000101 0a000001 000000000000 0a000002", "arp", 2, /protocol type/],
  ["ARP with long hardware addresses", parseArp, "0001080008040001", "arp", 4, /hardware address length/],
  ["ARP cut in its target", parseArp, "0001080006040001 020000000101 0a000001 0000", "arp", 18, /truncated/],
  ["IP version 5", parseIpv4Packet, `55${IP.slice(2)}`, "ipv4", 0, /version is 5/],
  ["a header of four words", parseIpv4Packet, `44${IP.slice(2)}`, "ipv4", 0, /header length is 16/],
  ["a total length below the header's", parseIpv4Packet, IP.replace("001c", "0013"), "ipv4", 2, /less than the header/],
  ["a total length beyond the frame", parseIpv4Packet, IP, "ipv4", 2, /more than the 20 octets/],
  ["a wrong header checksum", parseIpv4Packet, `${IP} 0000000000000000`, "ipv4", 10, /checksum/],
  ["an option of length 1", parseIpv4Options, "0701", "ipv4-options", 1, /length 1/],
  ["an option longer than the rest", parseIpv4Options, "010727", "ipv4-options", 3, /truncated/],
  ["a route with half an address", parseIpv4Options, "0706 04 0a0000", "ipv4-options", 0, /malformed/],
  ["ICMP without its second word", parseIcmp, "0800f7ff00", "icmp", 4, /truncated/],
  ["ICMP with a wrong checksum", parseIcmp, "0800000000010001", "icmp", 2, /checksum/],
  ["an IGMPv3 report with fewer records than it says", parseIgmp, "2200000000000002 04000000", "igmp", 12, /truncated/],
  ["a UDP length below 8", parseUdp, "9c400035 00070000", "udp", 4, /length is 7/],
  ["a UDP length beyond the packet", parseUdp, "9c400035 00200000 aa", "udp", 8, /truncated/],
  ["a TCP header of four words", parseTcp, TCP.replace("5002", "4002"), "tcp", 12, /data offset is 16/],
  ["TCP options beyond the segment", parseTcp, TCP.replace("5002", "f002"), "tcp", 20, /truncated/],
  ["a TCP option without length", parseTcpOptions, "02", "tcp-options", 1, /truncated/],
  ["IPv6 of version 4", parseIpv6Packet, `4${"0".repeat(79)}`, "ipv6", 0, /version is 4/],
  ["an IPv6 payload beyond the frame", parseIpv6Packet, `60000000 0008 3a40 ${"00".repeat(32)}`, "ipv6", 40, /truncated/],
];

test.each(BAD)("%s", (_, parse, text, layer, offset, reason) => {
  const r = parse(octets(text));
  expect(r.ok ? undefined : r.error).toMatchObject({ layer, offset });
  if (!r.ok) expect(r.error.reason).toMatch(reason);
});

describe("a checked cursor", () => {
  test("keeps its first error and gives zeros after it", () => {
    const c = new Cursor(octets("0102"), "x");
    expect(c.u8()).toBe(1);
    expect(c.u32()).toBe(0);
    expect(c.error).toMatchObject({ layer: "x", offset: 1 });
    c.fail("something else");
    expect([c.u8(), c.u16(), c.take(4).length, c.rest().length]).toEqual([0, 0, 0, 0]);
    expect(c.error).toMatchObject({ offset: 1 });
  });
});
