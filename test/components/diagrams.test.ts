import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { problemsOf, titleOf } from "../../tools/diagrams/lint.mjs";

const described = "\n  accTitle: What a switch does\n  accDescr: It learns, then forwards.\n";

describe("a diagram's text", () => {
  test.each(["flowchart LR", "sequenceDiagram", "stateDiagram-v2", "classDiagram", "erDiagram", "block", "packet"])("of type %s is taken", (head) => {
    expect(problemsOf(head + described)).toEqual([]);
  });
  test.each(["mindmap", "architecture-beta", "timeline", "quadrantChart", "gantt", "pie"])("of type %s is refused, and the others are named", (head) => {
    expect(problemsOf(head + described)).toEqual([`the type '${head}' cannot be drawn at build time; use one of flowchart, sequence, state, class, er, block, packet.`]);
  });
  test("needs a title and a description", () => {
    expect(problemsOf("flowchart LR\n a --> b")).toHaveLength(2);
    expect(problemsOf("flowchart LR\n accTitle:\n accDescr {\n many lines\n }\n")).toEqual(["accTitle is missing; write 'accTitle: …' in a line of its own."]);
  });
  test("may not bring its own colours or icons", () => {
    expect(problemsOf(`flowchart LR${described} classDef x fill:#f00`)).toHaveLength(1);
    expect(problemsOf(`flowchart LR${described} a[fa:fa-server x]`)).toHaveLength(1);
  });
  test("gives its title", () => {
    expect(titleOf(`flowchart LR${described}`)).toBe("What a switch does");
  });
});

describe("the drawing worker", () => {
  const worker = new Worker(new URL("../../tools/diagrams/worker.mjs", import.meta.url));
  afterAll(() => worker.terminate());
  const draw = (text: string): Promise<{ svg?: string; error?: string }> =>
    new Promise((resolve) => {
      worker.once("message", resolve);
      worker.postMessage({ id: "d1", text });
    });

  test("draws both themes in one SVG: no colour of its own, a size, the description", async () => {
    const { svg = "" } = await draw(`flowchart TD${described}  A[Frame arrives] --> B{Known?}\n  B -- yes --> C[Send]\n  B -- no --> D[Flood]`);
    expect(svg).toMatch(/^<svg [^>]*width="\d+" height="\d+"/);
    expect(svg).not.toMatch(/#01010\d|NaN|Infinity/);
    expect(svg).toContain("var(--d-node)");
    expect(svg).toContain("It learns, then forwards.");
  });
  test("joins its edges to the corners of a diamond", async () => {
    const { svg = "" } = await draw(`flowchart TD${described}  B{Known?} -- yes --> C[Send]\n  B -- no --> D[Flood]`);
    const corners = /<polygon points="([^"]+)" class="label-container"/.exec(svg)?.[1]?.split(" ").map((p) => p.split(",").map(Number)) ?? [];
    expect(corners).toHaveLength(4);
    const at = /flowchart-B-\d+"[^>]*transform="translate\(([\d.]+), ([\d.]+)\)"/.exec(svg)?.slice(1).map(Number) ?? [];
    const [cx = Number.NaN, cy = Number.NaN] = at;
    const half = (corners[0]?.[0] ?? Number.NaN);
    const starts = [...svg.matchAll(/<path d="M([\d.]+),([\d.]+)[^"]*"[^>]*flowchart-link/g)].map((m) => [Number(m[1]), Number(m[2])] as const);
    expect(starts).toHaveLength(2);
    for (const [x, y] of starts) expect((Math.abs(x - cx) + Math.abs(y - cy)) / half).toBeCloseTo(1, 1);
  });
  test("is the same twice", async () => {
    const text = `stateDiagram-v2${described}  [*] --> REACHABLE\n  REACHABLE --> STALE: 30 s`;
    expect(await draw(text)).toEqual(await draw(text));
  });
  test("reports a mistake instead of a picture of it", async () => {
    expect((await draw(`flowchart TD${described}  A[[[ --> `)).error).toMatch(/Parse error|Lexical error/);
  });
});
