import { describe as suite, expect, test } from "vitest";
import { describe, type Field, type Layer, layersOf } from "../../src/wire/describe.ts";
import { bpdu, eth, FRAMES, icmp, ip, MAC_A, tag, tcp, udp } from "./corpus.ts";

const text = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const DNS = ip(17, udp(40000, 53, text("abcd")));

function layer(frame: Uint8Array, protocol: Layer["protocol"]): Layer {
  const found = layersOf(describe(frame)).find((l) => l.protocol === protocol);
  if (!found) throw new Error(`no ${protocol}`);
  return found;
}
function field(frame: Uint8Array, protocol: Layer["protocol"], name: string): Field {
  const found = layer(frame, protocol).fields.find((f) => f.name === name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
}

const ECHO = icmp({ kind: "echo", reply: false, id: 29, seq: 1, data: text("hello") });
const UNREACHABLE = icmp({ kind: "unreachable", code: 4, mtu: 1400, quoted: DNS.subarray(0, 28) });
const STACKS: readonly (readonly [string, Uint8Array, readonly Layer["protocol"][]])[] = [
  ["UDP", eth(0x0800, DNS), ["ethernet", "ipv4", "udp", "data"]],
  ["UDP in two VLAN tags", eth(0x88a8, tag(100, 0x8100, tag(10, 0x0800, DNS))), ["ethernet", "vlan", "vlan", "ipv4", "udp", "data"]],
  ["a TCP SYN", eth(0x0800, tcp(2)), ["ethernet", "ipv4", "tcp"]],
  ["a ping", eth(0x0800, ip(1, ECHO)), ["ethernet", "ipv4", "icmp", "data"]],
  ["a BPDU", bpdu({ kind: "tcn" }), ["ethernet", "llc", "stp"]],
];

test.each(STACKS)("the layers of %s", (_, frame, protocols) => expect(layersOf(describe(frame)).map((l) => l.protocol)).toEqual(protocols));

test("layers without gaps cover the frame", () => {
  for (const [, frame] of STACKS) {
    let at = 0;
    for (const l of layersOf(describe(frame))) {
      expect(l.offset).toBe(at);
      at += l.length;
    }
    expect(at).toBe(frame.length);
  }
});

test("fields of a layer stand one after the other, bit by bit", () => {
  for (const frame of FRAMES) {
    for (const l of layersOf(describe(frame)).filter((x) => x.error === undefined)) {
      let bit = l.offset * 8;
      for (const f of l.fields) {
        expect(f.bit, `${l.protocol}: ${f.name}`).toBe(bit);
        bit += f.width;
      }
    }
  }
});

suite("a field", () => {
  test("has the name of the standard, its place, its number and its meaning", () => {
    const frame = eth(0x0800, DNS);
    expect(field(frame, "ipv4", "Time to Live")).toMatchObject({ bit: 176, width: 8, value: 64, text: "64" });
    expect(field(frame, "ipv4", "Protocol")).toMatchObject({ value: 17, text: "17 (UDP)" });
    expect(field(frame, "ethernet", "Source Address")).toMatchObject({ bit: 48, width: 48, value: 0x020000000101, text: "02:00:00:00:01:01" });
    expect(field(frame, "udp", "Destination Port")).toMatchObject({ value: 53 });
  });

  test("has parts where the standard names them", () => {
    const flags = field(eth(0x0800, tcp(0x12)), "tcp", "Control Bits").fields!;
    expect(flags.filter((f) => f.value === 1).map((f) => f.name)).toEqual(["ACK", "SYN"]);
    expect(flags.map((f) => f.width)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  });

  test("that is a checksum says whether it is right", () => {
    const frame = eth(0x0800, DNS);
    expect(field(frame, "udp", "Checksum").good).toBe(true);
    frame[frame.length - 1]! ^= 1;
    expect(field(frame, "udp", "Checksum").good).toBe(false);
    expect(field(frame, "ipv4", "Checksum").good).toBe(true);
    frame[22]!--;
    expect(field(frame, "ipv4", "Checksum").good).toBe(false);
  });

  test("that is a checksum over what is not all there is not judged", () => expect(field(eth(0x0800, DNS).subarray(0, 44), "udp", "Checksum").good).toBeUndefined());
});

test("an ICMP error shows the packet that it quotes, and the way of the packet ends before it", () => {
  const frame = eth(0x0800, ip(1, UNREACHABLE));
  const error = layer(frame, "icmp");
  expect(error.quotes).toBe(true);
  expect(error.inner?.protocol).toBe("ipv4");
  expect(error.inner?.inner?.protocol).toBe("udp");
  expect(layersOf(describe(frame)).at(-1)?.protocol).toBe("icmp");
  expect(field(frame, "icmp", "Next-Hop MTU").value).toBe(1400);
});

test("a layer that breaks off says where and why, and keeps what was there", () => {
  const l = layersOf(describe(eth(0x0800, DNS).subarray(0, 24))).at(-1)!;
  expect(l).toMatchObject({ protocol: "ipv4", offset: 14, length: 10, error: { layer: "ipv4" } });
  expect(l.fields.map((f) => f.name)).toContain("Time to Live");
  expect(l.fields.map((f) => f.name)).not.toContain("Source Address");
});

test("a fragment that is not the first has data and no ports", () => expect(layersOf(describe(eth(0x0800, ip(17, text("tail of it"), { fragmentOffset: 1480 })))).map((l) => l.protocol)).toEqual(["ethernet", "ipv4", "data"]));

test("a raw IP packet is described without a link layer", () => expect(layersOf(describe(DNS, "ip"))[0]).toMatchObject({ protocol: "ipv4", offset: 0 }));

test("nothing at all is an Ethernet layer that breaks off", () => expect(describe(new Uint8Array(0))).toMatchObject({ protocol: "ethernet", length: 0, fields: [], error: { offset: 0 } }));

test("the EtherType of a frame that nobody knows is shown, and its octets", () => {
  const frame = eth(0x88b5, text("local experiment"), MAC_A);
  expect(layersOf(describe(frame)).map((l) => l.protocol)).toEqual(["ethernet", "data"]);
  expect(field(frame, "ethernet", "EtherType").value).toBe(0x88b5);
});
