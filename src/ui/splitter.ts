/**
 * Borders that can be moved: by dragging, by arrow keys, back to the layout's own by a double click. The sizes are
 * CSS custom properties on the room, kept per device and per layout width.
 */
import { h, type Lifetime } from "./dom.ts";

export interface SplitterOptions {
  /** The custom property that the layout reads, in px: "--w-tasks". */
  readonly property: string;
  /** "vertical": a border between left and right. */
  readonly orientation: "vertical" | "horizontal";
  /** The panel whose size is set, and on which side of the border it lies. */
  readonly panel: HTMLElement;
  readonly grows: "forward" | "backward";
  readonly min: number;
  /** Room that must be left for the others. */
  readonly rest: number;
  readonly label: string;
}

const KEY = "packetwalk.panels";
type Sizes = Record<string, number>;

function kept(): Sizes {
  try {
    const raw: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof raw !== "object" || raw === null) return {};
    return Object.fromEntries(Object.entries(raw).filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
  } catch {
    return {}; // no storage, or not ours: the layout's own sizes hold
  }
}

function keep(property: string, size: number | undefined): void {
  const { [property]: _old, ...rest } = kept();
  try {
    localStorage.setItem(KEY, JSON.stringify(size === undefined ? rest : { ...rest, [property]: Math.round(size) }));
  } catch {
    // The size then holds for this visit.
  }
}

export function makeSplitter(room: HTMLElement, o: SplitterOptions, life: Lifetime): HTMLElement {
  const bar = h("div", { class: `split ${o.orientation}`, role: "separator", tabindex: 0, "aria-orientation": o.orientation, "aria-label": o.label });
  const sizeOf = (element: Element): number => (o.orientation === "vertical" ? element.getBoundingClientRect().width : element.getBoundingClientRect().height);
  const limit = (): number => Math.max(o.min, sizeOf(room) - o.rest);

  /** The bar lies over the border of its panel. */
  const place = (): void => {
    const around = bar.parentElement?.getBoundingClientRect();
    const panel = o.panel.getBoundingClientRect();
    if (!around || panel.width === 0) return;
    if (o.orientation === "vertical") bar.style.left = `${Math.round((o.grows === "forward" ? panel.right : panel.left) - around.left)}px`;
    else bar.style.top = `${Math.round((o.grows === "forward" ? panel.bottom : panel.top) - around.top)}px`;
    bar.hidden = panel.width === 0;
  };
  const announce = (): void => {
    place();
    const max = limit();
    bar.setAttribute("aria-valuemin", String(o.min));
    bar.setAttribute("aria-valuemax", String(Math.round(max)));
    bar.setAttribute("aria-valuenow", String(Math.round(Math.min(max, Math.max(o.min, sizeOf(o.panel))))));
  };
  const set = (size: number): void => {
    room.style.setProperty(o.property, `${Math.round(Math.min(limit(), Math.max(o.min, size)))}px`);
    announce();
  };
  const reset = (): void => {
    room.style.removeProperty(o.property);
    keep(o.property, undefined);
    announce();
  };

  const start = kept()[o.property];
  // Not in the page yet, so that nothing can be measured: the layout's own limits hold.
  if (start !== undefined) room.style.setProperty(o.property, `${start}px`);

  life.on(bar, "pointerdown", (down) => {
    if (down.button !== 0) return;
    down.preventDefault();
    bar.focus();
    bar.setPointerCapture(down.pointerId);
    const from = o.orientation === "vertical" ? down.clientX : down.clientY;
    const size = sizeOf(o.panel);
    const sign = o.grows === "forward" ? 1 : -1;
    const move = (e: PointerEvent): void => set(size + sign * ((o.orientation === "vertical" ? e.clientX : e.clientY) - from));
    const stop = (): void => {
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", stop);
      bar.removeEventListener("pointercancel", stop);
      if (room.style.getPropertyValue(o.property)) keep(o.property, sizeOf(o.panel));
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", stop);
    bar.addEventListener("pointercancel", stop);
  });
  life.on(bar, "dblclick", reset);
  life.on(bar, "keydown", (e) => {
    const [less, more] = o.orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const step = (e.shiftKey ? 64 : 16) * (o.grows === "forward" ? 1 : -1);
    if (e.key === less || e.key === more) {
      set(sizeOf(o.panel) + (e.key === more ? step : -step));
      keep(o.property, sizeOf(o.panel));
    } else if (e.key === "Home") reset();
    else return;
    e.preventDefault();
  });
  const watch = new ResizeObserver(announce);
  watch.observe(room);
  watch.observe(o.panel);
  life.add(() => watch.disconnect());
  return bar;
}
