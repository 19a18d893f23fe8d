/** Signal names on command lines: "INT", "SIGINT", "2". */
import { SIGNALS, type Signal } from "./process.ts";

const BY_NUMBER: ReadonlyMap<number, Signal> = new Map(Object.entries(SIGNALS).map(([name, n]) => [n, name as Signal]));

/** undefined: there is none of that name; 0 (only a question whether a process is there) is "none". */
export function parseSignal(text: string): Signal | "none" | undefined {
  if (/^[0-9]+$/.test(text)) return Number(text) === 0 ? "none" : BY_NUMBER.get(Number(text));
  const upper = text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32));
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  return name in SIGNALS ? (name as Signal) : undefined;
}

/** Without "SIG", in the order of their numbers. */
export function signalNames(): string[] {
  return [...BY_NUMBER].sort((a, b) => a[0] - b[0]).map(([, name]) => name.slice(3));
}
