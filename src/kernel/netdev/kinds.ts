/** Kinds of devices that `ip link add` makes: one line each. A veth makes two, and stands in rtnl.ts. */
import { ok } from "../../base/result.ts";
import type { LinkKind, LinkSpec, NlResult } from "../api.ts";
import type { NetNamespace } from "../netns.ts";
import { newBond } from "./bond.ts";
import { Bridge } from "./bridge.ts";
import type { NetDevice } from "./device.ts";
import { Dummy } from "./dummy.ts";
import { newIpvlan } from "./ipvlan.ts";
import { newMacvlan } from "./macvlan.ts";
import { newTun } from "./tun.ts";
import { newTunnel } from "./tunnel.ts";
import { newVlan } from "./vlan.ts";
import { newVrf } from "./vrf.ts";
import { newVxlan } from "./vxlan.ts";

/** What RTM_NEWLINK hands to a kind: rtnl_newlink_create. */
export interface NewLink {
  ns: NetNamespace;
  name: string;
  /** Takes a number: to be called last, when nothing is refused any more. */
  index(): number;
  spec: LinkSpec;
  /** Where `spec.link` is looked up: the namespace of the one who asks. */
  linkNs: NetNamespace;
}

export interface LinkKindOps {
  readonly kind: LinkKind;
  /** rtnl_link_ops.newlink. Registers nothing. */
  create(o: NewLink): NlResult<NetDevice>;
}

export const LINK_KINDS: readonly LinkKindOps[] = [
  {
    kind: "bridge",
    create(o) {
      const dev = new Bridge(o.ns, o.name, o.index(), o.spec.lladdr ?? o.ns.kernel.randomMac(), o.spec.lladdr !== undefined);
      const set = o.spec.bridge === undefined ? ok() : dev.configure(o.spec.bridge);
      return set.ok ? ok(dev) : set;
    },
  },
  { kind: "bond", create: newBond },
  { kind: "dummy", create: (o) => ok(new Dummy(o.ns, o.name, o.index(), o.spec.lladdr ?? o.ns.kernel.randomMac())) },
  { kind: "gre", create: newTunnel("gre") },
  { kind: "gretap", create: newTunnel("gretap") },
  { kind: "ipip", create: newTunnel("ipip") },
  { kind: "ipvlan", create: newIpvlan },
  { kind: "macvlan", create: newMacvlan },
  { kind: "tun", create: newTun },
  { kind: "vlan", create: newVlan },
  { kind: "vrf", create: newVrf },
  { kind: "vxlan", create: newVxlan },
];
