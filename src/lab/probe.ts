/**
 * Probes: what a check sends into a copy of the network to see what comes back. They are programs like any other, on the node's
 * own sockets: routes, neighbours, bridges and filters treat them as they treat a learner's ping.
 */
import { setU16, setU32 } from "../base/bytes.ts";
import type { Waitable } from "../base/wait-queue.ts";
import type { Errno, Netns, SockError } from "../kernel/api.ts";
import { MILLISECOND, SECOND, type Nanos } from "../sim/time.ts";
import type { Machine } from "../userland/machine.ts";
import type { Process, Program, Run, Wait } from "../userland/process.ts";
import { ARP_LEN, ARP_OP, emitArp, parseArp } from "../wire/arp.ts";
import { BROADCAST_MAC, ETH_LEN, ETHERTYPE, formatMac } from "../wire/ethernet.ts";
import { emitIcmp, ICMP, ICMP_LEN, ICMP_TYPE, UNREACH } from "../wire/icmp.ts";
import { formatIpv4, IPPROTO, parseIpv4 } from "../wire/ipv4.ts";
import type { ReachResult } from "./schema.ts";

export interface ProbeSpec {
  with: "ping" | "udp" | "arp";
  to: string;
  port?: number | undefined;
  dev?: string | undefined;
  source?: string | undefined;
  size: number;
  ttl?: number | undefined;
  df: boolean;
  netns?: string | undefined;
  tries: number;
  /** Seconds. */
  within: number;
}

/** What one try gave. */
export interface TryResult {
  result: ReachResult;
  /** Who sent an error; who answered an ARP request (its MAC). */
  by?: string;
  /** In words, for people: an errno's name. */
  detail?: string;
  sentAt: Nanos;
  /** Of an answer or an error. */
  after?: Nanos;
}

/** Identifier of our echoes and source port of our datagrams: nothing of the learner's has them. */
export const PROBE_ID = 0x5057;
export const PROBE_PORT = 20_567;

/** An unresolved neighbour is given up after three seconds (mcast_solicit times retrans_time), and says so then. */
const ERROR_GRACE: Nanos = 4 * SECOND;

/** Sends tries one a second and stops at the first of which `enough` holds. Results are in `results` when the process has ended. */
export function startProbe(machine: Machine, spec: ProbeSpec, enough: (r: TryResult) => boolean): { process: Process | undefined; results: TryResult[] } {
  const results: TryResult[] = [];
  const netns = spec.netns === undefined ? machine.kernel.initNetns : findNetns(machine, spec.netns);
  if (netns === undefined) {
    results.push({ result: "other-error", detail: `there is no network namespace '${spec.netns}'`, sentAt: machine.clock.now });
    return { process: undefined, results };
  }
  const program: Program = spec.with === "arp" ? arpProbe(spec, results, enough) : ipProbe(spec, results, enough);
  const process = machine.spawn({ argv: ["probe"], program, netns, pgid: 0, fds: new Map() });
  if (process === "EAGAIN") results.push({ result: "other-error", detail: "EAGAIN: too many processes", sentAt: machine.clock.now });
  return { process: process === "EAGAIN" ? undefined : process, results };
}

/** A namespace by its name under /run/netns. */
export function findNetns(machine: Machine, name: string): Netns | undefined {
  const found = machine.fs.stat(`/run/netns/${name}`);
  return found.ok && found.value.nsfs !== undefined ? (found.value.nsfs as Netns) : undefined;
}

// -- ping and udp ---------------------------------------------------------------------------------------------------------

interface Prober {
  /** Sends try number `seq`. */
  send(seq: number): Errno | undefined;
  /** The next thing that came: an answer, an error, or nothing. Things that are not ours are passed over. */
  poll(): { seq: number | undefined; answer: true } | { seq: number | undefined; answer: false; error: SockError } | undefined;
  readonly wait: Waitable;
  close(): void;
}

const readWait = (sock: Waitable, until: Nanos): Wait => ({ read: [sock], until });

function ipProbe(spec: ProbeSpec, results: TryResult[], enough: (r: TryResult) => boolean): Program {
  return function* (proc) {
    const prober = spec.with === "udp" ? udpProber(proc, spec) : pingProber(proc, spec);
    if (typeof prober === "string") {
      results.push({ ...localError(prober), sentAt: proc.now });
      return 1;
    }
    const within = Math.round(spec.within * SECOND);
    for (let seq = 1; seq <= spec.tries; seq++) {
      const sentAt = proc.now;
      const refused = prober.send(seq);
      if (refused !== undefined) results.push({ ...localError(refused), sentAt });
      else results.push({ result: "timeout", sentAt });
      yield* collect(proc, prober, results, Math.max(sentAt + SECOND, sentAt + (seq === spec.tries ? within : 0)), within, enough);
      if (results.some(enough)) break;
    }
    // What was given up late still says why.
    if (!results.some(enough) && results.some((r) => r.result === "timeout")) yield* collect(proc, prober, results, proc.now + ERROR_GRACE, within, enough);
    prober.close();
    return 0;
  };
}

