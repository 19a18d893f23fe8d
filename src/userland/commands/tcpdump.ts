/** tcpdump 4.99.3 with libpcap 1.10.3: captures on a device or reads a file; prints or writes what passes the filter. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { strerror } from "../../kernel/api.ts";
import { MILLISECOND, type Nanos, SECOND } from "../../sim/time.ts";
import { LINKTYPE, type PcapPacket } from "../../wire/pcap.ts";
import { type Command, defineCommand, notEmulated } from "../command.ts";
import { octets } from "../octets.ts";
import type { Process, Run } from "../process.ts";
import { hostOf, hostOf6, protocolByName, resolveHost, services } from "../resolver.ts";
import { Output } from "../tool.ts";
import { captureDevices, deviceLine, linkTypesOf, linkTypeText, OTHER_SOURCES } from "./tcpdump/devices.ts";
import type { Names } from "./tcpdump/dissector.ts";
import { compileFilter } from "./tcpdump/filter/compile.ts";
import { parseTcpdump, type TcpdumpOptions, USAGE } from "./tcpdump/options.ts";
import { PacketPrinter, PRINTABLE } from "./tcpdump/print-packet.ts";
import { SaveFile } from "./tcpdump/savefile.ts";
import { FileSource, LiveSource, type OpenFailure, type Source } from "./tcpdump/source.ts";

/** How long the ring holds packets back before it hands them over (to_ms): shorter when somebody watches. */
const WATCHED_TIMEOUT: Nanos = 100 * MILLISECOND;
const TIMEOUT: Nanos = SECOND;

/** Whether frames of a device have no header of their own. */
function isBare(proc: Process, device: string): boolean {
  const type = proc.netns.rtnl.link(device)?.arpType;
  return type !== undefined && type !== "ether" && type !== "loopback";
}

const plural = (n: number, what: string): string => `${n} packet${n === 1 ? "" : "s"} ${what}`;

/** What ends tcpdump before its capture begins: the exit status. */
interface Exit {
  exit: number;
}

class Tcpdump {
  private readonly proc: Process;
  private readonly o: TcpdumpOptions;
  private readonly out: Output;
  private device = "";
  private source: Source | undefined;
  private file: SaveFile | undefined;
  private printer: PacketPrinter | undefined;
  private captured = 0;
  private interrupted = false;
  private infoWanted = false;
  private flushWanted = false;
  /** When to say how many packets were written, and what was said last. */
  private reportAt: Nanos | undefined;
  private reported = -1;

  constructor(proc: Process, o: TcpdumpOptions) {
    this.proc = proc;
    this.o = o;
    this.out = new Output(proc);
    this.out.unbuffered = o.lineBuffered;
  }

  private get live(): boolean {
    return this.o.readFile === undefined;
  }

  close(): void {
    this.source?.close();
    this.file?.close();
  }

  *run(): Run<number> {
    const { o } = this;
    if (o.listDevices) return yield* this.listDevices();
    const exit = this.live ? yield* this.openDevice() : yield* this.openFile();
    if (exit !== undefined) return exit.exit;
    const source = this.source!;
    const started = this.proc.now;
    const bad = (yield* this.compile(source)) ?? (yield* this.prepare(source));
    if (bad !== undefined) return bad.exit;
    if (this.live) yield* this.announce(source);
    const failed = yield* this.loop(source, started);
    yield* this.end(source, failed);
    return failed === undefined ? 0 : 1;
  }

  private *error(text: string): Run<Exit> {
    yield* this.out.flush();
    yield* this.proc.warn(`tcpdump: ${text}\n`);
    return { exit: 1 };
  }

  private *listDevices(): Run<number> {
    const lines = captureDevices(this.proc.netns).map((d, i) => deviceLine(d, i + 1));
    yield* this.out.put(lines.join(""));
    yield* this.out.flush();
    return 0;
  }

  // -- opening ----------------------------------------------------------------------------------------------------------

  private *openFile(): Run<Exit | undefined> {
    const name = this.o.readFile!;
    const opened = yield* FileSource.open(this.proc, name);
    if (!opened.ok) return yield* this.error(opened.error);
    this.source = opened.value;
    const type = opened.value.linkType;
    yield* this.proc.warn(`reading from file ${name}, link-type ${linkTypeText(type)}, snapshot length ${opened.value.snapshotLength}\n`);
    if (type === LINKTYPE.LINUX_SLL2) yield* this.proc.warn("Warning: interface names might be incorrect\n");
    return undefined;
  }

