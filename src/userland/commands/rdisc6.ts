/** rdisc6: asks the routers of a link what they advertise. */
import { getU16, getU32 } from "../../base/bytes.ts";
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { formatIpv6, parseIpv6 } from "../../wire/ipv6.ts";
import { defineCommand } from "../command.ts";
import { discover, milliseconds, optionMac, parseSolicit, seconds, sourceOption } from "./ndisc6/solicit.ts";

const USAGE = `
Usage: rdisc6 [options] [IPv6 address] <interface>
Solicits on-link IPv6 routers (Router Discovery)

  -1, --single     display first response and exit
  -d, --no-solicit don't send any solicitation messages
  -h, --help       display this help and exit
  -m, --multiple   wait and display all responses
  -n, --numeric    don't resolve host names
  -q, --quiet      only print the advertized prefixes (mainly for scripts)
  -r, --retry      maximum number of attempts (default: 3)
  -s, --source     specify source IPv6 address
  -V, --version    display program version and exit
  -v, --verbose    verbose display (this is the default)
  -w, --wait       how long to wait for a response [ms] (default: 1000)

`;
const yes = (on: number): string => (on !== 0 ? "         Yes" : "          No");
const OPT = { SOURCE_LL: 1, PREFIX: 3, MTU: 5, ROUTE: 24, RDNSS: 25 } as const;
const PREFERENCE = ["      medium", "        high", "     invalid", "         low"] as const;

function optionText(b: Uint8Array, at: number, end: number): string {
  switch (b[at]) {
    case OPT.PREFIX:
      return (
        ` Prefix                   : ${formatIpv6(b, at + 16)}/${b[at + 2]}\n  On-link                 : ${yes(b[at + 3]! & 0x80)}\n  Autonomous address conf.: ${yes(b[at + 3]! & 0x40)}\n` +
        `  Valid time              : ${seconds(getU32(b, at + 4))}\n  Pref. time              : ${seconds(getU32(b, at + 8))}\n`
      );
    case OPT.RDNSS: {
      let text = "";
      for (let i = at + 8; i + 16 <= end; i += 16) text += ` Recursive DNS server     : ${formatIpv6(b, i)}\n`;
      return `${text}  DNS server${end - at > 24 ? "s" : ""} lifetime    ${end - at > 24 ? "" : " "}: ${seconds(getU32(b, at + 4))}\n`;
    }
    case OPT.MTU:
      return ` MTU                      : ${String(getU32(b, at + 4)).padStart(12)} bytes (${getU32(b, at + 4) >= 1280 ? "valid" : "invalid"})\n`;
    case OPT.SOURCE_LL:
      return ` Source link-layer address: ${optionMac(b, at)}\n`;
    default:
      return "";
  }
}

function advertText(b: Uint8Array, quiet: boolean): string | undefined {
  if (b.length < 16 || b[1] !== 0) return undefined;
  let options = "";
  for (let at = 16; at + 8 <= b.length; ) {
    const end = at + b[at + 1]! * 8;
    if (end === at || end > b.length) return undefined;
    if (!quiet) options += optionText(b, at, end);
    else if (b[at] === OPT.PREFIX) options += `${formatIpv6(b, at + 16)}/${b[at + 2]}\n`;
    at = end;
  }
  if (quiet) return options;
  const hops = b[4]!;
  const flags = b[5]!;
  return (
    `\nHop limit                 : ${hops === 0 ? "   undefined" : String(hops).padStart(12)} (      0x${hops.toString(16).padStart(2, "0")})\nStateful address conf.    : ${yes(flags & 0x80)}\nStateful other conf.      : ${yes(flags & 0x40)}\n` +
    `Mobile home agent         : ${yes(flags & 0x20)}\nRouter preference         : ${PREFERENCE[(flags >> 3) & 3]}\nNeighbor discovery proxy  : ${yes(flags & 4)}\n` +
    `Router lifetime           : ${seconds(getU16(b, 6))}\nReachable time            : ${milliseconds(getU32(b, 8))}\nRetransmit time           : ${milliseconds(getU32(b, 12))}\n${options}`
  );
}

export const rdisc6 = defineCommand({
  name: "rdisc6",
  man: {
    summary: "ask the IPv6 routers of a link what they advertise",
    synopsis: ["rdisc6 [-1dmnqv] [-r attempts] [-s source] [-w ms] [address] interface"],
    emulated: ["Sends router solicitations and shows the advertisements that come. -1: the first one alone. -m: all. -q: only the prefixes. -r: attempts. -w: milliseconds for each. -s: the source address. -d: only listens."],
    notEmulated: ["Options of advertisements besides prefixes, MTU, DNS servers and link-layer addresses."],
    examples: ["rdisc6 eth0", "rdisc6 -q -1 eth0"],
  },
  *run(proc, args) {
    const o = parseSolicit(args, USAGE, "rdisc6: IPv6 Neighbor/Router Discovery userland tool 1.0.5\n");
    if ("text" in o) {
      yield* o.status === 0 ? proc.print(o.text) : proc.warn(o.text);
      return o.status;
    }
    const device = o.operands.at(-1);
    if (device === undefined || o.operands.length > 2) {
      yield* proc.warn(USAGE);
      return 1;
    }
    const host = o.operands.length === 2 ? o.operands[0]! : "ff02::2";
    const target = parseIpv6(host);
    if (target === undefined) {
      yield* proc.warn(`${host}: Name or service not known\n`);
      return 1;
    }
    const link = proc.netns.rtnl.link(device);
    if (link === undefined) {
      yield* proc.warn(`${device}: No such device\n`);
      return 1;
    }
    const message = Uint8Array.from([ICMPV6_TYPE.ROUTER_SOLICIT, 0, 0, 0, 0, 0, 0, 0, ...sourceOption(link.lladdr)]);
    return yield* discover(proc, o, link, { target, to: target, message, answerType: ICMPV6_TYPE.ROUTER_ADVERT, show: (r) => advertText(r.data, o.quiet) });
  },
});
