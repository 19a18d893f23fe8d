/** Bonds: several devices as one. drivers/net/bonding/{bond_main,bond_options}.c; LACP is in lacp.ts. Not here: ARP monitoring, balance-tlb and -alb. */
import { getU16, getU32, setU16 } from "../../base/bytes.ts";
import { err, ok } from "../../base/result.ts";
import { allocSkb, type Skb } from "../../sim/skb.ts";
import { MILLISECOND } from "../../sim/time.ts";
import { ARP_OP } from "../../wire/arp.ts";
import { ETH_LEN, ETHERTYPE, macKey } from "../../wire/ethernet.ts";
import { IPPROTO } from "../../wire/ipv4.ts";
import { type BondInfo, IFF, type LinkAttrsSpec, type LinkChange, type LinkInfo, type Lladdr, type NlResult } from "../api.ts";
import { type LowerEvent, NetDevice, type RxHandler, type UpperDevice } from "./device.ts";
import type { NewLink } from "./kinds.ts";
import { LACP_STATE, LACPDU_LEN, LacpPort, readLacpdu, selectAggregators, writeLacpdu } from "./lacp.ts";
import { frameType } from "./tag.ts";

const ETH_P_SLOW = 0x8809;
const SLOW_DST = Uint8Array.of(1, 0x80, 0xc2, 0, 0, 2);
const LACP_TICK = 100 * MILLISECOND;
/** Of a full-duplex link of 10 Gbit/s: AD_LINK_SPEED and duplex. */
const LINK_KEY = 15;

class Slave implements RxHandler, UpperDevice {
  readonly bond: BondDevice;
  readonly dev: NetDevice;
  readonly permAddr: Uint8Array;
  readonly oldMtu: number;
  readonly port: LacpPort;
  /** As the monitor last saw it. */
  linkUp = false;
  failures = 0;
  private timer = 0;

  constructor(bond: BondDevice, dev: NetDevice, number: number) {
    this.bond = bond;
    this.dev = dev;
    this.permAddr = dev.addr.slice();
    this.oldMtu = dev.mtu;
    const { cfg } = bond;
    const state = (cfg.lacpActive ? LACP_STATE.ACTIVITY : 0) | (cfg.lacpRate === "fast" ? LACP_STATE.TIMEOUT : 0) | LACP_STATE.AGGREGATION;
    this.port = new LacpPort({ systemPriority: cfg.adActorSysPrio, system: bond.addr.slice(), key: (cfg.adUserPortKey << 6) | LINK_KEY, portPriority: 255, port: number, state });
  }

  /** bond_handle_frame. */
  handleFrame(skb: Skb): boolean {
    return this.bond.received(skb, this);
  }

  lowerEvent(_lower: NetDevice, event: LowerEvent): void {
    if (event === "unregister") return this.bond.releaseSlave(this.dev);
    if (event === "mtu" || event === "address") return;
    this.look();
  }

  private get carrier(): boolean {
    return this.dev.isUp && this.dev.carrier;
  }

  /** bond_miimon_inspect: a change counts after its delay, and at the monitor's next look. */
  look(): void {
    const { cfg, ns } = this.bond;
    if (this.carrier === this.linkUp || this.timer !== 0) return;
    if (cfg.miimon === 0 && this.bond.watches) return;
    const wait = Math.max((this.carrier ? cfg.updelay : cfg.downdelay) || cfg.miimon, 1);
    this.timer = ns.sim.clock.after(wait * MILLISECOND, () => {
      this.timer = 0;
      if (this.carrier !== this.linkUp) this.bond.linkChanged(this, this.carrier);
    });
  }

  begin(): void {
    this.linkUp = this.carrier;
    this.port.setEnabled(this.linkUp);
  }

  end(): void {
    if (this.timer !== 0) this.bond.ns.sim.clock.cancel(this.timer);
    this.timer = 0;
  }
}

