/** What all network devices share: flags, address, counters, taps, the way in. net/core/dev.c. One file a kind; none knows another. */
import type { CableReceiver } from "../../sim/cable.ts";
import type { Skb } from "../../sim/skb.ts";
import { SECOND } from "../../sim/time.ts";
import { ETH_LEN, ETHERTYPE, ETHERTYPE_MIN, isBroadcast, isGroup, macKey } from "../../wire/ethernet.ts";
import {
  type FdbEntry, type FdbRequest, IFF, type LinkChange, type LinkInfo, type LinkKind, type LinkStats, type Lladdr, type NlError, type NlMode, type NlResult, type Operstate,
} from "../api.ts";
import { err, ok } from "../../base/result.ts";
import type { InDevice } from "../inet.ts";
import type { Inet6Dev } from "../ipv6/addrconf.ts";
import { frameTci, frameType, popTag, VID_MASK } from "./tag.ts";
import type { NetNamespace } from "../netns.ts";

/** linux/if_packet.h */
export const PACKET = { HOST: 0, BROADCAST: 1, MULTICAST: 2, OTHERHOST: 3, OUTGOING: 4 } as const;

/** A packet socket that listens on a device. The bytes are borrowed. */
export interface PacketTap {
  tap(skb: Skb, dev: NetDevice, outgoing: boolean): void;
}

/** A bridge that owns this device as a port: takes each frame before the stack sees it. @returns whether it took it. */
export interface RxHandler {
  handleFrame(skb: Skb): boolean;
}

/** What happens to a device that others stand on: the netdevice notifier's events that stacked devices care for. */
export type LowerEvent = "up" | "down" | "change" | "mtu" | "address" | "unregister";

/** A device that stands on another one. */
export interface UpperDevice {
  lowerEvent(lower: NetDevice, event: LowerEvent): void;
}

/** Takes tagged frames out before a bridge or the stack sees them: vlan_do_receive. @returns whether it took the frame. */
export interface TagDemux {
  take(skb: Skb, lower: NetDevice): boolean;
}

export abstract class NetDevice implements CableReceiver {
  abstract readonly kind: LinkKind;
  ns: NetNamespace;
  ifindex: number;
  name: string;
  mtu = 1500;
  minMtu = 68;
  maxMtu = 65535;
  /** dev->flags: UP, BROADCAST, MULTICAST, NOARP ...; what carrier adds is computed. */
  flags: number = IFF.BROADCAST | IFF.MULTICAST;
  readonly addr: Uint8Array;
  addrKey = 0;
  readonly broadcast: Uint8Array = new Uint8Array([255, 255, 255, 255, 255, 255]);
  txqlen = 1000;
  /** "noop" until it was up for the first time. */
  qdisc = "noop";
  qdiscWhenUp = "noqueue";
  group = 0;
  alias = "";
  promiscuity = 0;
  allmulti = 0;
  /** Operational state as linkwatch last saw it, RFC 2863. */
  operstate: Operstate = "DOWN";
  carrier = true;
  carrierChanges = 0;
  addrGenMode: LinkInfo["addrGenMode"] = "eui64";
  /** Port of a bridge: the bridge device and who takes its frames. */
  master: NetDevice | undefined;
  rxHandler: RxHandler | undefined;
  readonly taps: PacketTap[] = [];
  /** Devices stacked on this one, in the order they came. */
  readonly uppers: UpperDevice[] = [];
  /** Set while tagged sub-interfaces stand on this device. */
  tags: TagDemux | undefined;
  /** Octets of link-layer header; 0: frames are bare network packets (a tunnel, a tun). */
  headerLength = ETH_LEN;
  inet: InDevice | undefined;
  inet6: Inet6Dev | undefined;
  altnames: string[] = [];
  /** Addresses of the device's own filter, as `bridge fdb` shows them "self": 01:00:5e:00:00:01 and such. Key, then users. */
  readonly multicast = new Map<number, number>();

  rxPackets = 0;
  rxBytes = 0;
  rxDropped = 0;
  rxErrors = 0;
  rxMulticast = 0;
  txPackets = 0;
  txBytes = 0;
  txDropped = 0;
  txErrors = 0;
  txCarrierErrors = 0;

  private lastLinkwatch = Number.NEGATIVE_INFINITY;
  private linkwatchTimer = 0;

  constructor(ns: NetNamespace, name: string, ifindex: number, addr: Lladdr) {
    this.ns = ns;
    this.name = name;
    this.ifindex = ifindex;
    this.addr = new Uint8Array(addr);
    this.addrKey = macKey(this.addr, 0);
  }

