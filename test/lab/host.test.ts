import { describe, expect, test } from "vitest";
import { EngineHost } from "../../src/lab/host.ts";
import type { LogEntry } from "../../src/lab/log.ts";
import type { Event, Reply, Request } from "../../src/lab/protocol.ts";
import { labFiles, plainText } from "./labs.ts";
import { SECOND } from "../../src/sim/time.ts";
import { readCapture } from "../../src/wire/pcap.ts";

type Ask = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

/** The good reply of a kind. */
type Good<T, R = Reply> = R extends { ok: true; type: infer U } ? (T extends U ? R : never) : never;

/** A face without a screen. */
class Face {
  readonly events: Event[] = [];
  private readonly shown = new Map<string, string>();
  readonly log: LogEntry[] = [];
  private readonly replies = new Map<number, Reply>();
  private readonly host = new EngineHost((m) => this.take(m));
  private id = 1;

  private take(m: Reply | Event): void {
    if ("id" in m) return void this.replies.set(m.id, m);
    this.events.push(m);
    if (m.type === "output") this.shown.set(m.terminal, (this.shown.get(m.terminal) ?? "") + m.text);
    if (m.type === "cleared") this.shown.delete(m.terminal);
    if (m.type === "entry") this.log[m.number] = m.entry;
  }

  screen(terminal: string): string {
    return plainText(this.shown.get(terminal) ?? "");
  }
  ask(request: Ask): Reply | undefined {
    const id = this.id++;
    this.host.handle({ ...request, id } as Request);
    return this.replies.get(id);
  }
  reply(id: number): Reply | undefined {
    return this.replies.get(id);
  }
  get lastId(): number {
    return this.id - 1;
  }
  good<T extends Request["type"]>(type: T, request: Ask): Good<T> {
    const r = this.ask(request);
    if (r === undefined || !r.ok) throw new Error(r === undefined ? "no reply" : r.ok ? "" : r.message);
    expect(r.type).toBe(type);
    return r as never;
  }
  tick(ms = 16): boolean {
    return this.host.tick(ms);
  }
  /** Wall time in frames of 16 ms. */
  pass(ms: number): void {
    for (let t = 0; t < ms; t += 16) for (let busy = this.tick(), n = 0; busy && n < 50; n++) busy = this.tick(0);
  }
  type(terminal: string, text: string): void {
    for (const key of text) {
      this.good("input", { type: "input", terminal, data: key });
      this.tick();
    }
  }
  load(seed = 1, log?: LogEntry[], journal = false): Good<"load"> {
    return this.good("load", { type: "load", files: [...labFiles("switch-by-hand")].filter(([path]) => path.endsWith(".yaml") && path !== "wrong.yaml"), seed, lang: "en", journal, ...(log === undefined ? {} : { log }) });
  }
}

const BRIDGE = "ip link add br0 type bridge; ip link set br0 up; for p in eth1 eth2 eth3; do ip link set $p master br0; ip link set $p up; done\r";

