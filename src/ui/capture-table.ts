/**
 * Frames on the cables, one a row, oldest first. Only rows that can be seen are in the page; a grid after the ARIA pattern:
 * arrows choose, Enter follows the packet. The filter is words that must all occur in a row.
 */
import type { FrameEvent, LabView } from "../lab/protocol.ts";
import { button, h, replace } from "./dom.ts";
import { markIcon } from "./families.ts";
import { familyOf } from "./family-of.ts";
import { formatSeconds, plainSeconds } from "./format.ts";
import { text } from "./text.ts";

const ROW = 24;
/** Frames kept in the page; all of them are in the file. */
const KEPT = 5_000;

export interface CaptureHooks {
  follow(frame: FrameEvent): void;
  save(cable: number | undefined): void;
}

interface Row {
  readonly frame: FrameEvent;
  readonly cable: string;
  readonly haystack: string;
}

export class CaptureTable {
  readonly element: HTMLElement;
  private readonly lab: LabView;
  private readonly hooks: CaptureHooks;
  private readonly scroll: HTMLElement;
  private readonly body = h("div", { class: "rows", role: "rowgroup" });
  private readonly input = h("input", { class: "field", type: "search", spellcheck: "false", autocomplete: "off", autocapitalize: "off", placeholder: text.filterHint, "aria-label": text.filter });
  private readonly count = h("span", { class: "dim num", role: "status" });
  private readonly empty = h("p", { class: "empty" });
  private rows: Row[] = [];
  private shown: Row[] = [];
  private left = 0;
  private words: string[] = [];
  private selected: FrameEvent | undefined;
  private scheduled = false;
  private atEnd = true;

  constructor(lab: LabView, hooks: CaptureHooks) {
    this.lab = lab;
    this.hooks = hooks;
    const head = h("div", { class: "grow-row head", role: "row" }, ...[text.time, text.cable, text.protocol, text.length, text.what].map((name) => h("span", { role: "columnheader" }, name)));
    this.scroll = h("div", { class: "scroll grid", role: "grid", tabindex: 0, "aria-label": text.captureGrid }, h("div", { role: "rowgroup" }, head), this.body);
    const bar = h("div", { class: "gbar" }, this.input, this.count, h("span", { class: "sp" }), button("btn bare sm", text.savePcap, () => hooks.save(this.onlyCable())));
    this.element = h("div", { class: "capture" }, bar, this.scroll, this.empty);
    this.input.addEventListener("input", () => this.filter(this.input.value));
    this.scroll.addEventListener("scroll", () => {
      this.atEnd = this.scroll.scrollTop + this.scroll.clientHeight > this.scroll.scrollHeight - ROW;
      this.draw();
    }, { passive: true });
    this.scroll.addEventListener("keydown", (e) => this.key(e));
    new ResizeObserver(() => this.draw()).observe(this.scroll);
    this.draw();
  }

  get frames(): readonly FrameEvent[] {
    return this.rows.map((row) => row.frame);
  }

  get latest(): FrameEvent | undefined {
    return this.rows.at(-1)?.frame;
  }

  add(frames: readonly FrameEvent[], more: readonly (readonly [number, number])[]): void {
    for (const [, n] of more) this.left += n;
    const fresh = frames.map((frame): Row => {
      const ends = this.lab.cables[frame.cable]!.ends;
      const from = ends[frame.from];
      const to = ends[frame.from === 0 ? 1 : 0];
      const cable = `${from.node}:${from.dev} > ${to.node}:${to.dev}`;
      return { frame, cable, haystack: `${cable} ${frame.family} ${frame.label} ${frame.length}`.toLowerCase() };
    });
    this.rows.push(...fresh);
    this.shown.push(...fresh.filter((row) => this.matches(row)));
    if (this.rows.length > KEPT + 500) {
      const gone = this.rows.splice(0, this.rows.length - KEPT);
      this.left += gone.length;
      const first = this.rows[0];
      const cut = first ? this.shown.findIndex((row) => row.frame.start >= first.frame.start) : 0;
      if (cut > 0) this.shown.splice(0, cut);
    }
    this.later();
  }

  clear(): void {
    this.rows = [];
    this.shown = [];
    this.left = 0;
    this.selected = undefined;
    this.draw();
  }

