/**
 * Where a lab's boxes, cables and devices lie in a panel of a given size, in CSS pixels: letters keep their size, room grows
 * and shrinks. Pure geometry. Positions come from the grid of lab.yaml (`at`).
 */
export interface MapNode {
  readonly id: string;
  readonly kind: "host" | "router" | "switch";
  readonly at: readonly [number, number];
  /** Lines under the name: addresses. */
  readonly lines: readonly string[];
}
export interface MapEnd {
  readonly node: string;
  readonly dev: string;
}
export interface MapCable {
  readonly ends: readonly [MapEnd, MapEnd];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  /** Lines that fit. */
  readonly lines: readonly string[];
  /** Beside the name, where there is no room below it. */
  readonly beside: string;
}
export interface Pad {
  readonly node: string;
  readonly dev: string;
  /** Centre. */
  readonly x: number;
  readonly y: number;
  readonly w: number;
  /** Letters are left out where there is no room for them. */
  readonly named: boolean;
}
export interface CableLine {
  readonly a: Point;
  readonly b: Point;
}
export interface MapLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly cables: readonly CableLine[];
  /** Two a cable, in the cables' order. */
  readonly pads: readonly Pad[];
  readonly form: Form;
}

/** Advance of a letter of the mono face at 12 px, and of the text face at 13 px and weight 600. */
const MONO = 7.22;
const SANS = 7.6;
const PAD_H = 18;
const MARGIN = 10;
const LINE = 17;
/** px of cable between two devices, so that a mark can be seen on it. */
const LEAST_CABLE = 22;

const padWidth = (dev: string): number => Math.max(30, Math.round(dev.length * MONO) + 12);
const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

interface Sized extends MapNode {
  readonly w: number;
  readonly h: number;
  readonly shown: readonly string[];
  readonly beside: string;
}

/** How much is written in a box: the name and up to three lines, the name and one, both in one line, the name alone. */
export type Form = "full" | "short" | "inline" | "name";

/** The end of an address, as much as tells the nodes of one network apart: "10.241.10.167/24" is ".10.167". */
const tail = (line: string): string => line.replace(/\/\d+$/, "").replace(/^.*?(\d+\.\d+\.)?((?:\.?\d+){2})$/, ".$2").replace("..", ".");

function sizeOf(node: MapNode, form: Form): Sized {
  const first = node.lines[0];
  const shown = form === "full" ? node.lines.slice(0, 3) : form === "short" && first !== undefined ? [first.replace(/\/\d+$/, "")] : [];
  const beside = form === "inline" && node.lines.length === 1 && first !== undefined && /\d+\.\d+$/.test(first.replace(/\/\d+$/, "")) ? tail(first) : "";
  const inline = node.id.length * SANS + (beside ? 6 + beside.length * MONO : 0);
  const widest = Math.max(inline, ...shown.map((line) => line.length * MONO));
  const least = form === "full" ? (node.kind === "host" ? 104 : 76) : 46;
  return { ...node, shown, beside, w: Math.max(least, Math.ceil(widest) + (form === "full" ? 24 : 14)), h: (form === "full" ? 32 : 26) + shown.length * LINE };
}

/** Columns or rows of the grid spread over the room there is, so that the outer boxes still fit. */
function spread(values: readonly number[], sizes: readonly number[], room: number, stretch: number): (value: number) => number {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const before = Math.max(...values.map((v, i) => (v === low ? sizes[i]! / 2 : 0)));
  const after = Math.max(...values.map((v, i) => (v === high ? sizes[i]! / 2 : 0)));
  const free = room - before - after;
  if (high === low) return () => room / 2;
  const unit = Math.min(free / (high - low), stretch);
  const start = before + (free - unit * (high - low)) / 2;
  return (value) => start + (value - low) * unit;
}

type Side = "left" | "right" | "top" | "bottom";
interface Exit {
  readonly cable: number;
  readonly end: 0 | 1;
  readonly side: Side;
  /** Order along the side. */
  readonly slope: number;
}

