/** What a command is: one object a tool, one file a tool. Help, completion and the page of known commands come from it. */
import type { Process, Run } from "./process.ts";

/** How true a part of a command is to the real one. */
export interface ManPage {
  /** One line, as after the dash in the NAME section. */
  summary: string;
  synopsis: readonly string[];
  /** What is here, in short paragraphs or `option: meaning` lines. */
  emulated: readonly string[];
  /** What the real tool has and this one refuses. */
  notEmulated: readonly string[];
  /** Two or three lines to type. */
  examples?: readonly string[];
}

export interface Command {
  /** As typed: "ip". */
  name: string;
  /** Other names of the same program, as symbolic links have it: "egrep". `proc.argv[0]` says which was typed. */
  aliases?: readonly string[];
  /** Where the file lies; default /usr/bin. */
  dir?: string;
  man: ManPage;
  /** Runs it. @returns the exit status. */
  run(proc: Process, args: readonly string[]): Run<number>;
  /** Candidates for the word being typed, whole words; the shell filters by prefix. `words` are those before it, the name first. */
  complete?(proc: Process, words: readonly string[], word: string): readonly string[];
}

export function defineCommand(command: Command): Command {
  return command;
}

/** Exit status of everything that is not emulated. */
export const NOT_EMULATED = 95;

/** Says so, and never pretends. `what` is what the learner typed: "ip xfrm", "tcpdump -G". */
export function* notEmulated(proc: Process, what: string): Run<number> {
  yield* proc.warn(`packetwalk: '${what}' is not emulated\n`);
  return NOT_EMULATED;
}
