/**
 * traceroute: the one of Debian, 2.1.2. Up to 16 probes are under way at once; each has its own socket, so that an ICMP error finds
 * the probe it is about. Methods here: UDP to rising ports (default), -U to one port, -I by ICMP echo.
 */
import { getU16, setU16 } from "../../base/bytes.ts";
import { type Errno, type RawSock, type SockError, strerror, type UdpSock } from "../../kernel/api.ts";
import { MICROSECOND, type Nanos, SECOND } from "../../sim/time.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { ICMP_LEN, ICMP_TYPE, UNREACH } from "../../wire/icmp.ts";
import { formatIpv4, IPPROTO, IPV4_MIN_LEN } from "../../wire/ipv4.ts";
import { UDP_LEN } from "../../wire/udp.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";
import { gaiStrerror, hostOf, inetAton, resolveHost } from "../resolver.ts";
import { TRACEROUTE_USAGE } from "./traceroute/usage.ts";

const DEFAULT_PORT = 33434;
const MAX_PACKET = 65000;
/** A reply that came is given this much more before it is multiplied. */
const WAIT_PRECISION: Nanos = 1000 * MICROSECOND;

interface Options {
  numeric: boolean;
  method: "udp" | "fixed-udp" | "icmp";
  first: number;
  maxHops: number;
  queries: number;
  simultaneous: number;
  port: number | undefined;
  /** Nanoseconds, and factors. */
  wait: Nanos;
  here: number;
  near: number;
  sendWait: Nanos;
  dontFragment: boolean;
  tos: number;
  device: string | undefined;
  source: number | undefined;
  mark: number;
  back: boolean;
  host: string;
  /** Octets of the IP packet. */
  length: number;
}

interface Probe {
  sentAt: Nanos | undefined;
  receivedAt: Nanos | undefined;
  from: number | undefined;
  done: boolean;
  final: boolean;
  mark: string;
  sock: UdpSock | RawSock | undefined;
  seq: number;
}

/** Options that exist there and not here. */
const REFUSED: Readonly<Record<string, string>> = { T: "-T", D: "-D", P: "-P", e: "-e", A: "-A", M: "-M", O: "-O", g: "-g", r: "-r", "6": "-6", mtu: "--mtu", sport: "--sport", l: "-l", d: "-d" };
const LONGS = {
  debug: "d", "dont-fragment": "F", first: "f:", gateway: "g:", icmp: "I", tcp: "T", interface: "i:", "max-hops": "m:", "sim-queries": "N:", port: "p:", tos: "t:", flowlabel: "l:", wait: "w:", queries: "q:", source: "s:", sendwait: "z:",
  extensions: "e", "as-path-lookups": "A", module: "M:", options: "O:", sport: "sport:", fwmark: "fwmark:", udp: "U", dccp: "D", protocol: "P:", mtu: "mtu", back: "back", version: "V", help: "help",
} as const;

type Parsed = { ok: Options } | { text: string; exit: number; out?: boolean } | { notEmulated: string };

function parse(args: readonly string[]): Parsed {
  const o: Options = {
    numeric: false, method: "udp", first: 1, maxHops: 30, queries: 3, simultaneous: 16, port: undefined, wait: 5 * SECOND, here: 3, near: 10, sendWait: 0, dontFragment: false, tos: 0, device: undefined, source: undefined, mark: 0, back: false, host: "", length: 60,
  };
  const given = getopt(args, "46dFf:g:ITi:m:N:np:t:l:w:q:rs:z:eAM:O:UDP:V", LONGS);
  let at = 0;
  for (const { key, value, typed } of given.options) {
    at++;
    if (key === "help") return { text: TRACEROUTE_USAGE, exit: 0, out: true };
    if (key === "V") return { text: "Modern traceroute for Linux, version 2.1.2\nCopyright (c) 2016  Dmitry Butskoy,   License: GPL v2 or any later\n", exit: 0, out: true };
    const refused = REFUSED[key];
    if (refused !== undefined) return { notEmulated: `traceroute ${refused}` };
    if (!apply(o, key, value ?? "")) return { text: `Cannot handle \`${typed}' option with arg \`${value}' (argc ${at + (value === undefined ? 0 : 1)})\n`, exit: 2 };
  }
  if (given.error !== undefined) return { text: `Bad option \`${/'(.*)'/.exec(given.error)?.[1]?.replace(/^(?!-)/, "-") ?? ""}' (argc ${at + 1})\n`, exit: 2 };
  const [host, length, extra] = given.operands;
  if (host === undefined) return { text: args.length === 0 ? TRACEROUTE_USAGE : 'Specify "host" missing argument.\n', exit: args.length === 0 ? 0 : 2 };
  if (extra !== undefined) return { text: `Extra arg \`${extra}' (position 3, argc ${args.indexOf(extra) + 1})\n`, exit: 2 };
  o.host = host;
  if (length !== undefined) {
    if (!/^\d+$/.test(length)) return { text: `Cannot handle "packetlen" cmdline arg \`${length}' on position 2 (argc ${args.indexOf(length) + 1})\n`, exit: 2 };
    o.length = Number(length);
  }
  const problem = limits(o);
  return problem === undefined ? { ok: o } : { text: `${problem}\n`, exit: 2 };
}

