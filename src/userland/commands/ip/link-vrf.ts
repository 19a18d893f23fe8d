/** `type vrf`. iproute2 6.1 ip/iplink_vrf.c. */
import { type Args, Fail, invarg, matches } from "./args.ts";
import type { LinkKindArgs } from "./link-kind.ts";
import type { Tool } from "./tool.ts";
import { TYPE_VRF_USAGE } from "./usage-kinds.ts";

function parse(tool: Tool, args: Args): { table?: number } {
  const v: { table?: number } = {};
  while (!args.done) {
    const word = args.take();
    if (matches(word, "table")) {
      const value = args.value();
      v.table = tool.names.tableId(value) ?? invarg("invalid table ID\n", value);
    } else if (matches(word, "help")) throw new Fail(1, TYPE_VRF_USAGE);
    else throw new Fail(1, `vrf: unknown option "${word}"?\n${TYPE_VRF_USAGE}`);
  }
  return v;
}

export const VRF: LinkKindArgs = {
  kind: "vrf",
  usage: TYPE_VRF_USAGE,
  parse: (tool, args) => ({ vrf: parse(tool, args) }),
  print(p, l) {
    const table = l.attrs?.vrf?.table;
    if (table !== undefined) p.any("table", table, `table ${table} `);
  },
  printSlave(p, l) {
    const table = l.attrs?.vrfSlave?.table;
    if (table === undefined) return false;
    p.nl();
    p.any("info_slave_kind", "vrf", "    vrf_slave ");
    p.open("info_slave_data");
    p.any("table", table, `table ${table} `);
    p.close();
    return true;
  },
};
