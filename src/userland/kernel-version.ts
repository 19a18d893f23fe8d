/** What the emulated kernel calls itself, in uname, /proc/version and kernel.osrelease. */
import type { Process } from "./process.ts";

export const KERNEL_VERSION = "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1 (2025-05-22)";

export function kernelRelease(p: Process): string {
  return p.netns.sysctl.get("kernel.osrelease") ?? "6.1.0-packetwalk";
}