export class BondDevice extends NetDevice {
  readonly kind = "bond";
  readonly cfg: BondInfo;
  readonly slaves: Slave[] = [];
  private active: Slave | undefined;
  private addrByUser: boolean;
  private aggregator = 0;
  private tick = 0;
  private turn = 0;
  /** Those that may send now, in order. */
  private usable: Slave[] = [];
  watches = true;

  constructor(o: NewLink, cfg: BondInfo) {
    super(o.ns, o.name, o.index(), o.spec.lladdr ?? o.ns.kernel.randomMac());
    this.addrByUser = o.spec.lladdr !== undefined;
    this.cfg = cfg;
    this.flags = IFF.BROADCAST | IFF.MULTICAST | IFF.MASTER;
    this.carrier = false;
  }

  // -- slaves ---------------------------------------------------------------------------------------------------------

  /** bond_enslave. */
  override enslave(dev: NetDevice): NlResult {
    const refused = (errno: "EPERM" | "EBUSY" | "EINVAL", extack?: string): NlResult => err(extack === undefined ? { errno } : { errno, extack });
    if (dev === this) return refused("EPERM", "Cannot enslave bond to itself.");
    if (dev.headerLength === 0 || (dev.flags & (IFF.LOOPBACK | IFF.MASTER)) !== 0) return refused("EINVAL");
    if (dev.isUp) return refused("EPERM", "Device can not be enslaved while up");
    if (dev.rxHandler !== undefined) return refused("EBUSY", "Device is in use and cannot be enslaved");
    if (this.slaves.length === 0 && !this.addrByUser) this.changeAddress(dev.addr);
    let number = 1;
    while (this.slaves.some((s) => s.port.actor.port === number)) number++;
    const slave = new Slave(this, dev, number);
    dev.flags |= IFF.SLAVE;
    dev.setMtu(this.mtu);
    this.setSlaveAddress(dev, this.addr);
    this.slaves.push(slave);
    dev.master = this;
    dev.rxHandler = slave;
    dev.addUpper(slave);
    dev.setUp(true);
    slave.begin();
    this.update();
    return ok();
  }

  private setSlaveAddress(dev: NetDevice, addr: Uint8Array): void {
    dev.setAddress(addr);
    dev.ns.addressChanged(dev);
  }

  override releaseSlave(dev: NetDevice): void {
    const at = this.slaves.findIndex((s) => s.dev === dev);
    if (at < 0) return;
    const slave = this.slaves[at]!;
    slave.end();
    this.slaves.splice(at, 1);
    dev.removeUpper(slave);
    dev.master = undefined;
    dev.rxHandler = undefined;
    dev.flags &= ~IFF.SLAVE;
    dev.setUp(false);
    this.setSlaveAddress(dev, slave.permAddr);
    dev.setMtu(slave.oldMtu);
    if (this.active === slave) this.active = undefined;
    this.update();
  }

  override slaveAddressChanged(): void {}

  /** The monitor saw a link come or go. */
  linkChanged(slave: Slave, up: boolean): void {
    slave.linkUp = up;
    if (!up) slave.failures++;
    slave.port.setEnabled(up);
    this.update();
  }

  // -- who sends ------------------------------------------------------------------------------------------------------

  private update(): void {
    const { mode } = this.cfg;
    if (mode === "802.3ad") {
      this.aggregator = selectAggregators(this.slaves.map((s) => s.port), this.aggregator, this.cfg.adSelect);
      this.usable = this.slaves.filter((s) => s.linkUp && s.port.aggregator === this.aggregator && s.port.mux === "collecting");
    } else this.usable = this.slaves.filter((s) => s.linkUp);
    if (mode === "active-backup") this.selectActive();
    if (this.isUp) this.setCarrier(this.mediumUp());
  }

  /** bond_select_active_slave: the primary when it is there; else the one that is, else the first that has a link. */
  private selectActive(): void {
    const primary = this.slaves.find((s) => s.dev.ifindex === this.cfg.primary && s.linkUp);
    const stays = this.active?.linkUp === true && (primary === undefined || this.cfg.primaryReselect !== "always");
    const next = stays ? this.active : (primary ?? this.usable[0]);
    if (next === this.active) return;
    const first = this.active === undefined;
    this.active = next;
    if (next !== undefined && this.isUp && !first) this.notifyPeers();
  }

