/** `type macvlan` and `type ipvlan`. iproute2 6.1 ip/iplink_macvlan.c and iplink_ipvlan.c. */
import type { IpvlanInfo, LinkAttrsSpec, MacvlanInfo } from "../../../kernel/api.ts";
import { type Args, Fail, matches, Refuse, unsigned } from "./args.ts";
import type { LinkKindArgs } from "./link-kind.ts";
import { TYPE_IPVLAN_USAGE, TYPE_MACVLAN_USAGE } from "./usage-kinds.ts";

function unknown(kind: string, usage: string, word: string): never {
  if (matches(word, "help")) throw new Fail(1, usage);
  throw new Fail(1, `${kind}: unknown option "${word}"?\n${usage}`);
}

function macvlanMode(text: string): MacvlanInfo["mode"] {
  if (text === "source") throw new Refuse("ip link ... type macvlan mode source");
  const mode = (["private", "vepa", "bridge", "passthru"] as const).find((m) => m === text);
  if (mode !== undefined) return mode;
  throw new Fail(1, `Error: argument of "mode" must be "private", "vepa", "bridge", "passthru" or "source", not "${text}"\n`);
}

function parseMacvlan(args: Args): NonNullable<LinkAttrsSpec["macvlan"]> {
  const v: NonNullable<LinkAttrsSpec["macvlan"]> = {};
  while (!args.done) {
    const word = args.take();
    if (matches(word, "mode")) v.mode = macvlanMode(args.value());
    else if (matches(word, "flag")) {
      const value = args.value();
      if (value === "nodst") throw new Refuse("ip link ... type macvlan flag nodst");
      v.nopromisc = value === "nopromisc";
    } else if (matches(word, "nopromisc")) v.nopromisc = true;
    else if (matches(word, "bcqueuelen")) {
      const value = args.value();
      v.bcqueuelen = unsigned(value) ?? fail(`Error: argument of "bcqueuelen" must be a positive integer [0-4294967295], not "${value}"\n`);
    } else if (matches(word, "macaddr") || word === "nodst" || word === "bclim") throw new Refuse(`ip link ... type macvlan ${word}`);
    else unknown("macvlan", TYPE_MACVLAN_USAGE, word);
  }
  if (v.nopromisc && v.mode !== undefined && v.mode !== "passthru") throw new Fail(1, `macvlan: nopromisc flag only valid in passthru mode\n${TYPE_MACVLAN_USAGE}`);
  return v;
}

function fail(text: string): never {
  throw new Fail(1, text);
}

export const MACVLAN: LinkKindArgs = {
  kind: "macvlan",
  usage: TYPE_MACVLAN_USAGE,
  parse: (_tool, args) => ({ macvlan: parseMacvlan(args) }),
  print(p, l) {
    const m = l.attrs?.macvlan;
    if (m === undefined) return;
    p.any("mode", m.mode, `mode ${m.mode} `);
    if (m.nopromisc) p.any("flags", "nopromisc", "nopromisc ");
    p.any("bcqueuelen", m.bcqueuelen, `bcqueuelen ${m.bcqueuelen} `);
    p.any("usedbcqueuelen", m.bcqueuelen, `usedbcqueuelen ${m.bcqueuelen} `);
  },
};

function parseIpvlan(args: Args): NonNullable<LinkAttrsSpec["ipvlan"]> {
  const v: NonNullable<LinkAttrsSpec["ipvlan"]> = {};
  while (!args.done) {
    const word = args.take();
    const flag = (["private", "vepa", "bridge"] as const).find((f) => v.flags === undefined && matches(word, f)) as IpvlanInfo["flags"] | undefined;
    if (matches(word, "mode")) {
      const value = args.value();
      v.mode = value === "l2" || value === "l3" || value === "l3s" ? value : fail('Error: argument of "mode" must be either "l2", "l3" or "l3s"\n');
    } else if (flag !== undefined) v.flags = flag;
    else unknown("ipvlan", TYPE_IPVLAN_USAGE, word);
  }
  return v;
}

export const IPVLAN: LinkKindArgs = {
  kind: "ipvlan",
  usage: TYPE_IPVLAN_USAGE,
  parse: (_tool, args) => ({ ipvlan: parseIpvlan(args) }),
  print(p, l) {
    const v = l.attrs?.ipvlan;
    if (v === undefined) return;
    p.any("mode", v.mode, ` mode ${v.mode} `);
    p.any("flags", v.flags, `${v.flags} `);
  },
};
