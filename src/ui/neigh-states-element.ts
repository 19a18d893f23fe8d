/**
 * `<pw-neigh-states lab node peer address>`: the diagram of the states of a neighbour entry, with a running network beside it. The reader
 * pings, waits and pulls cables; the state that the kernel of the network reports is lit in the diagram.
 */
import { button, h, icon, Lifetime, replace, rich } from "./dom.ts";
import { EngineClient, fetchLab } from "./engine-client.ts";
import { wait } from "./film-stage.ts";
import { formatSeconds, plainSeconds } from "./format.ts";
import { NeighRun, type Sighting, STEP } from "./neigh-run.ts";
import { text } from "./text.ts";

/** A state that lasts microseconds stays lit for so long. */
const LOOK_MS = 550;
const LOG_MAX = 60;
const PACES = [1, 10, 100];
/** In these states nothing happens until a packet is sent. */
const AT_REST: ReadonlySet<string> = new Set(["", "STALE", "FAILED"]);
const REST_NS = 3e9;

export class NeighStatesElement extends HTMLElement {
  private life = new Lifetime();
  private run: NeighRun | undefined;
  private client: EngineClient | undefined;
  /** What was pressed is done one after the other. */
  private turn: Promise<void> = Promise.resolve();
  private running = false;
  private pace = 10;
  private lastAt = 0;
  private readonly line = h("pre", { class: "said", tabindex: 0, role: "group" });
  private readonly state = h("p", { class: "now", role: "status" });
  private readonly clock = h("span", { class: "num clock" });
  private readonly log = h("ol", { class: "log", tabindex: 0 });
  private readonly unplug = button("btn", "", () => this.press((run) => run.unplug(!run.cut)));
  private readonly go = button("btn icon", icon("play"), () => this.toggle());
  private readonly speed = h("select", { class: "field", "aria-label": text.neigh.pace }, ...PACES.map((pace) => h("option", { value: pace, selected: pace === 10 }, `${pace}x`)));

  connectedCallback(): void {
    this.life = new Lifetime();
    const panel = this.querySelector<HTMLElement>("[data-panel]");
    if (!panel) return;
    replace(panel, this.line, this.state, this.acts(), this.time(), h("p", { class: "log-title", "aria-hidden": "true" }, text.neigh.log), this.log);
    this.line.setAttribute("aria-label", text.neigh.entry(this.subject.address));
    this.log.setAttribute("aria-label", text.neigh.log);
    this.life.on(this.speed, "change", () => {
      this.pace = Number(this.speed.value);
    });
    // A clock that nobody sees stands still.
    const seen = new IntersectionObserver(([entry]) => entry && !entry.isIntersecting && this.stop());
    seen.observe(this);
    this.life.add(() => seen.disconnect());
    this.life.add(() => this.end());
    this.draw();
    this.say(text.neigh.ready(this.subject.peer));
    this.dataset.state = "ready";
  }

  disconnectedCallback(): void {
    this.life.end();
  }

  private get subject(): { node: string; peer: string; address: string } {
    return { node: this.getAttribute("node") ?? "", peer: this.getAttribute("peer") ?? "", address: this.getAttribute("address") ?? "" };
  }

  private acts(): HTMLElement {
    const { peer } = this.subject;
    return h("div", { class: "acts" }, button("btn primary", text.neigh.ping(peer), () => this.press((run) => run.ping())), this.unplug, button("btn", text.neigh.forget, () => this.press((run) => run.forget())));
  }

  private time(): HTMLElement {
    const pass = (seconds: number): HTMLElement => button("btn", text.neigh.wait(seconds), () => this.press((run) => this.pass(run, seconds)));
    return h("div", { class: "acts" }, this.clock, this.go, this.speed, pass(1), pass(10));
  }

  // -- the network ----------------------------------------------------------------------------------------------------------

  private async start(): Promise<NeighRun> {
    if (this.run) return this.run;
    this.say(text.figureStarting);
    const lab = this.getAttribute("lab") ?? "";
    const files = await fetchLab(`/labs/${lab}/lab.json`, lab);
    const client: EngineClient = new EngineClient({
      event: (event) => {
        if (event.type === "frames") this.run?.receive(event.frames);
        else if (event.type === "fault") this.fail(new Error(event.message));
      },
      batchEnd: () => undefined,
      journal: () => undefined,
      silent: () => undefined,
      hung: () => this.fail(new Error("the engine hangs")),
    });
    this.client = client;
    const started = await client.start({ lab: files, lang: (document.documentElement.lang || "en").split("-")[0] ?? "en", seed: Number(this.getAttribute("seed") ?? "1"), journal: "none" });
    await client.ask({ type: "pace", factor: 0 });
    this.run = new NeighRun(client, started.lab, started.now, this.subject);
    this.lastAt = started.now;
    this.dataset.state = "live";
    return this.run;
  }

