/** rtnetlink(7) requests of AF_INET6. */
import { err, ok } from "../../base/result.ts";
import type { NlMode, NlResult, NudState } from "../api.ts";
import type { Addr6Info, Addr6Spec, AddrLabelInfo, Ipv6, Maddr6Info, Neigh6Info, Neigh6Spec, Route6Answer, Route6Info, Route6Query, Route6Spec, Rtnl6, Rule6Info } from "../api6.ts";
import { isMulticast6 } from "./address.ts";
import { RT6_TABLE } from "./fib.ts";
import type { Ipv6Stack } from "./stack.ts";

const VALID: ReadonlySet<NudState> = new Set(["PERMANENT", "NOARP", "REACHABLE", "PROBE", "STALE", "DELAY"]);

export class Rtnl6Socket implements Rtnl6 {
  private readonly stack: Ipv6Stack;

  constructor(stack: Ipv6Stack) {
    this.stack = stack;
  }

  addrs(): Addr6Info[] {
    return this.stack.addrconf.infos();
  }
  addrAdd(spec: Addr6Spec, mode: NlMode): NlResult {
    return this.stack.addrconf.add(spec, mode);
  }
  addrDel(spec: { ifindex: number; local: Ipv6; prefixLen: number }): NlResult {
    return this.stack.addrconf.del(spec.ifindex, spec.local, spec.prefixLen);
  }

  routes(): Route6Info[] {
    const { fib } = this.stack;
    const order = (id: number): number => (id === RT6_TABLE.MAIN ? -2 : id === RT6_TABLE.LOCAL ? -1 : id);
    return [...fib.tables.values()]
      .sort((a, b) => order(a.id) - order(b.id))
      .flatMap((t) => t.entries().filter((e) => e.expires === undefined || e.expires > this.stack.now).map((e) => fib.info(e)));
  }
  routeAdd(spec: Route6Spec, mode: NlMode): NlResult {
    return this.stack.fib.add(spec, mode);
  }
  routeDel(spec: Route6Spec): NlResult {
    return this.stack.fib.del(spec);
  }
  routeGet(q: Route6Query): NlResult<Route6Answer> {
    return this.stack.routes.query(q);
  }
  hasTable(table: number): boolean {
    return this.stack.fib.tables.has(table);
  }
  routeCache(): Route6Answer[] {
    return this.stack.routes.cached();
  }
  routeFlushCache(): void {
    this.stack.routes.flush();
  }

  rules(): Rule6Info[] {
    return [...this.stack.fib.rules];
  }
  ruleAdd(rule: Partial<Rule6Info>): NlResult {
    return this.stack.fib.ruleAdd(rule);
  }
  ruleDel(rule: Partial<Rule6Info>): NlResult {
    return this.stack.fib.ruleDel(rule);
  }

  neighs(o: { proxy?: boolean } = {}): Neigh6Info[] {
    if (o.proxy !== true) return this.stack.neigh.all().map((n) => n.info());
    return [...this.stack.ndisc.proxies.entries()].flatMap(([dev, table]) =>
      table.entries().map(({ key }) => ({ ifindex: dev.ifindex, dst: key, state: "NONE" as const, router: false, proxy: true, externLearn: false, managed: false, proto: 0, refcnt: 0, used: 0, confirmed: 0, updated: 0, probes: 0 })),
    );
  }

  /** neigh_add. */
  neighAdd(spec: Neigh6Spec, mode: NlMode): NlResult {
    const { ns, neigh, ndisc } = this.stack;
    const dev = ns.deviceByIndex(spec.ifindex);
    if (dev?.inet6 === undefined) return err({ errno: "ENODEV" });
    if (spec.proxy === true) {
      ndisc.addProxy(dev, spec.dst);
      return ok();
    }
    if (isMulticast6(spec.dst)) return err({ errno: "EINVAL" });
    const old = neigh.find(dev, spec.dst, 0);
    if (old === undefined && mode === "change") return err({ errno: "ENOENT" });
    if (old !== undefined && mode === "add") return err({ errno: "EEXIST" });
    const n = old ?? neigh.get(dev, spec.dst, 0);
    if (n === undefined) return err({ errno: "ENOBUFS" });
    if (spec.use === true) {
      n.resolve();
      return ok();
    }
    const state = spec.state ?? "PERMANENT";
    if (VALID.has(state) && spec.lladdr === undefined && !n.hasLladdr && dev.needsNeigh) {
      if (old === undefined) neigh.remove(n);
      return err({ errno: "EINVAL" });
    }
    if (spec.router !== undefined) n.router = spec.router;
    if (spec.externLearn !== undefined) n.externLearn = spec.externLearn;
    if (spec.proto !== undefined) n.proto = spec.proto;
    const why = n.update(spec.lladdr, state, { override: mode === "replace" || mode === "change" || old === undefined, admin: true });
    return why === undefined ? ok() : err({ errno: why });
  }

  neighDel(spec: Neigh6Spec): NlResult {
    const { ns, neigh, ndisc } = this.stack;
    const dev = ns.deviceByIndex(spec.ifindex);
    if (dev === undefined) return err({ errno: "ENODEV" });
    if (spec.proxy === true) return ndisc.deleteProxy(dev, spec.dst) ? ok() : err({ errno: "ENOENT" });
    const n = neigh.find(dev, spec.dst, 0);
    if (n === undefined) return err({ errno: "ENOENT" });
    n.update(undefined, "FAILED", { override: true, admin: true });
    neigh.remove(n);
    return ok();
  }

  maddrs(): Maddr6Info[] {
    return this.stack.mcast.infos();
  }
  labels(): AddrLabelInfo[] {
    return this.stack.labels.infos();
  }
}