function apply(o: Options, key: string, value: string): boolean {
  const whole = (set: (n: number) => void): boolean => {
    if (!/^\d+$/.test(value)) return false;
    set(Number(value));
    return true;
  };
  switch (key) {
    case "4": return true;
    case "n": o.numeric = true; return true;
    case "I": o.method = "icmp"; return true;
    case "U": o.method = "fixed-udp"; return true;
    case "F": o.dontFragment = true; return true;
    case "back": o.back = true; return true;
    case "i": o.device = value; return true;
    case "s": o.source = inetAton(value); return o.source !== undefined;
    case "f": return whole((n) => { o.first = n; });
    case "m": return whole((n) => { o.maxHops = n; });
    case "N": return whole((n) => { o.simultaneous = n; });
    case "p": return whole((n) => { o.port = n; });
    case "t": return whole((n) => { o.tos = n; });
    case "q": return whole((n) => { o.queries = n; });
    case "fwmark": return whole((n) => { o.mark = n; });
    case "z": {
      const z = seconds(value);
      if (z === undefined) return false;
      o.sendWait = z > 10 * SECOND ? Math.round(z / 1000) : z; // more than ten are milliseconds
      return true;
    }
    case "w": {
      const [max, here, near] = value.split(",").map(seconds);
      if (max === undefined) return false;
      o.wait = max;
      if (here !== undefined) o.here = here / SECOND;
      if (near !== undefined) o.near = near / SECOND;
      return true;
    }
    default: return false;
  }
}

function seconds(text: string): Nanos | undefined {
  return /^\d+(\.\d*)?$|^\.\d+$/.test(text) ? Math.round(Number(text) * SECOND) : undefined;
}

function limits(o: Options): string | undefined {
  if (o.first < 1 || o.first > o.maxHops) return "first hop out of range";
  if (o.maxHops > 255) return "max hops cannot be more than 255";
  if (o.queries < 1 || o.queries > 10) return "no more than 10 probes per hop";
  if (o.length > MAX_PACKET) return `too big packetlen ${o.length} specified`;
  return undefined;
}

class Traceroute {
  private readonly proc: Process;
  private readonly o: Options;
  private readonly target: number;
  private readonly probes: Probe[];
  private readonly ident: number;
  private lastSent: Nanos | undefined;
  private failure: string | undefined;

  constructor(proc: Process, o: Options, target: number) {
    this.proc = proc;
    this.o = o;
    this.target = target;
    this.ident = proc.pid & 0xffff;
    this.probes = Array.from({ length: o.maxHops * o.queries }, () => ({ sentAt: undefined, receivedAt: undefined, from: undefined, done: false, final: false, mark: "", sock: undefined, seq: 0 }));
  }

  *run(): Run<number> {
    const { o, proc } = this;
    yield* proc.print(`traceroute to ${o.host} (${formatIpv4(this.target)}), ${o.maxHops} hops max, ${this.packetLength()} byte packets`);
    let start = (o.first - 1) * o.queries;
    let end = this.probes.length;
    while (start < end) {
      let underWay = 0;
      let wakeAt = Number.POSITIVE_INFINITY;
      for (let n = start; n < end; n++) {
        const p = this.probes[n]!;
        if (!p.done && p.sentAt !== undefined) {
          this.listen(p);
          const expires = p.sentAt + this.timeout(n);
          if (!p.done && proc.now >= expires) p.done = true;
          else if (!p.done) wakeAt = Math.min(wakeAt, expires);
        }
        if (p.done) {
          p.sock?.close();
          p.sock = undefined;
          if (n === start) {
            yield* this.show(n);
            start++;
          }
          if (p.final) end = (Math.floor(n / o.queries) + 1) * o.queries;
          continue;
        }
        if (p.sentAt === undefined) {
          if (o.sendWait > 0 && this.lastSent !== undefined && proc.now - this.lastSent < o.sendWait) {
            wakeAt = Math.min(wakeAt, this.lastSent + o.sendWait);
            break;
          }
          this.send(p, n);
          if (this.failure !== undefined) {
            yield* proc.warn(`\n${this.failure}\n`);
            return 1;
          }
          wakeAt = Math.min(wakeAt, proc.now + this.timeout(n));
        }
        if (++underWay >= o.simultaneous) break;
      }
      if (start >= end) break;
      const socks = this.probes.flatMap((p) => (p.sock === undefined ? [] : [p.sock]));
      if (!socks.some((s) => s.readable)) yield { read: socks, until: wakeAt };
    }
    yield* proc.print("\n");
    return 0;
  }

