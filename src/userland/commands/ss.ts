/** ss: sockets as the kernel tells them. iproute2 6.1, misc/ss.c. */
import type { SocketInfo, TcpState } from "../../kernel/api.ts";
import { MICROSECOND } from "../../sim/time.ts";
import { formatIpv4 } from "../../wire/ipv4.ts";
import { defineCommand, notEmulated } from "../command.ts";
import { getopt, type LongOptions } from "../getopt.ts";
import type { Process, Run } from "../process.ts";
import { hostOf, serviceByPort } from "../resolver.ts";
import { socketHolders } from "../socket-file.ts";
import { ALL_STATES, CONNECTED, FilterError, parseFilter, statesOf } from "./ss/filter.ts";
import { infoText, layOut, memoryOf, type Row, stateWord, timerOf } from "./ss/print.ts";
import { SS_USAGE } from "./ss/usage.ts";

const LONGS: LongOptions = {
  numeric: "n", resolve: "r", options: "o", extended: "e", memory: "m", info: "i", processes: "p", threads: "T", bpf: "b", events: "E", dccp: "d", tcp: "t", sctp: "S", udp: "u", raw: "w", unix: "x", tipc: "tipc", vsock: "vsock", xdp: "xdp", mptcp: "M", all: "a", listening: "l",
  ipv4: "4", ipv6: "6", packet: "0", family: "f:", socket: "A:", query: "A:", summary: "s", diag: "D:", filter: "F:", version: "V", help: "h", context: "Z", contexts: "z", net: "N:", tipcinfo: "tipcinfo", tos: "tos", cgroup: "cgroup", kill: "K", "no-header": "H", oneline: "O", "inet-sockopt": "sockopt",
};
/** Until a program is loaded and has asked the kernel: a goodbye under way on a short cable is over by then, as on a real machine. */
export const START_UP = 200 * MICROSECOND;
const REFUSED: ReadonlySet<string> = new Set(["T", "b", "E", "d", "S", "M", "tipc", "vsock", "xdp", "Z", "z", "N", "D", "F", "K", "tipcinfo", "tos", "cgroup", "sockopt", "6", "0"]);
type Proto = SocketInfo["proto"];
const QUERIES: Readonly<Record<string, readonly Proto[]>> = { all: ["raw", "udp", "tcp"], inet: ["raw", "udp", "tcp"], tcp: ["tcp"], udp: ["udp"], raw: ["raw"], unix: [], unix_stream: [], unix_dgram: [], unix_seqpacket: [] };

interface Options {
  flags: ReadonlySet<string>;
  protos: readonly Proto[];
  /** Sockets of other families were asked for too, of which there are none: the column that tells them apart is shown. */
  several: boolean;
}

function readOptions(given: readonly { key: string; value: string | undefined; typed: string }[]): Options | { notEmulated: string } | { text: string } {
  const flags = new Set(given.map((o) => o.key));
  const refused = given.find((o) => REFUSED.has(o.key));
  if (refused !== undefined) return { notEmulated: `ss ${refused.typed}` };
  let protos = new Set<Proto>();
  let families = 0;
  for (const { key, value } of given) {
    if (key === "t") protos.add("tcp");
    else if (key === "u") protos.add("udp");
    else if (key === "w") protos.add("raw");
    else if (key === "A") {
      for (const name of value!.split(",")) {
        const found = Object.hasOwn(QUERIES, name) ? QUERIES[name] : undefined;
        if (found === undefined) return { notEmulated: `ss -A ${name}` };
        for (const p of found) protos.add(p);
        if (found.length !== 1) families++;
      }
    } else if (key === "x") families++;
    else if (key === "f" && value !== "inet" && value !== "unix") return { notEmulated: `ss -f ${value}` };
    else if (key === "f" && value === "unix") families++;
  }
  if (protos.size === 0 && families === 0) {
    protos = new Set(["raw", "udp", "tcp"]);
    families = 2;
  }
  return { flags, protos: [...protos], several: protos.size + families !== 1 };
}

/** Words before the expression: `state X`, `exclude X`, in any number. */
function takeStates(operands: readonly string[]): { states: readonly TcpState[] | undefined; rest: readonly string[] } {
  let states: readonly TcpState[] | undefined;
  let at = 0;
  for (; at < operands.length; at += 2) {
    const [word, name] = [operands[at]!, operands[at + 1]];
    if (word !== "state" && word !== "exclude" && word !== "excl") break;
    if (name === undefined) throw new FilterError("Command line is not complete. Try option \"help\"\n", 255);
    const named = statesOf(name);
    if (word === "state") states = [...(states ?? []), ...named];
    else states = (states ?? ALL_STATES).filter((s) => !named.includes(s));
  }
  return { states, rest: operands.slice(at) };
}

class Listing {
  private readonly proc: Process;
  private readonly o: Options;
  private readonly holders: ReturnType<typeof socketHolders>;

  constructor(proc: Process, o: Options) {
    this.proc = proc;
    this.o = o;
    this.holders = socketHolders(proc.machine);
  }

  row(s: SocketInfo): Row {
    const port = (n: number): string => (n === 0 ? "*" : this.o.flags.has("n") ? String(n) : (serviceByPort(this.proc, n, s.proto === "udp" ? "udp" : "tcp") ?? String(n)));
    const dev = s.ifindex === 0 ? "" : `%${this.proc.netns.rtnl.link(s.ifindex)?.name ?? s.ifindex}`;
    return {
      netid: s.proto, state: stateWord(s.state), recvQ: String(s.recvQueue), sendQ: String(s.sendQueue), local: `${this.address(s.localAddr)}${dev}:`, localPort: port(s.localPort), remote: `${this.address(s.remoteAddr)}:`, remotePort: port(s.remotePort),
      ...this.details(s),
    };
  }

