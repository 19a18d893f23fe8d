/**
 * Draws a small network from a grid: where boxes, cables, device names and packets lie. Pure geometry, no markup.
 * A figure is laid out twice from the same description: `wide` for pages, `narrow` for phones (348 units, the room of a
 * figure on a 390 px screen). The narrow form is turned by a quarter when the grid has more columns than fit.
 */
import { headerOf, type Header } from "./families.ts";
import { groupBy } from "./group-by.ts";

export interface NodeSpec {
  id: string;
  /** Grid cell, column then row, from 0; halves allowed. */
  at: readonly [number, number];
  kind?: "host" | "switch" | "router" | "ns" | "cloud";
  name?: string;
  sub?: string;
  on?: boolean;
}
export type CableSpec = string | { ends: string; state?: "down" | "blocked"; text?: string };
export interface PacketSpec {
  on: string;
  kind: string;
  at?: number;
  text?: string;
  sub?: string;
  /** The words explain, they do not name the packet. */
  quiet?: boolean;
  state?: "followed" | "copy" | "dropped" | "queued";
}
export interface NetSpec {
  nodes: readonly NodeSpec[];
  cables: readonly CableSpec[];
  follow?: readonly string[] | undefined;
  packets?: readonly PacketSpec[] | undefined;
  narrow?: "across" | "down" | undefined;
}

interface Point {
  x: number;
  y: number;
}
export interface Box extends Point {
  spec: NodeSpec;
  w: number;
  h: number;
}
export interface Label extends Point {
  text: string;
  anchor: "start" | "middle" | "end";
}
export interface Cable {
  /** As the author wrote the two ends: `h1:eth0 s1:eth1`. */
  ends: string;
  from: string;
  to: string;
  a: Point;
  b: Point;
  state: "up" | "down" | "blocked";
  names: { name: string; atA: boolean }[];
  words: string | undefined;
  devices: Label[];
  text: Label | undefined;
}
export interface Mark extends Point {
  spec: PacketSpec;
  header: Header;
  on: { a: Point; b: Point };
  label: Label | undefined;
}
export interface Drawing {
  width: number;
  height: number;
  boxes: Box[];
  cables: Cable[];
  follow: { a: Point; b: Point }[];
  marks: Mark[];
}

/** Mean advance of the two faces at the sizes used in drawings; a box is sized so that its words fit. */
const MONO = 7.25;
const SANS = 7;
const PAD = 10;
/** The room in a figure on a screen of 390: letters keep their 12 px there. */
const NARROW = 348;
/** From the first column to the last, on pages: there is room, and words keep clear of each other. */
const WIDE_LEAST = 440;

const MARK_AT = 0.6;

const samePath = (a: string, b: string): boolean => a.replace(/:\S+/g, "").trim() === b.replace(/:\S+/g, "").trim();

const fail = (where: string, why: string): never => {
  throw new Error(`${where}: ${why}`);
};

const nameOf = (node: NodeSpec): string => node.name ?? node.id;

function boxSize(node: NodeSpec): { w: number; h: number } {
  const words = Math.max(nameOf(node).length * SANS, (node.sub?.length ?? 0) * MONO);
  const least = node.kind === "switch" || node.kind === "router" ? 76 : 92;
  return { w: Math.max(least, Math.round(words + 26)), h: node.sub ? 50 : 34 };
}

interface Grid {
  /** Pixels for one column and one row. */
  dx: number;
  dy: number;
  turned: boolean;
}

function extent(values: readonly number[]): { min: number; max: number } {
  return { min: Math.min(...values), max: Math.max(...values) };
}

const place = (node: NodeSpec, turned: boolean): readonly [number, number] => (turned ? [node.at[1], node.at[0]] : node.at);

