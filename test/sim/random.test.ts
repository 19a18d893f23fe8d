import { expect, test } from "vitest";
import { RandomStream } from "../../src/sim/random.ts";

test("a stream is a function of seed and name", () => {
  const draw = (seed: number, name: string): number[] => {
    const r = new RandomStream(seed, name);
    return [r.u32(), r.u32(), r.u32(), r.u32()];
  };
  expect(draw(1, "a")).toEqual(draw(1, "a"));
  expect(draw(1, "a")).not.toEqual(draw(1, "b"));
  expect(draw(1, "a")).not.toEqual(draw(2, "a"));
});

test("xoshiro128** gives its published sequence from the state 1, 2, 3, 4", () => {
  const r = new RandomStream(0, "");
  Object.assign(r, { s0: 1, s1: 2, s2: 3, s3: 4 });
  expect([r.u32(), r.u32(), r.u32(), r.u32(), r.u32()]).toEqual([11520, 0, 5927040, 70819200, 2031721883]);
});

test("below() stays below and reaches everything", () => {
  const r = new RandomStream(3, "x");
  const seen = new Set<number>();
  for (let i = 0; i < 500; i++) seen.add(r.below(7));
  expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(new RandomStream(1, "s").shuffle([1, 2, 3, 4, 5]).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});
