/** uptime: procps-ng 4.0.2. Nobody is logged in by record, and a lab has no load. */
import { SECOND } from "../../sim/time.ts";
import { defineCommand } from "../command.ts";
import { getopt } from "../getopt.ts";
import { START_OF_LAB, strftime, wallTime } from "../wall-clock.ts";

const USAGE = `
Usage:
 uptime [options]

Options:
 -p, --pretty   show uptime in pretty format
 -h, --help     display this help and exit
 -s, --since    system up since
 -V, --version  output version information and exit

For more details see uptime(1).
`;

/** "up  1:15", "up 2 days,  3:04", "up 3 min". */
export function upText(seconds: number): string {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const head = days === 0 ? "" : `${days} day${days === 1 ? "" : "s"}, `;
  return `up ${head}${hours === 0 ? `${minutes} min` : `${String(hours).padStart(2)}:${String(minutes).padStart(2, "0")}`}`;
}

function pretty(seconds: number): string {
  const units = [["year", 31_536_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]] as const;
  const parts: string[] = [];
  let rest = seconds;
  for (const [name, size] of units) {
    const n = Math.floor(rest / size);
    rest -= n * size;
    if (n > 0) parts.push(`${n} ${name}${n === 1 ? "" : "s"}`);
  }
  return `up ${parts.length > 0 ? parts.join(", ") : "0 minutes"}`;
}

export const uptime = defineCommand({
  name: "uptime",
  man: { summary: "tell how long the system has been running", synopsis: ["uptime [options]"], emulated: ["-p, -s. The machine starts with the lab; load averages are 0."], notEmulated: [] },
  *run(proc, args) {
    const parsed = getopt(args, "phsV", { pretty: "p", help: "h", since: "s", version: "V" });
    if (parsed.error !== undefined) {
      yield* proc.warn(`uptime: ${parsed.error}\n${USAGE}`);
      return 1;
    }
    const key = parsed.options[0]?.key;
    const up = Math.floor(proc.now / SECOND);
    if (key === "h") yield* proc.print(USAGE);
    else if (key === "V") yield* proc.print("uptime from procps-ng 4.0.2\n");
    else if (key === "p") yield* proc.print(`${pretty(up)}\n`);
    else if (key === "s") yield* proc.print(`${strftime("%Y-%m-%d %H:%M:%S", { seconds: START_OF_LAB, nanos: 0 })}\n`);
    else yield* proc.print(` ${strftime("%H:%M:%S", wallTime(proc.now))} ${upText(up)},  0 user,  load average: 0.00, 0.00, 0.00\n`);
    return 0;
  },
});
