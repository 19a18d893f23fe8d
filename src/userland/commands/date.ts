/** date: coreutils 9.1, in UTC. The clock is the lab's. */
import { strerror } from "../../kernel/errno.ts";
import { parseDateText } from "../date-text.ts";
import type { GivenOption } from "../getopt.ts";
import { quote } from "../gnu-quote.ts";
import { textOf } from "../octets.ts";
import type { Run } from "../process.ts";
import { defineTool, type Tool } from "../tool.ts";
import { strftime, wallTime, type WallTime } from "../wall-clock.ts";

const ISO: Readonly<Record<string, string>> = {
  date: "%Y-%m-%d", hours: "%Y-%m-%dT%H+00:00", minutes: "%Y-%m-%dT%H:%M+00:00", seconds: "%Y-%m-%dT%H:%M:%S+00:00", ns: "%Y-%m-%dT%H:%M:%S,%N+00:00",
};
const RFC3339: Readonly<Record<string, string>> = { date: "%Y-%m-%d", seconds: "%Y-%m-%d %H:%M:%S+00:00", ns: "%Y-%m-%d %H:%M:%S.%N+00:00" };
const DEFAULT = "%a %b %e %H:%M:%S %Z %Y";

/** A unit of -I or --rfc-3339, which may be shortened. */
function* unit(t: Tool, forms: Readonly<Record<string, string>>, given: string, option: string): Run<string | undefined> {
  const name = Object.keys(forms).find((k) => k.startsWith(given) && given !== "");
  if (name) return forms[name];
  yield* t.usage(`invalid argument ${quote(given)} for ${quote(option)}\nValid arguments are:\n${Object.keys(forms).map((k) => `  - ${quote(k)}`).join("\n")}`);
  return undefined;
}

function* formOf(t: Tool, options: readonly GivenOption[], operands: readonly string[]): Run<string | undefined> {
  let form: string | undefined;
  let count = 0;
  for (const o of options) {
    if (o.key === "R") form = "%a, %d %b %Y %H:%M:%S +0000";
    else if (o.key === "I") form = yield* unit(t, ISO, o.value ?? "date", "--iso-8601");
    else if (o.key === "rfc3339") form = yield* unit(t, RFC3339, o.value!, "--rfc-3339");
    else continue;
    if (form === undefined) return undefined;
    count++;
  }
  const word = operands[0];
  if (word?.startsWith("+")) {
    form = word.slice(1);
    count++;
  }
  if (count > 1) {
    yield* t.error("multiple output formats specified");
    return undefined;
  }
  return form ?? DEFAULT;
}

export const date = defineTool({
  name: "date",
  man: {
    summary: "print the system date and time",
    synopsis: ["date [OPTION]... [+FORMAT]"],
    emulated: ["-d, --date: a time given as text: ISO dates, @seconds, now, tomorrow, 3 days ago, next week, Mon, 5 Jan 2026 ...", "-f, -r, -u, -R, -I, --rfc-3339, +FORMAT", "All times are UTC and count from the start of the lab."],
    notEmulated: ["Setting the clock (-s), time zones, %-flags of wide formats, --debug."],
    examples: ["date +%s", "date -d '1 hour ago' +%T"],
  },
  shorts: "d:f:I::r:Rs:u",
  longs: { date: "d:", debug: "debug", file: "f:", "iso-8601": "I::", reference: "r:", "rfc-email": "R", "rfc-822": "R", "rfc-2822": "R", "rfc-3339": "rfc3339:", set: "s:", utc: "u", universal: "u", uct: "u", resolution: "resolution" },
  refused: ["s", "debug"],
  *run(t, options, operands) {
    if (operands.length > 1) return yield* t.usage(`extra operand ${quote(operands[1]!)}`);
    if (options.some((o) => o.key === "resolution")) {
      yield* t.print("0.000000001\n");
      return 0;
    }
    const form = yield* formOf(t, options, operands);
    if (form === undefined) return t.status || 1;
    if (operands[0] !== undefined && !operands[0].startsWith("+")) {
      if (/^[0-9.]+$/.test(operands[0])) return yield* t.notEmulated(`date ${operands[0]}`);
      return yield* t.error(`invalid date ${quote(operands[0])}`);
    }
    const now = wallTime(t.proc.now);
    const given = options.findLast((o) => o.key === "d" || o.key === "f" || o.key === "r");
    if (given?.key === "f") return yield* fromFile(t, given.value!, form, now);
    let time: WallTime | undefined = now;
    if (given?.key === "d") {
      time = parseDateText(given.value!, now);
      if (!time) return yield* t.error(`invalid date ${quote(given.value!)}`);
    } else if (given?.key === "r") {
      const found = t.proc.machine.fs.stat(given.value!);
      if (!found.ok) return yield* t.error(`${given.value}: ${strerror(found.error)}`);
      time = wallTime(found.value.mtime);
    }
    yield* t.say(`${strftime(form, time)}\n`);
    return 0;
  },
});

function* fromFile(t: Tool, name: string, form: string, now: WallTime): Run<number> {
  yield* t.eachInput([name], function* (input) {
    for (let line = yield* input.line(); line; line = yield* input.line()) {
      const time = parseDateText(textOf(line.text), now);
      if (time) yield* t.say(`${strftime(form, time)}\n`);
      else yield* t.error(`invalid date ${quote(textOf(line.text))}`);
    }
  });
  return t.status;
}
