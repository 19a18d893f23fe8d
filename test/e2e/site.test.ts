/**
 * The book as readers meet it: every page in a real Chromium, served as a static host would serve it.
 * `npm test` builds the book first; these tests never build.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "./browser.ts";
import { DIST, serveSite, type Site } from "./serve.ts";

let site: Site;
let browser: Browser;
beforeAll(async () => {
  [site, browser] = await Promise.all([serveSite(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** Addresses of all pages, from what was built. */
function addresses(): string[] {
  const files = readdirSync(DIST, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  return files.filter((name) => name.endsWith("index.html") && !name.startsWith("pagefind/")).map((name) => `/${name.slice(0, -"index.html".length)}`).sort();
}
const PAGES = addresses();
const LABS = PAGES.filter((path) => /^\/labs\/[^/]+\/$/.test(path));
const CHAPTERS = PAGES.filter((path) => /class="[^"]*\bchapter\b/.test(readFileSync(join(DIST, path, "index.html"), "utf8")));

const AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Visit {
  page: Page;
  context: BrowserContext;
  /** Policy violations, errors, failed requests. */
  troubles: string[];
  /** Addresses outside the site. */
  strangers: string[];
}

interface Look {
  width?: number;
  height?: number;
  dark?: boolean;
  scripts?: boolean;
  workers?: boolean;
  reduced?: boolean;
}

async function visit(path: string, look: Look = {}): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 720 },
    colorScheme: look.dark ? "dark" : "light",
    javaScriptEnabled: look.scripts ?? true,
    serviceWorkers: look.workers ? "allow" : "block",
    reducedMotion: look.reduced ? "reduce" : "no-preference",
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  const strangers: string[] = [];
  // A worker that is not allowed here says so on the console; everything else that is red counts.
  page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("request", (request) => void (!request.url().startsWith(site.url) && !/^(data|blob):/.test(request.url()) && strangers.push(request.url())));
  page.on("requestfailed", (request) => troubles.push(`${request.url()} ${request.failure()?.errorText}`));
  await page.goto(site.url + path);
  return { page, context, troubles, strangers };
}

/** Elements that reach beyond the right edge though the page hides it. */
const overflow = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe("what is built", () => {
  test("the book has a home, labs, about, a glossary, the commands and at least two chapters with labs", () => {
    for (const path of ["/", "/labs/", "/about/", "/glossary/", "/commands/"]) expect(PAGES).toContain(path);
    expect(CHAPTERS.length).toBeGreaterThanOrEqual(2);
    expect(LABS.length).toBeGreaterThanOrEqual(3);
  });

  test("every lab of a chapter is published", () => {
    for (const path of CHAPTERS) expect(readFileSync(join(DIST, path, "index.html"), "utf8"), path).not.toContain("labcard unpublished");
  });

  test("every link and every fragment on the site leads somewhere", () => {
    const ids = new Map<string, Set<string>>();
    const html = (path: string): string => readFileSync(join(DIST, path, path.endsWith("/") ? "index.html" : ""), "utf8");
    for (const path of PAGES) ids.set(path, new Set([...html(path).matchAll(/\sid="([^"]+)"/g)].map((m) => m[1] ?? "")));
    const dead: string[] = [];
    for (const from of PAGES)
      for (const [, href = ""] of html(from).matchAll(/<a\b[^>]*?\shref="([^"]+)"/g)) {
        if (/^https?:/.test(href)) continue;
        const to = new URL(href, `http://site${from}`);
        const known = ids.get(to.pathname);
        if (!known || (to.hash && !known.has(decodeURIComponent(to.hash.slice(1))))) dead.push(`${from} -> ${href}`);
      }
    expect(dead).toEqual([]);
  });

  test("no solution of a lab is served", () => {
    const served = readdirSync(DIST, { recursive: true, encoding: "utf8" });
    expect(served.filter((name) => /solution/.test(name))).toEqual([]);
    for (const path of LABS) {
      const { files } = JSON.parse(readFileSync(join(DIST, path, "lab.json"), "utf8")) as { files: Record<string, string> };
      expect(Object.keys(files).filter((name) => !/^(lab|text\.[a-z-]+)\.yaml$/.test(name))).toEqual([]);
      expect(files["lab.yaml"]).toBe(readFileSync(new URL(`../..${path}lab.yaml`, import.meta.url), "utf8"));
    }
  });

  test("a page without its live parts weighs at most 120 kB, both fonts included", () => {
    const packed = (name: string): number => {
      const octets = readFileSync(join(DIST, name));
      return name.endsWith(".woff2") ? octets.length : gzipSync(octets).length;
    };
    for (const path of ["/", ...CHAPTERS]) {
      const html = readFileSync(join(DIST, path, "index.html"), "utf8");
      const styles = [...html.matchAll(/<link rel="stylesheet" href="\/([^"]+)"/g)].map((m) => m[1] ?? "");
      const fonts = new Set(styles.flatMap((style) => [...readFileSync(join(DIST, style), "utf8").matchAll(/url\(\/([^)]+\.woff2)\)/g)].map((m) => m[1] ?? "")));
      expect(fonts.size, path).toBe(2);
      const total = [join(path, "index.html"), ...styles, ...fonts].reduce((sum, name) => sum + packed(name), 0);
      expect(total, path).toBeLessThan(120_000);
    }
  });
});

