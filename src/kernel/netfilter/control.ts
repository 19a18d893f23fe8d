/**
 * What tools ask of netfilter: the nf_tables and ctnetlink families of netlink. Changes come in batches: all of one, or nothing
 * (net/netfilter/nf_tables_api.c).
 */
import { err, ok, type Result } from "../../base/result.ts";
import type { Errno } from "../api.ts";
import { describeConn } from "../conntrack/text.ts";
import type { NetNamespace } from "../netns.ts";
import { Chain, Counter, Evaluator, Rule, routeKeys, Table } from "./core.ts";
import { HOOK_NAMES, type HookFn } from "./hooks.ts";
import { compileNft, type NftElement, type NftSet, type NftStmt, nftSets, nftTargets } from "./nft.ts";
import type { ChainSpec, Family, RuleSpec, XtMatch, XtRule } from "./types.ts";
import { compileXt } from "./xt.ts";

export type NfResult<T = void> = Result<T, Errno>;

interface TableCopy { table: Table; sets: Map<string, NftSet>; elements: Map<NftSet, NftElement[]>; chains: Map<string, Chain>; rules: Map<Chain, Rule[]>; policies: Map<Chain, Chain["policy"]> }

export class NfControl {
  private readonly ns: NetNamespace;
  private readonly evaluator: Evaluator;
  tables: Table[] = [];
  /** Handle of the next table: not given back by a batch that fails. */
  nextTable = 1;
  private tracking = false;
  /** Chains with a hook in place. */
  private readonly hooked = new Set<Chain>();
  private depth = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.evaluator = new Evaluator(ns);
  }

  // -- batches ------------------------------------------------------------------------------------------------------

  /** Runs changes; when `work` answers with an error everything is as it was. */
  batch<E>(work: () => E | undefined): E | undefined {
    if (this.depth > 0) return work();
    const copy = this.tables.map((t): TableCopy => {
      const chains = [...t.chains.values()];
      return { table: t, sets: new Map(t.sets), elements: new Map([...t.sets.values()].map((s) => [s, [...s.elements]])), chains: new Map(t.chains), rules: new Map(chains.map((c) => [c, [...c.rules]])), policies: new Map(chains.map((c) => [c, c.policy])) };
    });
    this.depth++;
    const failure = work();
    this.depth--;
    if (failure !== undefined) {
      this.tables = copy.map((c) => c.table);
      for (const c of copy) {
        c.table.chains = c.chains;
        c.table.sets = c.sets;
        for (const [set, elements] of c.elements) set.elements = elements;
        for (const [chain, rules] of c.rules) chain.rules = rules;
        for (const [chain, policy] of c.policies) chain.policy = policy;
      }
      return failure;
    }
    this.sync();
    return undefined;
  }

  /** Puts hooks where base chains are, takes away those of chains that went, and asks for conntrack while rules need it. */
  private sync(): void {
    const now = new Set<Chain>();
    let needs = false;
    for (const t of this.tables) {
      for (const c of t.chains.values()) {
        if (c.base !== undefined && !t.dormant && (t.family === "ip" || t.family === "inet")) now.add(c);
        needs ||= c.rules.some((r) => r.needsConntrack);
      }
    }
    for (const c of [...this.hooked]) if (!now.has(c)) this.unhook(c);
    for (const c of now) if (!this.hooked.has(c)) this.hook(c, c.base!);
    if (needs !== this.tracking) {
      this.tracking = needs;
      if (needs) this.ns.conntrack.get();
      else this.ns.conntrack.put();
    }
  }

  private hook(chain: Chain, base: ChainSpec): void {
    const { evaluator, ns } = this;
    this.hooked.add(chain);
    const hook = HOOK_NAMES.indexOf(base.hook);
    const run: HookFn = (skb, h, indev, outdev) => evaluator.run(chain, skb, h, indev, outdev);
    if (base.type === "nat") {
      chain.natFn = run;
      ns.nat.add(hook, base.priority, run);
      return;
    }
    chain.hookFn =
      base.type === "route"
        ? (skb, h, indev, outdev) => {
            const before = routeKeys(skb);
            if (!evaluator.run(chain, skb, h, indev, outdev)) return false;
            if (routeKeys(skb) !== before) ns.hooks.reroute = true;
            return true;
          }
        : run;
    ns.hooks.of(hook).add(base.priority, chain.hookFn);
  }

  private unhook(chain: Chain): void {
    this.hooked.delete(chain);
    const hook = HOOK_NAMES.indexOf(chain.base!.hook);
    if (chain.natFn !== undefined) this.ns.nat.remove(hook, chain.natFn);
    if (chain.hookFn !== undefined) this.ns.hooks.of(hook).remove(chain.hookFn);
    chain.natFn = undefined;
    chain.hookFn = undefined;
  }

  /** Everything here that a replay must find again, as lines: rules with their counters, sets, connections. */
  digest(): string[] {
    const out: string[] = [];
    for (const t of this.tables) {
      out.push(`table ${t.family} ${t.name} ${t.handle}`);
      for (const s of t.sets.values()) out.push(`set ${s.name} ${JSON.stringify(s.elements)}`);
      for (const c of t.chains.values()) {
        out.push(`chain ${c.name} ${c.base?.hook ?? ""} ${c.base?.priority ?? 0} ${c.policy} ${c.counter?.packets ?? 0}`);
        for (const r of c.rules) out.push(`${r.handle} ${r.spec.text()} ${r.counter?.packets ?? 0} ${r.counter?.bytes ?? 0}`);
      }
    }
    for (const s of this.ns.ipsets.sets.values()) out.push(`set ${s.name} ${s.type} ${[...s.elements.keys()].join(" ")}`);
    for (const ct of this.ns.conntrack.entries()) out.push(`${describeConn(ct)} ${ct.expires}`);
    return out;
  }

  // -- tables -------------------------------------------------------------------------------------------------------

  table(family: Family, name: string): Table | undefined {
    return this.tables.find((t) => t.family === family && t.name === name);
  }

  addTable(family: Family, name: string): Table {
    const old = this.table(family, name);
    if (old !== undefined) return old;
    const t = new Table(this.nextTable++, family, name);
    this.tables = [...this.tables, t];
    return t;
  }

  deleteTable(table: Table): void {
    this.tables = this.tables.filter((t) => t !== table);
  }

  // -- chains -------------------------------------------------------------------------------------------------------

  addChain(table: Table, name: string, base?: ChainSpec, policy?: "accept" | "drop"): Chain {
    const c = new Chain(table.nextHandle++, table, name);
    c.base = base;
    if (policy !== undefined) c.policy = policy;
    table.chains = new Map(table.chains).set(name, c);
    return c;
  }

  /** EBUSY: rules are in it, or lead to it. */
  deleteChain(chain: Chain): NfResult {
    if (chain.rules.length > 0 || this.references(chain) > 0) return err("EBUSY");
    const chains = new Map(chain.table.chains);
    chains.delete(chain.name);
    chain.table.chains = chains;
    return ok();
  }

  /** Rules that jump there. */
  references(chain: Chain): number {
    let n = 0;
    for (const c of chain.table.chains.values()) for (const r of c.rules) if (targetsOf(r.spec).includes(chain.name)) n++;
    for (const s of chain.table.sets.values()) for (const e of s.elements) if (e.data !== undefined && "verdict" in e.data && e.data.chain === chain.name) n++;
    return n;
  }

  renameChain(chain: Chain, name: string): NfResult {
    if (chain.table.chains.has(name)) return err("EEXIST");
    const chains = new Map(chain.table.chains);
    chains.delete(chain.name);
    chain.name = name;
    chains.set(name, chain);
    chain.table.chains = chains;
    return ok();
  }

  // -- rules --------------------------------------------------------------------------------------------------------

  /** At the end, or at an index. ENOENT: a chain it leads to is not there. EINVAL: not here. ELOOP: it would go round. */
  addRule(chain: Chain, spec: RuleSpec, at = chain.rules.length): NfResult<Rule> {
    const made = this.make(chain, spec);
    if (!made.ok) return made;
    chain.rules = [...chain.rules.slice(0, at), made.value, ...chain.rules.slice(at)];
    return made;
  }

  replaceRule(chain: Chain, at: number, spec: RuleSpec): NfResult<Rule> {
    const made = this.make(chain, spec);
    if (!made.ok) return made;
    chain.rules = chain.rules.map((r, i) => (i === at ? made.value : r));
    return made;
  }

  deleteRule(rule: Rule): void {
    rule.chain.rules = rule.chain.rules.filter((r) => r !== rule);
  }

  flushChain(chain: Chain): void {
    chain.rules = [];
  }

  private make(chain: Chain, spec: RuleSpec): NfResult<Rule> {
    const table = chain.table;
    for (const name of targetsOf(spec)) {
      const to = table.chains.get(name);
      if (to === undefined || to.base !== undefined) return err("ENOENT");
      if (to === chain || this.reaches(to, chain, 0)) return err("ELOOP");
    }
    if (spec.nft !== undefined) return this.makeNft(chain, spec, spec.nft);
    if (spec.xt === undefined) return err("EOPNOTSUPP");
    const wrong = this.misplaced(spec.xt, chain);
    if (wrong) return err("EINVAL");
    for (const s of setsOf(spec.xt)) if (this.ns.ipsets.get(s) === undefined) return err("ENOENT");
    return ok(new Rule(table.nextHandle++, chain, spec, compileXt(spec.xt, table)));
  }

  private makeNft(chain: Chain, spec: RuleSpec, stmts: readonly NftStmt[]): NfResult<Rule> {
    const table = chain.table;
    for (const s of nftSets(stmts)) if (!table.sets.has(s)) return err("ENOENT");
    for (const s of stmts) {
      if (s.s !== "nat") continue;
      if (chain.base !== undefined && chain.base.type !== "nat") return err("EOPNOTSUPP");
      const hooks = s.type === "masquerade" ? ["postrouting"] : s.type === "snat" ? ["postrouting", "input"] : ["prerouting", "output"];
      if (chain.base !== undefined && !hooks.includes(chain.base.hook)) return err("EOPNOTSUPP");
    }
    return ok(new Rule(table.nextHandle++, chain, spec, compileNft(stmts, table)));
  }

  private reaches(from: Chain, to: Chain, depth: number): boolean {
    if (depth > 64) return true;
    for (const r of from.rules) {
      for (const name of targetsOf(r.spec)) {
        const next = from.table.chains.get(name);
        if (next === to || (next !== undefined && this.reaches(next, to, depth + 1))) return true;
      }
    }
    return false;
  }

  /** Hooks from which a chain can be reached. */
  hooksOf(chain: Chain, seen: Set<Chain> = new Set()): Set<string> {
    const out = new Set<string>();
    if (seen.has(chain)) return out;
    seen.add(chain);
    if (chain.base !== undefined) out.add(chain.base.hook);
    for (const c of chain.table.chains.values()) {
      if (c.rules.some((r) => targetsOf(r.spec).includes(chain.name))) for (const h of this.hooksOf(c, seen)) out.add(h);
    }
    return out;
  }

  /** The extensions' own checks: table and hooks. */
  private misplaced(rule: XtRule, chain: Chain): boolean {
    const tcp = rule.proto?.number === 6 && !rule.proto.inv;
    if (rule.target.name === "REJECT" && rule.target.with === "tcp-reset" && !tcp) return true;
    if (rule.target.name === "TCPMSS" && !(tcp && rule.matches.some((m) => m.name === "tcp" && m.flags !== undefined && (m.flags.cmp & 2) !== 0 && !m.flags.inv))) return true;
    const allowed = TARGET_PLACES[rule.target.name];
    if (allowed === undefined) return false;
    if (allowed.table !== undefined && chain.table.name !== allowed.table) return true;
    if (allowed.hooks === undefined) return false;
    for (const h of this.hooksOf(chain)) if (!allowed.hooks.includes(h)) return true;
    return false;
  }

  // -- counters -----------------------------------------------------------------------------------------------------

  zero(chain: Chain, rule?: Rule): void {
    for (const r of rule === undefined ? chain.rules : [rule]) {
      if (r.counter === undefined) continue;
      r.counter.packets = 0;
      r.counter.bytes = 0;
    }
    if (rule === undefined && chain.counter !== undefined) chain.counter = new Counter();
  }
}

