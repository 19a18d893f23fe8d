/** ndisc6: asks for the link-layer address of a neighbour, whatever the kernel knows. */
import { ICMPV6_TYPE } from "../../wire/icmpv6.ts";
import { parseIpv6 } from "../../wire/ipv6.ts";
import { defineCommand } from "../command.ts";
import { discover, optionMac, parseSolicit, sourceOption } from "./ndisc6/solicit.ts";

const USAGE = `
Usage: ndisc6 [options] <IPv6 address> <interface>
Looks up an on-link IPv6 node link-layer address (Neighbor Discovery)

  -1, --single     display first response and exit
  -d, --no-solicit don't send any solicitation messages
  -h, --help       display this help and exit
  -m, --multiple   wait and display all responses
  -n, --numeric    don't resolve host names
  -q, --quiet      only print the link-layer address (mainly for scripts)
  -r, --retry      maximum number of attempts (default: 3)
  -s, --source     specify source IPv6 address
  -V, --version    display program version and exit
  -v, --verbose    verbose display (this is the default)
  -w, --wait       how long to wait for a response [ms] (default: 1000)

`;

const isLinkLocal = (a: Uint8Array): boolean => a[0] === 0xfe && (a[1]! & 0xc0) === 0x80;

export const ndisc6 = defineCommand({
  name: "ndisc6",
  man: {
    summary: "look up the link-layer address of an IPv6 neighbour",
    synopsis: ["ndisc6 [-1dmnqv] [-r attempts] [-s source] [-w ms] address interface"],
    emulated: ["Sends neighbour solicitations and shows the advertisements that answer. -1: the first one alone. -m: all. -q: only the address. -r: attempts. -w: milliseconds for each. -s: the source address. -d: only listens."],
    notEmulated: [],
    examples: ["ndisc6 fe80::1 eth0", "ndisc6 -q 2001:db8::1 eth0"],
  },
  *run(proc, args) {
    const o = parseSolicit(args, USAGE, "ndisc6: IPv6 Neighbor/Router Discovery userland tool 1.0.5\n");
    if ("text" in o) {
      yield* o.status === 0 ? proc.print(o.text) : proc.warn(o.text);
      return o.status;
    }
    const [host, device] = o.operands;
    if (host === undefined || device === undefined || o.operands.length > 2) {
      yield* proc.warn(USAGE);
      return 1;
    }
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
    const message = new Uint8Array(32);
    message[0] = ICMPV6_TYPE.NEIGHBOR_SOLICIT;
    message.set(target, 8);
    message.set(sourceOption(link.lladdr), 24);
    const to = parseIpv6("ff02::1:ff00:0")!;
    to.set(target.subarray(13), 13);
    return yield* discover(proc, o, link, {
      target, to, message, answerType: ICMPV6_TYPE.NEIGHBOR_ADVERT,
      show(r) {
        const b = r.data;
        if (b.length < 24 || !target.every((x, i) => x === b[8 + i])) return undefined;
        // An answer from a link-local address belongs to a link, which the address asked for does not name.
        if (isLinkLocal(r.from) && !isLinkLocal(target)) return undefined;
        for (let at = 24; at + 8 <= b.length && b[at + 1] !== 0; at += b[at + 1]! * 8) {
          if (b[at] === 2) return o.quiet ? `${optionMac(b, at)}\n` : `Target link-layer address: ${optionMac(b, at)}\n`;
        }
        return undefined;
      },
    });
  },
});
