/** Types of devices, as `ip link help` lists them: those that are here, and those the real kernel has besides. */
import type { LinkKind } from "../../../kernel/api.ts";

import { KIND_ARGS } from "./link-kinds.ts";

const HERE: readonly string[] = ["veth", "bridge", "dummy", ...KIND_ARGS.map((k) => k.kind)];
const ELSEWHERE: ReadonlySet<string> = new Set(
  ("amt bareudp bond bond_slave dsa erspan geneve gre gretap gtp ifb ip6erspan ip6gre ip6gretap ip6tnl ipip ipoib ipvlan ipvtap macsec macvlan macvtap netdevsim " +
    "nlmon rmnet sit team team_slave vcan vlan vrf vti vxcan vxlan wwan xfrm virt_wifi wireguard hsr batadv can lowpan").split(" "),
);

/** A type that `ip link add` makes. */
export function isMade(type: string): type is LinkKind {
  return HERE.includes(type);
}

export function isOnlyReal(type: string): boolean {
  return ELSEWHERE.has(type) && !isMade(type);
}

export function isLinkType(type: string): boolean {
  return isMade(type) || isOnlyReal(type);
}
