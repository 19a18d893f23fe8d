/** ping over IPv6, a raw socket of ICMPv6: iputils 20221126 ping/ping6_common.c. */
import { getU16 } from "../../../base/bytes.ts";
import type { Waitable } from "../../../base/wait-queue.ts";
import { type Errno, type RawSock, type Raw6Sock, type Received6, strerror } from "../../../kernel/api.ts";
import { ICMP, ICMP_LEN } from "../../../wire/icmp.ts";
import { ICMPV6_TYPE } from "../../../wire/icmpv6.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
import type { Process, Run } from "../../process.ts";
import { gaiStrerror, hostOf6, resolveHost } from "../../resolver.ts";
import { PING_USAGE } from "./options.ts";
import { microseconds, Ping, timevalOf } from "./ping4.ts";
import { timeText } from "./text.ts";

const ICMPV6 = 58;
const TIMEVAL_LEN = 16;
const ANY = new Uint8Array(16);

const isLinkLocal = (a: Uint8Array): boolean => a[0] === 0xfe && (a[1]! & 0xc0) === 0x80;
const isMulticast = (a: Uint8Array): boolean => a[0] === 0xff;
const isLinkGroup = (a: Uint8Array): boolean => isMulticast(a) && (a[1]! & 15) === 2;
const isAny = (a: Uint8Array): boolean => a.every((b) => b === 0);
const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((x, i) => x === b[i]);

/** The device behind the % of an address; undefined: there is none of that name. */
export function zoneOf(proc: Process, text: string): number | undefined {
  const at = text.indexOf("%");
  if (at < 0) return 0;
  const zone = text.slice(at + 1);
  return proc.netns.rtnl.link(zone)?.ifindex ?? (/^[0-9]+$/.test(zone) ? Number(zone) : undefined);
}

/** What an error says. `info` is the MTU or the pointer. */
export function icmp6Text(type: number, code: number, info: number): string {
  switch (type) {
    case ICMPV6_TYPE.DEST_UNREACH:
      return `Destination unreachable: ${["No route", "Administratively prohibited", "Beyond scope of source address", "Address unreachable", "Port unreachable"][code] ?? `Unknown code ${code}`}`;
    case ICMPV6_TYPE.PACKET_TOO_BIG:
      return `Packet too big: mtu=${info}${code === 0 ? "" : `, code=${code}`}`;
    case ICMPV6_TYPE.TIME_EXCEEDED:
      return `Time exceeded: ${["Hop limit", "Defragmentation failure"][code] ?? `code ${code}`}`;
    case ICMPV6_TYPE.PARAMETER_PROBLEM:
      return `Parameter problem: ${["Wrong header field ", "Unknown header ", "Unknown option "][code] ?? `code ${code}`}at ${info}`;
    default:
      return `unknown icmp type: ${type}`;
  }
}

export class Ping6 extends Ping {
  declare private sock6: Raw6Sock; // openSocket sets it, which the base class calls
  /** ping6_receive_error_msg counts an empty queue as an error that was told. */
  protected override readonly hushed = true;
  private address: Uint8Array = ANY;
  private zone = 0;
  private source6: Uint8Array = ANY;

  protected override openSocket(): RawSock | undefined {
    this.sock6 = this.proc.netns.raw6(ICMPV6);
    return undefined;
  }
  protected override get waitable(): Waitable {
    return this.sock6;
  }
  override close(): void {
    this.sock6.close();
  }

  // -- before the first packet ----------------------------------------------------------------------------------------------

