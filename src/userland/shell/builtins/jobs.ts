/** Builtins about processes: jobs, fg, bg, kill, wait, disown, trap, suspend. */
import { SIGNALS, statusOf, type Process, type Run, type Signal } from "../../process.ts";
import { jobState, SIGNAL_TEXTS, type Job } from "../jobs.ts";
import { dashQuote, singleQuote } from "../quote.ts";
import { giveTerminal, jobLine, notifyJobs, reap, runTraps, waitForeground } from "../run.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";
import { complain, parseOptions, print, usageLine } from "./options.ts";

const NUMBERS: ReadonlyMap<number, Signal> = new Map(Object.entries(SIGNALS).map(([name, n]) => [n, name as Signal]));

/** "INT", "SIGINT", "2" -> SIGINT. "EXIT" and 0 for traps are "EXIT". */
function signalOf(text: string): Signal | "EXIT" | undefined {
  if (/^[0-9]+$/.test(text)) return Number(text) === 0 ? "EXIT" : NUMBERS.get(Number(text));
  const upper = text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
  if (upper === "EXIT") return "EXIT";
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  return name in SIGNALS ? (name as Signal) : undefined;
}

function* findJob(sh: Shell, spec: string): Run<Job | undefined> {
  const found = sh.jobs.find(spec);
  if (found && found !== "ambiguous") return found;
  if (found === "ambiguous") yield* complain(sh, `${spec}: ambiguous job spec`);
  else yield* complain(sh, sh.bash ? `${/^%?[%+]?$/.test(spec) ? "current" : spec}: no such job` : (/^%?[%+]?$/.test(spec) ? "No current job" : `No such job: ${spec}`));
  return undefined;
}

// -- jobs, fg, bg -----------------------------------------------------------------------------------------------------

function* jobs(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, sh.bash ? "lnprsx" : "lp", "jobs [-lnprs] [jobspec ...] or jobs -x command [args]");
  if (!given) return 2;
  const has = (l: string): boolean => given.options.some((o) => o.letter === l);
  reap(sh);
  const chosen: Job[] = [];
  let status = 0;
  for (const spec of given.rest) {
    const job = yield* findJob(sh, spec);
    if (job) chosen.push(job);
    else status = 1;
  }
  const list = given.rest.length > 0 ? chosen : [...sh.jobs.jobs].sort((a, b) => a.id - b.id);
  const lines: string[] = [];
  for (const job of list) {
    const state = jobState(job);
    if ((has("r") && state.kind !== "running") || (has("s") && state.kind !== "stopped")) continue;
    lines.push(has("p") ? `${job.processes[0]!.pid}\n` : jobLine(sh, job, has("l")));
  }
  yield* print(sh, lines.join(""));
  for (const job of list) if (jobState(job).kind === "done") sh.jobs.remove(job);
  return status;
}

function continueJob(sh: Shell, job: Job): void {
  job.notified = false;
  for (const p of job.processes) {
    p.stateChanged = undefined;
    p.signal("SIGCONT");
    p.stateChanged = undefined;
  }
  sh.jobs.touch(job);
}

function* fg(sh: Shell, args: readonly string[]): Run<number> {
  if (!sh.options.has("monitor") && sh.bash) {
    yield* complain(sh, "no job control");
    return 1;
  }
  const job = yield* findJob(sh, args[0] ?? "%%");
  if (!job) return sh.bash ? 1 : 2;
  yield* print(sh, `${job.text}\n`);
  job.background = false;
  giveTerminal(sh, job.pgid);
  continueJob(sh, job);
  return yield* waitForeground(sh, job);
}

