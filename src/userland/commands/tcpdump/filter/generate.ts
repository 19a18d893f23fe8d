/**
 * What each primitive of the filter language tests, for Ethernet and Linux cooked packets. Messages are libpcap's own: they
 * are what the person sees. Not here: MPLS, PPPoE, Geneve, protochain, gateway, and words for links this machine does not have.
 */
import { type Arith, and, type Condition, type Load, not, or } from "./condition.ts";
import { LINKTYPE } from "../../../../wire/pcap.ts";

export type Proto =
  | "ether" | "arp" | "rarp" | "ip" | "sctp" | "tcp" | "udp" | "icmp" | "igmp" | "igrp" | "pim" | "vrrp" | "carp" | "ip6" | "icmp6" | "ah" | "esp" | "atalk" | "aarp" | "decnet" | "lat" | "sca" | "moprc" | "mopdl" | "iso"
  | "stp" | "ipx" | "netbeui";
export type Direction = "src" | "dst" | "or" | "and";
export type AddressType = "host" | "net" | "port" | "portrange" | "proto";
/** Qualifiers of a primitive; "undefined" is that of something that had none to pass on. */
export interface Qualifier {
  proto?: Proto;
  dir?: Direction;
  addr?: AddressType | "undefined";
}
export const NOTHING: Qualifier = { addr: "undefined" };

/** Where names come from, and what is captured. */
export interface FilterEnv {
  linkType: number;
  /** Reading a file: there is no direction and no interface to ask for. */
  savefile: boolean;
  /** Addresses of a host name, IPv4. */
  host?(name: string): readonly number[];
  /** Port and protocols ("tcp", "udp") of a service name. */
  service?(name: string): { port: number; protocols: readonly ("tcp" | "udp")[] } | undefined;
  protocol?(name: string): number | undefined;
}

const ETHERTYPES: ReadonlyMap<string, number> = new Map([
  ["ip", 0x0800], ["arp", 0x0806], ["rarp", 0x8035], ["ip6", 0x86dd], ["atalk", 0x809b], ["aarp", 0x80f3], ["decnet", 0x6003], ["lat", 0x6004], ["sca", 0x6007], ["mopdl", 0x6001], ["moprc", 0x6002],
]);
const SAPS: ReadonlyMap<string, number> = new Map([["iso", 0xfe], ["stp", 0x42], ["ipx", 0xe0], ["netbeui", 0xf0]]);
/** `ether proto NAME`: those above and this one. */
const LOOPBACK = 0x9000;
/** IP protocol, and the network protocols it is looked for in. */
const IP_PROTOCOLS: ReadonlyMap<Proto, readonly [number, "ip" | "ip6" | "both"]> = new Map([
  ["sctp", [132, "both"]], ["tcp", [6, "both"]], ["udp", [17, "both"]], ["icmp", [1, "ip"]], ["igmp", [2, "ip"]], ["igrp", [9, "ip"]], ["pim", [103, "both"]], ["vrrp", [112, "ip"]], ["carp", [112, "ip"]],
  ["icmp6", [58, "ip6"]], ["ah", [51, "both"]], ["esp", [50, "both"]],
]);
const ETHERMTU = 1500;
const SLL_802_2 = 4;

export class Generator {
  /** The first thing that was wrong; everything after it is noise. */
  error: string | undefined;
  private readonly env: FilterEnv;
  /** Cooked capture, and its version. */
  private readonly sll: boolean;
  private readonly sllVersion: 1 | 2;
  /** Offsets of the type field and of what follows; `vlan` moves both for the rest of the filter. */
  private typeAt: number;
  private payloadAt: number;

  constructor(env: FilterEnv) {
    this.env = env;
    this.sll = env.linkType === LINKTYPE.LINUX_SLL2 || env.linkType === LINKTYPE.LINUX_SLL;
    this.sllVersion = env.linkType === LINKTYPE.LINUX_SLL ? 1 : 2;
    this.typeAt = !this.sll ? 12 : this.sllVersion === 1 ? 14 : 0;
    this.payloadAt = !this.sll ? 14 : this.sllVersion === 1 ? 16 : 20;
  }

