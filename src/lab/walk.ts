/**
 * The way of a packet, from the reason stream: which decisions belong to a probe and its answer, and where it first went wrong.
 * A packet is ours by its octets (a probe's identifier and ports); what it was copied or translated into, by its parent.
 */
import { getU16, getU32 } from "../base/bytes.ts";
import type { Decision, Trace } from "../sim/trace.ts";
import { ARP, ARP_OP } from "../wire/arp.ts";
import { ETH_LEN, ETHERTYPE, formatMac } from "../wire/ethernet.ts";
import { ICMP, ICMP_LEN, ICMP_TYPE, isIcmpError } from "../wire/icmp.ts";
import { formatIpv4, IP_OFFSET_MASK, IPPROTO, IPV4 } from "../wire/ipv4.ts";
import { PROBE_ID, PROBE_PORT } from "./probe.ts";
import type { WrongHop } from "./protocol.ts";

/** The probe, its answer, an error about it, or the ARP that was needed for one of these. */
export type Part = "there" | "back" | "error" | "arp";

/** Decisions kept of one probe: a loop makes many. */
const KEPT = 20_000;

export class WalkRecorder {
  readonly decisions: Decision[] = [];
  private readonly parts = new Map<number, Part>();
  private readonly stop: () => void;

  constructor(trace: Trace) {
    this.stop = trace.listen((d) => {
      if (this.decisions.length < KEPT) this.decisions.push({ ...d });
    });
  }

  end(): void {
    this.stop();
    for (const d of this.decisions) this.partOf(d);
  }

  /** Whose decision this is; undefined: somebody else's. Call after `end`. */
  partOf(d: Decision): Part | undefined {
    const known = this.parts.get(d.packet);
    if (known !== undefined) return known;
    const part = partByBytes(d) ?? (d.parent === 0 || d.verdict === "reply" ? undefined : this.parts.get(d.parent));
    if (part !== undefined) this.parts.set(d.packet, part);
    return part;
  }

  of(...parts: Part[]): Decision[] {
    return this.decisions.filter((d) => {
      const part = this.partOf(d);
      return part !== undefined && parts.includes(part);
    });
  }
}

/** Where the network header begins and what it is. */
function network(d: Decision): { at: number; type: number } {
  if (d.layer === "ip") return { at: 0, type: ETHERTYPE.IPV4 };
  if (d.bytes.length < ETH_LEN) return { at: d.bytes.length, type: 0 };
  const type = getU16(d.bytes, 12);
  if (type === ETHERTYPE.VLAN && d.bytes.length >= ETH_LEN + 4) return { at: ETH_LEN + 4, type: getU16(d.bytes, 16) };
  return { at: ETH_LEN, type };
}

function partByBytes(d: Decision): Part | undefined {
  const { at, type } = network(d);
  if (type === ETHERTYPE.ARP) return d.bytes.length >= at + ARP.tpa + 4 ? "arp" : undefined;
  return type === ETHERTYPE.IPV4 ? partOfIp(d.bytes, at) : undefined;
}

function partOfIp(b: Uint8Array, at: number): Part | undefined {
  if (b.length < at + 20) return undefined;
  const payload = at + (b[at]! & 15) * 4;
  if ((getU16(b, at + IPV4.fragment) & IP_OFFSET_MASK) !== 0 || b.length < payload + 8) return undefined;
  const protocol = b[at + IPV4.protocol]!;
  if (protocol === IPPROTO.UDP) return getU16(b, payload) === PROBE_PORT ? "there" : getU16(b, payload + 2) === PROBE_PORT ? "back" : undefined;
  if (protocol !== IPPROTO.ICMP) return undefined;
  const type = b[payload]!;
  if (type === ICMP_TYPE.ECHO || type === ICMP_TYPE.ECHO_REPLY) return getU16(b, payload + ICMP.id) !== PROBE_ID ? undefined : type === ICMP_TYPE.ECHO ? "there" : "back";
  if (!isIcmpError(type)) return undefined;
  const quoted = partOfIp(b, payload + ICMP_LEN);
  return quoted === undefined ? undefined : "error";
}

// -- first wrong hop --------------------------------------------------------------------------------------------------------

/** Drops that are nobody's fault: a flooded copy that reaches somebody else, an answer not meant for us. */
const INNOCENT: ReadonlySet<string> = new Set(["OTHERHOST", "UNHANDLED_PROTO", "IPV6DISABLED", "CONSUMED", ""]);

/** The first drop that explains something. In a ring spanning tree drops copies by design: that counts only when nothing else does. */
function firstDrop(decisions: readonly Decision[]): Decision | undefined {
  const drops = decisions.filter((d) => d.verdict === "drop" && !INNOCENT.has(d.reason));
  return drops.find((d) => d.stage !== "stp") ?? drops[0];
}

