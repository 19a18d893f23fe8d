/** Marks of packets on a drawing: shape, letters, ring. One layer a drawing; its elements are used again from frame to frame. */
import { s } from "./dom.ts";
import { type Family, markPath } from "./families.ts";
import type { Point } from "./map-layout.ts";

export interface Mark {
  readonly packet: number;
  readonly family: Family;
  readonly at: Point;
  /** Where it is bound for: letters are put beside the line. */
  readonly towards: Point;
  readonly letters: string;
  readonly followed: boolean;
}

const LETTER = 7;

export class MarkLayer {
  readonly element: SVGGElement;
  private readonly press: ((packet: number) => void) | undefined;

  constructor(element: SVGGElement, press?: (packet: number) => void) {
    this.element = element;
    this.press = press;
    element.replaceChildren();
  }

  /** @param width of the drawing, which letters do not leave. */
  draw(marks: readonly Mark[], width: number): void {
    for (const [i, mark] of marks.entries()) this.place((this.element.children[i] as SVGGElement | undefined) ?? this.fresh(), mark, width);
    while (this.element.children.length > marks.length) this.element.lastElementChild?.remove();
  }

  private fresh(): SVGGElement {
    const group = s("g", { class: "pk" }, s("circle", { class: "halo", r: 13 }), s("path", { class: "mark" }), s("text", { class: "b over" }));
    if (this.press) {
      group.append(s("rect", { class: "hit", x: -14, y: -14, width: 28, height: 28 }));
      group.addEventListener("click", () => this.press?.(Number(group.dataset.packet)));
    }
    this.element.append(group);
    return group;
  }

  private place(group: SVGGElement, mark: Mark, width: number): void {
    const { x, y } = mark.at;
    group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    const [, shape, words] = group.children as unknown as [SVGElement, SVGElement, SVGElement];
    const key = `${mark.packet} ${mark.family} ${mark.letters} ${mark.followed}`;
    if (group.dataset.key !== key) {
      group.dataset.key = key;
      group.dataset.packet = String(mark.packet);
      group.dataset.followed = String(mark.followed);
      shape.setAttribute("class", `mark f-${mark.family}`);
      shape.setAttribute("d", markPath(mark.family));
      words.textContent = mark.letters;
    }
    const upright = Math.abs(mark.towards.y - y) > Math.abs(mark.towards.x - x) * 2.5;
    const half = (mark.letters.length * LETTER) / 2;
    words.setAttribute("text-anchor", upright ? "start" : "middle");
    words.setAttribute("y", upright ? "5" : y < 26 ? "26" : "-16");
    if (upright) words.setAttribute("x", x + 15 + 2 * half > width ? String(-15 - 2 * half) : "15");
    else words.setAttribute("x", String(Math.round(Math.max(0, half + 4 - x) - Math.max(0, x + half + 4 - width))));
  }
}
