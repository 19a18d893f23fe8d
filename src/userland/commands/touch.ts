/** touch: coreutils 9.1. A file has one time here: -a and -m alike set it. */
import { strerror } from "../../kernel/errno.ts";
import { parseDateText } from "../date-text.ts";
import { choose } from "../getopt-choice.ts";
import type { GivenOption } from "../getopt.ts";
import { quote, quoteAlways } from "../gnu-quote.ts";
import type { Nanos } from "../../sim/time.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { calendarOf, secondsOf, virtualTime, wallTime, type WallTime } from "../wall-clock.ts";

/** -t: [[CC]YY]MMDDhhmm[.ss]. */
function parsePosixTime(text: string, now: WallTime): WallTime | undefined {
  const m = /^(?:(\d\d)?(\d\d))?(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d\d))?$/.exec(text);
  if (!m) return undefined;
  const short = Number(m[2]);
  const year = m[2] === undefined ? calendarOf(now.seconds).year : m[1] === undefined ? short + (short >= 69 ? 1900 : 2000) : Number(m[1]) * 100 + short;
  const [month, day, hour, minute, second] = [m[3], m[4], m[5], m[6], m[7] ?? "0"].map(Number) as [number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  return { seconds: secondsOf({ year, month, day, hour, minute, second }), nanos: 0 };
}

/** The time that the options ask for; undefined: now. A status: they were wrong. */
function* wanted(t: Tool, options: readonly GivenOption[]): Run<{ at: Nanos | undefined } | number> {
  let at: Nanos | undefined;
  const sources = new Set<string>();
  for (const { key, value } of options) {
    if (key === "t" || key === "d") {
      const when = key === "t" ? parsePosixTime(value!, wallTime(t.proc.now)) : parseDateText(value!, wallTime(t.proc.now));
      if (!when) return yield* t.error(`invalid date format ${quote(value!)}`);
      at = virtualTime(when);
      sources.add(key);
    }
    if (key === "r") {
      const found = t.proc.machine.fs.stat(value!);
      if (!found.ok) return yield* t.error(`failed to get attributes of ${quoteAlways(value!)}: ${strerror(found.error)}`);
      at = found.value.mtime;
    }
    if (key === "time") {
      const chosen = choose("--time", value!, [["atime", "access", "use"], ["mtime", "modify"]]);
      if (!chosen.ok) return yield* t.usage(chosen.error);
    }
  }
  if (sources.size > 1 || (sources.has("t") && options.some((o) => o.key === "r"))) return yield* t.usage("cannot specify times from more than one source");
  return { at };
}

export const touch = defineTool({
  name: "touch",
  man: {
    summary: "change file timestamps",
    synopsis: ["touch [OPTION]... FILE..."],
    emulated: ["makes a file that is not there, unless -c", "-d STRING, -t [[CC]YY]MMDDhhmm[.ss], -r FILE: that time instead of now", "-h: of a symbolic link itself", "-a, -m: files have one time here; both set it"],
    notEmulated: [],
  },
  shorts: "acd:fhmr:t:",
  longs: { time: "time:", "no-create": "c", date: "d:", reference: "r:", "no-dereference": "h" },
  *run(t, options, operands) {
    const times = yield* wanted(t, options);
    if (typeof times === "number") return times;
    if (operands.length === 0) return yield* t.usage("missing file operand");
    const link = options.some((o) => o.key === "h");
    const create = !link && !options.some((o) => o.key === "c");
    const { fs } = t.proc.machine;
    for (const path of operands) {
      if (path === "-") continue;
      let found = fs.stat(path, { follow: !link });
      if (!found.ok && found.error === "ENOENT" && create) {
        const made = fs.touch(path);
        found = made.ok ? fs.stat(path) : made;
      }
      if (found.ok) found.value.mtime = times.at ?? t.proc.now;
      else if (!(found.error === "ENOENT" && options.some((o) => o.key === "c"))) {
        yield* t.error(`${link ? "setting times of" : "cannot touch"} ${quoteAlways(path)}: ${strerror(found.error)}`);
      }
    }
    return t.status;
  },
});