  fail(message: string): Condition {
    this.error ??= message;
    return { kind: "constant", value: false };
  }

  private get linkName(): string {
    return this.sll ? `Linux cooked v${this.sllVersion}` : "Ethernet";
  }

  // -- tests ----------------------------------------------------------------------------------------------------------

  private test(at: number, size: 1 | 2 | 4, value: number, mask = 0xffffffff, relation: "=" | ">" | ">=" | "&" = "="): Condition {
    // libpcap's optimiser takes out a test of no bits, and the load with it.
    if (mask === 0) return { kind: "constant", value: value === 0 };
    return { kind: "test", load: { from: "packet", at, size }, mask: mask >>> 0, relation, value: value >>> 0 };
  }

  private payload(offset: number, size: 1 | 2 | 4, value: number, mask = 0xffffffff, relation: "=" | ">" | ">=" | "&" = "="): Condition {
    return this.test(this.payloadAt + offset, size, value, mask, relation);
  }

  private isLlc(): Condition {
    return this.sll ? this.test(this.typeAt, 2, SLL_802_2) : not(this.test(this.typeAt, 2, ETHERMTU, 0xffffffff, ">"));
  }

  private snap(oui: number, type: number): Condition {
    // AA AA 03, then OUI and type.
    return and(this.payload(0, 4, (0xaaaa0300 | (oui >>> 16)) >>> 0), this.payload(4, 4, ((oui & 0xffff) * 0x10000 + type) >>> 0));
  }

  /** Whether the link layer says so: an EtherType, or a SAP when it is no more than 1500. */
  linkType(type: number): Condition {
    // libpcap 1.10.3 has no rule of its own for version 2: a SAP is compared with the type field, and never there.
    if (this.sll && this.sllVersion === 2) return this.test(this.typeAt, 2, type);
    if (type === 0xfe || type === 0x06 || type === 0xf0) return and(this.isLlc(), this.payload(0, 2, (type << 8) | type));
    if (type === 0xe0) {
      const raw = this.sll ? this.test(this.typeAt, 2, 1) : undefined;
      const llc = or(this.payload(0, 1, 0xe0), raw ? this.snap(0, 0x8137) : or(this.payload(0, 2, 0xffff), this.snap(0, 0x8137)));
      const framed = raw ? or(raw, and(this.isLlc(), llc)) : and(this.isLlc(), llc);
      return or(this.test(this.typeAt, 2, 0x8137), framed);
    }
    if (type === 0x809b || type === 0x80f3) return or(this.test(this.typeAt, 2, type), and(this.isLlc(), type === 0x809b ? this.snap(0x080007, type) : this.snap(0, type)));
    if (type > ETHERMTU) return this.test(this.typeAt, 2, type);
    return and(this.isLlc(), this.payload(0, 1, type));
  }

  // -- hosts and networks ---------------------------------------------------------------------------------------------

  host(address: number, mask: number, q: Qualifier): Condition {
    const type = q.addr === "net" ? "net" : "host";
    switch (q.proto) {
      case undefined:
        return or(or(this.host(address, mask, { ...q, proto: "ip" }), this.host(address, mask, { ...q, proto: "arp" })), this.host(address, mask, { ...q, proto: "rarp" }));
      case "ip":
        return this.addresses(0x0800, address, mask, q.dir, 12, 16);
      case "arp":
      case "rarp":
        return this.addresses(ETHERTYPES.get(q.proto)!, address, mask, q.dir, 14, 24);
      case "ether":
        return this.fail(`link-layer modifier applied to ${type}`);
      case "ip6":
        return this.fail("'ip6' modifier applied to ip host");
      default:
        return this.fail(HOST_REFUSALS.get(q.proto) ?? `'${q.proto}' modifier applied to ${type}`);
    }
  }

  private addresses(ethertype: number, address: number, mask: number, dir: Direction | undefined, src: number, dst: number): Condition {
    const one = (offset: number): Condition => and(this.linkType(ethertype), this.payload(offset, 4, (address & mask) >>> 0, mask));
    return both(dir, one(src), one(dst));
  }

