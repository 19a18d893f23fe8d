/**
 * What a face (page, command line) and the engine say to each other. Plain data only, so that it crosses a worker's border.
 *
 * The face sends `Request`s, each with an `id` of its own; the engine answers each with one `Reply` of the same id and sends
 * `Event`s on its own account. `EngineHost` (host.ts) speaks the engine's side without timers: the worker calls
 * `host.handle(request)` for each message and `host.tick(wallMilliseconds)` about sixty times a second, at once again while that returns true.
 *
 * Order: everything the engine posts is in the order it happened. Inputs get their virtual time from the engine. An `entry`
 * event with the log entry is posted before the entry takes effect; with `journal: true` in `load` the engine waits for
 * the request `saved` with its number (virtual time stands still meanwhile), so that a journal is always written before a command runs.
 */
import type { PackedLab } from "./packed.ts";
import type { Nanos } from "../sim/time.ts";
import type { Decision } from "../sim/trace.ts";
import type { LogEntry } from "./log.ts";
import type { Problem } from "./problem.ts";
import type { CheckKind, Lab } from "./schema.ts";

// -- what a face draws ----------------------------------------------------------------------------------------------------

/** A lab as one seed gives it, in one language. Texts are Markdown with `code`, **bold**, paragraphs and lists only. */
export interface LabView {
  id: string;
  kind: Lab["kind"];
  chapter: string;
  minutes: number;
  seed: number;
  lang: string;
  title: string;
  summary: string;
  intro: string;
  given: readonly string[];
  outro: string;
  points: number;
  nodes: readonly NodeView[];
  cables: readonly CableView[];
  tasks: readonly TaskView[];
  /** Nodes that have a terminal, in order. */
  terminals: readonly string[];
}
export interface NodeView {
  name: string;
  kind: "host" | "router" | "switch";
  /** Column and row; the grid of <Figure>. */
  at: readonly [number, number];
  sub: string;
  /** Names of its Ethernet interfaces, in order. */
  interfaces: readonly string[];
}
export interface CableView {
  /** Index in `LabView.cables`; what `FrameEvent.cable` means. */
  id: number;
  ends: readonly [{ node: string; dev: string; mac: string }, { node: string; dev: string; mac: string }];
  delay: Nanos;
  /** Bits per second. */
  rate: number;
  cut: boolean;
}
export interface TaskView {
  id: string;
  title: string;
  text: string;
  points: number;
  /** `opened`: the texts of those that a restored session has opened already. */
  hints: { count: number; cost: number; opened?: readonly string[] };
  /** Shown when it is done; "" where there is nothing to say. */
  done: string;
  /** What each check demands, in one sentence of the reader's language; `Outcome.check` is the id. */
  checks: readonly { id: string; text: string }[];
}

/** One frame put on a cable. */
export interface FrameEvent {
  /** Number of the packet in this simulation. */
  packet: number;
  cable: number;
  /** The end it left: index in `CableView.ends`. */
  from: 0 | 1;
  /** When its first bit left, when its last bit arrives. */
  start: Nanos;
  arrival: Nanos;
  /** Octets without FCS. */
  length: number;
  /** Protocol family for shape and colour, as in src/components/families.ts: arp, stp, icmp, udp, tcp, ip, eth ... */
  family: string;
  /** A few words: "who-has 10.0.0.2", "echo request 1". */
  label: string;
  /** It will not arrive: loss, or the cable was pulled. */
  lost: boolean;
}

/** A packet with all that was decided about it and about what it became, in order. */
export interface WalkView {
  packet: number;
  /** Of this packet, of the packets it was copied or answered into (`Decision.parent`), and of those it came from. */
  decisions: readonly Decision[];
}

export interface Table {
  /** "links", "addresses", "routes", "neigh", "fdb". */
  kind: "links" | "addresses" | "routes" | "neigh" | "fdb";
  /** Column keys in English; a face translates them. */
  columns: readonly string[];
  rows: readonly (readonly string[])[];
}
export interface NodeTables {
  node: string;
  /** "" is the initial namespace. */
  netns: string;
  at: Nanos;
  tables: readonly Table[];
}

// -- results of checks ----------------------------------------------------------------------------------------------------

/** Something expected or found. `code` and `args` let a face say it in its language; `text` is the English for it. */
export interface Fact {
  code: string;
  args: Readonly<Record<string, string | number>>;
  text: string;
}
/** Where a packet first went another way than it should have. */
export interface WrongHop {
  node: string;
  netns: string;
  dev: string;
  stage: Decision["stage"];
  verdict: Decision["verdict"];
  /** The entry it rests on, or "" when there was none. */
  entry: string;
  /** Name in `enum skb_drop_reason`, or "". */
  reason: string;
  /** One English sentence. */
  text: string;
}
/** Exactly one a check, whatever happened. */
export type Outcome =
  | { check: string; kind: CheckKind; status: "pass"; expected: Fact; found: Fact }
  | { check: string; kind: CheckKind; status: "fail"; expected: Fact; found: Fact; firstWrong?: WrongHop; walk?: WalkView }
  | { check: string; kind: CheckKind; status: "error"; because: string };
export interface TaskResult {
  task: string;
  status: "done" | "not-yet" | "error";
  /** Earned, with the cost of hints taken off; never below 0. */
  points: number;
  of: number;
  hints: number;
  outcomes: readonly Outcome[];
}
export interface GradeView {
  at: Nanos;
  points: number;
  of: number;
  tasks: readonly TaskResult[];
}

