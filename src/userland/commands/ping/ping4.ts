/** ping over IPv4, a raw socket. Timing follows its token scheme: packets never go out faster than the interval allows. */
import type { Waitable } from "../../../base/wait-queue.ts";
import { getU16, getU32, setU16, setU32 } from "../../../base/bytes.ts";
import { type Errno, type RawSock, type Received, strerror } from "../../../kernel/api.ts";
import { MILLISECOND, type Nanos, SECOND } from "../../../sim/time.ts";
import { finish, sumWords } from "../../../wire/checksum.ts";
import { ICMP, ICMP_LEN, ICMP_TYPE } from "../../../wire/icmp.ts";
import { formatIpv4, IPOPT, IPPROTO, IPV4, IPV4_MIN_LEN, isMulticast } from "../../../wire/ipv4.ts";
import type { Console } from "../../iputils.ts";
import type { Process, Run } from "../../process.ts";
import { gaiStrerror, hostOf, inetAton, resolveHost } from "../../resolver.ts";
import { wallTime } from "../../wall-clock.ts";
import { type PingOptions, PING_USAGE } from "./options.ts";
import { PingStatistics } from "./statistics.ts";
import { headerText, icmpText, OptionPrinter, timeText } from "./text.ts";

/** Least milliseconds between packets that nobody asked to be faster. */
const MIN_INTERVAL = 10;
/** struct timeval in the data: two numbers of eight octets. */
const TIMEVAL_LEN = 16;
/** A packet beyond this is never built: the kernel refuses it unseen. */
const MAX_BUILT = 0x1_0000;
const ERRORS_WANTED = [ICMP_TYPE.DEST_UNREACH, ICMP_TYPE.TIME_EXCEEDED, ICMP_TYPE.PARAMETER_PROBLEM] as const;
const ALWAYS_WANTED = [ICMP_TYPE.SOURCE_QUENCH, ICMP_TYPE.REDIRECT, ICMP_TYPE.ECHO_REPLY] as const;
const filterFor = (types: readonly number[]): number => ~types.reduce((mask, t) => mask | (1 << t), 0) >>> 0;

interface Target {
  address: number;
  /** As in "PING web (10.0.0.2)". */
  name: string;
  /** Hops to go through. */
  route: number[];
}

export class Ping {
  protected readonly proc: Process;
  protected readonly o: PingOptions;
  protected readonly console: Console;
  private readonly sock4: RawSock | undefined;
  protected readonly stats = new PingStatistics();
  protected readonly options = new OptionPrinter();
  protected target!: Target;
  private source = 0;
  protected packet = new Uint8Array(0);
  protected ident = 0;
  protected optionLength = 0;
  protected multicast = false;
  private interval: number;
  private rttAddend = 0;
  private tokens = 0;
  private started: Nanos = 0;
  private lastSent: Nanos = -1;
  protected exiting = false;
  private statusWanted = false;
  private alarmAt: Nanos | undefined;
  private lingering = false;

  constructor(proc: Process, o: PingOptions, console: Console) {
    this.proc = proc;
    this.o = o;
    this.console = console;
    this.sock4 = this.openSocket();
    this.interval = o.interval;
  }

  /** The socket of IPv4; ping6.ts has one of its own. */
  protected openSocket(): RawSock | undefined {
    return this.proc.netns.raw(IPPROTO.ICMP);
  }
  private get sock(): RawSock {
    return this.sock4!;
  }
  /** What is waited for. */
  protected get waitable(): Waitable {
    return this.sock;
  }

  close(): void {
    this.sock4?.close();
  }

  /** @returns the exit status. */
  *run(): Run<number | "unreachable"> {
    if (this.o.flood) this.console.unbuffer();
    const set = (yield* this.resolve()) ?? (yield* this.findSource()) ?? (yield* this.prepare());
    if (set !== undefined) return set;
    const { o } = this;
    yield* this.console.print(this.heading());
    const bad = yield* this.setUp();
    if (bad !== undefined) return bad;
    yield* this.loop();
    yield* this.console.print(this.stats.summary(this.target.name, this.lastSent - this.started, { timing: this.timing, showGap: this.interval === 0 || o.flood || o.adaptive }));
    yield* this.console.flush();
    return this.stats.received === 0 || (o.deadline > 0 && this.stats.received < o.count) ? 1 : 0;
  }

