/** What ping counts: packets, answers, times in whole microseconds, and the summaries made of them. */
import { MAX_DUP_CHK } from "./options.ts";
import { ms3, percent } from "./text.ts";

export class PingStatistics {
  transmitted = 0;
  received = 0;
  repeats = 0;
  errors = 0;
  /** The greatest number of packets that were under way; -1: none was answered. */
  pipe = -1;
  /** Microseconds. */
  min = Number.MAX_SAFE_INTEGER;
  max = 0;
  /** Eight times the moving average. */
  rtt = 0;
  private sum = 0n;
  private sumOfSquares = 0n;
  private acked = 0;
  private readonly seen = new Uint8Array(MAX_DUP_CHK);

  /** Packets under way, by the sequence numbers acknowledged (16 bits). */
  get inFlight(): number {
    const diff = (this.transmitted - this.acked) & 0xffff;
    return diff <= 0x7fff ? diff : this.transmitted - this.received - this.errors;
  }

  advance(): void {
    this.transmitted++;
    if (((this.transmitted - this.acked) & 0xffff) > 0x7fff) this.acked = (this.transmitted + 1) & 0xffff;
  }

  /** The packet `seq` was answered, be it by an error. */
  acknowledge(seq: number): void {
    const diff = (this.transmitted - seq) & 0xffff;
    if (diff > 0x7fff) return;
    if (diff + 1 > this.pipe) this.pipe = diff + 1;
    const ahead = (seq - this.acked) & 0xffff;
    if ((ahead !== 0 && ahead <= 0x7fff) || ((this.transmitted - this.acked) & 0xffff) > 0x7fff) this.acked = seq & 0xffff;
  }

  forget(seq: number): void {
    this.seen[seq & 0xffff] = 0;
  }

  wasAnswered(seq: number): boolean {
    return this.seen[seq & 0xffff] === 1;
  }

  /** @param us round-trip time; undefined when the packet had no room for a time. @returns whether this answer is a repetition. */
  answer(seq: number, us: number | undefined): boolean {
    this.received++;
    this.acknowledge(seq);
    if (us !== undefined) {
      this.sum += BigInt(us);
      this.sumOfSquares += BigInt(us) * BigInt(us);
      if (us < this.min) this.min = us;
      if (us > this.max) this.max = us;
      this.rtt = this.rtt === 0 ? us * 8 : this.rtt + us - Math.floor(this.rtt / 8);
    }
    if (this.wasAnswered(seq)) {
      this.repeats++;
      this.received--;
      return true;
    }
    this.seen[seq & 0xffff] = 1;
    return false;
  }

  /** The two lines at the end. @param elapsed nanoseconds from the start to the last packet sent. */
  summary(host: string, elapsed: number, o: { timing: boolean; showGap: boolean }): string {
    let s = `\n--- ${host} ping statistics ---\n${this.transmitted} packets transmitted, ${this.received} received`;
    if (this.repeats > 0) s += `, +${this.repeats} duplicates`;
    if (this.errors > 0) s += `, +${this.errors} errors`;
    if (this.transmitted > 0) s += `, ${percent(this.transmitted - this.received, this.transmitted)}% packet loss, time ${Math.floor((elapsed + 500_000) / 1_000_000)}ms`;
    s += "\n";
    const parts: string[] = [];
    if (this.received > 0 && o.timing) parts.push(`rtt min/avg/max/mdev = ${ms3(this.min)}/${ms3(Number(this.average))}/${ms3(this.max)}/${ms3(Number(this.deviation))} ms`);
    if (this.pipe > 1) parts.push(`pipe ${this.pipe}`);
    if (this.received > 0 && o.showGap && this.transmitted > 1) parts.push(`ipg/ewma ${ms3(Math.floor(Math.floor(elapsed / 1000) / (this.transmitted - 1)))}/${ms3(Math.floor(this.rtt / 8))} ms`);
    return `${s}${parts.join(", ")}\n`;
  }

  /** What SIGQUIT prints, on standard error. */
  status(timing: boolean): string {
    const loss = this.transmitted > 0 ? Math.trunc(((this.transmitted - this.received) * 100) / this.transmitted) : 0;
    let s = `\r${this.received}/${this.transmitted} packets, ${loss}% loss`;
    if (this.received > 0 && timing) s += `, min/avg/ewma/max = ${ms3(this.min)}/${ms3(Number(this.average))}/${ms3(Math.floor(this.rtt / 8))}/${ms3(this.max)} ms`;
    return `${s}\n`;
  }

  private get answers(): bigint {
    return BigInt(this.received + this.repeats);
  }

  private get average(): bigint {
    return this.sum / this.answers;
  }

  /** Square root of the variance, in whole microseconds. */
  private get deviation(): bigint {
    const n = this.answers;
    const variance = this.sum < 2147483647n ? (this.sumOfSquares - (this.sum * this.sum) / n) / n : this.sumOfSquares / n - this.average * this.average;
    return integerSqrt(variance);
  }
}

/** Newton's method; 0 for what is not positive. */
function integerSqrt(a: bigint): bigint {
  if (a <= 0n) return 0n;
  let x = a;
  for (let previous = x + 1n; x < previous; ) {
    previous = x;
    x = (x + a / x) / 2n;
  }
  return x;
}