function layBoxes(spec: NetSpec, grid: Grid): { boxes: Box[]; width: number; height: number } {
  const cells = spec.nodes.map((node) => ({ node, at: place(node, grid.turned), ...boxSize(node) }));
  const cols = extent(cells.map((cell) => cell.at[0]));
  const rows = extent(cells.map((cell) => cell.at[1]));
  const centred = cells.map((cell) => ({ ...cell, x: (cell.at[0] - cols.min) * grid.dx, y: (cell.at[1] - rows.min) * grid.dy }));
  const left = Math.min(...centred.map((cell) => cell.x - cell.w / 2)) - PAD;
  const right = Math.max(...centred.map((cell) => cell.x + cell.w / 2)) + PAD;
  const top = Math.min(...centred.map((cell) => cell.y - cell.h / 2)) - PAD;
  const bottom = Math.max(...centred.map((cell) => cell.y + cell.h / 2)) + PAD;
  return {
    boxes: centred.map(({ node, x, y, w, h }) => ({ spec: node, x: x - left, y: y - top, w, h })),
    width: right - left,
    height: bottom - top,
  };
}

/** Where the line from a box's centre towards a point leaves the box. */
function edge(box: Box, to: Point): Point {
  const dx = to.x - box.x;
  const dy = to.y - box.y;
  const scale = Math.min(dx ? box.w / 2 / Math.abs(dx) : Infinity, dy ? box.h / 2 / Math.abs(dy) : Infinity);
  return { x: box.x + dx * scale, y: box.y + dy * scale };
}

const between = (a: Point, b: Point, t: number): Point => ({ x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t });
const distance = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

/**
 * Where a device name may stand at its end of the cable, best first: above a level cable, on either side of a steep one.
 * `below` puts it under a level cable first, where two names would meet on a short one.
 */
function deviceLabels(name: string, near: Point, far: Point, below: boolean): Label[] {
  const length = distance(near, far) || 1;
  const ux = (far.x - near.x) / length;
  const uy = (far.y - near.y) / length;
  if (Math.abs(uy) < 0.35) {
    const tilt = (uy / Math.abs(ux)) * name.length * MONO * 0.5;
    const level = (dy: number): Label => ({ x: near.x + Math.sign(ux) * 5, y: near.y + tilt + dy, text: name, anchor: ux > 0 ? "start" : "end" });
    const forms = [level(-7 - Math.abs(tilt)), level(16 + Math.abs(tilt))];
    return below ? forms.reverse() : forms;
  }
  const along = 14 / Math.abs(uy);
  const at = { x: near.x + ux * along, y: near.y + uy * along + 4 };
  const left: Label = { x: at.x - 7, y: at.y, text: name, anchor: "end" };
  const right: Label = { x: at.x + 7, y: at.y, text: name, anchor: "start" };
  const outsideIsLeft = uy > 0 ? ux < -0.05 : ux > 0.05;
  return outsideIsLeft ? [left, right] : [right, left];
}

interface End {
  node: string;
  device: string | undefined;
}
const parseEnd = (text: string): End => {
  const [node = "", device] = text.split(":");
  return { node, device };
};

function parseEnds(text: string, known: ReadonlyMap<string, Box>, where: string): [End, End] {
  const ends = text.trim().split(/\s+/).map(parseEnd);
  const [a, b] = ends;
  if (!a || !b || ends.length !== 2) return fail(where, `'${text}' does not name two ends, as in "h1:eth0 s1:eth1"`);
  for (const end of [a, b]) if (!known.has(end.node)) fail(where, `'${text}' names '${end.node}', which is not among the nodes`);
  return [a, b];
}

/** Two cables between the same boxes are drawn beside each other. */
function spread(cables: readonly Cable[]): void {
  for (const group of groupBy(cables, (cable) => [cable.from, cable.to].sort().join(" ")).values()) {
    if (group.length < 2) continue;
    group.forEach((cable, i) => {
      const length = distance(cable.a, cable.b) || 1;
      const off = (i - (group.length - 1) / 2) * 18;
      const turn = cable.from < cable.to ? 1 : -1;
      const nx = (-(cable.b.y - cable.a.y) / length) * off * turn;
      const ny = ((cable.b.x - cable.a.x) / length) * off * turn;
      for (const point of [cable.a, cable.b]) {
        point.x += nx;
        point.y += ny;
      }
    });
  }
}