  close(): void {
    for (const p of this.probes) p.sock?.close();
  }

  private packetLength(): number {
    return Math.max(this.o.length, IPV4_MIN_LEN + (this.o.method === "icmp" ? ICMP_LEN : UDP_LEN));
  }

  private send(p: Probe, n: number): void {
    const { o, proc } = this;
    const ttl = Math.floor(n / o.queries) + 1;
    const icmp = o.method === "icmp";
    const sock = icmp ? proc.netns.raw(IPPROTO.ICMP) : proc.netns.udp();
    p.sock = sock;
    const ifindex = o.device === undefined ? 0 : (proc.netns.rtnl.link(o.device)?.ifindex ?? -1);
    if (ifindex < 0) return this.fail(`setsockopt SO_BINDTODEVICE`, "ENODEV");
    sock.set({ ttl, tos: o.tos, mark: o.mark, recverr: true, pmtudisc: o.dontFragment ? "do" : "dont", ...(ifindex > 0 && { bindToDevice: ifindex }) });
    const port = icmp ? 0 : o.method === "udp" ? (o.port ?? DEFAULT_PORT) + n - (o.first - 1) * o.queries : (o.port ?? 53);
    if (o.source !== undefined) {
      const e = sock.kind === "raw" ? sock.bind(o.source) : sock.bind(o.source, 0);
      if (e !== undefined) return this.fail("bind", e);
    }
    const e = sock.kind === "raw" ? sock.connect(this.target) : sock.connect(this.target, port & 0xffff);
    if (e !== undefined) return this.fail("connect", e);
    p.seq = ((o.port ?? 1) + n - (o.first - 1) * o.queries) & 0xffff;
    const data = new Uint8Array(this.packetLength() - IPV4_MIN_LEN - (icmp ? 0 : UDP_LEN));
    for (let i = 0; i < data.length; i++) data[i] = 0x40 + (i & 0x3f);
    if (icmp) echoHeader(data, this.ident, p.seq);
    p.sentAt = proc.now;
    this.lastSent = proc.now;
    const sent = sock.send(data);
    // What the kernel refuses at once (a packet too big) is told through the error queue.
    if (typeof sent === "string" && sent !== "EMSGSIZE" && !sock.readable) this.fail("send", sent);
  }

  private fail(what: string, e: Errno): void {
    this.failure = `${what}: ${strerror(e)}`;
  }

  /** Takes what came for a probe. */
  private listen(p: Probe): void {
    const { sock } = p;
    if (sock === undefined) return;
    // A raw socket hears of every probe: what is not about this one is passed over.
    for (let e = sock.recvError(); e !== undefined; e = sock.recvError()) {
      if (sock.kind === "raw" && e.origin === "icmp" && !this.isEcho(e.data, 0, p)) continue;
      this.answered(p, e);
      sock.recv(); // and the pending error that goes with it
      return;
    }
    for (let r = sock.recv(); r !== "EAGAIN"; r = sock.recv()) {
      if (typeof r === "string") continue;
      const at = (r.data[0]! & 15) * 4;
      if (sock.kind === "raw" && (r.data[at] !== ICMP_TYPE.ECHO_REPLY || !this.isEcho(r.data, at, p))) continue;
      p.from = r.from;
      p.receivedAt = r.at;
      p.done = true;
      p.final = true;
      return;
    }
  }

  private isEcho(data: Uint8Array, at: number, p: Probe): boolean {
    return data.length >= at + ICMP_LEN && getU16(data, at + 4) === this.ident && getU16(data, at + 6) === p.seq;
  }

  private answered(p: Probe, e: SockError): void {
    p.receivedAt = e.at ?? this.proc.now;
    p.done = true;
    if (e.origin === "local") {
      p.mark = e.errno === "EMSGSIZE" ? `!F-${e.info}` : `!${e.errno}`;
      p.final = true;
      p.receivedAt = undefined;
      return;
    }
    p.from = e.offender;
    if (e.type === ICMP_TYPE.TIME_EXCEEDED && e.code === 0) return;
    p.final = true;
    p.mark = e.type === ICMP_TYPE.DEST_UNREACH ? unreachableMark(e.code ?? 0, e.info) : `!<${e.type}-${e.code}>`;
  }

