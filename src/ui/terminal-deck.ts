/**
 * The terminals of a lab: one tab a node, more by "+". A terminal is opened in the engine when it is first shown, with the size
 * it then has; one of a saved session is drawn again from what the replay prints.
 */
import type { LogEntry } from "../lab/log.ts";
import type { LabView } from "../lab/protocol.ts";
import { button, h, icon, replace } from "./dom.ts";
import type { EngineClient } from "./engine-client.ts";
import { atPrompt } from "./prompt.ts";
import type { Tabs } from "./tabs.ts";
import { TerminalPane } from "./terminal-pane.ts";
import { text } from "./text.ts";

interface Held {
  readonly name: string;
  readonly node: string;
  readonly pane: TerminalPane;
  readonly panel: HTMLElement;
  /** The engine has it. */
  opened: boolean;
  opening: boolean;
  size: { columns: number; rows: number };
  running: boolean;
}

/** What the keys of the touch row send; "ctrl" makes the next letter a control character. */
const TOUCH: readonly (readonly [label: string, send: string, name: string])[] = [
  ["Ctrl", "ctrl", ""],
  ["^C", "\x03", "Control C"],
  ["Tab", "\t", ""],
  ["Esc", "\x1b", ""],
  ["<", "\x1b[D", "Left"],
  ["^", "\x1b[A", "Up"],
  ["v", "\x1b[B", "Down"],
  [">", "\x1b[C", "Right"],
  ["|", "|", "Pipe"],
  ["/", "/", "Slash"],
  ["-", "-", "Hyphen"],
];
export class TerminalDeck {
  readonly element = h("div", { class: "deck" });
  readonly newButton: HTMLButtonElement;
  readonly touchKeys: HTMLElement;
  private readonly pausedLine = h("div", { class: "paused", hidden: true });
  private readonly lab: LabView;
  private readonly client: EngineClient;
  private readonly tabs: Tabs;
  private readonly readOnly: boolean;
  private readonly leave: () => void;
  private readonly held = new Map<string, Held>();
  private ctrl = false;
  private current = "";

  constructor(lab: LabView, client: EngineClient, tabs: Tabs, readOnly: boolean, leave: () => void) {
    this.lab = lab;
    this.client = client;
    this.tabs = tabs;
    this.readOnly = readOnly;
    this.leave = leave;
    for (const node of lab.terminals) this.add(node, node);
    this.newButton = button("btn bare sm icon", icon("plus"), () => this.openAnother(), { "aria-label": text.newTerminal(lab.terminals[0] ?? ""), title: text.newTerminal(lab.terminals[0] ?? "") });
    this.newButton.hidden = readOnly;
    this.touchKeys = h("div", { class: "touch", role: "group", "aria-label": text.touchKeys }, ...TOUCH.map(([label, send, name]) => button("", label, () => this.touch(send), { ...(name ? { "aria-label": name } : {}), ...(send === "ctrl" ? { "aria-pressed": "false" } : {}) })));
    if (readOnly) {
      this.pausedLine.hidden = false;
      this.pausedLine.textContent = text.readOnlyTyping;
      this.touchKeys.hidden = true;
    }
    this.element.append(this.pausedLine);
  }

  dispose(): void {
    for (const held of this.held.values()) held.pane.dispose();
  }

  has(name: string): boolean {
    return this.held.has(name);
  }

  nodeOf(name: string): string | undefined {
    return this.held.get(name)?.node;
  }

  /** The terminal typed in last, or shown last. */
  get latest(): string | undefined {
    return this.current || undefined;
  }

  latestOf(node: string): string {
    return this.held.get(this.current)?.node === node ? this.current : node;
  }

  // -- from the engine ----------------------------------------------------------------------------------------------------

  write(name: string, data: string): void {
    const held = this.held.get(name);
    if (!held) return;
    held.pane.write(data);
    const waits = atPrompt(data);
    if (waits !== undefined) this.setRunning(held, !waits);
  }

  clear(name: string): void {
    this.held.get(name)?.pane.clear();
  }

  noteEntry(entry: LogEntry): void {
    if (entry[1] === "open") {
      const held = this.held.get(entry[2]) ?? this.add(entry[2], entry[3]);
      held.opened = true;
      held.size = { columns: entry[4], rows: entry[5] };
    } else if (entry[1] === "size") {
      const held = this.held.get(entry[2]);
      if (held) held.size = { columns: entry[3], rows: entry[4] };
    } else if (entry[1] === "key") this.current = entry[2];
  }

  /** Terminals as a log has them: after a reload, undo or reset. */
  restore(log: readonly LogEntry[]): void {
    for (const held of this.held.values()) {
      held.opened = false;
      this.setRunning(held, false);
    }
    for (const entry of log) this.noteEntry(entry);
    for (const held of [...this.held.values()]) {
      if (held.opened || this.lab.terminals.includes(held.name)) continue;
      held.pane.dispose();
      this.held.delete(held.name);
      this.tabs.remove(held.name);
    }
    if (!this.held.has(this.current)) this.current = "";
    const shown = this.held.get(this.tabs.selected);
    if (shown?.pane.opened && !shown.opened) void this.openInEngine(shown);
  }

