import { describe, expect, test } from "vitest";
import { concat } from "../../src/base/bytes.ts";
import { CaptureStream, LINKTYPE, MAX_SNAPLEN, type PcapPacket, pcapFileHeader, pcapRecord, readCapture } from "../../src/wire/pcap.ts";
import { FRAMES } from "./corpus.ts";

const PACKETS: PcapPacket[] = FRAMES.slice(0, 5).map((data, i) => ({ seconds: 1_767_603_600 + i, nanos: 123_456_000 + i, data, wireLength: data.length + 10 * i }));
const micro = (p: PcapPacket): PcapPacket => ({ ...p, nanos: Math.floor(p.nanos / 1000) * 1000 });
const file = (nanos: boolean): Uint8Array => concat([pcapFileHeader({ linkType: LINKTYPE.ETHERNET, snapshotLength: 65535, nanos }), ...PACKETS.map((p) => pcapRecord(p, nanos))]);

/** The same file as a big-endian machine writes it. */
function bigEndian(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const swap = (at: number, n: number): void => void out.subarray(at, at + n).reverse();
  for (const at of [0, 8, 12, 16, 20]) swap(at, 4);
  swap(4, 2);
  swap(6, 2);
  for (let at = 24; at < out.length; ) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 8, true);
    for (const word of [0, 4, 8, 12]) swap(at + word, 4);
    at += 16 + length;
  }
  return out;
}

describe("classic pcap", () => {
  test.each([["micro", false, false], ["nano", true, false], ["micro, big-endian", false, true], ["nano, big-endian", true, true]])("%sseconds come back as they were written", (_, nanos, big) => {
    const bytes = big ? bigEndian(file(nanos)) : file(nanos);
    expect(readCapture(bytes)).toEqual({ ok: true, value: { linkType: 1, snapshotLength: 65535, nanos, packets: nanos ? PACKETS : PACKETS.map(micro) } });
  });

  test("the header is libpcap's: version 2.4, the writer's byte order", () =>
    expect([...pcapFileHeader({ linkType: LINKTYPE.LINUX_SLL2, snapshotLength: 262144 })]).toEqual([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0x14, 1, 0, 0]));

  test("a packet longer than the snapshot length is cut to it", () => {
    const bytes = concat([pcapFileHeader({ linkType: 1, snapshotLength: 20 }), ...PACKETS.map((p) => pcapRecord(p))]);
    const r = readCapture(bytes);
    expect(r.ok && r.value.packets.map((p) => p.data.length)).toEqual(PACKETS.map(() => 20));
  });

  test.each([
    ["nothing", 0, "truncated-header", 4, 0],
    ["three octets", 3, "truncated-header", 4, 3],
    ["half a file header", 20, "truncated-header", 24, 20],
  ] as const)("%s is no capture", (_, length, problem, wanted, got) => {
    const r = readCapture(file(false).subarray(0, length));
    expect(r).toMatchObject({ ok: false, error: { problem, wanted, got } });
  });

  test("a file that stops in a packet's header gives the packets before it", () => {
    const r = readCapture(file(false).subarray(0, 24 + 16 + PACKETS[0]!.data.length + 7));
    expect(r).toMatchObject({ ok: true, value: { packets: { length: 1 }, error: { problem: "truncated-record", wanted: 16, got: 7 } } });
  });

  test("a file that stops in a packet gives the packets before it", () => {
    const r = readCapture(file(false).subarray(0, 24 + 16 + 30));
    expect(r).toMatchObject({ ok: true, value: { packets: { length: 0 }, error: { problem: "truncated-packet", wanted: PACKETS[0]!.data.length, got: 30 } } });
  });

  test.each([MAX_SNAPLEN + 1, 0x7fffffff, 0xffffffff])("a packet of %i octets is refused, whatever the header says", (length) => {
    const bytes = concat([pcapFileHeader({ linkType: 1, snapshotLength: 0xffffffff }), pcapRecord(PACKETS[0]!)]);
    new DataView(bytes.buffer).setUint32(24 + 8, length, true);
    expect(readCapture(bytes)).toMatchObject({ ok: true, value: { packets: [], error: { problem: "bad-length", offset: 32 } } });
  });

  test("version 3 and unknown magic numbers are refused", () => {
    const bytes = file(false);
    bytes[4] = 3;
    expect(readCapture(bytes)).toMatchObject({ ok: false, error: { problem: "version" } });
    expect(readCapture(new Uint8Array(64).fill(0x41))).toMatchObject({ ok: false, error: { problem: "not-a-capture" } });
  });
});

