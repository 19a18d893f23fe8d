/** arping: iputils 20221126. Asks who has an address by hand, or announces one, over a packet socket. */
import { getU16, getU32, setU16, setU32 } from "../../base/bytes.ts";
import { IFF, type LinkInfo, type PacketSock, strerror } from "../../kernel/api.ts";
import { type Nanos, SECOND } from "../../sim/time.ts";
import { ARP, ARP_HTYPE_ETHERNET, ARP_LEN, ARP_OP } from "../../wire/arp.ts";
import { ETH_LEN, ETHERTYPE, formatMac } from "../../wire/ethernet.ts";
import { formatIpv4 } from "../../wire/ipv4.ts";
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import { Console, INT_MAX, iputilsVersion, parseLong } from "../iputils.ts";
import type { Process, Run } from "../process.ts";
import { gaiStrerror, inetAton, resolveHost } from "../resolver.ts";

const USAGE = `
Usage:
  arping [options] <destination>

Options:
  -f            quit on first reply
  -q            be quiet
  -b            keep on broadcasting, do not unicast
  -D            duplicate address detection mode
  -U            unsolicited ARP mode, update your neighbours
  -A            ARP answer mode, update your neighbours
  -V            print version and exit
  -c <count>    how many packets to send
  -w <timeout>  how long to wait for a reply
  -i <interval> set interval between packets (default: 1 second)
  -I <device>   which ethernet device to use
  -s <source>   source ip address
  <destination> dns name or ip address

For more details see arping(8).
`;
/** The real program sleeps half a millisecond before it looks at the clock; its replies never seem quicker. */
const LOOK_DELAY: Nanos = 500_000;

interface ArpingOptions {
  quitOnReply: boolean;
  quiet: boolean;
  broadcastOnly: boolean;
  dad: boolean;
  unsolicited: boolean;
  advert: boolean;
  /** undefined: no end. */
  count: number | undefined;
  timeout: number | undefined;
  interval: number;
  device: string | undefined;
  source: number | undefined;
  destination: string;
}

type Parsed = { ok: ArpingOptions } | { exit: number; text: string } | { usage: string | undefined };

function parse(args: readonly string[]): Parsed {
  const given = getopt(args, "h?bfDUAqc:w:i:s:I:V");
  const o: ArpingOptions = { quitOnReply: false, quiet: false, broadcastOnly: false, dad: false, unsolicited: false, advert: false, count: undefined, timeout: undefined, interval: 1, device: undefined, source: undefined, destination: "" };
  for (const { key, value = "" } of given.options) {
    if (key === "V") return { exit: 0, text: iputilsVersion("arping") };
    if (key === "h" || key === "?") return { usage: undefined };
    if (key === "b") o.broadcastOnly = true;
    else if (key === "D") {
      o.dad = true;
      o.quitOnReply = true;
    } else if (key === "U") o.unsolicited = true;
    else if (key === "A") {
      o.advert = true;
      o.unsolicited = true;
    } else if (key === "q") o.quiet = true;
    else if (key === "f") o.quitOnReply = true;
    else if (key === "I") o.device = value;
    else if (key === "s") {
      o.source = inetAton(value);
      if (o.source === undefined) return { exit: 2, text: `invalid source ${value}` };
    } else {
      const n = parseLong(value, key === "i" ? 0 : 1, INT_MAX);
      if (typeof n === "string") return { exit: 1, text: n };
      if (key === "c") o.count = n;
      else if (key === "w") o.timeout = n;
      else o.interval = n;
    }
  }
  if (given.error !== undefined) return { usage: given.error };
  if (given.operands.length !== 1) return { usage: undefined };
  o.destination = given.operands[0]!;
  return { ok: o };
}

class Arping {
  private readonly proc: Process;
  private readonly o: ArpingOptions;
  private readonly console: Console;
  private readonly link: LinkInfo;
  private readonly sock: PacketSock;
  private readonly target: number;
  private readonly source: number;
  private peer: Uint8Array;
  private sent = 0;
  private broadcastSent = 0;
  private received = 0;
  private requestsReceived = 0;
  private broadcastReceived = 0;
  private unicasting = false;
  private lastSent: Nanos = 0;

  constructor(proc: Process, o: ArpingOptions, console: Console, link: LinkInfo, sock: PacketSock, target: number, source: number) {
    this.proc = proc;
    this.o = o;
    this.console = console;
    this.link = link;
    this.sock = sock;
    this.target = target;
    this.source = source;
    this.peer = link.broadcast;
  }

