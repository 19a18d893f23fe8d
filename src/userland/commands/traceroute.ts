/**
 * traceroute: the one of Debian, 2.1.2. Up to 16 probes are under way at once; each has its own socket, so that an ICMP error finds
 * the probe it is about. Methods here: UDP to rising ports (default), -U to one port, -I by ICMP echo.
 */
import { getU16, setU16 } from "../../base/bytes.ts";
import { type Errno, strerror } from "../../kernel/api.ts";
import { MICROSECOND, type Nanos, SECOND } from "../../sim/time.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { ICMP_LEN, ICMP_TYPE, UNREACH } from "../../wire/icmp.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { IPV4_MIN_LEN } from "../../wire/ipv4.ts";
import { formatIpv6, IPV6_LEN, parseIpv6 } from "../../wire/ipv6.ts";
import { UDP_LEN } from "../../wire/udp.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";
import { type ProbeAddr, type ProbeError, type ProbeSocket, probeAddrText, probeSocket } from "../probe-socket.ts";
import { gaiStrerror, hostOf, hostOf6, inetAton, resolveHost } from "../resolver.ts";
import { TRACEROUTE_USAGE } from "./traceroute/usage.ts";

const DEFAULT_PORT = 33434;
const MAX_PACKET = 65000;
/** Octets behind the IP header when nothing was said. */
const DATA_LEN = 40;
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
  source: ProbeAddr | undefined;
  family: 4 | 6 | undefined;
  mark: number;
  back: boolean;
  host: string;
  /** Octets of the IP packet. */
  length: number | undefined;
}

interface Probe {
  sentAt: Nanos | undefined;
  receivedAt: Nanos | undefined;
  from: ProbeAddr | undefined;
  done: boolean;
  final: boolean;
  mark: string;
  sock: ProbeSocket | undefined;
  seq: number;
}

/** Options that exist there and not here. */
const REFUSED: Readonly<Record<string, string>> = { T: "-T", D: "-D", P: "-P", e: "-e", A: "-A", M: "-M", O: "-O", g: "-g", r: "-r", mtu: "--mtu", sport: "--sport", l: "-l", d: "-d" };
const LONGS = {
  debug: "d", "dont-fragment": "F", first: "f:", gateway: "g:", icmp: "I", tcp: "T", interface: "i:", "max-hops": "m:", "sim-queries": "N:", port: "p:", tos: "t:", flowlabel: "l:", wait: "w:", queries: "q:", source: "s:", sendwait: "z:",
  extensions: "e", "as-path-lookups": "A", module: "M:", options: "O:", sport: "sport:", fwmark: "fwmark:", udp: "U", dccp: "D", protocol: "P:", mtu: "mtu", back: "back", version: "V", help: "help",
} as const;

type Parsed = { ok: Options } | { text: string; exit: number; out?: boolean } | { notEmulated: string };

