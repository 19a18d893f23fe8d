/** tun and tap: devices whose other end is a program. drivers/net/tun.c. No program here opens one: it has no carrier. */
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { ETHERTYPE } from "../../wire/ethernet.ts";
import { IFF, type LinkInfo, type NlResult, type TunInfo } from "../api.ts";
import { NetDevice, PACKET } from "./device.ts";
import type { NewLink } from "./kinds.ts";

export class TunDevice extends NetDevice {
  readonly kind = "tun";
  readonly cfg: TunInfo;

  constructor(o: NewLink, cfg: TunInfo) {
    super(o.ns, o.name, o.index(), cfg.type === "tap" ? (o.spec.lladdr ?? o.ns.kernel.randomMac()) : new Uint8Array(6));
    this.cfg = cfg;
    this.qdiscWhenUp = "pfifo_fast";
    this.carrier = false;
    if (cfg.type === "tap") {
      this.maxMtu = 65521;
      return;
    }
    this.headerLength = 0;
    this.flags = IFF.POINTOPOINT | IFF.NOARP | IFF.MULTICAST;
    this.txqlen = 500;
  }

  protected override mediumUp(): boolean {
    return false;
  }

  /** tun_net_xmit: nobody reads. */
  protected transmit(skb: Skb): void {
    this.txDropped++;
    this.ns.drop(skb, "xmit", this, "DEV_READY");
  }

  protected override classify(skb: Skb, bytes: Uint8Array, data: number): void {
    if (this.headerLength !== 0) return super.classify(skb, bytes, data);
    skb.mac = -1;
    skb.pktType = PACKET.HOST;
    skb.protocol = bytes[data]! >> 4 === 6 ? ETHERTYPE.IPV6 : ETHERTYPE.IPV4;
  }

  override describe(info: LinkInfo): void {
    info.attrs = { tun: { ...this.cfg } };
    if (this.cfg.type === "tap") return;
    info.arpType = "none";
    info.lladdr = new Uint8Array(0);
    info.broadcast = new Uint8Array(0);
  }
}

/** TUNSETIFF and TUNSETPERSIST: netlink alone does not make one. */
export function newTun(o: NewLink): NlResult<NetDevice> {
  const spec = o.spec.attrs?.tun;
  if (spec?.type === undefined) return err({ errno: "EOPNOTSUPP", extack: "tun/tap creation via rtnetlink is not supported" });
  return ok(new TunDevice(o, { pi: false, vnetHdr: false, multiQueue: false, persist: true, ...spec, type: spec.type }));
}