function* collect(proc: Process, prober: Prober, results: TryResult[], until: Nanos, within: Nanos, enough: (r: TryResult) => boolean): Run<void> {
  for (;;) {
    const got = prober.poll();
    if (got === undefined) {
      if (proc.now >= until) return;
      yield readWait(prober.wait, until);
      continue;
    }
    const r = results[(got.seq ?? results.length) - 1];
    // The first word counts: an answer after its error, or twice, changes nothing.
    if (r === undefined || r.result !== "timeout") continue;
    const after = proc.now - r.sentAt;
    if (!got.answer) Object.assign(r, remoteError(got.error), { after });
    else if (after <= within) Object.assign(r, { result: "ok", after });
    if (enough(r)) return;
  }
}

function pingProber(proc: Process, spec: ProbeSpec): Prober | Errno {
  const sock = proc.netns.raw(IPPROTO.ICMP);
  const failed = setUp(proc, sock, spec);
  if (failed !== undefined) return failed;
  const to = parseIpv4(spec.to)!;
  const data = new Uint8Array(spec.size);
  for (let i = 0; i < data.length; i++) data[i] = i & 255;
  return {
    send(seq) {
      const message = new Uint8Array(ICMP_LEN + spec.size);
      emitIcmp({ kind: "echo", reply: false, id: PROBE_ID, seq, data }, message);
      return sendPastPending(() => sock.send(message, to));
    },
    poll() {
      for (;;) {
        const error = sock.recvError();
        if (error !== undefined) return { seq: quotedSeq(error), answer: false, error };
        const got = sock.recv();
        if (got === "EAGAIN") return undefined;
        if (typeof got === "string") continue; // the error is pending on the socket as well: the queue told it already
        const at = (got.data[0]! & 15) * 4;
        const reply = got.data[at + ICMP.type] === ICMP_TYPE.ECHO_REPLY && ((got.data[at + ICMP.id]! << 8) | got.data[at + ICMP.id + 1]!) === PROBE_ID;
        if (reply) return { seq: (got.data[at + ICMP.seq]! << 8) | got.data[at + ICMP.seq + 1]!, answer: true };
      }
    },
    wait: sock,
    close: () => sock.close(),
  };
}

/** A send is refused once with the error of an earlier probe, which is in the error queue as well; the second refusal is its own. */
function sendPastPending(send: () => number | Errno): Errno | undefined {
  if (typeof send() !== "string") return undefined;
  const sent = send();
  return typeof sent === "string" ? sent : undefined;
}

/** Of a queued error: our echo's number, where enough of it was quoted. */
function quotedSeq(e: SockError): number | undefined {
  return e.data.length >= ICMP_LEN ? (e.data[ICMP.seq]! << 8) | e.data[ICMP.seq + 1]! : undefined;
}

function udpProber(proc: Process, spec: ProbeSpec): Prober | Errno {
  const sock = proc.netns.udp();
  const failed = setUp(proc, sock, spec);
  if (failed !== undefined) return failed;
  const bound = sock.bind(spec.source === undefined ? 0 : parseIpv4(spec.source)!, PROBE_PORT, { reuseAddr: true });
  if (bound !== undefined) return bound;
  const connected = sock.connect(parseIpv4(spec.to)!, spec.port!);
  if (connected !== undefined) return connected;
  return {
    send(seq) {
      const data = new Uint8Array(Math.max(4, spec.size));
      setU32(data, 0, PROBE_ID * 0x10000 + seq);
      return sendPastPending(() => sock.send(data));
    },
    poll() {
      const error = sock.recvError();
      if (error !== undefined) return { seq: error.data.length >= 4 ? (error.data[2]! << 8) | error.data[3]! : undefined, answer: false, error };
      const got = sock.recv();
      if (got === "EAGAIN") return undefined;
      // The same error is pending on the socket as well: it was told already.
      return typeof got === "string" ? undefined : { seq: undefined, answer: true };
    },
    wait: sock,
    close: () => sock.close(),
  };
}

interface Settable {
  set(o: { ttl?: number; recverr?: boolean; pmtudisc?: "do" | "dont"; bindToDevice?: number; broadcast?: boolean }): undefined | Errno;
  bind(addr: number, port: number): undefined | Errno;
}

