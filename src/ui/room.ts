/**
 * The lab room of one running session: bar tools, tasks, network, terminals, tables, capture, walk, packet, clock. It draws what
 * the engine says and hands over what the reader does; it decides nothing. lab-room-element.ts starts and ends sessions.
 */
import type { LogEntry } from "../lab/log.ts";
import type { Event, FrameEvent, GradeView, LabView, Notice, WalkView } from "../lab/protocol.ts";
import { CaptureTable } from "./capture-table.ts";
import { Disclosure } from "./disclosure.ts";
import { button, type Child, h, icon, Lifetime, replace } from "./dom.ts";
import type { EngineClient } from "./engine-client.ts";
import { Inspector } from "./inspector.ts";
import { keysOn, listenForKeys, setKeysOn } from "./keys.ts";
import type { Messages } from "./messages.ts";
import { type FollowedPath, NetMap } from "./net-map.ts";
import { factsOf, type NodeFacts, sameFacts } from "./node-facts.ts";
import { Outline } from "./outline.ts";
import { saveFile } from "./save-file.ts";
import { makeSplitter } from "./splitter.ts";
import { StatusLine } from "./status-line.ts";
import { TablesPanel } from "./tables-panel.ts";
import { Tabs } from "./tabs.ts";
import { TaskList } from "./task-list.ts";
import { TerminalDeck } from "./terminal-deck.ts";
import { text } from "./text.ts";
import { WalkPanel } from "./walk-panel.ts";

export interface RoomHooks {
  /** Reset was done; the old log can be brought back. */
  bringBack(log: readonly LogEntry[]): void;
  loadFile(file: File): void;
}

export interface RoomOptions {
  readonly lab: LabView;
  readonly client: EngineClient;
  readonly log: readonly LogEntry[];
  readonly grades: readonly GradeView[];
  readonly now: number;
  readonly readOnly: boolean;
  readonly messages: Messages;
  /** Where the bar's buttons go. */
  readonly tools: Element;
  readonly hooks: RoomHooks;
}

/** Panels that share one place on small screens. */
const VIEWS = ["tasks", "low", "walk", "pkt"] as const;
type View = (typeof VIEWS)[number];
const WIDE = matchMedia("(min-width: 1400px) and (min-height: 820px)");
const NARROW = matchMedia("(max-width: 1179px)");
const TALL = matchMedia("(min-width: 701px) and (max-width: 1179px) and (min-height: 880px)");

const TABLES_MS = 1000;
const WALK_MS = 400;

export class Room {
  readonly element: HTMLElement;
  private readonly o: RoomOptions;
  private readonly lab: LabView;
  private readonly client: EngineClient;
  private readonly life = new Lifetime();
  private log: LogEntry[];
  private grades: GradeView[];
  private now: number;
  private readonly panels: HTMLElement;
  private readonly views: Tabs;
  private readonly low: Tabs;
  private readonly tasks: TaskList;
  private readonly map: NetMap;
  private readonly outline: Outline;
  private readonly deck: TerminalDeck;
  private readonly tables: TablesPanel;
  private readonly capture: CaptureTable;
  private readonly walk: WalkPanel;
  private readonly inspector: Inspector;
  private readonly status: StatusLine;
  private readonly tablesTab = h("div", { class: "tabpanel" });
  private readonly livePanel = h("section", { class: "live", "aria-label": text.liveTables });
  private readonly undoButton: HTMLButtonElement;
  private readonly resetButtons: HTMLButtonElement[] = [];
  private readonly outlineButton: HTMLButtonElement;
  private readonly handIn: Disclosure;
  private readonly keyList: Disclosure;
  private readonly facts = new Map<string, NodeFacts>();
  private readonly dirty = new Set<string>();
  private readonly cut = new Set<number>();
  private shownCable: number | undefined;
  private tablesTimer: ReturnType<typeof setTimeout> | undefined;
  private walkTimer: ReturnType<typeof setTimeout> | undefined;
  private followed: { packet: number; label: string } | undefined;
  private drops: number[] = [];

