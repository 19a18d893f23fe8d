/** timeout: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import type { Nanos } from "../../sim/time.ts";
import { parseDuration } from "../duration.ts";
import { spawnCommand } from "../exec.ts";
import { quote } from "../gnu-quote.ts";
import { statusOf, type Process, type Run, type Signal } from "../process.ts";
import { parseSignal } from "../signals.ts";
import { defineTool, type Tool } from "../tool.ts";

interface Settings {
  signal: Signal;
  killAfter: Nanos | undefined;
  foreground: boolean;
  preserve: boolean;
  verbose: boolean;
}

const CANCELED = 125;

function send(t: Tool, child: Process, sig: Signal, s: Settings): void {
  child.signal(sig);
  // In a group of its own, timeout stops the whole group, but not itself.
  if (!s.foreground) for (const p of t.proc.machine.processes.values()) if (p.pgid === t.proc.pgid && p !== t.proc && p !== child) p.signal(sig);
  if (sig !== "SIGKILL" && sig !== "SIGCONT") child.signal("SIGCONT");
}

function* watch(t: Tool, child: Process, limit: Nanos, command: string, s: Settings): Run<number> {
  let next: Nanos | undefined = limit > 0 ? t.proc.now + limit : undefined;
  let sig: Signal = s.signal;
  let late = false;
  let killed = false;
  const relayed: Signal[] = [];
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const) t.proc.onSignal(name, () => relayed.push(name));
  while (!child.exit) {
    for (const name of relayed.splice(0)) send(t, child, name, s);
    if (next !== undefined && t.proc.now >= next) {
      late = true;
      if (s.verbose) yield* t.warn(`sending signal ${sig.slice(3)} to command ${quote(command)}`);
      send(t, child, sig, s);
      killed ||= sig === "SIGKILL";
      next = s.killAfter !== undefined && sig !== "SIGKILL" ? t.proc.now + s.killAfter : undefined;
      sig = "SIGKILL";
    }
    yield { child, ...(next === undefined || next > Number.MAX_SAFE_INTEGER ? {} : { until: next }) };
  }
  t.proc.reap(child);
  if (!late || s.preserve) return statusOf(child.exit);
  // KILL goes to the whole group, and timeout itself is in it.
  if (killed && !s.foreground) {
    t.proc.signal("SIGKILL");
    yield { until: t.proc.now };
  }
  return killed ? 137 : 124;
}

export const timeout = defineTool({
  name: "timeout",
  man: {
    summary: "run a command with a time limit",
    synopsis: ["timeout [OPTION] DURATION COMMAND [ARG]..."],
    emulated: ["-s, --signal: the signal to send, TERM by itself", "-k, --kill-after: KILL this much later", "--foreground, --preserve-status, -v", "Exit status 124 when the time was up, 125, 126 and 127 as usual."],
    notEmulated: [],
    examples: ["timeout 5 ping 10.0.0.1", "timeout -s INT 3 tcpdump -i eth0"],
  },
  shorts: "+k:s:v",
  longs: { "kill-after": "k:", signal: "s:", verbose: "v", foreground: "foreground", "preserve-status": "preserve" },
  usageStatus: CANCELED,
  *run(t, options, operands) {
    const s: Settings = { signal: "SIGTERM", killAfter: undefined, foreground: false, preserve: false, verbose: false };
    for (const o of options) {
      if (o.key === "s") {
        const sig = parseSignal(o.value!);
        if (!sig || sig === "none") return yield* t.usage(`${quote(o.value!)}: invalid signal`, CANCELED);
        s.signal = sig;
      } else if (o.key === "k") {
        const after = parseDuration(o.value!);
        if (after === undefined) return yield* t.usage(`invalid time interval ${quote(o.value!)}`, CANCELED);
        s.killAfter = after;
      } else if (o.key === "v") s.verbose = true;
      else if (o.key === "foreground") s.foreground = true;
      else if (o.key === "preserve") s.preserve = true;
    }
    const [length, ...words] = operands;
    if (length === undefined || words.length === 0) {
      yield* t.proc.warn(`Try '${t.name} --help' for more information.\n`);
      return CANCELED;
    }
    const limit = parseDuration(length);
    if (limit === undefined) return yield* t.usage(`invalid time interval ${quote(length)}`, CANCELED);
    if (!s.foreground) t.proc.pgid = t.proc.pid;
    const child = spawnCommand(t.proc, words);
    if (typeof child === "string") return yield* t.error(`failed to run command ${quote(words[0]!)}: ${strerror(child)}`, child === "ENOENT" ? 127 : 126);
    for (const sig of ["SIGTTIN", "SIGTTOU"] as const) child.onSignal(sig, "default");
    return yield* watch(t, child, limit, words[0]!, s);
  },
});
