/** Groups that devices have joined, and MLDv2 reports of them: net/ipv6/mcast.c, RFC 3810. */
import { setU16 } from "../../base/bytes.ts";
import { MILLISECOND } from "../../sim/time.ts";
import { macKey } from "../../wire/ethernet.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { IFF } from "../api.ts";
import type { Ipv6, Maddr6Info } from "../api6.ts";
import type { NetDevice } from "../netdev/device.ts";
import { ALL_MLDV2_ROUTERS, ALL_NODES, ANY6, eq6, groupMac, isAny6, Map6, same6, SCOPE6 } from "./address.ts";
import { sealIcmp6 } from "./icmp.ts";
import type { Ipv6Stack } from "./stack.ts";

/** How often a change is told: the robustness variable. */
const ROBUSTNESS = 2;
/** RFC 3810 §5.2.12. */
const RECORD = { MODE_IS_EXCLUDE: 2, CHANGE_TO_INCLUDE: 3, CHANGE_TO_EXCLUDE: 4 } as const;
const HBH_LEN = 8;

interface Group {
  readonly addr: Ipv6;
  users: number;
  /** Reports of the change that are still to be sent. */
  tell: number;
}
interface Membership {
  /** The newest first, as /proc/net/igmp6 lists them. */
  groups: Group[];
  /** Groups left that are still to be told of. */
  left: Map6<number>;
  timer: number;
  queryTimer: number;
  dadTimer: number;
}

export class Multicast6 {
  private readonly stack: Ipv6Stack;
  private readonly byDev = new Map<NetDevice, Membership>();

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  private of(dev: NetDevice): Membership {
    let m = this.byDev.get(dev);
    if (m === undefined) {
      m = { groups: [], left: new Map6(), timer: 0, queryTimer: 0, dadTimer: 0 };
      this.byDev.set(dev, m);
    }
    return m;
  }

  isMember(dev: NetDevice, b: Uint8Array, at: number): boolean {
    const groups = this.byDev.get(dev)?.groups;
    if (groups !== undefined) for (let i = 0; i < groups.length; i++) if (eq6(groups[i]!.addr, 0, b, at)) return true;
    return false;
  }

  infos(): Maddr6Info[] {
    return [...this.byDev.entries()].sort((a, b) => a[0].ifindex - b[0].ifindex).flatMap(([d, m]) => m.groups.map((g) => ({ ifindex: d.ifindex, group: g.addr, users: g.users })));
  }

  /** __ipv6_dev_mc_inc. */
  join(dev: NetDevice, addr: Ipv6): void {
    const m = this.of(dev);
    const known = m.groups.find((g) => same6(g.addr, addr));
    if (known !== undefined) {
      known.users++;
      return;
    }
    const g: Group = { addr: addr.slice(), users: 1, tell: 0 };
    m.groups.unshift(g);
    m.left.delete(addr);
    this.groupAdded(dev, g);
  }

  /** __ipv6_dev_mc_dec. */
  leave(dev: NetDevice, addr: Ipv6): void {
    const m = this.byDev.get(dev);
    const g = m?.groups.find((x) => same6(x.addr, addr));
    if (m === undefined || g === undefined || --g.users > 0) return;
    m.groups = m.groups.filter((x) => x !== g);
    if (!isReported(addr)) return;
    if (dev.isUp && this.active(dev)) {
      this.removeFilter(dev, g);
      m.left.set(addr, ROBUSTNESS);
      this.schedule(dev, m, 0);
    }
  }

  /** Whether the device speaks IPv6 at all. */
  private active(dev: NetDevice): boolean {
    return dev.inet6 !== undefined && dev.inet6.conf.disable_ipv6 === 0;
  }

  /** igmp6_group_added. ff02::1 is heard by everybody anyway, whether IPv6 is on or off. */
  private groupAdded(dev: NetDevice, g: Group): void {
    if (!isReported(g.addr) || !dev.isUp || !this.active(dev)) return;
    if ((dev.flags & IFF.LOOPBACK) === 0) dev.addMulticast(macKey(groupMac(g.addr), 0));
    g.tell = ROBUSTNESS;
    this.schedule(dev, this.of(dev), 0);
  }

  private removeFilter(dev: NetDevice, g: Group): void {
    if ((dev.flags & IFF.LOOPBACK) === 0) dev.removeMulticast(macKey(groupMac(g.addr), 0));
  }

  /** mld_ifc_start_work: a tick or two later, or after a random part of `spread` milliseconds. */
  private schedule(dev: NetDevice, m: Membership, spread: number): void {
    if ((dev.flags & (IFF.LOOPBACK | IFF.MULTICAST)) !== IFF.MULTICAST) return;
    const { clock } = this.stack.ns.sim;
    clock.cancel(m.timer);
    m.timer = clock.after((8 + (spread > 0 ? this.stack.random.below(spread) : 0)) * MILLISECOND, () => this.fire(dev, m));
  }

