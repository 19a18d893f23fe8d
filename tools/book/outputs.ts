/**
 * Does the engine print what the book says? Reads every <Output> back from the built pages and types its commands into a
 * session of its lab, as a reader would.
 *
 *   node tools/book/outputs.ts            says what differs, with what the engine prints
 *   node tools/book/outputs.ts --write    puts it into the chapters; read the difference before you commit it
 *
 * test/e2e/outputs.test.ts fails on the first difference; the footers of the book rest on it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fillOutputs } from "./fill.ts";
import { decodeEntities } from "../../src/components/slot.ts";
import { decodeUtf8 } from "../../src/base/bytes.ts";
import { err, ok, type Result } from "../../src/base/result.ts";
import { loadLab, type ResolvedLab } from "../../src/lab/load.ts";
import { formatProblem } from "../../src/lab/problem.ts";
import type { Step } from "../../src/lab/script.ts";
import { Session } from "../../src/lab/session.ts";
import { Typist } from "../../src/lab/typist.ts";
import { SECOND } from "../../src/sim/time.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What src/components/Output.astro writes into data-output. */
interface Wanted {
  lab: string;
  seed: number;
  session?: string;
  setup?: string[];
  wait?: number;
  interrupt?: number;
  node: string;
  cmd: string;
  printed: string;
}
export interface Comparison {
  page: string;
  node: string;
  cmd: string;
  expected: string;
  /** What the engine printed, or why it printed nothing. */
  found: Result<string, string>;
  same: boolean;
}

function pagesOf(dist: string): string[] {
  if (!existsSync(dist)) throw new Error("dist/ is missing: run `npm run build` first.");
  return readdirSync(dist, { recursive: true, encoding: "utf8" }).map((name) => name.split(sep).join("/")).filter((name) => name.endsWith("index.html") && !name.startsWith("pagefind/")).sort();
}

function outputsOf(html: string): Wanted[] {
  return [...html.matchAll(/ data-output="([^"]*)"/g)].map((match) => JSON.parse(decodeEntities(match[1] ?? "")) as Wanted);
}

function resolveLab(id: string, seed: number): Result<ResolvedLab, string> {
  const dir = join(ROOT, "labs", id);
  if (!existsSync(join(dir, "lab.yaml"))) return err(`there is no lab '${id}'`);
  const files = new Map(readdirSync(dir).filter((name) => /^(lab|text\.[a-z-]+)\.yaml$/.test(name)).map((name) => [name, readFileSync(join(dir, name), "utf8")] as const));
  const source = loadLab(id, files, { seeds: [seed] });
  const resolved = source.ok ? source.value.resolve(seed) : source;
  return resolved.ok ? ok(resolved.value) : err(resolved.error.map(formatProblem).join("\n"));
}

/** Collects what each terminal is sent. */
class Desk {
  readonly typist: Typist;
  private readonly shown = new Map<string, string>();

  private constructor(session: Session) {
    this.typist = new Typist(session);
    session.observer = { output: (terminal, bytes) => void this.shown.set(terminal, (this.shown.get(terminal) ?? "") + decodeUtf8(bytes)) };
  }

  static open(lab: string, seed: number): Result<Desk, string> {
    const resolved = resolveLab(lab, seed);
    if (!resolved.ok) return resolved;
    const session = Session.start(resolved.value);
    return session.ok ? ok(new Desk(session.value)) : session;
  }

  /** Types a line and takes what stands between its echo and the next prompt. */
  run(node: string, line: string, interrupt?: number): Result<string, string> {
    const begun = this.typist.type(node, "true"); // a prompt to start from, whatever was there before
    if (!begun.ok) return begun;
    this.shown.set(node, "");
    const ended = interrupt === undefined ? this.typist.type(node, line) : this.typist.play([stopped(node, line, interrupt)], []);
    if (!ended.ok) return ended;
    return ok(bare(this.shown.get(node) ?? ""));
  }
}

/** Typed, left running for some seconds of virtual time, ended with Ctrl-C. */
const stopped = (node: string, text: string, seconds: number): Step => ({
  name: "",
  line: 1,
  when: [],
  actions: [{ do: "type", node, text, wait: false, line: 1 }, { do: "wait", seconds, line: 1 }, { do: "key", node, key: "C", line: 1 }],
});

