/**
 * Link aggregation control: IEEE 802.1AX clause 6, as drivers/net/bonding/bond_3ad.c runs it, a step every 100 ms. One aggregator a
 * port; ports of one partner join the same one.
 */
import { setU16 } from "../../base/bytes.ts";
import { macKey } from "../../wire/ethernet.ts";

export const LACP_STATE = { ACTIVITY: 1, TIMEOUT: 2, AGGREGATION: 4, SYNC: 8, COLLECTING: 16, DISTRIBUTING: 32, DEFAULTED: 64, EXPIRED: 128 } as const;
const S = LACP_STATE;
/** Octets behind the EtherType: subtype, version, four TLVs and padding. */
export const LACPDU_LEN = 110;
const TICKS = 10;
const SHORT_TIMEOUT = 3 * TICKS;
const LONG_TIMEOUT = 90 * TICKS;
const AGGREGATE_WAIT = 2 * TICKS;
const CHURN = 60 * TICKS;
/** Three PDUs a second at most. */
const TX_TICKS = 3;

export interface LacpPeer {
  systemPriority: number;
  system: Uint8Array;
  key: number;
  portPriority: number;
  port: number;
  state: number;
}

const nobody = (state: number): LacpPeer => ({ systemPriority: 65535, system: new Uint8Array(6), key: 1, portPriority: 255, port: 1, state });
const sameSystem = (a: LacpPeer, b: LacpPeer): boolean => macKey(a.system, 0) === macKey(b.system, 0) && a.systemPriority === b.systemPriority;
const samePeer = (a: LacpPeer, b: LacpPeer): boolean => a.port === b.port && a.portPriority === b.portPriority && sameSystem(a, b) && a.key === b.key;

export class LacpPort {
  readonly actor: LacpPeer;
  partner: LacpPeer = nobody(1);
  enabled = false;
  selected = false;
  /** Number of the aggregator it is in: that of the port that founded it. 0: none. */
  aggregator = 0;
  mux: "detached" | "waiting" | "attached" | "collecting" = "detached";
  private rx: "disabled" | "expired" | "defaulted" | "current" = "disabled";
  private rxTimer = 0;
  private periodic: "none" | "fast" | "slow" = "none";
  private periodicTimer = 0;
  private waitTimer = 0;
  private ready = false;
  private txTimer = TX_TICKS;
  private ntt = false;
  private churnTimer = CHURN;
  churned = false;

  constructor(actor: LacpPeer) {
    this.actor = actor;
  }

  get churnState(): string {
    return this.churnTimer > 0 ? "monitoring" : this.churned ? "churned" : "none";
  }
  get isReady(): boolean {
    return this.ready;
  }

  /** A PDU came: ad_rx_machine in a state that listens. */
  receive(actor: LacpPeer, partner: LacpPeer): void {
    if (this.rx === "disabled") return;
    const p = this.partner;
    if (!samePeer(p, actor) || ((p.state ^ actor.state) & S.AGGREGATION) !== 0) this.selected = false;
    const seen = S.ACTIVITY | S.TIMEOUT | S.SYNC | S.AGGREGATION;
    if (!samePeer(partner, this.actor) || ((partner.state ^ this.actor.state) & seen) !== 0) this.ntt = true;
    const matched = (samePeer(partner, this.actor) && ((partner.state ^ this.actor.state) & S.AGGREGATION) === 0) || (actor.state & S.AGGREGATION) === 0;
    this.partner = { ...actor, state: matched ? actor.state : actor.state & ~S.SYNC };
    this.actor.state &= ~(S.DEFAULTED | S.EXPIRED);
    this.rx = "current";
    this.rxTimer = this.timeout();
  }

  private timeout(): number {
    return (this.actor.state & S.TIMEOUT) !== 0 ? SHORT_TIMEOUT : LONG_TIMEOUT;
  }

  /** The link came or went. */
  setEnabled(on: boolean): void {
    if (this.enabled === on) return;
    this.enabled = on;
    this.selected = false;
    this.partner = on ? nobody(1) : { ...this.partner, state: this.partner.state & ~S.SYNC };
    this.rx = "disabled";
    this.churnTimer = CHURN;
    if (on) this.expire();
  }

  private expire(): void {
    this.rx = "expired";
    this.partner.state = (this.partner.state & ~S.SYNC) | S.TIMEOUT;
    this.rxTimer = SHORT_TIMEOUT;
    this.actor.state |= S.EXPIRED;
  }

  stepReceive(): void {
    if (!this.enabled || this.rxTimer === 0 || --this.rxTimer > 0) return;
    if (this.rx === "current") return this.expire();
    if (this.rx !== "expired") return;
    this.rx = "defaulted";
    if (macKey(this.partner.system, 0) !== 0) this.selected = false;
    this.partner = nobody(1);
    this.actor.state = (this.actor.state & ~S.EXPIRED) | S.DEFAULTED;
  }

  stepPeriodic(): void {
    if (!this.enabled || ((this.actor.state | this.partner.state) & S.ACTIVITY) === 0) {
      this.periodic = "none";
      return;
    }
    const fast = (this.partner.state & S.TIMEOUT) !== 0;
    if (this.periodic !== "none" && --this.periodicTimer <= 0) this.ntt = true;
    else if (this.periodic === "slow" && fast) this.ntt = true;
    else if (this.periodic !== "none") return;
    this.periodic = fast ? "fast" : "slow";
    this.periodicTimer = fast ? TICKS : 30 * TICKS;
  }

