/** VLANs of a bridge and its ports: net/bridge/br_vlan.c, without per-VLAN options and tunnels. */
import type { Skb } from "../../sim/skb.ts";
import { ETH_LEN } from "../../wire/ethernet.ts";
import { VLAN_LEN } from "../../wire/vlan.ts";
import type { BridgeVlan } from "../api.ts";
import { frameTci, frameType, popTag, pushTag, TPID, VID_MASK } from "./tag.ts";

/** br_vlan_valid_id: 0 and 4095 are no VLANs. */
export function validVid(vid: number): boolean {
  return vid > 0 && vid < VID_MASK;
}

/** net_bridge_vlan_group: which VLANs a port, or the bridge itself, is in; those that leave untagged; the one of untagged frames. */
export class VlanMembers {
  /** 0: untagged frames are not let in. */
  pvid = 0;
  /** By VLAN: whether frames of it leave untagged. */
  private readonly untagged = new Map<number, boolean>();

  has(vid: number): boolean {
    return this.untagged.has(vid);
  }
  leavesUntagged(vid: number): boolean {
    return this.untagged.get(vid) === true;
  }
  get vids(): number[] {
    return [...this.untagged.keys()].sort((a, b) => a - b);
  }
  /** __vlan_flags_commit: a VLAN that is the PVID and is set without it is that no more. @returns whether it is new. */
  set(vid: number, pvid: boolean, untagged: boolean): boolean {
    const isNew = !this.untagged.has(vid);
    this.untagged.set(vid, untagged);
    if (pvid) this.pvid = vid;
    else if (this.pvid === vid) this.pvid = 0;
    return isNew;
  }
  delete(vid: number): boolean {
    if (this.pvid === vid) this.pvid = 0;
    return this.untagged.delete(vid);
  }
  list(): BridgeVlan[] {
    return this.vids.map((vid) => ({ vid, pvid: vid === this.pvid, untagged: this.untagged.get(vid)! }));
  }
}

/** Verdict of `ingressVlan` for a frame that may not come in. */
export const NOT_ALLOWED = -1;

/**
 * __allowed_ingress: the VLAN a frame belongs to, which the port must be in. A frame with a tag of the other protocol counts as
 * untagged, and one of VLAN 0 only carries a priority.
 */
export function ingressVlan(skb: Skb, protocol: number, members: VlanMembers): number {
  const tagged = frameType(skb) === protocol && skb.tail - skb.data >= ETH_LEN + VLAN_LEN;
  const vid = tagged ? frameTci(skb) & VID_MASK : 0;
  if (vid === 0) {
    if (members.pvid === 0) return NOT_ALLOWED;
    if (tagged) popTag(skb);
    return members.pvid;
  }
  return members.has(vid) ? vid : NOT_ALLOWED;
}

/** br_handle_vlan: the frame as it leaves by a port, or goes up to the bridge itself: with the tag of its VLAN, or without. */
export function egressVlan(skb: Skb, protocol: number, members: VlanMembers, vid: number): void {
  const tagged = frameType(skb) === protocol && skb.tail - skb.data >= ETH_LEN + VLAN_LEN;
  if (members.leavesUntagged(vid)) {
    if (tagged) popTag(skb);
  } else if (!tagged) pushTag(skb, protocol, vid);
}

export { TPID };