/** What went wrong first, or undefined where nothing says so. */
export function firstWrong(recorder: WalkRecorder): WrongHop | undefined {
  const mine = recorder.of("there", "back", "error");
  const dropped = firstDrop(mine);
  if (dropped !== undefined) return dropped.stage === "neigh" && dropped.reason.startsWith("NEIGH") ? unresolved(recorder, dropped) : asHop(dropped);
  const last = mine.at(-1);
  const waiting = mine.findLast((d) => d.stage === "neigh" && d.verdict === "queue");
  if (waiting !== undefined && waiting.packet === last?.packet) return unresolved(recorder, waiting);
  const astray = mine.find((d) => d.verdict === "drop" && d.reason === "OTHERHOST" && isUnicast(d));
  if (astray !== undefined) return strayed(astray, mine);
  return last === undefined ? undefined : asHop(last);
}

const isUnicast = (d: Decision): boolean => d.layer === "ether" && d.bytes.length > 0 && (d.bytes[0]! & 1) === 0;

/** A frame that reached the wrong station alone was sent there: by an FDB entry, or by whoever chose its address. */
function strayed(astray: Decision, mine: readonly Decision[]): WrongHop {
  const before = mine.slice(0, mine.indexOf(astray));
  const chosen = before.findLast((d) => d.stage === "fdb" && d.verdict === "pass");
  const flooded = before.findLast((d) => d.verdict === "flood");
  const byFdb = chosen !== undefined && (flooded === undefined || before.indexOf(flooded) < before.indexOf(chosen));
  const blamed = byFdb ? chosen : (before.findLast((d) => d.stage === "neigh") ?? astray);
  const others = [...new Set(mine.filter((d) => d.verdict === "drop" && d.reason === "OTHERHOST").map((d) => d.node))];
  const where = byFdb ? `The frame is sent to ${others.join(", ")}, whose MAC is another.` : `Nobody takes the frame: it reaches ${others.join(", ")}, whose MAC is another.`;
  return { ...asHop(blamed), text: `${placeOf(blamed)}. ${where}` };
}

/** Nobody answered who-has: the first drop of the question or its answer that is somebody's fault; else how far the question came. */
function unresolved(recorder: WalkRecorder, waiting: Decision): WrongHop {
  const asked = /\d+\.\d+\.\d+\.\d+/.exec(waiting.entry)?.[0];
  const about = recorder.of("arp").filter((d) => {
    const { at } = network(d);
    const oper = getU16(d.bytes, at + ARP.oper);
    return formatIpv4(getU32(d.bytes, at + (oper === ARP_OP.REPLY ? ARP.spa : ARP.tpa))) === asked;
  });
  // Others may have asked the same: what counts began, or ended, on this wire.
  const ours = new Set(about.filter((d) => d.node === waiting.node && d.dev === waiting.dev).map((d) => d.packet));
  for (const d of about) if (ours.has(d.parent)) ours.add(d.packet);
  const question = about.filter((d) => ours.has(d.packet));
  const dropped = firstDrop(question);
  if (dropped !== undefined) return asHop(dropped);
  const reached = [...new Set(question.map((d) => d.node))].filter((node) => node !== waiting.node);
  const text = `${describeDecision(waiting)} ${reached.length === 0 ? "The question reached nobody." : `The question reached ${reached.join(", ")}.`}`;
  return { ...asHop(waiting), text };
}

export function asHop(d: Decision): WrongHop {
  return { node: d.node, netns: d.netns, dev: d.dev, stage: d.stage, verdict: d.verdict, entry: d.entry, reason: d.reason, text: describeDecision(d) };
}

const STAGE_WORDS: Readonly<Record<Decision["stage"], string>> = {
  xmit: "sending", receive: "receiving", bridge: "bridge", fdb: "FDB", stp: "spanning tree", arp: "ARP", neigh: "neighbour", route: "route", rule: "rule", rp_filter: "reverse path filter",
  forward: "forwarding", fragment: "fragmenting", reassemble: "reassembly", deliver: "delivery", socket: "socket", icmp: "ICMP", cable: "cable", program: "program", vlan: "VLAN", macvlan: "macvlan", tunnel: "tunnel", bond: "bond",
  netfilter: "netfilter", conntrack: "connection tracking", nat: "address translation", ipvs: "IPVS",
};

/** What the kernel's names of reasons mean, where they do not say it themselves. */
const REASON_WORDS: Readonly<Record<string, string>> = {
  DEV_READY: "the device is down, or its cable has no other end that is up", NO_TX_TARGET: "there is no port to send it by", NEIGH_FAILED: "nobody answered who-has", IP_INADDRERRORS: "this machine does not forward it",
  IP_OUTNOROUTES: "no route leads there", IP_INNOROUTES: "no route leads there", IP_RPFILTER: "the way back would be another", IP_INHDR: "its TTL is used up, or its header is wrong", PKT_TOO_BIG: "it is larger than the MTU and may not be cut",
  NO_SOCKET: "no program listens", TCP_CSUM: "the TCP checksum is wrong", TCP_RESET: "the other end resets the connection", TCP_INVALID_SEQUENCE: "its numbers lie outside of the window", TCP_OLD_SEQUENCE: "its numbers were received before", TCP_OLD_DATA: "its data was received before",
  TCP_OVERWINDOW: "more than the window that was offered", TCP_ZEROWINDOW: "the receiver's window is closed", TCP_RFC7323_PAWS: "its timestamp is older than the last one", TCP_FLAGS: "its flags fit no state", TCP_INVALID_SYN: "a SYN in the middle of a connection",
  TCP_INVALID_ACK_SEQUENCE: "it acknowledges what was never sent", TCP_ACK_UNSENT_DATA: "it acknowledges what was never sent", TCP_TOO_OLD_ACK: "its acknowledgement is too old", TCP_ABORT_ON_DATA: "the program has closed and nobody reads it", SOCKET_BACKLOG: "the queue of connections to accept is full", OTHERHOST: "it is for another MAC", NEIGH_QUEUEFULL: "too many packets wait for the same neighbour", IP_INVALID_DEST: "nobody may have that destination", IP_INVALID_SOURCE: "nobody may have that source",
};

