/**
 * brctl: the older way to look after a bridge. bridge-utils 1.7; messages and columns as recorded from it with a
 * mounted /sys, which decides that bridges and ports are listed by name.
 */
import { type Errno, type FdbEntry, type LinkInfo, type NlResult, strerror } from "../../kernel/api.ts";
import { formatMac } from "../../wire/ethernet.ts";
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run } from "../process.ts";

/** What a subcommand prints to standard error when it fails; undefined: it went well. */
type Failure = string | undefined;

interface Subcommand {
  name: string;
  /** Arguments it must have; more are passed over, as the real one does. */
  needs: number;
  help: string;
  run(ctx: Context, args: readonly string[]): Failure;
}

/** The namespace it works in, and what it prints. */
class Context {
  out = "";
  private readonly proc: Process;

  constructor(proc: Process) {
    this.proc = proc;
  }

  get rtnl() {
    return this.proc.netns.rtnl;
  }

  bridge(name: string): LinkInfo | undefined {
    const link = this.rtnl.link(name);
    return link?.bridge && link;
  }

  bridges(): LinkInfo[] {
    return this.rtnl.links().filter((l) => l.bridge).sort(byName);
  }

  ports(bridge: LinkInfo): LinkInfo[] {
    return this.rtnl.links().filter((l) => l.master === bridge.ifindex).sort(byName);
  }

  portOf(bridge: LinkInfo, name: string): LinkInfo | undefined {
    return this.ports(bridge).find((l) => l.name === name);
  }
}

const byName = (a: LinkInfo, b: LinkInfo): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

const errnoOf = (r: NlResult<unknown>): Errno | undefined => (r.ok ? undefined : r.error.errno);

/** IFNAMSIZ - 1: a longer name is cut, as strncpy does. */
const MAX_NAME = 15;

function addBridge({ rtnl }: Context, [name = ""]: readonly string[]): Failure {
  const errno = errnoOf(rtnl.linkAdd({ kind: "bridge", name: name.slice(0, MAX_NAME) }));
  if (errno === "EEXIST") return `device ${name} already exists; can't create bridge with the same name`;
  return errno && `add bridge failed: ${strerror(errno)}`;
}

function deleteBridge({ rtnl }: Context, [name = ""]: readonly string[]): Failure {
  const link = rtnl.link(name);
  if (!link) return `bridge ${name} doesn't exist; can't delete it`;
  if (!link.bridge) return `can't delete bridge ${name}: ${strerror("EPERM")}`;
  if ((link.flags & 1) !== 0) return `bridge ${name} is still up; can't delete it`;
  const errno = errnoOf(rtnl.linkDel(link.ifindex));
  return errno && `can't delete bridge ${name}: ${strerror(errno)}`;
}

