/** A lab room as a reader uses it: opens it, types in its terminals, reads its screen. */
import { readFileSync, readdirSync } from "node:fs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { loadLab } from "../../src/lab/load.ts";
import type { Action } from "../../src/lab/script.ts";

const LABS = new URL("../../labs/", import.meta.url);

export interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
  reduced?: boolean;
}

export class Room {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of scripts, policy violations, failed requests, requests to strangers. */
  readonly troubles: string[];

  private constructor(page: Page, context: BrowserContext, troubles: string[]) {
    this.page = page;
    this.context = context;
    this.troubles = troubles;
  }

  static async context(browser: Browser, look: Look = {}): Promise<BrowserContext> {
    return browser.newContext({
      viewport: { width: look.width ?? 1440, height: look.height ?? 900 },
      colorScheme: look.dark ? "dark" : "light",
      reducedMotion: look.reduced ? "reduce" : "no-preference",
      serviceWorkers: "block",
      acceptDownloads: true,
    });
  }

  /** Opens a lab and waits until its network runs. */
  static async open(context: BrowserContext, url: string, lab: string): Promise<Room> {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const troubles: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
    page.on("pageerror", (error) => troubles.push(error.message));
    page.on("request", (request) => void (!request.url().startsWith(url) && !/^(data|blob):/.test(request.url()) && troubles.push(`stranger: ${request.url()}`)));
    page.on("requestfailed", (request) => troubles.push(`${request.url()} ${request.failure()?.errorText}`));
    const room = new Room(page, context, troubles);
    await page.goto(`${url}/labs/${lab}/`);
    await room.running();
    return room;
  }

  async running(): Promise<void> {
    await this.page.waitForSelector("pw-lab-room[data-state=running]", { timeout: 20_000 });
    await this.page.waitForSelector(".deck .tabpanel:not([hidden]) .xterm-rows > div", { state: "attached" });
  }

  /** What the shown terminal has on its screen. */
  async screen(): Promise<string> {
    return this.page.evaluate(() => [...document.querySelectorAll(".deck .tabpanel:not([hidden]) .xterm-rows > div")].map((row) => (row.textContent ?? "").replace(/\u00a0/g, " ").trimEnd()).join("\n").trimEnd());
  }

  async terminal(name: string): Promise<void> {
    await this.page.click(`.tabs [data-tab="${name}"]`);
    await this.until(async () => /[#$]$/.test(await this.screen()), `a prompt in ${name}`);
    await this.page.focus(".deck .tabpanel:not([hidden]) textarea");
  }

  /** Types a line; with `wait` until the prompt is back. */
  async type(line: string, wait = true): Promise<void> {
    await this.page.keyboard.type(line);
    await this.page.keyboard.press("Enter");
    if (!wait) return;
    const running = this.page.locator('.tabs [aria-selected="true"] .run');
    await this.until(async () => (await running.getAttribute("hidden")) !== null, `the prompt after: ${line}`, 30_000);
    // The terminal draws with the next frames.
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 30)))));
  }

  async until(met: () => Promise<boolean>, what: string, patience = 15_000): Promise<number> {
    const begin = performance.now();
    while (!(await met())) {
      if (performance.now() - begin > patience) throw new Error(`no sign of ${what}; the screen:\n${await this.screen()}`);
      await this.page.waitForTimeout(20);
    }
    return performance.now() - begin;
  }

  /** Plays typed lines of a solution. */
  async play(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      if (action.do === "type") {
        await this.terminal(action.node);
        await this.type(action.text, action.wait);
      } else if (action.do === "key") {
        await this.terminal(action.node);
        await this.page.keyboard.press(`Control+${action.key.toLowerCase()}`);
      } else if (action.do === "wait") {
        // Whole minutes pass at once by the room's own buttons; the rest in real time.
        for (let left = action.seconds; left > 0; left -= 60) await this.skip(left > 10 ? "1 min" : "10 s");
      }
    }
  }

  async skip(what: "10 s" | "1 min" | "5 min"): Promise<void> {
    await this.page.click(`.time button:text-is("Wait ${what}")`);
    await this.page.waitForSelector("[data-message=skip]", { state: "detached" });
  }

  async states(): Promise<string[]> {
    return this.page.locator(".tl > li").evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset.state ?? ""));
  }

  async points(): Promise<string> {
    return (await this.page.locator(".tasks .ph .num").textContent()) ?? "";
  }

  async checkAll(): Promise<void> {
    await this.page.click(".tfoot button");
    await this.page.waitForFunction(() => document.querySelector(".tfoot button")?.textContent === "Check all tasks");
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

/** What the reference solution types, for the seed that the page uses. */
export function solutionOf(id: string, seed = 1): Action[] {
  const dir = new URL(`${id}/`, LABS);
  const files = new Map(readdirSync(dir).map((name) => [name, readFileSync(new URL(name, dir), "utf8")]));
  const source = loadLab(id, files, { seeds: [seed] });
  if (!source.ok) throw new Error(`lab ${id}: ${source.error.map((problem) => problem.rule).join("; ")}`);
  const resolved = source.value.resolve(seed);
  if (!resolved.ok || !resolved.value.solution) throw new Error(`lab ${id} has no solution`);
  return resolved.value.solution.flatMap((step) => step.actions);
}

/** The value of one of the lab's parameters for the page's seed. */
export function parameterOf(id: string, name: string, seed = 1): string {
  const dir = new URL(`${id}/`, LABS);
  const files = new Map(readdirSync(dir).map((file) => [file, readFileSync(new URL(file, dir), "utf8")]));
  const source = loadLab(id, files, { seeds: [seed] });
  const resolved = source.ok ? source.value.resolve(seed) : undefined;
  const value = resolved?.ok ? resolved.value.parameters.get(name) : undefined;
  if (value === undefined) throw new Error(`lab ${id} has no parameter ${name}`);
  return value;
}
