/**
 * ipvlan: more machines behind one MAC, told apart by their addresses. drivers/net/ipvlan. Mode l3s is delivered as l3 is: its way
 * through the parent's netfilter input is not modelled.
 */
import { getU32 } from "../../base/bytes.ts";
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { ARP } from "../../wire/arp.ts";
import { ETH_LEN, ETHERTYPE, isGroup, macKey } from "../../wire/ethernet.ts";
import { formatIpv4, IPV4 } from "../../wire/ipv4.ts";
import { IFF, type IpvlanInfo, type LinkChange, type LinkInfo, type Lladdr, type NlError, type NlResult } from "../api.ts";
import { scrub } from "../ip-tunnel.ts";
import { eq6 } from "../ipv6/address.ts";
import type { NetNamespace } from "../netns.ts";
import { Backlog } from "./backlog.ts";
import { type LowerEvent, NetDevice, PACKET, type RxHandler, type UpperDevice } from "./device.ts";
import type { NewLink } from "./kinds.ts";
import { frameType } from "./tag.ts";

/** What stands on one device: struct ipvl_port. The mode is one for all. */
class IpvlanPort implements RxHandler {
  readonly lower: NetDevice;
  readonly backlog: Backlog;
  readonly slaves: IpvlanDevice[] = [];
  mode: IpvlanInfo["mode"] = "l3";
  flags: IpvlanInfo["flags"] = "bridge";

  constructor(lower: NetDevice) {
    this.lower = lower;
    this.backlog = new Backlog(lower);
  }

  /** Whose address it is: ipvlan_ht_addr_lookup. Only those that are up count. */
  owner(address: number): IpvlanDevice | undefined {
    for (const s of this.slaves) {
      if (!s.isUp) continue;
      for (const a of s.inet?.addrs ?? []) if (a.local === address) return s;
    }
    return undefined;
  }

  private owner6(b: Uint8Array, at: number): IpvlanDevice | undefined {
    for (const s of this.slaves) {
      if (!s.isUp) continue;
      for (const a of s.inet6?.addrs ?? []) if (eq6(b, at, a.addr, 0)) return s;
    }
    return undefined;
  }

  /** ipvlan_addr_lookup: by the destination, or by who says to send it. */
  lookup(skb: Skb, source: boolean): IpvlanDevice | undefined {
    const at = skb.data + ETH_LEN;
    const type = frameType(skb);
    if (type === ETHERTYPE.IPV4 && skb.tail - at >= 20) return this.owner(getU32(skb.bytes, at + (source ? IPV4.src : IPV4.dst)));
    if (type === ETHERTYPE.IPV6 && skb.tail - at >= 40) return this.owner6(skb.bytes, at + (source ? 8 : 24));
    if (type === ETHERTYPE.ARP && skb.tail - at >= 28) return this.owner(getU32(skb.bytes, at + (source ? ARP.spa : ARP.tpa)));
    return undefined;
  }

  /** ipvlan_handle_frame. */
  handleFrame(skb: Skb): boolean {
    const { bytes, data } = skb;
    if (this.mode === "l2" && isGroup(bytes, data)) {
      const ours = macKey(bytes, data + 6) === this.lower.addrKey && this.lookup(skb, true) !== undefined;
      if (!ours) this.distribute(skb, undefined);
      return false;
    }
    const to = this.lookup(skb, false);
    if (to === undefined) return false;
    const { ns } = this.lower;
    if (ns.sim.trace.on) ns.report(skb, "macvlan", "pass", this.lower, `mode ${this.mode} dev ${to.name}`, "");
    scrub(skb, to.ns !== ns);
    to.receive(skb);
    return true;
  }

  /** ipvlan_process_multicast: a copy for every slave but the one it is from. */
  distribute(skb: Skb, from: IpvlanDevice | undefined): void {
    for (const s of this.slaves) {
      if (s === from || !s.isUp) continue;
      const copy = skb.clone(s.ns.sim.nextPacket());
      scrub(copy, s.ns !== this.lower.ns);
      s.backlog.push(copy);
    }
  }

  /** ipvlan_set_port_mode: slaves of the layer-3 modes do no ARP. */
  setMode(mode: IpvlanInfo["mode"]): void {
    this.mode = mode;
    for (const s of this.slaves) s.applyMode(mode);
  }
}

export class IpvlanDevice extends NetDevice implements UpperDevice {
  readonly kind = "ipvlan";
  readonly lower: NetDevice;
  readonly port: IpvlanPort;
  readonly backlog: Backlog;
  /** Its state is told only from the first change of carrier on. */
  private carrierSeen = false;

  constructor(o: NewLink, port: IpvlanPort) {
    super(o.ns, o.name, o.index(), port.lower.addr);
    this.port = port;
    this.lower = port.lower;
    this.backlog = new Backlog(this);
    this.mtu = o.spec.mtu ?? port.lower.mtu;
    this.carrier = port.lower.isUp && port.lower.carrier;
    this.carrierSeen = !this.carrier;
  }

  override onRegister(): void {
    this.port.slaves.push(this);
    this.lower.rxHandler = this.port;
    this.lower.addUpper(this);
    this.applyMode(this.port.mode);
  }

  applyMode(mode: IpvlanInfo["mode"]): void {
    if (mode === "l2") this.flags &= ~IFF.NOARP;
    else this.flags |= IFF.NOARP;
  }

  override get link(): number {
    return this.lower.ifindex;
  }
  override get linkNetns(): NetNamespace {
    return this.lower.ns;
  }

