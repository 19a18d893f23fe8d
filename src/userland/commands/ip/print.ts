/**
 * One description of an object, printed as text or as JSON, as iproute2's json_print does: the two forms come from the same calls.
 * The layout of pretty JSON (four blanks a level, arrays on one line) is that of its json_writer.
 */

/** A number that is printed as it stands: "14.63". */
export interface RawJson {
  raw: string;
}
export type Scalar = string | number | boolean | null | RawJson;
interface Obj {
  kind: "object";
  /** In order; iproute2 may give a key twice. */
  entries: [string, Node][];
}
interface Arr {
  kind: "array";
  items: Node[];
}
type Node = Scalar | Obj | Arr;

export interface PrintMode {
  json: boolean;
  pretty: boolean;
  oneline: boolean;
}

const ESCAPES: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\b": "\\b", "\\": "\\\\", '"': '\\"' };

function quote(text: string): string {
  return `"${text.replace(/[\t\n\r\f\b\\"]/g, (c) => ESCAPES[c]!)}"`;
}

function isContainer(n: Node): n is Obj | Arr {
  return n !== null && typeof n === "object" && "kind" in n;
}

function serialize(n: Node, pretty: boolean, depth: number): string {
  if (!isContainer(n)) {
    if (n !== null && typeof n === "object") return n.raw;
    return typeof n === "string" ? quote(n) : String(n);
  }
  if (n.kind === "array") {
    const inner = n.items.map((i) => serialize(i, pretty, depth + 1)).join(",");
    if (!pretty) return `[${inner}]`;
    return inner === "" ? "[ ]" : `[ ${inner} ]`;
  }
  const eol = (d: number): string => (pretty ? `\n${"    ".repeat(d)}` : "");
  const inner = n.entries.map(([k, v]) => `${eol(depth + 1)}${quote(k)}:${pretty ? " " : ""}${serialize(v, pretty, depth + 1)}`).join(",");
  return inner === "" ? "{}" : `{${inner}${eol(depth)}}`;
}

export class Printer {
  readonly mode: PrintMode;
  private text = "";
  private stack: (Obj | Arr)[] = [];
  private root: Arr | undefined;
  /** What the real tool writes when it exits. */
  unwritten = "";

  constructor(mode: PrintMode) {
    this.mode = mode;
  }

  /** Starts the JSON document (new_json_obj); before and after it everything is text. */
  begin(): void {
    if (!this.mode.json) return;
    this.root = { kind: "array", items: [] };
    this.stack = [this.root];
  }

  /** Ends it. */
  end(): void {
    if (!this.root) return;
    this.text += `${serialize(this.root, this.mode.pretty, 0)}\n`;
    this.root = undefined;
    this.stack = [];
  }

  /** The dump failed before anything came: the opened bracket is all there is, and stays in stdio's buffer to the end. */
  abandon(): void {
    if (!this.root) return;
    this.unwritten = this.mode.pretty ? "[ " : "[";
    this.root = undefined;
    this.stack = [];
  }

  get isJson(): boolean {
    return this.root !== undefined;
  }

  private put(key: string | undefined, value: Node): void {
    const top = this.stack[this.stack.length - 1]!;
    if (top.kind === "array") top.items.push(value);
    else top.entries.push([key ?? "", value]);
  }

  /** Both forms: `key: value`, or the text. */
  any(key: string, value: Scalar, text: string): void {
    if (this.root) this.put(key, value);
    else this.text += text;
  }

  /** An element of the open array, or the text. */
  item(value: Scalar, text: string): void {
    if (this.root) this.put(undefined, value);
    else this.text += text;
  }

  /** JSON only. */
  only(key: string, value: Scalar): void {
    if (this.root) this.put(key, value);
  }

  /** Text only. */
  fp(text: string): void {
    if (!this.root) this.text += text;
  }

  /** "on" or "off" in text, a truth value in JSON; `label` stands before it. */
  onOff(key: string, value: boolean, label = key): void {
    this.any(key, value, `${label} ${value ? "on" : "off"} `);
  }

  /** Hexadecimal: a string in JSON. */
  hex(key: string, value: number, before: string, after: string): void {
    const shown = value === 0 ? "0" : `0x${value.toString(16)}`;
    this.any(key, value === 0 ? "0" : shown, `${before}${shown}${after}`);
  }

  open(key?: string): void {
    if (!this.root) return;
    const o: Obj = { kind: "object", entries: [] };
    this.put(key, o);
    this.stack.push(o);
  }

  openArray(key: string): void {
    if (!this.root) return;
    const a: Arr = { kind: "array", items: [] };
    this.put(key, a);
    this.stack.push(a);
  }

  close(): void {
    if (this.root) this.stack.pop();
  }

  /** A line break inside an object's text: a backslash with -o. */
  nl(): void {
    this.fp(this.mode.oneline ? "\\" : "\n");
  }

  /** What was printed since the last call. */
  takeText(): string {
    const t = this.text;
    this.text = "";
    return t;
  }
}
