/** Jobs of a shell: process groups that it started, how they stand, and how `jobs` shows them. */
import { statusOf, type Process, type Signal } from "../process.ts";

export interface Job {
  id: number;
  pgid: number;
  processes: Process[];
  /** As typed. */
  text: string;
  /** Started with &. */
  background: boolean;
  /** Its present state was shown already. */
  notified: boolean;
  /** Took a place in the list of `jobs`. */
  listed: boolean;
  /** Orders "current" and "previous": the one touched last is current. */
  touched: number;
  /** Terminal mode to give back when it goes on. */
  cwd: string;
}

export type JobState = { kind: "running" } | { kind: "stopped"; signal: Signal } | { kind: "done"; status: number; signal?: Signal };

export function jobState(job: Job): JobState {
  const stopped = job.processes.find((p) => !p.exit && p.state === "stopped");
  if (job.processes.every((p) => p.exit || p.state === "stopped") && stopped) return { kind: "stopped", signal: stopped.stopSignal ?? "SIGTSTP" };
  if (job.processes.some((p) => !p.exit)) return { kind: "running" };
  const last = job.processes[job.processes.length - 1]!.exit!;
  return { kind: "done", status: statusOf(last), ...("signal" in last ? { signal: last.signal } : {}) };
}

export class JobTable {
  jobs: Job[] = [];
  private touches = 0;

  add(processes: Process[], text: string, background: boolean, cwd: string): Job {
    const id = Math.max(0, ...this.jobs.map((j) => j.id)) + 1;
    const job: Job = { id, pgid: processes[0]!.pgid, processes, text, background, notified: false, listed: false, touched: ++this.touches, cwd };
    this.jobs.push(job);
    return job;
  }

  touch(job: Job): void {
    job.touched = ++this.touches;
  }

  remove(job: Job): void {
    this.jobs = this.jobs.filter((j) => j !== job);
  }

  /** `%+` and `%-`. Stopped jobs come before running ones. */
  current(): Job | undefined {
    return this.ranked()[0];
  }
  previous(): Job | undefined {
    const ranked = this.ranked();
    return ranked[1] ?? ranked[0];
  }
  private ranked(): Job[] {
    const rank = (j: Job): number => (jobState(j).kind === "stopped" ? 0 : 1);
    return [...this.jobs].sort((a, b) => rank(a) - rank(b) || b.touched - a.touched || b.id - a.id);
  }

  mark(job: Job): "+" | "-" | " " {
    const ranked = this.ranked();
    return job === ranked[0] ? "+" : job === ranked[1] ? "-" : " ";
  }

  /** `%1`, `%+`, `%%`, `%-`, `%name`, `%?text`. "ambiguous": several begin so. */
  find(spec: string): Job | "ambiguous" | undefined {
    const text = spec.startsWith("%") ? spec.slice(1) : spec;
    if (text === "" || text === "%" || text === "+") return this.current();
    if (text === "-") return this.previous();
    if (/^[0-9]+$/.test(text)) return this.jobs.find((j) => j.id === Number(text));
    const found = this.jobs.filter((j) => (text.startsWith("?") ? j.text.includes(text.slice(1)) : j.text.startsWith(text)));
    return found.length > 1 ? "ambiguous" : found[0];
  }

  forSubshell(): JobTable {
    const copy = new JobTable();
    copy.jobs = [...this.jobs];
    return copy;
  }
}

/** strsignal(3). */
export const SIGNAL_TEXTS: Readonly<Record<Signal, string>> = {
  SIGHUP: "Hangup", SIGINT: "Interrupt", SIGQUIT: "Quit", SIGILL: "Illegal instruction", SIGTRAP: "Trace/breakpoint trap", SIGABRT: "Aborted", SIGBUS: "Bus error", SIGFPE: "Floating point exception",
  SIGKILL: "Killed", SIGUSR1: "User defined signal 1", SIGSEGV: "Segmentation fault", SIGUSR2: "User defined signal 2", SIGPIPE: "Broken pipe", SIGALRM: "Alarm clock", SIGTERM: "Terminated",
  SIGSTKFLT: "Stack fault", SIGCHLD: "Child exited", SIGCONT: "Continued", SIGSTOP: "Stopped (signal)", SIGTSTP: "Stopped", SIGTTIN: "Stopped (tty input)", SIGTTOU: "Stopped (tty output)",
  SIGURG: "Urgent I/O condition", SIGXCPU: "CPU time limit exceeded", SIGXFSZ: "File size limit exceeded", SIGVTALRM: "Virtual timer expired", SIGPROF: "Profiling timer expired",
  SIGWINCH: "Window changed", SIGIO: "I/O possible", SIGPWR: "Power failure", SIGSYS: "Bad system call",
};
