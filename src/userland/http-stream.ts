/** Reading HTTP/1 from a connection: lines, lengths, chunks, each with a time by which it must be there. RFC 9112. */
import { concat, decodeUtf8 } from "../base/bytes.ts";
import type { Errno, TcpSock } from "../kernel/api.ts";
import type { Nanos } from "../sim/time.ts";
import type { Process, Run } from "./process.ts";

const LONGEST_LINE = 65_536;
export type ReadEnd = "eof" | "timeout" | Errno;

export class HttpStream {
  readonly sock: TcpSock;
  private readonly proc: Process;
  private held: Uint8Array = new Uint8Array(0);
  /** Until when the next read may take. */
  deadline: Nanos = Number.POSITIVE_INFINITY;
  /** Octets that arrived in all. */
  received = 0;

  constructor(proc: Process, sock: TcpSock) {
    this.proc = proc;
    this.sock = sock;
  }

  get hasMore(): boolean {
    return this.held.length > 0;
  }

  /** Waits for more. */
  private *fill(): Run<ReadEnd | undefined> {
    for (;;) {
      const got = this.sock.recv(65_536);
      if (typeof got !== "string") {
        if (got.length === 0) return "eof";
        this.received += got.length;
        this.held = this.held.length === 0 ? got : concat([this.held, got]);
        return undefined;
      }
      if (got !== "EAGAIN") return got;
      if (this.proc.now >= this.deadline) return "timeout";
      yield { read: [this.sock], ...(this.deadline === Number.POSITIVE_INFINITY ? {} : { until: this.deadline }) };
    }
  }

  /** A line with its end, as it came. */
  *line(): Run<{ line: string } | ReadEnd> {
    for (;;) {
      const nl = this.held.indexOf(10);
      if (nl >= 0) {
        const line = decodeUtf8(this.held.subarray(0, nl + 1));
        this.held = this.held.subarray(nl + 1);
        return { line };
      }
      if (this.held.length > LONGEST_LINE) return "EMSGSIZE";
      const end = yield* this.fill();
      if (end !== undefined) return end;
    }
  }

  /** At least one octet, at most `max`. */
  *some(max: number): Run<Uint8Array | ReadEnd> {
    if (this.held.length === 0) {
      const end = yield* this.fill();
      if (end !== undefined) return end;
    }
    const part = this.held.subarray(0, max);
    this.held = this.held.subarray(part.length);
    return part;
  }

  /** Exactly `n` octets. */
  *exactly(n: number): Run<Uint8Array | ReadEnd> {
    const parts: Uint8Array[] = [];
    for (let left = n; left > 0; ) {
      const part = yield* this.some(left);
      if (typeof part === "string") return part;
      parts.push(part);
      left -= part.length;
    }
    return concat(parts);
  }
}

export interface Field {
  name: string;
  value: string;
}

/** ASCII only: names of fields, methods, host names. */
export function lower(text: string): string {
  return text.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
}

export function fieldOf(fields: readonly Field[], name: string): string | undefined {
  return fields.find((f) => lower(f.name) === name)?.value;
}

/** "Name: value" of a header line. */
export function parseField(line: string): Field | undefined {
  const colon = line.indexOf(":");
  return colon <= 0 ? undefined : { name: line.slice(0, colon), value: line.slice(colon + 1).trim() };
}