  private fire(dev: NetDevice, m: Membership): void {
    m.timer = 0;
    const records: { type: number; addr: Ipv6 }[] = [];
    for (const { key, value } of m.left.entries()) {
      records.push({ type: RECORD.CHANGE_TO_INCLUDE, addr: key });
      if (value > 1) m.left.set(key, value - 1);
      else m.left.delete(key);
    }
    for (const g of m.groups) {
      if (g.tell === 0) continue;
      g.tell--;
      records.push({ type: RECORD.CHANGE_TO_EXCLUDE, addr: g.addr });
    }
    this.send(dev, records);
    if (m.left.size > 0 || m.groups.some((g) => g.tell > 0)) this.schedule(dev, m, Math.max(dev.inet6?.conf.mldv2_unsolicited_report_interval ?? 1000, 1));
  }

  /** ipv6_mc_up. */
  deviceUp(dev: NetDevice): void {
    for (const g of this.of(dev).groups) this.groupAdded(dev, g);
  }

  /** The carrier came back: the switches on the way may have changed. */
  report(dev: NetDevice): void {
    const m = this.of(dev);
    for (const g of m.groups) if (isReported(g.addr)) g.tell = ROBUSTNESS;
    this.schedule(dev, m, 0);
  }

  /**
   * ipv6_mc_dad_complete: what was told from :: is told again from an address, now and once more. The counts of changes start anew, as a
   * capture of Linux shows: the next change takes these groups along.
   */
  sourceKnown(dev: NetDevice): void {
    const m = this.of(dev);
    const { clock } = this.stack.ns.sim;
    const tell = (): void => this.send(dev, m.groups.filter((g) => isReported(g.addr)).map((g) => ({ type: RECORD.CHANGE_TO_EXCLUDE, addr: g.addr })));
    for (const g of m.groups) if (isReported(g.addr)) g.tell = ROBUSTNESS;
    tell();
    clock.cancel(m.dadTimer);
    m.dadTimer = clock.after(this.spread(dev), () => {
      m.dadTimer = 0;
      tell();
    });
  }

  private spread(dev: NetDevice): number {
    return (8 + this.stack.random.below(Math.max(dev.inet6?.conf.mldv2_unsolicited_report_interval ?? 1000, 1))) * MILLISECOND;
  }

  /** ipv6_mc_down. */
  deviceDown(dev: NetDevice): void {
    const m = this.byDev.get(dev);
    if (m === undefined) return;
    const { clock } = this.stack.ns.sim;
    clock.cancel(m.timer);
    clock.cancel(m.queryTimer);
    clock.cancel(m.dadTimer);
    m.dadTimer = 0;
    m.timer = 0;
    m.queryTimer = 0;
    m.left.clear();
    for (const g of m.groups) {
      g.tell = 0;
      if (isReported(g.addr)) dev.multicast.delete(macKey(groupMac(g.addr), 0));
    }
  }

  deviceGone(dev: NetDevice): void {
    this.deviceDown(dev);
    this.byDev.delete(dev);
  }

  /** igmp6_event_query: an answer within the time the query gives. */
  query(dev: NetDevice, b: Uint8Array, at: number): void {
    const m = this.byDev.get(dev);
    if (m === undefined || m.queryTimer !== 0) return;
    const delay = Math.max((b[at + 4]! << 8) | b[at + 5]!, 1);
    const group = b.slice(at + 8, at + 24);
    m.queryTimer = this.stack.ns.sim.clock.after(this.stack.random.below(delay) * MILLISECOND, () => {
      m.queryTimer = 0;
      this.send(dev, m.groups.filter((g) => isReported(g.addr) && (isAny6(group) || same6(g.addr, group))).map((g) => ({ type: RECORD.MODE_IS_EXCLUDE, addr: g.addr })));
    });
  }

  /** RFC 3810 §5.2: a hop-by-hop header with the router alert before it. */
  private send(dev: NetDevice, records: readonly { type: number; addr: Ipv6 }[]): void {
    if (records.length === 0 || !dev.isUp || !this.active(dev) || dev.inet6?.ready !== true) return;
    const src = this.stack.addrconf.linkLocal(dev) ?? ANY6;
    const message = new Uint8Array(8 + 20 * records.length);
    message[0] = ICMPV6_TYPE.MLDV2_REPORT;
    setU16(message, 6, records.length);
    records.forEach((r, i) => {
      message[8 + 20 * i] = r.type;
      message.set(r.addr, 12 + 20 * i);
    });
    sealIcmp6(message, src, ALL_MLDV2_ROUTERS);
    const packet = new Uint8Array(HBH_LEN + message.length);
    packet.set([58, 0, 5, 2, 0, 0, 1, 0]); // router alert: MLD; PadN
    packet.set(message, HBH_LEN);
    this.stack.icmp.countOut(ICMPV6_TYPE.MLDV2_REPORT);
    this.stack.ip.sendDirect(dev, src, ALL_MLDV2_ROUTERS, 0, packet, 1);
  }
}

/** ff02::1 and groups that do not leave the node are never reported. */
function isReported(a: Ipv6): boolean {
  return (a[1]! & 15) >= SCOPE6.LINK && !same6(a, ALL_NODES);
}