  // -- from the reader ----------------------------------------------------------------------------------------------------

  async show(name: string, focus: boolean): Promise<void> {
    const held = this.held.get(name);
    if (!held) return;
    this.current = name;
    this.element.hidden = false;
    this.touchKeys.hidden = this.readOnly;
    const label = text.newTerminal(held.node);
    this.newButton.setAttribute("aria-label", label);
    this.newButton.title = label;
    if (held.pane.opened) held.pane.shown();
    else if (!held.opening) {
      held.opening = true;
      await held.pane.open(text.terminalOf(name));
      held.opening = false;
    }
    if (held.pane.opened && !held.opened) await this.openInEngine(held);
    else if (held.pane.opened) this.syncSize(held);
    // A click on a tab goes on to the terminal; arrow keys along the tabs stay there.
    if (focus && document.activeElement?.matches(":focus-visible") === false) held.pane.focus();
  }

  hide(): void {
    this.element.hidden = true;
    this.touchKeys.hidden = true;
  }

  focus(): void {
    this.held.get(this.current)?.pane.focus();
  }

  refit(): void {
    const held = this.held.get(this.current);
    if (held?.pane.opened) held.pane.shown();
  }

  setPaused(paused: boolean, resume: () => void): void {
    if (this.readOnly) return;
    this.pausedLine.hidden = !paused;
    if (paused) replace(this.pausedLine, h("span", {}, text.pausedTyping), button("btn sm", text.resume, resume));
  }

  transcript(name: string): string {
    return this.held.get(name)?.pane.transcript ?? "";
  }

  private add(name: string, node: string): Held {
    const pane = new TerminalPane(text.terminalOf(name), {
      typed: (data) => this.typed(name, data),
      resized: (columns, rows) => this.resized(name, columns, rows),
      leave: () => this.leave(),
    });
    const panel = h("div", { class: "tabpanel" }, pane.element);
    const held: Held = { name, node, pane, panel, opened: false, opening: false, size: { columns: 0, rows: 0 }, running: false };
    this.held.set(name, held);
    this.element.append(panel);
    const number = name === node ? "" : name.slice(name.lastIndexOf(".") + 1);
    // Beside the last of the same node, before the tabs that are not terminals.
    const ids = this.tabs.ids;
    const after = ids.findLastIndex((id) => this.held.get(id)?.node === node);
    const before = after >= 0 ? ids[after + 1] : ids.find((id) => !this.held.has(id));
    this.tabs.add({ id: name, label: [h("span", { class: "mono" }, number ? `${node} ${number}` : node), h("span", { class: "run", hidden: true, role: "img", "aria-label": text.running, title: text.running })], panel, className: "termtab" }, before);
    return held;
  }

  private openAnother(): void {
    const node = this.held.get(this.current)?.node ?? this.lab.terminals[0];
    if (node === undefined || this.readOnly) return;
    let n = 2;
    while (this.held.has(`${node}.${n}`)) n++;
    this.add(`${node}.${n}`, node);
    this.tabs.select(`${node}.${n}`);
    this.held.get(`${node}.${n}`)?.pane.focus();
  }

  private async openInEngine(held: Held): Promise<void> {
    if (this.readOnly) return;
    held.opened = true;
    const { columns, rows } = held.pane.dimensions;
    held.size = { columns, rows };
    const reply = await this.client.ask({ type: "open", terminal: held.name, node: held.node, columns, rows });
    if (!reply.ok) {
      held.opened = false;
      held.pane.write(`${reply.message}\r\n`);
    }
  }

  private typed(name: string, data: string): void {
    const held = this.held.get(name);
    if (!held || this.readOnly || !held.opened) return;
    let keys = data;
    if (this.ctrl && /^[a-zA-Z@[\\\]^_]$/.test(data)) {
      keys = String.fromCharCode(data.toUpperCase().charCodeAt(0) & 31);
      this.setCtrl(false);
    }
    this.current = name;
    if (keys.includes("\r")) this.setRunning(held, true);
    this.client.tell({ type: "input", terminal: name, data: keys });
  }

  private resized(name: string, columns: number, rows: number): void {
    const held = this.held.get(name);
    if (!held?.opened || this.readOnly) return;
    if (held.size.columns === columns && held.size.rows === rows) return;
    held.size = { columns, rows };
    this.client.tell({ type: "resize", terminal: name, columns, rows });
  }

  /** A terminal of a saved session may now have another size than it had. */
  private syncSize(held: Held): void {
    const { columns, rows } = held.pane.dimensions;
    if (columns > 0) this.resized(held.name, columns, rows);
  }

  private setRunning(held: Held, on: boolean): void {
    if (held.running === on) return;
    held.running = on;
    const mark = this.tabs.buttonOf(held.name)?.querySelector<HTMLElement>(".run");
    if (mark) mark.hidden = !on;
  }

  private touch(send: string): void {
    if (send === "ctrl") {
      this.setCtrl(!this.ctrl);
      this.focus();
      return;
    }
    this.held.get(this.current)?.pane.press(send);
  }

  private setCtrl(on: boolean): void {
    this.ctrl = on;
    this.touchKeys.querySelector("[aria-pressed]")?.setAttribute("aria-pressed", String(on));
  }
}
