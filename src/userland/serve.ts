/** One process that serves many connections at once, as a server with threads or an event loop does: each handler is a generator of its own. */
import type { TcpSock } from "../kernel/api.ts";
import type { Nanos } from "../sim/time.ts";
import type { Process, Run, Wait, Wake } from "./process.ts";
import { openSocket } from "./socket-file.ts";

interface Task {
  run: Run<void>;
  wait: Wait;
  fd: number;
}

function ready(w: Wait, now: Nanos): boolean {
  return (w.until !== undefined && w.until <= now) || (w.read?.some((r) => r.readable) ?? false) || (w.write?.some((r) => r.writable) ?? false);
}

/** Accepts for ever; `handle` serves one connection, which is closed when it returns. Ends with the process. */
export function* serve(proc: Process, listeners: readonly TcpSock[], handle: (sock: TcpSock, listener: TcpSock) => Run<void>): Run<never> {
  const tasks: Task[] = [];
  const step = (t: Task, wake: Wake): boolean => {
    const r = t.run.next(wake);
    if (r.done !== true) {
      t.wait = r.value;
      return true;
    }
    proc.closeFd(t.fd);
    return false;
  };
  for (;;) {
    let until = Number.POSITIVE_INFINITY;
    for (const t of tasks) if (t.wait.until !== undefined && t.wait.until < until) until = t.wait.until;
    yield { read: [...listeners, ...tasks.flatMap((t) => t.wait.read ?? [])], write: tasks.flatMap((t) => t.wait.write ?? []), ...(until === Number.POSITIVE_INFINITY ? {} : { until }) };
    for (const t of [...tasks]) if (ready(t.wait, proc.now) && !step(t, "ready")) tasks.splice(tasks.indexOf(t), 1);
    for (const l of listeners) {
      const sock = l.accept();
      if (typeof sock === "string") continue;
      const t: Task = { run: handle(sock, l), wait: {}, fd: openSocket(proc, sock) };
      if (step(t, "ready")) tasks.push(t);
    }
  }
}
