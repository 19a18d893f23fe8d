/** Where tcpdump's packets come from: a device, through a packet socket, or a file. */
import { concat, getU16, setU16, setU32 } from "../../../base/bytes.ts";
import { ok, type Result } from "../../../base/result.ts";
import { type Frame, type PacketSock, type PacketType, strerror } from "../../../kernel/api.ts";
import { MILLISECOND, type Nanos } from "../../../sim/time.ts";
import { ETH, ETHERTYPE } from "../../../wire/ethernet.ts";
import { CaptureStream, LINKTYPE, MAX_SNAPLEN, type PcapError, type PcapPacket } from "../../../wire/pcap.ts";
import type { Process, Run } from "../../process.ts";
import { wallTime } from "../../wall-clock.ts";
import type { Predicate } from "./filter/condition.ts";

const ETH_HEADER = 14;
const ETH_P_ALL = 0x0003;
const ETH_P_802_2 = 4;
const PACKET_TYPES: readonly PacketType[] = ["host", "broadcast", "multicast", "otherhost", "outgoing"];
const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
/** How often to look whether a device that went down is still there. */
const GONE_CHECK: Nanos = 100 * MILLISECOND;

/** The next packet; or that there are no more; or a signal came; or libpcap's error. */
export type Next = PcapPacket | "end" | "signal" | { error: string };

export interface Source {
  readonly linkType: number;
  readonly snapshotLength: number;
  /** @param tags whether the filter asks for VLAN tags. */
  setFilter(filter: Predicate, tags?: boolean): void;
  /** @param until when to come back at the latest, with "signal". */
  next(until?: Nanos): Run<Next>;
  /** Packets that passed the filter, and those that found no room. */
  readonly stats: { received: number; dropped: number };
  close(): void;
}

export interface LiveOptions {
  device: string;
  linkType: number;
  snaplen: number;
  promiscuous: boolean;
  direction: "in" | "out" | "inout";
}

/** libpcap's words when a device cannot be opened. */
export type OpenFailure = { missing: string } | { message: string };

export class LiveSource implements Source {
  readonly linkType: number;
  readonly snapshotLength: number;
  private readonly proc: Process;
  private readonly sock: PacketSock;
  private readonly direction: LiveOptions["direction"];
  private readonly loopback: number;
  /** 0: all devices. */
  private readonly ifindex: number;
  private down = false;

  private constructor(proc: Process, sock: PacketSock, o: LiveOptions, ifindex: number) {
    this.proc = proc;
    this.sock = sock;
    this.linkType = o.linkType;
    this.snapshotLength = o.snaplen === 0 ? MAX_SNAPLEN : o.snaplen;
    this.direction = o.direction;
    this.loopback = proc.netns.rtnl.link("lo")?.ifindex ?? -1;
    this.ifindex = ifindex;
  }

  static open(proc: Process, o: LiveOptions): LiveSource | OpenFailure {
    if (proc.uid !== 0) return { message: `${o.device}: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)` };
    const any = o.device === "any";
    const link = any ? undefined : proc.netns.rtnl.link(o.device);
    if (!any && link === undefined) return { missing: `${o.device}: No such device exists\n(No such device exists)` };
    if (link && (link.flags & 1) === 0) return { message: `${o.device}: That device is not up` };
    const sock = proc.netns.packet();
    const source = new LiveSource(proc, sock, o, link?.ifindex ?? 0);
    source.setFilter(() => true);
    const failed = sock.bind(source.ifindex, ETH_P_ALL) ?? (o.promiscuous && !any ? sock.setPromiscuous(true) : undefined);
    if (failed === undefined) return source;
    sock.close();
    return { message: `${o.device}: ${strerror(failed)}` };
  }

  get stats(): { received: number; dropped: number } {
    return this.sock.stats;
  }

  private get cooked(): boolean {
    return this.linkType !== LINKTYPE.ETHERNET && this.linkType !== LINKTYPE.RAW;
  }

