import { describe, expect, test } from "vitest";
import { drawNarrow, drawWide, type Drawing, type NetSpec } from "../../src/components/net.ts";

const star: NetSpec = {
  nodes: [
    { id: "h1", at: [0, 1], sub: "10.0.1.2" },
    { id: "s1", at: [1, 1], kind: "switch", sub: "flood" },
    { id: "h2", at: [2, 0], sub: "10.0.1.3" },
    { id: "h3", at: [2, 2], sub: "10.0.1.4" },
  ],
  cables: ["h1:eth0 s1:eth1", "h2:eth0 s1:eth2", "h3:eth0 s1:eth3"],
  follow: ["h1 s1", "s1 h2"],
  packets: [{ on: "s1 h2", kind: "arp", text: "who-has 10.0.1.3" }],
};
const chain: NetSpec = {
  nodes: ["h1", "s1", "r1", "s2", "srv"].map((id, i) => ({ id, at: [i, 0] as const, ...(i % 2 ? { kind: "switch" as const } : {}) })),
  cables: ["h1:eth0 s1:p1", "s1:p2 r1:eth0", "r1:eth1 s2:p1", "s2:p2 srv:eth0"],
};
const ring: NetSpec = {
  nodes: [{ id: "s1", at: [1, 0], kind: "switch" }, { id: "s2", at: [0, 2], kind: "switch" }, { id: "s3", at: [2, 2], kind: "switch" }],
  cables: ["s1:eth1 s2:eth1", "s2:eth2 s3:eth2", { ends: "s1:eth2 s3:eth1", state: "blocked", text: "blocked" }],
};

/** Boxes that lie over each other or outside of the drawing. */
function misplaced({ boxes, width, height }: Drawing): string[] {
  const outside = boxes.filter((b) => b.x - b.w / 2 < 0 || b.y - b.h / 2 < 0 || b.x + b.w / 2 > width || b.y + b.h / 2 > height).map((b) => b.spec.id);
  const over = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => Math.abs(a.x - b.x) < (a.w + b.w) / 2 && Math.abs(a.y - b.y) < (a.h + b.h) / 2).map((b) => `${a.spec.id}/${b.spec.id}`));
  return [...outside, ...over];
}

describe.each([["star", star], ["chain", chain], ["ring", ring]])("%s", (_name, spec) => {
  test.each([["wide", drawWide], ["narrow", drawNarrow]])("%s: every box is inside and beside the others", (_form, draw) => {
    expect(misplaced(draw(spec, "test"))).toEqual([]);
  });

  test("a cable ends at the edges of its boxes", () => {
    const drawing = drawWide(spec, "test");
    for (const cable of drawing.cables)
      for (const [id, end] of [[cable.from, cable.a], [cable.to, cable.b]] as const) {
        const box = drawing.boxes.find((b) => b.spec.id === id);
        if (!box) throw new Error(id);
        const reach = Math.max(Math.abs(end.x - box.x) / (box.w / 2), Math.abs(end.y - box.y) / (box.h / 2));
        expect(reach).toBeCloseTo(1, 1);
      }
  });

  test("the narrow form is about a phone wide", () => {
    expect(drawNarrow(spec, "test").width).toBeLessThanOrEqual(420);
  });
});

test("the followed path ends where the packet is", () => {
  const drawing = drawWide(star, "test");
  const mark = drawing.marks[0];
  const last = drawing.follow[1];
  expect([last?.b.x, last?.b.y]).toEqual([mark?.x, mark?.y]);
});

test("two cables between the same boxes are drawn beside each other", () => {
  const [a, b] = drawWide({ nodes: [{ id: "s1", at: [0, 0] }, { id: "s2", at: [1, 0] }], cables: ["s1:eth1 s2:eth1", "s2:eth2 s1:eth2"] }, "test").cables;
  expect(Math.abs((a?.a.y ?? 0) - (b?.a.y ?? 0))).toBeGreaterThan(10);
});

test.each([
  ["a cable to a node that is not there", { ...star, cables: ["h1 nobody"] }, /'h1 nobody' names 'nobody', which is not among the nodes/],
  ["a cable with one end", { ...star, cables: ["h1"] }, /does not name two ends/],
  ["a packet on a cable that is not there", { ...star, packets: [{ on: "h1 h2", kind: "arp" }] }, /no cable goes from 'h1' to 'h2'/],
  ["a packet of no known kind", { ...star, packets: [{ on: "h1 s1", kind: "carrier-pigeon" }] }, /'carrier-pigeon' is not a header/],
  ["two nodes of one name", { ...star, nodes: [...star.nodes, { id: "h1", at: [3, 3] as const }] }, /same id/],
])("%s stops the build, and says where", (_name, spec, message) => {
  expect(() => drawWide(spec, "page <Figure>")).toThrow(message);
  expect(() => drawWide(spec, "page <Figure>")).toThrow(/^page <Figure>: /);
});
