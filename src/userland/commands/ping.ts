/** ping: iputils 20221126, over raw sockets of IPv4 (ping/ping4.ts) and IPv6 (ping/ping6.ts). */
import { type Command, defineCommand, notEmulated } from "../command.ts";
import { Console } from "../iputils.ts";
import type { Process, Run } from "../process.ts";
import { resolveHost } from "../resolver.ts";
import { type PingOptions, parsePing, PING_USAGE } from "./ping/options.ts";
import { Ping } from "./ping/ping4.ts";
import { Ping6 } from "./ping/ping6.ts";

function* run(proc: Process, args: readonly string[]): Run<number> {
  const parsed = parsePing(args, proc.name);
  const console = new Console(proc);
  if ("notEmulated" in parsed) return yield* notEmulated(proc, parsed.notEmulated);
  if ("usage" in parsed) {
    yield* console.warn(`${parsed.usage === undefined ? "" : `${proc.name}: ${parsed.usage}\n`}${PING_USAGE}`);
    return 2;
  }
  if ("exit" in parsed) {
    if (parsed.exit !== 0) yield* console.error(parsed.text);
    else yield* proc.print(parsed.text);
    return parsed.exit;
  }
  const o = parsed.ok;
  for (const w of o.warnings) yield* console.error(w);
  if (o.pattern && !o.quiet) yield* console.print(`PATTERN: 0x${Array.from(o.pattern, (b) => b.toString(16).padStart(2, "0")).join("")}\n`);
  if (o.verbose) yield* console.error(`sock4.fd: 3 (socktype: SOCK_RAW), ${o.family === 4 ? "sock6.fd: -1 (socktype: 0)" : "sock6.fd: 4 (socktype: SOCK_RAW)"}, hints.ai_family: ${o.family === 4 ? "AF_INET" : o.family === 6 ? "AF_INET6" : "AF_UNSPEC"}\n`);
  for (const family of familiesOf(proc, o)) {
    const ping = family === 6 ? new Ping6(proc, o, console) : new Ping(proc, o, console);
    try {
      const status = yield* ping.run();
      // getaddrinfo(3) gave another address as well: it is tried when this one cannot be reached.
      if (status !== "unreachable") return status;
    } finally {
      ping.close();
    }
  }
  return 2;
}

/** Which addresses of the destination are tried: those of IPv6 first, where there are any. */
function familiesOf(proc: Process, o: PingOptions): readonly (4 | 6)[] {
  if (o.family !== undefined) return [o.family];
  const found = resolveHost(proc, o.hosts.at(-1)!);
  if (!found.ok || found.addresses6.length === 0) return [4];
  return found.addresses.length === 0 ? [6] : [6, 4];
}

export const ping: Command = defineCommand({
  name: "ping",
  aliases: ["ping4", "ping6"],
  man: {
    summary: "send ICMP echo requests to a host",
    synopsis: ["ping [-aAbBCdDfLnOqRUvV46] [-c count] [-e identifier] [-i interval] [-I interface] [-l preload] [-m mark] [-M pmtudisc] [-p pattern] [-Q tos] [-s size] [-t ttl] [-T timestamp] [-w deadline] [-W timeout] [hop...] destination"],
    emulated: [
      "Real ICMP packets over a raw socket: each answer, error, redirect and duplicate is what came over the wires.",
      "-c COUNT: stop after that many answers. -i SECONDS, -w SECONDS (all in all), -W SECONDS (for an answer).",
      "-s SIZE, -p PATTERN: the data. -M do|dont|want: the DF bit and path MTU discovery. -t TTL, -Q TOS, -m MARK.",
      "-I INTERFACE or ADDRESS; -B, -b (broadcast), -L (no multicast loopback).",
      "IPv6: -6, ping6, addresses with a zone (fe80::1%eth0), groups (ff02::1%eth0).",
      "-R, -T tsonly|tsandaddr|tsprespec, hops before the destination: IP options.",
      "-n, -D, -O, -q, -v, -a: what is printed. -f, -A, -l: how fast it goes.",
      "Ctrl-C ends it with the statistics; Ctrl-\\ prints them in between.",
    ],
    notEmulated: ["-F, -N; -I with a zone.", "-r (SO_DONTROUTE).", "-d and -S are taken and change nothing."],
    examples: ["ping -c 3 10.0.0.2", "ping -M do -s 1472 -c 1 10.0.0.2"],
  },
  run,
});
