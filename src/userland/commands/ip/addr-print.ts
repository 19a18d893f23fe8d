/** An address as `ip addr` prints it. iproute2 6.1 ip/ipaddress.c print_addrinfo. */
import { type Addr6Info, type AddrInfo, IFA6, type Scope } from "../../../kernel/api.ts";
import { formatIpv4 } from "../../../wire/ipv4.ts";
import { formatIpv6 } from "../../../wire/ipv6.ts";
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

/** In the order of iproute2's table. "dynamic" stands where IFA_F_PERMANENT is not. */
const FLAG_WORDS: readonly (readonly [string, number])[] = [
  ["temporary", IFA6.TEMPORARY], ["nodad", IFA6.NODAD], ["optimistic", IFA6.OPTIMISTIC], ["dadfailed", IFA6.DADFAILED], ["home", IFA6.HOMEADDRESS], ["deprecated", IFA6.DEPRECATED], ["tentative", IFA6.TENTATIVE],
  ["dynamic", IFA6.PERMANENT], ["mngtmpaddr", IFA6.MANAGETEMPADDR], ["noprefixroute", IFA6.NOPREFIXROUTE], ["autojoin", IFA6.MCAUTOJOIN], ["stable-privacy", IFA6.STABLE_PRIVACY],
];

function printLocal6(p: Printer, a: Addr6Info): void {
  p.any("local", formatIpv6(a.local), formatIpv6(a.local));
  if (a.peer !== undefined) p.any("address", formatIpv6(a.peer), ` peer ${formatIpv6(a.peer)}`);
  p.any("prefixlen", a.prefixLen, `/${a.prefixLen} `);
  if (a.metric !== 0) p.any("metric", a.metric, `metric ${a.metric} `);
}

export function printAddr6(p: Printer, a: Addr6Info, v: View, withDevice: boolean): void {
  if (v.opts.brief) {
    printLocal6(p, a);
    return;
  }
  if (withDevice) {
    p.only("index", a.ifindex);
    p.only("dev", v.ifname(a.ifindex));
    p.fp(`${a.ifindex}: ${v.ifname(a.ifindex)}`);
  }
  p.any("family", "inet6", "    inet6 ");
  printLocal6(p, a);
  const scope = v.names.scope(SCOPE_ID[a.scope]);
  p.any("scope", scope, `scope ${scope} `);
  for (const [word, bit] of FLAG_WORDS) if (((a.flags & bit) !== 0) !== (word === "dynamic")) p.any(word, true, `${word} `);
  if (a.proto !== 0) p.any("protocol", a.proto, `proto ${a.proto} `);
  p.nl();
  printLife(p, "valid_life_time", "       valid_lft", a.validLft);
  printLife(p, "preferred_life_time", " preferred_lft", a.preferredLft);
  p.fp("\n");
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