  /** ipvlan_queue_xmit. */
  protected transmit(skb: Skb): void {
    this.countTx(skb.tail - skb.data);
    if (this.port.mode === "l2") this.transmitL2(skb);
    else this.transmitL3(skb);
  }

  /** To another slave of the same parent. @returns whether the packet is one's, and taken. */
  private toSlave(skb: Skb): boolean {
    const to = this.port.lookup(skb, false);
    if (to === undefined) return false;
    if (this.port.flags === "private") {
      this.ns.drop(skb, "macvlan", this, "NOT_SPECIFIED", "private");
      return true;
    }
    if (this.ns.sim.trace.on) this.ns.report(skb, "macvlan", "pass", this, `dev ${to.name}`, "");
    skb.pktType = PACKET.HOST;
    scrub(skb, to.ns !== this.ns);
    to.backlog.push(skb);
    return true;
  }

  private transmitL2(skb: Skb): void {
    const { bytes, data } = skb;
    if (this.port.flags !== "vepa" && macKey(bytes, data) === macKey(bytes, data + 6)) {
      if (this.toSlave(skb)) return;
      scrub(skb, this.ns !== this.lower.ns);
      return this.port.backlog.push(skb); // for the parent itself
    }
    if (isGroup(bytes, data)) this.port.distribute(skb, this);
    scrub(skb, this.ns !== this.lower.ns);
    this.lower.xmit(skb);
  }

  /** The parent's namespace routes it: ipvlan_process_v4_outbound. */
  private transmitL3(skb: Skb): void {
    if (this.port.flags !== "vepa" && this.toSlave(skb)) return;
    const { lower } = this;
    if (frameType(skb) !== ETHERTYPE.IPV4) return this.ns.drop(skb, "macvlan", this, "UNHANDLED_PROTO");
    scrub(skb, this.ns !== lower.ns);
    skb.data += ETH_LEN;
    skb.mac = -1;
    skb.network = skb.data;
    skb.transport = skb.data + (skb.bytes[skb.data]! & 15) * 4;
    const dst = getU32(skb.bytes, skb.data + IPV4.dst);
    const route = lower.ns.routes.output({ dst, oif: lower.ifindex, tos: skb.bytes[skb.data + IPV4.tos]!, mark: skb.mark });
    if (!route.ok || (route.value.type !== "unicast" && route.value.type !== "local")) {
      this.txErrors++;
      return lower.ns.drop(skb, "route", lower, "IP_OUTNOROUTES", `no route to ${formatIpv4(dst)}`);
    }
    lower.ns.ip.outputRoute(skb, route.value, lower.ns.routes.mtuOf(route.value));
  }

  protected override mediumUp(): boolean {
    return this.lower.isUp && this.lower.carrier;
  }
  override setCarrier(on: boolean): void {
    if (on !== this.carrier) this.carrierSeen = true;
    super.setCarrier(on);
  }
  protected override updateOperstate(): void {
    if (this.carrierSeen || !this.isUp) super.updateOperstate();
    else this.operstate = "UNKNOWN";
  }

  override setAddress(_addr: Lladdr): NlResult {
    return err({ errno: "EOPNOTSUPP" });
  }

  /** ipvlan_addr4_validator_event. */
  override addressError(local: number): NlError | undefined {
    const taken = this.port.slaves.some((s) => s !== this && s.inet?.addrs.some((a) => a.local === local));
    return taken ? { errno: "EADDRINUSE", extack: "Address already assigned to an ipvlan device" } : undefined;
  }

  /** ipvlan_device_event. */
  lowerEvent(_lower: NetDevice, event: LowerEvent): void {
    if (event === "mtu") this.setMtu(this.lower.mtu);
    else if (event === "address") super.setAddress(this.lower.addr);
    else if (event === "unregister") this.ns.deleteDevice(this);
    else this.setCarrier(this.mediumUp());
  }

  override onDelete(): void {
    const { port, lower } = this;
    const at = port.slaves.indexOf(this);
    if (at >= 0) port.slaves.splice(at, 1);
    lower.removeUpper(this);
    if (port.slaves.length === 0 && lower.rxHandler === port) lower.rxHandler = undefined;
  }

  override changeLink(c: LinkChange): NlResult {
    const v = c.attrs?.ipvlan;
    if (v === undefined) return err({ errno: "EOPNOTSUPP" });
    if (v.mode !== undefined) this.port.setMode(v.mode);
    if (v.flags !== undefined) this.port.flags = v.flags;
    return ok();
  }

  override describe(info: LinkInfo): void {
    info.attrs = { ipvlan: { mode: this.port.mode, flags: this.port.flags } };
  }
}

/** ipvlan_link_new. */
export function newIpvlan(o: NewLink): NlResult<NetDevice> {
  const spec = o.spec.attrs?.ipvlan ?? {};
  if (o.spec.link === undefined) return err({ errno: "EINVAL" });
  let lower = o.linkNs.deviceByIndex(o.spec.link);
  if (lower === undefined) return err({ errno: "ENODEV" });
  if (lower instanceof IpvlanDevice) lower = lower.lower;
  if (lower.headerLength === 0 || (lower.flags & IFF.LOOPBACK) !== 0) return err({ errno: "EINVAL" });
  let port: IpvlanPort;
  if (lower.rxHandler instanceof IpvlanPort) port = lower.rxHandler;
  else if (lower.rxHandler !== undefined) return err({ errno: "EBUSY" });
  else port = new IpvlanPort(lower);
  if (spec.mode !== undefined || port.slaves.length === 0) port.setMode(spec.mode ?? "l3");
  if (spec.flags !== undefined) port.flags = spec.flags;
  return ok(new IpvlanDevice(o, port));
}
