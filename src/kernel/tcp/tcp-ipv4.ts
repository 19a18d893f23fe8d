/** TCP over IPv4: net/ipv4/tcp_ipv4.c's side of it. */
import { ok, type Result } from "../../base/result.ts";
import type { Skb } from "../../sim/skb.ts";
import { pseudoHeaderSum } from "../../wire/checksum.ts";
import { formatIpv4, IPPROTO, IPV4_MIN_LEN } from "../../wire/ipv4.ts";
import type { Errno, Ipv4 } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import type { Route } from "../route.ts";
import type { PathQuery, SegmentOut, TcpFamily, TcpPath } from "./family.ts";

class Ipv4Path implements TcpPath {
  readonly route: Route;
  readonly generation: number;

  constructor(route: Route, generation: number) {
    this.route = route;
    this.generation = generation;
  }
  get src(): Ipv4 {
    return this.route.src;
  }
  get initcwnd(): number | undefined {
    return this.route.entry?.metrics.initcwnd;
  }
  get initrwnd(): number | undefined {
    return this.route.entry?.metrics.initrwnd;
  }
  get advmss(): number | undefined {
    return this.route.entry?.metrics.advmss;
  }
  get quickack(): boolean {
    return (this.route.entry?.metrics.quickack ?? 0) !== 0;
  }
  get local(): boolean {
    return this.route.type === "local";
  }
}

export class TcpIpv4 implements TcpFamily {
  readonly version = 4;
  readonly headerLength = IPV4_MIN_LEN;
  readonly any = 0;
  private readonly ns: NetNamespace;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  same(a: Ipv4, b: Ipv4): boolean {
    return a === b;
  }
  hash(a: Ipv4): number {
    return Math.imul(a, 0x9e3779b1) | 0;
  }
  format(a: Ipv4): string {
    return formatIpv4(a);
  }
  isLocal(a: Ipv4): boolean {
    return a === 0 || this.ns.fib.typeOf(a) === "local";
  }

  path(q: PathQuery): Result<Ipv4Path, Errno> {
    const r = this.ns.routes.output({ ...q, proto: IPPROTO.TCP });
    return r.ok ? ok(new Ipv4Path(r.value, this.ns.fib.generation)) : r;
  }

  refresh(old: TcpPath | undefined, q: PathQuery): Result<TcpPath, Errno> {
    const p = old as Ipv4Path | undefined;
    if (p !== undefined && p.generation === this.ns.fib.generation && (p.route.exception === undefined || p.route.exception.expires > this.ns.sim.clock.now)) return ok(p);
    return this.path(q);
  }

  mtuOf(path: TcpPath): number {
    return this.ns.routes.mtuOf((path as Ipv4Path).route);
  }

  learnMtu(dst: Ipv4, src: Ipv4, mtu: number): void {
    this.ns.routes.learnMtu(dst, src, mtu);
  }

  confirm(path: TcpPath): void {
    const { route } = path as Ipv4Path;
    if (route.type === "unicast") this.ns.neigh.get(route.dev, route.nexthop)?.confirm();
  }

  pseudoSum(src: Ipv4, dst: Ipv4, length: number): number {
    return pseudoHeaderSum(src, dst, IPPROTO.TCP, length);
  }

  transmit(skb: Skb, path: TcpPath, out: SegmentOut): void {
    this.ns.ip.sendSegment(skb, (path as Ipv4Path).route, IPPROTO.TCP, out);
  }
}