// -- requests -------------------------------------------------------------------------------------------------------------

export type Request =
  /** First of all. `files` are those of the lab's folder, path inside the folder to text. `log` restores a session. */
  | { id: number; type: "load"; files: readonly (readonly [path: string, text: string])[]; seed: number; lang: string; log?: readonly LogEntry[]; journal?: boolean; /** The variant of one seed: asked for that seed, the files need not be read. */ packed?: PackedLab }
  /** A terminal with a login shell. `terminal` is the face's name for it, such as "h1" or "h1.2". */
  | { id: number; type: "open"; terminal: string; node: string; columns: number; rows: number }
  /** Keys as a terminal sends them: "\r" for Enter, "\x03" for Ctrl-C. */
  | { id: number; type: "input"; terminal: string; data: string }
  | { id: number; type: "resize"; terminal: string; columns: number; rows: number }
  | { id: number; type: "cut"; cable: number }
  | { id: number; type: "restore"; cable: number }
  | { id: number; type: "hint"; task: string }
  /** Checks one task, or all. The engine's time stands still meanwhile. */
  | { id: number; type: "check"; task?: string }
  /** The journal holds this entry now; see above. */
  | { id: number; type: "saved"; entry: number }
  /** How fast virtual time passes against the wall clock: 1 is real time, 0 stands still, Infinity is as fast as possible. */
  | { id: number; type: "pace"; factor: number }
  /** Runs until this instant at once (the timeline, "wait 30 s"), in slices. */
  | { id: number; type: "skip"; to: Nanos }
  /** Back to before the last command. */
  | { id: number; type: "undo" }
  /** Back to before everything. */
  | { id: number; type: "reset" }
  /** Cuts the log at `to` and goes on from there: a branch. */
  | { id: number; type: "rewind"; to: Nanos }
  /** How it was at `at`, without going there: terminals and, if wanted, tables. */
  | { id: number; type: "past"; at: Nanos; tables?: string }
  | { id: number; type: "tables"; node: string; netns?: string }
  | { id: number; type: "walk"; packet: number }
  /** Frames of one cable since the start as a pcapng file; all cables without `cable`. */
  | { id: number; type: "pcap"; cable?: number }
  /** The submission file. The grade in it is what a replay gives. */
  | { id: number; type: "submit"; student: string };

export type Reply =
  | { id: number; ok: true; type: "load"; lab: LabView; now: Nanos }
  | { id: number; ok: true; type: "open" | "input" | "resize" | "cut" | "restore" | "saved" | "pace" | "skip" }
  | { id: number; ok: true; type: "hint"; task: string; number: number; text: string; cost: number }
  | { id: number; ok: true; type: "check"; grade: GradeView }
  /** The log as it is now. Terminals were `cleared` and what they show follows as `output` events before this reply. */
  | { id: number; ok: true; type: "undo" | "reset" | "rewind"; log: readonly LogEntry[]; now: Nanos }
  | { id: number; ok: true; type: "past"; at: Nanos; terminals: readonly { terminal: string; text: string }[]; tables?: NodeTables }
  | { id: number; ok: true; type: "tables"; tables: NodeTables }
  | { id: number; ok: true; type: "walk"; walk: WalkView }
  | { id: number; ok: true; type: "pcap"; bytes: Uint8Array }
  | { id: number; ok: true; type: "submit"; name: string; text: string; grade: GradeView }
  /** One line for people. `problems` when a lab's files are at fault. */
  | { id: number; ok: false; type: Request["type"]; message: string; problems?: readonly Problem[] };

// -- events ---------------------------------------------------------------------------------------------------------------

export type Event =
  /** Octets for a terminal, as text; "\n" is "\r\n" already. */
  | { type: "output"; terminal: string; text: string; at: Nanos }
  /** Before terminals are written anew: undo, reset, rewind. */
  | { type: "cleared"; terminal: string }
  /** A log entry that takes effect now, or as soon as `saved` says so. `number` counts from 0. */
  | { type: "entry"; number: number; entry: LogEntry }
  /** At most some sixty a second; `slow` when the wall clock is faster than the engine can follow. */
  | { type: "clock"; now: Nanos; pace: number; slow: boolean }
  /** Frames since the last batch, at most 256; those left out are counted by cable. */
  | { type: "frames"; frames: readonly FrameEvent[]; more: readonly (readonly [cable: number, count: number])[] }
  /** A packet was dropped somewhere off the cables. */
  | { type: "drop"; packet: number; node: string; dev: string; stage: Decision["stage"]; reason: string; at: Nanos }
  | { type: "cable"; cable: number; cut: boolean }
  | { type: "notice"; notice: Notice }
  /** The engine broke: our fault. The session up to the last entry can be loaded again. */
  | { type: "fault"; message: string };

/** Something the learner should know about the network as a whole. */
export type Notice =
  /** Frames go round without end. `since` is when it began; it is sent again, with `over`, when it has ended. */
  | { kind: "storm"; cables: readonly number[]; perSecond: number; since: Nanos; over: boolean; text: string }
  /** A packet passed one cable again and again until its TTL ran out. */
  | { kind: "routing-loop"; nodes: readonly string[]; packet: number; at: Nanos; text: string }
  /** An instant had no end, or memory is short; the session is intact up to here. */
  | { kind: "budget"; at: Nanos; text: string };
