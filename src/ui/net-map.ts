/**
 * The network of a lab, drawn: nodes, devices, cables, and the frames on them. Everything in it can be chosen by pointer or
 * keyboard (arrows move along the cables); the outline (outline.ts) is the equal form as text.
 */
import type { FrameEvent, LabView } from "../lab/protocol.ts";
import { h, Lifetime, replace, s } from "./dom.ts";
import { familyOf } from "./family-of.ts";
import { CROWD, type Flight, FlightPlayer, type Shown } from "./flight-player.ts";
import { along, type CableLine, layMap, type MapLayout, type Point } from "./map-layout.ts";
import { type Mark, MarkLayer } from "./marks.ts";
import type { NodeFacts } from "./node-facts.ts";
import { text } from "./text.ts";

export interface MapHooks {
  openNode(node: string): void;
  openDevice(node: string, dev: string): void;
  openCable(cable: number): void;
  follow(packet: number): void;
}

/** What is drawn of the packet that the reader follows. */
export interface FollowedPath {
  readonly packets: ReadonlySet<number>;
  /** Cables passed so far. */
  readonly cables: ReadonlySet<number>;
  readonly nodes: ReadonlySet<string>;
  readonly devices: ReadonlySet<string>;
}

/** Above so many marks letters are left out, and above so many on one cable they are counted. */
const LETTERS_MAX = 12;
const MARKS_A_CABLE = 24;
const LOAD_MS = 700;


interface Item {
  readonly key: string;
  readonly at: Point;
  readonly element: SVGElement;
  readonly open: () => void;
  readonly near: string[];
}

export class NetMap {
  readonly element: HTMLElement;
  private readonly svg: SVGSVGElement;
  private readonly lab: LabView;
  private readonly hooks: MapHooks;
  private readonly life = new Lifetime();
  private readonly player = new FlightPlayer();
  private readonly labels = new Map<number, string>();
  private readonly reduced = matchMedia("(prefers-reduced-motion: reduce)");
  private facts: ReadonlyMap<string, NodeFacts> = new Map();
  private layout: MapLayout | undefined;
  private items = new Map<string, Item>();
  private current = "";
  private chosen = "";
  private cut = new Set<number>();
  private drops = new Map<string, { count: number; reason: string }>();
  private followed: FollowedPath | undefined;
  private loads = new Map<number, { count: number; until: number }>();
  private frame = 0;
  private before = 0;
  /** Virtual time, when it is slow or stands; undefined: by hop. */
  private clock: (() => number) | undefined;
  private readonly marks = new MarkLayer(s("g", { "data-packets": "" }), (packet) => this.hooks.follow(packet));
  private loadLayer = s("g", { "aria-hidden": "true" });

  constructor(lab: LabView, hooks: MapHooks) {
    this.lab = lab;
    this.hooks = hooks;
    for (const cable of lab.cables) if (cable.cut) this.cut.add(cable.id);
    const help = h("p", { class: "vh", id: "pw-map-help" }, text.mapHelp);
    this.svg = s("svg", { class: "net live", role: "group", "aria-label": text.mapLabel(lab.nodes.length, lab.cables.length), "aria-describedby": "pw-map-help" });
    this.element = h("div", { class: "canvas" }, help, this.svg);
    this.life.on(this.svg as unknown as HTMLElement, "keydown", (e) => this.key(e));
    const watch = new ResizeObserver(() => this.draw());
    watch.observe(this.element);
    this.life.add(() => watch.disconnect());
    this.life.add(() => cancelAnimationFrame(this.frame));
  }

  dispose(): void {
    this.life.end();
  }

  // -- what is known ----------------------------------------------------------------------------------------------------

  setFacts(facts: ReadonlyMap<string, NodeFacts>): void {
    this.facts = facts;
    this.draw();
  }

  setCut(cable: number, cut: boolean): void {
    if (cut) this.cut.add(cable);
    else this.cut.delete(cable);
    this.draw();
  }

  setChosen(key: string): void {
    this.chosen = key;
    for (const [k, item] of this.items) item.element.classList.toggle("chosen", k === key);
  }

  addDrop(node: string, reason: string): void {
    const old = this.drops.get(node);
    this.drops.set(node, { count: (old?.count ?? 0) + 1, reason });
    this.drawDrops();
  }

  clearDrops(): void {
    if (this.drops.size === 0) return;
    this.drops.clear();
    this.drawDrops();
  }

  setFollowed(path: FollowedPath | undefined): void {
    this.followed = path;
    this.drawFollowed();
  }

