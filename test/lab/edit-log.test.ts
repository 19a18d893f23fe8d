import { expect, test } from "vitest";
import { resetLog, rewound, undone } from "../../src/lab/edit-log.ts";
import type { LogEntry } from "../../src/lab/log.ts";

const log: LogEntry[] = [
  [10, "open", "h1", "h1", 80, 24],
  [20, "key", "h1", "l"],
  [21, "key", "h1", "s\r"],
  [30, "open", "h2", "h2", 80, 24],
  [40, "key", "h1", "p"],
  [41, "key", "h2", "x"],
  [42, "key", "h1", "w"],
  [43, "hint", "one"],
  [44, "key", "h1", "d\r"],
  [50, "size", "h1", 100, 30],
  [60, "key", "h1", "half"],
];

test("undo takes back the last command and what was typed since, and keeps terminals and hints", () => {
  expect(undone(log)).toEqual({ at: 40, log: [...log.slice(0, 4), [40, "hint", "one"], [40, "size", "h1", 100, 30]] });
});

test("undo again takes back the command before", () => {
  const once = undone(log)!.log;
  expect(undone(once)).toEqual({ at: 20, log: [log[0], [20, "open", "h2", "h2", 80, 24], [20, "hint", "one"], [20, "size", "h1", 100, 30]] });
});

test("a pulled cable is a thing done", () => {
  expect(undone([...log, [70, "cut", 0]])).toEqual({ at: 70, log });
});

test("with no command entered, undo clears the line; with nothing typed there is nothing", () => {
  expect(undone([log[0]!, log[1]!])).toEqual({ at: 20, log: [log[0]] });
  expect(undone([log[0]!])).toBeUndefined();
});

test("Ctrl-C ends a line", () => {
  expect(undone([log[0]!, [20, "key", "h1", "ping\r"], [30, "key", "h1", "\u0003"]])?.log).toEqual([log[0], [20, "key", "h1", "ping\r"]]);
});

test("reset keeps terminals and paid hints at the beginning", () => {
  expect(resetLog(log, 5)).toEqual([[5, "open", "h1", "h1", 80, 24], [5, "open", "h2", "h2", 80, 24], [5, "hint", "one"], [5, "size", "h1", 100, 30]]);
});

test("rewind keeps everything before the instant", () => {
  expect(rewound(log, 41)).toEqual([...log.slice(0, 5), [41, "hint", "one"], [41, "size", "h1", 100, 30]]);
  expect(rewound(log, 1000)).toEqual(log);
});
