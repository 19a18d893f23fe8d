/** nft's statements as operations over the same core: net/netfilter/nft_*.c. */
import { getU16, getU32 } from "../../base/bytes.ts";
import { SECOND } from "../../sim/time.ts";
import { formatMac } from "../../wire/ethernet.ts";
import { IPPROTO, IPV4 } from "../../wire/ipv4.ts";
import { type Conn, directionOf, IPS } from "../conntrack/entry.ts";
import { CTEVENT } from "../conntrack/conntrack.ts";
import { type Compiled, Counter, isOutHook, type Op, type Pkt, type Table, VERDICT } from "./core.ts";
import { MANIP, type NatRange } from "./nat.ts";
import { reject } from "./reject.ts";
import { compileLimit, masquerade, redirect, setOctet, setupNat, stateBits } from "./xt.ts";

export type NftType = "ipv4_addr" | "inet_proto" | "inet_service" | "ifname" | "iface_index" | "mark" | "ct_state" | "ct_dir" | "ct_status" | "icmp_type" | "icmp_code" | "integer" | "ether_addr" | "pkt_type" | "fib_addrtype" | "tcp_flag" | "dscp" | "ether_type" | "nf_proto" | "boolean";

export type NftScalar = number | string;
/** What a field is compared with. */
export type NftValue = { k: "value"; v: NftScalar } | { k: "range"; lo: number; hi: number } | { k: "prefix"; addr: number; len: number } | { k: "name"; prefix: string };

export interface NftVerdict { verdict: "accept" | "drop" | "return" | "continue" | "jump" | "goto"; chain?: string }

export interface NftElement {
  /** One of each part of a concatenation. */
  parts: readonly NftValue[];
  data?: NftVerdict | readonly NftScalar[];
  comment?: string;
  counter?: Counter;
  expires?: number;
  timeout?: number;
}

export interface NftSet {
  kind: "set" | "map";
  name: string;
  handle: number;
  types: readonly NftType[];
  /** Of a map: the types of its data, or verdicts. */
  data: readonly NftType[] | "verdict" | undefined;
  /** As it was written with typeof. */
  typeofText: string | undefined;
  flags: readonly string[];
  size: number | undefined;
  timeout: number | undefined;
  counter: boolean;
  comment: string | undefined;
  elements: NftElement[];
  anonymous: boolean;
}

export type NftSource = { keys: readonly string[] } | { numgen: "inc" | "random"; mod: number; offset: number };
export type NftData = { k: "value"; v: NftScalar } | { k: "range"; lo: number; hi: number } | { k: "map"; from: NftSource; set: string | NftSet };

export type NftStmt =
  | { s: "match"; keys: readonly string[]; op: "==" | "!=" | "<" | ">" | "<=" | ">="; mask?: number; implicit: boolean; values: readonly NftValue[]; list: boolean }
  | { s: "lookup"; keys: readonly string[]; neg: boolean; set: string | NftSet }
  | { s: "vmap"; from: NftSource; set: string | NftSet }
  | { s: "verdict"; v: NftVerdict }
  | { s: "counter"; counter: Counter; name?: string }
  | { s: "limit"; rate: number; unit: string; over: boolean; burst: number }
  | { s: "log"; prefix: string; level: string }
  | { s: "reject"; with: string; shown: string }
  | { s: "nat"; type: "snat" | "dnat" | "masquerade" | "redirect"; addr?: NftData; port?: NftData; flags: readonly string[]; family: boolean }
  | { s: "set"; key: string; from?: string; op?: "&" | "|" | "^"; value?: number }
  | { s: "dynset"; op: "add" | "update" | "delete"; set: string; keys: readonly string[]; counter: boolean; timeout: number | undefined }
  | { s: "notrack" };

interface Field { type: NftType; load(p: Pkt): NftScalar | undefined; protocol?: number }

const u8 = (p: Pkt, at: number): number => p.skb.bytes[at]!;
const inTransport = (p: Pkt, protocol: number | undefined, need: number): boolean => !p.fragment && (protocol === undefined || p.protocol === protocol) && p.skb.tail - p.skb.transport >= need;

