/**
 * The engine's worker: a module Worker that runs `lab` and answers its protocol. It gives the engine wall time in short slices,
 * posts what happened once a frame, and writes the journal: an input takes effect when its record is on the disk.
 */
import { EngineHost } from "../lab/host.ts";
import type { LogEntry } from "../lab/log.ts";
import type { Event, Reply } from "../lab/protocol.ts";
import { crc32 } from "./crc32.ts";
import { Journal } from "./journal.ts";
import type { FromWorker, SavedSession, ToWorker } from "./worker-messages.ts";

/** The part of DedicatedWorkerGlobalScope that is used; its own types and the page's cannot be loaded together. */
interface Scope {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((message: MessageEvent<ToWorker>) => void) | null;
}
const scope = self as unknown as Scope;

const FRAME_MS = 16;

class EngineWorker {
  private journal: Journal | undefined;
  private writes = false;
  private stored = true;
  private batch: (Reply | Event)[] = [];
  private started = false;
  private loaded: ((reply: Reply) => void) | undefined;
  private last = performance.now();
  private flushed = 0;
  private readonly turn = new MessageChannel();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private nextAnswer = -1;
  private readonly host = new EngineHost((message) => this.take(message), () => performance.now());

  constructor() {
    this.turn.port1.onmessage = () => this.tick();
  }

  receive(message: ToWorker): void {
    switch (message.ui) {
      case "start":
        this.start(message).catch((error: unknown) => scope.postMessage({ ui: "start-failed", message: error instanceof Error ? error.message : String(error) }));
        break;
      case "ping":
        scope.postMessage({ ui: "pong", n: message.n });
        break;
      case "keep-grades":
        if (this.writes) void this.journal?.keepGrades(message.grades);
        break;
      case "request":
        this.host.handle(message.request);
        this.flush();
        if (message.request.type === "skip") this.soon(); // a figure that steps through time asks often
        break;
    }
  }

  private async start(o: Extract<ToWorker, { ui: "start" }>): Promise<void> {
    performance.mark("start");
    this.writes = o.journal === "write";
    const sum = crc32(o.files.map(([path, text]) => `${path}\u0000${text}`).join("\u0000"));
    if (o.journal !== "none") this.journal = await Journal.open(o.lab, (why) => {
        this.stored = false;
        scope.postMessage({ ui: "journal", state: "off", why });
      });
    const saved = await this.journal?.read(sum);
    const session = await this.choose(o, saved, sum);
    const reply = await this.load(o, session);
    if (!reply.ok) throw new Error(reply.problems?.length ? `${reply.message}\n${reply.problems.map((p) => `${p.file}:${p.line} ${p.key}: ${p.rule}`).join("\n")}` : reply.message);
    if (reply.type !== "load") throw new Error("the engine answered something else");
    if (this.journal && this.stored) scope.postMessage({ ui: "journal", state: "saved" });
    scope.postMessage({ ui: "started", reply, session });
    performance.measure("lab start", "start");
    this.started = true;
    this.last = performance.now();
    this.tick();
  }

  /** Which session is begun: one from a file, the saved one, or a new one. */
  private async choose(o: Extract<ToWorker, { ui: "start" }>, saved: SavedSession | undefined, sum: number): Promise<SavedSession> {
    const fresh = (seed: number, log: readonly LogEntry[]): SavedSession => ({ seed, log, grades: [], damaged: 0, changedLab: false });
    if (o.load) {
      if (this.writes) await this.journal?.begin(o.load.seed, sum, o.load.log, "replaced");
      return fresh(o.load.seed, o.load.log);
    }
    if (saved && (o.seed === undefined || o.seed === saved.seed)) {
      if (o.forget === 0) return saved;
      const log = saved.log.slice(0, -o.forget);
      if (this.writes) {
        await this.journal?.setAside("hung", saved.seed);
        await this.journal?.replace(log);
      }
      return { ...saved, log };
    }
    const seed = o.seed ?? 1;
    if (this.writes) await this.journal?.begin(seed, sum, [], saved ? "replaced" : undefined);
    return fresh(seed, []);
  }

  private load(o: Extract<ToWorker, { ui: "start" }>, session: SavedSession): Promise<Reply> {
    return new Promise((resolve) => {
      this.loaded = resolve;
      this.host.handle({ id: 0, type: "load", files: o.files, ...(o.packed ? { packed: o.packed } : {}), seed: session.seed, lang: o.lang, log: session.log, journal: this.writes && this.journal !== undefined });
    });
  }

  /** What the engine posts. */
  private take(message: Reply | Event): void {
    if ("id" in message) {
      if (message.id < 0) return;
      if (message.id === 0) {
        this.loaded?.(message);
        return;
      }
      if (message.ok && (message.type === "undo" || message.type === "reset" || message.type === "rewind") && this.writes) void this.journal?.replace(message.log);
    } else if (message.type === "entry" && this.writes && this.journal) {
      void this.journal.append(message.number, message.entry).then(() => {
        this.host.handle({ id: this.nextAnswer--, type: "saved", entry: message.number });
        this.soon();
      });
    }
    this.batch.push(message);
  }

  private tick(): void {
    if (!this.started) return;
    const now = performance.now();
    const elapsed = now - this.last;
    this.last = now;
    const busy = this.host.tick(elapsed);
    if (busy === false || now - this.flushed >= FRAME_MS) this.flush();
    if (busy) this.soon();
    else this.sleep();
  }

  /** Another slice at once, after the messages that wait. */
  private soon(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.turn.port2.postMessage(0);
  }

  private sleep(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.tick();
    }, FRAME_MS);
  }

  private flush(): void {
    this.flushed = performance.now();
    if (this.batch.length === 0) return;
    // Of many readings of the clock only the last is news.
    const lastClock = this.batch.findLast((message) => !("id" in message) && message.type === "clock");
    const messages = this.batch.filter((message) => "id" in message || message.type !== "clock" || message === lastClock);
    this.batch = [];
    scope.postMessage({ ui: "batch", messages }, octetsOf(messages));
  }
}

/** Packets' octets and capture files go over without a copy. */
function octetsOf(messages: readonly (Reply | Event)[]): Transferable[] {
  const buffers = new Set<ArrayBuffer>();
  for (const message of messages) {
    if (!("id" in message) || !message.ok) continue;
    if (message.type === "pcap" && message.bytes.byteLength === message.bytes.buffer.byteLength) buffers.add(message.bytes.buffer as ArrayBuffer);
  }
  return [...buffers];
}

const worker = new EngineWorker();
scope.onmessage = (message) => worker.receive(message.data);