function layCables(spec: NetSpec, boxes: ReadonlyMap<string, Box>, where: string): Cable[] {
  const cables = spec.cables.map((written): Cable => {
    const cable = typeof written === "string" ? { ends: written } : written;
    const [from, to] = parseEnds(cable.ends, boxes, where);
    const boxA = boxes.get(from.node) as Box;
    const boxB = boxes.get(to.node) as Box;
    const a = edge(boxA, boxB);
    const b = edge(boxB, boxA);
    const names: Cable["names"] = [];
    if (from.device) names.push({ name: from.device, atA: true });
    if (to.device) names.push({ name: to.device, atA: false });
    return { ends: cable.ends, from: from.node, to: to.node, a, b, state: cable.state ?? "up", names, words: cable.text, devices: [], text: undefined };
  });
  spread(cables);
  return cables;
}

function cableOf(cables: readonly Cable[], path: string, where: string): { a: Point; b: Point } {
  const [from = "", to = ""] = path.trim().split(/\s+/).map((end) => end.split(":", 1)[0] ?? "");
  for (const cable of cables) {
    if (cable.from === from && cable.to === to) return { a: cable.a, b: cable.b };
    if (cable.from === to && cable.to === from) return { a: cable.b, b: cable.a };
  }
  return fail(where, `no cable goes from '${from}' to '${to}'`);
}

/** Where the words of a mark may stand, best first: above a level cable, outside of a slanting one, right of a steep one. */
function markLabels(text: string, at: Point, a: Point, b: Point): Label[] {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const beside = (side: 1 | -1): Label => ({ text, x: at.x + 15 * side, y: at.y + 5, anchor: side > 0 ? "start" : "end" });
  const corner = (y: number): Label => ({ text, x: at.x + (dx > 0 ? -12 : 12), y: at.y + y, anchor: dx > 0 ? "end" : "start" });
  const middle = (y: number): Label => ({ text, x: at.x, y: at.y + y, anchor: "middle" });
  if (Math.abs(dy) < Math.abs(dx) * 0.15) return [middle(-14), middle(24)];
  if (Math.abs(dy) > Math.abs(dx) * 0.8) return [beside(1), beside(-1), middle(-14), middle(24)];
  return dy < 0 ? [corner(-13), corner(22), beside(1), beside(-1)] : [corner(22), corner(-13), beside(1), beside(-1)];
}

function layMarks(spec: NetSpec, cables: readonly Cable[], where: string): Mark[] {
  return (spec.packets ?? []).map((packet) => {
    const { a, b } = cableOf(cables, packet.on, where);
    const at = between(a, b, packet.at ?? MARK_AT);
    return { spec: packet, header: headerOf(packet.kind, where), x: at.x, y: at.y, on: { a, b }, label: undefined };
  });
}

interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}
function rectOf({ text, x, y, anchor }: Label): Rect {
  const w = text.length * MONO;
  return { x: anchor === "start" ? x : anchor === "end" ? x - w : x - w / 2, y: y - 12, w, h: 15 };
}
const meet = (a: Rect, b: Rect): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

/** Whether a line touches a rectangle, near enough: looked at in 24 steps. */
const crosses = (line: { a: Point; b: Point }, rect: Rect): boolean =>
  Array.from({ length: 25 }, (_, i) => between(line.a, line.b, i / 24)).some((p) => p.x > rect.x && p.x < rect.x + rect.w && p.y > rect.y + 2 && p.y < rect.y + rect.h - 2);

