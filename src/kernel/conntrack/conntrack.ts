/**
 * Connection tracking: net/netfilter/nf_conntrack_core.c and the protocols' files. Begins when the first rule asks for it
 * (nf_ct_netns_get) and costs a hash look-up a packet, without garbage.
 */
import { getU16, getU32 } from "../../base/bytes.ts";
import type { Skb } from "../../sim/skb.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { finish, pseudoHeaderSum, sumWords } from "../../wire/checksum.ts";
import { IP_MF, IP_OFFSET_MASK, IPPROTO, IPV4, isMulticast } from "../../wire/ipv4.ts";
import type { Errno } from "../api.ts";
import { type HookFn, NF, NF_PRI } from "../netfilter/hooks.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { Conn, CTINFO, directionOf, icmpAnswer, IPS, TcpTrack, type Tuple, TupleKey } from "./entry.ts";
import { CONNTRACK_SYSCTLS } from "./sysctl.ts";
import { TCP_STATES, TCP_VERDICT, tcpHeaderSane, tcpNew, tcpPacket, type TcpSettings, TCPS, segmentIsReset } from "./tcp.ts";
import { describeConn } from "./text.ts";

/** enum ip_conntrack_events, as bits. */
export const CTEVENT = { NEW: 1, RELATED: 2, DESTROY: 4, REPLY: 8, ASSURED: 16, PROTOINFO: 32, HELPER: 64, MARK: 128 } as const;

export interface ConntrackStats {
  found: number; invalid: number; insert: number; insertFailed: number; drop: number; earlyDrop: number; icmpError: number; searchRestart: number; clashResolve: number; chainToolong: number;
}

const INITIAL_BUCKETS = 256;
const TCP_TIMEOUT_KEYS = ["", "syn_sent", "syn_recv", "established", "fin_wait", "close_wait", "last_ack", "time_wait", "close", "syn_sent"] as const;

export class Conntrack {
  private readonly ns: NetNamespace;
  private buckets: (Tuple | undefined)[] = new Array<Tuple | undefined>(INITIAL_BUCKETS).fill(undefined);
  private readonly seed: number;
  count = 0;
  private nextId = 1;
  private users = 0;
  private gcTimer = 0;
  private gcAt: Nanos = Number.POSITIVE_INFINITY;
  readonly stats: ConntrackStats = { found: 0, invalid: 0, insert: 0, insertFailed: 0, drop: 0, earlyDrop: 0, icmpError: 0, searchRestart: 0, clashResolve: 0, chainToolong: 0 };
  private readonly listeners = new Set<(event: "new" | "update" | "destroy", ct: Conn) => void>();
  /** Confirmed connections in the order of their coming. */
  private readonly all = new Set<Conn>();
  // Settings as numbers, read anew when a sysctl was written.
  private settingsVersion = -1;
  private readonly tcpTimeouts: Nanos[] = [];
  private udpTimeout = 0;
  private udpStream = 0;
  private icmpTimeout = 0;
  private genericTimeout = 0;
  private retransTimeout = 0;
  private unackedTimeout = 0;
  private acct = false;
  private max = 0;
  private verifyChecksums = true;
  private readonly tcp: TcpSettings = { liberal: false, loose: true, maxRetrans: 3, ignoreInvalidRst: false };
  private readonly key = new TupleKey();
  private readonly inner = new TupleKey();

  constructor(ns: NetNamespace) {
    this.ns = ns;
    this.seed = (ns.inode * 0x9e3779b1) | 0;
    for (const [name, value, range] of CONNTRACK_SYSCTLS) ns.sysctl.define(`net.netfilter.nf_conntrack_${name}`, value, range);
    ns.sysctl.define("net.nf_conntrack_max", "262144", [0, 2147483647]);
    ns.sysctl.compute("net.netfilter.nf_conntrack_count", () => String(this.count));
  }

  // -- users --------------------------------------------------------------------------------------------------------

