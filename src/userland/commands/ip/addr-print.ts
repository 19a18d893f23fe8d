/** An address as `ip addr` prints it. iproute2 6.1 ip/ipaddress.c print_addrinfo. */
import type { AddrInfo, Scope } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import type { Printer } from "./print.ts";
import type { View } from "./tool.ts";

/** rtnetlink(7) RT_SCOPE_*. */
export const SCOPE_ID: Readonly<Record<Scope, number>> = { global: 0, site: 200, link: 253, host: 254, nowhere: 255 };

export function scopeOf(id: number): Scope | undefined {
  return (Object.keys(SCOPE_ID) as Scope[]).find((s) => SCOPE_ID[s] === id);
}

/** Seconds as netlink carries them: 32 bits, all ones for ever. */
const LIFE_INFINITE = 0xffffffff;

function printLife(p: Printer, key: string, label: string, seconds: number): void {
  const ever = seconds === Number.POSITIVE_INFINITY;
  p.any(key, ever ? LIFE_INFINITE : seconds, `${label} ${ever ? "forever" : `${seconds}sec`}`);
}

/** "10.0.0.1/24 ", or with a peer. */
function printLocal(p: Printer, a: AddrInfo): void {
  p.any("local", formatIpv4(a.local), formatIpv4(a.local));
  if (a.address !== a.local) p.any("address", formatIpv4(a.address), ` peer ${formatIpv4(a.address)}`);
  p.any("prefixlen", a.prefixLen, `/${a.prefixLen} `);
  if (a.metric !== 0) p.any("metric", a.metric, `metric ${a.metric} `);
}

/** @param withDevice -o and the lines of a flush begin with the device. */
export function printAddr(p: Printer, a: AddrInfo, v: View, withDevice: boolean): void {
  if (v.opts.brief) {
    printLocal(p, a);
    return;
  }
  if (withDevice) {
    p.only("index", a.ifindex);
    p.only("dev", v.ifname(a.ifindex));
    p.fp(`${a.ifindex}: ${v.ifname(a.ifindex)}`);
  }
  p.any("family", "inet", "    inet ");
  printLocal(p, a);
  if (a.broadcast !== undefined) p.any("broadcast", formatIpv4(a.broadcast), `brd ${formatIpv4(a.broadcast)} `);
  const scope = v.names.scope(SCOPE_ID[a.scope]);
  p.any("scope", scope, `scope ${scope} `);
  if (a.secondary) p.any("secondary", true, "secondary ");
  if (a.deprecated) p.any("deprecated", true, "deprecated ");
  if (a.dynamic) p.any("dynamic", true, "dynamic ");
  if (a.noprefixroute) p.any("noprefixroute", true, "noprefixroute ");
  p.any("label", a.label, a.label);
  p.nl();
  printLife(p, "valid_life_time", "       valid_lft", a.validLft);
  printLife(p, "preferred_life_time", " preferred_lft", a.preferredLft);
  p.fp("\n");
}