  /** A probe is waited for no longer than a multiple of what its neighbours took. */
  private timeout(n: number): Nanos {
    const { o, probes } = this;
    const took = (p: Probe): Nanos | undefined => (p.done && p.receivedAt !== undefined && p.sentAt !== undefined ? p.receivedAt - p.sentAt + WAIT_PRECISION : undefined);
    if (o.here > 0) {
      const first = n - (n % o.queries);
      for (let i = first; i < first + o.queries; i++) {
        const t = took(probes[i]!);
        if (t !== undefined) return Math.min(Math.round(t * o.here), o.wait);
      }
    }
    if (o.near > 0) {
      for (let i = n + 1; i < probes.length && probes[i]!.sentAt !== undefined; i++) {
        const t = took(probes[i]!);
        if (t !== undefined) return Math.min(Math.round(t * o.near), o.wait);
      }
    }
    return o.wait;
  }

  private *show(n: number): Run<void> {
    const { o, probes } = this;
    const p = probes[n]!;
    const np = n % o.queries;
    let text = np === 0 ? `\n${String(Math.floor(n / o.queries) + 1).padStart(2)} ` : "";
    if (p.from === undefined) text += p.mark === "" ? " *" : "";
    else {
      let before = n - 1;
      while (before >= n - np && probes[before]!.from === undefined) before--;
      if (before < n - np || probes[before]!.from !== p.from) text += ` ${this.name(p.from)}`;
    }
    if (p.receivedAt !== undefined && p.sentAt !== undefined) {
      const us = Math.round((p.receivedAt - p.sentAt) / 1000);
      text += `  ${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, "0")} ms`;
    }
    if (p.mark !== "") text += ` ${p.mark}`;
    yield* this.proc.print(text);
  }

  private name(address: number): string {
    const numeric = formatIpv4(address);
    return this.o.numeric ? numeric : `${hostOf(this.proc, address) ?? numeric} (${numeric})`;
  }
}

function echoHeader(data: Uint8Array, ident: number, seq: number): void {
  data.fill(0, 0, ICMP_LEN);
  data[0] = ICMP_TYPE.ECHO;
  setU16(data, 4, ident);
  setU16(data, 6, seq);
  setU16(data, 2, finish(sumWords(data, 0, data.length)));
}

function unreachableMark(code: number, mtu: number): string {
  switch (code) {
    case UNREACH.PORT: return "";
    case UNREACH.NET:
    case UNREACH.NET_UNKNOWN:
    case UNREACH.HOST_ISOLATED:
    case UNREACH.NET_UNR_TOS: return "!N";
    case UNREACH.HOST:
    case UNREACH.HOST_UNKNOWN:
    case UNREACH.HOST_UNR_TOS: return "!H";
    case UNREACH.PROTOCOL: return "!P";
    case UNREACH.FRAG_NEEDED: return `!F-${mtu}`;
    case UNREACH.SR_FAILED: return "!S";
    case UNREACH.NET_ANO:
    case UNREACH.HOST_ANO:
    case UNREACH.PKT_FILTERED: return "!X";
    case 14: return "!V";
    case 15: return "!C";
    default: return `!<${code}>`;
  }
}

export const traceroute = defineCommand({
  name: "traceroute",
  man: {
    summary: "print the routers that packets pass on their way to a host",
    synopsis: ["traceroute [-FInU] [-f first_ttl] [-i device] [-m max_ttl] [-N squeries] [-p port] [-t tos] [-w MAX,HERE,NEAR] [-q nqueries] [-s src_addr] [-z sendwait] host [packetlen]"],
    emulated: [
      "UDP to rising ports from 33434 (default), -U: UDP to one port, -I: ICMP echo. Sixteen probes at once; -N changes that.",
      "-n: no names. -m, -f: last and first hop. -q: probes a hop. -w: how long to wait. -z: pause between probes. -F: do not fragment.",
      "-i, -s, -t, --fwmark: device, source address, type of service, mark. Marks: !N !H !P !X !F-MTU and so on.",
    ],
    notEmulated: ["-T and the other methods of TCP, DCCP and raw protocols, -e, -A, -M, -O, -g, -r, --mtu, --sport", "-6"],
    examples: ["traceroute -n 10.0.2.2", "traceroute -n -q 1 -I 10.0.2.2"],
  },
  *run(proc, args) {
    const parsed = parse(args);
    if ("notEmulated" in parsed) return yield* notEmulated(proc, parsed.notEmulated);
    if ("text" in parsed) {
      yield* parsed.out ? proc.print(parsed.text) : proc.warn(parsed.text);
      return parsed.exit;
    }
    const o = parsed.ok;
    const found = resolveHost(proc, o.host);
    if (!found.ok || found.addresses[0] === undefined) {
      yield* proc.warn(`${o.host}: ${gaiStrerror(found.ok ? "EAI_ADDRFAMILY" : found.error)}\nCannot handle "host" cmdline arg \`${o.host}' on position 1 (argc ${args.indexOf(o.host) + 1})\n`);
      return 2;
    }
    const trace = new Traceroute(proc, o, found.addresses[0]);
    try {
      return yield* trace.run();
    } finally {
      trace.close();
    }
  },
});
