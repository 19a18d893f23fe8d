/** Brace expansion of bash: {a,b}, {1..5}, {a..e..2}. The first of all expansions; only unquoted text takes part. */
import type { Part } from "./ast.ts";

/** A character of unquoted text, or another part as a whole. */
type Item = string | Part;

const MAX_WORDS = 10_000;

/** @returns the words, or undefined when there are too many. */
export function expandBraces(parts: Part[]): Part[][] | undefined {
  if (!parts.some((p) => p.kind === "text" && p.text.includes("{"))) return [parts];
  const items: Item[] = [];
  for (const part of parts) {
    if (part.kind === "text") items.push(...part.text);
    else items.push(part);
  }
  const budget = { left: MAX_WORDS };
  const words = expand(items, budget, 0);
  if (budget.left < 0) return undefined;
  return words.map(toParts);
}

function toParts(items: Item[]): Part[] {
  const out: Part[] = [];
  for (const item of items) {
    if (typeof item !== "string") {
      out.push(item);
      continue;
    }
    const last = out[out.length - 1];
    if (last?.kind === "text") last.text += item;
    else out.push({ kind: "text", text: item });
  }
  return out;
}

function expand(items: Item[], budget: { left: number }, depth: number): Item[][] {
  if (depth > 64) return [items];
  for (let open = items.indexOf("{"); open >= 0; open = items.indexOf("{", open + 1)) {
    const group = groupAt(items, open);
    if (!group) continue;
    const { close, alternatives } = group;
    const before = items.slice(0, open);
    const heads: Item[][] = alternatives.flatMap((a) => expand(a, budget, depth + 1));
    if (heads.length > budget.left) {
      budget.left = -1;
      return [];
    }
    const tails = expand(items.slice(close + 1), budget, depth + 1);
    if (heads.length * tails.length > budget.left) {
      budget.left = -1;
      return [];
    }
    return heads.flatMap((h) => tails.map((t) => [...before, ...h, ...t]));
  }
  return [items];
}

/** The braces that open here, when they are an expansion. */
function groupAt(items: readonly Item[], open: number): { close: number; alternatives: Item[][] } | undefined {
  let level = 0;
  const cuts: number[] = [];
  for (let i = open; i < items.length; i++) {
    const item = items[i];
    if (item === "{") level++;
    else if (item === "," && level === 1) cuts.push(i);
    else if (item === "}" && --level === 0) {
      if (cuts.length > 0) {
        const bounds = [open, ...cuts, i];
        return { close: i, alternatives: bounds.slice(1).map((end, k) => items.slice(bounds[k]! + 1, end)) };
      }
      const sequence = sequenceOf(items.slice(open + 1, i));
      return sequence && { close: i, alternatives: sequence };
    }
  }
  return undefined;
}

function sequenceOf(items: readonly Item[]): Item[][] | undefined {
  if (items.some((i) => typeof i !== "string")) return undefined;
  const text = items.join("");
  const numbers = /^([+-]?[0-9]{1,15})\.\.([+-]?[0-9]{1,15})(?:\.\.([+-]?[0-9]{1,15}))?$/.exec(text);
  const letters = /^([A-Za-z])\.\.([A-Za-z])(?:\.\.([+-]?[0-9]{1,15}))?$/.exec(text);
  const found = numbers ?? letters;
  if (!found) return undefined;
  const [from, to] = numbers ? [Number(found[1]), Number(found[2])] : [found[1]!.charCodeAt(0), found[2]!.charCodeAt(0)];
  const step = Math.abs(Number(found[3] ?? "1")) || 1;
  // bash pads when either end is written with leading zeros.
  const padded = numbers && /^[+-]?0[0-9]/.test(found[1]! + "") ? true : numbers ? /^[+-]?0[0-9]/.test(found[2]!) : false;
  const width = padded ? Math.max(found[1]!.length, found[2]!.length) : 0;
  const out: Item[][] = [];
  const write = (n: number): string => {
    if (!numbers) return String.fromCharCode(n);
    return n < 0 ? `-${String(-n).padStart(width - 1, "0")}` : String(n).padStart(width, "0");
  };
  for (let n = from; from <= to ? n <= to : n >= to; n += from <= to ? step : -step) {
    out.push([...write(n)]);
    if (out.length > MAX_WORDS + 1) break;
  }
  return out;
}
