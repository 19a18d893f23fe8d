/** Play, next, and the range over the steps of a film; with the words for the step that is shown. */
import { icon, type Lifetime, replace } from "./dom.ts";
import type { Step } from "./film.ts";
import { type FilmStage, wait } from "./film-stage.ts";
import { text } from "./text.ts";

export interface ControlParts {
  readonly play: HTMLButtonElement;
  readonly next: HTMLButtonElement;
  readonly range: HTMLInputElement;
  readonly status: HTMLElement;
}

export class FilmControls {
  private readonly parts: ControlParts;
  private readonly stage: FilmStage;
  private readonly onStep: (step: Step | undefined, index: number) => void;
  private readonly onArrival: (index: number) => void;
  /** Time to read what a step says, before the next one moves. */
  private readonly reading: number;
  private steps: readonly Step[] = [];
  private at = -1;
  private playing = false;
  private run = 0;

  /** @param begin is called when play is pressed and there is nothing to play yet. */
  constructor(parts: ControlParts, stage: FilmStage, o: { begin: () => void; onStep: (step: Step | undefined, index: number) => void; onArrival?: (index: number) => void; reading: number }, life: Lifetime) {
    this.parts = parts;
    this.stage = stage;
    this.onStep = o.onStep;
    this.onArrival = o.onArrival ?? (() => undefined);
    this.reading = o.reading;
    life.on(parts.play, "click", () => {
      if (this.steps.length === 0) o.begin();
      else if (this.playing) this.pause();
      else void this.play();
    });
    life.on(parts.next, "click", () => {
      if (this.steps.length === 0) o.begin();
      else void this.next();
    });
    life.on(parts.range, "input", () => this.go(Number(parts.range.value) - 1));
    life.add(() => {
      this.run++;
      stage.stop();
    });
  }

  enable(on: boolean): void {
    this.parts.play.disabled = !on;
    this.parts.next.disabled = !on;
    this.parts.range.disabled = !on || this.steps.length === 0;
  }

  say(words: string): void {
    this.parts.status.textContent = words;
  }

  setSteps(steps: readonly Step[]): void {
    this.steps = steps;
    this.stage.setSteps(steps);
    this.at = -1;
    this.parts.range.min = "1";
    this.parts.range.max = String(Math.max(1, steps.length));
    this.parts.range.value = "1";
    this.enable(true);
  }

  async play(): Promise<void> {
    const run = ++this.run;
    this.setPlaying(true);
    if (this.at >= this.steps.length - 1) this.at = -1;
    while (run === this.run && this.at < this.steps.length - 1) {
      this.mark(this.at + 1);
      if (!(await this.playStep())) break;
      if (run === this.run && this.at < this.steps.length - 1) await wait(this.reading);
    }
    if (run === this.run) this.setPlaying(false);
  }

  pause(): void {
    this.run++;
    this.stage.stop();
    this.setPlaying(false);
    if (this.at < 0) return;
    this.stage.show(this.at, 1);
    this.onArrival(this.at);
  }

  async next(): Promise<void> {
    this.run++;
    this.setPlaying(false);
    this.mark(this.at >= this.steps.length - 1 ? 0 : this.at + 1);
    await this.playStep();
  }

  private async playStep(): Promise<boolean> {
    const index = this.at;
    const ended = await this.stage.playStep(index);
    if (ended) this.onArrival(index);
    return ended;
  }

  private go(index: number): void {
    this.run++;
    this.setPlaying(false);
    this.stage.stop();
    this.mark(index);
    this.stage.show(index, 1);
    this.onArrival(index);
  }

  private mark(index: number): void {
    this.at = index;
    const step = this.steps[index];
    const words = step ? text.stepOf(index + 1, this.steps.length, step.title) : "";
    this.parts.range.value = String(index + 1);
    this.parts.range.setAttribute("aria-valuetext", words);
    this.say(words);
    this.onStep(step, index);
  }

  private setPlaying(on: boolean): void {
    if (this.playing === on) return;
    this.playing = on;
    replace(this.parts.play, icon(on ? "pause" : "play"));
    this.parts.play.setAttribute("aria-label", on ? text.pauseFilm : text.playFilm);
  }
}
