/** The device files of /dev, with the numbers of the kernel's Documentation/admin-guide/devices.txt. */
import { WaitQueue } from "../base/wait-queue.ts";
import type { Errno } from "../kernel/errno.ts";
import type { Inode } from "./fs.ts";
import type { NodeMachine } from "./machine.ts";
import type { OpenFile } from "./process.ts";

/** A device that never blocks. */
function device(path: string, read: (max: number) => Uint8Array | Errno, write: (bytes: Uint8Array) => number | Errno): OpenFile {
  return { kind: "null", readable: true, writable: true, waiters: new WaitQueue(), refs: 0, path, read, write, close: () => undefined };
}

const nothing = (): Uint8Array => new Uint8Array(0);
const zeros = (max: number): Uint8Array => new Uint8Array(max);
const everything = (bytes: Uint8Array): number => bytes.length;

export function addDevices(machine: NodeMachine): void {
  const { fs } = machine;
  const chance = machine.random("urandom");
  const random = (max: number): Uint8Array => {
    const out = new Uint8Array(Math.min(max, 65536));
    for (let i = 0; i < out.length; i++) out[i] = chance.u32() >>> 24;
    return out;
  };
  fs.mknod("/dev/null", 0o666, [1, 3], () => device("/dev/null", nothing, everything));
  fs.mknod("/dev/zero", 0o666, [1, 5], () => device("/dev/zero", zeros, everything));
  fs.mknod("/dev/full", 0o666, [1, 7], () => device("/dev/full", zeros, () => "ENOSPC"));
  fs.mknod("/dev/random", 0o666, [1, 8], () => device("/dev/random", random, everything));
  fs.mknod("/dev/urandom", 0o666, [1, 9], () => device("/dev/urandom", random, everything));
  fs.mknod("/dev/tty", 0o666, [5, 0], (proc) => proc.tty ?? "ENXIO");
  fs.symlink("/proc/self/fd", "/dev/fd");
  for (const [name, fd] of [["stdin", 0], ["stdout", 1], ["stderr", 2]] as const) fs.symlink(`/proc/self/fd/${fd}`, `/dev/${name}`);
  fs.addDynamic("/dev/pts", {
    list: () => machine.terminals.map((t) => t.name.slice("pts/".length)),
    lookup: (name) => {
      const tty = machine.terminals.find((t) => t.name === `pts/${name}`);
      if (!tty) return undefined;
      const inode: Inode = { ino: 1000 + Number(name), type: "device", mode: 0o620, uid: 0, gid: 5, nlink: 1, mtime: machine.clock.now, rdev: [136, Number(name)], device: () => tty };
      return inode;
    },
  }, 0o755);
}