  /** nf_ct_netns_get: somebody needs to know connections. */
  get(): void {
    if (this.users++ > 0) return;
    const h = this.ns.hooks;
    h.pre.add(NF_PRI.CONNTRACK_DEFRAG, this.defrag);
    h.pre.add(NF_PRI.CONNTRACK, this.track);
    h.output.add(NF_PRI.CONNTRACK, this.track);
    h.post.add(NF_PRI.CONNTRACK_CONFIRM, this.confirm);
    h.input.add(NF_PRI.CONNTRACK_CONFIRM, this.confirm);
  }

  put(): void {
    if (--this.users > 0) return;
    const h = this.ns.hooks;
    h.pre.remove(this.defrag);
    h.pre.remove(this.track);
    h.output.remove(this.track);
    h.post.remove(this.confirm);
    h.input.remove(this.confirm);
  }

  get active(): boolean {
    return this.users > 0;
  }

  listen(f: (event: "new" | "update" | "destroy", ct: Conn) => void): () => void {
    this.listeners.add(f);
    return () => void this.listeners.delete(f);
  }

  private settings(): void {
    const sysctl = this.ns.sysctl;
    if (this.settingsVersion === sysctl.version) return;
    this.settingsVersion = sysctl.version;
    const n = (name: string): number => sysctl.number(`net.netfilter.nf_conntrack_${name}`);
    for (const [state, key] of TCP_TIMEOUT_KEYS.entries()) this.tcpTimeouts[state] = key === "" ? 0 : n(`tcp_timeout_${key}`) * SECOND;
    this.udpTimeout = n("udp_timeout") * SECOND;
    this.udpStream = n("udp_timeout_stream") * SECOND;
    this.icmpTimeout = n("icmp_timeout") * SECOND;
    this.genericTimeout = n("generic_timeout") * SECOND;
    this.retransTimeout = n("tcp_timeout_max_retrans") * SECOND;
    this.unackedTimeout = n("tcp_timeout_unacknowledged") * SECOND;
    this.acct = n("acct") !== 0;
    this.max = n("max");
    this.verifyChecksums = n("checksum") !== 0;
    this.tcp.liberal = n("tcp_be_liberal") !== 0;
    this.tcp.loose = n("tcp_loose") !== 0;
    this.tcp.maxRetrans = n("tcp_max_retrans");
    this.tcp.ignoreInvalidRst = n("tcp_ignore_invalid_rst") !== 0;
  }

  // -- table --------------------------------------------------------------------------------------------------------

