/**
 * A few commands in a small network, run by the engine at once, and then looked at hop by hop: the home page's network and the
 * figures of the chapters. A step is one frame on one cable, or the copies of one flood together.
 */
import type { FrameEvent, LabView, Table, WalkView } from "../lab/protocol.ts";
import type { Decision } from "../sim/trace.ts";
import { EngineClient, type LabFiles } from "./engine-client.ts";
import type { Family } from "./families.ts";
import { familyOf } from "./family-of.ts";
import { type Look, lookAt } from "./packet-look.ts";
import { atPrompt, printedOf } from "./prompt.ts";
import { text } from "./text.ts";

export interface Hop {
  readonly from: string;
  readonly to: string;
  /** Index in `LabView.cables`, and whether it goes from the first end to the second. */
  readonly cable: number;
  readonly forward: boolean;
}
export interface Step {
  readonly hops: readonly Hop[];
  readonly packet: number;
  readonly family: Family;
  readonly letters: string;
  readonly at: number;
  readonly octets: number;
  readonly look: Look | undefined;
  /** One line: "who-has 10.0.0.2, h1 to sw1". */
  readonly title: string;
  /** Why it is sent there; `code` in it. */
  readonly why: string;
  /** What the senders do, in a word for the drawing: "flood". */
  readonly acts: ReadonlyMap<string, string>;
  /** When the last of its frames has arrived. */
  readonly until: number;
}

/** A command that takes longer is stopped as a person would stop it. */
const PATIENCE = 60e9;
const STEPS_MAX = 60;
/** Of a storm so many are enough to see it. */
const STORM_STEPS = 20;
/** Frames of one command that are looked at. A loop makes more; that it does is all there is to say then. */
const FRAMES_MAX = 400;
/**
 * Time passes in steps that double, so that little of it lies between the prompt and the stop, for a short command as for a long one.
 * It does not depend on the wall clock: a film is the same each time.
 */
const STEP_FIRST = 1e5;
const STEP_MOST = 5e7;

export interface Take {
  readonly steps: readonly Step[];
  /** What each command printed, without its prompt and echo. */
  readonly printed: string;
  /** It would go on without end: a storm. */
  readonly endless: boolean;
}

export class Film {
  private readonly client: EngineClient;
  readonly lab: LabView;
  private now: number;
  private frames: FrameEvent[] = [];
  private readonly said = new Map<string, string>();
  private readonly opened = new Set<string>();
  private endless = false;
  /** When something was printed last. */
  private saidAt = 0;
  private broken = "";
  private wake: () => void = () => undefined;
  private readonly ended = new Promise<void>((resolve) => {
    this.wake = resolve;
  });

  private constructor(client: EngineClient, lab: LabView, now: number) {
    this.client = client;
    this.lab = lab;
    this.now = now;
  }

  static async start(files: LabFiles, lang: string, seed: number): Promise<Film> {
    let film: Film | undefined;
    const client: EngineClient = new EngineClient({
      event: (event) => film?.receive(event),
      batchEnd: () => undefined,
      journal: () => undefined,
      silent: () => undefined,
      hung: () => film?.stop(),
    });
    try {
      const started = await client.start({ lab: files, lang, seed, journal: "none" });
      film = new Film(client, started.lab, started.now);
      await client.ask({ type: "pace", factor: 0 });
      return film;
    } catch (error) {
      client.end();
      throw error;
    }
  }

  end(): void {
    this.client.end();
    this.stop();
  }

  private stop(): void {
    this.broken = "ended";
    this.wake();
  }

  private receive(event: Parameters<ConstructorParameters<typeof EngineClient>[0]["event"]>[0]): void {
    if (event.type === "frames") this.addFrames(event.frames);
    else if (event.type === "output") {
      this.said.set(event.terminal, (this.said.get(event.terminal) ?? "") + event.text);
      this.saidAt = event.at;
    }
    else if (event.type === "fault") {
      this.broken = event.message;
      this.wake();
    }
  }

  private addFrames(frames: readonly FrameEvent[]): void {
    const room = FRAMES_MAX - this.frames.length;
    this.frames.push(...frames.slice(0, Math.max(0, room)));
    if (frames.length > room) this.endless = true;
  }

  /** Runs "node: command" lines one after the other. */
  async take(lines: readonly { node: string; command: string }[]): Promise<Take> {
    this.frames = [];
    this.endless = false;
    let printed = "";
    for (const { node, command } of lines) {
      await this.open(node);
      this.said.set(node, "");
      await this.client.ask({ type: "input", terminal: node, data: `${command}\r` });
      await this.untilPrompt(node);
      if (this.endless) break;
      printed += printedOf(this.said.get(node) ?? "");
    }
    // What happened after the prompt was back belongs to nobody's command.
    const own = this.endless ? this.frames : this.frames.filter((frame) => frame.start <= this.saidAt);
    return { steps: await this.stepsOf(own), printed, endless: this.endless };
  }

  /** A table of a node as it was just behind an instant. */
  async tableAt(node: string, kind: Table["kind"], at: number): Promise<Table | undefined> {
    const past = await this.client.ask({ type: "past", at: at + 1, tables: node });
    return past.ok ? past.tables?.tables.find((table) => table.kind === kind) : undefined;
  }

  private async open(node: string): Promise<void> {
    if (this.opened.has(node)) return;
    this.said.set(node, "");
    const reply = await this.client.ask({ type: "open", terminal: node, node, columns: 80, rows: 24 });
    if (!reply.ok) throw new Error(reply.message);
    this.opened.add(node);
    await this.untilPrompt(node);
  }