  host6(address: Uint8Array, prefixLen: number, q: Qualifier): Condition {
    if (q.proto !== undefined && q.proto !== "ip6") {
      const type = q.addr === "net" ? "net" : "host";
      return this.fail(q.proto === "ether" ? `link-layer modifier applied to ip6 ${type}` : q.proto === "atalk" ? `AppleTalk modifier applied to ip6 ${type}` : `'${q.proto}' modifier applied to ip6 ${type}`);
    }
    const one = (offset: number): Condition => {
      let c: Condition | undefined;
      for (let i = 12; i >= 0; i -= 4) {
        const bits = Math.max(0, Math.min(32, prefixLen - i * 8));
        const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
        const value = ((address[i]! << 24) | (address[i + 1]! << 16) | (address[i + 2]! << 8) | address[i + 3]!) & mask;
        const word = this.payload(offset + i, 4, value, mask);
        c = c ? and(word, c) : word;
      }
      return and(this.linkType(0x86dd), c!);
    };
    return both(q.dir, one(8), one(24));
  }

  ether(mac: Uint8Array, dir: Direction | undefined): Condition {
    if (this.sll) return this.fail("ethernet addresses supported only on ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel");
    const at = (offset: number): Condition =>
      and(this.test(offset + 2, 4, ((mac[2]! << 24) | (mac[3]! << 16) | (mac[4]! << 8) | mac[5]!) >>> 0), this.test(offset, 2, (mac[0]! << 8) | mac[1]!));
    return both(dir, at(6), at(0));
  }

  // -- ports ----------------------------------------------------------------------------------------------------------

  /** `protocols`: IP protocol numbers. One number is a range of one; its test is one comparison. */
  ports(low: number, high: number, protocols: readonly number[], dir: Direction | undefined): Condition {
    const [from, to] = low <= high ? [low, high] : [high, low];
    const first4: Load = { from: "packet", at: this.payloadAt, size: 2, iphl: this.payloadAt };
    const in4 = protocols.map((p) => and(and(this.payload(9, 1, p), this.notFragment()), both(dir, portTest(first4, from, to), portTest({ ...first4, at: this.payloadAt + 2 }, from, to)))).reduce(or);
    const first6: Load = { from: "packet", at: this.payloadAt + 40, size: 2 };
    const in6 = protocols.map((p) => and(this.payload(6, 1, p), both(dir, portTest(first6, from, to), portTest({ ...first6, at: this.payloadAt + 42 }, from, to)))).reduce(or);
    return or(and(this.linkType(0x86dd), in6), and(this.linkType(0x0800), in4));
  }

  private notFragment(): Condition {
    return not(this.payload(6, 2, 0x1fff, 0xffffffff, "&"));
  }

  // -- protocols ------------------------------------------------------------------------------------------------------

  /** `ip proto 47` and the like. */
  protocol(number: number, q: Qualifier): Condition {
    if (q.dir !== undefined) return this.fail("direction applied to 'proto'");
    switch (q.proto) {
      case undefined:
        return or(this.protocol(number, { proto: "ip" }), this.protocol(number, { proto: "ip6" }));
      case "ether":
        return this.linkType(number);
      case "ip":
        return and(this.linkType(0x0800), this.payload(9, 1, number));
      case "ip6":
        return and(this.linkType(0x86dd), or(this.payload(6, 1, number), and(this.payload(6, 1, 44), this.payload(40, 1, number))));
      default:
        return this.fail(PROTO_REFUSALS.get(q.proto) ?? `'${q.proto} proto' is bogus`);
    }
  }

  /** A protocol's name alone: `arp`, `icmp`. */
  named(proto: Proto): Condition {
    if (proto === "ether") return this.fail("link layer applied in wrong context");
    const inIp = IP_PROTOCOLS.get(proto);
    if (inIp) return this.protocol(inIp[0], inIp[1] === "both" ? {} : { proto: inIp[1] });
    return this.linkType(ETHERTYPES.get(proto) ?? SAPS.get(proto)!);
  }

