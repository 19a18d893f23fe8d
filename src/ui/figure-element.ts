/** `<pw-figure lab seed run watch>`: the drawing of a chapter comes alive: its commands run in the lab's network, and its packets move. */
import { h, Lifetime, replace, rich } from "./dom.ts";
import { fetchLab } from "./engine-client.ts";
import { Film, type Take } from "./film.ts";
import { FilmControls } from "./film-controls.ts";
import { FilmStage } from "./film-stage.ts";
import { strip } from "./strip.ts";
import { text } from "./text.ts";
import { WatchedTable } from "./watched-table.ts";

/** Between two steps, so that the words can be read. */
const READING_MS = 500;

export class FigureElement extends HTMLElement {
  private life = new Lifetime();
  private controls: FilmControls | undefined;
  private starting = false;
  private why: HTMLElement | undefined;
  private endless = false;
  private table: WatchedTable | undefined;

  connectedCallback(): void {
    this.life = new Lifetime();
    const parts = {
      play: this.querySelector<HTMLButtonElement>("[data-act=play]"),
      next: this.querySelector<HTMLButtonElement>("[data-act=next]"),
      range: this.querySelector<HTMLInputElement>("input[type=range]"),
      status: this.querySelector<HTMLElement>("[data-status]"),
    };
    if (!parts.play || !parts.next || !parts.range || !parts.status) return;
    // The still drawing stays as it is until play is pressed.
    for (const b of [parts.play, parts.next]) {
      b.disabled = false;
      this.life.on(b, "click", () => void this.start(parts as Parameters<FigureElement["start"]>[0], b === parts.play));
    }
    parts.status.textContent = text.figureReady;
    this.dataset.state = "ready";
  }

  disconnectedCallback(): void {
    this.life.end();
  }

  private get lines(): { node: string; command: string }[] {
    return (this.getAttribute("run") ?? "").split("\n").filter(Boolean).map((line) => {
      const colon = line.indexOf(":");
      return { node: line.slice(0, colon).trim(), command: line.slice(colon + 1).trim() };
    });
  }

  private async start(parts: { play: HTMLButtonElement; next: HTMLButtonElement; range: HTMLInputElement; status: HTMLElement }, play: boolean): Promise<void> {
    if (this.starting || this.controls) return;
    this.starting = true;
    parts.status.textContent = text.figureStarting;
    try {
      const lab = this.getAttribute("lab") ?? "";
      const film = await Film.start(await fetchLab(`/labs/${lab}/lab.json`, lab), (document.documentElement.lang || "en").split("-")[0] ?? "en", Number(this.getAttribute("seed") ?? "1"));
      const watch = this.getAttribute("watch");
      const table = watch ? new WatchedTable(watch, film.lab) : undefined;
      const taken = await this.take(film, table).finally(() => film.end());
      if (this.life.signal.aborted) return;
      if (taken.steps.length === 0) {
        parts.status.textContent = text.noFrameSent;
        return;
      }
      this.why = h("div", { class: "said-why" });
      this.querySelector("[data-controls]")?.before(...(table ? [table.element] : []), this.why);
      this.table = table;
      this.endless = taken.endless;
      const controls = new FilmControls(parts, new FilmStage(this, film.lab.cables), { begin: () => undefined, onStep: (step, index) => this.say(step, index, taken.steps.length), onArrival: (index) => this.table?.show(index), reading: READING_MS }, this.life);
      controls.setSteps(taken.steps);
      this.controls = controls;
      this.dataset.state = "live";
      if (play) await controls.play();
      else await controls.next();
    } catch (error) {
      parts.status.textContent = text.figureFailed;
      this.dataset.state = "failed";
      console.error(error);
    } finally {
      this.starting = false;
    }
  }

  /** Stops the film where it is. */
  pause(): void {
    this.controls?.pause();
  }

  private async take(film: Film, table: WatchedTable | undefined): Promise<Take> {
    const taken = await film.take(this.lines);
    await table?.read(film, taken.steps);
    return taken;
  }

  private say(step: Parameters<ConstructorParameters<typeof FilmControls>[2]["onStep"]>[0], index: number, of: number): void {
    this.table?.show(index - 1); // until the frame is there
    if (!this.why || !step) return;
    const why = index === of - 1 && this.endless ? text.endless : step.why;
    replace(this.why, step.look ? strip(step.look.blocks, { unit: 3, height: 20 }) : undefined, h("span", { class: "num dim" }, text.octets(step.octets)), h("p", {}, ...rich(why)));
  }
}
