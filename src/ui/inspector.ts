/**
 * A packet's octets and what they mean: the strip, the headers as a tree of fields, the octets themselves; each points at the
 * other two. What changed since the packet was last seen is marked.
 */
import type { Decision } from "../sim/trace.ts";
import { button, h, replace } from "./dom.ts";
import { lookAt } from "./packet-look.ts";
import { type Field, type Header, headersOf } from "./packet-tree.ts";
import { strip } from "./strip.ts";
import { text } from "./text.ts";

export interface InspectorHooks {
  save(): void;
}

const ROW = 16;
const hex2 = (n: number): string => n.toString(16).padStart(2, "0");

export class Inspector {
  readonly element: HTMLElement;
  private readonly what = h("span", { class: "dim" });
  private readonly body = h("div", { class: "insp" });
  private readonly save: HTMLButtonElement;
  private bytes: Uint8Array = new Uint8Array(0);
  private headers: readonly Header[] = [];
  private fields: { field: Field; header: number; row: HTMLElement }[] = [];
  /** Octet elements by offset: runs of one field within one row. */
  private runs: { from: number; to: number; element: HTMLElement }[] = [];
  private chosen = -1;
  private pre: HTMLPreElement | undefined;
  private open = new Set<string>();

  constructor(hooks: InspectorHooks) {
    this.save = button("btn bare sm", text.savePcap, () => hooks.save());
    this.element = h("section", { class: "pkt", "aria-labelledby": "pw-h-pkt" }, h("div", { class: "ph" }, h("h2", { id: "pw-h-pkt" }, text.packet), this.what, h("span", { class: "sp" }), this.save), this.body);
    this.body.style.display = "contents";
    this.clear();
  }

  clear(): void {
    this.what.textContent = "";
    this.pre = undefined;
    this.headers = [];
    replace(this.body, h("div", { class: "empty" }, h("p", {}, text.noPacket)));
  }

  focus(): void {
    (this.pre ?? this.save).focus();
  }

  show(d: Decision, before: Decision | undefined, step: number): void {
    this.bytes = d.bytes;
    this.headers = headersOf(d.bytes, d.layer);
    const changed = changes(this.headers, d.bytes, before?.bytes);
    this.what.textContent = text.afterStep(d.bytes.length, step + 1);
    this.fields = [];
    this.runs = [];
    this.chosen = -1;
    const top = this.body.querySelector(".scroll")?.scrollTop ?? 0;
    const look = lookAt(d.bytes, d.layer);
    const bar = h("div", { class: "sum" }, strip(look.blocks, { fill: true, height: 22, choose: (i) => this.openHeaderAt(look.blocks.slice(0, i).reduce((sum, block) => sum + block.octets, 0)) }));
    const tree = h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": text.headerTree }, h("ul", { class: "tree", role: "list", "aria-label": text.headersLabel }, ...this.headers.map((header, i) => this.header(header, i, changed))));
    this.pre = this.octets(changed);
    replace(this.body, bar, tree, this.pre);
    tree.scrollTop = top;
    const first = this.fields.findIndex(({ field }) => changed.has(field));
    if (first >= 0) this.choose(first, "both");
  }

  private header(header: Header, index: number, changed: ReadonlySet<Field>): HTMLElement {
    const key = `${header.name} ${this.headers.slice(0, index).filter((other) => other.name === header.name).length}`;
    const anyChanged = header.fields.some((field) => changed.has(field));
    const rows = header.fields.map((field) => {
      const row = h("div", { "data-offset": field.offset }, h("dt", {}, field.name), h("dd", {}, h("code", {}, field.value), field.note ? ` ${field.note}` : "", field.bad ? h("span", { class: "wrong" }, ` ${text.checksumBad}`) : "", changed.has(field) ? h("span", { class: "chg" }, ` ${text.changed}`) : ""));
      const at = this.fields.push({ field, header: index, row }) - 1;
      row.addEventListener("click", () => this.choose(at, "octets"));
      row.addEventListener("mouseenter", () => this.light(at));
      return row;
    });
    const details = h(
      "details",
      { ...(this.open.has(key) || anyChanged ? { open: true } : {}) },
      h("summary", {}, h("span", { class: "nm" }, h("span", { class: `sw f-${header.family}` }), text.headerNames[header.name] ?? header.name), h("code", {}, header.summary), h("span", { class: "o num" }, text.offsets(header.offset, header.offset + header.length - 1))),
      h("dl", {}, ...rows),
    );
    details.addEventListener("toggle", () => {
      if (details.open) this.open.add(key);
      else this.open.delete(key);
    });
    return h("li", {}, details);
  }