function sideTowards(from: Box, to: Box): { side: Side; slope: number } {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  // A box whose shadow overlaps ours above or below is left by the top or bottom.
  const beside = Math.abs(dx) > (from.w + to.w) / 2 + 8;
  if (beside && Math.abs(dx) * 0.9 >= Math.abs(dy) * 0.5) return { side: dx > 0 ? "right" : "left", slope: dy / Math.abs(dx) };
  return { side: dy > 0 ? "bottom" : "top", slope: dx / (Math.abs(dy) || 1) };
}

function exitsOf(cables: readonly MapCable[], boxes: ReadonlyMap<string, Box>): Map<string, Exit[]> {
  const exits = new Map<string, Exit[]>();
  cables.forEach((cable, index) => {
    for (const end of [0, 1] as const) {
      const own = cable.ends[end];
      const other = cable.ends[end === 0 ? 1 : 0];
      const from = boxes.get(own.node);
      const to = boxes.get(other.node);
      if (!from || !to) continue;
      const list = exits.get(own.node) ?? [];
      list.push({ cable: index, end, ...sideTowards(from, to) });
      exits.set(own.node, list);
    }
  });
  return exits;
}

/** Pads beside each other along each side, in the order in which their cables fan out. */
function placePads(box: Box, exits: readonly Exit[], cables: readonly MapCable[], named: boolean): Map<string, Pad> {
  const pads = new Map<string, Pad>();
  for (const side of ["left", "right", "top", "bottom"] as const) {
    const here = exits.filter((exit) => exit.side === side).sort((p, q) => p.slope - q.slope || p.cable - q.cable || p.end - q.end);
    const upright = side === "left" || side === "right";
    const widths = here.map((exit) => (named ? padWidth(cables[exit.cable]!.ends[exit.end].dev) : 10));
    const pitch = upright ? PAD_H + 5 : Math.max(...widths, 0) + 6;
    here.forEach((exit, i) => {
      const along = (i - (here.length - 1) / 2) * pitch;
      const w = widths[i]!;
      const out = upright ? box.w / 2 + w / 2 - 1 : box.h / 2 + PAD_H / 2 - 1;
      const x = side === "left" ? box.x - out : side === "right" ? box.x + out : box.x + along;
      const y = side === "top" ? box.y - out : side === "bottom" ? box.y + out : box.y + along;
      const { node, dev } = cables[exit.cable]!.ends[exit.end];
      pads.set(`${exit.cable} ${exit.end}`, { node, dev, x, y, w: named ? w : 10, named });
    });
  }
  return pads;
}

/** The middle of the pad's outer border. */
function plug(pad: Pad, box: Box): Point {
  const half = pad.named ? pad.w / 2 : 5;
  const halfHigh = pad.named ? PAD_H / 2 : 5;
  if (pad.x - pad.w / 2 >= box.x + box.w / 2 - 2) return { x: pad.x + half, y: pad.y };
  if (pad.x + pad.w / 2 <= box.x - box.w / 2 + 2) return { x: pad.x - half, y: pad.y };
  return { x: pad.x, y: pad.y + (pad.y > box.y ? halfHigh : -halfHigh) };
}