/** Without the echo of the command, escape sequences, carriage returns and the prompt after it. */
function bare(stream: string): string {
  const text = stream.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replace(/\r+\n/g, "\n").replace(/\r/g, "");
  return text.slice(text.indexOf("\n") + 1).replace(/(^|\n)root@[\w.-]+:\S*# $/, "$1").replace(/\n$/, "");
}

/** Empty lines at the end of a box are not drawn, and Markdown keeps none there: `ping` ends with one when nothing came back. */
export const drawn = (printed: string): string => printed.replace(/([^\n])\n+$/, "$1");

const PROMPT = /^root@([\w.-]+):[^\s#]*# (.*)$/;
/** The first command, and those that stand in the printed text behind a prompt. */
function stepsOf(wanted: Wanted): { node: string; cmd: string }[] {
  const more = wanted.printed.split("\n").flatMap((line) => {
    const prompt = PROMPT.exec(line);
    return prompt ? [{ node: prompt[1] ?? "", cmd: prompt[2] ?? "" }] : [];
  });
  return [{ node: wanted.node, cmd: wanted.cmd }, ...more];
}

function printedBy(desk: Desk, wanted: Wanted): Result<string, string> {
  for (const line of wanted.setup ?? []) {
    const at = line.indexOf(":");
    const done = desk.run(line.slice(0, at).trim(), line.slice(at + 1).trim());
    if (!done.ok) return err(`setup '${line}': ${done.error}`);
  }
  if (wanted.wait) {
    const passed = desk.typist.pass(Math.round(wanted.wait * SECOND));
    if (!passed.ok) return passed;
  }
  const pieces: string[] = [];
  for (const [i, step] of stepsOf(wanted).entries()) {
    const printed = desk.run(step.node, step.cmd, i === 0 ? wanted.interrupt : undefined);
    if (!printed.ok) return printed;
    if (i > 0) pieces.push(`root@${step.node}:~# ${step.cmd}`);
    if (printed.value !== "") pieces.push(printed.value);
  }
  return ok(drawn(pieces.join("\n")));
}

/** Compares every output of the built book. Outputs of one session name on one page share one run, in their order. */
export function compareOutputs(dist: string = join(ROOT, "dist")): Comparison[] {
  return pagesOf(dist).flatMap((page) => {
    const desks = new Map<string, Result<Desk, string>>();
    return outputsOf(readFileSync(join(dist, page), "utf8")).map((wanted, i) => {
      const key = `${wanted.lab} ${wanted.seed} ${wanted.session ?? `#${i}`}`;
      const desk = desks.get(key) ?? Desk.open(wanted.lab, wanted.seed);
      desks.set(key, desk);
      const found = desk.ok ? printedBy(desk.value, wanted) : desk;
      return { page: `/${page.replace(/index\.html$/, "")}`, node: wanted.node, cmd: wanted.cmd, expected: wanted.printed, found, same: found.ok && found.value === wanted.printed };
    });
  });
}

/** The chapter that a page was built from: `/arp/` is `content/en/<part>/<NN>-arp.mdx`. */
function sourceOf(page: string): string {
  const [slug = "", lang = "en"] = page.split("/").filter(Boolean).reverse();
  const files = readdirSync(join(ROOT, "content", lang), { recursive: true, encoding: "utf8" });
  const file = files.find((name) => new RegExp(`[\\\\/]\\d\\d-${slug}\\.mdx$`).test(name));
  if (!file) throw new Error(`no chapter for ${page}`);
  return join(ROOT, "content", lang, file);
}

function write(all: readonly Comparison[]): void {
  for (const page of new Set(all.map((one) => one.page))) {
    const file = sourceOf(page);
    const own = all.filter((one) => one.page === page);
    const before = readFileSync(file, "utf8");
    const after = fillOutputs(before, own.map((one) => (one.found.ok && !one.same ? one.found.value : undefined)));
    if (after !== before) writeFileSync(file, after);
  }
}

function main(): void {
  const all = compareOutputs();
  if (process.argv.includes("--write")) write(all);
  const wrong = all.filter((one) => !one.same);
  for (const one of wrong) {
    console.log(`\n${one.page} root@${one.node}:~# ${one.cmd}`);
    console.log(one.found.ok ? `--- the page says\n${one.expected}\n--- the engine prints\n${one.found.value}` : `--- ${one.found.error}`);
  }
  console.log(`\n${all.length - wrong.length} as printed, ${wrong.length} different`);
  if (wrong.length) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
