import { describe, expect, test } from "vitest";
import { decodeUtf8 } from "../../src/base/bytes.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import { replay, Session } from "../../src/lab/session.ts";
import { RandomStream } from "../../src/sim/random.ts";
import { SECOND } from "../../src/sim/time.ts";
import { typed } from "../../src/lab/typist.ts";
import { parseScript } from "../../src/lab/script.ts";
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

/** A session with several terminals, a cable pulled, keys typed while commands run. */
function busyLog(seed: number): { resolved: ReturnType<typeof tinyLab>; log: LogEntry[]; end: number } {
  const resolved = resolvedLab("switch-by-hand", seed);
  const made = typed(resolved, resolved.solution!);
  if (!made.ok) throw new Error(made.error);
  const s = made.value;
  const chance = new RandomStream(seed, "typing");
  const nodes = ["h1", "h2", "h3", "s1"];
  const lines = ["ip -s link show eth0", "cat /etc/hostname | tr a-z A-Z", "for i in 1 2 3; do echo $i; sleep 0.2; done", "ip neigh; ip route", "bridge fdb show", "sleep 3 & wait", "ping -c 2 10.0.0.9", "ls / | head -5 > /tmp/x; wc /tmp/x", "ip addr add 10.0.0.9/32 dev lo; ip -br addr"];
  for (let i = 0; i < 40; i++) {
    s.advance(s.now + chance.below(800_000_000));
    const node = chance.pick(nodes);
    if (!s.terminals.has(node)) s.apply([s.stamp(), "open", node, node, 80, 24]);
    const what = chance.below(20);
    if (what === 0) s.apply([s.stamp(), "key", node, "\u0003"]);
    else if (what === 1) s.apply([s.stamp(), "size", node, 60 + chance.below(60), 24]);
    else if (what === 2) s.apply([s.stamp(), s.network.cables[0]!.connected ? "cut" : "restore", 0]);
    else for (const key of `${chance.pick(lines)}\r`) {
      s.advance(s.now + chance.below(40_000_000));
      s.apply([s.stamp(), "key", node, key]);
    }
  }
  return { resolved, log: [...s.log], end: s.now + SECOND };
}

describe("replay", () => {
  test.each([1, 2, 3])("in slices of 1, 7, 1,000 events or in one go it is the same session (%i)", (seed) => {
    const { resolved, log, end } = busyLog(seed);
    expect(log.length).toBeGreaterThan(200);
    const digests = [Number.POSITIVE_INFINITY, 1, 7, 1_000].map((slice) => {
      const r = replay(resolved, log, { digest: true, until: end, slice });
      return r.ok ? r.value.digest("x") : r.error.because;
    });
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
    const { resolved, log, end } = busyLog(4);
    const digest = (entries: readonly LogEntry[], student = ""): string => {
      const r = replay(resolved, entries, { digest: true, until: end });
      return r.ok ? r.value.digest(student) : r.error.because;
    };
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