  // -- names and numbers as operands ------------------------------------------------------------------------------------

  /** A bare number. */
  number(value: number, q: Qualifier): Condition {
    switch (q.addr) {
      case "undefined":
        return this.fail("syntax error in filter expression");
      case "proto":
        return this.protocol(value, q);
      case "port":
      case "portrange": {
        const protocols = this.portProtocols(q);
        if (protocols === undefined) return this.fail(`illegal qualifier of '${q.addr}'`);
        if (value > 65535) return this.fail(`illegal port number ${value} > 65535`);
        return this.ports(value, value, protocols, q.dir);
      }
      default: {
        if (q.proto === "ether") return this.fail("illegal link layer address");
        let [address, mask] = [value, 0xffffffff];
        // `net 10` is 10.0.0.0/8.
        while (q.addr === "net" && address !== 0 && (address & 0xff000000) === 0) [address, mask] = [(address << 8) >>> 0, (mask << 8) >>> 0];
        return this.host(address, mask, q);
      }
    }
  }

  private portProtocols(q: Qualifier): readonly number[] | undefined {
    if (q.proto === undefined) return [6, 17, 132];
    return q.proto === "tcp" ? [6] : q.proto === "udp" ? [17] : q.proto === "sctp" ? [132] : undefined;
  }

  /** One to four numbers between dots. */
  dotted(text: string, q: Qualifier): Condition {
    if (q.addr === "port" || q.addr === "portrange" || q.addr === "proto") return this.fail(`'${q.addr}' modifier applied to ip host`);
    const parts = this.address(text);
    if (parts === undefined) return this.fail(`invalid IPv4 address '${text}'`);
    if (q.addr === "undefined") return this.fail("syntax error in filter expression");
    if (q.proto === "ether") return this.fail("illegal link layer address");
    const shift = 32 - parts.bits;
    return this.host((parts.value << shift) >>> 0, (0xffffffff << shift) >>> 0, q);
  }

  private address(text: string): { value: number; bits: number } | undefined {
    let value = 0;
    const parts = text.split(".");
    for (const p of parts) {
      if (!/^[0-9]+$/.test(p) || Number(p) > 255) return undefined;
      value = value * 256 + Number(p);
    }
    return { value, bits: parts.length * 8 };
  }

  /** `10.0.0.0/8` or `10.0.0.0 mask 255.0.0.0`. */
  network(text: string, mask: { length: number } | { text: string }, q: Qualifier): Condition {
    const n = this.address(text);
    if (n === undefined) return this.fail(`invalid IPv4 address '${text}'`);
    const address = n.bits === 32 ? n.value : (n.value << (32 - n.bits)) >>> 0;
    let m = 0;
    if ("text" in mask) {
      const parsed = this.address(mask.text);
      if (parsed === undefined) return this.fail(`invalid IPv4 address '${mask.text}'`);
      m = parsed.bits === 32 ? parsed.value : (parsed.value << (32 - parsed.bits)) >>> 0;
      if ((address & ~m) !== 0) return this.fail(`non-network bits set in "${text} mask ${mask.text}"`);
    } else {
      if (mask.length > 32) return this.fail("mask length must be <= 32");
      m = mask.length === 0 ? 0 : (0xffffffff << (32 - mask.length)) >>> 0;
      if ((address & ~m) !== 0) return this.fail(`non-network bits set in "${text}/${mask.length}"`);
    }
    return q.addr === "net" ? this.host(address, m, q) : this.fail("Mask syntax for networks only");
  }

  network6(text: string, address: Uint8Array, length: number, q: Qualifier): Condition {
    if (length > 128) return this.fail("mask length must be <= 128");
    for (let bit = length; bit < 128; bit++) if (((address[bit >> 3]! >> (7 - (bit & 7))) & 1) !== 0) return this.fail(`non-network bits set in "${text}/${length}"`);
    if (q.addr === undefined || q.addr === "host") return length === 128 ? this.host6(address, length, q) : this.fail("Mask syntax for networks only");
    return q.addr === "net" ? this.host6(address, length, q) : this.fail("invalid qualifier against IPv6 address");
  }