  *run(): Run<number> {
    const { proc, o } = this;
    let interrupted = false;
    proc.onSignal("SIGINT", () => {
      interrupted = true;
    });
    if (!o.quiet) yield* this.console.print(`ARPING ${formatIpv4(this.target)} from ${formatIpv4(this.source)} ${o.device ?? this.link.name}\n`);
    const started = proc.now;
    let nextAt = started;
    const deadline = o.timeout === undefined ? Number.POSITIVE_INFINITY : started + o.timeout * SECOND;
    let left = o.count ?? Number.POSITIVE_INFINITY;
    for (;;) {
      if (interrupted) break;
      // A probe that falls on the deadline still goes out.
      if (proc.now >= nextAt) {
        if (left === 0) break;
        left--;
        this.send();
        nextAt += Math.max(o.interval, 1) * SECOND;
      }
      if (proc.now >= deadline) break;
      const frame = this.sock.recv();
      if (typeof frame === "string") {
        if (frame !== "EAGAIN") return yield* this.fatal(`recvfrom: ${strerror(frame)}`);
        yield* this.console.flush();
        yield { read: [this.sock], until: Math.min(nextAt, deadline) };
        continue;
      }
      if (!(yield* this.take(frame.data, frame.type === "host", frame.at))) continue;
      if (o.quitOnReply || (o.timeout !== undefined && o.count !== undefined && this.received >= o.count)) break;
    }
    return yield* this.finish();
  }

  private *fatal(text: string): Run<number> {
    yield* this.console.error(text);
    return 2;
  }

  private send(): void {
    const frame = new Uint8Array(ETH_LEN + ARP_LEN);
    frame.set(this.unicasting ? this.peer : this.link.broadcast, 0);
    frame.set(this.link.lladdr, 6);
    setU16(frame, 12, ETHERTYPE.ARP);
    const at = ETH_LEN;
    setU16(frame, at + ARP.htype, ARP_HTYPE_ETHERNET);
    setU16(frame, at + ARP.ptype, ETHERTYPE.IPV4);
    frame[at + ARP.hlen] = 6;
    frame[at + ARP.plen] = 4;
    setU16(frame, at + ARP.oper, this.o.advert ? ARP_OP.REPLY : ARP_OP.REQUEST);
    frame.set(this.link.lladdr, at + ARP.sha);
    setU32(frame, at + ARP.spa, this.source);
    frame.set(this.o.advert ? this.link.lladdr : this.unicasting ? this.peer : this.link.broadcast, at + ARP.tha);
    setU32(frame, at + ARP.tpa, this.target);
    this.lastSent = this.proc.now;
    if (typeof this.sock.send(frame, this.link.ifindex) === "string") return;
    this.sent++;
    if (!this.unicasting) this.broadcastSent++;
  }

  /** recv_pack. @returns whether it was an answer to us. */
  private *take(frame: Uint8Array, toUs: boolean, at: Nanos): Run<boolean> {
    const { o } = this;
    const a = frame.subarray(ETH_LEN);
    if (a.length < ARP_LEN || getU16(a, ARP.ptype) !== ETHERTYPE.IPV4 || a[ARP.plen] !== 4 || a[ARP.hlen] !== 6) return false;
    const oper = getU16(a, ARP.oper);
    if (oper !== ARP_OP.REQUEST && oper !== ARP_OP.REPLY) return false;
    const sha = a.slice(ARP.sha, ARP.sha + 6);
    const spa = getU32(a, ARP.spa);
    const tpa = getU32(a, ARP.tpa);
    const same = (x: Uint8Array, y: Uint8Array): boolean => x.every((v, i) => v === y[i]);
    if (!o.dad) {
      if (spa !== this.target || this.source !== tpa || !same(a.subarray(ARP.tha, ARP.tha + 6), this.link.lladdr)) return false;
    } else {
      // Somebody has the address, or asks for it at the same time: RFC 2131 §2.2.
      if (spa !== this.target || same(sha, this.link.lladdr)) return false;
      if (this.source !== 0 && this.source !== tpa) return false;
    }
    if (!o.quiet) {
      let text = `${toUs ? "Unicast" : "Broadcast"} ${oper === ARP_OP.REPLY ? "reply" : "request"} from ${formatIpv4(spa)} [${formatMac(sha).toUpperCase()}]`;
      if (tpa !== this.source) text += ` for ${formatIpv4(tpa)} `;
      const us = Math.floor((Math.max(at, this.proc.now) - this.lastSent + LOOK_DELAY) / 1000);
      yield* this.console.print(`${text}  ${Math.floor(us / 1000)}.${String(us % 1000).padStart(3, "0")}ms\n`);
    }
    this.received++;
    if (!toUs) this.broadcastReceived++;
    if (oper === ARP_OP.REQUEST) this.requestsReceived++;
    if (!o.broadcastOnly) {
      this.peer = sha;
      this.unicasting = true;
    }
    return true;
  }

  private *finish(): Run<number> {
    const { o } = this;
    if (!o.quiet) {
      const extra = [this.requestsReceived > 0 ? `${this.requestsReceived} request(s)` : "", this.broadcastReceived > 0 ? `${this.broadcastReceived} broadcast(s)` : ""].filter((x) => x !== "");
      yield* this.console.print(`Sent ${this.sent} probes (${this.broadcastSent} broadcast(s))\nReceived ${this.received} response(s)${extra.length > 0 ? ` (${extra.join(", ")})` : ""}\n`);
    }
    yield* this.console.flush();
    if (o.dad) return this.received > 0 ? 1 : 0;
    if (o.unsolicited) return 0;
    if (o.count !== undefined) return this.received === this.sent ? 0 : 1;
    return this.received > 0 ? 0 : 1;
  }
}

