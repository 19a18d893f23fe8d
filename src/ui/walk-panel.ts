/**
 * The life of a packet: every decision about it, about what it was copied into and answered by, in order. A step opened shows
 * what it rests on and what lost. The chosen step's octets are the inspector's.
 */
import type { WalkView } from "../lab/protocol.ts";
import type { Decision } from "../sim/trace.ts";
import { button, h, icon, replace, rich } from "./dom.ts";
import { formatSeconds } from "./format.ts";
import { lookAt } from "./packet-look.ts";
import { strip } from "./strip.ts";
import { text } from "./text.ts";

export interface WalkHooks {
  /** A step was chosen: by its index in the walk. */
  choose(step: number): void;
  latest(): void;
  toCapture(): void;
}

/** The sentence under a step. `entry` is code in it. */
export function whyOf(d: Decision): string {
  const look = lookAt(d.bytes, d.layer);
  const broadcast = d.layer === "ether" && (d.bytes[0] ?? 0) & 1;
  switch (d.verdict) {
    case "drop":
      return text.why.drop(d.reason || d.entry);
    case "flood":
      return text.why.flood(macOf(d), Boolean(broadcast));
    case "learn":
      return text.why.learn(d.entry);
    case "queue":
      return text.why.queue(d.entry);
    case "reply":
      return text.why.reply;
    case "consume":
      return d.stage === "deliver" || d.stage === "socket" ? text.why.deliver : "";
    default:
      break;
  }
  if (d.stage === "fdb") return text.why.fdb(macOf(d), d.entry);
  if (d.stage === "route" || d.stage === "rule") return d.entry ? text.why.route(d.entry) : "";
  if (d.stage === "neigh") return d.entry ? text.why.neigh(d.entry) : "";
  if (d.stage === "deliver") return text.why.deliver;
  if (d.stage === "cable") return text.why.cable;
  return look.summary ? `\`${look.protocol} ${look.summary}\`` : "";
}

/** Drops that are nobody's fault: a copy that a switch flooded to somebody else. */
const INNOCENT: ReadonlySet<string> = new Set(["OTHERHOST", "UNHANDLED_PROTO"]);
/** Steps drawn of one walk. A flood in a loop makes thousands. */
const STEPS_MAX = 400;

/** A cable is named by its two ends; the packet goes from the one to the other. */
function wayOf(d: Decision): string {
  const here = `${d.node}:${d.dev}`;
  const far = d.entry.split(" ").find((end) => end !== here);
  return far ? `${here} > ${far}` : d.entry;
}

/** The entry without the device that stands beside it already. */
const entryOf = (d: Decision): string => (d.dev ? d.entry.replace(` dev ${d.dev}`, "").replace(` master ${d.dev}`, "") : d.entry);

const macOf = (d: Decision): string => [...d.bytes.subarray(0, 6)].map((b) => b.toString(16).padStart(2, "0")).join(":");

export class WalkPanel {
  readonly element: HTMLElement;
  private readonly what = h("span", { class: "dim" });
  private readonly scroll = h("div", { class: "scroll" });
  private readonly hooks: WalkHooks;
  private walk: WalkView | undefined;
  private chosen = -1;
  private anyFrames = false;

  constructor(hooks: WalkHooks) {
    this.hooks = hooks;
    const choose = button("btn bare sm", text.choose, () => hooks.toCapture(), { title: text.chooseTitle });
    this.element = h("section", { class: "walk", "aria-labelledby": "pw-h-walk" }, h("div", { class: "ph" }, h("h2", { id: "pw-h-walk" }, text.walk), this.what, h("span", { class: "sp" }), choose), this.scroll);
    this.draw();
  }

  get shown(): WalkView | undefined {
    return this.walk;
  }

  get step(): number {
    return this.chosen;
  }

  setAnyFrames(): void {
    if (this.anyFrames) return;
    this.anyFrames = true;
    if (!this.walk) this.draw();
  }

  show(walk: WalkView | undefined, letters: string, step: number): void {
    this.walk = walk;
    this.chosen = step;
    this.what.textContent = walk ? text.packetNumber(walk.packet, letters) : "";
    this.draw();
    this.reveal();
  }

  choose(step: number): void {
    const steps = this.walk?.decisions.length ?? 0;
    if (step < 0 || step >= steps) return;
    this.chosen = step;
    this.draw();
    this.reveal();
    this.hooks.choose(step);
  }

