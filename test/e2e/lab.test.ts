/** The lab room in a real browser: typing, checking, undo, saving, handing in, storms, two tabs, keyboard, small screens. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium, startBrowser } from "./browser.ts";
import { parameterOf, Room, solutionOf } from "./room.ts";
import { serveSite, type Site } from "./serve.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SWITCH = "switch-by-hand";
const RING = "switch-ring";
const AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

let site: Site;
let browser: Browser;
let files: string;
beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), "packetwalk-e2e-"));
  [site, browser] = await Promise.all([serveSite(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  rmSync(files, { recursive: true, force: true });
});

const openRoom = async (lab: string, look = {}): Promise<Room> => Room.open(await Room.context(browser, look), site.url, lab);

/** `packetwalk replay --json` on a file. */
function replay(file: string): { verdict: string; points?: number; digest?: string } & Record<string, unknown> {
  const run = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", join(ROOT, "src/cli/main.ts"), "replay", "--json", file], { cwd: ROOT, encoding: "utf8" });
  return JSON.parse(run.stdout) as ReturnType<typeof replay>;
}

async function handIn(room: Room, name: string): Promise<{ path: string; text: string; said: string }> {
  await room.page.click(".bar-tools .handin");
  await room.page.fill("#pw-student", name);
  const [download] = await Promise.all([room.page.waitForEvent("download"), room.page.click('.drop button:text-is("Download submission")')]);
  const path = join(files, `${Math.random().toString(36).slice(2)}-${download.suggestedFilename()}`);
  await download.saveAs(path);
  const said = await room.page.locator(".drop .result").innerText();
  await room.page.click(".bar-tools .handin");
  return { path, text: readFileSync(path, "utf8"), said };
}

