/**
 * Draws mermaid diagrams without a browser. A worker thread of its own, because jsdom's globals break other tools
 * in the site generator's process. jsdom has no layout, so the boxes that mermaid asks for are measured here.
 */
import { parentPort } from "node:worker_threads";
import { JSDOM } from "jsdom";

const win = new JSDOM("<!doctype html><body></body>", { pretendToBeVisual: true }).window;
const GLOBALS = "window document location Element SVGElement HTMLElement Node DOMParser XMLSerializer MutationObserver CSSStyleSheet".split(" ");
for (const key of GLOBALS)
  Object.defineProperty(globalThis, key, { value: key === "window" ? win : win[key], configurable: true, writable: true });
for (const key of ["getComputedStyle", "requestAnimationFrame"]) globalThis[key] = win[key].bind(win);

// Advances of Source Sans 3 in thousandths of an em, so that boxes fit their words. Chinese and full-width forms are one em.
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;
const ADVANCES = {
  200: " ", 249: ".,:;'!", 255: "ijlI|", 303: "()[]{}-", 347: "frt/\\*", 425: "sz?\"", 456: "cvxyJ", 496: "aegk0123456789LF_+=<>~#$",
  548: "bdhnopquAEPRSTVXYZ", 588: "BCKD", 652: "GHNOQU", 727: "Mw", 829: "mW%@&",
};
const ADVANCE = new Map(Object.entries(ADVANCES).flatMap(([units, letters]) => [...letters].map((c) => [c, Number(units) / 1000])));
const em = (c) => (WIDE.test(c) ? 1 : (ADVANCE.get(c) ?? 0.55));
const width = (text, px) => [...text].reduce((sum, c) => sum + em(c), 0) * px;
const FONT = 15;

