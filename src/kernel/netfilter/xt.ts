/** Matches and targets of iptables as operations: net/netfilter/xt_*.c, net/ipv4/netfilter/ipt_*.c. */
import { getU16, getU32, setU16 } from "../../base/bytes.ts";
import { SECOND } from "../../sim/time.ts";
import { updated } from "../../wire/checksum.ts";
import { macKey } from "../../wire/ethernet.ts";
import { IPPROTO, IPV4 } from "../../wire/ipv4.ts";
import { type Conn, CTINFO, directionOf, IPS } from "../conntrack/entry.ts";
import { CTEVENT, ZONE_SHIFT } from "../conntrack/conntrack.ts";
import type { NetDevice } from "../netdev/device.ts";
import { type Compiled, Counter, isOutHook, type Op, type Pkt, type Table, VERDICT } from "./core.ts";
import { MANIP, manipOf, type NatRange } from "./nat.ts";
import { reject } from "./reject.ts";
import { type AddrMask, CT_STATE, CT_STATUS, type NameMatch, type PortRange, type XtMatch, type XtNat, type XtRule, type XtTarget } from "./types.ts";

type Test = (p: Pkt) => boolean;

const { CONTINUE, BREAK, ACCEPT, DROP, RETURN, JUMP, GOTO } = VERDICT;

/** The rule's own part (addresses, devices, protocol), its matches in order, the counter, the target. */
export function compileXt(rule: XtRule, table: Table): Compiled {
  const ops: Op[] = [];
  const head = compileHead(rule);
  if (head !== undefined) ops.push((p) => (head(p) ? CONTINUE : BREAK));
  for (const m of rule.matches) {
    const test = compileMatch(m);
    if (test !== undefined) ops.push((p) => (test(p) ? CONTINUE : BREAK));
  }
  const counter = new Counter();
  counter.packets = rule.counters.packets;
  counter.bytes = rule.counters.bytes;
  ops.push((p) => {
    counter.packets++;
    counter.bytes += p.skb.tail - p.skb.network;
    return CONTINUE;
  });
  const target = compileTarget(rule.target, table);
  if (target !== undefined) ops.push(target);
  const needsConntrack = rule.matches.some((m) => m.name === "conntrack" || m.name === "state" || m.name === "connmark") || needsCt(rule.target);
  return { ops, counter, needsConntrack };
}

function needsCt(t: XtTarget): boolean {
  switch (t.name) {
    case "SNAT": case "DNAT": case "MASQUERADE": case "REDIRECT": case "NETMAP": case "CONNMARK":
      return true;
    case "CT":
      return !t.notrack;
    default:
      return false;
  }
}

// -- the rule's own part ----------------------------------------------------------------------------------------------

function compileHead(r: XtRule): Test | undefined {
  const tests: Test[] = [];
  const { src, dst, iif, oif, proto, frag } = r;
  if (src !== undefined) tests.push(addressTest(src, IPV4.src));
  if (dst !== undefined) tests.push(addressTest(dst, IPV4.dst));
  if (iif !== undefined) {
    const t = nameTest(iif);
    tests.push((p) => t(p.indev));
  }
  if (oif !== undefined) {
    const t = nameTest(oif);
    tests.push((p) => t(p.outdev));
  }
  if (proto !== undefined && proto.number !== 0) {
    const { number, inv } = proto;
    tests.push(inv ? (p) => p.protocol !== number : (p) => p.protocol === number);
  }
  if (frag !== undefined) tests.push((p) => p.fragment !== frag.inv);
  if (tests.length === 0) return undefined;
  if (tests.length === 1) return tests[0];
  const [a, b] = tests as [Test, Test];
  if (tests.length === 2) return (p) => a(p) && b(p);
  return (p) => tests.every((t) => t(p));
}

