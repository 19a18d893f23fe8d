/** pgrep and pkill: procps-ng 4.0.2. The pattern is an extended regular expression, matched against the name (15 characters) or with -f the command line. */
import { octets } from "../octets.ts";
import { type Command, defineCommand, type ManPage } from "../command.ts";
import { getopt } from "../getopt.ts";
import type { Process, Run, Signal } from "../process.ts";
import { compileRegex, type Regex } from "../regex.ts";
import { parseSignal } from "../signals.ts";
import { findUser } from "../users.ts";

const SHORTS = "aceflvwxnoiLqhV-d:F:G:g:P:s:t:u:U:r:O:";
const LONGS = {
  "list-full": "a", count: "c", echo: "e", full: "f", "list-name": "l", inverse: "v", exact: "x", newest: "n", oldest: "o", "ignore-case": "i", delimiter: "d:", pgroup: "g:", parent: "P:", session: "s:", terminal: "t:",
  euid: "u:", uid: "U:", runstates: "r:", older: "O:", signal: "signal:", help: "h", version: "V", group: "G:", pidfile: "F:", lightweight: "w", "require-handler": "H", ns: "ns:", nslist: "ns:", queue: "q:",
};

function usage(name: string): string {
  return `
Usage:
 ${name} [options] <pattern>

Options:
 -${name === "pgrep" ? "l, --list-name           list PID and process name" : "<sig>, --signal <sig>    signal to send (either number or name)"}
 -f, --full                use full process name to match
 -x, --exact               match exactly with the command name

For more details see pgrep(1).
`;
}

interface Filter {
  pattern: Regex | undefined;
  exact: boolean;
  full: boolean;
  inverse: boolean;
  tests: ((p: Process) => boolean)[];
}

function matches(p: Process, f: Filter): boolean {
  let good = f.tests.every((t) => t(p));
  if (good && f.pattern) {
    const text = octets(f.full ? p.argv.join(" ") : p.comm);
    const found = f.pattern.exec(text);
    good = found !== undefined && (!f.exact || (found[0] === 0 && found[1] === text.length));
  }
  return good !== f.inverse;
}

function among(text: string, value: (p: Process) => string): (p: Process) => boolean {
  const wanted = text.split(",");
  return (p) => wanted.includes(value(p));
}

/** Takes pkill's -SIGNAL out of the arguments. */
function takeSignal(args: readonly string[]): { sig: Signal | "none" | undefined; rest: string[] } {
  for (const [i, arg] of args.entries()) {
    const sig = /^-([A-Z][A-Z0-9]+|[0-9]+)$/.test(arg) ? parseSignal(arg.slice(1)) : undefined;
    if (sig) return { sig, rest: args.filter((_, k) => k !== i) };
  }
  return { sig: undefined, rest: [...args] };
}