describe.each(PAGES)("%s", (path) => {
  test("is whole without JavaScript: title, one h1, a main landmark, no sideways scroll from 320 to 1440", async () => {
    const { page, context, strangers } = await visit(path, { scripts: false });
    expect(await page.title()).toMatch(/Packetwalk/);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await page.locator("main").count()).toBe(1);
    expect(await page.locator("main").innerText()).not.toBe("");
    for (const width of [320, 360, 390, 768, 1280, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await overflow(page), `sideways scroll at ${width}`).toBe(0);
    }
    expect(strangers).toEqual([]);
    await context.close();
  });

  test("breaks no rule of the policy, fails no request and asks no other host", async () => {
    const { page, context, troubles, strangers } = await visit(path);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight)); // live parts are fetched when they come near
    await page.waitForLoadState("networkidle");
    expect(troubles).toEqual([]);
    expect(strangers).toEqual([]);
    await context.close();
  });

  test.each([false, true])("has no axe violation at 1440 and 390, and no sideways scroll at 320; dark: %s", async (dark) => {
    const { page, context } = await visit(path, { dark, width: 1440, height: 900, reduced: true });
    for (const [width, height] of [[1440, 900], [390, 844]] as const) {
      await page.setViewportSize({ width, height });
      await page.waitForLoadState("networkidle");
      const { violations } = await new AxeBuilder({ page }).withTags(AXE_RULES).analyze();
      expect(violations.map(({ id, nodes }) => `${width}: ${id}: ${nodes.map((node) => node.target.join(" ")).join("; ")}`)).toEqual([]);
    }
    for (const width of [360, 320]) {
      await page.setViewportSize({ width, height: 700 });
      expect(await overflow(page), `sideways scroll at ${width}`).toBe(0);
    }
    await context.close();
  });
});

describe.each(CHAPTERS)("chapter %s", (path) => {
  test("has its lead, its diagrams as SVG, sections in the sidebar and a way on", async () => {
    const { page, context } = await visit(path, { scripts: false, width: 1440, height: 900 });
    expect((await page.locator(".lead").innerText()).length).toBeGreaterThan(20);
    expect(await page.locator(".diagram-svg svg title").count()).toBeGreaterThan(0);
    expect(await page.locator(".diagram-svg svg").count()).toBe(await page.locator(".diagram-svg svg desc").count());
    for (const svg of await page.locator(".diagram-svg svg:visible, main svg.net:visible").all()) {
      const box = await svg.boundingBox();
      expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThan(20);
    }
    expect(await page.locator(".side [aria-current=page]").count()).toBe(1);
    expect(await page.locator(".side .sections a").count()).toBe(await page.locator("main > h2").count());
    await context.close();
  });

  test("no remark in the margin lies on a figure or on another remark", async () => {
    const { page, context } = await visit(path, { scripts: false, width: 1440, height: 900 });
    const over = await page.evaluate(() => {
      const others = [...document.querySelectorAll("main > *")];
      const meets = (a: DOMRect, b: DOMRect): boolean => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      return [...document.querySelectorAll("main > .note")].flatMap((note) => others.filter((other) => other !== note && meets(note.getBoundingClientRect(), other.getBoundingClientRect())).map((other) => `${note.textContent?.slice(0, 30)} / ${other.className}`));
    });
    expect(over).toEqual([]);
    await context.close();
  });

  test("a prediction opens by details without JavaScript, and judges a guess with it", async () => {
    const still = await visit(path, { scripts: false });
    const details = still.page.locator(".predict details").first();
    expect(await details.locator("p").first().isVisible()).toBe(false);
    await details.locator("summary").click();
    expect(await details.locator("p").first().isVisible()).toBe(true);
    await still.context.close();

    const live = await visit(path);
    const predict = live.page.locator("pw-predict").first();
    const right = Number(await predict.getAttribute("data-answer"));
    const wrong = right === 0 ? 1 : 0;
    const check = predict.getByRole("button", { name: "Check my guess" });
    await check.click();
    expect(await predict.locator("[role=status]").innerText()).toMatch(/Choose an answer/);
    await predict.getByRole("radio").nth(wrong).check();
    await check.click();
    expect(await predict.locator("[role=status]").innerText()).toMatch(/^Not so\./);
    await predict.getByRole("radio").nth(right).check();
    expect(await predict.locator("[role=status]").innerText()).toBe("");
    await check.click();
    expect(await predict.locator("[role=status]").innerText()).toMatch(/^Right\./);
    await live.context.close();
  });

  test("a word lights its octets and nothing else", async () => {
    const { page, context } = await visit(path);
    const word = page.locator("a.ref").first();
    const key = (await word.getAttribute("data-f")) ?? "";
    await word.scrollIntoViewIfNeeded();
    await word.hover();
    const lit = await page.locator("pw-bytes pre:visible .b.on").evaluateAll((all) => all.map((b) => (b as HTMLElement).dataset.f ?? ""));
    expect(lit.length).toBeGreaterThan(0);
    expect(lit.filter((f) => f !== key && !f.startsWith(`${key}.`))).toEqual([]);
    await context.close();
  });

  test("prints in light, without controls, with every answer", async () => {
    const { page, context } = await visit(path, { dark: true });
    await page.emulateMedia({ media: "print" });
    expect(await page.locator(".bar").isVisible()).toBe(false);
    expect(await page.locator(".side").isVisible()).toBe(false);
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(251, 251, 249)");
    await context.close();
  });
});