  protected heading(): string {
    const { o } = this;
    const from = o.device !== undefined || o.strictSource ? `from ${formatIpv4(this.source)} ${o.device ?? ""}: ` : "";
    return `PING ${this.target.name} (${formatIpv4(this.target.address)}) ${from}${o.size}(${o.size + ICMP_LEN + this.optionLength + IPV4_MIN_LEN}) bytes of data.\n`;
  }

  protected get timing(): boolean {
    return this.o.size >= TIMEVAL_LEN;
  }

  protected *fatal(text: string, errno?: Errno, status = 2): Run<number> {
    yield* this.console.error(errno === undefined ? text : `${text}: ${strerror(errno)}`);
    return status;
  }

  // -- before the first packet ----------------------------------------------------------------------------------------------

  protected *resolve(): Run<number | undefined> {
    const { o } = this;
    if (o.hosts.length > 1 && (o.recordRoute || (o.timestamp !== undefined && (o.timestamp !== "tsprespec" || o.hosts.length > 5)) || o.hosts.length > 10)) {
      yield* this.console.warn(PING_USAGE);
      return 2;
    }
    const addresses: number[] = [];
    let name = "";
    for (const host of o.hosts) {
      const found = resolveHost(this.proc, host);
      if (!found.ok) return yield* this.fatal(`${host}: ${gaiStrerror(found.error)}`);
      const address = found.addresses[0];
      if (address === undefined) {
        return yield* this.fatal(`${host}: ${gaiStrerror("EAI_ADDRFAMILY")}`);
      }
      if (o.verbose && host === o.hosts.at(-1)) yield* this.console.print(`ai->ai_family: AF_INET, ai->ai_canonname: '${found.canonical}'\n`);
      name = found.canonical;
      addresses.push(address);
      if (inetAton(host) !== undefined && o.hosts.length === 1) o.numeric = true;
    }
    this.target = { address: addresses.pop()!, name, route: addresses };
    return undefined;
  }

  private ifindex(): number | undefined {
    return this.o.device === undefined ? 0 : this.proc.netns.rtnl.link(this.o.device)?.ifindex;
  }

  /** A UDP socket is connected to learn which address the kernel would send from. */
  protected *findSource(): Run<number | "unreachable" | undefined> {
    const { o, proc } = this;
    const ifindex = this.ifindex();
    if (ifindex === undefined) {
      if (isMulticast(this.target.address)) return yield* this.fatal(`unknown iface: ${o.device}`);
      return yield* this.fatal(`SO_BINDTODEVICE ${o.device}`, "ENODEV");
    }
    if (ifindex !== 0) this.sock.set({ bindToDevice: ifindex });
    this.source = o.source;
    if (o.source === 0) {
      const probe = proc.netns.udp();
      const failed = yield* this.probeSource(probe, ifindex);
      probe.close();
      if (failed !== undefined) return failed;
    }
    if (this.target.address === 0) this.target.address = this.source;
    return undefined;
  }

  private *probeSource(probe: ReturnType<Process["netns"]["udp"]>, ifindex: number): Run<number | undefined> {
    const { o } = this;
    probe.set({ tos: o.tos, ...(ifindex !== 0 && { bindToDevice: ifindex }), ...(o.mark !== undefined && { mark: o.mark }) });
    const to = this.target.route[0] ?? this.target.address;
    let e = probe.connect(to, 1025);
    if (e === "EACCES") {
      if (!o.broadcast) return yield* this.fatal("Do you want to ping broadcast? Then -b. If not, check your local firewall rules");
      yield* this.console.warn("WARNING: pinging broadcast address\n");
      probe.set({ broadcast: true });
      e = probe.connect(to, 1025);
    }
    if (e !== undefined) return yield* this.fatal("connect", e);
    this.source = probe.localAddr;
    if (o.device !== undefined && !this.proc.netns.rtnl.addrs().some((a) => a.ifindex === ifindex && a.local === this.source))
      yield* this.console.error(`Warning: source address might be selected on device other than: ${o.device}`);
    return undefined;
  }