  /**
   * Runs in the kernel: what does not pass is not counted. The kernel keeps a frame's outer tag apart from its octets, so that a filter
   * which does not ask for tags sees through it.
   */
  setFilter(filter: Predicate, tags = false): void {
    const header = this.cooked ? cookedLength(this.linkType) - ETH_HEADER : 0;
    this.sock.setFilter((frame, wireLen, type, ifindex) => {
      const seen = this.cooked ? cook(frame, this.linkType, type, ifindex, this.loopback, this.bare(ifindex)) : tags || this.linkType === LINKTYPE.RAW ? frame : withoutTag(frame);
      return filter(seen, wireLen + header, { packetType: PACKET_TYPES.indexOf(type), ifindex }) ? Math.max(1, this.snapshotLength - header) : 0;
    });
  }

  *next(until?: Nanos): Run<Next> {
    for (;;) {
      const frame = this.sock.recv();
      if (typeof frame !== "string") {
        this.down = false;
        if (this.wanted(frame)) return this.packet(frame);
        continue;
      }
      if (frame !== "EAGAIN") this.down = true;
      if (this.down && this.gone()) return { error: "The interface disappeared" };
      const soon = this.down ? this.proc.now + GONE_CHECK : undefined;
      const limit = until === undefined ? soon : Math.min(until, soon ?? until);
      const why = yield { read: [this.sock], ...(limit !== undefined && { until: limit }) };
      if (why === "signal" || (until !== undefined && this.proc.now >= until)) return "signal";
    }
  }

  /** Whether a device's frames have no header of their own. */
  private bare(ifindex: number): boolean {
    const type = this.proc.netns.rtnl.link(ifindex)?.arpType ?? "ether";
    return type !== "ether" && type !== "loopback";
  }

  /** Whether the device is no more; one that is up again is as it was. */
  private gone(): boolean {
    if (this.ifindex === 0) return (this.down = false);
    const link = this.proc.netns.rtnl.link(this.ifindex);
    if (link && (link.flags & 1) !== 0) this.down = false;
    return link === undefined;
  }

  /** What goes out on lo comes in again: it is shown once. */
  private wanted(f: Frame): boolean {
    if (f.type === "outgoing") return f.ifindex !== this.loopback && this.direction !== "in";
    return this.direction !== "out";
  }

  private packet(f: Frame): PcapPacket {
    const { seconds, nanos } = wallTime(f.at);
    if (!this.cooked) return { seconds, nanos, data: f.data, wireLength: f.wireLen };
    const data = cook(f.data, this.linkType, f.type, f.ifindex, this.loopback, this.bare(f.ifindex));
    return { seconds, nanos, data: data.subarray(0, this.snapshotLength), wireLength: f.wireLen - (this.bare(f.ifindex) ? 0 : ETH_HEADER) + cookedLength(this.linkType) };
  }

  close(): void {
    this.sock.close();
  }
}

/** The frame without its outermost tag; itself when it has none. */
function withoutTag(frame: Uint8Array): Uint8Array {
  const type = getU16(frame, ETH.type);
  if ((type !== ETHERTYPE.VLAN && type !== ETHERTYPE.QINQ) || frame.length < ETH_HEADER + 4) return frame;
  const out = frame.slice(4);
  out.set(frame.subarray(0, ETH.type));
  return out;
}

function cookedLength(linkType: number): number {
  return linkType === LINKTYPE.LINUX_SLL ? 16 : 20;
}

/** A frame as a cooked socket gives it, with libpcap's header in place of the device's own (linux/if_packet.h, sockaddr_ll). */
function cook(frame: Uint8Array, linkType: number, type: PacketType, ifindex: number, loopback: number, bare: boolean): Uint8Array {
  const ethertype = bare ? (frame[0]! >> 4 === 6 ? ETHERTYPE.IPV6 : ETHERTYPE.IPV4) : (frame[12]! << 8) | frame[13]!;
  const protocol = ethertype > 1500 ? ethertype : ETH_P_802_2;
  const hardware = ifindex === loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
  const packetType = PACKET_TYPES.indexOf(type);
  const header = new Uint8Array(cookedLength(linkType));
  const address = bare ? new Uint8Array(6) : frame.subarray(ETH.src, ETH.src + 6);
  if (linkType === LINKTYPE.LINUX_SLL) {
    setU16(header, 0, packetType);
    setU16(header, 2, hardware);
    setU16(header, 4, 6);
    header.set(address, 6);
    setU16(header, 14, protocol);
  } else {
    setU16(header, 0, protocol);
    setU32(header, 4, ifindex);
    setU16(header, 8, hardware);
    header[10] = packetType;
    header[11] = bare ? 0 : 6;
    header.set(address, 12);
  }
  return concat([header, frame.subarray(bare ? 0 : ETH_HEADER)]);
}