  /** Undo, reset: nothing is on the cables any more. */
  clearFrames(): void {
    this.player.clear();
    this.labels.clear();
    this.loads.clear();
    this.marks.draw([], 0);
    replace(this.loadLayer);
  }

  addFrames(frames: readonly FrameEvent[], more: readonly (readonly [cable: number, count: number])[]): void {
    if (frames.length > CROWD) {
      for (const frame of frames.slice(0, -CROWD)) this.player.addSkipped(frame.cable, 1);
    }
    const flights = frames.slice(-CROWD).map((frame): Flight => {
      this.labels.set(frame.packet, frame.label);
      return { packet: frame.packet, cable: frame.cable, forward: frame.from === 0, start: frame.start, arrival: Math.max(frame.arrival, frame.start + 1), family: familyOf(frame.family), copy: false };
    });
    this.player.add(flights);
    for (const [cable, count] of more) this.player.addSkipped(cable, count);
    if (this.labels.size > 4 * CROWD) for (const old of [...this.labels.keys()].slice(0, this.labels.size - 2 * CROWD)) this.labels.delete(old);
    this.animate();
  }

  /** By time when `clock` is given (slow motion, pause), else by hop. */
  setClock(clock: (() => number) | undefined): void {
    this.clock = clock;
    this.animate();
  }

  focus(): void {
    this.items.get(this.current)?.element.focus();
  }

  // -- drawing ----------------------------------------------------------------------------------------------------------

  private draw(): void {
    const { clientWidth, clientHeight } = this.element;
    if (clientWidth < 40 || clientHeight < 40) return;
    const hadFocus = this.svg.contains(document.activeElement);
    const nodes = this.lab.nodes.map((node) => ({ id: node.name, kind: node.kind, at: node.at, lines: this.facts.get(node.name)?.lines ?? (node.sub ? [node.sub] : []) }));
    const layout = layMap(nodes, this.lab.cables, clientWidth, clientHeight);
    this.layout = layout;
    this.svg.setAttribute("viewBox", `0 0 ${layout.width} ${layout.height}`);
    this.items = new Map();
    const cables = layout.cables.map((line, i) => this.drawCable(line, i));
    const boxes = layout.boxes.map((box) => this.drawBox(box));
    const pads = layout.pads.map((pad, i) => this.drawPad(pad, Math.floor(i / 2)));
    this.link();
    replace(this.svg, s("g", {}, ...cables), s("g", { class: "follows", "aria-hidden": "true" }), s("g", {}, ...boxes), s("g", {}, ...pads), s("g", { class: "dropped-here" }), this.loadLayer, this.marks.element);
    if (!this.items.has(this.current)) this.current = `node ${this.lab.nodes[0]?.name ?? ""}`;
    this.items.get(this.current)?.element.setAttribute("tabindex", "0");
    this.items.get(this.chosen)?.element.classList.add("chosen");
    if (hadFocus) this.focus();
    this.drawFollowed();
    this.drawDrops();
  }