  macAddress(mac: Uint8Array, q: Qualifier): Condition {
    if ((q.addr === "host" || q.addr === undefined) && q.proto === "ether") return this.ether(mac, q.dir);
    return this.fail("ethernet address used in non-ether expression");
  }

  name(name: string, q: Qualifier): Condition {
    switch (q.addr) {
      case "undefined":
        return this.fail("syntax error in filter expression");
      case "net":
        return this.fail(`unknown network '${name}'`);
      case "port":
      case "portrange":
        return this.namedPorts(name, q);
      case "proto":
        return this.namedProtocol(name, q);
      default: {
        if (q.proto === "ether" && this.sll) return this.fail("only ethernet/FDDI/token ring/802.11/ATM LANE/Fibre Channel supports link-level host name");
        if (q.proto === "ether") return this.fail(`unknown ether host '${name}'`);
        const addresses = this.env.host?.(name) ?? [];
        if (addresses.length === 0) return this.fail(`unknown host '${name}'`);
        return addresses.map((a) => this.host(a, 0xffffffff, q)).reduce(or);
      }
    }
  }

  private namedProtocol(name: string, q: Qualifier): Condition {
    if (q.proto === undefined || q.proto === "ip" || q.proto === "ip6") {
      const number = this.env.protocol?.(name);
      return number === undefined ? this.fail(`unknown ip proto '${name}'`) : this.protocol(number, q);
    }
    if (q.proto === "ether") {
      const number = ETHERTYPES.get(name) ?? (name === "loopback" ? LOOPBACK : SAPS.get(name));
      return number === undefined ? this.fail(`unknown ether proto '${name}'`) : this.protocol(number, q);
    }
    return this.fail(q.proto === "iso" ? `unknown osi proto '${name}'` : `unknown protocol: ${name}`);
  }

  private namedPorts(name: string, q: Qualifier): Condition {
    const range = q.addr === "portrange";
    const where = range ? "port in range" : "port";
    if (this.portProtocols(q) === undefined) return this.fail(`illegal qualifier of '${q.addr}'`);
    const found = range ? this.portRange(name) : this.service(name);
    if (found === undefined) return this.fail(range ? `unknown port in range '${name}'` : `unknown port '${name}'`);
    const wanted = q.proto === "tcp" ? 6 : q.proto === "udp" ? 17 : q.proto === "sctp" ? 132 : undefined;
    if (wanted !== undefined && found.protocol !== undefined && found.protocol !== wanted) return this.fail(`${where} '${name}' is ${found.protocol === 6 ? "tcp" : "udp"}`);
    for (const p of [found.low, found.high]) if (p > 65535) return this.fail(`illegal port number ${p} > 65535`);
    const protocol = wanted ?? found.protocol;
    return this.ports(found.low, found.high, protocol === undefined ? [6, 17, 132] : [protocol], q.dir);
  }

  /** `protocol` undefined: any. */
  private service(name: string): { low: number; high: number; protocol: number | undefined } | undefined {
    const s = this.env.service?.(name);
    if (s === undefined) return undefined;
    return { low: s.port, high: s.port, protocol: s.protocols.length > 1 ? undefined : s.protocols[0] === "tcp" ? 6 : 17 };
  }

  private portRange(name: string): { low: number; high: number; protocol: number | undefined } | undefined {
    const numbers = /^([0-9]+)-([0-9]+)/.exec(name);
    if (numbers) return { low: Number(numbers[1]), high: Number(numbers[2]), protocol: undefined };
    const dash = name.indexOf("-");
    if (dash < 0) return undefined;
    const [a, b] = [name.slice(0, dash), name.slice(dash + 1)].map((n) => (/^[0-9]+$/.test(n) ? { low: Number(n), protocol: undefined } : this.service(n)));
    if (!a || !b) return undefined;
    return { low: a.low, high: b.low, protocol: a.protocol === b.protocol ? a.protocol : undefined };
  }

