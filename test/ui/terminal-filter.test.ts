import { describe, expect, test } from "vitest";
import { TerminalFilter } from "../../src/ui/terminal-filter.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const passed = (...chunks: string[]): string => {
  const filter = new TerminalFilter();
  return chunks.map((chunk) => new TextDecoder().decode(filter.pass(bytes(chunk)))).join("");
};

describe("control strings never reach the terminal", () => {
  test.each([
    ["a title (OSC 0), ended by BEL", "a\x1b]0;<img src=x onerror=alert(1)>\x07b", "ab"],
    ["a link (OSC 8), ended by ST", "a\x1b]8;;javascript:x\x1b\\b", "ab"],
    ["the clipboard (OSC 52)", "\x1b]52;c;aGk=\x07$ ", "$ "],
    ["DCS", "a\x1bP1$r0m\x1b\\b", "ab"],
    ["APC, PM and SOS", "\x1b_x\x1b\\\x1b^y\x1b\\\x1bXz\x1b\\ok", "ok"],
    ["their C1 forms in UTF-8", "a\u009d0;t\u0007b\u0090q\u009cc", "abc"],
    ["one that another begins in", "\x1b]0;a\x1b]0;b\x07c", "c"],
    ["one that CAN breaks off", "\x1b]0;a\x18b", "b"],
  ])("%s", (_name, text, shown) => expect(passed(text)).toBe(shown));

  test("one split over chunks at any place", () => {
    const text = "x\x1b]0;title\x1b\\y\u009d2;z\x07w";
    for (let i = 0; i <= text.length; i++) expect(passed(text.slice(0, i), text.slice(i))).toBe("xyw");
  });
});

describe("everything else passes", () => {
  test.each([
    ["text and line ends", "hello\r\nworld\t!"],
    ["colours", "\x1b[1;31mred\x1b[0m"],
    ["cursor movement and clearing", "\x1b[2J\x1b[H\x1b[?25l"],
    ["letters of other scripts", "né Ü 中文 ©"],
    ["short escapes", "\x1b7\x1b8\x1bM\x1b(B"],
  ])("%s", (_name, text) => expect(passed(text)).toBe(text));

  test("character by character", () => {
    const text = "\x1b[1mé中\x1b[0m";
    const filter = new TerminalFilter();
    const out = [...bytes(text)].flatMap((byte) => [...filter.pass(new Uint8Array([byte]))]);
    expect(new TextDecoder().decode(new Uint8Array(out))).toBe(text);
  });
});
