/** What undo, reset and rewind do to a log. Terminals stay open and opened hints stay paid for; everything else from a point on goes. */
import type { Nanos } from "../sim/time.ts";
import type { LogEntry } from "./log.ts";

/** Entries before `index`, and those after it that stay, moved to `at`. */
function cutLog(log: readonly LogEntry[], index: number, at: Nanos): LogEntry[] {
  const kept = log.slice(0, index);
  for (const e of log.slice(index)) if (e[1] === "open" || e[1] === "size" || e[1] === "hint") kept.push([Math.min(e[0], at), ...e.slice(1)] as LogEntry);
  return kept;
}

/** Where the last thing that was done begins: a command's first key, a pulled cable. -1: nothing was done. */
export function lastAct(log: readonly LogEntry[]): number {
  let last = log.findLastIndex((e) => e[1] === "cut" || e[1] === "restore" || (e[1] === "key" && endsLine(e[3])));
  if (last < 0) last = log.findIndex((e) => e[1] === "key"); // typed, not yet entered
  const entry = log[last];
  if (entry === undefined || entry[1] !== "key") return last;
  // Back to the first key of the same line in the same terminal.
  let first = last;
  for (let i = last - 1; i >= 0; i--) {
    const e = log[i]!;
    if (e[1] !== "key" || e[2] !== entry[2]) continue;
    if (endsLine(e[3])) break;
    first = i;
  }
  return first;
}

const endsLine = (keys: string): boolean => /[\r\n\u0003\u0004\u001a\u001c]/.test(keys);

/** @returns undefined when there is nothing to undo. */
export function undone(log: readonly LogEntry[]): { log: LogEntry[]; at: Nanos } | undefined {
  const index = lastAct(log);
  if (index < 0) return undefined;
  const at = log[index]![0];
  return { log: cutLog(log, index, at), at };
}

export function resetLog(log: readonly LogEntry[], began: Nanos): LogEntry[] {
  return cutLog(log, 0, began);
}

/** Everything before `to`. */
export function rewound(log: readonly LogEntry[], to: Nanos): LogEntry[] {
  const index = log.findIndex((e) => e[0] >= to);
  return index < 0 ? [...log] : cutLog(log, index, to);
}