describe("pcapng", () => {
  const u32 = (...v: number[]): Uint8Array => new Uint8Array(new Uint32Array(v).buffer);
  const block = (type: number, body: Uint8Array): Uint8Array => {
    const padded = concat([body, new Uint8Array((4 - (body.length % 4)) % 4)]);
    return concat([u32(type, padded.length + 12), padded, u32(padded.length + 12)]);
  };
  const section = block(0x0a0d0d0a, concat([u32(0x1a2b3c4d, 1), u32(0xffffffff, 0xffffffff)]));
  /** if_tsresol 9: nanoseconds. */
  const interfaceBlock = block(1, concat([u32(1, 65535), u32(0x00010009, 9, 0)]));
  const nanoseconds = 1_767_603_600_123_456_789n;
  const packet = (data: Uint8Array, captured = data.length, id = 0): Uint8Array => block(6, concat([u32(id, Number(nanoseconds >> 32n), Number(nanoseconds & 0xffffffffn), captured, data.length), data]));

  test("an enhanced packet block with nanoseconds is read", () => {
    const r = readCapture(concat([section, interfaceBlock, packet(FRAMES[0]!)]));
    expect(r).toMatchObject({ ok: true, value: { linkType: 1, nanos: true, packets: [{ seconds: 1_767_603_600, data: FRAMES[0], wireLength: FRAMES[0]!.length }] } });
  });

  test.each([
    ["a packet of an interface that is not described", [section, interfaceBlock, packet(FRAMES[0]!, FRAMES[0]!.length, 7)], "no-interface"],
    ["a packet longer than its block", [section, interfaceBlock, packet(FRAMES[0]!, 5000)], "bad-length"],
    ["a block of 8 octets", [section, interfaceBlock, u32(6, 8, 8)], "bad-length"],
    ["a block that the file does not hold", [section, interfaceBlock, u32(6, 0xfffffff0, 0)], "truncated-packet"],
    ["two lengths that differ", [section, interfaceBlock, u32(6, 16, 0, 20)], "bad-block"],
    ["interfaces of two link types", [section, interfaceBlock, block(1, u32(113, 65535))], "link-types-differ"],
  ])("%s is a typed error", (_, parts, problem) => expect(readCapture(concat(parts))).toMatchObject({ ok: true, value: { packets: [], error: { problem } } }));

  test("a section without an interface holds nothing", () => expect(readCapture(section)).toMatchObject({ ok: false, error: { problem: "no-interface" } }));
});

describe("a stream", () => {
  test("gives each packet as soon as its last octet is there", () => {
    const bytes = file(true);
    const stream = new CaptureStream();
    const seen: number[] = [];
    for (let i = 0; i < bytes.length; i++) {
      stream.push(bytes.subarray(i, i + 1));
      if (stream.next()) seen.push(i + 1);
    }
    const ends = PACKETS.map((_, i) => 24 + PACKETS.slice(0, i + 1).reduce((n, p) => n + 16 + p.data.length, 0));
    expect(seen).toEqual(ends);
    stream.end();
    expect([stream.next(), stream.error]).toEqual([undefined, undefined]);
  });

  test("knows at once that it is none, and only at the end that it is cut", () => {
    const none = new CaptureStream();
    none.push(new Uint8Array([0x41, 0x42, 0x43, 0x44]));
    expect(none.error?.problem).toBe("not-a-capture");
    const cut = new CaptureStream();
    cut.push(file(false).subarray(0, 50));
    expect([cut.next(), cut.error]).toEqual([undefined, undefined]);
    cut.end();
    expect([cut.next(), cut.error?.problem]).toEqual([undefined, "truncated-packet"]);
  });
});
