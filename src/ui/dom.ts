/** Elements from code. Text always goes in as text: nothing here, or above it, parses HTML. */
export type Child = Node | string | undefined | false;
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = "http://www.w3.org/2000/svg";

function fill<E extends Element>(element: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(parent: Element, children: readonly Child[]): void {
  for (const child of children) if (child !== undefined && child !== false) parent.append(child);
}

/** An HTML element. A `class` of "" is left out by giving undefined. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Puts `children` in place of what is there. */
export function replace(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** A button that is never a form's. */
export function button(className: string, label: Child | readonly Child[], press: (event: MouseEvent) => void, attributes: Attributes = {}): HTMLButtonElement {
  const b = h("button", { type: "button", class: className, ...attributes }, ...(Array.isArray(label) ? (label as readonly Child[]) : [label as Child]));
  b.addEventListener("click", press);
  return b;
}

/** Text in which `backticks` make code and **stars** weight, as in the labs' texts. An odd backtick or star is itself. */
export function rich(text: string): Node[] {
  const nodes: Node[] = [];
  let plain = 0;
  for (const match of text.matchAll(/`([^`\n]+)`|\*\*([^*\n]+)\*\*/g)) {
    if (match.index > plain) nodes.push(document.createTextNode(text.slice(plain, match.index)));
    nodes.push(match[1] !== undefined ? h("code", {}, match[1]) : h("b", {}, ...rich(match[2]!)));
    plain = match.index + match[0].length;
  }
  if (plain < text.length) nodes.push(document.createTextNode(text.slice(plain)));
  return nodes;
}

/** Paragraphs parted by empty lines; a line that begins with "- " is an item of a list. */
export function paragraphs(text: string): HTMLElement[] {
  return text.trim().split(/\n[ \t]*\n/).map((block) => {
    const lines = block.split("\n");
    if (lines.every((line) => /^[-*] /.test(line))) return h("ul", {}, ...lines.map((line) => h("li", {}, ...rich(line.slice(2)))));
    return h("p", {}, ...rich(block.replace(/\s*\n\s*/g, " ")));
  });
}

/** Paths on a grid of 16, drawn with the pen of `.ic`. */
const ICONS = {
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  open: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
  undo: "M6 3L2.5 6.5 6 10M3 6.5h6a4 4 0 0 1 0 8H6",
  plus: "M8 3v10M3 8h10",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  step: "M6 3l5 5-5 5",
  back: "M10 3L5 8l5 5",
  skip: "M3 3l6 5-6 5zM12.5 3v10",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  more: "M3 8h.01M8 8h.01M13 8h.01",
} as const;
export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  const bold = name === "check" || name === "cross" || name === "pause";
  return s("svg", { class: "ic", viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: ICONS[name], ...(bold ? { "stroke-width": 2 } : {}), ...(name === "play" || name === "skip" ? { fill: "currentColor" } : {}) }));
}

/** Listeners and timers of one part, ended together when it leaves the page. */
export class Lifetime {
  private readonly ends: (() => void)[] = [];
  readonly controller = new AbortController();

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  add(end: () => void): void {
    this.ends.push(end);
  }

  on<K extends keyof HTMLElementEventMap>(target: EventTarget, type: K, listen: (event: HTMLElementEventMap[K]) => void, options: AddEventListenerOptions = {}): void {
    target.addEventListener(type, listen as EventListener, { ...options, signal: this.signal });
  }

  end(): void {
    this.controller.abort();
    for (const end of this.ends.splice(0).reverse()) end();
  }
}