function transport16(type: NftType, protocol: number | undefined, offset: number): Field {
  return { type, load: (p) => (inTransport(p, protocol, offset + 2) ? getU16(p.skb.bytes, p.skb.transport + offset) : undefined), ...(protocol !== undefined && { protocol }) };
}
function transport8(type: NftType, protocol: number, offset: number, mask = 255): Field {
  return { type, load: (p) => (inTransport(p, protocol, offset + 1) ? u8(p, p.skb.transport + offset) & mask : undefined), protocol };
}
const network = (type: NftType, read: (b: Uint8Array, at: number) => number): Field => ({ type, load: (p) => read(p.skb.bytes, p.skb.network) });
function conn(type: NftType, read: (ct: Conn, p: Pkt) => number): Field {
  return {
    type,
    load(p) {
      const ct = p.skb.nfct as Conn | undefined;
      return ct === undefined ? undefined : read(ct, p);
    },
  };
}
const ether = (offset: number): Field => ({ type: "ether_addr", load: (p) => (p.skb.mac >= 0 && p.indev !== undefined && p.skb.mac + 14 <= p.skb.network ? formatMac(p.skb.bytes, p.skb.mac + offset) : undefined) });

const FIB_TYPES = ["unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit"];
const fibType = (offset: number): Field => ({ type: "fib_addrtype", load: (p) => FIB_TYPES.indexOf(p.ns.fib.typeOf(getU32(p.skb.bytes, p.skb.network + offset))) });

/** Fields of packets, by their names in rules. */
export const NFT_FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["ip saddr", network("ipv4_addr", (b, at) => getU32(b, at + IPV4.src))], ["ip daddr", network("ipv4_addr", (b, at) => getU32(b, at + IPV4.dst))], ["ip protocol", network("inet_proto", (b, at) => b[at + 9]!)],
  ["ip ttl", network("integer", (b, at) => b[at + 8]!)], ["ip dscp", network("dscp", (b, at) => b[at + 1]! >> 2)], ["ip length", network("integer", (b, at) => getU16(b, at + 2))], ["ip version", network("integer", (b, at) => b[at]! >> 4)],
  ["ip id", network("integer", (b, at) => getU16(b, at + 4))],
  ["tcp sport", transport16("inet_service", IPPROTO.TCP, 0)], ["tcp dport", transport16("inet_service", IPPROTO.TCP, 2)], ["tcp flags", transport8("tcp_flag", IPPROTO.TCP, 13, 63)],
  ["udp sport", transport16("inet_service", IPPROTO.UDP, 0)], ["udp dport", transport16("inet_service", IPPROTO.UDP, 2)], ["udp length", transport16("integer", IPPROTO.UDP, 4)],
  ["th sport", transport16("inet_service", undefined, 0)], ["th dport", transport16("inet_service", undefined, 2)],
  ["icmp type", transport8("icmp_type", IPPROTO.ICMP, 0)], ["icmp code", transport8("icmp_code", IPPROTO.ICMP, 1)], ["icmp id", transport16("integer", IPPROTO.ICMP, 4)],
  ["ether saddr", ether(6)], ["ether daddr", ether(0)],
  ["meta mark", { type: "mark", load: (p) => p.skb.mark }], ["meta l4proto", { type: "inet_proto", load: (p) => p.protocol }], ["meta nfproto", { type: "nf_proto", load: () => 2 }], ["meta protocol", { type: "ether_type", load: () => 0x800 }],
  ["meta length", { type: "integer", load: (p) => p.skb.tail - p.skb.network }], ["meta pkttype", { type: "pkt_type", load: (p) => p.skb.pktType }],
  ["iifname", { type: "ifname", load: (p) => p.indev?.name ?? "" }], ["oifname", { type: "ifname", load: (p) => p.outdev?.name ?? "" }], ["iif", { type: "iface_index", load: (p) => p.indev?.ifindex }], ["oif", { type: "iface_index", load: (p) => p.outdev?.ifindex }],
  ["meta skuid", { type: "integer", load: (p) => (isOutHook(p.hook) && p.indev === undefined ? 0 : undefined) }], ["meta skgid", { type: "integer", load: (p) => (isOutHook(p.hook) && p.indev === undefined ? 0 : undefined) }],
  ["ct state", { type: "ct_state", load: (p) => nftState(p) }], ["ct mark", conn("mark", (ct) => ct.mark)], ["ct direction", conn("ct_dir", (_ct, p) => directionOf(p.skb.nfctinfo))],
  ["ct status", conn("ct_status", (ct) => ((ct.status & IPS.SEEN_REPLY) !== 0 ? 2 : 0) | ((ct.status & IPS.ASSURED) !== 0 ? 4 : 0) | (ct.confirmed ? 8 : 0) | ((ct.status & IPS.SRC_NAT) !== 0 ? 16 : 0) | ((ct.status & IPS.DST_NAT) !== 0 ? 32 : 0))],
  ["fib daddr type", fibType(IPV4.dst)], ["fib saddr type", fibType(IPV4.src)],
]);

