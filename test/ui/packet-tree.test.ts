import { describe, expect, test } from "vitest";
import { fromHex } from "../../src/base/bytes.ts";
import { lookAt } from "../../src/ui/packet-look.ts";
import { headersOf } from "../../src/ui/packet-tree.ts";

const frame = (hex: string): Uint8Array => fromHex(hex.replace(/\s/g, ""))!;

const WHO_HAS = frame("ffffffffffff 020000000102 0806 0001 0800 06 04 0001 020000000102 0a000102 000000000000 0a000103");
const ECHO = frame(`020000000103 020000000102 0800
  4500 0054 1c46 4000 4001 085f 0a000102 0a000103
  0800 34ba 001f 0001 0c00000000000000f152070000000000101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637`);
const BPDU = frame("0180c2000000 020000000a01 0026 424203 0000 00 00 00 8000020000000a01 00000000 8000020000000a01 8001 0000 1400 0200 0f00 0000000000000000");

describe("at a glance", () => {
  test.each([
    ["ARP request", WHO_HAS, "arp", "who-has 10.0.1.3", "who-has 10.0.1.3 tell 10.0.1.2", "eth 14, arp 28"],
    ["echo request", ECHO, "icmp", "echo 1", "echo request, id 31, seq 1", "eth 14, ip 20, icmp 8, data 56"],
    ["BPDU", BPDU, "arp", "BPDU", "Config, root 02:00:00:00:0a:01, cost 0", "eth 14, llc 3, bpdu 35, pad 8"],
    ["cut off in its first header", ECHO.subarray(0, 9), "eth", "frame", "truncated", "eth 9"],
    ["cut off in IPv4", ECHO.subarray(0, 30), "ip", "IPv4", "truncated", "eth 14, ip 16"],
    ["nothing", new Uint8Array(0), "eth", "frame", "truncated", ""],
  ])("%s", (_name, bytes, family, letters, summary, blocks) => {
    const look = lookAt(bytes);
    expect([look.family, look.letters, look.summary, look.blocks.map((block) => `${block.name} ${block.octets}`).join(", ")]).toEqual([family, letters, summary, blocks]);
  });
});

describe("as a tree", () => {
  test("every octet belongs to one header, in order", () => {
    for (const bytes of [WHO_HAS, ECHO, BPDU]) {
      let at = 0;
      for (const header of headersOf(bytes, "ether")) {
        expect(header.offset).toBe(at);
        at += header.length;
        for (const field of header.fields) {
          expect(field.offset).toBeGreaterThanOrEqual(header.offset);
          expect(field.offset + field.length).toBeLessThanOrEqual(at);
        }
      }
      expect(at).toBe(bytes.length);
    }
  });

  test("a good checksum is not marked, a wrong one is", () => {
    const checksums = (bytes: Uint8Array): (boolean | undefined)[] => headersOf(bytes, "ether").flatMap((header) => header.fields.filter((field) => field.name === "checksum").map((field) => field.bad === true));
    const bad = ECHO.slice();
    bad[22] = 63;
    bad[60] = bad[60]! ^ 1;
    expect(checksums(bad)).toEqual([true, true]);
    expect(checksums(ECHO)).toEqual([false, false]);
  });

  test("any octets are taken: cut at every length, and flipped", () => {
    for (const whole of [WHO_HAS, ECHO, BPDU]) {
      for (let length = 0; length <= whole.length; length++) {
        const bytes = whole.slice(0, length);
        for (let i = 0; i < bytes.length; i += 3) {
          const flipped = bytes.slice();
          flipped[i] = flipped[i]! ^ 0xff;
          for (const layer of ["ether", "ip"] as const) {
            const covered = headersOf(flipped, layer).reduce((sum, header) => sum + header.length, 0);
            expect(covered).toBe(length);
            expect(lookAt(flipped, layer).blocks.reduce((sum, block) => sum + block.octets, 0)).toBe(length);
          }
        }
      }
    }
  });
});
