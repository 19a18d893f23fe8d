/** A tracked connection: include/net/netfilter/nf_conntrack.h. Addresses are kept as signed 32-bit numbers: no boxing on the packet path. */
import type { Nanos } from "../../sim/time.ts";

/** enum ip_conntrack_info */
export const CTINFO = { ESTABLISHED: 0, RELATED: 1, NEW: 2, IS_REPLY: 3, UNTRACKED: 7 } as const;
/** enum ip_conntrack_status */
export const IPS = {
  SEEN_REPLY: 2, ASSURED: 4, CONFIRMED: 8, SRC_NAT: 16, DST_NAT: 32, SRC_NAT_DONE: 128, DST_NAT_DONE: 256, DYING: 512, FIXED_TIMEOUT: 1024,
} as const;
export const IPS_NAT_MASK = IPS.SRC_NAT | IPS.DST_NAT;

/** One direction of a connection, a link of a hash chain. Of ICMP: `sport` is the id, `dport` type * 256 + code. */
export class Tuple {
  src = 0;
  dst = 0;
  sport = 0;
  dport = 0;
  /** 0: as its first packet went; 1: replies. */
  readonly dir: number;
  readonly ct: Conn;
  next: Tuple | undefined = undefined;

  constructor(ct: Conn, dir: number) {
    this.ct = ct;
    this.dir = dir;
  }
}

/** What is known of one end's sequence numbers: struct ip_ct_tcp_state. */
export class TcpEnd {
  end = 0;
  maxEnd = 0;
  maxWin = 0;
  maxAck = 0;
  scale = 0;
  windowScale = false;
  sackPerm = false;
  closeInit = false;
  liberal = false;
  dataUnacked = false;
  maxAckSet = false;
}

export class TcpTrack {
  state = 0;
  readonly ends = [new TcpEnd(), new TcpEnd()] as const;
  lastDir = 0;
  lastIndex = 0;
  lastSeq = 0;
  lastAck = 0;
  lastEnd = 0;
  lastWin = 0;
  retrans = 0;
}

export class Conn {
  readonly id: number;
  readonly protocol: number;
  readonly zone: number;
  readonly original: Tuple;
  readonly reply: Tuple;
  status = 0;
  mark = 0;
  /** When it goes; before it is confirmed, how long it will have. */
  expires: Nanos = 0;
  tcp: TcpTrack | undefined = undefined;
  /** UDP: from when on an answered flow counts as a stream. */
  streamAt: Nanos = 0;
  helper = "";
  /** Event bits that wait for the end of this packet's way. */
  events = 0;
  readonly packets = [0, 0];
  readonly bytes = [0, 0];
  /** Device a MASQUERADE chose the address of: gone with it. */
  masqueradeIf = 0;
  /** The IPVS connection that this is part of, for those that care. */
  readonly started: Nanos;

  constructor(id: number, protocol: number, zone: number, now: Nanos) {
    this.id = id;
    this.protocol = protocol;
    this.zone = zone;
    this.started = now;
    this.original = new Tuple(this, 0);
    this.reply = new Tuple(this, 1);
  }

  get confirmed(): boolean {
    return (this.status & IPS.CONFIRMED) !== 0;
  }
}

/** Of `skb.nfctinfo`: 0 the original direction, 1 the other. */
export function directionOf(ctinfo: number): number {
  return ctinfo >= CTINFO.IS_REPLY ? 1 : 0;
}

/** A plain copy of a tuple, as scratch memory. */
export class TupleKey {
  src = 0;
  dst = 0;
  sport = 0;
  dport = 0;
  protocol = 0;

  set(src: number, dst: number, sport: number, dport: number, protocol: number): void {
    this.src = src;
    this.dst = dst;
    this.sport = sport;
    this.dport = dport;
    this.protocol = protocol;
  }
}

/** ICMP types that ask, and the answer's type: RFC 792. -1: does not ask. */
export function icmpAnswer(type: number): number {
  switch (type) {
    case 8: return 0;
    case 0: return 8;
    case 13: return 14;
    case 14: return 13;
    case 15: return 16;
    case 16: return 15;
    case 17: return 18;
    case 18: return 17;
    default: return -1;
  }
}