  private octets(changed: ReadonlySet<Field>): HTMLPreElement {
    const pre = h("pre", { class: "hex scroll", tabindex: 0, role: "group", "aria-label": text.bytesLabel });
    const owner = new Int32Array(this.bytes.length).fill(-1);
    // The narrowest field that covers an octet owns it; of two that share it, the first.
    this.fields.forEach(({ field }, i) => {
      for (let at = field.offset; at < field.offset + field.length && at < owner.length; at++) {
        const old = this.fields[owner[at]!];
        if (!old || field.length < old.field.length) owner[at] = i;
      }
    });
    for (let row = 0; row < this.bytes.length; row += ROW) {
      pre.append(h("span", { class: "off" }, row.toString(16).padStart(4, "0")), " ");
      const end = Math.min(this.bytes.length, row + ROW);
      for (let from = row; from < end; ) {
        const field = owner[from]!;
        let to = from;
        while (to < end && owner[to] === field) to++;
        const family = this.headers[this.fields[field]?.header ?? -1]?.family ?? "pay";
        const known = this.fields[field];
        const run = h("span", { class: `b f-${family}${known && changed.has(known.field) ? " new" : ""}` }, [...this.bytes.subarray(from, to)].map(hex2).join(" "));
        if (known) {
          run.addEventListener("click", () => this.choose(field, "tree"));
          run.addEventListener("mouseenter", () => this.light(field));
        }
        this.runs.push({ from, to, element: run });
        pre.append(run, to < end ? " " : "");
        from = to;
      }
      pre.append("\n");
    }
    pre.addEventListener("mouseleave", () => this.light(this.chosen));
    pre.addEventListener("keydown", (e) => this.key(e));
    return pre;
  }

  private key(e: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    if (by !== undefined) {
      e.preventDefault();
      this.choose(Math.min(this.fields.length - 1, Math.max(0, this.chosen + by)), "both", false);
    } else if (e.key === "Enter" && this.chosen >= 0) {
      e.preventDefault();
      const { row } = this.fields[this.chosen]!;
      row.closest("details")!.open = true;
      row.scrollIntoView({ block: "nearest" });
      row.closest("details")!.querySelector("summary")?.focus();
    }
  }

  private openHeaderAt(offset: number): void {
    const i = this.headers.findIndex((header) => header.offset === offset);
    const field = this.fields.findIndex((other) => other.header === i);
    if (field >= 0) this.choose(field, "both");
  }

  /** @param reveal which of the two views is scrolled to it. */
  private choose(field: number, reveal: "tree" | "octets" | "both", unfold = true): void {
    this.chosen = field;
    this.light(field);
    const known = this.fields[field];
    if (!known) return;
    if (reveal !== "octets" && unfold) known.row.closest("details")!.open = true;
    if (reveal !== "octets" && known.row.closest("details")!.open) scrollTo(known.row.firstElementChild as HTMLElement);
    if (reveal !== "tree") {
      const run = this.runs.find((other) => other.to > known.field.offset);
      if (run && this.pre) scrollTo(run.element);
    }
  }

  private light(field: number): void {
    const known = this.fields[field];
    for (const { row } of this.fields) row.classList.toggle("on", row === known?.row);
    for (const run of this.runs) run.element.classList.toggle("on", known !== undefined && run.from < known.field.offset + known.field.length && run.to > known.field.offset);
  }
}

/** Scrolls its own scroller only, never the page. */
function scrollTo(element: HTMLElement): void {
  const scroller = element.closest<HTMLElement>(".scroll");
  if (!scroller) return;
  const box = element.getBoundingClientRect();
  const around = scroller.getBoundingClientRect();
  if (box.top < around.top) scroller.scrollTop -= around.top - box.top + 4;
  else if (box.bottom > around.bottom) scroller.scrollTop += box.bottom - around.bottom + 4;
}

/** Fields whose octets are not those of the same field before. */
function changes(headers: readonly Header[], bytes: Uint8Array, before: Uint8Array | undefined): ReadonlySet<Field> {
  const changed = new Set<Field>();
  if (!before || before.length !== bytes.length) return changed;
  for (const header of headers) for (const field of header.fields) for (let i = field.offset; i < field.offset + field.length; i++) if (bytes[i] !== before[i]) changed.add(field);
  return changed;
}