  /** The chosen step's losers come into view. */
  openWhy(): void {
    this.scroll.querySelector<HTMLElement>(".sel .stp")?.focus();
  }

  focus(): void {
    (this.scroll.querySelector<HTMLElement>(".sel .stp") ?? this.scroll.querySelector<HTMLElement>("button") ?? this.element.querySelector("button"))?.focus();
  }

  private reveal(): void {
    const chosen = this.scroll.querySelector<HTMLElement>(".sel");
    if (!chosen) return;
    const top = chosen.offsetTop - this.scroll.offsetTop;
    const bottom = top + chosen.offsetHeight;
    if (top < this.scroll.scrollTop + 30) this.scroll.scrollTop = Math.max(0, top - 60);
    else if (bottom > this.scroll.scrollTop + this.scroll.clientHeight) this.scroll.scrollTop = bottom - this.scroll.clientHeight + 30;
  }

  private draw(): void {
    const hadFocus = this.scroll.contains(document.activeElement);
    if (!this.walk || this.walk.decisions.length === 0) {
      const words = this.walk ? text.walkGone : this.anyFrames ? text.noPacket : text.noPacketYet;
      replace(this.scroll, h("div", { class: "empty" }, h("p", {}, words), this.anyFrames ? button("btn sm", text.followLatest, () => this.hooks.latest()) : false));
      return;
    }
    const top = this.scroll.scrollTop;
    const items: HTMLElement[] = [];
    let place = "";
    const { decisions } = this.walk;
    const first = Math.max(0, Math.min(this.chosen - STEPS_MAX / 2, decisions.length - STEPS_MAX));
    decisions.slice(first, first + STEPS_MAX).forEach((d, k) => {
      const i = first + k;
      const here = d.netns ? `${d.node} ${d.netns}` : d.node;
      if (here !== place) items.push(h("li", { class: "at" }, h("span", {}, here), h("span", { class: "num" }, formatSeconds(d.at))));
      place = here;
      items.push(this.stepItem(d, i));
    });
    if (decisions.length > STEPS_MAX) items.push(h("li", { class: "more dim" }, text.stepsShown(first + 1, Math.min(decisions.length, first + STEPS_MAX), decisions.length)));
    replace(this.scroll, h("ol", { class: "wk", role: "list", "aria-label": text.steps }, ...items));
    this.scroll.scrollTop = top;
    if (hadFocus) this.scroll.querySelector<HTMLElement>(".sel .stp")?.focus({ preventScroll: true });
  }

  private stepItem(d: Decision, i: number): HTMLElement {
    const on = i === this.chosen;
    const look = lookAt(d.bytes, d.layer);
    const dropped = d.verdict === "drop";
    const harmless = INNOCENT.has(d.reason);
    const head = d.dev ? `${text.stages[d.stage]} ${d.dev}` : text.stages[d.stage];
    const what = dropped ? text.dropped(d.reason || d.entry) : d.verdict === "flood" ? text.verdicts.flood : (d.stage === "cable" ? wayOf(d) : entryOf(d)) || text.verdicts[d.verdict];
    const small = strip(look.blocks, { unit: 0.5, height: 11, bare: true });
    const b = button(`stp${dropped && !harmless ? " bad" : ""}`, [h("span", { class: "n" }, String(i + 1)), h("span", { class: "w" }, head), h("span", { class: "x" }, dropped ? icon("cross") : false, what), small], () => this.choose(i), { "aria-expanded": String(on), ...(on ? { "aria-current": "step" } : {}) });
    return h("li", { class: `st${on ? " sel" : ""}` }, b, on ? this.why(d) : false);
  }

  private why(d: Decision): HTMLElement {
    const sentence = whyOf(d);
    const lost = d.lost ?? [];
    return h(
      "div",
      { class: "why" },
      sentence ? h("p", {}, ...rich(sentence)) : false,
      lost.length > 0 &&
        h(
          "ul",
          { role: "list" },
          d.entry ? h("li", {}, icon("check"), h("span", {}, h("code", {}, d.entry))) : false,
          ...lost.map((other) => h("li", { class: "lost" }, icon("cross"), h("span", {}, h("span", { class: "vh" }, `${text.lostBy} `), h("code", {}, other.entry), h("span", { class: "r" }, text.lostWhy[other.why])))),
        ),
    );
  }
}