describe("a lab is solved by typing", () => {
  test("tasks turn green, a reload restores, undo takes a command back, the submission replays to the same grade and digest", async () => {
    const room = await openRoom(SWITCH);
    const { page } = room;
    expect(await room.states()).toEqual(["open", "open", "open", "open"]);

    // As shipped it is not solved, and the feedback says what was expected and found.
    await page.click('.acts button:text-is("Check my work")');
    await page.waitForSelector(".tl .cur .fb");
    expect(await page.locator(".tl .cur .fb").innerText()).toMatch(/Expected [\s\S]*Found [\s\S]*First wrong hop /);
    await page.click(".fb button");
    expect(await page.locator(".wk .sel").count()).toBe(1);
    expect(await page.locator(".pkt .hex .b").count()).toBeGreaterThan(3);

    await room.play(solutionOf(SWITCH));
    await room.checkAll();
    expect(await room.states()).toEqual(["done", "done", "done", "done"]);
    expect(await room.points()).toBe("20 of 20 points");

    const before = await handIn(room, "Ada, 4711");
    expect(before.said).toContain("20 of 20 points");

    const screen = await room.screen();
    await page.reload();
    await room.running();
    await room.until(async () => (await room.screen()).length > 0, "the restored terminal");
    expect(await room.states()).toEqual(["done", "done", "done", "done"]);
    expect(await room.points()).toBe("20 of 20 points");
    expect((await room.screen()).replace(/\s+/g, "")).toBe(screen.replace(/\s+/g, ""));

    const after = await handIn(room, "Ada, 4711");
    const verified = replay(after.path);
    expect(verified.verdict).toBe("VERIFIED");
    const claimed = (JSON.parse(after.text) as { claimed: { points: number; digest: string } }).claimed;
    expect(claimed.points).toBe(20);
    expect(after.said).toContain(claimed.digest);

    // Undo takes the last command back: the bridge has no address any more.
    const address = parameterOf(SWITCH, "lan").replace(/\.\d+\/\d+$/, ".254");
    await page.click(".bar-tools .undo");
    await page.waitForSelector("[data-message=undo]");
    await room.terminal("s1");
    await room.type("ip -br addr show br0");
    expect(await room.screen()).not.toContain(address);
    await page.click('.tl [data-task="own-address"] .row');
    await page.click('.acts button:text-is("Check again"), .acts button:text-is("Check my work")');
    await page.waitForSelector('.tl [data-task="own-address"][data-state="not-yet"]');

    expect(room.troubles).toEqual([]);
    await room.close();
  });

  // Nothing but commands makes these networks: namespaces, veths, bridges, tunnels, rules.
  test.each([
    ["container-net-by-hand", "host"],
    ["flannel-vxlan-by-hand", "n1"],
  ])("%s is solved by commands alone, and its submission replays to the same", { timeout: 120_000 }, async (lab, node) => {
    const room = await openRoom(lab);
    const solution = solutionOf(lab);
    await room.play(solution);
    await room.checkAll();
    expect(new Set(await room.states())).toEqual(new Set(["done"]));
    const points = await room.points();
    expect(points).toMatch(/^(\d+) of \1 points$/);
    const { path, said } = await handIn(room, "Ada, 4711");
    expect(said).toContain(points);
    expect(replay(path)).toMatchObject({ verdict: "VERIFIED" });
    // What was typed is there after a reload, and the network that it made.
    await room.page.reload();
    await room.running();
    await room.terminal(node);
    await room.type("ip -br link show type veth; ip -br link show type vxlan");
    expect(await room.screen()).toMatch(/veth\S+ +UP/);
    expect(new Set(await room.states())).toEqual(new Set(["done"]));
    expect(room.troubles).toEqual([]);
    await room.close();
  });

  test("a forged submission is found out", async () => {
    const room = await openRoom(SWITCH);
    await room.terminal("s1");
    await room.type("ip link add br0 type bridge");
    const { path, text } = await handIn(room, "Eve");
    expect(replay(path).verdict).toBe("VERIFIED");
    const forged = join(files, "forged.json");
    writeFileSync(forged, text.replace(/"points": \d+/, '"points": 20'));
    expect(replay(forged).verdict).not.toBe("VERIFIED");
    const other = text.replace(/"key", ?"s1", ?"b"/, (key) => key.replace('"b"', '"c"'));
    expect(other).not.toBe(text);
    writeFileSync(forged, other);
    expect(replay(forged).verdict).not.toBe("VERIFIED");
    await room.close();
  });

  test("a downloaded submission is loaded again in another browser; the session there can be brought back; a wrong file is refused in words", async () => {
    const first = await openRoom(SWITCH);
    await first.terminal("s1");
    await first.type("ip link add br7 type bridge");
    const { path } = await handIn(first, "");
    await first.close();

    const second = await openRoom(SWITCH);
    await second.terminal("h1");
    await second.type("echo my own work");
    await second.page.locator(".drop input[type=file]").setInputFiles(path);
    await second.page.waitForSelector("[data-message=file]");
    expect(await second.page.locator("[data-message=file]").innerText()).toContain("Session loaded");
    await second.terminal("s1");
    await second.type("ip -br link show br7");
    expect(await second.screen()).toMatch(/br7\s+DOWN/);
    await second.page.click('[data-message=file] button:text-is("Bring back my session")');
    await second.until(async () => (await second.screen()).includes("my own work"), "the session of before");

    const wrong = join(files, "wrong.json");
    writeFileSync(wrong, '{"format": 1, "lab":');
    await second.page.locator(".drop input[type=file]").setInputFiles(wrong);
    await second.until(async () => (await second.page.locator("[data-message=file]").innerText()).includes("This file was not loaded"), "the refusal");
    expect(await second.page.locator("[data-message=file]").innerText()).toContain("Your session is as it was");
    expect(second.troubles).toEqual([]);
    await second.close();
  });

  test("hints come one by one and are still there after a reload; reset names the loss and can be taken back", async () => {
    const room = await openRoom(SWITCH);
    const { page } = room;
    await page.click('.acts button:text-is("Next hint")');
    await page.waitForSelector(".hint");
    await page.click('.acts button:text-is("Next hint")');
    await room.until(async () => (await page.locator(".hint").count()) === 2, "the second hint");
    await room.terminal("h2");
    await room.type("echo one");
    await room.type("echo two");
    expect(await page.locator(".bar-tools .reset").innerText()).toBe("Reset, lose 2 commands");
    await page.reload();
    await room.running();
    expect(await page.locator(".hint").count()).toBe(2);
    await page.click(".bar-tools .reset");
    await page.waitForSelector("[data-message=reset]");
    await room.terminal("h2");
    await room.until(async () => !(await room.screen()).includes("two"), "an empty screen");
    await page.click('[data-message=reset] button:text-is("Bring them back")');
    await room.running();
    await room.until(async () => /one\n[\s\S]*two/.test(await room.screen()), "what was typed before");
    expect(room.troubles).toEqual([]);
    await room.close();
  });
});

