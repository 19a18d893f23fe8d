/** What `prepare`, `if` and `during` do to a network: docs/lab-format.md, "Changes". */
import { SECOND, type Nanos } from "../sim/time.ts";
import type { Machine } from "../userland/machine.ts";
import type { Network } from "./network.ts";
import type { Change } from "./schema.ts";

/** @returns what went wrong: of a `run` a status that is not 0, too much time, too many events. */
export function applyChange(network: Network, change: Change, budget: number): string | undefined {
  if ("run" in change) return runLine(network, change.on, change.run, Math.round(change.within * SECOND), budget).failure;
  if ("start" in change) {
    network.start(change.on, change.start);
    return undefined;
  }
  if ("idle" in change) return pass(network, Math.round(change.idle * SECOND), budget);
  if ("cut" in change) return plug(network, change.cut, false);
  if ("restore" in change) return plug(network, change.restore, true);
  if ("interrupt" in change) {
    for (const m of chosen(network, change.interrupt)) interrupt(m);
    return pass(network, SECOND / 10, budget);
  }
  for (const m of chosen(network, change.on)) flush(m, change.flush);
  return undefined;
}

export interface LineResult {
  stdout: string;
  stderr: string;
  /** As `$?`; undefined: it did not end in time. */
  exit: number | undefined;
  failure: string | undefined;
  /** It did not end because the events ran out. */
  overBudget: boolean;
}

/** Runs a line and waits for its end; one that does not end in time is killed. */
export function runLine(network: Network, node: string, line: string, within: Nanos, budget: number): LineResult {
  const running = network.start(node, line);
  const end = network.runUntil(network.now + within, () => running.exit !== undefined, budget);
  const { exit, process } = running;
  if (exit === undefined) process?.signal("SIGKILL");
  const said = running.stderr.trim().split("\n")[0] ?? "";
  let failure: string | undefined;
  if (end === "budget" || end === "stuck") failure = "takes too many events";
  else if (exit === undefined) failure = `did not end within ${within / SECOND} s`;
  else if (exit !== 0) failure = `exit status ${exit}${said === "" ? "" : `: ${said}`}`;
  return { stdout: running.stdout, stderr: running.stderr, exit, failure, overBudget: end === "budget" || end === "stuck" };
}

function pass(network: Network, time: Nanos, budget: number): string | undefined {
  return network.runUntil(network.now + time, undefined, budget) === "reached" ? undefined : "takes too many events";
}

function plug(network: Network, end: string, connected: boolean): string | undefined {
  network.cableAt(end)?.setConnected(connected);
  return undefined;
}

function chosen(network: Network, on: string): Machine[] {
  return on === "all" ? [...network.machines.values()] : [network.machine(on)];
}

/** Ctrl-C on each terminal where something other than its shell is in the foreground. */
function interrupt(machine: Machine): void {
  for (const tty of machine.terminals) if (tty.session !== undefined && tty.foreground !== tty.session.pgid) tty.input(Uint8Array.of(3));
}

/** As `ip neigh flush all` and `bridge fdb flush`: what was learnt goes, what was typed in stays. */
function flush(machine: Machine, what: "neigh" | "fdb"): void {
  for (const { rtnl } of machine.kernel.namespaces) {
    if (what === "neigh") {
      for (const n of rtnl.neighs()) if (n.state !== "PERMANENT" && n.state !== "NOARP") rtnl.neighDel({ ifindex: n.ifindex, dst: n.dst });
    } else {
      for (const e of rtnl.fdb()) if (e.master !== 0 && !e.self && e.state === "dynamic") rtnl.fdbDel({ lladdr: e.lladdr, ifindex: e.ifindex, master: true, self: false, ...(e.vlan === undefined ? {} : { vlan: e.vlan }) });
    }
  }
}
