/** kill: procps-ng 4.0.2, the program; a shell runs its own builtin. */
import { defineCommand } from "../command.ts";
import { SIGNALS, type Process, type Run, type Signal } from "../process.ts";
import { sendSignal } from "../shell/builtins/jobs.ts";
import { parseSignal, signalNames } from "../signals.ts";

const USAGE = `
Usage:
 kill [options] <pid> [...]

Options:
 <pid> [...]            send signal to every <pid> listed
 -<signal>, -s, --signal <signal>
                        specify the <signal> to be sent
 -q, --queue <value>    integer value to be sent with the signal
 -l, --list=[<signal>]  list all signal names, or convert one to a name
 -L, --table            list all signal names in a nice table

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see kill(1).
`;

/** SIGIO is POLL to procps. */
function printedNames(): string[] {
  return signalNames().map((n) => (n === "IO" ? "POLL" : n));
}

function* list(proc: Process, what: string | undefined): Run<number> {
  if (what === undefined) {
    // Lines of at most 80 columns.
    let line = "";
    for (const name of printedNames()) {
      if (line.length + name.length + 1 > 80) {
        yield* proc.print(`${line}\n`);
        line = "";
      }
      line += line === "" ? name : ` ${name}`;
    }
    yield* proc.print(`${line}\n`);
    return 0;
  }
  const sig = parseSignal(/^[0-9]+$/.test(what) && Number(what) > 128 ? String(Number(what) - 128) : what);
  if (!sig || sig === "none") {
    yield* proc.warn(`kill: unknown signal name ${what}\n`);
    return 1;
  }
  yield* proc.print(`${/^[0-9]+$/.test(what) ? sig.slice(3) : SIGNALS[sig]}\n`);
  return 0;
}

function* table(proc: Process): Run<number> {
  const cells = printedNames().map((n, i) => `${String(i + 1).padStart(2)} ${n.padEnd(8)}`);
  for (let i = 0; i < cells.length; i += 7) {
    const row = cells.slice(i, i + 7);
    yield* proc.print(`${row.length === 7 ? row.join("").trimEnd() : row.join("")}\n`);
  }
  return 0;
}

export const kill = defineCommand({
  name: "kill",
  man: {
    summary: "send a signal to a process",
    synopsis: ["kill [options] <pid> [...]"],
    emulated: ["-SIGNAL, -s SIGNAL, -l, -L; a negative pid is a process group."],
    notEmulated: ["-q, --queue"],
    examples: ["kill -9 42", "kill -l"],
  },
  *run(proc, args) {
    let sig: Signal | "none" = "SIGTERM";
    const pids: string[] = [];
    for (let i = 0; i < args.length; i++) {
      const arg = args[i]!;
      if (arg === "-l" || arg.startsWith("--list")) return yield* list(proc, arg.startsWith("--list=") ? arg.slice(7) : args[i + 1]);
      if (arg === "-L" || arg === "--table") return yield* table(proc);
      if (arg === "-h" || arg === "--help") {
        yield* proc.print(USAGE);
        return 0;
      }
      if (arg === "-q" || arg.startsWith("--queue")) {
        yield* proc.warn("packetwalk: 'kill -q' is not emulated\n");
        return 95;
      }
      const name = arg === "-s" || arg === "--signal" ? args[++i] : i === 0 && /^-[A-Za-z0-9]/.test(arg) ? arg.slice(1) : undefined;
      if (name !== undefined) {
        const found = parseSignal(name);
        if (!found) {
          yield* proc.warn(USAGE);
          return 1;
        }
        sig = found;
      } else if (arg !== "--") pids.push(arg);
    }
    if (pids.length === 0) {
      yield* proc.warn(USAGE);
      return 1;
    }
    let status = 0;
    for (const pid of pids) {
      if (!/^-?[0-9]+$/.test(pid)) {
        yield* proc.warn(`kill: failed to parse argument: '${pid}'\n`);
        status = 1;
      } else if (!sendSignal(proc, Number(pid), sig === "none" ? undefined : sig)) {
        yield* proc.warn(`kill: (${pid}): No such process\n`);
        status = 1;
      }
    }
    return status;
  },
});
