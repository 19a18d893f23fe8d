/** A machine on the real kernel, without cables: for tests of the tools of netfilter. */
import { LinuxKernel } from "../../../src/kernel/kernel.ts";
import { Simulation } from "../../../src/sim/simulation.ts";
import { COMMANDS } from "../../../src/userland/commands/index.ts";
import { NodeMachine } from "../../../src/userland/machine.ts";

export function firewallMachine(): NodeMachine {
  const sim = new Simulation(1);
  return new NodeMachine({ name: "h1", kernel: new LinuxKernel(sim, "h1"), clock: sim.clock, commands: COMMANDS, seed: 1 });
}
