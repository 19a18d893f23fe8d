/** `ip vrf`: VRFs of this namespace. iproute2 6.1 ip/ipvrf.c. Running a program inside one is not emulated. */
import type { LinkInfo } from "../../../kernel/api.ts";
import { type Args, atoi, Fail, invarg, Leave, matches, Refuse } from "./args.ts";
import type { Tool } from "./tool.ts";
import { VRF_USAGE } from "./usage-kinds.ts";

export function doVrf(tool: Tool, args: Args): number {
  if (args.done) return show(tool, args);
  const verb = args.take();
  if (matches(verb, "identify")) return identify(tool, args);
  if (matches(verb, "pids")) return pids(tool, args);
  if (matches(verb, "exec")) return exec(tool, args);
  if (matches(verb, "show") || matches(verb, "lst") || matches(verb, "list")) return show(tool, args);
  if (matches(verb, "help")) throw new Leave(255, VRF_USAGE);
  throw new Leave(255, `Command "${verb}" is unknown, try "ip vrf help".\n`);
}

function vrfLink(tool: Tool, name: string): LinkInfo | undefined {
  const l = tool.link(name);
  return l?.kind === "vrf" ? l : undefined;
}

/** Of `vrf NAME` among other words: the device. */
export function vrfArg(tool: Tool, name: string, message = "Not a valid VRF name\n"): LinkInfo {
  return vrfLink(tool, name) ?? invarg(message, name);
}

function show(tool: Tool, args: Args): number {
  const name = args.done ? undefined : args.take();
  if (name !== undefined && vrfLink(tool, name) === undefined) throw new Fail(255, "Invalid VRF\n");
  const { out } = tool;
  if (name !== undefined && !tool.opts.json) {
    const l = vrfLink(tool, name)!;
    tool.print(`${l.name} ${l.attrs!.vrf!.table}\n`);
    return 0;
  }
  const all = tool.rtnl.links().filter((l) => l.kind === "vrf" && (name === undefined || l.name === name));
  out.begin();
  out.fp(`${"Name".padEnd(16)}  Table\n${"-".repeat(23)}\n`);
  for (const l of all) {
    const { table } = l.attrs!.vrf!;
    out.open();
    out.any("name", l.name, `${l.name.padEnd(16)} `);
    out.any("table", table, `${String(table).padStart(5)}\n`);
    out.close();
  }
  if (all.length === 0) out.fp("No VRF has been configured\n");
  out.end();
  return 0;
}

/** No process here is bound to a VRF: there is nothing to print. */
function identify(tool: Tool, args: Args): number {
  const pid = args.done ? tool.proc.pid : atoi(args.take());
  if (tool.proc.machine.processes.has(pid)) return 0;
  throw new Fail(1, "Failed to lookup vrf association: No such file or directory\n");
}

function pids(tool: Tool, args: Args): number {
  if (args.done) throw new Fail(1, "No VRF name specified\n");
  if (vrfLink(tool, args.take()) === undefined) throw new Fail(1, "Invalid VRF name\n");
  return 0;
}

function exec(tool: Tool, args: Args): never {
  if (args.done) throw new Fail(1, "No VRF name specified\n");
  if (vrfLink(tool, args.take()) === undefined) throw new Fail(255, "Invalid VRF name\n");
  throw new Refuse("ip vrf exec");
}
