/** macvlan: more stations on one device, told apart by their MACs. drivers/net/macvlan.c. Not here: mode source. */
import { err, ok } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { formatMac, isGroup, macKey } from "../../wire/ethernet.ts";
import { IFF, type LinkChange, type LinkInfo, type Lladdr, type MacvlanInfo, type NlError, type NlResult } from "../api.ts";
import { scrub } from "../ip-tunnel.ts";
import type { NetNamespace } from "../netns.ts";
import { Backlog } from "./backlog.ts";
import { type LowerEvent, NetDevice, PACKET, type RxHandler, type UpperDevice } from "./device.ts";
import type { NewLink } from "./kinds.ts";

type Mode = MacvlanInfo["mode"];

/** What stands on one device: struct macvlan_port. */
class MacvlanPort implements RxHandler {
  readonly lower: NetDevice;
  readonly backlog: Backlog;
  readonly stations: MacvlanDevice[] = [];
  /** Those that are up, by address. */
  private readonly byAddr = new Map<number, MacvlanDevice>();
  passthru = false;

  constructor(lower: NetDevice) {
    this.lower = lower;
    this.backlog = new Backlog(lower);
  }

  find(key: number): MacvlanDevice | undefined {
    return this.byAddr.get(key);
  }
  opened(dev: MacvlanDevice): void {
    this.byAddr.set(dev.addrKey, dev);
  }
  closed(dev: MacvlanDevice, key: number): void {
    if (this.byAddr.get(key) === dev) this.byAddr.delete(key);
  }
  /** macvlan_addr_busy. */
  busy(key: number): boolean {
    return key === this.lower.addrKey || this.byAddr.has(key);
  }

  /** macvlan_handle_frame. */
  handleFrame(skb: Skb): boolean {
    const { bytes, data } = skb;
    if (isGroup(bytes, data)) {
      const src = this.byAddr.get(macKey(bytes, data + 6));
      if (src !== undefined && src.mode !== "vepa" && src.mode !== "bridge") {
        src.backlog.push(skb); // it came back to where it is from
        return true;
      }
      // From outside it is for all; a bridge's stations have heard their own already.
      this.broadcast(skb, src, src === undefined ? ["private", "vepa", "passthru", "bridge"] : src.mode === "vepa" ? ["vepa", "bridge"] : ["vepa"]);
      return false;
    }
    const dev = this.passthru ? this.stations[0] : this.byAddr.get(macKey(bytes, data));
    if (dev === undefined) return false;
    if (!dev.isUp) {
      dev.ns.drop(skb, "macvlan", dev, "DEV_READY");
      return true;
    }
    if (this.lower.ns.sim.trace.on) this.lower.ns.report(skb, "macvlan", "pass", this.lower, `${formatMac(bytes, data)} dev ${dev.name}`, "");
    scrub(skb, dev.ns !== this.lower.ns);
    dev.receive(skb);
    return true;
  }

  /** macvlan_broadcast: a copy for every station of these modes but the one it is from. The frame stays the caller's. */
  broadcast(skb: Skb, from: MacvlanDevice | undefined, modes: readonly Mode[]): void {
    for (const dev of this.stations) {
      if (dev === from || !dev.isUp || !modes.includes(dev.mode)) continue;
      const copy = skb.clone(dev.ns.sim.nextPacket());
      scrub(copy, dev.ns !== this.lower.ns);
      dev.backlog.push(copy);
    }
  }
}

export class MacvlanDevice extends NetDevice implements UpperDevice {
  readonly kind = "macvlan";
  readonly lower: NetDevice;
  readonly port: MacvlanPort;
  readonly backlog: Backlog;
  mode: Mode;
  private nopromisc: boolean;
  private bcqueuelen: number;

  constructor(o: NewLink, port: MacvlanPort, spec: Partial<MacvlanInfo>) {
    const mode = spec.mode ?? "vepa";
    super(o.ns, o.name, o.index(), mode === "passthru" ? port.lower.addr : (o.spec.lladdr ?? o.ns.kernel.randomMac()));
    this.port = port;
    this.lower = port.lower;
    this.backlog = new Backlog(this);
    this.mode = mode;
    this.nopromisc = spec.nopromisc ?? false;
    this.bcqueuelen = spec.bcqueuelen ?? 1000;
    this.mtu = o.spec.mtu ?? port.lower.mtu;
    this.carrier = port.lower.isUp && port.lower.carrier;
  }

  override onRegister(): void {
    this.port.stations.push(this);
    this.lower.rxHandler = this.port;
    this.lower.addUpper(this);
    if (this.mode === "passthru") {
      this.port.passthru = true;
      if (!this.nopromisc) this.lower.setPromiscuity(1);
    }
  }

  override get link(): number {
    return this.lower.ifindex;
  }
  override get linkNetns(): NetNamespace {
    return this.lower.ns;
  }

