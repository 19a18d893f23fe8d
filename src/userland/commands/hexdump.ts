/** hexdump and hd: util-linux 2.38 (bsdextrautils). */
import { strerror } from "../../kernel/errno.ts";
import { octets } from "../octets.ts";
import type { Octets } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Input, type Tool } from "../tool.ts";
import { BadFormat, type Format, parseFormat, render, renderEnd, stretch } from "./hexdump/format.ts";

/** The forms behind the options, as hexdump(1) describes them. */
const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  b: ['"%07.7_Ax\n"', '"%07.7_ax " 16/1 "%03o " "\n"'],
  c: ['"%07.7_Ax\n"', '"%07.7_ax " 16/1 "%3_c " "\n"'],
  C: ['"%08.8_Ax\n"', '"%08.8_ax  " 8/1 "%02x " "  " 8/1 "%02x " "  |" 16/1 "%_p" "|\n"'],
  d: ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 "  %05u " "\n"'],
  o: ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 " %06o " "\n"'],
  x: ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 "   %04x " "\n"'],
  "": ['"%07.7_Ax\n"', '"%07.7_ax " 8/2 "%04x " "\n"'],
};

/** -C shows the same octets twice: its text column is a form of its own. */
const TEXT_COLUMN = '"  |" 16/1 "%_p" "|\n"';

function formsOf(key: string): string[] {
  const forms = BUILT_IN[key]!;
  return key === "C" ? [forms[0]!, forms[1]!.slice(0, forms[1]!.indexOf('"  |"')), TEXT_COLUMN] : [...forms];
}

const SUFFIXES: Readonly<Record<string, number>> = { "": 1, b: 512, K: 1024, KiB: 1024, k: 1024, m: 1_048_576, M: 1_048_576, MiB: 1_048_576, G: 1_073_741_824, KB: 1000, MB: 1_000_000 };

function count(text: string): number | undefined {
  const m = /^(0[xX][0-9a-fA-F]+|[0-9]+)([A-Za-z]*)$/.exec(text);
  const factor = m ? SUFFIXES[m[2]!] : undefined;
  if (!m || factor === undefined) return undefined;
  return (/^0[0-7]+$/.test(m[1]!) ? Number.parseInt(m[1]!, 8) : Number(m[1])) * factor;
}

class Dump {
  private readonly t: Tool;
  private readonly formats: readonly Format[];
  private readonly size: number;
  private readonly all: boolean;
  private held: Octets = "";
  private before: Octets | undefined;
  private starred = false;
  skip: number;
  left: number;
  address = 0;

  constructor(t: Tool, formats: readonly Format[], all: boolean, skip: number, limit: number) {
    this.t = t;
    this.formats = formats;
    this.size = stretch(formats);
    this.all = all;
    this.skip = skip;
    this.left = limit;
  }

  *take(input: Input): Run<void> {
    while (this.left > 0) {
      let chunk = yield* input.chunk();
      if (chunk === "") return;
      const skipped = Math.min(this.skip, chunk.length);
      this.skip -= skipped;
      this.address += skipped;
      chunk = chunk.slice(skipped, skipped + this.left);
      this.left -= chunk.length;
      this.held += chunk;
      let at = 0;
      for (; this.size > 0 && at + this.size <= this.held.length; at += this.size) yield* this.block(this.held.slice(at, at + this.size));
      this.held = this.held.slice(at);
    }
  }

  private *block(block: Octets): Run<void> {
    if (!this.all && block === this.before) {
      if (!this.starred) yield* this.t.print("*\n");
      this.starred = true;
    } else {
      for (const f of this.formats) yield* this.t.print(render(f, block, this.address, block.length));
      this.starred = false;
    }
    this.before = block;
    this.address += block.length;
  }

  *end(): Run<void> {
    if (this.held !== "") yield* this.block(this.held);
    if (this.address > 0) yield* this.t.print(renderEnd(this.formats, this.address));
  }
}

function* dumpFiles(t: Tool, dump: Dump, operands: readonly string[]): Run<void> {
  let failed = 0;
  for (const name of operands.length > 0 ? operands : [undefined]) {
    const input = name === undefined ? t.open("-") : t.openExactly(name);
    if (typeof input === "string") {
      yield* t.error(`${name}: ${strerror(input)}`);
      failed++;
      continue;
    }
    if (dump.skip > 0 && t.proc.fds.get(input.fd)?.kind === "pipe") return void (yield* t.error("stdin: Illegal seek"));
    yield* dump.take(input);
    if (input.error) yield* t.warn(`${name ?? "stdin"}: ${strerror(input.error)}`);
    input.close();
  }
  if (operands.length > 0 && failed === operands.length) return void (yield* t.error("all input file arguments failed"));
  yield* dump.end();
}

export const hexdump = defineTool({
  name: "hexdump",
  aliases: ["hd"],
  suite: "util-linux",
  version: "2.38.1",
  man: {
    summary: "display file contents in hexadecimal, decimal, octal, or ascii",
    synopsis: ["hexdump [options] file ...", "hd [options] file ..."],
    emulated: ["-C (what hd does): octets and characters", "-x, -d, -o: two octets as a number; -b, -c: octets one by one", "-n: at most so many octets; -s: skip; -v: no * for equal lines", "-e FORMAT, -f FILE: with %d %i %o %u %x %X %c %_a %_A %_c %_p %_u"],
    notEmulated: ["-L, --color", "%e %f %g %s of -e"],
    examples: ["printf hello | hexdump -C", "hexdump -v -e '1/1 \"%02x \"' FILE"],
  },
  shorts: "bcCde:f:L::n:os:vxhV",
  longs: { "one-byte-octal": "b", "one-byte-char": "c", canonical: "C", "two-bytes-decimal": "d", "two-bytes-octal": "o", "two-bytes-hex": "x", format: "e:", "format-file": "f:", color: "L::", length: "n:", skip: "s:", "no-squeezing": "v" },
  refused: ["L", "h", "V"],
  *run(t, options, operands) {
    const forms: string[] = [];
    let [limit, skip] = [Number.POSITIVE_INFINITY, 0];
    if (t.name === "hd" || t.name.endsWith("/hd")) forms.push(...formsOf("C"));
    for (const o of options) {
      if (BUILT_IN[o.key]) forms.push(...formsOf(o.key));
      else if (o.key === "e") forms.push(octets(o.value!));
      else if (o.key === "f") {
        const file = t.openExactly(o.value!);
        if (typeof file === "string") return yield* t.error(`can't read ${o.value}: ${strerror(file)}`);
        forms.push(...(yield* file.all()).split("\n").filter((l) => l.trim() !== "" && !l.trim().startsWith("#")));
        file.close();
      } else if (o.key === "n" || o.key === "s") {
        const n = count(o.value!);
        if (n === undefined) return yield* t.error(`failed to parse ${o.key === "n" ? "length" : "offset"}: '${o.value}': Invalid argument`);
        if (o.key === "n") limit = n;
        else skip = n;
      }
    }
    try {
      const formats = (forms.length > 0 ? forms : formsOf("")).map(parseFormat);
      yield* dumpFiles(t, new Dump(t, formats, options.some((o) => o.key === "v"), skip, limit), operands);
    } catch (e) {
      if (!(e instanceof BadFormat)) throw e;
      return e.notEmulated ? yield* t.notEmulated(e.text) : yield* t.error(e.text);
    }
    return t.status;
  },
});