/** A capture file or a pipe with one, read as it comes. */
export class FileSource implements Source {
  readonly linkType: number;
  readonly snapshotLength: number;
  readonly stats = { received: 0, dropped: 0 };
  private readonly proc: Process;
  private readonly fd: number;
  private readonly stream: CaptureStream;
  private filter: Predicate = () => true;
  private sinceYield = 0;

  private constructor(proc: Process, fd: number, stream: CaptureStream) {
    this.proc = proc;
    this.fd = fd;
    this.stream = stream;
    this.linkType = stream.file!.linkType;
    this.snapshotLength = stream.file!.snapshotLength;
  }

  /** "-" is standard input. The error is libpcap's. */
  static *open(proc: Process, name: string): Run<Result<FileSource, string>> {
    let fd = 0;
    if (name !== "-") {
      const opened = proc.machine.fs.open(proc, name, { read: true });
      if (!opened.ok) return { ok: false, error: `${name}: ${strerror(opened.error)}` };
      fd = proc.addFd(opened.value, 3);
    }
    const stream = new CaptureStream();
    while (stream.file === undefined && stream.error === undefined) {
      const failed = yield* readMore(proc, fd, stream);
      if (failed !== undefined) return { ok: false, error: failed };
    }
    return stream.file ? ok(new FileSource(proc, fd, stream)) : { ok: false, error: messageOf(stream.error!) };
  }

  setFilter(filter: Predicate): void {
    this.filter = filter;
  }

  *next(): Run<Next> {
    for (;;) {
      // A long file must let signals in.
      if (++this.sinceYield % 256 === 0 && (yield { until: this.proc.now }) === "signal") return "signal";
      const p = this.stream.next();
      if (p && this.filter(p.data, p.wireLength)) return p;
      if (p) continue;
      if (this.stream.error) return { error: messageOf(this.stream.error) };
      if (this.atEnd) return "end";
      const failed = yield* readMore(this.proc, this.fd, this.stream, () => (this.atEnd = true));
      if (failed === "signal") return "signal";
      if (failed !== undefined) return { error: failed };
    }
  }
  private atEnd = false;

  close(): void {
    if (this.fd > 2) this.proc.closeFd(this.fd);
  }
}

/** @returns "signal", or libpcap's message when reading fails. */
function* readMore(proc: Process, fd: number, stream: CaptureStream, ended?: () => void): Run<string | undefined> {
  const file = proc.fds.get(fd);
  const got = file ? file.read(65536) : "EBADF";
  if (got === "EAGAIN") return (yield { read: [file!] }) === "signal" ? "signal" : undefined;
  if (typeof got === "string") return `error reading dump file: ${strerror(got)}`;
  if (got.length > 0) stream.push(got);
  else {
    stream.end();
    ended?.();
  }
  return undefined;
}

/** What libpcap 1.10.3 says about a file it cannot read. */
export function messageOf(e: PcapError): string {
  switch (e.problem) {
    case "not-a-capture":
      return "unknown file format";
    case "truncated-header":
      return `truncated dump file; tried to read ${e.wanted ?? 0} file header bytes, only got ${e.got ?? 0}`;
    case "truncated-record":
      return `truncated dump file; tried to read ${e.wanted ?? 0} header bytes, only got ${e.got ?? 0}`;
    case "truncated-packet":
      return e.wanted === undefined ? "truncated pcapng dump file" : `truncated dump file; tried to read ${e.wanted} captured bytes, only got ${e.got ?? 0}`;
    case "version":
      return `unsupported pcap savefile ${e.reason}`;
    case "bad-length":
      return e.got === undefined ? e.reason : `invalid packet capture length ${e.got}, bigger than snaplen of ${MAX_SNAPLEN}`;
    default:
      return e.reason;
  }
}