describe("packets", () => {
  test("a ping is drawn, captured, walked, and its octets are linked to their meaning", async () => {
    const room = await openRoom(SWITCH);
    const { page } = room;
    await room.play(solutionOf(SWITCH));
    await room.terminal("h1");
    const target = parameterOf(SWITCH, "a2");
    const moving = page.waitForSelector("svg.live [data-packets] .pk");
    await room.type(`ping -c 1 ${target}`);
    expect(await room.screen()).toContain("1 packets transmitted, 1 received");
    await moving;

    await page.click('.tabs [data-tab="capture"]');
    await page.fill(".capture input", "echo request");
    await room.until(async () => (await page.locator(".capture [role=row][id]").count()) === 2, "the request on two cables");
    await page.locator(".capture [role=row][id]").nth(1).click();
    await page.waitForSelector(".wk .sel");
    const steps = (await page.locator(".wk .stp .w").allInnerTexts()).join(" ");
    expect(steps).toMatch(/route/);
    expect(steps).toMatch(/neighbour/);
    expect(steps).toMatch(/FDB/);
    expect(await page.locator(".pkt .ph").innerText()).toContain("98 octets");
    expect(await page.locator("svg.live .follow").count()).toBeGreaterThan(0);

    // Field to octets, and octets to field.
    await page.locator(".tree summary", { hasText: "IPv4" }).click();
    await page.locator(".tree dt", { hasText: /^TTL$/ }).click();
    expect(await page.locator(".hex .b.on").innerText()).toBe("40");
    await page.locator(".hex .b", { hasText: /^08 00$/ }).first().click();
    expect(await page.locator(".tree .on dt").innerText()).toBe("type");

    const [download] = await Promise.all([page.waitForEvent("download"), page.click('.capture button:text-is("Save pcapng")')]);
    const path = join(files, "all.pcapng");
    await download.saveAs(path);
    expect(readFileSync(path).subarray(0, 4).toString("hex")).toBe("0a0d0d0a");
    expect(room.troubles).toEqual([]);
    await room.close();
  });

  test("slow motion and pause: frames stand on their cables, and what is typed waits", async () => {
    const room = await openRoom(SWITCH);
    const { page } = room;
    await room.play(solutionOf(SWITCH));
    await room.terminal("h1");
    await page.selectOption(".time select", "slow");
    await page.keyboard.type(`ping -c 1 ${parameterOf(SWITCH, "a2")}`);
    await page.keyboard.press("Enter");
    await page.evaluate(async () => {
      while (!document.querySelector("svg.live [data-packets] .pk")) await new Promise(requestAnimationFrame);
      document.querySelector<HTMLButtonElement>(".time button")?.click();
    });
    await page.waitForTimeout(100);
    const place = await page.locator("svg.live [data-packets] .pk").first().getAttribute("transform");
    await page.waitForTimeout(400);
    expect(await page.locator("svg.live [data-packets] .pk").first().getAttribute("transform")).toBe(place);
    expect(await page.locator(".paused").innerText()).toContain("what you type waits");
    await page.selectOption(".time select", "one");
    await room.until(async () => (await room.screen()).includes("1 received"), "the answer");
    await room.close();
  });
});

