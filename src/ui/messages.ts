/** Lines between the bar and the panels: what the reader should know, with what can be done. They stay until it is over or closed. */
import { button, type Child, h, icon } from "./dom.ts";
import { text } from "./text.ts";

export interface Message {
  readonly kind: "note" | "bad" | "ok";
  readonly title: string;
  readonly what?: string;
  readonly actions?: readonly { readonly label: string; readonly press: () => void }[];
  /** Goes by itself after so many milliseconds. */
  readonly for?: number;
  readonly fixed?: boolean;
}

export class Messages {
  readonly element = h("div", { class: "msgs" });
  private readonly shown = new Map<string, { element: HTMLElement; timer?: ReturnType<typeof setTimeout> }>();
  private readonly status = h("div", { class: "vh", role: "status" });
  private readonly alert = h("div", { class: "vh", role: "alert" });

  constructor() {
    this.element.append(this.status, this.alert);
  }

  set(key: string, message: Message): void {
    const words = [message.title, message.what].filter(Boolean).join(" ");
    const old = this.shown.get(key);
    // Only our own fault and lost saving interrupt.
    const region = message.kind === "bad" ? this.alert : this.status;
    if (old?.element.dataset.words !== words) region.textContent = words;
    const actions: Child[] = (message.actions ?? []).map(({ label, press }) => button("btn sm", label, press));
    const close = message.fixed ? false : button("btn bare sm icon", icon("cross"), () => this.clear(key), { "aria-label": text.close, title: text.close });
    const element = h("div", { class: `msg ${message.kind}`, "data-message": key }, h("p", {}, h("b", {}, message.title), message.what ? ` ${message.what}` : ""), h("span", { class: "msg-acts" }, ...actions, close));
    element.dataset.words = words;
    if (old) {
      clearTimeout(old.timer);
      old.element.replaceWith(element);
    } else this.element.append(element);
    this.shown.set(key, message.for ? { element, timer: setTimeout(() => this.clear(key), message.for) } : { element });
  }

  has(key: string): boolean {
    return this.shown.has(key);
  }

  clear(key: string): void {
    const old = this.shown.get(key);
    if (!old) return;
    clearTimeout(old.timer);
    old.element.remove();
    this.shown.delete(key);
  }

  clearAll(): void {
    for (const key of [...this.shown.keys()]) this.clear(key);
  }
}
