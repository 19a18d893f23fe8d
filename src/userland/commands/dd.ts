/** dd: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { SECOND } from "../../sim/time.ts";
import { type Command, defineCommand } from "../command.ts";
import { formatFloat, floatOf } from "../float-format.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import { bytesOf, foldCase, octetsOf, upperCase } from "../octets.ts";
import type { Run } from "../process.ts";
import { helpText, Tool } from "../tool.ts";

interface Settings {
  input: string | undefined;
  output: string | undefined;
  inputBlock: number;
  outputBlock: number;
  count: number;
  skip: number;
  seek: number;
  conv: Set<string>;
  status: string;
}

const SUFFIXES: Readonly<Record<string, number>> = { "": 1, c: 1, w: 2, b: 512, kB: 1000, K: 1024, k: 1024, KiB: 1024, MB: 1_000_000, M: 1_048_576, MiB: 1_048_576, GB: 1_000_000_000, G: 1_073_741_824, GiB: 1_073_741_824, B: 1 };

/** "4k", "2x512". */
function number(text: string): number | undefined {
  let product = 1;
  for (const part of text.split("x")) {
    const m = /^([0-9]+)([A-Za-z]*)$/.exec(part);
    const factor = m ? SUFFIXES[m[2]!] : undefined;
    if (!m || factor === undefined) return undefined;
    product *= Number(m[1]) * factor;
  }
  return product;
}

const CONVERSIONS = new Set(["lcase", "ucase", "swab", "notrunc", "nocreat", "excl", "sync", "noerror", "fsync", "fdatasync"]);
const REFUSED = new Set(["ascii", "ebcdic", "ibm", "block", "unblock", "sparse"]);
const MAX_BLOCK = 16 * 1024 * 1024;

type Wrong = { usage: string } | { error: string } | { refuse: string };

function set(s: Settings, operand: string): Wrong | undefined {
  const [name, value] = [operand.replace(/=.*/s, ""), /=(.*)/s.exec(operand)?.[1]];
  if (value === undefined) return { usage: `unrecognized operand ${quote(operand)}` };
  switch (name) {
    case "if": s.input = value; return undefined;
    case "of": s.output = value; return undefined;
    case "status":
      if (!["none", "noxfer", "progress"].includes(value)) return { usage: `invalid status level: ${quote(value)}` };
      s.status = value;
      return undefined;
    case "conv":
      for (const c of value.split(",")) {
        if (REFUSED.has(c)) return { refuse: `dd conv=${c}` };
        if (!CONVERSIONS.has(c)) return { usage: `invalid conversion: ${quote(c)}` };
        s.conv.add(c);
      }
      return undefined;
    case "iflag": case "oflag": case "cbs": return { refuse: `dd ${name}=` };
    case "bs": case "ibs": case "obs": case "count": case "skip": case "seek": case "iseek": case "oseek": break;
    default: return { usage: `unrecognized operand ${quote(operand)}` };
  }
  const n = number(value);
  if (n === undefined || (n === 0 && name.endsWith("bs")) || (name.endsWith("bs") && n > MAX_BLOCK)) return { error: `invalid number: ${quote(value)}` };
  if (name === "bs") s.inputBlock = s.outputBlock = n;
  else if (name === "ibs") s.inputBlock = n;
  else if (name === "obs") s.outputBlock = n;
  else if (name === "count") s.count = n;
  else if (name === "skip" || name === "iseek") s.skip = n;
  else s.seek = n;
  return undefined;
}

/** "2.0 kB" with powers of 1000, "2.0 KiB" with powers of 1024, as human_readable() of gnulib rounds here. */
function human(bytes: number, base: 1000 | 1024): string {
  const units = base === 1000 ? ["B", "kB", "MB", "GB", "TB"] : ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, unit] = [bytes, 0];
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  const text = unit > 0 && Math.round(value * 10) < 100 ? (Math.round(value * 10) / 10).toFixed(1) : String(Math.round(value));
  return `${text} ${units[unit]}`;
}

const general = (x: number): string => formatFloat(floatOf(x), { conversion: "g", precision: undefined, flags: "", width: 0 });

class Copy {
  private readonly t: Tool;
  private readonly s: Settings;
  private full = { in: 0, out: 0 };
  private part = { in: 0, out: 0 };
  private bytes = 0;
  private held = new Uint8Array(0);

  constructor(t: Tool, s: Settings) {
    this.t = t;
    this.s = s;
  }

  private convert(block: Uint8Array): Uint8Array {
    const { conv, inputBlock } = this.s;
    let out = block;
    if (conv.has("sync") && out.length < inputBlock) {
      out = new Uint8Array(inputBlock);
      out.set(block);
    }
    if (conv.has("swab")) {
      out = out.slice();
      for (let i = 0; i + 1 < out.length; i += 2) [out[i], out[i + 1]] = [out[i + 1]!, out[i]!];
    }
    if (conv.has("lcase")) out = bytesOf(foldCase(octetsOf(out)));
    if (conv.has("ucase")) out = bytesOf(upperCase(octetsOf(out)));
    return out;
  }

  /** One read(2) of a block; a pipe may give less. */
  private *block(): Run<Uint8Array | string> {
    return yield* this.t.proc.read(0, this.s.inputBlock);
  }