/** Gives every word the first of its places that lies on nothing, or the one that lies on least. */
function placeWords(drawing: Drawing, narrow: boolean): void {
  const taken: Rect[] = [
    ...drawing.boxes.map(({ x, y, w, h }) => ({ x: x - w / 2, y: y - h / 2, w, h })),
    ...drawing.marks.map(({ x, y }) => ({ x: x - 9, y: y - 9, w: 18, h: 18 })),
  ];
  const place = (places: readonly Label[]): Label => {
    const faults = (label: Label): number => {
      const rect = rectOf(label);
      const outside = rect.x < 0 || rect.x + rect.w > drawing.width; // the drawing would grow, and its letters shrink
      return (outside ? 3 : 0) + taken.filter((other) => meet(rect, other)).length * 2 + drawing.cables.filter((cable) => crosses(cable, rect)).length;
    };
    const best = places.reduce((least, label) => (faults(label) < faults(least) ? label : least));
    taken.push(rectOf(best));
    return best;
  };
  for (const mark of drawing.marks) if (mark.spec.text) mark.label = place(markLabels(mark.spec.text, mark, mark.on.a, mark.on.b));
  for (const cable of drawing.cables) {
    const { a, b } = cable;
    const middle = between(a, b, 0.5);
    if (cable.words) cable.text = place([18, -12].map((dy) => ({ text: cable.words ?? "", x: middle.x, y: middle.y + dy, anchor: "middle" })));
    cable.devices = cable.names.map(({ name, atA }) => place(atA ? deviceLabels(name, a, b, false) : deviceLabels(name, b, a, narrow)));
  }
}

/** Labels may reach beyond the boxes; the drawing grows to hold them. */
function grow(drawing: Drawing): Drawing {
  const labels = [...drawing.cables.flatMap((cable) => [...cable.devices, ...(cable.text ? [cable.text] : [])]), ...drawing.marks.flatMap((mark) => (mark.label ? [mark.label] : []))];
  let left = 0;
  let right = drawing.width;
  let top = 0;
  let bottom = drawing.height;
  for (const { text, x, y, anchor } of labels) {
    const w = text.length * MONO;
    const from = anchor === "start" ? x : anchor === "end" ? x - w : x - w / 2;
    left = Math.min(left, from - 4);
    right = Math.max(right, from + w + 4);
    top = Math.min(top, y - 14);
    bottom = Math.max(bottom, y + 8);
  }
  for (const mark of drawing.marks) if (mark.spec.sub) bottom = Math.max(bottom, mark.y + 42);
  // `on` of a mark is the ends of its cable, and not moved twice.
  const points: Point[] = [
    ...drawing.boxes,
    ...drawing.cables.flatMap((cable) => [cable.a, cable.b]),
    ...drawing.follow.flatMap((line) => [line.a, line.b]),
    ...drawing.marks,
    ...labels,
  ];
  for (const point of new Set(points)) {
    point.x = round(point.x - left);
    point.y = round(point.y - top);
  }
  return { ...drawing, width: Math.ceil(right - left), height: Math.ceil(bottom - top) };
}
const round = (n: number): number => Math.round(n * 10) / 10;

function draw(spec: NetSpec, grid: Grid, narrow: boolean, where: string): Drawing {
  const { boxes, width, height } = layBoxes(spec, grid);
  const byId = new Map(boxes.map((box) => [box.spec.id, box]));
  if (byId.size !== boxes.length) fail(where, "two nodes have the same id");
  const cables = layCables(spec, byId, where);
  const follow = (spec.follow ?? []).map((path) => {
    const { a, b } = cableOf(cables, path, where);
    const here = spec.packets?.find((packet) => samePath(packet.on, path)); // the path ends where the packet is
    return { a: { ...a }, b: here ? between(a, b, here.at ?? MARK_AT) : { ...b } };
  });
  const marks = layMarks(spec, cables, where);
  const drawing: Drawing = { width, height, boxes, cables, follow, marks };
  placeWords(drawing, narrow);
  return grow(drawing);
}

/** Whether a cable is long enough for what is written along it, and if not, along which axis the grid must grow. */
function tooShort(cable: Cable, narrow: boolean): "x" | "y" | undefined {
  const w = Math.abs(cable.b.x - cable.a.x);
  const h = Math.abs(cable.b.y - cable.a.y);
  const names = cable.devices.map((label) => label.text.length * MONO);
  if (h >= w * 0.38) return h < (names.length > 1 ? 46 : 30) ? "y" : undefined;
  const words = narrow ? Math.max(0, ...names) + 12 : names.reduce((sum, name) => sum + name + 14, 0);
  return w < Math.max(narrow ? 26 : 64, words) ? "x" : undefined;
}