  private async untilPrompt(node: string): Promise<void> {
    const patience = this.now + PATIENCE;
    let stopped = false;
    const done = (): boolean => atPrompt(this.said.get(node) ?? "") === true;
    for (let step = STEP_FIRST; !done() && !this.broken && !this.endless; step = Math.min(2 * step, STEP_MOST)) {
      if (this.now > patience && !stopped) {
        stopped = true;
        this.client.tell({ type: "input", terminal: node, data: "\x03" });
      }
      this.now += step;
      await Promise.race([this.client.ask({ type: "skip", to: this.now }), this.ended]);
    }
    if (this.broken) throw new Error(this.broken);
  }

  // -- steps --------------------------------------------------------------------------------------------------------------

  private async stepsOf(frames: readonly FrameEvent[]): Promise<Step[]> {
    const groups: FrameEvent[][] = [];
    for (const frame of [...frames].sort((a, b) => a.start - b.start || a.cable - b.cable || a.packet - b.packet)) {
      // What is under way at the same time is one step: the copies of a flood, or of several.
      const group = groups.at(-1);
      const meanwhile = group !== undefined && frame.start < Math.min(...group.map((other) => other.arrival));
      if (meanwhile) group.push(frame);
      else if (groups.length < (this.endless ? STORM_STEPS : STEPS_MAX)) groups.push([frame]);
      else break;
    }
    const steps: Step[] = [];
    for (const group of groups) steps.push(await this.stepOf(group));
    return steps;
  }

  private sender(frame: FrameEvent): string {
    return this.lab.cables[frame.cable]!.ends[frame.from].node;
  }

  private async stepOf(group: readonly FrameEvent[]): Promise<Step> {
    const first = group[0]!;
    const reply = await this.client.ask({ type: "walk", packet: first.packet });
    const walk: WalkView | undefined = reply.ok ? reply.walk : undefined;
    const sent = walk?.decisions.find((d) => d.packet === first.packet && d.stage === "cable" && d.at <= first.start && d.node === this.sender(first));
    const look = sent ? lookAt(sent.bytes, sent.layer) : undefined;
    const hops = group.map((frame): Hop => {
      const ends = this.lab.cables[frame.cable]!.ends;
      return { from: ends[frame.from].node, to: ends[frame.from === 0 ? 1 : 0].node, cable: frame.cable, forward: frame.from === 0 };
    });
    const from = hops[0]!.from;
    const to = hops.map((hop) => hop.to).join(", ");
    // A switch that sends to several does not know where the destination is; all of a flood are of one kind.
    const acts = new Map<string, string>();
    for (const hop of hops) if (this.lab.nodes.find((node) => node.name === hop.from)?.kind === "switch") acts.set(hop.from, acts.has(hop.from) || look?.dst === "ff:ff:ff:ff:ff:ff" ? text.acts.flood : text.acts.one);
    const many = new Set(hops.map((hop) => hop.from)).size > 1;
    return {
      hops,
      packet: first.packet,
      family: familyOf(first.family),
      letters: first.label,
      acts,
      until: Math.max(...group.map((frame) => frame.arrival)),
      at: first.start,
      octets: first.length,
      look,
      title: many ? text.hopMany(first.label, hops.length) : hops.length > 1 ? text.hopFlood(first.label, from, to) : text.hop(first.label, from, to),
      why: many ? text.hopManyWhy([...new Set(hops.map((hop) => hop.from))].join(", ")) : this.why(first, from, to, look, sent, walk),
    };
  }

  private why(frame: FrameEvent, from: string, to: string, look: Look | undefined, sent: Decision | undefined, walk: WalkView | undefined): string {
    const kind = this.lab.nodes.find((node) => node.name === from)?.kind;
    // The decision that sent it here was about this packet, or about the one it was copied from.
    const about = walk?.decisions.filter((d) => d.node === from && d.at <= frame.start && (d.packet === frame.packet || d.packet === sent?.parent)) ?? [];
    const decided = about.findLast((d) => d.verdict === "flood" || (d.stage === "fdb" && d.verdict === "pass") || d.stage === "forward" || d.stage === "route");
    const dst = macOf(sent);
    if (kind === "switch" && decided?.verdict === "flood") return text.hopNode.flood(from, dst, sent !== undefined && (sent.bytes[0]! & 1) === 1);
    if (kind === "switch" && decided?.stage === "fdb") return text.hopNode.fdb(from, dst, decided.entry.match(/dev (\S+)/)?.[1] ?? decided.dev);
    if (kind === "router" && about.some((d) => d.stage === "forward")) return text.hopNode.forward(from, about.findLast((d) => d.stage === "route")?.entry ?? "");
    if (look?.protocol === "ARP" && frame.label.startsWith("who-has")) return text.hopNode.request(from, frame.label.split(" ")[1] ?? "");
    if (look?.protocol === "ARP") return text.hopNode.answer(from, look.summary.split(" ")[0] ?? "");
    if (look?.summary.startsWith("echo request")) return text.hopNode.echo(from);
    if (look?.summary.startsWith("echo reply")) return text.hopNode.echoReply(from);
    return text.hopPlain(from, to);
  }
}

const macOf = (d: Decision | undefined): string => (d ? [...d.bytes.subarray(0, 6)].map((b) => b.toString(16).padStart(2, "0")).join(":") : "");