  private end(): void {
    this.running = false;
    this.client?.end();
    this.client = undefined;
    this.run = undefined;
  }

  private fail(error: unknown): void {
    if (this.life.signal.aborted) return;
    this.end();
    this.dataset.state = "failed";
    this.say(text.figureFailed);
    this.draw();
    console.error(error);
  }

  /** Does something in the network, and shows what came of it, when all before it is done. */
  private press(act: (run: NeighRun) => Promise<Sighting[]>): void {
    this.turn = this.turn.then(async () => {
      if (this.life.signal.aborted) return;
      try {
        const run = await this.start();
        await this.show(await act(run));
        this.draw();
      } catch (error) {
        this.fail(error);
      }
    });
  }

  // -- time -------------------------------------------------------------------------------------------------------------------

  /** Step by step, so that each change is seen when it comes. */
  private async pass(run: NeighRun, seconds: number): Promise<Sighting[]> {
    const until = run.now + seconds * 1e9;
    while (run.now < until && !this.life.signal.aborted) await this.show(await run.wait(Math.min(STEP, until - run.now)));
    return [];
  }

  private toggle(): void {
    if (this.running) this.stop();
    else {
      this.running = true;
      this.drawGo();
      this.press(async (run) => {
        await this.flow(run);
        return [];
      });
    }
  }

  private stop(): void {
    this.running = false;
    this.drawGo();
  }

  private async flow(run: NeighRun): Promise<void> {
    let owed = 0;
    let last = performance.now();
    while (this.running && !this.life.signal.aborted) {
      const now = await nextFrame();
      owed += Math.min(100, now - last) * 1e6 * this.pace;
      last = now;
      while (owed >= STEP && this.running) {
        const seen = await run.wait(STEP);
        owed -= STEP;
        if (seen.length > 0) {
          await this.show(seen);
          owed = 0;
          last = performance.now();
        } else this.drawClock();
        if (performance.now() - last > 50) break; // slower than wanted, and the page stays awake
      }
      if (AT_REST.has(run.entry.state) && run.now - this.lastAt > REST_NS) {
        this.stop();
        this.say(text.neigh.rest(run.entry.state));
      }
    }
  }

  // -- what is seen -----------------------------------------------------------------------------------------------------------

  /** One after the other, each long enough to be seen. */
  private async show(seen: readonly Sighting[]): Promise<void> {
    for (const [i, sighting] of seen.entries()) {
      this.lastAt = sighting.at;
      this.light(sighting.state);
      this.note(sighting);
      this.draw(sighting);
      if (i < seen.length - 1) await wait(LOOK_MS);
    }
  }

  private light(state: string): void {
    for (const node of this.querySelectorAll<SVGGElement>("g.node")) node.classList.toggle("here", state !== "" && node.id.includes(`-state-${state}-`));
  }

  private note(sighting: Sighting): void {
    const at = this.since(sighting.at);
    const changed = sighting.state !== sighting.before;
    const what = text.neigh.causes[sighting.cause](sighting.before, sighting.state, this.subject);
    this.log.prepend(h("li", { class: changed ? "changed" : undefined }, h("span", { class: "num" }, formatSeconds(at)), h("span", {}, changed ? h("b", {}, sighting.state || text.neigh.none) : undefined, changed ? " " : undefined, ...rich(what))));
    while (this.log.children.length > LOG_MAX) this.log.lastElementChild?.remove();
    if (changed) this.say(`${sighting.state || text.neigh.none}: ${text.neigh.waits[sighting.state] ?? ""}`);
  }

  private say(words: string): void {
    replace(this.state, ...rich(words));
  }

  private since(at: number): number {
    return this.run ? at - this.run.began : 0;
  }

  private draw(at?: Sighting): void {
    const { run } = this;
    const { node, address, peer } = this.subject;
    const line = run?.lineOf(at ?? run.entry);
    replace(this.line, h("b", {}, `root@${node}:~#`), ` ip neigh show ${address}\n`, line || h("span", { class: "none" }, text.neigh.nothing));
    this.unplug.textContent = run?.cut ? text.neigh.plug(peer) : text.neigh.unplug(peer);
    this.drawGo();
    this.drawClock(at?.at);
  }

  private drawGo(): void {
    replace(this.go, icon(this.running ? "pause" : "play"));
    this.go.setAttribute("aria-label", this.running ? text.neigh.stop : text.neigh.go);
  }

  private drawClock(at?: number): void {
    this.clock.textContent = text.neigh.clock(plainSeconds(this.since(at ?? this.run?.now ?? 0)).slice(0, -5));
  }
}

const nextFrame = (): Promise<number> => new Promise((resolve) => requestAnimationFrame(resolve));
