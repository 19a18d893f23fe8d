/**
 * The only way to read untrusted octets: a cursor that never leaves its slice. A read past the end gives 0 and is remembered
 * as the cursor's one error, so that a decoder reads a whole header straight through and asks once, at the end, whether it held.
 */
import { err, type Result } from "../base/result.ts";

/** Why octets are not what they claim to be. `offset` counts octets from the start of `layer`'s header. */
export interface DecodeError {
  readonly layer: string;
  readonly offset: number;
  readonly reason: string;
}

export function decodeError(layer: string, offset: number, reason: string): Result<never, DecodeError> {
  return err({ layer, offset, reason });
}

export class Cursor {
  readonly bytes: Uint8Array;
  readonly layer: string;
  /** Octets read so far. */
  at = 0;
  /** The first read that went past the end, or what `fail` was told. */
  error: DecodeError | undefined;

  constructor(bytes: Uint8Array, layer: string) {
    this.bytes = bytes;
    this.layer = layer;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  /** Remembers the first error only: what follows from it is noise. */
  fail(reason: string, offset = this.at): void {
    this.error ??= { layer: this.layer, offset, reason };
  }

  /** Whether `n` octets are there; otherwise the error is set. */
  private need(n: number): boolean {
    if (this.error !== undefined) return false;
    if (n <= this.left) return true;
    this.fail(`truncated: ${n} octets needed, ${this.left} there`);
    return false;
  }

  u8(): number {
    return this.need(1) ? this.bytes[this.at++]! : 0;
  }

  u16(): number {
    if (!this.need(2)) return 0;
    const b = this.bytes;
    const at = this.at;
    this.at += 2;
    return (b[at]! << 8) | b[at + 1]!;
  }

  u24(): number {
    return this.u8() * 0x10000 + this.u16();
  }

  u32(): number {
    if (!this.need(4)) return 0;
    const high = this.u16();
    return high * 0x10000 + this.u16();
  }

  /** Aliases the slice: no copy. Empty when there are fewer. */
  take(n: number): Uint8Array {
    if (!this.need(n)) return new Uint8Array(0);
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.take(this.error === undefined ? this.left : 0);
  }
}
