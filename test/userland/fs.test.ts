import { beforeEach, describe, expect, test } from "vitest";
import { decodeUtf8, encodeUtf8 } from "../../src/base/bytes.ts";
import type { FsResult } from "../../src/userland/fs.ts";
import { FileSystem, MAX_BYTES, MAX_INODES } from "../../src/userland/fs.ts";
import type { Process } from "../../src/userland/process.ts";

let now = 0;
let fs: FileSystem;
/** Nothing of a process is looked at but its umask and identity. */
const proc = { umask: 0o022, uid: 0, gid: 0, cwd: "/home" } as Process;
let current: Process | undefined = proc;

beforeEach(() => {
  now = 0;
  current = proc;
  fs = new FileSystem({ now: () => now, current: () => current });
  fs.mkdir("/home");
});

const error = (r: FsResult<unknown>): string | undefined => (r.ok ? undefined : r.error);
const text = (path: string): string => {
  const got = fs.readFile(proc, path);
  return got.ok ? decodeUtf8(got.value) : got.error;
};

describe("walking", () => {
  test("a relative path starts at the working directory of who runs", () => {
    fs.writeFile("a", encodeUtf8("x"));
    expect(text("/home/a")).toBe("x");
  });

  test(".. of a link's target is the target's parent", () => {
    fs.mkdir("/real/deep", { parents: true });
    fs.symlink("/real/deep", "/home/l");
    fs.writeFile("/home/l/../f", encodeUtf8("y"));
    expect(text("/real/f")).toBe("y");
    expect(fs.realpath("/home/l/../f")).toEqual({ ok: true, value: "/real/f" });
  });

  test.each([
    ["", "ENOENT"], ["/nosuch/x", "ENOENT"], ["/home/f/x", "ENOTDIR"], ["/home/f/", "ENOTDIR"], ["/home/loop", "ELOOP"], ["/home/dangling", "ENOENT"], [`/home/${"n".repeat(256)}`, "ENAMETOOLONG"],
    [`/${"x/".repeat(3000)}`, "ENAMETOOLONG"],
  ])("stat of %s is %s", (path, want) => {
    fs.writeFile("/home/f", encodeUtf8(""));
    fs.symlink("loop", "/home/loop");
    fs.symlink("nowhere", "/home/dangling");
    expect(error(fs.stat(path))).toBe(want);
  });

  test("a chain of 40 links is followed, one of 41 is not", () => {
    fs.writeFile("/home/l0", encodeUtf8("end"));
    for (let i = 1; i <= 41; i++) fs.symlink(`l${i - 1}`, `/home/l${i}`);
    expect(text("/home/l40")).toBe("end");
    expect(error(fs.stat("/home/l41"))).toBe("ELOOP");
  });
});

describe("making and removing", () => {
  test("the umask takes permission bits away", () => {
    fs.mkdir("/home/d");
    fs.touch("/home/d/f");
    const modes = ["/home/d", "/home/d/f"].map((p) => {
      const found = fs.stat(p);
      return found.ok ? found.value.mode : 0;
    });
    expect(modes).toEqual([0o755, 0o644]);
  });

  test.each([
    ["rmdir of a full directory", () => fs.rmdir("/home/d"), "ENOTEMPTY"],
    ["rmdir of a file", () => fs.rmdir("/home/d/f"), "ENOTDIR"],
    ["rmdir of the root", () => fs.rmdir("/"), "EBUSY"],
    ["unlink of a directory", () => fs.unlink("/home/d"), "EISDIR"],
    ["mkdir where something is", () => fs.mkdir("/home/d"), "EEXIST"],
    ["a directory into itself", () => fs.rename("/home/d", "/home/d/e"), "EINVAL"],
    ["a file over a directory", () => fs.rename("/home/d/f", "/home/e"), "EISDIR"],
    ["a directory over a file", () => fs.rename("/home/e", "/home/d/f"), "ENOTDIR"],
    ["a hard link to a directory", () => fs.link("/home/d", "/home/x"), "EPERM"],
    ["writing to a directory", () => fs.writeFile("/home/d", encodeUtf8("")), "EISDIR"],
  ])("%s: %3$s", (_, run, want) => {
    fs.mkdir("/home/d");
    fs.mkdir("/home/e");
    fs.touch("/home/d/f");
    expect(error(run())).toBe(want);
  });

  test("an unlinked file lives as long as somebody has it open", () => {
    fs.writeFile("/home/f", encodeUtf8("content"));
    const opened = fs.open(proc, "/home/f", { read: true });
    if (!opened.ok) throw new Error(opened.error);
    fs.unlink("/home/f");
    expect(opened.value.read(100)).toEqual(encodeUtf8("content"));
    opened.value.close();
    expect(fs.usage().bytes).toBe(0);
  });

  test("links count", () => {
    fs.mkdir("/home/d");
    fs.mkdir("/home/d/sub");
    fs.touch("/home/f");
    fs.link("/home/f", "/home/g");
    const links = (p: string): number => {
      const found = fs.stat(p);
      return found.ok ? found.value.nlink : -1;
    };
    expect([links("/home/d"), links("/home/f"), links("/home/g")]).toEqual([3, 2, 2]);
    fs.unlink("/home/f");
    expect(links("/home/g")).toBe(1);
  });
});

describe("limits", () => {
  test("the disk holds 16 MiB, then ENOSPC; what is removed makes room", () => {
    expect(error(fs.writeFile("/home/big", new Uint8Array(MAX_BYTES)))).toBeUndefined();
    expect(error(fs.writeFile("/home/more", encodeUtf8("x")))).toBe("ENOSPC");
    fs.unlink("/home/big");
    expect(error(fs.writeFile("/home/more", encodeUtf8("x")))).toBeUndefined();
  });

  test("a write takes what fits", () => {
    fs.writeFile("/home/big", new Uint8Array(MAX_BYTES - 3));
    const opened = fs.open(proc, "/home/f", { write: true, create: true });
    if (!opened.ok) throw new Error(opened.error);
    expect(opened.value.write(new Uint8Array(10))).toBe(3);
    expect(opened.value.write(new Uint8Array(10))).toBe("ENOSPC");
  });

  test("there are 4,096 inodes", () => {
    let made = 0;
    while (made < 2 * MAX_INODES && fs.touch(`/home/f${made}`).ok) made++;
    expect(fs.usage().inodes).toBe(MAX_INODES);
    expect(error(fs.mkdir("/home/d"))).toBe("ENOSPC");
  });
});

describe("permission", () => {
  test.each([
    ["a stranger does not read 0600", 0o600, 1000, "EACCES"],
    ["a stranger reads 0604", 0o604, 1000, undefined],
    ["root reads everything", 0o000, 0, undefined],
  ])("%s", (_, mode, uid, want) => {
    fs.writeFile("/home/f", encodeUtf8("secret"), { mode });
    current = { ...proc, uid, gid: uid } as Process;
    expect(error(fs.readFile(proc, "/home/f"))).toBe(want);
  });

  test("not even root runs a file without an x bit", () => {
    fs.writeFile("/home/f", encodeUtf8("#!/bin/sh\n"), { mode: 0o644 });
    const found = fs.stat("/home/f");
    expect(found.ok && fs.access(found.value, 1)).toBe(false);
  });
});