/** How many pairs of words, marks and boxes lie over each other. */
function clashes({ boxes, cables, marks }: Drawing): number {
  const words = [...cables.flatMap((cable) => [...cable.devices, ...(cable.text ? [cable.text] : [])]), ...marks.flatMap((mark) => (mark.label ? [mark.label] : []))].map(rectOf);
  const solid: Rect[] = [...boxes.map(({ x, y, w, h }) => ({ x: x - w / 2, y: y - h / 2, w, h })), ...marks.map(({ x, y }) => ({ x: x - 8, y: y - 8, w: 16, h: 16 }))];
  const among = words.flatMap((a, i) => words.slice(i + 1).filter((b) => meet(a, b))).length;
  return among + words.flatMap((word) => solid.filter((rect) => meet(word, rect))).length;
}

/** Widens the grid step by step until every cable has room for its words; keeps the best of 12 steps. */
function drawFitted(spec: NetSpec, first: Grid, narrow: boolean, where: string): Drawing {
  let grid = first;
  let best: Drawing | undefined;
  let least = Infinity;
  for (let tries = 0; tries < 12; tries++) {
    const drawing = draw(spec, grid, narrow, where);
    const short = drawing.cables.map((cable) => tooShort(cable, narrow));
    const over = clashes(drawing);
    const faults = over + short.filter((axis) => axis).length;
    if (faults < least) [best, least] = [drawing, faults];
    if (faults === 0) break;
    grid = { ...grid, dx: short.includes("x") ? grid.dx * 1.12 : grid.dx, dy: short.includes("y") || (over && tries < 3) ? grid.dy * 1.12 : grid.dy };
  }
  return best ?? draw(spec, first, narrow, where);
}

/** The least step along one axis between nodes that stand in one line along it, in cells; 1 when there are no two. */
function leastStep(at: readonly (readonly [number, number])[], axis: 0 | 1): number {
  const across = 1 - axis;
  const steps = at.flatMap((a, i) => at.slice(i + 1).flatMap((b) => (Math.abs((a[across] ?? 0) - (b[across] ?? 0)) < 0.6 && a[axis] !== b[axis] ? [Math.abs(a[axis] - b[axis])] : [])));
  return steps.length ? Math.min(...steps) : 1;
}

/** The form for pages: text width or wider. Rows are close where the nodes of a column leave room between them. */
export function drawWide(spec: NetSpec, where: string): Drawing {
  const at = spec.nodes.map((node) => node.at);
  const widest = Math.max(...spec.nodes.map((node) => boxSize(node).w));
  const columns = extent(at.map(([x]) => x));
  const roomy = columns.max > columns.min ? WIDE_LEAST / (columns.max - columns.min) : 0;
  return drawFitted(spec, { dx: Math.max(Math.max(206, widest + 64) / leastStep(at, 0), roomy), dy: Math.max(62, 84 / leastStep(at, 1)), turned: false }, false, where);
}

function drawNarrowly(spec: NetSpec, turned: boolean, where: string): Drawing {
  const at = spec.nodes.map((node) => place(node, turned));
  const span = extent(at.map(([x]) => x));
  const widest = Math.max(...spec.nodes.map((node) => boxSize(node).w));
  const fits = span.max > span.min ? (NARROW - 2 * PAD - widest) / (span.max - span.min) : 0;
  const dx = Math.max(fits, (widest + 6) / leastStep(at, 0)); // rather smaller letters than boxes over each other
  return drawFitted(spec, { dx, dy: Math.max(46, 76 / leastStep(at, 1)), turned }, true, where);
}

/** The form for phones: upright or turned, whichever needs less width, then less height. */
export function drawNarrow(spec: NetSpec, where: string): Drawing {
  const forms = [drawNarrowly(spec, false, where), drawNarrowly(spec, true, where)];
  if (spec.narrow) return forms[spec.narrow === "down" ? 1 : 0] as Drawing;
  // A clash is worth a drawing that is a quarter wider; letters shrink with the width.
  const cost = (drawing: Drawing): number => clashes(drawing) * 0.25 + Math.max(1, drawing.width / NARROW) + drawing.height / 10_000;
  return forms.reduce((best, form) => (cost(form) < cost(best) ? form : best));
}
