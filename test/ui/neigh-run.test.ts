/** The live figure of the neighbour states, without its page: the run asks a real engine. */
import { readdirSync, readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { EngineHost } from "../../src/lab/host.ts";
import type { Event, Reply, Request } from "../../src/lab/protocol.ts";
import { type Engine, NeighRun, type Sighting } from "../../src/ui/neigh-run.ts";

const LAB = new URL("../../labs/fig-lan/", import.meta.url);

/** As the worker does it: time stands still, and a skip is run to its end before it is answered. */
class Direct implements Engine {
  run: NeighRun | undefined;
  private replies = new Map<number, Reply>();
  private nextId = 1;
  private readonly host = new EngineHost((message) => this.take(message));

  private take(message: Reply | Event): void {
    if ("id" in message) this.replies.set(message.id, message);
    else if (message.type === "frames") this.run?.receive(message.frames);
  }

  ask: Engine["ask"] = (request) => {
    const id = this.nextId++;
    this.host.handle({ ...request, id } as Request);
    for (let i = 0; i < 100_000 && !this.replies.has(id); i++) this.host.tick(0);
    return Promise.resolve(this.replies.get(id) as never);
  };
}

let engine: Direct;
let run: NeighRun;
beforeEach(async () => {
  engine = new Direct();
  const files = readdirSync(LAB).map((name) => [name, readFileSync(new URL(name, LAB), "utf8")] as const);
  const loaded = (await engine.ask({ type: "load", files, seed: 1, lang: "en" })) as Extract<Reply, { ok: true; type: "load" }>;
  await engine.ask({ type: "pace", factor: 0 });
  run = engine.run = new NeighRun(engine, loaded.lab, loaded.now, { node: "h1", peer: "h2", address: "10.0.1.3" });
});

const SECOND = 1e9;
const states = (seen: readonly Sighting[]): string[] => seen.filter(({ state, before }) => state !== before).map(({ state }) => state || "none");
const changeTo = (seen: readonly Sighting[], state: string): Sighting => seen.find((s) => s.state === state && s.before !== state)!;

describe("a neighbour entry in the running network", () => {
  test("a ping makes it INCOMPLETE and REACHABLE, though both take microseconds", async () => {
    const seen = await run.ping();
    expect(states(seen)).toEqual(["INCOMPLETE", "REACHABLE"]);
    expect(seen.map(({ cause }) => cause)).toEqual(["request", "reply", "sent", "echo"]);
    expect(run.line).toBe("10.0.1.3 dev eth0 lladdr 02:00:00:00:01:03 REACHABLE");
  });

  test("left alone it is STALE after 15 to 45 s; used then, DELAY, and PROBE to the microsecond 5 s later", async () => {
    const confirmed = changeTo(await run.ping(), "REACHABLE").at;
    const stale = changeTo(await run.wait(45 * SECOND), "STALE").at;
    expect((stale - confirmed) / SECOND).toBeGreaterThanOrEqual(15);
    expect((stale - confirmed) / SECOND).toBeLessThanOrEqual(45);
    const used = await run.ping();
    expect(states(used)).toEqual(["DELAY"]);
    const later = await run.wait(6 * SECOND);
    expect(states(later)).toEqual(["PROBE", "REACHABLE"]);
    expect(Math.abs(changeTo(later, "PROBE").at - changeTo(used, "DELAY").at - 5 * SECOND)).toBeLessThan(1_000);
  });

  test("with the cable pulled it fails after three requests, a second apart, and the moment is found between the steps", async () => {
    expect((await run.unplug(true)).map(({ cause }) => cause)).toEqual(["cut"]);
    const asked = [...(await run.ping()), ...(await run.wait(5 * SECOND))];
    expect(states(asked)).toEqual(["INCOMPLETE", "FAILED"]);
    const requests = asked.filter(({ cause }) => cause === "request");
    expect(requests).toHaveLength(3);
    expect(Math.abs(changeTo(asked, "FAILED").at - requests[0]!.at - 3 * SECOND)).toBeLessThan(2_000);
    expect(run.line).toBe("10.0.1.3 dev eth0 FAILED");
    await run.unplug(false);
    expect(states(await run.ping())).toEqual(["INCOMPLETE", "REACHABLE"]);
  });

  test("deleted, it is gone", async () => {
    await run.ping();
    const seen = await run.forget();
    expect(states(seen)).toEqual(["none"]);
    expect(seen[0]!.cause).toBe("typed");
    expect(run.line).toBe("");
  });
});