/** As nft numbers them: invalid 1, established 2, related 4, new 8, untracked 64. */
function nftState(p: Pkt): number {
  return stateBits(p) & 0x4f;
}

/** Types whose bare comparison asks whether any of the bits is set. */
export const BITMASK_TYPES: ReadonlySet<NftType> = new Set(["ct_state", "ct_status", "tcp_flag"]);

function fits(v: NftValue, x: NftScalar): boolean {
  switch (v.k) {
    case "value": return v.v === x;
    case "range": return typeof x === "number" && x >= v.lo && x <= v.hi;
    case "prefix": return typeof x === "number" && ((x ^ v.addr) & (v.len === 0 ? 0 : -1 << (32 - v.len))) === 0;
    case "name": return typeof x === "string" && x.startsWith(v.prefix);
  }
}

export function findElement(set: NftSet, parts: readonly NftScalar[], now: number): NftElement | undefined {
  return set.elements.find((e) => (e.expires === undefined || e.expires > now) && e.parts.every((p, i) => fits(p, parts[i]!)));
}

function loader(keys: readonly string[]): (p: Pkt) => NftScalar[] | undefined {
  const fields = keys.map((k) => NFT_FIELDS.get(k)!);
  return (p) => {
    const out: NftScalar[] = [];
    for (const f of fields) {
      const v = f.load(p);
      if (v === undefined) return undefined;
      out.push(v);
    }
    return out;
  };
}

function sourceOf(s: NftSource): (p: Pkt) => NftScalar[] | undefined {
  if ("keys" in s) return loader(s.keys);
  let next = -1;
  if (s.numgen === "inc") {
    return () => {
      next = (next + 1) % s.mod;
      return [next + s.offset];
    };
  }
  return (p) => [p.ns.random.below(s.mod) + s.offset];
}

const CODES: Readonly<Record<NftVerdict["verdict"], number>> = { accept: VERDICT.ACCEPT, drop: VERDICT.DROP, return: VERDICT.RETURN, continue: VERDICT.CONTINUE, jump: VERDICT.JUMP, goto: VERDICT.GOTO };

function verdictOp(v: NftVerdict, table: Table): Op {
  const code = CODES[v.verdict];
  if (v.chain === undefined) return () => code;
  const { chain } = v;
  return (p) => {
    p.target = table.chains.get(chain)!;
    return code;
  };
}

export function compileNft(stmts: readonly NftStmt[], table: Table): Compiled {
  const needsConntrack = stmts.some((s) => s.s === "nat" || ("keys" in s && s.keys.some((k) => k.startsWith("ct "))) || (s.s === "vmap" && "keys" in s.from && s.from.keys.some((k) => k.startsWith("ct "))) || (s.s === "set" && (s.key === "ct mark" || s.from === "ct mark")));
  return { ops: stmts.map((s) => compileStmt(s, table)), counter: undefined, needsConntrack };
}

const { CONTINUE, BREAK } = VERDICT;

function setOf(ref: string | NftSet, table: Table): NftSet {
  return typeof ref === "string" ? table.sets.get(ref)! : ref;
}

