/** The same recorded logs give the same digests in Node, Chromium and Firefox: every frame, table, file and screen alike. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadLab } from "../../src/lab/load.ts";
import { digests, type LabFolders, type RecordedLog } from "../../tools/determinism/replays.ts";
import { recordSession } from "../lab/corpus.ts";
import { launchChromium } from "./browser.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const LABS = join(ROOT, "labs");
const labs: LabFolders = Object.fromEntries(readdirSync(LABS).map((id) => [id, Object.fromEntries(readdirSync(join(LABS, id)).map((n) => [n, readFileSync(join(LABS, id, n), "utf8")]))]));
const logs: RecordedLog[] = [];

/** A session typed by chance in one of the labs; every other one begins with the lab's solution. */
function record(n: number): RecordedLog {
  const ids = Object.keys(labs).sort();
  const lab = ids[n % ids.length]!;
  const seed = n + 1;
  const source = loadLab(lab, new Map(Object.entries(labs[lab]!)), { seeds: [seed] });
  const resolved = source.ok ? source.value.resolve(seed) : source;
  if (!resolved.ok) throw new Error(`${lab}: ${JSON.stringify(resolved.error)}`);
  return { lab, seed, ...recordSession(resolved.value, seed, { acts: 12, solved: n % 2 === 0 }) };
}

let script = "";
let expected: string[] = [];

beforeAll(async () => {
  for (let n = 0; n < 200; n++) logs.push(record(n));
  const bundle = await build({ entryPoints: [join(ROOT, "tools/determinism/browser.ts")], bundle: true, format: "esm", write: false, logLevel: "silent" });
  script = bundle.outputFiles[0]!.text;
  expected = digests(logs, labs);
}, 300_000);

/** A page that runs the bundle, and what it posted. */
async function serve(): Promise<{ url: string; result: Promise<{ digests?: string[]; error?: string }>; close: () => void }> {
  let answered: (r: { digests?: string[]; error?: string }) => void;
  const result = new Promise<{ digests?: string[]; error?: string }>((r) => {
    answered = r;
  });
  const server = createServer((request, response) => {
    const send = (type: string, body: string): void => void response.writeHead(200, { "content-type": type }).end(body);
    if (request.url === "/run.js") send("text/javascript", script);
    else if (request.url === "/input.json") send("application/json", JSON.stringify({ logs, labs }));
    else if (request.url === "/result") {
      let body = "";
      request.on("data", (d) => {
        body += d;
      });
      request.on("end", () => {
        send("text/plain", "");
        answered(JSON.parse(body));
      });
    } else send("text/html", '<!doctype html><meta charset="utf-8"><title>replays</title><body><script type="module" src="/run.js"></script>');
  });
  await new Promise<void>((r) => server.listen(0, "127.0.0.1", r));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, result, close: () => void server.close() };
}

function compare(found: { digests?: string[]; error?: string }): void {
  expect(found.error).toBeUndefined();
  const different = expected.flatMap((d, i) => (d === found.digests![i] ? [] : [`log ${i} (${logs[i]!.lab}, seed ${logs[i]!.seed}): ${d} and ${found.digests![i]}`]));
  expect(different).toEqual([]);
}

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const c of cleanups) c();
});

test("there are 200 logs, and Node replays each twice alike", () => {
  expect(logs.length).toBe(200);
  expect(expected.filter((d) => !/^[0-9a-f]{64}$/.test(d))).toEqual([]);
  expect(digests(logs.slice(0, 40), labs)).toEqual(expected.slice(0, 40));
}, 300_000);

test("Chromium gives the digests of Node", async () => {
  const page = await serve();
  cleanups.push(page.close);
  const browser = await launchChromium();
  const tab = await browser.newPage();
  await tab.goto(page.url);
  compare(await page.result);
  await browser.close();
}, 300_000);

test("Firefox gives the digests of Node", async () => {
  const firefox = process.env.FIREFOX_PATH ?? "/usr/bin/firefox-esr";
  if (!existsSync(firefox)) throw new Error("This test needs Firefox: apt-get install -y firefox-esr, or set FIREFOX_PATH.");
  const page = await serve();
  const profile = mkdtempSync(join(tmpdir(), "packetwalk-firefox-"));
  const child = spawn(firefox, ["--headless", "--no-remote", "--profile", profile, page.url], { stdio: "ignore" });
  cleanups.push(() => {
    child.kill("SIGKILL");
    page.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });
  compare(await page.result);
}, 300_000);
