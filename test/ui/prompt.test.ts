import { expect, test } from "vitest";
import { atPrompt, printedOf } from "../../src/ui/prompt.ts";

const PROMPT = "\x1b[?2004h\rroot@h1:~# \x1b[J\r\x1b[11C";

test.each([
  ["a fresh prompt", PROMPT, true],
  ["a command that began", "ls\r\x1b[13C\r\n\x1b[?2004l\r", false],
  ["one that ended", `\x1b[?2004l\rone\r\n${PROMPT}`, true],
  ["letters being typed", "pin", undefined],
  ["output in between", "64 bytes from 10.0.1.3\r\n", undefined],
])("%s", (_name, output, waits) => expect(atPrompt(output)).toBe(waits));

test("what a command printed, without echo and prompt", () => {
  expect(printedOf(`ls\r\x1b[13C\r\n\x1b[?2004l\ra  b\r\nc\r\n${PROMPT}`)).toBe("a  b\nc\n");
  expect(printedOf(`true\r\n\x1b[?2004l\r${PROMPT}`)).toBe("");
  expect(printedOf("ec")).toBe("");
});
