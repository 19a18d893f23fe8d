/**
 * `<pw-lab-room lab lang data-source>`: starts a session of a lab and keeps it alive. Who may write is settled by a Web Lock, one
 * writer a lab; a second tab reads. A hung or broken engine is started again from the journal.
 */
import type { LogEntry } from "../lab/log.ts";
import type { Event } from "../lab/protocol.ts";
import { h, Lifetime, replace } from "./dom.ts";
import { EngineClient, fetchLab, type LabFiles, type StartOptions } from "./engine-client.ts";
import { Messages } from "./messages.ts";
import { Room } from "./room.ts";
import { saveFile } from "./save-file.ts";
import { text } from "./text.ts";

const SUBMISSION_MAX = 2 << 20;
/** Entries written before a reset, and how a file's session is begun. */
type Load = NonNullable<StartOptions["load"]>;

export class LabRoomElement extends HTMLElement {
  private life = new Lifetime();
  private readonly messages = new Messages();
  private files: Promise<LabFiles> | undefined;
  private client: EngineClient | undefined;
  private room: Room | undefined;
  private readOnly = false;
  private release: (() => void) | undefined;
  private stored: "saved" | "off" | "unknown" = "unknown";
  private readonly savedLabel = h("span", { class: "saved", role: "status" });
  /** Events that came before the room was there: what the terminals of a saved session show. */
  private early: Event[] = [];
  private generation = 0;
  /** Asked for in the address. */
  private wanted: number | undefined;
  private seed = 1;

  connectedCallback(): void {
    this.life = new Lifetime();
    this.dataset.state = "starting";
    this.stageText(text.starting);
    void this.begin();
  }

  disconnectedCallback(): void {
    this.endSession();
    this.release?.();
    this.life.end();
  }

  // -- who writes ---------------------------------------------------------------------------------------------------------

  private get lockName(): string {
    return `packetwalk lab ${this.getAttribute("lab") ?? ""}`;
  }

  /** Holds the lock until the element goes or another tab takes it. @returns whether it was got. */
  private takeLock(options: LockOptions): Promise<boolean> {
    if (!("locks" in navigator)) return Promise.resolve(true);
    return new Promise((got) => {
      navigator.locks
        .request(this.lockName, options, (lock) => {
          got(lock !== null);
          if (lock === null) return undefined;
          return new Promise<void>((release) => {
            this.release = release;
          });
        })
        .catch(() => {
          got(false);
          if (!this.readOnly && !this.life.signal.aborted) this.becomeReader();
        });
    });
  }

  /** Another tab has taken the lab over. */
  private becomeReader(): void {
    this.release = undefined;
    this.readOnly = true;
    void this.session({});
    this.waitForLock();
  }

  private waitForLock(): void {
    void this.takeLock({ signal: this.life.signal }).then((got) => {
      if (got && this.readOnly) this.becomeWriter();
    });
  }

  private becomeWriter(): void {
    this.readOnly = false;
    void this.session({});
  }

  // -- a session ----------------------------------------------------------------------------------------------------------

  private async begin(): Promise<void> {
    // Waited for in session(), while the worker's script is being fetched and read.
    this.files = fetchLab(this.dataset.source ?? "", this.getAttribute("lab") ?? "");
    this.files.catch(() => undefined);
    const wanted = new URLSearchParams(location.search).get("seed") ?? "";
    if (/^\d{1,10}$/.test(wanted) && Number(wanted) <= 0xffff_ffff) this.wanted = Number(wanted);
    this.readOnly = !(await this.takeLock({ ifAvailable: true }));
    if (this.readOnly) this.waitForLock();
    await this.session({});
  }

  private endSession(): void {
    this.generation++;
    this.room?.dispose();
    this.client?.end();
    this.room = undefined;
    this.client = undefined;
    this.early = [];
  }

  private async session(o: { forget?: number; load?: Load }): Promise<boolean> {
    const { files } = this;
    if (!files) return false;
    this.endSession();
    const generation = this.generation;
    const client = new EngineClient({
      event: (event) => this.receive(generation, event),
      batchEnd: () => undefined,
      journal: (state) => this.journal(state),
      silent: (silent) => (silent ? this.messages.set("silent", { kind: "note", title: text.silent, fixed: true }) : this.messages.clear("silent")),
      hung: () => void this.restart(generation, 1),
    });
    this.client = client;
    try {
      const lab = await files;
      if (generation !== this.generation) return false;
      const started = await client.start({ lab, lang: (this.getAttribute("lang") ?? "en").split("-")[0] ?? "en", journal: this.readOnly ? "read" : "write", ...(this.wanted === undefined ? {} : { seed: this.wanted }), ...(o.forget ? { forget: o.forget } : {}), ...(o.load ? { load: o.load } : {}) });
      if (generation !== this.generation) return false;
      const { session } = started;
      this.seed = session.seed;
      this.wanted = undefined;
      this.room = new Room({
        lab: started.lab,
        client,
        log: session.log,
        grades: session.grades,
        now: started.now,
        readOnly: this.readOnly,
        messages: this.messages,
        tools: this.tools,
        hooks: { bringBack: (log) => void this.bringBack(log), loadFile: (file) => void this.loadFile(file) },
      });
      replace(this, this.messages.element, this.room.element);
      this.tools.prepend(this.savedLabel);
      this.room.start();
      for (const event of this.early.splice(0)) this.room.receive(event);
      this.dataset.state = "running";
      this.closest(".room-page")?.classList.add("live");
      document.documentElement.classList.add("pw-lab");
      if (session.damaged) this.messages.set("damaged", { kind: "bad", title: text.damaged(session.log.length) });
      if (session.changedLab && session.log.length > 0) this.messages.set("changed", { kind: "note", title: text.changedLab });
      if (this.readOnly) this.messages.set("reader", { kind: "note", title: text.readOnly, what: text.readOnlyWhy, fixed: true, actions: [{ label: text.takeOver, press: () => void this.takeOver() }] });
      else this.messages.clear("reader");
      this.saySaved();
      return true;
    } catch (error) {
      if (generation === this.generation) this.failed(error);
      return false;
    }
  }