function placeOf(d: Decision): string {
  const where = [d.netns === "" ? d.node : `${d.node} (${d.netns})`, d.dev, STAGE_WORDS[d.stage]].filter((p) => p !== "").join(", ");
  return d.entry === "" ? where : `${where}: ${d.entry}`;
}

/** "n2, flannel.1, FDB: no entry for 96:00:0a:f4:00:00. Dropped, NO_TX_TARGET: there is no port to send it by." */
export function describeDecision(d: Decision): string {
  const words = REASON_WORDS[d.reason];
  const dropped = `Dropped${d.reason === "" ? "" : `, ${d.reason}${words === undefined ? "" : `: ${words}`}`}.`;
  const ends: Partial<Record<Decision["verdict"], string>> = { drop: dropped, queue: "It waits there.", flood: "Flooded.", consume: "Taken." };
  return `${placeOf(d)}. ${ends[d.verdict] ?? "Nothing is heard of it after that."}`;
}

// -- labels -----------------------------------------------------------------------------------------------------------------

/** A few words for a frame and the family whose shape and colour it has. */
export function labelFrame(b: Uint8Array, from = 0, to = b.length): { family: string; label: string } {
  const length = to - from;
  if (length < ETH_LEN) return { family: "eth", label: "" };
  let type = getU16(b, from + 12);
  let at = from + ETH_LEN;
  let tag = "";
  if (type === ETHERTYPE.VLAN && length >= ETH_LEN + 4) {
    tag = `q ${getU16(b, at) & 0xfff} `;
    type = getU16(b, at + 2);
    at += 4;
  }
  if (type < 0x0600) return b[from] === 0x01 && b[from + 1] === 0x80 ? { family: "stp", label: `${tag}BPDU` } : { family: "eth", label: `${tag}LLC` };
  if (type === ETHERTYPE.ARP && to >= at + 28) return { family: "arp", label: tag + arpLabel(b, at) };
  if (type === ETHERTYPE.IPV4 && to >= at + 20) {
    const inner = ipLabel(b, at, to);
    return { family: inner.family, label: tag + inner.label };
  }
  return type === ETHERTYPE.IPV6 ? { family: "ip6", label: `${tag}IPv6` } : { family: "eth", label: `${tag}0x${type.toString(16).padStart(4, "0")}` };
}

function arpLabel(b: Uint8Array, at: number): string {
  const spa = formatIpv4(getU32(b, at + ARP.spa));
  const tpa = formatIpv4(getU32(b, at + ARP.tpa));
  if (getU16(b, at + ARP.oper) === ARP_OP.REQUEST) return spa === tpa ? `${spa} announced` : `who-has ${tpa}`;
  return `${spa} is-at ${formatMac(b, at + ARP.sha).slice(9)}`;
}

function ipLabel(b: Uint8Array, at: number, to: number): { family: string; label: string } {
  const payload = at + (b[at]! & 15) * 4;
  const fragment = getU16(b, at + IPV4.fragment) & IP_OFFSET_MASK;
  const protocol = b[at + IPV4.protocol]!;
  if (fragment !== 0) return { family: "ip", label: `fragment at ${fragment * 8}` };
  if (to < payload + 8) return { family: "ip", label: `IP ${protocol}` };
  if (protocol === IPPROTO.UDP) return { family: "udp", label: `port ${getU16(b, payload + 2)}` };
  if (protocol === IPPROTO.TCP) return { family: "tcp", label: `port ${getU16(b, payload + 2)}` };
  if (protocol !== IPPROTO.ICMP) return { family: "ip", label: `IP ${protocol}` };
  const type = b[payload]!;
  if (type === ICMP_TYPE.ECHO) return { family: "icmp", label: `echo request ${getU16(b, payload + ICMP.seq)}` };
  if (type === ICMP_TYPE.ECHO_REPLY) return { family: "icmp", label: `echo reply ${getU16(b, payload + ICMP.seq)}` };
  const words: Readonly<Record<number, string>> = { [ICMP_TYPE.DEST_UNREACH]: "unreachable", [ICMP_TYPE.TIME_EXCEEDED]: "time exceeded", [ICMP_TYPE.REDIRECT]: "redirect" };
  return { family: "icmp", label: words[type] ?? `ICMP ${type}` };
}