  /** NETDEV_NOTIFY_PEERS: who knows our addresses hears that they are elsewhere now. */
  private notifyPeers(): void {
    for (const dev of [this, ...this.uppers.filter((u): u is NetDevice & UpperDevice => u instanceof NetDevice)]) {
      if (dev.isUp) for (const a of dev.inet?.addrs ?? []) dev.ns.arp.send(ARP_OP.REQUEST, dev, a.local, a.local, dev.broadcast, undefined);
    }
  }

  protected override mediumUp(): boolean {
    if (this.cfg.mode !== "802.3ad") return this.slaves.some((s) => s.linkUp);
    const members = this.slaves.filter((s) => s.linkUp && s.port.aggregator === this.aggregator);
    return this.aggregator !== 0 && members.length > 0 && members.length >= this.cfg.minLinks;
  }

  protected override onUp(): void {
    this.update();
    if (this.cfg.mode === "802.3ad") this.scheduleTick();
  }
  protected override onDown(): void {
    this.ns.sim.clock.cancel(this.tick);
    this.tick = 0;
    this.setCarrier(false);
  }

  // -- frames ---------------------------------------------------------------------------------------------------------

  received(skb: Skb, slave: Slave): boolean {
    const { ns } = this;
    if (!this.isUp) {
      ns.drop(skb, "bond", slave.dev, "DEV_READY");
      return true;
    }
    if (this.cfg.mode === "802.3ad" && skb.protocol === ETH_P_SLOW) {
      const pdu = readLacpdu(skb.bytes, skb.data + ETH_LEN, skb.tail);
      if (pdu !== undefined) {
        slave.port.receive(pdu.actor, pdu.partner);
        ns.consume(skb, "bond", slave.dev, `LACPDU port ${pdu.actor.port} state ${pdu.actor.state}`);
        return true;
      }
    }
    const inactive = this.cfg.mode === "active-backup" ? slave !== this.active : this.cfg.mode === "802.3ad" && slave.port.mux !== "collecting";
    if (inactive && !this.cfg.allSlavesActive) {
      ns.drop(skb, "bond", slave.dev, "NOT_SPECIFIED", `${slave.dev.name} is not active in ${this.name}`);
      return true;
    }
    this.receive(skb);
    return true;
  }

  protected transmit(skb: Skb): void {
    const { usable } = this;
    const slave = this.cfg.mode === "active-backup" ? this.active : usable.length === 0 ? undefined : usable[this.choose(skb) % usable.length];
    if (slave === undefined) {
      this.txDropped++;
      return this.ns.drop(skb, "bond", this, "DEV_READY", "no slave has a link");
    }
    this.countTx(skb.tail - skb.data);
    if (this.cfg.mode === "broadcast") for (const s of usable) if (s !== slave) s.dev.xmit(skb.clone(this.ns.sim.nextPacket()));
    if (this.ns.sim.trace.on) this.ns.report(skb, "bond", "pass", this, `${this.cfg.mode} dev ${slave.dev.name}`, "");
    slave.dev.xmit(skb);
  }

  private choose(skb: Skb): number {
    return this.cfg.mode === "balance-rr" ? this.turn++ : this.cfg.mode === "broadcast" ? 0 : this.hash(skb);
  }

