/**
 * SHA-256 over all that a session showed and is: inputs, every frame (time, cable, octets), every terminal's output, kernel
 * tables, file systems. Fed while a replay runs; two engines that agree on it agree on everything a learner could see.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { encodeUtf8, toHex } from "../base/bytes.ts";

const BLOCK = 1 << 16;

/** A hash that gathers small pieces: hashing a frame at a time would cost as much as carrying it. */
export class Hasher {
  private readonly hash = sha256.create();
  private readonly block = new Uint8Array(BLOCK);
  private readonly view = new DataView(this.block.buffer);
  private used = 0;

  private room(octets: number): void {
    if (this.used + octets > BLOCK) this.flush();
  }

  private flush(): void {
    if (this.used > 0) this.hash.update(this.block.subarray(0, this.used));
    this.used = 0;
  }

  /** An integer up to 2^53. */
  number(n: number): void {
    this.room(8);
    this.view.setFloat64(this.used, n);
    this.used += 8;
  }

  /** With its length, so that pieces cannot be cut differently. */
  bytes(b: Uint8Array, from = 0, to = b.length): void {
    this.number(to - from);
    this.raw(b, from, to);
  }

  /** Without its length: for a stream whose cuts do not matter. */
  raw(b: Uint8Array, from = 0, to = b.length): void {
    if (to - from > BLOCK) {
      this.flush();
      this.hash.update(b.subarray(from, to));
      return;
    }
    this.room(to - from);
    if (to - from < 128) for (let i = from; i < to; i++) this.block[this.used++] = b[i]!;
    else {
      this.block.set(b.subarray(from, to), this.used);
      this.used += to - from;
    }
  }

  text(s: string): void {
    this.bytes(encodeUtf8(s));
  }

  /** 64 hex digits. More may be added afterwards. */
  digest(): string {
    this.flush();
    return toHex(this.hash.clone().digest());
  }
}
