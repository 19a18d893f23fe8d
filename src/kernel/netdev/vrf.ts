/** VRF: devices that share a routing table of their own. drivers/net/vrf.c, net/l3mdev/l3mdev.c. */
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { IFF, type LinkInfo, type NlResult } from "../api.ts";
import { Backlog } from "./backlog.ts";
import { NetDevice, PACKET } from "./device.ts";
import type { NewLink } from "./kinds.ts";

/** IP6_MAX_MTU: a VRF's packets are bound by the devices in it alone. */
const MTU = 65575;
const RULE_PRIORITY = 1000;

export class VrfDevice extends NetDevice {
  readonly kind = "vrf";
  readonly table: number;
  readonly slaves: NetDevice[] = [];
  private readonly backlog: Backlog;

  constructor(o: NewLink, table: number) {
    super(o.ns, o.name, o.index(), o.spec.lladdr ?? o.ns.kernel.randomMac());
    this.table = table;
    this.l3Table = table;
    this.backlog = new Backlog(this);
    this.flags = IFF.NOARP | IFF.MASTER;
    this.mtu = MTU;
    this.minMtu = 1280;
    this.maxMtu = MTU;
  }

  /** The first VRF of a namespace brings the rule that sends packets to the tables of theirs. */
  override onRegister(): void {
    const { fib } = this.ns;
    fib.vrfs++;
    if (this.ns.generic.has("vrf rule")) return;
    this.ns.generic.set("vrf rule", true);
    this.ns.rtnl.ruleAdd({ priority: RULE_PRIORITY, action: "lookup", table: 0, l3mdev: true, proto: 2 });
  }

  override onDelete(): void {
    for (const s of [...this.slaves]) this.releaseSlave(s);
    this.ns.fib.vrfs--;
  }

  /** vrf_xmit of what is for an address in here: it comes in again. */
  protected transmit(skb: Skb): void {
    this.countTx(skb.tail - skb.data);
    skb.pktType = PACKET.HOST;
    this.backlog.push(skb);
  }

  protected override classify(skb: Skb, bytes: Uint8Array, data: number): void {
    super.classify(skb, bytes, data);
    skb.pktType = PACKET.HOST;
  }

  /** vrf_l3_rcv: a packet that came by a device in here counts as received here. */
  override receivedBy(skb: Skb): void {
    this.rxPackets++;
    this.rxBytes += skb.tail - skb.network;
    if (this.taps.length === 0 || skb.mac < 0) return;
    const { data } = skb;
    skb.data = skb.mac;
    this.tapAll(skb, false);
    skb.data = data;
  }

  override enslave(dev: NetDevice): NlResult {
    if ((dev.flags & IFF.LOOPBACK) !== 0) return err({ errno: "EOPNOTSUPP", extack: "Can not enslave loopback device to a VRF" });
    if (dev.l3Table !== 0) return err({ errno: "EINVAL", extack: "Can not enslave an L3 master device to a VRF" });
    dev.master = this;
    this.slaves.push(dev);
    this.cycle(dev);
    return ok();
  }

  override releaseSlave(dev: NetDevice): void {
    const at = this.slaves.indexOf(dev);
    if (at < 0) return;
    this.slaves.splice(at, 1);
    // Its routes leave the table they are in.
    const up = dev.isUp;
    dev.setUp(false);
    dev.master = undefined;
    dev.setUp(up);
  }

  /** cycle_netdev: down and up, so that routes and neighbours move to the VRF. */
  private cycle(dev: NetDevice): void {
    if (!dev.isUp) return;
    dev.setUp(false);
    dev.setUp(true);
  }

  override describe(info: LinkInfo): void {
    info.attrs = { vrf: { table: this.table } };
  }
  override describeSlave(_dev: NetDevice, info: LinkInfo): void {
    info.attrs = { ...info.attrs, vrfSlave: { table: this.table } };
  }
}

/** vrf_newlink. */
export function newVrf(o: NewLink): NlResult<NetDevice> {
  const table = o.spec.attrs?.vrf?.table;
  if (table === undefined) return err({ errno: "EINVAL", extack: "VRF table id is missing" });
  if (table === 0 || table === 254 || table === 255) return err({ errno: "EINVAL", extack: "Invalid VRF table id" });
  for (const d of o.ns.devices()) if (d.l3Table === table) return err({ errno: "EEXIST" });
  return ok(new VrfDevice(o, table));
}
