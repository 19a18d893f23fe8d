/** What a reader feels in a lab room, in headless Chromium on the built site: the start, a storm, Ctrl-C. Wall time. */
import { launchChromium } from "../../test/e2e/browser.ts";
import { packLab } from "../../src/lab/packed.ts";
import { parameterOf, Room } from "../../test/e2e/room.ts";
import { serveSite, type Site } from "../../test/e2e/serve.ts";
import { open, TWO_HOSTS } from "./lab-workloads.ts";
import { type Figure, round } from "./workloads.ts";

type Figures = Record<string, number>;
type Browser = Awaited<ReturnType<typeof launchChromium>>;

/** Presses keys in the shown terminal within the page, and gives the milliseconds until its screen matches. */
async function answered(room: Room, keys: string, ctrl: boolean, pattern: string): Promise<number> {
  return room.page.evaluate(
    async ([keys, ctrl, pattern]) => {
      const area = document.querySelector<HTMLTextAreaElement>(".deck .tabpanel:not([hidden]) textarea")!;
      const screen = (): string => [...document.querySelectorAll(".tabpanel:not([hidden]) .xterm-rows > div")].map((row) => (row.textContent ?? "").trimEnd()).filter(Boolean).join("\n");
      const wanted = new RegExp(pattern);
      const begin = performance.now();
      if (ctrl) area.dispatchEvent(new KeyboardEvent("keydown", { key: keys, code: `Key${keys.toUpperCase()}`, ctrlKey: true, keyCode: keys.toUpperCase().charCodeAt(0), bubbles: true, cancelable: true }));
      else area.dispatchEvent(new KeyboardEvent("keydown", { key: keys, code: keys, keyCode: 13, bubbles: true, cancelable: true }));
      while (!wanted.test(screen())) {
        if (performance.now() - begin > 10_000) throw new Error(`no sign of ${pattern} on the screen:\n${screen()}`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return performance.now() - begin;
    },
    [keys, ctrl, pattern] as const,
  );
}

/** W4 in a room: the page of a lab is given the network of W4. The worker measures from the order to start until the network runs; its script has been read by then. */
async function start(browser: Browser, site: Site): Promise<Figures> {
  const files = { "lab.yaml": TWO_HOSTS, "text.en.yaml": "title: Two hosts\nsummary: Two hosts and a router.\nintro: One ping.\n" };
  const packed = packLab(open("two-hosts", new Map(Object.entries(files))));
  const context = await Room.context(browser);
  await context.route("**/labs/arp-broken/lab.json", (route) => route.fulfill({ json: { id: "two-hosts", files, packed } }));
  const room = await Room.open(context, site.url, "arp-broken");
  const [script = 0, built = 0] = await room.page.workers()[0]!.evaluate(() => {
    const measure = performance.getEntriesByName("lab start")[0]!;
    return [measure.startTime, measure.duration];
  });
  await room.terminal("h1");
  await room.page.keyboard.type("ping -c 1 10.0.2.2");
  const ping = await answered(room, "Enter", false, "1 received");
  await room.close();
  return { browser_script_ms: round(script), browser_start_ms: round(built), browser_first_ping_ms: round(ping), browser_w4_ms: round(built + ping) };
}

async function storm(browser: Browser, site: Site): Promise<Figures> {
  const room = await Room.open(await Room.context(browser), site.url, "switch-ring");
  const { page } = room;
  await room.terminal("h1");
  await page.keyboard.type(`ping -c 1 -W 1 ${parameterOf("switch-ring", "a2")}`);
  await page.keyboard.press("Enter");
  const named = await room.until(async () => (await page.locator("[data-message=storm]").count()) > 0, "the storm's name");
  const felt = await clicksWhile(room);
  await room.close();
  return { storm_named_ms: round(named), storm_input_ms: round(felt.input), storm_frame_gap_ms: round(felt.gap) };
}

/** The longest that a click waited for the page, and the longest gap between two frames. */
async function clicksWhile(room: Room): Promise<{ input: number; gap: number }> {
  const { page } = room;
  await page.evaluate(() => {
    const w = window as unknown as { gaps: number[]; inputs: number[] };
    w.gaps = [];
    w.inputs = [];
    let last = performance.now();
    const frame = (now: number): void => {
      w.gaps.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    document.addEventListener("pointerdown", (e) => w.inputs.push(performance.now() - e.timeStamp), { capture: true });
  });
  for (let i = 0; i < 20; i++) {
    await page.locator(".tl .row").nth(i % 2).click();
    await page.waitForTimeout(100);
  }
  return page.evaluate(() => {
    const w = window as unknown as { gaps: number[]; inputs: number[] };
    return { input: Math.max(...w.inputs), gap: Math.max(...w.gaps.slice(2)) };
  });
}

async function interrupts(browser: Browser, site: Site): Promise<Figures> {
  const figure: Figures = {};
  for (const [key, line] of [["ctrl_c_loop_ms", "while :; do :; done"], ["ctrl_c_yes_ms", "yes"], ["ctrl_c_flood_ms", "ping -f 127.0.0.1"]] as const) {
    const room = await Room.open(await Room.context(browser), site.url, "switch-by-hand");
    await room.terminal("h1");
    await room.type(line, false);
    await room.page.waitForTimeout(1_500);
    figure[key] = round(await answered(room, "c", true, "root@h1:~#$"));
    await room.close();
  }
  return figure;
}

/** A lab's start to its first reply, how soon a storm is named and how the page answers meanwhile, how soon Ctrl-C ends what never ends. */
export async function rooms(): Promise<Figure> {
  const site = await serveSite();
  const browser = await launchChromium();
  try {
    return { bench: "browser", ...(await start(browser, site)), ...(await storm(browser, site)), ...(await interrupts(browser, site)) };
  } finally {
    await browser.close();
    await site.close();
  }
}
