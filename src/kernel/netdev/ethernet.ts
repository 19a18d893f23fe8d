/**
 * A network card at the end of a cable, and veth: two of them at the ends of a very short one. drivers/net/veth.c.
 * The two differ in what `ip link` shows: a veth names its peer, and its state is LOWERLAYERDOWN when the peer is down.
 */
import type { CableEnd } from "../../sim/cable.ts";
import type { Skb } from "../../sim/skb.ts";
import type { Lladdr } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { NetDevice } from "./device.ts";

abstract class CabledDevice extends NetDevice {
  end: CableEnd | undefined;

  attach(end: CableEnd): void {
    this.end = end;
    end.receiver = this;
    end.setEnabled(this.isUp);
    this.setCarrier(this.mediumUp());
  }

  protected override mediumUp(): boolean {
    return this.end?.carrier ?? false;
  }

  protected override onUp(): void {
    this.end?.setEnabled(true);
  }

  protected override onDown(): void {
    this.end?.setEnabled(false);
  }

  protected transmit(skb: Skb): void {
    const end = this.end;
    if (end === undefined || !this.carrier) {
      this.txDropped++;
      this.txCarrierErrors++;
      this.ns.drop(skb, "xmit", this, "DEV_READY");
      return;
    }
    const length = skb.tail - skb.data;
    if (this.ns.sim.trace.on) this.ns.report(skb, "cable", "pass", this, end.cable.name, "");
    if (end.send(skb)) this.countTx(length);
    else this.txDropped++;
  }

  override onDelete(): void {
    if (this.end === undefined) return;
    this.end.setEnabled(false);
    this.end.receiver = undefined;
    this.end = undefined;
  }
}

export class Ethernet extends CabledDevice {
  readonly kind = "ethernet";

  constructor(ns: NetNamespace, name: string, ifindex: number, addr: Lladdr) {
    super(ns, name, ifindex, addr);
    this.qdiscWhenUp = "pfifo_fast";
    this.maxMtu = 9000;
  }
}

export class Veth extends CabledDevice {
  readonly kind = "veth";
  peer: Veth | undefined;

  override get link(): number {
    return this.peer?.ifindex ?? 0;
  }

  override get linkNetns(): NetNamespace | undefined {
    return this.peer?.ns;
  }

  override onDelete(): void {
    super.onDelete();
    const peer = this.peer;
    this.peer = undefined;
    if (peer === undefined) return;
    peer.peer = undefined;
    peer.ns.deleteDevice(peer);
  }
}
