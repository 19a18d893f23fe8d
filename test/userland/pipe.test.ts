import { expect, test } from "vitest";
import { encodeUtf8 } from "../../src/base/bytes.ts";
import { makePipe, PIPE_SIZE } from "../../src/userland/pipe.ts";
import { makeMachine, sh } from "./machine.ts";

test("a reader waits for a writer, and sees the end when it has closed", () => {
  const [read, write] = makePipe(1);
  expect(read.read(10)).toBe("EAGAIN");
  write.write(encodeUtf8("abc"));
  expect(read.read(2)).toEqual(encodeUtf8("ab"));
  write.close();
  expect(read.read(10)).toEqual(encodeUtf8("c"));
  expect(read.read(10)).toEqual(new Uint8Array(0));
});

test("64 KiB fit; a small write is never split", () => {
  const [read, write] = makePipe(1);
  expect(write.write(new Uint8Array(PIPE_SIZE - 100))).toBe(PIPE_SIZE - 100);
  expect(write.write(new Uint8Array(200))).toBe("EAGAIN");
  expect(write.writable).toBe(false);
  read.read(4096);
  expect(write.write(new Uint8Array(200))).toBe(200);
});

test("nobody reads: EPIPE", () => {
  const [read, write] = makePipe(1);
  read.close();
  expect(write.write(encodeUtf8("x"))).toBe("EPIPE");
});

test("yes | head ends: the writer dies of SIGPIPE", () => {
  const m = makeMachine();
  expect(sh(m, "yes | head -2")).toEqual({ status: 0, stdout: "y\ny\n", stderr: "" });
  expect(m.processes.size).toBe(1);
});

test("a slow reader holds a fast writer back", () => {
  const m = makeMachine();
  expect(sh(m, "yes | { sleep 1; head -1; }").stdout).toBe("y\n");
});
