/** What a match or target of iptables is to its command line: a list of options that build a plain description. */
import type { XtMatch, XtTarget } from "../../../kernel/netfilter/types.ts";
import type { Process } from "../../process.ts";

/** Options are gathered here until the command line ends. */
export type Draft = Record<string, unknown>;

export interface ParseContext {
  proc: Process;
  /** Of -p; undefined: none. */
  protocol: { number: number; inv: boolean } | undefined;
}

export interface Option {
  /** Without the dashes. */
  name: string;
  /** How many arguments: "tcp-flags" takes two. */
  args: 0 | 1 | 2;
  parse(d: Draft, value: string, inv: boolean, c: ParseContext, second: string): void;
  /** Whether a ! may stand before it. */
  invertible?: boolean;
}

export interface Extension {
  name: string;
  options: readonly Option[];
  /** Checks what was gathered. */
  match?(d: Draft, c: ParseContext): XtMatch;
  target?(d: Draft, c: ParseContext): XtTarget;
}
