/** mktemp: coreutils 9.1. The letters come from the machine's own chance. */
import { strerror } from "../../kernel/errno.ts";
import { joinPath } from "../file-tools.ts";
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const TRIES = 100;

export const mktemp = defineTool({
  name: "mktemp",
  man: {
    summary: "create a temporary file or directory",
    synopsis: ["mktemp [OPTION]... [TEMPLATE]"],
    emulated: ["TEMPLATE ends in at least three X (default tmp.XXXXXXXXXX in $TMPDIR or /tmp)", "-d: a directory; -u: only a name; -q; -p DIR, -t; --suffix=TEXT"],
    notEmulated: [],
  },
  shorts: "dp:qtuV",
  longs: { directory: "d", quiet: "q", "dry-run": "u", suffix: "suffix:", tmpdir: "tmpdir::" },
  *run(t, options, operands) {
    const has = (key: string): boolean => options.some((o) => o.key === key);
    if (operands.length > 1) return yield* t.usage("too many templates");
    const given = operands[0];
    const suffix = options.findLast((o) => o.key === "suffix")?.value;
    const directory = options.findLast((o) => o.key === "p" || o.key === "tmpdir");
    const template = given ?? "tmp.XXXXXXXXXX";
    if (suffix !== undefined && !template.endsWith("X")) return yield* t.error(`with --suffix, template ${quote(template)} must end in X`);
    const xs = /X+(?=[^X/]*$)/.exec(template);
    const tail = suffix ?? (xs ? template.slice(xs.index + xs[0].length) : "");
    if (!xs || xs[0].length < 3) return yield* t.error(`too few X's in template ${quote(template + (suffix ?? ""))}`);
    if (suffix?.includes("/")) return yield* t.error(`invalid suffix ${quote(suffix)}, contains directory separator`);
    const inDir = given === undefined || directory !== undefined || has("t");
    if (inDir && given !== undefined && template.startsWith("/")) return yield* t.error(`invalid template, ${quote(template)}; with --tmpdir, it may not be absolute`);
    const dir = directory?.value || t.proc.env.get("TMPDIR") || "/tmp";
    const head = inDir ? joinPath(dir, template.slice(0, xs.index)) : template.slice(0, xs.index);
    const chance = t.proc.machine.random(`mktemp/${t.proc.pid}`);
    const { fs } = t.proc.machine;
    for (let i = 0; i < TRIES; i++) {
      let middle = "";
      for (let k = 0; k < xs[0].length; k++) middle += LETTERS[chance.u32() % LETTERS.length]!;
      const path = head + middle + tail;
      if (fs.stat(path, { follow: false }).ok) continue;
      const made = has("u") ? ({ ok: true } as const) : has("d") ? fs.mkdir(path, { mode: 0o700 }) : fs.writeFile(path, new Uint8Array(0), { mode: 0o600 });
      if (made.ok) {
        yield* t.say(`${path}\n`);
        return 0;
      }
      if (!has("q")) yield* t.error(`failed to create ${has("d") ? "directory" : "file"} via template ${quote(head + xs[0] + tail)}: ${strerror(made.error)}`);
      return 1;
    }
    return 1;
  },
});