  private *openDevice(): Run<Exit | undefined> {
    const { o, proc } = this;
    const devices = captureDevices(proc.netns);
    this.device = o.device ?? devices[0]!.name;
    let opened = this.open(this.device);
    if (!(opened instanceof LiveSource) && "missing" in opened) {
      if (OTHER_SOURCES.has(this.device)) return { exit: yield* notEmulated(proc, `tcpdump -i ${this.device}`) };
      if (!/^[ \t]*[+-]?[0-9]+$/.test(this.device)) return yield* this.error(opened.missing);
      const numbered = devices[Number(this.device) - 1];
      if (!numbered) return yield* this.error("Invalid adapter index");
      this.device = numbered.name;
      opened = this.open(this.device);
    }
    if (!(opened instanceof LiveSource)) return yield* this.error("missing" in opened ? opened.missing : opened.message);
    this.source = opened;
    return yield* this.checkDevice(opened);
  }

  private open(device: string): LiveSource | OpenFailure {
    const linkType = device === "any" ? (this.o.linkType === LINKTYPE.LINUX_SLL2 ? LINKTYPE.LINUX_SLL2 : LINKTYPE.LINUX_SLL) : isBare(this.proc, device) ? LINKTYPE.RAW : LINKTYPE.ETHERNET;
    return LiveSource.open(this.proc, { device, linkType, snaplen: this.o.snaplen, promiscuous: this.o.promiscuous, direction: this.o.direction });
  }

  /** What can be asked of an open device, and what it cannot do. */
  private *checkDevice(source: Source): Run<Exit | undefined> {
    const { o, proc, device } = this;
    const list = (title: string, lines: readonly string[]): Run<unknown> => proc.warn(`${title} for ${device} (use option -${title.startsWith("Data") ? "y" : "j"} to set):\n${lines.map((l) => `${l}\n`).join("")}`);
    if (o.listTimestampTypes) {
      yield* list("Time stamp types", ["  host (Host)"]);
      return { exit: 0 };
    }
    if (o.monitor) return yield* this.error(`${device}: That device doesn't support monitor mode`);
    if (o.timestampType !== undefined && o.timestampType !== "host") {
      yield* proc.warn(`tcpdump: WARNING: When trying to set timestamp type '${o.timestampType}' on ${device}: That type of time stamp is not supported by that device\n`);
    }
    if (o.listLinkTypes) {
      yield* list("Data link types", linkTypesOf(device));
      return { exit: 0 };
    }
    if (o.linkType === undefined) return undefined;
    if (o.linkType !== source.linkType) return yield* this.error(`${o.linkTypeName} is not one of the DLTs supported by this device`);
    yield* proc.warn(`tcpdump: data link type ${o.linkTypeName}\n`);
    return undefined;
  }

