/** What the page and its engine worker say to each other: the engine's own protocol, and a few words about journal and health. */
import type { PackedLab } from "../lab/packed.ts";
import type { LogEntry } from "../lab/log.ts";
import type { Event, GradeView, Reply, Request } from "../lab/protocol.ts";

/** A session as it lies in the journal. */
export interface SavedSession {
  readonly seed: number;
  readonly log: readonly LogEntry[];
  /** The results shown last, so that a reload shows them again. */
  readonly grades: readonly GradeView[];
  /** Inputs that could not be read any more. */
  readonly damaged: number;
  /** The lab's files are not those the session began with. */
  readonly changedLab: boolean;
}

export type ToWorker =
  | {
      ui: "start";
      lab: string;
      files: readonly (readonly [path: string, text: string])[];
      packed?: PackedLab;
      lang: string;
      /** Asked for; without it that of the saved session, or 1. */
      seed?: number;
      /** "none": nothing is stored, as in a figure. "read": another tab writes. */
      journal: "write" | "read" | "none";
      /** Leaves out so many of the last inputs: after a hang. */
      forget: number;
      load?: { seed: number; log: readonly LogEntry[] };
    }
  | { ui: "keep-grades"; grades: readonly GradeView[] }
  | { ui: "ping"; n: number }
  | { ui: "request"; request: Request };

export type FromWorker =
  | { ui: "pong"; n: number }
  | { ui: "started"; reply: Extract<Reply, { ok: true; type: "load" }>; session: SavedSession }
  | { ui: "start-failed"; message: string }
  | { ui: "journal"; state: "saved" | "off"; why?: string }
  /** In the order in which it happened. */
  | { ui: "batch"; messages: readonly (Reply | Event)[] };
