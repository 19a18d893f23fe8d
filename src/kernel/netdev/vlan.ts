/** 802.1Q and 802.1ad sub-interfaces of another device: net/8021q/{vlan,vlan_dev,vlan_core,vlan_netlink}.c. */
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { ETH_LEN, macKey } from "../../wire/ethernet.ts";
import { VLAN_LEN } from "../../wire/vlan.ts";
import { IFF, type LinkAttrsSpec, type LinkChange, type LinkInfo, type Lladdr, type NlError, type NlResult } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { type LowerEvent, NetDevice, type TagDemux, type UpperDevice } from "./device.ts";
import type { NewLink } from "./kinds.ts";
import { frameTci, popTag, pushTag, TPID, VID_MASK } from "./tag.ts";

/** What stands on one device: vlan_group. */
class VlanGroup implements TagDemux {
  private readonly q = new Map<number, VlanDevice>();
  private readonly ad = new Map<number, VlanDevice>();

  private of(protocol: number): Map<number, VlanDevice> {
    return protocol === TPID.AD ? this.ad : this.q;
  }
  find(protocol: number, id: number): VlanDevice | undefined {
    return this.of(protocol).get(id);
  }
  add(dev: VlanDevice): void {
    this.of(dev.protocol).set(dev.id, dev);
  }
  /** @returns whether any is left. */
  remove(dev: VlanDevice): boolean {
    this.of(dev.protocol).delete(dev.id);
    return this.q.size + this.ad.size > 0;
  }

  /** vlan_do_receive. */
  take(skb: Skb, lower: NetDevice): boolean {
    const type = skb.protocol;
    if (type !== TPID.Q && type !== TPID.AD) return false;
    if (skb.tail - skb.data < ETH_LEN + VLAN_LEN) return false;
    const dev = this.find(type, frameTci(skb) & VID_MASK);
    if (dev === undefined) return false;
    if (lower.ns.sim.trace.on) lower.ns.report(skb, "vlan", "pass", lower, `id ${dev.id} dev ${dev.name}`, "");
    dev.receiveTagged(skb);
    return true;
  }
}

export class VlanDevice extends NetDevice implements UpperDevice {
  readonly kind = "vlan";
  readonly real: NetDevice;
  readonly id: number;
  readonly protocol: number;
  private readonly group_: VlanGroup;
  private reorderHdr = true;
  private gvrp = false;
  private mvrp = false;
  private looseBinding = false;
  private bridgeBinding = false;
  private readonly ingressQos = new Map<number, number>();
  private readonly egressQos = new Map<number, number>();
  private addrByUser: boolean;

  constructor(o: NewLink, real: NetDevice, group: VlanGroup, id: number, protocol: number) {
    super(o.ns, o.name, o.index(), o.spec.lladdr ?? real.addr);
    this.addrByUser = o.spec.lladdr !== undefined;
    this.real = real;
    this.id = id;
    this.protocol = protocol;
    this.group_ = group;
    this.flags = real.flags & (IFF.BROADCAST | IFF.MULTICAST | IFF.NOARP);
    this.mtu = o.spec.mtu ?? real.mtu;
    this.minMtu = 0;
    this.carrier = real.carrier && real.isUp;
    this.broadcast.set(real.broadcast);
  }

  override onRegister(): void {
    this.group_.add(this);
    this.real.tags = this.group_;
    this.real.addUpper(this);
  }

  override get link(): number {
    return this.real.ifindex;
  }
  override get linkNetns(): NetNamespace {
    return this.real.ns;
  }

  // -- frames -------------------------------------------------------------------------------------------------------

  /** vlan_dev_hard_start_xmit. */
  protected transmit(skb: Skb): void {
    this.countTx(skb.tail - skb.data);
    pushTag(skb, this.protocol, this.id);
    if (this.ns.sim.trace.on) this.ns.report(skb, "vlan", "pass", this, `id ${this.id} dev ${this.real.name}`, "");
    this.real.xmit(skb);
  }

  /** The group found us by the frame's tag. Takes ownership. */
  receiveTagged(skb: Skb): void {
    if (!this.isUp) return this.ns.drop(skb, "vlan", this, "DEV_READY");
    popTag(skb);
    this.rxPackets++;
    this.rxBytes += skb.tail - skb.data - ETH_LEN;
    skb.dev = this;
    this.classify(skb, skb.bytes, skb.data);
    if (this.taps.length > 0) this.tapAll(skb, false);
    this.demux(skb);
  }

  // -- the device below ---------------------------------------------------------------------------------------------

  protected override mediumUp(): boolean {
    return this.real.isUp && this.real.carrier;
  }

  override openError(): NlError | undefined {
    return this.real.isUp || this.looseBinding ? undefined : { errno: "ENETDOWN" };
  }

  protected override onUp(): void {
    if (this.promiscuity > 0) this.real.setPromiscuity(1);
  }
  protected override onDown(): void {
    if (this.promiscuity > 0) this.real.setPromiscuity(-1);
  }

