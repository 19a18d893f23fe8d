/** mountpoint, and mount without arguments: util-linux 2.38, from /proc/self/mounts. What a lab's machine has mounted is fixed. */
import { decodeUtf8 } from "../../base/bytes.ts";
import { strerror } from "../../kernel/errno.ts";
import type { Process } from "../process.ts";
import { defineTool } from "../tool.ts";

interface Mount {
  source: string;
  at: string;
  type: string;
  options: string;
}

function mounts(proc: Process): Mount[] {
  const read = proc.machine.fs.readFile(proc, "/proc/self/mounts");
  if (!read.ok) return [];
  return decodeUtf8(read.value).split("\n").filter((l) => l !== "").map((l) => l.split(" ")).map(([source = "", at = "", type = "", options = ""]) => ({ source, at, type, options }));
}

export const mountpoint = defineTool({
  name: "mountpoint",
  suite: "util-linux",
  version: "2.38.1",
  man: { summary: "see if a directory or file is a mountpoint", synopsis: ["mountpoint [-q] <path>"], emulated: ["-q: says nothing; --nofollow"], notEmulated: ["-d, -x"] },
  shorts: "dqxhV",
  longs: { quiet: "q", "fs-devno": "d", devno: "x", nofollow: "nofollow" },
  refused: ["d", "x"],
  *run(t, options, operands) {
    const [path, extra] = operands;
    if (path === undefined || extra !== undefined) return yield* t.usage("bad usage");
    const quiet = options.some((o) => o.key === "q");
    const real = t.proc.machine.fs.realpath(path);
    if (!real.ok) return quiet ? 1 : yield* t.error(`${path}: ${strerror(real.error)}`);
    const is = mounts(t.proc).some((m) => m.at === real.value);
    if (!quiet) yield* t.say(`${path} is ${is ? "" : "not "}a mountpoint\n`);
    return is ? 0 : 32;
  },
});

export const mount = defineTool({
  name: "mount",
  suite: "util-linux",
  version: "2.38.1",
  man: { summary: "mount a filesystem", synopsis: ["mount [-l] [-t type]"], emulated: ["Lists what is mounted; -t TYPE: only file systems of that type"], notEmulated: ["Mounting."], examples: ["mount -t tmpfs"] },
  shorts: "aflt:no:rwvBMRhV",
  longs: { types: "t:", options: "o:", bind: "B", move: "M", rbind: "R", all: "a", "read-only": "r", rw: "w", verbose: "v" },
  *run(t, options, operands) {
    const strange = options.find((o) => !"ltvn".includes(o.key));
    if (operands.length > 0 || strange) return yield* t.notEmulated(`mount ${strange?.typed ?? operands.join(" ")}`);
    const types = options.findLast((o) => o.key === "t")?.value?.split(",");
    for (const m of mounts(t.proc)) if (!types || types.includes(m.type)) yield* t.say(`${m.source} on ${m.at} type ${m.type} (${m.options})\n`);
    return 0;
  },
});