function* run(proc: Process, name: "pgrep" | "pkill", given: readonly string[]): Run<number> {
  const { sig: short, rest } = name === "pkill" ? takeSignal(given) : { sig: undefined, rest: [...given] };
  const parsed = getopt(rest, SHORTS, LONGS);
  if (parsed.error !== undefined) {
    yield* proc.warn(`${name}: ${parsed.error}\n${usage(name)}`);
    return 2;
  }
  const has = (key: string): boolean => parsed.options.some((o) => o.key === key);
  const option = (key: string): string | undefined => parsed.options.findLast((o) => o.key === key)?.value;
  if (has("h") || has("V")) {
    yield* proc.print(has("h") ? usage(name) : `${name} from procps-ng 4.0.2\n`);
    return 0;
  }
  for (const key of ["F", "G", "q", "r", "O", "ns", "H", "w", "L"]) {
    if (!has(key)) continue;
    yield* proc.warn(`packetwalk: '${name} -${key}' is not emulated\n`);
    return 95;
  }
  const sig = option("signal") === undefined ? (short ?? "SIGTERM") : parseSignal(option("signal")!);
  if (!sig) {
    yield* proc.warn(`${name}: Unknown signal "${option("signal")}".\n`);
    return 2;
  }
  const filter: Filter = { pattern: undefined, exact: has("x"), full: has("f"), inverse: has("v"), tests: [] };
  const add = (key: string, value: (p: Process) => string, map: (text: string) => string = (t) => t): void => {
    const text = option(key);
    if (text !== undefined) filter.tests.push(among(map(text), value));
  };
  add("P", (p) => String(p.parent?.pid ?? 1));
  add("g", (p) => String(p.pgid), (t) => (t === "0" ? String(proc.pgid) : t));
  add("s", (p) => String(p.sid), (t) => (t === "0" ? String(proc.sid) : t));
  add("t", (p) => p.tty?.name ?? "");
  const byName = (text: string): string => text.split(",").map((n) => String(findUser(proc, n)?.uid ?? n)).join(",");
  add("u", (p) => String(p.uid), byName);
  add("U", (p) => String(p.uid), byName);
  if (parsed.operands.length > 1) {
    yield* proc.warn(`${name}: only one pattern can be provided\nTry \`${name} --help' for more information.\n`);
    return 2;
  }
  const pattern = parsed.operands[0];
  if (pattern === undefined && filter.tests.length === 0) {
    yield* proc.warn(`${name}: no matching criteria specified\nTry \`${name} --help' for more information.\n`);
    return 2;
  }
  if (pattern !== undefined) {
    const regex = compileRegex(octets(pattern), { syntax: "sed-ere", ignoreCase: has("i") });
    if (!regex.ok) {
      yield* proc.warn(`${name}: regex error: ${regex.error}\n`);
      return 2;
    }
    filter.pattern = regex.value;
  }
  let found = [...proc.machine.processes.values()].filter((p) => p !== proc && !p.exit && matches(p, filter)).sort((a, b) => a.pid - b.pid);
  if (has("n")) found = found.slice(-1);
  if (has("o")) found = found.slice(0, 1);
  return yield* act(proc, name, found, { has, option, sig });
}

function* act(proc: Process, name: "pgrep" | "pkill", found: readonly Process[], o: { has(k: string): boolean; option(k: string): string | undefined; sig: Signal | "none" }): Run<number> {
  if (name === "pkill") {
    for (const p of found) {
      if (o.has("e")) yield* proc.print(`${p.comm} killed (pid ${p.pid})\n`);
      if (o.sig !== "none") p.signal(o.sig);
    }
    if (o.has("c")) yield* proc.print(`${found.length}\n`);
  } else if (o.has("c")) yield* proc.print(`${found.length}\n`);
  else if (found.length > 0) {
    const delimiter = o.option("d") ?? "\n";
    const text = found.map((p) => (o.has("a") ? `${p.pid} ${p.argv.join(" ")}` : o.has("l") ? `${p.pid} ${p.comm}` : String(p.pid))).join(delimiter);
    yield* proc.print(`${text}\n`);
  }
  return found.length > 0 ? 0 : 1;
}

const emulated = ["The pattern is an extended regular expression.", "-f, -x, -v, -i, -n, -o, -c, -P, -g, -s, -t, -u, -U"];
const man: Readonly<Record<"pgrep" | "pkill", ManPage>> = {
  pgrep: { summary: "look up processes based on name and other attributes", synopsis: ["pgrep [options] pattern"], emulated: [...emulated, "-l, -a, -d"], notEmulated: ["-F, -G, -O, -r, -w, --ns"], examples: ["pgrep -a ping"] },
  pkill: { summary: "signal processes based on name and other attributes", synopsis: ["pkill [options] pattern"], emulated: [...emulated, "-SIGNAL, --signal, -e"], notEmulated: ["-F, -G, -O, -q, -r, --ns"], examples: ["pkill -INT tcpdump"] },
};

export const pgrep: Command = defineCommand({ name: "pgrep", man: man.pgrep, run: (proc, args) => run(proc, "pgrep", args) });
export const pkill: Command = defineCommand({ name: "pkill", man: man.pkill, run: (proc, args) => run(proc, "pkill", args) });