describe("the engine's host", () => {
  test("loads a lab without its solution and shows what a page draws", () => {
    const { lab, now } = new Face().load(3);
    expect(now).toBe(SECOND);
    expect(lab).toMatchObject({ id: "switch-by-hand", seed: 3, kind: "build", points: 20, lang: "en", title: "A switch by hand", terminals: ["h1", "h2", "h3", "s1"] });
    expect(lab.nodes.map((n) => `${n.name} ${n.interfaces.join(" ")}`)).toEqual(["h1 eth0", "h2 eth0", "h3 eth0", "s1 eth1 eth2 eth3"]);
    expect(lab.cables.map((c) => c.ends[0].node)).toEqual(["h1", "h2", "h3"]);
    expect(lab.tasks[0]).toMatchObject({ id: "one-bridge", points: 5, hints: { count: 3, cost: 0 } });
    expect(JSON.stringify(lab)).not.toContain("${");
  });

  test("a lab with faults is refused with all of them", () => {
    const files = labFiles("switch-by-hand");
    files.set("lab.yaml", files.get("lab.yaml")!.replace("minutes: 15", "minutes: x").replace("points: 5", "points: 0"));
    const r = new Face().ask({ type: "load", files: [...files], seed: 1, lang: "en" });
    expect(r).toMatchObject({ ok: false, type: "load" });
    expect(r !== undefined && !r.ok && r.problems?.map((p) => p.line)).toEqual([5, 49]);
  });

  test("a session typed in slices of wall time is handed in, and its replay gives the same", () => {
    const f = new Face();
    f.load(1);
    f.good("open", { type: "open", terminal: "s1", node: "s1", columns: 80, rows: 24 });
    f.pass(200);
    expect(f.screen("s1")).toContain("root@s1:~# ");
    f.type("s1", BRIDGE);
    f.pass(2_000);
    const check = f.good("check", { type: "check", task: "one-bridge" });
    expect(check.grade.tasks.map((t) => [t.task, t.status, t.points])).toEqual([["one-bridge", "done", 5]]);
    const other = f.good("check", { type: "check", task: "own-address" }).grade.tasks[0]!;
    expect(other.status).toBe("not-yet");
    const answers = other.outcomes[0]!;
    expect(answers.status === "fail" && answers.firstWrong?.text).toMatch(/\S/);
    const again = new Face();
    again.load(1, f.log);
    again.pass(2_000);
    expect(again.screen("s1")).toContain("root@s1:~# ");
    expect(again.good("check", { type: "check", task: "one-bridge" }).grade.tasks[0]!.status).toBe("done");
  });

  test("an input waits until the journal holds it, and time stands still meanwhile", () => {
    const f = new Face();
    f.load(1, undefined, true);
    f.ask({ type: "open", terminal: "h1", node: "h1", columns: 80, rows: 24 });
    const opening = f.lastId;
    expect(f.reply(opening)).toBeUndefined();
    expect(f.log).toHaveLength(1);
    expect(f.tick(1_000)).toBe(false);
    expect(f.events.some((e) => e.type === "output" || e.type === "clock")).toBe(false);
    f.ask({ type: "input", terminal: "h1", data: "x" });
    const typing = f.lastId;
    expect(f.log).toHaveLength(1);
    f.good("saved", { type: "saved", entry: 0 });
    expect(f.reply(opening)).toMatchObject({ ok: true, type: "open" });
    expect(f.log).toHaveLength(2);
    expect(f.reply(typing)).toBeUndefined();
    expect(f.ask({ type: "saved", entry: 7 })).toMatchObject({ ok: false });
    f.good("saved", { type: "saved", entry: 1 });
    expect(f.reply(typing)).toMatchObject({ ok: true, type: "input" });
  });

  test("undo takes back a command, reset everything, and the terminal stays", () => {
    const f = new Face();
    f.load();
    f.good("open", { type: "open", terminal: "s1", node: "s1", columns: 80, rows: 24 });
    f.pass(200);
    f.type("s1", "touch /tmp/one\r");
    f.pass(500);
    f.type("s1", "touch /tmp/two; ls /tmp\r");
    f.pass(500);
    expect(f.screen("s1")).toContain("one  two");
    f.good("undo", { type: "undo" });
    expect(f.screen("s1")).toMatch(/touch \/tmp\/one\nroot@s1:~# $/);
    f.pass(300);
    f.type("s1", "ls /tmp\r");
    f.pass(500);
    expect(f.screen("s1")).toMatch(/ls \/tmp\none\n/);
    const { log } = f.good("reset", { type: "reset" });
    expect(log.map((e) => e[1])).toEqual(["open"]);
    f.pass(300);
    expect(f.screen("s1")).toBe("root@s1:~# ");
    expect(f.ask({ type: "undo" })).toMatchObject({ ok: false, message: "there is nothing to undo" });
  });

  test("the past is shown without going there, and rewinding goes there", () => {
    const f = new Face();
    const { now } = f.load();
    f.good("open", { type: "open", terminal: "s1", node: "s1", columns: 80, rows: 24 });
    f.pass(1_000);
    f.type("s1", BRIDGE);
    f.pass(1_000);
    const past = f.good("past", { type: "past", at: now + 500_000_000, tables: "s1" });
    expect(past.terminals.map((t) => [t.terminal, plainText(t.text)])).toEqual([["s1", "root@s1:~# "]]);
    const links = (tables: typeof past.tables): string[] => tables!.tables.find((t) => t.kind === "links")!.rows.map((r) => r[0]!);
    expect(links(past.tables)).toEqual(["lo", "eth1", "eth2", "eth3"]);
    expect(links(f.good("tables", { type: "tables", node: "s1" }).tables)).toContain("br0");
    f.good("rewind", { type: "rewind", to: now + 500_000_000 });
    expect(links(f.good("tables", { type: "tables", node: "s1" }).tables)).not.toContain("br0");
    expect(f.ask({ type: "tables", node: "s9" })).toMatchObject({ ok: false });
  });

  test("hints come one after the other, and are logged", () => {
    const f = new Face();
    f.load();
    expect(f.good("hint", { type: "hint", task: "ageing" })).toMatchObject({ number: 1, cost: 0, text: expect.stringContaining("ip -d link") });
    expect(f.good("hint", { type: "hint", task: "ageing" }).number).toBe(2);
    expect(f.good("hint", { type: "hint", task: "ageing" }).text).toMatch(/ageing_time \d+00`/);
    expect(f.ask({ type: "hint", task: "ageing" })).toMatchObject({ ok: false });
    expect(f.log.map((e) => e[1])).toEqual(["hint", "hint", "hint"]);
  });

  test("time follows the pace, stands at 0, and is skipped at once", () => {
    const f = new Face();
    f.load();
    const now = (): number => f.events.findLast((e) => e.type === "clock")?.now ?? 0;
    f.pass(1_000);
    expect(now() / SECOND).toBeCloseTo(2, 1);
    f.good("pace", { type: "pace", factor: 10 });
    f.pass(1_000);
    expect(now() / SECOND).toBeCloseTo(12, 0);
    f.good("pace", { type: "pace", factor: 0 });
    const stood = now();
    f.pass(1_000);
    expect(now()).toBe(stood);
    f.ask({ type: "skip", to: 100 * SECOND });
    const skipping = f.lastId;
    f.pass(100);
    expect(now()).toBe(100 * SECOND);
    expect(f.reply(skipping)).toMatchObject({ ok: true, type: "skip" });
  });

  test("a tab that slept for an hour does not catch up", () => {
    const f = new Face();
    f.load();
    f.tick(3_600_000);
    expect(f.events.findLast((e) => e.type === "clock")?.now).toBeLessThan(2 * SECOND);
  });

  test("what is wrong is answered, not thrown", () => {
    const f = new Face();
    expect(f.ask({ type: "undo" })).toMatchObject({ ok: false, message: "no lab is loaded" });
    f.load();
    expect(f.ask({ type: "input", terminal: "x", data: "y" })).toMatchObject({ ok: false });
    expect(f.ask({ type: "cut", cable: 9 })).toMatchObject({ ok: false });
    expect(f.ask({ type: "open", terminal: "h1", node: "h1", columns: 0, rows: 24 })).toMatchObject({ ok: false });
    expect(f.ask({ type: "open", terminal: "../x", node: "h1", columns: 80, rows: 24 })).toMatchObject({ ok: false });
    expect(f.ask({ type: "walk", packet: 123456 })).toMatchObject({ ok: false });
    expect(f.log).toEqual([]);
  });
});

describe("frames and packets", () => {
  test("frames on cables are told with label and family, walks with their decisions, captures as pcapng", () => {
    const f = new Face();
    f.load();
    f.good("open", { type: "open", terminal: "s1", node: "s1", columns: 80, rows: 24 });
    f.pass(100);
    f.type("s1", BRIDGE);
    f.pass(500);
    f.good("open", { type: "open", terminal: "h1", node: "h1", columns: 80, rows: 24 });
    f.pass(100);
    f.type("h1", "ping -c 1 $(ip -4 route | sed 's/\\.0\\/24.*//').77\r"); // somebody who is not there: ARP is flooded
    f.pass(500);
    const frames = f.events.flatMap((e) => (e.type === "frames" ? e.frames : []));
    const asked = frames.filter((x) => x.label.startsWith("who-has"));
    expect(asked.length).toBeGreaterThanOrEqual(3);
    expect(asked[0]).toMatchObject({ family: "arp", cable: 0, from: 0, length: 42, lost: false });
    expect(asked[0]!.arrival).toBeGreaterThan(asked[0]!.start);
    const { walk } = f.good("walk", { type: "walk", packet: asked[0]!.packet });
    expect(walk.decisions.map((d) => d.node)).toEqual(expect.arrayContaining(["h1", "s1", "h2", "h3"]));
    expect(walk.decisions.some((d) => d.node === "s1" && d.verdict === "flood")).toBe(true);
    const { bytes } = f.good("pcap", { type: "pcap" });
    const read = readCapture(bytes);
    expect(read.ok && read.value.error).toBeUndefined();
    expect(read.ok && read.value.packets.length).toBe(frames.length);
    const one = f.good("pcap", { type: "pcap", cable: 1 });
    const onOne = readCapture(one.bytes);
    expect(onOne.ok && onOne.value.packets.length).toBe(frames.filter((x) => x.cable === 1).length);
  });

  test("a veth is no cable: what crosses it is neither told nor saved, and its walk is there", () => {
    const f = new Face();
    f.load();
    f.good("open", { type: "open", terminal: "h1", node: "h1", columns: 80, rows: 24 });
    f.pass(100);
    f.type("h1", "ip netns add c; ip link add va type veth peer name vb netns c; ip link set va up; ip -n c link set vb up; ip addr add 192.0.2.1/24 dev va; ip -n c addr add 192.0.2.2/24 dev vb\r");
    f.pass(300);
    f.type("h1", "ping -c 1 192.0.2.2\r");
    f.pass(300);
    expect(f.screen("h1")).toContain("1 received");
    expect(f.events.flatMap((e) => (e.type === "frames" ? e.frames : [])).filter((x) => x.family === "icmp" || x.label.includes("192.0.2."))).toEqual([]);
    expect(f.events.filter((e) => e.type === "drop")).toEqual([]);
  });

  test("a pulled cable is told, and undone", () => {
    const f = new Face();
    f.load();
    f.good("cut", { type: "cut", cable: 1 });
    expect(f.events).toContainEqual({ type: "cable", cable: 1, cut: true });
    f.good("undo", { type: "undo" });
    expect(f.events.at(-1)).toEqual({ type: "cable", cable: 1, cut: false });
  });
});