function compileStmt(s: NftStmt, table: Table): Op {
  switch (s.s) {
    case "match": return compileMatch(s);
    case "lookup": {
      const load = loader(s.keys);
      const set = setOf(s.set, table);
      return (p) => {
        const v = load(p);
        if (v === undefined) return BREAK;
        const e = findElement(set, v, p.ns.sim.clock.now);
        if (e?.counter !== undefined) {
          e.counter.packets++;
          e.counter.bytes += p.skb.tail - p.skb.network;
        }
        return (e !== undefined) !== s.neg ? CONTINUE : BREAK;
      };
    }
    case "vmap": {
      const load = sourceOf(s.from);
      const set = setOf(s.set, table);
      return (p) => {
        const v = load(p);
        const e = v === undefined ? undefined : findElement(set, v, p.ns.sim.clock.now);
        if (e === undefined) return BREAK;
        const data = e.data as NftVerdict;
        if (data.chain !== undefined) p.target = table.chains.get(data.chain)!;
        return CODES[data.verdict];
      };
    }
    case "verdict": return verdictOp(s.v, table);
    case "counter": {
      const { counter } = s;
      return (p) => {
        counter.packets++;
        counter.bytes += p.skb.tail - p.skb.network;
        return CONTINUE;
      };
    }
    case "limit": {
      const period = (SECOND * ({ second: 1, minute: 60, hour: 3600, day: 86400, week: 604800 } as Readonly<Record<string, number>>)[s.unit]!) / s.rate;
      const within = compileLimit(period, s.burst);
      return (p) => (within(p) !== s.over ? CONTINUE : BREAK);
    }
    case "log":
      return (p) => {
        if (p.ns.sim.trace.on) p.ns.report(p.skb, "netfilter", "pass", p.indev ?? p.outdev, `${table.name}: log ${s.prefix}`, "");
        return CONTINUE;
      };
    case "reject":
      return (p) => {
        reject(p, s.with);
        return VERDICT.DROP;
      };
    case "nat": return compileNat(s, table);
    case "set": return compileSet(s);
    case "dynset": {
      const load = loader(s.keys);
      return (p) => {
        const v = load(p);
        const set = table.sets.get(s.set);
        if (v === undefined || set === undefined) return BREAK;
        const { now } = p.ns.sim.clock;
        const timeout = s.timeout ?? set.timeout;
        let e = findElement(set, v, now);
        if (s.op === "delete") set.elements = set.elements.filter((x) => x !== e);
        else {
          set.elements = set.elements.filter((x) => x.expires === undefined || x.expires > now);
          if (e === undefined) {
            if (set.elements.length >= (set.size ?? 65535)) return BREAK;
            e = { parts: v.map((x): NftValue => ({ k: "value", v: x })), ...((s.counter || set.counter) && { counter: new Counter() }), ...(timeout !== undefined && { timeout, expires: now + timeout * SECOND }) };
            set.elements.push(e);
          } else if (s.op === "update" && timeout !== undefined) e.expires = now + timeout * SECOND;
          if (e.counter !== undefined) {
            e.counter.packets++;
            e.counter.bytes += p.skb.tail - p.skb.network;
          }
        }
        return CONTINUE;
      };
    }
    case "notrack":
      return (p) => {
        if (p.skb.nfct === undefined) p.skb.nfctinfo = 7;
        return CONTINUE;
      };
  }
}

function compileMatch(s: NftStmt & { s: "match" }): Op {
  const field = NFT_FIELDS.get(s.keys[0]!)!;
  const { op, values, mask } = s;
  const first = values[0]!;
  const bits = BITMASK_TYPES.has(field.type) && s.implicit && mask === undefined;
  const want = bits ? values.reduce((n, v) => n | (v.k === "value" && typeof v.v === "number" ? v.v : 0), 0) : 0;
  return (p) => {
    let x = field.load(p);
    if (x === undefined) return BREAK;
    if (bits) return ((x as number) & want) !== 0 === (op === "==") ? CONTINUE : BREAK;
    if (mask !== undefined) x = ((x as number) & mask) >>> 0;
    let hit: boolean;
    if (op === "==" || op === "!=") hit = fits(first, x) === (op === "==");
    else {
      const y = (first as { v: number }).v;
      const n = x as number;
      hit = op === "<" ? n < y : op === ">" ? n > y : op === "<=" ? n <= y : n >= y;
    }
    return hit ? CONTINUE : BREAK;
  };
}