  private address(a: number): string {
    return (this.o.flags.has("r") ? hostOf(this.proc, a) : undefined) ?? formatIpv4(a);
  }

  private details(s: SocketInfo): { process: string; ext: string } {
    const { flags } = this.o;
    const users = flags.has("p") ? (this.holders.get(s.inode) ?? []).map(({ proc, fd }) => `("${proc.comm}",pid=${proc.pid},fd=${fd})`) : [];
    const words: string[] = [];
    if (users.length > 0) words.push(`users:(${users.join(",")})`);
    if (flags.has("o") && s.timer !== undefined) words.push(timerOf(s));
    if (flags.has("e") && s.inode !== 0) words.push(`ino:${s.inode} sk:${(s.inode - 19999).toString(16)} cgroup:/ <->`);
    const more: string[] = [];
    if (flags.has("m")) more.push(memoryOf(s));
    if (flags.has("i") && s.tcp !== undefined) more.push(infoText(s.tcp));
    const below = more.filter((m) => m !== "").join(" ");
    const process = words.join(" ");
    if (below === "") return { process, ext: "" };
    return { process, ext: flags.has("O") ? ` ${below}` : `\n\t ${below}` };
  }
}

function* summary(proc: Process): Run<number> {
  const all = proc.netns.socketList();
  const count = (p: Proto, ...states: TcpState[]): number => all.filter((s) => s.proto === p && (states.length === 0 || states.includes(s.state))).length;
  const timeWait = count("tcp", "TIME_WAIT");
  const tcp = count("tcp") - timeWait;
  const orphaned = all.filter((s) => s.proto === "tcp" && s.inode === 0 && s.state !== "TIME_WAIT" && s.state !== "SYN_RECV").length;
  const total = tcp + count("udp") + count("raw");
  const line = (name: string, n: number): string => `${name}\t  ${String(n).padEnd(9)} ${String(n).padEnd(9)} ${"0".padEnd(9)}\n`;
  yield* proc.print(
    `Total: ${total}\nTCP:   ${tcp + timeWait} (estab ${count("tcp", "ESTABLISHED", "CLOSE_WAIT")}, closed ${timeWait}, orphaned ${orphaned}, timewait ${timeWait})\n\nTransport Total     IP        IPv6\n${line("RAW", count("raw"))}${line("UDP", count("udp"))}${line("TCP", tcp)}${line("INET", total)}${line("FRAG", 0)}\n`,
  );
  return 0;
}

export const ss = defineCommand({
  name: "ss",
  dir: "/usr/bin",
  man: {
    summary: "show sockets: who listens, who is connected, in which state",
    synopsis: ["ss [-talunwpoiemrsHO4] [state STATE] [EXPRESSION]"],
    emulated: [
      "-t TCP, -u UDP, -w raw; -a all, -l those that listen; without either: connections", "-n: numbers instead of names of services; -r: names of hosts", "-p: programs that hold a socket; -e: its inode; -o: its timer; -m: its memory; -i: TCP's round trips, window, losses",
      "-s: how many there are; -H: no heading; -O: one line a socket", "state established, time-wait, listening, connected ...; exclude STATE", "sport = :80, dport gt :1024, src 10.0.0.0/24, dst 10.0.0.2:22, with and, or, not and brackets",
    ],
    notEmulated: ["-K, -E, -b, -D, -F, -N, -Z", "sockets of IPv6, Unix (there are none), packet and netlink"],
    examples: ["ss -tlnp", "ss -tan", "ss -tin state established"],
  },
  *run(proc, args): Run<number> {
    const parsed = getopt(args, "+dhaletuwxnro460spTbEf:mMiA:D:F:vVzZN:KHSO".replace("+", ""), LONGS);
    const keys = parsed.options.map((o) => o.key);
    if (keys.includes("h")) {
      yield* proc.print(SS_USAGE);
      return 0;
    }
    if (parsed.error !== undefined) {
      yield* proc.warn(`ss: ${parsed.error}\n${SS_USAGE}`);
      return 255;
    }
    if (keys.includes("V") || keys.includes("v")) {
      yield* proc.print("ss utility, iproute2-6.1.0, libbpf 1.1.0\n");
      return 0;
    }
    const o = readOptions(parsed.options);
    if ("notEmulated" in o) return yield* notEmulated(proc, o.notEmulated);
    if ("text" in o) return 1;
    yield* proc.sleep(START_UP);
    if (o.flags.has("s")) {
      const status = yield* summary(proc);
      if (!["t", "u", "w", "x", "a", "l"].some((f) => o.flags.has(f))) return status;
    }
    try {
      const { states: named, rest } = takeStates(parsed.operands);
      const states = named ?? (o.flags.has("a") ? ALL_STATES : o.flags.has("l") ? (["LISTEN", "CLOSE"] as const) : CONNECTED);
      const matches = parseFilter(proc, rest);
      const listing = new Listing(proc, o);
      const order: readonly Proto[] = ["raw", "udp", "tcp"];
      const shown = order.filter((p) => o.protos.includes(p)).flatMap((p) => proc.netns.socketList().filter((s) => s.proto === p && (states as readonly TcpState[]).includes(s.state) && matches(s)));
      const tty = proc.fds.get(1)?.tty;
      yield* proc.print(layOut(shown.map((s) => listing.row(s)), { header: !o.flags.has("H"), netid: o.several, state: new Set(states).size !== 1, screen: tty === undefined ? 0 : tty.columns }));
      return 0;
    } catch (e) {
      if (!(e instanceof FilterError)) throw e;
      yield* proc.warn(e.status < 0 ? `${e.lines}${SS_USAGE}` : e.lines);
      return e.status < 0 ? 255 : e.status;
    }
  },
});