function parse(args: readonly string[]): Parsed {
  const o: Options = {
    numeric: false, method: "udp", first: 1, maxHops: 30, queries: 3, simultaneous: 16, port: undefined, wait: 5 * SECOND, here: 3, near: 10, sendWait: 0, dontFragment: false, tos: 0, device: undefined, source: undefined, family: undefined, mark: 0, back: false, host: "", length: undefined,
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
    case "4":
    case "6":
      if (o.family !== undefined && o.family !== Number(key)) return false;
      o.family = key === "4" ? 4 : 6;
      return true;
    case "n": o.numeric = true; return true;
    case "I": o.method = "icmp"; return true;
    case "U": o.method = "fixed-udp"; return true;
    case "F": o.dontFragment = true; return true;
    case "back": o.back = true; return true;
    case "i": o.device = value; return true;
    case "s": {
      const six = value.includes(":") ? parseIpv6(value) : undefined;
      o.source = six === undefined ? inetAton(value) : formatIpv6(six);
      return o.source !== undefined;
    }
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
  if ((o.length ?? 0) > MAX_PACKET) return `too big packetlen ${o.length} specified`;
  return undefined;
}

class Traceroute {
  private readonly proc: Process;
  private readonly o: Options;
  private readonly target: ProbeAddr;
  private readonly family: 4 | 6;
  private readonly probes: Probe[];
  private readonly ident: number;
  private lastSent: Nanos | undefined;
  private failure: string | undefined;

  constructor(proc: Process, o: Options, target: ProbeAddr) {
    this.proc = proc;
    this.o = o;
    this.target = target;
    this.family = typeof target === "number" ? 4 : 6;
    this.ident = proc.pid & 0xffff;
    this.probes = Array.from({ length: o.maxHops * o.queries }, () => ({ sentAt: undefined, receivedAt: undefined, from: undefined, done: false, final: false, mark: "", sock: undefined, seq: 0 }));
  }

  *run(): Run<number> {
    const { o, proc } = this;
    yield* proc.print(`traceroute to ${o.host} (${probeAddrText(this.target)}), ${o.maxHops} hops max, ${this.packetLength()} byte packets`);
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
    const header = this.headerLength;
    return Math.max(this.o.length ?? header + DATA_LEN, header + (this.o.method === "icmp" ? ICMP_LEN : UDP_LEN));
  }

  private get headerLength(): number {
    return this.family === 4 ? IPV4_MIN_LEN : IPV6_LEN;
  }

  private send(p: Probe, n: number): void {
    const { o, proc } = this;
    const ttl = Math.floor(n / o.queries) + 1;
    const icmp = o.method === "icmp";
    const sock = probeSocket(proc.netns, this.family, icmp);
    p.sock = sock;
    const ifindex = o.device === undefined ? 0 : (proc.netns.rtnl.link(o.device)?.ifindex ?? -1);
    if (ifindex < 0) return this.fail(`setsockopt SO_BINDTODEVICE`, "ENODEV");
    sock.set({ ttl, tos: o.tos, mark: o.mark, recverr: true, pmtudisc: o.dontFragment ? "do" : "dont", ...(ifindex > 0 && { bindToDevice: ifindex }) });
    const port = icmp ? 0 : o.method === "udp" ? (o.port ?? DEFAULT_PORT) + n - (o.first - 1) * o.queries : (o.port ?? 53);
    if (o.source !== undefined) {
      const e = sock.bind(o.source);
      if (e !== undefined) return this.fail("bind", e);
    }
    const e = sock.connect(this.target, port & 0xffff);
    if (e !== undefined) return this.fail("connect", e);
    p.seq = ((o.port ?? 1) + n - (o.first - 1) * o.queries) & 0xffff;
    const data = new Uint8Array(this.packetLength() - this.headerLength - (icmp ? 0 : UDP_LEN));
    for (let i = 0; i < data.length; i++) data[i] = 0x40 + (i & 0x3f);
    if (icmp) echoHeader(data, this.family, this.ident, p.seq);
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
      if (sock.icmp && e.origin === "icmp" && !this.isEcho(e.data, p)) continue;
      this.answered(p, e);
      sock.recv(); // and the pending error that goes with it
      return;
    }
    for (let r = sock.recv(); r !== "EAGAIN"; r = sock.recv()) {
      if (typeof r === "string") continue;
      if (sock.icmp && (r.data[0] !== (this.family === 4 ? ICMP_TYPE.ECHO_REPLY : ICMPV6_TYPE.ECHO_REPLY) || !this.isEcho(r.data, p))) continue;
      p.from = r.from;
      p.receivedAt = r.at;
      p.done = true;
      p.final = true;
      return;
    }
  }

  private isEcho(data: Uint8Array, p: Probe): boolean {
    return data.length >= ICMP_LEN && getU16(data, 4) === this.ident && getU16(data, 6) === p.seq;
  }

  private answered(p: Probe, e: ProbeError): void {
    p.receivedAt = e.at ?? this.proc.now;
    p.done = true;
    if (e.origin === "local") {
      p.mark = e.errno === "EMSGSIZE" ? `!F-${e.info}` : `!${e.errno}`;
      p.final = true;
      p.receivedAt = undefined;
      return;
    }
    p.from = e.offender;
    if (e.what === "exceeded") return;
    p.final = true;
    p.mark = this.family === 6 ? mark6(e) : e.type === ICMP_TYPE.DEST_UNREACH ? unreachableMark(e.code, e.info) : `!<${e.type}-${e.code}>`;
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

  private name(address: ProbeAddr): string {
    const numeric = probeAddrText(address);
    if (this.o.numeric) return numeric;
    const name = typeof address === "number" ? hostOf(this.proc, address) : hostOf6(this.proc, parseIpv6(address)!);
    return `${name ?? numeric} (${numeric})`;
  }
}

function echoHeader(data: Uint8Array, family: 4 | 6, ident: number, seq: number): void {
  data.fill(0, 0, ICMP_LEN);
  data[0] = family === 4 ? ICMP_TYPE.ECHO : ICMPV6_TYPE.ECHO;
  setU16(data, 4, ident);
  setU16(data, 6, seq);
  if (family === 4) setU16(data, 2, finish(sumWords(data, 0, data.length))); // that of ICMPv6 is the kernel's business
}

function mark6(e: ProbeError): string {
  switch (e.what) {
    case "port": return "";
    case "net": return "!N";
    case "host": return "!H";
    case "prohibited": return "!X";
    case "protocol": return "!P";
    case "too-big": return `!F-${e.info}`;
    default: return e.type === ICMPV6_TYPE.DEST_UNREACH ? `!<${e.code}>` : `!<${e.type}-${e.code}>`;
  }
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
    synopsis: ["traceroute [-46FInU] [-f first_ttl] [-i device] [-m max_ttl] [-N squeries] [-p port] [-t tos] [-w MAX,HERE,NEAR] [-q nqueries] [-s src_addr] [-z sendwait] host [packetlen]"],
    emulated: [
      "UDP to rising ports from 33434 (default), -U: UDP to one port, -I: ICMP echo. Sixteen probes at once; -N changes that.",
      "-n: no names. -m, -f: last and first hop. -q: probes a hop. -w: how long to wait. -z: pause between probes. -F: do not fragment.",
      "-i, -s, -t, --fwmark: device, source address, type of service, mark. Marks: !N !H !P !X !F-MTU and so on.",
    ],
    notEmulated: ["-T and the other methods of TCP, DCCP and raw protocols, -e, -A, -M, -O, -g, -r, --mtu, --sport"],
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
    const address6 = found.ok && o.family !== 4 ? found.addresses6[0] : undefined;
    const target: ProbeAddr | undefined = address6 !== undefined && (o.family === 6 || found.ok && found.addresses.length === 0) ? formatIpv6(address6) : found.ok && o.family !== 6 ? found.addresses[0] : undefined;
    if (!found.ok || target === undefined) {
      yield* proc.warn(`${o.host}: ${gaiStrerror(found.ok ? "EAI_ADDRFAMILY" : found.error)}\nCannot handle "host" cmdline arg \`${o.host}' on position 1 (argc ${args.indexOf(o.host) + 1})\n`);
      return 2;
    }
    const trace = new Traceroute(proc, o, target);
    try {
      return yield* trace.run();
    } finally {
      trace.close();
    }
  },
});
