/**
 * Mermaid fences become inline SVG when the book is built, so that a page carries no drawing code.
 * A diagram is drawn once and kept by the hash of its text and of the program that draws it.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { defineHastPlugin } from "satteri";
import mermaid from "mermaid/package.json" with { type: "json" };
import { problemsOf, titleOf } from "./lint.mjs";

const VERSION = createHash("sha256").update(readFileSync(new URL("./worker.mjs", import.meta.url))).update(mermaid.version).digest("hex");
const CACHE = "node_modules/.cache/diagrams";

const waiting = new Map();
let worker;

function start() {
  worker = new Worker(new URL("./worker.mjs", import.meta.url));
  worker.on("message", ({ id, svg, error }) => {
    const caller = waiting.get(id);
    waiting.delete(id);
    if (!waiting.size) worker.unref(); // an idle worker must not keep the build alive
    if (error) caller.reject(new Error(error));
    else caller.resolve(svg);
  });
  worker.on("error", (error) => {
    for (const caller of waiting.values()) caller.reject(error);
    waiting.clear();
  });
}

/** The same text on two pages that are built at once is drawn once. */
function render(id, text) {
  const running = waiting.get(id);
  if (running) return running.promise;
  if (!worker) start();
  worker.ref();
  const caller = Promise.withResolvers();
  waiting.set(id, caller);
  worker.postMessage({ id, text });
  return caller.promise;
}

async function cached(id, text) {
  const file = `${CACHE}/${id}.svg`;
  const known = await readFile(file, "utf8").catch(() => undefined);
  if (known) return known;
  const svg = await render(id, text);
  await mkdir(CACHE, { recursive: true });
  const part = `${file}.${process.pid}`;
  await writeFile(part, svg);
  await rename(part, file); // never a half-written file for a build that runs beside this one
  return svg;
}

const widthOf = (svg) => Number(/<svg [^>]*?width="(\d+)"/.exec(svg)?.[1]);
const TEXT_WIDTH = 584; // 38rem less the padding of the box: a wider diagram may reach into the margin

const where = (ctx) => (ctx.fileURL ? fileURLToPath(ctx.fileURL) : "a page");

export const diagrams = defineHastPlugin({
  name: "packetwalk-diagrams",
  element: [
    {
      filter: ["pre"],
      async visit(node, ctx) {
        const code = node.children[0];
        if (code?.tagName !== "code" || !code.properties?.className?.includes("language-mermaid")) return;
        const text = ctx.textContent(node);
        const problems = problemsOf(text);
        if (problems.length) throw new Error(`${where(ctx)}: diagram "${text.trim().split("\n", 1)[0]}": ${problems.join(" ")}`);
        const id = `d${createHash("sha256").update(`${VERSION}\0${text}`).digest("hex").slice(0, 12)}`;
        const svg = await cached(id, text).catch((error) => {
          throw new Error(`${where(ctx)}: diagram "${text.trim().split("\n", 1)[0]}": ${error.message}`);
        });
        return {
          type: "element",
          tagName: "div",
          // Focusable, so that a diagram wider than a phone can be scrolled with the keyboard.
          properties: { className: widthOf(svg) > TEXT_WIDTH ? ["diagram-svg", "wide"] : ["diagram-svg"], style: `--w:${widthOf(svg)}px`, tabIndex: 0, role: "group", ariaLabel: titleOf(text), "set:html": svg },
          children: [],
        };
      },
    },
  ],
});
