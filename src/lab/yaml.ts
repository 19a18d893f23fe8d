/**
 * YAML 1.2 of strangers, as plain data with the line of every value. No anchors, aliases or tags, no double keys; sizes and
 * depth are bounded before and after parsing (docs/lab-format.md). A hostile file gives messages, never an exception.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { encodeUtf8 } from "../base/bytes.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Problem } from "./problem.ts";
import { LIMITS } from "./schema.ts";

export type Path = readonly (string | number)[];

/** Plain data and where it stood. */
export interface Tree {
  readonly file: string;
  readonly value: unknown;
  /** Line of the value at `path`, or of the nearest one around it. */
  lineOf(path: Path): number;
}

export function formatPath(path: Path): string {
  return path.map((p, i) => (typeof p === "number" ? `[${p}]` : i === 0 ? p : `.${p}`)).join("");
}

/** Keys that mean something to JavaScript itself; no file of ours needs them. */
const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

const CORE_TAG = /^tag:yaml\.org,2002:(map|seq|str|int|float|bool|null)$/;

const pathKey = (path: Path): string => path.join("\u0000");

export function parseYaml(file: string, text: string): Result<Tree, Problem[]> {
  const early = tooDeepToParse(text);
  if (early !== undefined) return err([{ file, line: early, key: "", rule: `is nested deeper than ${LIMITS.depth}`, fix: "make it flatter" }]);
  if (tooMany(text)) return err([{ file, line: 0, key: "", rule: `holds more than ${ITEMS} items`, fix: "make it smaller" }]);
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, version: "1.2", schema: "core", uniqueKeys: false, prettyErrors: false, logLevel: "silent", keepSourceTokens: false });
  if (doc.errors.length > 0) {
    return err(doc.errors.slice(0, 20).map((e) => ({ file, line: lines.linePos(e.pos[0]).line, key: "", rule: `is not YAML: ${e.message.split("\n")[0]}`, fix: "mend the syntax at this line" })));
  }
  const reader = new Reader(file, lines);
  const value = reader.read(doc.contents, []);
  if (reader.problems.length > 0) return err(reader.problems);
  const at = reader.lineAt;
  return ok({
    file,
    value,
    lineOf(path) {
      for (let n = path.length; n >= 0; n--) {
        const line = at.get(pathKey(path.slice(0, n)));
        if (line !== undefined) return line;
      }
      return 0;
    },
  });
}

/** The parser recurses: what would be too deep for it is refused by looking at the text. @returns the line. */
function tooDeepToParse(text: string): number | undefined {
  const most = 8 * LIMITS.depth;
  let open = 0;
  let line = 1;
  let atStart = true; // only indentation and "- ", "? " so far
  let indent = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 10) {
      line++;
      atStart = true;
      indent = 0;
      continue;
    }
    if (atStart) {
      if (c === 32 || c === 45 || c === 63 || c === 58) indent++;
      else atStart = false;
      if (indent > 2 * most) return line;
    }
    if (c === 91 || c === 123) open++;
    else if (c === 93 || c === 125) open = Math.max(0, open - 1);
    if (open > most) return line;
  }
  return undefined;
}

/** Keys, list items and commas that a file may have at most; the largest lab will have a tenth. */
const ITEMS = 40_000;

/** Counts what begins an item, without asking whether it stands in a text. */
function tooMany(text: string): boolean {
  let items = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c !== 58 && c !== 45 && c !== 44) continue;
    const next = text.charCodeAt(i + 1);
    if ((c === 44 || next === 32 || next === 10 || Number.isNaN(next)) && ++items > ITEMS) return true;
  }
  return false;
}

class Reader {
  readonly problems: Problem[] = [];
  readonly lineAt = new Map<string, number>();
  private readonly file: string;
  private readonly lines: LineCounter;
  private keys = 0;

  constructor(file: string, lines: LineCounter) {
    this.file = file;
    this.lines = lines;
  }

  private problem(path: Path, node: Node | null | undefined, rule: string, fix: string): undefined {
    const line = node?.range ? this.lines.linePos(node.range[0]).line : 0;
    if (this.problems.length < 100) this.problems.push({ file: this.file, line, key: formatPath(path), rule, fix });
    return undefined;
  }

  read(node: unknown, path: Path): unknown {
    if (node === null || node === undefined) return null;
    const n = node as Node;
    if (n.range) this.lineAt.set(pathKey(path), this.lines.linePos(n.range[0]).line);
    if (path.length > LIMITS.depth) return this.problem(path, n, `is nested deeper than ${LIMITS.depth}`, "make it flatter");
    if (isAlias(n)) return this.problem(path, n, "is an alias (*name)", "write the value out; anchors and aliases are not used here");
    const extra = n as { anchor?: string; tag?: string };
    if (extra.anchor !== undefined) return this.problem(path, n, "has an anchor (&name)", "remove it; anchors and aliases are not used here");
    if (extra.tag !== undefined && !CORE_TAG.test(extra.tag)) return this.problem(path, n, `has the tag ${extra.tag}`, "remove it; tags are not used here");
    if (isMap(n)) return this.readMap(n.items, path, n);
    if (isSeq(n)) return n.items.map((item, i) => this.read(item, [...path, i]));
    return isScalar(n) ? this.readScalar(n.value, path, n) : this.problem(path, n, "is not a value", "write a text, a number, a list or a mapping");
  }

  private readScalar(value: unknown, path: Path, node: Node): unknown {
    if (typeof value === "string") {
      if (value.length > LIMITS.stringOctets || encodeUtf8(value).length > LIMITS.stringOctets) return this.problem(path, node, `is longer than ${LIMITS.stringOctets} octets`, "shorten it");
      return value;
    }
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value === "boolean" || value === null) return value;
    return this.problem(path, node, "is not a number of ordinary size", "write a whole number, or quote it");
  }

  private readMap(items: readonly { key: unknown; value: unknown }[], path: Path, node: Node): unknown {
    this.keys += items.length;
    if (this.keys > LIMITS.keys) return this.problem(path, node, `the file has more than ${LIMITS.keys} keys`, "make it smaller");
    const out: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const { key, value } of items) {
      const k = isScalar(key) ? key.value : undefined;
      const name = typeof k === "string" || typeof k === "number" || typeof k === "boolean" ? String(k) : undefined;
      const at = (isScalar(key) ? key : node) as Node;
      if (name === undefined || (key as { anchor?: string }).anchor !== undefined) this.problem(path, at, "has a key that is not a word", "write keys as plain words");
      else if (FORBIDDEN_KEYS.has(name)) this.problem([...path, name], at, "is not a key here", "remove it");
      else if (seen.has(name)) this.problem([...path, name], at, "stands here twice", "keep one of them");
      else {
        seen.add(name);
        const here = [...path, name];
        out[name] = this.read(value, here);
        // A mapping starts below its key: people look for the key.
        this.lineAt.set(pathKey(here), this.lines.linePos(at.range![0]).line);
      }
    }
    return out;
  }
}