function* bg(sh: Shell, args: readonly string[]): Run<number> {
  if (!sh.options.has("monitor") && sh.bash) {
    yield* complain(sh, "no job control");
    return 1;
  }
  let status = 0;
  for (const spec of args.length > 0 ? args : ["%%"]) {
    const job = yield* findJob(sh, spec);
    if (!job) {
      status = sh.bash ? 1 : 2;
      continue;
    }
    if (jobState(job).kind === "running" && job.background) {
      yield* complain(sh, `job ${job.id} already in background`);
      continue;
    }
    job.background = true;
    continueJob(sh, job);
    yield* print(sh, sh.bash ? `[${job.id}]${sh.jobs.mark(job)} ${job.text} &\n` : `[${job.id}] ${job.text}\n`);
  }
  return status;
}

function* disown(sh: Shell, args: readonly string[]): Run<number> {
  const given = yield* parseOptions(sh, args, "har", "disown [-h] [-ar] [jobspec ... | pid ...]");
  if (!given) return 2;
  if (given.options.some((o) => o.letter === "a") && given.rest.length === 0) {
    sh.jobs.jobs = [];
    return 0;
  }
  let status = 0;
  for (const spec of given.rest.length > 0 ? given.rest : ["%%"]) {
    const job = yield* findJob(sh, spec);
    if (job) sh.jobs.remove(job);
    else status = 1;
  }
  return status;
}

// -- kill -------------------------------------------------------------------------------------------------------------

const KILL_USAGE = "kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]";

function* kill(sh: Shell, args: readonly string[]): Run<number> {
  let sig: Signal | "EXIT" = "SIGTERM";
  let words = [...args];
  const first = words[0];
  if (first === "-l" || (first === "-L" && sh.bash)) return yield* listSignals(sh, words.slice(1));
  if (first === "-s" || (first === "-n" && sh.bash)) {
    const name = words[1];
    if (name === undefined) return sh.bash ? yield* killUsage(sh) : yield* noArgument(sh, "s");
    const found = signalOf(name);
    if (!found) return yield* badSignal(sh, name);
    sig = found;
    words = words.slice(2);
  } else if (first !== undefined && first.startsWith("-") && first !== "--" && first !== "-") {
    const found = signalOf(first.slice(1));
    if (!found && !sh.bash) return yield* sh.fail(`Illegal option -${first[1]}`);
    if (!found) return yield* badSignal(sh, first.slice(1));
    sig = found;
    words = words.slice(1);
  }
  if (words[0] === "--") words.shift();
  if (words.length === 0) return yield* killUsage(sh);
  let status = 0;
  for (const word of words) status = (yield* killOne(sh, word, sig)) || status;
  // What this shell sent to itself, it takes before it goes on.
  yield { until: sh.proc.now };
  return status;
}

function* killUsage(sh: Shell): Run<number> {
  if (!sh.bash) return yield* sh.fail("Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]");
  yield* sh.proc.warn(`${usageLine(sh, KILL_USAGE)}\n`);
  return 2;
}

function* noArgument(sh: Shell, letter: string): Run<number> {
  return yield* sh.fail(`No arg for -${letter} option`);
}

function* badSignal(sh: Shell, name: string): Run<number> {
  if (!sh.bash) {
    yield* sh.error(`invalid signal number or name: ${name}`);
    return 2;
  }
  yield* complain(sh, `${name}: invalid signal specification`);
  return 1;
}

function* killOne(sh: Shell, word: string, sig: Signal | "EXIT"): Run<number> {
  if (word.startsWith("%")) {
    const job = yield* findJob(sh, word);
    if (!job) return sh.bash ? 1 : 2;
    for (const p of job.processes) if (sig !== "EXIT") p.signal(sig);
    if (jobState(job).kind === "stopped" && (sig === "SIGTERM" || sig === "SIGHUP")) for (const p of job.processes) p.signal("SIGCONT");
    return 0;
  }
  if (!/^-?[0-9]+$/.test(word)) {
    if (!sh.bash) return yield* sh.fail(`Illegal number: ${word}`);
    yield* complain(sh, `${word}: arguments must be process or job IDs`);
    return 1;
  }
  if (sendSignal(sh.proc, Number(word), sig === "EXIT" ? undefined : sig)) return 0;
  if (sh.bash) yield* complain(sh, `(${word}) - No such process`);
  else yield* sh.error("No such process\n");
  return 1;
}