const TARGET_PLACES: Readonly<Record<string, { table?: string; hooks?: readonly string[] }>> = {
  SNAT: { table: "nat", hooks: ["postrouting", "input"] },
  DNAT: { table: "nat", hooks: ["prerouting", "output"] },
  MASQUERADE: { table: "nat", hooks: ["postrouting"] },
  REDIRECT: { table: "nat", hooks: ["prerouting", "output"] },
  NETMAP: { table: "nat", hooks: ["prerouting", "output", "postrouting", "input"] },
  REJECT: { table: "filter", hooks: ["input", "forward", "output"] },
  CT: { table: "raw" },
  NOTRACK: { table: "raw" },
  TTL: { table: "mangle" },
  TOS: { table: "mangle" },
  DSCP: { table: "mangle" },
};

/** Chains that a rule leads to. */
export function targetsOf(spec: RuleSpec): string[] {
  const t = spec.xt?.target;
  if (t !== undefined && (t.name === "jump" || t.name === "goto")) return [t.chain];
  return spec.nft === undefined ? [] : nftTargets(spec.nft);
}

function setsOf(rule: XtRule): string[] {
  const out = rule.matches.filter((m): m is XtMatch & { name: "set" } => m.name === "set").map((m) => m.set);
  if (rule.target.name === "SET") {
    if (rule.target.add !== undefined) out.push(rule.target.add.set);
    if (rule.target.del !== undefined) out.push(rule.target.del.set);
  }
  return out;
}
