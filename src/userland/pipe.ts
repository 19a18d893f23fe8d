/** pipe(7): 64 KiB between a reader and a writer; a full one makes the writer wait, an abandoned one breaks. */
import { WaitQueue } from "../base/wait-queue.ts";
import type { Errno } from "../kernel/errno.ts";
import type { OpenFile } from "./process.ts";

export const PIPE_SIZE = 65536;
/** A write of up to this is never split (PIPE_BUF). */
const PIPE_BUF = 4096;

class PipeBuffer {
  readonly chunks: Uint8Array[] = [];
  length = 0;
  readers = true;
  writers = true;
  readonly waiters = new WaitQueue();
}

class ReadEnd implements OpenFile {
  readonly kind = "pipe";
  refs = 0;
  readonly path: string;
  private readonly pipe: PipeBuffer;
  readonly waiters: WaitQueue;

  constructor(pipe: PipeBuffer, path: string) {
    this.pipe = pipe;
    this.path = path;
    this.waiters = pipe.waiters;
  }

  get readable(): boolean {
    return this.pipe.length > 0 || !this.pipe.writers;
  }
  readonly writable = false;

  read(max: number): Uint8Array | Errno {
    const { pipe } = this;
    const first = pipe.chunks[0];
    if (!first) return pipe.writers ? "EAGAIN" : new Uint8Array(0);
    const got = first.subarray(0, max);
    if (got.length === first.length) pipe.chunks.shift();
    else pipe.chunks[0] = first.subarray(max);
    pipe.length -= got.length;
    pipe.waiters.wake();
    return got;
  }

  write(): Errno {
    return "EBADF";
  }

  close(): void {
    this.pipe.readers = false;
    this.pipe.chunks.length = 0;
    this.pipe.length = 0;
    this.waiters.wake();
  }
}

class WriteEnd implements OpenFile {
  readonly kind = "pipe";
  refs = 0;
  readonly path: string;
  private readonly pipe: PipeBuffer;
  readonly waiters: WaitQueue;

  constructor(pipe: PipeBuffer, path: string) {
    this.pipe = pipe;
    this.path = path;
    this.waiters = pipe.waiters;
  }

  readonly readable = false;
  get writable(): boolean {
    return PIPE_SIZE - this.pipe.length >= PIPE_BUF || !this.pipe.readers;
  }

  read(): Errno {
    return "EBADF";
  }

  write(bytes: Uint8Array): number | Errno {
    const { pipe } = this;
    if (!pipe.readers) return "EPIPE";
    const room = PIPE_SIZE - pipe.length;
    if (room < Math.min(bytes.length, PIPE_BUF)) return "EAGAIN";
    const taken = bytes.slice(0, room);
    if (taken.length === 0) return 0;
    pipe.chunks.push(taken);
    pipe.length += taken.length;
    pipe.waiters.wake();
    return taken.length;
  }

  close(): void {
    this.pipe.writers = false;
    this.waiters.wake();
  }
}

/** @returns the end to read from and the end to write to. `ino` names it in /proc/PID/fd. */
export function makePipe(ino: number): [read: OpenFile, write: OpenFile] {
  const pipe = new PipeBuffer();
  const path = `pipe:[${ino}]`;
  return [new ReadEnd(pipe, path), new WriteEnd(pipe, path)];
}

/** Collects what is written to it: standard output of a command that the lab runs itself. */
export class Capture implements OpenFile {
  readonly kind = "pipe";
  readonly readable = true;
  readonly writable = true;
  readonly waiters = new WaitQueue();
  refs = 0;
  length = 0;
  /** More than `limit` octets were written; the rest is gone. */
  overflowed = false;
  private readonly chunks: Uint8Array[] = [];
  private readonly limit: number;

  constructor(limit = 16 * 1024 * 1024) {
    this.limit = limit;
  }

  read(): Uint8Array {
    return new Uint8Array(0);
  }

  write(bytes: Uint8Array): number {
    const taken = bytes.slice(0, Math.max(0, this.limit - this.length));
    if (taken.length < bytes.length) this.overflowed = true;
    this.chunks.push(taken);
    this.length += taken.length;
    return bytes.length;
  }

  close(): void {}

  /** What was written so far. */
  bytes(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const chunk of this.chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }
}