  /** @param allReady every port of its aggregator has waited. @param active its aggregator is the bond's. */
  stepMux(allReady: boolean, active: boolean): void {
    switch (this.mux) {
      case "detached":
        if (!this.selected) return;
        this.mux = "waiting";
        this.waitTimer = AGGREGATE_WAIT;
        this.ready = false;
        return;
      case "waiting":
        if (!this.selected) return this.detach();
        if (this.waitTimer > 0 && --this.waitTimer === 0) this.ready = true;
        if (this.ready && allReady) this.attach(active);
        return;
      case "attached":
        if (!this.selected) return this.detach();
        if (active && (this.actor.state & S.SYNC) === 0) this.attach(true);
        if (!active || (this.partner.state & S.SYNC) === 0) return;
        this.mux = "collecting";
        this.actor.state |= S.SYNC | S.COLLECTING | S.DISTRIBUTING;
        this.ntt = true;
        return;
      case "collecting":
        if (!this.selected || !active || (this.partner.state & S.SYNC) === 0) this.attach(active);
    }
  }

  private attach(active: boolean): void {
    this.mux = "attached";
    this.actor.state &= ~(S.COLLECTING | S.DISTRIBUTING);
    if (active) this.actor.state |= S.SYNC;
    else this.actor.state &= ~S.SYNC;
    this.ntt = true;
  }

  private detach(): void {
    this.mux = "detached";
    this.ready = false;
    this.actor.state &= ~(S.SYNC | S.COLLECTING | S.DISTRIBUTING);
    this.ntt = true;
  }

  stepChurn(): void {
    if (this.churnTimer > 0 && --this.churnTimer === 0) this.churned = (this.actor.state & S.SYNC) === 0;
  }

  /** @returns whether a PDU is to be sent now. */
  stepTransmit(): boolean {
    if (--this.txTimer > 0) return false;
    this.txTimer = TX_TICKS;
    const send = this.ntt && this.enabled;
    if (send) this.ntt = false;
    return send;
  }
}

/** Selection logic: which aggregator each port is in. @returns the number of the one that carries the bond; 0: none. */
export function selectAggregators(ports: readonly LacpPort[], current: number, policy: "stable" | "bandwidth" | "count"): number {
  for (const p of ports) {
    if (p.selected || !p.enabled) {
      if (!p.enabled) p.aggregator = p.actor.port;
      continue;
    }
    const known = macKey(p.partner.system, 0) !== 0;
    const mate = known ? ports.find((o) => o !== p && o.selected && o.enabled && sameSystem(o.partner, p.partner) && o.partner.key === p.partner.key && o.actor.key === p.actor.key) : undefined;
    p.aggregator = mate?.aggregator ?? p.actor.port;
    // Its founder may be gone elsewhere while others are still there: take a number that is free.
    if (mate === undefined && ports.some((o) => o !== p && o.selected && o.aggregator === p.aggregator)) p.aggregator = ports.map((o) => o.actor.port).find((n) => !ports.some((o) => o !== p && o.aggregator === n)) ?? p.actor.port;
    p.selected = true;
  }
  const groups = new Map<number, LacpPort[]>();
  for (const p of ports) if (p.enabled && p.aggregator !== 0) groups.set(p.aggregator, [...(groups.get(p.aggregator) ?? []), p]);
  const partnered = (id: number): boolean => groups.get(id)?.some((p) => macKey(p.partner.system, 0) !== 0) ?? false;
  const ids = [...groups.keys()].sort((a, b) => a - b);
  const best = ids.reduce((x, y) => (x === 0 ? y : partnered(y) !== partnered(x) ? (partnered(y) ? y : x) : policy !== "stable" && groups.get(y)!.length > groups.get(x)!.length ? y : x), 0);
  if (policy === "stable" && groups.has(current) && (partnered(current) || !partnered(best))) return current;
  return best;
}

function putPeer(b: Uint8Array, at: number, type: number, p: LacpPeer): void {
  b[at] = type;
  b[at + 1] = 20;
  setU16(b, at + 2, p.systemPriority);
  b.set(p.system, at + 4);
  setU16(b, at + 10, p.key);
  setU16(b, at + 12, p.portPriority);
  setU16(b, at + 14, p.port);
  b[at + 16] = p.state;
}

/** Writes LACPDU_LEN octets at `at`. */
export function writeLacpdu(b: Uint8Array, at: number, port: LacpPort): void {
  b.fill(0, at, at + LACPDU_LEN);
  b[at] = 1;
  b[at + 1] = 1;
  putPeer(b, at + 2, 1, port.actor);
  putPeer(b, at + 22, 2, port.partner);
  b[at + 42] = 3;
  b[at + 43] = 16;
}

function readPeer(b: Uint8Array, at: number): LacpPeer {
  const u16 = (i: number): number => (b[at + i]! << 8) | b[at + i + 1]!;
  return { systemPriority: u16(2), system: b.slice(at + 4, at + 10), key: u16(10), portPriority: u16(12), port: u16(14), state: b[at + 16]! };
}

/** undefined: no LACPDU. */
export function readLacpdu(b: Uint8Array, at: number, end: number): { actor: LacpPeer; partner: LacpPeer } | undefined {
  if (end - at < 44 || b[at] !== 1 || b[at + 2] !== 1 || b[at + 22] !== 2) return undefined;
  return { actor: readPeer(b, at + 2), partner: readPeer(b, at + 22) };
}
