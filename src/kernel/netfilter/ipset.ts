/** Sets of addresses, networks, ports: net/netfilter/ipset/. Elements are kept by a text of their octets, with a time to live. */
import { getU16, getU32 } from "../../base/bytes.ts";
import { SECOND } from "../../sim/time.ts";
import { IPPROTO, IPV4, maskOf } from "../../wire/ipv4.ts";
import type { NetNamespace } from "../netns.ts";
import type { Pkt } from "./core.ts";

export type SetDim = "ip" | "net" | "port" | "mac" | "mark" | "iface" | "set";

export interface IpSetOptions {
  family: "inet" | "inet6"; hashsize: number; maxelem: number; bucketsize: number; initval: number; timeout?: number; counters: boolean; comment: boolean; skbinfo: boolean; forceadd: boolean; netmask?: number;
  /** bitmap: */
  range?: { low: number; high: number; text: string };
  /** list:set */
  size?: number;
}

export interface IpSetElement {
  /** One of each dimension: address, prefix length, port with protocol ... */
  parts: readonly SetPart[];
  timeout?: number;
  expires?: number;
  nomatch: boolean;
  comment?: string;
  packets: number;
  bytes: number;
}
export type SetPart = { addr: number; len: number } | { proto: number; port: number } | { name: string } | { mark: number } | { mac: string };

export interface IpSet {
  name: string;
  type: string;
  dims: readonly SetDim[];
  revision: number;
  options: IpSetOptions;
  elements: Map<string, IpSetElement>;
  references: number;
}

export function elementKey(parts: readonly SetPart[]): string {
  return parts.map((p) => ("addr" in p ? `${p.addr}/${p.len}` : "port" in p ? `${p.proto}:${p.port}` : "name" in p ? p.name : "mark" in p ? `m${p.mark}` : p.mac)).join(",");
}

export class IpSets {
  private readonly ns: NetNamespace;
  readonly sets = new Map<string, IpSet>();

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  get(name: string): IpSet | undefined {
    return this.sets.get(name);
  }

  private alive(e: IpSetElement | undefined): boolean {
    return e !== undefined && (e.expires === undefined || e.expires > this.ns.sim.clock.now);
  }

  /** Drops what timed out. */
  sweep(set: IpSet): void {
    for (const [k, e] of set.elements) if (!this.alive(e)) set.elements.delete(k);
  }

  /** Prefix lengths in use at one place, longest first. */
  private lengths(set: IpSet, at: number): number[] {
    const out = new Set<number>();
    for (const e of set.elements.values()) {
      const p = e.parts[at]!;
      if ("addr" in p) out.add(p.len);
    }
    return [...out].sort((a, b) => b - a);
  }

  /** Whether an element fits: networks by their prefixes, the longest first. */
  lookup(set: IpSet, parts: readonly SetPart[]): IpSetElement | undefined {
    if (set.type === "list:set") return undefined;
    let tries: SetPart[][] = [[]];
    for (const [i, dim] of set.dims.entries()) {
      const p = parts[i];
      if (p === undefined) return undefined;
      const next: SetPart[][] = [];
      for (const t of tries) {
        if (dim === "net" && "addr" in p) for (const len of this.lengths(set, i)) next.push([...t, { addr: (p.addr & maskOf(len)) >>> 0, len }]);
        else if (dim === "ip" && "addr" in p && set.options.netmask !== undefined) next.push([...t, { addr: (p.addr & maskOf(set.options.netmask)) >>> 0, len: set.options.netmask }]);
        else next.push([...t, p]);
      }
      tries = next;
    }
    for (const t of tries) {
      const e = set.elements.get(elementKey(t));
      if (e !== undefined && this.alive(e)) return e.nomatch ? undefined : e;
    }
    return undefined;
  }

  private partsOf(set: IpSet, p: Pkt, dims: readonly ("src" | "dst")[]): SetPart[] | undefined {
    const b = p.skb.bytes;
    const out: SetPart[] = [];
    for (const [i, dim] of set.dims.entries()) {
      const side = dims[i] ?? dims[dims.length - 1]!;
      if (dim === "ip" || dim === "net") out.push({ addr: getU32(b, p.skb.network + (side === "src" ? IPV4.src : IPV4.dst)), len: 32 });
      else if (dim === "port") {
        if (p.fragment || (p.protocol !== IPPROTO.TCP && p.protocol !== IPPROTO.UDP)) return undefined;
        const port = getU16(b, p.skb.transport + (side === "src" ? 0 : 2));
        out.push({ proto: set.type === "bitmap:port" ? 0 : p.protocol, port });
      } else if (dim === "mark") out.push({ mark: p.skb.mark });
      else if (dim === "iface") out.push({ name: (side === "src" ? p.indev : p.outdev)?.name ?? "" });
      else return undefined;
    }
    return out;
  }

  test(set: IpSet, p: Pkt, dims: readonly ("src" | "dst")[]): boolean {
    if (set.type === "list:set") {
      for (const e of set.elements.values()) {
        const part = e.parts[0]!;
        const inner = "name" in part ? this.sets.get(part.name) : undefined;
        if (inner !== undefined && inner.type !== "list:set" && this.test(inner, p, dims)) return true;
      }
      return false;
    }
    const parts = this.partsOf(set, p, dims);
    if (parts === undefined) return false;
    const e = this.lookup(set, parts);
    if (e === undefined) return false;
    e.packets++;
    e.bytes += p.skb.tail - p.skb.network;
    return true;
  }

  addPacket(set: IpSet, p: Pkt, dims: readonly ("src" | "dst")[], exist: boolean, timeout: number | undefined): void {
    const parts = this.partsOf(set, p, dims);
    if (parts === undefined) return;
    this.sweep(set);
    const key = elementKey(parts);
    if ((set.elements.has(key) && !exist) || set.elements.size >= set.options.maxelem) return;
    const t = timeout ?? set.options.timeout;
    set.elements.set(key, { parts, nomatch: false, packets: 0, bytes: 0, ...(t !== undefined && t > 0 && { timeout: t, expires: this.ns.sim.clock.now + t * SECOND }) });
  }

  delPacket(set: IpSet, p: Pkt, dims: readonly ("src" | "dst")[]): void {
    const parts = this.partsOf(set, p, dims);
    if (parts !== undefined) set.elements.delete(elementKey(parts));
  }
}
