/** A packet to scale: one block a header, widths in octets. The same form as in the text of the book. */
import { h } from "./dom.ts";
import type { Block } from "./packet-look.ts";
import { text } from "./text.ts";

/** A data block longer than this is drawn folded; its true length stands in it. */
const FOLD = 64;
/** Mean advance of a letter in the block's face, in px. */
const LETTER = 6.4;

export interface StripOptions {
  /** px for an octet. */
  readonly unit?: number;
  readonly height?: number;
  /** Take the whole width. */
  readonly fill?: boolean;
  readonly bare?: boolean;
  /** Called for a chosen block: each is then a button to its header. */
  readonly choose?: (index: number) => void;
}

export const describeBlocks = (blocks: readonly Block[]): string =>
  text.stripLabel(
    blocks.map((block) => `${text.headerNames[block.name] ?? block.name} ${block.octets}`),
    blocks.reduce((sum, block) => sum + block.octets, 0),
  );

export function strip(blocks: readonly Block[], o: StripOptions = {}): HTMLElement {
  const unit = o.unit ?? 3.5;
  const pieces = blocks.map((block, i) => {
    const folded = block.family === "pay" && block.octets > FOLD;
    const octets = folded ? FOLD : block.octets;
    const letters = folded ? String(block.octets) : block.name;
    const tight = letters.length * LETTER > octets * unit - 6;
    // Half a name says less than the block's colour and place.
    const cut = o.fill !== true && letters.length * LETTER > octets * unit + 2;
    const piece = h("i", { class: `f-${block.family}${tight ? " s" : ""}`, style: `--n:${octets}` }, o.bare || cut ? "" : letters);
    if (o.choose) piece.addEventListener("click", () => o.choose?.(i));
    return piece;
  });
  return h("span", { class: `strip${o.fill ? " fill" : ""}`, role: "img", "aria-label": describeBlocks(blocks), style: `--u:${unit}px;--h:${o.height ?? 22}px` }, ...pieces);
}
