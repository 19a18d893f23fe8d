/** which: Debian's debianutils 5.7, a shell script of few words. */
import { defineCommand } from "../command.ts";
import { findInPath, mayExecute } from "../exec.ts";
import type { Process } from "../process.ts";

function find(proc: Process, name: string, all: boolean): string[] {
  const { machine } = proc;
  if (name.includes("/")) {
    const found = machine.fs.stat(name);
    return found.ok && mayExecute(machine, found.value) ? [name] : [];
  }
  const out: string[] = [];
  for (const dir of (proc.env.get("PATH") ?? "").split(":")) {
    const found = findInPath(machine, name, dir);
    if (typeof found !== "string") out.push(found.path);
  }
  return all ? out : out.slice(0, 1);
}

export const which = defineCommand({
  name: "which",
  man: {
    summary: "locate a command",
    synopsis: ["which [-a] filename ..."],
    emulated: ["-a: every file of that name along PATH", "Aliases, functions and builtins are the shell's affair: ask `type`."],
    notEmulated: [],
  },
  *run(proc, args) {
    let all = false;
    let i = 0;
    for (; args[i]?.startsWith("-") && args[i] !== "-"; i++) {
      if (args[i] === "--") {
        i++;
        break;
      }
      for (const c of args[i]!.slice(1)) {
        if (c === "a") all = true;
        else {
          yield* proc.warn(`Illegal option -${c}\nUsage: /usr/bin/which [-a] args\n`);
          return 2;
        }
      }
    }
    if (i >= args.length) return 1;
    let status = 0;
    for (const name of args.slice(i)) {
      const found = find(proc, name, all);
      if (found.length === 0) status = 1;
      for (const path of found) yield* proc.print(`${path}\n`);
    }
    return status;
  },
});
