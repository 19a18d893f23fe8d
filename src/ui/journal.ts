/**
 * The journal of a lab: every input of the learner, written with strict durability before the engine applies it.
 * One record an input, with a checksum; damage is found when it is read, and what lies before it is kept.
 * Runs in the engine's worker. When the store refuses (quota, private window, closed from outside) it says so once
 * and is off: the session goes on in memory.
 */
import type { LogEntry } from "../lab/log.ts";
import type { GradeView } from "../lab/protocol.ts";
import { crc32 } from "./crc32.ts";
import type { SavedSession } from "./worker-messages.ts";

const DATABASE = "packetwalk";
const VERSION = 1;
/** Copies of abandoned sessions kept for each lab. */
const COPIES_MAX = 5;

interface SessionRecord {
  lab: string;
  seed: number;
  /** Checksum of the lab's files. */
  files: number;
  grades: readonly GradeView[];
}
interface EntryRecord {
  text: string;
  sum: number;
}
interface CopyRecord {
  lab: string;
  seed: number;
  why: "damaged" | "replaced" | "hung";
  entries: readonly string[];
}

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the store refused"));
  });
const committed = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new Error("the store gave up"));
    tx.onerror = () => reject(tx.error ?? new Error("the store refused"));
  });

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore("sessions", { keyPath: "lab" });
      db.createObjectStore("entries");
      db.createObjectStore("copies", { autoIncrement: true }).createIndex("lab", "lab");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the store does not open"));
    request.onblocked = () => reject(new Error("another tab holds an older store open"));
  });
}

const entriesOf = (lab: string, from = 0): IDBKeyRange => IDBKeyRange.bound([lab, from], [lab, Number.MAX_SAFE_INTEGER]);
const messageOf = (error: unknown): string => (error instanceof Error || error instanceof DOMException ? error.name : "unknown");

export class Journal {
  private readonly db: IDBDatabase;
  private readonly lab: string;
  private readonly onOff: (why: string) => void;
  /** The records as they are meant to be, by number. */
  private texts: string[] = [];
  private off = false;
  private dirtyFrom = 0;
  private flushing: Promise<void> | undefined;

  private constructor(db: IDBDatabase, lab: string, onOff: (why: string) => void) {
    this.db = db;
    this.lab = lab;
    this.onOff = onOff;
    db.onversionchange = () => db.close();
    db.onclose = () => this.fail("closed");
  }

  /** @returns undefined when nothing can be stored here. */
  static async open(lab: string, onOff: (why: string) => void): Promise<Journal | undefined> {
    try {
      return new Journal(await openDatabase(), lab, onOff);
    } catch (error) {
      onOff(messageOf(error));
      return undefined;
    }
  }

  /** The session that lies here, as far as it can be read. */
  async read(files: number): Promise<SavedSession | undefined> {
    try {
      const tx = this.db.transaction(["sessions", "entries"], "readonly");
      const session = (await settled(tx.objectStore("sessions").get(this.lab))) as SessionRecord | undefined;
      if (!session) return undefined;
      const records = (await settled(tx.objectStore("entries").getAll(entriesOf(this.lab)))) as EntryRecord[];
      const keys = (await settled(tx.objectStore("entries").getAllKeys(entriesOf(this.lab)))) as [string, number][];
      const log: LogEntry[] = [];
      for (const [i, record] of records.entries()) {
        if (keys[i]?.[1] !== i || typeof record?.text !== "string" || crc32(record.text) !== record.sum) break;
        log.push(JSON.parse(record.text) as LogEntry);
      }
      const damaged = records.length - log.length;
      if (damaged > 0) await this.keep({ lab: this.lab, seed: session.seed, why: "damaged", entries: records.map((record) => String(record?.text)) });
      this.texts = log.map((entry) => JSON.stringify(entry));
      if (damaged > 0) await this.write(this.texts.length);
      return { seed: session.seed, log, grades: session.grades, damaged, changedLab: session.files !== files };
    } catch (error) {
      this.fail(messageOf(error));
      return undefined;
    }
  }