/** kill(2). `sig` undefined: only asks whether it is there. */
export function sendSignal(proc: Process, pid: number, sig: Signal | undefined): boolean {
  const { machine } = proc;
  if (pid > 0) {
    const target = machine.processes.get(pid);
    if (!target) return false;
    if (sig) target.signal(sig);
    return true;
  }
  if (pid === -1) {
    for (const p of [...machine.processes.values()]) if (p.pid !== 1 && p !== proc && sig) p.signal(sig);
    return true;
  }
  const group = pid === 0 ? proc.pgid : -pid;
  if (!sig) return [...machine.processes.values()].some((p) => p.pgid === group);
  return machine.signalGroup(group, sig);
}

function* listSignals(sh: Shell, args: readonly string[]): Run<number> {
  if (args.length === 0) return yield* print(sh, sh.bash ? signalTable() : `${dashSignals().join("\n")}\n`);
  let status = 0;
  for (const text of args) {
    if (/^[0-9]+$/.test(text)) {
      const n = Number(text) > 128 ? Number(text) - 128 : Number(text);
      const name = n === 0 ? "EXIT" : NUMBERS.get(n)?.slice(3);
      if (name === undefined || (n === 0 && !sh.bash)) {
        if (sh.bash) yield* complain(sh, `${text}: invalid signal specification`);
        else return yield* sh.fail(`invalid signal number or exit status: ${text}`);
        status = 1;
      } else yield* print(sh, `${name}\n`);
      continue;
    }
    const found = sh.bash ? signalOf(text) : undefined;
    if (found && found !== "EXIT") yield* print(sh, `${SIGNALS[found]}\n`);
    else {
      if (!sh.bash) return yield* sh.fail(`Illegal number: ${text}`);
      yield* complain(sh, `${text}: invalid signal specification`);
      status = 1;
    }
  }
  return status;
}

/** dash has no name for SIGSTKFLT, nor for what glibc keeps of the real-time signals. */
function dashSignals(): string[] {
  const names = [...NUMBERS].sort((a, b) => a[0] - b[0]).map(([n, name]) => (name === "SIGSTKFLT" ? String(n) : name.slice(3)));
  return ["0", ...names, "32", "33", ...realTimeNames()];
}

function realTimeNames(): string[] {
  const out = ["RTMIN"];
  for (let i = 1; i <= 15; i++) out.push(`RTMIN+${i}`);
  for (let i = 14; i >= 1; i--) out.push(`RTMAX-${i}`);
  return [...out, "RTMAX"];
}

/** Five in a row, as bash lists them. */
function signalTable(): string {
  const all = [...[...NUMBERS].sort((a, b) => a[0] - b[0]), ...realTimeNames().map((n, i): [number, string] => [34 + i, `SIG${n}`])];
  let out = "";
  for (const [i, [n, name]] of all.entries()) out += `${String(n).padStart(2)}) ${name}${i % 5 === 4 ? "\n" : "\t"}`;
  return `${out}\n`;
}

// -- wait -------------------------------------------------------------------------------------------------------------

function* wait(sh: Shell, args: readonly string[]): Run<number> {
  const given = sh.bash ? yield* parseOptions(sh, args, "fnp:", "wait [-fn] [-p var] [id ...]") : { options: [], rest: args.filter((a) => a !== "--") };
  if (!given) return 2;
  if (!sh.bash && /^-[^-]/.test(args[0] ?? "")) return yield* sh.fail(`Illegal option -${args[0]![1]}`);
  if (given.options.some((o) => o.letter === "n")) return yield* waitAny(sh);
  if (given.rest.length === 0) {
    for (;;) {
      reap(sh);
      const running = sh.jobs.jobs.filter((j) => jobState(j).kind !== "done" && j.processes.some((p) => p.parent === sh.proc));
      if (running.length === 0) break;
      if (yield* waitTurn(sh)) return sh.status;
    }
    yield* forgetDone(sh);
    return 0;
  }
  let status = 0;
  for (const word of given.rest) status = yield* waitOne(sh, word);
  return status;
}