  constructor(o: RoomOptions) {
    this.o = o;
    this.lab = o.lab;
    this.client = o.client;
    this.log = [...o.log];
    this.grades = [...o.grades];
    this.now = o.now;
    for (const cable of o.lab.cables) if (cable.cut) this.cut.add(cable.id);
    for (const entry of o.log) this.noteCable(entry);

    const mapHooks = {
      openNode: (node: string) => this.openNode(node),
      openDevice: (node: string, dev: string) => void this.openTables(node, dev),
      openCable: (cable: number) => this.openCable(cable),
      follow: (packet: number) => void this.follow(packet),
    };
    this.tasks = new TaskList(o.lab, { check: (task) => void this.check(task), hint: (task) => void this.hint(task), walk: (walk) => this.showCheckWalk(walk) });
    this.map = new NetMap(o.lab, mapHooks);
    this.outline = new Outline(o.lab, mapHooks);
    for (const cable of this.cut) {
      this.map.setCut(cable, true);
      this.outline.setCut(cable, true);
    }
    this.outlineButton = button("btn bare sm", text.outline, () => this.toggleOutline(), { "aria-pressed": "false", title: text.outlineTitle });
    this.walk = new WalkPanel({ choose: (step) => this.chooseStep(step), latest: () => this.followLatest(), toCapture: () => this.goTo("capture") });
    this.inspector = new Inspector({ save: () => void this.savePcap(undefined) });
    this.capture = new CaptureTable(o.lab, { follow: (frame) => void this.follow(frame.packet, frame), save: (cable) => void this.savePcap(cable) });
    this.tables = new TablesPanel(o.lab.nodes.map((node) => node.name), {
      node: (name) => void this.openTables(name),
      cut: (cable, cut) => void this.client.ask(cut ? { type: "cut", cable } : { type: "restore", cable }),
      framesOf: (cable) => this.framesOf(cable),
    });
    this.status = new StatusLine({ pace: (factor) => this.setPace(factor), skip: (by) => void this.skip(by) });

    this.low = new Tabs(text.terminalsAndTables, (id, byPerson) => this.lowSelected(id, byPerson));
    this.deck = new TerminalDeck(o.lab, this.client, this.low, o.readOnly, () => this.leaveTerminal());
    this.views = new Tabs(text.panels, (id) => this.showView(id as View));

    this.undoButton = button("btn bare sm undo", [icon("undo"), h("span", {}, text.undo)], () => void this.undo(), { title: text.undoTitle });
    this.handIn = new Disclosure("btn sm handin", text.handIn, text.fileParts, this.submissionParts(), this.life);
    this.keyList = new Disclosure("btn bare sm keysbtn", "?", text.keys, this.keyParts(), this.life);
    this.keyList.button.setAttribute("aria-label", text.keys);
    this.keyList.button.title = text.keys;

    this.panels = this.layOut();
    this.element = h("div", { class: "session" }, this.panels, this.status.element, this.viewBar());
    this.fillTools();
    this.listen();
  }

  dispose(): void {
    clearTimeout(this.tablesTimer);
    clearTimeout(this.walkTimer);
    this.deck.dispose();
    this.map.dispose();
    this.life.end();
    this.element.remove();
    replace(this.o.tools);
  }

  get entries(): readonly LogEntry[] {
    return this.log;
  }

  // -- parts ------------------------------------------------------------------------------------------------------------

  private layOut(): HTMLElement {
    const room = h("div", { class: "panels", "data-view": "low" });
    const mapHead = h("div", { class: "ph" }, h("h2", { id: "pw-h-map" }, text.network), h("span", { class: "sp" }), this.outlineButton);
    const map = h("section", { class: "map", "aria-labelledby": "pw-h-map" }, mapHead, this.map.element, this.outline.element);
    const plus = h("div", { class: "tabs-more" }, this.deck.newButton);
    const low = h("section", { class: "low", "aria-label": text.terminalsAndTables }, h("div", { class: "tabs" }, this.low.list, h("span", { class: "sp" }), plus), this.deck.element);
    this.low.add({ id: "tables", label: [text.tables], panel: this.tablesTab, className: "small-only" });
    const captureTab = h("div", { class: "tabpanel" }, this.capture.element);
    this.low.add({ id: "capture", label: [text.capture], panel: captureTab });
    low.append(this.tablesTab, captureTab);
    low.append(this.deck.touchKeys);
    const mid = h("div", { class: "mid" }, map, low, this.livePanel);
    const side = h("div", { class: "side" }, this.walk.element, this.inspector.element);
    room.append(this.tasks.element, mid, side);
    const split = (parent: HTMLElement, o: Parameters<typeof makeSplitter>[1]): void => void parent.append(makeSplitter(room, o, this.life));
    split(room, { property: "--w-tasks", orientation: "vertical", panel: this.tasks.element, grows: "forward", min: 180, rest: 760, label: text.borderTasks });
    split(room, { property: "--w-side", orientation: "vertical", panel: side, grows: "backward", min: 280, rest: 640, label: text.borderSide });
    split(mid, { property: "--h-map", orientation: "horizontal", panel: map, grows: "forward", min: 110, rest: 260, label: text.borderMap });
    split(mid, { property: "--h-live", orientation: "horizontal", panel: this.livePanel, grows: "backward", min: 90, rest: 420, label: text.borderTables });
    split(side, { property: "--h-pkt", orientation: "horizontal", panel: this.inspector.element, grows: "backward", min: 140, rest: 160, label: text.borderPacket });
    return room;
  }