  select(frame: FrameEvent | undefined): void {
    this.selected = frame;
    this.draw();
  }

  setFilter(words: string): void {
    this.input.value = words;
    this.filter(words);
  }

  focusFilter(): void {
    this.input.focus();
    this.input.select();
  }

  focus(): void {
    this.scroll.focus();
  }

  /** The row before or after the selected one, among those shown. */
  step(by: 1 | -1): FrameEvent | undefined {
    const at = this.shown.findIndex((row) => row.frame === this.selected);
    const to = at < 0 ? (by < 0 ? this.shown.length - 1 : 0) : at + by;
    return this.shown[to]?.frame;
  }

  show(): void {
    this.draw();
    if (this.atEnd) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  private onlyCable(): number | undefined {
    const cables = new Set(this.shown.map((row) => row.frame.cable));
    return this.words.length > 0 && cables.size === 1 ? [...cables][0] : undefined;
  }

  private matches(row: Row): boolean {
    return this.words.every((word) => row.haystack.includes(word));
  }

  private filter(words: string): void {
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.shown = this.rows.filter((row) => this.matches(row));
    this.atEnd = true;
    this.draw();
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  private later(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      if (this.scroll.offsetParent === null) return;
      const stay = this.atEnd;
      this.draw();
      if (stay) this.scroll.scrollTop = this.scroll.scrollHeight;
    });
  }

  private key(e: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / ROW) - 2);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[e.key];
    if (by !== undefined) {
      const at = this.shown.findIndex((row) => row.frame === this.selected);
      const from = at < 0 ? (by > 0 ? -1 : this.shown.length) : at;
      const to = Math.min(this.shown.length - 1, Math.max(0, from + by));
      this.selected = this.shown[to]?.frame;
      this.reveal(to);
      e.preventDefault();
    } else if (e.key === "Enter" && this.selected) {
      e.preventDefault();
      this.hooks.follow(this.selected);
    }
  }

  private reveal(index: number): void {
    const top = index * ROW;
    const visible = this.scroll.clientHeight - ROW;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + ROW > this.scroll.scrollTop + visible) this.scroll.scrollTop = top + ROW - visible;
    this.draw();
  }

  private draw(): void {
    const total = this.shown.length;
    this.scroll.setAttribute("aria-rowcount", String(total + 1));
    this.body.style.height = `${total * ROW}px`;
    const first = Math.max(0, Math.floor(this.scroll.scrollTop / ROW) - 4);
    const last = Math.min(total, first + Math.ceil((this.scroll.clientHeight || 400) / ROW) + 10);
    replace(this.body, ...this.shown.slice(first, last).map((row, i) => this.row(row, first + i)));
    const active = this.shown.findIndex((row) => row.frame === this.selected);
    if (active >= first && active < last) this.scroll.setAttribute("aria-activedescendant", `pw-cap-${active}`);
    else this.scroll.removeAttribute("aria-activedescendant");
    this.count.textContent = [text.frameCount(total, this.rows.length), this.left > 0 ? text.leftOut(this.left) : ""].filter(Boolean).join(", ");
    this.empty.hidden = total > 0;
    this.empty.textContent = this.rows.length === 0 ? text.noFrames : text.filterNone;
    this.scroll.classList.toggle("none", total === 0);
  }

  private row({ frame, cable }: Row, index: number): HTMLElement {
    const on = frame === this.selected;
    const cell = (className: string, ...children: (Node | string)[]): HTMLElement => h("span", { role: "gridcell", class: className }, ...children);
    const time = cell("m num", formatSeconds(frame.start));
    time.setAttribute("aria-label", plainSeconds(frame.start));
    const row = h(
      "div",
      { class: `grow-row${on ? " on" : ""}`, role: "row", id: `pw-cap-${index}`, "aria-rowindex": index + 2, "aria-selected": String(on), style: `top:${index * ROW}px` },
      time,
      cell("m", cable),
      cell("fam", markIcon(familyOf(frame.family)), frame.family),
      cell("m num", String(frame.length)),
      cell("m", frame.lost ? `${frame.label} (${text.lost})` : frame.label),
    );
    row.addEventListener("click", () => this.hooks.follow(frame));
    return row;
  }
}
