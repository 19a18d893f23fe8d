/** ARP for IPv4: RFC 826 and Linux net/ipv4/arp.c (arp_process, arp_solicit), with proxy_arp, arp_ignore, arp_announce, arp_filter, arp_accept. */
import { getU32, setU16, setU32 } from "../base/bytes.ts";
import { allocSkb, type Skb } from "../sim/skb.ts";
import { MILLISECOND, type Nanos } from "../sim/time.ts";
import { ARP, ARP_HTYPE_ETHERNET, ARP_LEN, ARP_OP } from "../wire/arp.ts";
import { ETH_LEN, ETHERTYPE, macKey } from "../wire/ethernet.ts";
import { formatIpv4, isLoopback, isMulticast } from "../wire/ipv4.ts";
import { IFF, type Ipv4 } from "./api.ts";
import { matches } from "./inet.ts";
import { type NetDevice, PACKET } from "./netdev/device.ts";
import type { NetNamespace } from "./netns.ts";

export class ArpProtocol {
  private readonly ns: NetNamespace;
  /** Addresses answered for on a device: `ip neigh add proxy`. */
  readonly proxies = new Map<NetDevice, Set<Ipv4>>();
  private proxyQueue = 0;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** Sends one ARP frame. `dst`: where the frame goes; `tha`: the target address inside. */
  send(op: number, dev: NetDevice, spa: Ipv4, tpa: Ipv4, dst: Uint8Array, tha: Uint8Array | undefined): void {
    if (dev.flags & IFF.NOARP) return;
    const skb = allocSkb(ETH_LEN + ARP_LEN, this.ns.sim.nextPacket());
    const b = skb.bytes;
    const eth = skb.data;
    b.set(dst, eth);
    b.set(dev.addr, eth + 6);
    setU16(b, eth + 12, ETHERTYPE.ARP);
    const at = eth + ETH_LEN;
    setU16(b, at + ARP.htype, ARP_HTYPE_ETHERNET);
    setU16(b, at + ARP.ptype, ETHERTYPE.IPV4);
    b[at + ARP.hlen] = 6;
    b[at + ARP.plen] = 4;
    setU16(b, at + ARP.oper, op);
    b.set(dev.addr, at + ARP.sha);
    setU32(b, at + ARP.spa, spa);
    if (tha !== undefined) b.set(tha, at + ARP.tha);
    else b.fill(0, at + ARP.tha, at + ARP.tha + 6);
    setU32(b, at + ARP.tpa, tpa);
    skb.mac = eth;
    if (this.ns.sim.trace.on) this.ns.report(skb, "arp", "pass", dev, op === ARP_OP.REQUEST ? `who-has ${formatIpv4(tpa)} tell ${formatIpv4(spa)}` : `${formatIpv4(spa)} is-at`, "");
    dev.xmit(skb);
  }

  /** Asks for `target`: arp_solicit. `waiting` is the packet that wants it. */
  solicit(dev: NetDevice, target: Ipv4, known: Uint8Array | undefined, waiting: Skb | undefined): void {
    const ns = this.ns;
    const inet = dev.inet;
    if (inet === undefined) return;
    let source = 0;
    const packetSource = waiting !== undefined ? getU32(waiting.bytes, waiting.network + 12) : 0;
    switch (Math.max(inet.conf.arp_announce, ns.confAll.arp_announce)) {
      case 0: // any local address
        if (packetSource !== 0 && ns.fib.isLocal(packetSource)) source = packetSource;
        break;
      case 1: // restrict announcements of source to the same subnet
        if (packetSource !== 0 && ns.fib.isLocal(packetSource) && inet.onlink(target, packetSource)) source = packetSource;
        break;
      default: // avoid secondary addresses and anything off the link
        break;
    }
    if (source === 0) source = ns.selectAddress(dev, target, 253);
    this.send(ARP_OP.REQUEST, dev, source, target, known ?? dev.broadcast, undefined);
  }