  /** Options of the socket. */
  protected *prepare(): Run<number | undefined> {
    const { o, sock } = this;
    this.multicast = o.broadcast || isMulticast(this.target.address);
    if (this.multicast) o.pmtudisc ??= "do";
    if (o.pmtudisc !== undefined) sock.set({ pmtudisc: o.pmtudisc });
    if (o.tos !== 0) sock.set({ tos: o.tos });
    if (o.strictSource) {
      const e = sock.bind(this.source);
      if (e !== undefined) return yield* this.fatal("bind", e);
    }
    sock.set({ icmpFilter: filterFor([...ALWAYS_WANTED, ...ERRORS_WANTED]), recverr: true });
    const options = this.ipOptions();
    if (options) {
      this.optionLength = 40;
      const e = sock.set({ options });
      if (e !== undefined) return yield* this.fatal(o.timestamp === undefined ? "record route" : "ts option", e);
    }
    if (o.broadcast) sock.set({ broadcast: true });
    if (o.noLoop) sock.set({ multicastLoop: false });
    if (o.ttl !== undefined) {
      sock.set({ multicastTtl: o.ttl });
      const e = sock.set({ ttl: o.ttl });
      if (e !== undefined) return yield* this.fatal("cannot set unicast time-to-live", e);
    }
    if (o.mark !== undefined) sock.set({ mark: o.mark });
    return undefined;
  }

  /** -R, -T, or hops named before the destination. */
  private ipOptions(): Uint8Array | undefined {
    const { o } = this;
    const { route } = this.target;
    if (o.recordRoute) {
      const b = new Uint8Array(40);
      b.set([IPOPT.NOP, IPOPT.RR, 39, 4]);
      return b;
    }
    if (o.timestamp !== undefined) {
      const b = new Uint8Array(o.timestamp === "tsprespec" ? 4 + route.length * 8 : o.timestamp === "tsonly" ? 40 : 36);
      b.set([IPOPT.TS, b.length, 5, o.timestamp === "tsonly" ? 0 : o.timestamp === "tsandaddr" ? 1 : 3]);
      if (o.timestamp === "tsprespec") route.forEach((a, i) => setU32(b, 4 + 8 * i, a));
      return b;
    }
    if (route.length === 0) return undefined;
    const b = new Uint8Array(4 + route.length * 4);
    b.set([IPOPT.NOP, IPOPT.LSRR, 3 + route.length * 4, 4]);
    route.forEach((a, i) => setU32(b, 4 + 4 * i, a));
    return b;
  }

  private *setUp(): Run<number | undefined> {
    const { o, proc } = this;
    if (o.flood && !o.intervalGiven) this.interval = 0;
    if (this.interval >= Math.trunc(2147483647 / o.preload)) return yield* this.fatal(`illegal preload and/or interval: ${this.interval}`);
    this.packet = new Uint8Array(ICMP_LEN + Math.min(o.size, MAX_BUILT));
    for (let i = ICMP_LEN; i < this.packet.length; i++) this.packet[i] = o.pattern ? 0 : i - ICMP_LEN;
    if (o.pattern) this.fill(o.pattern);
    this.ident = o.ident ?? proc.pid & 0xffff;
    proc.onSignal("SIGINT", () => {
      this.exiting = true;
    });
    proc.onSignal("SIGALRM", () => {
      this.exiting = true;
    });
    proc.onSignal("SIGQUIT", () => {
      this.statusWanted = true;
    });
    this.started = proc.now;
    if (o.deadline > 0) this.alarmAt = proc.now + o.deadline * SECOND;
    return undefined;
  }

  /** fill() of the real one: over all the data, the time's octets too; but once only where it would leave less than eight octets. */
  private fill(pattern: Uint8Array): void {
    const size = this.packet.length - ICMP_LEN;
    const last = size < pattern.length + 8 ? 0 : size - 1;
    for (let at = 0; at <= last; at += pattern.length) this.packet.set(pattern.subarray(0, Math.max(0, size - at)), ICMP_LEN + at);
  }

  // -- sending ----------------------------------------------------------------------------------------------------------

  private *loop(): Run<void> {
    const { stats } = this;
    while (!this.done()) {
      if (this.statusWanted) {
        this.statusWanted = false;
        yield* this.console.flush();
        yield* this.console.warn(stats.status(this.timing));
      }
      let next: number;
      do {
        next = this.linger(yield* this.pace());
        // A program that never waits must let others run: -l, or an interval of nothing.
        if (next <= 0) yield { until: this.proc.now };
      } while (next <= 0 && !this.exiting);
      if (this.exiting) continue;
      yield* this.receive(next);
    }
  }