const num = (el, name) => Number.parseFloat(el.getAttribute(name) ?? "") || 0;
function fontPx(el) {
  for (let e = el; e?.getAttribute; e = e.parentNode) {
    const px = Number.parseFloat(e.style?.fontSize || e.getAttribute("font-size"));
    if (px) return px;
  }
  return FONT;
}
function union(a, b) {
  if (!a) return b;
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  return { x, y, width: Math.max(a.x + a.width, b.x + b.width) - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
const NOTHING = { x: 0, y: 0, width: 0, height: 0 };

/** Flowcharts centre the words of a node by a rule of their style sheet, state diagrams by moving them. */
function centredByStyle(el) {
  if (!el.closest(".node .label")) return false;
  const rules = el.ownerSVGElement?.querySelector("style")?.textContent ?? "";
  return /\.node \.label text[^{}]*\{[^}]*text-anchor:\s*middle/.test(rules);
}

function textBox(el) {
  const px = fontPx(el);
  const len = (v) => (v ? Number.parseFloat(v) * (/em$/.test(v) ? px : 1) || 0 : 0);
  const spans = [...el.children].filter((c) => c.localName === "tspan");
  const rows = spans.some((s) => s.hasAttribute("dy") || s.hasAttribute("y")) ? spans : [el];
  const first = rows[0];
  const w = Math.max(0, ...rows.map((row) => width(row.textContent.trim(), px)));
  const middle = (el.getAttribute("text-anchor") || el.style?.textAnchor) === "middle" || centredByStyle(el);
  const top = first === el || !first.hasAttribute("y") ? num(el, "y") : len(first.getAttribute("y"));
  const base = first === el ? top : top + len(first.getAttribute("dy"));
  return { x: num(el, "x") - (middle ? w / 2 : 0), y: base - px * 0.93, width: w, height: px * (1.17 + 1.1 * (rows.length - 1)) };
}

function pathBox(el) {
  const points = (el.getAttribute("points") ?? el.getAttribute("d") ?? "").match(/-?\d+(\.\d+)?/g)?.map(Number) ?? [];
  let box = null;
  for (let i = 0; i + 1 < points.length; i += 2) box = union(box, { x: points[i], y: points[i + 1], width: 0, height: 0 });
  return box ?? NOTHING;
}

function groupBox(el) {
  let box = null;
  for (const child of el.children) {
    if (/^(style|defs|marker|title|desc)$/.test(child.localName)) continue;
    const b = boxOf(child);
    const move = /translate\(\s*(-?[\d.]+)[ ,]+(-?[\d.]+)/.exec(child.getAttribute("transform") ?? "");
    if (b.width || b.height) box = union(box, { ...b, x: b.x + (move ? +move[1] : 0), y: b.y + (move ? +move[2] : 0) });
  }
  return box ?? NOTHING;
}

function boxOf(el) {
  const n = (name) => num(el, name);
  switch (el.localName) {
    case "rect":
    case "foreignObject":
      return { x: n("x"), y: n("y"), width: n("width"), height: n("height") };
    case "circle":
      return { x: n("cx") - n("r"), y: n("cy") - n("r"), width: 2 * n("r"), height: 2 * n("r") };
    case "line":
      return union({ x: n("x1"), y: n("y1"), width: 0, height: 0 }, { x: n("x2"), y: n("y2"), width: 0, height: 0 });
    case "text":
    case "tspan":
      return textBox(el);
    case "polygon":
    case "path":
      return pathBox(el);
    default:
      return groupBox(el);
  }
}

win.SVGElement.prototype.getBBox = function () {
  return boxOf(this);
};
win.SVGElement.prototype.getComputedTextLength = function () {
  return width(this.textContent, fontPx(this));
};
win.Element.prototype.getBoundingClientRect = function () {
  const b = this.namespaceURI?.endsWith("svg") ? boxOf(this) : { x: 0, y: 0, width: width(this.textContent, FONT), height: 24 };
  return { ...b, left: b.x, top: b.y, right: b.x + b.width, bottom: b.y + b.height };
};

const { default: mermaid } = await import("mermaid");

// Mermaid wants real colours. It gets markers, #010101 to #010109, which become CSS variables: one SVG serves light and dark.
const MARKERS = ["node", "text", "border", "line", "alt", "group", "bg", "group-line", "note"];
const marker = (name) => `#01010${MARKERS.indexOf(name) + 1}`;
const THEME = {
  node: "primaryColor mainBkg actorBkg",
  text: "primaryTextColor secondaryTextColor tertiaryTextColor titleColor textColor nodeTextColor actorTextColor signalTextColor labelTextColor loopTextColor noteTextColor",
  border: "primaryBorderColor secondaryBorderColor tertiaryBorderColor nodeBorder actorBorder",
  line: "lineColor signalColor arrowheadColor",
  alt: "secondaryColor",
  group: "tertiaryColor clusterBkg labelBoxBkgColor activationBkgColor",
  bg: "background edgeLabelBackground sequenceNumberColor",
  "group-line": "clusterBorder actorLineColor labelBoxBorderColor noteBorderColor activationBorderColor",
  note: "noteBkgColor",
};
const themeVariables = Object.fromEntries(
  Object.entries(THEME).flatMap(([name, keys]) => keys.split(" ").map((key) => [key, marker(name)])),
);
mermaid.initialize({
  startOnLoad: false,
  securityLevel: "loose",
  htmlLabels: false,
  layout: "dagre",
  theme: "base",
  look: "classic", // the default casts shadows
  themeVariables: { ...themeVariables, fontSize: `${FONT}px` },
  fontFamily: "var(--sans)",
  deterministicIds: true,
  flowchart: { minNodeWidth: 0, wrappingWidth: 160, nodeSpacing: 28, rankSpacing: 34, curve: "linear" },
  state: { minNodeWidth: 0 },
  sequence: {
    mirrorActors: false,
    diagramMarginX: 8,
    diagramMarginY: 8,
    height: 40,
    width: 130,
    ...Object.fromEntries(["actor", "message", "note"].flatMap((of) => [[`${of}FontFamily`, "var(--sans)"], [`${of}FontSize`, FONT]])),
  },
});

/** Colours as variables; the size it was drawn for, in place of "as wide as there is room". */
function finished(svg) {
  const [, , , w = 0, h = 0] = /viewBox="(\S+) (\S+) (\S+) (\S+)"/.exec(svg)?.map(Number) ?? [];
  return svg
    .replace(/#01010([1-9])/g, (_, i) => `var(--d-${MARKERS[i - 1]})`)
    .replace(/(<svg [^>]*?)width="100%"/, `$1width="${Math.ceil(w)}" height="${Math.ceil(h)}"`)
    .replace(/(<svg [^>]*?) style="[^"]*"/, "$1");
}

let chain = Promise.resolve(); // mermaid keeps state between calls: one at a time
parentPort.on("message", ({ id, text }) => {
  chain = chain
    .then(() => mermaid.render(id, text))
    .then(({ svg }) => parentPort.postMessage({ id, svg: finished(svg) }))
    .catch((error) => parentPort.postMessage({ id, error: String(error?.message ?? error) }));
});