describe("runaways", () => {
  test("a broadcast storm is named, the page answers meanwhile, and pulling a cable ends it", async () => {
    const room = await openRoom(RING);
    const { page } = room;
    await room.terminal("h1");
    await page.keyboard.type(`ping -c 1 -W 1 ${parameterOf(RING, "a2")}`);
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-message=storm]");
    expect(await page.locator("[data-message=storm]").innerText()).toContain("Broadcast storm");
    for (let i = 0; i < 6; i++) {
      const row = page.locator(".tl .row").nth(i % 2);
      const before = await row.getAttribute("aria-expanded");
      await row.click();
      await room.until(async () => (await row.getAttribute("aria-expanded")) !== before, "the task's answer to a click");
    }

    // A cable of the ring is pulled by its own facts.
    await page.locator('svg.live [data-cable="s1:eth1 s2:eth2"] .hit').click({ force: true });
    await page.click('button:text-is("Pull this cable")');
    await room.until(async () => /The storm is over/.test(await page.locator(".msgs").innerText()) || (await page.locator("[data-message=storm]").count()) === 0, "the end of the storm", 15_000);
    await room.terminal("h1");
    await room.type(`ping -c 1 ${parameterOf(RING, "a2")}`);
    expect(await room.screen()).toContain("1 received");
    expect(room.troubles).toEqual([]);
    await room.close();
  });

  test.each([
    ["a loop that never ends", "while :; do :; done"],
    ["output without end", "yes"],
    ["a ping flood", "ping -f 127.0.0.1"],
  ])("Ctrl-C stops %s", async (_name, line) => {
    const room = await openRoom(SWITCH);
    await room.terminal("h1");
    await room.type(line, false);
    await room.page.waitForTimeout(1_500);
    await room.page.keyboard.press("Control+c");
    await room.until(async () => /\^C[^]*root@h1:~#$/.test(await room.screen()), "the prompt");
    expect(room.troubles).toEqual([]);
    await room.close();
  });

  test("a fork bomb meets its limit and the room goes on", async () => {
    const room = await openRoom(SWITCH);
    await room.terminal("h1");
    await room.type("f() { f | f & }; f", false);
    await room.page.waitForTimeout(1_500);
    await room.page.click('.tabs [data-tab="h2"]');
    await room.terminal("h2");
    await room.type("echo still here");
    expect(await room.screen()).toContain("still here");
    expect(room.troubles).toEqual([]);
    await room.close();
  });
});

