/** lo: what goes out comes in. drivers/net/loopback.c. */
import type { Sink } from "../../sim/scheduler.ts";
import type { Skb } from "../../sim/skb.ts";
import { ETHERTYPE, ETHERTYPE_MIN } from "../../wire/ethernet.ts";
import { IFF } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { NetDevice, PACKET } from "./device.ts";

/** Time through the backlog queue: the order of a softirq. */
const BACKLOG_DELAY = 5_000;

export class Loopback extends NetDevice implements Sink {
  readonly kind = "loopback";

  constructor(ns: NetNamespace) {
    super(ns, "lo", 1, new Uint8Array(6));
    this.flags = IFF.LOOPBACK;
    this.mtu = 65536;
    this.minMtu = 0;
    this.maxMtu = 0;
    this.broadcast.fill(0);
  }

  protected transmit(skb: Skb): void {
    this.countTx(skb.length);
    this.ns.sim.clock.post(this.ns.sim.clock.now + BACKLOG_DELAY, this, skb, 0);
  }

  fire(arg: unknown): void {
    this.receive(arg as Skb);
  }

  protected override classify(skb: Skb, bytes: Uint8Array, data: number): void {
    skb.pktType = PACKET.HOST;
    const type = (bytes[data + 12]! << 8) | bytes[data + 13]!;
    skb.protocol = type >= ETHERTYPE_MIN ? type : ETHERTYPE.LOOPBACK;
  }

  protected override updateOperstate(): void {
    this.operstate = this.isUp ? "UNKNOWN" : "DOWN";
  }
}
