/**
 * CUBIC: RFC 9438 as net/ipv4/tcp_cubic.c does it, in whole numbers. Windows are counted in segments, its time in 1/1024 s.
 * Slow start ends early when round trips get longer (HyStart's delay half); its ack-train half needs arrival times finer than ours.
 */
import { MICROSECOND, MILLISECOND, type Nanos } from "../../sim/time.ts";

const BETA = 717; // of 1024: what is left of the window after a loss
const BETA_SCALE = Math.floor((8 * (1024 + BETA)) / 3 / (1024 - BETA));
const CUBE_RTT_SCALE = 410; // C = 0.4, times 1024
const CUBE_FACTOR = 2 ** 40 / CUBE_RTT_SCALE;
const HZ = 1024;
const HYSTART_LOW_WINDOW = 16;
const HYSTART_MIN_SAMPLES = 8;
export const INFINITE_SSTHRESH = 0x7fffffff;

/** The largest whole number whose cube is not above `x`, by Newton's steps in whole numbers. */
export function cubeRoot(x: number): number {
  if (x < 1) return 0;
  let r = 1;
  while (r * r * r < x) r *= 2;
  for (;;) {
    const next = Math.floor((2 * r + Math.floor(x / (r * r))) / 3);
    if (next >= r) return r;
    r = next;
  }
}

export class Cubic {
  cwnd = 10;
  ssthresh = INFINITE_SSTHRESH;
  private cwndCount = 0;
  private lastMax = 0;
  private lastCwnd = 0;
  private lastTime: Nanos = 0;
  private origin = 0;
  private k = 0;
  private delayMin: Nanos = 0;
  private epochStart: Nanos = -1;
  private ackCount = 0;
  private tcpCwnd = 0;
  private count = 0;
  private roundEnd = 0;
  private roundMin: Nanos = 0;
  private samples = 0;
  private found = false;

  get inSlowStart(): boolean {
    return this.cwnd < this.ssthresh;
  }

  /** A loss: remembers how far it went. @returns the new slow-start threshold. */
  lossThreshold(): number {
    this.epochStart = -1;
    this.lastMax = this.cwnd < this.lastMax ? Math.floor((this.cwnd * (1024 + BETA)) / 2048) : this.cwnd;
    return Math.max(Math.floor((this.cwnd * BETA) / 1024), 2);
  }

  /** After a retransmission timeout everything is learnt anew. */
  reset(): void {
    this.epochStart = -1;
    this.lastMax = 0;
    this.lastCwnd = 0;
    this.origin = 0;
    this.k = 0;
    this.delayMin = 0;
    this.ackCount = 0;
    this.tcpCwnd = 0;
    this.count = 0;
    this.found = false;
  }

  /** `acked` segments arrived. `una` and `next` tell where a round trip ends. */
  grow(acked: number, now: Nanos): void {
    let left = acked;
    if (this.inSlowStart) {
      const to = Math.min(this.cwnd + left, this.ssthresh);
      left -= to - this.cwnd;
      this.cwnd = to;
      if (left === 0) return;
    }
    this.update(left, now);
    this.increase(Math.max(this.count, 2), left);
  }

  /** tcp_cong_avoid_ai: one segment more for `w` acknowledged ones. */
  private increase(w: number, acked: number): void {
    if (this.cwndCount >= w) {
      this.cwndCount = 0;
      this.cwnd++;
    }
    this.cwndCount += acked;
    if (this.cwndCount >= w) {
      const more = Math.floor(this.cwndCount / w);
      this.cwndCount -= more * w;
      this.cwnd += more;
    }
  }

  private update(acked: number, now: Nanos): void {
    this.ackCount += acked;
    if (this.lastCwnd === this.cwnd && now - this.lastTime <= Math.floor((MILLISECOND * 1000) / 32)) return;
    // Within 1/250 s nothing new is worked out.
    if (this.epochStart >= 0 && Math.floor(now / (4 * MILLISECOND)) === Math.floor(this.lastTime / (4 * MILLISECOND))) return this.friendly();
    this.lastCwnd = this.cwnd;
    this.lastTime = now;
    if (this.epochStart < 0) {
      this.epochStart = now;
      this.ackCount = acked;
      this.tcpCwnd = this.cwnd;
      if (this.lastMax <= this.cwnd) {
        this.k = 0;
        this.origin = this.cwnd;
      } else {
        this.k = cubeRoot(Math.floor(CUBE_FACTOR * (this.lastMax - this.cwnd)));
        this.origin = this.lastMax;
      }
    }
    const t = Math.floor(((now - this.epochStart + this.delayMin) * HZ) / (1000 * MILLISECOND));
    const off = Math.abs(t - this.k);
    const delta = Math.floor((CUBE_RTT_SCALE * off * off * off) / 2 ** 40);
    const target = t < this.k ? this.origin - delta : this.origin + delta;
    this.count = target > this.cwnd ? Math.floor(this.cwnd / (target - this.cwnd)) : 100 * this.cwnd;
    if (this.lastMax === 0 && this.count > 20) this.count = 20;
    this.friendly();
  }

  /** Not slower than NewReno would be. */
  private friendly(): void {
    const step = Math.max(1, Math.floor((this.cwnd * BETA_SCALE) / 8));
    while (this.ackCount > step) {
      this.ackCount -= step;
      this.tcpCwnd++;
    }
    if (this.tcpCwnd <= this.cwnd) return;
    const most = Math.floor(this.cwnd / (this.tcpCwnd - this.cwnd));
    if (this.count > most) this.count = most;
  }

  /** A round-trip time was measured; `una` and `next` are the sender's numbers. */
  measured(rtt: Nanos, una: number, next: number, now: Nanos): void {
    if (this.epochStart >= 0 && now - this.epochStart < 1000 * MILLISECOND) return;
    const delay = Math.max(rtt, MICROSECOND);
    if (this.delayMin === 0 || this.delayMin > delay) this.delayMin = delay;
    if (this.found || !this.inSlowStart || this.cwnd < HYSTART_LOW_WINDOW) return;
    if (((una - this.roundEnd) | 0) > 0) {
      this.roundEnd = next;
      this.roundMin = Number.POSITIVE_INFINITY;
      this.samples = 0;
    }
    if (this.roundMin > delay) this.roundMin = delay;
    if (this.samples < HYSTART_MIN_SAMPLES) this.samples++;
    else if (this.roundMin > this.delayMin + Math.min(Math.max(Math.floor(this.delayMin / 8), 4 * MILLISECOND), 16 * MILLISECOND)) {
      this.found = true;
      this.ssthresh = this.cwnd;
    }
  }

  /** The application was idle: the curve does not go on growing meanwhile. */
  idled(by: Nanos, now: Nanos): void {
    if (this.epochStart >= 0 && by > 0) this.epochStart = Math.min(this.epochStart + by, now);
  }
}
