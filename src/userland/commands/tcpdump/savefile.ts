/** The file that -w writes: what stdio would hold back is held back, so that a file is whole only at the end, or with -U. */
import { concat } from "../../../base/bytes.ts";
import { type Errno, strerror } from "../../../kernel/api.ts";
import { err, ok, type Result } from "../../../base/result.ts";
import { pcapFileHeader, type PcapPacket, pcapRecord } from "../../../wire/pcap.ts";
import type { Process, Run } from "../../process.ts";

const BLOCK = 4096;

export class SaveFile {
  private readonly proc: Process;
  private readonly fd: number;
  private readonly nanos: boolean;
  private held: Uint8Array[] = [];
  private length = 0;
  private error: Errno | undefined;

  private constructor(proc: Process, fd: number, nanos: boolean) {
    this.proc = proc;
    this.fd = fd;
    this.nanos = nanos;
  }

  /** "-" is standard output. */
  static open(proc: Process, name: string, o: { linkType: number; snapshotLength: number; nanos: boolean }): Result<SaveFile, string> {
    let fd = 1;
    if (name !== "-") {
      const opened = proc.machine.fs.open(proc, name, { write: true, create: true, truncate: true });
      if (!opened.ok) return err(`${name}: ${strerror(opened.error)}`);
      fd = proc.addFd(opened.value, 3);
    }
    const file = new SaveFile(proc, fd, o.nanos);
    file.hold(pcapFileHeader(o));
    return ok(file);
  }

  *write(p: PcapPacket): Run<void> {
    this.hold(pcapRecord(p, this.nanos));
    if (this.length >= BLOCK) yield* this.put(this.length - (this.length % BLOCK));
  }

  *flush(): Run<void> {
    if (this.length > 0) yield* this.put(this.length);
  }

  close(): void {
    if (this.fd > 2) this.proc.closeFd(this.fd);
  }

  private hold(bytes: Uint8Array): void {
    this.held.push(bytes);
    this.length += bytes.length;
  }

  private *put(length: number): Run<void> {
    const all = concat(this.held);
    this.held = [all.subarray(length)];
    this.length = all.length - length;
    if (this.error === undefined) this.error = yield* this.proc.write(this.fd, all.subarray(0, length));
  }
}