  /** Begins a session; what lay here is kept as a copy if it held anything. */
  async begin(seed: number, files: number, log: readonly LogEntry[], why: CopyRecord["why"] | undefined): Promise<void> {
    if (this.off) return;
    try {
      const old = (await settled(this.db.transaction("sessions").objectStore("sessions").get(this.lab))) as SessionRecord | undefined;
      if (old && why && this.texts.length > 0) await this.keep({ lab: this.lab, seed: old.seed, why, entries: this.texts });
      const tx = this.db.transaction(["sessions", "entries"], "readwrite", { durability: "strict" });
      tx.objectStore("sessions").put({ lab: this.lab, seed, files, grades: [] } satisfies SessionRecord);
      this.texts = log.map((entry) => JSON.stringify(entry));
      this.put(tx, 0);
      await committed(tx);
    } catch (error) {
      this.fail(messageOf(error));
    }
  }

  /** Settles when the entry is on the disk, or when the journal is off. */
  append(number: number, entry: LogEntry): Promise<void> {
    this.texts[number] = JSON.stringify(entry);
    this.texts.length = number + 1;
    return this.changed(number);
  }

  /** After undo and reset: the log is now this one. */
  replace(log: readonly LogEntry[]): Promise<void> {
    const texts = log.map((entry) => JSON.stringify(entry));
    let same = 0;
    while (same < texts.length && texts[same] === this.texts[same]) same++;
    this.texts = texts;
    return this.changed(same);
  }

  /** Keeps what lies here beside, before it is replaced. */
  async setAside(why: CopyRecord["why"], seed: number): Promise<void> {
    if (this.off || this.texts.length === 0) return;
    try {
      await this.keep({ lab: this.lab, seed, why, entries: this.texts });
    } catch (error) {
      this.fail(messageOf(error));
    }
  }

  async keepGrades(grades: readonly GradeView[]): Promise<void> {
    if (this.off) return;
    try {
      const tx = this.db.transaction("sessions", "readwrite", { durability: "strict" });
      const store = tx.objectStore("sessions");
      const session = (await settled(store.get(this.lab))) as SessionRecord | undefined;
      if (session) store.put({ ...session, grades });
      await committed(tx);
    } catch (error) {
      this.fail(messageOf(error));
    }
  }

  /** Inputs that arrive while a transaction is under way go into the next one together. */
  private changed(from: number): Promise<void> {
    if (this.off) return Promise.resolve();
    this.dirtyFrom = this.flushing ? Math.min(this.dirtyFrom, from) : from;
    this.flushing ??= this.flush();
    return this.flushing;
  }

  private async flush(): Promise<void> {
    try {
      while (this.dirtyFrom < Number.POSITIVE_INFINITY && !this.off) {
        const from = this.dirtyFrom;
        this.dirtyFrom = Number.POSITIVE_INFINITY;
        await this.write(from);
      }
    } catch (error) {
      this.fail(messageOf(error));
    } finally {
      this.flushing = undefined;
      this.dirtyFrom = Number.POSITIVE_INFINITY;
    }
  }

  private async write(from: number): Promise<void> {
    const tx = this.db.transaction("entries", "readwrite", { durability: "strict" });
    this.put(tx, from);
    await committed(tx);
  }

  private put(tx: IDBTransaction, from: number): void {
    const store = tx.objectStore("entries");
    store.delete(entriesOf(this.lab, from));
    for (let i = from; i < this.texts.length; i++) {
      const text = this.texts[i]!;
      store.put({ text, sum: crc32(text) } satisfies EntryRecord, [this.lab, i]);
    }
  }

  private async keep(copy: CopyRecord): Promise<void> {
    const tx = this.db.transaction("copies", "readwrite", { durability: "strict" });
    const store = tx.objectStore("copies");
    store.add(copy);
    const keys = await settled(store.index("lab").getAllKeys(this.lab));
    for (const key of keys.slice(0, Math.max(0, keys.length - COPIES_MAX))) store.delete(key);
    await committed(tx);
  }

  private fail(why: string): void {
    if (this.off) return;
    this.off = true;
    this.onOff(why);
  }

  close(): void {
    this.off = true;
    this.db.close();
  }
}
