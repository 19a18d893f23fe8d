/**
 * A cable: two ends, and in each direction a queue with a rate, a delay and a chance of loss. Frames leave one after the other;
 * what finds the queue full is dropped at its tail, as a device's queue does. A frame takes at least a nanosecond.
 */
import type { RandomStream } from "./random.ts";
import type { Scheduler, Sink } from "./scheduler.ts";
import type { Simulation } from "./simulation.ts";
import type { Skb } from "./skb.ts";
import type { Nanos } from "./time.ts";

export interface CableOptions {
  name: string;
  /** Propagation delay. */
  delay?: Nanos;
  /** Bits a second; 0: as fast as you like. */
  rate?: number;
  /** Frames that may wait in one direction. */
  queue?: number;
  /** Lost frames in a million. */
  lossPpm?: number;
}

/** Who stands at an end: takes what arrives and hears of the carrier. */
export interface CableReceiver {
  receiveFrame(skb: Skb): void;
  carrierChanged(up: boolean): void;
}

/** Told of every frame that starts along a cable: for drawing. */
export interface CableObserver {
  frameSent(cable: Cable, fromA: boolean, skb: Skb, start: Nanos, arrival: Nanos): void;
}

const FRAMES_IN_FLIGHT_MAX = 100_000;
/** Preamble, start delimiter, frame check sequence and gap, in octets: 802.3. */
const WIRE_OVERHEAD = 24;

export class CableEnd implements Sink {
  readonly cable: Cable;
  readonly isA: boolean;
  receiver: CableReceiver | undefined;
  peer!: CableEnd;
  /** Capture point of frames that leave here; registered by the cable. */
  readonly point: number;
  private readonly clock: Scheduler;
  /** When the last frame will have left. */
  private busyUntil: Nanos = 0;
  /** Departures of those that wait, oldest first, in a ring. */
  private readonly departures: Float64Array;
  private oldest = 0;
  private waiting = 0;
  private loss: RandomStream | undefined;

  constructor(cable: Cable, isA: boolean, sim: Simulation, point: number, queue: number, loss: boolean) {
    this.cable = cable;
    this.isA = isA;
    this.point = point;
    this.clock = sim.clock;
    this.departures = new Float64Array(queue + 1);
    if (loss) this.loss = sim.random(`cable ${cable.name} ${isA ? "a" : "b"}`);
  }

  /** Whether the other end hears us. */
  get carrier(): boolean {
    return this.cable.connected && this.peer.enabled;
  }

  /** This end's device is up. The other end loses its carrier when it is not. */
  enabled = false;

  setEnabled(on: boolean): void {
    if (this.enabled === on) return;
    this.enabled = on;
    if (this.cable.connected) this.peer.receiver?.carrierChanged(on);
  }

  /** Sends a frame and takes ownership of it. @returns false when the queue was full: it is dropped. */
  send(skb: Skb): boolean {
    const { cable, clock } = this;
    const sim = cable.sim;
    const now = clock.now;
    while (this.waiting > 0 && this.departures[this.oldest]! <= now) {
      this.oldest = this.oldest + 1 === this.departures.length ? 0 : this.oldest + 1;
      this.waiting--;
    }
    if (this.waiting >= this.departures.length - 1 || sim.framesInFlight >= FRAMES_IN_FLIGHT_MAX) {
      skb.free();
      return false;
    }
    const start = this.busyUntil > now ? this.busyUntil : now;
    const onWire = cable.nanosPerOctet === 0 ? 0 : Math.round((skb.tail - skb.data + WIRE_OVERHEAD) * cable.nanosPerOctet);
    const departure = start + onWire;
    this.busyUntil = departure;
    if (departure > now) {
      let at = this.oldest + this.waiting;
      if (at >= this.departures.length) at -= this.departures.length;
      this.departures[at] = departure;
      this.waiting++;
    }
    const arrival = departure + cable.delay;
    skb.hops++;
    if (skb.hops === STORM_HOPS) sim.noticeStorm(cable.name, skb.id);
    if (sim.capture !== undefined) sim.capture.keep(start, this.point, skb.id, skb.bytes, skb.data, skb.tail);
    if (sim.cableObserver !== undefined) sim.cableObserver.frameSent(cable, this.isA, skb, start, arrival);
    if (this.loss !== undefined && this.loss.below(1_000_000) < cable.lossPpm) {
      skb.free();
      return true;
    }
    sim.framesInFlight++;
    // A frame that was on its way when the cable was pulled does not arrive: `epoch` has moved on.
    clock.post(arrival > now ? arrival : now + 1, this.peer, skb, cable.epoch);
    return true;
  }

  /** A frame arrives here. */
  fire(arg: unknown, epoch: number): void {
    const skb = arg as Skb;
    this.cable.sim.framesInFlight--;
    if (epoch !== this.cable.epoch || !this.enabled || this.receiver === undefined) {
      skb.free();
      return;
    }
    this.receiver.receiveFrame(skb);
  }
}

/** No frame crosses this many cables without a router in between, unless it runs in a circle. */
const STORM_HOPS = 256;

export class Cable {
  readonly sim: Simulation;
  readonly name: string;
  readonly a: CableEnd;
  readonly b: CableEnd;
  delay: Nanos;
  nanosPerOctet: number;
  lossPpm: number;
  connected = true;
  /** Moves on when the cable is cut or mended. */
  epoch = 0;

  constructor(sim: Simulation, o: CableOptions) {
    this.sim = sim;
    this.name = o.name;
    this.delay = o.delay ?? 1_000;
    this.nanosPerOctet = o.rate === undefined ? 8 : o.rate === 0 ? 0 : 8e9 / o.rate;
    this.lossPpm = o.lossPpm ?? 0;
    const queue = o.queue ?? 1_000;
    const point = sim.capturePoints;
    sim.capturePoints += 2;
    this.a = new CableEnd(this, true, sim, point, queue, this.lossPpm > 0);
    this.b = new CableEnd(this, false, sim, point + 1, queue, this.lossPpm > 0);
    this.a.peer = this.b;
    this.b.peer = this.a;
  }

  /** Cuts it (frames under way are lost) or mends it; both devices see their carrier change. */
  setConnected(on: boolean): void {
    if (this.connected === on) return;
    this.connected = on;
    this.epoch++;
    if (this.b.enabled) this.a.receiver?.carrierChanged(on);
    if (this.a.enabled) this.b.receiver?.carrierChanged(on);
  }
}