  /** bond_xmit_hash. */
  private hash(skb: Skb): number {
    const b = skb.bytes;
    const at = skb.data;
    const type = frameType(skb);
    const l2 = b[at + 5]! ^ b[at + 11]! ^ type;
    const l3 = at + ETH_LEN;
    if (this.cfg.xmitHashPolicy === "layer2" || type !== ETHERTYPE.IPV4 || skb.tail - l3 < 20) return l2;
    let h = l2;
    if (this.cfg.xmitHashPolicy === "layer3+4") {
      const protocol = b[l3 + 9]!;
      const l4 = l3 + (b[l3]! & 15) * 4;
      const fragment = (getU16(b, l3 + 6) & 0x3fff) !== 0;
      h = !fragment && (protocol === IPPROTO.TCP || protocol === IPPROTO.UDP) && skb.tail - l4 >= 4 ? getU32(b, l4) : 0;
    }
    h = (h ^ getU32(b, l3 + 12) ^ getU32(b, l3 + 16)) >>> 0;
    h ^= h >>> 16;
    h ^= h >>> 8;
    return (this.cfg.xmitHashPolicy === "layer3+4" ? h >>> 1 : h) >>> 0;
  }

  // -- LACP -----------------------------------------------------------------------------------------------------------

  private scheduleTick(): void {
    this.tick = this.ns.sim.clock.after(LACP_TICK, () => {
      this.stepLacp();
      this.scheduleTick();
    });
  }

  /** bond_3ad_state_machine_handler. */
  private stepLacp(): void {
    const ports = this.slaves.map((s) => s.port);
    for (const p of ports) {
      p.stepReceive();
      p.stepPeriodic();
    }
    this.aggregator = selectAggregators(ports, this.aggregator, this.cfg.adSelect);
    for (const s of this.slaves) {
      const p = s.port;
      const mates = ports.filter((o) => o.enabled && o.aggregator === p.aggregator);
      p.stepMux(mates.every((o) => o.mux !== "waiting" || o.isReady), p.enabled && p.aggregator === this.aggregator);
      p.stepChurn();
      if (p.stepTransmit()) this.sendLacpdu(s);
    }
    this.update();
  }

  private sendLacpdu(slave: Slave): void {
    const skb = allocSkb(ETH_LEN + LACPDU_LEN, this.ns.sim.nextPacket());
    const b = skb.bytes;
    b.set(SLOW_DST, skb.data);
    b.set(slave.permAddr, skb.data + 6);
    setU16(b, skb.data + 12, ETH_P_SLOW);
    writeLacpdu(b, skb.data + ETH_LEN, slave.port);
    skb.mac = skb.data;
    slave.dev.xmit(skb);
  }

  // -- netlink --------------------------------------------------------------------------------------------------------

  private changeAddress(addr: Uint8Array): void {
    this.addr.set(addr);
    this.addrKey = macKey(this.addr, 0);
    for (const s of this.slaves) {
      this.setSlaveAddress(s.dev, addr);
      s.port.actor.system.set(addr);
    }
    this.tellUppers("address");
    if (this.ns.deviceByIndex(this.ifindex) === this) this.ns.addressChanged(this);
  }

  override setAddress(addr: Lladdr): NlResult {
    this.addrByUser = true;
    this.changeAddress(addr);
    return ok();
  }

  override setMtu(mtu: number): void {
    for (const s of this.slaves) s.dev.setMtu(mtu);
    super.setMtu(mtu);
  }

  override onDelete(): void {
    for (const s of [...this.slaves]) this.releaseSlave(s.dev);
  }

  override changeLink(c: LinkChange): NlResult {
    const v = c.attrs?.bond;
    if (v === undefined) return c.attrs?.bondSlave === undefined ? err({ errno: "EOPNOTSUPP" }) : ok();
    const set = checkBond(v, this.cfg, this);
    if (!set.ok) return set;
    Object.assign(this.cfg, v);
    if (v.activeSlave !== undefined) {
      const s = this.slaves.find((x) => x.dev.ifindex === v.activeSlave);
      if (s?.linkUp) this.active = s;
    }
    for (const s of this.slaves) if (v.lacpRate !== undefined) s.port.actor.state = (s.port.actor.state & ~LACP_STATE.TIMEOUT) | (v.lacpRate === "fast" ? LACP_STATE.TIMEOUT : 0);
    this.update();
    return ok();
  }