describe("theme", () => {
  test("follows the system, keeps a choice over a reload without a flash, and goes back", async () => {
    const { page, context } = await visit("/about/", { dark: true });
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await ground()).toBe("rgb(19, 21, 24)");
    await page.getByRole("button", { name: "Use the light theme" }).click();
    expect(await ground()).toBe("rgb(251, 251, 249)");
    await page.reload({ waitUntil: "commit" });
    await page.waitForSelector("body");
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("light");
    await page.getByRole("button", { name: "Use the dark theme" }).click();
    await page.getByRole("button", { name: "Use the system's theme" }).click();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBeUndefined();
    expect(await ground()).toBe("rgb(19, 21, 24)");
    await context.close();
  });
});

describe("search", () => {
  test("opens with /, finds a word of a chapter, walks by arrows, closes with Escape", async () => {
    const { page, context, troubles } = await visit("/about/");
    await page.keyboard.press("/");
    const field = page.getByRole("searchbox", { name: "Search the book" });
    await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
    await field.fill("bridge");
    await page.locator(".search-found a").first().waitFor();
    expect(await page.locator(".search-status").innerText()).toMatch(/found$/);
    expect(await page.locator(".search-found mark").count()).toBeGreaterThan(0);
    await page.keyboard.press("ArrowDown");
    expect(await page.evaluate(() => document.activeElement?.closest(".search-found") !== null)).toBe(true);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await page.keyboard.press("Escape");
    expect(await field.isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-controls"))).toBe("search-panel");
    expect(troubles).toEqual([]);
    await context.close();
  });

  test("says so when nothing is found", async () => {
    const { page, context } = await visit("/");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("searchbox").fill("ツツツ");
    await expect.poll(() => page.locator(".search-status").innerText()).toMatch(/^Nothing found for "ツツツ"/);
    await context.close();
  });
});

describe("without a network", () => {
  test("a chapter and the home page can be read after one visit", async () => {
    const { page, context } = await visit("/", { workers: true });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await expect.poll(() => page.evaluate(async () => (await caches.keys()).length)).toBeGreaterThan(0);
    await page.reload();
    await context.setOffline(true);
    const chapter = CHAPTERS[0] ?? "/about/";
    await page.goto(site.url + chapter);
    expect(await page.locator("h1").innerText()).not.toBe("");
    expect(await page.evaluate(() => document.fonts.ready.then((fonts) => [...fonts].some((font) => font.status === "loaded")))).toBe(true);
    await context.close();
  });
});

describe("an address that leads nowhere", () => {
  test("answers 404 with a page that knows the way back", async () => {
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    const answer = await page.goto(`${site.url}/no/such/page/`);
    expect(answer?.status()).toBe(404);
    await page.getByRole("link", { name: "Contents of the book" }).click();
    expect(new URL(page.url()).pathname).toBe("/");
    await context.close();
  });
});