  private hash(src: number, dst: number, sport: number, dport: number, protocol: number): number {
    let h = this.seed ^ Math.imul(src, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ dst, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 13) ^ ((sport << 16) | dport), 0x27d4eb2f);
    h ^= (h >>> 16) ^ protocol;
    return h & (this.buckets.length - 1);
  }

  /** __nf_conntrack_find. An entry whose time is over is gone. */
  find(src: number, dst: number, sport: number, dport: number, protocol: number, zone: number): Tuple | undefined {
    const now = this.ns.sim.clock.now;
    for (let t = this.buckets[this.hash(src, dst, sport, dport, protocol)]; t !== undefined; t = t.next) {
      if (t.src === src && t.dst === dst && t.sport === sport && t.dport === dport && t.ct.protocol === protocol && t.ct.zone === zone) {
        if (t.ct.expires > now) return t;
        this.kill(t.ct);
        return undefined;
      }
    }
    return undefined;
  }

  /** nf_conntrack_tuple_taken: whether somebody else's replies look like this. */
  taken(k: TupleKey, ct: Conn): boolean {
    const t = this.find(k.src, k.dst, k.sport, k.dport, k.protocol, ct.zone);
    return t !== undefined && t.ct !== ct;
  }

  private link(t: Tuple): void {
    const at = this.hash(t.src, t.dst, t.sport, t.dport, t.ct.protocol);
    t.next = this.buckets[at];
    this.buckets[at] = t;
  }

  private unlink(t: Tuple): void {
    const at = this.hash(t.src, t.dst, t.sport, t.dport, t.ct.protocol);
    let p = this.buckets[at];
    if (p === t) this.buckets[at] = t.next;
    else
      for (; p !== undefined; p = p.next) {
        if (p.next !== t) continue;
        p.next = t.next;
        break;
      }
    t.next = undefined;
  }

  private grow(): void {
    const entries = [...this.all];
    this.buckets = new Array<Tuple | undefined>(this.buckets.length * 4).fill(undefined);
    for (const ct of entries) {
      this.link(ct.original);
      this.link(ct.reply);
    }
  }

  /** nf_nat_bysource: translated connections by the source of their first packet. */
  private readonly bySource = new Map<number, Conn[]>();

  private sourceKey(t: Tuple): number {
    return (t.src >>> 0) * 65536 + t.sport;
  }

  /** find_appropriate_src: another connection of the same protocol from the same source. */
  sourceMate(o: Tuple, ct: Conn): Conn | undefined {
    return this.bySource.get(this.sourceKey(o))?.find((c) => c.protocol === ct.protocol && c.zone === ct.zone);
  }

  private insert(ct: Conn): void {
    if ((ct.status & IPS.SRC_NAT_DONE) !== 0) {
      const list = this.bySource.get(this.sourceKey(ct.original));
      if (list === undefined) this.bySource.set(this.sourceKey(ct.original), [ct]);
      else list.push(ct);
    }
    if (this.count * 2 > this.buckets.length) this.grow();
    this.link(ct.original);
    this.link(ct.reply);
    this.all.add(ct);
    this.count++;
    this.stats.insert++;
  }

  /** nf_ct_delete: takes an entry out, and tells. */
  kill(ct: Conn): void {
    if ((ct.status & IPS.DYING) !== 0) return;
    ct.status |= IPS.DYING;
    if (!ct.confirmed) return;
    this.unlink(ct.original);
    this.unlink(ct.reply);
    this.all.delete(ct);
    this.count--;
    const mates = this.bySource.get(this.sourceKey(ct.original));
    if (mates !== undefined) {
      const at = mates.indexOf(ct);
      if (at >= 0) mates.splice(at, 1);
      if (mates.length === 0) this.bySource.delete(this.sourceKey(ct.original));
    }
    for (const f of this.listeners) f("destroy", ct);
  }

  /** Every confirmed connection that is alive, oldest first. */
  entries(): Conn[] {
    const now = this.ns.sim.clock.now;
    for (const ct of [...this.all]) if (ct.expires <= now) this.kill(ct);
    return [...this.all];
  }

  flush(): number {
    const all = this.entries();
    for (const ct of all) this.kill(ct);
    return all.length;
  }

  /** gc_worker, awake when the first entry's time may be over. */
  private arm(at: Nanos): void {
    if (at >= this.gcAt) return;
    const clock = this.ns.sim.clock;
    if (this.gcTimer !== 0) clock.cancel(this.gcTimer);
    this.gcAt = at;
    this.gcTimer = clock.after(at - clock.now, () => {
      this.gcTimer = 0;
      this.gcAt = Number.POSITIVE_INFINITY;
      let next = Number.POSITIVE_INFINITY;
      for (const ct of this.entries()) if (ct.expires < next) next = ct.expires;
      // Once a second at most, as the worker has it.
      if (next !== Number.POSITIVE_INFINITY) this.arm(Math.max(next, clock.now + SECOND));
    });
  }

  private refresh(ct: Conn, by: Nanos): void {
    if ((ct.status & IPS.FIXED_TIMEOUT) !== 0) return;
    ct.expires = ct.confirmed ? this.ns.sim.clock.now + by : by;
    // An expiry that moves nearer must not wait for the old alarm.
    if (ct.confirmed && ct.expires + SECOND < this.gcAt) this.arm(ct.expires);
  }

  // -- hooks --------------------------------------------------------------------------------------------------------

  /** ipv4_conntrack_defrag: connections are seen whole. */
  private readonly defrag: HookFn = (skb, hook, indev) => {
    if (hook !== NF.PRE_ROUTING) return true;
    const b = skb.bytes;
    const word = (b[skb.network + 6]! << 8) | b[skb.network + 7]!;
    if ((word & (IP_MF | IP_OFFSET_MASK)) === 0) return true;
    const dev = indev ?? (skb.dev as NetDevice);
    const whole = this.ns.ip.reassemble(skb, dev, word, `conntrack ${hook} `);
    if (whole === undefined) return false;
    if (whole === skb) return true;
    // The caller holds the fragment's header object: the whole packet goes on from here by itself.
    if (this.ns.hooks.pre.run(whole, hook, indev, undefined)) this.ns.ip.receiveFinish(whole, dev);
    return false;
  };

  /** nf_conntrack_in. */
  private readonly track: HookFn = (skb, hook, indev, outdev) => {
    if (skb.nfct !== undefined || skb.nfctinfo === CTINFO.UNTRACKED) return true; // seen already: it came through lo, or shall not be tracked
    this.settings();
    const b = skb.bytes;
    const at = skb.transport;
    const end = skb.tail;
    const protocol = b[skb.network + IPV4.protocol]!;
    const k = this.key;
    const dev = indev ?? outdev;
    if (protocol === IPPROTO.ICMP && end - at >= 8) {
      const type = b[at]!;
      if (!this.icmpSane(skb, hook)) return this.invalid(skb, dev, "ICMP checksum or type");
      if (type === 3 || type === 4 || type === 5 || type === 11 || type === 12) return this.icmpError(skb, dev, at, end);
    }
    if (!this.tupleOf(b, skb.network, at, end, protocol, k)) return this.invalid(skb, dev, "header too short");
    if (protocol === IPPROTO.TCP && !this.tcpSane(skb, hook, end)) return this.invalid(skb, dev, "TCP header");
    if (protocol === IPPROTO.UDP && !this.udpSane(skb, hook)) return this.invalid(skb, dev, "UDP header");
    for (;;) {
      const t = this.find(k.src, k.dst, k.sport, k.dport, protocol, zoneOf(skb));
      let ct: Conn;
      if (t === undefined) {
        const made = this.begin(k, protocol, zoneOf(skb), b, at, end);
        if (made === undefined) return this.invalid(skb, dev, "no connection begins like this");
        if (made === "full") {
          this.stats.drop++;
          this.ns.drop(skb, "conntrack", dev, "NOMEM", `nf_conntrack: table full, dropping packet (nf_conntrack_max ${this.max})`);
          return false;
        }
        ct = made;
        skb.nfctinfo = CTINFO.NEW;
      } else {
        this.stats.found++;
        ct = t.ct;
        if (t.dir === 1) skb.nfctinfo = CTINFO.ESTABLISHED + CTINFO.IS_REPLY;
        else skb.nfctinfo = (ct.status & IPS.SEEN_REPLY) !== 0 ? CTINFO.ESTABLISHED : CTINFO.NEW;
      }
      skb.nfct = ct;
      const verdict = this.follow(ct, skb, protocol, b, at, end);
      if (verdict === TCP_VERDICT.REOPEN) {
        this.kill(ct);
        skb.nfct = undefined;
        continue;
      }
      if (verdict === TCP_VERDICT.INVALID) {
        skb.nfct = undefined;
        return this.invalid(skb, dev, `out of window or state ${ct.tcp === undefined ? "" : TCP_STATES[ct.tcp.state]}`);
      }
      break;
    }
    const ct = skb.nfct as Conn;
    if (skb.nfctinfo === CTINFO.ESTABLISHED + CTINFO.IS_REPLY && (ct.status & IPS.SEEN_REPLY) === 0) {
      ct.status |= IPS.SEEN_REPLY;
      ct.events |= CTEVENT.REPLY;
    }
    if (this.acct) {
      const dir = directionOf(skb.nfctinfo);
      ct.packets[dir]!++;
      ct.bytes[dir]! += end - skb.network;
    }
    if (this.ns.sim.trace.on) this.ns.report(skb, "conntrack", "pass", dev, `${stateName(skb)} ${describeConn(ct)}`, "");
    return true;
  };

  private invalid(skb: Skb, dev: NetDevice | undefined, why: string): boolean {
    this.stats.invalid++;
    skb.nfctinfo = CTINFO.ESTABLISHED;
    if (this.ns.sim.trace.on) this.ns.report(skb, "conntrack", "pass", dev, `INVALID: ${why}`, "");
    return true;
  }

  /** nf_conntrack_confirm: only what has come through all hooks is a connection. */
  private readonly confirm: HookFn = (skb, _hook, indev, outdev) => {
    const ct = skb.nfct as Conn | undefined;
    if (ct === undefined) return true;
    if (ct.confirmed) {
      if (ct.events !== 0) this.deliverEvents(ct);
      return true;
    }
    if ((ct.status & IPS.DYING) !== 0 || directionOf(skb.nfctinfo) !== 0) return true;
    const o = ct.original;
    const r = ct.reply;
    if (this.find(o.src, o.dst, o.sport, o.dport, ct.protocol, ct.zone) !== undefined || this.find(r.src, r.dst, r.sport, r.dport, ct.protocol, ct.zone) !== undefined) {
      this.stats.insertFailed++;
      this.stats.drop++;
      this.ns.drop(skb, "conntrack", indev ?? outdev, "NETFILTER_DROP", "another connection has the same tuple");
      return false;
    }
    ct.expires += this.ns.sim.clock.now;
    ct.status |= IPS.CONFIRMED;
    this.insert(ct);
    this.arm(ct.expires);
    ct.events |= CTEVENT.NEW;
    this.deliverEvents(ct);
    return true;
  };

  private deliverEvents(ct: Conn): void {
    const events = ct.events;
    ct.events = 0;
    if (this.listeners.size === 0) return;
    for (const f of this.listeners) f((events & CTEVENT.NEW) !== 0 ? "new" : "update", ct);
  }

  // -- protocols ----------------------------------------------------------------------------------------------------

  /** nf_ct_get_tuple. @returns false when the header is not whole. */
  tupleOf(b: Uint8Array, network: number, at: number, end: number, protocol: number, k: TupleKey): boolean {
    let sport = 0;
    let dport = 0;
    if (protocol === IPPROTO.TCP || protocol === IPPROTO.UDP || protocol === 132 || protocol === 33 || protocol === 136) {
      if (end - at < 8) return false;
      sport = (b[at]! << 8) | b[at + 1]!;
      dport = (b[at + 2]! << 8) | b[at + 3]!;
    } else if (protocol === IPPROTO.ICMP) {
      if (end - at < 8) return false;
      sport = (b[at + 4]! << 8) | b[at + 5]!;
      dport = (b[at]! << 8) | b[at + 1]!;
    }
    k.set(signed(b, network + 12), signed(b, network + 16), sport, dport, protocol);
    return true;
  }

  /** nf_ct_invert_tuple. @returns false when such a thing has no answer. */
  invert(k: TupleKey): boolean {
    const { src, dst, sport, dport, protocol } = k;
    if (protocol === IPPROTO.ICMP) {
      const answer = icmpAnswer(dport >> 8);
      if (answer < 0) return false;
      k.set(dst, src, sport, (answer << 8) | (dport & 255), protocol);
    } else k.set(dst, src, dport, sport, protocol);
    return true;
  }

  /** init_conntrack. */
  private begin(k: TupleKey, protocol: number, zone: number, b: Uint8Array, at: number, end: number): Conn | "full" | undefined {
    if (this.count >= this.max && this.max !== 0 && !this.earlyDrop()) return "full";
    const ct = new Conn(this.nextId, protocol, zone, this.ns.sim.clock.now);
    if (protocol === IPPROTO.TCP) {
      ct.tcp = new TcpTrack();
      if (!tcpNew(ct.tcp, b, at, end, this.tcp)) return undefined;
    } else if (protocol === IPPROTO.ICMP) {
      const type = b[at]!;
      if (type !== 8 && type !== 13 && type !== 15 && type !== 17) return undefined;
    }
    const o = ct.original;
    o.src = k.src;
    o.dst = k.dst;
    o.sport = k.sport;
    o.dport = k.dport;
    const i = this.inner;
    i.set(k.src, k.dst, k.sport, k.dport, protocol);
    if (!this.invert(i)) return undefined;
    const r = ct.reply;
    r.src = i.src;
    r.dst = i.dst;
    r.sport = i.sport;
    r.dport = i.dport;
    this.nextId++;
    return ct;
  }

  /** early_drop: a connection nobody answered makes room. */
  private earlyDrop(): boolean {
    for (const ct of this.all) {
      if ((ct.status & IPS.ASSURED) !== 0) continue;
      this.kill(ct);
      this.stats.earlyDrop++;
      return true;
    }
    return false;
  }

  private follow(ct: Conn, skb: Skb, protocol: number, b: Uint8Array, at: number, end: number): number {
    switch (protocol) {
      case IPPROTO.TCP:
        return this.followTcp(ct, skb, b, at, end);
      case IPPROTO.UDP:
        this.followUdp(ct, skb);
        return TCP_VERDICT.OK;
      case IPPROTO.ICMP:
        this.refresh(ct, this.icmpTimeout);
        return TCP_VERDICT.OK;
      default:
        this.refresh(ct, this.genericTimeout);
        return TCP_VERDICT.OK;
    }
  }

  private followUdp(ct: Conn, skb: Skb): void {
    if (!ct.confirmed && ct.streamAt === 0) ct.streamAt = this.ns.sim.clock.now + 2 * SECOND;
    if ((ct.status & IPS.SEEN_REPLY) === 0) return this.refresh(ct, this.udpTimeout);
    const stream = this.ns.sim.clock.now > ct.streamAt;
    this.refresh(ct, stream ? this.udpStream : this.udpTimeout);
    if (stream && (ct.status & IPS.ASSURED) === 0 && skb.nfctinfo !== CTINFO.NEW) {
      ct.status |= IPS.ASSURED;
      ct.events |= CTEVENT.ASSURED;
    }
  }

  private followTcp(ct: Conn, skb: Skb, b: Uint8Array, at: number, end: number): number {
    const track = ct.tcp!;
    const old = track.state;
    const dir = directionOf(skb.nfctinfo);
    const verdict = tcpPacket(ct, dir, b, at, end, this.tcp);
    if (verdict !== TCP_VERDICT.OK) return verdict;
    const state = track.state;
    let timeout = this.tcpTimeouts[state]!;
    if (track.retrans >= this.tcp.maxRetrans && timeout > this.retransTimeout) timeout = this.retransTimeout;
    else if (track.lastWin === 0 && track.retrans > 0 && timeout > this.retransTimeout) timeout = this.retransTimeout;
    else if ((track.ends[0].dataUnacked || track.ends[1].dataUnacked) && timeout > this.unackedTimeout) timeout = this.unackedTimeout;
    if (state !== old) ct.events |= CTEVENT.PROTOINFO;
    if ((ct.status & IPS.SEEN_REPLY) === 0) {
      // If all the answer is a reset there is no connection: it goes at once.
      if (segmentIsReset(b, at)) {
        if (ct.confirmed) this.kill(ct);
        return TCP_VERDICT.OK;
      }
    } else if ((ct.status & IPS.ASSURED) === 0 && (old === TCPS.SYN_RECV || old === TCPS.ESTABLISHED) && state === TCPS.ESTABLISHED) {
      ct.status |= IPS.ASSURED;
      ct.events |= CTEVENT.ASSURED;
    }
    this.refresh(ct, timeout);
    return TCP_VERDICT.OK;
  }

  /** nf_conntrack_inet_error: an error about a packet belongs to that packet's connection. */
  private icmpError(skb: Skb, dev: NetDevice | undefined, at: number, end: number): boolean {
    const b = skb.bytes;
    const inner = at + 8;
    if (end - inner < 20 + 8) return this.invalid(skb, dev, "quoted packet too short");
    const innerTransport = inner + (b[inner]! & 15) * 4;
    const protocol = b[inner + IPV4.protocol]!;
    const k = this.inner;
    if (!this.tupleOf(b, inner, innerTransport, end, protocol, k) || !this.invert(k)) return this.invalid(skb, dev, "quoted packet");
    const t = this.find(k.src, k.dst, k.sport, k.dport, protocol, zoneOf(skb));
    if (t === undefined) return this.invalid(skb, dev, "an error about no known connection");
    if (t.dst !== signed(b, skb.network + IPV4.dst)) return this.invalid(skb, dev, "an error that goes to somebody else");
    skb.nfct = t.ct;
    skb.nfctinfo = CTINFO.RELATED + (t.dir === 1 ? CTINFO.IS_REPLY : 0);
    this.stats.icmpError++;
    if (this.ns.sim.trace.on) this.ns.report(skb, "conntrack", "pass", dev, `RELATED ${describeConn(t.ct)}`, "");
    return true;
  }

  private icmpSane(skb: Skb, hook: number): boolean {
    const type = skb.bytes[skb.transport]!;
    if (type > 18) return false;
    return hook !== NF.PRE_ROUTING || !this.verifyChecksums || finish(sumWords(skb.bytes, skb.transport, skb.tail)) === 0;
  }

  private tcpSane(skb: Skb, hook: number, end: number): boolean {
    return tcpHeaderSane(skb.bytes, skb.transport, end) && this.checksumOk(skb, hook, IPPROTO.TCP);
  }

  private udpSane(skb: Skb, hook: number): boolean {
    const b = skb.bytes;
    const at = skb.transport;
    const length = getU16(b, at + 4);
    if (length < 8 || length > skb.tail - at) return false;
    return getU16(b, at + 6) === 0 || this.checksumOk(skb, hook, IPPROTO.UDP);
  }

  private checksumOk(skb: Skb, hook: number, protocol: number): boolean {
    if (hook !== NF.PRE_ROUTING || !this.verifyChecksums || isMulticast(getU32(skb.bytes, skb.network + 16))) return true;
    const b = skb.bytes;
    const length = skb.tail - skb.transport;
    return finish(sumWords(b, skb.transport, skb.tail, pseudoHeaderSum(getU32(b, skb.network + 12), getU32(b, skb.network + 16), protocol, length))) === 0;
  }

  // -- changes from outside -----------------------------------------------------------------------------------------

  changed(ct: Conn): void {
    ct.events |= CTEVENT.MARK;
  }

  /** A MASQUERADE's device lost its address or went down: masq_device_event. */
  deviceGone(ifindex: number): void {
    for (const ct of this.entries()) if (ct.masqueradeIf === ifindex) this.kill(ct);
  }

  /** Of a SET from userland: only what is given. */
  update(ct: Conn, change: { mark?: number; timeout?: number }): undefined | Errno {
    if (change.mark !== undefined) ct.mark = change.mark >>> 0;
    if (change.timeout !== undefined) {
      ct.expires = this.ns.sim.clock.now + change.timeout * SECOND;
      this.arm(ct.expires);
    }
    for (const f of this.listeners) f("update", ct);
    return undefined;
  }
}

function signed(b: Uint8Array, at: number): number {
  return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
}

/** The zone that a CT target chose for this packet. */
function zoneOf(skb: Skb): number {
  return skb.nfctinfo >= ZONE_SHIFT ? Math.floor(skb.nfctinfo / ZONE_SHIFT) : 0;
}

/** Above the info bits: where `CT --zone` leaves its number until the packet is tracked. */
export const ZONE_SHIFT = 16;

/** As `-m conntrack --ctstate` calls it. */
export function stateName(skb: Skb): string {
  if (skb.nfct === undefined) return skb.nfctinfo === CTINFO.UNTRACKED ? "UNTRACKED" : "INVALID";
  switch (skb.nfctinfo % CTINFO.IS_REPLY) {
    case CTINFO.ESTABLISHED:
      return "ESTABLISHED";
    case CTINFO.RELATED:
      return "RELATED";
    default:
      return "NEW";
  }
}
