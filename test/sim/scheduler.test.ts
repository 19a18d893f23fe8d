import fc from "fast-check";
import { expect, test } from "vitest";
import { Scheduler } from "../../src/sim/scheduler.ts";

test("events run by time, and at one time in the order they were asked for", () => {
  const run: string[] = [];
  const s = new Scheduler();
  for (const [at, name] of [[20, "c"], [10, "a"], [20, "d"], [10, "b"]] as const) s.after(at, () => void run.push(name));
  expect(s.runBefore(100, 100)).toBe("reached");
  expect(run).toEqual(["a", "b", "c", "d"]);
  expect(s.now).toBe(100);
});

test("the order is that of a stable sort for any times and cancellations", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.boolean()), { maxLength: 300 }), (asked) => {
      const s = new Scheduler();
      const run: number[] = [];
      const timers = asked.map(([at], i) => s.after(at, () => void run.push(i)));
      for (const [i, [, gone]] of asked.entries()) if (gone) s.cancel(timers[i]!);
      expect(s.pending).toBe(asked.filter(([, gone]) => !gone).length);
      s.runBefore(1000, 1e6);
      const expected = asked.map(([at, gone], i) => ({ at, gone, i })).filter((x) => !x.gone).sort((a, b) => a.at - b.at || a.i - b.i).map((x) => x.i);
      expect(run).toEqual(expected);
    }),
    { seed: 7, numRuns: 200 },
  );
});

test("what an event asks for at its own instant runs at that instant", () => {
  const s = new Scheduler();
  const run: number[] = [];
  s.after(5, () => {
    s.after(0, () => void run.push(s.now));
  });
  s.runBefore(6, 100);
  expect(run).toEqual([5]);
});

test("a budget stops between two instants, never inside one", () => {
  const s = new Scheduler();
  let ran = 0;
  for (let i = 0; i < 10; i++) s.after(1, () => void ran++);
  s.after(2, () => void ran++);
  expect(s.runBefore(10, 3)).toBe("budget");
  expect(ran).toBe(10);
  expect(s.now).toBe(1);
  expect(s.runBefore(10, 3)).toBe("reached");
  expect(ran).toBe(11);
});

test("an instant without end is stopped", () => {
  const s = new Scheduler();
  const again = (): void => void s.after(0, again);
  again();
  expect(s.runBefore(10, 1e9, 1000)).toBe("stuck");
});

test("a timer that ran is not another's", () => {
  const s = new Scheduler();
  const first = s.after(1, () => undefined);
  s.runBefore(2, 10);
  let ran = false;
  s.after(1, () => {
    ran = true;
  });
  s.cancel(first);
  s.runBefore(10, 10);
  expect(ran).toBe(true);
});
