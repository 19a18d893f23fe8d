/** netstat: routes and interfaces the older way. net-tools 2.10. */
import { defineCommand, notEmulated } from "../../command.ts";
import { getopt } from "../../getopt.ts";
import type { Run } from "../../process.ts";
import { allInterfaces, formatInterface, formatInterfaceRow, isUp } from "./interfaces.ts";
import { formatRoutes } from "./route.ts";
import { VERSION } from "./usage.ts";

const LONGS = {
  route: "r", interfaces: "i", groups: "g", statistics: "s", masquerade: "M", verbose: "v", wide: "W", numeric: "n", extend: "e", programs: "p", timers: "o",
  continuous: "c", listening: "l", all: "a", fib: "F", cache: "C", tcp: "t", udp: "u", udplite: "U", sctp: "S", raw: "w", unix: "x", version: "V", help: "h", inet: "4", inet6: "6",
} as const;
/** Emulated, or without a meaning for what is. */
const TAKEN = new Set(["r", "i", "n", "e", "v", "W", "a", "F", "4"]);

export const netstat = defineCommand({
  name: "netstat",
  dir: "/usr/bin",
  man: {
    summary: "show routes and interfaces (the older tool; see ip route, ip -s link and ss)",
    synopsis: ["netstat -r [-en]", "netstat -i [-ae]"],
    emulated: ["-r: the routing table; -n without names, -e with metrics", "-i: interfaces with their counters; -a also those that are down, -e in the long form"],
    notEmulated: ["lists of sockets (-t -u -w -x -l)", "-s: counters of the protocols", "-g, -M, -c, -6"],
    examples: ["netstat -rn", "netstat -i"],
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
    const refused = options.find((o) => !TAKEN.has(o.key));
    if (refused !== undefined || !(keys.includes("r") || keys.includes("i"))) return yield* notEmulated(proc, refused === undefined ? "netstat" : `netstat ${refused.typed}`);
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
