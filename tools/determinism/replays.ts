/** Replays recorded logs and gives the digest of each. Runs in Node and, bundled, in browsers: imports nothing but the engine. */
import { loadLab } from "../../src/lab/load.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { replay } from "../../src/lab/session.ts";
import type { Nanos } from "../../src/sim/time.ts";

export interface RecordedLog {
  lab: string;
  seed: number;
  log: LogEntry[];
  until: Nanos;
}
/** Lab id to its files, name to text. */
export type LabFolders = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** One digest a log; what kept it from being replayed otherwise. */
export function digests(logs: readonly RecordedLog[], labs: LabFolders): string[] {
  return logs.map(({ lab, seed, log, until }) => {
    const source = loadLab(lab, new Map(Object.entries(labs[lab] ?? {})), { seeds: [seed] });
    if (!source.ok) return `${lab}: ${source.error[0]?.rule}`;
    const resolved = source.value.resolve(seed);
    if (!resolved.ok) return `${lab}: ${resolved.error[0]?.rule}`;
    const session = replay(resolved.value, log, { digest: true, until });
    return session.ok ? session.value.digest("nobody") : `${lab}: ${session.error.because}`;
  });
}
