/** nohup: coreutils 9.1. */
import { strerror } from "../../kernel/errno.ts";
import { exec, lookUp } from "../exec.ts";
import { defineTool } from "../tool.ts";

export const nohup = defineTool({
  name: "nohup",
  man: {
    summary: "run a command immune to hangups, with output to a non-tty",
    synopsis: ["nohup COMMAND [ARG]...", "nohup OPTION"],
    emulated: ["SIGHUP is ignored; output to a terminal goes to nohup.out; input from a terminal is shut."],
    notEmulated: [],
    examples: ["nohup ping 10.0.0.1 &"],
  },
  shorts: "+",
  usageStatus: 125,
  *run(t, _options, operands) {
    const { proc } = t;
    if (operands.length === 0) return yield* t.usage("missing operand", 125);
    const isTty = (fd: number): boolean => proc.fds.get(fd)?.kind === "tty";
    const inputShut = isTty(0);
    if (inputShut) {
      const nothing = proc.machine.fs.open(proc, "/dev/null", { write: true });
      if (nothing.ok) proc.setFd(0, nothing.value);
    }
    if (isTty(1)) {
      const path = proc.machine.fs.open(proc, "nohup.out", { append: true, create: true, mode: 0o600 });
      if (!path.ok) return yield* t.error(`failed to open 'nohup.out': ${strerror(path.error)}`, 125);
      proc.setFd(1, path.value);
      yield* t.warn(`${inputShut ? "ignoring input and " : ""}appending output to 'nohup.out'`);
    } else if (inputShut) yield* t.warn("ignoring input");
    if (isTty(2)) proc.setFd(2, proc.fds.get(1)!);
    proc.onSignal("SIGHUP", "ignore");
    const image = lookUp(proc, operands);
    if (typeof image === "string") return yield* t.error(`failed to run command '${operands[0]}': ${strerror(image)}`, image === "ENOENT" ? 127 : 126);
    return yield* exec(proc, image);
  },
});