  /** vlan_dev_change_rx_flags: a sub-interface that hears all needs a device that does. */
  override setPromiscuity(by: number): void {
    const before = this.promiscuity > 0;
    super.setPromiscuity(by);
    const after = this.promiscuity > 0;
    if (this.isUp && before !== after) this.real.setPromiscuity(after ? 1 : -1);
  }

  /** vlan_device_event. */
  lowerEvent(_lower: NetDevice, event: LowerEvent): void {
    switch (event) {
      case "up":
        this.setCarrier(this.mediumUp());
        if (!this.isUp && !this.looseBinding) this.setUp(true);
        break;
      case "down":
        if (!this.looseBinding) this.setUp(false);
        this.setCarrier(this.mediumUp());
        break;
      case "change":
        this.setCarrier(this.mediumUp());
        break;
      case "mtu":
        if (this.mtu > this.real.mtu) this.setMtu(this.real.mtu);
        break;
      case "address":
        if (!this.addrByUser) this.followAddress();
        break;
      case "unregister":
        this.ns.deleteDevice(this);
        break;
    }
  }

  /** vlan_sync_address: until a person gave it one of its own. */
  private followAddress(): void {
    if (this.addrKey === this.real.addrKey) return;
    const old = this.addrKey;
    super.setAddress(this.real.addr);
    this.ns.addressChanged(this);
    this.master?.slaveAddressChanged(this, old);
  }

  override setAddress(addr: Lladdr): NlResult {
    this.addrByUser = macKey(addr, 0) !== this.real.addrKey;
    return super.setAddress(addr);
  }

  override mtuError(mtu: number): NlError | undefined {
    return mtu > this.real.mtu ? { errno: "ERANGE" } : undefined;
  }

  override onDelete(): void {
    if (this.promiscuity > 0 && this.isUp) this.real.setPromiscuity(-1);
    if (!this.group_.remove(this) && this.real.tags === this.group_) this.real.tags = undefined;
    this.real.removeUpper(this);
  }

  // -- netlink ------------------------------------------------------------------------------------------------------

  set(v: NonNullable<LinkAttrsSpec["vlan"]>): void {
    if (v.reorderHdr !== undefined) this.reorderHdr = v.reorderHdr;
    if (v.gvrp !== undefined) this.gvrp = v.gvrp;
    if (v.mvrp !== undefined) this.mvrp = v.mvrp;
    if (v.looseBinding !== undefined) this.looseBinding = v.looseBinding;
    if (v.bridgeBinding !== undefined) this.bridgeBinding = v.bridgeBinding;
    for (const [from, to] of v.ingressQos ?? []) this.ingressQos.set(from & 7, to);
    for (const [from, to] of v.egressQos ?? []) {
      if ((to & 7) === 0) this.egressQos.delete(from);
      else this.egressQos.set(from, to & 7);
    }
  }

  override changeLink(c: LinkChange): NlResult {
    if (c.attrs?.vlan === undefined) return err({ errno: "EOPNOTSUPP" });
    this.set(c.attrs.vlan);
    return ok();
  }

  override describe(info: LinkInfo): void {
    const pairs = (m: Map<number, number>): [number, number][] => [...m].filter(([, to]) => to !== 0).sort((a, b) => a[0] - b[0]);
    info.attrs = {
      vlan: {
        id: this.id, protocol: this.protocol, reorderHdr: this.reorderHdr, gvrp: this.gvrp, mvrp: this.mvrp, looseBinding: this.looseBinding, bridgeBinding: this.bridgeBinding,
        ingressQos: pairs(this.ingressQos), egressQos: pairs(this.egressQos),
      },
    };
  }
}

const refused = (errno: NlError["errno"], extack: string): NlResult<never> => err({ errno, extack: `8021q: ${extack}` });

/** vlan_validate and vlan_newlink. */
export function newVlan(o: NewLink): NlResult<NetDevice> {
  const v = o.spec.attrs?.vlan ?? {};
  const protocol = v.protocol ?? TPID.Q;
  if (v.id !== undefined && v.id >= VID_MASK) return refused("ERANGE", "Invalid VLAN id");
  if (v.id === undefined) return refused("EINVAL", "VLAN id not specified");
  if (o.spec.link === undefined) return refused("EINVAL", "link not specified");
  const real = o.linkNs.deviceByIndex(o.spec.link);
  if (real === undefined) return refused("ENODEV", "link does not exist");
  if (real.headerLength === 0 || (real.flags & IFF.LOOPBACK) !== 0) return refused("EOPNOTSUPP", "VLANs not supported on device");
  const group = real.tags instanceof VlanGroup ? real.tags : new VlanGroup();
  if (group.find(protocol, v.id) !== undefined) return refused("EEXIST", "VLAN device already exists");
  if (o.spec.mtu !== undefined && o.spec.mtu > real.mtu) return err({ errno: "EINVAL" });
  const dev = new VlanDevice(o, real, group, v.id, protocol);
  dev.set(v);
  return ok(dev);
}