function attempt(nodes: readonly MapNode[], cables: readonly MapCable[], width: number, height: number, form: Form, named: boolean): { layout: MapLayout; shortest: number } {
  const sized = nodes.map((node) => sizeOf(node, form));
  const placeX = spread(sized.map((n) => n.at[0]), sized.map((n) => n.w), width - 2 * MARGIN, 300);
  const placeY = spread(sized.map((n) => n.at[1]), sized.map((n) => n.h), height - 2 * MARGIN, 170);
  const boxes: Box[] = sized.map((n) => ({ id: n.id, x: MARGIN + placeX(n.at[0]), y: MARGIN + placeY(n.at[1]), w: n.w, h: n.h, lines: n.shown, beside: n.beside }));
  let byId = new Map(boxes.map((box) => [box.id, box]));
  const exits = exitsOf(cables, byId);
  // Boxes grow to hold the pads of their longest side.
  const grown = boxes.map((box) => {
    const own = exits.get(box.id) ?? [];
    const count = (...sides: Side[]): number => Math.max(...sides.map((side) => own.filter((exit) => exit.side === side).length));
    const pitch = named ? Math.max(36, ...own.map((exit) => padWidth(cables[exit.cable]!.ends[exit.end].dev))) + 6 : 16;
    return { ...box, h: Math.max(box.h, count("left", "right") * (PAD_H + 5) + 6), w: Math.max(box.w, count("top", "bottom") * pitch + 6) };
  });
  byId = new Map(grown.map((box) => [box.id, box]));
  const placed = new Map<string, Pad>();
  for (const box of grown) for (const [key, pad] of placePads(box, exits.get(box.id) ?? [], cables, named)) placed.set(key, pad);
  const pads: Pad[] = [];
  const lines: CableLine[] = [];
  let shortest = Number.POSITIVE_INFINITY;
  cables.forEach((cable, i) => {
    const ends = ([0, 1] as const).map((end) => {
      const pad = placed.get(`${i} ${end}`)!;
      pads.push(pad);
      return plug(pad, byId.get(cable.ends[end].node)!);
    });
    const [a, b] = ends as [Point, Point];
    lines.push({ a, b });
    shortest = Math.min(shortest, Math.hypot(b.x - a.x, b.y - a.y));
  });
  const overlap = grown.some((p, i) => grown.some((q, k) => k > i && Math.abs(p.x - q.x) < (p.w + q.w) / 2 + 6 && Math.abs(p.y - q.y) < (p.h + q.h) / 2 + 6));
  const outside = grown.some((box) => box.x - box.w / 2 < 2 || box.x + box.w / 2 > width - 2 || box.y - box.h / 2 < 2 || box.y + box.h / 2 > height - 2);
  return { layout: { width, height, boxes: grown, cables: lines, pads, form }, shortest: overlap || outside || tangled(grown, lines, pads, cables) ? -1 : shortest };
}

const overlaps = (p: { x: number; y: number; w: number; h: number }, q: { x: number; y: number; w: number; h: number }, gap: number): boolean => Math.abs(p.x - q.x) < (p.w + q.w) / 2 + gap && Math.abs(p.y - q.y) < (p.h + q.h) / 2 + gap;

/** Whether a device or a cable lies on a box or device that is not its own. */
function tangled(boxes: readonly Box[], lines: readonly CableLine[], pads: readonly Pad[], cables: readonly MapCable[]): boolean {
  const high = pads.map((pad) => ({ ...pad, h: pad.named ? PAD_H : 10 }));
  if (high.some((pad) => boxes.some((box) => box.id !== pad.node && overlaps(pad, box, 1)))) return true;
  if (high.some((pad, i) => high.some((other, k) => k > i && overlaps(pad, other, 1)))) return true;
  return lines.some((line, i) => {
    const own = cables[i]!.ends.map((end) => end.node);
    for (let t = 0; t <= 1; t += 0.05) {
      const point = { ...along(line, t), w: 0, h: 0 };
      if (boxes.some((box) => !own.includes(box.id) && overlaps(point, box, 2))) return true;
      if (high.some((pad, k) => Math.floor(k / 2) !== i && overlaps(point, pad, 0))) return true;
    }
    return false;
  });
}

/** The roomiest form in which nothing lies on anything else and every cable is long enough to see a frame on it. */
export function layMap(nodes: readonly MapNode[], cables: readonly MapCable[], width: number, height: number): MapLayout {
  const forms = [["full", true], ["short", true], ["inline", true], ["short", false], ["inline", false], ["name", false]] as const;
  const w = Math.max(width, 240);
  const h = Math.max(height, 120);
  let best: { layout: MapLayout; shortest: number } | undefined;
  for (const [form, named] of forms) {
    const tried = attempt(nodes, cables, w, h, form, named);
    if (tried.shortest >= (named ? LEAST_CABLE : LEAST_CABLE / 2)) return tried.layout;
    if (!best || tried.shortest > best.shortest) best = tried;
  }
  // Too much for this panel: laid out on a larger sheet, which is then scaled down as a whole.
  for (let scale = 1.15; best!.shortest < LEAST_CABLE / 2 && scale <= 4; scale += 0.15) best = attempt(nodes, cables, w * scale, h * scale, "name", false);
  return best!.layout;
}

/** A point on a cable. */
export function along(line: CableLine, t: number): Point {
  const k = clamp(t, 0, 1);
  return { x: line.a.x + (line.b.x - line.a.x) * k, y: line.a.y + (line.b.y - line.a.y) * k };
}