  private done(): boolean {
    const { o, stats } = this;
    if (this.alarmAt !== undefined && this.proc.now >= this.alarmAt) this.exiting = true;
    return this.exiting || (o.count > 0 && stats.received + stats.errors >= o.count) || (o.deadline > 0 && stats.errors > 0);
  }

  /** Once everything is sent: how long to wait for the last answers. */
  private linger(next: number): number {
    const { o, stats } = this;
    if (o.count === 0 || stats.transmitted < o.count || o.deadline > 0 || this.lingering) return next;
    this.lingering = true;
    const wait = stats.received > 0 ? Math.max(2 * stats.max, 1000 * this.interval) : o.linger * 1000;
    this.alarmAt = this.proc.now + wait * 1000;
    return Math.max(next, Math.floor(wait / 1000));
  }

  /** Sends if it is time. @returns milliseconds until the next packet may go. */
  private *pace(): Run<number> {
    const { o, stats, proc } = this;
    if (this.exiting || (o.count > 0 && stats.transmitted >= o.count && o.deadline === 0)) return 1000;
    if (this.lastSent < 0) {
      this.lastSent = proc.now;
      this.tokens = this.interval * (o.preload - 1);
    } else {
      let tokens = Math.floor((proc.now - this.lastSent) / MILLISECOND);
      if (this.interval === 0 && tokens < MIN_INTERVAL && stats.inFlight >= o.preload) return MIN_INTERVAL - tokens;
      tokens = Math.min(tokens + this.tokens, this.interval * o.preload);
      if (tokens < this.interval) return this.interval - tokens;
      this.lastSent = proc.now;
      this.tokens = tokens - this.interval;
    }
    if (o.outstanding && stats.transmitted > 0 && !stats.wasAnswered(stats.transmitted)) {
      yield* this.console.print(`${this.timestamp()}no answer yet for icmp_seq=${stats.transmitted % 0x10000}\n`);
      yield* this.console.flush();
    }
    return yield* this.sendOne();
  }

  private *sendOne(): Run<number> {
    const { o, stats } = this;
    for (;;) {
      const sent = this.transmit();
      if (typeof sent === "number") {
        stats.advance();
        if (!o.quiet && o.flood) yield* this.proc.print(".");
        return this.interval - this.tokens;
      }
      if (sent === "EAGAIN") {
        this.tokens += this.interval;
        return MIN_INTERVAL;
      }
      const seen = yield* this.receiveError();
      if (seen === "not ours") continue;
      // A local error counts as a packet sent.
      stats.advance();
      if (seen !== "local" && !o.quiet && !(seen === "none" && this.hushed)) {
        if (o.flood) yield* this.proc.print("E");
        // A filter's EPERM is not told: seen with iputils 20221126.
        else if (sent !== "EPERM" && (seen === "icmp" || sent !== "EMSGSIZE")) yield* this.console.error(`sendmsg: ${strerror(sent)}`);
      }
      this.tokens = 0;
      return Math.max(this.interval, MIN_INTERVAL);
    }
  }

  /** Whether a send that fails without a word in the error queue goes unmentioned. */
  protected readonly hushed: boolean = false;

  protected transmit(): number | Errno {
    return this.sock.send(this.build(), this.target.address);
  }

  protected build(): Uint8Array {
    const b = this.packet;
    const seq = (this.stats.transmitted + 1) & 0xffff;
    this.stats.forget(seq);
    b[ICMP.type] = ICMP_TYPE.ECHO;
    b[ICMP.code] = 0;
    setU16(b, ICMP.checksum, 0);
    setU16(b, ICMP.id, this.ident);
    setU16(b, ICMP.seq, seq);
    if (this.timing) putTimeval(b, ICMP_LEN, this.proc.now);
    setU16(b, ICMP.checksum, finish(sumWords(b, 0, b.length)));
    return b;
  }

  // -- receiving --------------------------------------------------------------------------------------------------------

  /** Waits at most `next` milliseconds, then takes what is there. */
  private *receive(next: number): Run<void> {
    const { o, stats, proc, waitable: sock } = this;
    const interval = Math.max(this.interval, MIN_INTERVAL);
    let wait = next;
    if (o.adaptive || next < interval) {
      if (next <= 10 && stats.inFlight > 0) wait = MIN_INTERVAL;
    } else wait = interval;
    let until = proc.now + wait * MILLISECOND;
    if (this.alarmAt !== undefined) until = Math.min(until, this.alarmAt);
    while (!sock.readable && proc.now < until) if ((yield { read: [sock], until }) === "signal") return;
    while (sock.readable) {
      const got = yield* this.takeOne();
      if (got === "EAGAIN") {
        if ((yield* this.receiveError()) === "none") return;
      } else if (got !== undefined) {
        if ((yield* this.receiveError()) === "none") {
          yield* this.console.error(`recvmsg: ${strerror(got)}`);
          return;
        }
      }
      if (stats.inFlight === 0) return;
    }
  }

