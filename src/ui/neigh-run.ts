/**
 * One neighbour entry of a running network, watched while virtual time passes in steps. The engine decides everything; this asks it
 * what the entry is: after each step, and at each instant at which a frame about it was on the node's cable, however short a state was.
 */
import type { FrameEvent, LabView, NodeTables } from "../lab/protocol.ts";
import type { Answer, Ask } from "./engine-client.ts";

export interface Engine {
  ask<A extends Ask>(request: A): Promise<Answer<A["type"]>>;
}

/** What was seen when: a frame of the node's cable, or that a timer or a person has changed the entry. */
export type Cause = "request" | "reply" | "sent" | "echo" | "timer" | "typed" | "cut" | "restored";
export interface Entry {
  /** As the kernel names it; "" when there is no entry. */
  readonly state: string;
  readonly mac: string;
}
export interface Sighting extends Entry {
  readonly at: number;
  readonly before: string;
  readonly cause: Cause;
}

export interface Subject {
  readonly node: string;
  readonly peer: string;
  readonly address: string;
}

/** Longer steps would hide which of two timers fired. */
export const STEP = 1e8;
/** Enough for a question, its answer and a ping, and too short for any timer of the kernel. */
const MOMENT = 5e6;

const MICROSECOND = 1e3;

const NONE: Entry = { state: "", mac: "" };

const same = (a: Entry, b: Entry): boolean => a.state === b.state && a.mac === b.mac;

export class NeighRun {
  readonly subject: Subject;
  readonly began: number;
  private readonly engine: Engine;
  private readonly cable: LabView["cables"][number];
  private readonly peerCable: LabView["cables"][number];
  private readonly dev: string;
  private frames: FrameEvent[] = [];
  private opened = false;
  now: number;
  entry: Entry = NONE;
  cut = false;

  constructor(engine: Engine, lab: LabView, now: number, subject: Subject) {
    const cableOf = (node: string): LabView["cables"][number] => {
      const cable = lab.cables.find(({ ends }) => ends.some((end) => end.node === node));
      if (!cable) throw new Error(`${node} has no cable`);
      return cable;
    };
    this.engine = engine;
    this.subject = subject;
    this.cable = cableOf(subject.node);
    this.peerCable = cableOf(subject.peer);
    this.dev = this.cable.ends.find((end) => end.node === subject.node)!.dev;
    this.now = now;
    this.began = now;
  }

  /** Frames that the engine has told of. */
  receive(frames: readonly FrameEvent[]): void {
    this.frames.push(...frames.filter((frame) => frame.cable === this.cable.id));
  }

  /** One packet to the neighbour, sent now. */
  async ping(): Promise<Sighting[]> {
    await this.type(`ping -c 1 -W 1 ${this.subject.address} > /dev/null 2>&1 &`);
    return this.advance(MOMENT);
  }

  async forget(): Promise<Sighting[]> {
    await this.type(`ip neigh del ${this.subject.address} dev ${this.dev}`);
    return this.advance(MOMENT, "typed");
  }

  /** Pulls the neighbour's cable, or plugs it in again. */
  async unplug(cut: boolean): Promise<Sighting[]> {
    await this.done({ type: cut ? "cut" : "restore", cable: this.peerCable.id });
    this.cut = cut;
    const sighting: Sighting = { at: this.now, ...this.entry, before: this.entry.state, cause: cut ? "cut" : "restored" };
    return [sighting, ...(await this.advance(MOMENT))];
  }

  /** Lets time pass, in steps of at most STEP. */
  async wait(by: number): Promise<Sighting[]> {
    const seen: Sighting[] = [];
    for (const until = this.now + by; this.now < until; ) seen.push(...(await this.advance(Math.min(STEP, until - this.now))));
    return seen;
  }

  /** What `ip neigh show` prints, without the blank at its end. */
  get line(): string {
    return this.lineOf(this.entry);
  }

  lineOf({ state, mac }: Entry): string {
    return state === "" ? "" : [this.subject.address, "dev", this.dev, ...(mac ? ["lladdr", mac] : []), state].join(" ");
  }

  private async type(line: string): Promise<void> {
    const terminal = this.subject.node;
    if (!this.opened) {
      await this.done({ type: "open", terminal, node: terminal, columns: 80, rows: 24 });
      this.opened = true;
      await this.advance(MOMENT); // the shell starts
    }
    await this.done({ type: "input", terminal, data: `${line}\r` });
  }

  private async done(request: Ask): Promise<void> {
    const reply = await this.engine.ask(request);
    if (!reply.ok) throw new Error(reply.message);
  }

  private async advance(by: number, cause: Cause = "timer"): Promise<Sighting[]> {
    const from = this.now;
    const to = from + by;
    await this.done({ type: "skip", to });
    this.now = to;
    const here = await this.engine.ask({ type: "tables", node: this.subject.node });
    if (!here.ok) throw new Error(here.message);
    const seen: Sighting[] = [];
    const see = (at: number, entry: Entry, why: Cause): void => {
      seen.push({ at, ...entry, before: this.entry.state, cause: why });
      this.entry = entry;
    };
    for (const { at, cause: why } of this.due()) see(at, await this.entryAt(at), why);
    const entry = this.entryIn(here.tables);
    if (!same(entry, this.entry)) see(await this.whenChanged(seen.at(-1)?.at ?? from), entry, cause);
    return seen;
  }

  /** A change without a frame: when it was, to a microsecond, by asking the past for the half in which it lies. */
  private async whenChanged(from: number): Promise<number> {
    let before = from;
    let after = this.now;
    while (after - before > MICROSECOND) {
      const middle = Math.floor((before + after) / 2);
      if (same(await this.entryAt(middle), this.entry)) before = middle;
      else after = middle;
    }
    return after;
  }

  /** Frames about the entry that have left, or have arrived, by now. */
  private due(): { at: number; cause: Cause }[] {
    const found = this.frames.flatMap((frame) => {
      const leaving = this.cable.ends[frame.from].node === this.subject.node;
      const at = leaving ? frame.start : frame.arrival;
      const cause = this.causeOf(frame.label, leaving);
      return cause && !frame.lost ? [{ at, cause, frame }] : [];
    });
    const due = found.filter(({ at }) => at < this.now).sort((a, b) => a.at - b.at);
    this.frames = found.filter(({ at }) => at >= this.now).map(({ frame }) => frame);
    return due;
  }

  private causeOf(label: string, leaving: boolean): Cause | undefined {
    if (leaving && label === `who-has ${this.subject.address}`) return "request";
    if (!leaving && label.startsWith(`${this.subject.address} is-at`)) return "reply";
    if (leaving && label.startsWith("echo request")) return "sent";
    return !leaving && label.startsWith("echo reply") ? "echo" : undefined;
  }

  private async entryAt(at: number): Promise<Entry> {
    // Just behind the instant, so that what happened in it has happened.
    const past = await this.engine.ask({ type: "past", at: at + 1, tables: this.subject.node });
    if (!past.ok) throw new Error(past.message);
    return past.tables ? this.entryIn(past.tables) : NONE;
  }

  private entryIn({ tables }: NodeTables): Entry {
    const row = tables.find(({ kind }) => kind === "neigh")?.rows.find(([address]) => address === this.subject.address);
    return row ? { mac: row[2] ?? "", state: row[3] ?? "" } : NONE;
  }
}
