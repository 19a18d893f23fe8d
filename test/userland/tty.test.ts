import { beforeEach, describe, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/bytes.ts";
import { Scheduler } from "../../src/sim/scheduler.ts";
import type { Process, Signal } from "../../src/userland/process.ts";
import { TtyDevice, type TtyHost } from "../../src/userland/tty.ts";

let tty: TtyDevice;
let screen: string;
let signals: string[];
let host: TtyHost & { current: Process | undefined };

beforeEach(() => {
  screen = "";
  signals = [];
  host = {
    clock: new Scheduler(),
    current: undefined,
    signalGroup: (pgid: number, sig: Signal) => {
      signals.push(`${sig} ${pgid}`);
      return true;
    },
  };
  tty = new TtyDevice(host, "pts/0", 80, 24);
  tty.foreground = 7;
  tty.onOutput = (bytes) => (screen += decodeUtf8(bytes));
});

const type = (keys: string): void => tty.input(encodeUtf8(keys));
const read = (max = 100): string => {
  const got = tty.read(max);
  return typeof got === "string" ? got : decodeUtf8(got);
};

describe("canonical mode", () => {
  test("nothing is there before Enter", () => {
    type("ab");
    expect(read()).toBe("EAGAIN");
    type("c\r");
    expect(read()).toBe("abc\n");
    expect(screen).toBe("abc\r\n");
  });

  test.each([
    ["backspace takes a character", "abx\x7fc\r", "abc\n", "abx\b \bc\r\n"],
    ["Ctrl-H as well", "ax\bb\r", "ab\n", "ax\b \bb\r\n"],
    ["a wide character takes two columns", "a字\x7fb\r", "ab\n", "a字\b \b\b \bb\r\n"],
    ["Ctrl-W takes a word", "one two\x17x\r", "one x\n", "one two\b \b\b \b\b \bx\r\n"],
    ["Ctrl-U takes the line", "abc\x15d\r", "d\n", "abc\b \b\b \b\b \bd\r\n"],
    ["a control character is shown with a caret", "a\x01b\r", "a\x01b\n", "a^Ab\r\n"],
    ["Ctrl-V takes the next one as it is", "a\x16\x03b\r", "a\x03b\n", "a^\b^Cb\r\n"],
  ])("%s", (_, keys, line, shown) => {
    type(keys);
    expect(read()).toBe(line);
    expect(screen).toBe(shown);
  });

  test("lines are read one at a time, and in pieces", () => {
    type("one\rtwo\r");
    expect([read(2), read(), read(), read()]).toEqual(["on", "e\n", "two\n", "EAGAIN"]);
  });

  test("Ctrl-D ends the file on an empty line, and pushes a line that is not", () => {
    type("ab\x04");
    expect(read()).toBe("ab");
    type("\x04");
    expect(read()).toBe("");
    expect(read()).toBe("EAGAIN");
  });

  test("without echo nothing is shown", () => {
    tty.mode = { ...tty.mode, echo: false };
    type("secret\r");
    expect(screen).toBe("");
    expect(read()).toBe("secret\n");
  });
});

describe("signals", () => {
  test.each([
    ["\x03", "SIGINT 7", "^C"],
    ["\x1a", "SIGTSTP 7", "^Z"],
    ["\x1c", "SIGQUIT 7", "^\\"],
  ])("%j sends %s to the foreground and forgets what was typed", (key, sig, shown) => {
    type(`typed${key}`);
    expect(signals).toEqual([sig]);
    expect(screen).toBe(`typed${shown}`);
    type("x\r");
    expect(read()).toBe("x\n");
  });

  test("a new size is told to the foreground", () => {
    tty.resize(80, 24);
    tty.resize(100, 30);
    expect(signals).toEqual(["SIGWINCH 7"]);
    expect([tty.columns, tty.rows]).toEqual([100, 30]);
  });

  test("who reads from the background is stopped", () => {
    type("x\r");
    host.current = { tty, pgid: 9, disposition: () => "default" } as unknown as Process;
    expect(read()).toBe("EAGAIN");
    expect(signals).toEqual(["SIGTTIN 9"]);
  });

  test("after a hangup readers see the end, writers an error", () => {
    tty.hangup();
    expect(read()).toBe("");
    expect(tty.write(encodeUtf8("x"))).toBe("EIO");
  });
});

describe("raw mode", () => {
  test("keys are there at once, Enter is a carriage return", () => {
    tty.mode = { canonical: false, echo: false, signals: false, crToNl: false };
    type("a\r\x03");
    expect([read(), read(), read()]).toEqual(["a", "\r", "\x03"]);
  });

  test("what was typed ahead in lines can be read in raw mode, and the other way round", () => {
    type("abc");
    tty.mode = { ...tty.mode, canonical: false, echo: false };
    expect(read()).toBe("abc");
    type("next\r");
    tty.mode = { ...tty.mode, canonical: true, echo: true };
    expect(read()).toBe("next\n");
  });
});

describe("output", () => {
  test("a newline gets a carriage return", () => {
    tty.write(encodeUtf8("a\nb"));
    expect(screen).toBe("a\r\nb");
  });

  test("a screen takes a megabyte a second: a writer that is ahead waits", () => {
    let written = 0;
    for (let n = tty.write(new Uint8Array(100_000)); typeof n === "number"; n = tty.write(new Uint8Array(100_000))) written += n;
    expect(written).toBe(64_000);
    expect(tty.writable).toBe(false);
    host.clock.runBefore(1_000_000_000, 1000);
    expect(tty.writable).toBe(true);
  });
});
