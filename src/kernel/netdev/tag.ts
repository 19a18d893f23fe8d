/** Tags put into and taken out of Ethernet frames, in place: net/8021q/vlan_core.c, include/linux/if_vlan.h. */
import type { Skb } from "../../sim/skb.ts";
import { ETHERTYPE } from "../../wire/ethernet.ts";
import { VLAN_LEN } from "../../wire/vlan.ts";

export const TPID = { Q: ETHERTYPE.VLAN, AD: ETHERTYPE.QINQ } as const;
export const VID_MASK = 0xfff;
/** Octets of the two addresses in front of a tag. */
const ADDRESSES = 12;

/** vlan_insert_inner_tag: `data` is at the Ethernet header and stays there. */
export function pushTag(skb: Skb, tpid: number, tci: number): void {
  const at = skb.push(VLAN_LEN);
  const b = skb.bytes;
  b.copyWithin(at, at + VLAN_LEN, at + VLAN_LEN + ADDRESSES);
  b[at + 12] = tpid >> 8;
  b[at + 13] = tpid;
  b[at + 14] = tci >> 8;
  b[at + 15] = tci;
  skb.mac = at;
}

/** Takes the outermost tag out; the header moves up. */
export function popTag(skb: Skb): void {
  if (skb.block.refs > 1) skb.unshare();
  const b = skb.bytes;
  const at = skb.data;
  b.copyWithin(at + VLAN_LEN, at, at + ADDRESSES);
  skb.data = at + VLAN_LEN;
  skb.mac = skb.data;
}

/** EtherType of the frame at `data`. */
export function frameType(skb: Skb): number {
  return (skb.bytes[skb.data + 12]! << 8) | skb.bytes[skb.data + 13]!;
}

/** Tag control of a frame that is known to be tagged. */
export function frameTci(skb: Skb): number {
  return (skb.bytes[skb.data + 14]! << 8) | skb.bytes[skb.data + 15]!;
}
