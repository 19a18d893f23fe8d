/** Tabs after the ARIA pattern: one tab stop, arrows choose, Home and End go to the ends. */
import { h, type Child } from "./dom.ts";

export interface Tab {
  readonly id: string;
  readonly label: readonly Child[];
  readonly panel: HTMLElement;
  readonly className?: string;
}

let serial = 0;

export class Tabs {
  readonly list: HTMLElement;
  private readonly tabs: { tab: Tab; button: HTMLButtonElement }[] = [];
  private readonly onSelect: (id: string, byPerson: boolean) => void;
  private readonly prefix = `pw-tab-${++serial}`;
  private current = "";

  constructor(label: string, onSelect: (id: string, byPerson: boolean) => void) {
    this.onSelect = onSelect;
    this.list = h("div", { role: "tablist", "aria-label": label });
    this.list.addEventListener("keydown", (e) => this.move(e));
  }

  get selected(): string {
    return this.current;
  }

  get ids(): readonly string[] {
    return this.tabs.map(({ tab }) => tab.id);
  }

  buttonOf(id: string): HTMLButtonElement | undefined {
    return this.tabs.find(({ tab }) => tab.id === id)?.button;
  }

  /** Adds a tab, before the tab `before` if that is there. */
  add(tab: Tab, before?: string): void {
    const key = tab.id.replace(/[^\w-]/g, "_");
    const b = h("button", { type: "button", role: "tab", id: `${this.prefix}-${key}`, "aria-controls": `${this.prefix}-panel-${key}`, "aria-selected": "false", tabindex: -1, ...(tab.className ? { class: tab.className } : {}) }, ...tab.label);
    b.dataset.tab = tab.id;
    b.addEventListener("click", () => this.select(tab.id, true));
    tab.panel.id = `${this.prefix}-panel-${key}`;
    tab.panel.setAttribute("role", "tabpanel");
    tab.panel.setAttribute("aria-labelledby", b.id);
    tab.panel.hidden = true;
    const at = before === undefined ? -1 : this.tabs.findIndex((other) => other.tab.id === before);
    if (at < 0) {
      this.tabs.push({ tab, button: b });
      this.list.append(b);
    } else {
      this.list.insertBefore(b, this.tabs[at]!.button);
      this.tabs.splice(at, 0, { tab, button: b });
    }
  }

  remove(id: string): void {
    const at = this.tabs.findIndex(({ tab }) => tab.id === id);
    if (at < 0) return;
    const [gone] = this.tabs.splice(at, 1);
    gone!.button.remove();
    gone!.tab.panel.remove();
    if (this.current === id) {
      const next = this.tabs[Math.max(0, at - 1)];
      if (next) this.select(next.tab.id, false);
    }
  }

  select(id: string, byPerson = false): void {
    if (!this.tabs.some(({ tab }) => tab.id === id)) return;
    this.current = id;
    for (const { tab, button } of this.tabs) {
      const on = tab.id === id;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      tab.panel.hidden = !on;
    }
    this.buttonOf(id)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.onSelect(id, byPerson);
  }

  private move(e: KeyboardEvent): void {
    const shown = this.tabs.filter(({ button }) => button.offsetParent !== null);
    const at = shown.findIndex(({ tab }) => tab.id === this.current);
    const to = e.key === "ArrowRight" ? (at + 1) % shown.length : e.key === "ArrowLeft" ? (at + shown.length - 1) % shown.length : e.key === "Home" ? 0 : e.key === "End" ? shown.length - 1 : -1;
    const target = shown[to];
    if (to < 0 || !target) return;
    e.preventDefault();
    target.button.focus();
    this.select(target.tab.id, true);
  }
}