  private async takeOver(): Promise<void> {
    if (await this.takeLock({ steal: true })) this.becomeWriter();
  }

  private get tools(): Element {
    return document.querySelector("[data-bar-tools]") ?? this;
  }

  private receive(generation: number, event: Event): void {
    if (generation !== this.generation) return;
    if (event.type === "fault") {
      this.fault(event.message);
      return;
    }
    if (this.room) this.room.receive(event);
    else this.early.push(event);
  }

  // -- when something is wrong --------------------------------------------------------------------------------------------

  private stageText(words: string): void {
    const stage = this.querySelector("[data-room]");
    if (stage) replace(stage, h("p", { class: "needs", role: "status" }, words));
  }

  private failed(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.dataset.state = "failed";
    this.endSession();
    const stage = this.querySelector("[data-room]") ?? this;
    replace(stage, h("div", { class: "needs", role: "alert" }, h("p", {}, h("b", {}, text.loadFailed)), h("p", {}, text.loadFailedWhat), h("pre", {}, why)));
  }

  private fault(message: string): void {
    this.dataset.state = "fault";
    const log = this.room?.entries ?? [];
    this.messages.set("fault", {
      kind: "bad",
      title: text.fault,
      what: `${text.faultWhat} (${message})`,
      fixed: true,
      actions: [
        { label: text.faultRestart, press: () => void this.restart(this.generation, 1) },
        { label: text.faultSave, press: () => saveFile(`${this.getAttribute("lab") ?? "lab"}-session.json`, JSON.stringify({ lab: this.getAttribute("lab"), seed: this.seed, fault: message, log }, undefined, 1), "application/json") },
      ],
    });
  }

  /** Begins again from the journal, without its last inputs. */
  private async restart(generation: number, forget: number): Promise<void> {
    if (generation !== this.generation) return;
    this.messages.clear("silent");
    this.messages.clear("fault");
    if (await this.session({ forget })) this.messages.set("restarted", { kind: "note", title: text.restarted });
  }

  private journal(state: "saved" | "off"): void {
    if (this.stored === state) return;
    this.stored = state;
    if (state === "off") this.messages.set("journal", { kind: "bad", title: text.notSaved, what: text.notSavedWhy });
    else this.messages.clear("journal");
    this.saySaved();
  }

  private saySaved(): void {
    this.savedLabel.textContent = this.readOnly ? text.readOnly : this.stored === "off" ? text.notSaved : this.stored === "saved" ? text.saved : "";
  }

  // -- sessions from elsewhere --------------------------------------------------------------------------------------------

  private async bringBack(log: readonly LogEntry[]): Promise<void> {
    this.messages.clear("reset");
    await this.session({ load: { seed: this.seed, log } });
  }

  private async loadFile(file: File): Promise<void> {
    const refuse = (why: string): void => this.messages.set("file", { kind: "note", title: text.loadRefused(why) });
    if (file.size > SUBMISSION_MAX) {
      refuse(text.tooBig);
      return;
    }
    // The reader of submissions, with its schema, is fetched when it is needed.
    const [{ parseSubmission }, content] = await Promise.all([import("../lab/submission.ts"), file.text()]);
    const parsed = parseSubmission(content);
    if (!parsed.ok) {
      refuse(parsed.error);
      return;
    }
    const { lab, seed, log } = parsed.value;
    if (lab !== this.getAttribute("lab")) {
      refuse(text.otherLab(lab));
      return;
    }
    const before: Load = { seed: this.seed, log: [...(this.room?.entries ?? [])] };
    const open = log.at(-1)?.[1] === "end" ? log.slice(0, -1) : log;
    if (!(await this.session({ load: { seed, log: open } }))) return;
    this.messages.set("file", { kind: "ok", title: text.loadedSubmission(open.length), actions: before.log.length > 0 ? [{ label: text.bringBack, press: () => void this.backTo(before) }] : [] });
  }

  private async backTo(before: Load): Promise<void> {
    this.messages.clear("file");
    await this.session({ load: before });
  }
}
