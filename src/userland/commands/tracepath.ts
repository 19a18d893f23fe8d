/** tracepath: iputils 20221126. One UDP datagram at a time, as large as the path MTU is believed to be; the error queue tells who objected. */
import { strerror } from "../../kernel/api.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { IPV4_MIN_LEN } from "../../wire/ipv4.ts";
import { formatIpv6, IPV6_LEN, parseIpv6 } from "../../wire/ipv6.ts";
import { UDP_LEN } from "../../wire/udp.ts";
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import { Console, INT_MAX, iputilsVersion, parseLong } from "../iputils.ts";
import type { Process, Run } from "../process.ts";
import { type ProbeAddr, type ProbeError, type ProbeSocket, probeAddrText, probeSocket } from "../probe-socket.ts";
import { gaiStrerror, hostOf, hostOf6, resolveHost } from "../resolver.ts";

const USAGE = `
Usage
  tracepath [options] <destination>

Options:
  -4             use IPv4
  -6             use IPv6
  -b             print both name and ip
  -l <length>    use packet <length>
  -m <hops>      use maximum <hops>
  -n             no dns name resolution
  -p <port>      use destination <port>
  -V             print version and exit
  <destination>  dns name or ip address

For more details see tracepath(8).
`;
const BASE_PORT = 44444;
const OVERHEAD = { 4: IPV4_MIN_LEN + UDP_LEN, 6: IPV6_LEN + UDP_LEN } as const;
/** The size that is tried first. */
const DEFAULT_LENGTH = { 4: 65535, 6: 128000 } as const;
const HOST_COLUMN = 52;
/** Probes that are remembered: their ports tell the answers apart. */
const HISTORY = 64;
const MAX_PROBES = 10;

interface Options {
  numeric: boolean;
  both: boolean;
  length: number | undefined;
  family: 4 | 6 | undefined;
  hops: number;
  port: number;
}

class Tracepath {
  private readonly proc: Process;
  private readonly o: Options;
  private readonly console: Console;
  private readonly sock: ProbeSocket;
  private readonly target: ProbeAddr;
  private readonly family: 4 | 6;
  private readonly history: { hops: number; sentAt: Nanos }[] = Array.from({ length: HISTORY }, () => ({ hops: 0, sentAt: 0 }));
  private slot = 0;
  private ttl = 1;
  private mtu: number;
  private hopsTo = -1;
  private hopsFrom = -1;

  constructor(proc: Process, o: Options, console: Console, sock: ProbeSocket, target: ProbeAddr) {
    this.proc = proc;
    this.o = o;
    this.console = console;
    this.sock = sock;
    this.target = target;
    this.family = typeof target === "number" ? 4 : 6;
    this.mtu = o.length ?? DEFAULT_LENGTH[this.family];
  }

  *run(): Run<void> {
    this.sock.set({ recverr: true, pmtudisc: "do" });
    let done = false;
    for (; this.ttl <= this.o.hops && !done; this.ttl++) {
      this.sock.set({ ttl: this.ttl });
      let result = -1;
      for (let i = 0; i < 3; i++) {
        const before = this.mtu;
        result = yield* this.probe();
        if (result === 0) break;
        // A smaller path is tried anew, at the same hop.
        if (this.mtu !== before) i = -1;
        else if (result > 0) break;
      }
      if (result === 0) done = true;
      else if (result < 0) yield* this.console.print(`${String(this.ttl).padStart(2)}:  no reply\n`);
    }
    if (!done) yield* this.console.print(`     Too many hops: pmtu ${this.mtu}\n`);
    yield* this.console.print(`     Resume: pmtu ${this.mtu} ${this.hopsTo >= 0 ? `hops ${this.hopsTo} ` : ""}${this.hopsFrom >= 0 ? `back ${this.hopsFrom} ` : ""}\n`);
    yield* this.console.flush();
  }