  /** A frame with EtherType 0x0806; `data` is at the ARP header. arp_rcv and arp_process. */
  receive(skb: Skb, dev: NetDevice): void {
    const ns = this.ns;
    const b = skb.bytes;
    const at = skb.data;
    if (dev.flags & (IFF.NOARP | IFF.LOOPBACK) || skb.pktType === PACKET.OTHERHOST) return ns.drop(skb, "arp", dev, skb.pktType === PACKET.OTHERHOST ? "OTHERHOST" : "NOT_SPECIFIED");
    const inet = dev.inet;
    if (inet === undefined || skb.tail - at < ARP_LEN) return ns.drop(skb, "arp", dev, "HDR_TRUNC");
    const bad = b[at + ARP.hlen] !== 6 || b[at + ARP.plen] !== 4 || b[at] !== 0 || b[at + 1] !== ARP_HTYPE_ETHERNET || b[at + 2] !== 8 || b[at + 3] !== 0;
    const op = (b[at + ARP.oper]! << 8) | b[at + ARP.oper + 1]!;
    if (bad || (op !== ARP_OP.REQUEST && op !== ARP_OP.REPLY)) return ns.drop(skb, "arp", dev, "NOT_SPECIFIED");
    const sip = getU32(b, at + ARP.spa);
    const tip = getU32(b, at + ARP.tpa);
    if (isMulticast(tip) || (isLoopback(tip) && !inet.conf.route_localnet && !ns.confAll.route_localnet)) return ns.drop(skb, "arp", dev, "NOT_SPECIFIED");
    const gratuitous = tip === sip;
    if (gratuitous && (inet.conf.drop_gratuitous_arp || ns.confAll.drop_gratuitous_arp)) return ns.drop(skb, "arp", dev, "NOT_SPECIFIED");

    // Duplicate address detection, RFC 2131 / RFC 5227: a probe has no sender address.
    if (sip === 0) {
      if (op === ARP_OP.REQUEST && ns.fib.isLocal(tip) && !this.ignored(dev, sip, tip)) this.reply(skb, dev, tip, sip, senderLladdr(skb));
      return ns.consume(skb, "arp", dev, "probe");
    }
    if (op === ARP_OP.REQUEST) {
      // As for a packet: a sender that is one of our own addresses, or that rp_filter refuses, gets no answer.
      const verdict = ns.routes.input(tip, sip, 0, dev, 0);
      if (verdict === "local") {
        if (!this.ignored(dev, sip, tip) && !this.filtered(dev, sip, tip)) {
          const n = ns.neigh.get(dev, sip);
          if (n !== undefined) {
            const sha = senderLladdr(skb);
            n.update(sha, "STALE", { override: true, admin: false });
            this.reply(skb, dev, tip, sip, sha);
          }
        }
        return this.consume(skb, dev, op, sip, tip);
      }
      if (verdict === "forward") {
        const out = ns.routes.outDev;
        const proxies = this.proxies.get(dev)?.has(tip) === true;
        if (out !== undefined && (out !== dev || this.pvlan(dev, out)) && (this.forwardsProxy(dev) || proxies || this.pvlan(dev, out))) {
          const n = ns.neigh.get(dev, sip);
          const sha = senderLladdr(skb);
          if (n !== undefined) n.update(sha, "STALE", { override: true, admin: false });
          if (skb.pktType === PACKET.HOST || inet.parms.proxy_delay === 0) this.reply(skb, dev, tip, sip, sha);
          else this.delayProxy(dev, tip, sip, sha, inet.parms.proxy_delay * 10 * MILLISECOND, inet.parms.proxy_qlen);
          return this.consume(skb, dev, op, sip, tip);
        }
      }
    }
    this.learn(skb, dev, op, sip, gratuitous);
    this.consume(skb, dev, op, sip, tip);
  }

  private consume(skb: Skb, dev: NetDevice, op: number, sip: Ipv4, tip: Ipv4): void {
    if (this.ns.sim.trace.on) this.ns.report(skb, "arp", "consume", dev, op === ARP_OP.REQUEST ? `who-has ${formatIpv4(tip)}` : `${formatIpv4(sip)} is-at`, "");
    skb.free();
  }

