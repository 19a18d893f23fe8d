/** One node's kernel: its namespaces, and how devices come into being. */
import { err, ok } from "../base/result.ts";
import { Cable } from "../sim/cable.ts";
import type { RandomStream } from "../sim/random.ts";
import type { Simulation } from "../sim/simulation.ts";
import type { Kernel, Lladdr, Netns, NlResult } from "./api.ts";
import { Ethernet, Veth } from "./netdev/ethernet.ts";
import { NetNamespace } from "./netns.ts";

/** nsfs inode numbers begin here (PROC_DYNAMIC_FIRST and what a boot takes). */
const FIRST_NETNS_INODE = 4026531840;

export class LinuxKernel implements Kernel {
  readonly node: string;
  readonly sim: Simulation;
  readonly initNetns: NetNamespace;
  readonly namespaces: NetNamespace[] = [];
  private readonly macs: RandomStream;
  private nextInode = FIRST_NETNS_INODE;
  private nextSocketInode = 20_000;
  private veths = 0;

  constructor(sim: Simulation, node: string) {
    this.sim = sim;
    this.node = node;
    this.macs = sim.random(`${node} mac addresses`);
    this.initNetns = this.createNetns();
    // As recorded machines are: IPv6 is off until a lab or a person switches it on; namespaces made later start as Linux makes them.
    this.initNetns.ip6.setDisabled(1);
    this.initNetns.loopback.setUp(true);
  }

  createNetns(): NetNamespace {
    const ns = new NetNamespace(this, this.nextInode++);
    this.namespaces.push(ns);
    return ns;
  }

  destroyNetns(gone: Netns): void {
    const ns = gone as NetNamespace;
    const at = this.namespaces.indexOf(ns);
    if (at <= 0) return;
    ns.tcp_.destroy();
    for (const dev of ns.devices()) {
      if (dev === ns.loopback) continue;
      if (dev.kind === "ethernet") ns.rtnl.move(dev, this.initNetns);
      else ns.deleteDevice(dev);
    }
    this.namespaces.splice(at, 1);
  }

  /** sockfs numbers its inodes with those of pipes and anonymous files. */
  newSocketInode(): number {
    return this.nextSocketInode++;
  }

  /** eth_random_addr: locally administered, not a group. */
  randomMac(): Uint8Array {
    const m = new Uint8Array(6);
    for (let i = 0; i < 6; i++) m[i] = this.macs.below(256);
    m[0] = (m[0]! & 0xfe) | 2;
    return m;
  }

  /** A card in the initial namespace, at the end of a cable that a lab lays. */
  addEthernet(name: string, addr?: Lladdr): Ethernet {
    const ns = this.initNetns;
    const dev = new Ethernet(ns, name, ns.newIndex(), addr ?? this.randomMac());
    ns.register(dev);
    return dev;
  }

  /** One end of a veth pair whose other end is on another node: a cable as conformance cases have it. */
  addVethEnd(name: string, addr?: Lladdr): Veth {
    const ns = this.initNetns;
    const dev = new Veth(ns, name, ns.newIndex(), addr ?? this.randomMac());
    ns.register(dev);
    return dev;
  }

  /** Joins two veth devices by a short, unlimited cable. */
  joinVeth(a: Veth, b: Veth): void {
    a.peer = b;
    b.peer = a;
    const cable = new Cable(this.sim, { name: `${this.node} veth ${++this.veths}`, delay: 2_000, rate: 0 });
    a.attach(cable.a);
    b.attach(cable.b);
  }

  /** Names with a `%d` get the lowest free number. */
  freeName(ns: NetNamespace, pattern: string): NlResult<string> {
    if (!pattern.includes("%d")) return ns.deviceByName(pattern) === undefined ? ok(pattern) : err({ errno: "EEXIST" });
    for (let i = 0; i < 32768; i++) {
      const name = pattern.replace("%d", String(i));
      if (ns.deviceByName(name) === undefined) return ok(name);
    }
    return err({ errno: "EEXIST" });
  }
}