/** One turn of waiting. @returns true when a trapped signal ends the wait; sh.status is then 128 + n. */
function* waitTurn(sh: Shell): Run<boolean> {
  const why = yield { child: true, untraced: true };
  const sig = sh.pendingTraps[0];
  if (why !== "signal" || sig === undefined) return false;
  if (sig === "SIGCHLD") {
    yield* runTraps(sh);
    return false;
  }
  yield* runTraps(sh);
  if (!sh.flow) sh.status = 128 + SIGNALS[sig as Signal];
  return true;
}

function* forgetDone(sh: Shell): Run<void> {
  if (sh.interactive || sh.options.has("monitor")) yield* notifyJobs(sh);
  else sh.jobs.jobs = sh.jobs.jobs.filter((j) => jobState(j).kind !== "done");
}

function* waitAny(sh: Shell): Run<number> {
  for (;;) {
    reap(sh);
    const done = sh.jobs.jobs.find((j) => jobState(j).kind === "done");
    if (done) {
      sh.jobs.remove(done);
      return (jobState(done) as { status: number }).status;
    }
    if (sh.jobs.jobs.length === 0) return 127;
    if (yield* waitTurn(sh)) return sh.status;
  }
}

function* waitOne(sh: Shell, word: string): Run<number> {
  let job: Job | undefined;
  let process: Process | undefined;
  if (word.startsWith("%")) {
    job = yield* findJob(sh, word);
    if (!job) return sh.bash ? 127 : 2;
  } else {
    if (!/^[0-9]+$/.test(word)) {
      if (!sh.bash) return yield* sh.fail(`Illegal number: ${word}`);
      yield* complain(sh, `\`${word}': not a pid or valid job spec`);
      return 1;
    }
    job = sh.jobs.jobs.find((j) => j.processes.some((p) => p.pid === Number(word)));
    process = job?.processes.find((p) => p.pid === Number(word));
    if (!job) {
      const known = finished(sh).get(Number(word));
      if (known !== undefined) return known;
      if (sh.bash) yield* complain(sh, `pid ${word} is not a child of this shell`);
      return 127;
    }
  }
  for (;;) {
    reap(sh);
    if (process ? process.exit : jobState(job).kind === "done") break;
    if (yield* waitTurn(sh)) return sh.status;
  }
  const exit = (process ?? job.processes[job.processes.length - 1]!).exit!;
  const status = statusOf(exit);
  if (jobState(job).kind === "done") {
    if (sh.interactive || (sh.bash && sh.options.has("monitor"))) yield* notifyJobs(sh);
    else if (sh.bash) yield* notifyJobs(sh);
    else if ("signal" in exit && exit.signal !== "SIGINT" && exit.signal !== "SIGPIPE") yield* sh.proc.warn(`${SIGNAL_TEXTS[exit.signal]}\n`);
    for (const p of job.processes) finished(sh).set(p.pid, statusOf(p.exit!));
    sh.jobs.remove(job);
  }
  return status;
}

/** Statuses of children that ended and were told of: bash remembers them for a second `wait`. */
function finished(sh: Shell): Map<number, number> {
  return (sh.finished ??= new Map());
}

// -- trap -------------------------------------------------------------------------------------------------------------

