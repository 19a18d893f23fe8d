/** The clock: play and pause, virtual time, how fast it passes, and letting time pass at once. */
import { button, h, icon, replace } from "./dom.ts";
import { formatFactor, formatSeconds, plainSeconds } from "./format.ts";
import { text } from "./text.ts";

export interface ClockHooks {
  pace(factor: number): void;
  /** Virtual nanoseconds from now. */
  skip(by: number): void;
}

/** Factors of the wall clock. The first makes a hop of a microsecond visible. */
export const PACES = { slow: 1e-5, hundredth: 0.01, tenth: 0.1, one: 1, ten: 10, fast: Number.POSITIVE_INFINITY } as const;
export type PaceName = keyof typeof PACES;
const SKIPS = { s10: 10e9, m1: 60e9, m5: 300e9 } as const;
/** The reader is told when the clock falls behind by more than a tenth for so long. */
const SLOW_WINDOW_MS = 1000;

export class StatusLine {
  readonly element: HTMLElement;
  private readonly playButton: HTMLButtonElement;
  private readonly time = h("output", { class: "now num" });
  private readonly state = h("span", { class: "state", role: "status" });
  private readonly speed: HTMLSelectElement;
  private readonly hooks: ClockHooks;
  private playing = true;
  private chosen: PaceName = "one";
  private shownAt = -1;
  private slowSince = 0;
  private sample = { wall: 0, virtual: 0 };
  private factor = 1;
  private slow = false;

  constructor(hooks: ClockHooks) {
    this.hooks = hooks;
    this.playButton = button("btn primary sm icon", icon("pause"), () => this.toggle(), { "aria-label": text.pause, title: text.pause });
    this.speed = h("select", { class: "field", "aria-label": text.speed }, ...(Object.keys(PACES) as PaceName[]).map((name) => h("option", { value: name, ...(name === "one" ? { selected: true } : {}) }, text.speeds[name])));
    this.speed.addEventListener("change", () => {
      this.chosen = this.speed.value as PaceName;
      this.playing = true;
      this.tell();
    });
    const skips = (Object.keys(SKIPS) as (keyof typeof SKIPS)[]).map((name) => button("btn sm wait", text.skipBy(text.skipTimes[name]), () => this.hooks.skip(SKIPS[name])));
    this.element = h(
      "div",
      { class: "time", role: "group", "aria-label": text.clock },
      h("div", { class: "tc" }, this.playButton, this.time, h("span", { class: "dim unit" }, text.seconds)),
      this.state,
      h("div", { class: "tc right" }, h("span", { class: "skips", role: "group", "aria-label": text.skip }, ...skips), this.speed),
    );
    this.setTime(0);
    this.say();
  }

  get paused(): boolean {
    return !this.playing;
  }

  /** Whether frames are drawn where they are, and not hop by hop. */
  get byTime(): boolean {
    return !this.playing || PACES[this.chosen] < 1;
  }

  get pace(): number {
    return this.playing ? PACES[this.chosen] : 0;
  }

  toggle(on = !this.playing): void {
    if (this.playing === on) return;
    this.playing = on;
    this.tell();
  }

  setTime(now: number): void {
    const micros = Math.floor(now / 1000);
    if (micros === this.shownAt) return;
    this.shownAt = micros;
    this.time.textContent = formatSeconds(now);
    this.time.setAttribute("aria-label", text.timeText(plainSeconds(now)));
  }

  /** From the engine, some sixty times a second. */
  clock(now: number, slow: boolean): void {
    this.setTime(now);
    const wall = performance.now();
    if (wall - this.sample.wall > SLOW_WINDOW_MS / 2) {
      if (this.sample.wall > 0) this.factor = (now - this.sample.virtual) / ((wall - this.sample.wall) * 1e6);
      this.sample = { wall, virtual: now };
      if (this.slow) this.say();
    }
    if (!slow) this.slowSince = 0;
    else if (this.slowSince === 0) this.slowSince = wall;
    const behind = slow && wall - this.slowSince > SLOW_WINDOW_MS / 2 && Number.isFinite(this.pace);
    if (behind !== this.slow) {
      this.slow = behind;
      this.say();
    }
  }

  private tell(): void {
    const label = this.playing ? text.pause : text.play;
    replace(this.playButton, icon(this.playing ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
    this.hooks.pace(this.pace);
    this.say();
  }

  private say(): void {
    const words = !this.playing ? text.paused : this.slow ? text.slowed(formatFactor(this.factor)) : this.chosen === "one" ? text.realTime : "";
    if (this.state.textContent !== words) this.state.textContent = words;
    this.element.classList.toggle("slow", this.slow);
    this.element.classList.toggle("calm", this.playing && !this.slow);
  }
}
