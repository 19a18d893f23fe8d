/**
 * Plays the steps of a film on drawings that are there already: marks move along their cables, boxes and passed cables turn blue.
 * A cable takes 320 ms, a decision 160 ms; with reduced motion packets step from device to device.
 */
import { s } from "./dom.ts";
import type { Hop, Step } from "./film.ts";
import { type Mark, MarkLayer } from "./marks.ts";

const HOP_MS = 320;
const DECISION_MS = 160;
/** A copy that is not the one to follow is labelled once only. */
const LETTERS_ON_COPIES = 1;

interface Wire {
  readonly path: SVGPathElement;
  /** Whether the path is drawn from the cable's second end to its first. */
  readonly turned: boolean;
}

/** One SVG of a page: its cables by index, its boxes by name. */
class Drawing {
  readonly marks: MarkLayer;
  private readonly svg: SVGSVGElement;
  private readonly wires = new Map<number, Wire>();
  private readonly boxes = new Map<string, Element>();
  private readonly passed: SVGGElement;
  /** Second lines of boxes that are no addresses: what the node does in this step. */
  private readonly words = new Map<string, Element>();

  constructor(svg: SVGSVGElement, cables: readonly { ends: readonly { node: string; dev: string }[] }[]) {
    this.svg = svg;
    for (const path of svg.querySelectorAll<SVGPathElement>("path[data-cable]")) {
      const ends = (path.dataset.cable ?? "").split(/\s+/);
      const fits = (written: string | undefined, end: { node: string; dev: string } | undefined): boolean => end !== undefined && (written === end.node || written === `${end.node}:${end.dev}`);
      cables.forEach((cable, i) => {
        const [a, b] = cable.ends;
        if (fits(ends[0], a) && fits(ends[1], b)) this.wires.set(i, { path, turned: false });
        else if (fits(ends[0], b) && fits(ends[1], a)) this.wires.set(i, { path, turned: true });
      });
    }
    for (const box of svg.querySelectorAll("[data-node]")) {
      const name = box.getAttribute("data-node") ?? "";
      this.boxes.set(name, box);
      const second = box.querySelectorAll("text")[1];
      if (second && !/\d/.test(second.textContent ?? "")) this.words.set(name, second);
    }
    for (const still of svg.querySelectorAll(".follow")) still.remove();
    this.passed = s("g");
    const firstBox = svg.querySelector("[data-node]");
    svg.insertBefore(this.passed, firstBox);
    const layer = svg.querySelector<SVGGElement>("[data-packets]") ?? svg.appendChild(s("g", { "data-packets": "" }));
    this.marks = new MarkLayer(layer);
  }

  get width(): number {
    return this.svg.viewBox.baseVal.width;
  }

  /** Boxes that the packet is at, and cables passed. */
  light(nodes: ReadonlySet<string>, cables: ReadonlySet<number>, acts: ReadonlyMap<string, string>): void {
    for (const [name, words] of this.words) words.textContent = acts.get(name) ?? "";
    for (const [name, box] of this.boxes) box.querySelector("rect")?.classList.toggle("on", nodes.has(name));
    this.passed.replaceChildren(...[...cables].flatMap((i) => (this.wires.has(i) ? [s("path", { class: "follow", d: this.wires.get(i)!.path.getAttribute("d") ?? "" })] : [])));
  }

  at(hop: Hop, t: number): { at: DOMPoint; from: DOMPoint; towards: DOMPoint } | undefined {
    const wire = this.wires.get(hop.cable);
    if (!wire) return undefined;
    const length = wire.path.getTotalLength();
    const onward = hop.forward !== wire.turned;
    const point = (along: number): DOMPoint => wire.path.getPointAtLength((onward ? along : 1 - along) * length);
    return { at: point(t), from: point(0), towards: point(1) };
  }
}

export class FilmStage {
  private readonly drawings: readonly Drawing[];
  private readonly reduced = matchMedia("(prefers-reduced-motion: reduce)");
  private steps: readonly Step[] = [];
  private frame = 0;
  private run = 0;

  constructor(root: Element, cables: readonly { ends: readonly { node: string; dev: string }[] }[]) {
    this.drawings = [...root.querySelectorAll<SVGSVGElement>("svg.net")].map((svg) => new Drawing(svg, cables));
  }

  setSteps(steps: readonly Step[]): void {
    this.stop();
    this.steps = steps;
  }

  /** Step `index` with its frames at `t` of their cables. */
  show(index: number, t: number): void {
    const step = this.steps[index];
    const before = this.steps.slice(0, index + (t >= 1 ? 1 : 0));
    const passed = new Set(this.related(step, before).flatMap((other) => other.hops.map((hop) => hop.cable)));
    const nodes = new Set(step ? (t >= 1 ? step.hops.map((hop) => hop.to) : [step.hops[0]!.from]) : []);
    for (const drawing of this.drawings) {
      drawing.light(nodes, passed, step?.acts ?? new Map());
      const marks = (step?.hops ?? []).flatMap((hop, i): Mark[] => {
        // A packet that has arrived stays on its cable, just before the box.
        const place = drawing.at(hop, Math.min(t, 1) * 0.86 + 0.04);
        if (!place) return [];
        return [{ packet: step!.packet, family: step!.family, at: place.at, from: place.from, towards: place.towards, letters: i < LETTERS_ON_COPIES ? step!.letters : "", followed: false }];
      });
      drawing.marks.draw(marks, drawing.width);
    }
  }

  /** The way so far of what is now under way: the same question, or the same answer. */
  private related(step: Step | undefined, before: readonly Step[]): readonly Step[] {
    return step ? before.filter((other) => other.letters === step.letters && other.family === step.family) : [];
  }

  clear(): void {
    this.stop();
    for (const drawing of this.drawings) {
      drawing.light(new Set(), new Set(), new Map());
      drawing.marks.draw([], 0);
    }
  }

  /** Plays one step, then settles: at its end, or when something else was shown meanwhile (false). */
  async playStep(index: number): Promise<boolean> {
    this.stop();
    const run = this.run;
    const ended = (): boolean => run !== this.run;
    if (this.reduced.matches) {
      this.show(index, 0.5);
      await wait(HOP_MS);
    } else await this.move(index, ended);
    if (ended()) return false;
    this.show(index, 1);
    await wait(DECISION_MS);
    return !ended();
  }

  private move(index: number, ended: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const begin = performance.now();
      const step = (now: number): void => {
        if (ended()) {
          resolve();
          return;
        }
        const t = Math.min(1, Math.max(0, (now - begin) / HOP_MS));
        this.show(index, t);
        if (t >= 1) resolve();
        else this.frame = requestAnimationFrame(step);
      };
      this.frame = requestAnimationFrame(step);
    });
  }

  stop(): void {
    this.run++;
    cancelAnimationFrame(this.frame);
  }
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
