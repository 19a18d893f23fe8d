/** Durations of sleep and timeout: a number with s, m, h or d (coreutils 9.1, xstrtod). */
import { SECOND, type Nanos } from "../sim/time.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600, d: 86400 };

/** undefined: it is none. "inf" is Infinity. */
export function parseDuration(text: string): Nanos | undefined {
  const found = /^\+?(inf(?:inity)?|[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?)([smhd]?)$/.exec(text);
  if (!found) return undefined;
  const number = found[1]!.startsWith("inf") ? Number.POSITIVE_INFINITY : Number(found[1]);
  const nanos = number * UNITS[found[2]!]! * SECOND;
  return Number.isFinite(nanos) ? Math.ceil(nanos) : Number.POSITIVE_INFINITY;
}