function compileSet(s: NftStmt & { s: "set" }): Op {
  const from = s.from === undefined ? undefined : NFT_FIELDS.get(s.from)!;
  return (p) => {
    let v = from === undefined ? (s.value ?? 0) : (from.load(p) as number | undefined);
    if (v === undefined) return BREAK;
    if (from !== undefined && s.op !== undefined) v = (s.op === "&" ? v & s.value! : s.op === "|" ? v | s.value! : v ^ s.value!) >>> 0;
    if (s.key === "meta mark") p.skb.mark = v;
    else if (s.key === "ct mark") {
      const ct = p.skb.nfct as Conn | undefined;
      if (ct !== undefined && ct.mark !== v) {
        ct.mark = v;
        ct.events |= CTEVENT.MARK;
      }
    } else if (s.key === "ip ttl") setOctet(p, IPV4.ttl, v);
    else if (s.key === "ip dscp") setOctet(p, 1, (u8(p, p.skb.network + 1) & 3) | (v << 2));
    return CONTINUE;
  };
}

function compileNat(s: NftStmt & { s: "nat" }, table: Table): Op {
  const random = s.flags.some((f) => f === "random" || f === "fully-random");
  const persistent = s.flags.includes("persistent");
  const read = (d: NftData | undefined): ((p: Pkt) => readonly NftScalar[] | undefined) | undefined => {
    if (d === undefined) return undefined;
    if (d.k === "value") return () => [d.v];
    if (d.k === "range") return () => [d.lo, d.hi];
    const from = sourceOf(d.from);
    const set = setOf(d.set, table);
    return (p) => {
      const v = from(p);
      const e = v === undefined ? undefined : findElement(set, v, p.ns.sim.clock.now);
      return e?.data as readonly NftScalar[] | undefined;
    };
  };
  const [addr, port] = [read(s.addr), read(s.port)];
  return (p) => {
    const range: NatRange = { random, persistent };
    if (port !== undefined) {
      const v = port(p);
      if (v === undefined) return BREAK;
      range.minPort = v[0] as number;
      range.maxPort = (v[1] ?? v[0]) as number;
    }
    if (s.type === "masquerade") return masquerade(p, range);
    if (s.type === "redirect") return redirect(p, range);
    if (addr !== undefined) {
      const v = addr(p);
      if (v === undefined) return BREAK;
      range.min = (v[0] as number) | 0;
      range.max = range.min;
      if (s.addr!.k === "range") range.max = (v[1] as number) | 0;
      else if (v.length > 1) {
        range.minPort = v[1] as number; // addr . port out of a map
        range.maxPort = range.minPort;
      }
    }
    return setupNat(p, range, s.type === "snat" ? MANIP.SRC : MANIP.DST);
  };
}

/** Chains that statements lead to, anonymous maps included. */
export function nftTargets(stmts: readonly NftStmt[]): string[] {
  const out: string[] = [];
  for (const s of stmts) {
    if (s.s === "verdict" && s.v.chain !== undefined) out.push(s.v.chain);
    if (s.s === "vmap" && typeof s.set !== "string") for (const e of s.set.elements) if (e.data !== undefined && "verdict" in e.data && e.data.chain !== undefined) out.push(e.data.chain);
  }
  return out;
}

/** Sets with a name that statements use. */
export function nftSets(stmts: readonly NftStmt[]): string[] {
  const out: string[] = [];
  for (const s of stmts) {
    if ((s.s === "lookup" || s.s === "vmap") && typeof s.set === "string") out.push(s.set);
    if (s.s === "dynset") out.push(s.set);
    if (s.s === "nat") for (const d of [s.addr, s.port]) if (d?.k === "map" && typeof d.set === "string") out.push(d.set);
  }
  return out;
}