/** A device that cannot be used, and what is said of it: a message on standard output, or an error. */
type NoDevice = { readonly note: string } | { readonly error: string; readonly status: number };

/** The device that was named, or the one by which the kernel would reach `target`. */
function findDevice(proc: Process, name: string | undefined, target: number): LinkInfo | NoDevice {
  const { rtnl } = proc.netns;
  let link: LinkInfo | undefined;
  if (name !== undefined) link = rtnl.link(name);
  else {
    const route = rtnl.routeGet({ dst: target });
    if (!route.ok) return { error: "NETLINK_ROUTE unexpected iov element", status: 1 };
    link = rtnl.link(route.value.oif);
  }
  if (link === undefined) return { error: `Device ${name ?? ""} not available.`, status: 2 };
  if ((link.flags & IFF.UP) === 0) return { note: `Interface "${link.name}" is down` };
  if ((link.flags & (IFF.NOARP | IFF.LOOPBACK)) !== 0) return { note: `Interface "${link.name}" is not ARPable` };
  return link;
}

export const arping = defineCommand({
  name: "arping",
  man: {
    summary: "ask who has an address, by ARP",
    synopsis: ["arping [-AbDfqUV] [-c count] [-w deadline] [-i interval] [-s source] [-I interface] destination"],
    emulated: [
      "-c count: stop after so many probes. -w deadline: stop after so many seconds. -i interval: seconds between probes.",
      "-I interface: ask through this one; without it, through the one that a packet would take. -s source: ask from this address.",
      "-b: go on asking everybody; by default, later probes go to the one who answered. -f: stop at the first answer. -q: print nothing.",
      "-D: is the address taken? Exit status 1 when somebody answers. -U: announce an address by requests. -A: announce it by replies.",
    ],
    notEmulated: [],
    examples: ["arping -c 2 -I eth0 10.0.0.2", "arping -U -c 1 -I eth0 10.0.0.1"],
  },
  *run(proc, args) {
    const console = new Console(proc);
    const parsed = parse(args);
    if ("usage" in parsed) {
      yield* proc.warn((parsed.usage === undefined ? "" : `${proc.name}: ${parsed.usage}\n`) + USAGE);
      return 2;
    }
    if ("exit" in parsed) {
      if (parsed.exit === 0) yield* proc.print(parsed.text);
      else yield* console.error(parsed.text);
      return parsed.exit;
    }
    const o = parsed.ok;
    const found = resolveHost(proc, o.destination);
    if (!found.ok || found.addresses[0] === undefined) {
      yield* console.error(`${o.destination}: ${gaiStrerror(found.ok ? "EAI_ADDRFAMILY" : found.error)}`);
      return 2;
    }
    const target = found.addresses[0];
    const link = findDevice(proc, o.device, target);
    if ("note" in link) {
      if (!o.quiet) yield* proc.print(`${link.note}\n`);
      return 2;
    }
    if ("error" in link) {
      yield* console.error(link.error);
      return link.status;
    }
    const source = yield* findSource(proc, o, link, target, console);
    if (source === undefined) return 2;
    const sock = proc.netns.packet();
    sock.bind(link.ifindex, ETHERTYPE.ARP);
    try {
      return yield* new Arping(proc, o, console, link, sock, target, source).run();
    } finally {
      sock.close();
    }
  },
  complete: (proc, words) => (words.at(-1) === "-I" ? proc.netns.rtnl.links().map((l) => l.name) : []),
});

/** A UDP socket learns the address we would ask from; announcing needs none but the announced one. undefined: said why not. */
function* findSource(proc: Process, o: ArpingOptions, link: LinkInfo, target: number, console: Console): Run<number | undefined> {
  if (o.dad && o.source === undefined) return 0;
  const wanted = o.source ?? (o.unsolicited ? target : 0);
  const probe = proc.netns.udp();
  probe.set({ bindToDevice: link.ifindex });
  try {
    if (wanted !== 0) {
      const e = probe.bind(wanted, 0);
      if (e !== undefined) {
        yield* console.error(`bind: ${strerror(e)}`);
        return undefined;
      }
      return wanted;
    }
    const e = probe.connect(target, 1025);
    if (e !== undefined) {
      yield* console.error(`connect: ${strerror(e)}`);
      return undefined;
    }
    if (probe.localAddr === 0) {
      yield* console.print(`ARPING ${formatIpv4(target)} from 0.0.0.0 ${link.name}\n`);
      yield* console.error("no source address in not-DAD mode");
      return undefined;
    }
    return probe.localAddr;
  } finally {
    probe.close();
  }
}