  override describe(info: LinkInfo): void {
    const bond: BondInfo = { ...this.cfg, activeSlave: this.active?.dev.ifindex ?? 0 };
    if (this.cfg.mode === "802.3ad" && this.aggregator !== 0) {
      const members = this.slaves.filter((s) => s.linkUp && s.port.aggregator === this.aggregator);
      const p = members[0]?.port;
      if (p !== undefined) bond.ad = { aggregator: this.aggregator, ports: members.length, actorKey: p.actor.key, partnerKey: p.partner.key, partnerMac: p.partner.system.slice() };
    }
    info.attrs = { bond };
  }

  override describeSlave(dev: NetDevice, info: LinkInfo): void {
    const s = this.slaves.find((x) => x.dev === dev);
    if (s === undefined) return;
    const { port } = s;
    const backup = this.cfg.mode === "active-backup" ? s !== this.active : this.cfg.mode === "802.3ad" && port.mux !== "collecting";
    info.permaddr = s.permAddr.slice();
    info.attrs = {
      ...info.attrs,
      bondSlave: {
        state: backup ? "BACKUP" : "ACTIVE", mii: s.linkUp ? "UP" : "DOWN", linkFailures: s.failures, permHwaddr: s.permAddr.slice(), queueId: 0, prio: 0,
        ...(this.cfg.mode === "802.3ad" && {
          aggregator: port.aggregator, actorState: port.actor.state, partnerState: port.partner.state,
          ad: {
            churnActor: port.churnState, churnPartner: port.churnState, actorChurned: port.churned ? 1 : 0, partnerChurned: port.churned ? 1 : 0, actorSystem: port.actor.system.slice(), actorSystemPriority: port.actor.systemPriority,
            actorKey: port.actor.key, actorPriority: port.actor.portPriority, actorPort: port.actor.port, partnerSystem: port.partner.system.slice(), partnerSystemPriority: port.partner.systemPriority, partnerKey: port.partner.key,
            partnerPriority: port.partner.portPriority, partnerPort: port.partner.port,
          },
        }),
      },
    };
  }
}

/** bond_opt_check_deps. */
function checkBond(v: NonNullable<LinkAttrsSpec["bond"]>, now: BondInfo, bond: BondDevice): NlResult {
  if (v.mode !== undefined && v.mode !== now.mode) {
    if (bond.slaves.length > 0) return err({ errno: "ENOTEMPTY", extack: "unable to set option because the bond device has slaves" });
    if (bond.isUp) return err({ errno: "EBUSY", extack: "unable to set option because the bond device is up" });
  }
  const mode = v.mode ?? now.mode;
  if (v.lacpRate !== undefined && mode !== "802.3ad") return err({ errno: "EACCES", extack: "option not valid in mode" });
  if (v.lacpRate !== undefined && bond.isUp) return err({ errno: "EBUSY", extack: "unable to set option because the bond device is up" });
  return ok();
}

const DEFAULTS: BondInfo = {
  mode: "balance-rr", miimon: 0, updelay: 0, downdelay: 0, lacpRate: "slow", lacpActive: true, adSelect: "stable", minLinks: 0, xmitHashPolicy: "layer2", numGratArp: 1, allSlavesActive: false, packetsPerSlave: 1,
  resendIgmp: 1, primary: 0, activeSlave: 0, failOverMac: "none", primaryReselect: "always", adActorSysPrio: 65535, adUserPortKey: 0, adActorSystem: new Uint8Array(6), lpInterval: 1,
};

/** bond_newlink. */
export function newBond(o: NewLink): NlResult<NetDevice> {
  const spec = o.spec.attrs?.bond ?? {};
  const cfg: BondInfo = { ...DEFAULTS, ...spec };
  if (cfg.mode === "802.3ad" && cfg.miimon === 0) cfg.miimon = 100; // it cannot do without
  if (spec.lacpRate !== undefined && cfg.mode !== "802.3ad") return err({ errno: "EACCES", extack: "option not valid in mode" });
  return ok(new BondDevice(o, cfg));
}