  /** Not asked of us: only what is known already is updated, unless arp_accept says otherwise. */
  private learn(skb: Skb, dev: NetDevice, op: number, sip: Ipv4, equalIps: boolean): void {
    const ns = this.ns;
    const inet = dev.inet!;
    const accept = Math.max(inet.conf.arp_accept, ns.confAll.arp_accept);
    let n = ns.neigh.find(dev, sip);
    if (n === undefined && accept === 0) return;
    // A reply announces itself when it is sent to all, or names the sender as its own target.
    const sha = senderLladdr(skb);
    const tha = macKey(skb.bytes, skb.data + ARP.tha);
    const announcesByReply = op === ARP_OP.REPLY && equalIps && (tha === 0 || tha === macKey(sha, 0) || skb.pktType !== PACKET.HOST);
    const gratuitous = equalIps && (op === ARP_OP.REQUEST || announcesByReply);
    if (n === undefined && (gratuitous || (op === ARP_OP.REPLY && ns.fib.typeOf(sip, dev) === "unicast"))) {
      if (accept === 1 || (accept === 2 && inet.onlink(sip))) n = ns.neigh.get(dev, sip);
    }
    if (n === undefined) return;
    const override = ns.sim.clock.now > n.updated + inet.parms.locktime * 10 * MILLISECOND || gratuitous;
    const state = op !== ARP_OP.REPLY || skb.pktType !== PACKET.HOST ? "STALE" : "REACHABLE";
    n.update(sha, state, { override, admin: false });
  }

  private reply(request: Skb, dev: NetDevice, ours: Ipv4, theirs: Ipv4, to: Uint8Array): void {
    if (this.ns.sim.trace.on) this.ns.report(request, "arp", "reply", dev, `${formatIpv4(ours)} is-at`, "");
    this.send(ARP_OP.REPLY, dev, ours, theirs, to, to);
  }

  /** pneigh_enqueue: proxy answers come after a random delay, so that the owner's comes first. */
  private delayProxy(dev: NetDevice, tip: Ipv4, sip: Ipv4, sha: Uint8Array, max: Nanos, limit: number): void {
    if (this.proxyQueue >= limit) return;
    this.proxyQueue++;
    this.ns.sim.clock.after(this.ns.random.below(Math.min(max, 0xffffffff)), () => {
      this.proxyQueue--;
      if (dev.isUp) this.send(ARP_OP.REPLY, dev, tip, sip, sha, sha);
    });
  }

  private forwardsProxy(dev: NetDevice): boolean {
    return this.ns.confAll.proxy_arp !== 0 || dev.inet!.conf.proxy_arp !== 0;
  }

  private pvlan(dev: NetDevice, out: NetDevice): boolean {
    return out === dev && dev.inet!.conf.proxy_arp_pvlan !== 0;
  }

  /** arp_ignore: whether a request for a local address stays unanswered. */
  private ignored(dev: NetDevice, sip: Ipv4, tip: Ipv4): boolean {
    const inet = dev.inet!;
    const own = inet.addrs.find((a) => a.local === tip);
    switch (Math.max(inet.conf.arp_ignore, this.ns.confAll.arp_ignore)) {
      case 0:
        return false;
      case 1:
        return own === undefined;
      case 2:
        return own === undefined || !matches(own, sip);
      case 3:
        return own?.scope === "host";
      case 8:
        return true;
      default:
        return false;
    }
  }

  /** arp_filter: the answer's way must leave by the device the question came from. */
  private filtered(dev: NetDevice, sip: Ipv4, tip: Ipv4): boolean {
    if (!dev.inet!.conf.arp_filter && !this.ns.confAll.arp_filter) return false;
    const back = this.ns.routes.output({ dst: sip, src: tip });
    return !back.ok || back.value.dev !== dev;
  }

  /** arp_notify and `arping`-free announcements when an address comes up. */
  announce(dev: NetDevice): void {
    const inet = dev.inet;
    if (inet === undefined || Math.max(inet.conf.arp_notify, this.ns.confAll.arp_notify) === 0) return;
    for (const a of inet.addrs) this.send(ARP_OP.REQUEST, dev, a.local, a.local, dev.broadcast, undefined);
  }
}

/** The sender's link-layer address, copied: the frame is about to go. */
function senderLladdr(skb: Skb): Uint8Array {
  const out = new Uint8Array(6);
  for (let i = 0; i < 6; i++) out[i] = skb.bytes[skb.data + ARP.sha + i]!;
  return out;
}
