/** netstat: sockets, routes and interfaces the older way. net-tools 2.10. */
import { defineCommand, notEmulated } from "../../command.ts";
import { getopt } from "../../getopt.ts";
import type { Run } from "../../process.ts";
import { MICROSECOND } from "../../../sim/time.ts";
import { allInterfaces, formatInterface, formatInterfaceRow, isUp } from "./interfaces.ts";
import { formatRoutes } from "./route.ts";
import { formatSockets } from "./sockets.ts";
import { NETSTAT_FAMILIES, NETSTAT_USAGE } from "./netstat-usage.ts";
import { VERSION } from "./usage.ts";

const LONGS = {
  route: "r", interfaces: "i", groups: "g", statistics: "s", masquerade: "M", verbose: "v", wide: "W", numeric: "n", extend: "e", programs: "p", timers: "o",
  continuous: "c", listening: "l", all: "a", fib: "F", cache: "C", tcp: "t", udp: "u", udplite: "U", sctp: "S", raw: "w", unix: "x", version: "V", help: "h", inet: "4", inet6: "6",
} as const;
/** Emulated, or without a meaning for what is. */
const TAKEN = new Set(["r", "i", "n", "e", "v", "W", "a", "F", "4", "t", "u", "w", "l", "p", "o", "numeric-hosts", "numeric-ports"]);
/** Until a program is loaded and has read /proc: a goodbye under way on a short cable is over by then. */
const START_UP = 200 * MICROSECOND;

export const netstat = defineCommand({
  name: "netstat",
  dir: "/usr/bin",
  man: {
    summary: "show sockets, routes and interfaces (the older tool; see ss, ip route and ip -s link)",
    synopsis: ["netstat [-tuwlanpeoW]", "netstat -r [-en]", "netstat -i [-ae]"],
    emulated: ["-t TCP, -u UDP, -w raw: connections; -l those that listen, -a all; -n numbers, -p programs, -e users and inodes, -o timers", "-r: the routing table; -n without names, -e with metrics", "-i: interfaces with their counters; -a also those that are down, -e in the long form"],
    notEmulated: ["Unix sockets (-x; there are none)", "-s: counters of the protocols", "-g, -M, -c, -6"],
    examples: ["netstat -tlnp", "netstat -rn", "netstat -i"],
  },
  *run(proc, args): Run<number> {
    const { options, error } = getopt(args, "A:CFMacdeghilnoprsStuUvVWwxZ46", LONGS);
    const keys = options.map((o) => o.key);
    if (error !== undefined) {
      yield* proc.warn(`netstat: ${error}\n`);
      return 3;
    }
    if (keys.includes("V")) {
      yield* proc.print(VERSION);
      return 0;
    }
    if (keys.includes("h")) {
      yield* proc.warn(NETSTAT_FAMILIES);
      yield* proc.print(NETSTAT_USAGE);
      return 0;
    }
    const refused = options.find((o) => !TAKEN.has(o.key));
    if (refused !== undefined) return yield* notEmulated(proc, `netstat ${refused.typed}`);
    if (!keys.includes("r") && !keys.includes("i")) {
      const has = (k: string): boolean => keys.includes(k);
      const any = has("t") || has("u") || has("w");
      yield* proc.sleep(START_UP);
      yield* proc.print(formatSockets(proc, { tcp: has("t") || !any, udp: has("u") || !any, raw: has("w") || !any, listening: has("l"), all: has("a"), numeric: has("n"), extended: has("e"), programs: has("p"), timers: has("o"), wide: has("W") }));
      if (!any && !has("4")) yield* proc.print(`Active UNIX domain sockets (${has("l") ? "only servers" : has("a") ? "servers and established" : "w/o servers"})\nProto RefCnt Flags       Type       State         I-Node${has("p") ? "   PID/Program name    " : "  "} Path\n`);
      return 0;
    }
    const extended = keys.filter((k) => k === "e").length;
    if (keys.includes("r")) yield* proc.print(formatRoutes(proc, extended === 0 ? "tcp" : extended === 1 ? "metric" : "all", keys.includes("n")));
    else {
      const shown = allInterfaces(proc.netns.rtnl).filter((i) => keys.includes("a") || isUp(i));
      const heading = "Iface             MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n";
      yield* proc.print(`Kernel Interface table\n${extended > 0 ? shown.map(formatInterface).join("") : heading + shown.map(formatInterfaceRow).join("")}`);
    }
    return 0;
  },
});
