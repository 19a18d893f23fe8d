import { describe, expect, test } from "vitest";
import { letterPlace, type Mark } from "../../src/ui/marks.ts";

const mark = (from: [number, number], towards: [number, number], t: number, letters = "who-has 10.0.0.2"): Mark => ({
  packet: 1,
  family: "arp",
  letters,
  followed: false,
  from: { x: from[0], y: from[1] },
  towards: { x: towards[0], y: towards[1] },
  at: { x: from[0] + (towards[0] - from[0]) * t, y: from[1] + (towards[1] - from[1]) * t },
});
const WIDTH = 600;

describe("letters beside a mark", () => {
  test.each([[0.04], [0.5], [0.9]])("stay between the boxes of a long level cable at %f", (t) => {
    const place = letterPlace(mark([100, 100], [400, 100], t), WIDTH);
    const half = ("who-has 10.0.0.2".length * 7) / 2;
    expect(place.x - half).toBeGreaterThanOrEqual(100);
    expect(place.x + half).toBeLessThanOrEqual(400);
    expect(place.y).toBeLessThan(90);
  });

  test.each([[0.1], [0.5], [0.9]])("do not lie on a slanting cable, nor far from their mark, at %f", (t) => {
    for (const towards of [[400, 50], [400, 250]] as const) {
      const here = mark([100, 150], [...towards], t);
      const { x, y } = letterPlace(here, WIDTH);
      const lineAt = (px: number): number => 150 + ((px - 100) * (towards[1] - 150)) / 300;
      // The letters' box, 12 px high, on one side of the line along its whole width.
      const above = y < Math.min(lineAt(x), lineAt(x + 112));
      const below = y - 10 > Math.max(lineAt(x), lineAt(x + 112));
      expect(above || below).toBe(true);
      expect(Math.min(Math.abs(x - here.at.x), Math.abs(x + 112 - here.at.x))).toBeLessThan(20);
    }
  });

  test("go above the boxes of a cable that is too short for them, below where there is no room above", () => {
    expect(letterPlace(mark([100, 100], [150, 90], 0.5), WIDTH).y).toBeLessThan(90 - 25);
    expect(letterPlace(mark([100, 40], [150, 30], 0.5), WIDTH).y).toBeGreaterThan(40 + 25);
  });

  test("stand beside an upright cable, on the side where there is room", () => {
    expect(letterPlace(mark([100, 20], [100, 200], 0.5), WIDTH)).toMatchObject({ anchor: "start", x: 115 });
    expect(letterPlace(mark([560, 20], [560, 200], 0.5), WIDTH).x).toBeLessThan(560 - 100);
  });
});
