/** Types of devices with options of their own: one line each. */
import { BOND } from "./link-bond.ts";
import type { LinkKindArgs } from "./link-kind.ts";
import { IPVLAN, MACVLAN } from "./link-macvlan.ts";
import { GRE, GRETAP, IPIP } from "./link-tunnel.ts";
import { VLAN } from "./link-vlan.ts";
import { VRF } from "./link-vrf.ts";
import { VXLAN } from "./link-vxlan.ts";

export const KIND_ARGS: readonly LinkKindArgs[] = [BOND, GRE, GRETAP, IPIP, IPVLAN, MACVLAN, VLAN, VRF, VXLAN];

export function kindArgs(kind: string | undefined): LinkKindArgs | undefined {
  return KIND_ARGS.find((k) => k.kind === kind);
}
