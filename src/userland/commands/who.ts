/** who and users of coreutils 9.1, w of procps-ng 4.0.2. Terminals of a lab are opened without a login: utmp(5) has no entry. */
import { SECOND } from "../../sim/time.ts";
import { quote } from "../gnu-quote.ts";
import { defineTool } from "../tool.ts";
import { strftime, wallTime } from "../wall-clock.ts";
import { upText } from "./uptime.ts";

export const who = defineTool({
  name: "who",
  man: { summary: "show who is logged on", synopsis: ["who [OPTION]... [ FILE | ARG1 ARG2 ]"], emulated: ["Nobody is logged in by record; -H prints the heading, -q the count."], notEmulated: ["-a, -b, -d, -l, -p, -r, -t, --lookup"] },
  shorts: "abdlmpqrstuwHT",
  longs: { all: "a", boot: "b", count: "q", dead: "d", heading: "H", login: "l", process: "p", runlevel: "r", short: "s", time: "t", users: "u", message: "T", mesg: "T", writable: "T", lookup: "lookup" },
  refused: ["a", "b", "d", "l", "p", "r", "t", "lookup"],
  *run(t, options, operands) {
    if (operands.length > 2) return yield* t.usage(`extra operand ${quote(operands[2]!)}`);
    if (options.some((o) => o.key === "q")) yield* t.print("\n# users=0\n");
    else if (options.some((o) => o.key === "H")) yield* t.print("NAME     LINE         TIME             COMMENT\n");
    return 0;
  },
});

export const users = defineTool({
  name: "users",
  man: { summary: "print the user names of users currently logged in to the current host", synopsis: ["users [OPTION]... [FILE]"], emulated: ["Nobody is logged in by record."], notEmulated: [] },
  shorts: "",
  *run(t, _options, operands) {
    if (operands.length > 1) return yield* t.usage(`extra operand ${quote(operands[1]!)}`);
    return 0;
  },
});

export const w = defineTool({
  name: "w",
  suite: "procps-ng",
  version: "4.0.2",
  man: { summary: "show who is logged on and what they are doing", synopsis: ["w [options] [user]"], emulated: ["-h: no heading; nobody is logged in by record"], notEmulated: [] },
  shorts: "husfoiV",
  longs: { "no-header": "h", "no-current": "u", short: "s", from: "f", "old-style": "o", "ip-addr": "i" },
  *run(t, options) {
    if (options.some((o) => o.key === "h")) return 0;
    const from = !options.some((o) => o.key === "f");
    const short = options.some((o) => o.key === "s");
    const up = upText(Math.floor(t.proc.now / SECOND));
    yield* t.print(` ${strftime("%H:%M:%S", wallTime(t.proc.now))} ${up},  0 user,  load average: 0.00, 0.00, 0.00\n`);
    yield* t.print(`USER     TTY      ${from ? "FROM             " : ""}${short ? " IDLE WHAT\n" : "LOGIN@   IDLE   JCPU   PCPU WHAT\n"}`);
    return 0;
  },
});