  *run(): Run<string | undefined> {
    const { s } = this;
    for (let n = 0; n < s.skip; n++) {
      const got = yield* this.block();
      if (typeof got === "string" || got.length === 0) break;
    }
    const started = this.t.proc.now;
    let failed: string | undefined;
    while (this.full.in + this.part.in < s.count && failed === undefined) {
      const got = yield* this.block();
      if (typeof got === "string") {
        failed = `error reading ${quoteAlways(s.input ?? "standard input")}: ${strerror(got as "EIO")}`;
        break;
      }
      if (got.length === 0) break;
      if (got.length === s.inputBlock) this.full.in++;
      else this.part.in++;
      failed = yield* this.out(this.convert(got), s.inputBlock === s.outputBlock);
    }
    if (this.held.length > 0 && failed === undefined) failed = yield* this.writeBlock(this.held);
    yield* this.report(this.t.proc.now - started);
    return failed;
  }

  /** With one block size for both, what is read is written as it is. */
  private *out(data: Uint8Array, direct: boolean): Run<string | undefined> {
    if (direct) return yield* this.writeBlock(data);
    const all = new Uint8Array(this.held.length + data.length);
    all.set(this.held);
    all.set(data, this.held.length);
    let at = 0;
    for (; at + this.s.outputBlock <= all.length; at += this.s.outputBlock) {
      const failed = yield* this.writeBlock(all.subarray(at, at + this.s.outputBlock));
      if (failed !== undefined) return failed;
    }
    this.held = all.slice(at);
    return undefined;
  }

  private *writeBlock(block: Uint8Array): Run<string | undefined> {
    const failed = yield* this.t.proc.write(1, block);
    if (failed) return `error writing ${quoteAlways(this.s.output ?? "standard output")}: ${strerror(failed)}`;
    this.bytes += block.length;
    if (block.length === this.s.outputBlock) this.full.out++;
    else this.part.out++;
    yield { until: this.t.proc.now };
    return undefined;
  }

  private *report(took: number): Run<void> {
    const { status } = this.s;
    if (status === "none") return;
    const { warn } = this.t.proc;
    const say = (text: string): Run<unknown> => warn.call(this.t.proc, text);
    yield* say(`${this.full.in}+${this.part.in} records in\n${this.full.out}+${this.part.out} records out\n`);
    if (status === "noxfer") return;
    const seconds = Math.max(took, 1000) / SECOND;
    const [si, iec] = [human(this.bytes, 1000), human(this.bytes, 1024)];
    const sizes = this.bytes < 1000 ? "" : this.bytes < 1024 ? ` (${si})` : ` (${si}, ${iec})`;
    yield* say(`${this.bytes} byte${this.bytes === 1 ? "" : "s"}${sizes} copied, ${general(seconds)} s, ${human(this.bytes / seconds, 1000)}/s\n`);
  }
}

const MAN = {
  summary: "convert and copy a file",
  synopsis: ["dd [OPERAND]..."],
  emulated: ["if= of= bs= ibs= obs= count= skip= seek= status=none|noxfer|progress", "conv=lcase, ucase, swab, sync, notrunc, nocreat, excl, noerror, fsync, fdatasync", "The time it says is virtual."],
  notEmulated: ["iflag=, oflag=, cbs=, other conversions"],
  examples: ["dd if=/dev/zero of=file bs=1k count=4"],
};

/** Makes the files its standard input and output. */
function* openFiles(t: Tool, s: Settings): Run<boolean> {
  const { proc } = t;
  const { fs } = proc.machine;
  if (s.input !== undefined) {
    const opened = fs.open(proc, s.input, { read: true });
    if (!opened.ok) return (yield* t.error(`failed to open ${quoteAlways(s.input)}: ${strerror(opened.error)}`)) === 0;
    proc.setFd(0, opened.value);
  }
  if (s.output === undefined) return true;
  const truncate = !s.conv.has("notrunc") && s.seek === 0;
  const opened = fs.open(proc, s.output, { write: true, create: !s.conv.has("nocreat"), truncate, exclusive: s.conv.has("excl") });
  if (!opened.ok) return (yield* t.error(`failed to open ${quoteAlways(s.output)}: ${strerror(opened.error)}`)) === 0;
  proc.setFd(1, opened.value);
  if (s.seek > 0) {
    const at = s.seek * s.outputBlock;
    const old = fs.readFile(proc, s.output);
    const kept = new Uint8Array(Math.min(at, MAX_BLOCK));
    if (old.ok) kept.set(old.value.subarray(0, kept.length));
    if (!s.conv.has("notrunc") || !old.ok || old.value.length < at) fs.writeFile(s.output, kept);
    opened.value.seek?.(at);
  }
  return true;
}

export const dd: Command = defineCommand({
  name: "dd",
  man: MAN,
  *run(proc, args) {
    const t = new Tool(proc);
    const s: Settings = { input: undefined, output: undefined, inputBlock: 512, outputBlock: 512, count: Number.POSITIVE_INFINITY, skip: 0, seek: 0, conv: new Set(), status: "" };
    for (const arg of args) {
      if (arg === "--help") {
        yield* t.say(helpText(MAN));
        return yield* t.finish(0);
      }
      if (arg === "--version") {
        yield* t.say("dd (coreutils) 9.1\n");
        return yield* t.finish(0);
      }
      if (arg === "--") continue;
      if (arg.startsWith("--")) return yield* t.usage(`unrecognized option '${arg}'`);
      if (/^-./.test(arg)) return yield* t.usage(`invalid option -- '${arg[1]}'`);
      const wrong = set(s, arg);
      if (wrong === undefined) continue;
      if ("refuse" in wrong) return yield* t.notEmulated(wrong.refuse);
      return "usage" in wrong ? yield* t.usage(wrong.usage) : yield* t.error(wrong.error);
    }
    if (!(yield* openFiles(t, s))) return t.status;
    const failed = yield* new Copy(t, s).run();
    return failed === undefined ? 0 : yield* t.error(failed);
  },
});
