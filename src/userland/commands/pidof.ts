/** pidof: sysvinit-utils 3.06. */
import { defineCommand } from "../command.ts";

export const pidof = defineCommand({
  name: "pidof",
  dir: "/usr/sbin",
  man: { summary: "find the process ID of a running program", synopsis: ["pidof [-s] [-x] [-q] [-o omitpid[,omitpid...]] [-S separator] program [program...]"], emulated: ["-s, -q, -x, -o, -S"], notEmulated: ["-c, -n, -z"] },
  *run(proc, args) {
    let single = false;
    let quiet = false;
    let separator = " ";
    const omitted = new Set<number>();
    const names: string[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (arg === "-s") single = true;
      else if (arg === "-q") quiet = true;
      else if (arg === "-x") continue;
      else if (arg === "-S") separator = args[++i] ?? " ";
      else if (arg === "-o") for (const pid of (args[++i] ?? "").split(",")) omitted.add(pid === "%PPID" ? (proc.parent?.pid ?? 0) : Number(pid));
      else if (/^-[cnzhV]/.test(arg)) {
        yield* proc.warn(`packetwalk: 'pidof ${arg}' is not emulated\n`);
        return 95;
      } else if (arg.startsWith("-")) {
        yield* proc.warn(`pidof: invalid option -- '${arg[1]}'\npidof: invalid options on command line!\n\n`);
        return 1;
      } else names.push(arg);
    }
    const found: number[] = [];
    for (const name of names) {
      const base = name.slice(name.lastIndexOf("/") + 1);
      const pids = [...proc.machine.processes.values()].filter((p) => p !== proc && !p.exit && p.comm === base.slice(0, 15) && !omitted.has(p.pid)).map((p) => p.pid);
      found.push(...pids.sort((a, b) => b - a));
    }
    if (found.length === 0) return 1;
    if (!quiet) yield* proc.print(`${(single ? found.slice(0, 1) : found).join(separator)}\n`);
    return 0;
  },
});
