import { describe, expect, test } from "vitest";
import { layMap, type MapCable, type MapLayout, type MapNode } from "../../src/ui/map-layout.ts";

const node = (id: string, kind: MapNode["kind"], x: number, y: number, ...lines: string[]): MapNode => ({ id, kind, at: [x, y], lines });
const cable = (a: string, b: string): MapCable => {
  const end = (text: string): { node: string; dev: string } => ({ node: text.split(":")[0]!, dev: text.split(":")[1]! });
  return { ends: [end(a), end(b)] };
};
const SWITCH: [MapNode[], MapCable[]] = [
  [node("h1", "host", 0, 0, "10.69.153.132/24"), node("h2", "host", 2, 0, "10.69.153.33/24"), node("h3", "host", 1, 2, "10.69.153.7/24"), node("s1", "switch", 1, 1, "br0 10.69.153.254/24")],
  [cable("h1:eth0", "s1:eth2"), cable("h2:eth0", "s1:eth1"), cable("h3:eth0", "s1:eth3")],
];
const RING: [MapNode[], MapCable[]] = [
  [node("s1", "switch", 1, 0), node("s2", "switch", 0, 1), node("s3", "switch", 2, 1), node("h1", "host", 1, -1, "10.0.0.1/24"), node("h2", "host", 0, 2, "10.0.0.2/24"), node("h3", "host", 2, 2, "10.0.0.3/24")],
  [cable("s1:eth1", "s2:eth1"), cable("s2:eth2", "s3:eth2"), cable("s3:eth1", "s1:eth2"), cable("h1:eth0", "s1:eth3"), cable("h2:eth0", "s2:eth3"), cable("h3:eth0", "s3:eth3")],
];
const CHAIN: [MapNode[], MapCable[]] = [
  Array.from({ length: 6 }, (_, i) => node(`r${i}`, "router", i, 0, `eth0 10.0.${i}.1/24`, `eth1 10.0.${i + 1}.2/24`)),
  Array.from({ length: 5 }, (_, i) => cable(`r${i}:eth1`, `r${i + 1}:eth0`)),
];

const inside = (layout: MapLayout): void => {
  for (const box of layout.boxes) {
    expect(box.x - box.w / 2).toBeGreaterThanOrEqual(0);
    expect(box.x + box.w / 2).toBeLessThanOrEqual(layout.width);
    expect(box.y - box.h / 2).toBeGreaterThanOrEqual(0);
    expect(box.y + box.h / 2).toBeLessThanOrEqual(layout.height);
  }
};
const apart = (layout: MapLayout): void => {
  for (const [i, p] of layout.boxes.entries()) for (const q of layout.boxes.slice(i + 1)) expect(Math.abs(p.x - q.x) >= (p.w + q.w) / 2 || Math.abs(p.y - q.y) >= (p.h + q.h) / 2).toBe(true);
};

describe.each([["a switch", SWITCH], ["a ring", RING], ["a chain", CHAIN]] as const)("%s", (_name, [nodes, cables]) => {
  test.each([[646, 262], [700, 300], [374, 176], [344, 150], [768, 300], [1000, 500], [240, 120]])("fits into %i x %i", (width, height) => {
    const layout = layMap(nodes, cables, width, height);
    inside(layout);
    apart(layout);
    expect(layout.cables).toHaveLength(cables.length);
    expect(layout.pads).toHaveLength(2 * cables.length);
    for (const { a, b } of layout.cables) expect(Math.hypot(b.x - a.x, b.y - a.y)).toBeGreaterThan(10);
  });
});

test("letters keep their size while there is room", () => {
  const layout = layMap(...SWITCH, 646, 300);
  expect([layout.width, layout.form]).toEqual([646, "full"]);
  expect(layout.pads.every((pad) => pad.named)).toBe(true);
});

test("a phone's drawing keeps its size and gives up words first", () => {
  const layout = layMap(...SWITCH, 374, 180);
  expect(layout.width).toBe(374);
  expect(layout.boxes.find((box) => box.id === "h1")!.beside).toBe(".153.132");
});

test("two cables between the same boxes do not lie on each other", () => {
  const layout = layMap([node("a", "switch", 0, 0), node("b", "switch", 1, 0)], [cable("a:eth0", "b:eth0"), cable("a:eth1", "b:eth1")], 500, 200);
  expect(layout.cables[0]!.a.y).not.toBe(layout.cables[1]!.a.y);
});