  private viewBar(): HTMLElement {
    const names: Readonly<Record<View, string>> = { tasks: text.tasks, low: text.terminal, walk: text.walk, pkt: text.packet };
    // The panels are where they are; these tabs only bring one of them forward.
    for (const view of VIEWS) this.views.add({ id: view, label: [names[view]], panel: h("div", { hidden: true }) });
    for (const tab of this.views.list.querySelectorAll("[role=tab]")) tab.removeAttribute("aria-controls");
    return h("nav", { class: "ptn", "aria-label": text.panels }, this.views.list);
  }

  private fillTools(): void {
    const reset = this.resetButton("btn bare sm reset");
    replace(this.o.tools, ...(this.o.readOnly ? [] : [this.undoButton, reset]), this.keyList.button, this.handIn.button, this.handIn.panel, this.keyList.panel);
    this.say();
  }

  private resetButton(className: string): HTMLButtonElement {
    const b = button(className, text.reset, () => void this.reset());
    this.resetButtons.push(b);
    return b;
  }

  private submissionParts(): Child[] {
    const name = h("input", { class: "field", type: "text", autocomplete: "name", maxlength: 200, spellcheck: "false", id: "pw-student", "aria-describedby": "pw-student-hint" });
    try {
      name.value = localStorage.getItem("packetwalk.student") ?? "";
    } catch {
      // The field is then empty.
    }
    const result = h("p", { class: "result", role: "status" });
    const download = button("btn primary sm", text.download, () => void this.download(name.value.trim(), result, download));
    const file = h("input", { type: "file", accept: ".json,application/json", hidden: true });
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) this.o.hooks.loadFile(chosen);
      file.value = "";
      this.handIn.toggle(false);
    });
    const load = button("btn sm", text.loadSubmission, () => file.click());
    return [
      h("h2", {}, text.fileParts),
      h("p", {}, text.fileWhat),
      h("label", { class: "label", for: "pw-student" }, text.studentLabel),
      name,
      h("p", { class: "dim", id: "pw-student-hint" }, text.studentHint),
      h("div", { class: "row-acts" }, download, ...(this.o.readOnly ? [] : [load, file, this.resetButton("btn sm reset-small")])),
      result,
    ];
  }

  private keyParts(): Child[] {
    const on = h("input", { type: "checkbox", ...(keysOn() ? { checked: true } : {}) });
    on.addEventListener("change", () => setKeysOn(on.checked));
    return [h("h2", {}, text.keys), h("dl", { class: "keylist" }, ...text.keyList.map(([key, does]) => h("div", {}, h("dt", {}, h("kbd", { class: "k" }, key)), h("dd", {}, does)))), h("label", { class: "keysoff" }, on, ` ${text.keysOff}`)];
  }

  private listen(): void {
    const place = (): void => this.placeTables();
    WIDE.addEventListener("change", place, { signal: this.life.signal });
    TALL.addEventListener("change", () => this.tallView(), { signal: this.life.signal });
    place();
    listenForKeys(
      {
        k: () => this.status.toggle(),
        Space: () => this.status.toggle(),
        n: () => this.stepPacket(1),
        N: () => this.stepPacket(-1),
        d: () => this.walk.choose(this.walk.step + 1),
        D: () => this.walk.choose(this.walk.step - 1),
        x: () => this.nextDrop(),
        p: () => this.followLatest(),
        w: () => {
          this.bringForward("walk");
          this.walk.openWhy();
        },
        u: () => void this.undo(),
        o: () => this.toggleOutline(),
        h: () => void this.hint(this.tasks.current),
        "/": () => this.goTo("filter"),
        "?": () => this.keyList.toggle(),
        "g k": () => this.goTo("tasks"),
        "g n": () => this.goTo("map"),
        "g w": () => this.goTo("walk"),
        "g p": () => this.goTo("pkt"),
        "g t": () => this.goTo("tables"),
        "g c": () => this.goTo("capture"),
        ...Object.fromEntries(this.lab.terminals.slice(0, 9).map((node, i) => [`t ${i + 1}`, () => this.openTerminal(node)])),
      },
      this.life,
    );
    this.life.on(document, "keydown", (e) => {
      if (e.key === "F6") {
        e.preventDefault();
        this.nextPanel(e.shiftKey ? -1 : 1);
      } else if (e.key === "Enter" && e.ctrlKey && !e.altKey && !e.metaKey) {
        e.preventDefault();
        void this.check(this.tasks.current || undefined);
      }
    });
  }

  /** Once it is in the page: what a saved session brings back. */
  start(): void {
    if (this.o.readOnly) this.tasks.setReadOnly(true);
    for (const grade of this.grades) this.tasks.setResults(grade, false);
    this.deck.restore(this.log);
    this.status.setTime(this.now);
    for (const node of this.lab.nodes) this.dirty.add(node.name);
    this.views.select("low");
    this.tallView();
    const first = this.lab.terminals[0];
    if (first) this.low.select(this.deck.latest ?? first);
    void this.refresh();
    void this.openTables(this.lab.nodes.find((node) => node.name === first)?.name ?? this.lab.nodes[0]?.name ?? "", "", false);
  }

  // -- what the engine says -----------------------------------------------------------------------------------------------

  receive(event: Event): void {
    switch (event.type) {
      case "output":
        this.deck.write(event.terminal, event.text);
        this.touch(this.deck.nodeOf(event.terminal));
        break;
      case "cleared":
        this.deck.clear(event.terminal);
        break;
      case "entry":
        this.addEntry(event.number, event.entry);
        break;
      case "clock":
        this.now = event.now;
        this.status.clock(event.now, event.slow);
        break;
      case "frames":
        this.addFrames(event.frames, event.more);
        break;
      case "drop":
        this.map.addDrop(event.node, event.reason);
        if (this.drops.at(-1) !== event.packet) this.drops.push(event.packet);
        if (this.drops.length > 1000) this.drops.splice(0, 500);
        break;
      case "cable":
        this.setCut(event.cable, event.cut);
        break;
      case "notice":
        this.notice(event.notice);
        break;
      case "fault":
        break; // the element's: it ends the session
    }
  }

  private addEntry(number: number, entry: LogEntry): void {
    this.log[number] = entry;
    this.log.length = number + 1;
    this.deck.noteEntry(entry);
    if (entry[1] === "key" && entry[3].includes("\r")) {
      this.tables.mark();
      this.map.clearDrops();
      this.touch(this.deck.nodeOf(entry[2]));
      this.say();
    }
  }

  private addFrames(frames: readonly FrameEvent[], more: readonly (readonly [number, number])[]): void {
    this.map.addFrames(frames, more);
    this.capture.add(frames, more);
    for (const frame of frames) this.outline.addFrame(frame.cable, frame.packet, frame.label);
    for (const [cable, count] of more) this.outline.addMore(cable, count);
    this.walk.setAnyFrames();
    if (this.followed && this.status.byTime) this.refreshWalk();
    for (const frame of frames.slice(-4)) for (const end of this.lab.cables[frame.cable]!.ends) this.touch(end.node);
  }

  private noteCable(entry: LogEntry): void {
    if (entry[1] === "cut") this.cut.add(entry[2]);
    if (entry[1] === "restore") this.cut.delete(entry[2]);
  }

  private setCut(cable: number, cut: boolean): void {
    if (cut) this.cut.add(cable);
    else this.cut.delete(cable);
    this.map.setCut(cable, cut);
    this.outline.setCut(cable, cut);
    for (const end of this.lab.cables[cable]?.ends ?? []) this.touch(end.node);
    if (this.shownCable === cable) this.drawCable(cable);
  }

  private notice(notice: Notice): void {
    const { messages } = this.o;
    if (notice.kind === "storm") {
      if (notice.over) messages.set("storm", { kind: "ok", title: text.stormOver, for: 8000 });
      else messages.set("storm", { kind: "note", title: text.storm(notice.cables.map((cable) => this.cableName(cable)).join("; ")), what: text.stormWhat });
    } else if (notice.kind === "routing-loop") {
      messages.set("loop", { kind: "note", title: text.routingLoop(notice.nodes.join(", ")), what: text.routingLoopWhat, actions: [{ label: text.walkThat, press: () => void this.follow(notice.packet) }] });
    } else messages.set("budget", { kind: "note", title: text.budget, what: text.budgetWhat });
  }

  private cableName(id: number): string {
    const cable = this.lab.cables[id];
    return cable ? cable.ends.map((end) => `${end.node}:${end.dev}`).join(" - ") : String(id);
  }

  private setPace(factor: number): void {
    void this.client.ask({ type: "pace", factor });
    // The engine tells the time with every frame, so that nothing has to be guessed in between.
    this.map.setClock(this.status.byTime ? () => this.now : undefined);
    this.deck.setPaused(factor === 0, () => this.status.toggle(true));
  }

  private async skip(by: number): Promise<void> {
    this.o.messages.set("skip", { kind: "note", title: text.skipping, fixed: true });
    await this.client.ask({ type: "skip", to: this.now + by });
    this.o.messages.clear("skip");
    for (const node of this.lab.nodes) this.touch(node.name);
  }

  // -- tables and facts ---------------------------------------------------------------------------------------------------

  private touch(node: string | undefined): void {
    if (node === undefined) return;
    this.dirty.add(node);
    for (const cable of this.lab.cables) if (cable.ends.some((end) => end.node === node)) for (const end of cable.ends) this.dirty.add(end.node);
    this.tablesTimer ??= setTimeout(() => void this.refresh(), TABLES_MS / 2);
  }

  private async refresh(): Promise<void> {
    this.tablesTimer = undefined;
    const nodes = [...this.dirty].filter((name) => this.lab.nodes.some((node) => node.name === name));
    this.dirty.clear();
    let changed = false;
    for (const node of nodes) {
      const reply = await this.client.ask({ type: "tables", node });
      if (this.life.signal.aborted) return;
      if (!reply.ok) continue;
      const facts = factsOf(reply.tables);
      if (!sameFacts(this.facts.get(node), facts)) {
        this.facts.set(node, facts);
        changed = true;
      }
      if (this.shownCable === undefined && this.tables.node === node) this.tables.show(reply.tables);
    }
    if (this.shownCable !== undefined) this.drawCable(this.shownCable);
    if (!changed) return;
    this.map.setFacts(this.facts);
    this.outline.setFacts(this.facts);
  }

  private async openTables(node: string, dev = "", bring = true): Promise<void> {
    this.shownCable = undefined;
    if (bring) this.bringTables();
    this.map.setChosen(dev ? `dev ${this.cableOf(node, dev)} ${node}:${dev}` : `node ${node}`);
    const reply = await this.client.ask({ type: "tables", node });
    if (reply.ok && !this.life.signal.aborted) this.tables.show(reply.tables, dev);
  }

  private cableOf(node: string, dev: string): number {
    return this.lab.cables.findIndex((cable) => cable.ends.some((end) => end.node === node && end.dev === dev));
  }

  private openNode(node: string): void {
    if (this.lab.terminals.includes(node)) this.openTerminal(node, false);
    void this.openTables(node, "", !this.lab.terminals.includes(node));
  }

  private openCable(cable: number): void {
    this.shownCable = cable;
    this.map.setChosen(`cable ${cable}`);
    this.drawCable(cable);
    this.bringTables();
  }

  private drawCable(cable: number): void {
    const view = this.lab.cables[cable];
    if (view) this.tables.showCable({ cable: view, cut: this.cut.has(cable), frames: this.outline.framesOn(cable), readOnly: this.o.readOnly });
  }

  private framesOf(cable: number): void {
    const view = this.lab.cables[cable];
    if (!view) return;
    this.goTo("capture");
    this.capture.setFilter(view.ends.map((end) => `${end.node}:${end.dev}`).join(" "));
  }

  private bringTables(): void {
    if (WIDE.matches) return;
    this.bringForward("low");
    this.low.select("tables");
  }

  private placeTables(): void {
    (WIDE.matches ? this.livePanel : this.tablesTab).append(this.tables.element);
    if (WIDE.matches && this.low.selected === "tables") this.low.select(this.deck.latest ?? this.lab.terminals[0] ?? "capture");
  }

  // -- packets ------------------------------------------------------------------------------------------------------------

  private async follow(packet: number, frame?: FrameEvent): Promise<void> {
    const reply = await this.client.ask({ type: "walk", packet });
    if (this.life.signal.aborted || !reply.ok) return;
    const known = frame ?? this.capture.frames.findLast((other) => other.packet === packet);
    this.capture.select(known);
    this.followed = { packet, label: known?.label ?? "" };
    this.showWalk(reply.walk, known?.label ?? "", known?.start);
  }

  private refreshWalk(): void {
    this.walkTimer ??= setTimeout(async () => {
      this.walkTimer = undefined;
      if (!this.followed) return;
      const { packet, label } = this.followed;
      const reply = await this.client.ask({ type: "walk", packet });
      if (!reply.ok || this.life.signal.aborted || this.followed?.packet !== packet) return;
      if (reply.walk.decisions.length !== this.walk.shown?.decisions.length) this.walk.show(reply.walk, label, this.walk.step);
      this.drawPath();
    }, WALK_MS);
  }

  /** The packet of a failed check: it lived in a copy of the network. */
  private showCheckWalk(walk: WalkView): void {
    this.followed = undefined;
    this.capture.select(undefined);
    this.showWalk(walk, "", undefined);
  }

  /** @param at the instant whose decision is opened; the last one without it. */
  private showWalk(walk: WalkView, label: string, at: number | undefined): void {
    const steps = walk.decisions;
    let step = steps.length - 1;
    if (at !== undefined) {
      const before = steps.findLastIndex((d) => d.at <= at && d.packet === walk.packet);
      step = before >= 0 ? before : steps.findLastIndex((d) => d.at <= at);
    }
    this.walk.show(walk, label, Math.max(0, step));
    if (steps.length > 0) this.chooseStep(Math.max(0, step));
    else this.inspector.clear();
    this.bringForward("walk");
  }

  private chooseStep(step: number): void {
    const walk = this.walk.shown;
    const decision = walk?.decisions[step];
    if (!walk || !decision) return;
    const before = walk.decisions.slice(0, step).findLast((d) => d.packet === decision.packet && d.layer === decision.layer);
    this.inspector.show(decision, before, step);
    this.drawPath();
  }

  private drawPath(): void {
    const walk = this.walk.shown;
    if (!walk) {
      this.map.setFollowed(undefined);
      return;
    }
    const passed = walk.decisions.slice(0, this.walk.step + 1);
    const packets = new Set(this.followed ? walk.decisions.map((d) => d.packet) : []);
    // From the decisions themselves: a packet of a check has its number in a replayed copy, not here.
    const cables = new Set(passed.flatMap((d) => (d.stage === "cable" ? [this.cableOf(d.node, d.dev)] : [])));
    const path: FollowedPath = { packets, cables, nodes: new Set(passed.map((d) => d.node)), devices: new Set(passed.filter((d) => d.dev).map((d) => `${d.node}:${d.dev}`)) };
    this.map.setFollowed(path);
  }

  private followLatest(): void {
    const latest = this.capture.latest;
    if (latest) void this.follow(latest.packet);
    else this.bringForward("walk");
  }

  private stepPacket(by: 1 | -1): void {
    const frame = this.capture.step(by);
    if (frame) void this.follow(frame.packet, frame);
  }

  private nextDrop(): void {
    const at = this.followed ? this.drops.indexOf(this.followed.packet) : -1;
    const next = this.drops[at + 1] ?? this.drops[0];
    if (next !== undefined) void this.follow(next);
  }

  private async savePcap(cable: number | undefined): Promise<void> {
    const reply = await this.client.ask(cable === undefined ? { type: "pcap" } : { type: "pcap", cable });
    if (reply.ok) saveFile(`${this.lab.id}.pcapng`, reply.bytes as Uint8Array<ArrayBuffer>, "application/x-pcapng");
  }

  // -- work ---------------------------------------------------------------------------------------------------------------

  private async check(task: string | undefined): Promise<void> {
    if (this.o.readOnly) return;
    this.tasks.setChecking(task);
    const reply = await this.client.ask(task === undefined ? { type: "check" } : { type: "check", task });
    if (this.life.signal.aborted) return;
    if (!reply.ok) {
      this.tasks.setCheckFailed(task, reply.message);
      return;
    }
    this.tasks.setResults(reply.grade);
    this.grades = [...this.grades.filter((grade) => grade.tasks.some((old) => !reply.grade.tasks.some((fresh) => fresh.task === old.task))), withoutWalks(reply.grade)];
    this.client.post({ ui: "keep-grades", grades: this.grades });
  }

  private async hint(task: string): Promise<void> {
    if (this.o.readOnly || !task) return;
    const reply = await this.client.ask({ type: "hint", task });
    if (this.life.signal.aborted) return;
    if (reply.ok) this.tasks.addHint(task, reply.text);
    else this.tasks.setHintFailed(task, reply.message);
  }

  private async undo(): Promise<void> {
    if (this.o.readOnly) return;
    if (this.commands === 0) {
      this.o.messages.set("undo", { kind: "note", title: text.nothingToUndo, for: 4000 });
      return;
    }
    const reply = await this.client.ask({ type: "undo" });
    if (!reply.ok) this.o.messages.set("undo", { kind: "note", title: reply.message, for: 8000 });
    else {
      this.gone(reply.log, reply.now);
      this.o.messages.set("undo", { kind: "ok", title: text.undone, for: 4000 });
    }
  }

  private async reset(): Promise<void> {
    if (this.o.readOnly) return;
    const old = [...this.log];
    const reply = await this.client.ask({ type: "reset" });
    this.handIn.toggle(false);
    if (!reply.ok) {
      this.o.messages.set("reset", { kind: "note", title: reply.message });
      return;
    }
    this.gone(reply.log, reply.now);
    this.o.messages.set("reset", { kind: "ok", title: text.resetDone, ...(old.length > 0 ? { actions: [{ label: text.undoReset, press: () => this.o.hooks.bringBack(old) }] } : {}) });
  }

  /** The log was cut: what came later is not known any more. */
  private gone(log: readonly LogEntry[], now: number): void {
    this.log = [...log];
    this.now = now;
    this.cut.clear();
    for (const cable of this.lab.cables) if (cable.cut) this.cut.add(cable.id);
    for (const entry of log) this.noteCable(entry);
    for (const cable of this.lab.cables) {
      this.map.setCut(cable.id, this.cut.has(cable.id));
      this.outline.setCut(cable.id, this.cut.has(cable.id));
    }
    this.map.clearFrames();
    this.map.clearDrops();
    this.map.setFollowed(undefined);
    this.outline.clearFrames();
    this.capture.clear();
    this.walk.show(undefined, "", -1);
    this.inspector.clear();
    this.followed = undefined;
    this.drops = [];
    this.tables.forget();
    const hints = new Map<string, number>();
    for (const entry of log) if (entry[1] === "hint") hints.set(entry[2], (hints.get(entry[2]) ?? 0) + 1);
    this.grades = this.grades.filter((grade) => grade.at <= now);
    this.client.post({ ui: "keep-grades", grades: this.grades });
    this.tasks.forgetAfter(now, hints);
    this.deck.restore(this.log);
    this.status.setTime(now);
    this.o.messages.clear("storm");
    this.o.messages.clear("loop");
    this.o.messages.clear("budget");
    for (const node of this.lab.nodes) this.touch(node.name);
    this.say();
  }

  private get commands(): number {
    return this.log.filter((entry) => entry[1] === "key" && entry[3].includes("\r")).length;
  }

  private say(): void {
    const { commands } = this;
    for (const b of this.resetButtons) b.textContent = text.resetNames(commands);
    this.undoButton.toggleAttribute("disabled", commands === 0);
  }

  private async download(student: string, result: HTMLElement, b: HTMLButtonElement): Promise<void> {
    try {
      localStorage.setItem("packetwalk.student", student);
    } catch {
      // It will have to be typed again.
    }
    b.disabled = true;
    result.textContent = text.downloading;
    const reply = await this.client.ask({ type: "submit", student });
    b.disabled = false;
    if (!reply.ok) {
      result.textContent = reply.message;
      return;
    }
    saveFile(reply.name, reply.text, "application/json");
    this.tasks.setResults(reply.grade, false);
    const digest = digestOf(reply.text);
    replace(result, text.downloaded(reply.name, text.pointsOf(reply.grade.points, reply.grade.of)), ...(digest ? [h("br"), `${text.digest} `, h("code", { class: "digest" }, digest)] : []));
  }

  // -- where the reader is -------------------------------------------------------------------------------------------------

  private lowSelected(id: string, byPerson: boolean): void {
    const node = this.deck.nodeOf(id);
    if (node !== undefined) {
      void this.deck.show(id, byPerson);
      if (byPerson || this.shownCable === undefined) void this.openTables(node, "", false);
    } else this.deck.hide();
    if (id === "capture") this.capture.show();
  }

  private openTerminal(node: string, focus = true): void {
    this.bringForward("low");
    this.low.select(this.deck.latestOf(node));
    if (focus) this.deck.focus();
  }

  private leaveTerminal(): void {
    this.low.buttonOf(this.low.selected)?.focus();
  }

  private toggleOutline(): void {
    const on = this.outline.element.hidden !== false;
    this.outline.show(on);
    this.map.element.hidden = on;
    this.outlineButton.setAttribute("aria-pressed", String(on));
  }

  private showView(view: View): void {
    this.panels.dataset.view = view;
    if (view === "low") this.deck.refit();
  }

  private tallView(): void {
    // With room for it the terminal stays, and the place below shows another panel.
    if (TALL.matches && this.views.selected === "low") this.views.select("tasks");
  }

  private bringForward(view: View): void {
    if (NARROW.matches && !(TALL.matches && view === "low")) this.views.select(view);
  }

  private goTo(where: View | "map" | "tables" | "capture" | "filter"): void {
    switch (where) {
      case "map":
        if (this.outline.element.hidden) this.map.focus();
        else this.outline.element.focus();
        break;
      case "tables":
        this.bringTables();
        this.tables.focus();
        break;
      case "capture":
      case "filter":
        this.bringForward("low");
        this.low.select("capture");
        if (where === "filter") this.capture.focusFilter();
        else this.capture.focus();
        break;
      case "walk":
        this.bringForward("walk");
        this.walk.focus();
        break;
      case "pkt":
        this.bringForward("pkt");
        this.inspector.focus();
        break;
      case "tasks":
        this.bringForward("tasks");
        this.tasks.element.querySelector<HTMLElement>(".cur .row, .row")?.focus();
        break;
      case "low":
        this.bringForward("low");
        this.deck.focus();
        break;
    }
  }

  private nextPanel(by: 1 | -1): void {
    const stops: (readonly [HTMLElement, () => void])[] = [
      [this.tasks.element, () => this.goTo("tasks")],
      [this.map.element.closest("section")!, () => this.goTo("map")],
      [this.deck.element.closest("section")!, () => (this.deck.has(this.low.selected) ? this.goTo("low") : this.leaveTerminal())],
      [this.livePanel, () => this.tables.focus()],
      [this.walk.element, () => this.goTo("walk")],
      [this.inspector.element, () => this.goTo("pkt")],
      [this.status.element, () => this.status.element.querySelector("button")?.focus()],
    ];
    const shown = stops.filter(([panel]) => panel.offsetParent !== null || panel === this.status.element);
    const at = shown.findIndex(([panel]) => panel.contains(document.activeElement));
    shown[(at + by + shown.length) % shown.length]?.[1]();
  }
}

/** Octets of packets are not kept with results: they would make the record large, and a replay has them. */
function withoutWalks(grade: GradeView): GradeView {
  return {
    ...grade,
    tasks: grade.tasks.map((task) => ({
      ...task,
      outcomes: task.outcomes.map((outcome) => {
        if (outcome.status !== "fail") return outcome;
        const { walk: _walk, ...rest } = outcome;
        return rest;
      }),
    })),
  };
}

function digestOf(submission: string): string {
  const found = /"digest":\s*"([0-9a-f]{64})"/.exec(submission);
  return found?.[1] ?? "";
}