  /** probe_ttl. @returns 0: the end; more: something was learnt; less: nothing came. */
  private *probe(): Run<number> {
    const { proc } = this;
    let sent = false;
    for (let i = 0; i < MAX_PROBES && !sent; i++) {
      const h = this.history[this.slot]!;
      h.hops = this.ttl;
      h.sentAt = proc.now;
      const n = this.sock.send(new Uint8Array(Math.min(this.mtu, DEFAULT_LENGTH[this.family]) - OVERHEAD[this.family]), { addr: this.target, port: (this.o.port + this.slot) & 0xffff });
      if (typeof n === "number") {
        sent = true;
        break;
      }
      const learnt = yield* this.errors();
      h.hops = 0;
      if (learnt === 0) return 0;
      if (learnt > 0) i = -1;
    }
    this.slot = (this.slot + 1) % HISTORY;
    if (!sent) {
      yield* this.console.print(`${String(this.ttl).padStart(2)}:  send failed\n`);
      return 0;
    }
    const until = proc.now + SECOND;
    yield* this.console.flush();
    while (!this.sock.readable && proc.now < until) yield { read: [this.sock], until };
    const first = yield* this.errors();
    if (first !== -1) return first;
    const r = this.sock.recv();
    if (typeof r === "string") return -1;
    yield* this.console.print(`${String(this.ttl).padStart(2)}?: reply received 8)\n`);
    return 0;
  }

  /** recverr: everything in the error queue. @returns -1 when it was empty. */
  private *errors(): Run<number> {
    let progress = -1;
    for (let e = this.sock.recvError(); e !== undefined; e = this.sock.recvError()) {
      this.sock.recv(); // the pending error goes with it
      const slot = e.port - this.o.port;
      const h = slot >= 0 && slot < HISTORY ? this.history[slot]! : undefined;
      let hops = -1;
      let rtt: Nanos | undefined;
      if (e.origin === "icmp" && h !== undefined && h.hops > 0) {
        hops = h.hops;
        rtt = (e.at ?? this.proc.now) - h.sentAt;
        h.hops = 0;
      } else if (e.origin === "local" && this.family === 6 && h !== undefined) rtt = this.proc.now - h.sentAt; // IPv6 hands back what was to be sent, its time with it
      const back = e.hops === undefined ? -1 : e.hops <= 64 ? 65 - e.hops : e.hops <= 128 ? 129 - e.hops : 256 - e.hops;
      const verdict = yield* this.tell(e, hops, rtt, back);
      if (verdict === 0) return 0;
      progress = Math.max(progress, verdict);
    }
    return progress;
  }

  private *tell(e: ProbeError, hops: number, rtt: Nanos | undefined, back: number): Run<number> {
    let text: string;
    if (e.origin === "local") {
      text = `${String(this.ttl).padStart(2)}?: ${"[LOCALHOST]".padEnd(32)} `;
      if (rtt !== undefined) text += `${milliseconds(rtt)} `;
    } else {
      text = hops > 0 ? `${String(hops).padStart(2)}:  ` : `${String(this.ttl).padStart(2)}?: `;
      text += this.host(e.offender ?? 0).padEnd(HOST_COLUMN);
      if (rtt !== undefined) text += `${milliseconds(rtt)} `;
    }
    const end = function* (this: Tracepath, tail: string, result: number): Run<number> {
      yield* this.console.print(`${text}${tail}\n`);
      return result;
    }.bind(this);
    switch (e.errno) {
      case "EMSGSIZE":
        this.mtu = e.info;
        return yield* end(`pmtu ${e.info}`, this.mtu);
      case "ECONNREFUSED":
        this.hopsTo = hops < 0 ? this.ttl : hops;
        this.hopsFrom = back;
        return yield* end("reached", 0);
      case "EPROTO":
        return yield* end("!P", 0);
      case "EHOSTUNREACH":
        if (e.what === "exceeded") {
          const expected = hops >= 0 ? hops : this.ttl;
          return yield* end(back >= 0 && back !== expected ? `asymm ${String(back).padStart(2)} ` : "", 1);
        }
        return yield* end("!H", 0);
      case "ENETUNREACH":
        return yield* end("!N", 0);
      case "EACCES":
        return yield* end("!A", 0);
      default:
        yield* this.console.print(`${text}\n`);
        yield* this.console.error(`NET ERROR: ${strerror(e.errno)}`);
        return 0;
    }
  }