  // -- the others -------------------------------------------------------------------------------------------------------

  broadcast(proto: Proto | undefined): Condition {
    if (proto === undefined || proto === "ether") return this.sll ? this.fail("not a broadcast link") : this.ether(new Uint8Array(6).fill(255), "dst");
    // tcpdump passes no netmask, so that only 0.0.0.0 and 255.255.255.255 match.
    if (proto === "ip") return and(this.linkType(0x0800), or(this.payload(16, 4, 0), this.payload(16, 4, 0xffffffff)));
    return this.fail("only link-layer/IP broadcast filters supported");
  }

  multicast(proto: Proto | undefined): Condition {
    if ((proto === undefined || proto === "ether") && !this.sll) return this.test(0, 1, 1, 0xffffffff, "&");
    if (proto === "ip") return and(this.linkType(0x0800), this.payload(16, 1, 224, 0xffffffff, ">="));
    if (proto === "ip6") return and(this.linkType(0x86dd), this.payload(24, 1, 255));
    return this.fail("link-layer multicast filters supported only on ethernet/FDDI/token ring/ARCNET/802.11/ATM LANE/Fibre Channel");
  }

  length(relation: ">" | ">=", value: number): Condition {
    return { kind: "test", load: { from: "length" }, mask: 0xffffffff, relation, value };
  }

  byte(at: number, relation: "=" | "<" | ">", value: number): Condition {
    if (relation === "<") return not(this.test(at, 1, value, 0xffffffff, ">="));
    return this.test(at, 1, value, 0xffffffff, relation);
  }

  /** `inbound` and `outbound`. */
  direction(outbound: boolean): Condition {
    let out: Condition;
    if (this.sll) out = this.sllVersion === 1 ? this.test(0, 2, 4) : this.test(10, 1, 4);
    else if (this.env.savefile) return this.fail(`inbound/outbound not supported on ${this.linkName} when reading savefiles`);
    else out = { kind: "test", load: { from: "packetType" }, mask: 0xffffffff, relation: "=", value: 4 };
    return outbound ? out : not(out);
  }

  ifindex(index: number): Condition {
    if (this.sll && this.sllVersion === 2) return this.test(4, 4, index);
    if (this.env.savefile) return this.fail(`ifindex not supported on ${this.linkName} when reading savefiles`);
    return { kind: "test", load: { from: "ifindex" }, mask: 0xffffffff, relation: "=", value: index };
  }

  /** Tests for a tag, and moves what the rest of the filter looks at behind it. */
  vlan(vid: number | undefined): Condition {
    if (this.sll) return this.fail(`no VLAN support for ${this.linkName}`);
    let c = or(or(this.linkType(0x8100), this.linkType(0x88a8)), this.linkType(0x9100));
    if (vid !== undefined) {
      if (vid > 0xfff) return this.fail(`VLAN tag ${vid} greater than maximum 4095`);
      c = and(c, this.payload(0, 2, vid, 0xfff));
    }
    this.typeAt += 4;
    this.payloadAt += 4;
    return c;
  }

  /** `llc`, or of a kind: i, s, u. */
  llc(kind: string | undefined): Condition {
    const wanted = kind === undefined ? undefined : LLC_KINDS.get(kind.toLowerCase());
    if (kind !== undefined && wanted === undefined) return this.fail(`unknown LLC type name "${kind}"`);
    if (this.sll) return this.fail(`'llc' not supported for ${this.linkName}`);
    const any = and(this.isLlc(), not(this.payload(0, 2, 0xffff)));
    if (wanted === undefined) return any;
    return and(any, this.payload(2, 1, wanted[0], wanted[1]));
  }

  // -- arithmetic -------------------------------------------------------------------------------------------------------