  get isUp(): boolean {
    return (this.flags & IFF.UP) !== 0;
  }
  /** Has an ARP-resolvable link layer. */
  get needsNeigh(): boolean {
    return (this.flags & (IFF.NOARP | IFF.LOOPBACK)) === 0;
  }

  /** Puts a complete frame on the medium. Takes ownership. Counters are the caller's business only for drops it makes itself. */
  protected abstract transmit(skb: Skb): void;
  /** ndo_open and ndo_stop. */
  protected onUp(): void {}
  protected onDown(): void {}
  /** Whether the medium is there. */
  protected mediumUp(): boolean {
    return true;
  }
  /** ifindex of the peer a veth-like device has; 0: none. */
  get link(): number {
    return 0;
  }
  get linkNetns(): NetNamespace | undefined {
    return undefined;
  }
  /** Parts of `ip -d link` that only this kind has. */
  describe(_info: LinkInfo): void {}
  /** The device is deleted: let go of what it holds. A veth's peer goes with it. */
  onDelete(): void {}
  /** It has its number and its place among the devices. */
  onRegister(): void {}
  /** ndo_open's refusal. */
  openError(): NlError | undefined {
    return undefined;
  }
  /** Why the device does not take this MTU; beyond minMtu and maxMtu. */
  mtuError(_mtu: number): NlError | undefined {
    return undefined;
  }
  /** Why an address may not be added: inetaddr_validator_chain. */
  addressError(_local: number): NlError | undefined {
    return undefined;
  }
  /** ndo_add_slave and ndo_del_slave. */
  enslave(_dev: NetDevice): NlResult {
    return err({ errno: "EOPNOTSUPP" });
  }
  releaseSlave(_dev: NetDevice): void {}
  /** A slave's own address was changed. */
  slaveAddressChanged(_dev: NetDevice, _oldKey: number): void {}
  /** What IFLA_INFO_SLAVE_DATA says of a slave. */
  describeSlave(_dev: NetDevice, _info: LinkInfo): void {}
  /** rtnl_link_ops.changelink: attributes of this kind. */
  changeLink(_change: LinkChange, _slave: NetDevice): NlResult {
    return err({ errno: "EOPNOTSUPP" });
  }
  /** Table of a VRF (l3mdev); 0: it is none. */
  l3Table = 0;
  /** The VRF it is or is in: l3mdev_master_dev. */
  get vrf(): NetDevice | undefined {
    if (this.l3Table !== 0) return this;
    return this.master !== undefined && this.master.l3Table !== 0 ? this.master : undefined;
  }
  /** Of a VRF: a packet came by a device in it. */
  receivedBy(_skb: Skb): void {}
  /** Whether the device's own table is all that a dump shows of it: its address filter stays unseen. */
  readonly hasOwnFdb: boolean = false;
  /** Entries of the device's own forwarding table, as `bridge fdb` shows them "self": ndo_fdb_dump. */
  fdbDump(): FdbEntry[] {
    return [];
  }
  /** ndo_fdb_add, ndo_fdb_del; undefined: the device has none of its own, its address filter is meant. */
  fdbChange(_e: FdbRequest, _mode: NlMode | "delete"): NlResult | undefined {
    return undefined;
  }
  /** Refuses or takes a change of address or MTU. */
  setAddress(addr: Lladdr): NlResult {
    this.addr.set(addr);
    this.addrKey = macKey(this.addr, 0);
    this.onAddressChanged();
    this.tellUppers("address");
    return ok();
  }
  protected onAddressChanged(): void {}
  setMtu(mtu: number): void {
    this.mtu = mtu;
    this.tellUppers("mtu");
  }

  tellUppers(event: LowerEvent): void {
    if (this.uppers.length > 0) for (const u of [...this.uppers]) u.lowerEvent(this, event);
  }
  addUpper(u: UpperDevice): void {
    this.uppers.push(u);
  }
  removeUpper(u: UpperDevice): void {
    const at = this.uppers.indexOf(u);
    if (at >= 0) this.uppers.splice(at, 1);
  }

  // -- out --------------------------------------------------------------------------------------------------------

  /** Hands one frame to the device: dev_queue_xmit. Takes ownership. */
  xmit(skb: Skb): void {
    if ((this.flags & IFF.UP) === 0) {
      this.txDropped++;
      this.ns.drop(skb, "xmit", this, "DEV_READY");
      return;
    }
    if (this.taps.length > 0) this.tapAll(skb, true);
    this.transmit(skb);
  }