  /** macvlan_queue_xmit: stations in bridge mode reach each other here; all else goes to the device below. */
  protected transmit(skb: Skb): void {
    const { bytes, data } = skb;
    this.countTx(skb.tail - data);
    scrub(skb, this.ns !== this.lower.ns);
    if (this.mode === "bridge") {
      if (isGroup(bytes, data)) this.port.broadcast(skb, this, ["bridge"]);
      else {
        const to = this.port.find(macKey(bytes, data));
        if (to?.mode === "bridge") {
          if (this.ns.sim.trace.on) this.ns.report(skb, "macvlan", "pass", this, `${formatMac(bytes, data)} dev ${to.name}`, "");
          skb.pktType = PACKET.HOST;
          return this.port.backlog.push(skb); // by way of the device below, so that captures there see it
        }
      }
    }
    if (this.ns.sim.trace.on) this.ns.report(skb, "macvlan", "pass", this, `mode ${this.mode} dev ${this.lower.name}`, "");
    this.lower.xmit(skb);
  }

  protected override mediumUp(): boolean {
    return this.lower.isUp && this.lower.carrier;
  }

  override openError(): NlError | undefined {
    return this.mode !== "passthru" && this.port.busy(this.addrKey) ? { errno: "EBUSY" } : undefined;
  }
  protected override onUp(): void {
    this.port.opened(this);
  }
  protected override onDown(): void {
    this.port.closed(this, this.addrKey);
  }

  override setAddress(addr: Lladdr): NlResult {
    const key = macKey(addr, 0);
    if (key === this.addrKey) return ok();
    if (this.mode === "passthru") {
      const old = this.lower.addrKey;
      const set = this.lower.setAddress(addr);
      if (!set.ok) return set;
      this.lower.ns.addressChanged(this.lower);
      this.lower.master?.slaveAddressChanged(this.lower, old);
      return super.setAddress(addr);
    }
    if (this.port.busy(key)) return err({ errno: "EADDRINUSE" });
    const old = this.addrKey;
    const set = super.setAddress(addr);
    if (this.isUp) {
      this.port.closed(this, old);
      this.port.opened(this);
    }
    return set;
  }

  override mtuError(mtu: number): NlError | undefined {
    return mtu > this.lower.mtu ? { errno: "EINVAL" } : undefined;
  }

  /** macvlan_device_event. */
  lowerEvent(_lower: NetDevice, event: LowerEvent): void {
    if (event === "mtu") {
      if (this.mtu > this.lower.mtu) this.setMtu(this.lower.mtu);
    } else if (event === "address") {
      if (this.mode === "passthru" && this.addrKey !== this.lower.addrKey) super.setAddress(this.lower.addr);
    } else if (event === "unregister") this.ns.deleteDevice(this);
    else this.setCarrier(this.mediumUp());
  }

  override onDelete(): void {
    const { port, lower } = this;
    if (this.mode === "passthru" && !this.nopromisc) lower.setPromiscuity(-1);
    const at = port.stations.indexOf(this);
    if (at >= 0) port.stations.splice(at, 1);
    lower.removeUpper(this);
    if (port.stations.length === 0 && lower.rxHandler === port) lower.rxHandler = undefined;
  }

  override changeLink(c: LinkChange): NlResult {
    const v = c.attrs?.macvlan;
    if (v === undefined) return err({ errno: "EOPNOTSUPP" });
    if (v.mode !== undefined && (v.mode === "passthru") !== (this.mode === "passthru")) return err({ errno: "EINVAL" });
    if (v.mode !== undefined) this.mode = v.mode;
    if (v.nopromisc !== undefined && this.mode === "passthru" && v.nopromisc !== this.nopromisc) {
      this.nopromisc = v.nopromisc;
      this.lower.setPromiscuity(v.nopromisc ? -1 : 1);
    }
    if (v.bcqueuelen !== undefined) this.bcqueuelen = v.bcqueuelen;
    return ok();
  }

  override describe(info: LinkInfo): void {
    info.attrs = { macvlan: { mode: this.mode, nopromisc: this.nopromisc, bcqueuelen: this.bcqueuelen } };
  }
}

/** macvlan_common_newlink. */
export function newMacvlan(o: NewLink): NlResult<NetDevice> {
  const spec = o.spec.attrs?.macvlan ?? {};
  if (o.spec.link === undefined) return err({ errno: "EINVAL" });
  let lower = o.linkNs.deviceByIndex(o.spec.link);
  if (lower === undefined) return err({ errno: "ENODEV" });
  if (lower instanceof MacvlanDevice) lower = lower.lower; // stations are not stacked
  if (lower.headerLength === 0 || (lower.flags & IFF.LOOPBACK) !== 0) return err({ errno: "EINVAL" });
  if (o.spec.mtu !== undefined && o.spec.mtu > lower.mtu) return err({ errno: "EINVAL" });
  let port: MacvlanPort;
  if (lower.rxHandler instanceof MacvlanPort) port = lower.rxHandler;
  else if (lower.rxHandler !== undefined) return err({ errno: "EBUSY" });
  else port = new MacvlanPort(lower);
  if (port.passthru || (spec.mode === "passthru" && port.stations.length > 0)) return err({ errno: "EINVAL" });
  return ok(new MacvlanDevice(o, port, spec));
}
