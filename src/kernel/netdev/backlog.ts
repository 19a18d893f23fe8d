/** Frames that a device hands to another one of the same machine: netif_rx and dev_forward_skb, which go through the backlog queue. */
import type { Sink } from "../../sim/scheduler.ts";
import type { Skb } from "../../sim/skb.ts";
import type { NetDevice } from "./device.ts";

/** Time through the queue: the order of a softirq. */
const DELAY = 2_000;

export class Backlog implements Sink {
  private readonly dev: NetDevice;

  constructor(dev: NetDevice) {
    this.dev = dev;
  }

  /** `data` is at the link-layer header. Takes ownership. */
  push(skb: Skb): void {
    const { clock } = this.dev.ns.sim;
    clock.post(clock.now + DELAY, this, skb, 0);
  }

  fire(arg: unknown): void {
    this.dev.receive(arg as Skb);
  }
}