describe("saving", () => {
  test("the second tab of a lab reads, says so, and takes over when the first is closed", async () => {
    const context = await Room.context(browser);
    const first = await Room.open(context, site.url, SWITCH);
    await first.terminal("h1");
    await first.type("echo from the first tab");
    const second = await Room.open(context, site.url, SWITCH);
    expect(await second.page.locator("[data-message=reader]").innerText()).toContain("Open in another tab");
    await second.until(async () => (await second.screen()).includes("from the first tab"), "what the first tab did");
    await second.page.focus(".deck .tabpanel:not([hidden]) textarea");
    await second.page.keyboard.type("echo refused\n");
    await first.page.close();
    await second.until(async () => (await second.page.locator("[data-message=reader]").count()) === 0, "the take-over", 5_000);
    await second.running();
    await second.terminal("h1");
    await second.type("echo now I write");
    expect(await second.screen()).not.toContain("refused");
    await second.page.reload();
    await second.running();
    await second.until(async () => (await second.screen()).includes("now I write"), "what the second tab wrote");
    await context.close();
  });

  test("a browser that is killed loses nothing that was entered", async () => {
    const profile = mkdtempSync(join(tmpdir(), "packetwalk-profile-"));
    const first = await startBrowser(profile);
    const room = await Room.open(first.context, site.url, SWITCH);
    await room.terminal("h1");
    for (let i = 0; i < 5; i++) await room.type(`echo line ${i}`);
    first.kill();
    const second = await startBrowser(profile);
    const again = await Room.open(second.context, site.url, SWITCH);
    await again.until(async () => (await again.screen()).includes("line 4"), "the last line");
    second.kill();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  // What a private window, a setting or a full disk does to the worker, where the journal is written.
  test.each([
    ["storage is forbidden", 'Object.defineProperty(self, "indexedDB", { get() { throw new DOMException("no", "SecurityError"); } });'],
    ["the disk is full", 'IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };'],
  ])("where %s the lab works, says so, and can be downloaded", async (_name, trick) => {
    const context = await Room.context(browser);
    await context.route(/engine-worker/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${trick}\n${await response.text()}` });
    });
    const room = await Room.open(context, site.url, SWITCH);
    await room.terminal("h1");
    await room.type("echo it works all the same");
    expect(await room.screen()).toContain("it works all the same");
    expect(await room.page.locator("[data-message=journal]").innerText()).toContain("Not saved on this device");
    expect((await handIn(room, "")).text).toContain('"key"');
    await context.close();
  });

  test("a damaged record is found: what lies before it is restored, and the reader is told", async () => {
    const room = await openRoom(SWITCH);
    await room.terminal("h1");
    await room.type("echo kept");
    await room.type("echo lost");
    await room.page.evaluate(async () => {
      const db = await new Promise<IDBDatabase>((resolve, reject) => {
        const request = indexedDB.open("packetwalk");
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const tx = db.transaction("entries", "readwrite");
      const store = tx.objectStore("entries");
      // One key of the last command.
      const keys = await new Promise<IDBValidKey[]>((resolve) => {
        const request = store.getAllKeys();
        request.onsuccess = () => resolve(request.result);
      });
      store.put({ text: '[1,"key","h1","Z"]', sum: 1 }, keys.at(-4));
      await new Promise((resolve) => (tx.oncomplete = resolve));
      db.close();
    });
    await room.page.reload();
    await room.running();
    await room.page.waitForSelector("[data-message=damaged]");
    await room.until(async () => (await room.screen()).includes("kept"), "what was kept");
    expect(await room.screen()).not.toMatch(/^lost/m);
    await room.close();
  });
});

describe("without a mouse", () => {
  test("every control is reached by Tab with a visible ring; F6 goes round the panels; Esc Esc leaves a terminal", async () => {
    const room = await openRoom(SWITCH, { width: 1280, height: 720 });
    const { page } = room;
    await page.locator("body").press("Tab");
    const seen = new Set<string>();
    const blind: string[] = [];
    for (let i = 0; i < 80; i++) {
      const stop = await page.evaluate(() => {
        const e = document.activeElement as HTMLElement;
        const style = getComputedStyle(e);
        const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
        const inside = e.closest(".xterm, svg.live") !== null;
        return { name: `${e.tagName} ${e.className} ${e.getAttribute("aria-label") ?? e.textContent?.slice(0, 20) ?? ""}`, ring: ring || inside, terminal: e.closest(".xterm") !== null };
      });
      if (!stop.ring && !stop.name.startsWith("BODY")) blind.push(stop.name);
      seen.add(stop.name);
      if (stop.terminal) {
        await page.keyboard.press("Escape");
        await page.keyboard.press("Escape");
        expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("tab");
      }
      await page.keyboard.press("Tab");
    }
    expect(blind).toEqual([]);
    for (const part of ["Hand in", "Outline", "Check my work", "Speed", "separator", "Choose"]) expect([...seen].some((name) => name.includes(part) || (part === "separator" && name.includes("split"))), part).toBe(true);

    const panels = new Set<string>();
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("F6");
      panels.add(await page.evaluate(() => document.activeElement?.closest("section, .time")?.className ?? ""));
    }
    for (const panel of ["tasks", "map", "low", "walk", "pkt", "time"]) expect([...panels].some((name) => name.split(" ").includes(panel)), panel).toBe(true);
    await room.close();
  });

  test("the network is walked by arrow keys along the cables, Enter opens, the outline says the same", async () => {
    const room = await openRoom(SWITCH);
    const { page } = room;
    await page.locator("body").press("g");
    await page.keyboard.press("n");
    const label = (): Promise<string | null> => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? null);
    expect(await label()).toMatch(/^h1 \d[\d./]+, host/);
    await page.keyboard.press("ArrowRight");
    expect(await label()).toMatch(/^eth0 of h1/);
    await page.keyboard.press("ArrowRight");
    expect(await label()).toMatch(/^Cable from h1:eth0 to s1:/);
    await page.keyboard.press("Enter");
    expect(await page.locator(".cablefacts caption").innerText()).toMatch(/Cable h1:eth0, s1:/);
    await page.keyboard.press("o");
    expect(await page.locator(".outline").innerText()).toMatch(/h1 host[\s\S]*eth0 .*cabled to s1:/);
    await room.close();
  });

  test("borders move by arrow keys, are kept, and Home puts them back", async () => {
    const room = await openRoom(SWITCH);
    const { page } = room;
    const width = (): Promise<number> => page.locator(".panels > .tasks").evaluate((e) => Math.round(e.getBoundingClientRect().width));
    const before = await width();
    await page.focus(".split.vertical");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await width()).toBe(before + 32);
    await page.reload();
    await room.running();
    expect(await width()).toBe(before + 32);
    await page.focus(".split.vertical");
    await page.keyboard.press("Home");
    expect(await width()).toBe(before);
    await room.close();
  });
});

describe("on every screen", () => {
  test.each([
    [1440, 900, false],
    [1440, 900, true],
    [1280, 720, false],
    [768, 1024, false],
    [390, 844, false],
    [390, 844, true],
    [360, 740, false],
  ])("%i x %i, dark %s: nothing sideways, no trouble, accessible", async (width, height, dark) => {
    const room = await openRoom(SWITCH, { width, height, dark, reduced: true });
    const { page } = room;
    const rules = async (what: string): Promise<void> => {
      const found = await new AxeBuilder({ page }).withTags(AXE_RULES).analyze();
      expect(found.violations.map((violation) => `${what}: ${violation.id} ${violation.nodes.map((node) => node.target.join(" ")).slice(0, 3).join(" | ")}`)).toEqual([]);
    };
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollHeight - document.documentElement.clientHeight)).toBe(0);
    await rules("fresh");
    if (width <= 700) {
      for (const view of ["tasks", "walk", "pkt", "low"]) {
        await page.click(`.ptn [data-tab=${view}]`);
        await rules(view);
      }
    }
    await room.type("ping -c 1 10.0.0.1; ip addr");
    await page.click('.tabs [data-tab="capture"]');
    await rules("capture");
    if (width < 1400) {
      await page.click('.tabs [data-tab="tables"]');
      await rules("tables");
    }
    await page.click(".bar-tools .handin");
    await rules("hand in");
    await page.keyboard.press("Escape");
    await page.click('.map button:text-is("Outline")');
    await rules("outline");
    expect(room.troubles).toEqual([]);
    await room.close();
  });

  test("a phone has keys that its own keyboard lacks", async () => {
    const room = await openRoom(SWITCH, { width: 390, height: 844 });
    const { page } = room;
    await page.focus(".deck .tabpanel:not([hidden]) textarea");
    await page.keyboard.type("echo abc | ca");
    await page.click('.touch button:text-is("Tab")');
    await page.click('.touch button:text-is("Ctrl")');
    await page.keyboard.type("a");
    await page.click('.touch button[aria-label="Control C"]');
    await room.until(async () => (await room.screen()).includes("^C"), "the interrupted line");
    await room.type("sleep 100", false);
    await page.waitForTimeout(300);
    await page.click('.touch button[aria-label="Control C"]');
    await room.until(async () => /#$/.test((await room.screen()).trimEnd()), "the prompt");
    await room.close();
  });
});

describe("live drawings", () => {
  test("the home page's network runs what is typed, hop by hop", async () => {
    const context = await Room.context(browser, { width: 1280, height: 720 });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
    page.on("pageerror", (error) => troubles.push(error.message));
    await page.goto(`${site.url}/`);
    await page.waitForSelector("pw-mini-net[data-state=ready]");
    await page.click("pw-mini-net form button");
    await page.waitForSelector("pw-mini-net .film-bar:not([hidden])");
    await page.waitForSelector("pw-mini-net[data-state=done]", { timeout: 60_000 });
    expect(await page.locator("pw-mini-net .said").innerText()).toContain("1 packets transmitted, 1 received");
    const status = page.locator("pw-mini-net .film-bar .st");
    const steps = Number(await page.locator("pw-mini-net input[type=range]").getAttribute("max"));
    expect(steps).toBeGreaterThanOrEqual(7);
    expect(await status.innerText()).toMatch(new RegExp(`^Step ${steps} of ${steps}`));
    // Back to the flood: a copy for each port but the one it came from.
    await page.locator("pw-mini-net input[type=range]").fill("2");
    expect(await status.innerText()).toContain("a copy from sw1 to each of h2, h3");
    expect(await page.locator("pw-mini-net .cap").innerText()).toContain("ff:ff:ff:ff:ff:ff");
    expect(await page.locator("pw-mini-net svg.broad .pk").count()).toBe(2);
    // The second time nobody asks: the address is known.
    await page.click("pw-mini-net form button");
    await page.waitForFunction((n) => Number(document.querySelector<HTMLInputElement>("pw-mini-net input[type=range]")?.max) < n, steps);
    expect(troubles).toEqual([]);
    await context.close();
  });

  test("a chapter's figure is still until play is pressed; then its commands run and its packets move", async () => {
    const context = await Room.context(browser, { width: 1280, height: 900, reduced: true });
    const page = await context.newPage();
    const troubles: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && troubles.push(message.text())));
    page.on("pageerror", (error) => troubles.push(error.message));
    const fetched: string[] = [];
    page.on("request", (request) => void fetched.push(request.url()));
    await page.goto(`${site.url}/arp/`);
    const figure = page.locator("pw-figure").first();
    await figure.scrollIntoViewIfNeeded();
    await page.waitForSelector("pw-figure[data-state=ready]");
    expect(fetched.filter((url) => /engine-worker|xterm/.test(url))).toEqual([]);

    await figure.locator("[data-act=next]").click();
    await figure.locator(".said-why").waitFor({ timeout: 20_000 });
    expect(await figure.locator("[data-status]").innerText()).toMatch(/^Step 1 of \d+: who-has 10\.0\.1\.3, h1 to s1$/);
    expect(await figure.locator(".said-why").innerText()).toContain("does not know the MAC");
    await figure.locator("[data-act=next]").click();
    await page.waitForFunction(() => /^Step 2/.test(document.querySelector("pw-figure [data-status]")?.textContent ?? ""));
    expect(await figure.locator("svg.broad .pk").count()).toBeGreaterThanOrEqual(2);
    await figure.locator("[data-act=play]").click();
    const last = await figure.locator("input").getAttribute("max");
    await page.waitForFunction((n) => document.querySelector("pw-figure [data-status]")?.textContent?.startsWith(`Step ${n} of ${n}`), last, { timeout: 60_000 });
    expect(await figure.locator("[data-status]").innerText()).toContain("echo reply 1");
    expect(fetched.filter((url) => /xterm/.test(url))).toEqual([]);
    expect(troubles).toEqual([]);
    await context.close();
  });
});
