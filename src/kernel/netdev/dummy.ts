/** dummy: takes everything and forgets it. drivers/net/dummy.c. */
import type { Skb } from "../../sim/skb.ts";
import { IFF, type Lladdr } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { NetDevice } from "./device.ts";

export class Dummy extends NetDevice {
  readonly kind = "dummy";

  constructor(ns: NetNamespace, name: string, ifindex: number, addr: Lladdr) {
    super(ns, name, ifindex, addr);
    this.flags = IFF.BROADCAST | IFF.NOARP;
    this.minMtu = 0;
    this.maxMtu = 0;
  }

  protected transmit(skb: Skb): void {
    this.countTx(skb.length);
    skb.free();
  }

  protected override updateOperstate(): void {
    this.operstate = this.isUp ? "UNKNOWN" : "DOWN";
  }
}
