/** Marks of packets on a drawing: shape, letters, ring. One layer a drawing; its elements are used again from frame to frame. */
import { s } from "./dom.ts";
import { type Family, markPath } from "./families.ts";
import type { Point } from "./map-layout.ts";

export interface Mark {
  readonly packet: number;
  readonly family: Family;
  readonly at: Point;
  /** The cable's two ends, in the direction of travel: letters are put beside the line. */
  readonly from: Point;
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
    const place = letterPlace(mark, width);
    words.setAttribute("text-anchor", place.anchor);
    words.setAttribute("x", String(Math.round(place.x - x)));
    words.setAttribute("y", String(Math.round(place.y - y)));
  }
}

/** Half the height of a box, with some air: letters that find no room beside a short cable go above the boxes, or below. */
const CLEAR_OF_BOX = 34;

/** A cable less steep than this is level: letters stand above it. */
const LEVEL = 0.2;

/** Where letters stand so that they cover neither the mark, nor the cable, nor the boxes at its ends. */
export function letterPlace({ at, from, towards, letters }: Mark, width: number): { x: number; y: number; anchor: "start" | "middle" } {
  const w = letters.length * LETTER;
  const dx = towards.x - from.x;
  const dy = towards.y - from.y;
  if (Math.abs(dy) > Math.abs(dx) * 0.8) {
    const y = Math.min(Math.max(from.y, towards.y) - 12, Math.max(Math.min(from.y, towards.y) + 16, at.y + 5));
    return { x: at.x + 15 + w > width ? at.x - 15 - w : at.x + 15, y, anchor: "start" };
  }
  const left = Math.min(from.x, towards.x) + 6;
  const right = Math.max(from.x, towards.x) - 6;
  const slope = dy / (dx || 1);
  if (Math.abs(slope) < LEVEL && right - left >= w) return { x: Math.min(right - w / 2, Math.max(left + w / 2, at.x)), y: Math.min(at.y, from.y, towards.y) - 14, anchor: "middle" };
  if (Math.abs(slope) >= LEVEL) {
    // Beside the mark, on the side that the cable leaves free: below it where the cable rises that way, above it where it falls.
    const toRight = right - at.x >= w + 14;
    const rises = toRight ? slope < 0 : slope > 0;
    const x = toRight ? at.x + 14 : at.x - 14 - w;
    if (toRight || at.x - left >= w + 14) return { x, y: at.y + (rises ? 17 : -9), anchor: "start" };
  }
  const above = Math.min(from.y, towards.y) - CLEAR_OF_BOX;
  const x = Math.min(width - w / 2 - 4, Math.max(w / 2 + 4, (left + right) / 2));
  return { x, y: above >= 14 ? above : Math.max(from.y, towards.y) + CLEAR_OF_BOX + 8, anchor: "middle" };
}
