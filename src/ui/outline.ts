/** The network as text: one item a node, under it one a device, with what the drawing shows. The equal form of net-map.ts. */
import type { LabView } from "../lab/protocol.ts";
import { button, h, replace } from "./dom.ts";
import type { MapHooks } from "./net-map.ts";
import type { NodeFacts } from "./node-facts.ts";
import { text } from "./text.ts";

export class Outline {
  readonly element = h("div", { class: "scroll outline", hidden: true, tabindex: 0, role: "group", "aria-label": text.outline });
  private readonly lab: LabView;
  private readonly hooks: MapHooks;
  private readonly cut = new Set<number>();
  private readonly counts = new Map<number, number>();
  private facts: ReadonlyMap<string, NodeFacts> = new Map();
  private last: { cable: number; packet: number; label: string } | undefined;
  private scheduled = false;

  constructor(lab: LabView, hooks: MapHooks) {
    this.lab = lab;
    this.hooks = hooks;
    for (const cable of lab.cables) if (cable.cut) this.cut.add(cable.id);
  }

  setFacts(facts: ReadonlyMap<string, NodeFacts>): void {
    this.facts = facts;
    this.later();
  }

  setCut(cable: number, cut: boolean): void {
    if (cut) this.cut.add(cable);
    else this.cut.delete(cable);
    this.later();
  }

  addFrame(cable: number, packet: number, label: string): void {
    this.counts.set(cable, (this.counts.get(cable) ?? 0) + 1);
    this.last = { cable, packet, label };
    this.later();
  }

  addMore(cable: number, count: number): void {
    this.counts.set(cable, (this.counts.get(cable) ?? 0) + count);
    this.later();
  }

  clearFrames(): void {
    this.counts.clear();
    this.last = undefined;
    this.later();
  }

  show(on: boolean): void {
    this.element.hidden = !on;
    if (on) this.draw();
  }

  framesOn(cable: number): number {
    return this.counts.get(cable) ?? 0;
  }

  /** At most a few times a second: it is read, not watched. */
  private later(): void {
    if (this.scheduled || this.element.hidden) return;
    this.scheduled = true;
    setTimeout(() => {
      this.scheduled = false;
      if (!this.element.hidden && !this.element.contains(document.activeElement)) this.draw();
    }, 300);
  }

  private draw(): void {
    replace(
      this.element,
      h(
        "ul",
        { class: "nodes", role: "list" },
        ...this.lab.nodes.map((node) => {
          const facts = this.facts.get(node.name);
          return h(
            "li",
            {},
            button("lnk", [h("b", {}, node.name), ` ${text.kinds[node.kind]}`, facts?.lines.length ? h("code", {}, facts.lines.join(", ")) : node.sub ? h("code", {}, node.sub) : false], () => this.hooks.openNode(node.name)),
            h("ul", { role: "list" }, ...node.interfaces.map((dev) => this.device(node.name, dev))),
          );
        }),
      ),
    );
  }

  private device(node: string, dev: string): HTMLElement {
    const cable = this.lab.cables.find((other) => other.ends.some((end) => end.node === node && end.dev === dev));
    const state = this.facts.get(node)?.devices.get(dev);
    const far = cable?.ends.find((end) => end.node !== node || end.dev !== dev);
    const here = cable && this.last?.cable === cable.id ? this.last : undefined;
    const words = [
      state ? text.states[state.state] : "",
      state?.stp === "blocking" ? text.blocked : "",
      cable && far ? text.cabledTo(`${far.node}:${far.dev}`) : text.noCable,
      cable && this.cut.has(cable.id) ? text.unplugged : "",
      cable && this.counts.get(cable.id) ? text.framesSeen(this.counts.get(cable.id)!) : "",
    ].filter(Boolean);
    return h(
      "li",
      {},
      button("lnk", [h("code", {}, dev), ` ${words.join(", ")}`], () => (cable ? this.hooks.openCable(cable.id) : this.hooks.openDevice(node, dev))),
      here ? button("lnk here", text.packetHere(here.label), () => this.hooks.follow(here.packet)) : false,
    );
  }
}