  /** `proto[index:size]`, with the tests that must hold for it to mean anything. */
  index(proto: Proto, index: Guarded, size: number): Guarded {
    if (size !== 1 && size !== 2 && size !== 4) {
      this.fail("data size must be 1, 2, or 4");
      return index;
    }
    if (proto === "ether") return { arith: indexed(0, undefined, size, index.arith), guard: index.guard };
    const guarded = (own: Condition): Condition => (index.guard ? and(index.guard, own) : own);
    if (INDEX_NETWORK.includes(proto)) return { arith: indexed(this.payloadAt, undefined, size, index.arith), guard: guarded(this.named(proto)) };
    if (INDEX_TRANSPORT.includes(proto)) {
      const own = and(this.named(proto), this.notFragment());
      return { arith: indexed(this.payloadAt, this.payloadAt, size, index.arith), guard: and(this.named("ip"), guarded(own)) };
    }
    if (proto === "icmp6") return { arith: indexed(this.payloadAt + 40, undefined, size, index.arith), guard: and(guarded(this.named("ip6")), this.payload(6, 1, 58)) };
    this.fail("unsupported index operation");
    return index;
  }
}

/** A number and the tests that come before it. */
export interface Guarded {
  arith: Arith;
  guard: Condition | undefined;
}

const INDEX_NETWORK: readonly Proto[] = ["ip", "arp", "rarp", "atalk", "decnet", "sca", "lat", "moprc", "mopdl", "ip6"];
const INDEX_TRANSPORT: readonly Proto[] = ["sctp", "tcp", "udp", "icmp", "igmp", "igrp", "pim", "vrrp", "carp"];

/** A fixed index is a plain load, so that equal tests are seen to be equal. */
function indexed(base: number, iphl: number | undefined, size: 1 | 2 | 4, index: Arith): Arith {
  if (index.kind !== "number" || index.value > 0xffff) return { kind: "index", base, iphl, size, index };
  const load: Load = iphl === undefined ? { from: "packet", at: base + index.value, size } : { from: "packet", at: base + index.value, size, iphl };
  return { kind: "load", load, literal: index.value };
}

function both(dir: Direction | undefined, src: Condition, dst: Condition): Condition {
  if (dir === "src") return src;
  if (dir === "dst") return dst;
  return dir === "and" ? and(src, dst) : or(src, dst);
}

function portTest(load: Load, from: number, to: number): Condition {
  const test = (relation: "=" | ">" | ">=", value: number): Condition => ({ kind: "test", load, mask: 0xffffffff, relation, value });
  return from === to ? test("=", from) : and(test(">=", from), not(test(">", to)));
}

const LLC_KINDS: ReadonlyMap<string, readonly [value: number, mask: number]> = new Map([
  ["i", [0, 1]], ["s", [1, 3]], ["u", [3, 3]], ["rr", [1, 0xff]], ["rnr", [5, 0xff]], ["rej", [9, 0xff]], ["ui", [3, 0xef]], ["ua", [0x63, 0xef]], ["disc", [0x43, 0xef]], ["sabme", [0x6f, 0xef]],
  ["test", [0xe3, 0xef]], ["xid", [0xaf, 0xef]], ["frmr", [0x87, 0xef]],
]);
const HOST_REFUSALS: ReadonlyMap<Proto, string> = new Map([
  ["atalk", "AppleTalk host filtering not implemented"], ["lat", "LAT host filtering not implemented"], ["sca", "SCA host filtering not implemented"], ["moprc", "MOPRC host filtering not implemented"],
  ["mopdl", "MOPDL host filtering not implemented"], ["aarp", "AARP host filtering not implemented"], ["iso", "ISO host filtering not implemented"], ["ipx", "IPX host filtering not implemented"],
]);
const PROTO_REFUSALS: ReadonlyMap<Proto, string> = new Map([
  ["arp", "arp does not encapsulate another protocol"], ["rarp", "rarp does not encapsulate another protocol"], ["atalk", "AppleTalk encapsulation is not specifiable"],
  ["decnet", "DECNET encapsulation is not specifiable"], ["lat", "LAT does not encapsulate another protocol"], ["sca", "SCA does not encapsulate another protocol"],
  ["moprc", "MOPRC does not encapsulate another protocol"], ["mopdl", "MOPDL does not encapsulate another protocol"],
]);
