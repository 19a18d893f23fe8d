/** The neighbour table of IPv6: the state machine is that of ../neigh.ts, asking is ndisc.ts. net/ipv6/ndisc.c ndisc_constructor. */
import type { Skb } from "../../sim/skb.ts";
import { SECOND } from "../../sim/time.ts";
import { ETHERTYPE } from "../../wire/ethernet.ts";
import { formatIpv6 } from "../../wire/ipv6.ts";
import type { Ipv6, Neigh6Info } from "../api6.ts";
import type { NeighParms } from "../conf.ts";
import { NeighEntry, type NeighOwner } from "../neigh.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { groupMac, isMulticast6, Map6 } from "./address.ts";
import type { Ipv6Stack } from "./stack.ts";

export class Neighbour6 extends NeighEntry {
  readonly ip: Ipv6;
  private readonly stack: Ipv6Stack;
  protected readonly ethertype = ETHERTYPE.IPV6;

  constructor(table: NeighTable6, dev: NetDevice, ip: Ipv6) {
    super(table, dev);
    this.ip = ip;
    this.stack = table.stack;
  }

  protected get parms(): NeighParms {
    return this.dev.inet6!.parms;
  }
  get text(): string {
    return formatIpv6(this.ip);
  }
  protected solicit(lladdr: Uint8Array | undefined, waiting: Skb | undefined): void {
    this.stack.ndisc.solicit(this.dev, this.ip, lladdr !== undefined, waiting);
  }
  protected linkFailure(skb: Skb): void {
    this.stack.ip.linkFailure(skb, this.dev, this.describe());
  }
  info(): Neigh6Info {
    return { ...this.infoWithout(), dst: this.ip };
  }
}

export class NeighTable6 implements NeighOwner {
  readonly stack: Ipv6Stack;
  readonly ns: NetNamespace;
  private readonly byDev = new Map<NetDevice, Map6<Neighbour6>>();
  gcThresh1 = 128;
  gcThresh2 = 512;
  gcThresh3 = 1024;
  private count = 0;

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
    this.ns = stack.ns;
  }

  get now(): number {
    return this.ns.sim.clock.now;
  }

  find(dev: NetDevice, b: Uint8Array, at: number): Neighbour6 | undefined {
    return this.byDev.get(dev)?.get(b, at);
  }

  /** Found or made. undefined: the table is full. */
  get(dev: NetDevice, b: Uint8Array, at: number): Neighbour6 | undefined {
    let table = this.byDev.get(dev);
    if (table === undefined) {
      table = new Map6();
      this.byDev.set(dev, table);
    }
    const known = table.get(b, at);
    if (known !== undefined) return known;
    if (dev.inet6 === undefined) return undefined;
    if (this.count >= this.gcThresh1) this.collect();
    if (this.count >= this.gcThresh3) return undefined;
    const n = new Neighbour6(this, dev, b.slice(at, at + 16));
    table.set(n.ip, n);
    this.count++;
    if (isMulticast6(n.ip)) n.update(groupMac(n.ip), "NOARP", { override: true, admin: true });
    else if (!dev.needsNeigh) n.update(dev.flags & 8 ? new Uint8Array(6) : dev.addr, "NOARP", { override: true, admin: true });
    return n;
  }

  private collect(): void {
    for (const n of this.all()) {
      if (n.state === "PERMANENT" || n.state === "INCOMPLETE" || n.state === "REACHABLE" || n.state === "DELAY" || n.state === "PROBE") continue;
      if (n.state === "FAILED" || (this.now - n.updated > 5 * SECOND && (this.count >= this.gcThresh2 || this.now - n.used > 60 * SECOND))) this.remove(n);
    }
  }

  remove(n: Neighbour6): void {
    const table = this.byDev.get(n.dev);
    if (table?.get(n.ip) !== n) return;
    table.delete(n.ip);
    this.count--;
    n.destroy();
  }

  flushDevice(dev: NetDevice, keepPermanent: boolean): void {
    for (const { value } of this.byDev.get(dev)?.entries() ?? []) if (!(keepPermanent && value.state === "PERMANENT")) this.remove(value);
  }

  addressChanged(dev: NetDevice): void {
    for (const { value } of this.byDev.get(dev)?.entries() ?? []) value.addressChanged();
  }

  /** Devices by ifindex, each in the order of its table. */
  all(): Neighbour6[] {
    return [...this.byDev.keys()].sort((a, b) => a.ifindex - b.ifindex).flatMap((d) => this.byDev.get(d)!.entries().map((e) => e.value));
  }
}
