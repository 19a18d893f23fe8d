/** /proc and /sys. */
import type { NodeMachine } from "./machine.ts";

export function addProcfs(machine: NodeMachine): void {
  machine.fs.mkdir("/proc");
  machine.fs.mkdir("/sys");
}
