import { describe, expect, test } from "vitest";
import { decodeUtf8 } from "../../src/base/bytes.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { replay, Session } from "../../src/lab/session.ts";
import { RandomStream } from "../../src/sim/random.ts";
import { SECOND } from "../../src/sim/time.ts";
import { typed } from "../../src/lab/typist.ts";
import { parseScript } from "../../src/lab/script.ts";
import { digestOf, recordSession } from "./corpus.ts";
import { PAIR, plainText, resolvedLab, tinyLab } from "./labs.ts";

const none = { lookup: () => undefined, mac: () => undefined };
const script = (text: string) => parseScript(text, none).steps;

function start(resolved = tinyLab(PAIR)): Session {
  const s = Session.start(resolved, { digest: true });
  if (!s.ok) throw new Error(s.error);
  return s.value;
}
const screen = (s: Session, terminal: string): string => plainText(decodeUtf8(s.terminals.get(terminal)!.scrollback));

describe("a session", () => {
  test("begins at a whole second, after start-up, with the same state for the same seed", () => {
    const [a, b] = [start(), start()];
    expect(a.now).toBe(SECOND);
    expect(a.digest("")).toBe(b.digest(""));
    expect(start(tinyLab(PAIR, 2)).digest("")).not.toBe(a.digest(""));
  });

  test("says which start-up line failed", () => {
    const s = Session.start(tinyLab(PAIR.replace("ip link set eth0 up", "ip link set eth7 up")));
    expect(s.ok ? "" : s.error).toMatch(/^start-up of h1: ip link set eth7 up: exit status 1: Cannot find device "eth7"/);
  });

  test("shows what a terminal printed", () => {
    const s = typed(tinyLab(PAIR), script("h1$ echo hello\nh1$ hostname || cat /etc/hostname\n"));
    if (!s.ok) throw new Error(s.error);
    expect(screen(s.value, "h1")).toMatch(/root@h1:~# echo hello\nhello\n/);
  });

  test("refuses what no face could do, and logs nothing of it", () => {
    const s = start();
    const now = s.now;
    const why = (e: LogEntry): string => {
      const r = s.apply(e);
      return r.ok ? "" : r.error;
    };
    expect(why([now, "key", "h1", "x"])).toBe("names a terminal 'h1' that is not open");
    expect(why([now, "open", "h9", "h9", 80, 24])).toBe("opens a terminal on 'h9', which has none");
    expect(why([now, "cut", 3])).toBe("names a cable 3 that is not there");
    expect(why([now, "restore", 0])).toBe("puts back a cable that is in its place");
    expect(why([now, "hint", "t"])).toBe("opens more hints than task 't' has");
    expect(why([now, "check", "nothing"])).toBe("names a task 'nothing' that is not there");
    expect(why([now - 1, "open", "h1", "h1", 80, 24])).toBe("goes back in time");
    expect(why([now + 1, "open", "h1", "h1", 80, 24])).toBe("lies in the future");
    expect(s.log).toEqual([]);
    expect(why([now, "open", "h1", "h1", 80, 24])).toBe("");
    expect(why([now, "open", "h1", "h1", 80, 24])).toBe("opens the terminal 'h1' twice");
    expect(why([now, "end"])).toBe("");
    expect(why([now, "check", "*"])).toBe("comes after the end");
    expect(s.log.length).toBe(2);
  });

  test("an input at t comes after every event before t and before every event at t", () => {
    const s = start();
    s.apply([s.now, "open", "h1", "h1", 80, 24]);
    const seen: string[] = [];
    const clock = s.network.sim.clock;
    const at = s.now + 1000;
    clock.post(at - 1, { fire: () => void seen.push("before") }, undefined, 0);
    clock.post(at, { fire: () => void seen.push("at") }, undefined, 0);
    s.advance(at);
    seen.push("input");
    s.advance(at + 1);
    expect(seen).toEqual(["before", "input", "at"]);
  });
});

describe("replay", () => {
  test.each([1, 2, 3, 4, 5])("in slices of 1, 7, 1,000 events or in one go it is the same session (%i)", (seed) => {
    const resolved = resolvedLab("switch-by-hand", seed);
    const recorded = recordSession(resolved, seed);
    expect(recorded.log.length).toBeGreaterThan(200);
    const digests = [Number.POSITIVE_INFINITY, 1, 7, 1_000].map((slice) => digestOf(resolved, recorded, slice, "x"));
    expect(new Set(digests).size, digests.join("\n")).toBe(1);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  test("a face that cuts time into slices of any size gets a log that replays to the same state", () => {
    const resolved = tinyLab(PAIR);
    const live = start(resolved);
    const chance = new RandomStream(5, "slices");
    const type = (text: string): void => {
      for (const key of text) {
        live.advance(live.now + chance.below(50_000_000), 1 + chance.below(9)); // often stops in the middle of things
        const done = live.apply([live.stamp(), "key", "h1", key]);
        expect(done.ok).toBe(true);
      }
    };
    live.apply([live.stamp(), "open", "h1", "h1", 80, 24]);
    type("for i in 1 2 3 4 5; do echo $i; sleep 0.01; done\rip -s link\recho done > /tmp/f\r");
    while (live.now < 30 * SECOND) live.advance(30 * SECOND, 1 + chance.below(20));
    live.stamp();
    const again = replay(resolved, live.log, { digest: true, until: live.now });
    expect(again.ok && again.value.digest("")).toBe(live.digest(""));
  });

  test("one key more, one nanosecond later, another student: another digest", () => {
    const resolved = resolvedLab("switch-by-hand", 4);
    const { log, until } = recordSession(resolved, 4);
    const digest = (entries: LogEntry[], student = ""): string => digestOf(resolved, { log: entries, until }, undefined, student);
    const at = log.findIndex((e) => e[1] === "key");
    const later = log.map((e, i): LogEntry => (i === at ? ([e[0] + 1, ...e.slice(1)] as LogEntry) : e));
    const other = log.map((e, i): LogEntry => (i === at && e[1] === "key" ? [e[0], "key", e[2], `${e[3]} `] : e));
    expect(new Set([digest(log), digest(later), digest(other), digest(log, "Bob")]).size).toBe(4);
  });

  test("a log that no session could have made says which entry is at fault", () => {
    const r = replay(tinyLab(PAIR), [[SECOND, "open", "h1", "h1", 80, 24], [2 * SECOND, "key", "h2", "x"]]);
    expect(r).toEqual({ ok: false, error: { kind: "log", entry: 1, because: "log[1] names a terminal 'h2' that is not open" } });
  });

  test("a budget of events ends a replay that takes too long", () => {
    const s = typed(tinyLab(PAIR), script("h1& while :; do :; done\n# wait: 0.01\n"));
    if (!s.ok) throw new Error(s.error);
    const r = replay(tinyLab(PAIR), s.value.log, { budget: 20_000, until: 3_600 * SECOND });
    expect(r.ok ? "" : r.error.because).toBe("takes more than 20000 events");
  });
});