  /** Counts a frame that has left. */
  protected countTx(length: number): void {
    this.txPackets++;
    this.txBytes += length;
  }

  // -- in ---------------------------------------------------------------------------------------------------------

  receiveFrame(skb: Skb): void {
    this.receive(skb);
  }

  /** A frame arrived: netif_receive_skb. `data` stands at the link-layer header. Takes ownership. */
  receive(skb: Skb): void {
    const length = skb.tail - skb.data;
    if ((this.flags & IFF.UP) === 0 || length < this.headerLength) {
      this.ns.drop(skb, "receive", this, "DEV_READY");
      return;
    }
    this.rxPackets++;
    this.rxBytes += length;
    const { bytes, data } = skb;
    skb.dev = this;
    skb.mac = data;
    if ((this.flags & IFF.LOOPBACK) === 0) {
      // skb_scrub_packet: what one namespace noted on it is none of the next one's business.
      skb.nfct = undefined;
      skb.mark = 0;
    }
    this.classify(skb, bytes, data);
    if (this.taps.length > 0) this.tapAll(skb, false);
    this.demux(skb);
  }

  /** __netif_receive_skb_core: sub-interfaces first, then a bridge or the like, then the protocols. */
  protected demux(skb: Skb): void {
    if (this.tags !== undefined && this.tags.take(skb, this)) return;
    if (this.rxHandler !== undefined && this.rxHandler.handleFrame(skb)) return;
    this.deliver(skb);
  }

  /** eth_type_trans: whose frame it is, and what it carries. */
  protected classify(skb: Skb, bytes: Uint8Array, data: number): void {
    if ((bytes[data]! & 1) === 1) {
      if (isBroadcast(bytes, data)) skb.pktType = PACKET.BROADCAST;
      else skb.pktType = PACKET.MULTICAST;
      this.rxMulticast++;
    } else skb.pktType = macKey(bytes, data) === this.addrKey ? PACKET.HOST : PACKET.OTHERHOST;
    const type = (bytes[data + 12]! << 8) | bytes[data + 13]!;
    skb.protocol = type >= ETHERTYPE_MIN ? type : 4; // ETH_P_802_2: an LLC header follows
  }

  /** To the protocol handlers. `data` moves to the network header. */
  deliver(skb: Skb): void {
    skb.data += this.headerLength;
    skb.network = skb.data;
    switch (skb.protocol) {
      case ETHERTYPE.IPV4:
        this.ns.ip.receive(skb, this);
        return;
      case ETHERTYPE.IPV6:
        this.ns.ip6.receive(skb, this);
        return;
      case ETHERTYPE.ARP:
        this.ns.arp.receive(skb, this);
        return;
      case ETHERTYPE.VLAN:
      case ETHERTYPE.QINQ:
        return this.deliverTagged(skb);
      default:
        this.ns.drop(skb, "receive", this, "UNHANDLED_PROTO");
    }
  }

  /** A tag that no sub-interface takes: VLAN 0 is a priority alone and means nothing here, any other VLAN is somebody else's. */
  private deliverTagged(skb: Skb): void {
    skb.data -= this.headerLength;
    const tagged = skb.tail - skb.data >= ETH_LEN + 4;
    const vid = tagged ? frameTci(skb) & VID_MASK : 0;
    if (!tagged || vid !== 0) return this.ns.drop(skb, "receive", this, "OTHERHOST", tagged ? `no sub-interface for VLAN ${vid}` : "");
    popTag(skb);
    skb.protocol = frameType(skb);
    this.deliver(skb);
  }

  tapAll(skb: Skb, outgoing: boolean): void {
    for (const t of [...this.taps]) t.tap(skb, this, outgoing);
  }

  addTap(t: PacketTap): void {
    this.taps.push(t);
  }
  removeTap(t: PacketTap): void {
    const at = this.taps.indexOf(t);
    if (at >= 0) this.taps.splice(at, 1);
  }

  // -- state ------------------------------------------------------------------------------------------------------

  /** ip link set up, down. */
  setUp(up: boolean): void {
    if (this.isUp === up) return;
    if (up) {
      this.flags |= IFF.UP;
      this.qdisc = this.qdiscWhenUp;
      this.onUp();
      this.carrier = this.mediumUp();
      this.updateOperstate();
      this.ns.deviceUp(this);
      this.tellUppers("up");
    } else {
      this.flags &= ~IFF.UP;
      this.onDown();
      this.updateOperstate();
      this.ns.deviceDown(this);
      this.tellUppers("down");
    }
    this.masterNotify();
  }

