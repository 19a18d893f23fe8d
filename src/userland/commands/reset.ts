/** reset: ncurses 6.4: the terminal's own reset, and sane modes of the line. */
import { defineCommand } from "../command.ts";

export const reset = defineCommand({
  name: "reset",
  man: { summary: "terminal initialization", synopsis: ["reset"], emulated: ["Resets the screen and puts the line into its usual modes."], notEmulated: ["Options of tset."] },
  *run(proc, args) {
    if (args.length > 0 && args[0] !== "-q") {
      yield* proc.warn(`packetwalk: 'reset ${args[0]}' is not emulated\n`);
      return 95;
    }
    if (proc.tty) proc.tty.mode = { canonical: true, echo: true, signals: true };
    yield* proc.warn("\x1bc\x1b[!p\x1b[?3;4l\x1b[4l\x1b>");
    return 0;
  },
});
