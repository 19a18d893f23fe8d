/**
 * The input log: all that a learner did, each at its virtual time. The session is a function of (lab, seed, log).
 * An entry is a short array, so that files stay small and readable: [time, what, ...].
 */
import { z } from "zod";
import { LIMITS, NAME } from "./schema.ts";

const Time = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** The face's name of a terminal. */
const Terminal = z.string().regex(NAME, "must be a terminal's name");
const Size = z.int().min(1).max(1_000);
const Cable = z.int().min(0).max(LIMITS.cables);

export const LogEntry = z.union(
  [
    /** Keys, as a terminal sends them. */
    z.tuple([Time, z.literal("key"), Terminal, z.string().min(1).max(LIMITS.stringOctets)]),
    /** A new terminal on a node: name, node, columns, rows. */
    z.tuple([Time, z.literal("open"), Terminal, z.string().regex(NAME, "must be a node's name"), Size, Size]),
    z.tuple([Time, z.literal("size"), Terminal, Size, Size]),
    /** A cable was pulled, or put back. */
    z.tuple([Time, z.literal("cut"), Cable]),
    z.tuple([Time, z.literal("restore"), Cable]),
    /** The next hint of a task was opened. */
    z.tuple([Time, z.literal("hint"), z.string().regex(NAME, "must be a task's id")]),
    /** "Check my work" was asked for. Changes nothing, tells how often it was. */
    z.tuple([Time, z.literal("check"), z.string().regex(NAME, "must be a task's id").or(z.literal("*"))]),
    /** Handed in. Nothing follows. */
    z.tuple([Time, z.literal("end")]),
  ],
  { error: "must be [time, 'key'|'open'|'size'|'cut'|'restore'|'hint'|'check'|'end', …]" },
);
export type LogEntry = z.infer<typeof LogEntry>;