  private host(address: ProbeAddr): string {
    const numeric = probeAddrText(address);
    // getnameinfo(3) fails for want of a name server, and that is how the real one shows it.
    const name = (typeof address === "number" ? hostOf(this.proc, address) : hostOf6(this.proc, parseIpv6(address)!)) ?? "???";
    const [first, second] = this.o.numeric ? [numeric, name] : [name, numeric];
    return this.o.both ? `${first} (${second})` : first;
  }
}

function milliseconds(t: Nanos): string {
  return `${String(Math.floor(t / 1e6)).padStart(3)}.${String(Math.floor((t % 1e6) / 1000)).padStart(3, "0")}ms`;
}

export const tracepath = defineCommand({
  name: "tracepath",
  man: {
    summary: "trace the path to a host and find its MTU",
    synopsis: ["tracepath [-46bn] [-l length] [-m hops] [-p port] destination"],
    emulated: ["-n: no names. -b: names and addresses. -l length: begin with packets of this size. -m hops: at most so many. -p port: begin at this port."],
    notEmulated: [],
    examples: ["tracepath -n 10.0.2.2"],
  },
  *run(proc, args) {
    const console = new Console(proc);
    const given = getopt(args, "46nbh?l:m:p:V");
    const o: Options = { numeric: false, both: false, length: undefined, family: undefined, hops: 30, port: BASE_PORT };
    const usage = function* (text: string | undefined): Run<number> {
      yield* proc.warn((text === undefined ? "" : `${proc.name}: ${text}\n`) + USAGE);
      return 255;
    };
    for (const { key, value = "" } of given.options) {
      if (key === "4" || key === "6") {
        const family = key === "4" ? 4 : 6;
        if (o.family !== undefined && o.family !== family) {
          yield* console.error("Only one -4 or -6 option may be specified");
          return 2;
        }
        o.family = family;
      } else if (key === "n") o.numeric = true;
      else if (key === "b") o.both = true;
      else if (key === "V") {
        yield* proc.print(iputilsVersion("tracepath"));
        return 0;
      } else if (key === "h" || key === "?") return yield* usage(undefined);
      else {
        const n = parseLong(value, 0, key === "p" ? 0xffff : key === "m" ? 255 : INT_MAX);
        if (typeof n === "string") {
          yield* console.error(n);
          return 1;
        }
        if (key === "l" && n <= OVERHEAD[o.family ?? 4]) {
          yield* console.error(`pktlen must be within: ${OVERHEAD[o.family ?? 4]} < value <= ${INT_MAX}`);
          return 1;
        }
        if (key === "l") o.length = n;
        else if (key === "m") o.hops = n;
        else o.port = n;
      }
    }
    if (given.error !== undefined) return yield* usage(given.error);
    if (given.operands.length !== 1) return yield* usage(undefined);
    const found = resolveHost(proc, given.operands[0]!);
    const address6 = found.ok && o.family !== 4 ? found.addresses6[0] : undefined;
    const target: ProbeAddr | undefined = address6 !== undefined ? formatIpv6(address6) : found.ok && o.family !== 6 ? found.addresses[0] : undefined;
    if (!found.ok || target === undefined) {
      yield* console.error(`${given.operands[0]}: ${gaiStrerror(found.ok ? "EAI_ADDRFAMILY" : found.error)}`);
      return 1;
    }
    const sock = probeSocket(proc.netns, typeof target === "number" ? 4 : 6, false);
    try {
      yield* new Tracepath(proc, o, console, sock, target).run();
      return 0;
    } finally {
      sock.close();
    }
  },
});
