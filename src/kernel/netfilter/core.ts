/**
 * Rules and their evaluation: net/netfilter/nf_tables_core.c. Tables of iptables and of nft live here side by side, as in Debian 12,
 * whose iptables writes nf_tables. A rule is a list of operations; each lets the packet on to the next, breaks off, or decides.
 */
import type { Skb } from "../../sim/skb.ts";
import { IPV4 } from "../../wire/ipv4.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { HOOK_NAMES, type HookFn, NF } from "./hooks.ts";
import type { NftSet } from "./nft.ts";
import type { ChainSpec, Family, RuleSpec } from "./types.ts";

/** What an operation answers. DROP and ACCEPT as linux/netfilter.h; negative: enum nft_verdicts. STOLEN: the packet is gone already. */
export const VERDICT = { DROP: 0, ACCEPT: 1, STOLEN: 2, CONTINUE: -1, BREAK: -2, JUMP: -3, GOTO: -4, RETURN: -5 } as const;

export type Op = (p: Pkt) => number;

/** The packet under evaluation, and where it is. Reused; a rule that sends a packet evaluates inside an evaluation, hence a stack of them. */
export class Pkt {
  readonly ns: NetNamespace;
  skb!: Skb;
  hook = 0;
  indev: NetDevice | undefined;
  outdev: NetDevice | undefined;
  protocol = 0;
  /** Not the first fragment: there is no transport header. */
  fragment = false;
  /** Where JUMP and GOTO lead. */
  target: Chain | undefined;
  /** Who decided, for the reason stream. */
  chain: Chain | undefined;
  rule: Rule | undefined;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }
}

export class Counter {
  packets = 0;
  bytes = 0;
}

export class Rule {
  readonly handle: number;
  readonly spec: RuleSpec;
  readonly ops: readonly Op[];
  readonly chain: Chain;
  /** Of an iptables rule: its counter. */
  readonly counter: Counter | undefined;
  readonly needsConntrack: boolean;

  constructor(handle: number, chain: Chain, spec: RuleSpec, compiled: Compiled) {
    this.handle = handle;
    this.chain = chain;
    this.spec = spec;
    this.ops = compiled.ops;
    this.counter = compiled.counter;
    this.needsConntrack = compiled.needsConntrack;
  }
}

export interface Compiled {
  ops: Op[];
  counter: Counter | undefined;
  needsConntrack: boolean;
}

export class Chain {
  readonly handle: number;
  readonly table: Table;
  name: string;
  rules: Rule[] = [];
  /** Undefined: a chain of the user's. */
  base: ChainSpec | undefined;
  policy: "accept" | "drop" = "accept";
  counter: Counter | undefined;
  comment: string | undefined;
  hookFn: HookFn | undefined;
  natFn: HookFn | undefined;

  constructor(handle: number, table: Table, name: string) {
    this.handle = handle;
    this.table = table;
    this.name = name;
  }
}

export class Table {
  readonly handle: number;
  readonly family: Family;
  readonly name: string;
  chains = new Map<string, Chain>();
  sets = new Map<string, NftSet>();
  /** Named counters, quotas, limits. */
  objects = new Map<string, NamedObject>();
  comment: string | undefined;
  nextHandle = 1;
  dormant = false;

  constructor(handle: number, family: Family, name: string) {
    this.handle = handle;
    this.family = family;
    this.name = name;
  }
}

export interface NamedObject {
  kind: "counter";
  name: string;
  handle: number;
  counter: Counter;
  comment?: string;
}

/** Jumps may be nested this deep: NFT_JUMP_STACK_SIZE. */
export const MAX_DEPTH = 16;

