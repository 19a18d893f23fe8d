/** Small networks of kernels without machines, for tests of the stack. */
import { Cable } from "../../src/sim/cable.ts";
import { Simulation } from "../../src/sim/simulation.ts";
import type { Decision } from "../../src/sim/trace.ts";
import { SECOND } from "../../src/sim/time.ts";
import type { Ethernet } from "../../src/kernel/netdev/ethernet.ts";
import { LinuxKernel } from "../../src/kernel/kernel.ts";
import type { LinkSpec, NeighInfo } from "../../src/kernel/api.ts";
import { parseMac } from "../../src/wire/ethernet.ts";
import { parseIpv4 } from "../../src/wire/ipv4.ts";

export const ip = (text: string): number => {
  const a = parseIpv4(text);
  if (a === undefined) throw new Error(`not an address: ${text}`);
  return a;
};
export const mac = (text: string): Uint8Array => parseMac(text)!;

export class Lan {
  readonly sim: Simulation;
  readonly nodes = new Map<string, LinuxKernel>();
  readonly cables = new Map<string, Cable>();
  /** Frames that started along each cable, in order. */
  readonly frames: { cable: string; fromA: boolean; bytes: Uint8Array }[] = [];
  readonly decisions: Decision[] = [];

  constructor(seed = 1) {
    this.sim = new Simulation(seed);
    this.sim.cableObserver = { frameSent: (cable, fromA, skb) => void this.frames.push({ cable: cable.name, fromA, bytes: skb.bytes.slice(skb.data, skb.tail) }) };
  }

  node(name: string): LinuxKernel {
    let k = this.nodes.get(name);
    if (k === undefined) {
      k = new LinuxKernel(this.sim, name);
      this.nodes.set(name, k);
    }
    return k;
  }

  /** "h1:eth0", "s1:eth1": cards at the ends of a new cable, up. */
  cable(a: string, b: string, o: { delay?: number; rate?: number; queue?: number; lossPpm?: number } = {}): Cable {
    const end = (text: string): Ethernet => {
      const [node, dev] = text.split(":") as [string, string];
      return this.node(node).addEthernet(dev, this.nextMac());
    };
    const [x, y] = [end(a), end(b)];
    const cable = new Cable(this.sim, { name: `${a}-${b}`, ...o });
    x.attach(cable.a);
    y.attach(cable.b);
    x.setUp(true);
    y.setUp(true);
    this.cables.set(cable.name, cable);
    return cable;
  }
  private macs = 0;
  private nextMac(): Uint8Array {
    return new Uint8Array([2, 0, 0, 0, 0, ++this.macs]);
  }

  dev(node: string, name: string): number {
    const l = this.node(node).initNetns.rtnl.link(name);
    if (l === undefined) throw new Error(`${node} has no ${name}`);
    return l.ifindex;
  }

  address(node: string, dev: string, text: string): this {
    const [a, len] = text.split("/") as [string, string];
    must(this.node(node).initNetns.rtnl.addrAdd({ ifindex: this.dev(node, dev), local: ip(a), prefixLen: Number(len) }, "add"));
    return this;
  }

  route(node: string, to: string, via: string): this {
    const [a, len] = to === "default" ? ["0.0.0.0", "0"] : (to.split("/") as [string, string]);
    must(this.node(node).initNetns.rtnl.routeAdd({ dst: ip(a!), dstLen: Number(len), nexthops: [{ via: ip(via) }] }, "add"));
    return this;
  }

  sysctl(node: string, key: string, value: string): this {
    const e = this.node(node).initNetns.sysctl.set(key, value);
    if (e !== undefined) throw new Error(`${key}: ${e}`);
    return this;
  }

  bridge(node: string, ports: string[], spec: Partial<LinkSpec> = {}): number {
    const { rtnl } = this.node(node).initNetns;
    const r = rtnl.linkAdd({ kind: "bridge", name: "br0", ...spec });
    if (!r.ok) throw new Error(r.error.errno);
    for (const p of ports) must(rtnl.linkSet(this.dev(node, p), { master: r.value }));
    must(rtnl.linkSet(r.value, { up: true }));
    return r.value;
  }

  run(seconds: number): this {
    this.sim.clock.runBefore(this.sim.clock.now + Math.round(seconds * SECOND), 1e9);
    return this;
  }

  trace(): this {
    this.sim.trace.listen((d) => void this.decisions.push(d));
    return this;
  }

  /** Sends one echo request and waits. @returns ICMP type and code of each answer, "8" left out. */
  ping(node: string, to: string, o: { size?: number; df?: boolean; ttl?: number; wait?: number } = {}): string[] {
    const s = this.node(node).initNetns.raw(1);
    s.set({ recverr: true, pmtudisc: o.df === true ? "do" : "dont", ...(o.ttl !== undefined && { ttl: o.ttl }) });
    const m = new Uint8Array(8 + (o.size ?? 56));
    m[0] = 8;
    m[5] = 7;
    let sum = 0;
    for (let i = 0; i < m.length; i += 2) sum += (m[i]! << 8) | (m[i + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    m[2] = (~sum >> 8) & 255;
    m[3] = ~sum & 255;
    const sent = s.send(m, ip(to));
    const out: string[] = typeof sent === "string" ? [sent] : [];
    this.run(o.wait ?? 4);
    for (let r = s.recv(); r !== "EAGAIN"; r = s.recv()) {
      if (typeof r === "string") continue;
      const at = (r.data[0]! & 15) * 4;
      if (r.data[at] === 8) continue;
      out.push(r.data[at] === 0 ? `reply ttl ${r.ttl}` : `icmp ${r.data[at]}/${r.data[at + 1]}`);
    }
    s.close();
    return out;
  }

  neigh(node: string, address: string): NeighInfo | undefined {
    return this.node(node).initNetns.rtnl.neighs().find((n) => n.dst === ip(address));
  }

  /** Frames on one cable whose EtherType is this. */
  seen(cable: string, ethertype: number): Uint8Array[] {
    return this.frames.filter((f) => f.cable === cable && ((f.bytes[12]! << 8) | f.bytes[13]!) === ethertype).map((f) => f.bytes);
  }
}

export function must(r: { ok: boolean; error?: unknown }): void {
  if (!r.ok) throw new Error(`refused: ${JSON.stringify(r.error)}`);
}

/** h1 - r1 - h2, 10.0.1.0/24 and 10.0.2.0/24, forwarding on. */
export function routed(seed = 1): Lan {
  const lan = new Lan(seed);
  lan.cable("h1:eth0", "r1:eth0");
  lan.cable("r1:eth1", "h2:eth0");
  lan.address("h1", "eth0", "10.0.1.2/24").address("r1", "eth0", "10.0.1.1/24").address("r1", "eth1", "10.0.2.1/24").address("h2", "eth0", "10.0.2.2/24");
  lan.route("h1", "default", "10.0.1.1").route("h2", "default", "10.0.2.1").sysctl("r1", "net.ipv4.ip_forward", "1");
  return lan;
}

/** A switch s1 with hosts h1..hn in 10.0.0.0/24. */
export function switched(hosts: number, spec: Partial<LinkSpec> = {}): Lan {
  const lan = new Lan();
  const ports: string[] = [];
  for (let i = 1; i <= hosts; i++) {
    lan.cable(`h${i}:eth0`, `s1:eth${i}`);
    ports.push(`eth${i}`);
  }
  lan.bridge("s1", ports, spec);
  for (let i = 1; i <= hosts; i++) lan.address(`h${i}`, "eth0", `10.0.0.${i}/24`);
  return lan;
}
