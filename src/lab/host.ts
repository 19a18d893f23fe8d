/**
 * The engine's side of protocol.ts, without timers: a worker (or a test, or a program under Node) hands it requests and calls
 * `tick` with the wall time that has passed. It owns one live session and makes others by replay: checks, the past, hand-in.
 */
import { decodeUtf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import { CaptureArena } from "../sim/capture.ts";
import type { Skb } from "../sim/skb.ts";
import { MILLISECOND, SECOND, type Nanos } from "../sim/time.ts";
import { resetLog, rewound, undone } from "./edit-log.ts";
import { grade } from "./grade.ts";
import { LiveWatch } from "./live-watch.ts";
import { loadLab, type ResolvedLab } from "./load.ts";
import { unpackLab } from "./packed.ts";
import type { Problem } from "./problem.ts";
import { LogEntry } from "./log.ts";
import { pcapOf } from "./pcap.ts";
import type { Event, NodeTables, Reply, Request, WalkView } from "./protocol.ts";
import { replay, type Session } from "./session.ts";
import { formatSubmission } from "./submission.ts";
import { tablesOf } from "./tables.ts";
import { makeSubmission } from "./verify.ts";
import { hintText, viewLab } from "./view.ts";
import { findNetns } from "./probe.ts";

/** A slice ends after so many milliseconds, or without a clock after so many events, so that input is never kept waiting. */
const SLICE_MS = 4;
const SLICE_EVENTS = 2_000;
/** Events between two looks at the clock, at most; fewer when events are heavy, as a program's that copies files. */
const STRIDE_EVENTS = 256;
/**
 * A storm, or a program without a pause, would cost without end, now and in every replay. So many events after the last input, and so
 * many a virtual second, and time stands still; each further input buys a few more.
 */
const HELD_EVENTS = 1_000_000;
const HELD_STEP = 100_000;
const HELD_RATE = 100_000;
/** Behind by so much virtual time it is said that the engine cannot follow. */
const SLOW: Nanos = 100 * MILLISECOND;
/** A tab that slept does not catch up more than this. */
const MAX_CATCH_UP: Nanos = 250 * MILLISECOND;
/** Text a face gets of one terminal in one batch; of more it gets the end. */
const OUTPUT_BATCH = 256 << 10;
const CAPTURE_OCTETS = 16 << 20;
const CHECK_EVENTS = 200_000_000;

type RequestOf<T extends Request["type"]> = Extract<Request, { type: T }>;

export class EngineHost {
  private readonly post: (message: Reply | Event) => void;
  private readonly elapsed: (() => number) | undefined;
  private resolved: ResolvedLab | undefined;
  private session: Session | undefined;
  private watch: LiveWatch | undefined;
  private lang = "en";
  private journal = false;
  private pace = 1;
  /** Where virtual time is to stand by now. */
  private target: Nanos = 0;
  private stride = 16;
  /** Events and time at the last input; whether time stands still since. */
  private lastInput = { events: 0, at: 0 };
  private isHeld = false;
  private skipping: { to: Nanos; id: number } | undefined;
  /** An entry whose journal record is being written. */
  private unsaved: { number: number; entry: LogEntry; then: () => void } | undefined;
  private readonly queued: Request[] = [];
  private readonly outputs = new Map<string, { parts: Uint8Array[]; length: number }>();
  private readonly halves = new Map<string, Uint8Array>();
  private lastClock = "";

  /**
   * `post` takes what goes to the face, in order, also from within `handle` and `tick`. `elapsed` is a steady clock in milliseconds;
   * it only decides where a slice ends, which changes nothing that the engine does.
   */
  constructor(post: (message: Reply | Event) => void, elapsed?: () => number) {
    this.post = post;
    this.elapsed = elapsed;
  }

  // -- requests -----------------------------------------------------------------------------------------------------------

  handle(request: Request): void {
    if (this.unsaved !== undefined && request.type !== "saved") {
      this.queued.push(request);
      return;
    }
    // Our own mistakes end here: the face is told, and can load the log again.
    try {
      this.dispatch(request);
    } catch (e) {
      const message = e instanceof Error ? e.message : String(e);
      this.post({ type: "fault", message });
      this.refuse(request, "the engine made a mistake");
    }
    this.flush();
  }

  private refuse(request: { id: number; type: Request["type"] }, message: string): void {
    this.post({ id: request.id, ok: false, type: request.type, message });
  }

  private dispatch(r: Request): void {
    if (r.type === "load") return this.load(r);
    if (r.type === "saved") return this.saved(r);
    const { session, resolved } = this;
    if (session === undefined || resolved === undefined) return this.refuse(r, "no lab is loaded");
    switch (r.type) {
      case "open":
        return this.enter(r, session, [session.stamp(), "open", r.terminal, r.node, r.columns, r.rows], { id: r.id, ok: true, type: "open" });
      case "input":
        return this.enter(r, session, [session.stamp(), "key", r.terminal, r.data], { id: r.id, ok: true, type: "input" });
      case "resize":
        return this.enter(r, session, [session.stamp(), "size", r.terminal, r.columns, r.rows], { id: r.id, ok: true, type: "resize" });
      case "cut":
      case "restore":
        return this.enter(r, session, [session.stamp(), r.type, r.cable], { id: r.id, ok: true, type: r.type });
      case "hint":
        return this.hint(r, session, resolved);
      case "check":
        return this.check(r, session, resolved);
      case "pace":
        this.pace = Number.isFinite(r.factor) ? Math.max(0, r.factor) : Number.POSITIVE_INFINITY;
        this.target = session.now;
        this.post({ id: r.id, ok: true, type: "pace" });
        return;
      case "skip":
        this.skipping = { to: r.to, id: r.id };
        return;
      case "undo":
      case "reset":
      case "rewind":
        return this.goBack(r, session);
      case "past":
        return this.past(r, session, resolved);
      case "tables":
        return this.tables(r, session);
      case "walk":
        return this.walk(r, session, resolved);
      case "pcap":
        return this.pcap(r, session);
      case "submit":
        return this.submit(r, session, resolved);
    }
  }

  private load(r: RequestOf<"load">): void {
    const resolved = r.packed?.seed === r.seed ? ok(unpackLab(r.packed)) : readVariant(r.files, r.seed);
    if (!resolved.ok) {
      this.post({ id: r.id, ok: false, type: "load", message: "the lab's files have faults", problems: resolved.error });
      return;
    }
    this.resolved = resolved.value;
    this.lang = r.lang;
    this.journal = r.journal === true;
    const began = this.begin(r.log ?? []);
    if (!began.ok) return this.refuse(r, began.error);
    const view = viewLab(resolved.value, r.lang);
    const cables = view.cables.map((c) => ({ ...c, cut: !began.value.network.cables[c.id]!.connected }));
    const hintsOf = (task: string): string[] => Array.from({ length: began.value.hints.get(task) ?? 0 }, (_, i) => hintText(resolved.value, r.lang, task, i) ?? "");
    const tasks = view.tasks.map((t) => ({ ...t, hints: { ...t.hints, opened: hintsOf(t.id) } }));
    this.post({ id: r.id, ok: true, type: "load", lab: { ...view, cables, tasks }, now: began.value.now });
  }

  /** A session in which `log` has happened takes the place of the one before. */
  private begin(log: readonly LogEntry[], until?: Nanos): Result<Session, string> {
    const watch = new LiveWatch(this.resolved!, (e) => this.post(e));
    this.outputs.clear();
    this.halves.clear();
    const made = replay(this.resolved!, log.filter((e) => e[1] !== "end"), {
      capture: new CaptureArena(CAPTURE_OCTETS),
      observer: { output: (terminal, bytes) => this.keep(terminal, bytes), frame: (cable, fromA, skb: Skb, start, arrival) => watch.frame(cable, fromA, skb, start, arrival), cable: (cable, cut) => this.post({ type: "cable", cable, cut }), notice: (n) => watch.storm(n) },
      ...(until === undefined ? {} : { until }),
    });
    if (!made.ok) return err(made.error.because);
    this.session = made.value;
    this.watch = watch;
    watch.begin(made.value);
    this.target = made.value.now;
    this.skipping = undefined;
    this.lastInput = { events: made.value.executed, at: made.value.now };
    this.isHeld = false;
    return ok(made.value);
  }

  // -- inputs ---------------------------------------------------------------------------------------------------------------

  /** Posts the entry, waits for the journal where one is kept, applies it, answers. */
  private enter(r: Request, session: Session, entry: LogEntry, reply: Reply, after?: () => void): void {
    const number = session.log.length;
    const then = (): void => {
      const done = session.apply(entry);
      if (!done.ok) return this.refuse(r, done.error);
      this.lastInput = { events: session.executed, at: session.now };
      if (after !== undefined) after();
      else this.post(reply);
    };
    // Only what a submission may hold gets into the log.
    if (!LogEntry.safeParse(entry).success) return this.refuse(r, "is no input that a log can hold");
    const possible = session.allows(entry);
    if (!possible.ok) return this.refuse(r, possible.error);
    this.post({ type: "entry", number, entry });
    if (!this.journal) return then();
    this.unsaved = { number, entry, then };
  }

  private saved(r: RequestOf<"saved">): void {
    const waiting = this.unsaved;
    if (waiting === undefined || waiting.number !== r.entry) return this.refuse(r, "no such entry is waiting");
    this.unsaved = undefined;
    this.post({ id: r.id, ok: true, type: "saved" });
    waiting.then();
    while (this.unsaved === undefined && this.queued.length > 0) this.handle(this.queued.shift()!);
  }

  private hint(r: RequestOf<"hint">, session: Session, resolved: ResolvedLab): void {
    const opened = session.hints.get(r.task) ?? 0;
    const task = resolved.lab.tasks.find((t) => t.id === r.task);
    this.enter(r, session, [session.stamp(), "hint", r.task], { id: r.id, ok: true, type: "hint", task: r.task, number: opened + 1, text: hintText(resolved, this.lang, r.task, opened) ?? "", cost: task?.hints.cost ?? 0 });
  }

  private check(r: RequestOf<"check">, session: Session, resolved: ResolvedLab): void {
    const entry: LogEntry = [session.stamp(), "check", r.task ?? "*"];
    this.enter(r, session, entry, { id: r.id, ok: true, type: "saved" }, () => {
      const view = grade(resolved, session.log, session.now, { budget: CHECK_EVENTS, ...(r.task === undefined ? {} : { tasks: [r.task] }) });
      this.post({ id: r.id, ok: true, type: "check", grade: view });
    });
  }

  // -- other times ------------------------------------------------------------------------------------------------------------

  private goBack(r: RequestOf<"undo" | "reset" | "rewind">, session: Session): void {
    const to = r.type === "undo" ? undone(session.log) : r.type === "reset" ? { log: resetLog(session.log, session.began), at: session.began } : { log: rewound(session.log, r.to), at: Math.max(r.to, session.began) };
    if (to === undefined) return this.refuse(r, "there is nothing to undo");
    const terminals = [...session.terminals.keys()];
    const cables = session.network.cables.map((c) => c.connected);
    const begun = this.begin(to.log, to.at);
    if (!begun.ok) return this.refuse(r, begun.error);
    // What the replay said on its way is not news; what terminals show now is.
    this.outputs.clear();
    this.halves.clear();
    for (const name of terminals) this.post({ type: "cleared", terminal: name });
    for (const t of begun.value.terminals.values()) this.post({ type: "output", terminal: t.name, text: decodeUtf8(t.scrollback), at: begun.value.now });
    begun.value.network.cables.forEach((c, i) => c.connected !== cables[i] && this.post({ type: "cable", cable: i, cut: !c.connected }));
    this.post({ id: r.id, ok: true, type: r.type, log: [...begun.value.log], now: begun.value.now });
  }

  private past(r: RequestOf<"past">, session: Session, resolved: ResolvedLab): void {
    const at = Math.min(Math.max(r.at, session.began), session.now);
    const made = replay(resolved, session.log.filter((e) => e[0] < at), { until: at });
    if (!made.ok) return this.refuse(r, made.error.because);
    const terminals = [...made.value.terminals.values()].map((t) => ({ terminal: t.name, text: decodeUtf8(t.scrollback) }));
    const tables = r.tables === undefined ? undefined : this.tablesAt(made.value, r.tables, undefined);
    this.post({ id: r.id, ok: true, type: "past", at, terminals, ...(tables === undefined ? {} : { tables }) });
  }

  private tables(r: RequestOf<"tables">, session: Session): void {
    const tables = this.tablesAt(session, r.node, r.netns);
    if (tables === undefined) return this.refuse(r, "there is no such node or namespace");
    this.post({ id: r.id, ok: true, type: "tables", tables });
  }

  private tablesAt(session: Session, node: string, netns: string | undefined): NodeTables | undefined {
    const machine = session.network.machines.get(node);
    const ns = machine === undefined ? undefined : netns === undefined || netns === "" ? machine.kernel.initNetns : findNetns(machine, netns);
    return ns === undefined ? undefined : { node, netns: netns ?? "", at: session.now, tables: tablesOf(ns) };
  }

  private walk(r: RequestOf<"walk">, session: Session, resolved: ResolvedLab): void {
    const known = this.watch?.walk(r.packet);
    if (known !== undefined) return void this.post({ id: r.id, ok: true, type: "walk", walk: known });
    // Too long ago for what is kept: a replay knows.
    const again = new LiveWatch(resolved, () => undefined);
    const made = replay(resolved, session.log, { until: session.now, onStart: (s) => again.begin(s) });
    const walk: WalkView | undefined = made.ok ? again.walk(r.packet) : undefined;
    if (walk === undefined) return this.refuse(r, `there is nothing about packet ${r.packet} any more`);
    this.post({ id: r.id, ok: true, type: "walk", walk });
  }

  private pcap(r: RequestOf<"pcap">, session: Session): void {
    const arena = session.network.sim.capture;
    if (arena === undefined) return this.refuse(r, "no frames are kept");
    this.post({ id: r.id, ok: true, type: "pcap", bytes: pcapOf(arena, session.network.cables, r.cable) });
  }

  private submit(r: RequestOf<"submit">, session: Session, resolved: ResolvedLab): void {
    const made = makeSubmission(resolved, session.log, session.stamp(), r.student);
    if (!made.ok) return this.refuse(r, made.error);
    this.post({ id: r.id, ok: true, type: "submit", name: `${resolved.id}-${resolved.seed}.json`, text: formatSubmission(made.value.submission), grade: made.value.grade });
  }

  // -- time ---------------------------------------------------------------------------------------------------------------------

  /**
   * Call about sixty times a second with the wall time in milliseconds since the last call; runs one slice.
   * @returns whether there is more to run at once: call again after the messages that wait.
   */
  tick(wallMs: number): boolean {
    const { session } = this;
    if (session === undefined || this.unsaved !== undefined) return false;
    let busy = false;
    // Our own mistakes end here: the face is told, and can load the log again.
    try {
      busy = this.run(session, wallMs);
    } catch (e) {
      this.post({ type: "fault", message: e instanceof Error ? e.message : String(e) });
      this.session = undefined;
    }
    this.flush();
    return busy;
  }

  private run(session: Session, wallMs: number): boolean {
    if (session.stuck !== undefined || this.holds(session)) return false;
    const skip = this.skipping;
    if (skip !== undefined) this.target = Math.max(skip.to, session.now);
    else if (this.pace === Number.POSITIVE_INFINITY) this.target = session.now + SECOND;
    else {
      // What could not be done is not owed for long: virtual time is slower for a while, and a tab that slept does not catch up.
      const owed = Math.max(0, this.target - session.now) + wallMs * MILLISECOND * this.pace;
      this.target = session.now + Math.floor(Math.min(owed, MAX_CATCH_UP * Math.max(1, this.pace)));
    }
    const end = this.slice(session);
    if (end === "stuck") this.post({ type: "notice", notice: { kind: "budget", at: session.now, text: `Time stands still at ${(session.now / SECOND).toFixed(3)} s: ${session.stuck ?? ""}. Undo the last command to go on; nothing before it is lost.` } });
    if (end !== "budget") this.endSkip(session);
    this.tellClock(session, end === "budget" && skip === undefined && this.target - session.now > SLOW * Math.max(1, this.pace));
    return end === "budget" || (end === "reached" && this.pace === Number.POSITIVE_INFINITY);
  }

  private holds(session: Session): boolean {
    const events = session.executed - this.lastInput.events;
    const rate = (events * SECOND) / (session.now - this.lastInput.at + 1);
    const held = events > (this.isHeld ? HELD_STEP : HELD_EVENTS) && rate > HELD_RATE;
    if (held && !this.isHeld) {
      const what = this.watch?.isStorming === true ? "The storm is held" : "Something runs without a pause and is held";
      this.post({ type: "notice", notice: { kind: "budget", at: session.now, text: `${what}: time stands still until you type (Ctrl-C ends a program), pull a cable or undo the last command. Nothing you typed is lost.` } });
    }
    this.isHeld = held || (this.isHeld && session.now - this.lastInput.at < SECOND);
    if (held) this.endSkip(session);
    return held;
  }

  private endSkip(session: Session): void {
    const skip = this.skipping;
    if (skip === undefined) return;
    this.skipping = undefined;
    this.target = session.now;
    this.post({ id: skip.id, ok: true, type: "skip" });
  }

  private slice(session: Session): "reached" | "budget" | "stuck" {
    if (this.elapsed === undefined) return session.advance(this.target, SLICE_EVENTS);
    let now = this.elapsed();
    const until = now + SLICE_MS;
    for (;;) {
      const end = session.advance(this.target, this.stride);
      const took = this.elapsed() - now;
      now += took;
      if (end !== "budget" || now >= until) this.stride = took > 1 ? 1 : this.stride;
      else this.stride = took > 1 ? Math.max(1, this.stride >> 3) : Math.min(STRIDE_EVENTS, this.stride * 2);
      if (end !== "budget" || now >= until) return end;
    }
  }

  private tellClock(session: Session, slow: boolean): void {
    const clock = `${session.now} ${this.pace} ${slow}`;
    if (clock !== this.lastClock) this.post({ type: "clock", now: session.now, pace: this.pace, slow });
    this.lastClock = clock;
  }

  // -- output -------------------------------------------------------------------------------------------------------------------

  private keep(terminal: string, bytes: Uint8Array): void {
    let out = this.outputs.get(terminal);
    if (out === undefined) this.outputs.set(terminal, (out = { parts: [], length: 0 }));
    out.parts.push(bytes);
    out.length += bytes.length;
    while (out.length - out.parts[0]!.length > OUTPUT_BATCH) out.length -= out.parts.shift()!.length;
  }

  private flush(): void {
    const at = this.session?.now ?? 0;
    for (const [terminal, out] of this.outputs) {
      const text = this.decode(terminal, out.parts);
      if (text !== "") this.post({ type: "output", terminal, text, at });
    }
    this.outputs.clear();
    this.watch?.flush(at);
  }

  /** UTF-8 that was cut in the middle of a character waits for its rest. */
  private decode(terminal: string, parts: readonly Uint8Array[]): string {
    const held = this.halves.get(terminal);
    const all = held === undefined ? parts : [held, ...parts];
    const bytes = new Uint8Array(all.reduce((sum, p) => sum + p.length, 0));
    let at = 0;
    for (const p of all) {
      bytes.set(p, at);
      at += p.length;
    }
    const whole = wholeCharacters(bytes);
    if (whole < bytes.length) this.halves.set(terminal, bytes.slice(whole));
    else this.halves.delete(terminal);
    return decodeUtf8(bytes.subarray(0, whole));
  }
}

/** Octets up to the last character that may still be incomplete. */
function wholeCharacters(b: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= b.length; back++) {
    const c = b[b.length - back]!;
    if (c < 0x80) return b.length;
    if (c >= 0xc0) return (c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2) > back ? b.length - back : b.length;
  }
  return b.length;
}

function readVariant(files: RequestOf<"load">["files"], seed: number): Result<ResolvedLab, Problem[]> {
  const id = /^id:\s*([a-z0-9._-]+)\s*$/m.exec(files.find(([path]) => path === "lab.yaml")?.[1] ?? "")?.[1] ?? "lab";
  const source = loadLab(id, new Map(files), { seeds: [seed] });
  return source.ok ? source.value.resolve(seed) : source;
}
