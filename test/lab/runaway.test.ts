/** What runs away is named, bounded, and leaves the session intact: storms, routing loops, programs without end. */
import { describe, expect, test } from "vitest";
import { EngineHost } from "../../src/lab/host.ts";
import type { Event, Notice, Reply, Request } from "../../src/lab/protocol.ts";
import { SECOND } from "../../src/sim/time.ts";
import { plainText } from "./labs.ts";

const HEAD = "version: 1\nid: tiny\nkind: figure\nchapter: arp\nminutes: 5\n";
const host = (name: string, address: string, extra = ""): string => `  ${name}: { kind: host, at: [0, 0], start: [ "ip addr add ${address}/24 dev eth0", ip link set eth0 up${extra} ] }\n`;
const bridge = (name: string): string => `  ${name}: { kind: switch, at: [0, 0], start: [ ip link add br0 type bridge, "for p in eth1 eth2 eth3; do ip link set $p master br0; ip link set $p up; done", ip link set br0 up ] }\n`;
const RING = `${HEAD}nodes:\n${host("h1", "10.0.0.1")}${host("h2", "10.0.0.2")}${host("h3", "10.0.0.3")}${bridge("s1")}${bridge("s2")}${bridge("s3")}cables:
  - ["h1:eth0", "s1:eth3"]
  - ["h2:eth0", "s2:eth3"]
  - ["h3:eth0", "s3:eth3"]
  - ["s1:eth1", "s2:eth2"]
  - ["s2:eth1", "s3:eth2"]
  - ["s3:eth1", "s1:eth2"]
`;
const LOOP = `${HEAD}nodes:
${host("h1", "10.0.1.2", ", ip route add default via 10.0.1.1")}
  r1: { kind: router, at: [1, 0], start: [ ip addr add 10.0.1.1/24 dev eth0, ip addr add 10.0.2.1/24 dev eth1, ip link set eth0 up, ip link set eth1 up, ip route add default via 10.0.2.2 ] }
  r2: { kind: router, at: [2, 0], start: [ ip addr add 10.0.2.2/24 dev eth0, ip link set eth0 up, ip route add default via 10.0.2.1, ip route add 10.0.1.0/24 via 10.0.2.1 ] }
cables:
  - ["h1:eth0", "r1:eth0"]
  - ["r1:eth1", "r2:eth0"]
`;

class Face {
  readonly notices: Notice[] = [];
  readonly drops: Extract<Event, { type: "drop" }>[] = [];
  private shown = "";
  now = 0;
  faults: string[] = [];
  longest = 0;
  private id = 1;
  private readonly replies = new Map<number, Reply>();
  private readonly engine = new EngineHost((m) => this.take(m), () => performance.now());

  constructor(lab: string) {
    this.ask({ type: "load", files: [["lab.yaml", lab]], seed: 1, lang: "en" });
    this.ask({ type: "open", terminal: "h1", node: "h1", columns: 80, rows: 24 });
    this.virtual(0.5);
  }
  private take(m: Reply | Event): void {
    if ("id" in m) this.replies.set(m.id, m);
    else if (m.type === "output") this.shown = (this.shown + m.text).slice(-100_000);
    else if (m.type === "notice") this.notices.push(m.notice);
    else if (m.type === "clock") this.now = m.now;
    else if (m.type === "drop") this.drops.push(m);
    else if (m.type === "fault") this.faults.push(m.message);
  }
  get screen(): string {
    return plainText(this.shown);
  }
  ask(request: Omit<Request, "id"> & Record<string, unknown>): Reply | undefined {
    const id = this.id++;
    this.engine.handle({ ...request, id } as Request);
    return this.replies.get(id);
  }
  type(text: string): void {
    this.ask({ type: "input", terminal: "h1", data: text });
  }
  /** Ticks until `done`, at most so many; a tick is 4 ms of work. */
  ticks(most: number, done: () => boolean = () => false): number {
    for (let i = 0; i < most; i++) {
      if (done()) return i;
      const began = performance.now();
      this.engine.tick(16);
      this.longest = Math.max(this.longest, performance.now() - began);
    }
    return most;
  }
  virtual(seconds: number): void {
    const until = this.now + seconds * SECOND;
    this.ticks(5_000, () => this.now >= until);
  }
}

