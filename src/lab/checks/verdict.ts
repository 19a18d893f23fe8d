/** What a check says: what was expected, what was found, and of a packet where it first went wrong. */
import type { Fact, WalkView, WrongHop } from "../protocol.ts";

export interface Verdict {
  pass: boolean;
  expected: Fact;
  found: Fact;
  firstWrong?: WrongHop;
  walk?: WalkView;
}

export function fact(code: string, args: Fact["args"], text: string): Fact {
  return { code, args, text };
}

/** The copy could not be made: there is no verdict, and the caller says why. */
export type NoVerdict = undefined;

/** A long list cut to what a person reads. */
export function listing(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  const shown = items.slice(0, 6).join("; ");
  return items.length > 6 ? `${shown}; and ${items.length - 6} more` : shown;
}