function addressTest(a: AddrMask, offset: number): Test {
  const addr = a.addr | 0;
  const mask = a.mask | 0;
  const inv = a.inv;
  return (p) => {
    const b = p.skb.bytes;
    const at = p.skb.network + offset;
    return ((((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) & mask) === addr) !== inv;
  };
}

/** A name, or with a + at its end a beginning of names. */
export function nameTest(n: NameMatch): (dev: NetDevice | undefined) => boolean {
  const { name, inv } = n;
  if (name.endsWith("+")) {
    const prefix = name.slice(0, -1);
    return (d) => (d?.name ?? "").startsWith(prefix) !== inv;
  }
  return (d) => ((d?.name ?? "") === name) !== inv;
}

// -- matches ----------------------------------------------------------------------------------------------------------

const inRange = (v: number, r: { low: number; high: number }): boolean => v >= r.low && v <= r.high;

function portTest(r: PortRange, offset: number): Test {
  const { low, high, inv } = r;
  return (p) => {
    const b = p.skb.bytes;
    const at = p.skb.transport + offset;
    const port = (b[at]! << 8) | b[at + 1]!;
    return (port >= low && port <= high) !== inv;
  };
}

/** undefined: it always matches. */
function compileMatch(m: XtMatch): Test | undefined {
  switch (m.name) {
    case "comment":
      return undefined;
    case "tcp":
      return compileTcp(m);
    case "udp": {
      const s = m.spt === undefined ? undefined : portTest(m.spt, 0);
      const d = m.dpt === undefined ? undefined : portTest(m.dpt, 2);
      return (p) => !p.fragment && p.skb.tail - p.skb.transport >= 8 && (s === undefined || s(p)) && (d === undefined || d(p));
    }
    case "icmp":
      return (p) => {
        if (p.fragment) return false;
        const b = p.skb.bytes;
        const at = p.skb.transport;
        return ((m.type === 255 || (b[at] === m.type && b[at + 1]! >= m.low && b[at + 1]! <= m.high))) !== m.inv;
      };
    case "conntrack": case "state":
      return compileConntrack(m);
    case "multiport": {
      const { ports, side, inv } = m;
      return (p) => {
        if (p.fragment || p.skb.tail - p.skb.transport < 4) return false;
        const s = getU16(p.skb.bytes, p.skb.transport);
        const d = getU16(p.skb.bytes, p.skb.transport + 2);
        const hit = ports.some((r) => (side !== "dest" && inRange(s, r)) || (side !== "source" && inRange(d, r)));
        return hit !== inv;
      };
    }
    case "mark": {
      const { mark, mask, inv } = m;
      return (p) => ((p.skb.mark & mask) >>> 0 === mark) !== inv;
    }
    case "connmark": {
      const { mark, mask, inv } = m;
      return (p) => {
        const ct = p.skb.nfct as Conn | undefined;
        return ct !== undefined && ((ct.mark & mask) >>> 0 === mark) !== inv;
      };
    }
    case "addrtype":
      return compileAddrtype(m);
    case "mac": {
      const key = macKey(m.addr, 0);
      return (p) => {
        const { skb } = p;
        if (skb.mac < 0 || skb.mac + 14 > skb.network || p.indev === undefined) return false;
        return (macKey(skb.bytes, skb.mac + 6) === key) !== m.inv;
      };
    }
    case "limit":
      return compileLimit(m.period, m.burst);
    case "statistic":
      return compileStatistic(m);
    case "set":
      return (p) => {
        const set = p.ns.ipsets.get(m.set);
        return set !== undefined && p.ns.ipsets.test(set, p, m.dims) !== m.inv;
      };
    case "iprange":
      return (p) => {
        const b = p.skb.bytes;
        const at = p.skb.network;
        if (m.src !== undefined && inRange(getU32(b, at + IPV4.src), m.src) === m.src.inv) return false;
        return m.dst === undefined || inRange(getU32(b, at + IPV4.dst), m.dst) !== m.dst.inv;
      };
    case "physdev":
      return (p) => {
        const from = p.ns.bridgeNf.physin(p.skb);
        const to = p.ns.bridgeNf.physout(p.skb);
        if (m.isBridged !== undefined && (from !== undefined && to !== undefined) === m.isBridged.inv) return false;
        if (m.isIn !== undefined && (from !== undefined) === m.isIn.inv) return false;
        if (m.isOut !== undefined && (to !== undefined) === m.isOut.inv) return false;
        if (m.in !== undefined && !nameTest(m.in)(from)) return false;
        return m.out === undefined || nameTest(m.out)(to);
      };
    case "owner":
      return (p) => {
        // Programs here run as root; packets of no socket (answers of the kernel) have no owner.
        const owned = isOutHook(p.hook) && p.indev === undefined && (p.protocol !== IPPROTO.ICMP || p.skb.bytes[p.skb.transport] === 8);
        if (m.socket !== undefined && owned === m.socket.inv) return false;
        if (m.uid !== undefined && (owned && inRange(0, m.uid)) === m.uid.inv) return false;
        return m.gid === undefined || (owned && inRange(0, m.gid)) !== m.gid.inv;
      };
    case "recent":
      return compileRecent(m);
    case "ttl":
      return (p) => {
        const ttl = p.skb.bytes[p.skb.network + IPV4.ttl]!;
        return m.op === "eq" ? ttl === m.ttl : m.op === "ne" ? ttl !== m.ttl : m.op === "lt" ? ttl < m.ttl : ttl > m.ttl;
      };
    case "length":
      return (p) => inRange(p.skb.tail - p.skb.network, m) !== m.inv;
    case "pkttype":
      return (p) => (p.skb.pktType === m.type) !== m.inv;
    case "tos":
      return (p) => ((p.skb.bytes[p.skb.network + 1]! & m.mask) === m.value) !== m.inv;
    case "dscp":
      return (p) => (p.skb.bytes[p.skb.network + 1]! >> 2 === m.value) !== m.inv;
    case "rpfilter":
      return (p) => {
        if (p.indev === undefined) return true;
        if ((p.indev.flags & 8) !== 0) return !m.inv;
        const r = p.ns.routes.output({ dst: getU32(p.skb.bytes, p.skb.network + IPV4.src), mark: m.validmark ? p.skb.mark : 0 });
        const good = r.ok && (r.value.type === "unicast" || (m.acceptLocal && r.value.type === "local")) && (m.loose || r.value.dev === p.indev);
        return good !== m.inv;
      };
  }
}

function compileTcp(m: XtMatch & { name: "tcp" }): Test {
  const s = m.spt === undefined ? undefined : portTest(m.spt, 0);
  const d = m.dpt === undefined ? undefined : portTest(m.dpt, 2);
  const { flags, option } = m;
  return (p) => {
    if (p.fragment || p.skb.tail - p.skb.transport < 20) return false;
    if (s !== undefined && !s(p)) return false;
    if (d !== undefined && !d(p)) return false;
    if (flags !== undefined && ((p.skb.bytes[p.skb.transport + 13]! & flags.mask) === flags.cmp) === flags.inv) return false;
    return option === undefined || hasOption(p, option.kind) !== option.inv;
  };
}

function hasOption(p: Pkt, kind: number): boolean {
  const b = p.skb.bytes;
  const at = p.skb.transport;
  const end = at + (b[at + 12]! >> 4) * 4;
  for (let i = at + 20; i < end; ) {
    if (b[i] === kind) return true;
    if (b[i] === 0) return false;
    i += b[i] === 1 ? 1 : b[i + 1]! < 2 ? 1 : b[i + 1]!;
  }
  return false;
}

/** State of a packet as bits of CT_STATE. */
export function stateBits(p: Pkt): number {
  const ct = p.skb.nfct as Conn | undefined;
  if (ct === undefined) return p.skb.nfctinfo === CTINFO.UNTRACKED ? CT_STATE.UNTRACKED : CT_STATE.INVALID;
  const base = p.skb.nfctinfo % CTINFO.IS_REPLY;
  let bits: number = base === CTINFO.ESTABLISHED ? CT_STATE.ESTABLISHED : base === CTINFO.RELATED ? CT_STATE.RELATED : CT_STATE.NEW;
  if ((ct.status & IPS.SRC_NAT) !== 0) bits |= CT_STATE.SNAT;
  if ((ct.status & IPS.DST_NAT) !== 0) bits |= CT_STATE.DNAT;
  return bits;
}

function compileConntrack(m: XtMatch & { name: "conntrack" | "state" }): Test {
  if (m.state !== undefined && Object.keys(m).length === 2) {
    const { bits, inv } = m.state;
    return (p) => ((stateBits(p) & bits) !== 0) !== inv;
  }
  return (p) => {
    if (m.state !== undefined && ((stateBits(p) & m.state.bits) !== 0) === m.state.inv) return false;
    const ct = p.skb.nfct as Conn | undefined;
    if (ct === undefined) return m.state !== undefined;
    if (m.dir !== undefined && ((directionOf(p.skb.nfctinfo) === 1) === m.dir.reply) === m.dir.inv) return false;
    const addr = (a: AddrMask | undefined, v: number): boolean => a === undefined || ((v & a.mask) === (a.addr | 0)) !== a.inv;
    const { original: o, reply: r } = ct;
    if (!addr(m.origSrc, o.src) || !addr(m.origDst, o.dst) || !addr(m.replSrc, r.src) || !addr(m.replDst, r.dst)) return false;
    const port = (x: PortRange | undefined, v: number): boolean => x === undefined || inRange(v, x) !== x.inv;
    if (!port(m.origSport, o.sport) || !port(m.origDport, o.dport) || !port(m.replSport, r.sport) || !port(m.replDport, r.dport)) return false;
    if (m.proto !== undefined && (ct.protocol === m.proto.number) === m.proto.inv) return false;
    if (m.status !== undefined && ((statusBits(ct) & m.status.bits) !== 0 || (m.status.bits === CT_STATUS.NONE && statusBits(ct) === 0)) === m.status.inv) return false;
    if (m.expire !== undefined) {
      const left = ct.confirmed ? Math.floor((ct.expires - p.ns.sim.clock.now) / SECOND) : 0;
      if (inRange(left, m.expire) === m.expire.inv) return false;
    }
    return true;
  };
}

function statusBits(ct: Conn): number {
  return ((ct.status & IPS.SEEN_REPLY) !== 0 ? CT_STATUS.SEEN_REPLY : 0) | ((ct.status & IPS.ASSURED) !== 0 ? CT_STATUS.ASSURED : 0) | (ct.confirmed ? CT_STATUS.CONFIRMED : 0);
}

function compileAddrtype(m: XtMatch & { name: "addrtype" }): Test {
  const is = (p: Pkt, a: number, types: readonly string[]): boolean => {
    const dev = m.limit === "in" ? p.indev : m.limit === "out" ? p.outdev : undefined;
    const type = p.ns.fib.typeOf(a, dev);
    return types.includes(type.toUpperCase());
  };
  return (p) => {
    const b = p.skb.bytes;
    const at = p.skb.network;
    if (m.src !== undefined && is(p, getU32(b, at + IPV4.src), m.src.types) === m.src.inv) return false;
    return m.dst === undefined || is(p, getU32(b, at + IPV4.dst), m.dst.types) !== m.dst.inv;
  };
}

/** A bucket of `burst` packets that fills by one every `period`. */
export function compileLimit(period: number, burst: number): Test {
  const cap = period * burst;
  let credit = cap;
  let last = -1;
  return (p) => {
    const now = p.ns.sim.clock.now;
    if (last >= 0) credit = Math.min(credit + now - last, cap);
    last = now;
    if (credit < period) return false;
    credit -= period;
    return true;
  };
}

function compileStatistic(m: XtMatch & { name: "statistic" }): Test {
  if (m.mode === "random") {
    const { probability, inv } = m;
    return (p) => (p.ns.random.below(0x80000000) < probability) !== inv;
  }
  let count = m.every - 1 - m.packet;
  return () => {
    count = (count + 1) % m.every;
    return (count === m.every - 1) !== m.inv;
  };
}

function compileRecent(m: XtMatch & { name: "recent" }): Test {
  return (p) => {
    const list = p.ns.recent.list(m.list);
    const b = p.skb.bytes;
    const addr = (getU32(b, p.skb.network + (m.side === "source" ? IPV4.src : IPV4.dst)) & m.mask) >>> 0;
    const now = p.ns.sim.clock.now;
    const entry = list.get(addr);
    if (entry === undefined) {
      if (m.command !== "set") return m.inv;
      list.set(addr, [now]);
      return !m.inv;
    }
    let hit = true;
    if (m.command === "set") entry.push(now);
    else if (m.command === "remove") list.delete(addr);
    else {
      const since = m.seconds > 0 ? now - m.seconds * SECOND : Number.NEGATIVE_INFINITY;
      const hits = entry.filter((t) => t >= since).length;
      hit = hits >= Math.max(1, m.hits);
      if (hit && m.command === "update") entry.push(now);
      if (m.reap && m.seconds > 0) for (const [a, times] of list) if (times[times.length - 1]! < since) list.delete(a);
    }
    while (entry.length > 20) entry.shift(); // ip_pkt_list_tot
    return hit !== m.inv;
  };
}

// -- targets ----------------------------------------------------------------------------------------------------------

function compileTarget(t: XtTarget, table: Table): Op | undefined {
  switch (t.name) {
    case "":
      return undefined;
    case "ACCEPT":
      return () => ACCEPT;
    case "DROP":
      return () => DROP;
    case "RETURN":
      return () => RETURN;
    case "jump": case "goto": {
      const chain = table.chains.get(t.chain)!;
      const v = t.name === "jump" ? JUMP : GOTO;
      return (p) => {
        p.target = chain;
        return v;
      };
    }
    case "REJECT":
      return (p) => {
        reject(p, t.with);
        return DROP;
      };
    case "LOG":
      return (p) => {
        if (p.ns.sim.trace.on) p.ns.report(p.skb, "netfilter", "pass", p.indev ?? p.outdev, `${table.name}: LOG ${t.prefix}`, "");
        return CONTINUE;
      };
    case "MARK":
      return (p) => {
        p.skb.mark = ((p.skb.mark & ~t.mask) ^ t.mark) >>> 0;
        return CONTINUE;
      };
    case "CONNMARK":
      return (p) => {
        const ct = p.skb.nfct as Conn | undefined;
        if (ct === undefined) return CONTINUE;
        if (t.mode === "restore") p.skb.mark = ((p.skb.mark & ~t.nfmask) ^ (ct.mark & t.ctmask)) >>> 0;
        else {
          const value = t.mode === "set" ? ((ct.mark & ~t.mask) ^ t.mark) >>> 0 : ((ct.mark & ~t.ctmask) ^ (p.skb.mark & t.nfmask)) >>> 0;
          if (value !== ct.mark) {
            ct.mark = value;
            ct.events |= CTEVENT.MARK;
          }
        }
        return CONTINUE;
      };
    case "SNAT": case "DNAT": {
      const range = rangeOf(t.nat);
      const manip = t.name === "SNAT" ? MANIP.SRC : MANIP.DST;
      return (p) => setupNat(p, range, manip);
    }
    case "MASQUERADE": {
      const range = rangeOf(t.nat);
      return (p) => masquerade(p, range);
    }
    case "REDIRECT": {
      const range = rangeOf(t.nat);
      return (p) => redirect(p, range);
    }
    case "NETMAP":
      return (p) => setupNat(p, { min: t.addr | 0, max: (t.addr | ~t.mask) | 0, netmask: t.mask | 0 }, manipOf(p.hook));
    case "TCPMSS":
      return (p) => {
        clampMss(p, t.clamp ? undefined : t.mss);
        return CONTINUE;
      };
    case "CT": case "NOTRACK":
      return (p) => {
        if (p.skb.nfct !== undefined) return CONTINUE;
        if (t.name === "NOTRACK" || t.notrack) p.skb.nfctinfo = CTINFO.UNTRACKED;
        else if (t.zone !== 0) p.skb.nfctinfo = t.zone * ZONE_SHIFT;
        return CONTINUE;
      };
    case "TTL":
      return (p) => {
        const { skb } = p;
        const old = skb.bytes[skb.network + IPV4.ttl]!;
        const now = t.mode === "set" ? t.value : t.mode === "inc" ? Math.min(255, old + t.value) : Math.max(0, old - t.value);
        if (now !== old) setOctet(p, IPV4.ttl, now);
        return CONTINUE;
      };
    case "TOS":
      return (p) => {
        const old = p.skb.bytes[p.skb.network + 1]!;
        const now = (old & ~t.mask) ^ t.value;
        if (now !== old) setOctet(p, 1, now);
        return CONTINUE;
      };
    case "DSCP":
      return (p) => {
        const old = p.skb.bytes[p.skb.network + 1]!;
        const now = (old & 3) | (t.value << 2);
        if (now !== old) setOctet(p, 1, now);
        return CONTINUE;
      };
    case "SET":
      return (p) => {
        const { ipsets } = p.ns;
        const add = t.add === undefined ? undefined : ipsets.get(t.add.set);
        if (add !== undefined) ipsets.addPacket(add, p, t.add!.dims, t.add!.exist, t.add!.timeout);
        const del = t.del === undefined ? undefined : ipsets.get(t.del.set);
        if (del !== undefined) ipsets.delPacket(del, p, t.del!.dims);
        return CONTINUE;
      };
  }
}

/** Changes one octet of the IP header and its checksum. */
export function setOctet(p: Pkt, offset: number, value: number): void {
  const { skb } = p;
  skb.unshare();
  const b = skb.bytes;
  const word = skb.network + (offset & ~1);
  const old = getU16(b, word);
  b[skb.network + offset] = value;
  setU16(b, skb.network + IPV4.checksum, updated(getU16(b, skb.network + IPV4.checksum), old, getU16(b, word)));
}

function rangeOf(n: XtNat): NatRange {
  const r: NatRange = { random: n.random || n.fullyRandom, persistent: n.persistent };
  if (n.min !== undefined) {
    r.min = n.min | 0;
    r.max = (n.max ?? n.min) | 0;
  }
  if (n.minPort !== undefined) {
    r.minPort = n.minPort;
    r.maxPort = n.maxPort ?? n.minPort;
  }
  if (n.basePort !== undefined) r.basePort = n.basePort;
  return r;
}

export function setupNat(p: Pkt, range: NatRange, manip: number): number {
  const ct = p.skb.nfct as Conn | undefined;
  if (ct === undefined) return DROP;
  return p.ns.nat.setup(ct, range, manip) ? ACCEPT : DROP;
}

/** nf_nat_masquerade_ipv4: the address that the way to the next hop prefers. */
export function masquerade(p: Pkt, range: NatRange): number {
  const ct = p.skb.nfct as Conn | undefined;
  if (ct === undefined) return DROP;
  const b = p.skb.bytes;
  const src = getU32(b, p.skb.network + IPV4.src);
  if (src === 0) return ACCEPT; // a packet without a source, as DHCP sends, stays
  const out = p.outdev!;
  const route = p.ns.routes.output({ dst: getU32(b, p.skb.network + IPV4.dst), oif: out.ifindex, mark: p.skb.mark });
  const gateway = route.ok ? (route.value.gateway ?? route.value.dst) : 0;
  const address = p.ns.selectAddress(out, gateway, 0);
  if (address === 0) return DROP;
  const ok = p.ns.nat.setup(ct, { ...range, min: address | 0, max: address | 0 }, MANIP.SRC);
  if (ok) ct.masqueradeIf = out.ifindex;
  return ok ? ACCEPT : DROP;
}

/** nf_nat_redirect_ipv4: to this machine itself. */
export function redirect(p: Pkt, range: NatRange): number {
  const ct = p.skb.nfct as Conn | undefined;
  if (ct === undefined) return DROP;
  const address = isOutHook(p.hook) ? 0x7f000001 : (p.indev?.inet?.addrs[0]?.local ?? 0);
  if (address === 0) return DROP;
  return p.ns.nat.setup(ct, { ...range, min: address | 0, max: address | 0 }, MANIP.DST) ? ACCEPT : DROP;
}

/** tcpmss_mangle_packet. `wanted` undefined: what the way there and the way back carry. */
function clampMss(p: Pkt, wanted: number | undefined): void {
  const { skb } = p;
  if (p.fragment || p.protocol !== IPPROTO.TCP || skb.tail - skb.transport < 20) return;
  let mss = wanted ?? 0;
  if (wanted === undefined) {
    const there = p.outdev?.mtu ?? 65535;
    const back = p.ns.routes.output({ dst: getU32(skb.bytes, skb.network + IPV4.src) });
    const mtu = Math.min(there, back.ok ? p.ns.routes.mtuOf(back.value) : 65535);
    if (mtu <= 40) return;
    mss = mtu - 40;
  }
  const at = skb.transport;
  const header = (skb.bytes[at + 12]! >> 4) * 4;
  for (let i = at + 20; i + 3 < at + header; ) {
    const kind = skb.bytes[i]!;
    if (kind === 0) break;
    if (kind === 1) {
      i++;
      continue;
    }
    const length = skb.bytes[i + 1]!;
    if (length < 2) break;
    if (kind === 2 && length === 4) {
      const old = getU16(skb.bytes, i + 2);
      if (old <= mss) return; // never raised
      const offset = i - skb.network;
      skb.unshare();
      const b = skb.bytes;
      const here = skb.network + offset + 2;
      setU16(b, here, mss);
      const sumAt = skb.transport + 16;
      // The option may stand at an odd place: then its octets belong to two words.
      const odd = ((here - skb.transport) & 1) === 1;
      const swap = (v: number): number => (odd ? ((v & 255) << 8) | (v >> 8) : v);
      setU16(b, sumAt, updated(getU16(b, sumAt), swap(old), swap(mss)));
      return;
    }
    i += length;
  }
}
