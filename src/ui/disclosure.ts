/** A panel below its button, not a dialog: the page goes on behind it. Esc, its button, or leaving it closes it. */
import { button, type Child, h, type Lifetime } from "./dom.ts";

let serial = 0;

export class Disclosure {
  readonly button: HTMLButtonElement;
  readonly panel: HTMLElement;

  constructor(className: string, label: Child | readonly Child[], panelLabel: string, content: readonly Child[], life: Lifetime) {
    const id = `pw-drop-${++serial}`;
    this.panel = h("div", { class: "drop", id, role: "region", "aria-label": panelLabel, hidden: true }, ...content);
    this.button = button(className, label, () => this.toggle(), { "aria-expanded": "false", "aria-controls": id });
    life.on(this.panel, "keydown", (e) => {
      if (e.key !== "Escape") return;
      e.stopPropagation();
      this.toggle(false);
      this.button.focus();
    });
    life.on(document, "pointerdown", (e) => {
      const target = e.target as Node;
      if (!this.panel.hidden && !this.panel.contains(target) && !this.button.contains(target)) this.toggle(false);
    });
  }

  get open(): boolean {
    return !this.panel.hidden;
  }

  toggle(on = this.panel.hidden): void {
    this.panel.hidden = !on;
    this.button.setAttribute("aria-expanded", String(on));
    if (on) this.panel.querySelector<HTMLElement>("input, button, select, a[href]")?.focus();
  }
}