  carrierChanged(_up: boolean): void {
    this.setCarrier(this.mediumUp());
  }

  setCarrier(on: boolean): void {
    if (this.carrier === on) return;
    this.carrier = on;
    this.carrierChanges++;
    if (on) this.linkwatch();
    else this.scheduleLinkwatch();
    this.masterNotify();
  }

  /** linkwatch lets carrier losses through once a second at most; a carrier that comes is let through at once. */
  private scheduleLinkwatch(): void {
    const clock = this.ns.sim.clock;
    if (this.linkwatchTimer !== 0) return;
    const wait = this.lastLinkwatch + SECOND - clock.now;
    if (wait <= 0) this.linkwatch();
    else
      this.linkwatchTimer = clock.after(wait, () => {
        this.linkwatchTimer = 0;
        this.linkwatch();
      });
  }

  private linkwatch(): void {
    this.lastLinkwatch = this.ns.sim.clock.now;
    this.updateOperstate();
    if (this.isUp) this.ns.carrierEvent(this);
    this.tellUppers("change");
  }

  /** RFC 2863 policy of net/core/link_watch.c. */
  protected updateOperstate(): void {
    if (!this.isUp) this.operstate = "DOWN";
    // default_operstate of 6.1 compares numbers, so that a peer in another namespace with the same one counts as the device itself.
    else if (!this.carrier) this.operstate = this.link !== 0 && this.link !== this.ifindex ? "LOWERLAYERDOWN" : "DOWN";
    else this.operstate = "UP";
  }

  /** A bridge wants to know of a port's carrier and state. */
  onPortChange: (() => void) | undefined;
  private masterNotify(): void {
    this.onPortChange?.();
  }

  setPromiscuity(by: number): void {
    this.promiscuity += by;
    if (this.promiscuity > 0) this.flags |= IFF.PROMISC;
    else this.flags &= ~IFF.PROMISC;
  }

  /** What a user asked for with `promisc on`, apart from what bridges and captures hold. */
  userPromisc = false;
  userAllmulti = false;

  addMulticast(key: number): void {
    this.multicast.set(key, (this.multicast.get(key) ?? 0) + 1);
  }
  removeMulticast(key: number): void {
    const n = (this.multicast.get(key) ?? 0) - 1;
    if (n > 0) this.multicast.set(key, n);
    else this.multicast.delete(key);
  }

  stats(): LinkStats {
    return {
      rxPackets: this.rxPackets, rxBytes: this.rxBytes, rxErrors: this.rxErrors, rxDropped: this.rxDropped, rxOverErrors: 0, multicast: this.rxMulticast,
      txPackets: this.txPackets, txBytes: this.txBytes, txErrors: this.txErrors, txDropped: this.txDropped, collisions: 0, txCarrierErrors: this.txCarrierErrors,
    };
  }

  info(): LinkInfo {
    // dev_get_flags: PROMISC and ALLMULTI as the user set them, RUNNING and LOWER_UP from state and carrier.
    let flags = this.flags & ~(IFF.PROMISC | IFF.ALLMULTI);
    if (this.userPromisc) flags |= IFF.PROMISC;
    if (this.userAllmulti) flags |= IFF.ALLMULTI;
    if (this.isUp) {
      if (this.operstate === "UP" || this.operstate === "UNKNOWN") flags |= IFF.RUNNING;
      if (this.carrier) flags |= IFF.LOWER_UP;
    }
    const info: LinkInfo = {
      ifindex: this.ifindex, name: this.name, kind: this.kind, flags, mtu: this.mtu, minMtu: this.minMtu, maxMtu: this.maxMtu, qdisc: this.qdisc, operstate: this.operstate,
      group: this.group, txqlen: this.txqlen, lladdr: this.addr.slice(), broadcast: this.broadcast.slice(), arpType: this.kind === "loopback" ? "loopback" : "ether",
      promiscuity: this.promiscuity, allmulti: this.allmulti, alias: this.alias, carrier: this.carrier && this.isUp, master: this.master?.ifindex ?? 0, link: this.link,
      altnames: this.altnames, carrierChanges: this.carrierChanges, stats: this.stats(), addrGenMode: this.addrGenMode,
    };
    const peerNs = this.linkNetns;
    if (peerNs !== undefined && peerNs !== this.ns) info.linkNetnsid = this.ns.idOf(peerNs);
    this.describe(info);
    return info;
  }
}

export { isGroup };