  /** Reads one message and judges it. @returns the error of reading. */
  protected *takeOne(): Run<Errno | undefined> {
    const got = this.sock.recv();
    if (typeof got === "string") return got;
    yield* this.parse(got);
    return undefined;
  }

  /** The socket's error queue. "local": said so; "none": there was nothing. */
  protected *receiveError(): Run<"local" | "icmp" | "not ours" | "none"> {
    const { o, stats, sock } = this;
    const e = sock.recvError();
    if (e === undefined) return "none";
    if (e.origin === "local") {
      if (o.quiet) return "local";
      if (o.flood) yield* this.proc.print("E");
      else yield* this.console.error(e.errno === "EMSGSIZE" ? `local error: message too long, mtu=${e.info}` : `local error: ${strerror(e.errno)}`);
      stats.errors++;
      return "local";
    }
    const ours = e.data.length >= ICMP_LEN && e.to === this.target.address && e.data[ICMP.type] === ICMP_TYPE.ECHO && getU16(e.data, ICMP.id) === this.ident;
    if (!ours) return "not ours";
    const seq = getU16(e.data, ICMP.seq);
    stats.acknowledge(seq);
    sock.set({ icmpFilter: filterFor(ALWAYS_WANTED) });
    stats.errors++;
    if (o.quiet) return "icmp";
    if (o.flood) yield* this.proc.print("\bE");
    else {
      yield* this.console.print(`${this.timestamp()}From ${this.nameOf(e.offender ?? 0)} icmp_seq=${seq} ${icmpText(e.type ?? 0, e.code ?? 0, e.info, (a) => this.nameOf(a))}\n`);
      yield* this.console.flush();
    }
    return "icmp";
  }

  private *parse(r: Received): Run<void> {
    const headerLength = (r.data[0]! & 15) * 4;
    const icmp = r.data.subarray(headerLength);
    if (icmp.length < ICMP_LEN) {
      if (this.o.verbose) yield* this.console.error(`packet too short (${r.data.length} bytes) from ${this.nameOf(r.from)}`);
      return;
    }
    if (icmp[ICMP.type] === ICMP_TYPE.ECHO_REPLY) {
      if (getU16(icmp, ICMP.id) === this.ident) yield* this.answer(r, icmp, headerLength);
      return;
    }
    yield* this.otherMessage(r, icmp);
  }

  private *answer(r: Received, icmp: Uint8Array, headerLength: number): Run<void> {
    const { o, stats } = this;
    const seq = getU16(icmp, ICMP.seq);
    const timed = this.timing && icmp.length >= ICMP_LEN + TIMEVAL_LEN;
    const us = timed ? Math.max(0, microseconds(o.latency ? this.proc.now : r.at) - timevalOf(icmp, ICMP_LEN)) : undefined;
    const repeated = stats.answer(seq, us);
    if (us !== undefined && o.adaptive) this.adapt();
    if (o.quiet) return;
    if (o.flood) {
      yield* this.proc.print("\b \b");
      if (o.audible) yield* this.proc.print("\x07");
      return;
    }
    let s = `${this.timestamp()}${icmp.length} bytes from ${this.nameOf(r.from)}: icmp_seq=${seq}`;
    if (o.verbose) s += ` ident=${this.ident}`;
    s += ` ttl=${r.ttl}`;
    if (icmp.length < o.size + ICMP_LEN) s += " (truncated)\n";
    else {
      if (us !== undefined) s += timeText(us);
      if (repeated && (!this.multicast || o.verbose)) s += " (DUP!)";
      if (!this.multicast && r.from !== this.target.address) s += " (DIFFERENT ADDRESS!)";
      s += this.wrongData(icmp);
      if (o.audible) s += "\x07";
      s += `${this.options.text(r.data.subarray(IPV4_MIN_LEN, headerLength), (a) => this.nameOf(a), o.flood)}\n`;
    }
    yield* this.console.print(s);
    yield* this.console.flush();
  }

