/** The watch over the engine's worker. The worker here is a stand-in that says nothing by itself. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EngineClient } from "../../src/ui/engine-client.ts";
import type { FromWorker, ToWorker } from "../../src/ui/worker-messages.ts";

class StandIn {
  static last: StandIn;
  onmessage: ((message: { data: FromWorker }) => void) | undefined;
  onerror: unknown;
  readonly sent: ToWorker[] = [];
  ended = false;
  constructor() {
    StandIn.last = this;
  }
  postMessage(message: ToWorker): void {
    this.sent.push(message);
  }
  terminate(): void {
    this.ended = true;
  }
  say(data: FromWorker): void {
    this.onmessage?.({ data });
  }
}

const lab = { id: "x", files: [] };
const started = { ui: "started", reply: { id: 0, ok: true, type: "load", lab: {}, now: 0 }, session: { seed: 1, log: [], grades: [], damaged: 0, changedLab: false } } as unknown as FromWorker;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Worker", StandIn);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function running(): Promise<{ client: EngineClient; events: { silent: ReturnType<typeof vi.fn>; hung: ReturnType<typeof vi.fn>; event: ReturnType<typeof vi.fn> } }> {
  const events = { event: vi.fn(), batchEnd: vi.fn(), journal: vi.fn(), silent: vi.fn(), hung: vi.fn() };
  const client = new EngineClient(events);
  const start = client.start({ lab, lang: "en", journal: "none" });
  StandIn.last.say(started);
  await start;
  return { client, events };
}

describe("a worker that hangs", () => {
  test("is named after 3 s and ended after 10 s", async () => {
    const { events } = await running();
    vi.advanceTimersByTime(2_900);
    expect(events.silent).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(events.silent).toHaveBeenLastCalledWith(true);
    vi.advanceTimersByTime(6_800);
    expect(events.hung).not.toHaveBeenCalled();
    vi.advanceTimersByTime(200);
    expect(events.hung).toHaveBeenCalledTimes(1);
    expect(StandIn.last.ended).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(events.hung).toHaveBeenCalledTimes(1);
  });

  test("that wakes up again is told to be well", async () => {
    const { events } = await running();
    vi.advanceTimersByTime(4_000);
    StandIn.last.say({ ui: "pong", n: 1 });
    expect(events.silent).toHaveBeenLastCalledWith(false);
    vi.advanceTimersByTime(9_000);
    expect(events.hung).not.toHaveBeenCalled();
  });

  test("is not suspected while it answers", async () => {
    const { events } = await running();
    for (let i = 0; i < 100; i++) {
      vi.advanceTimersByTime(500);
      StandIn.last.say({ ui: "pong", n: i });
    }
    expect(events.silent).not.toHaveBeenCalled();
  });
});

test("answers find their questions, events their listener, in the order of the batch", async () => {
  const { client, events } = await running();
  const first = client.ask({ type: "tables", node: "h1" });
  const second = client.ask({ type: "undo" });
  const ids = StandIn.last.sent.flatMap((message) => (message.ui === "request" ? [message.request.id] : []));
  StandIn.last.say({
    ui: "batch",
    messages: [
      { type: "cleared", terminal: "h1" },
      { id: ids[1]!, ok: true, type: "undo", log: [], now: 5 },
      { id: ids[0]!, ok: false, type: "tables", message: "there is no such node or namespace" },
    ],
  });
  expect(await second).toMatchObject({ ok: true, now: 5 });
  expect(await first).toMatchObject({ ok: false });
  expect(events.event).toHaveBeenCalledWith({ type: "cleared", terminal: "h1" });
});

test("a worker that cannot be fetched is a failed start, not silence", async () => {
  const client = new EngineClient({ event: vi.fn(), batchEnd: vi.fn(), journal: vi.fn(), silent: vi.fn(), hung: vi.fn() });
  const start = client.start({ lab, lang: "en", journal: "none" });
  (StandIn.last.onerror as (error: { message: string }) => void)({ message: "" });
  await expect(start).rejects.toThrow("could not be fetched");
});