  private item(key: string, at: Point, element: SVGElement, label: string, open: () => void): SVGElement {
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "-1");
    element.setAttribute("aria-label", label);
    element.addEventListener("click", () => {
      this.makeCurrent(key);
      open();
    });
    this.items.set(key, { key, at, element, open, near: [] });
    return element;
  }

  private drawCable(line: CableLine, i: number): SVGElement {
    const cable = this.lab.cables[i]!;
    const [a, b] = cable.ends.map((end) => `${end.node}:${end.dev}`) as [string, string];
    const cut = this.cut.has(cable.id);
    const down = !cut && cable.ends.some((end) => this.stateOf(end.node, end.dev) !== "up");
    const d = `M${line.a.x} ${line.a.y}L${line.b.x} ${line.b.y}`;
    const middle = along(line, 0.5);
    const group = s(
      "g",
      { class: "item wire", "data-cable": `${a} ${b}` },
      s("path", { class: "hit", d }),
      s("path", { class: `cable${cut ? " cut" : down ? " off" : ""}`, d }),
      s("path", { class: "ring", d }),
      cut && s("path", { class: "cross", d: `M${middle.x - 5} ${middle.y - 5}l10 10m0-10l-10 10` }),
    );
    return this.item(`cable ${i}`, middle, group, text.cableLabel(a, b, cut ? text.unplugged : down ? text.states.down : ""), () => this.hooks.openCable(cable.id));
  }

  private drawBox(box: MapLayout["boxes"][number]): SVGElement {
    const node = this.lab.nodes.find((other) => other.name === box.id)!;
    const centred = node.kind !== "host" || this.layout?.form !== "full";
    const x = centred ? box.x : box.x - box.w / 2 + 12;
    const anchor = centred ? "middle" : "start";
    const rows = box.lines.length;
    const top = box.y - (rows * 17) / 2 + 5;
    const group = s(
      "g",
      { class: "item", "data-node": box.id },
      s("rect", { class: "box", x: box.x - box.w / 2, y: box.y - box.h / 2, width: box.w, height: box.h, rx: 3 }),
      s("text", { x, y: top, "text-anchor": anchor }, s("tspan", { class: "b" }, box.id), box.beside ? " " : false, box.beside ? s("tspan", { class: "m d", dx: 6 }, box.beside) : false),
      ...box.lines.flatMap((line, i) => [" ", s("text", { class: /[\d.:/]/.test(line) ? "m d" : "d", x, y: top + 17 * (i + 1), "text-anchor": anchor }, line)]),
    );
    const hidden = (this.facts.get(box.id)?.lines ?? []).filter((line) => !box.lines.includes(line));
    // The name begins with what is read in the drawing, word for word.
    return this.item(`node ${box.id}`, box, group, text.nodeLabel([box.id, box.beside, ...box.lines].filter(Boolean).join(" "), text.kinds[node.kind], hidden), () => this.hooks.openNode(box.id));
  }

  private drawPad(pad: MapLayout["pads"][number], cable: number): SVGElement {
    const device = this.facts.get(pad.node)?.devices.get(pad.dev);
    const blocked = device?.stp === "blocking";
    const state = device ? [text.states[device.state], blocked ? text.blocked : ""].filter(Boolean).join(", ") : "";
    const half = pad.named ? 9 : 5;
    const group = s(
      "g",
      { class: "item", "data-dev": `${pad.node}:${pad.dev}` },
      s("rect", { class: "hit", x: pad.x - Math.max(12, pad.w / 2), y: pad.y - 12, width: Math.max(24, pad.w), height: 24 }),
      s("rect", { class: `dev${device && device.state !== "up" ? " down" : ""}`, x: pad.x - pad.w / 2, y: pad.y - half, width: pad.w, height: 2 * half }),
      pad.named && s("text", { class: "m", x: pad.x, y: pad.y + 4, "text-anchor": "middle" }, pad.dev),
      blocked && this.stopSign(pad, cable),
    );
    return this.item(`dev ${cable} ${pad.node}:${pad.dev}`, pad, group, text.deviceLabel(pad.node, pad.dev, state), () => this.hooks.openDevice(pad.node, pad.dev));
  }

  /** Across the cable at a port that STP keeps from forwarding. */
  private stopSign(pad: MapLayout["pads"][number], cable: number): SVGElement | undefined {
    const line = this.layout?.cables[cable];
    if (!line) return undefined;
    const first = this.lab.cables[cable]?.ends[0];
    const near = first?.node === pad.node && first.dev === pad.dev ? 0 : 1;
    const length = Math.hypot(line.b.x - line.a.x, line.b.y - line.a.y) || 1;
    const { x, y } = along(line, near === 0 ? 7 / length : 1 - 7 / length);
    const [nx, ny] = [(-(line.b.y - line.a.y) / length) * 8, ((line.b.x - line.a.x) / length) * 8];
    return s("path", { class: "stop", d: `M${x - nx} ${y - ny}L${x + nx} ${y + ny}` });
  }

  private stateOf(node: string, dev: string): string {
    return this.facts.get(node)?.devices.get(dev)?.state ?? "up";
  }

  /** Neighbours for the arrow keys: box, device, cable, device, box. */
  private link(): void {
    this.lab.cables.forEach((cable, i) => {
      for (const end of cable.ends) {
        const chain = [`node ${end.node}`, `dev ${i} ${end.node}:${end.dev}`, `cable ${i}`];
        for (let k = 0; k + 1 < chain.length; k++) {
          this.items.get(chain[k]!)?.near.push(chain[k + 1]!);
          this.items.get(chain[k + 1]!)?.near.push(chain[k]!);
        }
      }
    });
  }

  private drawFollowed(): void {
    const layer = this.svg.querySelector(".follows");
    if (!layer || !this.layout) return;
    const path = this.followed;
    replace(layer, ...(path ? this.layout.cables.flatMap((line, i) => (path.cables.has(this.lab.cables[i]!.id) ? [s("path", { class: "follow", d: `M${line.a.x} ${line.a.y}L${line.b.x} ${line.b.y}` })] : [])) : []));
    for (const [key, item] of this.items) {
      const on = key.startsWith("node ") ? path?.nodes.has(key.slice(5)) : key.startsWith("dev ") ? path?.devices.has(key.slice(key.indexOf(" ", 4) + 1)) : false;
      item.element.querySelector(".box, .dev")?.classList.toggle("on", on === true);
    }
  }

  private drawDrops(): void {
    const layer = this.svg.querySelector(".dropped-here");
    if (!layer || !this.layout) return;
    const byId = new Map(this.layout.boxes.map((box) => [box.id, box]));
    replace(
      layer,
      ...[...this.drops].flatMap(([node, drop]) => {
        const box = byId.get(node);
        if (!box) return [];
        const x = box.x - box.w / 2 + 4;
        const y = box.y + box.h / 2 + 15;
        return [s("g", {}, s("path", { class: "cross", d: `M${x} ${y - 9}l8 8M${x + 8} ${y - 9}l-8 8` }), s("text", { class: "over gone", x: x + 13, y }, text.drops(drop.count)), s("title", {}, drop.reason))];
      }),
    );
  }

  // -- motion -----------------------------------------------------------------------------------------------------------

  private animate(): void {
    if (this.frame !== 0) return;
    this.before = performance.now();
    const step = (now: number): void => {
      this.frame = 0;
      const elapsed = Math.min(100, now - this.before);
      this.before = now;
      const shown = this.clock ? this.player.underWay(this.clock()) : this.player.play(elapsed);
      this.drawMarks(shown);
      this.drawLoads(now);
      if (!this.player.idle || this.loads.size > 0) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  private drawMarks(shown: readonly Shown[]): void {
    const { layout } = this;
    if (!layout) return;
    const onCable = new Map<number, number>();
    for (const { flight } of shown) onCable.set(flight.cable, (onCable.get(flight.cable) ?? 0) + 1);
    for (const [cable, count] of onCable) if (count > MARKS_A_CABLE) this.player.addSkipped(cable, count);
    const visible = shown.filter(({ flight }) => (onCable.get(flight.cable) ?? 0) <= MARKS_A_CABLE);
    const letters = visible.length <= LETTERS_MAX;
    const marks = visible.flatMap(({ flight, at }): Mark[] => {
      const line = layout.cables[flight.cable];
      if (!line) return [];
      const way = flight.forward ? line : { a: line.b, b: line.a };
      const followed = this.followed?.packets.has(flight.packet) === true;
      return [{ packet: flight.packet, family: flight.family, at: along(way, this.reduced.matches ? 0.5 : at), from: way.a, towards: way.b, letters: letters || followed ? (this.labels.get(flight.packet) ?? "") : "", followed }];
    });
    this.marks.draw(marks, layout.width);
  }

  private drawLoads(now: number): void {
    for (const [cable, count] of this.player.takeSkipped()) {
      const load = this.loads.get(cable);
      this.loads.set(cable, { count: (load && load.until > now ? load.count : 0) + count, until: now + LOAD_MS });
    }
    for (const [cable, load] of this.loads) if (load.until <= now) this.loads.delete(cable);
    const lines = [...this.loads].flatMap(([cable, load]) => {
      const line = this.layout?.cables[cable];
      if (!line) return [];
      const middle = along(line, 0.5);
      const width = Math.min(11, 3 + Math.log10(1 + load.count) * 2);
      return [
        s("path", { class: "load", d: `M${line.a.x} ${line.a.y}L${line.b.x} ${line.b.y}`, "stroke-width": width.toFixed(1) }),
        s("text", { class: "m over", x: middle.x, y: middle.y + 4, "text-anchor": "middle" }, text.many(load.count)),
      ];
    });
    if (lines.length > 0 || this.loadLayer.childElementCount > 0) replace(this.loadLayer, ...lines);
  }

  // -- keyboard ---------------------------------------------------------------------------------------------------------

  private makeCurrent(key: string): void {
    this.items.get(this.current)?.element.setAttribute("tabindex", "-1");
    this.current = key;
    this.items.get(key)?.element.setAttribute("tabindex", "0");
  }

  private key(e: KeyboardEvent): void {
    const item = this.items.get(this.current);
    if (!item) return;
    if (e.key === "Enter" || e.key === " ") {
      e.preventDefault();
      e.stopPropagation();
      item.open();
      return;
    }
    const towards = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (!towards) return;
    e.preventDefault();
    const [dx, dy] = towards as [number, number];
    let best: Item | undefined;
    let bestFit = 0.25;
    for (const key of item.near) {
      const other = this.items.get(key);
      if (!other) continue;
      const x = other.at.x - item.at.x;
      const y = other.at.y - item.at.y;
      const fit = (x * dx + y * dy) / (Math.hypot(x, y) || 1);
      if (fit > bestFit) [best, bestFit] = [other, fit];
    }
    if (!best) return;
    this.makeCurrent(best.key);
    best.element.focus();
  }
}
