/**
 * The five places in IPv4 where others may look at a packet: include/uapi/linux/netfilter.h, net/netfilter/core.c.
 * A namespace in which nothing is registered pays one comparison a place (the list's length).
 */
import type { Skb } from "../../sim/skb.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";

/** enum nf_inet_hooks */
export const NF = { PRE_ROUTING: 0, LOCAL_IN: 1, FORWARD: 2, LOCAL_OUT: 3, POST_ROUTING: 4 } as const;
export const HOOK_NAMES = ["prerouting", "input", "forward", "output", "postrouting"] as const;

/** enum nf_ip_hook_priorities */
export const NF_PRI = {
  CONNTRACK_DEFRAG: -400, RAW: -300, CONNTRACK: -200, MANGLE: -150, NAT_DST: -100, FILTER: 0, SECURITY: 50, NAT_SRC: 100, CONNTRACK_CONFIRM: 2147483647,
} as const;

/** @returns whether the packet goes on. When not, the hook has freed it or keeps it. */
export type HookFn = (skb: Skb, hook: number, indev: NetDevice | undefined, outdev: NetDevice | undefined) => boolean;

interface HookEntry {
  priority: number;
  fn: HookFn;
}

export class HookList {
  private readonly entries: HookEntry[] = [];

  get length(): number {
    return this.entries.length;
  }

  /** Equal priorities run in the order of registration. */
  add(priority: number, fn: HookFn): void {
    let at = this.entries.length;
    while (at > 0 && this.entries[at - 1]!.priority > priority) at--;
    this.entries.splice(at, 0, { priority, fn });
  }

  remove(fn: HookFn): void {
    const at = this.entries.findIndex((e) => e.fn === fn);
    if (at >= 0) this.entries.splice(at, 1);
  }

  run(skb: Skb, hook: number, indev: NetDevice | undefined, outdev: NetDevice | undefined): boolean {
    const list = this.entries;
    for (let i = 0; i < list.length; i++) if (!list[i]!.fn(skb, hook, indev, outdev)) return false;
    return true;
  }
}

/** What a namespace has of netfilter's hooks. */
export class Hooks {
  readonly pre = new HookList();
  readonly input = new HookList();
  readonly forward = new HookList();
  readonly output = new HookList();
  readonly post = new HookList();
  /** Set by a chain of type "route" or by NAT when what a packet of ours is routed by has changed. */
  reroute = false;
  readonly ns: NetNamespace;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  of(hook: number): HookList {
    return hook === NF.PRE_ROUTING ? this.pre : hook === NF.LOCAL_IN ? this.input : hook === NF.FORWARD ? this.forward : hook === NF.LOCAL_OUT ? this.output : this.post;
  }
}