  /** What came back must be what was sent, behind the time. */
  protected wrongData(icmp: Uint8Array): string {
    for (let i = TIMEVAL_LEN; i < this.o.size; i++) {
      const at = ICMP_LEN + i;
      if (icmp[at] === this.packet[at]) continue;
      let s = `\nwrong data byte #${i} should be 0x${this.packet[at]!.toString(16)} but was 0x${icmp[at]!.toString(16)}`;
      for (let k = TIMEVAL_LEN; k < this.o.size; k++) s += `${k % 32 === TIMEVAL_LEN ? `\n#${k}\t` : ""}${icmp[ICMP_LEN + k]!.toString(16)} `;
      return s;
    }
    return "";
  }

  /** -A: the next packet goes out when an answer may be expected. */
  protected adapt(): void {
    const estimate = this.stats.rtt > 0 ? Math.floor(this.stats.rtt / 8) : this.interval * 1000;
    this.interval = Math.floor((estimate + this.rttAddend + 500) / 1000);
  }

  /** A redirect or source quench about a packet of ours; with -v whatever else comes. */
  private *otherMessage(r: Received, icmp: Uint8Array): Run<void> {
    const { o } = this;
    const type = icmp[ICMP.type]!;
    const about = [...ALWAYS_WANTED, ...ERRORS_WANTED].some((t) => t === type);
    const code = icmp[ICMP.code]!;
    const info = type === ICMP_TYPE.PARAMETER_PROBLEM ? icmp[ICMP.rest]! : getU32(icmp, ICMP.rest);
    const name = (a: number): string => this.nameOf(a);
    if (about) {
      const quoted = icmp.subarray(ICMP_LEN);
      const inner = quoted.subarray(((quoted[0] ?? 0) & 15) * 4);
      if (quoted.length < IPV4_MIN_LEN + ICMP_LEN || inner.length < ICMP_LEN) return;
      if (inner[ICMP.type] !== ICMP_TYPE.ECHO || getU32(quoted, IPV4.dst) !== this.target.address || getU16(inner, ICMP.id) !== this.ident) return;
      const seq = getU16(inner, ICMP.seq);
      if (type !== ICMP_TYPE.REDIRECT && type !== ICMP_TYPE.SOURCE_QUENCH) {
        this.stats.acknowledge(seq);
        return;
      }
      if (o.quiet || o.flood) return;
      const text = `${this.timestamp()}From ${this.nameOf(r.from)}: icmp_seq=${seq} ${icmpText(type, code, info, name)}\n`;
      yield* this.console.print(o.verbose ? text + headerText(quoted, name) : text);
      return;
    }
    if (type === ICMP_TYPE.ECHO || !o.verbose) return;
    yield* this.console.print(`From ${this.nameOf(r.from)}: ${icmpText(type, code, info, name)}\n`);
  }

  /** "web (10.0.0.2)", or the address alone with -n and while ending. */
  private nameOf(address: number): string {
    const text = formatIpv4(address);
    return this.o.numeric || this.exiting ? text : `${hostOf(this.proc, address) ?? text} (${text})`;
  }

  /** -D. */
  protected timestamp(): string {
    if (!this.o.printTime) return "";
    const t = wallTime(this.proc.now);
    return `[${t.seconds}.${String(Math.floor(t.nanos / 1000)).padStart(6, "0")}] `;
  }
}

export function microseconds(at: Nanos): number {
  const t = wallTime(at);
  return t.seconds * 1_000_000 + Math.floor(t.nanos / 1000);
}

/** Two little-endian numbers of 64 bits: seconds, microseconds. */
function putTimeval(b: Uint8Array, at: number, now: Nanos): void {
  const t = wallTime(now);
  const view = new DataView(b.buffer, b.byteOffset + at, TIMEVAL_LEN);
  view.setUint32(0, t.seconds, true);
  view.setUint32(4, 0, true);
  view.setUint32(8, Math.floor(t.nanos / 1000), true);
  view.setUint32(12, 0, true);
}

/** The time in an answer, in microseconds; whatever came back is taken for one. */
export function timevalOf(b: Uint8Array, at: number): number {
  const view = new DataView(b.buffer, b.byteOffset + at, TIMEVAL_LEN);
  return view.getUint32(0, true) * 1_000_000 + view.getUint32(8, true);
}
