import { expect, test } from "vitest";
import { unifiedDiff } from "../../../src/lab/conformance/diff.ts";

const text = (...lines: string[]): string => lines.map((l) => `${l}\n`).join("");

test("equal texts have no difference", () => {
  expect(unifiedDiff("a\nb\n", "a\nb\n")).toEqual([]);
});

test.each([
  ["a changed line", text("a", "b", "c", "d"), text("a", "b", "x", "d"), ["@@ -1,4 +1,4 @@", " a", " b", "-c", "+x", " d"]],
  ["an added line", text("a", "c"), text("a", "b", "c"), ["@@ -1,2 +1,3 @@", " a", "+b", " c"]],
  ["a lost line", text("a", "b", "c"), text("a", "c"), ["@@ -1,3 +1,2 @@", " a", "-b", " c"]],
  ["nothing expected", "", text("a"), ["@@ -0,0 +1,1 @@", "+a"]],
  ["nothing found", text("a"), "", ["@@ -1,1 +0,0 @@", "-a"]],
  ["a lost newline", "a\n", "a", ["@@ -1,1 +1,1 @@", " a", "\\ No newline at end of file"]],
  [
    "two changes far apart",
    text("1", "2", "3", "4", "5", "6", "7", "8", "9"),
    text("x", "2", "3", "4", "5", "6", "7", "8", "y"),
    ["@@ -1,3 +1,3 @@", "-1", "+x", " 2", " 3", "@@ -7,3 +7,3 @@", " 7", " 8", "-9", "+y"],
  ],
  [
    "two changes close together",
    text("1", "2", "3", "4"),
    text("x", "2", "3", "y"),
    ["@@ -1,4 +1,4 @@", "-1", "+x", " 2", " 3", "-4", "+y"],
  ],
])("%s", (_, expected, actual, lines) => {
  expect(unifiedDiff(expected, actual)).toEqual(lines);
});