test("a broadcast storm is named within a second of work, keys are served meanwhile, one cable ends it", () => {
  const f = new Face(RING);
  f.type("ping -c 1 10.0.0.2\r");
  expect(f.ticks(250, () => f.notices.length > 0)).toBeLessThan(250); // 250 slices of 4 ms
  const [first] = f.notices;
  expect(first).toMatchObject({ kind: "storm", over: false });
  expect(first!.text).toMatch(/broadcast storm/);
  f.ticks(20);
  expect(f.notices.find((n) => n.kind === "storm" && n.perSecond > 100_000)?.text).toMatch(/s1:eth1 - s2:eth2, s2:eth1 - s3:eth2, s3:eth1 - s1:eth2/);
  f.type("\u0003");
  expect(f.ticks(25, () => /\^C[^]*# $/.test(f.screen))).toBeLessThan(25); // 100 ms of work
  // Nobody does anything: the storm is held, and costs nothing any more.
  f.ticks(3_000, () => f.notices.some((n) => n.kind === "budget"));
  expect(f.notices.at(-1)).toMatchObject({ kind: "budget", text: expect.stringContaining("storm is held") });
  const stood = f.now;
  f.ticks(50);
  expect(f.now).toBe(stood);
  f.type("echo alive\r");
  f.ticks(60, () => f.screen.includes("\nalive"));
  expect(f.screen).toContain("\nalive");
  f.ask({ type: "cut", cable: 4 });
  f.virtual(4);
  expect(f.notices.at(-1)).toMatchObject({ kind: "storm", over: true });
  f.type("ping -c 1 10.0.0.2\r");
  f.virtual(2);
  expect(f.screen).toContain("1 received, 0% packet loss");
  expect(f.faults).toEqual([]);
});

test("a routing loop is named with its routers, packets die by TTL, and nothing grows", () => {
  const f = new Face(LOOP);
  f.type("ping -c 2 192.0.2.1\r");
  f.virtual(3);
  expect(f.screen).toMatch(/Time to live exceeded/);
  expect(f.notices[0]).toMatchObject({ kind: "routing-loop", nodes: ["r1", "r2"] });
  expect(f.screen).toContain("2 packets transmitted, 0 received, +2 errors");
});

test("a program without a pause is held after a while, costs nothing then, and Ctrl-C ends it", () => {
  const f = new Face(LOOP);
  f.type("while :; do :; done\r");
  f.ticks(4_000, () => f.notices.length > 0);
  expect(f.notices).toEqual([expect.objectContaining({ kind: "budget", text: expect.stringContaining("runs without a pause") })]);
  const stood = f.now;
  f.ticks(50);
  expect(f.now).toBe(stood);
  f.type("\u0003");
  f.ticks(25, () => /\^C[^]*# $/.test(f.screen));
  expect(f.screen).toMatch(/\^C[^]*# $/);
  f.virtual(5);
  expect(f.now).toBeGreaterThan(stood + 4 * SECOND);
  expect(f.notices.length).toBe(1);
});

describe("programs without end leave the machine usable", () => {
  test.each([
    ["while :; do :; done"],
    ["yes"],
    ["yes | cat"],
    ["yes > /dev/null"],
    ["while true; do echo x; done | cat > /dev/null"],
    ["cat /dev/zero > /dev/null"],
    ["sleep 100000"],
    ["ping -f 10.0.0.2 > /dev/null"],
    ["f() { while :; do f2; done; }; f2() { :; }; f"],
  ])("%s: Ctrl-C is served at once", (line) => {
    const f = new Face(RING.replace(/ {2}- \["s3:eth1".*\n/, ""));
    f.type(`${line}\r`);
    f.ticks(150);
    expect(f.screen).not.toMatch(/# $/);
    f.type("\u0003");
    expect(f.ticks(25, () => /\^C[^]*# $/.test(f.screen.slice(-200)))).toBeLessThan(25);
    f.type("echo alive\r");
    f.ticks(60, () => /\nalive/.test(f.screen));
    expect(f.screen).toMatch(/\nalive/);
    expect(f.faults).toEqual([]);
  });

  test.each([
    [":(){ :|:& };:", /Resource temporarily unavailable/],
    ["f() { f; }; f", /nesting level exceeded/],
    ["yes > /tmp/x", /No space left on device/],
    ["x=x; while :; do x=$x$x; done", /\S/],
  ])("%s: ends or is bounded, and the terminal can be had back", (line, says) => {
    const f = new Face(RING.replace(/ {2}- \["s3:eth1".*\n/, ""));
    f.type(`${line}\r`);
    f.ticks(300);
    expect(f.screen).toMatch(says);
    for (let i = 0; i < 5; i++) {
      f.type("\u0003");
      f.ticks(30);
    }
    f.type("echo ali''ve\r");
    f.ticks(300, () => /\nalive/.test(f.screen));
    expect(f.screen).toMatch(/\nalive/);
    expect(f.faults).toEqual([]);
  });
});