  private *compile(source: Source): Run<Exit | undefined> {
    const { o, proc } = this;
    let text = o.filter;
    if (o.filterFile !== undefined) {
      const read = proc.machine.fs.readFile(proc, o.filterFile);
      if (!read.ok) return yield* this.error(`can't open ${o.filterFile}: ${strerror(read.error)}`);
      text = decodeUtf8(read.value).replace(/#[^\n]*/g, " ");
    }
    const compiled = compileFilter(text, {
      linkType: source.linkType,
      savefile: !this.live,
      host(name) {
        const found = resolveHost(proc, name);
        return found.ok ? found.addresses : [];
      },
      service(name) {
        const found = services(proc).filter((s) => s.name === name && (s.protocol === "tcp" || s.protocol === "udp"));
        return found[0] && { port: found[0].port, protocols: found.map((s) => s.protocol as "tcp" | "udp") };
      },
      protocol: (name) => protocolByName(proc, name),
    });
    if (!compiled.ok) {
      if ("message" in compiled.error) return yield* this.error(compiled.error.message);
      return { exit: yield* notEmulated(proc, `tcpdump ... ${compiled.error.notEmulated}`) };
    }
    source.setFilter(compiled.value, /\bvlan\b/.test(text));
    return undefined;
  }

  private *prepare(source: Source): Run<Exit | undefined> {
    const { o } = this;
    this.catchSignals();
    if (o.writeFile !== undefined) {
      const opened = SaveFile.open(this.proc, o.writeFile, { linkType: source.linkType, snapshotLength: source.snapshotLength, nanos: o.print.nano });
      if (!opened.ok) return yield* this.error(opened.error);
      this.file = opened.value;
      if (o.packetBuffered) yield* this.file.flush();
      if (o.print.v > 0 && this.live && !o.printToo) this.reportAt = this.proc.now + SECOND;
    }
    if (this.file !== undefined && !o.printToo) return undefined;
    if (!PRINTABLE.includes(source.linkType)) return { exit: yield* notEmulated(this.proc, `tcpdump -r (link type ${source.linkType})`) };
    this.printer = new PacketPrinter({ options: o.print, names: namesOf(this.proc), conversations: new Map() }, source.linkType);
    return undefined;
  }

  private catchSignals(): void {
    const stop = (): void => {
      this.interrupted = true;
    };
    for (const sig of ["SIGINT", "SIGTERM", "SIGPIPE", "SIGHUP"] as const) if (sig !== "SIGHUP" || this.proc.disposition(sig) === "default") this.proc.onSignal(sig, stop);
    if (this.live) this.proc.onSignal("SIGUSR1", () => (this.infoWanted = true));
    this.proc.onSignal("SIGUSR2", () => (this.flushWanted = true));
  }

  private *announce(source: Source): Run<void> {
    const quiet = this.o.print.v === 0 && this.o.writeFile === undefined;
    const start = quiet ? "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n" : "tcpdump: ";
    yield* this.proc.warn(`${start}listening on ${this.device}, link-type ${linkTypeText(source.linkType)}, snapshot length ${source.snapshotLength} bytes\n`);
  }

  // -- capturing --------------------------------------------------------------------------------------------------------

  /** @returns libpcap's error, if one ended it. */
  private *loop(source: Source, started: Nanos): Run<string | undefined> {
    while (!this.interrupted && this.captured !== this.o.count) {
      const next = yield* source.next(this.reportAt);
      if (next === "signal") yield* this.attend();
      else if (next === "end") return undefined;
      else if ("error" in next) return next.error;
      else yield* this.take(next);
    }
    if (this.live && !this.interrupted) yield* this.waitForBlock(started);
    return undefined;
  }

  /**
   * The real ring hands over its packets block by block, so that those that follow the last one wanted are counted as received. Here each
   * packet is shown when it comes, and only the end waits for the block's.
   */
  private *waitForBlock(started: Nanos): Run<void> {
    if (this.o.immediate) return;
    const watched = this.printer !== undefined && (this.proc.fds.get(1)?.kind === "tty" || this.o.lineBuffered);
    const block = watched ? WATCHED_TIMEOUT : TIMEOUT;
    yield* this.proc.sleep(block - ((this.proc.now - started) % block));
  }

  private *take(p: PcapPacket): Run<void> {
    this.captured++;
    if (this.file) {
      yield* this.file.write(p);
      if (this.o.packetBuffered) yield* this.file.flush();
    }
    if (this.printer && !(this.o.countOnly && !this.file)) yield* this.out.put(octets(this.printer.print(p)));
  }

  /** What signals and the clock ask for, apart from an end. */
  private *attend(): Run<void> {
    if (this.infoWanted) {
      this.infoWanted = false;
      yield* this.proc.warn(`tcpdump: ${this.statistics().join(", ")}\n`);
    }
    if (this.flushWanted) {
      this.flushWanted = false;
      if (this.file) yield* this.file.flush();
    }
    if (this.reportAt === undefined || this.proc.now < this.reportAt) return;
    this.reportAt += SECOND;
    if (this.reported !== this.captured) yield* this.proc.warn(`Got ${this.captured}\r`);
    this.reported = this.captured;
  }

  private statistics(): string[] {
    const { received, dropped } = this.source!.stats;
    return [plural(this.captured, "captured"), plural(received, "received by filter"), plural(dropped, "dropped by kernel")];
  }

  private *end(source: Source, failed: string | undefined): Run<void> {
    const { proc, o } = this;
    if (o.writeFile === undefined) {
      if (this.interrupted) yield* this.out.put("\n");
      yield* this.out.flush();
    }
    if (failed !== undefined) yield* proc.warn(`tcpdump: pcap_loop: ${failed}\n`);
    if (this.live) yield* proc.warn(`${this.statistics().join("\n")}\n`);
    source.close();
    if (this.file) yield* this.file.flush();
    if (o.countOnly && !this.live) yield* this.out.put(`${this.captured} packet${this.captured === 1 ? "" : "s"}\n`);
    yield* this.out.flush();
  }
}

/** Names as getnameinfo(3) and services(5) have them; each is looked up once. */
function namesOf(proc: Process): Names {
  const hosts = new Map<number, string | undefined>();
  const ports = new Map<string, string>();
  for (const s of services(proc)) {
    const key = `${s.protocol} ${s.port}`;
    if (!ports.has(key)) ports.set(key, s.name);
  }
  return {
    host(address) {
      if (!hosts.has(address)) hosts.set(address, hostOf(proc, address));
      return hosts.get(address);
    },
    host6: (address) => hostOf6(proc, address),
    port: (port, protocol) => ports.get(`${protocol} ${port}`),
    ifname: (ifindex) => proc.netns.rtnl.link(ifindex)?.name,
  };
}

function* run(proc: Process, args: readonly string[]): Run<number> {
  const asked = parseTcpdump(args);
  if (asked.warnings !== "") yield* proc.warn(asked.warnings);
  if (asked.kind === "text") {
    yield* proc.print(asked.out);
    return 0;
  }
  if (asked.kind === "refused") return yield* notEmulated(proc, asked.what);
  if (asked.kind === "error" || asked.kind === "usage") {
    yield* proc.warn(`tcpdump: ${asked.text}\n${asked.kind === "usage" ? USAGE : ""}`);
    return 1;
  }
  const tcpdump = new Tcpdump(proc, asked.options);
  try {
    return yield* tcpdump.run();
  } finally {
    tcpdump.close();
  }
}

const WORDS = ["arp", "dst", "ether", "greater", "host", "icmp", "icmp6", "igmp", "ip", "ip6", "less", "net", "port", "portrange", "proto", "src", "stp", "tcp", "udp", "vlan"];

export const tcpdump: Command = defineCommand({
  name: "tcpdump",
  man: {
    summary: "show the packets on a network",
    synopsis: ["tcpdump [-AelnNpqStvxX#] [-c count] [-i interface] [-Q in|out|inout] [-s snaplen] [-w file] [expression]", "tcpdump -r file [expression]", "tcpdump -D"],
    emulated: [
      "-i device, any, or the number that -D shows; -p, -Q, -s, -c, -B, -j, --immediate-mode; -w file or - (with -U, -v), -r file or -, --count, --print",
      "-n, -e, -v to -vvv, -q, -S, -t to -ttttt, -x -xx -X -XX -A -AA, -#, -K, -N, -l, --nano",
      "text of Ethernet, 802.1Q, LLC, SNAP, STP and RSTP, ARP, IPv4 with options and fragments, ICMP, IGMP, UDP, TCP with options, IPv6 and ICMPv6",
      "the filter language of pcap-filter(7): host, net, port, portrange, ether, proto, vlan, broadcast, multicast, less, greater, proto[expr:size] and arithmetic",
      "SIGUSR1 shows statistics, SIGUSR2 writes what is held back",
    ],
    notEmulated: [
      "-d, -C, -G, -W, -z, -V, -E, -M, -T, -f",
      "what is inside UDP and TCP (DNS, DHCP, HTTP, VXLAN ...): shown by its length only; OSPF, VRRP, GRE, PIM, SCTP, LLDP, EAPOL, PPPoE, MPLS, MSTP's details, IPX",
      "filter words protochain, gateway, mpls, pppoed, pppoes, geneve and those of 802.11, ATM and SS7",
      "packets are shown when they come; the real one hands them over in blocks, up to 0.1 s (a terminal) or 1 s (a pipe) later",
    ],
    examples: ["tcpdump -ni eth0 icmp or arp", "tcpdump -nne -i any -c 4 host 10.0.0.2", "tcpdump -ni eth0 -w cap.pcap & sleep 5; kill %1; tcpdump -nr cap.pcap"],
  },
  run,
  complete(proc, words) {
    const last = words.at(-1);
    if (last === "-i") return captureDevices(proc.netns).map((d) => d.name);
    if (last === "-Q") return ["in", "out", "inout"];
    return WORDS;
  },
});