/** Runs a packet through a chain. @returns ACCEPT, DROP, STOLEN, or CONTINUE at the chain's end. */
export function runChain(chain: Chain, p: Pkt): number {
  const rules = chain.rules;
  for (let i = 0; i < rules.length; i++) {
    const ops = rules[i]!.ops;
    let v: number = VERDICT.CONTINUE;
    for (let k = 0; k < ops.length; k++) {
      v = ops[k]!(p);
      if (v !== VERDICT.CONTINUE) break;
    }
    if (v === VERDICT.CONTINUE || v === VERDICT.BREAK) continue;
    if (v >= 0) {
      if (p.rule === undefined) {
        p.rule = rules[i];
        p.chain = chain;
      }
      return v;
    }
    if (v === VERDICT.RETURN) return VERDICT.CONTINUE;
    const deeper = runChain(p.target!, p);
    if (deeper >= 0) return deeper;
    if (v === VERDICT.GOTO) return VERDICT.CONTINUE;
  }
  return VERDICT.CONTINUE;
}

/** Evaluates base chains for a namespace. */
export class Evaluator {
  private readonly ns: NetNamespace;
  private readonly stack: Pkt[] = [];
  private depth = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** What a base chain does at its hook. @returns whether the packet goes on. */
  run(chain: Chain, skb: Skb, hook: number, indev: NetDevice | undefined, outdev: NetDevice | undefined): boolean {
    const p = (this.stack[this.depth] ??= new Pkt(this.ns));
    this.depth++;
    p.skb = skb;
    p.hook = hook;
    p.indev = indev;
    p.outdev = outdev;
    p.protocol = skb.bytes[skb.network + IPV4.protocol]!;
    p.fragment = ((skb.bytes[skb.network + 6]! & 0x1f) | skb.bytes[skb.network + 7]!) !== 0;
    p.rule = undefined;
    p.chain = undefined;
    let v = runChain(chain, p);
    this.depth--;
    if (v === VERDICT.STOLEN) return false;
    if (v < 0) {
      v = chain.policy === "drop" ? VERDICT.DROP : VERDICT.ACCEPT;
      if (chain.counter !== undefined) {
        chain.counter.packets++;
        chain.counter.bytes += skb.tail - skb.network;
      }
    }
    if (this.ns.sim.trace.on && (chain.rules.length > 0 || v === VERDICT.DROP)) {
      const entry = describeVerdict(chain, p, v);
      if (v === VERDICT.DROP) this.ns.drop(skb, "netfilter", indev ?? outdev, "NETFILTER_DROP", entry);
      else this.ns.report(skb, "netfilter", "pass", indev ?? outdev, entry, "");
    } else if (v === VERDICT.DROP) skb.free();
    return v !== VERDICT.DROP;
  }
}

/** "filter INPUT 3: -A INPUT -p icmp -j DROP": table, chain, number and text of the rule that decided, or the policy. */
function describeVerdict(base: Chain, p: Pkt, v: number): string {
  const { rule, chain } = p;
  const hook = HOOK_NAMES[p.hook] ?? "";
  if (rule === undefined || chain === undefined) return `${base.table.name} ${base.name} (${hook}): policy ${v === VERDICT.DROP ? "DROP" : "ACCEPT"}`;
  return `${chain.table.name} ${chain.name} ${chain.rules.indexOf(rule) + 1} (${hook}): ${rule.spec.text()}`;
}

/** Whether a chain of type "route" saw the packet leave as it came: else the route is looked up anew. */
export function routeKeys(skb: Skb): number {
  const b = skb.bytes;
  const at = skb.network;
  let h = Math.imul((b[at + 12]! << 24) | (b[at + 13]! << 16) | (b[at + 14]! << 8) | b[at + 15]!, 0x85ebca6b);
  h = Math.imul(h ^ ((b[at + 16]! << 24) | (b[at + 17]! << 16) | (b[at + 18]! << 8) | b[at + 19]!), 0xc2b2ae35);
  return (Math.imul(h ^ skb.mark, 0x27d4eb2f) ^ b[at + 1]!) | 0;
}

export function isOutHook(hook: number): boolean {
  return hook === NF.LOCAL_OUT || hook === NF.POST_ROUTING;
}
