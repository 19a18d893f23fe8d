import fc from "fast-check";
import { expect, test } from "vitest";
import { CaptureArena } from "../../src/sim/capture.ts";

test("frames come back as they were, the oldest are overwritten, none is ever mixed", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 }), fc.integer({ min: 300, max: 2000 }), fc.integer({ min: 1, max: 50 }), (lengths, size, slots) => {
      const arena = new CaptureArena(size, slots);
      for (const [i, n] of lengths.entries()) {
        const frame = new Uint8Array(n + 4).fill(i & 255);
        arena.keep(i, 3, i, frame, 2, n + 2);
        expect(arena.end).toBe(i + 1);
        expect(arena.end - arena.oldest).toBeLessThanOrEqual(slots);
        for (let k = arena.oldest; k < arena.end; k++) {
          const f = arena.get(k)!;
          expect(f.at).toBe(k);
          expect(f.bytes.length).toBe(lengths[k]);
          expect(f.bytes.every((b) => b === (k & 255))).toBe(true);
        }
      }
      expect(arena.get(arena.oldest - 1)).toBeUndefined();
      expect(arena.get(arena.end)).toBeUndefined();
    }),
    { seed: 11, numRuns: 60 },
  );
});
