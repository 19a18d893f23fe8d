/** `type vlan`. iproute2 6.1 ip/iplink_vlan.c. */
import type { LinkAttrsSpec, LinkInfo } from "../../../kernel/api.ts";
import { type Args, Fail, invarg, matches, unsigned } from "./args.ts";
import { type LinkKindArgs, unknownOption } from "./link-kind.ts";
import type { Printer } from "./print.ts";
import { TYPE_VLAN_USAGE } from "./usage-kinds.ts";

type Spec = NonNullable<LinkAttrsSpec["vlan"]>;
type Flag = "reorderHdr" | "gvrp" | "mvrp" | "looseBinding" | "bridgeBinding";

/** In the order in which abbreviations are tried; flags are printed in this order too. */
const FLAGS: readonly (readonly [string, Flag, string])[] = [
  ["reorder_hdr", "reorderHdr", "REORDER_HDR"], ["gvrp", "gvrp", "GVRP"], ["mvrp", "mvrp", "MVRP"], ["loose_binding", "looseBinding", "LOOSE_BINDING"], ["bridge_binding", "bridgeBinding", "BRIDGE_BINDING"],
];

function onOff(key: string, text: string): boolean {
  if (text === "on") return true;
  if (text === "off") return false;
  throw new Fail(1, `Error: argument of "${key}" must be "on" or "off", not "${text}"\n`);
}

/** FROM:TO ..., up to the first word without a colon. */
function qosMap(args: Args, key: string): (readonly [number, number])[] {
  const out: (readonly [number, number])[] = [];
  args.value();
  args.at--;
  while (!args.done && args.word.includes(":")) {
    const text = args.take();
    const at = text.indexOf(":");
    const from = unsigned(text.slice(0, at));
    const to = unsigned(text.slice(at + 1));
    if (from === undefined || to === undefined) return invarg(`invalid ${key}`, text.slice(0, at));
    out.push([from, to]);
  }
  return out;
}

function protocol(text: string): number {
  const t = text.toLowerCase();
  return t === "802.1q" ? 0x8100 : t === "802.1ad" ? 0x88a8 : invarg("protocol is invalid", text);
}

function parse(args: Args): Spec {
  const v: Spec = {};
  while (!args.done) {
    const word = args.take();
    const flag = FLAGS.find(([name]) => matches(word, name));
    if (matches(word, "protocol")) v.protocol = protocol(args.value());
    else if (matches(word, "id")) {
      const value = args.value();
      v.id = unsigned(value, 65535) ?? invarg("id is invalid", value);
    } else if (flag) v[flag[1]] = onOff(flag[0], args.value());
    else if (matches(word, "ingress-qos-map")) v.ingressQos = qosMap(args, "ingress-qos-map");
    else if (matches(word, "egress-qos-map")) v.egressQos = qosMap(args, "egress-qos-map");
    else unknownOption("vlan", TYPE_VLAN_USAGE, word);
  }
  return v;
}

function printMap(p: Printer, json: string, text: string, map: readonly (readonly [number, number])[]): void {
  if (map.length === 0) return;
  p.openArray(json);
  p.nl();
  p.fp(`      ${text} { `);
  for (const [from, to] of map) {
    p.open();
    p.any("from", from, `${from}:`);
    p.any("to", to, `${to} `);
    p.close();
  }
  p.close();
  p.fp("} ");
}

export const VLAN: LinkKindArgs = {
  kind: "vlan",
  usage: TYPE_VLAN_USAGE,
  parse: (_tool, args) => ({ vlan: parse(args) }),
  print(p: Printer, l: LinkInfo) {
    const v = l.attrs?.vlan;
    if (v === undefined) return;
    const name = v.protocol === 0x88a8 ? "802.1ad" : "802.1Q";
    p.any("protocol", name, `protocol ${name} `);
    p.any("id", v.id, `id ${v.id} `);
    const set = FLAGS.filter(([, key]) => v[key]).map(([, , text]) => text);
    p.openArray("flags");
    p.fp("<");
    for (const [i, text] of set.entries()) p.item(text, i === 0 ? text : `,${text}`);
    p.fp("> ");
    p.close();
    printMap(p, "ingress_qos", "ingress-qos-map", v.ingressQos);
    printMap(p, "egress_qos", "egress-qos-map", v.egressQos);
  },
};
