/** killall: psmisc 23.6. */
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import { SIGNALS, type Signal } from "../process.ts";
import { parseSignal, signalNames } from "../signals.ts";

const USAGE = `Usage: killall [OPTION]... [--] NAME...
       killall -l, --list
       killall -V, --version

  -e,--exact          require exact match for very long names
  -I,--ignore-case    case insensitive process name match
  -g,--process-group  kill process group instead of process
  -y,--younger-than   kill processes younger than TIME
  -o,--older-than     kill processes older than TIME
  -i,--interactive    ask for confirmation before killing
  -l,--list           list all known signal names
  -q,--quiet          don't print complaints
  -r,--regexp         interpret NAME as an extended regular expression
  -s,--signal SIGNAL  send this signal instead of SIGTERM
  -u,--user USER      kill only process(es) running as USER
  -v,--verbose        report if the signal was successfully sent
  -V,--version        display version information
  -w,--wait           wait for processes to die
  -n,--ns PID         match processes that belong to the same namespaces
                      as PID

`;

export const killall = defineCommand({
  name: "killall",
  man: { summary: "kill processes by name", synopsis: ["killall [-SIGNAL] [-egIqvw] [--] name ..."], emulated: ["-SIGNAL, -s, -e, -I, -g, -q, -v, -w, -l"], notEmulated: ["-i, -o, -r, -u, -y, -n"] },
  *run(proc, args) {
    let sig: Signal | "none" = "SIGTERM";
    const words: string[] = [];
    for (const [i, arg] of args.entries()) {
      const found = i === 0 && /^-([A-Z][A-Z0-9]+|[0-9]+)$/.test(arg) ? parseSignal(arg.slice(1)) : undefined;
      if (found) sig = found;
      else words.push(arg);
    }
    const parsed = getopt(words, "egIy:o:ilqrs:u:vVwn:", {
      exact: "e", "process-group": "g", "ignore-case": "I", "younger-than": "y:", "older-than": "o:", interactive: "i", list: "l", quiet: "q", regexp: "r", signal: "s:", user: "u:", verbose: "v", version: "V", wait: "w", ns: "n:",
    });
    const has = (key: string): boolean => parsed.options.some((o) => o.key === key);
    for (const key of ["i", "o", "r", "u", "y", "n"]) {
      if (!has(key)) continue;
      yield* proc.warn(`packetwalk: 'killall -${key}' is not emulated\n`);
      return 95;
    }
    if (has("l")) {
      yield* proc.print(`${signalNames().join(" ")}\n`);
      return 0;
    }
    const given = parsed.options.findLast((o) => o.key === "s")?.value;
    if (given !== undefined) {
      const found = parseSignal(given);
      if (!found) {
        yield* proc.warn(`${given}: unknown signal; killall -l lists signals.\n`);
        return 1;
      }
      sig = found;
    }
    if (parsed.error !== undefined || parsed.operands.length === 0) {
      yield* proc.warn((parsed.error === undefined ? "" : `killall: ${parsed.error}\n`) + USAGE);
      return 1;
    }
    const fold = (s: string): string => (has("I") ? s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32)) : s);
    let status = 0;
    const killed = [];
    for (const name of parsed.operands) {
      const base = fold(name.slice(name.lastIndexOf("/") + 1).slice(0, 15));
      const found = [...proc.machine.processes.values()].filter((p) => p !== proc && !p.exit && fold(p.comm) === base);
      if (found.length === 0) {
        if (!has("q")) yield* proc.warn(`${name}: no process found\n`);
        status = 1;
      }
      for (const p of found) {
        if (sig !== "none") {
          if (has("g")) proc.machine.signalGroup(p.pgid, sig);
          else p.signal(sig);
        }
        if (has("v")) yield* proc.warn(`Killed ${p.comm}(${p.pid}) with signal ${sig === "none" ? 0 : SIGNALS[sig]}\n`);
        killed.push(p);
      }
    }
    if (has("w")) for (const p of killed) while (!p.exit) yield* proc.sleep(1_000_000_000);
    return status;
  },
});
