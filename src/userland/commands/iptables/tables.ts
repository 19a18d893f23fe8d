/** The tables of iptables as nf_tables has them, their chains made when first used: iptables/nft.c. */
import type { Netns } from "../../../kernel/api.ts";
import type { Chain, Table } from "../../../kernel/netfilter/core.ts";
import type { ChainSpec } from "../../../kernel/netfilter/types.ts";
import { EXIT, Fail } from "./fail.ts";

interface Builtin { name: string; spec: ChainSpec }

const chain = (name: string, hook: ChainSpec["hook"], priority: number, type: ChainSpec["type"] = "filter"): Builtin => ({ name, spec: { type, hook, priority } });

/** In the order iptables-save writes them. */
export const TABLES: ReadonlyMap<string, readonly Builtin[]> = new Map([
  ["mangle", [chain("PREROUTING", "prerouting", -150), chain("INPUT", "input", -150), chain("FORWARD", "forward", -150), chain("OUTPUT", "output", -150, "route"), chain("POSTROUTING", "postrouting", -150)]],
  ["security", [chain("INPUT", "input", 50), chain("FORWARD", "forward", 50), chain("OUTPUT", "output", 50)]],
  ["raw", [chain("PREROUTING", "prerouting", -300), chain("OUTPUT", "output", -300)]],
  ["filter", [chain("INPUT", "input", 0), chain("FORWARD", "forward", 0), chain("OUTPUT", "output", 0)]],
  ["nat", [chain("PREROUTING", "prerouting", -100, "nat"), chain("INPUT", "input", 100, "nat"), chain("OUTPUT", "output", -100, "nat"), chain("POSTROUTING", "postrouting", 100, "nat")]],
]);

export class Tables {
  readonly ns: Netns;
  readonly name: string;

  constructor(ns: Netns, name: string) {
    this.ns = ns;
    this.name = name;
    if (!TABLES.has(name)) throw new Fail(`table '${name}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.`, EXIT.VERSION);
  }

  get builtins(): readonly Builtin[] {
    return TABLES.get(this.name)!;
  }
  isBuiltin(name: string): boolean {
    return this.builtins.some((b) => b.name === name);
  }

  /** The table, if somebody made it. */
  get table(): Table | undefined {
    return this.ns.nf.table("ip", this.name);
  }

  find(name: string): Chain | undefined {
    return this.table?.chains.get(name);
  }

  /** The chain; a built-in one is made when it is not there yet. */
  obtain(name: string): Chain | undefined {
    const old = this.find(name);
    if (old !== undefined) return old;
    const builtin = this.builtins.find((b) => b.name === name);
    if (builtin === undefined) return undefined;
    const { nf } = this.ns;
    return nf.addChain(nf.addTable("ip", this.name), name, builtin.spec, "accept");
  }

  /** Chains of the user's, by name. */
  users(): Chain[] {
    return [...(this.table?.chains.values() ?? [])].filter((c) => !this.isBuiltin(c.name)).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** Built-in names first, in their order, then the user's. Built-in chains that are not there yet are shown empty. */
  all(): { name: string; chain: Chain | undefined; builtin: boolean }[] {
    return [...this.builtins.map((b) => ({ name: b.name, chain: this.find(b.name), builtin: true })), ...this.users().map((c) => ({ name: c.name, chain: c, builtin: false }))];
  }
}
