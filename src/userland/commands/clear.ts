/** clear and reset: ncurses 6.4, with the sequences of xterm. */
import { defineCommand } from "../command.ts";

const USAGE = `Usage: clear [options]

Options:
  -T TERM     use this instead of $TERM
  -V          print curses-version
  -x          do not try to clear scrollback
`;

export const clear = defineCommand({
  name: "clear",
  man: { summary: "clear the terminal screen", synopsis: ["clear [-Ttype] [-V] [-x]"], emulated: ["The screen, and its scrollback unless -x."], notEmulated: ["Terminals other than xterm."] },
  *run(proc, args) {
    let keep = false;
    for (const [i, arg] of args.entries()) {
      if (arg === "-x") keep = true;
      else if (arg === "-V") {
        yield* proc.print("ncurses 6.4.20221231\n");
        return 0;
      } else if (arg !== "-T" && args[i - 1] !== "-T" && !arg.startsWith("-T")) {
        yield* proc.warn(USAGE);
        return 1;
      }
    }
    yield* proc.print(`\x1b[H\x1b[2J${keep ? "" : "\x1b[3J"}`);
    return 0;
  },
});