function setUp(proc: Process, sock: Settable, spec: ProbeSpec): Errno | undefined {
  const dev = spec.dev === undefined ? undefined : proc.netns.rtnl.link(spec.dev);
  if (spec.dev !== undefined && dev === undefined) return "ENODEV";
  const refused = sock.set({ recverr: true, broadcast: true, pmtudisc: spec.df ? "do" : "dont", ...(spec.ttl === undefined ? {} : { ttl: spec.ttl }), ...(dev === undefined ? {} : { bindToDevice: dev.ifindex }) });
  if (refused !== undefined) return refused;
  return spec.source === undefined || spec.with === "udp" ? undefined : sock.bind(parseIpv4(spec.source)!, 0);
}

function localError(errno: Errno): Pick<TryResult, "result" | "detail"> {
  const words: Partial<Record<Errno, ReachResult>> = { ENETUNREACH: "no-route", EHOSTUNREACH: "no-route", EINVAL: "no-route", EACCES: "no-route", EMSGSIZE: "frag-needed" };
  return { result: words[errno] ?? "other-error", detail: errno };
}

function remoteError(e: SockError): Pick<TryResult, "result" | "detail" | "by"> {
  const by = e.offender === undefined ? {} : { by: formatIpv4(e.offender) };
  if (e.origin === "local" && e.type === undefined) return { ...localError(e.errno), ...by };
  return { result: icmpResult(e.type ?? -1, e.code ?? 0), detail: `ICMP type ${e.type ?? "?"} code ${e.code ?? "?"}`, ...by };
}

const UNREACH_RESULTS: Readonly<Record<number, ReachResult>> = {
  [UNREACH.NET]: "net-unreachable", [UNREACH.HOST]: "host-unreachable", [UNREACH.PROTOCOL]: "protocol-unreachable", [UNREACH.PORT]: "port-unreachable", [UNREACH.FRAG_NEEDED]: "frag-needed",
  [UNREACH.NET_UNKNOWN]: "net-unreachable", [UNREACH.HOST_UNKNOWN]: "host-unreachable", [UNREACH.NET_ANO]: "prohibited", [UNREACH.HOST_ANO]: "prohibited", [UNREACH.PKT_FILTERED]: "prohibited",
};

function icmpResult(type: number, code: number): ReachResult {
  if (type === ICMP_TYPE.DEST_UNREACH) return UNREACH_RESULTS[code] ?? "other-error";
  return type === ICMP_TYPE.TIME_EXCEEDED ? "ttl-exceeded" : "other-error";
}

// -- arp --------------------------------------------------------------------------------------------------------------------

/** Who has an address, asked on one wire: all who answer within the time are heard. */
function arpProbe(spec: ProbeSpec, results: TryResult[], enough: (r: TryResult) => boolean): Program {
  return function* (proc) {
    const link = proc.netns.rtnl.link(spec.dev!);
    if (link === undefined) {
      results.push({ result: "other-error", detail: "ENODEV", sentAt: proc.now });
      return 1;
    }
    const to = parseIpv4(spec.to)!;
    const spa = spec.source === undefined ? (proc.netns.rtnl.addrs().find((a) => a.ifindex === link.ifindex)?.local ?? 0) : parseIpv4(spec.source)!;
    const sock = proc.netns.packet();
    sock.bind(link.ifindex, ETHERTYPE.ARP);
    for (let i = 0; i < spec.tries; i++) {
      const r: TryResult = { result: "timeout", sentAt: proc.now };
      results.push(r);
      const sent = sock.send(arpRequest(link.lladdr, spa, to), link.ifindex);
      if (typeof sent === "string") Object.assign(r, { result: "other-error", detail: sent });
      const heard = yield* hear(proc, sock, to, r.sentAt + Math.max(Math.round(spec.within * SECOND), 10 * MILLISECOND));
      if (heard.length > 0) Object.assign(r, { result: "ok", by: [...new Set(heard)].join(" "), after: proc.now - r.sentAt });
      if (enough(r)) break;
    }
    sock.close();
    return 0;
  };
}

function arpRequest(sha: Uint8Array, spa: number, tpa: number): Uint8Array {
  const frame = new Uint8Array(ETH_LEN + ARP_LEN);
  frame.set(BROADCAST_MAC, 0);
  frame.set(sha, 6);
  setU16(frame, 12, ETHERTYPE.ARP);
  emitArp({ oper: ARP_OP.REQUEST, sha, spa, tha: new Uint8Array(6), tpa }, frame.subarray(ETH_LEN));
  return frame;
}

function* hear(proc: Process, sock: ReturnType<Netns["packet"]>, spa: number, until: Nanos): Run<string[]> {
  const macs: string[] = [];
  for (;;) {
    const got = sock.recv();
    if (typeof got === "string") {
      if (proc.now >= until) return macs;
      yield readWait(sock, until);
      continue;
    }
    if (got.type === "outgoing") continue;
    const arp = parseArp(got.data.subarray(ETH_LEN));
    if (arp.ok && arp.value.oper === ARP_OP.REPLY && arp.value.spa === spa) macs.push(formatMac(arp.value.sha));
  }
}