function* trap(sh: Shell, args: readonly string[]): Run<number> {
  const given = sh.bash ? yield* parseOptions(sh, args[0] === "-" ? ["--", ...args] : args, "lp", "trap [-lp] [[arg] signal_spec ...]") : { options: [], rest: args[0] === "--" ? args.slice(1) : [...args] };
  if (!given) return 2;
  if (!sh.bash && /^-[^-]/.test(args[0] ?? "")) return yield* sh.fail(`Illegal option -${args[0]![1]}`);
  if (given.options.some((o) => o.letter === "l")) return yield* print(sh, signalTable());
  const show = given.options.some((o) => o.letter === "p");
  const words = given.rest;
  if (words.length === 0 || show) return yield* showTraps(sh, words);
  // Without an action every word is a signal to be reset.
  const bare = words.length === 1 || /^[0-9]+$/.test(words[0]!);
  const action = bare ? "-" : words[0]!;
  let status = 0;
  for (const word of bare ? words : words.slice(1)) {
    const special = sh.bash && /^(ERR|DEBUG|RETURN)$/.test(word) ? word : undefined;
    const sig = special ?? signalOf(word);
    if (!sig) {
      if (sh.bash) yield* complain(sh, `${word}: invalid signal specification`);
      else yield* sh.proc.warn(`trap: ${word}: bad trap\n`);
      status = 1;
      continue;
    }
    setTrap(sh, sig as Signal, action);
  }
  return status;
}

function setTrap(sh: Shell, sig: Signal | "EXIT", action: string): void {
  const name = sig.replace(/^SIG/, "");
  const real = name !== "EXIT" && name !== "ERR" && name !== "DEBUG" && name !== "RETURN";
  if (action === "-") {
    sh.traps.delete(name);
    if (real) sh.proc.onSignal(sig as Signal, "default");
    if (real) sh.restoreSignal(sig as Signal);
  } else {
    sh.traps.set(name, action);
    if (real && action === "") sh.proc.onSignal(sig as Signal, "ignore");
    else if (real) sh.catchSignal(sig as Signal);
  }
}

function* showTraps(sh: Shell, only: readonly string[]): Run<number> {
  const order = (name: string): number => (name === "EXIT" ? 0 : (SIGNALS[`SIG${name}` as Signal] ?? 100));
  const wanted = only.map((w) => signalOf(w)?.replace(/^SIG/, "") ?? w);
  const names = [...sh.traps.keys()].filter((n) => wanted.length === 0 || wanted.includes(n)).sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  return yield* print(sh, names.map((n) => (sh.bash ? `trap -- ${singleQuote(sh.traps.get(n)!)} ${order(n) > 0 && order(n) < 100 ? "SIG" : ""}${n}\n` : `trap -- ${dashQuote(sh.traps.get(n)!)} ${n}\n`)).join(""));
}

function* suspend(sh: Shell): Run<number> {
  if (!sh.options.has("monitor")) {
    yield* complain(sh, "cannot suspend: no job control");
    return 1;
  }
  if (sh.login) {
    yield* complain(sh, "cannot suspend a login shell");
    return 1;
  }
  sh.proc.signal("SIGSTOP");
  yield { until: sh.proc.now };
  return 0;
}

export const jobBuiltins: readonly Builtin[] = [
  { name: "jobs", usage: "jobs [-lnprs] [jobspec ...]", summary: "Shows the jobs of this shell.", run: jobs },
  { name: "fg", usage: "fg [job_spec]", summary: "Brings a job to the foreground.", run: fg },
  { name: "bg", usage: "bg [job_spec ...]", summary: "Lets a stopped job go on in the background.", run: bg },
  { name: "kill", usage: KILL_USAGE, summary: "Sends a signal to processes or jobs.", run: kill },
  { name: "wait", usage: "wait [-fn] [-p var] [id ...]", summary: "Waits until processes have ended.", run: wait },
  { name: "disown", only: "bash", usage: "disown [-h] [-ar] [jobspec ... | pid ...]", summary: "Forgets jobs.", run: disown },
  { name: "suspend", only: "bash", usage: "suspend [-f]", summary: "Stops this shell.", run: suspend },
  { name: "trap", special: true, usage: "trap [-lp] [[arg] signal_spec ...]", summary: "Runs a command when a signal comes or the shell ends.", run: trap },
];
