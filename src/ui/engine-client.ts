/** The page's side of one engine worker: requests with their replies, events, and the watch over a worker that hangs. */
import type { Event, LabView, Reply, Request } from "../lab/protocol.ts";
import type { PackedLab } from "../lab/packed.ts";
import type { LogEntry } from "../lab/log.ts";
import type { FromWorker, SavedSession, ToWorker } from "./worker-messages.ts";

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
export type Ask = Without<Request, "id">;
type Good<R, T> = R extends { ok: true; type: infer U } ? (T extends U ? R : never) : never;
export type GoodReply<T extends Request["type"]> = Good<Reply, T>;
export type Answer<T extends Request["type"]> = GoodReply<T> | Extract<Reply, { ok: false }>;

export interface LabFiles {
  readonly id: string;
  readonly files: readonly (readonly [path: string, text: string])[];
  /** One seed's variant of them. */
  readonly packed?: PackedLab;
}

export interface StartOptions {
  readonly lab: LabFiles;
  readonly lang: string;
  /** Asked for; without it that of the saved session, or 1. */
  readonly seed?: number;
  readonly journal: "write" | "read" | "none";
  /** Leaves out the last inputs of the saved session: after a hang. */
  readonly forget?: number;
  /** A session from a file, instead of the saved one. */
  readonly load?: { seed: number; log: readonly LogEntry[] };
}

export interface Started {
  readonly lab: LabView;
  readonly now: number;
  readonly session: SavedSession;
}

export interface ClientEvents {
  event(event: Event): void;
  /** All of one batch have been handed over. */
  batchEnd(): void;
  journal(state: "saved" | "off", why: string): void;
  /** No sign of life for 3 s, or one again. */
  silent(silent: boolean): void;
  /** It was ended after 10 s of silence. */
  hung(): void;
}

/** A sign of life is asked for this often; so many unanswered in a row are silence, and so many a hang. */
const BEAT_MS = 500;
const SILENT_BEATS = 6;
const HUNG_BEATS = 20;

export async function fetchLab(source: string, id: string): Promise<LabFiles> {
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source}: ${response.status}`);
  const raw = (await response.json()) as { files: Record<string, string>; packed: PackedLab };
  return { id, files: Object.entries(raw.files), packed: raw.packed };
}

export class EngineClient {
  private readonly worker: Worker;
  private readonly events: ClientEvents;
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private nextId = 1;
  private starting: { resolve: (started: Started) => void; reject: (error: Error) => void } | undefined;
  private beat: ReturnType<typeof setInterval> | undefined;
  private unanswered = 0;
  private ended = false;

  constructor(events: ClientEvents) {
    this.events = events;
    this.worker = new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module", name: "engine" });
    this.worker.onmessage = (message: MessageEvent<FromWorker>) => this.receive(message.data);
    this.worker.onerror = (error) => this.fail(new Error(error.message || "the engine could not be fetched"));
  }

  start(o: StartOptions): Promise<Started> {
    return new Promise((resolve, reject) => {
      this.starting = { resolve, reject };
      this.post({ ui: "start", lab: o.lab.id, files: o.lab.files, ...(o.lab.packed ? { packed: o.lab.packed } : {}), lang: o.lang, journal: o.journal, forget: o.forget ?? 0, ...(o.seed === undefined ? {} : { seed: o.seed }), ...(o.load ? { load: o.load } : {}) });
    });
  }

  /** Asks the engine. An answer always comes, unless the worker is ended first. */
  ask<A extends Ask>(request: A): Promise<Answer<A["type"]>> {
    const id = this.nextId++;
    return new Promise((resolve) => {
      this.waiting.set(id, (reply) => resolve(reply as Answer<A["type"]>));
      this.post({ ui: "request", request: { ...request, id } as Request });
    });
  }

  /** For requests whose answer says nothing: keys, sizes. */
  tell(request: Ask): void {
    this.post({ ui: "request", request: { ...request, id: this.nextId++ } as Request });
  }

  post(message: ToWorker): void {
    if (!this.ended) this.worker.postMessage(message);
  }

  end(): void {
    this.ended = true;
    clearInterval(this.beat);
    this.waiting.clear();
    this.worker.terminate();
  }

  private fail(error: Error): void {
    if (this.starting) this.starting.reject(error);
    else this.events.event({ type: "fault", message: error.message });
    this.starting = undefined;
  }

  private receive(message: FromWorker): void {
    if (this.ended) return;
    this.alive();
    switch (message.ui) {
      case "pong":
        break;
      case "started":
        this.starting?.resolve({ lab: message.reply.lab, now: message.reply.now, session: message.session });
        this.starting = undefined;
        this.watch();
        break;
      case "start-failed":
        this.fail(new Error(message.message));
        break;
      case "journal":
        this.events.journal(message.state, message.why ?? "");
        break;
      case "batch":
        for (const item of message.messages) this.deliver(item);
        this.events.batchEnd();
        break;
    }
  }

  private deliver(item: Reply | Event): void {
    if (!("id" in item)) {
      this.events.event(item);
      return;
    }
    const answer = this.waiting.get(item.id);
    this.waiting.delete(item.id);
    answer?.(item);
  }

  private watch(): void {
    let n = 0;
    this.beat = setInterval(() => {
      this.unanswered++;
      if (this.unanswered === SILENT_BEATS) this.events.silent(true);
      if (this.unanswered === HUNG_BEATS) {
        this.end();
        this.events.hung();
        return;
      }
      this.post({ ui: "ping", n: n++ });
    }, BEAT_MS);
  }

  private alive(): void {
    if (this.unanswered >= SILENT_BEATS) this.events.silent(false);
    this.unanswered = 0;
  }
}
