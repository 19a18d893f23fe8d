/** Figures that the reader works with: the neighbour states, the ring with its switch, the table that fills. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "./browser.ts";
import { serveSite, type Site } from "./serve.ts";

let site: Site;
let browser: Browser;
beforeAll(async () => {
  [site, browser] = await Promise.all([serveSite(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

async function visit(path: string, look: { width?: number; height?: number; scripts?: boolean; reduced?: boolean } = {}): Promise<{ page: Page; troubles: string[]; close: () => Promise<void> }> {
  const context = await browser.newContext({ viewport: { width: look.width ?? 1280, height: look.height ?? 720 }, javaScriptEnabled: look.scripts ?? true, reducedMotion: look.reduced ? "reduce" : "no-preference", serviceWorkers: "block" });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
  page.on("pageerror", (error) => troubles.push(error.message));
  await page.goto(site.url + path);
  return { page, troubles, close: () => context.close() };
}

const violations = async (page: Page, part: string): Promise<string[]> => (await new AxeBuilder({ page }).include(part).analyze()).violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join("; ")}`);

describe("the neighbour states", () => {
  const figure = "pw-neigh-states";
  const entry = (page: Page): Promise<string> => page.locator(`${figure} .said`).innerText();
  const lit = (page: Page): Promise<string[]> => page.locator(`${figure} g.node.here`).evaluateAll((nodes) => nodes.map((node) => node.textContent?.trim() ?? ""));
  const reached = (page: Page, state: string): Promise<void> => expect.poll(() => lit(page), { timeout: 30_000 }).toEqual([state]);
  async function ready(page: Page): Promise<Locator> {
    const part = page.locator(figure);
    await part.scrollIntoViewIfNeeded();
    await page.waitForSelector(`${figure}[data-state=ready]`);
    return part;
  }

  test("are the engine's: a ping, time, a second ping, a pulled cable, each by keyboard", async () => {
    const { page, troubles, close } = await visit("/arp/");
    const part = await ready(page);
    const press = async (name: string): Promise<void> => {
      await part.getByRole("button", { name }).focus();
      await page.keyboard.press("Enter");
    };
    expect(await lit(page)).toEqual([]);
    await press("Ping h2");
    await reached(page, "REACHABLE");
    expect(await entry(page)).toContain("10.0.1.3 dev eth0 lladdr 02:00:00:00:01:03 REACHABLE");
    await part.getByRole("combobox", { name: "Speed of the clock" }).selectOption("100");
    await press("Run the clock");
    await reached(page, "STALE");
    await expect.poll(() => part.locator(".now").innerText(), { timeout: 20_000 }).toContain("The clock stands still");
    await press("Ping h2");
    await reached(page, "DELAY");
    await press("Wait 10 s");
    await reached(page, "REACHABLE");
    expect(await part.locator(".log").innerText()).toMatch(/PROBE h1 asks the known MAC alone/);
    await press("Unplug h2");
    await press("Delete the entry");
    await press("Ping h2");
    await reached(page, "INCOMPLETE");
    await press("Wait 10 s");
    await reached(page, "FAILED");
    expect(await entry(page)).toContain("10.0.1.3 dev eth0 FAILED");
    await press("Plug h2 in");
    await press("Ping h2");
    await reached(page, "REACHABLE");
    expect(await violations(page, figure)).toEqual([]);
    expect(troubles).toEqual([]);
    await close();
  });

  test("stand as a diagram without scripts, and nothing of the live part is seen", async () => {
    const { page, close } = await visit("/arp/", { scripts: false });
    expect(await page.locator(".neigh svg").isVisible()).toBe(true);
    expect(await page.locator(".neigh svg desc").textContent()).toContain("INCOMPLETE");
    expect(await page.locator(".neigh .panel").isVisible()).toBe(false);
    await close();
  });

  test("fit a phone: no sideways scroll, the diagram whole, buttons of 32 px at least", async () => {
    const { page, close } = await visit("/arp/", { width: 390, height: 844, reduced: true });
    const part = await ready(page);
    await part.getByRole("button", { name: "Ping h2" }).click();
    await reached(page, "REACHABLE");
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    expect(await page.locator(".neigh .diagram-svg").evaluate((box) => box.scrollWidth - box.clientWidth)).toBeLessThanOrEqual(0);
    for (const button of await part.getByRole("button").all()) expect((await button.boundingBox())?.height).toBeGreaterThanOrEqual(32);
    await close();
  });
});

describe("the ring with its switch", () => {
  test("shows one setting at a time; the same ping storms without spanning tree and arrives with it", async () => {
    const { page, troubles, close } = await visit("/frames-and-switches/");
    const part = page.locator("pw-either");
    await part.scrollIntoViewIfNeeded();
    const shown = part.locator("figure:visible");
    expect(await shown.count()).toBe(1);
    expect(await part.getByRole("radio", { name: "on" }).isChecked()).toBe(true);
    await page.waitForSelector("pw-either figure:not([hidden]) pw-figure[data-state=ready]");
    const lastStep = async (): Promise<string> => {
      await shown.locator("[data-act=next]").click();
      await shown.locator(".said-why").waitFor({ timeout: 60_000 });
      const range = shown.locator("input[type=range]");
      await range.fill((await range.getAttribute("max")) ?? "1");
      return shown.locator(".ctl .st, .said-why").allInnerTexts().then((texts) => texts.join("\n"));
    };
    expect(await lastStep()).toContain("echo reply 1");
    await part.getByRole("radio", { name: "on" }).focus();
    await page.keyboard.press("ArrowLeft");
    expect(await part.getByRole("radio", { name: "off" }).isChecked()).toBe(true);
    expect(await shown.count()).toBe(1);
    await page.waitForSelector("pw-either figure:not([hidden]) pw-figure[data-state=ready]");
    expect(await lastStep()).toContain("go round without end");
    expect(await violations(page, "pw-either")).toEqual([]);
    expect(troubles).toEqual([]);
    await close();
  });

  test("without scripts both settings stand, each with its title", async () => {
    const { page, close } = await visit("/frames-and-switches/", { scripts: false });
    expect(await page.locator(".either .fig-title:visible").allInnerTexts()).toEqual(["Spanning tree off", "Spanning tree on"]);
    expect(await page.locator(".either fieldset").isVisible()).toBe(false);
    await close();
  });
});

test("the forwarding database under the first figure fills as its frames arrive", async () => {
  const { page, close } = await visit("/frames-and-switches/", { reduced: true });
  const part = page.locator("pw-figure").first();
  await part.scrollIntoViewIfNeeded();
  await page.waitForSelector("pw-figure[data-state=ready]");
  const rows = (): Promise<string[]> => part.locator(".watched tbody tr").allInnerTexts();
  await part.locator("[data-act=next]").click();
  await expect.poll(rows, { timeout: 30_000 }).toEqual([expect.stringMatching(/^\+ 02:00:00:00:01:02 h1\s+eth1/)]);
  const range = part.locator("input[type=range]");
  await range.fill((await range.getAttribute("max")) ?? "1");
  // As `bridge fdb show` has it: what was learnt last stands first.
  await expect.poll(rows).toEqual([expect.stringMatching(/02:00:00:00:01:03 h2\s+eth2/), expect.stringMatching(/02:00:00:00:01:02 h1\s+eth1/)]);
  await range.fill("1");
  await expect.poll(async () => (await rows()).length).toBe(1);
  expect(await violations(page, "pw-figure")).toEqual([]);
  await close();
});
