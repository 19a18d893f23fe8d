/**
 * `<pw-mini-net>`: the running network of the home page. What is typed runs on h1; its packets move hop by hop, with the octets and
 * the reason for each hop. The network keeps what it has learnt from one command to the next.
 */
import { button, h, icon, Lifetime, replace, rich } from "./dom.ts";
import { Film } from "./film.ts";
import { FilmControls } from "./film-controls.ts";
import { FilmStage } from "./film-stage.ts";
import { MINI_NET, MINI_NET_NODE } from "./mini-net-lab.ts";
import { strip } from "./strip.ts";
import { text } from "./text.ts";

const READING_MS = 500;
const LINES_MAX = 14;

export class MiniNetElement extends HTMLElement {
  private life = new Lifetime();
  private film: Promise<Film> | undefined;
  private controls: FilmControls | undefined;
  private stage: FilmStage | undefined;
  private bar: HTMLElement | undefined;
  private said: HTMLElement | undefined;
  private run = 0;

  connectedCallback(): void {
    this.life = new Lifetime();
    const form = this.querySelector<HTMLFormElement>("form.line");
    const input = form?.querySelector("input");
    const go = form?.querySelector("button");
    if (!form || !input || !go) return;
    input.readOnly = false;
    go.disabled = false;
    this.life.on(form, "submit", (e) => {
      e.preventDefault();
      void this.go(input, go);
    });
    this.dataset.state = "ready";
  }

  disconnectedCallback(): void {
    this.life.end();
    void this.film?.then((film) => film.end()).catch(() => undefined);
    this.film = undefined;
  }

  private async go(input: HTMLInputElement, go: HTMLButtonElement): Promise<void> {
    const run = ++this.run;
    const command = input.value.trim();
    if (!command) return;
    go.disabled = true;
    this.controls?.pause();
    this.dataset.state = "running";
    try {
      this.film ??= Film.start(MINI_NET, "en", 1);
      const film = await this.film;
      const taken = await film.take([{ node: MINI_NET_NODE, command }]);
      if (run !== this.run || this.life.signal.aborted) return;
      this.prepare(film);
      this.print(taken.printed);
      go.disabled = false;
      this.controls!.setSteps(taken.steps);
      this.bar!.hidden = taken.steps.length === 0;
      if (taken.steps.length === 0) {
        this.stage!.clear();
        this.explain(undefined, text.noFrameSent);
      } else await this.controls!.play();
      this.dataset.state = "done";
    } catch (error) {
      this.film = undefined;
      this.dataset.state = "failed";
      this.explain(undefined, text.figureFailed);
      console.error(error);
    } finally {
      go.disabled = false;
    }
  }

  /** Parts that only a running network needs. */
  private prepare(film: Film): void {
    if (this.controls) return;
    for (const still of this.querySelectorAll("svg.net .over:not([data-packets] *)")) still.remove();
    const play = button("btn primary sm icon", icon("play"), () => undefined, { "aria-label": text.playFilm });
    const next = button("btn sm icon", icon("step"), () => undefined, { "aria-label": text.nextStep });
    const range = h("input", { type: "range", "aria-label": text.step });
    const status = h("span", { class: "st num", role: "status" });
    this.bar = h("div", { class: "film-bar" }, play, next, range, status);
    this.said = h("pre", { class: "said", tabindex: 0, role: "group", "aria-label": text.printed, hidden: true });
    this.querySelector("form.line")?.before(this.bar, this.said);
    this.stage = new FilmStage(this, film.lab.cables);
    this.controls = new FilmControls({ play, next, range, status }, this.stage, { begin: () => undefined, onStep: (step) => step && this.explain(step, step.why), reading: READING_MS }, this.life);
  }

  private explain(step: Parameters<ConstructorParameters<typeof FilmControls>[2]["onStep"]>[0], why: string): void {
    const cap = this.querySelector(".cap");
    if (!cap) return;
    if (!step) {
      replace(cap, h("span", { class: "dim" }, ...rich(why)));
      return;
    }
    const { look } = step;
    replace(cap, look ? h("span", { class: "strip-line" }, strip(look.blocks, { unit: look.blocks.length > 3 ? 2 : 4 })) : undefined, h("code", {}, look ? `${look.protocol} ${look.summary}` : step.letters), h("span", { class: "dim" }, ...rich(why)));
  }

  private print(printed: string): void {
    if (!this.said) return;
    const lines = printed.trimEnd().split("\n");
    this.said.textContent = lines.slice(-LINES_MAX).join("\n");
    this.said.hidden = printed.trim() === "";
  }
}
