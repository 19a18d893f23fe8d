/** setsid: util-linux 2.38. */
import { strerror } from "../../kernel/errno.ts";
import { exec, lookUp, spawnCommand } from "../exec.ts";
import { statusOf } from "../process.ts";
import { defineTool } from "../tool.ts";

export const setsid = defineTool({
  name: "setsid",
  suite: "util-linux",
  version: "2.38.1",
  man: { summary: "run a program in a new session", synopsis: ["setsid [options] <program> [arguments ...]"], emulated: ["-f: always as a child; -w: waits for it and exits with its status"], notEmulated: ["-c, --ctty"] },
  shorts: "+cfwhV",
  longs: { ctty: "c", fork: "f", wait: "w" },
  refused: ["c"],
  *run(t, options, operands) {
    if (operands.length === 0) return yield* t.usage("no command specified");
    const image = lookUp(t.proc, operands);
    if (typeof image === "string") return yield* t.error(`failed to execute ${operands[0]}: ${strerror(image)}`, image === "ENOENT" ? 127 : 126);
    // A leader of a process group cannot start a session: it forks. Another one becomes the program.
    const fork = options.some((o) => o.key === "f") || t.proc.pgid === t.proc.pid;
    if (!fork) {
      t.proc.sid = t.proc.pgid = t.proc.pid;
      t.proc.tty = undefined;
      return yield* exec(t.proc, image);
    }
    const child = spawnCommand(t.proc, operands, { session: { tty: undefined } });
    if (typeof child === "string") return yield* t.error(`fork: ${strerror(child)}`);
    if (!options.some((o) => o.key === "w")) return 0;
    const ended = yield* t.proc.waitChild(child);
    return ended ? statusOf(ended.exit) : 0;
  },
});