  protected override *resolve(): Run<number | undefined> {
    const { o, proc } = this;
    if (o.hosts.length > 1) {
      yield* this.console.warn(PING_USAGE);
      return 2;
    }
    const host = o.hosts[0]!;
    const found = resolveHost(proc, host);
    if (!found.ok) return yield* this.fatal(`${host}: ${gaiStrerror(found.error)}`);
    const address = found.addresses6[0];
    if (address === undefined) return yield* this.fatal(`${host}: ${gaiStrerror("EAI_ADDRFAMILY")}`);
    const zone = zoneOf(proc, host);
    if (zone === undefined) return yield* this.fatal(`${host}: ${gaiStrerror("EAI_NONAME")}`);
    if (o.verbose) yield* this.console.print(`ai->ai_family: AF_INET6, ai->ai_canonname: '${found.canonical}'\n`);
    this.address = address;
    this.zone = isLinkLocal(address) || isLinkGroup(address) ? zone : 0;
    this.target = { address: 0, name: found.canonical, route: [] };
    if (host.includes(":")) o.numeric = true;
    return undefined;
  }

  /** A UDP socket is connected to learn the source; for a link-local destination the real one connects it to nothing, and learns nothing. */
  protected override *findSource(): Run<number | "unreachable" | undefined> {
    const { o, proc } = this;
    const ifindex = o.device === undefined ? 0 : (proc.netns.rtnl.link(o.device)?.ifindex ?? -1);
    if (ifindex < 0) return yield* this.fatal(`unknown iface: ${o.device}`);
    if (ifindex !== 0) this.sock6.set({ bindToDevice: ifindex });
    this.source6 = o.source6 ?? ANY;
    if (o.source6 !== undefined) return undefined;
    if (!isLinkLocal(this.address) && !isLinkGroup(this.address)) {
      const probe = proc.netns.udp6();
      probe.set({ ...(ifindex !== 0 && { bindToDevice: ifindex }), ...(o.mark !== undefined && { mark: o.mark }) });
      const e = probe.connect({ addr: this.address, port: 1025, scope: this.zone });
      this.source6 = probe.localAddr;
      probe.close();
      const more = o.family === undefined && !o.hosts[0]!.includes(":") && (resolvedToo(proc, o.hosts[0]!));
      if (more && (e === "ENETUNREACH" || e === "EHOSTUNREACH" || e === "EADDRNOTAVAIL")) return "unreachable";
      if (e !== undefined) return yield* this.fatal("connect", e);
    }
    if (o.device !== undefined && !proc.netns.rtnl.ip6.addrs().some((a) => a.ifindex === ifindex && same(a.local, this.source6)))
      yield* this.console.error(`Warning: source address might be selected on device other than: ${o.device}`);
    return undefined;
  }

  protected override *prepare(): Run<number | undefined> {
    const { o, sock6: sock } = this;
    this.multicast = isMulticast(this.address);
    if (this.multicast) o.pmtudisc ??= "do";
    if (o.pmtudisc !== undefined) sock.set({ pmtudisc: o.pmtudisc });
    if (o.strictSource && o.source6 !== undefined) {
      const e = sock.bind(this.source6, this.zone);
      if (e !== undefined) return yield* this.fatal("bind icmp socket", e);
    }
    sock.set({ recverr: true });
    sock.setFilter([ICMPV6_TYPE.ECHO_REPLY]);
    if (o.noLoop) sock.set({ multicastLoop: false });
    if (o.ttl !== undefined) sock.set({ multicastHops: o.ttl, hoplimit: o.ttl });
    if (o.tos !== 0) sock.set({ tclass: o.tos });
    if (o.mark !== undefined) sock.set({ mark: o.mark });
    return undefined;
  }

  protected override heading(): string {
    const { o } = this;
    const from = o.device !== undefined || o.strictSource ? `from ${this.name6(this.source6, 0)} ${o.device ?? ""}: ` : "";
    return `PING ${this.target.name}(${this.name6(this.address, this.zone)}) ${from}${o.size} data bytes\n`;
  }

  // -- sending, receiving -----------------------------------------------------------------------------------------------

  protected override transmit(): number | Errno {
    const packet = this.build();
    packet[ICMP.type] = ICMPV6_TYPE.ECHO;
    return this.sock6.send(packet, this.address, this.zone);
  }

