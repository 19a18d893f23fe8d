/**
 * br_netfilter: frames that a bridge carries between its ports pass IPv4's hooks too, when net.bridge.bridge-nf-call-iptables says so.
 * net/bridge/br_netfilter_hooks.c. What it notes of a packet (struct nf_bridge_info) stands in `skb.cb` while a bridge has it.
 */
import { ETH_LEN, ETHERTYPE } from "../../wire/ethernet.ts";
import { finish, sumWords } from "../../wire/checksum.ts";
import { getU32 } from "../../base/bytes.ts";
import { IPV4, IPV4_MIN_LEN } from "../../wire/ipv4.ts";
import type { Skb } from "../../sim/skb.ts";
import type { NetDevice } from "../netdev/device.ts";
import type { NetNamespace } from "../netns.ts";
import { NF } from "./hooks.ts";

class BridgeInfo {
  physin: NetDevice | undefined;
  physout: NetDevice | undefined;
  /** Whether PREROUTING was run here already: ip_rcv on the bridge device must not run it again (ip_sabotage_in). */
  seen = false;
}

export class BridgeNf {
  private readonly ns: NetNamespace;
  private enabledVersion = -1;
  private on = false;

  constructor(ns: NetNamespace) {
    this.ns = ns;
  }

  /** The sysctl, read again after writes only. */
  get enabled(): boolean {
    const { sysctl } = this.ns;
    if (this.enabledVersion !== sysctl.version) {
      this.enabledVersion = sysctl.version;
      this.on = sysctl.number("net.bridge.bridge-nf-call-iptables") !== 0;
    }
    return this.on;
  }

  physin(skb: Skb): NetDevice | undefined {
    return skb.cb instanceof BridgeInfo ? skb.cb.physin : undefined;
  }
  physout(skb: Skb): NetDevice | undefined {
    return skb.cb instanceof BridgeInfo ? skb.cb.physout : undefined;
  }
  /** ip_sabotage_in: the bridge ran PREROUTING for this one. Forgets it. */
  sawPrerouting(skb: Skb): boolean {
    if (!(skb.cb instanceof BridgeInfo) || !skb.cb.seen) return false;
    skb.cb.seen = false;
    return true;
  }

  /**
   * br_nf_pre_routing: a frame came in by a port. @returns whether it goes on through the bridge. A DNAT may send it elsewhere than
   * its frame says: then the frame gets the neighbour's address, or the bridge's own for the stack to route it.
   */
  preRouting(skb: Skb, bridge: NetDevice, port: NetDevice): boolean {
    const { ns } = this;
    const b = skb.bytes;
    skb.cb = undefined;
    if (((b[skb.data + 12]! << 8) | b[skb.data + 13]!) !== ETHERTYPE.IPV4) return true;
    const at = skb.data + ETH_LEN;
    const have = skb.tail - at;
    const header = have >= IPV4_MIN_LEN ? (b[at]! & 15) * 4 : 0;
    const total = have >= IPV4_MIN_LEN ? (b[at + 2]! << 8) | b[at + 3]! : 0;
    if (header < IPV4_MIN_LEN || b[at]! >> 4 !== 4 || have < header || total > have || total < header || finish(sumWords(b, at, at + header)) !== 0) {
      ns.drop(skb, "netfilter", port, "NETFILTER_DROP", "br_netfilter: not a sane IPv4 header");
      return false;
    }
    const info = new BridgeInfo();
    info.physin = port;
    info.seen = true;
    skb.cb = info;
    this.enter(skb, at, header, total);
    const before = getU32(b, at + IPV4.dst);
    if (ns.hooks.pre.length !== 0 && !ns.hooks.pre.run(skb, NF.PRE_ROUTING, bridge, undefined)) return false;
    const dst = getU32(skb.bytes, skb.network + IPV4.dst);
    if (dst !== before) this.readdress(skb, bridge, dst);
    skb.data = skb.mac;
    return true;
  }

  /** br_nf_pre_routing_finish: where the frame goes after a DNAT. */
  private readdress(skb: Skb, bridge: NetDevice, dst: number): void {
    const { ns } = this;
    const verdict = bridge.inet === undefined ? "error" : ns.routes.input(dst, getU32(skb.bytes, skb.network + IPV4.src), skb.bytes[skb.network + 1]!, bridge, skb.mark);
    const neigh = verdict === "forward" && ns.routes.outDev === bridge ? ns.neigh.get(bridge, ns.routes.nexthop) : undefined;
    skb.unshare();
    skb.bytes.set(neigh?.isValid() === true ? neigh.lladdr : bridge.addr, skb.mac);
  }

  /** br_nf_forward_ip and br_nf_post_routing: from port to port. @returns whether it goes on. */
  forward(skb: Skb, bridge: NetDevice, out: NetDevice): boolean {
    const info = skb.cb;
    if (!(info instanceof BridgeInfo)) return true;
    const { hooks } = this.ns;
    info.physout = out;
    info.seen = false;
    const at = skb.data + ETH_LEN;
    this.enter(skb, at, (skb.bytes[at]! & 15) * 4, skb.tail - at);
    if (hooks.forward.length !== 0 && !hooks.forward.run(skb, NF.FORWARD, bridge, bridge)) return false;
    if (hooks.post.length !== 0 && !hooks.post.run(skb, NF.POST_ROUTING, undefined, bridge)) return false;
    skb.data = skb.mac;
    return true;
  }

  /** The hooks see the packet from its IP header on. */
  private enter(skb: Skb, at: number, header: number, total: number): void {
    skb.mac = skb.data;
    skb.data = at;
    skb.network = at;
    skb.transport = at + header;
    skb.tail = at + total;
  }
}
