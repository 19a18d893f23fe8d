/** Packet sockets, as captures and ARP tools use them: net/packet/af_packet.c, SOCK_RAW. */
import { WaitQueue } from "../../base/wait-queue.ts";
import { allocSkb, type Skb } from "../../sim/skb.ts";
import type { Errno, Frame, PacketSock, PacketType } from "../api.ts";
import { type NetDevice, PACKET, type PacketTap } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";

const ETH_P_ALL = 3;
const TYPES: readonly PacketType[] = ["host", "broadcast", "multicast", "otherhost", "outgoing"];
/** Octets of frames a socket holds: the order of libpcap's 2 MiB ring. */
const BUFFER = 2 * 1024 * 1024;

export class PacketSocket implements PacketSock, PacketTap {
  readonly kind = "packet";
  readonly waiters = new WaitQueue();
  readonly stats = { received: 0, dropped: 0 };
  private readonly ns: NetNamespace;
  private ifindex = -1;
  private ethertype = ETH_P_ALL;
  private filter: ((frame: Uint8Array, wireLen: number, type: PacketType, ifindex: number) => number) | undefined;
  private queue: Frame[] = [];
  private queued = 0;
  private devices: NetDevice[] = [];
  private promiscuous = false;
  private downError = false;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  get readable(): boolean {
    return this.queue.length > 0 || this.downError;
  }
  get writable(): boolean {
    return true;
  }

  bind(ifindex: number, ethertype: number): undefined | Errno {
    const devices = ifindex === 0 ? this.ns.devices() : [this.ns.deviceByIndex(ifindex)];
    if (devices.some((d) => d === undefined)) return "ENODEV";
    this.unhook();
    this.ifindex = ifindex;
    this.ethertype = ethertype;
    this.devices = devices as NetDevice[];
    for (const d of this.devices) d.addTap(this);
    if (ifindex === 0) this.ns.anyTaps.add(this);
    return undefined;
  }

  /** A device appeared while the socket listens on all of them. */
  deviceAdded(dev: NetDevice): void {
    this.devices.push(dev);
    dev.addTap(this);
  }

  /** The device went down or away: the next read fails once. */
  deviceGone(): void {
    this.downError = true;
    this.waiters.wake();
  }

  setFilter(filter: (frame: Uint8Array, wireLen: number, type: PacketType, ifindex: number) => number): void {
    this.filter = filter;
  }

  setPromiscuous(on: boolean): undefined | Errno {
    if (this.promiscuous === on) return undefined;
    this.promiscuous = on;
    for (const d of this.devices) d.setPromiscuity(on ? 1 : -1);
    return undefined;
  }

  tap(skb: Skb, dev: NetDevice, outgoing: boolean): void {
    const b = skb.bytes;
    const bare = dev.headerLength === 0;
    const ethertype = bare ? (b[skb.data]! >> 4 === 6 ? 0x86dd : 0x0800) : (b[skb.data + 12]! << 8) | b[skb.data + 13]!;
    // Only ETH_P_ALL hears what goes out.
    if (this.ethertype !== ETH_P_ALL && (outgoing || ethertype !== this.ethertype)) return;
    const wireLen = skb.tail - skb.data;
    const view = b.subarray(skb.data, skb.tail);
    const type = TYPES[outgoing ? PACKET.OUTGOING : skb.pktType]!;
    const keep = this.filter === undefined ? wireLen : Math.min(this.filter(view, wireLen, type, dev.ifindex), wireLen);
    if (keep === 0) return;
    this.stats.received++;
    if (this.queued + keep > BUFFER) {
      this.stats.dropped++;
      return;
    }
    this.queued += keep;
    this.queue.push({ data: view.slice(0, keep), wireLen, ifindex: dev.ifindex, type, ethertype, at: this.ns.sim.clock.now });
    this.waiters.wake();
  }

  recv(): Frame | Errno {
    const f = this.queue.shift();
    if (f !== undefined) {
      this.queued -= f.data.length;
      return f;
    }
    if (this.downError) {
      this.downError = false;
      return "ENETDOWN";
    }
    return "EAGAIN";
  }

  send(frame: Uint8Array, ifindex: number): number | Errno {
    const dev = this.ns.deviceByIndex(ifindex || this.ifindex);
    if (dev === undefined) return "ENXIO";
    if (!dev.isUp) return "ENETDOWN";
    if (frame.length < dev.headerLength) return "EINVAL";
    if (frame.length > dev.mtu + dev.headerLength) return "EMSGSIZE";
    const skb = allocSkb(frame.length, this.ns.sim.nextPacket());
    skb.bytes.set(frame, skb.data);
    skb.mac = dev.headerLength === 0 ? -1 : skb.data;
    skb.network = skb.data + dev.headerLength;
    dev.xmit(skb);
    return frame.length;
  }

  private unhook(): void {
    for (const d of this.devices) {
      d.removeTap(this);
      if (this.promiscuous) d.setPromiscuity(-1);
    }
    this.devices = [];
    this.ns.anyTaps.delete(this);
  }

  close(): void {
    this.unhook();
    this.queue = [];
  }
}