  protected override *takeOne(): Run<Errno | undefined> {
    const got = this.sock6.recv();
    if (typeof got === "string") return got;
    if (got.data.length >= ICMP_LEN && got.data[ICMP.type] === ICMPV6_TYPE.ECHO_REPLY && getU16(got.data, ICMP.id) === this.ident) yield* this.answer6(got);
    return undefined;
  }

  private *answer6(r: Received6): Run<void> {
    const { o, stats } = this;
    const seq = getU16(r.data, ICMP.seq);
    const timed = this.timing && r.data.length >= ICMP_LEN + TIMEVAL_LEN;
    const us = timed ? Math.max(0, microseconds(o.latency ? this.proc.now : r.at) - timevalOf(r.data, ICMP_LEN)) : undefined;
    const repeated = stats.answer(seq, us);
    if (us !== undefined && o.adaptive) this.adapt();
    if (o.quiet) return;
    if (o.flood) {
      yield* this.proc.print("\b \b");
      return;
    }
    let s = `${this.timestamp()}${r.data.length} bytes from ${this.name6(r.from, r.ifindex)}: icmp_seq=${seq}`;
    if (o.verbose) s += ` ident=${this.ident}`;
    s += ` ttl=${r.hoplimit}`;
    if (r.data.length < o.size + ICMP_LEN) s += " (truncated)\n";
    else {
      if (us !== undefined) s += timeText(us);
      if (repeated && (!this.multicast || o.verbose)) s += " (DUP!)";
      if (!this.multicast && !isAny(this.address) && !same(r.from, this.address)) s += " (DIFFERENT ADDRESS!)";
      s += `${this.wrongData(r.data)}${o.audible ? "\x07" : ""}\n`;
    }
    yield* this.console.print(s);
    yield* this.console.flush();
  }

  protected override *receiveError(): Run<"local" | "icmp" | "not ours" | "none"> {
    const { o, stats } = this;
    const e = this.sock6.recvError();
    if (e === undefined) return "none";
    if (e.origin === "local") {
      stats.errors++;
      if (o.quiet) return "local";
      if (o.flood) yield* this.proc.print("E");
      else yield* this.console.error(e.errno === "EMSGSIZE" ? `local error: message too long, mtu: ${e.info}` : `local error: ${strerror(e.errno)}`);
      return "local";
    }
    const ours = e.data.length >= ICMP_LEN && same(e.to, this.address) && e.data[ICMP.type] === ICMPV6_TYPE.ECHO && getU16(e.data, ICMP.id) === this.ident;
    if (!ours) return "not ours";
    const seq = getU16(e.data, ICMP.seq);
    stats.acknowledge(seq);
    stats.errors++;
    if (o.quiet) return "icmp";
    if (o.flood) yield* this.proc.print("\bE");
    else {
      yield* this.console.print(`${this.timestamp()}From ${this.name6(e.offender ?? ANY, e.ifindex)} icmp_seq=${seq} ${icmp6Text(e.type ?? 0, e.code ?? 0, e.info)}\n`);
      yield* this.console.flush();
    }
    return "icmp";
  }

  /** With the zone of a link-local address, as getnameinfo(3) writes it. */
  private name6(address: Uint8Array, ifindex: number): string {
    const scoped = ifindex !== 0 && (isLinkLocal(address) || isLinkGroup(address));
    const text = `${formatIpv6(address)}${scoped ? `%${this.proc.netns.rtnl.link(ifindex)?.name ?? ifindex}` : ""}`;
    return this.o.numeric || this.exiting ? text : `${hostOf6(this.proc, address) ?? text} (${text})`;
  }
}

/** Whether the name has an IPv4 address too. */
function resolvedToo(proc: Process, host: string): boolean {
  const found = resolveHost(proc, host);
  return found.ok && found.addresses.length > 0;
}