/** Runs `use` for each port named, up to the first failure. */
function eachPort([bridge = "", ...ports]: readonly string[], use: (bridge: string, port: string) => Failure): Failure {
  for (const port of ports) {
    const failure = use(bridge, port);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function addPorts(ctx: Context, args: readonly string[]): Failure {
  return eachPort(args, (bridgeName, portName) => {
    const port = ctx.rtnl.link(portName);
    if (!port) return `interface ${portName} does not exist!`;
    const bridge = ctx.bridge(bridgeName);
    if (!bridge) return `bridge ${bridgeName} does not exist!`;
    if (port.master !== 0) return `device ${portName} is already a member of a bridge; can't add it to bridge ${bridgeName}.`;
    if (port.bridge) return `device ${portName} is a bridge device itself; can't add a bridge device to a bridge device.`;
    const errno = errnoOf(ctx.rtnl.linkSet(port.ifindex, { master: bridge.ifindex }));
    return errno && `can't add ${portName} to bridge ${bridgeName}: ${strerror(errno)}`;
  });
}

function deletePorts(ctx: Context, args: readonly string[]): Failure {
  return eachPort(args, (bridgeName, portName) => {
    const port = ctx.rtnl.link(portName);
    if (!port) return `interface ${portName} does not exist!`;
    const bridge = ctx.bridge(bridgeName);
    if (!bridge) return `bridge ${bridgeName} does not exist!`;
    if (port.master !== bridge.ifindex) return `device ${portName} is not a port of ${bridgeName}`;
    const errno = errnoOf(ctx.rtnl.linkSet(port.ifindex, { master: 0 }));
    return errno && `can't delete ${portName} from ${bridgeName}: ${strerror(errno)}`;
  });
}

/** undefined for a word that is neither. */
function onOff(word: string): boolean | undefined {
  if (["on", "yes", "1"].includes(word)) return true;
  return ["off", "no", "0"].includes(word) ? false : undefined;
}

function setHairpin(ctx: Context, [bridgeName = "", portName = "", word = ""]: readonly string[]): Failure {
  const on = onOff(word);
  if (on === undefined) return "expect on/off for argument";
  if (!ctx.rtnl.link(portName)) return `interface ${portName} does not exist!`;
  const bridge = ctx.bridge(bridgeName);
  if (!bridge) return `bridge ${bridgeName} does not exist!`;
  const port = ctx.portOf(bridge, portName);
  const errno = port ? errnoOf(ctx.rtnl.linkSet(port.ifindex, { bridgePort: { hairpin: on } })) : "ENOENT";
  return errno && `can't set ${portName} to hairpin on bridge ${bridgeName}: ${strerror(errno)}`;
}

function setStp(ctx: Context, [name = "", word = ""]: readonly string[]): Failure {
  const on = onOff(word);
  if (on === undefined) return "expect on/off for argument";
  return changeBridge(ctx, name, "set stp status", { stpState: on ? 1 : 0 });
}

function changeBridge(ctx: Context, name: string, what: string, change: NonNullable<Parameters<Context["rtnl"]["linkSet"]>[1]["bridge"]>): Failure {
  const link = ctx.rtnl.link(name);
  const errno = !link ? "ENODEV" : !link.bridge ? "EOPNOTSUPP" : errnoOf(ctx.rtnl.linkSet(link.ifindex, { bridge: change }));
  return errno && `${what} failed: ${strerror(errno)}`;
}

/** Seconds, with a fraction; 1/100 s comes out. As strtod reads them: what follows the number is passed over. */
function centiseconds(text: string): number | undefined {
  const m = /^\s*\+?(\d+\.?\d*|\.\d+)/.exec(text);
  return m ? Math.round(Number(m[1]) * 100) : undefined;
}

/** A whole number as scanf's %i reads it: decimal, 0x.. or 0... */
function integer(text: string): number | undefined {
  const m = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|\d+)/.exec(text);
  if (!m) return undefined;
  const digits = m[2]!;
  const value = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return m[1] === "-" ? -value : value;
}

function timer(key: "ageingTime" | "forwardDelay" | "helloTime" | "maxAge", bad: string, what: string) {
  return (ctx: Context, [name = "", text = ""]: readonly string[]): Failure => {
    const value = centiseconds(text);
    return value === undefined ? `bad ${bad} value` : changeBridge(ctx, name, `set ${what}`, { [key]: value });
  };
}

function setBridgePriority(ctx: Context, [name = "", text = ""]: readonly string[]): Failure {
  const value = integer(text);
  return value === undefined ? "bad priority" : changeBridge(ctx, name, "set bridge priority", { priority: value & 0xffff });
}

function portNumber(key: "cost" | "priority", bad: string, what: string) {
  return (ctx: Context, [bridgeName = "", portName = "", text = ""]: readonly string[]): Failure => {
    const value = integer(text);
    if (value === undefined) return bad;
    const port = ctx.rtnl.link(portName);
    const member = port?.bridgePort !== undefined && (ctx.bridge(bridgeName) === undefined || ctx.bridge(bridgeName)?.ifindex === port.master);
    const errno = !port ? "ENODEV" : !member ? "ENOENT" : errnoOf(ctx.rtnl.linkSet(port.ifindex, { bridgePort: { [key]: value } }));
    return errno && `set ${what} failed: ${strerror(errno)}`;
  };
}

function show(ctx: Context, names: readonly string[]): Failure {
  const wrong: string[] = [];
  const chosen = names.length === 0 ? ctx.bridges() : names.flatMap((name) => {
    const link = ctx.rtnl.link(name);
    if (link?.bridge) return [link];
    wrong.push(link ? `device ${name} is not a bridge!` : `bridge ${name} does not exist!`);
    return [];
  });
  if (chosen.length > 0) ctx.out += "bridge name\tbridge id\t\tSTP enabled\tinterfaces\n";
  for (const link of chosen) ctx.out += showRow(link, ctx.ports(link));
  return wrong.length === 0 ? undefined : wrong.join("\n");
}

function showRow(link: LinkInfo, ports: readonly LinkInfo[]): string {
  const { bridgeId, stpState } = link.bridge!;
  const head = `${link.name}\t\t${formatId(bridgeId)}\t${stpState !== 0 ? "yes" : "no"}\t\t`;
  return `${head}${ports.map((p) => p.name).join("\n\t\t\t\t\t\t\t")}\n`;
}

/** Priority and address, "8000.020000000301". */
function formatId(id: Uint8Array): string {
  const hex = Array.from(id, (o) => o.toString(16).padStart(2, "0"));
  return `${hex.slice(0, 2).join("")}.${hex.slice(2).join("")}`;
}

function showMacs(ctx: Context, [name = ""]: readonly string[]): Failure {
  const bridge = ctx.bridge(name);
  if (!bridge) return `read of forward table failed: ${strerror(ctx.rtnl.link(name) ? "EOPNOTSUPP" : "ENODEV")}`;
  const rows = ctx.rtnl.fdb().filter((e) => e.master === bridge.ifindex && e.ifindex !== bridge.ifindex);
  ctx.out += "port no\tmac addr\t\tis local?\tageing timer\n";
  for (const e of rows.sort(byAddress)) {
    const port = ctx.rtnl.link(e.ifindex)?.bridgePort?.portNo ?? 0;
    const local = e.state === "permanent";
    ctx.out += `${String(port).padStart(3)}\t${formatMac(e.lladdr)}\t${local ? "yes" : "no"}\t\t${formatTimer(local ? 0 : e.updated * 100)}\n`;
  }
  return undefined;
}

function byAddress(a: FdbEntry, b: FdbEntry): number {
  for (let i = 0; i < 6; i++) if (a.lladdr[i] !== b.lladdr[i]) return a.lladdr[i]! - b.lladdr[i]!;
  return 0;
}

function formatTimer(centi: number): string {
  const n = Math.round(centi);
  return `${String(Math.trunc(n / 100)).padStart(4)}.${String(n % 100).padStart(2, "0")}`;
}

function showStp(ctx: Context, [name = ""]: readonly string[]): Failure {
  const link = ctx.bridge(name);
  if (!link) return ctx.rtnl.link(name) ? `device ${name} is not a bridge!` : `bridge ${name} does not exist!`;
  ctx.out += stpOfBridge(link);
  for (const port of ctx.ports(link)) ctx.out += stpOfPort(port);
  return undefined;
}

function stpOfBridge({ name, bridge }: LinkInfo): string {
  const b = bridge!;
  const flags = [b.topologyChange !== 0 && "TOPOLOGY_CHANGE ", b.topologyChangeDetected !== 0 && "TOPOLOGY_CHANGE_DETECTED "].filter(Boolean);
  return [
    name,
    ` bridge id\t\t${formatId(b.bridgeId)}`,
    ` designated root\t${formatId(b.rootId)}`,
    ` root port\t\t${String(b.rootPort).padStart(4)}\t\t\tpath cost\t\t${String(b.rootPathCost).padStart(4)}`,
    ` max age\t\t${formatTimer(b.maxAge)}\t\t\tbridge max age\t\t${formatTimer(b.maxAge)}`,
    ` hello time\t\t${formatTimer(b.helloTime)}\t\t\tbridge hello time\t${formatTimer(b.helloTime)}`,
    ` forward delay\t\t${formatTimer(b.forwardDelay)}\t\t\tbridge forward delay\t${formatTimer(b.forwardDelay)}`,
    ` ageing time\t\t${formatTimer(b.ageingTime)}`,
    ` hello timer\t\t${formatTimer(b.helloTimer)}\t\t\ttcn timer\t\t${formatTimer(b.tcnTimer)}`,
    ` topology change timer\t${formatTimer(b.topologyChangeTimer)}\t\t\tgc timer\t\t${formatTimer(b.gcTimer)}`,
    ` flags\t\t\t${flags.join("")}`,
    "\n\n",
  ].join("\n");
}

function stpOfPort({ name, bridgePort }: LinkInfo): string {
  const p = bridgePort!;
  const flags = [p.configPending !== 0 && "CONFIG_PENDING ", p.topologyChangeAck !== 0 && "TOPOLOGY_CHANGE_ACK "].filter(Boolean);
  const hex4 = (n: number): string => n.toString(16).padStart(4, "0");
  return [
    `${name} (${p.portNo})`,
    ` port id\t\t${hex4(p.portId)}\t\t\tstate\t\t${p.state.padStart(15)}`,
    ` designated root\t${formatId(p.designatedRoot)}\tpath cost\t\t${String(p.cost).padStart(4)}`,
    ` designated bridge\t${formatId(p.designatedBridge)}\tmessage age timer\t${formatTimer(p.messageAgeTimer)}`,
    ` designated port\t${hex4(p.designatedPort)}\t\t\tforward delay timer\t${formatTimer(p.forwardDelayTimer)}`,
    ` designated cost\t${String(p.designatedCost).padStart(4)}\t\t\thold timer\t\t${formatTimer(p.holdTimer)}`,
    ` flags\t\t\t${flags.join("")}`,
    ...(p.hairpin ? [" hairpin mode\t\t   1"] : []),
    "\n",
  ].join("\n");
}

const SUBCOMMANDS: readonly Subcommand[] = [
  { name: "addbr", needs: 1, help: "<bridge>\t\tadd bridge", run: addBridge },
  { name: "delbr", needs: 1, help: "<bridge>\t\tdelete bridge", run: deleteBridge },
  { name: "addif", needs: 2, help: "<bridge> <device>\tadd interface to bridge", run: addPorts },
  { name: "delif", needs: 2, help: "<bridge> <device>\tdelete interface from bridge", run: deletePorts },
  { name: "hairpin", needs: 3, help: "<bridge> <port> {on|off}\tturn hairpin on/off", run: setHairpin },
  { name: "setageing", needs: 2, help: "<bridge> <time>\t\tset ageing time", run: timer("ageingTime", "ageing time", "ageing time") },
  { name: "setbridgeprio", needs: 2, help: "<bridge> <prio>\t\tset bridge priority", run: setBridgePriority },
  { name: "setfd", needs: 2, help: "<bridge> <time>\t\tset bridge forward delay", run: timer("forwardDelay", "forward delay", "forward delay") },
  { name: "sethello", needs: 2, help: "<bridge> <time>\t\tset hello time", run: timer("helloTime", "hello timer", "hello timer") },
  { name: "setmaxage", needs: 2, help: "<bridge> <time>\t\tset max message age", run: timer("maxAge", "max age", "max age") },
  { name: "setpathcost", needs: 3, help: "<bridge> <port> <cost>\tset path cost", run: portNumber("cost", "bad path cost value", "path cost") },
  { name: "setportprio", needs: 3, help: "<bridge> <port> <prio>\tset port priority", run: portNumber("priority", "bad path priority value", "port priority") },
  { name: "show", needs: 0, help: "[ <bridge> ]\t\tshow a list of bridges", run: show },
  { name: "showmacs", needs: 1, help: "<bridge>\t\tshow a list of mac addrs", run: showMacs },
  { name: "showstp", needs: 1, help: "<bridge>\t\tshow bridge stp info", run: showStp },
  { name: "stp", needs: 2, help: "<bridge> {on|off}\tturn stp on/off", run: setStp },
];

const USAGE = `Usage: brctl [commands]\ncommands:\n${SUBCOMMANDS.map((c) => `\t${c.name.padEnd(10)}\t${c.help}\n`).join("")}`;

export const brctl = defineCommand({
  name: "brctl",
  dir: "/usr/sbin",
  man: {
    summary: "look after Ethernet bridges (the older tool; see bridge and ip link)",
    synopsis: ["brctl [command] [bridge] [argument ...]"],
    emulated: [
      "addbr, delbr, addif, delif: make and remove bridges and their ports",
      "show, showmacs, showstp: what a bridge is, what it learnt, what its spanning tree thinks",
      "stp, hairpin, setageing, setbridgeprio, setfd, sethello, setmaxage, setpathcost, setportprio",
    ],
    notEmulated: [],
    examples: ["brctl addbr br0", "brctl addif br0 eth1 eth2", "brctl showmacs br0"],
  },
  *run(proc, args): Run<number> {
    const parsed = getopt(args, "+Vh", { help: "h", version: "V" });
    if (parsed.error !== undefined) {
      yield* proc.warn(`brctl: ${parsed.error}\nUnknown option '?'\n`);
      yield* proc.print(USAGE);
      return 1;
    }
    const option = parsed.options[0]?.key;
    if (option !== undefined) {
      yield* proc.print(option === "V" ? "bridge-utils, 1.7\n" : USAGE);
      return 0;
    }
    const [name, ...rest] = parsed.operands;
    const sub = SUBCOMMANDS.find((c) => c.name === name);
    if (!sub) {
      if (name !== undefined) yield* proc.warn(`never heard of command [${name}]\n`);
      yield* proc.print(USAGE);
      return 1;
    }
    if (rest.length < sub.needs) {
      yield* proc.print(`Incorrect number of arguments for command\nUsage: brctl ${sub.name} ${sub.help}\n`);
      return 1;
    }
    const ctx = new Context(proc);
    const failure = sub.run(ctx, rest);
    if (failure !== undefined) yield* proc.warn(`${failure}\n`);
    yield* proc.print(ctx.out);
    return failure === undefined ? 0 : 1;
  },
  complete(proc, words) {
    const links = proc.netns.rtnl.links();
    if (words.length === 1) return SUBCOMMANDS.map((c) => c.name);
    if (words.length === 2) return links.filter((l) => l.bridge).map((l) => l.name);
    return links.filter((l) => !l.bridge).map((l) => l.name);
  },
});
